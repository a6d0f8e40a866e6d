//! LETd by structure and the alpha/beta of a variable RBE.

use super::materials::NamedPower;
use crate::output::Failure;
use serde_json::{Value, json};
use vestibule_dose::LetProtons;
use vestibule_geometry::{Grid, Volume, contour};
use vestibule_patient::StructureSet;

/// Part of the maximum dose above which LETd figures of a structure count.
pub const LET_COUNTS_ABOVE: f64 = 0.1;

/// Which variable RBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RbeModel {
    /// McNamara, Schuemann and Paganetti 2015
    Mcnamara,
}

/// Whose LETd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protons {
    /// The beam's own, until they react
    Primary,
    /// Secondary protons too
    All,
}

impl From<Protons> for LetProtons {
    fn from(p: Protons) -> Self {
        match p {
            Protons::Primary => Self::Primary,
            Protons::All => Self::All,
        }
    }
}

/// One alpha/beta of `--alpha-beta`.
pub fn ratio(text: &str) -> Result<(Option<String>, f64), String> {
    let wrong = || "write an alpha/beta in Gray above 0, for all (2) or for one structure (CTV=10)".to_owned();
    let (name, value) = match text.rsplit_once('=') {
        Some((name, value)) if !name.trim().is_empty() => (Some(name.trim().to_owned()), value),
        Some(_) => return Err(wrong()),
        None => (None, text),
    };
    let value: f64 = value.trim().parse().map_err(|_| wrong())?;
    if value > 0.0 && value.is_finite() { Ok((name, value)) } else { Err(wrong()) }
}

/// LETd of each structure where the dose counts.
pub struct LetRow {
    pub name: String,
    /// Of the voxels that count.
    pub volume_cm3: f64,
    /// Over those voxels, keV/µm.
    pub mean: f64,
    /// Of those voxels, keV/µm.
    pub max: f64,
}

impl LetRow {
    /// As it stands in the JSON.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "volume_cm3": self.volume_cm3,
            "mean_kev_per_um": self.mean,
            "max_kev_per_um": self.max,
        })
    }
}

/// Masks of the structures that have an alpha/beta of their own, on the dose grid.
pub fn ratio_masks(
    ratios: &[(Option<String>, f64)],
    structures: Option<&StructureSet>,
    grid: &Grid,
) -> Result<Vec<(Volume<u8>, f64)>, Failure> {
    let named = ratios.iter().filter_map(|(name, ratio)| Some((name.as_ref()?, *ratio)));
    named
        .map(|(name, ratio)| {
            let s = NamedPower::structure(name, structures, "--alpha-beta")?;
            Ok((contour::mask(&s.contours, grid), ratio))
        })
        .collect()
}

/// Mean and largest LETd of every structure with a voxel (of the dose grid) whose dose counts.
pub fn let_rows(let_d: &Volume<f32>, dose: &Volume<f64>, structures: Option<&StructureSet>) -> Vec<LetRow> {
    let least = LET_COUNTS_ABOVE * dose.data.iter().copied().fold(0.0, f64::max);
    let voxel_cm3 = dose.grid.spacing_mm.iter().product::<f64>() / 1000.0;
    let drawn = structures.iter().flat_map(|s| &s.structures).filter(|s| !s.contours.is_empty());
    drawn
        .filter_map(|s| {
            let mask = contour::mask(&s.contours, &dose.grid);
            let counted = mask.data.iter().zip(&dose.data).zip(&let_d.data);
            let values: Vec<f64> =
                counted.filter(|((m, d), _)| **m != 0 && **d > least).map(|(_, l)| f64::from(*l)).collect();
            (!values.is_empty()).then(|| LetRow {
                name: s.name.clone(),
                volume_cm3: values.len() as f64 * voxel_cm3,
                mean: values.iter().sum::<f64>() / values.len() as f64,
                max: values.iter().copied().fold(0.0, f64::max),
            })
        })
        .collect()
}
