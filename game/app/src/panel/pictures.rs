//! Pictures for who cannot read, drawn with a few strokes: they stay sharp at every size.

use bevy_egui::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

/// Draws a picture by name into a square. An unknown name draws a dot, so that it is seen.
pub fn draw(painter: &Painter, square: Rect, name: &str, ink: Color32) {
    let at = |x: f32, y: f32| -> Pos2 { pos2(square.left() + x * square.width(), square.top() + y * square.height()) };
    let stroke = Stroke::new(square.width() * 0.09, ink);
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|p| at(p.0, p.1)).collect(), stroke));
    };
    let arc = |cx: f32, cy: f32, r: f32, from: f32, to: f32| {
        let points = (0..=24)
            .map(|i| {
                let a = from + (to - from) * i as f32 / 24.0;
                at(cx + r * a.cos(), cy + r * a.sin())
            })
            .collect();
        painter.add(Shape::line(points, stroke));
    };
    let eyes = || {
        for x in [0.36, 0.64] {
            painter.circle_filled(at(x, 0.40), square.width() * 0.06, ink);
        }
    };
    let pi = std::f32::consts::PI;
    let face = || {
        painter.circle_stroke(square.center(), square.width() * 0.45, stroke);
        eyes();
    };
    let dot = |x: f32, y: f32, r: f32| {
        painter.circle_filled(at(x, y), square.width() * r, ink);
    };
    match name {
        "yes" => line(&[(0.14, 0.54), (0.40, 0.80), (0.88, 0.22)]),
        "no" => {
            line(&[(0.18, 0.18), (0.82, 0.82)]);
            line(&[(0.82, 0.18), (0.18, 0.82)]);
        }
        "face-well" => {
            face();
            arc(0.5, 0.50, 0.24, 0.15 * pi, 0.85 * pi);
        }
        "face-unwell" => {
            face();
            arc(0.5, 0.86, 0.24, 1.2 * pi, 1.8 * pi);
        }
        "face-so-so" => {
            face();
            line(&[(0.34, 0.68), (0.66, 0.68)]);
        }
        "microphone" => {
            let body = Rect::from_min_max(at(0.36, 0.10), at(0.64, 0.56));
            painter.rect_filled(body, square.width() * 0.14, ink);
            arc(0.5, 0.46, 0.28, 0.0, pi);
            line(&[(0.5, 0.74), (0.5, 0.92)]);
            line(&[(0.32, 0.92), (0.68, 0.92)]);
        }
        "speech" => {
            line(&[(0.10, 0.18), (0.90, 0.18), (0.90, 0.66), (0.48, 0.66), (0.26, 0.88), (0.26, 0.66), (0.10, 0.66)]);
            line(&[(0.10, 0.66), (0.10, 0.16)]);
            [0.32, 0.50, 0.68].iter().for_each(|x| dot(*x, 0.42, 0.05));
        }
        "eye" => {
            arc(0.5, 0.86, 0.52, 1.22 * pi, 1.78 * pi);
            arc(0.5, 0.14, 0.52, 0.22 * pi, 0.78 * pi);
            dot(0.5, 0.5, 0.14);
        }
        "ear" => {
            arc(0.52, 0.36, 0.28, 0.85 * pi, 2.15 * pi);
            line(&[(0.78, 0.46), (0.62, 0.68), (0.56, 0.88), (0.40, 0.90), (0.32, 0.78)]);
            arc(0.50, 0.38, 0.11, 0.9 * pi, 2.2 * pi);
        }
        "door" => {
            line(&[(0.24, 0.92), (0.24, 0.10), (0.76, 0.10), (0.76, 0.92)]);
            line(&[(0.10, 0.92), (0.90, 0.92)]);
            dot(0.63, 0.54, 0.06);
        }
        "clock" => {
            painter.circle_stroke(square.center(), square.width() * 0.42, stroke);
            line(&[(0.5, 0.24), (0.5, 0.5), (0.68, 0.62)]);
        }
        "question" => {
            arc(0.5, 0.32, 0.22, pi, 2.35 * pi);
            line(&[(0.65, 0.48), (0.5, 0.58), (0.5, 0.70)]);
            dot(0.5, 0.88, 0.07);
        }
        // an open hand: palm and five fingers
        "hand" => {
            for (x, top) in [(0.34, 0.22), (0.47, 0.12), (0.60, 0.16), (0.72, 0.28)] {
                line(&[(x, 0.56), (x, top)]);
            }
            line(&[(0.34, 0.62), (0.16, 0.48)]);
            painter.rect_filled(Rect::from_min_max(at(0.30, 0.50), at(0.765, 0.90)), square.width() * 0.14, ink);
        }
        // a face under a net
        "mask" => {
            painter.circle_stroke(square.center(), square.width() * 0.42, stroke);
            let fine = Stroke::new(square.width() * 0.045, ink);
            for v in [0.34, 0.5, 0.66] {
                painter.line_segment([at(v, 0.14), at(v, 0.86)], fine);
                painter.line_segment([at(0.14, v), at(0.86, v)], fine);
            }
        }
        // lines of writing
        "words" => {
            for (y, end) in [(0.24, 0.88), (0.50, 0.88), (0.76, 0.58)] {
                line(&[(0.12, y), (end, y)]);
            }
        }
        // a landscape in a frame
        "pictures" => {
            line(&[(0.10, 0.16), (0.90, 0.16), (0.90, 0.84), (0.10, 0.84), (0.10, 0.12)]);
            line(&[(0.16, 0.76), (0.40, 0.46), (0.56, 0.64), (0.68, 0.52), (0.86, 0.74)]);
            dot(0.70, 0.34, 0.07);
        }
        "centre" => {
            line(&[(0.10, 0.5), (0.36, 0.5)]);
            line(&[(0.90, 0.5), (0.64, 0.5)]);
            dot(0.5, 0.5, 0.11);
        }
        "left" => {
            line(&[(0.86, 0.5), (0.16, 0.5)]);
            line(&[(0.42, 0.24), (0.16, 0.5), (0.42, 0.76)]);
        }
        "right" => {
            line(&[(0.14, 0.5), (0.84, 0.5)]);
            line(&[(0.58, 0.24), (0.84, 0.5), (0.58, 0.76)]);
        }
        _ => dot(0.5, 0.5, 0.22),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy_egui::egui::{Context, LayerId, RawInput, Ui, UiBuilder, Vec2};
    use std::collections::BTreeMap;
    use vestibule_scenario::Journey;

    /// Everything drawn of a picture, as text.
    fn drawn(name: &str) -> String {
        let ctx = Context::default();
        ctx.begin_pass(RawInput::default());
        let ui = Ui::new(ctx.clone(), "test".into(), UiBuilder::new().layer_id(LayerId::background()));
        draw(ui.painter(), Rect::from_min_size(Pos2::ZERO, Vec2::splat(100.0)), name, Color32::BLACK);
        let mut output = ctx.end_pass();
        output.textures_delta.clear(); // nothing draws it here
        format!("{:?}", output.shapes.iter().map(|s| &s.shape).collect::<Vec<_>>())
    }

    #[test]
    fn every_picture_of_the_journey_is_drawn_and_no_two_are_alike() {
        let journey = Journey::from_ron(include_str!("../../../../scenes/journeys/proton-first-day.ron")).unwrap();
        let names = journey.questions.iter().flat_map(|q| q.options()).filter_map(|c| c.picture.clone());
        let mut seen = BTreeMap::new();
        let unknown = drawn("nothing of this name");
        for name in names.chain(["microphone".to_owned()]) {
            let picture = drawn(&name);
            assert_ne!(picture, unknown, "'{name}' is only a dot");
            let before = seen.insert(picture, name.clone());
            assert!(before.as_ref().is_none_or(|b| *b == name), "'{name}' looks like {before:?}");
        }
        assert!(seen.len() > 15, "{}", seen.len());
    }
}
