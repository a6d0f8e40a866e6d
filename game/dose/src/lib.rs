//! Beams into dose: proton pencil beams, spot by spot, photon pencil beams, from control point to control point, and the
//! dose-volume histogram. No I/O.
//!
//! [`PreparedPlan`] checks a plan and casts its rays; [`compute()`] gives the whole dose, [`LiveDose`] paints it spot by
//! spot, [`Timeline`] says when each spot comes, [`Dvh`] what a structure gets, [`BeamDoseRate`] how fast. [`DoseEngine`]
//! is the seam for other engines. docs/dose.md says what the numbers are worth.

pub mod along;
pub mod biological;
pub mod bragg;
mod check;
pub mod compare;
mod compute;
pub mod conserve;
pub mod constraints;
mod delivery_order;
mod deposit;
pub mod difference;
pub mod dvh;
mod engine;
mod error;
pub mod gamma;
mod hu;
mod hu_file;
pub mod influence;
mod layer;
pub mod let_d;
mod let_figures;
mod live;
pub mod machine;
pub mod machine_import;
pub mod materials;
mod overlap;
pub mod overrides;
pub mod photon;
mod prepared;
mod processor;
pub mod rate;
mod rays;
pub mod rbe;
mod resample;
pub mod scatter;
pub mod special;
mod spread;
mod stopping;
pub mod sum;
pub mod timeline;
mod update;
pub mod water;

pub use along::{AlongError, AlongRay, BraggInWater, RayProbe};
pub use compare::{Difference, PairError, check_pair};
pub use compute::{Cancelled, LetGrid, as_dose, compute, compute_beam, compute_fraction, dose_averaged_let};
pub use conserve::{conserve, conserve_energy};
pub use delivery_order::{DeliveryOrder, SpotVisit};
pub use difference::{PlanDifference, StructureDifference};
pub use dvh::{Dvh, DvhError, DvhFigures};
pub use engine::{DoseEngine, PENCIL_BEAM_NAME, ProtonPencilBeam};
pub use error::ComputeError;
pub use gamma::{Gamma, GammaCriteria, GammaError};
pub use hu::{HuTable, HuTableError};
pub use influence::{Influence, InfluenceError, InfluenceOptions};
pub use let_d::LetProtons;
pub use let_figures::{LET_COUNTS_ABOVE, LetFigures, structure_rbe};
pub use live::{Growing, IndexBox, Instants, LiveDose, LiveMemory, Painting};
pub use machine::{MachineError, MachineModel};
pub use overrides::{HuWindow, MaterialOverride, Materials, Support};
pub use photon::{LivePhotons, PHOTON_PENCIL_BEAM_NAME, PhotonMachine, PhotonPlan, compute_photons};
pub use prepared::{DoseOptions, PlannedSpot, PreparedPlan};
pub use rate::{BeamDoseRate, DoseFloor, DoseRateMetric, RateError, RateHistogram};
pub use sum::{SumError, SumOptions, SumPart, Summed, sum};
pub use timeline::{DeliveryTimes, SpotTime, Timeline};
pub use update::{UpdateError, update};
