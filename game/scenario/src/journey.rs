//! A journey as data: steps made of beats, questions, conditions, jumps and limits of time.

use crate::condition::Condition;
use crate::question::Question;
use crate::room::Posture;
use crate::scene_file::{SceneError, from_ron};
use crate::state::{Doing, Ending, Mask};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One journey, read from `scenes/journeys/NAME.ron`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// Same as the file's name without its ending.
    pub id: String,
    /// Text key of its title.
    pub title: String,
    /// Name of its room under `scenes/rooms`.
    pub room: String,
    /// Name of the staff's checklist under `assets/questionnaires`; None for none.
    #[serde(default)]
    pub checklist: Option<String>,
    /// Limits of time.
    pub limits: Limits,
    /// Questions that come by the time of wear, wherever one is.
    #[serde(default)]
    pub interruptions: Vec<Interruption>,
    /// Everything that is asked.
    pub questions: Vec<Question>,
    /// The road, in order.
    pub steps: Vec<Step>,
    /// Steps beside the road, reached only by a jump.
    #[serde(default)]
    pub asides: Vec<Step>,
    /// What is said on the last panel, by the way it ended; text keys.
    pub closings: BTreeMap<Ending, String>,
    /// Demonstration answers for play without a person.
    #[serde(default)]
    pub demonstration: Vec<DemoAnswer>,
}

/// Limits of time, seconds of wear (pauses not counted unless said).
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Planned length of the whole, seconds. Range 60 to 600.
    pub planned_s: f64,
    /// When the gentle ending begins. At most 600.
    pub gentle_s: f64,
    /// When it is over whatever happens. At most 720.
    pub over_s: f64,
    /// Hard stop with pauses counted. At most 1200.
    pub hard_s: f64,
    /// Step with which the gentle ending begins.
    pub gentle_step: String,
    /// Steps that are an ending already, where the gentle one does not cut in.
    #[serde(default)]
    pub endings: Vec<String>,
}

/// A question that comes by the time of wear.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Interruption {
    /// Fraction of the planned length, 0 to 1.
    pub at: f64,
    /// Question to ask.
    pub ask: String,
    /// Jumps on the answer; the first whose condition holds is taken.
    #[serde(default)]
    pub then: Vec<Go>,
}

/// A jump.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Go {
    /// Taken when this holds.
    #[serde(default)]
    pub when: Condition,
    /// To this step.
    pub to: String,
    /// What the ending will be called when it was reached this way.
    #[serde(default)]
    pub because: Option<Ending>,
}

/// One step.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name: what `capture --at` and the log call it.
    pub id: String,
    /// Text key of its title, for the clinician's list.
    pub title: String,
    /// What happens, in order.
    pub beats: Vec<Beat>,
    /// Jumps at its end; the first whose condition holds is taken, else the next step of the road follows.
    #[serde(default)]
    pub then: Vec<Go>,
    /// The journey ends after this step.
    #[serde(default)]
    pub last: bool,
}

/// What can happen in a step. Text keys that begin with `say-` are spoken and captioned.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub enum Beat {
    /// Says a line and waits for its seconds.
    Say(String, f64),
    /// Says a line without waiting; lines queue.
    Over(String, f64),
    /// Waits, seconds.
    Wait(f64),
    /// Waits until what is being said is said.
    Hush,
    /// Asks; the clock stops until the answer is there.
    Ask(String),
    /// Fades out, changes the viewpoint, fades in.
    Place(String),
    /// Starts to move the machine and goes on at once.
    Move(Vec<Target>),
    /// Waits until the machine stands still.
    Settle,
    /// Delivers the beam in scope: first brings the machine to the beam's own angles, then spot by spot.
    Deliver {
        /// Told in true time or shorter.
        #[serde(default)]
        tempo: Tempo,
        /// Lines said on the way: fraction of the beam (0 to 1), text key, seconds.
        #[serde(default)]
        says: Vec<(f64, String, f64)>,
    },
    /// Puts a member of staff somewhere at once: who, station, what they do.
    Staff(String, String, Doing),
    /// Lets a member of staff walk through stations, and then do something. Goes on at once.
    Walk(String, Vec<String>, Doing),
    /// A member of staff is not to be seen.
    Gone(String),
    /// How the patient is placed.
    Patient(Posture),
    /// Where the mask is.
    Mask(Mask),
    /// Shows the inside of the patient, for who chose to see it.
    Anatomy(bool),
    /// Shows or hides a named thing (`xray`, `camera`); empty hides.
    Show(String),
    /// Light of the room, 0 to 1.
    Light(f64),
    /// Plays a sound of the room once.
    Sound(String),
    /// Tells the staff, and writes it down: a reason as a text key.
    Alert(String),
    /// Only when a condition holds.
    When(Condition, Vec<Beat>),
    /// For the plan's first beam, or for each of the others.
    Beams(BeamRange, Vec<Beat>),
}

/// Which beams of the plan, in plan order.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum BeamRange {
    /// The first.
    First,
    /// All but the first.
    Rest,
    /// All.
    All,
}

/// How long a beam is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
pub enum Tempo {
    /// As long as it lasts.
    #[default]
    True,
    /// This many times faster.
    Times(f64),
    /// In at most this many seconds.
    Within(f64),
}

/// Where a part of the machine goes.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub enum Target {
    /// Gantry to an IEC angle, degrees.
    Gantry(f64),
    /// Gantry, couch and snout to where the beam in scope wants them.
    Beam,
    /// Couch to a named position of the room.
    Couch(String),
    /// Couch by a few millimetres along IEC x, y, z.
    Nudge([f64; 3]),
    /// X-ray panels, 0 folded to 1 out.
    Imagers(f64),
    /// Snout, metres from the isocentre.
    Snout(f64),
    /// Door, 0 shut to 1 open.
    Door(f64),
}

/// One demonstration answer.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DemoAnswer {
    /// Question it answers.
    pub question: String,
    /// The reply.
    pub reply: crate::question::Reply,
}

impl Journey {
    /// Reads a journey.
    ///
    /// # Errors
    /// What is not RON or not a journey, with its line.
    pub fn from_ron(text: &str) -> Result<Self, SceneError> {
        from_ron(text)
    }

    /// The road's steps, then those beside it.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.asides)
    }

    /// A question by name.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.id == id)
    }
}
