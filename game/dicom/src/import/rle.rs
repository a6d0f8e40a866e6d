//! RLE of 32-bit pixels (Part 5, annex G), which dose grids use and the decoder library does not read.

/// Unpacks one frame of `pixels` 32-bit pixels into little-endian bytes. None when it is damaged.
pub(super) fn frame(data: &[u8], pixels: usize) -> Option<Vec<u8>> {
    let word = |i: usize| data.get(4 * i..4 * i + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    // Two bytes give at most 128: what cannot be in the data is not asked of the memory.
    if word(0)? != 4 || pixels > data.len().saturating_mul(64) {
        return None;
    }
    let mut out = vec![0u8; pixels.checked_mul(4)?];
    for segment in 0..4 {
        let from = word(1 + segment)?;
        let to = if segment == 3 { data.len() } else { word(2 + segment)? };
        let bytes = unpack(data.get(from..to)?, pixels)?;
        // The first segment holds the highest bytes.
        for (pixel, byte) in out.chunks_exact_mut(4).zip(bytes) {
            pixel[3 - segment] = byte;
        }
    }
    Some(out)
}

fn unpack(mut packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length.min(packed.len().saturating_mul(64)));
    while out.len() < length {
        let (&head, rest) = packed.split_first()?;
        packed = rest;
        match head as i8 {
            -128 => {}
            n @ 0.. => {
                let n = n as usize + 1;
                out.extend_from_slice(packed.get(..n)?);
                packed = &packed[n..];
            }
            n => {
                let (&byte, rest) = packed.split_first()?;
                packed = rest;
                out.resize(out.len() + (1 - i16::from(n)) as usize, byte);
            }
        }
    }
    out.truncate(length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_and_repeated_runs() {
        // Pixels 0x01020304 four times, then 0x01020305: three segments repeat, the last ends otherwise.
        let segment = |b: u8| vec![(-4i8) as u8, b];
        let last = vec![(-3i8) as u8, 4, 0, 5];
        let mut data = vec![0u8; 64];
        let mut put = |i: usize, v: u32| data[4 * i..4 * i + 4].copy_from_slice(&v.to_le_bytes());
        put(0, 4);
        for i in 0..4 {
            put(1 + i, 64 + 2 * i as u32);
        }
        for b in [1, 2, 3] {
            data.extend(segment(b));
        }
        data.extend(last);
        let want: Vec<u8> = [0x0102_0304u32, 0x0102_0304, 0x0102_0304, 0x0102_0304, 0x0102_0305]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        assert_eq!(frame(&data, 5), Some(want));
        for cut in 0..data.len() {
            assert_eq!(frame(&data[..cut], 5), None);
        }
        assert_eq!(frame(&data, 1 << 40), None);
    }
}
