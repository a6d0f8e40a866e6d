//! Where the person sits, stands or lies in the room, and how the view gets there: never moved, only faded.

use bevy::prelude::*;

/// The frame of the person: its origin is at the eyes, −Z is ahead. The headset's tracking root, or the parent of a camera.
#[derive(Component)]
pub struct Seat;

/// A camera that shows the world to somebody (an eye, the window, a picture).
#[derive(Component)]
pub struct Eye;

/// Turn about the person's own up axis that recentring found, and where their eyes were, in tracking space.
#[derive(Resource, Default)]
pub struct Recentre {
    /// Eyes in tracking space when recentred, metres.
    pub at: Vec3,
    /// Heading in tracking space when recentred, radians about Y.
    pub heading: f32,
}

impl Recentre {
    /// Tracking space → the person's frame.
    pub fn transform(&self) -> Transform {
        let turn = Quat::from_rotation_y(-self.heading);
        Transform { translation: turn * -self.at, rotation: turn, ..default() }
    }

    /// From a head pose. Near the vertical (lying) the gaze has no heading: it comes from the top of the head.
    pub fn from_head(head: &Transform) -> Self {
        let forward = head.forward().as_vec3();
        let flat = if forward.y.abs() > 0.8 {
            // looking up, the top of the head points backwards; looking down, forwards
            head.up().as_vec3() * -forward.y.signum()
        } else {
            forward
        };
        Self { at: head.translation, heading: f32::atan2(-flat.x, -flat.z) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recentring_puts_the_head_at_the_origin_looking_ahead() {
        let head = Transform::from_xyz(0.4, 0.2, -0.3).with_rotation(Quat::from_rotation_y(1.1));
        let r = Recentre::from_head(&head);
        let now = r.transform() * head;
        assert!(now.translation.length() < 1e-5);
        assert!((now.forward().as_vec3() - Vec3::NEG_Z).length() < 1e-5);
    }

    #[test]
    fn lying_heading_comes_from_the_top_of_the_head() {
        // On the back, face up, feet towards −Z before turning: the top of the head points to +Z.
        for turn in [0.0f32, 0.7, -2.0] {
            let head = Transform::from_rotation(
                Quat::from_rotation_y(turn) * Quat::from_rotation_x(std::f32::consts::FRAC_PI_2),
            );
            let r = Recentre::from_head(&head);
            assert!((r.heading - turn).abs() < 1e-4, "{} is not {turn}", r.heading);
        }
    }
}
