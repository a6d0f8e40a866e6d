//! Both histograms as curves, and their figures beside one another.

use super::{Compared, names};
use crate::now::Words;
use crate::overlay::dose::DoseShow;
use crate::overlay::structures::Structures;
use crate::overlay::widgets::{plot_height, signed, swatch_text, x_axis};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use egui_plot::{Line, LineStyle, Plot, PlotPoints};
use vestibule_dose::Dvh;

/// Points of a curve.
const POINTS: usize = 160;
/// Height of the plot, share of its width.
const SHAPE: f32 = 0.8;
/// Length of a dash of the other dose's curves, points.
const DASH: f32 = 7.0;

pub(super) fn show(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("overlay-compare"));
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let c = world.resource::<Compared>();
    if let Some(why) = c.refused {
        ui.label(RichText::new(words.get(why)).color(tokens::AMBER));
        return;
    }
    let (Some(found), Some([shown, other])) = (&c.found, names(world)) else {
        ui.label(small(words.get("compare-coming")).color(tokens::DESK_SOFT));
        return;
    };
    ui.label(small(format!("A ——  {shown}\nB - - -  {other}")).color(tokens::DESK_SOFT));
    let factor = world.resource::<DoseShow>().factor();
    let reference = world.resource::<DoseShow>().reference_gy;
    let list = &world.resource::<Structures>().list;
    let rows: Vec<_> = found.rows.iter().filter_map(|(at, r)| list.get(*at).map(|e| (e, r))).collect();
    let curve = |dvh: &Dvh| -> Vec<[f64; 2]> {
        let point = |i: usize| {
            let share = i as f64 / (POINTS - 1) as f64;
            [dvh.d_at_fraction(share) * factor, share * 100.0]
        };
        (0..POINTS).map(point).chain([[0.0, 100.0]]).collect()
    };
    Plot::new("compare")
        .height(plot_height(ui, SHAPE))
        .include_x(0.0)
        .include_x(reference * 1.1)
        .include_y(0.0)
        .include_y(100.0)
        .custom_x_axes(x_axis("Gy"))
        .y_axis_label("%")
        .show(ui, |plot| {
            for (entry, dvhs) in rows.iter().filter_map(|(e, r)| Some((e, r.as_ref().ok()?))) {
                for (dvh, style) in dvhs.iter().zip([LineStyle::Solid, LineStyle::Dashed { length: DASH }]) {
                    let line = Line::new(entry.name.clone(), PlotPoints::from(curve(dvh)));
                    plot.line(line.color(entry.colour).width(2.0).style(style));
                }
            }
        });
    ui.add_space(6.0);
    let swatches = super::legend(world).swatches;
    let [low, high] = found.range_gy.map(|v| v * factor);
    ui.label(small(format!("B − A: {low:+.2} … {high:+.2} Gy")));
    ui.horizontal_wrapped(|ui| {
        for (colour, text) in swatches {
            // the unit stands in the line above
            swatch_text(ui, colour, small(text.trim_end_matches(" Gy").to_owned()));
        }
    });
    egui::Grid::new("compared").num_columns(7).striped(true).spacing([9.0, 3.0]).show(ui, |ui| {
        for head in ["", "D95 A", "B − A", "D2 A", "B − A", &format!("{} A", words.get("charts-mean")), "B − A"] {
            ui.label(small(head.to_owned()).color(tokens::DESK_SOFT));
        }
        ui.end_row();
        for (entry, dvhs) in &rows {
            ui.label(small(entry.name.clone()).color(entry.colour));
            match dvhs {
                Ok([a, b]) => {
                    for (a, b) in [(a.d95, b.d95), (a.d2, b.d2), (a.mean, b.mean)] {
                        ui.label(small(format!("{:.2}", a * factor)));
                        ui.label(small(signed((b - a) * factor)));
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
