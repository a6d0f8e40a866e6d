//! Where the person sits, stands or lies in the room, and how the view gets there: never moved, only faded.

use bevy::prelude::*;

/// The frame of the person: its origin is at the eyes, −Z is ahead. The headset's tracking root, or the parent of a camera.
#[derive(Component)]
pub struct Seat;

/// A camera that shows the world to somebody (an eye, the window, a picture).
#[derive(Component)]
pub struct Eye;

/// Where who looks has their eyes: who wears the headset, else whoever sits at a window. `bool`: an eye of the headset.
pub fn looker(eyes: impl Iterator<Item = (Vec3, bool)> + Clone) -> Option<Vec3> {
    let worn = eyes.clone().any(|e| e.1);
    let (sum, count) = eyes.filter(|e| e.1 == worn).fold((Vec3::ZERO, 0.0), |(s, n), e| (s + e.0, n + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// How the person's body was in tracking space when the view was last brought in front of them.
#[derive(Resource, Default)]
pub struct Recentre {
    /// Eyes in tracking space when recentred, metres.
    pub at: Vec3,
    /// Heading in tracking space when recentred, radians about Y.
    pub heading: f32,
    /// On their back: how far up they looked, radians; None = upright.
    pub lying: Option<f32>,
}

/// Steeper than this the gaze has no heading, and looking up means lying on one's back. Sine of the pitch.
const STEEP: f32 = 0.8;

/// Heading of a pose, radians about Y: of the gaze, or near the vertical of the top of the head.
fn heading(pose: &Transform) -> f32 {
    let forward = pose.forward().as_vec3();
    let flat = if forward.y.abs() > STEEP {
        // looking up, the top of the head points backwards; looking down, forwards
        pose.up().as_vec3() * -forward.y.signum()
    } else {
        forward
    };
    f32::atan2(-flat.x, -flat.z)
}

impl Recentre {
    /// From a head pose. Looking steeply down is not lying: somebody looks at their hands.
    pub fn from_head(head: &Transform) -> Self {
        let up = head.forward().y;
        Self { at: head.translation, heading: heading(head), lying: (up > STEEP).then(|| up.clamp(-1.0, 1.0).asin()) }
    }

    /// Tracking space → room, for a person whose frame is `seat`; `view_lies`: the viewpoint is that of somebody on the couch.
    ///
    /// Upright: the horizon is tracking's own, so a seated person looks straight ahead at the ceiling of who lies. Lying at a lying
    /// viewpoint: up is up, and the feet point where the feet in the room do. Lying anywhere else: the view stands before the
    /// face.
    pub fn place(&self, seat: &Transform, view_lies: bool) -> Transform {
        let turn = match self.lying {
            Some(_) if view_lies => Quat::from_rotation_y(heading(seat) - self.heading),
            Some(up) => seat.rotation * (Quat::from_rotation_y(self.heading) * Quat::from_rotation_x(up)).inverse(),
            None => seat.rotation * Quat::from_rotation_y(-self.heading),
        };
        Transform { translation: seat.translation + turn * -self.at, rotation: turn, ..default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::FRAC_PI_2;

    fn near(a: Vec3, b: Vec3) {
        assert!((a - b).length() < 1e-4, "{a} is not {b}");
    }

    /// On the back, looking `up` radians above the horizon, turned by `turn`.
    fn on_the_back(turn: f32, up: f32) -> Transform {
        Transform::from_xyz(0.4, 0.9, -0.3).with_rotation(Quat::from_rotation_y(turn) * Quat::from_rotation_x(up))
    }

    fn couch() -> Transform {
        Transform::from_xyz(0.0, 1.3, 0.0).looking_to(Vec3::new(0.0, 1.0, 0.6), Vec3::NEG_Z)
    }

    #[test]
    fn upright_the_head_comes_to_the_seat_and_looks_along_it() {
        let head = Transform::from_xyz(0.4, 0.2, -0.3).with_rotation(Quat::from_rotation_y(1.1));
        let seat = Transform::from_xyz(2.0, 1.2, 5.0).looking_to(Vec3::NEG_X, Vec3::Y);
        let there = Recentre::from_head(&head).place(&seat, false) * head;
        near(there.translation, seat.translation);
        near(there.forward().into(), Vec3::NEG_X);
    }

    #[test]
    fn lying_on_the_couch_up_is_up_and_the_top_of_the_head_points_to_the_gantry() {
        for turn in [0.0f32, 0.7, -2.0] {
            for up in [1.0, 1.35, FRAC_PI_2] {
                let head = on_the_back(turn, up);
                let root = Recentre::from_head(&head).place(&couch(), true);
                near(root.rotation * Vec3::Y, Vec3::Y);
                let there = root * head;
                near(there.translation, couch().translation);
                let top = there.up().as_vec3();
                near(Vec3::new(top.x, 0.0, top.z).normalize(), Vec3::NEG_Z);
            }
        }
    }

    #[test]
    fn lying_in_the_corridor_the_view_stands_before_the_face() {
        let seat = Transform::from_xyz(-5.0, 1.3, 7.0).looking_to(Vec3::NEG_Z, Vec3::Y);
        let head = on_the_back(0.7, 1.3);
        let there = Recentre::from_head(&head).place(&seat, false) * head;
        near(there.forward().into(), Vec3::NEG_Z);
        near(there.up().into(), Vec3::Y);
    }

    #[test]
    fn looking_at_ones_hands_is_not_lying() {
        let head = Transform::from_rotation(Quat::from_rotation_y(0.5) * Quat::from_rotation_x(-1.3));
        let r = Recentre::from_head(&head);
        assert!(r.lying.is_none());
        assert!((r.heading - 0.5).abs() < 1e-4, "{} is not 0.5", r.heading);
    }
}
