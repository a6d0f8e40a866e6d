//! An RT Dose that a call names by its file.

use super::in_file;
use crate::output::Failure;
use std::path::Path;
use vestibule_dicom::ImportError;
use vestibule_patient::{Dose, Patient};

/// The one dose in a file, and whose it is.
pub fn read(path: &Path) -> Result<(Patient, Dose), Failure> {
    let got = vestibule_dicom::import(&[path.to_path_buf()], &|_, _| {}).map_err(|e| match e {
        ImportError::NotFound { .. } => Failure::call(e),
    })?;
    let mut found: Vec<(Patient, Dose)> = Vec::new();
    for mut patient in got.patients {
        for dose in std::mem::take(&mut patient.doses) {
            found.push((patient.clone(), dose));
        }
    }
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), more) => Err(Failure::call(format!("{} holds {} doses: name one file", path.display(), more + 1))),
        (None, _) => {
            let why: Vec<&str> = got.notes.iter().map(|n| n.text.as_str()).collect();
            Err(in_file(path, if why.is_empty() { "holds no RT Dose".to_owned() } else { why.join("; ") }))
        }
    }
}
