//! Photons: singular-value-decomposed pencil beams (Bortfeld, Schlegel and Rhein, Med. Phys. 20 (1993) 311, in matRad's form).
//!
//! Dose to a voxel = (SAD / distance from the source)² Σ D_k(radiological depth) (F ∗ w_k)(where the voxel's ray meets the
//! isocentre plane), D_k(d) = β_k / (β_k − m) (e^(−m d) − e^(−β_k d)), F the fluence that jaws, leaves and blocks let through.
//! It is linear in the fluence. So the dose at any instant of a beam that stands is one convolution of what has passed so
//! far and one pass over the voxels, however many control points there were; an arc stands for a few degrees at a time.

mod blocks;
mod check;
mod fan;
mod fluence;
mod fourier;
mod live;
mod machine;
mod opening;
mod pass;
mod plan;
mod poses;
mod spectrum;

pub use live::{LivePhotons, PhotonMemory};
pub use machine::{Calibration, KernelEntry, PhotonMachine};
pub use plan::{PHOTON_PENCIL_BEAM_NAME, PhotonPlan, PhotonWay, compute_photons, photon_fraction};
