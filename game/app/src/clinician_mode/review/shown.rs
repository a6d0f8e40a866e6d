//! What somebody at the desk shows to who wears the headset: a ray from where they look at the room, and where it meets the patient.

use super::views::{Shows, Views};
use crate::anatomy::PatientFrame;
use crate::events::Events;
use crate::now::{Case, RoomData};
use crate::overlay::Cuts;
use crate::overlay::slices::Viewing;
use crate::pointing::met;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;

/// Thickness of the ray and of its end, metres; how long it is where it meets nothing.
const RAY_M: f32 = 0.004;
const END_M: f32 = 0.009;
const LONG_M: f32 = 3.0;

/// Where in the room's picture somebody shows: share of its width and height from the upper left.
#[derive(Resource, Default)]
pub(super) struct Shown {
    pub at: Option<Vec2>,
}

#[derive(Component)]
struct Ray;
#[derive(Component)]
struct End;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Shown>().add_systems(Startup, spawn).add_systems(Update, place);
}

fn spawn(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<StandardMaterial>>) {
    let amber = Color::srgba_u8(tokens::AMBER.r(), tokens::AMBER.g(), tokens::AMBER.b(), 255);
    let paint = materials.add(StandardMaterial { base_color: amber, unlit: true, ..default() });
    let tube = meshes.add(Cylinder::new(RAY_M * 0.5, 1.0).mesh().resolution(8).build());
    let ball = meshes.add(Sphere::new(END_M).mesh().uv(16, 10));
    commands.spawn((Ray, Mesh3d(tube), MeshMaterial3d(paint.clone()), NotShadowCaster, Visibility::Hidden));
    commands.spawn((End, Mesh3d(ball), MeshMaterial3d(paint), NotShadowCaster, Visibility::Hidden));
}

fn place(
    shown: Res<Shown>,
    views: Option<Res<Views>>,
    room: Res<RoomData>,
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    frame: Option<Single<&GlobalTransform, With<PatientFrame>>>,
    mut ray: Single<(&mut Transform, &mut Visibility), (With<Ray>, Without<End>)>,
    mut end: Single<(&mut Transform, &mut Visibility), (With<End>, Without<Ray>)>,
    out: Res<Events>,
    case: Option<Res<Case>>,
    mut told: Local<String>,
) {
    // of nobody but synthetic patients
    let listens = out.on() && case.is_some_and(|c| c.patient.synthetic);
    let nothing_yet = told.is_empty();
    let mut tell = |what: String| {
        if listens && *told != what {
            out.say(format_args!("{what}"));
            *told = what;
        }
    };
    let (Some(at), Some(views), Some(frame)) = (shown.at, views, frame) else {
        ray.1.set_if_neq(Visibility::Hidden);
        end.1.set_if_neq(Visibility::Hidden);
        if !nothing_yet {
            tell("shows nothing".to_owned());
        }
        return;
    };
    let Some(view) = views.list.iter().find(|v| v.shows == Shows::Room) else { return };
    let eye = views.orbit.pose(room.0.isocentre_height_m as f32);
    let aspect = view.size.x as f32 / view.size.y.max(1) as f32;
    let half = (super::views::FIELD_DEG.to_radians() * 0.5).tan();
    let local = Vec3::new((at.x * 2.0 - 1.0) * half * aspect, (1.0 - at.y * 2.0) * half, -1.0);
    let way = (eye.rotation * local).normalize_or(Vec3::NEG_Z);
    let met = met(&frame, &cuts, &viewing, eye.translation, way);
    let far = met.unwrap_or(LONG_M);
    let to = eye.translation + way * far;
    // where in the patient, mm
    let p = frame.affine().inverse().transform_point3(to);
    tell(met.map_or_else(|| "shows far".to_owned(), |_| format!("shows {:.1} {:.1} {:.1}", p.x, p.y, p.z)));
    *ray.0 = Transform {
        translation: (eye.translation + to) * 0.5,
        rotation: Quat::from_rotation_arc(Vec3::Y, way),
        scale: Vec3::new(1.0, far, 1.0),
    };
    *end.0 = Transform::from_translation(to);
    ray.1.set_if_neq(Visibility::Visible);
    end.1.set_if_neq(Visibility::Visible);
}
