//! How a pencil beam widens: multiple scattering in water, in the range shifter and in what each ray crosses.
//!
//! Fermi-Eyges theory with a scattering power that is local, so that materials may follow one another in any order:
//! Gottschalk's differential Molière power (B. Gottschalk, *On the scattering power of radiotherapy protons*, Med. Phys. 37
//! (2010) 352). Other materials scatter by the ratio of their scattering (or radiation) length to water's.

use crate::water;

/// Gottschalk's constant, MeV.
const E_S_MEV: f64 = 15.0;
/// Scattering length of water, mm (46.88 g/cm²), from its composition by Gottschalk's formula.
const SCATTERING_LENGTH_MM: f64 = 468.8;
/// Under this residual range a proton scatters no more than at it, mm.
const SMALLEST_RESIDUAL_MM: f64 = 0.5;

/// Variance (mm²) that single and nuclear elastic scattering add to the core behind `depth_mm` of water, beside what
/// multiple scattering gives: they make tails, which a Gaussian fitted to the core takes for width. The mean of what two
/// Monte Carlo codes show (docs/dose.md).
pub fn tail_variance(depth_mm: f64) -> f64 {
    1.3 * (1.0 - (-depth_mm.max(0.0) / 40.0).exp())
}

/// Scattering power of water for protons of one range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScatteringPower {
    range_mm: f64,
    initial_pv_mev: f64,
}

impl ScatteringPower {
    /// For protons that enter with `range_mm` of water to go.
    pub fn new(range_mm: f64) -> Self {
        Self { range_mm, initial_pv_mev: water::momentum_velocity_mev(water::energy_mev(range_mm)) }
    }

    /// Mean square (projected) angle per mm of water where `residual_mm` of range is left, rad²/mm.
    pub fn at(&self, residual_mm: f64) -> f64 {
        let pv = water::momentum_velocity_mev(water::energy_mev(residual_mm.max(SMALLEST_RESIDUAL_MM)));
        // How much energy is lost so far stands for the thickness so far: single scattering shows less in thin layers.
        let lost = (1.0 - (pv / self.initial_pv_mev).powi(2)).clamp(1e-4, 1.0).log10();
        let log_pv = pv.log10();
        let f = 0.5244 + 0.1975 * lost + 0.2320 * log_pv - 0.0098 * log_pv * lost;
        f * (E_S_MEV / pv).powi(2) / SCATTERING_LENGTH_MM
    }

    /// Variance (mm²) of the lateral displacement in water, at each depth `i · step_mm` behind `before_mm` of
    /// water-equivalent material whose own scattering is left out.
    pub fn water_variance(&self, before_mm: f64, step_mm: f64, n: usize) -> Vec<f64> {
        let mut out = Vec::with_capacity(n);
        let (mut angle, mut mixed, mut place) = (0.0, 0.0, 0.0);
        for i in 0..n {
            out.push(place);
            let t = self.at(self.range_mm - before_mm - (i as f64 + 0.5) * step_mm);
            place += step_mm * (2.0 * mixed + step_mm * (angle + t * step_mm / 3.0));
            mixed += step_mm * (angle + 0.5 * t * step_mm);
            angle += t * step_mm;
        }
        out
    }
}

/// Variance (mm²) of the core by all scattering in water, at each depth `i · step_mm`, for protons of `range_mm`.
pub fn water_variance(range_mm: f64, step_mm: f64, n: usize) -> Vec<f64> {
    let multiple = ScatteringPower::new(range_mm).water_variance(0.0, step_mm, n);
    multiple.iter().enumerate().map(|(i, v)| v + tail_variance(i as f64 * step_mm)).collect()
}

/// What a slab does to a pencil beam: variances at its exit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slab {
    /// Mean square angle, rad².
    pub angle: f64,
    /// Covariance of angle and place, mm rad.
    pub mixed: f64,
    /// Mean square displacement, mm².
    pub place: f64,
}

impl Slab {
    /// A slab of `water_equivalent_mm`, of `relative_stopping_power` and `radiation_length_mm`, the first thing that protons
    /// of `law` meet.
    pub fn new(
        law: &ScatteringPower,
        water_equivalent_mm: f64,
        relative_stopping_power: f64,
        radiation_length_mm: f64,
    ) -> Self {
        if water_equivalent_mm <= 0.0 {
            return Self::default();
        }
        let thickness = water_equivalent_mm / relative_stopping_power;
        let n = 400;
        let h = thickness / n as f64;
        let factor = water::RADIATION_LENGTH_MM / radiation_length_mm;
        let mut slab = Self::default();
        for i in 0..n {
            let u = (i as f64 + 0.5) * h;
            let t = factor * law.at(law.range_mm - u * relative_stopping_power) * h;
            let left = thickness - u;
            slab.angle += t;
            slab.mixed += t * left;
            slab.place += t * left * left;
        }
        slab
    }

    /// Variance of the displacement `drift_mm` behind the exit, mm².
    pub fn variance_after(&self, drift_mm: f64) -> f64 {
        let d = drift_mm.max(0.0);
        self.place + 2.0 * self.mixed * d + self.angle * d * d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At the end of the range sigma is about 2.2 % of it (Preston and Koehler; Gottschalk: 0.021 to 0.024).
    #[test]
    fn sigma_at_the_end_of_range_is_two_percent_of_it() {
        for e in [100.0, 150.0, 200.0] {
            let range = water::range_mm(e);
            let n = (range / 0.25) as usize;
            let sigma = ScatteringPower::new(range).water_variance(0.0, 0.25, n)[n - 1].sqrt();
            assert!((0.020..0.025).contains(&(sigma / range)), "{e} MeV: {sigma} mm in {range} mm");
        }
    }

    /// A slab of water and water itself are the same thing.
    #[test]
    fn a_slab_of_water_scatters_like_water() {
        let range = water::range_mm(160.0);
        let slab = Slab::new(&ScatteringPower::new(range), 50.0, 1.0, water::RADIATION_LENGTH_MM);
        let water = ScatteringPower::new(range).water_variance(0.0, 0.25, 201)[200];
        assert!((slab.place / water - 1.0).abs() < 0.01, "{} against {water}", slab.place);
        assert!(slab.variance_after(250.0) > 10.0 * slab.place, "the air gap widens the spot");
    }
}
