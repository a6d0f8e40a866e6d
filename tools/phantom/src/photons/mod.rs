//! The photon plan: a conformal arc and a sliding window about the planning target. Nothing is optimised: it is there so that
//! control points can be watched.

mod leaves;
#[cfg(test)]
mod tests;

use crate::anatomy::TUMOUR;
use crate::study::StudyError;
use leaves::{SAD_MM, boundaries, bounds, hundredths, jaws, positions, project, slit, spans};
use nalgebra::Point3;
use vestibule_dicom::write::derived_uid;
use vestibule_geometry::{BeamAngles, Frames, PatientPosition};
use vestibule_patient::{
    Approval, Beam, BeamLimitingDevice, ControlPoint, LimitingDeviceType, Plan, RadiationType, StructureSet, Turn,
    Turns,
};

/// From the outline of the planning target in the beam's eye to the leaves, mm: half the penumbra of 6 MV, as conformal plans
/// leave it.
const MARGIN_MM: f64 = 5.0;
/// Width of the slit that slides, mm.
const SLIT_MM: f64 = 15.0;
/// Segments of the sliding window. Each step is shorter than [`MARGIN_MM`], so that where leaves set off and stop, and between two
/// control points do not keep to the slit, no target is seen.
const STEPS: usize = 20;
/// Gantry at the start of the arc, degrees. It goes clockwise over 0 to 140, symmetrical about the vertical, and never under the
/// table.
const ARC_FROM_DEG: f64 = 220.0;
/// Degrees from control point to control point, as planning systems place them.
const ARC_STEP_DEG: f64 = 4.0;
/// Segments of the arc: 280 degrees.
const ARC_SEGMENTS: usize = 70;
/// Collimator during the arc, degrees: turned, so that the gaps between leaves do not sweep the same rings all round.
const ARC_COLLIMATOR_DEG: f64 = 30.0;
/// Where the sliding window comes from: the right front, degrees.
const WINDOW_DEG: f64 = 300.0;
/// Collimator of the sliding window, degrees: the leaves go askew to the slices.
const WINDOW_COLLIMATOR_DEG: f64 = 350.0;
/// Part of the prescription that the arc gives; the sliding window gives the rest.
const ARC_SHARE: f64 = 2.0 / 3.0;
/// Gray in the target per MU through an open field of its size: 0.01 Gy/MU at the depth of the maximum, as machines are calibrated,
/// times what reaches the target through the head. Set so that half of the planning target gets the prescription by the photon engine
/// (`vestibule dose compute`).
const GY_PER_MU: f64 = 0.0083;

/// The plan for the planning target of `structures`, with frame, prescription and fractions as those of `like`. Unapproved, so that
/// the approved plan stays the one that is meant.
pub fn plan(structures: &StructureSet, like: &Plan) -> Result<Plan, StudyError> {
    let target = structures.find("PTV").ok_or(StudyError::Lacks("PTV"))?;
    let target: Vec<Point3<f64>> = target.contours.iter().flat_map(|c| c.points.iter().copied()).collect();
    let fraction = like.prescription_gy.unwrap_or_default() / f64::from(like.fractions.max(1));
    Ok(Plan {
        uid: derived_uid(&[&like.uid, "photons"]),
        label: "SYNTHETIC 6 MV".to_owned(),
        beams: vec![arc(&target, ARC_SHARE * fraction), window(&target, (1.0 - ARC_SHARE) * fraction)],
        approval: Some(Approval::Unapproved),
        review: None,
        ..like.clone()
    })
}

/// The arc: at every control point the leaves stand about the target as it is seen from there.
fn arc(target: &[Point3<f64>], gy: f64) -> Beam {
    let angles = |n: usize| BeamAngles {
        gantry_deg: (ARC_FROM_DEG + ARC_STEP_DEG * n as f64) % 360.0,
        beam_limiting_deg: ARC_COLLIMATOR_DEG,
        ..Default::default()
    };
    let seen: Vec<Vec<[f64; 2]>> = (0..=ARC_SEGMENTS).map(|n| project(target, &frames(), &angles(n))).collect();
    // The jaws stay during the arc.
    let [x, y] = jaws(seen.iter().flatten(), MARGIN_MM);
    let point = |(n, points): (usize, &Vec<[f64; 2]>)| {
        let gantry = if n < ARC_SEGMENTS { Turn::Clockwise } else { Turn::None };
        ControlPoint {
            cumulative_weight: weight(n, ARC_SEGMENTS),
            angles: angles(n),
            turns: Turns { gantry, ..Default::default() },
            energy: Some(6.0),
            positions_mm: vec![x.to_vec(), y.to_vec(), positions(&spans(points, &boundaries(), MARGIN_MM))],
        }
    };
    beam(1, "ARC", seen.iter().enumerate().map(point).collect(), gy, gy / GY_PER_MU)
}

/// The sliding window: the gantry stands, and a slit passes over the target towards plus x.
fn window(target: &[Point3<f64>], gy: f64) -> Beam {
    let angles = BeamAngles { gantry_deg: WINDOW_DEG, beam_limiting_deg: WINDOW_COLLIMATOR_DEG, ..Default::default() };
    let points = project(target, &frames(), &angles);
    let [x, y] = jaws(points.iter(), MARGIN_MM);
    let spans = spans(&points, &boundaries(), MARGIN_MM);
    // From where nothing is open yet to where nothing is open any more.
    let [low, high] = bounds(spans.iter().flatten().copied());
    let way = high - low + SLIT_MM;
    let point = |n| {
        let centre = low - 0.5 * SLIT_MM + way * n as f64 / STEPS as f64;
        ControlPoint {
            cumulative_weight: weight(n, STEPS),
            angles,
            turns: Turns::default(),
            energy: Some(6.0),
            positions_mm: vec![x.to_vec(), y.to_vec(), positions(&slit(&spans, centre, SLIT_MM))],
        }
    };
    // A place of the target is open for the slit's part of the way only.
    beam(2, "WINDOW", (0..=STEPS).map(point).collect(), gy, gy / GY_PER_MU * way / SLIT_MM)
}

fn frames() -> Frames {
    Frames { isocentre_mm: TUMOUR.into(), position: PatientPosition::Hfs }
}

/// Cumulative weight after `n` of `segments` that are alike, 0 to 1, with the digits that planning systems write.
fn weight(n: usize, segments: usize) -> f64 {
    (n as f64 / segments as f64 * 1e6).round() / 1e6
}

fn beam(number: i32, name: &str, sequence: Vec<ControlPoint>, gy: f64, mu: f64) -> Beam {
    use LimitingDeviceType::{AsymX, AsymY, MlcX};
    // Round distances from the source between the target and the front of a head: no maker's machine.
    let devices = [(AsymX, 400.0, Vec::new()), (AsymY, 300.0, Vec::new()), (MlcX, 500.0, boundaries())];
    let device = |(kind, mm, boundaries_mm)| BeamLimitingDevice { kind, source_distance_mm: Some(mm), boundaries_mm };
    Beam {
        number,
        name: name.to_owned(),
        machine: "Generic linac".to_owned(),
        radiation: RadiationType::Photon,
        isocentre_mm: frames().isocentre_mm,
        angles: sequence[0].angles,
        meterset_mu: (mu * 10.0).round() / 10.0,
        final_cumulative_weight: 1.0,
        beam_dose_gy: Some(hundredths(gy)),
        virtual_sad_mm: Some([SAD_MM; 2]),
        control_points: sequence.len(),
        limiting_devices: devices.map(device).to_vec(),
        sequence,
        ..Default::default()
    }
}
