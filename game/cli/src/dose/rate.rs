//! `vestibule dose rate`: how fast each structure gets its dose, by named metric.

mod clock;
mod output;

use super::{choose_plan, in_file, machine, read, timeline};
use crate::Global;
use crate::output::{Done, Failure, print_json, progress};
use crate::store::{Create, open};
use serde_json::json;
use std::path::PathBuf;
use vestibule_dose::overrides::{body_of, supports_of};
use vestibule_dose::rate::{clock::SteadyBeam, structure_voxels};
use vestibule_dose::{
    BeamDoseRate, DeliveryOrder, DoseFloor, DoseOptions, DoseRateMetric, HuTable, Materials, PreparedPlan,
    RateHistogram, Timeline,
};
use vestibule_geometry::Grid;
use vestibule_patient::{Plan, StructureSet};

/// What `rate` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose plan
    #[arg(long, value_name = "ID", required_unless_present = "clock")]
    patient: Option<String>,
    /// SOPInstanceUID of the plan [default: the only one, or of several the only approved one]
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
    /// Machine file (docs/machine.md), whose `delivery` gives the times [default: generic-pbs]
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Table from HU to stopping power (docs/machine.md) [default: by the CT]
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// Spacing of the dose grid, mm, 0.5 to 10
    #[arg(long, value_name = "N", default_value_t = 2.5)]
    grid_mm: f64,
    /// dose-averaged, percentile (of 98 %), pbs, dose-threshold (docs/dose.md) [default: all four]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<DoseRateMetric>,
    /// pbs: dose at either end that does not count; dose-threshold: least dose of a spot that counts, Gray
    #[arg(long, value_name = "GY", default_value_t = 0.01)]
    threshold: f64,
    /// Leave out voxels that get less than this from the beam in one fraction: Gray, or percent of the beam's maximum
    #[arg(long, value_name = "GY|PERCENT%", default_value = "10%", value_parser = floor)]
    dose_floor: DoseFloor,
    /// Only these structures
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    structure: Vec<String>,
    /// Only this beam: its name, or its number from 1
    #[arg(long, value_name = "NAME|N")]
    beam: Option<String>,
    /// Volumes with at least these rates, Gy/s
    #[arg(long, value_name = "GY_PER_S", value_delimiter = ',', default_values_t = [40.0])]
    volume_at: Vec<f64>,
    /// Write the dose-rate-volume histograms as a table
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// Write one beam's rates by one metric on the grid, as MetaImage in Gy/s (no RT Dose: that holds Gray)
    #[arg(long, value_name = "FILE.mha")]
    out: Option<PathBuf>,
    /// Draw 8 Gy at 4 Gy/min and at 100 Gy/s on one clock; needs no patient
    #[arg(long, value_name = "FILE.svg")]
    clock: Option<PathBuf>,
}

/// `0.5` is Gray, `10%` is percent of the beam's maximum.
fn floor(text: &str) -> Result<DoseFloor, String> {
    let (number, percent) = match text.trim().strip_suffix('%') {
        Some(n) => (n, true),
        None => (text, false),
    };
    match number.trim().parse::<f64>() {
        Ok(p) if percent && (0.0..=100.0).contains(&p) => Ok(DoseFloor::PercentOfMaximum(p)),
        Ok(gy) if !percent && gy >= 0.0 && gy.is_finite() => Ok(DoseFloor::Gy(gy)),
        _ => Err("write Gray (0.5) or percent of the beam's maximum (10%), 0 or more".into()),
    }
}

/// One structure, one metric, one beam.
struct Row {
    name: String,
    histogram: RateHistogram,
}

struct Table {
    metric: DoseRateMetric,
    rows: Vec<Row>,
}

struct BeamResult {
    name: String,
    rates: BeamDoseRate,
    tables: Vec<Table>,
}

/// Computes and prints.
pub fn run(args: &Args, global: &Global) -> Done {
    if let Some(path) = &args.clock {
        let picture = clock::svg(SteadyBeam::CONVENTIONAL, SteadyBeam::FLASH);
        std::fs::write(path, picture).map_err(|e| Failure::Work(format!("{}: {e}", path.display())))?;
        if !global.json {
            say!("8 Gy at 4 Gy/min and at 100 Gy/s on one clock: {}", path.display());
        }
    }
    let Some(id) = &args.patient else { return Ok(()) };
    if let Some(bad) = args.volume_at.iter().find(|v| !(**v >= 0.0 && v.is_finite())) {
        return Err(Failure::call(format!("--volume-at {bad}: expected 0 Gy/s or more")));
    }
    if !(args.threshold >= 0.0 && args.threshold.is_finite()) {
        return Err(Failure::call(format!("--threshold {}: expected 0 Gy or more", args.threshold)));
    }
    if !(args.grid_mm >= 0.5 && args.grid_mm <= 10.0) {
        return Err(Failure::call(format!("--grid-mm {}: expected 0.5 to 10 mm", args.grid_mm)));
    }
    let asked = if args.metric.is_empty() { DoseRateMetric::USUAL.to_vec() } else { args.metric.clone() };
    let metrics: Vec<DoseRateMetric> = asked.into_iter().map(|m| m.with_threshold(args.threshold)).collect();
    let machine = machine(args.machine.as_deref())?;
    let calibration = match &args.calibration {
        Some(path) => Some(HuTable::from_json(&read(path)?).map_err(|e| in_file(path, e))?),
        None => None,
    };
    let patient = open(global, Create::No)?.patient(id).map_err(Failure::work)?;
    let plan = choose_plan(&patient, args.plan.as_deref())?;
    let beams = choose_beams(plan, args.beam.as_deref())?;
    if args.out.is_some() && (beams.len() != 1 || metrics.len() != 1) {
        return Err(Failure::call("--out holds one beam and one metric: name them with --beam and --metric"));
    }
    let ct = patient.planning_image(plan).ok_or_else(|| {
        Failure::Work(
            "the plan's CT (same frame of reference) is not in the store: import it together with the plan".into(),
        )
    })?;
    let structures = patient.structures_of(plan);
    let wanted = wanted(args, structures)?;
    let body = body_of(structures, &ct.volume.grid);
    let hu = calibration.unwrap_or_else(|| HuTable::for_image(ct));
    let order = DeliveryOrder::new(plan).map_err(Failure::work)?;
    let timeline = Timeline::checked(&order.plan, &machine).map_err(Failure::work)?;
    let options = DoseOptions { grid_mm: args.grid_mm };
    let supports = supports_of(structures, &ct.volume.grid);
    let materials = Materials::of_supports(&supports);
    let prepared = PreparedPlan::with_materials(ct, body.as_ref(), &order.plan, &machine, &hu, &options, &materials)
        .map_err(Failure::work)?;
    let mut notes = prepared.notes().to_vec();
    notes.extend(timeline::notes(plan, &machine));
    let regions = regions(&prepared, structures, &wanted, &mut notes);
    if regions.is_empty() {
        return Err(Failure::Work(notes.pop().unwrap_or_else(|| "no structure lies on the dose grid".into())));
    }
    let bar = progress(0, "dose rate");
    let mut results = Vec::new();
    for b in beams {
        let rates = BeamDoseRate::new(&prepared, &timeline, b, &metrics, args.dose_floor, &|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })
        .map_err(Failure::work)?;
        let table = |map: &vestibule_dose::rate::RateMap| Table {
            metric: map.metric,
            rows: regions
                .iter()
                .map(|(name, voxels)| Row { name: name.clone(), histogram: RateHistogram::new(&rates, map, voxels) })
                .collect(),
        };
        let tables = rates.maps.iter().map(table).collect();
        results.push(BeamResult { name: plan.beams[b].name.clone(), rates, tables });
    }
    bar.finish_and_clear();
    if let Some(path) = &args.csv {
        output::csv(path, &results)?;
    }
    if let (Some(path), Some(one)) = (&args.out, results.first()) {
        output::mha(path, one)?;
    }
    if global.json {
        return print_json(&json!({
            "engine": prepared.engine(), "machine": machine.name, "calibration": hu.name, "grid_mm": args.grid_mm,
            "per": "one beam of one fraction", "dose_type": "PHYSICAL",
            "beams": results.iter().map(|r| output::beam_json(r, &args.volume_at)).collect::<Vec<_>>(), "notes": notes,
        }));
    }
    output::print(&results, &args.volume_at);
    say!("{}, {} mm grid; every rate is of one beam of one fraction, physical dose", prepared.engine(), args.grid_mm);
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

fn choose_beams(plan: &Plan, asked: Option<&str>) -> Result<Vec<usize>, Failure> {
    let Some(asked) = asked else { return Ok((0..plan.beams.len()).collect()) };
    let by_number = asked.parse::<usize>().ok().filter(|n| (1..=plan.beams.len()).contains(n)).map(|n| n - 1);
    plan.beams.iter().position(|b| b.name == asked).or(by_number).map(|b| vec![b]).ok_or_else(|| {
        let all: Vec<&str> = plan.beams.iter().map(|b| b.name.as_str()).collect();
        Failure::call(format!("there is no beam '{asked}'; there are: {}", all.join(", ")))
    })
}

fn wanted(args: &Args, set: Option<&StructureSet>) -> Result<Vec<String>, Failure> {
    let find = |name: &String| {
        let set = set.ok_or_else(|| Failure::Work("the plan's structure set is not in the store: import it".into()))?;
        set.find(name).map(|s| s.name.clone()).ok_or_else(|| {
            let all: Vec<&str> = set.structures.iter().map(|s| s.name.as_str()).collect();
            Failure::call(format!("there is no structure '{name}'; there are: {}", all.join(", ")))
        })
    };
    args.structure.iter().map(find).collect()
}

/// Names and voxels; without structures the whole body.
fn regions(
    prepared: &PreparedPlan,
    set: Option<&StructureSet>,
    wanted: &[String],
    notes: &mut Vec<String>,
) -> Vec<(String, Vec<(u32, f32)>)> {
    let grid: &Grid = prepared.grid();
    let Some(set) = set else {
        notes.push("the plan's structure set is not in the store: the whole CT stands for the patient".into());
        return vec![("(whole CT)".into(), prepared.body_voxels().iter().map(|o| (*o, 1.0)).collect())];
    };
    let mut out = Vec::new();
    for s in set.structures.iter().filter(|s| wanted.is_empty() || wanted.contains(&s.name)) {
        let voxels = structure_voxels(grid, &s.contours);
        if voxels.is_empty() {
            notes.push(format!("{}: no voxel of the dose grid lies inside; it has no dose rate", s.name));
        } else {
            out.push((s.name.clone(), voxels));
        }
    }
    out
}
