//! Where the search samples: points on spheres or circles, sorted into small heaps.

use nalgebra::Vector3;
use std::f64::consts::{PI, TAU};

/// Samples of a heap, worked on at once.
pub(super) const LANES: usize = 8;

/// Heaps of a shoal.
const HEAPS: usize = 2;

/// Widest cluster, in voxels: within the cells around the voxel nearest to its middle, with some room for rounding. In a plane, where
/// four cells stand side by side, the second.
const WIDTH: [f32; 2] = [0.9999, 2.9999];

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

/// Heaps close together.
pub(super) type Shoal = [Lanes; HEAPS];

/// Boxes around samples side by side, of which one look tells which can matter.
pub(super) struct Boxes {
    /// The lowest squared distance in each less 1, nearest box first; infinite where there is no box.
    pub nearest: [f32; LANES],
    /// Middle of each, by axis.
    pub middle: [[f32; LANES]; 3],
    /// Half of its width.
    pub half: [[f32; LANES]; 3],
}

/// Shoals side by side.
pub(super) struct School {
    pub boxes: Boxes,
    /// As many as there are boxes, at most [`LANES`].
    pub shoals: Vec<Shoal>,
}

/// Samples close together.
pub(super) struct Cluster {
    /// The lowest squared distance less 1.
    pub nearest: f32,
    /// Middle of the box around the places.
    pub middle: [f32; 3],
    /// Half of its width.
    pub half: [f32; 3],
    /// All samples or none, the nearest sample first.
    pub rings: Vec<Lanes>,
    /// All samples or none, nearest first.
    pub schools: Vec<School>,
}

impl Lanes {
    /// At most [`LANES`]; the place `or` stands where there is none.
    fn new(samples: &[Sample], or: [f32; 3]) -> Self {
        let lane = |a: usize| std::array::from_fn(|n| samples.get(n).map_or(or, |s| s.0)[a]);
        let squared = std::array::from_fn(|n| samples.get(n).map_or(f32::INFINITY, |s| s.1));
        Self { x: lane(0), y: lane(1), z: lane(2), squared }
    }

    fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        let sample = |n: usize| ([self.x[n], self.y[n], self.z[n]], self.squared[n]);
        (0..LANES).map(sample).filter(|s| s.1.is_finite())
    }
}

impl School {
    fn new(parts: &[Part]) -> Self {
        let by = |of: &dyn Fn(&Part, usize) -> f32| {
            [0, 1, 2].map(|a| std::array::from_fn(|n| of(parts.get(n).unwrap_or(&parts[0]), a)))
        };
        let boxes = Boxes {
            nearest: std::array::from_fn(|n| parts.get(n).map_or(f32::INFINITY, |p| p.nearest)),
            middle: by(&|p, a| p.middle[a]),
            half: by(&|p, a| p.half[a]),
        };
        Self { boxes, shoals: parts.iter().map(|p| shoal(&p.samples)).collect() }
    }
}

/// At least one, at most all.
fn shoal(samples: &[Sample]) -> Shoal {
    let mut heaps = samples.chunks(LANES);
    std::array::from_fn(|_| Lanes::new(heaps.next().unwrap_or_default(), samples[0].0))
}

impl Cluster {
    /// Of at least one sample. `rings`: they are so few, or so quickly seen, that it is not worth telling which can matter.
    pub fn new(mut samples: Vec<Sample>, rings: bool) -> Self {
        if rings {
            samples.sort_by(|a, b| a.1.total_cmp(&b.1));
        }
        let whole = Part::new(samples);
        let mut out = Self {
            nearest: whole.nearest,
            middle: whole.middle,
            half: whole.half,
            rings: Vec::new(),
            schools: Vec::new(),
        };
        if rings {
            out.rings = whole.samples.chunks(LANES).map(|s| Lanes::new(s, s[0].0)).collect();
            return out;
        }
        let (mut shoals, mut rest) = (Vec::new(), vec![whole]);
        while let Some(part) = rest.pop() {
            match part.halves() {
                Ok(halves) => rest.extend(halves),
                Err(shoal) => shoals.push(shoal),
            }
        }
        shoals.sort_by(|a, b| a.nearest.total_cmp(&b.nearest));
        out.schools = shoals.chunks(LANES).map(School::new).collect();
        out
    }

    /// Such that each lies within a block, wherever the reference voxel lies. Nearest first; at
    /// least one sample.
    pub fn narrow(samples: Vec<Sample>, rings: bool, flat: bool) -> Vec<Self> {
        let width = WIDTH[usize::from(flat)];
        let whole = Part::new(samples);
        let low = [0, 1, 2].map(|a| whole.middle[a] - whole.half[a]);
        let count = whole.half.map(|h| (2.0 * h / width) as usize + 1);
        let mut parts = vec![Vec::new(); count.iter().product()];
        for s in whole.samples {
            let [i, j, k] = [0, 1, 2].map(|a| (((s.0[a] - low[a]) / width) as usize).min(count[a] - 1));
            parts[(k * count[1] + j) * count[0] + i].push(s);
        }
        let mut out: Vec<Self> = parts.into_iter().filter(|p| !p.is_empty()).map(|p| Self::new(p, rings)).collect();
        out.sort_by(|a, b| a.nearest.total_cmp(&b.nearest));
        out
    }

    /// One by one.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        self.rings.iter().chain(self.schools.iter().flat_map(|s| &s.shoals).flatten()).flat_map(Lanes::samples)
    }
}

/// Samples and the box around them.
struct Part {
    samples: Vec<Sample>,
    nearest: f32,
    middle: [f32; 3],
    half: [f32; 3],
}

impl Part {
    fn new(samples: Vec<Sample>) -> Self {
        let (mut low, mut high, mut nearest) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3], f32::INFINITY);
        for (place, squared) in &samples {
            for a in 0..3 {
                low[a] = low[a].min(place[a]);
                high[a] = high[a].max(place[a]);
            }
            nearest = nearest.min(*squared);
        }
        let [middle, half] = [1.0, -1.0].map(|sign| [0, 1, 2].map(|a| 0.5 * (high[a] + sign * low[a])));
        Self { samples, nearest, middle, half }
    }

    /// Along the longest side; itself, where it is a shoal.
    fn halves(mut self) -> Result<[Self; 2], Self> {
        const FULL: usize = LANES * HEAPS;
        if self.samples.len() <= FULL {
            return Err(self);
        }
        let longest = [1, 2].into_iter().fold(0, |a, b| if self.half[b] > self.half[a] { b } else { a });
        // Full shoals on one side.
        let middle = (self.samples.len() / 2).next_multiple_of(FULL).min(self.samples.len() - 1);
        self.samples.select_nth_unstable_by(middle, |a, b| a.0[longest].total_cmp(&b.0[longest]));
        let upper = self.samples.split_off(middle);
        Ok([Self::new(self.samples), Self::new(upper)])
    }
}

/// Unit vectors about 1/n apart (n = 0: one of them); pymedphys' own, for doses in z, y, x.
pub(super) fn directions(n: u32, in_plane: bool) -> Vec<Vector3<f64>> {
    if in_plane { circle(f64::from(n)) } else { sphere(f64::from(n)) }
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
