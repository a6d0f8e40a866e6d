//! Hands without controllers, where the runtime sees them: they point from the shoulder through the knuckle, press by pinching thumb and
//! index together or by touching a board, and hold by closing the other fingers.

use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_mod_openxr::openxr_session_running;
use bevy_mod_xr::camera::XrCamera;
use bevy_mod_xr::hands::{HandBone, LeftHand, RightHand, XrHandBoneRadius};
use bevy_mod_xr::session::XrTrackingRoot;
use bevy_mod_xr::spaces::{XrSpaceLocationFlags, XrSpaceSyncSet};

/// A hand as its joints have it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare {
    /// Where it points from and to; in the tracking root's frame.
    pub aim: Transform,
    /// The tip of the index finger, in the same frame.
    pub tip: Vec3,
    /// How far thumb and index are pinched, and how far the other fingers are closed, 0 to 1.
    pub pinch: f32,
    /// See [`Bare::pinch`].
    pub fist: f32,
}

/// Left and right; None: not seen.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct BareHands(pub [Option<Bare>; 2]);

/// Bare hands are read; whoever uses them comes after.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BareHandsRead;

/// Joints of a hand, in the order of OpenXR.
const JOINTS: usize = 26;
/// Thumb and index this far apart are pinched, and this far apart are open, metres between the tips.
const PINCH_M: [f32; 2] = [0.015, 0.055];
/// The other fingers' tips this near to the palm are closed, and this far from it open, metres.
const FIST_M: [f32; 2] = [0.045, 0.085];
/// From the head to a shoulder, metres: down, and to the side.
const SHOULDER_M: [f32; 2] = [0.22, 0.17];
/// Share of a new direction in the one that is used, so that a trembling hand points steadily.
const STEADY: f32 = 0.35;

/// Bones that are drawn: chains of joints from the wrist.
const CHAINS: [&[HandBone]; 5] = {
    use HandBone as B;
    [
        &[B::Wrist, B::ThumbMetacarpal, B::ThumbProximal, B::ThumbDistal, B::ThumbTip],
        &[B::Wrist, B::IndexMetacarpal, B::IndexProximal, B::IndexIntermediate, B::IndexDistal, B::IndexTip],
        &[B::Wrist, B::MiddleMetacarpal, B::MiddleProximal, B::MiddleIntermediate, B::MiddleDistal, B::MiddleTip],
        &[B::Wrist, B::RingMetacarpal, B::RingProximal, B::RingIntermediate, B::RingDistal, B::RingTip],
        &[B::Wrist, B::LittleMetacarpal, B::LittleProximal, B::LittleIntermediate, B::LittleDistal, B::LittleTip],
    ]
};

#[derive(Component)]
struct Flesh {
    side: usize,
    from: HandBone,
    to: HandBone,
}

/// Joints of both hands of this frame, in the tracking root's frame.
#[derive(Resource, Default)]
struct Joints([[Option<(Vec3, f32)>; JOINTS]; 2]);

/// Reads them and draws them.
pub fn plugin(app: &mut App) {
    app.init_resource::<BareHands>()
        .init_resource::<Joints>()
        .add_systems(Startup, spawn)
        .add_systems(
            PreUpdate,
            (join, read).chain().in_set(BareHandsRead).after(XrSpaceSyncSet).run_if(openxr_session_running),
        )
        .add_systems(Update, draw);
}

fn spawn(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>, mut materials: ResMut<Assets<StandardMaterial>>) {
    let mesh = meshes.add(Capsule3d::new(1.0, 2.0).mesh().longitudes(12).latitudes(6));
    let material =
        materials.add(StandardMaterial { base_color: tokens::BARE_HAND, perceptual_roughness: 0.75, ..default() });
    for side in 0..2 {
        for pair in CHAINS.iter().flat_map(|c| c.windows(2)) {
            commands.spawn((
                Flesh { side, from: pair[0], to: pair[1] },
                Mesh3d(mesh.clone()),
                MeshMaterial3d(material.clone()),
                NotShadowCaster,
                Transform::default(),
                Visibility::Hidden,
            ));
        }
    }
}

fn join(
    mut joints: ResMut<Joints>,
    bones: Query<(&HandBone, &Transform, &XrHandBoneRadius, &XrSpaceLocationFlags, Has<LeftHand>, Has<RightHand>)>,
) {
    joints.0 = [[None; JOINTS]; 2];
    for (bone, at, radius, flags, left, right) in &bones {
        if (left || right) && flags.position_tracked {
            joints.0[usize::from(right)][*bone as usize] = Some((at.translation, radius.0));
        }
    }
}

/// 1 at the first distance, 0 at the second.
fn closed(distance: f32, [near, far]: [f32; 2]) -> f32 {
    ((far - distance) / (far - near)).clamp(0.0, 1.0)
}

/// A hand from its joints, the head and the side; None: too little of it is seen.
fn of(joints: &[Option<(Vec3, f32)>; JOINTS], head: &Transform, side: usize) -> Option<Bare> {
    let at = |b: HandBone| joints[b as usize].map(|j| j.0);
    let knuckle = at(HandBone::IndexProximal)?;
    let tip = at(HandBone::IndexTip)?;
    let pinch = at(HandBone::ThumbTip)?.distance(tip);
    let palm = at(HandBone::Palm)?;
    let others = [at(HandBone::MiddleTip)?, at(HandBone::RingTip)?, at(HandBone::LittleTip)?];
    let fist = others.iter().map(|t| t.distance(palm)).fold(0.0, f32::max);
    // the trunk does not turn with every look: only the heading of the head counts
    let ahead = head.forward().as_vec3();
    let right = Vec3::new(-ahead.z, 0.0, ahead.x).normalize_or(Vec3::X);
    let sideways = SHOULDER_M[1] * if side == 0 { -1.0 } else { 1.0 };
    let shoulder = head.translation - Vec3::Y * SHOULDER_M[0] + right * sideways;
    let direction = (knuckle - shoulder).normalize_or(ahead);
    let aim = Transform::from_translation(knuckle).looking_to(direction, Vec3::Y);
    Some(Bare { aim, tip, pinch: closed(pinch, PINCH_M), fist: closed(fist, FIST_M) })
}

fn read(
    joints: Res<Joints>,
    root: Single<&Transform, With<XrTrackingRoot>>,
    eyes: Query<&GlobalTransform, With<XrCamera>>,
    mut hands: ResMut<BareHands>,
) {
    let head = super::head_of(eyes.iter().map(GlobalTransform::compute_transform));
    let into = root.compute_affine().inverse();
    for side in 0..2 {
        let was = hands.0[side];
        let now = head.and_then(|h| {
            let head = Transform {
                translation: into.transform_point3(h.translation),
                rotation: root.rotation.inverse() * h.rotation,
                ..h
            };
            of(&joints.0[side], &head, side)
        });
        hands.0[side] = now.map(|mut now| {
            if let Some(was) = was {
                now.aim.rotation = was.aim.rotation.slerp(now.aim.rotation, STEADY);
            }
            now
        });
    }
}

/// A controller that is held hides the hand that the runtime makes up for it.
fn draw(
    joints: Res<Joints>,
    shown: Res<super::input::Pointing>,
    root: Option<Single<&Transform, (With<XrTrackingRoot>, Without<Flesh>)>>,
    mut flesh: Query<(&Flesh, &mut Transform, &mut Visibility)>,
) {
    let Some(root) = root else { return };
    for (bone, mut at, mut visible) in &mut flesh {
        let hand = &joints.0[bone.side];
        let ends = hand[bone.from as usize].zip(hand[bone.to as usize]).filter(|_| shown.bare[bone.side]);
        let Some(((a, r), (b, s))) = ends else {
            visible.set_if_neq(Visibility::Hidden);
            continue;
        };
        let (a, b) = (root.transform_point(a), root.transform_point(b));
        let thick = ((r + s) * 0.5).clamp(0.004, 0.03);
        let along = b - a;
        // a capsule of radius 1 whose straight part is 2 long
        let scale = Vec3::new(thick, (along.length() * 0.5).max(1e-4), thick);
        *at = Transform::from_translation((a + b) * 0.5)
            .with_rotation(Quat::from_rotation_arc(Vec3::Y, along.normalize_or(Vec3::Y)))
            .with_scale(scale);
        visible.set_if_neq(Visibility::Inherited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> [Option<(Vec3, f32)>; JOINTS] {
        let mut j = [None; JOINTS];
        let mut put = |b: HandBone, v: [f32; 3]| j[b as usize] = Some((Vec3::from(v), 0.008));
        put(HandBone::Palm, [0.2, 1.2, -0.3]);
        put(HandBone::IndexProximal, [0.2, 1.2, -0.35]);
        put(HandBone::IndexTip, [0.2, 1.2, -0.43]);
        put(HandBone::ThumbTip, [0.12, 1.2, -0.35]);
        for (b, x) in [(HandBone::MiddleTip, 0.2), (HandBone::RingTip, 0.22), (HandBone::LittleTip, 0.24)] {
            put(b, [x, 1.2, -0.42]);
        }
        j
    }

    #[test]
    fn a_hand_points_from_its_shoulder_and_pinches() {
        let head = Transform::from_xyz(0.0, 1.6, 0.0);
        let hand = of(&open(), &head, 1).unwrap();
        // by hand: the right shoulder is at (0.17, 1.38, 0)
        let want = (Vec3::new(0.2, 1.2, -0.35) - Vec3::new(0.17, 1.38, 0.0)).normalize();
        assert!((hand.aim.forward().as_vec3() - want).length() < 1e-5);
        assert_eq!((hand.pinch, hand.fist), (0.0, 0.0));
        let mut pinched = open();
        pinched[HandBone::ThumbTip as usize] = Some((Vec3::new(0.2, 1.19, -0.43), 0.008));
        let hand = of(&pinched, &head, 1).unwrap();
        assert_eq!((hand.pinch, hand.fist), (1.0, 0.0));
        let mut shut = open();
        for b in [HandBone::MiddleTip, HandBone::RingTip, HandBone::LittleTip] {
            shut[b as usize] = Some((Vec3::new(0.2, 1.18, -0.33), 0.008));
        }
        assert_eq!(of(&shut, &head, 1).unwrap().fist, 1.0);
    }

    #[test]
    fn a_hand_of_which_a_tip_is_not_seen_is_none() {
        let mut j = open();
        j[HandBone::IndexTip as usize] = None;
        assert!(of(&j, &Transform::default(), 0).is_none());
    }
}
