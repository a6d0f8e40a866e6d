//! Jaws and leaves: what there is, and where it stands at every control point.

use super::FARTHEST_MM;
use crate::import::values::{Data, count, items, number, numbers, text};
use dicom_dictionary_std::tags;
use vestibule_patient::{BeamLimitingDevice, LimitingDeviceType};

/// Most pairs of one device, most devices.
const MOST_PAIRS: usize = 500;
const MOST_DEVICES: usize = 8;
/// Leaves and jaws may run into each other by this much, mm: rounding. They are then shut.
const TOUCHING_MM: f64 = 0.1;

/// Positions by control point, then by device.
type Positions = Vec<Vec<Vec<f64>>>;

/// The devices that are in use and where they stand: what a control point does not say is carried on. A device that is listed and
/// never placed is not in use. The error is a sentence without its subject.
pub(super) fn devices(list: &[Data], points: &[Data]) -> Result<(Vec<BeamLimitingDevice>, Positions), String> {
    if list.len() > MOST_DEVICES {
        return Err(format!("lists {} beam limiting devices, at most {MOST_DEVICES} are read", list.len()));
    }
    let term = |d: &Data| text(d, tags::RT_BEAM_LIMITING_DEVICE_TYPE).unwrap_or_default();
    let mut terms: Vec<String> = Vec::new();
    let mut devices = Vec::new();
    for d in list {
        let name = term(d);
        if terms.contains(&name) {
            return Err(format!("lists {name} twice"));
        }
        devices.push(device(d, &name)?);
        terms.push(name);
    }
    let mut now: Vec<Vec<f64>> = vec![Vec::new(); devices.len()];
    let mut out: Positions = Vec::with_capacity(points.len());
    for (n, p) in points.iter().enumerate() {
        let here = items(p, tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE);
        for item in here {
            let name = term(item);
            let i = terms
                .iter()
                .position(|t| *t == name)
                .ok_or_else(|| format!("places {name} at control point {n}, which it does not list"))?;
            let device: &BeamLimitingDevice = &devices[i];
            now[i] = positions(item, device).map_err(|why| format!("has {name} that {why} at control point {n}"))?;
        }
        out.push(now.clone());
    }
    let first = out.first().cloned().unwrap_or_default();
    for (i, name) in terms.iter().enumerate() {
        if !now[i].is_empty() && first[i].is_empty() {
            return Err(format!("does not say where {name} stands at its first control point"));
        }
    }
    let used: Vec<bool> = now.iter().map(|p| !p.is_empty()).collect();
    let only = |list: Vec<Vec<f64>>| list.into_iter().zip(&used).filter_map(|(p, used)| used.then_some(p)).collect();
    let positions = out.into_iter().map(only).collect();
    Ok((devices.into_iter().zip(&used).filter_map(|(d, used)| used.then_some(d)).collect(), positions))
}

fn device(d: &Data, name: &str) -> Result<BeamLimitingDevice, String> {
    let kind = LimitingDeviceType::from_term(name)
        .ok_or_else(|| format!("has a beam limiting device of the type '{name}', not known here"))?;
    let mut boundaries_mm = Vec::new();
    let pairs = count(d, tags::NUMBER_OF_LEAF_JAW_PAIRS);
    if kind.has_leaves() {
        boundaries_mm = numbers(d, tags::LEAF_POSITION_BOUNDARIES)
            .ok_or_else(|| format!("has {name} without readable leaf position boundaries"))?;
        let found = boundaries_mm.len();
        if !(2..=MOST_PAIRS + 1).contains(&found) || pairs.is_some_and(|n| n + 1 != found) {
            let pairs = pairs.map_or("an unknown number of".to_owned(), |n| n.to_string());
            return Err(format!("has {name} with {pairs} leaf pairs and {found} boundaries"));
        }
        if let Some(n) = boundaries_mm.windows(2).position(|w| w[1] <= w[0]) {
            return Err(format!("has {name} whose leaf position boundaries do not rise at leaf {}", n + 1));
        }
        if boundaries_mm.iter().any(|b| b.abs() > FARTHEST_MM) {
            return Err(format!("has {name} whose leaves reach farther than {FARTHEST_MM} mm"));
        }
    } else if pairs.is_some_and(|n| n != 1) {
        return Err(format!("has {name} with {} pairs of jaws", pairs.unwrap_or_default()));
    }
    let source_distance_mm = number(d, tags::SOURCE_TO_BEAM_LIMITING_DEVICE_DISTANCE);
    Ok(BeamLimitingDevice { kind, source_distance_mm, boundaries_mm })
}

fn positions(item: &Data, device: &BeamLimitingDevice) -> Result<Vec<f64>, String> {
    let values = numbers(item, tags::LEAF_JAW_POSITIONS).ok_or("has unreadable positions")?;
    let pairs = device.pairs();
    if values.len() != 2 * pairs {
        return Err(format!("has {} positions for {pairs} pairs", values.len()));
    }
    if let Some(v) = values.iter().find(|v| v.abs() > FARTHEST_MM) {
        return Err(format!("stands {v} mm from the axis"));
    }
    let (one, two) = values.split_at(pairs);
    if let Some(n) = one.iter().zip(two).position(|(a, b)| a - b > TOUCHING_MM) {
        return Err(format!("runs into its opposite in pair {} ({} mm and {} mm)", n + 1, one[n], two[n]));
    }
    Ok(values)
}
