//! RT Dose.

use super::parse::File;
use super::pixels::Pixels;
use super::series::{Steps, steps};
use super::slice::axes;
use super::values::{count, exactly, item, number, numbers, point, text};
use crate::Note;
use dicom_dictionary_std::tags;
use nalgebra::Matrix3;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit};

/// Reads one dose grid. The error is a sentence without its subject.
pub(super) fn dose(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<Dose, String> {
    let d = &file.data;
    if d.get(tags::PIXEL_DATA).is_none() {
        return Err(if d.get(tags::DVH_SEQUENCE).is_some() {
            "holds dose-volume histograms only, no dose grid".to_owned()
        } else {
            "has no dose grid (no pixel data)".to_owned()
        });
    }
    let need = |tag, what: &str| count(d, tag).filter(|n| *n > 0).ok_or(format!("does not say how many {what} it has"));
    let (rows, columns) = (need(tags::ROWS, "rows")?, need(tags::COLUMNS, "columns")?);
    let frames = count(d, tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    let dose_type = match text(d, tags::DOSE_TYPE).as_deref() {
        Some("PHYSICAL") => DoseType::Physical,
        Some("EFFECTIVE") => DoseType::Effective,
        Some("ERROR") => DoseType::Error,
        other => {
            let said = other.map_or("no dose type".to_owned(), |t| format!("the dose type '{t}'"));
            notes.push(Note::warning(label, format!("has {said}: taken as physical dose")));
            DoseType::Physical
        }
    };
    let signed = dose_type == DoseType::Error;
    if !signed && count(d, tags::PIXEL_REPRESENTATION) == Some(1) {
        notes.push(Note::warning(label, "says its dose is signed, which only a difference may be: read as unsigned"));
    }
    let scaling = number(d, tags::DOSE_GRID_SCALING)
        .filter(|s| *s > 0.0)
        .ok_or("has no dose grid scaling: its numbers mean nothing")?;
    let unit = match text(d, tags::DOSE_UNITS).as_deref() {
        Some("GY") => DoseUnit::Gy,
        Some("RELATIVE") => {
            notes.push(Note::warning(label, "is a relative dose: it is never shown in Gray"));
            DoseUnit::Relative
        }
        _ => {
            notes.push(Note::warning(label, "does not say its unit: taken as relative, never shown in Gray"));
            DoseUnit::Relative
        }
    };
    let origin = point(d, tags::IMAGE_POSITION_PATIENT).ok_or("does not say where it lies (Image Position)")?;
    let orientation: [f64; 6] =
        exactly(d, tags::IMAGE_ORIENTATION_PATIENT).ok_or("does not say how it is turned (Image Orientation)")?;
    let (row, column) = axes(&orientation).ok_or("has rows and columns that are not at right angles")?;
    let [along_j, along_i]: [f64; 2] = exactly(d, tags::PIXEL_SPACING)
        .filter(|s: &[f64; 2]| s.iter().all(|x| *x > 0.0))
        .ok_or("does not say how large its pixels are (Pixel Spacing)")?;
    let mut offsets = offsets(file, frames, &orientation, origin.z, label, notes)?;
    let pixels = Pixels::read(file, rows, columns, frames, signed)?;
    // k follows row x column, so frames in falling order are turned round.
    let mut order: Vec<usize> = (0..frames).collect();
    order.sort_by(|a, b| offsets[*a].total_cmp(&offsets[*b]));
    offsets.sort_by(f64::total_cmp);
    if offsets.windows(2).any(|w| w[1] - w[0] < 1e-3) {
        return Err("has two frames at the same place".to_owned());
    }
    let mut resample = false;
    let step = if frames == 1 {
        let step = number(d, tags::SLICE_THICKNESS).filter(|t| *t > 0.0);
        if step.is_none() {
            notes.push(Note::warning(label, "is a single plane without a thickness: 1 mm was taken"));
        }
        step.unwrap_or(1.0)
    } else {
        match steps(&offsets) {
            Steps::Even(s) => s,
            Steps::Missing(s, _) | Steps::Uneven(s) => {
                let (span, widest) =
                    (offsets[frames - 1] - offsets[0], offsets.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max));
                if s < 0.05 || span / s > 8.0 * frames as f64 + 8.0 {
                    return Err("has planes at uneven places that fit no grid".to_owned());
                }
                notes.push(Note::warning(
                    label,
                    format!("has planes {s:.2} to {widest:.2} mm apart: interpolated onto an even {s:.2} mm"),
                ));
                resample = true;
                s
            }
        }
    };
    let normal = row.cross(&column);
    let nk = if resample { ((offsets[frames - 1] - offsets[0]) / step + 1e-6).floor() as usize + 1 } else { frames };
    let grid = Grid {
        size: [columns, rows, nk],
        spacing_mm: [along_i, along_j, step],
        origin_mm: origin + normal * offsets[0],
        axes: Matrix3::from_columns(&[row, column, normal]),
    };
    let n = rows * columns;
    let mut data = Vec::with_capacity(n * nk);
    for k in 0..nk {
        let h = offsets[0] + k as f64 * step;
        let above = if resample { offsets.partition_point(|x| *x <= h).clamp(1, frames - 1) } else { k };
        let below = if resample { above - 1 } else { k };
        let t = if above == below {
            0.0
        } else {
            ((h - offsets[below]) / (offsets[above] - offsets[below])).clamp(0.0, 1.0)
        };
        let (a, b) = (order[below] * n, order[above] * n);
        data.extend((0..n).map(|i| {
            let x = pixels.at(a + i);
            ((x + (pixels.at(b + i) - x) * t) * scaling) as f32
        }));
    }
    let summation = match text(d, tags::DOSE_SUMMATION_TYPE).as_deref() {
        Some("PLAN") => DoseSummation::Plan,
        Some("FRACTION") => DoseSummation::Fraction,
        Some("BEAM") => DoseSummation::Beam,
        Some("MULTI_PLAN") => DoseSummation::MultiPlan,
        other => {
            let said = other.map_or("no summation type".to_owned(), |t| format!("the summation type '{t}'"));
            notes.push(Note::warning(label, format!("has {said}: what it is the sum of is not known")));
            DoseSummation::Other
        }
    };
    let plan = item(d, tags::REFERENCED_RT_PLAN_SEQUENCE);
    let made_by = || {
        let parts = [tags::MANUFACTURER, tags::MANUFACTURER_MODEL_NAME].map(|t| text(d, t).unwrap_or_default());
        parts.join(" ").trim().to_owned()
    };
    Ok(Dose {
        uid: text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default(),
        frame_of_reference_uid: text(d, tags::FRAME_OF_REFERENCE_UID).unwrap_or_default(),
        plan_uid: plan.and_then(|p| text(p, tags::REFERENCED_SOP_INSTANCE_UID)),
        dose_type,
        unit,
        summation,
        engine: text(d, tags::DOSE_COMMENT).unwrap_or_else(made_by),
        volume: Volume { grid, data },
    })
}

/// Where the frames lie along row × column, mm from the image position.
fn offsets(
    file: &File,
    frames: usize,
    orientation: &[f64; 6],
    z: f64,
    label: &str,
    notes: &mut Vec<Note>,
) -> Result<Vec<f64>, String> {
    let mut v = match numbers(&file.data, tags::GRID_FRAME_OFFSET_VECTOR) {
        Some(v) if !v.is_empty() => v,
        _ if frames == 1 => return Ok(vec![0.0]),
        _ => return Err(format!("has {frames} frames and does not say where each lies (Grid Frame Offset Vector)")),
    };
    if v.len() < frames {
        return Err(format!("says where {} of its {frames} frames lie", v.len()));
    }
    if v.len() > frames {
        notes.push(Note::warning(
            label,
            format!("says where {} frames lie and has {frames}: the first were taken", v.len()),
        ));
        v.truncate(frames);
    }
    // Part 3, C.8.8.3.2: from 0 the offsets are relative; from the image position's z they are absolute.
    if v[0].abs() < 1e-6 {
        return Ok(v);
    }
    if (v[0] - z).abs() > 0.01 {
        return Err(
            "has frame offsets that begin neither at 0 nor at its position: where it lies is not known".to_owned()
        );
    }
    let axial = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0].iter().zip(orientation).all(|(a, b)| (a - b).abs() < 1e-4);
    if !axial {
        return Err("has absolute frame offsets, which the standard allows for axial head-first grids only".to_owned());
    }
    notes.push(Note::info(label, "has absolute frame offsets"));
    Ok(v.into_iter().map(|x| x - z).collect())
}
