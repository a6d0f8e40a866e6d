//! The ray as curves over depth in the patient.

use super::Along;
use crate::now::Words;
use crate::overlay::Cuts;
use crate::overlay::dose::DoseShow;
use crate::overlay::widgets::{plot_height, x_axis};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{RichText, Ui};
use egui_plot::{Legend, Line, Plot, PlotPoints, VLine};

/// Height of a plot, share of its width.
const SHAPE: f32 = 0.5;

pub(super) fn show(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("overlay-along"));
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let along = world.resource::<Along>();
    if let Some(Err(why)) = &along.probe {
        ui.label(RichText::new(why).color(tokens::AMBER));
        return;
    }
    let ray = match &along.ray {
        None => {
            ui.label(small(words.get("compare-coming")).color(tokens::DESK_SOFT));
            return;
        }
        Some(Err(why)) => {
            ui.label(RichText::new(why).color(tokens::AMBER));
            return;
        }
        Some(Ok(ray)) => ray,
    };
    let Some(entry) = ray.entry else {
        ui.label(RichText::new(words.get("along-misses")).color(tokens::AMBER));
        return;
    };
    let factor = world.resource::<DoseShow>().factor();
    let cross = (world.resource::<Cuts>().at - ray.start).dot(&ray.direction);
    let from = entry.depth_mm;
    let water = |mm: f64| ray.water_at(mm) - entry.water_mm;
    let mut lines = vec![format!("{}   {:.1} mm   {:.1} mm H₂O", words.get("along-cross"), cross - from, water(cross))];
    let bragg = along.bragg.as_ref();
    match bragg {
        Some(Ok(b)) => {
            let before =
                if along.before_mm > 0.0 { format!(" + {:.1} mm H₂O", along.before_mm) } else { String::new() };
            let stop = match b.r80_depth_mm {
                Some(mm) => format!("{:.1} mm   ({:+.1} mm {})", mm - from, mm - cross, words.get("along-behind")),
                None => words.get("along-through"),
            };
            lines.push(format!("{:.1} MeV{before}   R80 {:.1} mm H₂O = {stop}", along.energy_mev, b.r80_water_mm));
        }
        Some(Err(why)) => lines.push(why.clone()),
        None => {}
    }
    for line in lines {
        ui.label(small(line));
    }
    let inside: Vec<_> = ray.samples.iter().filter(|s| s.far_mm >= from).collect();
    let middle = |s: &vestibule_dose::along::RaySample| 0.5 * (s.near_mm + s.far_mm) - from;
    let dose: Vec<[f64; 2]> = inside.iter().filter_map(|s| Some([middle(s), s.dose? * factor])).collect();
    let highest = dose.iter().map(|p| p[1]).fold(0.0, f64::max);
    let to = inside.last().map_or(0.0, |s| s.far_mm - from);
    let height = plot_height(ui, SHAPE);
    let plot = |id: &str, unit: &str| {
        Plot::new(id.to_owned())
            .height(height)
            .include_x(0.0)
            .include_x(to)
            .include_y(0.0)
            .custom_x_axes(x_axis("mm"))
            .y_axis_label(unit.to_owned())
            .legend(Legend::default())
            .link_axis("along", [true, false])
            .allow_scroll(false)
    };
    plot("along-dose", "Gy").show(ui, |plot| {
        plot.line(Line::new(words.get("overlay-dose"), PlotPoints::from(dose)).color(tokens::AMBER).width(2.0));
        if let Some(Ok(b)) = bragg {
            // on the dose's own scale, its peak as high as the highest dose
            let scale = if highest > 0.0 { highest / 100.0 } else { 0.01 };
            let points: Vec<[f64; 2]> = b.points.iter().map(|p| [p.depth_mm - from, p.percent * scale]).collect();
            let line = Line::new(format!("{:.1} MeV", along.energy_mev), PlotPoints::from(points));
            plot.line(line.color(tokens::LASER_LINE).width(1.5));
        }
        plot.vline(VLine::new("", cross - from).color(tokens::DESK_MARK).width(1.0));
    });
    plot("along-water", "mm H₂O · RSP").show(ui, |plot| {
        let water: Vec<[f64; 2]> = inside.iter().map(|s| [s.far_mm - from, s.water_mm - entry.water_mm]).collect();
        plot.line(Line::new("mm H₂O", PlotPoints::from(water)).color(tokens::DESK_TEXT).width(2.0));
        // stopping power in hundredths, to be seen beside depths
        let steps =
            inside.iter().flat_map(|s| [s.near_mm, s.far_mm].map(|d| [d - from, s.relative_stopping_power * 100.0]));
        let line = Line::new("RSP × 100", PlotPoints::from(steps.collect::<Vec<_>>()));
        plot.line(line.color(tokens::FOG).width(1.0));
        plot.vline(VLine::new("", cross - from).color(tokens::DESK_MARK).width(1.0));
    });
}
