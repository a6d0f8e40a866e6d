//! Letters of the patient's own directions round them in the room: left, right, anterior, posterior, superior, inferior. They face
//! who looks and are as large to the eye from anywhere.

use super::{Cuts, Family, Legend, Overlay, join, letters};
use crate::anatomy::PatientFrame;
use crate::now::Words;
use crate::seat::{Eye, looker};
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_mod_xr::camera::XrCamera;
use nalgebra::Vector3;
use vestibule_geometry::letter;

/// Name in the family.
pub const ID: &str = "compass";
/// Air between the patient's box and a letter, as a share of the box's longest side.
const AIR: f32 = 0.09;

/// What is nearer than a letter by less than a fifth of its distance never hides it (a table under the patient, a nozzle before them), by more
/// than a third always. In units of the depth's last digit, of which a float has 2^23 from one power of two to the next.
const SHINES_THROUGH: f32 = 4.2e6;

/// A letter and its direction in the patient.
#[derive(Component)]
struct Points(Vec3);

/// The compass.
pub fn plugin(app: &mut App) {
    join(
        app,
        Overlay { id: ID, legend, controls: |_, _| {}, page: None, for_patients: None, settled: |_| true, on: true },
    );
    app.add_systems(Startup, spawn).add_systems(
        PostUpdate,
        place.after(TransformSystems::Propagate).before(bevy::camera::visibility::VisibilitySystems::CheckVisibility),
    );
}

fn spawn(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<StandardMaterial>>) {
    let material =
        materials.add(StandardMaterial { unlit: true, cull_mode: None, depth_bias: SHINES_THROUGH, ..default() });
    for axis in 0..3 {
        for sign in [1.0, -1.0] {
            let mut way = Vector3::zeros();
            way[axis] = sign;
            commands.spawn((
                Points(Vec3::new(way.x as f32, way.y as f32, way.z as f32)),
                Mesh3d(meshes.add(letters::mesh(&letter(&way).to_string(), tokens::DESK_TEXT))),
                MeshMaterial3d(material.clone()),
                NotShadowCaster,
                Transform::default(),
                Visibility::Hidden,
            ));
        }
    }
}

fn place(
    family: Res<Family>,
    cuts: Res<Cuts>,
    frame: Option<Single<&GlobalTransform, (With<PatientFrame>, Without<Points>)>>,
    eyes: Query<(&GlobalTransform, &Camera, Has<XrCamera>), (With<Eye>, Without<Points>)>,
    mut letters: Query<(&Points, &mut Transform, &mut GlobalTransform, &mut Visibility)>,
) {
    let eye = looker(eyes.iter().filter(|e| e.1.is_active).map(|e| (e.0.translation(), e.2)));
    let (Some(frame), Some(eye), true) = (frame, eye, family.on(ID)) else {
        letters.iter_mut().for_each(|mut l| {
            l.3.set_if_neq(Visibility::Hidden);
        });
        return;
    };
    let [low, high] = cuts.body.unwrap_or(cuts.bounds);
    let f = |p: nalgebra::Point3<f64>| Vec3::new(p.x as f32, p.y as f32, p.z as f32);
    let (middle, half) = ((f(low) + f(high)) * 0.5, (f(high) - f(low)) * 0.5);
    let air = half.max_element() * 2.0 * AIR;
    for (points, mut local, mut global, mut visible) in &mut letters {
        let at = frame.transform_point(middle + points.0 * (half + air));
        let far = eye.distance(at);
        let height = 2.0 * far * (tokens::COMPASS_DEG.to_radians() * 0.5).tan();
        let pose = Transform::from_translation(at).looking_to(at - eye, Vec3::Y).with_scale(Vec3::splat(height));
        if local.set_if_neq(pose) {
            *global = pose.into();
        }
        visible.set_if_neq(Visibility::Visible);
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    Legend { source: words.get("compass-source"), ..Legend::default() }
}
