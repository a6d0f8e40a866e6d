//! `vestibule dose compare`: the difference and the gamma index of two doses in files.

use super::{file, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use serde_json::json;
use std::path::PathBuf;
use vestibule_dose::{Difference, Gamma, GammaCriteria, GammaError, check_pair};
use vestibule_patient::{Dose, DoseUnit};

/// What `compare` takes.
#[derive(clap::Args)]
pub struct Args {
    /// RT Dose that is held to be right: gamma is asked at each of its voxels
    #[arg(value_name = "REFERENCE.dcm")]
    reference: PathBuf,
    /// RT Dose that is judged: it is interpolated, and searched around each place
    #[arg(value_name = "EVALUATED.dcm")]
    evaluated: PathBuf,
    /// Dose and distance criteria, as in 3%/2mm
    #[arg(long, value_name = "PERCENT/MM", default_value = "3%/2mm", value_parser = criteria)]
    criteria: [f64; 2],
    /// Leave out reference voxels below this percent of the normalisation
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    threshold: f64,
    /// Percent of each reference value instead of the normalisation
    #[arg(long)]
    local: bool,
    /// Search each slice in its own plane only (2D)
    #[arg(long)]
    in_plane: bool,
    /// What the percents refer to, in Gray [default: the reference's maximum]
    #[arg(long, value_name = "GY")]
    normalisation: Option<f64>,
    /// Gamma above this is not searched for and counts as this much
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    max_gamma: f64,
}

/// `3%/2mm`, `3/2`, `3 %, 2 mm`.
fn criteria(text: &str) -> Result<[f64; 2], String> {
    let wrong = || "write it as in 3%/2mm (percent of dose, then mm)".to_owned();
    let (dose, distance) = text.split_once(['/', ',']).ok_or_else(wrong)?;
    let number = |t: &str, unit: &str| {
        let t = t.trim();
        t.strip_suffix(unit).unwrap_or(t).trim().parse::<f64>().map_err(|_| wrong())
    };
    Ok([number(dose, "%")?, number(distance, "mm")?])
}

/// Compares.
pub fn run(args: &Args, global: &Global) -> Done {
    let (reference, evaluated) = (file::read(&args.reference)?.1, file::read(&args.evaluated)?.1);
    let mut notes = check_pair(&reference, &evaluated).map_err(Failure::work)?;
    let [dose_percent, distance_mm] = args.criteria;
    let wanted = GammaCriteria {
        cutoff_percent: args.threshold,
        local: args.local,
        in_plane: args.in_plane,
        normalisation: args.normalisation,
        max_gamma: args.max_gamma,
        ..GammaCriteria::new(dose_percent, distance_mm)
    };
    let gamma = Gamma::new(&reference.volume, &evaluated.volume, &wanted).map_err(|e| match e {
        GammaError::Criterion { .. } => Failure::call(e),
        other => Failure::work(other),
    })?;
    let cutoff = args.threshold / 100.0 * gamma.normalisation;
    let difference = Difference::new(&reference.volume, &evaluated.volume, cutoff).map_err(Failure::work)?;
    if gamma.out_of_reach > 0 {
        notes.push(format!(
            "{} reference voxels above the cutoff lie beyond the evaluated grid and are in no figure",
            gamma.out_of_reach
        ));
    }
    let unit = if reference.unit == DoseUnit::Gy { "Gy" } else { "relative" };
    if global.json {
        return print_json(&json!({
            "pass_rate": gamma.pass_rate(), "mean_gamma": gamma.mean, "points": gamma.points,
            "max_gamma": gamma.max, "max_gamma_searched": args.max_gamma, "out_of_reach": gamma.out_of_reach,
            "criteria": { "dose_percent": dose_percent, "distance_mm": distance_mm, "threshold_percent": args.threshold,
                "local": args.local, "in_plane": args.in_plane, "normalisation": gamma.normalisation, "cutoff": cutoff },
            "difference": { "unit": unit, "points": difference.points, "outside": difference.outside,
                "mean": difference.mean, "rms": difference.rms, "min": difference.range[0], "max": difference.range[1] },
            "reference": about(&reference), "evaluated": about(&evaluated), "notes": notes,
        }));
    }
    say!(
        "gamma {}%/{} mm, {}{}, cutoff {}% of {:.4} {unit}: {:.3} % of {} points pass, mean {:.3}, highest {:.3}{}",
        dose_percent,
        distance_mm,
        if args.local { "local" } else { "global" },
        if args.in_plane { ", in plane" } else { "" },
        args.threshold,
        gamma.normalisation,
        gamma.pass_rate(),
        gamma.points,
        gamma.mean,
        gamma.max,
        if gamma.max >= args.max_gamma { " (where the search ends)" } else { "" },
    );
    say!(
        "evaluated less reference: mean {:+.4} {unit}, rms {:.4}, from {:+.4} to {:+.4}, over {} voxels",
        difference.mean,
        difference.rms,
        difference.range[0],
        difference.range[1],
        difference.points
    );
    for (name, dose) in [("reference", &reference), ("evaluated", &evaluated)] {
        let engine = if dose.engine.is_empty() { "engine not stated" } else { &dose.engine };
        say!("{name}: {}, {}, {engine}", type_name(dose), summation_name(dose));
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

fn about(dose: &Dose) -> serde_json::Value {
    json!({ "uid": dose.uid, "dose_type": type_name(dose), "summation": summation_name(dose), "engine": dose.engine })
}
