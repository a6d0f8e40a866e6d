//! A session with its live dose and its keeper: one loop for the app and for play without a screen.

use crate::question::{QuestionKind, Reply};
use crate::session::Session;
use crate::state::{Action, Delivered, Event, SessionState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Paints the dose of what has been delivered: whole spots in plan order, and a part of the next.
pub trait Painter {
    /// The beam comes on soon: what it needs may be made ready.
    fn make_ready(&mut self);
    /// Brings the dose up to this prefix of the plan; never backwards.
    fn deliver_to(&mut self, spots: usize, part_of_next: f64);
    /// Back to nothing delivered.
    fn reset(&mut self);
    /// Greatest dose so far of one fraction, physical Gy.
    fn max_gy(&self) -> f64;
}

/// Nothing to paint: a patient without a plan that can be computed.
impl<P: Painter> Painter for Option<P> {
    fn make_ready(&mut self) {
        if let Some(p) = self {
            p.make_ready();
        }
    }
    fn deliver_to(&mut self, spots: usize, part_of_next: f64) {
        if let Some(p) = self {
            p.deliver_to(spots, part_of_next);
        }
    }
    fn reset(&mut self) {
        if let Some(p) = self {
            p.reset();
        }
    }
    fn max_gy(&self) -> f64 {
        self.as_ref().map_or(0.0, Painter::max_gy)
    }
}

impl Painter for vestibule_dose::LiveDose {
    fn make_ready(&mut self) {
        Self::make_ready(self);
    }
    fn deliver_to(&mut self, spots: usize, part_of_next: f64) {
        Self::deliver_to(self, spots, part_of_next);
    }
    fn reset(&mut self) {
        Self::reset(self);
    }
    fn max_gy(&self) -> f64 {
        Self::max_gy(self)
    }
}

/// Painted beside the frame; only what is written down waits for it.
impl Painter for vestibule_dose::Painting {
    fn make_ready(&mut self) {
        Self::make_ready(self);
    }
    fn deliver_to(&mut self, spots: usize, part_of_next: f64) {
        Self::go_to(self, spots, part_of_next);
    }
    fn reset(&mut self) {
        Self::go_to(self, 0, 0.0);
    }
    fn max_gy(&self) -> f64 {
        self.settle()
    }
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// Journey or checklist it belongs to.
    pub questionnaire: String,
    /// Question's name.
    pub item: String,
    /// What was answered.
    pub reply: Reply,
    /// 1 for the first time the question was answered in this session, 2 for the next after a repeat, and so on.
    pub attempt: u32,
    /// Session clock, seconds.
    pub time_s: f64,
    /// Step in which it was asked.
    pub step: String,
}

/// An event as it is logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Session clock, seconds.
    pub time_s: f64,
    /// Step.
    pub step: String,
    /// Name of the event.
    pub event: String,
    /// IEC gantry angle, degrees, 0 to 360.
    pub gantry_deg: f64,
    /// IEC patient support angle, degrees, 0 to 360.
    pub couch_deg: f64,
    /// Monitor units delivered so far in the fraction.
    pub mu: f64,
    /// Greatest dose so far of one fraction, physical Gy.
    pub dose_gy_max: f64,
    /// Spots delivered so far in the fraction, with the part of the next.
    pub spots: f64,
    /// The answer, for an `Answered` event.
    pub answer: Option<AnswerLine>,
    /// What the event says beside its name.
    pub detail: serde_json::Value,
}

/// An answer in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerLine {
    /// Question's name.
    pub question: String,
    /// As a word or line.
    pub value: String,
}

/// Why something could not be kept. The session has not gone on past an answer that was not kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the {what}: {why}")]
pub struct KeepError {
    /// `answer`, `event` or `voice`.
    pub what: &'static str,
    /// Why, and what to do.
    pub why: String,
}

/// Keeps answers and events. Every call has the thing on disk when it returns.
pub trait Keeper {
    /// Keeps an answer.
    ///
    /// # Errors
    /// When it is not on disk; the question then stays open.
    fn keep_answer(&mut self, answer: &AnswerRecord) -> Result<(), KeepError>;

    /// Keeps what happened in one call, in order.
    ///
    /// # Errors
    /// When it could not be kept.
    fn keep_events(&mut self, lines: &[LogLine]) -> Result<(), KeepError>;

    /// Keeps a recorded voice and gives its name for [`Reply::Open`].
    ///
    /// # Errors
    /// When it is not on disk, or this keeper keeps no sound.
    fn keep_voice(&mut self, question: &str, sound: &[u8]) -> Result<String, KeepError> {
        let _ = (question, sound);
        Err(KeepError { what: "voice", why: "this session keeps no sound; type the answer instead".to_owned() })
    }

    /// Removes a kept voice that the person does not want to leave.
    ///
    /// # Errors
    /// When there is none of this name, or it could not be removed.
    fn drop_voice(&mut self, name: &str) -> Result<(), KeepError> {
        let _ = name;
        Err(KeepError { what: "voice", why: "this session keeps no sound".to_owned() })
    }
}

/// Keeps in memory, for tests and trials.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeeper {
    /// All answers.
    pub answers: Vec<AnswerRecord>,
    /// All events.
    pub events: Vec<LogLine>,
}

impl Keeper for MemoryKeeper {
    fn keep_answer(&mut self, answer: &AnswerRecord) -> Result<(), KeepError> {
        self.answers.push(answer.clone());
        Ok(())
    }
    fn keep_events(&mut self, lines: &[LogLine]) -> Result<(), KeepError> {
        self.events.extend_from_slice(lines);
        Ok(())
    }
}

/// A session, its live dose and its keeper.
#[derive(Debug)]
pub struct Player<P, K> {
    session: Session,
    painter: P,
    keeper: K,
    painted: Delivered,
    /// The painter knows that the beam comes on soon.
    warned: bool,
    attempts: BTreeMap<String, u32>,
    spoken: Option<Spoken>,
}

/// A voice that is kept while its question is still open.
#[derive(Debug)]
struct Spoken {
    question: String,
    name: String,
    time_s: f64,
    step: String,
}

impl<P: Painter, K: Keeper> Player<P, K> {
    /// Puts them together. The painter starts from nothing delivered.
    pub fn new(session: Session, mut painter: P, keeper: K) -> Self {
        painter.reset();
        let mut player = Self {
            session,
            painter,
            keeper,
            painted: Delivered::default(),
            warned: false,
            attempts: BTreeMap::new(),
            spoken: None,
        };
        player.paint();
        player
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, to change its speed.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Where it is.
    pub fn state(&self) -> &SessionState {
        self.session.state()
    }

    /// The live dose.
    pub fn painter(&self) -> &P {
        &self.painter
    }

    /// The live dose, for what changes when it is read (`changed_since_last`).
    pub fn painter_mut(&mut self) -> &mut P {
        &mut self.painter
    }

    /// The keeper.
    pub fn keeper(&self) -> &K {
        &self.keeper
    }

    /// The keeper, to keep a voice.
    pub fn keeper_mut(&mut self) -> &mut K {
        &mut self.keeper
    }

    /// The keeper and the painter back, at the end.
    pub fn into_parts(self) -> (P, K) {
        (self.painter, self.keeper)
    }

    /// [`Session::advance`], then paints and keeps.
    ///
    /// # Errors
    /// An event that could not be kept; the session has advanced all the same.
    pub fn advance(&mut self, dt_s: f64) -> Result<Vec<Event>, KeepError> {
        let events = self.session.advance(dt_s);
        self.paint();
        // a question closes with an event; what could not be kept is tried again with the next, not in every frame
        let voice = if events.is_empty() { Ok(()) } else { self.settle_voice() };
        self.keep(&events)?;
        voice?;
        Ok(events)
    }

    /// Keeps a recorded voice for the open question and gives its name for [`Reply::Open`]; one said before is replaced.
    /// Should the question close without an answer that names it (stop, skip, the end of time), the voice alone counts
    /// as the answer: what somebody was told is kept stays kept.
    ///
    /// # Errors
    /// When no question is open that takes a voice, or it is not on disk.
    pub fn keep_voice(&mut self, sound: &[u8]) -> Result<String, KeepError> {
        let state = self.session.state();
        let open = state.panel.as_ref().filter(|p| matches!(p.kind, QuestionKind::Open { voice: true, .. }));
        let Some(question) = open.and_then(|p| p.question.clone()) else {
            return Err(KeepError { what: "voice", why: "no question is open that takes a voice".to_owned() });
        };
        let (time_s, step) = (state.time_s, state.step.clone());
        let name = self.keeper.keep_voice(&question, sound)?;
        if let Some(before) = self.spoken.replace(Spoken { question, name: name.clone(), time_s, step }) {
            self.keeper.drop_voice(&before.name)?;
        }
        Ok(name)
    }

    /// Removes the voice that was said to the open question.
    ///
    /// # Errors
    /// When it could not be removed; it then still counts.
    pub fn drop_voice(&mut self) -> Result<(), KeepError> {
        if let Some(spoken) = &self.spoken {
            self.keeper.drop_voice(&spoken.name)?;
            self.spoken = None;
        }
        Ok(())
    }

    /// The voice said to the open question, by its name.
    pub fn voice(&self) -> Option<&str> {
        self.spoken.as_ref().map(|s| s.name.as_str())
    }

    fn settle_voice(&mut self) -> Result<(), KeepError> {
        let state = self.session.state();
        let open = state.finished.is_none().then(|| state.panel.as_ref()?.question.as_deref()).flatten();
        let closed = self.spoken.as_ref().is_some_and(|s| open != Some(s.question.as_str()));
        if !closed {
            return Ok(());
        }
        let Some(spoken) = &self.spoken else { return Ok(()) };
        let attempt = self.attempts.get(&spoken.question).copied().unwrap_or(0) + 1;
        self.keeper.keep_answer(&AnswerRecord {
            questionnaire: self.session.journey().id.clone(),
            item: spoken.question.clone(),
            reply: Reply::Open { chips: Vec::new(), typed: String::new(), voice: Some(spoken.name.clone()) },
            attempt,
            time_s: spoken.time_s,
            step: spoken.step.clone(),
        })?;
        // only now: what could not be kept is tried again
        self.attempts.insert(spoken.question.clone(), attempt);
        self.spoken = None;
        Ok(())
    }

    /// [`Session::act`]. An answer is kept first: if that fails, the question stays open and nothing else has happened.
    ///
    /// # Errors
    /// An answer or event that could not be kept.
    pub fn act(&mut self, action: Action) -> Result<Vec<Event>, KeepError> {
        if let Action::Answer(reply) = &action
            && let Some((item, true)) = self.session.would_take(reply)
        {
            let attempt = self.attempts.get(&item).copied().unwrap_or(0) + 1;
            let state = self.session.state();
            self.keeper.keep_answer(&AnswerRecord {
                questionnaire: self.session.journey().id.clone(),
                item: item.clone(),
                reply: reply.clone(),
                attempt,
                time_s: state.time_s,
                step: state.step.clone(),
            })?;
            self.attempts.insert(item, attempt);
            if let Reply::Open { voice: Some(name), .. } = reply
                && self.spoken.as_ref().is_some_and(|s| s.name == *name)
            {
                self.spoken = None; // the answer names it now
            }
        }
        let events = self.session.act(action);
        self.paint();
        let voice = self.settle_voice();
        self.keep(&events)?;
        voice?;
        Ok(events)
    }

    fn paint(&mut self) {
        if !self.warned && self.session.beam_is_near() {
            self.painter.make_ready();
            self.warned = true;
        }
        let now = self.session.state().delivered;
        let back = now.spots < self.painted.spots
            || (now.spots == self.painted.spots && now.part_of_next < self.painted.part_of_next);
        if back {
            self.painter.reset();
        }
        if back || now != self.painted {
            self.painter.deliver_to(now.spots, now.part_of_next);
            self.painted = now;
        }
    }

    fn keep(&mut self, events: &[Event]) -> Result<(), KeepError> {
        if events.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = events.iter().map(|e| self.line(e)).collect();
        self.keeper.keep_events(&lines)
    }

    fn line(&self, event: &Event) -> LogLine {
        let state = self.session.state();
        // An enum variant with fields is an object with one key.
        let (name, detail) = match serde_json::to_value(event) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().next().unwrap_or_default(),
            Ok(serde_json::Value::String(name)) => (name, serde_json::Value::Null),
            _ => (String::new(), serde_json::Value::Null),
        };
        let answer = match event {
            Event::Answered { question, reply, .. } => {
                Some(AnswerLine { question: question.clone(), value: reply.as_text() })
            }
            _ => None,
        };
        LogLine {
            time_s: state.time_s,
            step: state.step.clone(),
            event: name,
            gantry_deg: state.machine.gantry_deg.rem_euclid(360.0),
            couch_deg: state.machine.couch_deg.rem_euclid(360.0),
            mu: state.mu,
            dose_gy_max: self.painter.max_gy(),
            spots: state.delivered.spots as f64 + state.delivered.part_of_next,
            answer,
            detail,
        }
    }
}
