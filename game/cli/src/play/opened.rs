//! Everything a journey needs before it can begin, whether it is shown or not.

use super::{Args, Mode};
use crate::Global;
use crate::output::Failure;
use crate::store;
use std::collections::BTreeMap;
use std::sync::Arc;
use vestibule_patient::Patient;
use vestibule_record::PatientSummary;
use vestibule_scenario::{
    Checklist, Clearance, Journey, Lang, Library, Prepared, Room, Session, SessionOptions, StoreKeeper,
};

/// A journey that is ready to begin.
pub struct Opened {
    /// Where scenes and assets lie.
    pub library: Library,
    /// The journey.
    pub journey: Arc<Journey>,
    /// Its room.
    pub room: Arc<Room>,
    /// The staff's checklist, if the journey has one.
    pub checklist: Option<Checklist>,
    /// In which language.
    pub lang: Lang,
    /// Whose session.
    pub patient: Patient,
    /// Their plan, ready to be played.
    pub prepared: Prepared,
    /// Keeps what happens.
    pub keeper: StoreKeeper,
}

impl Opened {
    /// Opens scenes, store, patient and plan, and begins the session in the store.
    ///
    /// # Errors
    /// Exit code 2 for a call that names what is not there, 1 for what cannot be opened.
    pub fn new(args: &Args, global: &Global) -> Result<Self, Failure> {
        let library = Library::find().map_err(Failure::work)?;
        let journey = library.journey(args.journey.as_deref().unwrap_or_default()).map_err(scene_failure)?;
        let room = library.room(&journey.room).map_err(scene_failure)?;
        let checklist =
            journey.checklist.as_deref().map(|name| library.checklist(name)).transpose().map_err(scene_failure)?;
        let lang = language(args.lang.as_deref())?;
        library.texts(lang).map_err(Failure::work)?;
        if !(0.5..=10.0).contains(&args.grid_mm) {
            return Err(Failure::call("--grid-mm takes 0.5 to 10"));
        }

        let store = store::open(global, store::Create::No)?;
        if args.mode != Mode::Patient {
            store::staff_gate(&store, None)?;
        }
        let id = choose(&store.patients().map_err(Failure::work)?, args.patient.as_deref())?;
        let scope = store.patient_scope(&id).map_err(Failure::work)?;
        let patient = scope.patient().map_err(Failure::work)?;
        let prepared = Prepared::new(&patient, args.plan.as_deref(), args.grid_mm).map_err(|e| match e {
            vestibule_scenario::PrepareError::SeveralPlans(_) | vestibule_scenario::PrepareError::UnknownPlan(_) => {
                Failure::call(format!("{e}; there are: {}", plans(&patient)))
            }
            other => Failure::work(other),
        })?;
        if prepared.by_approval {
            crate::chosen::say_plan();
        }
        let keeper = StoreKeeper::start(scope, &journey.id, args.mode.name(), lang).map_err(Failure::work)?;
        Ok(Self { library, journey, room, checklist, lang, patient, prepared, keeper })
    }

    /// A session of this journey.
    ///
    /// # Errors
    /// When the scene has faults.
    pub fn session(&self, options: SessionOptions) -> Result<Session, Failure> {
        Session::new(self.journey.clone(), self.room.clone(), self.prepared.delivery.clone(), options)
            .map_err(Failure::work)
    }

    /// Judges the checklist and keeps it with the name of who asked. What follows is said in the language of the session.
    ///
    /// # Errors
    /// Exit code 1 when the session must not begin.
    pub fn clear(&self, answers: &BTreeMap<String, bool>, by_staff: &str) -> Result<Clearance, Failure> {
        let Some(checklist) = &self.checklist else { return Ok(Clearance::Headset) };
        self.keeper.keep_checklist(answers, by_staff).map_err(Failure::work)?;
        let clearance = checklist.judge(answers);
        if let Clearance::NotNow(items) = &clearance {
            let texts = self.library.texts(self.lang).map_err(Failure::work)?;
            return Err(Failure::Work(format!("{} ({})", texts.get("staff-clearance-not-now"), items.join(", "))));
        }
        Ok(clearance)
    }
}

fn scene_failure(e: vestibule_scenario::OpenError) -> Failure {
    if matches!(e, vestibule_scenario::OpenError::Unknown { .. }) { Failure::call(e) } else { Failure::work(e) }
}

/// The language asked for, else the system's, else English.
pub fn language(asked: Option<&str>) -> Result<Lang, Failure> {
    if let Some(asked) = asked {
        return asked.parse().map_err(Failure::Call);
    }
    let system = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|s| !s.is_empty()));
    Ok(if system.is_some_and(|s| s.to_lowercase().starts_with("fr")) { Lang::Fr } else { Lang::En })
}

/// The patient named, else the store's only one, else its only synthetic one.
pub fn choose(all: &[PatientSummary], asked: Option<&str>) -> Result<String, Failure> {
    let list = || all.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
    match asked {
        Some(id) if all.iter().any(|p| p.id == id) => Ok(id.to_owned()),
        Some(_) if all.is_empty() => Err(no_patient()),
        Some(_) => Err(Failure::call(format!("there is no such patient in the store; there are: {}", list()))),
        None => {
            let synthetic: Vec<_> = all.iter().filter(|p| p.synthetic).collect();
            match (all, synthetic.as_slice()) {
                ([], _) => Err(no_patient()),
                ([one], _) => Ok(one.id.clone()),
                (_, [one]) => Ok(one.id.clone()),
                _ => Err(Failure::call(format!("say whose session with --patient ID; there are: {}", list()))),
            }
        }
    }
}

fn no_patient() -> Failure {
    Failure::call("there is no patient in the store; `vestibule patient import PATH` takes one in")
}

fn plans(patient: &Patient) -> String {
    patient.plans.iter().map(|p| format!("{} ({})", p.uid, p.label)).collect::<Vec<_>>().join(", ")
}
