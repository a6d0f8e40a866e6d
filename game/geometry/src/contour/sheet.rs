//! Distances in one plane: to the edges of its polygons, exactly.

use super::Contour;
use nalgebra::Point3;

/// Edges in a group, and groups in a group of groups; what follows each other in a contour lies together.
const GROUP: usize = 8;

/// Stands for "nowhere near", mm.
const FAR_MM: f64 = 1e6;

type Point = [f64; 2];

/// Boundary edges of one plane, in groups with the boxes around them.
pub(super) struct Edges {
    pub edges: Vec<[Point; 2]>,
    /// Box (low, high) of each eight edges, and of each eight of those.
    fine: Vec<[Point; 2]>,
    coarse: Vec<[Point; 2]>,
    /// One corner of each contour.
    pub corners: Vec<Point>,
}

fn boxes<T>(of: &[T], ends: impl Fn(&T) -> [Point; 2]) -> Vec<[Point; 2]> {
    of.chunks(GROUP)
        .map(|chunk| {
            let mut out = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
            for p in chunk.iter().flat_map(&ends) {
                for a in 0..2 {
                    out[0][a] = out[0][a].min(p[a]);
                    out[1][a] = out[1][a].max(p[a]);
                }
            }
            out
        })
        .collect()
}

/// Square of the distance from a point to a box.
fn to_box(p: Point, [low, high]: &[Point; 2]) -> f64 {
    let d = [0, 1].map(|a| (low[a] - p[a]).max(p[a] - high[a]).max(0.0));
    d[0] * d[0] + d[1] * d[1]
}

/// The nearest place of a segment.
pub(super) fn nearest_on(p: Point, [a, b]: &[Point; 2]) -> Point {
    let (d, q) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = d[0] * d[0] + d[1] * d[1];
    let t = if length > 0.0 { ((q[0] * d[0] + q[1] * d[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    [a[0] + t * d[0], a[1] + t * d[1]]
}

pub(super) fn square(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

impl Edges {
    pub fn new(contours: &[&Contour], flat: impl Fn(&Point3<f64>) -> Point) -> Self {
        let mut edges = Vec::new();
        let mut corners = Vec::new();
        for c in contours {
            let points: Vec<Point> = c.points.iter().map(&flat).collect();
            let Some(mut last) = points.last().copied() else { continue };
            corners.push(last);
            for p in points {
                edges.push([last, p]);
                last = p;
            }
        }
        // Edges that run there and back bound nothing: of those alike, an odd number leaves one.
        let key = |p: Point| p.map(|v| (v * 1e4).round() as i64);
        let mut sorted: Vec<([[i64; 2]; 2], usize)> = edges
            .iter()
            .enumerate()
            .map(|(i, [a, b])| {
                let (a, b) = (key(*a), key(*b));
                ([a.min(b), a.max(b)], i)
            })
            .collect();
        sorted.sort_unstable();
        let mut keep = vec![false; edges.len()];
        for alike in sorted.chunk_by(|a, b| a.0 == b.0) {
            keep[alike[0].1] = alike.len() % 2 == 1;
        }
        let edges: Vec<[Point; 2]> = edges.into_iter().zip(keep).filter(|(_, k)| *k).map(|(e, _)| e).collect();
        let fine = boxes(&edges, |e| *e);
        let coarse = boxes(&fine, |b| *b);
        Self { edges, fine, coarse, corners }
    }

    /// Lowest and highest corner.
    pub fn bounds(&self) -> [Point; 2] {
        boxes(&self.coarse, |b| *b).into_iter().fold([[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], |all, one| {
            [[all[0][0].min(one[0][0]), all[0][1].min(one[0][1])], [all[1][0].max(one[1][0]), all[1][1].max(one[1][1])]]
        })
    }

    /// Boxes of [`GROUP`] edges each.
    pub fn groups(&self) -> impl Iterator<Item = (&[Point; 2], &[[Point; 2]])> {
        self.fine.iter().zip(self.edges.chunks(GROUP))
    }

    /// Square of the distance to the nearest edge, where it is below `bound`; else `bound`.
    fn nearest(&self, p: Point, bound: f64) -> f64 {
        let mut best = bound;
        for (c, whole) in self.coarse.iter().enumerate() {
            if to_box(p, whole) >= best {
                continue;
            }
            let to = ((c + 1) * GROUP).min(self.fine.len());
            for f in c * GROUP..to {
                if to_box(p, &self.fine[f]) >= best {
                    continue;
                }
                for e in &self.edges[f * GROUP..((f + 1) * GROUP).min(self.edges.len())] {
                    best = best.min(square(p, nearest_on(p, e)));
                }
            }
        }
        best
    }

    /// Whether a point lies inside by the even-odd rule.
    pub fn inside(&self, p: Point) -> bool {
        let crosses = |[a, b]: &&[Point; 2]| {
            (a[1] <= p[1]) != (b[1] <= p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        };
        self.edges.iter().filter(crosses).count() % 2 == 1
    }
}

/// Distances from the places `first + h·[i, j]` to the polygons' edges, mm, negative inside; i runs fastest.
pub(super) fn signed_sheet(edges: &Edges, first: Point, h: f64, [nx, ny]: [usize; 2]) -> Vec<f32> {
    let mut out = vec![0.0f32; nx * ny];
    let mut above: Vec<f64> = vec![f64::INFINITY; nx];
    let mut crossings = Vec::new();
    for (j, row) in out.chunks_exact_mut(nx).enumerate() {
        let y = first[1] + j as f64 * h;
        crossings.clear();
        for [a, b] in &edges.edges {
            if (a[1] <= y) != (b[1] <= y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            }
        }
        crossings.sort_by(f64::total_cmp);
        let (mut passed, mut left) = (0, f64::INFINITY);
        for (i, out) in row.iter_mut().enumerate() {
            let x = first[0] + i as f64 * h;
            // No place is farther than its neighbour by more than the way to it; a little more, so that the bound
            // itself never wins.
            let bound = left.min(above[i]) + h * (1.0 + 1e-9) + 1e-9;
            let d = edges.nearest([x, y], bound * bound).sqrt();
            (left, above[i]) = (d, d);
            while passed < crossings.len() && crossings[passed] <= x {
                passed += 1;
            }
            // Polygons that cancel each other bound nothing: that is far away, and a number.
            let d = d.min(FAR_MM) as f32;
            *out = if passed % 2 == 1 { -d } else { d };
        }
    }
    out
}
