use super::tags_of::{DataSet, clip};
use super::{Identity, WriteError, common, derived_uid, save};
use dicom_dictionary_std::{tags, uids};
use rayon::prelude::*;
use std::path::Path;
use vestibule_patient::{Image, Modality};

/// The SOPInstanceUIDs of an image's slices: its own, or ones that follow from its series UID.
pub(super) fn slice_uids(image: &Image) -> Vec<String> {
    let n = image.volume.grid.size[2];
    if image.slice_uids.len() == n {
        return image.slice_uids.clone();
    }
    (0..n).map(|k| derived_uid(&[&image.uid, "slice", &k.to_string()])).collect()
}

/// The storage class of a modality that can be written.
pub(super) fn storage_class(modality: &Modality) -> Result<&'static str, WriteError> {
    match modality {
        Modality::Ct => Ok(uids::CT_IMAGE_STORAGE),
        Modality::Mr => Ok(uids::MR_IMAGE_STORAGE),
        other => Err(WriteError::Unfit {
            what: "image series",
            reason: format!("modality {} is not written; CT and MR are", other.as_str()),
        }),
    }
}

/// Writes a CT or MR volume into `dir` (made if absent), one file a slice, named by modality and number alone.
///
/// CT: signed 16-bit, slope 1, intercept 0: Hounsfield units are rounded to whole numbers and held within ±32767.
/// MR: unsigned 16-bit, rounded, held within 0 to 65535.
///
/// # Errors
/// When the folder cannot be written, or the modality is neither CT nor MR.
pub fn image_series(dir: &Path, image: &Image, identity: &Identity) -> Result<(), WriteError> {
    let class = storage_class(&image.modality)?;
    std::fs::create_dir_all(dir).map_err(|source| WriteError::File { path: dir.to_owned(), source })?;
    let grid = &image.volume.grid;
    let [ni, nj, nk] = grid.size;
    if ni == 0 || nj == 0 || ni > 65535 || nj > 65535 {
        return Err(WriteError::Unfit { what: "image series", reason: format!("{ni} x {nj} pixels are not an image") });
    }
    let uids_of = slice_uids(image);
    let (row, column) = (grid.axes.column(0), grid.axes.column(1));
    let orientation = [row.x, row.y, row.z, column.x, column.y, column.z];
    let signed = image.modality == Modality::Ct;
    (0..nk).into_par_iter().try_for_each(|k| {
        let mut d = common(identity, class, &uids_of[k], image.modality.as_str(), &image.uid);
        let at = grid.centre(0, 0, k);
        let words = &image.volume.data[k * ni * nj..(k + 1) * ni * nj];
        let words: Vec<u16> = if signed {
            words.iter().map(|v| v.round().clamp(-32767.0, 32767.0) as i16 as u16).collect()
        } else {
            words.iter().map(|v| v.round().clamp(0.0, 65535.0) as u16).collect()
        };
        d.text(tags::SERIES_DESCRIPTION, &clip(&image.description, 64))
            .text(tags::CONTENT_DATE, &identity.study_date)
            .text(tags::CONTENT_TIME, &identity.study_time)
            .text(tags::ACQUISITION_NUMBER, "1")
            .int(tags::INSTANCE_NUMBER, k + 1)
            .text(tags::FRAME_OF_REFERENCE_UID, &image.frame_of_reference_uid)
            .text(tags::POSITION_REFERENCE_INDICATOR, "")
            .text(tags::LATERALITY, "")
            .text(tags::PATIENT_POSITION, &image.position.map(|p| p.to_string()).unwrap_or_default())
            .decimals(tags::IMAGE_POSITION_PATIENT, &[at.x, at.y, at.z])
            .decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation)
            .decimals(tags::PIXEL_SPACING, &[grid.spacing_mm[1], grid.spacing_mm[0]])
            .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm[2]])
            .short(tags::SAMPLES_PER_PIXEL, 1)
            .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
            .short(tags::ROWS, nj as u16)
            .short(tags::COLUMNS, ni as u16)
            .short(tags::BITS_ALLOCATED, 16)
            .short(tags::BITS_STORED, 16)
            .short(tags::HIGH_BIT, 15)
            .short(tags::PIXEL_REPRESENTATION, u16::from(signed))
            .pixels(words);
        phase(&mut d, image);
        if signed {
            ct(&mut d)
        } else {
            mr(&mut d)
        }
        save(&dir.join(format!("{}_{:04}.dcm", image.modality.as_str(), k + 1)), "image slice", d)
    })
}

/// When in a cycle it was taken, where its own tags said so.
fn phase(d: &mut DataSet, image: &Image) {
    let Some(phase) = image.phase else { return };
    if let Some(percent) = phase.percent {
        d.doubles(tags::NOMINAL_PERCENTAGE_OF_RESPIRATORY_PHASE, &[percent]);
    }
    if let Some(position) = phase.position {
        d.int(tags::TEMPORAL_POSITION_IDENTIFIER, position);
    }
    if let Some(positions) = phase.positions {
        d.int(tags::NUMBER_OF_TEMPORAL_POSITIONS, positions);
    }
}

fn ct(d: &mut DataSet) {
    d.text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL")
        .text(tags::KVP, "120")
        .text(tags::RESCALE_INTERCEPT, "0")
        .text(tags::RESCALE_SLOPE, "1")
        .text(tags::RESCALE_TYPE, "HU")
        .text(tags::WINDOW_CENTER, "40")
        .text(tags::WINDOW_WIDTH, "400");
}

fn mr(d: &mut DataSet) {
    d.text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\OTHER")
        .text(tags::SCANNING_SEQUENCE, "GR")
        .text(tags::SEQUENCE_VARIANT, "NONE")
        .text(tags::SCAN_OPTIONS, "")
        .text(tags::MR_ACQUISITION_TYPE, "3D")
        .text(tags::REPETITION_TIME, "8")
        .text(tags::ECHO_TIME, "3")
        .text(tags::ECHO_TRAIN_LENGTH, "1")
        .text(tags::MAGNETIC_FIELD_STRENGTH, "3");
}
