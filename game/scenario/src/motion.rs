//! How the machine gets from one pose to another: each axis by its own trapezoid of speed, exact at any time.

use crate::delivery::DeliveryBeam;
use crate::room::{Axis, Kinematics, MachinePose};

/// Number of axes of a [`MachinePose`].
const AXES: usize = 10;

fn values(p: &MachinePose) -> [f64; AXES] {
    let [x, y, z] = p.couch_top_m;
    [p.gantry_deg, p.couch_deg, x, y, z, p.couch_pitch_deg, p.couch_roll_deg, p.imagers, p.snout_m, p.door]
}

fn pose(v: [f64; AXES]) -> MachinePose {
    MachinePose {
        gantry_deg: v[0],
        couch_deg: v[1],
        couch_top_m: [v[2], v[3], v[4]],
        couch_pitch_deg: v[5],
        couch_roll_deg: v[6],
        imagers: v[7],
        snout_m: v[8],
        door: v[9],
    }
}

fn axes(k: &Kinematics) -> [Axis; AXES] {
    [
        k.gantry,
        k.couch,
        k.couch_travel,
        k.couch_travel,
        k.couch_travel,
        k.couch_tilt,
        k.couch_tilt,
        k.imagers,
        k.snout,
        k.door,
    ]
}

/// Which part an axis belongs to, for its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Gantry,
    Couch,
    Imagers,
    Snout,
    Door,
}

impl Part {
    pub(crate) const ALL: [Self; 5] = [Self::Gantry, Self::Couch, Self::Imagers, Self::Snout, Self::Door];

    fn of(axis: usize) -> Self {
        match axis {
            0 => Self::Gantry,
            1..=6 => Self::Couch,
            7 => Self::Imagers,
            8 => Self::Snout,
            _ => Self::Door,
        }
    }
}

/// A movement under way.
#[derive(Clone, Debug)]
pub(crate) struct Motion {
    from: [f64; AXES],
    to: [f64; AXES],
    axes: [Axis; AXES],
    time_s: f64,
    length_s: [f64; AXES],
}

impl Motion {
    /// From one pose to another within the limits. None when both are the same.
    pub(crate) fn new(from: &MachinePose, to: &MachinePose, kinematics: &Kinematics) -> Option<Self> {
        let axes = axes(kinematics);
        let from = values(from);
        let mut to = values(to);
        let mut length_s = [0.0; AXES];
        for a in 0..AXES {
            to[a] = to[a].clamp(axes[a].min, axes[a].max);
            length_s[a] = duration_s((to[a] - from[a]).abs(), &axes[a]);
        }
        (from != to).then_some(Self { from, to, axes, time_s: 0.0, length_s })
    }

    pub(crate) fn remaining_s(&self) -> f64 {
        self.length_s.iter().fold(0.0, |m: f64, l| m.max(l - self.time_s))
    }

    /// Moves on by `dt_s` and gives the pose.
    pub(crate) fn advance(&mut self, dt_s: f64) -> MachinePose {
        self.time_s += dt_s;
        let mut v = self.to;
        for (a, value) in v.iter_mut().enumerate() {
            if self.time_s < self.length_s[a] {
                let way = self.to[a] - self.from[a];
                *value = self.from[a] + way.signum() * travelled(self.time_s, way.abs(), &self.axes[a]);
            }
        }
        pose(v)
    }

    pub(crate) fn target(&self) -> MachinePose {
        pose(self.to)
    }

    /// Whether a part is still moving.
    pub(crate) fn moves(&self, part: Part) -> bool {
        (0..AXES).any(|a| Part::of(a) == part && self.time_s < self.length_s[a])
    }
}

/// Seconds for a way at the axis's speed and acceleration.
fn duration_s(way: f64, axis: &Axis) -> f64 {
    let ramp_way = axis.speed * axis.speed / axis.acceleration;
    if way <= 0.0 {
        0.0
    } else if way <= ramp_way {
        2.0 * (way / axis.acceleration).sqrt()
    } else {
        way / axis.speed + axis.speed / axis.acceleration
    }
}

/// Way after `t` seconds of a movement over `way`.
fn travelled(t: f64, way: f64, axis: &Axis) -> f64 {
    let length = duration_s(way, axis);
    let ramp = (axis.speed / axis.acceleration).min(length / 2.0);
    let top = axis.acceleration * ramp;
    if t <= ramp {
        0.5 * axis.acceleration * t * t
    } else if t <= length - ramp {
        0.5 * axis.acceleration * ramp * ramp + top * (t - ramp)
    } else {
        let rest = (length - t).max(0.0);
        way - 0.5 * axis.acceleration * rest * rest
    }
}

/// The pose a beam wants, by the plan's own angles, near where the machine is.
pub(crate) fn at_beam(beam: &DeliveryBeam, k: &Kinematics, from: &MachinePose) -> MachinePose {
    MachinePose {
        gantry_deg: nearest_turn(beam.angles.gantry_deg, from.gantry_deg, &k.gantry),
        couch_deg: nearest_turn(beam.angles.patient_support_deg, from.couch_deg, &k.couch),
        couch_pitch_deg: nearest_turn(beam.angles.table_pitch_deg, 0.0, &k.couch_tilt),
        couch_roll_deg: nearest_turn(beam.angles.table_roll_deg, 0.0, &k.couch_tilt),
        couch_top_m: [0.0; 3],
        snout_m: beam.snout_m.map_or(from.snout_m, |s| s.clamp(k.snout.min, k.snout.max)),
        ..*from
    }
}

/// The angle equal to `deg` modulo a turn that lies within the axis's limits and nearest to `now`; clamped where none does.
pub(crate) fn nearest_turn(deg: f64, now: f64, axis: &Axis) -> f64 {
    let mut best: Option<f64> = None;
    for turns in -2..=2 {
        let candidate = deg.rem_euclid(360.0) + 360.0 * f64::from(turns);
        if candidate >= axis.min
            && candidate <= axis.max
            && best.is_none_or(|b| (candidate - now).abs() < (b - now).abs())
        {
            best = Some(candidate);
        }
    }
    best.unwrap_or_else(|| deg.clamp(axis.min, axis.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GANTRY: Axis = Axis { min: -180.0, max: 180.0, speed: 6.0, acceleration: 3.0 };

    #[test]
    fn a_trapezoid_arrives_and_never_exceeds_its_speed() {
        for way in [0.5, 11.0, 90.0] {
            let length = duration_s(way, &GANTRY);
            let mut last = 0.0;
            for k in 1..=1000 {
                let x = travelled(length * f64::from(k) / 1000.0, way, &GANTRY);
                assert!(x >= last - 1e-12 && (x - last) / (length / 1000.0) <= 6.0 + 1e-9);
                last = x;
            }
            assert!((last - way).abs() < 1e-9);
        }
        assert!((duration_s(90.0, &GANTRY) - 17.0).abs() < 1e-12);
    }

    #[test]
    fn turns_stay_within_the_limits() {
        assert_eq!(nearest_turn(270.0, 0.0, &GANTRY), -90.0);
        assert_eq!(nearest_turn(180.0, -170.0, &GANTRY), -180.0);
        assert_eq!(nearest_turn(359.5, 10.0, &GANTRY), -0.5);
    }
}
