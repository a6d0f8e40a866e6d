//! Bevy makes no mip levels for PNG and JPEG in glTF: they are built here, in linear light, with 16x anisotropy.

use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;

/// Pictures no larger than this one way are palettes, pixels.
const PALETTE: usize = 64;

/// Builds the missing mip levels of every picture that came with a glTF file.
pub fn add_mips(
    mut events: MessageReader<AssetEvent<Image>>,
    mut images: ResMut<Assets<Image>>,
    assets: Res<AssetServer>,
) {
    for event in events.read() {
        let AssetEvent::Added { id } = event else { continue };
        if !assets.get_path(*id).is_some_and(|p| p.to_string().contains(".glb")) {
            continue;
        }
        let Some(mut image) = images.get_mut(*id) else { continue };
        let srgb = match image.texture_descriptor.format {
            TextureFormat::Rgba8UnormSrgb => true,
            TextureFormat::Rgba8Unorm => false,
            _ => continue,
        };
        if image.texture_descriptor.mip_level_count > 1 {
            continue;
        }
        let (width, height) = (image.width() as usize, image.height() as usize);
        // a palette: one cell per colour, looked up at its middle. Smaller levels would mix the colours, and the
        // anisotropic filter divides by the size of a footprint that is nothing there
        if width.min(height) <= PALETTE {
            let near = ImageFilterMode::Nearest;
            image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
                mag_filter: near,
                min_filter: near,
                mipmap_filter: near,
                ..default()
            });
            continue;
        }
        let Some(data) = image.data.as_mut() else { continue };
        let levels = extend(data, width, height, srgb);
        image.texture_descriptor.mip_level_count = levels;
        let linear = ImageFilterMode::Linear;
        image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
            address_mode_u: ImageAddressMode::Repeat,
            address_mode_v: ImageAddressMode::Repeat,
            mag_filter: linear,
            min_filter: linear,
            mipmap_filter: linear,
            anisotropy_clamp: 16,
            ..default()
        });
    }
}

/// Appends every smaller level to RGBA8 data and gives the number of levels.
fn extend(data: &mut Vec<u8>, width: usize, height: usize, srgb: bool) -> u32 {
    let to_linear: Vec<f32> = (0..256)
        .map(|i| {
            let c = i as f32 / 255.0;
            match (srgb, c <= 0.04045) {
                (false, _) => c,
                (true, true) => c / 12.92,
                (true, false) => ((c + 0.055) / 1.055).powf(2.4),
            }
        })
        .collect();
    let from_linear = |c: f32| {
        let s = match (srgb, c <= 0.003_130_8) {
            (false, _) => c,
            (true, true) => c * 12.92,
            (true, false) => 1.055 * c.powf(1.0 / 2.4) - 0.055,
        };
        (s * 255.0 + 0.5) as u8
    };
    let (mut w, mut h, mut levels) = (width, height, 1);
    let mut previous = data.clone();
    while w > 1 || h > 1 {
        let (nw, nh) = ((w / 2).max(1), (h / 2).max(1));
        let mut next = vec![0u8; nw * nh * 4];
        for y in 0..nh {
            for x in 0..nw {
                for c in 0..4 {
                    let mut sum = 0.0;
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        let v = previous[((y * 2 + dy).min(h - 1) * w + (x * 2 + dx).min(w - 1)) * 4 + c];
                        sum += if c == 3 { f32::from(v) / 255.0 } else { to_linear[usize::from(v)] };
                    }
                    next[(y * nw + x) * 4 + c] =
                        if c == 3 { (sum * 63.75 + 0.5) as u8 } else { from_linear(sum * 0.25) };
                }
            }
        }
        data.extend_from_slice(&next);
        (previous, w, h, levels) = (next, nw, nh, levels + 1);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_halve_and_average_in_linear_light() {
        let mut data = [[0u8, 0, 0, 255], [255, 255, 255, 255]].concat();
        assert_eq!(extend(&mut data, 2, 1, true), 2);
        assert_eq!(data.len(), 12);
        assert_eq!(data[8], 188, "half the light of white is sRGB 188, not 128");
    }
}
