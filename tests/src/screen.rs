//! A screen that nobody sees, and a hand at its keyboard and mouse.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A program that is ended and reaped whatever happens.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A virtual screen of its own.
pub struct Screen {
    _server: Running,
    /// What goes into `DISPLAY`.
    pub display: String,
}

impl Screen {
    /// A screen of this many pixels. It panics where `Xvfb` is missing (`tools/test` installs it).
    pub fn new(width: u32, height: u32) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("Xvfb: {e}; tools/test installs it"));
        let mut number = String::new();
        if let Some(out) = server.stdout.take() {
            BufReader::new(out).read_line(&mut number).unwrap_or_else(|e| panic!("Xvfb says no number: {e}"));
        }
        Self { _server: Running(server), display: format!(":{}", number.trim()) }
    }

    /// What `xdotool` answers.
    pub fn xdotool(&self, args: &[&str]) -> String {
        done(Command::new("xdotool").args(args).env("DISPLAY", &self.display))
    }

    /// The program's window, alone on the screen, with the keys going to it.
    pub fn take_window(&self, width: u32, height: u32) {
        let found = self.xdotool(&["search", "--sync", "--onlyvisible", "--name", "Vestibule"]);
        let window = found.lines().last().unwrap_or_default();
        self.xdotool(&["windowmove", window, "0", "0"]);
        self.xdotool(&["windowsize", window, &width.to_string(), &height.to_string()]);
        self.xdotool(&["windowfocus", window]);
    }

    /// Presses and lets go of a key.
    pub fn key(&self, key: &str) {
        self.xdotool(&["key", key]);
    }

    /// Moves the mouse to a pixel, waits, and does the rest.
    fn mouse(&self, at: [f64; 2], wait_s: &str, rest: &[&str]) {
        let [x, y] = at.map(|v| format!("{v:.0}"));
        self.xdotool(&[&["mousemove", &x, &y, "sleep", wait_s], rest].concat());
    }

    /// Turns the wheel over a pixel by one notch. `held`: a key that is down meanwhile.
    pub fn wheel(&self, at: [f64; 2], up: bool, held: Option<&str>) {
        let turn = ["click", if up { "4" } else { "5" }];
        match held {
            Some(key) => self.mouse(
                at,
                "0.5",
                &[&["keydown", key, "sleep", "1"], &turn[..], &["sleep", "1", "keyup", key]].concat(),
            ),
            None => self.mouse(at, "0.5", &turn),
        }
    }

    /// Clicks a pixel twice, so quickly that a slow program has both in one frame.
    pub fn double_click(&self, at: [f64; 2]) {
        self.mouse(at, "1", &["click", "--repeat", "2", "--delay", "15", "1"]);
    }

    /// Moves the mouse to a pixel and clicks, slowly enough for a program that draws a few pictures a second.
    pub fn click(&self, at: [f64; 2]) {
        self.mouse(at, "0.3", &["mousedown", "1", "sleep", "0.3", "mouseup", "1"]);
    }

    /// Presses a button at a pixel (1 left, 2 middle, 3 right), moves to another, and lets go; each so slowly that every program has drawn
    /// between.
    pub fn drag(&self, button: u8, from: [f64; 2], to: [f64; 2]) {
        let button = button.to_string();
        self.mouse(from, "0.5", &["mousedown", &button, "sleep", "1"]);
        self.mouse(to, "1.5", &["mouseup", &button]);
    }
}

/// Runs to the end and gives what was said on standard output; panics with what went wrong.
pub fn done(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Where the newest `pixel WHERE NAME X Y` line puts something.
pub fn pixel<'a>(events: impl DoubleEndedIterator<Item = &'a str>, place: &str, name: &str) -> Option<[f64; 2]> {
    let start = format!("pixel {place} {name} ");
    let at = events.rev().find_map(|e| e.strip_prefix(&start))?;
    let (x, y) = at.split_once(' ')?;
    Some([x.parse().ok()?, y.parse().ok()?])
}
