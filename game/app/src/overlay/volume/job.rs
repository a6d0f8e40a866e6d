//! What is marched: everything that the shader `shaders/volume.wgsl` reads but the eye.

use crate::overlay::slices::MOST_LEVELS;
use bevy::prelude::*;
use bevy::render::extract_resource::ExtractResource;
use bevy::render::render_resource::ShaderType;

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

/// The volume that is marched in every eye; None: none is.
#[derive(Resource, ExtractResource, Clone, Default)]
pub struct Marching(pub Option<Job>);

/// A volume and how it is seen.
#[derive(Clone, PartialEq)]
pub struct Job {
    /// Everything but the voxels.
    pub march: MarchUniform,
    /// The unit cube of its grid (−0.5 to 0.5) to the room, metres.
    pub world_from_local: Mat4,
    /// The values.
    pub volume: Handle<Image>,
    /// Colours and opacities over the range.
    pub transfer: Handle<Image>,
    /// 1 in blocks of 8 texels that hold something to see.
    pub full: Handle<Image>,
    /// The dose that shines in it.
    pub dose: Handle<Image>,
}
