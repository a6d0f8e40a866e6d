//! Several spots of a layer deposited side by side, each in a lane of its own: they share the way over the rays, the
//! depths and the kernels, and every operation is done for all of them at once.
//!
//! A lane does not see the others: what it holds is, to the bit, what its spot gives in a lane alone on the same window.

use super::{LayerField, LayerRow, SpotOnRays, cut};
use crate::layer::{AirGaussian, CORE_REACH, HALO_REACH, LayerPhysics};
use crate::rays::{Area, NOWHERE, RayGrid, Window, around};
use crate::spread::{self, Beyond};

/// Work space of one plane.
#[derive(Debug, Default)]
pub(crate) struct LaneScratch {
    /// Profiles of the spots along x, and along y times their weight: a cell's lanes after the other's.
    gx: Vec<f32>,
    gy: Vec<f32>,
    one: [Vec<f32>; 2],
    /// Spread along x.
    middle: Vec<f32>,
}

/// A plane of a window, and what a layer gives there.
struct LanePlane<'a> {
    rays: &'a RayGrid,
    window: &'a Window,
    field: &'a LayerField,
    k: usize,
    /// Size of a cell on it, mm.
    cell: [f64; 2],
}

impl<'a> LanePlane<'a> {
    fn new(rays: &'a RayGrid, window: &'a Window, field: &'a LayerField, k: usize) -> Self {
        Self { rays, window, field, k, cell: rays.magnification(k).map(|m| m * rays.cell_mm) }
    }

    /// The layer's row `y` of the window, and where the window's columns on this plane lie in it.
    fn row(&self, y: usize) -> Option<(&'a LayerRow, std::ops::Range<usize>)> {
        let row = self.field.rows.get(self.window.first[1] + y - self.field.window.first[1])?.as_ref()?;
        let from = self.k * self.field.window.n[0] + self.window.first[0] - self.field.window.first[0];
        Some((row, from..from + self.window.n[0]))
    }

    /// The profiles of a Gaussian of each spot, those along y times the weight. `gaussian` of a spot's number: its weight,
    /// its variances and where it is cut; None: nothing. Gives the cells that they lie on.
    fn profiles<const N: usize>(
        &self,
        spots: &[SpotOnRays],
        gaussian: impl Fn(usize) -> Option<(f64, [f64; 2], ([f64; 2], Beyond))>,
        s: &mut LaneScratch,
    ) -> Area {
        let LaneScratch { gx, gy, one, .. } = s;
        let mut area = NOWHERE;
        for (out, n) in [(&mut *gx, self.window.n[0]), (&mut *gy, self.window.n[1])] {
            out.clear();
            out.resize(n * N, 0.0);
        }
        // Spots in a row have one profile across it.
        let mut last = [(f64::NAN, f64::NAN, 0); 2];
        for (lane, spot) in spots.iter().enumerate().take(N) {
            let Some((weight, variance, (reach, beyond))) = gaussian(lane) else { continue };
            let weight = (spot.mu * weight / (self.cell[0] * self.cell[1])) as f32;
            for (a, (out, at, weight)) in
                [(&mut *gx, spot.x_mm, 1.0), (&mut *gy, spot.y_mm, weight)].into_iter().enumerate()
            {
                let (one, last) = (&mut one[a], &mut last[a]);
                if (last.0, last.1) != (at, variance[a]) {
                    let sigma = variance[a].sqrt() / self.cell[a];
                    let first = self.rays.first[a] + self.window.first[a] as i64;
                    let limits = (reach[a] * sigma, beyond);
                    let from = spread::sampled(at / self.rays.cell_mm, sigma, limits, first, self.window.n[a], one);
                    *last = (at, variance[a], from);
                }
                let from = last.2;
                for (cell, v) in out[from.min(self.window.n[a]) * N..].chunks_exact_mut(N).zip(&*one) {
                    cell[lane] = v * weight;
                }
                area[a] = [area[a][0].min(from), area[a][1].max(from + one.len())];
            }
        }
        area.map(|[from, to]| [from.min(to), to])
    }
}

/// As [`super::deposit_wide`], each of up to `N` spots in its lane of `out`, by [y][x][lane]. Gives the area outside of
/// which nothing was added.
pub(crate) fn deposit_wide_lanes<const N: usize>(
    rays: &RayGrid,
    layer: &LayerPhysics,
    field: &LayerField,
    spots: &[SpotOnRays],
    k: usize,
    window: &Window,
    out: &mut [f32],
    s: &mut LaneScratch,
) -> Area {
    let plane = LanePlane::new(rays, window, field, k);
    let z = rays.z_mm(k);
    let lattice = layer.lattice_variance() - rays.cell_mm * rays.cell_mm / 6.0;
    // Under each spot's middle: what scattering and the halo add, mm².
    let mut middles = [None; N];
    for (middle, spot) in middles.iter_mut().zip(spots) {
        let [x, y] = [(0, spot.x_mm), (1, spot.y_mm)].map(|(a, at)| {
            ((at / rays.cell_mm).round() as i64 - rays.first[a]).clamp(0, rays.n[a] as i64 - 1) as usize
        });
        let Some((row, at)) = field.at(k, y, x) else { continue };
        let water = rays.water[(y * rays.planes + k) * rays.n[0] + x];
        let scattered = (spread::sigma_cells(row.class[at]) * rays.cell_mm).powi(2);
        *middle = Some([scattered + lattice, layer.halo_variance_at(water)]);
    }
    let core = |air: &AirGaussian, [own, _]: [f64; 2]| [0, 1].map(|a| air.variance_at(a, z) + own);
    let stray_spread = layer.stray_spread_mm(z);
    let mut lit = NOWHERE;
    for (g, air) in layer.air.iter().enumerate() {
        let halo = |m: [f64; 2]| core(air, m).map(|v| v + m[1]);
        let area = plane.profiles::<N>(spots, |lane| middles[lane].map(|m| (air.weight, halo(m), cut(HALO_REACH))), s);
        lit = around(&lit, &paint::<N>(&plane, area, |row| &row.halo, out, s));
        if let Some(spread) = stray_spread {
            let stray = |m: [f64; 2]| {
                let stray = halo(m).map(|v| v + spread * spread);
                let reach = [0, 1].map(|a| layer.wide_reach_mm * plane.cell[a] / rays.cell_mm / stray[a].sqrt());
                (air.weight, stray, (reach, Beyond::Lost))
            };
            let area = plane.profiles::<N>(spots, |lane| middles[lane].map(stray), s);
            lit = around(&lit, &paint::<N>(&plane, area, |row| &row.stray, out, s));
        }
        if g > 0 {
            let area = plane.profiles::<N>(
                spots,
                |lane| middles[lane].map(|m| (air.weight, core(air, m), cut(HALO_REACH))),
                s,
            );
            lit = around(&lit, &paint::<N>(&plane, area, |row| &row.core, out, s));
        }
    }
    lit
}

/// Adds the profiles' products, times what the layer gives at each place; gives where it does.
fn paint<const N: usize>(
    plane: &LanePlane,
    [columns, rows]: Area,
    gives: impl Fn(&LayerRow) -> &[f32],
    out: &mut [f32],
    s: &LaneScratch,
) -> Area {
    let mut lit = NOWHERE;
    let nx = plane.window.n[0];
    let gx = &s.gx.as_chunks::<N>().0[columns[0]..columns[1]];
    for (y, gy) in s.gy.as_chunks::<N>().0.iter().enumerate().take(rows[1]).skip(rows[0]) {
        let Some((row, at)) = plane.row(y) else { continue };
        let gives = &gives(row)[at][columns[0]..columns[1]];
        if gives.iter().all(|v| *v == 0.0) {
            continue;
        }
        lit = around(&lit, &[columns, [y, y + 1]]);
        let line = &mut out.as_chunks_mut::<N>().0[y * nx + columns[0]..];
        for ((cell, gx), gives) in line.iter_mut().zip(gx).zip(gives) {
            for l in 0..N {
                cell[l] += gy[l] * gx[l] * gives;
            }
        }
    }
    lit
}

/// As [`super::deposit`], each of up to `N` spots in its lane of `out`, by [y][x][lane], which holds zeros. Gives the area
/// outside of which there are still zeros.
pub(crate) fn deposit_lanes<const N: usize>(
    rays: &RayGrid,
    layer: &LayerPhysics,
    field: &LayerField,
    spots: &[SpotOnRays],
    k: usize,
    window: &Window,
    out: &mut [f32],
    s: &mut LaneScratch,
) -> Area {
    let plane = LanePlane::new(rays, window, field, k);
    let z = rays.z_mm(k);
    let Some(air) = layer.air.first() else { return NOWHERE };
    let least = (0.45 * rays.cell_mm).powi(2);
    let own = layer.lattice_variance() - rays.cell_mm * rays.cell_mm / 6.0 - layer.loose_variance(z);
    let variance = [0, 1].map(|a| (air.variance_at(a, z) + own).max(least));
    let area = plane.profiles::<N>(spots, |_| Some((air.weight, variance, cut(CORE_REACH))), s);
    spread_lanes::<N>(&plane, area, out, s)
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "where AVX2 is, and only there, what is compiled for it may run")
)]
fn spread_lanes<const N: usize>(plane: &LanePlane, area: Area, out: &mut [f32], s: &mut LaneScratch) -> Area {
    #[cfg(target_arch = "x86_64")]
    if N > 1 && crate::processor::has_avx2() {
        #[target_feature(enable = "avx2")]
        fn wide<const N: usize>(plane: &LanePlane, area: Area, out: &mut [f32], s: &mut LaneScratch) -> Area {
            spread_all::<N>(plane, area, out, s)
        }
        return unsafe { wide::<N>(plane, area, out, s) };
    }
    spread_all::<N>(plane, area, out, s)
}

/// Each ray's energy spread along x, then along y. Nothing is fused, so that all processors give the same bits.
#[inline(always)]
fn spread_all<const N: usize>(plane: &LanePlane, [columns, rows]: Area, out: &mut [f32], s: &mut LaneScratch) -> Area {
    let [nx, ny] = plane.window.n;
    let [per_x, per_y] = plane.rays.magnification(plane.k).map(|m| (1.0 / m) as f32);
    s.middle.resize(nx * ny * N, 0.0);
    let (middle, out) = (s.middle.as_chunks_mut::<N>().0, out.as_chunks_mut::<N>().0);
    let (gx, gy) = (s.gx.as_chunks::<N>().0, s.gy.as_chunks::<N>().0);
    let mut lit = NOWHERE;
    // Neighbours mostly have the same kernel.
    let (mut last, mut kernel) = (0, spread::kernel(0));
    for y in rows[0]..rows[1] {
        let line = &mut middle[y * nx..(y + 1) * nx];
        line.fill([0.0; N]);
        let Some((row, at)) = plane.row(y) else { continue };
        let (core, class) = (&row.core[at.clone()], &row.class[at]);
        for x in columns[0]..columns[1] {
            if core[x] == 0.0 {
                continue;
            }
            if class[x] != last {
                (last, kernel) = (class[x], spread::kernel(spread::scaled(class[x], per_x)));
            }
            let mut energies = gx[x];
            for l in 0..N {
                energies[l] = gy[y][l] * energies[l] * core[x];
            }
            let (from, weights) = clipped(x, nx, kernel);
            for (cell, w) in line[from..from + weights.len()].iter_mut().zip(weights) {
                add(cell, &energies, *w);
            }
            lit[0] = [lit[0][0].min(from), lit[0][1].max(from + weights.len())];
        }
    }
    (last, kernel) = (0, spread::kernel(0));
    for y in rows[0]..rows[1] {
        let Some((row, at)) = plane.row(y) else { continue };
        let class = &row.class[at];
        for x in lit[0][0]..lit[0][1] {
            if class[x] != last {
                (last, kernel) = (class[x], spread::kernel(spread::scaled(class[x], per_y)));
            }
            let energies = middle[y * nx + x];
            let (from, weights) = clipped(y, ny, kernel);
            lit[1] = [lit[1][0].min(from), lit[1][1].max(from + weights.len())];
            let mut at = from * nx + x;
            for w in weights {
                add(&mut out[at], &energies, *w);
                at += nx;
            }
        }
    }
    lit
}

/// All lanes of a cell at once.
#[inline(always)]
fn add<const N: usize>(cell: &mut [f32; N], energies: &[f32; N], w: f32) {
    // Taken out and put back as a whole, which can be done in vectors.
    let mut sum = *cell;
    for l in 0..N {
        sum[l] += energies[l] * w;
    }
    *cell = sum;
}

/// The part of a kernel around a cell that lies among `n` cells, and where it begins.
#[inline(always)]
fn clipped(at: usize, n: usize, kernel: &[f32]) -> (usize, &[f32]) {
    let half = kernel.len() / 2;
    let skip = half.saturating_sub(at);
    let keep = kernel.len().min(n + half - at);
    (at + skip - half, &kernel[skip..keep])
}
