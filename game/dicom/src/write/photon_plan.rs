use super::plan_head::{beam_head, head, table_and_isocentre, tolerances};
use super::tags_of::DataSet;
use super::{Identity, WriteError, save};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use vestibule_patient::{Beam, ControlPoint, Plan, RadiationType, Turn};

/// Writes an RT Plan of photon beams with their jaws and leaves, control point by control point: still, with leaves or jaws that
/// move, with a gantry that turns. What a beam never moves stands at its first control point alone; what it moves stands at
/// every one. A plan that does not say whether it is approved is written as UNAPPROVED.
///
/// # Errors
/// When the file cannot be written, or a beam is not what is written here: other than photons, with blocks, wedges, compensators,
/// boli, layers or range shifters, without control points, with positions that do not fit its devices or opposite ones that
/// overlap, or with meterset weights that do not rise from 0 to the final one.
pub fn photon_plan(path: &Path, plan: &Plan, identity: &Identity) -> Result<(), WriteError> {
    let mut d = head(identity, uids::RT_PLAN_STORAGE, plan);
    d.items(tags::TOLERANCE_TABLE_SEQUENCE, vec![tolerances()]);
    let beams: Result<Vec<DataSet>, String> = plan.beams.iter().map(beam).collect();
    let beams = beams.map_err(|reason| WriteError::Unfit { what: "photon plan", reason })?;
    d.items(tags::BEAM_SEQUENCE, beams);
    save(path, "photon plan", d)
}

/// One beam. The error says which and why.
fn beam(b: &Beam) -> Result<DataSet, String> {
    check(b).map_err(|why| format!("beam {} {why}", b.number))?;
    let moves = Moves::of(b);
    let mut d = beam_head(b, "PHOTON", if moves.any() { "DYNAMIC" } else { "STATIC" });
    d.decimals(tags::FINAL_CUMULATIVE_METERSET_WEIGHT, &[b.final_cumulative_weight])
        .int(tags::NUMBER_OF_CONTROL_POINTS, b.sequence.len());
    if let Some([sad, _]) = b.virtual_sad_mm {
        d.decimals(tags::SOURCE_AXIS_DISTANCE, &[sad]);
    }
    let devices = b.limiting_devices.iter().map(|device| {
        DataSet::with(|s| {
            s.text(tags::RT_BEAM_LIMITING_DEVICE_TYPE, device.kind.as_str())
                .int(tags::NUMBER_OF_LEAF_JAW_PAIRS, device.pairs());
            if let Some(mm) = device.source_distance_mm {
                s.decimals(tags::SOURCE_TO_BEAM_LIMITING_DEVICE_DISTANCE, &[mm]);
            }
            if device.kind.has_leaves() {
                s.decimals(tags::LEAF_POSITION_BOUNDARIES, &device.boundaries_mm);
            }
        })
    });
    d.items(tags::BEAM_LIMITING_DEVICE_SEQUENCE, devices.collect());
    let points = (0..b.sequence.len()).map(|n| control_point(b, n, &moves));
    d.items(tags::CONTROL_POINT_SEQUENCE, points.collect());
    Ok(d)
}

/// Whether a beam can be written whole. The error is a sentence without its subject.
fn check(b: &Beam) -> Result<(), String> {
    if b.radiation != RadiationType::Photon {
        return Err(format!("delivers {:?}; only photon beams are written here", b.radiation));
    }
    let others = b.wedges + b.compensators + b.boli + b.blocks.len() + b.layers.len() + b.range_shifters.len();
    if others > 0 {
        return Err(
            "has blocks, wedges, compensators, boli, layers or range shifters, which are not written".to_owned()
        );
    }
    if b.virtual_sad_mm.is_some_and(|[x, y]| x != y) {
        return Err("has two source-axis distances; an RT Plan holds one".to_owned());
    }
    if b.limiting_devices.is_empty() {
        return Err("has neither jaws nor leaves".to_owned());
    }
    let kind = |n: usize| b.limiting_devices[n].kind;
    if let Some(n) = (1..b.limiting_devices.len()).find(|n| (0..*n).any(|m| kind(m) == kind(*n))) {
        return Err(format!("has {} twice", kind(n).as_str()));
    }
    let (Some(first), Some(last)) = (b.sequence.first(), b.sequence.last()) else {
        return Err("has no control point".to_owned());
    };
    let rises = b.sequence.windows(2).all(|w| w[0].cumulative_weight <= w[1].cumulative_weight);
    if !rises || first.cumulative_weight != 0.0 || last.cumulative_weight != b.final_cumulative_weight {
        return Err(format!("has meterset weights that do not rise from 0 to {}", b.final_cumulative_weight));
    }
    for (n, c) in b.sequence.iter().enumerate() {
        let fits = c.positions_mm.len() == b.limiting_devices.len()
            && c.positions_mm.iter().zip(&b.limiting_devices).all(|(p, d)| p.len() == 2 * d.pairs());
        if !fits {
            return Err(format!("has positions at control point {n} that do not fit its jaws and leaves"));
        }
        let overlap = |p: &Vec<f64>| {
            let (one, two) = p.split_at(p.len() / 2);
            // Also where one is no number.
            one.iter().zip(two).any(|(a, b)| a.partial_cmp(b).is_none_or(|o| o.is_gt()))
        };
        if c.positions_mm.iter().any(overlap) {
            return Err(format!("has jaws or leaves at control point {n} that run into their opposite"));
        }
    }
    Ok(())
}

/// An angle of a control point with the way it goes: both tags and where both stand.
type Turning = (Tag, Tag, fn(&ControlPoint) -> f64, fn(&ControlPoint) -> Turn);

const TURNING: [Turning; 4] = [
    (tags::GANTRY_ANGLE, tags::GANTRY_ROTATION_DIRECTION, |c| c.angles.gantry_deg, |c| c.turns.gantry),
    (
        tags::BEAM_LIMITING_DEVICE_ANGLE,
        tags::BEAM_LIMITING_DEVICE_ROTATION_DIRECTION,
        |c| c.angles.beam_limiting_deg,
        |c| c.turns.beam_limiting,
    ),
    (
        tags::PATIENT_SUPPORT_ANGLE,
        tags::PATIENT_SUPPORT_ROTATION_DIRECTION,
        |c| c.angles.patient_support_deg,
        |c| c.turns.patient_support,
    ),
    (
        tags::TABLE_TOP_ECCENTRIC_ANGLE,
        tags::TABLE_TOP_ECCENTRIC_ROTATION_DIRECTION,
        |c| c.angles.table_eccentric_deg,
        |c| c.turns.table_eccentric,
    ),
];

/// Pitch and roll: 32-bit floats, whose way is always the shorter one.
type Tilting = (Tag, Tag, fn(&ControlPoint) -> f64);

const TILTING: [Tilting; 2] = [
    (tags::TABLE_TOP_PITCH_ANGLE, tags::TABLE_TOP_PITCH_ROTATION_DIRECTION, |c| c.angles.table_pitch_deg),
    (tags::TABLE_TOP_ROLL_ANGLE, tags::TABLE_TOP_ROLL_ROTATION_DIRECTION, |c| c.angles.table_roll_deg),
];

/// What changes during a beam. The standard wants that at every control point (type 1C, "or if … changes during Beam").
struct Moves {
    turning: [bool; 4],
    tilting: [bool; 2],
    devices: Vec<bool>,
    energy: bool,
}

impl Moves {
    fn of(b: &Beam) -> Self {
        let changes =
            |differ: &dyn Fn(&ControlPoint, &ControlPoint) -> bool| b.sequence.windows(2).any(|w| differ(&w[0], &w[1]));
        Self {
            turning: TURNING.map(|(.., angle, turn)| changes(&|a, b| angle(a) != angle(b) || turn(a) != turn(b))),
            tilting: TILTING.map(|(.., angle)| changes(&|a, b| angle(a) != angle(b))),
            devices: (0..b.limiting_devices.len())
                .map(|n| changes(&|a, b| a.positions_mm[n] != b.positions_mm[n]))
                .collect(),
            energy: changes(&|a, b| a.energy != b.energy),
        }
    }

    fn any(&self) -> bool {
        self.energy || self.turning.iter().chain(&self.tilting).chain(&self.devices).any(|m| *m)
    }
}

fn control_point(b: &Beam, n: usize, moves: &Moves) -> DataSet {
    let c = &b.sequence[n];
    let mut d = DataSet::default();
    d.int(tags::CONTROL_POINT_INDEX, n).decimals(tags::CUMULATIVE_METERSET_WEIGHT, &[c.cumulative_weight]);
    let stands = |moves: bool| n == 0 || moves;
    if let Some(energy) = c.energy.filter(|_| stands(moves.energy)) {
        d.decimals(tags::NOMINAL_BEAM_ENERGY, &[energy]);
    }
    for ((angle, direction, value, turn), moves) in TURNING.into_iter().zip(moves.turning) {
        if stands(moves) {
            d.decimals(angle, &[value(c)]).text(direction, term(turn(c)));
        }
    }
    for ((angle, direction, value), moves) in TILTING.into_iter().zip(moves.tilting) {
        if stands(moves) {
            d.floats(angle, &[value(c)]).text(direction, term(Turn::None));
        }
    }
    let placed = b.limiting_devices.iter().zip(&c.positions_mm).zip(&moves.devices).filter(|(_, m)| stands(**m));
    let placed: Vec<DataSet> = placed
        .map(|((device, positions), _)| {
            DataSet::with(|p| {
                p.text(tags::RT_BEAM_LIMITING_DEVICE_TYPE, device.kind.as_str())
                    .decimals(tags::LEAF_JAW_POSITIONS, positions);
            })
        })
        .collect();
    if !placed.is_empty() {
        d.items(tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE, placed);
    }
    if n == 0 {
        table_and_isocentre(&mut d, b);
    }
    d
}

fn term(turn: Turn) -> &'static str {
    match turn {
        Turn::None => "NONE",
        Turn::Clockwise => "CW",
        Turn::CounterClockwise => "CC",
    }
}
