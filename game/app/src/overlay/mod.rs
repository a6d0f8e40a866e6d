//! What lies over the patient, as a family: each member has a source, a unit, a legend, an off switch, and where there is one the
//! form in which a patient sees the same. A new member is a folder here, named where they are listed: nothing else knows of it.

pub mod along;
pub mod asked;
pub mod beams;
pub mod charts;
pub mod clearance;
pub mod compare;
pub mod compass;
pub mod constraints;
pub mod cuts;
pub mod dose;
mod field;
pub mod layers;
pub mod let_d;
mod letters;
pub mod margins;
pub mod measure;
pub mod notes;
pub mod rates;
pub mod slices;
pub mod structures;
pub mod volume;
pub mod widgets;

pub use cuts::Cuts;
pub use field::{Fields, halves};

use crate::now::Engine;
use bevy::prelude::*;
use bevy_egui::egui::{Color32, Ui};

/// What stands beside an overlay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Legend {
    /// Where it comes from: which images, which engine with what accuracy.
    pub source: String,
    /// Unit of its numbers; empty where it has none.
    pub unit: String,
    /// Colours and what they mean, from the top.
    pub swatches: Vec<(Color32, String)>,
    /// Something to know about the picture: coarser than the data, data missing.
    pub notice: Option<String>,
}

/// One member of the family.
pub struct Overlay {
    /// Name in files and of its texts: `overlay-ID`.
    pub id: &'static str,
    /// What stands beside it now.
    pub legend: fn(&World) -> Legend,
    /// Its controls.
    pub controls: fn(&mut Ui, &mut World),
    /// What is drawn large beside the pictures while it is shown.
    pub page: Option<fn(&mut Ui, &mut World)>,
    /// Key of the text that says how a patient sees the same; None: a patient does not.
    pub for_patients: Option<&'static str>,
    /// Whether everything that it was asked for has been worked out and lies on the card.
    pub settled: fn(&World) -> bool,
    /// Shown.
    pub on: bool,
}

impl Overlay {
    /// One that is a page and no more: no controls, nothing to wait for, off until somebody wants it.
    fn page(id: &'static str, legend: fn(&World) -> Legend, page: fn(&mut Ui, &mut World)) -> Self {
        let (controls, settled): (fn(&mut Ui, &mut World), fn(&World) -> bool) = (|_, _| {}, |_| true);
        Self { id, legend, controls, page: Some(page), for_patients: None, settled, on: false }
    }
}

/// All members, in the order of the controls.
#[derive(Resource, Default)]
pub struct Family(pub Vec<Overlay>);

impl Family {
    /// Whether one is shown.
    pub fn on(&self, id: &str) -> bool {
        self.0.iter().any(|o| o.id == id && o.on)
    }
}

/// Where a review begins: set up from the case in [`crate::opening::CaseCame`], before anybody goes to a place in it.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Begins;

/// Adds one to the family.
fn join(app: &mut App, overlay: Overlay) {
    app.world_mut().get_resource_or_init::<Family>().0.push(overlay);
}

/// All of them.
pub fn plugin(app: &mut App) {
    app.init_resource::<Cuts>().init_resource::<Fields>().init_resource::<Engine>().add_plugins((
        slices::plugin,
        dose::plugin,
        measure::plugin,
        notes::plugin,
        charts::plugin,
        constraints::plugin,
        beams::plugin,
        clearance::plugin,
        compare::plugin,
        volume::plugin,
        structures::plugin,
        margins::plugin,
        along::plugin,
        (rates::plugin, let_d::plugin),
        compass::plugin,
    ));
}

/// Whether everything that is asked for has been worked out.
pub fn settled(world: &World) -> bool {
    world.get_resource::<Family>().is_none_or(|family| family.0.iter().all(|o| (o.settled)(world)))
}
