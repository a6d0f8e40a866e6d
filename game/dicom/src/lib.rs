//! DICOM and DICOM-RT in and out; knows the patient, no engine knows it.

pub mod write;

pub use write::{Identity, WriteError};
