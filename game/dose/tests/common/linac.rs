//! Photon plans for tests.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nalgebra::Point3;
use vestibule_dose::{ComputeError, DoseOptions, HuTable, Materials, PhotonMachine, PhotonPlan};
use vestibule_geometry::{BeamAngles, Volume};
use vestibule_patient::{
    Beam, BeamLimitingDevice, ControlPoint, Image, LimitingDeviceType, Plan, RadiationType, Turn, Turns,
};

/// A control point: cumulative weight, gantry, x jaws, y jaws, leaves (none, or both sides of each pair).
pub struct At {
    pub weight: f64,
    pub gantry_deg: f64,
    pub x: [f64; 2],
    pub y: [f64; 2],
    pub leaves: Vec<f64>,
}

/// Jaws alone.
pub fn jaws(weight: f64, gantry_deg: f64, x: [f64; 2], y: [f64; 2]) -> At {
    At { weight, gantry_deg, x, y, leaves: Vec::new() }
}

/// A beam of jaws, and of leaves where the first control point has some: from −100 mm on, equally wide up to +100 mm.
pub fn beam(name: &str, isocentre_mm: Point3<f64>, mu: f64, points: &[At]) -> Beam {
    let device = |kind, boundaries_mm| BeamLimitingDevice { kind, source_distance_mm: None, boundaries_mm };
    let mut limiting_devices =
        vec![device(LimitingDeviceType::AsymX, Vec::new()), device(LimitingDeviceType::AsymY, Vec::new())];
    let pairs = points[0].leaves.len() / 2;
    if pairs > 0 {
        let boundaries = (0..=pairs).map(|i| -100.0 + 200.0 * i as f64 / pairs as f64).collect();
        limiting_devices.push(device(LimitingDeviceType::MlcX, boundaries));
    }
    let sequence: Vec<ControlPoint> = points
        .iter()
        .map(|p| {
            let mut positions_mm = vec![p.x.to_vec(), p.y.to_vec()];
            if pairs > 0 {
                positions_mm.push(p.leaves.clone());
            }
            ControlPoint {
                cumulative_weight: p.weight,
                angles: BeamAngles { gantry_deg: p.gantry_deg, ..BeamAngles::default() },
                turns: Turns { gantry: Turn::Clockwise, ..Turns::default() },
                energy: Some(6.0),
                positions_mm,
            }
        })
        .collect();
    Beam {
        name: name.into(),
        radiation: RadiationType::Photon,
        isocentre_mm,
        angles: sequence[0].angles,
        meterset_mu: mu,
        final_cumulative_weight: sequence.last().unwrap().cumulative_weight,
        control_points: sequence.len(),
        limiting_devices,
        sequence,
        ..Beam::default()
    }
}

/// One field of jaws.
pub fn field(isocentre_mm: Point3<f64>, mu: f64, x: [f64; 2], y: [f64; 2]) -> Beam {
    beam("field", isocentre_mm, mu, &[jaws(0.0, 0.0, x, y), jaws(1.0, 0.0, x, y)])
}

pub fn plan(beams: Vec<Beam>) -> Plan {
    Plan { uid: "1.6".into(), frame_of_reference_uid: "1.9".into(), fractions: 3, beams, ..Plan::default() }
}

pub fn try_prepare(
    ct: &Image,
    body: Option<&Volume<u8>>,
    plan: &Plan,
    grid_mm: f64,
) -> Result<PhotonPlan, ComputeError> {
    let (machine, hu) = (PhotonMachine::generic(), HuTable::for_image(ct));
    PhotonPlan::new(ct, body, plan, &machine, &hu, &DoseOptions { grid_mm }, &Materials::default())
}

pub fn prepare(ct: &Image, plan: &Plan, grid_mm: f64) -> PhotonPlan {
    try_prepare(ct, None, plan, grid_mm).unwrap()
}
