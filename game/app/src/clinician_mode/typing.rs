//! Staff write the open answer for the person: a field under the strip, shown while the question is open.

use super::{STRIP, StripShown, tell};
use crate::events::Events;
use crate::now::Words;
use crate::panel::{Main, PanelModel};
use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, FontFamily, Margin, RichText};
use bevy_egui::{EguiContext, EguiPrimaryContextPass, PrimaryEguiContext};

/// Longest text, characters: four bytes each at most, and a typed answer takes 4000 bytes.
const LONGEST: usize = 1000;

/// The field.
pub fn plugin(app: &mut App) {
    app.add_systems(EguiPrimaryContextPass, field.after(super::strip));
}

fn field(
    mut contexts: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    shown: Res<StripShown>,
    words: Res<Words>,
    out: Res<Events>,
    mut model: ResMut<PanelModel>,
    mut open_before: Local<bool>,
    mut told: Local<Vec<(String, Vec2)>>,
) {
    let open = shown.on && matches!(model.main, Main::Open { typed: true, .. });
    // fonts and colours stand only after the strip's first pass
    if !open || !std::mem::replace(&mut *open_before, open) {
        *open_before = open;
        return;
    }
    let Ok(mut context) = contexts.single_mut() else { return };
    let ctx = context.get_mut();
    let content = ctx.content_rect();
    // at the top: pause, quieter and stop stand at the foot and are never covered
    let from = content.left_top() + egui::vec2(0.0, STRIP);
    let rect = egui::Rect::from_min_size(from, egui::vec2(content.width(), tokens::STAFF_FIELD));
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(rect);
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("typing"), builder);
    let m = model.bypass_change_detection();
    let (keep, places) = draw(&mut ui, &mut m.typed, [&words.get("app-typed"), &words.get("app-keep")]);
    tell(&out, ctx, &places, &mut told);
    if keep {
        let act = m.open_reply();
        m.acts.push(act);
    }
}

/// The field itself; true when it is to be kept, and where field and button lie. `labels`: what it is for, keep.
fn draw(ui: &mut egui::Ui, typed: &mut String, labels: [&str; 2]) -> (bool, Vec<(&'static str, egui::Pos2)>) {
    let size = tokens::STAFF_TYPE;
    let strong = |t: &str| RichText::new(t).size(size).family(FontFamily::Name(BOLD.into())).color(tokens::WHITE);
    let (mut keep, mut places) = (false, Vec::new());
    egui::Frame::new().fill(tokens::NIGHT).inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            ui.label(strong(labels[0]));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let written = !typed.trim().is_empty();
                let button = egui::Button::new(strong(labels[1])).fill(tokens::SAGE).corner_radius(8);
                let button = ui.add_enabled(written, button.min_size(egui::vec2(96.0, 40.0)));
                let edit = egui::TextEdit::singleline(typed)
                    .char_limit(LONGEST)
                    .font(egui::FontId::proportional(size))
                    .text_color(tokens::INK)
                    .background_color(tokens::PAPER)
                    .margin(Margin::symmetric(10, 8))
                    .desired_width(ui.available_width());
                let answer = ui.add(edit);
                places.extend([("keep", button.rect.center()), ("field", answer.rect.center())]);
                let enter = answer.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
                keep = written && (button.clicked() || enter);
            });
        });
    });
    (keep, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::third_party::egui::{Typefaces, style};
    use bevy_egui::egui::{Event, Key, Modifiers, PointerButton, RawInput, pos2, vec2};

    #[test]
    fn what_is_typed_is_kept_by_enter_and_an_empty_field_is_not() {
        let ctx = egui::Context::default();
        style(&ctx, &Typefaces::default());
        let mut typed = String::new();
        let mut pass = |events: Vec<Event>| {
            let screen = egui::Rect::from_min_size(pos2(0.0, 0.0), vec2(1000.0, 60.0));
            ctx.begin_pass(RawInput { screen_rect: Some(screen), events, ..Default::default() });
            let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
            let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("test"), builder);
            let (keep, _) = draw(&mut ui, &mut typed, ["Write", "Keep"]);
            ctx.end_pass().textures_delta.clear(); // nothing draws it here
            (keep, typed.clone())
        };
        let at = pos2(500.0, 30.0);
        let click = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::default(),
        };
        let enter = || Event::Key {
            key: Key::Enter,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::default(),
        };
        pass(vec![]);
        pass(vec![]);
        pass(vec![Event::PointerMoved(at), click(true)]);
        pass(vec![click(false)]);
        assert!(!pass(vec![enter()]).0, "nothing was written");
        pass(vec![click(true)]);
        pass(vec![click(false)]);
        assert_eq!(pass(vec![Event::Text("the noise, les côtés".into())]), (false, "the noise, les côtés".to_owned()));
        assert!(pass(vec![enter()]).0);
    }
}
