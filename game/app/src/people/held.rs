//! What staff hold out to the person: the card with the scale from 0 to 10, and the mask that was taken off.

use super::Staff;
use super::moves::Act;
use crate::now::Now;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use vestibule_scenario::Doing;

/// The card's picture, relative to the asset root.
const CARD: &str = "models/people/scale_card.png";
/// Width, height and thickness of the card, metres.
const CARD_M: Vec3 = Vec3::new(0.34, 0.13, 0.004);
/// Middle of the card before who holds it (their own frame: +Z ahead), and how far it leans back, radians.
const CARD_AT_M: Vec3 = Vec3::new(0.0, 1.16, 0.36);
const CARD_LEAN: f32 = 0.45;
/// Where the two palms are: under the card's lower corners.
const CARD_GRIP_M: Vec3 = Vec3::new(0.155, 1.075, 0.335);
/// Middle of the mask's frame before who carries it, and half the distance between the palms there.
const MASK_AT_M: Vec3 = Vec3::new(0.0, 1.09, 0.40);
const MASK_GRIP_M: f32 = 0.155;
/// How far a carried mask is raised from lying flat, radians.
const MASK_LEAN: f32 = 0.8;

/// The card in the hands of this person.
#[derive(Component)]
pub(super) struct Card(Entity);

/// Both palms of somebody who holds something out, in their own frame.
pub(super) fn grip(doing: Doing) -> [Vec3; 2] {
    let right = match doing {
        Doing::Carries => MASK_AT_M - Vec3::X * MASK_GRIP_M - Vec3::Y * 0.02,
        _ => CARD_GRIP_M * Vec3::new(-1.0, 1.0, 1.0),
    };
    [right * Vec3::new(-1.0, 1.0, 1.0), right]
}

/// Where a carried mask is: its own middle (in the pose of the file, head towards −Z, face up) goes into the hands.
pub(super) fn carried(body: &Transform, middle: Vec3) -> Transform {
    // the crown above, the face away from who carries it
    let turn = Quat::from_rotation_x(MASK_LEAN);
    *body * Transform::from_translation(MASK_AT_M).with_rotation(turn) * Transform::from_translation(-middle)
}

/// One card for each new member of staff.
pub(super) fn give(
    mut commands: Commands,
    new: Query<Entity, Added<Staff>>,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    for person in &new {
        let paper = StandardMaterial {
            base_color_texture: Some(assets.load(CARD)),
            perceptual_roughness: 0.6,
            reflectance: tokens::MATT,
            lightmap_exposure: tokens::unit(),
            ..default()
        };
        let back = StandardMaterial { base_color_texture: None, base_color: tokens::CARD, ..paper.clone() };
        let front = (
            Mesh3d(meshes.add(Rectangle::from_size(CARD_M.truncate()))),
            MeshMaterial3d(materials.add(paper)),
            NotShadowCaster,
            Transform::from_xyz(0.0, 0.0, CARD_M.z * 0.5 + 0.0005),
        );
        commands
            .spawn((
                Card(person),
                Mesh3d(meshes.add(Cuboid::from_size(CARD_M))),
                MeshMaterial3d(materials.add(back)),
                NotShadowCaster,
                Transform::default(),
                Visibility::Hidden,
            ))
            .with_child(front);
    }
}

/// The card goes with the hands.
pub(super) fn show(
    now: Res<Now>,
    people: Query<(&Staff, &Act, &Transform), Without<Card>>,
    mut cards: Query<(&Card, &mut Transform, &mut Visibility)>,
) {
    for (card, mut t, mut visible) in &mut cards {
        let Ok((person, act, body)) = people.get(card.0) else { continue };
        let pose = now.state.staff.iter().find(|s| s.who == person.who);
        let asks = pose.is_some_and(|p| p.doing == Doing::Asks) && act.holds() > 0.5;
        visible.set_if_neq(if asks { Visibility::Visible } else { Visibility::Hidden });
        let lean = Quat::from_rotation_x(-CARD_LEAN);
        t.set_if_neq(*body * Transform::from_translation(CARD_AT_M).with_rotation(lean));
    }
}
