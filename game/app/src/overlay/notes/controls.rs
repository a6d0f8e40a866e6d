//! Writing a note, going to one, taking it back.

use super::{MarkKind, Notes, bookmark, go, keeping, pin};
use crate::now::Words;
use crate::overlay::widgets::mark;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};

/// Notes that need no keyboard.
const READY: [&str; 4] = ["notes-look", "notes-contour", "notes-dose", "notes-discuss"];

pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let mut draft = std::mem::take(&mut world.resource_mut::<Notes>().draft);
    let field = egui::TextEdit::singleline(&mut draft).hint_text(words.get("notes-write")).desired_width(f32::INFINITY);
    let field = ui.add(field);
    mark(ui, "note-field", &field);
    let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    let mut said = None;
    ui.horizontal_wrapped(|ui| {
        let button = ui.add_enabled(!draft.trim().is_empty(), egui::Button::new(words.get("notes-pin")));
        mark(ui, "note-pin", &button);
        if button.clicked() || entered {
            said = Some(std::mem::take(&mut draft));
        }
        for (i, key) in READY.iter().enumerate() {
            let button = ui.button(words.get(key));
            mark(ui, &format!("note-{i}"), &button);
            if button.clicked() {
                said = Some(words.get(key));
            }
        }
    });
    world.resource_mut::<Notes>().draft = draft;
    if let Some(text) = said {
        pin(world, &text);
    }
    ui.horizontal_wrapped(|ui| {
        let button = ui.button(words.get("notes-bookmark"));
        mark(ui, "bookmark", &button);
        if button.clicked() {
            let count = world.resource::<Notes>().list.iter().filter(|m| m.kind == MarkKind::Bookmark).count();
            let name = format!("{} {}", words.get("notes-view"), count + 1);
            bookmark(world, &name);
        }
        if let Some(done) = world.resource::<Notes>().done {
            ui.label(RichText::new(words.get(done)).size(tokens::DESK_TYPE[1]).color(tokens::DESK_MARK));
        }
    });
    let list = world.resource::<Notes>().list.clone();
    let (mut to, mut away) = (None, None);
    let mut number = 0;
    for m in &list {
        ui.horizontal(|ui| {
            number += usize::from(m.kind == MarkKind::Note);
            let sign = if m.kind == MarkKind::Note { format!("{number}") } else { "•".to_owned() };
            ui.label(RichText::new(sign).color(tokens::AMBER));
            let close = ui.small_button("×").on_hover_text(words.get("notes-withdraw"));
            if close.clicked() {
                away = Some(m.key);
            }
            if ui.add(egui::Button::selectable(false, &m.text).truncate()).clicked() {
                to = Some(m.clone());
            }
        });
    }
    if let Some(m) = to {
        go(world, &m);
    }
    if let Some(key) = away {
        keeping::withdraw(world, key);
    }
}
