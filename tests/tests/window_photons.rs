//! A photon plan in a window: its dose grows from control point to control point while the machine goes round, and at the end it is what
//! `dose compute` makes of the plan.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::time::Duration;
use vestibule_tests::place::{drawing_wanted, program, root};
use vestibule_tests::screen::done;
use vestibule_tests::window::Window;

const SIZE: [u32; 2] = [1100, 900];
const STILL: Duration = Duration::from_millis(1500);
const PLAN: &str = "SYNTHETIC 6 MV";

/// The last number of a line `cross X Y Z dose GY`; None where there is no dose yet.
fn gray(line: &str) -> Option<f64> {
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn a_photon_plan_grows_to_what_is_computed() {
    if !drawing_wanted("a_photon_plan_grows_to_what_is_computed") {
        return;
    }
    let folder = tempfile::Builder::new().prefix("photons").tempdir_in("/tmp").unwrap();
    let at = |name: &str| folder.path().join(name);
    let vestibule = program("VESTIBULE_BIN", "vestibule");
    let command = |args: &[&str]| {
        let mut command = Command::new(&vestibule);
        command.args(["--demo", "--store"]).arg(at("store")).args(args).current_dir(root());
        command
    };
    done(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).args(["--tiny", "--photons"]).arg(at("study")));
    done(command(&["patient", "import"]).arg(at("study")));
    let read = |said: String| serde_json::from_str::<serde_json::Value>(&said).unwrap();
    let shown = read(done(&mut command(&["patient", "show", "SYNTHETIC-1", "--json"])));
    let plans = shown["plans"].as_array().unwrap();
    let uid = plans.iter().find(|p| p["label"] == PLAN).unwrap()["uid"].as_str().unwrap().to_owned();
    let compute = ["dose", "compute", "--patient", "SYNTHETIC-1", "--plan", &uid, "--fraction", "--json", "--out"];
    let computed = read(done(command(&compute).arg(at("dose.dcm"))));
    let most = computed["max_gy"].as_f64().unwrap();

    let mut desk = Window::start(&vestibule, SIZE, "desk", STILL, |c| {
        let how = ["play", "--mode", "clinician", "--window", "--lang", "en", "--plan", PLAN];
        c.args(["--demo", "--store"]).arg(at("store")).args(how).env("VESTIBULE_STAFF_PIN", "0000");
    });
    desk.wait(&["cross "]);
    desk.screen.take_window(SIZE[0], SIZE[1]);
    let faster = desk.at("speed-10");
    desk.screen.click(faster);
    std::thread::sleep(STILL);
    desk.press("space", "review plays");
    let (mut grown, mut line) = (Vec::new(), String::new());
    while !line.starts_with("review stands") {
        grown.extend(gray(&line).filter(|_| line.starts_with("cross ")));
        line = desk.wait(&["cross ", "review stands"]);
    }
    println!("figure: at the isocentre, while it played: {grown:?} Gy");
    assert!(grown.len() >= 4 && grown.is_sorted() && grown[0] < 0.5 * grown[grown.len() - 1], "{grown:?}");

    // the painter may be a little behind the end
    let mut hottest = 0.0;
    for _ in 0..8 {
        hottest = gray(&desk.press("h", "cross ")).unwrap_or(0.0);
        if (hottest - most).abs() < 0.0006 {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    println!("figure: hottest {hottest:.3} Gy, by `dose compute` {most:.3} Gy");
    assert!((hottest - most).abs() < 0.0006, "{hottest} and {most}");
}
