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
    match name {
        "yes" => line(&[(0.14, 0.54), (0.40, 0.80), (0.88, 0.22)]),
        "no" => {
            line(&[(0.18, 0.18), (0.82, 0.82)]);
            line(&[(0.82, 0.18), (0.18, 0.82)]);
        }
        "microphone" => {
            let body = Rect::from_min_max(at(0.36, 0.10), at(0.64, 0.56));
            painter.rect_filled(body, square.width() * 0.14, ink);
            arc(0.5, 0.46, 0.28, 0.0, pi);
            line(&[(0.5, 0.74), (0.5, 0.92)]);
            line(&[(0.32, 0.92), (0.68, 0.92)]);
        }
        n if n.contains("calm") || n.contains("good") || n.contains("happy") => {
            painter.circle_stroke(square.center(), square.width() * 0.45, stroke);
            eyes();
            arc(0.5, 0.50, 0.24, 0.15 * pi, 0.85 * pi);
        }
        n if n.contains("worr") || n.contains("bad") || n.contains("afraid") || n.contains("sick") => {
            painter.circle_stroke(square.center(), square.width() * 0.45, stroke);
            eyes();
            arc(0.5, 0.86, 0.24, 1.2 * pi, 1.8 * pi);
        }
        n if n.contains("face") || n.contains("so") => {
            painter.circle_stroke(square.center(), square.width() * 0.45, stroke);
            eyes();
            line(&[(0.34, 0.68), (0.66, 0.68)]);
        }
        "left" => {
            line(&[(0.86, 0.5), (0.16, 0.5)]);
            line(&[(0.42, 0.24), (0.16, 0.5), (0.42, 0.76)]);
        }
        "right" => {
            line(&[(0.14, 0.5), (0.84, 0.5)]);
            line(&[(0.58, 0.24), (0.84, 0.5), (0.58, 0.76)]);
        }
        _ => {
            painter.circle_filled(square.center(), square.width() * 0.22, ink);
        }
    }
}
