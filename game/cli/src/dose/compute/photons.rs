//! The same of a photon plan.

use super::super::beams;
use super::super::materials::Prepared;
use super::super::{identity, summation_name, type_name};
use super::Args;
use crate::Global;
use crate::output::{Done, Failure, print_json, progress};
use serde_json::json;
use std::time::Instant;
use vestibule_dicom::write;
use vestibule_dose::overrides::body_of;
use vestibule_dose::photon::photon_fraction;
use vestibule_dose::{DoseOptions, HuTable, PhotonMachine, PhotonPlan};
use vestibule_geometry::Volume;
use vestibule_patient::{DoseSummation, Image, Patient, Plan};

/// Whether the call asks for what photons do not have.
fn check(args: &Args) -> Result<(), Failure> {
    let asked = [
        ("--rbe", args.rbe.is_some_and(|rbe| rbe != 1.0)),
        ("--rbe-model", args.rbe_model.is_some()),
        ("--let", args.let_d.is_some()),
        ("--let-out", args.let_out.is_some()),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        Some((option, _)) => Err(Failure::call(format!(
            "{option} is for protons; the plan has photons, whose RBE is 1 by definition: leave it out"
        ))),
        None => Ok(()),
    }
}

/// Computes and writes.
pub fn run(
    args: &Args,
    global: &Global,
    patient: &Patient,
    plan: &Plan,
    ct: &Image,
    machine: &PhotonMachine,
    calibration: Option<HuTable>,
) -> Done {
    check(args)?;
    let structures = patient.structures_of(plan);
    let started = Instant::now();
    let body = body_of(structures, &ct.volume.grid);
    let given = Prepared::new(&args.materials, structures, &ct.volume.grid)?;
    let hu = calibration.unwrap_or_else(|| HuTable::for_image(ct));
    let options = DoseOptions { grid_mm: args.grid_mm };
    let prepared =
        PhotonPlan::new(ct, body.as_ref(), plan, machine, &hu, &options, &given.materials()).map_err(Failure::work)?;

    let fractions = if args.fraction { 1 } else { plan.fractions.max(1) };
    let summation = if args.fraction { DoseSummation::Fraction } else { DoseSummation::Plan };
    let identity = identity(patient, ct);
    let mut settings = format!(
        "{} mm, {fractions} fractions, {}, {}, {} {summation:?}",
        args.grid_mm,
        machine.name,
        hu.name,
        prepared.engine()
    );
    if given.any() {
        settings += &format!(", {}", given.summary());
    }
    let settings = [plan.uid.as_str(), &ct.uid, &settings];
    let bar = progress(0, "dose");
    let show = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let mut dose = prepared.as_dose(photon_fraction(&prepared, None, &show), fractions, summation);
    let mut written = Vec::new();
    if args.per_beam {
        for (n, beam) in plan.beams.iter().enumerate() {
            let one = photon_fraction(&prepared, Some(n), &|_, _| ());
            let one = prepared.as_dose(one, fractions, DoseSummation::Beam);
            written.push(beams::write_beam(one, beam, plan, &settings, &args.out, &identity)?);
        }
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    dose.uid = write::derived_uid(&settings);
    write::dose(&args.out, &dose, Some(plan), &identity).map_err(Failure::work)?;

    let mut notes = prepared.notes().to_vec();
    if body.is_none() {
        notes.push(super::NO_OUTLINE.into());
    }
    let max_gy = dose.volume.data.iter().copied().fold(0.0f32, f32::max);
    let mean_gy = mean(&dose.volume, prepared.body_voxels());
    let mean_over = if body.is_some() { "BODY" } else { "CT" };
    if global.json {
        return print_json(&json!({
            "engine": dose.engine,
            "seconds": (seconds * 1000.0).round() / 1000.0,
            "max_gy": f64::from(max_gy),
            "mean_gy": mean_gy,
            "mean_over": mean_over,
            "dose_type": type_name(&dose),
            "summation": summation_name(&dose),
            "fractions": fractions,
            "rbe": 1.0,
            "grid_mm": args.grid_mm,
            "machine": machine.name,
            "calibration": hu.name,
            "uid": dose.uid,
            "beams": beams::listed(&written),
            "notes": notes,
        }));
    }
    let of = if args.fraction { "one fraction".to_owned() } else { format!("{fractions} fractions") };
    say!("physical dose, {of}: maximum {max_gy:.3} Gy, mean over {mean_over} {mean_gy:.3} Gy, in {seconds:.1} s");
    say!("{}; written to {}", dose.engine, args.out.display());
    beams::say(&written);
    notes.iter().for_each(|note| say!("note: {note}"));
    Ok(())
}

/// Over the body's voxels, Gy.
fn mean(dose: &Volume<f32>, body: &[u32]) -> f64 {
    body.iter().map(|o| f64::from(dose.data[*o as usize])).sum::<f64>() / body.len().max(1) as f64
}
