//! Control points, jaws, leaves and blocks of a beam. What is wrong with them never costs the beam its other data.

mod devices;
#[cfg(test)]
mod tests;

use super::values::{Data, count, items, number, numbers, text};
use crate::Note;
use devices::devices;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use vestibule_geometry::BeamAngles;
use vestibule_patient::{BeamLimitingDevice, Block, BlockType, ControlPoint, Turn, Turns};

/// Most control points of one beam, most blocks, most points of a block: more than any machine takes.
const MOST_CONTROL_POINTS: usize = 5000;
const MOST_BLOCKS: usize = 20;
const MOST_BLOCK_POINTS: usize = 1000;
/// Farthest place of a leaf, jaw or block from the axis on the isocentre plane, mm.
const FARTHEST_MM: f64 = 1000.0;

/// What shapes one beam.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Limiting {
    pub devices: Vec<BeamLimitingDevice>,
    pub sequence: Vec<ControlPoint>,
    pub blocks: Vec<Block>,
}

/// Reads it. `last`: the beam's final cumulative meterset weight. A scanned ion beam has its control points in its layers:
/// here they stand only where it has jaws or leaves.
pub(super) fn limiting(
    beam: &Data,
    points: &[Data],
    ion: bool,
    last: f64,
    object: &str,
    notes: &mut Vec<Note>,
) -> Limiting {
    let mut out = Limiting { blocks: blocks(beam, ion, object, notes), ..Limiting::default() };
    let list =
        items(beam, if ion { tags::ION_BEAM_LIMITING_DEVICE_SEQUENCE } else { tags::BEAM_LIMITING_DEVICE_SEQUENCE });
    if ion && list.is_empty() {
        return out;
    }
    if points.len() > MOST_CONTROL_POINTS {
        let text =
            format!("has {} control points, at most {MOST_CONTROL_POINTS} are read: they are left out", points.len());
        notes.push(Note::warning(object, text));
        return out;
    }
    match weights(points, last) {
        Ok(weights) => out.sequence = sequence(points, &weights),
        Err(why) => {
            notes.push(Note::warning(object, format!("{why}: its control points, jaws and leaves are left out")));
            return out;
        }
    }
    match devices(list, points) {
        Ok((devices, positions)) => {
            out.devices = devices;
            for (point, positions) in out.sequence.iter_mut().zip(positions) {
                point.positions_mm = positions;
            }
        }
        Err(why) => notes.push(Note::warning(object, format!("{why}: its jaws and leaves are left out"))),
    }
    out
}

/// Cumulative meterset weight of every control point, rising from 0 to `last`. The error is a sentence without its subject.
fn weights(points: &[Data], last: f64) -> Result<Vec<f64>, String> {
    let end = points.len().saturating_sub(1);
    let mut out: Vec<f64> = Vec::with_capacity(points.len());
    for (n, p) in points.iter().enumerate() {
        let said = number(p, tags::CUMULATIVE_METERSET_WEIGHT);
        let w = match said {
            Some(w) => w,
            None if n == 0 => 0.0,
            None if n == end => last,
            None => return Err(format!("has no cumulative meterset weight at control point {n}")),
        };
        // Weights are written with few digits.
        if w < out.last().copied().unwrap_or(0.0) - 1e-6 * last || w > last * (1.0 + 1e-4) {
            return Err(format!(
                "has a cumulative meterset weight of {w} at control point {n}, which does not rise to {last}"
            ));
        }
        out.push(w.max(out.last().copied().unwrap_or(0.0)));
    }
    if out.last().is_some_and(|w| end > 0 && *w <= 0.0) {
        return Err("has a cumulative meterset weight of 0 at every control point".to_owned());
    }
    Ok(out)
}

/// Angles, directions and energies, carried on where a control point does not say them.
fn sequence(points: &[Data], weights: &[f64]) -> Vec<ControlPoint> {
    let mut now = ControlPoint::default();
    let mut out = Vec::with_capacity(points.len());
    for (p, weight) in points.iter().zip(weights) {
        let a = &now.angles;
        let angle = |tag: Tag, before: f64| number(p, tag).unwrap_or(before);
        let angles = BeamAngles {
            gantry_deg: angle(tags::GANTRY_ANGLE, a.gantry_deg),
            beam_limiting_deg: angle(tags::BEAM_LIMITING_DEVICE_ANGLE, a.beam_limiting_deg),
            patient_support_deg: angle(tags::PATIENT_SUPPORT_ANGLE, a.patient_support_deg),
            table_eccentric_deg: angle(tags::TABLE_TOP_ECCENTRIC_ANGLE, a.table_eccentric_deg),
            table_pitch_deg: angle(tags::TABLE_TOP_PITCH_ANGLE, a.table_pitch_deg),
            table_roll_deg: angle(tags::TABLE_TOP_ROLL_ANGLE, a.table_roll_deg),
        };
        let t = now.turns;
        let turns = Turns {
            gantry: turn(p, tags::GANTRY_ROTATION_DIRECTION, t.gantry),
            beam_limiting: turn(p, tags::BEAM_LIMITING_DEVICE_ROTATION_DIRECTION, t.beam_limiting),
            patient_support: turn(p, tags::PATIENT_SUPPORT_ROTATION_DIRECTION, t.patient_support),
            table_eccentric: turn(p, tags::TABLE_TOP_ECCENTRIC_ROTATION_DIRECTION, t.table_eccentric),
        };
        let energy = number(p, tags::NOMINAL_BEAM_ENERGY).or(now.energy);
        now = ControlPoint { cumulative_weight: *weight, angles, turns, energy, positions_mm: Vec::new() };
        out.push(now.clone());
    }
    out
}

fn turn(p: &Data, tag: Tag, before: Turn) -> Turn {
    match text(p, tag).as_deref() {
        Some("CW") => Turn::Clockwise,
        Some("CC") => Turn::CounterClockwise,
        Some("NONE") => Turn::None,
        _ => before,
    }
}

/// Blocks and apertures; one that cannot be drawn is left out with a note.
fn blocks(beam: &Data, ion: bool, object: &str, notes: &mut Vec<Note>) -> Vec<Block> {
    let list = items(beam, if ion { tags::ION_BLOCK_SEQUENCE } else { tags::BLOCK_SEQUENCE });
    if list.len() > MOST_BLOCKS {
        let text = format!("has {} blocks, at most {MOST_BLOCKS} are read: they are left out", list.len());
        notes.push(Note::warning(object, text));
        return Vec::new();
    }
    let mut out = Vec::new();
    for (n, b) in list.iter().enumerate() {
        match block(b) {
            Ok(block) => out.push(block),
            Err(why) => {
                let number = number(b, tags::BLOCK_NUMBER).unwrap_or(n as f64 + 1.0);
                notes.push(Note::warning(object, format!("has a block {number} that {why}: it is left out")));
            }
        }
    }
    out
}

fn block(b: &Data) -> Result<Block, String> {
    let kind = match text(b, tags::BLOCK_TYPE).as_deref() {
        Some("SHIELDING") => BlockType::Shielding,
        Some("APERTURE") => BlockType::Aperture,
        other => return Err(format!("is of the type '{}', not known here", other.unwrap_or_default())),
    };
    let data = numbers(b, tags::BLOCK_DATA).ok_or("has no readable outline")?;
    let points = data.len() / 2;
    if data.len() % 2 == 1 || points < 3 || count(b, tags::BLOCK_NUMBER_OF_POINTS).is_some_and(|n| n != points) {
        let said = count(b, tags::BLOCK_NUMBER_OF_POINTS).unwrap_or(points);
        return Err(format!("says it has {said} points and holds {} coordinates", data.len()));
    }
    if points > MOST_BLOCK_POINTS {
        return Err(format!("has {points} points, at most {MOST_BLOCK_POINTS} are read"));
    }
    if data.iter().any(|v| v.abs() > FARTHEST_MM) {
        return Err(format!("reaches farther than {FARTHEST_MM} mm"));
    }
    Ok(Block {
        number: number(b, tags::BLOCK_NUMBER).map_or(0, |n| n as i32),
        name: text(b, tags::BLOCK_NAME).or_else(|| text(b, tags::BLOCK_TRAY_ID)).unwrap_or_default(),
        kind,
        material: text(b, tags::MATERIAL_ID).unwrap_or_default(),
        thickness_mm: number(b, tags::BLOCK_THICKNESS),
        outline_mm: data.chunks_exact(2).map(|p| [p[0], p[1]]).collect(),
    })
}
