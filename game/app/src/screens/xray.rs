//! The X-ray pictures: radiographs of the person's own CT as the room's two imagers would take them, worked out beside
//! the frame loop.

use crate::machine::{Part, Rest, imager_out};
use crate::now::{Case, RoomData};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use nalgebra::{Point3, Vector3};
use vestibule_geometry::{BeamAngles, Imager, radiograph};

/// Pixels each way.
const PIXELS: usize = 512;
/// Half side of the part of a panel that is shown, mm: a head and its jaw.
const HALF_PANEL_MM: f64 = 190.0;
/// X-ray source on the other side of the isocentre, metres from it: a usual place for a tube in the floor or the bore.
const SOURCE_M: f32 = 1.6;
/// How much more bone stops at the beam quality of a position check than in the CT.
const BONE: f32 = 1.9;

/// A developed picture.
pub struct Picture {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Grey values, rows from above.
    pub grey: Vec<u8>,
}

/// The X-ray pictures and how far they are.
#[derive(Resource, Default)]
pub enum Xray {
    /// The room does not stand yet.
    #[default]
    Waiting,
    /// Being worked out.
    Developing(Task<Vec<Picture>>),
    /// Ready.
    Developed(Vec<Picture>),
    /// There is nothing to take a picture of.
    None,
}

impl Xray {
    /// The pictures, when they are ready.
    pub fn pictures(&self) -> Option<&[Picture]> {
        if let Self::Developed(p) = self { Some(p) } else { None }
    }

    /// Nothing more will come.
    pub fn settled(&self) -> bool {
        matches!(self, Self::Developed(_) | Self::None)
    }
}

pub(super) fn start(
    mut xray: ResMut<Xray>,
    room: Option<Res<crate::room::Room>>,
    data: Res<RoomData>,
    case: Option<Res<Case>>,
    parts: Query<(&Part, &Rest)>,
) {
    if !matches!(*xray, Xray::Waiting) || !room.is_some_and(|r| r.loaded) {
        return;
    }
    let panels: Vec<Vec3> = [Part::ImagerLeft, Part::ImagerRight]
        .iter()
        .filter_map(|p| Some(imager_out(parts.iter().find(|n| n.0 == p)?.1)))
        .collect();
    let wanted = data.0.screens.iter().any(|s| s.shows == vestibule_scenario::ScreenPicture::Xray);
    let (Some(case), true, false) = (case, wanted, panels.is_empty()) else {
        *xray = Xray::None;
        return;
    };
    let (case, height_m) = (case.clone(), data.0.isocentre_height_m);
    *xray = Xray::Developing(AsyncComputeTaskPool::get().spawn(async move { develop(&case, &panels, height_m) }));
}

pub(super) fn stand(mut xray: ResMut<Xray>) {
    let done = match &mut *xray {
        Xray::Developing(task) => block_on(poll_once(task)),
        _ => None,
    };
    if let Some(pictures) = done {
        *xray = if pictures.is_empty() { Xray::None } else { Xray::Developed(pictures) };
    }
}

fn develop(case: &Case, panels: &[Vec3], height_m: f64) -> Vec<Picture> {
    let Some(plan) = case.patient.plans.get(case.plan) else { return Vec::new() };
    let (Some(ct), Some(beam)) = (case.patient.planning_image(plan), plan.beams.first()) else { return Vec::new() };
    let to_patient = plan.frames(beam).patient_to_room(&BeamAngles::default(), height_m).inverse();
    let place = |p: Vec3| to_patient * Point3::new(f64::from(p.x), f64::from(p.y), f64::from(p.z));
    let direction = |d: Vec3| -> Vector3<f64> {
        to_patient.isometry.rotation * Vector3::new(f64::from(d.x), f64::from(d.y), f64::from(d.z))
    };
    panels
        .iter()
        .map(|panel| {
            let [source, right, up] = beside(*panel, Vec3::Y * height_m as f32);
            let imager = Imager {
                source_mm: place(source),
                panel_mm: place(*panel),
                right_mm: direction(right) * HALF_PANEL_MM,
                up_mm: direction(up) * HALF_PANEL_MM,
            };
            let picture = radiograph(&ct.volume, &imager, [PIXELS; 2], BONE);
            Picture { size: picture.size, grey: picture.grey() }
        })
        .collect()
}

/// The source that shines through the isocentre onto this panel, and the picture's own right and up: the gantry's end of
/// the couch is above, so that a head lies upright, and it is looked at from the source's side.
fn beside(panel: Vec3, isocentre: Vec3) -> [Vec3; 3] {
    let ray = (panel - isocentre).normalize();
    let up = (Vec3::NEG_Z - ray * ray.dot(Vec3::NEG_Z)).normalize();
    [isocentre - ray * SOURCE_M, ray.cross(up), up]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_go_through_the_isocentre_and_the_head_is_above() {
        let iso = Vec3::Y * 1.25;
        for panel in [Vec3::new(-0.8, 1.67, -0.25), Vec3::new(0.8, 1.67, -0.25)] {
            let [source, right, up] = beside(panel, iso);
            assert!((panel - iso).normalize().dot((iso - source).normalize()) > 0.9999);
            assert!(up.dot(Vec3::NEG_Z) > 0.9 && right.dot(up).abs() < 1e-5 && (right.length() - 1.0).abs() < 1e-5);
            // looked at along the rays with the head above, the face (up in the room) is at the left on the panel at -X
            assert!(right.dot(Vec3::Y) * panel.x > 0.0);
        }
    }
}
