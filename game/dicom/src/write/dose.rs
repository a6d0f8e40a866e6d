use super::tags_of::{clip, reference};
use super::{Identity, WriteError, common, derived_uid, save};
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Plan, RadiationType};

/// Writes an RT Dose: 32-bit, scaled so that the largest value fills the range; DoseType ERROR is signed, everything
/// else unsigned. What the dose is worth (`Dose::engine`) stands in DoseComment and SeriesDescription.
///
/// # Errors
/// When the file cannot be written, a value is not a number, or an unsigned dose has a negative one.
pub fn dose(path: &Path, dose: &Dose, plan: Option<&Plan>, identity: &Identity) -> Result<(), WriteError> {
    let unfit = |reason: &str| WriteError::Unfit { what: "dose", reason: reason.to_owned() };
    let grid = &dose.volume.grid;
    let [ni, nj, nk] = grid.size;
    if ni == 0 || nj == 0 || nk == 0 || ni > 65535 || nj > 65535 {
        return Err(unfit("the grid is empty or wider than 65535"));
    }
    let summation = summation_name(dose.summation)
        .ok_or_else(|| unfit("its summation type is none of plan, fraction, beam, multi-plan; say which it is"))?;
    let signed = dose.dose_type == DoseType::Error;
    let mut largest = 0f64;
    for v in &dose.volume.data {
        if !v.is_finite() {
            return Err(unfit("a value is not a number"));
        }
        if *v < 0.0 && !signed {
            return Err(unfit("a dose is negative; only a difference (DoseType ERROR) may be"));
        }
        largest = largest.max(f64::from(v.abs()));
    }
    let steps = if signed { f64::from(i32::MAX) } else { f64::from(u32::MAX) };
    let scaling = if largest > 0.0 { largest / (steps - 1.0) } else { 1e-9 };
    // What the reader will multiply with is the rounded text, so that is what the values are divided by. One step of
    // the range is left free for that rounding.
    let text = super::tags_of::decimal(scaling);
    let scaling: f64 = text.parse().unwrap_or(scaling);
    let mut words = Vec::with_capacity(dose.volume.data.len() * 2);
    for v in &dose.volume.data {
        let n = (f64::from(*v) / scaling).round();
        let bits = if signed { n as i32 as u32 } else { n as u32 };
        words.push((bits & 0xffff) as u16);
        words.push((bits >> 16) as u16);
    }
    let (row, column) = (grid.axes.column(0), grid.axes.column(1));
    // Offsets run along row x column.
    let along = row.cross(&column).dot(&grid.axes.column(2)).signum();
    let offsets: Vec<f64> = (0..nk).map(|k| along * k as f64 * grid.spacing_mm[2]).collect();
    let engine = if dose.engine.is_empty() { "engine not stated" } else { &dose.engine };
    let series_uid = derived_uid(&[&dose.uid, "series"]);
    let mut d = common(identity, uids::RT_DOSE_STORAGE, &dose.uid, "RTDOSE", &series_uid);
    d.text(tags::OPERATORS_NAME, "")
        .text(tags::SERIES_DESCRIPTION, &clip(engine, 64))
        .text(tags::FRAME_OF_REFERENCE_UID, &dose.frame_of_reference_uid)
        .text(tags::POSITION_REFERENCE_INDICATOR, "")
        .text(tags::CONTENT_DATE, &identity.study_date)
        .text(tags::CONTENT_TIME, &identity.study_time)
        .text(tags::INSTANCE_NUMBER, "1")
        .decimals(tags::IMAGE_POSITION_PATIENT, grid.origin_mm.coords.as_slice())
        .decimals(tags::IMAGE_ORIENTATION_PATIENT, &[row.x, row.y, row.z, column.x, column.y, column.z])
        .decimals(tags::PIXEL_SPACING, &[grid.spacing_mm[1], grid.spacing_mm[0]])
        .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm[2]])
        .short(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
        .int(tags::NUMBER_OF_FRAMES, nk)
        .tag(tags::FRAME_INCREMENT_POINTER, tags::GRID_FRAME_OFFSET_VECTOR)
        .short(tags::ROWS, nj as u16)
        .short(tags::COLUMNS, ni as u16)
        .short(tags::BITS_ALLOCATED, 32)
        .short(tags::BITS_STORED, 32)
        .short(tags::HIGH_BIT, 31)
        .short(tags::PIXEL_REPRESENTATION, u16::from(signed))
        .text(tags::DOSE_UNITS, if dose.unit == DoseUnit::Gy { "GY" } else { "RELATIVE" })
        .text(
            tags::DOSE_TYPE,
            match dose.dose_type {
                DoseType::Physical => "PHYSICAL",
                DoseType::Effective => "EFFECTIVE",
                DoseType::Error => "ERROR",
            },
        )
        .text(tags::DOSE_COMMENT, &clip(engine, 64))
        .text(tags::DOSE_SUMMATION_TYPE, summation)
        .decimals(tags::GRID_FRAME_OFFSET_VECTOR, &offsets)
        .text(tags::DOSE_GRID_SCALING, &text)
        .text(tags::TISSUE_HETEROGENEITY_CORRECTION, "IMAGE")
        .pixels(words);
    if let Some(uid) = plan.map(|p| &p.uid).or(dose.plan_uid.as_ref()) {
        let photons = plan.is_some_and(|p| matches!(p.radiation(), RadiationType::Photon | RadiationType::Electron));
        let class = if photons { uids::RT_PLAN_STORAGE } else { uids::RT_ION_PLAN_STORAGE };
        let mut r = reference(class, uid);
        if dose.summation == DoseSummation::Fraction {
            r.item(tags::REFERENCED_FRACTION_GROUP_SEQUENCE, |g| {
                g.text(tags::REFERENCED_FRACTION_GROUP_NUMBER, "1");
            });
        }
        d.items(tags::REFERENCED_RT_PLAN_SEQUENCE, vec![r]);
    }
    save(path, "dose", d)
}

fn summation_name(s: DoseSummation) -> Option<&'static str> {
    Some(match s {
        DoseSummation::Plan => "PLAN",
        DoseSummation::Fraction => "FRACTION",
        DoseSummation::Beam => "BEAM",
        DoseSummation::MultiPlan => "MULTI_PLAN",
        DoseSummation::Other => return None,
    })
}
