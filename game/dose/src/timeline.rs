//! When each spot comes: energy switching, scanning and dwell.

use crate::check::check_plan;
use crate::error::ComputeError;
use crate::machine::{Delivery, MachineModel};
use vestibule_patient::Plan;

/// Charge of a proton, nA·s.
const PROTON_NAS: f64 = 1.602_176_634e-10;

/// What a machine's times need.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryTimes {
    /// Switching, scanning, settling, current.
    pub delivery: Delivery,
    /// (nominal energy in MeV, protons per MU), rising.
    pub protons_per_mu: Vec<(f64, f64)>,
}

impl DeliveryTimes {
    /// Time the beam stands on a spot, s.
    pub fn dwell_s(&self, energy_mev: f64, mu: f64) -> f64 {
        if mu <= 0.0 {
            return 0.0;
        }
        let p = &self.protons_per_mu;
        let i = p.partition_point(|e| e.0 <= energy_mev).clamp(1, p.len().max(2) - 1);
        let per_mu = match (p.get(i - 1), p.get(i)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * ((energy_mev - a.0) / (b.0 - a.0)).clamp(0.0, 1.0),
            (Some(a), None) => a.1,
            _ => 0.0,
        };
        (mu * per_mu * PROTON_NAS / self.delivery.beam_current_na).max(self.delivery.minimum_dwell_s)
    }
}

/// One spot's time within its beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpotTime {
    /// When the beam comes on, s after the beam's start.
    pub start_s: f64,
    /// How long it stays on, s.
    pub length_s: f64,
}

/// Times of all spots of a plan, in plan order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    spots: Vec<SpotTime>,
    beam_starts: Vec<usize>,
    durations_s: Vec<f64>,
}

impl Timeline {
    /// Lays the spots out in time. The first layer's energy stands when the beam starts; spots of weight 0 take the way
    /// and no dwell.
    pub fn new(plan: &Plan, times: &DeliveryTimes) -> Self {
        let d = &times.delivery;
        let mut out = Self::default();
        for beam in &plan.beams {
            out.beam_starts.push(out.spots.len());
            let mut t = 0.0;
            let mut at: Option<[f64; 2]> = None;
            for (l, layer) in beam.layers.iter().enumerate() {
                if l > 0 {
                    t += d.energy_switch_s;
                }
                for (s, spot) in layer.spots.iter().enumerate() {
                    if let Some([x, y]) = at
                        && s > 0
                    {
                        // Both axes move at once; across an energy switch the move costs nothing more.
                        let [vx, vy] = d.scan_speed_mm_per_s;
                        t += ((spot.x_mm - x).abs() / vx).max((spot.y_mm - y).abs() / vy) + d.spot_settle_s;
                    }
                    at = Some([spot.x_mm, spot.y_mm]);
                    let length_s = times.dwell_s(layer.energy_mev, spot.weight * beam.mu_per_weight());
                    out.spots.push(SpotTime { start_s: t, length_s });
                    t += length_s;
                }
            }
            out.durations_s.push(t);
        }
        out
    }

    /// [`Self::new`] of a plan that is held against the machine first: energies, weights, places and metersets. Errors name the
    /// beam, spot and value.
    pub fn checked(plan: &Plan, machine: &MachineModel) -> Result<Self, ComputeError> {
        check_plan(plan, machine)?;
        Ok(Self::new(plan, &machine.delivery_times()))
    }

    /// Every spot in plan order; times are within its own beam.
    pub fn spots(&self) -> &[SpotTime] {
        &self.spots
    }

    /// Number of beams.
    pub fn beams(&self) -> usize {
        self.durations_s.len()
    }

    /// First spot of a beam and one past its last.
    pub fn beam_spots(&self, beam: usize) -> std::ops::Range<usize> {
        let start = self.beam_starts.get(beam).copied().unwrap_or(self.spots.len());
        start..self.beam_starts.get(beam + 1).copied().unwrap_or(self.spots.len())
    }

    /// Length of a beam, s; 0 for one that does not exist.
    pub fn beam_duration_s(&self, beam: usize) -> f64 {
        self.durations_s.get(beam).copied().unwrap_or(0.0)
    }

    /// Length of all beams, without what lies between them, s.
    pub fn total_s(&self) -> f64 {
        self.durations_s.iter().sum()
    }

    /// What is delivered `time_s` after the start of `beam`, with all beams before it: whole spots and part of the next,
    /// as [`crate::LiveDose::deliver_to`] takes it.
    pub fn delivered_at(&self, beam: usize, time_s: f64) -> (usize, f64) {
        let range = self.beam_spots(beam);
        let spots = &self.spots[range.clone()];
        let whole = spots.partition_point(|s| s.start_s + s.length_s <= time_s);
        let part = spots
            .get(whole)
            .map_or(0.0, |s| if s.length_s > 0.0 { ((time_s - s.start_s) / s.length_s).clamp(0.0, 1.0) } else { 0.0 });
        (range.start + whole, part)
    }

    /// Time at which `part_of_next` of spot `spots` is delivered: its beam and the time within it. The reverse of
    /// [`Self::delivered_at`]. None past the last spot.
    pub fn time_of(&self, spots: usize, part_of_next: f64) -> Option<(usize, f64)> {
        let s = self.spots.get(spots)?;
        let beam = self.beam_starts.partition_point(|b| *b <= spots).checked_sub(1)?;
        Some((beam, s.start_s + part_of_next.clamp(0.0, 1.0) * s.length_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_patient::{Beam, Layer, Spot};

    fn plan() -> Plan {
        let spot = |x_mm, weight| Spot { x_mm, y_mm: 0.0, weight };
        let layer = |energy_mev| Layer {
            energy_mev,
            paintings: 1,
            spots: vec![spot(0.0, 1.0), spot(50.0, 2.0), spot(50.0, 0.0)],
            ..Layer::default()
        };
        let beam = Beam {
            meterset_mu: 60.0,
            final_cumulative_weight: 6.0,
            layers: vec![layer(100.0), layer(90.0)],
            ..Beam::default()
        };
        Plan { beams: vec![beam.clone(), beam], ..Plan::default() }
    }

    #[test]
    fn a_beam_by_hand() {
        let mut times = MachineModel::generic().delivery_times();
        times.delivery.minimum_dwell_s = 0.0;
        let t = Timeline::new(&plan(), &times);
        // 10 MU at 100 MeV: 10 · 2.664844e6 protons at 1 nA.
        let dwell = 10.0 * 2_664_844.0 * 1.602_176_634e-19 / 1e-9;
        assert!((t.spots()[0].length_s / dwell - 1.0).abs() < 1e-9);
        assert_eq!(t.spots()[0].start_s, 0.0);
        assert!((t.spots()[1].start_s - (dwell + 50.0 / 5000.0 + 0.003)).abs() < 1e-9);
        assert_eq!(t.spots()[2].length_s, 0.0, "no dwell without weight");
        assert!(t.spots()[3].start_s - (t.spots()[2].start_s) - 1.5 < 1e-9);
        assert_eq!((t.beams(), t.beam_spots(1)), (2, 6..12));
        assert_eq!(t.beam_duration_s(0), t.beam_duration_s(1));
    }

    #[test]
    fn a_plan_the_machine_does_not_know_has_no_times() {
        let mut wrong = plan();
        wrong.beams[1].name = "left".into();
        wrong.beams[1].layers[0].energy_mev = 400.0;
        let said = Timeline::checked(&wrong, &MachineModel::generic()).unwrap_err().to_string();
        assert!(said.contains("'left', layer 1: 400 MeV"), "{said}");
    }

    #[test]
    fn any_instant_has_its_spots() {
        let t = Timeline::new(&plan(), &MachineModel::generic().delivery_times());
        assert_eq!(t.delivered_at(0, -1.0), (0, 0.0));
        let s = t.spots()[4];
        let (n, part) = t.delivered_at(1, t.spots()[10].start_s + 0.25 * s.length_s);
        assert_eq!(n, 10);
        assert!((part - 0.25).abs() < 1e-6);
        assert_eq!(t.time_of(10, 0.25).map(|(b, _)| b), Some(1));
        assert_eq!(t.delivered_at(1, 1e9), (12, 0.0));
        assert_eq!(t.delivered_at(0, 1e9), (6, 0.0), "the next beam has not begun");
    }
}
