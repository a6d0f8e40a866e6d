//! The quick way for grids along the same axes: reference voxels that lie alike within the cells of the evaluated grid meet the same
//! samples in the same cells, so the samples are sorted by cell once for all of them.

use super::samples::{LANES, Lanes, Sample};
use std::sync::OnceLock;
use vestibule_geometry::Grid;

/// How far apart two places within a cell may be and count as one, in voxels.
const SAME: f64 = 1e-5;
/// Most samples kept over all places (16 bytes each).
const SAMPLES: usize = 20_000_000;

/// A band's samples by cell.
pub(super) struct Sorted {
    /// How many cells they reach down and up.
    pub reach: [[isize; 2]; 3],
    /// Nearest first.
    pub groups: Vec<Group>,
    /// The samples of all groups, in places of their cells.
    pub lanes: Vec<Lanes>,
}

/// The samples within one cell.
pub(super) struct Group {
    /// From the reference voxel's own cell to this one, in the data.
    pub offset: isize,
    /// The lowest squared distance less 1.
    pub nearest: f32,
    /// Which of [`Sorted::lanes`].
    pub lanes: std::ops::Range<usize>,
}

/// Where the reference's voxels lie in the evaluated grid, axis by axis.
pub(super) struct Aligned {
    size: [usize; 3],
    /// Cell of each reference index.
    cell: [Vec<isize>; 3],
    /// Which of the places below.
    place: [Vec<usize>; 3],
    /// Places within a cell, 0 to 1.
    places: [Vec<f32>; 3],
    bands: usize,
    /// By place and band, made when first asked for.
    sorted: Vec<OnceLock<Sorted>>,
}

impl Aligned {
    /// None where the axes differ, the reference lies beside an evaluated grid that is (`real`) one voxel thin, or nearly every
    /// voxel lies otherwise than the next.
    pub(super) fn new(
        reference: &Grid,
        evaluated: &Grid,
        real: [usize; 3],
        bands: usize,
        samples: usize,
    ) -> Option<Self> {
        let turn = evaluated.axes.transpose() * reference.axes;
        if (turn - nalgebra::Matrix3::identity()).abs().max() > 1e-9 {
            return None;
        }
        let first = evaluated.to_index(reference.origin_mm);
        let (mut cell, mut place, mut places) =
            ([const { Vec::new() }; 3], [const { Vec::new() }; 3], [const { Vec::new() }; 3]);
        for a in 0..3 {
            let mut known: Vec<f64> = Vec::new();
            for n in 0..reference.size[a] {
                let at = first[a] + n as f64 * reference.spacing_mm[a] / evaluated.spacing_mm[a];
                let whole = (at + SAME).floor();
                let part = (at - whole).max(0.0);
                if real[a] == 1 && part > SAME {
                    return None;
                }
                let index = known.iter().position(|k| (k - part).abs() < SAME).unwrap_or_else(|| {
                    known.push(part);
                    known.len() - 1
                });
                if known.len() * 2 > reference.size[a] + 2 {
                    return None;
                }
                cell[a].push(whole as isize);
                place[a].push(index);
            }
            places[a] = known.into_iter().map(|p| p as f32).collect();
        }
        let all: usize = places.iter().map(Vec::len).product();
        if all * 8 > reference.len().max(8) || all * samples > SAMPLES {
            return None;
        }
        let sorted = (0..all * bands).map(|_| OnceLock::new()).collect();
        Some(Self { size: evaluated.size, cell, place, places, bands, sorted })
    }

    /// The cell of reference voxel `at`.
    pub(super) fn cell(&self, at: [usize; 3]) -> [isize; 3] {
        [0, 1, 2].map(|a| self.cell[a][at[a]])
    }

    /// The samples of a band around reference voxel `at`.
    pub(super) fn band<'a>(&self, at: [usize; 3], band: usize, samples: impl Fn() -> &'a [Sample]) -> &Sorted {
        let place = [0, 1, 2].map(|a| self.place[a][at[a]]);
        let [ni, nj] = [self.places[0].len(), self.places[1].len()];
        let which = (place[2] * nj + place[1]) * ni + place[0];
        self.sorted[which * self.bands + band]
            .get_or_init(|| self.sort([0, 1, 2].map(|a| self.places[a][place[a]]), samples()))
    }

    fn sort(&self, place: [f32; 3], samples: &[Sample]) -> Sorted {
        // One number a cell, for speed; a search reaches no million voxels.
        let key = |cell: [isize; 3]| ((cell[2] as i64) << 40) + ((cell[1] as i64) << 20) + cell[0] as i64;
        let mut all: Vec<(i64, [isize; 3], Sample)> = samples
            .iter()
            .map(|(step, squared)| {
                let at = [0, 1, 2].map(|a| place[a] + step[a]);
                // Rounded down; `floor` is a call where the processor may lack it.
                let cell = at.map(|v| v as isize - isize::from(v < 0.0 && v != v as isize as f32));
                (key(cell), cell, ([0, 1, 2].map(|a| at[a] - cell[a] as f32), *squared))
            })
            .collect();
        all.sort_unstable_by_key(|s| s.0);
        let reach = [0, 1, 2].map(|a| {
            let along = || all.iter().map(|s| s.1[a]);
            [along().min().unwrap_or(0), along().max().unwrap_or(0)]
        });
        let (mut groups, mut lanes) = (Vec::new(), Vec::new());
        for cell in all.chunk_by(|a, b| a.0 == b.0) {
            let [i, j, k] = cell[0].1;
            let offset = (k * self.size[1] as isize + j) * self.size[0] as isize + i;
            let nearest = cell.iter().map(|s| s.2.1).fold(f32::INFINITY, f32::min);
            let from = lanes.len();
            let inside: Vec<Sample> = cell.iter().map(|s| s.2).collect();
            lanes.extend(inside.chunks(LANES).map(Lanes::new));
            groups.push(Group { offset, nearest, lanes: from..lanes.len() });
        }
        groups.sort_by(|a, b| a.nearest.total_cmp(&b.nearest));
        Sorted { reach, groups, lanes }
    }
}
