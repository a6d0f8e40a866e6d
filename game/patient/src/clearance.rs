//! What a machine's clearance is worked out from: the skin of the body, and where a plan's beams stand.

use crate::{Beam, Patient, Plan, RadiationType};
use nalgebra::Point3;
use vestibule_geometry::clearance::{Pose, Scene};
use vestibule_geometry::{BeamAngles, Contour, Grid, contour};

/// Stands beside every distance to a machine that comes along.
pub const MARK: &str = "illustrative machine, not for clinical use";
/// Distance of the points of the skin, mm.
pub const SKIN_MM: f64 = 2.0;
/// The most voxels it is made from.
const MOST_VOXELS: f64 = 4e7;

/// The machine that comes along for what a plan delivers, as the text of its file (docs/clearance.md).
pub fn machine_of(plan: &Plan) -> &'static str {
    match plan.radiation() {
        RadiationType::Proton | RadiationType::Ion => include_str!("../../../assets/machines/proton-gantry.json"),
        RadiationType::Photon | RadiationType::Electron => include_str!("../../../assets/machines/linac.json"),
    }
}

/// Points of the surface of the body that belongs to a plan, DICOM patient mm, and how far they stand apart, mm; none where
/// nobody outlined it.
pub fn skin(patient: &Patient, plan: &Plan) -> (Vec<Point3<f64>>, f64) {
    let contours = patient.structures_of(plan).and_then(|s| s.external()).map_or(&[][..], |s| &s.contours);
    let Some((grid, step_mm)) = grid_around(contours) else { return (Vec::new(), SKIN_MM) };
    let mesh = contour::surface(contours, &grid, step_mm);
    (mesh.positions.iter().map(|p| Point3::from(p.map(f64::from))).collect(), step_mm)
}

fn grid_around(contours: &[Contour]) -> Option<(Grid, f64)> {
    let mut low = Point3::from([f64::INFINITY; 3]);
    let mut high = Point3::from([f64::NEG_INFINITY; 3]);
    for p in contours.iter().flat_map(|c| &c.points) {
        (low, high) = (low.inf(p), high.sup(p));
    }
    let size = high - low;
    if !size.iter().all(|v| v.is_finite()) {
        return None;
    }
    let step = SKIN_MM.max((size.x * size.y * size.z / MOST_VOXELS).cbrt());
    let count = [0, 1, 2].map(|a| (size[a] / step).ceil() as usize + 9);
    Some((Grid::axial(count, [step; 3], low.map(|v| v - 4.0 * step)), step))
}

/// Where a beam stands, or how it goes where its control points turn something.
pub fn poses(scene: &Scene, plan: &Plan, beam: &Beam) -> Vec<Pose> {
    let frames = plan.frames(beam);
    let one = |angles| scene.pose(&frames, angles, beam.snout_position_mm);
    let mut out = vec![one(&beam.angles)];
    for c in &beam.sequence {
        let pose = one(&c.angles);
        // The collimator's turn moves none of the parts.
        let still = |p: &Pose| Pose { angles: BeamAngles { beam_limiting_deg: 0.0, ..p.angles }, ..*p };
        if out.last().is_some_and(|last| still(last) != still(&pose)) {
            out.push(pose);
        }
    }
    out
}
