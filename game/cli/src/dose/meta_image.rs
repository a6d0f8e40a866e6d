//! Volumes of what RT Dose has no unit for, as MetaImage: a text header, then f32 little-endian, x fastest.

use crate::output::{Done, write_new};
use std::path::Path;
use vestibule_geometry::Volume;

/// Writes a new file. `what` goes into its comment: the quantity, its unit, what 0 means.
pub fn write(path: &Path, volume: &Volume<f32>, what: &str) -> Done {
    let g = &volume.grid;
    let three = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x.to_string()).collect::<Vec<_>>().join(" ");
    let mut out = format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n\
         Comment = {what}; DICOM patient frame, mm\n\
         TransformMatrix = {}\nOffset = {}\nElementSpacing = {}\nDimSize = {} {} {}\nElementType = MET_FLOAT\n\
         ElementDataFile = LOCAL\n",
        three(&mut g.axes.iter().copied()),
        three(&mut g.origin_mm.coords.iter().copied()),
        three(&mut g.spacing_mm.iter().copied()),
        g.size[0],
        g.size[1],
        g.size[2],
    )
    .into_bytes();
    out.extend(volume.data.iter().flat_map(|v| v.to_le_bytes()));
    write_new(path, &out)
}
