//! The binary plays the proton journey without a screen: machine, dose, store, log and exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use vestibule_geometry::{BeamAngles, Grid, PatientPosition, Volume};
use vestibule_patient::{Beam, Image, Layer, Modality, Patient, Plan, Spot};
use vestibule_record::{AnswerFilter, AnswerValue, Key, SessionId, Store};
use vestibule_tests::place::root;

/// The binary, or None with the reason on the screen.
fn binary(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("VESTIBULE_HEADLESS_BIN").map(PathBuf::from);
    // Beside the tests, where `cargo build` leaves it.
    let beside = std::env::current_exe().ok().and_then(|p| Some(p.parent()?.parent()?.join("vestibule")));
    let found = named.or(beside).filter(|p| p.is_file());
    if found.is_none() {
        println!("SKIPPED {test}: no vestibule binary (VESTIBULE_HEADLESS_BIN)");
    }
    found
}

fn patient(id: &str, synthetic: bool) -> Patient {
    let mut volume =
        Volume::filled(Grid::axial([40, 40, 36], [5.0; 3], nalgebra::Point3::new(-97.5, -97.5, -87.5)), -1000.0f32);
    for o in 0..volume.data.len() {
        let p = volume.grid.centre(o % 40, o / 40 % 40, o / 1600);
        if p.coords.norm() < 80.0 {
            volume.data[o] = 20.0;
        }
    }
    let beam = |number: i32, gantry: f64, couch: f64| Beam {
        number,
        name: format!("B{number}"),
        angles: BeamAngles { gantry_deg: gantry, patient_support_deg: couch, ..Default::default() },
        meterset_mu: 40.0,
        final_cumulative_weight: 40.0,
        layers: (0..8)
            .map(|l| Layer {
                energy_mev: 120.0 - 3.0 * f64::from(l),
                paintings: 1,
                spots: (0..25)
                    .map(|s| Spot {
                        x_mm: f64::from(s % 5) * 6.0 - 12.0,
                        y_mm: f64::from(s / 5) * 6.0 - 12.0,
                        weight: 0.2,
                    })
                    .collect(),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    Patient {
        id: id.into(),
        name: if synthetic { "SYNTHETIC^HEAD".into() } else { "PLANTED^NAME".into() },
        synthetic,
        images: vec![Image {
            uid: format!("1.2.{}", id.len()),
            study_uid: "1.3".into(),
            frame_of_reference_uid: "1.4".into(),
            modality: Modality::Ct,
            description: String::new(),
            position: Some(PatientPosition::Hfs),
            unit: "HU".into(),
            phase: None,
            coarse: None,
            slice_uids: (0..36).map(|k| format!("1.5.{k}")).collect(),
            volume,
        }],
        plans: vec![Plan {
            uid: "1.6".into(),
            label: "P".into(),
            frame_of_reference_uid: "1.4".into(),
            position: Some(PatientPosition::Hfs),
            fractions: 30,
            beams: vec![beam(1, 270.0, 0.0), beam(2, 90.0, 0.0), beam(3, 30.0, 270.0)],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn store(patients: &[Patient]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), &Key::demo()).unwrap();
    for p in patients {
        store.put_patient(p).unwrap();
    }
    folder
}

fn run(binary: &Path, store: &Path, args: &[&str]) -> Output {
    Command::new(binary)
        .current_dir(root())
        .env_remove("VESTIBULE_PASSPHRASE")
        .args(["--demo", "--store"])
        .arg(store)
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refused(output: &Output, code: i32, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(words), "'{words}' is not in: {text}");
}

#[test]
fn the_journey_from_door_to_kept_answers() {
    let Some(binary) = binary("the_journey_from_door_to_kept_answers") else { return };
    let store = store(&[patient("VESTIBULE-TEST", true)]);
    let log = store.path().join("log.jsonl");
    let log_name = log.to_str().unwrap();
    let args = ["play", "proton-first-day", "--headless", "--lang", "fr", "--log", log_name, "--json"];
    let started = std::time::Instant::now();
    let summary = json(&run(&binary, store.path(), &args));
    println!("played in {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(summary["ending"], "Completed");
    let steps: Vec<_> = summary["steps"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert_eq!(
        steps.join(" "),
        "welcome anxiety-before corridor room mask couch imaging alone beam-on next-angle mask-off anxiety-after goodbye"
    );
    assert!((8.0..=10.0).contains(&summary["minutes"].as_f64().unwrap()), "{}", summary["minutes"]);
    assert!((summary["mu"].as_f64().unwrap() - 120.0).abs() < 1e-9);
    assert_eq!((summary["simplified"].as_bool(), summary["dose_type"].as_str()), (Some(true), Some("PHYSICAL")));

    // The log: one event a line, the clock forwards, the plan's angles while the beam is on, dose growing.
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for line in &lines {
        for key in ["time_s", "step", "gantry_deg", "couch_deg", "mu", "dose_gy_max", "answer"] {
            assert!(line.get(key).is_some(), "no {key} in {line}");
        }
    }
    let number = |l: &Value, k: &str| l[k].as_f64().unwrap();
    assert!(lines.windows(2).all(|w| number(&w[0], "time_s") <= number(&w[1], "time_s")));
    assert!(lines.windows(2).all(|w| number(&w[0], "dose_gy_max") <= number(&w[1], "dose_gy_max")));
    let angles: Vec<_> = lines
        .iter()
        .filter(|l| l["event"] == "BeamOff")
        .map(|l| (number(l, "gantry_deg").round(), number(l, "couch_deg").round(), number(l, "mu").round()))
        .collect();
    assert_eq!(angles, [(270.0, 0.0, 40.0), (90.0, 0.0, 80.0), (30.0, 270.0, 120.0)]);
    let last = number(lines.last().unwrap(), "dose_gy_max");
    let shown = summary["dose_max_gy"].as_f64().unwrap();
    assert!(
        last > 0.0 && (last - shown).abs() < 1e-9 * shown,
        "the log ends with {last} Gy, the summary says {shown} Gy"
    );
    let answered = lines.iter().filter(|l| l["event"] == "Answered").count();
    assert_eq!(summary["answers_kept"].as_u64().unwrap() as usize, answered);

    // The dose painted live is what `dose compute` gives for one fraction.
    let out = store.path().join("dose.dcm");
    let computed = run(
        &binary,
        store.path(),
        &[
            "dose",
            "compute",
            "--patient",
            "VESTIBULE-TEST",
            "--fraction",
            "--grid-mm",
            "2.5",
            "--out",
            out.to_str().unwrap(),
            "--json",
        ],
    );
    let computed = json(&computed)["max_gy"].as_f64().unwrap();
    assert!((computed - last).abs() < 1e-5 * computed, "live {last} Gy, computed {computed} Gy");

    // The answers are in the store.
    let kept = json(&run(&binary, store.path(), &["record", "questionnaire", "list", "--json"]));
    let value = |item: &str| {
        let responses = kept["responses"].as_array().unwrap();
        responses.iter().find(|r| r["item"] == item).map(|r| (r["value"].clone(), r["patient"].clone()))
    };
    assert_eq!(value("anxiety-before"), Some((6.into(), "VESTIBULE-TEST".into())));
    assert_eq!(value("anxiety-after"), Some((3.into(), "VESTIBULE-TEST".into())));
    assert_eq!(value("open").unwrap().0, serde_json::json!(["reassured", "mask"]));
}

#[test]
fn other_answers_lead_elsewhere_and_a_no_on_the_checklist_counts() {
    let Some(binary) = binary("other_answers_lead_elsewhere_and_a_no_on_the_checklist_counts") else { return };
    let store = store(&[patient("VESTIBULE-TEST", true)]);
    let answers = store.path().join("answers.ron");
    let play = |text: &str| {
        std::fs::write(&answers, text).unwrap();
        run(
            &binary,
            store.path(),
            &[
                "play",
                "proton-first-day",
                "--headless",
                "--grid-mm",
                "8",
                "--answers",
                answers.to_str().unwrap(),
                "--json",
            ],
        )
    };
    let calm = json(&play(
        r#"(replies: [(question: "anxiety-before", reply: Number(4)), (question: "anxiety-after", reply: Number(8)), (question: "open", reply: Open(chips: [], typed: "le masque"))])"#,
    ));
    assert!(calm["steps"].as_array().unwrap().contains(&"calm".into()));
    assert!(calm["staff_alerts"].as_array().unwrap().contains(&"staff-alert-anxiety".into()));

    // Written down, not only said.
    {
        let kept = Store::open(store.path(), &Key::demo()).unwrap();
        let session = SessionId(calm["session"].as_str().unwrap().to_owned());
        let events = kept.events(&session).unwrap();
        assert!(events.iter().any(|e| e.kind == "StaffAlert" && e.detail.contains("staff-alert-anxiety")));
        assert_eq!(events.last().unwrap().kind, "Finished");
        let typed = kept.answers(&AnswerFilter { session: Some(session), ..Default::default() }).unwrap();
        let typed = typed.iter().find(|a| a.answer.item == "open-typed").unwrap();
        assert_eq!(typed.answer.value, AnswerValue::Text("le masque".into()));
    }

    let stop = json(&play(r#"(replies: [(question: "discomfort-first", reply: Choice("stop"))])"#));
    assert_eq!(
        (stop["ending"].as_str(), stop["steps"].as_array().unwrap().last()),
        (Some("Discomfort"), Some(&"stop-here".into()))
    );

    let window = json(&play(r#"(checklist: {"seizures": false})"#));
    assert_eq!(window["clearance"], serde_json::json!({"Window": ["seizures"]}));
    refused(&play(r#"(checklist: {"identity": false})"#), 1, "identity");
    refused(&play(r#"(replies: [(question: "anxiety-before", reply: Number(40))])"#), 2, "0 to 10");
    refused(&play("(replies: ["), 2, "answers.ron:1");
}

#[test]
fn a_real_patient_leaves_no_log_and_no_name() {
    let Some(binary) = binary("a_real_patient_leaves_no_log_and_no_name") else { return };
    let store = store(&[patient("PLANTED-ID", false)]);
    let log = store.path().join("log.jsonl");
    let play = ["play", "proton-first-day", "--headless", "--grid-mm", "8"];
    refused(
        &run(&binary, store.path(), &[&play[..], &["--log", log.to_str().unwrap()]].concat()),
        2,
        "synthetic patients",
    );
    assert!(!log.exists());
    let played = run(&binary, store.path(), &play);
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let said = [played.stdout, played.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("Gy physical, one fraction") && said.contains("simplified"), "{said}");
    assert!(!said.contains("PLANTED"), "{said}");
}

#[test]
fn a_wrong_call_says_what_there_is() {
    let Some(binary) = binary("a_wrong_call_says_what_there_is") else { return };
    let empty = store(&[]);
    let two = store(&[patient("A", true), patient("BB", true)]);
    refused(&run(&binary, empty.path(), &["play", "proton-first-day", "--headless"]), 2, "patient import");
    refused(&run(&binary, two.path(), &["play", "proton-first-day", "--headless"]), 2, "A, BB");
    refused(&run(&binary, two.path(), &["play", "proton-first-day", "--headless", "--patient", "C"]), 2, "A, BB");
    refused(&run(&binary, two.path(), &["play", "nowhere", "--headless"]), 2, "proton-first-day");
    refused(
        &run(&binary, two.path(), &["play", "proton-first-day", "--headless", "--patient", "A", "--lang", "de"]),
        2,
        "fr and en",
    );
    refused(
        &run(&binary, two.path(), &["play", "proton-first-day", "--headless", "--patient", "A", "--speed", "0"]),
        2,
        "--speed",
    );
    refused(&run(&binary, two.path(), &["scene", "check", "nowhere"]), 2, "nowhere");
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.ron");
    std::fs::write(&bad, "(\n  id: \"bad\",\n  oops\n)").unwrap();
    let checked = run(&binary, two.path(), &["scene", "check", bad.to_str().unwrap()]);
    refused(&checked, 1, "to mend");
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("bad.ron:3"),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    let list = json(&run(&binary, two.path(), &["scene", "list", "--json"]));
    assert_eq!(list["scenes"][0]["name"], "proton-first-day");
}
