//! The way from one beam to the next, with a proof that nothing nearer lies between the poses that were looked at.

use super::cloud::{Cloud, too_large_mm};
use super::{Against, Clearance, Near, Pose, Scene};
use crate::BeamAngles;
use nalgebra::Vector3;
use rayon::prelude::*;

/// The least distance is proven to this, mm.
const PROVEN_MM: f64 = 1.0;
/// Poses looked at first on each leg of the way: at most this many degrees and mm apart.
const STEP: f64 = 2.0;
const MOST_FIRST: usize = 181;
/// Most poses looked at on one leg for one of body and table.
const MOST: usize = 20_000;

/// One pose on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnTheWay {
    /// Part of the way: leg (from 0) plus the part of that leg.
    pub at: f64,
    /// How machine and table stand.
    pub pose: Pose,
    /// How near they come.
    pub clearance: Clearance,
}

/// The closest approach on a way.
#[derive(Clone, Debug, PartialEq)]
pub struct Swing {
    /// Where it is closest to the body, if there is one.
    pub body: Option<(Pose, Near)>,
    /// Where it is closest to the table top, if there is one.
    pub table: Option<(Pose, Near)>,
    /// Nowhere on the way is it nearer than the least distance minus this, mm: 1, or more where the search was cut short.
    pub proven_mm: f64,
    /// The way in even steps, for a curve.
    pub curve: Vec<OnTheWay>,
    /// Number of poses looked at.
    pub looked_at: usize,
}

impl Swing {
    /// The nearer of the two.
    pub fn least(&self) -> Option<(Pose, Near)> {
        self.body.into_iter().chain(self.table).min_by(|a, b| a.1.distance_mm.total_cmp(&b.1.distance_mm))
    }
}

/// Poses from one beam to the next: the snout is drawn back (where `retracted_mm` is given), gantry and table turn together, each the
/// shorter way (half a turn: towards larger angles), while the table moves, then the snout comes out.
pub fn way(from: &Pose, to: &Pose, retracted_mm: Option<f64>) -> Vec<Pose> {
    match retracted_mm {
        None => vec![*from, *to],
        Some(_) => {
            let back = |p: &Pose| Pose { snout_mm: retracted_mm, ..*p };
            vec![*from, back(from), back(to), *to]
        }
    }
}

/// The shorter way from one angle to another, degrees; half a turn goes up.
fn turn(from: f64, to: f64) -> f64 {
    let up = (to - from).rem_euclid(360.0);
    if up > 180.0 { up - 360.0 } else { up }
}

/// One leg: where it begins and what changes on it.
struct Leg {
    from: Pose,
    to: Pose,
    by: BeamAngles,
    snout: [f64; 2],
}

impl Leg {
    fn new(scene: &Scene, from: Pose, to: Pose) -> Self {
        let (a, b) = (&from.angles, &to.angles);
        let by = BeamAngles {
            gantry_deg: turn(a.gantry_deg, b.gantry_deg),
            beam_limiting_deg: turn(a.beam_limiting_deg, b.beam_limiting_deg),
            patient_support_deg: turn(a.patient_support_deg, b.patient_support_deg),
            table_eccentric_deg: turn(a.table_eccentric_deg, b.table_eccentric_deg),
            table_pitch_deg: turn(a.table_pitch_deg, b.table_pitch_deg),
            table_roll_deg: turn(a.table_roll_deg, b.table_roll_deg),
        };
        let snout = [scene.snout_mm(&from), scene.snout_mm(&to)];
        Self { from, to, by, snout }
    }

    fn at(&self, t: f64) -> Pose {
        if t <= 0.0 {
            return self.from;
        }
        if t >= 1.0 {
            return self.to;
        }
        let a = &self.from.angles;
        let go = |from: f64, by: f64| if by == 0.0 { from } else { (from + t * by).rem_euclid(360.0) };
        let angles = BeamAngles {
            gantry_deg: go(a.gantry_deg, self.by.gantry_deg),
            beam_limiting_deg: go(a.beam_limiting_deg, self.by.beam_limiting_deg),
            patient_support_deg: go(a.patient_support_deg, self.by.patient_support_deg),
            table_eccentric_deg: go(a.table_eccentric_deg, self.by.table_eccentric_deg),
            table_pitch_deg: go(a.table_pitch_deg, self.by.table_pitch_deg),
            table_roll_deg: go(a.table_roll_deg, self.by.table_roll_deg),
        };
        let shift_mm =
            std::array::from_fn(|k| self.from.shift_mm[k] + t * (self.to.shift_mm[k] - self.from.shift_mm[k]));
        let snout_mm = Some(self.snout[0] + t * (self.snout[1] - self.snout[0]));
        Pose { angles, snout_mm, shift_mm }
    }

    /// The most that a place of the cloud moves against any part of the machine on the whole leg, mm: each turn moves it by no more
    /// than the angle times its distance from the axis, and the turns add up at most. No distance changes by more than this.
    fn motion_mm(&self, cloud: &Cloud) -> f64 {
        let shift = Vector3::from(self.to.shift_mm) - Vector3::from(self.from.shift_mm);
        let b = &self.by;
        let tables = [b.patient_support_deg, b.table_eccentric_deg, b.table_pitch_deg, b.table_roll_deg];
        let table_rad: f64 = tables.iter().map(|d| d.abs().to_radians()).sum();
        let gantry_rad = b.gantry_deg.abs().to_radians();
        let away = Vector3::from(self.from.shift_mm).norm().max(Vector3::from(self.to.shift_mm).norm());
        let gantry_radius = if table_rad == 0.0 && shift.norm() == 0.0 {
            let to_fixed = super::table_to_fixed(&self.from);
            cloud.most(|p| {
                let f = to_fixed * p;
                f.x.hypot(f.z)
            })
        } else {
            cloud.most(|p| p.coords.norm()) + away
        };
        let table_radius = if table_rad == 0.0 { 0.0 } else { cloud.most(|p| p.coords.norm()) + away };
        gantry_rad * gantry_radius + table_rad * table_radius + shift.norm() + (self.snout[1] - self.snout[0]).abs()
    }

    /// Number of even steps for a curve.
    fn steps(&self) -> usize {
        let b = &self.by;
        let shift = Vector3::from(self.to.shift_mm) - Vector3::from(self.from.shift_mm);
        let most = [b.gantry_deg, b.patient_support_deg, b.table_eccentric_deg, b.table_pitch_deg, b.table_roll_deg]
            .iter()
            .map(|d| d.abs())
            .chain([shift.norm() / 10.0, (self.snout[1] - self.snout[0]).abs() / 10.0])
            .fold(0.0, f64::max);
        ((most / STEP).ceil() as usize).clamp(1, MOST_FIRST - 1)
    }
}

impl Scene {
    /// How near it comes on a way through these poses (see [`way`]). Every angle goes the shorter way.
    ///
    /// Between two poses a distance can fall no further than everything moves: the way is parted until nothing nearer than the
    /// least distance found minus 1 mm can lie between. Same result for any number of threads.
    pub fn swing(&self, poses: &[Pose]) -> Swing {
        let mut out = Swing { body: None, table: None, proven_mm: 0.0, curve: Vec::new(), looked_at: 0 };
        let one = [poses.first().copied(), poses.first().copied()];
        let pairs: Vec<(Pose, Pose)> = match poses {
            [_] => one.into_iter().flatten().map(|p| (p, p)).take(1).collect(),
            _ => poses.windows(2).map(|w| (w[0], w[1])).collect(),
        };
        let legs: Vec<Leg> = pairs.into_iter().map(|(a, b)| Leg::new(self, a, b)).collect();
        for (n, leg) in legs.iter().enumerate() {
            let steps = leg.steps();
            let from = usize::from(n > 0);
            let points: Vec<OnTheWay> = (from..=steps)
                .into_par_iter()
                .map(|k| {
                    let t = k as f64 / steps as f64;
                    let pose = leg.at(t);
                    OnTheWay { at: n as f64 + t, pose, clearance: self.clearance(&pose) }
                })
                .collect();
            out.looked_at += points.len();
            out.curve.extend(points);
        }
        for (cloud, against) in [(&self.body, Against::Body), (&self.table, Against::Table)] {
            let of = |c: &Clearance| if against == Against::Body { c.body } else { c.table };
            let start = out.curve.iter().filter_map(|p| Some((p.pose, of(&p.clearance)?)));
            let mut best = start.min_by(|a, b| a.1.distance_mm.total_cmp(&b.1.distance_mm));
            for (n, leg) in legs.iter().enumerate() {
                let Some(found) = best.as_mut() else { break };
                let known = out.curve.iter().filter_map(|p| {
                    let t = p.at - n as f64;
                    Some((t, of(&p.clearance)?.distance_mm)).filter(|_| (0.0..=1.0).contains(&t))
                });
                let (looked, unproven) = self.search(leg, cloud, against, known.collect(), found);
                out.looked_at += looked;
                out.proven_mm = out.proven_mm.max(unproven);
            }
            match against {
                Against::Body => out.body = best,
                Against::Table => out.table = best,
            }
        }
        out
    }

    /// Parts a leg until what lies between is proven, in rounds that are the same for any number of threads. Gives the number of
    /// poses looked at and how much nearer it could still be, mm.
    fn search(
        &self,
        leg: &Leg,
        cloud: &Cloud,
        against: Against,
        known: Vec<(f64, f64)>,
        best: &mut (Pose, Near),
    ) -> (usize, f64) {
        // A hair more, for rounding.
        let motion = leg.motion_mm(cloud) * (1.0 + 1e-9);
        // Between a and b it falls from both ends at most until it meets.
        let low = |p: &(f64, f64)| p.1 - too_large_mm(p.1);
        let least = |a: &(f64, f64), b: &(f64, f64)| 0.5 * (low(a) + low(b) - motion * (b.0 - a.0));
        let mut open: Vec<[(f64, f64); 2]> = known.windows(2).map(|w| [w[0], w[1]]).collect();
        let (mut looked, mut lowest) = (0, f64::INFINITY);
        loop {
            let goal = best.1.distance_mm - PROVEN_MM;
            let (todo, done): (Vec<_>, Vec<_>) = open.into_iter().partition(|[a, b]| least(a, b) < goal);
            lowest = done.iter().map(|[a, b]| least(a, b)).fold(lowest, f64::min);
            if todo.is_empty() || looked + todo.len() > MOST {
                lowest = todo.iter().map(|[a, b]| least(a, b)).fold(lowest, f64::min);
                return (looked, (best.1.distance_mm - lowest).max(0.0));
            }
            looked += todo.len();
            let found: Vec<(f64, Pose, Option<Near>)> = todo
                .par_iter()
                .map(|[a, b]| {
                    let t = 0.5 * (a.0 + b.0);
                    let pose = leg.at(t);
                    (t, pose, self.near(cloud, against, &pose))
                })
                .collect();
            open = Vec::with_capacity(2 * todo.len());
            for ([a, b], (t, pose, near)) in todo.into_iter().zip(found) {
                let Some(near) = near else { continue };
                if near.distance_mm < best.1.distance_mm {
                    *best = (pose, near);
                }
                let m = (t, near.distance_mm);
                open.extend([[a, m], [m, b]]);
            }
        }
    }
}
