//! Which dose, how it is drawn, and the way to its highest point.

use super::{DoseShow, Source, hottest, title};
use crate::now::{Case, Engine, Words};
use crate::overlay::Cuts;
use crate::overlay::widgets::{choice, mark, number, swatch};
use bevy::prelude::*;
use bevy_egui::egui::{self, Ui};

pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let (Some(case), Some(words)) = (world.get_resource::<Case>().cloned(), world.get_resource::<Words>().cloned())
    else {
        return;
    };
    let mut show = world.resource::<DoseShow>().clone();
    let mut source = show.source;
    let computes = world.resource::<Engine>().0.dose();
    choice(ui, "dose", &title(&words, &case, source), |ui| {
        if computes || source == Source::Live {
            ui.selectable_value(&mut source, Source::Live, title(&words, &case, Source::Live));
        }
        for i in 0..case.patient.doses.len() {
            ui.selectable_value(&mut source, Source::Stored(i), title(&words, &case, Source::Stored(i)));
        }
    });
    if source != show.source {
        show.choose(&case, source);
    }
    ui.horizontal_wrapped(|ui| {
        ui.toggle_value(&mut show.wash, words.get("dose-wash"));
        ui.toggle_value(&mut show.lines, words.get("dose-lines"));
        ui.toggle_value(&mut show.colour_safe, words.get("dose-safe"));
        if show.can_be_weighted() {
            ui.toggle_value(&mut show.weighted, "RBE 1.1");
        }
    });
    if show.wash {
        ui.add(egui::Slider::new(&mut show.opacity, 0.0..=1.0).show_value(false).text(words.get("slices-opacity")));
    }
    ui.horizontal(|ui| {
        ui.label("100 % =");
        if ui.add(number(&mut show.reference_gy, 0.02).range(1e-3..=1e4).max_decimals(2)).changed() {
            show.of_highest = false;
        }
        ui.label("Gy");
    });
    let button = ui.button(words.get("dose-hottest"));
    mark(ui, "hottest", &button);
    let found = button.clicked().then(|| hottest(world)).flatten();
    ui.collapsing(words.get("dose-levels"), |ui| levels(ui, &mut show, &words));
    if *world.resource::<DoseShow>() != show {
        *world.resource_mut::<DoseShow>() = show;
    }
    if let Some((at, _)) = found {
        world.resource_mut::<Cuts>().go(at);
    }
}

/// Where bands begin, in percents of the reference or in Gy; each stays above the one below it. A tick beside one stands its surface in
/// the room.
fn levels(ui: &mut Ui, show: &mut DoseShow, words: &Words) {
    ui.horizontal(|ui| {
        for (gray, unit) in [(false, "%"), (true, "Gy")] {
            let way = ui.selectable_value(&mut show.in_gray, gray, unit);
            mark(ui, if gray { "levels-gy" } else { "levels-percent" }, &way);
        }
    });
    let reference_gy = show.reference_gy;
    let colours: Vec<_> = show.bands().iter().map(|b| b.1).collect();
    for i in (0..show.percents.len()).rev() {
        let low = if i > 0 { show.percents[i - 1] + 1.0 } else { 1.0 };
        let high = show.percents.get(i + 1).map_or(200.0, |above| above - 1.0);
        ui.horizontal(|ui| {
            swatch(ui, colours[i]);
            let was = show.percents[i];
            if show.in_gray {
                let gray = |percent: f64| percent * reference_gy / 100.0;
                let mut level = gray(was);
                let field = egui::DragValue::new(&mut level).range(gray(low)..=gray(high)).speed(gray(0.5));
                if ui.add(field.max_decimals(2).suffix(" Gy")).changed() {
                    show.percents[i] = level / reference_gy * 100.0;
                }
            } else {
                let field = egui::DragValue::new(&mut show.percents[i]).range(low..=high).speed(0.5);
                ui.add(field.max_decimals(1).suffix(" %"));
            }
            // a surface goes with its level
            show.surfaces.iter_mut().filter(|s| **s == was).for_each(|s| *s = show.percents[i]);
            let mut on = show.surfaces.contains(&show.percents[i]);
            let tick = ui.checkbox(&mut on, words.get("dose-surface"));
            mark(ui, &format!("surface-{:.0}", show.percents[i]), &tick);
            if tick.changed() {
                show.surfaces.retain(|s| *s != show.percents[i]);
                show.surfaces.extend(on.then_some(show.percents[i]));
            }
        });
    }
}
