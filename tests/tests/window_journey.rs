//! The journey in a window: a screen of its own, real key presses and clicks, answers in the store.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::time::Duration;
use vestibule_tests::place::{program, root};
use vestibule_tests::screen::done;
use vestibule_tests::window::Window;

/// How many times faster than true the session's clock runs.
const SPEED: &str = "200";

/// Nothing was said for so long: the picture stands still.
const STILL: Duration = Duration::from_millis(700);
/// Pixels of the window.
const SIZE: [u32; 2] = [480, 320];

#[test]
fn the_whole_journey_by_keys_and_clicks() {
    let folder = tempfile::Builder::new().prefix("window").tempdir_in("/tmp").unwrap();
    let at = |n: &str| folder.path().join(n);
    let vestibule = program("VESTIBULE_BIN", "vestibule");
    done(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(at("study")));
    let store = |args: &[&str]| {
        let mut command = Command::new(&vestibule);
        command.args(["--demo", "--store"]).arg(at("store")).args(args).current_dir(root());
        command
    };
    done(store(&["patient", "import"]).arg(at("study")));

    let mut w = Window::start(&vestibule, SIZE, "panel", STILL, |c| {
        c.args(["--demo", "--store"]).arg(at("store")).args(["play", "proton-first-day", "--window", "--lang", "fr"]);
        c.env("VESTIBULE_SPEED", SPEED);
    });

    let mut question = w.wait(&["asked "]);
    w.screen.take_window(SIZE[0], SIZE[1]);
    // the menu, and back
    w.press("Escape", "paused");
    w.press("Escape", "resumed");
    let mut asked = 0;
    loop {
        asked += 1;
        match question.trim_start_matches("asked ") {
            "comfort" => {
                w.click("quieter", "act quieter");
                w.click("yes", "act answer");
            }
            "anxiety-before" => {
                w.press("7", "digit");
                w.screen.key("Return");
            }
            "anxiety-after" => {
                w.press("2", "digit");
                w.screen.key("Return");
            }
            "open" => {
                w.press("Tab", "focus reassured");
                w.press("Down", "focus mask");
                w.press("Down", "focus noise");
                w.screen.key("space");
                // the rest of the answers stands on a second page
                w.press("Down", "focus say");
                w.press("Down", "focus more");
                w.press("space", "button panel talk");
                w.press("Up", "focus talk");
                w.press("Down", "focus more");
                w.press("Right", "focus choose");
                w.screen.key("Return");
            }
            _ => {
                w.press("Down", "focus ");
                w.screen.key("Return");
            }
        }
        w.wait(&["answered "]);
        question = w.wait(&["asked ", "finished "]);
        if question.starts_with("finished") {
            break;
        }
    }
    assert_eq!(question, "finished Completed");
    assert!(asked >= 9, "{asked} questions");
    w.screen.key("Return"); // closes
    assert!(w.program.0.wait().unwrap().success());

    let list = done(&mut store(&["record", "questionnaire", "list", "--json"]));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let value = |item: &str| {
        let all = list["responses"].as_array().unwrap().iter();
        all.filter(|r| r["item"] == item && r["counts"] == true).map(|r| r["value"].clone()).next_back().unwrap()
    };
    assert_eq!(value("anxiety-before"), 7);
    assert_eq!(value("anxiety-after"), 2);
    assert_eq!(value("open"), serde_json::json!(["noise"]));
    assert_eq!(value("comfort"), "yes");
}
