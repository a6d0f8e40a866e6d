//! Which spots are made together: some that follow one another in a layer and lie near one another. It hangs on the plan
//! alone, so a spot's dose has the same bits whoever asks for it.

use super::making::windows;
use crate::prepared::PreparedPlan;
use crate::rays::Window;
use crate::update::both;
use std::ops::Range;

/// Most spots that are made together.
pub(super) const MOST: usize = 8;
/// Most bytes of work space for spots that are made together; on a fine grid they are fewer for it, or one.
const WORK_BYTES: usize = 24 << 20;

/// How many lanes so many spots are made in. What is left empty costs time, so there are few sizes.
pub(super) fn lanes(spots: usize) -> usize {
    match spots {
        0 | 1 => 1,
        2..=4 => 4,
        _ => MOST,
    }
}

/// What lanes cost beside the windows that they are made on: the places of voxels are worked out once for all.
fn cost(spots: usize) -> f64 {
    match lanes(spots) {
        1 => 0.5,
        4 => 0.7,
        _ => 1.0,
    }
}

/// The groups of a plan: first spot of each, and one past the last.
#[derive(Debug)]
pub(super) struct Together {
    starts: Vec<usize>,
}

impl Together {
    pub fn new(plan: &PreparedPlan) -> Self {
        let mut starts = Vec::new();
        for beam in &plan.beams {
            for layer in beam.layer_starts.windows(2) {
                cheapest(plan, layer[0]..layer[1], &mut starts);
            }
        }
        starts.push(plan.spots().len());
        Self { starts }
    }

    /// The group of a spot that exists, by its first spot.
    pub fn of(&self, spot: usize) -> Range<usize> {
        let next = self.starts.partition_point(|s| *s <= spot);
        self.starts[next - 1]..self.starts[next]
    }
}

/// Cuts a layer such that all its groups together cost least.
fn cheapest(plan: &PreparedPlan, layer: Range<usize>, starts: &mut Vec<usize>) {
    // Least cost of the spots before each, and where its last group begins.
    let mut best = vec![(0.0, layer.start)];
    for end in layer.start + 1..=layer.end {
        let mut least = (f64::INFINITY, end - 1);
        let mut around = [Window { first: [0; 2], n: [0; 2] }; 2];
        for first in (end.saturating_sub(MOST).max(layer.start)..end).rev() {
            let spots = end - first;
            let mut nodes = 0;
            for (around, (own, planes)) in around.iter_mut().zip(windows(plan, first..first + 1)) {
                *around = both(around, &own);
                nodes += around.len() * planes;
            }
            if spots > 1 && nodes * lanes(spots) * size_of::<f32>() > WORK_BYTES {
                break;
            }
            let all = best[first - layer.start].0 + cost(spots) * nodes as f64;
            if all < least.0 {
                least = (all, first);
            }
        }
        best.push(least);
    }
    let from = starts.len();
    let mut end = layer.end;
    while end > layer.start {
        end = best[end - layer.start].1;
        starts.push(end);
    }
    starts[from..].reverse();
}
