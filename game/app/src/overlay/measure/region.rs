//! What the images and the dose are in a region: a ball about the cross at once, a structure beside the frame.

use super::Measure;
use crate::anatomy::DoseNow;
use crate::now::Case;
use crate::overlay::slices::Viewing;
use crate::overlay::structures::Structures;
use crate::overlay::{Cuts, Family, dose};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use nalgebra::Point3;
use vestibule_geometry::contour::mask;
use vestibule_geometry::{RegionStatistics, Volume};

/// Where is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Region {
    /// About a point, mm.
    Ball(Point3<f64>, f64),
    /// A structure of a set.
    Structure(usize, usize),
}

/// What was counted: where, in which images, in which dose and at which state of it, and times what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    region: Region,
    images: [Option<usize>; 2],
    dose: (dose::Source, u64, f64),
}

/// What was found, a line for each image and one for the dose.
#[derive(Resource, Default)]
pub(super) struct Counted {
    of: Option<Key>,
    pub lines: Vec<String>,
    coming: Option<(Key, Task<Vec<String>>)>,
}

impl Counted {
    /// Whether it is being counted.
    pub fn goes_on(&self) -> bool {
        self.coming.is_some()
    }
}

fn line(name: &str, unit: &str, s: RegionStatistics, k: f64, digits: usize) -> String {
    format!(
        "{name}  {:.digits$} ± {:.digits$} {unit}  [{:.digits$} … {:.digits$}]  n = {}",
        s.mean * k,
        s.deviation * k,
        s.lowest * k,
        s.highest * k,
        s.count
    )
}

/// A line for each image that is whole, and one for the dose.
fn lines(
    case: &Case,
    key: &Key,
    dose: Option<&Volume<f32>>,
    of: impl Fn(&Volume<f32>) -> Option<RegionStatistics>,
) -> Vec<String> {
    let images = key.images.into_iter().flatten().filter_map(|i| case.patient.images.get(i));
    // means of many voxels say nothing of their spread
    let whole = images.filter(|i| i.coarse.is_none());
    let in_images = whole.filter_map(|i| Some(line(i.modality.as_str(), &i.unit, of(&i.volume)?, 1.0, 1)));
    let in_dose = dose.and_then(|v| Some(line("Dose", "Gy", of(v)?, key.dose.2, 2)));
    in_images.chain(in_dose).collect()
}

/// Counts where anything has changed, not in every frame.
pub(super) fn count(
    case: Option<Res<Case>>,
    family: Res<Family>,
    (cuts, measure, viewing): (Res<Cuts>, Res<Measure>, Res<Viewing>),
    structures: Res<Structures>,
    show: Res<dose::DoseShow>,
    live: Res<DoseNow>,
    mut counted: ResMut<Counted>,
) {
    let (Some(case), true) = (case, family.on(super::ID)) else { return };
    let c = counted.bypass_change_detection();
    if let Some((key, task)) = &mut c.coming
        && let Some(lines) = block_on(poll_once(task))
    {
        (c.of, c.lines) = (Some(*key), lines);
        c.coming = None;
    }
    let structure =
        measure.structure.and_then(|at| Some(Region::Structure(structures.set()?, structures.place_in_set(at)?)));
    let region = structure.unwrap_or(Region::Ball(cuts.at, measure.radius_mm));
    let dose = (show.source, live.version, show.factor());
    let key = Key { region, images: [viewing.image, viewing.other], dose };
    if c.of == Some(key) || c.coming.is_some() {
        return;
    }
    let volume = match show.source {
        dose::Source::Live => live.grid.as_ref(),
        dose::Source::Stored(i) => case.patient.doses.get(i).map(|d| &d.volume),
    };
    match region {
        Region::Ball(at, radius_mm) => {
            c.lines = lines(&case, &key, volume, |v| v.within_ball(&at, radius_mm));
            c.of = Some(key);
        }
        Region::Structure(set, index) => {
            let (case, volume) = (case.clone(), volume.cloned());
            let task = AsyncComputeTaskPool::get().spawn(async move {
                let structure = case.patient.structure_sets.get(set).and_then(|s| s.structures.get(index));
                let contours = structure.map_or(&[][..], |s| &s.contours);
                lines(&case, &key, volume.as_ref(), |v| v.within(&mask(contours, &v.grid)))
            });
            c.coming = Some((key, task));
        }
    }
}

/// Whether it has been counted.
pub(super) fn settled(world: &World) -> bool {
    world.get_resource::<Counted>().is_none_or(|c| c.coming.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vestibule_geometry::Grid;
    use vestibule_patient::{Image, Modality, Patient};

    #[test]
    fn a_line_has_the_unit_and_the_dose_its_factor() {
        let grid = Grid::axial([2, 1, 1], [1.0; 3], Point3::origin());
        let volume = Volume { grid: grid.clone(), data: vec![10.0, 20.0] };
        let image = Image::of("ct", Modality::Ct, volume.clone());
        let case = Case { patient: Arc::new(Patient { images: vec![image], ..Patient::default() }), plan: 0 };
        let region = Region::Ball(Point3::origin(), 5.0);
        let key = Key { region, images: [Some(0), None], dose: (dose::Source::Live, 0, 2.0) };
        let all = lines(&case, &key, Some(&volume), |v| v.within(&Volume::filled(v.grid.clone(), 1)));
        assert_eq!(all, ["CT  15.0 ± 5.0 HU  [10.0 … 20.0]  n = 2", "Dose  30.00 ± 10.00 Gy  [20.00 … 40.00]  n = 2"]);
        assert!(lines(&case, &key, None, |_| None).is_empty());
    }
}
