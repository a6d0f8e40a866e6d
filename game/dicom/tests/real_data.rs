//! Real exports from several makers, with the numbers that are known of them.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use nalgebra::Point3;
use std::path::{Path, PathBuf};
use std::process::Command;
use vestibule_dicom::{Import, Level, import};
use vestibule_geometry::{PatientPosition, contour};
use vestibule_patient::*;

fn take(paths: &[PathBuf]) -> Import {
    import(paths, &|_, _| {}).unwrap()
}

fn one(dir: &Path) -> (Patient, Import) {
    let got = take(&[dir.to_owned()]);
    assert_eq!(got.patients.len(), 1, "{:#?}", got.notes);
    (got.patients[0].clone(), got)
}

fn errors(i: &Import) -> Vec<String> {
    i.notes.iter().filter(|n| n.level == Level::Error).map(|n| format!("{}: {}", n.object, n.text)).collect()
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

#[test]
fn proton_head() {
    let Some(data) = common::real_data("proton_head") else { return };
    let dir = tempfile::tempdir().unwrap();
    let archive = data.join("proton-head/head-phantom.tar.gz");
    let done = Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(dir.path()).status().unwrap();
    assert!(done.success());
    let (p, i) = one(dir.path());
    assert_eq!(errors(&i), Vec::<String>::new());
    assert_eq!((p.images.len(), p.structure_sets.len(), p.plans.len()), (1, 1, 1));
    let ct = &p.images[0];
    assert_eq!(ct.volume.grid.size, [512, 512, 177]);
    for (a, b) in ct.volume.grid.spacing_mm.iter().zip([0.5859375, 0.5859375, 1.5]) {
        near(*a, b, 1e-6);
    }
    near((ct.volume.grid.origin_mm - Point3::new(-149.70703125, -316.20703125, -139.0)).norm(), 0.0, 1e-9);
    assert_eq!(ct.position, Some(PatientPosition::Hfs));
    assert_eq!(ct.slice_uids.len(), 177);

    let plan = &p.plans[0];
    assert_eq!(plan.fractions, 5);
    near(plan.prescription_gy.unwrap(), 8.6387, 1e-3);
    assert_eq!(plan.beams.iter().map(|b| b.spot_positions).collect::<Vec<_>>(), [1318, 1248, 1248]);
    // Each layer stands twice in the file; half of those spots carry no weight and are never delivered.
    assert_eq!(plan.beams.iter().map(Beam::spot_count).collect::<Vec<_>>(), [659, 624, 624]);
    assert_eq!(plan.beams.iter().map(|b| b.layers.len()).collect::<Vec<_>>(), [24, 19, 19]);
    assert_eq!(plan.beams.iter().map(|b| b.control_points).collect::<Vec<_>>(), [48, 38, 38]);
    for (b, mu) in plan.beams.iter().zip([5199.03, 5532.59, 4726.13]) {
        near(b.meterset_mu, mu, 0.01);
        let sum: f64 = b.layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
        near(sum * b.mu_per_weight() / mu, 1.0, 1e-4);
        assert!(b.layers.windows(2).all(|w| w[0].energy_mev > w[1].energy_mev), "not deepest first");
    }
    near(plan.beams[0].final_cumulative_weight, 2888.35, 0.01);
    near(plan.beams[0].mu_per_weight(), 1.800, 0.001);
    near(plan.beams.iter().filter_map(|b| b.beam_dose_gy).sum::<f64>() * 5.0, 8.6387, 1e-3);
    near(plan.beams[0].layers[0].energy_mev, 186.2, 0.05);
    let lowest = plan.beams.iter().flat_map(|b| &b.layers).map(|l| l.energy_mev).fold(f64::MAX, f64::min);
    near(lowest, 94.7, 0.05);
    let shifters: Vec<_> = plan.beams.iter().flat_map(|b| &b.range_shifters).collect();
    assert!(!shifters.is_empty());
    assert!(shifters.iter().all(|s| s.id == "RS_5CM" && s.water_equivalent_mm == Some(57.0)), "{shifters:?}");
    assert!(p.planning_image(plan).is_some());

    let set = p.structures_of(plan).unwrap();
    assert_eq!(set.structures.len(), 11);
    let planes = |name: &str| {
        let s = set.structures.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no {name}"));
        (s.contours.len(), contour::plane_count(&s.contours))
    };
    assert_eq!(planes("BODY").1, 177);
    assert_eq!(planes("BrainStem"), (44, 41));
    assert_eq!(planes("CTV"), (42, 37));
    assert_eq!(set.external().unwrap().name, "BODY");
    // The mask on the image's own grid holds what the contours hold.
    for name in ["BrainStem", "CTV"] {
        let s = set.find(name).unwrap();
        let m = contour::mask(&s.contours, &ct.volume.grid);
        let inside = m.data.iter().map(|v| f64::from(*v)).sum::<f64>() * m.grid.voxel_cm3();
        near(inside / contour::volume_cm3(&s.contours, None), 1.0, 0.02);
    }
}

#[test]
fn photon_breast() {
    let Some(data) = common::real_data("photon_breast") else { return };
    let (p, i) = one(&data.join("photon-breast"));
    assert_eq!(errors(&i), Vec::<String>::new());
    let d = &p.doses[0];
    assert_eq!(d.volume.grid.size, [194, 129, 98]);
    for (a, b) in d.volume.grid.spacing_mm.iter().zip([2.5, 2.5, 3.0]) {
        near(*a, b, 1e-9);
    }
    assert_eq!((d.dose_type, d.unit, d.summation), (DoseType::Physical, DoseUnit::Gy, DoseSummation::Plan));
    let (at, max) = d.volume.data.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    near(f64::from(*max), 14.680764, 1e-6);
    assert_eq!(at, d.volume.grid.offset(137, 51, 32));
    let calc = d.volume.sample(Point3::new(91.91823, -319.57117, -5.75550)).unwrap();
    near(calc, 11.3113869, 1e-5);
    let plan = &p.plans[0];
    assert_eq!((plan.fractions, plan.beams.len()), (7, 4));
    let angles: Vec<f64> = plan.beams.iter().map(|b| b.angles.gantry_deg).collect();
    assert_eq!(angles, [327.0, 0.0, 56.0, 150.0]);
    assert!(plan.beams.iter().all(|b| b.radiation == RadiationType::Photon && b.layers.is_empty()));
    assert_eq!(d.plan_uid.as_ref(), Some(&plan.uid));
    let set = &p.structure_sets[0];
    assert_eq!(set.structures.len(), 10);
    for (name, n) in [("BODY", 141), ("Heart", 33), ("Lt Lung", 165)] {
        assert_eq!(set.find(name).unwrap().contours.len(), n, "{name}");
    }
    assert_eq!(p.images[0].volume.grid.size, [512, 512, 1]);
    assert!(i.notes.iter().any(|n| n.level == Level::Warning && n.text.contains("single slice")));
}

#[test]
fn ct_mr_pet_feet_first() {
    let Some(data) = common::real_data("ct_mr_pet_feet_first") else { return };
    let (p, i) = one(&data.join("ct-mr-pet-sarcoma"));
    assert_eq!(errors(&i), Vec::<String>::new());
    let shape: Vec<_> = p.images.iter().map(|i| (i.modality.as_str(), i.volume.grid.size[2])).collect();
    assert_eq!(shape, [("CT", 47), ("MR", 25), ("PT", 47)]);
    assert_eq!(p.structure_sets.len(), 3);
    assert!(p.images.iter().all(|i| i.position == Some(PatientPosition::Ffs)));
    let frame = &p.images[0].frame_of_reference_uid;
    assert!(p.images.iter().all(|i| i.frame_of_reference_uid == *frame));
    assert!(p.structure_sets.iter().all(|s| s.frame_of_reference_uid == *frame));
    for i in &p.images {
        near(i.volume.grid.spacing_mm[2], 3.27, 1e-3);
        // Feet first with head-first vectors: k runs to the head all the same.
        near(i.volume.grid.axes[(2, 2)], 1.0, 1e-9);
    }
    let ct = &p.images[0].volume;
    near((ct.grid.origin_mm - Point3::new(-125.00006399999, 39.062352, 364.849999999998)).norm(), 0.0, 1e-6);
    // PET: every slice has a slope of its own. The tumour takes up sugar: SUV of a person, not of one slope.
    let pet = &p.images[2];
    assert_eq!(pet.unit, "SUV (g/ml)");
    let max = pet.volume.data.iter().copied().fold(f32::MIN, f32::max);
    assert!(max > 1.0 && max < 60.0, "SUV maximum {max}");
    for s in p.structure_sets.iter().flat_map(|s| &s.structures) {
        assert!(contour::volume_cm3(&s.contours, Some(3.27)) > 1.0, "{}", s.name);
    }
}

/// Each opens or is refused with a sentence; none is taken for what it is not.
#[test]
fn oddities() {
    let Some(data) = common::real_data("oddities") else { return };
    let dir = data.join("dicom-oddities/pydicom_test_files");
    let mut taken = Vec::new();
    for file in common::files(&dir) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let got = take(&[file]);
        if got.patients.is_empty() {
            assert!(
                got.notes.iter().any(|n| n.text.len() > 15),
                "{name} was refused without a sentence: {:?}",
                got.notes
            );
            println!("{name}: refused: {}", got.notes.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join("; "));
        } else {
            let p = &got.patients[0];
            println!(
                "{name}: {} images, {} structure sets, {} plans, {} doses; {:?}",
                p.images.len(),
                p.structure_sets.len(),
                p.plans.len(),
                p.doses.len(),
                got.notes.iter().map(|n| n.text.as_str()).collect::<Vec<_>>()
            );
            taken.push((name, p.clone()));
        }
    }
    let names: Vec<&str> = taken.iter().map(|t| t.0.as_str()).collect();
    for must in [
        "CT_small.dcm",
        "MR_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
        "rtdose.dcm",
        "rtdose_1frame.dcm",
        "rtdose_expb.dcm",
        "rtdose_expb_1frame.dcm",
        "rtdose_rle.dcm",
        "rtdose_rle_1frame.dcm",
        "rtplan.dcm",
    ] {
        assert!(names.contains(&must), "{must} was refused");
    }
    for refused in ["MR_truncated.dcm", "rtplan_truncated.dcm", "zipMR.gz", "ExplVR_BigEnd.dcm"] {
        assert!(!names.contains(&refused), "{refused} was taken");
    }
    let get = |name: &str| &taken.iter().find(|t| t.0 == name).unwrap().1;
    // The same picture in seven encodings.
    let mr = &get("MR_small.dcm").images[0].volume.data;
    for (name, p) in taken.iter().filter(|t| t.0.starts_with("MR_small")) {
        assert_eq!(&p.images[0].volume.data, mr, "{name}");
    }
    let dose = &get("rtdose.dcm").doses[0];
    assert_eq!(dose.unit, DoseUnit::Relative);
    assert_eq!(dose.volume.grid.size, [10, 10, 15]);
    for (name, p) in taken.iter().filter(|t| t.0.starts_with("rtdose")) {
        let d = &p.doses[0].volume.data;
        assert_eq!(d[..], dose.volume.data[..d.len()], "{name}");
    }
}

#[test]
fn plans_in_water() {
    let Some(data) = common::real_data("plans_in_water") else { return };
    let got = take(&[data.join("proton-water")]);
    assert_eq!(got.patients.len(), 1);
    let plans = &got.patients[0].plans;
    assert_eq!(plans.len(), 4, "{:#?}", got.notes);
    let mut ratios: Vec<f64> = plans.iter().flat_map(|p| &p.beams).map(Beam::mu_per_weight).collect();
    ratios.sort_by(f64::total_cmp);
    assert!(ratios.iter().any(|r| (r - 2.187).abs() < 0.001), "{ratios:?}");
    assert!(ratios.iter().any(|r| (r - 8.530).abs() < 0.001), "{ratios:?}");
}
