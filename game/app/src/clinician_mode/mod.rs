//! The mirror: what the person sees, where they are in the journey, what comes next, and pause, skip, end.

mod typing;

use crate::now::{Now, Words};
use crate::panel::{Act, PanelModel};
use crate::third_party::egui::{BOLD, Typefaces, style};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, FontFamily, Margin, RichText};
use bevy_egui::{EguiContext, EguiPrimaryContextPass, PrimaryEguiContext};
use vestibule_scenario::Action;

/// Height of the strip in points.
const STRIP: f32 = 64.0;
/// Type of the strip, points.
const TYPE: f32 = 18.0;

/// What the strip shows. Pure data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strip {
    /// Title of the step, its number from 1, how many there are.
    pub step: (String, usize, usize),
    /// Minutes and seconds of wear.
    pub wear_s: f64,
    /// Titles of the next steps.
    pub next: Vec<String>,
    /// In a pause.
    pub paused: bool,
    /// Words: next, pause or resume, skip, end.
    pub labels: [String; 4],
    /// The patient is a synthetic one and says so.
    pub synthetic: String,
}

/// Whether a strip is drawn in the window.
#[derive(Resource, Clone, Default)]
pub struct StripShown {
    /// Drawn at all.
    pub on: bool,
    /// The patient is synthetic.
    pub synthetic: bool,
}

/// The strip.
pub fn plugin(app: &mut App) {
    app.init_resource::<StripShown>().add_systems(EguiPrimaryContextPass, strip).add_plugins(typing::plugin);
}

fn strip(
    mut contexts: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    shown: Res<StripShown>,
    now: Res<Now>,
    words: Res<Words>,
    faces: Res<Typefaces>,
    mut model: ResMut<PanelModel>,
    mut ready: Local<bool>,
) {
    let Ok(mut context) = contexts.single_mut() else { return };
    let ctx = context.get_mut();
    if !*ready {
        *ready = true;
        style(ctx, &faces);
        return;
    }
    if !shown.on {
        return;
    }
    let s = &now.state;
    let word = |k: &str| words.get(k);
    let view = Strip {
        step: (word(&s.step_title), s.step_index + 1, s.step_count),
        wear_s: s.wear_s,
        next: s.upcoming.iter().take(2).map(|id| word(&format!("step-{id}"))).collect(),
        paused: s.paused,
        labels: [
            word("app-next"),
            word(if s.paused { "app-resume" } else { "app-pause" }),
            word("app-skip"),
            word("app-end"),
        ],
        synthetic: if shown.synthetic { word("app-synthetic") } else { String::new() },
    };
    let content = ctx.content_rect();
    let rect = egui::Rect::from_min_size(content.left_top(), egui::vec2(content.width(), STRIP));
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(rect);
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("strip"), builder);
    for action in draw(&mut ui, &view) {
        model.acts.push(Act::Session(action));
    }
}

/// The strip itself: a pure function of egui and what it shows; gives what was pressed.
pub fn draw(ui: &mut egui::Ui, view: &Strip) -> Vec<Action> {
    let mut acts = Vec::new();
    let strong = |t: &str| RichText::new(t).size(TYPE).family(FontFamily::Name(BOLD.into())).color(tokens::WHITE);
    let quiet = |t: String| RichText::new(t).size(TYPE).color(tokens::FOG);
    egui::Frame::new().fill(tokens::NIGHT).inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            let (title, n, of) = &view.step;
            ui.label(strong(title));
            ui.label(quiet(format!("{n}/{of}")));
            ui.label(quiet(format!("{}:{:02}", view.wear_s as u64 / 60, view.wear_s as u64 % 60)));
            if !view.next.is_empty() {
                ui.label(quiet(format!("{} {}", view.labels[0], view.next.join(" · "))));
            }
            if !view.synthetic.is_empty() {
                ui.label(quiet(view.synthetic.clone()));
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let pause = if view.paused { Action::Resume } else { Action::Pause };
                let all = [(&view.labels[3], Action::End), (&view.labels[2], Action::Skip), (&view.labels[1], pause)];
                for (text, action) in all {
                    let fill = if action == Action::End { tokens::BRICK } else { tokens::SAGE };
                    let b =
                        egui::Button::new(strong(text)).fill(fill).min_size(egui::vec2(96.0, 40.0)).corner_radius(8);
                    if ui.add(b).clicked() {
                        acts.push(action);
                    }
                }
            });
        });
    });
    acts
}
