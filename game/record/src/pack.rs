//! Voxels and object heads as bytes: postcard for heads; voxels as i16 where every value of a chunk is a whole number in
//! its range (CT), else f32; bytes of equal weight side by side, then zstd. Exact to the bit either way.

use crate::StoreError;
use crate::older::Stored;
use serde::Serialize;

/// The encoding this program writes into `objects.encoding`; raised when a stored type changes its shape. What an older
/// one looked like, and how it becomes the present type, stands in `older.rs`.
/// 2: plans say whether they are approved. 3: beams have control points, jaws, leaves and blocks, images say which phase they are.
pub(crate) const ENCODING: i64 = 3;

/// Voxels per chunk: 4 MiB as f32, so that a large volume never needs a second copy of itself in memory.
pub(crate) const CHUNK: usize = 1 << 20;

/// zstd level: CT shrinks about threefold at some 200 MB/s.
const LEVEL: i32 = 3;
/// The most bytes a head may unpack to: a damaged length must not exhaust memory.
const MOST_HEAD_BYTES: usize = 1 << 30;

const F32_PLANES: i64 = 0;
const I16_PLANES: i64 = 1;

/// One packed chunk.
pub(crate) struct Chunk {
    /// [`F32_PLANES`] or [`I16_PLANES`].
    pub packing: i64,
    /// Number of voxels.
    pub count: usize,
    /// zstd.
    pub data: Vec<u8>,
}

fn fail(error: impl std::fmt::Display) -> StoreError {
    StoreError::Pack(error.to_string())
}

/// postcard, then zstd.
pub(crate) fn pack_head(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let plain = postcard::to_allocvec(value).map_err(fail)?;
    zstd::bulk::compress(&plain, LEVEL).map_err(fail)
}

/// A stored type, as the encoding that it was written in has it.
pub(crate) fn unpack_head<T: Stored>(encoding: i64, data: &[u8]) -> Result<T, StoreError> {
    let size = zstd::zstd_safe::get_frame_content_size(data).ok().flatten().unwrap_or(u64::MAX);
    let size = usize::try_from(size).ok().filter(|&s| s <= MOST_HEAD_BYTES).ok_or(StoreError::Unreadable)?;
    let plain = zstd::bulk::decompress(data, size).map_err(|_| StoreError::Unreadable)?;
    T::decode(encoding, &plain).ok_or(StoreError::Unreadable)
}

/// Packs chunks of [`CHUNK`] voxels in parallel and hands them on in order, a few at a time.
pub(crate) fn pack_voxels(
    voxels: &[f32],
    mut take: impl FnMut(usize, Chunk) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let chunks: Vec<&[f32]> = voxels.chunks(CHUNK).collect();
    for (first, batch) in in_batches(&chunks) {
        for (n, packed) in in_parallel(batch, |chunk| pack_chunk(chunk)).into_iter().enumerate() {
            take(first + n, packed?)?;
        }
    }
    Ok(())
}

/// How many chunks are unpacked at once.
pub(crate) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

fn in_batches<T>(all: &[T]) -> impl Iterator<Item = (usize, &[T])> {
    let n = workers();
    all.chunks(n).enumerate().map(move |(b, batch)| (b * n, batch))
}

fn in_parallel<T: Sync, R: Send>(batch: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let handles: Vec<_> = batch.iter().map(|item| scope.spawn(move || work(item))).collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
    })
}

fn pack_chunk(voxels: &[f32]) -> Result<Chunk, StoreError> {
    let n = voxels.len();
    // Bit for bit: −0.0, NaN and anything with a fraction stays f32.
    let whole = voxels.iter().all(|v| f32::from(*v as i16).to_bits() == v.to_bits());
    let (packing, planes) = if whole {
        let mut planes = vec![0u8; 2 * n];
        for (i, v) in voxels.iter().enumerate() {
            let [lo, hi] = (*v as i16).to_le_bytes();
            (planes[i], planes[n + i]) = (lo, hi);
        }
        (I16_PLANES, planes)
    } else {
        let mut planes = vec![0u8; 4 * n];
        for (i, v) in voxels.iter().enumerate() {
            for (b, byte) in v.to_le_bytes().into_iter().enumerate() {
                planes[b * n + i] = byte;
            }
        }
        (F32_PLANES, planes)
    };
    Ok(Chunk { packing, count: n, data: zstd::bulk::compress(&planes, LEVEL).map_err(fail)? })
}

/// Unpacks chunk after chunk through the same memory.
#[derive(Default)]
pub(crate) struct Unpacker {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    planes: Vec<u8>,
}

impl Unpacker {
    /// Unpacks into `out`, which must have as many voxels as the chunk.
    pub fn unpack(&mut self, chunk: &Chunk, out: &mut [f32]) -> Result<(), StoreError> {
        let n = chunk.count;
        let width = match chunk.packing {
            I16_PLANES => 2,
            F32_PLANES => 4,
            _ => return Err(StoreError::Unreadable),
        };
        if n > CHUNK || n != out.len() {
            return Err(StoreError::Unreadable);
        }
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|_| StoreError::Unreadable)?),
        };
        self.planes.resize(width * n, 0);
        match zstd.decompress_to_buffer(&chunk.data, &mut self.planes[..]) {
            Ok(written) if written == width * n => {}
            _ => return Err(StoreError::Unreadable),
        }
        if n == 0 {
            return Ok(());
        }
        let mut planes = self.planes.chunks_exact(n);
        let mut plane = || planes.next().unwrap_or_default();
        if width == 2 {
            let (low, high) = (plane(), plane());
            for ((v, l), h) in out.iter_mut().zip(low).zip(high) {
                *v = f32::from(i16::from_le_bytes([*l, *h]));
            }
        } else {
            let (a, b, c, d) = (plane(), plane(), plane(), plane());
            for ((((v, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *v = f32::from_le_bytes([*a, *b, *c, *d]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use vestibule_geometry::Grid;
    use vestibule_patient::Plan;

    fn round_trip(voxels: &[f32]) -> (Vec<f32>, Vec<i64>) {
        let mut chunks = Vec::new();
        pack_voxels(voxels, |n, c| {
            assert_eq!(n, chunks.len());
            chunks.push(c);
            Ok(())
        })
        .unwrap();
        let mut back = vec![7f32; voxels.len()];
        let (mut rest, mut unpacker) = (back.as_mut_slice(), Unpacker::default());
        for chunk in &chunks {
            let (out, after) = rest.split_at_mut(chunk.count);
            unpacker.unpack(chunk, out).unwrap();
            rest = after;
        }
        assert!(rest.is_empty());
        (back, chunks.iter().map(|c| c.packing).collect())
    }

    fn bits(voxels: &[f32]) -> Vec<u32> {
        voxels.iter().map(|v| v.to_bits()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bits_come_back(raw in prop::collection::vec(any::<u32>(), 0..300)) {
            let voxels: Vec<f32> = raw.iter().map(|&b| f32::from_bits(b)).collect();
            prop_assert_eq!(bits(&round_trip(&voxels).0), raw);
        }
        /// Any row of the table of voxels: voxels, or one error.
        #[test]
        fn any_chunk(
            packing in -1i64..3,
            count in prop_oneof![0usize..40, any::<usize>()],
            room in 0usize..40,
            data in prop::collection::vec(any::<u8>(), 0..60),
            cut in any::<bool>(),
        ) {
            let mut out = vec![0f32; room];
            let mut unpacker = Unpacker::default();
            let _ = unpacker.unpack(&Chunk { packing, count, data }, &mut out);
            // What went wrong before leaves nothing behind.
            let mut good = pack_chunk(&vec![0.5; room]).unwrap();
            if cut {
                good.data.pop();
            }
            prop_assert_eq!(unpacker.unpack(&good, &mut out).is_ok(), !cut);
            prop_assert!(cut || out.iter().all(|v| *v == 0.5));
        }
        #[test]
        fn whole_numbers_pack_as_i16(raw in prop::collection::vec(any::<i16>(), 1..300)) {
            let voxels: Vec<f32> = raw.iter().map(|&v| f32::from(v)).collect();
            let (back, packing) = round_trip(&voxels);
            prop_assert_eq!(bits(&back), bits(&voxels));
            prop_assert_eq!(packing, vec![I16_PLANES]);
        }
    }

    #[test]
    fn a_volume_of_many_chunks_keeps_its_order() {
        let mut voxels: Vec<f32> = (0..CHUNK * 5 + 17).map(|i| ((i * 7919) % 4000) as f32 - 1000.0).collect();
        voxels[CHUNK * 3 + 5] = 0.5; // one chunk with a fraction
        let (back, packing) = round_trip(&voxels);
        assert!(back == voxels);
        assert_eq!(packing, [1, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn damage_is_an_error_not_a_crash() {
        assert!(unpack_head::<Plan>(ENCODING, b"not zstd").is_err());
        let plan = pack_head(&Plan::default()).unwrap();
        assert!(unpack_head::<Plan>(ENCODING, &plan).is_ok());
        for other in [ENCODING + 1, 0, -1, i64::MAX] {
            assert!(unpack_head::<Plan>(other, &plan).is_err() && unpack_head::<Grid>(other, &plan).is_err());
        }
        let bad = |chunk: Chunk, room: usize| Unpacker::default().unpack(&chunk, &mut vec![0.0; room]).is_err();
        assert!(bad(Chunk { packing: 0, count: 9, data: vec![1, 2, 3] }, 9));
        assert!(bad(Chunk { packing: 7, count: 0, data: vec![] }, 0));
        let whole = || pack_chunk(&[1.0, 2.0, 3.0]).unwrap();
        assert!(!bad(whole(), 3) && bad(whole(), 2) && bad(Chunk { count: 2, ..whole() }, 2));
        assert!(bad(Chunk { count: 4, ..whole() }, 4) && bad(Chunk { count: usize::MAX, ..whole() }, 3));
    }
}
