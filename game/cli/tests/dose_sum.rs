//! `vestibule dose sum` and `dose iso` on files: figures, the JSON that scripts rely on, sentences and exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::write::PlanReference;
use vestibule_dicom::{DoseReferences, Identity, write};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::*;

fn dose(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("dose").args(args).output().unwrap()
}

fn json(args: &[&str]) -> Value {
    let out = dose(args);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// A Gaussian of 2 Gy, 12 mm wide, on voxels of `spacing`.
fn file(dir: &Path, name: &str, spacing: f64, change: impl Fn(&mut Dose, &mut PlanReference, &mut Identity)) -> String {
    let n = (120.0 / spacing) as usize + 1;
    let grid = Grid::axial([n; 3], [spacing; 3], Point3::new(-60.0, -60.0, -60.0));
    let mut volume = Volume::filled(grid.clone(), 0f32);
    for (o, v) in volume.data.iter_mut().enumerate() {
        let p = grid.centre(o % n, o / n % n, o / n / n);
        *v = (2.0 * (-p.coords.norm_squared() / 288.0).exp()) as f32;
    }
    let mut made = Dose {
        uid: write::derived_uid(&[name]),
        frame_of_reference_uid: write::derived_uid(&["frame"]),
        plan_uid: None,
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: DoseSummation::Plan,
        engine: "test".into(),
        volume,
    };
    let mut plan = PlanReference { uid: write::derived_uid(&["plan"]), ..PlanReference::default() };
    let mut identity =
        Identity { patient_id: "SYN".into(), study_uid: write::derived_uid(&["study"]), ..Identity::default() };
    change(&mut made, &mut plan, &mut identity);
    let path = dir.join(name);
    write::dose_of(&path, &made, &[plan], &identity).unwrap();
    path.to_str().unwrap().to_owned()
}

fn read(path: &str) -> (Dose, DoseReferences) {
    let got = vestibule_dicom::import(&[path.into()], &|_, _| {}).unwrap();
    (got.patients[0].doses[0].clone(), DoseReferences::read(&std::fs::read(path).unwrap()).unwrap())
}

fn integral(dose: &Dose) -> f64 {
    dose.volume.data.iter().map(|v| f64::from(*v)).sum::<f64>() * dose.volume.grid.voxel_cm3()
}

#[test]
fn plans_fractions_and_beams_are_summed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = file(dir, "first.dcm", 3.0, |_, _, _| {});
    let boost = file(dir, "boost.dcm", 2.5, |_, p, _| p.uid = write::derived_uid(&["boost"]));
    let out = dir.join("sum.dcm").to_str().unwrap().to_owned();

    let said = json(&["sum", &first, &format!("{boost}*2.5"), "--conserve", "--out", &out, "--json"]);
    assert_eq!((said["summation"].as_str(), said["dose_type"].as_str()), (Some("MULTI_PLAN"), Some("PHYSICAL")));
    assert_eq!((said["parts"][1]["times"].as_f64(), said["plans"].as_u64()), (Some(2.5), Some(2)));
    let (sum, of) = read(&out);
    assert_eq!(sum.summation, DoseSummation::MultiPlan);
    assert_eq!(
        of.plans.iter().map(|p| p.uid.clone()).collect::<Vec<_>>(),
        [write::derived_uid(&["plan"]), write::derived_uid(&["boost"])]
    );
    assert_eq!((of.study_uid, sum.uid.as_str()), (write::derived_uid(&["study"]), said["uid"].as_str().unwrap()));
    let want = integral(&read(&first).0) + 2.5 * integral(&read(&boost).0);
    assert!((integral(&sum) / want - 1.0).abs() < 1e-6, "{} not {want}", integral(&sum));

    // Interpolated: 7 Gy in the middle, where both have a voxel, on the grid of one's choice.
    json(&["sum", &first, &format!("{boost}*2.5"), "--grid-of", &first, "--out", &out, "--json"]);
    let (sum, _) = read(&out);
    assert_eq!(sum.volume.grid.size, [41; 3]);
    assert!((f64::from(sum.volume.at(20, 20, 20)) - 7.0).abs() < 1e-4);

    let fraction = file(dir, "fraction.dcm", 3.0, |d, _, _| d.summation = DoseSummation::Fraction);
    let said = json(&["sum", &format!("{fraction}*25"), "--out", &out, "--json"]);
    assert_eq!(said["summation"], "PLAN");
    assert!((said["max_gy"].as_f64().unwrap() - 50.0).abs() < 1e-4);
    let beam = |n: i32| {
        file(dir, &format!("beam{n}.dcm"), 3.0, |d, p, _| {
            d.summation = DoseSummation::Beam;
            p.beams = vec![n];
        })
    };
    json(&["sum", &beam(1), &beam(4), "--out", &out, "--json"]);
    let (sum, of) = read(&out);
    assert_eq!((sum.summation, of.plans[0].beams.as_slice()), (DoseSummation::Beam, [1, 4].as_slice()));

    let text = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    let refused = |other: &str, code: i32, want: &str| {
        let got = dose(&["sum", &first, other, "--out", &out]);
        assert!(got.status.code() == Some(code) && text(&got).contains(want), "{}", text(&got));
    };
    refused(&file(dir, "rbe.dcm", 3.0, |d, _, _| d.dose_type = DoseType::Effective), 1, "do not add up");
    refused(&file(dir, "frame.dcm", 3.0, |d, _, _| d.frame_of_reference_uid = write::derived_uid(&["x"])), 1, "frame");
    refused(&file(dir, "other.dcm", 3.0, |_, _, i| i.patient_id = "ELSE".into()), 1, "another patient");
    refused("/nowhere.dcm", 2, "does not exist");
    refused(&format!("{boost}*-1"), 2, "a number above 0");
}

#[test]
fn the_surface_of_a_gaussian_is_a_sphere() {
    let dir = tempfile::tempdir().unwrap();
    // Flat triangles lie inside a sphere: by half of (voxel / radius)² of its volume, 0.6 % here.
    let path = file(dir.path(), "d.dcm", 1.5, |_, _, _| {});
    let out = dir.path().join("d.ply").to_str().unwrap().to_owned();
    let said = json(&["iso", &path, "--gy", "1", "--out", &out, "--json"]);
    let radius = 1.2 * (2.0 * 2f64.ln()).sqrt();
    let sphere = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
    assert!((said["volume_cm3"].as_f64().unwrap() / sphere - 1.0).abs() < 0.01, "{said}");
    let size = 24 * said["corners"].as_u64().unwrap() + 13 * said["triangles"].as_u64().unwrap();
    let bytes = std::fs::read(&out).unwrap();
    let head = bytes.windows(11).position(|w| w == b"end_header\n").unwrap() as u64 + 11;
    assert_eq!(bytes.len() as u64, head + size);
    assert_eq!(dose(&["iso", &path, "--gy", "3", "--out", &out]).status.code(), Some(1));
    assert_eq!(dose(&["iso", &path, "--gy", "0", "--out", &out]).status.code(), Some(2));
}
