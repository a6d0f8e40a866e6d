//! DICOM and DICOM-RT in and out; knows the patient, no engine knows it.

mod import;
mod note;
pub mod write;

pub use import::{DoseReferences, Import, ImportError, import};
pub use note::{Level, Note};
pub use write::{Identity, WriteError};
