//! Surfaces of equal value by marching cubes, each corner where the value is met along a voxel edge.
//!
//! Lorensen and Cline, *Marching cubes*, SIGGRAPH 1987. The 256 cases are worked out here, not copied: on each face of a cell
//! the crossings are joined so that corners inside stay apart where it is open how (so both cells of a face do the same, and
//! no hole is left), the joints make loops, and loops are cut into triangles whose inner edges lie in no face (so no edge
//! belongs to more than two triangles).

use crate::{Grid, TriMesh, Volume};
use nalgebra::{Matrix3, Point3, Vector3};
use std::sync::LazyLock;

/// Corner c of a cell stands at bits (x, y, z) of c; edges as pairs of corners, four along each axis.
const EDGES: [[usize; 2]; 12] =
    [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]];
/// Corners of each face, anticlockwise seen from outside the cell.
const FACES: [[usize; 4]; 6] = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

/// Triangles of each case (bit c set: corner c is inside) as edges of the cell, facing outwards.
static CASES: LazyLock<Vec<Vec<[usize; 3]>>> = LazyLock::new(|| (0..256).map(triangles).collect());

fn edge_between(a: usize, b: usize) -> usize {
    EDGES.iter().position(|e| *e == [a.min(b), a.max(b)]).unwrap_or(0)
}

/// Whether two edges of a cell lie in a common face.
fn share_a_face(a: usize, b: usize) -> bool {
    FACES.iter().any(|f| [a, b].iter().all(|e| EDGES[*e].iter().all(|c| f.contains(c))))
}

fn triangles(case: usize) -> Vec<[usize; 3]> {
    let inside = |c: usize| case >> c & 1 == 1;
    // From each crossed edge to the next one of its loop.
    let mut next = [None; 12];
    for face in FACES {
        for n in 0..4 {
            // Going round, an edge that leaves the inside; the one before it where the inside was entered bounds the same
            // corners.
            if inside(face[n]) && !inside(face[(n + 1) % 4]) {
                let mut back = n;
                while inside(face[(back + 3) % 4]) {
                    back = (back + 3) % 4;
                }
                next[edge_between(face[(back + 3) % 4], face[back])] = Some(edge_between(face[n], face[(n + 1) % 4]));
            }
        }
    }
    let mut out = Vec::new();
    let mut used = [false; 12];
    for start in 0..12 {
        let mut round = Vec::new();
        let mut at = start;
        while let Some(to) = next[at].filter(|_| !used[at]) {
            used[at] = true;
            round.push(at);
            at = to;
        }
        out.extend(cut(&round).unwrap_or_default());
    }
    out
}

/// A loop as triangles without an inner edge in a face of the cell.
fn cut(round: &[usize]) -> Option<Vec<[usize; 3]>> {
    if round.len() < 3 {
        return Some(Vec::new());
    }
    let (first, last) = (round[0], round[round.len() - 1]);
    (1..round.len() - 1).find_map(|m| {
        // The triangle on the edge last to first; both of its other edges may be new ones.
        let new = |a: usize, b: usize, apart: bool| !apart || !share_a_face(a, b);
        if !new(first, round[m], m > 1) || !new(round[m], last, m + 2 < round.len()) {
            return None;
        }
        let (mut one, other) = (cut(&round[..=m])?, cut(&round[m..])?);
        one.push([first, round[m], last]);
        one.extend(other);
        Some(one)
    })
}

impl TriMesh {
    /// The surface where a volume passes `iso` (inside: value ≥ iso) by marching cubes, in DICOM patient mm: corners lie
    /// where linear interpolation along a voxel edge meets `iso`. Closed, every edge in two triangles: where the inside
    /// reaches the end of the volume the surface is half a voxel beyond the last centres. Triangles and normals face
    /// outwards, to lower values; normals are the gradient's. Values that are not numbers are outside. Empty when nothing
    /// passes. Axes of any size and handedness, at right angles or not.
    pub fn marching_cubes(volume: &Volume<f32>, iso: f64) -> Self {
        if !iso.is_finite() || volume.grid.is_empty() || volume.data.len() != volume.grid.len() {
            return Self::default();
        }
        March::new(volume, iso).mesh()
    }
}

/// A volume with a border of outside around it: place p of the march is voxel p − 1.
struct March<'a> {
    volume: &'a Volume<f32>,
    iso: f64,
    /// Places along each axis, border included.
    size: [usize; 3],
    /// From a step in index to a step in mm, and from a gradient by index to one in mm.
    to_normal: Matrix3<f64>,
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
}

impl<'a> March<'a> {
    fn new(volume: &'a Volume<f32>, iso: f64) -> Self {
        let g = &volume.grid;
        let step = g.axes * Matrix3::from_diagonal(&Vector3::from(g.spacing_mm));
        let to_normal = step.try_inverse().map_or_else(Matrix3::identity, |m| m.transpose());
        Self { volume, iso, size: g.size.map(|n| n + 2), to_normal, positions: Vec::new(), normals: Vec::new() }
    }

    /// Value at a place, None in the border or where it is no number.
    fn value(&self, p: [usize; 3]) -> Option<f64> {
        let g = &self.volume.grid;
        let inner = (0..3).all(|a| p[a] >= 1 && p[a] <= g.size[a]);
        let v = if inner { f64::from(self.volume.at(p[0] - 1, p[1] - 1, p[2] - 1)) } else { f64::NAN };
        (!v.is_nan()).then_some(v)
    }

    fn inside(&self, p: [usize; 3]) -> bool {
        self.value(p).is_some_and(|v| v >= self.iso)
    }

    /// Gradient by index; one-sided at a border.
    fn gradient(&self, p: [usize; 3]) -> Vector3<f64> {
        let here = self.value(p).unwrap_or(self.iso);
        Vector3::from([0, 1, 2].map(|a| {
            let beside = |d: isize| {
                let mut q = p;
                q[a] = q[a].checked_add_signed(d)?;
                self.value(q)
            };
            match (beside(-1), beside(1)) {
                (Some(l), Some(h)) => 0.5 * (h - l),
                (None, Some(h)) => h - here,
                (Some(l), None) => here - l,
                (None, None) => 0.0,
            }
        }))
    }

    /// The corner of the surface between two neighbouring places, one of which is inside.
    fn corner(&mut self, a: [usize; 3], b: [usize; 3]) -> u32 {
        let (inner, outer) = if self.inside(a) { (a, b) } else { (b, a) };
        let point = |p: [usize; 3]| Vector3::from(p.map(|v| v as f64 - 1.0));
        let (t, gradient) = match (self.value(inner), self.value(outer)) {
            (Some(v), Some(w)) => {
                // An infinite dose has no place of its own.
                let t = ((v - self.iso) / (v - w)).clamp(0.0, 1.0);
                let t = if t.is_nan() { 0.5 } else { t };
                (t, self.gradient(inner) * (1.0 - t) + self.gradient(outer) * t)
            }
            // The end of the volume: half a voxel out, facing away from it.
            _ => (0.5, point(inner) - point(outer)),
        };
        let at: Point3<f64> = self.volume.grid.to_world(Point3::from(point(inner) * (1.0 - t) + point(outer) * t));
        let out = (-self.to_normal * gradient)
            .try_normalize(1e-20)
            .filter(|n| n.iter().all(|x| x.is_finite()))
            .or_else(|| (self.to_normal * (point(outer) - point(inner))).try_normalize(0.0))
            .unwrap_or_else(Vector3::z);
        self.positions.push([at.x as f32, at.y as f32, at.z as f32]);
        self.normals.push([out.x as f32, out.y as f32, out.z as f32]);
        (self.positions.len() - 1) as u32
    }

    fn mesh(mut self) -> TriMesh {
        let mut indices = Vec::new();
        let Some([first, last]) = bounds(self.volume, self.iso) else { return TriMesh::default() };
        // Places from one before the first voxel inside to one behind the last.
        let last = [0, 1, 2].map(|a| (last[a] + 2).min(self.size[a] - 1));
        let n = [0, 1, 2].map(|a| last[a] - first[a] + 1);
        // Corners on the edges that leave each place along x, y and z, in this slice and the next.
        let mut slices = [0, 1].map(|_| vec![[u32::MAX; 3]; n[0] * n[1]]);
        let at = |i: usize, j: usize| (j - first[1]) * n[0] + i - first[0];
        let clear = |slice: &mut Vec<[u32; 3]>| slice.fill([u32::MAX; 3]);
        let mirrored = self.volume.grid.axes.determinant() < 0.0;
        for k in first[2]..last[2] {
            for j in first[1]..last[1] {
                let mut right = self.column(first[0], j, k);
                for i in first[0]..last[0] {
                    // Four corners of the last cell are the first four of this one.
                    let left = right;
                    right = self.column(i + 1, j, k);
                    let case = (0..4).fold(0, |c, b| {
                        let bit = 2 * b;
                        c | usize::from(left[b]) << bit | usize::from(right[b]) << (bit + 1)
                    });
                    if case == 0 || case == 255 {
                        continue;
                    }
                    for triangle in &CASES[case] {
                        let mut t = triangle.map(|e| {
                            let [a, b] = EDGES[e].map(|c| [i + (c & 1), j + (c >> 1 & 1), k + (c >> 2)]);
                            let axis = e / 4;
                            let slot = slices[a[2] - k][at(a[0], a[1])][axis];
                            if slot != u32::MAX {
                                return slot;
                            }
                            let made = self.corner(a, b);
                            slices[a[2] - k][at(a[0], a[1])][axis] = made;
                            made
                        });
                        if mirrored {
                            t.swap(1, 2);
                        }
                        indices.extend(t);
                    }
                }
            }
            slices.swap(0, 1);
            clear(&mut slices[1]);
        }
        TriMesh { positions: self.positions, normals: self.normals, indices }
    }

    /// Which of the four places at x = i of the cells (·, j, k) are inside.
    fn column(&self, i: usize, j: usize, k: usize) -> [bool; 4] {
        [[0, 0], [1, 0], [0, 1], [1, 1]].map(|[b, c]| self.inside([i, j + b, k + c]))
    }
}

/// First and last voxel inside along each axis.
fn bounds(volume: &Volume<f32>, iso: f64) -> Option<[[usize; 3]; 2]> {
    let Grid { size: [ni, nj, _], .. } = volume.grid;
    let mut found: Option<[[usize; 3]; 2]> = None;
    for (row, voxels) in volume.data.chunks_exact(ni).enumerate() {
        let Some(first) = voxels.iter().position(|v| f64::from(*v) >= iso) else { continue };
        let last = voxels.iter().rposition(|v| f64::from(*v) >= iso).unwrap_or(first);
        let (low, high) = ([first, row % nj, row / nj], [last, row % nj, row / nj]);
        let both = found.get_or_insert([low, high]);
        for a in 0..3 {
            both[0][a] = both[0][a].min(low[a]);
            both[1][a] = both[1][a].max(high[a]);
        }
    }
    found
}

#[cfg(test)]
mod tests;
