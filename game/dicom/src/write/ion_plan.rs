use super::plan_head::{beam_head, head, table_and_isocentre, tolerances};
use super::tags_of::{DataSet, clip};
use super::{Identity, WriteError, save};
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use vestibule_patient::{Beam, Layer, Plan, RadiationType};

/// Writes an RT Ion Plan with scanned (MODULATED) beams. Each layer stands twice, as treatment planning systems write
/// it: the spots with their weights, then the same spots with zero weights. A plan that does not say whether it is approved
/// is written as UNAPPROVED.
///
/// # Errors
/// When the file cannot be written, a beam is not a proton or ion beam, or a beam has no layer.
pub fn ion_plan(path: &Path, plan: &Plan, identity: &Identity) -> Result<(), WriteError> {
    let mut d = head(identity, uids::RT_ION_PLAN_STORAGE, plan);
    let mut table = tolerances();
    table.floats(tags::SNOUT_POSITION_TOLERANCE, &[1.0]);
    d.items(tags::ION_TOLERANCE_TABLE_SEQUENCE, vec![table]);
    let beams: Result<Vec<DataSet>, WriteError> = plan.beams.iter().map(beam).collect();
    d.items(tags::ION_BEAM_SEQUENCE, beams?);
    save(path, "ion plan", d)
}

fn beam(b: &Beam) -> Result<DataSet, WriteError> {
    let unfit = |reason: String| WriteError::Unfit { what: "ion plan", reason };
    let radiation = match b.radiation {
        RadiationType::Proton => "PROTON",
        other => return Err(unfit(format!("beam {} delivers {other:?}; only proton beams are written", b.number))),
    };
    if b.layers.is_empty() {
        return Err(unfit(format!("beam {} has no energy layer", b.number)));
    }
    let total: f64 = b.layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
    let last = if b.final_cumulative_weight > 0.0 { b.final_cumulative_weight } else { total };
    let sad = b.virtual_sad_mm.unwrap_or([2000.0, 2000.0]);
    let mut d = beam_head(b, radiation, "STATIC");
    d.floats(tags::VIRTUAL_SOURCE_AXIS_DISTANCES, &sad)
        .int(tags::NUMBER_OF_RANGE_SHIFTERS, b.range_shifters.len())
        .text(tags::NUMBER_OF_LATERAL_SPREADING_DEVICES, "0")
        .text(tags::NUMBER_OF_RANGE_MODULATORS, "0")
        .text(tags::PATIENT_SUPPORT_TYPE, "TABLE")
        .text(tags::SCAN_MODE, "MODULATED")
        .text(tags::MODULATED_SCAN_MODE_TYPE, "STATIONARY")
        .decimals(tags::FINAL_CUMULATIVE_METERSET_WEIGHT, &[last])
        .int(tags::NUMBER_OF_CONTROL_POINTS, 2 * b.layers.len());
    d.item(tags::SNOUT_SEQUENCE, |s| {
        s.text(tags::SNOUT_ID, "Snout");
    });
    if !b.range_shifters.is_empty() {
        let items = b.range_shifters.iter().enumerate().map(|(i, r)| {
            DataSet::with(|s| {
                s.int(tags::RANGE_SHIFTER_NUMBER, i + 1)
                    .text(tags::RANGE_SHIFTER_ID, &clip(&r.id, 16))
                    .text(tags::RANGE_SHIFTER_TYPE, "BINARY");
            })
        });
        d.items(tags::RANGE_SHIFTER_SEQUENCE, items.collect());
    }
    let mut points = Vec::with_capacity(2 * b.layers.len());
    let mut sum = 0.0;
    for (i, l) in b.layers.iter().enumerate() {
        points.push(control_point(b, l, 2 * i, sum, true));
        sum += l.spots.iter().map(|s| s.weight).sum::<f64>();
        // The last one equals the final weight to the digit.
        let after = if i + 1 == b.layers.len() { last } else { sum };
        points.push(control_point(b, l, 2 * i + 1, after, false));
    }
    d.items(tags::ION_CONTROL_POINT_SEQUENCE, points);
    Ok(d)
}

fn control_point(b: &Beam, l: &Layer, index: usize, cumulative: f64, weighted: bool) -> DataSet {
    let mut d = DataSet::default();
    let map: Vec<f64> = l.spots.iter().flat_map(|s| [s.x_mm, s.y_mm]).collect();
    let weights: Vec<f64> = l.spots.iter().map(|s| if weighted { s.weight } else { 0.0 }).collect();
    d.int(tags::CONTROL_POINT_INDEX, index)
        .decimals(tags::CUMULATIVE_METERSET_WEIGHT, &[cumulative])
        .decimals(tags::NOMINAL_BEAM_ENERGY, &[l.energy_mev])
        .text(tags::SCAN_SPOT_TUNE_ID, "1")
        .int(tags::NUMBER_OF_SCAN_SPOT_POSITIONS, l.spots.len())
        .floats(tags::SCAN_SPOT_POSITION_MAP, &map)
        .floats(tags::SCAN_SPOT_METERSET_WEIGHTS, &weights)
        .int(tags::NUMBER_OF_PAINTINGS, l.paintings.max(1));
    if let Some(fwhm) = l.spot_fwhm_mm {
        d.floats(tags::SCANNING_SPOT_SIZE, &fwhm);
    }
    if index == 0 {
        let a = &b.angles;
        d.decimals(tags::GANTRY_ANGLE, &[a.gantry_deg])
            .text(tags::GANTRY_ROTATION_DIRECTION, "NONE")
            .decimals(tags::BEAM_LIMITING_DEVICE_ANGLE, &[a.beam_limiting_deg])
            .text(tags::BEAM_LIMITING_DEVICE_ROTATION_DIRECTION, "NONE")
            .decimals(tags::PATIENT_SUPPORT_ANGLE, &[a.patient_support_deg])
            .text(tags::PATIENT_SUPPORT_ROTATION_DIRECTION, "NONE")
            .floats(tags::TABLE_TOP_PITCH_ANGLE, &[a.table_pitch_deg])
            .text(tags::TABLE_TOP_PITCH_ROTATION_DIRECTION, "NONE")
            .floats(tags::TABLE_TOP_ROLL_ANGLE, &[a.table_roll_deg])
            .text(tags::TABLE_TOP_ROLL_ROTATION_DIRECTION, "NONE");
        table_and_isocentre(&mut d, b);
        match b.snout_position_mm {
            Some(mm) => d.floats(tags::SNOUT_POSITION, &[mm]),
            None => d.text(tags::SNOUT_POSITION, ""),
        };
        if !b.range_shifters.is_empty() {
            let items = b.range_shifters.iter().enumerate().map(|(i, r)| {
                DataSet::with(|s| {
                    s.int(tags::REFERENCED_RANGE_SHIFTER_NUMBER, i + 1).text(tags::RANGE_SHIFTER_SETTING, "IN");
                    if let Some(mm) = r.isocentre_distance_mm {
                        s.floats(tags::ISOCENTER_TO_RANGE_SHIFTER_DISTANCE, &[mm]);
                    }
                    if let Some(mm) = r.water_equivalent_mm {
                        s.floats(tags::RANGE_SHIFTER_WATER_EQUIVALENT_THICKNESS, &[mm]);
                    }
                })
            });
            d.items(tags::RANGE_SHIFTER_SETTINGS_SEQUENCE, items.collect());
        }
    }
    d
}
