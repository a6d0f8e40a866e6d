//! What has passed jaws and leaves, on pixels of the isocentre plane, exactly by area.

use super::opening::{Rectangle, rectangles};
use rustfft::num_complex::Complex32;
use vestibule_patient::Beam;

/// Width of a pixel on the isocentre plane, mm. Pixel number p reaches from p to p + 1.
pub(crate) const PIXEL_MM: f64 = 1.0;

/// Leaves and jaws stand every so many mm on their way.
const WAY_MM: f64 = 1.0;
/// Most places of a way.
const MOST_PLACES: f64 = 400.0;

/// Pixels: number of the first, and how many, in x and y; IEC beam limiting device axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub first: [i64; 2],
    pub n: [usize; 2],
}

impl Area {
    /// What holds a rectangle.
    pub fn of(r: &Rectangle) -> Self {
        let first = r.map(|[low, _]| (low / PIXEL_MM).floor() as i64);
        let last = r.map(|[_, high]| (high / PIXEL_MM).ceil() as i64);
        Self { first, n: [0, 1].map(|a| (last[a] - first[a]).max(1) as usize) }
    }
}

/// Monitor units that have passed each pixel, as if nothing stood before jaws and leaves.
#[derive(Clone, Debug)]
pub(crate) struct Fluence {
    pub area: Area,
    mu: Vec<f64>,
}

impl Fluence {
    pub fn empty(area: Area) -> Self {
        Self { area, mu: vec![0.0; area.n[0] * area.n[1]] }
    }

    /// Lets this much through a rectangle.
    pub fn add(&mut self, r: &Rectangle, mu: f64) {
        let range = |a: usize| {
            let [low, high] = r[a].map(|v| v / PIXEL_MM - self.area.first[a] as f64);
            let from = low.floor().clamp(0.0, self.area.n[a] as f64) as usize;
            let to = high.ceil().clamp(0.0, self.area.n[a] as f64) as usize;
            (low, high, from, to)
        };
        let covered = |(low, high): (f64, f64), i: usize| (high.min(i as f64 + 1.0) - low.max(i as f64)).max(0.0);
        let (xl, xh, x0, x1) = range(0);
        let (yl, yh, y0, y1) = range(1);
        for y in y0..y1 {
            let share = mu * covered((yl, yh), y);
            let row = &mut self.mu[y * self.area.n[0]..][x0..x1.max(x0)];
            for (i, v) in row.iter_mut().enumerate() {
                *v += share * covered((xl, xh), x0 + i);
            }
        }
    }

    /// Lets `mu` through while jaws and leaves go from `from` to `to` (0 to 1) of the way after control point `index`.
    pub fn add_way(&mut self, beam: &Beam, index: usize, [from, to]: [f64; 2], mu: f64, leaf_transmission: f64) {
        let (Some(a), Some(b)) = (beam.sequence.get(index), beam.sequence.get(index + 1)) else { return };
        let has_leaves = beam.limiting_devices.iter().any(|d| d.kind.has_leaves());
        let through = if has_leaves { leaf_transmission } else { 0.0 };
        let moved = a.positions_mm.iter().flatten().zip(b.positions_mm.iter().flatten());
        let moved = moved.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) * (to - from);
        let places = (moved / WAY_MM).ceil().clamp(1.0, MOST_PLACES);
        let part = mu / places;
        for place in 0..places as usize {
            let t = from + (place as f64 + 0.5) / places * (to - from);
            let between = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + t * (b - a)).collect();
            let positions: Vec<Vec<f64>> = a.positions_mm.iter().zip(&b.positions_mm).map(between).collect();
            let [open, jaws] = rectangles(beam, &positions);
            open.iter().for_each(|r| self.add(r, part * (1.0 - through)));
            if through > 0.0 {
                jaws.iter().for_each(|r| self.add(r, part * through));
            }
        }
    }

    /// As a picture of `n` points a side, `margin` pixels in, times what each pixel gets where nothing stands.
    pub fn picture(&self, full: &[f32], n: usize, margin: usize) -> Vec<Complex32> {
        let mut out = vec![Complex32::default(); n * n];
        let wide = self.area.n[0];
        for (y, (row, full)) in self.mu.chunks_exact(wide).zip(full.chunks_exact(wide)).enumerate() {
            let to = &mut out[(y + margin) * n + margin..][..wide];
            to.iter_mut().zip(row.iter().zip(full)).for_each(|(t, (v, f))| t.re = (v * f64::from(*f)) as f32);
        }
        out
    }

    /// MU through each pixel, [y][x].
    #[cfg(test)]
    pub fn mu(&self) -> &[f64] {
        &self.mu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_exact_by_area() {
        let mut f = Fluence::empty(Area { first: [-3, -2], n: [6, 4] });
        f.add(&[[-1.25, 2.5], [-0.5, 0.25]], 2.0);
        let sum: f64 = f.mu().iter().sum();
        assert!((sum - 2.0 * 3.75 * 0.75).abs() < 1e-12);
        // pixel (-2 to -1) by (-1 to 0)
        assert!((f.mu()[6 + 1] - 2.0 * 0.25 * 0.5).abs() < 1e-12);
        // what lies beside the area is left out
        f.add(&[[-100.0, -50.0], [0.0, 1.0]], 1.0);
        f.add(&[[50.0, 100.0], [-90.0, 90.0]], 1.0);
        assert!((f.mu().iter().sum::<f64>() - sum).abs() < 1e-12);
    }
}
