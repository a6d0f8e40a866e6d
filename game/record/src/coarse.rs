//! The small image that is kept beside each large one, so that there is something to see before the large one is read.

use crate::StoreError;
use crate::patients::{self, Head};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use vestibule_geometry::Grid;
use vestibule_patient::Image;

const COARSE: &str = "coarse";
/// From how many voxels on an image is large: 64 MiB as f32.
const LARGE: usize = 1 << 24;
/// Voxels a block has along an axis at most.
const BLOCK: f64 = 3.0;

/// Head of a coarse image; its UID is that of the image it is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Coarse {
    /// Voxels of the image along i, j, k whose mean one of these is.
    pub block: [usize; 3],
    /// Where the blocks' centres lie.
    pub grid: Grid,
}

pub(crate) fn is_large(grid: &Grid) -> bool {
    grid.size.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_none_or(|n| n >= LARGE)
}

/// Three voxels along the finest axis, and as many along the others as make a block most like a cube.
fn block(grid: &Grid) -> [usize; 3] {
    let side = BLOCK * grid.spacing_mm.iter().copied().fold(f64::INFINITY, f64::min);
    std::array::from_fn(|a| ((side / grid.spacing_mm[a]).round().clamp(1.0, BLOCK) as usize).min(grid.size[a].max(1)))
}

/// Keeps the coarse image of a large one; of another nothing, and what was kept of an earlier one goes.
pub(crate) fn put_of(c: &Connection, patient: i64, image: &Image) -> Result<(), StoreError> {
    if !is_large(&image.volume.grid) {
        c.execute(
            "DELETE FROM objects WHERE patient = ?1 AND kind = ?2 AND uid = ?3",
            rusqlite::params![patient, COARSE, image.uid],
        )?;
        return Ok(());
    }
    let block = block(&image.volume.grid);
    let mut mean = image.volume.averaged(block);
    // Whole numbers (CT) take a third of the room: their means are rounded to whole ones.
    if image.volume.data.iter().all(|v| v.fract() == 0.0) {
        mean.data.iter_mut().for_each(|v| *v = v.round() + 0.0);
    }
    let head = Coarse { block, grid: mean.grid };
    let object = patients::put_object(c, patient, COARSE, &image.uid, &head)?;
    patients::put_voxels(c, object, &mean.data)
}

/// The coarse images that are kept of those that are large, with the UID of each. One whose grid does not fit its image
/// is passed over.
pub(crate) fn of(
    c: &Connection,
    patient: i64,
    images: &[Head<Image>],
) -> Result<Vec<(String, Head<Coarse>)>, StoreError> {
    let mut out = Vec::new();
    for image in images.iter().map(|h| &h.is).filter(|i| is_large(&i.volume.grid)) {
        let found = match patients::head_of::<Coarse>(c, patient, COARSE, &image.uid) {
            Err(StoreError::Unreadable) => None,
            other => other?,
        };
        let fits =
            |c: &Coarse| (0..3).all(|a| c.block[a] > 0 && image.volume.grid.size[a] / c.block[a] == c.grid.size[a]);
        out.extend(found.filter(|h| fits(&h.is)).map(|h| (image.uid.clone(), h)));
    }
    Ok(out)
}
