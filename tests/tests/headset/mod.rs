//! One runtime, one program, one puppet: what the headset tests share.

#![allow(dead_code, reason = "each test uses what it needs of it")]

pub mod staff;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use vestibule_tests::place::program;
pub use vestibule_tests::place::{drawing_wanted as wanted, root};

/// Pixels of an eye that are drawn while nothing is photographed.
const SKETCH: &str = "64";

/// A session that was played.
pub struct Run {
    folder: tempfile::TempDir,
    log: String,
    /// What the program said on standard error.
    pub errors: String,
    /// Whether the script was played to its end.
    pub played: bool,
    /// The program's exit code.
    pub ended: Option<i32>,
    /// What the session's script printed.
    pub output: String,
}

impl Run {
    /// Makes the patient, and plays a script with `pixels` an eye in its pictures, with the session's clock `speed` times faster, and with these
    /// variables in the program's environment.
    pub fn new(script: &str, pixels: u32, speed: f64, environment: &[(&str, &str)]) -> Self {
        Self::beside(script, pixels, speed, environment, |_| {})
    }

    /// The same with somebody who does something meanwhile; they are given the program's event log.
    pub fn beside(
        script: &str,
        pixels: u32,
        speed: f64,
        environment: &[(&str, &str)],
        somebody: impl FnOnce(&Path) + Send,
    ) -> Self {
        Self::playing(&["proton-first-day", "--lang", "fr"], script, pixels, speed, environment, somebody)
    }

    /// The same of whatever `what` names: arguments of `play`.
    pub fn playing(
        what: &[&str],
        script: &str,
        pixels: u32,
        speed: f64,
        environment: &[(&str, &str)],
        somebody: impl FnOnce(&Path) + Send,
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("headset").tempdir_in("/tmp").expect("a folder in /tmp");
        let at = |n: &str| folder.path().join(n);
        std::fs::write(at("script.txt"), script).expect("the script is written");
        let vestibule = program("VESTIBULE_BIN", "vestibule");
        let study = at("study");
        run(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(&study));
        run(Command::new(&vestibule)
            .args(["--demo", "--store"])
            .arg(at("store"))
            .args(["patient", "import"])
            .arg(&study));
        let play = |store: &str| {
            let mut command = vec![vestibule.clone(), "--demo".into(), "--store".into(), at(store)];
            command.extend(["play", "--headset"].map(PathBuf::from));
            command.extend(what.iter().map(PathBuf::from));
            command
        };
        // another program that wants the headset: a second copy with a store of its own takes pictures through it
        run(Command::new("cp").arg("-r").arg(at("store")).arg(at("rival-store")));
        let rival = format!(
            "{} --demo --store {} capture proton-first-day --at mask --view left,right --headset --size 256x256 --out {}",
            vestibule.display(),
            at("rival-store").display(),
            at("out/rival_{view}.png").display()
        );
        let mut session = Command::new(root().join("tools/xr-session"));
        session
            .arg(at("out"))
            .arg(at("script.txt"))
            .args(play("store"))
            .env("XR_RIVAL", rival)
            .env("VESTIBULE_EYE_PIXELS", pixels.to_string())
            .env("VESTIBULE_SKETCH_PIXELS", SKETCH)
            .env("VESTIBULE_SPEED", speed.to_string())
            .env("VESTIBULE_STAFF_PIN", "0000")
            .env("VESTIBULE_PUPPET_BIN", program("VESTIBULE_PUPPET_BIN", "xr-puppet"))
            .env("XR_BIND", vestibule.parent().expect("a program lies in a folder"))
            .envs(environment.iter().copied())
            .current_dir(root());
        let log = at("out/app.log");
        let (out, acted) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| somebody(&log));
            let out = session.output().expect("tools/xr-session starts");
            (out, beside.join().is_ok())
        });
        let output = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let log = std::fs::read_to_string(at("out/app.log")).unwrap_or_default();
        let errors = std::fs::read_to_string(at("out/app.err")).unwrap_or_default();
        // its last line: puppet ended with N, program with N
        let codes: Vec<i32> = output
            .lines()
            .filter(|l| l.starts_with("puppet ended"))
            .flat_map(|l| l.split([' ', ',']).filter_map(|w| w.parse().ok()))
            .collect();
        let (played, ended) = (codes.first() == Some(&0), codes.get(1).copied());
        let run = Self { folder, log, errors, played, ended, output };
        if !run.played || !acted {
            for (file, last) in [("monado.log", 10), ("app.err", 25), ("puppet.log", 25), ("app.log", 60)] {
                let text = std::fs::read_to_string(run.path("out").join(file)).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(last).collect();
                println!("--- {file}\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
        assert!(acted, "who acted beside the headset did not come to an end");
        run
    }

    /// A file of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether the program said this in an event line.
    pub fn said(&self, what: &str) -> bool {
        self.log.lines().any(|l| l.starts_with("EVENT") && l.contains(what))
    }

    /// Lines that begin with this after `EVENT seconds`.
    pub fn lines(&self, what: &str) -> Vec<Vec<String>> {
        let words = |l: &str| l.split(' ').skip(2).map(String::from).collect::<Vec<_>>();
        self.log
            .lines()
            .filter(|l| l.starts_with("EVENT"))
            .map(words)
            .filter(|w| w.first().is_some_and(|f| f == what))
            .collect()
    }

    /// What was told of the texts of a place: None where all of them begin again, then each.
    pub fn texts(&self, place: &str) -> Vec<Option<String>> {
        let (begin, text) = (format!("written {place} "), format!("text {place} "));
        let said = self.log.lines().filter_map(|l| l.strip_prefix("EVENT ")?.split_once(' '));
        let of = |(_, what): (&str, &str)| {
            let text = what.strip_prefix(&text).map(|t| Some(t.to_owned()));
            text.or_else(|| what.starts_with(&begin).then_some(None))
        };
        said.filter_map(of).collect()
    }

    /// Lines that begin with this after `PARENT seconds`: what the program that watches over the session did.
    pub fn parent(&self, what: &str) -> Vec<&str> {
        let told = |l: &&str| l.starts_with("PARENT") && l.split_once(' ').is_some_and(|r| r.1.contains(what));
        self.log.lines().filter(told).collect()
    }

    /// What the program says, called with these on the run's store, as JSON.
    pub fn asked(&self, args: &[&str]) -> serde_json::Value {
        let out = run(Command::new(program("VESTIBULE_BIN", "vestibule"))
            .args(["--demo", "--json", "--store"])
            .arg(self.path("store"))
            .args(args)
            .env("VESTIBULE_STAFF_PIN", "0000"));
        serde_json::from_str(&out).expect("it is JSON")
    }

    /// The answers that the store holds after the run, by question.
    pub fn answers(&self) -> BTreeMap<String, String> {
        let out = run(Command::new(program("VESTIBULE_BIN", "vestibule"))
            .args(["--demo", "--json", "--store"])
            .arg(self.path("store"))
            .args(["record", "questionnaire", "list"]));
        let json: serde_json::Value = serde_json::from_str(&out).expect("the list is JSON");
        let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), String::from);
        json["responses"]
            .as_array()
            .expect("responses are a list")
            .iter()
            .map(|r| (text(&r["item"]), text(&r["value"])))
            .collect()
    }
}

fn run(command: &mut Command) -> String {
    let out = command.current_dir(root()).output().expect("the program starts");
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// One named object in both eyes: predicted and measured disparity xL − xR, pixels.
pub struct Apart {
    /// Its name.
    pub name: String,
    /// Distance from the eyes along the view, metres.
    pub distance_m: f64,
    /// By its distance.
    pub predicted: f64,
    /// By looking for the left eye's patch in the right eye's picture.
    pub measured: f64,
    /// How alike the patches are, −1 to 1.
    pub alike: f64,
}

/// Half a patch, pixels, and how far around the prediction it is looked for.
const HALF: i64 = 13;
const SEARCH: i64 = 14;

/// Objects that the program named when it took this picture.
pub fn apart(run: &Run, picture: &str) -> Vec<Apart> {
    let open = |side: &str| {
        let file = run.path("out").join(format!("{picture}_{side}.png"));
        image::open(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).to_luma32f()
    };
    let (left, right) = (open("left"), open("right"));
    let mut list = Vec::new();
    for words in run.lines("object") {
        // object PICTURE NAME distance xl yl xr yr
        let [_, of, name, numbers @ ..] = &words[..] else { continue };
        let n: Vec<f64> = numbers.iter().filter_map(|w| w.parse().ok()).collect();
        let ([distance_m, xl, yl, xr, _], true) = (<[f64; 5]>::try_from(&n[..]).unwrap_or_default(), of == picture)
        else {
            continue;
        };
        // a patch beyond the edge measures nothing
        let (w, h) = (f64::from(left.width()), f64::from(left.height()));
        if !(0.0..w).contains(&xl) || !(0.0..w).contains(&xr) || !(0.0..h).contains(&yl) {
            continue;
        }
        let predicted = xl - xr;
        let score = |d: i64| alike(&left, &right, xl.round() as i64, yl.round() as i64, d);
        let middle = predicted.round() as i64;
        let scores: Vec<(i64, f64)> = (middle - SEARCH..=middle + SEARCH).map(|d| (d, score(d))).collect();
        let Some(best) = scores.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        // a parabola through the best and its neighbours
        let (before, after) = (score(best.0 - 1), score(best.0 + 1));
        let bend = before - 2.0 * best.1 + after;
        let shift = if bend.abs() > 1e-9 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        list.push(Apart { name: name.clone(), distance_m, predicted, measured: best.0 as f64 + shift, alike: best.1 });
    }
    list
}

/// How far the right eye's picture must be moved to lie best on the left one's, pixels: positive, since nothing is further away
/// than infinity.
pub fn shift(left: &Path, right: &Path) -> i64 {
    let open = |f: &Path| image::open(f).unwrap_or_else(|e| panic!("{}: {e}", f.display())).to_luma32f();
    let (left, right) = (open(left), open(right));
    assert_eq!(left.dimensions(), right.dimensions());
    let (w, h) = left.dimensions();
    let unlike = |d: i64| -> f64 {
        let differ = |x: u32, y: u32| {
            let other = right.get_pixel((i64::from(x) - d) as u32, y).0[0];
            f64::from((left.get_pixel(x, y).0[0] - other).abs())
        };
        let edge = SEARCH as u32;
        (0..h).flat_map(|y| (edge..w - edge).map(move |x| (x, y))).map(|(x, y)| differ(x, y)).sum()
    };
    (1 - SEARCH..SEARCH).min_by(|a, b| unlike(*a).total_cmp(&unlike(*b))).unwrap()
}

/// Whether the mark of a synthetic patient stands in the lower right corner: white type on a dark plate.
pub fn marked(picture: &Path) -> bool {
    let picture = image::open(picture).unwrap_or_else(|e| panic!("{}: {e}", picture.display())).to_luma8();
    let (w, h) = picture.dimensions();
    let plate = image::imageops::crop_imm(&picture, w - w / 8, h - h / 24, w / 8, h / 24).to_image();
    let share = |holds: fn(u8) -> bool| {
        plate.pixels().filter(|p| holds(p.0[0])).count() as f64 / f64::from(plate.width() * plate.height())
    };
    share(|v| v < 110) > 0.4 && share(|v| v > 150) > 0.05
}

type Grey = image::ImageBuffer<image::Luma<f32>, Vec<f32>>;

/// Correlation of a patch of the left picture with the right one `d` pixels further left.
fn alike(left: &Grey, right: &Grey, x: i64, y: i64, d: i64) -> f64 {
    let at = |p: &Grey, x: i64, y: i64| -> f64 {
        let (w, h) = p.dimensions();
        f64::from(p.get_pixel(x.clamp(0, i64::from(w) - 1) as u32, y.clamp(0, i64::from(h) - 1) as u32).0[0])
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for j in -HALF..=HALF {
        for i in -HALF..=HALF {
            a.push(at(left, x + i, y + j));
            b.push(at(right, x + i - d, y + j));
        }
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(&a), mean(&b));
    let sum: f64 = a.iter().zip(&b).map(|(p, q)| (p - ma) * (q - mb)).sum();
    let power = |v: &[f64], m: f64| v.iter().map(|p| (p - m) * (p - m)).sum::<f64>();
    sum / (power(&a, ma) * power(&b, mb)).sqrt().max(1e-12)
}
