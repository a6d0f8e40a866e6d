//! A photon plan that was written is read as it was.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use dicom_dictionary_std::tags;
use vestibule_dicom::write::{self, WriteError};
use vestibule_patient::{Approval, Beam, Plan, RadiationType};

#[test]
fn what_was_written_is_read_to_the_last_digit() {
    let dir = tempfile::tempdir().unwrap();
    let approved = common::photon_plan();
    // Signs and thirds: what a decimal string of 16 characters holds.
    let mut other =
        Plan { uid: "2.25.7".into(), approval: Some(Approval::Unapproved), review: None, ..approved.clone() };
    other.beams[1].sequence[1].positions_mm[2][4] = 14.333_333_333_333;
    other.beams[1].virtual_sad_mm = None;
    other.beams[0].beam_dose_gy = None;
    for (n, plan) in [&approved, &other].into_iter().enumerate() {
        write::photon_plan(&dir.path().join(format!("{n}.dcm")), plan, &common::identity()).unwrap();
    }
    let back = vestibule_dicom::import(&[dir.path().to_owned()], &|_, _| ()).unwrap();
    for plan in [&approved, &other] {
        let got = back.patients[0].plans.iter().find(|p| p.uid == plan.uid).unwrap();
        assert_eq!(got, plan, "{:?}", back.notes);
    }
}

/// What stands still is said once, what moves is said at every control point.
#[test]
fn a_control_point_says_what_the_beam_moves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rp.dcm");
    write::photon_plan(&path, &common::photon_plan(), &common::identity()).unwrap();
    let file = dicom_object::open_file(&path).unwrap();
    let beams = file.element(tags::BEAM_SEQUENCE).unwrap().items().unwrap();
    let kinds: Vec<_> = beams.iter().map(|b| b.element(tags::BEAM_TYPE).unwrap().to_str().unwrap()).collect();
    assert_eq!(kinds.iter().map(|k| k.trim()).collect::<Vec<_>>(), ["STATIC", "DYNAMIC", "DYNAMIC"]);
    let placed = |beam: usize, point: usize| {
        let points = beams[beam].element(tags::CONTROL_POINT_SEQUENCE).unwrap().items().unwrap();
        let devices = points[point].element(tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE);
        let devices = devices.map_or(0, |e| e.items().unwrap().len());
        (points[point].element(tags::GANTRY_ANGLE).is_ok(), devices)
    };
    assert_eq!(
        [(0, 0), (0, 1), (1, 1), (2, 1), (2, 2)].map(|(b, c)| placed(b, c)),
        [(true, 3), (false, 0), (false, 1), (true, 1), (true, 1)]
    );
}

#[test]
fn what_would_be_lost_or_is_wrong_is_refused() {
    type Change = fn(&mut Beam);
    let cases: [(&str, Change); 10] = [
        ("delivers Proton", |b| b.radiation = RadiationType::Proton),
        ("has blocks, wedges", |b| b.wedges = 1),
        ("two source-axis distances", |b| b.virtual_sad_mm = Some([1000.0, 900.0])),
        ("neither jaws nor leaves", |b| b.limiting_devices.clear()),
        ("has ASYMX twice", |b| b.limiting_devices[1] = b.limiting_devices[0].clone()),
        ("has no control point", |b| b.sequence.clear()),
        ("do not rise from 0 to 48.75", |b| b.sequence[1].cumulative_weight = 49.0),
        ("at control point 1 that do not fit", |b| b.sequence[1].positions_mm[2].truncate(5)),
        ("at control point 2 that run into", |b| b.sequence[2].positions_mm[2][0] = 15.5),
        ("at control point 2 that run into", |b| b.sequence[2].positions_mm[2][0] = f64::NAN),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rp.dcm");
    for (says, change) in cases {
        let mut plan = common::photon_plan();
        change(&mut plan.beams[1]);
        let error = write::photon_plan(&path, &plan, &common::identity()).unwrap_err();
        assert!(matches!(error, WriteError::Unfit { .. }) && error.to_string().contains(says), "{says}: {error}");
        assert!(error.to_string().contains("beam 2") && !path.exists(), "{error}");
    }
}
