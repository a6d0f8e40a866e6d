//! A picture becomes a Secondary Capture that others read: pixels, words in any script, the mark.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use dicom_dictionary_std::{tags, uids};
use dicom_object::DefaultDicomObject;
use vestibule_dicom::Identity;
use vestibule_dicom::write::{SecondaryCapture, derived_uid, secondary_capture, secondary_capture_bytes};
use vestibule_geometry::PatientPosition;
use vestibule_patient::{Image, Modality, Patient};

const MARK: &str = "not for clinical decisions";

fn identity(name: &str) -> Identity {
    Identity { patient_name: name.into(), ..common::identity() }
}

/// 5 x 3 pixels: an odd number of bytes.
fn shot(rgb: &[u8]) -> SecondaryCapture<'_> {
    SecondaryCapture {
        uid: "2.25.77",
        width: 5,
        height: 3,
        rgb,
        title: "Revue",
        comment: "Écart au tronc cérébral : 3 mm\nà revoir",
        derivation: "Drawn by Vestibule",
        mark: Some(MARK),
        burned_in: true,
        recognisable: false,
        date: "20261128",
        time: "140502.125",
    }
}

fn text(d: &DefaultDicomObject, tag: dicom_core::Tag) -> String {
    d.element(tag).unwrap().to_str().unwrap().trim_end().to_owned()
}

#[test]
fn pixels_names_and_the_mark_come_back() {
    let rgb: Vec<u8> = (0..45u8).map(|n| n.wrapping_mul(37)).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sc.dcm");
    let who = identity("Ménard^Hélène");
    secondary_capture(&path, &shot(&rgb), &who).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), secondary_capture_bytes(&shot(&rgb), &who).unwrap());
    let d = dicom_object::open_file(&path).unwrap();
    let pixels = d.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
    assert_eq!((pixels.len(), &pixels[..45]), (46, rgb.as_slice()));
    for (tag, want) in [
        (tags::SOP_CLASS_UID, uids::SECONDARY_CAPTURE_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, "2.25.77"),
        (tags::STUDY_INSTANCE_UID, &who.study_uid),
        (tags::PATIENT_NAME, "Ménard^Hélène"),
        (tags::MODALITY, "OT"),
        (tags::CONVERSION_TYPE, "WSD"),
        (tags::BURNED_IN_ANNOTATION, "YES"),
        (tags::RECOGNIZABLE_VISUAL_FEATURES, "NO"),
        (tags::PATIENT_ORIENTATION, ""),
        (tags::SERIES_DESCRIPTION, "Revue"),
        (tags::IMAGE_COMMENTS, "not for clinical decisions\r\nÉcart au tronc cérébral : 3 mm\r\nà revoir"),
        (tags::DERIVATION_DESCRIPTION, "not for clinical decisions\r\nDrawn by Vestibule"),
        (tags::CONTENT_DATE, "20261128"),
        (tags::ACQUISITION_TIME, "140502.125"),
        (tags::STUDY_DATE, "20260101"),
        (tags::PHOTOMETRIC_INTERPRETATION, "RGB"),
    ] {
        assert_eq!(text(&d, tag), want, "{tag}");
    }
    let size = [tags::COLUMNS, tags::ROWS].map(|t| d.element(t).unwrap().to_int::<u16>().unwrap());
    assert_eq!(size, [5, 3]);
    // Taken up again, it is left out by its kind, and says so.
    let again = vestibule_dicom::import(&[path], &|_, _| ()).unwrap();
    assert!(again.patients.is_empty());
    assert!(again.notes.iter().any(|n| n.level == vestibule_dicom::Level::Info), "{:?}", again.notes);
}

#[test]
fn what_does_not_fit_is_refused_and_no_comment_pushes_the_mark_out() {
    let rgb = vec![7u8; 45];
    let real = identity("Ménard^Hélène");
    let refused = |s: SecondaryCapture<'_>, who: &Identity| secondary_capture_bytes(&s, who).unwrap_err().to_string();
    for unmarked in [None, Some(""), Some("  ")] {
        assert!(refused(SecondaryCapture { mark: unmarked, ..shot(&rgb) }, &real).contains("mark"));
    }
    assert!(secondary_capture_bytes(&SecondaryCapture { mark: None, ..shot(&rgb) }, &common::identity()).is_ok());
    for (width, height) in [(0, 3), (5, 0), (65536, 1), (5, 4), (usize::MAX, 2)] {
        refused(SecondaryCapture { width, height, ..shot(&rgb) }, &real);
    }
    for (date, time) in [("2026-11-28", "140502"), ("20261328", "140502"), ("2026112é", "140502"), ("20261128", "")] {
        refused(SecondaryCapture { date, time, ..shot(&rgb) }, &real);
    }
    for time in ["250000", "1405", "140502.", "14:05:02", "é0502"] {
        refused(SecondaryCapture { time, ..shot(&rgb) }, &real);
    }
    refused(shot(&rgb), &Identity { study_uid: String::new(), ..real.clone() });
    let long = "é\\".repeat(20_000);
    let bytes = secondary_capture_bytes(&SecondaryCapture { comment: &long, ..shot(&rgb) }, &real).unwrap();
    let d = DefaultDicomObject::from_reader(bytes.as_slice()).unwrap();
    let kept = text(&d, tags::IMAGE_COMMENTS);
    assert!(kept.starts_with(MARK) && kept.chars().count() == 10240);
}

#[test]
fn a_picture_belongs_to_the_study_it_shows() {
    let mr = Image { study_uid: "1.2.2".into(), ..common::image(Modality::Mr, PatientPosition::Hfs) };
    let ct = Image { study_uid: "1.2.1".into(), ..common::image(Modality::Ct, PatientPosition::Hfs) };
    let mut p = Patient { name: "A^B".into(), images: vec![mr, ct], plans: vec![common::plan()], ..Default::default() };
    assert_eq!(Identity::of(&p, None).study_uid, "1.2.1", "the planning image's");
    p.plans.clear();
    assert_eq!(Identity::of(&p, None).study_uid, "1.2.2", "the first image's");
    p.images.clear();
    p.plans.push(common::plan());
    assert_eq!(Identity::of(&p, None).study_uid, derived_uid(&[&common::plan().uid, "study"]));
}
