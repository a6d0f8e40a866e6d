//! Lines of equal value in a slice by marching squares.

use crate::Volume;
use nalgebra::Point3;
use std::collections::HashMap;

/// A line of equal value, in DICOM patient mm. Higher values lie on the left of who walks it and sees i to the right and j
/// upwards (axes in rising order).
#[derive(Clone, Debug, PartialEq)]
pub struct Isoline {
    /// Corners in order; the first is not repeated at the end of a closed line.
    pub points: Vec<Point3<f64>>,
    /// Whether the last corner joins the first; open lines end at the border of the slice.
    pub closed: bool,
}

/// Lines where slice `index` across `axis` (0, 1, 2 for i, j, k) passes `iso` (inside: value ≥ iso), each corner where
/// linear interpolation along a voxel edge meets it. Where it is open how to join, inside corners stay apart, as in
/// [`crate::TriMesh::marching_cubes`]. Cells with a value that is no number have no line. An oblique plane: a volume of one
/// slice sampled on it. Empty when the slice does not exist.
pub fn isolines(volume: &Volume<f32>, axis: usize, index: usize, iso: f64) -> Vec<Isoline> {
    let size = volume.grid.size;
    if axis > 2 || index >= size[axis] || volume.data.len() != volume.grid.len() {
        return Vec::new();
    }
    let (u, v) = [(1, 2), (0, 2), (0, 1)][axis];
    let place = |x: f64, y: f64| {
        let mut p = [index as f64; 3];
        (p[u], p[v]) = (x, y);
        Point3::from(p)
    };
    let value = |x: usize, y: usize| {
        let mut p = [index; 3];
        (p[u], p[v]) = (x, y);
        f64::from(volume.at(p[0], p[1], p[2]))
    };
    // A corner by its edge: place and whether it runs along v. Each line piece begins at one edge and ends at one.
    type Edge = (usize, usize, bool);
    let mut next: HashMap<Edge, Edge> = HashMap::new();
    let mut order: Vec<Edge> = Vec::new();
    for y in 0..size[v].saturating_sub(1) {
        for x in 0..size[u].saturating_sub(1) {
            // Anticlockwise, each with the edge to the next.
            let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
            let edges: [Edge; 4] = [(x, y, false), (x + 1, y, true), (x, y + 1, false), (x, y, true)];
            let values = corners.map(|(a, b)| value(a, b));
            if values.iter().any(|v| v.is_nan()) {
                continue;
            }
            let inside = values.map(|v| v >= iso);
            for n in 0..4 {
                if inside[n] && !inside[(n + 1) % 4] {
                    let mut back = n;
                    while inside[(back + 3) % 4] {
                        back = (back + 3) % 4;
                    }
                    next.insert(edges[n], edges[(back + 3) % 4]);
                    order.push(edges[n]);
                }
            }
        }
    }
    let point = |(x, y, along_v): Edge| {
        let (x2, y2) = if along_v { (x, y + 1) } else { (x + 1, y) };
        let (a, b) = (value(x, y), value(x2, y2));
        let t = ((iso - a) / (b - a)).clamp(0.0, 1.0);
        let t = if t.is_nan() { 0.5 } else { t };
        let mix = |p: usize, q: usize| p as f64 + (q as f64 - p as f64) * t;
        volume.grid.to_world(place(mix(x, x2), mix(y, y2)))
    };
    let ends: std::collections::HashSet<Edge> = next.values().copied().collect();
    // Open lines first, from where nothing comes; what is left is closed.
    let (open, rest): (Vec<Edge>, Vec<Edge>) = order.into_iter().partition(|e| !ends.contains(e));
    let mut lines = Vec::new();
    for (starts, closed) in [(open, false), (rest, true)] {
        for start in starts {
            let mut points = Vec::new();
            let mut at = start;
            while let Some(to) = next.remove(&at) {
                points.push(point(at));
                at = to;
            }
            if points.is_empty() {
                continue;
            }
            if !closed {
                points.push(point(at));
            }
            lines.push(Isoline { points, closed });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;
    use nalgebra::{Matrix3, Vector3};
    use std::f64::consts::PI;

    fn signed_area(points: &[Point3<f64>], u: Vector3<f64>, v: Vector3<f64>) -> f64 {
        let flat: Vec<[f64; 2]> = points.iter().map(|p| [p.coords.dot(&u), p.coords.dot(&v)]).collect();
        (0..flat.len())
            .map(|n| {
                let ([a, b], [c, d]) = (flat[n], flat[(n + 1) % flat.len()]);
                0.5 * (a * d - b * c)
            })
            .sum()
    }

    /// The section of a Gaussian is a circle, in each of the three directions, on turned axes; a ring has two lines.
    #[test]
    fn sections_of_a_gaussian_are_circles() {
        let axes = *nalgebra::Rotation3::from_euler_angles(0.3, -0.6, 1.0).matrix();
        let size = [41, 33, 29];
        let grid = Grid { size, spacing_mm: [1.0, 1.25, 1.5], origin_mm: Point3::new(5.0, 6.0, 7.0), axes };
        let centre = grid.centre(20, 16, 14);
        let mut v = Volume::filled(grid.clone(), 0f32);
        for (o, v) in v.data.iter_mut().enumerate() {
            let p = grid.centre(o % size[0], o / size[0] % size[1], o / (size[0] * size[1]));
            *v = (2.0 * (-(p - centre).norm_squared() / 128.0).exp()) as f32;
        }
        let radius = 8.0 * (2.0 * 2f64.ln()).sqrt();
        for (axis, index) in [(0, 20), (1, 16), (2, 14)] {
            let lines = isolines(&v, axis, index, 1.0);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].closed);
            for p in &lines[0].points {
                assert!(((p - centre).norm() / radius - 1.0).abs() < 0.01);
            }
            let (u, w) = [(1, 2), (0, 2), (0, 1)][axis];
            let area = signed_area(&lines[0].points, axes.column(u).into(), axes.column(w).into());
            // Higher values on the left: anticlockwise.
            assert!((area / (PI * radius * radius) - 1.0).abs() < 0.01, "{area}");
        }
        v.data.iter_mut().for_each(|d| *d = (*d).min(3.0 - *d));
        assert_eq!(isolines(&v, 2, 14, 1.25).len(), 2);
        assert!(isolines(&v, 2, 29, 1.0).is_empty() && isolines(&v, 3, 0, 1.0).is_empty());
    }

    #[test]
    fn what_reaches_the_border_is_open() {
        let grid = Grid { axes: Matrix3::identity(), ..Grid::axial([3, 3, 1], [2.0; 3], Point3::origin()) };
        let v = Volume { grid, data: vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0] };
        let lines = isolines(&v, 2, 0, 0.5);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|l| !l.closed && l.points.len() == 3));
        // Higher values on the left: up along x = 3, down along x = 1.
        let xs: Vec<[f64; 2]> = lines.iter().map(|l| [l.points[0].x, l.points[2].y - l.points[0].y]).collect();
        assert!(xs.contains(&[3.0, 4.0]) && xs.contains(&[1.0, -4.0]), "{xs:?}");
    }
}
