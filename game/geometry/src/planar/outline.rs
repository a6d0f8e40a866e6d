//! Trapezoids in rows become closed outlines.

use super::{Polygon, Trapezoid};
use std::collections::BTreeMap;

/// Places of one height nearer than this are one.
const SAME_PLACE: f64 = 1e-7;

/// A place: which height, and which of the places there.
type Place = (usize, usize);

/// Outlines with what is inside on their left. `slabs[n]` lies between heights n and n + 1.
pub(super) fn trace(levels: &[f64], slabs: &[Vec<Trapezoid>]) -> Vec<Polygon> {
    let below = |n: usize| n.checked_sub(1).and_then(|n| slabs.get(n)).map_or(&[][..], Vec::as_slice);
    let above = |n: usize| slabs.get(n).map_or(&[][..], Vec::as_slice);
    // Every height's own places, so that what meets there shares them whatever rounding says.
    let places: Vec<Vec<f64>> = (0..levels.len())
        .map(|n| {
            let mut xs: Vec<f64> = below(n).iter().flat_map(|t| [t.left[1], t.right[1]]).collect();
            xs.extend(above(n).iter().flat_map(|t| [t.left[0], t.right[0]]));
            xs.sort_by(f64::total_cmp);
            xs.dedup_by(|b, a| *b - *a <= SAME_PLACE);
            xs
        })
        .collect();
    let place = |n: usize, x: f64| -> Place { (n, places[n].partition_point(|p| *p < x - SAME_PLACE)) };
    let mut ways: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    let mut way = |from: Place, to: Place| {
        if from != to {
            ways.entry(from).or_default().push(to);
        }
    };
    for (n, here) in places.iter().enumerate() {
        for t in above(n) {
            way(place(n, t.right[0]), place(n + 1, t.right[1]));
            way(place(n + 1, t.left[1]), place(n, t.left[0]));
        }
        let covered = |list: &[Trapezoid], k: usize, a: usize| {
            list.iter().any(|t| place(n, t.left[k]).1 <= a && a < place(n, t.right[k]).1)
        };
        for a in 0..here.len().saturating_sub(1) {
            match (covered(below(n), 1, a), covered(above(n), 0, a)) {
                (false, true) => way((n, a), (n, a + 1)),
                (true, false) => way((n, a + 1), (n, a)),
                _ => {}
            }
        }
    }
    let at = |p: Place| [places[p.0][p.1], levels[p.0]];
    let mut out = Vec::new();
    while let Some(start) = ways.keys().next().copied() {
        let mut line = vec![start];
        let (mut here, mut from) = (start, None);
        while let Some(to) = ways.get_mut(&here) {
            // Where two outlines touch, the sharpest turn to the left stays on its own.
            let turn = |to: &Place| match from {
                Some(f) => left_turn(at(f), at(here), at(*to)),
                None => 0.0,
            };
            let best = (0..to.len()).max_by(|a, b| turn(&to[*a]).total_cmp(&turn(&to[*b]))).unwrap_or(0);
            let next = to.swap_remove(best);
            if to.is_empty() {
                ways.remove(&here);
            }
            (from, here) = (Some(here), next);
            if here == start {
                break;
            }
            line.push(here);
        }
        let line: Polygon = line.into_iter().map(at).collect();
        let mut line = without_straight(line);
        if line.len() >= 3 {
            line.push(line[0]);
            out.push(line);
        }
    }
    out
}

/// Angle by which a way turns to the left at `b`, −π to π.
fn left_turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    let (u, v) = ([b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]);
    (u[0] * v[1] - u[1] * v[0]).atan2(u[0] * v[0] + u[1] * v[1])
}

/// Without the points at which a closed line goes straight on.
fn without_straight(line: Polygon) -> Polygon {
    let n = line.len();
    (0..n)
        .filter(|&i| left_turn(line[(i + n - 1) % n], line[i], line[(i + 1) % n]).abs() > 1e-9)
        .map(|i| line[i])
        .collect()
}
