//! The open question: chips, one's own voice, and what staff have written.

use super::model::{Act, Option_, PanelModel, Say, VoiceShown};
use super::views::{at_foot, title, wide};
use super::widgets::{Look, bold, button, button_room};
use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy_egui::egui::{self, Align, Layout, RichText, Ui, vec2};

/// Draws it.
pub(super) fn draw(ui: &mut Ui, m: &mut PanelModel, text: &str, chips: &[Option_], voice: bool) {
    if let VoiceShown::Listening { seconds, level } = m.voice {
        return listening(ui, m, seconds, level);
    }
    if let (VoiceShown::Kept { seconds }, true) = (&m.voice, m.voice_page) {
        let seconds = *seconds;
        return kept(ui, m, seconds);
    }
    let written = m.typed.trim();
    if written.is_empty() {
        // the question is large enough as it is: what the large setting gives belongs to the answers
        ui.label(bold(text, tokens::points(tokens::TITLE_DEG)).color(tokens::INK));
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
    let pages = pages(chips.len(), voice, m.size);
    let page = m.page.min(pages.len() - 1);
    at_foot(ui, |ui| {
        if foot(ui, m, pages.len(), &choose) {
            let act = m.open_reply();
            m.acts.push(act);
        }
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.y = tokens::GAP_SMALL;
            let rows = pages[0].len().max(1) as f32; // as tall on every page
            let height = (ui.available_height() / rows - tokens::GAP_SMALL).clamp(40.0, body * 2.3);
            let cell = vec2(ui.available_width(), height);
            let said = m.labels.say.clone();
            let words: Vec<&str> = chips.iter().map(|c| c.text.as_str()).chain([said.as_str()]).collect();
            let type_size = fitting(ui, &words, cell, body);
            #[cfg(test)]
            {
                m.smallest_type = type_size;
            }
            let size = (cell, type_size);
            for place in &pages[page] {
                match place.and_then(|k| chips.get(k)) {
                    Some(chip) => chosen(ui, m, chip, size),
                    None => say(ui, m, size),
                }
            }
        });
    });
}

/// Which chips (None: the voice) stand on which page: few to a page, so that they can be read; the voice is on the first.
fn pages(chips: usize, voice: bool, size: f32) -> Vec<Vec<Option<usize>>> {
    let rows = if size > 1.2 { 2 } else { 4 };
    let mut cells: Vec<Option<usize>> = (0..chips).map(Some).collect();
    if voice {
        cells.insert(chips.min(rows - 1), None);
    }
    let pages: Vec<_> = cells.chunks(rows).map(<[_]>::to_vec).collect();
    if pages.is_empty() { vec![Vec::new()] } else { pages }
}

/// The other answers, where there are more, and the end of the question. True when that is pressed.
fn foot(ui: &mut Ui, m: &mut PanelModel, pages: usize, choose: &str) -> bool {
    if pages < 2 {
        return wide(ui, m, "choose", choose, Look::Main);
    }
    let more = m.labels.more.clone();
    let width = (ui.available_width() - tokens::GAP) * 0.5;
    let type_size = tokens::points(tokens::BODY_DEG) * m.size;
    let size = vec2(width, tokens::points(tokens::BUTTON_DEG) * m.size * 1.75);
    let least = tokens::points(tokens::SMALL_DEG);
    let type_size = fitting_plain(ui, &[&more, choose], size, type_size).max(least);
    let mut done = false;
    ui.allocate_ui_with_layout(vec2(ui.available_width(), size.y), Layout::left_to_right(Align::Center), |ui| {
        if button(ui, m, "more", (&more, ""), size, type_size, Look::Quiet) {
            m.page = (m.page + 1) % pages;
        }
        done = button(ui, m, "choose", (choose, ""), size, type_size, Look::Main);
    });
    done
}

/// The largest size at which all of these words fit into a button with a picture.
fn fitting(ui: &Ui, words: &[&str], cell: egui::Vec2, most: f32) -> f32 {
    fitting_room(ui, words, button_room(cell), most)
}

/// The same without a picture.
fn fitting_plain(ui: &Ui, words: &[&str], cell: egui::Vec2, most: f32) -> f32 {
    fitting_room(ui, words, cell - vec2(28.0, 12.0), most)
}

fn fitting_room(ui: &Ui, words: &[&str], room: egui::Vec2, most: f32) -> f32 {
    let fits = |size: f32| {
        let font = egui::FontId::new(size, egui::FontFamily::Name(BOLD.into()));
        words.iter().all(|w| {
            let laid = ui.painter().layout((*w).to_owned(), font.clone(), tokens::INK, room.x);
            laid.size().y <= room.y && laid.size().x <= room.x
        })
    };
    let mut size = most;
    while size > room.y * 0.3 && !fits(size) {
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

/// The place of the voice among the chips: begin; or what was kept, to hear what can be done with it.
fn say(ui: &mut Ui, m: &mut PanelModel, (size, type_size): (egui::Vec2, f32)) {
    let l = m.labels.clone();
    if let VoiceShown::Kept { seconds } = m.voice {
        let words = format!("{} {}", l.say_kept, clock(seconds));
        if button(ui, m, "say", (&words, "microphone"), size, type_size, Look::Chosen) {
            m.voice_page = true;
        }
        return;
    }
    let words = match m.voice {
        VoiceShown::Missing => &l.say_missing,
        VoiceShown::Failed => &l.say_failed,
        _ => &l.say,
    };
    if button(ui, m, "say", (words, "microphone"), size, type_size, Look::Quiet) {
        m.acts.push(Act::Say(Say::Start));
        m.voice_page = true;
    }
}

/// The voice is in the store: on with it, again, or not to be kept.
fn kept(ui: &mut Ui, m: &mut PanelModel, seconds: f32) {
    let l = m.labels.clone();
    title(ui, m, &format!("{} {}", l.say_kept, clock(seconds)));
    at_foot(ui, |ui| {
        if wide(ui, m, "continue", &l.cont, Look::Main) {
            m.voice_page = false;
        }
        if wide(ui, m, "say-drop", &l.say_drop, Look::Quiet) {
            m.acts.push(Act::Say(Say::Drop));
            m.voice_page = false;
        }
        if wide(ui, m, "say-again", &l.say_again, Look::Quiet) {
            m.acts.push(Act::Say(Say::Start));
        }
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::third_party::egui::{Typefaces, style};
    use std::path::Path;

    /// Every chip of the journey, in both languages, can be read: at least the smallest size that a patient is given.
    #[test]
    fn every_answer_is_large_enough_to_read() {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
        let ctx = egui::Context::default();
        style(&ctx, &Typefaces::read(&assets));
        let [w, h] = tokens::PANEL_M.map(|v| v * tokens::POINTS_PER_M);
        let input = || egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, vec2(w, h))),
            ..Default::default()
        };
        ctx.begin_pass(input()); // the typefaces are there from the second pass on
        ctx.end_pass().textures_delta.clear();
        for language in ["en", "fr"] {
            let file = assets.join("languages").join(language).join("journey.ftl");
            let text = std::fs::read_to_string(file).expect("the journey's words");
            let value = |line: &str| line.split_once(" = ").map(|v| v.1.to_owned()).unwrap_or_default();
            let chips: Vec<Option_> = text
                .lines()
                .filter(|l| l.starts_with("button-chip-"))
                .map(|l| Option_ { id: l.to_owned(), text: value(l), picture: "ear".into() })
                .collect();
            let question = text.lines().find(|l| l.starts_with("question-open ")).map(value).expect("the question");
            assert_eq!(chips.len(), 7, "{language}");
            for size in [1.0, tokens::LARGE] {
                let mut m = PanelModel { size, ..Default::default() };
                m.labels.say = "Say it".into();
                (m.labels.more, m.labels.choose) = ("More answers".into(), "That is my choice".into());
                let mut seen = Vec::new();
                for page in 0..pages(chips.len(), true, size).len() {
                    m.page = page;
                    m.places.clear();
                    ctx.begin_pass(input());
                    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background());
                    let mut ui = Ui::new(ctx.clone(), egui::Id::new("test"), builder.max_rect(ctx.content_rect()));
                    m.main = super::super::model::Main::Open {
                        text: question.clone(),
                        chips: chips.clone(),
                        voice: true,
                        typed: true,
                    };
                    super::super::views::draw(&mut ui, &mut m, super::super::PanelKind::Main);
                    ctx.end_pass().textures_delta.clear();
                    let cells: Vec<_> = m.places.iter().filter(|p| p.0 != "more" && p.0 != "choose").collect();
                    assert!(cells.windows(2).all(|p| p[0].1.y + 40.0 < p[1].1.y), "one under the other: {cells:?}");
                    assert!(m.places.iter().all(|p| p.1.y < h - 40.0), "{:?}", m.places);
                    seen.extend(cells.into_iter().map(|p| p.0.clone()));
                }
                assert_eq!(seen.len(), 8, "every chip and the voice, once: {seen:?}");
                let least = m.smallest_type;
                assert!(least >= tokens::points(tokens::SMALL_DEG) - 0.5, "{language} at {size}: {least} points");
            }
        }
    }
}
