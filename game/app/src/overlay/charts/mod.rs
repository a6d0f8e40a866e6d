//! Charts of what is shown: the dose-volume histogram of every structure that is drawn, by the engine, beside the frame.

mod page;

use super::{Family, Legend, Overlay, dose, join, structures};
use crate::anatomy::DoseNow;
use crate::now::{Case, Words};
use crate::overlay::dose::{DoseShow, Source};
use crate::overlay::structures::Structures;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use vestibule_dose::Dvh;
use vestibule_geometry::Volume;
use vestibule_patient::DoseUnit;

/// Name in the family.
pub const ID: &str = "charts";

/// What histograms are made from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    source: Source,
    version: u64,
    shown: u64,
}

/// One structure's histogram, in the dose's own Gray, or why there is none.
pub type Histogram = (usize, Result<Dvh, String>);

/// Histograms of what is drawn.
#[derive(Resource, Default)]
pub struct Charts {
    /// By the structures' places in their list.
    pub list: Vec<Histogram>,
    /// Why there is none at all: key of a text.
    pub none: Option<&'static str>,
    made: Option<Key>,
    coming: Option<(Key, Task<Vec<Histogram>>)>,
}

/// Charts; off until somebody wants them.
pub fn plugin(app: &mut App) {
    let charts = Overlay { settled, ..Overlay::page(ID, legend, page::show) };
    join(app, charts);
    app.init_resource::<Charts>().add_systems(Update, count.after(dose::Shown));
}

fn count(
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<DoseShow>,
    live: Res<DoseNow>,
    structures: Res<Structures>,
    mut charts: ResMut<Charts>,
) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    let charts = charts.bypass_change_detection();
    if let Some((key, task)) = &mut charts.coming
        && let Some(list) = block_on(poll_once(task))
    {
        (charts.list, charts.made) = (list, Some(*key));
        charts.coming = None;
    }
    let version = if show.source == Source::Live { live.version } else { 0 };
    let key = Key { source: show.source, version, shown: structures.version };
    if charts.made == Some(key) || charts.coming.is_some() {
        return;
    }
    let (patient, of) = (case.patient.clone(), case.plan);
    let stored = match show.source {
        Source::Live => None,
        Source::Stored(i) => patient.doses.get(i),
    };
    let grid = live.grid.as_ref().filter(|_| show.source == Source::Live && live.version > 0).cloned();
    let Some(set) = structures.set() else {
        (charts.none, charts.made) = (Some("structures-none"), Some(key));
        return;
    };
    let frame = &patient.structure_sets[set].frame_of_reference_uid;
    let other = match stored {
        Some(dose) => &dose.frame_of_reference_uid,
        None => patient.plans.get(of).map_or(frame, |p| &p.frame_of_reference_uid),
    };
    let why = if stored.is_none() && grid.is_none() {
        Some("dose-none")
    } else if stored.is_some_and(|d| d.unit != DoseUnit::Gy) {
        Some("charts-relative")
    } else if !frame.is_empty() && !other.is_empty() && frame != other {
        Some("charts-frames")
    } else {
        None
    };
    charts.none = why;
    if why.is_some() {
        charts.list.clear();
        charts.made = Some(key);
        return;
    }
    let wanted: Vec<(usize, usize)> = structures.shown();
    let source = show.source;
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let stored = match source {
            Source::Live => None,
            Source::Stored(i) => patient.doses.get(i).map(|d| &d.volume),
        };
        let Some(volume): Option<&Volume<f32>> = grid.as_ref().or(stored) else { return Vec::new() };
        let of = |(at, index): (usize, usize)| {
            let contours = &patient.structure_sets[set].structures[index].contours;
            (at, Dvh::new(volume, contours).map_err(|e| e.to_string()))
        };
        wanted.into_iter().map(of).collect()
    });
    charts.coming = Some((key, task));
}

/// Whether the histograms that are wanted have come.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(charts)) = (world.get_resource::<Family>(), world.get_resource::<Charts>()) else {
        return true;
    };
    let Some((show, structures)) = world.get_resource::<DoseShow>().zip(world.get_resource::<Structures>()) else {
        return true;
    };
    let version =
        world.get_resource::<DoseNow>().map_or(0, |l| if show.source == Source::Live { l.version } else { 0 });
    let want = Key { source: show.source, version, shown: structures.version };
    !family.on(ID) || world.get_resource::<Case>().is_none() || charts.made == Some(want)
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    Legend { source: words.get("charts-source"), unit: "Gy".to_owned(), ..Legend::default() }
}

/// Name and colour of a structure.
fn named(world: &World, at: usize) -> Option<(String, bevy_egui::egui::Color32)> {
    world.resource::<structures::Structures>().list.get(at).map(|e| (e.name.clone(), e.colour))
}
