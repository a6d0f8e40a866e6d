//! A photon plan made ready: every check done, so that what a fluence leaves is one convolution and one pass.

use super::blocks::shade;
use super::check::check_plan;
use super::fan::{Fan, source_surface_mm};
use super::fluence::{Area, Fluence, PIXEL_MM};
use super::machine::PhotonMachine;
use super::opening::bounds;
use super::pass::{DepthTable, Folded, Stand, pass};
use super::poses::{Pose, poses, way_mu};
use super::spectrum::{Spectra, calibration, points, primary_fluence};
use crate::check::{check_ground, check_size, outside_of};
use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::live::IndexBox;
use crate::overrides::Materials;
use crate::prepared::DoseOptions;
use crate::stopping::StoppingMap;
use nalgebra::{Isometry3, Translation3, UnitQuaternion};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Beam, Dose, DoseSummation, DoseType, DoseUnit, Image, Plan};

/// Name of the photon pencil beam as it stands beside every dose.
pub const PHOTON_PENCIL_BEAM_NAME: &str = "Vestibule photon pencil beam (simplified)";

/// How far beside the field on the isocentre plane dose is computed, mm. There it is some tenths of a percent of the axis.
const MARGIN_MM: f64 = 100.0;
const MARGIN: usize = (MARGIN_MM / PIXEL_MM) as usize;

/// The way from one control point to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhotonWay {
    /// Index of the beam in the plan.
    pub beam: usize,
    /// Control point where it begins, from 0.
    pub control_point: usize,
    /// Monitor units of one fraction; 0 where something moves with the beam off.
    pub mu: f64,
}

#[derive(Debug)]
struct PreparedBeam {
    beam: Beam,
    /// All that is ever open or shines through leaves.
    area: Area,
    /// Fluence of the open machine there, less what blocks take; nothing for a beam without MU.
    full: Vec<f32>,
    spectra: Option<Arc<Spectra>>,
}

/// Where a pose is in the patient.
#[derive(Debug)]
struct Place {
    to_head: Isometry3<f64>,
    /// Of the machine's kernels.
    bracket: (usize, usize, f64),
}

/// A plan of photon beams on a CT, ready to give its dose way by way. Immutable; share it with [`Arc`].
#[derive(Debug)]
pub struct PhotonPlan {
    pub(super) machine: PhotonMachine,
    pub(super) depths: DepthTable,
    pub(super) poses: Vec<Pose>,
    /// Whether a dose voxel's centre lies in the body; and by row [k][j], from where to where any does.
    pub(super) in_body: Vec<bool>,
    pub(super) rows: Vec<[u32; 2]>,
    places: Vec<Place>,
    beams: Vec<PreparedBeam>,
    ways: Vec<PhotonWay>,
    stopping: StoppingMap,
    grid: Grid,
    cells_mm: [f64; 2],
    notes: Vec<String>,
    plan_uid: String,
    frame_of_reference_uid: String,
    body_voxels: Vec<u32>,
}

impl PhotonPlan {
    /// Checks the plan and makes the transforms of its kernels (tenths of a second).
    ///
    /// `ct`: Hounsfield units, two slices or more. `body`: 1 inside, on the CT's grid; what lies outside attenuates nothing
    /// and gets no dose; None takes every voxel of the CT. `hu`: its stopping powers relative to water are taken for
    /// electron densities relative to water, from which they differ by 1 to 2 % in tissue and more in bone and metal.
    /// `materials`: as for protons. Errors name the beam and the value.
    pub fn new(
        ct: &Image,
        body: Option<&Volume<u8>>,
        plan: &Plan,
        machine: &PhotonMachine,
        hu: &HuTable,
        options: &DoseOptions,
        materials: &Materials,
    ) -> Result<Self, ComputeError> {
        check_ground(ct, plan, options)?;
        let mut notes = vec![
            format!("machine '{}', calibration '{}'", machine.name, hu.name),
            format!(
                "made-up machine: 1 MU is {} Gy at the depth of the maximum in water, field {} mm, {} mm from the source",
                machine.calibration.gray_per_mu, machine.calibration.field_mm, machine.calibration.source_surface_mm
            ),
            outside_of(materials).to_owned(),
        ];
        check_plan(plan, machine, &mut notes)?;
        if ct.volume.grid.size[2] < 2 {
            return Err(ComputeError::TooFewSlices { slices: ct.volume.grid.size[2] });
        }
        let stopping = StoppingMap::new(ct, body, hu, materials)?;
        let grid = stopping.dose_grid(options.grid_mm);
        check_size(&grid, options)?;
        notes.extend(stopping.notes.iter().cloned());
        let poses = poses(plan);
        let places = places(plan, &poses, machine, &stopping, &mut notes);
        let beams = beams(plan, &poses, &places, machine);
        let in_body: Vec<bool> = (0..grid.len())
            .map(|o| {
                let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1]));
                stopping.inside(grid.centre(i, j, k))
            })
            .collect();
        let ends = |row: &[bool]| {
            let first = row.iter().position(|b| *b).unwrap_or(0) as u32;
            [first, row.iter().rposition(|b| *b).map_or(first, |l| l as u32 + 1)]
        };
        let rows = in_body.chunks_exact(grid.size[0]).map(ends).collect();
        let body_voxels = in_body.iter().enumerate().filter(|(_, b)| **b).map(|(o, _)| o as u32).collect();
        let of_beam = |(b, beam): (usize, &Beam)| {
            let way = |i: usize| PhotonWay { beam: b, control_point: i, mu: way_mu(beam, i) };
            (0..beam.sequence.len().saturating_sub(1)).map(way).collect::<Vec<_>>()
        };
        Ok(Self {
            depths: DepthTable::new(machine),
            machine: machine.clone(),
            poses,
            in_body,
            rows,
            places,
            beams,
            ways: plan.beams.iter().enumerate().flat_map(of_beam).collect(),
            stopping,
            cells_mm: [options.grid_mm.clamp(2.0, 4.0), (0.5 * options.grid_mm).clamp(0.5, 1.5)],
            grid,
            notes,
            plan_uid: plan.uid.clone(),
            frame_of_reference_uid: ct.frame_of_reference_uid.clone(),
            body_voxels,
        })
    }

    /// Every way of every beam in plan order, those without MU included: as many as a beam has control points, less one.
    pub fn ways(&self) -> &[PhotonWay] {
        &self.ways
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
        PHOTON_PENCIL_BEAM_NAME
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

    /// In how many places the machine stands: 1 for each beam that does not turn.
    pub fn stands(&self) -> usize {
        self.poses.len()
    }

    /// No fluence yet of a pose.
    pub(super) fn fluence(&self, pose: usize) -> Fluence {
        Fluence::empty(self.beams[self.poses[pose].beam].area)
    }

    /// Lets through what a piece of a pose gives up to this part of its way.
    pub(super) fn add_piece(&self, pose: usize, piece: usize, part: f64, to: &mut Fluence) {
        let (pose, machine) = (&self.poses[pose], &self.machine);
        let p = &pose.pieces[piece];
        let end = part.min(p.to);
        if end > p.from {
            let beam = &self.beams[pose.beam].beam;
            to.add_way(beam, p.index, [p.from, end], p.mu * (end - p.from), machine.leaf_transmission);
        }
    }

    /// The rays of a pose.
    pub(super) fn stand(&self, pose: usize) -> Stand {
        let area = &self.beams[self.poses[pose].beam].area;
        let to_head = self.places[pose].to_head;
        let window = [0, 1].map(|a| {
            let low = area.first[a] as f64 * PIXEL_MM - MARGIN_MM;
            [low, low + area.n[a] as f64 * PIXEL_MM + 2.0 * MARGIN_MM]
        });
        let [cell, step] = self.cells_mm;
        Stand { to_head, fan: Fan::new(&self.stopping, &to_head, self.machine.source_axis_mm, &window, cell, step) }
    }

    /// `out` = `base` + what a fluence of this pose leaves, Gy.
    pub(super) fn deposit(
        &self,
        pose: usize,
        stand: &Stand,
        fluence: &Fluence,
        base: &[f32],
        out: &mut [f32],
    ) -> (f32, Option<IndexBox>) {
        let beam = &self.beams[self.poses[pose].beam];
        let Some(spectra) = &beam.spectra else {
            out.copy_from_slice(base);
            return (out.iter().fold(0.0, |m, v| v.max(m)), None);
        };
        let (n, area) = (spectra.fourier.n, &beam.area);
        let picture = fluence.picture(&beam.full, n, MARGIN);
        let map = spectra.convolved(picture, MARGIN..MARGIN + area.n[1], self.places[pose].bracket);
        let folded = Folded {
            map,
            n,
            first_mm: [0, 1].map(|a| (area.first[a] as f64 - MARGIN as f64 + 0.5) * PIXEL_MM),
            used: [0, 1].map(|a| area.n[a] + 2 * MARGIN),
        };
        pass(self, stand, &folded, base, out)
    }
}

fn places(
    plan: &Plan,
    poses: &[Pose],
    machine: &PhotonMachine,
    stopping: &StoppingMap,
    notes: &mut Vec<String>,
) -> Vec<Place> {
    let mut misses = BTreeSet::new();
    let mut beyond = BTreeSet::new();
    let [near, far] = [machine.kernels.first(), machine.kernels.last()].map(|k| k.map_or(0.0, |k| k.source_surface_mm));
    let place = |pose: &Pose| {
        let beam = &plan.beams[pose.beam];
        let turned = UnitQuaternion::from(pose.angles.beam_limiting_to_gantry().inverse());
        let to_head =
            Isometry3::from_parts(Translation3::identity(), turned) * plan.frames(beam).patient_to_gantry(&pose.angles);
        let surface = source_surface_mm(stopping, &to_head, machine.source_axis_mm);
        match surface {
            None => drop(misses.insert(pose.beam)),
            Some(mm) if !(near - 1.0..=far + 1.0).contains(&mm) => drop(beyond.insert(pose.beam)),
            Some(_) => {}
        }
        Place { to_head, bracket: machine.bracket(surface.unwrap_or(0.9 * machine.source_axis_mm)) }
    };
    let places = poses.iter().map(place).collect();
    let name = |b: &usize| plan.beams[*b].name.as_str();
    for b in &misses {
        notes.push(format!(
            "beam '{}': its axis misses the body; the kernels of a surface 100 mm above the isocentre are taken",
            name(b)
        ));
    }
    for b in &beyond {
        notes.push(format!(
            "beam '{}': its surface is nearer than {near} mm or farther than {far} mm; the nearest kernels are taken",
            name(b)
        ));
    }
    places
}

fn beams(plan: &Plan, poses: &[Pose], places: &[Place], machine: &PhotonMachine) -> Vec<PreparedBeam> {
    let gray = calibration(machine);
    let areas: Vec<Area> = plan.beams.iter().map(|b| Area::of(&bounds(b))).collect();
    // One set of transforms serves all beams of one size.
    let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let size = |b: usize| points(&areas[b], MARGIN, machine).next_multiple_of(32);
    for (pose, place) in poses.iter().zip(places) {
        wanted.entry(size(pose.beam)).or_default().extend([place.bracket.0, place.bracket.1]);
    }
    let made = |(n, which): (usize, BTreeSet<usize>)| (n, Arc::new(Spectra::new(machine, n, which, gray)));
    let made: BTreeMap<usize, Arc<Spectra>> = wanted.into_iter().map(made).collect();
    let beam = |(b, beam): (usize, &Beam)| {
        let spectra = poses.iter().any(|p| p.beam == b).then(|| made.get(&size(b)).cloned()).flatten();
        let mut full = Vec::new();
        if spectra.is_some() {
            full = primary_fluence(machine, &areas[b]);
            shade(beam, &areas[b], &mut full);
        }
        PreparedBeam { beam: beam.clone(), area: areas[b], full, spectra }
    };
    plan.beams.iter().enumerate().map(beam).collect()
}

/// Gray of one fraction, or of one of its beams (from 0, as in the plan) alone. `progress(done, total)` counts the places
/// where the machine stands. The number of threads does not change a bit.
pub fn photon_fraction(
    plan: &PhotonPlan,
    beam: Option<usize>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Volume<f32> {
    let mut sum = vec![0.0f32; plan.grid.len()];
    let mut next = sum.clone();
    let which: Vec<usize> = (0..plan.poses.len()).filter(|p| beam.is_none_or(|b| plan.poses[*p].beam == b)).collect();
    for (done, pose) in which.iter().copied().enumerate() {
        let mut fluence = plan.fluence(pose);
        (0..plan.poses[pose].pieces.len()).for_each(|p| plan.add_piece(pose, p, 1.0, &mut fluence));
        plan.deposit(pose, &plan.stand(pose), &fluence, &sum, &mut next);
        std::mem::swap(&mut sum, &mut next);
        progress(done + 1, which.len());
    }
    Volume { grid: plan.grid.clone(), data: sum }
}

/// The physical dose of `fractions` fractions, as [`crate::compute()`] gives it for protons.
pub fn compute_photons(plan: &PhotonPlan, fractions: u32, progress: &(dyn Fn(usize, usize) + Sync)) -> Dose {
    let one = photon_fraction(plan, None, progress);
    let summation = if fractions == 1 { DoseSummation::Fraction } else { DoseSummation::Plan };
    plan.as_dose(one, fractions, summation)
}

impl PhotonPlan {
    /// Gray of one fraction of this plan, or of one of its beams, as a physical dose of so many; no UID yet.
    pub fn as_dose(&self, mut one: Volume<f32>, fractions: u32, summation: DoseSummation) -> Dose {
        one.data.iter_mut().for_each(|v| *v = (f64::from(*v) * f64::from(fractions)) as f32);
        Dose {
            uid: String::new(),
            frame_of_reference_uid: self.frame_of_reference_uid.clone(),
            plan_uid: (!self.plan_uid.is_empty()).then(|| self.plan_uid.clone()),
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation,
            engine: self.engine().to_owned(),
            volume: one,
        }
    }
}
