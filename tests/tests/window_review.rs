//! A clinician's desk in a window: a screen of its own and real clicks and keys. The hottest point is where another command says it is, a
//! distance is what the clicked points are apart, and the dose at the cross grows while the plan plays.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::time::{Duration, Instant};
use vestibule_tests::place::{drawing_wanted, program, root};
use vestibule_tests::screen::done;
use vestibule_tests::window::Window;

/// Nothing was said for so long: everything stands where it will be.
const STILL: Duration = Duration::from_millis(900);
/// Pixels of the window: all controls of the dose are in sight.
const SIZE: [u32; 2] = [1100, 1000];

/// Place and dose of a line `cross X Y Z dose GY`.
fn cross(line: &str) -> ([f64; 3], Option<f64>) {
    let words: Vec<&str> = line.split(' ').collect();
    ([1, 2, 3].map(|i| words[i].parse().unwrap()), words[5].parse().ok())
}

fn numbers<const N: usize>(line: &str) -> [f64; N] {
    let found: Vec<f64> = line.split(' ').skip(1).map(|w| w.parse().unwrap()).collect();
    found.try_into().unwrap()
}

/// The left button takes the cross along, the right one the window, the middle one the picture; in the room they go round.
fn dragging(desk: &mut Window) {
    let near = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.06);
    let middle = desk.at("axial");
    let by = |[x, y]: [f64; 2], dx: f64, dy: f64| [x + dx, y + dy];
    let there = by(middle, 30.0, 25.0);
    desk.screen.click(there);
    let (want, _) = cross(&desk.wait(&["cross "]));
    desk.screen.click(middle);
    let (start, _) = cross(&desk.wait(&["cross "]));
    assert!(!near(&start, &want));
    desk.screen.drag(1, middle, there);
    let (got, _) = cross(&desk.wait(&["cross "]));
    assert!(near(&got, &want), "dragged to {got:?}, a click there gives {want:?}");

    // the picture is shifted: what lay at a place lies as much farther as the mouse went
    desk.screen.drag(2, middle, by(middle, 40.0, -20.0));
    desk.screen.click(by(middle, 40.0, -20.0));
    let (got, _) = cross(&desk.wait(&["cross "]));
    assert!(near(&got, &start), "shifted, {got:?} is not {start:?}");
    desk.screen.drag(2, middle, by(middle, -40.0, 20.0));
    desk.screen.click(there);
    let (got, _) = cross(&desk.wait(&["cross "]));
    assert!(near(&got, &want), "shifted back, {got:?} is not {want:?}");

    // to the right a wider window, downwards a higher level; back, it is as it was
    let window = |desk: &mut Window, to: [f64; 2]| {
        desk.screen.drag(3, middle, to);
        numbers::<2>(&desk.wait(&["window "]))
    };
    let [level, width] = window(desk, by(middle, 50.0, 0.0));
    let [higher, same] = window(desk, by(middle, 0.0, 40.0));
    let [lower, narrow] = window(desk, by(middle, -50.0, 0.0));
    println!("figure: dragged, the window goes {width:.0} to {narrow:.0} wide, the level {level:.0} to {higher:.0}");
    assert!((width / narrow - 1.2214).abs() < 0.002 && same == width && higher > level && lower == higher);
    let [back, _] = window(desk, by(middle, 0.0, -40.0));
    // downwards at the wider window, upwards at the narrower one
    let times = (higher - level) / (lower - back);
    assert!((times - width / narrow).abs() < 0.01, "{times}");

    let room = desk.at("room");
    desk.screen.drag(1, room, by(room, 50.0, 0.0));
    let [turn, rise] = numbers(&desk.wait(&["orbit "]));
    desk.screen.drag(1, room, by(room, -50.0, 30.0));
    let [again, higher] = numbers(&desk.wait(&["orbit "]));
    println!("figure: fifty pixels go {:.1} degrees round, thirty {:.1} up", again - turn, higher - rise);
    assert!((again - turn - 17.2).abs() < 0.2 && (higher - rise - 10.3).abs() < 0.2);
}

/// The wheel goes from slice to slice, and larger with Ctrl; a double click shows one picture alone.
fn the_mouse_in_a_picture(desk: &mut Window, slice_mm: f64) {
    let near = |a: f64, b: f64| (a - b).abs() < 0.06;
    let off = |[x, y]: [f64; 2]| [x + 60.0, y - 60.0];
    let middle = desk.at("axial");
    desk.screen.click(middle);
    let (start, _) = cross(&desk.wait(&["cross "]));
    desk.screen.wheel(middle, true, None);
    let (next, _) = cross(&desk.wait(&["cross "]));
    let slices = (next[2] - start[2]) / slice_mm;
    println!("figure: one notch of the wheel goes {slices:.2} slices of {slice_mm} mm");
    assert!(near(next[0], start[0]) && near(next[1], start[1]) && slices > 0.9, "{start:?} {next:?}");
    // pressing and letting go of a played wheel are a notch each to winit; a real one has no such buttons
    assert!([1.0, 2.0].iter().any(|n| (slices - n).abs() < 0.02), "{slices}");

    // as far from the middle on the screen is as much nearer in the patient as the picture is larger
    desk.screen.click(off(middle));
    let (far, _) = cross(&desk.wait(&["cross "]));
    desk.screen.wheel(middle, true, Some("ctrl"));
    std::thread::sleep(Duration::from_secs(2));
    desk.screen.click(middle);
    let (centre, _) = cross(&desk.wait(&["cross "]));
    desk.screen.click(off(middle));
    let (closer, _) = cross(&desk.wait(&["cross "]));
    let times = [0, 1].map(|a| (far[a] - start[a]) / (closer[a] - centre[a]));
    println!("figure: with Ctrl {times:.3?} times as large");
    assert!(times[0] > 1.05 && (times[0] - times[1]).abs() < 0.02 * times[0], "{times:?}");
    let before = desk.at("axial");
    for _ in 0..4 {
        desk.screen.double_click(before);
        std::thread::sleep(Duration::from_secs(3));
        if desk.at("axial") != before {
            break;
        }
    }
    let alone = desk.at("axial");
    println!("figure: alone the axial picture's middle is at {alone:?}, among four at {before:?}");
    assert!(alone[0] > before[0] + 100.0 && alone[1] > before[1] + 100.0);
    for _ in 0..4 {
        desk.screen.double_click(alone);
        std::thread::sleep(Duration::from_secs(3));
        if desk.at("axial") == before {
            break;
        }
    }
    assert_eq!(desk.at("axial"), before);
}

#[test]
fn a_clinician_finds_measures_and_plays() {
    if !drawing_wanted("window_review") {
        return;
    }
    let folder = tempfile::Builder::new().prefix("review").tempdir_in("/tmp").unwrap();
    let at = |n: &str| folder.path().join(n);
    let vestibule = program("VESTIBULE_BIN", "vestibule");
    done(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(at("study")));
    let store = |args: &[&str]| {
        let mut command = Command::new(&vestibule);
        command.args(["--demo", "--store"]).arg(at("store")).args(args).current_dir(root());
        command
    };
    done(store(&["patient", "import"]).arg(at("study")));
    let shown: serde_json::Value =
        serde_json::from_str(&done(&mut store(&["patient", "show", "SYNTHETIC-1", "--json"]))).unwrap();
    let number = |v: &serde_json::Value| v.as_f64().unwrap();
    // of two plans the approved one is shown, and its dose
    let approved = shown["plans"].as_array().unwrap().iter().find(|p| p["approval"] == "APPROVED").unwrap();
    let doses = shown["doses"].as_array().unwrap();
    let (own, others): (Vec<_>, Vec<_>) = doses.iter().partition(|d| d["plan"] == approved["uid"]);
    let ([own], [other_dose]) = (&own[..], &others[..]) else { panic!("{shown}") };
    let (max, max_at) = (number(&own["max"]), [0, 1, 2].map(|i| number(&own["max_at_mm"][i])));

    let uid = |d: &serde_json::Value| d["uid"].as_str().unwrap().to_owned();
    let mut call = store(&["dose", "difference", "--patient", "SYNTHETIC-1", "--json"]);
    call.args(["--dose", &uid(own), "--minus", &uid(other_dose)]);
    let difference: serde_json::Value = serde_json::from_str(&done(&mut call)).unwrap();
    let apart = ["highest_gy", "lowest_gy"].map(|k| -number(&difference[k]));

    let mut desk = Window::start(&vestibule, SIZE, "desk", STILL, |c| {
        c.args(["--demo", "--store"]).arg(at("store")).args([
            "play",
            "--mode",
            "clinician",
            "--window",
            "--lang",
            "en",
        ]);
        c.env("VESTIBULE_STAFF_PIN", "0000").env("VESTIBULE_LOSE_CARD", at("lose"));
    });

    desk.wait(&["cross "]);
    desk.screen.take_window(SIZE[0], SIZE[1]);
    // the hottest point; a dose that is RBE-weighted in its file is shown as it is
    assert_eq!(own["type"], "EFFECTIVE");
    let (hot, gray) = cross(&desk.click("hottest", "cross "));
    let gray = gray.unwrap();
    println!("figure: hottest {gray} Gy at {hot:?}, by `patient show` {max:.3} Gy at {max_at:?}");
    assert!(hot.iter().zip(max_at).all(|(a, b)| (a - b).abs() < 0.06) && (gray - max).abs() < 0.0006);

    // a point there and one where a click in the axial picture brings the cross: as far apart as the two crosses
    desk.screen.key("m");
    let [x, y] = desk.at("axial");
    desk.screen.click([x + 40.0, y - 30.0]);
    let (other, _) = cross(&desk.wait(&["cross "]));
    assert!((other[2] - hot[2]).abs() < 0.06 && (other[0] - hot[0]).hypot(other[1] - hot[1]) > 5.0, "{other:?}");
    let measured = desk.press("m", "measured [");
    let far: f64 = measured.trim_start_matches("measured [").trim_end_matches(']').parse().unwrap();
    let want = hot.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    println!("figure: measured {far} mm, the crosses are {want:.2} mm apart");
    assert!((far - want).abs() < 0.15, "{far} is not {want}");

    dragging(&mut desk);
    the_mouse_in_a_picture(&mut desk, number(&shown["images"][0]["spacing_mm"][2]));
    desk.screen.click([x + 40.0, y - 30.0]);
    let (other, _) = cross(&desk.wait(&["cross "]));

    // the second plan beside the first: at the cross B − A is what the engine says of both
    let found = desk.press("x", "compared ");
    let got: Vec<f64> = found.split(' ').skip(1).map(|w| w.parse().unwrap()).collect();
    println!("figure: B − A {got:?} Gy, by `dose difference` {apart:.3?}");
    assert!(got.iter().zip(apart).all(|(a, b)| (a - b).abs() < 0.0011), "{got:?} is not {apart:?}");

    // a note where the cross is, the view, and a picture, each in the store before it is said
    desk.press("n", "kept Note");
    desk.press("b", "kept Bookmark");
    desk.press("p", "kept Picture");

    // back to the hottest point, and the plan plays: the dose there begins at nothing and grows
    desk.press("h", "cross ");
    // what follows at once would be one change with it, to be taken back together: some slow frames later it is not
    std::thread::sleep(Duration::from_secs(4));
    desk.click("play", "review plays");
    let mut doses = Vec::new();
    while doses.len() < 4 {
        let (_, gray) = cross(&desk.wait(&["cross "]));
        doses.extend(gray.filter(|gy| *gy > 0.0));
    }
    assert!(doses.windows(2).all(|w| w[1] >= w[0]) && doses[0] < 0.1 * max, "{doses:?}");
    desk.press("space", "review stands");
    // taken back: the plan's own dose is shown again where it grew. Slowly, since a key let go in the frame in which it was pressed
    // is none
    desk.screen.xdotool(&["keydown", "ctrl", "sleep", "1", "key", "z", "sleep", "1", "keyup", "ctrl"]);
    let (there, gray) = cross(&desk.wait(&["cross "]));
    println!("figure: taken back, {gray:?} Gy at {there:?}");
    assert!(there == hot && (gray.unwrap() - max).abs() < 0.0006, "{gray:?} at {there:?}");
    // the card is lost: the program sets everything up anew, and the review stands as it stood
    std::fs::write(at("lose"), "").unwrap();
    desk.wait(&["card lost"]);
    let (mut there, mut gray) = cross(&desk.wait(&["cross "]));
    for _ in 0..20 {
        if there == hot && gray.is_some_and(|g| (g - max).abs() < 0.0006) {
            break;
        }
        (there, gray) = cross(&desk.wait(&["cross "]));
    }
    println!("figure: after the card was lost, {gray:?} Gy at {there:?}");
    assert!(there == hot && (gray.unwrap() - max).abs() < 0.0006, "{gray:?} at {there:?}");
    drop(desk);

    // the program that was ended lets go of its store a moment later
    let until = Instant::now() + Duration::from_secs(60);
    while !store(&["record", "mark", "list", "--patient", "SYNTHETIC-1"]).output().unwrap().status.success() {
        assert!(Instant::now() < until, "the store is still in use");
        std::thread::sleep(Duration::from_millis(200));
    }
    let list = |what: &str| -> serde_json::Value {
        let mut call = store(&["record", what, "list", "--patient", "SYNTHETIC-1", "--json"]);
        serde_json::from_str(&done(&mut call)).unwrap()
    };
    let marks = list("mark");
    let kinds: Vec<&str> = marks["marks"].as_array().unwrap().iter().filter_map(|m| m["kind"].as_str()).collect();
    assert_eq!(kinds, ["note", "bookmark"], "{marks}");
    let pinned = [0, 1, 2].map(|i| number(&marks["marks"][0]["at_mm"][i]));
    assert!(pinned.iter().zip(other).all(|(a, b)| (a - b).abs() < 0.06), "{pinned:?} is not {other:?}");

    // the picture is a DICOM file of the window's size
    let key = list("snapshot")["snapshots"][0]["key"].to_string();
    let out = at("snapshot.dcm");
    done(store(&["record", "snapshot", "export", "--patient", "SYNTHETIC-1", &key, "--out"]).arg(&out));
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(&bytes[128..132], b"DICM");
    assert!(bytes.len() > (SIZE[0] * SIZE[1] * 3) as usize, "{} bytes", bytes.len());
    // and another program's reading of the standard finds no error in it; what it finds it writes to standard error
    let verified = Command::new("dciodvfy").arg(&out).output().expect("dciodvfy, of the package dicom3tools");
    let said = String::from_utf8_lossy(&verified.stderr);
    println!("figure: dciodvfy says of the picture: {}", said.lines().collect::<Vec<_>>().join("; "));
    assert!(said.lines().any(|l| l.starts_with("SCImage")), "{said}");
    assert!(!said.lines().any(|l| l.starts_with("Error")), "{said}");
}
