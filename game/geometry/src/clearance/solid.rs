//! Simple solids with exact signed distances.

use crate::planar::Polygon;
use nalgebra::Point3;
use serde::{Deserialize, Serialize};

/// A solid about its own origin, lengths in mm. Where it has an axis that is z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Solid {
    /// A box, its middle at the origin.
    Box {
        /// Whole lengths along x, y, z.
        size_mm: [f64; 3],
    },
    /// A cylinder, its middle at the origin.
    Cylinder {
        /// Radius.
        radius_mm: f64,
        /// Whole length along z.
        length_mm: f64,
    },
    /// A cone cut off at both ends, its middle at the origin.
    Cone {
        /// Radius at its lower and at its upper end (larger z).
        radii_mm: [f64; 2],
        /// Whole length along z.
        length_mm: f64,
    },
    /// An outline in x and y drawn out along z, its middle in z at the origin.
    Prism {
        /// Corners in order; the last joins the first.
        outline_mm: Polygon,
        /// Whole length along z.
        length_mm: f64,
    },
}

/// The nearest place of an outline in a plane, and the signed distance to it (negative inside).
struct Flat {
    distance: f64,
    at: [f64; 2],
}

impl Solid {
    /// Signed distance from a point (mm, the solid's own axes) to the surface, negative inside, and the nearest place of the surface.
    pub fn closest(&self, p: &Point3<f64>) -> (f64, Point3<f64>) {
        match self {
            Self::Box { size_mm } => closest_of_box(size_mm.map(|s| s / 2.0), p),
            Self::Cylinder { radius_mm, length_mm } => round([*radius_mm; 2], length_mm / 2.0, p),
            Self::Cone { radii_mm, length_mm } => round(*radii_mm, length_mm / 2.0, p),
            Self::Prism { outline_mm, length_mm } => {
                let flat = closest_of_outline(outline_mm, [p.x, p.y]);
                let half = length_mm / 2.0;
                let end = half.copysign(p.z);
                let over = p.z.abs() - half;
                let [x, y] = flat.at;
                match (flat.distance > 0.0, over > 0.0) {
                    (true, true) => ((flat.distance * flat.distance + over * over).sqrt(), Point3::new(x, y, end)),
                    (true, false) => (flat.distance, Point3::new(x, y, p.z)),
                    (false, true) => (over, Point3::new(p.x, p.y, end)),
                    (false, false) if flat.distance > over => (flat.distance, Point3::new(x, y, p.z)),
                    (false, false) => (over, Point3::new(p.x, p.y, end)),
                }
            }
        }
    }

    /// True where it has no hollow: its signed distance is then a convex function of the place.
    pub fn is_convex(&self) -> bool {
        let Self::Prism { outline_mm, .. } = self else { return true };
        let n = outline_mm.len();
        let turn = |i: usize| {
            let [a, b, c] = [i, i + 1, i + 2].map(|k| outline_mm[k % n]);
            (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
        };
        (0..n).all(|i| turn(i) >= -1e-6) || (0..n).all(|i| turn(i) <= 1e-6)
    }

    /// Distance to a box about its origin that holds it, mm; minus infinity inside that box. Never more than the distance to the solid where that
    /// is positive.
    pub(super) fn outside_box_mm(&self, p: &Point3<f64>) -> f64 {
        let half = match self {
            Self::Box { size_mm } => size_mm.map(|s| s / 2.0),
            Self::Cylinder { radius_mm: r, length_mm } => [*r, *r, length_mm / 2.0],
            Self::Cone { radii_mm: [a, b], length_mm } => [a.max(*b), a.max(*b), length_mm / 2.0],
            Self::Prism { outline_mm, length_mm } => {
                let far = outline_mm.iter().fold([0.0f64; 2], |f, p| [f[0].max(p[0].abs()), f[1].max(p[1].abs())]);
                [far[0], far[1], length_mm / 2.0]
            }
        };
        let over = [0, 1, 2].map(|a| (p[a].abs() - half[a]).max(0.0));
        let outside = (over[0] * over[0] + over[1] * over[1] + over[2] * over[2]).sqrt();
        if outside > 0.0 { outside } else { f64::NEG_INFINITY }
    }

    /// What is wrong with it, as a sentence without its subject.
    pub(super) fn wrong(&self) -> Option<String> {
        let (lengths, least): (Vec<f64>, &str) = match self {
            Self::Box { size_mm } => (size_mm.to_vec(), "size_mm"),
            Self::Cylinder { radius_mm, length_mm } => (vec![*radius_mm, *length_mm], "radius_mm and length_mm"),
            // One end of a cone may be its tip.
            Self::Cone { radii_mm: [a, b], length_mm } => {
                if !(*a >= 0.0 && *b >= 0.0) {
                    return Some("needs radii_mm of at least 0".to_owned());
                }
                (vec![a.max(*b), *length_mm], "radii_mm and length_mm")
            }
            Self::Prism { outline_mm, length_mm } => {
                if !(3..=500).contains(&outline_mm.len()) {
                    return Some(format!("needs an outline_mm of 3 to 500 points, not {}", outline_mm.len()));
                }
                if outline_mm.iter().flatten().any(|v| v.is_nan() || v.abs() > MOST_MM) {
                    return Some(format!("needs points of outline_mm within {MOST_MM} mm"));
                }
                let n = outline_mm.len();
                let cross = |i: usize| {
                    let (a, b) = (outline_mm[i], outline_mm[(i + 1) % n]);
                    a[0] * b[1] - b[0] * a[1]
                };
                if (0..n).map(cross).sum::<f64>().abs() < 2.0 {
                    return Some("needs an outline_mm that encloses at least 1 mm²".to_owned());
                }
                (vec![*length_mm], "length_mm")
            }
        };
        let good = lengths.iter().all(|v| (0.1..=2.0 * MOST_MM).contains(v));
        (!good).then(|| format!("needs {least} between 0.1 and {} mm", 2.0 * MOST_MM))
    }
}

/// Farthest place of a machine, mm.
pub(super) const MOST_MM: f64 = 10_000.0;

fn closest_of_box(half: [f64; 3], p: &Point3<f64>) -> (f64, Point3<f64>) {
    let over: [f64; 3] = std::array::from_fn(|a| p[a].abs() - half[a]);
    if over.iter().all(|v| *v <= 0.0) {
        let a = if over[0] >= over[1] && over[0] >= over[2] { 0 } else { 1 + usize::from(over[2] > over[1]) };
        let mut q = *p;
        q[a] = half[a].copysign(p[a]);
        return (over[a], q);
    }
    let q = Point3::from(std::array::from_fn::<f64, 3, _>(|a| p[a].clamp(-half[a], half[a])));
    ((p - q).norm(), q)
}

/// A cone cut off at both ends, by its profile: half of the outline in the plane through the axis and the point.
fn round(radii: [f64; 2], half: f64, p: &Point3<f64>) -> (f64, Point3<f64>) {
    let r = (p.x * p.x + p.y * p.y).sqrt();
    let (cos, sin) = if r > 0.0 { (p.x / r, p.y / r) } else { (1.0, 0.0) };
    let profile = [[0.0, -half], [radii[0], -half], [radii[1], half], [0.0, half]];
    let here = [r, p.z];
    // The axis is no part of the surface.
    let sides = profile.windows(2).map(|w| nearest_on(here, w[0], w[1]));
    let (mut best, mut at) = (f64::INFINITY, [0.0; 2]);
    for q in sides {
        let d = (q[0] - r).powi(2) + (q[1] - p.z).powi(2);
        if d < best {
            (best, at) = (d, q);
        }
    }
    let wide = radii[0] + (radii[1] - radii[0]) * (p.z + half) / (2.0 * half);
    let inside = p.z.abs() <= half && r <= wide;
    let best = best.sqrt();
    (if inside { -best } else { best }, Point3::new(at[0] * cos, at[0] * sin, at[1]))
}

fn nearest_on(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let (u, v) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let square = u[0] * u[0] + u[1] * u[1];
    let t = if square > 0.0 { ((u[0] * v[0] + u[1] * v[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
    [a[0] + t * u[0], a[1] + t * u[1]]
}

fn closest_of_outline(outline: &Polygon, p: [f64; 2]) -> Flat {
    let (mut best, mut at, mut inside) = (f64::INFINITY, p, false);
    let Some(mut a) = outline.last().copied() else { return Flat { distance: best, at } };
    for &b in outline {
        let q = nearest_on(p, a, b);
        let d = (q[0] - p[0]).powi(2) + (q[1] - p[1]).powi(2);
        if d < best {
            (best, at) = (d, q);
        }
        if (a[1] <= p[1]) != (b[1] <= p[1]) && a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) > p[0] {
            inside = !inside;
        }
        a = b;
    }
    Flat { distance: if inside { -best.sqrt() } else { best.sqrt() }, at }
}
