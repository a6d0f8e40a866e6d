//! Plays a headset and a right controller for tests: speaks the protocol of Monado's remote driver, reads a script, and waits
//! for lines of the program's log, not for times.
//!
//! `xr-puppet PORT LOG CONTROL_DIR < script`. Places are metres in the runtime's stage space (y up, −z ahead). Commands, one
//! a line, `#` starts a remark:
//!
//! | command | does |
//! |---|---|
//! | `head X Y Z TX TY TZ` | eye at X Y Z looking at TX TY TZ |
//! | `look PANEL U V` | head turns to a point of a panel (0 0 = top left) |
//! | `hand X Y Z TX TY TZ` | right controller pointing |
//! | `aim PANEL U V` | controller turns to a point of a panel |
//! | `glide PANEL U V SECONDS` | the same, slowly |
//! | `press PANEL BUTTON` | turns to a button that the program told of, and clicks |
//! | `poke PANEL BUTTON` | brings the controller before a button, touches it with the tip, and draws back |
//! | `over PANEL BUTTON` | turns away, then to a button, until the program says that the pointer is on it |
//! | `gaze PANEL BUTTON` | the head turns away, then to a button, and rests there until it is pressed |
//! | `body [PITCH]` | the program has recentred: the person's frame is where the head is, pitched up by so many degrees |
//! | `ask WORD` | asks `xr-session` for something (see there) and waits until it is done |
//! | `again` | a new runtime and a new program: connects anew and forgets what the old ones said |
//! | `rule TEXT => COMMAND` | from now on, whenever a line with this text comes while something is waited for, does the command |
//! | `rests STEP SECONDS` | the session's clock will rest at this moment of a step |
//! | `until STEP SECONDS`, `go` | the same, and waits for it; lets it go on |
//! | `click` | pulls the trigger, waits for the program to see it, lets go |
//! | `trigger 0..1`, `menu 0\|1`, `mark 0\|1`, `hands 0\|1` | buttons; controllers on or off |
//! | `button left\|right system\|a\|b\|trigger\|stick 0\|1` | any button of either controller |
//! | `left X Y Z TX TY TZ` | left controller pointing |
//! | `squeeze LEFT RIGHT` | grips, 0..1 each |
//! | `fingers LITTLE RING MIDDLE INDEX THUMB`, `fingers` | bare hands where the controllers are, fingers closed so far, 0..1; none |
//! | `stick -1..1` | right thumbstick, up positive |
//! | `wait SECONDS` | waits |
//! | `expect TEXT` | waits for a line with this text, which is used up; after 240 s ends with code 1 |
//! | `fresh` | forgets older lines |
//! | `photo NAME` | asks for a picture and waits for both eyes |
//! | `quit` | ends the program |

mod log;
mod state;

use log::Log;
use state::{BUTTONS, Pose, State, V, along, between, outwards};
use std::io::{BufRead, Read, Write, stdin};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest wait for the runtime's port.
const PORT_PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(240);
/// Longest wait for the pointer to come onto something.
const HOVER_PATIENCE: Duration = Duration::from_secs(30);
/// Where there is no panel, in the frame of the body.
const BEHIND: V = [0.4, 0.6, 2.0];
/// How long a controller rests before a board that it pokes: a frame in software takes a second.
const POKE_WAIT: Duration = Duration::from_millis(2500);
/// Time between two packets of a slow movement.
const GLIDE_STEP: Duration = Duration::from_millis(33);

/// A puppet at work.
struct Puppet {
    socket: TcpStream,
    log: Log,
    state: State,
    target: V,
    control: String,
    port: String,
    rules: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, log, control] = &args[..] else {
        eprintln!("xr-puppet PORT LOG CONTROL_DIR < script");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let mut puppet = match Puppet::connect(port, log, control) {
        Ok(p) => p,
        Err(e) => {
            eprintln!("xr-puppet: port {port}: {e}");
            return ExitCode::from(2);
        }
    };
    for line in stdin().lock().lines().map_while(Result::ok) {
        let line = line.split('#').next().unwrap_or_default().trim().to_owned();
        if line.is_empty() {
            continue;
        }
        println!("PUPPET {:.1} {line}", start.elapsed().as_secs_f32());
        if let Err(e) = puppet.act(&line) {
            println!("PUPPET {:.1} failed at '{line}': {e}", start.elapsed().as_secs_f32());
            return ExitCode::from(1);
        }
    }
    println!("PUPPET {:.1} done", start.elapsed().as_secs_f32());
    ExitCode::SUCCESS
}

/// To the runtime's port, once it is open.
fn connect(port: &str) -> std::io::Result<TcpStream> {
    let until = Instant::now() + PORT_PATIENCE;
    let socket = loop {
        match TcpStream::connect(format!("127.0.0.1:{port}")) {
            Ok(s) => break s,
            Err(e) if Instant::now() > until => return Err(e),
            Err(_) => sleep(Duration::from_millis(100)),
        }
    };
    socket.set_nodelay(true)?;
    // Monado greets with one packet of its own; it is taken so that the socket never blocks
    let mut drain = socket.try_clone()?;
    std::thread::spawn(move || {
        let mut b = [0u8; 376];
        while drain.read(&mut b).is_ok_and(|n| n > 0) {}
    });
    Ok(socket)
}

impl Puppet {
    fn connect(port: &str, log: &str, control: &str) -> std::io::Result<Self> {
        let socket = connect(port)?;
        let state = State::default();
        Ok(Self {
            socket,
            log: Log::new(log),
            state,
            target: [0.22, 1.15, -2.0],
            control: control.to_owned(),
            port: port.to_owned(),
            rules: Vec::new(),
        })
    }

    fn send(&mut self) -> Result<(), String> {
        self.socket.write_all(&self.state.packet()).map_err(|e| e.to_string())
    }

    /// A point of a panel in stage space: the program tells panels in the frame of the body it recentred on.
    fn point(&mut self, panel: &str, u: f32, v: f32) -> Result<V, String> {
        let [at, right, up] = self.log.panel(panel)?;
        Ok(self.state.body.point(along(along(at, right, 2.0 * u - 1.0), up, 1.0 - 2.0 * v)))
    }

    /// The middle of a button in stage space, once the program has told of it.
    fn button(&mut self, panel: &str, button: &str) -> Result<V, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some([u, v]) = self.log.button(panel, button) {
                return self.point(panel, u, v);
            }
            if Instant::now() > until {
                return Err(format!("the program told of no '{button}'"));
            }
            sleep(Duration::from_millis(30));
        }
    }

    /// Waits until the pointer is on this button of a panel, `none` for on nothing.
    fn hover(&mut self, panel: &str, button: &str) -> Result<(), String> {
        let until = Instant::now() + HOVER_PATIENCE;
        while self.log.hover(panel) != button {
            if Instant::now() > until {
                return Err(format!("the pointer is on '{}' and not on '{button}'", self.log.hover(panel)));
            }
            sleep(Duration::from_millis(30));
        }
        Ok(())
    }

    /// Waits for a line, obeying the rules meanwhile.
    fn wait(&mut self, text: &str) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.log.take(text) {
                return Ok(());
            }
            if let Some((_, command)) = self.rules.clone().into_iter().find(|r| self.log.take(&r.0)) {
                println!("PUPPET rule: {command}");
                let rules = std::mem::take(&mut self.rules); // a rule is not interrupted by another
                let done = self.act(&command);
                self.rules = rules;
                done?;
            }
            if Instant::now() > until {
                return Err(format!("no line with '{text}' in {} s", PATIENCE.as_secs()));
            }
            sleep(Duration::from_millis(30));
        }
    }

    fn act(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let number = |w: &str| w.parse::<f32>().map_err(|_| format!("'{w}' is no number"));
        let numbers = |w: &[&str]| w.iter().map(|w| number(w)).collect::<Result<Vec<f32>, String>>();
        match (word, &words[..]) {
            ("head", w) => {
                let [x, y, z, a, b, c] = numbers(w)?[..] else { return Err("head takes six numbers".into()) };
                self.state.head = Pose::to([x, y, z], [a, b, c]);
            }
            ("hand", w) => {
                let [x, y, z, a, b, c] = numbers(w)?[..] else { return Err("hand takes six numbers".into()) };
                self.target = [a, b, c];
                self.state.hand = Pose::to([x, y, z], self.target);
            }
            ("left", w) => {
                let [x, y, z, a, b, c] = numbers(w)?[..] else { return Err("left takes six numbers".into()) };
                self.state.left = Pose::to([x, y, z], [a, b, c]);
            }
            ("squeeze", [left, right]) => self.state.squeeze = [number(left)?, number(right)?],
            ("stick", [v]) => self.state.stick = number(v)?,
            ("button", [side @ ("left" | "right"), name, v]) => {
                let which = BUTTONS.iter().position(|b| b.0 == *name).ok_or("there is no such button")?;
                self.state.buttons[usize::from(*side == "right")][which] = number(v)? > 0.5;
            }
            ("mark", [v]) => self.state.mark = number(v)? > 0.5,
            ("look", [panel, u, v]) => {
                let at = self.point(panel, number(u)?, number(v)?)?;
                self.state.head = Pose::to(self.state.head.at, at);
            }
            ("aim", [panel, u, v]) => {
                self.target = self.point(panel, number(u)?, number(v)?)?;
                self.state.hand = Pose::to(self.state.hand.at, self.target);
            }
            ("glide", [panel, u, v, seconds]) => {
                let (from, to) = (self.target, self.point(panel, number(u)?, number(v)?)?);
                let (start, seconds) = (Instant::now(), number(seconds)?.max(0.01));
                loop {
                    let k = (start.elapsed().as_secs_f32() / seconds).min(1.0);
                    self.target = between(from, to, k);
                    self.state.hand = Pose::to(self.state.hand.at, self.target);
                    self.send()?;
                    if k >= 1.0 {
                        break;
                    }
                    sleep(GLIDE_STEP);
                }
            }
            ("press", [panel, button]) => {
                self.target = self.button(panel, button)?;
                self.state.hand = Pose::to(self.state.hand.at, self.target);
                self.send()?;
                sleep(Duration::from_millis(300));
                self.act("click")?;
            }
            ("poke", [panel, button]) => {
                self.target = self.button(panel, button)?;
                let [_, right, up] = self.log.panel(panel)?;
                let out = self.state.body.turned(outwards(right, up));
                for (far, text) in [(0.2, None), (0.05, None), (0.0, Some("poke down")), (0.2, Some("poke up"))] {
                    let (at, beyond) = (along(self.target, out, far), along(self.target, out, -1.0));
                    self.state.hand = Pose::to(at, beyond);
                    self.send()?;
                    match text {
                        Some(text) => self.wait(text)?,
                        None => sleep(POKE_WAIT),
                    }
                }
            }
            ("over", [panel, button]) => {
                let hand = self.state.hand.at;
                self.state.hand = Pose::to(hand, self.state.body.point(BEHIND));
                self.send()?;
                self.hover(panel, "none")?;
                self.target = self.button(panel, button)?;
                self.state.hand = Pose::to(hand, self.target);
                self.send()?;
                self.hover(panel, button)?;
            }
            ("stare", [panel, button]) => {
                let at = self.button(panel, button)?;
                self.state.head = Pose::to(self.state.head.at, at);
            }
            ("gaze", [panel, button]) => {
                let eyes = self.state.head.at;
                self.state.head = Pose::to(eyes, self.state.body.point(BEHIND));
                self.send()?;
                self.hover(panel, "none")?; // what was pressed by gaze must be left first
                let at = self.button(panel, button)?;
                self.state.head = Pose::to(eyes, at);
                self.send()?;
                self.wait("dwell")?;
            }
            ("body", w) => {
                let pitch = numbers(w)?.first().map_or(0.0, |p| p.to_radians());
                self.state.body = Pose::upright(self.state.head.at, self.state.head.heading(), pitch);
            }
            ("ask", [word]) => {
                let file = std::path::Path::new(&self.control).join("ask");
                std::fs::write(&file, format!("{word}\n")).map_err(|e| e.to_string())?;
                let until = Instant::now() + PATIENCE;
                while file.exists() {
                    if Instant::now() > until {
                        return Err("nobody obeyed".into());
                    }
                    sleep(Duration::from_millis(30));
                }
                return Ok(()); // the runtime may be gone: nobody listens
            }
            ("again", _) => {
                self.log.anew();
                self.socket = connect(&self.port).map_err(|e| e.to_string())?;
                self.state = State::default();
            }
            ("rule", _) => {
                let (text, command) = rest.split_once("=>").ok_or("a rule has an arrow =>")?;
                self.rules.push((text.trim().to_owned(), command.trim().to_owned()));
            }
            ("rests" | "until", _) => {
                self.log.forget_of("held"); // the clock rests at the beginning, too, until everything is drawn
                std::fs::write(format!("{}/until", self.control), rest).map_err(|e| e.to_string())?;
                if word == "until" {
                    self.wait("held")?;
                }
            }
            ("go", _) => {
                self.log.forget_of("going");
                let _ = std::fs::remove_file(format!("{}/until", self.control));
                self.wait("going")?;
            }
            ("click", _) => {
                for (pull, text) in [(1.0, "trigger down"), (0.0, "trigger up")] {
                    self.state.trigger = pull;
                    self.send()?;
                    self.wait(text)?;
                }
            }
            ("trigger", [v]) => self.state.trigger = number(v)?,
            ("menu", [v]) => self.state.menu = number(v)? > 0.5,
            ("fingers", []) => self.state.fingers = None,
            ("fingers", [a, b, c, d, e]) => {
                self.state.fingers = Some([number(a)?, number(b)?, number(c)?, number(d)?, number(e)?]);
            }
            ("hands", [v]) => self.state.hands = number(v)? > 0.5,
            ("fresh", _) => self.log.forget(),
            ("wait", [v]) => sleep(Duration::from_secs_f32(number(v)?.clamp(0.0, 600.0))),
            ("expect", _) => self.wait(rest)?,
            ("photo", _) => {
                std::fs::write(format!("{}/take", self.control), format!("{rest}\n")).map_err(|e| e.to_string())?;
                for side in ["left", "right"] {
                    self.wait(&format!("/{rest}_{side}.png"))?; // they arrive in either order
                }
            }
            ("quit", _) => std::fs::write(format!("{}/quit", self.control), "").map_err(|e| e.to_string())?,
            _ => return Err("this is no command".into()),
        }
        self.send()
    }
}
