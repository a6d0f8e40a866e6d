//! A clinician reviews a plan in a headset: Monado with a scripted head and two hands. The hottest point is where another command says it
//! is, another plan, the histogram and the beams stand on the board of pages with the engine's numbers, the dose grows while the plan
//! plays, hands move the patient and make them larger, the laser moves the cross in the plane it is on and measures, and a note and a
//! picture that another program reads are in the store afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod headset;

use headset::{Run, apart, wanted};
use serde_json::Value;
use std::process::Command;

/// Place and dose of a line `cross X Y Z dose GY`.
fn cross(words: &[String]) -> ([f64; 3], f64) {
    ([1, 2, 3].map(|i| words[i].parse().unwrap()), words[5].parse().unwrap_or(0.0))
}

/// What stood on the board of pages, again and again: each time all of it.
fn stood(run: &Run) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for line in run.texts("pages") {
        match line {
            None => all.push(Vec::new()),
            Some(text) => all.last_mut().into_iter().for_each(|l| l.push(text.clone())),
        }
    }
    all
}

/// The numbers on the pages are those of the program's commands, to the last digit.
fn pages(run: &Run, shown: &Value) {
    let stood = stood(run);
    let number = |v: &Value| v.as_f64().unwrap();
    let approved = shown["plans"].as_array().unwrap().iter().find(|p| p["approval"] == "APPROVED").unwrap();
    let other = shown["doses"].as_array().unwrap().iter().find(|d| d["plan"] != approved["uid"]).unwrap();
    let dvh = |more: &[&str]| run.asked(&[&["dose", "dvh", "--patient", "SYNTHETIC-1"], more].concat());
    let (a, b) = (dvh(&[]), dvh(&["--dose", other["uid"].as_str().unwrap()]));
    let list = |v: &Value| v["structures"].as_array().unwrap().clone();
    let more = |v: f64| if v.abs() < 0.005 { "0.00".to_owned() } else { format!("{v:+.2}") };
    let row = |heads: &[String]| stood.iter().any(|texts| texts.windows(heads.len()).any(|w| w == heads));
    // a board shows as many rows as it has room for; those that it shows must be right
    let seen = |of: &dyn Fn(&Value, &Value) -> Vec<String>| {
        let rows: Vec<_> = list(&a).iter().zip(&list(&b)).map(|(a, b)| of(a, b)).collect();
        rows.iter().filter(|r| row(r)).map(|r| r[0].clone()).collect::<Vec<_>>()
    };
    let histogram = |a: &Value, _: &Value| {
        let values = ["d98_gy", "d95_gy", "d50_gy", "d2_gy", "mean_gy"].map(|k| format!("{:.2}", number(&a[k])));
        [vec![a["name"].as_str().unwrap().to_owned()], values.to_vec()].concat()
    };
    let compared = |a: &Value, b: &Value| {
        let pair = |k: &str| [format!("{:.2}", number(&a[k])), more(number(&b[k]) - number(&a[k]))];
        [vec![a["name"].as_str().unwrap().to_owned()], ["d95_gy", "d2_gy", "mean_gy"].map(pair).concat()].concat()
    };
    let (charts, beside) = (seen(&histogram), seen(&compared));
    println!("figure: on the pages, rows of the histogram {charts:?}, of both plans {beside:?}");
    let of = |head: &str| stood.iter().rfind(|t| t.iter().any(|t| t == head));
    assert!(charts.len() >= 3 && beside.len() >= 3, "{:?}\n{:?}", of("D98"), of("D95 A"));

    let said = run.asked(&["dose", "timeline", "--patient", "SYNTHETIC-1"]);
    let beam = &said["beams"][0];
    let whole = format!("{} spots   {:.1} MU   {:.1} s", beam["spots"], number(&beam["mu"]), number(&beam["length_s"]));
    assert!(row(std::slice::from_ref(&whole)), "no '{whole}'");
}

#[test]
fn a_clinician_finds_plays_holds_and_pins() {
    if !wanted("a_clinician_finds_plays_holds_and_pins") {
        return;
    }
    let what = ["--mode", "clinician", "--lang", "en"];
    let run = Run::playing(&what, include_str!("headset/review.txt"), 512, 1.0, &[], |_| {});
    assert!(run.played && run.ended == Some(0), "{}", run.output);

    // the hottest point, as `patient show` has it
    let shown = run.asked(&["patient", "show", "SYNTHETIC-1"]);
    let doses = shown["doses"].as_array().unwrap();
    let crosses: Vec<_> = run.lines("cross").iter().map(|w| cross(w)).collect();
    let hot = |d: &serde_json::Value| {
        let at = [0, 1, 2].map(|i| d["max_at_mm"][i].as_f64().unwrap());
        crosses.iter().position(|c| c.0.iter().zip(at).all(|(a, b)| (a - b).abs() < 0.06))
    };
    let (found, max) =
        doses.iter().find_map(|d| Some((hot(d)?, d["max"].as_f64().unwrap()))).expect("no cross is hottest");
    println!("figure: hottest {:?}, by `patient show` {max:.3} Gy", crosses[found]);
    assert!((crosses[found].1 - max).abs() < 0.0006);

    // played: from next to nothing it grew there
    let grown: Vec<f64> = crosses[found + 1..].iter().filter(|c| c.0 == crosses[found].0).map(|c| c.1).collect();
    println!("figure: there while it played {grown:?} Gy");
    assert!(grown.is_sorted() && grown[0] < 0.01 * max && grown.last() > grown.first(), "{grown:?}");

    // the laser drew the cross along one plane: one of its numbers stays
    let dragged: Vec<[f64; 3]> = crosses.iter().map(|c| c.0).skip_while(|c| *c != crosses[found].0).collect();
    let moved: Vec<[f64; 3]> = dragged.windows(2).filter(|w| w[0] != w[1]).map(|w| w[1]).collect();
    assert!(!moved.is_empty(), "the laser moved nothing: {crosses:?}");
    assert!((0..3).any(|a| moved.iter().all(|m| (m[a] - crosses[found].0[a]).abs() < 1e-6)), "{moved:?}");

    // what was measured there is as long as the crosses are apart
    let ends: Vec<[f64; 3]> = dragged.iter().rev().take(2).copied().collect();
    let crosses_mm = ends[0].iter().zip(ends[1]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let measured =
        run.lines("measured").iter().filter_map(|w| w[1].trim_matches(['[', ']']).parse::<f64>().ok()).next_back();
    println!("figure: measured {measured:?} mm, the crosses are {crosses_mm:.2} mm apart");
    assert!(crosses_mm > 3.0 && (measured.expect("nothing was measured") - crosses_mm).abs() < 0.15);

    pages(&run, &shown);

    // two hands, twice as far apart, make the patient twice as large
    let scales: Vec<f64> = run.lines("patient").iter().map(|w| w[2].parse().unwrap()).collect();
    println!("figure: times life size, {scales:?}");
    let [first, last] = [scales[scales.len() - 2], scales[scales.len() - 1]];
    assert!((last / first - 2.0).abs() < 0.05, "{scales:?}");

    // what was left is in the store
    let marks = run.asked(&["record", "mark", "list", "--patient", "SYNTHETIC-1"]);
    let note = &marks["marks"].as_array().unwrap()[0];
    println!("figure: {note}");
    assert_eq!((note["kind"].as_str(), note["text"].as_str()), (Some("note"), Some("Look here")));
    let snapshots = run.asked(&["record", "snapshot", "list", "--patient", "SYNTHETIC-1"]);
    assert_eq!(snapshots["snapshots"].as_array().unwrap().len(), 1, "{snapshots}");
    let (key, file) = (snapshots["snapshots"][0]["key"].to_string(), run.path("snapshot.dcm"));
    let file = file.to_str().unwrap();
    run.asked(&["record", "snapshot", "export", "--patient", "SYNTHETIC-1", &key, "--out", file]);
    let verified = Command::new("dciodvfy").arg(file).output().expect("dciodvfy, of the package dicom3tools");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(said.lines().any(|l| l.starts_with("SCImage")) && !said.lines().any(|l| l.starts_with("Error")), "{said}");

    // boards stand at their depths for both eyes
    let boards = apart(&run, "start");
    let seen: Vec<_> = boards.iter().filter(|o| o.alike > 0.7).collect();
    for o in &seen {
        println!("{} at {:.2} m: {:.2} px apart, {:.2} predicted", o.name, o.distance_m, o.measured, o.predicted);
        assert!((o.predicted - o.measured).abs() <= 1.0, "{} is not where its distance puts it", o.name);
    }
}
