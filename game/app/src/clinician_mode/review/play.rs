//! A review as the app plays it: nobody is asked anything, any instant can be gone to.

use crate::now::{Case, Engine};
use crate::overlay::dose::{DoseShow, Source};
use crate::patient_mode::{Driver, Play};
use bevy::prelude::*;
use std::sync::Arc;
use vestibule_dose::Painting;
use vestibule_geometry::Volume;
use vestibule_scenario::{Action, Delivery, Event, KeepError, Review, SessionState};

/// A review and the painter of its dose; None: there is no plan whose dose can be computed.
pub struct ReviewPlay {
    review: Review,
    painting: Option<Painting>,
}

impl ReviewPlay {
    /// Puts them together. Spots are made ready at once, and what makes jumps quick is worked out beside the frame.
    pub fn new(review: Review, painting: Option<Painting>) -> Self {
        if let Some(painting) = &painting {
            let at = review.state().delivered;
            painting.go_to(at.spots, at.part_of_next);
            painting.make_ready();
        }
        Self { review, painting }
    }

    fn paint(&self) {
        if let Some(painting) = &self.painting {
            let at = self.review.state().delivered;
            painting.go_to(at.spots, at.part_of_next);
        }
    }
}

impl Play for ReviewPlay {
    fn state(&self) -> &SessionState {
        self.review.state()
    }
    fn advance(&mut self, dt_s: f64) -> Result<Vec<Event>, KeepError> {
        self.review.advance(dt_s);
        self.paint();
        Ok(Vec::new())
    }
    fn act(&mut self, _action: Action) -> Result<Vec<Event>, KeepError> {
        Ok(Vec::new())
    }
    fn update_dose(&mut self, copy: &mut Option<Volume<f32>>) -> bool {
        self.painting.as_ref().is_some_and(|p| p.copy_changed(copy).is_some())
    }
    fn settled(&self) -> bool {
        self.painting.as_ref().is_none_or(Painting::settled)
    }
    fn keep_voice(&mut self, _sound: &[u8]) -> Result<(), KeepError> {
        Err(KeepError { what: "voice", why: "a review asks nothing".to_owned() })
    }
    fn drop_voice(&mut self) -> Result<(), KeepError> {
        Ok(())
    }
    fn voice(&self) -> Option<String> {
        None
    }
    fn review(&mut self) -> Option<&mut Review> {
        Some(&mut self.review)
    }
    fn checkpoints(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.painting.as_ref()?.fill_checkpoints()
    }
}

/// What somebody wants of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// Let it run or stand.
    Play(bool),
    /// How many times as fast as true.
    Speed(f64),
    /// To an instant, seconds of beam.
    GoTo(f64),
}

/// Time of the review, for whoever shows it.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Transport {
    /// The instant, seconds of beam since the first spot.
    pub time_s: f64,
    /// Seconds of beam in the plan; 0: nothing can be delivered.
    pub length_s: f64,
    /// Time runs.
    pub playing: bool,
    /// Times true speed.
    pub speed: f64,
    /// Name and first instant of each beam.
    pub beams: Vec<(String, f64)>,
    /// Every spot of them.
    pub delivery: Arc<Delivery>,
    /// What somebody wants, in order.
    pub wishes: Vec<Wish>,
}

impl Transport {
    /// Whether the beams that can be delivered are scanned.
    pub fn scanned(&self) -> bool {
        self.length_s > 0.0 && self.delivery.beams.iter().all(|b| b.unscanned.is_none())
    }
}

/// Does what is wanted and says how time stands. Whoever moves time wants to see the dose grow, where an engine computes it.
pub(super) fn carry(
    mut driver: NonSendMut<Driver>,
    mut transport: ResMut<Transport>,
    case: Option<Res<Case>>,
    engine: Option<Res<Engine>>,
    mut dose: ResMut<DoseShow>,
) {
    let Some(review) = driver.play.review() else { return };
    let t = transport.bypass_change_detection();
    let wishes = std::mem::take(&mut t.wishes);
    if wishes.iter().any(|w| matches!(w, Wish::GoTo(_) | Wish::Play(true)))
        && engine.is_some_and(|e| e.0.dose())
        && dose.source != Source::Live
        && let Some(case) = case
    {
        dose.choose(&case, Source::Live);
    }
    for wish in wishes {
        let (playing, speed) = review.playing();
        match wish {
            Wish::Play(on) => review.play(on, speed),
            Wish::Speed(speed) => review.play(playing, speed),
            Wish::GoTo(time_s) => review.go_to(time_s),
        }
    }
    if t.beams.len() != review.delivery().beams.len() {
        let names = review.delivery().beams.iter().enumerate();
        t.beams = names.map(|(i, b)| (b.name.clone(), review.beam_start_s(i))).collect();
        t.length_s = review.length_s();
        t.delivery = review.delivery().clone();
    }
    (t.time_s, (t.playing, t.speed)) = (review.time_s(), review.playing());
}

/// Makes jumps quick, once the room stands.
pub(super) fn fill(driver: NonSend<Driver>, room: Option<Res<crate::room::Room>>, mut done: Local<bool>) {
    if !*done && room.is_some_and(|r| r.loaded) && !driver.held {
        // there is none before the plan is ready
        if let Some(work) = driver.play.checkpoints() {
            *done = true;
            bevy::tasks::AsyncComputeTaskPool::get().spawn(async move { work() }).detach();
        }
    }
}
