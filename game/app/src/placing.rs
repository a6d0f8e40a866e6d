//! Where the patient stands and how large: on the couch at life size, as large as a table, or as large as a room; and hands that hold
//! them. One hand moves, two make larger and smaller and turn.

use crate::anatomy::PatientFrame;
use crate::events::Events;
use crate::overlay::Cuts;
use crate::seat::Seat;
use crate::tokens;
use bevy::asset::RenderAssetUsages;
use bevy::light::NotShadowCaster;
use bevy::mesh::PrimitiveTopology;
use bevy::prelude::*;
use bevy::world_serialization::WorldAssetRoot;
use serde::{Deserialize, Serialize};

/// Places that can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// On the couch, at life size, carried by it.
    #[default]
    Couch,
    /// As large as a table, upright, before the clinician.
    Table,
    /// As large as a room, the cross before the clinician; the treatment room is not drawn.
    Room,
    /// Where hands have put it.
    Held,
}

/// Where the patient stands.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Placing {
    /// As chosen.
    pub place: Place,
    /// The patient's frame in the room; None: on the couch.
    pub pose: Option<Transform>,
}

/// Where the hands are and what they hold: left, right, in the room.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Hands {
    /// Where they are; None: not seen.
    pub at: [Option<Transform>; 2],
    /// Closed round the patient.
    pub closed: [bool; 2],
    /// A measuring point was asked for in this frame.
    pub marked: bool,
}

impl Hands {
    /// Whether one holds the patient.
    pub fn holding(&self) -> bool {
        self.closed != [false; 2]
    }
}

/// Longest side of the patient's box on the table and in the room, metres.
const TABLE_M: f32 = 0.46;
const ROOM_M: f32 = 3.0;
/// Where the middle is on the table, and the cross in the room, from the eyes: ahead and up, metres.
const TABLE_AT_M: [f32; 2] = [0.62, -0.30];
const ROOM_AT_M: [f32; 2] = [1.1, -0.1];
/// Smallest and largest, times life size.
const SCALES: [f32; 2] = [0.1, 40.0];
/// Metres of a mm at life size.
const MM: f32 = 0.001;

/// Placing.
pub fn plugin(app: &mut App) {
    app.init_resource::<Placing>()
        .init_resource::<Hands>()
        .add_systems(Startup, lay_ground)
        .add_systems(Update, (hold, dim, tell));
}

/// Chooses a place.
pub fn choose(world: &mut World, place: Place) {
    let cuts = world.resource::<Cuts>();
    let [low, high] = cuts.body.unwrap_or(cuts.bounds);
    let f = |p: nalgebra::Point3<f64>| Vec3::new(p.x as f32, p.y as f32, p.z as f32);
    let (low, high, cross) = (f(low), f(high), f(cuts.at));
    let seat = world.query_filtered::<&Transform, With<Seat>>().iter(world).next().copied().unwrap_or_default();
    let pose = match place {
        Place::Couch | Place::Held => None,
        Place::Table => Some(upright(&seat, (low + high) * 0.5, TABLE_M / (high - low).max_element(), TABLE_AT_M)),
        Place::Room => Some(upright(&seat, cross, ROOM_M / (high - low).max_element(), ROOM_AT_M)),
    };
    *world.resource_mut::<Placing>() = Placing { place, pose };
}

/// The patient upright, facing who looks: `point` (mm) lies ahead and up of the seat, `scale` metres a mm.
fn upright(seat: &Transform, point: Vec3, scale: f32, [ahead, up]: [f32; 2]) -> Transform {
    // the patient's left is at the looker's right, their front towards the looker, their head up
    let right = seat.rotation * Vec3::X;
    let rotation = Quat::from_mat3(&Mat3::from_cols(right, seat.rotation * Vec3::NEG_Z, Vec3::Y));
    let at = seat.translation + seat.rotation * Vec3::new(0.0, up, -ahead);
    let t = Transform { translation: Vec3::ZERO, rotation, scale: Vec3::splat(scale) };
    Transform { translation: at - t.transform_point(point), ..t }
}

/// Where a hand or two took hold.
struct Hold {
    closed: [bool; 2],
    hands: [Transform; 2],
    frame: Transform,
}

fn hold(
    hands: Res<Hands>,
    mut placing: ResMut<Placing>,
    frame: Option<Single<&Transform, With<PatientFrame>>>,
    mut held: Local<Option<Hold>>,
) {
    let Some(frame) = frame else { return };
    let closed: [bool; 2] = std::array::from_fn(|i| hands.closed[i] && hands.at[i].is_some());
    if closed == [false; 2] {
        *held = None;
        return;
    }
    let now = hands.at.map(Option::unwrap_or_default);
    if held.as_ref().is_none_or(|h| h.closed != closed) {
        *held = Some(Hold { closed, hands: now, frame: **frame });
    }
    let Some(start) = &*held else { return };
    let pose = match closed {
        [true, true] => with_two(start, &now),
        [left, _] => {
            let i = usize::from(!left);
            let turn = now[i].rotation * start.hands[i].rotation.inverse();
            let translation = now[i].translation + turn * (start.frame.translation - start.hands[i].translation);
            Transform { translation, rotation: turn * start.frame.rotation, scale: start.frame.scale }
        }
    };
    *placing = Placing { place: Place::Held, pose: Some(pose) };
}

/// Turned and made larger or smaller about the middle between both hands.
fn with_two(start: &Hold, now: &[Transform; 2]) -> Transform {
    let between =
        |h: &[Transform; 2]| (h[1].translation - h[0].translation, (h[0].translation + h[1].translation) * 0.5);
    let ((from, middle), (to, there)) = (between(&start.hands), between(now));
    let life = start.frame.scale.x / MM;
    let scale = (to.length() / from.length().max(0.02)).clamp(SCALES[0] / life, SCALES[1] / life);
    let turn = match (from.try_normalize(), to.try_normalize()) {
        (Some(a), Some(b)) => Quat::from_rotation_arc(a, b),
        _ => Quat::IDENTITY,
    };
    Transform {
        translation: there + turn * (start.frame.translation - middle) * scale,
        rotation: turn * start.frame.rotation,
        scale: start.frame.scale * scale,
    }
}

/// Says how large the patient stands, if anybody listens.
fn tell(
    frame: Option<Single<&Transform, With<PatientFrame>>>,
    placing: Res<Placing>,
    out: Res<Events>,
    mut told: Local<String>,
) {
    let Some(frame) = frame.filter(|_| placing.pose.is_some()) else { return };
    let line = format!("patient size {:.3}", frame.scale.x / MM);
    if *told != line {
        out.say(format_args!("{line}"));
        *told = line;
    }
}

/// Lines on the floor, where the room is not drawn: who has no ground under their feet feels unwell.
#[derive(Component)]
struct Ground;

/// How far the ground reaches, and from one line to the next, metres.
const GROUND_M: f32 = 6.0;
const LINES_M: f32 = 0.5;

fn lay_ground(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let count = (2.0 * GROUND_M / LINES_M) as i32;
    let ends = (0..=count).flat_map(|i| {
        let at = i as f32 * LINES_M - GROUND_M;
        [[at, 0.0, -GROUND_M], [at, 0.0, GROUND_M], [-GROUND_M, 0.0, at], [GROUND_M, 0.0, at]]
    });
    let mesh = Mesh::new(PrimitiveTopology::LineList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, ends.collect::<Vec<_>>());
    let grey = Color::srgba_u8(tokens::SCREEN_DIM.r(), tokens::SCREEN_DIM.g(), tokens::SCREEN_DIM.b(), 255);
    commands.spawn((
        Ground,
        Mesh3d(meshes.add(mesh)),
        MeshMaterial3d(materials.add(StandardMaterial { base_color: grey, unlit: true, ..default() })),
        NotShadowCaster,
        Visibility::Hidden,
    ));
}

/// Inside a patient as large as a room there is no room.
fn dim(
    placing: Res<Placing>,
    mut scenes: Query<&mut Visibility, (With<WorldAssetRoot>, Without<Ground>)>,
    mut ground: Query<&mut Visibility, With<Ground>>,
    mut was: Local<bool>,
) {
    let away = placing.place == Place::Room;
    if away == *was {
        return;
    }
    *was = away;
    for mut v in &mut ground {
        v.set_if_neq(if away { Visibility::Visible } else { Visibility::Hidden });
    }
    for mut v in &mut scenes {
        v.set_if_neq(if away { Visibility::Hidden } else { Visibility::Inherited });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Vec3, b: Vec3) {
        assert!((a - b).length() < 1e-4, "{a} is not {b}");
    }

    #[test]
    fn upright_the_patient_faces_who_looks() {
        let seat = Transform::from_xyz(0.0, 1.5, 2.0).looking_to(Vec3::NEG_X, Vec3::Y);
        let t = upright(&seat, Vec3::new(10.0, 20.0, 30.0), 0.002, [0.6, -0.3]);
        near(t.transform_point(Vec3::new(10.0, 20.0, 30.0)), Vec3::new(-0.6, 1.2, 2.0));
        // the head is up, the front (−y) towards the looker (+X here), the left at the looker's right (−Z)
        near(t.rotation * Vec3::Z, Vec3::Y);
        near(t.rotation * Vec3::NEG_Y, Vec3::X);
        near(t.rotation * Vec3::X, Vec3::NEG_Z);
    }

    #[test]
    fn what_two_hands_hold_stays_between_them() {
        let frame = Transform { translation: Vec3::new(0.3, 1.0, 0.0), scale: Vec3::splat(MM), ..default() };
        let hands = [Transform::from_xyz(0.0, 1.0, 0.0), Transform::from_xyz(0.4, 1.0, 0.0)];
        let start = Hold { closed: [true; 2], hands, frame };
        // twice as far apart, turned by a quarter about Y, half a metre higher
        let now = [Transform::from_xyz(0.2, 1.5, 0.4), Transform::from_xyz(0.2, 1.5, -0.4)];
        let t = with_two(&start, &now);
        // points of the patient that were in the hands are in the hands
        for i in 0..2 {
            let mm = frame.to_matrix().inverse().transform_point3(hands[i].translation);
            near(t.transform_point(mm), now[i].translation);
        }
        assert!((t.scale.x / MM - 2.0).abs() < 1e-5);
        // and never larger than allowed
        let far = [Transform::from_xyz(-90.0, 1.0, 0.0), Transform::from_xyz(90.0, 1.0, 0.0)];
        assert!((with_two(&start, &far).scale.x / MM - SCALES[1]).abs() < 1e-3);
    }
}
