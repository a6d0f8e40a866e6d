//! What painting one spot costs: a plan of some thousand spots in a head-sized box of water, on one core.
//!
//! `cargo run -p vestibule-dose --example live_cost`

use nalgebra::Point3;
use std::time::Instant;
use vestibule_dose::{DoseOptions, HuTable, LiveDose, MachineModel, PreparedPlan, compute_fraction};
use vestibule_geometry::{BeamAngles, Grid, Volume};
use vestibule_patient::{Beam, Image, Layer, Modality, Plan, Spot};

fn plan() -> Plan {
    let beam = |gantry_deg: f64| {
        let layers: Vec<Layer> = (0..20)
            .map(|l| {
                let mut spots = Vec::new();
                for j in -8..=8 {
                    for i in -8..=8 {
                        let (x_mm, y_mm) = (f64::from(i) * 4.5, f64::from(j) * 4.5);
                        if x_mm.hypot(y_mm) < 36.0 {
                            spots.push(Spot { x_mm, y_mm, weight: 1.0 });
                        }
                    }
                }
                Layer { energy_mev: 145.0 - 2.5 * f64::from(l), paintings: 1, spots, ..Layer::default() }
            })
            .collect();
        let sum = layers.iter().map(|l| l.spots.len()).sum::<usize>() as f64;
        Beam {
            name: format!("G{gantry_deg}"),
            isocentre_mm: Point3::origin(),
            angles: BeamAngles { gantry_deg, ..BeamAngles::default() },
            meterset_mu: sum,
            final_cumulative_weight: sum,
            layers,
            ..Beam::default()
        }
    };
    Plan { beams: vec![beam(0.0), beam(110.0), beam(250.0)], fractions: 30, ..Plan::default() }
}

/// Time this thread has run on a core, ms, so that a busy machine does not count (Linux; else the clock).
fn on_core_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match stat.split(' ').next().and_then(|v| v.parse::<f64>().ok()) {
        Some(ns) => ns * 1e-6,
        None => std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |d| d.as_secs_f64() * 1e3),
    }
}

fn main() {
    let size = [160, 200, 230];
    let origin = Point3::new(-79.5, -99.5, -114.5);
    let ct = Image {
        uid: String::new(),
        study_uid: String::new(),
        frame_of_reference_uid: String::new(),
        modality: Modality::Ct,
        description: String::new(),
        position: None,
        unit: "HU".into(),
        slice_uids: Vec::new(),
        volume: Volume::filled(Grid::axial(size, [1.0; 3], origin), 0.0f32),
    };
    for grid_mm in [2.5, 3.0, 2.0] {
        let started = Instant::now();
        let prepared = PreparedPlan::new(
            &ct,
            None,
            &plan(),
            &MachineModel::generic(),
            &HuTable::for_image(&ct),
            &DoseOptions { grid_mm },
        );
        let prepared = match prepared {
            Ok(p) => p,
            Err(e) => return println!("{e}"),
        };
        let prepare_s = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let whole = compute_fraction(&prepared, &|_, _| {});
        let compute_s = started.elapsed().as_secs_f64();
        let n = prepared.spots().len();
        let mut live = LiveDose::new(prepared);
        // The clock for the median; time on the core for the mean, so that a busy machine does not count.
        let core = on_core_ms();
        let mut ms: Vec<f64> = (1..=n)
            .map(|i| {
                let started = Instant::now();
                live.deliver_to(i, 0.0);
                started.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        let mean = (on_core_ms() - core) / n as f64;
        let max = whole.data.iter().copied().fold(0.0, f64::max);
        let off = whole.data.iter().zip(&live.grid().data).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        ms.sort_by(f64::total_cmp);
        println!(
            "{grid_mm} mm, {n} spots: prepare {prepare_s:.2} s, compute {compute_s:.2} s; live per spot: mean {mean:.2} ms on the core, median {:.2} ms by the clock; live minus computed {:.1e} of the maximum",
            ms[n / 2],
            off / max
        );
    }
}
