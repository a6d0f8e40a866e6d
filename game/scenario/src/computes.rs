//! What computes the dose of a plan that is shown: one of the engines, ready to, or none.

use crate::delivery::Delivery;
use crate::prepare::Prepared;
use crate::prepare_photons::PreparedPhotons;
use std::sync::Arc;
use vestibule_dose::Painting;

/// A plan's engine.
#[derive(Clone, Debug, Default)]
pub enum Computes {
    /// None: the dose is what was imported.
    #[default]
    Nothing,
    /// Spot by spot.
    Protons(Arc<Prepared>),
    /// From control point to control point.
    Photons(Arc<PreparedPhotons>),
}

impl Computes {
    /// Whether a dose is computed.
    pub fn dose(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// For what only scanned protons have: LET, dose rates spot by spot.
    pub fn protons(&self) -> Option<&Arc<Prepared>> {
        match self {
            Self::Protons(p) => Some(p),
            _ => None,
        }
    }

    /// The engine's name as it stands beside every number; empty where there is none.
    pub fn name(&self) -> &str {
        match self {
            Self::Nothing => "",
            Self::Protons(p) => p.dose.engine(),
            Self::Photons(p) => p.dose.engine(),
        }
    }

    /// UID of the plan.
    pub fn plan_uid(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Protons(p) => Some(&p.plan.uid),
            Self::Photons(p) => Some(&p.plan.uid),
        }
    }

    /// The plan in time.
    pub fn delivery(&self) -> Option<&Arc<Delivery>> {
        match self {
            Self::Nothing => None,
            Self::Protons(p) => Some(&p.delivery),
            Self::Photons(p) => Some(&p.delivery),
        }
    }

    /// Its dose, painted on a thread of its own.
    pub fn painting(&self) -> Option<Painting> {
        match self {
            Self::Nothing => None,
            Self::Protons(p) => Some(p.painting()),
            Self::Photons(p) => Some(p.painting()),
        }
    }
}
