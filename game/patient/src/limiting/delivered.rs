//! Where the machine stands after a part of a beam's meterset.

use super::{ControlPoint, Turn, Turns};
use crate::Beam;
use vestibule_geometry::BeamAngles;

/// The machine at an instant of a beam.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivered {
    /// Index of the control point passed last, from 0, plus the part of the way to the next.
    pub control_point: f64,
    /// What holds then: angles, leaves and jaws between two control points are interpolated in meterset.
    pub setting: ControlPoint,
}

impl Beam {
    /// The machine when `fraction` (0 to 1; beyond is cut off) of the beam's meterset is delivered. Where control points share one
    /// meterset (something moved with the beam off) the last of them counts. A beam without control points stands as
    /// [`Beam::angles`] say.
    pub fn delivered(&self, fraction: f64) -> Delivered {
        let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        let Some(last) = self.sequence.last() else {
            let setting = ControlPoint {
                cumulative_weight: fraction * self.final_cumulative_weight,
                angles: self.angles,
                ..Default::default()
            };
            return Delivered { control_point: 0.0, setting };
        };
        let weight = fraction * last.cumulative_weight;
        let after = self.sequence.partition_point(|c| c.cumulative_weight <= weight);
        let index = after.saturating_sub(1);
        let (a, Some(b)) = (&self.sequence[index], self.sequence.get(index + 1)) else {
            return Delivered { control_point: index as f64, setting: last.clone() };
        };
        let step = b.cumulative_weight - a.cumulative_weight;
        let t = if step > 0.0 { ((weight - a.cumulative_weight) / step).clamp(0.0, 1.0) } else { 0.0 };
        Delivered { control_point: index as f64 + t, setting: between(a, b, t, weight) }
    }

    /// The machine at a place between control points, counted from 0: 2.25 is a quarter of the way from the third to the fourth, in
    /// meterset and in everything that moves, with the beam off too. Outside the sequence its nearest end.
    pub fn at_control_point(&self, place: f64) -> Delivered {
        let Some(last) = self.sequence.len().checked_sub(1) else { return self.delivered(0.0) };
        let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, last as f64) };
        let (index, t) = (place as usize, place.fract());
        let (a, b) = (&self.sequence[index], &self.sequence[(index + 1).min(last)]);
        let weight = a.cumulative_weight + t * (b.cumulative_weight - a.cumulative_weight);
        Delivered { control_point: place, setting: between(a, b, t, weight) }
    }
}

fn between(a: &ControlPoint, b: &ControlPoint, t: f64, weight: f64) -> ControlPoint {
    let one = |(x, y): (&f64, &f64)| x + t * (y - x);
    let list = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(one).collect();
    ControlPoint {
        cumulative_weight: weight,
        angles: angles(&a.angles, &b.angles, &a.turns, t),
        turns: a.turns,
        energy: a.energy,
        positions_mm: a.positions_mm.iter().zip(&b.positions_mm).map(list).collect(),
    }
}

fn angles(a: &BeamAngles, b: &BeamAngles, turns: &Turns, t: f64) -> BeamAngles {
    // Clockwise is towards larger angles for the gantry alone: IEC counts the others the other way.
    let reverse = |turn| match turn {
        Turn::None => Turn::None,
        Turn::Clockwise => Turn::CounterClockwise,
        Turn::CounterClockwise => Turn::Clockwise,
    };
    let part = |from, to, turn| angle(from, to, turn, t);
    BeamAngles {
        gantry_deg: part(a.gantry_deg, b.gantry_deg, turns.gantry),
        beam_limiting_deg: part(a.beam_limiting_deg, b.beam_limiting_deg, reverse(turns.beam_limiting)),
        patient_support_deg: part(a.patient_support_deg, b.patient_support_deg, reverse(turns.patient_support)),
        table_eccentric_deg: part(a.table_eccentric_deg, b.table_eccentric_deg, reverse(turns.table_eccentric)),
        table_pitch_deg: part(a.table_pitch_deg, b.table_pitch_deg, Turn::None),
        table_roll_deg: part(a.table_roll_deg, b.table_roll_deg, Turn::None),
    }
}

/// An angle on its way; `Clockwise` here means towards larger ones. 0 to 360.
fn angle(from: f64, to: f64, turn: Turn, t: f64) -> f64 {
    let up = (to - from).rem_euclid(360.0);
    let by = match turn {
        Turn::Clockwise => up,
        Turn::CounterClockwise if up > 0.0 => up - 360.0,
        Turn::CounterClockwise => 0.0,
        Turn::None if up > 180.0 => up - 360.0,
        Turn::None => up,
    };
    // What does not turn keeps its own value, to the last bit.
    if by == 0.0 { from } else { (from + t * by).rem_euclid(360.0) }
}
