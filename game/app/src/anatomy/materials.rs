//! Two materials of our own: frosted glass for surfaces, and light in a box for dose.

use crate::tokens;
use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::{Shader, ShaderRef};

const GLASS: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a01");
const DOSE: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a02");

/// Registers both materials and their shaders.
pub fn plugin(app: &mut App) {
    app.add_plugins((MaterialPlugin::<GlassMaterial>::default(), MaterialPlugin::<DoseMaterial>::default()));
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    let _ =
        shaders.insert(&GLASS, Shader::from_wgsl(include_str!("../../../../shaders/glass.wgsl"), "shaders/glass.wgsl"));
    let _ =
        shaders.insert(&DOSE, Shader::from_wgsl(include_str!("../../../../shaders/dose.wgsl"), "shaders/dose.wgsl"));
}

/// What the glass shader reads.
#[derive(Clone, Copy, Debug, ShaderType)]
pub struct GlassUniform {
    /// Linear colour; alpha = veil seen face on.
    pub body: LinearRgba,
    /// Linear colour; alpha = strength of the rim.
    pub rim: LinearRgba,
    /// Rim exponent, share of soft light from above, fade 0 to 1, extra veil at the rim.
    pub shape: Vec4,
}

/// A translucent surface with a rim light.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct GlassMaterial {
    /// Colours and shape.
    #[uniform(0)]
    pub glass: GlassUniform,
    /// Drawn later the larger it is, metres.
    pub order: f32,
}

impl Material for GlassMaterial {
    fn fragment_shader() -> ShaderRef {
        GLASS.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }
    fn depth_bias(&self) -> f32 {
        self.order
    }
    fn enable_prepass() -> bool {
        false
    }
    fn enable_shadows() -> bool {
        false
    }
}

/// What the dose shader reads; see `shaders/dose.wgsl`.
#[derive(Clone, Copy, Debug, ShaderType)]
pub struct DoseUniform {
    /// Five colours; the spare w hold floor, opacity per metre and fade.
    pub ramp: [Vec4; 5],
    /// Box in metres, number of steps.
    pub size: Vec4,
}

/// Dose, marched through a 3D texture.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct DoseMaterial {
    /// Colours, size, steps.
    #[uniform(0)]
    pub dose: DoseUniform,
    /// Dose over its scale.
    #[texture(1, dimension = "3d")]
    #[sampler(2)]
    pub volume: Handle<Image>,
}

impl DoseMaterial {
    /// A box of this size in metres.
    pub fn new(volume: Handle<Image>, size_m: Vec3) -> Self {
        let mut ramp = tokens::DOSE_RAMP.map(|c| Vec3::from(c).extend(0.0));
        ramp[0].w = tokens::DOSE_FLOOR;
        ramp[1].w = tokens::DOSE_OPACITY;
        ramp[2].w = 1.0;
        Self { dose: DoseUniform { ramp, size: size_m.extend(64.0) }, volume }
    }
}

impl Material for DoseMaterial {
    fn vertex_shader() -> ShaderRef {
        DOSE.into()
    }
    fn fragment_shader() -> ShaderRef {
        DOSE.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }
    fn depth_bias(&self) -> f32 {
        0.5
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
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}
