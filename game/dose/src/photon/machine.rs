//! What a photon machine is, as a file: docs/machine.md describes the JSON.

use crate::machine::MachineError;
use serde::{Deserialize, Serialize};

/// The kernels at one distance from source to surface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelEntry {
    /// Distance from the source to the surface, mm.
    pub source_surface_mm: f64,
    /// For each β, its kernel at each of [`PhotonMachine::radii_mm`], per square of [`PhotonMachine::lattice_mm`].
    pub components: [Vec<f64>; 3],
}

/// What a monitor unit is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Side of a square field on the isocentre plane, mm, 10 to 300.
    pub field_mm: f64,
    /// Distance from the source to the surface of the water, mm.
    pub source_surface_mm: f64,
    /// What a monitor unit gives on the axis there at the depth of the maximum, Gy.
    pub gray_per_mu: f64,
}

/// A linac's photon beam of one energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotonMachine {
    /// Shown beside every dose.
    pub name: String,
    /// Where the numbers come from.
    pub source: String,
    /// Under which licence they may be passed on.
    #[serde(default)]
    pub licence: String,
    /// Nominal energy, MV; a beam of any other is refused.
    pub energy_mv: f64,
    /// Source to isocentre, mm.
    pub source_axis_mm: f64,
    /// m: attenuation of the primary fluence in water, per mm.
    pub attenuation_per_mm: f64,
    /// β of the three components, per mm, each above m.
    pub betas_per_mm: [f64; 3],
    /// Full width at half maximum of the Gaussian that a sharp edge becomes on the isocentre plane in air, mm, 0.5 to 30.
    pub penumbra_fwhm_mm: f64,
    /// Distance between the points of the square lattice that the kernels are meant to be summed on, mm, 0.1 to 2.
    pub lattice_mm: f64,
    /// What closed leaves let through of the fluence, 0 to below 1. A typical value: AAPM report 72 (2001) has 1.5 to 2 %
    /// on average over leaves and gaps.
    pub leaf_transmission: f64,
    /// What a monitor unit is.
    pub calibration: Calibration,
    /// Fluence in air by distance from the axis on the isocentre plane, (mm, relative to the axis), rising.
    pub primary_fluence: Vec<(f64, f64)>,
    /// Radii of the kernels, mm, from 0 rising.
    pub radii_mm: Vec<f64>,
    /// Kernels, the distance rising.
    pub kernels: Vec<KernelEntry>,
}

impl PhotonMachine {
    /// From JSON, checked.
    pub fn from_json(text: &str) -> Result<Self, MachineError> {
        let machine: Self = serde_json::from_str(text)?;
        machine.check()?;
        Ok(machine)
    }

    /// The machine that comes with the program: `generic-photon-6mv`.
    pub fn generic() -> Self {
        #[expect(clippy::expect_used, reason = "the embedded file is part of the program; a test reads it")]
        Self::from_json(include_str!("../../../../assets/beams/generic-photon-6mv.json"))
            .expect("the embedded machine is valid")
    }

    pub(crate) fn check(&self) -> Result<(), MachineError> {
        let fail = |what: String, value: String, expected| {
            Err(MachineError::Value { name: self.name.clone(), what, value, expected })
        };
        let c = &self.calibration;
        let m = self.attenuation_per_mm;
        for (what, value, low, high, expected) in [
            ("energy_mv", self.energy_mv, 1.0, 50.0, "1 to 50 MV"),
            ("source_axis_mm", self.source_axis_mm, 300.0, 2500.0, "300 to 2500 mm"),
            ("attenuation_per_mm", m, 1e-4, 0.1, "0.0001 to 0.1 per mm"),
            ("betas_per_mm 1", self.betas_per_mm[0], m * 1.0001, 10.0, "more than the attenuation, up to 10 per mm"),
            ("betas_per_mm 2", self.betas_per_mm[1], m * 1.0001, 10.0, "more than the attenuation, up to 10 per mm"),
            ("betas_per_mm 3", self.betas_per_mm[2], m * 1.0001, 10.0, "more than the attenuation, up to 10 per mm"),
            ("penumbra_fwhm_mm", self.penumbra_fwhm_mm, 0.5, 30.0, "0.5 to 30 mm"),
            ("lattice_mm", self.lattice_mm, 0.1, 2.0, "0.1 to 2 mm"),
            ("leaf_transmission", self.leaf_transmission, 0.0, 0.999, "0 to below 1"),
            ("calibration.field_mm", c.field_mm, 10.0, 300.0, "10 to 300 mm"),
            ("calibration.source_surface_mm", c.source_surface_mm, 300.0, 2500.0, "300 to 2500 mm"),
            ("calibration.gray_per_mu", c.gray_per_mu, 1e-6, 10.0, "more than 0, up to 10 Gy"),
        ] {
            if !(low..=high).contains(&value) {
                return fail(what.into(), value.to_string(), expected);
            }
        }
        let fluence = &self.primary_fluence;
        let usable = |p: &(f64, f64)| p.0.is_finite() && (0.0..=10.0).contains(&p.1);
        if fluence.len() < 2 || !fluence.iter().all(usable) || fluence.windows(2).any(|w| w[1].0 <= w[0].0) {
            return fail("primary_fluence".into(), format!("{} points", fluence.len()), "two or more, rising, 0 to 10");
        }
        let radii = &self.radii_mm;
        let rising = radii.windows(2).all(|w| w[1] > w[0]);
        let last = radii.last().copied().unwrap_or(0.0);
        if radii.len() < 2 || radii[0] != 0.0 || !rising || !(10.0..=400.0).contains(&last) {
            return fail("radii_mm".into(), format!("up to {last}"), "from 0 rising, the last 10 to 400 mm");
        }
        let mut before = 0.0;
        for k in &self.kernels {
            let at = format!("kernels, source_surface_mm {}", k.source_surface_mm);
            if !(k.source_surface_mm > before && k.source_surface_mm.is_finite()) {
                return fail(at, k.source_surface_mm.to_string(), "distances in rising order");
            }
            before = k.source_surface_mm;
            for c in &k.components {
                if c.len() != radii.len() || c.iter().any(|v| !v.is_finite()) {
                    return fail(at, format!("{} values", c.len()), "a number for each of radii_mm");
                }
            }
        }
        if self.kernels.is_empty() {
            return fail("kernels".into(), "none".into(), "at least one distance");
        }
        Ok(())
    }

    /// Standard deviation of the penumbra, mm.
    pub(crate) fn sigma_mm(&self) -> f64 {
        self.penumbra_fwhm_mm / (8.0 * std::f64::consts::LN_2).sqrt()
    }

    /// Largest radius of a kernel, mm.
    pub(crate) fn reach_mm(&self) -> f64 {
        self.radii_mm.last().copied().unwrap_or(0.0)
    }

    /// Fluence in air `r_mm` from the axis, relative to the axis; beyond the last point its value holds.
    pub(crate) fn primary(&self, r_mm: f64) -> f64 {
        crate::hu::interpolate(&self.primary_fluence, r_mm)
    }

    /// D_k at a radiological depth, mm.
    pub(crate) fn depth_terms(&self, depth_mm: f64) -> [f64; 3] {
        let m = self.attenuation_per_mm;
        self.betas_per_mm.map(|b| b / (b - m) * ((-m * depth_mm).exp() - (-b * depth_mm).exp()))
    }

    /// Of [`Self::kernels`] the two between which a distance lies, and the second one's share; the nearest outside them.
    pub(crate) fn bracket(&self, source_surface_mm: f64) -> (usize, usize, f64) {
        let k = &self.kernels;
        let after = k.partition_point(|e| e.source_surface_mm <= source_surface_mm);
        if after == 0 || after == k.len() {
            let at = after.min(k.len() - 1);
            return (at, at, 0.0);
        }
        let (a, b) = (k[after - 1].source_surface_mm, k[after].source_surface_mm);
        (after - 1, after, (source_surface_mm - a) / (b - a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_that_comes_with_the_program_is_whole() {
        let m = PhotonMachine::generic();
        assert_eq!((m.name.as_str(), m.energy_mv, m.source_axis_mm), ("generic-photon-6mv", 6.0, 1000.0));
        assert!(m.licence.contains("BSD") && m.source.contains("matRad"));
        assert_eq!(m.bracket(912.5), (16, 17, 0.5));
        assert_eq!((m.bracket(300.0), m.bracket(1200.0)), ((0, 0, 0.0), (20, 20, 0.0)));
    }

    #[test]
    fn a_wrong_value_is_named() {
        let again = |m: &PhotonMachine| PhotonMachine::from_json(&serde_json::to_string(m).unwrap()).unwrap_err();
        let mut m = PhotonMachine::generic();
        m.betas_per_mm[2] = 0.001;
        let e = again(&m).to_string();
        assert!(e.contains("betas_per_mm 3") && e.contains("0.001"), "{e}");
        let mut m = PhotonMachine::generic();
        m.kernels[4].components[1].pop();
        let e = again(&m).to_string();
        assert!(e.contains("source_surface_mm 600") && e.contains("140 values"), "{e}");
    }
}
