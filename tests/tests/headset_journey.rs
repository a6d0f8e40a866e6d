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
    let run = Run::new(include_str!("headset/walk.txt"), 512, 40.0, &[]);
    assert!(run.played && run.ended == Some(0), "{}", run.output);
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
    for (picture, names) in [
        ("mask", ["foot", "patient", "idris"].as_slice()),
        ("beam-on", &["foot", "camera-near", "camera-wide"]),
        ("anxiety-after", &["panel", "camille", "foot"]),
    ] {
        let mut objects = apart(&run, picture);
        objects.retain(|o| names.contains(&o.name.as_str()));
        for o in &objects {
            println!("{picture}: {} alike {:.2}", o.name, o.alike);
        }
        // what stands behind something else in an eye shows no patch alike: it is no measurement
        objects.retain(|o| o.alike > 0.7);
        assert!(objects.len() >= 2, "{picture}: fewer than two of {names:?} are seen");
        let [near, far] = [f64::min, f64::max].map(|f| objects.iter().map(|o| o.distance_m).reduce(f).unwrap());
        assert!(far - near > 0.15, "{picture}: all at one depth, {near:.2} to {far:.2} m");
        // disparity falls with distance as it must: their product is the same for all
        let product = objects[0].predicted * objects[0].distance_m;
        for o in &objects {
            println!(
                "{picture}: {} at {:.2} m: {:.2} px apart, {:.2} predicted, alike {:.2}",
                o.name, o.distance_m, o.measured, o.predicted, o.alike
            );
            assert!((o.predicted - product / o.distance_m).abs() < 0.3, "{picture}: {} is predicted wrong", o.name);
            assert!((o.predicted - o.measured).abs() <= 1.0, "{picture}: {} is not where its distance puts it", o.name);
        }
    }
}
