//! What lies along one ray through the patient: depth in mm and in water, HU, stopping power, dose; and where a proton
//! of some energy would stop on it.
//!
//! [`RayProbe`] holds the stopping powers that the engine computes with, for a hand that points; [`RayProbe::along`]
//! takes tens of microseconds. [`AlongRay::bragg`] lays the engine's depth dose in water ([`BraggInWater`]) on the ray.

mod bragg_along;

pub use bragg_along::{BraggAlong, BraggInWater, BraggPoint};

use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::overrides::Materials;
use crate::stopping::StoppingMap;
use nalgebra::{Point3, Vector3};
use vestibule_geometry::{Volume, ray};
use vestibule_patient::Image;

/// Relative stopping power from which on a voxel is tissue, where no outline of the body is known: above air and foam,
/// below lung that is breathed in.
pub const TISSUE_RELATIVE_STOPPING_POWER: f64 = 0.1;

/// Why there is nothing along a ray.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum AlongError {
    #[error("the ray has no direction, or its start or direction is no number")]
    Ray,
    #[error(
        "the CT that is asked has {got:?} voxels, the one the stopping powers were made of {want:?}: make them anew"
    )]
    OtherCt { got: [usize; 3], want: [usize; 3] },
    #[error("{energy_mev} MeV is outside machine '{machine}' ({low} to {high} MeV)")]
    Energy { energy_mev: f64, machine: String, low: f64, high: f64 },
    #[error("{0} mm of water before the body: expected 0 to 400 mm")]
    Before(f64),
    #[error("the ray does not meet the body")]
    Misses,
}

/// A CT's stopping powers as the engine takes them, ready to be asked along any ray. Immutable; 4 bytes a voxel of the
/// box around the body and the supports. Made in the time that a pass over the CT takes.
#[derive(Clone, Debug)]
pub struct RayProbe {
    map: StoppingMap,
    /// Of the CT; and of its voxels the first that `map` holds.
    ct_size: [usize; 3],
    low: [usize; 3],
    outlined: bool,
}

/// What a voxel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Inside the outline of the body (anywhere on the CT, where there is none).
    Body,
    /// In a couch or an immobilisation that was named; stops the beam, gets no dose.
    Support,
    /// Neither; the engine lets nothing stop there.
    Outside,
}

/// One voxel of the CT that the ray crosses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RaySample {
    /// Where the ray enters the voxel, mm from its start.
    pub near_mm: f64,
    /// Where it leaves it, mm from its start.
    pub far_mm: f64,
    /// CT number, HU.
    pub hu: f64,
    /// Stopping power relative to water as the engine takes it: 0 outside body and supports.
    pub relative_stopping_power: f64,
    /// Water-equivalent depth from the start to `far_mm`, mm.
    pub water_mm: f64,
    /// Dose by trilinear interpolation in the middle of the piece, in the dose's unit; None without a dose or beside
    /// its grid.
    pub dose: Option<f64>,
    /// What it belongs to.
    pub place: Place,
}

/// By what a ray is said to enter the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnteredBy {
    /// The outline of the body.
    Outline,
    /// No outline is known: the first voxel of [`TISSUE_RELATIVE_STOPPING_POWER`] or more.
    FirstTissue,
}

/// Where a ray enters the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// mm from the ray's start; 0 where it starts inside.
    pub depth_mm: f64,
    /// Water-equivalent depth there, mm (supports lie before it).
    pub water_mm: f64,
    /// By which rule.
    pub by: EnteredBy,
}

/// A ray with what lies on it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlongRay {
    /// DICOM patient mm.
    pub start: Point3<f64>,
    /// Of length 1.
    pub direction: Vector3<f64>,
    /// Every voxel of the CT that it crosses, in order; empty where it misses the CT.
    pub samples: Vec<RaySample>,
    /// Where it enters the body; None where it does not.
    pub entry: Option<Entry>,
}

impl RayProbe {
    /// As [`crate::PreparedPlan::with_materials`] takes them: CT in HU; the body's mask on its grid, or None; the
    /// calibration; other materials and supports.
    pub fn new(
        ct: &Image,
        body: Option<&Volume<u8>>,
        hu: &HuTable,
        materials: &Materials<'_>,
    ) -> Result<Self, ComputeError> {
        let map = StoppingMap::new(ct, body, hu, materials)?;
        let first = ct.volume.grid.to_index(map.relative.grid.origin_mm);
        let low = [0, 1, 2].map(|a| first[a].round().max(0.0) as usize);
        Ok(Self { map, ct_size: ct.volume.grid.size, low, outlined: body.is_some() })
    }

    /// What lies along the ray from `start` (DICOM patient mm) in `direction` (any length) to the far side of the CT,
    /// voxel by voxel without a stepping error. `ct`: the volume the probe was made of. `dose`: any grid in the same
    /// frame.
    pub fn along(
        &self,
        ct: &Volume<f32>,
        dose: Option<&Volume<f32>>,
        start: Point3<f64>,
        direction: Vector3<f64>,
    ) -> Result<AlongRay, AlongError> {
        if ct.grid.size != self.ct_size {
            return Err(AlongError::OtherCt { got: ct.grid.size, want: self.ct_size });
        }
        let direction = direction.try_normalize(1e-12).filter(|d| d.iter().all(|v| v.is_finite()));
        let direction = direction.filter(|_| start.iter().all(|v| v.is_finite() && v.abs() < 1e7));
        let direction = direction.ok_or(AlongError::Ray)?;
        // Beyond the farthest corner there is nothing.
        let [low, high] = ct.grid.bounds();
        let middle = nalgebra::center(&low, &high);
        let end = start + direction * ((middle - start).norm() + (high - low).norm() + 1.0);
        let [nx, ny, _] = ct.grid.size;
        let mut samples = Vec::new();
        let mut water_mm = 0.0;
        let mut entry = None;
        ray::traverse_between(&ct.grid, start, end, |offset, near_mm, far_mm| {
            let value = self.value([offset % nx, offset / nx % ny, offset / (nx * ny)]);
            let relative_stopping_power = StoppingMap::stops(value).map_or(0.0, f64::from);
            let place = match value {
                v if v >= 0.0 => Place::Body,
                v if v <= -2.0 => Place::Support,
                _ => Place::Outside,
            };
            let enters = if self.outlined {
                place == Place::Body
            } else {
                relative_stopping_power >= TISSUE_RELATIVE_STOPPING_POWER
            };
            if enters && entry.is_none() {
                let by = if self.outlined { EnteredBy::Outline } else { EnteredBy::FirstTissue };
                entry = Some(Entry { depth_mm: near_mm, water_mm, by });
            }
            water_mm += relative_stopping_power * (far_mm - near_mm);
            let dose = dose.and_then(|d| d.sample(start + direction * (0.5 * (near_mm + far_mm))));
            let hu = f64::from(ct.data[offset]);
            samples.push(RaySample { near_mm, far_mm, hu, relative_stopping_power, water_mm, dose, place });
        });
        Ok(AlongRay { start, direction, samples, entry })
    }

    /// Of the stopping map at a voxel of the CT.
    fn value(&self, at: [usize; 3]) -> f32 {
        let map = &self.map.relative;
        let mut c = [0; 3];
        for a in 0..3 {
            match at[a].checked_sub(self.low[a]) {
                Some(i) if i < map.grid.size[a] => c[a] = i,
                _ => return StoppingMap::NOTHING,
            }
        }
        map.at(c[0], c[1], c[2])
    }
}

impl AlongRay {
    /// The point `depth_mm` from the start.
    pub fn at(&self, depth_mm: f64) -> Point3<f64> {
        self.start + self.direction * depth_mm
    }

    /// Water-equivalent depth, mm, from the start to `depth_mm`.
    pub fn water_at(&self, depth_mm: f64) -> f64 {
        let i = self.samples.partition_point(|s| s.far_mm < depth_mm);
        match self.samples.get(i) {
            Some(s) => s.water_mm - s.relative_stopping_power * (s.far_mm - depth_mm.max(s.near_mm)),
            None => self.samples.last().map_or(0.0, |s| s.water_mm),
        }
    }

    /// The first depth, mm from the start, under `water_mm` of water (above 0); None where the ray leaves the CT
    /// before.
    pub fn depth_at_water(&self, water_mm: f64) -> Option<f64> {
        if water_mm.is_nan() {
            return None;
        }
        let i = self.samples.partition_point(|s| s.water_mm < water_mm);
        let s = self.samples.get(i)?;
        let over =
            if s.relative_stopping_power > 0.0 { (s.water_mm - water_mm) / s.relative_stopping_power } else { 0.0 };
        Some((s.far_mm - over).max(s.near_mm))
    }
}

#[cfg(test)]
mod tests;
