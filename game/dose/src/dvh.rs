//! The dose-volume histogram of a structure, sampled below the voxel.
//!
//! Each contour plane stands for a slab: half way to its neighbours, and as far outwards at the ends (so the end slices
//! count whole, as in dicompyler-core). In the plane, lines cross the contours; what lies between an odd and an even
//! crossing is inside (holes by XOR or keyhole). Dose is read by trilinear interpolation.

use nalgebra::{Point3, Vector3};
use vestibule_geometry::{Contour, Volume};

/// About how many points sample a structure.
const SAMPLES: f64 = 150_000.0;
/// Widest sampling step, mm.
const WIDEST_STEP_MM: f64 = 1.0;

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
            let rows = ((plane.high - plane.low) / step).ceil().max(1.0) as usize;
            let height = (plane.high - plane.low) / rows as f64;
            for row in 0..rows {
                let y = plane.low + (row as f64 + 0.5) * height;
                for [a, b] in inside_intervals(&plane.edges, y) {
                    let pieces = ((b - a) / step).ceil().max(1.0) as usize;
                    let width = (b - a) / pieces as f64;
                    for i in 0..pieces {
                        let x = a + (i as f64 + 0.5) * width;
                        for l in 0..layers {
                            let z = slab[0] + (l as f64 + 0.5) * depth / layers as f64;
                            let cm3 = width * height * depth / layers as f64 * 1e-3;
                            let p = origin + u * x + v * y + normal * z;
                            let gy = dose.sample(p).unwrap_or_else(|| {
                                outside += cm3;
                                0.0
                            });
                            sampled.push((gy as f32, cm3));
                        }
                    }
                }
            }
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

    /// Volume, cm³, that gets at least `gy`.
    pub fn volume_at_dose_cm3(&self, gy: f64) -> f64 {
        let i = self.samples.partition_point(|s| f64::from(s.0) >= gy);
        i.checked_sub(1).map_or(0.0, |i| self.samples[i].1)
    }
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
    (volume / SAMPLES).cbrt().clamp(0.05, 2.5 * WIDEST_STEP_MM)
}

/// Where the line at `y` is inside: between its odd and even crossings.
fn inside_intervals(edges: &[[[f64; 2]; 2]], y: f64) -> Vec<[f64; 2]> {
    let mut x: Vec<f64> = edges
        .iter()
        .filter(|[a, b]| (a[1] <= y) != (b[1] <= y))
        .map(|[a, b]| a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]))
        .collect();
    x.sort_by(f64::total_cmp);
    x.chunks_exact(2).filter(|p| p[1] > p[0]).map(|p| [p[0], p[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_geometry::Grid;

    fn circle(r: f64, z: f64) -> Contour {
        let n = 180;
        let at = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
        Contour { points: (0..n).map(|i| Point3::new(r * at(i).cos(), r * at(i).sin(), z)).collect() }
    }

    /// Dose rising along x: 2 Gy at x = 0, 0.1 Gy/mm.
    fn ramp() -> Volume<f32> {
        let grid = Grid::axial([33, 33, 33], [2.5; 3], Point3::new(-40.0, -40.0, -40.0));
        let mut v = Volume::filled(grid.clone(), 0.0);
        for k in 0..33 {
            for j in 0..33 {
                for i in 0..33 {
                    v.data[grid.offset(i, j, k)] = (2.0 + 0.1 * grid.centre(i, j, k).x) as f32;
                }
            }
        }
        v
    }

    /// Fraction of a disc of radius 1 with x ≥ c.
    fn cap(c: f64) -> f64 {
        (c.acos() - c * (1.0 - c * c).sqrt()) / std::f64::consts::PI
    }

    #[test]
    fn a_cylinder_on_a_ramp_as_by_calculus() {
        for r in [15.0, 4.0] {
            let contours: Vec<Contour> = (0..11).map(|k| circle(r, k as f64 - 5.0)).collect();
            let d = Dvh::new(&ramp(), &contours).unwrap();
            let volume = std::f64::consts::PI * r * r * 11.0 * 1e-3;
            assert!((d.volume_cm3 / volume - 1.0).abs() < 0.003, "{} against {volume}", d.volume_cm3);
            assert!((d.mean - 2.0).abs() < 0.005 && d.outside == 0.0);
            for (fraction, got) in [(0.98, d.d98), (0.95, d.d95), (0.5, d.d50), (0.02, d.d2)] {
                let (mut lo, mut hi) = (-1.0, 1.0);
                for _ in 0..60 {
                    let mid = 0.5 * (lo + hi);
                    if cap(mid) > fraction { lo = mid } else { hi = mid }
                }
                let want = 2.0 + 0.1 * r * lo;
                assert!((got - want).abs() < 0.005 * want, "D{fraction}: {got}, not {want}");
            }
            assert!((d.volume_at_dose_cm3(2.0) / d.volume_cm3 - 0.5).abs() < 0.01);
        }
    }

    #[test]
    fn holes_by_xor_and_gaps_between_planes() {
        let mut contours: Vec<Contour> = (0..4).map(|k| circle(10.0, 2.0 * k as f64)).collect();
        contours.extend((0..4).map(|k| circle(5.0, 2.0 * k as f64)));
        // A second part, far away, must not be joined to the first.
        contours.extend((0..4).map(|k| circle(10.0, 30.0 + 2.0 * k as f64)));
        let d = Dvh::new(&ramp(), &contours).unwrap();
        let want = std::f64::consts::PI * (100.0 - 25.0 + 100.0) * 8.0 * 1e-3;
        assert!((d.volume_cm3 / want - 1.0).abs() < 0.003, "{} against {want}", d.volume_cm3);
    }

    #[test]
    fn nothing_to_sample_is_said() {
        assert_eq!(Dvh::new(&ramp(), &[]), Err(DvhError::NoContours));
        let line = Contour { points: vec![Point3::origin(), Point3::new(1.0, 0.0, 0.0), Point3::new(2.0, 0.0, 0.0)] };
        assert_eq!(Dvh::new(&ramp(), &[line]), Err(DvhError::NoVolume));
    }
}
