//! From a patient to what a session plays: one plan, its spots in time, and the engine ready to paint it.

use crate::delivery::Delivery;
use crate::ground::Ground;
use std::sync::Arc;
use vestibule_dose::{
    ComputeError, DeliveryOrder, DoseOptions, LiveDose, MachineModel, Painting, PreparedPlan, RayProbe, SpotVisit,
    Timeline,
};
use vestibule_patient::{Chosen, NotChosen, Patient, Plan, RadiationType};

/// A plan that can be played.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// True where the patient has several and none was named: this is the only APPROVED one. Whoever plays it says so.
    pub by_approval: bool,
    /// Its spots in time, as often as they are painted.
    pub delivery: Arc<Delivery>,
    /// The same spots as the engine has them in time.
    pub timeline: Arc<Timeline>,
    /// Which spot of the plan each of those is, and which painting of its layer.
    pub visits: Arc<[SpotVisit]>,
    /// The engine's side of it.
    pub dose: Arc<PreparedPlan>,
}

/// Why a plan cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Nothing to play.
    #[error("this patient has no proton plan; import one (`vestibule patient import`)")]
    NoPlan,
    /// No plan of this name.
    #[error("this patient has no proton plan with the UID '{0}'; `vestibule patient show` lists them")]
    UnknownPlan(String),
    /// More than one.
    #[error(
        "this patient has {0} proton plans, and not exactly one is approved; say which with --plan UID (`vestibule patient \
         show` lists them)"
    )]
    SeveralPlans(usize),
    /// No CT to compute on.
    #[error("this plan has no CT in its frame of reference; import the CT it was made on")]
    NoImage,
    /// The engine refused.
    #[error("the dose cannot be computed: {0}")]
    Dose(#[from] ComputeError),
}

impl Prepared {
    /// Takes the patient's only proton plan (of several the only approved one), or the one with this UID, and makes it
    /// ready on a dose grid of `grid_mm` (0.5 to 10).
    ///
    /// # Errors
    /// No such plan, several and none named, no CT, or a plan that the engine refuses.
    pub fn new(patient: &Patient, plan_uid: Option<&str>, grid_mm: f64) -> Result<Self, PrepareError> {
        let proton = |p: &Plan| p.radiation() == RadiationType::Proton && p.beams.iter().any(|b| b.spot_count() > 0);
        let Chosen { item: plan, by_approval } = match plan_uid {
            Some(uid) => {
                let named = patient.plans.iter().find(|p| proton(p) && p.uid == uid);
                let item = named.ok_or_else(|| PrepareError::UnknownPlan(uid.to_owned()))?;
                Chosen { item, by_approval: false }
            }
            None => patient.chosen_plan_of(proton).map_err(|e| match e {
                NotChosen::Nothing => PrepareError::NoPlan,
                NotChosen::Several(n) => PrepareError::SeveralPlans(n),
            })?,
        };
        let ground = Ground::of(patient, plan)?;
        let (machine, options) = (MachineModel::generic(), DoseOptions { grid_mm });
        let order = DeliveryOrder::new(plan)?;
        let (Ground { image, body, hu, .. }, delivered) = (&ground, &order.plan);
        let materials = ground.materials();
        let dose = PreparedPlan::with_materials(image, body.as_ref(), delivered, &machine, hu, &options, &materials)?;
        let timeline = Timeline::new(delivered, &machine.delivery_times());
        let delivery = Arc::new(Delivery::new(delivered, &timeline));
        let (timeline, dose) = (Arc::new(timeline), Arc::new(dose));
        Ok(Self { plan: plan.clone(), by_approval, delivery, timeline, visits: order.visits.into(), dose })
    }

    /// A live dose with nothing delivered.
    pub fn live(&self) -> LiveDose {
        LiveDose::new(self.dose.clone())
    }

    /// The same, painted on a thread of its own, for whoever must not wait.
    pub fn painting(&self) -> Painting {
        Painting::new(self.live())
    }
}

/// The stopping powers along any ray through a plan's CT, as the engine takes them, and that CT's place among the images.
///
/// # Errors
/// No CT in the plan's frame, or a CT that the engine refuses.
pub fn ray_probe(patient: &Patient, plan: &Plan) -> Result<(RayProbe, usize), PrepareError> {
    let ground = Ground::of(patient, plan)?;
    let at = patient.images.iter().position(|i| i.uid == ground.image.uid).ok_or(PrepareError::NoImage)?;
    Ok((RayProbe::new(ground.image, ground.body.as_ref(), &ground.hu, &ground.materials())?, at))
}
