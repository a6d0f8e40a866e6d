//! Which transfer function, its curve, what is cut away.

use super::transfer::{PRESETS, Stop, at, range};
use super::{Clip, OTHER, VolumeShow};
use crate::now::{Case, Words};
use crate::overlay::slices::{Slant, Viewing, plane_key};
use crate::overlay::widgets::{mark, word};
use crate::placing::Hands;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Color32, Rgba, RichText, Stroke, Ui, pos2, vec2};
use vestibule_geometry::AnatomicalPlane;
use vestibule_patient::Modality;

/// Height of the curve, points, and the opacity at its top.
const CURVE: f32 = 72.0;
const TOP: f32 = 0.8;
/// Radius of a point on it.
const POINT: f32 = 5.0;

pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let image = world.resource::<Viewing>().image;
    let ct = world
        .get_resource::<Case>()
        .and_then(|c| c.patient.images.get(image?))
        .is_none_or(|i| i.modality == Modality::Ct);
    let mut show = world.resource::<VolumeShow>().clone();
    ui.horizontal_wrapped(|ui| {
        for (i, (name, _)) in PRESETS.iter().enumerate().filter(|(i, _)| ct != (*i == OTHER)) {
            if ui.selectable_label(show.preset == i, word(&words, "volume", name)).clicked() {
                show.choose(i);
            }
        }
    });
    curve(ui, &mut show, &words);
    ui.add(
        egui::Slider::new(&mut show.density, 0.1..=4.0)
            .logarithmic(true)
            .show_value(false)
            .text(words.get("volume-density")),
    );
    ui.add(egui::Slider::new(&mut show.hollow, 0.0..=1.0).show_value(false).text(words.get("volume-hollow")));
    let dose = ui.add(egui::Slider::new(&mut show.dose, 0.0..=1.0).show_value(false).text(words.get("overlay-dose")));
    mark(ui, "volume-dose", &dose);
    ui.horizontal_wrapped(|ui| {
        ui.label(words.get("volume-clip"));
        ui.selectable_value(&mut show.clip, Clip::Nothing, words.get("slices-nothing"));
        ui.selectable_value(&mut show.clip, Clip::Octant, words.get("volume-octant"));
        for plane in AnatomicalPlane::ALL {
            let on = matches!(show.clip, Clip::Plane(p, _) if p == plane);
            if ui.selectable_label(on, words.get(plane_key(plane))).clicked() {
                // once more: the other side
                show.clip = Clip::Plane(plane, on && !matches!(show.clip, Clip::Plane(_, true)));
            }
        }
        let askew = ui.selectable_label(matches!(show.clip, Clip::Askew(_)), words.get("plane-slant"));
        mark(ui, "volume-askew", &askew);
        if askew.clicked() {
            show.clip = Clip::Askew(show.clip == Clip::Askew(false));
            stand_askew(world);
        }
        ui.selectable_value(&mut show.clip, Clip::Beam, words.get("volume-beam"));
    });
    if show.clip == Clip::Beam {
        ui.add(egui::Slider::new(&mut show.radius_mm, 5.0..=120.0).suffix(" mm"));
    }
    ui.collapsing(words.get("volume-box"), |ui| {
        ui.checkbox(&mut show.body_only, words.get("volume-body"));
        for (a, letters) in ["R – L", "A – P", "I – S"].into_iter().enumerate() {
            ui.horizontal(|ui| {
                ui.label(letters);
                let [low, high] = &mut show.inside[a];
                ui.add(egui::Slider::new(low, 0.0..=1.0).show_value(false));
                ui.add(egui::Slider::new(high, 0.0..=1.0).show_value(false));
                *high = high.max(*low + 0.01);
            });
        }
    });
    if *world.resource::<VolumeShow>() != show {
        *world.resource_mut::<VolumeShow>() = show;
    }
}

/// Who cuts by the plane that stands askew, and has none, gets one: in the hand where there are hands.
fn stand_askew(world: &mut World) {
    let slant = if world.contains_resource::<Hands>() { Slant::Hand } else { Slant::Angles(45.0, 0.0) };
    let mut viewing = world.resource_mut::<Viewing>();
    if viewing.slant == Slant::Nothing {
        viewing.slant = slant;
    }
}

/// The transfer function as a curve whose points can be dragged: to the side the value, up the opacity. A double click beside them makes
/// one more; the one that was touched last has its colour below, and can be taken away.
fn curve(ui: &mut Ui, show: &mut VolumeShow, words: &Words) {
    let [low, high] = range(&show.stops);
    let (rect, ground) = ui.allocate_exact_size(vec2(ui.available_width(), CURVE), egui::Sense::click());
    mark(ui, "volume-curve", &ground);
    let room = rect.shrink(POINT + 1.0);
    let x = |value: f64| room.left() + ((value - low) / (high - low)) as f32 * room.width();
    let y = |alpha: f32| room.bottom() - (alpha / TOP).clamp(0.0, 1.0).sqrt() * room.height();
    let value = |p: egui::Pos2| low + f64::from((p.x - room.left()) / room.width()) * (high - low);
    let alpha = |p: egui::Pos2| ((room.bottom() - p.y) / room.height()).clamp(0.0, 1.0).powi(2) * TOP;
    let id = ground.id.with("touched");
    let mut touched = ui.data(|d| d.get_temp::<usize>(id)).filter(|i| *i < show.stops.len());
    if let Some(p) = ground.double_clicked().then(|| ground.interact_pointer_pos()).flatten() {
        touched = add(&mut show.stops, value(p), alpha(p)).or(touched);
    }
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::SWATCH_ROUND, tokens::DESK);
    let at: Vec<_> = show.stops.iter().map(|s| pos2(x(s.value), y(s.alpha))).collect();
    for pair in at.windows(2) {
        painter.line_segment([pair[0], pair[1]], Stroke::new(1.5, tokens::DESK_SOFT));
    }
    for (i, at) in at.into_iter().enumerate() {
        let grab = egui::Rect::from_center_size(at, vec2(POINT, POINT) * 3.0);
        let point = ui.interact(grab, ui.id().with(("stop", i)), egui::Sense::drag());
        let [r, g, b] = show.stops[i].colour;
        let colour = Color32::from(Rgba::from_rgb(r, g, b));
        let lit = point.hovered() || point.dragged() || touched == Some(i);
        painter.circle(at, POINT, colour, Stroke::new(1.5, if lit { tokens::AMBER } else { tokens::DESK_TEXT }));
        if point.dragged()
            && let Some(p) = point.interact_pointer_pos()
        {
            touched = Some(i);
            let below = if i > 0 { show.stops[i - 1].value } else { f64::NEG_INFINITY };
            let above = show.stops.get(i + 1).map_or(f64::INFINITY, |s| s.value);
            let least = (high - low) * 1e-3;
            let stop = &mut show.stops[i];
            // the ends keep the range, so that the curve does not run away under the hand
            if below.is_finite() && above.is_finite() {
                stop.value = value(p).clamp(below + least, above - least);
            }
            stop.alpha = alpha(p);
        }
        point.on_hover_text(format!("{:.0}   {:.3} / mm", show.stops[i].value, show.stops[i].alpha));
    }
    ui.horizontal(|ui| match touched {
        Some(i) => {
            let stop = &mut show.stops[i];
            ui.color_edit_button_rgb(&mut stop.colour);
            ui.label(RichText::new(format!("{:.0}   {:.3} / mm", stop.value, stop.alpha)).size(tokens::DESK_TYPE[1]));
            let between = i > 0 && i + 1 < show.stops.len();
            let away = ui.add_enabled(between, egui::Button::new(words.get("volume-point-away")).small());
            mark(ui, "volume-point-away", &away);
            if away.clicked() {
                show.stops.remove(i);
                touched = None;
            }
        }
        None => {
            let hint = RichText::new(words.get("volume-point-more")).size(tokens::DESK_TYPE[1]);
            ui.label(hint.color(tokens::DESK_SOFT));
        }
    });
    ui.data_mut(|d| match touched {
        Some(i) => drop(d.insert_temp(id, i)),
        None => d.remove::<usize>(id),
    });
}

/// Another point between the ends, in the colour that is there; gives its place. None: it would lie on another one, or beyond the ends.
fn add(stops: &mut Vec<Stop>, value: f64, alpha: f32) -> Option<usize> {
    let [low, high] = range(stops);
    let near = |s: &Stop| (s.value - value).abs() < (high - low) * 1e-3;
    if !(low..=high).contains(&value) || stops.iter().any(near) {
        return None;
    }
    let place = stops.iter().position(|s| s.value > value)?;
    let [r, g, b, _] = at(stops, value);
    stops.insert(place, Stop { value, colour: [r, g, b], alpha });
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_point_keeps_the_order_and_the_colour_there() {
        let stop = |value, red| Stop { value, colour: [red, 0.0, 0.0], alpha: 0.1 };
        let mut stops = vec![stop(0.0, 0.0), stop(100.0, 1.0)];
        assert_eq!(add(&mut stops, 25.0, 0.3), Some(1));
        assert_eq!((stops[1].value, stops[1].colour[0], stops[1].alpha), (25.0, 0.25, 0.3));
        // none on another, none beyond the ends
        assert_eq!([25.0, 0.0, -1.0, 101.0].map(|v| add(&mut stops, v, 0.3)), [None; 4]);
        assert!(stops.windows(2).all(|w| w[0].value < w[1].value) && stops.len() == 3);
    }
}
