//! What one spot gives the voxels, as rows of them: adding a spot is then one pass over a few tens of thousands of
//! numbers.

use super::IndexBox;
use super::exact::Step;
use super::together::lanes;
use crate::deposit::{LaneScratch, LayerField, SpotOnRays, deposit_lanes, deposit_wide_lanes};
use crate::prepared::PreparedPlan;
use crate::rays::{Area, NOWHERE, RayGrid, Window, around};
use crate::resample::{NodeBox, by_planes};
use std::mem::size_of;
use std::ops::Range;
use std::sync::Arc;

/// A run of voxels along x: offset of the first in the grid, and how many.
type Row = (u32, u32);

/// Gray per MU of one spot.
#[derive(Debug, Default)]
pub(super) struct SpotDose {
    rows: Box<[Row]>,
    /// The rows' voxels one after the other.
    values: Box<[f32]>,
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
        let [wide, core] = windows(plan, beam.layer_starts[layer]..beam.layer_starts[layer + 1]);
        let [core, wide] = [(&beam.rays, core.0), (&beam.wide, wide.0)].map(|(rays, window)| {
            let mut field = LayerField::empty(window);
            field.fill(rays, physics, &window);
            field
        });
        Self { core, wide }
    }
}

/// The rays that some spots of one layer reach on the fan of the halo and on that of the core, and how many planes those
/// fans have.
pub(super) fn windows(plan: &PreparedPlan, spots: Range<usize>) -> [(Window, usize); 2] {
    let spots = &plan.spots()[spots];
    let Some(first) = spots.first() else { return [(Window { first: [0; 2], n: [0; 2] }, 0); 2] };
    let beam = &plan.beams[first.beam];
    let layer = &beam.layers[first.layer];
    // One ray more: the voxels between the last that has dose and the next have some too.
    [(&beam.wide, layer.wide_reach_mm), (&beam.rays, layer.reach_mm)].map(|(rays, reach)| {
        (rays.window_of(spots.iter().map(|s| [s.x_mm, s.y_mm]), reach + rays.cell_mm), rays.planes)
    })
}

/// Work space for making spots.
#[derive(Debug, Default)]
pub(super) struct Bench {
    scratch: LaneScratch,
    /// One plane of a fan; zeros between one and the next.
    plane: Vec<f32>,
    /// What lies on the nodes of both fans; zeros between one group and the next.
    values: [Vec<f32>; 2],
    /// A row of voxels, by voxel and lane; and one lane of it.
    line: Vec<f32>,
    lane: Vec<f32>,
    found: Vec<Found>,
}

/// A spot's rows as they are found.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<Row>,
    values: Vec<f32>,
    bounds: Option<IndexBox>,
}

impl SpotDose {
    /// Computes some spots of one layer, which have to exist, with the tables of their layer.
    pub fn together(
        plan: &PreparedPlan,
        spots: Range<usize>,
        tables: &LayerTables,
        bench: &mut Bench,
    ) -> Vec<Arc<Self>> {
        match lanes(spots.len()) {
            1 => Self::in_lanes::<1>(plan, spots, tables, bench),
            4 => Self::in_lanes::<4>(plan, spots, tables, bench),
            _ => Self::in_lanes::<8>(plan, spots, tables, bench),
        }
    }

    fn in_lanes<const N: usize>(
        plan: &PreparedPlan,
        spots: Range<usize>,
        tables: &LayerTables,
        bench: &mut Bench,
    ) -> Vec<Arc<Self>> {
        let Some(first) = plan.spots().get(spots.start) else { return Vec::new() };
        let beam = &plan.beams[first.beam];
        let layer = &beam.layers[first.layer];
        let on_rays: Vec<SpotOnRays> =
            plan.spots()[spots.clone()].iter().map(|s| SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: 1.0 }).collect();
        let grid = plan.grid();
        let Bench { scratch, plane, values, line, lane, found } = bench;
        let (mut lo, mut hi) = (grid.size, [0; 3]);
        let mut fans = Vec::with_capacity(2);
        let kinds = [(&beam.wide, &tables.wide, true), (&beam.rays, &tables.core, false)];
        for (((rays, field, wide), (window, _)), values) in
            kinds.into_iter().zip(windows(plan, spots.clone())).zip(values)
        {
            if window.len() == 0 {
                continue;
            }
            let last = rays.last_plane(&window, layer.end_mm);
            let mut fan = Fan::new(rays, &window, last, N, values);
            let plane = lined_up(plane, window.len() * N);
            for k in 0..last {
                let add = if wide { deposit_wide_lanes::<N> } else { deposit_lanes::<N> };
                let area = add(rays, layer, field, &on_rays, k, &window, plane, scratch);
                fan.take::<N>(plane, area);
            }
            if let Some(nodes) = fan.nodes() {
                let [from, to] = beam.resampler.voxels(&fan.cut, &nodes);
                for a in 0..3 {
                    lo[a] = lo[a].min(from[a]);
                    hi[a] = hi[a].max(to[a]);
                }
                fans.push((nodes, by_planes(&fan.lit), fan));
            }
        }
        found.resize_with(on_rays.len().max(found.len()), Found::default);
        let n = hi[0].saturating_sub(lo[0]);
        lane.resize(n, 0.0);
        let line = lined_up(line, n * N);
        line.fill(0.0);
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let mut all = hi[0]..lo[0];
                for (nodes, lit, fan) in &fans {
                    let values = (&*fan.values, fan.planes);
                    let run = beam.resampler.add_lanes::<N>(&fan.cut, values, (nodes, lit), [j, k], lo[0]..hi[0], line);
                    if !run.is_empty() {
                        all = all.start.min(run.start)..all.end.max(run.end);
                    }
                }
                if all.is_empty() {
                    continue;
                }
                let voxels = &mut line.as_chunks_mut::<N>().0[all.start - lo[0]..all.end - lo[0]];
                let from = grid.offset(all.start, j, k);
                for (v, inside) in voxels.iter_mut().zip(&plan.in_body[from..]) {
                    if !*inside {
                        *v = [0.0; N];
                    }
                }
                for (l, found) in found.iter_mut().enumerate().take(on_rays.len()) {
                    let lane = &mut lane[..voxels.len()];
                    lane.iter_mut().zip(&*voxels).for_each(|(to, v)| *to = v[l]);
                    found.push(lane, from, [all.start, j, k]);
                }
                voxels.fill([0.0; N]);
            }
        }
        fans.into_iter().for_each(|(_, _, fan)| fan.clear::<N>());
        found.iter_mut().take(on_rays.len()).map(|f| Arc::new(f.take())).collect()
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.rows) + size_of_val(&*self.values) + size_of::<Self>()
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
        let mut values = &*self.values;
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

/// What lies on the nodes of a fan's window, in lanes.
struct Fan<'a> {
    /// The lattice of the window.
    cut: RayGrid,
    planes: usize,
    /// By [y][plane][x][lane]: what a row of voxels meets lies near together, most tables being straight.
    values: &'a mut [f32],
    /// Plane by plane, where it is not zero.
    lit: Vec<Area>,
}

impl<'a> Fan<'a> {
    /// With room for `last` planes, and one more for zeros if the fan has one.
    fn new(rays: &RayGrid, window: &Window, last: usize, lanes: usize, buffer: &'a mut Vec<f32>) -> Self {
        let planes = (last + 1).min(rays.planes);
        let values = lined_up(buffer, planes * window.len() * lanes);
        Self { cut: rays.cut(window), planes, values, lit: Vec::with_capacity(planes) }
    }

    fn row<const N: usize>(&self, k: usize, y: usize, [from, to]: [usize; 2]) -> Range<usize> {
        let start = (y * self.planes + k) * self.cut.n[0];
        (start + from) * N..(start + to) * N
    }

    /// Takes the next plane, and leaves zeros.
    fn take<const N: usize>(&mut self, plane: &mut [f32], area: Area) {
        let [columns, rows] = area;
        let (k, nx) = (self.lit.len(), self.cut.n[0]);
        for y in rows[0]..rows[1] {
            let from = &mut plane[(y * nx + columns[0]) * N..(y * nx + columns[1]) * N];
            let to = self.row::<N>(k, y, columns);
            self.values[to].copy_from_slice(from);
            from.fill(0.0);
        }
        self.lit.push(area);
    }

    /// The box of what is not zero; None: nothing.
    fn nodes(&self) -> Option<NodeBox> {
        let last = self.lit.iter().rposition(|l| *l != NOWHERE)? + 1;
        let [x, y] = self.lit.iter().fold(NOWHERE, |all, l| around(&all, l));
        Some([[x[0], y[0], 0], [x[1], y[1], last]])
    }

    fn clear<const N: usize>(self) {
        for (k, [columns, rows]) in self.lit.iter().enumerate() {
            for y in rows[0]..rows[1] {
                let row = self.row::<N>(k, y, *columns);
                self.values[row].fill(0.0);
            }
        }
    }
}

impl Found {
    /// A row of voxels from `first` on; zeros at its ends are left out.
    fn push(&mut self, line: &[f32], from: usize, [i, j, k]: [usize; 3]) {
        let Some(start) = line.iter().position(|v| *v > 0.0) else { return };
        let end = line.iter().rposition(|v| *v > 0.0).map_or(start, |e| e + 1);
        self.rows.push(((from + start) as u32, (end - start) as u32));
        self.values.extend_from_slice(&line[start..end]);
        super::join(&mut self.bounds, &[[i + start, j, k], [i + end, j + 1, k + 1]]);
    }

    /// The spot, no larger than it is; what is left can take the next.
    fn take(&mut self) -> SpotDose {
        let spot = SpotDose {
            rows: self.rows.as_slice().into(),
            values: self.values.as_slice().into(),
            bounds: self.bounds.take(),
        };
        self.rows.clear();
        self.values.clear();
        spot
    }
}

/// So many numbers of a buffer whose first lies where vectors may begin.
fn lined_up(buffer: &mut Vec<f32>, n: usize) -> &mut [f32] {
    const BYTES: usize = 32;
    buffer.resize(buffer.len().max(n + BYTES / size_of::<f32>()), 0.0);
    let skip = buffer.as_ptr().align_offset(BYTES).min(BYTES / size_of::<f32>());
    &mut buffer[skip..skip + n]
}
