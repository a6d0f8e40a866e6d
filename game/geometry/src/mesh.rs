//! Triangle meshes, and surfaces from volumes.

use crate::Volume;
use fast_surface_nets::ndshape::{RuntimeShape, Shape};
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};
use nalgebra::{Point3, Vector3};
use serde::{Deserialize, Serialize};

/// Triangles with a normal per corner. The unit and frame are the caller's; surfaces of volumes are DICOM patient mm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TriMesh {
    /// Corner positions.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals, outward, one per position.
    pub normals: Vec<[f32; 3]>,
    /// Three per triangle, anticlockwise seen from outside.
    pub indices: Vec<u32>,
}

impl TriMesh {
    /// The surface where a volume passes `iso` (inside: value ≥ iso), in DICOM patient mm, closed where the volume
    /// ends. Surface nets, one corner per crossed cell. Empty when nothing passes; values that are not numbers are
    /// outside.
    pub fn isosurface(volume: &Volume<f32>, iso: f32) -> Self {
        let g = &volume.grid;
        let Some([i0, i1, j0, j1, k0, k1]) = bounds(volume, iso) else { return Self::default() };
        // A border of outside around what is inside closes the surface and keeps the work small: one voxel before, two
        // behind, because the crate makes no faces in its last cell.
        let (ni, nj, nk) = (i1 - i0 + 4, j1 - j0 + 4, k1 - k0 + 4);
        let at = |n: usize, from: usize, size: usize| {
            let x = (n + from) as isize - 1;
            let clamped = x.clamp(0, size as isize - 1);
            (clamped as usize, clamped != x)
        };
        let mut sdf = vec![1f32; ni * nj * nk];
        for k in 0..nk {
            let (c, beyond_c) = at(k, k0, g.size[2]);
            for j in 0..nj {
                let (b, beyond_b) = at(j, j0, g.size[1]);
                for i in 0..ni {
                    let (a, beyond_a) = at(i, i0, g.size[0]);
                    let v = iso - volume.at(a, b, c);
                    sdf[(k * nj + j) * ni + i] = if v.is_nan() {
                        1.0
                    } else if v > 0.0 {
                        v
                    } else if beyond_a || beyond_b || beyond_c {
                        // Beyond the border the mirrored value puts the surface half a voxel outside.
                        (-v).max(f32::EPSILON)
                    } else {
                        // What equals iso is inside; a difference of 0 would divide by 0.
                        v.min(-f32::EPSILON)
                    };
                }
            }
        }
        let shape = RuntimeShape::<u32, 3>::new([ni as u32, nj as u32, nk as u32]);
        debug_assert_eq!(shape.size() as usize, sdf.len());
        let mut net = SurfaceNetsBuffer::default();
        surface_nets(&sdf, &shape, [0; 3], [ni as u32 - 1, nj as u32 - 1, nk as u32 - 1], &mut net);
        let shift = Vector3::new(i0 as f64 - 1.0, j0 as f64 - 1.0, k0 as f64 - 1.0);
        let positions = net
            .positions
            .iter()
            .map(|p| {
                let q = g.to_world(Point3::from(Vector3::from(p.map(f64::from)) + shift));
                [q.x as f32, q.y as f32, q.z as f32]
            })
            .collect();
        let normals = net
            .normals
            .iter()
            .map(|n| {
                let n = g.axes * Vector3::from(n.map(f64::from)).component_div(&Vector3::from(g.spacing_mm));
                let n = n.try_normalize(1e-20).unwrap_or(Vector3::z());
                [n.x as f32, n.y as f32, n.z as f32]
            })
            .collect();
        let mut mesh = Self { positions, normals, indices: net.indices };
        // A left-handed grid mirrors the winding.
        if g.axes.determinant() < 0.0 {
            mesh.flip();
        }
        mesh
    }

    /// Fewer triangles: quadric edge collapse down to about `target_triangles`, or as few as the form allows. Corners
    /// keep their places; normals are worked out anew. A mesh that is small enough already comes back as it is.
    pub fn simplify(&self, target_triangles: usize) -> Self {
        if self.triangle_count() <= target_triangles || self.positions.is_empty() {
            return self.clone();
        }
        let bytes: Vec<u8> = self.positions.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        let native: Vec<u8> = if cfg!(target_endian = "little") {
            bytes
        } else {
            self.positions.iter().flatten().flat_map(|x| x.to_ne_bytes()).collect()
        };
        let Ok(adapter) = meshopt::VertexDataAdapter::new(&native, 12, 0) else { return self.clone() };
        let options = meshopt::SimplifyOptions::None;
        let indices = meshopt::simplify(&self.indices, &adapter, target_triangles * 3, 1.0, options, None);
        let mut mesh = Self { positions: self.positions.clone(), normals: Vec::new(), indices };
        mesh.drop_unused();
        mesh.recompute_normals();
        mesh
    }

    /// Smooths without shrinking (Taubin 1995: a step of λ = 0.5, then one of μ = −0.53 the other way), `iterations`
    /// times. Corners on an open border stay where they are.
    pub fn smooth(&self, iterations: usize) -> Self {
        let n = self.positions.len();
        let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); n];
        for t in self.indices.chunks_exact(3) {
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                neighbours[a as usize].push(b);
                neighbours[b as usize].push(a);
            }
        }
        let mut fixed = vec![false; n];
        for (v, list) in neighbours.iter_mut().enumerate() {
            list.sort_unstable();
            // In a closed mesh each edge belongs to two triangles, so each neighbour stands twice.
            fixed[v] = list.chunk_by(|a, b| a == b).any(|same| same.len() == 1);
            list.dedup();
        }
        let mut p: Vec<Vector3<f32>> = self.positions.iter().map(|x| Vector3::from(*x)).collect();
        for _ in 0..iterations {
            for factor in [0.5f32, -0.53] {
                let moved = (0..n)
                    .map(|v| {
                        if fixed[v] || neighbours[v].is_empty() {
                            return p[v];
                        }
                        let mean = neighbours[v].iter().map(|&o| p[o as usize]).sum::<Vector3<f32>>()
                            / neighbours[v].len() as f32;
                        p[v] + (mean - p[v]) * factor
                    })
                    .collect();
                p = moved;
            }
        }
        let mut mesh = Self {
            positions: p.into_iter().map(Into::into).collect(),
            normals: Vec::new(),
            indices: self.indices.clone(),
        };
        mesh.recompute_normals();
        mesh
    }

    /// Normals from the triangles, weighted by area.
    pub fn recompute_normals(&mut self) {
        let mut sums = vec![Vector3::<f64>::zeros(); self.positions.len()];
        for t in self.indices.chunks_exact(3) {
            let [a, b, c] = [t[0], t[1], t[2]].map(|i| self.corner(i));
            let area = (b - a).cross(&(c - a));
            for &i in t {
                sums[i as usize] += area;
            }
        }
        self.normals = sums
            .into_iter()
            .map(|s| {
                let n = s.try_normalize(1e-20).unwrap_or(Vector3::z());
                [n.x as f32, n.y as f32, n.z as f32]
            })
            .collect();
    }

    /// Number of triangles.
    pub fn triangle_count(&self) -> usize {
        self.indices.len() / 3
    }

    /// Enclosed volume in the cube of the positions' unit; positive when the triangles face outwards.
    pub fn volume(&self) -> f64 {
        self.indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [t[0], t[1], t[2]].map(|i| self.corner(i));
                a.dot(&b.cross(&c)) / 6.0
            })
            .sum()
    }

    /// Surface in the square of the positions' unit.
    pub fn area(&self) -> f64 {
        self.indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [t[0], t[1], t[2]].map(|i| self.corner(i));
                (b - a).cross(&(c - a)).norm() / 2.0
            })
            .sum()
    }

    fn corner(&self, i: u32) -> Vector3<f64> {
        Vector3::from(self.positions[i as usize].map(f64::from))
    }

    fn flip(&mut self) {
        for t in self.indices.chunks_exact_mut(3) {
            t.swap(1, 2);
        }
    }

    fn drop_unused(&mut self) {
        let mut new_index = vec![u32::MAX; self.positions.len()];
        let mut kept = Vec::new();
        for i in &mut self.indices {
            let slot = &mut new_index[*i as usize];
            if *slot == u32::MAX {
                *slot = kept.len() as u32;
                kept.push(self.positions[*i as usize]);
            }
            *i = *slot;
        }
        self.positions = kept;
    }
}

/// First and last index along each axis of the voxels inside.
fn bounds(volume: &Volume<f32>, iso: f32) -> Option<[usize; 6]> {
    let [ni, nj, _] = volume.grid.size;
    let mut b = [usize::MAX, 0, usize::MAX, 0, usize::MAX, 0];
    for (row, voxels) in volume.data.chunks_exact(ni.max(1)).enumerate() {
        let (j, k) = (row % nj, row / nj);
        let Some(first) = voxels.iter().position(|v| *v >= iso) else { continue };
        let last = voxels.iter().rposition(|v| *v >= iso).unwrap_or(first);
        b = [b[0].min(first), b[1].max(last), b[2].min(j), b[3].max(j), b[4].min(k), b[5].max(k)];
    }
    (b[0] != usize::MAX).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;
    use std::f64::consts::PI;

    const R: f64 = 20.0;

    fn ball(axes: nalgebra::Matrix3<f64>) -> Volume<f32> {
        let spacing = [1.0, 1.25, 1.5];
        let centre = Point3::new(7.0, -3.0, 11.0);
        let size = [51, 43, 37];
        let middle = Vector3::new(25.0, 21.0 * 1.25, 18.0 * 1.5);
        let grid = Grid { size, spacing_mm: spacing, origin_mm: centre - axes * middle, axes };
        let mut v = Volume::filled(grid.clone(), 0f32);
        for k in 0..size[2] {
            for j in 0..size[1] {
                for i in 0..size[0] {
                    let o = grid.offset(i, j, k);
                    v.data[o] = (100.0 - (grid.centre(i, j, k) - centre).norm() * 5.0) as f32;
                }
            }
        }
        v
    }

    fn is_the_ball(m: &TriMesh, tolerance: f64) {
        let (volume, area) = (4.0 / 3.0 * PI * R.powi(3), 4.0 * PI * R * R);
        assert!((m.volume() / volume - 1.0).abs() < tolerance, "volume {} not {volume}", m.volume());
        assert!((m.area() / area - 1.0).abs() < tolerance, "area {} not {area}", m.area());
        let centre = Vector3::new(7.0, -3.0, 11.0);
        assert_eq!(m.normals.len(), m.positions.len());
        for (p, n) in m.positions.iter().zip(&m.normals) {
            let out = (Vector3::from(p.map(f64::from)) - centre).normalize();
            let n = Vector3::from(n.map(f64::from));
            assert!(n.dot(&out) > 0.9 && (n.norm() - 1.0).abs() < 1e-5, "normal {n} at {p:?}");
        }
    }

    #[test]
    fn a_ball_keeps_volume_and_area_through_every_step() {
        let mirrored = nalgebra::Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, -1.0));
        let turned = nalgebra::Rotation3::from_euler_angles(0.3, -0.6, 1.0);
        for axes in [nalgebra::Matrix3::identity(), mirrored, *turned.matrix()] {
            let m = TriMesh::isosurface(&ball(axes), 0.0);
            is_the_ball(&m, 0.01);
            is_the_ball(&m.smooth(20), 0.01);
            let small = m.simplify(1000);
            assert!(small.triangle_count() <= 1000, "{}", small.triangle_count());
            // Its corners lie on the ball, so its triangles lie inside: 2 % with 1000 of them.
            is_the_ball(&small, 0.025);
        }
    }

    #[test]
    fn a_mask_of_one_box_is_closed_at_the_volume_border() {
        let v = Volume::filled(Grid::axial([10, 20, 30], [1.0, 1.0, 2.0], Point3::origin()), 1f32);
        let m = TriMesh::isosurface(&v, 0.5);
        // 10 × 20 × 60 mm less what surface nets cut off the edges (an eighth of a cell along each).
        assert!((m.volume() / 12000.0 - 1.0).abs() < 0.03, "{}", m.volume());
        let mut edges = std::collections::HashMap::new();
        for t in m.indices.chunks_exact(3) {
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                *edges.entry((a.min(b), a.max(b))).or_insert(0) += 1;
            }
        }
        assert!(edges.values().all(|n| *n == 2), "the surface is open");
        let smooth = m.smooth(10);
        assert!((smooth.volume() / m.volume() - 1.0).abs() < 0.02);
    }

    #[test]
    fn nothing_gives_an_empty_mesh() {
        let v = Volume::filled(Grid::axial([4, 4, 4], [1.0; 3], Point3::origin()), f32::NAN);
        assert_eq!(TriMesh::isosurface(&v, 0.0), TriMesh::default());
        assert_eq!(TriMesh::default().simplify(10).smooth(3), TriMesh::default());
    }
}
