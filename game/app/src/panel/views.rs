//! The panels themselves: pure functions of egui and their model.

use super::model::{Act, Main, Option_, PanelModel};
use super::widgets::{Look, bold, button, gaze_ring};
use super::{PanelKind, open};
use crate::tokens;
use bevy_egui::egui::{self, Align, Layout, Margin, RichText, Ui, vec2};
use vestibule_scenario::{Action, Reply};

/// Draws one panel.
pub fn draw(ui: &mut Ui, m: &mut PanelModel, kind: PanelKind) {
    m.drawing = kind;
    match kind {
        PanelKind::Main => main(ui, m),
        PanelKind::Foot => foot(ui, m),
    }
    if let Some((on, at, done)) = m.gaze
        && on == kind
    {
        gaze_ring(ui, at, done);
    }
}

fn plate(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let edge = 8;
    egui::Frame::new()
        .fill(tokens::PAPER)
        .corner_radius(tokens::PANEL_ROUND)
        .outer_margin(Margin::same(edge))
        .inner_margin(Margin::symmetric(40, 30))
        .stroke(egui::Stroke::new(3.0, tokens::EDGE))
        .show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            ui.spacing_mut().item_spacing = vec2(tokens::GAP, tokens::GAP);
            add(ui);
        });
}

pub(super) fn title(ui: &mut Ui, m: &PanelModel, text: &str) {
    // a long text is a little smaller, but never under the body size
    let deg = if text.chars().count() > 110 { tokens::BODY_DEG } else { tokens::TITLE_DEG };
    ui.label(bold(text, tokens::points(deg) * m.size).color(tokens::INK));
}

fn main(ui: &mut Ui, m: &mut PanelModel) {
    match m.main.clone() {
        Main::None => {}
        Main::Note { text } => plate(ui, |ui| {
            title(ui, m, &text);
            let label = m.labels.cont.clone();
            at_foot(ui, |ui| {
                if wide(ui, m, "continue", &label, Look::Main) {
                    m.acts.push(Act::Session(Action::Continue));
                }
            });
        }),
        Main::Scale { text, from, to, low, high } => plate(ui, |ui| scale(ui, m, &text, from..=to, &low, &high)),
        Main::Choice { text, options } => plate(ui, |ui| choice(ui, m, &text, &options)),
        Main::Open { text, chips, voice, .. } => plate(ui, |ui| open::draw(ui, m, &text, &chips, voice)),
        Main::Menu => plate(ui, |ui| menu(ui, m)),
        Main::Over { text } => plate(ui, |ui| {
            let words = if text.is_empty() { m.labels.over.clone() } else { text };
            title(ui, m, &words);
            if m.window {
                let leave = m.labels.leave.clone();
                at_foot(ui, |ui| {
                    if wide(ui, m, "leave", &leave, Look::Main) {
                        m.acts.push(Act::Leave);
                    }
                });
            }
        }),
    }
}

pub(super) fn at_foot(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.with_layout(Layout::bottom_up(Align::Center), add);
}

pub(super) fn wide(ui: &mut Ui, m: &mut PanelModel, id: &str, text: &str, look: Look) -> bool {
    let type_size = tokens::points(tokens::BUTTON_DEG) * m.size;
    button(ui, m, id, (text, ""), vec2(ui.available_width(), type_size * 1.75), type_size, look)
}

fn scale(ui: &mut Ui, m: &mut PanelModel, text: &str, range: std::ops::RangeInclusive<i32>, low: &str, high: &str) {
    title(ui, m, text);
    ui.add_space(tokens::GAP);
    let count = (range.end() - range.start() + 1).max(1) as f32;
    let gap = 10.0;
    let side = (ui.available_width() - gap * (count - 1.0)) / count;
    let number_size = (side * 0.52).min(tokens::points(tokens::BUTTON_DEG) * m.size);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        for n in range {
            let look = if m.number == Some(n) { Look::Chosen } else { Look::Quiet };
            if button(ui, m, &n.to_string(), (&n.to_string(), ""), vec2(side, side * 1.35), number_size, look) {
                m.number = Some(n);
            }
        }
    });
    let body = tokens::points(tokens::BODY_DEG) * m.size;
    ui.horizontal(|ui| {
        ui.label(RichText::new(low).size(body).color(tokens::INK));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(high).size(body).color(tokens::INK));
        });
    });
    let (choose, number) = (m.labels.choose.clone(), m.number);
    at_foot(ui, |ui| {
        if let Some(n) = number {
            if wide(ui, m, "choose", &choose, Look::Main) {
                m.acts.push(Act::Session(Action::Answer(Reply::Number(n))));
            }
        } else {
            let decline = m.labels.decline.clone();
            if wide(ui, m, "decline", &decline, Look::Quiet) {
                m.acts.push(Act::Session(Action::Answer(Reply::Declined)));
            }
        }
    });
}

fn choice(ui: &mut Ui, m: &mut PanelModel, text: &str, options: &[Option_]) {
    title(ui, m, text);
    let type_size = tokens::points(tokens::BUTTON_DEG) * m.size;
    at_foot(ui, |ui| {
        let n = options.len().max(1) as f32;
        let height = ((ui.available_height() - tokens::GAP * n) / n).min(type_size * 2.2);
        for o in options.iter().rev() {
            let size = vec2(ui.available_width(), height);
            if button(ui, m, &o.id, (&o.text, &o.picture), size, type_size.min(height * 0.5), Look::Quiet) {
                m.acts.push(Act::Session(Action::Answer(Reply::Choice(o.id.clone()))));
            }
        }
    });
}

fn menu(ui: &mut Ui, m: &mut PanelModel) {
    let l = m.labels.clone();
    title(ui, m, &l.menu_title);
    ui.label(RichText::new(&l.menu_text).size(tokens::points(tokens::BODY_DEG) * m.size).color(tokens::INK_SOFT));
    let type_size = tokens::points(tokens::BUTTON_DEG) * m.size * 0.92;
    at_foot(ui, |ui| {
        let quiet = |a: Action| Act::Session(a);
        let rows: [[(&str, &str, Act, Look); 2]; 3] = [
            [
                ("menu-stop", &l.stop, quiet(Action::Stop), Look::Stop),
                ("call", &l.call, quiet(Action::Call), Look::Quiet),
            ],
            [("larger", &l.larger, Act::Larger, Look::Quiet), ("recentre", &l.recentre, Act::Recentre, Look::Quiet)],
            [
                ("repeat", &l.repeat, quiet(Action::Repeat), Look::Quiet),
                ("resume", &l.resume, quiet(Action::Resume), Look::Main),
            ],
        ];
        let height = ((ui.available_height() - tokens::GAP * 3.0) / 3.0).min(type_size * 2.6);
        for row in rows {
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), height),
                Layout::left_to_right(Align::Center),
                |ui| {
                    let width = (ui.available_width() - tokens::GAP) * 0.5;
                    for (id, text, act, look) in row {
                        if button(ui, m, id, (text, ""), vec2(width, height), type_size, look) {
                            m.acts.push(act);
                        }
                    }
                },
            );
        }
    });
}

/// Caption on a dark plate, and the bar that is always there: pause, quieter, stop.
fn foot(ui: &mut Ui, m: &mut PanelModel) {
    let type_size = tokens::points(tokens::BUTTON_DEG) * 0.82;
    let height = type_size * 1.75;
    let over = matches!(m.main, Main::Over { .. });
    ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
        ui.add_space(10.0);
        if !over {
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), height),
                Layout::left_to_right(Align::Center),
                |ui| {
                    ui.spacing_mut().item_spacing.x = tokens::GAP;
                    let width = (ui.available_width() - tokens::GAP * 2.0 - 16.0) / 3.0;
                    ui.add_space(8.0);
                    let l = m.labels.clone();
                    let paused = m.main == Main::Menu;
                    let first = if paused { (&l.resume, Action::Resume) } else { (&l.pause, Action::Pause) };
                    let bar = [("pause", first.0, Act::Session(first.1)), ("quieter", &l.quieter, Act::Quieter)];
                    for (id, text, act) in bar {
                        if button(ui, m, id, (text, ""), vec2(width, height), type_size, Look::Quiet) {
                            m.acts.push(act);
                        }
                    }
                    if button(ui, m, "stop", (&l.stop, ""), vec2(width, height), type_size, Look::Stop) {
                        m.acts.push(Act::Session(Action::Stop));
                    }
                },
            );
        }
        ui.add_space(tokens::GAP * 0.5);
        if !m.dose.is_empty() {
            let size = tokens::points(tokens::SMALL_DEG);
            egui::Frame::new().fill(tokens::PLATE).corner_radius(14).inner_margin(Margin::symmetric(18, 6)).show(
                ui,
                |ui| {
                    ui.label(RichText::new(&m.dose).size(size).color(tokens::WHITE));
                },
            );
        }
        if !m.caption.is_empty() {
            egui::Frame::new()
                .fill(tokens::PLATE)
                .corner_radius(tokens::BUTTON_ROUND)
                .inner_margin(Margin::symmetric(26, 14))
                .show(ui, |ui| {
                    let size = tokens::points(tokens::CAPTION_DEG) * m.size;
                    ui.label(RichText::new(&m.caption).size(size).color(tokens::WHITE));
                });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::third_party::egui::{Typefaces, style};
    use bevy_egui::egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2};

    /// Draws the main panel with these pointer events.
    fn pass(ctx: &Context, m: &mut PanelModel, events: Vec<Event>) {
        pass_of(PanelKind::Main, ctx, m, events);
    }

    fn pass_of(kind: PanelKind, ctx: &Context, m: &mut PanelModel, events: Vec<Event>) {
        let size = if kind == PanelKind::Main { tokens::PANEL_M } else { tokens::FOOT_M };
        let [w, h] = size.map(|v| v * tokens::POINTS_PER_M);
        let input =
            RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(w, h))), events, ..Default::default() };
        ctx.begin_pass(input);
        m.hot = None;
        m.places.clear();
        let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
        let mut ui = Ui::new(ctx.clone(), egui::Id::new("test"), builder);
        draw(&mut ui, m, kind);
        ctx.end_pass().textures_delta.clear(); // nothing draws it here
    }

    fn model(main: Main) -> (Context, PanelModel) {
        let ctx = Context::default();
        style(&ctx, &Typefaces::default());
        let mut m = PanelModel { size: 1.0, main, ..Default::default() };
        m.labels.choose = "Choose".into();
        pass(&ctx, &mut m, vec![]);
        pass(&ctx, &mut m, vec![]);
        (ctx, m)
    }

    fn at(m: &PanelModel, id: &str) -> Pos2 {
        m.places.iter().find(|p| p.0 == id).unwrap_or_else(|| panic!("no '{id}' among {:?}", m.places)).1
    }

    /// Presses for ten seconds with a hand that shakes by 20 points.
    fn press(ctx: &Context, m: &mut PanelModel, at: Pos2) {
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::default(),
        };
        pass(ctx, m, vec![Event::PointerMoved(at)]);
        pass(ctx, m, vec![button(at, true)]);
        for k in 0..100 {
            let shake = at + vec2(if k % 2 == 0 { 20.0 } else { -20.0 }, 5.0);
            pass(ctx, m, vec![Event::PointerMoved(shake)]);
        }
        pass(ctx, m, vec![button(at, false)]);
    }

    #[test]
    fn a_scale_takes_a_number_and_only_then_a_confirmation() {
        let scale = Main::Scale {
            text: "How worried are you?".into(),
            from: 0,
            to: 10,
            low: "calm".into(),
            high: "very".into(),
        };
        let (ctx, mut m) = model(scale);
        assert!(m.places.iter().all(|p| p.0 != "choose"), "nothing to confirm yet");
        let six = at(&m, "6");
        press(&ctx, &mut m, six);
        assert_eq!(m.number, Some(6));
        assert!(m.acts.is_empty(), "a number alone is no answer");
        pass(&ctx, &mut m, vec![]);
        let choose = at(&m, "choose");
        press(&ctx, &mut m, choose);
        assert_eq!(m.acts, vec![Act::Session(Action::Answer(Reply::Number(6)))]);
    }

    #[test]
    fn everything_on_a_panel_lies_within_it() {
        let long =
            "Do you agree to see the inside of your own head, drawn from your own pictures, while the beam is on?";
        let options: Vec<Option_> = (0..3)
            .map(|k| Option_ {
                id: format!("o{k}"),
                text: "A rather long answer with many words".into(),
                ..Default::default()
            })
            .collect();
        let chips: Vec<Option_> = (0..7)
            .map(|k| Option_ { id: format!("c{k}"), text: "The noise of it".into(), ..Default::default() })
            .collect();
        let [w, h] = tokens::PANEL_M.map(|v| v * tokens::POINTS_PER_M);
        for (main, count) in [
            (Main::Choice { text: long.into(), options }, 3),
            (Main::Open { text: long.into(), chips, voice: true, typed: true }, 6),
            (Main::Menu, 6),
            (Main::Note { text: long.into() }, 1),
        ] {
            let (_, m) = model(main);
            assert_eq!(m.places.len(), count, "{:?}", m.main);
            for (id, p) in &m.places {
                assert!(Rect::from_min_max(pos2(20.0, 20.0), pos2(w - 20.0, h - 20.0)).contains(*p), "{id} at {p}");
            }
        }
    }

    #[test]
    fn whatever_is_shown_one_can_pause_make_it_quieter_and_stop() {
        let text = || "How worried are you?".to_owned();
        let long = "A caption of many words that fills two lines of the plate and then some more words again and again"
            .repeat(2);
        for main in [
            Main::None,
            Main::Note { text: text() },
            Main::Scale { text: text(), from: 0, to: 10, low: String::new(), high: String::new() },
            Main::Choice { text: text(), options: vec![] },
            Main::Open { text: text(), chips: vec![], typed: false, voice: false },
            Main::Menu,
        ] {
            let (ctx, mut m) = model(main);
            m.caption.clone_from(&long);
            m.dose.clone_from(&long);
            for (id, act) in [
                ("pause", Act::Session(if m.main == Main::Menu { Action::Resume } else { Action::Pause })),
                ("quieter", Act::Quieter),
                ("stop", Act::Session(Action::Stop)),
            ] {
                pass_of(PanelKind::Foot, &ctx, &mut m, vec![]);
                pass_of(PanelKind::Foot, &ctx, &mut m, vec![]);
                let at = at(&m, id);
                let button = |pressed| Event::PointerButton {
                    pos: at,
                    button: PointerButton::Primary,
                    pressed,
                    modifiers: Modifiers::default(),
                };
                pass_of(PanelKind::Foot, &ctx, &mut m, vec![Event::PointerMoved(at)]);
                pass_of(PanelKind::Foot, &ctx, &mut m, vec![button(true)]);
                pass_of(PanelKind::Foot, &ctx, &mut m, vec![button(false)]);
                assert_eq!(std::mem::take(&mut m.acts), vec![act], "{id} while {:?}", m.main);
            }
        }
    }

    #[test]
    fn type_is_never_smaller_than_the_eye_can_read() {
        // cap height in degrees back from points
        for deg in [tokens::BODY_DEG, tokens::BUTTON_DEG, tokens::CAPTION_DEG, tokens::SMALL_DEG, tokens::TITLE_DEG] {
            let cap_m = tokens::points(deg) * tokens::CAP_OVER_EM / tokens::POINTS_PER_M;
            let seen = 2.0 * (cap_m * 0.5 / tokens::PANEL_DISTANCE_M).atan().to_degrees();
            assert!((seen - deg).abs() < 1e-3 && seen >= 1.3 - 1e-3, "{seen}");
        }
    }
}
