//! Which structures are drawn, and how.

use super::Structures;
use crate::now::Words;
use crate::overlay::Cuts;
use crate::overlay::widgets::swatch;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};

pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let mut go = None;
    world.resource_scope(|_, mut structures: Mut<Structures>| {
        let s = structures.bypass_change_detection();
        let mut changed = false;
        ui.horizontal_wrapped(|ui| {
            changed |= ui.toggle_value(&mut s.outlines, words.get("structures-outlines")).changed();
            ui.toggle_value(&mut s.surfaces, words.get("structures-surfaces"));
            for (key, on) in [("structures-all", true), ("structures-no", false)] {
                if ui.button(words.get(key)).clicked() {
                    s.list.iter_mut().filter(|e| e.middle.is_some()).for_each(|e| e.shown = on);
                    changed = true;
                }
            }
        });
        for e in &mut s.list {
            ui.horizontal(|ui| {
                swatch(ui, e.colour);
                ui.add_enabled_ui(e.middle.is_some(), |ui| {
                    let box_ = ui.checkbox(&mut e.shown, &e.name);
                    changed |= box_.changed();
                    if let Some(standard) = e.standard_name.as_ref().filter(|s| **s != e.name) {
                        box_.on_hover_text(format!("TG-263: {standard}"));
                    }
                });
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if let Some(middle) = e.middle
                        && ui.small_button("⌖").on_hover_text(words.get("structures-go")).clicked()
                    {
                        go = Some(middle);
                    }
                    let text = format!("{:.2} cm³", e.volume_cm3);
                    ui.label(RichText::new(text).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT));
                });
            });
        }
        if changed {
            s.version += 1;
        }
    });
    if let Some(middle) = go {
        world.resource_mut::<Cuts>().go(middle);
    }
}
