//! What a test may assert on: one line `EVENT seconds what` on standard output, flushed at once. Silent unless asked for.

use bevy::prelude::{Resource, Vec2};
use std::fmt::Arguments;
use std::io::Write;
use std::time::Instant;

/// The event lines of this run.
#[derive(Resource, Clone, Copy)]
pub struct Events {
    start: Instant,
    on: bool,
}

impl Events {
    /// Lines are printed only when `on`.
    pub fn new(on: bool) -> Self {
        Self { start: Instant::now(), on }
    }

    /// Whether anybody listens.
    pub fn on(&self) -> bool {
        self.on
    }

    /// Says where in the window things lie that can be clicked, pixels: `pixel WHERE NAME X Y`, only what has moved since
    /// `told`.
    pub fn places(&self, place: &str, all: Vec<(String, Vec2)>, told: &mut Vec<(String, Vec2)>) {
        if *told == all {
            return;
        }
        for (name, at) in all.iter().filter(|a| !told.contains(a)) {
            self.say(format_args!("pixel {place} {name} {:.0} {:.0}", at.x, at.y));
        }
        *told = all;
    }

    /// Says what stands written in a place, all of it where anything has changed since `told`: `written WHERE COUNT`, then as many lines
    /// `text WHERE WORDS`.
    pub fn texts(&self, place: &str, all: Vec<String>, told: &mut Vec<String>) {
        if *told == all {
            return;
        }
        self.say(format_args!("written {place} {}", all.len()));
        for text in &all {
            self.say(format_args!("text {place} {}", text.replace('\n', " / ")));
        }
        *told = all;
    }

    /// Prints one line. Never say anything of a person here.
    pub fn say(&self, what: Arguments) {
        if self.on {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "EVENT {:.2} {what}", self.start.elapsed().as_secs_f32());
            let _ = out.flush();
        }
    }
}
