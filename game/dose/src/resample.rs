//! From a beam's fan of rays to the voxels of the dose grid, by trilinear interpolation.

use crate::rays::{Area, NOWHERE, RayGrid, around};
use nalgebra::{Point3, Vector3};
use std::ops::Range;
use vestibule_geometry::Grid;

/// A box of a fan's nodes [x, y, plane]: first, and one past the last.
pub(crate) type NodeBox = [[usize; 3]; 2];

/// A fan seen from the dose grid: voxel (i, j, k) lies at `origin + i·di + j·dj + k·dk` (IEC gantry, mm).
#[derive(Clone, Debug)]
pub(crate) struct Resampler {
    origin: Point3<f64>,
    axes: [Vector3<f64>; 3],
    size: [usize; 3],
}

impl Resampler {
    pub fn new(rays: &RayGrid, grid: &Grid) -> Self {
        let at = |i, j, k| rays.to_gantry * grid.centre(i, j, k);
        let origin = at(0, 0, 0);
        Self { origin, axes: [at(1, 0, 0) - origin, at(0, 1, 0) - origin, at(0, 0, 1) - origin], size: grid.size }
    }

    /// Grid indices of all voxels whose value hangs on nodes of a box: first, and one past the last.
    pub fn voxels(&self, rays: &RayGrid, nodes: &NodeBox) -> [[usize; 3]; 2] {
        let [lo, hi] = nodes;
        // A node reaches to its neighbours.
        let ends = |a: usize| [lo[a] as f64 - 1.0, hi[a] as f64];
        let inverse =
            nalgebra::Matrix3::from_columns(&self.axes).try_inverse().unwrap_or_else(nalgebra::Matrix3::identity);
        let (mut first, mut last) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in 0..8 {
            let c = [0, 1, 2].map(|a| ends(a)[corner >> a & 1]);
            let z = (rays.top as f64 - c[2]) * rays.step_mm;
            let place = |a: usize| (rays.first[a] as f64 + c[a]) * rays.cell_mm * (1.0 - z / rays.virtual_sad_mm[a]);
            let index = inverse * (Point3::new(place(0), place(1), z) - self.origin);
            for a in 0..3 {
                first[a] = first[a].min(index[a]);
                last[a] = last[a].max(index[a]);
            }
        }
        [
            [0, 1, 2].map(|a| (first[a].ceil().max(0.0) as usize).min(self.size[a])),
            [0, 1, 2].map(|a| ((last[a].floor() + 1.0).max(0.0) as usize).min(self.size[a])),
        ]
    }

    /// Calls `visit(i, value)` for the voxels i of row (j, k) in `range` that lie among the nodes of a box. `values`
    /// are by [plane][y][x] of the whole fan.
    pub fn row(
        &self,
        rays: &RayGrid,
        values: &[f64],
        nodes: &NodeBox,
        row: [usize; 2],
        range: Range<usize>,
        mut visit: impl FnMut(usize, f64),
    ) {
        let line = Line::new(self, rays, row);
        let nx = rays.n[0];
        let plane = nx * rays.n[1];
        for i in line.run(rays, nodes, range) {
            let [fx, fy, fz] = line.at(i as f64);
            let (x, y, z) = (fx as usize, fy as usize, fz as usize);
            let (tx, ty, tz) = (fx - x as f64, fy - y as f64, fz - z as f64);
            let o = z * plane + y * nx + x;
            let Some(cell) = values.get(o..o + plane + nx + 2) else { continue };
            let pair = |o: usize| cell[o] + (cell[o + 1] - cell[o]) * tx;
            let square = |o: usize| {
                let (a, b) = (pair(o), pair(o + nx));
                a + (b - a) * ty
            };
            let (a, b) = (square(0), square(plane));
            visit(i, a + (b - a) * tz);
        }
    }

    /// Adds the values of the same voxels to `out`, whose first is voxel `range.start` of the row, in f32 and for `N` lanes
    /// at once. `values`, by node and lane, lie so far apart from row to row and from plane to plane; they are zero outside
    /// of `lit`, which is [`by_planes`] of the first `last` planes, and on the plane behind those. Gives the voxels.
    pub fn add_lanes<const N: usize>(
        &self,
        rays: &RayGrid,
        (values, strides): (&[f32], [usize; 2]),
        (last, lit): (usize, &[Area]),
        row: [usize; 2],
        range: Range<usize>,
        out: &mut [f32],
    ) -> Range<usize> {
        let line = Line::new(self, rays, row);
        // Of the area that is lit, what is lit on the planes that the row crosses.
        let ends = [range.start, range.end.saturating_sub(1)].map(|i| line.at(i as f64)[2]);
        let from_to =
            [ends[0].min(ends[1]) as usize / PLANES, (ends[0].max(ends[1]).max(0.0) as usize + 1) / PLANES + 1];
        let lit = lit.get(from_to[0]..from_to[1].min(lit.len())).unwrap_or_default();
        let [x, y] = lit.iter().fold(NOWHERE, |all, area| around(&all, area));
        if x[0] >= x[1] || y[0] >= y[1] {
            return range.start..range.start;
        }
        let run = line.run(rays, &[[x[0], y[0], 0], [x[1], y[1], last]], range.clone());
        let values = values.as_chunks::<N>().0;
        let out = &mut out.as_chunks_mut::<N>().0[run.start - range.start..run.end - range.start];
        line.add_lanes(strides, values, run.start, out);
        run
    }
}

/// Planes whose areas are looked at together.
const PLANES: usize = 4;

/// Of areas plane by plane, those that [`Resampler::add_lanes`] takes.
pub(crate) fn by_planes(lit: &[Area]) -> Vec<Area> {
    lit.chunks(PLANES).map(|some| some.iter().fold(NOWHERE, |all, area| around(&all, area))).collect()
}

const TWO_52: f64 = (1u64 << 52) as f64;

/// Of a number from 0 to 2⁵¹; on any processor without a call.
#[inline(always)]
fn floor(v: f64) -> f64 {
    let nearest = (v + TWO_52) - TWO_52;
    nearest - if nearest > v { 1.0 } else { 0.0 }
}

/// Voxels whose places are worked out at a time.
const BLOCK: usize = 8;

/// A row of voxels seen from a fan: numerators and denominators of the place as linear functions of the voxel's number.
struct Line {
    x: [f64; 2],
    y: [f64; 2],
    z: [f64; 2],
    mx: [f64; 2],
    my: [f64; 2],
    origin: [f64; 2],
}

impl Line {
    fn new(grid: &Resampler, rays: &RayGrid, [j, k]: [usize; 2]) -> Self {
        let start = grid.origin + grid.axes[1] * j as f64 + grid.axes[2] * k as f64;
        let along = grid.axes[0];
        let [sx, sy] = rays.virtual_sad_mm.map(|s| 1.0 / s);
        let (per_cell, per_step) = (1.0 / rays.cell_mm, 1.0 / rays.step_mm);
        let linear = |f: fn(&Vector3<f64>) -> f64, scale: f64| [scale * f(&start.coords), scale * f(&along)];
        let z = linear(|v| -v.z, per_step);
        Self {
            x: linear(|v| v.x, per_cell),
            y: linear(|v| v.y, per_cell),
            z: [z[0] + rays.top as f64, z[1]],
            mx: [1.0 - start.z * sx, -along.z * sx],
            my: [1.0 - start.z * sy, -along.z * sy],
            origin: rays.first.map(|v| v as f64),
        }
    }

    /// Place of voxel i on the fan, in nodes.
    #[inline(always)]
    fn at(&self, i: f64) -> [f64; 3] {
        let of = |v: [f64; 2]| v[0] + v[1] * i;
        [of(self.x) / of(self.mx) - self.origin[0], of(self.y) / of(self.my) - self.origin[1], of(self.z)]
    }

    /// See [`Resampler::add_lanes`]: the voxels from `first` on.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "where AVX2 is, and only there, what is compiled for it may run")
    )]
    fn add_lanes<const N: usize>(&self, strides: [usize; 2], values: &[[f32; N]], first: usize, out: &mut [[f32; N]]) {
        #[cfg(target_arch = "x86_64")]
        if crate::processor::has_avx2() {
            #[target_feature(enable = "avx2")]
            fn wide<const N: usize>(
                line: &Line,
                strides: [usize; 2],
                values: &[[f32; N]],
                first: usize,
                out: &mut [[f32; N]],
            ) {
                line.add_all(strides, values, first, out);
            }
            return unsafe { wide(self, strides, values, first, out) };
        }
        self.add_all(strides, values, first, out);
    }

    /// Nothing is fused, so that all processors give the same bits.
    #[inline(always)]
    fn add_all<const N: usize>(
        &self,
        [row, plane]: [usize; 2],
        values: &[[f32; N]],
        first: usize,
        out: &mut [[f32; N]],
    ) {
        // The four lines of nodes around a place, alike in length, so that one look at it serves all eight values.
        let Some(length) = values.len().checked_sub(plane + row) else { return };
        let [near, near_next, far, far_next] = [0, row, plane, plane + row].map(|from| &values[from..from + length]);
        let (row, plane) = (row as f64, plane as f64);
        // Places of some voxels at a time, in loops that can be done in vectors; then what lies there.
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let start = (first + block * BLOCK) as f64;
            let (mut x, mut y, mut z) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
            let mut offsets = [0.0; BLOCK];
            for b in 0..BLOCK {
                [x[b], y[b], z[b]] = self.at(start + b as f64);
            }
            for b in 0..BLOCK {
                let low = [floor(x[b]), floor(y[b]), floor(z[b])];
                // A whole number lies in the low bits of its sum with 2⁵².
                offsets[b] = low[2] * plane + low[1] * row + low[0] + TWO_52;
                (x[b], y[b], z[b]) = (x[b] - low[0], y[b] - low[1], z[b] - low[2]);
            }
            for (b, out) in out.iter_mut().enumerate() {
                let o = offsets[b].to_bits() as u32 as usize;
                if o + 1 >= length {
                    continue;
                }
                let (tx, ty, tz) = (x[b] as f32, y[b] as f32, z[b] as f32);
                let (a, b, c, d) = (&near[o..o + 2], &near_next[o..o + 2], &far[o..o + 2], &far_next[o..o + 2]);
                let mut sum = *out;
                for l in 0..N {
                    let pair = |line: &[[f32; N]]| line[0][l] + (line[1][l] - line[0][l]) * tx;
                    let square = |a: f32, b: f32| a + (b - a) * ty;
                    let (near, far) = (square(pair(a), pair(b)), square(pair(c), pair(d)));
                    sum[l] += near + (far - near) * tz;
                }
                *out = sum;
            }
        }
    }

    /// The voxels of `range` among the nodes of a box, and one node around it: low ≤ place < high is linear in i, so
    /// they lie in one run.
    fn run(&self, rays: &RayGrid, nodes: &NodeBox, range: Range<usize>) -> Range<usize> {
        let low = [0, 1, 2].map(|a| nodes[0][a].saturating_sub(1) as f64);
        let most = [rays.n[0] - 1, rays.n[1] - 1, rays.planes - 1];
        let high = [0, 1, 2].map(|a| nodes[1][a].min(most[a]) as f64);
        // The lowest and the highest that may be.
        let (mut first, mut last) = (range.start as f64, range.end as f64 - 1.0);
        let mut at_least = |c: f64, d: f64| {
            // c + d i ≥ 0
            if d > 0.0 {
                first = first.max(-c / d);
            } else if d < 0.0 {
                last = last.min(c / -d);
            } else if c < 0.0 {
                last = f64::NEG_INFINITY;
            }
        };
        let inner = 1e-9;
        for (f, m, a) in [(self.x, self.mx, 0), (self.y, self.my, 1), (self.z, [1.0, 0.0], 2)] {
            let origin = if a < 2 { self.origin[a] } else { 0.0 };
            let (l, h) = (origin + low[a] + inner, origin + high[a] - inner);
            at_least(f[0] - l * m[0], f[1] - l * m[1]);
            at_least(h * m[0] - f[0], h * m[1] - f[1]);
        }
        at_least(self.mx[0] - 0.1, self.mx[1]);
        at_least(self.my[0] - 0.1, self.my[1]);
        // also when either is not a number
        if first.partial_cmp(&last).is_none_or(|o| o == std::cmp::Ordering::Greater) {
            return range.start..range.start;
        }
        let start = first as usize + usize::from((first as usize as f64) < first);
        let end = last as usize + 1;
        start..end.max(start)
    }
}
