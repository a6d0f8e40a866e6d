//! The dose-volume histogram of a structure, sampled below the voxel.
//!
//! Each contour plane stands for a slab: half way to its neighbours, and as far outwards at the ends (so the end slices
//! count whole, as in dicompyler-core). In the plane, lines cross the contours; what lies between an odd and an even
//! crossing is inside (holes by XOR or keyhole). Dose is read by trilinear interpolation anywhere in the slab.

mod figures;
mod rows;

pub use figures::{DvhFigures, PrescriptionError, isodose_volume_cm3};

use nalgebra::{Point3, Vector3};
use rows::Rows;
use vestibule_geometry::{Contour, Volume};

/// About how many points sample a structure.
const SAMPLES: f64 = 150_000.0;
/// Widest sampling step, mm.
const WIDEST_STEP_MM: f64 = 2.5;

/// Why there is no histogram.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DvhError {
    /// Nothing to sample.
    #[error("the structure has no closed contour of three or more points")]
    NoContours,
    /// Contours in planes that cross.
    #[error("the structure's contours do not lie in parallel planes")]
    NotParallel,
    /// Contours that enclose nothing.
    #[error("the structure's contours enclose no volume")]
    NoVolume,
    /// NaN or infinite dose inside.
    #[error("the dose holds voxels without a number (NaN or infinite) inside the structure")]
    NotFinite,
    /// Nothing of the structure on the grid.
    #[error("the structure lies wholly outside the dose grid: it has no dose, not a dose of 0")]
    NoOverlap,
}

/// What a structure gets. Doses are in the unit of the dose grid (Gray).
#[derive(Clone, Debug, PartialEq)]
pub struct Dvh {
    /// Volume inside the contours, cm³.
    pub volume_cm3: f64,
    /// Lowest dose.
    pub min: f64,
    /// Mean dose.
    pub mean: f64,
    /// Highest dose.
    pub max: f64,
    /// Dose that 98 % of the volume gets at least.
    pub d98: f64,
    /// Dose that 95 % of the volume gets at least.
    pub d95: f64,
    /// Dose that half of the volume gets at least.
    pub d50: f64,
    /// Dose that 2 % of the volume gets at least.
    pub d2: f64,
    /// Part of the volume outside the dose grid (0 to 1); it counts as no dose.
    pub outside: f64,
    /// Dose of each sample, falling, and the volume (cm³) with at least that dose.
    samples: Vec<(f32, f64)>,
}

struct Plane {
    at: f64,
    edges: Vec<[[f64; 2]; 2]>,
    low: f64,
    high: f64,
}

impl Dvh {
    /// Histogram of `dose` inside `contours`.
    pub fn new(dose: &Volume<f32>, contours: &[Contour]) -> Result<Self, DvhError> {
        let closed: Vec<&Contour> = contours.iter().filter(|c| c.points.len() >= 3).collect();
        let first = closed.first().ok_or(DvhError::NoContours)?;
        let normal = closed.iter().map(|c| newell(c)).max_by(|a, b| a.norm().total_cmp(&b.norm())).unwrap_or_default();
        let normal = normal.try_normalize(1e-9).ok_or(DvhError::NoVolume)?;
        // A frame in the plane: u close to a grid axis keeps the usual axial case exact.
        let helper = if normal.x.abs() < 0.9 { Vector3::x() } else { Vector3::y() };
        let v = normal.cross(&helper).normalize();
        let u = v.cross(&normal);
        let origin = first.points[0];
        let planes = planes(&closed, origin, [u, v, normal])?;
        let slabs = slabs(&planes);
        let step = step_mm(&planes, &slabs);

        let mut sampled: Vec<(f32, f64)> = Vec::new();
        let mut outside = 0.0;
        for (plane, slab) in planes.iter().zip(&slabs) {
            let depth = slab[1] - slab[0];
            let layers = (depth / step.max(0.5)).ceil().max(1.0) as usize;
            let rows = Rows::new(plane, step);
            let (from, mut cm2) = (sampled.len(), 0.0);
            let mut off = Vec::new();
            for row in 0..rows.count() {
                let pieces = (rows.mean_length(row) / step).ceil() as usize;
                for i in 0..pieces {
                    for l in 0..layers {
                        // Anywhere within its piece, or a plane of equal dose would count a whole layer of pieces at once.
                        let [ru, rv, rw] = within(sampled.len());
                        let Some(([x, y], length)) = rows.place(row, (i as f64 + ru) / pieces as f64, rv) else {
                            continue;
                        };
                        let z = slab[0] + (l as f64 + rw) * depth / layers as f64;
                        let part = length * rows.height * 1e-2 / (pieces * layers) as f64;
                        cm2 += part;
                        let p = origin + u * x + v * y + normal * z;
                        let gy = dose.sample(p).unwrap_or_else(|| {
                            off.push(part);
                            0.0
                        });
                        sampled.push((gy as f32, part));
                    }
                }
            }
            // The samples share the plane's whole area, which is known better than their own sum.
            let cm3 = if cm2 > 0.0 { rows.area_mm2() * 1e-2 / cm2 * depth * 0.1 } else { 0.0 };
            sampled[from..].iter_mut().for_each(|s| s.1 *= cm3);
            outside += off.iter().sum::<f64>() * cm3;
        }
        Self::from_samples(sampled, outside)
    }

    fn from_samples(mut samples: Vec<(f32, f64)>, outside_cm3: f64) -> Result<Self, DvhError> {
        let volume_cm3: f64 = samples.iter().map(|s| s.1).sum();
        if volume_cm3 <= 0.0 {
            return Err(DvhError::NoVolume);
        }
        let mean = samples.iter().map(|s| f64::from(s.0) * s.1).sum::<f64>() / volume_cm3;
        samples.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut so_far = 0.0;
        for s in &mut samples {
            so_far += s.1;
            s.1 = so_far;
        }
        if outside_cm3 >= volume_cm3 * (1.0 - 1e-9) {
            return Err(DvhError::NoOverlap);
        }
        if samples.iter().any(|s| !s.0.is_finite()) {
            return Err(DvhError::NotFinite);
        }
        let edge = |s: Option<&(f32, f64)>| s.map_or(0.0, |s| f64::from(s.0));
        let mut out = Self {
            volume_cm3,
            min: edge(samples.last()),
            mean,
            max: edge(samples.first()),
            d98: 0.0,
            d95: 0.0,
            d50: 0.0,
            d2: 0.0,
            outside: outside_cm3 / volume_cm3,
            samples,
        };
        out.d98 = out.d_at_fraction(0.98);
        out.d95 = out.d_at_fraction(0.95);
        out.d50 = out.d_at_fraction(0.50);
        out.d2 = out.d_at_fraction(0.02);
        Ok(out)
    }

    /// Dose that `fraction` (0 to 1) of the volume gets at least.
    pub fn d_at_fraction(&self, fraction: f64) -> f64 {
        self.d_at_volume_cm3(fraction * self.volume_cm3)
    }

    /// Dose that `cm3` of the structure gets at least (D0.03cc and its like); the lowest dose if it is smaller.
    pub fn d_at_volume_cm3(&self, cm3: f64) -> f64 {
        let i = self.samples.partition_point(|s| s.1 < cm3);
        self.samples.get(i).map_or(self.min, |s| f64::from(s.0))
    }

    /// The same histogram with every dose changed by `to`, which must not fall (a scaling, BED, EQD2). The mean is that of the
    /// changed doses, not the changed mean.
    pub fn map(&self, to: impl Fn(f64) -> f64) -> Self {
        let (mut before, mut sum) = (0.0, 0.0);
        let samples: Vec<(f32, f64)> = self
            .samples
            .iter()
            .map(|(gy, so_far)| {
                let new = to(f64::from(*gy));
                sum += new * (so_far - before);
                before = *so_far;
                (new as f32, *so_far)
            })
            .collect();
        Self {
            volume_cm3: self.volume_cm3,
            min: to(self.min),
            mean: sum / self.volume_cm3,
            max: to(self.max),
            d98: to(self.d98),
            d95: to(self.d95),
            d50: to(self.d50),
            d2: to(self.d2),
            outside: self.outside,
            samples,
        }
    }

    /// Volume, cm³, that gets at least `gy`.
    pub fn volume_at_dose_cm3(&self, gy: f64) -> f64 {
        let i = self.samples.partition_point(|s| f64::from(s.0) >= gy);
        i.checked_sub(1).map_or(0.0, |i| self.samples[i].1)
    }
}

/// The n-th place of Roberts' R3 sequence in the unit cube: evenly spread without a pattern, and the same every time.
fn within(n: usize) -> [f64; 3] {
    const ROOT: f64 = 1.220_744_084_605_759_5;
    [ROOT, ROOT * ROOT, ROOT * ROOT * ROOT].map(|g| (0.5 + n as f64 / g).fract())
}

/// Twice the area of a polygon along its normal (Newell).
fn newell(c: &Contour) -> Vector3<f64> {
    let n = c.points.len();
    let from = c.points[0];
    (0..n).map(|i| (c.points[i] - from).cross(&(c.points[(i + 1) % n] - from))).sum()
}

fn planes(contours: &[&Contour], origin: Point3<f64>, [u, v, n]: [Vector3<f64>; 3]) -> Result<Vec<Plane>, DvhError> {
    let mut planes: Vec<Plane> = Vec::new();
    for c in contours {
        let at: Vec<[f64; 3]> =
            c.points.iter().map(|p| p - origin).map(|d| [d.dot(&u), d.dot(&v), d.dot(&n)]).collect();
        let z = at.iter().map(|p| p[2]).sum::<f64>() / at.len() as f64;
        if at.iter().any(|p| (p[2] - z).abs() > 0.5) {
            return Err(DvhError::NotParallel);
        }
        let index = planes.iter().position(|p| (p.at - z).abs() < 0.05).unwrap_or_else(|| {
            planes.push(Plane { at: z, edges: Vec::new(), low: f64::INFINITY, high: f64::NEG_INFINITY });
            planes.len() - 1
        });
        let plane = &mut planes[index];
        for i in 0..at.len() {
            let (a, b) = (at[i], at[(i + 1) % at.len()]);
            plane.edges.push([[a[0], a[1]], [b[0], b[1]]]);
            plane.low = plane.low.min(a[1]);
            plane.high = plane.high.max(a[1]);
        }
    }
    planes.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(planes)
}

/// From where to where each plane's slab reaches. The usual distance is the median; wider gaps are gaps.
fn slabs(planes: &[Plane]) -> Vec<[f64; 2]> {
    let mut gaps: Vec<f64> = planes.windows(2).map(|w| w[1].at - w[0].at).collect();
    gaps.sort_by(f64::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(1.0);
    let half = |gap: Option<f64>| match gap {
        Some(g) if g <= 1.5 * usual => 0.5 * g,
        _ => 0.5 * usual,
    };
    (0..planes.len())
        .map(|i| {
            let at = planes[i].at;
            let below = (i > 0).then(|| at - planes[i - 1].at);
            let above = planes.get(i + 1).map(|p| p.at - at);
            [at - half(below), at + half(above)]
        })
        .collect()
}

/// A step that gives about [`SAMPLES`] points.
fn step_mm(planes: &[Plane], slabs: &[[f64; 2]]) -> f64 {
    let mut volume = 0.0;
    for (plane, slab) in planes.iter().zip(slabs) {
        let area: f64 = plane.edges.iter().map(|[a, b]| a[0] * b[1] - b[0] * a[1]).sum::<f64>().abs() * 0.5;
        volume += area * (slab[1] - slab[0]);
    }
    (volume / SAMPLES).cbrt().clamp(0.05, WIDEST_STEP_MM)
}

#[cfg(test)]
mod tests;
