//! LETd in the axial plane of the dose grid that is nearest to the cross, as a picture.

use super::Made;
use crate::tokens;
use bevy_egui::egui::{self, Align2, Color32, FontId, Pos2, Rect, Sense, Stroke, TextureHandle, Ui, pos2, vec2};
use nalgebra::Point3;
use std::sync::Arc;
use vestibule_geometry::Grid;

/// Largest value of the colours, keV/µm: past the end of range there is hardly any dose, and more.
pub const MOST: f32 = 12.0;

/// The picture, and of what.
#[derive(Default)]
pub struct Map {
    of: Option<(usize, usize)>,
    texture: Option<TextureHandle>,
}

/// Plane of the grid that is nearest to a point, and the point in pixels of that plane; None: the point lies beyond all planes.
fn plane(grid: &Grid, at: &Point3<f64>) -> Option<(usize, [f64; 2])> {
    let [i, j, k] = grid.to_index(*at).coords.into();
    let last = grid.size[2] as f64 - 0.5;
    (k > -0.5 && k < last).then(|| (k.round().max(0.0) as usize, [i + 0.5, j + 0.5]))
}

/// The voxel that a point lies in; None outside.
pub(super) fn voxel(grid: &Grid, at: &Point3<f64>) -> Option<usize> {
    let [i, j, k] = grid.to_index(*at).coords.map(f64::round).into();
    let inside = [i, j, k].iter().zip(grid.size).all(|(v, n)| *v >= 0.0 && *v < n as f64);
    inside.then(|| i as usize + grid.size[0] * (j as usize + grid.size[1] * k as usize))
}

fn picture(made: &Made, k: usize) -> egui::ColorImage {
    let [width, height, _] = made.grid.kev_per_um.grid.size;
    let texels = made.grid.kev_per_um.data.iter().skip(k * width * height).take(width * height);
    let colour = |v: &f32| if *v > 0.0 { tokens::dose_safe(v / MOST) } else { Color32::BLACK };
    egui::ColorImage::new([width, height], texels.map(colour).collect())
}

impl Map {
    /// Draws it as wide as there is room, with the cross and the colours.
    pub fn show(&mut self, ui: &mut Ui, made: &Arc<Made>, at: &Point3<f64>, outside: &str) {
        let grid = &made.grid.kev_per_um.grid;
        let Some((k, [x, y])) = plane(grid, at) else {
            ui.label(outside);
            return;
        };
        let key = (Arc::as_ptr(made) as usize, k);
        if self.of != Some(key) {
            let texture = ui.ctx().load_texture("let", picture(made, k), egui::TextureOptions::LINEAR);
            (self.of, self.texture) = (Some(key), Some(texture));
        }
        let Some(texture) = &self.texture else { return };
        let size = [0, 1].map(|a| grid.size[a] as f64 * grid.spacing_mm[a]);
        let width = ui.available_width();
        let (rect, _) = ui.allocate_exact_size(vec2(width, width * (size[1] / size[0]) as f32), Sense::hover());
        let painter = ui.painter_at(rect);
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture.id(), rect, whole, Color32::WHITE);
        let share = |v: f64, n: usize| (v / n as f64) as f32;
        let cross = rect.min + vec2(share(x, grid.size[0]) * rect.width(), share(y, grid.size[1]) * rect.height());
        let line = Stroke::new(1.0, tokens::LASER_LINE);
        painter.hline(rect.x_range(), cross.y, line);
        painter.vline(cross.x, rect.y_range(), line);
        for (letter, place, align) in [
            ("R", rect.left_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER),
            ("L", rect.right_center() - vec2(4.0, 0.0), Align2::RIGHT_CENTER),
            ("A", rect.center_top() + vec2(0.0, 2.0), Align2::CENTER_TOP),
            ("P", rect.center_bottom() - vec2(0.0, 2.0), Align2::CENTER_BOTTOM),
        ] {
            painter.text(place, align, letter, FontId::proportional(tokens::DESK_TYPE[0]), tokens::WHITE);
        }
        colours(ui);
    }
}

/// What the colours mean.
fn colours(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    let painter = ui.painter_at(rect);
    let band = Rect::from_min_max(rect.min, pos2(rect.right(), rect.top() + 10.0));
    let steps = 96;
    for i in 0..steps {
        let x = |i: usize| band.left() + band.width() * i as f32 / steps as f32;
        let part = Rect::from_min_max(pos2(x(i), band.top()), pos2(x(i + 1) + 0.5, band.bottom()));
        painter.rect_filled(part, 0.0, tokens::dose_safe((i as f32 + 0.5) / steps as f32));
    }
    for (t, align) in [(0.0, Align2::LEFT_TOP), (0.5, Align2::CENTER_TOP), (1.0, Align2::RIGHT_TOP)] {
        let text = format!("{}{:.0} keV/µm", if t == 1.0 { "≥ " } else { "" }, t * MOST);
        let place = pos2(band.left() + band.width() * t, band.bottom() + 2.0);
        painter.text(place, align, text, FontId::proportional(tokens::DESK_TYPE[1]), tokens::DESK_SOFT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_dose::{LetGrid, LetProtons};
    use vestibule_geometry::Volume;

    #[test]
    fn the_plane_of_the_cross_lies_where_it_is() {
        let grid = Grid::axial([3, 2, 2], [2.0, 2.0, 5.0], Point3::new(-10.0, 0.0, 100.0));
        assert_eq!(plane(&grid, &Point3::new(-8.0, 2.0, 104.0)), Some((1, [1.5, 1.5])));
        assert_eq!(plane(&grid, &Point3::new(-8.0, 2.0, 108.0)), None);
        assert_eq!(voxel(&grid, &Point3::new(-8.9, 1.1, 104.0)), Some(10));
        assert_eq!(voxel(&grid, &Point3::new(-11.2, 0.0, 100.0)), None);
        let data = (0..12).map(|v| v as f32).collect();
        let dose_gy = Volume::filled(grid.clone(), 1.0);
        let grid = LetGrid { kev_per_um: Volume { grid, data }, protons: LetProtons::Primary, dose_gy };
        let made = Made { grid, rows: Vec::new() };
        assert_eq!(picture(&made, 0).pixels[0], Color32::BLACK, "no dose has no LETd");
        let second = picture(&made, 1);
        assert_eq!((second.size, second.pixels[0]), ([3, 2], tokens::dose_safe(6.0 / MOST)));
    }
}
