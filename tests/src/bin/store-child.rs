//! The process that the store's crash tests kill. Modes:
//! `answers FOLDER FIRST HOLD_MS`: keeps answer after answer, each a line `received N`, `held N` (its rows are written,
//!   the commit has not begun; waits HOLD_MS there), `confirmed N` (only after `save_answer` returned).
//! `liar FOLDER FIRST HOLD_MS`: says `confirmed N` before it saves: proves that the test would notice.
//! `planted FOLDER`: makes a store under a passphrase, keeps the planted person and works with them until it is killed.
//! `fill FOLDER`: keeps growing blobs until the disk is full, then says what the store said.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use vestibule_record::*;
use vestibule_tests::planted;

type Any = Box<dyn std::error::Error>;

fn main() -> Result<(), Any> {
    let args: Vec<String> = std::env::args().collect();
    let folder = Path::new(&args[2]);
    match args[1].as_str() {
        "planted" => run_planted(folder),
        "fill" => run_fill(folder),
        mode => run_answers(folder, args[3].parse()?, Duration::from_millis(args[4].parse()?), mode == "liar"),
    }
}

fn new_session(patient: Option<&str>) -> NewSession {
    NewSession {
        patient: patient.map(Into::into),
        journey: "proton-first-day".into(),
        mode: "patient".into(),
        language: "fr".into(),
    }
}

fn answer(session: &SessionId, value: AnswerValue) -> Answer {
    Answer {
        session: session.clone(),
        questionnaire: "anxiety-before".into(),
        item: "anxiety".into(),
        value,
        step: "anxiety-before".into(),
        time_s: 1.0,
        language: "fr".into(),
        attempt: 1,
        by_staff: false,
    }
}

fn run_answers(folder: &Path, first: i64, hold: Duration, liar: bool) -> Result<(), Any> {
    let current = Arc::new(AtomicI64::new(-1));
    let seen = Arc::clone(&current);
    let before_commit: BeforeCommit = Box::new(move || {
        let n = seen.load(Ordering::SeqCst);
        if n >= 0 {
            println!("held {n}");
            std::thread::sleep(hold);
        }
    });
    let options = OpenOptions { before_commit: Some(before_commit), ..OpenOptions::default() };
    let store = Store::open_with(folder, &Key::raw(vestibule_tests::RAW_KEY), options)?;
    let session = store.start_session(&new_session(None))?;
    println!("ready");
    for n in first.. {
        println!("received {n}");
        if liar {
            println!("confirmed {n}");
        }
        current.store(n, Ordering::SeqCst);
        store.save_answer(&answer(&session, AnswerValue::Whole(n)))?;
        current.store(-1, Ordering::SeqCst);
        println!("confirmed {n}");
        if n % 7 == 0 {
            // Larger writes in between, so that the WAL fills and is carried over.
            let data = vec![n as u8; 60_000];
            store.save_blob(&NewBlob {
                patient: None,
                session: Some(&session),
                kind: BlobKind::Sound,
                name: "voice",
                media_type: "audio/wav",
                data: &data,
            })?;
        }
    }
    Ok(())
}

fn run_planted(folder: &Path) -> Result<(), Any> {
    let store = Store::create(folder, &Key::from_passphrase("a passphrase nobody published"))?;
    store.put_patient(&planted::patient())?;
    let scope = store.patient_scope(planted::ID)?;
    let raw: Vec<u8> = planted::row().into_iter().flat_map(i16::to_le_bytes).collect();
    let raw_f32: Vec<u8> = planted::row_f32().into_iter().flat_map(f32::to_le_bytes).collect();
    let session = scope.start_session(&new_session(None))?;
    for n in 0.. {
        // Kept as they are, uncompressed: what hides them is the cipher and nothing else.
        for data in [&raw, &raw_f32] {
            scope.save_blob(&NewBlob {
                patient: None,
                session: Some(&session),
                kind: BlobKind::Thumbnail,
                name: planted::NAME,
                media_type: "image/png",
                data,
            })?;
        }
        let patient = scope.patient()?;
        scope.put_derived(planted::UID, &patient.images[0].volume)?;
        scope.save_answer(&answer(&session, AnswerValue::Text(planted::WORDS.into())))?;
        scope.save_note(Some(&session), "Dr", planted::NAME)?;
        scope.save_events(&[Event {
            session: session.clone(),
            time_s: 0.0,
            step: planted::ID.into(),
            kind: planted::UID.into(),
            detail: planted::NAME.into(),
        }])?;
        store.put_patient(&patient)?; // replaces, so that freed pages occur too
        println!("round {n}");
    }
    Ok(())
}

fn run_fill(folder: &Path) -> Result<(), Any> {
    let store = Store::open(folder, &Key::raw(vestibule_tests::RAW_KEY))?;
    let session = store.start_session(&new_session(None))?;
    let mut data = vec![0u8; 300_000];
    for n in 0..1000i64 {
        let kept = store.save_answer(&answer(&session, AnswerValue::Whole(n)));
        let kept = kept.and_then(|_| {
            println!("confirmed {n}");
            data.iter_mut().enumerate().for_each(|(i, b)| *b = (i as i64 * 31 + n) as u8);
            store.save_blob(&NewBlob {
                patient: None,
                session: Some(&session),
                kind: BlobKind::Sound,
                name: "voice",
                media_type: "audio/wav",
                data: &data,
            })
        });
        if let Err(error) = kept {
            println!("said {error}");
            return Ok(());
        }
    }
    Err("the disk did not fill".into())
}
