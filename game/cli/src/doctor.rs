//! `vestibule doctor`: what this machine has, in plain words, and what to do about what is missing.

use crate::Global;
use crate::output::{Done, print_json};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One thing looked at.
#[derive(Serialize)]
struct Check {
    /// What was looked for.
    name: &'static str,
    /// True when Vestibule can use it.
    ok: bool,
    /// What was found.
    found: String,
    /// What to do; empty when nothing is needed.
    advice: String,
}

impl Check {
    fn new(name: &'static str, found: Result<String, String>, advice: &str) -> Self {
        match found {
            Ok(found) => Self { name, ok: true, found, advice: String::new() },
            Err(found) => Self { name, ok: false, found, advice: advice.to_owned() },
        }
    }
}

/// Runs every check. A missing part is no failure: the exit code says only whether the looking worked.
pub fn run(global: &Global) -> Done {
    let checks = [
        Check::new(
            "graphics",
            graphics(),
            "Install your graphics card's Vulkan driver (Debian: mesa-vulkan-drivers). `play --headless` works without.",
        ),
        Check::new(
            "display",
            display(),
            "No screen was found: use `play --headless`, or start from a desktop session.",
        ),
        Check::new(
            "headset runtime",
            headset_runtime(),
            "Start your headset's software (SteamVR, Monado, Meta Link) and make it the active OpenXR runtime. A window opens instead.",
        ),
        Check::new(
            "sound",
            sound_device('p'),
            "No loudspeaker was found: captions carry every word, the journey plays without sound.",
        ),
        Check::new(
            "microphone",
            sound_device('c'),
            "No microphone was found: the open question is answered with chips.",
        ),
        Check::new("speech model", speech_model(), "Only dictation needs it; everything else works without."),
        Check::new(
            "assets",
            folder("assets", "rooms"),
            "Set VESTIBULE_HOME to the folder that holds `assets` and `scenes`.",
        ),
        Check::new(
            "scenes",
            folder("scenes", "journeys"),
            "Set VESTIBULE_HOME to the folder that holds `assets` and `scenes`.",
        ),
        Check::new(
            "store",
            store(global),
            "The first `vestibule patient import` makes it; give --store DIR or set VESTIBULE_STORE to choose the place.",
        ),
    ];
    if global.json {
        return print_json(&serde_json::json!({ "checks": checks }));
    }
    for c in &checks {
        say!("{} {:<16} {}", if c.ok { "yes" } else { " no" }, c.name, c.found);
        if !c.advice.is_empty() {
            say!("{:21}{}", "", c.advice);
        }
    }
    say!("\nVestibule is for education and visualisation. It is not a medical device.");
    Ok(())
}

fn files_in(dir: &Path, ending: &str) -> Vec<String> {
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        names.filter_map(|e| e.file_name().into_string().ok()).filter(|n| n.ends_with(ending)).collect();
    found.sort();
    found
}

fn graphics() -> Result<String, String> {
    let mut drivers: Vec<String> = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
        .iter()
        .flat_map(|d| files_in(Path::new(d), ".json"))
        .collect();
    drivers.dedup();
    let cards = files_in(Path::new("/dev/dri"), "").into_iter().filter(|n| n.starts_with("renderD")).count();
    match (cfg!(target_os = "linux"), drivers.is_empty(), cards) {
        (false, ..) => Ok("not looked at on this system; the window will tell".into()),
        (_, true, _) => Err("no Vulkan driver".into()),
        (_, false, 0) => Ok(format!("software drawing only, slow ({})", drivers.join(", "))),
        (_, false, n) => {
            Ok(format!("{n} graphics device{}, Vulkan drivers {}", if n == 1 { "" } else { "s" }, drivers.join(", ")))
        }
    }
}

fn display() -> Result<String, String> {
    let var = |k| std::env::var(k).ok().filter(|v| !v.is_empty());
    if let Some(d) = var("WAYLAND_DISPLAY") {
        return Ok(format!("Wayland {d}"));
    }
    if let Some(d) = var("DISPLAY") {
        return Ok(format!("X11 {d}"));
    }
    if cfg!(target_os = "linux") {
        Err("neither WAYLAND_DISPLAY nor DISPLAY is set".into())
    } else {
        Ok("desktop".into())
    }
}

/// Where the OpenXR loader looks for its runtime, in its own order.
fn headset_runtime() -> Result<String, String> {
    let home = |p: &str| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(p));
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home(".config"));
    let places = [
        std::env::var_os("XR_RUNTIME_JSON").map(PathBuf::from),
        config.map(|c| c.join("openxr/1/active_runtime.json")),
        Some("/etc/xdg/openxr/1/active_runtime.json".into()),
        Some("/etc/openxr/1/active_runtime.json".into()),
    ];
    for place in places.into_iter().flatten() {
        let Ok(text) = std::fs::read_to_string(&place) else { continue };
        let name = serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|v| v["runtime"]["name"].as_str().map(str::to_owned))
            .unwrap_or_else(|| "unnamed runtime".into());
        return Ok(name);
    }
    Err("no active OpenXR runtime".into())
}

/// `kind`: 'p' plays, 'c' captures.
fn sound_device(kind: char) -> Result<String, String> {
    if !cfg!(target_os = "linux") {
        return Ok("not looked at on this system".into());
    }
    let word = if kind == 'p' { "playback" } else { "capture" };
    let list = std::fs::read_to_string("/proc/asound/pcm").unwrap_or_default();
    list.lines()
        .find(|l| l.contains(word))
        .map(|l| l.split(':').nth(1).unwrap_or(l).trim().to_owned())
        .ok_or_else(|| format!("no {word} device"))
}

fn speech_model() -> Result<String, String> {
    match std::env::var_os("VESTIBULE_SPEECH_MODEL").map(PathBuf::from) {
        Some(p) if p.is_file() => Ok("set by VESTIBULE_SPEECH_MODEL".into()),
        Some(_) => Err("VESTIBULE_SPEECH_MODEL names no file".into()),
        None => Err("VESTIBULE_SPEECH_MODEL is not set".into()),
    }
}

/// A folder of Vestibule's own: named by the variable, beside the program, or in the source tree.
fn folder(name: &str, must_hold: &str) -> Result<String, String> {
    let beside = std::env::current_exe().ok().and_then(|p| p.parent().map(|d| d.join(name)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let places = [
        (std::env::var_os("VESTIBULE_HOME").map(|h| PathBuf::from(h).join(name)), "set by VESTIBULE_HOME"),
        (beside, "beside the program"),
        (Some(source), "in the source tree"),
    ];
    for (place, how) in places {
        if place.is_some_and(|p| p.join(must_hold).is_dir()) {
            return Ok(how.to_owned());
        }
    }
    Err(format!("no folder `{name}` with `{must_hold}` in it"))
}

fn store(global: &Global) -> Result<String, String> {
    let Some(dir) = global.store.clone() else {
        return Err("no --store and no VESTIBULE_STORE".into());
    };
    match std::fs::read_dir(&dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Ok("there, encrypted".into()),
        Ok(false) => Err("the folder is empty".into()),
        Err(_) => Err("not made yet".into()),
    }
}
