//! The histogram as curves, and its figures as a table.

use super::{Charts, named};
use crate::now::{Case, Words};
use crate::overlay::dose::{DoseShow, title};
use crate::overlay::widgets::{plot_height, x_axis};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use egui_plot::{Line, Plot, PlotPoints};

/// Points of a curve.
const POINTS: usize = 160;
/// Height of the plot, share of its width.
const SHAPE: f32 = 0.8;

pub(super) fn show(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("charts-dvh"));
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    {
        let (show, case) = (world.resource::<DoseShow>(), world.get_resource::<Case>());
        if let Some(case) = case {
            let dose = match show.source {
                crate::overlay::dose::Source::Live => None,
                crate::overlay::dose::Source::Stored(i) => case.patient.doses.get(i),
            };
            let line = format!("{} · {}", title(&words, case, show.source), words.get(show.kind(dose)));
            ui.label(small(line).color(tokens::DESK_SOFT));
        }
    }
    if let Some(why) = world.resource::<Charts>().none {
        ui.label(RichText::new(words.get(why)).color(tokens::AMBER));
        return;
    }
    let factor = world.resource::<DoseShow>().factor();
    let reference = world.resource::<DoseShow>().reference_gy;
    let charts = world.resource::<Charts>();
    let mut curves = Vec::new();
    let mut rows = Vec::new();
    for (at, histogram) in &charts.list {
        let Some((name, colour)) = named(world, *at) else { continue };
        if let Ok(dvh) = histogram {
            let point = |i: usize| {
                let share = i as f64 / (POINTS - 1) as f64;
                [dvh.d_at_fraction(share) * factor, share * 100.0]
            };
            // from no dose at all, which everything has, down to the highest
            let points: Vec<[f64; 2]> = (0..POINTS).map(point).chain([[0.0, 100.0]]).collect();
            curves.push((name.clone(), colour, points));
        }
        rows.push((name, colour, histogram.clone()));
    }
    Plot::new("dvh")
        .height(plot_height(ui, SHAPE))
        .include_x(0.0)
        .include_x(reference * 1.1)
        .include_y(0.0)
        .include_y(100.0)
        .custom_x_axes(x_axis("Gy"))
        .y_axis_label("%")
        .show(ui, |plot| {
            for (name, colour, points) in curves {
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(2.0));
            }
        });
    ui.add_space(6.0);
    egui::Grid::new("figures").num_columns(6).striped(true).spacing([10.0, 3.0]).show(ui, |ui| {
        for head in ["", "D98", "D95", "D50", "D2", &words.get("charts-mean")] {
            ui.label(small(head.to_owned()).color(tokens::DESK_SOFT));
        }
        ui.end_row();
        for (name, colour, histogram) in rows {
            ui.label(small(name).color(colour));
            match histogram {
                Ok(dvh) => {
                    for gray in [dvh.d98, dvh.d95, dvh.d50, dvh.d2, dvh.mean] {
                        ui.label(small(format!("{:.2}", gray * factor)));
                    }
                }
                Err(why) => {
                    ui.label(small("–".to_owned())).on_hover_text(why);
                }
            }
            ui.end_row();
        }
    });
}
