//! What the images and the dose are in a region, a ball about the cross or a structure: counted beside the frame, while somebody looks.

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
use vestibule_geometry::{Grid, RegionStatistics, Runs};

/// Where is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Region {
    /// About a point, mm.
    Ball(Point3<f64>, f64),
    /// A structure of a set.
    Structure(usize, usize),
}

impl Region {
    /// The voxels of a grid that lie in it.
    fn on(&self, case: &Case, grid: &Grid) -> Runs {
        match *self {
            Self::Ball(at, radius_mm) => Runs::ball(grid, &at, radius_mm),
            Self::Structure(set, index) => {
                let structure = case.patient.structure_sets.get(set).and_then(|s| s.structures.get(index));
                Runs::marked(&mask(structure.map_or(&[], |s| &s.contours), grid))
            }
        }
    }
}

/// What does not change while the dose grows.
#[derive(Clone, PartialEq)]
struct Place {
    region: Region,
    images: [Option<usize>; 2],
    dose: Option<Grid>,
}

/// The dose as it was counted: which, at which state of it, and times what.
type DoseState = (dose::Source, u64, f64);

/// What was found of a place: a line for each image, and its voxels in the dose.
struct Found {
    place: Place,
    lines: Vec<String>,
    in_dose: Option<Runs>,
}

enum Coming {
    Place(Task<Found>),
    Dose(DoseState, Task<Option<String>>),
}

/// What was found, a line for each image and one for the dose.
#[derive(Resource, Default)]
pub(super) struct Counted {
    /// Somebody looks at the lines: without that nothing is counted.
    pub looked_at: bool,
    pub lines: Vec<String>,
    found: Option<Found>,
    dose: Option<DoseState>,
    coming: Option<Coming>,
}

impl Counted {
    /// Whether it is being counted.
    pub fn goes_on(&self) -> bool {
        self.coming.is_some()
    }

    fn come(&mut self) {
        match &mut self.coming {
            None => return,
            Some(Coming::Place(task)) => {
                let Some(found) = block_on(poll_once(task)) else { return };
                self.lines.clone_from(&found.lines);
                (self.found, self.dose) = (Some(found), None);
            }
            Some(Coming::Dose(state, task)) => {
                let Some(line) = block_on(poll_once(task)) else { return };
                let images = self.found.as_ref().map_or(&[][..], |f| &f.lines);
                (self.lines, self.dose) = (images.iter().cloned().chain(line).collect(), Some(*state));
            }
        }
        self.coming = None;
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

/// A line for each image that is whole, and where the dose has to be looked at.
fn find(case: &Case, place: Place) -> Found {
    let images = place.images.into_iter().flatten().filter_map(|i| case.patient.images.get(i));
    // means of many voxels say nothing of their spread
    let whole = images.filter(|i| i.coarse.is_none());
    let in_image = |i: &vestibule_patient::Image| {
        let values = place.region.on(case, &i.volume.grid).values(&i.volume);
        Some(line(i.modality.as_str(), &i.unit, RegionStatistics::of(&values)?, 1.0, 1))
    };
    let lines = whole.filter_map(in_image).collect();
    let in_dose = place.dose.as_ref().map(|grid| place.region.on(case, grid));
    Found { place, lines, in_dose }
}

fn in_dose(values: &[f32], factor: f64) -> Option<String> {
    Some(line("Dose", "Gy", RegionStatistics::of(values)?, factor, 2))
}

/// Counts where anything has changed, and somebody looks.
pub(super) fn count(
    case: Option<Res<Case>>,
    family: Res<Family>,
    (cuts, measure, viewing): (Res<Cuts>, Res<Measure>, Res<Viewing>),
    structures: Res<Structures>,
    show: Res<dose::DoseShow>,
    live: Res<DoseNow>,
    mut counted: ResMut<Counted>,
) {
    let c = counted.bypass_change_detection();
    c.come();
    let looked_at = std::mem::take(&mut c.looked_at);
    let (Some(case), true) = (case, looked_at && family.on(super::ID) && c.coming.is_none()) else { return };
    let structure =
        measure.structure.and_then(|at| Some(Region::Structure(structures.set()?, structures.place_in_set(at)?)));
    let region = structure.unwrap_or(Region::Ball(cuts.at, measure.radius_mm));
    let volume = match show.source {
        dose::Source::Live => live.grid.as_ref(),
        dose::Source::Stored(i) => case.patient.doses.get(i).map(|d| &d.volume),
    };
    let images = [viewing.image, viewing.other];
    let stands = c.found.as_ref().filter(|f| {
        let (region_was, images_were, dose_was) = (f.place.region, f.place.images, f.place.dose.as_ref());
        (region_was, images_were, dose_was) == (region, images, volume.map(|v| &v.grid))
    });
    let Some(found) = stands else {
        let place = Place { region, images, dose: volume.map(|v| v.grid.clone()) };
        let case = case.clone();
        c.coming = Some(Coming::Place(AsyncComputeTaskPool::get().spawn(async move { find(&case, place) })));
        return;
    };
    let state = (show.source, live.version, show.factor());
    if let (Some(volume), Some(runs)) = (volume, &found.in_dose)
        && c.dose != Some(state)
    {
        // a copy of the region alone: the dose goes on growing
        let values = runs.values(volume);
        let task = AsyncComputeTaskPool::get().spawn(async move { in_dose(&values, state.2) });
        c.coming = Some(Coming::Dose(state, task));
    }
}

/// Images that were coarse are whole now.
pub(super) fn anew(mut counted: ResMut<Counted>) {
    *counted = Counted::default();
}

/// Whether it has been counted.
pub(super) fn settled(world: &World) -> bool {
    world.get_resource::<Counted>().is_none_or(|c| c.coming.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vestibule_geometry::Volume;
    use vestibule_patient::{Image, Modality, Patient};

    #[test]
    fn a_line_has_the_unit_and_the_dose_its_factor() {
        let grid = Grid::axial([2, 1, 1], [1.0; 3], Point3::origin());
        let volume = Volume { grid: grid.clone(), data: vec![10.0, 20.0] };
        let image = Image::of("ct", Modality::Ct, volume.clone());
        let case = Case { patient: Arc::new(Patient { images: vec![image], ..Patient::default() }), plan: 0 };
        let place = |dose| Place { region: Region::Ball(Point3::origin(), 5.0), images: [Some(0), None], dose };
        let found = find(&case, place(Some(grid)));
        assert_eq!(found.lines, ["CT  15.0 ± 5.0 HU  [10.0 … 20.0]  n = 2"]);
        let line = in_dose(&found.in_dose.unwrap().values(&volume), 2.0).unwrap();
        assert_eq!(line, "Dose  30.00 ± 10.00 Gy  [20.00 … 40.00]  n = 2");
        assert!(find(&case, place(None)).in_dose.is_none());
        let outside = Place { region: Region::Ball(Point3::new(99.0, 0.0, 0.0), 5.0), ..place(None) };
        assert!(find(&case, outside).lines.is_empty());
    }
}
