//! Two people in a plan: one wears the headset, the other sits at the desk beside it, shows a place with a ray, and drives what both see.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::staff::Staff;
use headset::{Run, wanted};
use vestibule_tests::screen::Screen;

/// Pixels of the window.
const SIZE: [u32; 2] = [1120, 900];

/// Numbers of a line, after its first word.
fn numbers(words: &[String]) -> Option<Vec<f64>> {
    words[1..].iter().take(3).map(|w| w.parse().ok()).collect()
}

/// Share of an eye's picture that differs clearly between two.
fn differing(run: &Run, eye: &str) -> f64 {
    let [a, b] = ["shown", "alone"].map(|name| {
        let file = run.path(&format!("out/{name}_{eye}.png"));
        image::open(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).to_rgb8()
    });
    let far = |(a, b): (&image::Rgb<u8>, &image::Rgb<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 60);
    let count = a.pixels().zip(b.pixels()).filter(|p| far(*p)).count();
    count as f64 / f64::from(a.width() * a.height())
}

#[test]
fn a_colleague_at_the_desk_shows_and_drives() {
    if !wanted("a_colleague_at_the_desk_shows_and_drives") {
        return;
    }
    let screen = Screen::new(SIZE[0], SIZE[1]);
    let display = screen.display.clone();
    let what = ["--mode", "clinician", "--lang", "en"];
    let script = include_str!("headset/desk.txt");
    let run = Run::playing(&what, script, 512, 1.0, &[("XR_DISPLAY", &display)], |log| {
        let mut staff = Staff::new(&screen, log, "desk");
        staff.expect("drawing");
        screen.take_window(SIZE[0], SIZE[1]);
        staff.expect("pixel desk room");
        // what lies where settles with the window's new size
        std::thread::sleep(std::time::Duration::from_secs(5));
        let [x, y] = staff.at("room").unwrap().map(|v| format!("{v:.0}"));
        screen.xdotool(&["mousemove", &x, &y, "sleep", "1", "keydown", "shift"]);
        staff.expect("shows ");
        staff.expect("picture ");
        staff.expect("picture ");
        screen.xdotool(&["keyup", "shift"]);
        staff.expect("shows nothing");
        staff.expect("picture ");
        staff.expect("picture ");
        screen.key("h");
        staff.expect("cross ");
        screen.key("d");
        staff.expect("text pages Hippocampus");
    });
    assert!(run.played && run.ended == Some(0), "{}", run.output);

    // the ray ends in one of the planes, which stand at the cross
    let shown = run.lines("shows").iter().find_map(|w| numbers(w)).expect("a place of the patient was shown");
    let cross = run.lines("cross").iter().find_map(|w| numbers(w)).unwrap();
    println!("figure: shown {shown:?}, the planes stand at {cross:?}");
    assert!((0..3).any(|a| (shown[a] - cross[a]).abs() < 0.2), "{shown:?} lies in no plane at {cross:?}");
    // who wears the headset sees it, with both eyes
    let [left, right] = ["left", "right"].map(|eye| differing(&run, eye));
    println!(
        "figure: with the ray {:.2} % of the left and {:.2} % of the right picture are others",
        left * 100.0,
        right * 100.0
    );
    assert!([left, right].iter().all(|s| (0.0003..0.05).contains(s)), "{left} {right}");

    // the hottest point, as `patient show` has it
    let show = run.asked(&["patient", "show", "SYNTHETIC-1"]);
    let hottest = |d: &serde_json::Value| [0, 1, 2].map(|i| d["max_at_mm"][i].as_f64().unwrap());
    let all: Vec<[f64; 3]> = show["doses"].as_array().unwrap().iter().map(hottest).collect();
    let went = run.lines("cross").iter().filter_map(|w| numbers(w)).next_back().unwrap();
    let there = |at: &[f64; 3]| at.iter().zip(&went).all(|(a, b)| (a - b).abs() < 0.06);
    assert!(all.iter().any(there), "{went:?} is not hottest: {all:?}");
}
