//! A parent that starts the program again when the runtime takes it down. bevy_mod_openxr panics when the runtime goes away,
//! and only a new process gets a new instance; answers are durable in the store by then.

use crate::trouble::{CARD_LOST, LIFE};
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Set in the child's environment.
pub const CHILD: &str = "VESTIBULE_SUPERVISED";
/// Names a file in which a child may note where it is, for the next one.
pub const RESUME: &str = "VESTIBULE_RESUME";
/// What a child writes there when its session is over: nothing is left to go on with.
pub const FINISHED: &str = "finished";
/// Set in the environment of a process that only looks whether a runtime answers.
const PROBE: &str = "VESTIBULE_PROBE";
/// Seconds to wait for the runtime to come back; tests wait less.
const PATIENCE: &str = "VESTIBULE_RUNTIME_PATIENCE";
const PATIENCE_S: f64 = 60.0;
/// Longest that one look may take: a runtime that hangs has not come back.
const LOOK: Duration = Duration::from_secs(10);
/// How often it is started in all.
const LIVES: u32 = 5;
/// Exit code of a child whose runtime went away.
pub const LOST: u8 = 4;
/// Exit code of a Rust panic.
const PANIC: i32 = 101;

/// How the last child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// By itself, with this code.
    Ended(u8),
    /// Its runtime went away and did not come back in this many seconds.
    Gone(u64),
    /// It fell again and again.
    Fell,
}

/// What a parent does after a child.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    End(u8),
    /// Once the runtime answers again.
    AgainWithRuntime,
    /// It fell by its own fault.
    Again,
}

/// `code`: None when a signal ended it. `over`: the session was finished. `first`: nothing had been played before.
fn next(code: Option<i32>, over: bool, first: bool) -> Next {
    match code {
        Some(c) if c == i32::from(LOST) => {
            if over {
                Next::End(0)
            } else {
                Next::AgainWithRuntime
            }
        }
        // a runtime that died again between the look and the start
        Some(c) if c == i32::from(super::NO_RUNTIME) && !first => Next::AgainWithRuntime,
        Some(c) if c == i32::from(CARD_LOST) && !over => Next::Again,
        Some(PANIC) | None => {
            if over {
                Next::End(1)
            } else {
                Next::Again
            }
        }
        Some(c) => Next::End(u8::try_from(c).unwrap_or(1)),
    }
}

/// True in a child, or where somebody asked for no parent.
pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// In a process that was started to look for a runtime: the exit code it ends with.
pub fn probed() -> Option<i32> {
    env::var_os(PROBE)?;
    Some(if super::runtime_answers() { 0 } else { i32::from(super::NO_RUNTIME) })
}

/// Runs this program again as a child, with the same arguments, until it ends by itself.
///
/// # Errors
/// When the program cannot be started.
pub fn run(events: bool) -> std::io::Result<Watched> {
    let start = Instant::now();
    let say = |s: String| {
        if events {
            println!("PARENT {:.2} {s}", start.elapsed().as_secs_f32());
        }
    };
    // a folder of its own: other programs with the same number, in a process space of theirs, may share the scratch folder
    let folder = tempfile::Builder::new().prefix("vestibule-").tempdir()?;
    let resume = folder.path().join("resume");
    let patience = env::var(PATIENCE).ok().and_then(|v| v.parse().ok()).unwrap_or(PATIENCE_S);
    for life in 1..=LIVES {
        say(format!("starts life {life}"));
        let status = Command::new(env::current_exe()?)
            .args(env::args_os().skip(1))
            .env(CHILD, life.to_string())
            .env(RESUME, &resume)
            .envs((life > 1).then(|| (LIFE, life.to_string())))
            .status()?;
        say(format!("life {life} ended: {status}"));
        match next(status.code(), over(&resume), life == 1) {
            Next::End(code) => return Ok(Watched::Ended(code)),
            Next::Again => {
                eprintln!("vestibule: the picture failed; every confirmed answer is kept. It starts again");
                sleep(Duration::from_millis(500));
            }
            Next::AgainWithRuntime => {
                eprintln!(
                    "vestibule: the headset's runtime went away; every confirmed answer is kept. Waiting {patience} s for it to come back"
                );
                if !comes_back(Duration::from_secs_f64(patience))? {
                    return Ok(Watched::Gone(patience as u64));
                }
                eprintln!("vestibule: the headset is back; the session goes on at the beginning of its step");
            }
        }
    }
    Ok(Watched::Fell)
}

fn over(resume: &Path) -> bool {
    std::fs::read_to_string(resume).is_ok_and(|t| t == FINISHED)
}

/// Looks for the runtime until it answers. Each look is a process of its own: a runtime lives in the process that asks it, may
/// hang or fall there, and complains on standard error.
fn comes_back(patience: Duration) -> std::io::Result<bool> {
    let until = Instant::now() + patience;
    loop {
        let mut look = Command::new(env::current_exe()?)
            .args(env::args_os().skip(1))
            .env(CHILD, "0")
            .env(PROBE, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let looked = Instant::now();
        let code = loop {
            if let Some(status) = look.try_wait()? {
                break status.code();
            }
            if looked.elapsed() > LOOK {
                look.kill()?;
                look.wait()?;
                break None;
            }
            sleep(Duration::from_millis(50));
        };
        if code == Some(0) {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
        sleep(Duration::from_millis(500));
    }
}

/// Ends this process at once when the runtime goes away. bevy_mod_openxr unwraps what the runtime answers, so it is a panic that
/// tells; its text would only frighten, and the parent says what happened.
pub(super) fn end_when_lost() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if is_loss(text) {
            std::process::exit(i32::from(LOST));
        }
        usual(info);
    }));
}

/// Whether these words of a panic mean that the runtime went away.
pub(crate) fn is_loss(text: &str) -> bool {
    ["ERROR_INSTANCE_LOST", "ERROR_SESSION_LOST", "ERROR_RUNTIME_FAILURE", "ERROR_RUNTIME_UNAVAILABLE"]
        .iter()
        .any(|e| text.contains(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_on_after_a_fall_and_is_over_once_it_was_finished() {
        let lost = Some(i32::from(LOST));
        assert_eq!(next(lost, false, true), Next::AgainWithRuntime);
        assert_eq!(next(lost, true, false), Next::End(0), "a finished session is not begun again");
        assert_eq!(next(Some(101), false, true), Next::Again);
        assert_eq!(next(None, false, false), Next::Again, "ended by a signal");
        assert_eq!(next(Some(i32::from(CARD_LOST)), false, true), Next::Again);
        assert_eq!(next(Some(3), false, true), Next::End(3), "there was no headset from the beginning");
        assert_eq!(next(Some(3), false, false), Next::AgainWithRuntime);
        assert_eq!(next(Some(2), false, true), Next::End(2));
        assert!(is_loss("called `Result::unwrap()` on an `Err` value: OpenXrError(ERROR_INSTANCE_LOST)"));
        assert!(!is_loss("index out of bounds"));
    }
}
