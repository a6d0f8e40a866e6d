//! Two-dimensional transforms of square pictures, on all cores, with the same bits whatever their number.

use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Transforms of one size.
pub(crate) struct Fourier {
    /// Points a side.
    pub n: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
}

impl std::fmt::Debug for Fourier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fourier").field("n", &self.n).finish_non_exhaustive()
    }
}

impl Fourier {
    /// For pictures of at least this many points a side: the next size of small factors, which is quick.
    pub fn at_least(points: usize) -> Self {
        let small = |n: &usize| {
            let mut left = *n;
            for f in [2, 3, 5] {
                while left.is_multiple_of(f) {
                    left /= f;
                }
            }
            left == 1 && n.is_multiple_of(4)
        };
        let n = (points.max(16)..).find(small).unwrap_or(points);
        let mut planner = FftPlanner::new();
        Self { n, forward: planner.plan_fft_forward(n), inverse: planner.plan_fft_inverse(n) }
    }

    /// The transform, turned over its diagonal: [x][y] where the picture is [y][x]. `rows`: the rows that are not all 0.
    pub fn forward(&self, picture: &mut Vec<Complex32>, rows: std::ops::Range<usize>) {
        let rows = rows.start * self.n..rows.end * self.n;
        lines(&*self.forward, self.n, &mut picture[rows]);
        *picture = turned(picture, self.n);
        lines(&*self.forward, self.n, picture);
    }

    /// Back, from [x][y] to [y][x], n² times as large.
    pub fn inverse(&self, spectrum: &mut Vec<Complex32>) {
        lines(&*self.inverse, self.n, spectrum);
        *spectrum = turned(spectrum, self.n);
        lines(&*self.inverse, self.n, spectrum);
    }
}

fn lines(fft: &dyn Fft<f32>, n: usize, all: &mut [Complex32]) {
    let scratch = || vec![Complex32::default(); fft.get_inplace_scratch_len()];
    all.par_chunks_mut(8 * n).for_each_init(scratch, |scratch, some| fft.process_with_scratch(some, scratch));
}

/// Columns as rows.
fn turned(from: &[Complex32], n: usize) -> Vec<Complex32> {
    let mut to = vec![Complex32::default(); n * n];
    to.par_chunks_mut(4 * n).enumerate().for_each(|(block, out)| {
        for y in 0..n {
            let four = &from[y * n + 4 * block..][..4];
            for (x, v) in four.iter().enumerate() {
                out[x * n + y] = *v;
            }
        }
    });
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_picture() {
        let f = Fourier::at_least(37);
        assert_eq!(f.n, 40);
        let picture: Vec<Complex32> = (0..1600).map(|i| Complex32::new((i % 71) as f32, (i % 13) as f32)).collect();
        let mut there = picture.clone();
        f.forward(&mut there, 0..40);
        // the sum of all stands first
        let sum: Complex32 = picture.iter().sum();
        assert!((there[0] - sum).norm() < 1e-4 * sum.norm());
        f.inverse(&mut there);
        assert!(picture.iter().zip(&there).all(|(a, b)| (a - b / 1600.0).norm() < 1e-4));
    }
}
