//! The outline of a surface as it is seen.

use crate::isoline::isolines;
use crate::{Grid, Volume};
use nalgebra::Point3;

/// Most places along a side.
const MOST: f64 = 1024.0;

/// Closed outlines (mm, the first point repeated at the end) of what triangles cover in a plane. `points`: the surface's corners in the
/// plane, None for one that is not seen; `triangles`: three places in `points` each. `step_mm` (0.1 to 10): distance of the places at
/// which it is asked whether something is there; the outline is true to half of it. Empty where nothing is seen.
pub fn silhouette(points: &[Option<[f64; 2]>], triangles: &[u32], step_mm: f64) -> Vec<Vec<[f64; 2]>> {
    let seen = points.iter().flatten().filter(|p| p.iter().all(|v| v.is_finite()));
    let Some([low, high]) = seen.fold(None, |b: Option<[[f64; 2]; 2]>, p| {
        let [l, h] = b.unwrap_or([*p, *p]);
        Some([[l[0].min(p[0]), l[1].min(p[1])], [h[0].max(p[0]), h[1].max(p[1])]])
    }) else {
        return Vec::new();
    };
    let longest = (high[0] - low[0]).max(high[1] - low[1]);
    let step = step_mm.clamp(0.1, 10.0).max(longest / MOST);
    // two empty places all round, so that every outline closes
    let size = [0, 1].map(|a| ((high[a] - low[a]) / step).ceil() as usize + 5);
    let origin = low.map(|v| v - 2.0 * step);
    let mut there = vec![0.0f32; size[0] * size[1]];
    for t in triangles.chunks_exact(3) {
        let corner = |i: usize| points.get(t[i] as usize).copied().flatten();
        let (Some(a), Some(b), Some(c)) = (corner(0), corner(1), corner(2)) else { continue };
        cover([a, b, c].map(|p| [(p[0] - origin[0]) / step, (p[1] - origin[1]) / step]), size, &mut there);
    }
    let grid = Grid::axial([size[0], size[1], 1], [step, step, 1.0], Point3::new(origin[0], origin[1], 0.0));
    let lines = isolines(&Volume { grid, data: there }, 2, 0, 0.5);
    let close = |line: crate::isoline::Isoline| {
        line.points.iter().chain(line.points.first()).map(|p| [p.x, p.y]).collect::<Vec<_>>()
    };
    lines.into_iter().map(close).collect()
}

/// Marks the places in a triangle, its edges included; places are at whole numbers.
fn cover([a, b, c]: [[f64; 2]; 3], size: [usize; 2], there: &mut [f32]) {
    let range = |k: usize| {
        let (low, high) = (a[k].min(b[k]).min(c[k]), a[k].max(b[k]).max(c[k]));
        (low.ceil().max(0.0) as usize, (high.floor().max(0.0) as usize).min(size[k] - 1))
    };
    let ((x0, x1), (y0, y1)) = (range(0), range(1));
    let side = |p: [f64; 2], q: [f64; 2], x: f64, y: f64| (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]);
    for y in y0..=y1 {
        for x in x0..=x1 {
            let (fx, fy) = (x as f64, y as f64);
            let s = [side(a, b, fx, fy), side(b, c, fx, fy), side(c, a, fx, fy)];
            if s.iter().all(|v| *v >= 0.0) || s.iter().all(|v| *v <= 0.0) {
                there[y * size[0] + x] = 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TriMesh;

    #[test]
    fn a_ball_is_seen_as_a_disc() {
        let grid = Grid::axial([31; 3], [2.0; 3], Point3::from([-30.0; 3]));
        let mut ball = Volume::filled(grid.clone(), 0.0f32);
        for o in 0..grid.len() {
            let p = grid.centre(o % 31, o / 31 % 31, o / 961);
            ball.data[o] = (20.0 - p.coords.norm()) as f32;
        }
        let mesh = TriMesh::marching_cubes(&ball, 0.0);
        let points: Vec<_> = mesh.positions.iter().map(|p| Some([f64::from(p[0]) + 100.0, f64::from(p[2])])).collect();
        let lines = silhouette(&points, &mesh.indices, 0.5);
        assert_eq!(lines.len(), 1);
        let area: f64 = lines[0].windows(2).map(|w| 0.5 * (w[0][0] * w[1][1] - w[1][0] * w[0][1])).sum();
        let want = std::f64::consts::PI * 400.0;
        assert!((area.abs() / want - 1.0).abs() < 0.015, "{area} is not {want}");
        assert!(lines[0].iter().all(|p| ((p[0] - 100.0).hypot(p[1]) - 20.0).abs() < 0.5));
        assert!(silhouette(&[None, None, None], &[0, 1, 2], 0.5).is_empty());
    }
}
