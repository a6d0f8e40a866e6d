//! What the buttons do, on the controller itself: seen by who looks at it.

use crate::now::Words;
use crate::overlay::slices::{Slant, Viewing};
use crate::panel::board::Board;
use crate::placing::Hands;
use crate::seat::Eye;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_egui::egui::{Pos2, RichText, Ui};
use bevy_mod_xr::camera::XrCamera;
use vestibule_scenario::Control;

/// What the controller in use does.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortcuts {
    /// Its interaction profile, without `/interaction_profiles/`; empty where there is none.
    pub profile: String,
    /// Which part of it does what: `right/input/trigger/value`.
    pub does: Vec<(Control, Vec<String>)>,
}

/// A button of a controller that is seen in a hand.
#[derive(Component, Clone, Copy, Debug)]
pub struct ChartPart {
    /// 0 for the left hand, 1 for the right.
    pub side: usize,
    /// Its name in OpenXR: `trigger`.
    pub name: &'static str,
}

/// Where the lines of the chart stand on its board, points, and which parts each is of.
#[derive(Resource, Default)]
struct Rows(Vec<(Pos2, Vec<String>)>);

/// The board that is the chart.
#[derive(Component)]
pub(super) struct ShowsChart;

/// Boards stand where they stand in this frame.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Placed;

/// A piece of a line from the chart to a button.
#[derive(Component)]
struct Lead;

/// The chart is seen within this angle of where the head looks, degrees; and hidden again beyond the second.
const LOOKED_AT_DEG: [f32; 2] = [14.0, 24.0];
/// And only to who looks for so long, seconds: a glance at the patient past the hand does not bring it.
pub const LOOKED_S: f32 = 0.8;
/// Over the controller, metres.
const OVER_M: f32 = 0.11;
/// A line to a button: its radius, how far beside the board the first goes down and how far the next beside it, how far a button may
/// be from the chart, metres; and how many pieces there are at most.
const LEAD_M: f32 = 0.0007;
const LEAD_STEP_M: f32 = 0.006;
const LEAD_REACH_M: f32 = 0.6;
const LEADS: usize = 45;

/// Whether a hand does something for which what it works on must be seen: it holds the patient or the plane.
pub fn busy(hands: &Hands, viewing: &Viewing) -> bool {
    hands.holding() || viewing.slant == Slant::Hand
}

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

/// Lines that lead from the chart to the buttons.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Rows>().add_systems(Startup, spawn).add_systems(Update, lead.after(Placed));
}

fn spawn(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<StandardMaterial>>) {
    let mesh = meshes.add(Cylinder::new(LEAD_M, 1.0).mesh().resolution(6));
    let glow = materials.add(StandardMaterial { base_color: tokens::LEAD, unlit: true, ..default() });
    for _ in 0..LEADS {
        commands.spawn((Lead, Mesh3d(mesh.clone()), MeshMaterial3d(glow.clone()), NotShadowCaster, Visibility::Hidden));
    }
}

/// From a line of the chart out over its edge, down beside it, and to the button: on the side where the hand is.
fn lead(
    rows: Res<Rows>,
    chart: Query<(&ShowsChart, &Board, &Transform, &Visibility), Without<Lead>>,
    parts: Query<(&ChartPart, &GlobalTransform, &InheritedVisibility)>,
    mut leads: Query<(&mut Transform, &mut Visibility), (With<Lead>, Without<ShowsChart>)>,
) {
    let mut ways = Vec::new();
    if let Ok((_, board, at, visible)) = chart.single()
        && *visible != Visibility::Hidden
    {
        let place = |v: Vec2| at.transform_point(Vec3::new(v.x, v.y, 0.0));
        let half = board.size_m * 0.5;
        let mut out = [0.0f32; 2];
        for (row, paths) in &rows.0 {
            for path in paths {
                let side = usize::from(path.starts_with("right/"));
                let name = path.split('/').nth(2).unwrap_or_default();
                let part = parts.iter().find(|p| p.0.side == side && p.0.name == name && p.2.get());
                let Some((_, part, _)) = part.filter(|p| p.1.translation().distance(at.translation) < LEAD_REACH_M)
                else {
                    continue;
                };
                out[side] += LEAD_STEP_M;
                let edge = if side == 0 { -half.x } else { half.x };
                let beside = edge + out[side] * if side == 0 { -1.0 } else { 1.0 };
                let y = board.at(*row).y;
                let corners = [Vec2::new(edge, y), Vec2::new(beside, y), Vec2::new(beside, -half.y - LEAD_STEP_M)];
                let corners = [corners.map(place).to_vec(), vec![part.translation()]].concat();
                ways.extend(corners.windows(2).map(|w| (w[0], w[1])));
            }
        }
    }
    let mut ways = ways.into_iter();
    for (mut t, mut visible) in &mut leads {
        let Some((a, b)) = ways.next() else {
            visible.set_if_neq(Visibility::Hidden);
            continue;
        };
        let way = b - a;
        *t = Transform {
            translation: (a + b) * 0.5,
            rotation: Quat::from_rotation_arc(Vec3::Y, way.normalize_or(Vec3::Y)),
            scale: Vec3::new(1.0, way.length(), 1.0),
        };
        visible.set_if_neq(Visibility::Inherited);
    }
}

/// `Trigger (right)` of `right/input/trigger/value`.
fn part(words: &Words, path: &str) -> String {
    let mut parts = path.split('/');
    let hand = parts.next().unwrap_or_default();
    let part = parts.nth(1).unwrap_or_default();
    // a thumbstick that is pressed is another thing than one that is pushed
    let pressed = if part == "thumbstick" && parts.next() == Some("click") { "-click" } else { "" };
    let key = format!("part-{}{pressed}", part.replace('_', "-"));
    let name = words.get(&key);
    let name = if name == key { part.replace('_', " ") } else { name };
    format!("{name} {}", words.get(&format!("hand-{hand}")))
}

/// One line for each thing that can be done.
pub fn draw(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let Some(all) = world.get_resource::<Shortcuts>().cloned() else { return };
    let mut rows = Vec::new();
    for (control, paths) in &all.does {
        let does = format!("{control:?}").to_lowercase();
        let parts: Vec<_> = paths.iter().map(|p| part(&words, p)).collect();
        let row = ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(parts.join(", ")).size(tokens::DESK_TYPE[1]).color(tokens::AMBER));
            ui.label(RichText::new(words.get(&format!("control-{does}"))).size(tokens::DESK_TYPE[1]));
        });
        rows.push((row.response.rect.center(), paths.clone()));
    }
    world.resource_mut::<Rows>().0 = rows;
}
