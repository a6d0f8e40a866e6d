//! A parent that starts the program again when the runtime takes it down. bevy_mod_openxr panics when the runtime goes away,
//! and only a new process gets a new instance; answers are durable in the store by then.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Set in the child's environment.
pub const CHILD: &str = "VESTIBULE_SUPERVISED";
/// Names a file in which a child may note where it is, for the next one.
pub const RESUME: &str = "VESTIBULE_RESUME";
/// How often it is started in all.
const LIVES: u32 = 5;
/// Exit code of a Rust panic.
const PANIC: i32 = 101;

/// True in a child, or where somebody asked for no parent.
pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs this program again as a child, with the same arguments, until it ends by itself.
///
/// # Errors
/// When the program cannot be started.
pub fn run(events: bool) -> std::io::Result<u8> {
    let start = Instant::now();
    let say = |s: String| {
        if events {
            println!("PARENT {:.2} {s}", start.elapsed().as_secs_f32());
        }
    };
    let resume = env::temp_dir().join(format!("vestibule-resume-{}", std::process::id()));
    let _clear = Clear(resume.clone());
    for life in 1..=LIVES {
        wait_for_monado(life);
        say(format!("starts life {life}"));
        let status = Command::new(env::current_exe()?)
            .args(env::args_os().skip(1))
            .env(CHILD, life.to_string())
            .env(RESUME, &resume)
            .status()?;
        say(format!("life {life} ended: {status}"));
        match status.code() {
            Some(PANIC) | None => sleep(Duration::from_millis(500)),
            Some(code) => return Ok(u8::try_from(code).unwrap_or(1)),
        }
    }
    eprintln!(
        "vestibule: the headset's runtime went away {LIVES} times; restart it, then start again. No answer is lost"
    );
    Ok(1)
}

/// Takes the file away at the end.
struct Clear(PathBuf);

impl Drop for Clear {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Monado's socket says that a runtime is there; other systems have no such sign, there one simply tries.
fn wait_for_monado(life: u32) {
    let (Some(dir), true) = (env::var_os("XDG_RUNTIME_DIR"), life > 1) else { return };
    if env::var_os("XRT_COMPOSITOR_NULL").is_none() {
        return;
    }
    let socket = Path::new(&dir).join("monado_comp_ipc");
    let until = Instant::now() + Duration::from_secs(60);
    while std::os::unix::net::UnixStream::connect(&socket).is_err() && Instant::now() < until {
        sleep(Duration::from_millis(200));
    }
}
