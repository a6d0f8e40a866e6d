//! `vestibule dose rate` and `dose timeline` on a made-up study: the JSON that scripts rely on, files, and exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume};
use vestibule_patient::*;

const FLASH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/beams/generic-flash.json");

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("--store").arg(store).arg("--demo").args(args).output().unwrap()
}

fn json(store: &Path, args: &[&str]) -> Value {
    let out = vestibule(store, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Water, a block in it, and one beam of two spots of 250 MeV, 40 mm apart, 250 MU each.
fn study(dir: &Path) {
    let uid = |s: &str| write::derived_uid(&["rate", s]);
    let identity = Identity {
        patient_id: "SYN-RATE".into(),
        patient_name: "SYNTHETIC^RATE".into(),
        study_uid: uid("study"),
        ..Identity::default()
    };
    let image = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame"),
        position: Some(PatientPosition::Hfs),
        ..Image::of(
            uid("ct"),
            Modality::Ct,
            Volume::filled(Grid::axial([30, 20, 30], [3.0; 3], Point3::new(-43.5, -28.5, -43.5)), 0f32),
        )
    };
    let square = |half: f64, z: f64| Contour {
        points: [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(x, y)| Point3::new(-20.0 + x * half, y * half, z))
            .to_vec(),
    };
    let set = StructureSet {
        uid: uid("set"),
        frame_of_reference_uid: uid("frame"),
        structures: vec![Structure {
            number: 1,
            name: "Left spot".into(),
            contours: (0..3).map(|k| square(4.0, -4.5 + 3.0 * f64::from(k))).collect(),
            ..Structure::default()
        }],
        ..StructureSet::default()
    };
    let spot = |x_mm| Spot { x_mm, y_mm: 0.0, weight: 1.0 };
    let beam = Beam {
        number: 1,
        name: "AP".into(),
        radiation: RadiationType::Proton,
        meterset_mu: 500.0,
        final_cumulative_weight: 2.0,
        layers: vec![Layer {
            energy_mev: 250.0,
            paintings: 1,
            spots: vec![spot(-20.0), spot(20.0)],
            ..Layer::default()
        }],
        ..Beam::default()
    };
    let plan = Plan {
        uid: uid("plan"),
        label: "SYNTHETIC".into(),
        frame_of_reference_uid: uid("frame"),
        structure_set_uid: Some(uid("set")),
        position: Some(PatientPosition::Hfs),
        fractions: 1,
        beams: vec![beam],
        ..Plan::default()
    };
    write::image_series(dir, &image, &identity).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &set, &image, &identity).unwrap();
    write::ion_plan(&dir.join("rp.dcm"), &plan, &identity).unwrap();
}

#[test]
fn times_and_rates_of_two_spots() {
    let dir = tempfile::tempdir().unwrap();
    let (store, files) = (dir.path().join("store"), dir.path().join("files"));
    std::fs::create_dir(&files).unwrap();
    study(&files);
    json(&store, &["patient", "import", files.to_str().unwrap(), "--json"]);
    let asked = ["--patient", "SYN-RATE", "--machine", FLASH, "--json"];

    let t = json(&store, &[&["dose", "timeline"], &asked[..]].concat());
    // 250 MU · 4,945,952 protons at 200 nA; then 40 mm at 10 m/s.
    let dwell = 250.0 * 4_945_952.0 * 1.602_176_634e-10 / 200.0;
    let number = |v: &Value| v.as_f64().unwrap();
    let spots = &t["beams"][0]["layers"][0]["spots"];
    assert!((number(&spots[0]["length_s"]) - dwell).abs() < 1e-9 && number(&spots[0]["start_s"]) == 0.0);
    assert!((number(&spots[1]["start_s"]) - dwell - 0.004).abs() < 1e-9);
    assert!((number(&t["total_s"]) - 2.0 * dwell - 0.004).abs() < 1e-9 && t["spots"] == 2);
    assert!((number(&t["beam_on_s"]) - 2.0 * dwell).abs() < 1e-9 && number(&t["beams"][0]["mu"]) == 500.0);

    let csv = dir.path().join("rates.csv");
    let r = json(&store, &[&["dose", "rate", "--grid-mm", "3", "--csv", csv.to_str().unwrap()], &asked[..]].concat());
    let metrics = r["beams"][0]["metrics"].as_array().unwrap();
    let names: Vec<&str> = metrics.iter().map(|m| m["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["dose-averaged", "percentile", "pbs", "dose-threshold"]);
    for m in metrics {
        let s = &m["structures"][0];
        assert_eq!(s["name"], "Left spot");
        // 8 mm square, three planes of 3 mm.
        assert!((number(&s["volume_cm3"]) - 0.576).abs() < 0.06, "{s}");
        let [mean, r98, r2] = ["mean_gy_per_s", "r98_gy_per_s", "r2_gy_per_s"].map(|k| number(&s[k]));
        assert!(r98 <= mean && mean <= r2 && r98 > 0.0, "{s}");
        assert_eq!(s["histogram"].as_array().unwrap().len(), 101);
    }
    // The block lies on the first spot's axis, the other is 40 mm away: one spot has one rate by any name.
    let means: Vec<f64> = metrics.iter().map(|m| number(&m["structures"][0]["mean_gy_per_s"])).collect();
    assert!(means.iter().all(|m| (m / means[0] - 1.0).abs() < 0.02), "{means:?}");
    let table = std::fs::read_to_string(&csv).unwrap();
    assert!(table.starts_with("beam,metric,threshold_gy,dose_floor_gy,structure,rate_gy_per_s,volume_percent,"));
    assert_eq!(table.lines().count(), 1 + 4 * 101);

    let map = dir.path().join("rate.mha");
    let one =
        ["dose", "rate", "--grid-mm", "3", "--metric", "pbs", "--threshold", "0.05", "--out", map.to_str().unwrap()];
    let r = json(&store, &[&one, &asked[..]].concat());
    assert_eq!(r["beams"][0]["metrics"][0]["threshold_gy"], 0.05);
    let bytes = std::fs::read(&map).unwrap();
    let head = String::from_utf8_lossy(&bytes[..600]).into_owned();
    assert!(head.contains("Gy/s, pbs (0.05 Gy)") && head.contains("MET_FLOAT"), "{head}");
    let size: Vec<usize> = head
        .lines()
        .find_map(|l| l.strip_prefix("DimSize = "))
        .unwrap()
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    let start = head.find("LOCAL\n").unwrap() + 6;
    assert_eq!(bytes.len() - start, 4 * size.iter().product::<usize>());

    let text = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    for (wrong, word) in [
        (vec!["--metric", "flash"], "dose-averaged, percentile, pbs, dose-threshold"),
        (vec!["--structure", "Nowhere"], "Left spot"),
        (vec!["--beam", "7"], "AP"),
        (vec!["--threshold=-1"], "--threshold -1"),
        (vec!["--out", "x.mha"], "--metric"),
        (vec!["--dose-floor", "120%"], "percent"),
    ] {
        let out = vestibule(&store, &[&["dose", "rate", "--patient", "SYN-RATE"], &wrong[..]].concat());
        assert_eq!(out.status.code(), Some(2), "{wrong:?}: {}", text(&out));
        assert!(text(&out).contains(word), "{wrong:?}: {}", text(&out));
    }
    // The default machine has no 250 MeV: said, with beam and layer, by both.
    for what in ["rate", "timeline"] {
        let out = vestibule(&store, &["dose", what, "--patient", "SYN-RATE"]);
        assert_eq!(out.status.code(), Some(1));
        assert!(text(&out).contains("'AP', layer 1: 250 MeV"), "{}", text(&out));
    }
}

#[test]
fn two_rates_on_one_clock_need_no_patient() {
    let dir = tempfile::tempdir().unwrap();
    let picture = dir.path().join("clock.svg");
    let out = vestibule(&dir.path().join("store"), &["dose", "rate", "--clock", picture.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(std::fs::read_to_string(&picture).unwrap().contains("1500 times faster"));
    assert_eq!(vestibule(dir.path(), &["dose", "rate"]).status.code(), Some(2));
}
