//! `vestibule dose constraints`: who may see a verdict, exit codes, JSON; `vestibule dose difference` on the same cube.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume};
use vestibule_patient::*;

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("--store").arg(store).arg("--demo").args(args).output().unwrap()
}

/// A cube of 20 mm in a dose that falls by 1 Gy a mm along x, 30 to 10 Gy, physical, of the course.
fn study(dir: &Path, id: &str, name: &str) {
    let uid = |s: &str| write::derived_uid(&[id, s]);
    let identity =
        Identity { patient_id: id.into(), patient_name: name.into(), study_uid: uid("study"), ..Default::default() };
    let grid = Grid::axial([40; 3], [1.0; 3], Point3::new(-19.5, -19.5, -19.5));
    let image = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame"),
        position: Some(PatientPosition::Hfs),
        ..Image::of(uid("ct"), Modality::Ct, Volume::filled(grid.clone(), 0f32))
    };
    let square = |k: usize| Contour {
        points: [(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0)]
            .map(|(x, y)| Point3::new(x, y, k as f64 - 9.5))
            .to_vec(),
    };
    let brain = Structure {
        number: 1,
        name: "Encéphale".into(),
        contours: (0..20).map(square).collect(),
        ..Default::default()
    };
    let set = StructureSet {
        uid: uid("set"),
        frame_of_reference_uid: uid("frame"),
        structures: vec![brain],
        ..Default::default()
    };
    let mut volume = Volume::filled(grid.clone(), 0f32);
    for (o, v) in volume.data.iter_mut().enumerate() {
        *v = 39.5 - (o % 40) as f32;
    }
    let dose = Dose {
        uid: uid("dose"),
        frame_of_reference_uid: uid("frame"),
        plan_uid: None,
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: DoseSummation::Plan,
        engine: String::new(),
        volume,
    };
    std::fs::create_dir_all(dir).unwrap();
    let mut half = Dose { uid: uid("half"), ..dose.clone() };
    half.volume.data.iter_mut().for_each(|v| *v *= 0.5);
    write::dose(&dir.join("half.dcm"), &half, None, &identity).unwrap();
    write::image_series(&dir.join("ct"), &image, &identity).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &set, &image, &identity).unwrap();
    write::dose(&dir.join("rd.dcm"), &dose, None, &identity).unwrap();
}

#[test]
fn a_verdict_is_for_synthetic_patients_or_marked_research() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    study(&dir.path().join("a"), "A", "SYNTHETIC^CUBE");
    study(&dir.path().join("b"), "B", "CUBE^SOMEBODY");
    for d in ["a", "b"] {
        assert!(vestibule(&store, &["patient", "import", &dir.path().join(d).to_string_lossy()]).status.success());
    }
    let file = dir.path().join("p.json");
    let rows = r#"{"structure":"Brain","metric":"Mean[Gy]","compare":"<=","goal":21,"variation":23},
        {"structure":"Brain","metric":"V16.5Gy[cc]","compare":">=","goal":7},
        {"structure":"Heart","metric":"Max[Gy]","compare":"<","goal":1}"#;
    let text = format!(r#"{{"title":"P","source":"test","dose":{{"type":"EFFECTIVE"}},"rows":[{rows}]}}"#);
    std::fs::write(&file, &text).unwrap();
    let file = file.to_string_lossy().into_owned();
    let call = |who: &str, more: &[&str]| {
        let dose = write::derived_uid(&[who, "dose"]);
        let fixed = ["dose", "constraints", "--patient", who, "--dose", &dose, "--protocol", &file];
        vestibule(&store, &[&fixed, more].concat())
    };
    let said = |o: &Output| format!("{}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));

    // Physical dose of nobody knows what: the call must say how it is weighted.
    let out = call("A", &[]);
    assert!(out.status.code() == Some(2) && said(&out).contains("give the RBE"), "{}", said(&out));
    let out = call("A", &["--rbe", "1.1", "--json"]);
    assert!(out.status.success(), "{}", said(&out));
    let v: Value = serde_json::from_slice(&out.stdout).unwrap();
    let rows = v["rows"].as_array().unwrap();
    let column = |key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
    assert_eq!(column("verdict"), ["within_variation", "not_met", "no_structure"]);
    // Mean 20 Gy × 1.1; 16.5 Gy are 15 physical: 15 of 20 mm of 8 cc.
    assert!((rows[0]["value"].as_f64().unwrap() - 22.0).abs() < 0.02, "{v}");
    assert!((rows[1]["value"].as_f64().unwrap() - 6.0).abs() < 0.02, "{v}");
    assert!(v["mark"].is_null() && rows[2]["value"].is_null() && v["judged_as"] == "EFFECTIVE", "{v}");

    // Anyone else: not without the word, and not without the mark.
    let out = call("B", &["--rbe", "1.1"]);
    assert!(out.status.code() == Some(2) && said(&out).contains("--research"), "{}", said(&out));
    let out = call("B", &["--rbe", "1.1", "--research"]);
    assert!(out.status.success() && said(&out).contains("not for clinical decisions\n"), "{}", said(&out));
    let out = call("B", &["--rbe", "1.1", "--research", "--json"]);
    let v: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(v["mark"], "not for clinical decisions");

    // A dose less its half is its half.
    let [dose, half] = ["dose", "half"].map(|d| write::derived_uid(&["B", d]));
    let args = ["dose", "difference", "--patient", "B", "--dose", &dose, "--minus", &half];
    let out = vestibule(&store, &[&args[..], &["--json"]].concat());
    let v: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&out)));
    let row = &v["structures"][0];
    for (key, want) in [("mean_gy", 10.0), ("d95_gy", 5.5), ("d2_gy", 14.8), ("min_gy", 5.0), ("max_gy", 15.0)] {
        assert!((row[key].as_f64().unwrap() - want).abs() < 0.05, "{key}: {v}");
    }
    assert!(vestibule(&store, &args).status.success());

    std::fs::write(&file, text.replace("V16.5Gy[cc]", "V1650")).unwrap();
    let out = call("A", &["--rbe", "1.1"]);
    assert!(
        out.status.code() == Some(2) && said(&out).contains("p.json: protocol 'P', row 2 (Brain, V1650)"),
        "{}",
        said(&out)
    );
}
