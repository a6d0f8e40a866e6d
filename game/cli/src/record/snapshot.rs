//! `vestibule record snapshot`: pictures of a review, as DICOM.

use crate::Global;
use crate::output::{Done, Failure, print_json, write_new};
use crate::store::{self, Create};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vestibule_record::{SnapshotId, StoreError};

/// `vestibule record snapshot`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List a patient's snapshots, in the order they were taken
    List {
        /// Whose
        #[arg(long, value_name = "ID")]
        patient: String,
    },
    /// Write a snapshot to a DICOM file (Secondary Capture); `list` names their keys
    Export {
        /// Its key
        key: i64,
        /// Whose
        #[arg(long, value_name = "ID")]
        patient: String,
        /// The file; one that is there already is not overwritten
        #[arg(long, value_name = "FILE.dcm")]
        out: PathBuf,
        /// Of anybody who is not synthetic: the file is not encrypted and names them
        #[arg(long)]
        identifiable: bool,
    },
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    match command {
        Command::List { patient } => list(&patient, global),
        Command::Export { key, patient, out, identifiable } => export(key, &patient, &out, identifiable, global),
    }
}

fn list(patient: &str, global: &Global) -> Done {
    let store = store::open(global, Create::No)?;
    let snapshots = store.snapshots(patient).map_err(Failure::work)?;
    store
        .append_audit("snapshots-listed", "store", &format!("{} snapshots", snapshots.len()))
        .map_err(Failure::work)?;
    if global.json {
        let rows = snapshots.iter().map(|s| {
            json!({ "key": s.id, "title": s.title, "author": s.author, "created_at": s.created_at, "bytes": s.bytes })
        });
        return print_json(&json!({ "snapshots": rows.collect::<Vec<Value>>() }));
    }
    for s in &snapshots {
        say!("{:>5}  {}  {:<16} {:>10} bytes  {}", s.id.0, s.created_at, s.author, s.bytes, s.title);
    }
    if snapshots.is_empty() {
        say!("No snapshots of this patient are kept.");
    }
    Ok(())
}

/// Writes a kept picture where others can read it; the audit notes it.
fn export(key: i64, patient: &str, out: &Path, identifiable: bool, global: &Global) -> Done {
    let store = store::open(global, Create::No)?;
    let patients = store.patients().map_err(Failure::work)?;
    let Some(person) = patients.iter().find(|p| p.id == patient) else {
        return Err(Failure::work(StoreError::NoSuchPatient));
    };
    if !person.synthetic && !identifiable {
        return Err(Failure::call("this names a person: say --identifiable to write it to an open file"));
    }
    if !store.snapshots(patient).map_err(Failure::work)?.iter().any(|s| s.id == SnapshotId(key)) {
        return Err(Failure::call(format!(
            "this patient has no snapshot {key}; `vestibule record snapshot list` names them"
        )));
    }
    let dicom = store.snapshot_bytes(SnapshotId(key)).map_err(Failure::work)?;
    write_new(out, &dicom)?;
    store.append_audit("snapshot-written", "store", &format!("snapshot {key}")).map_err(Failure::work)?;
    if global.json {
        return print_json(&json!({ "key": key, "bytes": dicom.len() }));
    }
    say!("The snapshot was written to {}. The file is not encrypted.", out.display());
    Ok(())
}
