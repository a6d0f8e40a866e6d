//! How spots are made: some of a layer side by side in lanes, from the rays to the voxels.

use super::spot_dose::SpotDose;
use super::together::lanes;
use crate::deposit::{LaneScratch, LayerField, SpotOnRays, deposit_lanes, deposit_wide_lanes};
use crate::prepared::{PreparedBeam, PreparedPlan};
use crate::rays::{Area, NOWHERE, RayGrid, Window, around};
use crate::resample::{NodeBox, by_planes};
use std::mem::size_of;
use std::ops::Range;
use std::sync::Arc;

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
    /// A row of voxels, by voxel and lane.
    line: Vec<f32>,
    /// Spots as they grow, one a lane.
    spots: Vec<SpotDose>,
}

/// Computes some spots of one layer, which have to exist, with the tables of their layer.
pub(super) fn make(
    plan: &PreparedPlan,
    spots: Range<usize>,
    tables: &LayerTables,
    bench: &mut Bench,
) -> Vec<Arc<SpotDose>> {
    match lanes(spots.len()) {
        1 => in_lanes::<1>(plan, spots, tables, bench),
        4 => in_lanes::<4>(plan, spots, tables, bench),
        _ => in_lanes::<8>(plan, spots, tables, bench),
    }
}

fn in_lanes<const N: usize>(
    plan: &PreparedPlan,
    spots: Range<usize>,
    tables: &LayerTables,
    bench: &mut Bench,
) -> Vec<Arc<SpotDose>> {
    let Some(first) = plan.spots().get(spots.start) else { return Vec::new() };
    let beam = &plan.beams[first.beam];
    let layer = &beam.layers[first.layer];
    let Bench { scratch, plane, values, line, spots: made } = bench;
    let on_rays: Vec<SpotOnRays> =
        plan.spots()[spots.clone()].iter().map(|s| SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: 1.0 }).collect();
    let kinds = [(&beam.wide, &tables.wide, true), (&beam.rays, &tables.core, false)];
    let mut fans = Vec::with_capacity(2);
    for (((rays, field, wide), (window, _)), values) in kinds.into_iter().zip(windows(plan, spots)).zip(values) {
        let last = if window.len() > 0 { rays.last_plane(&window, layer.end_mm) } else { 0 };
        let mut fan = Fan::new(rays, &window, last, N, values);
        let plane = lined_up(plane, window.len() * N);
        for k in 0..last {
            let add = if wide { deposit_wide_lanes::<N> } else { deposit_lanes::<N> };
            let area = add(rays, layer, field, &on_rays, k, &window, plane, scratch);
            fan.take::<N>(plane, area);
        }
        fans.push(fan);
    }
    made.resize_with(on_rays.len().max(made.len()), SpotDose::default);
    let made = &mut made[..on_rays.len()];
    to_voxels::<N>(plan, beam, &fans, line, made);
    fans.into_iter().for_each(Fan::clear::<N>);
    made.iter_mut().map(|spot| Arc::new(spot.take())).collect()
}

/// From the nodes of both fans to the voxels of the body.
fn to_voxels<const N: usize>(
    plan: &PreparedPlan,
    beam: &PreparedBeam,
    fans: &[Fan],
    line: &mut Vec<f32>,
    made: &mut [SpotDose],
) {
    let grid = plan.grid();
    let (mut lo, mut hi) = (grid.size, [0; 3]);
    let mut lit = Vec::with_capacity(2);
    for fan in fans {
        let Some(nodes) = fan.nodes() else { continue };
        let [from, to] = beam.resampler.voxels(&fan.cut, &nodes);
        for a in 0..3 {
            lo[a] = lo[a].min(from[a]);
            hi[a] = hi[a].max(to[a]);
        }
        let last = nodes[1][2];
        lit.push((fan, last, by_planes(&fan.lit[..last])));
    }
    let line = lined_up(line, hi[0].saturating_sub(lo[0]) * N);
    line.fill(0.0);
    for k in lo[2]..hi[2] {
        for j in lo[1]..hi[1] {
            let mut all = hi[0]..lo[0];
            for (fan, last, lit) in &lit {
                let values = (&*fan.values, fan.strides());
                let run = beam.resampler.add_lanes::<N>(&fan.cut, values, (*last, lit), [j, k], lo[0]..hi[0], line);
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
            for (lane, spot) in made.iter_mut().enumerate() {
                spot.push(voxels, lane, from, [all.start, j, k]);
            }
            voxels.fill([0.0; N]);
        }
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

    /// From a row to the next and from a plane to the next, in nodes.
    fn strides(&self) -> [usize; 2] {
        [self.planes * self.cut.n[0], self.cut.n[0]]
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

/// So many numbers of a buffer whose first lies where vectors may begin.
fn lined_up(buffer: &mut Vec<f32>, n: usize) -> &mut [f32] {
    const BYTES: usize = 32;
    buffer.resize(buffer.len().max(n + BYTES / size_of::<f32>()), 0.0);
    let skip = buffer.as_ptr().align_offset(BYTES).min(BYTES / size_of::<f32>());
    &mut buffer[skip..skip + n]
}

#[cfg(test)]
mod tests;
