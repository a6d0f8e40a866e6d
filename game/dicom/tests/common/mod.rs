//! A small made-up study, and what the tests ask of it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use std::path::{Path, PathBuf};
use vestibule_dicom::Identity;
use vestibule_dicom::write::derived_uid;
use vestibule_geometry::{BeamAngles, Contour, Grid, PatientPosition, Volume};
use vestibule_patient::*;

pub fn identity() -> Identity {
    Identity {
        patient_id: "SYN-1".into(),
        patient_name: "SYNTHETIC^Tést".into(),
        birth_date: "19700101".into(),
        sex: "O".into(),
        study_uid: derived_uid(&["study"]),
        study_date: "20260101".into(),
        study_time: "120000".into(),
        study_description: "SYNTHETIC".into(),
    }
}

pub fn image(modality: Modality, position: PatientPosition) -> Image {
    let grid = Grid::axial([12, 10, 8], [1.5, 2.0, 2.5], Point3::new(-8.25, -9.0, 100.0));
    let mut volume = Volume::filled(grid, 0f32);
    for (n, v) in volume.data.iter_mut().enumerate() {
        *v = if modality == Modality::Ct { n as f32 - 500.0 } else { n as f32 };
    }
    Image {
        uid: derived_uid(&["series", modality.as_str()]),
        study_uid: derived_uid(&["study"]),
        frame_of_reference_uid: derived_uid(&["frame"]),
        description: "SYNTHETIC".into(),
        position: Some(position),
        unit: if modality == Modality::Ct { "HU".into() } else { String::new() },
        phase: None,
        coarse: None,
        slice_uids: (0..8).map(|k| derived_uid(&["slice", modality.as_str(), &k.to_string()])).collect(),
        volume,
        modality,
    }
}

pub fn structures() -> StructureSet {
    let square = |side: f64, z: f64| Contour {
        points: [(-1., -1.), (1., -1.), (1., 1.), (-1., 1.)].map(|(x, y)| Point3::new(x * side, y * side, z)).to_vec(),
    };
    let all = |side: f64| (0..8).map(|k| square(side, 100.0 + 2.5 * f64::from(k))).collect();
    let s = |number, name: &str, roi_type, side| Structure {
        number,
        name: name.into(),
        standard_name: None,
        roi_type,
        colour: Some([10, 200, 30]),
        contours: all(side),
    };
    StructureSet {
        uid: derived_uid(&["structures"]),
        label: "SYNTHETIC".into(),
        frame_of_reference_uid: derived_uid(&["frame"]),
        referenced_series_uid: Some(derived_uid(&["series", "CT"])),
        structures: vec![
            s(1, "BODY", RoiType::External, 7.0),
            s(2, "CTV_5400", RoiType::Ctv, 3.0),
            s(3, "Tronc cérébral", RoiType::Organ, 2.0),
        ],
    }
}

pub fn plan() -> Plan {
    let layer = |energy_mev: f64| Layer {
        energy_mev,
        spot_fwhm_mm: Some([9.0, 9.5]),
        paintings: 1,
        spots: (0..5).map(|i| Spot { x_mm: f64::from(i) * 4.0, y_mm: -3.0, weight: 1.25 + f64::from(i) }).collect(),
    };
    let beam = |number: i32, gantry_deg: f64| Beam {
        number,
        name: format!("Field {number}"),
        machine: "SYNTHETIC".into(),
        isocentre_mm: Point3::new(1.0, -2.0, 110.0),
        angles: BeamAngles { gantry_deg, patient_support_deg: 350.0, ..Default::default() },
        meterset_mu: 97.5,
        final_cumulative_weight: 48.75,
        beam_dose_gy: Some(0.9),
        virtual_sad_mm: Some([2000.0, 1800.0]),
        snout_position_mm: Some(200.0),
        range_shifters: vec![RangeShifter {
            id: "RS40".into(),
            water_equivalent_mm: Some(40.0),
            isocentre_distance_mm: Some(180.0),
        }],
        layers: [150.0, 140.5, 130.25].map(layer).to_vec(),
        control_points: 6,
        spot_positions: 30,
        ..Default::default()
    };
    Plan {
        uid: derived_uid(&["plan"]),
        label: "SYNTHETIC".into(),
        frame_of_reference_uid: derived_uid(&["frame"]),
        structure_set_uid: Some(derived_uid(&["structures"])),
        position: Some(PatientPosition::Hfs),
        fractions: 30,
        prescription_gy: Some(54.0),
        beams: vec![beam(1, 90.0), beam(2, 270.0)],
        approval: Some(Approval::Approved),
        review: Some(Review { reviewer: "SYNTHETIC^Réviseur".into(), date: "20260102".into(), time: "101112".into() }),
    }
}

/// A plan of photons with all that control points can move: a still beam, leaves that slide, an arc that goes
/// anticlockwise through 0 while collimator and table turn too.
pub fn photon_plan() -> Plan {
    let device = |kind: LimitingDeviceType, mm: Option<f64>, boundaries_mm: Vec<f64>| BeamLimitingDevice {
        kind,
        source_distance_mm: mm,
        boundaries_mm,
    };
    let devices = vec![
        device(LimitingDeviceType::AsymX, Some(400.0), Vec::new()),
        device(LimitingDeviceType::AsymY, None, Vec::new()),
        device(LimitingDeviceType::MlcX, Some(500.5), vec![-20.0, -5.0, 5.0, 22.5]),
    ];
    let point = |cumulative_weight: f64, gantry_deg: f64, leaves: [f64; 6]| ControlPoint {
        cumulative_weight,
        angles: BeamAngles { gantry_deg, beam_limiting_deg: 12.5, patient_support_deg: 350.0, ..Default::default() },
        energy: Some(6.0),
        positions_mm: vec![vec![-31.0, 42.0], vec![-18.0, 19.5], leaves.to_vec()],
        ..Default::default()
    };
    let still = [-10.25, -11.0, -12.0, 13.0, 14.0, 15.75];
    let mut arc = [
        point(0.0, 10.0, still),
        point(12.5, 350.0, [0.0, 0.0, 0.0, 0.0, 1.5, 0.0]),
        point(48.75, 330.0, [-1.0, -2.0, -3.0, 0.0, 1.5, 0.0]),
    ];
    for (n, c) in arc.iter_mut().enumerate() {
        let (n, turning) = (n as f64, n < 2);
        c.angles.beam_limiting_deg = 10.0 + n;
        c.angles.patient_support_deg = (358.0 + 2.0 * n) % 360.0;
        c.angles.table_eccentric_deg = 3.0 - n;
        c.angles.table_pitch_deg = 0.5 * n;
        if turning {
            c.turns = Turns {
                gantry: Turn::CounterClockwise,
                beam_limiting: Turn::CounterClockwise,
                patient_support: Turn::CounterClockwise,
                table_eccentric: Turn::Clockwise,
            };
        }
    }
    let sequences = [
        vec![point(0.0, 33.5, still), point(48.75, 33.5, still)],
        vec![point(0.0, 33.5, [-10.0; 6]), point(20.0, 33.5, still), point(48.75, 33.5, [15.0; 6])],
        arc.to_vec(),
    ];
    let beams = sequences.into_iter().zip(1..).map(|(sequence, number)| Beam {
        number,
        name: format!("Field {number}"),
        machine: "SYNTHETIC".into(),
        radiation: RadiationType::Photon,
        isocentre_mm: Point3::new(1.0, -2.0, 110.0),
        angles: sequence[0].angles,
        meterset_mu: 97.5,
        final_cumulative_weight: 48.75,
        beam_dose_gy: Some(0.6),
        virtual_sad_mm: Some([1000.0; 2]),
        control_points: sequence.len(),
        limiting_devices: devices.clone(),
        sequence,
        ..Default::default()
    });
    Plan { uid: derived_uid(&["photon plan"]), beams: beams.collect(), ..plan() }
}

pub fn dose(dose_type: DoseType, summation: DoseSummation) -> Dose {
    let grid = Grid::axial([7, 6, 5], [3.0, 3.0, 2.5], Point3::new(-9.1, -7.7, 101.3));
    let mut volume = Volume::filled(grid, 0f32);
    for (n, v) in volume.data.iter_mut().enumerate() {
        *v = n as f32 * 0.01 - if dose_type == DoseType::Error { 1.0 } else { 0.0 };
    }
    Dose {
        uid: derived_uid(&["dose", &format!("{dose_type:?}{summation:?}")]),
        frame_of_reference_uid: derived_uid(&["frame"]),
        plan_uid: Some(derived_uid(&["plan"])),
        dose_type,
        unit: DoseUnit::Gy,
        summation,
        engine: "Vestibule pencil beam (simplified)".into(),
        volume,
    }
}

/// Writes the whole study into a folder.
pub fn write_study(dir: &Path) {
    use vestibule_dicom::write;
    let id = identity();
    let ct = image(Modality::Ct, PatientPosition::Hfs);
    let plan = plan();
    write::image_series(&dir.join("ct"), &ct, &id).unwrap();
    write::image_series(&dir.join("mr"), &image(Modality::Mr, PatientPosition::Hfs), &id).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &structures(), &ct, &id).unwrap();
    write::ion_plan(&dir.join("rn.dcm"), &plan, &id).unwrap();
    write::dose(&dir.join("rd.dcm"), &dose(DoseType::Physical, DoseSummation::Plan), Some(&plan), &id).unwrap();
    let fraction = dose(DoseType::Effective, DoseSummation::Fraction);
    write::dose(&dir.join("rd_fraction.dcm"), &fraction, Some(&plan), &id).unwrap();
}

/// All files below a folder, sorted.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

/// The folder of real data, or None with a loud line.
pub fn real_data(test: &str) -> Option<PathBuf> {
    match std::env::var_os("VESTIBULE_TEST_DATA") {
        Some(dir) => Some(dir.into()),
        None => {
            println!("SKIPPED {test}: VESTIBULE_TEST_DATA is not set");
            None
        }
    }
}
