//! The arm that carries the table top: two links in a horizontal plane and a wrist, solved so that the top is where it must be.

use bevy::math::{Vec2, Vec3};

/// The arm at rest, room frame, metres: pivots of both links and of the wrist, seen from above as (X, Z).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// Pivot of the first link.
    pub base: Vec2,
    /// Pivot of the second link at rest.
    pub elbow: Vec2,
    /// Pivot of the wrist at rest.
    pub wrist: Vec2,
}

/// Turns about +Y relative to the rest pose, radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turns {
    /// First link.
    pub link1: f32,
    /// Second link, relative to the first.
    pub link2: f32,
    /// True when the wrist's place can be reached; the arm stretches towards it otherwise.
    pub reached: bool,
}

/// Angle about +Y of a direction in (X, Z): turning +X by it gives the direction.
fn angle(v: Vec2) -> f32 {
    f32::atan2(-v.y, v.x)
}

/// (X, Z) of a point.
pub fn flat(v: Vec3) -> Vec2 {
    Vec2::new(v.x, v.z)
}

impl Arm {
    /// Turns that bring the wrist to this place, with the elbow on the side where it rests.
    pub fn solve(&self, wrist: Vec2) -> Turns {
        let (l1, l2) = (self.base.distance(self.elbow), self.elbow.distance(self.wrist));
        let way = wrist - self.base;
        let d = way.length().max(1e-4);
        let reach = d.clamp((l1 - l2).abs() + 1e-4, l1 + l2 - 1e-4);
        let side = (self.elbow - self.base).perp_dot(self.wrist - self.base).signum();
        // the angle at the base between the way to the wrist and the first link
        let alpha = ((l1 * l1 + reach * reach - l2 * l2) / (2.0 * l1 * reach)).clamp(-1.0, 1.0).acos();
        // (X, Z) is left-handed seen from above with Y up, so turning about +Y is turning (X, Z) backwards
        let direction = way / d;
        let elbow = self.base + Vec2::from_angle(-side * alpha).rotate(direction) * l1;
        let end = self.base + direction * reach;
        let link1 = angle(elbow - self.base) - angle(self.elbow - self.base);
        let link2 = angle(end - elbow) - angle(self.wrist - self.elbow) - link1;
        Turns { link1, link2, reached: (d - reach).abs() < 1e-3 }
    }

    /// Where the wrist is after these turns.
    #[cfg(test)]
    pub fn wrist_after(&self, turns: &Turns) -> Vec2 {
        let turn = |v: Vec2, a: f32| Vec2::from_angle(-a).rotate(v);
        self.base + turn(self.elbow - self.base + turn(self.wrist - self.elbow, turns.link2), turns.link1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: Arm = Arm { base: Vec2::new(1.25, 3.1), elbow: Vec2::new(0.911, 2.16), wrist: Vec2::new(0.0, 1.75) };

    #[test]
    fn rest_needs_no_turn() {
        let t = ARM.solve(ARM.wrist);
        assert!(t.link1.abs() < 1e-3 && t.link2.abs() < 1e-3 && t.reached, "{t:?}");
    }

    #[test]
    fn the_wrist_arrives_wherever_the_arm_reaches() {
        for x in -6..=6 {
            for z in 6..=26 {
                let p = Vec2::new(x as f32 * 0.2, z as f32 * 0.15);
                let t = ARM.solve(p);
                if t.reached {
                    assert!(ARM.wrist_after(&t).distance(p) < 2e-3, "{p}: {}", ARM.wrist_after(&t));
                }
            }
        }
    }
}
