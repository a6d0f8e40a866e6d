//! A clinician reviews a plan in a headset: Monado with a scripted head and two hands. The hottest point is where another command says it
//! is, the dose grows while the plan plays, hands move the patient and make them larger, the laser moves the cross in the plane it is
//! on, and a note and a picture are in the store afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, apart, wanted};

/// Place and dose of a line `cross X Y Z dose GY`.
fn cross(words: &[String]) -> ([f64; 3], f64) {
    ([1, 2, 3].map(|i| words[i].parse().unwrap()), words[5].parse().unwrap_or(0.0))
}

#[test]
fn a_clinician_finds_plays_holds_and_pins() {
    if !wanted("a_clinician_finds_plays_holds_and_pins") {
        return;
    }
    let what = ["--mode", "clinician", "--lang", "en"];
    let run = Run::playing(&what, include_str!("headset/review.txt"), 512, 1.0, &[], |_| {});
    assert!(run.played && run.ended == Some(0), "{}", run.output);

    // the hottest point, as `patient show` has it
    let shown = run.asked(&["patient", "show", "SYNTHETIC-1"]);
    let doses = shown["doses"].as_array().unwrap();
    let crosses: Vec<_> = run.lines("cross").iter().map(|w| cross(w)).collect();
    let hot = |d: &serde_json::Value| {
        let at = [0, 1, 2].map(|i| d["max_at_mm"][i].as_f64().unwrap());
        crosses.iter().position(|c| c.0.iter().zip(at).all(|(a, b)| (a - b).abs() < 0.06))
    };
    let (found, max) =
        doses.iter().find_map(|d| Some((hot(d)?, d["max"].as_f64().unwrap()))).expect("no cross is hottest");
    println!("figure: hottest {:?}, by `patient show` {max:.3} Gy", crosses[found]);
    assert!((crosses[found].1 - max).abs() < 0.0006);

    // played: from next to nothing it grew there
    let grown: Vec<f64> = crosses[found + 1..].iter().filter(|c| c.0 == crosses[found].0).map(|c| c.1).collect();
    println!("figure: there while it played {grown:?} Gy");
    assert!(grown.is_sorted() && grown[0] < 0.01 * max && grown.last() > grown.first(), "{grown:?}");

    // the laser drew the cross along one plane: one of its numbers stays
    let dragged: Vec<[f64; 3]> = crosses.iter().map(|c| c.0).skip_while(|c| *c != crosses[found].0).collect();
    let moved: Vec<[f64; 3]> = dragged.windows(2).filter(|w| w[0] != w[1]).map(|w| w[1]).collect();
    assert!(!moved.is_empty(), "the laser moved nothing: {crosses:?}");
    assert!((0..3).any(|a| moved.iter().all(|m| (m[a] - crosses[found].0[a]).abs() < 1e-6)), "{moved:?}");

    // two hands, twice as far apart, make the patient twice as large
    let scales: Vec<f64> = run.lines("patient").iter().map(|w| w[2].parse().unwrap()).collect();
    println!("figure: times life size, {scales:?}");
    let [first, last] = [scales[scales.len() - 2], scales[scales.len() - 1]];
    assert!((last / first - 2.0).abs() < 0.05, "{scales:?}");

    // what was left is in the store
    let marks = run.asked(&["record", "mark", "list", "--patient", "SYNTHETIC-1"]);
    let note = &marks["marks"].as_array().unwrap()[0];
    println!("figure: {note}");
    assert_eq!((note["kind"].as_str(), note["text"].as_str()), (Some("note"), Some("Look here")));
    let snapshots = run.asked(&["record", "snapshot", "list", "--patient", "SYNTHETIC-1"]);
    assert_eq!(snapshots["snapshots"].as_array().unwrap().len(), 1, "{snapshots}");

    // boards stand at their depths for both eyes
    let boards = apart(&run, "start");
    let seen: Vec<_> = boards.iter().filter(|o| o.alike > 0.7).collect();
    for o in &seen {
        println!("{} at {:.2} m: {:.2} px apart, {:.2} predicted", o.name, o.distance_m, o.measured, o.predicted);
        assert!((o.predicted - o.measured).abs() <= 1.0, "{} is not where its distance puts it", o.name);
    }
}
