//! The kernels and the penumbra of a machine as one transform, for pictures of one size.

use super::fluence::{Area, Fluence, PIXEL_MM};
use super::fourier::Fourier;
use super::machine::{KernelEntry, PhotonMachine};
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use std::collections::BTreeMap;

/// Transforms of the kernels at the distances that a beam needs.
#[derive(Debug)]
pub(crate) struct Spectra {
    pub fourier: Fourier,
    /// By number of [`PhotonMachine::kernels`]: [x][y] of the transform, its three components; real, as the kernels are
    /// symmetric. With the penumbra, the calibration and the 1/n² of going there and back.
    kernels: BTreeMap<usize, Vec<[f32; 3]>>,
}

impl Spectra {
    /// For pictures of at least this many points a side; `which`: numbers of the machine's kernels; `gray`: what 1 of
    /// the kernels' unit is, Gy.
    pub fn new(machine: &PhotonMachine, points: usize, which: impl IntoIterator<Item = usize>, gray: f64) -> Self {
        let fourier = Fourier::at_least(points);
        let mut kernels = BTreeMap::new();
        for k in which {
            kernels.entry(k).or_insert_with(|| transform(machine, &machine.kernels[k], &fourier, gray));
        }
        Self { fourier, kernels }
    }

    /// What the three kernels make of a fluence [y][x] of real numbers, whose rows outside `rows` are 0, at a distance
    /// from source to surface: by [y][x], the last of the four is 0.
    pub fn convolved(
        &self,
        mut fluence: Vec<Complex32>,
        rows: std::ops::Range<usize>,
        (a, b, share): (usize, usize, f64),
    ) -> Vec<[f32; 4]> {
        let n = self.fourier.n;
        self.fourier.forward(&mut fluence, rows);
        let (Some(a), Some(b)) = (self.kernels.get(&a), self.kernels.get(&b)) else {
            return vec![[0.0; 4]; n * n];
        };
        let t = share as f32;
        let mixed = |i: usize, k: usize| a[i][k] + t * (b[i][k] - a[i][k]);
        // Two pictures are real, so one transform carries both: the second as the imaginary part.
        let mut third = vec![Complex32::default(); n * n];
        third.par_iter_mut().zip(&fluence).enumerate().for_each(|(i, (v, f))| *v = f * mixed(i, 2));
        fluence.par_iter_mut().enumerate().for_each(|(i, v)| *v *= Complex32::new(mixed(i, 0), mixed(i, 1)));
        self.fourier.inverse(&mut fluence);
        self.fourier.inverse(&mut third);
        fluence.par_iter().zip(&third).map(|(ab, c)| [ab.re, ab.im, c.re, 0.0]).collect()
    }
}

/// A distance's kernels on pixels: every point of their own lattice is shared out to the pixels around it, so that their
/// sums, and with them the dose, do not hang on the pixel.
fn pictures(machine: &PhotonMachine, entry: &KernelEntry, n: usize) -> [Vec<Complex32>; 3] {
    let (step, reach, radii) = (machine.lattice_mm, machine.reach_mm(), &machine.radii_mm);
    let most = (reach / step).floor() as i64;
    let mut out = [0, 1, 2].map(|_| vec![Complex32::default(); n * n]);
    for j in 0..=most {
        for i in 0..=most {
            let (x, y) = (i as f64 * step, j as f64 * step);
            let r = x.hypot(y);
            if r > reach {
                continue;
            }
            let after = radii.partition_point(|v| *v <= r).clamp(1, radii.len() - 1);
            let t = (r - radii[after - 1]) / (radii[after] - radii[after - 1]);
            let values = [0, 1, 2].map(|k| {
                let c = &entry.components[k];
                c[after - 1] + t * (c[after] - c[after - 1])
            });
            // the four points that lie alike; on an axis there are fewer
            for (sx, sy) in [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
                if (i == 0 && sx < 0.0) || (j == 0 && sy < 0.0) {
                    continue;
                }
                let (px, py) = (sx * x / PIXEL_MM, sy * y / PIXEL_MM);
                let (x0, y0) = (px.floor(), py.floor());
                let (tx, ty) = (px - x0, py - y0);
                for (dy, wy) in [(0, 1.0 - ty), (1, ty)] {
                    for (dx, wx) in [(0, 1.0 - tx), (1, tx)] {
                        let at = |v: f64, d: i64| (v as i64 + d).rem_euclid(n as i64) as usize;
                        let o = at(y0, dy) * n + at(x0, dx);
                        (0..3).for_each(|k| out[k][o].re += (values[k] * wx * wy) as f32);
                    }
                }
            }
        }
    }
    out
}

fn transform(machine: &PhotonMachine, entry: &KernelEntry, fourier: &Fourier, gray: f64) -> Vec<[f32; 3]> {
    let n = fourier.n;
    let sigma = machine.sigma_mm() / PIXEL_MM;
    let blur = |f: usize| {
        let f = f.min(n - f) as f64 / n as f64;
        (-2.0 * (std::f64::consts::PI * sigma * f).powi(2)).exp()
    };
    let blur: Vec<f64> = (0..n).map(blur).collect();
    let scale = gray / (n * n) as f64;
    let mut out = vec![[0.0f32; 3]; n * n];
    for (k, mut kernel) in pictures(machine, entry, n).into_iter().enumerate() {
        fourier.forward(&mut kernel, 0..n);
        for (i, (o, v)) in out.iter_mut().zip(&kernel).enumerate() {
            o[k] = (f64::from(v.re) * blur[i / n] * blur[i % n] * scale) as f32;
        }
    }
    out
}

/// Gray per unit of the kernels, by the machine's calibration: what 1 MU through its field gives at the depth of the
/// maximum in water is its Gray.
pub(crate) fn calibration(machine: &PhotonMachine) -> f64 {
    let c = &machine.calibration;
    let half = 0.5 * c.field_mm;
    let mut area =
        Area { first: [(-half / PIXEL_MM).floor() as i64; 2], n: [(2.0 * half / PIXEL_MM).ceil() as usize + 1; 2] };
    area.n.iter_mut().for_each(|n| *n += *n % 2);
    let mut fluence = Fluence::empty(area);
    fluence.add(&[[-half, half], [-half, half]], 1.0);
    let bracket = machine.bracket(c.source_surface_mm);
    let spectra = Spectra::new(machine, points(&area, 2, machine), [bracket.0, bracket.1], 1.0);
    let n = spectra.fourier.n;
    let primary = primary_fluence(machine, &area);
    let map = spectra.convolved(fluence.picture(&primary, n, 2), 2..2 + area.n[1], bracket);
    // the axis is a corner of four pixels
    let at = |a: usize| (2 - area.first[a]) as usize;
    let mut axis = [0.0f64; 3];
    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let v = map[(at(1) - dy) * n + at(0) - dx];
        (0..3).for_each(|k| axis[k] += 0.25 * f64::from(v[k]));
    }
    let highest = (1..2000).map(|i| f64::from(i) * 0.1).map(|depth| {
        let sum: f64 = machine.depth_terms(depth).iter().zip(&axis).map(|(d, c)| d * c).sum();
        sum * (machine.source_axis_mm / (c.source_surface_mm + depth)).powi(2)
    });
    c.gray_per_mu / highest.fold(0.0, f64::max)
}

/// Points a side that a picture of an area needs, with `margin` pixels around it, so that no kernel comes round to the
/// other side.
pub(crate) fn points(area: &Area, margin: usize, machine: &PhotonMachine) -> usize {
    let n = area.n[0].max(area.n[1]);
    let reach = (machine.reach_mm() / PIXEL_MM).ceil() as usize + 2;
    n + margin + reach.max(margin)
}

/// The machine's fluence in air on the pixels of an area, [y][x].
pub(crate) fn primary_fluence(machine: &PhotonMachine, area: &Area) -> Vec<f32> {
    let at = |a: usize, i: usize| (area.first[a] as f64 + i as f64 + 0.5) * PIXEL_MM;
    let rows = (0..area.n[1]).flat_map(|y| (0..area.n[0]).map(move |x| (x, y)));
    rows.map(|(x, y)| machine.primary(at(0, x).hypot(at(1, y))) as f32).collect()
}
