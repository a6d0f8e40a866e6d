//! Pins of notes in the room: a head on a needle whose point is at the place, with the note's number.

use super::{ID, Notes};
use crate::anatomy::PatientFrame;
use crate::overlay::{Family, letters};
use crate::seat::{Eye, looker};
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_mod_xr::camera::XrCamera;
use nalgebra::Point3;

/// Length of a needle and size of its head, mm at life size.
const NEEDLE_MM: f32 = 16.0;
const HEAD_MM: f32 = 2.6;

#[derive(Component)]
struct Pin;

/// Turns to who looks.
#[derive(Component)]
struct Number {
    /// The pin's head, patient mm.
    at: Vec3,
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, stand).add_systems(
        PostUpdate,
        face.after(TransformSystems::Propagate).before(bevy::camera::visibility::VisibilitySystems::CheckVisibility),
    );
}

fn stand(
    mut commands: Commands,
    notes: Res<Notes>,
    family: Res<Family>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    pins: Query<Entity, Or<(With<Pin>, With<Number>)>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut drawn: Local<Option<Vec<(usize, Point3<f64>)>>>,
) {
    let Some(frame) = frame else { return };
    let on = family.on(ID);
    let want: Vec<_> = notes.pinned().filter_map(|(i, m)| Some((i, m.at?))).filter(|_| on).collect();
    if drawn.as_ref() == Some(&want) {
        return;
    }
    for pin in &pins {
        commands.entity(pin).despawn();
    }
    let amber = Color::srgba_u8(tokens::AMBER.r(), tokens::AMBER.g(), tokens::AMBER.b(), 255);
    let paint = materials.add(StandardMaterial { base_color: amber, unlit: true, ..default() });
    let white = materials.add(StandardMaterial { unlit: true, cull_mode: None, ..default() });
    let (head, needle) = (
        meshes.add(Sphere::new(HEAD_MM).mesh().uv(16, 10)),
        meshes.add(Cylinder::new(0.45, NEEDLE_MM).mesh().resolution(8).build()),
    );
    for (i, at) in &want {
        let point = Vec3::new(at.x as f32, at.y as f32, at.z as f32);
        // towards the front and the head: out of the couch, whoever lies on it
        let way = Vec3::new(0.0, -0.8, 0.6);
        let top = point + way * NEEDLE_MM;
        let middle = Transform::from_translation(point + way * NEEDLE_MM * 0.5)
            .with_rotation(Quat::from_rotation_arc(Vec3::Y, way));
        for (mesh, place) in [(&head, Transform::from_translation(top)), (&needle, middle)] {
            let part = (Pin, Mesh3d(mesh.clone()), MeshMaterial3d(paint.clone()), place, NotShadowCaster);
            let part = commands.spawn(part).id();
            commands.entity(*frame).add_child(part);
        }
        let number = letters::mesh(&i.to_string(), tokens::DESK_TEXT);
        commands.spawn((
            Number { at: top + way * HEAD_MM * 2.5 },
            Mesh3d(meshes.add(number)),
            MeshMaterial3d(white.clone()),
            NotShadowCaster,
            Transform::default(),
        ));
    }
    *drawn = Some(want);
}

fn face(
    frame: Option<Single<&GlobalTransform, (With<PatientFrame>, Without<Number>)>>,
    eyes: Query<(&GlobalTransform, &Camera, Has<XrCamera>), (With<Eye>, Without<Number>)>,
    mut numbers: Query<(&Number, &mut Transform, &mut GlobalTransform)>,
) {
    let eye = looker(eyes.iter().filter(|e| e.1.is_active).map(|e| (e.0.translation(), e.2)));
    let (Some(frame), Some(eye)) = (frame, eye) else { return };
    for (number, mut local, mut global) in &mut numbers {
        let at = frame.transform_point(number.at);
        let height = 2.0 * eye.distance(at) * (tokens::PIN_DEG.to_radians() * 0.5).tan();
        let pose = Transform::from_translation(at).looking_to(at - eye, Vec3::Y).with_scale(Vec3::splat(height));
        if local.set_if_neq(pose) {
            *global = pose.into();
        }
    }
}
