//! The state of head and hands as the remote driver takes it: 376 bytes, little-endian, the whole of it each time.

/// A point or direction, metres.
pub type V = [f32; 3];

/// `a + b·k`.
pub fn along(a: V, b: V, k: f32) -> V {
    [a[0] + b[0] * k, a[1] + b[1] * k, a[2] + b[2] * k]
}

/// From `a` (0) to `b` (1).
pub fn between(a: V, b: V, k: f32) -> V {
    along(along(a, a, -k), b, k)
}

/// `a × b`.
pub fn across(a: V, b: V) -> V {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Out of a panel whose sides go right and up, one long.
pub fn outwards(right: V, up: V) -> V {
    let n = across(right, up);
    let long = n.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-9);
    n.map(|v| v / long)
}

/// Position and the quaternion that turns −z to a target, without roll.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Position.
    pub at: V,
    /// x, y, z, w.
    pub q: [f32; 4],
}

impl Pose {
    /// At a place, looking at a target.
    pub fn to(at: V, target: V) -> Self {
        let d = along(target, at, -1.0);
        let (yaw, pitch) = ((-d[0]).atan2(-d[2]) * 0.5, d[1].atan2(d[0].hypot(d[2])) * 0.5);
        let (sy, cy, sx, cx) = (yaw.sin(), yaw.cos(), pitch.sin(), pitch.cos());
        Self { at, q: [cy * sx, sy * cx, -sy * sx, cy * cx] }
    }

    /// At a place, turned by a heading about y and then pitched up, radians.
    pub fn upright(at: V, heading: f32, pitch: f32) -> Self {
        Self::to(at, along(at, [-heading.sin() * pitch.cos(), pitch.sin(), -heading.cos() * pitch.cos()], 1.0))
    }

    /// Heading of the gaze about y, radians. Without roll it is that of the top of the head too.
    pub fn heading(&self) -> f32 {
        2.0 * self.q[1].atan2(self.q[3])
    }

    /// A point of this pose's own frame, where the pose is.
    pub fn point(&self, p: V) -> V {
        along(self.at, self.turned(p), 1.0)
    }

    /// A direction of this pose's own frame, as it lies where the pose is.
    pub fn turned(&self, p: V) -> V {
        let [x, y, z, w] = self.q;
        let t = across([x, y, z], p).map(|v| 2.0 * v);
        along(along(p, t, w), across([x, y, z], t), 1.0)
    }
}

/// Buttons of an Index controller, and where the driver has them after a controller's first byte. A trigger is also pulled.
pub const BUTTONS: [(&str, usize); 5] = [("system", 106), ("a", 108), ("b", 110), ("trigger", 112), ("stick", 114)];

/// Head, hand and buttons.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Head.
    pub head: Pose,
    /// Right controller.
    pub hand: Pose,
    /// Left controller.
    pub left: Pose,
    /// Trigger, 0 to 1.
    pub trigger: f32,
    /// How far the left and the right grip are squeezed, 0 to 1.
    pub squeeze: [f32; 2],
    /// The right thumbstick, up positive, −1 to 1.
    pub stick: f32,
    /// A of the right controller.
    pub mark: bool,
    /// B: an Index controller has no menu button.
    pub menu: bool,
    /// Other buttons of the left and the right controller, in the order of [`BUTTONS`].
    pub buttons: [[bool; BUTTONS.len()]; 2],
    /// Controllers are tracked.
    pub hands: bool,
    /// Bare hands are seen, with fingers closed so far, 0 to 1: little, ring, middle, index, thumb; None: they are not.
    pub fingers: Option<[f32; 5]>,
    /// How the person's body was when the program recentred on it: the frame of what it says about its panels.
    pub body: Pose,
}

impl Default for State {
    fn default() -> Self {
        let eye = [0.0, 1.6, 0.0];
        Self {
            head: Pose::to(eye, [0.0, 1.6, -1.0]),
            hand: Pose::to([0.22, 1.15, -0.35], [0.22, 1.15, -2.0]),
            left: Pose::to([-0.2, 1.0, -0.3], [-0.2, 1.0, -1.0]),
            trigger: 0.0,
            squeeze: [0.0; 2],
            stick: 0.0,
            mark: false,
            menu: false,
            buttons: [[false; BUTTONS.len()]; 2],
            hands: true,
            fingers: None,
            body: Pose::upright(eye, 0.0, 0.0),
        }
    }
}

impl State {
    /// As the driver takes it.
    pub fn packet(&self) -> [u8; 376] {
        let mut p = [0u8; 376];
        p[..8].copy_from_slice(b"mndrmt3\0");
        let mut put = |at: usize, v: &[f32]| {
            for (i, f) in v.iter().enumerate() {
                p[at + i * 4..at + i * 4 + 4].copy_from_slice(&f.to_le_bytes());
            }
        };
        put(104, &self.head.q);
        put(120, &self.head.at);
        for (base, pose, squeeze) in [(136, self.left, self.squeeze[0]), (256, self.hand, self.squeeze[1])] {
            put(base, &pose.q);
            put(base + 16, &pose.at);
            put(base + 52, &self.fingers.unwrap_or_default());
            put(base + 76, &[squeeze]);
        }
        put(256 + 84, &[0.0, self.stick]);
        put(256 + 72, &[self.trigger]);
        for base in [136, 256] {
            p[base + 104] = u8::from(self.fingers.is_some());
            p[base + 105] = u8::from(self.hands);
        }
        p[256 + 108] = u8::from(self.mark);
        p[256 + 110] = u8::from(self.menu);
        p[256 + 112] = u8::from(self.trigger > 0.5);
        for (base, down) in [136, 256].into_iter().zip(self.buttons) {
            for ((name, at), down) in BUTTONS.into_iter().zip(down).filter(|b| b.1) {
                p[base + at] = u8::from(down);
                if name == "trigger" {
                    p[base + 72..base + 76].copy_from_slice(&1f32.to_le_bytes());
                }
            }
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pose_turns_minus_z_to_its_target() {
        for target in [[0.0, 0.0, -1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, 0.5], [0.2, -0.7, 3.0]] {
            let [x, y, z, w] = Pose::to([0.0; 3], target).q;
            // −z turned by the quaternion
            let forward = [-2.0 * (x * z + w * y), -2.0 * (y * z - w * x), -(1.0 - 2.0 * (x * x + y * y))];
            let n = (target[0] * target[0] + target[1] * target[1] + target[2] * target[2]).sqrt();
            for k in 0..3 {
                assert!((forward[k] - target[k] / n).abs() < 1e-5, "{target:?}: {forward:?}");
            }
        }
    }

    #[test]
    fn a_lying_body_has_its_heading_and_its_ahead() {
        let body = Pose::upright([1.0, 2.0, 3.0], 0.6, 1.2);
        assert!((body.heading() - 0.6).abs() < 1e-5);
        let ahead = body.point([0.0, 0.0, -1.0]);
        let want = [1.0 - 0.6f32.sin() * 1.2f32.cos(), 2.0 + 1.2f32.sin(), 3.0 - 0.6f32.cos() * 1.2f32.cos()];
        for k in 0..3 {
            assert!((ahead[k] - want[k]).abs() < 1e-5, "{ahead:?}");
        }
    }

    #[test]
    fn the_packet_has_its_fields_where_the_driver_reads_them() {
        let s = State {
            fingers: Some([0.1, 0.2, 0.3, 0.4, 0.5]),
            trigger: 1.0,
            menu: true,
            mark: true,
            squeeze: [0.5, 1.0],
            stick: -1.0,
            buttons: [[true, false, false, true, false], [false; 5]],
            ..State::default()
        };
        let p = s.packet();
        assert_eq!((p[136 + 106], p[136 + 108], p[136 + 112], p[256 + 106]), (1, 0, 1, 0));
        assert_eq!(p[136 + 72..136 + 76], 1f32.to_le_bytes());
        assert_eq!(&p[..8], b"mndrmt3\0");
        assert_eq!(f32::from_le_bytes([p[124], p[125], p[126], p[127]]), 1.6);
        assert_eq!((p[256 + 105], p[256 + 108], p[256 + 110], p[256 + 112]), (1, 1, 1, 1));
        let float = |at: usize| f32::from_le_bytes([p[at], p[at + 1], p[at + 2], p[at + 3]]);
        assert_eq!((p[136 + 104], float(256 + 52), float(136 + 68)), (1, 0.1, 0.5));
        assert_eq!((float(136 + 76), float(256 + 76), float(256 + 88)), (0.5, 1.0, -1.0));
        assert_eq!(f32::from_le_bytes([p[328], p[329], p[330], p[331]]), 1.0);
    }
}
