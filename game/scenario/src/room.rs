//! A treatment room as data: what stands where, how fast it moves, where one can be, and what the department does its own way.

use crate::scene_file::{SceneError, from_ron};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One room, read from `scenes/rooms/NAME.ron`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Same as the file's name without its ending.
    pub id: String,
    /// Text key of the room's name.
    pub title: String,
    /// Height of the isocentre over the floor, metres. Range 0.5 to 2.
    pub isocentre_height_m: f64,
    /// What is drawn, and the baked light that goes with it. Paths are relative to `assets/`.
    pub models: Models,
    /// Where one can be, by name.
    pub viewpoints: BTreeMap<String, Viewpoint>,
    /// Screens that show something of the session.
    #[serde(default)]
    pub screens: Vec<Screen>,
    /// Cameras that keep watch, by name.
    #[serde(default)]
    pub cameras: BTreeMap<String, WatchCamera>,
    /// Where members of staff can stand, by name.
    pub stations: BTreeMap<String, Station>,
    /// Who works here.
    pub staff: Vec<Person>,
    /// Limits and speeds of everything that moves.
    pub kinematics: Kinematics,
    /// Named places of the couch, relative to the treatment position.
    pub couch_positions: BTreeMap<String, CouchPosition>,
    /// Machine pose before anything has happened.
    pub rest: MachinePose,
    /// Sounds of the room by name; files relative to `assets/`.
    pub sounds: BTreeMap<String, RoomSound>,
    /// What this department does its own way. Every field is one to fill on a visit.
    pub site: Site,
}

/// Files of a room, relative to `assets/`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// The room and its machine, glTF binary with named moving nodes.
    pub room: String,
    /// Baked light of what never moves.
    pub lightmap: String,
    /// Baked occlusion of what moves.
    pub occlusion: String,
    /// Irradiance volume that lights what moves.
    pub volume: String,
    /// Reflection probe, prefiltered.
    pub specular: String,
    /// The probe's diffuse part.
    pub diffuse: String,
    /// Box of the irradiance volume in the room frame, metres: lowest and highest corner.
    pub volume_box_m: [[f64; 3]; 2],
    /// Where the probe was taken, room frame, metres.
    pub probe_at_m: [f64; 3],
}

/// One place to be, in the room frame (metres, Y up, gantry at −Z).
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Viewpoint {
    /// Which part of the building: `corridor`, `room`, `control`.
    pub place: String,
    /// Eyes, metres.
    pub eye_m: [f64; 3],
    /// What they look at, metres.
    pub look_at_m: [f64; 3],
    /// Exposure relative to the room's, in stops (EV). Default 0.
    #[serde(default)]
    pub exposure_ev: f64,
    /// How the viewer is placed.
    pub posture: Posture,
    /// Whether the patient's own body is drawn below the eyes.
    #[serde(default)]
    pub own_body: bool,
    /// Whether the patient's figure is drawn on the couch, seen from outside.
    #[serde(default)]
    pub figure: bool,
    /// Centre of the panel in front of the viewer, metres; None: 1.6 m straight ahead.
    #[serde(default)]
    pub panel_m: Option<[f64; 3]>,
}

/// How somebody is placed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub enum Posture {
    /// On a chair.
    #[default]
    Seated,
    /// On two feet.
    Standing,
    /// On the couch, on the back.
    Lying,
}

/// A screen in the room.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// What it shows, and when.
    pub shows: ScreenPicture,
    /// Middle of the picture, room frame, metres.
    pub at_m: [f64; 3],
    /// Where it faces: degrees clockwise seen from above, 0 = towards the gantry (−Z).
    pub heading_deg: f64,
    /// Width and height of the picture, metres.
    pub size_m: [f64; 2],
    /// Its case is drawn too; false where the room's model has one.
    #[serde(default)]
    pub case: bool,
}

/// What a screen shows.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub enum ScreenPicture {
    /// The patient's own pictures: the same views of the planning scan while the session shows `reference`, the X-ray
    /// pictures while it shows `xray`, which beam is on and how far while it shows `beams`; a greeting otherwise.
    Xray,
    /// What this camera sees while the session shows `camera`; what the room's model has there otherwise.
    Camera(String),
}

/// A camera in the ceiling, with its light.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct WatchCamera {
    /// Where it hangs, room frame, metres.
    pub at_m: [f64; 3],
    /// What it looks at, metres.
    pub look_at_m: [f64; 3],
    /// Horizontal field of view, degrees. Range 10 to 120.
    pub field_deg: f64,
}

/// Where a member of staff stands.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Feet, room frame, metres.
    pub at_m: [f64; 3],
    /// Where they face: degrees clockwise seen from above, 0 = towards the gantry (−Z).
    pub heading_deg: f64,
}

/// A member of staff.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name inside scenes.
    pub id: String,
    /// Text key of the role.
    pub role: String,
    /// Model, relative to `assets/`.
    pub model: String,
}

/// One moving axis: limits, greatest speed and acceleration, in the axis's own unit (degrees, metres or 0 to 1) and seconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Greatest speed, units per second; > 0.
    pub speed: f64,
    /// Acceleration, units per second²; > 0.
    pub acceleration: f64,
}

/// All axes of the room.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Kinematics {
    /// Gantry, degrees. At most one turn a minute: 6 °/s.
    pub gantry: Axis,
    /// Couch turn (patient support), degrees.
    pub couch: Axis,
    /// Table-top travel along each axis, metres.
    pub couch_travel: Axis,
    /// Table-top pitch and roll, degrees.
    pub couch_tilt: Axis,
    /// X-ray panels: 0 folded, 1 out.
    pub imagers: Axis,
    /// Snout: distance from the isocentre to its downstream side, metres.
    pub snout: Axis,
    /// Door: 0 shut, 1 open.
    pub door: Axis,
    /// How fast people walk, metres per second.
    pub walking_m_per_s: f64,
}

/// A named place of the couch.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CouchPosition {
    /// IEC 61217 patient support angle, degrees.
    pub turn_deg: f64,
    /// Table top relative to the treatment position, IEC fixed axes (x right, y to the gantry, z up), metres.
    pub top_m: [f64; 3],
}

/// A sound of the room.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RoomSound {
    /// File relative to `assets/`.
    pub file: String,
    /// Where it comes from.
    pub from: SoundSource,
}

/// Where a sound comes from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum SoundSource {
    /// The gantry and its drive.
    Gantry,
    /// The end of the nozzle.
    Nozzle,
    /// The couch's arm.
    Couch,
    /// The X-ray panels.
    Imagers,
    /// The door.
    Door,
    /// The mask.
    Mask,
    /// The loudspeaker in the ceiling.
    Ceiling,
    /// Everywhere: the tone of the room.
    Around,
}

/// Pose of everything that moves.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MachinePose {
    /// IEC 61217 gantry angle, degrees, within the axis's limits (so −90 and not 270 where the gantry turns ±180).
    pub gantry_deg: f64,
    /// IEC 61217 patient support angle, degrees, within the axis's limits.
    pub couch_deg: f64,
    /// Table top relative to the treatment position, IEC fixed axes (x right, y to the gantry, z up), metres.
    pub couch_top_m: [f64; 3],
    /// Table-top pitch about Xt, degrees.
    pub couch_pitch_deg: f64,
    /// Table-top roll about Yt, degrees.
    pub couch_roll_deg: f64,
    /// X-ray panels: 0 folded, 1 out.
    pub imagers: f64,
    /// Distance from the isocentre to the snout's downstream side, metres.
    pub snout_m: f64,
    /// Door: 0 shut, 1 open.
    pub door: f64,
}

/// How a patient calls.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum Signal {
    /// Raise a hand.
    Hand,
    /// Press the call bulb.
    Bulb,
    /// Press a button.
    Button,
}

/// What a department does its own way.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// How the patient calls.
    pub signal: Signal,
    /// A bell rings when the last member of staff leaves.
    pub bell: bool,
    /// Music plays.
    pub music: bool,
    /// The team hears the patient (false: it only sees them).
    pub heard: bool,
    /// The beam serves several rooms, so that one waits for it.
    pub beam_queue: bool,
    /// The door is a maze without a leaf.
    pub maze: bool,
    /// Eyes stay open in the mask.
    pub open_mask: bool,
    /// Measured on site: seconds to free a patient from the mask; None until measured, and then no number is said.
    pub seconds_to_free: Option<u32>,
    /// Who may come along to the door, as a text key.
    pub companion: String,
    /// Usual minutes in the room, lowest and highest.
    pub minutes_in_room: [u32; 2],
    /// Telephone for questions; empty until filled.
    pub phone: String,
}

impl Site {
    /// A setting as a word, for conditions: `hand`, `bulb`, `button`, `yes`, `no`. None for a name that is no setting.
    pub fn value(&self, name: &str) -> Option<&'static str> {
        let yes = |b: bool| Some(if b { "yes" } else { "no" });
        match name {
            "signal" => Some(match self.signal {
                Signal::Hand => "hand",
                Signal::Bulb => "bulb",
                Signal::Button => "button",
            }),
            "bell" => yes(self.bell),
            "music" => yes(self.music),
            "heard" => yes(self.heard),
            "beam_queue" => yes(self.beam_queue),
            "maze" => yes(self.maze),
            "open_mask" => yes(self.open_mask),
            _ => None,
        }
    }
}

impl Room {
    /// Reads a room.
    ///
    /// # Errors
    /// What is not RON or not a room, with its line.
    pub fn from_ron(text: &str) -> Result<Self, SceneError> {
        from_ron(text)
    }
}
