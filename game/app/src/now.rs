//! What is shown now: the session's state of this frame and the data it refers to. Written in one place, read everywhere.

use bevy::prelude::*;
use std::sync::Arc;
use vestibule_patient::Patient;
use vestibule_scenario::{Computes, Event, Room, SessionState};

/// The session's state of this frame.
#[derive(Resource, Clone)]
pub struct Now {
    /// As the session gave it.
    pub state: SessionState,
}

/// The room of this session.
#[derive(Resource, Clone)]
pub struct RoomData(pub Arc<Room>);

/// The patient whose session it is, and which of their plans; None for the room alone.
#[derive(Resource, Clone)]
pub struct Case {
    /// Everything that was imported of them.
    pub patient: Arc<Patient>,
    /// Index of the plan.
    pub plan: usize,
}

impl Case {
    /// False while images are coarse and the whole ones are still to come.
    pub fn is_whole(&self) -> bool {
        self.patient.images.iter().all(|i| i.coarse.is_none())
    }
}

/// What computes the dose of the plan that is reviewed.
#[derive(Resource, Clone, Default)]
pub struct Engine(pub Computes);

/// There while a clinician reviews a plan.
#[derive(Resource)]
pub struct Reviewing;

/// What the session told in this frame.
#[derive(Message, Clone, Debug)]
pub struct Told(pub Event);

/// Turns text keys into words of the chosen language.
#[derive(Resource, Clone)]
pub struct Words(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Words {
    /// From whatever looks a key up.
    pub fn new(look_up: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// The words of a key; the key itself where it has none, so that it is seen.
    pub fn get(&self, key: &str) -> String {
        (self.0)(key)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use vestibule_scenario::{Journey, Room, Session, SessionOptions, SessionState};

    /// The state in which the shipped journey begins.
    pub(crate) fn state() -> SessionState {
        let journey = Journey::from_ron(include_str!("../../../scenes/journeys/proton-first-day.ron")).unwrap();
        let room = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let session = Session::new(journey.into(), room.into(), Default::default(), SessionOptions::default()).unwrap();
        session.state().clone()
    }
}
