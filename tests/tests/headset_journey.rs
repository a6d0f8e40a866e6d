//! A person walks through the whole journey in a headset: Monado with a scripted head and hand, from the welcome to the last
//! answer, which is in the store afterwards; both eyes are photographed and the disparity of named objects is measured.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, apart, wanted};

#[test]
fn a_person_walks_from_the_welcome_to_the_last_answer() {
    if !wanted("a_person_walks_from_the_welcome_to_the_last_answer") {
        return;
    }
    // the session's clock runs faster; questions, fades, dwell and debounce stay real
    let run = Run::new(include_str!("headset/walk.txt"), 512, 40.0);
    assert!(run.well, "{}", run.output);
    let steps = [
        "welcome",
        "anxiety-before",
        "corridor",
        "room",
        "mask",
        "couch",
        "imaging",
        "alone",
        "beam-on",
        "next-angle",
        "mask-off",
        "anxiety-after",
    ];
    for step in steps {
        assert!(run.said(&format!("step {step}")), "step {step} was never entered");
    }
    let answers = run.answers();
    for (question, value) in [("comfort", "yes"), ("anxiety-before", "6"), ("anxiety-after", "3")] {
        assert_eq!(answers.get(question).map(String::as_str), Some(value), "{answers:?}");
    }
    assert!(answers.contains_key("open"), "the last question has no answer in the store: {answers:?}");
    for picture in ["mask", "beam-on", "anxiety-after"] {
        let objects = apart(&run, picture);
        assert!(objects.len() >= 2, "{picture}: {} named objects", objects.len());
        let depths: Vec<f64> = objects.iter().map(|o| o.distance_m).collect();
        assert!(depths.iter().any(|d| (d - depths[0]).abs() > 0.3), "{picture}: all at one depth: {depths:?}");
        for o in objects {
            println!(
                "{picture}: {} at {:.2} m: {:.2} px apart, {:.2} predicted, alike {:.2}",
                o.name, o.distance_m, o.measured, o.predicted, o.alike
            );
            assert!((o.predicted - o.measured).abs() <= 1.0, "{picture}: {} is not where its distance puts it", o.name);
        }
    }
}
