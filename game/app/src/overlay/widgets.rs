//! What the controls of all overlays are made of.

use crate::now::Words;
use bevy_egui::egui::{self, Ui};

/// A list to choose from, as wide as there is room.
pub fn choice(ui: &mut Ui, id: &str, shown: &str, list: impl FnOnce(&mut Ui)) {
    let width = ui.available_width();
    egui::ComboBox::from_id_salt(id).selected_text(shown).width(width).truncate().show_ui(ui, list);
}

/// A number that can be dragged and typed, with as many digits as its size needs.
pub fn number(value: &mut f64, speed: f64) -> egui::DragValue<'_> {
    let digits = if value.abs() >= 20.0 { 0 } else { 2 };
    egui::DragValue::new(value).speed(speed).max_decimals(digits)
}

/// The text of one of a group: `GROUP-NAME`.
pub fn word(words: &Words, group: &str, name: &str) -> String {
    words.get(&format!("{group}-{name}"))
}
