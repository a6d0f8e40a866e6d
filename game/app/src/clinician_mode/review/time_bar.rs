//! The bar of time: play, speed, the beams one after the other, and what the machine does at this instant.

use super::play::{Transport, Wish};
use crate::now::{Now, Words};
use crate::opening;
use crate::overlay::widgets::mark;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Align2, FontId, RichText, Ui, pos2, vec2};
use vestibule_scenario::BeamNow;

/// Speeds that are offered, times true.
const SPEEDS: [f64; 3] = [0.1, 1.0, 10.0];
/// Room for what is read beside the bar, points.
const READING: f32 = 330.0;
/// Height of the bar of beams, points.
const BEAMS: f32 = 22.0;

/// All in a row, for the desk.
pub(super) fn show(ui: &mut Ui, world: &mut World) {
    bar(ui, world, false);
}

/// In two rows, for a board.
pub(super) fn stacked(ui: &mut Ui, world: &mut World) {
    bar(ui, world, true);
}

fn bar(ui: &mut Ui, world: &mut World, stacked: bool) {
    let (Some(words), Some(now)) = (world.get_resource::<Words>().cloned(), world.get_resource::<Now>().cloned())
    else {
        return;
    };
    let transport = world.resource::<Transport>().clone();
    if transport.length_s <= 0.0 {
        let why = if opening::more_comes(world) { "opening-plan" } else { "review-no-beam" };
        ui.label(RichText::new(words.get(why)).color(tokens::DESK_SOFT));
        return;
    }
    let mut wishes = Vec::new();
    let text = reading(&now, &transport);
    let read = |ui: &mut Ui| {
        ui.add_space(10.0);
        ui.label(RichText::new(&text).size(tokens::DESK_TYPE[1]).color(tokens::DESK_TEXT));
    };
    if stacked {
        ui.horizontal(|ui| {
            buttons(ui, &words, &transport, &mut wishes);
            read(ui);
        });
        ui.add_space(8.0);
        wishes.extend(beams(ui, &transport, ui.available_width()).map(Wish::GoTo));
    } else {
        ui.horizontal_centered(|ui| {
            buttons(ui, &words, &transport, &mut wishes);
            let width = ui.available_width() - READING;
            wishes.extend(beams(ui, &transport, width.max(80.0)).map(Wish::GoTo));
            read(ui);
        });
    }
    world.resource_mut::<Transport>().wishes.extend(wishes);
}

fn buttons(ui: &mut Ui, words: &Words, transport: &Transport, wishes: &mut Vec<Wish>) {
    let key = if transport.playing { "review-pause" } else { "review-play" };
    let button = egui::Button::new(RichText::new(words.get(key)).size(tokens::DESK_TYPE[2])).min_size(vec2(96.0, 38.0));
    let button = ui.add(button);
    mark(ui, "play", &button);
    if button.clicked() {
        wishes.push(Wish::Play(!transport.playing));
    }
    for speed in SPEEDS {
        let on = (transport.speed - speed).abs() < 1e-6;
        let label = ui.selectable_label(on, format!("{speed} ×"));
        mark(ui, &format!("speed-{speed}"), &label);
        if label.clicked() {
            wishes.push(Wish::Speed(speed));
        }
    }
}

/// What the machine does at this instant.
fn reading(now: &Now, transport: &Transport) -> String {
    let s = &now.state;
    let unit = |b: &BeamNow| if b.unscanned.is_some() { "MV" } else { "MeV" };
    let beam = s.beam.as_ref().map_or_else(String::new, |b| {
        format!("{} · {:.1} {} · {}/{}", b.name, b.energy_mev, unit(b), b.layer + 1, b.layers)
    });
    let machine =
        format!("{:.0}° / {:.0}°", s.machine.gantry_deg.rem_euclid(360.0), s.machine.couch_deg.rem_euclid(360.0));
    // all of one instant: what is known of time may be a frame ahead
    format!("{:.1} / {:.1} s   {:.1} MU   {machine}\n{beam}", s.time_s, transport.length_s, s.mu)
}

/// The beams one after the other, as long as they last; gives the instant that was pressed.
fn beams(ui: &mut Ui, t: &Transport, width: f32) -> Option<f64> {
    let (rect, response) = ui.allocate_exact_size(vec2(width, BEAMS), egui::Sense::click_and_drag());
    let x = |time_s: f64| rect.left() + (time_s / t.length_s) as f32 * rect.width();
    let painter = ui.painter();
    painter.rect_filled(rect, 4.0, tokens::DESK);
    let ends = t.beams.iter().skip(1).map(|b| b.1).chain([t.length_s]);
    for ((name, start), end) in t.beams.iter().zip(ends) {
        let part =
            egui::Rect::from_min_max(pos2(x(*start) + 1.0, rect.top() + 1.0), pos2(x(end) - 1.0, rect.bottom() - 1.0));
        painter.rect_filled(part, 3.0, tokens::SCREEN_DIM);
        let done = x(t.time_s).clamp(part.left(), part.right());
        painter.rect_filled(egui::Rect::from_min_max(part.min, pos2(done, part.bottom())), 3.0, tokens::SAGE);
        let font = FontId::proportional(tokens::DESK_TYPE[1]);
        painter.with_clip_rect(part).text(part.center(), Align2::CENTER_CENTER, name, font, tokens::DESK_TEXT);
    }
    let at = x(t.time_s);
    painter.vline(at, rect.expand(3.0).y_range(), egui::Stroke::new(2.0, tokens::WHITE));
    // from the press on, as far as a click may move too
    let pressed = response.is_pointer_button_down_on() || response.clicked();
    let pressed = pressed.then(|| response.interact_pointer_pos()).flatten();
    pressed.map(|p| f64::from((p.x - rect.left()) / rect.width()) * t.length_s)
}
