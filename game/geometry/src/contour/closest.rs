//! How near two structures come to each other.

use super::Contour;
use super::distance::{DistanceError, Slabs};
use super::sheet::{Edges, nearest_on, square};
use nalgebra::{Point3, Vector3};

/// The closest approach of two structures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closest {
    /// mm; 0 where they touch or share a place (one inside the other included).
    pub distance_mm: f64,
    /// A place of each where they come that close, DICOM patient mm; None where they share a place.
    pub between: Option<[Point3<f64>; 2]>,
}

/// The closest approach of the solids that two sets of contours enclose (as [`super::distance`] takes them), exactly.
/// Contours of both lie in parallel planes. `slice_mm`: thickness of a plane that stands alone.
pub fn closest(a: &[Contour], b: &[Contour], slice_mm: f64) -> Result<Closest, DistanceError> {
    let (a, b) = (Slabs::new(a, slice_mm)?, Slabs::new(b, slice_mm)?);
    let turn = a.stack.normal.dot(&b.stack.normal);
    if turn < 1.0 - 1e-6 {
        return Err(DistanceError::NotParallel);
    }
    // Pairs of slabs, those that may come closest first.
    let boxes = |s: &Slabs<'_>| s.slabs.iter().map(|(_, _, e)| e.bounds()).collect::<Vec<_>>();
    let (box_a, box_b) = (boxes(&a), boxes(&b));
    let mut pairs = Vec::new();
    for (i, (low_a, high_a, _)) in a.slabs.iter().enumerate() {
        for (j, (low_b, high_b, _)) in b.slabs.iter().enumerate() {
            let apart = (low_b - high_a).max(low_a - high_b).max(0.0);
            pairs.push((apart * apart + between_boxes(&box_a[i], &box_b[j]), i, j));
        }
    }
    pairs.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let mut best = f64::INFINITY;
    let mut between = None;
    for (least, i, j) in pairs {
        if least >= best {
            break;
        }
        let ((low_a, high_a, edges_a), (low_b, high_b, edges_b)) = (&a.slabs[i], &b.slabs[j]);
        let apart = (low_b - high_a).max(low_a - high_b).max(0.0);
        let (in_plane, ends) = apart_in_plane(edges_a, edges_b, best - apart * apart);
        let square = in_plane + apart * apart;
        if square >= best {
            continue;
        }
        best = square;
        if best <= 0.0 {
            return Ok(Closest { distance_mm: 0.0, between: None });
        }
        // Heights: the faces that look at each other, or the middle of what they share.
        let middle = 0.5 * (low_a.max(*low_b) + high_a.min(*high_b));
        let (z_a, z_b) = if low_b > high_a {
            (*high_a, *low_b)
        } else if low_a > high_b {
            (*low_a, *high_b)
        } else {
            (middle, middle)
        };
        let [u, v, n] = a.axes;
        let at = |p: [f64; 2], z: f64| Point3::from(u * p[0] + v * p[1] + n * z);
        between = ends.map(|[p, q]| [at(p, z_a), at(q, z_b)]);
    }
    Ok(Closest { distance_mm: best.sqrt(), between })
}

fn between_boxes(a: &[[f64; 2]; 2], b: &[[f64; 2]; 2]) -> f64 {
    let d = [0, 1].map(|x| (b[0][x] - a[1][x]).max(a[0][x] - b[1][x]).max(0.0));
    d[0] * d[0] + d[1] * d[1]
}

/// Square of the distance of two sets of polygons in a plane, where it is below `bound` (else infinite), and the
/// places.
fn apart_in_plane(a: &Edges, b: &Edges, bound: f64) -> (f64, Option<[[f64; 2]; 2]>) {
    // A corner of one inside the other: they share a place. Where no edges cross, a contour is wholly in or out.
    if let Some(p) = a.corners.iter().find(|p| b.inside(**p)).or_else(|| b.corners.iter().find(|p| a.inside(**p))) {
        return (0.0, Some([*p, *p]));
    }
    let (mut best, mut ends) = (bound, None);
    for (box_a, some_a) in a.groups() {
        for (box_b, some_b) in b.groups() {
            if between_boxes(box_a, box_b) >= best {
                continue;
            }
            for e in some_a {
                for f in some_b {
                    if let Some(p) = crossing(e, f) {
                        return (0.0, Some([p, p]));
                    }
                    // Of segments that do not cross, the nearest places include an end of one.
                    for (p, q) in [
                        (e[0], nearest_on(e[0], f)),
                        (e[1], nearest_on(e[1], f)),
                        (nearest_on(f[0], e), f[0]),
                        (nearest_on(f[1], e), f[1]),
                    ] {
                        let d = square(p, q);
                        if d < best {
                            (best, ends) = (d, Some([p, q]));
                        }
                    }
                }
            }
        }
    }
    if ends.is_some() { (best, ends) } else { (f64::INFINITY, None) }
}

fn crossing([a, b]: &[[f64; 2]; 2], [c, d]: &[[f64; 2]; 2]) -> Option<[f64; 2]> {
    let [a, b, c, d] = [a, b, c, d].map(|p| Vector3::new(p[0], p[1], 0.0));
    let (ab, cd) = (b - a, d - c);
    let det = ab.cross(&cd).z;
    if det == 0.0 {
        return None;
    }
    let (s, t) = ((c - a).cross(&cd).z / det, (c - a).cross(&ab).z / det);
    ((0.0..=1.0).contains(&s) && (0.0..=1.0).contains(&t)).then(|| [a.x + s * ab.x, a.y + s * ab.y])
}
