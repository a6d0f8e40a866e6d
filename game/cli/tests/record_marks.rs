//! `vestibule record mark` and `record snapshot` on what a review left in the store.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use vestibule_dicom::Identity;
use vestibule_dicom::write::{SecondaryCapture, secondary_capture_bytes};
use vestibule_patient::Patient;
use vestibule_record::{DEFAULT_STAFF, DEMO_PIN, Key, MarkKind, NewMark, Store};

fn vestibule(store: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.arg("--store").arg(store).args(["--demo", "record"]).args(args).output().unwrap()
}

fn json(store: &Path, args: &[&str]) -> Value {
    let out = vestibule(store, &[args, &["--json"]].concat());
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn what_a_review_left_is_listed_and_its_pictures_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let store = Store::create(&at("store"), &Key::demo()).unwrap();
    store.check_pin(DEFAULT_STAFF, DEMO_PIN).unwrap();
    let mut pictures = Vec::new();
    for (id, name, synthetic) in [("S", "SYNTHETIC^ONE", true), ("R", "MÉNARD^HÉLÈNE", false)] {
        let patient = Patient { id: id.into(), name: name.into(), synthetic, ..Patient::default() };
        store.put_patient(&patient).unwrap();
        let shot = SecondaryCapture {
            uid: "2.25.5",
            width: 2,
            height: 1,
            rgb: &[1, 2, 3, 4, 5, 6],
            mark: Some("not for clinical decisions"),
            date: "20261128",
            time: "101500",
            ..SecondaryCapture::default()
        };
        let bytes = secondary_capture_bytes(&shot, &Identity::of(&patient, None)).unwrap();
        store.add_snapshot(id, "Isodose 95 %", &bytes).unwrap();
        pictures.push(bytes);
    }
    let mark = |kind, text, position_mm| NewMark { kind, text, position_mm, format: 1, body: b"" };
    let gone = store.add_mark("S", &mark(MarkKind::Measure, "12 mm", None)).unwrap();
    store.add_mark("S", &mark(MarkKind::Note, "Écart", Some([1.5, -2.0, 30.25]))).unwrap();
    store.withdraw_mark(gone).unwrap();
    drop(store);
    let store = at("store");

    let standing = json(&store, &["mark", "list", "--patient", "S"]);
    let [note] = standing["marks"].as_array().unwrap().as_slice() else { panic!("{standing}") };
    assert_eq!(
        (&note["kind"], &note["text"], &note["author"]),
        (&"note".into(), &"Écart".into(), &"staff staff".into())
    );
    assert_eq!(note["at_mm"], serde_json::json!([1.5, -2.0, 30.25]));
    let all = json(&store, &["mark", "list", "--patient", "S", "--all"]);
    assert_eq!((&all["marks"][0]["withdrawn"], &all["marks"][0]["at_mm"]), (&true.into(), &Value::Null));
    assert_eq!(json(&store, &["mark", "list", "--patient", "R"])["marks"], serde_json::json!([]));
    assert_eq!(vestibule(&store, &["mark", "list", "--patient", "X"]).status.code(), Some(1));

    let list = json(&store, &["snapshot", "list", "--patient", "S"]);
    let key = list["snapshots"][0]["key"].to_string();
    assert_eq!(list["snapshots"][0]["bytes"], pictures[0].len());
    let out = at("s.dcm");
    let export = |patient: &str, key: &str, more: &[&str]| {
        let file = out.to_str().unwrap();
        vestibule(&store, &[&["snapshot", "export", "--patient", patient, key, "--out", file], more].concat())
    };
    assert!(export("S", &key, &[]).status.success());
    assert_eq!(std::fs::read(&out).unwrap(), pictures[0]);
    assert_ne!(export("S", &key, &[]).status.code(), Some(0), "nothing is overwritten");
    std::fs::remove_file(&out).unwrap();

    let real = json(&store, &["snapshot", "list", "--patient", "R"])["snapshots"][0]["key"].to_string();
    for (patient, key) in [("S", real.as_str()), ("S", "77"), ("R", real.as_str())] {
        assert_eq!(export(patient, key, &[]).status.code(), Some(2), "{patient} {key}");
        assert!(!out.exists());
    }
    assert!(export("R", &real, &["--identifiable"]).status.success());
    assert_eq!(std::fs::read(&out).unwrap(), pictures[1]);
    let audit = json(&store, &["audit"]);
    let written = audit["entries"].as_array().unwrap().iter().filter(|e| e["action"] == "snapshot-written");
    assert_eq!(written.count(), 2);
}
