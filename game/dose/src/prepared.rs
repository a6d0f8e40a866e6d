//! A plan made ready: every check done, every ray cast, so that a spot's dose is one short loop.

use crate::beam_grid::{BeamGrid, BeamView, Bin};
use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::kernel::{BinFactors, LayerPhysics, ShifterInBeam};
use crate::machine::MachineModel;
use crate::stopping::StoppingMap;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Beam, Image, Plan, RadiationType};

/// Largest dose grid, voxels.
const GRID_LIMIT: usize = 64_000_000;
/// Farthest a spot may lie from the isocentre, mm.
const FIELD_LIMIT_MM: f64 = 400.0;

/// How to compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoseOptions {
    /// Spacing of the dose grid, mm, 0.5 to 10, default 2.5.
    pub grid_mm: f64,
}

impl Default for DoseOptions {
    fn default() -> Self {
        Self { grid_mm: 2.5 }
    }
}

/// One spot in plan order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlannedSpot {
    /// Index of the beam in the plan.
    pub beam: usize,
    /// Index of the layer in the beam.
    pub layer: usize,
    /// Index of the spot in the layer.
    pub index_in_layer: usize,
    /// Nominal energy, MeV.
    pub energy_mev: f64,
    /// Monitor units of one fraction.
    pub mu: f64,
    /// Position on the isocentre plane, IEC gantry, mm.
    pub x_mm: f64,
    /// Position on the isocentre plane, IEC gantry, mm.
    pub y_mm: f64,
}

#[derive(Debug)]
pub(crate) struct PreparedBeam {
    pub grid: BeamGrid,
    pub layers: Vec<LayerPhysics>,
    /// First spot of each layer in [`PreparedPlan::spots`], and one past the beam's last.
    pub layer_starts: Vec<usize>,
}

/// A plan on a CT, ready to give its dose spot by spot. Immutable; share it with [`std::sync::Arc`].
#[derive(Debug)]
pub struct PreparedPlan {
    grid: Grid,
    spots: Vec<PlannedSpot>,
    pub(crate) beams: Vec<PreparedBeam>,
    notes: Vec<String>,
    engine: String,
    plan_uid: String,
    frame_of_reference_uid: String,
    body_voxels: Vec<u32>,
}

impl PreparedPlan {
    /// Checks the plan and casts its rays (seconds for a head on a 2 to 3 mm grid).
    ///
    /// `ct`: Hounsfield units. `body`: 1 inside, on the CT's grid; what lies outside stops nothing and gets no dose;
    /// None takes every voxel of the CT. `machine`, `hu`: see docs/machine.md. Errors name the beam, spot and value.
    pub fn new(
        ct: &Image,
        body: Option<&Volume<u8>>,
        plan: &Plan,
        machine: &MachineModel,
        hu: &HuTable,
        options: &DoseOptions,
    ) -> Result<Self, ComputeError> {
        if !(options.grid_mm >= 0.5 && options.grid_mm <= 10.0) {
            return Err(ComputeError::GridSpacing { grid_mm: options.grid_mm });
        }
        let known = |uid: &str| !uid.is_empty();
        if known(&ct.frame_of_reference_uid)
            && known(&plan.frame_of_reference_uid)
            && ct.frame_of_reference_uid != plan.frame_of_reference_uid
        {
            return Err(ComputeError::FrameOfReference);
        }
        check_plan(plan, machine)?;
        let stopping = StoppingMap::new(ct, body, hu)?;
        let grid = stopping.dose_grid(options.grid_mm);
        let voxels = grid.size.iter().map(|n| *n as f64).product::<f64>();
        if voxels > GRID_LIMIT as f64 {
            return Err(ComputeError::GridTooLarge {
                grid_mm: options.grid_mm,
                voxels: voxels as usize,
                limit: GRID_LIMIT,
            });
        }

        let mut notes = vec![
            format!("machine '{}', calibration '{}'", machine.name, hu.name),
            "outside the body nothing stops the beam: couch, mask and air are left out".to_owned(),
        ];
        if stopping.above_table > 0 {
            notes.push(format!(
                "{} voxels of the body lie above the calibration's last point ({} HU) and take its value",
                stopping.above_table,
                hu.limits()[1]
            ));
        }
        let mut spots = Vec::new();
        let mut beams = Vec::new();
        for (index, beam) in plan.beams.iter().enumerate() {
            beams.push(prepare_beam(plan, beam, index, machine, &stopping, &grid, options, &mut spots, &mut notes)?);
        }
        let body_voxels = (0..grid.len())
            .filter(|o| {
                let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1]));
                stopping.inside(grid.centre(i, j, k))
            })
            .map(|o| o as u32)
            .collect();
        Ok(Self {
            grid,
            spots,
            beams,
            notes,
            engine: crate::engine::PENCIL_BEAM_NAME.to_owned(),
            plan_uid: plan.uid.clone(),
            frame_of_reference_uid: ct.frame_of_reference_uid.clone(),
            body_voxels,
        })
    }

    /// Every spot of every beam in plan order, those of weight 0 included.
    pub fn spots(&self) -> &[PlannedSpot] {
        &self.spots
    }

    /// The dose grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// What was assumed, in sentences for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Which engine with what stated accuracy.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// SOPInstanceUID of the plan.
    pub fn plan_uid(&self) -> &str {
        &self.plan_uid
    }

    /// Frame of reference of the CT.
    pub fn frame_of_reference_uid(&self) -> &str {
        &self.frame_of_reference_uid
    }

    /// Offsets of the dose voxels whose centre lies in the body, rising.
    pub fn body_voxels(&self) -> &[u32] {
        &self.body_voxels
    }

    /// Calls `visit(offset, gray_per_mu)` for each voxel that spot number `spot` reaches, in an order of its own.
    /// Nothing happens for a spot that does not exist.
    pub fn for_each_voxel(&self, spot: usize, mut visit: impl FnMut(usize, f64)) {
        let Some(s) = self.spots.get(spot) else { return };
        let mut out = Vec::new();
        self.for_each_bin(spot, |beam, layer, _, bin| {
            let factors = layer.in_bin(&beam.grid, bin);
            factors.spot(&beam.grid, bin, layer, s.x_mm, s.y_mm, &mut out);
            for (v, o) in out.iter().zip(&beam.grid.offset[bin.start..]) {
                if *v > 0.0 {
                    visit(*o as usize, f64::from(*v));
                }
            }
        });
    }

    /// Standard deviations (mm) of a spot's core in x and y at height `z_mm` (IEC gantry) under `water_mm` of water.
    pub fn core_sigma_mm(&self, spot: usize, z_mm: f64, water_mm: f64) -> Option<[f64; 2]> {
        let s = self.spots.get(spot)?;
        Some(self.beams[s.beam].layers[s.layer].core_sigma_mm(z_mm, water_mm))
    }

    /// The bins that a spot touches.
    pub(crate) fn for_each_bin(&self, spot: usize, mut visit: impl FnMut(&PreparedBeam, &LayerPhysics, usize, &Bin)) {
        let s = &self.spots[spot];
        let beam = &self.beams[s.beam];
        let layer = &beam.layers[s.layer];
        for (b, bin) in beam.grid.bins.iter().enumerate() {
            if beam.grid.touches(bin, s.x_mm, s.y_mm, layer.reach_mm) {
                visit(beam, layer, b, bin);
            }
        }
    }
}

/// Adds `mu` times one spot's dose in one bin to `dose`, in f64. Gives the highest value reached.
pub(crate) fn add_spot(
    beam: &PreparedBeam,
    layer: &LayerPhysics,
    bin: &Bin,
    factors: &BinFactors,
    spot: &PlannedSpot,
    mu: f64,
    scratch: &mut Vec<f32>,
    mut add: impl FnMut(usize, f64),
) {
    factors.spot(&beam.grid, bin, layer, spot.x_mm, spot.y_mm, scratch);
    for (i, v) in scratch.iter().enumerate() {
        add(i, f64::from(*v) * mu);
    }
}

fn check_plan(plan: &Plan, machine: &MachineModel) -> Result<(), ComputeError> {
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
                if !(spot.x_mm.abs() <= FIELD_LIMIT_MM && spot.y_mm.abs() <= FIELD_LIMIT_MM) {
                    let (x_mm, y_mm) = (spot.x_mm, spot.y_mm);
                    return Err(ComputeError::Position { beam: beam(), layer: l + 1, spot: s + 1, x_mm, y_mm });
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
fn shifter_in(
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
        let m = &machine.range_shifter_material;
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

fn prepare_beam(
    plan: &Plan,
    beam: &Beam,
    index: usize,
    machine: &MachineModel,
    stopping: &StoppingMap,
    grid: &Grid,
    options: &DoseOptions,
    spots: &mut Vec<PlannedSpot>,
    notes: &mut Vec<String>,
) -> Result<PreparedBeam, ComputeError> {
    let to_gantry = plan.frames(beam).patient_to_gantry(&beam.angles);
    let z_mm = [stopping.lowest_z(&to_gantry), stopping.highest_z(&to_gantry)];
    let virtual_sad_mm = beam.virtual_sad_mm.filter(|v| v.iter().all(|d| *d > 500.0)).unwrap_or(machine.virtual_sad_mm);
    let shifter = shifter_in(beam, machine, notes)?;
    // How much wider the isocentre plane is than the plane through the lowest point, and the reverse.
    let widest = virtual_sad_mm.iter().map(|s| 1.0 / (1.0 - z_mm[1] / s).max(0.1)).fold(1.0, f64::max);

    let mut layers = Vec::new();
    let mut layer_starts = Vec::new();
    let mut reaches = Vec::new();
    for (l, layer) in beam.layers.iter().enumerate() {
        let entry = machine.at(layer.energy_mev).ok_or_else(|| ComputeError::Energy {
            beam: beam.name.clone(),
            layer: l + 1,
            energy_mev: layer.energy_mev,
            machine: machine.name.clone(),
            low: machine.energy_limits_mev()[0],
            high: machine.energy_limits_mev()[1],
        })?;
        let physics = LayerPhysics::new(&entry, machine.nozzle_plane_mm, shifter, options.grid_mm, z_mm, widest);
        layer_starts.push(spots.len());
        for (s, spot) in layer.spots.iter().enumerate() {
            spots.push(PlannedSpot {
                beam: index,
                layer: l,
                index_in_layer: s,
                energy_mev: layer.energy_mev,
                mu: spot.weight * beam.mu_per_weight(),
                x_mm: spot.x_mm,
                y_mm: spot.y_mm,
            });
            reaches.push([spot.x_mm, spot.y_mm, physics.reach_mm]);
        }
        layers.push(physics);
    }
    layer_starts.push(spots.len());
    let deepest_mm = layers.iter().map(|l| l.end_mm).fold(0.0, f64::max);
    let view = BeamView { grid, stopping, to_gantry, virtual_sad_mm, deepest_mm, spots: &reaches };
    let beam_grid = BeamGrid::new(&view);
    if beam_grid.bins.is_empty() {
        return Err(ComputeError::BeamMisses { beam: beam.name.clone() });
    }
    let idle =
        reaches.iter().filter(|r| !beam_grid.bins.iter().any(|b| beam_grid.touches(b, r[0], r[1], r[2]))).count();
    if idle > 0 {
        notes.push(format!("beam '{}': {idle} of {} spots reach no voxel of the body", beam.name, reaches.len()));
    }
    Ok(PreparedBeam { grid: beam_grid, layers, layer_starts })
}
