//! What stops the beam otherwise than the CT says: structures and HU windows of a given stopping power (air, metal), and
//! supports outside the body (couch, mask, immobilisation).

use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::stopping::{StoppingMap, bounding_box};
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume, contour};
use vestibule_patient::{RoiType, Structure, StructureSet};

/// Largest stopping power relative to water that may be given.
pub const MOST_RELATIVE_STOPPING_POWER: f64 = 10.0;

/// A structure of one material.
#[derive(Clone, Debug)]
pub struct MaterialOverride<'a> {
    /// Stands in the notes.
    pub name: String,
    /// 1 inside, on the CT's grid.
    pub mask: &'a Volume<u8>,
    /// Stopping power relative to water, 0 to 10.
    pub relative_stopping_power: f64,
}

/// What stands outside the body and stops the beam, but gets no dose.
#[derive(Clone, Debug)]
pub struct Support<'a> {
    /// Stands in the notes.
    pub name: String,
    /// 1 inside, on the CT's grid; what lies in the body too is the body's.
    pub mask: &'a Volume<u8>,
    /// Stopping power relative to water, 0 to 10; None takes the CT's.
    pub relative_stopping_power: Option<f64>,
}

/// CT numbers that are one material, in the body alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HuWindow {
    /// First and last HU of it; infinite where it is open.
    pub hu: [f64; 2],
    /// Stopping power relative to water, 0 to 10.
    pub relative_stopping_power: f64,
}

/// All of them. Order: the calibration, the windows, then the structures; later ones go before earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Materials<'a> {
    /// CT numbers of one material.
    pub windows: Vec<HuWindow>,
    /// Structures of one material, in the body or in a support.
    pub overrides: Vec<MaterialOverride<'a>>,
    /// Couch and immobilisation.
    pub supports: Vec<Support<'a>>,
}

/// Names and masks, on the CT's grid, of what a structure set itself calls a support or a fixation device (RT ROI Interpreted
/// Type). One that lies beside the CT stops nothing and is left out.
pub fn supports_of(set: Option<&StructureSet>, ct: &Grid) -> Vec<(String, Volume<u8>)> {
    let of_type = |s: &&Structure| {
        let fixes = matches!(&s.roi_type, RoiType::Other(t) if t.eq_ignore_ascii_case("FIXATION"));
        (s.roi_type == RoiType::Support || fixes) && !s.contours.is_empty()
    };
    let all = set.iter().flat_map(|s| &s.structures).filter(of_type);
    all.map(|s| (s.name.clone(), contour::mask(&s.contours, ct))).filter(|s| s.1.data.iter().any(|v| *v != 0)).collect()
}

/// What of the CT is the patient, on its grid, where a structure set outlines the body.
pub fn body_of(set: Option<&StructureSet>, ct: &Grid) -> Option<Volume<u8>> {
    set.and_then(StructureSet::external).map(|s| contour::mask(&s.contours, ct))
}

impl<'a> Materials<'a> {
    /// Supports alone, each as the CT shows it.
    pub fn of_supports(supports: &'a [(String, Volume<u8>)]) -> Self {
        let support = |(name, mask): &'a (String, Volume<u8>)| Support {
            name: name.clone(),
            mask,
            relative_stopping_power: None,
        };
        Self { supports: supports.iter().map(support).collect(), ..Self::default() }
    }
}

impl Materials<'_> {
    /// Whether each lies on the CT and has a value that can be.
    pub(crate) fn check(&self, ct: &Grid) -> Result<(), ComputeError> {
        let value = |name: &str, value: f64| match (0.0..=MOST_RELATIVE_STOPPING_POWER).contains(&value) {
            true => Ok(()),
            false => Err(ComputeError::OverrideValue { name: name.to_owned(), value }),
        };
        let mask = |name: &str, mask: &Volume<u8>| {
            let same = mask.grid.size == ct.size && (mask.grid.origin_mm - ct.origin_mm).norm() <= 1e-3;
            if !same || mask.data.len() != ct.len() {
                return Err(ComputeError::OverrideGrid { name: name.to_owned(), mask: mask.grid.size, ct: ct.size });
            }
            match mask.data.iter().any(|v| *v != 0) {
                true => Ok(()),
                false => Err(ComputeError::OverrideEmpty { name: name.to_owned() }),
            }
        };
        for w in &self.windows {
            let name = w.name();
            value(&name, w.relative_stopping_power)?;
            if !matches!(w.hu[0].partial_cmp(&w.hu[1]), Some(std::cmp::Ordering::Less)) {
                return Err(ComputeError::OverrideWindow { low: w.hu[0], high: w.hu[1] });
            }
        }
        for o in &self.overrides {
            value(&o.name, o.relative_stopping_power)?;
            mask(&o.name, o.mask)?;
        }
        for s in &self.supports {
            value(&s.name, s.relative_stopping_power.unwrap_or(1.0))?;
            mask(&s.name, s.mask)?;
        }
        Ok(())
    }

    /// The box of voxels that holds a box and all supports.
    pub(crate) fn enclose(&self, [mut low, mut high]: [[usize; 3]; 2]) -> [[usize; 3]; 2] {
        for (l, h) in self.supports.iter().filter_map(|s| bounding_box(s.mask)) {
            for a in 0..3 {
                low[a] = low[a].min(l[a]);
                high[a] = high[a].max(h[a]);
            }
        }
        [low, high]
    }

    /// Puts them into a map whose first voxel is `low` of the CT, and says in sentences what was put where.
    pub(crate) fn apply(
        &self,
        map: &mut Volume<f32>,
        ct: &Volume<f32>,
        low: [usize; 3],
        hu: &HuTable,
    ) -> Result<Vec<String>, ComputeError> {
        let mut notes = Vec::new();
        for s in &self.supports {
            let of_ct = |v: f32| hu.relative_stopping_power(f64::from(v));
            let (count, bad) = change(map, low, &ct.grid, |value, o| {
                if value != StoppingMap::NOTHING || s.mask.data[o] == 0 {
                    return None;
                }
                let stops = s.relative_stopping_power.unwrap_or_else(|| of_ct(ct.data[o]));
                // A CT number that is none would stop nothing unseen.
                Some(if ct.data[o].is_finite() { StoppingMap::outside(stops as f32) } else { f32::NAN })
            });
            if bad > 0 {
                return Err(ComputeError::CtNotFinite { count: bad });
            }
            let power = match s.relative_stopping_power {
                Some(p) => format!("stopping power {p}"),
                None => "stopping powers of the CT".to_owned(),
            };
            notes.push(format!("'{}' stops the beam outside the body: {count} voxels, {power}", s.name));
        }
        for w in &self.windows {
            let power = w.relative_stopping_power;
            let inside = |o: usize| (w.hu[0]..=w.hu[1]).contains(&f64::from(ct.data[o]));
            let (count, _) = change(map, low, &ct.grid, |value, o| (value >= 0.0 && inside(o)).then_some(power as f32));
            notes.push(format!("{}: {count} voxels of the body have stopping power {power}", w.name()));
        }
        for s in &self.overrides {
            let power = s.relative_stopping_power as f32;
            let (count, _) = change(map, low, &ct.grid, |value, o| {
                let to = if value >= 0.0 { power } else { StoppingMap::outside(power) };
                (value != StoppingMap::NOTHING && s.mask.data[o] != 0).then_some(to)
            });
            let power = s.relative_stopping_power;
            notes.push(match count {
                0 => {
                    format!("'{}' lies outside body and supports: its stopping power of {power} counts nowhere", s.name)
                }
                _ => format!("'{}' has stopping power {power} in {count} voxels", s.name),
            });
        }
        Ok(notes)
    }
}

impl HuWindow {
    fn name(&self) -> String {
        match self.hu {
            [low, high] if high == f64::INFINITY => format!("HU from {low} on"),
            [low, high] if low == f64::NEG_INFINITY => format!("HU up to {high}"),
            [low, high] => format!("HU {low} to {high}"),
        }
    }
}

/// Gives each voxel of a map what `to(value, offset in the CT)` says; how many were changed, and how many to no number.
fn change(
    map: &mut Volume<f32>,
    low: [usize; 3],
    ct: &Grid,
    to: impl Fn(f32, usize) -> Option<f32> + Sync,
) -> (usize, usize) {
    let [nx, ny, _] = map.grid.size;
    map.data
        .par_chunks_mut(nx)
        .enumerate()
        .map(|(line, row)| {
            let from = ct.offset(low[0], line % ny + low[1], line / ny + low[2]);
            let (mut count, mut bad) = (0, 0);
            for (i, value) in row.iter_mut().enumerate() {
                if let Some(new) = to(*value, from + i) {
                    *value = new;
                    count += 1;
                    bad += usize::from(new.is_nan());
                }
            }
            (count, bad)
        })
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}
