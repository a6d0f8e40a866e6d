//! What goes wrong in a headset: no controller, another program takes the focus for pictures of its own, a body that is turned or lies, and a runtime that
//! dies in mid-session, comes back, or does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, marked, shift, wanted};

#[test]
fn a_session_survives_gaze_focus_lying_and_a_dying_runtime() {
    if !wanted("a_session_survives_gaze_focus_lying_and_a_dying_runtime") {
        return;
    }
    // every expectation is a line of the script: a puppet that played it to the end saw them all
    let run = Run::new(include_str!("headset/trouble.txt"), 128, 40.0, &[]);
    assert!(run.played, "{}", run.output);
    assert_eq!(run.ended, Some(0), "a session that was stopped is over, whatever the runtime does then");
    assert_eq!(run.lines("dwell").len(), 3, "pressed by gaze: {:?}", run.lines("dwell"));
    assert_eq!(run.parent("starts life").len(), 2, "begun again once, and not after its end");
    let answers = run.answers();
    for (question, value) in [("comfort", "yes"), ("anxiety-before", "6")] {
        assert_eq!(answers.get(question).map(String::as_str), Some(value), "given before the fall: {answers:?}");
    }
    // the other program was one that takes pictures through the headset
    let [left, right] = ["left", "right"].map(|eye| run.path(&format!("out/rival_{eye}.png")));
    assert!((1..13).contains(&shift(&left, &right)), "an eye's picture each: {} px apart", shift(&left, &right));
    assert!(marked(&left) && marked(&right), "whose head it is stands in the picture");
    assert!(run.errors.contains("goes on at the beginning of its step"), "{}", run.errors);
    assert!(!run.errors.contains("panicked"), "a runtime's end frightens nobody with a panic: {}", run.errors);

    let run = Run::new(include_str!("headset/lost.txt"), 128, 40.0, &[("VESTIBULE_RUNTIME_PATIENCE", "2")]);
    assert!(run.played, "{}", run.output);
    assert_eq!(run.ended, Some(1), "{}", run.errors);
    let last = run.errors.lines().last().unwrap_or_default();
    assert!(last.contains("did not come back") && last.contains("--window"), "{last}");
    assert_eq!(run.answers().get("comfort").map(String::as_str), Some("yes"));
}
