//! A few cells of the evaluated grid, and the search among samples in them.
//!
//! In each cell trilinear interpolation is one polynomial of the place. A solid block has two cells along each axis; seen from the voxel
//! in the middle the signs of a place tell its cell. A plane has four along each axis. All is taken less the dose looked for, before
//! anything is multiplied, so that f32 keeps what matters: small differences.

use super::samples::{Boxes, Cluster, LANES, Lanes};
use super::side_by_side::{self, Circle, Eight};

/// Where a block lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Index of the voxel in its middle; of a plane the one below.
    pub voxel: [i32; 3],
    /// The same in the data.
    pub offset: usize,
    /// From there to the reference voxel, in voxels.
    pub from: [f32; 3],
}

/// The data that blocks lie in.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub values: &'a [f32],
    /// From a voxel to the next along each axis.
    pub stride: [usize; 3],
    /// Index of the last voxel.
    pub last: [i32; 3],
    /// Blocks are planes across the third axis.
    pub flat: bool,
}

impl Place {
    /// Whether the block covers a box around a step from the reference voxel.
    #[inline]
    pub fn covers(&self, data: &Data, step: [f32; 3], half: [f32; 3]) -> bool {
        // With room for rounding: a formula is good a millionth of a voxel beyond its cell.
        let limit = if data.flat { 2.000_001 } else { 1.000_001 };
        let within = |a: usize| (self.from[a] + step[a]).abs() + half[a] <= limit;
        within(0) & within(1) & (data.flat | within(2))
    }

    /// To the voxel nearest to a step from the reference voxel.
    #[inline]
    pub fn moved(&self, data: &Data, step: [f32; 3]) -> Self {
        let mut out = *self;
        for (a, step) in step.into_iter().enumerate().take(if data.flat { 2 } else { 3 }) {
            let way = self.from[a] + step;
            let nearest = self.voxel[a] + (way + if way < 0.0 { -0.5 } else { 0.5 }) as i32;
            // But the outermost: the cells on both sides are in the grid.
            out.voxel[a] = nearest.clamp(1, data.last[a] - 1);
            let moved = out.voxel[a] - self.voxel[a];
            out.from[a] -= moved as f32;
            out.offset = out.offset.wrapping_add_signed(moved as isize * data.stride[a] as isize);
        }
        out
    }
}

impl Data<'_> {
    /// Five places of a plane along the first axis, `line` along the second, less `dose`. Beyond the grid its last ones.
    pub fn line(&self, place: &Place, line: i32, dose: f32) -> [f32; 5] {
        let [i, j, k] = place.voxel;
        let at = |a: usize, n: i32| n.clamp(0, self.last[a]) as usize * self.stride[a];
        let start = at(1, j + line) + at(2, k);
        [-2, -1, 0, 1, 2].map(|n| {
            let low = start + at(0, i + n);
            let (low, high) = (self.values[low], self.values[low + self.up(place)]);
            (low - dose) + (high - low) * place.from[2]
        })
    }

    /// From a plane to the one above it.
    #[inline]
    pub fn up(&self, place: &Place) -> usize {
        if place.voxel[2] < self.last[2] { self.stride[2] } else { 0 }
    }
}

/// Who works on samples. All give the same bits.
pub(super) trait Processor: Copy {
    /// The dose around a voxel less the dose looked for.
    type Block;

    /// The block at a place.
    fn block(self, data: Data, place: &Place, dose: f32) -> Self::Block;

    /// What Γ² − 1 is at the reference voxel.
    fn own(self, block: &Self::Block, factor: f32) -> f32;

    /// How far the dose looked for lies outside of what is in the block.
    fn off(block: &Self::Block) -> f32;

    /// Lowest Γ² − 1 of a cluster's samples, or `lowest`. They lie in the block.
    fn search(self, block: &Self::Block, cluster: &Cluster, factor: f32, lowest: f32) -> f32;

    /// As [`side_by_side::search`].
    fn side_by_side(self, circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight);
}

/// Any processor.
#[derive(Clone, Copy)]
pub(super) struct Any;

/// [`Any`]'s.
pub(super) struct Block {
    cells: Cells,
    /// The steepest change per voxel along each axis.
    steep: [f32; 3],
    off: f32,
    from: [f32; 3],
}

enum Cells {
    /// The middle, and what multiplies x, y, xy, z, xz, yz, xyz in each cell; the cells in the order of the bits of [`cell`].
    Solid(f32, [[f32; 8]; 7]),
    /// Voxels: second, first axis.
    Plane([[f32; 5]; 5]),
}

/// Lower of two, by comparison: `min` would see to what is no number, and none is.
#[inline]
pub(super) fn less(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline]
fn more(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Which of eight cells a place is in.
#[inline]
fn cell([x, y, z]: [f32; 3]) -> usize {
    (x.to_bits() >> 31 | y.to_bits() >> 31 << 1 | z.to_bits() >> 31 << 2) as usize
}

impl Processor for Any {
    type Block = Block;

    fn block(self, data: Data, place: &Place, dose: f32) -> Block {
        if data.flat {
            // The rings of a plane are searched without a look before.
            let cells = Cells::Plane([-2, -1, 0, 1, 2].map(|n| data.line(place, n, dose)));
            return Block { cells, steep: [0.0; 3], off: 0.0, from: place.from };
        }
        let mut voxels = [[[0.0; 3]; 3]; 3];
        for (k, plane) in voxels.iter_mut().enumerate() {
            for (j, out) in plane.iter_mut().enumerate() {
                let at = place.offset + k * data.stride[2] + j * data.stride[1] - data.stride[2] - data.stride[1];
                *out = [at - 1, at, at + 1].map(|o| data.values[o] - dose);
            }
        }
        Block::solid(voxels, place.from)
    }

    fn own(self, block: &Block, factor: f32) -> f32 {
        let off = block.at([0.0; 3]);
        off * off * factor - 1.0
    }

    fn off(block: &Block) -> f32 {
        block.off
    }

    fn search(self, block: &Block, cluster: &Cluster, factor: f32, mut lowest: f32) -> f32 {
        for ring in &cluster.rings {
            if ring.squared[0] >= lowest {
                break;
            }
            lowest = block.lower(factor, std::slice::from_ref(ring), lowest);
        }
        for school in &cluster.schools {
            if school.boxes.nearest[0] >= lowest {
                break;
            }
            let least = block.at_least(factor, &school.boxes);
            for (shoal, least) in school.shoals.iter().zip(least) {
                if least < lowest {
                    lowest = block.lower(factor, shoal, lowest);
                }
            }
        }
        lowest
    }

    fn side_by_side(self, circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight) {
        side_by_side::search(circle, lines, eight);
    }
}

impl Block {
    /// By voxels: third, second, first axis.
    fn solid(voxels: [[[f32; 3]; 3]; 3], from: [f32; 3]) -> Self {
        let (mut least, mut most, mut steep) = (f32::INFINITY, f32::NEG_INFINITY, [0.0; 3]);
        let mut parts = [[0.0; 8]; 7];
        for k in 0..3 {
            for j in 0..3 {
                for i in 0..3 {
                    let v = voxels[k][j][i];
                    (least, most) = (less(least, v), more(most, v));
                    let mut edge = |a: usize, to: f32| steep[a] = more(steep[a], (to - v).abs());
                    if i < 2 {
                        edge(0, voxels[k][j][i + 1]);
                    }
                    if j < 2 {
                        edge(1, voxels[k][j + 1][i]);
                    }
                    if k < 2 {
                        edge(2, voxels[k + 1][j][i]);
                    }
                }
            }
        }
        for n in 0..8 {
            // Steps as if up, whichever way.
            let way = |a: usize| if n >> a & 1 == 0 { [1, 2] } else { [0, 1] };
            let [x, y, z] = [way(0), way(1), way(2)];
            let across = |k: usize, i: usize| voxels[k][y[1]][i] - voxels[k][y[0]][i];
            let up = |i: usize| voxels[z[1]][1][i] - voxels[z[0]][1][i];
            let both = |i: usize| across(z[1], i) - across(z[0], i);
            let all = [
                voxels[1][1][x[1]] - voxels[1][1][x[0]],
                across(1, 1),
                across(1, x[1]) - across(1, x[0]),
                up(1),
                up(x[1]) - up(x[0]),
                both(1),
                both(x[1]) - both(x[0]),
            ];
            for (part, value) in parts.iter_mut().zip(all) {
                part[n] = value;
            }
        }
        Self { cells: Cells::Solid(voxels[1][1][1], parts), steep, off: more(more(least, -most), 0.0), from }
    }

    /// At a step from the reference voxel.
    fn at(&self, step: [f32; 3]) -> f32 {
        match &self.cells {
            Cells::Solid(middle, parts) => {
                let place = [0, 1, 2].map(|a| step[a] + self.from[a]);
                let (n, [x, y, z]) = (cell(place), place);
                let [px, py, pxy, pz, pxz, pyz, pxyz] = [0, 1, 2, 3, 4, 5, 6].map(|p| parts[p][n]);
                let flat = middle + x * px + y * (py + x * pxy);
                let rise = pz + x * pxz + y * (pyz + x * pxyz);
                flat + z * rise
            }
            Cells::Plane(voxels) => {
                let place = [0, 1].map(|a| step[a] + (self.from[a] + 2.0));
                let [i, j] = place.map(|v| (v as usize).min(3));
                let [x, y] = [place[0] - i as f32, place[1] - j as f32];
                let along = |j: usize| voxels[j][i + 1] - voxels[j][i];
                let across = voxels[j + 1][i] - voxels[j][i];
                voxels[j][i] + x * along(j) + y * (across + x * (along(j + 1) - along(j)))
            }
        }
    }

    /// What Γ² − 1 in each of these boxes is at least.
    fn at_least(&self, factor: f32, boxes: &Boxes) -> [f32; LANES] {
        let [mx, my, mz] = &boxes.middle;
        let [hx, hy, hz] = &boxes.half;
        std::array::from_fn(|n| {
            let unknown = self.steep[0] * hx[n] + self.steep[1] * hy[n] + self.steep[2] * hz[n];
            let least = more(self.at([mx[n], my[n], mz[n]]).abs() - unknown, 0.0);
            boxes.nearest[n] + least * least * factor
        })
    }

    /// Lowest Γ² − 1 of a shoal's samples, or `lowest`.
    fn lower(&self, factor: f32, shoal: &[Lanes], lowest: f32) -> f32 {
        shoal.iter().flat_map(|heap| (0..LANES).map(move |n| (heap, n))).fold(lowest, |lowest, (heap, n)| {
            let off = self.at([heap.x[n], heap.y[n], heap.z[n]]);
            less(heap.squared[n] + off * off * factor, lowest)
        })
    }
}
