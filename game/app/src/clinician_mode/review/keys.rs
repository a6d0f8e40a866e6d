//! The desk by keys: Space plays and pauses, H goes to the hottest point, M sets a point at the cross, C clears them, Page Up and Page
//! Down go from slice to slice of the axial plane, D, V and X switch charts, volume and comparing, O shows the plane askew alone, N pins
//! a note, B keeps the view, P takes a picture, Ctrl+Z and Ctrl+Y take back and do again.

use super::picture::slice_mm;
use super::play::{Transport, Wish};
use super::time_bar;
use super::views::{SLANT, Views};
use crate::now::Words;
use crate::overlay::{Cuts, Family, charts, compare, dose, measure, notes, volume};
use bevy::prelude::*;
use bevy_egui::egui::{Context, Key};
use vestibule_geometry::AnatomicalPlane;

pub(super) fn act(ctx: &Context, world: &mut World) {
    if ctx.egui_wants_keyboard_input() {
        return; // somebody types
    }
    let pressed = |key: Key| ctx.input(|i| i.key_pressed(key) && i.modifiers.is_none());
    for (key, back) in [(Key::Z, true), (Key::Y, false)] {
        if ctx.input(|i| i.key_pressed(key) && i.modifiers.command_only()) {
            super::state::step(world, back);
        }
    }
    let words = world.get_resource::<Words>().cloned();
    if let (true, Some(words)) = (pressed(Key::N), &words) {
        notes::pin(world, &words.get("notes-look"));
    }
    if let (true, Some(words)) = (pressed(Key::B), &words) {
        notes::bookmark(world, &words.get("notes-view"));
    }
    if pressed(Key::O) && world.resource::<Cuts>().slant.is_some() {
        let mut views = world.resource_mut::<Views>();
        views.large = if views.large == Some(SLANT) { None } else { Some(SLANT) };
    }
    if pressed(Key::P) {
        super::snapshot::take(world);
    }
    if pressed(Key::Space) {
        let transport = world.resource::<Transport>();
        let wish = Wish::Play(!transport.playing);
        if transport.length_s > 0.0 {
            time_bar::wish(world, vec![wish]);
        }
    }
    if pressed(Key::H)
        && let Some((at, _)) = dose::hottest(world)
    {
        world.resource_mut::<Cuts>().go(at);
    }
    if pressed(Key::M) {
        measure::set_point(world);
    }
    if pressed(Key::C) {
        world.resource_mut::<measure::Measure>().points.clear();
    }
    for (key, way) in [(Key::PageUp, 1.0), (Key::PageDown, -1.0)] {
        if pressed(key) {
            let step = slice_mm(world, AnatomicalPlane::Axial) * way;
            let mut cuts = world.resource_mut::<Cuts>();
            let mut to = cuts.at;
            to.z += step;
            cuts.go(to);
        }
    }
    for (key, id) in [(Key::D, charts::ID), (Key::V, volume::ID), (Key::X, compare::ID)] {
        if pressed(key) {
            world.resource_mut::<Family>().0.iter_mut().filter(|o| o.id == id).for_each(|o| o.on = !o.on);
        }
    }
}
