//! Rigid registrations: what leads from one frame of reference into another, directly, backwards or over others.

use crate::{Image, Patient};
use nalgebra::{Isometry3, Matrix3, Matrix4, Rotation3, Translation3, UnitQuaternion};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use thiserror::Error;
use vestibule_geometry::Grid;

/// How far a matrix may be from a rigid one, in each of its numbers without unit: of its axes' products, its determinant and
/// its last row. Files that give four decimals stay below it.
pub const RIGID_TOLERANCE: f64 = 1e-4;

/// What takes the points of one frame of reference into another (DICOM PS3.3 C.20.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// SOPInstanceUID of the object that says so. One object may say several.
    pub uid: String,
    /// Content Label, or Structure Set Label; empty if absent.
    pub label: String,
    /// Content Description, else the comment on the matrix; empty if absent.
    pub description: String,
    /// Meaning of the Registration Type Code, e.g. `Visual Alignment`; empty if absent.
    pub method: String,
    /// FrameOfReferenceUID of the points that are moved.
    pub from_frame_uid: String,
    /// FrameOfReferenceUID that they come to lie in: the object's own.
    pub to_frame_uid: String,
    /// A point of the first frame times this is the same point of the body in the second; both DICOM patient, mm.
    pub motion: Isometry3<f64>,
    /// Content Date (else Structure Set Date), `YYYYMMDD`; empty if absent.
    pub date: String,
    /// Content Time (else Structure Set Time), `HHMMSS` with or without a fraction; empty if absent.
    pub time: String,
}

impl Registration {
    /// One of which no more is known than what it joins and how: every other text is empty.
    pub fn of(
        uid: impl Into<String>,
        from_frame_uid: impl Into<String>,
        to_frame_uid: impl Into<String>,
        motion: Isometry3<f64>,
    ) -> Self {
        Self {
            uid: uid.into(),
            label: String::new(),
            description: String::new(),
            method: String::new(),
            from_frame_uid: from_frame_uid.into(),
            to_frame_uid: to_frame_uid.into(),
            motion,
            date: String::new(),
            time: String::new(),
        }
    }

    /// Frame of Reference Transformation Matrix (3006,00C6) as the standard prints it: row by row, translation in the fourth
    /// column, last row 0 0 0 1.
    pub fn matrix(&self) -> [[f64; 4]; 4] {
        let m = self.motion.to_homogeneous();
        std::array::from_fn(|row| std::array::from_fn(|column| m[(row, column)]))
    }

    fn joins(&self) -> Option<(&str, &str)> {
        let (from, to) = (self.from_frame_uid.as_str(), self.to_frame_uid.as_str());
        (!from.is_empty() && !to.is_empty() && from != to).then_some((from, to))
    }
}

/// Why a matrix is not a rigid motion. Reads as a sentence without its subject.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum NotRigid {
    /// A number is not finite.
    #[error("has a number that is not finite")]
    NotFinite,
    /// The last row is not 0 0 0 1, as when it was written column by column.
    #[error("does not end with the row 0 0 0 1")]
    LastRow,
    /// Axes are not of length 1 or not perpendicular.
    #[error("scales or shears (its axes are off by {0:.4})")]
    Scales(f64),
    /// The determinant is -1.
    #[error("mirrors")]
    Mirrors,
}

/// A matrix as a rigid motion: the nearest rotation, and the translation as it stands.
///
/// # Errors
/// When it is not rigid within [`RIGID_TOLERANCE`].
pub fn rigid(matrix: &Matrix4<f64>) -> Result<Isometry3<f64>, NotRigid> {
    if !matrix.iter().all(|x| x.is_finite()) {
        return Err(NotRigid::NotFinite);
    }
    if (0..4).any(|c| (matrix[(3, c)] - f64::from(c == 3)).abs() > RIGID_TOLERANCE) {
        return Err(NotRigid::LastRow);
    }
    let axes: Matrix3<f64> = matrix.fixed_view::<3, 3>(0, 0).into_owned();
    let off = (axes.transpose() * axes - Matrix3::identity()).amax();
    // A number so large that its square is not finite is off as well.
    if off.is_nan() || off > RIGID_TOLERANCE {
        return Err(NotRigid::Scales(off));
    }
    if axes.determinant() < 0.0 {
        return Err(NotRigid::Mirrors);
    }
    let svd = axes.svd(true, true);
    let (Some(u), Some(v)) = (svd.u, svd.v_t) else { return Err(NotRigid::Scales(off)) };
    let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(u * v));
    Ok(Isometry3::from_parts(Translation3::new(matrix[(0, 3)], matrix[(1, 3)], matrix[(2, 3)]), rotation))
}

/// One registration on the way from a frame of reference to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// Which.
    pub registration: &'a Registration,
    /// True where it is gone backwards.
    pub inverse: bool,
}

impl Step<'_> {
    /// What it does to a point, mm.
    pub fn motion(&self) -> Isometry3<f64> {
        if self.inverse { self.registration.motion.inverse() } else { self.registration.motion }
    }
}

impl Patient {
    /// What takes a point of one frame of reference into another, mm: nothing where they are the same, else the
    /// registrations of [`Patient::way`]. None where no way leads there, and for an empty UID.
    pub fn between(&self, from: &str, to: &str) -> Option<Isometry3<f64>> {
        Some(self.way(from, to)?.iter().fold(Isometry3::identity(), |done, step| step.motion() * done))
    }

    /// The registrations that lead from one frame of reference to another, in their order; none where the two are the same.
    /// None where no way leads there, and for an empty UID: what names no frame lies in none.
    ///
    /// The way with the fewest registrations is taken, each in either direction. Of several as short the newest registration
    /// decides, by date and time: the first on the way, then the second; of equally new ones the first in
    /// [`Patient::registrations`]. One without a date is the oldest. The way back is the same way.
    pub fn way(&self, from: &str, to: &str) -> Option<Vec<Step<'_>>> {
        if from.is_empty() || to.is_empty() {
            return None;
        }
        // Sought from one side, whichever is asked for: there and back again must end where it began.
        if from > to {
            let back = self.way(to, from)?.into_iter().rev();
            return Some(back.map(|s| Step { inverse: !s.inverse, ..s }).collect());
        }
        let mut newest: Vec<&Registration> = self.registrations.iter().filter(|r| r.joins().is_some()).collect();
        newest.sort_by(|a, b| (&b.date, &b.time).cmp(&(&a.date, &a.time)));
        let mut came: BTreeMap<&str, Option<(&str, Step<'_>)>> = BTreeMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(here) = next.pop_front() {
            if here == to {
                break;
            }
            for registration in &newest {
                let Some((a, b)) = registration.joins() else { continue };
                let there = match here {
                    h if h == a => b,
                    h if h == b => a,
                    _ => continue,
                };
                if !came.contains_key(there) {
                    came.insert(there, Some((here, Step { registration, inverse: here == b })));
                    next.push_back(there);
                }
            }
        }
        let mut steps = Vec::new();
        let mut at = to;
        while let Some((before, step)) = *came.get(at)? {
            steps.push(step);
            at = before;
        }
        steps.reverse();
        Some(steps)
    }

    /// The grid of an image in another frame of reference: its voxels stay, origin and axes move. None where nothing leads
    /// there.
    pub fn grid_in(&self, image: &Image, frame_of_reference_uid: &str) -> Option<Grid> {
        let motion = self.between(&image.frame_of_reference_uid, frame_of_reference_uid)?;
        Some(image.volume.grid.moved(&motion))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Modality;
    use nalgebra::{Point3, Vector3};
    use std::f64::consts::FRAC_PI_2;
    use vestibule_geometry::Volume;

    /// A quarter turn about z, x towards y, then (10, 20, 30).
    fn quarter() -> Isometry3<f64> {
        Isometry3::new(Vector3::new(10.0, 20.0, 30.0), Vector3::z() * FRAC_PI_2)
    }

    fn shift(x: f64, y: f64, z: f64) -> Isometry3<f64> {
        Isometry3::translation(x, y, z)
    }

    fn patient(registrations: Vec<Registration>) -> Patient {
        Patient { registrations, ..Patient::default() }
    }

    fn apart(a: Point3<f64>, b: [f64; 3]) -> f64 {
        (a - Point3::from(b)).norm()
    }

    #[test]
    fn a_landmark_goes_there_and_back() {
        let p = patient(vec![Registration::of("1", "MR", "CT", quarter())]);
        // By hand: (1, 2, 3) turned is (-2, 1, 3), and shifted (8, 21, 33).
        let there = p.between("MR", "CT").unwrap();
        assert!(apart(there * Point3::new(1.0, 2.0, 3.0), [8.0, 21.0, 33.0]) < 1e-12);
        // Back: (1, 2, 3) less the shift is (-9, -18, -27), and turned the other way (-18, 9, -27).
        let back = p.between("CT", "MR").unwrap();
        assert!(apart(back * Point3::new(1.0, 2.0, 3.0), [-18.0, 9.0, -27.0]) < 1e-12);
        assert_eq!(p.between("CT", "CT"), Some(Isometry3::identity()));
        assert_eq!(p.between("CT", "PET"), None);
        let rows = p.registrations[0].matrix();
        let want = [[0., -1., 0., 10.], [1., 0., 0., 20.], [0., 0., 1., 30.], [0., 0., 0., 1.]];
        assert!(rows.iter().flatten().zip(want.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12), "{rows:?}");
    }

    #[test]
    fn an_empty_frame_matches_nothing() {
        let p = patient(vec![Registration::of("1", "", "CT", quarter()), Registration::of("2", "MR", "", quarter())]);
        assert!(p.between("", "").is_none() && p.between("", "CT").is_none() && p.between("MR", "").is_none());
        // Nor do two that are empty join what else they name.
        assert_eq!(p.between("MR", "CT"), None);
    }

    #[test]
    fn a_chain_is_followed_in_order_and_the_shortest_taken() {
        // MR -> CT and PET -> MR: PET to CT goes forwards through both, CT1 to PET over a third the other way round.
        let mut list = vec![
            Registration::of("1", "MR", "CT", quarter()),
            Registration::of("2", "PET", "MR", shift(1.0, 0.0, 0.0)),
            Registration::of("3", "CT", "CT1", shift(0.0, 0.0, 5.0)),
        ];
        let p = patient(list.clone());
        // By hand: (0, 0, 0) is (1, 0, 0) in MR, (10, 21, 30) in CT, (10, 21, 35) in CT1. In the wrong order CT had (11, 20, 30).
        let go = |p: &Patient, a: &str, b: &str, x: [f64; 3]| p.between(a, b).unwrap() * Point3::from(x);
        assert!(apart(go(&p, "PET", "CT", [0.0; 3]), [10.0, 21.0, 30.0]) < 1e-12);
        assert!(apart(go(&p, "PET", "CT1", [0.0; 3]), [10.0, 21.0, 35.0]) < 1e-12);
        assert!(apart(go(&p, "CT1", "PET", [10.0, 21.0, 35.0]), [0.0; 3]) < 1e-12);
        assert_eq!(p.way("CT1", "PET").unwrap().iter().map(|s| s.inverse).collect::<Vec<_>>(), [true; 3]);
        // A direct one is shorter than any chain, though it is older.
        list.iter_mut().for_each(|r| r.date = "20260101".into());
        list.push(Registration { date: "20200101".into(), ..Registration::of("4", "CT1", "PET", shift(0., 0., -1.)) });
        let p = patient(list);
        assert!(apart(go(&p, "PET", "CT1", [0.0; 3]), [0.0, 0.0, 1.0]) < 1e-12);
    }

    #[test]
    fn of_several_the_newest_is_taken_both_ways() {
        let at = |uid: &str, date: &str, time: &str, from: &str, to: &str, x: f64| Registration {
            date: date.into(),
            time: time.into(),
            ..Registration::of(uid, from, to, shift(x, 0.0, 0.0))
        };
        let x = |p: &Patient, a: &str, b: &str| p.between(a, b).unwrap().translation.x;
        let mut list = vec![
            at("1", "", "", "A", "B", 1.0),
            at("2", "20260102", "090000", "A", "B", 2.0),
            at("3", "20260102", "101500", "B", "A", -3.0),
            at("4", "20260102", "101500", "A", "B", 4.0),
            at("5", "20260101", "235959", "A", "B", 5.0),
        ];
        let p = patient(list.clone());
        assert_eq!((x(&p, "A", "B"), x(&p, "B", "A")), (3.0, -3.0), "newest, then first in the list");
        // Two ways of two registrations each: there and back lead over the same one.
        list = vec![
            at("1", "20260101", "", "A", "M", 1.0),
            at("2", "20260109", "", "M", "Z", 1.0),
            at("3", "20260102", "", "A", "N", 10.0),
            at("4", "20260103", "", "N", "Z", 10.0),
        ];
        let p = patient(list);
        assert_eq!((x(&p, "A", "Z"), x(&p, "Z", "A")), (20.0, -20.0));
    }

    #[test]
    fn a_circle_ends() {
        let ring: Vec<Registration> = (0..50)
            .map(|n| Registration::of("1", n.to_string(), ((n + 1) % 50).to_string(), shift(1.0, 0.0, 0.0)))
            .collect();
        let p = patient(ring);
        assert_eq!(p.between("0", "nowhere"), None);
        assert_eq!(p.way("0", "40").unwrap().len(), 10);
        assert_eq!(p.between("0", "40").unwrap().translation.x, -10.0);
    }

    #[test]
    fn an_image_is_moved_by_its_grid_alone() {
        let grid =
            Grid { axes: Matrix3::identity(), ..Grid::axial([4, 3, 2], [1.0, 2.0, 3.0], Point3::new(5.0, 6.0, 7.0)) };
        let image =
            Image { frame_of_reference_uid: "MR".into(), ..Image::of("1", Modality::Mr, Volume::filled(grid, 0.0)) };
        let p = patient(vec![Registration::of("1", "MR", "CT", quarter())]);
        let moved = p.grid_in(&image, "CT").unwrap();
        // By hand: the first centre (5, 6, 7) comes to (4, 25, 37); one step along i (x) now leads along y, j along -x.
        assert!(apart(moved.centre(0, 0, 0), [4.0, 25.0, 37.0]) < 1e-12);
        assert!(apart(moved.centre(3, 0, 0), [4.0, 28.0, 37.0]) < 1e-12);
        assert!(apart(moved.centre(0, 2, 0), [0.0, 25.0, 37.0]) < 1e-12);
        assert!(apart(moved.centre(0, 0, 1), [4.0, 25.0, 40.0]) < 1e-12);
        assert_eq!((moved.size, moved.spacing_mm), ([4, 3, 2], [1.0, 2.0, 3.0]));
        assert_eq!(p.grid_in(&image, "MR"), Some(image.volume.grid.clone()));
        assert!(
            p.grid_in(&image, "PET").is_none()
                && p.grid_in(&Image { frame_of_reference_uid: String::new(), ..image }, "CT").is_none()
        );
    }

    #[test]
    fn only_rigid_matrices_pass() {
        let m = quarter().to_homogeneous();
        let back = rigid(&m).unwrap();
        assert!((back.to_homogeneous() - m).amax() < 1e-12);
        let with = |f: &dyn Fn(&mut Matrix4<f64>)| {
            let mut m = m;
            f(&mut m);
            rigid(&m)
        };
        assert!(with(&|m| m[(0, 1)] = -1.000_04).is_ok(), "four decimals are enough");
        assert!(matches!(with(&|m| m[(0, 1)] = -1.001), Err(NotRigid::Scales(_))));
        assert!(matches!(with(&|m| m[(0, 0)] = 0.01), Err(NotRigid::Scales(_))));
        assert!(matches!(with(&|m| m[(0, 0)] = 1e300), Err(NotRigid::Scales(_))));
        assert_eq!(with(&|m| m[(2, 2)] = -1.0), Err(NotRigid::Mirrors));
        assert_eq!(with(&|m| m[(1, 3)] = f64::NAN), Err(NotRigid::NotFinite));
        assert_eq!(rigid(&m.transpose()), Err(NotRigid::LastRow), "columns for rows");
        assert_eq!(rigid(&Matrix4::zeros()), Err(NotRigid::LastRow));
        // What passes is a rotation to the last bit but one, whatever it was off by.
        let r = with(&|m| m[(0, 1)] = -1.000_04).unwrap().rotation.to_rotation_matrix();
        assert!((r.matrix().transpose() * r.matrix() - Matrix3::identity()).amax() < 1e-14);
    }
}
