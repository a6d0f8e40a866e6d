//! How far each place lies from the surface of a structure, and the surfaces of its margins.
//!
//! The structure is the solid between its contours: in a contour's plane exactly its polygons, between two planes what
//! lies where the mean of the two signed distances, weighted by nearness, is below 0 (shape-based interpolation: Raya
//! and Udupa, IEEE Trans. Med. Imaging 9 (1990) 33), and half a plane's step more at the ends, as its volume counts it.
//! In a plane distances are exact, to the polygons' own edges; across planes they follow from those by the theorem of
//! Pythagoras, on heights [`HEIGHT_STEP_MM`] apart.

use super::sheet::{Edges, signed_sheet};
use super::{Contour, Stack, stacks};
use crate::{Grid, TriMesh, Volume};
use nalgebra::{Matrix3, Point3, Vector3};
use rayon::prelude::*;

/// Most voxels of a field.
const MOST_VOXELS: f64 = 64e6;
/// Heights between two planes lie no farther apart, mm: for a place D mm from a surface that is 0.5²/(8 D) mm too much,
/// at most.
const HEIGHT_STEP_MM: f64 = 0.5;
/// About how many voxels a field has where its spacing is not given.
const USUAL_VOXELS: f64 = 5e5;

/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum DistanceError {
    #[error("the structure has no closed contour of three or more points that encloses an area")]
    NoContours,
    #[error("the contours do not lie in parallel planes")]
    NotParallel,
    #[error("a spacing of {0} mm: expected 0.1 to 20 mm")]
    Spacing(f64),
    #[error("a reach of {0} mm: expected 0 to 200 mm")]
    Reach(f64),
    #[error("a single plane stands for {0} mm: expected above 0 mm")]
    Slice(f64),
    #[error("the field would have {voxels:.0} voxels: choose a wider spacing or a shorter reach")]
    TooLarge { voxels: f64 },
    #[error(
        "a margin of {margin_mm} mm is not within the field's reach of {reach_mm} mm: make the field anew with a longer one"
    )]
    Margin { margin_mm: f64, reach_mm: f64 },
}

/// How to make a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistanceOptions {
    /// Distance between places, mm, 0.1 to 20; None (default): so that there are about half a million, 0.5 to 3 mm.
    pub spacing_mm: Option<f64>,
    /// How far the field reaches beyond the structure, mm, 0 to 200, default 20: the largest margin.
    pub reach_mm: f64,
    /// Thickness that a plane stands for where it is the only one, mm, default 3 (the images' slice spacing is better).
    pub slice_mm: f64,
}

impl Default for DistanceOptions {
    fn default() -> Self {
        Self { spacing_mm: None, reach_mm: 20.0, slice_mm: 3.0 }
    }
}

/// Distances to a structure's surface.
#[derive(Clone, Debug)]
pub struct DistanceField {
    /// mm, **positive inside** (depth below the surface), negative outside: marching cubes take what is above a value
    /// for inside. On a grid of its own, parallel to the contours.
    pub depth: Volume<f32>,
    /// Largest margin whose surface is whole, mm.
    pub reach_mm: f64,
}

/// Contours of one orientation with their slabs.
pub(super) struct Slabs<'a> {
    pub stack: Stack<'a>,
    /// Lower and upper end along the normal, mm; and edges in the plane's axes (u, v), mm.
    pub slabs: Vec<(f64, f64, Edges)>,
    pub axes: [Vector3<f64>; 3],
}

impl<'a> Slabs<'a> {
    pub fn new(contours: &'a [Contour], slice_mm: f64) -> Result<Self, DistanceError> {
        if !(slice_mm > 0.0 && slice_mm.is_finite()) {
            return Err(DistanceError::Slice(slice_mm));
        }
        if contours.iter().flat_map(|c| &c.points).any(|p| !p.iter().all(|v| v.is_finite() && v.abs() < 1e6)) {
            return Err(DistanceError::NoContours);
        }
        let mut all = stacks(contours);
        let stack = all.pop().ok_or(DistanceError::NoContours)?;
        if !all.is_empty() {
            return Err(DistanceError::NotParallel);
        }
        let (u, v) = stack.plane_axes();
        let axes = [u, v, stack.normal];
        let step = stack.step_mm.unwrap_or(slice_mm);
        let slabs = (0..stack.planes.len())
            .map(|i| {
                let (low, high) = stack.slab(i, step);
                let flat = |p: &Point3<f64>| [p.coords.dot(&u), p.coords.dot(&v)];
                (low, high, Edges::new(&stack.planes[i].1, flat))
            })
            .collect();
        Ok(Self { stack, slabs, axes })
    }

    /// Lowest and highest place along u, v and the normal, mm.
    fn bounds(&self) -> [[f64; 3]; 2] {
        let mut out = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for (low, high, edges) in &self.slabs {
            let [a, b] = edges.bounds();
            for (axis, lowest, highest) in [(0, a[0], b[0]), (1, a[1], b[1]), (2, *low, *high)] {
                out[0][axis] = out[0][axis].min(lowest);
                out[1][axis] = out[1][axis].max(highest);
            }
        }
        out
    }
}

/// A height that distances are taken from.
#[derive(Clone, Copy, Debug)]
struct Level {
    z: f64,
    /// The sheets above and below and the part of the second; None: the structure ends here.
    of: Option<(usize, usize, f32)>,
}

/// Planes that follow each other without a gap.
struct Run {
    first: usize,
    last: usize,
    low: f64,
    high: f64,
}

/// A structure's heights, rising.
struct Levels {
    runs: Vec<Run>,
    levels: Vec<Level>,
    /// Heights of the contours' planes.
    planes: Vec<f64>,
}

impl Levels {
    fn new(solid: &Slabs<'_>) -> Self {
        let planes: Vec<f64> = solid.stack.planes.iter().map(|p| p.0).collect();
        let mut runs: Vec<Run> = Vec::new();
        for (i, (low, high, _)) in solid.slabs.iter().enumerate() {
            match runs.last_mut() {
                Some(r) if *low <= r.high + 1e-6 => (r.last, r.high) = (i, *high),
                _ => runs.push(Run { first: i, last: i, low: *low, high: *high }),
            }
        }
        let mut out = Self { runs, levels: Vec::new(), planes };
        let mut levels = Vec::new();
        for r in &out.runs {
            levels.push(Level { z: r.low, of: None });
            let knots: Vec<f64> =
                [r.low].into_iter().chain(out.planes[r.first..=r.last].iter().copied()).chain([r.high]).collect();
            for w in knots.windows(2) {
                let n = ((w[1] - w[0]) / HEIGHT_STEP_MM).ceil().max(1.0);
                levels.extend((0..n as usize).map(|i| w[0] + (w[1] - w[0]) * i as f64 / n).map(|z| out.level(r, z)));
            }
            levels.push(out.level(r, r.high));
            levels.push(Level { z: r.high, of: None });
        }
        out.levels = levels;
        out
    }

    fn level(&self, run: &Run, z: f64) -> Level {
        let above = self.planes[run.first..=run.last].partition_point(|p| *p <= z) + run.first;
        let (a, b) = (above.max(run.first + 1) - 1, above.min(run.last));
        let t = if a == b { 0.0 } else { (z - self.planes[a]) / (self.planes[b] - self.planes[a]) };
        Level { z, of: Some((a, b, t as f32)) }
    }

    /// What lies at any height.
    fn at(&self, z: f64) -> Level {
        let run = self.runs.iter().find(|r| z >= r.low && z < r.high);
        run.map_or(Level { z, of: None }, |r| self.level(r, z))
    }
}

impl DistanceField {
    /// Distances to the surface that `contours` enclose (a tenth of a second for a brain). Contours of one plane
    /// combine by the even-odd rule; edges that run there and back (keyholes) are no surface. The number of threads
    /// does not change a bit.
    pub fn new(contours: &[Contour], options: &DistanceOptions) -> Result<Self, DistanceError> {
        let DistanceOptions { spacing_mm, reach_mm, slice_mm } = *options;
        if let Some(bad) = spacing_mm.filter(|s| !(0.1..=20.0).contains(s)) {
            return Err(DistanceError::Spacing(bad));
        }
        if !(0.0..=200.0).contains(&reach_mm) {
            return Err(DistanceError::Reach(reach_mm));
        }
        let solid = Slabs::new(contours, slice_mm)?;
        let [low, high] = solid.bounds();
        if !(0..3).all(|a| low[a] <= high[a]) {
            return Err(DistanceError::NoContours);
        }
        let extent = [0, 1, 2].map(|a| high[a] - low[a] + 2.0 * reach_mm);
        let h = spacing_mm.unwrap_or_else(|| (extent.iter().product::<f64>() / USUAL_VOXELS).cbrt().clamp(0.5, 3.0));
        // Two voxels more on every side, so that the surface of the largest margin closes.
        let first = [0, 1, 2].map(|a| low[a] - reach_mm - 2.0 * h);
        let counts = extent.map(|e| (e / h).ceil() + 5.0);
        let voxels = counts.iter().product::<f64>();
        if voxels.is_nan() || voxels > MOST_VOXELS {
            return Err(DistanceError::TooLarge { voxels });
        }
        let size = counts.map(|c| c as usize);
        let [u, v, n] = solid.axes;
        let axes = Matrix3::from_columns(&[u, v, n]);
        let grid = Grid { size, spacing_mm: [h; 3], origin_mm: Point3::from(axes * Vector3::from(first)), axes };

        let [nx, ny, _] = size;
        let sheets: Vec<Vec<f32>> = solid
            .slabs
            .par_iter()
            .map(|(_, _, edges)| signed_sheet(edges, [first[0], first[1]], h, [nx, ny]))
            .collect();
        let levels = Levels::new(&solid);
        let mut data = vec![0.0f32; grid.len()];
        data.par_chunks_mut(nx).enumerate().for_each_init(
            || (vec![0.0f32; nx], vec![0.0f32; nx], vec![0.0f32; nx]),
            |(line, sign, best), (row, out)| {
                let (y, k) = (row % ny, row / ny);
                let z = first[2] + k as f64 * h;
                let fill = |line: &mut [f32], of: Option<(usize, usize, f32)>| match of {
                    None => line.fill(f32::INFINITY),
                    Some((a, b, t)) => {
                        let (a, b) = (&sheets[a][y * nx..(y + 1) * nx], &sheets[b][y * nx..(y + 1) * nx]);
                        for ((l, a), b) in line.iter_mut().zip(a).zip(b) {
                            *l = a + (b - a) * t;
                        }
                    }
                };
                // Squares of the distances so far; sign −1 inside.
                fill(line, levels.at(z).of);
                for ((d, s), b) in line.iter().zip(sign.iter_mut()).zip(best.iter_mut()) {
                    *s = if *d < 0.0 { -1.0 } else { 1.0 };
                    *b = d * d;
                }
                let mut go = |level: Option<&Level>| {
                    let Some(level) = level else { return false };
                    fill(line, level.of);
                    let (dz2, mut farthest) = ((level.z - z).powi(2) as f32, 0.0f32);
                    for ((b, s), d) in best.iter_mut().zip(sign.iter()).zip(line.iter()) {
                        // Of a place inside, what counts is how far the outside is.
                        let across = (s * d).max(0.0);
                        *b = b.min(across * across + dz2);
                        farthest = farthest.max(*b);
                    }
                    farthest > dz2
                };
                let above = levels.levels.partition_point(|l| l.z < z);
                let (mut up, mut down) = (levels.levels[above..].iter(), levels.levels[..above].iter().rev());
                while go(up.next()) {}
                while go(down.next()) {}
                for ((o, s), b) in out.iter_mut().zip(sign.iter()).zip(best.iter()) {
                    *o = -s * b.sqrt();
                }
            },
        );
        Ok(Self { depth: Volume { grid, data }, reach_mm })
    }

    /// Signed distance at a point, mm, **negative inside** as is usual, trilinear between places; None beyond the
    /// field.
    pub fn at(&self, p: Point3<f64>) -> Option<f64> {
        self.depth.sample(p).map(|d| -d)
    }

    /// The surface of the structure grown (margin above 0) or shrunk (below 0) by `margin_mm`, DICOM patient mm; empty
    /// where nothing is left.
    pub fn margin(&self, margin_mm: f64) -> Result<TriMesh, DistanceError> {
        if margin_mm.is_nan() || margin_mm > self.reach_mm {
            return Err(DistanceError::Margin { margin_mm, reach_mm: self.reach_mm });
        }
        Ok(TriMesh::marching_cubes(&self.depth, -margin_mm))
    }
}

#[cfg(test)]
mod tests;
