//! A plane that stands askew: across the beam, at any angle, or in the hand.

use super::{ID, Slant, SliceMaterial, Viewing, describe, empty, fill, stand};
use crate::anatomy::PatientFrame;
use crate::now::{Case, Now};
use crate::overlay::cuts::Frame;
use crate::overlay::{Cuts, Family, Fields, dose, layers};
use crate::placing::Hands;
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use nalgebra::{Point3, Rotation3, Vector3};

/// From a hand to the middle of the plane that it holds, metres.
const BEFORE_M: f32 = 0.16;
/// Smallest side of the plane, mm.
const LEAST_MM: f64 = 40.0;

#[derive(Component)]
struct Askew;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PostStartup, spawn).add_systems(Update, (aim, show).chain().after(dose::Shown));
}

fn spawn(
    mut commands: Commands,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<SliceMaterial>>,
) {
    let Some(frame) = frame else { return };
    let cut = commands
        .spawn((
            Askew,
            Mesh3d(meshes.add(Rectangle::new(1.0, 1.0))),
            MeshMaterial3d(materials.add(empty(&mut images))),
            Transform::default(),
            RenderLayers::layer(layers::ASKEW).with(0),
            NotShadowCaster,
            Visibility::Hidden,
        ))
        .id();
    commands.entity(*frame).add_child(cut);
}

/// As long as the longest way through what is cut.
fn side(cuts: &Cuts) -> f64 {
    let [low, high] = cuts.body.unwrap_or(cuts.bounds);
    (high - low).max().max(LEAST_MM) * 1.1
}

/// Turned about the head-feet axis and tilted; at 0 and 0 it is coronal, seen from the front.
fn at_angles(at: Point3<f64>, turn_deg: f64, tilt_deg: f64, side: f64) -> Frame {
    let turn = Rotation3::from_axis_angle(&Vector3::z_axis(), turn_deg.to_radians());
    let tilt = Rotation3::from_axis_angle(&Vector3::x_axis(), tilt_deg.to_radians());
    let [right, up] = [Vector3::x(), Vector3::z()].map(|v| turn * (tilt * v));
    Frame::square(at, right, up, side)
}

/// Across the beam that is on, else the first, seen from its source: IEC gantry x to the right, y up.
fn across_beam(case: &Case, now: &Now, at: Point3<f64>, side: f64) -> Option<Frame> {
    let plan = case.patient.plans.get(case.plan)?;
    let beam = plan.beams.get(now.state.beam.as_ref().map_or(0, |b| b.beam)).or(plan.beams.first())?;
    let to_patient = plan.frames(beam).patient_to_gantry(&beam.angles).inverse();
    let [right, up] = [Vector3::x(), Vector3::y()].map(|v| to_patient * v);
    Some(Frame::square(at, right, up, side))
}

/// In a hand: the plane stands before it, facing it.
fn in_hand(hand: &Transform, frame: &Transform, side: f64) -> Frame {
    let to_patient = frame.to_matrix().inverse();
    let middle = to_patient.transform_point3(hand.translation + hand.forward() * BEFORE_M);
    let way = |v: Vec3| {
        let v = frame.rotation.inverse() * v;
        Vector3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z)).normalize()
    };
    let middle = Point3::new(f64::from(middle.x), f64::from(middle.y), f64::from(middle.z));
    Frame::square(middle, way(hand.right().into()), way(hand.up().into()), side)
}

fn aim(
    viewing: Res<Viewing>,
    case: Option<Res<Case>>,
    now: Res<Now>,
    hands: Option<Res<Hands>>,
    frame: Option<Single<&Transform, With<PatientFrame>>>,
    mut cuts: ResMut<Cuts>,
) {
    let side = side(&cuts);
    let slant = match viewing.slant {
        Slant::Nothing => None,
        Slant::Angles(turn, tilt) => Some(at_angles(cuts.at, turn, tilt, side)),
        Slant::Beam => case.and_then(|c| across_beam(&c, &now, cuts.at, side)),
        Slant::Hand => match (hands.and_then(|h| h.at[0]), frame) {
            (Some(hand), Some(frame)) => Some(in_hand(&hand, &frame, side)),
            // out of sight it stays where it was
            _ => cuts.slant,
        },
    };
    if cuts.slant != slant {
        cuts.slant = slant;
    }
}

fn show(
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    fields: Res<Fields>,
    dose: Res<dose::DoseShow>,
    family: Res<Family>,
    mut materials: ResMut<Assets<SliceMaterial>>,
    plane: Option<Single<(&mut Transform, &mut Visibility, &MeshMaterial3d<SliceMaterial>), With<Askew>>>,
) {
    let Some(plane) = plane else { return };
    let (mut place, mut visible, material) = plane.into_inner();
    let on = cuts.slant.filter(|_| family.on(ID) && fields.image.is_some());
    visible.set_if_neq(if on.is_some() { Visibility::Inherited } else { Visibility::Hidden });
    let Some(frame) = on else { return };
    place.set_if_neq(stand(&frame));
    let slice = describe(&frame, &cuts, &viewing, &fields, &dose, family.on(dose::ID));
    fill(&mut materials, material, slice, &fields, dose.refilled);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askew_planes_face_who_looks() {
        let at = Point3::new(1.0, 2.0, 3.0);
        // coronal from the front: the patient's left at the right, the head up
        let coronal = at_angles(at, 0.0, 0.0, 100.0);
        let [right, up, out] = coronal.directions();
        assert!((right - Vector3::x()).norm() < 1e-12 && (up - Vector3::z()).norm() < 1e-12);
        assert!((out + Vector3::y()).norm() < 1e-12, "{out}");
        assert!((coronal.middle() - at).norm() < 1e-12);
        // turned by a quarter it is sagittal, tilted forwards by one axial from above
        assert!((at_angles(at, 90.0, 0.0, 100.0).out - Vector3::x()).norm() < 1e-12);
        assert!((at_angles(at, 0.0, -90.0, 100.0).out - Vector3::z()).norm() < 1e-12);
    }

    #[test]
    fn a_hand_holds_it_before_itself() {
        // life size, the patient's frame shifted in the room
        let frame = Transform { translation: Vec3::new(0.1, 1.0, 0.0), scale: Vec3::splat(0.001), ..default() };
        let hand = Transform::from_xyz(0.1, 1.0, 0.5);
        let held = in_hand(&hand, &frame, 80.0);
        assert!((held.middle() - Point3::new(0.0, 0.0, 340.0)).norm() < 1e-3, "{}", held.middle());
        assert!((held.out - Vector3::z()).norm() < 1e-6 && (held.size()[0] - 80.0).abs() < 1e-9);
    }
}
