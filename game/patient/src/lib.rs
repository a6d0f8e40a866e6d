//! What a patient is: images, structures, plans, doses and names, and what joins their frames of reference. No I/O, no DICOM crate.

mod brought;
mod chosen;
pub mod clearance;
mod dose;
mod image;
mod limiting;
pub mod names;
mod phase;
mod phase_group;
mod plan;
mod registration;
mod structure;

pub use brought::Brought;
pub use chosen::{Chosen, NotChosen};
pub use dose::{Dose, DoseSummation, DoseType, DoseUnit};
pub use image::{Image, Modality};
pub use limiting::{
    Bank, BeamLimitingDevice, Block, BlockType, ControlPoint, Delivered, LimitingDeviceType, LimitingPart, Opening,
    Turn, Turns, UNLIMITED_MM,
};
pub use phase::{Phase, PhaseAt};
pub use phase_group::{PhaseGroup, PhaseImage, phase_groups};
pub use plan::{Approval, Beam, Layer, Plan, RadiationType, RangeShifter, Review, Spot};
pub use registration::{NotRigid, RIGID_TOLERANCE, Registration, Step, rigid};
pub use structure::{RoiType, Structure, StructureSet};

use serde::{Deserialize, Serialize};

/// One person with what was imported of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Patient {
    /// PatientID (0010,0020), or `anon-N` where it is empty. Never used as a path.
    pub id: String,
    /// PatientName (0010,0010) as DICOM writes it (`FAMILY^GIVEN`), empty if absent.
    pub name: String,
    /// PatientBirthDate, `YYYYMMDD`, empty if absent.
    pub birth_date: String,
    /// PatientSex, empty if absent.
    pub sex: String,
    /// True for the phantom made here: its name says SYNTHETIC. Only such a patient may be pictured or logged freely.
    pub synthetic: bool,
    /// Volumes, CT first.
    pub images: Vec<Image>,
    /// Structure sets.
    pub structure_sets: Vec<StructureSet>,
    /// Plans.
    pub plans: Vec<Plan>,
    /// Doses.
    pub doses: Vec<Dose>,
    /// Rigid registrations between frames of reference; several may come from one object.
    #[serde(default)]
    pub registrations: Vec<Registration>,
    /// Which images [`Patient::bring_into`] brought from another frame. Never kept.
    #[serde(skip)]
    pub brought: Vec<Brought>,
}

impl Patient {
    /// The image a plan is computed on: a CT taken in the plan's frame of reference; of several the one its structures were
    /// drawn on, else the first that is no phase of a 4D image, else the first.
    pub fn planning_image(&self, plan: &Plan) -> Option<&Image> {
        let fits = |i: &&Image| {
            let in_frame = i.frame_of_reference_uid == plan.frame_of_reference_uid;
            i.modality == Modality::Ct && in_frame && self.brought(i).is_none()
        };
        let drawn_on = self.structures_of(plan).and_then(|s| s.referenced_series_uid.as_ref());
        let all = || self.images.iter().filter(fits);
        if all().nth(1).is_none() {
            return all().next();
        }
        let groups = self.phase_groups();
        let is_phase =
            |i: &Image| groups.iter().flat_map(|g| &g.phases).any(|p| std::ptr::eq(&self.images[p.image], i));
        all().find(|i| Some(&i.uid) == drawn_on).or_else(|| all().find(|i| !is_phase(i))).or_else(|| all().next())
    }

    /// The structure set of a plan: the one it names, else the first in its frame of reference.
    pub fn structures_of(&self, plan: &Plan) -> Option<&StructureSet> {
        self.structure_sets
            .iter()
            .find(|s| Some(&s.uid) == plan.structure_set_uid.as_ref())
            .or_else(|| self.structure_sets.iter().find(|s| s.frame_of_reference_uid == plan.frame_of_reference_uid))
    }
}
