//! The way from one beam to the next, with a proof that nothing nearer lies between the poses that were looked at.

use super::cloud::Cloud;
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
    /// Nowhere on the way is it nearer than the least distance minus this, mm: 1. Infinite where it hits: the depth is
    /// then the deepest of the poses looked at, no more.
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

    /// The most that a place of body or table moves against any part of the machine on the whole leg, mm: the first number, plus the
    /// second times its distance from the scene's isocentre. Each turn moves it by no more than the angle times its distance from the
    /// axis, and the turns add up at most; no distance changes by more than this.
    fn motion(&self) -> [f64; 2] {
        let [from, to] = [self.from.shift_mm, self.to.shift_mm].map(Vector3::from);
        let b = &self.by;
        let turns = [b.gantry_deg, b.patient_support_deg, b.table_eccentric_deg, b.table_pitch_deg, b.table_roll_deg];
        let rad: f64 = turns.iter().map(|d| d.abs().to_radians()).sum();
        [rad * from.norm().max(to.norm()) + (to - from).norm() + (self.snout[1] - self.snout[0]).abs(), rad]
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
            for leg in &legs {
                let Some(found) = best.as_mut() else { break };
                let (looked, proven) = self.search(leg, cloud, against, found);
                out.looked_at += looked;
                out.proven_mm = out.proven_mm.max(if proven { PROVEN_MM } else { f64::INFINITY });
            }
            match against {
                Against::Body => out.body = best,
                Against::Table => out.table = best,
            }
        }
        out
    }

    /// Parts a leg until for every piece it is proven that nothing comes nearer than the least distance minus [`PROVEN_MM`] in it,
    /// in rounds that are the same for any number of threads. Gives the number of poses looked at and whether all was proven.
    fn search(&self, leg: &Leg, cloud: &Cloud, against: Against, best: &mut (Pose, Near)) -> (usize, bool) {
        let motion = leg.motion();
        let steps = leg.steps();
        let end = |k: usize| k as f64 / steps as f64;
        let mut open: Vec<[f64; 2]> = (0..steps).map(|k| [end(k), end(k + 1)]).collect();
        let mut looked = 0;
        while !open.is_empty() {
            // Where it hits there is nothing to prove.
            if best.1.distance_mm < 0.0 || looked + open.len() > MOST {
                return (looked, false);
            }
            looked += open.len();
            let least = best.1.distance_mm - PROVEN_MM;
            let found: Vec<Option<(Pose, Option<Near>)>> = open
                .par_iter()
                .map(|[a, b]| {
                    let pose = leg.at(0.5 * (a + b));
                    // From the middle half of the piece lies to either side; a hair more, for rounding.
                    let part = motion.map(|m| m * 0.5 * (b - a) * (1.0 + 1e-9));
                    let clear = self.stays_clear(cloud, &pose, least, part);
                    (!clear).then(|| (pose, self.near(cloud, against, &pose)))
                })
                .collect();
            let mut next = Vec::new();
            for ([a, b], found) in open.into_iter().zip(found) {
                let Some((pose, near)) = found else { continue };
                if let Some(near) = near.filter(|n| n.distance_mm < best.1.distance_mm) {
                    *best = (pose, near);
                }
                let m = 0.5 * (a + b);
                next.extend([[a, m], [m, b]]);
            }
            open = next;
        }
        (looked, true)
    }
}
