//! `vestibule dose`: compute, sum, dvh, constraints, compare, difference, iso, rate and timeline.

mod beams;
mod biology;
mod compare;
mod compute;
mod constraints;
mod difference;
mod dvh;
mod file;
mod iso;
mod materials;
mod meta_image;
mod rate;
mod sum;
mod timeline;

use crate::Global;
use crate::output::{Done, Failure};
use std::path::Path;
use vestibule_dicom::write::{self, Identity};
use vestibule_dose::MachineModel;
use vestibule_patient::{Dose, DoseSummation, DoseType, Image, Patient, Plan, StructureSet};

/// `vestibule dose`: compute, sum, dvh, constraints, compare, difference, iso, rate and timeline.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Compute the dose of a proton or photon plan on its CT and write it as DICOM
    Compute(compute::Args),
    /// What each structure gets from a dose
    Dvh(dvh::Args),
    /// Hold a dose against a protocol's limits, row by row
    Constraints(constraints::Args),
    /// Hold one dose against another: difference and gamma index
    Compare(compare::Args),
    /// Two doses of one patient, one less the other, structure by structure
    Difference(difference::Args),
    /// How fast each structure gets its dose, by named metric
    Rate(rate::Args),
    /// When each beam, layer and spot comes
    Timeline(timeline::Args),
    /// Sum doses of plans, fractions or beams into one
    Sum(sum::Args),
    /// The surface of equal dose, as a mesh
    Iso(iso::Args),
    /// Machine files: show one, import one
    #[command(subcommand)]
    Machine(crate::dose_machine::Command),
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    match command {
        Command::Compute(args) => compute::run(&args, global),
        Command::Dvh(args) => dvh::run(&args, global),
        Command::Constraints(args) => constraints::run(&args, global),
        Command::Compare(args) => compare::run(&args, global),
        Command::Difference(args) => difference::run(&args, global),
        Command::Rate(args) => rate::run(&args, global),
        Command::Timeline(args) => timeline::run(&args, global),
        Command::Sum(args) => sum::run(&args, global),
        Command::Iso(args) => iso::run(&args, global),
        Command::Machine(command) => crate::dose_machine::run(&command, global),
    }
}

pub(crate) fn choose_plan<'a>(patient: &'a Patient, uid: Option<&str>) -> Result<&'a Plan, Failure> {
    let list = || {
        let lines: Vec<String> = patient
            .plans
            .iter()
            .map(|p| format!("  {}  {} ({:?}{})", p.uid, p.label, p.radiation(), approval(p)))
            .collect();
        lines.join("\n")
    };
    match (uid, patient.plans.as_slice()) {
        (_, []) => Err(Failure::Work("this patient has no plan in the store: import one".into())),
        (Some(uid), plans) => plans
            .iter()
            .find(|p| p.uid == uid)
            .ok_or_else(|| Failure::call(format!("there is no plan {uid}; this patient has:\n{}", list()))),
        (None, _) => {
            let chosen = patient.chosen_plan().map_err(|_| {
                let few = "this patient has several plans, and not exactly one is approved";
                Failure::call(format!("{few}; choose one with --plan UID:\n{}", list()))
            })?;
            if chosen.by_approval {
                crate::chosen::say_plan();
            }
            Ok(chosen.item)
        }
    }
}

fn choose_dose<'a>(patient: &'a Patient, uid: Option<&str>) -> Result<&'a Dose, Failure> {
    let list = || {
        let lines: Vec<String> = patient
            .doses
            .iter()
            .map(|d| format!("  {}  {}, {}, {}", d.uid, type_name(d), summation_name(d), d.engine))
            .collect();
        lines.join("\n")
    };
    match (uid, patient.doses.as_slice()) {
        (_, []) => Err(Failure::Work(
            "this patient has no dose in the store: import one, or compute one with `vestibule dose compute` and import it"
                .into(),
        )),
        (Some(uid), doses) => doses
            .iter()
            .find(|d| d.uid == uid)
            .ok_or_else(|| Failure::call(format!("there is no dose {uid}; this patient has:\n{}", list()))),
        (None, _) => {
            let chosen = patient.chosen_dose().map_err(|_| {
                let few = "this patient has several doses, and not exactly one of a single approved plan";
                Failure::call(format!("{few}; choose one with --dose UID:\n{}", list()))
            })?;
            if chosen.by_approval {
                crate::chosen::say_dose();
            }
            Ok(chosen.item)
        }
    }
}

/// The structure set a dose is read in: its plan's, else the first in its frame of reference.
fn structures_of<'a>(patient: &'a Patient, dose: &Dose) -> Result<&'a StructureSet, Failure> {
    let plan = dose.plan_uid.as_ref().and_then(|uid| patient.plans.iter().find(|p| p.uid == *uid));
    let set = plan
        .and_then(|p| patient.structures_of(p))
        .or_else(|| patient.structure_sets.iter().find(|s| s.frame_of_reference_uid == dose.frame_of_reference_uid))
        .ok_or_else(|| {
            Failure::Work("no structure set in the dose's frame of reference is in the store: import it".into())
        })?;
    if !set.frame_of_reference_uid.is_empty()
        && !dose.frame_of_reference_uid.is_empty()
        && set.frame_of_reference_uid != dose.frame_of_reference_uid
    {
        return Err(Failure::Work(
            "the structures and the dose lie in different frames of reference: a histogram of them would be wrong"
                .into(),
        ));
    }
    Ok(set)
}

/// For a list of plans.
fn approval(plan: &Plan) -> String {
    plan.approval.map_or_else(String::new, |a| format!(", {}", a.as_str()))
}

fn identity(patient: &Patient, ct: &Image) -> Identity {
    Identity {
        patient_id: patient.id.clone(),
        patient_name: patient.name.clone(),
        birth_date: patient.birth_date.clone(),
        sex: patient.sex.clone(),
        study_uid: if ct.study_uid.is_empty() { write::derived_uid(&[&ct.uid, "study"]) } else { ct.study_uid.clone() },
        ..Identity::default()
    }
}

/// As DICOM writes it.
fn type_name(dose: &Dose) -> &'static str {
    match dose.dose_type {
        DoseType::Physical => "PHYSICAL",
        DoseType::Effective => "EFFECTIVE",
        DoseType::Error => "ERROR",
    }
}

/// As DICOM writes it.
fn summation_name(dose: &Dose) -> &'static str {
    match dose.summation {
        DoseSummation::Plan => "PLAN",
        DoseSummation::Fraction => "FRACTION",
        DoseSummation::Beam => "BEAM",
        DoseSummation::MultiPlan => "MULTI_PLAN",
        DoseSummation::Other => "OTHER",
    }
}

/// The machine of a file, or the one that comes with the program.
fn machine(path: Option<&Path>) -> Result<MachineModel, Failure> {
    match path {
        Some(path) => MachineModel::from_json(&read(path)?).map_err(|e| in_file(path, e)),
        None => Ok(MachineModel::generic()),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::call(format!("{}: {e}", path.display())))
}

fn in_file(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::call(format!("{}: {error}", path.display()))
}
