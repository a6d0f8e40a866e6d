//! Dose constraints: a protocol file held against a plan's dose-volume histograms, row by row.
//!
//! [`Protocol`] is the file (docs/protocols.md), [`Metric`] one figure in the nomenclature of AAPM Task Group 263
//! (2018), [`evaluate`] the table. A row is met or not by the numbers alone: for anyone but a synthetic patient who
//! shows it says [`MARK`] beside it.

mod evaluate;
mod metric;
mod protocol;

pub use evaluate::{Basis, BasisError, ConstraintRow, StructureDvh, Verdict, basis, evaluate, needs};
pub use metric::{Cut, Metric, MetricError, Scale};
pub use protocol::{Comparison, Constraint, DoseOf, Protocol, ProtocolError};

/// What stands beside a verdict wherever it goes (docs/intended-use.md).
pub const MARK: &str = "not for clinical decisions";

#[cfg(test)]
mod tests;
