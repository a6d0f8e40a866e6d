//! One picture of the desk: what its camera sees, letters of the orientation, the cross at the point, a scale; and the mouse in it.

use super::held::{Held, held};
use super::views::{NAMES, Shows, Views};
use crate::now::{Case, Words};
use crate::overlay::slices::{Viewing, plane_key};
use crate::overlay::widgets::{coarse, mark};
use crate::overlay::{Cuts, Family, Fields, measure};
use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Align2, Color32, FontFamily, FontId, Rect, Response, Sense, Stroke, Ui, pos2, vec2};
use bevy_egui::{EguiTextureHandle, EguiUserTextures};
use vestibule_geometry::{AnatomicalPlane, letter};

/// Points of scrolling that make one step to the next slice.
const STEP: f32 = 24.0;
/// Slices of a page of scrolling.
const PAGE: f32 = 10.0;
/// Gap of the cross round the point, points.
const GAP: f32 = 10.0;
/// Length of the scale, mm, the longest that takes less than a third of the picture.
const SCALES: [f64; 6] = [200.0, 100.0, 50.0, 20.0, 10.0, 5.0];

/// `owner`: the picture takes the size of this place; else it is shown here as large as it fits, by who looks over a shoulder.
pub(super) fn show(ui: &mut Ui, world: &mut World, index: usize, rect: Rect, owner: bool) {
    let mut scale = f64::from(ui.ctx().pixels_per_point());
    let mut rect = rect;
    let (image, shows) = {
        let mut views = world.resource_mut::<Views>();
        let view = &mut views.list[index];
        let size = UVec2::new(
            (f64::from(rect.width()) * scale).round().clamp(1.0, 8192.0) as u32,
            (f64::from(rect.height()) * scale).round().clamp(1.0, 8192.0) as u32,
        );
        if !owner {
            let has = vec2(view.size.x.max(1) as f32, view.size.y.max(1) as f32);
            let fit = (rect.width() / has.x).min(rect.height() / has.y);
            rect = Rect::from_center_size(rect.center(), has * fit);
            scale = 1.0 / f64::from(fit);
        } else if view.size != size {
            view.size = size;
        }
        (view.image.clone(), view.shows)
    };
    let texture = world.resource_mut::<EguiUserTextures>().add_image(EguiTextureHandle::Strong(image));
    let response = ui.interact(rect, ui.id().with(("picture", index)), Sense::click_and_drag());
    mark(ui, NAMES[index].0, &response);
    let painter = ui.painter().with_clip_rect(rect);
    painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    match shows {
        Shows::Room => room(ui, world, &response),
        Shows::Plane(_) | Shows::Slant => mouse(ui, world, index, &response, scale),
    }
    if response.double_clicked() {
        let mut views = world.resource_mut::<Views>();
        views.large = if views.large.is_some() { None } else { Some(index) };
    }
    let (mut at, mut free) = (rect.left_top() + vec2(10.0, 8.0), rect.top() + 6.0);
    let titles = titles(world, index);
    let mut places = Vec::new();
    for (text, size, colour) in &titles {
        let font = FontId::new(*size, FontFamily::Name(BOLD.into()));
        let wide = painter.layout_no_wrap(text.clone(), font, *colour).size().x;
        places.push(at);
        at.y += size * 1.4;
        // in a narrow picture a title reaches the letter of the direction, which then stands below it
        if at.x + wide > rect.center().x - tokens::DESK_TYPE[3] {
            free = at.y;
        }
    }
    if shows != Shows::Room {
        marks(world, index, &painter, rect, scale, free);
    }
    for ((text, size, colour), at) in titles.iter().zip(places) {
        shadowed(&painter, at, Align2::LEFT_TOP, text, *size, *colour);
    }
}

/// What a picture shows, and that it is coarser than the data where it is: text, size and colour.
fn titles(world: &World, index: usize) -> Vec<(String, f32, Color32)> {
    let Some(words) = world.get_resource::<Words>() else { return Vec::new() };
    let name = match world.resource::<Views>().list[index].shows {
        Shows::Room => words.get("view-room"),
        Shows::Slant => words.get("plane-slant"),
        Shows::Plane(plane) => {
            let at = world.resource::<Cuts>().at[plane.across()];
            let mut out = nalgebra::Vector3::zeros();
            out[plane.across()] = at;
            let side = if at == 0.0 { ' ' } else { letter(&out) };
            let label = world.resource::<Views>().list[index].label;
            let apart = if label.is_empty() { "" } else { "   " };
            format!("{label}{apart}{}  {side} {:.1} mm", words.get(plane_key(plane)), at.abs())
        }
    };
    let coarser = coarser(world, words).map(|notice| (notice, tokens::DESK_TYPE[1], tokens::AMBER));
    [(name, tokens::DESK_TYPE[0], tokens::DESK_TEXT)].into_iter().chain(coarser).collect()
}

/// What is seen is coarser than the data: not all of it is there yet, or the card takes no more.
fn coarser(world: &World, words: &Words) -> Option<String> {
    let image = world.resource::<Viewing>().image;
    let image = world.get_resource::<Case>().and_then(|c| c.patient.images.get(image?));
    let yet = image.and_then(|i| i.coarse).map(|size| ("slices-coarse-yet", size));
    let fields = world.resource::<Fields>();
    let shown = [&fields.image, &fields.other, &fields.dose];
    let card = shown.into_iter().flatten().find_map(|f| f.coarser).map(|size| ("overlay-coarser", size));
    yet.or(card).map(|(key, size)| coarse(words, key, size))
}

/// Text that is read on light and dark.
fn shadowed(painter: &egui::Painter, at: egui::Pos2, align: Align2, text: &str, size: f32, colour: Color32) {
    let font = FontId::new(size, FontFamily::Name(BOLD.into()));
    for off in [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(-1.0, -1.0)] {
        painter.text(at + off, align, text, font.clone(), tokens::DESK_PICTURE);
    }
    painter.text(at, align, text, font, colour);
}

fn room(ui: &Ui, world: &mut World, response: &Response) {
    let scroll = ui.input(|i| i.smooth_scroll_delta.y);
    show_ray(ui, world, response);
    let [left, right, middle] = held(ui, response);
    let mut views = world.resource_mut::<Views>();
    if ui.input(|i| i.modifiers.shift) {
        return; // who shows something does not turn
    }
    if let Some(Held { by, .. }) = left {
        views.orbit.drag(Vec2::new(by.x, by.y));
    } else if let Some(Held { by, .. }) = right.or(middle) {
        views.orbit.shift(Vec2::new(by.x, by.y));
    }
    if response.hovered() && scroll != 0.0 {
        views.orbit.zoom((scroll * 0.004).exp());
    }
}

/// With Shift the mouse shows: who wears the headset sees a ray to where it points.
fn show_ray(ui: &Ui, world: &mut World, response: &Response) {
    let at = response.hover_pos().filter(|_| ui.input(|i| i.modifiers.shift));
    let size = response.rect.size();
    let share = at.map(|p| (p - response.rect.min) / size).map(|s| Vec2::new(s.x, s.y));
    if let Some(mut shown) = world.get_resource_mut::<super::shown::Shown>() {
        shown.at = share;
    }
}

fn mouse(ui: &Ui, world: &mut World, index: usize, response: &Response, scale: f64) {
    let [left, right, middle] = held(ui, response);
    if let Some(Held { at, .. }) = left {
        let at = (at - response.rect.min) * scale as f32;
        let point = {
            let (views, cuts) = (world.resource::<Views>(), world.resource::<Cuts>());
            views.list[index].point(cuts, [f64::from(at.x), f64::from(at.y)])
        };
        if let Some(point) = point {
            world.resource_mut::<Cuts>().go(point);
        }
    } else if let Some(Held { by, .. }) = right {
        let [centre, width] = &mut world.resource_mut::<Viewing>().window;
        *width = (*width * f64::from(by.x * 0.004).exp()).clamp(1e-3, 1e6);
        *centre += f64::from(by.y) * *width * 0.003;
    } else if let Some(Held { by, .. }) = middle {
        let mm = world.resource::<Views>().list[index].scale(world.resource::<Cuts>());
        let view = &mut world.resource_mut::<Views>().list[index];
        view.pan_mm[0] -= f64::from(by.x) * scale * mm;
        view.pan_mm[1] += f64::from(by.y) * scale * mm;
    }
    if !response.hovered() {
        return;
    }
    let (scrolled, zoom) = ui.input(|i| (slices_scrolled(i), i.zoom_delta()));
    if zoom != 1.0 {
        let cuts = world.resource::<Cuts>().clone();
        let mut views = world.resource_mut::<Views>();
        let view = &mut views.list[index];
        view.mm_per_pixel = Some((view.scale(&cuts) / f64::from(zoom)).clamp(0.02, 10.0));
    } else if scrolled != 0.0 {
        let id = response.id.with("scrolled");
        let all = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0) + scrolled;
        let steps = all.trunc();
        ui.data_mut(|d| d.insert_temp(id, all - steps));
        let shows = world.resource::<Views>().list[index].shows;
        if let (Shows::Plane(plane), true) = (shows, steps != 0.0) {
            let slice_mm = slice_mm(world, plane);
            let mut cuts = world.resource_mut::<Cuts>();
            let mut to = cuts.at;
            to[plane.across()] += f64::from(steps) * slice_mm;
            cuts.go(to);
        }
    }
}

/// How many slices the wheel asks for in this pass: a notch is one, whatever egui makes of it for lists, and a fine wheel has parts of one.
fn slices_scrolled(input: &egui::InputState) -> f32 {
    let of = |event: &egui::Event| match event {
        egui::Event::MouseWheel { unit, delta, .. } => match unit {
            egui::MouseWheelUnit::Line => delta.y,
            egui::MouseWheelUnit::Point => delta.y / STEP,
            egui::MouseWheelUnit::Page => delta.y * PAGE,
        },
        _ => 0.0,
    };
    input.events.iter().map(of).sum()
}

/// From one slice of the image to the next, across this plane, mm.
pub(super) fn slice_mm(world: &World, plane: AnatomicalPlane) -> f64 {
    let image = world.resource::<Viewing>().image;
    let grid = world.get_resource::<Case>().and_then(|c| c.patient.images.get(image?)).map(|i| &i.volume.grid);
    let Some(grid) = grid else { return 1.0 };
    // the grid's own axis that runs most across the plane
    let along =
        (0..3).max_by(|a, b| grid.axes[(plane.across(), *a)].abs().total_cmp(&grid.axes[(plane.across(), *b)].abs()));
    grid.spacing_mm[along.unwrap_or(2)]
}

/// `free`: from where on, downwards, nothing is written in the middle.
fn marks(world: &World, index: usize, painter: &egui::Painter, rect: Rect, scale: f64, free: f32) {
    let (views, cuts) = (world.resource::<Views>(), world.resource::<Cuts>());
    let view = &views.list[index];
    let Some(frame) = view.frame(cuts) else { return };
    let [right, up, _] = frame.directions();
    let big = tokens::DESK_TYPE[3];
    for (at, align, way) in [
        (rect.left_center() + vec2(8.0, 0.0), Align2::LEFT_CENTER, -right),
        (rect.right_center() - vec2(8.0, 0.0), Align2::RIGHT_CENTER, right),
        (pos2(rect.center().x, free), Align2::CENTER_TOP, up),
        (rect.center_bottom() - vec2(0.0, 6.0), Align2::CENTER_BOTTOM, -up),
    ] {
        shadowed(painter, at, align, &letter(&way).to_string(), big, tokens::DESK_TEXT);
    }
    if let Some([x, y]) = view.pixel(cuts, &cuts.at) {
        let at = rect.min + vec2((x / scale) as f32, (y / scale) as f32);
        let line = Stroke::new(1.0, tokens::DESK_MARK.gamma_multiply(0.75));
        painter.hline(rect.left()..=at.x - GAP, at.y, line);
        painter.hline(at.x + GAP..=rect.right(), at.y, line);
        painter.vline(at.x, rect.top()..=at.y - GAP, line);
        painter.vline(at.x, at.y + GAP..=rect.bottom(), line);
    }
    measured(world, view, cuts, painter, rect, scale);
    let points_per_mm = 1.0 / (view.scale(cuts) * scale);
    let fits = |mm: &f64| mm * points_per_mm < f64::from(rect.width()) / 3.0;
    if let Some(mm) = SCALES.into_iter().find(fits) {
        let length = (mm * points_per_mm) as f32;
        let end = rect.right_bottom() - vec2(14.0, 14.0);
        let line = Stroke::new(2.0, tokens::DESK_TEXT);
        painter.line_segment([end - vec2(length, 0.0), end], line);
        for x in [0.0, length] {
            painter.line_segment([end - vec2(x, 4.0), end - vec2(x, -4.0)], line);
        }
        shadowed(
            painter,
            end - vec2(length * 0.5, 6.0),
            Align2::CENTER_BOTTOM,
            &format!("{mm:.0} mm"),
            tokens::DESK_TYPE[1],
            tokens::DESK_TEXT,
        );
    }
}

/// Points that were set for measuring, and the way from one to the next, as they lie in front of or behind the plane.
fn measured(world: &World, view: &super::views::View, cuts: &Cuts, painter: &egui::Painter, rect: Rect, scale: f64) {
    if !world.resource::<Family>().on(measure::ID) {
        return;
    }
    let points = &world.resource::<measure::Measure>().points;
    let on: Vec<_> = points
        .iter()
        .filter_map(|p| view.pixel(cuts, p))
        .map(|[x, y]| rect.min + vec2((x / scale) as f32, (y / scale) as f32))
        .collect();
    for pair in on.windows(2) {
        painter.line_segment([pair[0], pair[1]], Stroke::new(1.5, tokens::AMBER));
    }
    for at in on {
        painter.circle(at, 3.5, tokens::DESK_PICTURE, Stroke::new(1.5, tokens::AMBER));
    }
}
