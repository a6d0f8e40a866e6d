use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;

/// A data set under construction; each value representation comes from the standard dictionary.
#[derive(Default)]
pub(super) struct DataSet(Option<InMemDicomObject>);

fn vr(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |e| e.vr().relaxed())
}

/// A decimal string of at most 16 characters, as exact as they allow.
pub(super) fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let shortest = format!("{value}");
    if shortest.len() <= 16 {
        return if shortest == "-0" { "0".to_owned() } else { shortest };
    }
    if value.abs() >= 1e-4 && value.abs() < 1e13 {
        for digits in (0..=14).rev() {
            let s = format!("{value:.digits$}");
            if s.len() <= 16 {
                return s;
            }
        }
    }
    for digits in (0..=10).rev() {
        let s = format!("{value:.digits$e}");
        if s.len() <= 16 {
            return s;
        }
    }
    format!("{value:.0e}")
}

impl DataSet {
    fn put(&mut self, tag: Tag, value: PrimitiveValue) -> &mut Self {
        self.object().put(DataElement::new(tag, vr(tag), value));
        self
    }

    fn object(&mut self) -> &mut InMemDicomObject {
        self.0.get_or_insert_with(InMemDicomObject::new_empty)
    }

    /// Text, a number as text, or a UID. Empty text is an empty value.
    pub fn text(&mut self, tag: Tag, value: &str) -> &mut Self {
        let value = if value.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(value) };
        self.put(tag, value)
    }

    /// A whole number as text (IS).
    pub fn int(&mut self, tag: Tag, value: impl std::fmt::Display) -> &mut Self {
        self.text(tag, &value.to_string())
    }

    /// Decimal strings (DS).
    pub fn decimals(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        let text: Vec<String> = values.iter().map(|v| decimal(*v)).collect();
        self.put(tag, PrimitiveValue::Strs(text.into()))
    }

    /// 32-bit floats (FL).
    pub fn floats(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        self.put(tag, PrimitiveValue::F32(values.into()))
    }

    /// 64-bit floats (FD).
    pub fn doubles(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        self.put(tag, PrimitiveValue::F64(values.into()))
    }

    /// An unsigned 16-bit number (US).
    pub fn short(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.put(tag, PrimitiveValue::from(value))
    }

    /// An attribute tag (AT).
    pub fn tag(&mut self, tag: Tag, value: Tag) -> &mut Self {
        self.put(tag, PrimitiveValue::Tags(vec![value].into()))
    }

    /// Pixel data as 16-bit words.
    pub fn pixels(&mut self, words: Vec<u16>) -> &mut Self {
        let tag = dicom_dictionary_std::tags::PIXEL_DATA;
        self.object().put(DataElement::new(tag, VR::OW, PrimitiveValue::U16(words.into())));
        self
    }

    /// Bytes (OW in implicit VR), padded to an even length.
    pub fn bytes(&mut self, tag: Tag, bytes: &[u8]) -> &mut Self {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        self.object().put(DataElement::new(tag, VR::OW, PrimitiveValue::U8(bytes.into())));
        self
    }

    /// A sequence of items.
    pub fn items(&mut self, tag: Tag, items: Vec<DataSet>) -> &mut Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(DataSet::done).collect();
        self.object().put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// A sequence of one item, filled by `fill`.
    pub fn item(&mut self, tag: Tag, fill: impl FnOnce(&mut DataSet)) -> &mut Self {
        let item = DataSet::with(fill);
        self.items(tag, vec![item])
    }

    /// A data set filled by `fill`.
    pub fn with(fill: impl FnOnce(&mut DataSet)) -> DataSet {
        let mut item = DataSet::default();
        fill(&mut item);
        item
    }

    /// The finished object.
    pub fn done(self) -> InMemDicomObject {
        self.0.unwrap_or_else(InMemDicomObject::new_empty)
    }
}

/// A reference to another object by class and instance.
pub(super) fn reference(class: &str, uid: &str) -> DataSet {
    use dicom_dictionary_std::tags;
    DataSet::with(|r| {
        r.text(tags::REFERENCED_SOP_CLASS_UID, class).text(tags::REFERENCED_SOP_INSTANCE_UID, uid);
    })
}

/// Text cut to what its value representation holds, at a character's border.
pub(super) fn clip(text: &str, characters: usize) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '\\').take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_fit_and_come_back() {
        for v in [
            0.0,
            -0.0,
            1.0,
            -123.456_789_012_345_67,
            1.0 / 3.0,
            -1.0 / 3.0e7,
            2.345_678_901_234e-9,
            1e300,
            -9.87654321e20,
            54.000000001,
            168.56,
        ] {
            let s = decimal(v);
            assert!(s.len() <= 16, "{s}");
            let back: f64 = s.parse().unwrap();
            assert!((back - v).abs() <= 1e-9 * v.abs() + 1e-12 * f64::from(v.abs() > 1e-4), "{v} became {s}");
        }
    }
}
