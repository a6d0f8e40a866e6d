//! Where the search samples: points on spheres or circles, sorted into small heaps.

use nalgebra::Vector3;
use std::f64::consts::{PI, TAU};

/// Samples of a heap, worked on at once.
pub(super) const LANES: usize = 8;

/// A place relative to the reference voxel, in voxels of the evaluated grid, and its squared distance in distance criteria less 1.
pub(super) type Sample = ([f32; 3], f32);

/// Samples side by side; those that are none are infinitely far.
pub(super) struct Lanes {
    pub x: [f32; LANES],
    pub y: [f32; LANES],
    pub z: [f32; LANES],
    /// Squared distances less 1.
    pub squared: [f32; LANES],
}

impl Lanes {
    /// At least one, at most [`LANES`].
    pub fn new(samples: &[Sample]) -> Self {
        let lane = |n: usize, a: usize| samples.get(n).unwrap_or(&samples[0]).0[a];
        let mut squared = [f32::INFINITY; LANES];
        samples.iter().zip(&mut squared).for_each(|(s, out)| *out = s.1);
        Self {
            x: std::array::from_fn(|n| lane(n, 0)),
            y: std::array::from_fn(|n| lane(n, 1)),
            z: std::array::from_fn(|n| lane(n, 2)),
            squared,
        }
    }
}

/// A few samples close together.
pub(super) struct Heap {
    pub lanes: [Lanes; 1],
    /// The lowest squared distance less 1.
    pub nearest: f32,
    /// Box around the places.
    pub low: [f32; 3],
    pub high: [f32; 3],
}

impl Heap {
    fn new(samples: &[Sample]) -> Self {
        let edge =
            |pick: fn(f32, f32) -> f32| [0, 1, 2].map(|a| samples.iter().map(|s| s.0[a]).fold(samples[0].0[a], pick));
        let nearest = samples.iter().map(|s| s.1).fold(f32::INFINITY, f32::min);
        Self { lanes: [Lanes::new(samples)], nearest, low: edge(f32::min), high: edge(f32::max) }
    }

    /// One by one.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        let [l] = &self.lanes;
        (0..LANES).filter(|n| l.squared[*n].is_finite()).map(|n| ([l.x[n], l.y[n], l.z[n]], l.squared[n]))
    }
}

/// Heaps side by side, of which a look at the slope of the dose tells at once which can matter.
pub(super) struct Shoal {
    /// As in [`Heap`], nearest first; infinitely far where there is no heap.
    pub nearest: [f32; LANES],
    /// Middle of each heap's box, by axis.
    middle: [[f32; LANES]; 3],
    /// Half of its width.
    half: [[f32; LANES]; 3],
    /// And how far it reaches from the reference voxel.
    reach: [[f32; LANES]; 3],
}

/// Heaps of a band, and the same as shoals of [`LANES`] heaps.
pub(super) struct Heaps {
    pub heaps: Vec<Heap>,
    pub shoals: Vec<Shoal>,
}

impl Heaps {
    pub fn new(samples: Vec<Sample>) -> Self {
        let heaps = heaps(samples);
        let shoals = heaps.chunks(LANES).map(Shoal::new).collect();
        Self { heaps, shoals }
    }
}

impl Shoal {
    fn new(heaps: &[Heap]) -> Self {
        let by = |of: &dyn Fn(&Heap, usize) -> f32| {
            [0, 1, 2].map(|a| std::array::from_fn(|n| heaps.get(n).map_or(0.0, |h| of(h, a))))
        };
        Self {
            nearest: std::array::from_fn(|n| heaps.get(n).map_or(f32::INFINITY, |h| h.nearest)),
            middle: by(&|h, a| 0.5 * (h.low[a] + h.high[a])),
            half: by(&|h, a| 0.5 * (h.high[a] - h.low[a])),
            reach: by(&|h, a| h.low[a].abs().max(h.high[a].abs())),
        }
    }

    /// What Γ² − 1 of each heap is at least, where the dose at the reference voxel is `off` from what is looked for and changes
    /// per voxel along each axis by `slope`, `spread` more or less.
    #[inline]
    pub fn at_least(&self, off: f32, factor: f32, slope: [f32; 3], spread: [f32; 3]) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        let steep = slope.map(f32::abs);
        let [mx, my, mz] = &self.middle;
        let [hx, hy, hz] = &self.half;
        let [rx, ry, rz] = &self.reach;
        for n in 0..LANES {
            let middle = off + slope[0] * mx[n] + slope[1] * my[n] + slope[2] * mz[n];
            let half = steep[0] * hx[n] + steep[1] * hy[n] + steep[2] * hz[n];
            let unknown = spread[0] * rx[n] + spread[1] * ry[n] + spread[2] * rz[n];
            let least = middle.abs() - (half + unknown);
            let least = if least > 0.0 { least } else { 0.0 };
            out[n] = self.nearest[n] + least * least * factor;
        }
        out
    }
}

/// Halves the samples along their longest side until a heap holds them; nearest heaps first.
fn heaps(samples: Vec<Sample>) -> Vec<Heap> {
    let mut out = Vec::new();
    let mut rest = vec![samples];
    while let Some(mut part) = rest.pop() {
        if part.is_empty() {
            continue;
        }
        if part.len() <= LANES {
            out.push(Heap::new(&part));
            continue;
        }
        let side = |a: usize| {
            let along = || part.iter().map(|s| s.0[a]);
            along().fold(f32::NEG_INFINITY, f32::max) - along().fold(f32::INFINITY, f32::min)
        };
        let longest = [1, 2].into_iter().fold(0, |a, b| if side(b) > side(a) { b } else { a });
        part.sort_by(|a, b| a.0[longest].total_cmp(&b.0[longest]));
        // Full heaps on one side.
        let middle = (part.len() / 2).next_multiple_of(LANES).min(part.len() - 1);
        let upper = part.split_off(middle);
        rest.push(upper);
        rest.push(part);
    }
    out.sort_by(|a, b| a.nearest.total_cmp(&b.nearest));
    out
}

/// Unit vectors about 1/n apart (n = 0: one of them); pymedphys' own, for doses in z, y, x.
pub(super) fn directions(n: u32, in_plane: bool) -> Vec<Vector3<f64>> {
    if in_plane { circle(f64::from(n)) } else { sphere(f64::from(n)) }
}

/// About how many samples spheres (circles) 0 to `n` have.
pub(super) fn count(n: u32, in_plane: bool) -> usize {
    let n = n as usize + 1;
    if in_plane { 4 * n * n } else { 5 * n * n * n }
}

/// Rows from pole to pole, the pole along the first axis.
fn sphere(n: f64) -> Vec<Vector3<f64>> {
    let rows = (PI * n).ceil() as usize + 1;
    let mut out = Vec::new();
    for row in 0..rows {
        let polar = if rows > 1 { PI * row as f64 / (rows - 1) as f64 } else { 0.0 };
        let count = (TAU * n * polar.sin()).ceil().max(0.0) as usize + 1;
        for c in 0..count {
            let azimuth = TAU * c as f64 / count as f64;
            out.push(Vector3::new(polar.cos(), polar.sin() * azimuth.sin(), polar.sin() * azimuth.cos()));
        }
    }
    out
}

/// In the plane of the first two axes.
fn circle(n: f64) -> Vec<Vector3<f64>> {
    let count = (TAU * n).ceil() as usize + 1;
    (0..count).map(|c| TAU * c as f64 / count as f64).map(|a| Vector3::new(a.sin(), a.cos(), 0.0)).collect()
}
