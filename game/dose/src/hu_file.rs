//! A calibration file: stopping powers outright, or densities and materials from which they are computed.

use crate::hu::{HuTableError, interpolate};
use crate::materials::Material;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A calibration as a file gives it: `points`, or `density` with `materials`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HuFile {
    pub name: String,
    pub source: String,
    #[serde(default)]
    pub series_description_contains: Vec<String>,
    #[serde(default)]
    pub points: Vec<(f64, f64)>,
    #[serde(default)]
    pub density: Vec<(f64, f64)>,
    #[serde(default)]
    pub materials: Vec<MaterialFrom>,
    #[serde(default)]
    pub scattering: Vec<(f64, f64)>,
}

/// From which HU on a material is taken: a named one, or elements in parts by mass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaterialFrom {
    from_hu: f64,
    material: Option<String>,
    elements: Option<BTreeMap<String, f64>>,
    mean_excitation_ev: Option<f64>,
}

impl MaterialFrom {
    fn material(&self) -> Result<Material, String> {
        match (&self.material, &self.elements) {
            (Some(name), None) if self.mean_excitation_ev.is_none() => Material::named(name).ok_or_else(|| {
                let names: Vec<&str> = Material::names().collect();
                format!("material '{name}' is not known; known are {}; or give its `elements`", names.join(", "))
            }),
            (Some(_), None) => Err("`mean_excitation_ev` belongs to `elements`, not to a named material".to_owned()),
            (None, Some(parts)) => Material::of_elements(parts, self.mean_excitation_ev),
            _ => Err("give either `material` (a name) or `elements` (parts by mass)".to_owned()),
        }
    }
}

/// Width of the step from one material to the next, HU.
const MATERIAL_EDGE_HU: f64 = 1e-3;

impl HuFile {
    fn fail(&self, point: usize, why: String) -> HuTableError {
        HuTableError::Point { name: self.name.clone(), point, why }
    }

    /// Stopping and scattering powers of the densities and materials.
    pub fn computed(&self) -> Result<[Vec<(f64, f64)>; 2], HuTableError> {
        if !self.points.is_empty() {
            return Err(self.fail(1, "give `points` or `density` with `materials`, not both".to_owned()));
        }
        if self.density.len() < 2 || self.materials.is_empty() {
            return Err(self.fail(0, "`density` needs at least two points, `materials` at least one".to_owned()));
        }
        for (i, (hu, density)) in self.density.iter().enumerate() {
            if !(hu.is_finite() && hu.abs() <= 1e6 && (0.0..=25.0).contains(density)) {
                return Err(self.fail(i + 1, format!("HU {hu}, density {density} g/cm³: expected 0 to 25")));
            }
            if i > 0 && *hu <= self.density[i - 1].0 {
                return Err(self.fail(i + 1, "HU must rise from point to point of `density`".to_owned()));
            }
        }
        let mut kinds: Vec<(f64, Material)> = Vec::new();
        for (i, entry) in self.materials.iter().enumerate() {
            let bad = |why: String| self.fail(i + 1, format!("`materials`: {why}"));
            if !(entry.from_hu.is_finite() && kinds.last().is_none_or(|k| entry.from_hu > k.0 + 1.0)) {
                return Err(bad(format!("from HU {}: HU must rise by more than 1", entry.from_hu)));
            }
            kinds.push((entry.from_hu, entry.material().map_err(bad)?));
        }
        // Between the knots of the density and the edges of the materials everything is a straight line.
        let (first, last) = (self.density[0].0, self.density[self.density.len() - 1].0);
        let mut at: Vec<f64> = self.density.iter().map(|d| d.0).collect();
        for (from, _) in &kinds[1..] {
            at.extend([from - MATERIAL_EDGE_HU, *from].into_iter().filter(|h| *h > first && *h < last));
        }
        at.sort_by(f64::total_cmp);
        at.dedup_by(|b, a| *b - *a < 0.5 * MATERIAL_EDGE_HU);
        let mut powers: Vec<(f64, f64)> = Vec::new();
        let mut stopping = Vec::new();
        for hu in at {
            let kind = kinds.partition_point(|k| k.0 <= hu + 0.25 * MATERIAL_EDGE_HU).max(1) - 1;
            let (density, material) = (interpolate(&self.density, hu), &kinds[kind].1);
            stopping.push((hu, density * material.stopping_per_density()));
            powers.push((density * material.stopping_per_density(), density * material.scattering_per_density()));
        }
        powers.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Where two materials stop alike, the mean of how they scatter.
        let mut scattering: Vec<(f64, f64)> = vec![(0.0, 0.0)];
        let mut alike = 1.0;
        for (stops, scatters) in powers {
            match scattering.last_mut() {
                Some(last) if stops - last.0 < 1e-3 => {
                    if last.0 > 0.0 {
                        alike += 1.0;
                        last.1 += (scatters - last.1) / alike;
                    }
                }
                _ => {
                    scattering.push((stops, scatters));
                    alike = 1.0;
                }
            }
        }
        Ok([stopping, scattering])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hu::HuTable;

    /// Schneider's densities (his equations worked out by hand) times the stopping power of the tissue of that range.
    #[test]
    fn densities_and_materials_become_stopping_powers() {
        let text = include_str!("../../../assets/beams/hu-schneider-2000.json");
        let t = HuTable::from_json(text).unwrap();
        let water = |name: &str| Material::named(name).unwrap().stopping_per_density();
        for (hu, density, tissue) in
            [(-500.0, 0.51633, "lung"), (50.0, 1.06145, "schneider 6"), (1000.0, 1.609, "schneider 17")]
        {
            let (got, want) = (t.relative_stopping_power(hu), density * water(tissue));
            assert!((got / want - 1.0).abs() < 0.004, "HU {hu}: {got}, by hand {want}");
        }
        assert_eq!(t.limits(), [-1000.0, 2995.0]);
        assert!((t.relative_scattering_power(t.relative_stopping_power(1500.0)) - 2.6).abs() < 0.2);
    }

    #[test]
    fn a_wrong_material_is_named() {
        let error = |materials: &str| {
            let text =
                format!(r#"{{"name":"x","source":"","density":[[-1000,0],[1000,1.6]],"materials":[{materials}]}}"#);
            HuTable::from_json(&text).unwrap_err().to_string()
        };
        assert!(error(r#"{"from_hu":-1000,"material":"moon"}"#).contains("'moon' is not known"));
        assert!(error(r#"{"from_hu":0,"material":"water"},{"from_hu":-5,"material":"lung"}"#).contains("point 2"));
        assert!(error(r#"{"from_hu":0}"#).contains("either"));
        assert!(error(r#"{"from_hu":0,"elements":{"Q":3}}"#).contains("'Q' is not known"));
        assert!(error(r#"{"from_hu":0,"elements":{"H":0}}"#).contains("at least one element"));
        let both = r#"{"name":"x","source":"","points":[[0,1],[1,2]],"density":[[0,1],[1,2]],"materials":[{"from_hu":0,"material":"water"}]}"#;
        assert!(HuTable::from_json(both).unwrap_err().to_string().contains("not both"));
    }
}
