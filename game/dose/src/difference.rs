//! Two plans' doses, one less the other: a volume to show, and what it means for each structure.
//!
//! [`crate::compare::Difference`] judges an engine (only where both doses reach); this shows two plans beside each
//! other: where the second dose does not reach it counts as 0, and what that hides is said.

use crate::compare::{PairError, check_pair};
use crate::dvh::{Dvh, DvhError};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use vestibule_geometry::{Contour, Volume};
use vestibule_patient::Dose;

/// Dose A less dose B, on A's grid.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanDifference {
    /// A − B in the doses' unit; above 0 where A gives more.
    pub map: Volume<f32>,
    /// Lowest and highest value of it.
    pub range: [f64; 2],
    /// Voxels of A that B's grid does not reach, where B counts as 0.
    pub outside: usize,
    /// Highest dose of A in those, 0 where there are none.
    pub outside_highest: f64,
    /// Highest dose of B where A's grid does not reach: it is in no voxel of the map.
    pub hidden_highest: f64,
    /// What is worth saying, in sentences.
    pub notes: Vec<String>,
}

/// One structure in both doses. Every difference is A less B, in the doses' unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StructureDifference {
    /// Volume, cm³.
    pub volume_cm3: f64,
    /// Lowest of the difference at any place in the structure.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// Mean of the difference over the structure.
    pub mean: f64,
    /// Difference of D98: of each dose's own coldest place.
    pub d98: f64,
    /// Difference of D95.
    pub d95: f64,
    /// Difference of D50.
    pub d50: f64,
    /// Difference of D2.
    pub d2: f64,
    /// Part of the volume outside A's, and outside B's grid, 0 to 1; it counts as no dose there.
    pub outside: [f64; 2],
}

impl PlanDifference {
    /// B is read by trilinear interpolation at A's voxels. Doses in other frames, of other units or with voxels that
    /// are no number are refused; physical beside RBE-weighted dose, fraction beside course is said. A pass over each
    /// grid.
    pub fn new(a: &Dose, b: &Dose) -> Result<Self, PairError> {
        let mut notes = check_pair(a, b)?;
        for (which, v) in [("first", &a.volume), ("second", &b.volume)] {
            let count = v.data.par_iter().filter(|d| !d.is_finite()).count();
            if count > 0 {
                return Err(PairError::NotFinite { which, count });
            }
        }
        let grid = &a.volume.grid;
        let [ni, nj, _] = grid.size;
        let mut map = Volume::filled(grid.clone(), 0.0f32);
        // Row by row; counts and extremes do not depend on their order.
        let rows: Vec<(usize, f32, [f32; 2])> = map
            .data
            .par_chunks_mut(ni.max(1))
            .enumerate()
            .map(|(row, out)| {
                let mut said = (0, 0.0f32, [f32::INFINITY, f32::NEG_INFINITY]);
                for (i, out) in out.iter_mut().enumerate() {
                    let of_a = a.volume.data[row * ni + i];
                    let of_b = b.volume.sample(grid.centre(i, row % nj, row / nj));
                    if of_b.is_none() {
                        said = (said.0 + 1, said.1.max(of_a), said.2);
                    }
                    *out = (f64::from(of_a) - of_b.unwrap_or(0.0)) as f32;
                    said.2 = [said.2[0].min(*out), said.2[1].max(*out)];
                }
                said
            })
            .collect();
        let outside = rows.iter().map(|r| r.0).sum();
        if outside == map.data.len() {
            return Err(PairError::NoOverlap);
        }
        let outside_highest = f64::from(rows.iter().map(|r| r.1).fold(0.0, f32::max));
        let hidden_highest = hidden(&b.volume, &a.volume);
        let unit = if a.unit == vestibule_patient::DoseUnit::Gy { "Gy" } else { "(relative)" };
        if outside > 0 {
            notes.push(format!(
                "the second dose does not reach {outside} voxels of the first and counts as 0 there, where the first has up to {outside_highest:.3} {unit}"
            ));
        }
        if hidden_highest > 0.0 {
            notes.push(format!(
                "beyond the first dose's grid the second has up to {hidden_highest:.3} {unit}, which is not shown"
            ));
        }
        let low = rows.iter().map(|r| r.2[0]).fold(f32::INFINITY, f32::min);
        let high = rows.iter().map(|r| r.2[1]).fold(f32::NEG_INFINITY, f32::max);
        let range = [f64::from(low), f64::from(high)];
        Ok(Self { map, range, outside, outside_highest, hidden_highest, notes })
    }

    /// One structure, by its histograms in both doses (which the caller may have already): dose A's, dose B's.
    pub fn structure(&self, contours: &[Contour], [a, b]: [&Dvh; 2]) -> Result<StructureDifference, DvhError> {
        let d = Dvh::new(&self.map, contours)?;
        Ok(StructureDifference {
            volume_cm3: d.volume_cm3,
            min: d.min,
            max: d.max,
            mean: a.mean - b.mean,
            d98: a.d98 - b.d98,
            d95: a.d95 - b.d95,
            d50: a.d50 - b.d50,
            d2: a.d2 - b.d2,
            outside: [a.outside, b.outside],
        })
    }

    /// All structures, in their order, on all threads; None for those left over when `cancel` was set.
    pub fn structures(
        &self,
        [a, b]: [&Dose; 2],
        structures: &[&[Contour]],
        cancel: &AtomicBool,
    ) -> Vec<Option<Result<StructureDifference, DvhError>>> {
        structures
            .par_iter()
            .map(|contours| {
                if cancel.load(Ordering::Relaxed) {
                    return None;
                }
                let both = Dvh::new(&a.volume, contours).and_then(|a| Ok((a, Dvh::new(&b.volume, contours)?)));
                Some(both.and_then(|(a, b)| self.structure(contours, [&a, &b])))
            })
            .collect()
    }
}

/// Highest value of `of` where the grid of `by` does not reach.
fn hidden(of: &Volume<f32>, by: &Volume<f32>) -> f64 {
    let [ni, nj, _] = of.grid.size;
    let last = by.grid.size.map(|n| n as f64 - 0.5);
    let rows: Vec<f32> = of
        .data
        .par_chunks(ni.max(1))
        .enumerate()
        .map(|(row, values)| {
            let beyond = |i: usize| {
                let q = by.grid.to_index(of.grid.centre(i, row % nj, row / nj));
                !(0..3).all(|a| q[a] >= -0.5 && q[a] <= last[a])
            };
            values.iter().enumerate().filter(|(i, v)| **v > 0.0 && beyond(*i)).map(|(_, v)| *v).fold(0.0, f32::max)
        })
        .collect();
    f64::from(rows.into_iter().fold(0.0, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use vestibule_geometry::Grid;
    use vestibule_patient::{DoseSummation, DoseType, DoseUnit};

    fn dose(grid: Grid, f: impl Fn(Point3<f64>) -> f64) -> Dose {
        let mut volume = Volume::filled(grid.clone(), 0.0);
        for o in 0..grid.len() {
            let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / grid.size[0] / grid.size[1]);
            volume.data[o] = f(grid.centre(i, j, k)) as f32;
        }
        Dose {
            uid: String::new(),
            frame_of_reference_uid: "1".into(),
            plan_uid: None,
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation: DoseSummation::Plan,
            engine: String::new(),
            volume,
        }
    }

    fn cube(half: f64, at: Point3<f64>) -> Vec<Contour> {
        let corner = |x: f64, y: f64, k: i32| at + nalgebra::Vector3::new(x * half, y * half, f64::from(k) + 0.5);
        (-(half as i32)..half as i32)
            .map(|k| Contour {
                points: [(-1., -1.), (1., -1.), (1., 1.), (-1., 1.)].map(|(x, y)| corner(x, y, k)).to_vec(),
            })
            .collect()
    }

    /// A rises along x, B falls along it, on other grids: in a cube of 20 mm everything by hand.
    #[test]
    fn two_ramps_in_a_cube_by_hand() {
        let a = dose(Grid::axial([61, 41, 41], [1.0; 3], Point3::new(-30.0, -20.0, -20.0)), |p| 30.0 + p.x);
        let b =
            dose(Grid::axial([30, 25, 21], [2.0, 2.5, 3.0], Point3::new(-29.3, -31.0, -31.0)), |p| 20.0 - 0.5 * p.x);
        let d = PlanDifference::new(&a, &b).unwrap();
        // B's grid ends half a voxel beyond x = 28.7 mm: one layer of A's lies behind it.
        assert_eq!(d.outside, 41 * 41);
        assert_eq!((d.outside_highest, d.map.at(60, 0, 0)), (60.0, 60.0));
        // B reaches 11 mm farther in y and z; its highest there stands at its lowest x.
        assert!((d.hidden_highest - (20.0 + 0.5 * 29.3)).abs() < 1e-4 && d.notes.len() == 2, "{:?}", d.notes);
        let o = d.map.at(35, 20, 20);
        assert!((f64::from(o) - (35.0 - 17.5)).abs() < 1e-5, "{o}");
        let (inside, far) = (cube(10.0, Point3::origin()), cube(2.0, Point3::new(0.0, 0.0, 500.0)));
        let got = d.structures([&a, &b], &[&inside, &far], &AtomicBool::new(false));
        let s = got[0].clone().unwrap().unwrap();
        // A − B = 10 + 1.5 x. D95 of A is at x = −9, of B at x = +9; D2 the other way round.
        for (name, got, want, within) in [
            ("min", s.min, -5.0, 0.1),
            ("max", s.max, 25.0, 0.1),
            ("mean", s.mean, 10.0, 0.01),
            ("d98", s.d98, 20.4 - 15.2, 0.05),
            ("d95", s.d95, 21.0 - 15.5, 0.05),
            ("d50", s.d50, 10.0, 0.05),
            ("d2", s.d2, 39.6 - 24.8, 0.05),
            ("volume", s.volume_cm3, 8.0, 1e-6),
        ] {
            assert!((got - want).abs() <= within, "{name}: {got}, by hand {want}");
        }
        assert_eq!(got[1], Some(Err(DvhError::NoOverlap)));
        assert_eq!(d.structures([&a, &b], &[&inside], &AtomicBool::new(true)), [None]);
    }

    #[test]
    fn what_cannot_be_subtracted_is_refused() {
        let grid = Grid::axial([3, 3, 3], [1.0; 3], Point3::origin());
        let a = dose(grid.clone(), |_| 1.0);
        let same = PlanDifference::new(&a, &a).unwrap();
        assert_eq!((same.range, same.outside, same.notes.len()), ([0.0, 0.0], 0, 0));
        let other = Dose { frame_of_reference_uid: "2".into(), ..a.clone() };
        assert_eq!(PlanDifference::new(&a, &other), Err(PairError::Frame));
        let far = dose(Grid { origin_mm: Point3::new(99.0, 0.0, 0.0), ..grid }, |_| 1.0);
        assert_eq!(PlanDifference::new(&a, &far), Err(PairError::NoOverlap));
        let mut bad = a.clone();
        bad.volume.data[4] = f32::NAN;
        assert_eq!(PlanDifference::new(&a, &bad), Err(PairError::NotFinite { which: "second", count: 1 }));
        let weighted = Dose { dose_type: DoseType::Effective, ..a.clone() };
        assert!(PlanDifference::new(&a, &weighted).unwrap().notes[0].contains("RBE"));
    }
}
