//! The whole dose at once, on all cores, with the same bits whatever their number.

use crate::deposit::{LayerField, LayerRow, Scratch, SpotOnRays, deposit, deposit_wide};
use crate::layer::LayerPhysics;
use crate::let_d::{LET_FLOOR, LetProtons};
use crate::prepared::PreparedPlan;
use crate::rays::{RayGrid, Window};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit};

/// Gray of one fraction. Every plane of a beam adds its layers in plan order, and every voxel its beams, so the number of
/// threads does not change a bit of it. `progress(done, total)` counts layers.
pub fn compute_fraction(plan: &PreparedPlan, progress: &(dyn Fn(usize, usize) + Sync)) -> Volume<f64> {
    let layers: Vec<&[LayerPhysics]> = plan.beams.iter().map(|b| b.layers.as_slice()).collect();
    accumulate(plan, &layers, progress)
}

/// Dose-averaged LET (keV/µm, water of density 1) of a plan whose dose of one fraction is `dose_gy`: the sum of dose × LET
/// over the sum of dose, through the rays, widths and halo of the dose itself. 0 where the dose is below
/// [`LET_FLOOR`] of its maximum. Costs as much as the dose again.
pub fn dose_averaged_let(
    plan: &PreparedPlan,
    dose_gy: &Volume<f64>,
    protons: LetProtons,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Volume<f32> {
    let times_let: Vec<Vec<LayerPhysics>> =
        plan.beams.iter().map(|b| b.layers.par_iter().map(|l| l.times_let(protons)).collect()).collect();
    let layers: Vec<&[LayerPhysics]> = times_let.iter().map(Vec::as_slice).collect();
    let product = accumulate(plan, &layers, progress);
    averaged(product, dose_gy)
}

/// Dose-averaged LET ([`dose_averaged_let`]) of a plan's computed dose, for whoever shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LetGrid {
    /// keV/µm in water, on the plan's dose grid; 0 where the dose is below [`LET_FLOOR`] of its maximum, and there is none.
    pub kev_per_um: Volume<f32>,
    /// Of which protons; its name stands beside the numbers.
    pub protons: LetProtons,
    /// The dose that it is averaged over: physical Gray of one fraction, as [`compute_fraction`] gives it.
    pub dose_gy: Volume<f64>,
}

/// Someone no longer wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl LetGrid {
    /// Works out the dose and its LET, on a thread of its own: it takes twice as long as the dose. Threads do not change a bit.
    /// `progress(done, total)` counts layers, each twice.
    ///
    /// # Errors
    /// [`Cancelled`] within a layer's time after `cancel` is set.
    pub fn new(
        plan: &PreparedPlan,
        protons: LetProtons,
        cancel: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, Cancelled> {
        let goes_on = || !cancel.load(Ordering::Relaxed);
        let layers: Vec<&[LayerPhysics]> = plan.beams.iter().map(|b| b.layers.as_slice()).collect();
        let count: usize = layers.iter().map(|l| l.len()).sum();
        let first = |done: usize, _: usize| progress(done, 2 * count);
        let dose_gy = accumulate_unless(plan, &layers, &first, &goes_on).ok_or(Cancelled)?;
        let mut times_let = Vec::new();
        for beam in &plan.beams {
            let layer = |l: &LayerPhysics| goes_on().then(|| l.times_let(protons)).ok_or(Cancelled);
            times_let.push(beam.layers.par_iter().map(layer).collect::<Result<Vec<_>, _>>()?);
        }
        let layers: Vec<&[LayerPhysics]> = times_let.iter().map(Vec::as_slice).collect();
        let second = |done: usize, _: usize| progress(count + done, 2 * count);
        let product = accumulate_unless(plan, &layers, &second, &goes_on).ok_or(Cancelled)?;
        Ok(Self { kev_per_um: averaged(product, &dose_gy), protons, dose_gy })
    }
}

/// Dose × LET over dose.
fn averaged(product: Volume<f64>, dose_gy: &Volume<f64>) -> Volume<f32> {
    let floor = LET_FLOOR * dose_gy.data.iter().copied().fold(0.0, f64::max);
    let ratio = |(p, d): (&f64, &f64)| if *d > floor { (p / d) as f32 } else { 0.0 };
    let data = product.data.iter().zip(&dose_gy.data).map(ratio).collect();
    Volume { grid: product.grid, data }
}

/// What all spots leave, with the layers of each beam as given.
fn accumulate(
    plan: &PreparedPlan,
    layers: &[&[LayerPhysics]],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Volume<f64> {
    // None only where someone stops it.
    accumulate_unless(plan, layers, progress, &|| true).unwrap_or_else(|| Volume::filled(plan.grid().clone(), 0.0))
}

/// None as soon as it does not go on, which is asked after each layer.
fn accumulate_unless(
    plan: &PreparedPlan,
    layers: &[&[LayerPhysics]],
    progress: &(dyn Fn(usize, usize) + Sync),
    goes_on: &dyn Fn() -> bool,
) -> Option<Volume<f64>> {
    let mut dose = Volume::filled(plan.grid().clone(), 0.0f64);
    let total = layers.iter().map(|l| l.len()).sum();
    let mut done = 0;
    for (beam, layers) in layers.iter().enumerate() {
        let mut layer_done = || {
            done += 1;
            progress(done, total);
            goes_on()
        };
        if !goes_on() || !add_beam(plan, beam, layers, &mut dose, &mut layer_done) {
            return None;
        }
    }
    Some(dose)
}

/// Gray of one fraction of beam number `beam` (from 0, as in the plan) alone. The beams of a plan, summed in order, are
/// [`compute_fraction`] to the bit. Nothing for a beam that does not exist.
pub fn compute_beam(plan: &PreparedPlan, beam: usize) -> Volume<f64> {
    let mut dose = Volume::filled(plan.grid().clone(), 0.0f64);
    if let Some(b) = plan.beams.get(beam) {
        add_beam(plan, beam, &b.layers, &mut dose, &mut || true);
    }
    dose
}

/// False where `layer_done` says not to go on; the dose is none then.
fn add_beam(
    plan: &PreparedPlan,
    beam: usize,
    layers: &[LayerPhysics],
    dose: &mut Volume<f64>,
    layer_done: &mut dyn FnMut() -> bool,
) -> bool {
    let beam = &plan.beams[beam];
    let fans = [(&beam.wide, true), (&beam.rays, false)];
    let mut values = fans.map(|(rays, _)| vec![0.0f64; rays.n[0] * rays.n[1] * rays.planes]);
    for (l, layer) in layers.iter().enumerate() {
        let spots: Vec<SpotOnRays> = plan.spots()[beam.layer_starts[l]..beam.layer_starts[l + 1]]
            .iter()
            .filter(|s| s.mu > 0.0)
            .map(|s| SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: s.mu })
            .collect();
        for ((rays, wide), values) in fans.iter().zip(&mut values) {
            let whole = Window { first: [0; 2], n: rays.n };
            add_spots(rays, layer, &spots, *wide, &whole, values);
        }
        if !layer_done() {
            return false;
        }
    }
    let [nx, ny, _] = dose.grid.size;
    dose.data.par_chunks_mut(nx * ny).enumerate().for_each(|(k, slice)| {
        let mut line = vec![0.0; nx];
        for j in 0..ny {
            line.fill(0.0);
            for ((rays, _), values) in fans.iter().zip(&values) {
                let nodes = rays.all_nodes();
                beam.resampler.row(rays, values, &nodes, [j, k], 0..nx, |i, gy| line[i] += gy);
            }
            let inside = &plan.in_body[(k * ny + j) * nx..][..nx];
            for ((v, gy), inside) in slice[j * nx..(j + 1) * nx].iter_mut().zip(&line).zip(inside) {
                if *inside {
                    *v += gy;
                }
            }
        }
    });
    true
}

/// Adds spots of one layer to the nodes of `part` of a fan, by [plane][y][x] of it; `part` holds the windows of all of
/// them. Gives one past the last plane that they reach.
pub(crate) fn add_spots(
    rays: &RayGrid,
    layer: &LayerPhysics,
    spots: &[SpotOnRays],
    wide: bool,
    part: &Window,
    values: &mut [f64],
) -> usize {
    let reach = if wide { layer.wide_reach_mm } else { layer.reach_mm };
    let window = rays.window_of(spots.iter().map(|s| [s.x_mm, s.y_mm]), reach);
    if window.len() == 0 {
        return 0;
    }
    let mut field = LayerField::empty(window);
    field.rows = (0..window.n[1])
        .into_par_iter()
        .map(|y| Some(LayerRow::new(rays, layer, &window, window.first[1] + y)))
        .collect();
    let last = rays.last_plane(&window, layer.end_mm);
    let add = if wide { deposit_wide } else { deposit };
    let [from_x, from_y] = [0, 1].map(|a| window.first[a] - part.first[a]);
    values.par_chunks_mut(part.len()).enumerate().take(last).for_each_init(
        || (Scratch::default(), Vec::new()),
        |(scratch, own), (k, plane)| {
            own.clear();
            own.resize(window.len(), 0.0);
            add(rays, layer, &field, spots, k, &window, own, scratch);
            for (y, line) in own.chunks_exact(window.n[0]).enumerate() {
                let from = (from_y + y) * part.n[0] + from_x;
                plane[from..from + line.len()].iter_mut().zip(line).for_each(|(v, a)| *v += a);
            }
        },
    );
    last
}

/// The physical dose of `fractions` fractions. `DoseSummationType` is FRACTION for 1 when the plan has more; the caller
/// knows and may set it.
pub fn compute(plan: &PreparedPlan, fractions: u32, progress: &(dyn Fn(usize, usize) + Sync)) -> Dose {
    let summation = if fractions == 1 { DoseSummation::Fraction } else { DoseSummation::Plan };
    as_dose(plan, &compute_fraction(plan, progress), f64::from(fractions), summation)
}

/// Gray of one fraction of a plan, or of one of its beams, as a physical dose, `times` as much of it; no UID yet.
pub fn as_dose(plan: &PreparedPlan, fraction: &Volume<f64>, times: f64, summation: DoseSummation) -> Dose {
    let data = fraction.data.iter().map(|v| (v * times) as f32).collect();
    Dose {
        uid: String::new(),
        frame_of_reference_uid: plan.frame_of_reference_uid().to_owned(),
        plan_uid: (!plan.plan_uid().is_empty()).then(|| plan.plan_uid().to_owned()),
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation,
        engine: plan.engine().to_owned(),
        volume: Volume { grid: fraction.grid.clone(), data },
    }
}
