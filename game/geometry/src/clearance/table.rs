//! The surface of what stands on the table top, as triangles.

use super::Solid;
use crate::planar::{Polygon, triangles as fill};
use nalgebra::{Isometry3, Point3};

/// Sides that stand for a circle; drawn around it, so that nothing is taken for farther than it is (0.03 % of the radius).
const SIDES: usize = 128;

/// Triangles of a solid's surface. Cones have none: no machine file has one here.
pub(super) fn triangles(solid: &Solid, pose: &Isometry3<f64>) -> Vec<[Point3<f64>; 3]> {
    let (outline, length): (Polygon, f64) = match solid {
        Solid::Box { size_mm: [x, y, z] } => {
            let (x, y) = (x / 2.0, y / 2.0);
            (vec![[-x, -y], [x, -y], [x, y], [-x, y]], *z)
        }
        Solid::Cylinder { radius_mm, length_mm } => {
            let r = radius_mm / (std::f64::consts::PI / SIDES as f64).cos();
            let at = |k: usize| {
                let (sin, cos) = (k as f64 * std::f64::consts::TAU / SIDES as f64).sin_cos();
                [r * cos, r * sin]
            };
            ((0..SIDES).map(at).collect(), *length_mm)
        }
        Solid::Prism { outline_mm, length_mm } => (outline_mm.clone(), *length_mm),
        Solid::Cone { .. } => return Vec::new(),
    };
    let at = |[x, y]: [f64; 2], end: f64| pose * Point3::new(x, y, end * length / 2.0);
    let mut out = Vec::new();
    for t in fill(&outline) {
        out.extend([-1.0, 1.0].map(|end| t.map(|p| at(p, end))));
    }
    for (i, p) in outline.iter().enumerate() {
        let q = outline[(i + 1) % outline.len()];
        let [a, b, c, d] = [at(*p, -1.0), at(q, -1.0), at(q, 1.0), at(*p, 1.0)];
        out.extend([[a, b, c], [a, c, d]]);
    }
    out
}
