//! `vestibule patient` on a small made-up study: the JSON that scripts rely on, and the exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_geometry::{BeamAngles, Contour, Grid, PatientPosition, Volume};
use vestibule_patient::*;

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("--store").arg(store).arg("--demo").args(args).output().unwrap()
}

fn json(store: &Path, args: &[&str]) -> Value {
    let out = vestibule(store, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn study(dir: &Path) {
    let uid = |s: &str| write::derived_uid(&[s]);
    let identity = Identity {
        patient_id: "SYN/../1".into(),
        patient_name: "SYNTHETIC^TEST".into(),
        study_uid: uid("study"),
        ..Default::default()
    };
    let image = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame"),
        position: Some(PatientPosition::Hfs),
        ..Image::of(
            uid("ct"),
            Modality::Ct,
            Volume::filled(Grid::axial([20, 16, 6], [1.0, 1.5, 2.0], Point3::new(-10.0, -12.0, 40.0)), 0f32),
        )
    };
    let square = |z: f64| Contour {
        points: [(-5., -5.), (5., -5.), (5., 5.), (-5., 5.)].map(|(x, y)| Point3::new(x, y, z)).to_vec(),
    };
    let set = StructureSet {
        uid: uid("set"),
        structures: vec![Structure {
            number: 1,
            name: "Tronc".into(),
            contours: (0..5).map(|k| square(40.0 + 2.0 * f64::from(k))).collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let layer = Layer {
        energy_mev: 120.0,
        spot_fwhm_mm: None,
        paintings: 1,
        spots: vec![Spot { x_mm: 0.0, y_mm: 1.0, weight: 2.0 }; 3],
    };
    let plan = Plan {
        uid: uid("plan"),
        label: "SYN".into(),
        frame_of_reference_uid: uid("frame"),
        structure_set_uid: Some(uid("set")),
        position: Some(PatientPosition::Hfs),
        fractions: 30,
        beams: vec![Beam {
            number: 1,
            name: "A".into(),
            meterset_mu: 60.0,
            angles: BeamAngles { gantry_deg: 90.0, patient_support_deg: 345.0, ..Default::default() },
            layers: vec![layer; 2],
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut dose = Dose {
        uid: uid("dose"),
        frame_of_reference_uid: uid("frame"),
        plan_uid: Some(uid("plan")),
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: DoseSummation::Plan,
        engine: "test (simplified)".into(),
        volume: Volume::filled(Grid::axial([4, 3, 2], [2.0, 3.0, 4.0], Point3::new(1.0, 2.0, 41.0)), 1f32),
    };
    let at = dose.volume.grid.offset(2, 1, 1);
    dose.volume.data[at] = 54.0;
    write::image_series(&dir.join("ct"), &image, &identity).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &set, &image, &identity).unwrap();
    write::ion_plan(&dir.join("rn.dcm"), &plan, &identity).unwrap();
    write::dose(&dir.join("rd.dcm"), &dose, Some(&plan), &identity).unwrap();
}

#[test]
fn import_list_show_and_remove() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let dicom = dir.path().join("dicom");
    std::fs::create_dir(&dicom).unwrap();
    study(&dicom);
    let got = json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    let p = &got["patients"][0];
    assert_eq!(p["id"], "SYN/../1");
    assert_eq!(p["name"], "SYNTHETIC^TEST");
    for (key, n) in [("images", 1), ("structures", 1), ("plans", 1), ("doses", 1)] {
        assert_eq!(p[key], n, "{key}");
    }
    assert_eq!(got["notes"], serde_json::json!([]));
    // A second import of the same study adds nothing.
    json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    let list = json(&store, &["patient", "list", "--json"]);
    assert_eq!(list["patients"].as_array().unwrap().len(), 1);
    assert_eq!(list["patients"][0]["images"], 1);

    let show = json(&store, &["patient", "show", "SYN/../1", "--json"]);
    let image = &show["images"][0];
    assert_eq!(image["modality"], "CT");
    assert_eq!(image["size"], serde_json::json!([20, 16, 6]));
    assert_eq!(image["spacing_mm"], serde_json::json!([1.0, 1.5, 2.0]));
    assert_eq!(image["origin_mm"], serde_json::json!([-10.0, -12.0, 40.0]));
    assert_eq!(image["orientation"], serde_json::json!([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
    let s = &show["structures"][0];
    assert_eq!((&s["name"], &s["standard_name"]), (&Value::from("Tronc"), &Value::from("Brainstem")));
    assert!((s["volume_cm3"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    let plan = &show["plans"][0];
    assert_eq!((&plan["label"], &plan["modality"], &plan["fractions"]), (&"SYN".into(), &"PROTON".into(), &30.into()));
    let beam = &plan["beams"][0];
    assert_eq!(beam["gantry_deg"], 90.0);
    assert_eq!(beam["couch_deg"], 345.0);
    assert_eq!((&beam["layers"], &beam["spots"], &beam["spots_delivered"]), (&2.into(), &12.into(), &6.into()));
    assert_eq!(beam["control_points"], 4);
    let dose = &show["doses"][0];
    assert_eq!(
        (&dose["type"], &dose["unit"], &dose["engine"]),
        (&"PHYSICAL".into(), &"GY".into(), &"test (simplified)".into())
    );
    assert!((dose["max"].as_f64().unwrap() - 54.0).abs() < 1e-5);
    assert_eq!(dose["max_at_mm"], serde_json::json!([5.0, 5.0, 45.0]));
    assert!((dose["mean"].as_f64().unwrap() - (54.0 + 23.0) / 24.0).abs() < 1e-5);

    assert!(vestibule(&store, &["patient", "remove", "SYN/../1"]).status.success());
    assert_eq!(json(&store, &["patient", "list", "--json"])["patients"], serde_json::json!([]));
    assert_eq!(vestibule(&store, &["patient", "show", "SYN/../1"]).status.code(), Some(1));
    // An identifier that looks like a path made none.
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["dicom", "store"]);
}

#[test]
fn exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let code = |args: &[&str]| vestibule(&store, args).status.code();
    assert_eq!(code(&["patient", "import", "/no/such/folder"]), Some(2));
    assert_eq!(code(&["patient", "import"]), Some(2));
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(empty.join("a.txt"), "no DICOM").unwrap();
    let out = vestibule(&store, &["patient", "import", &empty.to_string_lossy(), "--json"]);
    assert_eq!(out.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(said["patients"], serde_json::json!([]));
    assert!(!said["notes"].as_array().unwrap().is_empty());
    // Nothing was imported, so no store was made.
    assert!(!store.exists());
    // One bad file beside good ones: taken, with a note, and exit code 0.
    study(&empty);
    std::fs::write(empty.join("rn.dcm"), &std::fs::read(empty.join("rn.dcm")).unwrap()[..900]).unwrap();
    let got = json(&store, &["patient", "import", &empty.to_string_lossy(), "--json"]);
    assert_eq!((&got["patients"][0]["plans"], &got["patients"][0]["images"]), (&0.into(), &1.into()));
    let notes = got["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|n| n["level"] == "error" && n["text"].as_str().unwrap().contains("ends early")),
        "{notes:?}"
    );
}
