//! The dose that a journey paints is the dose of the spots delivered, at any instant.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use nalgebra::Point3;
use std::sync::Arc;
use vestibule_dose::{DoseOptions, HuTable, LiveDose, MachineModel, PreparedPlan, Timeline, compute_fraction};
use vestibule_geometry::{Grid, PatientPosition, Volume};
use vestibule_patient::{Image, Modality, Plan};
use vestibule_scenario::*;

fn water() -> Image {
    let mut volume = Volume::filled(Grid::axial([48, 48, 40], [4.0; 3], Point3::new(-94.0, -94.0, -78.0)), 0.0f32);
    // Not symmetric, so that a mixed-up beam shows.
    for k in 0..40 {
        for j in 0..48 {
            for i in 28..34 {
                let o = volume.grid.offset(i, j, k);
                volume.data[o] = 900.0;
            }
        }
    }
    Image {
        uid: "1".into(),
        study_uid: "2".into(),
        frame_of_reference_uid: String::new(),
        modality: Modality::Ct,
        description: String::new(),
        position: Some(PatientPosition::Hfs),
        unit: "HU".into(),
        phase: None,
        coarse: None,
        slice_uids: Vec::new(),
        volume,
    }
}

fn prepared(plan: &Plan) -> PreparedPlan {
    let image = water();
    PreparedPlan::new(
        &image,
        None,
        plan,
        &MachineModel::generic(),
        &HuTable::for_image(&image),
        &DoseOptions { grid_mm: 4.0 },
    )
    .unwrap()
}

/// The plan cut off after so many spots, the next with a part of its weight.
fn cut(plan: &Plan, delivered: Delivered) -> Plan {
    let mut plan = plan.clone();
    let mut left = delivered.spots;
    for beam in &mut plan.beams {
        for layer in &mut beam.layers {
            for spot in &mut layer.spots {
                match left {
                    0 => spot.weight = 0.0,
                    _ => left -= 1,
                }
            }
        }
    }
    let original = self::plan();
    let next = plan.beams.iter().flat_map(|b| b.layers.iter().map(|l| l.spots.len())).sum::<usize>();
    if delivered.spots < next {
        let mut n = delivered.spots;
        'found: for (b, beam) in original.beams.iter().enumerate() {
            for (l, layer) in beam.layers.iter().enumerate() {
                if n < layer.spots.len() {
                    plan.beams[b].layers[l].spots[n].weight = layer.spots[n].weight * delivered.part_of_next;
                    break 'found;
                }
                n -= layer.spots.len();
            }
        }
    }
    // A beam that has not begun gives nothing.
    plan.beams.retain(|b| b.layers.iter().any(|l| l.spots.iter().any(|s| s.weight > 0.0)));
    plan
}

fn worst(a: &Volume<f64>, b: &Volume<f64>) -> f64 {
    let max = b.data.iter().copied().fold(0.0, f64::max);
    a.data.iter().zip(&b.data).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / max
}

#[test]
fn at_any_instant_and_at_the_end_the_grid_is_the_sum_of_the_spots_delivered() {
    let plan = plan();
    let all = Arc::new(prepared(&plan));
    let timeline = Timeline::new(&plan, &MachineModel::generic().delivery_times());
    let delivery = Arc::new(Delivery::new(&plan, &timeline));
    assert_eq!(delivery.spot_count(), all.spots().len());
    for (spot, d) in all.spots().iter().zip(delivery.beams.iter().flat_map(|b| &b.spots)) {
        assert!((spot.mu - d.mu).abs() < 1e-12 && spot.layer == d.layer && [spot.x_mm, spot.y_mm] == d.at_mm);
    }
    let session = Session::new(journey(), room(), delivery.clone(), SessionOptions::default()).unwrap();
    let mut player = Player::new(session, LiveDose::new(all.clone()), MemoryKeeper::default());
    // Instants drawn from a fixed seed; the second is made to lie within a layer, in the middle of a spot.
    let mut seed = 20_240_611u64;
    let mut instants: Vec<usize> = (0..3)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % delivery.spot_count()
        })
        .collect();
    instants.sort_unstable();
    let replies = replies(&[]);
    let mut checked = 0;
    let mut in_mid_spot = 0;
    while player.state().finished.is_none() {
        // Slowly near an instant, so that a spot is met in its middle.
        let near = instants
            .get(checked)
            .is_some_and(|i| player.state().beam.is_some() && player.state().delivered.spots + 2 >= *i);
        player.advance(if near { 0.000_7 } else { 0.037 }).unwrap();
        if let Some(reply) = reply(player.session(), &replies) {
            player.act(Action::Answer(reply)).unwrap();
        }
        let now = player.state().delivered;
        if checked < instants.len() && now.spots >= instants[checked] && player.state().beam.is_some() {
            if checked == 1 && !(0.1..0.9).contains(&now.part_of_next) {
                continue;
            }
            checked += 1;
            in_mid_spot += usize::from((0.1..0.9).contains(&now.part_of_next));
            let wanted = compute_fraction(&prepared(&cut(&plan, now)), &|_, _| {});
            let off = worst(player.painter().grid(), &wanted);
            println!("{now:?}: off by {off:.1e} of the maximum");
            assert!(off < 1e-5, "{now:?}: {off}");
        }
    }
    assert_eq!((checked, in_mid_spot > 0), (3, true));
    let whole = compute_fraction(&all, &|_, _| {});
    let off = worst(player.painter().grid(), &whole);
    println!("end: off by {off:.1e} of the maximum");
    assert!(off < 1e-5);
    assert!(player.painter().max_gy() > 0.0);
    // Every answer was kept before the next panel opened.
    let mut kept = player.keeper().answers.iter();
    let mut open: Option<String> = None;
    for line in &player.keeper().events {
        match line.event.as_str() {
            "Asked" => {
                assert!(open.is_none());
                open = line.detail["question"].as_str().map(str::to_owned);
            }
            "Answered" => {
                assert_eq!(Some(kept.next().unwrap().item.clone()), open.take());
            }
            _ => {}
        }
    }
    assert!(kept.next().is_none() && open.is_none());
}

/// Keeps nothing while broken.
#[derive(Default)]
struct Broken {
    broken: bool,
    kept: usize,
}

impl Keeper for Broken {
    fn keep_answer(&mut self, _: &AnswerRecord) -> Result<(), KeepError> {
        if self.broken {
            return Err(KeepError { what: "answer", why: "the disk is full".into() });
        }
        self.kept += 1;
        Ok(())
    }
    fn keep_events(&mut self, _: &[LogLine]) -> Result<(), KeepError> {
        Ok(())
    }
    fn keep_voice(&mut self, _: &str, _: &[u8]) -> Result<String, KeepError> {
        Ok("1".into())
    }
}

#[test]
fn a_voice_whose_answer_cannot_be_kept_is_tried_again() {
    let session = session(SessionOptions { start: Some("anxiety-after".into()), ..Default::default() });
    let mut player = Player::new(session, None::<LiveDose>, Broken::default());
    while player.state().panel.as_ref().and_then(|p| p.question.as_deref()) != Some("open") {
        player.advance(0.1).unwrap();
        if player.state().panel.as_ref().is_some_and(|p| p.question.as_deref() == Some("anxiety-after")) {
            player.act(Action::Answer(Reply::Number(3))).unwrap();
        }
    }
    let before = player.keeper().kept;
    player.keep_voice(b"sound").unwrap();
    player.keeper_mut().broken = true;
    assert!(player.act(Action::End).is_err());
    assert_eq!((player.voice(), player.keeper().kept), (Some("1"), before));
    player.keeper_mut().broken = false;
    player.act(Action::Continue).unwrap();
    assert_eq!((player.voice(), player.keeper().kept), (None, before + 1));
}

#[test]
fn an_answer_that_cannot_be_kept_leaves_the_question_open_and_repeat_paints_anew() {
    let plan = plan();
    let all = Arc::new(prepared(&plan));
    let session = session(SessionOptions { start: Some("anxiety-before".into()), ..Default::default() });
    let mut player = Player::new(session, LiveDose::new(all.clone()), Broken { broken: true, kept: 0 });
    while player.state().panel.is_none() {
        player.advance(0.1).unwrap();
    }
    for _ in 0..3 {
        assert!(player.act(Action::Answer(Reply::Number(5))).is_err());
        assert!(player.state().panel.is_some() && player.state().answers.is_empty());
    }
    player.keeper_mut().broken = false;
    player.act(Action::Answer(Reply::Number(5))).unwrap();
    assert!(player.state().panel.is_none() && player.keeper().kept == 1);

    let session = common::session(SessionOptions { start: Some("beam-on".into()), ..Default::default() });
    let mut player = Player::new(session, LiveDose::new(all), MemoryKeeper::default());
    while player.state().delivered.spots < 50 {
        player.advance(0.1).unwrap();
    }
    assert!(player.painter().max_gy() > 0.0);
    player.act(Action::Repeat).unwrap();
    assert_eq!((player.painter().max_gy(), player.painter().delivered()), (0.0, (0, 0.0)));
    player.act(Action::Skip).unwrap();
    assert_eq!(player.painter().delivered().0, player.session().delivery().beams[1].first_spot);
}
