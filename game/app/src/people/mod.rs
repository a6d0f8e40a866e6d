//! Staff at their stations and the patient's figure: they stand where the session says, move as people do, look at the person.

mod figure;
mod held;
mod moves;
mod reach;

use crate::now::{Now, RoomData};
use crate::tokens;
use bevy::app::AnimationSystems;
use bevy::asset::RenderAssetUsages;
use bevy::gltf::{Gltf, GltfMaterialName};
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use moves::{Act, Source};
use reach::Joints;
use std::collections::HashMap;
use vestibule_scenario::Doing;

/// The soft dark spot on the floor under somebody: part of the room's light, not of the person.
#[derive(Component)]
pub struct ShadowCard;

/// Side of the soft spot under somebody's feet, metres.
const SPOT_M: Vec2 = Vec2::new(0.95, 0.75);
/// Frames in which pictures that came with a figure reach the card.
const SETTLED: u32 = 6;
/// From the joint of a head to the middle of the face: along the bone, then out to the skin, metres.
const HEAD_OFFSET_M: [f32; 2] = [0.08, 0.09];

/// A member of staff in the room.
#[derive(Component)]
pub(crate) struct Staff {
    who: String,
}

impl Staff {
    /// Seconds by which this person is ahead of others who do the same.
    fn own_s(&self) -> f32 {
        self.who.bytes().map(u32::from).sum::<u32>() as f32 * 0.37
    }
}

/// The patient's figure on the couch, seen from outside, and what lies on the couch with it.
#[derive(Component)]
pub(crate) struct Figure;

/// The thermoplastic mask over the figure's face.
#[derive(Component)]
pub(crate) struct MaskShape;

/// What the head rests on: it stays on the couch when nobody lies there.
#[derive(Component)]
pub(crate) struct HeadRest;

/// The person's own body on a chair, seen when they look down.
#[derive(Component)]
pub(crate) struct Own;

/// Something a test may look for in both eyes: its name, and how far before its origin the surface lies, metres.
#[derive(Component)]
pub struct Named {
    /// Name.
    pub name: String,
    /// Metres along the node's own +Y, then towards the eye.
    pub offset_m: [f32; 2],
}

/// Files of people, relative to the asset root.
#[derive(Resource, Clone, Default)]
pub struct PeopleFiles {
    /// Model of each member of staff by name.
    pub staff: HashMap<String, String>,
    /// The patient lying on the back; empty for none.
    pub figure: String,
    /// The mask over the face; empty for none.
    pub mask: String,
    /// What the head rests on; empty for none.
    pub head_rest: String,
    /// The person's own body on a chair, without a head; empty for none.
    pub own: String,
}

/// People.
pub fn plugin(app: &mut App) {
    app.init_resource::<figure::MaskLift>()
        .add_systems(Startup, spawn)
        .add_systems(
            Update,
            (
                find_joints,
                figure::find_skin,
                held::give,
                (stand, held::show, figure::lie).chain(),
                figure::sit,
                figure::cut_head,
                figure::give_way,
                moves::wire,
            ),
        )
        .add_systems(PostUpdate, (soften, moves::play.before(AnimationSystems)))
        .add_systems(PostUpdate, reach::live.after(AnimationSystems).before(TransformSystems::Propagate));
}

fn spawn(
    mut commands: Commands,
    files: Res<PeopleFiles>,
    assets: Res<AssetServer>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let spot = materials.add(StandardMaterial {
        base_color_texture: Some(images.add(soft_spot())),
        unlit: true,
        alpha_mode: AlphaMode::Blend,
        ..default()
    });
    let ground = meshes.add(Plane3d::default().mesh().size(SPOT_M.x, SPOT_M.y));
    let scene = |file: &str| WorldAssetRoot(assets.load(GltfAssetLabel::Scene(0).from_asset(file.to_owned())));
    let source = |file: &str| Source(assets.load::<Gltf>(file.to_owned()));
    for (who, file) in &files.staff {
        // a person does not darken a lightmapped floor: without a soft dark spot under the feet they float
        let shade = (
            ShadowCard,
            Mesh3d(ground.clone()),
            MeshMaterial3d(spot.clone()),
            NotShadowCaster,
            Transform::from_xyz(0.0, 0.004, 0.02),
        );
        let person = (Staff { who: who.clone() }, Act::default(), Joints::default(), source(file));
        commands.spawn((person, scene(file), Transform::default(), Visibility::Hidden)).with_child(shade);
    }
    let lying = |file: &str| (Figure, scene(file), source(file), Transform::default(), Visibility::Hidden);
    if !files.figure.is_empty() {
        commands.spawn(lying(&files.figure));
    }
    if !files.mask.is_empty() {
        commands.spawn((lying(&files.mask), MaskShape));
    }
    if !files.own.is_empty() {
        commands.spawn((Own, scene(&files.own), source(&files.own), Transform::default(), Visibility::Hidden));
    }
    if !files.head_rest.is_empty() {
        commands.spawn((lying(&files.head_rest), HeadRest));
    }
}

/// Room heading (degrees clockwise seen from above, 0 = towards −Z) → turn about Y of a model that faces +Z.
fn facing(heading_deg: f64) -> f32 {
    std::f32::consts::PI - (heading_deg as f32).to_radians()
}

fn stand(
    now: Res<Now>,
    data: Res<RoomData>,
    lift: Res<figure::MaskLift>,
    mut people: Query<(&Staff, &mut Act, &mut Transform, &mut Visibility)>,
) {
    let isocentre = data.0.isocentre_height_m as f32;
    for (person, mut act, mut t, mut visible) in &mut people {
        let pose = now.state.staff.iter().find(|s| s.who == person.who);
        visible.set_if_neq(if pose.is_some() { Visibility::Inherited } else { Visibility::Hidden });
        let Some(pose) = pose else {
            *act = Act::default();
            continue;
        };
        let at = Vec3::from(pose.at_m.map(|v| v as f32));
        let mut heading = facing(pose.heading_deg);
        // who works stands square to the work
        if pose.doing == Doing::Works
            && let Some([a, b]) = figure::hands_at(&now.state, isocentre, lift.lift_m, at)
        {
            let to = (a + b) * 0.5 - at;
            heading = f32::atan2(to.x, to.z);
        }
        act.step(pose, &now.state, heading);
        t.set_if_neq(Transform::from_translation(at).with_rotation(Quat::from_rotation_y(act.heading)));
    }
}

fn find_joints(
    mut commands: Commands,
    new: Query<(Entity, &Name), Added<Name>>,
    parents: Query<&ChildOf>,
    mut staff: Query<(&Staff, &mut Joints)>,
    figures: Query<(), (With<Figure>, Without<MaskShape>)>,
) {
    for (entity, name) in &new {
        if !reach::KEPT.contains(&name.as_str()) {
            continue;
        }
        let head = name.as_str() == "head";
        let named = |name: &str| Named { name: name.to_owned(), offset_m: HEAD_OFFSET_M };
        for above in parents.iter_ancestors(entity) {
            if let Ok((person, mut joints)) = staff.get_mut(above) {
                joints.0.insert(name.as_str().to_owned(), entity);
                if head {
                    commands.entity(entity).insert(named(&person.who));
                }
            } else if figures.contains(above) && head {
                commands.entity(entity).insert(named("patient"));
            }
        }
    }
}

/// Hair is a picture with holes: its edges are as soft as the samples of a pixel allow, and need no sorting. Skin
/// and hair are matt: after the room dressed every material alike, their shine is taken back.
fn soften(
    new: Query<(&GltfMaterialName, &MeshMaterial3d<StandardMaterial>), Added<GltfMaterialName>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut again: Local<(u32, Vec<(String, Handle<StandardMaterial>)>)>,
) {
    let mut dress = |name: &str, handle: &Handle<StandardMaterial>| {
        let Some(mut material) = materials.get_mut(handle) else { return };
        match name {
            "hair" => {
                material.alpha_mode = AlphaMode::AlphaToCoverage;
                material.reflectance = tokens::MATT;
            }
            // alpha to coverage sharpens at one half: from a few steps away the whole net would fall under it
            "mask" => material.alpha_mode = AlphaMode::Blend,
            "skin" | "cloth" => material.reflectance = tokens::MATT,
            _ => {}
        }
    };
    let (left, parts) = &mut *again;
    for (name, handle) in &new {
        dress(&name.0, &handle.0);
        parts.push((name.0.clone(), handle.0.clone()));
        *left = SETTLED;
    }
    // A material that changes while its pictures are still on their way to the card is drawn as it was before. So the same
    // is said once more when they are there.
    *left = left.saturating_sub(1);
    if *left == 0 {
        parts.drain(..).for_each(|(name, handle)| dress(&name, &handle));
    }
}

fn soft_spot() -> Image {
    const N: u32 = 64;
    let [r, g, b, a] = tokens::SPOT;
    let alpha = |x, y| {
        let d = (Vec2::new(x as f32, y as f32) / (N as f32 * 0.5) - 1.0).length().min(1.0);
        (f32::from(a) * (1.0 - d * d).powi(2)) as u8
    };
    let data = (0..N * N).flat_map(|i| [r, g, b, alpha(i % N, i / N)]).collect();
    let size = Extent3d { width: N, height: N, depth_or_array_layers: 1 };
    Image::new(size, TextureDimension::D2, data, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_turn_clockwise_from_the_gantry() {
        for (deg, want) in [(0.0, Vec3::NEG_Z), (90.0, Vec3::X), (180.0, Vec3::Z), (-90.0, Vec3::NEG_X)] {
            let faces = Quat::from_rotation_y(facing(deg)) * Vec3::Z;
            assert!((faces - want).length() < 1e-5, "{deg}: {faces}");
        }
    }
}
