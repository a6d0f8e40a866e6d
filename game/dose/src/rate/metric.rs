//! The metrics by name, and what each needs to know.

use super::RateError;
use std::str::FromStr;

/// Which dose rate is meant. D is what one beam gives a voxel in one fraction, dᵢ the part of spot i, Δtᵢ the time the beam
/// stands on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DoseRateMetric {
    /// `dose-averaged` (DADR): Σ dᵢ² / Δtᵢ / Σ dᵢ, the mean of the spots' own rates weighted by their dose. The time between
    /// spots does not count, so it does not fall when a field is scanned more slowly. Van de Water et al., Acta Oncol. 58
    /// (2019) 1463.
    DoseAveraged,
    /// `percentile` (98 % unless said otherwise): percent · D / (t₁ − t₀), t₀ and t₁ being when the voxel has got the first
    /// and all but the last (100 − percent) / 2 percent of D; the time between spots counts. Deffet et al., Med. Phys. 50
    /// (2023) 5784. It is not "the rate that 98 % of the dose exceeds", which some understand by the name.
    Percentile {
        /// Part of the dose that counts, percent, above 0, at most 100.
        percent: f64,
    },
    /// `pbs`: (D − 2 d†) / (t₁ − t₀), the voxel having got d† at t₀ and D − d† at t₁; the time between spots counts. Folkerts
    /// et al., Med. Phys. 47 (2020) 6396. None where D is no more than 2 d†.
    Pbs {
        /// d†, Gy, 0 or more; 0.01 is usual.
        threshold_gy: f64,
    },
    /// `dose-threshold`: Σ dᵢ / Σ Δtᵢ over the spots that give the voxel at least the threshold: their mean rate while the
    /// beam is on; the time between spots and what lies below the threshold do not count. The name stands for more than one
    /// thing in the literature (van Marlen et al., Int. J. Radiat. Oncol. Biol. Phys. 106 (2020) 621; Kang et al., Cancers 13
    /// (2021) 3549; Krieger et al., Med. Phys. 49 (2022) 2026); this sum is what is meant here. None where no spot reaches it.
    DoseThreshold {
        /// Least dose of a spot that counts, Gy, 0 or more.
        threshold_gy: f64,
    },
}

impl DoseRateMetric {
    /// All four with their usual parameters.
    pub const USUAL: [Self; 4] = [
        Self::DoseAveraged,
        Self::Percentile { percent: 98.0 },
        Self::Pbs { threshold_gy: 0.01 },
        Self::DoseThreshold { threshold_gy: 0.01 },
    ];

    /// The name that [`FromStr`] reads.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DoseAveraged => "dose-averaged",
            Self::Percentile { .. } => "percentile",
            Self::Pbs { .. } => "pbs",
            Self::DoseThreshold { .. } => "dose-threshold",
        }
    }

    /// Name with parameter, for tables: `pbs (0.01 Gy)`.
    pub fn label(&self) -> String {
        match *self {
            Self::DoseAveraged => self.name().to_owned(),
            Self::Percentile { percent } => format!("percentile ({percent} %)"),
            Self::Pbs { threshold_gy } | Self::DoseThreshold { threshold_gy } => {
                format!("{} ({threshold_gy} Gy)", self.name())
            }
        }
    }

    /// Formula and paper, to stand beside a number.
    pub fn definition(&self) -> String {
        match *self {
            Self::DoseAveraged => {
                "sum of d^2/dt over sum of d, spot by spot, scanning time left out (van de Water 2019)".to_owned()
            }
            Self::Percentile { percent } => {
                let end = 0.5 * (100.0 - percent);
                format!("{percent} % of D over the time from {end} % to {} % of it (Deffet 2023)", 100.0 - end)
            }
            Self::Pbs { threshold_gy } => {
                format!("(D - 2d)/(t1 - t0), from d to D - d with d = {threshold_gy} Gy (Folkerts 2020)")
            }
            Self::DoseThreshold { threshold_gy } => format!(
                "sum of d over sum of dt, of the spots that give at least {threshold_gy} Gy, scanning time left out"
            ),
        }
    }

    /// d† or the least dose of a spot, Gy.
    pub fn threshold_gy(&self) -> Option<f64> {
        match *self {
            Self::Pbs { threshold_gy } | Self::DoseThreshold { threshold_gy } => Some(threshold_gy),
            _ => None,
        }
    }

    /// The same metric with another threshold; the same where it has none.
    #[must_use]
    pub fn with_threshold(self, threshold_gy: f64) -> Self {
        match self {
            Self::Pbs { .. } => Self::Pbs { threshold_gy },
            Self::DoseThreshold { .. } => Self::DoseThreshold { threshold_gy },
            other => other,
        }
    }

    pub(super) fn check(&self) -> Result<(), RateError> {
        let wrong = |value, expected| Err(RateError::Parameter { metric: self.name().to_owned(), value, expected });
        match *self {
            Self::Percentile { percent } if !(percent > 0.0 && percent <= 100.0) => {
                wrong(percent, "above 0, up to 100 percent")
            }
            Self::Pbs { threshold_gy } | Self::DoseThreshold { threshold_gy }
                if !(threshold_gy >= 0.0 && threshold_gy.is_finite()) =>
            {
                wrong(threshold_gy, "0 Gy or more")
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for DoseRateMetric {
    type Err = String;

    /// `dose-averaged`, `percentile` (of 98 %), `pbs`, `dose-threshold` (both 0.01 Gy).
    fn from_str(text: &str) -> Result<Self, String> {
        Self::USUAL.into_iter().find(|m| m.name().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
            format!("'{text}' is no dose-rate metric; there are: {}", Self::USUAL.map(|m| m.name()).join(", "))
        })
    }
}
