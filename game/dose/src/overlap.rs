//! The volume that two turned boxes share: a convex solid cut by the planes between voxels, without a sampling error.
//!
//! Corners that meet three edges each, as in Powell and Abel, *An exact general remeshing scheme*, J. Comput. Phys. 297
//! (2015) 340; a cut walks the edges and never has to sort.

use nalgebra::Vector3;

/// A box has 8 corners; cut by six planes it has at most 20, and a cut makes up to 12 on the way.
const MOST: usize = 40;

/// A convex solid; empty when it has no corners.
#[derive(Clone)]
pub(crate) struct Solid {
    corners: [Vector3<f64>; MOST],
    /// The three neighbours of each corner, turning the same way round seen from outside.
    next: [[u8; 3]; MOST],
    n: usize,
}

impl Solid {
    /// A box: one corner, and the three edges that leave it.
    pub fn parallelepiped(corner: Vector3<f64>, edges: &[Vector3<f64>; 3]) -> Self {
        let mut corners = [Vector3::zeros(); MOST];
        for (v, [a, b, c]) in
            [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]].iter().enumerate()
        {
            corners[v] = corner + edges[0] * f64::from(*a) + edges[1] * f64::from(*b) + edges[2] * f64::from(*c);
        }
        let mut next = [[0; 3]; MOST];
        next[..8].copy_from_slice(&[
            [1, 4, 3],
            [2, 5, 0],
            [3, 6, 1],
            [0, 7, 2],
            [7, 0, 5],
            [4, 1, 6],
            [5, 2, 7],
            [6, 3, 4],
        ]);
        Self { corners, next, n: 8 }
    }

    /// Lowest and highest coordinate along an axis.
    pub fn extent(&self, axis: usize) -> [f64; 2] {
        self.corners[..self.n]
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| [low.min(p[axis]), high.max(p[axis])])
    }

    /// Which neighbour of `of` is `wanted`.
    fn slot(&self, of: usize, wanted: usize) -> usize {
        self.next[of].iter().position(|v| usize::from(*v) == wanted).unwrap_or(0)
    }

    /// Leaves the part above (`side` 1) or below (−1) the plane `axis` = `at`.
    pub fn cut(&mut self, axis: usize, at: f64, side: f64) {
        let mut above = [0.0; MOST];
        for (d, p) in above.iter_mut().zip(&self.corners[..self.n]) {
            *d = side * (p[axis] - at);
        }
        let old = self.n;
        if above[..old].iter().all(|d| *d >= 0.0) {
            return;
        }
        if above[..old].iter().all(|d| *d < 0.0) {
            self.n = 0;
            return;
        }
        // A corner where an edge crosses the plane.
        for v in 0..old {
            if above[v] < 0.0 {
                continue;
            }
            for slot in 0..3 {
                let w = usize::from(self.next[v][slot]);
                if w >= old || above[w] >= 0.0 {
                    continue;
                }
                let t = above[v] / (above[v] - above[w]);
                self.corners[self.n] = self.corners[v] + (self.corners[w] - self.corners[v]) * t;
                self.next[self.n][0] = v as u8;
                self.next[v][slot] = self.n as u8;
                self.n += 1;
            }
        }
        // Along each face from one new corner to the other: an edge of the cut.
        for start in old..self.n {
            let (mut here, mut ahead) = (start, usize::from(self.next[start][0]));
            // A walk is never longer than the number of corners.
            for _ in 0..MOST {
                let slot = self.slot(ahead, here);
                here = ahead;
                if here >= old {
                    break;
                }
                ahead = usize::from(self.next[here][(slot + 1) % 3]);
            }
            self.next[start][2] = here as u8;
            self.next[here][1] = start as u8;
        }
        // What is cut off goes.
        let mut place = [0u8; MOST];
        let mut kept = 0;
        for v in 0..self.n {
            if v >= old || above[v] >= 0.0 {
                self.corners[kept] = self.corners[v];
                self.next[kept] = self.next[v];
                place[v] = kept as u8;
                kept += 1;
            }
        }
        self.n = kept;
        for next in &mut self.next[..kept] {
            *next = next.map(|v| place[usize::from(v)]);
        }
    }

    /// Its volume.
    pub fn volume(&self) -> f64 {
        let mut seen = [[false; 3]; MOST];
        let mut six = 0.0;
        for start in 0..self.n {
            for slot in 0..3 {
                if seen[start][slot] {
                    continue;
                }
                // Round one face, in triangles from its first corner.
                let first = self.corners[start];
                let (mut here, mut along) = (start, slot);
                for _ in 0..MOST {
                    seen[here][along] = true;
                    let ahead = usize::from(self.next[here][along]);
                    if ahead == start {
                        break;
                    }
                    if here != start {
                        six += first.dot(&self.corners[here].cross(&self.corners[ahead]));
                    }
                    along = (self.slot(ahead, here) + 1) % 3;
                    here = ahead;
                }
            }
        }
        six.abs() / 6.0
    }

    /// Cuts it by the planes half way between whole numbers and gives the volume in each cell [x, y, z] of `size`.
    pub fn cells(&self, size: [usize; 3], visit: &mut impl FnMut([usize; 3], f64)) {
        self.slabs(2, size, [0; 3], visit);
    }

    fn slabs(&self, axis: usize, size: [usize; 3], mut cell: [usize; 3], visit: &mut impl FnMut([usize; 3], f64)) {
        let [low, high] = self.extent(axis);
        let first = (low + 0.5).floor().max(0.0);
        let last = (high + 0.5).floor().min(size[axis] as f64 - 1.0);
        if self.n == 0 || first.partial_cmp(&last).is_none_or(std::cmp::Ordering::is_gt) {
            return;
        }
        let mut rest = self.clone();
        rest.cut(axis, first - 0.5, 1.0);
        for c in first as usize..=last as usize {
            let mut part = rest.clone();
            part.cut(axis, c as f64 + 0.5, -1.0);
            cell[axis] = c;
            if part.n > 0 {
                if axis == 0 {
                    visit(cell, part.volume());
                } else {
                    part.slabs(axis - 1, size, cell, visit);
                }
            }
            rest.cut(axis, c as f64 + 0.5, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Rotation3;
    use proptest::prelude::*;

    /// A cube of edge 2 cut by x + y + z through its middle leaves half, and a corner of it is a known pyramid.
    #[test]
    fn a_cube_on_its_corner_is_cut_as_calculus_says() {
        // Its body diagonal stands along z: the plane at height h above the lowest corner cuts off √3/2 h³ until 1/√3 of the edge.
        let up = Rotation3::rotation_between(&Vector3::new(1.0, 1.0, 1.0), &Vector3::z()).unwrap();
        let edges = [Vector3::x(), Vector3::y(), Vector3::z()].map(|e| up * e * 2.0);
        let cube = Solid::parallelepiped(Vector3::new(0.3, -0.2, 0.0), &edges);
        assert!((cube.volume() - 8.0).abs() < 1e-12);
        for (h, want) in [(0.5, 0.75f64.sqrt() * 0.125), (1.0, 0.75f64.sqrt()), (3f64.sqrt(), 4.0)] {
            let mut low = cube.clone();
            low.cut(2, h, -1.0);
            assert!((low.volume() - want).abs() < 1e-12, "{h}: {}, not {want}", low.volume());
        }
    }

    proptest! {
        /// The parts in all cells add up to the whole, whatever the box; touching planes included.
        #[test]
        fn parts_add_up(
            turn in prop::array::uniform3(-2i32..3), fine in prop::array::uniform3(-0.5..0.5f64), exact in any::<bool>(),
            corner in prop::array::uniform3(2.0..5.0f64), edge in prop::array::uniform3(0.2..4.0f64),
        ) {
            let fine = if exact { [0.0; 3] } else { fine };
            let angle = [0, 1, 2].map(|a| f64::from(turn[a]) * std::f64::consts::FRAC_PI_4 + fine[a]);
            let corner = if exact { corner.map(|c| (2.0 * c).round() / 2.0) } else { corner };
            let r = Rotation3::from_euler_angles(angle[0], angle[1], angle[2]);
            let edges = [0, 1, 2].map(|a| r * Vector3::ith(a, edge[a]));
            let solid = Solid::parallelepiped(Vector3::from(corner) + Vector3::repeat(8.0), &edges);
            let mut sum = 0.0;
            let mut highest = 0.0f64;
            solid.cells([32; 3], &mut |_, v| { sum += v; highest = highest.max(v); });
            let whole: f64 = edge.iter().product();
            prop_assert!((sum - whole).abs() < 1e-11 * (1.0 + whole) && highest < 1.0 + 1e-11, "{sum}, not {whole}");
        }
    }
}
