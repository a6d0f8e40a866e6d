//! `vestibule patient beams` and `clearance`: figures worked out by hand, the JSON that scripts rely on, sentences.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use nalgebra::Point3;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use vestibule_geometry::{BeamAngles, Contour, PatientPosition};
use vestibule_patient::LimitingDeviceType::{AsymX, MlcX, Y};
use vestibule_patient::*;
use vestibule_record::{Key, Store};

fn vestibule(store: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("--store")
        .arg(store)
        .args(["--demo", "patient"])
        .args(args)
        .output()
        .unwrap()
}

fn told(store: &Path, args: &[&str]) -> String {
    let out = vestibule(store, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn json(store: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&told(store, &[args, &["--json"]].concat())).unwrap()
}

#[track_caller]
fn refused(store: &Path, args: &[&str], code: i32, says: &str) {
    let out = vestibule(store, args);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(code) && said.contains(says) && out.stdout.is_empty(), "{args:?}: {said}");
    // What kind of store it is, and one sentence.
    assert_eq!(said.lines().filter(|l| l.starts_with("vestibule: ")).count(), 2, "{said}");
}

#[track_caller]
fn near(found: &Value, want: f64, within: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - want).abs() <= within, "{found}, not {want}");
}

fn kept(dir: &Path, patients: &[Patient]) -> std::path::PathBuf {
    let folder = dir.join("store");
    let store = Store::create(&folder, &Key::Demo).unwrap();
    for p in patients {
        store.put_patient(p).unwrap();
    }
    folder
}

fn person(id: &str, plans: Vec<Plan>) -> Patient {
    Patient { id: id.into(), name: "SYNTHETIC".into(), synthetic: true, plans, ..Patient::default() }
}

fn plan(uid: &str, beams: Vec<Beam>) -> Plan {
    Plan {
        uid: uid.into(),
        label: "SYN".into(),
        structure_set_uid: Some("1.7".into()),
        position: Some(PatientPosition::Hfs),
        fractions: 1,
        beams,
        ..Plan::default()
    }
}

/// Jaws -40 to 50 mm in x, four pairs of leaves 10 mm wide of which the last is closed, and a block over half of what
/// the third leaves open; then the lower jaw moves up to -5 mm, then the collimator turns by 90°. 150 MU per weight.
fn photons() -> Beam {
    let device = |kind, boundaries_mm| BeamLimitingDevice { kind, source_distance_mm: None, boundaries_mm };
    let leaves = vec![-30., -30., -10., 5., 30., 60., 10., 5.];
    let point = |cumulative_weight, lower, beam_limiting_deg| ControlPoint {
        cumulative_weight,
        angles: BeamAngles { gantry_deg: 30.0, beam_limiting_deg, ..BeamAngles::default() },
        energy: Some(6.0),
        positions_mm: vec![vec![-40., 50.], vec![lower, 20.], leaves.clone()],
        ..ControlPoint::default()
    };
    Beam {
        number: 7,
        name: "P".into(),
        radiation: RadiationType::Photon,
        meterset_mu: 120.0,
        final_cumulative_weight: 0.8,
        control_points: 3,
        limiting_devices: vec![device(AsymX, vec![]), device(Y, vec![]), device(MlcX, vec![-20., -10., 0., 10., 20.])],
        sequence: vec![point(0.0, -30.0, 0.0), point(0.2, -5.0, 0.0), point(0.8, -5.0, 90.0)],
        blocks: vec![Block {
            number: 1,
            name: "half".into(),
            kind: BlockType::Shielding,
            material: String::new(),
            thickness_mm: None,
            outline_mm: vec![[0., 0.], [80., 0.], [80., 10.], [0., 10.]],
        }],
        ..Beam::default()
    }
}

/// What outlines enclose, those of holes running the other way, cm².
fn enclosed(outlines: &Value) -> f64 {
    let outlines: Vec<Vec<[f64; 2]>> = serde_json::from_value(outlines.clone()).unwrap();
    let twice = |l: &Vec<[f64; 2]>| l.windows(2).map(|w| w[0][0] * w[1][1] - w[1][0] * w[0][1]).sum::<f64>();
    outlines.iter().map(twice).sum::<f64>() / 200.0
}

#[test]
fn openings_of_jaws_leaves_and_a_block() {
    let dir = tempfile::tempdir().unwrap();
    let protons = Beam { number: 8, name: "scanned".into(), control_points: 4, ..Beam::default() };
    let store = kept(dir.path(), &[person("SYN", vec![plan("1.8", vec![photons(), protons])])]);

    let got = json(&store, &["beams", "SYN"]);
    assert_eq!((&got["plan"], got["beams"].as_array().unwrap().len()), (&json!("1.8"), 2));
    let b = &got["beams"][0];
    assert_eq!((&b["number"], &b["name"], &b["meterset_mu"]), (&json!(7), &json!("P"), &json!(120.0)));
    assert_eq!((&b["wedges"], &b["compensators"], &b["boli"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(b["final_cumulative_weight"], 0.8);
    let mlc =
        json!({"type": "MLCX", "pairs": 4, "source_distance_mm": null, "boundaries_mm": [-20., -10., 0., 10., 20.]});
    assert_eq!(
        (&b["devices"][0]["type"], &b["devices"][1]["type"], &b["devices"][2]),
        (&"ASYMX".into(), &"Y".into(), &mlc)
    );
    assert_eq!((&b["blocks"][0]["type"], &b["blocks"][0]["outline_mm"][2]), (&"SHIELDING".into(), &json!([80., 10.])));

    // 60 x 10, 80 x 10 (the right jaw covers the leaf's last 10 mm), half of 20 x 10, nothing; then without -20 to -5.
    for (n, (mu, cm2, collimator)) in [(0.0, 15.0, 0.0), (30.0, 5.0, 0.0), (120.0, 5.0, 90.0)].into_iter().enumerate() {
        let c = &b["control_points"][n];
        assert_eq!((&c["index"], &c["collimator_deg"]), (&json!(n), &json!(collimator)));
        assert_eq!((&c["gantry_deg"], &c["couch_deg"], &c["energy"]), (&json!(30.0), &json!(0.0), &json!(6.0)));
        assert_eq!(c["positions_mm"][2], json!([-30., -30., -10., 5., 30., 60., 10., 5.]));
        near(&c["cumulative_weight"], mu / 150.0, 1e-12);
        near(&c["mu"], mu, 1e-9);
        near(&c["opening_cm2"], cm2, 1e-9);
        assert!((enclosed(&c["outlines_mm"]) - cm2).abs() < 1e-9, "{}", c["outlines_mm"]);
    }
    // Anticlockwise seen from the source: x -30 to 50, y -5 to 10 become x -10 to 5, y -30 to 50.
    let outlines: Vec<Vec<[f64; 2]>> = serde_json::from_value(b["control_points"][2]["outlines_mm"].clone()).unwrap();
    for (axis, want) in [(0, [-10.0, 5.0]), (1, [-30.0, 50.0])] {
        let all = || outlines.iter().flatten().map(|p| p[axis]);
        let found = [all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max)];
        assert!((found[0] - want[0]).abs() + (found[1] - want[1]).abs() < 1e-9, "{found:?}");
    }
    let scanned = &got["beams"][1];
    assert_eq!(
        (&scanned["devices"], &scanned["blocks"], &scanned["control_points"]),
        (&json!([]), &json!([]), &json!([]))
    );

    let text = told(&store, &["beams", "SYN"]);
    let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(text.lines().next(), Some("beam 'P': 3 control points, ASYMX Y MLCX, 1 block"));
    assert_eq!(lines[3], ["1", "30.000", "30.0", "0.0", "0.0", "5.00"]);
    assert_eq!(text.lines().last(), Some("beam 'scanned': 4 control points, without jaws, leaves and blocks"));
}

/// A nozzle that stands on the snout, 100 mm wide, and a table top 530 mm wide and 50 mm thick.
fn machine() -> Value {
    json!({
        "name": "Nozzle", "source": "made up",
        "snout_retracted_mm": 400, "snout_nearest_mm": 100, "table_surface_mm": 0,
        "parts": [
            {"name": "nozzle", "mount": "snout", "at_mm": [0, 0, 50], "solid": {"box": {"size_mm": [100, 100, 100]}}},
            {"name": "top", "mount": "table_top", "at_mm": [0, 0, -25], "solid": {"box": {"size_mm": [530, 2000, 50]}}},
        ]
    })
}

/// From in front with the snout 250 mm from the isocentre; from behind, the snout not said; from the left, too far out.
fn three_ways() -> Vec<Beam> {
    let beam = |(number, name, gantry_deg, snout): (i32, &str, f64, Option<f64>)| Beam {
        number,
        name: name.into(),
        isocentre_mm: Point3::new(20.0, 0.0, 0.0),
        angles: BeamAngles { gantry_deg, ..BeamAngles::default() },
        snout_position_mm: snout,
        ..Beam::default()
    };
    [(1, "front", 0.0, Some(250.0)), (2, "behind", 180.0, None), (3, "left", 90.0, Some(420.0))].map(beam).into()
}

/// A cube of 200 mm about the origin as BODY.
fn with_body(mut p: Patient) -> Patient {
    let square = |k: i32| Contour {
        points: [(-100., -100.), (100., -100.), (100., 100.), (-100., 100.)]
            .map(|(x, y)| Point3::new(x, y, f64::from(k) * 4.0))
            .to_vec(),
    };
    let body = Structure {
        number: 1,
        name: "BODY".into(),
        roi_type: RoiType::External,
        contours: (-25..=25).map(square).collect(),
        ..Structure::default()
    };
    p.structure_sets = vec![StructureSet { uid: "1.7".into(), structures: vec![body], ..StructureSet::default() }];
    p
}

#[test]
fn distances_of_a_box_to_a_cube_on_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let people = [
        with_body(person("SYN", vec![plan("1.8", three_ways())])),
        person("BARE", vec![plan("1.9", three_ways())]),
        person("DEEP", vec![plan("2.0", three_ways()[..1].to_vec())]),
    ];
    let store = kept(dir.path(), &people);
    let file = dir.path().join("machine.json");
    std::fs::write(&file, machine().to_string()).unwrap();
    let file = file.to_str().unwrap();

    let got = json(&store, &["clearance", "SYN", "--machine", file]);
    assert_eq!((&got["machine"], &got["source"]), (&"Nozzle".into(), &"made up".into()));
    assert_eq!(
        (&got["mark"], &got["body_step_mm"]),
        (&"illustrative machine, not for clinical use".into(), &json!(2.0))
    );
    assert!(got["body_points"].as_u64().unwrap() > 50_000, "{}", got["body_points"]);
    assert_eq!(got["notes"][0], "of the patient only what was scanned and outlined is known");
    assert_eq!(got["notes"][1], "beam 'left' places its snout where this machine's cannot stand");
    // The skin is true to half a voxel; the table lies under it, and what concerns the table alone is exact.
    let surface = &got["table_travel_mm"][2];
    near(surface, -100.0, 1.0);
    let surface = surface.as_f64().unwrap();
    let beam = |n: usize| &got["beams"][n];
    for (n, gantry, body, table) in [(0, 0.0, 150.0, 250.0 - surface), (1, 180.0, 300.0, 400.0 + surface - 50.0)] {
        near(&beam(n)["at"]["body"]["distance_mm"], body, 1.0);
        near(&beam(n)["at"]["table"]["distance_mm"], table, 1e-6);
        assert_eq!(
            (&beam(n)["at"]["body"]["gantry_deg"], &beam(n)["at"]["body"]["part"]),
            (&gantry.into(), &"nozzle".into())
        );
    }
    // From the left: the cube's left side is 80 mm from the isocentre, the table's upper edge 265 mm.
    near(&beam(2)["at"]["body"]["distance_mm"], 340.0, 1.0);
    near(&beam(2)["at"]["body"]["on_patient_mm"][0], 100.0, 1.0);
    near(&beam(2)["at"]["body"]["on_machine_mm"][0], 440.0, 1e-6);
    near(&beam(2)["at"]["table"]["distance_mm"], f64::hypot(420.0 - 265.0, -50.0 - surface), 1e-6);
    assert_eq!((&beam(0)["snout_mm"], &beam(0)["snout_assumed"]), (&json!(250.0), &json!(false)));
    assert_eq!((&beam(1)["snout_mm"], &beam(1)["snout_assumed"]), (&Value::Null, &json!(true)));

    // On the way the nozzle, drawn back, passes the table's lower edge: nearest where that lies on the beam's axis.
    let edge = [265.0, 50.0 - surface];
    for (n, legs) in [(0, 3.0), (1, 3.0)] {
        let to = &beam(n)["to_next"];
        near(&to["table"]["distance_mm"], 400.0 - f64::hypot(edge[0], edge[1]), 1.0);
        near(&to["table"]["gantry_deg"], 90.0 + f64::atan2(edge[1], edge[0]).to_degrees(), 5.0);
        near(&to["table"]["snout_mm"], 400.0, 1e-9);
        assert!(to["proven_mm"].as_f64().unwrap() <= 1.0 && to["looked_at"].as_u64().unwrap() > 3);
        let curve = to["curve"].as_array().unwrap();
        assert_eq!((&curve[0]["at"], &curve[curve.len() - 1]["at"]), (&json!(0.0), &json!(legs)));
        assert_eq!(curve[0]["table_mm"], beam(n)["at"]["table"]["distance_mm"]);
        assert_eq!(curve[curve.len() - 1]["body_mm"], beam(n + 1)["at"]["body"]["distance_mm"]);
    }
    near(&beam(0)["to_next"]["body"]["distance_mm"], 150.0, 1.0);
    assert_eq!(beam(2)["to_next"], Value::Null);

    let text = told(&store, &["clearance", "SYN", "--machine", file]);
    assert!(text.starts_with("Nozzle: illustrative machine, not for clinical use\nbeam 'front': "), "{text}");
    assert!(text.contains(" mm from the nozzle to the table top (gantry 180.0°, couch 0.0°)"), "{text}");

    // Nobody outlined a body: the table stays where the machine's file has it.
    let bare = json(&store, &["clearance", "BARE", "--machine", file]);
    assert_eq!((&bare["beams"][0]["at"]["body"], &bare["table_travel_mm"]), (&Value::Null, &json!([0.0, 0.0, 0.0])));
    near(&bare["beams"][0]["at"]["table"]["distance_mm"], 250.0, 1e-6);
    assert!(bare["notes"][0].as_str().unwrap().starts_with("this patient has no BODY structure"));
    // The nozzle's front, now 220 + 50 mm further in, lies 20 mm below the table's upper side.
    let mut deep = machine();
    deep["parts"][0]["at_mm"] = json!([0, 0, -220]);
    std::fs::write(file, deep.to_string()).unwrap();
    let text = told(&store, &["clearance", "DEEP", "--machine", file]);
    assert!(
        text.contains("beam 'front': the nozzle reaches 20.0 mm into the table top (gantry 0.0°, couch 0.0°)"),
        "{text}"
    );
}

#[test]
fn sentences() {
    let dir = tempfile::tempdir().unwrap();
    let people = [
        person("SYN", vec![plan("1.8", three_ways())]),
        person("PLANLESS", vec![]),
        person("EMPTY", vec![plan("1.9", vec![])]),
    ];
    let store = kept(dir.path(), &people);
    for command in ["beams", "clearance"] {
        assert_eq!(vestibule(&store, &[command]).status.code(), Some(2), "no ID");
        refused(&store, &[command, "NOBODY"], 1, "no such patient in this store: `vestibule patient list`");
        refused(&store, &[command, "PLANLESS"], 1, "no plan in the store: import one");
        refused(
            &store,
            &[command, "SYN", "--plan", "1.2.3"],
            2,
            "there is no plan 1.2.3; this patient has:\n  1.8  SYN",
        );
        refused(&store, &[command, "EMPTY"], 1, "this plan has no beam");
    }
    let file = dir.path().join("machine.json");
    let at = file.to_str().unwrap();
    refused(&store, &["clearance", "SYN", "--machine", at], 2, "machine.json: ");
    for (key, value, says) in [
        ("parts", json!([]), "a machine has 1 to 200 parts, not 0"),
        ("table_surface_mm", json!(1e9), "table_surface_mm is 1000000000: it must lie between"),
        ("couch_mm", json!(0), "unknown field `couch_mm`"),
        (
            "snout_retracted_mm",
            Value::Null,
            "part 'nozzle' stands on the snout, and the file has no snout_retracted_mm",
        ),
    ] {
        let mut changed = machine();
        changed[key] = value;
        std::fs::write(&file, changed.to_string()).unwrap();
        refused(&store, &["clearance", "SYN", "--machine", at], 2, says);
    }
}
