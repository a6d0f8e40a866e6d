//! The influence matrix: Gray per MU of every spot in every voxel, sparse, for who optimises weights or asks which spot
//! dose comes from.

use crate::prepared::PreparedPlan;
use crate::update::{self, UpdateError};
use rayon::prelude::*;
use std::mem::size_of;

/// Spots that are computed at once; what they give waits beside the matrix.
const BATCH: usize = 64;
/// Entries that are worth a piece of the grid of their own when weights change.
const PIECE: usize = 1 << 15;
/// Bytes of one entry: an offset and a value.
const ENTRY: usize = size_of::<u32>() + size_of::<f32>();

/// What to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InfluenceOptions {
    /// Leave out what is below this part of the spot's own highest voxel, 0 to 1; default 1e−4.
    pub threshold: f64,
    /// Most bytes that the matrix may take; default 2 GiB.
    pub limit_bytes: usize,
}

impl Default for InfluenceOptions {
    fn default() -> Self {
        Self { threshold: 1e-4, limit_bytes: 2 << 30 }
    }
}

/// Why there is no matrix.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum InfluenceError {
    #[error("an influence threshold of {threshold}; expected 0 to 1, usually 0.0001")]
    Threshold { threshold: f64 },
    #[error(
        "the influence matrix would take about {needed} bytes, more than {limit} ({done} of {spots} spots are in); choose a wider grid, a higher threshold, fewer voxels or a higher limit"
    )]
    TooLarge { needed: usize, limit: usize, done: usize, spots: usize },
    #[error("{given} weights for an influence matrix of {spots} spots")]
    Weights { given: usize, spots: usize },
    #[error("a dose of {given} voxels for an influence matrix of {voxels}; take the grid of the plan it was made of")]
    Voxels { given: usize, voxels: usize },
    #[error(transparent)]
    Change(#[from] UpdateError),
}

/// Spots × voxels in compressed rows: row s holds spot s of [`PreparedPlan::spots`], its columns are offsets of the dose
/// grid, rising, its values Gray per MU.
#[derive(Clone, Debug, PartialEq)]
pub struct Influence {
    starts: Vec<usize>,
    voxels: Vec<u32>,
    gray_per_mu: Vec<f32>,
    /// Highest value of each row before the threshold.
    highest: Vec<f32>,
    grid_len: usize,
    threshold: f64,
}

impl PreparedPlan {
    /// The influence matrix of all spots (those of weight 0 too) on all voxels of the body. The number of threads changes
    /// no bit of it. While it grows it may take twice [`InfluenceOptions::limit_bytes`] for a moment.
    pub fn influence(&self, options: &InfluenceOptions) -> Result<Influence, InfluenceError> {
        self.influence_where(options, &|_| true)
    }

    /// The same on the voxels (offsets) for which `keep` says yes: a target, the organs that matter.
    pub fn influence_where(
        &self,
        options: &InfluenceOptions,
        keep: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Influence, InfluenceError> {
        let InfluenceOptions { threshold, limit_bytes: limit } = *options;
        if !(0.0..=1.0).contains(&threshold) {
            return Err(InfluenceError::Threshold { threshold });
        }
        let spots = self.spots().len();
        let mut out = Influence {
            starts: vec![0],
            voxels: Vec::new(),
            gray_per_mu: Vec::new(),
            highest: Vec::with_capacity(spots),
            grid_len: self.grid().len(),
            threshold,
        };
        for first in (0..spots).step_by(BATCH) {
            let rows: Vec<(Vec<(u32, f32)>, f64)> = (first..(first + BATCH).min(spots))
                .into_par_iter()
                .map(|spot| {
                    let (mut row, mut highest) = (Vec::new(), 0.0f64);
                    self.for_each_voxel(spot, |offset, gy| {
                        highest = highest.max(gy);
                        row.push((offset as u32, gy as f32));
                    });
                    let least = threshold * highest;
                    row.retain(|(o, gy)| *gy > 0.0 && f64::from(*gy) >= least && keep(*o as usize));
                    (row, highest)
                })
                .collect();
            let more: usize = rows.iter().map(|r| r.0.len()).sum();
            let done = first + rows.len();
            let entries = out.voxels.len() + more;
            if entries * ENTRY > limit {
                let needed = (entries as f64 / done as f64 * spots as f64) as usize * ENTRY;
                return Err(InfluenceError::TooLarge { needed, limit, done, spots });
            }
            out.reserve(more, done, spots);
            for (row, highest) in rows {
                for (offset, gy) in row {
                    out.voxels.push(offset);
                    out.gray_per_mu.push(gy);
                }
                out.starts.push(out.voxels.len());
                out.highest.push(highest as f32);
            }
        }
        out.voxels.shrink_to_fit();
        out.gray_per_mu.shrink_to_fit();
        Ok(out)
    }
}

impl Influence {
    /// Room for `more`, and for all that is to come if it is as the spots so far.
    fn reserve(&mut self, more: usize, done: usize, spots: usize) {
        let now = self.voxels.len() + more;
        if now > self.voxels.capacity() {
            let all = (now as f64 / done as f64 * spots as f64 * 1.05) as usize;
            let room = all.max(now) - self.voxels.len();
            self.voxels.reserve_exact(room);
            self.gray_per_mu.reserve_exact(room);
        }
    }

    /// Number of spots: rows.
    pub fn spots(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.voxels.len()
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.entries() * ENTRY + self.starts.len() * size_of::<usize>() + self.highest.len() * size_of::<f32>()
    }

    /// Where each row begins, and the number of entries: spots + 1 numbers.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Voxel offset of each entry.
    pub fn voxels(&self) -> &[u32] {
        &self.voxels
    }

    /// Gray per MU of each entry.
    pub fn gray_per_mu(&self) -> &[f32] {
        &self.gray_per_mu
    }

    /// The voxels that a spot reaches and its Gray per MU in each; empty for a spot that does not exist.
    pub fn row(&self, spot: usize) -> (&[u32], &[f32]) {
        let (Some(from), Some(to)) = (self.starts.get(spot), self.starts.get(spot + 1)) else { return (&[], &[]) };
        (&self.voxels[*from..*to], &self.gray_per_mu[*from..*to])
    }

    /// Gray in every voxel of the dose grid for MU per spot: Dᵀ w, every voxel in the order of the spots, so that the number
    /// of threads changes no bit.
    pub fn dose(&self, mu: &[f64]) -> Result<Vec<f64>, InfluenceError> {
        if mu.len() != self.spots() {
            return Err(InfluenceError::Weights { given: mu.len(), spots: self.spots() });
        }
        let mut dose = vec![0.0f64; self.grid_len];
        let all: Vec<(usize, f64)> = mu.iter().copied().enumerate().filter(|(_, mu)| *mu != 0.0).collect();
        self.add::<false>(&mut dose, &all, 4 * rayon::current_num_threads());
        Ok(dose)
    }

    /// Gives spots other MU (`changes`: spot and new MU), and `dose`, which goes with `mu` so far, what follows. It may be
    /// [`dose`](Self::dose) of `mu` or the engine's own: both keep what they are to rounding (1e−12 of the highest dose), but
    /// for what the threshold leaves out. Gives the most Gray that this can have left out of any voxel, threshold × Σ |new −
    /// old MU| × highest. Voxels outside the matrix's own columns stay as they are; where rounding would leave less than
    /// nothing there is 0.
    ///
    /// Only the rows of the changed spots are read, so the cost is in proportion to their entries, wherever the spots lie.
    /// Every voxel takes its changes in the order of the spots: the number of threads changes no bit.
    ///
    /// # Errors
    /// A dose or a list of MU of another length, a spot that does not exist or stands twice, MU that are no number of 0 or
    /// more. Then nothing has changed.
    pub fn update(&self, dose: &mut [f64], mu: &mut [f64], changes: &[(usize, f64)]) -> Result<f64, InfluenceError> {
        if mu.len() != self.spots() {
            return Err(InfluenceError::Weights { given: mu.len(), spots: self.spots() });
        }
        if dose.len() != self.grid_len {
            return Err(InfluenceError::Voxels { given: dose.len(), voxels: self.grid_len });
        }
        update::check(changes, self.spots())?;
        let mut more: Vec<(usize, f64)> = changes.iter().map(|(spot, new)| (*spot, new - mu[*spot])).collect();
        more.retain(|(_, more)| *more != 0.0);
        more.sort_unstable_by_key(|c| c.0);
        let entries: usize = more.iter().map(|(spot, _)| self.starts[spot + 1] - self.starts[*spot]).sum();
        self.add::<true>(dose, &more, (entries / PIECE + 1).min(4 * rayon::current_num_threads()));
        changes.iter().for_each(|(spot, new)| mu[*spot] = *new);
        let most = |(spot, more): &(usize, f64)| more.abs() * f64::from(self.highest[*spot]);
        Ok(self.threshold * more.iter().map(most).sum::<f64>())
    }

    /// Adds spots' MU, in their order, to a dose in so many pieces: each takes its run of every row.
    /// `FLOOR`: nothing falls below 0.
    fn add<const FLOOR: bool>(&self, dose: &mut [f64], spots: &[(usize, f64)], pieces: usize) {
        let piece = self.grid_len.div_ceil(pieces.max(1)).max(1);
        dose.par_chunks_mut(piece).enumerate().for_each(|(p, out)| {
            let first = (p * piece) as u32;
            for (spot, mu) in spots {
                let (voxels, values) = self.row(*spot);
                let from = voxels.partition_point(|v| *v < first);
                let to = from + voxels[from..].partition_point(|v| ((*v - first) as usize) < out.len());
                for (v, gy) in voxels[from..to].iter().zip(&values[from..to]) {
                    let v = &mut out[(v - first) as usize];
                    let now = *v + mu * f64::from(*gy);
                    *v = if FLOOR && now < 0.0 { 0.0 } else { now };
                }
            }
        });
    }

    /// Most Gray that the threshold can have left out of any voxel, for MU per spot: threshold × Σ MU × highest.
    pub fn left_out_at_most(&self, mu: &[f64]) -> f64 {
        self.threshold * mu.iter().zip(&self.highest).map(|(mu, h)| mu.abs() * f64::from(*h)).sum::<f64>()
    }
}
