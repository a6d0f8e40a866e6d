//! What the controls of all overlays are made of.

use crate::now::Words;
use crate::tokens;
use bevy_egui::egui::{self, Color32, Ui};
use egui_plot::{AxisHints, GridInput, GridMark, uniform_grid_spacer};

/// A list to choose from, as wide as there is room.
pub fn choice(ui: &mut Ui, id: &str, shown: &str, list: impl FnOnce(&mut Ui)) {
    let width = ui.available_width();
    egui::ComboBox::from_id_salt(id).selected_text(shown).width(width).truncate().show_ui(ui, list);
}

/// That something is coarser than the data, and how coarse.
pub fn coarse(words: &Words, key: &str, [a, b, c]: [usize; 3]) -> String {
    format!("{} {a} × {b} × {c}", words.get(key))
}

/// A number that can be dragged and typed, with as many digits as its size needs.
pub fn number(value: &mut f64, speed: f64) -> egui::DragValue<'_> {
    let digits = if value.abs() >= 20.0 { 0 } else { 2 };
    egui::DragValue::new(value).speed(speed).max_decimals(digits)
}

/// Height of a plot of this shape (height by width), points: on a low board it leaves more than half of it to what stands below.
pub fn plot_height(ui: &Ui, shape: f32) -> f32 {
    (ui.available_width() * shape).min(ui.clip_rect().height() * PLOT)
}

/// Most of what is in sight that a plot takes.
const PLOT: f32 = 0.42;

/// A small field of colour beside a name.
pub fn swatch(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(tokens::SWATCH, egui::Sense::hover());
    ui.painter().rect_filled(rect, tokens::SWATCH_ROUND, colour);
}

/// A colour and what it means, which stay together where rows wrap.
pub fn swatch_text(ui: &mut Ui, colour: Color32, text: impl Into<egui::WidgetText>) {
    let wrap = Some(egui::TextWrapMode::Extend);
    let text = text.into().into_galley(ui, wrap, f32::INFINITY, egui::TextStyle::Body);
    let gap = ui.spacing().item_spacing.x;
    let size = egui::vec2(tokens::SWATCH.x + gap + text.size().x, tokens::SWATCH.y.max(text.size().y));
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let swatch =
        egui::Rect::from_center_size(rect.left_center() + egui::vec2(tokens::SWATCH.x * 0.5, 0.0), tokens::SWATCH);
    ui.painter().rect_filled(swatch, tokens::SWATCH_ROUND, colour);
    let at = rect.left_center() + egui::vec2(tokens::SWATCH.x + gap, -text.size().y * 0.5);
    ui.painter().galley(at, text, ui.visuals().text_color());
}

/// An axis along x that says its numbers in a narrow plot too.
pub fn x_axis(label: impl Into<String>) -> Vec<AxisHints<'static>> {
    vec![AxisHints::new_x().label(label.into()).label_spacing(18.0..=36.0)]
}

/// Marks of a plane in millimetres: every 20, of a large one every 50, so that their numbers stand apart.
pub fn millimetres() -> impl Fn(GridInput) -> Vec<GridMark> {
    uniform_grid_spacer(|input| {
        let (low, high) = input.bounds;
        if high - low > 170.0 { [500.0, 250.0, 50.0] } else { [200.0, 100.0, 20.0] }
    })
}

/// A number with its sign and two decimals; what rounds to nothing has none.
pub fn signed(v: f64) -> String {
    if v.abs() < 0.005 { "0.00".to_owned() } else { format!("{v:+.2}") }
}

/// The text of one of a group: `GROUP-NAME`.
pub fn word(words: &Words, group: &str, name: &str) -> String {
    words.get(&format!("{group}-{name}"))
}

/// Where the marks of a pass are kept.
fn marks() -> egui::Id {
    egui::Id::new("marks")
}

/// Notes where something can be pressed, for who tells it to a test's mouse.
pub fn mark(ui: &Ui, name: &str, response: &egui::Response) {
    let seen = ui.clip_rect().contains(response.rect.center());
    if seen {
        let at = (name.to_owned(), response.rect.center());
        ui.data_mut(|d| d.get_temp_mut_or_default::<Vec<(String, egui::Pos2)>>(marks()).push(at));
    }
}

/// What was noted in this pass; forgotten then.
pub fn take_marks(ctx: &egui::Context) -> Vec<(String, egui::Pos2)> {
    ctx.data_mut(|d| d.remove_temp(marks()).unwrap_or_default())
}
