//! RT Structure Set.

use super::parse::File;
use super::values::{Data, item, items, number, numbers, text};
use crate::Note;
use dicom_dictionary_std::tags;
use nalgebra::Point3;
use std::collections::BTreeMap;
use vestibule_geometry::Contour;
use vestibule_patient::{RoiType, Structure, StructureSet, names};

/// Reads one structure set. The error is a sentence without its subject.
pub(super) fn structure_set(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<StructureSet, String> {
    let d = &file.data;
    let rois = items(d, tags::STRUCTURE_SET_ROI_SEQUENCE);
    if rois.is_empty() {
        return Err("names no structure".to_owned());
    }
    let referenced = items(d, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    let mut frames: BTreeMap<String, usize> = BTreeMap::new();
    let frame_of = |roi: &Data| text(roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID).unwrap_or_default();
    for roi in rois {
        *frames.entry(frame_of(roi)).or_default() += 1;
    }
    let mut frame = frames.iter().max_by_key(|(_, n)| **n).map(|(f, _)| f.clone()).unwrap_or_default();
    if frames.len() > 1 {
        notes.push(Note::error(
            label,
            format!(
                "its structures lie in {} frames of reference: only those of the commonest were taken",
                frames.len()
            ),
        ));
    }
    let common = frame.clone();
    if frame.is_empty() {
        let root = text(d, tags::FRAME_OF_REFERENCE_UID);
        frame = referenced.iter().find_map(|f| text(f, tags::FRAME_OF_REFERENCE_UID)).or(root).unwrap_or_default();
    }
    let types: BTreeMap<i64, String> = items(d, tags::RTROI_OBSERVATIONS_SEQUENCE)
        .iter()
        .filter_map(|o| Some((number(o, tags::REFERENCED_ROI_NUMBER)? as i64, text(o, tags::RTROI_INTERPRETED_TYPE)?)))
        .collect();
    let properties: BTreeMap<i64, Vec<String>> = items(d, tags::RTROI_OBSERVATIONS_SEQUENCE)
        .iter()
        .filter_map(|o| Some((number(o, tags::REFERENCED_ROI_NUMBER)? as i64, physical_properties(o))))
        .filter(|(_, p)| !p.is_empty())
        .collect();
    let mut contours: BTreeMap<i64, &Data> = BTreeMap::new();
    for c in items(d, tags::ROI_CONTOUR_SEQUENCE) {
        if let Some(n) = number(c, tags::REFERENCED_ROI_NUMBER) {
            contours.insert(n as i64, c);
        }
    }
    let mut structures = Vec::new();
    for roi in rois.iter().filter(|r| frame_of(r) == common) {
        let Some(n) = number(roi, tags::ROI_NUMBER) else {
            notes.push(Note::error(label, "has a structure without a number: left out"));
            continue;
        };
        let name = text(roi, tags::ROI_NAME).unwrap_or_else(|| {
            notes.push(Note::warning(label, format!("structure {n} has no name: it is called 'ROI {n}'")));
            format!("ROI {n}")
        });
        if let Some(p) = properties.get(&(n as i64)) {
            // Planned with a material that the images do not show: a dose computed from the images alone differs.
            let text = format!(
                "its physical properties ({}) are not used: `dose compute --override` gives a structure a stopping power",
                p.join(", ")
            );
            notes.push(Note::warning(format!("{label}: {name}"), text));
        }
        let drawn = contours.get(&(n as i64));
        let colour = drawn
            .and_then(|c| numbers(c, tags::ROI_DISPLAY_COLOR))
            .filter(|c| c.len() == 3 && c.iter().all(|x| (0.0..=255.0).contains(x)))
            .map(|c| [c[0] as u8, c[1] as u8, c[2] as u8]);
        structures.push(Structure {
            number: n as i32,
            standard_name: names::standard_name(&name),
            roi_type: types.get(&(n as i64)).map_or(RoiType::Unknown, |t| roi_type(t)),
            colour,
            contours: drawn.map_or_else(Vec::new, |c| read_contours(c, &format!("{label}: {name}"), notes)),
            name,
        });
    }
    not_drawn(&structures, label, notes);
    let series = referenced
        .iter()
        .flat_map(|f| items(f, tags::RT_REFERENCED_STUDY_SEQUENCE))
        .flat_map(|s| items(s, tags::RT_REFERENCED_SERIES_SEQUENCE))
        .find_map(|s| text(s, tags::SERIES_INSTANCE_UID));
    Ok(StructureSet {
        uid: text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default(),
        label: text(d, tags::STRUCTURE_SET_LABEL).unwrap_or_default(),
        frame_of_reference_uid: frame,
        referenced_series_uid: series,
        structures,
    })
}

/// Templates leave structures behind that nobody drew.
fn not_drawn(structures: &[Structure], label: &str, notes: &mut Vec<Note>) {
    let names: Vec<&str> = structures.iter().filter(|s| s.contours.is_empty()).map(|s| s.name.as_str()).collect();
    if names.is_empty() {
        return;
    }
    let few = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 8 { ", …" } else { "" };
    let (have, they) = if names.len() == 1 { ("has", "it is") } else { ("have", "they are") };
    let text = format!(
        "{} of its {} structures {have} no contours that enclose anything ({few}{more}): {they} kept by name alone, \
         without volume or dose; draw what is missing and export it anew",
        names.len(),
        structures.len()
    );
    notes.push(Note::warning(label, text));
}

/// What an observation says its structure is made of, as "NAME value".
fn physical_properties(observation: &Data) -> Vec<String> {
    items(observation, tags::ROI_PHYSICAL_PROPERTIES_SEQUENCE)
        .iter()
        .map(|p| {
            let name = text(p, tags::ROI_PHYSICAL_PROPERTY).unwrap_or_else(|| "no name".to_owned());
            match number(p, tags::ROI_PHYSICAL_PROPERTY_VALUE) {
                Some(v) => format!("{name} {v}"),
                None => name,
            }
        })
        .collect()
}

fn read_contours(roi: &Data, object: &str, notes: &mut Vec<Note>) -> Vec<Contour> {
    let mut out = Vec::new();
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    let mut bad = 0;
    for c in items(roi, tags::CONTOUR_SEQUENCE) {
        let kind = text(c, tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_else(|| "no type".to_owned());
        if !matches!(kind.as_str(), "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") {
            *left.entry(kind).or_default() += 1;
            continue;
        }
        let Some(numbers) = numbers(c, tags::CONTOUR_DATA).filter(|n| n.len() % 3 == 0 && !n.is_empty()) else {
            bad += 1;
            continue;
        };
        let stated = number(c, tags::NUMBER_OF_CONTOUR_POINTS);
        if stated.is_some_and(|n| n as usize != numbers.len() / 3) {
            bad += 1;
            continue;
        }
        let points: Vec<Point3<f64>> = numbers.chunks_exact(3).map(|p| Point3::new(p[0], p[1], p[2])).collect();
        if points.len() < 3 {
            *left.entry("CLOSED_PLANAR of fewer than 3 points".to_owned()).or_default() += 1;
            continue;
        }
        out.push(Contour { points });
    }
    for (kind, n) in left {
        notes.push(Note::info(object, format!("{n} contours of type {kind} enclose nothing and were left out")));
    }
    if bad > 0 {
        notes.push(Note::error(object, format!("{bad} contours have unreadable or contradictory points: left out")));
    }
    out
}

fn roi_type(s: &str) -> RoiType {
    match s {
        "EXTERNAL" => RoiType::External,
        "GTV" => RoiType::Gtv,
        "CTV" => RoiType::Ctv,
        "PTV" => RoiType::Ptv,
        "ORGAN" => RoiType::Organ,
        "AVOIDANCE" => RoiType::Avoidance,
        "SUPPORT" => RoiType::Support,
        "MARKER" => RoiType::Marker,
        other => RoiType::Other(other.to_owned()),
    }
}

/// The structure set a plan or dose names.
pub(super) fn referenced(d: &Data, sequence: dicom_core::Tag) -> Option<String> {
    item(d, sequence).and_then(|r| text(r, tags::REFERENCED_SOP_INSTANCE_UID))
}
