//! What the buttons do, on the controller itself: seen by who looks at it.

use crate::now::Words;
use crate::panel::board::Board;
use crate::placing::Hands;
use crate::seat::Eye;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{RichText, Ui};
use bevy_mod_xr::camera::XrCamera;
use vestibule_scenario::Control;

/// Which part of the controller in use does what: `right/input/trigger/value`.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortcuts(pub Vec<(Control, Vec<String>)>);

/// The chart is seen within this angle of where the head looks, degrees; and hidden again beyond the second.
const LOOKED_AT_DEG: [f32; 2] = [20.0, 28.0];
/// Over the controller, metres.
const OVER_M: f32 = 0.11;

/// Over the left controller, or over the right one where there is no left one, turned to the eyes; None: nobody looks at it.
pub fn place(
    hands: &Hands,
    eyes: &Query<(&GlobalTransform, Has<XrCamera>), With<Eye>>,
    board: &Board,
    shown: bool,
    larger: f32,
) -> Option<Transform> {
    let hand = hands.at[0].or(hands.at[1])?;
    let (mut eye, mut ahead, mut n) = (Vec3::ZERO, Vec3::ZERO, 0.0);
    for (at, _) in eyes.iter().filter(|e| e.1) {
        (eye, ahead, n) = (eye + at.translation(), ahead + *at.forward(), n + 1.0);
    }
    let eye = (n > 0.0).then(|| eye / n)?;
    let away = hand.translation - eye;
    let limit = LOOKED_AT_DEG[usize::from(shown)].to_radians();
    if away.angle_between(ahead) > limit {
        return None;
    }
    // as large to the eye as the other boards
    let scale = away.length() / tokens::BOARD_DISTANCE_M * larger;
    let at = hand.translation + Vec3::Y * (board.size_m.y * 0.5 * scale + OVER_M);
    Some(Transform::from_translation(at).looking_to(at - eye, Vec3::Y).with_scale(Vec3::splat(scale)))
}

/// `Trigger (right)` of `right/input/trigger/value`.
fn part(words: &Words, path: &str) -> String {
    let mut parts = path.split('/');
    let hand = parts.next().unwrap_or_default();
    let part = parts.nth(1).unwrap_or_default();
    let key = format!("part-{}", part.replace('_', "-"));
    let name = words.get(&key);
    let name = if name == key { part.replace('_', " ") } else { name };
    format!("{name} {}", words.get(&format!("hand-{hand}")))
}

/// One line for each thing that can be done.
pub fn draw(ui: &mut Ui, world: &World) {
    let Some(words) = world.get_resource::<Words>() else { return };
    let Some(all) = world.get_resource::<Shortcuts>() else { return };
    for (control, paths) in &all.0 {
        let does = format!("{control:?}").to_lowercase();
        let parts: Vec<_> = paths.iter().map(|p| part(words, p)).collect();
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(parts.join(", ")).size(tokens::DESK_TYPE[1]).color(tokens::AMBER));
            ui.label(RichText::new(words.get(&format!("control-{does}"))).size(tokens::DESK_TYPE[1]));
        });
    }
}
