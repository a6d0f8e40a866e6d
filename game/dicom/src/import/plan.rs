//! RT Plan and RT Ion Plan.

use super::layers::layers;
use super::limiting::limiting;
use super::parse::File;
use super::structure::referenced;
use super::values::{Data, count, exactly, items, number, numbers, point, text};
use crate::Note;
use dicom_dictionary_std::tags;
use nalgebra::Point3;
use std::collections::BTreeMap;
use vestibule_geometry::BeamAngles;
use vestibule_patient::{Approval, Beam, Plan, RadiationType, RangeShifter, Review};

/// Reads one plan. The error is a sentence without its subject.
pub(super) fn plan(file: &File, label: &str, notes: &mut Vec<Note>) -> Result<Plan, String> {
    let d = &file.data;
    let ion = !items(d, tags::ION_BEAM_SEQUENCE).is_empty();
    let list = if ion { items(d, tags::ION_BEAM_SEQUENCE) } else { items(d, tags::BEAM_SEQUENCE) };
    if list.is_empty() {
        return Err("has no external beam".to_owned());
    }
    let groups = items(d, tags::FRACTION_GROUP_SEQUENCE);
    if groups.len() > 1 {
        notes.push(Note::warning(label, format!("has {} fraction groups: the first was taken", groups.len())));
    }
    let fractions = groups.first().and_then(|g| count(g, tags::NUMBER_OF_FRACTIONS_PLANNED)).filter(|n| *n > 0);
    if fractions.is_none() {
        notes.push(Note::warning(label, "does not say how many fractions it has: 1 was taken"));
    }
    let mut counted = BTreeMap::new();
    for r in groups.first().map(|g| items(g, tags::REFERENCED_BEAM_SEQUENCE)).unwrap_or_default() {
        if let Some(n) = number(r, tags::REFERENCED_BEAM_NUMBER) {
            counted.insert(n as i32, (number(r, tags::BEAM_METERSET), number(r, tags::BEAM_DOSE)));
        }
    }
    let setups = items(d, tags::PATIENT_SETUP_SEQUENCE);
    let said = setups.iter().find_map(|s| text(s, tags::PATIENT_POSITION));
    let position = said.as_deref().and_then(|p| p.parse().ok());
    if position.is_none() {
        let what = said.map_or("does not say how the patient lies".to_owned(), |p| {
            format!("has the patient position '{p}', not known here")
        });
        notes.push(Note::warning(label, format!("{what}: head first supine (HFS) is assumed")));
    }
    if setups.iter().filter_map(|s| text(s, tags::PATIENT_POSITION)).any(|p| p.parse().ok() != position) {
        notes.push(Note::warning(label, "sets the patient up in more than one position: the first was taken"));
    }
    let doses: Vec<f64> = items(d, tags::DOSE_REFERENCE_SEQUENCE)
        .iter()
        .filter(|r| text(r, tags::DOSE_REFERENCE_TYPE).as_deref() == Some("TARGET"))
        .filter_map(|r| number(r, tags::TARGET_PRESCRIPTION_DOSE))
        .collect();
    if doses.len() > 1 {
        notes.push(Note::info(
            label,
            format!("prescribes {} target doses: the highest stands for the plan", doses.len()),
        ));
    }
    let said = text(d, tags::APPROVAL_STATUS);
    let approval = said.as_deref().and_then(Approval::from_term);
    if let Some(term) = said.filter(|_| approval.is_none()) {
        notes.push(Note::warning(label, format!("has the approval status '{term}', not known here: none was taken")));
    }
    let mut beams = Vec::new();
    for b in list {
        let delivery = text(b, tags::TREATMENT_DELIVERY_TYPE);
        let number_of = number(b, tags::BEAM_NUMBER).map_or(0, |n| n as i32);
        let name = text(b, tags::BEAM_NAME).unwrap_or_else(|| format!("Beam {number_of}"));
        let object = format!("{label}: beam {name}");
        if delivery.as_deref().is_some_and(|t| t != "TREATMENT" && t != "CONTINUATION") {
            notes.push(Note::info(object, "is a setup or imaging field, not treatment: left out"));
            continue;
        }
        match beam(b, ion, number_of, name, &object, notes) {
            Ok(mut beam) => {
                let (meterset, dose) = counted.get(&number_of).copied().unwrap_or((None, None));
                if meterset.is_none() {
                    notes.push(Note::warning(&object, "has no meterset (MU): nothing of it can be delivered"));
                }
                beam.meterset_mu = meterset.unwrap_or(0.0);
                beam.beam_dose_gy = dose;
                beams.push(beam);
            }
            Err(why) => notes.push(Note::error(object, format!("{why}: left out"))),
        }
    }
    if beams.is_empty() {
        return Err("has no readable treatment beam".to_owned());
    }
    Ok(Plan {
        uid: text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default(),
        label: text(d, tags::RT_PLAN_LABEL).unwrap_or_default(),
        frame_of_reference_uid: text(d, tags::FRAME_OF_REFERENCE_UID).unwrap_or_default(),
        structure_set_uid: referenced(d, tags::REFERENCED_STRUCTURE_SET_SEQUENCE),
        position,
        fractions: fractions.unwrap_or(1).min(1000) as u32,
        prescription_gy: doses.into_iter().reduce(f64::max),
        beams,
        review: approval.filter(|a| *a != Approval::Unapproved).map(|_| Review {
            reviewer: text(d, tags::REVIEWER_NAME).unwrap_or_default(),
            date: text(d, tags::REVIEW_DATE).unwrap_or_default(),
            time: text(d, tags::REVIEW_TIME).unwrap_or_default(),
        }),
        approval,
    })
}

fn beam(
    b: &Data,
    ion: bool,
    number_of: i32,
    name: String,
    object: &str,
    notes: &mut Vec<Note>,
) -> Result<Beam, String> {
    let radiation = match text(b, tags::RADIATION_TYPE).as_deref() {
        Some("PROTON") => RadiationType::Proton,
        Some("PHOTON") => RadiationType::Photon,
        Some("ELECTRON") => RadiationType::Electron,
        Some("ION") => RadiationType::Ion,
        Some(other) => return Err(format!("delivers {other}, which is not known here")),
        None if ion => {
            notes.push(Note::warning(object, "does not say what it delivers: protons were taken"));
            RadiationType::Proton
        }
        None => {
            notes.push(Note::warning(object, "does not say what it delivers: photons were taken"));
            RadiationType::Photon
        }
    };
    let points = items(b, if ion { tags::ION_CONTROL_POINT_SEQUENCE } else { tags::CONTROL_POINT_SEQUENCE });
    let first = points.first().ok_or("has no control point")?;
    if let Some(n) = count(b, tags::NUMBER_OF_CONTROL_POINTS).filter(|n| *n != points.len()) {
        return Err(format!("says it has {n} control points and holds {}", points.len()));
    }
    let isocentre_mm = point(first, tags::ISOCENTER_POSITION);
    if isocentre_mm.is_none() {
        return Err("has no isocentre".to_owned());
    }
    let moved = points
        .iter()
        .filter_map(|p| point(p, tags::ISOCENTER_POSITION))
        .any(|p| isocentre_mm.is_some_and(|i: Point3<f64>| (p - i).norm() > 0.01));
    if moved {
        notes.push(Note::warning(object, "moves its isocentre during the beam: the first was taken"));
    }
    let gantry = number(first, tags::GANTRY_ANGLE);
    if gantry.is_none() {
        notes.push(Note::warning(object, "has no gantry angle: 0 was taken"));
    }
    let angle = |tag| number(first, tag).unwrap_or(0.0);
    let angles = BeamAngles {
        gantry_deg: gantry.unwrap_or(0.0),
        beam_limiting_deg: angle(tags::BEAM_LIMITING_DEVICE_ANGLE),
        patient_support_deg: angle(tags::PATIENT_SUPPORT_ANGLE),
        table_eccentric_deg: angle(tags::TABLE_TOP_ECCENTRIC_ANGLE),
        table_pitch_deg: angle(tags::TABLE_TOP_PITCH_ANGLE),
        table_roll_deg: angle(tags::TABLE_TOP_ROLL_ANGLE),
    };
    if ion && points.iter().filter_map(|p| number(p, tags::GANTRY_ANGLE)).any(|g| (g - angles.gantry_deg).abs() > 0.01)
    {
        notes.push(Note::warning(object, "turns the gantry during the beam: the first angle was taken"));
    }
    if let Some(unit) = text(b, tags::PRIMARY_DOSIMETER_UNIT).filter(|u| u != "MU") {
        notes.push(Note::warning(object, format!("counts in {unit}, not in monitor units")));
    }
    let layers = if ion { layers(b, points, object, notes)? } else { Vec::new() };
    let sum: f64 = layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
    let last = number(b, tags::FINAL_CUMULATIVE_METERSET_WEIGHT)
        .or_else(|| points.last().and_then(|p| number(p, tags::CUMULATIVE_METERSET_WEIGHT)))
        .filter(|w| *w > 0.0);
    if last.is_none() {
        notes.push(Note::warning(object, "has no final cumulative meterset weight: the sum of its weights was taken"));
    }
    let last = last.unwrap_or(if sum > 0.0 { sum } else { 1.0 });
    if ion && (sum / last - 1.0).abs() > 0.005 {
        let text = format!(
            "its spot weights add up to {sum:.3}, its final cumulative weight is {last:.3}: MU follow the latter"
        );
        notes.push(Note::warning(object, text));
    }
    let shaped = limiting(b, points, ion, last, object, notes);
    Ok(Beam {
        number: number_of,
        name,
        machine: text(b, tags::TREATMENT_MACHINE_NAME).unwrap_or_default(),
        radiation,
        isocentre_mm: isocentre_mm.unwrap_or_default(),
        angles,
        meterset_mu: 0.0,
        final_cumulative_weight: last,
        beam_dose_gy: None,
        virtual_sad_mm: exactly(b, tags::VIRTUAL_SOURCE_AXIS_DISTANCES)
            .or_else(|| number(b, tags::SOURCE_AXIS_DISTANCE).map(|s| [s, s])),
        snout_position_mm: number(first, tags::SNOUT_POSITION),
        range_shifters: range_shifters(b, points, object, notes),
        layers,
        control_points: points.len(),
        spot_positions: points
            .iter()
            .filter_map(|p| numbers(p, tags::SCAN_SPOT_POSITION_MAP))
            .map(|m| m.len() / 2)
            .sum(),
        limiting_devices: shaped.devices,
        sequence: shaped.sequence,
        blocks: shaped.blocks,
        wedges: count(b, tags::NUMBER_OF_WEDGES).unwrap_or(0),
        compensators: count(b, tags::NUMBER_OF_COMPENSATORS).unwrap_or(0),
        boli: count(b, tags::NUMBER_OF_BOLI).unwrap_or(0),
    })
}

/// The range shifters that stand in the beam.
fn range_shifters(b: &Data, points: &[Data], object: &str, notes: &mut Vec<Note>) -> Vec<RangeShifter> {
    let list = items(b, tags::RANGE_SHIFTER_SEQUENCE);
    let Some(settings) = points.iter().map(|p| items(p, tags::RANGE_SHIFTER_SETTINGS_SEQUENCE)).find(|s| !s.is_empty())
    else {
        if !list.is_empty() {
            notes.push(Note::warning(
                object,
                "lists a range shifter and never says whether it is in: taken as in the beam",
            ));
        }
        return list.iter().map(|s| RangeShifter { id: id_of(s), ..Default::default() }).collect();
    };
    let state = |p: &Data| -> Vec<(i64, String)> {
        items(p, tags::RANGE_SHIFTER_SETTINGS_SEQUENCE)
            .iter()
            .map(|s| {
                let n = number(s, tags::REFERENCED_RANGE_SHIFTER_NUMBER).unwrap_or(0.0) as i64;
                (n, text(s, tags::RANGE_SHIFTER_SETTING).unwrap_or_default())
            })
            .collect()
    };
    let mut states = points.iter().map(state).filter(|s| !s.is_empty());
    let opening = states.next();
    if states.any(|s| Some(s) != opening) {
        notes.push(Note::warning(object, "moves its range shifter during the beam: the first setting was taken"));
    }
    settings
        .iter()
        .filter(|s| !matches!(text(s, tags::RANGE_SHIFTER_SETTING).as_deref(), Some("OUT" | "0")))
        .map(|s| {
            let n = number(s, tags::REFERENCED_RANGE_SHIFTER_NUMBER);
            let device = list.iter().find(|d| number(d, tags::RANGE_SHIFTER_NUMBER) == n);
            let shifter = RangeShifter {
                id: device.map(id_of).unwrap_or_default(),
                water_equivalent_mm: number(s, tags::RANGE_SHIFTER_WATER_EQUIVALENT_THICKNESS),
                isocentre_distance_mm: number(s, tags::ISOCENTER_TO_RANGE_SHIFTER_DISTANCE),
            };
            if shifter.water_equivalent_mm.is_none() {
                let text = format!("does not say how thick its range shifter {} is: the machine file must", shifter.id);
                notes.push(Note::warning(object, text));
            }
            shifter
        })
        .collect()
}

fn id_of(d: &Data) -> String {
    text(d, tags::RANGE_SHIFTER_ID).unwrap_or_default()
}

/// Two numbers, or one that stands for both.
pub(super) fn pair(d: &Data, tag: dicom_core::Tag) -> Option<[f64; 2]> {
    match numbers(d, tag)?.as_slice() {
        [a] => Some([*a, *a]),
        [a, b] => Some([*a, *b]),
        _ => None,
    }
}
