//! A machine as a few solids, described in a small file.

use super::solid::{MOST_MM, Solid};
use crate::Frames;
use nalgebra::{Isometry3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a part stands on: the axes in which its place is given. All have their origin at the isocentre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mount {
    /// IEC fixed axes: walls.
    Fixed,
    /// IEC gantry axes: z towards the source.
    Gantry,
    /// IEC gantry axes moved along z by the snout's position: z = 0 is the snout's downstream side.
    Snout,
    /// IEC table-top axes, as the table stands at the treatment position without travel.
    TableTop,
}

/// One part of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// What it stands on.
    pub mount: Mount,
    /// Its solid's origin there, mm.
    pub at_mm: [f64; 3],
    /// How its solid is turned there: about x, then y, then z of the mount, degrees.
    #[serde(default)]
    pub turn_deg: [f64; 3],
    /// Its shape.
    pub solid: Solid,
}

/// A machine as solids. Reading one checks it; what is wrong is said with the part's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "File")]
pub struct MachineSolids {
    /// Stands beside every distance.
    pub name: String,
    /// Where the sizes come from.
    pub source: String,
    /// Snout position (isocentre to its downstream side) when drawn back, mm. Needed where a part is mounted on the snout.
    pub snout_retracted_mm: Option<f64>,
    /// Nearest position of the snout, mm.
    pub snout_nearest_mm: Option<f64>,
    /// Height (z in table-top axes) of what the patient lies on as the table stands without travel, mm.
    pub table_surface_mm: Option<f64>,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// A machine file before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    source: String,
    #[serde(default)]
    snout_retracted_mm: Option<f64>,
    #[serde(default)]
    snout_nearest_mm: Option<f64>,
    #[serde(default)]
    table_surface_mm: Option<f64>,
    parts: Vec<Part>,
}

/// Why a machine file cannot be used.
#[derive(Debug, Error, PartialEq)]
pub enum MachineSolidsError {
    /// Too many parts, or none.
    #[error("a machine has 1 to 200 parts, not {0}")]
    Parts(usize),
    /// One of its own numbers.
    #[error("{key} is {value}: it must lie between {low} and {high} mm")]
    Number {
        /// Which.
        key: &'static str,
        /// What it is.
        value: f64,
        /// Least.
        low: f64,
        /// Most.
        high: f64,
    },
    /// A part.
    #[error("part '{name}' {why}")]
    Part {
        /// Which.
        name: String,
        /// A sentence without its subject.
        why: String,
    },
}

impl TryFrom<File> for MachineSolids {
    type Error = MachineSolidsError;

    fn try_from(f: File) -> Result<Self, MachineSolidsError> {
        if !(1..=200).contains(&f.parts.len()) {
            return Err(MachineSolidsError::Parts(f.parts.len()));
        }
        let number = |key, value: Option<f64>, low: f64, high: f64| match value {
            Some(value) if !(low..=high).contains(&value) => Err(MachineSolidsError::Number { key, value, low, high }),
            _ => Ok(()),
        };
        number("snout_retracted_mm", f.snout_retracted_mm, 0.0, MOST_MM)?;
        number("snout_nearest_mm", f.snout_nearest_mm, 0.0, f.snout_retracted_mm.unwrap_or(MOST_MM))?;
        number("table_surface_mm", f.table_surface_mm, -MOST_MM, MOST_MM)?;
        for p in &f.parts {
            let wrong = |why: String| MachineSolidsError::Part { name: p.name.clone(), why };
            if let Some(why) = p.solid.wrong() {
                return Err(wrong(why));
            }
            if p.at_mm.iter().chain(&p.turn_deg).any(|v| v.is_nan() || v.abs() > MOST_MM) {
                return Err(wrong(format!("needs at_mm within {MOST_MM} mm and turn_deg within 360")));
            }
            if p.mount == Mount::TableTop && matches!(p.solid, Solid::Cone { .. }) {
                return Err(wrong("is a cone on the table top: a cylinder, box or prism may stand there".to_owned()));
            }
            if p.mount != Mount::TableTop && !p.solid.is_convex() {
                return Err(wrong("has a hollow outline: parted into convex prisms it may stand there".to_owned()));
            }
            if p.mount == Mount::Snout && f.snout_retracted_mm.is_none() {
                return Err(wrong("stands on the snout, and the file has no snout_retracted_mm".to_owned()));
            }
        }
        Ok(Self {
            name: f.name,
            source: f.source,
            snout_retracted_mm: f.snout_retracted_mm,
            snout_nearest_mm: f.snout_nearest_mm,
            table_surface_mm: f.table_surface_mm,
            parts: f.parts,
        })
    }
}

impl Part {
    /// The solid's own axes → those of the mount, mm.
    pub fn pose(&self) -> Isometry3<f64> {
        let about = |axis, deg: f64| Rotation3::from_axis_angle(&axis, deg.to_radians());
        let [x, y, z] = self.turn_deg;
        let turn = about(Vector3::z_axis(), z) * about(Vector3::y_axis(), y) * about(Vector3::x_axis(), x);
        Isometry3::from_parts(Translation3::from(self.at_mm), UnitQuaternion::from_rotation_matrix(&turn))
    }
}

impl MachineSolids {
    /// Travel of the table (IEC table-top axes, mm) that brings its surface under the lowest point of the body (DICOM patient mm);
    /// none where the file has no surface or there is no body.
    pub fn table_under(&self, frames: &Frames, body: &[Point3<f64>]) -> [f64; 3] {
        let turn = frames.position.to_table_top();
        let low = body.iter().map(|p| (turn * (p - frames.isocentre_mm)).z).fold(f64::INFINITY, f64::min);
        match self.table_surface_mm {
            Some(surface) if low.is_finite() => [0.0, 0.0, low - surface],
            _ => [0.0; 3],
        }
    }
}
