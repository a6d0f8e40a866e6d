//! `vestibule dose compute --per-beam`: one RT Dose a beam beside the plan's.

use crate::output::Failure;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vestibule_dicom::write::{self, Identity, PlanReference};
use vestibule_dose::{PreparedPlan, as_dose, compute_beam};
use vestibule_geometry::Volume;
use vestibule_patient::{Beam, Dose, DoseSummation, DoseType, Plan, RadiationType};

/// One beam's dose, written.
pub struct Written {
    /// Beam Number.
    pub number: i32,
    /// Beam Name.
    pub name: String,
    /// Highest dose, Gy.
    pub max_gy: f64,
    /// Where it lies.
    pub path: PathBuf,
}

/// Computes the beams one after the other, writes each to `OUT-beam-N.dcm` with `fractions` fractions, and gives the
/// dose of one fraction of all (to the bit what the plan computed at once has).
pub fn compute_and_write(
    prepared: &PreparedPlan,
    plan: &Plan,
    fractions: u32,
    rbe: Option<f64>,
    settings: &[&str],
    out: &Path,
    identity: &Identity,
    progress: &dyn Fn(usize, usize),
) -> Result<(Volume<f64>, Vec<Written>), Failure> {
    let mut sum = Volume::filled(prepared.grid().clone(), 0.0);
    let mut written = Vec::new();
    for (n, beam) in plan.beams.iter().enumerate() {
        let one = compute_beam(prepared, n);
        sum.data.iter_mut().zip(&one.data).for_each(|(s, v)| *s += v);
        let mut dose = as_dose(prepared, &one, f64::from(fractions), DoseSummation::Beam);
        if let Some(rbe) = rbe {
            dose.dose_type = DoseType::Effective;
            dose.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * rbe) as f32);
        }
        written.push(write_beam(dose, beam, plan, settings, out, identity)?);
        progress(n + 1, plan.beams.len());
    }
    Ok((sum, written))
}

/// Writes one beam's dose to `OUT-beam-N.dcm`.
pub fn write_beam(
    mut dose: Dose,
    beam: &Beam,
    plan: &Plan,
    settings: &[&str],
    out: &Path,
    identity: &Identity,
) -> Result<Written, Failure> {
    let number = beam.number.to_string();
    dose.uid = write::derived_uid(&[settings, &["beam", &number]].concat());
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let path = out.with_file_name(format!("{stem}-beam-{number}.dcm"));
    let photons = beam.radiation == RadiationType::Photon;
    let of = PlanReference { uid: plan.uid.clone(), beams: vec![beam.number], photons, ..PlanReference::default() };
    write::dose_of(&path, &dose, &[of], identity).map_err(Failure::work)?;
    let max_gy = f64::from(dose.volume.data.iter().copied().fold(0.0f32, f32::max));
    Ok(Written { number: beam.number, name: beam.name.clone(), max_gy, path })
}

/// As JSON.
pub fn listed(written: &[Written]) -> Vec<Value> {
    let one = |b: &Written| json!({ "number": b.number, "name": b.name, "max_gy": b.max_gy, "file": b.path.display().to_string() });
    written.iter().map(one).collect()
}

/// A line each.
pub fn say(written: &[Written]) {
    for b in written {
        say!("beam {} '{}': maximum {:.3} Gy; written to {}", b.number, b.name, b.max_gy, b.path.display());
    }
}
