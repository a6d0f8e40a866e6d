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
    /// What a file says it holds is believed only as far as it is long.
    fn holds(&self, n: u64) -> Result<(), AssetError> {
        if n > (self.data.len() - self.at) as u64 {
            return Err(AssetError { file: self.file, what: "ends too early".into() });
        }
        Ok(())
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
    part_of(unpack("head.bin.zst", HEAD, b"VHEAD1\0\0")?, part)
}

fn part_of(mut r: Reader, part: &str) -> Result<Surface, AssetError> {
    for _ in 0..r.u32()? {
        let n = r.u32()? as usize;
        let name = String::from_utf8_lossy(r.take(n)?).into_owned();
        let (nv, nt) = (r.u32()?, r.u32()?);
        r.holds(12 * (u64::from(nv) + u64::from(nt)))?;
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
    volumes_of(unpack("brain.bin.zst", BRAIN, b"VBRAIN1\0")?)
}

fn volumes_of(mut r: Reader) -> Result<Brain, AssetError> {
    let size = [r.u32()? as usize, r.u32()? as usize, r.u32()? as usize];
    let voxels = size.iter().try_fold(3u64, |n, s| n.checked_mul(*s as u64)).unwrap_or(u64::MAX);
    r.holds(voxels)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One triangle in two parts; a brain of 2 x 3 x 1 voxels.
    fn small() -> (Vec<u8>, Vec<u8>) {
        let mut head = b"VHEAD1\0\0".to_vec();
        head.extend(2u32.to_le_bytes());
        for name in ["skin", "tongue"] {
            head.extend((name.len() as u32).to_le_bytes());
            head.extend(name.as_bytes());
            head.extend([3u32, 1].iter().flat_map(|n| n.to_le_bytes()));
            head.extend([0f32, 0., 0., 1., 0., 0., 0., 1., 0.].iter().flat_map(|n| n.to_le_bytes()));
            head.extend([0u32, 1, 2].iter().flat_map(|n| n.to_le_bytes()));
        }
        let mut brain = b"VBRAIN1\0".to_vec();
        brain.extend([2u32, 3, 1].iter().flat_map(|n| n.to_le_bytes()));
        brain.extend([0.8f32, -1., -2., -3.].iter().flat_map(|n| n.to_le_bytes()));
        brain.extend([1u8; 18]);
        (head, brain)
    }

    fn read(data: &[u8]) -> (Result<Surface, AssetError>, Result<Brain, AssetError>) {
        let reader = || Reader { file: "test", data: data.to_vec(), at: 8 };
        (part_of(reader(), "tongue"), volumes_of(reader()))
    }

    #[test]
    fn damaged_data_is_refused_and_asks_for_no_memory() {
        let (head, brain) = small();
        assert_eq!(read(&head).0.unwrap().triangles, [[0, 1, 2]]);
        assert_eq!(read(&brain).1.unwrap().tissue.data, [1; 6]);
        for whole in [&head, &brain] {
            for length in 8..whole.len() {
                let (a, b) = read(&whole[..length]);
                assert!(a.is_err() && b.is_err(), "cut at {length}");
            }
            // Every byte at its extremes: sizes of thousands of millions among them.
            for at in 8..whole.len() {
                for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let mut bad = whole.clone();
                    bad[at] = value;
                    if let Ok(s) = read(&bad).0 {
                        assert!(s.triangles.iter().flatten().all(|i| (*i as usize) < s.points.len()));
                    }
                }
            }
        }
        let packed = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        assert!(unpack("test", &packed(&head), b"VHEAD1\0\0").is_ok());
        assert!(unpack("test", &packed(&head), b"VBRAIN1\0").is_err());
        assert!(unpack("test", &head, b"VHEAD1\0\0").is_err());
        assert!(unpack("test", &packed(&head)[..20], b"VHEAD1\0\0").is_err());
    }
}
