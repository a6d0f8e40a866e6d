//! What an RT Dose file says it is of: more than a [`vestibule_patient::Dose`] keeps, for who writes sums.

use super::parse::{Refused, parse};
use super::values::{count, items, number, text};
use crate::write::PlanReference;
use dicom_dictionary_std::{tags, uids};

/// The study of a dose file and the plans it refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoseReferences {
    /// StudyInstanceUID; empty if absent.
    pub study_uid: String,
    /// Referenced RT Plan Sequence.
    pub plans: Vec<PlanReference>,
}

impl DoseReferences {
    /// Reads them from the bytes of a file. None when they are no DICOM.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let file = match parse(bytes) {
            Ok(file) => file,
            Err(Refused::NotDicom | Refused::Broken(_)) => return None,
        };
        let d = &file.data;
        let plans = items(d, tags::REFERENCED_RT_PLAN_SEQUENCE)
            .iter()
            .filter_map(|p| {
                let group = items(p, tags::REFERENCED_FRACTION_GROUP_SEQUENCE).first();
                let beams = group.map(|g| items(g, tags::REFERENCED_BEAM_SEQUENCE)).unwrap_or_default();
                Some(PlanReference {
                    uid: text(p, tags::REFERENCED_SOP_INSTANCE_UID)?,
                    photons: text(p, tags::REFERENCED_SOP_CLASS_UID).as_deref() == Some(uids::RT_PLAN_STORAGE),
                    fraction_group: group
                        .and_then(|g| count(g, tags::REFERENCED_FRACTION_GROUP_NUMBER))
                        .and_then(|n| u32::try_from(n).ok()),
                    beams: beams
                        .iter()
                        .filter_map(|b| number(b, tags::REFERENCED_BEAM_NUMBER))
                        .map(|n| n as i32)
                        .collect(),
                })
            })
            .collect();
        Some(Self { study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(), plans })
    }
}
