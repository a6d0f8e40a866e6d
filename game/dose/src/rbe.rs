//! Variable relative biological effectiveness of protons, a research display.
//!
//! McNamara, Schuemann and Paganetti, *A phenomenological relative biological effectiveness (RBE) model for proton therapy
//! based on all published in vitro cell survival data*, Phys. Med. Biol. 60 (2015) 8399: the linear-quadratic model with
//! `RBEmax = 0.99064 + 0.35605 LETd/(α/β)` (small doses) and `RBEmin = 1.1012 − 0.0038703 √(α/β) LETd` (large ones).
//! α/β is the tissue's for photons. The data behind it are cells in dishes, most of them below 20 keV/µm and α/β of 1 to 30 Gy.

use crate::biological::BiologicalError;
use vestibule_geometry::Volume;

/// Stands beside every number, picture and file that comes from here; 58 characters, so that DICOM's 64 hold it.
pub const VARIABLE_RBE_NAME: &str = "simplified; variable RBE (McNamara 2015), research display";

/// RBE for small doses.
pub fn mcnamara_rbe_max(let_kev_per_um: f64, alpha_beta_gy: f64) -> f64 {
    0.990_64 + 0.356_05 * let_kev_per_um / alpha_beta_gy
}

/// RBE for large doses; where the formula falls below 0 (far from any data) 0 is meant.
pub fn mcnamara_rbe_min(let_kev_per_um: f64, alpha_beta_gy: f64) -> f64 {
    (1.1012 - 0.003_870_3 * alpha_beta_gy.sqrt() * let_kev_per_um).max(0.0)
}

/// RBE at a physical dose in one fraction (Gray, 0 or more), an LETd (keV/µm) and a photon α/β (Gray, above 0).
pub fn mcnamara_rbe(fraction_gy: f64, let_kev_per_um: f64, alpha_beta_gy: f64) -> f64 {
    let (most, least) =
        (mcnamara_rbe_max(let_kev_per_um, alpha_beta_gy), mcnamara_rbe_min(let_kev_per_um, alpha_beta_gy));
    // (√(r² + 4 D r max + 4 D² min²) − r) / 2 D, without the difference of two like numbers and without dividing by D.
    let (d, r) = (fraction_gy, alpha_beta_gy);
    let root = (r * r + 4.0 * d * r * most + 4.0 * d * d * least * least).sqrt();
    2.0 * (r * most + d * least * least) / (root + r)
}

/// RBE-weighted dose of the course. `dose`: physical Gray of all fractions, each alike; `let_d`: keV/µm on the same grid;
/// `structures`: masks (1 inside) on that grid with their α/β in Gray, later ones going before earlier ones; `elsewhere`:
/// α/β outside all of them.
///
/// # Errors
/// A number of fractions or an α/β that is not above 0, and what does not lie on the dose's grid.
pub fn mcnamara_dose(
    dose: &Volume<f32>,
    let_d: &Volume<f32>,
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
    let other = |size| BiologicalError::Grid { mask: size, dose: dose.grid.size };
    if let_d.grid != dose.grid || let_d.data.len() != dose.data.len() {
        return Err(other(let_d.grid.size));
    }
    for (mask, ratio) in structures {
        positive("alpha/beta", *ratio)?;
        if mask.grid != dose.grid || mask.data.len() != dose.data.len() {
            return Err(other(mask.grid.size));
        }
    }
    let n = f64::from(fractions);
    let weighted = |(o, (gy, kev)): (usize, (&f32, &f32))| {
        let ratio = structures.iter().rev().find(|s| s.0.data[o] != 0).map_or(elsewhere, |s| s.1);
        let gy = f64::from(*gy);
        (gy * mcnamara_rbe(gy / n, f64::from(*kev), ratio)) as f32
    };
    let data = dose.data.iter().zip(&let_d.data).enumerate().map(weighted).collect();
    Ok(Volume { grid: dose.grid.clone(), data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use proptest::prelude::*;
    use vestibule_geometry::Grid;

    /// Worked out by hand from the paper's formula: α/β 2 Gy, 2.5 keV/µm, 2 Gy a fraction: RBEmax 1.4357025,
    /// RBEmin 1.0875164; √(4 + 22.97124 + 18.92307) = √45.89431 = 6.774534; (6.774534 − 2)/4 = 1.1936335.
    #[test]
    fn hand_calculated_values() {
        assert!((mcnamara_rbe_max(2.5, 2.0) - 1.435_702_5).abs() < 1e-9);
        assert!((mcnamara_rbe_min(2.5, 2.0) - 1.087_516_4).abs() < 1e-7);
        assert!((mcnamara_rbe(2.0, 2.5, 2.0) - 1.193_633_5).abs() < 1e-7);
        // α/β 10 Gy, 8 keV/µm, 1.8 Gy: max 1.27548, min 1.0032883; √(100 + 91.83456 + 13.04537) = 14.313628; 4.313628/3.6.
        assert!((mcnamara_rbe(1.8, 8.0, 10.0) - 1.198_229_9).abs() < 1e-7);
    }

    #[test]
    fn its_limits_are_rbe_max_and_rbe_min() {
        for (kev, ratio) in [(0.0, 3.0), (1.0, 2.0), (12.0, 10.0)] {
            assert!((mcnamara_rbe(0.0, kev, ratio) - mcnamara_rbe_max(kev, ratio)).abs() < 1e-12);
            assert!((mcnamara_rbe(1e9, kev, ratio) - mcnamara_rbe_min(kev, ratio)).abs() < 1e-6);
        }
        // Without LET the α/β no longer counts at the ends: 0.99064 and 1.1012.
        assert!((mcnamara_rbe(1e-9, 0.0, 5.0) - 0.990_64).abs() < 1e-6);
        assert!((mcnamara_rbe(1e7, 0.0, 5.0) - 1.1012).abs() < 1e-5);
        assert!(mcnamara_rbe(2.0, 500.0, 20.0) > 0.0);
    }

    #[test]
    fn a_course_is_weighted_by_its_fractions_and_each_structure_by_its_ratio() {
        let grid = Grid::axial([3, 1, 1], [1.0; 3], Point3::origin());
        let (dose, kev) = (Volume::filled(grid.clone(), 60f32), Volume::filled(grid.clone(), 2.5f32));
        let mask = |data: [u8; 3]| Volume { grid: grid.clone(), data: data.to_vec() };
        let (a, b) = (mask([1, 1, 0]), mask([0, 1, 0]));
        let out = mcnamara_dose(&dose, &kev, 30, &[(&a, 10.0), (&b, 3.0)], 2.0).unwrap();
        for (got, ratio) in out.data.iter().zip([10.0, 3.0, 2.0]) {
            assert!((f64::from(*got) - 60.0 * mcnamara_rbe(2.0, 2.5, ratio)).abs() < 1e-4);
        }
        let small = Volume::filled(Grid::axial([2, 1, 1], [1.0; 3], Point3::origin()), 1f32);
        assert!(matches!(mcnamara_dose(&dose, &small, 30, &[], 2.0), Err(BiologicalError::Grid { .. })));
        assert!(mcnamara_dose(&dose, &kev, 0, &[], 2.0).is_err() && mcnamara_dose(&dose, &kev, 3, &[], -1.0).is_err());
    }

    proptest! {
        /// The stable form is the paper's own, and the RBE lies between its two limits.
        #[test]
        fn it_is_the_papers_formula(d in 0.05..20.0f64, kev in 0.0..20.0f64, r in 1.0..20.0f64) {
            let (most, least) = (mcnamara_rbe_max(kev, r), mcnamara_rbe_min(kev, r));
            let paper = ((r * r + 4.0 * d * r * most + 4.0 * d * d * least * least).sqrt() - r) / (2.0 * d);
            let got = mcnamara_rbe(d, kev, r);
            prop_assert!((got / paper - 1.0).abs() < 1e-9);
            prop_assert!(got >= most.min(least) - 1e-12 && got <= most.max(least) + 1e-12);
        }
    }
}
