//! What a proton machine is, as a file: docs/machine.md describes the JSON.

use crate::timeline::DeliveryTimes;
use serde::{Deserialize, Serialize};

/// Why a machine file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Not the JSON that is documented.
    #[error("machine file: {0}; docs/machine.md shows the form")]
    Form(#[from] serde_json::Error),
    /// A value out of its range.
    #[error("machine '{name}', {what}: {value} is not usable; expected {expected}")]
    Value {
        /// Name of the machine.
        name: String,
        /// Which entry.
        what: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: &'static str,
    },
}

/// The beam at one nominal energy. Pairs are x and y of the IEC gantry frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyEntry {
    /// Nominal Beam Energy of the plan, MeV.
    pub nominal_mev: f64,
    /// Mean energy as measured by range, MeV.
    pub mean_mev: f64,
    /// Energy spread, one standard deviation, MeV.
    pub spread_mev: f64,
    /// Protons per monitor unit.
    pub protons_per_mu: f64,
    /// Spot size on the nozzle plane, one standard deviation, mm.
    pub sigma_mm: [f64; 2],
    /// Divergence there, one standard deviation, rad.
    pub divergence_rad: [f64; 2],
    /// Correlation of place and angle there, −1 to 1, positive = widening downstream.
    pub correlation: [f64; 2],
    /// A second, wider Gaussian of the beam in air; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondGaussian>,
}

/// What comes beside the narrow spot: protons that the nozzle has scattered. Its depth dose is the narrow one's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondGaussian {
    /// Part of the protons that belong to it, 0 to 1.
    pub weight: f64,
    /// As for the first.
    pub sigma_mm: [f64; 2],
    /// As for the first.
    pub divergence_rad: [f64; 2],
    /// As for the first.
    pub correlation: [f64; 2],
}

impl EnergyEntry {
    /// Variance (mm²) of a spot `travelled_mm` downstream of the nozzle plane along axis 0 (x) or 1 (y), in a vacuum:
    /// σ² + 2ρσθt + θ²t².
    pub fn variance_mm2(&self, axis: usize, travelled_mm: f64) -> f64 {
        let [a, b, c] = self.variance_terms(axis);
        a + travelled_mm * (b + travelled_mm * c)
    }

    /// The three terms of [`Self::variance_mm2`]: constant, per mm, per mm².
    pub fn variance_terms(&self, axis: usize) -> [f64; 3] {
        terms(self.sigma_mm[axis], self.divergence_rad[axis], self.correlation[axis])
    }

    /// The Gaussians of a spot in air: part of the protons, and the three terms of the variance in x and y.
    pub fn gaussians(&self) -> Vec<(f64, [[f64; 3]; 2])> {
        let first = [0, 1].map(|a| self.variance_terms(a));
        match self.second.filter(|s| s.weight > 0.0) {
            None => vec![(1.0, first)],
            Some(s) => {
                let second = [0, 1].map(|a| terms(s.sigma_mm[a], s.divergence_rad[a], s.correlation[a]));
                vec![(1.0 - s.weight, first), (s.weight, second)]
            }
        }
    }
}

fn terms(sigma: f64, divergence: f64, correlation: f64) -> [f64; 3] {
    [sigma * sigma, 2.0 * correlation * sigma * divergence, divergence * divergence]
}

/// What range shifters are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShifterMaterial {
    /// For people.
    pub name: String,
    /// Stopping power relative to water; thickness = water-equivalent thickness / this.
    pub relative_stopping_power: f64,
    /// Radiation length, mm.
    pub radiation_length_mm: f64,
}

/// A range shifter that a plan may name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShifterEntry {
    /// Range Shifter ID of the plan.
    pub id: String,
    /// Water-equivalent thickness, mm; a plan's own value goes before it.
    pub water_equivalent_mm: f64,
    /// Isocentre to its downstream face, mm, where the plan does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isocentre_distance_mm: Option<f64>,
    /// What it is made of, where that is not the machine's usual material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<ShifterMaterial>,
}

/// What a machine can deliver; a plan beyond it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Farthest a spot may lie from the isocentre in x and y, mm.
    pub field_mm: [f64; 2],
    /// Most MU of one spot.
    pub spot_mu: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { field_mm: [400.0; 2], spot_mu: 1e9 }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// From the last spot of a layer to the first of the next, s.
    pub energy_switch_s: f64,
    /// Speed of the spot on the isocentre plane in x and y, mm/s.
    pub scan_speed_mm_per_s: [f64; 2],
    /// Wait after each move, s.
    pub spot_settle_s: f64,
    /// Beam current at the nozzle, nA.
    pub beam_current_na: f64,
    /// Shortest dwell on a spot, s.
    pub minimum_dwell_s: f64,
}

/// A pencil-beam-scanning machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineModel {
    /// Shown beside every dose.
    pub name: String,
    /// Where the numbers come from.
    pub source: String,
    /// Under which licence they may be passed on.
    #[serde(default)]
    pub licence: String,
    /// Distance from the isocentre upstream to the plane on which the spot sizes stand, mm.
    pub nozzle_plane_mm: f64,
    /// Distance from the virtual sources in x and y to the isocentre, mm, where the plan does not say.
    pub virtual_sad_mm: [f64; 2],
    /// Rising nominal energy, at least two.
    pub energies: Vec<EnergyEntry>,
    /// What range shifters are made of.
    pub range_shifter_material: ShifterMaterial,
    /// Known range shifters.
    #[serde(default)]
    pub range_shifters: Vec<ShifterEntry>,
    /// What it can deliver.
    #[serde(default)]
    pub limits: Limits,
    /// How long things take.
    pub delivery: Delivery,
}

impl MachineModel {
    /// From JSON, checked.
    pub fn from_json(text: &str) -> Result<Self, MachineError> {
        let machine: Self = serde_json::from_str(text)?;
        machine.check()?;
        Ok(machine)
    }

    /// The machine that comes with the program: `generic-pbs`, 70 to 244 MeV.
    pub fn generic() -> Self {
        #[expect(clippy::expect_used, reason = "the embedded file is part of the program; a test reads it")]
        Self::from_json(include_str!("../../../assets/beams/generic-pbs.json")).expect("the embedded machine is valid")
    }

    pub(crate) fn check(&self) -> Result<(), MachineError> {
        let fail = |what: String, value: f64, expected| {
            Err(MachineError::Value { name: self.name.clone(), what, value: value.to_string(), expected })
        };
        if self.energies.len() < 2 {
            return fail("energies".into(), self.energies.len() as f64, "at least two energies");
        }
        let mut before = 0.0;
        for e in &self.energies {
            let at = |what: &str| format!("{} MeV, {what}", e.nominal_mev);
            if !(e.nominal_mev > before && e.nominal_mev.is_finite()) {
                return fail(at("nominal_mev"), e.nominal_mev, "energies in rising order");
            }
            before = e.nominal_mev;
            if !(e.mean_mev >= 10.0 && e.mean_mev <= 250.0) {
                return fail(at("mean_mev"), e.mean_mev, "10 to 250 MeV");
            }
            if !(e.spread_mev >= 0.0 && e.spread_mev < 0.1 * e.mean_mev) {
                return fail(at("spread_mev"), e.spread_mev, "0 to a tenth of the energy");
            }
            if !(e.protons_per_mu > 0.0 && e.protons_per_mu.is_finite()) {
                return fail(at("protons_per_mu"), e.protons_per_mu, "more than 0");
            }
            let gaussians = [
                Some((e.sigma_mm, e.divergence_rad, e.correlation, "")),
                e.second.map(|s| (s.sigma_mm, s.divergence_rad, s.correlation, "second.")),
            ];
            if let Some(s) = e.second
                && !(0.0..1.0).contains(&s.weight)
            {
                return fail(at("second.weight"), s.weight, "0 to below 1");
            }
            for (sigma, divergence, correlation, which) in gaussians.into_iter().flatten() {
                let at = |what: &str| at(&format!("{which}{what}"));
                for axis in 0..2 {
                    if !(sigma[axis] > 0.0 && sigma[axis] < 100.0) {
                        return fail(at("sigma_mm"), sigma[axis], "0 to 100 mm");
                    }
                    if !(divergence[axis] >= 0.0 && divergence[axis] < 0.1) {
                        return fail(at("divergence_rad"), divergence[axis], "0 to 0.1 rad");
                    }
                    if !(-1.0..=1.0).contains(&correlation[axis]) {
                        return fail(at("correlation"), correlation[axis], "-1 to 1");
                    }
                }
            }
        }
        for (what, value) in [
            ("nozzle_plane_mm", self.nozzle_plane_mm),
            ("virtual_sad_mm x", self.virtual_sad_mm[0]),
            ("virtual_sad_mm y", self.virtual_sad_mm[1]),
            ("range_shifter_material.relative_stopping_power", self.range_shifter_material.relative_stopping_power),
            ("range_shifter_material.radiation_length_mm", self.range_shifter_material.radiation_length_mm),
            ("limits.field_mm x", self.limits.field_mm[0]),
            ("limits.field_mm y", self.limits.field_mm[1]),
            ("limits.spot_mu", self.limits.spot_mu),
            ("delivery.scan_speed_mm_per_s x", self.delivery.scan_speed_mm_per_s[0]),
            ("delivery.scan_speed_mm_per_s y", self.delivery.scan_speed_mm_per_s[1]),
            ("delivery.beam_current_na", self.delivery.beam_current_na),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return fail(what.into(), value, "a number above 0");
            }
        }
        for (what, value) in [
            ("delivery.energy_switch_s", self.delivery.energy_switch_s),
            ("delivery.spot_settle_s", self.delivery.spot_settle_s),
            ("delivery.minimum_dwell_s", self.delivery.minimum_dwell_s),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return fail(what.into(), value, "0 or more seconds");
            }
        }
        for s in &self.range_shifters {
            if !(s.water_equivalent_mm >= 0.0 && s.water_equivalent_mm < 400.0) {
                return fail(format!("range shifter {}", s.id), s.water_equivalent_mm, "0 to 400 mm of water");
            }
            if let Some(m) = &s.material
                && !(m.relative_stopping_power > 0.0
                    && m.relative_stopping_power <= 25.0
                    && m.radiation_length_mm > 0.0
                    && m.radiation_length_mm.is_finite())
            {
                let what = format!("range shifter {}, material {}", s.id, m.name);
                return fail(what, m.relative_stopping_power, "stopping power and radiation length above 0");
            }
        }
        Ok(())
    }

    /// Lowest and highest nominal energy, MeV.
    pub fn energy_limits_mev(&self) -> [f64; 2] {
        [self.energies[0].nominal_mev, self.energies[self.energies.len() - 1].nominal_mev]
    }

    /// The beam at a nominal energy, linear between entries; None outside the table (0.001 MeV is forgiven).
    pub fn at(&self, nominal_mev: f64) -> Option<EnergyEntry> {
        let [low, high] = self.energy_limits_mev();
        if !(nominal_mev >= low - 1e-3 && nominal_mev <= high + 1e-3) {
            return None;
        }
        let i = self.energies.partition_point(|e| e.nominal_mev <= nominal_mev).clamp(1, self.energies.len() - 1);
        let (a, b) = (&self.energies[i - 1], &self.energies[i]);
        let t = (nominal_mev - a.nominal_mev) / (b.nominal_mev - a.nominal_mev);
        let mix = |x: f64, y: f64| x + (y - x) * t;
        let pair = |x: [f64; 2], y: [f64; 2]| [mix(x[0], y[0]), mix(x[1], y[1])];
        Some(EnergyEntry {
            nominal_mev,
            mean_mev: mix(a.mean_mev, b.mean_mev),
            spread_mev: mix(a.spread_mev, b.spread_mev),
            protons_per_mu: mix(a.protons_per_mu, b.protons_per_mu),
            sigma_mm: pair(a.sigma_mm, b.sigma_mm),
            divergence_rad: pair(a.divergence_rad, b.divergence_rad),
            correlation: pair(a.correlation, b.correlation),
            second: match (a.second, b.second) {
                (Some(a), Some(b)) => Some(SecondGaussian {
                    weight: mix(a.weight, b.weight),
                    sigma_mm: pair(a.sigma_mm, b.sigma_mm),
                    divergence_rad: pair(a.divergence_rad, b.divergence_rad),
                    correlation: pair(a.correlation, b.correlation),
                }),
                // One that only a neighbour has fades towards it.
                (Some(a), None) => Some(SecondGaussian { weight: mix(a.weight, 0.0), ..a }),
                (None, Some(b)) => Some(SecondGaussian { weight: mix(0.0, b.weight), ..b }),
                (None, None) => None,
            },
        })
    }

    /// Delivery times with the beam current turned into MU per second.
    pub fn delivery_times(&self) -> DeliveryTimes {
        DeliveryTimes {
            delivery: self.delivery,
            protons_per_mu: self.energies.iter().map(|e| (e.nominal_mev, e.protons_per_mu)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_that_come_with_the_program_are_whole() {
        for text in [
            include_str!("../../../assets/beams/generic-pbs.json"),
            include_str!("../../../assets/beams/generic-pbs-2022.json"),
        ] {
            let m = MachineModel::from_json(text).unwrap();
            assert!(m.energy_limits_mev()[0] <= 70.0 && m.energy_limits_mev()[1] >= 230.0);
            assert!(m.licence.contains("CC BY 4.0") && m.source.contains("zenodo"));
            assert!(m.at(69.0).is_none() && m.at(f64::NAN).is_none());
        }
        assert_eq!(MachineModel::generic().name, "generic-pbs");
        let flash = MachineModel::from_json(include_str!("../../../assets/beams/generic-flash.json")).unwrap();
        assert!(flash.at(250.0).is_some() && flash.source.starts_with("Illustrative"));
    }

    #[test]
    fn a_wrong_value_is_named() {
        let mut m = MachineModel::generic();
        m.energies[3].correlation[1] = 2.0;
        let e = MachineModel::from_json(&serde_json::to_string(&m).unwrap()).unwrap_err().to_string();
        assert!(e.contains("76 MeV, correlation") && e.contains('2'), "{e}");
    }
}
