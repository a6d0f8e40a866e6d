//! A clinician's review of a plan, in the window, in the headset or as pictures.

mod kept;

use crate::Global;
use crate::output::Failure;
use crate::play::{Args, Mode, choose, language};
use crate::show::assets;
use crate::store;
use std::sync::Arc;
use vestibule_app::Shown;
use vestibule_app::clinician_mode::review::ReviewPlay;
use vestibule_app::overlay::notes::KeepsReview;
use vestibule_dose::constraints::Protocol;
use vestibule_patient::Patient;
use vestibule_scenario::{Delivery, Ending, Lang, Library, PrepareError, Prepared, Review, Room, StoreKeeper};

/// The room in which a plan is reviewed, and the place in it.
const ROOM: &str = "proton-gantry";
const VIEWPOINT: &str = "review";

/// What is reviewed.
pub struct Case {
    library: Library,
    lang: Lang,
    room: Arc<Room>,
    patient: Arc<Patient>,
    plan: usize,
    prepared: Option<Arc<Prepared>>,
    protocols: Vec<Protocol>,
    research: bool,
    kept: Option<Arc<kept::Kept>>,
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
        let room = library.room(ROOM).map_err(Failure::work)?;
        let prepared = match Prepared::new(&patient, plan, grid_mm) {
            Ok(ready) => {
                if ready.by_approval {
                    crate::chosen::say_plan();
                }
                Some(Arc::new(ready))
            }
            Err(PrepareError::SeveralPlans(_)) if plan.is_none() => {
                // the first that can be computed; the desk offers the doses of the others
                let uids: Vec<_> = patient.plans.iter().map(|p| p.uid.clone()).collect();
                uids.iter().find_map(|uid| Prepared::new(&patient, Some(uid), grid_mm).ok()).map(Arc::new)
            }
            Err(PrepareError::UnknownPlan(uid)) if !patient.plans.iter().any(|p| p.uid == uid) => {
                return Err(Failure::call(format!(
                    "there is no plan with the UID '{uid}'; `vestibule patient show` lists them"
                )));
            }
            Err(e) => {
                tell!("vestibule: no beam is shown: {e}");
                None
            }
        };
        let uid = prepared.as_ref().map(|p| p.plan.uid.as_str()).or(plan);
        let plan = match uid {
            Some(uid) => patient.plans.iter().position(|p| p.uid == uid).unwrap_or(usize::MAX),
            None if patient.plans.is_empty() => usize::MAX,
            None => {
                let chosen = patient.chosen_plan().ok().map(|c| &c.item.uid);
                patient.plans.iter().position(|p| Some(&p.uid) == chosen).unwrap_or(0)
            }
        };
        let (protocols, patient) = (Protocol::built_in(), Arc::new(patient));
        Ok(Self { library, lang, room, patient, plan, prepared, protocols, research: false, kept: None })
    }

    /// Whether the plan came with a dose: that is shown first.
    fn has_dose(&self) -> bool {
        let uid = self.patient.plans.get(self.plan).map(|p| &p.uid);
        uid.is_none() || self.patient.doses.iter().any(|d| d.plan_uid.as_ref() == uid)
    }

    /// The review at an instant, seconds of beam; None: where there is a dose to see.
    pub fn play(&self, at_s: Option<f64>) -> ReviewPlay {
        let delivery = self.prepared.as_ref().map_or_else(|| Arc::new(Delivery::default()), |p| p.delivery.clone());
        let mut review = Review::new(self.room.clone(), delivery, VIEWPOINT);
        let first = if self.has_dose() { 0.0 } else { review.length_s() };
        review.go_to(at_s.unwrap_or(first));
        ReviewPlay::new(review, self.prepared.as_ref().map(|p| p.painting()))
    }

    /// As the app takes it.
    ///
    /// # Errors
    /// Texts that cannot be read.
    pub fn shown(&self, play: ReviewPlay) -> Result<Shown, Failure> {
        let texts = self.library.texts(self.lang).map_err(Failure::work)?;
        Ok(Shown {
            assets: assets(&self.library),
            play: Box::new(play),
            room: self.room.clone(),
            case: Some((self.patient.clone(), self.plan)),
            words: Box::new(move |key| texts.get(key)),
            language: self.lang.code().to_owned(),
            events: crate::show::events(),
            strip: false,
            review: true,
            controls: self.library.controls().map_err(Failure::work)?,
            keeper: self.kept.clone().map(|k| k as Arc<dyn KeepsReview>),
            prepared: self.prepared.clone(),
            protocols: (self.protocols.clone(), self.research),
            meshes: None,
        })
    }
}

/// Opens a patient for a clinician, who says the staff PIN; the store keeps that it was opened.
///
/// # Errors
/// Exit code 2 for a call that names what is not there, 1 for what cannot be opened.
pub fn open(args: &Args, global: &Global) -> Result<(Case, StoreKeeper), Failure> {
    let library = Library::find().map_err(Failure::work)?;
    let lang = language(args.lang.as_deref())?;
    if !(0.5..=10.0).contains(&args.grid_mm) {
        return Err(Failure::call("--grid-mm takes 0.5 to 10"));
    }
    let store = store::open(global, store::Create::No)?;
    store::staff_gate(&store, args.staff.as_deref())?;
    let id = choose(&store.patients().map_err(Failure::work)?, args.patient.as_deref())?;
    let scope = store.patient_scope(&id).map_err(Failure::work)?;
    let patient = scope.patient().map_err(Failure::work)?;
    let mut case = Case::new(library, lang, patient, args.plan.as_deref(), args.grid_mm)?;
    case.research = args.research;
    for file in args.protocol.iter().rev() {
        // a department's own stand first
        case.protocols.insert(0, protocol(file)?);
    }
    let plan = case.patient.plans.get(case.plan);
    case.kept = Some(kept::Kept::new(store, &id, &case.patient, plan, args.staff.as_deref()).map_err(Failure::work)?);
    let keeper = StoreKeeper::start(scope, "review", Mode::Clinician.name(), lang).map_err(Failure::work)?;
    Ok((case, keeper))
}

/// A protocol file.
fn protocol(file: &std::path::Path) -> Result<Protocol, Failure> {
    let wrong = |why: String| Failure::call(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    Protocol::from_json(&text).map_err(|e| wrong(e.to_string()))
}

/// The store learns that the review is over.
pub fn close(keeper: &StoreKeeper) {
    if let Err(e) = keeper.end(Ending::Completed) {
        tell!("vestibule: the end of the review could not be kept: {e}");
    }
}
