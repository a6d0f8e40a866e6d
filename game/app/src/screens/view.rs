//! What the X-ray screen shows: two radiographs on a calm dark ground, a crosshair at the isocentre, one line above.

use crate::third_party::egui::BOLD;
use crate::tokens;
use bevy_egui::egui::{Align2, Color32, FontFamily, FontId, Rect, Stroke, TextureHandle, Ui, pos2, vec2};

/// Margins and the gap between pictures, share of the height.
const MARGIN: f32 = 0.045;
/// Gap in the middle of the crosshair and its ring, share of a picture's side.
const RING: f32 = 0.055;
/// The whole of a texture.
const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) };

/// Draws the screen's ground, its title and the mark of a synthetic patient; gives what is left and the margin.
pub fn ground(ui: &Ui, title: &str, mark: Option<&str>) -> (Rect, f32) {
    let all = ui.max_rect();
    let paint = ui.painter();
    paint.rect_filled(all, 0.0, tokens::SCREEN_NIGHT);
    let height = all.height();
    let margin = height * MARGIN;
    let font = |share: f32, family: FontFamily| FontId::new(height * share / tokens::CAP_OVER_EM, family);
    let bold = FontFamily::Name(BOLD.into());
    let line = height * tokens::SCREEN_TITLE * 1.9;
    paint.text(
        pos2(all.left() + margin * 1.5, all.top() + line * 0.5),
        Align2::LEFT_CENTER,
        title,
        font(tokens::SCREEN_TITLE, bold),
        tokens::WHITE,
    );
    let foot = if mark.is_some() { height * tokens::SCREEN_SMALL * 1.9 } else { margin };
    if let Some(mark) = mark {
        let at = pos2(all.right() - margin * 1.5, all.bottom() - foot * 0.5);
        let small = font(tokens::SCREEN_SMALL, FontFamily::Proportional);
        paint.text(at, Align2::RIGHT_CENTER, mark, small, tokens::FOG);
    }
    let left = pos2(all.left() + margin, all.top() + line);
    (Rect::from_min_max(left, pos2(all.right() - margin, all.bottom() - foot)), margin)
}

/// Draws the screen with the pictures side by side, in this tint.
pub fn radiographs(ui: &mut Ui, title: &str, mark: Option<&str>, pictures: &[TextureHandle], tint: Color32) {
    let (free, margin) = ground(ui, title, mark);
    let paint = ui.painter();
    let room = free.size();
    let height = ui.max_rect().height();
    let count = pictures.len().max(1) as f32;
    let side = room.y.min((room.x - (count - 1.0) * margin) / count);
    let step = (room.x - count * side) / (count + 1.0) + side;
    for (k, picture) in pictures.iter().enumerate() {
        let left = free.left() + (step - side) + k as f32 * step;
        let rect = Rect::from_min_size(pos2(left, free.top()), vec2(side, side));
        paint.image(picture.id(), rect, WHOLE, tint);
        let thin = Stroke::new(height * 0.0042, tokens::CROSSHAIR);
        let (middle, ring) = (rect.center(), side * RING);
        paint.circle_stroke(middle, ring, thin);
        for d in [vec2(1.0, 0.0), vec2(-1.0, 0.0), vec2(0.0, 1.0), vec2(0.0, -1.0)] {
            paint.line_segment([middle + d * ring, middle + d * side * 0.5], thin);
        }
    }
}
