//! The journey in a window: a screen of its own, real key presses and clicks, answers in the store.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use vestibule_tests::place::{program, root};
use vestibule_tests::screen::{Running, Screen, done, pixel};

/// Longest wait for one thing; only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many times faster than true the session's clock runs.
const SPEED: &str = "200";

/// Nothing was said for so long: the picture stands still.
const STILL: Duration = Duration::from_millis(700);
/// Pixels of the window.
const SIZE: [u32; 2] = [480, 320];

struct Window {
    screen: Screen,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Window {
    /// The next event line that begins with one of these words, after its seconds.
    fn wait(&mut self, any: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| {
                let last = &self.seen[self.seen.len().saturating_sub(12)..];
                panic!("no {any:?} came; the last lines: {last:#?}")
            });
            let event = line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
            self.seen.push(event.clone());
            if any.iter().any(|a| event.starts_with(a)) {
                return event;
            }
        }
    }

    /// Presses a key and waits for the event that answers it.
    fn press(&mut self, key: &str, answer: &str) {
        self.screen.key(key);
        self.wait(&[answer]);
    }

    /// Clicks where the program says that a button lies, once nothing moves any more, and waits for the event that answers.
    fn click(&mut self, button: &str, answer: &str) {
        let at = loop {
            while let Ok(line) = self.lines.recv_timeout(STILL) {
                self.seen.push(line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned());
            }
            match pixel(self.seen.iter().map(String::as_str), "panel", button) {
                Some(at) => break at,
                None => drop(self.wait(&[&format!("pixel panel {button} ")])),
            }
        };
        self.screen.click(at);
        self.wait(&[answer]);
    }
}

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

    let screen = Screen::new(SIZE[0], SIZE[1]);
    let mut play = Command::new(root().join("tools/drawn"))
        .arg(&vestibule)
        .args(["--demo", "--store"])
        .arg(at("store"))
        .args(["play", "proton-first-day", "--window", "--lang", "fr"])
        .env("DISPLAY", &screen.display)
        .env("DRAWN_BIND", vestibule.parent().unwrap())
        .env("VESTIBULE_EVENTS", "1")
        .env("VESTIBULE_SPEED", SPEED)
        .env_remove("WAYLAND_DISPLAY")
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, lines) = channel();
    let stdout = BufReader::new(play.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|l| out.send(l)));
    let mut stderr = play.stderr.take().unwrap();
    std::thread::spawn(move || stderr.read_to_end(&mut Vec::new())); // keeps the pipe from filling
    let mut play = Running(play);
    let mut w = Window { screen, lines, seen: Vec::new() };

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
    assert!(play.0.wait().unwrap().success());

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
