//! How near a machine comes to body and table, worked out beside the frame.

use nalgebra::Point3;
use vestibule_geometry::clearance::{Against, MachineSolids, Near, Pose, Scene, Swing, way};
use vestibule_geometry::{Contour, Grid, contour};
use vestibule_patient::{Beam, Patient, Plan, RadiationType};

/// Distance of the points of the skin, mm, and the most voxels it is made from.
const SKIN_MM: f64 = 2.0;
const MOST_VOXELS: f64 = 2e7;

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
    let text = match plan.radiation() {
        RadiationType::Proton | RadiationType::Ion => {
            include_str!("../../../../../assets/machines/proton-gantry.json")
        }
        RadiationType::Photon | RadiationType::Electron => {
            include_str!("../../../../../assets/machines/linac.json")
        }
    };
    let machine: MachineSolids = match serde_json::from_str(text) {
        Ok(machine) => machine,
        Err(e) => return Found { failed: Some(e.to_string()), ..Found::default() },
    };
    let Some(first) = plan.beams.first() else { return Found::default() };
    let body = patient.structures_of(plan).and_then(|s| s.external()).map_or_else(Vec::new, |s| skin(&s.contours));
    let frames = plan.frames(first);
    let travel = machine.table_under(&frames, &body);
    let scene = Scene::new(&machine, &frames, &body, travel);
    let poses: Vec<Vec<Pose>> = plan.beams.iter().map(|b| poses(&scene, plan, b)).collect();
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

/// Where a beam stands, or how it goes where its control points turn something.
fn poses(scene: &Scene, plan: &Plan, beam: &Beam) -> Vec<Pose> {
    let frames = plan.frames(beam);
    let one = |angles| scene.pose(&frames, angles, beam.snout_position_mm);
    let mut out = vec![one(&beam.angles)];
    for c in &beam.sequence {
        let pose = one(&c.angles);
        // the collimator's turn moves none of the parts
        let still =
            |p: &Pose| Pose { angles: vestibule_geometry::BeamAngles { beam_limiting_deg: 0.0, ..p.angles }, ..*p };
        if out.last().is_some_and(|last| still(last) != still(&pose)) {
            out.push(pose);
        }
    }
    out
}

/// Points of the body's surface, DICOM patient mm; none without an outline.
fn skin(contours: &[Contour]) -> Vec<Point3<f64>> {
    let mut low = Point3::from([f64::INFINITY; 3]);
    let mut high = Point3::from([f64::NEG_INFINITY; 3]);
    for p in contours.iter().flat_map(|c| &c.points) {
        (low, high) = (low.inf(p), high.sup(p));
    }
    let size = high - low;
    if !size.iter().all(|v| v.is_finite()) {
        return Vec::new();
    }
    let step = SKIN_MM.max((size.x * size.y * size.z / MOST_VOXELS).cbrt());
    let count = [0, 1, 2].map(|a| (size[a] / step).ceil() as usize + 9);
    let grid = Grid::axial(count, [step; 3], low.map(|v| v - 4.0 * step));
    let mesh = contour::surface(contours, &grid, step);
    mesh.positions.iter().map(|p| Point3::from(p.map(f64::from))).collect()
}
