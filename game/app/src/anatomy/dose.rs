//! The dose that has been delivered so far, as light: a 3D texture that follows the engine's grid.

use super::{DoseMaterial, PatientFrame};
use crate::now::Now;
use crate::overlay::halves;
use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use nalgebra::Point3;
use vestibule_geometry::{Grid, Volume};

/// Shortest time between two uploads, seconds.
const UPLOAD_S: f32 = 0.05;

/// The grid that the session's engine has filled so far; written by whoever holds the session.
#[derive(Resource, Default)]
pub struct DoseNow {
    /// Physical Gray of one fraction; None before there is any.
    pub grid: Option<Volume<f32>>,
    /// Gray that stand at the top of the colour scale: the prescription of one fraction.
    pub scale_gy: f32,
    /// Counts changes.
    pub version: u64,
}

/// The box that shows it.
#[derive(Component)]
pub(super) struct DoseBox {
    texture: Handle<Image>,
    version: u64,
    since_s: f32,
}

/// Where the unit cube of a grid lies in DICOM patient coordinates, mm.
pub fn place(grid: &Grid) -> Transform {
    let s: [f64; 3] = std::array::from_fn(|a| grid.size[a] as f64 * grid.spacing_mm[a]);
    let mid = grid.to_world(Point3::new(
        (grid.size[0] as f64 - 1.0) * 0.5,
        (grid.size[1] as f64 - 1.0) * 0.5,
        (grid.size[2] as f64 - 1.0) * 0.5,
    ));
    let m = grid.axes;
    let column = |c: usize| Vec3::new(m[(0, c)] as f32, m[(1, c)] as f32, m[(2, c)] as f32) * s[c] as f32;
    let affine = Mat4::from_cols(
        column(0).extend(0.0),
        column(1).extend(0.0),
        column(2).extend(0.0),
        Vec3::new(mid.x as f32, mid.y as f32, mid.z as f32).extend(1.0),
    );
    Transform::from_matrix(affine)
}

fn texels(v: &Volume<f32>, scale_gy: f32) -> Vec<u8> {
    let k = 1.0 / scale_gy.max(1e-6);
    halves(&v.data.iter().map(|d| d * k).collect::<Vec<f32>>())
}

pub(super) fn update(
    mut commands: Commands,
    dose: Res<DoseNow>,
    now: Res<Now>,
    time: Res<Time<Real>>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<DoseMaterial>>,
    mut boxes: Query<(&mut DoseBox, &mut Visibility, &MeshMaterial3d<DoseMaterial>)>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
) {
    let (Some(grid), Some(frame)) = (&dose.grid, frame) else { return };
    let shown = now.state.anatomy_shown && dose.version > 0;
    if let Ok((mut b, mut visible, material)) = boxes.single_mut() {
        visible.set_if_neq(if shown { Visibility::Inherited } else { Visibility::Hidden });
        b.since_s += time.delta_secs();
        if b.version != dose.version && b.since_s >= UPLOAD_S {
            if let Some(mut image) = images.get_mut(&b.texture) {
                image.data = Some(texels(grid, dose.scale_gy));
            }
            // a material keeps the view of the texture it was made with: touch it so that it looks again
            let _ = materials.get_mut(&material.0).as_deref_mut();
            b.version = dose.version;
            b.since_s = 0.0;
        }
        return;
    }
    let [x, y, z] = grid.grid.size;
    let mut image = Image::new(
        Extent3d { width: x as u32, height: y as u32, depth_or_array_layers: z as u32 },
        TextureDimension::D3,
        texels(grid, dose.scale_gy),
        TextureFormat::R16Float,
        RenderAssetUsages::RENDER_WORLD | RenderAssetUsages::MAIN_WORLD,
    );
    let linear = ImageFilterMode::Linear;
    image.sampler =
        ImageSampler::Descriptor(ImageSamplerDescriptor { mag_filter: linear, min_filter: linear, ..default() });
    let texture = images.add(image);
    let place = place(&grid.grid);
    let material = materials.add(DoseMaterial::new(texture.clone(), place.scale.abs() * 1e-3));
    let cube = meshes.add(Cuboid::from_length(1.0));
    let entity = commands
        .spawn((
            DoseBox { texture, version: dose.version, since_s: 0.0 },
            Mesh3d(cube),
            MeshMaterial3d(material),
            place,
            Visibility::Hidden,
            bevy::light::NotShadowCaster,
        ))
        .id();
    commands.entity(*frame).add_child(entity);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_of_the_box_are_corners_of_the_grid() {
        let grid = Grid::axial([10, 20, 30], [2.0, 3.0, 4.0], Point3::new(5.0, -7.0, 11.0));
        let t = place(&grid);
        let low = t * Vec3::splat(-0.5);
        assert!((low - Vec3::new(4.0, -8.5, 9.0)).length() < 1e-4, "{low}");
        let high = t * Vec3::splat(0.5);
        assert!((high - Vec3::new(24.0, 51.5, 129.0)).length() < 1e-4, "{high}");
    }
}
