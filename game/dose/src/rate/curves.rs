//! Dose-rate-volume histograms of a plan's structures, ready for a chart.

use super::{BeamDoseRate, DoseFloor, DoseRateMetric, RateError, RateHistogram, structure_voxels};
use crate::prepared::PreparedPlan;
use crate::timeline::Timeline;
use std::sync::atomic::AtomicBool;
use vestibule_geometry::Contour;

/// Points of a curve.
const POINTS: usize = 201;

/// One beam, one structure.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// Index of the beam in the plan.
    pub beam: usize,
    /// Index of the structure among those asked about.
    pub structure: usize,
    /// Doses of this beam below it have no rate, Gy of one fraction.
    pub floor_gy: f64,
    /// What the curve is of: its figures, and how much of the structure has a rate.
    pub histogram: RateHistogram,
    /// (rate in Gy/s, percent of the volume that has a rate with at least that rate), rates rising from 0 to the
    /// highest, 201 points; empty where nothing of the structure has a rate from this beam.
    pub points: Vec<[f64; 2]>,
}

/// Every curve of a plan by one metric. Rates are of one beam of one fraction, physical dose.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurves {
    /// By which definition; its [`DoseRateMetric::label`] stands beside every curve.
    pub metric: DoseRateMetric,
    /// Beam by beam, in each the structures in their order.
    pub curves: Vec<RateCurve>,
}

impl RateCurves {
    /// Works them out, on a thread of its own: each spot goes twice through the rays, so it takes long (docs/dose.md,
    /// *Beside the dose*), as long for one structure as for all; a plan prepared on a wider grid takes less. Threads do
    /// not change a bit. `structures`: contours of each. `progress(done, total)` counts spots over all beams, each
    /// twice. [`RateError::Cancelled`] soon after `cancel` is set.
    pub fn new(
        plan: &PreparedPlan,
        timeline: &Timeline,
        structures: &[&[Contour]],
        metric: DoseRateMetric,
        floor: DoseFloor,
        cancel: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, RateError> {
        let all = Self::of_metrics(plan, timeline, structures, &[metric], floor, cancel, progress)?;
        all.into_iter().next().ok_or(RateError::NoMetric)
    }

    /// As [`Self::new`], of several metrics in their order: it takes hardly longer than one.
    pub fn of_metrics(
        plan: &PreparedPlan,
        timeline: &Timeline,
        structures: &[&[Contour]],
        metrics: &[DoseRateMetric],
        floor: DoseFloor,
        cancel: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Self>, RateError> {
        let beams = plan.spots().last().map_or(0, |s| s.beam + 1);
        let total = 2 * plan.spots().len();
        let voxels: Vec<_> = structures.iter().map(|c| structure_voxels(plan.grid(), c)).collect();
        let mut all: Vec<Self> = metrics.iter().map(|m| Self { metric: *m, curves: Vec::new() }).collect();
        let mut before = 0;
        for beam in 0..beams {
            let told = |done: usize, _: usize| progress(before + done, total);
            let rates = BeamDoseRate::new_unless(plan, timeline, beam, metrics, floor, cancel, &told)?;
            before += 2 * timeline.beam_spots(beam).len();
            for (map, of_metric) in rates.maps.iter().zip(&mut all) {
                for (structure, voxels) in voxels.iter().enumerate() {
                    let histogram = RateHistogram::new(&rates, map, voxels);
                    let points = histogram.curve(POINTS).into_iter().map(|(rate, part)| [rate, 100.0 * part]).collect();
                    of_metric.curves.push(RateCurve { beam, structure, floor_gy: rates.floor_gy, histogram, points });
                }
            }
        }
        progress(total, total);
        Ok(all)
    }
}
