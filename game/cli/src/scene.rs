//! `vestibule scene`: check and list rooms and journeys.

use crate::Global;
use crate::output::{self, Done, Failure};
use serde::Serialize;
use std::path::PathBuf;
use vestibule_scenario::inspect::inspect;
use vestibule_scenario::{Lang, Library};

/// `vestibule scene`: check and list rooms and journeys.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Check rooms, journeys, checklists and what controllers' buttons do: what is wrong, on which line, and what to do
    Check {
        /// Files, or names under scenes/ [default: all of them]
        files: Vec<String>,
    },
    /// List rooms and journeys
    List,
}

#[derive(Serialize)]
struct Listed {
    kind: &'static str,
    name: String,
    title: String,
    steps: Vec<String>,
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    let library = Library::find().map_err(Failure::work)?;
    match command {
        Command::Check { files } => check(&library, &files, global),
        Command::List => list(&library, global),
    }
}

const KINDS: [&str; 3] = ["journey", "room", "checklist"];

fn check(library: &Library, names: &[String], global: &Global) -> Done {
    let mut files = Vec::new();
    if names.is_empty() {
        for kind in KINDS {
            for name in library.names(kind) {
                files.push(library.file(kind, &name).map_err(Failure::work)?);
            }
        }
        files.push(library.root().join("scenes/controls.ron"));
    }
    for name in names {
        let given = PathBuf::from(name);
        let found =
            if given.is_file() { Some(given) } else { KINDS.iter().find_map(|kind| library.file(kind, name).ok()) };
        files.push(found.ok_or_else(|| {
            Failure::call(format!(
                "there is no scene '{name}'; give a .ron file, or a name that `vestibule scene list` shows"
            ))
        })?);
    }
    let findings: Vec<_> = files.iter().flat_map(|f| inspect(library, f)).collect();
    let wrong = findings.iter().filter(|f| !f.warning).count();
    if global.json {
        output::print_json(&serde_json::json!({ "files": files, "findings": findings }))?;
    } else {
        for finding in &findings {
            say!("{finding}");
        }
    }
    if wrong > 0 {
        return Err(Failure::Work(format!("{wrong} to mend in {} files", files.len())));
    }
    if !global.json {
        say!("{} files can be played", files.len());
    }
    Ok(())
}

fn list(library: &Library, global: &Global) -> Done {
    let texts = library.texts(Lang::En).map_err(Failure::work)?;
    let mut all = Vec::new();
    for name in library.names("journey") {
        let journey = library.journey(&name).map_err(Failure::work)?;
        let steps = journey.steps.iter().map(|s| s.id.clone()).collect();
        all.push(Listed { kind: "journey", title: texts.get(&journey.title), name, steps });
    }
    for name in library.names("room") {
        let room = library.room(&name).map_err(Failure::work)?;
        all.push(Listed { kind: "room", title: texts.get(&room.title), name, steps: Vec::new() });
    }
    if global.json {
        return output::print_json(&serde_json::json!({ "scenes": all }));
    }
    for scene in all {
        say!("{:8} {:24} {}", scene.kind, scene.name, scene.title);
        if !scene.steps.is_empty() {
            say!("{:33} {}", "", scene.steps.join(" "));
        }
    }
    Ok(())
}
