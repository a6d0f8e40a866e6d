//! What is found out about two doses, on any thread.

use crate::overlay::field::{Texels, texels};
use vestibule_dose::{Difference, Dvh};
use vestibule_patient::{Dose, DoseUnit, Patient};

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Lowest and highest difference, other − shown, in the dose's own Gray.
    pub range_gy: [f64; 2],
    /// Of each structure that is drawn: its place in the list, and the histograms of the shown and of the other dose.
    pub rows: Vec<(usize, Result<[Dvh; 2], String>)>,
}

/// Key of the text that says why two doses cannot be laid side by side.
pub(super) fn why_not(shown: &Dose, other: &Dose) -> Option<&'static str> {
    if shown.unit != DoseUnit::Gy || other.unit != DoseUnit::Gy {
        Some("charts-relative")
    } else if shown.frame_of_reference_uid != other.frame_of_reference_uid {
        Some("compare-frames")
    } else if shown.dose_type != other.dose_type {
        Some("compare-types")
    } else if shown.summation != other.summation {
        Some("compare-spans")
    } else {
        None
    }
}

/// Finds out what differs, and what the card needs to show it.
///
/// # Errors
/// Numbers that are none, or grids that nowhere lie on one another, in a sentence.
pub(super) fn compare(
    patient: &Patient,
    [shown, other]: [usize; 2],
    set: Option<usize>,
    wanted: &[(usize, usize)],
    most: usize,
) -> Result<(Found, [Texels; 2]), String> {
    let [a, b] = [&patient.doses[shown].volume, &patient.doses[other].volume];
    let difference = Difference::new(a, b, 0.0).map_err(|e| e.to_string())?;
    let structures = set.map_or(&[][..], |s| &patient.structure_sets[s].structures[..]);
    let histogram = |index: usize| {
        let contours = &structures[index].contours;
        let of = |volume| Dvh::new(volume, contours).map_err(|e| e.to_string());
        Ok([of(a)?, of(b)?])
    };
    let rows = wanted.iter().map(|(at, index)| (*at, histogram(*index))).collect();
    Ok((Found { range_gy: difference.range, rows }, [texels(b, most), texels(&difference.map, most)]))
}
