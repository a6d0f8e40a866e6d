//! Planar contours, and the masks and volumes they enclose.
//!
//! Contours of one plane are combined by the even-odd rule, so that a hole drawn as a nested contour, as a keyhole or
//! by XOR encloses the same volume. A plane stands for the slab half-way to its neighbours.

mod closest;
pub mod distance;
mod sheet;

pub use closest::{Closest, closest};

use crate::{Grid, TriMesh, Volume};
use nalgebra::{Point2, Point3, Vector3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Planes nearer than this along their normal are one plane, mm.
const SAME_PLANE_MM: f64 = 0.1;
/// |cos| above which two directions count as parallel (0.8 degrees).
const PARALLEL: f64 = 0.9999;

/// One closed planar polygon in DICOM patient coordinates (mm). The last point joins the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contour {
    /// Corners in order, mm.
    pub points: Vec<Point3<f64>>,
}

impl Contour {
    /// Twice the vector area (Newell): its direction is the contour's normal.
    fn vector_area(&self) -> Vector3<f64> {
        let Some(first) = self.points.first() else { return Vector3::zeros() };
        self.points.windows(2).map(|w| (w[0] - first).cross(&(w[1] - first))).sum()
    }

    fn height(&self, normal: &Vector3<f64>) -> f64 {
        self.points.iter().map(|p| p.coords.dot(normal)).sum::<f64>() / self.points.len().max(1) as f64
    }
}

/// Parallel contours sorted into planes.
struct Stack<'a> {
    normal: Vector3<f64>,
    /// Height along the normal and the contours there, in rising order.
    planes: Vec<(f64, Vec<&'a Contour>)>,
    /// Usual distance between planes, mm; None with one plane.
    step_mm: Option<f64>,
}

/// Parts contours by orientation, then by plane. Contours of fewer than 3 points or without area are left out.
fn stacks(contours: &[Contour]) -> Vec<Stack<'_>> {
    let mut stacks: Vec<(Vector3<f64>, Vec<&Contour>)> = Vec::new();
    for c in contours.iter().filter(|c| c.points.len() >= 3) {
        let area = c.vector_area();
        if area.norm() <= 1e-9 || area.norm().is_nan() {
            continue;
        }
        let n = area.normalize();
        match stacks.iter_mut().find(|(m, _)| m.dot(&n).abs() > 0.999) {
            Some((_, list)) => list.push(c),
            None => {
                // The same sign whichever way the contour runs: the largest component is positive.
                let sign = n[n.iamax()].signum();
                stacks.push((n * sign, vec![c]));
            }
        }
    }
    stacks
        .into_iter()
        .map(|(mut normal, list)| {
            // Contours are nearly always drawn on axial slices: keep the axis exact there.
            let axis = normal.iamax();
            if normal[axis] > 1.0 - 1e-6 {
                normal = Vector3::zeros();
                normal[axis] = 1.0;
            }
            let mut heights: Vec<(f64, &Contour)> = list.iter().map(|c| (c.height(&normal), *c)).collect();
            heights.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut planes: Vec<(f64, Vec<&Contour>)> = Vec::new();
            for (h, c) in heights {
                match planes.last_mut() {
                    Some((at, list)) if h - *at < SAME_PLANE_MM => list.push(c),
                    _ => planes.push((h, vec![c])),
                }
            }
            let mut steps: Vec<f64> = planes.windows(2).map(|w| w[1].0 - w[0].0).collect();
            steps.sort_by(f64::total_cmp);
            let step_mm = steps.get(steps.len() / 2).copied();
            Stack { normal, planes, step_mm }
        })
        .collect()
}

impl Stack<'_> {
    /// Lower and upper end of a plane's slab, mm along the normal. Half-way to a neighbour that is at most one and a
    /// half steps away; half a step where there is a gap or an end.
    fn slab(&self, index: usize, step_mm: f64) -> (f64, f64) {
        let at = self.planes[index].0;
        let half = |neighbour: Option<f64>| match neighbour {
            Some(d) if d <= 1.5 * step_mm => d / 2.0,
            _ => step_mm / 2.0,
        };
        let below = half(index.checked_sub(1).map(|i| at - self.planes[i].0));
        let above = half(self.planes.get(index + 1).map(|p| p.0 - at));
        (at - below, at + above)
    }

    /// The plane whose slab holds a height (half-open: lower end in, upper end out). A grid coarser than the planes
    /// takes the nearest plane within half its own spacing.
    fn plane_at(&self, height: f64, step_mm: f64, grid_step_mm: f64) -> Option<usize> {
        let above = self.planes.partition_point(|p| p.0 <= height + 1e-6);
        let nearest = match (above.checked_sub(1), self.planes.get(above)) {
            // Half-way belongs to the upper plane, whose slab has its lower end in; the same margin as below.
            (Some(b), Some(a)) if a.0 - height <= height - self.planes[b].0 + 2e-6 => above,
            (Some(b), _) => b,
            (None, Some(_)) => above,
            (None, None) => return None,
        };
        let (lo, hi) = self.slab(nearest, step_mm);
        let at = self.planes[nearest].0;
        let lo = lo.min(at - grid_step_mm / 2.0) - 1e-6;
        let hi = hi.max(at + grid_step_mm / 2.0) - 1e-6;
        (lo..hi).contains(&height).then_some(nearest)
    }

    /// Two axes in the plane that make a right-handed frame with the normal.
    fn plane_axes(&self) -> (Vector3<f64>, Vector3<f64>) {
        let away = if self.normal.x.abs() < 0.9 { Vector3::x() } else { Vector3::y() };
        let u = (away - self.normal * away.dot(&self.normal)).normalize();
        (u, self.normal.cross(&u))
    }
}

type Edge = (Point2<f64>, Point2<f64>);

/// Closed outlines as edges, each pointing upwards in y; level edges enclose nothing and are left out.
fn edges(plane: &[&Contour], flatten: impl Fn(&Point3<f64>) -> Point2<f64>) -> Vec<Edge> {
    let mut out = Vec::new();
    for c in plane {
        let mut last = flatten(&c.points[c.points.len() - 1]);
        for p in &c.points {
            let p = flatten(p);
            if p.y > last.y {
                out.push((last, p));
            } else if p.y < last.y {
                out.push((p, last));
            }
            last = p;
        }
    }
    out
}

fn crossing(e: &Edge, y: f64) -> f64 {
    e.0.x + (y - e.0.y) / (e.1.y - e.0.y) * (e.1.x - e.0.x)
}

/// Area under the even-odd rule: exact where outlines do not cross each other.
fn even_odd_area(mut edges: Vec<Edge>) -> f64 {
    edges.sort_by(|a, b| a.0.y.total_cmp(&b.0.y));
    let mut levels: Vec<f64> = edges.iter().flat_map(|e| [e.0.y, e.1.y]).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let (mut active, mut next, mut area): (Vec<usize>, usize, f64) = (Vec::new(), 0, 0.0);
    let mut xs = Vec::new();
    for w in levels.windows(2) {
        let (lo, hi) = (w[0], w[1]);
        while next < edges.len() && edges[next].0.y <= lo {
            active.push(next);
            next += 1;
        }
        active.retain(|&i| edges[i].1.y > lo);
        // Between two levels the width changes linearly: its middle is its mean.
        let middle = 0.5 * (lo + hi);
        xs.clear();
        xs.extend(active.iter().map(|&i| crossing(&edges[i], middle)));
        xs.sort_by(f64::total_cmp);
        area += xs.chunks_exact(2).map(|p| p[1] - p[0]).sum::<f64>() * (hi - lo);
    }
    area
}

/// Volume that contours enclose, cm³: even-odd area of each plane times the thickness it stands for.
///
/// `slice_mm`: thickness of a plane that stands alone (the images' slice spacing); such a plane counts nothing when it
/// is None. A gap of more than one and a half usual steps stays a gap.
pub fn volume_cm3(contours: &[Contour], slice_mm: Option<f64>) -> f64 {
    let mut total = 0.0;
    for stack in stacks(contours) {
        let Some(step) = stack.step_mm.or(slice_mm) else { continue };
        let (u, v) = stack.plane_axes();
        let flatten = |p: &Point3<f64>| Point2::new(p.coords.dot(&u), p.coords.dot(&v));
        // Summed in order, so that threads do not change the result.
        let parts: Vec<f64> = (0..stack.planes.len())
            .into_par_iter()
            .map(|i| {
                let (lo, hi) = stack.slab(i, step);
                even_odd_area(edges(&stack.planes[i].1, flatten)) * (hi - lo)
            })
            .collect();
        total += parts.iter().sum::<f64>();
    }
    total * 1e-3
}

/// Number of planes that carry contours.
pub fn plane_count(contours: &[Contour]) -> usize {
    stacks(contours).iter().map(|s| s.planes.len()).sum()
}

/// The contours whose slab holds the plane through `point` with this normal, by the same rule as [`mask`]; none where the plane
/// is not parallel to theirs. `slice_mm`: thickness of a plane that stands alone.
pub fn on_plane<'a>(
    contours: &'a [Contour],
    point: &Point3<f64>,
    normal: &Vector3<f64>,
    slice_mm: f64,
) -> Vec<&'a Contour> {
    let mut out = Vec::new();
    for stack in stacks(contours).iter().filter(|s| s.normal.dot(normal).abs() > PARALLEL) {
        let step = stack.step_mm.unwrap_or(slice_mm);
        if let Some(i) = stack.plane_at(point.coords.dot(&stack.normal), step, slice_mm) {
            out.extend(&stack.planes[i].1);
        }
    }
    out
}

/// The surface that contours enclose, in DICOM patient mm, on the voxels of `grid` around them (coarser where a voxel is
/// smaller than `finest_mm`). Voxels in or out, softened by one pass of a 1-2-1 blur and cut at a half, so that steps of a voxel do
/// not show: it lies within a voxel of the contours, on average a tenth of one inside what is rounded. Empty where nothing is enclosed.
pub fn surface(contours: &[Contour], grid: &Grid, finest_mm: f64) -> TriMesh {
    let points = || contours.iter().flat_map(|c| &c.points).map(|p| grid.to_index(*p));
    let every: [usize; 3] = std::array::from_fn(|a| ((finest_mm / grid.spacing_mm[a]).round() as usize).max(1));
    let mut first = [0usize; 3];
    let mut size = [0usize; 3];
    for a in 0..3 {
        let (low, high) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p[a]), h.max(p[a])));
        if !low.is_finite() || !high.is_finite() {
            return TriMesh::default();
        }
        // Two voxels more on every side: the blur reaches one, and the surface closes.
        let margin = 2.0 * every[a] as f64;
        let from = (low - margin).floor().clamp(0.0, grid.size[a] as f64) as usize;
        let to = (high + margin).ceil().clamp(0.0, grid.size[a] as f64) as usize;
        first[a] = from;
        size[a] = (to.saturating_sub(from) / every[a]).max(1);
    }
    let around = Grid {
        size,
        spacing_mm: std::array::from_fn(|a| grid.spacing_mm[a] * every[a] as f64),
        origin_mm: grid.to_world(Point3::new(first[0] as f64, first[1] as f64, first[2] as f64)),
        axes: grid.axes,
    };
    let inside = mask(contours, &around);
    let inside = Volume { grid: around, data: inside.data.iter().map(|v| f32::from(*v)).collect() };
    TriMesh::isosurface(&inside.blurred(), 0.5)
}

/// Marks the voxels whose centres lie inside (1), everything else 0.
///
/// Contours of one plane combine by the even-odd rule. Every grid slice takes the plane whose slab holds it: half-way
/// to the neighbouring planes, at least half the grid's own spacing. Contours that are not parallel to the grid's
/// slices (an oblique series, another orientation) are tested voxel by voxel in their own planes.
pub fn mask(contours: &[Contour], grid: &Grid) -> Volume<u8> {
    let mut out = Volume::filled(grid.clone(), 0u8);
    if grid.is_empty() {
        return out;
    }
    let slice_len = grid.size[0] * grid.size[1];
    for stack in stacks(contours) {
        let k_axis: Vector3<f64> = grid.axes.column(2).into();
        if k_axis.dot(&stack.normal).abs() > PARALLEL {
            let step = stack.step_mm.unwrap_or(grid.spacing_mm[2]);
            out.data.par_chunks_mut(slice_len).enumerate().for_each(|(k, slice)| {
                let middle = [(grid.size[0] - 1) as f64 / 2.0, (grid.size[1] - 1) as f64 / 2.0, k as f64];
                let height = grid.to_world(Point3::from(middle)).coords.dot(&stack.normal);
                if let Some(i) = stack.plane_at(height, step, grid.spacing_mm[2]) {
                    let flatten = |p: &Point3<f64>| grid.to_index(*p).xy();
                    fill(slice, grid.size, &edges(&stack.planes[i].1, flatten));
                }
            });
        } else {
            oblique(&mut out, &stack);
        }
    }
    out
}

/// Fills one slice, edges in index coordinates.
fn fill(slice: &mut [u8], size: [usize; 3], edges: &[Edge]) {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new(); size[1]];
    for e in edges {
        // Rows with e.0.y <= j < e.1.y: half-open, so that a shared corner counts once.
        let from = e.0.y.ceil().max(0.0);
        let to = e.1.y.ceil().min(size[1] as f64);
        if from < to {
            for (j, row) in rows.iter_mut().enumerate().take(to as usize).skip(from as usize) {
                row.push(crossing(e, j as f64));
            }
        }
    }
    for (row, xs) in slice.chunks_exact_mut(size[0]).zip(&mut rows) {
        xs.sort_by(f64::total_cmp);
        for pair in xs.chunks_exact(2) {
            let from = pair[0].ceil().clamp(0.0, size[0] as f64) as usize;
            let to = pair[1].ceil().clamp(0.0, size[0] as f64) as usize;
            if from < to {
                row[from..to].fill(1);
            }
        }
    }
}

/// Any orientation: each voxel centre goes to its plane, and is tested there.
fn oblique(out: &mut Volume<u8>, stack: &Stack<'_>) {
    let grid = &out.grid;
    let (u, v) = stack.plane_axes();
    let flatten = |p: &Point3<f64>| Point2::new(p.coords.dot(&u), p.coords.dot(&v));
    let planes: Vec<(Vec<Edge>, [f64; 4])> = stack
        .planes
        .iter()
        .map(|(_, list)| {
            let e = edges(list, flatten);
            let mut b = [f64::MAX, f64::MIN, f64::MAX, f64::MIN];
            for p in e.iter().flat_map(|e| [e.0, e.1]) {
                b = [b[0].min(p.x), b[1].max(p.x), b[2].min(p.y), b[3].max(p.y)];
            }
            (e, b)
        })
        .collect();
    let grid_step: f64 = (0..3).map(|a| grid.spacing_mm[a] * grid.axes.column(a).dot(&stack.normal).abs()).sum();
    let step = stack.step_mm.unwrap_or(grid_step);
    let size = grid.size;
    let grid = grid.clone();
    out.data.par_chunks_mut(size[0]).enumerate().for_each(|(row, voxels)| {
        let (j, k) = (row % size[1], row / size[1]);
        for (i, voxel) in voxels.iter_mut().enumerate() {
            let p = grid.centre(i, j, k);
            // The slab alone decides: the voxels are not on planes, so widening would thicken the ends.
            let Some(plane) = stack.plane_at(p.coords.dot(&stack.normal), step, 0.0) else { continue };
            let (edges, b) = &planes[plane];
            let q = flatten(&p);
            if q.x < b[0] || q.x > b[1] || q.y < b[2] || q.y > b[3] {
                continue;
            }
            let crossings = edges.iter().filter(|e| e.0.y <= q.y && q.y < e.1.y && crossing(e, q.y) > q.x).count();
            if crossings % 2 == 1 {
                *voxel = 1;
            }
        }
    });
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod surface_tests {
    use super::*;

    /// A cylinder of radius 12 mm and 30 mm length, drawn every 2 mm, off the lattice of voxels.
    #[test]
    fn a_drawn_cylinder_has_its_volume_and_lies_in_its_place() {
        let grid = Grid::axial([120, 120, 60], [1.0; 3], Point3::new(-60.0, -60.0, -29.5));
        let contours: Vec<Contour> = (0..15)
            .map(|i| Contour {
                points: (0..90)
                    .map(|a| {
                        let a = f64::from(a) * std::f64::consts::TAU / 90.0;
                        Point3::new(9.37 + 12.0 * a.cos(), -20.21 + 12.0 * a.sin(), -14.0 + 2.0 * f64::from(i))
                    })
                    .collect(),
            })
            .collect();
        for finest in [0.5, 2.0] {
            let mesh = surface(&contours, &grid, finest);
            let voxel = finest.max(1.0);
            let (want, area) = (std::f64::consts::PI * 144.0 * 30.0, std::f64::consts::TAU * 12.0 * (30.0 + 12.0));
            let off_mm = (mesh.volume() - want) / area;
            assert!(off_mm.abs() < 0.15 * voxel, "{finest}: on average {off_mm} mm off");
            for p in &mesh.positions {
                let [x, y, z] = p.map(f64::from);
                assert!((x - 9.37).hypot(y + 20.21) < 12.0 + voxel && z.abs() < 15.0 + voxel, "{p:?}");
            }
        }
        assert_eq!(surface(&[], &grid, 1.0).triangle_count(), 0);
        // Cut down to what is around, it is the surface on the whole grid.
        let whole = mask(&contours, &grid);
        let whole = Volume { grid: whole.grid, data: whole.data.iter().map(|v| f32::from(*v)).collect() };
        let whole = TriMesh::isosurface(&whole.blurred(), 0.5);
        let part = surface(&contours, &grid, 0.0);
        assert_eq!(part.indices, whole.indices);
        for (a, b) in part.positions.iter().zip(&whole.positions) {
            assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-4), "{a:?} {b:?}");
        }
    }
}
