//! What a panel is made of: its own picture. A patient's is drawn over everything: a wall or a table that stands nearer must never
//! hide an answer or the stop button.

use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, RenderPipelineDescriptor, SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};

const PLATE: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a03");

/// Registers the material and its shader.
pub fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<PlateMaterial>::default());
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    let text = include_str!("../../../../shaders/plate.wgsl");
    let _ = shaders.insert(&PLATE, Shader::from_wgsl(text, "shaders/plate.wgsl"));
}

/// Whether a panel is drawn over everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlateKey(bool);

impl From<&PlateMaterial> for PlateKey {
    fn from(m: &PlateMaterial) -> Self {
        Self(m.over)
    }
}

/// A panel's picture.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
#[bind_group_data(PlateKey)]
pub struct PlateMaterial {
    /// Drawn over everything: what is asked of a patient must not be hidden. Else it is hidden by what stands before it.
    pub over: bool,
    /// What egui drew, premultiplied.
    #[texture(0)]
    #[sampler(1)]
    pub picture: Handle<Image>,
}

impl Material for PlateMaterial {
    fn fragment_shader() -> ShaderRef {
        PLATE.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }
    fn depth_bias(&self) -> f32 {
        crate::tokens::ORDER_PANEL
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
        if let (Some(depth), true) = (&mut descriptor.depth_stencil, key.bind_group_data.0) {
            depth.depth_compare = Some(CompareFunction::Always);
        }
        Ok(())
    }
}
