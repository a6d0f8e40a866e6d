use crate::Phase;
use serde::{Deserialize, Serialize};
use vestibule_geometry::{PatientPosition, Volume};

/// DICOM Modality (0008,0060) of an image volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum Modality {
    Ct,
    Mr,
    Pt,
    Other(String),
}

impl Modality {
    /// As DICOM writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ct => "CT",
            Self::Mr => "MR",
            Self::Pt => "PT",
            Self::Other(s) => s,
        }
    }
}

impl From<&str> for Modality {
    fn from(s: &str) -> Self {
        match s.trim() {
            "CT" => Self::Ct,
            "MR" => Self::Mr,
            "PT" => Self::Pt,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One image series as a volume.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// SeriesInstanceUID.
    pub uid: String,
    /// StudyInstanceUID.
    pub study_uid: String,
    /// FrameOfReferenceUID; empty if absent.
    pub frame_of_reference_uid: String,
    /// What made it.
    pub modality: Modality,
    /// SeriesDescription.
    pub description: String,
    /// How the patient lay; None if the file does not say.
    pub position: Option<PatientPosition>,
    /// CT: Hounsfield units; MR: as stored; PET: `unit`.
    pub unit: String,
    /// SOPInstanceUID of each slice, in the volume's k order (empty for enhanced multi-frame objects).
    pub slice_uids: Vec<String>,
    /// What its tags say of its place in a cycle or in time; None where they say nothing. Which images are phases of one
    /// 4D image: [`crate::phase_groups`].
    #[serde(default)]
    pub phase: Option<Phase>,
    /// Some where the voxels are means of so many along i, j, k of what is stored, and the whole image is still to come.
    /// Never kept.
    #[serde(skip)]
    pub coarse: Option<[usize; 3]>,
    /// The voxels, k along the slice normal (row × column direction).
    pub volume: Volume<f32>,
}

impl Image {
    /// A whole image of which no more is known than its series, what made it and its voxels: every other text is empty (the
    /// unit is HU for CT), and it has no position, phase or slices. The rest is written over where it is known.
    pub fn of(uid: impl Into<String>, modality: Modality, volume: Volume<f32>) -> Self {
        Self {
            uid: uid.into(),
            study_uid: String::new(),
            frame_of_reference_uid: String::new(),
            unit: if modality == Modality::Ct { "HU".to_owned() } else { String::new() },
            modality,
            description: String::new(),
            position: None,
            slice_uids: Vec::new(),
            phase: None,
            coarse: None,
            volume,
        }
    }

    /// Between its slices as they are stored, mm, even where its voxels are coarse.
    pub fn slice_mm(&self) -> f64 {
        self.volume.grid.spacing_mm[2] / self.coarse.map_or(1.0, |c| c[2] as f64)
    }

    /// Everything but the voxels: the grid stays, the data is empty.
    pub fn without_voxels(&self) -> Self {
        Self {
            uid: self.uid.clone(),
            study_uid: self.study_uid.clone(),
            frame_of_reference_uid: self.frame_of_reference_uid.clone(),
            modality: self.modality.clone(),
            description: self.description.clone(),
            position: self.position,
            unit: self.unit.clone(),
            slice_uids: self.slice_uids.clone(),
            phase: self.phase,
            coarse: self.coarse,
            volume: Volume { grid: self.volume.grid.clone(), data: Vec::new() },
        }
    }
}
