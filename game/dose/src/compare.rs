//! Whether two doses may be compared at all, and their difference.

use rayon::prelude::*;
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, DoseUnit};

/// Why two doses cannot be compared or summed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PairError {
    /// Another patient position or scan.
    #[error(
        "the two doses lie in different frames of reference: the same place in one is another in the other; register them first"
    )]
    Frame,
    /// Gray and relative.
    #[error("one dose is in Gray, the other relative: they have no common scale")]
    Unit,
    /// NaN or infinite voxels.
    #[error("the {which} dose holds {count} voxels without a number (NaN or infinite)")]
    NotFinite {
        /// Which of the two.
        which: &'static str,
        /// How many.
        count: usize,
    },
    /// No common place.
    #[error("the two doses do not overlap: no voxel of the reference lies on the evaluated grid")]
    NoOverlap,
}

/// What is worth saying before `evaluated` is held against `reference`; an error where comparing means nothing.
pub fn check_pair(reference: &Dose, evaluated: &Dose) -> Result<Vec<String>, PairError> {
    let mut notes = Vec::new();
    let frames = [&reference.frame_of_reference_uid, &evaluated.frame_of_reference_uid];
    if frames.iter().any(|f| f.is_empty()) {
        notes.push("a dose does not say its frame of reference: the two are taken to share one".to_owned());
    } else if frames[0] != frames[1] {
        return Err(PairError::Frame);
    }
    if reference.unit != evaluated.unit {
        return Err(PairError::Unit);
    }
    if reference.unit == DoseUnit::Relative {
        notes.push("both doses are relative: what is said holds only if their scales are the same".to_owned());
    }
    if reference.dose_type != evaluated.dose_type {
        notes.push(format!(
            "the reference is {:?}, the evaluated dose {:?}: an RBE of 1.1 alone is a difference of 10 %",
            reference.dose_type, evaluated.dose_type
        ));
    }
    if reference.summation != evaluated.summation {
        notes.push(format!(
            "the reference is a dose per {:?}, the evaluated one per {:?}: check that both are of as many fractions",
            reference.summation, evaluated.summation
        ));
    }
    Ok(notes)
}

/// Evaluated less reference, on the reference's grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The difference in the doses' unit; NaN where the evaluated grid does not reach.
    pub map: Volume<f32>,
    /// Voxels of the reference at or above the cutoff that the evaluated grid reaches; every figure is over these.
    pub points: usize,
    /// Voxels of the reference at or above the cutoff that the evaluated grid does not reach.
    pub outside: usize,
    /// Mean of the difference.
    pub mean: f64,
    /// Root of its mean square.
    pub rms: f64,
    /// Lowest and highest difference.
    pub range: [f64; 2],
}

impl Difference {
    /// Interpolates `evaluated` (trilinear, not beyond its outermost voxel centres) at the voxels of `reference`. Figures
    /// are over voxels of at least `cutoff` in the dose's unit.
    pub fn new(reference: &Volume<f32>, evaluated: &Volume<f32>, cutoff: f64) -> Result<Self, PairError> {
        for (which, v) in [("reference", reference), ("evaluated", evaluated)] {
            let count = v.data.par_iter().filter(|d| !d.is_finite()).count();
            if count > 0 {
                return Err(PairError::NotFinite { which, count });
            }
        }
        let [ni, nj, _] = reference.grid.size;
        let mut map = Volume::filled(reference.grid.clone(), f32::NAN);
        let last = evaluated.grid.size.map(|n| n as f64 - 1.0 + 1e-6);
        map.data.par_chunks_mut(ni.max(1)).enumerate().for_each(|(row, out)| {
            for (i, out) in out.iter_mut().enumerate() {
                let p = reference.grid.centre(i, row % nj, row / nj);
                let at = evaluated.grid.to_index(p);
                if (0..3).all(|a| at[a] >= -1e-6 && at[a] <= last[a])
                    && let Some(v) = evaluated.sample(p)
                {
                    *out = (v - f64::from(reference.data[row * ni + i])) as f32;
                }
            }
        });
        if map.data.iter().all(|d| d.is_nan()) {
            return Err(PairError::NoOverlap);
        }
        let mut d = Self { map, points: 0, outside: 0, mean: 0.0, rms: 0.0, range: [f64::INFINITY, f64::NEG_INFINITY] };
        for (difference, dose) in d.map.data.iter().zip(&reference.data) {
            if f64::from(*dose) < cutoff {
                continue;
            }
            if difference.is_nan() {
                d.outside += 1;
                continue;
            }
            let difference = f64::from(*difference);
            d.points += 1;
            d.mean += difference;
            d.rms += difference * difference;
            d.range = [d.range[0].min(difference), d.range[1].max(difference)];
        }
        if d.points == 0 {
            return Err(PairError::NoOverlap);
        }
        d.mean /= d.points as f64;
        d.rms = (d.rms / d.points as f64).sqrt();
        Ok(d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use vestibule_geometry::Grid;
    use vestibule_patient::{DoseSummation, DoseType};

    fn dose(frame: &str, unit: DoseUnit, dose_type: DoseType, grid: Grid, f: impl Fn(Point3<f64>) -> f64) -> Dose {
        let mut volume = Volume::filled(grid.clone(), 0.0);
        for o in 0..grid.len() {
            let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / grid.size[0] / grid.size[1]);
            volume.data[o] = f(grid.centre(i, j, k)) as f32;
        }
        Dose {
            uid: String::new(),
            frame_of_reference_uid: frame.into(),
            plan_uid: None,
            dose_type,
            unit,
            summation: DoseSummation::Plan,
            engine: String::new(),
            volume,
        }
    }

    /// A linear field is reproduced exactly, so the difference is what was added, on whatever grid.
    #[test]
    fn the_difference_of_linear_fields_is_exact() {
        let field = |p: Point3<f64>| 5.0 + 0.1 * p.x - 0.05 * p.y + 0.02 * p.z;
        let coarse = Grid::axial([11, 9, 7], [4.0, 5.0, 6.0], Point3::new(-20.0, -20.0, -18.0));
        let fine = Grid::axial([17, 40, 40], [1.9, 1.1, 1.3], Point3::new(-20.5, -22.0, -19.0));
        let a = dose("1", DoseUnit::Gy, DoseType::Physical, coarse, field);
        let b = dose("1", DoseUnit::Gy, DoseType::Effective, fine, |p| field(p) + 0.25);
        assert!(check_pair(&a, &b).unwrap()[0].contains("RBE"));
        let d = Difference::new(&a.volume, &b.volume, 0.0).unwrap();
        assert!((d.mean - 0.25).abs() < 1e-5 && (d.rms - 0.25).abs() < 1e-5);
        assert!(d.range.iter().all(|r| (r - 0.25).abs() < 1e-5));
        // What lies beyond x = 9.9 mm is counted, not compared.
        assert_eq!(d.points + d.outside, 11 * 9 * 7);
        assert!(d.outside > 0 && d.map.at(10, 4, 3).is_nan());
    }

    #[test]
    fn what_has_no_common_scale_or_place_is_refused() {
        let grid = Grid::axial([3, 3, 3], [1.0; 3], Point3::origin());
        let a = dose("1", DoseUnit::Gy, DoseType::Physical, grid.clone(), |_| 1.0);
        let other = |frame: &str, unit| dose(frame, unit, DoseType::Physical, grid.clone(), |_| 1.0);
        assert_eq!(check_pair(&a, &other("2", DoseUnit::Gy)), Err(PairError::Frame));
        assert_eq!(check_pair(&a, &other("1", DoseUnit::Relative)), Err(PairError::Unit));
        assert_eq!(check_pair(&a, &other("", DoseUnit::Gy)).unwrap().len(), 1);
        let mut far = a.volume.clone();
        far.grid.origin_mm.x = 100.0;
        assert_eq!(Difference::new(&a.volume, &far, 0.0), Err(PairError::NoOverlap));
        let mut bad = a.volume.clone();
        bad.data[0] = f32::INFINITY;
        assert_eq!(Difference::new(&bad, &far, 0.0), Err(PairError::NotFinite { which: "reference", count: 1 }));
    }
}
