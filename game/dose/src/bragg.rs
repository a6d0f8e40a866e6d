//! Depth dose of a broad proton beam in water, after Bortfeld.
//!
//! Bortfeld, *An analytical approximation of the Bragg curve for therapeutic proton beams*, Med. Phys. 24 (1997) 2024.
//! The shape is Bortfeld's; the range is PSTAR's, and the exponent p and factor α of R = α E^p are those which give
//! PSTAR's range and stopping power at the beam's energy, so that the curve's energy and its entrance are right too.

use crate::special::gaussian_power_mean;
use crate::water;

/// Fluence lost to nuclear reactions per mm of remaining range (Bortfeld: 0.012 per cm).
const BETA_PER_MM: f64 = 0.0012;
/// Fraction of the energy of the lost protons that is absorbed nearby (Bortfeld: 0.6).
const GAMMA: f64 = 0.6;

/// One beam's depth dose. Depths are mm of water from where the beam enters.
#[derive(Clone, Debug, PartialEq)]
pub struct BraggCurve {
    /// Mean energy, MeV.
    pub energy_mev: f64,
    /// Range at the mean energy, mm.
    pub range_mm: f64,
    /// Standard deviation of the range: straggling and energy spread, mm.
    pub sigma_mm: f64,
    exponent: f64,
    scale: f64,
}

impl BraggCurve {
    /// The curve of a beam of `energy_mev` (4 to 250) with an energy spread of `spread_mev` (one standard deviation).
    pub fn new(energy_mev: f64, spread_mev: f64) -> Self {
        let range_mm = water::range_mm(energy_mev);
        let stopping = water::stopping_mev_per_mm(energy_mev);
        let exponent = energy_mev / (range_mm * stopping);
        let alpha = range_mm / energy_mev.powf(exponent);
        // Bortfeld's 0.012 R^0.935, R in cm. The energy spread enters through dR/dE = 1/S.
        let straggling = 0.12 * (range_mm / 10.0).powf(0.935);
        let sigma_mm = straggling.hypot(spread_mev / stopping);
        let scale = 1.0 / ((1.0 + BETA_PER_MM * range_mm) * exponent * alpha.powf(1.0 / exponent));
        Self { energy_mev, range_mm, sigma_mm, exponent, scale }
    }

    /// Energy that one incident proton's primary leaves per mm at `depth_mm`, MeV/mm.
    pub fn primary_mev_per_mm(&self, depth_mm: f64) -> f64 {
        let a = 1.0 / self.exponent;
        let zeta = (self.range_mm - depth_mm) / self.sigma_mm;
        let s = self.sigma_mm;
        self.scale
            * (s.powf(a - 1.0) * gaussian_power_mean(a, zeta)
                + BETA_PER_MM * s.powf(a) * gaussian_power_mean(a + 1.0, zeta))
    }

    /// Energy that the products of nuclear reactions leave per mm, per incident proton, at `depth_mm`, MeV/mm.
    pub fn nuclear_mev_per_mm(&self, depth_mm: f64) -> f64 {
        let a = 1.0 / self.exponent;
        let zeta = (self.range_mm - depth_mm) / self.sigma_mm;
        self.scale * GAMMA * BETA_PER_MM * self.exponent * self.sigma_mm.powf(a) * gaussian_power_mean(a + 1.0, zeta)
    }

    /// Both together, MeV/mm per incident proton.
    pub fn mev_per_mm(&self, depth_mm: f64) -> f64 {
        self.primary_mev_per_mm(depth_mm) + self.nuclear_mev_per_mm(depth_mm)
    }

    /// Depth beyond which there is no dose worth a number, mm.
    pub fn end_mm(&self) -> f64 {
        self.range_mm + 5.0 * self.sigma_mm
    }
}
