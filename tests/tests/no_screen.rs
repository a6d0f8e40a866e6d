//! A machine without a screen, without a headset, or without anything that draws: one line that says so, and nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};
use vestibule_tests::place::{program, root};

/// Exit code 1, and one line beside what a demonstration store always says, and which of two plans is meant.
fn one_line(out: &Output, must_say: &str) {
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    let known = |l: &&str| l.contains("demonstration store") || l.contains("only approved");
    let lines: Vec<_> = said.lines().filter(|l| !known(l)).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].starts_with("vestibule: ") && lines[0].contains(must_say), "{said}");
}

#[test]
fn each_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |n: &str| folder.path().join(n);
    let vestibule = |args: &[&str]| {
        let mut command = Command::new(program("VESTIBULE_BIN", "vestibule"));
        command.args(["--demo", "--store"]).arg(at("store")).args(args);
        command.current_dir(root());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        command.env("RUST_BACKTRACE", "1");
        command
    };
    let phantom = Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(at("study")).output();
    assert!(phantom.unwrap().status.success());
    assert!(vestibule(&["patient", "import"]).arg(at("study")).output().unwrap().status.success());

    one_line(&vestibule(&["play", "proton-first-day", "--window"]).output().unwrap(), "--headless");
    let mut capture = vestibule(&["capture", "proton-first-day", "--at", "room", "--out"]);
    capture.arg(at("room.png"));
    for nothing in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        capture.env(nothing, "/nonexistent"); // the Vulkan loader finds no driver
    }
    one_line(&capture.env("WGPU_BACKEND", "vulkan").output().unwrap(), "graphics card");
    assert!(!at("room.png").exists());

    let mut capture =
        vestibule(&["capture", "proton-first-day", "--at", "mask", "--view", "left", "--headset", "--out"]);
    capture.arg(at("eye.png")).env("XR_RUNTIME_JSON", "/nonexistent").env("XR_LOADER_DEBUG", "none");
    one_line(&capture.output().unwrap(), "no headset answers");
    assert!(!at("eye.png").exists());

    let list = vestibule(&["patient", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("SYNTHETIC"), "the store is whole");
}
