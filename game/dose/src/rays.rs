//! The fan of rays of one beam: what each has passed, plane by plane, by exact voxel traversal.
//!
//! Rays cross the isocentre plane on a square lattice and come from two virtual sources, so that ray (x, y) lies at
//! (x (1 − z/sx), y (1 − z/sy)) on the plane at height z (IEC gantry). Planes and lattice hang on the isocentre, so that
//! the spots of a plan do not shift them.

use crate::stopping::StoppingMap;
use nalgebra::{Isometry3, Point3};
use rayon::prelude::*;
use vestibule_geometry::ray;

/// A rectangle of rays: first, and number along x and y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub first: [usize; 2],
    pub n: [usize; 2],
}

impl Window {
    pub fn len(&self) -> usize {
        self.n[0] * self.n[1]
    }
}

/// A half-open range of columns and one of rows.
pub(crate) type Area = [[usize; 2]; 2];

/// Columns and rows that hold nothing.
pub(crate) const NOWHERE: Area = [[usize::MAX, 0]; 2];

/// The smallest area that holds two.
#[inline(always)]
pub(crate) fn around(a: &Area, b: &Area) -> Area {
    [0, 1].map(|i| [a[i][0].min(b[i][0]), a[i][1].max(b[i][1])])
}

/// The rays of a beam and what lies on them.
#[derive(Clone, Debug)]
pub(crate) struct RayGrid {
    /// Distance between rays on the isocentre plane, and between planes, mm.
    pub cell_mm: f64,
    pub step_mm: f64,
    /// Lattice numbers of the first ray (place = number × cell), and how many there are.
    pub first: [i64; 2],
    pub n: [usize; 2],
    /// Lattice number of the highest plane (z = number × step), and how many there are, downwards.
    pub top: i64,
    pub planes: usize,
    pub virtual_sad_mm: [f64; 2],
    pub to_gantry: Isometry3<f64>,
    /// By [row y][plane][x]: water-equivalent depth at the plane, mm.
    pub water: Vec<f32>,
    /// By [row y][plane][x]: scattering power relative to water's, times way over step, between the plane above and it.
    pub scattering: Vec<f32>,
    /// By [y][x]: whether the ray meets the body.
    pub meets: Vec<bool>,
}

/// What a fan is made for.
pub(crate) struct FanSize<'a> {
    pub cell_mm: f64,
    pub step_mm: f64,
    pub virtual_sad_mm: [f64; 2],
    pub to_gantry: Isometry3<f64>,
    /// Spots with their reach on the isocentre plane: x, y, reach, mm.
    pub spots: &'a [[f64; 3]],
    /// Deepest water-equivalent depth any layer reaches, mm.
    pub deepest_mm: f64,
}

impl RayGrid {
    /// Casts the rays. Err: the number of nodes, where it is more than `limit`.
    pub fn new(size: &FanSize, stopping: &StoppingMap, limit: usize) -> Result<Self, usize> {
        let bound = |axis: usize, sign: f64| {
            size.spots.iter().map(|s| sign * s[axis] + s[2]).fold(f64::NEG_INFINITY, f64::max) / size.cell_mm
        };
        let first = [0, 1].map(|a| (-bound(a, -1.0)).floor() as i64 - 1);
        let n = [0, 1].map(|a| (bound(a, 1.0).ceil() as i64 + 2 - first[a]).max(1) as usize);
        let [sx, sy] = size.virtual_sad_mm;
        // The body cannot come closer to the source than half way.
        let highest = stopping.highest_z(&size.to_gantry).min(0.5 * sx.min(sy));
        let top = (highest / size.step_mm).ceil() as i64 + 1;
        let bottom = (stopping.lowest_z(&size.to_gantry) / size.step_mm).floor() as i64 - 1;
        let planes = (top - bottom + 1).max(2) as usize;
        if (n[0] * n[1]).saturating_mul(planes) > limit {
            return Err((n[0] * n[1]).saturating_mul(planes));
        }
        let mut out = Self {
            cell_mm: size.cell_mm,
            step_mm: size.step_mm,
            first,
            n,
            top,
            planes,
            virtual_sad_mm: size.virtual_sad_mm,
            to_gantry: size.to_gantry,
            water: Vec::new(),
            scattering: Vec::new(),
            meets: Vec::new(),
        };
        let rows: Vec<(Vec<f32>, Vec<f32>, Vec<bool>)> =
            (0..n[1]).into_par_iter().map(|row| out.cast_row(row, stopping)).collect();
        // Planes that no layer reaches are left out.
        let used = (0..planes)
            .rev()
            .find(|k| {
                rows.iter().any(|r| r.0[k * n[0]..(k + 1) * n[0]].iter().any(|w| f64::from(*w) <= size.deepest_mm))
            })
            .map_or(2, |k| (k + 2).min(planes));
        for (water, scattering, meets) in rows {
            out.water.extend_from_slice(&water[..used * n[0]]);
            out.scattering.extend_from_slice(&scattering[..used * n[0]]);
            out.meets.extend(meets);
        }
        out.planes = used;
        Ok(out)
    }

    /// The box of all nodes [x, y, plane].
    pub fn all_nodes(&self) -> [[usize; 3]; 2] {
        [[0; 3], [self.n[0], self.n[1], self.planes]]
    }

    /// Height of a plane, mm.
    pub fn z_mm(&self, plane: usize) -> f64 {
        (self.top - plane as i64) as f64 * self.step_mm
    }

    /// How much smaller the fan is on a plane than on the isocentre plane, in x and y.
    pub fn magnification(&self, plane: usize) -> [f64; 2] {
        self.virtual_sad_mm.map(|s| 1.0 - self.z_mm(plane) / s)
    }

    /// Rays within `reach_mm` of (x, y) on the isocentre plane.
    pub fn window(&self, x_mm: f64, y_mm: f64, reach_mm: f64) -> Window {
        let mut w = Window { first: [0; 2], n: [0; 2] };
        for (a, at) in [x_mm, y_mm].into_iter().enumerate() {
            let low = ((at - reach_mm) / self.cell_mm).ceil() as i64 - self.first[a];
            let high = ((at + reach_mm) / self.cell_mm).floor() as i64 - self.first[a] + 1;
            let low = low.clamp(0, self.n[a] as i64);
            w.first[a] = low as usize;
            w.n[a] = (high.clamp(low, self.n[a] as i64) - low) as usize;
        }
        w
    }

    /// The rays that any of some places on the isocentre plane reach.
    pub fn window_of(&self, places: impl Iterator<Item = [f64; 2]>, reach_mm: f64) -> Window {
        let (mut low, mut high) = (self.n, [0; 2]);
        for [x, y] in places {
            let w = self.window(x, y, reach_mm);
            for a in 0..2 {
                low[a] = low[a].min(w.first[a]);
                high[a] = high[a].max(w.first[a] + w.n[a]);
            }
        }
        Window { first: low, n: [0, 1].map(|a| high[a].saturating_sub(low[a])) }
    }

    /// One past the last plane that a depth of `end_mm` reaches on the rays of a window.
    pub fn last_plane(&self, window: &Window, end_mm: f64) -> usize {
        let mut last = 0;
        for y in window.first[1]..window.first[1] + window.n[1] {
            // Depths rise along a ray, so the search goes on where the row before ended.
            while last < self.planes {
                let from = (y * self.planes + last) * self.n[0] + window.first[0];
                if !self.water[from..from + window.n[0]].iter().any(|w| f64::from(*w) <= end_mm) {
                    break;
                }
                last += 1;
            }
        }
        (last + 1).min(self.planes)
    }

    /// The lattice of a window alone, without what lies on it.
    pub fn cut(&self, window: &Window) -> Self {
        Self {
            first: [0, 1].map(|a| self.first[a] + window.first[a] as i64),
            n: window.n,
            water: Vec::new(),
            scattering: Vec::new(),
            meets: Vec::new(),
            ..*self
        }
    }

    fn cast_row(&self, row: usize, stopping: &StoppingMap) -> (Vec<f32>, Vec<f32>, Vec<bool>) {
        let nx = self.n[0];
        let mut water = vec![0.0f32; nx * self.planes];
        let mut scattering = vec![0.0f32; nx * self.planes];
        let mut meets = vec![false; nx];
        let from_gantry = self.to_gantry.inverse();
        let [sx, sy] = self.virtual_sad_mm;
        let (z0, step) = (self.z_mm(0), self.step_mm);
        let z1 = self.z_mm(self.planes - 1);
        let y = (self.first[1] + row as i64) as f64 * self.cell_mm;
        for (column, meets) in meets.iter_mut().enumerate() {
            let x = (self.first[0] + column as i64) as f64 * self.cell_mm;
            let at = |z: f64| from_gantry * Point3::new(x * (1.0 - z / sx), y * (1.0 - z / sy), z);
            let (from, to) = (at(z0), at(z1));
            // Way along the ray per mm of height.
            let slant = (to - from).norm() / (z0 - z1);
            let map = &stopping.relative;
            let mut passed = 0.0f64;
            let mut next = 1usize; // the plane that comes next
            ray::traverse_between(&map.grid, from, to, |offset, near, far| {
                let value = map.data[offset];
                let (rsp, power) =
                    StoppingMap::stops(value).map_or((0.0, 0.0), |s| (f64::from(s), stopping.scattering_power(s)));
                *meets |= value >= 0.0;
                let mut here = near;
                while next < self.planes {
                    let plane_at = next as f64 * step * slant;
                    let cell = next * nx + column;
                    if plane_at > far {
                        scattering[cell] += (power * (far - here)) as f32;
                        break;
                    }
                    let part = (plane_at - here).max(0.0);
                    scattering[cell] += (power * part) as f32;
                    water[cell] = (passed + rsp * (plane_at - near).max(0.0)) as f32;
                    here = here.max(plane_at);
                    next += 1;
                }
                passed += rsp * (far - near);
            });
            while next < self.planes {
                water[next * nx + column] = passed as f32;
                next += 1;
            }
        }
        let per_step = (1.0 / step) as f32;
        scattering.iter_mut().for_each(|v| *v *= per_step);
        (water, scattering, meets)
    }
}
