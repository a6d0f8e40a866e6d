//! The page: what is asked for, the plane of the cross, and figures by structure.

use super::map::voxel;
use super::{ALPHA_BETA_GY, ID, LetD, Made, start};
use crate::now::{Engine, Words};
use crate::overlay::Cuts;
use crate::overlay::asked;
use crate::overlay::structures::Structures;
use crate::overlay::widgets::mark;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use std::sync::Arc;
use vestibule_dose::LetProtons;
use vestibule_dose::rbe::{VARIABLE_RBE_NAME, mcnamara_rbe};

fn small(text: impl Into<String>) -> RichText {
    RichText::new(text).size(tokens::DESK_TYPE[1])
}

pub(super) fn show(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("let-title"));
    if world.resource::<Engine>().0.protons().is_none() {
        ui.label(RichText::new(words.get("review-protons-only")).color(tokens::AMBER));
        return;
    }
    ui.label(small(words.get("let-research")).color(tokens::AMBER));
    asked(ui, world, &words);
    let Some(made) = world.resource::<LetD>().made.clone() else { return };
    ui.label(small(format!("{} · {}", made.grid.protons.name(), words.get("let-note"))).color(tokens::DESK_SOFT));
    let at = world.resource::<Cuts>().at;
    let mut map = std::mem::take(&mut world.resource_mut::<LetD>().map);
    map.show(ui, &made, &at, &words.get("let-outside"));
    world.resource_mut::<LetD>().map = map;
    ui.horizontal(|ui| {
        ui.label("α/β");
        let mut ratio = world.resource::<LetD>().ratio;
        for (i, gray) in ALPHA_BETA_GY.iter().enumerate() {
            let choice = ui.selectable_value(&mut ratio, i, format!("{gray:.0} Gy"));
            mark(ui, &format!("let-ratio-{i}"), &choice);
        }
        world.resource_mut::<LetD>().ratio = ratio;
    });
    let ratio = world.resource::<LetD>().ratio;
    ui.label(here(&made, &at, ratio, &words));
    figures(ui, world, &made, ratio, &words);
    ui.label(small(VARIABLE_RBE_NAME).color(tokens::DESK_SOFT));
}

/// Whose LETd, and the button that begins or stops it.
fn asked(ui: &mut Ui, world: &mut World, words: &Words) {
    let mut protons = world.resource::<LetD>().protons;
    ui.horizontal_wrapped(|ui| {
        for (which, key) in [(LetProtons::Primary, "let-primary"), (LetProtons::All, "let-all")] {
            ui.selectable_value(&mut protons, which, words.get(key));
        }
    });
    world.resource_mut::<LetD>().protons = protons;
    if asked::row(ui, words, ID, world.resource::<LetD>().coming.as_ref()) {
        start(world);
    }
}

/// LETd and RBE at the cross.
fn here(made: &Arc<Made>, at: &nalgebra::Point3<f64>, ratio: usize, words: &Words) -> String {
    // of the voxel itself: between it and one without dose there is no mean
    let voxel = voxel(&made.grid.dose_gy.grid, at);
    let values = voxel.map(|o| (f64::from(made.grid.kev_per_um.data[o]), made.grid.dose_gy.data[o]));
    let Some((let_d, gray)) = values.filter(|v| v.0 > 0.0) else {
        return format!("{}: –", words.get("review-point"));
    };
    let rbe = mcnamara_rbe(gray, let_d, ALPHA_BETA_GY[ratio]);
    format!("{}: {let_d:.2} keV/µm   {gray:.3} Gy   RBE {rbe:.2}", words.get("review-point"))
}

fn figures(ui: &mut Ui, world: &World, made: &Made, ratio: usize, words: &Words) {
    let list = &world.resource::<Structures>().list;
    egui::Grid::new("let-figures").num_columns(4).striped(true).spacing([12.0, 3.0]).show(ui, |ui| {
        for head in [String::new(), words.get("let-mean"), words.get("let-most"), "RBE".to_owned()] {
            ui.label(small(head).color(tokens::DESK_SOFT));
        }
        ui.end_row();
        for (at, figures, rbe) in &made.rows {
            let Some(entry) = list.get(*at) else { continue };
            ui.label(small(entry.name.clone()).color(entry.colour));
            ui.label(small(format!("{:.2}", figures.mean)));
            ui.label(small(format!("{:.2}", figures.max)));
            ui.label(small(format!("{:.2}", rbe[ratio])));
            ui.end_row();
        }
    });
}
