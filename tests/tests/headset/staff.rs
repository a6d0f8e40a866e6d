//! Staff at the window beside a headset: they see its screen and know what the program has said.

use std::path::Path;
use std::time::{Duration, Instant};
use vestibule_tests::screen::{Screen, pixel};

/// Longest wait for one thing; only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(240);

/// Staff.
pub struct Staff<'a> {
    screen: &'a Screen,
    log: &'a Path,
    /// `WHERE` of the lines that say where something lies.
    place: &'static str,
    /// Events that were waited for already.
    seen: usize,
}

impl<'a> Staff<'a> {
    /// Before this screen; what lies there is told as lying in `place`.
    pub fn new(screen: &'a Screen, log: &'a Path, place: &'static str) -> Self {
        Self { screen, log, place, seen: 0 }
    }

    /// All that the program has said.
    pub fn events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let event = |l: &str| l.strip_prefix("EVENT ")?.split_once(' ').map(|e| e.1.to_owned());
        whole.lines().filter_map(event).collect()
    }

    /// The next event that begins with one of these words; None once nobody can be waited for any longer.
    pub fn wait(&mut self, any: &[&str], patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            let events = self.events();
            let mut fresh = events.iter().enumerate().skip(self.seen);
            if let Some((i, e)) = fresh.find(|e| any.iter().any(|a| e.1.starts_with(a))) {
                self.seen = i + 1;
                return Some(e.clone());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// The next event that begins with this; panics where none comes.
    pub fn expect(&mut self, what: &str) -> String {
        self.wait(&[what], PATIENCE).unwrap_or_else(|| panic!("no '{what}' came: {:#?}", self.last()))
    }

    /// Where something lies in the window, as far as the program has said.
    pub fn at(&self, name: &str) -> Option<[f64; 2]> {
        pixel(self.events().iter().map(String::as_str), self.place, name)
    }

    fn last(&self) -> Vec<String> {
        let events = self.events();
        events[events.len().saturating_sub(20)..].to_vec()
    }

    /// Clicks on something in the window and waits for what comes of it. A headset that draws in software shows the window a
    /// few times a second: a click that no picture saw is made again.
    pub fn click(&mut self, name: &str, answer: &[&str]) -> String {
        for _ in 0..6 {
            if let Some(at) = self.at(name) {
                self.screen.click(at);
            }
            if let Some(event) = self.wait(answer, Duration::from_secs(20)) {
                return event;
            }
        }
        panic!("{name} in the window did nothing: {:#?}", self.last());
    }
}
