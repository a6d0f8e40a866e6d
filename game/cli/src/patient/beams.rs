//! `vestibule patient beams`: a plan's beams control point by control point, with jaws, leaves and what they leave open.

use crate::Global;
use crate::dose::choose_plan;
use crate::output::{Done, Failure, print_json};
use crate::store::{Create, open};
use rayon::prelude::*;
use serde_json::{Value, json};
use vestibule_patient::{Beam, BlockType, Opening};

/// A plan that nobody can show anything of.
pub const NO_BEAM: &str = "this plan has no beam: `vestibule patient show` lists the beams of every plan";

/// What `beams` takes.
#[derive(clap::Args)]
pub struct Args {
    /// PatientID
    id: String,
    /// SOPInstanceUID of the plan [default: the only one, or of several the only approved one]
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
}

/// Prints every control point.
pub fn run(args: &Args, global: &Global) -> Done {
    let patient = open(global, Create::No)?.patient(&args.id).map_err(Failure::work)?;
    let plan = choose_plan(&patient, args.plan.as_deref())?;
    if plan.beams.is_empty() {
        return Err(Failure::Work(NO_BEAM.into()));
    }
    if global.json {
        return print_json(&json!({ "plan": plan.uid, "beams": plan.beams.iter().map(as_json).collect::<Vec<_>>() }));
    }
    for b in &plan.beams {
        say!("beam '{}': {} control points, {}", b.name, b.control_points, limited_by(b));
        if b.sequence.is_empty() {
            if let Some(open) = b.opening(&b.delivered(0.0).setting) {
                say!("  opening {:.2} cm²", open.area_cm2());
            }
            continue;
        }
        say!(
            "{:>6} {:>9} {:>9} {:>11} {:>8} {:>12}",
            "point",
            "MU",
            "gantry °",
            "collimator °",
            "couch °",
            "opening cm²"
        );
        for (n, (c, open)) in b.sequence.iter().zip(openings(b)).enumerate() {
            let a = &c.angles;
            let area = open.map_or("-".to_owned(), |o| format!("{:.2}", o.area_cm2()));
            say!(
                "{n:>6} {:>9.3} {:>9.1} {:>12.1} {:>8.1} {area:>12}",
                c.cumulative_weight * b.mu_per_weight(),
                a.gantry_deg,
                a.beam_limiting_deg,
                a.patient_support_deg
            );
        }
    }
    Ok(())
}

/// Jaws, leaves and blocks in a few words.
fn limited_by(b: &Beam) -> String {
    let devices: Vec<&str> = b.limiting_devices.iter().map(|d| d.kind.as_str()).collect();
    let blocks = match b.blocks.len() {
        0 => None,
        1 => Some("1 block".to_owned()),
        n => Some(format!("{n} blocks")),
    };
    let devices = (!devices.is_empty()).then(|| devices.join(" "));
    let both: Vec<String> = devices.into_iter().chain(blocks).collect();
    if both.is_empty() { "without jaws, leaves and blocks".to_owned() } else { both.join(", ") }
}

/// The opening at every control point.
pub fn openings(b: &Beam) -> Vec<Option<Opening>> {
    b.sequence.par_iter().map(|c| b.opening(c)).collect()
}

/// Smallest and largest opening over the control points, cm²; None where nothing limits the beam.
pub fn opening_range_cm2(b: &Beam) -> Option<[f64; 2]> {
    let mut areas: Vec<f64> = openings(b).into_iter().flatten().map(|o| o.area_cm2()).collect();
    if b.sequence.is_empty() {
        areas.extend(b.opening(&b.delivered(0.0).setting).map(|o| o.area_cm2()));
    }
    let low = areas.iter().copied().reduce(f64::min)?;
    Some([low, areas.iter().copied().fold(low, f64::max)])
}

fn as_json(b: &Beam) -> Value {
    let point = |(n, (c, open)): (usize, (&vestibule_patient::ControlPoint, Option<Opening>))| {
        json!({
            "index": n,
            "cumulative_weight": c.cumulative_weight,
            "mu": c.cumulative_weight * b.mu_per_weight(),
            "gantry_deg": c.angles.gantry_deg,
            "collimator_deg": c.angles.beam_limiting_deg,
            "couch_deg": c.angles.patient_support_deg,
            "energy": c.energy,
            "positions_mm": c.positions_mm,
            "opening_cm2": open.as_ref().map(Opening::area_cm2),
            "outlines_mm": open.map(|o| o.outlines_mm),
        })
    };
    json!({
        "number": b.number,
        "name": b.name,
        "final_cumulative_weight": b.final_cumulative_weight,
        "meterset_mu": b.meterset_mu,
        "wedges": b.wedges,
        "compensators": b.compensators,
        "boli": b.boli,
        "devices": b.limiting_devices.iter().map(|d| json!({
            "type": d.kind.as_str(),
            "pairs": d.pairs(),
            "source_distance_mm": d.source_distance_mm,
            "boundaries_mm": d.boundaries_mm,
        })).collect::<Vec<_>>(),
        "blocks": b.blocks.iter().map(|k| json!({
            "number": k.number,
            "name": k.name,
            "type": match k.kind { BlockType::Aperture => "APERTURE", BlockType::Shielding => "SHIELDING" },
            "outline_mm": k.outline_mm,
        })).collect::<Vec<_>>(),
        "control_points": b.sequence.iter().zip(openings(b)).enumerate().map(point).collect::<Vec<_>>(),
    })
}
