//! The program in a window of its own screen, with a hand at keyboard and mouse, and what it says of itself.

use crate::place::root;
use crate::screen::{Running, Screen, pixel};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for one thing; only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, its screen and its event lines.
pub struct Window {
    /// The screen.
    pub screen: Screen,
    /// The program.
    pub program: Running,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// What came on standard error.
    complaints: Arc<Mutex<Vec<String>>>,
    /// `WHERE` of the lines that say where something lies.
    place: &'static str,
    /// Nothing was said for so long: the picture stands still.
    still: Duration,
}

impl Window {
    /// Starts the program on a screen of this size; `more` gives it its arguments and environment.
    pub fn start(
        program: &Path,
        size: [u32; 2],
        place: &'static str,
        still: Duration,
        more: impl FnOnce(&mut Command),
    ) -> Self {
        let screen = Screen::new(size[0], size[1]);
        let mut command = Command::new(root().join("tools/drawn"));
        command.arg(program);
        more(&mut command);
        let folder = program.parent().unwrap_or(program);
        let mut child = command
            .env("DISPLAY", &screen.display)
            .env("DRAWN_BIND", folder)
            .env("VESTIBULE_EVENTS", "1")
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(root())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("tools/drawn: {e}"));
        let (out, lines) = channel();
        let complaints = Arc::new(Mutex::new(Vec::new()));
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            let stdout = BufReader::new(stdout);
            std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|l| out.send(l)));
            let kept = complaints.clone();
            std::thread::spawn(move || {
                let lines = BufReader::new(stderr).lines().map_while(Result::ok);
                lines.for_each(|l| kept.lock().unwrap_or_else(PoisonError::into_inner).push(l));
            });
        }
        Self { screen, program: Running(child), lines, seen: Vec::new(), complaints, place, still }
    }

    /// The next event line that begins with one of these words, after its seconds.
    pub fn wait(&mut self, any: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|e| {
                let last = &self.seen[self.seen.len().saturating_sub(12)..];
                let said = self.complaints.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
                panic!("no {any:?} came ({e}); the last lines: {last:#?}\n{said}")
            });
            let event = line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
            self.seen.push(event.clone());
            if any.iter().any(|a| event.starts_with(a)) {
                return event;
            }
        }
    }

    /// Presses a key and waits for the event that answers it.
    pub fn press(&mut self, key: &str, answer: &str) -> String {
        self.screen.key(key);
        self.wait(&[answer])
    }

    /// Where the program says that something lies, once nothing moves any more.
    pub fn at(&mut self, name: &str) -> [f64; 2] {
        loop {
            while let Ok(line) = self.lines.recv_timeout(self.still) {
                self.seen.push(line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned());
            }
            match pixel(self.seen.iter().map(String::as_str), self.place, name) {
                Some(at) => return at,
                None => drop(self.wait(&[&format!("pixel {} {name} ", self.place)])),
            }
        }
    }

    /// Clicks there, and waits for the event that answers.
    pub fn click(&mut self, name: &str, answer: &str) -> String {
        let at = self.at(name);
        self.screen.click(at);
        self.wait(&[answer])
    }

    /// All that stands written, once it is `enough`.
    pub fn written(&mut self, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        let (begin, text) = (format!("written {} ", self.place), format!("text {} ", self.place));
        loop {
            if let Some(from) = self.seen.iter().rposition(|e| e.starts_with(&begin)) {
                let count: usize = self.seen[from][begin.len()..].parse().unwrap_or(0);
                while self.seen[from..].iter().filter(|e| e.starts_with(&text)).count() < count {
                    self.wait(&[&text]);
                }
                let all = self.seen[from..].iter().filter_map(|e| e.strip_prefix(&text));
                let all: Vec<_> = all.take(count).map(str::to_owned).collect();
                if enough(&all) {
                    return all;
                }
            }
            self.wait(&[&begin]);
        }
    }
}
