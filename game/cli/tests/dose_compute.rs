//! `vestibule dose compute` on a made-up box of water with a couch: LETd, variable RBE, materials; JSON, file, exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::{Identity, write};
use vestibule_dose::{
    DoseOptions, HuTable, LetProtons, MachineModel, PreparedPlan, compute_fraction, dose_averaged_let,
};
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume, contour};
use vestibule_patient::*;

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule")).arg("--store").arg(store).arg("--demo").args(args).output().unwrap()
}

fn json(store: &Path, args: &[&str]) -> Value {
    let out = vestibule(store, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Water from y = 0 on, a couch of HU 0 in front of it from −16 to −8 mm, one layer of 90 MeV from gantry 0.
fn study(dir: &Path) {
    let uid = |s: &str| write::derived_uid(&[s]);
    let identity = Identity { patient_id: "SYN".into(), study_uid: uid("study"), ..Default::default() };
    let image = Image {
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame"),
        position: Some(PatientPosition::Hfs),
        ..Image::of(
            uid("ct"),
            Modality::Ct,
            Volume::filled(Grid::axial([40, 60, 40], [2.0; 3], Point3::new(-39.0, -19.0, -39.0)), 0f32),
        )
    };
    let slab = |number, name: &str, roi_type, y: [f64; 2], half: f64| Structure {
        number,
        name: name.into(),
        roi_type,
        contours: (0..40)
            .map(|k| Contour {
                points: [(-half, y[0]), (half, y[0]), (half, y[1]), (-half, y[1])]
                    .map(|(x, y)| Point3::new(x, y, -39.0 + 2.0 * f64::from(k)))
                    .to_vec(),
            })
            .collect(),
        ..Default::default()
    };
    let set = StructureSet {
        uid: uid("set"),
        frame_of_reference_uid: uid("frame"),
        structures: vec![
            slab(1, "BODY", RoiType::External, [0.0, 98.0], 38.0),
            slab(2, "Couch", RoiType::Support, [-16.0, -8.0], 38.0),
            slab(3, "CTV", RoiType::Ctv, [40.0, 60.0], 12.0),
            slab(4, "Plate", RoiType::Organ, [10.0, 14.0], 38.0),
        ],
        ..Default::default()
    };
    let spots = [-6.0, 0.0, 6.0].map(|x_mm| Spot { x_mm, y_mm: 0.0, weight: 1.0 }).to_vec();
    let layer = Layer { energy_mev: 90.0, paintings: 1, spots, ..Default::default() };
    let plan = Plan {
        uid: uid("plan"),
        label: "SYN".into(),
        frame_of_reference_uid: uid("frame"),
        structure_set_uid: Some(uid("set")),
        position: Some(PatientPosition::Hfs),
        fractions: 10,
        beams: vec![Beam {
            number: 1,
            name: "A".into(),
            isocentre_mm: Point3::new(0.0, 50.0, 0.0),
            meterset_mu: 60.0,
            final_cumulative_weight: 3.0,
            layers: vec![layer],
            ..Default::default()
        }],
        ..Default::default()
    };
    write::image_series(&dir.join("ct"), &image, &identity).unwrap();
    write::structure_set(&dir.join("rs.dcm"), &set, &image, &identity).unwrap();
    write::ion_plan(&dir.join("rn.dcm"), &plan, &identity).unwrap();
}

#[test]
fn let_rbe_and_materials_reach_the_numbers_and_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (store, dicom, out) = (dir.path().join("store"), dir.path().join("dicom"), dir.path().join("rd.dcm"));
    std::fs::create_dir(&dicom).unwrap();
    study(&dicom);
    json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    let out = out.to_string_lossy().into_owned();
    let call = |more: &[&str]| {
        let all = [&["dose", "compute", "--patient", "SYN", "--out", &out, "--json"], more].concat();
        json(&store, &all)
    };
    let notes = |v: &Value| v["notes"].to_string();
    let number = |v: &Value| v.as_f64().unwrap();

    // The structure set's own support stops the beam: 8 mm of water less reach the CTV.
    let (with, without) = (call(&[]), call(&["--no-supports"]));
    assert!(notes(&with).contains("'Couch' stops the beam") && notes(&without).contains("nothing stops the beam"));
    assert!(with["uid"] != without["uid"] && with.get("let").is_none() && number(&with["rbe"]) == 1.0);

    let variable = call(&["--let", "--rbe-model", "mcnamara", "--alpha-beta", "2,CTV=10"]);
    let figures = |v: &Value, name: &str| {
        let all = v["let"]["structures"].as_array().unwrap();
        let row = all.iter().find(|s| s["name"] == name).unwrap();
        [number(&row["mean_kev_per_um"]), number(&row["max_kev_per_um"])]
    };
    let ([body, most], [plate, _]) = (figures(&variable, "BODY"), figures(&variable, "Plate"));
    assert!(plate > 0.8 && plate < 1.5 && body > plate && most > 6.0 && most < 20.0, "{variable}");
    assert_eq!(variable["dose_type"], "EFFECTIVE");
    assert!(variable["rbe_model"].as_str().unwrap().contains("variable RBE (McNamara 2015), research display"));
    assert!(variable["rbe"].is_null() && number(&variable["max_gy"]) > number(&with["max_gy"]));
    assert!(notes(&variable).contains("not for clinical decisions"));
    let bytes = std::fs::read(&out).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("EFFECTIVE") && holds("variable RBE (McNamara 2015), research display"));
    // Secondary protons raise LETd in front.
    assert!(figures(&call(&["--let", "all"]), "Plate")[0] > plate);

    let materials = call(&["--override", "Plate=3.2", "--override-hu", "3000..=3.2", "--support", "Couch=0.5"]);
    let said = notes(&materials);
    assert!(said.contains("'Plate' has stopping power 3.2 in") && said.contains("'Couch' stops the beam"), "{said}");
    assert!(said.contains("stopping power 0.5") && said.contains("HU from 3000 on: 0 voxels"), "{said}");
}

/// The file holds the engine's own numbers on the dose grid, rising along the beam to the end of its range, and 0 beyond.
#[test]
fn let_as_a_file_is_the_engines_and_rises_to_the_end_of_range() {
    let dir = tempfile::tempdir().unwrap();
    let (store, dicom, out) = (dir.path().join("store"), dir.path().join("dicom"), dir.path().join("rd.dcm"));
    std::fs::create_dir(&dicom).unwrap();
    study(&dicom);
    json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    let map = dir.path().join("let.mha");
    let (out, map_text) = (out.to_string_lossy().into_owned(), map.to_string_lossy().into_owned());
    let call =
        ["dose", "compute", "--patient", "SYN", "--out", &out, "--no-supports", "--let-out", &map_text, "--json"];
    let said = json(&store, &call);
    assert_eq!(said["let"]["file"], map_text.as_str());
    assert_eq!(said["let"]["file_floor_percent_of_max"], 0.1);

    let bytes = std::fs::read(&map).unwrap();
    let end = bytes.windows(24).position(|w| w == b"ElementDataFile = LOCAL\n").unwrap() + 24;
    let header = String::from_utf8(bytes[..end].to_vec()).unwrap();
    assert!(
        header.contains(
            "dose-averaged LET in keV/um (water), primary protons; 0 = none (dose below 0.1 % of its maximum)"
        ),
        "{header}"
    );
    let got: Vec<f32> = bytes[end..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();

    // As it comes from the files: their weights and positions are f32.
    let read = vestibule_dicom::import(&[dicom], &|_, _| {}).unwrap();
    let patient = &read.patients[0];
    let (ct, plan) = (&patient.images[0], &patient.plans[0]);
    let external = patient.structures_of(plan).and_then(StructureSet::external).unwrap();
    let body = contour::mask(&external.contours, &ct.volume.grid);
    let hu = HuTable::for_image(ct);
    let options = DoseOptions { grid_mm: 2.5 };
    let prepared = PreparedPlan::new(ct, Some(&body), plan, &MachineModel::generic(), &hu, &options).unwrap();
    let dose = compute_fraction(&prepared, &|_, _| {});
    let want = dose_averaged_let(&prepared, &dose, LetProtons::Primary, &|_, _| {});
    let size = want.grid.size;
    assert!(
        header.contains(&format!("DimSize = {} {} {}\n", size[0], size[1], size[2])) && got.len() == want.data.len()
    );
    assert!(got.iter().zip(&want.data).all(|(a, b)| (a - b).abs() <= 1e-5 * b), "the file is not the engine's");
    let max = dose.data.iter().copied().fold(0.0, f64::max);
    assert!(got.iter().zip(&dose.data).all(|(l, d)| (*l > 0.0) == (*d > 1e-3 * max)));

    // Along the beam, by the mean of the columns within 5 mm of its axis: where any of them has none, there is none.
    let at = |j: usize| {
        let near: Vec<f64> = (0..size[2])
            .flat_map(|k| (0..size[0]).map(move |i| (i, k)))
            .filter(|(i, k)| {
                let p = want.grid.centre(*i, j, *k);
                p.x.abs() < 5.0 && p.z.abs() < 5.0
            })
            .map(|(i, k)| f64::from(got[want.grid.offset(i, j, k)]))
            .collect();
        if near.contains(&0.0) { 0.0 } else { near.iter().sum::<f64>() / near.len() as f64 }
    };
    let column: Vec<f64> = (0..size[1]).map(at).skip_while(|l| *l == 0.0).take_while(|l| *l > 0.0).collect();
    // 90 MeV go 64 mm: some 25 voxels of 2.5 mm.
    assert!((23..=30).contains(&column.len()), "{column:?}");
    assert!(column.windows(2).all(|w| w[1] > w[0]), "{column:?}");
    // At the surface the stopping power of PSTAR at 90 MeV, 0.79 keV/um.
    assert!((column[0] - 0.79).abs() < 0.03 && column.last().is_some_and(|l| *l > 8.0), "{column:?}");

    let again = vestibule(&store, &call);
    assert!(again.status.code() == Some(2) && String::from_utf8_lossy(&again.stderr).contains("is there already"));
}

#[test]
fn what_cannot_be_is_a_wrong_call() {
    let dir = tempfile::tempdir().unwrap();
    let (store, dicom) = (dir.path().join("store"), dir.path().join("dicom"));
    std::fs::create_dir(&dicom).unwrap();
    study(&dicom);
    json(&store, &["patient", "import", &dicom.to_string_lossy(), "--json"]);
    let out = dir.path().join("rd.dcm").to_string_lossy().into_owned();
    for (more, says) in [
        (&["--override", "Nobody=1"][..], "there is no structure 'Nobody'"),
        (&["--override", "Plate=11"], "0 to 10"),
        (&["--override-hu", "3=1"], "3000..=3.2"),
        (&["--rbe-model", "mcnamara"], "--alpha-beta"),
        (&["--rbe-model", "mcnamara", "--alpha-beta", "CTV=10"], "one value for all tissue"),
        (&["--rbe-model", "mcnamara", "--alpha-beta", "2", "--rbe", "1.1"], "cannot be used with"),
        (&["--let", "some"], "primary"),
    ] {
        let all = [&["dose", "compute", "--patient", "SYN", "--out", &out], more].concat();
        let got = vestibule(&store, &all);
        let text = String::from_utf8_lossy(&got.stderr).into_owned();
        assert!(got.status.code() == Some(2) && text.contains(says), "{more:?}: {:?} {text}", got.status.code());
    }
    assert!(!Path::new(&out).exists());
}
