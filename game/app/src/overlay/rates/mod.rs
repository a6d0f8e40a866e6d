//! Dose rate of each beam in each structure that is shown, as a histogram: worked out when somebody asks, with progress, and stopped
//! when they say so.

use super::asked::{self, Asked};
use super::structures::Structures;
use super::widgets::{choice, plot_height, x_axis};
use super::{Legend, Overlay, join};
use crate::now::{Case, Engine, Words};
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use egui_plot::{Line, Plot, PlotPoints};
use vestibule_dose::rate::RateCurves;
use vestibule_dose::{DoseFloor, DoseRateMetric, RateError};

/// Name in the family.
pub const ID: &str = "rates";
/// Doses below this share of a beam's largest have no rate, percent.
const FLOOR_PERCENT: f64 = 10.0;

#[derive(Resource)]
struct Rates {
    metric: DoseRateMetric,
    beam: usize,
    made: Option<(Vec<usize>, Result<RateCurves, String>)>,
    /// And the structures that it is of.
    coming: Option<(Vec<usize>, Asked<Result<RateCurves, RateError>>)>,
}

/// Dose rates; off until somebody wants them.
pub fn plugin(app: &mut App) {
    join(app, Overlay::page(ID, legend, page));
    let metric = DoseRateMetric::Pbs { threshold_gy: 0.01 };
    app.insert_resource(Rates { metric, beam: 0, made: None, coming: None }).add_systems(Update, come);
}

fn come(mut rates: ResMut<Rates>) {
    let r = rates.bypass_change_detection();
    let Some((of, running)) = &mut r.coming else { return };
    if let Some(made) = running.come() {
        let of = std::mem::take(of);
        r.coming = None;
        if !matches!(made, Err(RateError::Cancelled)) {
            r.made = Some((of, made.map_err(|e| e.to_string())));
        }
    }
}

fn start(world: &mut World) {
    let (Some(case), Some(engine)) =
        (world.get_resource::<Case>().cloned(), world.resource::<Engine>().0.protons().cloned())
    else {
        return;
    };
    let structures = world.resource::<Structures>();
    let Some(set) = structures.set() else { return };
    let shown = structures.shown();
    let metric = world.resource::<Rates>().metric;
    let indices: Vec<usize> = shown.iter().map(|s| s.1).collect();
    let asked = Asked::begin(move |stop, told| {
        let contours: Vec<_> =
            indices.iter().map(|i| &case.patient.structure_sets[set].structures[*i].contours[..]).collect();
        let floor = DoseFloor::PercentOfMaximum(FLOOR_PERCENT);
        RateCurves::new(&engine.dose, &engine.timeline, &contours, metric, floor, stop, told)
    });
    let of = shown.iter().map(|s| s.0).collect();
    world.resource_mut::<Rates>().coming = Some((of, asked));
}

fn page(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("rates-title"));
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let Some(engine) = world.resource::<Engine>().0.protons().cloned() else {
        ui.label(RichText::new(words.get("review-protons-only")).color(tokens::AMBER));
        return;
    };
    let mut metric = world.resource::<Rates>().metric;
    choice(ui, "metric", &metric.label(), |ui| {
        for m in DoseRateMetric::USUAL {
            ui.selectable_value(&mut metric, m, m.label());
        }
    });
    world.resource_mut::<Rates>().metric = metric;
    if asked::row(ui, &words, ID, world.resource::<Rates>().coming.as_ref().map(|c| &c.1)) {
        start(world);
    }
    let beams: Vec<String> = engine.plan.beams.iter().map(|b| b.name.clone()).collect();
    let mut beam = world.resource::<Rates>().beam.min(beams.len().saturating_sub(1));
    ui.horizontal_wrapped(|ui| {
        for (i, name) in beams.iter().enumerate() {
            ui.selectable_value(&mut beam, i, name);
        }
    });
    world.resource_mut::<Rates>().beam = beam;
    let rates = world.resource::<Rates>();
    let Some((of, made)) = &rates.made else {
        ui.label(small(words.get("rates-note")).color(tokens::DESK_SOFT));
        return;
    };
    let curves = match made {
        Ok(curves) => curves,
        Err(why) => {
            ui.label(RichText::new(why).color(tokens::AMBER));
            return;
        }
    };
    let list = &world.resource::<Structures>().list;
    let seen: Vec<_> = curves
        .curves
        .iter()
        .filter(|c| c.beam == beam && !c.points.is_empty())
        .filter_map(|c| Some((list.get(*of.get(c.structure)?)?, c)))
        .collect();
    ui.label(small(format!("{} · {}", curves.metric.label(), words.get("rates-note"))).color(tokens::DESK_SOFT));
    let height = plot_height(ui, 0.7);
    Plot::new("rates")
        .height(height)
        .include_x(0.0)
        .include_y(0.0)
        .include_y(100.0)
        .custom_x_axes(x_axis("Gy/s"))
        .y_axis_label("%")
        .show(ui, |plot| {
            for (entry, curve) in &seen {
                let line = Line::new(entry.name.clone(), PlotPoints::from(curve.points.clone()));
                plot.line(line.color(entry.colour).width(2.0));
            }
        });
    egui::Grid::new("rate-figures").num_columns(3).striped(true).spacing([12.0, 3.0]).show(ui, |ui| {
        for head in ["", "Gy/s max", "Gy/s 50 %"] {
            ui.label(small(head.to_owned()).color(tokens::DESK_SOFT));
        }
        ui.end_row();
        for (entry, curve) in &seen {
            let half = curve.histogram.rate_at_fraction(0.5).unwrap_or(0.0);
            ui.label(small(entry.name.clone()).color(entry.colour));
            ui.label(small(curve.points.last().map_or_else(String::new, |p| format!("{:.3}", p[0]))));
            ui.label(small(format!("{half:.3}")));
            ui.end_row();
        }
    });
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    Legend { source: words.get("rates-source"), unit: "Gy/s".to_owned(), ..Legend::default() }
}
