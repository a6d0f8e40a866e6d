//! What the panels show and what they answer. Pure data: the views are tested without a renderer.

use super::PanelKind;
use bevy::prelude::Resource;
use bevy_egui::egui::{Id, Pos2};
use vestibule_scenario::Action;

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
    pub open_hint: String,
    pub dose: String,
}

/// What somebody did on a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// To the session.
    Session(Action),
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
    /// The pressable thing under the pointer.
    pub hot: Option<Id>,
    /// The same for each panel: main, foot.
    pub hots: [Option<Id>; 2],
    /// Gaze pointer and how far its dwell has come, 0 to 1.
    pub gaze: Option<(PanelKind, Pos2, f32)>,
    /// Names and places of everything that could be pressed when the panel was last drawn, points.
    pub places: Vec<(String, Pos2)>,
    /// What was done since somebody last took it away.
    pub acts: Vec<Act>,
}
