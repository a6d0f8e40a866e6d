//! CT numbers to stopping power relative to water, by a table per scanner.

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
}

impl HuTable {
    /// From JSON (see docs/machine.md), checked.
    pub fn from_json(text: &str) -> Result<Self, HuTableError> {
        let table: Self = serde_json::from_str(text)?;
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
        let i = self.points.partition_point(|p| p.0 <= hu);
        if i == 0 {
            return self.points[0].1;
        }
        let (x0, y0) = self.points[i - 1];
        let Some(&(x1, y1)) = self.points.get(i) else { return y0 };
        y0 + (y1 - y0) * (hu - x0) / (x1 - x0)
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
