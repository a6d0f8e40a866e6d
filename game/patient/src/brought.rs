//! Images that stand in another frame of reference than the one they were taken in, because a registration leads there.

use crate::{Image, Patient};

/// How an image came into the frame in which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// SeriesInstanceUID of the image.
    pub image_uid: String,
    /// The frame of reference in which it was taken.
    pub from_frame_uid: String,
    /// What each registration on the way is called, in their order; its UID where it is not called anything.
    pub by: Vec<String>,
}

impl Patient {
    /// Brings every image of another frame of reference into this one where registrations lead: voxels stay, grids move. The others stay
    /// as they are, and so does what is no image: structures and doses belong to their plan's frame.
    pub fn bring_into(&mut self, frame_of_reference_uid: &str) {
        for at in 0..self.images.len() {
            let image = &self.images[at];
            if image.frame_of_reference_uid == frame_of_reference_uid {
                continue;
            }
            let Some(way) = self.way(&image.frame_of_reference_uid, frame_of_reference_uid) else { continue };
            let Some(grid) = self.grid_in(image, frame_of_reference_uid) else { continue };
            let called = |r: &crate::Registration| {
                [&r.description, &r.label, &r.uid].into_iter().find(|t| !t.is_empty()).cloned().unwrap_or_default()
            };
            let by = way.iter().map(|s| called(s.registration)).collect();
            let from_frame_uid = image.frame_of_reference_uid.clone();
            self.brought.push(Brought { image_uid: image.uid.clone(), from_frame_uid, by });
            let image = &mut self.images[at];
            image.volume.grid = grid;
            frame_of_reference_uid.clone_into(&mut image.frame_of_reference_uid);
        }
    }

    /// How an image came into the frame in which it stands; None: it was taken in it.
    pub fn brought(&self, image: &Image) -> Option<&Brought> {
        self.brought.iter().find(|b| b.image_uid == image.uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Modality, Plan, Registration};
    use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
    use std::f64::consts::FRAC_PI_2;
    use vestibule_geometry::{Grid, Volume};

    fn image(uid: &str, frame: &str) -> Image {
        let grid = Grid::axial([3, 2, 2], [1.0, 2.0, 3.0], Point3::new(5.0, 0.0, 0.0));
        let data = (0..grid.len()).map(|v| v as f32).collect();
        Image { frame_of_reference_uid: frame.into(), ..Image::of(uid, Modality::Ct, Volume { grid, data }) }
    }

    #[test]
    fn an_image_is_found_where_its_registration_says_and_no_plan_is_computed_on_it() {
        let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), FRAC_PI_2);
        let motion = Isometry3::from_parts(Translation3::new(10.0, 20.0, 30.0), turn);
        let mut patient = Patient {
            images: vec![image("old", "A"), image("planning", "B"), image("lost", "C")],
            registrations: vec![Registration::of("reg", "A", "B", motion)],
            ..Patient::default()
        };
        let before = patient.clone();
        patient.bring_into("B");
        // x and y of A become y and -x of B: the voxel at (7, 2, 3) lies at (-2, 7, 3) + (10, 20, 30)
        let at = Point3::new(8.0, 27.0, 33.0);
        let value = before.images[0].volume.sample(Point3::new(7.0, 2.0, 3.0));
        assert!(value.is_some());
        assert_eq!(patient.images[0].volume.sample(at), value);
        assert_eq!(patient.images[0].frame_of_reference_uid, "B");
        assert_eq!(patient.brought(&patient.images[0]).unwrap().by, ["reg"]);
        assert_eq!(patient.images[1].volume.grid, before.images[1].volume.grid);
        assert_eq!((patient.images[2].frame_of_reference_uid.as_str(), patient.brought.len()), ("C", 1));
        let plan = Plan { frame_of_reference_uid: "B".into(), ..Plan::default() };
        assert_eq!(patient.planning_image(&plan).unwrap().uid, "planning");
    }
}
