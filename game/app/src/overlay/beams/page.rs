//! Spots as the beam sees them.

use super::{BeamsShow, Outlines, opening};
use crate::clinician_mode::review::{Transport, Wish};
use crate::now::{Case, Words};
use crate::overlay::widgets::{choice, mark, millimetres, plot_height, x_axis};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{RichText, Ui};
use egui_plot::{Line, Plot, PlotPoints, Points};
use vestibule_scenario::{DeliveryBeam, DeliverySpot};

/// Radii of spots by their monitor units: least to most, points.
const RADII: [f32; 4] = [1.2, 1.9, 2.7, 3.6];
/// How near the pointer must be to a spot to mean it, points.
const NEAR: f32 = 9.0;

pub(super) fn show(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let transport = world.resource::<Transport>().clone();
    if !transport.scanned()
        && let Some((case, at)) = opening::case(world)
    {
        opening::page(ui, world, &words, &case, at);
        return;
    }
    ui.heading(words.get("beams-title"));
    if transport.length_s <= 0.0 {
        ui.label(RichText::new(words.get("review-no-beam")).color(tokens::AMBER));
        return;
    }
    let delivery = transport.delivery.clone();
    let mut show = world.resource::<BeamsShow>().clone();
    show.beam = show.beam.min(delivery.beams.len() - 1);
    ui.horizontal(|ui| {
        ui.checkbox(&mut show.follow, words.get("beams-follow"));
    });
    choice(ui, "beam", &delivery.beams[show.beam].name, |ui| {
        for (i, b) in delivery.beams.iter().enumerate() {
            if ui.selectable_label(show.beam == i, &b.name).clicked() {
                (show.beam, show.layer, show.picked, show.follow) = (i, None, None, false);
            }
        }
    });
    let beam = &delivery.beams[show.beam];
    let start_s = transport.beams.get(show.beam).map_or(0.0, |b| b.1);
    layers(ui, &words, beam, start_s, &mut show);
    facts(ui, world, &words, beam, show.beam);
    let pointed = plot(ui, world, &show, beam, transport.time_s - start_s);
    if let Some((spot, true)) = pointed {
        (show.picked, show.follow) = (Some(spot), false);
        let to = Wish::GoTo(start_s + beam.spots[spot].start_s);
        world.resource_mut::<Transport>().wishes.push(to);
    }
    if let Some(spot) = pointed.map(|p| p.0).or(show.picked).and_then(|s| beam.spots.get(s)) {
        ui.label(RichText::new(sentence(&words, beam, spot, start_s)).color(tokens::AMBER));
    }
    if *world.resource::<BeamsShow>() != show {
        *world.resource_mut::<BeamsShow>() = show;
    }
}

/// One layer after the other, or all.
fn layers(ui: &mut Ui, words: &Words, beam: &DeliveryBeam, start_s: f64, show: &mut BeamsShow) {
    let count = beam.energies_mev.len();
    // what is said of a layer may take a second line: a row wider than the page would push all of it out of its panel
    ui.horizontal_wrapped(|ui| {
        let all = ui.selectable_label(show.layer.is_none(), words.get("beams-all"));
        mark(ui, "layers-all", &all);
        if all.clicked() {
            (show.layer, show.follow) = (None, false);
        }
        for (text, step) in [("◀", -1isize), ("▶", 1)] {
            let button = ui.button(text);
            mark(ui, if step < 0 { "layer-back" } else { "layer-on" }, &button);
            if button.clicked() {
                let layer = show.layer.map_or(0, |l| l.saturating_add_signed(step).min(count.saturating_sub(1)));
                (show.layer, show.follow, show.picked) = (Some(layer), false, None);
            }
        }
        if let Some(l) = show.layer {
            let energy = beam.energies_mev.get(l).copied().unwrap_or(0.0);
            ui.label(format!("{}/{count}   {energy:.1} MeV{}", l + 1, given(beam, l, start_s)));
        } else {
            let range = beam.energies_mev.iter().fold([f64::INFINITY, 0.0], |[a, b], e| [a.min(*e), b.max(*e)]);
            ui.label(format!("{count}   {:.1} – {:.1} MeV", range[0], range[1]));
        }
    });
}

/// What a layer gives in all, and when.
fn given(beam: &DeliveryBeam, layer: usize, start_s: f64) -> String {
    let spots = || beam.spots.iter().filter(move |s| s.layer == layer);
    let mu: f64 = spots().map(|s| s.mu).sum();
    let begin = spots().map(|s| s.start_s).fold(f64::INFINITY, f64::min);
    let end = spots().map(|s| s.start_s + s.length_s).fold(0.0, f64::max);
    if end < begin {
        return String::new(); // it has no spots
    }
    format!("   {mu:.1} MU   {:.1} – {:.1} s", start_s + begin, start_s + end)
}

/// What the plan says of this beam.
fn facts(ui: &mut Ui, world: &World, words: &Words, beam: &DeliveryBeam, at: usize) {
    let a = &beam.angles;
    let mu: f64 = beam.spots.iter().map(|s| s.mu).sum();
    let mut lines = vec![
        format!(
            "{} {:.0}°   {} {:.0}°",
            words.get("beams-gantry"),
            a.gantry_deg,
            words.get("beams-couch"),
            a.patient_support_deg
        ),
        format!("{} {}   {mu:.1} MU   {:.1} s", beam.spots.len(), words.get("beams-spots"), beam.length_s),
    ];
    let plan = world.get_resource::<Case>().and_then(|c| c.patient.plans.get(c.plan));
    if let Some(beam) = plan.and_then(|p| p.beams.get(at)) {
        let snout = beam.snout_position_mm.map(|mm| format!("{} {mm:.0} mm", words.get("beams-snout")));
        let shifters = beam.range_shifters.iter().map(|r| {
            let wet = r.water_equivalent_mm.map_or_else(String::new, |mm| format!(" ({mm:.1} mm H₂O)"));
            format!("{} {}{wet}", words.get("beams-shifter"), r.id)
        });
        lines.push(snout.into_iter().chain(shifters).collect::<Vec<_>>().join("   "));
    }
    for line in lines.iter().filter(|l| !l.is_empty()) {
        ui.label(RichText::new(line).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT));
    }
}

/// What one spot is.
fn sentence(words: &Words, beam: &DeliveryBeam, spot: &DeliverySpot, start_s: f64) -> String {
    let energy = beam.energies_mev.get(spot.layer).copied().unwrap_or(0.0);
    let [x, y] = spot.at_mm;
    format!(
        "{} {}   {energy:.2} MeV   {:.4} MU\nx {x:.1}   y {y:.1} mm   {:.3} s + {:.2} ms",
        words.get("beams-layer"),
        spot.layer + 1,
        spot.mu,
        start_s + spot.start_s,
        spot.length_s * 1e3
    )
}

/// The plot; gives the spot under the pointer, and whether it was pressed.
fn plot(ui: &mut Ui, world: &World, show: &BeamsShow, beam: &DeliveryBeam, time_s: f64) -> Option<(usize, bool)> {
    let seen: Vec<(usize, &DeliverySpot)> =
        beam.spots.iter().enumerate().filter(|(_, s)| show.layer.is_none_or(|l| l == s.layer)).collect();
    let most = seen.iter().map(|s| s.1.mu).fold(1e-9, f64::max);
    let size = |s: &DeliverySpot| ((s.mu / most).sqrt() * (RADII.len() - 1) as f64).round() as usize;
    let mut series = vec![Vec::new(); RADII.len() * 2];
    for (_, s) in &seen {
        let done = usize::from(s.start_s + s.length_s <= time_s);
        series[size(s).min(RADII.len() - 1) * 2 + done].push(s.at_mm);
    }
    let answer = Plot::new("beams-eye")
        .height(plot_height(ui, 0.9))
        .data_aspect(1.0)
        .custom_x_axes(x_axis("x IEC, mm"))
        .x_grid_spacer(millimetres())
        .y_grid_spacer(millimetres())
        .y_axis_label("y IEC, mm")
        .show_x(false)
        .show_y(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show(ui, |plot| {
            for (colour, points) in &world.resource::<Outlines>().list {
                let line = Line::new("", PlotPoints::from(points.clone()));
                plot.line(line.color(colour.gamma_multiply(0.55)).width(1.0).allow_hover(false));
            }
            for (i, points) in series.into_iter().enumerate().filter(|s| !s.1.is_empty()) {
                let colour = if i % 2 == 1 { tokens::DESK_MARK } else { tokens::FOG };
                let points = Points::new("", PlotPoints::from(points)).radius(RADII[i / 2]).color(colour);
                plot.points(points.allow_hover(false));
            }
            if let Some(spot) = show.picked.and_then(|p| beam.spots.get(p)) {
                let ring = Points::new("", PlotPoints::from(vec![spot.at_mm])).radius(7.0).filled(false);
                plot.points(ring.color(tokens::AMBER).allow_hover(false));
            }
        });
    mark(ui, "beams-eye", &answer.response);
    let at = answer.response.hover_pos()?;
    let far = |s: &DeliverySpot| {
        let p = answer.transform.position_from_point(&egui_plot::PlotPoint::new(s.at_mm[0], s.at_mm[1]));
        p.distance(at)
    };
    let near = seen.iter().map(|(i, s)| (*i, far(s))).min_by(|a, b| a.1.total_cmp(&b.1));
    near.filter(|n| n.1 < NEAR).map(|n| (n.0, answer.response.clicked()))
}
