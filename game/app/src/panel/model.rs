//! What the panels show and what they answer. Pure data: the views are tested without a renderer.

use super::PanelKind;
use bevy::prelude::Resource;
use bevy_egui::egui::{Id, Pos2};
use vestibule_scenario::{Action, Reply};

/// One option, chip or end of a scale in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Option_ {
    /// Its name in the kept answer.
    pub id: String,
    /// Its words.
    pub text: String,
    /// Picture for who cannot read; empty for none.
    pub picture: String,
}

/// What the main panel is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Main {
    /// Nothing to read.
    #[default]
    None,
    /// A text and one button.
    Note {
        /// Words.
        text: String,
    },
    /// A whole number.
    Scale {
        /// Words.
        text: String,
        /// Lowest.
        from: i32,
        /// Highest.
        to: i32,
        /// Words at the lowest.
        low: String,
        /// Words at the highest.
        high: String,
    },
    /// One of some.
    Choice {
        /// Words.
        text: String,
        /// Options.
        options: Vec<Option_>,
    },
    /// Any of some.
    Open {
        /// Words.
        text: String,
        /// Chips.
        chips: Vec<Option_>,
        /// It may be said, too.
        voice: bool,
        /// Staff may write it.
        typed: bool,
    },
    /// The session rests.
    Menu,
    /// It is over.
    Over {
        /// Last words; empty if there are none.
        text: String,
    },
}

/// Words of the panels themselves, in the language of the session.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "each is the text of the key app-NAME")]
pub struct Labels {
    pub cont: String,
    pub choose: String,
    pub decline: String,
    pub pause: String,
    pub quieter: String,
    pub stop: String,
    pub resume: String,
    pub repeat: String,
    pub recentre: String,
    pub larger: String,
    pub call: String,
    pub menu_title: String,
    pub menu_text: String,
    pub over: String,
    pub leave: String,
    pub open_hint: String,
    pub dose: String,
    pub more: String,
    pub say: String,
    pub say_stop: String,
    pub say_listening: String,
    pub say_kept: String,
    pub say_again: String,
    pub say_drop: String,
    pub say_missing: String,
    pub say_failed: String,
    pub typed: String,
}

/// What somebody does with their voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// Begins, or begins again.
    Start,
    /// That is all.
    Stop,
    /// Not to be kept.
    Drop,
}

/// What is shown of the voice.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum VoiceShown {
    /// Nothing was said.
    #[default]
    Idle,
    /// It listens.
    Listening {
        /// For how long.
        seconds: f32,
        /// How loud, 0 to 1.
        level: f32,
    },
    /// It is in the store.
    Kept {
        /// How long it is.
        seconds: f32,
    },
    /// There is no microphone.
    Missing,
    /// It could not be kept.
    Failed,
}

impl VoiceShown {
    /// A word for the event lines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Listening { .. } => "listening",
            Self::Kept { .. } => "kept",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// What somebody did on a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// To the session.
    Session(Action),
    /// The voice.
    Say(Say),
    /// Less loud.
    Quieter,
    /// Brings the view in front of the person.
    Recentre,
    /// Writes larger, or not.
    Larger,
    /// Leaves at the end.
    Leave,
}

/// Everything that the panels show.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct PanelModel {
    /// The main panel.
    pub main: Main,
    /// What is being said; empty for nothing.
    pub caption: String,
    /// What the dose on show is worth; empty while there is none.
    pub dose: String,
    /// Words of the panels themselves.
    pub labels: Labels,
    /// Size factor of all type: 1, or [`crate::tokens::LARGE`].
    pub size: f32,
    /// Number chosen on a scale, not yet confirmed.
    pub number: Option<i32>,
    /// Options chosen, not yet confirmed.
    pub chosen: Vec<String>,
    /// Page of a question whose answers do not fit on one, from 0.
    pub page: usize,
    /// What can be done with a voice that is kept is on show.
    pub voice_page: bool,
    /// The voice of the open question.
    pub voice: VoiceShown,
    /// What staff have written for the person.
    pub typed: String,
    /// The pressable thing under the pointer.
    pub hot: Option<Id>,
    /// Its name.
    pub hot_name: String,
    /// The same for each panel: main, foot.
    pub hots: [Option<Id>; 2],
    /// Gaze pointer and how far its dwell has come, 0 to 1.
    pub gaze: Option<(PanelKind, Pos2, f32)>,
    /// Names and places of everything that could be pressed when the panel was last drawn, points.
    pub places: Vec<(String, Pos2)>,
    /// Which panel is being drawn.
    pub drawing: PanelKind,
    /// The same names and places for each panel: main, foot.
    pub reach: [Vec<(String, Pos2)>; 2],
    /// The thing that the keyboard is on.
    pub focus: Option<(PanelKind, String)>,
    /// The thing that the keyboard presses.
    pub press: Option<(PanelKind, String)>,
    /// Points of the answers' type when they were last drawn.
    #[cfg(test)]
    pub smallest_type: f32,
    /// In a window, which somebody must be able to close.
    pub window: bool,
    /// What was done since somebody last took it away.
    pub acts: Vec<Act>,
}

impl PanelModel {
    /// The answer to an open question as it stands; the voice is named by who keeps it.
    pub fn open_reply(&self) -> Act {
        let reply = Reply::Open { chips: self.chosen.clone(), typed: self.typed.trim().to_owned(), voice: None };
        Act::Session(Action::Answer(reply))
    }
}
