//! On top of the movements: heads turn to the person or to the work, and hands that work lie on what they work at.

use bevy::ecs::system::SystemParam;
use bevy::platform::collections::HashMap;
use bevy::prelude::*;
use vestibule_scenario::Doing;

use super::Staff;
use super::figure::{MaskLift, hands_at};
use super::held;
use super::moves::Act;
use crate::now::{Now, RoomData};
use crate::seat::Seat;

/// How far a head turns to the side, up and down, radians.
const NECK: f32 = 0.9;
const UP: f32 = 0.35;
const DOWN: f32 = 0.75;
/// Share of a turn that the neck takes; the head takes the rest.
const NECK_SHARE: f32 = 0.4;
/// From the wrist to the palm: ahead, and above what the palm lies on, metres.
const PALM_M: Vec2 = Vec2::new(0.070, 0.035);
/// Furthest part of an arm's length that is used: a straight elbow looks like a doll's.
const STRETCH: f32 = 0.97;

/// Joints of a person that are moved here, by name.
#[derive(Component, Default)]
pub struct Joints(pub HashMap<String, Entity>);

/// Names of the joints that are kept.
pub const KEPT: [&str; 8] =
    ["head", "neck_01", "upperarm_l", "lowerarm_l", "hand_l", "upperarm_r", "lowerarm_r", "hand_r"];

/// Heads and hands, after the movements and before transforms are handed down.
pub fn live(
    now: Res<Now>,
    data: Res<RoomData>,
    lift: Res<MaskLift>,
    seat: Single<Entity, With<Seat>>,
    mut people: Query<(Entity, &Staff, &Joints, &mut Act)>,
    mut skeletons: Skeletons,
) {
    let Ok(eyes) = skeletons.joints.get(*seat).map(|t| t.translation) else { return };
    for (entity, person, names, mut act) in &mut people {
        let Some(pose) = now.state.staff.iter().find(|s| s.who == person.who) else { continue };
        let Ok(body) = skeletons.joints.get(entity).copied() else { continue };
        let into = body.compute_affine().inverse();
        let hands = hands_at(&now.state, data.0.isocentre_height_m as f32, lift.lift_m, body.translation)
            .map(|h| h.map(|p| into.transform_point3(p)));
        let mut rig = Rig { top: entity, names, all: &mut skeletons };
        let work = act.work();
        if work > 0.01
            && let Some(hands) = hands
        {
            rig.hands(hands, work, now.state.elapsed_s as f32);
        }
        if act.holds() > 0.01 {
            rig.hands(held::grip(pose.doing), act.holds(), 0.0);
        }
        let to = match pose.doing {
            Doing::Looks | Doing::Speaks | Doing::Greets | Doing::Asks | Doing::Carries => {
                Some(into.transform_point3(eyes))
            }
            Doing::Works => hands.map(|[a, b]| (a + b) * 0.5),
            Doing::Watches | Doing::Walks => None,
        };
        rig.look(to, &mut act);
    }
}

/// Every joint and what it hangs on.
#[derive(SystemParam)]
pub struct Skeletons<'w, 's> {
    parents: Query<'w, 's, &'static ChildOf>,
    joints: Query<'w, 's, &'static mut Transform>,
}

/// A person's joints in this frame; places and turns are in the person's own frame (+Z ahead, +X to the left).
struct Rig<'a, 'w, 's> {
    top: Entity,
    names: &'a Joints,
    all: &'a mut Skeletons<'w, 's>,
}

impl Rig<'_, '_, '_> {
    fn of(&self, name: &str) -> Option<(Entity, Transform)> {
        let entity = *self.names.0.get(name)?;
        Some((entity, self.place(entity)?))
    }

    fn place(&self, joint: Entity) -> Option<Transform> {
        let mut t = *self.all.joints.get(joint).ok()?;
        for above in self.all.parents.iter_ancestors(joint).take_while(|a| *a != self.top) {
            t = *self.all.joints.get(above).ok()? * t;
        }
        Some(t)
    }

    /// Gives a joint this turn in the person's frame, by a share.
    fn turn(&mut self, joint: Entity, to: Quat, share: f32) {
        let Some(above) = self.all.parents.get(joint).ok().map(ChildOf::parent) else { return };
        let Some(frame) = self.place(above) else { return };
        if let Ok(mut t) = self.all.joints.get_mut(joint) {
            let local = (frame.rotation.inverse() * to).normalize();
            t.rotation = t.rotation.slerp(local, share);
        }
    }

    fn look(&mut self, to: Option<Vec3>, act: &mut Act) {
        let Some((_, head)) = self.of("head") else { return };
        let ahead = head.rotation * Vec3::Z;
        let want = to.map_or(ahead, |p| {
            // the eyes sit a little above the head's joint
            let d = p - (head.translation + Vec3::Y * 0.09);
            let yaw = f32::atan2(d.x, d.z).clamp(-NECK, NECK);
            let pitch = f32::atan2(d.y, Vec2::new(d.x, d.z).length()).clamp(-DOWN, UP);
            Vec3::new(yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos())
        });
        let arc = Quat::from_rotation_arc(ahead, act.follow(want));
        for (name, share) in [("neck_01", NECK_SHARE), ("head", 1.0)] {
            if let Some((joint, now)) = self.of(name) {
                let full =
                    if name == "head" { arc * head.rotation } else { Quat::IDENTITY.slerp(arc, share) * now.rotation };
                self.turn(joint, full, 1.0);
            }
        }
    }

    fn hands(&mut self, mut at: [Vec3; 2], share: f32, time: f32) {
        // which of the two is the left hand's: the person's left is +X
        if at[0].x < at[1].x {
            at.swap(0, 1);
        }
        for (k, side) in ["l", "r"].into_iter().enumerate() {
            // fingers that work are never quite still
            let busy = Vec3::new(0.006, 0.003, 0.006) * (time * 1.9 + k as f32 * 2.0).sin();
            self.hand(side, at[k] + busy, share);
        }
    }

    /// Bends one arm so that the palm lies at a place.
    fn hand(&mut self, side: &str, palm: Vec3, share: f32) {
        let joint = |rig: &Self, name: &str| rig.of(&format!("{name}_{side}"));
        let (Some((upper, s)), Some((lower, e)), Some((hand, w))) =
            (joint(self, "upperarm"), joint(self, "lowerarm"), joint(self, "hand"))
        else {
            return;
        };
        let out = if side == "l" { 1.0 } else { -1.0 };
        let ahead =
            (Vec3::new(palm.x, 0.0, palm.z) - Vec3::new(s.translation.x, 0.0, s.translation.z)).normalize_or(Vec3::Z);
        let wrist = palm + Vec3::Y * PALM_M.y - ahead * PALM_M.x;
        let (a, b) = (s.translation.distance(e.translation), e.translation.distance(w.translation));
        let way = wrist - s.translation;
        let reach = way.length().clamp((a - b).abs() + 0.02, (a + b) * STRETCH);
        let dir = way.normalize_or(Vec3::Z);
        let along = (a * a + reach * reach - b * b) / (2.0 * reach);
        let aside = (a * a - along * along).max(0.0).sqrt();
        // the elbow goes out, down and back
        let pole = Vec3::new(out * 0.55, -0.7, -0.45);
        let pole = (pole - dir * pole.dot(dir)).normalize_or(Vec3::NEG_Y);
        let elbow = s.translation + dir * along + pole * aside;
        let end = s.translation + dir * reach;
        let first =
            Quat::from_rotation_arc((e.translation - s.translation).normalize(), (elbow - s.translation).normalize());
        let second =
            Quat::from_rotation_arc((first * (w.translation - e.translation)).normalize(), (end - elbow).normalize())
                * first;
        let points = (palm + Vec3::Y * 0.012 - end).normalize_or(ahead);
        let third = Quat::from_rotation_arc((second * w.rotation * Vec3::Y).normalize(), points) * second;
        self.turn(upper, first * s.rotation, share);
        self.turn(lower, second * e.rotation, share);
        self.turn(hand, third * w.rotation, share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::ecs::system::RunSystemOnce;

    #[test]
    fn a_palm_arrives_where_the_work_is() {
        let mut world = World::new();
        let top = world.spawn(Transform::default()).id();
        let mut names = Joints::default();
        let mut above = top;
        for (name, at) in
            [("upperarm_l", Vec3::new(0.18, 1.4, 0.0)), ("lowerarm_l", Vec3::Y * 0.28), ("hand_l", Vec3::Y * 0.25)]
        {
            // every joint's own +Y runs along it: the arm hangs, a little bent
            let turn = match name {
                "upperarm_l" => Quat::from_rotation_x(std::f32::consts::PI),
                _ => Quat::from_rotation_x(-0.2),
            };
            above = world.spawn((Transform::from_translation(at).with_rotation(turn), ChildOf(above))).id();
            names.0.insert(name.to_owned(), above);
        }
        let palm = Vec3::new(0.1, 1.05, 0.3);
        let run = move |mut all: Skeletons| {
            let mut rig = Rig { top, names: &names, all: &mut all };
            rig.hand("l", palm, 1.0);
            rig.of("hand_l").map(|h| h.1)
        };
        let hand = world.run_system_once(run).unwrap().unwrap();
        let ahead = hand.translation + hand.rotation * Vec3::Y * PALM_M.length();
        assert!(ahead.distance(palm) < 0.03, "{ahead} is not {palm}");
    }
}
