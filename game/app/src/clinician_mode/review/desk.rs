//! The desk in the window: whose plan it is, what lies over the patient and how, four pictures, and time.

use super::play::Transport;
use super::state::History;
use super::views::{NAMES, TOGETHER, Views};
use super::{keys, picture, snapshot, state, time_bar};
use crate::events::Events;
use crate::now::{Case, Words};
use crate::opening;
use crate::overlay::measure::Measure;
use crate::overlay::notes::ReviewKeeper;
use crate::overlay::slices::Viewing;
use crate::overlay::widgets::{mark, swatch, take_marks};
use crate::overlay::{Cuts, Family, Legend, compare, dose};
use crate::third_party::egui::{BOLD, Typefaces, style};
use crate::tokens;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_egui::EguiContext;
use bevy_egui::egui::{self, FontFamily, FontId, Margin, RichText, TextStyle, Ui, vec2};

/// The desk's own pass in a picture.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct DrawDesk;

/// The camera on which the desk is drawn.
#[derive(Component)]
pub struct OnDesk;

/// Whether its type and colours stand.
#[derive(Resource, Default)]
pub struct Desk {
    styled: bool,
    /// What a test was told.
    places: Vec<(String, Vec2)>,
    told: [String; 4],
    texts: Vec<String>,
    playing: bool,
}

pub(super) fn draw(world: &mut World) {
    let mut contexts = world.query_filtered::<&mut EguiContext, With<OnDesk>>();
    let Ok(mut context) = contexts.single_mut(world) else { return };
    let ctx = context.get_mut().clone();
    if !world.resource::<Desk>().styled {
        world.resource_mut::<Desk>().styled = true;
        if let Some(faces) = world.get_resource::<Typefaces>() {
            dress(&ctx, faces, tokens::DESK_CLICK);
        }
        return; // fonts count from the next pass
    }
    if !world.contains_resource::<Views>() {
        return;
    }
    keys::act(&ctx, world);
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("desk"), builder);
    if opening::nobody_yet(world) {
        let ground = egui::Frame::new().fill(tokens::DESK);
        egui::CentralPanel::default().frame(ground).show(&mut ui, |ui| opening::page(ui, world));
        tell(world, &ctx);
        return;
    }
    let bar = egui::Frame::new().fill(tokens::DESK_PANEL).inner_margin(Margin::symmetric(12, 6));
    egui::Panel::top("head").exact_size(tokens::DESK_HEAD).frame(bar).show(&mut ui, |ui| head(ui, world));
    egui::Panel::bottom("time").exact_size(tokens::DESK_TIME).frame(bar).show(&mut ui, |ui| time_bar::show(ui, world));
    egui::Panel::left("side").exact_size(tokens::DESK_SIDE).frame(bar).show(&mut ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| controls(ui, world));
    });
    if world.resource::<Family>().0.iter().any(|o| o.on && o.page.is_some()) {
        egui::Panel::right("pages").exact_size(tokens::DESK_PAGE).frame(bar).show(&mut ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| pages(ui, world));
        });
    }
    let ground = egui::Frame::new().fill(tokens::DESK);
    egui::CentralPanel::default().frame(ground).show(&mut ui, |ui| pictures(ui, world));
    tell(world, &ctx);
}

/// The pages of overlays that are on, one below the other. One that somebody has just switched on comes into sight, however long those
/// above it are.
pub(super) fn pages(ui: &mut Ui, world: &mut World) {
    type Page = fn(&mut Ui, &mut World);
    let on = world.resource::<Family>().0.iter().filter(|o| o.on);
    let pages: Vec<(&'static str, Page)> = on.filter_map(|o| Some((o.id, o.page?))).collect();
    let key = egui::Id::new("pages that stood");
    let now: Vec<&'static str> = pages.iter().map(|p| p.0).collect();
    let stood = ui.data_mut(|d| std::mem::replace(d.get_temp_mut_or_insert_with(key, || now.clone()), now));
    for (id, page) in pages {
        if !stood.contains(&id) {
            ui.scroll_to_cursor(Some(egui::Align::TOP));
        }
        page(ui, world);
    }
}

/// Says where things lie and where the cross is, if anybody listens; of nobody but synthetic patients.
fn tell(world: &mut World, ctx: &egui::Context) {
    let marks = take_marks(ctx);
    let Some(out) = world.get_resource::<Events>().copied().filter(Events::on) else { return };
    if world.get_resource::<Case>().is_some_and(|c| !c.patient.synthetic) {
        return;
    }
    let scale = ctx.pixels_per_point();
    let places = marks.into_iter().map(|(name, p)| (name, Vec2::new(p.x, p.y) * scale)).collect();
    let at = world.resource::<Cuts>().at;
    let gray = dose::at(world, at).map_or_else(|| "none".to_owned(), |gy| format!("{gy:.3}"));
    let cross = format!("cross {:.1} {:.1} {:.1} dose {gray}", at.x, at.y, at.z);
    let measured = format!("measured {:.1?}", world.resource::<Measure>().distances());
    let [centre, width] = world.resource::<Viewing>().window;
    let window = format!("window {centre:.1} {width:.1}");
    let [turn, rise] = world.resource::<Views>().orbit.turn;
    let orbit = format!("orbit {:.1} {:.1}", turn.to_degrees(), rise.to_degrees());
    let playing = world.resource::<Transport>().playing;
    let texts = written(ctx);
    let mut desk = world.resource_mut::<Desk>();
    out.places("desk", places, &mut desk.places);
    out.texts("desk", texts, &mut desk.texts);
    if playing != std::mem::replace(&mut desk.playing, playing) {
        out.say(format_args!("review {}", if playing { "plays" } else { "stands" }));
    }
    for (line, told) in [(cross, 0), (measured, 1), (window, 2), (orbit, 3)] {
        if desk.told[told] != line {
            out.say(format_args!("{line}"));
            desk.told[told] = line;
        }
    }
}

/// What stands written on the desk or a board in this pass, in the order in which it was painted; what is scrolled out of sight is not.
pub(super) fn written(ctx: &egui::Context) -> Vec<String> {
    fn of(shape: &egui::Shape, texts: &mut Vec<String>) {
        match shape {
            egui::Shape::Text(text) => texts.push(text.galley.text().to_owned()),
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|s| of(s, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    ctx.graphics(|g| {
        g.get(egui::LayerId::background())
            .into_iter()
            .flat_map(|l| l.all_entries())
            .for_each(|s| of(&s.shape, &mut texts));
    });
    texts
}

/// Dark, and larger than egui's own. `click`: points that a pressed pointer may move and still click; numbers and plots are dragged only beyond.
pub(super) fn dress(ctx: &egui::Context, faces: &Typefaces, click: f32) {
    style(ctx, faces);
    ctx.options_mut(|o| o.input_options.max_click_dist = click);
    ctx.set_theme(egui::Theme::Dark);
    ctx.global_style_mut(|s| {
        let [text, small, title, _] = tokens::DESK_TYPE;
        s.text_styles = [
            (TextStyle::Body, FontId::proportional(text)),
            (TextStyle::Button, FontId::proportional(text)),
            (TextStyle::Small, FontId::proportional(small)),
            (TextStyle::Heading, FontId::new(title, FontFamily::Name(BOLD.into()))),
            (TextStyle::Monospace, FontId::monospace(text)),
        ]
        .into();
        s.spacing.item_spacing = vec2(8.0, 5.0);
        s.spacing.interact_size.y = 24.0;
        s.spacing.slider_width = 150.0;
        s.interaction.selectable_labels = false;
        let v = &mut s.visuals;
        v.dark_mode = true;
        v.override_text_color = Some(tokens::DESK_TEXT);
        v.panel_fill = tokens::DESK_PANEL;
        v.window_fill = tokens::DESK_PANEL;
        v.extreme_bg_color = tokens::DESK;
        v.selection.bg_fill = tokens::SAGE;
        v.widgets.inactive.bg_fill = tokens::SCREEN_DIM;
        v.widgets.inactive.weak_bg_fill = tokens::SCREEN_DIM;
    });
}

/// Whose plan it is, in two short lines.
pub(super) fn whose(ui: &mut Ui, world: &World, words: &Words) {
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let Some(case) = world.get_resource::<Case>() else { return };
    ui.horizontal_wrapped(|ui| {
        let name = case.patient.name.replace('^', " ");
        ui.label(RichText::new(name.trim()).family(FontFamily::Name(BOLD.into())).size(tokens::DESK_TYPE[2]));
        ui.label(small(case.patient.id.clone()).color(tokens::DESK_SOFT));
        ui.label(small(case.patient.plans.get(case.plan).map_or_else(String::new, |p| p.label.clone())));
    });
    ui.horizontal_wrapped(|ui| {
        if case.patient.synthetic {
            ui.label(small(words.get("app-synthetic")).color(tokens::AMBER));
        }
        ui.label(small(words.get("review-not-clinical")).color(tokens::DESK_SOFT));
    });
}

/// Take back, do again, take a picture, remember.
pub(super) fn tools(ui: &mut Ui, world: &mut World, words: &Words) {
    let [back, again] = world.resource::<History>().can();
    let press = |ui: &mut Ui, name: &str, can: bool| {
        let button = ui.add_enabled(can, egui::Button::new(words.get(&format!("review-{name}"))));
        mark(ui, name, &button);
        button.clicked()
    };
    let kept = world.resource::<ReviewKeeper>().0.is_some();
    if press(ui, "undo", back) {
        state::step(world, true);
    }
    if press(ui, "redo", again) {
        state::step(world, false);
    }
    if press(ui, "snapshot", kept) {
        snapshot::take(world);
    }
    if press(ui, "mine", kept) {
        snapshot::remember(world);
    }
}

fn head(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.horizontal_centered(|ui| {
        let id = ui.id().with("tools");
        // as wide as the buttons were in the pass before
        let taken = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0);
        let left = (ui.available_width() - taken - tokens::DESK_NOTE - 60.0).max(tokens::DESK_NOTE);
        titled(ui, world, &words, left);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let note =
                RichText::new(words.get("review-not-clinical")).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT);
            // in a narrow window it takes two lines in what the buttons leave
            let room = vec2((ui.available_width() - taken - 24.0).max(tokens::DESK_NOTE), ui.available_height());
            ui.allocate_ui_with_layout(room, egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(note).wrap());
            });
            ui.add_space(12.0);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add_space(12.0);
                let begin = ui.cursor().left();
                tools(ui, world, &words);
                opening::line(ui, world);
                let taken = ui.cursor().left() - begin;
                ui.data_mut(|d| d.insert_temp(id, taken));
            });
        });
    });
}

/// Whose plan it is, in `room` points. In a narrow window the identifier goes first, then the end of the plan's name: never that the patient is
/// synthetic, and never a button.
fn titled(ui: &mut Ui, world: &World, words: &Words, room: f32) {
    let Some(case) = world.get_resource::<Case>() else { return };
    let name = case.patient.name.replace('^', " ");
    let name = RichText::new(name.trim()).family(FontFamily::Name(BOLD.into())).size(tokens::DESK_TYPE[2]);
    let id = RichText::new(&case.patient.id).color(tokens::DESK_SOFT);
    let plan = case.patient.plans.get(case.plan).map_or_else(RichText::default, |plan| {
        let gray = plan.prescription_gy.map_or_else(String::new, |gy| format!(" · {gy:.1} Gy / {}", plan.fractions));
        RichText::new(format!("{}{gray}", plan.label))
    });
    let mark = if case.patient.synthetic { words.get("app-synthetic") } else { String::new() };
    let mark = RichText::new(mark).size(tokens::DESK_TYPE[1]).color(tokens::AMBER);
    let wide = |ui: &Ui, text: &RichText| {
        let text = egui::WidgetText::from(text.clone());
        text.into_galley(ui, Some(egui::TextWrapMode::Extend), f32::INFINITY, TextStyle::Body).size().x
            + ui.spacing().item_spacing.x
    };
    let [names, ids, plans, marks] = [&name, &id, &plan, &mark].map(|text| wide(ui, text));
    ui.label(name);
    if names + ids + plans + marks <= room {
        ui.label(id);
    }
    if !plan.is_empty() {
        let most = (room - names - marks).min(plans).max(tokens::DESK_PLAN);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(vec2(most, ui.available_height()), layout, |ui| {
            ui.add(egui::Label::new(plan).truncate());
        });
    }
    if !mark.is_empty() {
        ui.label(mark);
    }
}

/// What lies over the patient, one after the other.
pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    values(ui, world, &words);
    let count = world.resource::<Family>().0.len();
    for i in 0..count {
        ui.separator();
        let Some((id, legend, controls)) = world.resource::<Family>().0.get(i).map(|o| (o.id, o.legend, o.controls))
        else {
            continue;
        };
        let state = egui::collapsing_header::CollapsingState::load_with_default_open(
            ui.ctx(),
            egui::Id::new(("overlay", id)),
            OPEN.contains(&id),
        );
        let header = state.show_header(ui, |ui| title(ui, world, &words, i));
        header.body_unindented(|ui| {
            show_legend(ui, &legend(world));
            ui.push_id(id, |ui| controls(ui, world));
        });
    }
}

/// Overlays whose controls are open until somebody closes them.
const OPEN: [&str; 3] = [crate::overlay::slices::ID, dose::ID, crate::overlay::structures::ID];

/// Whether an overlay is shown, and its name.
fn title(ui: &mut Ui, world: &mut World, words: &Words, at: usize) {
    let Some(overlay) = world.resource_mut::<Family>().into_inner().0.get_mut(at) else { return };
    let tick = ui.checkbox(&mut overlay.on, "").on_hover_text(words.get("overlay-show"));
    mark(ui, &format!("show-{}", overlay.id), &tick);
    let title = ui.heading(words.get(&format!("overlay-{}", overlay.id)));
    if let Some(key) = overlay.for_patients {
        title.on_hover_text(format!("{} {}", words.get("overlay-for-patients"), words.get(key)));
    }
}

/// One overlay on a board: whether it is shown, how, and what it is.
pub(super) fn overlay(ui: &mut Ui, world: &mut World, words: &Words, at: usize) {
    ui.horizontal(|ui| title(ui, world, words, at));
    let Some((id, legend, controls)) = world.resource::<Family>().0.get(at).map(|o| (o.id, o.legend, o.controls))
    else {
        return;
    };
    ui.push_id(id, |ui| controls(ui, world));
    show_legend(ui, &legend(world));
}

/// What the images and the dose are at the point.
pub(super) fn values(ui: &mut Ui, world: &World, words: &Words) {
    let at = world.resource::<Cuts>().at;
    ui.heading(words.get("review-point"));
    let side = |v: f64, plus: char, minus: char| format!("{} {:.1}", if v < 0.0 { minus } else { plus }, v.abs());
    ui.label(format!("{}   {}   {} mm", side(at.x, 'L', 'R'), side(at.y, 'P', 'A'), side(at.z, 'S', 'I')));
    ui.label(values_at(world, words, at).join("     "));
}

/// What the images and the dose are at a place, each with its unit.
pub(super) fn values_at(world: &World, words: &Words, at: nalgebra::Point3<f64>) -> Vec<String> {
    let viewing = world.resource::<Viewing>();
    let mut lines = Vec::new();
    if let Some(case) = world.get_resource::<Case>() {
        for image in [viewing.image, viewing.other].into_iter().flatten().filter_map(|i| case.patient.images.get(i)) {
            let value = match image.coarse {
                None => image.volume.sample(at).map_or_else(|| "–".to_owned(), |v| format!("{v:.1}")),
                Some(_) => "…".to_owned(), // a mean of many voxels is none of them
            };
            lines.push(format!("{} {value} {}", image.modality.as_str(), image.unit));
        }
    }
    if let Some(gray) = dose::at(world, at) {
        let percent = gray / world.resource::<dose::DoseShow>().reference_gy * 100.0;
        lines.push(format!("{} {gray:.3} Gy ({percent:.1} %)", words.get("overlay-dose")));
    }
    if let Some([there, more]) = compare::at(world, at) {
        lines.push(format!("B {there:.3} Gy     B − A {more:+.3} Gy"));
    }
    lines
}

fn show_legend(ui: &mut Ui, legend: &Legend) {
    let small = |t: &str| RichText::new(t).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT);
    if !legend.source.is_empty() {
        let unit = if legend.unit.is_empty() { String::new() } else { format!(" · {}", legend.unit) };
        ui.label(small(&format!("{}{unit}", legend.source)));
    }
    if let Some(notice) = &legend.notice {
        ui.label(RichText::new(notice).size(tokens::DESK_TYPE[1]).color(tokens::AMBER));
    }
    for (colour, text) in &legend.swatches {
        ui.horizontal(|ui| {
            swatch(ui, *colour);
            ui.label(RichText::new(text).size(tokens::DESK_TYPE[1]));
        });
    }
}

/// Two by two, or one alone.
fn pictures(ui: &mut Ui, world: &mut World) {
    let all = ui.max_rect();
    let large = world.resource::<Views>().large;
    let half = (all.size() - vec2(tokens::DESK_GAP, tokens::DESK_GAP)) * 0.5;
    for i in 0..if large.is_some() { NAMES.len() } else { TOGETHER } {
        let rect = match large {
            Some(l) if l == i => all,
            Some(_) => continue,
            None => {
                let step = half + vec2(tokens::DESK_GAP, tokens::DESK_GAP);
                let corner = all.min + vec2((i % 2) as f32, (i / 2) as f32) * step;
                egui::Rect::from_min_size(corner, half)
            }
        };
        picture::show(ui, world, i, rect, true);
    }
}
