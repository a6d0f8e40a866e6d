//! A plan as places where the machine stands: a beam that does not turn is one, an arc is one for every few degrees.

use vestibule_geometry::BeamAngles;
use vestibule_patient::{Beam, Plan};

/// A turning beam stands for at most so many degrees of any angle in one place.
const MOST_DEG: f64 = 4.0;
/// Ways that turn by less are taken together up to this many degrees.
const TOGETHER_DEG: f64 = 2.0;

/// A part of the way from one control point to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Number of the way in the plan.
    pub way: usize,
    /// Control point of the beam where the way begins.
    pub index: usize,
    /// From where to where on the way, 0 to 1.
    pub from: f64,
    pub to: f64,
    /// Monitor units of one fraction, of the whole way.
    pub mu: f64,
}

/// Ways for which the machine stands in one place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pose {
    pub beam: usize,
    pub angles: BeamAngles,
    pub pieces: Vec<Piece>,
}

impl Pose {
    /// The instant when all of it is delivered: whole ways, and the part of the next.
    pub fn end(&self) -> (usize, f64) {
        self.pieces.last().map_or((0, 0.0), |p| if p.to >= 1.0 { (p.way + 1, 0.0) } else { (p.way, p.to) })
    }
}

/// MU of one fraction of the way after a control point.
pub(crate) fn way_mu(beam: &Beam, index: usize) -> f64 {
    let (a, b) = (&beam.sequence[index], &beam.sequence[index + 1]);
    (b.cumulative_weight - a.cumulative_weight).max(0.0) * beam.mu_per_weight()
}

/// The poses of a plan in the order of delivery. Ways without MU are in none.
pub(crate) fn poses(plan: &Plan) -> Vec<Pose> {
    let mut out: Vec<Pose> = Vec::new();
    let mut first_way = 0;
    for (b, beam) in plan.beams.iter().enumerate() {
        let ways = beam.sequence.len().saturating_sub(1);
        // Control points from and to of the pose that is being put together, and how far it turns.
        let mut open: Option<([f64; 2], f64)> = None;
        for index in 0..ways {
            let mu = way_mu(beam, index);
            if mu.is_nan() || mu <= 0.0 {
                continue;
            }
            let way = first_way + index;
            let turn = turn_deg(beam, index);
            let angles = &beam.sequence[index].angles;
            if turn == 0.0 {
                let piece = Piece { way, index, from: 0.0, to: 1.0, mu };
                let stands = |p: &&mut Pose| p.beam == b && open.is_none() && p.angles == *angles;
                match out.last_mut().filter(stands) {
                    Some(pose) => pose.pieces.push(piece),
                    None => out.push(Pose { beam: b, angles: *angles, pieces: vec![piece] }),
                }
                open = None;
                continue;
            }
            let parts = (turn / MOST_DEG - 1e-9).ceil().max(1.0);
            for part in 0..parts as usize {
                let (from, to) = (part as f64 / parts, (part as f64 + 1.0) / parts);
                let piece = Piece { way, index, from, to, mu };
                let place = |t: f64| index as f64 + t;
                let joins = |([_, end], turned): &([f64; 2], f64)| {
                    parts == 1.0 && *end == place(from) && turned + turn <= TOGETHER_DEG + 1e-9
                };
                match (open.filter(joins), out.last_mut()) {
                    (Some(([start, _], turned)), Some(pose)) => {
                        pose.pieces.push(piece);
                        pose.angles = beam.at_control_point(0.5 * (start + place(to))).setting.angles;
                        open = Some(([start, place(to)], turned + turn));
                    }
                    _ => {
                        let angles = beam.at_control_point(0.5 * (place(from) + place(to))).setting.angles;
                        out.push(Pose { beam: b, angles, pieces: vec![piece] });
                        open = Some(([place(from), place(to)], turn / parts));
                    }
                }
            }
        }
        first_way += ways;
    }
    out
}

/// The widest turn of any angle on a way, degrees.
fn turn_deg(beam: &Beam, index: usize) -> f64 {
    let from = &beam.sequence[index].angles;
    // half of it is never more than half a turn, whichever way it goes
    let half = beam.at_control_point(index as f64 + 0.5).setting.angles;
    let turn = |a: f64, b: f64| {
        let up = (b - a).rem_euclid(360.0);
        up.min(360.0 - up) * 2.0
    };
    [
        turn(from.gantry_deg, half.gantry_deg),
        turn(from.beam_limiting_deg, half.beam_limiting_deg),
        turn(from.patient_support_deg, half.patient_support_deg),
        turn(from.table_eccentric_deg, half.table_eccentric_deg),
        turn(from.table_pitch_deg, half.table_pitch_deg),
        turn(from.table_roll_deg, half.table_roll_deg),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_patient::{ControlPoint, Turn, Turns};

    fn beam(gantries: &[f64], weights: &[f64]) -> Beam {
        let point = |(gantry_deg, cumulative_weight): (&f64, &f64)| ControlPoint {
            cumulative_weight: *cumulative_weight,
            angles: BeamAngles { gantry_deg: *gantry_deg, ..BeamAngles::default() },
            turns: Turns { gantry: Turn::Clockwise, ..Turns::default() },
            ..ControlPoint::default()
        };
        let sequence = gantries.iter().zip(weights).map(point).collect();
        Beam { meterset_mu: 100.0, final_cumulative_weight: 1.0, sequence, ..Beam::default() }
    }

    #[test]
    fn a_beam_stands_once_and_an_arc_every_few_degrees() {
        let stands = beam(&[10.0; 5], &[0.0, 0.25, 0.25, 0.5, 1.0]);
        let arc = beam(&[350.0, 0.0, 1.0, 2.0, 3.0], &[0.0, 0.25, 0.5, 0.75, 1.0]);
        let got = poses(&Plan { beams: vec![stands, arc], ..Plan::default() });
        // the way with the beam off is left out
        assert_eq!(got[0].pieces.iter().map(|p| p.way).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!((got[0].angles.gantry_deg, got[0].end()), (10.0, (4, 0.0)));
        // 10 degrees in three, then 1 + 1, then the last
        let gantries: Vec<f64> = got[1..].iter().map(|p| p.angles.gantry_deg).collect();
        let want = [350.0 + 5.0 / 3.0, 355.0, 360.0 - 5.0 / 3.0, 1.0, 2.5];
        assert!(gantries.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9), "{gantries:?}");
        assert_eq!(got[1].end(), (4, 1.0 / 3.0));
        assert_eq!(got.last().map(Pose::end), Some((8, 0.0)));
        let mu: f64 = got.iter().flat_map(|p| &p.pieces).map(|p| p.mu * (p.to - p.from)).sum();
        assert!((mu - 200.0).abs() < 1e-9);
    }
}
