//! Every check of a plan before anything is computed: each fault a sentence with beam, spot and value.

use crate::error::ComputeError;
use crate::layer::ShifterInBeam;
use crate::machine::MachineModel;
use crate::overrides::Materials;
use crate::prepared::DoseOptions;
use vestibule_geometry::Grid;
use vestibule_patient::{Beam, Image, Plan, RadiationType};

/// Largest dose grid, voxels.
const GRID_LIMIT: usize = 64_000_000;

/// What any engine needs: a spacing that it takes, and a CT in the plan's frame.
pub(crate) fn check_ground(ct: &Image, plan: &Plan, options: &DoseOptions) -> Result<(), ComputeError> {
    if !(options.grid_mm >= 0.5 && options.grid_mm <= 10.0) {
        return Err(ComputeError::GridSpacing { grid_mm: options.grid_mm });
    }
    let [ct, plan] = [&ct.frame_of_reference_uid, &plan.frame_of_reference_uid];
    if !ct.is_empty() && !plan.is_empty() && ct != plan {
        return Err(ComputeError::FrameOfReference);
    }
    Ok(())
}

/// A dose grid that fits.
pub(crate) fn check_size(grid: &Grid, options: &DoseOptions) -> Result<(), ComputeError> {
    let voxels = grid.size.iter().map(|n| *n as f64).product::<f64>();
    if voxels > GRID_LIMIT as f64 {
        let (grid_mm, voxels) = (options.grid_mm, voxels as usize);
        return Err(ComputeError::GridTooLarge { grid_mm, voxels, limit: GRID_LIMIT });
    }
    Ok(())
}

/// What stands beside a dose of what lies outside the body.
pub(crate) fn outside_of(materials: &Materials) -> &'static str {
    match materials.supports.is_empty() {
        true => "outside the body nothing stops the beam: couch, mask and air are left out",
        false => "outside the body nothing but the supports that are named here stops the beam",
    }
}

pub(crate) fn check_plan(plan: &Plan, machine: &MachineModel) -> Result<(), ComputeError> {
    if plan.beams.is_empty() {
        return Err(ComputeError::NoBeams);
    }
    for b in &plan.beams {
        let beam = || b.name.clone();
        if b.radiation != RadiationType::Proton {
            return Err(ComputeError::NotProton { beam: beam(), radiation: b.radiation });
        }
        let a = &b.angles;
        let numbers = [
            b.isocentre_mm.x,
            b.isocentre_mm.y,
            b.isocentre_mm.z,
            a.gantry_deg,
            a.patient_support_deg,
            a.table_eccentric_deg,
            a.table_pitch_deg,
            a.table_roll_deg,
        ];
        if numbers.iter().any(|v| !v.is_finite()) {
            return Err(ComputeError::Geometry { beam: beam() });
        }
        if !(b.meterset_mu > 0.0 && b.meterset_mu.is_finite()) {
            return Err(ComputeError::Meterset { beam: beam(), meterset_mu: b.meterset_mu });
        }
        if !(b.final_cumulative_weight > 0.0 && b.final_cumulative_weight.is_finite()) {
            return Err(ComputeError::FinalWeight { beam: beam(), weight: b.final_cumulative_weight });
        }
        let [low, high] = machine.energy_limits_mev();
        for (l, layer) in b.layers.iter().enumerate() {
            let energy_mev = layer.energy_mev;
            if machine.at(energy_mev).is_none() {
                let machine = machine.name.clone();
                return Err(ComputeError::Energy { beam: beam(), layer: l + 1, energy_mev, machine, low, high });
            }
            for (s, spot) in layer.spots.iter().enumerate() {
                if !(spot.weight >= 0.0 && spot.weight.is_finite()) {
                    return Err(ComputeError::Weight { beam: beam(), layer: l + 1, spot: s + 1, weight: spot.weight });
                }
                let [wide, long] = machine.limits.field_mm;
                if !(spot.x_mm.abs() <= wide && spot.y_mm.abs() <= long) {
                    let (x_mm, y_mm) = (spot.x_mm, spot.y_mm);
                    return Err(ComputeError::Position { beam: beam(), layer: l + 1, spot: s + 1, x_mm, y_mm });
                }
                let mu = spot.weight * b.mu_per_weight();
                if mu > machine.limits.spot_mu {
                    let most = machine.limits.spot_mu;
                    return Err(ComputeError::TooManyMu { beam: beam(), layer: l + 1, spot: s + 1, mu, most });
                }
            }
        }
        if !b.layers.iter().flat_map(|l| &l.spots).any(|s| s.weight > 0.0) {
            return Err(ComputeError::NoSpots { beam: beam() });
        }
    }
    Ok(())
}

/// The range shifters of a beam as one: thicknesses add up, the downstream face counts.
pub(crate) fn shifter_in(
    beam: &Beam,
    machine: &MachineModel,
    notes: &mut Vec<String>,
) -> Result<Option<ShifterInBeam>, ComputeError> {
    let mut out: Option<ShifterInBeam> = None;
    for s in &beam.range_shifters {
        let known = machine.range_shifters.iter().find(|e| e.id == s.id);
        let thickness = s.water_equivalent_mm.or(known.map(|e| e.water_equivalent_mm)).ok_or_else(|| {
            ComputeError::RangeShifterUnknown {
                beam: beam.name.clone(),
                id: s.id.clone(),
                machine: machine.name.clone(),
            }
        })?;
        if !(0.0..=400.0).contains(&thickness) {
            return Err(ComputeError::RangeShifterThickness {
                beam: beam.name.clone(),
                id: s.id.clone(),
                value: thickness,
            });
        }
        let stated = s.isocentre_distance_mm.or(known.and_then(|e| e.isocentre_distance_mm)).or(beam.snout_position_mm);
        let exit = stated.unwrap_or_else(|| {
            notes.push(format!(
                "beam '{}': the plan does not say where range shifter '{}' stands; 300 mm from the isocentre is assumed",
                beam.name, s.id
            ));
            300.0
        });
        let m = known.and_then(|e| e.material.as_ref()).unwrap_or(&machine.range_shifter_material);
        let one = out.get_or_insert(ShifterInBeam {
            water_equivalent_mm: 0.0,
            exit_z_mm: exit,
            relative_stopping_power: m.relative_stopping_power,
            radiation_length_mm: m.radiation_length_mm,
        });
        one.water_equivalent_mm += thickness;
        one.exit_z_mm = one.exit_z_mm.min(exit);
    }
    Ok(out)
}
