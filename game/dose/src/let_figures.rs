//! LETd and variable RBE of a structure, in figures.

use crate::LetGrid;
use crate::rbe::mcnamara_rbe;
use vestibule_geometry::{Contour, Volume, contour};

/// Part of the maximum dose above which LETd figures of a structure count.
pub const LET_COUNTS_ABOVE: f64 = 0.1;

/// LETd of a structure, over the voxels of the dose grid in it whose dose counts ([`LET_COUNTS_ABOVE`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LetFigures {
    /// Of the voxels that count.
    pub volume_cm3: f64,
    /// keV/µm.
    pub mean: f64,
    /// keV/µm.
    pub max: f64,
}

/// Dose and LETd of the voxels in a structure whose dose counts.
fn counted<'a>(
    let_d: &'a Volume<f32>,
    dose: &'a Volume<f64>,
    mask: &'a Volume<u8>,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    let least = LET_COUNTS_ABOVE * dose.data.iter().copied().fold(0.0, f64::max);
    let all = mask.data.iter().zip(&dose.data).zip(&let_d.data);
    all.filter(move |((m, d), _)| **m != 0 && **d > least).map(|((_, d), l)| (*d, f64::from(*l)))
}

impl LetFigures {
    /// `let_d` (keV/µm) lies on the grid of `dose`. None where no voxel counts.
    pub fn new(let_d: &Volume<f32>, dose: &Volume<f64>, contours: &[Contour]) -> Option<Self> {
        let mask = contour::mask(contours, &dose.grid);
        let (mut n, mut sum, mut max) = (0usize, 0.0, 0.0f64);
        for (_, l) in counted(let_d, dose, &mask) {
            (n, sum, max) = (n + 1, sum + l, max.max(l));
        }
        let voxel_cm3 = dose.grid.spacing_mm.iter().product::<f64>() / 1000.0;
        (n > 0).then(|| Self { volume_cm3: n as f64 * voxel_cm3, mean: sum / n as f64, max })
    }
}

/// The RBE by McNamara 2015 of a structure: its mean RBE-weighted dose over its mean physical dose, where the dose counts,
/// for the grid's dose as one fraction and each photon α/β (Gray, above 0). None where no voxel counts.
pub fn structure_rbe<const N: usize>(
    grid: &LetGrid,
    contours: &[Contour],
    alpha_beta_gy: [f64; N],
) -> Option<[f64; N]> {
    let mask = contour::mask(contours, &grid.dose_gy.grid);
    let (mut physical, mut weighted) = (0.0, [0.0; N]);
    for (d, l) in counted(&grid.kev_per_um, &grid.dose_gy, &mask) {
        physical += d;
        for (w, ratio) in weighted.iter_mut().zip(alpha_beta_gy) {
            *w += d * mcnamara_rbe(d, l, ratio);
        }
    }
    (physical > 0.0).then(|| weighted.map(|w| w / physical))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LetProtons;
    use nalgebra::Point3;
    use vestibule_geometry::Grid;

    #[test]
    fn only_what_counts_is_counted() {
        // four voxels of 2 mm in a row, three of them in the square; the first has too little dose
        let grid = Grid::axial([4, 1, 1], [2.0; 3], Point3::origin());
        let dose = Volume { grid: grid.clone(), data: vec![0.1, 1.0, 2.0, 3.0] };
        let let_d = Volume { grid, data: vec![9.0, 2.0, 5.0, 8.0] };
        let square = [[-1.0, -1.0], [5.0, -1.0], [5.0, 1.0], [-1.0, 1.0]];
        let contours = [Contour { points: square.map(|[x, y]| Point3::new(x, y, 0.0)).to_vec() }];
        let figures = LetFigures::new(&let_d, &dose, &contours).unwrap();
        assert_eq!(figures, LetFigures { volume_cm3: 2.0 * 0.008, mean: 3.5, max: 5.0 });
        let by_hand = (mcnamara_rbe(1.0, 2.0, 2.0) + 2.0 * mcnamara_rbe(2.0, 5.0, 2.0)) / 3.0;
        let both = LetGrid { kev_per_um: let_d, protons: LetProtons::Primary, dose_gy: dose };
        let [rbe] = structure_rbe(&both, &contours, [2.0]).unwrap();
        assert!((rbe - by_hand).abs() < 1e-12, "{rbe} {by_hand}");
        assert!(structure_rbe(&both, &[], [2.0]).is_none());
    }
}
