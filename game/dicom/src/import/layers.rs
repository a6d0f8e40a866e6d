//! The energy layers of a scanned ion beam.

use super::plan::pair;
use super::values::{Data, number, numbers, text};
use crate::Note;
use dicom_dictionary_std::tags;
use vestibule_patient::{Layer, Spot};

/// Layers in delivery order. Each stands twice in the file, the second time with zero weights; energy, spot size and
/// paintings may stand on the first control point only. The error is a sentence without its subject.
pub(super) fn layers(beam: &Data, points: &[Data], object: &str, notes: &mut Vec<Note>) -> Result<Vec<Layer>, String> {
    if let Some(mode) = text(beam, tags::SCAN_MODE).filter(|m| m != "MODULATED" && m != "MODULATED_SPEC") {
        return Err(format!("is not delivered by pencil-beam scanning (scan mode {mode})"));
    }
    let mut out: Vec<Layer> = Vec::new();
    let mut energy = None;
    let mut fwhm = None;
    let mut paintings = 1;
    let mut positions: Vec<f64> = Vec::new();
    let mut cumulative = Vec::new();
    for (index, p) in points.iter().enumerate() {
        energy = number(p, tags::NOMINAL_BEAM_ENERGY).or(energy);
        fwhm = pair(p, tags::SCANNING_SPOT_SIZE).or(fwhm);
        paintings = number(p, tags::NUMBER_OF_PAINTINGS).filter(|n| *n >= 1.0).map_or(paintings, |n| n as u32);
        cumulative.push(number(p, tags::CUMULATIVE_METERSET_WEIGHT));
        if p.get(tags::SCAN_SPOT_POSITION_MAP).is_some() {
            positions = numbers(p, tags::SCAN_SPOT_POSITION_MAP)
                .ok_or_else(|| format!("has an unreadable spot map at control point {index}"))?;
        }
        if p.get(tags::SCAN_SPOT_METERSET_WEIGHTS).is_none() {
            continue;
        }
        let weights = numbers(p, tags::SCAN_SPOT_METERSET_WEIGHTS)
            .ok_or_else(|| format!("has unreadable spot weights at control point {index}"))?;
        if weights.iter().any(|w| *w < 0.0) {
            return Err(format!("has a negative spot weight at control point {index}"));
        }
        if !weights.iter().any(|w| *w > 0.0) {
            continue;
        }
        if positions.len() != 2 * weights.len() {
            return Err(format!(
                "has {} spot weights for {} spot coordinates at control point {index}",
                weights.len(),
                positions.len()
            ));
        }
        let energy_mev =
            energy.filter(|e| *e > 0.0).ok_or_else(|| format!("has no energy at control point {index}"))?;
        let spots = weights
            .iter()
            .zip(positions.chunks_exact(2))
            .map(|(w, at)| Spot { x_mm: at[0], y_mm: at[1], weight: *w })
            .collect();
        // What a layer's spots weigh is what the meterset grows by up to the next control point.
        out.push(Layer { energy_mev, spot_fwhm_mm: fwhm, paintings, spots });
        let sum: f64 = weights.iter().sum();
        if let (Some(Some(here)), Some(Some(next))) =
            (cumulative.get(index), points.get(index + 1).map(|n| number(n, tags::CUMULATIVE_METERSET_WEIGHT)))
            && (next - here - sum).abs() > 0.01 * sum + 1e-6
        {
            let text =
                format!("control point {index}: its spots weigh {sum:.4}, its meterset grows by {:.4}", next - here);
            notes.push(Note::warning(object, text));
        }
    }
    if out.is_empty() {
        return Err("has no layer with a weight".to_owned());
    }
    Ok(out)
}
