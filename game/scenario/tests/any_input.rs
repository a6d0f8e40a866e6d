//! Whatever is fed to it: no bytes panic, and no sequence of actions breaks what a person relies on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use proptest::prelude::*;
use std::sync::Arc;
use vestibule_scenario::*;

fn shipped(name: &str) -> String {
    std::fs::read_to_string(library().root().join(name)).unwrap()
}

fn read_all(text: &str) {
    let _ = Room::from_ron(text);
    let _ = Checklist::from_ron(text);
    let _ = Controls::from_ron(text);
    if let Ok(texts) = Texts::from_sources(Lang::En, [("any.ftl".into(), text.to_owned())]) {
        for key in texts.keys() {
            // A text that lacks a value, or refers to itself, is an error or a mark, never a panic.
            let _ = texts.try_with(key, &[("name", "x")]);
            let _ = texts.get(key);
        }
    }
    if let Ok(journey) = Journey::from_ron(text) {
        // What can be read and is taken must also play.
        if let Ok(mut session) = Session::new(Arc::new(journey), room(), delivery(), SessionOptions::default()) {
            for _ in 0..50 {
                session.advance(5.0);
                if session.state().panel.is_some() {
                    session.act(Action::Answer(Reply::Declined));
                }
            }
        }
    }
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (-2i32..13).prop_map(|n| Action::Answer(Reply::Number(n))),
        4 => prop_oneof!["yes", "no", "tell", "everything", "reassure", "well", "little", "left", "right", "x"].prop_map(|c: String| Action::Answer(Reply::Choice(c))),
        2 => Just(Action::Answer(Reply::Open { chips: vec!["mask".into()], typed: "…".into(), voice: None })),
        3 => Just(Action::Answer(Reply::Declined)),
        1 => Just(Action::Continue),
        1 => Just(Action::Pause),
        3 => Just(Action::Resume),
        2 => Just(Action::Skip),
        2 => Just(Action::Repeat),
        1 => Just(Action::Call),
        1 => any::<f32>().prop_map(Action::SetVolume),
        1 => any::<bool>().prop_map(|b| Action::Choose(Chosen::Anatomy(b))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }

    /// The shipped files with a piece cut out, doubled, or overwritten.
    #[test]
    fn no_damaged_file_panics(which in 0usize..6, at in 0.0..1.0f64, length in 1usize..60, with in "[-0-9a-z(){}\\[\\],:.$=\n \"]{0,12}") {
        let text = shipped(["scenes/journeys/proton-first-day.ron", "scenes/rooms/proton-gantry.ron", "assets/questionnaires/staff-checklist.ron", "assets/languages/fr/app.ftl", "assets/languages/en/staff.ftl", "scenes/controls.ron"][which]);
        let chars: Vec<char> = text.chars().collect();
        let start = (at * chars.len() as f64) as usize;
        let end = (start + length).min(chars.len());
        let damaged: String = chars[..start].iter().copied().chain(with.chars()).chain(chars[end..].iter().copied()).collect();
        read_all(&damaged);
    }

    #[test]
    fn any_sequence_of_actions_keeps_the_promises(
        acts in proptest::collection::vec((action(), 0.0..25.0f64), 1..120),
        stop_at in 0usize..120,
    ) {
        let mut session = session(SessionOptions::default());
        let (mut time, mut wear, mut delivered) = (0.0, 0.0, Delivered::default());
        let mut answered = 0;
        for (i, (action, dt)) in acts.into_iter().enumerate() {
            let before = session.state().clone();
            let stops = i == stop_at;
            let action = if stops { Action::Stop } else { action };
            let repeats = action == Action::Repeat;
            let taken = if let Action::Answer(r) = &action { session.would_take(r) } else { None };
            let reply = if let Action::Answer(r) = &action { Some(r.clone()) } else { None };
            let mut events = session.act(action);
            // An answer that is said to be taken is taken, once, and stands.
            let now_answered = events.iter().filter(|e| matches!(e, Event::Answered { .. })).count();
            prop_assert_eq!(taken.is_some(), now_answered == 1);
            if let (Some((question, _)), Some(reply)) = (taken, reply) {
                prop_assert_eq!(session.state().answers.get(&question), Some(&reply));
                answered += 1;
            }
            if stops {
                prop_assert!(session.state().finished.is_some() && session.state().beam.is_none());
            }
            let entered = |e: &[Event]| e.iter().filter(|e| matches!(e, Event::StepEntered { .. })).count();
            let by_act = entered(&events);
            prop_assert!(by_act <= 1);
            if repeats { delivered = session.state().delivered; }
            events.extend(session.advance(dt));
            let s = session.state();
            prop_assert!(entered(&events) <= by_act + 2, "at most one step is left behind in a call");
            prop_assert!(s.time_s >= time && s.wear_s >= wear - 1e-12, "time runs forwards");
            prop_assert!(s.wear_s <= 720.0 + 1e-6 && s.elapsed_s <= 1200.0 + 25.0);
            prop_assert!((s.delivered.spots, s.delivered.part_of_next) >= (delivered.spots, delivered.part_of_next), "what is delivered stays delivered");
            prop_assert!((0.0..=1.0).contains(&s.fade) && (0.0..=1.0).contains(&s.volume));
            prop_assert!(s.anatomy_shown <= s.choices.anatomy);
            prop_assert!(s.beam.is_none() || !s.moving, "no beam while the machine moves");
            prop_assert!(s.answers.len() >= before.answers.len());
            if before.finished.is_some() {
                prop_assert!(s.fade <= before.fade, "the light comes back");
                prop_assert_eq!(s, &SessionState { fade: s.fade, ..before.clone() });
            }
            if s.viewpoint != before.viewpoint && !before.viewpoint.is_empty() {
                prop_assert!(events.iter().any(|e| matches!(e, Event::Placed { .. } | Event::StepRepeated { .. })), "placed");
            }
            (time, wear, delivered) = (s.time_s, s.wear_s, s.delivered);
        }
        prop_assert!(session.state().answers.len() <= answered);
    }
}
