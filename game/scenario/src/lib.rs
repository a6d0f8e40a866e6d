//! Scenes and rooms as data: schema, checks, and the step machine that plays a session.

pub mod check;
mod checklist;
mod computes;
mod condition;
mod control_points;
mod controls;
pub mod delivery;
mod ground;
pub mod inspect;
mod journey;
mod library;
mod motion;
mod player;
mod prepare;
mod prepare_photons;
mod question;
mod review;
mod room;
mod scene_file;
mod session;
mod state;
mod store_keeper;
mod texts;

pub use checklist::{CheckItem, Checklist, Clearance, IfNo};
pub use computes::Computes;
pub use condition::Condition;
pub use control_points::{GENERIC_LINAC, LinacSpeeds};
pub use controls::{Control, Controls};
pub use delivery::{Delivery, DeliveryBeam, DeliverySpot};
pub use journey::{BeamRange, Beat, DemoAnswer, Go, Interruption, Journey, Limits, Step, Target, Tempo};
pub use library::{Library, OpenError};
pub use player::{AnswerLine, AnswerRecord, KeepError, Keeper, LogLine, MemoryKeeper, Painter, Player};
pub use prepare::{PrepareError, Prepared, ray_probe};
pub use prepare_photons::PreparedPhotons;
pub use question::{Choice, Question, QuestionKind, Reply, Sets};
pub use review::{REVIEW_SPEEDS, Review};
pub use room::{
    Axis, CouchPosition, Kinematics, MachinePose, Models, Person, Posture, Room, RoomSound, Screen, ScreenPicture,
    Signal, Site, SoundSource, Station, Viewpoint, WatchCamera,
};
pub use scene_file::SceneError;
pub use session::{FADE_S, Session, SessionError, SessionOptions};
pub use state::{
    Action, BeamNow, Choices, Chosen, Delivered, Doing, Ending, Event, Information, Mask, Panel, PanelSide,
    SessionState, SoundPhase, StaffPose,
};
pub use store_keeper::StoreKeeper;
pub use texts::{Lang, Texts, TextsError};
