//! Where a plane cuts a surface.

use crate::TriMesh;
use nalgebra::{Point3, Vector3};

/// The segments along which the plane through `point` with this normal cuts a mesh, in the mesh's frame and unit. Walked
/// from the first end to the second with the normal towards the eye, the inside lies to the left. A closed mesh gives closed
/// lines; a corner that lies on the plane counts as in front of it, so that no segment comes twice.
pub fn section(mesh: &TriMesh, point: Point3<f64>, normal: Vector3<f64>) -> Vec<[Point3<f32>; 2]> {
    let n = normal.map(|v| v as f32);
    let d = normal.dot(&point.coords) as f32;
    let height: Vec<f32> = mesh.positions.iter().map(|p| p[0] * n.x + p[1] * n.y + p[2] * n.z - d).collect();
    let mut out = Vec::new();
    for corners in mesh.indices.as_chunks::<3>().0 {
        let c = corners.map(|i| i as usize);
        let front = c.map(|i| height[i] >= 0.0);
        // The corner that is alone on its side.
        let alone = match front {
            [a, b, c] if a == b && b == c => continue,
            [a, b, _] if a == b => 2,
            [a, _, c] if a == c => 1,
            _ => 0,
        };
        let (lone, next, last) = (c[alone], c[(alone + 1) % 3], c[(alone + 2) % 3]);
        let cut = |to: usize| {
            let t = height[lone] / (height[lone] - height[to]);
            let (a, b) = (Point3::from(mesh.positions[lone]), Point3::from(mesh.positions[to]));
            a + (b - a) * t
        };
        let ends = [cut(next), cut(last)];
        out.push(if front[alone] { ends } else { [ends[1], ends[0]] });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grid, Volume};

    /// A ball of radius 20 mm; its surface nets lie within a tenth of a voxel of it.
    fn ball() -> TriMesh {
        let grid = Grid::axial([51; 3], [1.0; 3], Point3::new(-25.0, -25.0, -25.0));
        let mut v = Volume::filled(grid.clone(), 0.0f32);
        for o in 0..grid.len() {
            let p = grid.centre(o % 51, o / 51 % 51, o / (51 * 51));
            v.data[o] = 20.0 - p.coords.norm() as f32;
        }
        TriMesh::isosurface(&v, 0.0)
    }

    #[test]
    fn a_ball_is_cut_in_a_circle_whatever_the_plane() {
        let mesh = ball();
        for (normal, h) in [([0.0, 0.0, 1.0], 0.25), ([1.0, 0.0, 0.0], -12.0), ([0.6, -0.48, 0.64], 7.0)] {
            let normal = Vector3::from(normal);
            let lines = section(&mesh, Point3::from(normal * h), normal);
            let radius = (400.0f64 - h * h).sqrt();
            let (mut length, mut area) = (0.0, 0.0);
            for [a, b] in &lines {
                let [a, b] = [a, b].map(|p| p.coords.map(f64::from));
                assert!((a.dot(&normal) - h).abs() < 1e-3);
                assert!(((a - normal * h).norm() - radius).abs() < 0.15, "{} not {radius}", (a - normal * h).norm());
                length += (b - a).norm();
                area += 0.5 * a.cross(&b).dot(&normal);
            }
            assert!((length / (2.0 * std::f64::consts::PI * radius) - 1.0).abs() < 0.02, "{length}");
            // Signed: the inside lies to the left all the way round.
            assert!((area / (std::f64::consts::PI * radius * radius) - 1.0).abs() < 0.02, "{area}");
        }
        assert!(section(&mesh, Point3::new(0.0, 0.0, 21.0), Vector3::z()).is_empty());
    }
}
