//! `scene check`: the shipped scenes are sound, and each kind of fault is named with file, line and advice.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use std::path::Path;
use vestibule_scenario::Library;
use vestibule_scenario::inspect::{Finding, inspect};

#[test]
fn the_shipped_scenes_are_sound() {
    let library = library();
    for kind in ["journey", "room", "checklist"] {
        for name in library.names(kind) {
            let file = library.file(kind, &name).unwrap();
            let wrong: Vec<_> =
                inspect(&library, &file).into_iter().filter(|f| !f.warning).map(|f| f.to_string()).collect();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { drop(std::fs::copy(entry.path(), target)) }
    }
}

/// A library with the journey changed, checked.
fn changed(kind: &str, from: &str, to: &str) -> (Vec<Finding>, usize) {
    let real = library();
    let folder = tempfile::tempdir().unwrap();
    for part in ["scenes", "assets/languages", "assets/questionnaires"] {
        copy(&real.root().join(part), &folder.path().join(part));
    }
    let file = match kind {
        "journey" => folder.path().join("scenes/journeys/proton-first-day.ron"),
        "room" => folder.path().join("scenes/rooms/proton-gantry.ron"),
        other => folder.path().join(other),
    };
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "the shipped file has no {from}");
    let line = text[..text.find(from).unwrap()].matches('\n').count() + 1;
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    let journey = folder.path().join("scenes/journeys/proton-first-day.ron");
    let looked_at = if kind == "room" { &file } else { &journey };
    (inspect(&Library::at(folder.path()), looked_at), line)
}

#[track_caller]
fn told(kind: &str, from: &str, to: &str, what: &str) {
    let (findings, line) = changed(kind, from, to);
    let found = findings.iter().find(|f| f.what.contains(what));
    let found = found.unwrap_or_else(|| panic!("'{what}' is not told among {findings:?}"));
    assert!(found.file.is_file() || found.file.ends_with(found.file.file_name().unwrap()));
    assert!(!found.advice.is_empty() && !found.warning);
    let at = found.line.unwrap_or_else(|| panic!("no line: {found}"));
    assert!(at.abs_diff(line) <= 1, "line {at} instead of {line}: {found}");
}

#[test]
fn an_unknown_step_is_told() {
    told("journey", r#"gentle_step: "gentle-ending""#, r#"gentle_step: "gentel""#, "unknown step 'gentel'");
}

#[test]
fn an_unknown_viewpoint_is_told() {
    told("journey", r#"Place("control-window")"#, r#"Place("controll-window")"#, "unknown viewpoint 'controll-window'");
}

#[test]
fn a_screen_of_an_unknown_camera_is_told() {
    told("room", r#"Camera("wide")"#, r#"Camera("wild")"#, "a screen of an unknown camera 'wild'");
}

#[test]
fn a_cycle_is_told() {
    let (findings, _) = changed("journey", r#"then: [(to: "goodbye")]"#, r#"then: [(to: "room")]"#);
    let cycle = findings.iter().find(|f| f.what.contains("a cycle")).unwrap();
    assert!(cycle.line.is_some() && !cycle.advice.is_empty());
}

#[test]
fn an_unreachable_step_is_told() {
    let (findings, _) = changed("journey", r#", to: "calm")"#, r#", to: "goodbye")"#);
    assert!(findings.iter().any(|f| f.what.contains("step 'calm' is never reached") && f.line.is_some()));
}

#[test]
fn a_missing_text_is_told_in_its_language() {
    let (findings, _) = changed("assets/languages/en/journey.ftl", "question-open =", "question-opened =");
    let found = findings.iter().find(|f| f.what == "no text 'question-open' in en").unwrap();
    assert!(found.line.is_some() && found.advice.contains("assets/languages/en"));
    assert!(!findings.iter().any(|f| f.what.contains("in fr")));
}

#[test]
fn a_missing_asset_is_told() {
    told(
        "room",
        "rooms/proton-gantry/room.glb",
        "rooms/proton-gantry/nothing.glb",
        "missing asset assets/rooms/proton-gantry/nothing.glb",
    );
}

#[test]
fn broken_ron_is_told_with_its_line() {
    told("journey", r#"title: "step-corridor","#, r#"titel: "step-corridor","#, "titel");
    told("room", "walking_m_per_s: 0.9", "walking_m_per_s: fast", "column");
}

#[test]
fn a_question_that_does_not_exist_and_an_option_that_does_not_exist_are_told() {
    told("journey", r#"Ask("comfort")"#, r#"Ask("comfrot")"#, "unknown question 'comfrot'");
    let (findings, _) = changed("journey", r#"Is("discomfort-first", "stop")"#, r#"Is("discomfort-first", "halt")"#);
    assert!(findings.iter().any(|f| f.what.contains("has no option 'halt'")));
}
