//! The search around one reference voxel.
//!
//! Samples of neighbouring spheres are sorted into clusters within two cells of the evaluated grid, where the dose is one formula, and
//! those into small heaps. A cluster or a heap whose doses are all too far off is passed over.

use super::GammaCriteria;
use super::block::{self, Any, Data, Place, Processor};
use super::samples::{self, Cluster, Sample};
#[cfg(target_arch = "x86_64")]
use super::wide::Avx2;
use nalgebra::{Matrix3, Point3, Vector3};
use std::sync::OnceLock;
use vestibule_geometry::{Grid, Volume};

/// How far a place may lie beyond the outermost voxel centres and still count as on them, in voxels.
const EDGE: f64 = 1e-6;

/// So many spheres are searched without telling first which samples can matter.
const FEW: u32 = 2;

/// The samples of so many spheres are sorted in two ways, for voxels whose block covers them all and for others.
const WHOLE: u32 = 10;

/// Neighbouring spheres that are searched together.
struct Band {
    /// Squared distance of the nearest less 1, in distance criteria.
    squared: f32,
    /// Longest step along each axis, in voxels.
    reach: [f32; 3],
    /// Which spheres.
    spheres: std::ops::RangeInclusive<u32>,
    /// All samples; made when first needed, for most voxels never look far.
    whole: OnceLock<Cluster>,
    /// The same as narrow clusters.
    narrow: OnceLock<Vec<Cluster>>,
}

/// What the search needs of the evaluated dose and the criteria.
pub(super) struct Search<'a> {
    pub(super) data: Data<'a>,
    size: [usize; 3],
    /// Nearest first, the voxel itself not among them.
    bands: Vec<Band>,
    pub(super) cap: f64,
    pub(super) criteria: GammaCriteria,
    /// From the reference's axes to the evaluated grid's.
    pub(super) turn: Matrix3<f64>,
    /// Of the evaluated grid, mm.
    pub(super) spacing: Vector3<f64>,
    #[cfg(target_arch = "x86_64")]
    pub(super) avx2: Option<Avx2>,
}

/// What is looked for around one reference voxel, and how near it was found.
struct Looked {
    /// Where it lies, index of the evaluated grid.
    at: Point3<f64>,
    dose: f32,
    /// One over the squared dose criterion.
    factor: f32,
    /// Lowest Γ² − 1.
    lowest: f32,
    /// A sample lay in the grid.
    found: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(reference: &Grid, evaluated: &'a Volume<f32>, criteria: &GammaCriteria) -> Self {
        let grid = &evaluated.grid;
        // Samples lie by the reference's axes, whatever the evaluated grid's.
        let turn = grid.axes.transpose() * reference.axes;
        let steps = f64::from(criteria.steps);
        let count = (criteria.max_gamma * steps + 1e-9).floor() as u32;
        let (mut bands, mut from) = (Vec::new(), 1);
        while from <= count {
            // Wider bands further out, and where a sphere has few samples.
            let few = if criteria.in_plane { 3 } else { 1 };
            let to = (from + from.div_ceil(4).max(few)).min(count);
            let reach = [0, 1, 2].map(|a| {
                let along = if criteria.in_plane { turn[(a, 0)].hypot(turn[(a, 1)]) } else { 1.0 };
                (f64::from(to) / steps * criteria.distance_mm * along / grid.spacing_mm[a]) as f32
            });
            let squared = ((f64::from(from) / steps).powi(2) - 1.0) as f32;
            bands.push(Band { squared, reach, spheres: from..=to, whole: OnceLock::new(), narrow: OnceLock::new() });
            from = to + 1;
        }
        Self {
            data: Data {
                values: &evaluated.data,
                stride: [1, grid.size[0], grid.size[0] * grid.size[1]],
                last: grid.size.map(|n| n as i32 - 1),
                flat: criteria.in_plane && turn[(2, 0)].abs().max(turn[(2, 1)].abs()) < 1e-9,
            },
            size: grid.size,
            bands,
            cap: criteria.max_gamma * criteria.max_gamma,
            criteria: *criteria,
            turn,
            spacing: Vector3::from(grid.spacing_mm),
            #[cfg(target_arch = "x86_64")]
            avx2: Avx2::here(),
        }
    }

    /// As on a processor that has nothing special.
    #[cfg(test)]
    pub(super) fn plain(&mut self) {
        #[cfg(target_arch = "x86_64")]
        {
            self.avx2 = None;
        }
    }

    fn whole<'b>(&self, band: &'b Band) -> &'b Cluster {
        band.whole.get_or_init(|| Cluster::new(self.samples(band), self.rings(band)))
    }

    fn narrow<'b>(&self, band: &'b Band) -> &'b [Cluster] {
        band.narrow.get_or_init(|| Cluster::narrow(self.samples(band), self.rings(band), self.data.flat))
    }

    fn rings(&self, band: &Band) -> bool {
        self.data.flat || *band.spheres.end() <= FEW
    }

    fn samples(&self, band: &Band) -> Vec<Sample> {
        let mut out = Vec::new();
        for n in band.spheres.clone() {
            let distance = f64::from(n) / f64::from(self.criteria.steps);
            for p in samples::directions(n, self.criteria.in_plane) {
                let step = (self.turn * p * (distance * self.criteria.distance_mm)).component_div(&self.spacing);
                let z = if self.data.flat { 0.0 } else { step.z as f32 };
                out.push(([step.x as f32, step.y as f32, z], (distance * distance - 1.0) as f32));
            }
        }
        out
    }

    /// Lowest Γ² around a reference voxel that lies at `at` (index of the evaluated grid), at most the cap. None where no dose is
    /// within reach.
    pub(super) fn squared(&self, at: Point3<f64>, dose: f64, per_dose: f64) -> Option<f64> {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = self.avx2 {
            return self.squared_by(avx2, at, dose, per_dose);
        }
        self.squared_by(Any, at, dose, per_dose)
    }

    fn squared_by<P: Processor>(&self, p: P, at: Point3<f64>, dose: f64, per_dose: f64) -> Option<f64> {
        // Γ² − 1 all through, because it is at 1 that a small difference decides.
        let (dose, factor) = (dose as f32, (per_dose * per_dose) as f32);
        let mut looked = Looked { at, dose, factor, lowest: (self.cap - 1.0) as f32, found: false };
        let room = self.room(at);
        if room.iter().all(|r| *r >= 0.0) {
            self.within(p, &mut looked, room);
        } else {
            self.see(&mut looked, ([0.0; 3], -1.0));
            for band in &self.bands {
                // What lies just at the cap is found, too.
                if band.squared > looked.lowest {
                    break;
                }
                self.narrow(band).iter().flat_map(Cluster::samples).for_each(|s| self.see(&mut looked, s));
            }
        }
        looked.found.then_some((f64::from(looked.lowest) + 1.0).max(0.0))
    }

    /// One sample, which may lie beyond the grid.
    fn see(&self, looked: &mut Looked, (step, squared): Sample) {
        if let Some(v) = self.value([0, 1, 2].map(|a| looked.at[a] + f64::from(step[a]))) {
            let off = v - looked.dose;
            looked.lowest = block::less(squared + off * off * looked.factor, looked.lowest);
            looked.found = true;
        }
    }

    /// How far one may go along each axis without leaving the grid, in voxels; less than 0 where it is too narrow for blocks.
    fn room(&self, at: Point3<f64>) -> [f32; 3] {
        std::array::from_fn(|a| {
            let both = at[a].min(self.size[a] as f64 - 1.0 - at[a]);
            match self.data.flat && a == 2 {
                true => (both + EDGE) as f32,
                false if self.size[a] < 3 => -1.0,
                // A little less, so that rounding leaves no grid.
                false => (both - 1e-3) as f32,
            }
        })
    }

    /// Around a voxel in the grid.
    fn within<P: Processor>(&self, p: P, looked: &mut Looked, room: [f32; 3]) {
        let place = self.place(looked.at);
        let block = p.block(self.data, &place, looked.dose);
        looked.lowest = block::less(p.own(&block, looked.factor), looked.lowest);
        looked.found = true;
        for band in &self.bands {
            if band.squared >= looked.lowest {
                break;
            }
            let (reach, inside) = (band.reach, (0..3).all(|a| band.reach[a] <= room[a]));
            if inside && *band.spheres.end() <= WHOLE && place.covers(&self.data, [0.0; 3], reach) {
                looked.lowest = p.search(&block, self.whole(band), looked.factor, looked.lowest);
                continue;
            }
            for cluster in self.narrow(band) {
                if cluster.nearest >= looked.lowest {
                    break;
                }
                if !inside && (0..3).any(|a| cluster.middle[a].abs() + cluster.half[a] > room[a]) {
                    cluster.samples().for_each(|s| self.see(looked, s));
                } else if place.covers(&self.data, cluster.middle, cluster.half) {
                    looked.lowest = p.search(&block, cluster, looked.factor, looked.lowest);
                } else {
                    let block = p.block(self.data, &place.moved(&self.data, cluster.middle), looked.dose);
                    let off = P::off(&block);
                    if cluster.nearest + off * off * looked.factor < looked.lowest {
                        looked.lowest = p.search(&block, cluster, looked.factor, looked.lowest);
                    }
                }
            }
        }
    }

    /// The voxel nearest to `at`, but the outermost: the cells on both sides are in the grid.
    fn place(&self, at: Point3<f64>) -> Place {
        let data = &self.data;
        let voxel = std::array::from_fn(|a| match data.flat && a == 2 {
            true => (at.z.max(0.0) as i32).min(data.last[2]),
            false => ((at[a] + 0.5) as i32).clamp(1, data.last[a] - 1),
        });
        let from = std::array::from_fn(|a| (at[a] - f64::from(voxel[a])) as f32);
        Place { voxel, offset: (0..3).map(|a| voxel[a] as usize * data.stride[a]).sum(), from }
    }

    /// Trilinear, nothing beyond the outermost voxel centres.
    fn value(&self, at: [f64; 3]) -> Option<f32> {
        let (mut low, mut f, mut next) = ([0; 3], [0f32; 3], [0; 3]);
        for a in 0..3 {
            let last = (self.size[a] - 1) as f64;
            if !(at[a] >= -EDGE && at[a] <= last + EDGE) {
                return None;
            }
            let x = at[a].clamp(0.0, last);
            low[a] = (x as usize).min(self.size[a].saturating_sub(2));
            f[a] = (x - low[a] as f64) as f32;
            next[a] = (low[a] + 1).min(self.size[a] - 1);
        }
        let v = |i, j, k| self.data.values[k * self.data.stride[2] + j * self.data.stride[1] + i];
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let row = |j, k| mix(v(low[0], j, k), v(next[0], j, k), f[0]);
        let slice = |k| mix(row(low[1], k), row(next[1], k), f[1]);
        Some(mix(slice(low[2]), slice(next[2]), f[2]))
    }
}
