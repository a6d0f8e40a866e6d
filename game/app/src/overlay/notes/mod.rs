//! Notes pinned in the patient, views that are kept, and pictures that are taken, all in the store. What is on show is on disk.

mod controls;
mod keeping;
mod pins;

pub use keeping::{KeepsReview, KeptMark, MarkKind, Picture};
pub(crate) use keeping::{add_picture, keep_quietly, set_preference};

use super::{Legend, Overlay, join};
use crate::clinician_mode::review::ViewState;
use crate::now::Words;
use crate::opening::CaseCame;
use crate::overlay::Cuts;
use bevy::prelude::*;
use keeping::Done;
use std::sync::Arc;

/// Name in the family.
pub const ID: &str = "notes";

/// Where what is left here is kept: the store, for the program. None: nothing can be kept, and it says so.
#[derive(Resource, Clone, Default)]
pub struct ReviewKeeper(pub Option<Arc<dyn KeepsReview>>);

/// Notes and views, as they are kept.
#[derive(Resource, Default)]
pub struct Notes {
    /// In the order in which they were made.
    pub list: Vec<KeptMark>,
    /// What is being written.
    pub draft: String,
    /// What could not be kept, and why.
    pub trouble: Option<String>,
    /// What was done last: key of a text.
    pub done: Option<&'static str>,
    coming: Vec<bevy::tasks::Task<Result<Done, String>>>,
}

impl Notes {
    /// Notes with a place, each with its number.
    pub fn pinned(&self) -> impl Iterator<Item = (usize, &KeptMark)> {
        self.list.iter().filter(|m| m.kind == MarkKind::Note).enumerate().map(|(i, m)| (i + 1, m))
    }
}

/// Notes.
pub fn plugin(app: &mut App) {
    join(
        app,
        Overlay { id: ID, legend, controls: controls::controls, page: None, for_patients: None, settled, on: true },
    );
    app.init_resource::<ReviewKeeper>()
        .init_resource::<Notes>()
        .add_plugins(pins::plugin)
        .add_systems(CaseCame, keeping::read)
        .add_systems(Update, keeping::come);
}

/// Pins a note at the cross.
pub fn pin(world: &mut World, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let at = Some(world.resource::<Cuts>().at);
    let view = view_of(world);
    keeping::add(world, KeptMark { key: 0, kind: MarkKind::Note, text: text.to_owned(), at, view });
}

/// Keeps the view as it is now.
pub fn bookmark(world: &mut World, text: &str) {
    let at = Some(world.resource::<Cuts>().at);
    let view = view_of(world);
    keeping::add(world, KeptMark { key: 0, kind: MarkKind::Bookmark, text: text.to_owned(), at, view });
}

fn view_of(world: &World) -> String {
    serde_json::to_string(&ViewState::with_look(world)).unwrap_or_default()
}

/// Goes to where a mark was made; a view is set up as it was.
pub fn go(world: &mut World, mark: &KeptMark) {
    match (mark.kind, serde_json::from_str::<ViewState>(&mark.view)) {
        (MarkKind::Bookmark, Ok(view)) => view.restore(world),
        _ => {
            if let Some(at) = mark.at {
                world.resource_mut::<Cuts>().go(at);
            }
        }
    }
}

/// Whether all is written.
pub fn settled(world: &World) -> bool {
    world.get_resource::<Notes>().is_none_or(|n| n.coming.is_empty())
}

fn legend(world: &World) -> Legend {
    let (Some(words), notes) = (world.get_resource::<Words>(), world.resource::<Notes>()) else {
        return Legend::default();
    };
    let nowhere = world.resource::<ReviewKeeper>().0.is_none().then(|| words.get("notes-nowhere"));
    let notice = notes.trouble.clone().or(nowhere);
    Legend { source: words.get("notes-source"), notice, ..Legend::default() }
}
