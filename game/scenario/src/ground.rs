//! What a plan's beams go through: its CT, what of it is the patient, what else stops them, and what the CT's numbers mean.

use crate::prepare::PrepareError;
use vestibule_dose::overrides::{body_of, supports_of};
use vestibule_dose::{HuTable, Materials};
use vestibule_geometry::Volume;
use vestibule_patient::{Image, Patient, Plan};

pub(crate) struct Ground<'a> {
    /// The plan's CT.
    pub image: &'a Image,
    /// The patient in it; None: nobody outlined them.
    pub body: Option<Volume<u8>>,
    /// Stopping powers by CT number.
    pub hu: HuTable,
    supports: Vec<(String, Volume<u8>)>,
}

impl<'a> Ground<'a> {
    /// # Errors
    /// The plan has no CT in its frame.
    pub fn of(patient: &'a Patient, plan: &Plan) -> Result<Self, PrepareError> {
        let image = patient.planning_image(plan).ok_or(PrepareError::NoImage)?;
        let (structures, grid) = (patient.structures_of(plan), &image.volume.grid);
        let (body, supports) = (body_of(structures, grid), supports_of(structures, grid));
        Ok(Self { image, body, hu: HuTable::for_image(image), supports })
    }

    /// Couch and fixation, as the CT shows them.
    pub fn materials(&self) -> Materials<'_> {
        Materials::of_supports(&self.supports)
    }
}
