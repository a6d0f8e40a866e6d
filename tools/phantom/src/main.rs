//! Writes the synthetic patient: a head down to C5 with a brain tumour, as a DICOM study made from code and a seed.

mod anatomy;
mod assets;
mod breathing;
mod outline;
mod photons;
mod pictures;
mod plan;
mod planner;
mod scan;
mod sdf;
mod skin;
mod structures;
mod study;
#[cfg(test)]
mod tests;

use clap::Parser;
use miette::{IntoDiagnostic, Result, miette};
use std::path::PathBuf;
use std::time::Instant;

/// Makes the synthetic patient: CT, MR, structures, two proton plans and their doses as DICOM. The same seed gives the same bytes.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the study goes; made if it is not there.
    out: PathBuf,
    /// Seed of every texture and of the noise.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A coarse study (4 mm, 5 mm slices) for quick tests.
    #[arg(long)]
    tiny: bool,
    /// In its place a small 4D CT of a ball that moves with the breath in a box: ten series, and their average.
    #[arg(long, conflicts_with_all = ["tiny", "pictures", "seed", "photons"])]
    breathing: bool,
    /// Leave out this phase of the 4D CT, percent of the breath: 0, 10, … 90. May be given several times.
    #[arg(long, requires = "breathing", value_name = "PERCENT", value_parser = breathing::phase)]
    without_phase: Vec<u32>,
    /// Also a photon plan without a dose, unapproved: a conformal arc and a sliding window of 6 MV, with jaws and leaves.
    #[arg(long)]
    photons: bool,
    /// Also save pictures of slices and surfaces in this folder.
    #[arg(long)]
    pictures: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Arguments::parse();
    let start = Instant::now();
    let say = |what: &str| eprintln!("{:6.1} s  {what}", start.elapsed().as_secs_f64());
    if args.breathing {
        let written = breathing::write(&args.out, &args.without_phase).into_diagnostic()?;
        println!("{written} series of a SYNTHETIC 4D CT");
        return Ok(());
    }
    let size = if args.tiny { study::TINY } else { study::FULL };
    let mut study = study::make(args.seed, &size, &say).into_diagnostic()?;
    if args.photons {
        study.add_photons().into_diagnostic()?;
        say("photon plan made");
    }
    study::write(&study, &args.out).into_diagnostic()?;
    say("files written");
    if let Some(dir) = &args.pictures {
        pictures::all(&study, dir).into_diagnostic()?;
        say("pictures saved");
    }
    for planned in &study.planned {
        println!("plan {}", planned.plan.label);
        for beam in &planned.plan.beams {
            println!(
                "{:12} gantry {:3} couch {:2}: {} layers, {} spots, {:.0} MU",
                beam.name,
                beam.angles.gantry_deg,
                beam.angles.patient_support_deg,
                beam.layers.len(),
                beam.spot_count(),
                beam.meterset_mu
            );
        }
        for goal in &planned.goals {
            println!("{}  {}", if goal.met { "met   " } else { "MISSED" }, goal.text);
        }
    }
    if let Some(plan) = &study.photons {
        println!("plan {}, without a dose", plan.label);
        for beam in &plan.beams {
            println!(
                "{:12} gantry {:3} to {:3}: {} control points, {:.0} MU",
                beam.name,
                beam.angles.gantry_deg,
                beam.sequence.last().map_or(beam.angles.gantry_deg, |c| c.angles.gantry_deg),
                beam.sequence.len(),
                beam.meterset_mu
            );
        }
    }
    if study.planned.iter().flat_map(|p| &p.goals).any(|g| !g.met) {
        return Err(miette!("a plan misses a goal; the study was written all the same"));
    }
    Ok(())
}
