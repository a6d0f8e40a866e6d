//! Counting what is drawn: draw calls from the render phases after batching, triangles of what is not culled, textures.

use super::{BenchEye, Load};
use crate::anatomy::PatientFrame;
use crate::people::ShadowCard;
use crate::seat::Seat;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::VisibleEntities;
use bevy::core_pipeline::core_3d::{AlphaMask3d, Opaque3d, Transparent3d};
use bevy::ecs::entity::EntityHashMap;
use bevy::pbr::Transmissive3d;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_phase::{BinnedPhaseItem, SortedPhaseItem, ViewBinnedRenderPhases, ViewSortedRenderPhases};
use bevy::render::texture::GpuImage;
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

/// What each eye draws, all together and by what it belongs to.
pub(super) fn views(app: &mut App) -> Vec<(Load, BTreeMap<String, Load>)> {
    let world = app.world_mut();
    let mut eyes = world.query_filtered::<(Entity, &VisibleEntities), With<BenchEye>>();
    let seen: Vec<(Entity, Vec<Entity>)> =
        eyes.iter(world).map(|(e, v)| (e, v.get(TypeId::of::<Mesh3d>()).to_vec())).collect();
    let mut names: EntityHashMap<String> = EntityHashMap::default();
    let mut out = Vec::new();
    for (eye, entities) in seen {
        let mut parts = BTreeMap::<String, Load>::new();
        for e in entities {
            let name = names.entry(e).or_insert_with(|| part_of(app.world(), e)).clone();
            parts.entry(name).or_default().triangles += triangles(app.world(), e);
        }
        for first in draws(app, eye) {
            let name = names.entry(first).or_insert_with(|| part_of(app.world(), first)).clone();
            parts.entry(name).or_default().draws += 1;
        }
        let all = parts
            .values()
            .fold(Load::default(), |a, b| Load { triangles: a.triangles + b.triangles, draws: a.draws + b.draws });
        out.push((all, parts));
    }
    out
}

/// One main-world entity for each draw call of an eye: the first of those that are drawn together.
fn draws(app: &App, eye: Entity) -> Vec<Entity> {
    let Some(render) = app.get_sub_app(RenderApp) else { return Vec::new() };
    let world = render.world();
    let mut list = Vec::new();
    binned::<Opaque3d>(world, eye, &mut list);
    binned::<AlphaMask3d>(world, eye, &mut list);
    sorted::<Transmissive3d>(world, eye, &mut list);
    sorted::<Transparent3d>(world, eye, &mut list);
    list
}

fn binned<I: BinnedPhaseItem>(world: &World, eye: Entity, list: &mut Vec<Entity>) {
    let Some(phases) = world.get_resource::<ViewBinnedRenderPhases<I>>() else { return };
    for (view, phase) in phases.iter().filter(|p| p.0.main_entity.id() == eye) {
        debug_assert!(phase.multidrawable_meshes.is_empty(), "{view:?} draws indirectly");
        // a bin is one call however many instances it has
        list.extend(phase.batchable_meshes.values().filter_map(|b| Some(b.entities().keys().next()?.id())));
        list.extend(phase.unbatchable_meshes.values().flat_map(|b| b.entities.keys().map(|e| e.id())));
        list.extend(phase.non_mesh_items.values().flat_map(|b| b.entities.keys().map(|e| e.id())));
    }
}

fn sorted<I: SortedPhaseItem>(world: &World, eye: Entity, list: &mut Vec<Entity>) {
    let Some(phases) = world.get_resource::<ViewSortedRenderPhases<I>>() else { return };
    for (_, phase) in phases.iter().filter(|p| p.0.main_entity.id() == eye) {
        // as the phase is played: a batch's first item stands for those behind it
        let mut at = 0;
        while let Some((_, item)) = phase.items.get_index(at) {
            let length = item.batch_range().len();
            if length > 0 {
                list.push(item.main_entity().id());
            }
            at += length.max(1);
        }
    }
}

fn triangles(world: &World, entity: Entity) -> usize {
    let mesh = world.get::<Mesh3d>(entity).and_then(|m| world.resource::<Assets<Mesh>>().get(&m.0));
    mesh.map_or(0, |m| m.indices().map_or(m.count_vertices(), |i| i.len()) / 3)
}

/// What something belongs to: the model that it came with, the patient's own inside, the panels, or the room
/// (whose shadow cards lie under people's feet).
fn part_of(world: &World, entity: Entity) -> String {
    let mut at = Some(entity).filter(|e| world.get::<ShadowCard>(*e).is_none());
    while let Some(e) = at {
        if world.get::<PatientFrame>(e).is_some() {
            return "anatomy".to_owned();
        }
        if world.get::<Seat>(e).is_some() {
            return "panels".to_owned();
        }
        if let Some(root) = world.get::<WorldAssetRoot>(e)
            && let Some(path) = world.resource::<AssetServer>().get_path(root.0.id())
        {
            return path.path().file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        }
        at = world.get::<ChildOf>(e).map(|c| c.parent());
    }
    "room".to_owned()
}

/// Textures on the card, the eyes' own targets left out, 10⁶ bytes.
pub(super) fn textures_mb(app: &mut App) -> f64 {
    let world = app.world_mut();
    let mut eyes = world.query_filtered::<&RenderTarget, With<BenchEye>>();
    let own: BTreeSet<AssetId<Image>> = eyes
        .iter(world)
        .filter_map(|t| if let RenderTarget::Image(i) = t { Some(i.handle.id()) } else { None })
        .collect();
    let Some(render) = app.get_sub_app(RenderApp) else { return 0.0 };
    let Some(images) = render.world().get_resource::<RenderAssets<GpuImage>>() else { return 0.0 };
    images.iter().filter(|i| !own.contains(&i.0)).map(|i| bytes(i.1)).sum::<u64>() as f64 * 1e-6
}

fn bytes(image: &GpuImage) -> u64 {
    let d = &image.texture_descriptor;
    let (bw, bh) = d.format.block_dimensions();
    let block = u64::from(d.format.block_copy_size(None).unwrap_or(4));
    (0..d.mip_level_count)
        .map(|level| {
            let of = |n: u32| (n >> level).max(1);
            let deep = if d.dimension == bevy::render::render_resource::TextureDimension::D3 {
                of(d.size.depth_or_array_layers)
            } else {
                d.size.depth_or_array_layers
            };
            u64::from(of(d.size.width).div_ceil(bw))
                * u64::from(of(d.size.height).div_ceil(bh))
                * u64::from(deep)
                * block
        })
        .sum::<u64>()
        * u64::from(d.sample_count)
}
