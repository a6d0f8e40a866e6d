//! Small pictures drawn without a graphics card: what the picture tests share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}

/// A program of the workspace: from the environment that `tools/test` sets, else beside this test.
pub fn program(variable: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| {
        let mut here = std::env::current_exe().expect("a test knows its own file");
        here.pop();
        if here.ends_with("deps") {
            here.pop();
        }
        here.join(name)
    })
}

/// True unless somebody said that nothing is to be drawn; says so.
pub fn wanted(name: &str) -> bool {
    if std::env::var_os("VESTIBULE_SKIP_HEADSET").is_some_and(|v| v == "1") {
        println!("SKIPPED {name}: VESTIBULE_SKIP_HEADSET is 1");
        return false;
    }
    true
}

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
