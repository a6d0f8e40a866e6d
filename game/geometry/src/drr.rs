//! Digitally reconstructed radiographs: what an X-ray source would cast through a CT onto a plane, by exact traversal of
//! every ray (Siddon 1985). A CT number is by definition the attenuation relative to water, so a pixel is a water thickness.

use crate::Volume;
use crate::ray::traverse;
use nalgebra::{Point3, Vector3};
use rayon::prelude::*;

/// A point source and the flat panel that it shines on, DICOM patient mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imager {
    /// Where the rays come from.
    pub source_mm: Point3<f64>,
    /// Middle of the panel.
    pub panel_mm: Point3<f64>,
    /// From the panel's middle to the middle of its right edge, as the picture is looked at.
    pub right_mm: Vector3<f64>,
    /// From the panel's middle to the middle of its upper edge.
    pub up_mm: Vector3<f64>,
}

/// A radiograph: rows from above, millimetres of water (bone counts more, see [`radiograph`]) along each ray.
#[derive(Clone, Debug, PartialEq)]
pub struct Radiograph {
    /// Columns and rows.
    pub size: [usize; 2],
    /// `water_mm[row * columns + column]`.
    pub water_mm: Vec<f32>,
}

/// Above this CT number the excess is bone mineral.
const BONE_HU: f32 = 150.0;

/// Casts `size` pixels (columns, rows). `bone` multiplies what lies above 150 HU: at the 80 to 120 kV of a position
/// check calcium stops more than at a CT's beam quality; 1 keeps the CT numbers' own attenuation. Voxels that are not
/// finite count as air.
pub fn radiograph(ct: &Volume<f32>, imager: &Imager, size: [usize; 2], bone: f32) -> Radiograph {
    let [columns, rows] = size;
    let mut water_mm = vec![0.0f32; columns * rows];
    let stop = |hu: f32| {
        let relative = 1.0 + (hu + (bone - 1.0) * (hu - BONE_HU).max(0.0)) * 1e-3;
        if relative.is_finite() { relative.max(0.0) } else { 0.0 }
    };
    water_mm.par_chunks_mut(columns.max(1)).enumerate().for_each(|(row, line)| {
        for (column, pixel) in line.iter_mut().enumerate() {
            let u = 2.0 * (column as f64 + 0.5) / columns as f64 - 1.0;
            let v = 1.0 - 2.0 * (row as f64 + 0.5) / rows as f64;
            let to = imager.panel_mm + imager.right_mm * u + imager.up_mm * v;
            let mut sum = 0.0f64;
            traverse(&ct.grid, imager.source_mm, to, |o, mm| sum += mm * f64::from(stop(ct.data[o])));
            *pixel = sum as f32;
        }
    });
    Radiograph { size, water_mm }
}

impl Radiograph {
    /// Grey values as a radiograph is read: bone bright, air black, up to the 99th percentile of what is not air.
    pub fn grey(&self) -> Vec<u8> {
        let mut seen: Vec<f32> = self.water_mm.iter().copied().filter(|v| *v > 5.0).collect();
        if seen.is_empty() {
            return vec![0; self.water_mm.len()];
        }
        seen.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| seen[((seen.len() - 1) as f64 * share) as usize];
        let (low, high) = (at(0.05) * 0.5, at(0.99).max(at(0.05) + 1.0));
        self.water_mm.iter().map(|v| (((v - low) / (high - low)).clamp(0.0, 1.0).powf(0.95) * 255.0) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;

    /// A box of water 80 × 60 × 40 mm around the origin with one voxel of bone in a corner, in air.
    fn phantom() -> Volume<f32> {
        let grid = Grid::axial([50, 50, 50], [2.0; 3], Point3::new(-49.0, -49.0, -49.0));
        let mut ct = Volume::filled(grid, -1000.0f32);
        for o in 0..ct.data.len() {
            let p = ct.grid.centre(o % 50, o / 50 % 50, o / 2500);
            if p.x.abs() < 40.0 && p.y.abs() < 30.0 && p.z.abs() < 20.0 {
                ct.data[o] = 0.0;
            }
        }
        let bead = ct.grid.offset(34, 24, 29); // centre (19, -1, 9)
        ct.data[bead] = 3000.0;
        ct
    }

    #[test]
    fn a_pixel_is_the_water_its_ray_crosses_and_a_bead_is_cast_where_perspective_puts_it() {
        let ct = phantom();
        // from the front to the back: 500 mm before the middle, panel 300 mm behind it
        let imager = Imager {
            source_mm: Point3::new(0.0, -500.0, 0.0),
            panel_mm: Point3::new(0.0, 300.0, 0.0),
            right_mm: Vector3::new(80.0, 0.0, 0.0),
            up_mm: Vector3::new(0.0, 0.0, 80.0),
        };
        let size = [161, 161];
        let picture = radiograph(&ct, &imager, size, 1.0);
        let at = |column: usize, row: usize| f64::from(picture.water_mm[row * size[0] + column]);
        assert!((at(80, 80) - 60.0).abs() < 1e-3, "the middle crosses {} mm of water", at(80, 80));
        // a ray off the axis is longer by 1 / cos of its angle: column 80 + 40 lies 40 * 160/161 mm beside the middle
        let aside = 40.0 * 160.0 / 161.0;
        let long = 60.0 * (1.0 + (aside / 800.0f64).powi(2)).sqrt();
        assert!((at(120, 80) - long).abs() < 1e-3, "{} mm, not {long}", at(120, 80));
        assert!(at(2, 2) < 1e-6, "air beside the box stops nothing");
        // the bead, magnified by 800/499, right of the middle and above it: the middle of the pixels that it darkens
        let seen: Vec<usize> = (0..picture.water_mm.len()).filter(|o| picture.water_mm[*o] > 64.0).collect();
        let mean = |of: &dyn Fn(usize) -> usize| seen.iter().map(|o| of(*o) as f64).sum::<f64>() / seen.len() as f64;
        let (column, row) = (mean(&|o| o % 161), mean(&|o| o / 161));
        let magnified = 800.0 / 499.0 * 161.0 / 160.0;
        let off = (column - (80.0 + 19.0 * magnified)).hypot(row - (80.0 - 9.0 * magnified));
        assert!(off < 0.5, "the bead is at {column}, {row}, {off} pixels away");
        // the two millimetres of its voxel stop four times as much as water
        let (column, row) = (column.round() as usize, row.round() as usize);
        assert!((at(column, row) - 66.0).abs() < 0.5, "{}", at(column, row));
        let grey = picture.grey();
        assert!(grey[row * 161 + column] == 255 && grey[2 * 161 + 2] == 0, "bone is bright and air is black");
    }
}
