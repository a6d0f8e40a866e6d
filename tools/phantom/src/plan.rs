//! The treatment plans: proton beams, spots over the target, weights fitted to the prescription.

use crate::anatomy::{Anatomy, TUMOUR};
use crate::structures;
use nalgebra::Point3;
use rayon::prelude::*;
use vestibule_dose::{ComputeError, DoseOptions, HuTable, MachineModel, PreparedPlan, water};
use vestibule_geometry::{BeamAngles, Frames, PatientPosition, Volume};
use vestibule_patient::{Beam, Image, Layer, Plan, RadiationType, RangeShifter, Spot};

/// Fractions of the course.
pub const FRACTIONS: u32 = 30;
/// Prescription of the course, Gy(RBE).
pub const PRESCRIPTION: f64 = 54.0;
/// Relative biological effectiveness of protons as clinics use it (ICRU 78).
pub const RBE: f64 = 1.1;
/// Least MU of a spot: what the machine gives in a millisecond, rounded up.
const LEAST_MU: f64 = 3.0;

/// How densely to place spots and how finely to compute.
#[derive(Clone, Copy)]
pub struct Density {
    /// Distance between spots, mm.
    pub spot_mm: f64,
    /// Distance between layers in water, mm.
    pub layer_mm: f64,
    /// Dose grid, mm.
    pub grid_mm: f64,
    /// Steps of the fit.
    pub steps: usize,
}

/// From where a plan treats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geometry {
    /// Three beams, the approved plan: from the right with a range shifter, from the right front, and from above with the couch
    /// turned.
    ThreeBeams,
    /// Two beams, the alternative: from the left through the healthy half, and from the vertex with the couch turned. It
    /// needs no range shifter and spares a little of the right hippocampus; the left one and the brainstem pay for it.
    TwoBeams,
}

/// The beams without spots.
fn beams(machine: &MachineModel, geometry: Geometry) -> Vec<Beam> {
    let isocentre_mm = Point3::from(TUMOUR);
    let beam = |number, name: &str, gantry_deg, patient_support_deg, snout, range_shifters| Beam {
        number,
        name: name.to_owned(),
        machine: machine.name.clone(),
        radiation: RadiationType::Proton,
        isocentre_mm,
        angles: BeamAngles { gantry_deg, patient_support_deg, ..Default::default() },
        virtual_sad_mm: Some(machine.virtual_sad_mm),
        snout_position_mm: Some(snout),
        range_shifters,
        ..Default::default()
    };
    let shifter = machine.range_shifters.iter().find(|s| s.water_equivalent_mm > 30.0);
    let shifter = shifter.map(|s| RangeShifter {
        id: s.id.clone(),
        water_equivalent_mm: Some(s.water_equivalent_mm),
        isocentre_distance_mm: Some(120.0),
    });
    match geometry {
        Geometry::ThreeBeams => vec![
            beam(1, "RIGHT", 270.0, 0.0, 120.0, shifter.into_iter().collect()),
            beam(2, "RIGHT FRONT", 335.0, 0.0, 250.0, Vec::new()),
            beam(3, "ABOVE", 325.0, 90.0, 250.0, Vec::new()),
        ],
        Geometry::TwoBeams => {
            vec![beam(1, "LEFT", 90.0, 0.0, 250.0, Vec::new()), beam(2, "VERTEX", 285.0, 90.0, 250.0, Vec::new())]
        }
    }
}

/// Places spots so that each one's peak falls into the planning target or close by. Layers run deepest first.
pub fn place(
    geometry: Geometry,
    a: &Anatomy,
    ct: &Image,
    body: &Volume<u8>,
    machine: &MachineModel,
    hu: &HuTable,
    density: &Density,
) -> Vec<Beam> {
    let margin = 0.8 * density.spot_mm;
    let mut beams = beams(machine, geometry);
    for beam in &mut beams {
        let frames = Frames { isocentre_mm: beam.isocentre_mm, position: PatientPosition::Hfs };
        let back = frames.patient_to_gantry(&beam.angles).inverse();
        let sad = machine.virtual_sad_mm;
        let shift: f64 = beam.range_shifters.iter().filter_map(|r| r.water_equivalent_mm).sum();
        let reach = (46.0 / density.spot_mm).ceil() as i32;
        let rows = (46.0 / (density.spot_mm * 0.866)).ceil() as i32;
        let lattice: Vec<[f64; 2]> = (-rows..=rows)
            .flat_map(|j| (-reach..=reach).map(move |i| (i, j)))
            .map(|(i, j)| {
                let x = (f64::from(i) + if j % 2 == 0 { 0.0 } else { 0.5 }) * density.spot_mm;
                [(x * 100.0).round() / 100.0, (f64::from(j) * density.spot_mm * 86.6).round() / 100.0]
            })
            .collect();
        // Water passed on the way, where the ray is near the target.
        let near: Vec<Vec<(f64, f64)>> = lattice
            .par_iter()
            .map(|[x, y]| {
                let mut water = 0.0;
                let mut out = Vec::new();
                let step = 0.5;
                for n in 0..1000 {
                    let z = 250.0 - step * f64::from(n);
                    let p = back * Point3::new(x * (1.0 - z / sad[0]), y * (1.0 - z / sad[1]), z);
                    let q = ct.volume.grid.to_index(p);
                    let o = [q.x.round(), q.y.round(), q.z.round()];
                    let s = ct.volume.grid.size;
                    if (0..3).any(|k| o[k] < 0.0 || o[k] >= s[k] as f64) {
                        continue;
                    }
                    let o = ct.volume.grid.offset(o[0] as usize, o[1] as usize, o[2] as usize);
                    if body.data[o] > 0 {
                        water += step * hu.relative_stopping_power(f64::from(ct.volume.data[o]));
                        out.push((water, structures::ptv(a, p.into())));
                    }
                }
                out
            })
            .collect();
        let wanted = near.iter().flatten().filter(|(_, f)| *f > -margin).map(|(w, _)| *w);
        let (low, high) = wanted.fold((f64::MAX, 0.0f64), |(l, h), w| (l.min(w), h.max(w)));
        let least = water::range_mm(machine.energies[0].mean_mev) - shift;
        let mut range = high;
        while range > low.max(least) - 0.01 {
            let nominal = nominal_for(machine, range + shift);
            let spots: Vec<Spot> = lattice
                .iter()
                .zip(&near)
                .filter(|(_, ray)| ray.windows(2).any(|w| w[0].0 <= range && w[1].0 > range && w[1].1 > -margin))
                .map(|(xy, _)| Spot { x_mm: xy[0], y_mm: xy[1], weight: 1.0 })
                .collect();
            if !spots.is_empty() {
                let spread = machine.at(nominal).map(|e| {
                    [0, 1].map(|k| (2.355 * e.variance_mm2(k, machine.nozzle_plane_mm).sqrt() * 100.0).round() / 100.0)
                });
                beam.layers.push(Layer { energy_mev: nominal, spot_fwhm_mm: spread, paintings: 1, spots });
            }
            range -= density.layer_mm;
        }
        serpentine(beam);
    }
    beams
}

/// Nominal energy (to 0.1 MeV) whose mean range is nearest to `range`.
fn nominal_for(machine: &MachineModel, range: f64) -> f64 {
    let [low, high] = machine.energy_limits_mev();
    let (mut a, mut b) = (low, high);
    for _ in 0..40 {
        let m = 0.5 * (a + b);
        if machine.at(m).is_some_and(|e| water::range_mm(e.mean_mev) < range) { a = m } else { b = m }
    }
    ((10.0 * 0.5 * (a + b)).round() / 10.0).clamp(low, high)
}

/// Rows of spots to and fro, as magnets scan.
fn serpentine(beam: &mut Beam) {
    for layer in &mut beam.layers {
        layer.spots.sort_by(|a, b| a.y_mm.total_cmp(&b.y_mm).then(a.x_mm.total_cmp(&b.x_mm)));
        let mut out: Vec<Spot> = Vec::with_capacity(layer.spots.len());
        let mut forth = true;
        for row in layer.spots.chunk_by(|a, b| a.y_mm == b.y_mm) {
            if forth {
                out.extend(row);
            } else {
                out.extend(row.iter().rev());
            }
            forth = !forth;
        }
        layer.spots = out;
    }
}

/// A voxel the fit looks at: its offset, what is wanted, and how much it matters.
struct Wish {
    wanted: f64,
    below: f64,
    above: f64,
    /// Part of the clinical target, or within 2 mm of it.
    core: bool,
}

/// Fits spot weights (MU of one fraction) so that the planning target gets the prescription and all else little.
/// Weights are never negative; spots under the machine's least MU are dropped, and the rest fitted again.
pub fn fit(
    a: &Anatomy,
    ct: &Image,
    body: &Volume<u8>,
    plan: &mut Plan,
    machine: &MachineModel,
    hu: &HuTable,
    density: &Density,
    stem: &(dyn Fn([f64; 3]) -> f64 + Sync),
) -> Result<(), ComputeError> {
    set_metersets(plan);
    let prepared =
        PreparedPlan::new(ct, Some(body), plan, machine, hu, &DoseOptions { grid_mm: 1.2 * density.grid_mm })?;
    let grid = prepared.grid();
    let fraction = PRESCRIPTION / f64::from(FRACTIONS) / RBE;
    // Wishes: target, falling dose outside it, brainstem.
    let mut index = vec![u32::MAX; grid.len()];
    let mut wishes = Vec::new();
    for o in prepared.body_voxels() {
        let o = *o as usize;
        let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1]));
        let p: [f64; 3] = grid.centre(i, j, k).into();
        let f = structures::ptv(a, p);
        let wish = if f > -0.3 * density.grid_mm {
            // Cold spots in the clinical target cost most.
            let core = structures::ctv(a, p) > -2.0;
            let (below, above) = if core { (4.0, 1.8) } else { (1.2, 1.0) };
            Wish { wanted: fraction * 1.003, below, above, core }
        } else if f > -15.0 && (f > -4.0 || (i + j + k) % 2 == 0) {
            // What a steep but possible fall would leave.
            Wish {
                wanted: fraction * (0.95 + 0.06 * f).max(0.25),
                below: 0.0,
                core: false,
                above: if f > -4.0 { 0.25 } else { 0.08 },
            }
        } else if stem(p) > 0.3 {
            Wish { wanted: 0.25 * fraction, below: 0.0, core: false, above: 0.1 }
        } else {
            continue;
        };
        index[o] = wishes.len() as u32;
        wishes.push(wish);
    }
    let columns: Vec<Vec<(u32, f32)>> = (0..prepared.spots().len())
        .into_par_iter()
        .map(|s| {
            let mut c = Vec::new();
            prepared.for_each_voxel(s, |o, gy| {
                if index[o] != u32::MAX {
                    c.push((index[o], gy as f32));
                }
            });
            c
        })
        .collect();
    let influence = Influence::new(columns, wishes.len());
    let columns = &influence;
    let mut keep = vec![true; columns.columns.len()];
    let mut x = vec![0.0f64; columns.columns.len()];
    start(columns, &wishes, &mut x, fraction);
    descend(columns, &wishes, &keep, &mut x, density.steps);
    // Raise the bar in steps, so that the rest can take over what is dropped.
    for (share, steps) in [(0.35, density.steps / 3), (0.7, density.steps / 3), (1.0, density.steps / 2)] {
        for (k, v) in keep.iter_mut().zip(&mut x) {
            if *v < LEAST_MU * share {
                *k = false;
                *v = 0.0;
            }
        }
        descend(columns, &wishes, &keep, &mut x, steps);
    }
    // Where the clinical target stays cold or hot, that voxel counts for more, until little is left of it.
    for _ in 0..8 {
        let d = columns.dose(&x);
        let mut core: Vec<f64> = d.iter().zip(&wishes).filter(|(_, w)| w.core).map(|(d, _)| *d).collect();
        core.sort_by(f64::total_cmp);
        let at = |part: f64| core.get((part * core.len() as f64) as usize).map_or(1.0, |d| d / fraction);
        if at(0.01) > 0.975 && at(0.99) < 1.045 {
            break;
        }
        for (w, d) in wishes.iter_mut().zip(&d).filter(|(w, _)| w.core) {
            if *d < 0.98 * fraction {
                w.below *= 2.0;
            } else if *d > 1.04 * fraction {
                w.above *= 2.0;
            }
        }
        descend(columns, &wishes, &keep, &mut x, density.steps / 2);
        // A spot that the last rounds emptied stays out.
        for (k, v) in keep.iter_mut().zip(&mut x) {
            if *v < LEAST_MU {
                *k = false;
                *v = 0.0;
            }
        }
    }
    let mut n = 0;
    for layer in plan.beams.iter_mut().flat_map(|b| &mut b.layers) {
        for spot in &mut layer.spots {
            // Held in the file as a float: keep what a float holds.
            spot.weight = if x[n] < LEAST_MU { 0.0 } else { f64::from((x[n] * 1000.0).round() as f32 / 1000.0) };
            n += 1;
        }
        layer.spots.retain(|s| s.weight > 0.0);
    }
    for beam in &mut plan.beams {
        beam.layers.retain(|l| !l.spots.is_empty());
        beam.control_points = 2 * beam.layers.len();
    }
    set_metersets(plan);
    Ok(())
}

/// Meterset and final weight are the sum of the spots: weights are MU.
pub fn set_metersets(plan: &mut Plan) {
    for beam in &mut plan.beams {
        let sum: f64 = beam.layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
        // As the file's decimal string holds it.
        let sum = (sum * 1e4).round() / 1e4;
        beam.meterset_mu = sum;
        beam.final_cumulative_weight = sum;
    }
}

/// Gray per MU of every spot in every voxel that the fit looks at, by spot and by voxel.
struct Influence {
    columns: Vec<Vec<(u32, f32)>>,
    rows: Vec<Vec<(u32, f32)>>,
}

impl Influence {
    fn new(columns: Vec<Vec<(u32, f32)>>, voxels: usize) -> Self {
        let mut rows = vec![Vec::new(); voxels];
        for (s, c) in columns.iter().enumerate() {
            for (i, g) in c {
                rows[*i as usize].push((s as u32, *g));
            }
        }
        Self { columns, rows }
    }

    /// Dose of each voxel. Every sum runs in the order of the spots, whatever the number of threads.
    fn dose(&self, x: &[f64]) -> Vec<f64> {
        self.rows.par_iter().map(|r| r.iter().map(|(s, g)| x[*s as usize] * f64::from(*g)).sum()).collect()
    }
}

/// All weights alike, at the level that gives the target its dose on average.
fn start(columns: &Influence, wishes: &[Wish], x: &mut [f64], wanted: f64) {
    x.fill(1.0);
    let d = columns.dose(x);
    let (sum, n) =
        d.iter().zip(wishes).filter(|(_, w)| w.below > 0.0).fold((0.0, 0.0), |(s, n), (d, _)| (s + d, n + 1.0));
    x.fill(if sum > 0.0 { wanted * n / sum } else { 1.0 });
}

/// Accelerated projected gradient (FISTA, Beck and Teboulle 2009) on the one-sided least squares, weights ≥ 0, each spot
/// scaled by its own curvature.
fn descend(columns: &Influence, wishes: &[Wish], keep: &[bool], x: &mut [f64], steps: usize) {
    // Diagonal bound of the Hessian: column entries times the row sums of what is kept.
    let ones: Vec<f64> = keep.iter().map(|k| if *k { 1.0 } else { 0.0 }).collect();
    let rows = columns.dose(&ones);
    let bound: Vec<f64> = columns
        .columns
        .iter()
        .map(|c| {
            let s: f64 = c
                .iter()
                .map(|(i, g)| {
                    let w = &wishes[*i as usize];
                    w.below.max(w.above) * f64::from(*g) * rows[*i as usize]
                })
                .sum();
            s.max(1e-12)
        })
        .collect();
    let mut y = x.to_vec();
    let mut t = 1.0f64;
    for _ in 0..steps {
        let d = columns.dose(&y);
        let r: Vec<f64> = d
            .iter()
            .zip(wishes)
            .map(|(d, w)| {
                let e = d - w.wanted;
                e * if e < 0.0 { w.below } else { w.above }
            })
            .collect();
        let next: Vec<f64> = columns
            .columns
            .par_iter()
            .enumerate()
            .map(|(s, c)| {
                if !keep[s] {
                    return 0.0;
                }
                let g: f64 = c.iter().map(|(i, g)| f64::from(*g) * r[*i as usize]).sum();
                (y[s] - g / bound[s]).max(0.0)
            })
            .collect();
        let t2 = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
        for s in 0..x.len() {
            y[s] = (next[s] + (t - 1.0) / t2 * (next[s] - x[s])).max(0.0);
            x[s] = next[s];
        }
        t = t2;
    }
}

/// Multiplies every weight, so that the target's median dose is the prescription.
pub fn scale(plan: &mut Plan, factor: f64) {
    for spot in plan.beams.iter_mut().flat_map(|b| &mut b.layers).flat_map(|l| &mut l.spots) {
        spot.weight = f64::from((spot.weight * factor * 1000.0).round() as f32 / 1000.0);
    }
    set_metersets(plan);
}
