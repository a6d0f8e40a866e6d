//! The beam, a thin warm light from the nozzle to the spot that is being painted.

use crate::machine::gantry_turn;
use crate::now::{Now, RoomData};
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use vestibule_geometry::frames::fixed_to_room;

/// Radius of the core and of its halo, metres.
const CORE_M: f32 = 0.0016;
const HALO_M: f32 = 0.007;
/// Strength of the halo.
const HALO: f32 = 0.16;
/// What is left of the light where it leaves the nozzle, and how much of it the core has in the target.
const FAINT: f32 = 0.15;
const CORE: f32 = 0.7;

#[derive(Component)]
pub(super) struct Beam;

pub(super) fn spawn(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let tube = meshes.add(fading(Cylinder::new(1.0, 1.0).mesh().resolution(24).without_caps().build()));
    commands.spawn((Beam, Transform::default(), Visibility::Hidden)).with_children(|b| {
        for (radius, strength) in [(CORE_M, CORE), (HALO_M, HALO)] {
            let light = StandardMaterial {
                base_color: Color::LinearRgba(tokens::BEAM.with_alpha(strength)),
                unlit: true,
                alpha_mode: AlphaMode::Add,
                depth_bias: 0.6,
                ..default()
            };
            b.spawn((
                Mesh3d(tube.clone()),
                MeshMaterial3d(materials.add(light)),
                NotShadowCaster,
                Transform::from_scale(Vec3::new(radius, 1.0, radius)),
            ));
        }
    });
}

/// Light that grows along a tube's +Y: a beam of one strength from end to end looks like a rod.
fn fading(mut tube: Mesh) -> Mesh {
    let colours: Option<Vec<[f32; 4]>> =
        tube.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3()).map(|at| {
            let light = |y: f32| FAINT + (1.0 - FAINT) * (y + 0.5).powi(2);
            at.iter().map(|p| [light(p[1]), light(p[1]), light(p[1]), 1.0]).collect()
        });
    if let Some(colours) = colours {
        tube.insert_attribute(Mesh::ATTRIBUTE_COLOR, colours);
    }
    tube
}

/// A point in IEC gantry axes (mm) at the session's gantry angle, in the room (m).
fn gantry_to_room(now: &Now, height: f64, x_mm: f64, y_mm: f64, z_mm: f64) -> Vec3 {
    let at = fixed_to_room(height) * nalgebra::Point3::new(x_mm, y_mm, z_mm);
    let iso = Vec3::Y * height as f32;
    iso + gantry_turn(&now.state.machine) * (Vec3::new(at.x as f32, at.y as f32, at.z as f32) - iso)
}

pub(super) fn update(
    now: Res<Now>,
    data: Res<RoomData>,
    mut beams: Query<(&mut Transform, &mut Visibility), With<Beam>>,
) {
    let Ok((mut t, mut visible)) = beams.single_mut() else { return };
    let on = now.state.beam.as_ref().filter(|_| now.state.anatomy_shown && !now.state.paused);
    visible.set_if_neq(if on.is_some() { Visibility::Visible } else { Visibility::Hidden });
    let Some(beam) = on else { return };
    let height = data.0.isocentre_height_m;
    let [x, y] = beam.spot_mm;
    let from = gantry_to_room(&now, height, x * 0.8, y * 0.8, now.state.machine.snout_m * 1000.0);
    let to = gantry_to_room(&now, height, x, y, 0.0);
    let way = to - from;
    *t = Transform {
        translation: (from + to) * 0.5,
        rotation: Quat::from_rotation_arc(Vec3::Y, way.normalize_or(Vec3::NEG_Y)),
        scale: Vec3::new(1.0, way.length(), 1.0),
    };
}
