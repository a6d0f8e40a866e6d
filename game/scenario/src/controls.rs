//! What the buttons of a headset's controllers and the keys of a keyboard do: a file that a department edits.

use crate::scene_file::{SceneError, from_ron, line_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file as it is shipped.
const SHIPPED: &str = include_str!("../../../scenes/controls.ron");

/// What somebody can do with a button or a key. Those from [`Control::Play`] on are of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Control {
    /// Presses and drags what is pointed at. Right hand.
    Select,
    /// Opens the menu.
    Menu,
    /// Holds the patient. Either hand.
    Grab,
    /// Scrolls, or goes from slice to slice: up is positive. Right hand.
    Scroll,
    /// Sets a measuring point: where the laser points, by a key at the cross.
    Mark,
    /// Plays and pauses.
    Play,
    /// Goes to the hottest point.
    Hottest,
    /// Takes the measuring points away.
    Clear,
    /// One axial slice towards the head.
    SliceUp,
    /// One axial slice towards the feet.
    SliceDown,
    /// Charts come and go.
    Charts,
    /// The volume comes and goes.
    Volume,
    /// Another dose beside this one comes and goes.
    Compare,
    /// The plane askew alone at the desk, and back.
    Askew,
    /// Pins a note at the cross.
    Note,
    /// Keeps the view.
    Bookmark,
    /// Takes a picture.
    Picture,
    /// Takes the last change back.
    Undo,
    /// Does it again.
    Redo,
    /// Larger text on the boards, and back.
    Larger,
}

impl Control {
    /// What both a button and a key can ask of a review, at once and without a hand that points.
    pub const OF_REVIEW: [Self; 15] = [
        Self::Play,
        Self::Hottest,
        Self::Clear,
        Self::SliceUp,
        Self::SliceDown,
        Self::Charts,
        Self::Volume,
        Self::Compare,
        Self::Askew,
        Self::Note,
        Self::Bookmark,
        Self::Picture,
        Self::Undo,
        Self::Redo,
        Self::Larger,
    ];

    /// Whether a key can do it: what points, holds and scrolls needs a hand.
    fn by_key(self) -> bool {
        self == Self::Mark || Self::OF_REVIEW.contains(&self)
    }
}

/// A key, alone or with Ctrl (Command on a Mac).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// With Ctrl.
    pub ctrl: bool,
    /// Its name: `A`, `7`, `F5`, `Space`, `PageUp`.
    pub name: String,
}

impl Key {
    /// Reads `Space` or `Ctrl+Z`.
    fn read(text: &str) -> Option<Self> {
        let (ctrl, name) = text.strip_prefix("Ctrl+").map_or((false, text), |name| (true, name));
        let sign = name.len() == 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let function = name.strip_prefix('F').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=12).contains(&n));
        (sign || function || Controls::KEYS.contains(&name)).then(|| Self { ctrl, name: name.to_owned() })
    }
}

fn shipped_keys() -> BTreeMap<Control, Vec<String>> {
    // a file of before there were keys has those that are shipped
    from_ron::<Controls>(SHIPPED).map(|c| c.keys).unwrap_or_default()
}

/// For each interaction profile of OpenXR (without `/interaction_profiles/`), which parts of the controller do what
/// (without `/user/hand/`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// By profile.
    pub profiles: BTreeMap<String, BTreeMap<Control, Vec<String>>>,
    /// Which keys do what at the desk: `Space`, `Ctrl+Z`.
    #[serde(default = "shipped_keys")]
    pub keys: BTreeMap<Control, Vec<String>>,
}

/// See [`Controls::parts`].
fn parts(profile: &str) -> Option<[&'static [&'static str]; 2]> {
    const INDEX: &[&str] = &[
        "system/click",
        "system/touch",
        "a/click",
        "a/touch",
        "b/click",
        "b/touch",
        "squeeze/value",
        "squeeze/force",
        "trigger/click",
        "trigger/value",
        "trigger/touch",
        "thumbstick/x",
        "thumbstick/y",
        "thumbstick/click",
        "thumbstick/touch",
        "trackpad/x",
        "trackpad/y",
        "trackpad/force",
        "trackpad/touch",
    ];
    match profile {
        "khr/simple_controller" => Some([&["select/click", "menu/click"]; 2]),
        "oculus/touch_controller" => Some([
            &[
                "a/click",
                "a/touch",
                "b/click",
                "b/touch",
                "system/click",
                "squeeze/value",
                "trigger/value",
                "trigger/touch",
                "thumbstick/x",
                "thumbstick/y",
                "thumbstick/click",
                "thumbstick/touch",
            ],
            &[
                "x/click",
                "x/touch",
                "y/click",
                "y/touch",
                "menu/click",
                "squeeze/value",
                "trigger/value",
                "trigger/touch",
                "thumbstick/x",
                "thumbstick/y",
                "thumbstick/click",
                "thumbstick/touch",
            ],
        ]),
        "valve/index_controller" => Some([INDEX; 2]),
        _ => None,
    }
}

impl Controls {
    /// Names of keys besides the letters, the digits and F1 to F12.
    pub const KEYS: [&str; 18] = [
        "Space",
        "Enter",
        "Tab",
        "Backspace",
        "Insert",
        "Delete",
        "Home",
        "End",
        "PageUp",
        "PageDown",
        "ArrowUp",
        "ArrowDown",
        "ArrowLeft",
        "ArrowRight",
        "Minus",
        "Plus",
        "Comma",
        "Period",
    ];

    /// Reads and checks.
    ///
    /// # Errors
    /// Text that cannot be read; a profile or part that is not known; a session that could not be left or answered.
    pub fn from_ron(text: &str) -> Result<Self, SceneError> {
        let controls: Self = from_ron(text)?;
        let wrong = |word: &str, what: String| SceneError { line: line_of(text, word).unwrap_or(1), column: 1, what };
        for (profile, does) in &controls.profiles {
            let Some([right, left]) = parts(profile) else {
                return Err(wrong(
                    profile,
                    format!(
                        "the profile '{profile}' is not known; there are khr/simple_controller, oculus/touch_controller and \
                         valve/index_controller"
                    ),
                ));
            };
            for path in does.values().flatten() {
                let known = match path.split_once("/input/") {
                    Some(("right", part)) => right.contains(&part),
                    Some(("left", part)) => left.contains(&part),
                    _ => false,
                };
                if !known {
                    let what = format!(
                        "'{path}' is no part of this controller; its right hand has right/input/ {}, its left hand left/input/ {}",
                        right.join(", "),
                        left.join(", ")
                    );
                    return Err(wrong(path, what));
                }
            }
            for need in [Control::Select, Control::Menu] {
                if does.get(&need).is_none_or(Vec::is_empty) {
                    return Err(wrong(
                        profile,
                        format!(
                            "nothing of '{profile}' does {need:?}: without it a session can neither be answered nor left"
                        ),
                    ));
                }
            }
            for only in [Control::Select, Control::Scroll] {
                if let Some(path) = does.get(&only).into_iter().flatten().find(|p| !p.starts_with("right/")) {
                    return Err(wrong(path, format!("{only:?} is of the right hand, which points")));
                }
            }
        }
        let mut taken = Vec::new();
        for (control, text) in controls.keys.iter().flat_map(|(c, keys)| keys.iter().map(move |k| (*c, k))) {
            if !control.by_key() {
                return Err(wrong(text, format!("{control:?} is of a hand that points; no key can do it")));
            }
            let Some(key) = Key::read(text) else {
                let what = format!(
                    "'{text}' is no key; there are A to Z, 0 to 9, F1 to F12, {}, each also with Ctrl+ before it",
                    Self::KEYS.join(", ")
                );
                return Err(wrong(text, what));
            };
            if taken.contains(&key) {
                return Err(wrong(text, format!("the key '{text}' does two things")));
            }
            taken.push(key);
        }
        Ok(controls)
    }

    /// Parts that a profile has on the right hand and on the left, as the OpenXR 1.0 specification lists them (6.4); None: it is not
    /// known.
    pub fn parts(profile: &str) -> Option<[&'static [&'static str]; 2]> {
        parts(profile)
    }

    /// What each key does.
    pub fn by_key(&self) -> Vec<(Key, Control)> {
        let all = self.keys.iter().flat_map(|(c, keys)| keys.iter().map(move |k| (Key::read(k), *c)));
        all.filter_map(|(key, control)| Some((key?, control))).collect()
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self::from_ron(SHIPPED).unwrap_or_else(|_| Self { profiles: BTreeMap::new(), keys: BTreeMap::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_binds_three_controllers() {
        let controls = Controls::from_ron(SHIPPED).unwrap();
        assert_eq!(controls.profiles.len(), 3);
        assert_eq!(controls.profiles["valve/index_controller"][&Control::Grab].len(), 2);
    }

    #[test]
    fn what_no_controller_has_is_said_with_its_line() {
        let touch =
            SHIPPED.replace("right/input/b/click\"],\n            Grab", "right/input/y/click\"],\n            Grab");
        let e = Controls::from_ron(&touch).unwrap_err();
        assert!(e.what.contains("right/input/y/click") && e.line > 10, "{e}");
        let e = Controls::from_ron(&SHIPPED.replace("khr/simple", "khr/simpel")).unwrap_err();
        assert!(e.what.contains("khr/simpel_controller"), "{e}");
        let e = Controls::from_ron(&SHIPPED.replacen("Select: [\"right/input/select/click\"],", "", 1)).unwrap_err();
        assert!(e.what.contains("Select"), "{e}");
        let e = Controls::from_ron(&SHIPPED.replacen("Scroll: [\"right/", "Scroll: [\"left/", 1)).unwrap_err();
        assert!(e.what.contains("right hand"), "{e}");
    }

    #[test]
    fn keys_are_checked_and_an_older_file_has_those_that_are_shipped() {
        let shipped = Controls::from_ron(SHIPPED).unwrap();
        let by_key = shipped.by_key();
        let of = |ctrl, name: &str| by_key.iter().find(|k| k.0 == Key { ctrl, name: name.into() }).map(|k| k.1);
        assert_eq!(
            (of(false, "Space"), of(true, "Z"), of(false, "Z")),
            (Some(Control::Play), Some(Control::Undo), None)
        );
        assert_eq!(by_key.len(), shipped.keys.values().map(Vec::len).sum::<usize>());
        let begin = SHIPPED.find("    keys:").unwrap();
        let older = format!("{})", &SHIPPED[..begin]);
        assert_eq!(Controls::from_ron(&older).unwrap(), shipped);
        let wrong = |from: &str, to: &str| Controls::from_ron(&SHIPPED.replacen(from, to, 1)).unwrap_err().what;
        assert!(wrong("\"Space\"", "\"Leertaste\"").contains("PageUp"));
        assert!(wrong("\"Space\"", "\"H\"").contains("two things"));
        assert!(wrong("Play: [\"Space\"]", "Grab: [\"Space\"]").contains("hand that points"));
    }
}
