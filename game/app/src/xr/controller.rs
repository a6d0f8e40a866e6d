//! The controllers as they are seen in the hands: a made-up handle, with the buttons that the one in use has where such controllers
//! have them. Lengths in metres, in the frame of the aim: −Z ahead, the right hand's; the left one is its mirror.

use crate::clinician_mode::review::{ChartPart, Shortcuts};
use crate::tokens;
use bevy::prelude::*;
use std::f32::consts::FRAC_PI_2;
use vestibule_scenario::Controls;

/// What a part looks like.
#[derive(Clone, Copy)]
enum Form {
    /// A round button: radius and height; its axis is up.
    Round(f32, f32),
    /// A block: its sides.
    Block([f32; 3]),
}

/// Parts by their name in OpenXR, where they are, and their form. What a controller does not have is not seen on it.
const PARTS: [(&str, [f32; 3], Form); 10] = [
    ("trigger", [0.0, -0.017, 0.010], Form::Block([0.014, 0.016, 0.024])),
    ("squeeze", [-0.014, -0.036, 0.064], Form::Block([0.010, 0.020, 0.032])),
    ("thumbstick", [-0.009, 0.013, 0.020], Form::Round(0.0075, 0.016)),
    ("trackpad", [0.0, 0.011, 0.034], Form::Round(0.0050, 0.004)),
    ("a", [0.008, 0.011, 0.036], Form::Round(0.0050, 0.006)),
    ("b", [0.012, 0.011, 0.024], Form::Round(0.0050, 0.006)),
    ("x", [0.008, 0.011, 0.036], Form::Round(0.0050, 0.006)),
    ("y", [0.012, 0.011, 0.024], Form::Round(0.0050, 0.006)),
    ("menu", [-0.006, 0.011, 0.041], Form::Round(0.0036, 0.005)),
    ("select", [0.0, 0.011, 0.022], Form::Round(0.0070, 0.007)),
];

/// The head: radius and thickness, and where it is.
const HEAD: [f32; 2] = [0.026, 0.022];
const HEAD_AT: [f32; 3] = [0.0, 0.0, 0.028];
/// The handle: radius, length without its ends, where its middle is and how it leans, radians.
const HANDLE: [f32; 2] = [0.0155, 0.078];
const HANDLE_AT: [f32; 3] = [0.0, -0.030, 0.078];
const LEANS: f32 = 0.62;
/// The nose ahead of the head, which the laser leaves: radius and length.
const NOSE: [f32; 2] = [0.011, 0.020];

/// Bodies and buttons of both hands.
#[derive(Clone)]
pub(super) struct Model {
    body: Handle<StandardMaterial>,
    button: Handle<StandardMaterial>,
    forms: Vec<Handle<Mesh>>,
    head: Handle<Mesh>,
    handle: Handle<Mesh>,
    nose: Handle<Mesh>,
}

impl Model {
    pub(super) fn new(meshes: &mut Assets<Mesh>, materials: &mut Assets<StandardMaterial>) -> Self {
        let matt =
            |base_color, perceptual_roughness| StandardMaterial { base_color, perceptual_roughness, ..default() };
        let form = |form: &Form| match *form {
            Form::Round(radius, height) => Mesh::from(Cylinder::new(radius, height)),
            Form::Block([x, y, z]) => Mesh::from(Cuboid::new(x, y, z)),
        };
        Self {
            body: materials.add(matt(tokens::CONTROLLER, 0.6)),
            button: materials.add(matt(tokens::CONTROLLER_BUTTON, 0.45)),
            forms: PARTS.iter().map(|p| meshes.add(form(&p.2))).collect(),
            head: meshes.add(Cylinder::new(HEAD[0], HEAD[1])),
            handle: meshes.add(Capsule3d::new(HANDLE[0], HANDLE[1])),
            nose: meshes.add(Capsule3d::new(NOSE[0], NOSE[1])),
        }
    }

    /// As a hand's child; `side` is 0 for the left.
    pub(super) fn spawn(&self, hand: &mut ChildSpawnerCommands, side: usize, body: impl Bundle) {
        let mirrored = |[x, y, z]: [f32; 3]| Vec3::new(if side == 0 { -x } else { x }, y, z);
        let lies = Quat::from_rotation_x(FRAC_PI_2);
        hand.spawn((body, Transform::default(), Visibility::default())).with_children(|c| {
            let mut solid = |mesh: &Handle<Mesh>, at: [f32; 3], turn| {
                let place = Transform::from_translation(mirrored(at)).with_rotation(turn);
                c.spawn((Mesh3d(mesh.clone()), MeshMaterial3d(self.body.clone()), place));
            };
            solid(&self.head, HEAD_AT, Quat::IDENTITY);
            solid(&self.handle, HANDLE_AT, Quat::from_rotation_x(FRAC_PI_2 + LEANS));
            solid(&self.nose, [0.0, -0.002, 0.005], lies);
            for ((name, at, _), mesh) in PARTS.iter().zip(&self.forms) {
                c.spawn((
                    ChartPart { side, name },
                    Mesh3d(mesh.clone()),
                    MeshMaterial3d(self.button.clone()),
                    Transform::from_translation(mirrored(*at)),
                    Visibility::Hidden,
                ));
            }
        });
    }
}

/// The buttons are those of the controller that is held.
pub(super) fn fit(shown: Option<Res<Shortcuts>>, mut parts: Query<(Ref<ChartPart>, &mut Visibility)>) {
    let Some(shown) = shown else { return };
    let has = Controls::parts(&shown.profile);
    for (part, mut visible) in &mut parts {
        if !shown.is_changed() && !part.is_added() {
            continue;
        }
        let list = has.map_or(&[][..], |[right, left]| if part.side == 0 { left } else { right });
        let there = list.iter().any(|p| p.split('/').next() == Some(part.name));
        visible.set_if_neq(if there { Visibility::Inherited } else { Visibility::Hidden });
    }
}
