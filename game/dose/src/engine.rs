//! The seam: one trait, many engines.

use crate::compute::compute;
use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::machine::MachineModel;
use crate::prepared::{DoseOptions, PreparedPlan};
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, Image, Plan};

/// Name of the proton pencil beam as it stands beside every dose.
pub const PENCIL_BEAM_NAME: &str = "Vestibule proton pencil beam (simplified)";

/// Something that turns a plan on a CT into dose.
pub trait DoseEngine: Send + Sync {
    /// Name with the stated accuracy; stands beside every number.
    fn name(&self) -> &str;

    /// Dose of `fractions` fractions, physical Gray. `body` is 1 inside, on the CT's grid. `progress(done, total)`.
    fn compute(
        &self,
        ct: &Image,
        body: Option<&Volume<u8>>,
        plan: &Plan,
        options: &DoseOptions,
        fractions: u32,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Dose, ComputeError>;
}

/// Protons, pencil beams.
#[derive(Clone, Debug)]
pub struct ProtonPencilBeam {
    /// The machine.
    pub machine: MachineModel,
    /// The CT's calibration; None chooses by the image.
    pub calibration: Option<HuTable>,
}

impl DoseEngine for ProtonPencilBeam {
    fn name(&self) -> &str {
        PENCIL_BEAM_NAME
    }

    fn compute(
        &self,
        ct: &Image,
        body: Option<&Volume<u8>>,
        plan: &Plan,
        options: &DoseOptions,
        fractions: u32,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Dose, ComputeError> {
        let chosen;
        let hu = match &self.calibration {
            Some(table) => table,
            None => {
                chosen = HuTable::for_image(ct);
                &chosen
            }
        };
        let prepared = PreparedPlan::new(ct, body, plan, &self.machine, hu, options)?;
        Ok(compute(&prepared, fractions, progress))
    }
}
