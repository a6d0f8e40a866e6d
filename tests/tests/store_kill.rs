//! `kill -9` at any moment loses no confirmed answer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use vestibule_record::{AnswerFilter, AnswerValue, Key, Store};
use vestibule_tests::RAW_KEY;

/// xorshift: the instants are drawn by lot, the lot is the same every time.
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

struct Running {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    fn start(folder: &Path, mode: &str, first: i64, hold_ms: u64) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_store-child"))
            .arg(mode)
            .arg(folder)
            .args([first.to_string(), hold_ms.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|l| send.send(l)));
        Self { child, lines, heard: Vec::new() }
    }

    /// Listens until a line begins so, for the `nth` time.
    fn wait_for(&mut self, beginning: &str, nth: u64) {
        let mut left = nth;
        let deadline = Instant::now() + Duration::from_secs(20);
        while left > 0 {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("the child never said {beginning:?}: {:?}", self.heard));
            left -= u64::from(line.starts_with(beginning));
            self.heard.push(line);
        }
    }

    /// SIGKILL; then everything it had said.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success(), "it must not have ended by itself");
        self.heard.extend(self.lines.iter());
        self.heard
    }
}

fn numbers<'a>(heard: &'a [String], word: &'a str) -> impl Iterator<Item = i64> + 'a {
    heard.iter().filter_map(move |l| l.strip_prefix(word)?.trim().parse().ok())
}

/// Reopens and reads everything: the answers that are there, each once, and no damage.
fn kept(folder: &Path) -> BTreeSet<i64> {
    let store = Store::open(folder, &Key::raw(RAW_KEY)).unwrap();
    let found = store.verify().unwrap();
    assert!(found.ok, "{:?}", found.problems);
    let answers = store.answers(&AnswerFilter::default()).unwrap();
    let values: Vec<i64> = answers
        .iter()
        .map(|a| match a.answer.value {
            AnswerValue::Whole(n) => n,
            ref other => panic!("an answer came back as {other:?}"),
        })
        .collect();
    let set: BTreeSet<i64> = values.iter().copied().collect();
    assert_eq!(set.len(), values.len(), "an answer is there twice");
    set
}

#[test]
fn a_hundred_kills_lose_no_confirmed_answer() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::create(folder.path(), &Key::raw(RAW_KEY)).unwrap());
    let mut lot = Lot(0x5eed_0001);
    let mut confirmed = BTreeSet::new();
    let mut received = BTreeSet::new();
    let mut between = 0;
    for round in 0..100 {
        let first = received.last().map_or(0, |n| n + 1);
        let heard = if round % 2 == 0 {
            // Between an answer and its commit: its rows are written, the child waits, and there it dies.
            let mut running = Running::start(folder.path(), "answers", first, 40);
            running.wait_for("held", 1 + lot.below(3));
            std::thread::sleep(Duration::from_micros(lot.below(10_000)));
            running.kill()
        } else {
            // Anywhere: while it opens, writes, syncs, carries the WAL over.
            let mut running = Running::start(folder.path(), "answers", first, 0);
            if round % 10 != 1 {
                running.wait_for("ready", 1);
            }
            std::thread::sleep(Duration::from_micros(lot.below(80_000)));
            running.kill()
        };
        received.extend(numbers(&heard, "received"));
        confirmed.extend(numbers(&heard, "confirmed"));
        let last_held = numbers(&heard, "held").last();
        between += u32::from(last_held.is_some_and(|n| !confirmed.contains(&n)));
        let kept = kept(folder.path());
        let lost: Vec<_> = confirmed.difference(&kept).collect();
        assert!(lost.is_empty(), "round {round}: confirmed and lost: {lost:?}");
        let invented: Vec<_> = kept.difference(&received).collect();
        assert!(invented.is_empty(), "round {round}: never given: {invented:?}");
    }
    println!("100 kills, {between} of them between an answer and its commit; {} answers confirmed", confirmed.len());
    assert!(between >= 30, "only {between} kills fell between an answer and its commit");
    assert!(confirmed.len() >= 60, "only {} answers were confirmed: the child was hardly at work", confirmed.len());
}

/// The control: a program that confirms before it saves is caught.
#[test]
fn a_premature_confirmation_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::create(folder.path(), &Key::raw(RAW_KEY)).unwrap());
    let mut running = Running::start(folder.path(), "liar", 0, 200);
    running.wait_for("held", 2);
    let heard = running.kill();
    let confirmed: BTreeSet<i64> = numbers(&heard, "confirmed").collect();
    assert!(confirmed.difference(&kept(folder.path())).count() == 1, "the loss must show");
}
