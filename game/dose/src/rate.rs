//! Dose rate by named metric, voxel by voxel, and its histogram: what one asks of a FLASH plan.
//!
//! Several definitions of "the" dose rate of a scanned beam are in use; they differ by a factor of two and more for the
//! same voxel (Deffet, Hamaide and Sterpin, Med. Phys. 50 (2023) 5784). So a number here never stands without its
//! [`DoseRateMetric`]. All are computed **per beam and per fraction**: between two beams lie minutes of gantry
//! rotation, and a rate across them says nothing about either.
//!
//! [`rate_of`] is the definition on a list of [`Contribution`]s, [`BeamDoseRate`] the same on the dose grid,
//! [`RateHistogram`] the dose-rate-volume histogram of a structure, [`RateCurves`] those of a plan ready for a chart,
//! [`clock`] two steady beams on one clock.

pub mod clock;
mod curves;
mod histogram;
mod map;
mod metric;
mod voxel;

pub use curves::{RateCurve, RateCurves};
pub use histogram::{RateHistogram, structure_voxels};
pub use map::{BeamDoseRate, DoseFloor, RateMap};
pub use metric::DoseRateMetric;
pub use voxel::{Contribution, rate_of};

/// Why there is no dose rate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RateError {
    /// Beam index out of range.
    #[error("there is no beam number {beam}; the plan has {beams}")]
    NoSuchBeam {
        /// Asked for, from 1.
        beam: usize,
        /// Present.
        beams: usize,
    },
    /// Times of another plan.
    #[error("the timeline has {timeline} spots and the plan {plan}, or their beams differ: make it of the same plan")]
    OtherTimeline {
        /// Spots of the timeline.
        timeline: usize,
        /// Spots of the plan.
        plan: usize,
    },
    /// Parameter of a metric out of range.
    #[error("{metric}: {value} is not usable; expected {expected}")]
    Parameter {
        /// Name of the metric.
        metric: String,
        /// What was given.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// Floor out of range.
    #[error("a dose floor of {0}: expected 0 Gy or more, or 0 to 100 % of the maximum")]
    Floor(f64),
    /// No metric was asked for.
    #[error("no dose-rate metric was asked for; name at least one")]
    NoMetric,
    /// Stopped by who asked.
    #[error("the dose rate was not worked out to the end: it was cancelled")]
    Cancelled,
    /// A spot with dose and without time.
    #[error(
        "beam {beam}, layer {layer}, spot {spot}: {mu} MU in {length_s} s has no dose rate; check the times of the machine file"
    )]
    NoLength {
        /// Beam, from 1.
        beam: usize,
        /// Layer, from 1.
        layer: usize,
        /// Spot of the layer, from 1.
        spot: usize,
        /// Its monitor units.
        mu: f64,
        /// Its length, s.
        length_s: f64,
    },
}

#[cfg(test)]
mod tests;
