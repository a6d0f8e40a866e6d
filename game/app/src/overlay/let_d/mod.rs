//! Dose-averaged LET and a variable RBE of the plan: a display for research and teaching, worked out when somebody asks, with progress,
//! and stopped when they say so.

mod map;
mod page;

use super::asked::Asked;
use super::structures::Structures;
use super::{Legend, Overlay, join};
use crate::now::{Case, Engine, Words};
use bevy::prelude::*;
use std::sync::Arc;
use vestibule_dose::{Cancelled, LetFigures, LetGrid, LetProtons, structure_rbe};

/// Name in the family.
pub const ID: &str = "let";
/// Photon α/β that can be chosen, Gy: late-reacting tissue, prostate and breast, most tumours.
pub(super) const ALPHA_BETA_GY: [f64; 3] = [2.0, 3.0, 10.0];

/// What was worked out.
struct Made {
    grid: LetGrid,
    /// Of each structure that was shown: its place in the list, its LETd, its RBE for each of [`ALPHA_BETA_GY`].
    rows: Vec<(usize, LetFigures, [f64; ALPHA_BETA_GY.len()])>,
}

#[derive(Resource, Default)]
struct LetD {
    protons: LetProtons,
    /// Which of [`ALPHA_BETA_GY`].
    ratio: usize,
    made: Option<Arc<Made>>,
    coming: Option<Asked<Result<Made, Cancelled>>>,
    map: map::Map,
}

/// LETd; off until somebody wants it.
pub fn plugin(app: &mut App) {
    join(app, Overlay::page(ID, legend, page::show));
    app.init_resource::<LetD>().add_systems(Update, come);
}

fn come(mut let_d: ResMut<LetD>) {
    let l = let_d.bypass_change_detection();
    let Some(running) = &mut l.coming else { return };
    if let Some(made) = running.come() {
        l.coming = None;
        l.made = made.ok().map(Arc::new).or(l.made.take());
    }
}

/// Begins to work it out, for the structures that are shown.
fn start(world: &mut World) {
    let (Some(case), Some(engine)) =
        (world.get_resource::<Case>().cloned(), world.resource::<Engine>().0.protons().cloned())
    else {
        return;
    };
    let structures = world.resource::<Structures>();
    let (set, shown) = (structures.set(), structures.shown());
    let protons = world.resource::<LetD>().protons;
    let asked = Asked::begin(move |stop, told| {
        let grid = LetGrid::new(&engine.dose, protons, stop, told)?;
        let row = |(at, of): (usize, usize)| {
            let contours = &case.patient.structure_sets.get(set?)?.structures.get(of)?.contours;
            let figures = LetFigures::new(&grid.kev_per_um, &grid.dose_gy, contours)?;
            Some((at, figures, structure_rbe(&grid, contours, ALPHA_BETA_GY)?))
        };
        let rows = shown.into_iter().filter_map(row).collect();
        Ok(Made { grid, rows })
    });
    world.resource_mut::<LetD>().coming = Some(asked);
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let nothing = world.resource::<Engine>().0.protons().is_none().then(|| words.get("review-protons-only"));
    Legend { source: words.get("let-source"), unit: "keV/µm".to_owned(), notice: nothing, ..Legend::default() }
}
