use super::tags_of::{DataSet, clip, reference};
use super::{Identity, WriteError, common, derived_uid, save};
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Plan, RadiationType};

/// Which plan, and what of it, a dose is of (Referenced RT Plan Sequence).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanReference {
    /// SOPInstanceUID of the plan.
    pub uid: String,
    /// RT Plan instead of RT Ion Plan.
    pub photons: bool,
    /// Referenced Fraction Group Number; 1 where None and the dose is of a fraction or a beam.
    pub fraction_group: Option<u32>,
    /// Referenced Beam Numbers, for a dose of beams.
    pub beams: Vec<i32>,
}

/// Writes an RT Dose: 32-bit, scaled so that the largest value fills the range; DoseType ERROR is signed, everything
/// else unsigned. What the dose is worth (`Dose::engine`) stands in DoseComment and SeriesDescription.
///
/// # Errors
/// When the file cannot be written, a value is not a number, or an unsigned dose has a negative one.
pub fn dose(path: &Path, dose: &Dose, plan: Option<&Plan>, identity: &Identity) -> Result<(), WriteError> {
    let photons = plan.is_some_and(|p| matches!(p.radiation(), RadiationType::Photon | RadiationType::Electron));
    let uid = plan.map(|p| &p.uid).or(dose.plan_uid.as_ref());
    let plans = uid.map(|uid| PlanReference { uid: uid.clone(), photons, ..PlanReference::default() });
    dose_of(path, dose, plans.as_slice(), identity)
}

/// The same, with the plans it is of: several for a sum of plans, with their beams for a dose of beams.
///
/// # Errors
/// As [`dose`], and when a dose of a plan, fraction or beam is said to be of several plans.
pub fn dose_of(path: &Path, dose: &Dose, plans: &[PlanReference], identity: &Identity) -> Result<(), WriteError> {
    let unfit = |reason: &str| WriteError::Unfit { what: "dose", reason: reason.to_owned() };
    let grid = &dose.volume.grid;
    let [ni, nj, nk] = grid.size;
    if ni == 0 || nj == 0 || nk == 0 || ni > 65535 || nj > 65535 {
        return Err(unfit("the grid is empty or wider than 65535"));
    }
    let summation = summation_name(dose.summation)
        .ok_or_else(|| unfit("its summation type is none of plan, fraction, beam, multi-plan; say which it is"))?;
    if plans.len() > 1 && dose.summation != DoseSummation::MultiPlan {
        return Err(unfit("several plans are named; only a dose of several plans (MULTI_PLAN) may"));
    }
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
    if !plans.is_empty() {
        d.items(tags::REFERENCED_RT_PLAN_SEQUENCE, plans.iter().map(|p| plan_item(p, dose.summation)).collect());
    }
    save(path, "dose", d)
}

fn plan_item(plan: &PlanReference, summation: DoseSummation) -> DataSet {
    let class = if plan.photons { uids::RT_PLAN_STORAGE } else { uids::RT_ION_PLAN_STORAGE };
    let mut item = reference(class, &plan.uid);
    if matches!(summation, DoseSummation::Fraction | DoseSummation::Beam) {
        item.item(tags::REFERENCED_FRACTION_GROUP_SEQUENCE, |group| {
            if summation == DoseSummation::Beam && !plan.beams.is_empty() {
                let beam = |number: &i32| {
                    DataSet::with(|b| {
                        b.int(tags::REFERENCED_BEAM_NUMBER, number);
                    })
                };
                group.items(tags::REFERENCED_BEAM_SEQUENCE, plan.beams.iter().map(beam).collect());
            }
            group.int(tags::REFERENCED_FRACTION_GROUP_NUMBER, plan.fraction_group.unwrap_or(1));
        });
    }
    item
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
