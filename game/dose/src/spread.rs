//! Gaussians on a lattice of cells: sampled ones for the beam's own width, discrete ones for scattering.

use std::sync::LazyLock;

/// Step of the table of kernels, cells.
const SIGMA_STEP: f64 = 0.05;
/// Widest kernel, cells.
const WIDEST: f64 = 40.0;
/// Where a kernel is cut, standard deviations (and a cell); what is cut is given back by scaling.
const CUT: f64 = 3.3;

/// The farthest that any kernel reaches from its middle, cells.
pub(crate) const WIDEST_REACH: usize = (CUT * WIDEST) as usize + 1;

/// Discrete Gaussians e^−t I_n(t) of variance t (cells²), which add in variance as scattering does and keep energy; from
/// one end to the other. Lindeberg, *Scale-space for discrete signals*, IEEE PAMI 12 (1990) 234.
static KERNELS: LazyLock<Vec<Vec<f32>>> = LazyLock::new(|| {
    let n = (WIDEST / SIGMA_STEP).round() as usize;
    (0..=n).map(|i| discrete_gaussian((i as f64 * SIGMA_STEP).powi(2))).collect()
});

fn discrete_gaussian(variance: f64) -> Vec<f32> {
    if variance < 1e-9 {
        return vec![1.0];
    }
    // Miller's downward recurrence I_{n−1} = I_{n+1} + 2n/t I_n, scaled so that the sum is 1.
    let last = (10.0 * variance.sqrt()) as usize + 30;
    let mut values = vec![0.0f64; last + 2];
    values[last] = 1e-280;
    for n in (1..=last).rev() {
        values[n - 1] = values[n + 1] + 2.0 * n as f64 / variance * values[n];
        if values[n - 1] > 1e200 {
            values.iter_mut().for_each(|v| *v *= 1e-250);
        }
    }
    let reach = ((CUT * variance.sqrt()) as usize + 1).min(last);
    let sum = values[0] + 2.0 * values[1..=reach].iter().sum::<f64>();
    let half = values[..=reach].iter().map(|v| (v / sum) as f32);
    half.clone().rev().chain(half.skip(1)).collect()
}

/// Number of the kernel for a standard deviation in cells.
pub(crate) fn class(sigma_cells: f64) -> u16 {
    (sigma_cells.clamp(0.0, WIDEST) * (1.0 / SIGMA_STEP) + 0.5) as u16
}

/// The class of a standard deviation that is `times` that of another class.
#[inline(always)]
pub(crate) fn scaled(class: u16, times: f32) -> u16 {
    (f32::from(class) * times + 0.5) as u16
}

/// Standard deviation of a class, cells.
pub(crate) fn sigma_cells(class: u16) -> f64 {
    f64::from(class) * SIGMA_STEP
}

/// A kernel from one end to the other; the widest for a class beyond it.
pub(crate) fn kernel(class: u16) -> &'static [f32] {
    let all = &*KERNELS;
    &all[usize::from(class).min(all.len() - 1)]
}

/// What becomes of the part of a Gaussian that lies beyond where it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// It is given back inside, by scaling.
    Kept,
    /// It is gone.
    Lost,
}

/// Weights of a Gaussian of `sigma` around `at` (both in cells) on the cells `first ..`, cut at `reach` cells, adding up to
/// 1 (or to what is not lost) before they are clipped to `len` cells. Gives the first cell that has a weight.
pub(crate) fn sampled(
    at: f64,
    sigma: f64,
    (reach, beyond): (f64, Beyond),
    first: i64,
    len: usize,
    out: &mut Vec<f32>,
) -> usize {
    out.clear();
    let (low, high) = ((at - reach).ceil() as i64, (at + reach).floor() as i64);
    if high < low {
        // Narrower than a cell: all of it in the nearest.
        let nearest = at.round() as i64 - first;
        if nearest >= 0 && nearest < len as i64 {
            out.push(1.0);
        }
        return nearest.max(0) as usize;
    }
    // From the nearest cell outwards g(d ± 1) = g(d) r, r' = r q: two exponentials a side instead of one a cell.
    let a = 0.5 / (sigma * sigma);
    let middle = (at.round() as i64).clamp(low, high);
    let d = middle as f64 - at;
    let peak = (-a * d * d).exp();
    let q = (-2.0 * a).exp();
    let mut sum = peak;
    let count = (high - low + 1) as usize;
    out.resize(count, 0.0);
    let centre = (middle - low) as usize;
    out[centre] = peak as f32;
    let (mut g, mut r) = (peak, (-a * (2.0 * d + 1.0)).exp());
    for v in &mut out[centre + 1..] {
        g *= r;
        r *= q;
        sum += g;
        *v = g as f32;
    }
    let (mut g, mut r) = (peak, (-a * (1.0 - 2.0 * d)).exp());
    for v in out[..centre].iter_mut().rev() {
        g *= r;
        r *= q;
        sum += g;
        *v = g as f32;
    }
    let whole = match beyond {
        Beyond::Kept => sum,
        Beyond::Lost => sum.max(sigma * (2.0 * std::f64::consts::PI).sqrt()),
    };
    let scale = (1.0 / whole) as f32;
    out.iter_mut().for_each(|v| *v *= scale);
    // Clip to the window.
    let skip = (first - low).clamp(0, count as i64) as usize;
    let keep = (first + len as i64 - low).clamp(skip as i64, count as i64) as usize;
    out.truncate(keep);
    out.drain(..skip);
    (low - first).max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discrete_kernel_has_the_variance_it_says_and_sums_to_one() {
        for sigma in [0.0, 0.1, 0.4, 1.0, 2.5, 7.0, 30.0] {
            let k = kernel(class(sigma));
            let whole: f64 = k.iter().map(|v| f64::from(*v)).sum();
            let places = (0..k.len()).map(|n| n as f64 - (k.len() / 2) as f64);
            let variance: f64 = places.zip(k).map(|(n, v)| n * n * f64::from(*v)).sum();
            assert!(k.len() % 2 == 1 && k.len() / 2 <= WIDEST_REACH);
            assert!((whole - 1.0).abs() < 1e-5, "{sigma}: {whole}");
            assert!((variance.sqrt() - sigma).abs() < 0.006 * sigma + 1e-9, "{sigma}: {}", variance.sqrt());
        }
    }

    #[test]
    fn a_sampled_gaussian_is_the_gaussian_wherever_it_lies() {
        let mut out = Vec::new();
        for (at, sigma) in [(10.3, 2.0), (-3.7, 2.4), (19.0, 5.0), (4.5, 0.8)] {
            let first = sampled(at, sigma, (5.0 * sigma, Beyond::Kept), -2, 20, &mut out);
            assert!(first + out.len() <= 20);
            for (i, v) in out.iter().enumerate() {
                let d = (first + i) as f64 - 2.0 - at;
                let want = (-0.5 * d * d / sigma / sigma).exp() / (2.0 * std::f64::consts::PI).sqrt() / sigma;
                assert!((f64::from(*v) - want).abs() < 1e-4 * want + 1e-7, "{at} {sigma} at {d}: {v} {want}");
            }
        }
        assert!(sampled(90.0, 2.0, (10.0, Beyond::Kept), 0, 20, &mut out) <= 20 || out.is_empty());
        assert!(out.is_empty());
        // Cut at one standard deviation and not given back: 68 % is left.
        sampled(100.2, 20.0, (20.0, Beyond::Lost), 0, 200, &mut out);
        assert!((out.iter().sum::<f32>() - 0.683).abs() < 0.01);
    }
}
