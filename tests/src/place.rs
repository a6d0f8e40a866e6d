//! Where things lie: the checkout, the built programs; and whether anything is to be drawn.

use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A program of the workspace: from the environment variable that `tools/test` sets, else beside the tests, where Cargo
/// leaves it.
pub fn program(variable: &str, name: &str) -> PathBuf {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join(name));
    std::env::var_os(variable).map(PathBuf::from).or_else(beside).unwrap_or_else(|| PathBuf::from(name))
}

/// True unless `VESTIBULE_SKIP_HEADSET` is 1, which leaves out what needs the drawing root; says so.
pub fn drawing_wanted(test: &str) -> bool {
    let skip = std::env::var_os("VESTIBULE_SKIP_HEADSET").is_some_and(|v| v == "1");
    if skip {
        println!("SKIPPED {test}: VESTIBULE_SKIP_HEADSET is 1");
    }
    !skip
}
