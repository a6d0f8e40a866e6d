//! `vestibule dose constraints`: a protocol's table of limits, row by row.

use super::{choose_dose, in_file, read, structures_of, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use crate::store::{Create, open};
use serde_json::json;
use std::path::PathBuf;
use vestibule_dose::Dvh;
use vestibule_dose::constraints::{Basis, ConstraintRow, MARK, Protocol, Verdict, basis, evaluate, needs};
use vestibule_patient::{Dose, DoseType, StructureSet};

/// What `constraints` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose dose
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the dose [default: the only one, or of several that of the only approved plan]
    #[arg(long, value_name = "UID")]
    dose: Option<String>,
    /// Protocol file (docs/protocols.md); some lie in assets/protocols
    #[arg(long, value_name = "FILE")]
    protocol: PathBuf,
    /// What a physical dose is multiplied with where the protocol speaks of RBE-weighted dose
    #[arg(long, value_name = "F")]
    rbe: Option<f64>,
    /// For a patient who is not synthetic: the table is research, not for clinical decisions
    #[arg(long)]
    research: bool,
}

/// Prints the table. A goal that is missed is a result, no failure.
pub fn run(args: &Args, global: &Global) -> Done {
    let protocol = Protocol::from_json(&read(&args.protocol)?).map_err(|e| in_file(&args.protocol, e))?;
    let patient = open(global, Create::No)?.patient(&args.patient).map_err(Failure::work)?;
    if !patient.synthetic && !args.research {
        return Err(Failure::call(format!(
            "this patient is not synthetic: whether goals are met looks like a decision; say --research, and the table is marked '{MARK}'"
        )));
    }
    let dose = choose_dose(&patient, args.dose.as_deref())?;
    let plan = dose.plan_uid.as_ref().and_then(|uid| patient.plans.iter().find(|p| p.uid == *uid));
    let set = structures_of(&patient, dose)?;
    let basis = basis(&protocol, dose, plan, args.rbe).map_err(Failure::call)?;
    let mut dvhs: Vec<Option<Result<Dvh, String>>> = vec![None; set.structures.len()];
    for i in needs(&protocol, set) {
        dvhs[i] = Some(Dvh::new(&dose.volume, &set.structures[i].contours).map_err(|e| e.to_string()));
    }
    let of = |i: usize| dvhs[i].as_ref().map(|d| d.as_ref().map_err(Clone::clone));
    let rows = evaluate(&protocol, set, &of, &basis);
    let mark = (!patient.synthetic).then_some(MARK);
    if global.json {
        return print_json(&as_json(&protocol, set, dose, &basis, &rows, mark));
    }
    print(&protocol, set, dose, &basis, &rows, mark);
    Ok(())
}

/// What dose the values are of, once weighted.
fn weighted(dose: &Dose, protocol: &Protocol) -> &'static str {
    if protocol.dose.dose_type == DoseType::Effective { "EFFECTIVE" } else { type_name(dose) }
}

fn as_json(
    protocol: &Protocol,
    set: &StructureSet,
    dose: &Dose,
    basis: &Basis,
    rows: &[ConstraintRow],
    mark: Option<&str>,
) -> serde_json::Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|r| {
            let c = &protocol.rows[r.constraint];
            let reason = match &r.verdict {
                Verdict::Unavailable(why) => Some(why),
                _ => None,
            };
            json!({
                "structure": c.structure, "found": r.structure.map(|i| &set.structures[i].name),
                "metric": c.metric.to_string(), "unit": c.metric.unit(), "value": r.value,
                "compare": c.compare.sign(), "goal": c.goal, "variation": c.variation,
                "priority": c.priority, "label": c.label, "verdict": r.verdict.name(), "reason": reason, "note": r.note,
            })
        })
        .collect();
    json!({
        "protocol": protocol.title, "source": protocol.source, "reference": protocol.reference, "mark": mark,
        "uid": dose.uid, "engine": dose.engine, "dose_type": type_name(dose), "summation": summation_name(dose),
        "judged_as": weighted(dose, protocol), "factor": basis.factor, "prescription_gy": basis.prescription_gy,
        "rows": rows, "notes": basis.notes,
    })
}

fn print(
    protocol: &Protocol,
    set: &StructureSet,
    dose: &Dose,
    basis: &Basis,
    rows: &[ConstraintRow],
    mark: Option<&str>,
) {
    if let Some(mark) = mark {
        say!("{mark}");
    }
    let engine = if dose.engine.is_empty() { "engine not stated" } else { &dose.engine };
    say!("{}; {}", protocol.title, protocol.source);
    say!("{} dose of the course in Gray, {engine}", weighted(dose, protocol));
    for r in rows {
        let c = &protocol.rows[r.constraint];
        let name = r.structure.map_or(c.structure.as_str(), |i| set.structures[i].name.as_str());
        let value = r.value.map_or("-".to_owned(), |v| format!("{v:.2}"));
        let wider = c.variation.map_or(String::new(), |v| format!(" ({v})"));
        let limit = format!("{} {}{wider} {}", c.compare.sign(), c.goal, c.metric.unit());
        let mut said = match &r.verdict {
            Verdict::Met => "met".to_owned(),
            Verdict::WithinVariation => "within the acceptable variation".to_owned(),
            Verdict::NotMet => "not met".to_owned(),
            Verdict::NoStructure => "no structure of that name".to_owned(),
            Verdict::Unavailable(why) => format!("no value: {why}"),
        };
        if let Some(note) = &r.note {
            said = format!("{said}; {note}");
        }
        say!("{name:<20} {:<12} {value:>9} {limit:<18} {said}", c.metric.to_string());
    }
    for note in &basis.notes {
        say!("note: {note}");
    }
}
