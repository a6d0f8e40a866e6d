//! The dose-rate-volume histogram of a structure.

use super::{BeamDoseRate, RateMap};
use nalgebra::{Point3, Vector3};
use vestibule_geometry::{Contour, Grid, contour};

/// Parts of a voxel along each axis that decide how much of it lies in a structure.
const PARTS: usize = 3;
/// Most parts that are looked at; beyond, voxels count by their centres.
const MOST_PARTS: usize = 64_000_000;
/// How far a contour's slab may reach beyond the contour, mm.
const SLAB_MM: f64 = 6.0;

/// The voxels of a structure: offset, and the part of the voxel (above 0, up to 1) that lies inside, by a 3 × 3 × 3 division.
/// Empty where the structure does not meet the grid.
pub fn structure_voxels(grid: &Grid, contours: &[Contour]) -> Vec<(u32, f32)> {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for p in contours.iter().flat_map(|c| &c.points) {
        let q = grid.to_index(*p);
        for a in 0..3 {
            low[a] = low[a].min(q[a]);
            high[a] = high[a].max(q[a]);
        }
    }
    let mut first = [0usize; 3];
    let mut size = [0usize; 3];
    for a in 0..3 {
        let margin = SLAB_MM / grid.spacing_mm[a] + 1.0;
        let from = (low[a] - margin).floor().max(0.0);
        let to = (high[a] + margin).ceil().min(grid.size[a] as f64 - 1.0);
        // also where there is no contour at all
        if to < from {
            return Vec::new();
        }
        first[a] = from as usize;
        size[a] = (to - from) as usize + 1;
    }
    let parts = if size.iter().product::<usize>() * PARTS.pow(3) > MOST_PARTS { 1 } else { PARTS };
    let n = parts as f64;
    let corner = Vector3::from(first.map(|f| f as f64 - 0.5 + 0.5 / n));
    let fine = Grid {
        size: size.map(|s| s * parts),
        spacing_mm: grid.spacing_mm.map(|s| s / n),
        origin_mm: grid.to_world(Point3::from(corner)),
        axes: grid.axes,
    };
    let mask = contour::mask(contours, &fine);
    let mut out = Vec::new();
    for k in 0..size[2] {
        for j in 0..size[1] {
            for i in 0..size[0] {
                let mut inside = 0usize;
                for c in 0..parts {
                    for b in 0..parts {
                        let from = fine.offset(i * parts, j * parts + b, k * parts + c);
                        inside += mask.data[from..from + parts].iter().filter(|v| **v > 0).count();
                    }
                }
                if inside > 0 {
                    let offset = grid.offset(first[0] + i, first[1] + j, first[2] + k);
                    out.push((offset as u32, (inside as f64 / n.powi(3)) as f32));
                }
            }
        }
    }
    out
}

/// Dose rates of a structure's voxels. Every figure is over those that the beam gives at least the floor and that have a
/// rate; the volumes say how many those are.
#[derive(Clone, Debug, PartialEq)]
pub struct RateHistogram {
    /// The structure on the grid, cm³.
    pub volume_cm3: f64,
    /// What of it gets the floor or more from this beam, cm³.
    pub above_floor_cm3: f64,
    /// What of that has no rate by the metric's definition, cm³.
    pub without_rate_cm3: f64,
    /// Gy/s; 0 where no voxel has a rate.
    pub mean: f64,
    /// Rate of each voxel, falling, and the volume with at least that rate, cm³.
    samples: Vec<(f32, f64)>,
}

impl RateHistogram {
    /// Histogram of `map`, one of `beam`'s, over `voxels` as [`structure_voxels`] gives them.
    pub fn new(beam: &BeamDoseRate, map: &RateMap, voxels: &[(u32, f32)]) -> Self {
        let cm3 = map.rate.grid.voxel_cm3();
        let mut out =
            Self { volume_cm3: 0.0, above_floor_cm3: 0.0, without_rate_cm3: 0.0, mean: 0.0, samples: Vec::new() };
        for (offset, part) in voxels {
            let (offset, volume) = (*offset as usize, f64::from(*part) * cm3);
            let (dose, rate) = (beam.dose.data[offset], map.rate.data[offset]);
            out.volume_cm3 += volume;
            // A rate stands only at the floor or above it; the rounded dose must not part from that.
            let above = rate > 0.0 || (dose > 0.0 && f64::from(dose) >= beam.floor_gy);
            if !above {
                continue;
            }
            out.above_floor_cm3 += volume;
            if rate > 0.0 {
                out.samples.push((rate, volume));
                out.mean += f64::from(rate) * volume;
            } else {
                out.without_rate_cm3 += volume;
            }
        }
        out.samples.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut so_far = 0.0;
        for s in &mut out.samples {
            so_far += s.1;
            s.1 = so_far;
        }
        if so_far > 0.0 {
            out.mean /= so_far;
        }
        out
    }

    /// Volume that has a rate, cm³.
    pub fn rated_cm3(&self) -> f64 {
        self.samples.last().map_or(0.0, |s| s.1)
    }

    /// Rate, Gy/s, that `fraction` (0 to 1) of the rated volume has at least: 0.98 for R98, 0.5 for the median. None where
    /// nothing has a rate.
    pub fn rate_at_fraction(&self, fraction: f64) -> Option<f64> {
        let wanted = fraction.clamp(0.0, 1.0) * self.rated_cm3();
        let i = self.samples.partition_point(|s| s.1 < wanted * (1.0 - 1e-12));
        self.samples.get(i).or(self.samples.last()).map(|s| f64::from(s.0))
    }

    /// Rated volume, cm³, with at least `rate` Gy/s.
    pub fn volume_at_rate_cm3(&self, rate: f64) -> f64 {
        let i = self.samples.partition_point(|s| f64::from(s.0) >= rate);
        i.checked_sub(1).map_or(0.0, |i| self.samples[i].1)
    }

    /// The curve: (rate in Gy/s, part of the rated volume, 0 to 1, with at least that rate) at `points` evenly spaced rates
    /// from 0 to the highest. Empty where nothing has a rate.
    pub fn curve(&self, points: usize) -> Vec<(f64, f64)> {
        let (Some(highest), rated) = (self.samples.first(), self.rated_cm3()) else { return Vec::new() };
        (0..points)
            .map(|p| f64::from(highest.0) * p as f64 / (points.max(2) - 1) as f64)
            .map(|rate| (rate, self.volume_at_rate_cm3(rate) / rated))
            .collect()
    }
}
