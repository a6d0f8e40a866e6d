//! The whole dose at once, on all cores, with the same bits whatever their number.

use crate::prepared::{PreparedPlan, add_spot};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit};

/// Gray of one fraction. Each voxel's sum runs in f64 over the spots in plan order, so the number of threads does not
/// change a bit of it, and [`crate::LiveDose`] ends with the same. `progress(done, total)` counts bins of voxels.
pub fn compute_fraction(plan: &PreparedPlan, progress: &(dyn Fn(usize, usize) + Sync)) -> Volume<f64> {
    let mut dose = Volume::filled(plan.grid().clone(), 0.0f64);
    let total = plan.beams.iter().map(|b| b.grid.bins.len()).sum();
    let done = AtomicUsize::new(0);
    for beam in &plan.beams {
        let sums: Vec<Vec<f64>> = beam
            .grid
            .bins
            .par_iter()
            .map(|bin| {
                let offsets = &beam.grid.offset[bin.start..bin.end];
                let mut sum: Vec<f64> = offsets.iter().map(|o| dose.data[*o as usize]).collect();
                let mut scratch = Vec::new();
                for (l, layer) in beam.layers.iter().enumerate() {
                    let spots = &plan.spots()[beam.layer_starts[l]..beam.layer_starts[l + 1]];
                    let mut factors = None;
                    for spot in spots {
                        if spot.mu == 0.0 || !beam.grid.touches(bin, spot.x_mm, spot.y_mm, layer.reach_mm) {
                            continue;
                        }
                        let f = factors.get_or_insert_with(|| layer.in_bin(&beam.grid, bin));
                        add_spot(beam, layer, bin, f, spot, spot.mu, &mut scratch, |i, gy| sum[i] += gy);
                    }
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                sum
            })
            .collect();
        for (bin, sum) in beam.grid.bins.iter().zip(sums) {
            for (o, v) in beam.grid.offset[bin.start..bin.end].iter().zip(sum) {
                dose.data[*o as usize] = v;
            }
        }
    }
    dose
}

/// The physical dose of `fractions` fractions. `DoseSummationType` is FRACTION for 1 when the plan has more; the caller
/// knows and may set it.
pub fn compute(plan: &PreparedPlan, fractions: u32, progress: &(dyn Fn(usize, usize) + Sync)) -> Dose {
    let one = compute_fraction(plan, progress);
    let n = f64::from(fractions);
    let data = one.data.iter().map(|v| (v * n) as f32).collect();
    Dose {
        uid: String::new(),
        frame_of_reference_uid: plan.frame_of_reference_uid().to_owned(),
        plan_uid: (!plan.plan_uid().is_empty()).then(|| plan.plan_uid().to_owned()),
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: if fractions == 1 { DoseSummation::Fraction } else { DoseSummation::Plan },
        engine: plan.engine().to_owned(),
        volume: Volume { grid: one.grid, data },
    }
}
