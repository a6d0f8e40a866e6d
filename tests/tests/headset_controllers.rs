//! A review with the controllers that are not an Index: Monado's remote controllers stand in for whatever a program knows, so a file that
//! knows only one kind makes them that kind. What its two hands and their buttons do is seen to happen, and a button that the file gives
//! something else does that.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, root, wanted};
use std::path::Path;

/// A home of the program whose controls are those shipped of one profile, and `more` of it.
fn home(folder: &Path, profile: &str, more: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for name in ["assets", "shaders"] {
        std::os::unix::fs::symlink(root().join(name), folder.join(name)).unwrap();
    }
    let copied = std::process::Command::new("cp").arg("-r").arg(root().join("scenes")).arg(folder).status().unwrap();
    assert!(copied.success());
    let shipped = std::fs::read_to_string(root().join("scenes/controls.ron")).unwrap();
    let head = format!("\"{profile}\": {{");
    let begin = shipped.find(&head).expect("the profile is shipped") + head.len();
    let end = begin + shipped[begin..].find("\n        },").unwrap();
    let only = format!("(profiles: {{ {head}{}\n{more} }} }})\n", &shipped[begin..end]);
    std::fs::write(folder.join("scenes/controls.ron"), only).unwrap();
}

/// Plays a review with one kind of controller.
fn play(profile: &str, more: &str, script: &str) -> Run {
    let folder = tempfile::Builder::new().prefix("controls").tempdir_in("/tmp").unwrap();
    let place = folder.path().join("home");
    home(&place, profile, more);
    let what = ["--mode", "clinician", "--lang", "en"];
    let environment = [("VESTIBULE_HOME", place.to_str().unwrap())];
    let run = Run::playing(&what, script, 256, 1.0, &environment, |_| {});
    assert!(run.played && run.ended == Some(0), "{}", run.output);
    assert!(run.said(&format!("controllers {profile}")));
    run
}

/// How far the two points that were measured last are apart, mm.
fn measured(run: &Run) -> f64 {
    let all = run.lines("measured");
    let last = all.iter().filter_map(|w| w[1].trim_matches(['[', ']']).parse::<f64>().ok()).next_back();
    last.expect("nothing was measured")
}

#[test]
fn a_simple_controller_presses_holds_and_measures() {
    if !wanted("a_simple_controller_presses_holds_and_measures") {
        return;
    }
    let run = play("khr/simple_controller", "", include_str!("headset/simple.txt"));
    let mm = measured(&run);
    println!("figure: {mm} mm measured");
    assert!((5.0..80.0).contains(&mm), "{mm} mm");
}

#[test]
fn a_touch_controller_does_what_its_file_says() {
    if !wanted("a_touch_controller_does_what_its_file_says") {
        return;
    }
    let more = "Larger: [\"left/input/trigger/value\"],";
    let run = play("oculus/touch_controller", more, include_str!("headset/touch.txt"));
    let scales: Vec<f64> = run.lines("patient").iter().map(|w| w[2].parse().unwrap()).collect();
    let mm = measured(&run);
    println!("figure: times life size {scales:?}, {mm} mm measured");
    let [first, last] = [scales[scales.len() - 2], scales[scales.len() - 1]];
    assert!((last / first - 2.0).abs() < 0.05, "{scales:?}");
    assert!((5.0..80.0).contains(&mm), "{mm} mm");
}
