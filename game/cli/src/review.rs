//! A clinician's review of a plan, in the window, in the headset or as pictures.

mod kept;
mod opening;

pub use opening::open;

use crate::output::Failure;
use crate::show::assets;
use std::sync::Arc;
use vestibule_app::Shown;
use vestibule_app::clinician_mode::review::ReviewPlay;
use vestibule_dose::constraints::Protocol;
use vestibule_patient::Patient;
use vestibule_scenario::{
    Computes, Delivery, GENERIC_LINAC, Lang, Library, PrepareError, Prepared, PreparedPhotons, Review, Room,
};

/// The room in which a plan is reviewed, and the place in it.
const ROOM: &str = "proton-gantry";
const VIEWPOINT: &str = "review";

/// What a review has before it has a patient.
struct Desk {
    library: Library,
    lang: Lang,
    room: Arc<Room>,
    protocols: Vec<Protocol>,
    research: bool,
}

impl Desk {
    fn new(library: Library, lang: Lang) -> Result<Self, Failure> {
        let room = library.room(ROOM).map_err(Failure::work)?;
        Ok(Self { library, lang, room, protocols: Protocol::built_in(), research: false })
    }

    /// As the app takes it.
    fn shown(&self, play: ReviewPlay) -> Result<Shown, Failure> {
        let texts = self.library.texts(self.lang).map_err(Failure::work)?;
        Ok(Shown {
            assets: assets(&self.library),
            play: Box::new(play),
            room: self.room.clone(),
            case: None,
            opening: None,
            words: Box::new(move |key| texts.get(key)),
            language: self.lang.code().to_owned(),
            events: crate::show::events(),
            strip: false,
            review: true,
            controls: self.library.controls().map_err(Failure::work)?,
            keeper: None,
            computes: Computes::Nothing,
            protocols: (self.protocols.clone(), self.research),
            meshes: None,
        })
    }

    /// Time in nothing yet.
    fn nothing(&self) -> ReviewPlay {
        ReviewPlay::new(Review::new(self.room.clone(), Arc::new(Delivery::default()), VIEWPOINT), None)
    }
}

/// What is reviewed.
pub struct Case {
    desk: Arc<Desk>,
    patient: Arc<Patient>,
    plan: usize,
    computes: Computes,
}

impl Case {
    /// A plan of a patient; without one that can be computed, the images and what was imported.
    ///
    /// # Errors
    /// No scenes, or a plan that was asked for and is not there.
    pub fn new(
        library: Library,
        lang: Lang,
        patient: Patient,
        plan: Option<&str>,
        grid_mm: f64,
    ) -> Result<Self, Failure> {
        Self::at(Arc::new(Desk::new(library, lang)?), patient, plan, grid_mm)
    }

    fn at(desk: Arc<Desk>, patient: Patient, plan: Option<&str>, grid_mm: f64) -> Result<Self, Failure> {
        let plan = plan.map(|p| uid_of(&patient, p));
        let computes = computes(&patient, plan, grid_mm)?;
        let plan = plan_of(&patient, computes.plan_uid().or(plan));
        Ok(Self { desk, patient: Arc::new(in_one_frame(patient, plan)), plan, computes })
    }

    /// While images are coarse: nothing can be computed on them.
    fn coarse(desk: Arc<Desk>, patient: Patient, plan: Option<&str>) -> Self {
        let plan = plan_of(&patient, plan.map(|p| uid_of(&patient, p)));
        Self { desk, patient: Arc::new(in_one_frame(patient, plan)), plan, computes: Computes::Nothing }
    }

    /// Whether the plan came with a dose: that is shown first.
    fn has_dose(&self) -> bool {
        let uid = self.patient.plans.get(self.plan).map(|p| &p.uid);
        uid.is_none() || self.patient.doses.iter().any(|d| d.plan_uid.as_ref() == uid)
    }

    /// Whether the plan's dose is computed here.
    pub fn computes(&self) -> bool {
        self.computes.dose()
    }

    /// The review at an instant, seconds of beam; None: where there is a dose to see.
    pub fn play(&self, at_s: Option<f64>) -> ReviewPlay {
        let Some(delivery) = self.computes.delivery() else { return self.unscanned(at_s) };
        let mut review = Review::new(self.desk.room.clone(), delivery.clone(), VIEWPOINT);
        let first = if self.has_dose() { 0.0 } else { review.length_s() };
        review.go_to(at_s.unwrap_or(first));
        ReviewPlay::new(review, self.computes.painting())
    }

    /// A plan whose dose cannot be computed and whose beams are not scanned: the machine and its leaves in time.
    fn unscanned(&self, at_s: Option<f64>) -> ReviewPlay {
        let Some(plan) = self.patient.plans.get(self.plan).filter(|p| !p.beams.iter().any(|b| b.spot_count() > 0))
        else {
            return self.desk.nothing();
        };
        let delivery = Delivery::of_control_points(plan, &GENERIC_LINAC);
        let mut review = Review::new(self.desk.room.clone(), Arc::new(delivery), VIEWPOINT);
        review.go_to(at_s.unwrap_or(0.0));
        ReviewPlay::new(review, None)
    }

    /// As the app takes it.
    ///
    /// # Errors
    /// Texts that cannot be read.
    pub fn shown(&self, play: ReviewPlay) -> Result<Shown, Failure> {
        let case = Some((self.patient.clone(), self.plan));
        Ok(Shown { case, computes: self.computes.clone(), ..self.desk.shown(play)? })
    }
}

/// What computes the dose of the plan with a UID, else of the one that is meant, else of the first that can be computed. Why a dose is not
/// computed is told.
fn computes(patient: &Patient, plan: Option<&str>, grid_mm: f64) -> Result<Computes, Failure> {
    match Prepared::new(patient, plan, grid_mm) {
        Ok(ready) => {
            if ready.by_approval {
                crate::chosen::say_plan();
            }
            return Ok(Computes::Protons(Arc::new(ready)));
        }
        Err(PrepareError::SeveralPlans(_)) if plan.is_none() => {
            // the desk offers the doses of the others
            let ready = patient.plans.iter().find_map(|p| Prepared::new(patient, Some(&p.uid), grid_mm).ok());
            return Ok(ready.map_or(Computes::Nothing, |p| Computes::Protons(Arc::new(p))));
        }
        Err(PrepareError::UnknownPlan(uid)) if !patient.plans.iter().any(|p| p.uid == uid) => {
            return Err(Failure::call(format!(
                "no plan, or more than one, is called '{uid}'; `vestibule patient show` lists them with their UIDs"
            )));
        }
        // photons
        Err(PrepareError::NoPlan | PrepareError::UnknownPlan(_)) if !patient.plans.is_empty() => {}
        Err(PrepareError::NoPlan) => {
            tell!("vestibule: no beam is shown: this patient has no plan; import one (`vestibule patient import`)");
        }
        Err(e) => tell!("vestibule: no beam is shown: {e}"),
    }
    let Some(plan) = patient.plans.get(plan_of(patient, plan)).filter(|p| PreparedPhotons::fits(p)) else {
        return Ok(Computes::Nothing);
    };
    Ok(match PreparedPhotons::new(patient, plan, grid_mm) {
        Ok(ready) => Computes::Photons(Arc::new(ready)),
        Err(e) => {
            tell!("vestibule: the dose of this plan stays what was imported: {e}");
            Computes::Nothing
        }
    })
}

/// Images that a registration brings into the plan's frame stand in it; without a plan, in the first image's.
fn in_one_frame(mut patient: Patient, plan: usize) -> Patient {
    let of_plan = patient.plans.get(plan).map(|p| &p.frame_of_reference_uid).filter(|f| !f.is_empty());
    let frame = of_plan.or(patient.images.first().map(|i| &i.frame_of_reference_uid)).cloned();
    patient.bring_into(&frame.unwrap_or_default());
    patient
}

/// The UID of the plan that somebody named: by its UID, or by a label that no other plan has.
fn uid_of<'a>(patient: &'a Patient, named: &'a str) -> &'a str {
    let mut labelled = patient.plans.iter().filter(|p| p.label == named);
    match (patient.plans.iter().any(|p| p.uid == named), labelled.next(), labelled.next()) {
        (false, Some(only), None) => &only.uid,
        _ => named,
    }
}

/// The place of the plan with a UID, else of the one that is meant, else of the first.
fn plan_of(patient: &Patient, uid: Option<&str>) -> usize {
    match uid {
        Some(uid) => patient.plans.iter().position(|p| p.uid == uid).unwrap_or(usize::MAX),
        None if patient.plans.is_empty() => usize::MAX,
        None => {
            let chosen = patient.chosen_plan().ok().map(|c| &c.item.uid);
            patient.plans.iter().position(|p| Some(&p.uid) == chosen).unwrap_or(0)
        }
    }
}

/// A protocol file.
fn protocol(file: &std::path::Path) -> Result<Protocol, Failure> {
    let wrong = |why: String| Failure::call(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    Protocol::from_json(&text).map_err(|e| wrong(e.to_string()))
}
