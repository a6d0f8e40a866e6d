//! Large, forgiving things to press.

use super::PanelKind;
use super::model::PanelModel;
use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy_egui::egui::{self, Color32, FontFamily, FontId, RichText, Sense, Ui, Vec2, vec2};

/// Most of a button's width that its picture may take, and how much of that it fills.
const PICTURE_SHARE: f32 = 0.34;
const PICTURE_SIDE: f32 = 0.8;

/// How a button looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The one main action.
    Main,
    /// Others.
    Quiet,
    /// Chosen, not yet confirmed.
    Chosen,
    /// Stop.
    Stop,
}

/// Type in the bold face.
pub fn bold(text: &str, size: f32) -> RichText {
    RichText::new(text).size(size).family(FontFamily::Name(BOLD.into()))
}

/// A button with its words (and picture) in the middle; tells the model when the pointer is on it. True when pressed.
///
/// `id`: its name for tests, told with its place.
pub fn button(
    ui: &mut Ui,
    m: &mut PanelModel,
    id: &str,
    (text, picture): (&str, &str),
    size: Vec2,
    type_size: f32,
    look: Look,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let (fill, ink) = match look {
        Look::Main | Look::Chosen => (tokens::SAGE, tokens::WHITE),
        Look::Quiet => (tokens::MIST, tokens::INK),
        Look::Stop => (tokens::BRICK, tokens::WHITE),
    };
    let painter = ui.painter();
    let down = response.is_pointer_button_down_on();
    let shape = if down { rect.shrink(3.0) } else { rect };
    painter.rect_filled(shape, tokens::BUTTON_ROUND, fill);
    let font = FontId::new(type_size, FontFamily::Name(BOLD.into()));
    let mut area = rect.shrink2(vec2(14.0, 6.0));
    if !picture.is_empty() {
        let side = area.height().min(area.width() * PICTURE_SHARE) * PICTURE_SIDE;
        let place =
            egui::Rect::from_min_size(egui::pos2(area.left() + 6.0, area.center().y - side * 0.5), Vec2::splat(side));
        super::pictures::draw(painter, place, picture, ink);
        area.min.x = place.right() + 10.0;
    }
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), font, ink, area.width());
    job.halign = egui::Align::Center;
    let galley = painter.layout_job(job);
    painter.galley(egui::pos2(area.center().x, area.center().y - galley.size().y * 0.5), galley, ink);
    m.places.push((id.to_owned(), rect.center()));
    let is = |f: &Option<(PanelKind, String)>| f.as_ref().is_some_and(|f| f.0 == m.drawing && f.1 == id);
    let (focused, pressed) = (is(&m.focus), is(&m.press));
    if response.hovered() {
        m.hot = Some(response.id);
        id.clone_into(&mut m.hot_name);
    }
    // one ring: while the keyboard chooses, a mouse that rests somewhere shows nothing
    if focused || response.hovered() && m.focus.is_none() {
        ui.painter().rect_stroke(
            rect.expand(4.0),
            tokens::BUTTON_ROUND + 4,
            (6.0, tokens::AMBER),
            egui::StrokeKind::Outside,
        );
    }
    response.clicked() || pressed
}

/// How much of a button with a picture is left for its words.
pub fn button_room(size: Vec2) -> Vec2 {
    let area = size - vec2(28.0, 12.0);
    let side = area.y.min(area.x * PICTURE_SHARE) * PICTURE_SIDE;
    vec2(area.x - 16.0 - side, area.y)
}

/// The ring that fills while the gaze rests.
pub fn gaze_ring(ui: &Ui, at: egui::Pos2, done: f32) {
    let point = |i: f32| {
        let a = i * std::f32::consts::TAU - std::f32::consts::FRAC_PI_2;
        at + 26.0 * vec2(a.cos(), a.sin())
    };
    let ring: Vec<_> = (0..=(48.0 * done) as usize).map(|i| point(i as f32 / 48.0)).collect();
    ui.painter().circle_stroke(at, 26.0, (5.0, Color32::from_black_alpha(70)));
    ui.painter().add(egui::Shape::line(ring, (9.0, tokens::AMBER)));
}
