//! Volumes on the graphics card: their own values in 16 bits, at their own resolution unless the card takes less.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use half::slice::HalfFloatSliceExt;
use std::sync::Arc;
use vestibule_geometry::{Grid, Volume};

/// Most texels along an axis, where the card does not say; and most bytes of one volume.
pub const MOST_TEXELS: usize = 2048;
/// See [`MOST_TEXELS`]: 768 MiB, a CT of 512 × 512 × 1536.
pub const MOST_BYTES: usize = 768 << 20;
/// Largest number that 16 bits hold.
const LARGEST: f32 = 65504.0;

/// A volume that the card has.
#[derive(Clone, Debug)]
pub struct Field {
    /// One number a texel. Between −2048 and 2048 whole numbers are exact.
    pub texture: Handle<Image>,
    /// Its texels in the patient.
    pub grid: Grid,
    /// Voxels of the data in one texel along each axis, where it is coarser than the data.
    pub coarser: Option<[usize; 3]>,
}

/// What is cut and marched.
#[derive(Resource, Default)]
pub struct Fields {
    /// The image in grey.
    pub image: Option<Field>,
    /// The image fused onto it.
    pub other: Option<Field>,
    /// The dose, in Gray as its source has it.
    pub dose: Option<Field>,
}

/// What a volume becomes before the card takes it.
pub struct Texels {
    bytes: Vec<u8>,
    grid: Grid,
    coarser: Option<[usize; 3]>,
}

/// How many voxels go into one texel so that a volume is not larger than allowed: twice as many along the longest side until it is.
fn blocks(size: [usize; 3], texels: usize, bytes: usize) -> [usize; 3] {
    let mut block = [1usize; 3];
    loop {
        let now: [usize; 3] = std::array::from_fn(|a| (size[a] / block[a]).max(1));
        if now.iter().all(|n| *n <= texels) && now.iter().product::<usize>() * 2 <= bytes {
            return block;
        }
        let longest = (0..3).max_by_key(|a| now[*a]).unwrap_or(0);
        if now[longest] <= 1 {
            return block;
        }
        block[longest] *= 2;
    }
}

/// Into texels; any thread.
pub fn texels(volume: &Volume<f32>, most_texels: usize) -> Texels {
    let block = blocks(volume.grid.size, most_texels, MOST_BYTES);
    let coarse = (block != [1; 3]).then(|| volume.averaged(block));
    let coarser = coarse.is_some().then_some(block);
    let used = coarse.as_ref().unwrap_or(volume);
    Texels { bytes: halves(&used.data), grid: used.grid.clone(), coarser }
}

/// Numbers in 16 bits, little endian; what is larger than they hold becomes their largest, what is no number 0.
pub fn halves(data: &[f32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 2);
    let (mut clean, mut half) = ([0.0f32; 4096], [half::f16::ZERO; 4096]);
    for part in data.chunks(4096) {
        for (c, v) in clean.iter_mut().zip(part) {
            *c = if v.is_nan() { 0.0 } else { v.clamp(-LARGEST, LARGEST) };
        }
        half[..part.len()].convert_from_f32_slice(&clean[..part.len()]);
        out.extend(half[..part.len()].iter().flat_map(|h| h.to_le_bytes()));
    }
    out
}

impl Field {
    /// Gives texels to the card.
    pub fn new(texels: Texels, images: &mut Assets<Image>) -> Self {
        let [x, y, z] = texels.grid.size.map(|n| n as u32);
        let image = Image::new(
            Extent3d { width: x, height: y, depth_or_array_layers: z },
            TextureDimension::D3,
            texels.bytes,
            TextureFormat::R16Float,
            RenderAssetUsages::RENDER_WORLD | RenderAssetUsages::MAIN_WORLD,
        );
        Self { texture: images.add(image), grid: texels.grid, coarser: texels.coarser }
    }

    /// New values on the same grid.
    pub fn refill(&self, data: &[f32], images: &mut Assets<Image>) {
        if let Some(mut image) = images.get_mut(&self.texture) {
            image.data = Some(halves(data));
        }
    }

    /// Patient mm to texels.
    pub fn index(&self) -> Mat4 {
        let m = self.grid.index_from_world();
        Mat4::from_cols_array(&std::array::from_fn(|i| m.as_slice()[i] as f32))
    }

    /// Texels along each axis, and a factor for the values.
    pub fn size(&self, factor: f32) -> Vec4 {
        Vec3::from(self.grid.size.map(|n| n as f32)).extend(factor)
    }
}

/// A volume that is on its way to the card, and what it was asked for as.
pub struct Loading<K> {
    /// What was asked for.
    pub key: K,
    task: bevy::tasks::Task<Texels>,
}

impl<K> Loading<K> {
    /// Begins, beside the frame. `pick` finds the volume in what it owns.
    pub fn start<T: Send + Sync + 'static>(
        key: K,
        owner: Arc<T>,
        most_texels: usize,
        pick: impl Fn(&T) -> Option<&Volume<f32>> + Send + 'static,
    ) -> Self {
        let task = bevy::tasks::AsyncComputeTaskPool::get().spawn(async move {
            let empty = Volume { grid: Grid::axial([1; 3], [1.0; 3], nalgebra::Point3::origin()), data: vec![0.0] };
            texels(pick(&owner).filter(|v| !v.data.is_empty()).unwrap_or(&empty), most_texels)
        });
        Self { key, task }
    }

    /// What it has become, once.
    pub fn poll(&mut self) -> Option<Texels> {
        bevy::tasks::block_on(bevy::tasks::poll_once(&mut self.task))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;

    #[test]
    fn whole_numbers_stay_and_what_is_too_large_becomes_the_largest() {
        let got: Vec<f32> = halves(&[-1024.0, 2047.0, -0.5, 1e9, f32::NAN, 70.25])
            .as_chunks::<2>()
            .0
            .iter()
            .map(|b| half::f16::from_le_bytes(*b).to_f32())
            .collect();
        assert_eq!(got, [-1024.0, 2047.0, -0.5, LARGEST, 0.0, 70.25]);
    }

    #[test]
    fn what_the_card_does_not_take_is_averaged_and_says_so() {
        assert_eq!(blocks([512, 512, 300], MOST_TEXELS, MOST_BYTES), [1; 3]);
        assert_eq!(blocks([512, 512, 300], 256, MOST_BYTES), [2, 2, 2]);
        assert_eq!(blocks([4000, 10, 1], 2048, MOST_BYTES), [2, 1, 1]);
        // of two sides as long either will do
        assert_eq!(blocks([1024, 1024, 512], MOST_TEXELS, 512 << 20), [1, 2, 1]);
        let volume = Volume {
            grid: Grid::axial([4, 2, 1], [1.0; 3], Point3::origin()),
            data: (0..8).map(|v| v as f32).collect(),
        };
        let t = texels(&volume, 2);
        assert_eq!((t.grid.size, t.coarser, t.bytes.len()), ([2, 2, 1], Some([2, 1, 1]), 8));
        assert_eq!(half::f16::from_le_bytes([t.bytes[2], t.bytes[3]]).to_f32(), 2.5);
    }
}
