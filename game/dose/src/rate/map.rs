//! Dose rates on the dose grid.

use super::voxel::{Contribution, State};
use super::{DoseRateMetric, RateError};
use crate::prepared::PreparedPlan;
use crate::timeline::Timeline;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use vestibule_geometry::Volume;

/// Spots whose voxels are held at one time.
const BATCH: usize = 32;
/// Voxels that one thread brings up to date at a time.
const CHUNK: usize = 8192;
/// A voxel below the floor.
const NO_SLOT: u32 = u32::MAX;

/// Voxels that get less from the beam have no rate: there is no use in the rate of a stray milligray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DoseFloor {
    /// Gray of one fraction of the beam.
    Gy(f64),
    /// Percent of the beam's largest dose.
    PercentOfMaximum(f64),
}

/// One metric on the grid.
#[derive(Clone, Debug)]
pub struct RateMap {
    /// Which.
    pub metric: DoseRateMetric,
    /// Gy/s. **0 where there is no rate** (below the floor, no dose, or none by the metric's own definition); a rate is never
    /// 0 and never NaN, so the zeros are the mask.
    pub rate: Volume<f32>,
}

/// Dose rates of one beam of one fraction.
#[derive(Clone, Debug)]
pub struct BeamDoseRate {
    /// Index of the beam.
    pub beam: usize,
    /// From the first spot to the end of the last, s.
    pub duration_s: f64,
    /// Spots with a weight.
    pub spots: usize,
    /// Largest dose of a voxel, Gy.
    pub max_gy: f64,
    /// Floor in Gy: voxels below it have no rate.
    pub floor_gy: f64,
    /// Gy of one fraction of this beam.
    pub dose: Volume<f32>,
    /// In the order they were asked for.
    pub maps: Vec<RateMap>,
}

/// A spot that has dose, in the order of time.
#[derive(Clone, Copy)]
struct TimedSpot {
    number: usize,
    mu: f64,
    start_s: f64,
    length_s: f64,
}

impl BeamDoseRate {
    /// Computes `metrics` of beam number `beam` (from 0). Spots are taken in the order of time, each twice: once for the
    /// voxels' whole dose, which the metrics need to know, and once for the rates; no list of spots per voxel is kept.
    ///
    /// Memory: 12 bytes a voxel of the grid, 16 + 16 a metric for each voxel at the floor or above it, 8 for each voxel of
    /// the 32 spots in work, and 4 a voxel and map of the result. Each voxel adds its spots in their order, so the number of
    /// threads does not change a bit. A spot's dose in a voxel is rounded to f32, sums are f64. `progress(done, total)`
    /// counts spots, each pass for itself.
    pub fn new(
        plan: &PreparedPlan,
        timeline: &Timeline,
        beam: usize,
        metrics: &[DoseRateMetric],
        floor: DoseFloor,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, RateError> {
        Self::new_unless(plan, timeline, beam, metrics, floor, &AtomicBool::new(false), progress)
    }

    /// As [`Self::new`], for a thread of its own: [`RateError::Cancelled`] within the time of some spots after `cancel` is set.
    pub fn new_unless(
        plan: &PreparedPlan,
        timeline: &Timeline,
        beam: usize,
        metrics: &[DoseRateMetric],
        floor: DoseFloor,
        cancel: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, RateError> {
        let go_on = || if cancel.load(Ordering::Relaxed) { Err(RateError::Cancelled) } else { Ok(()) };
        if metrics.is_empty() {
            return Err(RateError::NoMetric);
        }
        metrics.iter().try_for_each(DoseRateMetric::check)?;
        check_floor(floor)?;
        let spots = timed_spots(plan, timeline, beam)?;
        let mut total = vec![0.0f64; plan.grid().len()];
        let passes = 2 * spots.len();
        for (n, batch) in spots.chunks(BATCH).enumerate() {
            go_on()?;
            let reached: Vec<Vec<(u32, f32)>> = batch.par_iter().map(|s| reach(plan, s, |o| Some(o as u32))).collect();
            total.par_chunks_mut(CHUNK).enumerate().for_each(|(c, part)| {
                for list in &reached {
                    each_in(list, c, |i, gy| part[i] += gy);
                }
            });
            progress(n * BATCH + batch.len(), passes);
        }
        let max_gy = total.iter().copied().fold(0.0, f64::max);
        let floor_gy = match floor {
            DoseFloor::Gy(gy) => gy,
            DoseFloor::PercentOfMaximum(percent) => 0.01 * percent * max_gy,
        };
        let mut slots = vec![NO_SLOT; total.len()];
        let mut totals = Vec::new();
        for (slot, gy) in slots.iter_mut().zip(&total) {
            if *gy > 0.0 && *gy >= floor_gy {
                *slot = totals.len() as u32;
                totals.push(*gy);
            }
        }
        let states = rate_states(plan, &spots, metrics, &slots, &totals, &|done| {
            progress(spots.len() + done, passes);
            go_on()
        })?;
        let maps = metrics
            .iter()
            .enumerate()
            .map(|(m, metric)| {
                let mut rate = Volume::filled(plan.grid().clone(), 0.0f32);
                for (v, slot) in rate.data.iter_mut().zip(&slots).filter(|(_, s)| **s != NO_SLOT) {
                    let slot = *slot as usize;
                    *v = metric.rate(&states[slot * metrics.len() + m], totals[slot]).unwrap_or(0.0) as f32;
                }
                RateMap { metric: *metric, rate }
            })
            .collect();
        let dose = Volume { grid: plan.grid().clone(), data: total.iter().map(|v| *v as f32).collect() };
        let duration_s = timeline.beam_duration_s(beam);
        Ok(Self { beam, duration_s, spots: spots.len(), max_gy, floor_gy, dose, maps })
    }
}

/// The second pass: state of each metric in each slot, by [slot][metric].
fn rate_states(
    plan: &PreparedPlan,
    spots: &[TimedSpot],
    metrics: &[DoseRateMetric],
    slots: &[u32],
    totals: &[f64],
    next: &dyn Fn(usize) -> Result<(), RateError>,
) -> Result<Vec<State>, RateError> {
    let of_one: Vec<State> = metrics.iter().map(DoseRateMetric::start).collect();
    let mut states = of_one.repeat(totals.len());
    let mut so_far = vec![0.0f64; totals.len()];
    let in_slot = |o: usize| Some(slots[o]).filter(|s| *s != NO_SLOT);
    for (n, batch) in spots.chunks(BATCH).enumerate() {
        let reached: Vec<Vec<(u32, f32)>> = batch.par_iter().map(|s| reach(plan, s, in_slot)).collect();
        let parts =
            (states.par_chunks_mut(CHUNK * metrics.len()), so_far.par_chunks_mut(CHUNK), totals.par_chunks(CHUNK));
        parts.into_par_iter().enumerate().for_each(|(c, (states, so_far, totals))| {
            for (spot, list) in batch.iter().zip(&reached) {
                each_in(list, c, |i, dose_gy| {
                    let one = Contribution { dose_gy, start_s: spot.start_s, length_s: spot.length_s };
                    let here = &mut states[i * metrics.len()..(i + 1) * metrics.len()];
                    for (metric, state) in metrics.iter().zip(here) {
                        metric.add(state, &one, so_far[i], totals[i]);
                    }
                    so_far[i] += dose_gy;
                });
            }
        });
        next(n * BATCH + batch.len())?;
    }
    Ok(states)
}

/// What a spot gives, by rising place: (place, Gy).
fn reach(plan: &PreparedPlan, spot: &TimedSpot, place: impl Fn(usize) -> Option<u32>) -> Vec<(u32, f32)> {
    let mut out = Vec::new();
    plan.for_each_voxel(spot.number, |offset, per_mu| {
        let gy = (per_mu * spot.mu) as f32;
        if gy > 0.0
            && let Some(at) = place(offset)
        {
            out.push((at, gy));
        }
    });
    if !out.is_sorted_by_key(|v| v.0) {
        out.sort_by_key(|v| v.0);
    }
    out
}

/// Visits what of a list lies in chunk number `chunk`: (place in the chunk, Gy).
fn each_in(list: &[(u32, f32)], chunk: usize, mut visit: impl FnMut(usize, f64)) {
    let first = chunk * CHUNK;
    let from = list.partition_point(|v| (v.0 as usize) < first);
    for (at, gy) in &list[from..] {
        let i = *at as usize - first;
        if i >= CHUNK {
            break;
        }
        visit(i, f64::from(*gy));
    }
}

fn check_floor(floor: DoseFloor) -> Result<(), RateError> {
    match floor {
        DoseFloor::Gy(gy) if !(gy >= 0.0 && gy.is_finite()) => Err(RateError::Floor(gy)),
        DoseFloor::PercentOfMaximum(p) if !(0.0..=100.0).contains(&p) => Err(RateError::Floor(p)),
        _ => Ok(()),
    }
}

fn timed_spots(plan: &PreparedPlan, timeline: &Timeline, beam: usize) -> Result<Vec<TimedSpot>, RateError> {
    let (all, times) = (plan.spots(), timeline.spots());
    let beams = all.last().map_or(0, |s| s.beam + 1);
    if beam >= beams {
        return Err(RateError::NoSuchBeam { beam: beam + 1, beams });
    }
    let range = timeline.beam_spots(beam);
    let mine = |n: usize| all[n].beam == beam;
    if all.len() != times.len() || (0..all.len()).any(|n| mine(n) != range.contains(&n)) {
        return Err(RateError::OtherTimeline { timeline: times.len(), plan: all.len() });
    }
    let mut out = Vec::new();
    for number in range {
        let (spot, time) = (&all[number], &times[number]);
        if spot.mu <= 0.0 {
            continue;
        }
        if !(time.length_s > 0.0 && time.length_s.is_finite() && time.start_s.is_finite()) {
            return Err(RateError::NoLength {
                beam: beam + 1,
                layer: spot.layer + 1,
                spot: spot.index_in_layer + 1,
                mu: spot.mu,
                length_s: time.length_s,
            });
        }
        out.push(TimedSpot { number, mu: spot.mu, start_s: time.start_s, length_s: time.length_s });
    }
    Ok(out)
}
