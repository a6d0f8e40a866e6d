//! What fractionation does to the effect of a dose: BED and EQD2 of the linear-quadratic model.
//!
//! Fowler 1989 (doi 10.1259/0007-1285-62-740-679); ICRU report 83. Repair is complete between fractions, repopulation is left out.
//! Doses are in Gray over all fractions, each fraction alike; for protons hand in the RBE-weighted dose.

use vestibule_geometry::Volume;

/// Why there is no biological dose.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BiologicalError {
    /// A ratio or a number of fractions that is none.
    #[error("{what} is {value}; expected a number above 0")]
    Value {
        /// Alpha/beta or fractions.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// A mask on another grid.
    #[error("a structure's mask has {mask:?} voxels, the dose {dose:?}: they must share a grid")]
    Grid {
        /// Voxels of the mask.
        mask: [usize; 3],
        /// Voxels of the dose.
        dose: [usize; 3],
    },
}

/// Biologically effective dose, Gray: D (1 + D / (n α/β)).
pub fn bed(total_gy: f64, fractions: f64, alpha_beta_gy: f64) -> f64 {
    total_gy * (1.0 + total_gy / (fractions * alpha_beta_gy))
}

/// Total dose in fractions of 2 Gy with the same effect, Gray.
pub fn eqd2(total_gy: f64, fractions: f64, alpha_beta_gy: f64) -> f64 {
    bed(total_gy, fractions, alpha_beta_gy) / (1.0 + 2.0 / alpha_beta_gy)
}

/// EQD2 of every voxel. `structures`: masks (1 inside) on the dose's grid with their α/β in Gray, later ones going before earlier
/// ones; `elsewhere`: α/β outside all of them.
pub fn eqd2_by_structure(
    dose: &Volume<f32>,
    fractions: u32,
    structures: &[(&Volume<u8>, f64)],
    elsewhere: f64,
) -> Result<Volume<f32>, BiologicalError> {
    let positive = |what, value: f64| match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(BiologicalError::Value { what, value }),
    };
    positive("the number of fractions", f64::from(fractions))?;
    positive("alpha/beta", elsewhere)?;
    for (mask, ratio) in structures {
        positive("alpha/beta", *ratio)?;
        if mask.grid != dose.grid || mask.data.len() != dose.data.len() {
            return Err(BiologicalError::Grid { mask: mask.grid.size, dose: dose.grid.size });
        }
    }
    let data = dose
        .data
        .iter()
        .enumerate()
        .map(|(o, gy)| {
            let ratio = structures.iter().rev().find(|s| s.0.data[o] != 0).map_or(elsewhere, |s| s.1);
            eqd2(f64::from(*gy), f64::from(fractions), ratio) as f32
        })
        .collect();
    Ok(Volume { grid: dose.grid.clone(), data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use proptest::prelude::*;
    use vestibule_geometry::Grid;

    #[test]
    fn textbook_values() {
        // 20 × 3 Gy at α/β 3: BED 120, EQD2 72; 30 × 2 Gy is its own EQD2 whatever α/β.
        assert!((bed(60.0, 20.0, 3.0) - 120.0).abs() < 1e-12);
        assert!((eqd2(60.0, 20.0, 3.0) - 72.0).abs() < 1e-12);
        assert!((eqd2(60.0, 30.0, 10.0) - 60.0).abs() < 1e-12);
    }

    #[test]
    fn each_structure_has_its_own_ratio() {
        let grid = Grid::axial([3, 1, 1], [1.0; 3], Point3::origin());
        let dose = Volume::filled(grid.clone(), 60f32);
        let mask = |data: [u8; 3]| Volume { grid: grid.clone(), data: data.to_vec() };
        let (a, b) = (mask([1, 1, 0]), mask([0, 1, 0]));
        let out = eqd2_by_structure(&dose, 20, &[(&a, 10.0), (&b, 3.0)], 2.0).unwrap();
        for (got, ratio) in out.data.iter().zip([10.0, 3.0, 2.0]) {
            assert!((f64::from(*got) - eqd2(60.0, 20.0, ratio)).abs() < 1e-4);
        }
        assert!(
            eqd2_by_structure(&dose, 0, &[], 3.0).is_err() && eqd2_by_structure(&dose, 5, &[(&a, 0.0)], 3.0).is_err()
        );
        let small = Volume::filled(Grid::axial([2, 1, 1], [1.0; 3], Point3::origin()), 1u8);
        assert!(matches!(eqd2_by_structure(&dose, 5, &[(&small, 3.0)], 3.0), Err(BiologicalError::Grid { .. })));
    }

    proptest! {
        /// More dose is more effect, fewer fractions are more effect, and it never falls below the dose.
        #[test]
        fn effect_rises(d in 0.0..80.0f64, n in 1.0..40.0f64, ab in 1.0..20.0f64) {
            prop_assert!(bed(d + 0.1, n, ab) > bed(d, n, ab) && bed(d, n, ab) >= d && bed(d, n + 1.0, ab) <= bed(d, n, ab));
        }
    }
}
