//! Eight neighbouring reference voxels at once, where their row goes from voxel to voxel of an evaluated slice.
//!
//! Then a sample lies alike in the cells of all eight, and what it needs lies side by side, too: no blocks are made.

use super::block::{Any, Data, Processor, less};
use super::samples::{LANES, directions};
use super::search::Search;
use nalgebra::{Point3, Vector3};

/// How far a step along the row may be from one voxel, and the slice from the row, in voxels.
const ALIKE: f64 = 1e-9;
/// Parts of a voxel that rows are told apart by: 2⁻²⁴, as fine as f32 near 1.
const PARTS: f64 = 16_777_216.0;

/// A sample as seen from the reference voxels: how far its cell lies behind the first that the circle needs, and where
/// in the cell it lies.
pub(super) struct Shifted {
    pub cell: usize,
    pub x: f32,
    pub y: f32,
}

/// Samples equally far from a reference voxel.
pub(super) struct Circle {
    /// Squared distance less 1, in distance criteria.
    pub squared: f32,
    pub samples: Vec<Shifted>,
    /// Farthest step along each axis, in voxels.
    reach: [f64; 2],
    /// From the reference voxel's own cell to the first of the circle's in the data.
    first: isize,
    /// So many cells from there on have a sample or lie between such.
    cells: usize,
}

/// The circles as seen from between voxels; made when first needed.
#[derive(Default)]
pub(super) struct Circles {
    /// How far reference voxels lie into their cells.
    within: [f64; 2],
    circles: Vec<Circle>,
}

/// What is looked for around eight voxels, and what was found.
pub(super) struct Eight {
    pub dose: [f32; LANES],
    /// One over the squared dose criterion.
    pub factor: [f32; LANES],
    /// Lowest Γ² − 1; less than any, where nothing is looked for.
    pub lowest: [f32; LANES],
}

impl Search<'_> {
    /// The same as [`Self::squared`] for a row of reference voxels from `from` on, `step` from one to the next, of which
    /// those below `least` are left out. `per_dose` of a dose is one over its criterion. Calls `found` with each voxel's
    /// number in the row.
    pub(super) fn row(
        &self,
        circles: &mut Circles,
        (from, step): (Point3<f64>, Vector3<f64>),
        (doses, least): (&[f32], f32),
        per_dose: impl Fn(f64) -> f64,
        mut found: impl FnMut(usize, Option<f64>),
    ) {
        let straight = Straight::new(&self.data, from, step);
        for (start, doses) in doses.chunks(LANES).enumerate().map(|(n, doses)| (n * LANES, doses)) {
            let mut alone = [true; LANES];
            if let Some(straight) = &straight {
                let none = f32::NEG_INFINITY;
                let mut eight = Eight { dose: [0.0; LANES], factor: [0.0; LANES], lowest: [none; LANES] };
                for (l, dose) in doses.iter().enumerate().filter(|(_, dose)| **dose >= least) {
                    let per_dose = per_dose(f64::from(*dose));
                    (eight.dose[l], eight.factor[l]) = (*dose, (per_dose * per_dose) as f32);
                    eight.lowest[l] = (self.cap - 1.0) as f32;
                }
                alone = straight.lower(self, circles, start, &mut eight);
                for (l, lowest) in eight.lowest.into_iter().enumerate() {
                    if !alone[l] && lowest > none {
                        found(start + l, Some(f64::from(lowest) + 1.0));
                    }
                }
            }
            for (l, dose) in doses.iter().enumerate().filter(|(l, dose)| alone[*l] && **dose >= least) {
                let dose = f64::from(*dose);
                found(start + l, self.squared(from + step * (start + l) as f64, dose, per_dose(dose)));
            }
        }
    }

    fn circle(&self, circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = self.avx2 {
            return avx2.side_by_side(circle, lines, eight);
        }
        Any.side_by_side(circle, lines, eight);
    }
}

/// A row whose voxels can be searched side by side.
struct Straight {
    /// Voxel of the evaluated grid below the row's first, and in which slice.
    first: [i64; 2],
    slice: usize,
    within: [f64; 2],
}

impl Straight {
    /// For a row from `from` on, `step` from voxel to voxel (both in voxels of the evaluated grid). None: voxel by voxel.
    pub fn new(data: &Data, from: Point3<f64>, step: Vector3<f64>) -> Option<Self> {
        let alike = (step - Vector3::x()).amax() < ALIKE && data.flat;
        let slice = from.z.round();
        if !alike || (from.z - slice).abs() > ALIKE || slice < 0.0 || slice > f64::from(data.last[2]) {
            return None;
        }
        let mut out = Self { first: [0; 2], slice: slice as usize, within: [0.0; 2] };
        for a in 0..2 {
            let low = from[a].floor();
            let within = ((from[a] - low) * PARTS).round() / PARTS;
            let up = within.floor();
            (out.first[a], out.within[a]) = ((low + up) as i64, within - up);
        }
        Some(out)
    }

    /// Lowers what eight voxels from number `i` of the row on have, nearest circles first. Says which of them have to be
    /// searched by themselves, since they look beyond the grid.
    fn lower(&self, of: &Search, circles: &mut Circles, i: usize, eight: &mut Eight) -> [bool; LANES] {
        let data = &of.data;
        if circles.within != self.within {
            *circles = Circles { within: self.within, circles: Vec::new() };
        }
        let wanted = eight.lowest.map(|l| l > f32::NEG_INFINITY);
        let (first, end) = (wanted.iter().position(|w| *w), wanted.iter().rposition(|w| *w));
        let (Some(first), Some(end)) = (first, end) else { return [false; LANES] };
        let x = (self.first[0] + i as i64) as f64 + self.within[0];
        let y = self.first[1] as f64 + self.within[1];
        // A little less than there is, so that rounding leaves no grid.
        let room = [
            (x + first as f64).min(f64::from(data.last[0]) - x - end as f64) - 1e-3,
            y.min(f64::from(data.last[1]) - y) - 1e-3,
        ];
        let at = (self.first[1] * data.stride[1] as i64 + self.first[0] + i as i64) as isize
            + (self.slice * data.stride[2]) as isize;
        let count = (of.criteria.max_gamma * f64::from(of.criteria.steps) + 1e-9).floor() as u32;
        for n in 0..=count {
            let circle = circles.at(n, of);
            if eight.lowest.iter().all(|l| circle.squared >= *l) {
                break;
            }
            let inside = circle.reach[0] <= room[0] && circle.reach[1] <= room[1];
            match circle.lines(data, at).filter(|_| inside) {
                Some(lines) => of.circle(circle, lines, eight),
                None => return eight.lowest.map(|l| circle.squared < l),
            }
        }
        [false; LANES]
    }
}

impl Circles {
    fn at(&mut self, n: u32, of: &Search) -> &Circle {
        while self.circles.len() <= n as usize {
            let n = self.circles.len() as u32;
            let distance = f64::from(n) / f64::from(of.criteria.steps);
            let (mut reach, mut places) = ([0.0f64; 2], Vec::new());
            for p in directions(n, true) {
                let step = (of.turn * p * (distance * of.criteria.distance_mm)).component_div(&of.spacing);
                let [x, y] = [0, 1].map(|a| self.within[a] + step[a]);
                let [low, near] = [x.floor(), y.floor()];
                places.push((near as isize * of.data.stride[1] as isize + low as isize, [x - low, y - near]));
                reach = [0, 1].map(|a| reach[a].max(step[a].abs()));
            }
            let first = places.iter().map(|p| p.0).min().unwrap_or(0);
            let sample = |(cell, [x, y]): &(isize, [f64; 2])| Shifted {
                cell: (cell - first) as usize,
                x: *x as f32,
                y: *y as f32,
            };
            let samples: Vec<Shifted> = places.iter().map(sample).collect();
            let cells = samples.iter().map(|s| s.cell + 1).max().unwrap_or(0);
            let circle = Circle { squared: (distance * distance - 1.0) as f32, samples, reach, first, cells };
            self.circles.push(circle);
        }
        &self.circles[n as usize]
    }
}

impl Circle {
    /// The voxels that eight cells from each of the circle's on need, and those of the next line, for reference voxels from
    /// `at` on; None: they are not all in the data.
    fn lines<'a>(&self, data: &Data<'a>, at: isize) -> Option<[&'a [f32]; 2]> {
        let from = usize::try_from(at + self.first).ok()?;
        let line = |from: usize| data.values.get(from..from + self.cells + LANES);
        Some([line(from)?, line(from + data.stride[1])?])
    }
}

/// Nine voxels of either line: the corners of eight cells side by side.
#[inline(always)]
pub(super) fn corners([near, far]: [&[f32]; 2], cell: usize) -> Option<[&[f32; LANES + 1]; 2]> {
    Some([near.get(cell..)?.first_chunk()?, far.get(cell..)?.first_chunk()?])
}

/// As any processor does it: lowers eight voxels' Γ² − 1 by a circle's samples, which lie in these lines.
pub(super) fn search(circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight) {
    for s in &circle.samples {
        let Some([near, far]) = corners(lines, s.cell) else { return };
        for l in 0..LANES {
            let dose = eight.dose[l];
            let [a, b, c, d] = [near[l] - dose, near[l + 1] - dose, far[l] - dose, far[l + 1] - dose];
            let (along, next) = (b - a, d - c);
            let off = (a + s.x * along) + s.y * ((c - a) + s.x * (next - along));
            eight.lowest[l] = less(circle.squared + off * off * eight.factor[l], eight.lowest[l]);
        }
    }
}
