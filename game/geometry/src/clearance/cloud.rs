//! What a machine could hit: points of a skin, or triangles of a table, in a tree of balls.

use super::solid::Solid;
use nalgebra::{Isometry3, Point3};

/// Items in a leaf of the tree.
const LEAF: usize = 12;
/// A triangle is parted until its distance is known to this, mm; inside a part, where it says only how deep, to this or to this
/// share of the depth.
const EXACT_MM: f64 = 0.01;
const EXACT_INSIDE_MM: f64 = 1.0;
const EXACT_INSIDE: f64 = 0.05;
/// Triangles smaller than this are not parted to prove that they stay clear, mm.
const SMALLEST_MM: f64 = 0.25;

/// By how much a distance that was found may be too large, mm.
fn too_large_mm(distance: f64) -> f64 {
    if distance < 0.0 { EXACT_INSIDE_MM.max(-EXACT_INSIDE * distance) } else { EXACT_MM }
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

    /// Looks for a place nearer to the solid than `best`. `to_solid`: the cloud's axes → the solid's.
    pub(super) fn nearest(&self, solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
        if !self.nodes.is_empty() {
            let first = self.bound(0, solid, to_solid, best.distance);
            self.descend(0, first, solid, to_solid, best);
        }
    }

    /// A ball's own least distance: the signed distance changes by no more than the way gone.
    fn bound(&self, node: usize, solid: &Solid, to_solid: &Isometry3<f64>, enough: f64) -> f64 {
        let n = &self.nodes[node];
        let centre = to_solid * n.centre;
        let quick = solid.outside_box_mm(&centre) - n.radius;
        if quick >= enough { quick } else { solid.closest(&centre).0 - n.radius }
    }

    /// True where no place of the cloud comes nearer to the solid than `least`, wherever each moves by at most
    /// `motion[0] + motion[1]` times its distance from the cloud's origin.
    pub(super) fn stays_clear(&self, solid: &Solid, to_solid: &Isometry3<f64>, least: f64, motion: [f64; 2]) -> bool {
        let mut todo = vec![0];
        if self.nodes.is_empty() {
            return true;
        }
        while let Some(node) = todo.pop() {
            let n = &self.nodes[node];
            let needed = least + motion[0] + motion[1] * (n.centre.coords.norm() + n.radius);
            if self.bound(node, solid, to_solid, needed) >= needed {
                continue;
            }
            if n.second > 0 {
                todo.extend([node + 1, n.second]);
                continue;
            }
            for item in &self.items[n.from..n.to] {
                let clear = match item {
                    Item::Point(p) => {
                        let needed = least + motion[0] + motion[1] * p.coords.norm();
                        solid.closest(&(to_solid * p)).0 >= needed
                    }
                    Item::Triangle(t) => triangle_stays_clear(*t, solid, to_solid, least, motion),
                };
                if !clear {
                    return false;
                }
            }
        }
        true
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
        let (bound_a, bound_b) =
            (self.bound(a, solid, to_solid, best.distance), self.bound(b, solid, to_solid, best.distance));
        for (child, bound) in
            if bound_b < bound_a { [(b, bound_b), (a, bound_a)] } else { [(a, bound_a), (b, bound_b)] }
        {
            self.descend(child, bound, solid, to_solid, best);
        }
    }
}

fn take(p: Point3<f64>, solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
    let (distance, at) = solid.closest(&(to_solid * p));
    if distance < best.distance {
        *best = Best { distance, ends: Some([p, at]) };
    }
}

/// How far beside a surface the way is looked at in which the distance from it grows, mm.
const BESIDE_MM: f64 = 1e-3;

/// What the distance of a triangle's places is at least, and the corner where that is so; `m`: its middle.
///
/// The solids that triangles are held against are convex, so their signed distance is too: it lies nowhere below a tangent. On the
/// surface itself there is none to be had: there it is that of a place beside the triangle's plane, without which a triangle in the
/// plane of a face would be parted for ever.
fn least(t: &[Point3<f64>; 3], m: &Point3<f64>, solid: &Solid, to_solid: &Isometry3<f64>) -> (f64, Point3<f64>) {
    let at = |p: Point3<f64>| {
        let here = to_solid * p;
        let (distance, near) = solid.closest(&here);
        let grows = || to_solid.rotation.inverse() * ((here - near) / distance);
        (distance.abs() > 0.5 * BESIDE_MM).then(|| (p, distance, grows()))
    };
    let beside = || {
        let normal = (t[1] - t[0]).cross(&(t[2] - t[0])).try_normalize(0.0)?;
        at(m + normal * BESIDE_MM).or_else(|| at(m - normal * BESIDE_MM))
    };
    let tangent = at(*m).or_else(beside);
    let low = |c: &Point3<f64>| match tangent {
        Some((p, distance, grows)) => distance + grows.dot(&(c - p)),
        None => -(c - m).norm() - BESIDE_MM,
    };
    t.iter().map(|c| (low(c), *c)).fold((f64::INFINITY, *m), |a, b| if b.0 < a.0 { b } else { a })
}

fn parted(t: &[Point3<f64>; 3]) -> [[Point3<f64>; 3]; 4] {
    let [ab, bc, ca] = [(0, 1), (1, 2), (2, 0)].map(|(i, k)| nalgebra::center(&t[i], &t[k]));
    [[t[0], ab, ca], [ab, t[1], bc], [ca, bc, t[2]], [ab, bc, ca]]
}

/// Radius of a ball about a triangle's middle that holds it.
fn radius(t: &[Point3<f64>; 3], m: &Point3<f64>) -> f64 {
    t.iter().map(|c| (c - m).norm_squared()).fold(0.0, f64::max).sqrt()
}

fn triangle(t: [Point3<f64>; 3], solid: &Solid, to_solid: &Isometry3<f64>, best: &mut Best) {
    let mut todo = vec![t];
    while let Some(t) = todo.pop() {
        let m = middle(&t);
        if solid.outside_box_mm(&(to_solid * m)) - radius(&t, &m) >= best.distance {
            continue;
        }
        take(m, solid, to_solid, best);
        let (least, corner) = least(&t, &m, solid, to_solid);
        if least >= best.distance - too_large_mm(best.distance) {
            continue;
        }
        // The corner at which the tangent is lowest: where it is no estimate, what was looked for.
        take(corner, solid, to_solid, best);
        if least >= best.distance - too_large_mm(best.distance) {
            continue;
        }
        todo.extend(parted(&t));
    }
}

fn triangle_stays_clear(
    t: [Point3<f64>; 3],
    solid: &Solid,
    to_solid: &Isometry3<f64>,
    least: f64,
    motion: [f64; 2],
) -> bool {
    let mut todo = vec![t];
    let needed = |away: f64| least + motion[0] + motion[1] * away;
    while let Some(t) = todo.pop() {
        let m = middle(&t);
        let here = to_solid * m;
        let r = radius(&t, &m);
        let all = needed(t.iter().map(|c| c.coords.norm_squared()).fold(0.0, f64::max).sqrt());
        if solid.outside_box_mm(&here) - r >= all {
            continue;
        }
        if self::least(&t, &m, solid, to_solid).0 >= all {
            continue;
        }
        if solid.closest(&here).0 < needed(m.coords.norm()) || r < SMALLEST_MM {
            return false;
        }
        todo.extend(parted(&t));
    }
    true
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
