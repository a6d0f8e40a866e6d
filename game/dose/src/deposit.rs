//! Spots into dose on the fan of rays: fluence of the beam in air, times what each ray's own depth gives, spread by what
//! the protons have scattered on that ray.
//!
//! Each ray is a sub-beamlet of the spot: behind an edge of bone or air the two sides have their own depths and widths.
//! The halo, wide and weak, lies on a fan of its own with rays twice as far apart.

use crate::layer::{CORE_REACH, HALO_REACH, LayerPhysics};
use crate::rays::{RayGrid, Window};
use crate::spread;

/// What a layer gives on one row of rays, by [plane][x of the window].
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerRow {
    /// Gray mm² per MU in the core and in the halo.
    core: Vec<f32>,
    halo: Vec<f32>,
    /// Class of the scattering kernel, in cells of the isocentre plane's size.
    class: Vec<u16>,
}

impl LayerRow {
    /// Row `y` (of the fan) for the columns of a window.
    pub fn new(rays: &RayGrid, layer: &LayerPhysics, window: &Window, y: usize) -> Self {
        let (nx, n) = (rays.n[0], window.n[0]);
        let planes = rays.planes;
        let mut row = Self { core: vec![0.0; n * planes], halo: vec![0.0; n * planes], class: vec![0; n * planes] };
        let dz = rays.step_mm as f32;
        let end = layer.end_mm as f32;
        let inverse_cell = 1.0 / rays.cell_mm;
        // Fermi-Eyges moments of each ray: of the angle, of angle and place, of the place.
        let mut moments = vec![[0.0f32; 3]; n];
        for k in 0..planes {
            let from = (y * planes + k) * nx + window.first[0];
            let water = &rays.water[from..from + n];
            let scattering = &rays.scattering[from..from + n];
            let above = if k > 0 { &rays.water[from - nx..from - nx + n] } else { water };
            let z = rays.z_mm(k);
            let loose = layer.loose_variance(z) as f32;
            for i in 0..n {
                let w = water[i];
                if above[i] > end {
                    // Nothing is left here, but what neighbours send still has to be spread.
                    row.class[k * n + i] = row.class[(k - 1) * n + i];
                    continue;
                }
                let [a, c, p] = moments[i];
                let t = if scattering[i] > 0.0 { layer.power_at(0.5 * (above[i] + w)) * scattering[i] } else { 0.0 };
                let place = p + dz * (2.0 * c + dz * (a + t * (1.0 / 3.0)));
                moments[i] = [a + dz * t, c + dz * (a + 0.5 * t * dz), place];
                let at = k * n + i;
                row.core[at] = layer.core_at(w);
                row.halo[at] = layer.halo_at(w);
                row.class[at] =
                    spread::class(f64::from(place + loose + layer.tail_variance_at(w)).max(0.0).sqrt() * inverse_cell);
            }
        }
        row
    }
}

/// A layer on the rows of a window; rows are made when they are needed.
#[derive(Clone, Debug)]
pub(crate) struct LayerField {
    pub window: Window,
    pub rows: Vec<Option<LayerRow>>,
}

impl LayerField {
    /// No rows yet.
    pub fn empty(window: Window) -> Self {
        Self { window, rows: vec![None; window.n[1]] }
    }

    /// Makes the rows of a window inside this one's.
    pub fn fill(&mut self, rays: &RayGrid, layer: &LayerPhysics, part: &Window) {
        for y in part.first[1]..part.first[1] + part.n[1] {
            self.rows[y - self.window.first[1]].get_or_insert_with(|| LayerRow::new(rays, layer, &self.window, y));
        }
    }

    fn at(&self, k: usize, y: usize, x: usize) -> Option<(&LayerRow, usize)> {
        let row = self.rows.get(y.checked_sub(self.window.first[1])?)?.as_ref()?;
        let column = x.checked_sub(self.window.first[0])?;
        (column < self.window.n[0]).then_some((row, k * self.window.n[0] + column))
    }
}

/// One spot as it is deposited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpotOnRays {
    pub x_mm: f64,
    pub y_mm: f64,
    pub mu: f64,
}

/// Work space of one plane.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    plane: Vec<f32>,
    second: Vec<f32>,
    gx: Vec<f32>,
    gy: Vec<f32>,
}

fn cleared(plane: &mut Vec<f32>, n: usize) {
    plane.clear();
    plane.resize(n, 0.0);
}

/// One plane of a window of a fan.
struct Plane<'a> {
    rays: &'a RayGrid,
    window: &'a Window,
    /// Size of a cell on it, mm.
    cell: [f64; 2],
}

impl<'a> Plane<'a> {
    fn new(rays: &'a RayGrid, window: &'a Window, k: usize) -> Self {
        Self { rays, window, cell: rays.magnification(k).map(|m| m * rays.cell_mm) }
    }

    /// Adds a Gaussian of a spot, an outer product of its profiles; gives the columns and rows it lies on.
    fn paint(
        &self,
        spot: &SpotOnRays,
        weight: f64,
        variance: [f64; 2],
        reach: f64,
        plane: &mut [f32],
        profiles: [&mut Vec<f32>; 2],
    ) -> [usize; 4] {
        let [nx, ny] = self.window.n;
        let profile = |a: usize, at: f64, n: usize, out: &mut Vec<f32>| {
            let first = self.rays.first[a] + self.window.first[a] as i64;
            let sigma = variance[a].sqrt() / self.cell[a];
            spread::sampled(at / self.rays.cell_mm, sigma, reach * sigma, first, n, out)
        };
        let [gx, gy] = profiles;
        let x0 = profile(0, spot.x_mm, nx, gx);
        let y0 = profile(1, spot.y_mm, ny, gy);
        let weight = (spot.mu * weight / (self.cell[0] * self.cell[1])) as f32;
        for (dy, wy) in gy.iter().enumerate() {
            let w = wy * weight;
            let from = (y0 + dy) * nx + x0;
            for (v, wx) in plane[from..from + gx.len()].iter_mut().zip(gx.iter()) {
                *v += w * wx;
            }
        }
        [x0, x0 + gx.len(), y0, y0 + gy.len()]
    }
}

/// Adds the halo's dose (Gray) of `spots` of one layer on plane `k` to `out`, which lies on `window`, and that of protons
/// which come wide already. Each place has its own depth; the widths are those under the spot's middle.
pub(crate) fn deposit_wide(
    rays: &RayGrid,
    layer: &LayerPhysics,
    field: &LayerField,
    spots: &[SpotOnRays],
    k: usize,
    window: &Window,
    out: &mut [f64],
    s: &mut Scratch,
) {
    let plane = Plane::new(rays, window, k);
    let [nx, ny] = window.n;
    let z = rays.z_mm(k);
    cleared(&mut s.plane, nx * ny);
    let two = layer.air.len() > 1;
    if two {
        cleared(&mut s.second, nx * ny);
    }
    let lattice = layer.lattice_variance() - rays.cell_mm * rays.cell_mm / 6.0;
    for spot in spots {
        let middle = [(0, spot.x_mm), (1, spot.y_mm)].map(|(a, at)| {
            ((at / rays.cell_mm).round() as i64 - rays.first[a]).clamp(0, rays.n[a] as i64 - 1) as usize
        });
        let Some((row, at)) = field.at(k, middle[1], middle[0]) else { continue };
        let water = rays.water[(middle[1] * rays.planes + k) * rays.n[0] + middle[0]];
        let scattered = (spread::sigma_cells(row.class[at]) * rays.cell_mm).powi(2);
        let halo = layer.halo_variance_at(water);
        for (g, air) in layer.air.iter().enumerate() {
            let core = [0, 1].map(|a| air.variance_at(a, z) + scattered + lattice);
            let wide = core.map(|v| v + halo);
            plane.paint(spot, air.weight, wide, HALO_REACH, &mut s.plane, [&mut s.gx, &mut s.gy]);
            if g > 0 {
                plane.paint(spot, air.weight, core, HALO_REACH, &mut s.second, [&mut s.gx, &mut s.gy]);
            }
        }
    }
    let nf = field.window.n[0];
    let column = window.first[0] - field.window.first[0];
    for y in 0..ny {
        let Some(Some(row)) = field.rows.get(window.first[1] + y - field.window.first[1]) else { continue };
        let line = y * nx..(y + 1) * nx;
        let from = k * nf + column;
        for (o, (w, h)) in
            out[line.clone()].iter_mut().zip(s.plane[line.clone()].iter().zip(&row.halo[from..from + nx]))
        {
            *o += f64::from(w * h);
        }
        if two {
            for (o, (w, c)) in out[line.clone()].iter_mut().zip(s.second[line].iter().zip(&row.core[from..from + nx])) {
                *o += f64::from(w * c);
            }
        }
    }
}

/// Adds the core's dose (Gray) of `spots` of one layer on plane `k` to `out`, which lies on `window`. Outside the window
/// nothing is written: it has to be the spots' windows of [`LayerPhysics::reach_mm`] or larger.
pub(crate) fn deposit(
    rays: &RayGrid,
    layer: &LayerPhysics,
    field: &LayerField,
    spots: &[SpotOnRays],
    k: usize,
    window: &Window,
    out: &mut [f64],
    s: &mut Scratch,
) {
    let plane = Plane::new(rays, window, k);
    let [nx, ny] = window.n;
    let z = rays.z_mm(k);
    let [mx, my] = rays.magnification(k);
    let Some(air) = layer.air.first() else { return };
    let least = (0.45 * rays.cell_mm).powi(2);
    let own = layer.lattice_variance() - rays.cell_mm * rays.cell_mm / 6.0 - layer.loose_variance(z);
    let variance = [0, 1].map(|a| (air.variance_at(a, z) + own).max(least));
    cleared(&mut s.plane, nx * ny);
    let mut used = [nx, 0, ny, 0];
    for spot in spots {
        let [x0, x1, y0, y1] =
            plane.paint(spot, air.weight, variance, CORE_REACH, &mut s.plane, [&mut s.gx, &mut s.gy]);
        used = [used[0].min(x0), used[1].max(x1), used[2].min(y0), used[3].max(y1)];
    }
    if used[0] >= used[1] || used[2] >= used[3] {
        return;
    }
    // Each ray's energy spread along x, then along y.
    cleared(&mut s.second, nx * ny);
    let magnified = |class: u16, m: f64| spread::class(spread::sigma_cells(class) / m);
    let nf = field.window.n[0];
    let column = window.first[0] - field.window.first[0];
    let row_of = |y: usize| field.rows.get(window.first[1] + y - field.window.first[1]).and_then(Option::as_ref);
    let mut reached = [nx, 0];
    for y in used[2]..used[3] {
        let Some(row) = row_of(y) else { continue };
        let line = &mut s.second[y * nx..(y + 1) * nx];
        for x in used[0]..used[1] {
            let at = k * nf + column + x;
            let e = s.plane[y * nx + x] * row.core[at];
            if e == 0.0 {
                continue;
            }
            let kernel = spread::kernel(magnified(row.class[at], mx));
            spread_1d(line, x, 1, nx, e, kernel);
            reached = [reached[0].min(x.saturating_sub(kernel.len() - 1)), reached[1].max((x + kernel.len()).min(nx))];
        }
    }
    for y in used[2]..used[3] {
        let Some(row) = row_of(y) else { continue };
        for x in reached[0]..reached[1] {
            let e = s.second[y * nx + x];
            if e != 0.0 {
                let kernel = spread::kernel(magnified(row.class[k * nf + column + x], my));
                spread_1d(&mut out[x..], y, nx, ny, e, kernel);
            }
        }
    }
}

/// Adds `e` times a symmetric kernel around place `at` of `n` places that lie `stride` apart.
#[inline(always)]
fn spread_1d<T: std::ops::AddAssign + From<f32>>(
    line: &mut [T],
    at: usize,
    stride: usize,
    n: usize,
    e: f32,
    kernel: &[f32],
) {
    line[at * stride] += T::from(e * kernel[0]);
    for (d, w) in kernel.iter().enumerate().skip(1) {
        let v = e * w;
        if at + d < n {
            line[(at + d) * stride] += T::from(v);
        }
        if at >= d {
            line[(at - d) * stride] += T::from(v);
        }
    }
}
