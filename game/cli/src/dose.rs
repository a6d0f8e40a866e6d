//! `vestibule dose`: compute, sum, dvh, compare, iso, rate and timeline.

mod beams;
mod compare;
mod dvh;
mod file;
mod iso;
mod rate;
mod sum;
mod timeline;

use crate::Global;
use crate::output::{Done, Failure, print_json, progress};
use crate::store::{Create, open};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use vestibule_dicom::write::{self, Identity};
use vestibule_dose::{DoseOptions, HuTable, MachineModel, PreparedPlan, as_dose, compute};
use vestibule_geometry::contour;
use vestibule_patient::{Dose, DoseSummation, DoseType, Image, Patient, Plan, StructureSet};

/// `vestibule dose`: compute, sum, dvh, compare, iso, rate and timeline.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Compute the dose of a proton plan on its CT and write it as DICOM
    Compute(ComputeArgs),
    /// What each structure gets from a dose
    Dvh(dvh::Args),
    /// Hold one dose against another: difference and gamma index
    Compare(compare::Args),
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

/// What `compute` takes.
#[derive(clap::Args)]
pub struct ComputeArgs {
    /// Whose plan
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the plan; needed where there are several
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
    /// Machine file (docs/machine.md) [default: generic-pbs]
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Table from HU to stopping power (docs/machine.md) [default: by the CT]
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// Spacing of the dose grid, mm, 0.5 to 10
    #[arg(long, value_name = "N", default_value_t = 2.5)]
    grid_mm: f64,
    /// One fraction instead of the whole course
    #[arg(long)]
    fraction: bool,
    /// Multiply by this and call the dose RBE-weighted (EFFECTIVE), for example 1.1
    #[arg(long, value_name = "F")]
    rbe: Option<f64>,
    /// Write each beam's dose too, beside the plan's: OUT-beam-N.dcm, N the Beam Number
    #[arg(long)]
    per_beam: bool,
    /// Where to write the RT Dose
    #[arg(long, value_name = "FILE.dcm")]
    out: PathBuf,
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    match command {
        Command::Compute(args) => run_compute(&args, global),
        Command::Dvh(args) => dvh::run(&args, global),
        Command::Compare(args) => compare::run(&args, global),
        Command::Rate(args) => rate::run(&args, global),
        Command::Timeline(args) => timeline::run(&args, global),
        Command::Sum(args) => sum::run(&args, global),
        Command::Iso(args) => iso::run(&args, global),
        Command::Machine(command) => crate::dose_machine::run(&command, global),
    }
}

fn run_compute(args: &ComputeArgs, global: &Global) -> Done {
    if let Some(rbe) = args.rbe
        && !(rbe > 0.0 && rbe <= 10.0)
    {
        return Err(Failure::call(format!("--rbe {rbe}: expected a number above 0 and up to 10, usually 1.1")));
    }
    if !(args.grid_mm >= 0.5 && args.grid_mm <= 10.0) {
        return Err(Failure::call(format!("--grid-mm {}: expected 0.5 to 10 mm", args.grid_mm)));
    }
    // Files that the call names are read before anything slow happens.
    let machine = machine(args.machine.as_deref())?;
    let calibration = match &args.calibration {
        Some(path) => Some(HuTable::from_json(&read(path)?).map_err(|e| in_file(path, e))?),
        None => None,
    };
    let patient = open(global, Create::No)?.patient(&args.patient).map_err(Failure::work)?;
    let plan = choose_plan(&patient, args.plan.as_deref())?;
    let ct = patient.planning_image(plan).ok_or_else(|| {
        Failure::Work(
            "the plan's CT (same frame of reference) is not in the store: import it together with the plan".into(),
        )
    })?;
    let structures = patient.structures_of(plan);
    let external = structures.and_then(StructureSet::external).filter(|s| !s.contours.is_empty());
    let started = Instant::now();
    let body = external.map(|s| contour::mask(&s.contours, &ct.volume.grid));
    let hu = calibration.unwrap_or_else(|| HuTable::for_image(ct));
    let options = DoseOptions { grid_mm: args.grid_mm };
    let prepared = PreparedPlan::new(ct, body.as_ref(), plan, &machine, &hu, &options).map_err(Failure::work)?;

    let fractions = if args.fraction { 1 } else { plan.fractions.max(1) };
    let bar = progress(0, "dose");
    let advance = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let summation = if args.fraction { DoseSummation::Fraction } else { DoseSummation::Plan };
    let identity = identity(&patient, ct);
    let settings = format!(
        "{} mm, {} fractions, rbe {:?}, {}, {}, {} {summation:?}",
        args.grid_mm,
        fractions,
        args.rbe,
        machine.name,
        hu.name,
        prepared.engine(),
    );
    let settings = [plan.uid.as_str(), &ct.uid, &settings];
    let mut beams = Vec::new();
    let mut dose = if args.per_beam {
        let (one, written) =
            beams::compute_and_write(&prepared, plan, fractions, args.rbe, &settings, &args.out, &identity, &advance)?;
        beams = written;
        as_dose(&prepared, one, f64::from(fractions), summation)
    } else {
        compute(&prepared, fractions, &advance)
    };
    bar.finish_and_clear();
    dose.summation = summation;
    if let Some(rbe) = args.rbe {
        dose.dose_type = DoseType::Effective;
        dose.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * rbe) as f32);
    }
    let seconds = started.elapsed().as_secs_f64();
    dose.uid = write::derived_uid(&settings);
    write::dose(&args.out, &dose, Some(plan), &identity).map_err(Failure::work)?;

    let mut notes = prepared.notes().to_vec();
    if body.is_none() {
        notes
            .push("there is no outline of the body: everything in the CT, the couch too, is taken for the body".into());
    }
    let max_gy = dose.volume.data.iter().copied().fold(0.0f32, f32::max);
    let inside = prepared.body_voxels();
    let mean_gy =
        inside.iter().map(|o| f64::from(dose.volume.data[*o as usize])).sum::<f64>() / inside.len().max(1) as f64;
    let result = json!({
        "engine": dose.engine,
        "seconds": (seconds * 1000.0).round() / 1000.0,
        "max_gy": f64::from(max_gy),
        "mean_gy": mean_gy,
        "mean_over": if body.is_some() { "BODY" } else { "CT" },
        "dose_type": type_name(&dose),
        "summation": summation_name(&dose),
        "fractions": fractions,
        "rbe": args.rbe.unwrap_or(1.0),
        "grid_mm": args.grid_mm,
        "machine": machine.name,
        "calibration": hu.name,
        "uid": dose.uid,
        "beams": beams
            .iter()
            .map(|b| json!({ "number": b.number, "name": b.name, "max_gy": b.max_gy, "file": b.path.display().to_string() }))
            .collect::<Vec<_>>(),
        "notes": notes,
    });
    if global.json {
        return print_json(&result);
    }
    println!(
        "{} dose, {}: maximum {max_gy:.3} Gy, mean over {} {mean_gy:.3} Gy, in {seconds:.1} s",
        if args.rbe.is_some() { "RBE-weighted" } else { "physical" },
        if args.fraction { "one fraction".to_owned() } else { format!("{fractions} fractions") },
        result["mean_over"].as_str().unwrap_or("BODY"),
    );
    println!("{}; written to {}", dose.engine, args.out.display());
    for b in &beams {
        println!("beam {} '{}': maximum {:.3} Gy; written to {}", b.number, b.name, b.max_gy, b.path.display());
    }
    for note in notes {
        println!("note: {note}");
    }
    Ok(())
}

fn choose_plan<'a>(patient: &'a Patient, uid: Option<&str>) -> Result<&'a Plan, Failure> {
    let list = || {
        let lines: Vec<String> =
            patient.plans.iter().map(|p| format!("  {}  {} ({:?})", p.uid, p.label, p.radiation())).collect();
        lines.join("\n")
    };
    match (uid, patient.plans.as_slice()) {
        (_, []) => Err(Failure::Work("this patient has no plan in the store: import one".into())),
        (Some(uid), plans) => plans
            .iter()
            .find(|p| p.uid == uid)
            .ok_or_else(|| Failure::call(format!("there is no plan {uid}; this patient has:\n{}", list()))),
        (None, [one]) => Ok(one),
        (None, _) => {
            Err(Failure::call(format!("this patient has several plans; choose one with --plan UID:\n{}", list())))
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
        (None, [one]) => Ok(one),
        (None, _) => Err(Failure::call(format!("this patient has several doses; choose one with --dose UID:\n{}", list()))),
    }
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
