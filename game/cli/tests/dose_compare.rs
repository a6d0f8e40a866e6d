//! `vestibule dose compare` on files: the JSON that scripts rely on, sentences and exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::*;

fn compare(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).args(["dose", "compare"]).args(args).output().unwrap()
}

/// A ball of dose with a soft edge, its centre at x = `shift`.
fn file(dir: &Path, name: &str, frame: &str, spacing: f64, shift: f64) -> PathBuf {
    let n = (60.0 / spacing) as usize + 1;
    let grid = Grid::axial([n; 3], [spacing; 3], Point3::new(-30.0, -30.0, -30.0));
    let mut volume = Volume::filled(grid.clone(), 0f32);
    for (o, v) in volume.data.iter_mut().enumerate() {
        let p = grid.centre(o % n, o / n % n, o / n / n) - Point3::new(shift, 0.0, 0.0);
        *v = (2.0 / (1.0 + ((p.norm() - 18.0) / 2.0).exp())) as f32;
    }
    let dose = Dose {
        uid: write::derived_uid(&[name]),
        frame_of_reference_uid: write::derived_uid(&[frame]),
        plan_uid: Some(write::derived_uid(&["plan"])),
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: DoseSummation::Plan,
        engine: "test".into(),
        volume,
    };
    let identity =
        Identity { patient_id: "SYN".into(), study_uid: write::derived_uid(&["study"]), ..Identity::default() };
    let path = dir.join(name);
    write::dose(&path, &dose, None, &identity).unwrap();
    path
}

#[test]
fn two_files_are_compared_and_what_cannot_be_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = |p: &PathBuf| p.to_str().unwrap().to_owned();
    let a = path(&file(dir.path(), "a.dcm", "frame", 2.5, 0.0));
    let b = path(&file(dir.path(), "b.dcm", "frame", 2.0, 1.0));
    let far = path(&file(dir.path(), "c.dcm", "another", 2.5, 0.0));

    let json = |args: &[&str]| -> Value {
        let out = compare(args);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let same = json(&[&a, &a, "--criteria", "3%/2mm", "--json"]);
    assert_eq!(same["pass_rate"], 100.0);
    assert_eq!(same["difference"]["rms"], 0.0);
    let moved = json(&[&a, &b, "--criteria", "3%/2mm", "--threshold", "10", "--json"]);
    // A shift of 1 mm is half of 2 mm at most.
    assert!(moved["pass_rate"].as_f64().unwrap() > 99.9 && moved["max_gamma"].as_f64().unwrap() < 0.75, "{moved}");
    assert!(moved["mean_gamma"].as_f64().unwrap() > 0.05 && moved["points"].as_u64().unwrap() > 1000);
    let strict = json(&[&a, &b, "--criteria", "1%/0.5mm", "--local", "--json"]);
    assert!(strict["pass_rate"].as_f64().unwrap() < 80.0, "{strict}");

    let text = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    let out = compare(&[&a, &far]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out).contains("frames of reference"), "{}", text(&out));
    for wrong in [
        vec![a.as_str(), "/nowhere.dcm"],
        vec![&a, &b, "--criteria", "3 percent"],
        vec![&a, &b, "--criteria", "0%/2mm"],
        vec![&a, &b, "--local", "--threshold", "0"],
        vec![&a],
    ] {
        let out = compare(&wrong);
        assert_eq!(out.status.code(), Some(2), "{wrong:?}: {}", text(&out));
        assert!(!text(&out).contains("panicked"));
    }
    std::fs::write(dir.path().join("no.dcm"), "no DICOM at all").unwrap();
    let out = compare(&[&a, dir.path().join("no.dcm").to_str().unwrap()]);
    assert_eq!((out.status.code(), text(&out).lines().count()), (Some(2), 1), "{}", text(&out));
}
