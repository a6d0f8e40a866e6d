//! CT numbers to stopping power relative to water, by a table per scanner.
//!
//! A calibration gives stopping powers outright, or mass densities and materials, from which they are computed
//! ([`crate::materials`]).

use crate::hu_file::HuFile;
use crate::materials::REFERENCE_MEV;
use serde::{Deserialize, Serialize};
use vestibule_patient::Image;

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HuTableError {
    /// Not the JSON that is documented.
    #[error("calibration: {0}; docs/machine.md shows the form")]
    Form(#[from] serde_json::Error),
    /// Points out of order or out of range.
    #[error("calibration '{name}', point {point}: {why}")]
    Point {
        /// Name of the table.
        name: String,
        /// Which point, from 1.
        point: usize,
        /// What is wrong.
        why: String,
    },
}

/// A piecewise linear table HU → relative stopping power. Under the first and over the last point their values hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuTable {
    /// Shown beside every dose.
    pub name: String,
    /// Where the numbers come from.
    pub source: String,
    /// The table is chosen for a series whose description contains one of these.
    #[serde(default)]
    pub series_description_contains: Vec<String>,
    /// (HU, relative stopping power), HU rising, at least two.
    pub points: Vec<(f64, f64)>,
    /// (relative stopping power, scattering power relative to water's), the first rising; the bodies' tissues where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scattering: Vec<(f64, f64)>,
}

/// Scattering power of tissues relative to water's, by their relative stopping power: compositions of ICRU 44 and 46
/// (lung, adipose, muscle, skin, spongiosa, cranium, mandible, cortical bone), Gottschalk's scattering length, the Bethe
/// formula at 100 MeV.
const TISSUE_SCATTERING: [(f64, f64); 11] = [
    (0.0, 0.0),
    (0.258, 0.257),
    (0.9, 0.80),
    (0.969, 0.88),
    (1.0, 1.0),
    (1.041, 1.027),
    (1.081, 1.05),
    (1.143, 1.244),
    (1.461, 2.104),
    (1.514, 2.238),
    (1.690, 2.726),
];

/// Straight lines between points; under the first and over the last their own values hold.
pub(crate) fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let i = points.partition_point(|p| p.0 <= x);
    if i == 0 {
        return points[0].1;
    }
    let (x0, y0) = points[i - 1];
    let Some(&(x1, y1)) = points.get(i) else { return y0 };
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

impl HuTable {
    /// From JSON (see docs/machine.md), checked.
    pub fn from_json(text: &str) -> Result<Self, HuTableError> {
        let mut file: HuFile = serde_json::from_str(text)?;
        if !(file.density.is_empty() && file.materials.is_empty()) {
            let [stopping, scattering] = file.computed()?;
            file.points = stopping;
            if file.scattering.is_empty() {
                file.scattering = scattering;
            }
            file.source.push_str(&format!("; stopping powers by the Bethe formula at {REFERENCE_MEV} MeV"));
        }
        let HuFile { name, source, series_description_contains, points, scattering, .. } = file;
        let table = Self { name, source, series_description_contains, points, scattering };
        table.check()?;
        Ok(table)
    }

    fn check(&self) -> Result<(), HuTableError> {
        let fail =
            |point: usize, why: &str| Err(HuTableError::Point { name: self.name.clone(), point, why: why.into() });
        if self.points.len() < 2 {
            return fail(self.points.len(), "a table needs at least two points");
        }
        for (i, (hu, rsp)) in self.points.iter().enumerate() {
            if !hu.is_finite() || !rsp.is_finite() || *rsp < 0.0 || *rsp > 10.0 {
                return fail(i + 1, &format!("HU {hu}, relative stopping power {rsp}: expected 0 to 10"));
            }
            if i > 0 && *hu <= self.points[i - 1].0 {
                return fail(i + 1, "HU must rise from point to point");
            }
        }
        for (i, (rsp, power)) in self.scattering.iter().enumerate() {
            if !(*rsp >= 0.0 && rsp.is_finite() && *power >= 0.0 && *power <= 100.0) {
                return fail(i + 1, &format!("scattering power {power} at stopping power {rsp}: expected 0 to 100"));
            }
            if i > 0 && *rsp <= self.scattering[i - 1].0 {
                return fail(i + 1, "stopping power must rise from point to point of `scattering`");
            }
        }
        Ok(())
    }

    /// The tables that come with the program: the default for a CT, then those for special series.
    pub fn built_in() -> Vec<Self> {
        [include_str!("../../../assets/beams/hu-default.json"), include_str!("../../../assets/beams/hu-spr-map.json")]
            .iter()
            .filter_map(|text| Self::from_json(text).ok())
            .collect()
    }

    /// The built-in table for an image: by its series description, else the default for a CT.
    pub fn for_image(image: &Image) -> Self {
        let mut tables = Self::built_in();
        let chosen = tables
            .iter()
            .position(|t| t.series_description_contains.iter().any(|d| image.description.contains(d.as_str())))
            .unwrap_or(0);
        tables.swap_remove(chosen)
    }

    /// Relative stopping power at `hu`.
    pub fn relative_stopping_power(&self, hu: f64) -> f64 {
        interpolate(&self.points, hu)
    }

    /// Scattering power relative to water's of what stops `relative` times as much as water. Over the last point it goes on
    /// in proportion.
    pub fn relative_scattering_power(&self, relative: f64) -> f64 {
        let points: &[(f64, f64)] = if self.scattering.is_empty() { &TISSUE_SCATTERING } else { &self.scattering };
        let last = points[points.len() - 1];
        if relative > last.0 && last.0 > 0.0 { last.1 * relative / last.0 } else { interpolate(points, relative) }
    }

    /// Lowest and highest HU of the table.
    pub fn limits(&self) -> [f64; 2] {
        [self.points[0].0, self.points[self.points.len() - 1].0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_tables_are_whole_and_water_is_one() {
        let tables = HuTable::built_in();
        assert_eq!(tables.len(), 2);
        for t in &tables {
            assert!((t.relative_stopping_power(0.0) - 1.0).abs() < 1e-12, "{}", t.name);
        }
        assert!((tables[1].relative_stopping_power(250.0) - 1.25).abs() < 1e-12);
        assert!((tables[0].relative_stopping_power(-5000.0) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn a_table_out_of_order_is_refused_by_its_point() {
        let e = HuTable::from_json(r#"{"name":"x","source":"","points":[[0,1],[-5,0.9]]}"#).unwrap_err().to_string();
        assert!(e.contains("point 2") && e.contains("rise"), "{e}");
    }
}
