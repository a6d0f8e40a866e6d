//! Spots into dose on the fan of rays: fluence of the beam in air, times what each ray's own depth gives, spread by what
//! the protons have scattered on that ray.
//!
//! Each ray is a sub-beamlet of the spot: behind an edge of bone or air the two sides have their own depths and widths.
//! The halo, wide and weak, lies on a fan of its own with rays twice as far apart.

mod lanes;

use crate::layer::{CORE_REACH, HALO_REACH, LayerPhysics};
use crate::rays::{RayGrid, Window};
use crate::spread::{self, Beyond};
pub(crate) use lanes::{LaneScratch, deposit_lanes, deposit_wide_lanes};

/// What a layer gives on one row of rays, by [plane][x of the window].
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerRow {
    /// Gray mm² per MU in the core and in the halo.
    core: Vec<f32>,
    halo: Vec<f32>,
    /// What the range shifter has sent aside; empty without a shifter.
    stray: Vec<f32>,
    /// Class of the scattering kernel, in cells of the isocentre plane's size.
    class: Vec<u16>,
}

impl LayerRow {
    /// Row `y` (of the fan) for the columns of a window.
    pub fn new(rays: &RayGrid, layer: &LayerPhysics, window: &Window, y: usize) -> Self {
        let (nx, n) = (rays.n[0], window.n[0]);
        let planes = rays.planes;
        let with_shifter = layer.stray_spread_mm(0.0).is_some();
        let mut row = Self {
            core: vec![0.0; n * planes],
            halo: vec![0.0; n * planes],
            stray: vec![0.0; if with_shifter { n * planes } else { 0 }],
            class: vec![0; n * planes],
        };
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
                if with_shifter {
                    row.stray[at] = layer.stray_at(w);
                }
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
    third: Vec<f32>,
    /// Classes of the scattering kernels, as `second` lies.
    classes: Vec<u16>,
    line: KernelLine,
    gx: Vec<f32>,
    gy: Vec<f32>,
}

/// A line of cells on which kernels are laid; cells before and behind it take what a kernel sends beyond its ends.
#[derive(Debug, Default)]
struct KernelLine {
    cells: Vec<f32>,
    /// The cells that are not zero: first, and one past the last.
    touched: [usize; 2],
}

impl KernelLine {
    /// Makes place for `n` cells.
    fn fit(&mut self, n: usize) {
        if self.cells.len() < n + 2 * spread::WIDEST_REACH {
            self.cells.resize(n + 2 * spread::WIDEST_REACH, 0.0);
        }
        self.touched = [self.cells.len(), 0];
    }

    /// Adds `e` times a kernel around cell `at`.
    #[inline(always)]
    fn add(&mut self, at: usize, e: f32, kernel: &[f32]) {
        let from = at + spread::WIDEST_REACH - kernel.len() / 2;
        let to = from + kernel.len();
        for (v, w) in self.cells[from..to].iter_mut().zip(kernel) {
            *v += e * w;
        }
        self.touched = [self.touched[0].min(from), self.touched[1].max(to)];
    }

    /// Visits the cells from `0` to `n` that have something (first, then their values), and makes all zero again.
    #[inline(always)]
    fn take(&mut self, n: usize, visit: impl FnOnce(usize, &[f32])) {
        let [from, to] = std::mem::replace(&mut self.touched, [self.cells.len(), 0]);
        let [low, high] = [from, to].map(|c| c.clamp(spread::WIDEST_REACH, n + spread::WIDEST_REACH));
        if low < high {
            visit(low - spread::WIDEST_REACH, &self.cells[low..high]);
        }
        if from < to {
            self.cells[from..to].fill(0.0);
        }
    }
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

    /// Adds a Gaussian of a spot, an outer product of its profiles, cut at `reach` standard deviations; gives the columns
    /// and rows it lies on.
    fn paint(
        &self,
        spot: &SpotOnRays,
        weight: f64,
        variance: [f64; 2],
        (reach, beyond): ([f64; 2], Beyond),
        plane: &mut [f32],
        profiles: [&mut Vec<f32>; 2],
    ) -> [usize; 4] {
        let [nx, ny] = self.window.n;
        let profile = |a: usize, at: f64, n: usize, out: &mut Vec<f32>| {
            let first = self.rays.first[a] + self.window.first[a] as i64;
            let sigma = variance[a].sqrt() / self.cell[a];
            spread::sampled(at / self.rays.cell_mm, sigma, (reach[a] * sigma, beyond), first, n, out)
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

/// A cut at so many standard deviations, with nothing lost.
fn cut(reach: f64) -> ([f64; 2], Beyond) {
    ([reach; 2], Beyond::Kept)
}

/// Adds the halo's dose (Gray) of `spots` of one layer on plane `k` to `out`, which lies on `window`, and that of protons
/// which come wide already, and of what a range shifter has sent aside. Each place has its own depth; the widths are those
/// under the spot's middle.
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
    let stray_spread = layer.stray_spread_mm(z);
    if stray_spread.is_some() {
        cleared(&mut s.third, nx * ny);
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
            plane.paint(spot, air.weight, wide, cut(HALO_REACH), &mut s.plane, [&mut s.gx, &mut s.gy]);
            if let Some(spread) = stray_spread {
                let stray = wide.map(|v| v + spread * spread);
                // No fan is made for it alone: what lies beyond the halo's reach is lost, some thousandths of the maximum
                // anywhere and up to a hundredth of all energy (docs/dose.md).
                let reach = [0, 1].map(|a| layer.wide_reach_mm * plane.cell[a] / rays.cell_mm / stray[a].sqrt());
                let cut = (reach, Beyond::Lost);
                plane.paint(spot, air.weight, stray, cut, &mut s.third, [&mut s.gx, &mut s.gy]);
            }
            if g > 0 {
                plane.paint(spot, air.weight, core, cut(HALO_REACH), &mut s.second, [&mut s.gx, &mut s.gy]);
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
        if stray_spread.is_some() {
            let stray = &row.stray[from..from + nx];
            for (o, (w, h)) in out[line.clone()].iter_mut().zip(s.third[line.clone()].iter().zip(stray)) {
                *o += f64::from(w * h);
            }
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
            plane.paint(spot, air.weight, variance, cut(CORE_REACH), &mut s.plane, [&mut s.gx, &mut s.gy]);
        used = [used[0].min(x0), used[1].max(x1), used[2].min(y0), used[3].max(y1)];
    }
    if used[0] >= used[1] || used[2] >= used[3] {
        return;
    }
    // Each ray's energy spread along x, then along y; between the two columns lie as lines, so that both are runs of
    // neighbours.
    cleared(&mut s.second, nx * ny);
    s.classes.resize(nx * ny, 0);
    s.line.fit(nx.max(ny));
    let nf = field.window.n[0];
    let column = window.first[0] - field.window.first[0];
    let row_of = |y: usize| field.rows.get(window.first[1] + y - field.window.first[1]).and_then(Option::as_ref);
    let [per_x, per_y] = [mx, my].map(|m| (1.0 / m) as f32);
    let mut reached = [nx, 0];
    for y in used[2]..used[3] {
        let Some(row) = row_of(y) else { continue };
        let from = k * nf + column;
        let (core, class) = (&row.core[from..from + nx], &row.class[from..from + nx]);
        let energies = &s.plane[y * nx..(y + 1) * nx];
        for x in used[0]..used[1] {
            let e = energies[x] * core[x];
            if e != 0.0 {
                s.line.add(x, e, spread::kernel(spread::scaled(class[x], per_x)));
            }
        }
        s.line.take(nx, |first, values| {
            for (x, v) in (first..).zip(values) {
                s.second[x * ny + y] = *v;
                s.classes[x * ny + y] = class[x];
            }
            reached = [reached[0].min(first), reached[1].max(first + values.len())];
        });
    }
    for x in reached[0]..reached[1] {
        for y in used[2]..used[3] {
            let e = s.second[x * ny + y];
            if e != 0.0 {
                s.line.add(y, e, spread::kernel(spread::scaled(s.classes[x * ny + y], per_y)));
            }
        }
        s.line.take(ny, |first, values| {
            for (y, v) in (first..).zip(values) {
                out[y * nx + x] += f64::from(*v);
            }
        });
    }
}
