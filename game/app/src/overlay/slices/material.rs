//! What the shader of a cut reads; see `shaders/slice.wgsl`.

use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::{Shader, ShaderRef};

const SLICE: Handle<Shader> = uuid_handle!("5d0f5d0a-4c1e-4f6f-9a0e-1f2f8f1f7a05");

/// Most bands of dose.
pub const MOST_LEVELS: usize = 12;

/// Registers it.
pub fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<SliceMaterial>::default());
    let source = Shader::from_wgsl(include_str!("../../../../../shaders/slice.wgsl"), "shaders/slice.wgsl");
    let _ = app.world_mut().resource_mut::<Assets<Shader>>().insert(&SLICE, source);
}

/// Where a volume's texels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct FieldUniform {
    /// Patient mm to texel.
    pub index: Mat4,
    /// Texels; w: a factor for the values, 0 = there is none.
    pub size: Vec4,
}

/// One cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct SliceUniform {
    /// Patient mm where uv is 0.
    pub corner: Vec4,
    /// Patient mm along u.
    pub right: Vec4,
    /// Patient mm along v.
    pub down: Vec4,
    /// The image in grey.
    pub image: FieldUniform,
    /// The image fused onto it.
    pub other: FieldUniform,
    /// The dose.
    pub dose: FieldUniform,
    /// Centre and width of the image's window, and of the other's.
    pub window: Vec4,
    /// How they are fused, opacity, size of a patch in mm.
    pub fusion: Vec4,
    /// Middle of the lens, mm; number of levels.
    pub middle: Vec4,
    /// Opacity of the bands, width of the lines in pixels, whether black lets the room through.
    pub wash: Vec4,
    /// Colours (sRGB) and where their bands begin.
    pub levels: [Vec4; MOST_LEVELS],
}

/// A cut through volumes.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct SliceMaterial {
    /// Everything but the voxels.
    #[uniform(0)]
    pub slice: SliceUniform,
    /// The image in grey.
    #[texture(1, dimension = "3d")]
    pub image: Handle<Image>,
    /// The image fused onto it.
    #[texture(2, dimension = "3d")]
    pub other: Handle<Image>,
    /// The dose.
    #[texture(3, dimension = "3d")]
    pub dose: Handle<Image>,
}

impl Material for SliceMaterial {
    fn fragment_shader() -> ShaderRef {
        SLICE.into()
    }
    fn prepass_fragment_shader() -> ShaderRef {
        SLICE.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Mask(0.5)
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
