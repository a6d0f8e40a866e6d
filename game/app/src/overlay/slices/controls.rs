//! Which image, its window, what is fused onto it, which planes stand in the room.

use super::{Fusion, Slant, Viewing, name, windows};
use crate::now::{Case, Words};
use crate::overlay::widgets::{choice, mark, number, word};
use bevy::prelude::*;
use bevy_egui::egui::{self, Ui};
use vestibule_geometry::AnatomicalPlane;
use vestibule_patient::Modality;

pub(super) fn controls(ui: &mut Ui, world: &mut World) {
    let (Some(case), Some(words)) = (world.get_resource::<Case>().cloned(), world.get_resource::<Words>().cloned())
    else {
        return;
    };
    let images = &case.patient.images;
    let mut viewing = world.resource::<Viewing>().clone();
    let title = |i: usize| images.get(i).map_or_else(String::new, name);
    let mut base = viewing.image;
    choice(ui, "image", &base.map_or_else(String::new, title), |ui| {
        for i in 0..images.len() {
            ui.selectable_value(&mut base, Some(i), title(i));
        }
    });
    if base != viewing.image
        && let Some(i) = base
    {
        viewing.choose(&case.patient, i);
    }
    let unit = viewing.image.and_then(|i| images.get(i)).map_or("", |i| i.unit.as_str());
    window(ui, &words, &mut viewing.window, unit, "a");
    if viewing.image.and_then(|i| images.get(i)).is_some_and(|i| i.modality == Modality::Ct) {
        ui.horizontal_wrapped(|ui| {
            for (preset, window) in windows::PRESETS {
                let on = viewing.window == window;
                if ui.selectable_label(on, word(&words, "window", preset)).clicked() {
                    viewing.window = window;
                }
            }
        });
    }
    if images.len() > 1 {
        fused(ui, &words, &case, &mut viewing);
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(words.get("slices-in-room"));
        for plane in AnatomicalPlane::ALL {
            let on = &mut viewing.in_room[plane.across()];
            ui.toggle_value(on, words.get(plane_key(plane)));
        }
    });
    askew(ui, world, &words, &mut viewing);
    if *world.resource::<Viewing>() != viewing {
        *world.resource_mut::<Viewing>() = viewing;
    }
}

/// The plane that stands askew.
fn askew(ui: &mut Ui, world: &World, words: &Words, viewing: &mut Viewing) {
    ui.horizontal_wrapped(|ui| {
        ui.label(words.get("slant"));
        let angles = match viewing.slant {
            Slant::Angles(turn, tilt) => Slant::Angles(turn, tilt),
            _ => Slant::Angles(45.0, 0.0),
        };
        let hands = world.contains_resource::<crate::placing::Hands>();
        let all = [
            (Slant::Nothing, "slant-nothing", true),
            (Slant::Beam, "slant-beam", true),
            (angles, "slant-angles", true),
            (Slant::Hand, "slant-hand", hands),
        ];
        for (slant, key, _) in all.into_iter().filter(|a| a.2) {
            let tab = ui.selectable_value(&mut viewing.slant, slant, words.get(key));
            mark(ui, key, &tab);
        }
    });
    if let Slant::Angles(turn, tilt) = &mut viewing.slant {
        ui.add(egui::Slider::new(turn, -180.0..=180.0).suffix("°").step_by(1.0));
        ui.add(egui::Slider::new(tilt, -90.0..=90.0).suffix("°").step_by(1.0));
    }
}

/// Key of a plane's name.
pub fn plane_key(plane: AnatomicalPlane) -> &'static str {
    match plane {
        AnatomicalPlane::Axial => "plane-axial",
        AnatomicalPlane::Coronal => "plane-coronal",
        AnatomicalPlane::Sagittal => "plane-sagittal",
    }
}

fn window(ui: &mut Ui, words: &Words, window: &mut [f64; 2], unit: &str, id: &str) {
    ui.push_id(id, |ui| {
        ui.horizontal(|ui| {
            ui.label(words.get("slices-window"));
            let speed = (window[1] * 0.005).max(1e-4);
            ui.add(number(&mut window[0], speed));
            ui.label("±");
            let mut half = window[1] * 0.5;
            if ui.add(number(&mut half, speed).range(1e-3..=1e6)).changed() {
                window[1] = half * 2.0;
            }
            ui.label(unit);
        });
    });
}

fn fused(ui: &mut Ui, words: &Words, case: &Case, viewing: &mut Viewing) {
    let images = &case.patient.images;
    let none = words.get("slices-nothing");
    let mut other = viewing.other;
    let shown = other.and_then(|i| images.get(i)).map_or_else(|| none.clone(), name);
    ui.horizontal(|ui| {
        ui.label(words.get("slices-fused"));
        choice(ui, "fused", &shown, |ui| {
            ui.selectable_value(&mut other, None, none);
            for (i, image) in images.iter().enumerate().filter(|(i, _)| Some(*i) != viewing.image) {
                match viewing.why_not(&case.patient, i) {
                    None => {
                        ui.selectable_value(&mut other, Some(i), name(image));
                    }
                    Some(why) => {
                        ui.add_enabled(false, egui::Button::selectable(false, name(image)))
                            .on_disabled_hover_text(words.get(why));
                    }
                }
            }
        });
    });
    if other != viewing.other {
        viewing.fuse(&case.patient, other);
    }
    let Some(image) = viewing.other.and_then(|i| images.get(i)) else { return };
    ui.horizontal_wrapped(|ui| {
        for (mode, key) in
            [(Fusion::Blend, "fusion-blend"), (Fusion::Chequered, "fusion-chequered"), (Fusion::Lens, "fusion-lens")]
        {
            ui.selectable_value(&mut viewing.fusion, mode, words.get(key));
        }
    });
    if viewing.fusion == Fusion::Blend {
        ui.add(egui::Slider::new(&mut viewing.opacity, 0.0..=1.0).show_value(false).text(words.get("slices-opacity")));
    } else {
        ui.add(egui::Slider::new(&mut viewing.patch_mm, 5.0..=80.0).suffix(" mm"));
    }
    window(ui, words, &mut viewing.other_window, &image.unit, "b");
}
