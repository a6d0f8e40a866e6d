//! `bevy_egui`: no context of its own choosing, our fonts, and clicks that forgive slow and shaking hands.

use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, FontFamily};
use bevy_egui::{EguiGlobalSettings, EguiPlugin};
use std::path::Path;
use std::sync::Arc;

/// Name of the bold family.
pub const BOLD: &str = "bold";

/// Registers egui; contexts are made by hand, else the UI attaches to the first camera, the left eye.
pub fn plugin(app: &mut App) {
    app.add_plugins(EguiPlugin::default())
        .insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() });
}

/// The typefaces of this run: regular and bold, as read from the asset folder; None = egui's own.
#[derive(Resource, Clone, Default)]
pub struct Typefaces {
    regular: Option<Arc<egui::FontData>>,
    bold: Option<Arc<egui::FontData>>,
}

impl Typefaces {
    /// Reads `fonts/` under the asset root. A missing file costs the look, not the run.
    pub fn read(assets: &Path) -> Self {
        let find = |weight: &str| -> Option<Arc<egui::FontData>> {
            let mut files: Vec<_> = std::fs::read_dir(assets.join("fonts")).ok()?.flatten().map(|e| e.path()).collect();
            files.sort();
            let file = files.into_iter().find(|p| {
                p.extension().is_some_and(|e| e == "ttf" || e == "otf")
                    && p.file_stem().is_some_and(|s| s.to_string_lossy().contains(weight))
            })?;
            Some(Arc::new(egui::FontData::from_owned(std::fs::read(file).ok()?)))
        };
        Self {
            regular: find("400").or_else(|| find("Regular")).or_else(|| find("regular")),
            bold: find("700").or_else(|| find("Bold")).or_else(|| find("bold")),
        }
    }
}

/// Fonts, light theme and forgiving clicks. Fonts count from the next pass: skip drawing once after this.
pub fn style(ctx: &egui::Context, faces: &Typefaces) {
    let mut fonts = egui::FontDefinitions::default();
    let plain = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    fonts.families.insert(FontFamily::Name(BOLD.into()), plain);
    for (name, data, family) in
        [("regular", &faces.regular, FontFamily::Proportional), ("bold", &faces.bold, FontFamily::Name(BOLD.into()))]
    {
        if let Some(data) = data {
            fonts.font_data.insert(name.into(), data.clone());
            fonts.families.entry(family).or_default().insert(0, name.into()); // egui's own stay behind it for missing signs
        }
    }
    ctx.set_fonts(fonts);
    ctx.set_theme(egui::Theme::Light);
    // egui calls a press of more than 0.8 s or 6 points of movement no click: a slow or shaking hand would never press anything
    ctx.options_mut(|o| {
        o.input_options.max_click_duration = f64::INFINITY;
        o.input_options.max_click_dist = 120.0;
    });
    ctx.global_style_mut(|s| {
        s.visuals.widgets.inactive.bg_fill = tokens::MIST;
        s.visuals.selection.bg_fill = tokens::SAGE;
        s.interaction.selectable_labels = false;
    });
}
