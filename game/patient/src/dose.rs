use serde::{Deserialize, Serialize};
use vestibule_geometry::Volume;

/// Dose Type (3004,0004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoseType {
    /// Physical dose.
    #[default]
    Physical,
    /// RBE-weighted dose.
    Effective,
    /// Difference of two doses; signed.
    Error,
}

/// Dose Units (3004,0002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoseUnit {
    /// Gray.
    #[default]
    Gy,
    /// Relative to an unstated reference: never shown as Gy.
    Relative,
}

/// Dose Summation Type (3004,000A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoseSummation {
    /// The whole course: all fractions.
    #[default]
    Plan,
    /// One fraction.
    Fraction,
    /// One beam.
    Beam,
    /// Several plans.
    MultiPlan,
    /// Anything else.
    Other,
}

/// One dose grid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dose {
    /// SOPInstanceUID.
    pub uid: String,
    /// FrameOfReferenceUID; empty if absent.
    pub frame_of_reference_uid: String,
    /// Plan it belongs to; None for a dose without a plan.
    pub plan_uid: Option<String>,
    /// Physical, RBE-weighted or a difference.
    pub dose_type: DoseType,
    /// Gray or relative.
    pub unit: DoseUnit,
    /// Course, fraction or beam.
    pub summation: DoseSummation,
    /// Which engine with what stated accuracy, e.g. `Vestibule pencil beam (simplified)`; empty if unknown.
    pub engine: String,
    /// The dose, in `unit`.
    pub volume: Volume<f32>,
}

impl Dose {
    /// Everything but the voxels: the grid stays, the data is empty.
    pub fn without_voxels(&self) -> Self {
        Self {
            uid: self.uid.clone(),
            frame_of_reference_uid: self.frame_of_reference_uid.clone(),
            plan_uid: self.plan_uid.clone(),
            dose_type: self.dose_type,
            unit: self.unit,
            summation: self.summation,
            engine: self.engine.clone(),
            volume: Volume { grid: self.volume.grid.clone(), data: Vec::new() },
        }
    }
}
