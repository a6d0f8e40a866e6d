//! Bytes into a data set, whatever stands or is missing before it: preamble, meta group, transfer syntax.

use super::walk::{Encoding, walk};
use dicom_core::dictionary::DataDictionary;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, uids};
use dicom_encoding::TransferSyntaxIndex;
use dicom_encoding::text::SpecificCharacterSet;
use dicom_encoding::transfer_syntax::{Codec, Endianness};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::io::{Cursor, Read};

/// Retired, and still met.
pub(super) const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// A data set and how it was written.
pub(super) struct File {
    pub data: InMemDicomObject,
    /// Transfer syntax it was read with.
    pub syntax: String,
    /// What had to be assumed to read it.
    pub assumed: Vec<String>,
    /// SOP class and instance of the meta group; they stand in where the data set has none.
    pub meta_class: Option<String>,
    pub meta_instance: Option<String>,
}

/// Why bytes gave no data set.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not look like DICOM.
    NotDicom,
    /// It is DICOM, but not readable; a sentence without its subject.
    Broken(String),
}

fn broken(text: impl Into<String>) -> Refused {
    Refused::Broken(text.into())
}

/// Reads one file's bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<File, Refused> {
    let marked = bytes.get(128..132) == Some(b"DICM".as_slice());
    let start = if marked {
        132
    } else if bytes.starts_with(b"DICM") {
        4
    } else {
        0
    };
    let body = &bytes[start.min(bytes.len())..];
    let mut assumed = Vec::new();
    let meta = meta_group(body)?;
    let body = &body[meta.length..];
    if start == 0 && meta.length == 0 {
        if !looks_like_data(body) {
            return Err(Refused::NotDicom);
        }
        assumed.push("has neither preamble nor meta group".to_owned());
    } else if start == 0 {
        assumed.push("has no preamble".to_owned());
    }
    if body.is_empty() {
        return Err(broken("ends after its meta group: it holds no data"));
    }
    let mut syntax = match meta.syntax {
        Some(s) => s,
        None => {
            let s = guess_syntax(body).ok_or_else(|| broken("names no transfer syntax, and none fits"))?;
            let name = match s {
                uids::EXPLICIT_VR_LITTLE_ENDIAN => "explicit VR little endian",
                uids::IMPLICIT_VR_LITTLE_ENDIAN => "implicit VR little endian",
                _ => "explicit VR big endian",
            };
            assumed.push(format!("names no transfer syntax: read as {name}"));
            s.to_owned()
        }
    };
    // Some exports say explicit and write implicit.
    if syntax == uids::EXPLICIT_VR_LITTLE_ENDIAN && guess_syntax(body) == Some(uids::IMPLICIT_VR_LITTLE_ENDIAN) {
        assumed.push("says explicit VR but is written with implicit VR: read as implicit".to_owned());
        syntax = uids::IMPLICIT_VR_LITTLE_ENDIAN.to_owned();
    }
    let data = data_set(body, &syntax)?;
    Ok(File { data, syntax, assumed, meta_class: meta.class, meta_instance: meta.instance })
}

fn data_set(body: &[u8], syntax: &str) -> Result<InMemDicomObject, Refused> {
    let ts = TransferSyntaxRegistry
        .get(syntax)
        .ok_or_else(|| broken(format!("has transfer syntax {syntax}, which is not known here")))?;
    // Inflated before it is walked, so that one check covers both.
    let inflated;
    let body = match ts.codec() {
        Codec::Dataset(Some(adapter)) => {
            let mut out = Vec::new();
            let mut reader = adapter.adapt_reader(Box::new(Cursor::new(body.to_vec())));
            let limit = (body.len() as u64).saturating_mul(1100).min(4 << 30);
            let read = reader.by_ref().take(limit).read_to_end(&mut out);
            read.map_err(|_| broken("is deflated, and cannot be inflated: it is damaged or ends early"))?;
            inflated = out;
            inflated.as_slice()
        }
        Codec::Dataset(None) => {
            return Err(broken(format!("has transfer syntax {}, which is not read here", ts.name())));
        }
        _ => body,
    };
    let plain = match ts.codec() {
        Codec::Dataset(_) => TransferSyntaxRegistry.get(uids::EXPLICIT_VR_LITTLE_ENDIAN).unwrap_or(ts),
        _ => ts,
    };
    let encoding = Encoding {
        explicit: plain.uid() != uids::IMPLICIT_VR_LITTLE_ENDIAN,
        big: plain.endianness() == Endianness::Big,
    };
    let private = walk(body, encoding).map_err(broken)?;
    let without;
    let body = if private.is_empty() {
        body
    } else {
        let mut kept = Vec::with_capacity(body.len());
        let mut from = 0;
        for r in private {
            kept.extend_from_slice(&body[from..r.start]);
            from = r.end;
        }
        kept.extend_from_slice(&body[from..]);
        without = kept;
        without.as_slice()
    };
    InMemDicomObject::read_dataset_with_dict_ts_cs(
        Cursor::new(body),
        StandardDataDictionary,
        plain,
        SpecificCharacterSet::default(),
    )
    // The reader's own words may quote values of the file.
    .map_err(|_| broken("cannot be read as DICOM: it is damaged"))
}

#[derive(Default)]
struct Meta {
    length: usize,
    syntax: Option<String>,
    class: Option<String>,
    instance: Option<String>,
}

/// Reads group 0002, explicit VR little endian; implicit where a writer did not know better.
fn meta_group(body: &[u8]) -> Result<Meta, Refused> {
    let mut meta = Meta::default();
    let u16_at = |p: usize| body.get(p..p + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let u32_at = |p: usize| body.get(p..p + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let early = || broken("ends inside its meta group");
    let mut at = 0;
    while u16_at(at) == Some(0x0002) {
        let element = u16_at(at + 2).ok_or_else(early)?;
        let vr = body.get(at + 4..at + 6).ok_or_else(early)?;
        let (head, length) = if vr.iter().all(u8::is_ascii_uppercase) {
            if matches!(vr, b"OB" | b"OW" | b"UN" | b"SQ" | b"UT") {
                (12, u32_at(at + 8).ok_or_else(early)?)
            } else {
                (8, usize::from(u16_at(at + 6).ok_or_else(early)?))
            }
        } else {
            (8, u32_at(at + 4).ok_or_else(early)?)
        };
        let from = at + head;
        let to = from.checked_add(length).filter(|t| *t <= body.len()).ok_or_else(early)?;
        let text = || {
            let s = String::from_utf8_lossy(&body[from..to]).trim_matches([' ', '\0']).to_owned();
            (!s.is_empty()).then_some(s)
        };
        match element {
            0x0002 => meta.class = text(),
            0x0003 => meta.instance = text(),
            0x0010 => meta.syntax = text(),
            _ => {}
        }
        at = to;
    }
    meta.length = at;
    Ok(meta)
}

const EARLY_GROUPS: [u16; 6] = [0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x3002];

/// Whether bytes without any marking begin like a data set: an early group, and a length that fits.
fn looks_like_data(body: &[u8]) -> bool {
    guess_syntax(body).is_some_and(|s| {
        let b = &body[..8];
        let (group, length) = match s {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => {
                (u16::from_le_bytes([b[0], b[1]]), u32::from_le_bytes([b[4], b[5], b[6], b[7]]) as usize)
            }
            uids::EXPLICIT_VR_LITTLE_ENDIAN => {
                (u16::from_le_bytes([b[0], b[1]]), usize::from(u16::from_le_bytes([b[6], b[7]])))
            }
            _ => (u16::from_be_bytes([b[0], b[1]]), usize::from(u16::from_be_bytes([b[6], b[7]]))),
        };
        EARLY_GROUPS.contains(&group) && (length <= body.len() - 8 || length == u32::MAX as usize)
    })
}

/// Which plain transfer syntax the first element is written in.
fn guess_syntax(body: &[u8]) -> Option<&'static str> {
    let b = body.get(..8)?;
    let explicit = VR::from_binary([b[4], b[5]]).is_some();
    let little = u16::from_le_bytes([b[0], b[1]]);
    let big = u16::from_be_bytes([b[0], b[1]]);
    match (explicit, EARLY_GROUPS.contains(&little), EARLY_GROUPS.contains(&big)) {
        (true, true, _) => Some(uids::EXPLICIT_VR_LITTLE_ENDIAN),
        (true, false, true) => Some(EXPLICIT_VR_BIG_ENDIAN),
        (false, true, _) => Some(uids::IMPLICIT_VR_LITTLE_ENDIAN),
        _ => None,
    }
}

/// Whether the standard's dictionary calls a tag a sequence.
pub(super) fn is_sequence(tag: Tag) -> bool {
    use dicom_core::dictionary::DataDictionaryEntry;
    StandardDataDictionary.by_tag(tag).is_some_and(|e| e.vr().exact() == Some(VR::SQ))
}
