//! What a key at the desk or a button of a controller asks of a review. Which does what stands in `scenes/controls.ron`.

use super::boards::{self, Boards};
use super::picture::slice_mm;
use super::play::{Transport, Wish};
use super::views::{SLANT, Views};
use super::{snapshot, state};
use crate::now::Words;
use crate::overlay::{Cuts, Family, charts, compare, dose, measure, notes, volume};
use crate::xr::Bindings;
use bevy::prelude::*;
use bevy_egui::egui::{Context, Key};
use vestibule_geometry::AnatomicalPlane;
use vestibule_scenario::Control;

/// What the buttons of controllers asked for in this frame.
#[derive(Resource, Default)]
pub struct Asked(pub Vec<Control>);

/// What the file says of keys, as the desk takes it: key, with Ctrl, and what it asks.
#[derive(Resource)]
pub(super) struct Keys(Vec<(Key, bool, Control)>);

impl FromWorld for Keys {
    fn from_world(world: &mut World) -> Self {
        let bindings = world.get_resource::<Bindings>();
        let all = bindings.into_iter().flat_map(|b| b.0.by_key());
        Self(all.filter_map(|(key, control)| Some((Key::from_name(&key.name)?, key.ctrl, control))).collect())
    }
}

/// The keys of this pass.
pub(super) fn act(ctx: &Context, world: &mut World) {
    if ctx.egui_wants_keyboard_input() {
        return; // somebody types
    }
    let asked: Vec<Control> = ctx.input(|i| {
        let with = |ctrl: bool| if ctrl { i.modifiers.command_only() } else { i.modifiers.is_none() };
        let down = |k: &&(Key, bool, Control)| i.key_pressed(k.0) && with(k.1);
        world.resource::<Keys>().0.iter().filter(down).map(|k| k.2).collect()
    });
    asked.into_iter().for_each(|c| does(world, c));
}

/// What buttons asked for.
pub(super) fn obey(world: &mut World) {
    for control in std::mem::take(&mut world.resource_mut::<Asked>().0) {
        does(world, control);
    }
}

fn does(world: &mut World, control: Control) {
    let words = world.get_resource::<Words>().cloned();
    match control {
        Control::Undo => state::step(world, true),
        Control::Redo => state::step(world, false),
        Control::Note => {
            if let Some(words) = words {
                notes::pin(world, &words.get("notes-look"));
            }
        }
        Control::Bookmark => {
            if let Some(words) = words {
                notes::bookmark(world, &words.get("notes-view"));
            }
        }
        Control::Askew if world.resource::<Cuts>().slant.is_some() => {
            if let Some(mut views) = world.get_resource_mut::<Views>() {
                views.large = if views.large == Some(SLANT) { None } else { Some(SLANT) };
            }
        }
        Control::Picture => snapshot::take(world),
        Control::Play => {
            let mut transport = world.resource_mut::<Transport>();
            if transport.length_s > 0.0 {
                let wish = Wish::Play(!transport.playing);
                transport.wishes.push(wish);
            }
        }
        Control::Hottest => {
            if let Some((at, _)) = dose::hottest(world) {
                world.resource_mut::<Cuts>().go(at);
            }
        }
        Control::Mark => measure::set_point(world),
        Control::Clear => world.resource_mut::<measure::Measure>().points.clear(),
        Control::SliceUp => slice(world, 1.0),
        Control::SliceDown => slice(world, -1.0),
        Control::Charts => switch(world, charts::ID),
        Control::Volume => switch(world, volume::ID),
        Control::Compare => switch(world, compare::ID),
        Control::Larger => {
            if let Some(large) = world.get_resource::<Boards>().map(|b| b.large) {
                boards::enlarge(world, !large);
            }
        }
        // what points, holds and scrolls is not asked for
        Control::Askew | Control::Select | Control::Menu | Control::Grab | Control::Scroll => {}
    }
}

fn slice(world: &mut World, way: f64) {
    let step = slice_mm(world, AnatomicalPlane::Axial) * way;
    let mut cuts = world.resource_mut::<Cuts>();
    let mut to = cuts.at;
    to.z += step;
    cuts.go(to);
}

fn switch(world: &mut World, id: &str) {
    world.resource_mut::<Family>().0.iter_mut().filter(|o| o.id == id).for_each(|o| o.on = !o.on);
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_scenario::Controls;

    #[test]
    fn the_desk_knows_every_key_that_the_file_may_name() {
        for (key, _) in Controls::default().by_key() {
            assert!(Key::from_name(&key.name).is_some(), "{}", key.name);
        }
        for name in Controls::KEYS.iter().map(|k| (*k).to_owned()).chain((1..=12).map(|n| format!("F{n}"))) {
            assert!(Key::from_name(&name).is_some(), "{name}");
        }
    }
}
