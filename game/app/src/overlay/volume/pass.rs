//! The march itself, eye by eye, between the pass over depth and the room: into a picture of its own, which is then averaged with
//! those before it.

use super::eyes::{MarchedEye, STILL};
use super::job::{MarchUniform, Marching};
use bevy::asset::uuid_handle;
use bevy::core_pipeline::FullscreenShader;
use bevy::core_pipeline::prepass::ViewPrepassTextures;
use bevy::core_pipeline::schedule::{Core3d, Core3dSystems};
use bevy::platform::collections::HashMap;
use bevy::prelude::*;
use bevy::render::extract_component::ExtractComponentPlugin;
use bevy::render::extract_resource::ExtractResourcePlugin;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::binding_types::{
    sampler, texture_2d, texture_3d, texture_depth_2d, texture_depth_2d_multisampled, uniform_buffer,
};
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, BindGroupLayoutDescriptor, BindGroupLayoutEntries, CachedRenderPipelineId,
    ColorTargetState, ColorWrites, Extent3d, FilterMode, FragmentState, LoadOp, Operations, PipelineCache,
    RenderPassColorAttachment, RenderPassDescriptor, RenderPipelineDescriptor, Sampler, SamplerBindingType,
    SamplerDescriptor, ShaderStages, ShaderType, StoreOp, TextureFormat, TextureSampleType, UniformBuffer,
};
use bevy::render::renderer::{RenderContext, RenderDevice, RenderQueue, ViewQuery};
use bevy::render::sync_world::MainEntity;
use bevy::render::texture::GpuImage;
use bevy::render::view::ExtractedView;
use bevy::render::{Render, RenderApp, RenderStartup, RenderSystems};
use bevy::shader::Shader;

const MARCH: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a07");
const AVERAGE: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a08");

/// Share of a new frame while something moves.
const NEW: f32 = 0.25;

/// Registers it.
pub fn plugin(app: &mut App) {
    app.add_plugins((ExtractResourcePlugin::<Marching>::default(), ExtractComponentPlugin::<MarchedEye>::default()));
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    for (handle, source, name) in [
        (MARCH, include_str!("../../../../../shaders/volume.wgsl"), "shaders/volume.wgsl"),
        (AVERAGE, include_str!("../../../../../shaders/volume_average.wgsl"), "shaders/volume_average.wgsl"),
    ] {
        let _ = shaders.insert(&handle, Shader::from_wgsl(source, name));
    }
    let Some(render) = app.get_sub_app_mut(RenderApp) else { return };
    render
        .init_resource::<Before>()
        .add_systems(RenderStartup, pipelines)
        .add_systems(Render, prepare.in_set(RenderSystems::PrepareBindGroups))
        .add_systems(Core3d, march.after(Core3dSystems::Prepass).before(Core3dSystems::MainPass));
}

/// Of one eye; see `shaders/volume.wgsl`.
#[derive(Clone, Copy, Default, ShaderType)]
struct EyeUniform {
    local_from_clip: Mat4,
    world_from_clip: Mat4,
    clip_from_local_before: Mat4,
    local: Vec4,
    world: Vec4,
    viewport: Vec4,
    size: Vec4,
}

#[derive(Resource)]
struct Pipelines {
    /// With the room's depth in one sample, and in several.
    eye: [BindGroupLayoutDescriptor; 2],
    job: BindGroupLayoutDescriptor,
    average: BindGroupLayoutDescriptor,
    march: [CachedRenderPipelineId; 2],
    averaging: CachedRenderPipelineId,
    smooth: Sampler,
}

/// Unit cube to clip space in the frame before, by eye; and how large its pixels were.
#[derive(Resource, Default)]
struct Before(HashMap<MainEntity, (Mat4, u32)>);

/// What an eye's passes read.
#[derive(Component)]
struct Ready {
    march: CachedRenderPipelineId,
    groups: [BindGroup; 3],
    size: UVec2,
}

fn pipelines(
    mut commands: Commands,
    cache: Res<PipelineCache>,
    device: Res<RenderDevice>,
    full: Res<FullscreenShader>,
) {
    let stage = ShaderStages::FRAGMENT;
    let float = TextureSampleType::Float { filterable: true };
    let filtering = SamplerBindingType::Filtering;
    let of_eye = uniform_buffer::<EyeUniform>(false);
    let eye = [
        BindGroupLayoutDescriptor::new(
            "march_eye",
            &BindGroupLayoutEntries::sequential(stage, (of_eye, texture_depth_2d())),
        ),
        BindGroupLayoutDescriptor::new(
            "march_eye_samples",
            &BindGroupLayoutEntries::sequential(stage, (of_eye, texture_depth_2d_multisampled())),
        ),
    ];
    let job = BindGroupLayoutDescriptor::new(
        "march_job",
        &BindGroupLayoutEntries::sequential(
            stage,
            (
                uniform_buffer::<MarchUniform>(false),
                texture_3d(float),
                sampler(filtering),
                texture_2d(float),
                sampler(filtering),
                texture_3d(float),
                texture_3d(float),
                sampler(filtering),
            ),
        ),
    );
    let average = BindGroupLayoutDescriptor::new(
        "march_average",
        &BindGroupLayoutEntries::sequential(
            stage,
            (of_eye, texture_2d(float), texture_2d(float), texture_2d(float), sampler(filtering)),
        ),
    );
    let target = |format| Some(ColorTargetState { format, blend: None, write_mask: ColorWrites::ALL });
    let pipeline = |label: &'static str, layout, shader, defs: Vec<_>, targets| {
        cache.queue_render_pipeline(RenderPipelineDescriptor {
            label: Some(label.into()),
            layout,
            vertex: full.to_vertex_state(),
            fragment: Some(FragmentState { shader, shader_defs: defs, entry_point: Some("fragment".into()), targets }),
            ..default()
        })
    };
    let marched = || vec![target(TextureFormat::Rgba16Float), target(TextureFormat::Rg16Float)];
    let march = [
        pipeline("march", vec![eye[0].clone(), job.clone()], MARCH, vec![], marched()),
        pipeline("march", vec![eye[1].clone(), job.clone()], MARCH, vec!["MULTISAMPLED".into()], marched()),
    ];
    let shown = vec![target(TextureFormat::Rgba16Float)];
    let averaging = pipeline("march_average", vec![average.clone()], AVERAGE, vec![], shown);
    let smooth = device.create_sampler(&SamplerDescriptor {
        mag_filter: FilterMode::Linear,
        min_filter: FilterMode::Linear,
        ..default()
    });
    commands.insert_resource(Pipelines { eye, job, average, march, averaging, smooth });
}

fn buffer<T: ShaderType + bevy::render::render_resource::encase::internal::WriteInto>(
    value: T,
    device: &RenderDevice,
    queue: &RenderQueue,
) -> UniformBuffer<T> {
    let mut buffer = UniformBuffer::from(value);
    buffer.write_buffer(device, queue);
    buffer
}

fn prepare(
    mut commands: Commands,
    marching: Option<Res<Marching>>,
    pipelines: Res<Pipelines>,
    cache: Res<PipelineCache>,
    images: Res<RenderAssets<GpuImage>>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    mut before: ResMut<Before>,
    eyes: Query<(Entity, &MainEntity, &MarchedEye, &ExtractedView, &ViewPrepassTextures, &Msaa)>,
) {
    let job = marching.as_ref().and_then(|m| m.0.as_ref());
    let textures = job.map(|j| [&j.volume, &j.transfer, &j.full, &j.dose].map(|h| images.get(h)));
    let (Some(job), Some([Some(volume), Some(transfer), Some(full), Some(dose)])) = (job, textures) else {
        for (eye, ..) in &eyes {
            commands.entity(eye).remove::<Ready>();
        }
        return;
    };
    let uniform = buffer(job.march, &device, &queue);
    let Some(uniform) = uniform.binding() else { return };
    let of_job = device.create_bind_group(
        "march_job",
        &cache.get_bind_group_layout(&pipelines.job),
        &BindGroupEntries::sequential((
            uniform,
            &volume.texture_view,
            &volume.sampler,
            &transfer.texture_view,
            &transfer.sampler,
            &full.texture_view,
            &dose.texture_view,
            &dose.sampler,
        )),
    );
    for (entity, main, eye, view, depths, msaa) in &eyes {
        let own = [&eye.marched, &eye.places, &eye.before, &eye.shown].map(|h| images.get(h));
        let ([Some(marched), Some(places), Some(old), Some(_)], Some(depth)) = (own, depths.depth_view()) else {
            commands.entity(entity).remove::<Ready>();
            continue;
        };
        let world_from_view = view.world_from_view.to_matrix();
        let clip_from_world = view.clip_from_world.unwrap_or_else(|| view.clip_from_view * world_from_view.inverse());
        let clip_from_local = clip_from_world * job.world_from_local;
        let known = before.0.insert(*main, (clip_from_local, eye.coarse));
        // at rest nothing is marched any more, and what is shown stays
        if eye.still >= STILL {
            commands.entity(entity).remove::<Ready>();
            continue;
        }
        let viewport = view.viewport.as_vec4();
        let size = UVec2::new(view.viewport.z.div_ceil(eye.coarse), view.viewport.w.div_ceil(eye.coarse))
            .min(UVec2::new(marched.texture_descriptor.size.width, marched.texture_descriptor.size.height));
        let (old_clip, share) = match known {
            Some((clip, coarse)) if coarse == eye.coarse && eye.frame > 1 => {
                // while nothing moves: the mean of all frames since
                (clip, if eye.still == 0 { NEW } else { 1.0 / (eye.still as f32 + 1.0) })
            }
            _ => (clip_from_local, 1.0),
        };
        let noise = if eye.still == 0 { eye.frame } else { eye.still };
        let stands = view.world_from_view.translation();
        let value = EyeUniform {
            local_from_clip: clip_from_local.inverse(),
            world_from_clip: clip_from_world.inverse(),
            clip_from_local_before: old_clip,
            local: job.world_from_local.inverse().transform_point3(stands).extend(noise as f32),
            world: stands.extend(share),
            viewport,
            size: Vec4::new(size.x as f32, size.y as f32, eye.coarse as f32, 0.0),
        };
        let value = buffer(value, &device, &queue);
        let Some(value) = value.binding() else { continue };
        let several = usize::from(*msaa != Msaa::Off);
        let of_eye = device.create_bind_group(
            "march_eye",
            &cache.get_bind_group_layout(&pipelines.eye[several]),
            &BindGroupEntries::sequential((value.clone(), depth)),
        );
        let of_average = device.create_bind_group(
            "march_average",
            &cache.get_bind_group_layout(&pipelines.average),
            &BindGroupEntries::sequential((
                value,
                &marched.texture_view,
                &places.texture_view,
                &old.texture_view,
                &pipelines.smooth,
            )),
        );
        let groups = [of_eye, of_job.clone(), of_average];
        commands.entity(entity).insert(Ready { march: pipelines.march[several], groups, size });
    }
}

/// Name of marching in the times of the card's own clock.
pub const MARCHING: &str = "march";

fn march(
    view: ViewQuery<(&MarchedEye, &Ready)>,
    pipelines: Res<Pipelines>,
    cache: Res<PipelineCache>,
    images: Res<RenderAssets<GpuImage>>,
    mut context: RenderContext,
) {
    let (eye, ready) = view.into_inner();
    let (Some(march), Some(average)) =
        (cache.get_render_pipeline(ready.march), cache.get_render_pipeline(pipelines.averaging))
    else {
        return;
    };
    let own = [&eye.marched, &eye.places, &eye.shown, &eye.before].map(|h| images.get(h));
    let [Some(marched), Some(places), Some(shown), Some(before)] = own else { return };
    let diagnostics = context.diagnostic_recorder();
    let diagnostics = diagnostics.as_deref();
    let [width, height] = ready.size.to_array();
    let encoder = context.command_encoder();
    let span = bevy::render::diagnostic::RecordDiagnostics::time_span(&diagnostics, encoder, MARCHING);
    for (label, targets, pipeline, groups) in [
        ("march", vec![marched, places], march, &ready.groups[..2]),
        ("march_average", vec![shown], average, &ready.groups[2..]),
    ] {
        let attachments: Vec<_> = targets.into_iter().map(|t| Some(into(t))).collect();
        let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some(label),
            color_attachments: &attachments,
            depth_stencil_attachment: None,
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        });
        pass.set_viewport(0.0, 0.0, width as f32, height as f32, 0.0, 1.0);
        pass.set_pipeline(pipeline);
        for (i, group) in groups.iter().enumerate() {
            pass.set_bind_group(i as u32, group, &[]);
        }
        pass.draw(0..3, 0..1);
    }
    let all = Extent3d { width, height, depth_or_array_layers: 1 };
    encoder.copy_texture_to_texture(shown.texture.as_image_copy(), before.texture.as_image_copy(), all);
    span.end(encoder);
}

/// All of a picture; what is not drawn stays as it was.
fn into(image: &GpuImage) -> RenderPassColorAttachment<'_> {
    let ops = Operations { load: LoadOp::Load, store: StoreOp::Store };
    RenderPassColorAttachment { view: &image.texture_view, depth_slice: None, resolve_target: None, ops }
}
