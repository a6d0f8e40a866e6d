//! What real folders do to an importer: each trap is set on purpose, and the answer is one clear note.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::{DefaultDicomObject, InMemDicomObject, open_file};
use nalgebra::{Point3, Rotation3};
use std::path::{Path, PathBuf};
use vestibule_dicom::{Import, Level, import, write};
use vestibule_geometry::PatientPosition;
use vestibule_patient::*;

fn take(dir: &Path) -> Import {
    import(&[dir.to_owned()], &|_, _| {}).unwrap()
}

fn study() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    common::write_study(dir.path());
    dir
}

fn ct_only() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let ct = common::image(Modality::Ct, PatientPosition::Hfs);
    write::image_series(dir.path(), &ct, &common::identity()).unwrap();
    dir
}

fn change(file: &Path, f: impl FnOnce(&mut DefaultDicomObject)) {
    let mut d = open_file(file).unwrap();
    f(&mut d);
    d.write_to_file(file).unwrap();
}

fn put(d: &mut DefaultDicomObject, tag: Tag, value: &str) {
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
    let vr = StandardDataDictionary.by_tag(tag).unwrap().vr().relaxed();
    d.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

#[track_caller]
fn says(i: &Import, level: Level, text: &str) {
    let found = i.notes.iter().filter(|n| n.level == level && n.text.contains(text)).count();
    assert_eq!(found, 1, "'{level}: …{text}…' stands {found} times in {:#?}", i.notes);
}

fn slice(dir: &Path, k: usize) -> PathBuf {
    dir.join(format!("CT_{k:04}.dcm"))
}

#[test]
fn what_was_written_comes_back() {
    let dir = study();
    let got = take(dir.path());
    assert_eq!(got.patients.len(), 1, "{:#?}", got.notes);
    let p = &got.patients[0];
    assert!(got.notes.iter().all(|n| n.level == Level::Info), "{:#?}", got.notes);
    assert_eq!((p.id.as_str(), p.name.as_str(), p.synthetic), ("SYN-1", "SYNTHETIC^Tést", true));
    let (ct, mr) =
        (common::image(Modality::Ct, PatientPosition::Hfs), common::image(Modality::Mr, PatientPosition::Hfs));
    for (read, wrote) in p.images.iter().zip([ct, mr]) {
        assert_eq!(read.volume, wrote.volume);
        assert_eq!(read.slice_uids, wrote.slice_uids);
        assert_eq!(read.position, wrote.position);
        assert_eq!((&read.uid, &read.frame_of_reference_uid), (&wrote.uid, &wrote.frame_of_reference_uid));
    }
    let set = common::structures();
    assert_eq!(p.structure_sets[0].structures.len(), 3);
    for (read, wrote) in p.structure_sets[0].structures.iter().zip(&set.structures) {
        assert_eq!((&read.name, &read.roi_type, read.colour), (&wrote.name, &wrote.roi_type, wrote.colour));
        assert_eq!(read.contours, wrote.contours);
    }
    assert_eq!(p.plans[0], common::plan());
    assert_eq!(p.doses.len(), 2);
    for d in &p.doses {
        let wrote = common::dose(d.dose_type, d.summation);
        assert_eq!(d.volume.grid, wrote.volume.grid);
        assert_eq!((&d.engine, &d.plan_uid), (&wrote.engine, &wrote.plan_uid));
        for (a, b) in d.volume.data.iter().zip(&wrote.volume.data) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }
}

#[test]
fn a_difference_is_signed_and_oblique_feet_first_images_stay_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let d = common::dose(DoseType::Error, DoseSummation::Plan);
    write::dose(&dir.path().join("d.dcm"), &d, None, &common::identity()).unwrap();
    let mut ct = common::image(Modality::Ct, PatientPosition::Ffdl);
    ct.volume.grid.axes = *Rotation3::from_euler_angles(0.4, 2.0, -0.3).matrix();
    write::image_series(&dir.path().join("ct"), &ct, &common::identity()).unwrap();
    let got = take(dir.path());
    let (image, dose) = (&got.patients[0].images[0], &got.patients[0].doses[0]);
    assert!(dose.volume.data[0] < -0.99 && (dose.volume.data[0] + 1.0).abs() < 1e-6);
    assert_eq!(image.position, Some(PatientPosition::Ffdl));
    assert_eq!(image.volume.data, ct.volume.data);
    for c in [[0, 0, 0], [11, 9, 7]] {
        let [i, j, k] = c;
        assert!((image.volume.grid.centre(i, j, k) - ct.volume.grid.centre(i, j, k)).norm() < 1e-6);
    }
}

#[test]
fn a_missing_slice_leaves_the_volume_out_and_names_the_place() {
    let dir = study();
    std::fs::remove_file(slice(&dir.path().join("ct"), 4)).unwrap();
    let got = take(dir.path());
    says(&got, Level::Error, "107.50 mm");
    // The rest goes on.
    assert_eq!(got.patients[0].images.len(), 1);
    assert_eq!(got.patients[0].plans.len(), 1);
}

#[test]
fn unequal_spacing_is_interpolated_onto_the_finest() {
    let dir = ct_only();
    // 2.5 mm below, 5 mm above: half the steps differ, nothing is missing.
    for (k, z) in [(5, 112.5), (6, 117.5), (7, 122.5), (8, 127.5)] {
        change(&slice(dir.path(), k), |d| put(d, tags::IMAGE_POSITION_PATIENT, &format!("-8.25\\-9\\{z}")));
    }
    let got = take(dir.path());
    says(&got, Level::Warning, "interpolated");
    let v = &got.patients[0].images[0].volume;
    assert_eq!(v.grid.size[2], 12);
    assert_eq!(v.grid.spacing_mm[2], 2.5);
    // Half-way between the slices at 107.5 and 112.5; each slice's values are 120 more than the last one's.
    assert_eq!(v.at(0, 0, 4), -500.0 + 120.0 * 3.5);
}

#[test]
fn small_jitter_is_even_and_wrong_spacing_tags_are_ignored() {
    let dir = ct_only();
    for k in 1..=8usize {
        let z = 100.0 + 2.5 * (k - 1) as f64 + if k % 2 == 0 { 0.05 } else { -0.05 };
        change(&slice(dir.path(), k), |d| {
            put(d, tags::IMAGE_POSITION_PATIENT, &format!("-8.25\\-9\\{z}"));
            put(d, tags::SPACING_BETWEEN_SLICES, "7");
            put(d, tags::SLICE_THICKNESS, "1");
            put(d, tags::INSTANCE_NUMBER, "1");
            put(d, tags::ACQUISITION_NUMBER, &k.to_string());
        });
    }
    let got = take(dir.path());
    assert_eq!(got.notes, []);
    assert!((got.patients[0].images[0].volume.grid.spacing_mm[2] - 2.5).abs() < 0.02);
}

#[test]
fn a_tilted_gantry_is_refused() {
    let dir = ct_only();
    for k in 1..=8usize {
        let h = 2.5 * (k - 1) as f64;
        let position = format!("-8.25\\{}\\{}", -9.0 + h * 10f64.to_radians().tan(), 100.0 + h);
        change(&slice(dir.path(), k), |d| put(d, tags::IMAGE_POSITION_PATIENT, &position));
    }
    let got = take(dir.path());
    assert!(got.patients.is_empty());
    says(&got, Level::Error, "gantry tilt of about 10.0 degrees");
}

#[test]
fn phases_at_the_same_places_are_parted() {
    let dir = ct_only();
    let other = tempfile::tempdir_in(dir.path()).unwrap();
    for k in 1..=8 {
        let to = slice(other.path(), k);
        std::fs::copy(slice(dir.path(), k), &to).unwrap();
        change(&to, |d| {
            put(d, tags::SOP_INSTANCE_UID, &write::derived_uid(&["phase 2", &k.to_string()]));
            put(d, tags::ACQUISITION_NUMBER, "2");
        });
    }
    let got = take(dir.path());
    says(&got, Level::Info, "parted by AcquisitionNumber");
    let images = &got.patients[0].images;
    assert_eq!(images.iter().map(|i| i.volume.grid.size[2]).collect::<Vec<_>>(), [8, 8]);
    assert_ne!(images[0].uid, images[1].uid);
    // Nothing tells them apart: refused, not shuffled.
    for k in 1..=8 {
        change(&slice(other.path(), k), |d| put(d, tags::ACQUISITION_NUMBER, "1"));
    }
    let got = take(dir.path());
    assert!(got.patients.is_empty());
    says(&got, Level::Error, "same place");
}

#[test]
fn two_patients_no_id_and_an_id_that_looks_like_a_path() {
    let dir = study();
    let other = dir.path().join("other");
    let id = |patient_id: &str, study: &str| vestibule_dicom::Identity {
        patient_id: patient_id.into(),
        study_uid: write::derived_uid(&[study]),
        ..common::identity()
    };
    let mut mr = common::image(Modality::Mr, PatientPosition::Hfs);
    for (n, patient) in ["../../etc", "", "", "NUL\0inside"].iter().enumerate() {
        let study = format!("study {n}");
        mr.uid = write::derived_uid(&["mr", &study]);
        mr.study_uid = write::derived_uid(&[&study]);
        mr.slice_uids = Vec::new();
        write::image_series(&other.join(n.to_string()), &mr, &id(patient, &study)).unwrap();
    }
    let got = take(dir.path());
    let ids: Vec<&str> = got.patients.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["../../etc", "NULinside", "SYN-1", "anon-1", "anon-2"]);
    assert_eq!(got.notes.iter().filter(|n| n.text.contains("name no patient")).count(), 2);
}

#[test]
fn one_id_with_two_people_is_not_mixed() {
    let dir = study();
    change(&dir.path().join("rn.dcm"), |d| {
        put(d, tags::PATIENT_NAME, "SOMEBODY^ELSE");
        put(d, tags::PATIENT_BIRTH_DATE, "19991231");
    });
    let got = take(dir.path());
    says(&got, Level::Error, "another name and birth date");
    assert_eq!(got.patients.len(), 1);
    let p = &got.patients[0];
    assert_eq!((p.plans.len(), p.images.len(), p.name.as_str()), (0, 2, "SYNTHETIC^Tést"));
}

#[test]
fn references_that_lead_nowhere_and_frames_that_disagree() {
    let dir = study();
    change(&dir.path().join("rs.dcm"), |d| {
        for roi in d.take_element(tags::STRUCTURE_SET_ROI_SEQUENCE).unwrap().into_value().into_items().unwrap() {
            let mut roi: InMemDicomObject = roi;
            roi.put(DataElement::new(tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, PrimitiveValue::from("2.25.9")));
            d.put(DataElement::new(
                tags::STRUCTURE_SET_ROI_SEQUENCE,
                VR::SQ,
                dicom_core::value::DataSetSequence::from(vec![roi]),
            ));
        }
    });
    change(&dir.path().join("rd.dcm"), |d| {
        d.remove_element(tags::REFERENCED_RT_PLAN_SEQUENCE);
        put(d, tags::FRAME_OF_REFERENCE_UID, "2.25.8");
    });
    std::fs::remove_dir_all(dir.path().join("ct")).unwrap();
    let got = take(dir.path());
    says(&got, Level::Warning, "drawn on an image series that is not among");
    says(&got, Level::Warning, "names no plan");
    assert_eq!(got.notes.iter().filter(|n| n.text.contains("none of the images has")).count(), 2);
    let p = &got.patients[0];
    assert_eq!(p.doses.len(), 2);
    assert!(p.planning_image(&p.plans[0]).is_none());
}

/// What a structure is said to be made of is read and not used: that is said, by structure.
#[test]
fn physical_properties_of_a_structure_are_said_not_to_be_used() {
    let dir = study();
    change(&dir.path().join("rs.dcm"), |d| {
        let mut all = d.take_element(tags::RTROI_OBSERVATIONS_SEQUENCE).unwrap().into_value().into_items().unwrap();
        let property = |name: &str, value: &str| {
            InMemDicomObject::from_element_iter([
                DataElement::new(tags::ROI_PHYSICAL_PROPERTY, VR::CS, PrimitiveValue::from(name)),
                DataElement::new(tags::ROI_PHYSICAL_PROPERTY_VALUE, VR::DS, PrimitiveValue::from(value)),
            ])
        };
        let properties = vec![property("REL_STOP_RATIO", "1.02"), property("REL_ELEC_DENSITY", "1.05")];
        let properties = dicom_core::value::DataSetSequence::from(properties);
        all[1].put(DataElement::new(tags::ROI_PHYSICAL_PROPERTIES_SEQUENCE, VR::SQ, properties));
        let all = dicom_core::value::DataSetSequence::from(all.into_vec());
        d.put(DataElement::new(tags::RTROI_OBSERVATIONS_SEQUENCE, VR::SQ, all));
    });
    let got = take(dir.path());
    says(
        &got,
        Level::Warning,
        "physical properties (REL_STOP_RATIO 1.02, REL_ELEC_DENSITY 1.05) are not used: `dose compute --override`",
    );
    assert!(got.notes.iter().any(|n| n.text.contains("physical properties") && n.object.contains("CTV_5400")));
    assert!(!got.notes.iter().any(|n| n.level == Level::Error), "{:#?}", got.notes);
}

#[test]
fn dose_grids_relative_absolute_falling_uneven_and_16_bit() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("d.dcm");
    let d = common::dose(DoseType::Physical, DoseSummation::Plan);
    let fresh = || write::dose(&file, &d, None, &common::identity()).unwrap();
    let at = |p: Point3<f64>| take(dir.path()).patients[0].doses[0].volume.sample(p).unwrap();
    let probe = d.volume.grid.centre(3, 2, 4);
    let want = f64::from(d.volume.at(3, 2, 4));
    fresh();
    assert!((at(probe) - want).abs() < 1e-6);
    // Absolute: the first offset is the position's z.
    change(&file, |o| put(o, tags::GRID_FRAME_OFFSET_VECTOR, "101.3\\103.8\\106.3\\108.8\\111.3"));
    assert!((at(probe) - want).abs() < 1e-6);
    // Neither: where it lies is not guessed.
    change(&file, |o| put(o, tags::GRID_FRAME_OFFSET_VECTOR, "5\\7.5\\10\\12.5\\15"));
    says(&take(dir.path()), Level::Error, "begin neither at 0 nor at its position");
    // Falling: the last frame lies lowest.
    change(&file, |o| put(o, tags::GRID_FRAME_OFFSET_VECTOR, "0\\-2.5\\-5\\-7.5\\-10"));
    let below = Point3::new(probe.x, probe.y, 101.3 - 10.0);
    assert!((at(below) - want).abs() < 1e-6);
    // Uneven: interpolated where they lie.
    change(&file, |o| put(o, tags::GRID_FRAME_OFFSET_VECTOR, "0\\2.5\\5\\10\\15"));
    assert!((at(Point3::new(probe.x, probe.y, 101.3 + 15.0)) - want).abs() < 1e-5);
    says(&take(dir.path()), Level::Warning, "interpolated");
    // 16 bit above 32767 is unsigned, whatever it says.
    fresh();
    change(&file, |o| {
        let n = 7 * 6 * 5;
        for (tag, v) in [
            (tags::BITS_ALLOCATED, 16u16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 1),
        ] {
            o.put(DataElement::new(tag, VR::US, PrimitiveValue::from(v)));
        }
        put(o, tags::DOSE_GRID_SCALING, "0.001");
        o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![60000u16; n].into())));
    });
    assert!((at(probe) - 60.0).abs() < 1e-5);
    says(&take(dir.path()), Level::Warning, "read as unsigned");
    fresh();
    change(&file, |o| put(o, tags::DOSE_UNITS, "RELATIVE"));
    says(&take(dir.path()), Level::Warning, "relative dose");
    assert_eq!(take(dir.path()).patients[0].doses[0].unit, DoseUnit::Relative);
    fresh();
    change(&file, |o| {
        o.remove_element(tags::PIXEL_DATA);
    });
    says(&take(dir.path()), Level::Error, "no pixel data");
}

/// Energy on the first control point of a layer only, spot size once, a layer of one spot, a long spot map as UN.
#[test]
fn sparse_ion_plans() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rn.dcm");
    let mut plan = common::plan();
    plan.beams[0].layers[1].spots.truncate(1);
    let many = (0..9000).map(|i| Spot { x_mm: f64::from(i % 100), y_mm: f64::from(i / 100), weight: 0.5 }).collect();
    plan.beams[0].layers[2].spots = many;
    plan.beams[0].final_cumulative_weight = plan.beams[0].layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
    write::ion_plan(&file, &plan, &common::identity()).unwrap();
    change(&file, |d| {
        let beams = d.take_element(tags::ION_BEAM_SEQUENCE).unwrap().into_value().into_items().unwrap();
        let beams: Vec<InMemDicomObject> = beams
            .into_iter()
            .map(|mut beam| {
                let points = beam.take_element(tags::ION_CONTROL_POINT_SEQUENCE).unwrap();
                let points = points.into_value().into_items().unwrap();
                let points: Vec<InMemDicomObject> = points
                    .into_iter()
                    .enumerate()
                    .map(|(i, mut p)| {
                        if i % 2 == 1 {
                            p.remove_element(tags::NOMINAL_BEAM_ENERGY);
                        }
                        if i > 0 {
                            p.remove_element(tags::SCANNING_SPOT_SIZE);
                            p.remove_element(tags::NUMBER_OF_PAINTINGS);
                        }
                        let map = p.element(tags::SCAN_SPOT_POSITION_MAP).unwrap().to_multi_float32().unwrap();
                        let bytes: Vec<u8> = map.iter().flat_map(|f| f.to_le_bytes()).collect();
                        p.put(DataElement::new(tags::SCAN_SPOT_POSITION_MAP, VR::UN, PrimitiveValue::U8(bytes.into())));
                        p
                    })
                    .collect();
                let value = dicom_core::value::DataSetSequence::from(points);
                beam.put(DataElement::new(tags::ION_CONTROL_POINT_SEQUENCE, VR::SQ, value));
                beam
            })
            .collect();
        d.put(DataElement::new(tags::ION_BEAM_SEQUENCE, VR::SQ, dicom_core::value::DataSetSequence::from(beams)));
        // Explicit VR, so that what is unknown travels as UN.
        d.update_meta(|m| m.transfer_syntax = uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned());
    });
    let got = take(dir.path());
    let read = &got.patients[0].plans[0];
    for (a, b) in read.beams.iter().zip(&plan.beams) {
        assert_eq!(a.layers, b.layers);
    }
}

#[test]
fn bare_files_zips_and_what_is_not_dicom() {
    let dir = study();
    // Neither preamble nor meta group, implicit VR: as some planning systems write.
    for name in ["rn.dcm", "rs.dcm"] {
        let file = dir.path().join(name);
        let d = open_file(&file).unwrap();
        let mut bytes = Vec::new();
        d.write_dataset(&mut bytes).unwrap();
        std::fs::write(&file, bytes).unwrap();
    }
    std::fs::write(dir.path().join("README.txt"), "This is a text.").unwrap();
    std::fs::write(dir.path().join("empty"), "").unwrap();
    let got = take(dir.path());
    assert_eq!(got.notes.iter().filter(|n| n.text.contains("neither preamble nor meta group")).count(), 2);
    says(&got, Level::Info, "2 files are not DICOM");
    let p = &got.patients[0];
    assert_eq!((p.plans.len(), p.structure_sets.len()), (1, 1));
    assert_eq!(p.plans[0], common::plan());

    let archive = dir.path().with_extension("zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    for file in common::files(dir.path()) {
        let name = file.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
        zip.start_file(format!("../{name}"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(&file).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let zipped = take(&archive);
    std::fs::remove_file(&archive).unwrap();
    assert_eq!(zipped.patients[0].images.len(), 2);
    assert_eq!(zipped.patients[0].images[0].volume, p.images[0].volume);
    assert_eq!(zipped.patients[0].plans, p.plans);

    assert!(import(&[dir.path().join("nowhere")], &|_, _| {}).is_err());
    let empty = tempfile::tempdir().unwrap();
    let nothing = take(empty.path());
    assert!(nothing.patients.is_empty());
    says(&nothing, Level::Error, "no file to read");
}

/// Per-slice slopes (PET), a missing rescale, missing class, series and pixel data.
#[test]
fn slopes_and_missing_parts() {
    let dir = ct_only();
    change(&slice(dir.path(), 2), |d| put(d, tags::RESCALE_SLOPE, "2"));
    change(&slice(dir.path(), 3), |d| {
        d.remove_element(tags::RESCALE_SLOPE);
        d.remove_element(tags::RESCALE_INTERCEPT);
    });
    change(&slice(dir.path(), 4), |d| {
        d.remove_element(tags::SOP_CLASS_UID);
    });
    let got = take(dir.path());
    says(&got, Level::Warning, "has no rescale slope and intercept");
    let v = &got.patients[0].images[0].volume;
    assert_eq!((v.at(0, 0, 0), v.at(0, 0, 1), v.at(0, 0, 2)), (-500.0, -760.0, -260.0));
    change(&slice(dir.path(), 8), |d| {
        d.remove_element(tags::PIXEL_DATA);
    });
    let got = take(dir.path());
    says(&got, Level::Error, "has no pixel data");
    assert_eq!(got.patients[0].images[0].volume.grid.size[2], 7);
}

/// What a template left behind, what only marks points: named, kept, never given a volume.
#[test]
fn structures_without_contours_are_named() {
    let dir = study();
    change(&dir.path().join("rs.dcm"), |d| {
        let mut all = d.take_element(tags::ROI_CONTOUR_SEQUENCE).unwrap().into_value().into_items().unwrap().into_vec();
        all[0].remove_element(tags::CONTOUR_SEQUENCE);
        all.remove(2);
        d.put(DataElement::new(tags::ROI_CONTOUR_SEQUENCE, VR::SQ, dicom_core::value::DataSetSequence::from(all)));
    });
    let got = take(dir.path());
    says(
        &got,
        Level::Warning,
        "2 of its 3 structures have no contours that enclose anything (BODY, Tronc cérébral): they are kept by name alone",
    );
    let set = &got.patients[0].structure_sets[0];
    assert_eq!(set.structures.iter().map(|s| s.contours.len()).collect::<Vec<_>>(), [0, 8, 0]);
}

#[test]
fn a_single_slice_has_its_stated_thickness_or_an_assumed_one() {
    let dir = ct_only();
    for k in 2..=8 {
        std::fs::remove_file(slice(dir.path(), k)).unwrap();
    }
    let got = take(dir.path());
    says(&got, Level::Warning, "is a single slice: its stated thickness of 2.5 mm was taken");
    assert_eq!(got.patients[0].images[0].volume.grid.size, [12, 10, 1]);
    change(&slice(dir.path(), 1), |d| {
        d.remove_element(tags::SLICE_THICKNESS);
    });
    let got = take(dir.path());
    says(&got, Level::Warning, "is a single slice: it does not state its thickness, and 1 mm was taken");
    assert_eq!(got.patients[0].images[0].volume.grid.spacing_mm[2], 1.0);
}

/// The image reaches from -9 to 9 mm, -10 to 10 and 98.75 to 118.75; the dose of the study lies within a voxel of it.
#[test]
fn a_dose_larger_than_its_image_is_kept_and_said_to_be() {
    let dir = study();
    std::fs::remove_file(dir.path().join("rd_fraction.dcm")).unwrap();
    assert!(!take(dir.path()).notes.iter().any(|n| n.text.contains("beyond") || n.text.contains("beside")));
    let at = |position: &str| {
        change(&dir.path().join("rd.dcm"), |d| put(d, tags::IMAGE_POSITION_PATIENT, position));
        let got = take(dir.path());
        assert_eq!(got.patients[0].doses[0].volume.data.len(), 7 * 6 * 5);
        got
    };
    // 21 x 18 x 12.5 mm, from -19.5, -8.5 and 113.75.
    let got = at("-18\\-7\\115");
    says(&got, Level::Info, "reaches beyond the CT that it lies on (10.5 mm R, 7.5 mm S): it is kept whole");
    let got = at("-18\\-7\\300");
    says(&got, Level::Warning, "lies wholly beside the images of its frame of reference");
}
