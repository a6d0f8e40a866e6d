//! The three planes in which the body is looked at, and the letters that say which way one looks. DICOM patient
//! coordinates: +x to the patient's left, +y to the back, +z to the head.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

/// A plane through the body, with the usual way of looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AnatomicalPlane {
    /// Across the body, seen from the feet: the patient's left is on the right of the picture.
    Axial,
    /// From ear to ear, seen from the front: the patient's left is on the right of the picture.
    Coronal,
    /// From front to back, seen from the patient's left: the front is on the left of the picture.
    Sagittal,
}

impl AnatomicalPlane {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// The patient axis (0 to 2: x, y, z) across the plane: the one along which it is moved.
    pub fn across(self) -> usize {
        match self {
            Self::Axial => 2,
            Self::Coronal => 1,
            Self::Sagittal => 0,
        }
    }

    /// Unit vectors of the picture: to its right, up, and out of it towards who looks. Right × up = out.
    pub fn picture(self) -> [Vector3<f64>; 3] {
        let (x, y, z) = (Vector3::x(), Vector3::y(), Vector3::z());
        match self {
            Self::Axial => [x, -y, -z],
            Self::Coronal => [x, z, -y],
            Self::Sagittal => [y, z, x],
        }
    }
}

/// The letter of the side to which a direction points most: L, R, A, P, S or I.
pub fn letter(direction: &Vector3<f64>) -> char {
    let a = direction.iamax();
    [['L', 'R'], ['P', 'A'], ['S', 'I']][a][usize::from(direction[a] < 0.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_right_handed_and_lettered_as_in_every_department() {
        for plane in AnatomicalPlane::ALL {
            let [right, up, out] = plane.picture();
            assert_eq!(right.cross(&up), out);
            assert_eq!(out.iamax(), plane.across());
        }
        let edges = |p: AnatomicalPlane| {
            let [right, up, _] = p.picture();
            [-right, right, up, -up].map(|d| letter(&d)).iter().collect::<String>()
        };
        // left edge, right edge, top, bottom
        assert_eq!(edges(AnatomicalPlane::Axial), "RLAP");
        assert_eq!(edges(AnatomicalPlane::Coronal), "RLSI");
        assert_eq!(edges(AnatomicalPlane::Sagittal), "APSI");
        assert_eq!(letter(&Vector3::new(0.2, -0.9, 0.3)), 'A');
    }
}
