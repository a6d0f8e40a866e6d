//! Contours from a field: marching squares, slice by slice.

use nalgebra::Point3;
use rayon::prelude::*;
use std::collections::HashMap;
use vestibule_geometry::{Contour, Grid};

/// Where to look: low and high corner, mm, and the step within a slice, mm.
pub struct Window {
    /// Lowest L, P, S.
    pub low: [f64; 3],
    /// Highest L, P, S.
    pub high: [f64; 3],
    /// Distance of the samples in L and P.
    pub step: f64,
}

/// Closed contours round where `field` is positive, on every slice of the axial `grid` within the window. Outer rims have
/// a positive area in (L, P), holes a negative one; specks under `least_mm2` are left out.
pub fn trace(grid: &Grid, w: &Window, least_mm2: f64, field: impl Fn([f64; 3]) -> f64 + Sync) -> Vec<Contour> {
    let n = |a: usize| ((w.high[a] - w.low[a]) / w.step).ceil() as usize + 1;
    let (nx, ny) = (n(0), n(1));
    (0..grid.size[2])
        .into_par_iter()
        .flat_map_iter(|k| {
            let z = grid.origin_mm.z + k as f64 * grid.spacing_mm[2];
            if z < w.low[2] || z > w.high[2] {
                return Vec::new();
            }
            let mut v = vec![-1.0; nx * ny];
            for j in 1..ny - 1 {
                for i in 1..nx - 1 {
                    v[j * nx + i] = field([w.low[0] + i as f64 * w.step, w.low[1] + j as f64 * w.step, z]);
                }
            }
            loops(&v, nx, ny)
                .into_iter()
                .filter(|l| area(l).abs() * w.step * w.step > least_mm2)
                .map(|l| Contour {
                    points: thin(&l)
                        .into_iter()
                        .map(|[x, y]| Point3::new(round(w.low[0] + x * w.step), round(w.low[1] + y * w.step), round(z)))
                        .collect(),
                })
                .filter(|c| c.points.len() >= 3)
                .collect()
        })
        .collect()
}

/// To a hundredth of a millimetre: what the file holds is what is used.
fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

/// Signed area of a loop.
pub fn area(l: &[[f64; 2]]) -> f64 {
    let mut s = 0.0;
    for (n, a) in l.iter().enumerate() {
        let b = l[(n + 1) % l.len()];
        s += a[0] * b[1] - b[0] * a[1];
    }
    s / 2.0
}

/// Leaves out corners nearer than a tenth of a step to the line through their neighbours.
fn thin(l: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(l.len());
    for (n, p) in l.iter().enumerate() {
        let next = l[(n + 1) % l.len()];
        if let Some(last) = out.last() {
            let d = [next[0] - last[0], next[1] - last[1]];
            let e = [p[0] - last[0], p[1] - last[1]];
            let h = d[0].hypot(d[1]);
            if h > 1e-9 && h < 4.0 && ((d[0] * e[1] - d[1] * e[0]) / h).abs() < 0.06 {
                continue;
            }
        }
        out.push(*p);
    }
    out
}

/// Loops of zero crossings on a lattice; the border must be negative.
fn loops(v: &[f64], nx: usize, ny: usize) -> Vec<Vec<[f64; 2]>> {
    // Edges: 2 * node for the one to the right of a node, 2 * node + 1 for the one below it.
    let point = |e: usize| {
        let (node, down) = (e / 2, e % 2 == 1);
        let other = node + if down { nx } else { 1 };
        let t = v[node] / (v[node] - v[other]);
        let (x, y) = ((node % nx) as f64, (node / nx) as f64);
        if down { [x, y + t] } else { [x + t, y] }
    };
    let mut next: HashMap<usize, usize> = HashMap::new();
    let mut order = Vec::new();
    for j in 0..ny - 1 {
        for i in 0..nx - 1 {
            let a = j * nx + i;
            let (b, c, d) = (a + 1, a + nx + 1, a + nx);
            let inside = [v[a] > 0.0, v[b] > 0.0, v[c] > 0.0, v[d] > 0.0];
            let case = inside.iter().enumerate().fold(0, |s, (n, x)| s | usize::from(*x) << n);
            let (top, right, bottom, left) = (2 * a, 2 * b + 1, 2 * d, 2 * a + 1);
            let mid = (v[a] + v[b] + v[c] + v[d]) > 0.0;
            // From the first edge to the second, so that an outer rim has a positive area.
            let s: &[(usize, usize)] = match case {
                1 => &[(top, left)],
                2 => &[(right, top)],
                3 => &[(right, left)],
                4 => &[(bottom, right)],
                5 if mid => &[(top, right), (bottom, left)],
                5 => &[(top, left), (bottom, right)],
                6 => &[(bottom, top)],
                7 => &[(bottom, left)],
                8 => &[(left, bottom)],
                9 => &[(top, bottom)],
                10 if mid => &[(left, top), (right, bottom)],
                10 => &[(right, top), (left, bottom)],
                11 => &[(right, bottom)],
                12 => &[(left, right)],
                13 => &[(top, right)],
                14 => &[(left, top)],
                _ => &[],
            };
            for (from, to) in s {
                next.insert(*from, *to);
                order.push(*from);
            }
        }
    }
    let mut out = Vec::new();
    for start in order {
        if !next.contains_key(&start) {
            continue;
        }
        let mut line = Vec::new();
        let mut e = start;
        while let Some(n) = next.remove(&e) {
            line.push(point(e));
            e = n;
        }
        if line.len() >= 3 {
            out.push(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_gives_an_outer_and_an_inner_loop_with_the_right_areas() {
        let grid = Grid::axial([50, 50, 1], [1.0; 3], Point3::new(-25.0, -25.0, 0.0));
        let w = Window { low: [-25.0, -25.0, -1.0], high: [25.0, 25.0, 1.0], step: 0.7 };
        let c = trace(&grid, &w, 1.0, |p| {
            let r = p[0].hypot(p[1]);
            (18.0 - r).min(r - 7.0)
        });
        let mut areas: Vec<f64> =
            c.iter().map(|c| area(&c.points.iter().map(|p| [p.x, p.y]).collect::<Vec<_>>())).collect();
        areas.sort_by(f64::total_cmp);
        assert_eq!(areas.len(), 2);
        assert!((areas[0] + 49.0 * std::f64::consts::PI).abs() < 3.0, "{areas:?}");
        assert!((areas[1] - 324.0 * std::f64::consts::PI).abs() < 8.0, "{areas:?}");
    }
}
