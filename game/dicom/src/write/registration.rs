use super::image::{slice_uids, storage_class};
use super::tags_of::{DataSet, clip, reference};
use super::{Identity, WriteError, common, derived_uid, save};
use dicom_dictionary_std::{tags, uids};
use std::collections::BTreeMap;
use std::path::Path;
use vestibule_patient::{Image, Registration};

const WHAT: &str = "registration";

/// What was registered by, of those that DICOM has a code for (CID 7100), as [`Registration::method`] names it.
const METHODS: [(&str, &str); 5] = [
    ("125021", "Frame of Reference Identity"),
    ("125022", "Fiducial Alignment"),
    ("125023", "Acquisition Equipment Alignment"),
    ("125024", "Image Content-based Alignment"),
    ("125025", "Visual Alignment"),
];

/// Writes a Spatial Registration (PS3.3 A.39.1): all of `registrations` in one object, which they name as theirs and whose
/// frame of reference they lead to; the frame that stays gets its item too. Those of `images` that lie in one of the frames
/// are referred to; there need be none.
///
/// A registration's own date and time stand as Content Date and Time, the study's where it has none.
///
/// # Errors
/// When the file cannot be written; when there is no registration, they differ in UID or frame led to, one names no frame or
/// leads nowhere, there is no date and time, or an image is neither CT nor MR.
pub fn spatial_registration(
    path: &Path,
    registrations: &[Registration],
    images: &[&Image],
    identity: &Identity,
) -> Result<(), WriteError> {
    let unfit = |reason: &str| WriteError::Unfit { what: WHAT, reason: reason.to_owned() };
    let first = registrations.first().ok_or_else(|| unfit("there is none; give at least one"))?;
    let to = &first.to_frame_uid;
    if registrations.iter().any(|r| r.uid != first.uid || r.to_frame_uid != *to) {
        return Err(unfit(
            "one object holds registrations of one UID to one frame of reference; write several objects",
        ));
    }
    if first.uid.is_empty() || to.is_empty() || registrations.iter().any(|r| r.from_frame_uid.is_empty()) {
        return Err(unfit("it has no UID, or does not say which frames of reference it joins"));
    }
    if registrations.iter().any(|r| r.from_frame_uid == *to) {
        return Err(unfit("it leads from a frame of reference to itself"));
    }
    let or_study = |own: &str, study: &str| if own.is_empty() { study.to_owned() } else { own.to_owned() };
    let (date, time) = (or_study(&first.date, &identity.study_date), or_study(&first.time, &identity.study_time));
    if date.is_empty() || time.is_empty() {
        return Err(unfit("it has no date and time, and the study has none; give one"));
    }
    let stays = Registration::of(&first.uid, to, to, nalgebra::Isometry3::identity());
    let all: Vec<&Registration> = std::iter::once(&stays).chain(registrations).collect();
    let items: Result<Vec<DataSet>, WriteError> = all.iter().map(|r| item(r, images)).collect();
    let series_uid = derived_uid(&[&first.uid, "series"]);
    let mut d = common(identity, uids::SPATIAL_REGISTRATION_STORAGE, &first.uid, "REG", &series_uid);
    d.text(tags::INSTANCE_NUMBER, "1")
        .text(tags::CONTENT_DATE, &date)
        .text(tags::CONTENT_TIME, &time)
        .text(tags::CONTENT_LABEL, &label(&first.label))
        .text(tags::CONTENT_DESCRIPTION, &clip(&first.description, 64))
        .text(tags::CONTENT_CREATOR_NAME, "")
        .text(tags::LATERALITY, "")
        .text(tags::FRAME_OF_REFERENCE_UID, to)
        .text(tags::POSITION_REFERENCE_INDICATOR, "")
        .items(tags::REGISTRATION_SEQUENCE, items?);
    refer(
        &mut d,
        images.iter().filter(|i| all.iter().any(|r| r.from_frame_uid == i.frame_of_reference_uid)),
        identity,
    )?;
    save(path, WHAT, d)
}

fn item(r: &Registration, images: &[&Image]) -> Result<DataSet, WriteError> {
    let mut referenced = Vec::new();
    for image in images.iter().filter(|i| i.frame_of_reference_uid == r.from_frame_uid) {
        let class = storage_class(&image.modality)?;
        referenced.extend(slice_uids(image).iter().map(|u| reference(class, u)));
    }
    let method = METHODS.iter().find(|m| m.1 == r.method).map(|(code, meaning)| {
        DataSet::with(|c| {
            c.text(tags::CODE_VALUE, code)
                .text(tags::CODING_SCHEME_DESIGNATOR, "DCM")
                .text(tags::CODE_MEANING, meaning);
        })
    });
    let matrix: Vec<f64> = r.matrix().concat();
    Ok(DataSet::with(|d| {
        d.text(tags::FRAME_OF_REFERENCE_UID, &r.from_frame_uid);
        if !referenced.is_empty() {
            d.items(tags::REFERENCED_IMAGE_SEQUENCE, referenced);
        }
        d.item(tags::MATRIX_REGISTRATION_SEQUENCE, |m| {
            m.items(tags::REGISTRATION_TYPE_CODE_SEQUENCE, method.into_iter().collect()).item(
                tags::MATRIX_SEQUENCE,
                |s| {
                    s.text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, "RIGID")
                        .decimals(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, &matrix);
                },
            );
        });
    }))
}

/// Content Label is a code string: capitals, digits, space and underscore, 16 of them; `REGISTRATION` where nothing is left.
fn label(text: &str) -> String {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ' || c == '_';
    let plain: String = text.to_uppercase().chars().map(|c| if fits(c) { c } else { '_' }).take(16).collect();
    let plain = plain.trim_matches([' ', '_']).to_owned();
    if plain.is_empty() { "REGISTRATION".to_owned() } else { plain }
}

/// Common Instance Reference: the series of the study itself, and those of others.
fn refer<'a>(
    d: &mut DataSet,
    images: impl Iterator<Item = &'a &'a Image>,
    identity: &Identity,
) -> Result<(), WriteError> {
    let mut studies: BTreeMap<&str, Vec<DataSet>> = BTreeMap::new();
    for image in images {
        let class = storage_class(&image.modality)?;
        let slices = slice_uids(image).iter().map(|u| reference(class, u)).collect();
        let series = DataSet::with(|s| {
            s.text(tags::SERIES_INSTANCE_UID, &image.uid).items(tags::REFERENCED_INSTANCE_SEQUENCE, slices);
        });
        studies.entry(&image.study_uid).or_default().push(series);
    }
    if let Some(own) = studies.remove(identity.study_uid.as_str()) {
        d.items(tags::REFERENCED_SERIES_SEQUENCE, own);
    }
    if !studies.is_empty() {
        let others = studies.into_iter().map(|(uid, series)| {
            DataSet::with(|s| {
                s.text(tags::STUDY_INSTANCE_UID, uid).items(tags::REFERENCED_SERIES_SEQUENCE, series);
            })
        });
        d.items(tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE, others.collect());
    }
    Ok(())
}
