//! How the marched picture is laid over the room; see `shaders/volume_over.wgsl`.

use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey, MeshPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, Face, RenderPipelineDescriptor, SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};

const OVER: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a06");

/// Registers it.
pub fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<Over>::default());
    let source = include_str!("../../../../../shaders/volume_over.wgsl");
    let shader = Shader::from_wgsl(source, "shaders/volume_over.wgsl");
    let _ = app.world_mut().resource_mut::<Assets<Shader>>().insert(&OVER, shader);
}

/// The far sides of the volume's box, which carry one eye's picture.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct Over {
    /// Pixels of the eye's picture along one of the marched one's.
    #[uniform(0)]
    pub coarse: Vec4,
    /// Colour, premultiplied.
    #[texture(1, sample_type = "float", filterable = false)]
    pub shown: Handle<Image>,
    /// How far each ray could go, metres.
    #[texture(2, sample_type = "float", filterable = false)]
    pub places: Handle<Image>,
}

impl Material for Over {
    fn vertex_shader() -> ShaderRef {
        OVER.into()
    }
    fn fragment_shader() -> ShaderRef {
        OVER.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }
    fn depth_bias(&self) -> f32 {
        crate::tokens::ORDER_VOLUME
    }
    fn enable_prepass() -> bool {
        false
    }
    fn enable_shadows() -> bool {
        false
    }
    fn specialize(
        _: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // the far sides carry the picture, from outside and from inside; what stands before them ended the rays already
        descriptor.primitive.cull_mode = Some(Face::Front);
        if let Some(depth) = &mut descriptor.depth_stencil {
            depth.depth_compare = Some(CompareFunction::Always);
            // its own depth, where it has one, is never behind what the room left there
            depth.depth_write_enabled = Some(key.mesh_key.contains(MeshPipelineKey::DEPTH_PREPASS));
        }
        Ok(())
    }
}
