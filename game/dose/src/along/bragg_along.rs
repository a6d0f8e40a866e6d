//! The engine's depth dose in water, laid on a ray through the patient.

use super::{AlongError, AlongRay};
use crate::bragg::BraggCurve;
use crate::machine::MachineModel;
use nalgebra::Point3;

/// Step of the curve that the figures are read from, mm of water.
const FINE_MM: f64 = 0.1;
/// Points of the laid curve lie no farther apart, mm of water.
const STEP_MM: f64 = 0.5;
/// The same where the curve is steep: near the peak and behind it.
const PEAK_STEP_MM: f64 = 0.1;

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BraggPoint {
    /// mm along the ray from its start.
    pub depth_mm: f64,
    /// Water-equivalent depth there, mm, what stands before the body included.
    pub water_mm: f64,
    /// Percent of the curve's peak.
    pub percent: f64,
}

/// A broad beam's depth dose in water along a ray: over the whole plane, as the engine's pencils add up to, and as if
/// the tissue beside the ray were as on it. Dose to water.
#[derive(Clone, Debug, PartialEq)]
pub struct BraggAlong {
    /// From the body's surface to the end of the curve, or of the CT.
    pub points: Vec<BraggPoint>,
    /// Depth of 80 % behind the peak, mm of water.
    pub r80_water_mm: f64,
    /// The same, mm along the ray from its start; None where the protons go through, or stop before the body.
    pub r80_depth_mm: Option<f64>,
    /// That place in DICOM patient mm.
    pub r80_at: Option<Point3<f64>>,
    /// Depth of the peak, mm of water, and mm along the ray.
    pub peak_water_mm: f64,
    /// Mean energy by range, MeV: what `energy_mev` means on this machine.
    pub mean_mev: f64,
}

/// A machine's depth dose in water at one energy: what lies on every ray alike, made once (a millisecond or two).
#[derive(Clone, Debug)]
pub struct BraggInWater {
    /// Mean energy by range, MeV.
    mean_mev: f64,
    /// By steps of [`FINE_MM`], percent of the peak.
    percent: Vec<f64>,
    peak_mm: f64,
    r80_mm: f64,
    end_mm: f64,
    /// Where the steep part begins, mm.
    steep_mm: f64,
}

impl BraggInWater {
    /// The curve of a machine's nominal `energy_mev`.
    pub fn new(machine: &MachineModel, energy_mev: f64) -> Result<Self, AlongError> {
        let [low, high] = machine.energy_limits_mev();
        let beam = machine.at(energy_mev).ok_or_else(|| AlongError::Energy {
            energy_mev,
            machine: machine.name.clone(),
            low,
            high,
        })?;
        let curve = BraggCurve::new(beam.mean_mev, beam.spread_mev);
        let dose = curve.sampled(FINE_MM).mev_per_mm;
        let peak = (0..dose.len()).max_by(|a, b| dose[*a].total_cmp(&dose[*b])).unwrap_or(0);
        let level = 0.8 * dose[peak];
        let behind = (peak..dose.len()).find(|i| dose[*i] < level).unwrap_or(dose.len() - 1).max(1);
        let part = (dose[behind - 1] - level) / (dose[behind - 1] - dose[behind]).max(f64::MIN_POSITIVE);
        let peak_mm = peak as f64 * FINE_MM;
        Ok(Self {
            mean_mev: beam.mean_mev,
            percent: dose.iter().map(|d| 100.0 * d / dose[peak]).collect(),
            peak_mm,
            r80_mm: (behind as f64 - 1.0 + part) * FINE_MM,
            end_mm: curve.end_mm(),
            steep_mm: peak_mm - 10.0 * curve.sigma_mm,
        })
    }

    /// Percent of the peak under `water_mm` of water; 0 behind its end.
    pub fn percent(&self, water_mm: f64) -> f64 {
        let q = water_mm.max(0.0) / FINE_MM;
        let i = q as usize;
        match (self.percent.get(i), self.percent.get(i + 1)) {
            (Some(a), Some(b)) => a + (b - a) * (q - i as f64),
            _ => 0.0,
        }
    }

    /// Depth of 80 % behind the peak, mm of water.
    pub fn r80_mm(&self) -> f64 {
        self.r80_mm
    }
}

impl AlongRay {
    /// The curve of a machine's nominal `energy_mev` on this ray, with `before_mm` of water in the beam before the
    /// ray's start (a range shifter; 0 without one). A millisecond or two; who moves the ray makes a [`BraggInWater`]
    /// and [`Self::lay`]s it.
    pub fn bragg(&self, machine: &MachineModel, energy_mev: f64, before_mm: f64) -> Result<BraggAlong, AlongError> {
        self.lay(&BraggInWater::new(machine, energy_mev)?, before_mm)
    }

    /// As [`Self::bragg`], of a curve that is made already: microseconds.
    pub fn lay(&self, curve: &BraggInWater, before_mm: f64) -> Result<BraggAlong, AlongError> {
        if !(0.0..=400.0).contains(&before_mm) {
            return Err(AlongError::Before(before_mm));
        }
        let entry = self.entry.ok_or(AlongError::Misses)?;
        let point = |depth_mm: f64, water_mm: f64| BraggPoint { depth_mm, water_mm, percent: curve.percent(water_mm) };
        let mut water = before_mm + entry.water_mm;
        let mut points = vec![point(entry.depth_mm, water)];
        for s in self.samples.iter().filter(|s| s.far_mm > entry.depth_mm) {
            if water >= curve.end_mm {
                break;
            }
            let through = s.relative_stopping_power * (s.far_mm - s.near_mm);
            let steep = water + through > curve.steep_mm;
            let pieces = (through / if steep { PEAK_STEP_MM } else { STEP_MM }).ceil().max(1.0) as usize;
            for p in 1..=pieces {
                let t = p as f64 / pieces as f64;
                points.push(point(s.near_mm + t * (s.far_mm - s.near_mm), water + t * through));
            }
            water += through;
        }
        let r80_depth_mm =
            Some(curve.r80_mm - before_mm).filter(|w| *w > entry.water_mm).and_then(|w| self.depth_at_water(w));
        Ok(BraggAlong {
            points,
            r80_water_mm: curve.r80_mm,
            r80_depth_mm,
            r80_at: r80_depth_mm.map(|d| self.at(d)),
            peak_water_mm: curve.peak_mm,
            mean_mev: curve.mean_mev,
        })
    }
}
