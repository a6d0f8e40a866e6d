//! `vestibule dose difference`: two doses of one patient, one less the other, structure by structure.

use super::{choose_dose, structures_of, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use crate::store::{Create, open};
use serde_json::json;
use std::sync::atomic::AtomicBool;
use vestibule_dose::PlanDifference;
use vestibule_geometry::Contour;
use vestibule_patient::DoseUnit;

/// What `difference` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose doses
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the dose to look at
    #[arg(long, value_name = "UID")]
    dose: String,
    /// SOPInstanceUID of the dose that is taken off
    #[arg(long, value_name = "UID")]
    minus: String,
}

/// Prints the table.
pub fn run(args: &Args, global: &Global) -> Done {
    let patient = open(global, Create::No)?.patient(&args.patient).map_err(Failure::work)?;
    let (a, b) = (choose_dose(&patient, Some(&args.dose))?, choose_dose(&patient, Some(&args.minus))?);
    if a.unit != DoseUnit::Gy {
        return Err(Failure::Work("these doses are relative, not in Gray: a difference in Gray would be wrong".into()));
    }
    let set = structures_of(&patient, a)?;
    let difference = PlanDifference::new(a, b).map_err(Failure::work)?;
    let contours: Vec<&[Contour]> = set.structures.iter().map(|s| s.contours.as_slice()).collect();
    let all = difference.structures([a, b], &contours, &AtomicBool::new(false));
    let mut notes = difference.notes.clone();
    let mut rows = Vec::new();
    for (s, found) in set.structures.iter().zip(all) {
        match found {
            Some(Ok(d)) => rows.push((s.name.as_str(), d)),
            Some(Err(e)) => notes.push(format!("{}: {e}", s.name)),
            None => {}
        }
    }
    if global.json {
        let structures: Vec<_> = rows
            .iter()
            .map(|(name, d)| {
                json!({
                    "name": name, "volume_cm3": d.volume_cm3, "min_gy": d.min, "max_gy": d.max, "mean_gy": d.mean,
                    "d98_gy": d.d98, "d95_gy": d.d95, "d50_gy": d.d50, "d2_gy": d.d2, "outside_fractions": d.outside,
                })
            })
            .collect();
        return print_json(&json!({
            "dose": a.uid, "minus": b.uid, "dose_type": type_name(a), "summation": summation_name(a),
            "minus_dose_type": type_name(b), "minus_summation": summation_name(b),
            "lowest_gy": difference.range[0], "highest_gy": difference.range[1], "structures": structures, "notes": notes,
        }));
    }
    say!(
        "{} ({}) less {} ({}), Gray: {:+.3} to {:+.3}",
        type_name(a),
        summation_name(a),
        type_name(b),
        summation_name(b),
        difference.range[0],
        difference.range[1]
    );
    let heads = ["lowest", "highest", "mean", "D98", "D95", "D50", "D2"].map(|h| format!("{h:>9}")).concat();
    say!("{:<24} {:>10}{heads}", "structure", "cm3");
    for (name, d) in rows {
        let values = [d.min, d.max, d.mean, d.d98, d.d95, d.d50, d.d2].map(|v| format!("{v:>+9.3}")).concat();
        say!("{name:<24} {:>10.2}{values}", d.volume_cm3);
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}
