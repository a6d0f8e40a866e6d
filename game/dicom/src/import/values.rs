//! Values of a data set, by tag, whatever value representation they arrived with.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;
use nalgebra::Point3;

pub(super) type Data = InMemDicomObject;

fn trim(s: &str) -> &str {
    s.trim_matches([' ', '\0', '\n', '\r', '\t'])
}

fn primitive(d: &Data, tag: Tag) -> Option<(VR, &PrimitiveValue)> {
    let e = d.get(tag)?;
    match e.value() {
        Value::Primitive(p) => Some((e.vr(), p)),
        _ => None,
    }
}

/// Text without padding; None when absent or empty. NULs inside are dropped.
pub(super) fn text(d: &Data, tag: Tag) -> Option<String> {
    let (vr, p) = primitive(d, tag)?;
    let s = match (vr, p) {
        (VR::UN, PrimitiveValue::U8(b)) => String::from_utf8_lossy(b).into_owned(),
        _ => p.to_str().into_owned(),
    };
    let s: String = trim(&s).chars().filter(|c| *c != '\0').collect();
    (!s.is_empty()).then_some(s)
}

/// Several texts; empty when absent.
pub(super) fn texts(d: &Data, tag: Tag) -> Vec<String> {
    text(d, tag).map(|s| s.split('\\').map(|p| trim(p).to_owned()).collect()).unwrap_or_default()
}

/// All numbers of a value. Some(empty) when the element is empty, None when it is absent or one is no finite number.
pub(super) fn numbers(d: &Data, tag: Tag) -> Option<Vec<f64>> {
    let (vr, p) = primitive(d, tag)?;
    let values: Vec<f64> = match p {
        PrimitiveValue::Empty => Vec::new(),
        PrimitiveValue::Str(s) => parse_all(s)?,
        PrimitiveValue::Strs(list) => {
            let mut out = Vec::with_capacity(list.len());
            for s in list {
                out.extend(parse_all(s)?);
            }
            out
        }
        // A value longer than 65534 bytes travels as UN: the dictionary knows what it is.
        PrimitiveValue::U8(bytes) if matches!(vr, VR::UN | VR::OB) => by_dictionary(tag, bytes)?,
        other => other.to_multi_float64().ok()?,
    };
    values.iter().all(|v| v.is_finite()).then_some(values)
}

fn parse_all(s: &str) -> Option<Vec<f64>> {
    let s = trim(s);
    if s.is_empty() {
        return Some(Vec::new());
    }
    s.split('\\').map(|p| trim(p).parse::<f64>().ok()).collect()
}

fn by_dictionary(tag: Tag, bytes: &[u8]) -> Option<Vec<f64>> {
    let vr = StandardDataDictionary.by_tag(tag)?.vr().relaxed();
    Some(match vr {
        VR::DS | VR::IS => parse_all(std::str::from_utf8(bytes).ok()?)?,
        VR::FL | VR::OF => {
            bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect()
        }
        VR::FD | VR::OD => bytes
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
            .collect(),
        VR::US => bytes.chunks_exact(2).map(|b| f64::from(u16::from_le_bytes([b[0], b[1]]))).collect(),
        _ => return None,
    })
}

/// The first number.
pub(super) fn number(d: &Data, tag: Tag) -> Option<f64> {
    numbers(d, tag)?.first().copied()
}

/// The first number as a whole one; None where it is negative or has a fraction.
pub(super) fn count(d: &Data, tag: Tag) -> Option<usize> {
    let n = number(d, tag)?;
    (n >= 0.0 && n.fract() == 0.0 && n < 4e9).then_some(n as usize)
}

/// Exactly N numbers.
pub(super) fn exactly<const N: usize>(d: &Data, tag: Tag) -> Option<[f64; N]> {
    numbers(d, tag)?.try_into().ok()
}

/// Three numbers as a point.
pub(super) fn point(d: &Data, tag: Tag) -> Option<Point3<f64>> {
    exactly::<3>(d, tag).map(Point3::from)
}

/// The items of a sequence; none when it is absent.
pub(super) fn items(d: &Data, tag: Tag) -> &[Data] {
    d.get(tag).and_then(|e| e.value().items()).unwrap_or_default()
}

/// The first item of a sequence.
pub(super) fn item(d: &Data, tag: Tag) -> Option<&Data> {
    items(d, tag).first()
}
