//! A reader that goes away (`vestibule … | head`) ends nothing: no panic, and the command's own exit code.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::process::Command;

#[test]
fn nobody_reads_what_is_printed() {
    for (args, code) in
        [(vec!["dose", "machine", "show"], 0), (vec!["doctor", "--json"], 0), (vec!["patient", "show", "X"], 1)]
    {
        let dir = tempfile::tempdir().unwrap();
        let (nobody, out) = std::io::pipe().unwrap();
        drop(nobody);
        let mut run = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let done =
            run.arg("--store").arg(dir.path().join("store")).arg("--demo").args(&args).stdout(out).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{args:?}: {said}");
        assert!(!said.contains("panic"), "{args:?}: {said}");
    }
}
