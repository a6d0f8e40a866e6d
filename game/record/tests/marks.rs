//! What clinicians leave in a review: kept, changed, withdrawn, never lost, and never a patient's to read.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use vestibule_patient::Patient;
use vestibule_record::*;

fn raw() -> Key {
    Key::raw([7; 32])
}

/// A store with two people in it, and the member of staff `anne` let in.
fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), &raw()).unwrap();
    for id in ["P1", "P2"] {
        store.put_patient(&Patient { id: id.into(), name: format!("{id}^SECRET"), ..Patient::default() }).unwrap();
    }
    store.set_pin("anne", "4711").unwrap();
    store.check_pin("anne", "4711").unwrap();
    (folder, store)
}

fn note(text: &str) -> NewMark<'_> {
    NewMark {
        kind: MarkKind::Note,
        text,
        position_mm: Some([-29.0, 13.000_000_000_000_002, 0.1]),
        format: 3,
        body: &[0, 255, 7],
    }
}

fn dicom(fill: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![fill; length];
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

fn said(store: &Store) -> Vec<(String, String, String)> {
    let entries = store.audit().unwrap().into_iter();
    entries.filter(|e| e.action.starts_with("mark-")).map(|e| (e.who, e.action, e.detail)).collect()
}

#[test]
fn marks_come_back_as_they_were_left_and_nothing_of_them_is_lost() {
    let (folder, store) = fresh();
    let first = store.add_mark("P1", &note("Écart à revoir")).unwrap();
    let view = NewMark { kind: MarkKind::Bookmark, text: "", position_mm: None, format: 1, body: b"" };
    let second = store.add_mark("P1", &view).unwrap();
    store.add_mark("P2", &NewMark { kind: MarkKind::Measure, ..note("12 mm") }).unwrap();
    drop(store);

    let store = Store::open(folder.path(), &raw()).unwrap();
    store.set_pin("paul", "1234").unwrap();
    store.check_pin("paul", "1234").unwrap();
    let [a, b] = store.marks("P1").unwrap().try_into().unwrap();
    let as_new = |m: &Mark| (m.kind, m.text.clone(), m.position_mm, m.format, m.body.clone());
    assert_eq!((a.id, b.id), (first, second));
    assert_eq!(as_new(&a), (MarkKind::Note, "Écart à revoir".into(), note("").position_mm, 3, vec![0, 255, 7]));
    assert_eq!(as_new(&b), (MarkKind::Bookmark, String::new(), None, 1, vec![]));
    assert!(a.author == "staff anne" && !a.withdrawn && a.created_at == a.changed_at);

    store.change_mark(first, &NewMark { position_mm: None, ..note("2 mm") }).unwrap();
    let changed = store.marks("P1").unwrap().remove(0);
    assert_eq!((changed.text.as_str(), changed.position_mm, changed.author.as_str()), ("2 mm", None, "staff paul"));
    assert_eq!(changed.created_at, a.created_at);
    assert_eq!(store.mark_history(first).unwrap(), [a]);

    store.withdraw_mark(first).unwrap();
    assert_eq!(store.marks("P1").unwrap(), [b]);
    let all = store.all_marks("P1").unwrap();
    assert_eq!((all.len(), all[0].withdrawn, all[0].text.as_str()), (2, true, "2 mm"));
    assert!(matches!(store.change_mark(first, &note("x")), Err(StoreError::Withdrawn)));
    assert!(matches!(store.withdraw_mark(first), Err(StoreError::Withdrawn)));
    assert!(matches!(store.withdraw_mark(MarkId(99)), Err(StoreError::NoSuchObject)));
    assert!(matches!(store.add_mark("P9", &note("x")), Err(StoreError::NoSuchPatient)));
    for bad in [f64::NAN, f64::INFINITY] {
        let nowhere = NewMark { position_mm: Some([0.0, bad, 0.0]), ..note("x") };
        assert!(matches!(store.add_mark("P1", &nowhere), Err(StoreError::NotAPosition)));
        assert!(matches!(store.change_mark(second, &nowhere), Err(StoreError::NotAPosition)));
    }
    assert!(store.mark_history(second).unwrap().is_empty(), "a change that fails leaves no trace");
    let entry = |who: &str, action: &str, detail: &str| (who.to_owned(), action.to_owned(), detail.to_owned());
    assert_eq!(
        said(&store),
        [
            entry("staff anne", "mark-kept", "note 1"),
            entry("staff anne", "mark-kept", "bookmark 2"),
            entry("staff anne", "mark-kept", "measure 3"),
            entry("staff paul", "mark-changed", "note 1"),
            entry("staff paul", "mark-withdrawn", "mark 1"),
        ]
    );
}

#[test]
fn snapshots_come_back_to_the_byte_and_go_with_their_patient() {
    let (folder, store) = fresh();
    let large = dicom(9, 5_000_000);
    let key = store.add_snapshot("P1", "Isodose 95 %", &large).unwrap();
    let other = store.add_snapshot("P2", "B", &dicom(1, 200)).unwrap();
    store.add_mark("P1", &note("a")).unwrap();
    let changed = store.add_mark("P1", &note("b")).unwrap();
    store.change_mark(changed, &note("c")).unwrap();
    for bad in [&b"RIFF"[..], &[0; 132], b""] {
        assert!(matches!(store.add_snapshot("P1", "x", bad), Err(StoreError::NotDicom)));
    }
    let copy = tempfile::tempdir().unwrap();
    store.backup(copy.path()).unwrap();
    drop(store);
    for path in [folder.path(), copy.path()] {
        let store = Store::open(path, &raw()).unwrap();
        let list = store.snapshots("P1").unwrap();
        assert_eq!((list.len(), list[0].id, list[0].title.as_str()), (1, key, "Isodose 95 %"));
        assert_eq!((list[0].bytes, list[0].author.as_str()), (5_000_000, "staff anne"));
        assert!(store.snapshot_bytes(key).unwrap() == large);
        let found = store.verify().unwrap();
        assert!(found.ok && found.marks == 2 && found.snapshots == 2, "{found:?}");
    }

    let store = Store::open(folder.path(), &raw()).unwrap();
    store.remove_patient("P1").unwrap();
    assert!(matches!(store.marks("P1"), Err(StoreError::NoSuchPatient)));
    assert!(matches!(store.snapshot_bytes(key), Err(StoreError::NoSuchObject)));
    assert!(store.mark_history(changed).unwrap().is_empty());
    assert_eq!(store.snapshot_bytes(other).unwrap(), dicom(1, 200));
    let found = store.verify().unwrap();
    assert!(found.ok && found.marks == 0 && found.snapshots == 1, "{found:?}");
    let audit = format!("{:?}", store.audit().unwrap());
    assert!(audit.contains("snapshot-kept") && !audit.contains("P1") && !audit.contains("Isodose"));
}

#[test]
fn a_review_is_for_staff_and_of_one_patient() {
    let (_folder, store) = fresh();
    let theirs = store.add_mark("P2", &note("theirs")).unwrap();
    let picture = store.add_snapshot("P2", "theirs", &dicom(1, 200)).unwrap();
    let review = store.review_scope("P1").unwrap();
    let mine = review.add_mark(&note("mine")).unwrap();
    assert_eq!(review.marks().unwrap().iter().map(|m| m.id).collect::<Vec<_>>(), [mine]);
    assert!(matches!(review.change_mark(theirs, &note("x")), Err(StoreError::OtherPatient)));
    assert!(matches!(review.withdraw_mark(theirs), Err(StoreError::OtherPatient)));
    assert!(matches!(review.snapshot_bytes(picture), Err(StoreError::NoSuchObject)));
    let own = review.add_snapshot("mine", &dicom(2, 300)).unwrap();
    assert_eq!((review.snapshots().unwrap().len(), review.snapshot_bytes(own).unwrap()), (1, dicom(2, 300)));
    assert!(matches!(store.review_scope("P9"), Err(StoreError::NoSuchPatient)));

    // A patient's run has no such handle, is given none, and reaches neither through what it has.
    for who in ["patient", "local", "user anne"] {
        store.set_actor(who);
        assert!(matches!(store.review_scope("P1"), Err(StoreError::StaffOnly)), "{who}");
    }
    let scope = store.patient_scope("P1").unwrap();
    assert!(scope.notes().unwrap().is_empty());
    assert!((0..10).all(|n| scope.blob(BlobId(n)).is_err()), "a snapshot is no blob");
}

#[test]
fn settings_are_each_ones_own_and_the_last_one_holds() {
    let (folder, store) = fresh();
    assert_eq!(store.preference("anne", "window").unwrap(), None);
    store.set_preference("anne", "window", "40,400").unwrap();
    store.set_preference("paul", "window", "").unwrap();
    store.set_preference("anne", "window", "50,350").unwrap();
    store.set_preference("anne", "text", "large").unwrap();
    drop(store);
    let store = Store::open(folder.path(), &raw()).unwrap();
    let of = |staff, name| store.preference(staff, name).unwrap();
    assert_eq!((of("anne", "window").as_deref(), of("paul", "window").as_deref()), (Some("50,350"), Some("")));
    assert_eq!((of("anne", "text").as_deref(), of("paul", "text")), (Some("large"), None));
    let entries = store.audit().unwrap();
    assert_eq!(entries.iter().filter(|e| e.action == "preference-set" && e.subject == "staff anne").count(), 3);
}

#[test]
fn a_store_of_the_second_schema_is_brought_up_to_date() {
    let (folder, store) = fresh();
    drop(store);
    let c = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    c.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; DROP TABLE mark_history; DROP TABLE marks; DROP TABLE snapshots;
         DROP TABLE preferences; PRAGMA user_version = 2;",
        "07".repeat(32)
    ))
    .unwrap();
    drop(c);
    let store = Store::open(folder.path(), &raw()).unwrap();
    assert_eq!(store.patients().unwrap().len(), 2);
    store.add_mark("P1", &note("new")).unwrap();
    assert_eq!(store.marks("P1").unwrap().len(), 1);
    assert!(store.verify().unwrap().ok);
}
