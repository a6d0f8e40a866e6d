//! How the cost of a whole dose grows with spots, grid and threads: one beam of 20 layers, 72 mm wide, in a head-sized box
//! of water. More spots lie closer together, so that all cases fill the same volume. Prints a table in Markdown.
//!
//! `cargo run -p vestibule-dose --example compute_cost -- [PASSES] [THREADS ...]` (best of 3; 1 and 2 threads)

#[path = "common/head_box.rs"]
mod head_box;

use std::time::Instant;
use vestibule_dose::{DoseOptions, HuTable, MachineModel, PreparedPlan, compute_fraction};

/// Distances of spots, mm, that give about 1,000, 3,000 and 10,000 of them.
const PITCHES_MM: [f64; 3] = [9.0, 5.2, 2.85];
const GRIDS_MM: [f64; 3] = [2.0, 3.0, 4.0];

/// Spots, voxels, seconds to prepare and to compute: the best of some passes of each.
fn case(pitch_mm: f64, grid_mm: f64, passes: usize) -> Result<(usize, usize, [f64; 2]), vestibule_dose::ComputeError> {
    let ct = head_box::ct();
    let mut plan = head_box::plan(pitch_mm);
    plan.beams.truncate(1);
    let (machine, hu) = (MachineModel::generic(), HuTable::for_image(&ct));
    let (mut best, mut spots, mut voxels) = ([f64::INFINITY; 2], 0, 0);
    for _ in 0..passes {
        let started = Instant::now();
        let prepared = PreparedPlan::new(&ct, None, &plan, &machine, &hu, &DoseOptions { grid_mm })?;
        best[0] = best[0].min(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let dose = compute_fraction(&prepared, &|_, _| {});
        best[1] = best[1].min(started.elapsed().as_secs_f64());
        (spots, voxels) = (prepared.spots().len(), dose.data.len());
    }
    Ok((spots, voxels, best))
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let passes = numbers.first().copied().unwrap_or(3).max(1);
    let threads = if numbers.len() > 1 { &numbers[1..] } else { &[1, 2] };
    println!("| grid | voxels | spots | threads | prepare | compute | a spot |");
    println!("|---|---|---|---|---|---|---|");
    for grid_mm in GRIDS_MM {
        for pitch_mm in PITCHES_MM {
            for n in threads {
                let pool = match rayon::ThreadPoolBuilder::new().num_threads(*n).build() {
                    Ok(pool) => pool,
                    Err(e) => return println!("{e}"),
                };
                match pool.install(|| case(pitch_mm, grid_mm, passes)) {
                    Ok((spots, voxels, [prepare, compute])) => println!(
                        "| {grid_mm} mm | {voxels} | {spots} | {n} | {prepare:.2} s | {compute:.2} s | {:.2} ms |",
                        compute * 1e3 / spots as f64
                    ),
                    Err(e) => return println!("{e}"),
                }
            }
        }
    }
}
