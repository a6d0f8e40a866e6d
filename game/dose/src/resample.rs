//! From a beam's fan of rays to the voxels of the dose grid, by trilinear interpolation.

use crate::rays::RayGrid;
use nalgebra::{Point3, Vector3};
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

    /// Calls `visit(i, value)` for the voxels i of row (j, k) in `range` that lie among the nodes of a box. `values` are by
    /// [plane][y][x] of the whole fan.
    pub fn row(
        &self,
        rays: &RayGrid,
        values: &[f64],
        nodes: &NodeBox,
        [j, k]: [usize; 2],
        range: std::ops::Range<usize>,
        mut visit: impl FnMut(usize, f64),
    ) {
        let start = self.origin + self.axes[1] * j as f64 + self.axes[2] * k as f64;
        let along = self.axes[0];
        let [nx, ny] = rays.n;
        let [sx, sy] = rays.virtual_sad_mm.map(|s| 1.0 / s);
        let (per_cell, per_step) = (1.0 / rays.cell_mm, 1.0 / rays.step_mm);
        // Place on the fan as linear functions of i: numerators and denominators. One node around the box counts too.
        let linear = |f: fn(&Vector3<f64>) -> f64, scale: f64| [scale * f(&start.coords), scale * f(&along)];
        let (x, y) = (linear(|v| v.x, per_cell), linear(|v| v.y, per_cell));
        let z = linear(|v| -v.z, per_step);
        let z = [z[0] + rays.top as f64, z[1]];
        let (mx, my) = ([1.0 - start.z * sx, -along.z * sx], [1.0 - start.z * sy, -along.z * sy]);
        let low = [0, 1, 2].map(|a| nodes[0][a].saturating_sub(1) as f64);
        let most = [nx - 1, ny - 1, rays.planes - 1];
        let high = [0, 1, 2].map(|a| nodes[1][a].min(most[a]) as f64);
        // low ≤ f < high is linear in i too, so the voxels lie in one run.
        let (mut first, mut end) = (range.start as f64, range.end as f64);
        let mut at_least = |c: f64, d: f64| {
            // c + d i ≥ 0
            if d > 0.0 {
                first = first.max((-c / d).ceil());
            } else if d < 0.0 {
                end = end.min((c / -d).floor() + 1.0);
            } else if c < 0.0 {
                end = f64::NEG_INFINITY;
            }
        };
        let inner = 1e-9;
        for (f, m, a) in [(x, mx, 0), (y, my, 1), (z, [1.0, 0.0], 2)] {
            let origin = if a < 2 { rays.first[a] as f64 } else { 0.0 };
            let (l, h) = (origin + low[a] + inner, origin + high[a] - inner);
            at_least(f[0] - l * m[0], f[1] - l * m[1]);
            at_least(h * m[0] - f[0], h * m[1] - f[1]);
        }
        at_least(mx[0] - 0.1, mx[1]);
        at_least(my[0] - 0.1, my[1]);
        // also when either is not a number
        if first.partial_cmp(&end) != Some(std::cmp::Ordering::Less) {
            return;
        }
        let plane = nx * ny;
        let origin = rays.first.map(|v| v as f64);
        for i in first as usize..end as usize {
            let q = i as f64;
            let fx = (x[0] + x[1] * q) / (mx[0] + mx[1] * q) - origin[0];
            let fy = (y[0] + y[1] * q) / (my[0] + my[1] * q) - origin[1];
            let fz = z[0] + z[1] * q;
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
}
