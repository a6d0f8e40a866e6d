//! What the buttons of a headset's controllers do: a file that a department edits.

use crate::scene_file::{SceneError, from_ron, line_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file as it is shipped.
const SHIPPED: &str = include_str!("../../../scenes/controls.ron");

/// What somebody in a headset can do with a button.
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
    /// Sets a measuring point. Right hand.
    Mark,
}

/// For each interaction profile of OpenXR (without `/interaction_profiles/`), which parts of the controller do what
/// (without `/user/hand/`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// By profile.
    pub profiles: BTreeMap<String, BTreeMap<Control, Vec<String>>>,
}

/// Parts that a profile has on the right hand and on the left, as the OpenXR 1.0 specification lists them (6.4).
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
            for only in [Control::Select, Control::Scroll, Control::Mark] {
                if let Some(path) = does.get(&only).into_iter().flatten().find(|p| !p.starts_with("right/")) {
                    return Err(wrong(path, format!("{only:?} is of the right hand, which points")));
                }
            }
        }
        Ok(controls)
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self::from_ron(SHIPPED).unwrap_or_else(|_| Self { profiles: BTreeMap::new() })
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
        let e = Controls::from_ron(&SHIPPED.replacen("Mark: [\"right/", "Mark: [\"left/", 1)).unwrap_err();
        assert!(e.what.contains("left/input/a/click"), "{e}");
    }
}
