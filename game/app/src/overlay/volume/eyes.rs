//! Each eye's own picture of the volume: how large it is, and when it may be coarse.

use super::job::Marching;
use super::material::Over;
use super::{Body, ID};
use crate::overlay::{Family, dose, layers};
use crate::seat::Eye;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::prepass::DepthPrepass;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::extract_component::ExtractComponent;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy_mod_xr::camera::XrCamera;

/// How many eyes there can be.
const MOST: usize = 6;
/// Frames that are averaged once nothing moves; after as many nothing is marched until something does.
pub const STILL: u32 = 16;
/// How long after the last motion a window's picture is coarse, seconds.
const SETTLES_S: f32 = 0.25;
/// Pixels of an eye along one marched pixel while it moves, or in a headset.
const COARSE: u32 = 2;

/// What an eye marches into.
#[derive(Component, ExtractComponent, Clone)]
pub struct MarchedEye {
    slot: usize,
    /// Pixels of the eye's picture along one of the marched one's, now; and at the finest.
    pub coarse: u32,
    finest: u32,
    size: UVec2,
    /// Frames since anything moved.
    pub still: u32,
    /// Frames in all, for the noise while something moves.
    pub frame: u32,
    moved_s: f32,
    at: GlobalTransform,
    /// This frame's colours, and how far its rays went.
    pub marched: Handle<Image>,
    /// See [`MarchedEye::marched`].
    pub places: Handle<Image>,
    /// What is shown: this frame's and those before.
    pub shown: Handle<Image>,
    /// What was shown in the frame before.
    pub before: Handle<Image>,
}

/// The box that carries an eye's picture.
#[derive(Component)]
pub struct Carrier {
    eye: Entity,
}

/// When each eye's pictures are set up: whatever is marched stands in its place before.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Placed;

/// Each eye's pictures.
pub fn plugin(app: &mut App) {
    app.add_systems(PostUpdate, (give, rest, carry).chain().in_set(Placed).after(TransformSystems::Propagate));
}

/// Every eye has its pictures while the volume is on, and none otherwise. The room's depth, which ends the rays, is always drawn first:
/// everything that is drawn is made anew for the card when that changes, and the room would be dark until it is.
fn give(
    mut commands: Commands,
    family: Res<Family>,
    mut images: ResMut<Assets<Image>>,
    mut eyes: Query<
        (Entity, &Camera, Option<&mut MarchedEye>, Option<&RenderLayers>, Has<XrCamera>, Has<DepthPrepass>),
        (With<Eye>, With<Camera3d>),
    >,
) {
    let on = family.on(ID);
    let mut taken = [false; MOST];
    eyes.iter().filter_map(|e| e.2).for_each(|m| taken[m.slot] = true);
    for (eye, camera, has, layers, worn, depth) in &mut eyes {
        if !depth {
            commands.entity(eye).insert(DepthPrepass);
        }
        let own = layers.cloned().unwrap_or_default();
        if !on {
            if let Some(has) = has {
                let layers = own.without(layers::EYES + has.slot);
                commands.entity(eye).remove::<MarchedEye>().insert(layers);
            }
            continue;
        }
        let Some(size) = camera.physical_viewport_size().filter(|s| s.min_element() > 0) else { continue };
        let finest = if worn { COARSE } else { 1 };
        let need = UVec2::new(size.x.div_ceil(finest), size.y.div_ceil(finest));
        let slot = has.as_ref().map(|h| h.slot).or_else(|| taken.iter().position(|t| !t));
        let Some(slot) = slot.filter(|_| has.as_ref().is_none_or(|h| h.size != need || h.finest != finest)) else {
            continue;
        };
        taken[slot] = true;
        let mut picture = |format| {
            let mut image = Image::new_target_texture(need.x, need.y, format, None);
            image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
            images.add(image)
        };
        let marched = MarchedEye {
            slot,
            coarse: finest,
            finest,
            size: need,
            still: 0,
            frame: 0,
            moved_s: f32::NEG_INFINITY,
            at: GlobalTransform::default(),
            marched: picture(TextureFormat::Rgba16Float),
            places: picture(TextureFormat::Rg16Float),
            shown: picture(TextureFormat::Rgba16Float),
            before: picture(TextureFormat::Rgba16Float),
        };
        commands.entity(eye).insert((marched, own.with(layers::EYES + slot)));
    }
}

/// Whether anything that can be seen has moved, and so how coarse a picture may be.
fn rest(
    time: Res<Time>,
    marching: Res<Marching>,
    dose: Res<dose::DoseShow>,
    moved: Query<(), (With<Mesh3d>, Or<(Changed<GlobalTransform>, Changed<ViewVisibility>, Changed<Mesh3d>)>)>,
    mut meshes: MessageReader<AssetEvent<Mesh>>,
    mut eyes: Query<(&mut MarchedEye, &GlobalTransform)>,
) {
    let remade = meshes.read().count() > 0;
    let stirred = remade || marching.is_changed() || dose.refilled || !moved.is_empty();
    for (mut eye, at) in &mut eyes {
        let looks = eye.at != *at;
        let now = time.elapsed_secs();
        if looks || marching.is_changed() {
            eye.moved_s = now;
        }
        eye.at = *at;
        eye.frame = eye.frame.wrapping_add(1) % 4096;
        let coarse = if now - eye.moved_s < SETTLES_S { COARSE } else { eye.finest };
        eye.still = if looks || stirred || coarse != eye.coarse { 0 } else { (eye.still + 1).min(STILL) };
        eye.coarse = coarse;
    }
}

/// A box for each eye that no other eye sees.
fn carry(
    mut commands: Commands,
    body: Option<Single<(Entity, &Body)>>,
    eyes: Query<(Entity, &MarchedEye)>,
    mut carriers: Query<(Entity, &Carrier, &MeshMaterial3d<Over>)>,
    mut materials: ResMut<Assets<Over>>,
) {
    let Some(body) = body else { return };
    for (entity, carrier, _) in &carriers {
        if !eyes.contains(carrier.eye) {
            commands.entity(entity).despawn();
        }
    }
    for (eye, marched) in &eyes {
        let coarse = Vec4::new(marched.coarse as f32, 0.0, 0.0, 0.0);
        let over = || Over { coarse, shown: marched.shown.clone(), places: marched.places.clone() };
        if let Some((_, _, material)) = carriers.iter_mut().find(|c| c.1.eye == eye) {
            let stale = materials.get(&material.0).is_none_or(|m| m.coarse != coarse || m.shown != marched.shown);
            if stale && let Some(mut m) = materials.get_mut(&material.0) {
                *m = over();
            }
            continue;
        }
        let carrier = (
            Carrier { eye },
            Mesh3d(body.1.cube.clone()),
            MeshMaterial3d(materials.add(over())),
            Transform::default(),
            NotShadowCaster,
            RenderLayers::layer(layers::EYES + marched.slot),
        );
        commands.entity(body.0).with_child(carrier);
    }
}
