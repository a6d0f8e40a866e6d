//! Every check of a photon plan before anything is computed: each fault a sentence with beam and value.

use super::machine::PhotonMachine;
use crate::error::ComputeError;
use vestibule_patient::{Beam, Plan, RadiationType};

/// What may differ of an energy or a distance that is the machine's.
const SAME: f64 = 0.01;

pub(crate) fn check_plan(plan: &Plan, machine: &PhotonMachine, notes: &mut Vec<String>) -> Result<(), ComputeError> {
    if plan.beams.is_empty() {
        return Err(ComputeError::NoBeams);
    }
    for b in &plan.beams {
        check_beam(b, machine, notes)?;
    }
    if !plan.beams.iter().any(gives) {
        let first = &plan.beams[0];
        return Err(ComputeError::Meterset { beam: first.name.clone(), meterset_mu: first.meterset_mu });
    }
    for b in plan.beams.iter().filter(|b| !gives(b)) {
        notes.push(format!("beam '{}' gives no monitor units", b.name));
    }
    Ok(())
}

/// Whether any of its ways has MU.
fn gives(b: &Beam) -> bool {
    b.mu_per_weight() > 0.0 && b.sequence.windows(2).any(|w| w[1].cumulative_weight > w[0].cumulative_weight)
}

fn check_beam(b: &Beam, machine: &PhotonMachine, notes: &mut Vec<String>) -> Result<(), ComputeError> {
    let beam = || b.name.clone();
    if b.radiation != RadiationType::Photon {
        return Err(ComputeError::NotPhoton { beam: beam(), radiation: b.radiation });
    }
    if !(b.meterset_mu >= 0.0 && b.meterset_mu.is_finite()) {
        return Err(ComputeError::Meterset { beam: beam(), meterset_mu: b.meterset_mu });
    }
    if b.meterset_mu == 0.0 {
        // A field for setting up; nothing of it counts.
        return Ok(());
    }
    if !(b.final_cumulative_weight > 0.0 && b.final_cumulative_weight.is_finite()) {
        return Err(ComputeError::FinalWeight { beam: beam(), weight: b.final_cumulative_weight });
    }
    if b.sequence.len() < 2 {
        return Err(ComputeError::NoControlPoints { beam: beam(), points: b.sequence.len() });
    }
    if b.limiting_devices.is_empty() && b.blocks.is_empty() {
        return Err(ComputeError::NoOpening { beam: beam() });
    }
    if b.wedges > 0 || b.compensators > 0 {
        return Err(ComputeError::Modifier { beam: beam(), wedges: b.wedges, compensators: b.compensators });
    }
    if b.boli > 0 {
        notes.push(format!(
            "beam '{}' has a bolus: it counts where the outline of the body or a support holds it, and nowhere else",
            b.name
        ));
    }
    if let Some(sad) = b.virtual_sad_mm.and_then(|v| v.into_iter().find(|s| (s - machine.source_axis_mm).abs() > 1.0)) {
        let [machine, machine_mm] = [machine.name.clone(), machine.source_axis_mm.to_string()];
        return Err(ComputeError::SourceAxis { beam: beam(), source_axis_mm: sad, machine, machine_mm });
    }
    let mut energies = b.sequence.iter().filter_map(|c| c.energy).peekable();
    if energies.peek().is_none() {
        notes.push(format!("beam '{}' does not say its energy; {} MV is assumed", b.name, machine.energy_mv));
    }
    if let Some(energy_mv) = energies.find(|e| e.is_nan() || (e - machine.energy_mv).abs() > SAME) {
        let (machine, machine_mv) = (machine.name.clone(), machine.energy_mv);
        return Err(ComputeError::PhotonEnergy { beam: beam(), energy_mv, machine, machine_mv });
    }
    let mut before = 0.0;
    for (i, c) in b.sequence.iter().enumerate() {
        let a = &c.angles;
        let numbers = [
            b.isocentre_mm.x,
            b.isocentre_mm.y,
            b.isocentre_mm.z,
            a.gantry_deg,
            a.beam_limiting_deg,
            a.patient_support_deg,
            a.table_eccentric_deg,
            a.table_pitch_deg,
            a.table_roll_deg,
        ];
        if numbers.iter().any(|v| !v.is_finite()) {
            return Err(ComputeError::Geometry { beam: beam() });
        }
        let wants = |d: &vestibule_patient::BeamLimitingDevice| 2 * d.pairs();
        let fits = c.positions_mm.len() == b.limiting_devices.len()
            && b.limiting_devices.iter().zip(&c.positions_mm).all(|(d, p)| p.len() == wants(d))
            && c.positions_mm.iter().flatten().all(|v| v.is_finite());
        let rises = c.cumulative_weight.is_finite() && c.cumulative_weight >= before;
        if !fits || !rises {
            let what = if rises { "positions of jaws and leaves" } else { "cumulative meterset weight" };
            return Err(ComputeError::ControlPoint { beam: beam(), point: i + 1, what });
        }
        before = c.cumulative_weight;
    }
    Ok(())
}
