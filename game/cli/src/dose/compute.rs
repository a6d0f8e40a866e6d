//! `vestibule dose compute`: the dose of a plan on its CT, as DICOM; of protons LETd and RBE as display quantities.

mod photons;

use super::beams;
use super::biology::{LetRow, Protons, RbeModel, let_rows, ratio, ratio_masks};
use super::materials::{MaterialArgs, Prepared};
use super::meta_image;
use super::{choose_plan, identity, in_file, read, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json, progress};
use crate::store::{Create, open};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;
use vestibule_dicom::write;
use vestibule_dose::let_d::LET_FLOOR;
use vestibule_dose::overrides::body_of;
use vestibule_dose::{
    DoseOptions, HuTable, LET_COUNTS_ABOVE, LetProtons, MachineModel, PhotonMachine, PreparedPlan, as_dose,
    compute_fraction, dose_averaged_let, rbe,
};
use vestibule_geometry::Volume;
use vestibule_patient::{DoseSummation, DoseType, RadiationType};

/// What `compute` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose plan
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the plan [default: the only one, or of several the only approved one]
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
    /// Machine file (docs/machine.md) [default: generic-pbs, of photons generic-photon-6mv]
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Table from HU to stopping power (docs/machine.md) [default: by the CT]
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    #[command(flatten)]
    materials: MaterialArgs,
    /// Spacing of the dose grid, mm, 0.5 to 10
    #[arg(long, value_name = "N", default_value_t = 2.5)]
    grid_mm: f64,
    /// One fraction instead of the whole course
    #[arg(long)]
    fraction: bool,
    /// Protons: multiply by this and call the dose RBE-weighted (EFFECTIVE), for example 1.1
    #[arg(long, value_name = "F")]
    rbe: Option<f64>,
    /// Variable RBE instead: a research display, EFFECTIVE; needs --alpha-beta
    #[arg(long, value_name = "MODEL", conflicts_with = "rbe", requires = "alpha_beta")]
    rbe_model: Option<RbeModel>,
    /// Photon alpha/beta in Gray: one for all tissue (2), and others by structure (CTV=10)
    #[arg(long, value_name = "[NAME=]GY", value_delimiter = ',', value_parser = ratio, requires = "rbe_model")]
    alpha_beta: Vec<(Option<String>, f64)>,
    /// Protons: add dose-averaged LET by structure, of these protons [if none are named: primary]
    #[arg(long = "let", value_name = "PROTONS", num_args = 0..=1, default_missing_value = "primary")]
    let_d: Option<Protons>,
    /// Write the dose-averaged LET too, on the dose grid: MetaImage, keV/um, 0 where the dose is below 0.1 % of its maximum
    #[arg(long, value_name = "FILE.mha")]
    let_out: Option<PathBuf>,
    /// Write each beam's dose too, beside the plan's: OUT-beam-N.dcm, N the Beam Number
    #[arg(long, conflicts_with = "rbe_model")]
    per_beam: bool,
    /// Where to write the RT Dose
    #[arg(long, value_name = "FILE.dcm")]
    out: PathBuf,
}

/// Said where the body is not outlined.
const NO_OUTLINE: &str = "there is no outline of the body: everything in the CT, the couch too, is taken for the body";

/// A machine of either kind.
enum Machine {
    Protons(MachineModel),
    Photons(PhotonMachine),
}

impl Machine {
    /// What a file says.
    fn of(path: &Path) -> Result<Self, Failure> {
        let text = read(path)?;
        match text.contains("\"betas_per_mm\"") {
            true => PhotonMachine::from_json(&text).map(Self::Photons).map_err(|e| in_file(path, e)),
            false => MachineModel::from_json(&text).map(Self::Protons).map_err(|e| in_file(path, e)),
        }
    }
}

/// Computes and writes.
pub fn run(args: &Args, global: &Global) -> Done {
    if let Some(rbe) = args.rbe
        && !(rbe > 0.0 && rbe <= 10.0)
    {
        return Err(Failure::call(format!("--rbe {rbe}: expected a number above 0 and up to 10, usually 1.1")));
    }
    if !(args.grid_mm >= 0.5 && args.grid_mm <= 10.0) {
        return Err(Failure::call(format!("--grid-mm {}: expected 0.5 to 10 mm", args.grid_mm)));
    }
    let everywhere: Vec<f64> = args.alpha_beta.iter().filter(|r| r.0.is_none()).map(|r| r.1).collect();
    if args.rbe_model.is_some() && everywhere.len() != 1 {
        return Err(Failure::call(
            "--alpha-beta: give one value for all tissue (--alpha-beta 2), and others by structure if you like (CTV=10)",
        ));
    }
    if let Some(path) = args.let_out.as_ref().filter(|p| p.exists()) {
        return Err(Failure::call(format!(
            "--let-out {}: it is there already: name another file, or remove it first",
            path.display()
        )));
    }
    // Files that the call names are read before anything slow happens.
    let machine = args.machine.as_deref().map(Machine::of).transpose()?;
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
    let of_photons = plan.radiation() == RadiationType::Photon;
    let machine = match machine {
        Some(Machine::Photons(machine)) if of_photons => {
            return photons::run(args, global, &patient, plan, ct, &machine, calibration);
        }
        None if of_photons => {
            return photons::run(args, global, &patient, plan, ct, &PhotonMachine::generic(), calibration);
        }
        Some(Machine::Protons(machine)) if !of_photons => machine,
        None => MachineModel::generic(),
        Some(_) => {
            let has = if of_photons { "photons" } else { "no photons" };
            return Err(Failure::call(format!("--machine: it is a machine of the other kind; the plan has {has}")));
        }
    };
    let structures = patient.structures_of(plan);
    let started = Instant::now();
    let body = body_of(structures, &ct.volume.grid);
    let given = Prepared::new(&args.materials, structures, &ct.volume.grid)?;
    let hu = calibration.unwrap_or_else(|| HuTable::for_image(ct));
    let options = DoseOptions { grid_mm: args.grid_mm };
    let prepared = PreparedPlan::with_materials(ct, body.as_ref(), plan, &machine, &hu, &options, &given.materials())
        .map_err(Failure::work)?;
    let ratios = ratio_masks(&args.alpha_beta, structures, prepared.grid())?;

    let fractions = if args.fraction { 1 } else { plan.fractions.max(1) };
    let protons = match (args.let_d, args.rbe_model) {
        (Some(p), _) => Some(p.into()),
        (None, Some(_)) => Some(LetProtons::All),
        (None, None) => args.let_out.as_ref().map(|_| LetProtons::Primary),
    };
    let bar = progress(0, "dose");
    let passes = if protons.is_some() { 2 } else { 1 };
    let show = |pass: usize| {
        let bar = &bar;
        move |done: usize, total: usize| {
            bar.set_length((passes * total) as u64);
            bar.set_position((pass * total + done) as u64);
        }
    };
    let summation = if args.fraction { DoseSummation::Fraction } else { DoseSummation::Plan };
    let identity = identity(&patient, ct);
    let mut settings = format!(
        "{} mm, {} fractions, rbe {:?}, {}, {}, {} {summation:?}",
        args.grid_mm,
        fractions,
        args.rbe,
        machine.name,
        hu.name,
        if args.rbe_model.is_some() { rbe::VARIABLE_RBE_NAME } else { prepared.engine() },
    );
    if given.any() || args.rbe_model.is_some() {
        settings += &format!(", {}, {:?}, {protons:?}", given.summary(), args.alpha_beta);
    }
    let settings = [plan.uid.as_str(), &ct.uid, &settings];
    let mut written = Vec::new();
    let one = if args.per_beam {
        let (one, beams) =
            beams::compute_and_write(&prepared, plan, fractions, args.rbe, &settings, &args.out, &identity, &show(0))?;
        written = beams;
        one
    } else {
        compute_fraction(&prepared, &show(0))
    };
    let let_d = protons.map(|p| dose_averaged_let(&prepared, &one, p, &show(1)));
    bar.finish_and_clear();
    let mut dose = as_dose(&prepared, &one, f64::from(fractions), summation);
    if let Some(rbe) = args.rbe {
        dose.dose_type = DoseType::Effective;
        dose.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * rbe) as f32);
    }
    if let (Some(_), Some(let_d)) = (args.rbe_model, &let_d) {
        let masks: Vec<(&Volume<u8>, f64)> = ratios.iter().map(|(mask, ratio)| (mask, *ratio)).collect();
        dose.volume =
            rbe::mcnamara_dose(&dose.volume, let_d, fractions, &masks, everywhere[0]).map_err(Failure::work)?;
        dose.dose_type = DoseType::Effective;
        dose.engine = rbe::VARIABLE_RBE_NAME.to_owned();
    }
    let seconds = started.elapsed().as_secs_f64();
    let rows = let_d.as_ref().map(|l| let_rows(l, &one, structures)).unwrap_or_default();
    dose.uid = write::derived_uid(&settings);
    write::dose(&args.out, &dose, Some(plan), &identity).map_err(Failure::work)?;
    if let (Some(path), Some(let_d), Some(p)) = (&args.let_out, &let_d, protons) {
        let what = format!(
            "dose-averaged LET in keV/um (water), {}; 0 = none (dose below {} % of its maximum); {}",
            p.name(),
            100.0 * LET_FLOOR,
            prepared.engine()
        );
        meta_image::write(path, let_d, &what)?;
    }

    let mut notes = prepared.notes().to_vec();
    if body.is_none() {
        notes.push(NO_OUTLINE.into());
    }
    if let Some(p) = protons {
        notes.push(format!(
            "LETd of {} in water, after Wilkens and Oelfke (2003) with PSTAR's stopping powers: a display quantity \
             (docs/dose.md)",
            p.name()
        ));
    }
    if args.rbe_model.is_some() {
        notes.push(format!("{}: not for clinical decisions", rbe::VARIABLE_RBE_NAME));
    }
    let max_gy = dose.volume.data.iter().copied().fold(0.0f32, f32::max);
    let inside = prepared.body_voxels();
    let mean_gy =
        inside.iter().map(|o| f64::from(dose.volume.data[*o as usize])).sum::<f64>() / inside.len().max(1) as f64;
    let mut result = json!({
        "engine": dose.engine,
        "seconds": (seconds * 1000.0).round() / 1000.0,
        "max_gy": f64::from(max_gy),
        "mean_gy": mean_gy,
        "mean_over": if body.is_some() { "BODY" } else { "CT" },
        "dose_type": type_name(&dose),
        "summation": summation_name(&dose),
        "fractions": fractions,
        "rbe": if args.rbe_model.is_some() { Value::Null } else { json!(args.rbe.unwrap_or(1.0)) },
        "grid_mm": args.grid_mm,
        "machine": machine.name,
        "calibration": hu.name,
        "uid": dose.uid,
        "beams": beams::listed(&written),
        "notes": notes,
    });
    if args.rbe_model.is_some() {
        result["rbe_model"] = json!(rbe::VARIABLE_RBE_NAME);
        result["alpha_beta_gy"] = args
            .alpha_beta
            .iter()
            .map(|(name, ratio)| json!({ "structure": name, "gy": ratio }))
            .collect::<Vec<_>>()
            .into();
    }
    if let Some(p) = protons {
        result["let"] = json!({
            "unit": "keV/um",
            "protons": p.name(),
            "above_percent_of_max": 100.0 * LET_COUNTS_ABOVE,
            "file": args.let_out.as_ref().map(|p| p.display().to_string()),
            "file_floor_percent_of_max": args.let_out.as_ref().map(|_| 100.0 * LET_FLOOR),
            "structures": rows.iter().map(LetRow::json).collect::<Vec<_>>(),
        });
    }
    if global.json {
        return print_json(&result);
    }
    let kind = match (args.rbe_model, args.rbe) {
        (Some(_), _) => "variably RBE-weighted",
        (None, Some(_)) => "RBE-weighted",
        (None, None) => "physical",
    };
    say!(
        "{kind} dose, {}: maximum {max_gy:.3} Gy, mean over {} {mean_gy:.3} Gy, in {seconds:.1} s",
        if args.fraction { "one fraction".to_owned() } else { format!("{fractions} fractions") },
        result["mean_over"].as_str().unwrap_or("BODY"),
    );
    say!("{}; written to {}", dose.engine, args.out.display());
    beams::say(&written);
    if let Some(p) = protons {
        say!("LETd of {} where the dose is above 10 % of its maximum, keV/um:", p.name());
        for row in &rows {
            say!(
                "  {:<24} mean {:6.2}  max {:6.2}  ({:.1} cm3)",
                row.name,
                row.figures.mean,
                row.figures.max,
                row.figures.volume_cm3
            );
        }
        if let Some(path) = &args.let_out {
            say!(
                "LETd on the dose grid, 0 below {} % of the maximum dose; written to {}",
                100.0 * LET_FLOOR,
                path.display()
            );
        }
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}
