//! The laser on the patient: what it meets in the planes that stand in the room, and the cross that follows it there.

use crate::anatomy::PatientFrame;
use crate::overlay::cuts::Frame;
use crate::overlay::slices::{self, Viewing};
use crate::overlay::{Cuts, Family, Fields};
use crate::panel::pointer::Bridged;
use crate::panel::{Pointer, PointerKind};
use crate::placing::Hands;
use bevy::prelude::*;
use nalgebra::{Point3, Vector3};
use vestibule_geometry::AnatomicalPlane;

/// Mm that a plane goes for a point of scrolling.
const SCROLL_MM: f64 = -0.04;

/// What is pointed at: a point of the patient, DICOM patient coordinates, mm.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Pointed {
    /// Where the ray meets a plane.
    pub at: Option<Point3<f64>>,
    /// Which.
    pub plane: Option<Met>,
    /// The ray itself where it points at the patient: from where (mm) and which way.
    pub ray: Option<(Point3<f64>, Vector3<f64>)>,
    /// The plane along which the cross is being dragged.
    dragged: Option<Met>,
}

/// A plane that a ray can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// One of the three.
    Plane(AnatomicalPlane),
    /// The one that stands askew.
    Askew,
}

/// The planes that stand in the room.
fn standing(cuts: &Cuts, viewing: &Viewing) -> impl Iterator<Item = (Met, Frame)> {
    let planes = AnatomicalPlane::ALL.into_iter().filter(|p| viewing.in_room[p.across()]);
    let askew = cuts.slant.map(|frame| (Met::Askew, frame));
    planes.map(|p| (Met::Plane(p), cuts.body_frame(p))).chain(askew).collect::<Vec<_>>().into_iter()
}

/// Pointing at the patient.
pub fn plugin(app: &mut App) {
    app.init_resource::<Pointed>()
        .init_resource::<Hands>()
        .add_systems(PreUpdate, point.after(Bridged))
        .add_systems(Update, mark.run_if(|hands: Res<Hands>| hands.marked));
}

/// Where a ray meets a rectangle: share along each edge, and how far along the ray, mm.
fn meet(frame: &Frame, from: Point3<f64>, way: Vector3<f64>) -> Option<([f64; 2], f64)> {
    let along = way.dot(&frame.out);
    if along.abs() < 1e-9 {
        return None;
    }
    let far = (frame.corner - from).dot(&frame.out) / along;
    let p = from + way * far;
    let [u, v] = frame.edges.map(|e| (p - frame.corner).dot(&e) / e.norm_squared());
    (far > 0.0).then_some(([u, v], far))
}

fn point(
    family: Res<Family>,
    fields: Res<Fields>,
    viewing: Res<Viewing>,
    hands: Res<Hands>,
    frame: Option<Single<&GlobalTransform, With<PatientFrame>>>,
    mut pointer: ResMut<Pointer>,
    mut pointed: ResMut<Pointed>,
    mut cuts: ResMut<Cuts>,
) {
    let (Some(frame), Some(ray)) = (frame, pointer.ray) else {
        *pointed = Pointed::default();
        return;
    };
    if pointer.released {
        pointed.dragged = None;
    }
    // who looks about does not point
    if pointer.on.is_some() && pointed.dragged.is_none() || pointer.kind == PointerKind::Gaze || hands.holding() {
        (pointed.at, pointed.plane, pointed.ray) = (None, None, None);
        return;
    }
    let to_patient = frame.affine().inverse();
    let double = |v: Vec3| Vector3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z));
    let from = Point3::from(double(to_patient.transform_point3(ray.origin)));
    let way = double(to_patient.transform_vector3(*ray.direction));
    let shown = family.on(slices::ID) && fields.image.is_some();
    let hits = standing(&cuts, &viewing).filter(|_| shown).filter_map(|(plane, frame)| {
        let ([u, v], far) = meet(&frame, from, way)?;
        let inside = (0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v);
        (inside || pointed.dragged == Some(plane)).then_some((plane, far))
    });
    let held = pointed.dragged;
    let hit = hits.filter(|h| held.is_none_or(|d| d == h.0)).min_by(|a, b| a.1.total_cmp(&b.1));
    let at = hit.map(|(plane, far)| (plane, from + way * far, far));
    (pointed.plane, pointed.at) = (at.map(|a| a.0), at.map(|a| a.1));
    pointed.ray = at.map(|_| (from, way));
    if let Some((plane, p, far)) = at {
        // the ray's way in the patient is as long as its scale: far counts in the room's metres
        pointer.reach = Some(far as f32);
        if pointer.pressed {
            pointed.dragged = Some(plane);
        }
        if pointed.dragged.is_some() {
            cuts.go(p);
        }
        if pointer.scroll != 0.0 {
            let by = f64::from(std::mem::take(&mut pointer.scroll)) * SCROLL_MM;
            let mut to = cuts.at;
            match plane {
                Met::Plane(plane) => to[plane.across()] += by,
                Met::Askew => to += cuts.slant.map_or_else(Vector3::zeros, |f| f.out) * by,
            }
            cuts.go(to);
        }
    }
}

/// How far a ray of the room (metres) goes until it meets a plane that stands there; None: it meets none.
pub(crate) fn met(frame: &GlobalTransform, cuts: &Cuts, viewing: &Viewing, from: Vec3, way: Vec3) -> Option<f32> {
    let to_patient = frame.affine().inverse();
    let double = |v: Vec3| Vector3::new(f64::from(v.x), f64::from(v.y), f64::from(v.z));
    let start = Point3::from(double(to_patient.transform_point3(from)));
    let way = double(to_patient.transform_vector3(way));
    let hits = standing(cuts, viewing).filter_map(|(_, frame)| {
        let ([u, v], far) = meet(&frame, start, way)?;
        ((0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v)).then_some(far as f32)
    });
    hits.min_by(f32::total_cmp)
}

/// Sets a measuring point where it is pointed.
fn mark(world: &mut World) {
    if let Some(at) = world.resource::<Pointed>().at {
        world.resource_mut::<Cuts>().go(at);
        crate::overlay::measure::set_point(world);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_meets_a_plane_where_it_should() {
        let mut cuts =
            Cuts { bounds: [Point3::new(-10.0, -20.0, -30.0), Point3::new(10.0, 20.0, 30.0)], ..Cuts::default() };
        cuts.go(Point3::new(1.0, 2.0, 3.0));
        let frame = cuts.frame(AnatomicalPlane::Axial);
        // from above the head down to the feet, slanting to the left
        let ([u, v], far) = meet(&frame, Point3::new(0.0, 0.0, 23.0), Vector3::new(0.25, 0.0, -1.0)).unwrap();
        assert!((u - 0.75).abs() < 1e-12 && (v - 0.5).abs() < 1e-12 && (far - 20.0).abs() < 1e-12);
        assert!(meet(&frame, Point3::new(0.0, 0.0, 23.0), Vector3::z()).is_none());
        assert!(meet(&frame, Point3::new(0.0, 0.0, 23.0), Vector3::x()).is_none());
    }
}
