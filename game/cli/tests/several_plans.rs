//! Two plans with their doses and none named: the only approved one is meant, said on standard error; else exit 2 and a list.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume};
use vestibule_patient::*;

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("--store").arg(store).arg("--demo").args(args).output().unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn uid(s: &str) -> String {
    write::derived_uid(&["several", s])
}

/// Plan A of 100 MU with a dose of 1 Gy, plan B of 200 MU with a dose of 2 Gy, a block for the histogram.
fn study(dir: &Path, approvals: [Option<Approval>; 2]) {
    let identity = Identity {
        patient_id: "SYN-TWO".into(),
        patient_name: "SYNTHETIC^TWO".into(),
        study_uid: uid("study"),
        ..Identity::default()
    };
    let grid = Grid::axial([12, 12, 6], [2.0; 3], Point3::new(-11.0, -11.0, 0.0));
    let image = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame"),
        position: Some(PatientPosition::Hfs),
        ..Image::of(uid("ct"), Modality::Ct, Volume::filled(grid.clone(), 0f32))
    };
    let square = |z: f64| Contour {
        points: [(-5., -5.), (5., -5.), (5., 5.), (-5., 5.)].map(|(x, y)| Point3::new(x, y, z)).to_vec(),
    };
    let block = Structure {
        number: 1,
        name: "Block".into(),
        contours: (1..5).map(|k| square(2.0 * f64::from(k))).collect(),
        ..Structure::default()
    };
    let set = StructureSet {
        uid: uid("set"),
        frame_of_reference_uid: uid("frame"),
        structures: vec![block],
        ..StructureSet::default()
    };
    write::image_series(dir, &image, &identity).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &set, &image, &identity).unwrap();
    for ((name, n), approval) in [("A", 1.0), ("B", 2.0)].into_iter().zip(approvals) {
        let spots = vec![Spot { weight: 1.0, ..Spot::default() }];
        let beam = Beam {
            number: 1,
            name: name.into(),
            meterset_mu: 100.0 * n,
            final_cumulative_weight: 1.0,
            layers: vec![Layer { energy_mev: 120.0, paintings: 1, spots, ..Layer::default() }],
            ..Beam::default()
        };
        let plan = Plan {
            uid: uid(name),
            label: name.into(),
            frame_of_reference_uid: uid("frame"),
            structure_set_uid: Some(uid("set")),
            position: Some(PatientPosition::Hfs),
            fractions: 1,
            beams: vec![beam],
            approval,
            ..Plan::default()
        };
        let dose = Dose {
            uid: uid(&format!("dose {name}")),
            frame_of_reference_uid: uid("frame"),
            plan_uid: Some(plan.uid.clone()),
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation: DoseSummation::Plan,
            engine: "made up".into(),
            volume: Volume::filled(grid.clone(), n as f32),
        };
        write::ion_plan(&dir.join(format!("rp{name}.dcm")), &plan, &identity).unwrap();
        write::dose(&dir.join(format!("rd{name}.dcm")), &dose, Some(&plan), &identity).unwrap();
    }
}

/// MU that the timeline of a plan adds up to, and the mean dose of the block.
fn taken(store: &Path, more: [&[&str]; 2]) -> [Output; 2] {
    let both = [&["dose", "timeline"][..], &["dose", "dvh"][..]];
    [0, 1].map(|i| vestibule(store, &[both[i], &["--patient", "SYN-TWO", "--json"], more[i]].concat()))
}

fn figures(outs: &[Output; 2]) -> [f64; 2] {
    let json = |o: &Output| -> serde_json::Value {
        assert!(o.status.success(), "{}", said(o));
        serde_json::from_slice(&o.stdout).unwrap()
    };
    let (timeline, dvh) = (json(&outs[0]), json(&outs[1]));
    [timeline["beams"][0]["mu"].as_f64().unwrap(), dvh["structures"][0]["mean_gy"].as_f64().unwrap()]
}

#[test]
fn of_two_plans_the_only_approved_one_is_meant() {
    use Approval::{Approved, Rejected, Unapproved};
    for (approvals, meant) in [
        ([Some(Unapproved), Some(Approved)], Some([200.0, 2.0])),
        ([Some(Approved), Some(Rejected)], Some([100.0, 1.0])),
        ([Some(Approved), Some(Approved)], None),
        ([Some(Rejected), None], None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (store, files) = (dir.path().join("store"), dir.path().join("files"));
        std::fs::create_dir(&files).unwrap();
        study(&files, approvals);
        let import = vestibule(&store, &["patient", "import", files.to_str().unwrap()]);
        assert!(import.status.success(), "{}", said(&import));
        let outs = taken(&store, [&[], &[]]);
        match meant {
            Some(meant) => {
                let found = figures(&outs);
                assert!((found[0] - meant[0]).abs() < 1e-6 && (found[1] - meant[1]).abs() < 1e-6, "{found:?}");
                assert!(outs.iter().all(|o| said(o).contains("the only approved")), "{}", said(&outs[0]));
            }
            None => {
                for (out, names) in outs.iter().zip([["A", "B"].map(uid), ["dose A", "dose B"].map(uid)]) {
                    assert_eq!(out.status.code(), Some(2));
                    assert!(names.iter().all(|n| said(out).contains(n)), "{}", said(out));
                }
            }
        }
        // Who names one gets it, and is told nothing.
        let outs = taken(&store, [&["--plan", &uid("A")], &["--dose", &uid("dose A")]]);
        let found = figures(&outs);
        assert!((found[0] - 100.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
        assert!(outs.iter().all(|o| !said(o).contains("the only approved")));
    }
}
