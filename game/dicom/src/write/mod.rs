//! Writes images, structure sets, ion and photon plans, doses, rigid registrations and pictures as DICOM files that other systems read.

mod dose;
mod image;
mod ion_plan;
mod photon_plan;
mod plan_head;
mod registration;
mod secondary_capture;
mod structure_set;
mod tags_of;

pub use dose::{PlanReference, dose, dose_of};
pub use image::image_series;
pub use ion_plan::ion_plan;
pub use photon_plan::photon_plan;
pub use registration::spatial_registration;
pub use secondary_capture::{SecondaryCapture, secondary_capture, secondary_capture_bytes};
pub use structure_set::structure_set;

use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use std::path::{Path, PathBuf};
use tags_of::DataSet;
use thiserror::Error;
use vestibule_patient::{Patient, Plan};

/// Why a DICOM file was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The folder or file could not be written.
    #[error("could not write {path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The object does not fit DICOM.
    #[error("could not write {what}: {reason}")]
    Unfit {
        /// Which object, in words.
        what: &'static str,
        /// What does not fit and what to do.
        reason: String,
    },
    /// The encoder refused it.
    #[error("could not encode {what}: {source}")]
    Encode {
        /// Which object, in words.
        what: &'static str,
        /// The encoder's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Whose study it is, and which. The same identity for every object keeps them in one study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// PatientID; not empty.
    pub patient_id: String,
    /// PatientName as DICOM writes it (`FAMILY^GIVEN`). A made-up person's says SYNTHETIC.
    pub patient_name: String,
    /// PatientBirthDate `YYYYMMDD`, or empty.
    pub birth_date: String,
    /// PatientSex `M`, `F`, `O`, or empty.
    pub sex: String,
    /// StudyInstanceUID.
    pub study_uid: String,
    /// StudyDate `YYYYMMDD`, or empty. Every other date takes it too.
    pub study_date: String,
    /// StudyTime `HHMMSS`, or empty. Every other time takes it too.
    pub study_time: String,
    /// StudyDescription, or empty.
    pub study_description: String,
}

impl Identity {
    /// A patient as they were imported. The study is that of their planning image (of `plan`, else of the first plan that has
    /// one), else of their first image that names one; without any it follows from the UID of what else was imported, and
    /// is new where there is nothing. Its date, time and description are not known, and empty.
    pub fn of(patient: &Patient, plan: Option<&Plan>) -> Self {
        let planned = plan.into_iter().chain(&patient.plans).find_map(|p| patient.planning_image(p));
        let named = planned.into_iter().chain(&patient.images).map(|i| &i.study_uid).find(|u| !u.is_empty());
        let images = patient.images.iter().map(|i| &i.uid);
        let others = plan.into_iter().chain(&patient.plans).map(|p| &p.uid).chain(patient.doses.iter().map(|d| &d.uid));
        let sets = patient.structure_sets.iter().map(|s| &s.uid);
        let any = images.chain(others).chain(sets).find(|u| !u.is_empty());
        Self {
            patient_id: patient.id.clone(),
            patient_name: patient.name.clone(),
            birth_date: patient.birth_date.clone(),
            sex: patient.sex.clone(),
            study_uid: match (named, any) {
                (Some(study), _) => study.clone(),
                (None, Some(uid)) => derived_uid(&[uid, "study"]),
                (None, None) => new_uid(),
            },
            ..Self::default()
        }
    }
}

/// A UID under 2.25 that follows from its parts: the same parts always give the same UID.
pub fn derived_uid(parts: &[&str]) -> String {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, parts.join("\u{1f}").as_bytes());
    format!("2.25.{}", id.as_u128())
}

/// A new random UID under 2.25.
pub fn new_uid() -> String {
    format!("2.25.{}", uuid::Uuid::new_v4().as_u128())
}

/// What every object says: patient, study, equipment, its class and UID.
fn common(identity: &Identity, class: &str, uid: &str, modality: &str, series_uid: &str) -> DataSet {
    use dicom_dictionary_std::tags;
    let mut d = DataSet::default();
    d.text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
        .text(tags::SOP_CLASS_UID, class)
        .text(tags::SOP_INSTANCE_UID, uid)
        .text(tags::INSTANCE_CREATION_DATE, &identity.study_date)
        .text(tags::INSTANCE_CREATION_TIME, &identity.study_time)
        .text(tags::PATIENT_NAME, &identity.patient_name)
        .text(tags::PATIENT_ID, &identity.patient_id)
        .text(tags::PATIENT_BIRTH_DATE, &identity.birth_date)
        .text(tags::PATIENT_SEX, &identity.sex)
        .text(tags::STUDY_INSTANCE_UID, &identity.study_uid)
        .text(tags::STUDY_DATE, &identity.study_date)
        .text(tags::STUDY_TIME, &identity.study_time)
        .text(tags::STUDY_ID, "1")
        .text(tags::ACCESSION_NUMBER, "")
        .text(tags::REFERRING_PHYSICIAN_NAME, "")
        .text(tags::MODALITY, modality)
        .text(tags::SERIES_INSTANCE_UID, series_uid)
        .text(tags::SERIES_NUMBER, "1")
        .text(tags::SERIES_DATE, &identity.study_date)
        .text(tags::SERIES_TIME, &identity.study_time)
        .text(tags::MANUFACTURER, "Vestibule")
        .text(tags::MANUFACTURER_MODEL_NAME, "Vestibule")
        .text(tags::DEVICE_SERIAL_NUMBER, "0")
        .text(tags::SOFTWARE_VERSIONS, env!("CARGO_PKG_VERSION"));
    if !identity.study_description.is_empty() {
        d.text(tags::STUDY_DESCRIPTION, &identity.study_description);
    }
    d
}

/// Writes one file.
fn save(path: &Path, what: &'static str, data: DataSet) -> Result<(), WriteError> {
    let at = |source| WriteError::File { path: path.to_owned(), source };
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(at)?);
    encode(what, data, &mut out)?;
    std::io::Write::flush(&mut out).map_err(at)
}

/// Implicit VR keeps long contours and spot maps whole (explicit VR ends at 64 KiB a value).
fn encode(what: &'static str, data: DataSet, out: &mut impl std::io::Write) -> Result<(), WriteError> {
    let object: InMemDicomObject = data.done();
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| WriteError::Encode { what, source: e };
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(dicom_dictionary_std::uids::IMPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid("2.25.283186152714087453119104923467124891241")
        .implementation_version_name("VESTIBULE");
    let file = object.with_meta(meta).map_err(|e| fail(Box::new(e)))?;
    file.write_all(out).map_err(|e| fail(Box::new(e)))
}
