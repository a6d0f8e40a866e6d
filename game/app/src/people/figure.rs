//! The patient's figure on the couch, the mask over its face, and how both give way to the person's own inside.

use super::{Figure, HeadRest, MaskShape, Own, Staff, held};
use crate::machine::top_motion;
use crate::now::{Now, RoomData};
use crate::seat::Seat;
use bevy::gltf::GltfMeshName;
use bevy::mesh::{Indices, VertexAttributeValues};
use bevy::prelude::*;
use vestibule_scenario::{Doing, Mask, Posture, SessionState};

/// Where somebody's two hands touch: the mask's frame beside the head, or the table's rail; half the distance between them.
const MASK_EDGE_M: Vec3 = Vec3::new(0.029, 1.132, 0.02);
const MASK_HALF_M: Vec2 = Vec2::new(0.150, 0.070);
const RAIL_M: Vec3 = Vec3::new(0.0, 1.118, 0.95);
const RAIL_HALF_M: Vec2 = Vec2::new(0.262, 0.15);
/// Half the length of the table along which hands may lie.
const RAIL_REACH_M: f32 = 1.1;
/// Who stands nearer than this to the head works at the mask.
const AT_MASK_M: f32 = 1.0;
/// How high hands hold the mask over the face before it is laid, and how fast it comes down, metres and metres per second.
const HELD_M: f32 = 0.17;
const LOWERED_M_PER_S: f32 = 0.14;
/// Seconds in which the mask goes from over the face into the hands of who carries it.
const TAKEN_S: f32 = 1.4;

/// How high the mask is over the face now.
#[derive(Resource, Default)]
pub struct MaskLift {
    at_s: f64,
    seen: bool,
    /// Metres.
    pub lift_m: f32,
    /// From the table into the hands that carry it, 0 to 1.
    carried: f32,
}

impl MaskLift {
    fn step(&mut self, s: &SessionState) {
        let want = if matches!(s.mask, Mask::Held | Mask::Carried) { HELD_M } else { 0.0 };
        let past = (s.elapsed_s - self.at_s) as f32;
        self.lift_m = if self.seen && s.mask != Mask::Off && (0.0..0.5).contains(&past) {
            self.lift_m + (want - self.lift_m).clamp(-LOWERED_M_PER_S * past, LOWERED_M_PER_S * past)
        } else {
            want
        };
        let carried = f32::from(u8::from(s.mask == Mask::Carried));
        let most = if self.seen && (0.0..0.5).contains(&past) { past / TAKEN_S } else { 1.0 };
        self.carried += (carried - self.carried).clamp(-most, most);
        self.seen = s.mask != Mask::Off;
        self.at_s = s.elapsed_s;
    }
}

/// Where the hands of somebody who stands at `feet` and works are, room frame, or None where nothing is in reach.
pub fn hands_at(s: &SessionState, isocentre_m: f32, lift_m: f32, feet: Vec3) -> Option<[Vec3; 2]> {
    let motion = top_motion(&s.machine, isocentre_m);
    let back = motion.compute_affine().inverse();
    let here = back.transform_point3(feet);
    let flat = |v: Vec3| Vec2::new(v.x, v.z);
    let lying = s.patient == Posture::Lying;
    let ends = if lying
        && !matches!(s.mask, Mask::Off | Mask::Carried)
        && flat(here).distance(flat(MASK_EDGE_M)) < AT_MASK_M
    {
        let side = (here.x - MASK_EDGE_M.x).signum();
        let middle = MASK_EDGE_M + Vec3::new(side * MASK_HALF_M.x, lift_m, 0.0);
        [-1.0, 1.0].map(|k| middle + Vec3::Z * MASK_HALF_M.y * k)
    } else {
        if (here.x.abs() - RAIL_HALF_M.x) > AT_MASK_M {
            return None;
        }
        let z = here.z.clamp(RAIL_M.z - RAIL_REACH_M, RAIL_M.z + RAIL_REACH_M);
        let middle = Vec3::new(here.x.signum() * RAIL_HALF_M.x, RAIL_M.y, z);
        [-1.0, 1.0].map(|k| middle + Vec3::Z * RAIL_HALF_M.y * k)
    };
    Some(ends.map(|p| motion.transform_point(p)))
}

/// A part of the figure that gives way to the person's own inside when that is shown.
#[derive(Component)]
pub struct GivesWay;

/// The figure lies on the table top and is carried by it; so are the mask, higher while hands hold it, and the head rest.
pub fn lie(
    now: Res<Now>,
    data: Res<RoomData>,
    mut lift: ResMut<MaskLift>,
    people: Query<(&Staff, &Transform), Without<Figure>>,
    mut figures: Query<(&mut Transform, &mut Visibility, Has<MaskShape>, Has<HeadRest>), With<Figure>>,
) {
    let s = &now.state;
    lift.step(s);
    let seen =
        data.0.viewpoints.get(&s.viewpoint).is_some_and(|v| v.figure || v.own_body && s.patient == Posture::Lying)
            && s.patient == Posture::Lying;
    let motion = top_motion(&s.machine, data.0.isocentre_height_m as f32);
    for (mut t, mut visible, mask, rest) in &mut figures {
        let on = rest || seen && (!mask || s.mask != Mask::Off);
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        if !mask {
            t.set_if_neq(motion);
            continue;
        }
        let over = motion * Transform::from_translation(Vec3::Y * lift.lift_m);
        let carrier = s.staff.iter().find(|p| p.doing == Doing::Carries);
        let hands = carrier.and_then(|c| people.iter().find(|(p, _)| p.who == c.who));
        t.set_if_neq(match hands {
            Some((_, body)) => {
                let held = held::carried(body, MASK_EDGE_M);
                let k = lift.carried * lift.carried * (3.0 - 2.0 * lift.carried);
                // its middle goes straight from hand to hand
                let [from, to] = [over, held].map(|t| t.transform_point(MASK_EDGE_M));
                let rotation = over.rotation.slerp(held.rotation, k);
                Transform { translation: from.lerp(to, k) - rotation * MASK_EDGE_M, rotation, ..over }
            }
            None => over,
        });
    }
}

/// Height of the eyes over the floor in the file of one's own body, metres.
const OWN_EYES_M: f32 = 1.091;

/// One's own body sits where one sits, as tall as one is.
pub fn sit(
    now: Res<Now>,
    data: Res<RoomData>,
    seat: Single<&Transform, (With<Seat>, Without<Own>)>,
    mut own: Query<(&mut Transform, &mut Visibility), With<Own>>,
) {
    let s = &now.state;
    let view = data.0.viewpoints.get(&s.viewpoint);
    let on = s.patient == Posture::Seated && view.is_some_and(|v| v.own_body && v.posture == Posture::Seated);
    for (mut t, mut visible) in &mut own {
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        let ahead = seat.rotation * Vec3::NEG_Z;
        t.set_if_neq(
            Transform::from_xyz(seat.translation.x, 0.0, seat.translation.z)
                .with_rotation(Quat::from_rotation_y(f32::atan2(ahead.x, ahead.z)))
                .with_scale(Vec3::splat(seat.translation.y / OWN_EYES_M)),
        );
    }
}

pub fn find_skin(
    mut commands: Commands,
    new: Query<(Entity, &GltfMeshName), Added<GltfMeshName>>,
    parents: Query<&ChildOf>,
    figures: Query<(), (With<Figure>, Without<HeadRest>)>,
) {
    for (entity, name) in &new {
        let skin = matches!(name.0.as_str(), "skin" | "hair" | "eyes" | "mask" | "mask_frame");
        if skin && parents.iter_ancestors(entity).any(|a| figures.contains(a)) {
            commands.entity(entity).insert(GivesWay);
        }
    }
}

/// Where the figure's neck is cut when the head becomes transparent: everything nearer to the gantry goes, metres (room Z in
/// the pose of the file).
const NECK_Z_M: f32 = 0.165;
/// From the cut to here the skin fades in, metres (room Z).
const FADED_Z_M: f32 = 0.265;

/// The figure's skin whole, and without the head.
#[derive(Component)]
pub struct Cut {
    whole: Handle<Mesh>,
    headless: Handle<Mesh>,
    /// The skin's material as it is, and the same that lets its colours' alpha through: made when first needed.
    material: Option<[Handle<StandardMaterial>; 2]>,
}

pub fn cut_head(
    mut commands: Commands,
    skins: Query<(Entity, &Mesh3d, &GltfMeshName), (With<GivesWay>, Without<Cut>)>,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    for (entity, mesh, name) in &skins {
        if name.0 != "skin" {
            continue;
        }
        let Some(whole) = meshes.get(&mesh.0) else { continue };
        let Some(VertexAttributeValues::Float32x3(at)) = whole.attribute(Mesh::ATTRIBUTE_POSITION) else { continue };
        let Some(indices) = whole.indices() else { continue };
        let list: Vec<u32> = indices.iter().map(|i| i as u32).collect();
        let kept =
            list.chunks(3).filter(|t| t.iter().any(|i| at[*i as usize][2] > NECK_Z_M)).flatten().copied().collect();
        let mut headless = whole.clone();
        headless.insert_indices(Indices::U32(kept));
        let alpha = |z: f32| ((z - NECK_Z_M) / (FADED_Z_M - NECK_Z_M)).clamp(0.0, 1.0);
        let shades = match whole.attribute(Mesh::ATTRIBUTE_COLOR) {
            Some(VertexAttributeValues::Float32x4(c)) => c.clone(),
            Some(VertexAttributeValues::Unorm8x4(c)) => c.iter().map(|c| c.map(|v| f32::from(v) / 255.0)).collect(),
            Some(VertexAttributeValues::Unorm16x4(c)) => c.iter().map(|c| c.map(|v| f32::from(v) / 65535.0)).collect(),
            _ => vec![[1.0; 4]; at.len()],
        };
        let shades: Vec<_> = shades.iter().zip(at).map(|(c, p)| [c[0], c[1], c[2], alpha(p[2])]).collect();
        headless.insert_attribute(Mesh::ATTRIBUTE_COLOR, shades);
        let headless = meshes.add(headless);
        commands.entity(entity).insert(Cut { whole: mesh.0.clone(), headless, material: None });
    }
}

type GivingWay = (
    &'static mut Visibility,
    &'static mut Mesh3d,
    &'static mut MeshMaterial3d<StandardMaterial>,
    Option<&'static mut Cut>,
);

pub fn give_way(
    now: Res<Now>,
    surfaces: Query<(), With<crate::anatomy::Kind>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut parts: Query<GivingWay, (With<GivesWay>, Without<Figure>)>,
) {
    let inside = now.state.anatomy_shown && !surfaces.is_empty();
    for (mut v, mut mesh, mut material, cut) in &mut parts {
        if let Some(mut cut) = cut {
            v.set_if_neq(Visibility::Inherited);
            let want = if inside { &cut.headless } else { &cut.whole };
            if mesh.0 == *want {
                continue;
            }
            mesh.0 = want.clone();
            if cut.material.is_none() {
                let Some(usual) = materials.get(&material.0).cloned() else { continue };
                let fading = materials.add(StandardMaterial { alpha_mode: AlphaMode::Blend, ..usual });
                cut.material = Some([material.0.clone(), fading]);
            }
            if let Some([usual, fading]) = &cut.material {
                material.0 = if inside { fading.clone() } else { usual.clone() };
            }
        } else {
            v.set_if_neq(if inside { Visibility::Hidden } else { Visibility::Inherited });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::tests::state;

    #[test]
    fn hands_at_the_mask_rise_with_it_and_follow_the_couch() {
        let mut s = state();
        (s.machine.couch_top_m, s.machine.couch_deg) = ([0.0; 3], 0.0);
        (s.patient, s.mask) = (Posture::Lying, Mask::Held);
        let feet = Vec3::new(0.62, 0.0, 0.1);
        let low = hands_at(&s, 1.25, 0.0, feet).unwrap();
        let high = hands_at(&s, 1.25, 0.2, feet).unwrap();
        assert!(low.iter().zip(&high).all(|(a, b)| (b.y - a.y - 0.2).abs() < 1e-4 && a.x > 0.1), "{low:?} {high:?}");
        s.machine.couch_top_m = [0.0, -0.75, -0.28];
        let moved = hands_at(&s, 1.25, 0.0, feet + Vec3::Z * 0.75).unwrap();
        assert!((moved[0] - low[0] - Vec3::new(0.0, -0.28, 0.75)).length() < 1e-3, "{moved:?}");
    }
}
