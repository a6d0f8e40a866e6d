use super::image::{slice_uids, storage_class};
use super::tags_of::{DataSet, clip, reference};
use super::{Identity, WriteError, common, derived_uid, save};
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use vestibule_geometry::Contour;
use vestibule_patient::{Image, RoiType, StructureSet};

/// Writes an RT Structure Set that refers to the slices of `image`.
///
/// # Errors
/// When the file cannot be written, or a contour has fewer than 3 points or leaves the numbers.
pub fn structure_set(path: &Path, set: &StructureSet, image: &Image, identity: &Identity) -> Result<(), WriteError> {
    let class = storage_class(&image.modality)?;
    let slices = slice_uids(image);
    let frame = &image.frame_of_reference_uid;
    let series_uid = derived_uid(&[&set.uid, "series"]);
    let mut d = common(identity, uids::RT_STRUCTURE_SET_STORAGE, &set.uid, "RTSTRUCT", &series_uid);
    let images = slices.iter().map(|u| reference(class, u)).collect();
    let series = DataSet::with(|s| {
        s.text(tags::SERIES_INSTANCE_UID, &image.uid).items(tags::CONTOUR_IMAGE_SEQUENCE, images);
    });
    let study = DataSet::with(|s| {
        s.text(tags::REFERENCED_SOP_CLASS_UID, "1.2.840.10008.3.1.2.3.1")
            .text(tags::REFERENCED_SOP_INSTANCE_UID, &identity.study_uid)
            .items(tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series]);
    });
    let label = if set.label.is_empty() { "STRUCTURES" } else { &set.label };
    d.text(tags::OPERATORS_NAME, "")
        .text(tags::FRAME_OF_REFERENCE_UID, frame)
        .text(tags::POSITION_REFERENCE_INDICATOR, "")
        .text(tags::STRUCTURE_SET_LABEL, &clip(label, 16))
        .text(tags::STRUCTURE_SET_NAME, &clip(label, 64))
        .text(tags::STRUCTURE_SET_DATE, &identity.study_date)
        .text(tags::STRUCTURE_SET_TIME, &identity.study_time)
        .text(tags::APPROVAL_STATUS, "UNAPPROVED")
        .item(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, |f| {
            f.text(tags::FRAME_OF_REFERENCE_UID, frame).items(tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
        });
    let mut rois = Vec::new();
    let mut contours = Vec::new();
    let mut observations = Vec::new();
    for s in &set.structures {
        rois.push(DataSet::with(|r| {
            r.int(tags::ROI_NUMBER, s.number)
                .text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, frame)
                .text(tags::ROI_NAME, &clip(&s.name, 64))
                .text(tags::ROI_GENERATION_ALGORITHM, "AUTOMATIC");
        }));
        observations.push(DataSet::with(|o| {
            o.int(tags::OBSERVATION_NUMBER, s.number)
                .int(tags::REFERENCED_ROI_NUMBER, s.number)
                .text(tags::RTROI_INTERPRETED_TYPE, type_name(&s.roi_type))
                .text(tags::ROI_INTERPRETER, "");
        }));
        let items: Result<Vec<DataSet>, WriteError> =
            s.contours.iter().map(|c| contour(c, image, class, &slices)).collect();
        let items = items?;
        contours.push(DataSet::with(|c| {
            c.int(tags::REFERENCED_ROI_NUMBER, s.number);
            if let Some([r, g, b]) = s.colour {
                c.text(tags::ROI_DISPLAY_COLOR, &format!("{r}\\{g}\\{b}"));
            }
            if !items.is_empty() {
                c.items(tags::CONTOUR_SEQUENCE, items);
            }
        }));
    }
    d.items(tags::STRUCTURE_SET_ROI_SEQUENCE, rois)
        .items(tags::ROI_CONTOUR_SEQUENCE, contours)
        .items(tags::RTROI_OBSERVATIONS_SEQUENCE, observations);
    save(path, "structure set", d)
}

fn contour(c: &Contour, image: &Image, class: &str, slices: &[String]) -> Result<DataSet, WriteError> {
    if c.points.len() < 3 || c.points.iter().any(|p| !p.iter().all(|x| x.is_finite())) {
        let reason = "a contour has fewer than 3 points, or a coordinate that is not a number".to_owned();
        return Err(WriteError::Unfit { what: "structure set", reason });
    }
    let k = image.volume.grid.to_index(c.points[0]).z.round();
    let mut numbers = Vec::with_capacity(c.points.len() * 3);
    for p in &c.points {
        // A hundredth of a micrometre is enough, and keeps the file small.
        numbers.extend(p.iter().map(|x| (x * 1e5).round() / 1e5));
    }
    Ok(DataSet::with(|d| {
        if k >= 0.0 && (k as usize) < slices.len() {
            d.items(tags::CONTOUR_IMAGE_SEQUENCE, vec![reference(class, &slices[k as usize])]);
        }
        d.text(tags::CONTOUR_GEOMETRIC_TYPE, "CLOSED_PLANAR")
            .int(tags::NUMBER_OF_CONTOUR_POINTS, c.points.len())
            .decimals(tags::CONTOUR_DATA, &numbers);
    }))
}

fn type_name(t: &RoiType) -> &str {
    match t {
        RoiType::External => "EXTERNAL",
        RoiType::Gtv => "GTV",
        RoiType::Ctv => "CTV",
        RoiType::Ptv => "PTV",
        RoiType::Organ => "ORGAN",
        RoiType::Avoidance => "AVOIDANCE",
        RoiType::Support => "SUPPORT",
        RoiType::Marker => "MARKER",
        RoiType::Unknown => "",
        RoiType::Other(s) => s,
    }
}
