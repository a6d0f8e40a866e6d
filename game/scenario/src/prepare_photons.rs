//! A photon plan made ready to be played: its beams in time from control point to control point, and the engine to paint it.

use crate::control_points::GENERIC_LINAC;
use crate::delivery::Delivery;
use crate::ground::Ground;
use crate::prepare::PrepareError;
use std::sync::Arc;
use vestibule_dose::{DoseOptions, LivePhotons, Painting, PhotonMachine, PhotonPlan};
use vestibule_patient::{Patient, Plan, RadiationType};

/// A plan of photon beams that can be played.
#[derive(Clone, Debug)]
pub struct PreparedPhotons {
    /// The plan.
    pub plan: Plan,
    /// Its ways in time; [`crate::Review`]'s `delivered` counts them as the engine does.
    pub delivery: Arc<Delivery>,
    /// The engine's side of it.
    pub dose: Arc<PhotonPlan>,
}

impl PreparedPhotons {
    /// Whether a plan is of photons, with control points to play.
    pub fn fits(plan: &Plan) -> bool {
        plan.radiation() == RadiationType::Photon && plan.beams.iter().any(|b| b.sequence.len() > 1)
    }

    /// Makes one of the patient's plans ready on a dose grid of `grid_mm` (0.5 to 10).
    ///
    /// # Errors
    /// No CT in the plan's frame, or a plan that the engine refuses: another energy than 6 MV, wedges, a CT of one slice.
    pub fn new(patient: &Patient, plan: &Plan, grid_mm: f64) -> Result<Self, PrepareError> {
        let ground = Ground::of(patient, plan)?;
        let (machine, options, materials) = (PhotonMachine::generic(), DoseOptions { grid_mm }, ground.materials());
        let Ground { image, body, hu, .. } = &ground;
        let dose = PhotonPlan::new(image, body.as_ref(), plan, &machine, hu, &options, &materials)?;
        let delivery = Delivery::of_control_points(plan, &GENERIC_LINAC);
        Ok(Self { plan: plan.clone(), delivery: Arc::new(delivery), dose: Arc::new(dose) })
    }

    /// A live dose with nothing delivered.
    pub fn live(&self) -> LivePhotons {
        LivePhotons::new(self.dose.clone())
    }

    /// The same, painted on a thread of its own, for whoever must not wait.
    pub fn painting(&self) -> Painting {
        Painting::new(self.live())
    }
}
