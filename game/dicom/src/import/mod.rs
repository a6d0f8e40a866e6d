//! DICOM in: a folder, files or zips of any vendor's DICOM become patients, with a note for whatever was assumed or
//! left out. `docs/import.md` says what is accepted, assumed and refused.

mod dose;
mod extent;
mod join;
mod layers;
mod limiting;
mod parse;
mod phases;
mod pixels;
mod plan;
mod references;
mod registration;
mod rle;
mod series;
mod slice;
mod source;
mod structure;
mod suv;
mod values;
mod walk;

pub use references::DoseReferences;

use crate::Note;
use dicom_dictionary_std::{tags, uids};
use parse::{File, Refused};
use rayon::prelude::*;
use slice::{NoSlices, Slice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use thiserror::Error;
use values::text;
use vestibule_patient::{Dose, Patient, Plan, Registration, StructureSet};

/// What an import gave.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The patients, by ID. Empty when nothing usable was found; the notes say why.
    pub patients: Vec<Patient>,
    /// What was taken with an assumption, and what was left out.
    pub notes: Vec<Note>,
}

/// Why an import did not even begin.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A path does not exist.
    #[error("{path} does not exist; give a folder, a file or a zip of DICOM")]
    NotFound {
        /// Which.
        path: PathBuf,
    },
}

/// Reads folders, files and zips of DICOM.
///
/// `progress` is called with (files read, all files), from several threads and in no fixed order. The result does not
/// depend on threads. Nothing is written anywhere.
///
/// # Errors
/// Only when a path does not exist. Whatever is wrong with a file is a note, and the rest goes on.
pub fn import(paths: &[PathBuf], progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Import, ImportError> {
    let mut notes = Vec::new();
    let sources = source::collect(paths, &mut notes)?;
    let total = sources.len();
    let done = AtomicUsize::new(0);
    let read: Vec<Read> = sources
        .par_iter()
        .map_init(
            || None,
            |open, source| {
                let result = match source.read(open) {
                    Ok(bytes) => read_one(&bytes, &source.label),
                    Err(why) => Read::left(vec![Note::error(&source.label, why)]),
                };
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                result
            },
        )
        .collect();
    let mut foreign = Vec::new();
    let mut kept = Vec::new();
    for (mut r, source) in read.into_iter().zip(&sources) {
        notes.append(&mut r.notes);
        match r.object {
            Some(Object::Foreign) => foreign.push(source.label.clone()),
            Some(object) => kept.push((r.owner, object, source.label.clone())),
            None => {}
        }
    }
    if !foreign.is_empty() {
        let few: Vec<&str> = foreign.iter().take(3).map(String::as_str).collect();
        let more = if foreign.len() > 3 { ", …" } else { "" };
        let text = format!("{} files are not DICOM and were left out", foreign.len());
        notes.push(Note::info(format!("{}{more}", few.join(", ")), text));
    }
    if total == 0 {
        notes.push(Note::error("import", "there is no file to read"));
    } else if foreign.len() == total {
        notes.push(Note::error("import", format!("none of the {total} files is DICOM")));
    }
    let patients = join::patients(kept, &mut notes);
    notes.dedup();
    Ok(Import { patients, notes })
}

/// Whose file it is.
#[derive(Clone, Debug, Default)]
struct Owner {
    id: String,
    name: String,
    birth_date: String,
    sex: String,
    study_uid: String,
    /// SOPInstanceUID of the file; empty if absent.
    object_uid: String,
}

enum Object {
    Foreign,
    Slices(Vec<Slice>),
    /// With what it says of how other frames of reference lie.
    Structures(StructureSet, Vec<Registration>),
    Plan(Plan),
    Dose(Dose),
    Spatial(registration::Spatial),
}

struct Read {
    owner: Owner,
    object: Option<Object>,
    notes: Vec<Note>,
}

impl Read {
    fn left(notes: Vec<Note>) -> Self {
        Self { owner: Owner::default(), object: None, notes }
    }
}

fn read_one(bytes: &[u8], label: &str) -> Read {
    // A decoder that trips over a damaged file must not end the import.
    catch_unwind(AssertUnwindSafe(|| read_inner(bytes, label)))
        .unwrap_or_else(|_| Read::left(vec![Note::error(label, "cannot be read: it is damaged")]))
}

fn read_inner(bytes: &[u8], label: &str) -> Read {
    let file = match parse::parse(bytes) {
        Ok(f) => f,
        Err(Refused::NotDicom) => {
            return Read { owner: Owner::default(), object: Some(Object::Foreign), notes: Vec::new() };
        }
        Err(Refused::Broken(why)) => return Read::left(vec![Note::error(label, format!("{why}: left out"))]),
    };
    let d = &file.data;
    let get = |tag| text(d, tag).unwrap_or_default();
    let owner = Owner {
        id: get(tags::PATIENT_ID),
        name: get(tags::PATIENT_NAME),
        birth_date: get(tags::PATIENT_BIRTH_DATE),
        sex: get(tags::PATIENT_SEX),
        study_uid: get(tags::STUDY_INSTANCE_UID),
        object_uid: text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default(),
    };
    let mut notes: Vec<Note> = file.assumed.iter().map(|a| Note::warning(label, a)).collect();
    let object = match object(&file, label, &mut notes) {
        Ok(o) => Some(o),
        Err(note) => {
            notes.push(note);
            None
        }
    };
    Read { owner, object, notes }
}

fn object(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<Object, Note> {
    let d = &file.data;
    let class = text(d, tags::SOP_CLASS_UID).or_else(|| file.meta_class.clone());
    let modality = text(d, tags::MODALITY).unwrap_or_default();
    let left = |why: String| Note::error(label, format!("{why}: left out"));
    match class.as_deref() {
        Some(uids::RT_STRUCTURE_SET_STORAGE) => structures(file, label, notes).map_err(left),
        Some(uids::SPATIAL_REGISTRATION_STORAGE) => {
            registration::spatial(file, label, notes).map(Object::Spatial).map_err(left)
        }
        Some(uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE) => {
            Err(left("is a deformable registration; export a rigid one of the same images, if there is one".to_owned()))
        }
        Some(uids::RT_PLAN_STORAGE | uids::RT_ION_PLAN_STORAGE) => {
            plan::plan(file, label, notes).map(Object::Plan).map_err(left)
        }
        Some(uids::RT_DOSE_STORAGE) => dose::dose(file, label, notes).map(Object::Dose).map_err(left),
        Some(uids::MEDIA_STORAGE_DIRECTORY_STORAGE) => {
            Err(Note::info(label, "is a DICOM directory: the files themselves are read"))
        }
        _ => {
            if class.is_none() {
                notes.push(Note::warning(
                    label,
                    format!("does not say what kind of object it is: judged by its modality '{modality}'"),
                ));
            }
            match modality.as_str() {
                "RTSTRUCT" => structures(file, label, notes).map_err(left),
                "REG" if class.is_none() => {
                    registration::spatial(file, label, notes).map(Object::Spatial).map_err(left)
                }
                "RTPLAN" => plan::plan(file, label, notes).map(Object::Plan).map_err(left),
                "RTDOSE" => dose::dose(file, label, notes).map(Object::Dose).map_err(left),
                "SEG" | "REG" | "RTIMAGE" | "RTRECORD" | "SR" | "PR" | "KO" | "DOC" | "RTINTENT" => {
                    Err(Note::info(label, format!("holds an object of type {modality}, which is not read: left out")))
                }
                _ => match slice::slices(file, label) {
                    Ok(s) => Ok(Object::Slices(s)),
                    Err(NoSlices::NotAVolume(why)) => Err(Note::info(label, format!("{why}: left out"))),
                    Err(NoSlices::Lost(why)) => Err(left(why)),
                },
            }
        }
    }
}

fn structures(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<Object, String> {
    let set = structure::structure_set(file, label, notes)?;
    Ok(Object::Structures(set, registration::related(file, label, notes)))
}

/// Reads bytes as one file, for tests that feed it garbage.
#[cfg(test)]
pub(crate) fn read_bytes(bytes: &[u8]) -> (bool, Vec<Note>) {
    // Not through `read_one`: here a panic must show.
    let r = read_inner(bytes, "file");
    (r.object.is_some(), r.notes)
}

#[cfg(test)]
mod damage;
