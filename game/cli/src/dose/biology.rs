//! LETd by structure and the alpha/beta of a variable RBE.

use super::materials::NamedPower;
use crate::output::Failure;
use serde_json::{Value, json};
use vestibule_dose::{LetFigures, LetProtons};
use vestibule_geometry::{Grid, Volume, contour};
use vestibule_patient::{Structure, StructureSet};

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
    pub figures: LetFigures,
}

impl LetRow {
    /// As it stands in the JSON.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "volume_cm3": self.figures.volume_cm3,
            "mean_kev_per_um": self.figures.mean,
            "max_kev_per_um": self.figures.max,
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
    let drawn = structures.iter().flat_map(|s| &s.structures).filter(|s| !s.contours.is_empty());
    let row =
        |s: &Structure| Some(LetRow { name: s.name.clone(), figures: LetFigures::new(let_d, dose, &s.contours)? });
    drawn.filter_map(row).collect()
}
