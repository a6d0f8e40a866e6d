//! The search around one reference voxel.
//!
//! Samples of neighbouring spheres are sorted into small heaps. A heap mostly lies within one cell of the evaluated grid, where
//! the dose is one polynomial for all of its samples, and a cell whose doses are all too far off spares the heap.

use super::GammaCriteria;
use super::aligned::Aligned;
use super::cell::{Cell, ranges, slopes, thickened};
use super::samples::{self, Heap, Heaps, LANES, Sample};
use nalgebra::{Matrix3, Point3, Vector3};
use std::borrow::Cow;
use std::sync::OnceLock;
use vestibule_geometry::{Grid, Volume};

/// How far a place may lie beyond the outermost voxel centres and still count as on them, in voxels.
const EDGE: f64 = 1e-6;

/// With so few heaps in a band, a look at the slopes costs more than it spares.
const FEW: usize = 8;

/// Neighbouring spheres that are searched together.
struct Band {
    /// Squared distance of the nearest, in distance criteria.
    squared: f64,
    /// Longest step along each axis, in voxels.
    reach: [f64; 3],
    /// Which spheres.
    spheres: std::ops::RangeInclusive<u32>,
    /// Both made when first needed: most voxels never look far.
    samples: OnceLock<Vec<Sample>>,
    heaps: OnceLock<Heaps>,
}

/// What the search needs of the evaluated dose and the criteria.
pub(super) struct Search<'a> {
    /// A thin grid's one layer stands twice in it, so that it has cells.
    data: Cow<'a, [f32]>,
    size: [usize; 3],
    /// Without the second layer.
    real: [usize; 3],
    /// Nearest first.
    bands: Vec<Band>,
    aligned: Option<Aligned>,
    /// Lowest and highest corner of each cell, by its lower voxel; only where `aligned` needs them.
    range: Vec<[f32; 2]>,
    cap: f64,
    criteria: GammaCriteria,
    /// From the reference's axes to the evaluated grid's.
    turn: Matrix3<f64>,
    /// Of the evaluated grid, mm.
    spacing: Vector3<f64>,
}

impl<'a> Search<'a> {
    pub(super) fn new(reference: &Grid, evaluated: &'a Volume<f32>, criteria: &GammaCriteria) -> Self {
        let real = evaluated.grid.size;
        let thick = thickened(evaluated);
        let grid = &thick.grid;
        // Samples lie by the reference's axes, whatever the evaluated grid's.
        let turn = grid.axes.transpose() * reference.axes;
        let steps = f64::from(criteria.steps);
        let count = (criteria.max_gamma * steps + 1e-9).floor() as u32;
        let (mut bands, mut from) = (Vec::new(), 0);
        while from <= count {
            // The voxel itself, then wider bands further out.
            let to = if from == 0 { 0 } else { (from + from.div_ceil(4)).min(count) };
            let reach = [0, 1, 2].map(|a| {
                let along = if criteria.in_plane { turn[(a, 0)].hypot(turn[(a, 1)]) } else { 1.0 };
                f64::from(to) / steps * criteria.distance_mm * along / grid.spacing_mm[a]
            });
            let squared = (f64::from(from) / steps).powi(2);
            bands.push(Band { squared, reach, spheres: from..=to, samples: OnceLock::new(), heaps: OnceLock::new() });
            from = to + 1;
        }
        let aligned = Aligned::new(reference, grid, real, bands.len(), samples::count(count, criteria.in_plane));
        let range = if aligned.is_some() { ranges(&thick) } else { Vec::new() };
        let (size, spacing) = (grid.size, Vector3::from(grid.spacing_mm));
        let data = match thick {
            Cow::Borrowed(v) => Cow::Borrowed(v.data.as_slice()),
            Cow::Owned(v) => Cow::Owned(v.data),
        };
        Self {
            data,
            size,
            real,
            bands,
            aligned,
            range,
            cap: criteria.max_gamma * criteria.max_gamma,
            criteria: *criteria,
            turn,
            spacing,
        }
    }

    fn samples<'b>(&self, band: &'b Band) -> &'b [Sample] {
        band.samples.get_or_init(|| self.make_samples(band))
    }

    fn make_samples(&self, band: &Band) -> Vec<Sample> {
        let mut out = Vec::new();
        for n in band.spheres.clone() {
            let distance = f64::from(n) / f64::from(self.criteria.steps);
            for p in samples::directions(n, self.criteria.in_plane) {
                let step = (self.turn * p * (distance * self.criteria.distance_mm)).component_div(&self.spacing);
                out.push(([step.x as f32, step.y as f32, step.z as f32], (distance * distance - 1.0) as f32));
            }
        }
        out
    }

    fn heaps<'b>(&self, band: &'b Band) -> &'b Heaps {
        band.heaps.get_or_init(|| Heaps::new(self.samples(band).to_vec()))
    }

    /// Lowest Γ² around reference voxel `voxel` that lies at `at` (index of the evaluated grid), at most the cap. None where no
    /// dose is within reach.
    pub(super) fn squared(&self, voxel: [usize; 3], at: Point3<f64>, dose: f64, per_dose: f64) -> Option<f64> {
        // Γ² − 1 all through, because it is at 1 that a small difference decides.
        let (mut lowest, mut found) = ((self.cap - 1.0) as f32, false);
        let (dose, factor) = (dose as f32, (per_dose * per_dose) as f32);
        let mut here = None;
        for (n, band) in self.bands.iter().enumerate() {
            if band.squared - 1.0 > f64::from(lowest) {
                break;
            }
            if let Some(aligned) = &self.aligned
                && let Some(least) = self.sorted(aligned, voxel, n, [dose, factor], lowest)
            {
                (lowest, found) = (least, true);
                continue;
            }
            if self.reaches_no_edge(at, band) {
                found = true;
                let here = *here.get_or_insert_with(|| self.value([at.x, at.y, at.z]).unwrap_or(0.0));
                lowest = self.inside(at, here, [dose, factor], band, lowest);
                continue;
            }
            for s in self.heaps(band).heaps.iter().flat_map(Heap::samples) {
                if let Some(v) = self.value([0, 1, 2].map(|a| at[a] + f64::from(s.0[a]))) {
                    found = true;
                    lowest = lowest.min(s.1 + (v - dose) * (v - dose) * factor);
                }
            }
        }
        found.then_some((f64::from(lowest) + 1.0).max(0.0))
    }

    fn offset(&self, [i, j, k]: [usize; 3]) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    /// Lowest Γ² − 1 of a band, or `lowest`, by samples sorted into cells. None where the band leaves the grid.
    fn sorted(
        &self,
        aligned: &Aligned,
        voxel: [usize; 3],
        band: usize,
        [dose, factor]: [f32; 2],
        mut lowest: f32,
    ) -> Option<f32> {
        let sorted = aligned.band(voxel, band, || self.samples(&self.bands[band]));
        let cell = aligned.cell(voxel);
        let inside =
            |a: usize| cell[a] + sorted.reach[a][0] >= 0 && cell[a] + sorted.reach[a][1] + 2 <= self.size[a] as isize;
        if !(inside(0) && inside(1) && inside(2)) {
            return None;
        }
        let own = (cell[2] * self.size[1] as isize + cell[1]) * self.size[0] as isize + cell[0];
        for group in &sorted.groups {
            if group.nearest >= lowest {
                break;
            }
            let o = (own + group.offset) as usize;
            let [least, most] = self.range[o];
            let off = (least - dose).max(dose - most).max(0.0);
            if group.nearest + off * off * factor < lowest {
                let lanes = &sorted.lanes[group.lanes.clone()];
                lowest = lowest.min(self.cell(o).lowest::<true>(dose, factor, lanes, [0.0; 3]));
            }
        }
        Some(lowest)
    }

    /// Whether all samples of a band lie within the grid.
    fn reaches_no_edge(&self, at: Point3<f64>, band: &Band) -> bool {
        // A voxel's width from the border, so that neither rounding nor a heap's edge leaves the grid.
        (0..3).all(|a| match self.real[a] {
            1 => at[a].abs() <= EDGE && band.reach[a] < EDGE,
            n => at[a] - band.reach[a] >= 1e-3 && at[a] + band.reach[a] <= n as f64 - 1.0 - 1e-3,
        })
    }

    /// Lowest Γ² − 1 of a band, or `lowest`, where no sample leaves the grid. `here`: the dose at `at`.
    fn inside(&self, at: Point3<f64>, here: f32, [dose, factor]: [f32; 2], band: &Band, mut lowest: f32) -> f32 {
        let (base, top) = corners(at, band);
        let from = [0, 1, 2].map(|a| (at[a] - base[a] as f64) as f32);
        let start = self.offset(base);
        let Heaps { heaps, shoals } = self.heaps(band);
        if heaps.len() <= FEW {
            for heap in heaps {
                if heap.nearest >= lowest {
                    break;
                }
                lowest = self.heap(heap, start, from, dose, factor, lowest);
            }
            return lowest;
        }
        let (slope, spread) = slopes(&self.data, self.size, base, top);
        for (shoal, heaps) in shoals.iter().zip(heaps.chunks(LANES)) {
            if shoal.nearest[0] >= lowest {
                break;
            }
            let least = shoal.at_least(here - dose, factor, slope, spread);
            for (heap, least) in heaps.iter().zip(least) {
                if least < lowest {
                    lowest = self.heap(heap, start, from, dose, factor, lowest);
                }
            }
        }
        lowest
    }

    /// Lowest Γ² − 1 of a heap's samples, or `lowest`.
    #[inline]
    fn heap(&self, heap: &Heap, start: usize, from: [f32; 3], dose: f32, factor: f32, mut lowest: f32) -> f32 {
        let row = self.size[0];
        let low = [0, 1, 2].map(|a| (from[a] + heap.low[a]) as u32 as usize);
        let high = [0, 1, 2].map(|a| (from[a] + heap.high[a]) as u32 as usize);
        // No index of a voxel comes near the end of usize, so wrapping spares only the check.
        let slice = row.wrapping_mul(self.size[1]);
        let at = |i: usize, j: usize, k: usize| {
            start.wrapping_add(k.wrapping_mul(slice)).wrapping_add(j.wrapping_mul(row)).wrapping_add(i)
        };
        let place = |i: usize, j: usize, k: usize| [from[0] - i as f32, from[1] - j as f32, from[2] - k as f32];
        if low == high {
            let [i, j, k] = low;
            let found = self.cell(at(i, j, k)).lowest::<true>(dose, factor, &heap.lanes, place(i, j, k));
            return if found < lowest { found } else { lowest };
        }
        for k in low[2]..=high[2] {
            for j in low[1]..=high[1] {
                for i in low[0]..=high[0] {
                    let cell = self.cell(at(i, j, k));
                    let off = cell.off(dose);
                    if heap.nearest + off * off * factor < lowest {
                        let found = cell.lowest::<false>(dose, factor, &heap.lanes, place(i, j, k));
                        lowest = if found < lowest { found } else { lowest };
                    }
                }
            }
        }
        lowest
    }

    /// The cell above voxel `o`.
    #[inline]
    fn cell(&self, o: usize) -> Cell {
        let row = self.size[0];
        let slice = row.wrapping_mul(self.size[1]);
        let corners = &self.data[o..o.wrapping_add(slice).wrapping_add(row).wrapping_add(2)];
        let v = |n: usize| (corners[n], corners[n + 1]);
        Cell::new([v(0), v(row), v(slice), v(slice.wrapping_add(row))])
    }

    /// Trilinear, nothing beyond the outermost voxel centres.
    fn value(&self, at: [f64; 3]) -> Option<f32> {
        let (mut low, mut f, mut next) = ([0; 3], [0f32; 3], [0; 3]);
        for a in 0..3 {
            let last = (self.real[a] - 1) as f64;
            if !(at[a] >= -EDGE && at[a] <= last + EDGE) {
                return None;
            }
            let x = at[a].clamp(0.0, last);
            low[a] = (x as usize).min(self.real[a].saturating_sub(2));
            f[a] = (x - low[a] as f64) as f32;
            next[a] = (low[a] + 1).min(self.real[a] - 1);
        }
        let v = |i, j, k| self.data[self.offset([i, j, k])];
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let row = |j, k| mix(v(low[0], j, k), v(next[0], j, k), f[0]);
        let slice = |k| mix(row(low[1], k), row(next[1], k), f[1]);
        Some(mix(slice(low[2]), slice(next[2]), f[2]))
    }
}

/// Voxels below and above every sample of a band, so that cutting off the fraction of a place above the first rounds down.
fn corners(at: Point3<f64>, band: &Band) -> ([usize; 3], [usize; 3]) {
    let reach = |a: usize, way: f64| (at[a] + way * band.reach[a]) as usize;
    ([0, 1, 2].map(|a| reach(a, -1.0)), [0, 1, 2].map(|a| reach(a, 1.0) + 1))
}
