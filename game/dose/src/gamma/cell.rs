//! Cells of the evaluated grid: between eight voxels the dose is one polynomial.

use super::samples::{LANES, Lanes};
use rayon::prelude::*;
use std::borrow::Cow;
use vestibule_geometry::{Grid, Volume};

/// The dose in a cell: trilinear interpolation as a polynomial of the place (0 to 1).
pub(super) struct Cell {
    /// The doses on both ends of its edges along the first axis.
    corners: ([f32; 4], [f32; 4]),
    own: f32,
    x: f32,
    y: f32,
    z: f32,
    xy: f32,
    xz: f32,
    yz: f32,
    xyz: f32,
}

impl Cell {
    /// By its four edges along the first axis.
    #[inline]
    pub fn new([(a, ax), (b, bx), (c, cx), (d, dx)]: [(f32, f32); 4]) -> Self {
        let (x, y, z) = (ax - a, b - a, c - a);
        let (xy, xz, yz) = (bx - b - x, cx - c - x, d - c - y);
        Self { corners: ([a, b, c, d], [ax, bx, cx, dx]), own: a, x, y, z, xy, xz, yz, xyz: dx - d - cx + c - xy }
    }

    /// How far `dose` lies outside the cell's range.
    #[inline]
    pub fn off(&self, dose: f32) -> f32 {
        // By comparison: none of these is no number, and `min` would see to that.
        let less = |a: f32, b: f32| if a < b { a } else { b };
        let more = |a: f32, b: f32| if a > b { a } else { b };
        let (near, far) = self.corners;
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| less(near[n], far[n]));
        let least = less(less(a, b), less(c, d));
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| more(near[n], far[n]));
        let most = more(more(a, b), more(c, d));
        more(more(least - dose, dose - most), 0.0)
    }

    /// Lowest Γ² − 1 of samples in the cell. `from`: the reference voxel in this cell. `WHOLE`: all of them are in it.
    #[inline]
    pub fn lowest<const WHOLE: bool>(&self, dose: f32, factor: f32, samples: &[Lanes], from: [f32; 3]) -> f32 {
        let own = self.own - dose;
        let mut lowest = [f32::INFINITY; LANES];
        for s in samples {
            #[expect(
                clippy::needless_range_loop,
                reason = "five arrays go side by side, so that this is one vector operation each"
            )]
            for n in 0..LANES {
                let (x, y, z) = (s.x[n] + from[0], s.y[n] + from[1], s.z[n] + from[2]);
                let flat = own + self.x * x + y * (self.y + self.xy * x);
                let rise = self.z + self.xz * x + y * (self.yz + self.xyz * x);
                let off = flat + z * rise;
                let mut squared = s.squared[n] + off * off * factor;
                if !WHOLE {
                    // A sample beyond the cell belongs to its neighbour; on the border both give the same.
                    let far = |x: f32| (x - 0.5).abs();
                    let inside = (far(x) <= 0.500_001) & (far(y) <= 0.500_001) & (far(z) <= 0.500_001);
                    squared = if inside { squared } else { f32::INFINITY };
                }
                lowest[n] = if squared < lowest[n] { squared } else { lowest[n] };
            }
        }
        let [a, b, c, d, e, f, g, h] = lowest;
        // By comparison: `min` of two numbers of which one may be none costs more, and none is.
        let less = |a: f32, b: f32| if a < b { a } else { b };
        less(less(less(a, e), less(b, f)), less(less(c, g), less(d, h)))
    }
}

/// Lowest and highest corner of the cell above each voxel.
pub(super) fn ranges(v: &Volume<f32>) -> Vec<[f32; 2]> {
    let [ni, nj, nk] = v.grid.size;
    let mut out = vec![[0.0; 2]; v.data.len()];
    out.par_chunks_mut(ni).enumerate().for_each_init(
        || (vec![0.0; ni], vec![0.0; ni]),
        |(least, most), (row, out)| {
            let (j, k) = (row % nj, row / nj);
            let line = |dj: usize, dk: usize| {
                let from = ((k + dk).min(nk - 1) * nj + (j + dj).min(nj - 1)) * ni;
                &v.data[from..from + ni]
            };
            let lines = [line(0, 0), line(1, 0), line(0, 1), line(1, 1)];
            for i in 0..ni {
                let [a, b, c, d] = [lines[0][i], lines[1][i], lines[2][i], lines[3][i]];
                least[i] = a.min(b).min(c.min(d));
                most[i] = a.max(b).max(c.max(d));
            }
            for (i, out) in out.iter_mut().enumerate() {
                let next = (i + 1).min(ni - 1);
                *out = [least[i].min(least[next]), most[i].max(most[next])];
            }
        },
    );
    out
}

/// By how much the dose changes per voxel along each axis between the voxels `base` and `top`: the middle, and how much more or
/// less, a little widened for rounding.
pub(super) fn slopes(data: &[f32], size: [usize; 3], base: [usize; 3], top: [usize; 3]) -> ([f32; 3], [f32; 3]) {
    let (mut least, mut most) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    let (row, slice) = (size[0], size[0] * size[1]);
    let mut see = |a: usize, d: f32| {
        least[a] = if d < least[a] { d } else { least[a] };
        most[a] = if d > most[a] { d } else { most[a] };
    };
    let mut largest = 0.0f32;
    for k in base[2]..=top[2] {
        for j in base[1]..=top[1] {
            let line = |j: usize, k: usize| &data[k * slice + j * row..][base[0]..=top[0]];
            let own = line(j, k);
            for pair in own.windows(2) {
                see(0, pair[1] - pair[0]);
                largest = largest.max(pair[1].abs());
            }
            if j < top[1] {
                own.iter().zip(line(j + 1, k)).for_each(|(a, b)| see(1, b - a));
            }
            if k < top[2] {
                own.iter().zip(line(j, k + 1)).for_each(|(a, b)| see(2, b - a));
            }
        }
    }
    let slope = [0, 1, 2].map(|a| 0.5 * (least[a] + most[a]));
    (slope, [0, 1, 2].map(|a| 0.5 * (most[a] - least[a]) * 1.0001 + 1e-5 * largest))
}

/// With every layer of a thin grid twice.
pub(super) fn thickened(v: &Volume<f32>) -> Cow<'_, Volume<f32>> {
    let size = v.grid.size.map(|n| n.max(2));
    if size == v.grid.size {
        return Cow::Borrowed(v);
    }
    let mut out = Volume::filled(Grid { size, ..v.grid.clone() }, 0.0);
    let real = v.grid.size;
    for k in 0..size[2] {
        for j in 0..size[1] {
            for i in 0..size[0] {
                let [i0, j0, k0] = [i.min(real[0] - 1), j.min(real[1] - 1), k.min(real[2] - 1)];
                out.data[(k * size[1] + j) * size[0] + i] = v.at(i0, j0, k0);
            }
        }
    }
    Cow::Owned(out)
}
