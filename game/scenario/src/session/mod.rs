//! The step machine that plays a journey. It has no clock of its own and does no I/O.

mod act;
mod deliver;
mod program;
mod run;
mod world;

use crate::condition::{Condition, Facts};
use crate::delivery::Delivery;
use crate::journey::{Go, Journey, Step};
use crate::motion::Motion;
use crate::room::Room;
use crate::state::{Choices, Ending, Event, SessionState, SoundPhase};
use program::Op;
use std::collections::VecDeque;
use std::sync::Arc;
use world::Walk;

/// Seconds of one fade, out or in. Real time, whatever the session's speed.
pub const FADE_S: f64 = 0.5;

/// Options of a session.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// How many times faster than true the session's clock runs. Range 0.01 to 1000, default 1. Fades and the time at
    /// questions stay real.
    pub speed: f64,
    /// Choices to start with.
    pub choices: Choices,
    /// Loudness to start with, 0 to 1. Default 0.7.
    pub volume: f32,
    /// Name of the step to start with; None: the first.
    pub start: Option<String>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { speed: 1.0, choices: Choices::default(), volume: 0.7, start: None }
    }
}

/// Why a session could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The journey or the room has faults; `vestibule scene check` lists them.
    #[error("journey '{journey}' cannot be played: {fault}; run `vestibule scene check` on it")]
    Faulty {
        /// Journey.
        journey: String,
        /// First fault.
        fault: String,
    },
    /// There is no such step to start with.
    #[error("journey '{journey}' has no step '{step}'; its steps are: {known}")]
    NoStep {
        /// Journey.
        journey: String,
        /// What was asked for.
        step: String,
        /// What there is.
        known: String,
    },
}

/// A session under way.
#[derive(Clone, Debug)]
pub struct Session {
    journey: Arc<Journey>,
    room: Arc<Room>,
    delivery: Arc<Delivery>,
    speed: f64,
    /// Programs of all steps, in the order of [`Journey::all_steps`].
    programs: Vec<Vec<Op>>,
    state: SessionState,
    started: bool,
    /// Operation of the current step, and how far it has come.
    op: usize,
    op_started: bool,
    op_time_s: f64,
    /// Deliver: seconds into the told beam, once the machine stands; how many of its lines were said.
    told_s: Option<f64>,
    said: usize,
    /// What must happen before the current operation goes on: an interruption that was asked.
    asked_interruption: Option<usize>,
    interruptions_done: Vec<bool>,
    motion: Option<Motion>,
    sounding: Vec<crate::motion::Part>,
    walks: Vec<Walk>,
    lines: VecDeque<(String, f64)>,
    line_left_s: f64,
    /// The ending's name when it was reached by a jump.
    because: Option<Ending>,
    /// The scene as it was when the step was entered, for `Repeat`.
    entry: Option<Box<Entry>>,
}

/// What `Repeat` puts back.
#[derive(Clone, Debug)]
struct Entry {
    state: SessionState,
    motion: Option<Motion>,
    walks: Vec<Walk>,
}

impl Session {
    /// A session at its beginning; the first `advance` enters the first step.
    ///
    /// # Errors
    /// A journey with faults that make it unplayable, or an unknown step to start with.
    pub fn new(
        journey: Arc<Journey>,
        room: Arc<Room>,
        delivery: Arc<Delivery>,
        options: SessionOptions,
    ) -> Result<Self, SessionError> {
        if let Some(fault) = crate::check::unplayable(&journey, &room) {
            return Err(SessionError::Faulty { journey: journey.id.clone(), fault });
        }
        let programs: Vec<_> = journey.all_steps().map(|s| program::compile(s, delivery.beams.len())).collect();
        let first = match &options.start {
            None => 0,
            Some(step) => journey.all_steps().position(|s| &s.id == step).ok_or_else(|| SessionError::NoStep {
                journey: journey.id.clone(),
                step: step.clone(),
                known: journey.all_steps().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", "),
            })?,
        };
        let state = SessionState {
            step_index: first,
            step_count: journey.steps.len(),
            volume: if options.volume.is_finite() { options.volume.clamp(0.0, 1.0) } else { 0.7 },
            choices: options.choices,
            ..SessionState::before(&room)
        };
        let speed = if options.speed.is_finite() { options.speed.clamp(0.01, 1000.0) } else { 1.0 };
        let mut session = Self {
            interruptions_done: vec![false; journey.interruptions.len()],
            journey,
            room,
            delivery,
            speed,
            programs,
            state,
            started: false,
            op: 0,
            op_started: false,
            op_time_s: 0.0,
            told_s: None,
            said: 0,
            asked_interruption: None,
            motion: None,
            sounding: Vec::new(),
            walks: Vec::new(),
            lines: VecDeque::new(),
            line_left_s: 0.0,
            because: None,
            entry: None,
        };
        // A later start finds the world as the steps before would have left it.
        if first > 0 && first < session.journey.steps.len() {
            let mut unheard = Vec::new();
            for step in 0..first {
                session.state.step_index = step;
                session.op = 0;
                session.pass_over_rest(&mut unheard);
            }
            session.state.step_index = first;
            session.op = 0;
        }
        Ok(session)
    }

    /// Where it is.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The journey it plays.
    pub fn journey(&self) -> &Arc<Journey> {
        &self.journey
    }

    /// The room it plays in.
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// The plan's beams in time.
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// How many times faster than true its clock runs.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Changes the speed; range 0.01 to 1000, anything else is ignored.
    pub fn set_speed(&mut self, speed: f64) {
        if (0.01..=1000.0).contains(&speed) {
            self.speed = speed;
        }
    }

    /// Lets `dt_s` seconds of real time pass, and tells what happened. At most one step is left behind in a call: what
    /// remains of `dt_s` then is not used. At an open question only the time of wear goes on; in a pause, and after the
    /// end, nothing moves but the light that comes back. A `dt_s` that is negative or not a number does nothing.
    pub fn advance(&mut self, dt_s: f64) -> Vec<Event> {
        let mut events = Vec::new();
        if !dt_s.is_finite() || dt_s < 0.0 {
            return events;
        }
        if self.state.finished.is_some() {
            // whoever stopped in the dark must see that it is over
            self.state.fade = (self.state.fade - dt_s / FADE_S).max(0.0);
            return events;
        }
        if !self.started {
            self.started = true;
            self.enter(self.state.step_index, &mut events);
        }
        self.state.elapsed_s += dt_s;
        if self.state.elapsed_s >= self.journey.limits.hard_s {
            self.finish(Ending::HardStop, &mut events);
            return events;
        }
        if self.state.paused {
            return events;
        }
        self.run(dt_s, &mut events);
        events
    }

    fn step(&self, index: usize) -> Option<&Step> {
        let road = self.journey.steps.len();
        if index < road { self.journey.steps.get(index) } else { self.journey.asides.get(index - road) }
    }

    fn holds(&self, conditions: &[Condition]) -> bool {
        let facts = Facts {
            answers: &self.state.answers,
            choices: &self.state.choices,
            site: &self.room.site,
            beams: self.delivery.beams.len(),
        };
        conditions.iter().all(|c| c.holds(&facts))
    }

    fn first_go(&self, gos: &[Go]) -> Option<Go> {
        gos.iter().find(|g| self.holds(std::slice::from_ref(&g.when))).cloned()
    }

    fn jump(&mut self, go: &Go, events: &mut Vec<Event>) {
        let Some(index) = self.journey.all_steps().position(|s| s.id == go.to) else { return };
        if go.because.is_some() {
            self.because = self.because.or(go.because);
        }
        self.enter(index, events);
    }

    fn enter(&mut self, index: usize, events: &mut Vec<Event>) {
        let Some((id, title)) = self.step(index).map(|s| (s.id.clone(), s.title.clone())) else {
            self.finish(self.because.unwrap_or(Ending::Completed), events);
            return;
        };
        self.clear_operation(events);
        self.state.step_index = index;
        self.state.step = id.clone();
        self.state.step_title = title;
        self.state.step_time_s = 0.0;
        let road = &self.journey.steps;
        self.state.upcoming =
            if index < road.len() { road[index + 1..].iter().map(|s| s.id.clone()).collect() } else { Vec::new() };
        self.entry =
            Some(Box::new(Entry { state: self.state.clone(), motion: self.motion.clone(), walks: self.walks.clone() }));
        events.push(Event::StepEntered { step: id });
    }

    /// Forgets the operation under way and what was being said; the beam goes off.
    fn clear_operation(&mut self, events: &mut Vec<Event>) {
        self.beam_off(events);
        self.op = 0;
        self.op_started = false;
        self.op_time_s = 0.0;
        self.told_s = None;
        self.said = 0;
        if let Some(done) = self.asked_interruption.take().and_then(|i| self.interruptions_done.get_mut(i)) {
            // A question that was cut off is asked again.
            *done = false;
        }
        self.lines.clear();
        self.line_left_s = 0.0;
        self.state.caption = None;
        self.state.panel = None;
    }

    fn beam_off(&mut self, events: &mut Vec<Event>) {
        if let Some(beam) = self.state.beam.take() {
            self.sound("beam", SoundPhase::Stop, events);
            events.push(Event::BeamOff { beam: beam.beam });
        }
    }

    fn finish(&mut self, how: Ending, events: &mut Vec<Event>) {
        if self.state.finished.is_some() {
            return;
        }
        self.clear_operation(events);
        self.quiet_motion(events);
        self.state.paused = false;
        self.state.finished = Some(how);
        self.state.panel = self.journey.closings.get(&how).map(|text| crate::state::Panel {
            question: None,
            text: text.clone(),
            kind: crate::question::QuestionKind::Note,
        });
        events.push(Event::Finished { how });
    }

    fn sound(&self, name: &str, phase: SoundPhase, events: &mut Vec<Event>) {
        if let Some(sound) = self.room.sounds.get(name) {
            events.push(Event::Sound { name: name.to_owned(), from: sound.from, phase });
        }
    }
}
