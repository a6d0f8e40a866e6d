//! Staff at the window beside the headset: pause and go on, skip, write what the person says, end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, wanted};
use std::path::Path;
use std::time::{Duration, Instant};
use vestibule_tests::screen::{Screen, pixel};

/// Longest wait for one thing; only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(240);
/// Pixels of the window.
const SIZE: [u32; 2] = [1000, 500];
/// What the person is said to have said.
const SAID: &str = "the mask was cold";

/// Staff: they see the window's screen and know what the program has said.
struct Staff<'a> {
    screen: &'a Screen,
    log: &'a Path,
    /// Events that were waited for already.
    seen: usize,
}

impl Staff<'_> {
    fn events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let event = |l: &str| l.strip_prefix("EVENT ")?.split_once(' ').map(|e| e.1.to_owned());
        whole.lines().filter_map(event).collect()
    }

    /// The next event that begins with one of these words; None once nobody can be waited for any longer.
    fn wait(&mut self, any: &[&str], patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            let events = self.events();
            let mut fresh = events.iter().enumerate().skip(self.seen);
            if let Some((i, e)) = fresh.find(|e| any.iter().any(|a| e.1.starts_with(a))) {
                self.seen = i + 1;
                return Some(e.clone());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Clicks on something in the window and waits for what comes of it. A headset that draws in software shows the window a
    /// few times a second: a click that no picture saw is made again.
    fn click(&mut self, name: &str, answer: &[&str]) -> String {
        for _ in 0..6 {
            let events = self.events();
            if let Some(at) = pixel(events.iter().map(String::as_str), "strip", name) {
                self.screen.click(at);
            }
            if let Some(event) = self.wait(answer, Duration::from_secs(20)) {
                return event;
            }
        }
        panic!("{name} in the window did nothing: {:#?}", self.events().iter().rev().take(20).collect::<Vec<_>>());
    }
}

#[test]
fn staff_pause_skip_write_and_end_at_the_window() {
    if !wanted("staff_pause_skip_write_and_end_at_the_window") {
        return;
    }
    let screen = Screen::new(SIZE[0], SIZE[1]);
    let display = screen.display.clone();
    let run = Run::beside(include_str!("headset/mirror.txt"), 128, 40.0, &[("XR_DISPLAY", &display)], |log| {
        let mut staff = Staff { screen: &screen, log, seen: 0 };
        let wait = |staff: &mut Staff, what: &str| staff.wait(&[what], PATIENCE).expect(what);
        wait(&mut staff, "answered comfort");
        screen.take_window(SIZE[0], SIZE[1]);
        staff.click("pause", &["paused"]);
        staff.click("pause", &["resumed"]);
        while staff.click("skip", &["step "]) != "step anxiety-after" {}
        wait(&mut staff, "asked open");
        wait(&mut staff, "pixel strip field");
        let events = staff.events();
        let field = pixel(events.iter().map(String::as_str), "strip", "field").unwrap();
        screen.click(field);
        // the caret comes with the next picture of the window
        std::thread::sleep(Duration::from_secs(2));
        screen.xdotool(&["type", "--delay", "150", SAID]);
        screen.key("Return");
        if staff.wait(&["answered open"], Duration::from_secs(20)).is_none() {
            staff.click("keep", &["answered open"]);
        }
        staff.click("end", &["finished"]);
    });
    assert!(run.played && run.ended == Some(0), "{}", run.output);
    let answers = run.answers();
    assert_eq!(answers.get("open-typed").map(String::as_str), Some(SAID), "{answers:?}");
    assert_eq!(answers.get("anxiety-after").map(String::as_str), Some("3"), "{answers:?}");
}
