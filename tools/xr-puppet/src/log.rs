//! The program's log: lines that are waited for, and where it says its panels are.

use crate::state::V;
use std::collections::{HashMap, VecDeque};

/// A log that grows.
pub struct Log {
    path: String,
    read: usize,
    lines: VecDeque<String>,
    panels: HashMap<String, [V; 3]>,
    buttons: HashMap<(String, String), [f32; 2]>,
    hovers: HashMap<String, String>,
}

impl Log {
    /// Of this file, from its beginning.
    pub fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            read: 0,
            lines: VecDeque::new(),
            panels: HashMap::new(),
            buttons: HashMap::new(),
            hovers: HashMap::new(),
        }
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
            if name == "button" {
                let rest: Vec<&str> = words.collect();
                if let [panel, id, u, v] = rest[..]
                    && let (Ok(u), Ok(v)) = (u.parse(), v.parse())
                {
                    self.buttons.insert((panel.to_owned(), id.to_owned()), [u, v]);
                }
                continue;
            }
            if name == "hover" {
                if let (Some(panel), Some(id)) = (words.next(), words.next()) {
                    self.hovers.insert(panel.to_owned(), id.to_owned());
                }
                continue;
            }
            let f: Vec<f32> = words.filter_map(|w| w.parse().ok()).collect();
            if let [a, b, c, d, e, g, i, j, k] = f[..] {
                self.panels.insert(name, [[a, b, c], [d, e, g], [i, j, k]]);
            }
        }
        self.lines.extend(lines);
    }

    /// True if there is a line with this text; it is used up, the others stay (the order of a slow start differs from run to
    /// run).
    pub fn take(&mut self, text: &str) -> bool {
        self.news();
        let found = self.lines.iter().position(|l| l.contains(text));
        found.is_some_and(|i| self.lines.remove(i).is_some())
    }

    /// Where a button of a panel is, 0 to 1 from the top left.
    pub fn button(&mut self, panel: &str, id: &str) -> Option<[f32; 2]> {
        self.news();
        self.buttons.get(&(panel.to_owned(), id.to_owned())).copied()
    }

    /// What of a panel the pointer is on; `none` for nothing.
    pub fn hover(&mut self, panel: &str) -> &str {
        self.news();
        self.hovers.get(panel).map_or("none", String::as_str)
    }

    /// A new program writes on: what the old one's panels were counts no more.
    pub fn anew(&mut self) {
        self.forget();
        self.panels.clear();
        self.buttons.clear();
        self.hovers.clear();
    }

    /// Forgets all lines so far.
    pub fn forget(&mut self) {
        self.news();
        self.lines.clear();
    }

    /// Forgets all lines so far with this text.
    pub fn forget_of(&mut self, text: &str) {
        self.news();
        self.lines.retain(|l| !l.contains(text));
    }

    /// Centre, half width and half height of a panel.
    pub fn panel(&mut self, name: &str) -> Result<[V; 3], String> {
        self.news();
        self.panels.get(name).copied().ok_or_else(|| format!("the program has not said where '{name}' is"))
    }
}
