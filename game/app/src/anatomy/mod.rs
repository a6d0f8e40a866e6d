//! The patient's own inside at life size: surfaces from their images, the dose as it grows, the beam that paints it.

mod beam;
mod dose;
mod kept;
mod materials;
mod surfaces;

pub use dose::{DoseNow, place as box_of};
pub use kept::{KeepsMeshes, MeshKeeper};
pub use materials::{DoseMaterial, GlassMaterial, GlassUniform};
pub use surfaces::{Kind, mesh as card_mesh};

use crate::events::Events;
use crate::machine::top_motion;
use crate::now::{Case, Now, RoomData};
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use vestibule_geometry::{BeamAngles, Frames, PatientPosition, TriMesh};

/// Frame of the patient: children are in DICOM patient coordinates, mm.
#[derive(Component)]
pub struct PatientFrame;

/// Surfaces that are being worked out; gone when they stand.
#[derive(Resource)]
pub struct Growing(Task<(Vec<(Kind, TriMesh)>, bool)>);

/// Surfaces, dose and beam.
pub fn plugin(app: &mut App) {
    app.add_plugins(materials::plugin)
        .init_resource::<MeshKeeper>()
        .init_resource::<DoseNow>()
        .add_systems(Startup, (start, beam::spawn))
        .add_systems(Update, (stand, beam::update, show))
        // a review has dose of its own
        .add_systems(Update, dose::update.run_if(not(resource_exists::<crate::now::Reviewing>)))
        .add_systems(PostUpdate, follow.before(TransformSystems::Propagate));
}

fn start(
    mut commands: Commands,
    case: Option<Res<Case>>,
    keeper: Res<MeshKeeper>,
    reviewing: Option<Res<crate::now::Reviewing>>,
) {
    commands.spawn((PatientFrame, Transform::default(), Visibility::Inherited));
    // a review shows the structures themselves
    if let (Some(case), None) = (case, reviewing) {
        let (case, keeper) = (case.clone(), keeper.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move { kept::surfaces(&case, &keeper) });
        commands.insert_resource(Growing(task));
    }
}

fn stand(
    mut commands: Commands,
    growing: Option<ResMut<Growing>>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GlassMaterial>>,
    out: Res<Events>,
) {
    let (Some(mut growing), Some(frame)) = (growing, frame) else { return };
    let Some((list, read)) = block_on(poll_once(&mut growing.0)) else { return };
    commands.remove_resource::<Growing>();
    let triangles: usize = list.iter().map(|m| m.1.triangle_count()).sum();
    let how = if read { "read" } else { "made" };
    out.say(format_args!("anatomy: {} surfaces, {triangles} triangles, {how}", list.len()));
    for (kind, m) in list {
        let entity = commands
            .spawn((
                kind,
                Mesh3d(meshes.add(surfaces::mesh(m))),
                MeshMaterial3d(materials.add(surfaces::material(kind))),
                NotShadowCaster,
                Visibility::Hidden,
            ))
            .id();
        commands.entity(*frame).add_child(entity);
    }
}

fn show(now: Res<Now>, mut surfaces: Query<&mut Visibility, With<Kind>>) {
    let want = if now.state.anatomy_shown { Visibility::Inherited } else { Visibility::Hidden };
    for mut v in &mut surfaces {
        v.set_if_neq(want);
    }
}

/// Without a plan the middle of the first image stands at the isocentre.
fn unplanned(case: &Case) -> Option<Frames> {
    let image = case.patient.images.first()?;
    let [low, high] = image.volume.grid.bounds();
    Some(Frames { isocentre_mm: low + (high - low) * 0.5, position: image.position.unwrap_or(PatientPosition::Hfs) })
}

/// Where the patient's frame stands in the room: at the treatment position of the couch's 0, carried by the couch.
pub fn patient_in_room(
    case: &Case,
    pose: &vestibule_scenario::MachinePose,
    isocentre_height_m: f64,
) -> Option<Transform> {
    let planned = case.patient.plans.get(case.plan).and_then(|p| Some(p.frames(p.beams.first()?)));
    let at = planned.or_else(|| unplanned(case))?.patient_to_room(&BeamAngles::default(), isocentre_height_m);
    let r = at.isometry.rotation;
    let t = at.isometry.translation;
    let set_up = Transform {
        translation: Vec3::new(t.x as f32, t.y as f32, t.z as f32),
        rotation: Quat::from_xyzw(r.i as f32, r.j as f32, r.k as f32, r.w as f32).normalize(),
        scale: Vec3::splat(at.scaling() as f32),
    };
    Some(top_motion(pose, isocentre_height_m as f32) * set_up)
}

fn follow(
    now: Res<Now>,
    data: Res<RoomData>,
    case: Option<Res<Case>>,
    placing: Option<Res<crate::placing::Placing>>,
    mut frame: Query<&mut Transform, With<PatientFrame>>,
) {
    let (Some(case), Ok(mut t)) = (case, frame.single_mut()) else { return };
    if let Some(elsewhere) = placing.and_then(|p| p.pose) {
        t.set_if_neq(elsewhere);
    } else if let Some(at) = patient_in_room(&case, &now.state.machine, data.0.isocentre_height_m) {
        t.set_if_neq(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use std::sync::Arc;
    use vestibule_geometry::{Grid, Volume};
    use vestibule_patient::{Image, Modality, Patient};
    use vestibule_scenario::{MachinePose, Room};

    /// Room: X to the right of who faces the gantry, Y up, Z away from the gantry. Worked out by thinking of somebody who lies
    /// there, not from the frames module.
    #[test]
    fn in_every_position_left_back_and_head_are_where_they_lie() {
        let (x, y, z) = (Vec3::X, Vec3::Y, Vec3::Z);
        let room = Room::from_ron(include_str!("../../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let pose = MachinePose { couch_deg: 0.0, couch_top_m: [0.0; 3], ..room.rest };
        for (position, left, back, head) in [
            (PatientPosition::Hfs, x, -y, -z),
            (PatientPosition::Hfp, -x, y, -z),
            (PatientPosition::Hfdr, y, x, -z),
            (PatientPosition::Hfdl, -y, -x, -z),
            (PatientPosition::Ffs, -x, -y, z),
            (PatientPosition::Ffp, x, y, z),
            (PatientPosition::Ffdr, y, -x, z),
            (PatientPosition::Ffdl, -y, x, z),
        ] {
            let image = Image {
                uid: String::new(),
                study_uid: String::new(),
                frame_of_reference_uid: String::new(),
                modality: Modality::Mr,
                description: String::new(),
                position: Some(position),
                unit: String::new(),
                slice_uids: Vec::new(),
                phase: None,
                coarse: None,
                volume: Volume::filled(Grid::axial([3, 3, 3], [1.0; 3], Point3::new(9.0, 19.0, 29.0)), 0.0),
            };
            let case = Case { patient: Arc::new(Patient { images: vec![image], ..Patient::default() }), plan: 0 };
            let t = patient_in_room(&case, &pose, 1.25).unwrap();
            // without a plan the image's middle is at the isocentre
            let middle = t.transform_point(Vec3::new(10.0, 20.0, 30.0));
            assert!((middle - Vec3::new(0.0, 1.25, 0.0)).length() < 1e-5, "{position}: {middle}");
            for (way, want) in [(Vec3::X, left), (Vec3::Y, back), (Vec3::Z, head)] {
                let got = t.transform_point(Vec3::new(10.0, 20.0, 30.0) + way * 1000.0) - middle;
                assert!((got - want).length() < 1e-4, "{position}: {way} lies along {got}, not {want}");
            }
        }
    }
}
