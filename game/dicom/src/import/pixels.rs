//! Pixel data as stored numbers: plain in either byte order, or compressed.

use super::parse::{EXPLICIT_VR_BIG_ENDIAN, File};
use super::rle;
use super::values::{count, text};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::meta::FileMetaTableBuilder;
use dicom_pixeldata::PixelDecoder;

/// Stored pixels of all frames, little endian, and how to read a number from them.
#[derive(Clone, Debug)]
pub(super) struct Pixels {
    bytes: Vec<u8>,
    /// Bytes a pixel: 1, 2 or 4.
    width: usize,
    stored: u32,
    shift: u32,
    signed: bool,
}

impl Pixels {
    /// Decodes the pixel data of `rows` × `columns` × `frames`; the error is a sentence without its subject.
    pub fn read(file: &File, rows: usize, columns: usize, frames: usize, signed: bool) -> Result<Self, String> {
        let d = &file.data;
        let allocated = count(d, tags::BITS_ALLOCATED).ok_or("does not say how many bits a pixel has")?;
        if ![8, 16, 32].contains(&allocated) {
            return Err(format!("has {allocated} bits a pixel; 8, 16 and 32 are read"));
        }
        let stored = count(d, tags::BITS_STORED).unwrap_or(allocated);
        let high = count(d, tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        if stored == 0 || stored > allocated || high + 1 < stored || high >= allocated {
            return Err("contradicts itself in bits allocated, bits stored and high bit".to_owned());
        }
        let wanted = rows
            .checked_mul(columns)
            .and_then(|n| n.checked_mul(frames))
            .and_then(|n| n.checked_mul(allocated / 8))
            .ok_or("is larger than any memory")?;
        let element = d.get(tags::PIXEL_DATA).ok_or("has no pixel data")?;
        if let Value::PixelSequence(s) = element.value() {
            // The decoders ask the memory for what the header says: it must be believable.
            if s.fragments().len() < frames {
                return Err(format!("holds {} compressed frames where {frames} belong", s.fragments().len()));
            }
            if wanted as u64 > 4 << 30 {
                return Err("is larger than 4 GiB unpacked".to_owned());
            }
        }
        let mut bytes = match element.value() {
            Value::Primitive(p) => plain(p, &file.syntax, allocated),
            Value::PixelSequence(s) if allocated == 32 && file.syntax == uids::RLE_LOSSLESS => {
                if s.fragments().len() != frames {
                    return Err("has frames in several fragments each, which is not read".to_owned());
                }
                let mut out = Vec::new();
                for f in s.fragments() {
                    out.extend(rle::frame(f, rows * columns).ok_or("has compressed pixel data that is damaged")?);
                }
                out
            }
            Value::PixelSequence(_) => compressed(file)?,
            Value::Sequence(_) => return Err("has no readable pixel data".to_owned()),
        };
        if bytes.len() < wanted {
            return Err(format!("holds {} bytes of pixel data where {wanted} belong: it was cut off", bytes.len()));
        }
        bytes.truncate(wanted);
        let (stored, shift) = (stored as u32, (high + 1 - stored) as u32);
        Ok(Self { bytes, width: allocated / 8, stored, shift, signed })
    }

    /// No pixels.
    pub fn empty() -> Self {
        Self { bytes: Vec::new(), width: 1, stored: 8, shift: 0, signed: false }
    }

    /// Pixel by its place, as stored.
    pub fn at(&self, index: usize) -> f64 {
        let b = &self.bytes[index * self.width..];
        let raw = match self.width {
            1 => u32::from(b[0]),
            2 => u32::from(u16::from_le_bytes([b[0], b[1]])),
            _ => u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        };
        let raw = raw >> self.shift;
        let unused = 32 - self.stored;
        if self.signed { f64::from((raw << unused) as i32 >> unused) } else { f64::from(raw << unused >> unused) }
    }

    /// One frame of `len` pixels.
    pub fn frame(&self, index: usize, len: usize) -> Self {
        let n = len * self.width;
        Self { bytes: self.bytes[index * n..(index + 1) * n].to_vec(), ..*self }
    }
}

fn plain(value: &PrimitiveValue, syntax: &str, allocated: usize) -> Vec<u8> {
    let mut bytes = value.to_bytes().into_owned();
    // Words were put right one by one; a 32-bit pixel is two of them, the higher first.
    if syntax == EXPLICIT_VR_BIG_ENDIAN && allocated == 32 && matches!(value, PrimitiveValue::U16(_)) {
        for pixel in bytes.chunks_exact_mut(4) {
            pixel.rotate_left(2);
        }
    }
    bytes
}

fn compressed(file: &File) -> Result<Vec<u8>, String> {
    let failed = || "has compressed pixel data that cannot be unpacked".to_owned();
    let class = text(&file.data, tags::SOP_CLASS_UID).or_else(|| file.meta_class.clone());
    let instance = text(&file.data, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone());
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(&file.syntax)
        .media_storage_sop_class_uid(class.unwrap_or_else(|| uids::SECONDARY_CAPTURE_IMAGE_STORAGE.to_owned()))
        .media_storage_sop_instance_uid(instance.unwrap_or_else(|| "2.25.1".to_owned()))
        .build()
        .map_err(|_| failed())?;
    let object = file.data.clone().with_exact_meta(meta);
    let decoded = object.decode_pixel_data().map_err(|_| failed())?;
    Ok(decoded.into_data())
}
