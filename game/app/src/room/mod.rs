//! The baked room: lightmap on what stands, irradiance volume on what moves and on people, one reflection probe.

mod mips;

use crate::tokens;
use bevy::gltf::{GltfMaterialName, GltfMeshName};
use bevy::light::cluster::GlobalClusterSettings;
use bevy::light::{IrradianceVolume, NotShadowCaster, ParallaxCorrection};
use bevy::mesh::{UvChannel, skinning::SkinnedMesh};
use bevy::pbr::Lightmap;
use bevy::prelude::*;
use bevy::world_serialization::WorldInstanceReady;
use serde::Deserialize;

/// The probe is a little larger than the room so that the walls lie inside.
const PROBE_GROW: f32 = 1.06;
/// The reflected box is the room's, and this much larger on each side, metres: a wall in its very face would reflect, from one pixel to the next,
/// what is across the room or itself, as the rounding falls.
const REFLECTED_M: f32 = 0.01;

/// Boxes of the baked light, in the room frame, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LightBoxes {
    /// The room's inside, lowest and highest corner; the panorama was taken at the centre of this box.
    pub room: [[f32; 3]; 2],
    /// The irradiance volume.
    pub volume: [[f32; 3]; 2],
}

/// A box as the room's `machine.json` has it.
#[derive(Deserialize)]
struct BoxInFile {
    min_m: [f32; 3],
    max_m: [f32; 3],
}

#[derive(Deserialize)]
struct MachineFile {
    volume: BoxInFile,
    probe: BoxInFile,
}

impl LightBoxes {
    /// From the room's `machine.json`, written with its light; where there is none, this volume and an ordinary room.
    pub fn read(file: &std::path::Path, volume: [[f32; 3]; 2]) -> Self {
        let known = std::fs::read_to_string(file).ok().and_then(|t| serde_json::from_str::<MachineFile>(&t).ok());
        match known {
            Some(m) => Self { room: [m.probe.min_m, m.probe.max_m], volume: [m.volume.min_m, m.volume.max_m] },
            None => Self { room: [[-3.5, 0.0, -1.15], [3.5, 3.2, 6.6]], volume },
        }
    }
}

/// Which room is shown.
#[derive(Resource, Clone)]
pub struct RoomFiles {
    /// Folder under the asset root, e.g. `rooms/proton-gantry`.
    pub folder: String,
    /// Boxes of the baked light.
    pub boxes: LightBoxes,
}

/// Handles of the room's baked light, and whether everything is in.
#[derive(Resource)]
pub struct Room {
    lightmap: Handle<Image>,
    occlusion: Handle<Image>,
    voxels: Handle<Image>,
    scenes: usize,
    /// True when every scene stands in the world and the light maps are loaded.
    pub loaded: bool,
}

/// Loads and dresses the room.
pub fn plugin(app: &mut App) {
    app.insert_resource(GlobalAmbientLight::NONE)
        .add_systems(PreStartup, without_clusters)
        .add_systems(Startup, load)
        .add_systems(Update, (dress, mips::add_mips, mend_shader, report))
        .add_observer(|_: On<WorldInstanceReady>, mut room: ResMut<Room>| room.scenes += 1);
}

/// The two light probes of the one room are given to the shaders by the processor: sorting lights on the card, for many, would cost every
/// view passes of its own.
fn without_clusters(settings: Option<ResMut<GlobalClusterSettings>>) {
    if let Some(mut settings) = settings {
        settings.gpu_clustering = None;
    }
}

/// The room's reflections for a camera, where no probe reaches.
pub fn reflections(assets: &AssetServer, files: &RoomFiles) -> EnvironmentMapLight {
    EnvironmentMapLight {
        diffuse_map: assets.load(format!("{}/diffuse.ktx2", files.folder)),
        specular_map: assets.load(format!("{}/specular.ktx2", files.folder)),
        intensity: tokens::unit(),
        affects_lightmapped_mesh_diffuse: false,
        ..default()
    }
}

fn load(mut commands: Commands, assets: Res<AssetServer>, files: Res<RoomFiles>) {
    let file = |name: &str| format!("{}/{name}", files.folder);
    commands.insert_resource(Room {
        lightmap: assets.load(file("lightmap.ktx2")),
        occlusion: assets.load(file("occlusion.ktx2")),
        voxels: assets.load(file("volume.ktx2")),
        scenes: 0,
        loaded: false,
    });
    let voxels: Handle<Image> = assets.load(file("volume.ktx2"));
    commands.spawn(WorldAssetRoot(assets.load(GltfAssetLabel::Scene(0).from_asset(file("room.glb")))));
    let [low, high] = files.boxes.volume.map(Vec3::from);
    commands.spawn((
        IrradianceVolume { voxels, intensity: tokens::unit(), affects_lightmapped_meshes: false },
        Transform::from_translation((low + high) * 0.5).with_scale(high - low),
    ));
    let [low, high] = files.boxes.room.map(Vec3::from);
    let scale = (high - low) * PROBE_GROW;
    commands.spawn((
        LightProbe::default(),
        reflections(&assets, &files),
        ParallaxCorrection::Custom(((high - low) * 0.5 + REFLECTED_M) / scale),
        Transform::from_translation((low + high) * 0.5).with_scale(scale),
    ));
}

/// Lightmap on `static`, occlusion on what moves, light strengths on the lamps. People need nothing: the volume lights them.
fn dress(
    mut commands: Commands,
    room: Res<Room>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    new: Query<
        (Entity, &GltfMeshName, &GltfMaterialName, &MeshMaterial3d<StandardMaterial>, Has<SkinnedMesh>),
        Added<MeshMaterial3d<StandardMaterial>>,
    >,
    store: Res<Assets<Mesh>>,
    meshes: Query<&Mesh3d>,
) {
    for (entity, mesh, name, handle, person) in &new {
        let Some(mut material) = materials.get_mut(handle) else { continue };
        material.lightmap_exposure = tokens::unit();
        if material.emissive != LinearRgba::BLACK && material.emissive_exposure_weight == 0.0 {
            // emission in the file is in room units; weight 1 puts it under the camera's exposure
            let shown = match &**name {
                n if n.starts_with("sky") => tokens::SKY_SHOWN,
                n if n.starts_with("view") => tokens::VIEW_SHOWN,
                _ => 1.0,
            };
            material.emissive = material.emissive * tokens::unit() * shown;
            material.emissive_exposure_weight = 1.0;
        }
        material.reflectance = 0.5;
        if &**name == "mask" {
            material.cull_mode = None;
            material.double_sided = true;
        }
        let has_uv1 = meshes
            .get(entity)
            .ok()
            .and_then(|m| store.get(&m.0))
            .is_some_and(|m| m.contains_attribute(Mesh::ATTRIBUTE_UV_1));
        match &**mesh {
            _ if person => {}
            "static" => {
                commands.entity(entity).insert(Lightmap {
                    image: room.lightmap.clone(),
                    bicubic_sampling: true,
                    ..default()
                });
            }
            "emit" => {
                commands.entity(entity).insert(NotShadowCaster);
            }
            "glass" => {
                let glass = StandardMaterial {
                    base_color: tokens::GLASS,
                    alpha_mode: AlphaMode::Blend,
                    perceptual_roughness: 0.05,
                    lightmap_exposure: tokens::unit(),
                    ..default()
                };
                drop(material);
                commands.entity(entity).insert((MeshMaterial3d(materials.add(glass)), NotShadowCaster));
            }
            // soft cards on the floor under the couch's arm
            n if n.starts_with("shadow") => {
                material.unlit = true;
                material.alpha_mode = AlphaMode::Blend;
                drop(material);
                commands.entity(entity).insert(NotShadowCaster);
            }
            "masks" => {} // plain: its UV 1 is not in the atlas
            _ if has_uv1 && material.occlusion_texture.is_none() => {
                // the same material on a thing with UV 1 gets a twin that reads the occlusion atlas
                let twin = StandardMaterial {
                    occlusion_texture: Some(room.occlusion.clone()),
                    occlusion_channel: UvChannel::Uv1,
                    ..material.clone()
                };
                drop(material);
                commands.entity(entity).insert(MeshMaterial3d(materials.add(twin)));
            }
            _ => {}
        }
    }
}

/// Bevy 0.19.1: where binding arrays are missing (old or mobile GPUs, Mesa 22), `environment_map.wgsl` says `bool && u32`, so
/// every lightmapped mesh under an environment map fails to compile and is not drawn. The missing `!= 0u` is put in.
fn mend_shader(mut shaders: ResMut<Assets<Shader>>, mut done: Local<bool>) {
    if *done {
        return;
    }
    const FROM: &str = "light_probes.view_environment_map_affects_lightmapped_mesh_diffuse;\n#endif";
    const TO: &str = "light_probes.view_environment_map_affects_lightmapped_mesh_diffuse != 0u;\n#endif";
    let hit = shaders.iter().find_map(|(id, s)| {
        s.source.as_str().contains(FROM).then(|| (id, s.source.as_str().replace(FROM, TO), s.path.clone()))
    });
    if let Some((id, text, path)) = hit {
        *done = true;
        let _ = shaders.insert(id, Shader::from_wgsl(text, path));
    }
}

fn report(
    mut room: ResMut<Room>,
    assets: Res<AssetServer>,
    out: Res<crate::events::Events>,
    meshes: Query<(&Mesh3d, Has<SkinnedMesh>)>,
    store: Res<Assets<Mesh>>,
    scenes: Query<&WorldAssetRoot>,
) {
    let maps = [&room.lightmap, &room.occlusion, &room.voxels];
    if room.loaded
        || room.scenes < scenes.iter().count()
        || room.scenes == 0
        || !maps.iter().all(|a| assets.is_loaded(a.id()) || assets.load_state(a.id()).is_failed())
    {
        return;
    }
    room.loaded = true;
    let triangles: usize = meshes.iter().filter_map(|m| Some(store.get(&m.0.0)?.indices()?.len() / 3)).sum();
    let skinned = meshes.iter().filter(|m| m.1).count();
    out.say(format_args!(
        "loaded: {} primitives, {skinned} of them skinned, {triangles} triangles",
        meshes.iter().count()
    ));
}
