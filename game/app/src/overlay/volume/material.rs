//! What the shader that marches a volume reads; see `shaders/volume.wgsl`.

use crate::overlay::slices::MOST_LEVELS;
use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, Face, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};

const VOLUME: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a06");

/// Registers it.
pub fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<VolumeMaterial>::default());
    let source = Shader::from_wgsl(include_str!("../../../../../shaders/volume.wgsl"), "shaders/volume.wgsl");
    let _ = app.world_mut().resource_mut::<Assets<Shader>>().insert(&VOLUME, source);
}

/// One march.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct MarchUniform {
    /// Patient mm to texel.
    pub index: Mat4,
    /// Texel to patient mm.
    pub mm: Mat4,
    /// Texels; mm of a step.
    pub size: Vec4,
    /// Range of the transfer function, gloss, how much hollows darken.
    pub range: Vec4,
    /// Point of the clipping, mm; which.
    pub point: Vec4,
    /// Its direction; radius of a cylinder, mm.
    pub normal: Vec4,
    /// Lowest corner that is seen, mm; opacity.
    pub low: Vec4,
    /// Highest corner that is seen, mm; fade.
    pub high: Vec4,
    /// Patient mm to texel of the dose.
    pub dose_index: Mat4,
    /// Its texels; factor.
    pub dose_size: Vec4,
    /// Lowest corner of what shines, mm; opacity of a mm.
    pub dose_low: Vec4,
    /// Highest corner of what shines, mm; number of levels.
    pub dose_high: Vec4,
    /// Linear colours and where their bands begin.
    pub levels: [Vec4; MOST_LEVELS],
}

/// A marched volume.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct VolumeMaterial {
    /// Everything but the voxels.
    #[uniform(0)]
    pub march: MarchUniform,
    /// The values.
    #[texture(1, dimension = "3d")]
    #[sampler(2)]
    pub volume: Handle<Image>,
    /// Colours and opacities over the range.
    #[texture(3)]
    #[sampler(4)]
    pub transfer: Handle<Image>,
    /// Which blocks hold something to see.
    #[texture(5, dimension = "3d")]
    pub full: Handle<Image>,
    /// The dose that shines in it.
    #[texture(6, dimension = "3d")]
    #[sampler(7)]
    pub dose: Handle<Image>,
}

impl Material for VolumeMaterial {
    fn vertex_shader() -> ShaderRef {
        VOLUME.into()
    }
    fn fragment_shader() -> ShaderRef {
        VOLUME.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
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
        _: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // the far sides carry the picture, from outside and from inside; what stands before them ends the rays in the shader
        descriptor.primitive.cull_mode = Some(Face::Front);
        if let Some(depth) = &mut descriptor.depth_stencil {
            depth.depth_compare = Some(CompareFunction::Always);
        }
        Ok(())
    }
}
