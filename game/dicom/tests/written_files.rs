//! What is written is valid DICOM.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use std::path::{Path, PathBuf};
use std::process::Command;
use vestibule_dicom::DoseReferences;
use vestibule_dicom::write::{self, derived_uid};
use vestibule_geometry::PatientPosition;
use vestibule_patient::{DoseSummation, DoseType, Image, Modality, Registration};

/// dicom3tools up to at least 2022 ends with a failed assertion on any 32-bit pixel data, whoever wrote it. Doses are
/// checked as copies whose pixel data says 16 bit; everything else stays as it was written.
fn as_16_bit(file: &Path, copy: &Path) {
    let mut d = dicom_object::open_file(file).unwrap();
    let bytes = d.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
    let words: Vec<u16> = bytes.chunks_exact(4).map(|b| u16::from_le_bytes([b[2], b[3]])).collect();
    for (tag, value) in [(tags::BITS_ALLOCATED, 16u16), (tags::BITS_STORED, 16), (tags::HIGH_BIT, 15)] {
        d.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    d.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into())));
    d.write_to_file(copy).unwrap();
}

#[test]
fn dciodvfy_finds_no_error() {
    let dir = tempfile::tempdir().unwrap();
    common::write_study(dir.path());
    if Command::new("dciodvfy").arg("-version").output().is_err() {
        println!("SKIPPED dciodvfy_finds_no_error: dciodvfy (Debian package dicom3tools) is not installed");
        return;
    }
    let files = common::files(dir.path());
    assert_eq!(files.len(), 20);
    check(dir.path(), &files);
}

/// A dose of one beam says which, a sum of plans says of which: valid, and read back as written.
#[test]
fn doses_say_what_they_are_of() {
    let dir = tempfile::tempdir().unwrap();
    let of = |n: i32| write::PlanReference { uid: derived_uid(&["plan", &n.to_string()]), ..Default::default() };
    let cases = [
        ("rd_beam.dcm", DoseSummation::Beam, vec![write::PlanReference { beams: vec![2, 5], ..of(1) }]),
        ("rd_sum.dcm", DoseSummation::MultiPlan, vec![of(1), write::PlanReference { photons: true, ..of(2) }]),
        ("rd_part.dcm", DoseSummation::Fraction, vec![write::PlanReference { fraction_group: Some(3), ..of(1) }]),
    ];
    for (name, summation, plans) in &cases {
        let path = dir.path().join(name);
        let dose = common::dose(DoseType::Physical, *summation);
        write::dose_of(&path, &dose, plans, &common::identity()).unwrap();
        let said = DoseReferences::read(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(said.study_uid, common::identity().study_uid);
        // The group is 1 where none is given and one is needed.
        let mut want = plans.clone();
        if *summation == DoseSummation::Beam {
            want[0].fraction_group = Some(1);
        }
        assert_eq!(said.plans, want, "{name}");
    }
    assert_eq!(DoseReferences::read(b"no DICOM"), None);
    let plan_sum = common::dose(DoseType::Physical, DoseSummation::Plan);
    let wrong = write::dose_of(&dir.path().join("x.dcm"), &plan_sum, &[of(1), of(2)], &common::identity());
    assert!(wrong.unwrap_err().to_string().contains("several plans"));
    if Command::new("dciodvfy").arg("-version").output().is_err() {
        println!("SKIPPED doses_say_what_they_are_of: dciodvfy (Debian package dicom3tools) is not installed");
        return;
    }
    let files = common::files(dir.path());
    assert_eq!(files.len(), 3);
    check(dir.path(), &files);
}

#[test]
fn dciodvfy_finds_no_error_in_a_photon_plan() {
    let dir = tempfile::tempdir().unwrap();
    write::photon_plan(&dir.path().join("rp.dcm"), &common::photon_plan(), &common::identity()).unwrap();
    if Command::new("dciodvfy").arg("-version").output().is_err() {
        println!("SKIPPED dciodvfy_finds_no_error_in_a_photon_plan: dciodvfy (dicom3tools) is not installed");
        return;
    }
    let files = common::files(dir.path());
    assert_eq!(files.len(), 1);
    check(dir.path(), &files);
}

/// With and without images that it refers to, of its own study and of another.
#[test]
fn registrations_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    let ct = common::image(Modality::Ct, PatientPosition::Hfs);
    let mr = Image {
        frame_of_reference_uid: derived_uid(&["other frame"]),
        study_uid: derived_uid(&["other study"]),
        ..common::image(Modality::Mr, PatientPosition::Hfs)
    };
    let motion =
        nalgebra::Isometry3::new(nalgebra::Vector3::new(1.0 / 3.0, -2e3, 3e-7), nalgebra::Vector3::new(0.1, 0.2, 0.3));
    let bare = Registration::of("2.25.5", &mr.frame_of_reference_uid, &ct.frame_of_reference_uid, motion);
    let full = Registration {
        label: "Tête 1/2".into(),
        description: "Tête, à l'œil".into(),
        method: "Visual Alignment".into(),
        ..bare.clone()
    };
    let third = Registration { from_frame_uid: "2.25.6".into(), ..full.clone() };
    for (name, all, images) in [("reg_bare.dcm", vec![bare], vec![]), ("reg.dcm", vec![full, third], vec![&ct, &mr])] {
        write::spatial_registration(&dir.path().join(name), &all, &images, &common::identity()).unwrap();
    }
    if Command::new("dciodvfy").arg("-version").output().is_err() {
        println!("SKIPPED registrations_are_valid: dciodvfy (Debian package dicom3tools) is not installed");
        return;
    }
    check(dir.path(), &common::files(dir.path()));
}

/// dciodvfy finds no error in any of the files.
fn check(dir: &Path, files: &[PathBuf]) {
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let copy = dir.join("copy.dcm");
        let checked = if name.starts_with("rd") {
            as_16_bit(file, &copy);
            &copy
        } else {
            file
        };
        let out = Command::new("dciodvfy").arg(checked).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
        wrong.extend(said.lines().filter(|l| l.starts_with("Error")).map(|l| format!("{name}: {l}")));
        // It names the kind of object it recognised; without one it checked nothing.
        let kind = if name.starts_with("CT") {
            "CTImage"
        } else if name.starts_with("MR") {
            "MRImage"
        } else if name.starts_with("reg") {
            "SpatialRegistration"
        } else {
            "RT"
        };
        assert!(said.contains(kind), "{name} is not a {kind}: {said}");
        assert!(!said.contains("ssertion"), "{name}: {said}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
