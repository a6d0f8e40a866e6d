//! The one place that converts frames: DICOM patient (LPS, mm) ↔ IEC 61217 (mm) ↔ room (metres, Y up).
//!
//! IEC 61217 fixed: x to the right of who faces the gantry, y towards the gantry, z up, origin at the isocentre.
//! Room: origin on the floor under the isocentre, X = xf, Y = zf + isocentre height, Z = −yf, metres.
//! Every angle is in degrees. Gantry: clockwise seen by who faces it, 0° = beam straight down. Patient support:
//! anticlockwise seen from above. Beam limiting device (collimator): anticlockwise seen from the source.

use nalgebra::{Isometry3, Matrix3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the patient lies on the table top (DICOM Patient Position, 0018,5100).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are DICOM's defined terms")]
pub enum PatientPosition {
    Hfs,
    Hfp,
    Hfdr,
    Hfdl,
    Ffs,
    Ffp,
    Ffdr,
    Ffdl,
}

impl PatientPosition {
    /// All positions, for tests and tables.
    pub const ALL: [Self; 8] =
        [Self::Hfs, Self::Hfp, Self::Hfdr, Self::Hfdl, Self::Ffs, Self::Ffp, Self::Ffdr, Self::Ffdl];

    /// Rotation from DICOM patient axes (L, P, S) to table-top axes (x, y, z) with every table angle at 0.
    pub fn to_table_top(self) -> Rotation3<f64> {
        // Rows are xf, yf, zf in terms of (L, P, S).
        let m = match self {
            Self::Hfs => Matrix3::new(1., 0., 0., 0., 0., 1., 0., -1., 0.),
            Self::Hfp => Matrix3::new(-1., 0., 0., 0., 0., 1., 0., 1., 0.),
            Self::Hfdr => Matrix3::new(0., 1., 0., 0., 0., 1., 1., 0., 0.),
            Self::Hfdl => Matrix3::new(0., -1., 0., 0., 0., 1., -1., 0., 0.),
            Self::Ffs => Matrix3::new(-1., 0., 0., 0., 0., -1., 0., -1., 0.),
            Self::Ffp => Matrix3::new(1., 0., 0., 0., 0., -1., 0., 1., 0.),
            Self::Ffdr => Matrix3::new(0., -1., 0., 0., 0., -1., 1., 0., 0.),
            Self::Ffdl => Matrix3::new(0., 1., 0., 0., 0., -1., -1., 0., 0.),
        };
        Rotation3::from_matrix_unchecked(m)
    }
}

impl fmt::Display for PatientPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_uppercase())
    }
}

impl FromStr for PatientPosition {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.to_string() == s.trim().to_uppercase()).ok_or_else(|| {
            format!("'{}' is not a patient position; expected HFS, HFP, FFS, FFP or a decubitus", s.trim())
        })
    }
}

/// The angles of one beam, in degrees, as DICOM gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BeamAngles {
    /// Gantry, 0 to 360.
    pub gantry_deg: f64,
    /// Beam limiting device (collimator), 0 to 360.
    pub beam_limiting_deg: f64,
    /// Patient support (couch), 0 to 360.
    pub patient_support_deg: f64,
    /// Table-top eccentric, 0 to 360.
    pub table_eccentric_deg: f64,
    /// Table-top pitch about Xt.
    pub table_pitch_deg: f64,
    /// Table-top roll about Yt.
    pub table_roll_deg: f64,
}

fn about(axis: Vector3<f64>, deg: f64) -> Rotation3<f64> {
    Rotation3::from_axis_angle(&nalgebra::Unit::new_unchecked(axis), deg.to_radians())
}

impl BeamAngles {
    /// IEC gantry axes → IEC fixed axes. The source stands on +zg.
    pub fn gantry_to_fixed(&self) -> Rotation3<f64> {
        about(Vector3::y(), self.gantry_deg)
    }

    /// IEC beam-limiting-device axes → IEC gantry axes.
    pub fn beam_limiting_to_gantry(&self) -> Rotation3<f64> {
        about(Vector3::z(), self.beam_limiting_deg)
    }

    /// IEC table-top axes → IEC fixed axes (support, eccentric, pitch, roll in this order).
    pub fn table_top_to_fixed(&self) -> Rotation3<f64> {
        about(Vector3::z(), self.patient_support_deg)
            * about(Vector3::z(), self.table_eccentric_deg)
            * about(Vector3::x(), self.table_pitch_deg)
            * about(Vector3::y(), self.table_roll_deg)
    }
}

/// Conversions for one patient set up for treatment: the plan's isocentre stands at the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frames {
    /// Isocentre in DICOM patient coordinates, mm.
    pub isocentre_mm: Point3<f64>,
    /// How the patient lies.
    pub position: PatientPosition,
}

impl Frames {
    /// DICOM patient → IEC fixed, mm, with the table turned by the beam's angles. The table's translations bring the
    /// isocentre back to the machine's, so that pitch and roll leave it where it is.
    pub fn patient_to_fixed(&self, angles: &BeamAngles) -> Isometry3<f64> {
        let r = angles.table_top_to_fixed() * self.position.to_table_top();
        let r = UnitQuaternion::from_rotation_matrix(&r);
        Isometry3::from_parts(Translation3::identity(), r) * Translation3::from(-self.isocentre_mm.coords)
    }

    /// DICOM patient → IEC gantry, mm: the beam comes from +zg towards −zg, spots lie on z = 0 in (xg, yg).
    pub fn patient_to_gantry(&self, angles: &BeamAngles) -> Isometry3<f64> {
        let g = UnitQuaternion::from_rotation_matrix(&angles.gantry_to_fixed().inverse());
        Isometry3::from_parts(Translation3::identity(), g) * self.patient_to_fixed(angles)
    }

    /// A point of the patient (mm) as the beam sees it: where the line from the virtual source through it meets the plane
    /// through the isocentre, IEC gantry x and y, mm. `virtual_sad_mm`: distances of the two virtual sources, as
    /// (300A,030A) has them; None: the beam is taken as parallel. None where the point is at or behind a source.
    pub fn beams_eye(&self, angles: &BeamAngles, virtual_sad_mm: Option<[f64; 2]>, p: Point3<f64>) -> Option<[f64; 2]> {
        let p = self.patient_to_gantry(angles) * p;
        let Some([x, y]) = virtual_sad_mm else { return Some([p.x, p.y]) };
        let scale = |sad: f64| (sad > p.z).then(|| sad / (sad - p.z));
        Some([p.x * scale(x)?, p.y * scale(y)?])
    }

    /// DICOM patient (mm) → room (m) at the treatment position.
    pub fn patient_to_room(&self, angles: &BeamAngles, isocentre_height_m: f64) -> nalgebra::Similarity3<f64> {
        fixed_to_room(isocentre_height_m) * nalgebra::Similarity3::from_isometry(self.patient_to_fixed(angles), 1.0)
    }
}

/// IEC fixed (mm) → room (m, Y up, gantry at −Z), as a similarity with scale 0.001.
///
/// `isocentre_height_m`: height of the isocentre over the floor, metres, usually 1.0 to 1.5.
pub fn fixed_to_room(isocentre_height_m: f64) -> nalgebra::Similarity3<f64> {
    // X = xf, Y = zf, Z = −yf: a quarter turn about X.
    let r = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), -std::f64::consts::FRAC_PI_2);
    nalgebra::Similarity3::from_parts(Translation3::new(0.0, isocentre_height_m, 0.0), r, 1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(position: PatientPosition) -> Frames {
        Frames { isocentre_mm: Point3::new(10.0, -20.0, 30.0), position }
    }

    fn close(a: Point3<f64>, b: [f64; 3]) {
        assert!((a - Point3::from(b)).norm() < 1e-9, "{a} is not {b:?}");
    }

    #[test]
    fn supine_head_first_left_posterior_superior() {
        let f = frames(PatientPosition::Hfs);
        let p = Point3::new(10.0 + 1.0, -20.0 + 2.0, 30.0 + 3.0);
        close(f.patient_to_fixed(&BeamAngles::default()) * p, [1.0, 3.0, -2.0]);
    }

    #[test]
    fn gantry_90_enters_the_left_of_a_supine_patient() {
        let a = BeamAngles { gantry_deg: 90.0, ..Default::default() };
        // The source's direction, seen in the patient.
        let towards_source = frames(PatientPosition::Hfs).patient_to_gantry(&a).inverse() * Vector3::z();
        assert!((towards_source - Vector3::x()).norm() < 1e-12, "{towards_source}");
    }

    #[test]
    fn a_beam_sees_what_is_nearer_larger() {
        let f = frames(PatientPosition::Hfs);
        // gantry at 0: the source is above a supine patient, so 100 mm in front of the isocentre is 100 mm nearer to it
        let p = Point3::new(10.0 + 18.0, -20.0 - 100.0, 30.0 + 19.0);
        let at = |sad| f.beams_eye(&BeamAngles::default(), sad, p);
        let [x, y] = at(Some([1900.0, 2000.0])).unwrap();
        assert!((x - 18.0 * 1900.0 / 1800.0).abs() < 1e-9 && (y - 19.0 * 2000.0 / 1900.0).abs() < 1e-9, "{x} {y}");
        let [x, y] = at(None).unwrap();
        assert!((x - 18.0).abs() < 1e-9 && (y - 19.0).abs() < 1e-9, "{x} {y}");
        assert_eq!(at(Some([90.0, 2000.0])), None);
    }

    #[test]
    fn couch_90_points_the_head_to_minus_x() {
        let a = BeamAngles { patient_support_deg: 90.0, ..Default::default() };
        let head = frames(PatientPosition::Hfs).patient_to_fixed(&a) * Vector3::new(0.0, 0.0, 1.0);
        assert!((head + Vector3::x()).norm() < 1e-12, "{head}");
    }

    /// Where left, posterior and superior point in the fixed frame, position by position, by hand.
    #[test]
    fn an_asymmetric_phantom_comes_out_right_in_every_position() {
        use PatientPosition::*;
        let want = [
            (Hfs, [[1., 0., 0.], [0., 0., -1.], [0., 1., 0.]]),
            (Hfp, [[-1., 0., 0.], [0., 0., 1.], [0., 1., 0.]]),
            (Hfdr, [[0., 0., 1.], [1., 0., 0.], [0., 1., 0.]]),
            (Hfdl, [[0., 0., -1.], [-1., 0., 0.], [0., 1., 0.]]),
            (Ffs, [[-1., 0., 0.], [0., 0., -1.], [0., -1., 0.]]),
            (Ffp, [[1., 0., 0.], [0., 0., 1.], [0., -1., 0.]]),
            (Ffdr, [[0., 0., 1.], [-1., 0., 0.], [0., -1., 0.]]),
            (Ffdl, [[0., 0., -1.], [1., 0., 0.], [0., -1., 0.]]),
        ];
        for (position, axes) in want {
            let r = position.to_table_top();
            for (k, v) in axes.iter().enumerate() {
                let mut unit = Vector3::zeros();
                unit[k] = 1.0;
                assert!((r * unit - Vector3::from(*v)).norm() < 1e-12, "{position} axis {k}");
            }
            assert!((r.matrix().determinant() - 1.0).abs() < 1e-12, "{position} mirrors the patient");
        }
    }

    #[test]
    fn room_has_y_up_and_the_gantry_at_minus_z() {
        let t = fixed_to_room(1.25);
        close(t * Point3::new(1000.0, 0.0, 0.0), [1.0, 1.25, 0.0]);
        close(t * Point3::new(0.0, 1000.0, 0.0), [0.0, 1.25, -1.0]);
        close(t * Point3::new(0.0, 0.0, 1000.0), [0.0, 2.25, 0.0]);
    }

    proptest! {
        #[test]
        fn the_isocentre_stays_and_lengths_are_kept(
            g in 0.0..360.0f64, c in 0.0..360.0f64, pitch in -5.0..5.0f64, roll in -5.0..5.0f64, k in 0usize..8,
            x in -300.0..300.0f64, y in -300.0..300.0f64, z in -300.0..300.0f64,
        ) {
            let f = frames(PatientPosition::ALL[k]);
            let a = BeamAngles { gantry_deg: g, patient_support_deg: c, table_pitch_deg: pitch, table_roll_deg: roll, ..Default::default() };
            let t = f.patient_to_gantry(&a);
            prop_assert!((t * f.isocentre_mm).coords.norm() < 1e-9);
            let p = Point3::new(x, y, z);
            prop_assert!(((t * p).coords.norm() - (p - f.isocentre_mm).norm()).abs() < 1e-9);
        }
    }
}
