//! `vestibule dose compute` on a made-up photon plan: JSON, files, what is refused.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_geometry::{BeamAngles, Grid, PatientPosition, Volume};
use vestibule_patient::*;
use vestibule_record::{Key, Store};

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("--store")
        .arg(store)
        .args(["--demo", "dose", "compute", "--grid-mm", "4"])
        .args(args)
        .output()
        .unwrap()
}

/// 100 MU through 10 x 10 cm, the surface in the isocentre.
fn beam(number: i32, energy: f64) -> Beam {
    let point = |cumulative_weight| ControlPoint {
        cumulative_weight,
        angles: BeamAngles::default(),
        energy: Some(energy),
        positions_mm: vec![vec![-50.0, 50.0], vec![-50.0, 50.0]],
        ..ControlPoint::default()
    };
    let jaw = |kind| BeamLimitingDevice { kind, source_distance_mm: None, boundaries_mm: Vec::new() };
    Beam {
        number,
        name: format!("B{number}"),
        radiation: RadiationType::Photon,
        isocentre_mm: [0.0, -80.0, 0.0].into(),
        meterset_mu: 100.0,
        final_cumulative_weight: 1.0,
        control_points: 2,
        limiting_devices: vec![jaw(LimitingDeviceType::X), jaw(LimitingDeviceType::Y)],
        sequence: vec![point(0.0), point(1.0)],
        ..Beam::default()
    }
}

fn person(id: &str, energy: f64) -> Patient {
    let grid = Grid::axial([60, 40, 60], [4.0; 3], [-118.0, -78.0, -118.0].into());
    let ct = Image { frame_of_reference_uid: "3".into(), ..Image::of("1.1", Modality::Ct, Volume::filled(grid, 0.0)) };
    let plan = Plan {
        uid: "1.8".into(),
        label: "SYN".into(),
        frame_of_reference_uid: "3".into(),
        position: Some(PatientPosition::Hfs),
        fractions: 5,
        beams: vec![beam(1, 6.0), beam(2, energy)],
        ..Plan::default()
    };
    Patient {
        id: id.into(),
        name: "SYNTHETIC".into(),
        synthetic: true,
        images: vec![ct],
        plans: vec![plan],
        ..Patient::default()
    }
}

#[test]
fn a_photon_plan_is_computed_by_the_photon_engine() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let store = Store::create(&folder, &Key::Demo).unwrap();
    for p in [person("SIX", 6.0), person("TEN", 10.0)] {
        store.put_patient(&p).unwrap();
    }
    drop(store);
    let out = dir.path().join("rd.dcm");
    let file = out.to_string_lossy().into_owned();
    let done = vestibule(&folder, &["--patient", "SIX", "--per-beam", "--out", &file, "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let got: Value = serde_json::from_slice(&done.stdout).unwrap();
    // two beams of 100 MU, 1 cGy each on the axis, 1 % more beside it, five times
    let max = got["max_gy"].as_f64().unwrap();
    assert!((max - 10.0).abs() < 0.1, "{max}");
    assert_eq!(got["engine"], "Vestibule photon pencil beam (simplified)");
    assert_eq!(
        (&got["dose_type"], &got["summation"], &got["fractions"]),
        (&"PHYSICAL".into(), &"PLAN".into(), &5.into())
    );
    assert_eq!((&got["machine"], got["beams"].as_array().unwrap().len()), (&"generic-photon-6mv".into(), 2));
    assert!(out.exists() && dir.path().join("rd-beam-2.dcm").exists());
    assert!((got["beams"][0]["max_gy"].as_f64().unwrap() - 5.0).abs() < 0.05);

    let refused = |args: &[&str], code: i32, says: &str| {
        let out = vestibule(&folder, args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(code) && said.contains(says), "{said}");
    };
    refused(&["--patient", "TEN", "--out", &file], 1, "beam 'B2' has 10 MV");
    refused(&["--patient", "SIX", "--out", &file, "--let"], 2, "--let is for protons");
    refused(&["--patient", "SIX", "--out", &file, "--rbe", "1.1"], 2, "--rbe is for protons");
    let machine = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/beams/generic-pbs.json");
    refused(&["--patient", "SIX", "--out", &file, "--machine", machine], 2, "the other kind");
    let machine = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/beams/generic-photon-6mv.json");
    let own = vestibule(&folder, &["--patient", "SIX", "--fraction", "--machine", machine, "--out", &file]);
    let said = String::from_utf8_lossy(&own.stdout).into_owned();
    assert!(own.status.success() && said.contains("one fraction: maximum 2.0"), "{said}");
}
