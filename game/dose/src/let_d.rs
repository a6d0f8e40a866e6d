//! Dose-averaged linear energy transfer (LETd) of protons over depth in water, a display quantity.
//!
//! Wilkens and Oelfke, *Analytical linear energy transfer calculations for proton therapy*, Med. Phys. 30 (2003) 806: at a
//! depth the primaries have residual ranges spread like a Gaussian (straggling and energy spread), and LETd is the mean of
//! S² over the mean of S under it. They take a power law for the stopping power S and cut its pole at the end of the track
//! off; here S is PSTAR's, down to 1 keV, so nothing has to be cut. LET is unrestricted, in water, 1 keV/µm = 1 MeV/mm.
//!
//! With dr = dE/S the two means become integrals over the energy that a proton has left, of g·S and of g, without a pole.

use crate::bragg::{BraggCurve, SampledCurve};
use crate::water;
use std::sync::LazyLock;

/// Where the dose is less than this part of the maximum no LETd is given.
pub const LET_FLOOR: f64 = 1e-3;

/// Which protons an LETd is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LetProtons {
    /// The beam's own protons until they react with a nucleus (Wilkens and Oelfke's model).
    #[default]
    Primary,
    /// The secondary protons of nuclear reactions too: their dose from the depth-dose model, their LETd from
    /// [`secondary_kev_per_um`].
    All,
}

impl LetProtons {
    /// As it stands beside the numbers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary protons",
            Self::All => "primary and secondary protons",
        }
    }
}

/// Lowest energy, keV → MeV, and steps per e-fold of energy.
const LOWEST_MEV: f64 = 1e-3;
const HIGHEST_MEV: f64 = 300.0;
const STEPS_PER_FOLD: f64 = 300.0;
/// The Gaussian of the residual range is followed to this many standard deviations.
const REACH: f64 = 6.5;

/// At rising energies: residual range (mm), stopping power (keV/µm), width of the energy's interval (MeV).
static SLOWING_DOWN: LazyLock<Vec<[f64; 3]>> = LazyLock::new(|| {
    let n = ((HIGHEST_MEV / LOWEST_MEV).ln() * STEPS_PER_FOLD).ceil() as usize;
    let energy = |i: f64| LOWEST_MEV * (i / STEPS_PER_FOLD).exp();
    let mut range = LOWEST_MEV / water::stopping_mev_per_mm(LOWEST_MEV);
    let mut before = 1.0 / water::stopping_mev_per_mm(LOWEST_MEV);
    (0..n)
        .map(|i| {
            let at = i as f64;
            let stopping = water::stopping_mev_per_mm(energy(at));
            if i > 0 {
                range += 0.5 * (before + 1.0 / stopping) * (energy(at) - energy(at - 1.0));
                before = 1.0 / stopping;
            }
            [range, stopping, energy(at + 0.5) - energy(at - 0.5)]
        })
        .collect()
});

/// LETd (keV/µm) of primaries whose residual ranges are spread by `sigma_mm` (above 0) around `remaining_mm`; behind the
/// mean range (`remaining_mm` below 0) it is that of the few which get there, as far as 30 σ.
pub fn primary_kev_per_um(remaining_mm: f64, sigma_mm: f64) -> f64 {
    let table = &*SLOWING_DOWN;
    let remaining = remaining_mm.max(-30.0 * sigma_mm);
    // Nearest residual range that exists; weights relative to its own, so that the far tail does not vanish.
    let nearest = (remaining.max(0.0) - remaining) / sigma_mm;
    let reach = (nearest * nearest + REACH * REACH).sqrt() * sigma_mm;
    let first = table.partition_point(|p| p[0] < remaining - reach);
    let (mut dose, mut product) = (0.0, 0.0);
    for [range, stopping, width] in &table[first..] {
        if *range > remaining + reach {
            break;
        }
        let d = (range - remaining) / sigma_mm;
        let weight = (-0.5 * (d * d - nearest * nearest)).exp() * width;
        dose += weight;
        product += weight * stopping;
    }
    if dose > 0.0 { product / dose } else { table[0][1] }
}

/// LETd (keV/µm) of what reactions leave where primaries have `remaining_mm` to go: faster primaries have faster
/// secondaries. Two numbers fitted to the mean of two Monte Carlo codes that differ by 11 % among themselves (matRad's
/// generic base data and MCsquare, 80 to 230 MeV; docs/dose.md).
pub fn secondary_kev_per_um(remaining_mm: f64) -> f64 {
    SECONDARY_FAST + SECONDARY_SLOW / (remaining_mm.max(0.0) + 20.0)
}
const SECONDARY_FAST: f64 = 3.0;
const SECONDARY_SLOW: f64 = 143.0;

/// LETd (keV/µm) at each sample of a curve.
pub fn depth_let(curve: &BraggCurve, sampled: &SampledCurve, protons: LetProtons) -> Vec<f64> {
    (0..sampled.mev_per_mm.len())
        .map(|i| {
            let remaining = curve.range_mm - i as f64 * sampled.step_mm;
            let primary = primary_kev_per_um(remaining, curve.sigma_mm);
            let all = sampled.mev_per_mm[i];
            if protons == LetProtons::Primary || all <= 0.0 {
                return primary;
            }
            let part = sampled.primary_mev_per_mm[i] / all;
            part * primary + (1.0 - part) * secondary_kev_per_um(remaining)
        })
        .collect()
}

#[cfg(test)]
#[path = "let_d_tests.rs"]
mod tests;
