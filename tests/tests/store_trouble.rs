//! What can go wrong around a store: each time one clear message, and nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use vestibule_record::*;
use vestibule_tests::RAW_KEY;

const CHILD: &str = env!("CARGO_BIN_EXE_store-child");

fn raw() -> Key {
    Key::raw(RAW_KEY)
}

/// A store with one answer in it.
fn with_an_answer(folder: &Path) {
    let store = Store::create(folder, &raw()).unwrap();
    let session = store.start_session(&NewSession { journey: "j".into(), ..Default::default() }).unwrap();
    let answer = Answer {
        session,
        questionnaire: "q".into(),
        item: "i".into(),
        value: AnswerValue::Whole(-7),
        step: "s".into(),
        time_s: 0.0,
        language: "fr".into(),
        attempt: 1,
        by_staff: false,
    };
    store.save_answer(&answer).unwrap();
}

fn values(folder: &Path) -> Vec<i64> {
    let store = Store::open(folder, &raw()).unwrap();
    assert!(store.verify().unwrap().ok);
    let answers = store.answers(&AnswerFilter::default()).unwrap();
    answers.iter().map(|a| if let AnswerValue::Whole(n) = a.answer.value { n } else { panic!("{a:?}") }).collect()
}

/// One line, says where, and what to do about it.
fn clear(error: &OpenError, folder: &Path) {
    let text = error.to_string();
    assert!(!text.contains('\n') && text.contains(folder.to_str().unwrap()), "{text}");
}

#[test]
fn a_newer_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    with_an_answer(folder.path());
    let set_version = |version: i64| -> i64 {
        let c = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        let hex: String = RAW_KEY.iter().map(|b| format!("{b:02x}")).collect();
        c.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).unwrap();
        let was = c.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        c.pragma_update(None, "user_version", version).unwrap();
        was
    };
    let present = set_version(99);
    let error = Store::open(folder.path(), &raw()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    clear(&error, folder.path());
    set_version(present);
    assert_eq!(values(folder.path()), [-7]);
    let header = folder.path().join("store.json");
    let text = std::fs::read_to_string(&header).unwrap();
    std::fs::write(&header, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::Newer { found: 2, .. })));
    std::fs::write(&header, text).unwrap();
    assert_eq!(values(folder.path()), [-7]);
}

/// Kills and reaps whatever happens.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_process_is_told_who_holds_the_store() {
    let folder = tempfile::tempdir().unwrap();
    with_an_answer(folder.path());
    let mut child = Reaped(
        Command::new(CHILD).arg("answers").arg(folder.path()).args(["0", "5"]).stdout(Stdio::piped()).spawn().unwrap(),
    );
    let mut said = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(said.next().as_deref(), Some("ready"));
    std::thread::spawn(move || said.count()); // keeps the pipe from filling
    let error = Store::open(folder.path(), &raw()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&child.0.id().to_string()), "{error}");
    clear(&error, folder.path());
    drop(child);
    assert!(values(folder.path()).contains(&-7));
}

/// A small file system of its own, or None where we may not mount one.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(size: &str) -> Option<Self> {
        let at = tempfile::tempdir().unwrap().keep();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&at)
            .stderr(Stdio::null())
            .status();
        done.is_ok_and(|s| s.success()).then_some(Self(at))
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Runs the filling child; what it confirmed must be there, and what it was told must be clear.
fn fills(folder: &Path, command: &mut Command) {
    let out = command.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{text}");
    let said = text.lines().find_map(|l| l.strip_prefix("said ")).expect("it says why it stopped");
    assert!(said.starts_with("the disk is full"), "{said}");
    let confirmed: Vec<i64> = text.lines().filter_map(|l| l.strip_prefix("confirmed ")?.parse().ok()).collect();
    assert!(confirmed.len() > 3, "{text}");
    let mut kept = values(folder);
    assert_eq!(kept.remove(0), -7);
    assert!(kept.starts_with(&confirmed), "{confirmed:?} confirmed, {kept:?} kept");
    assert!(kept.len() <= confirmed.len() + 1);
}

#[test]
fn a_file_that_may_not_grow_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    with_an_answer(folder.path());
    // A limit on the size of files stands in for a full disk wherever no file system can be mounted.
    let script = "ulimit -f 12000; trap '' XFSZ; exec \"$0\" fill \"$1\"";
    fills(folder.path(), Command::new("sh").args(["-c", script, CHILD]).arg(folder.path()));
}

#[test]
fn a_full_disk_loses_nothing() {
    let Some(disk) = Tmpfs::mount("9m") else {
        println!("SKIPPED a_full_disk_loses_nothing: no right to mount a small file system here");
        return;
    };
    with_an_answer(&disk.0);
    // It fills; then somebody makes room, and everything confirmed is there.
    let make_room = disk.0.join("room");
    std::fs::write(&make_room, vec![1u8; 3 << 20]).unwrap();
    let out = Command::new(CHILD).arg("fill").arg(&disk.0).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("said the disk is full"), "{text}");
    std::fs::remove_file(make_room).unwrap();
    let confirmed: Vec<i64> = text.lines().filter_map(|l| l.strip_prefix("confirmed ")?.parse().ok()).collect();
    assert!(values(&disk.0)[1..].starts_with(&confirmed), "{text}");
    // No room even to begin: one message, and no half store stays behind.
    let full = Tmpfs::mount("64k").unwrap();
    let error = Store::create(&full.0, &raw()).unwrap_err();
    assert!(matches!(error, OpenError::DiskFull(_)), "{error}");
    clear(&error, &full.0);
    assert!(!Store::exists(&full.0));
    full.remount("size=4m");
    with_an_answer(&full.0);
    assert_eq!(values(&full.0), [-7]);
}

#[test]
fn a_read_only_folder_is_named() {
    let check = |folder: &Path| {
        let error = Store::open(folder, &raw()).unwrap_err();
        assert!(matches!(error, OpenError::ReadOnly(_)), "{error}");
        clear(&error, folder);
        let error = Store::create(&folder.join("new"), &raw()).unwrap_err();
        assert!(matches!(error, OpenError::ReadOnly(_)), "{error}");
    };
    if let Some(disk) = Tmpfs::mount("9m") {
        with_an_answer(&disk.0);
        disk.remount("ro");
        check(&disk.0);
        disk.remount("rw");
        assert_eq!(values(&disk.0), [-7]);
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    with_an_answer(folder.path());
    let mode = |mode| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    let lock = folder.path().join("store.lock");
    std::fs::remove_file(&lock).unwrap();
    mode(0o500);
    if std::fs::write(&lock, "").is_ok() {
        mode(0o700);
        println!("SKIPPED a_read_only_folder_is_named: nothing is read-only for root, and it may not mount");
        return;
    }
    check(folder.path());
    mode(0o700);
    assert_eq!(values(folder.path()), [-7]);
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::Missing(_))));
    with_an_answer(folder.path());
    let [db, header] = ["store.db", "store.json"].map(|n| std::fs::read(at(n)).unwrap());

    std::fs::remove_file(at("store.json")).unwrap();
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::HeaderGone(_))));
    assert!(matches!(Store::create(folder.path(), &raw()), Err(OpenError::Exists(_))), "never over what is there");
    std::fs::write(at("store.json"), &header[..header.len() / 2]).unwrap();
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::DamagedHeader(_))));
    std::fs::write(at("store.json"), &header).unwrap();

    std::fs::remove_file(at("store.db")).unwrap();
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::DatabaseGone(_))));
    assert!(
        matches!(Store::create(folder.path(), &raw()), Err(OpenError::Exists(_))),
        "its key would be gone for good"
    );

    // One bit turned in a page that opening does not read: verify finds it.
    let mut turned = db.clone();
    let middle = turned.len() - 4096 / 2;
    turned[middle] ^= 1;
    std::fs::write(at("store.db"), &turned).unwrap();
    let store = Store::open(folder.path(), &raw());
    assert!(!store.is_ok_and(|s| s.verify().is_ok_and(|v| v.ok)), "damage must show");
    // The first page: it does not open, and says so.
    turned[100] ^= 1;
    std::fs::write(at("store.db"), &turned).unwrap();
    assert!(matches!(Store::open(folder.path(), &raw()), Err(OpenError::WrongKey(_))));
    std::fs::write(at("store.db"), &db).unwrap();
    assert_eq!(values(folder.path()), [-7]);
}

#[test]
fn a_creation_cut_short_completes_or_starts_anew() {
    // Cut after the header was written: the database still has its provisional name.
    let folder = tempfile::tempdir().unwrap();
    with_an_answer(folder.path());
    std::fs::rename(folder.path().join("store.db"), folder.path().join("store.new")).unwrap();
    assert_eq!(values(folder.path()), [-7]);
    // Cut before: a database that no header opens. It holds nothing yet and is made anew.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("store.new"), b"half").unwrap();
    with_an_answer(folder.path());
    assert_eq!(values(folder.path()), [-7]);
}

#[test]
fn a_backup_is_a_whole_store() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    with_an_answer(&at("store"));
    let store = Store::open(&at("store"), &raw()).unwrap();
    store.backup(&at("copy")).unwrap();
    assert!(matches!(store.backup(&at("copy")), Err(OpenError::Exists(_))));
    assert!(matches!(Store::restore(&at("copy"), &at("store")), Err(OpenError::InUse { .. } | OpenError::Exists(_))));
    drop(store);
    Store::restore(&at("copy"), &at("back")).unwrap();
    assert_eq!(values(&at("back")), [-7]);
    assert_eq!(values(&at("copy")), [-7]);
    assert_eq!(values(&at("store")), [-7]);
}
