//! From activity to the standardised uptake value by body weight: SUVbw = activity (Bq/ml) · body weight (g) / injected activity (Bq) at
//! the instant to which the image is decay-corrected. 1 ml is taken to weigh 1 g. After the vendor-neutral recipe of QIBA's profile for
//! FDG-PET/CT; private tags are not read.

use super::values::{Data, item, number, text, texts};
use dicom_dictionary_std::tags;

/// What Bq/ml are multiplied by, or why they stay as they are.
pub(super) fn by_body_weight(d: &Data) -> Result<f64, &'static str> {
    let corrected = texts(d, tags::CORRECTED_IMAGE);
    if !["ATTN", "DECY"].iter().all(|need| corrected.iter().any(|c| c == need)) {
        return Err("it is not corrected for attenuation and decay");
    }
    let weight_kg = number(d, tags::PATIENT_WEIGHT).filter(|kg| *kg > 0.0).ok_or("the body weight is not stated")?;
    let drug =
        item(d, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE).ok_or("nothing is stated of what was injected")?;
    let injected_bq = number(drug, tags::RADIONUCLIDE_TOTAL_DOSE).filter(|bq| *bq > 0.0);
    let injected_bq = injected_bq.ok_or("the injected activity is not stated")?;
    let left = match text(d, tags::DECAY_CORRECTION).as_deref() {
        // the image says how much there would have been at the injection
        Some("ADMIN") => 1.0,
        Some("START") => {
            let half_life_s = number(drug, tags::RADIONUCLIDE_HALF_LIFE).filter(|s| *s > 0.0);
            let half_life_s = half_life_s.ok_or("the half-life is not stated")?;
            0.5f64.powf(waited_s(d, drug)? / half_life_s)
        }
        _ => return Err("the instant to which its decay is corrected is not stated"),
    };
    Ok(weight_kg * 1000.0 / (injected_bq * left))
}

/// From the injection to the beginning of the scan, s.
fn waited_s(d: &Data, drug: &Data) -> Result<f64, &'static str> {
    let unknown = "when it was injected and when the scan began is not stated";
    let day = text(d, tags::SERIES_DATE).ok_or(unknown)?;
    let series = text(d, tags::SERIES_TIME).and_then(|t| seconds(&t)).ok_or(unknown)?;
    // a series that was made later than its slices were taken says nothing of when the scan began
    let taken = text(d, tags::ACQUISITION_TIME).and_then(|t| seconds(&t)).ok_or(unknown)?;
    if text(d, tags::ACQUISITION_DATE).is_some_and(|other| other != day) || series > taken + 1.0 {
        return Err("its series is younger than its slices");
    }
    let whole = text(drug, tags::RADIOPHARMACEUTICAL_START_DATE_TIME).filter(|t| t.len() >= 14);
    let injected = match &whole {
        Some(whole) if whole.is_char_boundary(8) => {
            if whole[..8] != day {
                return Err("it was injected on another day than the scan's");
            }
            seconds(&whole[8..])
        }
        _ => text(drug, tags::RADIOPHARMACEUTICAL_START_TIME).and_then(|t| seconds(&t)),
    };
    let waited = series - injected.ok_or(unknown)?;
    if waited >= 0.0 { Ok(waited) } else { Err("it was injected after the scan began") }
}

/// Seconds of the day of `HHMMSS.FFFFFF`, with anything from the minutes on left out and any zone behind it.
fn seconds(time: &str) -> Option<f64> {
    let time = time.split(['+', '-', '&']).next()?;
    let (whole, part) = time.split_once('.').unwrap_or((time, "0"));
    if !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) || !matches!(whole.len(), 2 | 4 | 6) {
        return None;
    }
    let two = |at: usize| whole.get(at..at + 2).map_or(Some(0.0), |t| t.parse::<f64>().ok());
    let fraction: f64 = format!("0.{part}").parse().ok()?;
    Some(two(0)? * 3600.0 + two(2)? * 60.0 + two(4)? + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_object::InMemDicomObject;

    fn put(d: &mut Data, tag: dicom_core::Tag, vr: VR, value: &str) {
        d.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }

    /// 370 MBq of fluorine 18 one half-life before the scan, 70 kg.
    fn scan() -> Data {
        let mut drug = InMemDicomObject::new_empty();
        put(&mut drug, tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, "370000000");
        put(&mut drug, tags::RADIONUCLIDE_HALF_LIFE, VR::DS, "6586.2");
        put(&mut drug, tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, "101013.8");
        let mut d = InMemDicomObject::new_empty();
        for (tag, vr, value) in [
            (tags::SERIES_DATE, VR::DA, "20001004"),
            (tags::SERIES_TIME, VR::TM, "120000.00"),
            (tags::ACQUISITION_TIME, VR::TM, "120500"),
            (tags::PATIENT_WEIGHT, VR::DS, "70"),
            (tags::CORRECTED_IMAGE, VR::CS, "DECY\\ATTN\\SCAT"),
            (tags::DECAY_CORRECTION, VR::CS, "START"),
        ] {
            put(&mut d, tag, vr, value);
        }
        let items = dicom_core::value::DataSetSequence::from(vec![drug]);
        d.put(DataElement::new(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, VR::SQ, items));
        d
    }

    #[test]
    fn one_half_life_later_half_is_left() {
        // 70,000 g / 185 MBq: 5285.714 Bq/ml are twice what an even spread would give
        let factor = by_body_weight(&scan()).unwrap();
        assert!((factor * 185e6 / 70e3 - 1.0).abs() < 1e-9, "{factor}");
        let mut admin = scan();
        put(&mut admin, tags::DECAY_CORRECTION, VR::CS, "ADMIN");
        assert!((by_body_weight(&admin).unwrap() * 370e6 / 70e3 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_stated_is_not_guessed() {
        let without = |tag| {
            let mut d = scan();
            d.remove_element(tag);
            by_body_weight(&d).unwrap_err()
        };
        assert!(without(tags::PATIENT_WEIGHT).contains("weight"));
        assert!(without(tags::CORRECTED_IMAGE).contains("attenuation"));
        assert!(without(tags::DECAY_CORRECTION).contains("decay"));
        assert!(without(tags::SERIES_TIME).contains("scan began"));
        let with = |tag, value| {
            let mut d = scan();
            put(&mut d, tag, VR::TM, value);
            by_body_weight(&d).unwrap_err()
        };
        assert!(with(tags::SERIES_TIME, "123000").contains("younger"));
        assert!(with(tags::SERIES_TIME, "100000").contains("after"));
        assert!(with(tags::SERIES_TIME, "half past").contains("not stated"));
    }
}
