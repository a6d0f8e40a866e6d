//! The open question: chips, one's own voice, and what staff have written.

use super::model::{Act, Option_, PanelModel, Say, VoiceShown};
use super::views::{at_foot, title, wide};
use super::widgets::{Look, button, button_room};
use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy_egui::egui::{self, Align, Layout, RichText, Ui, vec2};

/// Draws it.
pub(super) fn draw(ui: &mut Ui, m: &mut PanelModel, text: &str, chips: &[Option_], voice: bool) {
    if let VoiceShown::Listening { seconds, level } = m.voice {
        return listening(ui, m, seconds, level);
    }
    let written = m.typed.trim();
    if written.is_empty() {
        title(ui, m, text);
    } else {
        // the question was read; what is written in one's name must be, too
        let size = tokens::points(tokens::BODY_DEG) * m.size;
        let mut job = egui::text::LayoutJob::simple(
            format!("{} {written}", m.labels.typed),
            egui::FontId::proportional(size),
            tokens::INK,
            ui.available_width(),
        );
        job.wrap.max_rows = 2;
        ui.label(job);
    }
    let body = tokens::points(tokens::BODY_DEG) * m.size;
    let answered = !m.chosen.is_empty() || !m.typed.trim().is_empty() || matches!(m.voice, VoiceShown::Kept { .. });
    let choose = if answered { m.labels.choose.clone() } else { m.labels.cont.clone() };
    at_foot(ui, |ui| {
        if wide(ui, m, "choose", &choose, Look::Main) {
            let act = m.open_reply();
            m.acts.push(act);
        }
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            let columns = 2;
            let width = (ui.available_width() - tokens::GAP) / columns as f32;
            let cells = chips.len() + usize::from(voice);
            let rows = cells.div_ceil(columns).max(1) as f32;
            ui.spacing_mut().item_spacing.y = tokens::GAP_SMALL;
            let height = (ui.available_height() / rows - tokens::GAP_SMALL).clamp(40.0, body * 2.3);
            let words: Vec<&str> = chips.iter().map(|c| c.text.as_str()).chain([m.labels.say.as_str()]).collect();
            let cell = vec2(width, height);
            let size = (cell, fitting(ui, &words, cell, body));
            for row in (0..cells).collect::<Vec<_>>().chunks(columns) {
                ui.horizontal(|ui| {
                    for cell in row {
                        match chips.get(*cell) {
                            Some(chip) => chosen(ui, m, chip, size),
                            None => say(ui, m, size),
                        }
                    }
                });
            }
        });
    });
}

/// The largest size at which all of these words fit into a button with a picture.
fn fitting(ui: &Ui, words: &[&str], cell: egui::Vec2, most: f32) -> f32 {
    let room = button_room(cell);
    let fits = |size: f32| {
        let font = egui::FontId::new(size, egui::FontFamily::Name(BOLD.into()));
        words.iter().all(|w| {
            let laid = ui.painter().layout((*w).to_owned(), font.clone(), tokens::INK, room.x);
            laid.size().y <= room.y && laid.size().x <= room.x
        })
    };
    let mut size = most;
    while size > cell.y * 0.3 && !fits(size) {
        size -= 1.0;
    }
    size
}

fn chosen(ui: &mut Ui, m: &mut PanelModel, chip: &Option_, (size, type_size): (egui::Vec2, f32)) {
    let on = m.chosen.contains(&chip.id);
    let look = if on { Look::Chosen } else { Look::Quiet };
    if button(ui, m, &chip.id, (&chip.text, &chip.picture), size, type_size, look) {
        if on {
            m.chosen.retain(|c| *c != chip.id);
        } else {
            m.chosen.push(chip.id.clone());
        }
    }
}

/// The place of the voice among the chips: begin; or kept, with *again* and *do not keep*.
fn say(ui: &mut Ui, m: &mut PanelModel, (size, type_size): (egui::Vec2, f32)) {
    let l = m.labels.clone();
    match m.voice {
        VoiceShown::Kept { seconds } => {
            let words = format!("{} {}", l.say_kept, clock(seconds));
            let half = vec2((size.x - tokens::GAP) * 0.5, size.y);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                let line = tokens::points(tokens::SMALL_DEG);
                ui.label(RichText::new(words).size(line).color(tokens::SAGE));
                ui.horizontal(|ui| {
                    let low = vec2(half.x, (half.y - line * 1.4).max(36.0));
                    let small = type_size.min(low.y * 0.5);
                    if button(ui, m, "say", (&l.say_again, ""), low, small, Look::Quiet) {
                        m.acts.push(Act::Say(Say::Start));
                    }
                    if button(ui, m, "say-drop", (&l.say_drop, ""), low, small, Look::Quiet) {
                        m.acts.push(Act::Say(Say::Drop));
                    }
                });
            });
        }
        _ => {
            let words = match m.voice {
                VoiceShown::Missing => &l.say_missing,
                VoiceShown::Failed => &l.say_failed,
                _ => &l.say,
            };
            if button(ui, m, "say", (words, "microphone"), size, type_size, Look::Quiet) {
                m.acts.push(Act::Say(Say::Start));
            }
        }
    }
}

/// While it listens: nothing else on the panel than that, how loud, how long, and the end of it.
fn listening(ui: &mut Ui, m: &mut PanelModel, seconds: f32, level: f32) {
    let l = m.labels.clone();
    title(ui, m, &l.say_listening);
    at_foot(ui, |ui| {
        if wide(ui, m, "say-stop", &l.say_stop, Look::Main) {
            m.acts.push(Act::Say(Say::Stop));
        }
        ui.add_space(tokens::GAP);
        let big = tokens::points(tokens::TITLE_DEG) * m.size;
        ui.label(RichText::new(clock(seconds)).size(big).color(tokens::INK));
        let height = (ui.available_height() - tokens::GAP).clamp(40.0, 150.0);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
        // a voice at ordinary distance lies some 30 dB under full scale: a root spreads it over the meter
        meter(ui, rect, level.clamp(0.0, 1.0).sqrt());
    });
}

fn meter(ui: &Ui, rect: egui::Rect, share: f32) {
    let bars = 24;
    let step = rect.width() / bars as f32;
    for k in 0..bars {
        let at = rect.left() + step * k as f32;
        let bar = egui::Rect::from_min_max(
            egui::pos2(at + step * 0.15, rect.top()),
            egui::pos2(at + step * 0.85, rect.bottom()),
        );
        let lit = (k as f32) < share * bars as f32;
        ui.painter().rect_filled(bar, tokens::METER_ROUND, if lit { tokens::SAGE } else { tokens::MIST });
    }
}

/// Minutes and seconds.
fn clock(seconds: f32) -> String {
    format!("{}:{:02}", seconds as u32 / 60, seconds as u32 % 60)
}
