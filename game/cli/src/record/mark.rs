//! `vestibule record mark`: notes, bookmarks and measurements of a review.

use crate::Global;
use crate::output::{Done, Failure, print_json};
use crate::store::{self, Create};
use serde_json::{Value, json};
use vestibule_record::Mark;

/// `vestibule record mark`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List a patient's marks, in the order they were made
    List {
        /// Whose
        #[arg(long, value_name = "ID")]
        patient: String,
        /// Those that were withdrawn too
        #[arg(long)]
        all: bool,
    },
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    let Command::List { patient, all } = command;
    let store = store::open(global, Create::No)?;
    let marks = if all { store.all_marks(&patient) } else { store.marks(&patient) }.map_err(Failure::work)?;
    store.append_audit("marks-listed", "store", &format!("{} marks", marks.len())).map_err(Failure::work)?;
    if global.json {
        return print_json(&json!({ "marks": marks.iter().map(as_json).collect::<Vec<_>>() }));
    }
    for m in &marks {
        let at = m.position_mm.map_or("no place".to_owned(), |[x, y, z]| format!("{x:.1}, {y:.1}, {z:.1} mm"));
        let withdrawn = if m.withdrawn { "  (withdrawn)" } else { "" };
        say!("{:>5}  {}  {:<9} {:<16} {at}  {}{withdrawn}", m.id.0, m.changed_at, m.kind.as_str(), m.author, m.text);
    }
    if marks.is_empty() {
        say!("No marks of this patient are kept.");
    }
    Ok(())
}

fn as_json(m: &Mark) -> Value {
    json!({
        "key": m.id, "kind": m.kind, "text": m.text, "at_mm": m.position_mm, "format": m.format, "author": m.author,
        "created_at": m.created_at, "changed_at": m.changed_at, "withdrawn": m.withdrawn,
    })
}
