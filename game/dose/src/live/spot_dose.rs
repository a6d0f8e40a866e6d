//! What one spot gives the voxels, as rows of them: adding a spot is then one pass over a few tens of thousands of
//! numbers.

use super::IndexBox;
use super::exact::Step;
use crate::deposit::{LayerField, Scratch, SpotOnRays, deposit, deposit_wide};
use crate::prepared::PreparedPlan;
use std::mem::size_of;

/// A run of voxels along x: offset of the first in the grid, and how many.
type Row = (u32, u32);

/// Gray per MU of one spot.
#[derive(Debug, Default)]
pub(super) struct SpotDose {
    rows: Vec<Row>,
    /// The rows' voxels one after the other.
    values: Vec<f32>,
    /// The box of the voxels that get something.
    pub bounds: Option<IndexBox>,
}

/// What all spots of a layer share on both fans of their beam.
#[derive(Debug)]
pub(super) struct LayerTables {
    core: LayerField,
    wide: LayerField,
}

impl LayerTables {
    pub fn new(plan: &PreparedPlan, beam: usize, layer: usize) -> Self {
        let beam = &plan.beams[beam];
        let physics = &beam.layers[layer];
        let [core, wide] =
            [(&beam.rays, physics.reach_mm), (&beam.wide, physics.wide_reach_mm)].map(|(rays, reach)| {
                let spots = &plan.spots()[beam.layer_starts[layer]..beam.layer_starts[layer + 1]];
                let window = rays.window_of(spots.iter().map(|s| [s.x_mm, s.y_mm]), reach + rays.cell_mm);
                let mut field = LayerField::empty(window);
                field.fill(rays, physics, &window);
                field
            });
        Self { core, wide }
    }
}

/// Work space for making a spot's dose.
#[derive(Debug, Default)]
pub(super) struct Bench {
    scratch: Scratch,
    plane: Vec<f64>,
    values: [Vec<f32>; 2],
    line: Vec<f32>,
}

impl SpotDose {
    /// Computes spot number `spot`, which has to exist, with the tables of its layer.
    pub fn new(plan: &PreparedPlan, spot: usize, tables: &LayerTables, bench: &mut Bench) -> Self {
        let s = plan.spots()[spot];
        let beam = &plan.beams[s.beam];
        let layer = &beam.layers[s.layer];
        let one = [SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: 1.0 }];
        let grid = plan.grid();
        let Bench { scratch, plane, values, line } = bench;
        let (mut lo, mut hi) = (grid.size, [0; 3]);
        let mut fans = Vec::with_capacity(2);
        let kinds =
            [(&beam.wide, layer.wide_reach_mm, &tables.wide, true), (&beam.rays, layer.reach_mm, &tables.core, false)];
        for ((rays, reach, field, wide), values) in kinds.into_iter().zip(values) {
            // One ray more: the voxels between the last that has dose and the next have some too.
            let window = rays.window(s.x_mm, s.y_mm, reach + rays.cell_mm);
            if window.len() == 0 {
                continue;
            }
            let last = rays.last_plane(&window, layer.end_mm);
            values.clear();
            for k in 0..(last + 1).min(rays.planes) {
                plane.clear();
                plane.resize(window.len(), 0.0);
                if k < last {
                    let add = if wide { deposit_wide } else { deposit };
                    add(rays, layer, field, &one, k, &window, plane, scratch);
                }
                values.extend(plane.iter().map(|v| *v as f32));
            }
            let cut = rays.cut(&window);
            let nodes = [[0; 3], [window.n[0], window.n[1], last]];
            let [from, to] = beam.resampler.voxels(&cut, &nodes);
            for a in 0..3 {
                lo[a] = lo[a].min(from[a]);
                hi[a] = hi[a].max(to[a]);
            }
            fans.push((cut, &*values, nodes));
        }
        let mut out = Self::default();
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                line.clear();
                line.resize(hi[0].saturating_sub(lo[0]), 0.0);
                for (cut, values, nodes) in &fans {
                    beam.resampler.add_row(cut, values, nodes, [j, k], lo[0]..hi[0], line);
                }
                let from = grid.offset(lo[0], j, k);
                for (v, inside) in line.iter_mut().zip(&plan.in_body[from..]) {
                    *v = if *inside { *v } else { 0.0 };
                }
                out.push(line, from, [lo[0], j, k]);
            }
        }
        out.values.shrink_to_fit();
        out
    }

    /// A row of voxels from `first` on; zeros at its ends are left out.
    fn push(&mut self, line: &[f32], from: usize, [i, j, k]: [usize; 3]) {
        let Some(start) = line.iter().position(|v| *v > 0.0) else { return };
        let end = line.iter().rposition(|v| *v > 0.0).map_or(start, |e| e + 1);
        self.rows.push(((from + start) as u32, (end - start) as u32));
        self.values.extend_from_slice(&line[start..end]);
        super::join(&mut self.bounds, &[[i + start, j, k], [i + end, j + 1, k + 1]]);
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.values.capacity() * size_of::<f32>() + size_of::<Self>()
    }

    /// Turns `mu[0]` of this spot in a grid into `mu[1]`. Gives the highest value among its voxels afterwards, Gy.
    pub fn change(&self, dose: &mut [f64], mu: [f64; 2], step: Step) -> f64 {
        let [before, after] = mu;
        if before == 0.0 {
            self.each(dose, |v| step.round(v * after))
        } else {
            self.each(dose, |v| step.round(v * after) - step.round(v * before))
        }
    }

    #[inline(always)]
    fn each(&self, dose: &mut [f64], gy: impl Fn(f64) -> f64) -> f64 {
        // Four lanes, so that it is done in vectors.
        let mut max = [0.0f64; 4];
        let mut values = self.values.as_slice();
        for (from, n) in &self.rows {
            let (row, rest) = values.split_at(*n as usize);
            values = rest;
            let Some(line) = dose.get_mut(*from as usize..*from as usize + row.len()) else { continue };
            let (fours, ends) = (line.chunks_exact_mut(4), row.len() / 4 * 4);
            for (d, v) in fours.zip(row.chunks_exact(4)) {
                for l in 0..4 {
                    d[l] += gy(f64::from(v[l]));
                    max[l] = if d[l] > max[l] { d[l] } else { max[l] };
                }
            }
            for (d, v) in line[ends..].iter_mut().zip(&row[ends..]) {
                *d += gy(f64::from(*v));
                max[0] = max[0].max(*d);
            }
        }
        max.into_iter().fold(0.0, f64::max)
    }
}
