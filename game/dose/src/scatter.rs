//! How a pencil beam widens: emittance in air, multiple scattering in the range shifter and in the patient.
//!
//! Fermi-Eyges theory with Highland's scattering (Highland 1975; Gottschalk et al., Nucl. Instrum. Meth. B 74 (1993) 467;
//! Hong et al., Phys. Med. Biol. 41 (1996) 1305).

use crate::water;

/// Highland's constant, MeV.
const HIGHLAND_MEV: f64 = 14.1;
/// Under this residual range a proton scatters no more than at it, mm.
const SMALLEST_RESIDUAL_MM: f64 = 0.5;

/// Highland's factor for a thickness of `lengths` radiation lengths, squared.
fn thickness_factor(lengths: f64) -> f64 {
    let f = 1.0 + lengths.max(1e-3).log10() / 9.0;
    f * f
}

/// Mean square scattering angle per mm of water, rad²/mm, without the thickness factor.
fn angle_per_mm(residual_mm: f64) -> f64 {
    let pv = water::momentum_velocity_mev(water::energy_mev(residual_mm.max(SMALLEST_RESIDUAL_MM)));
    (HIGHLAND_MEV / pv).powi(2) / water::RADIATION_LENGTH_MM
}

/// Variance (mm²) of the lateral displacement by scattering in water, at each depth `i · step_mm` behind `before_mm` of
/// water-equivalent material, for protons of `range_mm`.
pub fn water_variance(range_mm: f64, before_mm: f64, step_mm: f64, n: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(n);
    // Moments of the scattering power about depth 0.
    let (mut m0, mut m1, mut m2) = (0.0, 0.0, 0.0);
    for i in 0..n {
        let w = i as f64 * step_mm;
        let factor = thickness_factor((before_mm + w) / water::RADIATION_LENGTH_MM);
        out.push((factor * (w * w * m0 - 2.0 * w * m1 + m2)).max(0.0));
        let u = w + 0.5 * step_mm;
        let t = angle_per_mm(range_mm - before_mm - u) * step_mm;
        m0 += t;
        m1 += t * u;
        m2 += t * u * u;
    }
    out
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
    /// A slab of `water_equivalent_mm`, of `relative_stopping_power` and `radiation_length_mm`, for protons of `range_mm`.
    pub fn new(
        range_mm: f64,
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
        let factor =
            thickness_factor(thickness / radiation_length_mm) * water::RADIATION_LENGTH_MM / radiation_length_mm;
        let mut slab = Self::default();
        for i in 0..n {
            let u = (i as f64 + 0.5) * h;
            let t = factor * angle_per_mm(range_mm - u * relative_stopping_power) * h;
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
            let sigma = water_variance(range, 0.0, 0.25, n)[n - 1].sqrt();
            assert!((0.020..0.025).contains(&(sigma / range)), "{e} MeV: {sigma} mm in {range} mm");
        }
    }

    /// A slab of water and water itself are the same thing.
    #[test]
    fn a_slab_of_water_scatters_like_water() {
        let range = water::range_mm(160.0);
        let slab = Slab::new(range, 50.0, 1.0, water::RADIATION_LENGTH_MM);
        let water = water_variance(range, 0.0, 0.25, 201)[200];
        assert!((slab.place / water - 1.0).abs() < 0.01, "{} against {water}", slab.place);
        assert!(slab.variance_after(250.0) > 10.0 * slab.place, "the air gap widens the spot");
    }
}
