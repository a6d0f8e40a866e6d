//! Dose-rate-volume histograms of a plan's structures, ready for a chart.

use super::{BeamDoseRate, DoseFloor, DoseRateMetric, RateError, RateHistogram, structure_voxels};
use crate::prepared::PreparedPlan;
use crate::timeline::Timeline;
use std::sync::atomic::AtomicBool;
use vestibule_geometry::Contour;

/// Points of a curve.
const POINTS: usize = 201;

/// One beam, one metric, one structure. Rates are of one beam of one fraction, physical dose.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// By which definition; its [`DoseRateMetric::label`] stands beside the curve.
    pub metric: DoseRateMetric,
    /// Index of the beam in the plan.
    pub beam: usize,
    /// Index of the structure among those asked about.
    pub structure: usize,
    /// Doses of this beam below it have no rate, Gy of one fraction.
    pub floor_gy: f64,
    /// What the curve is of: its figures, and how much of the structure has a rate.
    pub histogram: RateHistogram,
    /// (rate in Gy/s, percent of the volume that has a rate with at least that rate), rates rising from 0 to the highest, 201
    /// points; empty where nothing of the structure has a rate from this beam.
    pub points: Vec<[f64; 2]>,
}

/// Every curve of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurves {
    /// Beam by beam, in each metric by metric, in each the structures in their order.
    pub curves: Vec<RateCurve>,
}

impl RateCurves {
    /// Works them out, on a thread of its own: each spot goes twice through the rays, so it takes long (docs/dose.md, *How fast
    /// the dose comes*), as long for one structure and metric as for all; a plan prepared on a wider grid takes less. Threads do not
    /// change a bit. `structures`: contours of each. `progress(done, total)` counts spots over all beams, each twice.
    /// [`RateError::Cancelled`] soon after `cancel` is set.
    pub fn new(
        plan: &PreparedPlan,
        timeline: &Timeline,
        structures: &[&[Contour]],
        metrics: &[DoseRateMetric],
        floor: DoseFloor,
        cancel: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, RateError> {
        let beams = plan.spots().last().map_or(0, |s| s.beam + 1);
        let total = 2 * plan.spots().len();
        let voxels: Vec<_> = structures.iter().map(|c| structure_voxels(plan.grid(), c)).collect();
        let mut curves = Vec::new();
        let mut before = 0;
        for beam in 0..beams {
            let told = |done: usize, _: usize| progress(before + done, total);
            let rates = BeamDoseRate::new_unless(plan, timeline, beam, metrics, floor, cancel, &told)?;
            before += 2 * timeline.beam_spots(beam).len();
            for map in &rates.maps {
                for (structure, voxels) in voxels.iter().enumerate() {
                    let histogram = RateHistogram::new(&rates, map, voxels);
                    let points = histogram.curve(POINTS).into_iter().map(|(rate, part)| [rate, 100.0 * part]).collect();
                    curves.push(RateCurve {
                        metric: map.metric,
                        beam,
                        structure,
                        floor_gy: rates.floor_gy,
                        histogram,
                        points,
                    });
                }
            }
        }
        progress(total, total);
        Ok(Self { curves })
    }
}
