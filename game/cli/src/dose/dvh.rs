//! `vestibule dose dvh`: what each structure gets, and what one says of a target.

use super::{choose_dose, structures_of, summation_name, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use crate::store::{Create, open};
use serde_json::{Value, json};
use vestibule_dose::biological::{bed, eqd2};
use vestibule_dose::dvh::{Dvh, DvhFigures, isodose_volume_cm3};
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Plan, StructureSet};

/// How the histogram treats the first and the last contour plane; stands beside every result.
const END_SLICES: &str =
    "each contour plane stands for a slab half way to its neighbours; end planes count a whole slice";

/// What `dvh` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose dose
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the dose [default: the only one, or of several that of the only approved plan]
    #[arg(long, value_name = "UID")]
    dose: Option<String>,
    /// Only these structures
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    structure: Vec<String>,
    /// Volumes that get at least these doses, Gray (V20Gy)
    #[arg(long, value_name = "GY", value_delimiter = ',')]
    volume_at: Vec<f64>,
    /// Doses that at least these volumes get: percent, or cm3 with `cc` behind it (D95, D0.03cc)
    #[arg(long, value_name = "PERCENT|CC", value_delimiter = ',', value_parser = part)]
    dose_at: Vec<Part>,
    /// Adds coverage, homogeneity and conformity for this prescription in Gray; `plan` takes the plan's
    #[arg(long, value_name = "GY|plan")]
    prescription: Option<String>,
    /// Scale the dose so that this percent of the target gets the prescription
    #[arg(long, value_name = "PERCENT", requires_all = ["prescription", "target"])]
    scale_to: Option<f64>,
    /// Structure that `--scale-to` scales to
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Adds BED and EQD2 with these alpha/beta ratios in Gray
    #[arg(long, value_name = "NAME=GY", value_delimiter = ',', value_parser = ratio)]
    alpha_beta: Vec<(String, f64)>,
    /// Fractions of the dose, for BED and EQD2 [default: the plan's]
    #[arg(long, value_name = "N")]
    fractions: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Percent(f64),
    Cm3(f64),
}

fn part(text: &str) -> Result<Part, String> {
    let (number, cc) = match text.strip_suffix("cc") {
        Some(n) => (n, true),
        None => (text.trim_end_matches('%'), false),
    };
    match number.trim().parse::<f64>() {
        Ok(n) if cc && n > 0.0 && n.is_finite() => Ok(Part::Cm3(n)),
        Ok(n) if !cc && n > 0.0 && n <= 100.0 => Ok(Part::Percent(n)),
        _ => Err("write percent of the volume (95) or cm3 (0.03cc), above 0".into()),
    }
}

fn ratio(text: &str) -> Result<(String, f64), String> {
    let wrong = || "write a structure and its alpha/beta in Gray, as in CTV=10".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let value: f64 = value.trim().parse().map_err(|_| wrong())?;
    if value > 0.0 && value.is_finite() { Ok((name.trim().to_owned(), value)) } else { Err(wrong()) }
}

struct Row {
    name: String,
    dvh: Dvh,
    figures: Option<DvhFigures>,
    /// Alpha/beta, BED and EQD2.
    biological: Option<(f64, Dvh, Dvh)>,
}

/// Prints the histograms' figures.
pub fn run(args: &Args, global: &Global) -> Done {
    if let Some(bad) = args.volume_at.iter().find(|v| !(**v >= 0.0 && v.is_finite())) {
        return Err(Failure::call(format!("--volume-at {bad}: expected a dose of 0 Gy or more")));
    }
    let patient = open(global, Create::No)?.patient(&args.patient).map_err(Failure::work)?;
    let dose = choose_dose(&patient, args.dose.as_deref())?;
    if dose.unit != DoseUnit::Gy {
        return Err(Failure::Work(
            "this dose is relative, not in Gray: a histogram in Gray of it would be wrong; compute or import one in Gray"
                .into(),
        ));
    }
    let plan = dose.plan_uid.as_ref().and_then(|uid| patient.plans.iter().find(|p| p.uid == *uid));
    let set = structures_of(&patient, dose)?;
    let mut notes = Vec::new();
    let prescription = prescription(args, plan, dose, &mut notes)?;
    let fractions = fractions(args, plan, dose)?;
    let rows = rows(args, set, dose, prescription, fractions, &mut notes)?;
    if rows.is_empty() && !args.structure.is_empty() {
        return Err(Failure::Work(notes.join("; ")));
    }
    if global.json {
        return print_json(&json!({
            "structures": rows.iter().map(|r| as_json(args, r)).collect::<Vec<_>>(),
            "dose_type": type_name(dose), "summation": summation_name(dose), "engine": dose.engine, "uid": dose.uid,
            "prescription_gy": prescription, "end_slices": END_SLICES, "notes": notes,
        }));
    }
    print(args, dose, &rows);
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

fn prescription(
    args: &Args,
    plan: Option<&Plan>,
    dose: &Dose,
    notes: &mut Vec<String>,
) -> Result<Option<f64>, Failure> {
    let Some(text) = &args.prescription else { return Ok(None) };
    let gy = if text.eq_ignore_ascii_case("plan") {
        plan.and_then(|p| p.prescription_gy).ok_or_else(|| {
            Failure::call(
                "--prescription plan: the dose's plan is not in the store or names no prescription; give Gray",
            )
        })?
    } else {
        text.parse().map_err(|_| Failure::call(format!("--prescription {text}: expected Gray, or `plan`")))?
    };
    if !(gy > 0.0 && gy.is_finite()) {
        return Err(Failure::call(format!("a prescription of {gy} Gy: coverage and conformity need one above 0")));
    }
    if text.eq_ignore_ascii_case("plan") && dose.dose_type == DoseType::Physical {
        notes.push("a proton plan's prescription is usually RBE-weighted, this dose is physical".into());
    }
    if dose.summation != DoseSummation::Plan {
        notes.push(format!("the prescription is held against a dose per {}", summation_name(dose)));
    }
    Ok(Some(gy))
}

fn fractions(args: &Args, plan: Option<&Plan>, dose: &Dose) -> Result<f64, Failure> {
    if args.alpha_beta.is_empty() {
        return Ok(1.0);
    }
    let n = match (args.fractions, dose.summation, plan) {
        (Some(n), ..) => n,
        (None, DoseSummation::Fraction, _) => 1,
        (None, _, Some(p)) => p.fractions,
        _ => return Err(Failure::call("--alpha-beta needs --fractions: the dose's plan is not in the store")),
    };
    if n == 0 { Err(Failure::call("--fractions 0: expected 1 or more")) } else { Ok(f64::from(n)) }
}

fn rows(
    args: &Args,
    set: &StructureSet,
    dose: &Dose,
    prescription: Option<f64>,
    fractions: f64,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, Failure> {
    let known = |name: &str| {
        set.find(name).map(|s| s.name.clone()).ok_or_else(|| {
            let all: Vec<&str> = set.structures.iter().map(|s| s.name.as_str()).collect();
            Failure::call(format!("there is no structure '{name}'; there are: {}", all.join(", ")))
        })
    };
    let wanted = args.structure.iter().map(|n| known(n)).collect::<Result<Vec<_>, _>>()?;
    let mut ratios = Vec::new();
    for (name, value) in &args.alpha_beta {
        ratios.push((known(name)?, *value));
    }
    let scale = match (&args.target, args.scale_to, prescription) {
        (Some(target), Some(percent), Some(gy)) => {
            let name = known(target)?;
            let contours = set.structures.iter().find(|s| s.name == name).map(|s| s.contours.as_slice());
            let now = Dvh::new(&dose.volume, contours.unwrap_or_default())
                .map_err(|e| Failure::Work(format!("{name}: {e}")))?;
            let factor = now.scale_to(gy, percent).map_err(Failure::call)?;
            notes.push(format!(
                "every dose here is multiplied by {factor:.4}, so that {percent} % of {name} get {gy} Gy"
            ));
            factor
        }
        _ => 1.0,
    };
    let isodose = prescription.map(|gy| isodose_volume_cm3(&dose.volume, gy / scale));
    let mut rows = Vec::new();
    for s in set.structures.iter().filter(|s| wanted.is_empty() || wanted.contains(&s.name)) {
        let dvh = match Dvh::new(&dose.volume, &s.contours) {
            Ok(d) => d.map(|gy| gy * scale),
            Err(e) => {
                notes.push(format!("{}: {e}", s.name));
                continue;
            }
        };
        if dvh.outside > 1e-3 {
            notes.push(format!(
                "{}: {:.1} % of its volume lies outside the dose grid and counts as no dose",
                s.name,
                100.0 * dvh.outside
            ));
        }
        let figures = match prescription.zip(isodose).map(|(gy, cm3)| dvh.figures(gy, cm3)) {
            Some(Err(e)) => {
                notes.push(format!("{}: {e}", s.name));
                None
            }
            Some(Ok(f)) => Some(f),
            None => None,
        };
        let biological = ratios
            .iter()
            .find(|r| r.0 == s.name)
            .map(|(_, ab)| (*ab, dvh.map(|gy| bed(gy, fractions, *ab)), dvh.map(|gy| eqd2(gy, fractions, *ab))));
        rows.push(Row { name: s.name.clone(), dvh, figures, biological });
    }
    Ok(rows)
}

fn at(d: &Dvh, part: Part) -> (String, f64) {
    match part {
        Part::Percent(p) => (format!("D{p}"), d.d_at_fraction(p / 100.0)),
        Part::Cm3(c) => (format!("D{c}cc"), d.d_at_volume_cm3(c)),
    }
}

fn doses(d: &Dvh) -> Value {
    json!({ "min_gy": d.min, "mean_gy": d.mean, "max_gy": d.max, "d98_gy": d.d98, "d95_gy": d.d95, "d50_gy": d.d50, "d2_gy": d.d2 })
}

fn as_json(args: &Args, row: &Row) -> Value {
    let d = &row.dvh;
    let mut out = doses(d);
    out["name"] = json!(row.name);
    out["volume_cm3"] = json!(d.volume_cm3);
    out["d0_03cc_gy"] = json!(d.d_at_volume_cm3(0.03));
    out["outside_fraction"] = json!(d.outside);
    if !args.volume_at.is_empty() {
        out["volume_at"] = args
            .volume_at
            .iter()
            .map(|gy| {
                let cm3 = d.volume_at_dose_cm3(*gy);
                json!({ "gy": gy, "cm3": cm3, "percent": 100.0 * cm3 / d.volume_cm3 })
            })
            .collect();
    }
    if !args.dose_at.is_empty() {
        let named = args.dose_at.iter().map(|p| at(d, *p));
        out["dose_at"] = named.map(|(name, gy)| json!({ "name": name, "gy": gy })).collect();
    }
    if let Some(f) = &row.figures {
        out["target"] = json!({
            "coverage_percent": 100.0 * f.coverage, "coverage_95_percent": 100.0 * f.coverage_95,
            "homogeneity_icru83": f.homogeneity, "conformity_paddick": f.conformity, "conformity_rtog": f.conformity_rtog,
        });
    }
    if let Some((ratio, bed, eqd2)) = &row.biological {
        out["alpha_beta_gy"] = json!(ratio);
        out["bed"] = doses(bed);
        out["eqd2"] = doses(eqd2);
    }
    out
}

fn print(args: &Args, dose: &Dose, rows: &[Row]) {
    let engine = if dose.engine.is_empty() { "engine not stated" } else { &dose.engine };
    say!("{} dose in Gray, {}, {engine}", type_name(dose), summation_name(dose));
    say!(
        "{:<24} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "structure",
        "cm3",
        "min",
        "mean",
        "max",
        "D98",
        "D95",
        "D50",
        "D2"
    );
    for Row { name, dvh: d, .. } in rows {
        say!(
            "{name:<24} {:>10.2} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {:>8.3}",
            d.volume_cm3,
            d.min,
            d.mean,
            d.max,
            d.d98,
            d.d95,
            d.d50,
            d.d2
        );
    }
    for row in rows {
        let mut said: Vec<String> =
            args.dose_at.iter().map(|p| at(&row.dvh, *p)).map(|(name, gy)| format!("{name} {gy:.3} Gy")).collect();
        said.extend(args.volume_at.iter().map(|gy| {
            let cm3 = row.dvh.volume_at_dose_cm3(*gy);
            format!("V{gy}Gy {:.2} % ({cm3:.2} cm3)", 100.0 * cm3 / row.dvh.volume_cm3)
        }));
        if let Some(f) = &row.figures {
            let paddick = f.conformity.map_or("none".to_owned(), |c| format!("{c:.3}"));
            said.push(format!(
                "coverage {:.2} %, at 95 % of the prescription {:.2} %, homogeneity (D2-D98)/D50 {:.3}, conformity {paddick} (Paddick), {:.3} (RTOG)",
                100.0 * f.coverage, 100.0 * f.coverage_95, f.homogeneity, f.conformity_rtog
            ));
        }
        if let Some((ratio, bed, eqd2)) = &row.biological {
            said.push(format!(
                "alpha/beta {ratio} Gy: BED mean {:.2}, D2 {:.2} Gy; EQD2 mean {:.2}, D2 {:.2} Gy",
                bed.mean, bed.d2, eqd2.mean, eqd2.d2
            ));
        }
        if !said.is_empty() {
            say!("{}: {}", row.name, said.join("; "));
        }
    }
    say!("note: {END_SLICES}");
}
