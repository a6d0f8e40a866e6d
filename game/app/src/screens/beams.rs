//! Which beam is on and how far: one ring for each, a head seen from the feet inside it, an arrow from where the beam comes.

use super::view::ground;
use crate::panel::pictures;
use crate::tokens;
use bevy_egui::egui::{Painter, Pos2, Rect, Shape, Stroke, Ui, Vec2, pos2, vec2};

/// Radius of a ring and thickness of its band, share of the room that each beam has.
const RING: f32 = 0.40;
const BAND: f32 = 0.055;
/// Half width and height of the head inside, share of the ring's radius.
const HEAD: [f32; 2] = [0.36, 0.44];
/// Steps of a whole turn.
const STEPS: f32 = 96.0;

/// Draws one ring for each beam: `beams` are gantry angles (degrees, IEC 61217) and hundredths done, `on` the one that is on.
pub fn progress(ui: &mut Ui, title: &str, mark: Option<&str>, beams: &[(f64, u8)], on: Option<usize>) {
    let (free, _) = ground(ui, title, mark);
    let paint = ui.painter();
    let each = free.width() / beams.len().max(1) as f32;
    let room = each.min(free.height());
    for (k, (gantry, done)) in beams.iter().enumerate() {
        let middle = pos2(free.left() + (k as f32 + 0.5) * each, free.center().y);
        ring(paint, middle, room, *gantry, *done, on == Some(k));
    }
}

fn ring(paint: &Painter, middle: Pos2, room: f32, gantry: f64, done: u8, on: bool) {
    let (radius, band) = (room * RING, room * BAND);
    let ink = if on || done >= 100 { tokens::WHITE } else { tokens::FOG };
    arc(paint, middle, radius, 1.0, Stroke::new(band, tokens::SCREEN_DIM));
    let share = f32::from(done) / 100.0;
    let colour = if done >= 100 { tokens::CROSSHAIR } else { tokens::AMBER };
    arc(paint, middle, radius, share, Stroke::new(band, colour));
    if done >= 100 {
        pictures::draw(paint, Rect::from_center_size(middle, Vec2::splat(radius)), "yes", tokens::CROSSHAIR);
        return;
    }
    let head = vec2(HEAD[0], HEAD[1]) * radius;
    paint.add(Shape::closed_line(
        (0..48)
            .map(|i| {
                let a = i as f32 / 48.0 * std::f32::consts::TAU;
                middle + vec2(a.cos() * head.x, a.sin() * head.y)
            })
            .collect(),
        Stroke::new(band * 0.6, ink),
    ));
    // the nose of somebody who lies on the back, seen from the feet
    let nose = middle - vec2(0.0, head.y);
    paint.line_segment([nose, nose - vec2(0.0, head.y * 0.22)], Stroke::new(band * 0.9, ink));
    // gantry 0 comes from above, 90 from the right as seen from the feet
    let turn = gantry.to_radians() as f32;
    let from = vec2(turn.sin(), -turn.cos());
    let (start, tip) = (middle + from * radius * 0.92, middle + from * radius * 0.12);
    let light = Stroke::new(band, if on { tokens::AMBER } else { ink });
    paint.line_segment([start, tip], light);
    for side in [-1.0, 1.0] {
        let back = from * radius * 0.22 + vec2(-from.y, from.x) * side * radius * 0.16;
        paint.line_segment([tip, tip + back], light);
    }
}

/// Part of a circle from above, clockwise.
fn arc(paint: &Painter, middle: Pos2, radius: f32, share: f32, stroke: Stroke) {
    let steps = (STEPS * share).ceil() as usize;
    if steps == 0 {
        return;
    }
    let points = (0..=steps)
        .map(|i| {
            let a = share * std::f32::consts::TAU * i as f32 / steps as f32;
            middle + vec2(a.sin(), -a.cos()) * radius
        })
        .collect();
    paint.add(Shape::line(points, stroke));
}
