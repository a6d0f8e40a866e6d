//! Cameras in the ceiling that keep watch: a dome with a light, and its picture on the team's desk.

use super::CAMERA;
use crate::now::Now;
use crate::people::Named;
use crate::room::{RoomFiles, reflections};
use crate::tokens;
use bevy::camera::{Exposure, RenderTarget};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::NotShadowCaster;
use bevy::light::cluster::ClusterConfig;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::NoIndirectDrawing;
use std::collections::HashMap;
use vestibule_scenario::Room;

/// Pixels of a camera's picture.
const PIXELS: [u32; 2] = [512, 300];
/// Radius of the dome and of its lit ring, and half the ring's thickness, metres.
const DOME_M: f32 = 0.062;
const RING_M: f32 = 0.080;
const RING_THICK_M: f32 = 0.012;
/// The camera looks out of its dome from here, metres.
const BEFORE_M: f32 = 0.10;
/// Frames that are drawn at once when its picture begins to be shown, and seconds between two later ones: it need not
/// cost the eyes a frame each time.
const FIRST: u32 = 8;
const EVERY_S: f32 = 0.5;

/// A camera that keeps watch.
#[derive(Component)]
pub(super) struct Watch;

/// The ring of light of one.
#[derive(Component)]
pub(super) struct Lamp;

/// Hangs the cameras up; their pictures by name.
pub(super) fn spawn(
    commands: &mut Commands,
    room: &Room,
    assets: &AssetServer,
    files: &RoomFiles,
    images: &mut Assets<Image>,
    meshes: &mut Assets<Mesh>,
    materials: &mut Assets<StandardMaterial>,
) -> HashMap<String, Handle<Image>> {
    let mut pictures = HashMap::new();
    if room.cameras.is_empty() {
        return pictures;
    }
    let dome = meshes.add(Sphere::new(DOME_M).mesh().uv(20, 10));
    let ring = Torus { minor_radius: RING_THICK_M, major_radius: RING_M };
    let ring = meshes.add(ring.mesh().minor_resolution(8).major_resolution(28));
    let glass = materials.add(StandardMaterial {
        base_color: tokens::SCREEN_GLASS,
        perceptual_roughness: 0.15,
        lightmap_exposure: tokens::unit(),
        ..default()
    });
    let light = materials.add(StandardMaterial {
        base_color: tokens::SCREEN_GLASS,
        emissive: tokens::WATCH_LIGHT * tokens::unit(),
        emissive_exposure_weight: 1.0,
        ..default()
    });
    for (name, c) in &room.cameras {
        let [at, to] = [c.at_m, c.look_at_m].map(|p| Vec3::from(p.map(|v| v as f32)));
        commands.spawn((
            Named { name: format!("camera-{name}"), offset_m: [0.0, DOME_M] },
            Mesh3d(dome.clone()),
            MeshMaterial3d(glass.clone()),
            NotShadowCaster,
            Transform::from_translation(at),
        ));
        commands.spawn((
            Lamp,
            Mesh3d(ring.clone()),
            MeshMaterial3d(light.clone()),
            NotShadowCaster,
            Transform::from_translation(at),
        ));
        let image = Image::new_target_texture(PIXELS[0], PIXELS[1], TextureFormat::Rgba8UnormSrgb, None);
        let image = images.add(image);
        let aspect_ratio = PIXELS[0] as f32 / PIXELS[1] as f32;
        let fov = 2.0 * (((c.field_deg as f32).to_radians() * 0.5).tan() / aspect_ratio).atan();
        let eye = at + (to - at).normalize_or(Vec3::NEG_Y) * BEFORE_M;
        commands.spawn((
            Watch,
            Camera3d::default(),
            Camera { order: -2, is_active: false, ..default() },
            Projection::Perspective(PerspectiveProjection { fov, near: 0.05, aspect_ratio, ..default() }),
            RenderTarget::Image(image.clone().into()),
            Transform::from_translation(eye).looking_at(to, Vec3::Y),
            Tonemapping::KhronosPbrNeutral,
            Msaa::Sample4,
            Exposure { ev100: tokens::EV0 - tokens::ROOM_EV },
            ClusterConfig::Single,
            NoIndirectDrawing,
            reflections(assets, files),
        ));
        pictures.insert(name.clone(), image);
    }
    pictures
}

/// Draws a picture of each camera when it begins to be shown, then of one after the other.
pub(super) fn look(
    now: Res<Now>,
    time: Res<Time<Real>>,
    mut cameras: Query<&mut Camera, With<Watch>>,
    mut frames: Local<u32>,
    mut since_s: Local<f32>,
    mut turn: Local<usize>,
) {
    let shown = now.state.shown == CAMERA;
    (*frames, *since_s) = if shown { (*frames + 1, *since_s + time.delta_secs()) } else { (0, 0.0) };
    let next = *since_s >= EVERY_S;
    if next {
        (*since_s, *turn) = (0.0, *turn + 1);
    }
    let count = cameras.iter().count().max(1);
    for (k, mut camera) in cameras.iter_mut().enumerate() {
        let on = shown && (*frames <= FIRST || next && *turn % count == k);
        if camera.is_active != on {
            camera.is_active = on;
        }
    }
}

/// The light is always on, since the camera is; it is brighter while it is spoken of.
pub(super) fn lamp(
    now: Res<Now>,
    lamps: Query<&MeshMaterial3d<StandardMaterial>, With<Lamp>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut was: Local<Option<bool>>,
) {
    let shown = now.state.shown == CAMERA;
    if *was == Some(shown) || lamps.is_empty() {
        return;
    }
    *was = Some(shown);
    for lamp in &lamps {
        if let Some(mut material) = materials.get_mut(&lamp.0) {
            let by = if shown { tokens::WATCH_SHOWN } else { 1.0 };
            material.emissive = tokens::WATCH_LIGHT * tokens::unit() * by;
        }
    }
}
