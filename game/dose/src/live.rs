//! Dose as it grows: the sum of the spots delivered so far, at any instant, forwards and backwards.
//!
//! A spot's dose is made once as rows of voxels (ahead of the beam, in the background) and then only added, in parts
//! where it stays on for several frames, or taken away. Terms are rounded so that sums are exact: the dose at an
//! instant has the same bits whatever the way there.

mod checkpoints;
mod exact;
mod making;
mod painting;
mod spot_dose;
mod store;
mod together;

use crate::prepared::PreparedPlan;
use checkpoints::Checkpoints;
use exact::Step;
pub use painting::{Growing, Instants, Painting};
use spot_dose::SpotDose;
use std::sync::Arc;
use store::Store;
use vestibule_geometry::{Grid, Volume};

/// A box of voxel indices: first, and one past the last.
pub type IndexBox = [[usize; 3]; 2];

/// Spots computed and added in one go.
const BATCH: usize = 64;
/// As many spots take as long to add as a checkpoint takes to copy.
const COPY_IN_SPOTS: usize = 16;

/// Memory of a live dose beyond its grid, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveMemory {
    /// For spots made ready ahead of the beam and kept behind it; 0: each is computed when it comes. Default 64 MiB.
    /// On top come the tables of three layers, 10 bytes a ray and plane (14 behind a range shifter), the spots of one
    /// jump at a time (64) and of two groups (8 each), and each thread's space to make a group in: 4 bytes a lane, ray
    /// and plane of its window, 24 MiB at most unless one spot alone needs more.
    pub ahead_bytes: usize,
    /// For checkpoints, 8 bytes a voxel each; 0: none. Default 192 MiB.
    pub checkpoint_bytes: usize,
}

impl Default for LiveMemory {
    fn default() -> Self {
        Self { ahead_bytes: 64 << 20, checkpoint_bytes: 192 << 20 }
    }
}

/// The dose of one fraction delivered so far, in f64, within 1e-6 of the maximum of the sum of the spots.
///
/// [`Self::deliver_to`] follows the beam, [`Self::go_to`] goes to any instant.
#[derive(Debug)]
pub struct LiveDose {
    plan: Arc<PreparedPlan>,
    dose: Volume<f64>,
    spots: usize,
    part: f64,
    max_gy: f64,
    /// The maximum has to be looked for: something was taken away.
    max_unknown: bool,
    changed: Option<IndexBox>,
    step: Step,
    store: Arc<Store>,
    checkpoints: Checkpoints,
}

impl LiveDose {
    /// Nothing delivered yet; memory as by default.
    pub fn new(plan: impl Into<Arc<PreparedPlan>>) -> Self {
        Self::with_memory(plan, LiveMemory::default())
    }

    /// Nothing delivered yet, and nothing made ready: see [`Self::make_ready`].
    pub fn with_memory(plan: impl Into<Arc<PreparedPlan>>, memory: LiveMemory) -> Self {
        let plan = plan.into();
        let checkpoints = Checkpoints::new(plan.spots().len(), plan.grid().len(), memory.checkpoint_bytes);
        Self::with(plan, memory.ahead_bytes, checkpoints)
    }

    fn with(plan: Arc<PreparedPlan>, ahead_bytes: usize, checkpoints: Checkpoints) -> Self {
        let store = Store::new(plan.clone(), ahead_bytes);
        Self {
            dose: Volume::filled(plan.grid().clone(), 0.0),
            spots: 0,
            part: 0.0,
            max_gy: 0.0,
            max_unknown: false,
            changed: None,
            step: Step::of(&plan),
            store,
            checkpoints,
            plan,
        }
    }

    /// Starts to make the next spots ready in the background, so that delivering them only adds. Call it some seconds
    /// before the beam comes on; delivering does it by itself from then on.
    pub fn make_ready(&self) {
        self.store.ahead(self.spots, true);
    }

    /// The plan that is being delivered.
    pub fn plan(&self) -> &Arc<PreparedPlan> {
        &self.plan
    }

    /// Delivers up to and with spot number `spots − 1`, and `part_of_next` (0 to 1) of the one after. Only forwards: an
    /// instant before the present one changes nothing ([`Self::go_to`] goes back).
    pub fn deliver_to(&mut self, spots: usize, part_of_next: f64) {
        let (spots, part) = self.instant(spots, part_of_next);
        if spots > self.spots || (spots == self.spots && part > self.part) {
            self.travel(spots, part, usize::MAX);
        }
    }

    /// The dose of any instant: `spots` whole spots and `part_of_next` (0 to 1) of the one after. From the present
    /// instant, from the nearest checkpoint or from nothing, whatever lies nearest; the bits are the same. Checkpoints
    /// are taken where delivery has passed, and by [`Self::fill_checkpoints`].
    pub fn go_to(&mut self, spots: usize, part_of_next: f64) {
        let (spots, part) = self.instant(spots, part_of_next);
        self.travel(spots, part, usize::MAX);
    }

    /// What takes all checkpoints without waiting for delivery: call it once on any thread (seconds of work, on all
    /// threads of rayon). This dose may go on meanwhile and has them as they come.
    pub fn fill_checkpoints(&self) -> impl FnOnce() + Send + 'static {
        let mut other = Self::with(self.plan.clone(), 0, self.checkpoints.clone());
        move || other.go_to(other.checkpoints.last(), 0.0)
    }

    /// Back to nothing delivered.
    pub fn reset(&mut self) {
        self.go_to(0, 0.0);
    }

    /// How far delivery has come: whole spots, and part of the next.
    pub fn delivered(&self) -> (usize, f64) {
        (self.spots, self.part)
    }

    /// Gray of one fraction, delivered so far.
    pub fn grid(&self) -> &Volume<f64> {
        &self.dose
    }

    /// Highest value of the grid, Gy.
    pub fn max_gy(&self) -> f64 {
        self.max_gy
    }

    /// The box of voxels that changed since this was last asked, or None; for the app's texture.
    pub fn changed_since_last(&mut self) -> Option<IndexBox> {
        self.changed.take()
    }

    /// Brings a copy up to date: writes what changed since this or [`Self::changed_since_last`] was last asked into
    /// `copy`, one number a voxel in the grid's order, Gy, and gives the box that was written. A copy of another length
    /// is made anew.
    pub fn copy_changed(&mut self, copy: &mut Vec<f32>) -> Option<IndexBox> {
        let grid = &self.dose.grid;
        if copy.len() != self.dose.data.len() {
            copy.clear();
            copy.extend(self.dose.data.iter().map(|v| *v as f32));
            self.changed = None;
            return Some([[0; 3], grid.size]);
        }
        let changed = self.changed.take()?;
        let [lo, hi] = changed;
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let row = grid.offset(lo[0], j, k)..grid.offset(lo[0], j, k) + hi[0] - lo[0];
                copy[row.clone()].iter_mut().zip(&self.dose.data[row]).for_each(|(c, v)| *c = *v as f32);
            }
        }
        Some(changed)
    }

    /// Spots that are ready ahead and behind, and the bytes that they and the checkpoints take now.
    pub fn memory(&self) -> (usize, LiveMemory) {
        let (spots, ahead_bytes) = self.store.ready();
        (spots, LiveMemory { ahead_bytes, checkpoint_bytes: self.checkpoints.bytes() })
    }

    /// How many spots from the present one on are ready, so that delivering them only adds.
    pub fn ready_ahead(&self) -> usize {
        self.store.ready_from(self.spots)
    }

    /// Spots from one checkpoint to the next.
    pub fn checkpoint_every(&self) -> usize {
        self.checkpoints.every()
    }

    fn instant(&self, spots: usize, part: f64) -> (usize, f64) {
        let total = self.plan.spots().len();
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        if spots >= total { (total, 0.0) } else { (spots, part) }
    }

    fn travel(&mut self, spots: usize, part: f64, most: usize) {
        let way = self.spots.abs_diff(spots);
        let forwards = (self.spots, self.part) <= (spots, part);
        let checkpoints = self.checkpoints.clone();
        let nearest = checkpoints.nearest(spots).filter(|(at, _)| at.abs_diff(spots) < spots);
        let start = nearest.map_or(0, |n| n.0);
        if start.abs_diff(spots) + COPY_IN_SPOTS < way {
            self.restore(start, nearest.map(|n| n.1));
        }
        if self.spots > spots {
            self.set_part(0.0);
        }
        let (spots, part) = match self.spots.abs_diff(spots) {
            all if all <= most => (spots, part),
            _ if self.spots < spots => (self.spots + most, 0.0),
            _ => (self.spots - most, 0.0),
        };
        while self.spots < spots {
            let batch = self.spots..spots.min(self.spots + BATCH);
            for (s, dose) in batch.clone().zip(self.store.spots(batch)) {
                let there = std::mem::take(&mut self.part);
                self.change(s, [there, 1.0], dose.as_deref());
                self.spots = s + 1;
                self.checkpoints.pass(self.spots, &self.dose.data);
            }
        }
        while self.spots > spots {
            let batch = spots.max(self.spots.saturating_sub(BATCH))..self.spots;
            for (s, dose) in batch.clone().zip(self.store.spots(batch)).rev() {
                self.change(s, [1.0, 0.0], dose.as_deref());
                self.spots = s;
            }
        }
        self.set_part(part);
        if std::mem::take(&mut self.max_unknown) {
            self.max_gy = highest(&self.dose.data);
        }
        self.store.ahead(self.spots, forwards);
    }

    /// Of the spot that is on, this part is delivered.
    fn set_part(&mut self, part: f64) {
        let there = std::mem::replace(&mut self.part, part);
        if there != part {
            let dose = self.store.spots(self.spots..self.spots + 1).pop().flatten();
            self.change(self.spots, [there, part], dose.as_deref());
        }
    }

    /// Turns one part of a spot into another.
    fn change(&mut self, spot: usize, parts: [f64; 2], dose: Option<&SpotDose>) {
        let Some((dose, bounds)) = dose.and_then(|d| Some((d, d.bounds?))) else { return };
        let mu = self.plan.spots()[spot].mu;
        let max = dose.change(&mut self.dose.data, parts.map(|p| mu * p), self.step);
        self.max_gy = self.max_gy.max(max);
        self.max_unknown |= parts[1] < parts[0];
        join(&mut self.changed, &bounds);
    }

    /// Takes the grid from a copy after `spots` whole spots, or from nothing delivered.
    fn restore(&mut self, spots: usize, copy: Option<&[f64]>) {
        let [nx, ny, _] = self.dose.grid.size;
        let nothing = vec![0.0; nx];
        for (r, row) in self.dose.data.chunks_exact_mut(nx).enumerate() {
            let new = copy.map_or(nothing.as_slice(), |c| &c[r * nx..(r + 1) * nx]);
            let differs = |(a, b): (&f64, &f64)| a != b;
            let Some(first) = row.iter().zip(new).position(differs) else { continue };
            let last = row.iter().zip(new).rposition(differs).unwrap_or(first);
            row[first..=last].copy_from_slice(&new[first..=last]);
            let (j, k) = (r % ny, r / ny);
            join(&mut self.changed, &[[first, j, k], [last + 1, j + 1, k + 1]]);
        }
        (self.spots, self.part, self.max_gy, self.max_unknown) = (spots, 0.0, 0.0, true);
    }
}

/// Spots between two looks at what is wanted now.
const SLICE: usize = 16;

impl Growing for LiveDose {
    fn total(&self) -> usize {
        self.plan.spots().len()
    }

    fn dose_grid(&self) -> &Grid {
        self.plan.grid()
    }

    fn delivered(&self) -> Instants {
        Self::delivered(self)
    }

    /// [`SLICE`] spots at most.
    fn go_towards(&mut self, (spots, part): Instants) -> bool {
        let (spots, part) = self.instant(spots, part);
        self.travel(spots, part, SLICE);
        self.delivered() == (spots, part)
    }

    fn copy_changed(&mut self, copy: &mut Vec<f32>) -> Option<IndexBox> {
        Self::copy_changed(self, copy)
    }

    fn max_gy(&self) -> f64 {
        Self::max_gy(self)
    }

    fn make_ready(&self) {
        Self::make_ready(self);
    }

    fn fill(&self) -> Box<dyn FnOnce() + Send> {
        Box::new(self.fill_checkpoints())
    }
}

impl Drop for LiveDose {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn highest(values: &[f64]) -> f64 {
    let mut max = [0.0f64; 4];
    for four in values.chunks(4) {
        for (m, v) in max.iter_mut().zip(four) {
            *m = if *v > *m { *v } else { *m };
        }
    }
    max.into_iter().fold(0.0, f64::max)
}

pub(crate) fn join(both: &mut Option<IndexBox>, other: &IndexBox) {
    let both = both.get_or_insert(*other);
    for a in 0..3 {
        both[0][a] = both[0][a].min(other[0][a]);
        both[1][a] = both[1][a].max(other[1][a]);
    }
}
