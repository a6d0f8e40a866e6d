//! Spatial Registration objects, and the older relations between frames of reference in RT Structure Sets.

use super::parse::File;
use super::values::{Data, exactly, item, items, text};
use crate::Note;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use nalgebra::{Isometry3, Matrix4, Point3};
use std::collections::{BTreeMap, BTreeSet};
use vestibule_geometry::Grid;
use vestibule_patient::{Patient, Registration, rigid};

/// Frame of Reference Relationship Sequence and Related Frame of Reference UID: retired, and still in older files.
const RELATIONSHIPS: Tag = Tag(0x3006, 0x00C0);
const RELATED_FRAME: Tag = Tag(0x3006, 0x00C2);

/// What can be done about a registration that is not taken.
const ADVICE: &str = "left out; export a rigid registration (RIGID) of the same images";

/// More registrations than this in one object are no study: a file must not keep the import busy for hours.
const MOST: usize = 1000;

/// How far two registrations of the same frames may be apart over an image, mm, before it is said which one counts.
const APART_MM: f64 = 0.1;

/// What one object says.
#[derive(Default)]
pub(super) struct Spatial {
    pub uid: String,
    /// Whose frames are named.
    pub registrations: Vec<Registration>,
    /// Those that name images in place of the frame that they move.
    pub by_images: Vec<ByImages>,
}

/// A registration of images whose frame is known when they are.
pub(super) struct ByImages {
    /// SOPInstanceUIDs.
    images: Vec<String>,
    registration: Registration,
    object: String,
}

/// Reads one Spatial Registration (PS3.3 C.20.2). The error is a sentence without its subject.
pub(super) fn spatial(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<Spatial, String> {
    let d = &file.data;
    let get = |tag| text(d, tag).unwrap_or_default();
    let to = text(d, tags::FRAME_OF_REFERENCE_UID)
        .ok_or("does not name the frame of reference that it registers to (Frame of Reference UID)")?;
    let all = items(d, tags::REGISTRATION_SEQUENCE);
    if all.is_empty() {
        return Err("holds no registration".to_owned());
    }
    if all.len() > MOST {
        return Err(format!("holds {} registrations, more than {MOST}", all.len()));
    }
    let uid = text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default();
    let mut out = Spatial { uid: uid.clone(), ..Spatial::default() };
    for (n, item) in all.iter().enumerate() {
        let object = format!("{label}: registration {}", n + 1);
        let from = text(item, tags::FRAME_OF_REFERENCE_UID).unwrap_or_default();
        let images: Vec<String> = items(item, tags::REFERENCED_IMAGE_SEQUENCE)
            .iter()
            .filter_map(|i| text(i, tags::REFERENCED_SOP_INSTANCE_UID))
            .collect();
        if from.is_empty() && images.is_empty() {
            notes.push(Note::error(object, "names neither a frame of reference nor images: left out"));
            continue;
        }
        let matrices = items(item, tags::MATRIX_REGISTRATION_SEQUENCE);
        if matrices.is_empty() && from == to {
            // Some writers name the frame that stays without the matrix that would say so.
            continue;
        }
        let motion = match matrices {
            [] => Err("has no matrix".to_owned()),
            [one] => motion(one, &object, notes),
            more => Err(format!("is given {} times over, where one is allowed", more.len())),
        };
        let motion = match motion {
            Ok(motion) => motion,
            Err(why) => {
                notes.push(Note::error(object, format!("{why}: {ADVICE}")));
                continue;
            }
        };
        let matrix = matrices.first();
        let comment = || matrix.and_then(|m| text(m, tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT));
        let code = matrix.and_then(|m| self::item(m, tags::REGISTRATION_TYPE_CODE_SEQUENCE));
        let registration = Registration {
            label: get(tags::CONTENT_LABEL),
            description: text(d, tags::CONTENT_DESCRIPTION).or_else(comment).unwrap_or_default(),
            method: code.and_then(|c| text(c, tags::CODE_MEANING)).unwrap_or_default(),
            date: get(tags::CONTENT_DATE),
            time: get(tags::CONTENT_TIME),
            ..Registration::of(&uid, from, &to, motion)
        };
        if registration.from_frame_uid.is_empty() {
            out.by_images.push(ByImages { images, registration, object });
        } else if leads_elsewhere(&registration, &object, notes) {
            out.registrations.push(registration);
        }
    }
    Ok(out)
}

/// The matrices of one Matrix Registration as one motion. They are applied in their order, the first one first (PS3.3,
/// equation C.20.2-2). The error is a sentence without its subject.
fn motion(registration: &Data, object: &str, notes: &mut Vec<Note>) -> Result<Isometry3<f64>, String> {
    let all = items(registration, tags::MATRIX_SEQUENCE);
    if all.is_empty() {
        return Err("has no matrix".to_owned());
    }
    let (mut forwards, mut backwards) = (Isometry3::identity(), Isometry3::identity());
    for m in all {
        match text(m, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE).as_deref() {
            Some("RIGID") => {}
            Some(other) => return Err(format!("is of type {other}, and only rigid ones are used")),
            None => notes.push(Note::warning(object, "does not say of which type it is: judged by its numbers")),
        }
        let one = matrix(m)?;
        forwards = one * forwards;
        backwards *= one;
    }
    if (forwards.to_homogeneous() - backwards.to_homogeneous()).amax() > 1e-6 {
        let text = format!(
            "is given as {} matrices, applied in their order as the standard says; some programs take them the other way \
             round: compare the images",
            all.len()
        );
        notes.push(Note::info(object, text));
    }
    Ok(forwards)
}

/// Frame of Reference Transformation Matrix: 16 numbers, row by row.
fn matrix(d: &Data) -> Result<Isometry3<f64>, String> {
    let numbers: [f64; 16] = exactly(d, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX)
        .ok_or("has a matrix that is not 16 numbers (Frame of Reference Transformation Matrix)")?;
    rigid(&Matrix4::from_row_slice(&numbers)).map_err(|e| format!("has a matrix that {e}"))
}

/// False where it stays in its frame: the item that usually names the fixed one, or one that cannot be kept.
fn leads_elsewhere(r: &Registration, object: &str, notes: &mut Vec<Note>) -> bool {
    if r.from_frame_uid != r.to_frame_uid {
        return true;
    }
    if (r.motion.to_homogeneous() - Matrix4::identity()).amax() > 1e-3 {
        let text = "moves a frame of reference within itself: left out; give the moved images a frame of reference of their own";
        notes.push(Note::error(object, text));
    }
    false
}

/// Frame of Reference Relationship Sequence (3006,00C0), retired since: each related frame onto the one it stands in.
pub(super) fn related(file: &File, label: &str, notes: &mut Vec<Note>) -> Vec<Registration> {
    let d = &file.data;
    let uid = text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default();
    let mut out = Vec::new();
    for frame in items(d, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE) {
        let Some(to) = text(frame, tags::FRAME_OF_REFERENCE_UID) else { continue };
        for relation in items(frame, RELATIONSHIPS) {
            if out.len() == MOST {
                notes.push(Note::error(
                    label,
                    format!("relates more than {MOST} frames of reference: the rest is left out"),
                ));
                return out;
            }
            let object = format!("{label}: relation of frames {}", out.len() + 1);
            let Some(from) = text(relation, RELATED_FRAME) else {
                notes.push(Note::error(object, "names no related frame of reference: left out"));
                continue;
            };
            let motion = match matrix(relation) {
                Ok(motion) => motion,
                Err(why) => {
                    notes.push(Note::error(object, format!("{why}: {ADVICE}")));
                    continue;
                }
            };
            let registration = Registration {
                label: text(d, tags::STRUCTURE_SET_LABEL).unwrap_or_default(),
                description: text(relation, tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT).unwrap_or_default(),
                // Without a date: a registration object goes before it.
                ..Registration::of(&uid, from, &to, motion)
            };
            if leads_elsewhere(&registration, &object, notes) {
                out.push(registration);
            }
        }
    }
    out
}

/// Those that name images, by the frames of the images that were read.
///
/// `frames`: SOPInstanceUID to FrameOfReferenceUID.
pub(super) fn of_images(
    waiting: Vec<ByImages>,
    frames: &BTreeMap<String, String>,
    notes: &mut Vec<Note>,
) -> Vec<Registration> {
    let mut out = Vec::new();
    for ByImages { images, mut registration, object } in waiting {
        let found: BTreeSet<&String> = images.iter().filter_map(|i| frames.get(i)).filter(|f| !f.is_empty()).collect();
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (None, _) => {
                let text = "names images and no frame of reference, and none of them is among what was imported with one: \
                            left out; import it together with its images";
                notes.push(Note::error(object, text));
            }
            (Some(_), Some(_)) => {
                notes.push(Note::error(object, "names images of several frames of reference: left out"));
            }
            (Some(frame), None) => {
                registration.from_frame_uid = frame.clone();
                if leads_elsewhere(&registration, &object, notes) {
                    out.push(registration);
                }
            }
        }
    }
    out
}

/// What several registrations of the same frames disagree by, and which of them counts.
pub(super) fn check(p: &Patient, notes: &mut Vec<Note>) {
    let joins = |r: &Registration| {
        let (a, b) = (r.from_frame_uid.clone(), r.to_frame_uid.clone());
        if a < b { (a, b) } else { (b, a) }
    };
    let mut pairs: BTreeMap<(String, String), Vec<&Registration>> = BTreeMap::new();
    for r in &p.registrations {
        pairs.entry(joins(r)).or_default().push(r);
    }
    for ((a, b), all) in pairs.into_iter().filter(|(_, all)| all.len() > 1) {
        let there = |r: &Registration| if r.from_frame_uid == a { r.motion } else { r.motion.inverse() };
        let image = p.images.iter().find(|i| i.frame_of_reference_uid == a);
        let points = image.map_or_else(|| vec![Point3::origin()], |i| corners(&i.volume.grid));
        let mut most = 0f64;
        for (n, one) in all.iter().enumerate() {
            for other in &all[n + 1..] {
                let apart = points.iter().map(|p| (there(one) * p - there(other) * p).norm());
                most = most.max(apart.fold(0.0, f64::max));
            }
        }
        if most <= APART_MM {
            continue;
        }
        let used = p.way(&a, &b).and_then(|w| w.first().map(|s| s.registration.clone()));
        let name = used.map(|r| [r.label, r.date].join(" ").trim().to_owned()).unwrap_or_default();
        let text = format!(
            "{} registrations join the same two frames of reference and are up to {most:.1} mm apart: the newest is used{}{name}",
            all.len(),
            if name.is_empty() { "" } else { ", " }
        );
        notes.push(Note::warning(format!("patient {}", p.id), text));
    }
}

/// The outermost voxel centres.
fn corners(g: &Grid) -> Vec<Point3<f64>> {
    let end = |corner: usize, a: usize| if corner >> a & 1 == 0 { 0 } else { g.size[a].saturating_sub(1) };
    (0..8).map(|c| g.centre(end(c, 0), end(c, 1), end(c, 2))).collect()
}

/// How many groups of frames there are, when those that registrations join are one.
pub(super) fn groups(frames: &BTreeSet<&str>, p: &Patient) -> usize {
    let mut first: Vec<&str> = Vec::new();
    for frame in frames {
        if !first.iter().any(|f| p.way(f, frame).is_some()) {
            first.push(frame);
        }
    }
    first.len()
}
