//! What one says of a dose in a target: coverage, homogeneity, conformity, and scaling to a prescription.

use super::Dvh;
use rayon::prelude::*;
use vestibule_geometry::Volume;

/// Why figures that need a prescription do not exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PrescriptionError {
    /// Zero, negative or no number.
    #[error("a prescription of {0} Gy: coverage and conformity need one above 0")]
    Prescription(f64),
    /// Part of a volume out of range.
    #[error("{0} % of the volume: expected above 0, up to 100")]
    Part(f64),
    /// Nothing to scale.
    #[error("the structure gets no dose at that volume: there is nothing to scale")]
    NoDose,
}

/// Figures of a target for a prescription.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DvhFigures {
    /// Part of the target with at least the prescription, 0 to 1.
    pub coverage: f64,
    /// Part with at least 95 % of it, 0 to 1.
    pub coverage_95: f64,
    /// Homogeneity index of ICRU report 83: (D2 − D98) / D50; 0 is flat.
    pub homogeneity: f64,
    /// Paddick's conformity index (2000, doi 10.3171/jns.2000.93.supplement): (target within the prescription isodose)² / (target ×
    /// isodose volume); 1 is best. None where the isodose is empty.
    pub conformity: Option<f64>,
    /// RTOG's: isodose volume / target volume.
    pub conformity_rtog: f64,
}

impl Dvh {
    /// Figures for `prescription_gy`; `isodose_cm3` is what [`isodose_volume_cm3`] says for that dose, over the whole grid.
    pub fn figures(&self, prescription_gy: f64, isodose_cm3: f64) -> Result<DvhFigures, PrescriptionError> {
        if !(prescription_gy > 0.0 && prescription_gy.is_finite()) {
            return Err(PrescriptionError::Prescription(prescription_gy));
        }
        if self.d50 <= 0.0 {
            return Err(PrescriptionError::NoDose);
        }
        let covered = self.volume_at_dose_cm3(prescription_gy);
        Ok(DvhFigures {
            coverage: covered / self.volume_cm3,
            coverage_95: self.volume_at_dose_cm3(0.95 * prescription_gy) / self.volume_cm3,
            homogeneity: (self.d2 - self.d98) / self.d50,
            conformity: (isodose_cm3 > 0.0)
                .then(|| (covered * covered / (self.volume_cm3 * isodose_cm3.max(covered))).min(1.0)),
            conformity_rtog: isodose_cm3 / self.volume_cm3,
        })
    }

    /// What the dose must be multiplied with so that `percent` of the volume gets `prescription_gy` (95 for D95).
    pub fn scale_to(&self, prescription_gy: f64, percent: f64) -> Result<f64, PrescriptionError> {
        if !(prescription_gy > 0.0 && prescription_gy.is_finite()) {
            return Err(PrescriptionError::Prescription(prescription_gy));
        }
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(PrescriptionError::Part(percent));
        }
        let now = self.d_at_fraction(percent / 100.0);
        if now > 0.0 { Ok(prescription_gy / now) } else { Err(PrescriptionError::NoDose) }
    }
}

/// Volume, cm³, of the whole grid with at least `gy`: each voxel that the isodose passes is sampled at 8 × 8 × 8 points by
/// trilinear interpolation. Voxels that are no number count nothing.
pub fn isodose_volume_cm3(dose: &Volume<f32>, gy: f64) -> f64 {
    const FINE: usize = 8;
    let g = &dose.grid;
    let [ni, nj, nk] = g.size;
    let rows: Vec<f64> = (0..nj * nk)
        .into_par_iter()
        .map(|row| {
            let (j, k) = (row % nj, row / nj);
            let near = |n: usize, size: usize| n.saturating_sub(1)..(n + 2).min(size);
            let mut sum = 0.0;
            for i in 0..ni {
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                for c in near(k, nk) {
                    for b in near(j, nj) {
                        for a in near(i, ni) {
                            let v = f64::from(dose.at(a, b, c));
                            (low, high) = (low.min(v), high.max(v));
                        }
                    }
                }
                if low >= gy {
                    sum += 1.0;
                } else if high >= gy {
                    let part = |n: usize| (n as f64 + 0.5) / FINE as f64 - 0.5;
                    let mut inside = 0;
                    for s in 0..FINE * FINE * FINE {
                        let at = [s % FINE, s / FINE % FINE, s / (FINE * FINE)].map(part);
                        let p = g.to_world([i as f64 + at[0], j as f64 + at[1], k as f64 + at[2]].into());
                        inside += usize::from(dose.sample(p).is_some_and(|v| v >= gy));
                    }
                    sum += inside as f64 / (FINE * FINE * FINE) as f64;
                }
            }
            sum
        })
        .collect();
    rows.iter().sum::<f64>() * g.voxel_cm3()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use vestibule_geometry::{Contour, Grid};

    /// A ball of dose: 3 Gy at its middle, 0.1 Gy less every mm. The target is a rod of radius 8 mm and 16 mm high.
    fn case() -> (Volume<f32>, Dvh) {
        let grid = Grid::axial([81, 81, 81], [0.75; 3], Point3::new(-30.0, -30.0, -30.0));
        let mut v = Volume::filled(grid.clone(), 0f32);
        for o in 0..grid.len() {
            let p = grid.centre(o % 81, o / 81 % 81, o / 6561);
            v.data[o] = (3.0 - 0.1 * p.coords.norm()).max(0.0) as f32;
        }
        let at = |n: usize| std::f64::consts::TAU * n as f64 / 180.0;
        let ring = |z: f64| (0..180).map(|n| Point3::new(8.0 * at(n).cos(), 8.0 * at(n).sin(), z)).collect();
        let rod: Vec<Contour> = (0..16).map(|k| Contour { points: ring(f64::from(k) - 7.5) }).collect();
        let dvh = Dvh::new(&v, &rod).unwrap();
        (v, dvh)
    }

    #[test]
    fn figures_by_hand() {
        let (dose, target) = case();
        let ball = |r: f64| 4.0 / 3.0 * std::f64::consts::PI * r.powi(3) * 1e-3;
        let isodose = isodose_volume_cm3(&dose, 2.0);
        assert!((isodose / ball(10.0) - 1.0).abs() < 0.005, "{isodose}");
        let f = target.figures(2.0, isodose).unwrap();
        let covered = target.volume_at_dose_cm3(2.0);
        // The rod leaves the ball of 10 mm where z > 6 mm beyond the radius sqrt(100 − z²): by calculus 2π∫ over 6 to 8 mm.
        let want = (3216.99 - 2.0 * std::f64::consts::PI * (2.0 * 64.0 - (200.0 - (512.0 - 216.0) / 3.0))) / 3216.99;
        assert!((f.coverage - want).abs() < 0.005, "{} not {want}", f.coverage);
        assert!((f.conformity.unwrap() - covered * covered / (target.volume_cm3 * isodose)).abs() < 1e-12);
        assert!((f.conformity_rtog - isodose / target.volume_cm3).abs() < 1e-12);
        assert!((f.homogeneity - (target.d2 - target.d98) / target.d50).abs() < 1e-12 && f.coverage_95 >= f.coverage);
        let k = target.scale_to(2.0, 95.0).unwrap();
        assert!((target.map(|d| d * k).d95 - 2.0).abs() < 1e-6);
        assert!((target.map(|d| d * k).mean - k * target.mean).abs() < 1e-6);
    }

    #[test]
    fn no_prescription_no_figures() {
        let (_, target) = case();
        assert_eq!(target.figures(0.0, 1.0), Err(PrescriptionError::Prescription(0.0)));
        assert!(target.figures(f64::NAN, 1.0).is_err() && target.scale_to(-1.0, 95.0).is_err());
        assert_eq!(target.scale_to(2.0, 0.0), Err(PrescriptionError::Part(0.0)));
        assert_eq!(target.figures(50.0, 0.0).unwrap().conformity, None);
        assert_eq!(target.map(|_| 0.0).scale_to(2.0, 95.0), Err(PrescriptionError::NoDose));
    }
}
