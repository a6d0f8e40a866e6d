//! The shipped journey, played: time, order, pause, skip, repeat, stop, and the rules that keep a person safe.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use std::collections::BTreeMap;
use vestibule_scenario::*;

const DT: f64 = 0.1;

/// Plays to the end; gives all events with the clock, and every state through `look`.
fn play(
    session: &mut Session,
    replies: &BTreeMap<String, Reply>,
    mut look: impl FnMut(&SessionState),
) -> Vec<(f64, Event)> {
    let mut all = Vec::new();
    for _ in 0..40_000 {
        if session.state().finished.is_some() {
            return all;
        }
        let events = session.advance(DT);
        look(session.state());
        all.extend(events.into_iter().map(|e| (session.state().time_s, e)));
        if let Some(reply) = reply(session, replies) {
            all.extend(session.act(Action::Answer(reply)).into_iter().map(|e| (session.state().time_s, e)));
        }
    }
    panic!("the journey does not end; it stands at {} {:.0} s", session.state().step, session.state().time_s);
}

fn steps(events: &[(f64, Event)]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|(_, e)| if let Event::StepEntered { step } = e { Some(step.as_str()) } else { None })
        .collect()
}

fn until(session: &mut Session, step: &str) {
    let replies = replies(&[]);
    for _ in 0..20_000 {
        if session.state().step == step {
            return;
        }
        session.advance(DT);
        if let Some(reply) = reply(session, &replies) {
            session.act(Action::Answer(reply));
        }
    }
    panic!("'{step}' was never reached");
}

#[test]
fn the_whole_road_in_eight_to_ten_minutes() {
    for (information, least) in [("reassure", 7.0), ("tell", 8.0), ("everything", 8.0)] {
        let mut session = session(SessionOptions::default());
        let mut machine_max_speed = 0.0f64;
        let mut last: Option<(f64, f64)> = None;
        let events = play(&mut session, &replies(&[("information", Reply::Choice(information.into()))]), |s| {
            if let Some((t, g)) = last.filter(|(t, _)| s.time_s > t + 1e-6) {
                machine_max_speed = machine_max_speed.max((s.machine.gantry_deg - g).abs() / (s.time_s - t));
            }
            last = Some((s.time_s, s.machine.gantry_deg));
            assert!(s.beam.is_none() || s.panel.is_none() || s.step == "beam-on" || s.step == "next-angle");
        });
        assert_eq!(
            steps(&events),
            [
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
                "goodbye"
            ]
        );
        let minutes = session.state().time_s / 60.0;
        println!("{information}: {minutes:.2} minutes");
        assert!((least..=10.0).contains(&minutes), "{information} takes {minutes:.2} minutes");
        assert_eq!(session.state().finished, Some(Ending::Completed));
        assert_eq!(session.state().delivered, Delivered { spots: delivery().spot_count(), part_of_next: 0.0 });
        assert!((session.state().mu - 180.0).abs() < 1e-9);
        assert!(machine_max_speed <= 6.0 + 1e-6 && machine_max_speed > 5.0);
        assert_eq!(session.state().answers.len(), journey().questions.len(), "every question was asked");
    }
}

#[test]
fn layers_come_in_the_plans_order_at_the_plans_angles() {
    let mut session = session(SessionOptions::default());
    let plan = plan();
    let mut at_angle = true;
    let mut beams_seen = Vec::new();
    let mut last = Delivered::default();
    let events = play(&mut session, &replies(&[]), |s| {
        assert!((s.delivered.spots, s.delivered.part_of_next) >= (last.spots, last.part_of_next));
        last = s.delivered;
        if let Some(b) = &s.beam {
            let wanted = &plan.beams[b.beam].angles;
            at_angle &= (s.machine.gantry_deg - wanted.gantry_deg)
                .rem_euclid(360.0)
                .min((wanted.gantry_deg - s.machine.gantry_deg).rem_euclid(360.0))
                < 1e-9;
            at_angle &= (s.machine.couch_deg - wanted.patient_support_deg)
                .rem_euclid(360.0)
                .min((wanted.patient_support_deg - s.machine.couch_deg).rem_euclid(360.0))
                < 1e-9;
            at_angle &= s.machine.couch_top_m == [0.0; 3]
                && !s.moving
                && s.mask == Mask::Fixed(4)
                && s.staff.iter().all(|p| p.doing == Doing::Watches);
            if beams_seen.last() != Some(&b.beam) {
                beams_seen.push(b.beam);
            }
        }
    });
    assert!(at_angle);
    assert_eq!(beams_seen, [0, 1, 2]);
    let layers: Vec<_> = events
        .iter()
        .filter_map(|(_, e)| {
            if let Event::Layer { beam, layer, energy_mev } = e { Some((*beam, *layer, *energy_mev)) } else { None }
        })
        .collect();
    let wanted: Vec<_> = plan
        .beams
        .iter()
        .enumerate()
        .flat_map(|(b, beam)| beam.layers.iter().enumerate().map(move |(l, layer)| (b, l, layer.energy_mev)))
        .collect();
    assert_eq!(layers, wanted);
}

#[test]
fn a_pause_stops_the_clock_and_the_beam_and_is_no_wear() {
    let mut session = session(SessionOptions::default());
    until(&mut session, "beam-on");
    while session.state().beam.is_none() || session.state().delivered.spots < 40 {
        session.advance(DT);
    }
    assert_eq!(session.act(Action::Pause), [Event::Paused]);
    let before = session.state().clone();
    for _ in 0..600 {
        assert!(session.advance(DT).is_empty());
    }
    let after = session.state();
    assert_eq!((after.time_s, after.wear_s, after.delivered), (before.time_s, before.wear_s, before.delivered));
    assert!((after.elapsed_s - before.elapsed_s - 60.0).abs() < 1e-6);
    session.act(Action::Resume);
    session.advance(1.0);
    assert!(session.state().delivered.spots >= before.delivered.spots && session.state().time_s > before.time_s);
}

#[test]
fn the_clock_stops_at_every_question_and_a_wrong_reply_leaves_it_open() {
    let mut session = session(SessionOptions::default());
    until(&mut session, "anxiety-before");
    while session.state().panel.is_none() {
        session.advance(DT);
    }
    let time = session.state().time_s;
    session.advance(30.0);
    assert_eq!(session.state().time_s, time);
    for wrong in [Reply::Number(11), Reply::Number(-1), Reply::Choice("yes".into())] {
        assert_eq!(session.would_take(&wrong), None);
        let events = session.act(Action::Answer(wrong));
        assert!(matches!(events.as_slice(), [Event::Refused { .. }]));
        assert!(session.state().panel.is_some() && !session.state().answers.contains_key("anxiety-before"));
    }
    session.act(Action::Answer(Reply::Number(4)));
    assert!(session.state().panel.is_none());
}

#[test]
fn skip_leaves_the_world_as_if_played_and_repeat_brings_it_back() {
    let mut session = session(SessionOptions::default());
    until(&mut session, "beam-on");
    session.advance(30.0);
    session.act(Action::Skip);
    let first_beam = delivery().beams[0].spots.len();
    let s = session.state();
    assert_eq!((s.step.as_str(), s.delivered.spots), ("next-angle", first_beam));
    assert_eq!(s.machine.gantry_deg, -90.0);
    let replies = replies(&[]);
    while session.state().delivered.spots < first_beam + 20 {
        session.advance(DT);
        if let Some(reply) = reply(&session, &replies) {
            session.act(Action::Answer(reply));
        }
    }
    assert!(session.state().beam.is_some());
    let time = session.state().time_s;
    let events = session.act(Action::Repeat);
    assert_eq!(events.last(), Some(&Event::StepRepeated { step: "next-angle".into() }));
    assert_eq!(session.state().delivered.spots, first_beam);
    assert_eq!(session.state().time_s, time);
}

#[test]
fn stop_works_within_one_call_from_every_step_and_in_a_pause() {
    for step in journey().all_steps().map(|s| s.id.clone()) {
        for paused in [false, true] {
            let mut session = session(SessionOptions { start: Some(step.clone()), ..Default::default() });
            session.advance(3.0);
            if paused {
                session.act(Action::Pause);
            }
            let events = session.act(Action::Stop);
            assert_eq!(events.last(), Some(&Event::Finished { how: Ending::Stopped }), "{step}");
            assert_eq!(session.state().finished, Some(Ending::Stopped));
            assert!(session.state().beam.is_none() && !session.state().moving);
            assert!(session.advance(10.0).is_empty());
        }
    }
}

#[test]
fn anxiety_that_rises_or_ends_high_leads_to_the_calm_step_and_staff() {
    for (before, after, calm) in [(6, 3, false), (2, 3, false), (2, 4, true), (5, 7, true), (9, 7, true), (9, 6, false)]
    {
        let mut session = session(SessionOptions::default());
        let replies = replies(&[("anxiety-before", Reply::Number(before)), ("anxiety-after", Reply::Number(after))]);
        let events = play(&mut session, &replies, |_| {});
        let told = events.iter().any(|(_, e)| *e == Event::StaffAlert { reason: "staff-alert-anxiety".into() });
        assert_eq!((steps(&events).contains(&"calm"), told), (calm, calm), "{before} then {after}");
        assert_eq!(session.state().finished, Some(Ending::Completed));
        assert_eq!(steps(&events).last(), Some(&"goodbye"));
    }
}

#[test]
fn discomfort_is_asked_twice_and_can_stop_it() {
    for question in ["discomfort-first", "discomfort-second"] {
        let mut session = session(SessionOptions::default());
        let events = play(&mut session, &replies(&[(question, Reply::Choice("stop".into()))]), |_| {});
        assert_eq!(steps(&events).last(), Some(&"stop-here"));
        assert_eq!(session.state().finished, Some(Ending::Discomfort));
        assert!(events.iter().any(|(_, e)| *e == Event::StaffAlert { reason: "staff-alert-discomfort-stop".into() }));
        let asked = events.iter().find(|(_, e)| *e == Event::Asked { question: question.into() }).unwrap().0;
        let third = journey().limits.planned_s / 3.0;
        let wanted = if question == "discomfort-first" { third } else { 2.0 * third };
        assert!(asked > wanted - 12.0 && asked < wanted + 60.0, "{question} at {asked:.0} s");
    }
}

#[test]
fn ten_minutes_of_wear_begin_the_gentle_ending_and_by_twelve_it_is_over() {
    // Dawdling: half a minute at every question.
    let mut session = session(SessionOptions::default());
    let replies = replies(&[]);
    let mut gentle = None;
    while session.state().finished.is_none() {
        session.advance(DT);
        if session.state().step == "gentle-ending" && gentle.is_none() {
            gentle = Some(session.state().wear_s);
        }
        if let Some(reply) = reply(&session, &replies) {
            session.advance(30.0);
            session.act(Action::Answer(reply));
        }
    }
    assert!((600.0..632.0).contains(&gentle.unwrap()), "{gentle:?}");
    assert!(session.state().wear_s <= 720.0 + 1e-6);
    assert_eq!(session.state().finished, Some(Ending::Gentle));

    // Never answering: over at twelve minutes to the moment.
    let mut session = common::session(SessionOptions::default());
    while session.state().finished.is_none() {
        session.advance(7.0);
    }
    assert_eq!(session.state().finished, Some(Ending::TimeOver));
    assert!((session.state().wear_s - 720.0).abs() < 1e-6);

    // Pauses: over at twenty.
    let mut session = common::session(SessionOptions::default());
    session.advance(1.0);
    session.act(Action::Pause);
    while session.state().finished.is_none() {
        session.advance(1.0);
    }
    assert_eq!(session.state().finished, Some(Ending::HardStop));
    assert!((session.state().elapsed_s - 1200.0).abs() < 1.5);
}

#[test]
fn the_viewpoint_changes_only_in_the_dark() {
    let mut session = session(SessionOptions::default());
    let replies = replies(&[]);
    let mut last = String::new();
    while session.state().finished.is_none() {
        session.advance(1.0 / 90.0);
        let s = session.state();
        if s.viewpoint != last {
            assert!(s.fade > 0.9, "{} to {} at fade {}", last, s.viewpoint, s.fade);
            last = s.viewpoint.clone();
        }
        if let Some(reply) = reply(&session, &replies) {
            session.act(Action::Answer(reply));
        }
    }
}

#[test]
fn anatomy_shows_only_for_who_chose_it() {
    for (choice, wanted) in [("yes", true), ("no", false)] {
        let mut session = session(SessionOptions::default());
        let mut shown = false;
        play(&mut session, &replies(&[("anatomy", Reply::Choice(choice.into()))]), |s| shown |= s.anatomy_shown);
        assert_eq!(shown, wanted);
    }
}

#[test]
fn time_steps_do_not_change_the_story() {
    let end = |dt: f64| {
        let mut session = session(SessionOptions::default());
        let replies = replies(&[]);
        while session.state().finished.is_none() {
            session.advance(dt);
            if let Some(reply) = reply(&session, &replies) {
                session.act(Action::Answer(reply));
            }
        }
        (session.state().time_s, session.state().delivered)
    };
    let (fine, coarse) = (end(0.01), end(0.25));
    assert!((fine.0 - coarse.0).abs() < 0.5 && fine.1 == coarse.1, "{fine:?} {coarse:?}");
}

#[test]
fn a_scene_cannot_deliver_while_the_machine_moves_or_at_another_angle() {
    let mut journey = (*journey()).clone();
    let step = journey.steps.iter_mut().find(|s| s.id == "beam-on").unwrap();
    let deliver = || Beat::Deliver { tempo: Tempo::True, says: Vec::new() };
    step.beats = vec![Beat::Beams(
        BeamRange::All,
        // Once already under way to elsewhere, once never sent there.
        vec![
            Beat::Move(vec![Target::Beam]),
            Beat::Settle,
            Beat::Move(vec![Target::Gantry(10.0)]),
            deliver(),
            deliver(),
        ],
    )];
    let options = SessionOptions { start: Some("beam-on".into()), ..Default::default() };
    let mut session = Session::new(journey.into(), room(), delivery(), options).unwrap();
    let plan = plan();
    let mut seen = 0;
    while session.state().step != "next-angle" {
        session.advance(DT);
        if let Some(reply) = reply(&session, &replies(&[])) {
            session.act(Action::Answer(reply));
        }
        let s = session.state();
        if let Some(b) = &s.beam {
            seen = seen.max(b.beam + 1);
            let off = (s.machine.gantry_deg - plan.beams[b.beam].angles.gantry_deg).rem_euclid(360.0);
            assert!(!s.moving && !(1e-9..=360.0 - 1e-9).contains(&off), "beam {} at {}", b.beam, s.machine.gantry_deg);
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_faster_clock_tells_the_same_story_with_fades_and_questions_in_real_time() {
    let mut session = session(SessionOptions { speed: 20.0, ..Default::default() });
    let replies = replies(&[]);
    let (mut real, mut entered, mut at_questions) = (0.0, Vec::new(), 0.0);
    while session.state().finished.is_none() {
        let events = session.advance(0.02);
        real += 0.02;
        let here: Vec<_> = events
            .iter()
            .filter_map(|e| if let Event::StepEntered { step } = e { Some(step.clone()) } else { None })
            .collect();
        assert!(here.len() <= 1 || entered.is_empty(), "at most one step a call: {here:?}");
        entered.extend(here);
        if let Some(reply) = reply(&session, &replies) {
            let (time, wear) = (session.state().time_s, session.state().wear_s);
            session.advance(0.5);
            real += 0.5;
            at_questions += 0.5;
            assert_eq!(session.state().time_s, time);
            assert!((session.state().wear_s - wear - 0.5).abs() < 1e-9);
            session.act(Action::Answer(reply));
        }
    }
    assert_eq!(entered.len(), 13);
    let minutes = session.state().time_s / 60.0;
    assert!((7.5..=10.0).contains(&minutes), "{minutes}");
    // 20 times faster, but for fades (a second each) and questions.
    assert!(real > session.state().time_s / 20.0 + at_questions && real < 60.0, "{real} s");
}
