//! Registrations: which way they lead, what is refused, and what an older object says.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, InMemDicomObject, open_file};
use nalgebra::{Isometry3, Matrix4, Point3, Translation3, UnitQuaternion, Vector3};
use proptest::prelude::*;
use std::path::Path;
use vestibule_dicom::write::{self, derived_uid};
use vestibule_dicom::{Import, Level, import};
use vestibule_geometry::PatientPosition;
use vestibule_patient::{Image, Modality, Patient, Registration, rigid};

/// A quarter turn about z (x becomes y), then 10, 20, 30 mm: row by row, by hand.
const QUARTER: [f64; 16] = [0., -1., 0., 10., 1., 0., 0., 20., 0., 0., 1., 30., 0., 0., 0., 1.];
const IDENTITY: [f64; 16] = [1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.];

fn take(dir: &Path) -> Import {
    import(&[dir.to_owned()], &|_, _| {}).unwrap()
}

fn ct() -> Image {
    common::image(Modality::Ct, PatientPosition::Hfs)
}

/// The MR of the common study, in a frame of its own.
fn mr() -> Image {
    Image { frame_of_reference_uid: "2.25.7".into(), ..common::image(Modality::Mr, PatientPosition::Hfs) }
}

fn of(numbers: [f64; 16]) -> Isometry3<f64> {
    rigid(&Matrix4::from_row_slice(&numbers)).unwrap()
}

fn registration() -> Registration {
    Registration {
        label: "MR_TO_CT".into(),
        description: "Tête, essai".into(),
        method: "Visual Alignment".into(),
        date: "20260103".into(),
        time: "101112".into(),
        ..Registration::of("2.25.9", "2.25.7", ct().frame_of_reference_uid, of(QUARTER))
    }
}

/// CT, MR in its own frame, and what joins them, as `reg.dcm`.
fn study() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write::image_series(&dir.path().join("ct"), &ct(), &common::identity()).unwrap();
    write::image_series(&dir.path().join("mr"), &mr(), &common::identity()).unwrap();
    let path = dir.path().join("reg.dcm");
    write::spatial_registration(&path, &[registration()], &[&ct(), &mr()], &common::identity()).unwrap();
    dir
}

fn change(dir: &Path, f: impl FnOnce(&mut DefaultDicomObject)) {
    let path = dir.join("reg.dcm");
    let mut d = open_file(&path).unwrap();
    f(&mut d);
    d.write_to_file(&path).unwrap();
}

fn text(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

fn object(elements: Vec<DataElement<InMemDicomObject>>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn matrix(kind: Option<&str>, numbers: &[f64]) -> InMemDicomObject {
    let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
    let mut all = vec![text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, VR::DS, &numbers.join("\\"))];
    all.extend(kind.map(|k| text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, VR::CS, k)));
    object(all)
}

/// A registration item: its frame or its images, and its matrices.
fn item(frame: Option<&str>, images: &[String], matrices: Vec<InMemDicomObject>) -> InMemDicomObject {
    let mut all: Vec<_> = frame.map(|f| text(tags::FRAME_OF_REFERENCE_UID, VR::UI, f)).into_iter().collect();
    if !images.is_empty() {
        let one = |u: &String| {
            object(vec![
                text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE),
                text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, u),
            ])
        };
        all.push(sequence(tags::REFERENCED_IMAGE_SEQUENCE, images.iter().map(one).collect()));
    }
    let matrices = object(vec![sequence(tags::MATRIX_SEQUENCE, matrices)]);
    all.push(sequence(tags::MATRIX_REGISTRATION_SEQUENCE, vec![matrices]));
    object(all)
}

/// What the study gives when these are the registration's items.
fn with(items: Vec<InMemDicomObject>) -> Import {
    let dir = study();
    change(dir.path(), |d| {
        d.put(sequence(tags::REGISTRATION_SEQUENCE, items));
    });
    take(dir.path())
}

fn rigid_item(frame: &str, numbers: &[f64]) -> InMemDicomObject {
    item(Some(frame), &[], vec![matrix(Some("RIGID"), numbers)])
}

#[track_caller]
fn says(i: &Import, level: Level, text: &str) {
    let found = i.notes.iter().filter(|n| n.level == level && n.text.contains(text)).count();
    assert_eq!(found, 1, "'{level}: …{text}…' stands {found} times in {:#?}", i.notes);
}

#[track_caller]
fn lies(p: &Patient, from: &str, to: &str, at: [f64; 3], want: [f64; 3]) {
    let got = p.between(from, to).unwrap() * Point3::from(at);
    assert!((got - Point3::from(want)).norm() < 1e-9, "{at:?} comes to {got}, not to {want:?}");
}

#[test]
fn what_was_written_comes_back() {
    let dir = study();
    let got = take(dir.path());
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
    let p = &got.patients[0];
    let frame = ct().frame_of_reference_uid;
    assert_eq!(p.registrations.len(), 1, "the frame that stays is none");
    let (read, wrote) = (&p.registrations[0], registration());
    assert!((read.motion.to_homogeneous() - wrote.motion.to_homogeneous()).amax() < 1e-12);
    assert_eq!(Registration { motion: wrote.motion, ..read.clone() }, wrote);
    // By hand: (1, 2, 3) of the MR turned is (-2, 1, 3), and shifted (8, 21, 33) of the CT.
    lies(p, "2.25.7", &frame, [1., 2., 3.], [8., 21., 33.]);
    lies(p, &frame, "2.25.7", [8., 21., 33.], [1., 2., 3.]);
    // The MR's first voxel, (-8.25, -9, 100): turned (9, -8.25, 100), shifted (19, 11.75, 130).
    let grid = p.grid_in(&p.images[1], &frame).unwrap();
    assert!((grid.origin_mm - Point3::new(19.0, 11.75, 130.0)).norm() < 1e-9);
    // Without it the frames are apart, and that is said.
    std::fs::remove_file(dir.path().join("reg.dcm")).unwrap();
    says(&take(dir.path()), Level::Warning, "lie in 2 frames of reference: they are not laid over each other");
}

/// Three frames in one object: neither image's own is the one that is registered to.
#[test]
fn two_images_meet_in_a_third_frame() {
    let (a, b) = (ct().frame_of_reference_uid, "2.25.7");
    let dir = study();
    change(dir.path(), |d| {
        d.put(text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "2.25.100"));
        let mut shift = IDENTITY;
        shift[3] = 5.0;
        d.put(sequence(tags::REGISTRATION_SEQUENCE, vec![rigid_item(&a, &shift), rigid_item(b, &QUARTER)]));
    });
    let got = take(dir.path());
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
    // The MR's (1, 2, 3) is (8, 21, 33) there; 5 less in x it is the CT's.
    lies(&got.patients[0], b, &a, [1., 2., 3.], [3., 21., 33.]);
}

#[test]
fn several_matrices_are_applied_in_their_order() {
    let mut shift = IDENTITY;
    shift[3] = 100.0;
    let both = |one: &[f64], two: &[f64]| {
        with(vec![item(Some("2.25.7"), &[], vec![matrix(Some("RIGID"), one), matrix(Some("RIGID"), two)])])
    };
    let frame = ct().frame_of_reference_uid;
    // Shifted first: (101, 2, 3) turned is (-2, 101, 3), and (8, 121, 33). Turned first: (8, 21, 33), and (108, 21, 33).
    let got = both(&shift, &QUARTER);
    lies(&got.patients[0], "2.25.7", &frame, [1., 2., 3.], [8., 121., 33.]);
    says(&got, Level::Info, "is given as 2 matrices, applied in their order");
    lies(&both(&QUARTER, &shift).patients[0], "2.25.7", &frame, [1., 2., 3.], [108., 21., 33.]);
    let got = both(&IDENTITY, &QUARTER);
    lies(&got.patients[0], "2.25.7", &frame, [1., 2., 3.], [8., 21., 33.]);
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
}

#[test]
fn images_stand_for_their_frame() {
    let frame = ct().frame_of_reference_uid;
    let by = |images: &[String]| with(vec![item(None, images, vec![matrix(Some("RIGID"), &QUARTER)])]);
    let got = by(&mr().slice_uids[..2]);
    lies(&got.patients[0], "2.25.7", &frame, [1., 2., 3.], [8., 21., 33.]);
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
    let got = by(&["2.25.5".to_owned()]);
    assert!(got.patients[0].registrations.is_empty());
    says(&got, Level::Error, "none of them is among what was imported");
    let got = by(&[mr().slice_uids[0].clone(), ct().slice_uids[0].clone()]);
    says(&got, Level::Error, "names images of several frames of reference: left out");
    says(&by(&[]), Level::Error, "names neither a frame of reference nor images");
    // Moving the frame within itself is no registration of frames, standing still is nothing to speak of.
    says(&by(&ct().slice_uids[..1]), Level::Error, "moves a frame of reference within itself");
    let still = with(vec![item(None, &ct().slice_uids[..1], vec![matrix(Some("RIGID"), &IDENTITY)])]);
    assert!(!still.notes.iter().any(|n| n.level == Level::Error), "{:#?}", still.notes);
}

/// Each is named, the next one is taken all the same.
#[test]
fn what_is_not_rigid_is_refused_and_the_rest_goes_on() {
    let changed = |at: usize, value: f64| {
        let mut m = QUARTER;
        m[at] = value;
        m
    };
    let turned = Matrix4::from_row_slice(&QUARTER);
    let columns: [f64; 16] = turned.as_slice().try_into().unwrap();
    let cases = [
        (
            Some("RIGID_SCALE"),
            QUARTER.to_vec(),
            "is of type RIGID_SCALE, and only rigid ones are used: left out; export a rigid",
        ),
        (Some("AFFINE"), QUARTER.to_vec(), "is of type AFFINE"),
        (Some("RIGID"), changed(10, 1.01).to_vec(), "has a matrix that scales or shears"),
        (Some("RIGID"), changed(0, 0.1).to_vec(), "has a matrix that scales or shears"),
        (Some("RIGID"), changed(10, -1.0).to_vec(), "has a matrix that mirrors"),
        (Some("RIGID"), columns.to_vec(), "has a matrix that does not end with the row 0 0 0 1"),
        (Some("RIGID"), QUARTER[..15].to_vec(), "has a matrix that is not 16 numbers"),
        (Some("RIGID"), changed(3, f64::NAN).to_vec(), "has a matrix that is not 16 numbers"),
    ];
    let frame = ct().frame_of_reference_uid;
    for (kind, numbers, why) in cases {
        let got = with(vec![item(Some("2.25.8"), &[], vec![matrix(kind, &numbers)]), rigid_item("2.25.7", &QUARTER)]);
        says(&got, Level::Error, why);
        let note = got.notes.iter().find(|n| n.level == Level::Error).unwrap();
        assert!(note.object.ends_with("reg.dcm: registration 1"), "{note:?}");
        let p = &got.patients[0];
        assert_eq!((p.images.len(), p.registrations.len()), (2, 1));
        lies(p, "2.25.7", &frame, [1., 2., 3.], [8., 21., 33.]);
    }
    let untyped = with(vec![item(Some("2.25.7"), &[], vec![matrix(None, &QUARTER)])]);
    says(&untyped, Level::Warning, "does not say of which type it is");
    assert_eq!(untyped.patients[0].registrations.len(), 1);
    // Four decimals, as some programs write them.
    let c = 0.8660;
    let got = with(vec![rigid_item("2.25.7", &[c, -0.5, 0., 10., 0.5, c, 0., 20., 0., 0., 1., 30., 0., 0., 0., 1.])]);
    assert_eq!(got.patients[0].registrations.len(), 1, "{:#?}", got.notes);
}

#[test]
fn what_cannot_be_used_at_all_is_said() {
    let broken = |f: &dyn Fn(&mut DefaultDicomObject)| {
        let dir = study();
        change(dir.path(), f);
        let got = take(dir.path());
        assert_eq!((got.patients[0].images.len(), got.patients[0].registrations.len()), (2, 0));
        got
    };
    let got = broken(&|d| {
        d.put(text(tags::SOP_CLASS_UID, VR::UI, uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE));
    });
    says(
        &got,
        Level::Error,
        "is a deformable registration; export a rigid one of the same images, if there is one: left out",
    );
    let got = broken(&|d| {
        d.remove_element(tags::FRAME_OF_REFERENCE_UID);
    });
    says(&got, Level::Error, "does not name the frame of reference that it registers to");
    let got = broken(&|d| {
        d.remove_element(tags::REGISTRATION_SEQUENCE);
    });
    says(&got, Level::Error, "holds no registration: left out");
    let got = broken(&|d| {
        let many = (0..1001).map(|_| rigid_item("2.25.7", &QUARTER)).collect();
        d.put(sequence(tags::REGISTRATION_SEQUENCE, many));
    });
    says(&got, Level::Error, "holds 1001 registrations, more than 1000: left out");
    let twice = |d: &mut DefaultDicomObject| {
        let one = || object(vec![sequence(tags::MATRIX_SEQUENCE, vec![matrix(Some("RIGID"), &QUARTER)])]);
        let frame = text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "2.25.7");
        let matrices = sequence(tags::MATRIX_REGISTRATION_SEQUENCE, vec![one(), one()]);
        d.put(sequence(tags::REGISTRATION_SEQUENCE, vec![object(vec![frame, matrices])]));
    };
    says(&broken(&twice), Level::Error, "is given 2 times over, where one is allowed");
}

#[test]
fn without_a_class_its_modality_counts_and_twice_is_once() {
    let dir = study();
    std::fs::copy(dir.path().join("reg.dcm"), dir.path().join("again.dcm")).unwrap();
    let got = take(dir.path());
    assert_eq!(got.patients[0].registrations.len(), 1);
    says(&got, Level::Info, "stands twice; it was taken once");
    std::fs::remove_file(dir.path().join("again.dcm")).unwrap();
    change(dir.path(), |d| {
        d.remove_element(tags::SOP_CLASS_UID);
        d.meta_mut().media_storage_sop_class_uid = String::new();
    });
    assert_eq!(take(dir.path()).patients[0].registrations.len(), 1);
}

/// Frames that nobody has an image of: kept, and nothing is said of them.
#[test]
fn a_registration_alone_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    write::spatial_registration(&dir.path().join("reg.dcm"), &[registration()], &[], &common::identity()).unwrap();
    let got = take(dir.path());
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
    assert_eq!((got.patients.len(), got.patients[0].registrations.len()), (1, 1));
}

#[test]
fn two_that_disagree_are_named_and_the_newest_counts() {
    let dir = study();
    let other = |x: f64, date: &str| Registration {
        uid: "2.25.10".into(),
        label: "OTHER".into(),
        date: date.into(),
        motion: Translation3::new(x, 0.0, 0.0) * of(QUARTER),
        ..registration()
    };
    let path = dir.path().join("other.dcm");
    let frame = ct().frame_of_reference_uid;
    write::spatial_registration(&path, &[other(2.5, "20260104")], &[], &common::identity()).unwrap();
    let got = take(dir.path());
    says(
        &got,
        Level::Warning,
        "2 registrations join the same two frames of reference and are up to 2.5 mm apart: the newest is used, OTHER 20260104",
    );
    lies(&got.patients[0], "2.25.7", &frame, [1., 2., 3.], [10.5, 21., 33.]);
    write::spatial_registration(&path, &[other(2.5, "20260102")], &[], &common::identity()).unwrap();
    lies(&take(dir.path()).patients[0], "2.25.7", &frame, [1., 2., 3.], [8., 21., 33.]);
    write::spatial_registration(&path, &[other(0.05, "20260104")], &[], &common::identity()).unwrap();
    assert!(take(dir.path()).notes.is_empty());
}

/// The retired way: the related frame's coordinates into those of the frame that the relation stands in.
#[test]
fn a_structure_set_relates_frames() {
    let dir = study();
    let (set, frame) = (dir.path().join("rs.dcm"), ct().frame_of_reference_uid);
    write::structure_set(&set, &common::structures(), &ct(), &common::identity()).unwrap();
    let relate = |numbers: &[f64]| {
        let mut d = open_file(&set).unwrap();
        let mut related = matrix(None, numbers);
        related.put(text(Tag(0x3006, 0x00C2), VR::UI, "2.25.8"));
        related.put(text(Tag(0x3006, 0x00C4), VR::CS, "HOMOGENEOUS"));
        let mut frames = d
            .take_element(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)
            .unwrap()
            .into_value()
            .into_items()
            .unwrap()
            .into_vec();
        frames[0].put(sequence(Tag(0x3006, 0x00C0), vec![related]));
        d.put(sequence(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, frames));
        d.write_to_file(&set).unwrap();
        take(dir.path())
    };
    let got = relate(&QUARTER);
    assert!(got.notes.is_empty(), "{:#?}", got.notes);
    let p = &got.patients[0];
    assert_eq!((p.structure_sets.len(), p.registrations.len()), (1, 2));
    lies(p, "2.25.8", &frame, [1., 2., 3.], [8., 21., 33.]);
    let transposed: [f64; 16] = Matrix4::from_row_slice(&QUARTER).as_slice().try_into().unwrap();
    let got = relate(&transposed);
    says(&got, Level::Error, "has a matrix that does not end with the row 0 0 0 1");
    assert_eq!((got.patients[0].structure_sets.len(), got.patients[0].registrations.len()), (1, 1));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reg.dcm");
    let r = registration;
    let dateless = Registration { date: String::new(), ..r() };
    let cases: [(Vec<Registration>, &str); 5] = [
        (vec![], "there is none"),
        (vec![r(), Registration { uid: "2.25.1".into(), ..r() }], "one UID"),
        (vec![Registration { from_frame_uid: String::new(), ..r() }], "which frames"),
        (vec![Registration { from_frame_uid: r().to_frame_uid, ..r() }], "to itself"),
        (vec![dateless.clone()], "no date"),
    ];
    let mut identity = common::identity();
    for (all, why) in cases {
        identity.study_date = if why == "no date" { String::new() } else { "20260101".into() };
        let said = write::spatial_registration(&path, &all, &[], &identity).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    write::spatial_registration(&path, &[dateless], &[], &common::identity()).unwrap();
    assert_eq!(take(dir.path()).patients[0].registrations[0].date, "20260101", "the study's");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any rotation and any shift come back through the file's decimal strings.
    #[test]
    fn any_rigid_motion_comes_back(
        turn in proptest::array::uniform3(-3.2..3.2f64),
        shift in proptest::array::uniform3(-2000.0..2000.0f64),
    ) {
        let motion = Isometry3::from_parts(
            Translation3::from(Vector3::from(shift)),
            UnitQuaternion::from_euler_angles(turn[0], turn[1], turn[2]),
        );
        let dir = tempfile::tempdir().unwrap();
        let wrote = Registration { motion, ..registration() };
        write::spatial_registration(&dir.path().join("reg.dcm"), &[wrote], &[], &common::identity()).unwrap();
        let got = take(dir.path());
        prop_assert!(got.notes.is_empty(), "{:?}", got.notes);
        let read = got.patients[0].registrations[0].motion;
        // 16 characters a number: 13 decimals of the axes, 10 of the shift.
        prop_assert!((read.to_homogeneous() - motion.to_homogeneous()).amax() < 1e-9);
    }
}

/// A second frame under another patient's UID is nobody's.
#[test]
fn each_patient_has_their_own() {
    let dir = study();
    let other = vestibule_dicom::Identity {
        patient_id: "SYN-2".into(),
        patient_name: "SYNTHETIC^Other".into(),
        study_uid: derived_uid(&["other study"]),
        ..common::identity()
    };
    let theirs = Registration { uid: "2.25.11".into(), ..registration() };
    write::spatial_registration(&dir.path().join("other.dcm"), &[theirs], &[], &other).unwrap();
    let got = take(dir.path());
    let uids: Vec<_> =
        got.patients.iter().map(|p| p.registrations.iter().map(|r| r.uid.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(uids, [vec!["2.25.9"], vec!["2.25.11"]]);
}
