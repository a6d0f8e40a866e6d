//! What shapes a beam: jaws, leaves and blocks, control point by control point.

mod delivered;
mod leaves;
mod opening;
#[cfg(test)]
mod tests;

pub use delivered::Delivered;
pub use leaves::{Bank, LimitingPart};
pub use opening::{Opening, UNLIMITED_MM};

use serde::{Deserialize, Serialize};
use vestibule_geometry::BeamAngles;

/// RT Beam Limiting Device Type (300A,00B8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum LimitingDeviceType {
    X,
    Y,
    AsymX,
    AsymY,
    MlcX,
    MlcY,
}

impl LimitingDeviceType {
    /// From DICOM's term; also MLCX1 and MLCX2, as machines with two layers of leaves have them. None for any other.
    pub fn from_term(term: &str) -> Option<Self> {
        Some(match term.trim() {
            "X" => Self::X,
            "Y" => Self::Y,
            "ASYMX" => Self::AsymX,
            "ASYMY" => Self::AsymY,
            "MLCX" | "MLCX1" | "MLCX2" => Self::MlcX,
            "MLCY" | "MLCY1" | "MLCY2" => Self::MlcY,
            _ => return None,
        })
    }

    /// As DICOM writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X => "X",
            Self::Y => "Y",
            Self::AsymX => "ASYMX",
            Self::AsymY => "ASYMY",
            Self::MlcX => "MLCX",
            Self::MlcY => "MLCY",
        }
    }

    /// True where its leaves or jaws move along x of the beam limiting device, false along y.
    pub fn moves_along_x(self) -> bool {
        matches!(self, Self::X | Self::AsymX | Self::MlcX)
    }

    /// True for leaves, false for jaws.
    pub fn has_leaves(self) -> bool {
        matches!(self, Self::MlcX | Self::MlcY)
    }
}

/// One beam limiting device: a pair of jaws, or pairs of leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BeamLimitingDevice {
    /// What it is and along which axis it moves.
    pub kind: LimitingDeviceType,
    /// Source to Beam Limiting Device Distance, mm; None if absent.
    pub source_distance_mm: Option<f64>,
    /// Leaf Position Boundaries across the way the leaves move, rising, one more than there are pairs; mm on the isocentre
    /// plane, IEC beam limiting device axes. Empty for jaws.
    pub boundaries_mm: Vec<f64>,
}

impl BeamLimitingDevice {
    /// Number of pairs: 1 for jaws.
    pub fn pairs(&self) -> usize {
        self.boundaries_mm.len().saturating_sub(1).max(1)
    }
}

/// Which way something turns in the segment that follows a control point, as DICOM has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// NONE, or not said: it stays, or goes the shorter way where the next angle is another one.
    #[default]
    None,
    /// CW: of the gantry seen by who faces it, of the collimator seen from the source, of the table seen from above.
    Clockwise,
    /// CC.
    CounterClockwise,
}

/// Which way each angle goes in the segment that follows a control point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns {
    /// Gantry Rotation Direction (300A,011F): clockwise is towards larger angles.
    pub gantry: Turn,
    /// Beam Limiting Device Rotation Direction (300A,0121): clockwise is towards smaller angles.
    pub beam_limiting: Turn,
    /// Patient Support Rotation Direction (300A,0123): clockwise is towards smaller angles.
    pub patient_support: Turn,
    /// Table Top Eccentric Rotation Direction (300A,0126): clockwise is towards smaller angles.
    pub table_eccentric: Turn,
}

/// One control point with all that holds there: what its item does not say is carried on from the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlPoint {
    /// Cumulative Meterset Weight (300A,0134), 0 to [`crate::Beam::final_cumulative_weight`], never falling.
    pub cumulative_weight: f64,
    /// All angles, degrees.
    pub angles: BeamAngles,
    /// Which way they go from here.
    pub turns: Turns,
    /// Nominal Beam Energy (300A,0114): MV of photons, MeV of electrons; None if absent.
    pub energy: Option<f64>,
    /// For each of [`crate::Beam::limiting_devices`] its Leaf/Jaw Positions (300A,011C): side 1 (towards minus) of every pair, then
    /// side 2; mm on the isocentre plane, IEC beam limiting device axes.
    pub positions_mm: Vec<Vec<f64>>,
}

/// Block Type (300A,00F8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockType {
    /// Material inside the outline.
    Shielding,
    /// Material outside it.
    Aperture,
}

/// A block or aperture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Block Number.
    pub number: i32,
    /// Block Name, or its ID; empty if absent.
    pub name: String,
    /// Which side of the outline its material is on.
    pub kind: BlockType,
    /// Material ID; empty if absent.
    pub material: String,
    /// Block Thickness, mm; None if absent.
    pub thickness_mm: Option<f64>,
    /// Block Data: a closed polygon on the isocentre plane, IEC beam limiting device axes, mm. The last point joins the first.
    pub outline_mm: Vec<[f64; 2]>,
}
