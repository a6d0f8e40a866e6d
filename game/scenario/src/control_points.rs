//! Beams that are not scanned, in time: from control point to control point, as fast as the slowest of what has to happen on the way.

use crate::delivery::{Delivery, DeliveryBeam, DeliverySpot};
use std::sync::Arc;
use vestibule_patient::{Beam, Plan};

/// How fast a linac is. A plan does not say it of the machine it was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinacSpeeds {
    /// Dose rate, MU/s.
    pub mu_per_s: f64,
    /// Gantry, degrees/s.
    pub gantry_deg_per_s: f64,
    /// Collimator and couch, degrees/s.
    pub other_deg_per_s: f64,
    /// Jaws and leaves on the isocentre plane, mm/s.
    pub leaf_mm_per_s: f64,
}

/// A made-up linac with round figures: 600 MU/min, a turn of the gantry in a minute, leaves of 25 mm/s. Of no machine in particular; who
/// shows times of it says so.
pub const GENERIC_LINAC: LinacSpeeds =
    LinacSpeeds { mu_per_s: 10.0, gantry_deg_per_s: 6.0, other_deg_per_s: 6.0, leaf_mm_per_s: 25.0 };

impl Delivery {
    /// A plan whose beams are not scanned. Beams that say nothing of their control points, or that give nothing, take no time.
    pub fn of_control_points(plan: &Plan, speeds: &LinacSpeeds) -> Self {
        let mut first_spot = 0;
        let beams = plan.beams.iter().map(|beam| {
            let spots = ways(beam, speeds);
            let length_s = spots.last().map_or(0.0, |s| s.start_s + s.length_s);
            let energy = |i: usize| beam.sequence.get(i).and_then(|c| c.energy).unwrap_or(0.0);
            let made = DeliveryBeam {
                name: beam.name.clone(),
                angles: beam.angles,
                energies_mev: (0..spots.len()).map(energy).collect(),
                length_s,
                first_spot,
                spots,
                unscanned: Some(Arc::new(beam.clone())),
                ..DeliveryBeam::default()
            };
            first_spot += made.spots.len();
            made
        });
        Self { beams: beams.collect() }
    }
}

fn ways(beam: &Beam, speeds: &LinacSpeeds) -> Vec<DeliverySpot> {
    let mut start_s = 0.0;
    let way = |i: usize| {
        let (a, b) = (&beam.sequence[i], &beam.sequence[i + 1]);
        let mu = (b.cumulative_weight - a.cumulative_weight).max(0.0) * beam.mu_per_weight();
        // half of it is never more than half a turn, whichever way it goes
        let half = beam.at_control_point(i as f64 + 0.5).setting;
        let turn = |from: f64, to: f64| {
            let up = (to - from).rem_euclid(360.0);
            up.min(360.0 - up) * 2.0
        };
        let (from, to) = (&a.angles, &half.angles);
        let gantry = turn(from.gantry_deg, to.gantry_deg) / speeds.gantry_deg_per_s;
        let other = turn(from.beam_limiting_deg, to.beam_limiting_deg)
            .max(turn(from.patient_support_deg, to.patient_support_deg))
            / speeds.other_deg_per_s;
        let moved = a.positions_mm.iter().flatten().zip(b.positions_mm.iter().flatten());
        let leaves = moved.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / speeds.leaf_mm_per_s;
        let length_s = (mu / speeds.mu_per_s).max(gantry).max(other).max(leaves);
        let length_s = if length_s.is_finite() { length_s } else { 0.0 };
        let spot = DeliverySpot { layer: i, start_s, length_s, mu, at_mm: [0.0; 2] };
        start_s += length_s;
        spot
    };
    (0..beam.sequence.len().saturating_sub(1)).map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Review;
    use crate::room::Room;
    use vestibule_geometry::BeamAngles;
    use vestibule_patient::{ControlPoint, RadiationType, Turn, Turns};

    /// An arc over north of 40° in two halves, then, with the beam off, leaves that go 50 mm, then 30 MU standing.
    fn plan() -> Plan {
        let point = |cumulative_weight, gantry_deg, leaf: f64| ControlPoint {
            cumulative_weight,
            angles: BeamAngles { gantry_deg, ..BeamAngles::default() },
            turns: Turns { gantry: Turn::Clockwise, ..Turns::default() },
            energy: Some(6.0),
            positions_mm: vec![vec![-leaf, leaf]],
        };
        let sequence = vec![
            point(0.0, 340.0, 10.0),
            point(0.25, 0.0, 10.0),
            point(0.5, 20.0, 10.0),
            point(0.5, 20.0, 60.0),
            point(1.0, 20.0, 60.0),
        ];
        let beam = |name: &str| Beam {
            name: name.into(),
            radiation: RadiationType::Photon,
            meterset_mu: 60.0,
            final_cumulative_weight: 1.0,
            angles: sequence[0].angles,
            control_points: sequence.len(),
            sequence: sequence.clone(),
            ..Beam::default()
        };
        Plan { beams: vec![beam("A"), beam("B")], ..Plan::default() }
    }

    #[test]
    fn each_way_takes_as_long_as_its_slowest_part() {
        let d = Delivery::of_control_points(&plan(), &GENERIC_LINAC);
        let lengths: Vec<f64> = d.beams[0].spots.iter().map(|s| s.length_s).collect();
        // 20° at 6°/s twice (15 MU would take half of it), 50 mm at 25 mm/s, 30 MU at 10 MU/s
        let want = [20.0 / 6.0, 20.0 / 6.0, 2.0, 3.0];
        assert!(lengths.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9), "{lengths:?}");
        assert_eq!((d.beams[1].first_spot, d.spot_count()), (4, 8));
        let mu: f64 = d.beams[0].spots.iter().map(|s| s.mu).sum();
        assert!((mu - 60.0).abs() < 1e-9);
    }

    #[test]
    fn the_machine_goes_round_while_it_plays() {
        let room = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let delivery = Arc::new(Delivery::of_control_points(&plan(), &GENERIC_LINAC));
        let mut r = Review::new(room.into(), delivery, "review");
        let mut at = |time_s: f64| {
            r.go_to(time_s);
            let s = r.state();
            let beam = s.beam.clone().unwrap();
            (s.machine.gantry_deg.rem_euclid(360.0), s.mu, beam.layer, beam.unscanned.unwrap())
        };
        // half of the first way, through the other half, the leaves on their way, and the second beam
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let (gantry, mu, layer, [share, point]) = at(10.0 / 6.0);
        assert!(near(gantry, 350.0) && near(mu, 7.5) && layer == 0 && near(share, 0.125) && near(point, 0.5));
        let (gantry, mu, layer, [share, point]) = at(40.0 / 6.0 + 1.0);
        assert!(near(gantry, 20.0) && near(mu, 30.0) && layer == 2 && near(share, 0.5) && near(point, 2.5));
        let (gantry, mu, _, [share, _]) = at(40.0 / 6.0 + 5.0 + 10.0 / 6.0);
        assert!(near(gantry, 350.0) && near(mu, 67.5) && near(share, 0.125));
        // an eighth of the meterset is half of the first way; half of it, the end of the second and not of the third
        let beam = &r.delivery().beams[0];
        let when = |share: f64| beam.when(share);
        assert!(near(when(0.125), 10.0 / 6.0) && near(when(0.5), 40.0 / 6.0) && near(when(1.0), beam.length_s));
    }

    #[test]
    fn a_beam_without_control_points_takes_no_time() {
        let mut plan = plan();
        plan.beams[0].sequence.clear();
        plan.beams[1].meterset_mu = f64::NAN;
        let d = Delivery::of_control_points(&plan, &GENERIC_LINAC);
        assert_eq!(d.beams[0].length_s, 0.0);
        assert!(d.beams[1].length_s.is_finite());
    }
}
