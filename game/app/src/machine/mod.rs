//! Gantry, couch, imagers, snout and door, posed by the session's IEC angles. Signs and units come from the frames module alone.

mod couch;

pub use couch::Arm;

use crate::now::{Now, RoomData};
use crate::people::Named;
use bevy::prelude::*;
use vestibule_geometry::BeamAngles;
use vestibule_geometry::frames::fixed_to_room;
use vestibule_scenario::MachinePose;

/// How far the imagers slide towards the couch, metres, and how far their panels turn then, degrees.
const IMAGER_OUT_M: f32 = 0.90;
const PANEL_TURN_DEG: f32 = 75.0;
/// Where the door leaf goes when it opens, metres.
const DOOR_OPEN_M: Vec3 = Vec3::new(0.0, 0.0, -1.5);
/// From the first link's pivot down to the middle of the couch's column, and out to its skin, metres.
const COLUMN_M: [f32; 2] = [-0.15, 0.27];
/// The node of the lamps, and a point on the lit ring of the bore's end wall, room frame, metres.
const LAMPS: &str = "emit";
const RING_M: Vec3 = Vec3::new(-1.459, 1.930, -1.15);
/// Downstream side of the modelled snout from the isocentre, and how far it slides out, metres.
const SNOUT_MODELLED_M: f32 = 0.441;
const SNOUT_TRAVEL_M: f32 = 0.12;

/// A moving node of the room's file.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Turns about the beam's axis of rotation.
    Gantry,
    /// Slides along the beam.
    Snout,
    /// X-ray panel, left in the file's sense.
    ImagerLeft,
    /// X-ray panel, right.
    ImagerRight,
    /// What turns at the end of the left one.
    PanelLeft,
    /// What turns at the end of the right one.
    PanelRight,
    /// First link of the couch's arm.
    Link1,
    /// Second link.
    Link2,
    /// The column that lifts the wrist.
    Wrist,
    /// Table top; carries the patient.
    Top,
    /// Door leaf.
    Door,
    /// Soft shadow card under the first link.
    ShadowLink1,
    /// Under the second.
    ShadowLink2,
    /// Under the top.
    ShadowTop,
}

impl Part {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "gantry" => Self::Gantry,
            "snout" => Self::Snout,
            "imager_l" => Self::ImagerLeft,
            "imager_r" => Self::ImagerRight,
            "link1" => Self::Link1,
            "link2" => Self::Link2,
            "wrist" => Self::Wrist,
            "top" => Self::Top,
            "door" => Self::Door,
            "panel_l" => Self::PanelLeft,
            "panel_r" => Self::PanelRight,
            "shadow_link1" => Self::ShadowLink1,
            "shadow_link2" => Self::ShadowLink2,
            "shadow_top" => Self::ShadowTop,
            _ => return None,
        })
    }
}

/// Pose of a node in its parent and in the room as the file has it: gantry 0°, couch 0° at the treatment position.
#[derive(Component, Clone, Copy, Debug)]
pub struct Rest {
    /// In its parent.
    pub local: Transform,
    /// In the room.
    pub room: Transform,
}

/// Poses the machine after the session moved and before transforms are handed down.
pub fn plugin(app: &mut App) {
    app.add_systems(Update, recognise).add_systems(PostUpdate, pose.before(TransformSystems::Propagate));
}

/// IEC fixed axes → room, rotation only.
fn axes() -> Quat {
    quat(fixed_to_room(0.0).isometry.rotation)
}

fn quat(q: nalgebra::UnitQuaternion<f64>) -> Quat {
    Quat::from_xyzw(q.i as f32, q.j as f32, q.k as f32, q.w as f32).normalize()
}

fn angles(pose: &MachinePose) -> BeamAngles {
    BeamAngles {
        gantry_deg: pose.gantry_deg,
        patient_support_deg: pose.couch_deg,
        table_pitch_deg: pose.couch_pitch_deg,
        table_roll_deg: pose.couch_roll_deg,
        ..Default::default()
    }
}

/// What the gantry's turn does in the room: a rotation about the isocentre.
pub fn gantry_turn(pose: &MachinePose) -> Quat {
    let f = axes();
    f * quat(nalgebra::UnitQuaternion::from_rotation_matrix(&angles(pose).gantry_to_fixed())) * f.inverse()
}

/// What the couch's pose does in the room to whatever lies on the table top at the treatment position: a turn about the
/// isocentre, then the table's travel.
pub fn top_motion(pose: &MachinePose, isocentre_height_m: f32) -> Transform {
    let f = axes();
    let turn =
        f * quat(nalgebra::UnitQuaternion::from_rotation_matrix(&angles(pose).table_top_to_fixed())) * f.inverse();
    let travel = f * Vec3::from(pose.couch_top_m.map(|v| v as f32));
    let iso = Vec3::Y * isocentre_height_m;
    Transform { translation: iso + travel - turn * iso, rotation: turn, ..default() }
}

/// Where the middle of an X-ray panel stands when the imager whose rest this is has come out, room frame, metres.
pub fn imager_out(rest: &Rest) -> Vec3 {
    rest.room.translation + Vec3::Z * IMAGER_OUT_M
}

fn recognise(
    mut commands: Commands,
    new: Query<(Entity, &Name), Added<Name>>,
    parents: Query<&ChildOf>,
    transforms: Query<&Transform>,
) {
    for (entity, name) in &new {
        if name.as_str() == LAMPS {
            let ring = Named { name: "ring".to_owned(), offset_m: [0.0, 0.0] };
            let at = Transform::from_translation(RING_M);
            commands.entity(entity).with_child((ring, at, Visibility::default()));
        }
        let Some(part) = Part::of(name) else { continue };
        let Ok(local) = transforms.get(entity) else { continue };
        let mut room = *local;
        for above in parents.iter_ancestors(entity) {
            if let Ok(t) = transforms.get(above) {
                room = *t * room;
            }
        }
        commands.entity(entity).insert((part, Rest { local: *local, room }));
        if part == Part::Link1 {
            commands.entity(entity).insert(Named { name: "couch".to_owned(), offset_m: COLUMN_M });
        }
    }
}

/// Smooth step from `low` to `high`.
fn smooth(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The couch's arm for one pose: turns of both links and the wrist about +Y, and how far all of it rises.
struct ArmPose {
    link1: f32,
    link2: f32,
    wrist: f32,
    lift: f32,
}

fn pose(
    now: Res<Now>,
    data: Res<RoomData>,
    mut nodes: Query<(&Part, &Rest, &mut Transform)>,
    mut seen: Local<usize>,
    mut last: Local<Option<MachinePose>>,
) {
    let pose = &now.state.machine;
    let count = nodes.iter().count();
    if *last == Some(*pose) && *seen == count {
        return;
    }
    (*last, *seen) = (Some(*pose), count);
    let rests: std::collections::HashMap<Part, Rest> = nodes.iter().map(|n| (*n.0, *n.1)).collect();
    let motion = top_motion(pose, data.0.isocentre_height_m as f32);
    let (yaw, _, _) = motion.rotation.to_euler(EulerRot::YXZ);
    let find = |p: Part| rests.get(&p).copied();
    let arm = match (find(Part::Link1), find(Part::Link2), find(Part::Wrist)) {
        (Some(a), Some(b), Some(c)) => {
            let rest = c.room.translation;
            let arm = Arm {
                base: couch::flat(a.room.translation),
                elbow: couch::flat(b.room.translation),
                wrist: couch::flat(rest),
            };
            let to = motion * rest;
            let t = arm.solve(couch::flat(to));
            ArmPose { link1: t.link1, link2: t.link2, wrist: yaw - t.link1 - t.link2, lift: to.y - rest.y }
        }
        _ => ArmPose { link1: 0.0, link2: 0.0, wrist: 0.0, lift: 0.0 },
    };
    // the chain as it stands, for what hangs on it
    let link1 = find(Part::Link1).map(|r| raised(&turned(&r.room, arm.link1), arm.lift));
    let link2 = find(Part::Link2).zip(link1).map(|(r, above)| above * turned(&r.local, arm.link2));
    let wrist = find(Part::Wrist).zip(link2).map(|(r, above)| above * turned(&r.local, arm.wrist));
    let out = pose.imagers as f32;
    for (part, rest, mut t) in &mut nodes {
        let local = &rest.local;
        let under = |above: Option<Transform>, of: Part| match above.zip(find(of)) {
            // keeps its own height and its place relative to what it lies under
            Some((now, rest_of)) => {
                let turn = now.rotation * rest_of.room.rotation.inverse();
                let at = now.translation + turn * (local.translation - rest_of.room.translation);
                Transform {
                    translation: Vec3::new(at.x, local.translation.y, at.z),
                    rotation: turn * local.rotation,
                    ..*local
                }
            }
            None => *local,
        };
        let posed = match part {
            Part::Gantry => Transform { rotation: gantry_turn(pose) * local.rotation, ..*local },
            Part::Snout => {
                let by = (SNOUT_MODELLED_M - pose.snout_m as f32).clamp(0.0, SNOUT_TRAVEL_M);
                Transform { translation: local.translation - Vec3::Y * by, ..*local }
            }
            Part::ImagerLeft | Part::ImagerRight => {
                let by = IMAGER_OUT_M * smooth(0.0, 0.65, out);
                Transform { translation: local.translation + Vec3::Z * by, ..*local }
            }
            Part::PanelLeft => turned(local, PANEL_TURN_DEG.to_radians() * smooth(0.5, 1.0, out)),
            Part::PanelRight => turned(local, -PANEL_TURN_DEG.to_radians() * smooth(0.5, 1.0, out)),
            Part::Door => Transform { translation: local.translation + DOOR_OPEN_M * pose.door as f32, ..*local },
            Part::Link1 => raised(&turned(local, arm.link1), arm.lift),
            Part::Link2 => turned(local, arm.link2),
            Part::Wrist => turned(local, arm.wrist),
            // whatever the arm did, the top is where the session says
            Part::Top => match wrist {
                Some(above) => inverse(&above) * (motion * rest.room),
                None => motion * *local,
            },
            Part::ShadowLink1 => under(link1, Part::Link1),
            Part::ShadowLink2 => under(link2, Part::Link2),
            Part::ShadowTop => under(wrist, Part::Wrist),
        };
        t.set_if_neq(posed);
    }
}

fn raised(t: &Transform, by: f32) -> Transform {
    Transform { translation: t.translation + Vec3::Y * by, ..*t }
}

fn turned(rest: &Transform, turn: f32) -> Transform {
    Transform { rotation: Quat::from_rotation_y(turn) * rest.rotation, ..*rest }
}

/// Inverse of a transform without shear and with uniform scale.
fn inverse(t: &Transform) -> Transform {
    let rotation = t.rotation.inverse();
    let scale = 1.0 / t.scale;
    Transform { translation: rotation * -t.translation * scale, rotation, scale }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_geometry::{Frames, PatientPosition};

    fn pose_of(gantry_deg: f64, couch_deg: f64, top: [f64; 3], pitch: f64, roll: f64) -> MachinePose {
        MachinePose {
            gantry_deg,
            couch_deg,
            couch_top_m: top,
            couch_pitch_deg: pitch,
            couch_roll_deg: roll,
            imagers: 0.0,
            snout_m: 0.4,
            door: 0.0,
        }
    }

    fn close(a: Vec3, b: nalgebra::Point3<f64>, what: &str) {
        let b = Vec3::new(b.x as f32, b.y as f32, b.z as f32);
        assert!((a - b).length() < 1e-5, "{what}: {a} is not {b}");
    }

    /// A point that turns with the gantry stands where the frames module says, at every angle.
    #[test]
    fn the_gantry_turns_as_the_frames_say() {
        let iso = Vec3::Y * 1.25;
        for deg in [0.0, 37.0, 90.0, 180.0, 270.0, -90.0] {
            let pose = pose_of(deg, 0.0, [0.0; 3], 0.0, 0.0);
            let angles = BeamAngles { gantry_deg: deg, ..Default::default() };
            for g in [[0.0, 0.0, 441.0], [100.0, 30.0, 0.0], [-50.0, 200.0, -300.0]] {
                let p = nalgebra::Point3::from(g);
                let want = fixed_to_room(1.25) * (angles.gantry_to_fixed() * p);
                let at0 = fixed_to_room(1.25) * p;
                let at0 = Vec3::new(at0.x as f32, at0.y as f32, at0.z as f32);
                close(iso + gantry_turn(&pose) * (at0 - iso), want, &format!("gantry {deg}"));
            }
        }
        // facing the gantry it turns clockwise: at 90° the nozzle stands on the right
        let right = gantry_turn(&pose_of(90.0, 0.0, [0.0; 3], 0.0, 0.0)) * Vec3::Y;
        assert!((right - Vec3::X).length() < 1e-6);
    }

    /// A point of the patient that the couch carries stands where the frames module says.
    #[test]
    fn the_couch_carries_the_patient_as_the_frames_say() {
        let frames = Frames { isocentre_mm: nalgebra::Point3::new(10.0, -20.0, 30.0), position: PatientPosition::Hfs };
        let set_up = frames.patient_to_room(&BeamAngles::default(), 1.25);
        for (couch, pitch, roll) in [(0.0, 0.0, 0.0), (90.0, 0.0, 0.0), (-35.0, 0.0, 0.0), (20.0, 2.0, -3.0)] {
            let angles = BeamAngles {
                patient_support_deg: couch,
                table_pitch_deg: pitch,
                table_roll_deg: roll,
                ..Default::default()
            };
            let motion = top_motion(&pose_of(0.0, couch, [0.0; 3], pitch, roll), 1.25);
            for p in [[10.0, -20.0, 30.0], [110.0, 0.0, 60.0], [-40.0, 90.0, -200.0]] {
                let p = nalgebra::Point3::from(p);
                let start = set_up * p;
                let start = Vec3::new(start.x as f32, start.y as f32, start.z as f32);
                close(motion * start, frames.patient_to_room(&angles, 1.25) * p, &format!("couch {couch}"));
            }
        }
        // travel is in IEC fixed axes: towards the gantry is −Z
        let moved = top_motion(&pose_of(0.0, 0.0, [0.1, 0.2, 0.3], 0.0, 0.0), 1.25) * Vec3::ZERO;
        assert!((moved - Vec3::new(0.1, 0.3, -0.2)).length() < 1e-6, "{moved}");
    }

    /// The table top's node stands where the couch's pose says, through the whole arm.
    #[test]
    fn the_top_node_arrives_through_the_arm() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, TransformPlugin)).add_plugins(plugin);
        let room: vestibule_scenario::Room =
            vestibule_scenario::Room::from_ron(include_str!("../../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let session = crate::now::tests::state();
        app.insert_resource(RoomData(std::sync::Arc::new(room)));
        let mut state = session;
        state.machine = pose_of(50.0, 30.0, [0.05, -0.4, -0.2], 1.0, 2.0);
        app.insert_resource(Now { state: state.clone() });
        let mut above: Option<(Entity, Vec3)> = None;
        let mut top = Entity::PLACEHOLDER;
        for (name, at) in [
            ("link1", Vec3::new(0.45, 0.507, 2.1)),
            ("link2", Vec3::new(-0.9, 0.687, 2.3)),
            ("wrist", Vec3::new(0.0, 0.857, 1.15)),
            ("top", Vec3::new(0.0, 1.062, 1.15)),
        ] {
            let local = Transform::from_translation(at - above.map_or(Vec3::ZERO, |a| a.1));
            top = app.world_mut().spawn((Name::new(name), local)).id();
            if let Some((parent, _)) = above {
                app.world_mut().entity_mut(parent).add_child(top);
            }
            above = Some((top, at));
        }
        app.update();
        app.update();
        let got = app.world().get::<GlobalTransform>(top).unwrap();
        let want = top_motion(&state.machine, 1.25) * Transform::from_xyz(0.0, 1.062, 1.15);
        assert!(got.translation().distance(want.translation) < 1e-4, "{} {}", got.translation(), want.translation);
        assert!(got.rotation().angle_between(want.rotation) < 1e-3);
    }
}
