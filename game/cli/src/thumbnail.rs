//! A small picture of each patient, made at import from their CT and kept encrypted with everything else of them.

use crate::output::{Done, Failure, write_new};
use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use nalgebra::{Point3, Vector3};
use std::io::Cursor;
use std::path::Path;
use vestibule_patient::{Image, Modality, Patient};
use vestibule_record::{BlobKind, NewBlob, Store, StoreError};

/// Under which name it is kept.
const NAME: &str = "ct";
/// Side of each of the two views, pixels.
const SIDE: u32 = 128;
/// A soft-tissue window: the width and middle of brain and skin, Hounsfield units.
const WINDOW_HU: f64 = 400.0;
const LEVEL_HU: f64 = 40.0;
/// The mark on a picture of a person: colour, and pixels for each dot of its letters.
const MARK: Rgb<u8> = Rgb([232, 150, 40]);
const DOT: u32 = 2;

/// Makes and keeps it; nothing for who has no CT.
///
/// # Errors
/// When it cannot be kept.
pub fn keep(store: &Store, id: &str, patient: &Patient) -> Result<(), StoreError> {
    let Some(ct) = patient.images.iter().find(|i| i.modality == Modality::Ct && !i.volume.data.is_empty()) else {
        return Ok(());
    };
    let Some(png) = png(&draw(ct)) else { return Ok(()) };
    let blob = NewBlob {
        patient: None,
        session: None,
        kind: BlobKind::Thumbnail,
        name: NAME,
        media_type: "image/png",
        data: &png,
    };
    store.patient_scope(id)?.replace_blob(&blob).map(|_| ())
}

/// Writes it where somebody can look at it. A person's needs `identifiable`, and is stamped.
///
/// # Errors
/// Exit code 2 without `identifiable`, 1 where there is none.
pub fn write(store: &Store, id: &str, synthetic: bool, identifiable: bool, out: &Path) -> Done {
    if !synthetic && !identifiable {
        return Err(Failure::call(
            "this patient is not synthetic, and the outline of a head may be recognised: say --identifiable if you may",
        ));
    }
    let found = store.patient_scope(id).and_then(|s| s.find_blob(BlobKind::Thumbnail, NAME)).map_err(Failure::work)?;
    let Some((_, kept)) = found else {
        return Err(Failure::Work("there is no thumbnail: nothing but a CT gives one, at its import".to_owned()));
    };
    if synthetic {
        return write_new(out, &kept);
    }
    let picture = image::load_from_memory_with_format(&kept, ImageFormat::Png).map_err(Failure::work)?;
    let mut picture = picture.to_rgb8();
    stamp(&mut picture);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(Failure::work)?;
    write_new(out, &bytes.into_inner())
}

fn png(picture: &GrayImage) -> Option<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

/// The middle of the CT: axial as seen from the feet, and sagittal as seen from the left, to the same scale.
fn draw(ct: &Image) -> GrayImage {
    let grid = &ct.volume.grid;
    let half = Vector3::from(grid.size.map(|n| n.saturating_sub(1) as f64 * 0.5));
    let centre = grid.to_world(Point3::from(half));
    let longest = (0..3).map(|a| grid.size[a] as f64 * grid.spacing_mm[a]).fold(1.0, f64::max);
    let mm = longest / f64::from(SIDE);
    let views = [(Vector3::x(), Vector3::y()), (Vector3::y(), -Vector3::z())];
    GrayImage::from_fn(SIDE * 2, SIDE, |x, y| {
        let (right, down) = views[(x / SIDE) as usize];
        let from_centre = |p: u32| (f64::from(p) + 0.5 - f64::from(SIDE) * 0.5) * mm;
        let at = centre + right * from_centre(x % SIDE) + down * from_centre(y);
        let hu = ct.volume.sample(at).unwrap_or(-1000.0);
        let grey = (hu - LEVEL_HU) / WINDOW_HU + 0.5;
        Luma([(grey.clamp(0.0, 1.0) * 255.0).round() as u8])
    })
}

/// Letters of the mark, three dots wide and five high, a bit a dot from the top left.
const LETTERS: [(char, u16); 9] = [
    ('I', 0b111_010_010_010_111),
    ('D', 0b110_101_101_101_110),
    ('E', 0b111_100_110_100_111),
    ('N', 0b111_101_101_101_101),
    ('T', 0b111_010_010_010_010),
    ('F', 0b111_100_110_100_100),
    ('A', 0b010_101_111_101_101),
    ('B', 0b110_101_110_101_110),
    ('L', 0b100_100_100_100_111),
];

/// A frame and the word IDENTIFIABLE: whoever meets the file sees what it is.
fn stamp(picture: &mut RgbImage) {
    let (w, h) = picture.dimensions();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x < DOT || y < DOT || x + DOT >= w || y + DOT >= h {
            *pixel = MARK;
        }
    }
    for (n, letter) in "IDENTIFIABLE".chars().enumerate() {
        let Some((_, dots)) = LETTERS.iter().find(|l| l.0 == letter) else { continue };
        for k in (0..15u32).filter(|k| dots >> (14 - k) & 1 == 1) {
            let (left, top) = (3 * DOT + (n as u32 * 4 + k % 3) * DOT, 3 * DOT + k / 3 * DOT);
            for (dx, dy) in (0..DOT).flat_map(|dx| (0..DOT).map(move |dy| (dx, dy))) {
                if let Some(pixel) = picture.get_pixel_mut_checked(left + dx, top + dy) {
                    *pixel = MARK;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use vestibule_geometry::{Grid, Volume};

    #[test]
    fn left_is_right_in_the_axial_view_and_the_head_is_up_in_the_sagittal_one() {
        let grid = Grid::axial([32, 32, 32], [2.0; 3], Point3::new(-31.0, -31.0, -31.0));
        let mut volume = Volume::filled(grid.clone(), -1000.0f32);
        let mut mark = |x: usize, y: usize, z: usize| {
            let o = grid.offset(x, y, z);
            volume.data[o] = 1000.0;
        };
        for k in 14..18 {
            (26..30).for_each(|x| (14..18).for_each(|y| mark(x, y, k))); // towards the patient's left
            (14..18).for_each(|x| (14..18).for_each(|y| mark(x, y, k + 12))); // towards the head
        }
        let ct = Image {
            uid: "1".into(),
            study_uid: "1".into(),
            frame_of_reference_uid: "1".into(),
            modality: Modality::Ct,
            description: String::new(),
            position: None,
            unit: "HU".into(),
            phase: None,
            coarse: None,
            slice_uids: vec![],
            volume,
        };
        let p = draw(&ct);
        assert_eq!(p.get_pixel(112, 64).0, [255], "left of the patient on the right");
        assert_eq!(p.get_pixel(16, 64).0, [0]);
        assert_eq!(p.get_pixel(SIDE + 64, 16).0, [255], "head up");
        assert_eq!(p.get_pixel(SIDE + 64, 112).0, [0]);
    }
}
