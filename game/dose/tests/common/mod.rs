//! Water boxes and small plans.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

pub mod pstar;

use nalgebra::Point3;
use vestibule_dose::{DoseOptions, HuTable, MachineModel, PreparedPlan};
use vestibule_geometry::{BeamAngles, Grid, Volume};
use vestibule_patient::{Beam, Image, Layer, Modality, Plan, RangeShifter, Spot};

/// A box of water, HFS. Gantry 0 enters its anterior face (smallest y), which lies at y = 0.
pub fn water_box(size_mm: [f64; 3], voxel_mm: f64, at: Point3<f64>) -> Image {
    let n = size_mm.map(|s| (s / voxel_mm).round() as usize);
    let half = 0.5 * voxel_mm;
    let origin = Point3::new(
        at.x - 0.5 * n[0] as f64 * voxel_mm + half,
        at.y + half,
        at.z - 0.5 * n[2] as f64 * voxel_mm + half,
    );
    Image {
        uid: "1.2.3".into(),
        study_uid: "1.2".into(),
        frame_of_reference_uid: "1.9".into(),
        modality: Modality::Ct,
        description: "water".into(),
        position: None,
        unit: "HU".into(),
        phase: None,
        coarse: None,
        slice_uids: Vec::new(),
        volume: Volume::filled(Grid::axial(n, [voxel_mm; 3], origin), 0.0f32),
    }
}

/// (energy, x, y, weight) in plan order; a new layer where the energy changes. MU = weight.
pub fn beam(gantry_deg: f64, isocentre_mm: Point3<f64>, spots: &[(f64, f64, f64, f64)]) -> Beam {
    let mut layers: Vec<Layer> = Vec::new();
    for (energy_mev, x_mm, y_mm, weight) in spots.iter().copied() {
        if layers.last().is_none_or(|l| l.energy_mev != energy_mev) {
            layers.push(Layer { energy_mev, paintings: 1, ..Layer::default() });
        }
        layers.last_mut().unwrap().spots.push(Spot { x_mm, y_mm, weight });
    }
    let sum: f64 = spots.iter().map(|s| s.3).sum();
    Beam {
        name: format!("G{gantry_deg}"),
        isocentre_mm,
        angles: BeamAngles { gantry_deg, ..BeamAngles::default() },
        meterset_mu: sum,
        final_cumulative_weight: sum,
        layers,
        ..Beam::default()
    }
}

pub fn plan(beams: Vec<Beam>) -> Plan {
    Plan { uid: "1.5".into(), frame_of_reference_uid: "1.9".into(), fractions: 3, beams, ..Plan::default() }
}

pub fn shifter(water_mm: f64, at_mm: f64) -> RangeShifter {
    RangeShifter { id: "RS".into(), water_equivalent_mm: Some(water_mm), isocentre_distance_mm: Some(at_mm) }
}

/// The default machine, but with spots that neither spread in energy nor diverge if `ideal`.
pub fn machine() -> MachineModel {
    MachineModel::generic()
}

pub fn prepare(ct: &Image, plan: &Plan, grid_mm: f64) -> PreparedPlan {
    PreparedPlan::new(ct, None, plan, &machine(), &HuTable::for_image(ct), &DoseOptions { grid_mm }).unwrap()
}

/// A head-like plan: three beams, one with a range shifter, one with the couch turned; layers from deep to shallow.
pub fn head_like(isocentre: Point3<f64>, pitch_mm: f64) -> Plan {
    let mut beams = Vec::new();
    for (b, gantry) in [0.0, 250.0, 110.0].into_iter().enumerate() {
        let mut spots = Vec::new();
        for layer in 0..8 {
            let energy = 125.0 - 4.0 * layer as f64;
            let n = (15.0 / pitch_mm).round() as i32;
            for j in -n..=n {
                for i in -n..=n {
                    let (x, y) = (f64::from(i) * pitch_mm, f64::from(j) * pitch_mm);
                    if x.hypot(y) <= 18.0 {
                        spots.push((energy, x, y, 1.0 + 0.1 * f64::from(i) + 0.05 * f64::from(j) + 0.2 * layer as f64));
                    }
                }
            }
        }
        let mut beam = beam(gantry, isocentre, &spots);
        if b == 1 {
            beam.range_shifters.push(shifter(40.0, 150.0));
        }
        if b == 2 {
            beam.angles.patient_support_deg = 20.0;
        }
        beams.push(beam);
    }
    plan(beams)
}
