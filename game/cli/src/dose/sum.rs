//! `vestibule dose sum`: doses of plans, fractions or beams in files, summed into one file.

use super::{file, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use serde_json::json;
use std::path::PathBuf;
use vestibule_dicom::DoseReferences;
use vestibule_dicom::write::{self, Identity, PlanReference};
use vestibule_dose::{SumError, SumOptions, SumPart, sum};
use vestibule_patient::{Dose, DoseSummation, Patient};

/// What `sum` takes.
#[derive(clap::Args)]
pub struct Args {
    /// RT Doses, each with how often it counts if that is not once: A.dcm 'B.dcm*25'
    #[arg(required = true, value_name = "DOSE.dcm[*N]", value_parser = part)]
    doses: Vec<(PathBuf, f64)>,
    /// Put the sum on the grid of this RT Dose [default: the finest grid, as large as all doses together]
    #[arg(long, value_name = "FILE.dcm")]
    grid_of: Option<PathBuf>,
    /// Keep each dose's integral where it changes its grid, instead of interpolating (docs/dose.md)
    #[arg(long)]
    conserve: bool,
    /// Where to write the sum
    #[arg(long, value_name = "FILE.dcm")]
    out: PathBuf,
}

/// `A.dcm` or `A.dcm*25`.
fn part(text: &str) -> Result<(PathBuf, f64), String> {
    match text.rsplit_once('*') {
        None => Ok((text.into(), 1.0)),
        Some((path, times)) => match times.trim().parse::<f64>() {
            Ok(n) if n > 0.0 && n.is_finite() && !path.is_empty() => Ok((path.into(), n)),
            _ => Err("write it as in 'dose.dcm*25', with a number above 0".to_owned()),
        },
    }
}

/// Sums.
pub fn run(args: &Args, global: &Global) -> Done {
    let mut doses: Vec<(Patient, Dose)> = Vec::new();
    let mut references: Vec<DoseReferences> = Vec::new();
    for (n, (path, _)) in args.doses.iter().enumerate() {
        let (patient, dose) = file::read(path)?;
        if let Some((first, _)) = doses.first()
            && (first.id != patient.id || first.name != patient.name)
        {
            return Err(Failure::Work(format!(
                "{} is of another patient than {}: doses of two people do not add up",
                args.doses[n].0.display(),
                args.doses[0].0.display()
            )));
        }
        let bytes = std::fs::read(path).map_err(|e| super::in_file(path, e))?;
        references.push(DoseReferences::read(&bytes).unwrap_or_default());
        doses.push((patient, dose));
    }
    let grid = match &args.grid_of {
        Some(path) => Some(file::read(path)?.1.volume.grid),
        None => None,
    };
    let parts: Vec<SumPart> =
        doses.iter().zip(&args.doses).map(|((_, dose), (_, times))| SumPart { dose, times: *times }).collect();
    let options = SumOptions { grid, conserve: args.conserve };
    let mut summed = sum(&parts, &options).map_err(|e| match e {
        SumError::Nothing | SumError::Times { .. } => Failure::call(e),
        other => Failure::work(other),
    })?;
    let plans = plans(&references, &summed.dose, &mut summed.notes);
    let mut told: Vec<String> =
        parts.iter().map(|p| format!("{} {} {:?}", p.dose.uid, p.times, p.dose.volume.grid.size)).collect();
    told.push(format!("{:?} {}", summed.dose.volume.grid, args.conserve));
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    summed.dose.uid = write::derived_uid(&told);
    let (patient, _) = &doses[0];
    let identity = Identity {
        patient_id: patient.id.clone(),
        patient_name: patient.name.clone(),
        birth_date: patient.birth_date.clone(),
        sex: patient.sex.clone(),
        study_uid: references
            .iter()
            .map(|r| &r.study_uid)
            .find(|s| !s.is_empty())
            .cloned()
            .unwrap_or_else(|| write::derived_uid(&[&summed.dose.uid, "study"])),
        ..Identity::default()
    };
    write::dose_of(&args.out, &summed.dose, &plans, &identity).map_err(Failure::work)?;
    report(args, global, &parts, &summed.dose, plans.len(), &summed.notes)
}

/// The plans of all parts, each once, with the beams of all parts.
fn plans(references: &[DoseReferences], sum: &Dose, notes: &mut Vec<String>) -> Vec<PlanReference> {
    let mut out: Vec<PlanReference> = Vec::new();
    for plan in references.iter().flat_map(|r| &r.plans) {
        match out.iter_mut().find(|p| p.uid == plan.uid) {
            None => out.push(plan.clone()),
            Some(known) => {
                let twice: Vec<String> =
                    plan.beams.iter().filter(|b| known.beams.contains(b)).map(ToString::to_string).collect();
                if !twice.is_empty() && sum.summation == DoseSummation::Beam {
                    notes.push(format!(
                        "beam {} stands in more than one of the doses and counts in each",
                        twice.join(", ")
                    ));
                }
                known.beams.extend(plan.beams.iter().filter(|b| !known.beams.contains(b)).copied().collect::<Vec<_>>());
            }
        }
    }
    if out.is_empty() {
        notes.push(
            "no dose names its plan, so the file does not either: DICOM asks for it, and other systems may refuse it"
                .to_owned(),
        );
    }
    out
}

fn report(args: &Args, global: &Global, parts: &[SumPart], sum: &Dose, plans: usize, notes: &[String]) -> Done {
    let max = sum.volume.data.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let grid = &sum.volume.grid;
    if global.json {
        let parts: Vec<_> = parts
            .iter()
            .map(|p| {
                json!({ "uid": p.dose.uid, "times": p.times, "dose_type": type_name(p.dose),
                    "summation": summation_name(p.dose), "engine": p.dose.engine })
            })
            .collect();
        return print_json(&json!({
            "uid": sum.uid, "dose_type": type_name(sum), "summation": summation_name(sum), "engine": sum.engine,
            "max_gy": f64::from(max), "size": grid.size, "spacing_mm": grid.spacing_mm, "plans": plans,
            "conserve": args.conserve, "parts": parts, "notes": notes,
        }));
    }
    say!(
        "{} doses summed, {}, {}: maximum {max:.3} Gy, {} × {} × {} voxels of {:.2} × {:.2} × {:.2} mm",
        parts.len(),
        if type_name(sum) == "EFFECTIVE" { "RBE-weighted" } else { "physical" },
        summation_name(sum),
        grid.size[0],
        grid.size[1],
        grid.size[2],
        grid.spacing_mm[0],
        grid.spacing_mm[1],
        grid.spacing_mm[2],
    );
    let engine = if sum.engine.is_empty() { "engine not stated" } else { &sum.engine };
    say!("{engine}; written to {}", args.out.display());
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}
