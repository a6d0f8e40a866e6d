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

/// Halves the samples along their longest side until a heap holds them; nearest heaps first.
pub(super) fn heaps(samples: Vec<Sample>) -> Vec<Heap> {
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

/// About how many samples spheres 0 to `n` have.
pub(super) fn count(n: u32) -> usize {
    let n = n as usize + 1;
    5 * n * n * n
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
