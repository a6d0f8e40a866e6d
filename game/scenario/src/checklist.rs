//! The staff's checklist before the headset, as data.

use crate::scene_file::{SceneError, from_ron};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A checklist, read from `assets/questionnaires/NAME.ron`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Same as the file's name without its ending.
    pub id: String,
    /// Text key.
    pub title: String,
    /// What is checked, in order.
    pub items: Vec<CheckItem>,
}

/// One item: a sentence that is true when all is well.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    /// Its name in the kept answer.
    pub id: String,
    /// Text key, phrased so that "yes" means that nothing stands in the way.
    pub text: String,
    /// What a "no" means.
    pub if_no: IfNo,
    /// Answer for demonstration.
    #[serde(default = "yes")]
    pub demonstration: bool,
}

fn yes() -> bool {
    true
}

/// What a "no" means.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum IfNo {
    /// Written down, and the headset is still offered.
    Note,
    /// The window instead of the headset.
    Window,
    /// Not now: the session does not begin.
    NotNow,
}

/// What follows from a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Clearance {
    /// The headset is offered.
    Headset,
    /// The window instead, because of these items.
    Window(Vec<String>),
    /// Not now, because of these items.
    NotNow(Vec<String>),
}

impl Checklist {
    /// Reads a checklist.
    ///
    /// # Errors
    /// What is not RON or not a checklist, with its line.
    pub fn from_ron(text: &str) -> Result<Self, SceneError> {
        from_ron(text)
    }

    /// Judges the answers. An item without an answer counts as "no".
    pub fn judge(&self, answers: &BTreeMap<String, bool>) -> Clearance {
        let no = |kind| -> Vec<String> {
            self.items
                .iter()
                .filter(|i| i.if_no == kind && !answers.get(&i.id).copied().unwrap_or(false))
                .map(|i| i.id.clone())
                .collect()
        };
        let (not_now, window) = (no(IfNo::NotNow), no(IfNo::Window));
        if !not_now.is_empty() {
            Clearance::NotNow(not_now)
        } else if !window.is_empty() {
            Clearance::Window(window)
        } else {
            Clearance::Headset
        }
    }

    /// The demonstration answers.
    pub fn demonstration(&self) -> BTreeMap<String, bool> {
        self.items.iter().map(|i| (i.id.clone(), i.demonstration)).collect()
    }
}
