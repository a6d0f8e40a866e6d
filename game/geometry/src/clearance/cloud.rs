//! What a machine could hit: points of a skin, or triangles of a table, in a tree of balls.

use super::solid::Solid;
use nalgebra::{Isometry3, Point3};

/// Items in a leaf of the tree.
const LEAF: usize = 12;
/// A triangle is parted until its distance is known to this, mm; inside a part, where it says only how deep, to this.
const EXACT_MM: f64 = 0.01;
const EXACT_INSIDE_MM: f64 = 0.25;

/// By how much a distance that was found may be too large, mm.
pub(super) fn too_large_mm(distance: f64) -> f64 {
    if distance < 0.0 { EXACT_INSIDE_MM } else { EXACT_MM }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Point(Point3<f64>),
    Triangle([Point3<f64>; 3]),
}

impl Item {
    fn corners(&self) -> &[Point3<f64>] {
        match self {
            Self::Point(p) => std::slice::from_ref(p),
            Self::Triangle(t) => t,
        }
    }

    fn middle(&self) -> Point3<f64> {
        match self {
            Self::Point(p) => *p,
            Self::Triangle(t) => middle(t),
        }
    }
}

fn middle(t: &[Point3<f64>; 3]) -> Point3<f64> {
    Point3::from((t[0].coords + t[1].coords + t[2].coords) / 3.0)
}

#[derive(Clone, Debug)]
struct Node {
    centre: Point3<f64>,
    radius: f64,
    from: usize,
    to: usize,
    /// The second child; the first follows the node. 0: a leaf.
    second: usize,
}

/// A tree over items.
#[derive(Clone, Debug, Default)]
pub(super) struct Cloud {
    items: Vec<Item>,
    nodes: Vec<Node>,
}

/// The least distance so far, and the place of the cloud and of the solid (its own axes) where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    pub distance: f64,
    pub ends: Option<[Point3<f64>; 2]>,
}

impl Cloud {
    pub(super) fn new(mut items: Vec<Item>) -> Self {
        items.retain(|i| i.corners().iter().all(|p| p.iter().all(|v| v.is_finite())));
        let mut nodes = Vec::new();
        if !items.is_empty() {
            let count = items.len();
            split(&mut items, 0, count, &mut nodes);
        }
        Self { items, nodes }
    }

    /// Largest of a measure over all corners; 0 where there is none.
    pub(super) fn most(&self, measure: impl Fn(&Point3<f64>) -> f64) -> f64 {
        self.items.iter().flat_map(|i| i.corners()).map(measure).fold(0.0, f64::max)
    }

    /// Looks for a place nearer to the solid than `best`. `to_solid`: the cloud's axes → the solid's.
    pub(super) fn nearest(&self, solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
        if !self.nodes.is_empty() {
            let first = self.bound(0, solid, to_solid);
            self.descend(0, first, solid, to_solid, best);
        }
    }

    /// A ball's own least distance: the signed distance changes by no more than the way gone.
    fn bound(&self, node: usize, solid: &Solid, to_solid: &Isometry3<f64>) -> f64 {
        let n = &self.nodes[node];
        solid.closest(&(to_solid * n.centre)).0 - n.radius
    }

    fn descend(&self, node: usize, bound: f64, solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
        if bound >= best.distance {
            return;
        }
        let n = &self.nodes[node];
        if n.second == 0 {
            for item in &self.items[n.from..n.to] {
                match item {
                    Item::Point(p) => {
                        take(*p, solid, to_solid, best);
                    }
                    Item::Triangle(t) => triangle(*t, solid, to_solid, best),
                }
            }
            return;
        }
        let (a, b) = (node + 1, n.second);
        let (bound_a, bound_b) = (self.bound(a, solid, to_solid), self.bound(b, solid, to_solid));
        for (child, bound) in
            if bound_b < bound_a { [(b, bound_b), (a, bound_a)] } else { [(a, bound_a), (b, bound_b)] }
        {
            self.descend(child, bound, solid, to_solid, best);
        }
    }
}

/// Distance of one place and the way in which it grows (None on the surface itself).
fn take(
    p: Point3<f64>,
    solid: &Solid,
    to_solid: &Isometry3<f64>,
    best: &mut Best,
) -> (f64, Option<nalgebra::Vector3<f64>>) {
    let here = to_solid * p;
    let (distance, at) = solid.closest(&here);
    if distance < best.distance {
        *best = Best { distance, ends: Some([p, at]) };
    }
    let grows = (distance.abs() > 1e-9).then(|| to_solid.rotation.inverse() * ((here - at) / distance));
    (distance, grows)
}

/// The solids that triangles are held against are convex, so their signed distance is too: it lies nowhere below its tangent.
fn triangle(t: [Point3<f64>; 3], solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
    let mut todo = vec![t];
    while let Some(t) = todo.pop() {
        let m = middle(&t);
        let (distance, grows) = take(m, solid, to_solid, best);
        // The corner at which the tangent is lowest: where it is no estimate, what was looked for.
        let low = |c: &Point3<f64>| grows.map_or(-(c - m).norm(), |g| g.dot(&(c - m)));
        let (least, corner) =
            t.iter().map(|c| (low(c), *c)).fold((f64::INFINITY, m), |a, b| if b.0 < a.0 { b } else { a });
        if distance + least >= best.distance - too_large_mm(best.distance) {
            continue;
        }
        take(corner, solid, to_solid, best);
        if distance + least >= best.distance - too_large_mm(best.distance) {
            continue;
        }
        let [ab, bc, ca] = [(0, 1), (1, 2), (2, 0)].map(|(i, k)| nalgebra::center(&t[i], &t[k]));
        todo.extend([[t[0], ab, ca], [ab, t[1], bc], [ca, bc, t[2]], [ab, bc, ca]]);
    }
}

fn split(items: &mut [Item], from: usize, to: usize, nodes: &mut Vec<Node>) -> usize {
    let part = &mut items[from..to];
    let mut low = Point3::from([f64::INFINITY; 3]);
    let mut high = Point3::from([f64::NEG_INFINITY; 3]);
    for p in part.iter().flat_map(Item::corners) {
        (low, high) = (low.inf(p), high.sup(p));
    }
    let centre = nalgebra::center(&low, &high);
    let radius = part.iter().flat_map(Item::corners).map(|p| (p - centre).norm()).fold(0.0, f64::max);
    let me = nodes.len();
    nodes.push(Node { centre, radius, from, to, second: 0 });
    if to - from > LEAF {
        let axis = (high - low).imax();
        let half = part.len() / 2;
        part.select_nth_unstable_by(half, |a, b| a.middle()[axis].total_cmp(&b.middle()[axis]));
        split(items, from, from + half, nodes);
        nodes[me].second = split(items, from + half, to, nodes);
    }
    me
}
