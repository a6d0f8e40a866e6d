//! A small synthetic 4D CT: a ball that moves with the breath in a box of lung, ten phases a series each, and their
//! average. All of it follows from formulas, so that whoever reads it can be checked.

use nalgebra::Point3;
use std::f64::consts::TAU;
use std::path::Path;
use vestibule_dicom::write::{self, Identity, WriteError, derived_uid};
use vestibule_geometry::{Grid, PatientPosition, Volume};
use vestibule_patient::{Image, Modality};

/// How many phases a breath is cut into.
const PHASES: u32 = 10;
/// How far the ball moves from the end of the in-breath (0 %) to that of the out-breath (50 %), towards the head, mm.
const AMPLITUDE: f64 = 16.0;
/// Radius of the ball, mm.
const RADIUS: f64 = 15.0;
/// Density of soft tissue and of lung.
const BALL_HU: f64 = 40.0;
const LUNG_HU: f64 = -750.0;

/// Where the middle of the ball is at a phase, mm.
pub fn middle(percent: u32) -> Point3<f64> {
    let raised = 0.5 * (1.0 - (TAU * f64::from(percent) / 100.0).cos());
    Point3::new(25.0, -10.0, -20.0 + AMPLITUDE * raised)
}

/// A phase as somebody writes it.
pub fn phase(text: &str) -> Result<u32, String> {
    let n: u32 = text.trim_end_matches('%').parse().map_err(|_| "a whole number of percent is wanted".to_owned())?;
    if n < 100 && n.is_multiple_of(100 / PHASES) { Ok(n) } else { Err("there are phases 0, 10, … 90".to_owned()) }
}

fn volume(percent: u32) -> Volume<f32> {
    let grid = Grid::axial([64, 48, 40], [3.0, 3.0, 2.5], Point3::new(-94.5, -70.5, -48.75));
    let centre = middle(percent);
    let mut v = Volume::filled(grid, 0f32);
    let [nx, ny, _] = v.grid.size;
    for (o, voxel) in v.data.iter_mut().enumerate() {
        let p = v.grid.centre(o % nx, o / nx % ny, o / (nx * ny));
        // The share of the voxel in the ball, by its distance from the surface.
        let share = ((RADIUS - (p - centre).norm()) / 2.75 + 0.5).clamp(0.0, 1.0);
        let wall = p.x.abs() > 85.0 || p.y.abs() > 61.0;
        let hu = if wall { BALL_HU } else { LUNG_HU + (BALL_HU - LUNG_HU) * share };
        *voxel = hu.round() as f32;
    }
    v
}

fn series(name: &str, volume: Volume<f32>) -> Image {
    let uid = |what: &str| derived_uid(&["vestibule synthetic breathing", what]);
    Image {
        slice_uids: (0..volume.grid.size[2]).map(|k| uid(&format!("{name} {k}"))).collect(),
        uid: uid(name),
        study_uid: uid("study"),
        frame_of_reference_uid: uid("frame of reference"),
        modality: Modality::Ct,
        description: format!("SYNTHETIC 4D CT, {name}"),
        position: Some(PatientPosition::Hfs),
        unit: "HU".to_owned(),
        phase: None,
        coarse: None,
        volume,
    }
}

/// Writes the series, each in a folder of its own; gives their number.
pub fn write(out: &Path, without: &[u32]) -> Result<usize, WriteError> {
    let phases: Vec<u32> = (0..PHASES).map(|n| n * 100 / PHASES).filter(|p| !without.contains(p)).collect();
    let identity = Identity {
        patient_id: "SYNTHETIC-4D".to_owned(),
        patient_name: "SYNTHETIC^BREATHING".to_owned(),
        birth_date: "19520601".to_owned(),
        sex: "O".to_owned(),
        study_uid: derived_uid(&["vestibule synthetic breathing", "study"]),
        study_date: "20260105".to_owned(),
        study_time: "100000".to_owned(),
        study_description: "SYNTHETIC 4D CT".to_owned(),
    };
    let volumes: Vec<Volume<f32>> = phases.iter().map(|p| volume(*p)).collect();
    for (percent, volume) in phases.iter().zip(&volumes) {
        let image = series(&format!("Gated, {percent}.0%"), volume.clone());
        write::image_series(&out.join(format!("CT_{percent:02}")), &image, &identity)?;
    }
    let Some(first) = volumes.first() else { return Ok(0) };
    let mut mean = first.clone();
    for (o, v) in mean.data.iter_mut().enumerate() {
        *v = volumes.iter().map(|p| p.data[o]).sum::<f32>() / volumes.len() as f32;
    }
    write::image_series(&out.join("CT_AVG"), &series("AVG 0-90%", mean), &identity)?;
    Ok(phases.len() + 1)
}
