//! Regular grids in DICOM patient coordinates, and volumes of voxels on them.

use nalgebra::{Isometry3, Matrix3, Matrix4, Point3, Vector3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A regular grid of voxel centres in DICOM patient coordinates (LPS, mm). Index order: i runs fastest, then j, then k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Number of voxels along i, j, k; each at least 1.
    pub size: [usize; 3],
    /// Distance between neighbouring voxel centres along i, j, k, mm; each > 0.
    pub spacing_mm: [f64; 3],
    /// Centre of voxel (0, 0, 0), mm.
    pub origin_mm: Point3<f64>,
    /// Unit vectors of i, j, k as columns. Orthonormal; may be left-handed (slices in falling order are re-sorted on
    /// import, so k follows the slice normal there).
    pub axes: Matrix3<f64>,
}

impl Grid {
    /// Axis-aligned grid (axes = L, P, S).
    pub fn axial(size: [usize; 3], spacing_mm: [f64; 3], origin_mm: Point3<f64>) -> Self {
        Self { size, spacing_mm, origin_mm, axes: Matrix3::identity() }
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.size.iter().product()
    }

    /// True when one dimension is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Position in the data of voxel (i, j, k).
    #[inline]
    pub fn offset(&self, i: usize, j: usize, k: usize) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    /// Centre of voxel (i, j, k), mm.
    #[inline]
    pub fn centre(&self, i: usize, j: usize, k: usize) -> Point3<f64> {
        self.to_world(Point3::new(i as f64, j as f64, k as f64))
    }

    /// Continuous index → mm. Integers are voxel centres.
    #[inline]
    pub fn to_world(&self, index: Point3<f64>) -> Point3<f64> {
        self.origin_mm + self.axes * index.coords.component_mul(&Vector3::from(self.spacing_mm))
    }

    /// mm → continuous index. Integers are voxel centres.
    #[inline]
    pub fn to_index(&self, p: Point3<f64>) -> Point3<f64> {
        Point3::from((self.axes.transpose() * (p - self.origin_mm)).component_div(&Vector3::from(self.spacing_mm)))
    }

    /// [`Self::to_index`] as a matrix, for who converts on the graphics card.
    pub fn index_from_world(&self) -> Matrix4<f64> {
        let scale = Vector3::from(self.spacing_mm.map(f64::recip));
        let turn = Matrix3::from_diagonal(&scale) * self.axes.transpose();
        let mut m = turn.to_homogeneous();
        m.fixed_view_mut::<3, 1>(0, 3).copy_from(&(-turn * self.origin_mm.coords));
        m
    }

    /// Lowest and highest corner of the axis-parallel box around all voxels, their halves beyond the outermost centres
    /// included, mm.
    pub fn bounds(&self) -> [Point3<f64>; 2] {
        let mut both = [Point3::from([f64::INFINITY; 3]), Point3::from([f64::NEG_INFINITY; 3])];
        for corner in 0..8 {
            let end = |a: usize| if corner >> a & 1 == 0 { -0.5 } else { self.size[a] as f64 - 0.5 };
            let p = self.to_world(Point3::new(end(0), end(1), end(2)));
            both = [both[0].inf(&p), both[1].sup(&p)];
        }
        both
    }

    /// The same voxels after a rigid motion: origin and axes move, so nothing is resampled.
    pub fn moved(&self, motion: &Isometry3<f64>) -> Self {
        Self {
            size: self.size,
            spacing_mm: self.spacing_mm,
            origin_mm: motion * self.origin_mm,
            axes: motion.rotation.to_rotation_matrix().matrix() * self.axes,
        }
    }

    /// Volume of one voxel, cm³.
    pub fn voxel_cm3(&self) -> f64 {
        self.spacing_mm.iter().product::<f64>() * 1e-3
    }
}

/// Voxels on a grid. `data[grid.offset(i, j, k)]` belongs to voxel (i, j, k).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume<T> {
    /// Where the voxels lie.
    pub grid: Grid,
    /// As many values as the grid has voxels.
    pub data: Vec<T>,
}

impl<T: Copy> Volume<T> {
    /// All voxels alike.
    pub fn filled(grid: Grid, value: T) -> Self {
        let n = grid.len();
        Self { grid, data: vec![value; n] }
    }

    /// Voxel (i, j, k).
    #[inline]
    pub fn at(&self, i: usize, j: usize, k: usize) -> T {
        self.data[self.grid.offset(i, j, k)]
    }
}

impl Volume<f32> {
    /// The highest value and its voxel, the first of several; None without a number.
    pub fn highest(&self) -> Option<(f32, [usize; 3])> {
        let mut best: Option<(f32, usize)> = None;
        for (o, v) in self.data.iter().enumerate() {
            if best.map_or(!v.is_nan(), |b| *v > b.0) {
                best = Some((*v, o));
            }
        }
        let (v, o) = best?;
        let [nx, ny, _] = self.grid.size;
        Some((v, [o % nx, o / nx % ny, o / (nx * ny)]))
    }

    /// Means of blocks of this many voxels, at least 1 along each axis; what is left over at the far ends is left out.
    pub fn averaged(&self, block: [usize; 3]) -> Self {
        let block = block.map(|b| b.max(1));
        let size: [usize; 3] = std::array::from_fn(|a| (self.grid.size[a] / block[a]).max(1));
        let block: [usize; 3] = std::array::from_fn(|a| block[a].min(self.grid.size[a].max(1)));
        let first = Point3::from(block.map(|b| (b - 1) as f64 * 0.5));
        let spacing_mm = std::array::from_fn(|a| self.grid.spacing_mm[a] * block[a] as f64);
        let grid = Grid { size, spacing_mm, origin_mm: self.grid.to_world(first), axes: self.grid.axes };
        let share = 1.0 / block.iter().product::<usize>() as f32;
        let mut data = vec![0.0; grid.len()];
        let slice = (size[0] * size[1]).max(1);
        data.par_chunks_mut(slice).enumerate().for_each(|(k, slice)| {
            for (o, v) in slice.iter_mut().enumerate() {
                let (i, j) = (o % size[0], o / size[0]);
                let mut sum = 0.0;
                for c in 0..block[2] {
                    for b in 0..block[1] {
                        let row = self.grid.offset(i * block[0], j * block[1] + b, k * block[2] + c);
                        sum += self.data[row..row + block[0]].iter().sum::<f32>();
                    }
                }
                *v = sum * share;
            }
        });
        Self { grid, data }
    }

    /// One pass of a 1-2-1 blur along each axis; the border's own value holds beyond it.
    pub fn blurred(&self) -> Self {
        let mut out = self.clone();
        let [nx, ny, nz] = self.grid.size;
        for (n, stride) in [(nx, 1), (ny, nx), (nz, nx * ny)] {
            let from = out.data.clone();
            for (o, v) in out.data.iter_mut().enumerate() {
                let at = (o / stride) % n;
                let low = if at > 0 { from[o - stride] } else { from[o] };
                let high = if at + 1 < n { from[o + stride] } else { from[o] };
                *v = 0.25 * low + 0.5 * from[o] + 0.25 * high;
            }
        }
        out
    }
}

impl<T: Copy + Into<f64>> Volume<T> {
    /// Trilinear value at a point, or None more than half a voxel outside the outermost centres. Within that half
    /// voxel the border value holds.
    pub fn sample(&self, p: Point3<f64>) -> Option<f64> {
        let q = self.grid.to_index(p);
        let mut lo = [0usize; 3];
        let mut f = [0f64; 3];
        for a in 0..3 {
            let n = self.grid.size[a];
            let x = q[a];
            if !(x >= -0.5 && x <= n as f64 - 0.5) {
                return None;
            }
            let x = x.clamp(0.0, (n - 1) as f64);
            lo[a] = (x.floor() as usize).min(n.saturating_sub(2));
            f[a] = x - lo[a] as f64;
        }
        let step = [
            usize::from(self.grid.size[0] > 1),
            if self.grid.size[1] > 1 { self.grid.size[0] } else { 0 },
            if self.grid.size[2] > 1 { self.grid.size[0] * self.grid.size[1] } else { 0 },
        ];
        let base = self.grid.offset(lo[0], lo[1], lo[2]);
        let v = |o: usize| -> f64 { self.data[base + o].into() };
        let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
        let x00 = mix(v(0), v(step[0]), f[0]);
        let x10 = mix(v(step[1]), v(step[1] + step[0]), f[0]);
        let x01 = mix(v(step[2]), v(step[2] + step[0]), f[0]);
        let x11 = mix(v(step[2] + step[1]), v(step[2] + step[1] + step[0]), f[0]);
        Some(mix(mix(x00, x10, f[1]), mix(x01, x11, f[1]), f[2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn oblique() -> Grid {
        let r = nalgebra::Rotation3::from_euler_angles(0.2, -0.4, 0.9);
        Grid {
            size: [5, 6, 7],
            spacing_mm: [1.0, 2.0, 3.0],
            origin_mm: Point3::new(-4.0, 8.0, 15.0),
            axes: *r.matrix(),
        }
    }

    proptest! {
        #[test]
        fn world_and_index_are_inverse(x in -50.0..50.0f64, y in -50.0..50.0f64, z in -50.0..50.0f64) {
            let g = oblique();
            let p = Point3::new(x, y, z);
            prop_assert!((g.to_world(g.to_index(p)) - p).norm() < 1e-9);
            let by_matrix = g.index_from_world().transform_point(&p);
            prop_assert!((by_matrix - g.to_index(p)).norm() < 1e-9);
        }

        /// Trilinear interpolation reproduces a linear field exactly.
        #[test]
        fn sampling_a_linear_field_is_exact(i in 0.0..4.0f64, j in 0.0..5.0f64, k in 0.0..6.0f64) {
            let g = oblique();
            let field = |p: Point3<f64>| 3.0 + 0.5 * p.x - 0.25 * p.y + 2.0 * p.z;
            let mut v = Volume::filled(g.clone(), 0.0f64);
            for c in 0..7 { for b in 0..6 { for a in 0..5 { let o = g.offset(a, b, c); v.data[o] = field(g.centre(a, b, c)); } } }
            let p = g.to_world(Point3::new(i, j, k));
            prop_assert!((v.sample(p).unwrap() - field(p)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_moved_grid_keeps_its_voxels() {
        let motion = Isometry3::new(Vector3::new(10.0, -20.0, 30.0), Vector3::new(0.3, 0.1, -0.7));
        let (g, m) = (oblique(), oblique().moved(&motion));
        assert_eq!((m.size, m.spacing_mm), (g.size, g.spacing_mm));
        for (i, j, k) in [(0, 0, 0), (4, 1, 6), (2, 5, 3)] {
            assert!((m.centre(i, j, k) - motion * g.centre(i, j, k)).norm() < 1e-9);
        }
        assert!((m.axes.transpose() * m.axes - Matrix3::identity()).norm() < 1e-12);
    }

    #[test]
    fn averaging_keeps_a_linear_field_in_place() {
        let grid = Grid::axial([12, 8, 6], [1.0, 1.0, 2.0], Point3::new(-3.0, 5.0, 7.0));
        let field = |p: Point3<f64>| (p.x + 2.0 * p.y - p.z) as f32;
        let mut v = Volume::filled(grid.clone(), 0.0f32);
        for o in 0..grid.len() {
            v.data[o] = field(grid.centre(o % 12, o / 12 % 8, o / 96));
        }
        let c = v.averaged([2, 2, 1]);
        assert_eq!((c.grid.size, c.grid.spacing_mm), ([6, 4, 6], [2.0; 3]));
        assert!((c.at(2, 1, 3) - field(c.grid.centre(2, 1, 3))).abs() < 1e-4);
        assert_eq!(v.averaged([5, 3, 99]).grid.size, [2, 2, 1]);
    }

    #[test]
    fn the_highest_is_a_number_and_the_first() {
        let grid = Grid::axial([2, 2, 2], [1.0; 3], Point3::origin());
        let v = Volume { grid, data: vec![f32::NAN, -1.0, 3.0, 2.0, 3.0, f32::NAN, 0.0, 1.0] };
        assert_eq!(v.highest(), Some((3.0, [0, 1, 0])));
    }

    #[test]
    fn bounds_reach_half_a_voxel_beyond_the_centres() {
        let [low, high] = Grid::axial([3, 1, 2], [2.0, 4.0, 1.0], Point3::new(10.0, 20.0, 30.0)).bounds();
        assert_eq!((low, high), (Point3::new(9.0, 18.0, 29.5), Point3::new(15.0, 22.0, 31.5)));
    }

    #[test]
    fn outside_is_none_and_one_slice_works() {
        let v = Volume { grid: Grid::axial([2, 2, 1], [1.0; 3], Point3::origin()), data: vec![0.0f32, 1.0, 2.0, 3.0] };
        assert_eq!(v.sample(Point3::new(0.5, 0.5, 0.2)), Some(1.5));
        assert_eq!(v.sample(Point3::new(0.5, 0.5, 0.8)), None);
        assert_eq!(v.sample(Point3::new(f64::NAN, 0.5, 0.0)), None);
    }
}
