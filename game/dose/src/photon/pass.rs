//! One pass over the voxels: what a fluence leaves in each.

use super::fan::Fan;
use super::machine::PhotonMachine;
use super::plan::PhotonPlan;
use crate::live::IndexBox;
use nalgebra::{Isometry3, Vector3};
use rayon::prelude::*;

/// Depth between two entries of the table of D_k, mm, and how many entries.
const DEPTH_STEP_MM: f32 = 0.25;
const DEPTHS: usize = 4001;

/// D_k by radiological depth; the last of the four is 0.
#[derive(Debug)]
pub(crate) struct DepthTable(Vec<[f32; 4]>);

impl DepthTable {
    pub fn new(machine: &PhotonMachine) -> Self {
        let at = |i: usize| {
            let [a, b, c] = machine.depth_terms(i as f64 * f64::from(DEPTH_STEP_MM));
            [a as f32, b as f32, c as f32, 0.0]
        };
        Self((0..DEPTHS).map(at).collect())
    }

    #[inline(always)]
    fn at(&self, depth_mm: f32) -> [f32; 4] {
        let q = (depth_mm * (1.0 / DEPTH_STEP_MM)).clamp(0.0, (DEPTHS - 2) as f32 + 0.999);
        let i = q as usize;
        let t = q - i as f32;
        let (a, b) = (&self.0[i], &self.0[i + 1]);
        [0, 1, 2, 3].map(|k| a[k] + t * (b[k] - a[k]))
    }
}

/// Kernels and fluence folded, on the pixels of a picture.
pub(crate) struct Folded {
    pub map: Vec<[f32; 4]>,
    pub n: usize,
    /// Centre of the first pixel, mm, and how many pixels are of use in x and y.
    pub first_mm: [f64; 2],
    pub used: [usize; 2],
}

/// Where the machine stands.
pub(crate) struct Stand {
    pub to_head: Isometry3<f64>,
    pub fan: Fan,
}

/// `out` = `base` + dose of one stand. Gives the highest value of `out`, and the box of voxels that got something.
pub(crate) fn pass(
    plan: &PhotonPlan,
    stand: &Stand,
    folded: &Folded,
    base: &[f32],
    out: &mut [f32],
) -> (f32, Option<IndexBox>) {
    let grid = plan.grid();
    let [nx, ny, _] = grid.size;
    let axis = |a: usize| stand.to_head.rotation * (grid.axes.column(a) * grid.spacing_mm[a]);
    let steps = [axis(0), axis(1), axis(2)];
    let origin = (stand.to_head * grid.centre(0, 0, 0)).coords;
    let slices = out.par_chunks_mut(nx * ny).zip(base.par_chunks(nx * ny)).enumerate();
    let found = slices.map(|(k, (out, base))| {
        out.copy_from_slice(base);
        let mut reached: Option<IndexBox> = None;
        for j in 0..ny {
            let [from, to] = plan.rows[k * ny + j].map(|v| v as usize);
            if from >= to {
                continue;
            }
            let start = origin + steps[1] * j as f64 + steps[2] * k as f64;
            let inside = &plan.in_body[(k * ny + j) * nx..][..nx];
            let row = &mut out[j * nx..][..nx];
            if let Some([first, last]) = line(plan, stand, folded, start, steps[0], from..to, inside, row) {
                crate::live::join(&mut reached, &[[first, j, k], [last + 1, j + 1, k + 1]]);
            }
        }
        (out.iter().fold(0.0f32, |m, v| m.max(*v)), reached)
    });
    let both = |a: (f32, Option<IndexBox>), b: (f32, Option<IndexBox>)| {
        let mut reached = a.1;
        if let Some(other) = b.1 {
            crate::live::join(&mut reached, &other);
        }
        (a.0.max(b.0), reached)
    };
    found.reduce(|| (0.0, None), both)
}

/// One row of voxels; the first and the last that got something.
#[inline]
fn line(
    plan: &PhotonPlan,
    stand: &Stand,
    folded: &Folded,
    start: Vector3<f64>,
    step: Vector3<f64>,
    range: std::ops::Range<usize>,
    inside: &[bool],
    row: &mut [f32],
) -> Option<[usize; 2]> {
    let fan = &stand.fan;
    if fan.water.is_empty() {
        return None;
    }
    let sad = plan.machine.source_axis_mm as f32;
    let [sx, sy, sz] = [start.x, start.y, start.z].map(|v| v as f32);
    let [dx, dy, dz] = [step.x, step.y, step.z].map(|v| v as f32);
    let [mx, my] = folded.first_mm.map(|v| v as f32);
    let [fx, fy] = fan.first_mm.map(|v| v as f32);
    let per_pixel = (1.0 / super::fluence::PIXEL_MM) as f32;
    let per_cell = (1.0 / fan.cell_mm) as f32;
    let per_plane = (1.0 / fan.step_mm) as f32;
    let top = fan.top_mm as f32;
    let [map_x, map_y] = folded.used.map(|n| (n - 1) as f32);
    let [fan_x, fan_y] = fan.n.map(|n| (n - 1) as f32);
    let deepest = (fan.planes - 1) as f32;
    let mut reached: Option<[usize; 2]> = None;
    for i in range {
        if !inside[i] {
            continue;
        }
        let t = i as f32;
        let (px, py, pz) = (sx + t * dx, sy + t * dy, sz + t * dz);
        let below = sad - pz;
        let scale = sad / below;
        let (x, y) = (px * scale, py * scale);
        let (u, v) = ((x - mx) * per_pixel, (y - my) * per_pixel);
        let (a, b) = ((x - fx) * per_cell, (y - fy) * per_cell);
        let w = (top - pz) * per_plane;
        let here = u >= 0.0 && u < map_x && v >= 0.0 && v < map_y && a >= 0.0 && a < fan_x && b >= 0.0 && b < fan_y;
        if !(here && w >= 0.0 && w < deepest) {
            continue;
        }
        let depth = {
            let (ia, ib, iw) = (a as usize, b as usize, w as usize);
            let (ta, tb, tw) = (a - ia as f32, b - ib as f32, w - iw as f32);
            let along = |ray: usize| {
                let two = &fan.water[ray * fan.planes + iw..][..2];
                two[0] + tw * (two[1] - two[0])
            };
            let ray = ib * fan.n[0] + ia;
            let (p, q, r, s) = (along(ray), along(ray + 1), along(ray + fan.n[0]), along(ray + fan.n[0] + 1));
            let (low, high) = (p + ta * (q - p), r + ta * (s - r));
            low + tb * (high - low)
        };
        let (iu, iv) = (u as usize, v as usize);
        let (tu, tv) = (u - iu as f32, v - iv as f32);
        let at = iv * folded.n + iu;
        let (lower, upper) = (&folded.map[at..][..2], &folded.map[at + folded.n..][..2]);
        let d = plan.depths.at(depth);
        let mut sum = 0.0;
        for k in 0..4 {
            let low = lower[0][k] + tu * (lower[1][k] - lower[0][k]);
            let high = upper[0][k] + tu * (upper[1][k] - upper[0][k]);
            sum += d[k] * (low + tv * (high - low));
        }
        let gray = sum * (sad * sad / (px * px + py * py + below * below));
        if gray > 0.0 {
            row[i] += gray;
            reached = Some([reached.map_or(i, |r| r[0]), i]);
        }
    }
    reached
}
