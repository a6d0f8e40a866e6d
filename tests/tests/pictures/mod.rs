//! Small pictures drawn without a graphics card: what the picture tests share.

use std::path::Path;
use std::process::Command;
pub use vestibule_tests::place::{drawing_wanted as wanted, program, root};

/// `vestibule capture proton-first-day ARGUMENTS` with this store.
pub fn capture(store: &Path, arguments: &[&str]) {
    let bin = program("VESTIBULE_BIN", "vestibule");
    let out = Command::new(root().join("tools/drawn"))
        .arg(&bin)
        .args(["--demo", "--store"])
        .arg(store)
        .args(["capture", "proton-first-day"])
        .args(arguments)
        .env("DRAWN_BIND", bin.parent().expect("a program lies in a folder"))
        .current_dir(root())
        .output()
        .expect("tools/drawn starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
