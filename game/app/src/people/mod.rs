//! Staff at their stations and the patient's figure: they stand where the session says, breathe, and look at the person.

use crate::machine::top_motion;
use crate::now::{Now, RoomData};
use crate::seat::Seat;
use crate::tokens;
use bevy::asset::RenderAssetUsages;
use bevy::gltf::GltfMeshName;
use bevy::light::NotShadowCaster;
use bevy::mesh::{Indices, VertexAttributeValues};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use std::collections::HashMap;
use vestibule_scenario::{Doing, Mask};

/// Side of the soft spot under somebody's feet, metres.
const SPOT_M: Vec2 = Vec2::new(0.95, 0.75);
/// From the joint of a head to the middle of the face: along the bone, then out to the skin, metres.
const HEAD_OFFSET_M: [f32; 2] = [0.08, 0.09];
/// How far a head turns from the body, radians.
const NECK: f32 = 0.9;

/// A member of staff in the room.
#[derive(Component)]
struct Staff {
    who: String,
}

/// The patient's figure on the couch, seen from outside.
#[derive(Component)]
struct Figure;

/// The thermoplastic mask over the figure's face.
#[derive(Component)]
struct MaskShape;

/// Something a test may look for in both eyes: its name, and how far before its origin the surface lies, metres.
#[derive(Component)]
pub struct Named {
    /// Name.
    pub name: String,
    /// Metres along the node's own +Y, then towards the eye.
    pub offset_m: [f32; 2],
}

/// A part of the figure that gives way to the person's own inside when that is shown.
#[derive(Component)]
struct GivesWay;

/// Bones of a person that are moved here, with their pose in the file.
#[derive(Component)]
struct Bone {
    part: BonePart,
    rest: Transform,
    owner: Entity,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum BonePart {
    Head,
    Chest,
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
}

/// People.
pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn)
        .add_systems(Update, (find_bones, find_skin, stand, lie, cut_head, give_way))
        .add_systems(PostUpdate, live.before(TransformSystems::Propagate));
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
    for (who, file) in &files.staff {
        // a person does not darken a lightmapped floor: without a soft dark spot under the feet they float
        commands.spawn((Staff { who: who.clone() }, scene(file), Transform::default(), Visibility::Hidden)).with_child(
            (
                Mesh3d(ground.clone()),
                MeshMaterial3d(spot.clone()),
                NotShadowCaster,
                Transform::from_xyz(0.0, 0.004, 0.02),
            ),
        );
    }
    for (file, mask) in [(&files.figure, false), (&files.mask, true)] {
        if file.is_empty() {
            continue;
        }
        let mut e = commands.spawn((Figure, scene(file), Transform::default(), Visibility::Hidden));
        if mask {
            e.insert(MaskShape);
        }
    }
}

/// Room heading (degrees clockwise seen from above, 0 = towards −Z) → turn about Y of a model that faces +Z.
fn facing(heading_deg: f64) -> f32 {
    std::f32::consts::PI - (heading_deg as f32).to_radians()
}

fn stand(now: Res<Now>, mut people: Query<(&Staff, &mut Transform, &mut Visibility)>) {
    for (person, mut t, mut visible) in &mut people {
        let pose = now.state.staff.iter().find(|s| s.who == person.who);
        visible.set_if_neq(if pose.is_some() { Visibility::Inherited } else { Visibility::Hidden });
        if let Some(pose) = pose {
            t.set_if_neq(
                Transform::from_translation(Vec3::from(pose.at_m.map(|v| v as f32)))
                    .with_rotation(Quat::from_rotation_y(facing(pose.heading_deg))),
            );
        }
    }
}

/// The figure lies on the table top and is carried by it.
fn lie(
    now: Res<Now>,
    data: Res<RoomData>,
    mut figures: Query<(&mut Transform, &mut Visibility, Has<MaskShape>), With<Figure>>,
) {
    let s = &now.state;
    let seen = data
        .0
        .viewpoints
        .get(&s.viewpoint)
        .is_some_and(|v| v.figure || v.own_body && s.patient == vestibule_scenario::Posture::Lying)
        && s.patient == vestibule_scenario::Posture::Lying;
    let motion = top_motion(&s.machine, data.0.isocentre_height_m as f32);
    for (mut t, mut visible, mask) in &mut figures {
        let on = seen && (!mask || matches!(s.mask, Mask::Laid | Mask::Fixed(_)));
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        t.set_if_neq(motion);
    }
}

fn find_skin(
    mut commands: Commands,
    new: Query<(Entity, &GltfMeshName), Added<GltfMeshName>>,
    parents: Query<&ChildOf>,
    figures: Query<(), With<Figure>>,
) {
    for (entity, name) in &new {
        let skin = matches!(name.0.as_str(), "skin" | "hair" | "eyes" | "mask" | "mask_frame");
        if skin && parents.iter_ancestors(entity).any(|a| figures.contains(a)) {
            commands.entity(entity).insert(GivesWay);
        }
    }
}

/// Where the figure's neck is cut when the head becomes transparent: everything nearer to the gantry goes, metres (room Z in
/// the pose of the file).
const NECK_Z_M: f32 = 0.175;

/// The figure's skin whole, and without the head.
#[derive(Component)]
struct Cut {
    whole: Handle<Mesh>,
    headless: Handle<Mesh>,
}

fn cut_head(
    mut commands: Commands,
    skins: Query<(Entity, &Mesh3d, &GltfMeshName), (With<GivesWay>, Without<Cut>)>,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    for (entity, mesh, name) in &skins {
        if name.0 != "skin" {
            continue;
        }
        let Some(whole) = meshes.get(&mesh.0) else { continue };
        let Some(VertexAttributeValues::Float32x3(at)) = whole.attribute(Mesh::ATTRIBUTE_POSITION) else { continue };
        let Some(indices) = whole.indices() else { continue };
        let list: Vec<u32> = indices.iter().map(|i| i as u32).collect();
        let kept =
            list.chunks(3).filter(|t| t.iter().any(|i| at[*i as usize][2] > NECK_Z_M)).flatten().copied().collect();
        let mut headless = whole.clone();
        headless.insert_indices(Indices::U32(kept));
        let headless = meshes.add(headless);
        commands.entity(entity).insert(Cut { whole: mesh.0.clone(), headless });
    }
}

fn give_way(
    now: Res<Now>,
    surfaces: Query<(), With<crate::anatomy::Kind>>,
    mut parts: Query<(&mut Visibility, &mut Mesh3d, Option<&Cut>), (With<GivesWay>, Without<Figure>)>,
) {
    let inside = now.state.anatomy_shown && !surfaces.is_empty();
    for (mut v, mut mesh, cut) in &mut parts {
        if let Some(cut) = cut {
            v.set_if_neq(Visibility::Inherited);
            let want = if inside { &cut.headless } else { &cut.whole };
            if mesh.0 != *want {
                mesh.0 = want.clone();
            }
        } else {
            v.set_if_neq(if inside { Visibility::Hidden } else { Visibility::Inherited });
        }
    }
}

fn find_bones(
    mut commands: Commands,
    new: Query<(Entity, &Name, &Transform), Added<Name>>,
    parents: Query<&ChildOf>,
    staff: Query<&Staff>,
    figures: Query<(), (With<Figure>, Without<MaskShape>)>,
) {
    for (entity, name, t) in &new {
        let lower = name.to_lowercase();
        let part = match lower.as_str() {
            "head" => BonePart::Head,
            "spine_03" | "chest" => BonePart::Chest,
            _ => continue,
        };
        for above in parents.iter_ancestors(entity) {
            let named = |name: &str| Named { name: name.to_owned(), offset_m: HEAD_OFFSET_M };
            if let Ok(person) = staff.get(above) {
                commands.entity(entity).insert(Bone { part, rest: *t, owner: above });
                if part == BonePart::Head {
                    commands.entity(entity).insert(named(&person.who));
                }
            } else if figures.contains(above) && part == BonePart::Head {
                commands.entity(entity).insert(named("patient"));
            }
        }
    }
}

/// Breathing, a slow sway, and the head turned to the person.
fn live(
    time: Res<Time<Real>>,
    now: Res<Now>,
    seat: Single<&Transform, (With<Seat>, Without<Bone>)>,
    people: Query<(&Staff, &Transform), (Without<Bone>, Without<Seat>)>,
    mut bones: Query<(&Bone, &mut Transform)>,
) {
    for (bone, mut t) in &mut bones {
        let Ok((person, body)) = people.get(bone.owner) else { continue };
        // each breathes in their own time
        let own = person.who.bytes().map(u32::from).sum::<u32>() as f32 * 0.37;
        let breath = ((time.elapsed_secs() + own) * std::f32::consts::TAU / 4.2).sin();
        let extra = match bone.part {
            BonePart::Chest => Quat::from_rotation_x(-0.008 * breath),
            BonePart::Head => {
                let doing = now.state.staff.iter().find(|s| s.who == person.who).map(|s| s.doing);
                let looks = matches!(doing, Some(Doing::Looks | Doing::Speaks | Doing::Greets));
                let to = body.rotation.inverse() * (seat.translation - body.translation - Vec3::Y * 1.55);
                let yaw = if looks { f32::atan2(to.x, to.z).clamp(-NECK, NECK) * 0.8 } else { 0.0 };
                Quat::from_rotation_y(yaw) * Quat::from_rotation_x(0.01 * breath)
            }
        };
        t.rotation = bone.rest.rotation * extra;
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
    Image::new(size, TextureDimension::D2, data, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD)
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
