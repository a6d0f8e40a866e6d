//! The search around one reference voxel.
//!
//! Samples of neighbouring spheres are sorted into small heaps. A heap mostly lies within one cell of the evaluated grid, where
//! the dose is one polynomial for all of its samples, and a cell whose doses are all too far off spares the heap.

use super::GammaCriteria;
use super::aligned::Aligned;
use super::samples::{self, Heap, LANES, Lanes, Sample, heaps};
use nalgebra::{Matrix3, Point3, Vector3};
use rayon::prelude::*;
use std::sync::OnceLock;
use vestibule_geometry::{Grid, Volume};

/// How far a place may lie beyond the outermost voxel centres and still count as on them, in voxels.
const EDGE: f64 = 1e-6;

/// Neighbouring spheres that are searched together.
struct Band {
    /// Squared distance of the nearest, in distance criteria.
    squared: f64,
    /// Longest step along each axis, in voxels.
    reach: [f64; 3],
    /// Which spheres.
    spheres: std::ops::RangeInclusive<u32>,
    /// Made when first needed: most voxels never look far.
    heaps: OnceLock<Vec<Heap>>,
}

/// What the search needs of the evaluated dose and the criteria.
pub(super) struct Search<'a> {
    data: &'a [f32],
    size: [usize; 3],
    /// Nearest first.
    bands: Vec<Band>,
    aligned: Option<Aligned>,
    /// Lowest and highest corner of each cell, by its lower voxel.
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
        let grid = &evaluated.grid;
        let steps = f64::from(criteria.steps);
        let count = (criteria.max_gamma * steps + 1e-9).floor() as u32;
        let (mut bands, mut from) = (Vec::new(), 0);
        while from <= count {
            // The voxel itself, then wider bands further out.
            let to = if from == 0 { 0 } else { (from + from.div_ceil(4)).min(count) };
            let reach = grid.spacing_mm.map(|s| f64::from(to) / steps * criteria.distance_mm / s);
            let squared = (f64::from(from) / steps).powi(2);
            bands.push(Band { squared, reach, spheres: from..=to, heaps: OnceLock::new() });
            from = to + 1;
        }
        let aligned = Aligned::new(reference, grid, bands.len(), samples::count(count));
        Self {
            data: &evaluated.data,
            size: grid.size,
            bands,
            aligned,
            range: ranges(evaluated),
            cap: criteria.max_gamma * criteria.max_gamma,
            criteria: *criteria,
            // Samples lie by the reference's axes, whatever the evaluated grid's.
            turn: grid.axes.transpose() * reference.axes,
            spacing: Vector3::from(grid.spacing_mm),
        }
    }

    fn samples(&self, band: &Band) -> Vec<Sample> {
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

    fn heaps<'b>(&self, band: &'b Band) -> &'b [Heap] {
        band.heaps.get_or_init(|| heaps(self.samples(band)))
    }

    /// Lowest Γ² around reference voxel `voxel` that lies at `at` (index of the evaluated grid), at most the cap. None where no
    /// dose is within reach.
    pub(super) fn squared(&self, voxel: [usize; 3], at: Point3<f64>, dose: f64, per_dose: f64) -> Option<f64> {
        // Γ² − 1 all through, because it is at 1 that a small difference decides.
        let (mut lowest, mut found) = ((self.cap - 1.0) as f32, false);
        let (dose, factor) = (dose as f32, (per_dose * per_dose) as f32);
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
            // A voxel's width from the border, so that neither rounding nor a heap's edge leaves the grid.
            let inside = (0..3)
                .all(|a| at[a] - band.reach[a] >= 1e-3 && at[a] + band.reach[a] <= self.size[a] as f64 - 1.0 - 1e-3);
            if inside && self.size.iter().all(|n| *n >= 2) {
                found = true;
                lowest = self.inside(at, dose, factor, band, lowest);
                continue;
            }
            for s in self.heaps(band).iter().flat_map(Heap::samples) {
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
                lowest = lowest.min(self.in_cell::<true>(o, dose, factor, lanes, [0.0; 3]));
            }
        }
        Some(lowest)
    }

    /// Lowest Γ² − 1 of a band, or `lowest`, where no sample leaves the grid.
    fn inside(&self, at: Point3<f64>, dose: f32, factor: f32, band: &Band, mut lowest: f32) -> f32 {
        // From a corner below every sample, so that cutting off the fraction rounds down.
        let base = [0, 1, 2].map(|a| (at[a] - band.reach[a]) as usize);
        let from = [0, 1, 2].map(|a| (at[a] - base[a] as f64) as f32);
        let start = self.offset(base);
        let (row, slice) = (self.size[0], self.size[0] * self.size[1]);
        for heap in self.heaps(band) {
            if heap.nearest >= lowest {
                break;
            }
            let low = [0, 1, 2].map(|a| (from[a] + heap.low[a]) as u32);
            let high = [0, 1, 2].map(|a| (from[a] + heap.high[a]) as u32);
            for k in low[2]..=high[2] {
                for j in low[1]..=high[1] {
                    for i in low[0]..=high[0] {
                        let o = start + k as usize * slice + j as usize * row + i as usize;
                        let [least, most] = self.range[o];
                        let off = (least - dose).max(dose - most).max(0.0);
                        if heap.nearest + off * off * factor >= lowest {
                            continue;
                        }
                        let place = [from[0] - i as f32, from[1] - j as f32, from[2] - k as f32];
                        lowest = lowest.min(match low == high {
                            true => self.in_cell::<true>(o, dose, factor, &heap.lanes, place),
                            false => self.in_cell::<false>(o, dose, factor, &heap.lanes, place),
                        });
                    }
                }
            }
        }
        lowest
    }

    /// Lowest Γ² − 1 of samples in the cell above voxel `o`. `from`: the reference voxel in this cell. `WHOLE`: all of them are
    /// in it.
    #[inline]
    fn in_cell<const WHOLE: bool>(&self, o: usize, dose: f32, factor: f32, samples: &[Lanes], from: [f32; 3]) -> f32 {
        let (row, slice) = (self.size[0], self.size[0] * self.size[1]);
        let v = |n: usize| match self.data.get(n..n + 2) {
            Some([a, b]) => (*a, *b),
            _ => (f32::INFINITY, f32::INFINITY),
        };
        let ((a, ax), (b, bx), (c, cx), (d, dx)) = (v(o), v(o + row), v(o + slice), v(o + slice + row));
        // Trilinear as a polynomial of the place in the cell.
        let (px, py, pz) = (ax - a, b - a, c - a);
        let (pxy, pxz, pyz) = (bx - b - px, cx - c - px, d - c - py);
        let pxyz = dx - d - cx + c - pxy;
        let p = a - dose;
        let mut lowest = [f32::INFINITY; LANES];
        for s in samples {
            #[expect(
                clippy::needless_range_loop,
                reason = "five arrays go side by side, so that this is one vector operation each"
            )]
            for n in 0..LANES {
                let (x, y, z) = (s.x[n] + from[0], s.y[n] + from[1], s.z[n] + from[2]);
                let flat = p + px * x + y * (py + pxy * x);
                let rise = pz + pxz * x + y * (pyz + pxyz * x);
                let off = flat + z * rise;
                let mut squared = s.squared[n] + off * off * factor;
                if !WHOLE {
                    // A sample beyond the cell belongs to its neighbour; on the border both give the same.
                    let far = |x: f32| (x - 0.5).abs();
                    let inside = (far(x) <= 0.500_001) & (far(y) <= 0.500_001) & (far(z) <= 0.500_001);
                    squared = if inside { squared } else { f32::INFINITY };
                }
                lowest[n] = if squared < lowest[n] { squared } else { lowest[n] };
            }
        }
        let [a, b, c, d, e, f, g, h] = lowest;
        a.min(e).min(b.min(f)).min(c.min(g).min(d.min(h)))
    }

    /// Trilinear, nothing beyond the outermost voxel centres.
    fn value(&self, at: [f64; 3]) -> Option<f32> {
        let (mut low, mut f, mut next) = ([0; 3], [0f32; 3], [0; 3]);
        for a in 0..3 {
            let last = (self.size[a] - 1) as f64;
            if !(at[a] >= -EDGE && at[a] <= last + EDGE) {
                return None;
            }
            let x = at[a].clamp(0.0, last);
            low[a] = (x as usize).min(self.size[a].saturating_sub(2));
            f[a] = (x - low[a] as f64) as f32;
            next[a] = (low[a] + 1).min(self.size[a] - 1);
        }
        let v = |i, j, k| self.data[self.offset([i, j, k])];
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let row = |j, k| mix(v(low[0], j, k), v(next[0], j, k), f[0]);
        let slice = |k| mix(row(low[1], k), row(next[1], k), f[1]);
        Some(mix(slice(low[2]), slice(next[2]), f[2]))
    }
}

/// Lowest and highest corner of the cell above each voxel.
fn ranges(v: &Volume<f32>) -> Vec<[f32; 2]> {
    let mut out: Vec<[f32; 2]> = v.data.iter().map(|d| [*d, *d]).collect();
    for step in [1, v.grid.size[0], v.grid.size[0] * v.grid.size[1]] {
        let before = out;
        out = (0..before.len())
            .into_par_iter()
            .map(|o| {
                let (a, b) = (before[o], before[(o + step).min(before.len() - 1)]);
                [a[0].min(b[0]), a[1].max(b[1])]
            })
            .collect();
    }
    out
}
