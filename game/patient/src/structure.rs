use serde::{Deserialize, Serialize};
use vestibule_geometry::Contour;

/// RT ROI Interpreted Type (3006,00A4), as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum RoiType {
    External,
    Gtv,
    Ctv,
    Ptv,
    Organ,
    Avoidance,
    Support,
    Marker,
    #[default]
    Unknown,
    Other(String),
}

/// One delineated structure.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Structure {
    /// ROI Number.
    pub number: i32,
    /// ROI Name as the file has it.
    pub name: String,
    /// TG-263 standard name where one is recognised.
    pub standard_name: Option<String>,
    /// What it is.
    pub roi_type: RoiType,
    /// ROI Display Color.
    pub colour: Option<[u8; 3]>,
    /// Closed planar contours, mm. Holes by XOR or keyhole.
    pub contours: Vec<Contour>,
}

/// One RT Structure Set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StructureSet {
    /// SOPInstanceUID.
    pub uid: String,
    /// StructureSetLabel.
    pub label: String,
    /// Frame of reference of its contours; empty if absent.
    pub frame_of_reference_uid: String,
    /// SeriesInstanceUID of the images it was drawn on.
    pub referenced_series_uid: Option<String>,
    /// Its structures.
    pub structures: Vec<Structure>,
}

impl StructureSet {
    /// By name or TG-263 standard name, without regard to case.
    pub fn find(&self, name: &str) -> Option<&Structure> {
        self.structures.iter().find(|s| s.name.eq_ignore_ascii_case(name)).or_else(|| {
            self.structures.iter().find(|s| s.standard_name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        })
    }

    /// The outline of the body: type EXTERNAL, else named BODY, External or Skin. One without contours outlines nothing and is passed over.
    pub fn external(&self) -> Option<&Structure> {
        let outlined = |s: &&Structure| !s.contours.is_empty();
        self.structures
            .iter()
            .find(|s| s.roi_type == RoiType::External && outlined(s))
            .or_else(|| ["BODY", "External", "Skin"].iter().find_map(|n| self.find(n).filter(outlined)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_without_contours_is_passed_over() {
        let of = |name: &str, roi_type: RoiType, drawn: bool| Structure {
            name: name.to_owned(),
            roi_type,
            contours: vec![Contour::default(); usize::from(drawn)],
            ..Structure::default()
        };
        let mut set = StructureSet {
            structures: vec![of("outline", RoiType::External, false), of("body", RoiType::Unknown, true)],
            ..StructureSet::default()
        };
        assert_eq!(set.external().unwrap().name, "body");
        set.structures.pop();
        assert!(set.external().is_none(), "an empty outline is none");
        set.structures.push(of("skin", RoiType::External, true));
        assert_eq!(set.external().unwrap().name, "skin");
    }
}
