use super::tags_of::{DataSet, clip};
use super::{Identity, WriteError, common, derived_uid, encode, save};
use dicom_dictionary_std::{tags, uids};
use std::path::Path;

/// A picture taken of the program's view, as an object of the patient's study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecondaryCapture<'a> {
    /// SOPInstanceUID, e.g. [`new_uid`](super::new_uid)'s; the picture gets a series of its own that follows from it.
    pub uid: &'a str,
    /// Pixels in a row, 1 to 65535.
    pub width: usize,
    /// Rows, 1 to 65535.
    pub height: usize,
    /// Red, green, blue of each pixel, 8 bit each, rows from top to bottom: 3 × width × height bytes.
    pub rgb: &'a [u8],
    /// Series Description, up to 64 characters.
    pub title: &'a str,
    /// Image Comments after the mark: free text, line breaks allowed, cut so that both fit 10240 characters.
    pub comment: &'a str,
    /// Derivation Description: what the picture shows and what drew it, up to 1024 characters.
    pub derivation: &'a str,
    /// Stands first in Image Comments and Derivation Description, e.g. `not for clinical decisions`. None only for a
    /// patient whose name says SYNTHETIC.
    pub mark: Option<&'a str>,
    /// Burned In Annotation: whether the pixels name the person.
    pub burned_in: bool,
    /// Recognizable Visual Features: whether the pixels show a face that can be recognised.
    pub recognisable: bool,
    /// When it was taken, `YYYYMMDD`.
    pub date: &'a str,
    /// When it was taken, `HHMMSS` or `HHMMSS.FFF`.
    pub time: &'a str,
}

/// Writes a Secondary Capture Image (PS3.3 A.8.1): RGB, 8 bit, uncompressed, Conversion Type WSD, modality OT.
///
/// # Errors
/// When the file cannot be written, or a value does not fit: see [`secondary_capture_bytes`].
pub fn secondary_capture(path: &Path, shot: &SecondaryCapture<'_>, identity: &Identity) -> Result<(), WriteError> {
    save(path, WHAT, object(shot, identity)?)
}

/// The same file as bytes.
///
/// # Errors
/// When the size is 0 or above 65535, the pixels are not 3 bytes for each, date or time are not in DICOM's form, there is no
/// study, or the mark is missing and the patient's name does not say SYNTHETIC.
pub fn secondary_capture_bytes(shot: &SecondaryCapture<'_>, identity: &Identity) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::with_capacity(shot.rgb.len() + 4096);
    encode(WHAT, object(shot, identity)?, &mut bytes)?;
    Ok(bytes)
}

const WHAT: &str = "secondary capture";
/// What Image Comments (LT) holds.
const COMMENT_CHARACTERS: usize = 10240;
/// What Derivation Description (ST) holds.
const DERIVATION_CHARACTERS: usize = 1024;

fn object(shot: &SecondaryCapture<'_>, identity: &Identity) -> Result<DataSet, WriteError> {
    let unfit = |reason: String| Err(WriteError::Unfit { what: WHAT, reason });
    let (w, h) = (shot.width, shot.height);
    if w == 0 || h == 0 || w > 65535 || h > 65535 {
        return unfit(format!("{w} x {h} pixels are not an image; 1 to 65535 each way are"));
    }
    let wanted = 3 * w as u64 * h as u64;
    if shot.rgb.len() as u64 != wanted || wanted >= u64::from(u32::MAX) {
        return unfit(format!("{w} x {h} pixels in RGB are {wanted} bytes below 4 GiB; {} were given", shot.rgb.len()));
    }
    if !is_date(shot.date) || !is_time(shot.time) {
        return unfit("it was taken at no date YYYYMMDD and time HHMMSS".to_owned());
    }
    if shot.uid.is_empty() || identity.study_uid.is_empty() {
        return unfit("it has no UID, or no study to belong to".to_owned());
    }
    let mark = shot.mark.unwrap_or_default().trim();
    if mark.is_empty() && !identity.patient_name.contains("SYNTHETIC") {
        return unfit("the picture of a person who is not synthetic needs its mark".to_owned());
    }
    let mut d =
        common(identity, uids::SECONDARY_CAPTURE_IMAGE_STORAGE, shot.uid, "OT", &derived_uid(&[shot.uid, "series"]));
    d.text(tags::IMAGE_TYPE, "DERIVED\\SECONDARY")
        .text(tags::CONVERSION_TYPE, "WSD")
        .text(tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER, "Vestibule")
        .text(tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER_MODEL_NAME, "Vestibule")
        .text(tags::SECONDARY_CAPTURE_DEVICE_SOFTWARE_VERSIONS, env!("CARGO_PKG_VERSION"))
        .text(tags::SERIES_DESCRIPTION, &clip(shot.title, 64))
        .text(tags::IMAGE_COMMENTS, &marked(mark, shot.comment, COMMENT_CHARACTERS))
        .text(tags::DERIVATION_DESCRIPTION, &marked(mark, shot.derivation, DERIVATION_CHARACTERS))
        .text(tags::BURNED_IN_ANNOTATION, yes_no(shot.burned_in))
        .text(tags::RECOGNIZABLE_VISUAL_FEATURES, yes_no(shot.recognisable))
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::PATIENT_ORIENTATION, "")
        .text(tags::LATERALITY, "")
        .text(tags::INSTANCE_NUMBER, "1")
        .short(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "RGB")
        .short(tags::PLANAR_CONFIGURATION, 0)
        .short(tags::ROWS, h as u16)
        .short(tags::COLUMNS, w as u16)
        .short(tags::BITS_ALLOCATED, 8)
        .short(tags::BITS_STORED, 8)
        .short(tags::HIGH_BIT, 7)
        .short(tags::PIXEL_REPRESENTATION, 0)
        .bytes(tags::PIXEL_DATA, shot.rgb);
    for (date, time) in [
        (tags::INSTANCE_CREATION_DATE, tags::INSTANCE_CREATION_TIME),
        (tags::SERIES_DATE, tags::SERIES_TIME),
        (tags::ACQUISITION_DATE, tags::ACQUISITION_TIME),
        (tags::CONTENT_DATE, tags::CONTENT_TIME),
        (tags::DATE_OF_SECONDARY_CAPTURE, tags::TIME_OF_SECONDARY_CAPTURE),
    ] {
        d.text(date, shot.date).text(time, shot.time);
    }
    Ok(d)
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "YES" } else { "NO" }
}

/// The mark, then the text on a line of its own; cut at the end, never in the mark.
fn marked(mark: &str, text: &str, characters: usize) -> String {
    let lines = [mark, text].into_iter().flat_map(str::lines).map(str::trim_end).filter(|l| !l.is_empty());
    let joined = lines.map(|l| l.chars().filter(|c| !c.is_control()).collect()).collect::<Vec<String>>().join("\r\n");
    joined.chars().take(characters).collect::<String>().trim_end().to_owned()
}

/// `YYYYMMDD`.
fn is_date(s: &str) -> bool {
    let part = |r: std::ops::Range<usize>| s[r].parse::<u32>().unwrap_or(0);
    s.len() == 8
        && s.bytes().all(|b| b.is_ascii_digit())
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
}

/// `HHMMSS` with up to six digits of a second's fraction.
fn is_time(s: &str) -> bool {
    let (whole, fraction) = s.split_once('.').unwrap_or((s, "0"));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let part = |r: std::ops::Range<usize>| whole[r].parse::<u32>().unwrap_or(u32::MAX);
    digits(whole)
        && digits(fraction)
        && whole.len() == 6
        && (1..=6).contains(&fraction.len())
        && part(0..2) < 24
        && part(2..4) < 60
        && part(4..6) <= 60
}
