//! A review whose patient is opened beside it: the window is there at once, coarse images come first, then everything.

use super::{Case, Desk, kept, protocol};
use crate::Global;
use crate::output::Failure;
use crate::play::{Args, Mode, choose, language};
use crate::store;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use vestibule_app::Shown;
use vestibule_app::opening::{Arrival, Opened, Opening};
use vestibule_app::overlay::notes::KeepsReview;
use vestibule_patient::Patient;
use vestibule_record::{PatientScope, Progress, Store, StoreError};
use vestibule_scenario::{Ending, Library, StoreKeeper};

/// What goes on beside the window.
pub struct Beside {
    keeper: StoreKeeper,
    progress: Arc<Progress>,
    loader: JoinHandle<Result<(), Failure>>,
}

/// Opens a patient for a clinician, who says the staff PIN; the store keeps that it was opened.
///
/// # Errors
/// Exit code 2 for a call that names what is not there, 1 for what cannot be opened.
pub fn open(args: &Args, global: &Global) -> Result<(Shown, Beside), Failure> {
    let library = Library::find().map_err(Failure::work)?;
    let lang = language(args.lang.as_deref())?;
    if !(0.5..=10.0).contains(&args.grid_mm) {
        return Err(Failure::call("--grid-mm takes 0.5 to 10"));
    }
    let store = store::open(global, store::Create::No)?;
    store::staff_gate(&store, args.staff.as_deref())?;
    let id = choose(&store.patients().map_err(Failure::work)?, args.patient.as_deref())?;
    let scope = store.patient_scope(&id).map_err(Failure::work)?;
    let mut desk = Desk::new(library, lang)?;
    desk.research = args.research;
    for file in args.protocol.iter().rev() {
        // a department's own stand first
        desk.protocols.insert(0, protocol(file)?);
    }
    let keeper = StoreKeeper::start(scope.clone(), "review", Mode::Clinician.name(), lang).map_err(Failure::work)?;
    let (desk, progress) = (Arc::new(desk), Arc::new(Progress::default()));
    let (sender, arrivals) = channel();
    let wanted = Wanted { scope, store, id, plan: args.plan.clone(), grid_mm: args.grid_mm, staff: args.staff.clone() };
    let (at, of) = (desk.clone(), progress.clone());
    let loader = std::thread::Builder::new()
        .name("opening".to_owned())
        .spawn(move || load(&at, wanted, &of, &sender))
        .map_err(Failure::work)?;
    let (read, stop) = (progress.clone(), progress.clone());
    let opening = Opening { arrivals, part: Box::new(move || read.part()), stop: Box::new(move || stop.cancel()) };
    let shown = Shown { opening: Some(opening), ..desk.shown(desk.nothing())? };
    Ok((shown, Beside { keeper, progress, loader }))
}

impl Beside {
    /// The store learns that the review is over.
    ///
    /// # Errors
    /// Why the patient could not be opened.
    pub fn close(self) -> Result<(), Failure> {
        self.progress.cancel();
        if let Err(e) = self.keeper.end(Ending::Completed) {
            tell!("vestibule: the end of the review could not be kept: {e}");
        }
        // who closes the window does not wait for what is still being worked out
        match self.loader.is_finished().then(|| self.loader.join()) {
            Some(Ok(opened)) => opened,
            _ => Ok(()),
        }
    }
}

/// Who is opened.
struct Wanted {
    scope: PatientScope,
    store: Store,
    id: String,
    plan: Option<String>,
    grid_mm: f64,
    staff: Option<String>,
}

fn load(desk: &Arc<Desk>, wanted: Wanted, progress: &Progress, to: &Sender<Arrival>) -> Result<(), Failure> {
    let said = |e: &Failure| to.send(Arrival::Failed(e.to_string()));
    match whole(desk, wanted, progress, to) {
        Ok(Some(opened)) => {
            let _ = to.send(Arrival::Whole(Box::new(opened)));
            Ok(())
        }
        Ok(None) => {
            let _ = to.send(Arrival::Stopped);
            Ok(())
        }
        Err(e) => {
            let _ = said(&e);
            Err(e)
        }
    }
}

/// Everything; None: somebody stopped it. Coarse images are sent on the way.
fn whole(
    desk: &Arc<Desk>,
    wanted: Wanted,
    progress: &Progress,
    to: &Sender<Arrival>,
) -> Result<Option<Opened>, Failure> {
    let Wanted { scope, store, id, plan, grid_mm, staff } = wanted;
    let mut keeps = Keeps { store: Some(store), id, staff, kept: None };
    let mut trouble = None;
    let first = |patient: Patient| {
        // which of several is meant is known only when they have been computed
        if plan.is_none() && patient.plans.len() > 1 && patient.chosen_plan().is_err() {
            return;
        }
        let case = Case::coarse(desk.clone(), patient, plan.as_deref());
        match keeps.opened(case) {
            Ok(opened) => drop(to.send(Arrival::Coarse(Box::new(opened)))),
            Err(e) => trouble = Some(e),
        }
    };
    let patient = match scope.patient_with(progress, first) {
        Err(StoreError::Cancelled) => return Ok(None),
        other => other.map_err(Failure::work)?,
    };
    if let Some(e) = trouble {
        return Err(e);
    }
    keeps.opened(Case::at(desk.clone(), patient, plan.as_deref(), grid_mm)?).map(Some)
}

/// Where the review is kept, once it is known of which plan.
struct Keeps {
    store: Option<Store>,
    id: String,
    staff: Option<String>,
    kept: Option<Arc<kept::Kept>>,
}

impl Keeps {
    fn opened(&mut self, case: Case) -> Result<Opened, Failure> {
        if let Some(store) = self.store.take() {
            let plan = case.patient.plans.get(case.plan);
            let kept = kept::Kept::new(store, &self.id, &case.patient, plan, self.staff.as_deref());
            self.kept = Some(kept.map_err(Failure::work)?);
        }
        let play = case.play(None);
        let keeper = self.kept.clone().map(|k| k as Arc<dyn KeepsReview>);
        Ok(Opened { case: (case.patient, case.plan), computes: case.computes, play, keeper })
    }
}
