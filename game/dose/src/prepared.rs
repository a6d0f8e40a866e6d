//! A plan made ready: every check done, every ray cast, so that a spot's dose is one short loop.

use crate::check::{check_ground, check_plan, check_size, outside_of, shifter_in};
use crate::deposit::{LayerField, Scratch, SpotOnRays, deposit, deposit_wide};
use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::layer::{LayerPhysics, Sampling};
use crate::machine::MachineModel;
use crate::overrides::Materials;
use crate::rays::{FanSize, RayGrid};
use crate::resample::Resampler;
use crate::stopping::StoppingMap;
use nalgebra::Point3;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Beam, Image, Plan};

/// Largest fan of rays of one beam, nodes.
const FAN_LIMIT: usize = 128_000_000;

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
    /// The fan for the core, and a coarser, wider one for the halo.
    pub rays: RayGrid,
    pub wide: RayGrid,
    pub resampler: Resampler,
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
    /// Whether a dose voxel's centre lies in the body.
    pub(crate) in_body: Vec<bool>,
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
        Self::with_materials(ct, body, plan, machine, hu, options, &Materials::default())
    }

    /// As [`Self::new`], with materials that are given rather than read from the CT, and with what stops the beam
    /// outside the body.
    pub fn with_materials(
        ct: &Image,
        body: Option<&Volume<u8>>,
        plan: &Plan,
        machine: &MachineModel,
        hu: &HuTable,
        options: &DoseOptions,
        materials: &Materials,
    ) -> Result<Self, ComputeError> {
        check_ground(ct, plan, options)?;
        check_plan(plan, machine)?;
        let stopping = StoppingMap::new(ct, body, hu, materials)?;
        let grid = stopping.dose_grid(options.grid_mm);
        check_size(&grid, options)?;

        let outside = outside_of(materials);
        let mut notes = vec![format!("machine '{}', calibration '{}'", machine.name, hu.name), outside.to_owned()];
        notes.extend(stopping.notes.iter().cloned());
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
        let in_body: Vec<bool> = (0..grid.len())
            .map(|o| {
                let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1]));
                stopping.inside(grid.centre(i, j, k))
            })
            .collect();
        let body_voxels = in_body.iter().enumerate().filter(|(_, b)| **b).map(|(o, _)| o as u32).collect();
        Ok(Self {
            grid,
            spots,
            beams,
            notes,
            engine: crate::engine::PENCIL_BEAM_NAME.to_owned(),
            plan_uid: plan.uid.clone(),
            frame_of_reference_uid: ct.frame_of_reference_uid.clone(),
            body_voxels,
            in_body,
        })
    }

    /// Every spot of every beam in plan order, those of weight 0 included.
    pub fn spots(&self) -> &[PlannedSpot] {
        &self.spots
    }

    /// Gives a spot other MU; the numbers are checked by who calls.
    pub(crate) fn set_mu(&mut self, spot: usize, mu: f64) {
        self.spots[spot].mu = mu;
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
        let beam = &self.beams[s.beam];
        let layer = &beam.layers[s.layer];
        let one = [SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: 1.0 }];
        let mut scratch = Scratch::default();
        // Each fan cut to the spot, and the voxels either reaches.
        let mut parts = Vec::new();
        let (mut lo, mut hi) = (self.grid.size, [0; 3]);
        for (rays, reach, wide) in [(&beam.wide, layer.wide_reach_mm, true), (&beam.rays, layer.reach_mm, false)] {
            // One ray more: the voxels between the last that has dose and the next have some too.
            let window = rays.window(s.x_mm, s.y_mm, reach + rays.cell_mm);
            if window.len() == 0 {
                continue;
            }
            let mut field = LayerField::empty(window);
            field.fill(rays, layer, &window);
            let last = rays.last_plane(&window, layer.end_mm);
            let cut = rays.cut(&window);
            let mut values = vec![0.0; window.len() * rays.planes];
            for (k, plane) in values.chunks_exact_mut(window.len()).enumerate().take(last) {
                let add = if wide { deposit_wide } else { deposit };
                add(rays, layer, &field, &one, k, &window, plane, &mut scratch);
            }
            let nodes = [[0; 3], [window.n[0], window.n[1], last]];
            let [from, to] = beam.resampler.voxels(&cut, &nodes);
            for a in 0..3 {
                lo[a] = lo[a].min(from[a]);
                hi[a] = hi[a].max(to[a]);
            }
            parts.push((cut, values, nodes));
        }
        let mut line = vec![0.0; self.grid.size[0]];
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                line.fill(0.0);
                for (cut, values, nodes) in &parts {
                    beam.resampler.row(cut, values, nodes, [j, k], lo[0]..hi[0], |i, gy| line[i] += gy);
                }
                let from = self.grid.offset(0, j, k);
                for (i, gy) in line.iter().enumerate() {
                    if *gy > 0.0 && self.in_body[from + i] {
                        visit(from + i, *gy);
                    }
                }
            }
        }
    }

    /// The central axis of a spot, from the highest to the lowest plane that is computed, DICOM patient mm; None for a
    /// spot that does not exist. For [`crate::along::RayProbe::along`].
    pub fn spot_axis(&self, spot: usize) -> Option<[Point3<f64>; 2]> {
        let s = self.spots.get(spot)?;
        let rays = &self.beams[s.beam].rays;
        let [sx, sy] = rays.virtual_sad_mm;
        let from_gantry = rays.to_gantry.inverse();
        Some([0, rays.planes - 1].map(|plane| {
            let z = rays.z_mm(plane);
            from_gantry * Point3::new(s.x_mm * (1.0 - z / sx), s.y_mm * (1.0 - z / sy), z)
        }))
    }

    /// Standard deviations (mm) of a spot's core in x and y at height `z_mm` (IEC gantry) under `water_mm` of water.
    pub fn core_sigma_mm(&self, spot: usize, z_mm: f64, water_mm: f64) -> Option<[f64; 2]> {
        let s = self.spots.get(spot)?;
        Some(self.beams[s.beam].layers[s.layer].core_sigma_mm(z_mm, water_mm))
    }
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
    // How much wider the isocentre plane is than the plane through the highest point.
    let widest = virtual_sad_mm.iter().map(|s| 1.0 / (1.0 - z_mm[1] / s).max(0.1)).fold(1.0, f64::max);
    let sampling = Sampling {
        voxel_mm: options.grid_mm,
        cell_mm: options.grid_mm.clamp(1.0, 2.5),
        step_mm: (0.5 * options.grid_mm).clamp(0.5, 1.25),
        top_z_mm: z_mm[1],
        low_z_mm: z_mm[0],
        widest,
    };

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
        let physics = LayerPhysics::new(&entry, machine.nozzle_plane_mm, shifter, &sampling);
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
            reaches.push([spot.x_mm, spot.y_mm, physics.air_reach_mm, physics.reach_mm, physics.wide_reach_mm]);
        }
        layers.push(physics);
    }
    layer_starts.push(spots.len());
    if let Some(s) = shifter {
        let stuck = |l: &LayerPhysics| l.range_mm <= s.water_equivalent_mm;
        let count = layers.iter().filter(|l| stuck(l)).count();
        if let Some(best) = layers.iter().max_by(|a, b| a.range_mm.total_cmp(&b.range_mm))
            && stuck(best)
        {
            let energy_mev = beam.layers.iter().map(|l| l.energy_mev).fold(0.0, f64::max);
            return Err(ComputeError::StopsInShifter {
                beam: beam.name.clone(),
                energy_mev,
                range_mm: best.range_mm,
                shifter_mm: s.water_equivalent_mm,
            });
        }
        if count > 0 {
            notes.push(format!(
                "beam '{}': {count} of {} layers stop in the range shifter of {} mm of water",
                beam.name,
                layers.len(),
                s.water_equivalent_mm
            ));
        }
    }
    let deepest_mm = layers.iter().map(|l| l.end_mm).fold(0.0, f64::max);
    let fan = |coarser: f64, reach: fn(&[f64; 5]) -> f64| {
        let spots: Vec<[f64; 3]> = reaches.iter().map(|r| [r[0], r[1], reach(r)]).collect();
        let size = FanSize {
            cell_mm: coarser * sampling.cell_mm,
            step_mm: coarser * sampling.step_mm,
            virtual_sad_mm,
            to_gantry,
            spots: &spots,
            deepest_mm,
        };
        RayGrid::new(&size, stopping, FAN_LIMIT).map_err(|voxels| ComputeError::GridTooLarge {
            grid_mm: options.grid_mm,
            voxels,
            limit: FAN_LIMIT,
        })
    };
    let rays = fan(1.0, |r| r[3])?;
    let wide = fan(2.0, |r| r[4])?;
    let misses = |r: &&[f64; 5]| {
        let w = rays.window(r[0], r[1], r[2]);
        !(w.first[1]..w.first[1] + w.n[1])
            .any(|y| rays.meets[y * rays.n[0] + w.first[0]..][..w.n[0]].iter().any(|m| *m))
    };
    let idle = reaches.iter().filter(misses).count();
    if idle == reaches.len() {
        return Err(ComputeError::BeamMisses { beam: beam.name.clone() });
    }
    if idle > 0 {
        notes.push(format!("beam '{}': {idle} of {} spots reach no voxel of the body", beam.name, reaches.len()));
    }
    let resampler = Resampler::new(&rays, grid);
    Ok(PreparedBeam { rays, wide, resampler, layers, layer_starts })
}
