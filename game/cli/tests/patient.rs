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

/// A quarter turn about z and (10, 20, 30) mm, from an MR's frame into the CT's, in JSON and in words.
#[test]
fn registrations_are_listed_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (store, dicom) = (dir.path().join("store"), dir.path().join("dicom"));
    std::fs::create_dir(&dicom).unwrap();
    study(&dicom);
    let uid = |s: &str| write::derived_uid(&[s]);
    let identity = Identity {
        patient_id: "SYN/../1".into(),
        patient_name: "SYNTHETIC^TEST".into(),
        study_uid: uid("study"),
        study_date: "20260101".into(),
        study_time: "120000".into(),
        ..Default::default()
    };
    let grid = Grid::axial([4, 4, 2], [1.0, 1.0, 2.0], Point3::origin());
    let mr = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("MR frame"),
        description: "T1".into(),
        position: Some(PatientPosition::Hfs),
        ..Image::of(uid("mr"), Modality::Mr, Volume::filled(grid, 0f32))
    };
    write::image_series(&dicom.join("mr"), &mr, &identity).unwrap();
    let turn = nalgebra::Vector3::z() * std::f64::consts::FRAC_PI_2;
    let motion = nalgebra::Isometry3::new(nalgebra::Vector3::new(10.0, 20.0, 30.0), turn);
    let both = [(uid("reg"), "20260102"), (uid("older"), "20260101")];
    for (n, (uid_of, date)) in both.iter().enumerate() {
        let r = Registration {
            label: format!("R{n}"),
            method: "Visual Alignment".into(),
            date: (*date).into(),
            ..Registration::of(uid_of, uid("MR frame"), uid("frame"), motion)
        };
        write::spatial_registration(&dicom.join(format!("reg{n}.dcm")), &[r], &[&mr], &identity).unwrap();
    }
    let got = json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    assert_eq!(got["patients"][0]["registrations"], 2);
    assert_eq!(got["notes"], serde_json::json!([]), "they agree, and join the images");
    let show = json(&store, &["patient", "show", "SYN/../1", "--json"]);
    let all = show["registrations"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    let r = all.iter().find(|r| r["label"] == "R0").unwrap();
    assert_eq!((&r["from"], &r["to"], &r["used"]), (&"MR T1".into(), &"CT".into(), &true.into()));
    assert_eq!(r["from_frame_uid"], uid("MR frame"));
    let near = |v: &Value, want: f64| assert!((v.as_f64().unwrap() - want).abs() < 1e-9, "{v} is not {want}");
    for (row, want) in [[0., -1., 0., 10.], [1., 0., 0., 20.], [0., 0., 1., 30.], [0., 0., 0., 1.]].iter().enumerate() {
        (0..4).for_each(|c| near(&r["matrix"][row][c], want[c]));
    }
    near(&r["rotation_deg"], 90.0);
    near(&r["rotation_axis"][2], 1.0);
    near(&r["translation_mm"][1], 20.0);
    assert_eq!(all.iter().find(|r| r["label"] == "R1").unwrap()["used"], false);
    let out = vestibule(&store, &["patient", "show", "SYN/../1"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let line = "registers  MR T1 onto CT  translation 10.00, 20.00, 30.00 mm, rotation 90.00° about (0.000, 0.000, 1.000); \
                R0, Visual Alignment, 20260102\n";
    assert!(text.contains(line), "{text}");
    let older = text.lines().find(|l| l.contains("R1")).unwrap();
    assert!(older.ends_with("; not used: another joins the same frames"), "{older}");
}
