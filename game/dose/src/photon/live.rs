//! Photon dose as it grows: at any instant, forwards and backwards.
//!
//! What is delivered is a sum of whole places of the machine, and of the fluence so far in the present one. A place is
//! added in the plan's order, from the same numbers, whatever the way to it; so an instant has the same bits however one
//! comes there. Going back starts from the last copy of the sum before it (an arc), or from the beam's beginning.

use super::fluence::Fluence;
use super::pass::Stand;
use super::plan::PhotonPlan;
use crate::live::{Growing, IndexBox, Instants, join};
use std::sync::{Arc, Mutex, PoisonError};
use vestibule_geometry::{Grid, Volume};

/// Memory of a live photon dose beyond its grids, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhotonMemory {
    /// For copies of the sum, 4 bytes a voxel each; 0: none. Default 192 MiB.
    pub checkpoint_bytes: usize,
}

impl Default for PhotonMemory {
    fn default() -> Self {
        Self { checkpoint_bytes: 192 << 20 }
    }
}

/// Copies of the sum after every so many places.
#[derive(Debug)]
struct Checkpoints {
    every: usize,
    copies: Mutex<Vec<Option<Arc<[f32]>>>>,
}

impl Checkpoints {
    fn new(poses: usize, voxels: usize, bytes: usize) -> Self {
        let most = bytes / (4 * voxels).max(1);
        let every = poses.checked_div(most).map_or(usize::MAX, |n| n + 1);
        Self { every, copies: Mutex::new(vec![None; poses.checked_div(every).unwrap_or(0)]) }
    }

    fn keep(&self, done: usize, sum: &[f32]) {
        if done == 0 || !done.is_multiple_of(self.every) {
            return;
        }
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(copy) = copies.get_mut(done / self.every - 1).filter(|c| c.is_none()) {
            *copy = Some(sum.into());
        }
    }

    /// The last one that holds no more than `done` places, with how many it holds.
    fn before(&self, done: usize) -> Option<(usize, Arc<[f32]>)> {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let last = (done / self.every).min(copies.len());
        (0..last).rev().find_map(|i| Some(((i + 1) * self.every, copies[i].clone()?)))
    }
}

/// The dose of one fraction delivered so far. At the end it is [`super::photon_fraction`]'s to the bit.
pub struct LivePhotons {
    plan: Arc<PhotonPlan>,
    /// Of the places that are whole, and how many.
    sum: Vec<f32>,
    done: usize,
    /// With the part of the present one.
    dose: Volume<f32>,
    at: Instants,
    max_gy: f32,
    changed: Option<IndexBox>,
    /// Voxels in which the part of the present place differs from the sum.
    in_part: Option<IndexBox>,
    /// The present place: its number, its rays, the fluence of its pieces that are whole, and how many.
    stand: Option<(usize, Stand)>,
    passed: Option<(usize, usize, Fluence)>,
    checkpoints: Arc<Checkpoints>,
}

impl std::fmt::Debug for LivePhotons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LivePhotons").field("delivered", &self.at).finish_non_exhaustive()
    }
}

impl LivePhotons {
    /// Nothing delivered yet; memory as by default.
    pub fn new(plan: impl Into<Arc<PhotonPlan>>) -> Self {
        Self::with_memory(plan, PhotonMemory::default())
    }

    /// Nothing delivered yet.
    pub fn with_memory(plan: impl Into<Arc<PhotonPlan>>, memory: PhotonMemory) -> Self {
        let plan = plan.into();
        let voxels = plan.grid().len();
        let checkpoints = Arc::new(Checkpoints::new(plan.poses.len(), voxels, memory.checkpoint_bytes));
        Self::with(plan, checkpoints)
    }

    fn with(plan: Arc<PhotonPlan>, checkpoints: Arc<Checkpoints>) -> Self {
        let dose = Volume::filled(plan.grid().clone(), 0.0f32);
        Self {
            sum: dose.data.clone(),
            done: 0,
            dose,
            at: (0, 0.0),
            max_gy: 0.0,
            changed: None,
            in_part: None,
            stand: None,
            passed: None,
            checkpoints,
            plan,
        }
    }

    /// The plan that is being delivered.
    pub fn plan(&self) -> &Arc<PhotonPlan> {
        &self.plan
    }

    /// The dose of any instant: `ways` whole ways from control point to control point, over all beams, and
    /// `part_of_next` (0 to 1) of the monitor units of the one after.
    pub fn go_to(&mut self, ways: usize, part_of_next: f64) {
        while !Growing::go_towards(self, (ways, part_of_next)) {}
    }

    /// How far delivery has come: whole ways, and part of the next.
    pub fn delivered(&self) -> Instants {
        self.at
    }

    /// Gray of one fraction, delivered so far.
    pub fn grid(&self) -> &Volume<f32> {
        &self.dose
    }

    /// Highest value of the grid, Gy.
    pub fn max_gy(&self) -> f64 {
        f64::from(self.max_gy)
    }

    fn instant(&self, (ways, part): Instants) -> Instants {
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        let total = self.plan.ways().len();
        if ways >= total { (total, 0.0) } else { (ways, part) }
    }

    /// Takes the sum from a copy, or from nothing delivered.
    fn restore(&mut self, (done, sum): (usize, Option<Arc<[f32]>>)) {
        match sum {
            Some(copy) => self.sum.copy_from_slice(&copy),
            None => self.sum.fill(0.0),
        }
        self.done = done;
        self.show_sum();
        self.changed = Some([[0; 3], self.dose.grid.size]);
    }

    /// Shows the places that are whole, and no part.
    fn show_sum(&mut self) {
        self.dose.data.copy_from_slice(&self.sum);
        self.max_gy = self.sum.iter().fold(0.0, |m, v| m.max(*v));
        if let Some(part) = self.in_part.take() {
            join(&mut self.changed, &part);
        }
    }

    /// The dose with the fluence of the present place up to an instant.
    fn deposit(&mut self, to: Instants) {
        let pose = self.done;
        let Some(pieces) = self.plan.poses.get(pose).map(|p| &p.pieces) else { return };
        let whole = pieces.partition_point(|p| (p.way, p.to) <= to || p.way < to.0);
        let kept = self.passed.take().filter(|(p, n, _)| *p == pose && *n <= whole);
        let (_, from, mut fluence) = kept.unwrap_or_else(|| (pose, 0, self.plan.fluence(pose)));
        (from..whole).for_each(|p| self.plan.add_piece(pose, p, 1.0, &mut fluence));
        let mut all = fluence.clone();
        if pieces.get(whole).is_some_and(|p| p.way == to.0) {
            self.plan.add_piece(pose, whole, to.1, &mut all);
        }
        self.passed = Some((pose, whole, fluence));
        if self.stand.as_ref().is_none_or(|s| s.0 != pose) {
            self.stand = Some((pose, self.plan.stand(pose)));
        }
        let Some((_, stand)) = &self.stand else { return };
        let (max, reached) = self.plan.deposit(pose, stand, &all, &self.sum, &mut self.dose.data);
        self.max_gy = max;
        for part in [self.in_part.take(), reached].into_iter().flatten() {
            join(&mut self.changed, &part);
        }
        self.in_part = reached;
    }
}

impl Growing for LivePhotons {
    fn total(&self) -> usize {
        self.plan.ways().len()
    }

    fn dose_grid(&self) -> &Grid {
        self.plan.grid()
    }

    fn delivered(&self) -> Instants {
        self.at
    }

    /// One place of the machine, or the part of one.
    fn go_towards(&mut self, at: Instants) -> bool {
        let at = self.instant(at);
        if at == self.at {
            return true;
        }
        // all of a way is nothing of the next
        let to = if at.1 >= 1.0 { (at.0 + 1, 0.0) } else { at };
        let whole = self.plan.poses.partition_point(|p| p.end() <= to);
        let copy = self.checkpoints.before(whole).map(|(n, copy)| (n, Some(copy)));
        match copy {
            // a copy lies nearer, or there is no way back but from a copy
            Some(copy) if self.done > whole || self.done < copy.0 => self.restore(copy),
            None if self.done > whole => self.restore((0, None)),
            _ => {}
        }
        if self.done < whole {
            let end = self.plan.poses[self.done].end();
            self.deposit(end);
            self.sum.copy_from_slice(&self.dose.data);
            self.in_part = None;
            self.done += 1;
            self.checkpoints.keep(self.done, &self.sum);
            self.at = end;
            if self.done < whole {
                return false;
            }
        }
        let begun = |p: &super::poses::Pose| p.pieces.first().is_some_and(|f| (f.way, f.from) < to);
        match self.plan.poses.get(self.done).is_some_and(begun) {
            true => self.deposit(to),
            false => self.show_sum(),
        }
        self.at = at;
        true
    }

    fn copy_changed(&mut self, copy: &mut Vec<f32>) -> Option<IndexBox> {
        let grid = &self.dose.grid;
        if copy.len() != self.dose.data.len() {
            copy.clone_from(&self.dose.data);
            self.changed = None;
            return Some([[0; 3], grid.size]);
        }
        let [lo, hi] = self.changed.take()?;
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let first = grid.offset(lo[0], j, k);
                let row = first..first + hi[0] - lo[0];
                copy[row.clone()].copy_from_slice(&self.dose.data[row]);
            }
        }
        Some([lo, hi])
    }

    fn max_gy(&self) -> f64 {
        Self::max_gy(self)
    }

    /// Nothing: a place is made in the time that it takes to show it.
    fn make_ready(&self) {}

    /// Goes through the whole plan once and leaves its copies of the sum, which this dose has as they come.
    fn fill(&self) -> Box<dyn FnOnce() + Send> {
        let (plan, checkpoints) = (self.plan.clone(), self.checkpoints.clone());
        Box::new(move || {
            let mut other = Self::with(plan, checkpoints);
            let end = other.total();
            other.go_to(end, 0.0);
        })
    }
}
