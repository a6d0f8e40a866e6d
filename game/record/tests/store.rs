//! The store as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Dose, Image, Modality, Patient, Plan, Registration, StructureSet};
use vestibule_record::*;

fn image(uid: &str, value: impl Fn(usize) -> f32) -> Image {
    let grid = Grid::axial([7, 5, 3], [1.0, 2.0, 3.0], [-10.0, 20.0, 5.5].into());
    let data = (0..grid.len()).map(value).collect();
    Image {
        study_uid: "1.2.3".into(),
        frame_of_reference_uid: format!("{uid}.9"),
        description: "head".into(),
        slice_uids: vec!["1.2.3.4".into()],
        ..Image::of(uid, Modality::Ct, Volume { grid, data })
    }
}

fn registration(uid: &str, angle: f64) -> Registration {
    let motion =
        nalgebra::Isometry3::new(nalgebra::Vector3::new(1.5, -20.25, 1e3), nalgebra::Vector3::new(0.1, angle, 0.3));
    Registration {
        label: "REG".into(),
        date: "20260101".into(),
        ..Registration::of(format!("{uid}.8"), format!("{uid}.2.9"), format!("{uid}.9"), motion)
    }
}

fn person(id: &str, name: &str, uid: &str) -> Patient {
    let ct = image(uid, |i| i as f32 - 50.0);
    let dose = Dose {
        uid: format!("{uid}.7"),
        frame_of_reference_uid: ct.frame_of_reference_uid.clone(),
        plan_uid: None,
        dose_type: Default::default(),
        unit: Default::default(),
        summation: Default::default(),
        engine: "test".into(),
        volume: Volume {
            grid: ct.volume.grid.clone(),
            data: (0..ct.volume.data.len()).map(|i| i as f32 / 3.0).collect(),
        },
    };
    Patient {
        id: id.into(),
        name: name.into(),
        birth_date: "19440101".into(),
        sex: "F".into(),
        synthetic: false,
        images: vec![ct, image(&format!("{uid}.2"), |i| 0.5 * i as f32)],
        structure_sets: vec![StructureSet { uid: format!("{uid}.5"), ..Default::default() }],
        plans: vec![Plan { uid: format!("{uid}.6"), fractions: 30, ..Default::default() }],
        doses: vec![dose],
        registrations: vec![registration(uid, 0.25), registration(uid, -3.5), registration(&format!("{uid}.1"), 1e-9)],
        brought: Vec::new(),
    }
}

fn raw() -> Key {
    Key::raw([7; 32])
}

fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), &raw()).unwrap();
    (folder, store)
}

fn anxiety(session: &SessionId, value: i64) -> Answer {
    Answer {
        session: session.clone(),
        questionnaire: "anxiety-before".into(),
        item: "anxiety".into(),
        value: AnswerValue::Whole(value),
        step: "anxiety-before".into(),
        time_s: 12.5,
        language: "fr".into(),
        attempt: 1,
        by_staff: false,
    }
}

fn session_of(patient: Option<&str>) -> NewSession {
    NewSession {
        patient: patient.map(Into::into),
        journey: "proton-first-day".into(),
        mode: "patient".into(),
        language: "fr".into(),
    }
}

/// One object's registrations are replaced together, and stay when another import does not have them.
#[test]
fn registrations_are_replaced_object_by_object() {
    let (_folder, store) = fresh();
    let only = |registrations: Vec<Registration>| Patient {
        registrations,
        ..Patient { id: "P".into(), ..Patient::default() }
    };
    let kept = || store.patient("P").unwrap().registrations;
    let (a, b, c) = (registration("1", 0.1), registration("1", 0.2), registration("2", 0.3));
    store.put_patient(&only(vec![a.clone(), b.clone(), c.clone()])).unwrap();
    assert_eq!(kept(), [a.clone(), b, c.clone()]);
    store.put_patient(&only(vec![])).unwrap();
    assert_eq!(kept().len(), 3);
    store.put_patient(&only(vec![a.clone()])).unwrap();
    assert_eq!(kept(), [a.clone(), c]);
    // A structure set that says none any more takes its own with it.
    let set = StructureSet { uid: "2.8".into(), ..StructureSet::default() };
    store.put_patient(&Patient { structure_sets: vec![set], ..only(vec![]) }).unwrap();
    assert_eq!(kept(), [a]);
}

#[test]
fn a_patient_comes_back_as_they_went_in() {
    let (folder, store) = fresh();
    let sent = person("P1", "DUPONT^ANNE", "1.2.840.1");
    assert_eq!(store.put_patient(&sent).unwrap(), "P1");
    drop(store);
    let store = Store::open(folder.path(), &raw()).unwrap();
    let got = store.patient("P1").unwrap();
    // Debug covers every field, and prints floats so that they differ when their bits do.
    assert_eq!(format!("{got:?}"), format!("{sent:?}"));
    let line = &store.patients().unwrap()[0];
    assert_eq!((line.images, line.structures, line.plans, line.doses), (2, 1, 1, 1));
    // A second import of the same study adds nothing; another dose does.
    store.put_patient(&sent).unwrap();
    store.put_dose("P1", &Dose { uid: "9.9".into(), ..sent.doses[0].clone() }).unwrap();
    let line = &store.patients().unwrap()[0];
    assert_eq!((line.images, line.doses), (2, 2));
    assert_eq!(store.patient("P1").unwrap().images[0].uid, sent.images[0].uid, "the order of the first import holds");
}

#[test]
fn two_people_under_one_id_are_never_mixed() {
    let (_folder, store) = fresh();
    store.put_patient(&person("1", "DUPONT^ANNE", "1.1")).unwrap();
    let other = Patient { birth_date: "19500505".into(), ..person("1", "MARTIN^PAUL", "2.2") };
    assert!(matches!(store.put_patient(&other), Err(StoreError::AnotherPerson)));
    let same = Patient { name: "Dupont Anne".into(), ..person("1", "", "1.3") };
    assert_eq!(store.put_patient(&same).unwrap(), "1");
    // Without an ID: a number on import, and the next free one when that number is somebody else here.
    let anon = |uid: &str| Patient { birth_date: String::new(), ..person("anon-1", "", uid) };
    assert_eq!(store.put_patient(&anon("5.1")).unwrap(), "anon-1");
    assert_eq!(store.put_patient(&anon("6.1")).unwrap(), "anon-2");
    assert_eq!(store.put_patient(&anon("5.1")).unwrap(), "anon-1");
    assert_eq!(store.put_patient(&anon("6.1")).unwrap(), "anon-2");
    assert_eq!(store.patients().unwrap().len(), 3);
}

#[test]
fn a_scope_reaches_one_patient_only() {
    let (_folder, store) = fresh();
    store.put_patient(&person("P1", "A^A", "1.1")).unwrap();
    store.put_patient(&person("P2", "B^B", "2.1")).unwrap();
    let theirs = store.start_session(&session_of(Some("P2"))).unwrap();
    store.save_answer(&anxiety(&theirs, 9)).unwrap();
    let sound = store
        .save_blob(&NewBlob {
            patient: None,
            session: Some(&theirs),
            kind: BlobKind::Sound,
            name: "open",
            media_type: "audio/wav",
            data: b"RIFF",
        })
        .unwrap();
    let scope = store.patient_scope("P1").unwrap();
    assert_eq!(scope.patient().unwrap().id, "P1");
    assert!(matches!(scope.save_answer(&anxiety(&theirs, 1)), Err(StoreError::OtherPatient)));
    assert!(matches!(scope.end_session(&theirs, "stopped"), Err(StoreError::OtherPatient)));
    assert!(matches!(scope.events(&theirs), Err(StoreError::OtherPatient)));
    assert!(matches!(scope.blob(sound), Err(StoreError::NoSuchObject)));
    assert!(matches!(scope.save_note(Some(&theirs), "x", "y"), Err(StoreError::OtherPatient)));
    assert!(scope.answers(&AnswerFilter::default()).unwrap().is_empty());
    assert!(scope.answers(&AnswerFilter { patient: Some("P2".into()), ..Default::default() }).unwrap().is_empty());
    let mine = scope.start_session(&session_of(Some("P2"))).unwrap();
    scope.save_answer(&anxiety(&mine, 3)).unwrap();
    scope.put_derived("mask", &person("", "", "1").images[1].volume).unwrap();
    assert!(scope.derived("mask").unwrap().is_some());
    assert!(store.patient_scope("P2").unwrap().derived("mask").unwrap().is_none());
    let all = store.answers(&AnswerFilter::default()).unwrap();
    assert_eq!(all.iter().map(|a| a.patient.as_deref().unwrap()).collect::<Vec<_>>(), ["P2", "P1"]);
    assert!(matches!(store.patient_scope("P3"), Err(StoreError::NoSuchPatient)));
}

#[test]
fn a_removed_patient_is_gone_with_everything_of_theirs() {
    let (_folder, store) = fresh();
    store.put_patient(&person("P1", "A^A", "1.1")).unwrap();
    let scope = store.patient_scope("P1").unwrap();
    let session = scope.start_session(&session_of(None)).unwrap();
    scope.save_answer(&anxiety(&session, 3)).unwrap();
    scope.save_note(Some(&session), "Dr", "calm").unwrap();
    drop(scope);
    store.remove_patient("P1").unwrap();
    assert!(store.patients().unwrap().is_empty());
    assert!(store.answers(&AnswerFilter::default()).unwrap().is_empty());
    assert!(matches!(store.patient("P1"), Err(StoreError::NoSuchPatient)));
    let audit = store.audit().unwrap();
    assert!(audit.iter().any(|e| e.action == "patient-removed"));
    assert!(audit.iter().all(|e| !format!("{e:?}").contains("P1")), "the audit must not name who was removed");
    assert!(store.verify().unwrap().ok);
}

#[test]
fn every_kind_of_answer_comes_back() {
    let (_folder, store) = fresh();
    let session = store.start_session(&session_of(None)).unwrap();
    let values = [
        AnswerValue::Whole(7),
        AnswerValue::Number(6.5),
        AnswerValue::YesNo(true),
        AnswerValue::Text("7".into()),
        AnswerValue::Choices(vec!["noise".into(), "mask".into()]),
        AnswerValue::Sound { sound: 4 },
        AnswerValue::Skipped,
    ];
    for value in &values {
        store.save_answer(&Answer { value: value.clone(), ..anxiety(&session, 0) }).unwrap();
    }
    let got = store.answers(&AnswerFilter { session: Some(session.clone()), ..Default::default() }).unwrap();
    assert_eq!(got.iter().map(|a| a.answer.value.clone()).collect::<Vec<_>>(), values);
    let plain: Vec<String> = values.iter().map(|v| serde_json::to_string(v).unwrap()).collect();
    assert_eq!(plain, ["7", "6.5", "true", "\"7\"", r#"["noise","mask"]"#, r#"{"sound":4}"#, "null"]);
    let event = Event { session, time_s: 1.5, step: "room".into(), kind: "step".into(), detail: "{}".into() };
    store.save_events(&[event.clone(), event.clone()]).unwrap();
    assert_eq!(store.events(&event.session).unwrap(), [event.clone(), event]);
    assert!(matches!(store.save_answer(&anxiety(&SessionId("none".into()), 1)), Err(StoreError::NoSuchSession)));
}

#[test]
fn the_audit_shows_every_tampering() {
    let tamper = |sql: &str| {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), &raw()).unwrap();
        for n in 0..5 {
            store.append_audit("tried", "nobody", &n.to_string()).unwrap();
        }
        assert!(store.verify().unwrap().ok);
        drop(store);
        let c = plain_connection(folder.path());
        let result = c.execute_batch(sql);
        drop(c);
        let store = Store::open(folder.path(), &raw()).unwrap();
        (result, store.verify().unwrap())
    };
    for refused in [
        "UPDATE audit SET detail = 'x' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "INSERT OR REPLACE INTO audit VALUES (3, '', '', '', '', '', x'00')",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 2",
    ] {
        let (result, found) = tamper(refused);
        assert!(result.unwrap_err().to_string().contains("append-only"), "{refused}");
        assert!(found.ok);
    }
    let free = "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_in_order;
                DROP TRIGGER audit_head_stays; DROP TRIGGER audit_head_grows;";
    for change in [
        "UPDATE audit SET detail = 'x' WHERE seq = 3;",
        "DELETE FROM audit WHERE seq = 3;",
        "DELETE FROM audit WHERE seq = 6;",
        "UPDATE audit SET seq = 99 WHERE seq = 6;",
    ] {
        // With the guards gone this shows at once; so that the chain itself is tried, they are put back as they were.
        let (result, found) = tamper(&format!("{free}{change}{}", guards()));
        result.unwrap();
        assert!(!found.ok && found.problems.iter().all(|p| p.starts_with("audit:")), "{change}: {found:?}");
    }
    let (_, found) = tamper(free);
    assert!(!found.ok, "missing guards must show");
}

/// The statements that put the audit's guards back.
fn guards() -> String {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::create(folder.path(), &raw()).unwrap());
    let c = plain_connection(folder.path());
    let mut s = c.prepare("SELECT sql || ';' FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    s.query_map([], |r| r.get::<_, String>(0)).unwrap().map(Result::unwrap).collect()
}

/// The database opened behind the store's back.
fn plain_connection(folder: &Path) -> rusqlite::Connection {
    let c = rusqlite::Connection::open(folder.join("store.db")).unwrap();
    let hex = "07".repeat(32);
    c.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).unwrap();
    c
}

#[test]
fn wrong_pins_cost_time_and_the_count_survives_a_restart() {
    let (folder, store) = fresh();
    assert!(matches!(store.check_pin("eva", "1234"), Err(PinError::NotSet)));
    assert!(matches!(store.set_pin("eva", "12"), Err(PinError::Form)));
    store.set_pin("eva", "4821").unwrap();
    let t0 = 1_000_000;
    store.check_pin_at("eva", "4821", t0).unwrap();
    for _ in 0..4 {
        assert!(matches!(store.check_pin_at("eva", "0000", t0), Err(PinError::Wrong)));
    }
    drop(store);
    let store = Store::open(folder.path(), &raw()).unwrap();
    assert!(matches!(store.check_pin_at("eva", "0000", t0), Err(PinError::Wrong)));
    // The fifth wrong one starts a wait, and the right PIN does not get around it.
    assert!(matches!(store.check_pin_at("eva", "4821", t0 + 1), Err(PinError::TooMany { seconds: 30 })));
    assert!(matches!(store.check_pin_at("eva", "0000", t0 + 30_000), Err(PinError::Wrong)));
    assert!(matches!(store.check_pin_at("eva", "4821", t0 + 30_001), Err(PinError::TooMany { seconds: 60 })));
    store.check_pin_at("eva", "4821", t0 + 100_000).unwrap();
    assert!(matches!(store.check_pin_at("eva", "0000", t0 + 100_000), Err(PinError::Wrong)), "counting starts anew");
    store.append_audit("tried", "nobody", "").unwrap();
    assert_eq!(store.audit().unwrap().last().unwrap().who, "staff eva");
}

#[test]
fn the_passphrase_the_recovery_key_and_nothing_else_opens() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("deep/store");
    let pass = Key::from_passphrase("un cheval bleu");
    let store = Store::create(&folder, &pass).unwrap();
    let recovery = store.take_recovery_key().unwrap();
    assert!(store.take_recovery_key().is_none(), "only once");
    let session = store.start_session(&session_of(None)).unwrap();
    store.save_answer(&anxiety(&session, 4)).unwrap();
    drop(store);
    assert!(matches!(Store::create(&folder, &pass), Err(OpenError::Exists(_))));
    let wrong = Store::open(&folder, &Key::from_passphrase("un cheval vert"));
    assert!(matches!(wrong, Err(OpenError::WrongPassphrase(_))));
    assert!(matches!(Store::open(&folder, &Key::raw([0; 32])), Err(OpenError::WrongKey(_))));
    assert!(matches!(Store::open(&folder, &Key::demo()), Err(OpenError::NotDemo(_))));
    assert!(matches!(Store::open(&folder, &Key::from_recovery("ABCD")), Err(OpenError::NotARecoveryKey)));
    Store::open(&folder, &Key::from_recovery(recovery.as_str())).unwrap();
    Store::change_passphrase(&folder, &Key::from_recovery(recovery.as_str()), "une vache rouge").unwrap();
    assert!(matches!(Store::open(&folder, &pass), Err(OpenError::WrongPassphrase(_))));
    let store = Store::open(&folder, &Key::from_passphrase("une vache rouge")).unwrap();
    assert_eq!(store.answers(&AnswerFilter::default()).unwrap().len(), 1);
    drop(store);
    Store::open(&folder, &Key::from_recovery(recovery.as_str())).unwrap();
    let header = std::fs::read_to_string(folder.join("store.json")).unwrap();
    assert!(header.contains("argon2id") && header.contains("65536"), "{header}");
    #[cfg(unix)]
    for (name, mode) in [("", 0o700), ("store.db", 0o600), ("store.json", 0o600), ("store.lock", 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let got = std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(got, mode, "{name}");
    }
}

#[test]
fn a_demonstration_store_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path(), &Key::demo()).unwrap();
    assert!(store.is_demo() && store.take_recovery_key().is_none());
    store.check_pin(DEFAULT_STAFF, DEMO_PIN).unwrap();
    drop(store);
    assert!(matches!(Store::open(dir.path(), &Key::from_passphrase("x")), Err(OpenError::IsDemo(_))));
    Store::open(dir.path(), &Key::demo()).unwrap();
}

#[test]
fn a_store_of_the_first_schema_is_brought_up_to_date() {
    let (folder, store) = fresh();
    let session = store.start_session(&session_of(None)).unwrap();
    store.save_answer(&anxiety(&session, 4)).unwrap();
    drop(store);
    let c = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    let hex = "07".repeat(32);
    c.execute_batch(&format!(
        "PRAGMA key = \"x'{hex}'\"; ALTER TABLE answers DROP COLUMN attempt; ALTER TABLE answers DROP COLUMN by_staff;
         DROP TABLE mark_history; DROP TABLE marks; DROP TABLE snapshots; DROP TABLE preferences;
         PRAGMA user_version = 1;"
    ))
    .unwrap();
    drop(c);
    let store = Store::open(folder.path(), &raw()).unwrap();
    store.save_answer(&Answer { attempt: 2, by_staff: true, ..anxiety(&session, 6) }).unwrap();
    let found = store.answers(&AnswerFilter::default()).unwrap();
    let found: Vec<_> = found.into_iter().map(|a| (a.answer.value, a.answer.attempt, a.answer.by_staff)).collect();
    assert_eq!(found, [(AnswerValue::Whole(4), 1, false), (AnswerValue::Whole(6), 2, true)]);
    assert!(store.verify().unwrap().ok);
}

#[test]
fn a_blob_can_be_taken_back_and_only_by_whose_it_is() {
    let (_folder, store) = fresh();
    store.put_patient(&person("1", "A", "1.1")).unwrap();
    store.put_patient(&person("2", "B", "1.2")).unwrap();
    let [mine, theirs] = ["1", "2"].map(|id| store.patient_scope(id).unwrap());
    let blob = NewBlob {
        patient: None,
        session: None,
        kind: BlobKind::Sound,
        name: "open-voice",
        media_type: "audio/wav",
        data: b"RIFF",
    };
    let id = mine.save_blob(&blob).unwrap();
    assert!(matches!(theirs.remove_blob(id), Err(StoreError::NoSuchObject)));
    assert_eq!(mine.blob(id).unwrap(), b"RIFF");
    mine.remove_blob(id).unwrap();
    assert!(matches!(mine.blob(id), Err(StoreError::NoSuchObject)));
    // a cache holds one of a name, never two
    let cache = |data: &'static [u8]| NewBlob { kind: BlobKind::Cache, name: "surfaces", data, ..blob.clone() };
    mine.replace_blob(&cache(b"old")).unwrap();
    let second = mine.replace_blob(&cache(b"new")).unwrap();
    assert_eq!(mine.blob(second).unwrap(), b"new");
    mine.remove_blob(second).unwrap();
    assert_eq!(mine.find_blob(BlobKind::Cache, "surfaces").unwrap(), None, "the old one went when the new one came");
    mine.replace_blob(&cache(b"new")).unwrap();
    assert_eq!(mine.find_blob(BlobKind::Cache, "surfaces").unwrap().unwrap().1, b"new");
}
