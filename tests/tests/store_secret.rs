//! Nothing of a person lies readable on the disk, while the program runs and after it was killed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use vestibule_record::{Key, Store};
use vestibule_tests::planted;

/// The control first: each planted thing is found where it lies plainly, and in a store that is not encrypted.
#[test]
fn the_search_finds_what_is_not_hidden() {
    let folder = tempfile::tempdir().unwrap();
    for (n, (what, bytes)) in planted::needles().into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.bin"));
        std::fs::write(&path, [b"before".as_slice(), &bytes, b"after"].concat()).unwrap();
        let hits = planted::search(std::slice::from_ref(&path));
        assert!(hits.iter().any(|h| h.starts_with(what)), "{what} was not found: {hits:?}");
        std::fs::remove_file(path).unwrap();
    }
    let row: Vec<u8> = planted::row().into_iter().flat_map(i16::to_le_bytes).collect();
    let c = rusqlite::Connection::open(folder.path().join("plain.db")).unwrap();
    c.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (name TEXT, data BLOB)").unwrap();
    c.execute("INSERT INTO t VALUES (?1, ?2)", rusqlite::params![planted::NAME, row]).unwrap();
    let hits = planted::search(&planted::files(&[folder.path()], None));
    for what in ["name in", "voxels as i16 in"] {
        assert!(hits.iter().any(|h| h.starts_with(what)), "{what}: {hits:?}");
    }
}

#[test]
fn a_store_under_a_passphrase_shows_nothing() {
    let home = tempfile::tempdir().unwrap();
    let [store, temp, cache] = ["store", "temp", "cache"].map(|n| home.path().join(n));
    [&temp, &cache].iter().for_each(|f| std::fs::create_dir(f).unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_store-child"))
        .arg("planted")
        .arg(&store)
        .current_dir(&temp)
        .env("TMPDIR", &temp)
        .env("SQLITE_TMPDIR", &temp)
        .env("XDG_CACHE_HOME", &cache)
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut searched = 0u64;
    let mut look = |when: &str, process: Option<u32>| {
        let files = planted::files(&[home.path()], process);
        searched += files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum::<u64>();
        let hits = planted::search(&files);
        assert!(hits.is_empty(), "{when}: {hits:?}");
    };
    // While it works: at no agreed moment, and right after it said that a round was done.
    for round in 0..6 {
        assert!(said.next().is_some(), "the child ended by itself");
        look(&format!("round {round}"), Some(child.id()));
        std::thread::sleep(std::time::Duration::from_millis(7 * round));
        look(&format!("within round {round}"), Some(child.id()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    look("after the kill", None);
    let wal = std::fs::metadata(store.join("store.db-wal")).map_or(0, |m| m.len());
    assert!(wal > 100_000, "the WAL was searched while it held something ({wal} bytes)");
    reopened(&store);
    look("after it was opened again", None);
    println!("searched {searched} bytes");
}

fn reopened(folder: &Path) {
    let store = Store::open(folder, &Key::from_passphrase("a passphrase nobody published")).unwrap();
    assert!(store.verify().unwrap().ok);
    let back = store.patient(planted::ID).unwrap();
    assert_eq!(back.name, planted::NAME);
    assert_eq!(back.images[0].volume.data[..256], planted::row_f32());
}
