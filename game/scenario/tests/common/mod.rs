//! A small plan and the shipped journey.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vestibule_dose::{MachineModel, Timeline};
use vestibule_geometry::BeamAngles;
use vestibule_patient::{Beam, Layer, Plan, Spot};
use vestibule_scenario::{Delivery, Journey, Library, QuestionKind, Reply, Room, Session, SessionOptions};

pub fn library() -> Library {
    Library::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

pub fn journey() -> Arc<Journey> {
    library().journey("proton-first-day").unwrap()
}

pub fn room() -> Arc<Room> {
    library().room("proton-gantry").unwrap()
}

/// Three beams, the last with a turned couch; layers deepest first as a planning system writes them.
pub fn plan() -> Plan {
    let beam = |number: i32, gantry: f64, couch: f64, layers: usize| Beam {
        number,
        name: format!("B{number}"),
        angles: BeamAngles { gantry_deg: gantry, patient_support_deg: couch, ..Default::default() },
        meterset_mu: 60.0,
        final_cumulative_weight: 60.0,
        snout_position_mm: Some(300.0),
        layers: (0..layers)
            .map(|l| Layer {
                energy_mev: 150.0 - 4.0 * l as f64,
                paintings: 1,
                spots: (0..30)
                    .map(|s| Spot {
                        x_mm: 5.0 * f64::from(s % 6),
                        y_mm: 5.0 * f64::from(s / 6),
                        weight: 2.0 / layers as f64,
                    })
                    .collect(),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    Plan {
        uid: "1.2.3".into(),
        fractions: 30,
        beams: vec![beam(1, 270.0, 0.0, 12), beam(2, 90.0, 0.0, 10), beam(3, 40.0, 270.0, 8)],
        ..Default::default()
    }
}

pub fn delivery() -> Arc<Delivery> {
    let plan = plan();
    let timeline = Timeline::new(&plan, &MachineModel::generic().delivery_times());
    Arc::new(Delivery::new(&plan, &timeline))
}

pub fn session(options: SessionOptions) -> Session {
    Session::new(journey(), room(), delivery(), options).unwrap()
}

/// The demonstration's replies, with some changed.
pub fn replies(changed: &[(&str, Reply)]) -> BTreeMap<String, Reply> {
    let mut replies: BTreeMap<_, _> =
        journey().demonstration.iter().map(|d| (d.question.clone(), d.reply.clone())).collect();
    replies.extend(changed.iter().map(|(q, r)| ((*q).to_owned(), r.clone())));
    replies
}

/// The reply to the open panel.
pub fn reply(session: &Session, replies: &BTreeMap<String, Reply>) -> Option<Reply> {
    let panel = session.state().panel.as_ref()?;
    let question = panel.question.as_ref()?;
    if panel.kind == QuestionKind::Note {
        return None;
    }
    Some(replies.get(question).cloned().unwrap_or(Reply::Declined))
}
