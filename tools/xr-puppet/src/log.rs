//! The program's log: lines that are waited for, and where it says its panels are.

use crate::state::V;
use std::collections::{HashMap, VecDeque};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(120);

/// A log that grows.
pub struct Log {
    path: String,
    read: usize,
    lines: VecDeque<String>,
    panels: HashMap<String, [V; 3]>,
}

impl Log {
    /// Of this file, from its beginning.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), read: 0, lines: VecDeque::new(), panels: HashMap::new() }
    }

    /// Takes in new whole lines.
    fn news(&mut self) {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let end = text.rfind('\n').map_or(0, |i| i + 1).max(self.read);
        let lines: Vec<String> = text.get(self.read..end).unwrap_or("").lines().map(String::from).collect();
        self.read = end;
        for line in &lines {
            let mut words = line.split(' ');
            if words.next() != Some("EVENT") {
                continue;
            }
            let name = words.nth(1).unwrap_or_default().to_owned();
            let f: Vec<f32> = words.filter_map(|w| w.parse().ok()).collect();
            if let [a, b, c, d, e, g, i, j, k] = f[..] {
                self.panels.insert(name, [[a, b, c], [d, e, g], [i, j, k]]);
            }
        }
        self.lines.extend(lines);
    }

    /// Waits for a line with this text; it is used up, the others stay (the order of a slow start differs from run to run).
    pub fn wait(&mut self, text: &str) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.news();
            if let Some(i) = self.lines.iter().position(|l| l.contains(text)) {
                self.lines.remove(i);
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("no line with '{text}' in {} s", PATIENCE.as_secs()));
            }
            sleep(Duration::from_millis(30));
        }
    }

    /// Forgets all lines so far.
    pub fn forget(&mut self) {
        self.news();
        self.lines.clear();
    }

    /// Centre, half width and half height of a panel.
    pub fn panel(&mut self, name: &str) -> Result<[V; 3], String> {
        self.news();
        self.panels.get(name).copied().ok_or_else(|| format!("the program has not said where '{name}' is"))
    }
}
