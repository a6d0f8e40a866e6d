//! Where a session is, what can be done to it, and what it tells. Data only.

use crate::question::{Choice, QuestionKind, Reply};
use crate::room::{MachinePose, Posture, Room, SoundSource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that an app shows. It changes only by [`crate::Session::advance`] and [`crate::Session::act`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionState {
    /// The session's own clock, seconds. It stands still in a pause and at every question.
    pub time_s: f64,
    /// Seconds of wear: the clock and the time at questions, pauses not counted.
    pub wear_s: f64,
    /// Everything since the start, pauses counted, seconds.
    pub elapsed_s: f64,
    /// Name of the step.
    pub step: String,
    /// Text key of the step's title.
    pub step_title: String,
    /// Its place among all steps of the journey (the road's first, then those beside it).
    pub step_index: usize,
    /// Steps of the road, not counting those beside it.
    pub step_count: usize,
    /// Clock since the step was entered, seconds.
    pub step_time_s: f64,
    /// The steps that follow on the road, by name.
    pub upcoming: Vec<String>,
    /// In a pause.
    pub paused: bool,
    /// How it ended; None while it goes on.
    pub finished: Option<Ending>,
    /// Part of the building: the viewpoint's `place`. Empty before the first.
    pub place: String,
    /// Name of the viewpoint in the room. It changes only while `fade` is 1. Empty before the first.
    pub viewpoint: String,
    /// 0 = clear, 1 = dark.
    pub fade: f64,
    /// Pose of everything that moves.
    pub machine: MachinePose,
    /// True while any of it moves.
    pub moving: bool,
    /// The beam that is on, or None.
    pub beam: Option<BeamNow>,
    /// What has been delivered of the fraction, in plan order.
    pub delivered: Delivered,
    /// Monitor units delivered so far in the fraction.
    pub mu: f64,
    /// The open question or last word; None when nothing is to be read.
    pub panel: Option<Panel>,
    /// Text key of what is being said, or None.
    pub caption: Option<String>,
    /// Staff who can be seen, where they are now.
    pub staff: Vec<StaffPose>,
    /// Where the mask is.
    pub mask: Mask,
    /// How the patient is placed.
    pub patient: Posture,
    /// The patient's own inside is shown (only for who chose it).
    pub anatomy_shown: bool,
    /// A named thing that is shown (`reference`, `xray`, `beams`, `camera`), or empty.
    pub shown: String,
    /// Light of the room, 0 to 1.
    pub light: f64,
    /// Loudness the person chose, 0 to 1.
    pub volume: f32,
    /// What the person chose.
    pub choices: Choices,
    /// Latest reply to each question.
    pub answers: BTreeMap<String, Reply>,
}

impl SessionState {
    /// Before anything has happened: the machine at rest, nobody there, dark.
    pub(crate) fn before(room: &Room) -> Self {
        Self {
            time_s: 0.0,
            wear_s: 0.0,
            elapsed_s: 0.0,
            step: String::new(),
            step_title: String::new(),
            step_index: 0,
            step_count: 0,
            step_time_s: 0.0,
            upcoming: Vec::new(),
            paused: false,
            finished: None,
            place: String::new(),
            viewpoint: String::new(),
            fade: 1.0,
            machine: room.rest,
            moving: false,
            beam: None,
            delivered: Delivered::default(),
            mu: 0.0,
            panel: None,
            caption: None,
            staff: Vec::new(),
            mask: Mask::Off,
            patient: Posture::Seated,
            anatomy_shown: false,
            shown: String::new(),
            light: 1.0,
            volume: 0.0,
            choices: Choices::default(),
            answers: BTreeMap::new(),
        }
    }
}

/// A beam that is on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeamNow {
    /// Its place in the plan, from 0.
    pub beam: usize,
    /// Beams in the plan.
    pub beams: usize,
    /// Beam Name of the plan.
    pub name: String,
    /// Layer, from 0, in the plan's order.
    pub layer: usize,
    /// Layers in this beam.
    pub layers: usize,
    /// Energy of the layer, MeV.
    pub energy_mev: f64,
    /// Position of the spot on the isocentre plane, IEC gantry x and y, mm.
    pub spot_mm: [f64; 2],
    /// How much of the beam has been told, 0 to 1.
    pub progress: f64,
    /// Of a beam that is not scanned, how much of its meterset is delivered (0 to 1), and where it is between its control points, from
    /// 0. `layer` counts those, and `energy_mev` is the accelerating potential, MV.
    #[serde(default)]
    pub unscanned: Option<[f64; 2]>,
}

/// A prefix of the plan's spots over all beams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// Whole spots.
    pub spots: usize,
    /// Fraction of the next one, 0 to 1.
    pub part_of_next: f64,
}

/// What is to be read and answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Panel {
    /// Question's name; None for the last word.
    pub question: Option<String>,
    /// Text key.
    pub text: String,
    /// How it is answered.
    pub kind: QuestionKind,
}

impl Panel {
    /// Its options or chips.
    pub fn options(&self) -> &[Choice] {
        match &self.kind {
            QuestionKind::Choice(c) | QuestionKind::Open { chips: c, .. } => c,
            _ => &[],
        }
    }
}

/// A member of staff now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StaffPose {
    /// Name in the room.
    pub who: String,
    /// Feet, room frame, metres.
    pub at_m: [f64; 3],
    /// Degrees clockwise seen from above, 0 = towards the gantry.
    pub heading_deg: f64,
    /// What they do.
    pub doing: Doing,
}

/// What a member of staff does.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub enum Doing {
    /// Stands and looks at the patient.
    #[default]
    Looks,
    /// Speaks to the patient.
    Speaks,
    /// Works with the hands.
    Works,
    /// Waves or greets.
    Greets,
    /// Sits at the desk and watches the screens.
    Watches,
    /// Walks.
    Walks,
    /// Holds out the card with the scale from 0 to 10.
    Asks,
    /// Holds the mask that was taken off; see [`Mask::Carried`].
    Carries,
}

/// Where the mask is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub enum Mask {
    /// On its hook.
    #[default]
    Off,
    /// In the hands.
    Held,
    /// Taken off, in the hands of whoever carries it.
    Carried,
    /// On the face, not yet fixed.
    Laid,
    /// Fixed to the table with this many clips.
    Fixed(u8),
}

/// How much the patient wants to be told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum Information {
    /// Just reassure me.
    Reassure,
    /// Tell me.
    #[default]
    Tell,
    /// Show me everything.
    Everything,
}

/// Where panels sit, for a lost visual field.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub enum PanelSide {
    /// Left of the middle.
    Left,
    /// In the middle.
    #[default]
    Centre,
    /// Right of the middle.
    Right,
}

/// What the person chose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// How much is told.
    pub information: Information,
    /// Opted in to see one's own inside.
    pub anatomy: bool,
    /// Where panels sit.
    pub panel_side: PanelSide,
    /// Pictures for yes and no.
    pub pictures: bool,
}

/// One choice, changed at any time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chosen {
    /// How much is told.
    Information(Information),
    /// Seeing one's own inside.
    Anatomy(bool),
    /// Where panels sit.
    PanelSide(PanelSide),
    /// Pictures for yes and no.
    Pictures(bool),
}

/// What can be done to a session. Everything but `Stop`, `Pause` and `SetVolume` is ignored where it makes no sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Goes on from a note.
    Continue,
    /// Answers the open question.
    Answer(Reply),
    /// Stops the clock and the beam.
    Pause,
    /// Goes on after a pause.
    Resume,
    /// Ends it at once.
    Stop,
    /// Ends it from the staff's side.
    End,
    /// To the end of the step, as if it had been played.
    Skip,
    /// Back to the beginning of the step.
    Repeat,
    /// Loudness, 0 to 1; anything else is brought into the range.
    SetVolume(f32),
    /// Changes a choice.
    Choose(Chosen),
    /// The patient calls: a hand, a bulb, a button.
    Call,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Played to its end.
    Completed,
    /// The person stopped it.
    Stopped,
    /// The person said that it was uncomfortable.
    Discomfort,
    /// The gentle ending after ten minutes of wear.
    Gentle,
    /// Twelve minutes of wear.
    TimeOver,
    /// Twenty minutes with pauses.
    HardStop,
    /// Staff ended it.
    EndedByStaff,
}

/// What a session tells. Each happens once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are explained at their variant")]
pub enum Event {
    /// A step begins.
    StepEntered { step: String },
    /// The rest of a step was passed over.
    StepSkipped { step: String },
    /// A step begins again.
    StepRepeated { step: String },
    /// A question opens.
    Asked { question: String },
    /// A question was answered; `keep` says whether the store keeps it.
    Answered { question: String, reply: Reply, keep: bool },
    /// A reply did not fit the question, which stays open.
    Refused { question: String, why: String },
    /// A line is said: text key, and for how many seconds it is captioned.
    Narrate { key: String, seconds: f64 },
    /// A sound of the room.
    Sound { name: String, from: SoundSource, phase: SoundPhase },
    /// The viewpoint changed, in the dark.
    Placed { viewpoint: String },
    /// The machine began to move.
    MotionStarted,
    /// The machine stands still.
    MotionEnded,
    /// A beam goes on.
    BeamOn { beam: usize },
    /// A layer begins.
    Layer { beam: usize, layer: usize, energy_mev: f64 },
    /// A beam is over.
    BeamOff { beam: usize },
    /// Staff are told, with a reason as a text key.
    StaffAlert { reason: String },
    /// In a pause now.
    Paused,
    /// On again.
    Resumed,
    /// A choice changed.
    Chose { chosen: Chosen },
    /// It is over.
    Finished { how: Ending },
}

/// What happens to a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SoundPhase {
    /// Once, from beginning to end.
    Once,
    /// Begins and runs on.
    Start,
    /// Stops.
    Stop,
}
