//! Regions of a plane with straight edges, combined exactly: their area and their outlines.

mod outline;

/// A closed polygon; the last point joins the first.
pub type Polygon = Vec<[f64; 2]>;

/// Heights nearer than this are one, and what is narrower is nothing.
const SAME: f64 = 1e-9;

/// A region: what its outlines enclose by the even-odd rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Closed outlines, the first point repeated at the end; outer ones run anticlockwise, holes clockwise. Empty where
    /// there is nothing.
    pub outlines: Vec<Polygon>,
    /// Its area, in the square of the points' unit.
    pub area: f64,
}

/// An edge of one layer, pointing upwards.
#[derive(Clone, Copy)]
struct Edge {
    layer: usize,
    low: [f64; 2],
    high: [f64; 2],
}

impl Edge {
    fn x(&self, y: f64) -> f64 {
        let part = (y - self.low[1]) / (self.high[1] - self.low[1]);
        self.low[0] + part.clamp(0.0, 1.0) * (self.high[0] - self.low[0])
    }
}

/// What lies between two edges from one height to the next: x of its sides below and above.
#[derive(Clone, Copy)]
struct Trapezoid {
    left: [f64; 2],
    right: [f64; 2],
}

/// The region of all places that `keep` takes. A layer is a set of polygons under the even-odd rule; `keep` is told for each
/// layer whether the place lies in it, and must not take what lies in none. Points that are not finite are left out.
///
/// Exact up to rounding: the plane is parted at the height of every corner and of every crossing, and between two heights
/// no edge crosses another. Cost: heights × edges, plus pairs of edges.
pub fn combine(layers: &[Vec<Polygon>], keep: impl Fn(&[bool]) -> bool) -> Region {
    let (levels, slabs, area) = part(layers, keep);
    Region { outlines: outline::trace(&levels, &slabs), area }
}

/// Triangles that fill what a polygon encloses by the even-odd rule.
pub(crate) fn triangles(polygon: &Polygon) -> Vec<[[f64; 2]; 3]> {
    let (levels, slabs, _) = part(&[vec![polygon.clone()]], |inside| inside[0]);
    let mut out = Vec::new();
    for (w, slab) in levels.windows(2).zip(&slabs) {
        for t in slab {
            let [a, b] = [[t.left[0], w[0]], [t.right[0], w[0]]];
            let [c, d] = [[t.right[1], w[1]], [t.left[1], w[1]]];
            out.extend([[a, b, c], [a, c, d]]);
        }
    }
    out
}

/// Heights, what is kept between each and the next, and its area.
fn part(layers: &[Vec<Polygon>], keep: impl Fn(&[bool]) -> bool) -> (Vec<f64>, Vec<Vec<Trapezoid>>, f64) {
    let edges = edges(layers);
    let levels = levels(&edges);
    let mut slabs: Vec<Vec<Trapezoid>> = Vec::with_capacity(levels.len());
    let mut area = 0.0;
    let mut across: Vec<(f64, usize)> = Vec::new();
    let mut inside = vec![false; layers.len()];
    for w in levels.windows(2) {
        let (from, to) = (w[0], w[1]);
        let middle = 0.5 * (from + to);
        across.clear();
        let here = edges.iter().enumerate().filter(|(_, e)| e.low[1] <= middle && middle < e.high[1]);
        across.extend(here.map(|(i, e)| (e.x(middle), i)));
        across.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        inside.fill(false);
        let mut taken: Vec<Trapezoid> = Vec::new();
        let mut open: Option<(f64, usize)> = None;
        for &(x, i) in &across {
            inside[edges[i].layer] ^= true;
            match (open, keep(&inside)) {
                (None, true) => open = Some((x, i)),
                (Some((x0, first)), false) => {
                    open = None;
                    if x - x0 <= SAME {
                        continue;
                    }
                    let (l, r) = (&edges[first], &edges[i]);
                    let t = Trapezoid { left: [l.x(from), l.x(to)], right: [r.x(from), r.x(to)] };
                    area += 0.5 * (t.right[0] - t.left[0] + t.right[1] - t.left[1]) * (to - from);
                    match taken.last_mut() {
                        // Two that share a whole side are one.
                        Some(last) if (0..2).all(|k| (t.left[k] - last.right[k]).abs() <= SAME) => last.right = t.right,
                        _ => taken.push(t),
                    }
                }
                _ => {}
            }
        }
        slabs.push(taken);
    }
    (levels, slabs, area)
}

/// All edges that are not level.
fn edges(layers: &[Vec<Polygon>]) -> Vec<Edge> {
    let mut out = Vec::new();
    for (layer, polygons) in layers.iter().enumerate() {
        for polygon in polygons {
            let good: Vec<[f64; 2]> = polygon.iter().copied().filter(|p| p.iter().all(|v| v.is_finite())).collect();
            let Some(mut last) = good.last().copied() else { continue };
            for p in good {
                if p[1] > last[1] {
                    out.push(Edge { layer, low: last, high: p });
                } else if p[1] < last[1] {
                    out.push(Edge { layer, low: p, high: last });
                }
                last = p;
            }
        }
    }
    out
}

/// Heights at which an edge begins, ends or meets another, rising.
fn levels(edges: &[Edge]) -> Vec<f64> {
    let mut out: Vec<f64> = edges.iter().flat_map(|e| [e.low[1], e.high[1]]).collect();
    for (n, a) in edges.iter().enumerate() {
        for b in &edges[n + 1..] {
            let (from, to) = (a.low[1].max(b.low[1]), a.high[1].min(b.high[1]));
            if from >= to {
                continue;
            }
            // They change sides between the lowest and the highest place that they share.
            let (d0, d1) = (a.x(from) - b.x(from), a.x(to) - b.x(to));
            if d0 * d1 < 0.0 {
                out.push(from + (to - from) * d0 / (d0 - d1));
            }
        }
    }
    out.sort_by(f64::total_cmp);
    out.dedup_by(|b, a| *b - *a <= SAME);
    out
}

#[cfg(test)]
mod tests;
