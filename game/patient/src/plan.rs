use crate::{BeamLimitingDevice, Block, ControlPoint};
use nalgebra::Point3;
use serde::{Deserialize, Serialize};
use vestibule_geometry::{BeamAngles, Frames, PatientPosition};

/// Radiation Type (300A,00C6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum RadiationType {
    #[default]
    Proton,
    Photon,
    Electron,
    Ion,
}

/// Approval Status (300E,0002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum Approval {
    Approved,
    Unapproved,
    Rejected,
}

impl Approval {
    /// As DICOM writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Unapproved => "UNAPPROVED",
            Self::Rejected => "REJECTED",
        }
    }

    /// From DICOM's term; None for any other.
    pub fn from_term(term: &str) -> Option<Self> {
        [Self::Approved, Self::Unapproved, Self::Rejected].into_iter().find(|a| a.as_str() == term.trim())
    }
}

/// Who approved or rejected a plan, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Reviewer Name (300E,0008) as DICOM writes it (`FAMILY^GIVEN`); empty if absent.
    pub reviewer: String,
    /// Review Date (300E,0004), `YYYYMMDD`; empty if absent.
    pub date: String,
    /// Review Time (300E,0005), `HHMMSS`; empty if absent.
    pub time: String,
}

/// One scan spot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Position on the isocentre plane in IEC gantry coordinates, mm.
    pub x_mm: f64,
    /// Position on the isocentre plane in IEC gantry coordinates, mm.
    pub y_mm: f64,
    /// Scan Spot Meterset Weight; MU = weight × [`Beam::mu_per_weight`].
    pub weight: f64,
}

/// One energy layer with at least one spot of weight > 0, in delivery order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Nominal Beam Energy, MeV.
    pub energy_mev: f64,
    /// Scanning Spot Size: FWHM in air at the isocentre in x and y, mm; None if absent.
    pub spot_fwhm_mm: Option<[f64; 2]>,
    /// Number of Paintings, at least 1.
    pub paintings: u32,
    /// Spots in plan order.
    pub spots: Vec<Spot>,
}

/// A range shifter that stands in the beam.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeShifter {
    /// Range Shifter ID.
    pub id: String,
    /// Range Shifter Water Equivalent Thickness, mm; None if the plan does not say (the machine file must).
    pub water_equivalent_mm: Option<f64>,
    /// Isocenter to Range Shifter Distance (downstream face), mm; None if absent.
    pub isocentre_distance_mm: Option<f64>,
}

/// One treatment beam. Photon beams have control points with jaws and leaves, scanned ion beams have layers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beam {
    /// Beam Number.
    pub number: i32,
    /// Beam Name.
    pub name: String,
    /// Treatment Machine Name.
    pub machine: String,
    /// What it delivers.
    pub radiation: RadiationType,
    /// Isocentre in DICOM patient coordinates, mm.
    pub isocentre_mm: Point3<f64>,
    /// Angles of the first control point, degrees.
    pub angles: BeamAngles,
    /// Beam Meterset per fraction, MU; 0 if absent.
    pub meterset_mu: f64,
    /// Final Cumulative Meterset Weight; > 0.
    pub final_cumulative_weight: f64,
    /// Beam Dose per fraction, Gy; None if absent.
    pub beam_dose_gy: Option<f64>,
    /// Virtual Source-Axis Distances in x and y, mm; None if absent.
    pub virtual_sad_mm: Option<[f64; 2]>,
    /// Snout Position (isocentre to downstream side), mm; None if absent.
    pub snout_position_mm: Option<f64>,
    /// Range shifters in the beam.
    pub range_shifters: Vec<RangeShifter>,
    /// Energy layers in delivery order; a layer that stands twice with zero weights the second time stands once here.
    pub layers: Vec<Layer>,
    /// Number of Control Points as the file has it.
    pub control_points: usize,
    /// Number of scan spot positions as the file has it, over all control points: a layer that stands twice counts
    /// twice here. What is delivered is [`Beam::spot_count`].
    pub spot_positions: usize,
    /// Jaws and leaves that are in use. Empty where there are none or where they were left out at import.
    #[serde(default)]
    pub limiting_devices: Vec<BeamLimitingDevice>,
    /// Control points of a beam that is not scanned, by meterset; empty for scanned beams without jaws and leaves, and where
    /// they were left out at import.
    #[serde(default)]
    pub sequence: Vec<ControlPoint>,
    /// Blocks and apertures, of photon and ion beams.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Number of Wedges.
    #[serde(default)]
    pub wedges: usize,
    /// Number of Compensators.
    #[serde(default)]
    pub compensators: usize,
    /// Number of Boli.
    #[serde(default)]
    pub boli: usize,
}

impl Beam {
    /// MU per unit of scan spot weight: BeamMeterset / FinalCumulativeMetersetWeight.
    pub fn mu_per_weight(&self) -> f64 {
        if self.final_cumulative_weight > 0.0 { self.meterset_mu / self.final_cumulative_weight } else { 0.0 }
    }

    /// Number of spots over all layers.
    pub fn spot_count(&self) -> usize {
        self.layers.iter().map(|l| l.spots.len()).sum()
    }
}

/// One RT Plan or RT Ion Plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// SOPInstanceUID.
    pub uid: String,
    /// RT Plan Label.
    pub label: String,
    /// Frame of Reference UID; empty if absent.
    pub frame_of_reference_uid: String,
    /// SOPInstanceUID of the structure set it refers to.
    pub structure_set_uid: Option<String>,
    /// How the patient lies for treatment; HFS is assumed (and reported) where the file does not say.
    pub position: Option<PatientPosition>,
    /// Number of Fractions Planned; at least 1.
    pub fractions: u32,
    /// Target Prescription Dose over all fractions, Gy, as the file gives it (for protons usually RBE-weighted).
    pub prescription_gy: Option<f64>,
    /// Beams in delivery order.
    pub beams: Vec<Beam>,
    /// Whether it was approved; None if the file does not say.
    pub approval: Option<Approval>,
    /// By whom and when; None where neither approved nor rejected.
    pub review: Option<Review>,
}

impl Plan {
    /// Frames for one of its beams.
    pub fn frames(&self, beam: &Beam) -> Frames {
        Frames { isocentre_mm: beam.isocentre_mm, position: self.position.unwrap_or(PatientPosition::Hfs) }
    }

    /// What the first beam delivers.
    pub fn radiation(&self) -> RadiationType {
        self.beams.first().map_or(RadiationType::Proton, |b| b.radiation)
    }
}
