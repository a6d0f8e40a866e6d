//! Staff at the window beside the headset: pause and go on, skip, write what the person says, end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::staff::Staff;
use headset::{Run, wanted};
use std::time::Duration;
use vestibule_tests::screen::Screen;

/// Pixels of the window.
const SIZE: [u32; 2] = [1000, 500];
/// What the person is said to have said.
const SAID: &str = "the mask was cold";

#[test]
fn staff_pause_skip_write_and_end_at_the_window() {
    if !wanted("staff_pause_skip_write_and_end_at_the_window") {
        return;
    }
    let screen = Screen::new(SIZE[0], SIZE[1]);
    let display = screen.display.clone();
    let run = Run::beside(include_str!("headset/mirror.txt"), 128, 40.0, &[("XR_DISPLAY", &display)], |log| {
        let mut staff = Staff::new(&screen, log, "strip");
        staff.expect("answered comfort");
        screen.take_window(SIZE[0], SIZE[1]);
        staff.click("pause", &["paused"]);
        staff.click("pause", &["resumed"]);
        while staff.click("skip", &["step "]) != "step anxiety-after" {}
        staff.expect("asked open");
        staff.expect("pixel strip field");
        screen.click(staff.at("field").unwrap());
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
