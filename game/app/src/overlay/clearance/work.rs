//! How near a machine comes to body and table, worked out beside the frame.

use nalgebra::Point3;
use vestibule_geometry::clearance::{Against, MachineSolids, Near, Pose, Scene, Swing, way};
use vestibule_patient::{Patient, Plan, clearance};

/// The closest approach at a beam, or on the way to the next.
#[derive(Clone, Debug)]
pub(super) struct Closest {
    /// What the machine is called there.
    pub part: String,
    /// The table top; else the body.
    pub table: bool,
    /// mm; negative where they meet.
    pub mm: f64,
    /// Where, degrees.
    pub gantry_deg: f64,
    /// Where, degrees.
    pub couch_deg: f64,
    /// Places of patient and machine, DICOM patient mm.
    pub ends: [Point3<f64>; 2],
}

/// One beam.
#[derive(Clone, Debug)]
pub(super) struct BeamClearance {
    pub name: String,
    pub at: Option<Closest>,
    /// On the way to the next beam.
    pub next: Option<Closest>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Stands beside every distance.
    pub machine: String,
    pub beams: Vec<BeamClearance>,
    /// There is no outline of the body: only the table was looked at.
    pub no_body: bool,
    /// The machine's file could not be read.
    pub failed: Option<String>,
}

/// For every beam of a plan.
pub(super) fn find(patient: &Patient, plan: &Plan) -> Found {
    let machine: MachineSolids = match serde_json::from_str(clearance::machine_of(plan)) {
        Ok(machine) => machine,
        Err(e) => return Found { failed: Some(e.to_string()), ..Found::default() },
    };
    let Some(first) = plan.beams.first() else { return Found::default() };
    let (body, _) = clearance::skin(patient, plan);
    let frames = plan.frames(first);
    let travel = machine.table_under(&frames, &body);
    let scene = Scene::new(&machine, &frames, &body, travel);
    let poses: Vec<Vec<Pose>> = plan.beams.iter().map(|b| clearance::poses(&scene, plan, b)).collect();
    let beams = plan.beams.iter().enumerate().map(|(n, beam)| {
        let next = poses
            .get(n + 1)
            .and_then(|next| Some(scene.swing(&way(poses[n].last()?, next.first()?, machine.snout_retracted_mm))));
        BeamClearance {
            name: beam.name.clone(),
            at: closest(&scene, scene.swing(&poses[n])),
            next: next.and_then(|s| closest(&scene, s)),
        }
    });
    Found { beams: beams.collect(), machine: machine.name.clone(), no_body: body.is_empty(), failed: None }
}

fn closest(scene: &Scene, swing: Swing) -> Option<Closest> {
    let (pose, near): (Pose, Near) = swing.least()?;
    Some(Closest {
        part: scene.machine().parts[near.part].name.clone(),
        table: near.against == Against::Table,
        mm: near.distance_mm,
        gantry_deg: pose.angles.gantry_deg,
        couch_deg: pose.angles.patient_support_deg,
        ends: [near.on_patient_mm, near.on_machine_mm],
    })
}
