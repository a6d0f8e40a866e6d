//! Exact voxel traversal of a straight line through a grid (Siddon 1985; Amanatides and Woo 1987): every voxel the line
//! crosses, in order, with the exact length inside it. No stepping error.

use crate::Grid;
use nalgebra::Point3;

/// Calls `visit(offset, length_mm)` for each voxel that the segment from `from` to `to` (DICOM patient mm) crosses, in
/// order. `offset` is [`Grid::offset`]; a voxel reaches half a spacing around its centre. Nothing is visited where the
/// segment misses the grid or has no finite length. The lengths add up to the length of the segment inside the grid.
pub fn traverse(grid: &Grid, from: Point3<f64>, to: Point3<f64>, mut visit: impl FnMut(usize, f64)) {
    traverse_between(grid, from, to, |offset, near_mm, far_mm| visit(offset, far_mm - near_mm));
}

/// As [`traverse`], with the distances from `from` at which the line enters and leaves each voxel:
/// `visit(offset, near_mm, far_mm)`.
pub fn traverse_between(grid: &Grid, from: Point3<f64>, to: Point3<f64>, mut visit: impl FnMut(usize, f64, f64)) {
    let length = (to - from).norm();
    if !(length.is_finite() && length > 0.0) || grid.is_empty() {
        return;
    }
    // In index space shifted by half a voxel, voxel i covers [i, i + 1).
    let half = nalgebra::Vector3::repeat(0.5);
    let a = grid.to_index(from) + half;
    let d = grid.to_index(to) + half - a;

    // The part of the segment (parameter 0 to 1) inside the grid's box.
    let (mut t_in, mut t_out) = (0.0f64, 1.0f64);
    for axis in 0..3 {
        let n = grid.size[axis] as f64;
        if d[axis].abs() < 1e-12 {
            if a[axis] < 0.0 || a[axis] >= n {
                return;
            }
        } else {
            let (t0, t1) = ((0.0 - a[axis]) / d[axis], (n - a[axis]) / d[axis]);
            t_in = t_in.max(t0.min(t1));
            t_out = t_out.min(t0.max(t1));
        }
    }
    if t_in >= t_out {
        return;
    }

    let stride = [1isize, grid.size[0] as isize, (grid.size[0] * grid.size[1]) as isize];
    let start = a + d * t_in;
    let mut cell = [0isize; 3];
    let mut next = [f64::INFINITY; 3]; // parameter at which the line leaves the voxel along each axis
    let mut delta = [f64::INFINITY; 3];
    let mut step = [0isize; 3];
    for axis in 0..3 {
        let n = grid.size[axis] as isize;
        // On a face the voxel that lies ahead is meant.
        let mut c = start[axis].floor();
        if d[axis] < 0.0 && start[axis] - c < 1e-12 && c > 0.0 {
            c -= 1.0;
        }
        cell[axis] = (c as isize).clamp(0, n - 1);
        if d[axis] > 1e-12 {
            step[axis] = 1;
            next[axis] = ((cell[axis] + 1) as f64 - a[axis]) / d[axis];
            delta[axis] = 1.0 / d[axis];
        } else if d[axis] < -1e-12 {
            step[axis] = -1;
            next[axis] = (cell[axis] as f64 - a[axis]) / d[axis];
            delta[axis] = -1.0 / d[axis];
        }
    }
    let mut offset = cell[0] + cell[1] * stride[1] + cell[2] * stride[2];
    let mut t = t_in;
    loop {
        let axis = if next[0] < next[1] {
            if next[0] < next[2] { 0 } else { 2 }
        } else if next[1] < next[2] {
            1
        } else {
            2
        };
        let leave = next[axis].min(t_out);
        if leave > t {
            visit(offset as usize, t * length, leave * length);
            t = leave;
        }
        if next[axis] >= t_out {
            return;
        }
        cell[axis] += step[axis];
        if cell[axis] < 0 || cell[axis] >= grid.size[axis] as isize {
            return;
        }
        offset += step[axis] * stride[axis];
        next[axis] += delta[axis];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn oblique() -> Grid {
        let r = nalgebra::Rotation3::from_euler_angles(0.2, -0.4, 0.9);
        Grid {
            size: [7, 6, 5],
            spacing_mm: [1.0, 2.0, 3.0],
            origin_mm: Point3::new(-4.0, 8.0, 15.0),
            axes: *r.matrix(),
        }
    }

    /// Length of the segment inside the grid's box, by clipping against its six faces.
    fn clipped(grid: &Grid, a: Point3<f64>, b: Point3<f64>) -> f64 {
        let (p, q) = (grid.to_index(a), grid.to_index(b));
        let (mut lo, mut hi) = (0.0f64, 1.0f64);
        for k in 0..3 {
            let d = q[k] - p[k];
            let (u, v) = ((-0.5 - p[k]) / d, (grid.size[k] as f64 - 0.5 - p[k]) / d);
            lo = lo.max(u.min(v));
            hi = hi.min(u.max(v));
        }
        (hi - lo).max(0.0) * (b - a).norm()
    }

    proptest! {
        #[test]
        fn lengths_add_up_and_the_voxels_are_those_crossed(
            a in prop::array::uniform3(-30.0..30.0f64), b in prop::array::uniform3(-30.0..30.0f64),
        ) {
            let grid = oblique();
            let (a, b) = (grid.origin_mm + nalgebra::Vector3::from(a), grid.origin_mm + nalgebra::Vector3::from(b));
            let mut sum = 0.0;
            let inside = clipped(&grid, a, b);
            let mut pieces = Vec::new();
            traverse(&grid, a, b, |o, l| { sum += l; pieces.push((o, l)); });
            prop_assert!((sum - inside).abs() < 1e-9, "{sum} is not {inside}");
            // The middle of each piece lies in its voxel.
            let direction = (b - a).normalize();
            let mut t = pieces.first().map_or(0.0, |_| {
                let p = grid.to_index(a);
                let q = grid.to_index(b);
                (0..3).map(|k| {
                    let d = q[k] - p[k];
                    ((-0.5 - p[k]) / d).min((grid.size[k] as f64 - 0.5 - p[k]) / d)
                }).fold(0.0f64, f64::max) * (b - a).norm()
            });
            for (o, l) in pieces {
                let m = grid.to_index(a + direction * (t + l / 2.0));
                t += l;
                if l > 1e-6 {
                    let c = [m.x.round() as usize, m.y.round() as usize, m.z.round() as usize];
                    prop_assert_eq!(o, grid.offset(c[0], c[1], c[2]));
                }
            }
        }
    }

    #[test]
    fn a_line_along_an_axis_or_on_a_face_crosses_each_voxel_once() {
        let grid = Grid::axial([4, 3, 2], [2.0, 1.0, 1.0], Point3::origin());
        for y in [0.0, 0.5] {
            for (from, to) in [(-10.0, 20.0), (20.0, -10.0)] {
                let mut seen = Vec::new();
                traverse(&grid, Point3::new(from, y, 0.0), Point3::new(to, y, 0.0), |o, l| seen.push((o, l)));
                assert_eq!(seen.len(), 4, "{seen:?}");
                assert!(seen.iter().all(|(_, l)| (l - 2.0).abs() < 1e-9), "{seen:?}");
            }
        }
        let mut missed = 0;
        traverse(&grid, Point3::new(0.0, 9.0, 0.0), Point3::new(5.0, 9.0, 0.0), |_, _| missed += 1);
        assert_eq!(missed, 0);
    }
}
