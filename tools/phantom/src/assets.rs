//! The two small data files: the head's surface and the brain's labels (`assets/phantom`, embedded).

use crate::sdf::P;
use nalgebra::Point3;
use std::io::Read;
use vestibule_geometry::{Grid, Volume};

static HEAD: &[u8] = include_bytes!("../../../assets/phantom/head.bin.zst");
static BRAIN: &[u8] = include_bytes!("../../../assets/phantom/brain.bin.zst");

/// A data file that does not read as its maker (`tools/anatomy`) writes it.
#[derive(Debug, thiserror::Error)]
#[error("assets/phantom/{file}: {what}; make it again with tools/anatomy")]
pub struct AssetError {
    file: &'static str,
    what: String,
}

/// Triangles in DICOM patient millimetres.
pub struct Surface {
    /// Corners.
    pub points: Vec<P>,
    /// Corner numbers.
    pub triangles: Vec<[u32; 3]>,
}

/// The Colin27 brain in the patient's frame.
pub struct Brain {
    /// 0 fluid, 1 to 31 from the edge of grey matter to white matter.
    pub tissue: Volume<u8>,
    /// Region number, see `tools/anatomy/make_brain.py`.
    pub region: Volume<u8>,
    /// Signed distance to the dura, mm, positive inside.
    pub dura: Volume<f32>,
}

fn unpack(file: &'static str, bytes: &[u8], magic: &[u8; 8]) -> Result<Reader, AssetError> {
    let fail = |what: String| AssetError { file, what };
    let mut data = Vec::new();
    zstd::Decoder::new(bytes)
        .and_then(|mut d| d.read_to_end(&mut data))
        .map_err(|e| fail(format!("cannot be unpacked ({e})")))?;
    if data.get(..8) != Some(magic.as_slice()) {
        return Err(fail("has another format".into()));
    }
    Ok(Reader { file, data, at: 8 })
}

struct Reader {
    file: &'static str,
    data: Vec<u8>,
    at: usize,
}

impl Reader {
    fn take(&mut self, n: usize) -> Result<&[u8], AssetError> {
        let s = self
            .data
            .get(self.at..self.at + n)
            .ok_or_else(|| AssetError { file: self.file, what: "ends too early".into() })?;
        self.at += n;
        Ok(s)
    }
    fn word(&mut self) -> Result<[u8; 4], AssetError> {
        let s = self.take(4)?;
        Ok([s[0], s[1], s[2], s[3]])
    }
    fn u32(&mut self) -> Result<u32, AssetError> {
        Ok(u32::from_le_bytes(self.word()?))
    }
    fn f32(&mut self) -> Result<f64, AssetError> {
        Ok(f64::from(f32::from_le_bytes(self.word()?)))
    }
}

/// Surface of one part: `skin`, `upper-teeth`, `lower-teeth`, `tongue`, `l-eye`, `r-eye`.
pub fn head(part: &str) -> Result<Surface, AssetError> {
    let mut r = unpack("head.bin.zst", HEAD, b"VHEAD1\0\0")?;
    for _ in 0..r.u32()? {
        let n = r.u32()? as usize;
        let name = String::from_utf8_lossy(r.take(n)?).into_owned();
        let (nv, nt) = (r.u32()?, r.u32()?);
        let mut points = Vec::with_capacity(nv as usize);
        for _ in 0..nv {
            points.push([r.f32()?, r.f32()?, r.f32()?]);
        }
        let mut triangles = Vec::with_capacity(nt as usize);
        for _ in 0..nt {
            let t = [r.u32()?, r.u32()?, r.u32()?];
            if t.iter().any(|i| *i >= nv) {
                return Err(AssetError { file: "head.bin.zst", what: format!("{name} points outside itself") });
            }
            triangles.push(t);
        }
        if name == part {
            return Ok(Surface { points, triangles });
        }
    }
    Err(AssetError { file: "head.bin.zst", what: format!("has no part '{part}'") })
}

/// The brain's volumes.
pub fn brain() -> Result<Brain, AssetError> {
    let mut r = unpack("brain.bin.zst", BRAIN, b"VBRAIN1\0")?;
    let size = [r.u32()? as usize, r.u32()? as usize, r.u32()? as usize];
    let s = r.f32()?;
    let origin = Point3::new(r.f32()?, r.f32()?, r.f32()?);
    let grid = Grid::axial(size, [s; 3], origin);
    let n = grid.len();
    let mut volume = || -> Result<Vec<u8>, AssetError> { Ok(r.take(n)?.to_vec()) };
    let (tissue, region, dura) = (volume()?, volume()?, volume()?);
    Ok(Brain {
        tissue: Volume { grid: grid.clone(), data: tissue },
        region: Volume { grid: grid.clone(), data: region },
        dura: Volume { grid, data: dura.into_iter().map(|b| (f32::from(b) - 100.0) * 0.25).collect() },
    })
}
