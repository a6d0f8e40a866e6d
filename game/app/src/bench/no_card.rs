//! A device that takes every command and draws nothing, for what a frame costs the processor when no driver has a share in it.

use bevy::platform::future::block_on;
use bevy::render::render_resource::WgpuFeatures;
use bevy::render::renderer::{
    RenderAdapter, RenderAdapterInfo, RenderDevice, RenderInstance, RenderQueue, WgpuWrapper,
};
use bevy::render::settings::{RenderCreation, RenderResources};
use std::sync::Arc;

/// What a desktop card has and Bevy or this program makes use of.
const FEATURES: [WgpuFeatures; 15] = [
    WgpuFeatures::DEPTH_CLIP_CONTROL,
    WgpuFeatures::DEPTH32FLOAT_STENCIL8,
    WgpuFeatures::FLOAT32_FILTERABLE,
    WgpuFeatures::RG11B10UFLOAT_RENDERABLE,
    WgpuFeatures::TEXTURE_FORMAT_16BIT_NORM,
    WgpuFeatures::TEXTURE_COMPRESSION_BC,
    WgpuFeatures::TIMESTAMP_QUERY,
    WgpuFeatures::TIMESTAMP_QUERY_INSIDE_ENCODERS,
    WgpuFeatures::TIMESTAMP_QUERY_INSIDE_PASSES,
    WgpuFeatures::INDIRECT_FIRST_INSTANCE,
    WgpuFeatures::MULTI_DRAW_INDIRECT_COUNT,
    WgpuFeatures::IMMEDIATES,
    WgpuFeatures::TEXTURE_BINDING_ARRAY,
    WgpuFeatures::PARTIALLY_BOUND_BINDING_ARRAY,
    WgpuFeatures::SAMPLED_TEXTURE_AND_STORAGE_BUFFER_ARRAY_NON_UNIFORM_INDEXING,
];

/// wgpu's own device without a backend, with a desktop card's features and limits: wgpu's checks and bookkeeping are done as for any card.
///
/// # Errors
/// wgpu was built without it.
pub(super) fn creation() -> Result<RenderCreation, crate::ShowError> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::NOOP,
        flags: wgpu::InstanceFlags::default(),
        memory_budget_thresholds: wgpu::MemoryBudgetThresholds::default(),
        display: None,
        backend_options: wgpu::BackendOptions { noop: wgpu::NoopBackendOptions { enable: true }, ..Default::default() },
    });
    let none = |why: String| {
        tracing::error!("no device without a card: {why}");
        crate::ShowError::NoGpu
    };
    let adapter = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    let adapter = adapter.map_err(|e| none(e.to_string()))?;
    let required_limits = wgpu::Limits {
        max_texture_dimension_1d: 16384,
        max_texture_dimension_2d: 16384,
        max_texture_dimension_3d: 2048,
        max_texture_array_layers: 2048,
        max_buffer_size: 1 << 30,
        max_storage_buffer_binding_size: 1 << 30,
        max_uniform_buffer_binding_size: 1 << 16,
        max_storage_buffers_per_shader_stage: 64,
        max_sampled_textures_per_shader_stage: 64,
        max_samplers_per_shader_stage: 64,
        max_binding_array_elements_per_shader_stage: 500_000,
        max_binding_array_sampler_elements_per_shader_stage: 2_000,
        max_immediate_size: 128,
        max_color_attachment_bytes_per_sample: 64,
        ..wgpu::Limits::default()
    };
    let descriptor = wgpu::DeviceDescriptor {
        label: None,
        required_features: FEATURES.into_iter().fold(WgpuFeatures::empty(), |all, one| all | one),
        required_limits,
        ..Default::default()
    };
    let (device, queue) = block_on(adapter.request_device(&descriptor)).map_err(|e| none(e.to_string()))?;
    let info = adapter.get_info();
    Ok(RenderCreation::Manual(RenderResources(
        RenderDevice::from(device),
        RenderQueue(Arc::new(WgpuWrapper::new(queue))),
        RenderAdapterInfo(WgpuWrapper::new(info)),
        RenderAdapter(Arc::new(WgpuWrapper::new(adapter))),
        RenderInstance(Arc::new(WgpuWrapper::new(instance))),
    )))
}
