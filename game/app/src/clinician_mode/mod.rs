//! The mirror: what the person sees, where they are in the journey, what comes next, and pause, skip, end.

pub mod review;
mod typing;

use crate::events::Events;
use crate::now::{Now, Words};
use crate::panel::{Act, PanelModel};
use crate::third_party::egui::{BOLD, Typefaces, style};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Align, FontFamily, Layout, Margin, RichText};
use bevy_egui::{EguiContext, EguiPrimaryContextPass, PrimaryEguiContext};
use vestibule_scenario::Action;

/// Height of the strip in points.
pub const STRIP: f32 = 64.0;
/// Type of the strip, points.
const TYPE: f32 = 18.0;
const SMALL: f32 = 15.0;

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
    /// Words: next, pause or resume, skip, end, recentre. Without words for the last one there is nothing to recentre.
    pub labels: [String; 5],
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
    /// It stands beside a headset, whose view staff can bring in front of the person.
    pub headset: bool,
}

/// The strip.
pub fn plugin(app: &mut App) {
    app.init_resource::<StripShown>().add_systems(EguiPrimaryContextPass, strip).add_plugins(typing::plugin);
}

pub(crate) fn strip(
    mut contexts: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    shown: Res<StripShown>,
    now: Res<Now>,
    words: Res<Words>,
    faces: Res<Typefaces>,
    out: Res<Events>,
    mut model: ResMut<PanelModel>,
    mut ready: Local<bool>,
    mut told: Local<Vec<(String, Vec2)>>,
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
            if shown.headset { word("app-recentre-view") } else { String::new() },
        ],
        synthetic: if shown.synthetic { word("app-synthetic") } else { String::new() },
    };
    let content = ctx.content_rect();
    let rect = egui::Rect::from_min_size(content.left_top(), egui::vec2(content.width(), STRIP));
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(rect);
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("strip"), builder);
    let (acts, places) = draw(&mut ui, &view);
    model.acts.extend(acts);
    tell(&out, ctx, &places, &mut told);
}

/// Says where these lie in the window, if anybody listens. `places`: in egui's points.
fn tell(out: &Events, ctx: &egui::Context, places: &[(&str, egui::Pos2)], told: &mut Vec<(String, Vec2)>) {
    if out.on() {
        let scale = ctx.pixels_per_point();
        let pixels = places.iter().map(|(name, p)| ((*name).to_owned(), Vec2::new(p.x, p.y) * scale));
        out.places("strip", pixels.collect(), told);
    }
}

/// The strip itself: a pure function of egui and what it shows; gives what was pressed, and where each button lies.
fn draw(ui: &mut egui::Ui, view: &Strip) -> (Vec<Act>, Vec<(&'static str, egui::Pos2)>) {
    let (mut acts, mut places) = (Vec::new(), Vec::new());
    let strong = |t: &str| RichText::new(t).size(TYPE).family(FontFamily::Name(BOLD.into())).color(tokens::WHITE);
    let quiet = |t: String| RichText::new(t).size(TYPE).color(tokens::FOG);
    egui::Frame::new().fill(tokens::NIGHT).inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        // the buttons first: whatever the texts say, nothing lies over them
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            let pause = if view.paused { Action::Resume } else { Action::Pause };
            let all = [
                ("end", &view.labels[3], Act::Session(Action::End)),
                ("skip", &view.labels[2], Act::Session(Action::Skip)),
                ("pause", &view.labels[1], Act::Session(pause)),
                ("recentre", &view.labels[4], Act::Recentre),
            ];
            for (name, text, act) in all.into_iter().filter(|a| !a.1.is_empty()) {
                let fill = if act == Act::Session(Action::End) { tokens::BRICK } else { tokens::SAGE };
                let b = egui::Button::new(strong(text)).fill(fill).min_size(egui::vec2(96.0, 44.0)).corner_radius(8);
                let button = ui.add(b);
                places.push((name, button.rect.center()));
                if button.clicked() {
                    acts.push(act);
                }
            }
            ui.add_space(12.0);
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing = egui::vec2(14.0, 4.0);
                let (title, n, of) = &view.step;
                ui.horizontal(|ui| {
                    ui.label(quiet(format!("{n}/{of}")));
                    ui.label(quiet(format!("{}:{:02}", view.wear_s as u64 / 60, view.wear_s as u64 % 60)));
                    ui.add(egui::Label::new(strong(title)).truncate());
                });
                let next = if view.next.is_empty() {
                    String::new()
                } else {
                    format!("{} : {}", view.labels[0], view.next.join(" · "))
                };
                let apart = if next.is_empty() || view.synthetic.is_empty() { "" } else { "   " };
                let line = format!("{}{apart}{next}", view.synthetic);
                ui.add(egui::Label::new(quiet(line).size(SMALL)).truncate());
            });
        });
    });
    (acts, places)
}
