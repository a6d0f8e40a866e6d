//! The steps look as they did: small pictures compared by SSIM with those under `tests/pictures`, as a whole and where
//! what the step is about is to be seen. To make those anew after a wanted change, and look at them:
//! `VESTIBULE_REMAKE_PICTURES=1 cargo test --locked --workspace --test pictures_steps`

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod pictures;

use image::{Rgb, RgbImage, imageops};
use image_compare::{Algorithm, rgb_similarity_structure};
use pictures::{capture, program, root, wanted};
use std::path::Path;
use std::process::Command;

/// Pixels of a picture as it is drawn; it is kept and compared at half of that, where single pixels of an edge do not count.
const SIZE: &str = "480x300";
/// Least likeness (SSIM) of a whole picture, and of the part that matters: below what another Mesa or a person's breath
/// changes, above what is left when the thing is missing.
const WHOLE: f64 = 0.93;
const PART: f64 = 0.88;
/// A pixel is another one when a colour of it differs by more than this; at most so many may be.
const PIXEL: u8 = 40;
const OTHER: f64 = 0.06;

/// A step, the part of its picture that it is about (x, y, width, height), and a moment at which that is missing.
struct Look {
    step: &'static str,
    part: [u32; 4],
    missing: Option<&'static str>,
}

const LOOKS: [Look; 5] = [
    Look { step: "room", part: [55, 10, 130, 100], missing: None },
    Look { step: "mask", part: [97, 77, 22, 30], missing: Some("mask@3") },
    Look { step: "imaging", part: [0, 22, 76, 43], missing: Some("imaging@20") },
    Look { step: "beam-on", part: [104, 68, 40, 38], missing: Some("beam-on@8") },
    Look { step: "anxiety-after", part: [145, 20, 75, 130], missing: None },
];

/// How alike two pictures are.
#[derive(Debug)]
struct Likeness {
    whole: f64,
    part: f64,
    other: f64,
}

impl Likeness {
    fn of(a: &RgbImage, b: &RgbImage, [x, y, w, h]: [u32; 4]) -> Self {
        let ssim = |a: &RgbImage, b: &RgbImage| {
            rgb_similarity_structure(&Algorithm::MSSIMSimple, a, b).expect("pictures of one size").score
        };
        let part = |p: &RgbImage| imageops::crop_imm(p, x, y, w, h).to_image();
        let differ = |p: &Rgb<u8>, q: &Rgb<u8>| p.0.iter().zip(q.0).any(|(x, y)| x.abs_diff(y) > PIXEL);
        let other = a.pixels().zip(b.pixels()).filter(|(p, q)| differ(p, q)).count();
        Self {
            whole: ssim(a, b),
            part: ssim(&part(a), &part(b)),
            other: other as f64 / f64::from(a.width() * a.height()),
        }
    }

    fn alike(&self) -> bool {
        self.whole >= WHOLE && self.part >= PART && self.other <= OTHER
    }
}

fn open(folder: &Path, step: &str) -> RgbImage {
    let file = folder.join(format!("{step}.png"));
    image::open(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).to_rgb8()
}

/// A drawn picture at half its size.
fn drawn(folder: &Path, step: &str) -> RgbImage {
    let full = open(folder, step);
    imageops::thumbnail(&full, full.width() / 2, full.height() / 2)
}

#[test]
fn the_steps_look_as_they_did() {
    if !wanted("the_steps_look_as_they_did") {
        return;
    }
    let folder = tempfile::Builder::new().prefix("pictures").tempdir_in("/tmp").expect("a folder in /tmp");
    let at = |n: &str| folder.path().join(n);
    let run = |c: &mut Command| {
        let out = c.current_dir(root()).output().expect("the program starts");
        assert!(out.status.success(), "{c:?}: {}", String::from_utf8_lossy(&out.stderr));
    };
    run(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(at("study")));
    run(Command::new(program("VESTIBULE_BIN", "vestibule"))
        .args(["--demo", "--store"])
        .arg(at("store"))
        .args(["patient", "import"])
        .arg(at("study")));
    let moments: Vec<&str> = LOOKS.iter().flat_map(|l| [Some(l.step), l.missing]).flatten().collect();
    let out = at("{step}.png").display().to_string();
    capture(&at("store"), &["--at", &moments.join(","), "--size", SIZE, "--lang", "fr", "--bare", "--out", &out]);

    let kept = root().join("tests/pictures");
    if std::env::var_os("VESTIBULE_REMAKE_PICTURES").is_some_and(|v| v == "1") {
        for look in &LOOKS {
            let file = kept.join(format!("{}.png", look.step));
            drawn(folder.path(), look.step).save(&file).expect("a picture is kept");
        }
        println!("pictures made anew in {}", kept.display());
    }
    let mut wrong = Vec::new();
    for look in &LOOKS {
        let reference = open(&kept, look.step);
        let now = Likeness::of(&reference, &drawn(folder.path(), look.step), look.part);
        println!("{}: {now:.3?}", look.step);
        if !now.alike() {
            wrong.push(format!("{} looks otherwise: {now:.3?}", look.step));
        }
        // the test can fail: the same step without what it is about is found out by the part alone
        if let Some(moment) = look.missing {
            let without = Likeness::of(&reference, &drawn(folder.path(), moment), look.part);
            println!("{moment}: {without:.3?}");
            if without.part >= PART {
                wrong.push(format!("{} would pass without what it is about: {without:.3?}", look.step));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
