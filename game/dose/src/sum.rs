//! Sums of doses: of plans (a first course and a boost), of fractions, of beams.
//!
//! Physical and RBE-weighted doses, Gray and relative, other frames of reference are never added up. EQD2 of different
//! fractionations is no sum of doses: see [`crate::biological`].

use crate::conserve::{ConserveError, conserve};
use nalgebra::Point3;
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit};

/// Largest grid of a sum, voxels.
const GRID_LIMIT: usize = 64_000_000;
/// Grids whose corners lie this close are the same, mm.
const SAME_MM: f64 = 1e-3;

/// Why doses cannot be summed. Parts are numbered from 1, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum SumError {
    #[error("there is no dose to sum")]
    Nothing,
    #[error("dose {part} is to count {times} times; expected a number above 0, for example its number of fractions")]
    Times { part: usize, times: f64 },
    #[error(
        "dose {part} lies in another frame of reference than dose 1: the same place in one is another in the other; register them first"
    )]
    Frame { part: usize },
    #[error("dose {part} is relative, not in Gray: it has no scale in which it could be summed")]
    Relative { part: usize },
    #[error(
        "dose {part} is {other:?}, dose 1 {first:?}: physical and RBE-weighted doses (and differences) do not add up; compute both alike, for example with --rbe 1.1"
    )]
    Type { part: usize, first: DoseType, other: DoseType },
    #[error("dose {part}: {source}")]
    Part { part: usize, source: ConserveError },
    #[error("the sum would have {voxels} voxels, more than {limit}; choose a wider grid")]
    GridTooLarge { voxels: f64, limit: usize },
}

/// One dose of a sum.
#[derive(Clone, Copy, Debug)]
pub struct SumPart<'a> {
    /// The dose.
    pub dose: &'a Dose,
    /// How often it counts, above 0: 1, or a number of fractions.
    pub times: f64,
}

/// How to sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SumOptions {
    /// Grid of the sum; None takes the finest of the doses', made larger until it holds all of them.
    pub grid: Option<Grid>,
    /// How a dose comes onto a grid that is not its own: false (default) by trilinear interpolation, right at each point to
    /// second order; true so that its integral is kept to 1e−6 (see [`crate::conserve`]).
    pub conserve: bool,
}

/// A sum.
#[derive(Clone, Debug)]
pub struct Summed {
    /// The sum: without a UID; its plan if all parts are of one.
    pub dose: Dose,
    /// SOPInstanceUIDs of the plans of the parts, each once.
    pub plans: Vec<String>,
    /// What was assumed and what it did, in sentences for people.
    pub notes: Vec<String>,
}

/// Sums doses. Where a dose's grid does not reach, it counts as 0. Every voxel adds the parts in their order in f64.
pub fn sum(parts: &[SumPart], options: &SumOptions) -> Result<Summed, SumError> {
    let mut notes = Vec::new();
    check(parts, &mut notes)?;
    let grid = match &options.grid {
        Some(g) => g.clone(),
        None => common_grid(parts),
    };
    let voxels: f64 = grid.size.iter().map(|n| *n as f64).product();
    if !(voxels >= 1.0 && voxels <= GRID_LIMIT as f64) {
        return Err(SumError::GridTooLarge { voxels, limit: GRID_LIMIT });
    }
    let sources = parts
        .iter()
        .map(|p| match &p.dose.volume {
            v if same(&v.grid, &grid) => Ok(Source::Same(&v.data)),
            v if options.conserve => conserve(v, &grid).map(|c| Source::Resampled(c.volume.data, c.lost)),
            v => Ok(Source::Trilinear(v)),
        })
        .enumerate()
        .map(|(n, s)| s.map_err(|source| SumError::Part { part: n + 1, source }))
        .collect::<Result<Vec<_>, _>>()?;
    let [ni, nj, _] = grid.size;
    let mut data = vec![0f32; grid.len()];
    data.par_chunks_mut(ni).enumerate().for_each_init(
        || vec![0f64; ni],
        |line, (row, out)| {
            line.fill(0.0);
            for (part, source) in parts.iter().zip(&sources) {
                for (i, sum) in line.iter_mut().enumerate() {
                    *sum += part.times * source.at(&grid, [i, row % nj, row / nj], row * ni + i);
                }
            }
            out.iter_mut().zip(line).for_each(|(o, v)| *o = *v as f32);
        },
    );
    for (n, source) in sources.iter().enumerate() {
        source.note(n + 1, &grid, &mut notes);
    }
    let mut plans: Vec<String> = Vec::new();
    for uid in parts.iter().filter_map(|p| p.dose.plan_uid.clone()) {
        if !plans.contains(&uid) {
            plans.push(uid);
        }
    }
    let summation = summation(parts, &plans, &mut notes);
    let first = parts[0].dose;
    let mut engines: Vec<&str> = parts.iter().map(|p| p.dose.engine.as_str()).filter(|e| !e.is_empty()).collect();
    engines.dedup();
    let engine = match (engines.as_slice(), parts.len()) {
        ([], _) => String::new(),
        ([one], 1) => (*one).to_owned(),
        (all, n) => format!("{}, sum of {n}", all.join(" + ")),
    };
    let dose = Dose {
        uid: String::new(),
        frame_of_reference_uid: parts
            .iter()
            .map(|p| &p.dose.frame_of_reference_uid)
            .find(|f| !f.is_empty())
            .cloned()
            .unwrap_or_default(),
        plan_uid: if plans.len() == 1 { plans.first().cloned() } else { None },
        dose_type: first.dose_type,
        unit: first.unit,
        summation,
        engine,
        volume: Volume { grid, data },
    };
    Ok(Summed { dose, plans, notes })
}

fn check(parts: &[SumPart], notes: &mut Vec<String>) -> Result<(), SumError> {
    let first = parts.first().ok_or(SumError::Nothing)?.dose;
    let frame = parts.iter().map(|p| &p.dose.frame_of_reference_uid).find(|f| !f.is_empty());
    for (n, SumPart { dose, times }) in parts.iter().enumerate() {
        let part = n + 1;
        if !(*times > 0.0 && times.is_finite()) {
            return Err(SumError::Times { part, times: *times });
        }
        if dose.frame_of_reference_uid.is_empty() {
            notes.push(format!("dose {part} does not say its frame of reference: it is taken to share the others'"));
        } else if frame != Some(&dose.frame_of_reference_uid) {
            return Err(SumError::Frame { part });
        }
        if dose.unit == DoseUnit::Relative {
            return Err(SumError::Relative { part });
        }
        if dose.dose_type != first.dose_type {
            return Err(SumError::Type { part, first: first.dose_type, other: dose.dose_type });
        }
        let count = dose.volume.data.par_iter().filter(|v| !v.is_finite()).count();
        if count > 0 {
            return Err(SumError::Part { part, source: ConserveError::NotFinite { what: "dose", count } });
        }
    }
    Ok(())
}

/// The finest grid, made larger by whole voxels until it holds every part.
fn common_grid(parts: &[SumPart]) -> Grid {
    let cell = |g: &Grid| g.spacing_mm.iter().product::<f64>();
    let mut finest = &parts[0].dose.volume.grid;
    for p in parts {
        // A grid that is finer by rounding is not.
        if cell(&p.dose.volume.grid) < cell(finest) * (1.0 - 1e-6) {
            finest = &p.dose.volume.grid;
        }
    }
    let (mut low, mut high) = ([0i64; 3], finest.size.map(|n| n as i64 - 1));
    for g in parts.iter().map(|p| &p.dose.volume.grid).filter(|g| !same(g, finest)) {
        for corner in 0..8usize {
            let end = [0, 1, 2].map(|a| if corner >> a & 1 == 0 { -0.5 } else { g.size[a] as f64 - 0.5 });
            let at = finest.to_index(g.to_world(Point3::from(end)));
            for a in 0..3 {
                low[a] = low[a].min((at[a] + 0.5 + 1e-6).floor() as i64);
                high[a] = high[a].max((at[a] - 0.5 - 1e-6).ceil() as i64);
            }
        }
    }
    Grid {
        size: [0, 1, 2].map(|a| (high[a] - low[a] + 1).max(0) as usize),
        origin_mm: finest.to_world(Point3::from(low.map(|v| v as f64))),
        ..finest.clone()
    }
}

/// Whether two grids have the same voxels.
fn same(a: &Grid, b: &Grid) -> bool {
    let far = a.size.map(|n| n.saturating_sub(1));
    let ends = [[0, 0, 0], [far[0], 0, 0], [0, far[1], 0], [0, 0, far[2]]];
    a.size == b.size
        && (0..3).all(|x| (a.spacing_mm[x] - b.spacing_mm[x]).abs() < SAME_MM)
        && ends.iter().all(|[i, j, k]| (a.centre(*i, *j, *k) - b.centre(*i, *j, *k)).norm() < SAME_MM)
}

/// A part on the sum's grid.
enum Source<'a> {
    Same(&'a [f32]),
    Trilinear(&'a Volume<f32>),
    /// With the part of its integral that is lost.
    Resampled(Vec<f32>, f64),
}

impl Source<'_> {
    fn at(&self, grid: &Grid, [i, j, k]: [usize; 3], offset: usize) -> f64 {
        match self {
            Self::Same(data) => f64::from(data[offset]),
            Self::Resampled(data, _) => f64::from(data[offset]),
            Self::Trilinear(v) => v.sample(grid.centre(i, j, k)).unwrap_or(0.0),
        }
    }

    /// Says what the other grid did to the integral.
    fn note(&self, part: usize, grid: &Grid, notes: &mut Vec<String>) {
        match self {
            Self::Same(_) => {}
            Self::Resampled(_, lost) if *lost > 1e-6 => {
                notes.push(format!("{:.3} % of the integral of dose {part} lie outside the sum's grid", 100.0 * lost));
            }
            Self::Resampled(..) => {
                notes.push(format!("dose {part} came onto the sum's grid with its integral kept"));
            }
            Self::Trilinear(v) => {
                let [ni, nj, _] = grid.size;
                // Row by row, so that the number of threads does not change it.
                let rows: Vec<f64> = (0..grid.len() / ni.max(1))
                    .into_par_iter()
                    .map(|r| (0..ni).map(|i| v.sample(grid.centre(i, r % nj, r / nj)).unwrap_or(0.0)).sum())
                    .collect();
                let now = rows.iter().sum::<f64>() * grid.voxel_cm3();
                let before = v.data.iter().map(|d| f64::from(*d)).sum::<f64>() * v.grid.voxel_cm3();
                let change = if before == 0.0 { 0.0 } else { 100.0 * (now / before - 1.0) };
                notes.push(format!(
                    "dose {part} was interpolated onto the sum's grid, which changed its integral by {change:+.3} %"
                ));
            }
        }
    }
}

/// What the sum is of, in DICOM's terms (Part 3, C.8.8.3.1).
fn summation(parts: &[SumPart], plans: &[String], notes: &mut Vec<String>) -> DoseSummation {
    let unknown = parts.iter().filter(|p| p.dose.plan_uid.is_none()).count();
    if plans.len() + usize::from(unknown > 0) > 1 || plans.is_empty() {
        if unknown > 0 {
            notes.push(format!(
                "{unknown} of {} doses do not say their plan: the sum is taken to be of several plans",
                parts.len()
            ));
        }
        return DoseSummation::MultiPlan;
    }
    let all = |wanted: DoseSummation| parts.iter().all(|p| p.dose.summation == wanted);
    let times: f64 = parts.iter().map(|p| p.times).sum();
    if all(DoseSummation::Beam) {
        return DoseSummation::Beam;
    }
    if all(DoseSummation::Fraction) {
        if times == 1.0 {
            return DoseSummation::Fraction;
        }
        notes.push(format!(
            "{times} fractions of one plan: DICOM has no name for a part of a course, so it is called PLAN"
        ));
        return DoseSummation::Plan;
    }
    if !all(DoseSummation::Plan) {
        notes.push("doses of whole courses, fractions, beams or of unknown kind of one plan are mixed: the same fraction may count twice".to_owned());
    } else if times != 1.0 {
        notes.push(format!("the whole course of one plan counts {times} times"));
    }
    DoseSummation::Plan
}

#[cfg(test)]
mod tests;
