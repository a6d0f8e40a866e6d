//! One image file as slices: where each lies, and its pixels.

use super::parse::File;
use super::pixels::Pixels;
use super::suv::by_body_weight;
use super::values::{Data, count, exactly, item, items, number, point, text, texts};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use nalgebra::{Point3, Vector3};
use vestibule_patient::Phase;

/// One slice of a series.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub label: String,
    pub series_uid: Option<String>,
    pub study_uid: String,
    pub frame_of_reference_uid: String,
    pub modality: String,
    pub description: String,
    pub position: Option<String>,
    /// Empty for a frame of a multi-frame object.
    pub sop_uid: String,
    pub unit: String,
    pub instance: i64,
    pub rows: usize,
    pub columns: usize,
    /// Unit vectors of the columns' and the rows' direction: i and j.
    pub row: Vector3<f64>,
    pub column: Vector3<f64>,
    pub at: Point3<f64>,
    /// Distance along i and j, mm.
    pub spacing: [f64; 2],
    pub thickness: Option<f64>,
    pub slope: f64,
    pub intercept: f64,
    /// What may part two slices at one place, in this order of trust.
    pub parts: Vec<(&'static str, String)>,
    /// What the tags say of when in a cycle it was taken.
    pub phase: Phase,
    pub assumed: Vec<String>,
    pub pixels: Pixels,
}

/// Why an image gave no slices: whether anything of a patient's volume was lost by it, and a sentence.
pub(super) enum NoSlices {
    /// Not a part of any volume (a scout, a screenshot): nothing lost.
    NotAVolume(String),
    /// It should have been one.
    Lost(String),
}

fn lost(s: impl Into<String>) -> NoSlices {
    NoSlices::Lost(s.into())
}

/// Tags that part phases, echoes and the like when several slices lie at one place.
const PARTS: [(&str, Tag); 11] = [
    ("TemporalPositionIdentifier", tags::TEMPORAL_POSITION_IDENTIFIER),
    ("TemporalPositionIndex", tags::TEMPORAL_POSITION_INDEX),
    ("NominalPercentageOfRespiratoryPhase", tags::NOMINAL_PERCENTAGE_OF_RESPIRATORY_PHASE),
    ("NominalPercentageOfCardiacPhase", tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
    ("TriggerTime", tags::TRIGGER_TIME),
    ("DiffusionBValue", tags::DIFFUSION_B_VALUE),
    ("EchoTime", tags::ECHO_TIME),
    ("ImageType", tags::IMAGE_TYPE),
    ("AcquisitionNumber", tags::ACQUISITION_NUMBER),
    ("AcquisitionTime", tags::ACQUISITION_TIME),
    ("ContentTime", tags::CONTENT_TIME),
];

/// Reads the slices of an image file.
pub(super) fn slices(file: &File, label: &str) -> Result<Vec<Slice>, NoSlices> {
    let d = &file.data;
    if texts(d, tags::IMAGE_TYPE).iter().any(|t| t == "LOCALIZER") {
        return Err(NoSlices::NotAVolume("is a scout image".to_owned()));
    }
    let modality = text(d, tags::MODALITY).unwrap_or_default();
    let frames = count(d, tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    let per_frame = items(d, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    if frames > 1 && per_frame.is_empty() {
        return Err(lost(format!("holds {frames} frames without saying where each lies")));
    }
    if !per_frame.is_empty() && per_frame.len() < frames {
        return Err(lost(format!("describes {} of its {frames} frames", per_frame.len())));
    }
    if per_frame.is_empty() && d.get(tags::IMAGE_POSITION_PATIENT).is_none() {
        return Err(NoSlices::NotAVolume("does not say where it lies in the patient".to_owned()));
    }
    if count(d, tags::SAMPLES_PER_PIXEL).unwrap_or(1) != 1 {
        return Err(NoSlices::NotAVolume("is a colour picture".to_owned()));
    }
    if text(d, tags::PHOTOMETRIC_INTERPRETATION).is_some_and(|p| p == "PALETTE COLOR") {
        return Err(NoSlices::NotAVolume("is a colour picture".to_owned()));
    }
    if !items(d, tags::MODALITY_LUT_SEQUENCE).is_empty() {
        return Err(lost("gives its values through a table (Modality LUT), which is not read"));
    }
    let rows = count(d, tags::ROWS).filter(|n| *n > 0).ok_or_else(|| lost("does not say how many rows it has"))?;
    let columns =
        count(d, tags::COLUMNS).filter(|n| *n > 0).ok_or_else(|| lost("does not say how many columns it has"))?;
    let signed = count(d, tags::PIXEL_REPRESENTATION) == Some(1);
    let pixels = Pixels::read(file, rows, columns, frames, signed).map_err(NoSlices::Lost)?;
    let shared = item(d, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let mut out = Vec::with_capacity(frames);
    for f in 0..frames {
        let group = Groups { frame: per_frame.get(f), shared, root: d };
        let mut slice = place(&group, &modality)?;
        slice.label = label.to_owned();
        slice.rows = rows;
        slice.columns = columns;
        if frames > 1 {
            slice.pixels = pixels.frame(f, rows * columns);
            slice.instance = f as i64;
        } else {
            slice.pixels = pixels.clone();
            slice.sop_uid = text(d, tags::SOP_INSTANCE_UID).or_else(|| file.meta_instance.clone()).unwrap_or_default();
        }
        out.push(slice);
    }
    Ok(out)
}

/// Where a frame's values may stand: its own functional groups, the shared ones, the root.
struct Groups<'a> {
    frame: Option<&'a Data>,
    shared: Option<&'a Data>,
    root: &'a Data,
}

impl<'a> Groups<'a> {
    fn find(&self, sequence: Tag, tag: Tag) -> &'a Data {
        let inside = |g: Option<&'a Data>| g.and_then(|g| item(g, sequence)).filter(|i| i.get(tag).is_some());
        inside(self.frame).or_else(|| inside(self.shared)).unwrap_or(self.root)
    }

    /// Where a tag of breathing or heartbeat stands.
    fn synchronised(&self, tag: Tag) -> &'a Data {
        let breathing = self.find(tags::RESPIRATORY_SYNCHRONIZATION_SEQUENCE, tag);
        if breathing.get(tag).is_some() { breathing } else { self.find(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE, tag) }
    }
}

fn place(g: &Groups<'_>, modality: &str) -> Result<Slice, NoSlices> {
    let d = g.root;
    let mut assumed = Vec::new();
    let at = point(g.find(tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT), tags::IMAGE_POSITION_PATIENT)
        .ok_or_else(|| lost("does not say where it lies (Image Position)"))?;
    let o: [f64; 6] = exactly(
        g.find(tags::PLANE_ORIENTATION_SEQUENCE, tags::IMAGE_ORIENTATION_PATIENT),
        tags::IMAGE_ORIENTATION_PATIENT,
    )
    .ok_or_else(|| lost("does not say how it is turned (Image Orientation)"))?;
    let (row, column) = axes(&o).ok_or_else(|| lost("has rows and columns that are not at right angles"))?;
    let measures = g.find(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING);
    // Row spacing, the distance along j, comes first.
    let [along_j, along_i]: [f64; 2] = exactly(measures, tags::PIXEL_SPACING)
        .filter(|s: &[f64; 2]| s.iter().all(|x| *x > 0.0))
        .ok_or_else(|| lost("does not say how large its pixels are (Pixel Spacing)"))?;
    let thickness = number(g.find(tags::PIXEL_MEASURES_SEQUENCE, tags::SLICE_THICKNESS), tags::SLICE_THICKNESS);
    let values = g.find(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tags::RESCALE_SLOPE);
    let (mut slope, mut intercept) =
        match (number(values, tags::RESCALE_SLOPE), number(values, tags::RESCALE_INTERCEPT)) {
            (Some(s), Some(i)) if s != 0.0 => (s, i),
            (None, None) => {
                if modality == "CT" || modality == "PT" {
                    assumed.push(
                        "has no rescale slope and intercept: its stored values were taken as they are".to_owned(),
                    );
                }
                (1.0, 0.0)
            }
            (Some(s), None) if s != 0.0 => {
                assumed.push("has no rescale intercept: 0 was taken".to_owned());
                (s, 0.0)
            }
            (None, Some(i)) => {
                assumed.push("has no rescale slope: 1 was taken".to_owned());
                (1.0, i)
            }
            _ => return Err(lost("has a rescale slope of 0")),
        };
    let unit = match modality {
        "CT" => text(values, tags::RESCALE_TYPE).filter(|t| t != "US").unwrap_or_else(|| "HU".to_owned()),
        "PT" => match text(d, tags::UNITS).as_deref() {
            Some("GML") => "SUV (g/ml)".to_owned(),
            Some("BQML") => match by_body_weight(d) {
                Ok(factor) => {
                    (slope, intercept) = (slope * factor, intercept * factor);
                    assumed.push("has activity in Bq/ml: it was made into SUV by the body weight and the injected activity that it states".to_owned());
                    "SUV (g/ml)".to_owned()
                }
                Err(why) => {
                    assumed.push(format!("has activity in Bq/ml, which stays so: {why}"));
                    "Bq/ml".to_owned()
                }
            },
            Some(other) => other.to_owned(),
            None => String::new(),
        },
        _ => text(values, tags::RESCALE_TYPE).filter(|t| t != "US").unwrap_or_default(),
    };
    let content = g.frame.and_then(|f| item(f, tags::FRAME_CONTENT_SEQUENCE));
    let parts = PARTS
        .iter()
        .filter_map(|(name, tag)| {
            let inside = content.filter(|c| c.get(*tag).is_some()).unwrap_or_else(|| g.synchronised(*tag));
            Some((*name, text(inside, *tag)?))
        })
        .collect();
    Ok(Slice {
        label: String::new(),
        series_uid: text(d, tags::SERIES_INSTANCE_UID),
        study_uid: text(d, tags::STUDY_INSTANCE_UID).unwrap_or_default(),
        frame_of_reference_uid: text(d, tags::FRAME_OF_REFERENCE_UID).unwrap_or_default(),
        modality: modality.to_owned(),
        description: text(d, tags::SERIES_DESCRIPTION).unwrap_or_default(),
        position: text(d, tags::PATIENT_POSITION),
        sop_uid: String::new(),
        unit,
        instance: number(d, tags::INSTANCE_NUMBER).unwrap_or(0.0) as i64,
        rows: 0,
        columns: 0,
        row,
        column,
        at,
        spacing: [along_i, along_j],
        thickness: thickness.filter(|t| *t > 0.0),
        slope,
        intercept,
        parts,
        phase: phase(g, content),
        assumed,
        pixels: Pixels::empty(),
    })
}

/// What the tags of a frame say of its place in a cycle.
fn phase(g: &Groups<'_>, content: Option<&Data>) -> Phase {
    let d = g.root;
    let percent = [tags::NOMINAL_PERCENTAGE_OF_RESPIRATORY_PHASE, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE]
        .into_iter()
        .find_map(|tag| number(g.synchronised(tag), tag))
        .filter(|p| (0.0..=100.0).contains(p));
    let small = |d: &Data, tag| count(d, tag).and_then(|n| u32::try_from(n).ok());
    let position = content
        .and_then(|c| small(c, tags::TEMPORAL_POSITION_INDEX))
        .or_else(|| small(d, tags::TEMPORAL_POSITION_INDEX))
        .or_else(|| small(d, tags::TEMPORAL_POSITION_IDENTIFIER));
    let several = ["MIP", "MINIP", "MAX_IP", "MIN_IP", "AVERAGE", "MEAN", "MAXIMUM", "MINIMUM", "PROJECTION IMAGE"];
    let summary = texts(d, tags::IMAGE_TYPE).iter().skip(2).any(|t| several.contains(&t.to_uppercase().as_str()));
    Phase { percent, position, positions: small(d, tags::NUMBER_OF_TEMPORAL_POSITIONS), summary }
}

/// Unit vectors of rows and columns, made exactly perpendicular; None when they are more than 0.6 degrees from it.
pub(super) fn axes(o: &[f64; 6]) -> Option<(Vector3<f64>, Vector3<f64>)> {
    let row = Vector3::new(o[0], o[1], o[2]);
    let column = Vector3::new(o[3], o[4], o[5]);
    if (row.norm() - 1.0).abs() > 0.01 || (column.norm() - 1.0).abs() > 0.01 {
        return None;
    }
    let row = row.normalize();
    let lean = column.dot(&row);
    if lean.abs() > 0.01 {
        return None;
    }
    Some((row, (column - row * lean).normalize()))
}
