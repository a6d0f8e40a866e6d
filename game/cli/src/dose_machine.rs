//! `vestibule dose machine`: shows a machine file, imports one from other programs' tables.

use crate::Global;
use crate::output::{Done, Failure, print_json};
use serde_json::json;
use std::path::{Path, PathBuf};
use vestibule_dose::{MachineModel, machine_import};

/// `vestibule dose machine`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// What a machine file says
    Show {
        /// Machine file (docs/machine.md) [default: generic-pbs]
        file: Option<PathBuf>,
    },
    /// Makes a machine file of an MCsquare beam data library (text) or a CSV table
    Import {
        /// The table
        file: PathBuf,
        /// Where to write the machine file
        #[arg(long, value_name = "FILE.json")]
        out: PathBuf,
        /// Name that stands beside every dose [default: the file's]
        #[arg(long)]
        name: Option<String>,
    },
}

/// Dispatches.
pub fn run(command: &Command, global: &Global) -> Done {
    match command {
        Command::Show { file } => {
            let machine = match file {
                Some(path) => MachineModel::from_json(&read(path)?).map_err(|e| in_file(path, e))?,
                None => MachineModel::generic(),
            };
            show(&machine, &[], global)
        }
        Command::Import { file, out, name } => {
            let stem = file.file_stem().map_or("imported".into(), |s| s.to_string_lossy());
            let name = name.as_deref().unwrap_or(&stem);
            let (machine, notes) = machine_import::read(&read(file)?, name).map_err(|e| in_file(file, e))?;
            let text = serde_json::to_string_pretty(&machine).map_err(Failure::work)?;
            std::fs::write(out, text + "\n").map_err(|e| Failure::Work(format!("{}: {e}", out.display())))?;
            show(&machine, &notes, global)
        }
    }
}

fn show(machine: &MachineModel, notes: &[String], global: &Global) -> Done {
    let [low, high] = machine.energy_limits_mev();
    if global.json {
        return print_json(&json!({
            "name": machine.name, "source": machine.source, "energies": machine.energies.len(),
            "low_mev": low, "high_mev": high, "nozzle_plane_mm": machine.nozzle_plane_mm,
            "virtual_sad_mm": machine.virtual_sad_mm, "field_mm": machine.limits.field_mm,
            "second_gaussian": machine.energies.iter().any(|e| e.second.is_some()),
            "range_shifters": machine.range_shifters.iter().map(|s| json!({
                "id": s.id, "water_equivalent_mm": s.water_equivalent_mm,
                "material": s.material.as_ref().unwrap_or(&machine.range_shifter_material).name,
            })).collect::<Vec<_>>(),
            "notes": notes,
        }));
    }
    say!("{}: {} energies, {low} to {high} MeV; {}", machine.name, machine.energies.len(), machine.source);
    say!("{:>10} {:>10} {:>10} {:>14} {:>22}", "MeV", "mean", "spread", "protons/MU", "sigma x, y at iso, mm");
    let step = machine.energies.len().div_ceil(12).max(1);
    for e in machine.energies.iter().step_by(step) {
        let [x, y] = [0, 1].map(|a| e.variance_mm2(a, machine.nozzle_plane_mm).sqrt());
        say!(
            "{:>10.1} {:>10.2} {:>10.3} {:>14.4e} {x:>13.2} {y:>8.2}",
            e.nominal_mev,
            e.mean_mev,
            e.spread_mev,
            e.protons_per_mu
        );
    }
    for s in &machine.range_shifters {
        let material = &s.material.as_ref().unwrap_or(&machine.range_shifter_material).name;
        say!("range shifter {}: {} mm of water, {material}", s.id, s.water_equivalent_mm);
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::call(format!("{}: {e}", path.display())))
}

fn in_file(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::call(format!("{}: {error}", path.display()))
}
