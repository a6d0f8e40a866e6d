//! `vestibule patient clearance`: how far a machine stands from body and table at every beam, and on the way to the next.

use crate::Global;
use crate::dose::choose_plan;
use crate::output::{Done, Failure, print_json};
use crate::patient::beams::NO_BEAM;
use crate::store::{Create, open};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vestibule_geometry::clearance::{Against, MachineSolids, Near, Pose, Scene, Swing, way};
use vestibule_patient::clearance::{self, MARK, poses, skin};
use vestibule_patient::{Beam, Plan};

/// What `clearance` takes.
#[derive(clap::Args)]
pub struct Args {
    /// PatientID
    id: String,
    /// SOPInstanceUID of the plan [default: the only one, or of several the only approved one]
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
    /// The machine as solids (docs/clearance.md) [default: the illustrative proton gantry; for photons the accelerator]
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
}

/// One beam's way, or that between two beams.
struct Told<'a> {
    beam: &'a Beam,
    /// Not said by the plan: drawn back.
    snout_assumed: bool,
    at: Swing,
    next: Option<Swing>,
}

/// Computes and prints.
pub fn run(args: &Args, global: &Global) -> Done {
    let patient = open(global, Create::No)?.patient(&args.id).map_err(Failure::work)?;
    let plan = choose_plan(&patient, args.plan.as_deref())?;
    let machine = machine(args.machine.as_deref(), plan)?;
    let (body, step_mm) = skin(&patient, plan);
    let Some(first) = plan.beams.first() else {
        return Err(Failure::Work(NO_BEAM.into()));
    };
    let frames = plan.frames(first);
    let travel = machine.table_under(&frames, &body);
    let scene = Scene::new(&machine, &frames, &body, travel);
    let poses: Vec<Vec<Pose>> = plan.beams.iter().map(|b| poses(&scene, plan, b)).collect();
    let told: Vec<Told<'_>> = plan
        .beams
        .iter()
        .enumerate()
        .map(|(n, beam)| {
            let next = poses
                .get(n + 1)
                .and_then(|next| Some(way(poses[n].last()?, next.first()?, machine.snout_retracted_mm)));
            Told {
                beam,
                snout_assumed: machine.snout_retracted_mm.is_some() && beam.snout_position_mm.is_none(),
                at: scene.swing(&poses[n]),
                next: next.map(|w| scene.swing(&w)),
            }
        })
        .collect();
    let mut notes = Vec::new();
    if body.is_empty() {
        notes.push("this patient has no BODY structure: only the table top was looked at".to_owned());
    } else {
        notes.push("of the patient only what was scanned and outlined is known".to_owned());
    }
    for b in plan.beams.iter().filter(|b| outside(&machine, b)) {
        notes.push(format!("beam '{}' places its snout where this machine's cannot stand", b.name));
    }
    if global.json {
        let beams: Vec<Value> = told.iter().map(|t| as_json(&scene, t)).collect();
        return print_json(&json!({
            "machine": machine.name, "source": machine.source, "mark": MARK, "body_points": body.len(), "body_step_mm": step_mm,
            "table_travel_mm": travel, "beams": beams, "notes": notes,
        }));
    }
    say!("{}: {MARK}", machine.name);
    for t in &told {
        say!("beam '{}': {}", t.beam.name, sentence(&scene, &t.at));
        if let Some(next) = &t.next {
            say!("  on the way to the next beam: {}", sentence(&scene, next));
        }
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

fn machine(file: Option<&Path>, plan: &Plan) -> Result<MachineSolids, Failure> {
    let Some(path) = file else {
        return serde_json::from_str(clearance::machine_of(plan)).map_err(Failure::work);
    };
    let at = |e: &dyn std::fmt::Display| Failure::call(format!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| at(&e))?;
    serde_json::from_str(&text).map_err(|e| at(&e))
}

fn outside(machine: &MachineSolids, beam: &Beam) -> bool {
    let (Some(at), Some(most)) = (beam.snout_position_mm, machine.snout_retracted_mm) else { return false };
    at > most || machine.snout_nearest_mm.is_some_and(|least| at < least)
}

fn sentence(scene: &Scene, swing: &Swing) -> String {
    let Some((pose, near)) = swing.least() else { return "nothing is known that the machine could hit".to_owned() };
    let what = if near.against == Against::Body { "the body" } else { "the table top" };
    let part = &scene.machine().parts[near.part].name;
    let angles = format!("gantry {:.1}°, couch {:.1}°", pose.angles.gantry_deg, pose.angles.patient_support_deg);
    let mm = near.distance_mm;
    if mm < 0.0 {
        format!("the {part} reaches {:.1} mm into {what} ({angles})", -mm)
    } else {
        format!("{mm:.1} mm from the {part} to {what} ({angles})")
    }
}

fn near(scene: &Scene, found: Option<(Pose, Near)>) -> Value {
    found.map_or(Value::Null, |(pose, n)| {
        json!({
            "distance_mm": n.distance_mm,
            "part": scene.machine().parts[n.part].name,
            "on_patient_mm": n.on_patient_mm.coords.as_slice(),
            "on_machine_mm": n.on_machine_mm.coords.as_slice(),
            "gantry_deg": pose.angles.gantry_deg,
            "couch_deg": pose.angles.patient_support_deg,
            "snout_mm": pose.snout_mm,
        })
    })
}

fn as_json(scene: &Scene, t: &Told<'_>) -> Value {
    let swing = |s: &Swing| {
        json!({
            "body": near(scene, s.body),
            "table": near(scene, s.table),
            "proven_mm": s.proven_mm.is_finite().then_some(s.proven_mm),
            "looked_at": s.looked_at,
            "curve": s.curve.iter().map(|p| json!({
                "at": p.at,
                "gantry_deg": p.pose.angles.gantry_deg,
                "couch_deg": p.pose.angles.patient_support_deg,
                "snout_mm": p.pose.snout_mm,
                "shift_mm": p.pose.shift_mm,
                "body_mm": p.clearance.body.map(|n| n.distance_mm),
                "table_mm": p.clearance.table.map(|n| n.distance_mm),
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": t.beam.name,
        "snout_mm": t.beam.snout_position_mm,
        "snout_assumed": t.snout_assumed,
        "at": swing(&t.at),
        "to_next": t.next.as_ref().map(swing),
    })
}
