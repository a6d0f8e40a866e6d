//! The gamma index of two doses: how far one must go, in space and in dose, to find the reference's value again.
//!
//! Low et al. 1998 (doi 10.1118/1.598248): Γ² = (distance / distance criterion)² + (difference / dose criterion)², and γ is
//! its lowest value over the evaluated dose, which is interpolated trilinearly. Around each reference voxel spheres (in the
//! plane: circles) are searched, a tenth of the distance criterion apart and sampled as densely, outwards until distance alone
//! exceeds what was found, or the cap. pymedphys samples the same way, so pass rates agree; a finer step finds lower values.

mod block;
mod samples;
mod search;
mod side_by_side;
#[cfg(target_arch = "x86_64")]
mod wide;

use rayon::prelude::*;
use search::Search;
use side_by_side::Circles;
use vestibule_geometry::{Grid, Volume};

/// What counts as agreement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GammaCriteria {
    /// Dose criterion, percent of the normalisation (global) or of each reference value (local). Above 0, up to 100.
    pub dose_percent: f64,
    /// Distance criterion, mm. Above 0, up to 50.
    pub distance_mm: f64,
    /// Reference voxels below this part of the normalisation are left out, percent, 0 to 100 (exclusive); default 10.
    pub cutoff_percent: f64,
    /// Dose criterion by each reference value instead of by the normalisation.
    pub local: bool,
    /// What percent refer to, in the dose's unit; None takes the reference's maximum.
    pub normalisation: Option<f64>,
    /// The search ends here and larger values become this one. Above 1, up to 10; default 2.
    pub max_gamma: f64,
    /// Spheres per distance criterion, and samples on them as close; 1 to 50, default 10.
    pub steps: u32,
    /// Search each slice of the reference in its own plane only (2D); both grids' slices must be parallel.
    pub in_plane: bool,
}

impl GammaCriteria {
    /// Global, 3D, with the defaults.
    pub fn new(dose_percent: f64, distance_mm: f64) -> Self {
        Self {
            dose_percent,
            distance_mm,
            cutoff_percent: 10.0,
            local: false,
            normalisation: None,
            max_gamma: 2.0,
            steps: 10,
            in_plane: false,
        }
    }
}

/// Why there is no gamma.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GammaError {
    /// A criterion out of its range.
    #[error("gamma criterion {what} is {value}; expected {expected}")]
    Criterion {
        /// Which.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What should be.
        expected: &'static str,
    },
    /// NaN or infinite voxels.
    #[error("the {which} dose holds {count} voxels without a number (NaN or infinite)")]
    NotFinite {
        /// `reference` or `evaluated`.
        which: &'static str,
        /// How many.
        count: usize,
    },
    /// A grid without voxels, or with fewer values than voxels.
    #[error("the {which} dose has no voxels")]
    Empty {
        /// `reference` or `evaluated`.
        which: &'static str,
    },
    /// Nothing to normalise to.
    #[error("the reference dose is nowhere above 0: percent of it mean nothing")]
    NoReferenceDose,
    /// The two grids do not meet.
    #[error(
        "no reference voxel above the cutoff lies within {reach_mm} mm of the evaluated grid: the doses do not overlap"
    )]
    NoOverlap {
        /// Farthest search, mm.
        reach_mm: f64,
    },
    /// No voxel reaches the cutoff.
    #[error("no reference voxel reaches the cutoff of {cutoff} (in the dose's unit)")]
    NothingAboveCutoff {
        /// The cutoff.
        cutoff: f64,
    },
    /// In-plane search on slices that cross.
    #[error("the slices of the two doses are not parallel: an in-plane gamma of them means nothing; use the 3D gamma")]
    PlanesCross,
}

/// Gamma of every reference voxel, and what one says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    /// γ on the reference's grid; NaN below the cutoff and where the evaluated grid is out of reach. Resolved to 1e−7 near 1,
    /// where it decides, and to 4e−4 near 0.
    pub map: Volume<f32>,
    /// Voxels that have a γ.
    pub points: usize,
    /// Voxels with γ ≤ 1.
    pub passed: usize,
    /// Voxels above the cutoff that the evaluated grid does not reach; they are in no figure.
    pub out_of_reach: usize,
    /// Mean γ; values at the cap count as the cap.
    pub mean: f64,
    /// Highest γ, at most the cap.
    pub max: f64,
    /// What percent refer to.
    pub normalisation: f64,
}

impl Gamma {
    /// γ of `evaluated` against `reference`, on all cores; the number of threads changes nothing. The grids may differ in
    /// every way. The caller has made sure that both lie in one frame of reference and have one unit.
    pub fn new(reference: &Volume<f32>, evaluated: &Volume<f32>, criteria: &GammaCriteria) -> Result<Self, GammaError> {
        criteria.check()?;
        // Handed over to the threads once, not for every step.
        rayon::scope(|_| Self::of(reference, evaluated, criteria))
    }

    fn of(reference: &Volume<f32>, evaluated: &Volume<f32>, criteria: &GammaCriteria) -> Result<Self, GammaError> {
        let mut highest = 0.0;
        for (which, v) in [("evaluated", evaluated), ("reference", reference)] {
            if v.grid.is_empty() || v.data.len() != v.grid.len() {
                return Err(GammaError::Empty { which });
            }
            let parts = v.data.par_chunks(PART).map(scan);
            let (finite, most) = parts.reduce(|| (true, f32::NEG_INFINITY), |a, b| (a.0 & b.0, a.1.max(b.1)));
            if !finite {
                return Err(GammaError::NotFinite { which, count: v.data.iter().filter(|d| !d.is_finite()).count() });
            }
            highest = f64::from(most);
        }
        let normalisation = criteria.normalisation.unwrap_or(highest);
        if highest <= 0.0 {
            return Err(GammaError::NoReferenceDose);
        }
        let cutoff = criteria.cutoff_percent / 100.0 * normalisation;
        // The lowest f32 that is not below it.
        let least = cutoff as f32;
        let least = if f64::from(least) < cutoff { least.next_up() } else { least };
        let search = Search::new(&reference.grid, evaluated, criteria);
        if criteria.in_plane && !parallel(&reference.grid, &evaluated.grid) {
            return Err(GammaError::PlanesCross);
        }

        let ni = reference.grid.size[0];
        let mut map = Volume::filled(reference.grid.clone(), f32::NAN);
        let rows: Vec<Row> = map
            .data
            .par_chunks_mut(ni)
            .zip(reference.data.par_chunks(ni))
            .enumerate()
            .map_init(Circles::default, |circles, (row, (out, doses))| {
                let mut sums = Row::default();
                if scan(doses).1 < least {
                    return sums;
                }
                let (j, k) = (row % reference.grid.size[1], row / reference.grid.size[1]);
                let at = |i| evaluated.grid.to_index(reference.grid.centre(i, j, k));
                let per_dose =
                    |dose| 1.0 / (criteria.dose_percent / 100.0 * if criteria.local { dose } else { normalisation });
                search.row(circles, (at(0), at(1) - at(0)), (doses, least), per_dose, |i, found| match found {
                    Some(squared) => {
                        let gamma = squared.sqrt();
                        out[i] = gamma as f32;
                        sums.points += 1;
                        sums.passed += usize::from(squared <= 1.0);
                        sums.sum += gamma;
                        sums.max = sums.max.max(gamma);
                    }
                    None => sums.out_of_reach += 1,
                });
                sums
            })
            .collect();
        // In the order of the rows, so that threads do not change the mean.
        let all = rows.iter().fold(Row::default(), |a, b| Row {
            points: a.points + b.points,
            passed: a.passed + b.passed,
            out_of_reach: a.out_of_reach + b.out_of_reach,
            sum: a.sum + b.sum,
            max: a.max.max(b.max),
        });
        if all.points == 0 {
            return Err(match all.out_of_reach {
                0 => GammaError::NothingAboveCutoff { cutoff },
                _ => GammaError::NoOverlap { reach_mm: criteria.max_gamma * criteria.distance_mm },
            });
        }
        Ok(Self {
            map,
            points: all.points,
            passed: all.passed,
            out_of_reach: all.out_of_reach,
            mean: all.sum / all.points as f64,
            max: all.max,
            normalisation,
        })
    }

    /// Percent of the voxels that have a γ, with γ ≤ 1.
    pub fn pass_rate(&self) -> f64 {
        100.0 * self.passed as f64 / self.points.max(1) as f64
    }
}

/// Voxels looked through at once.
const PART: usize = 1 << 16;

/// Whether all are numbers, and then the highest.
fn scan(values: &[f32]) -> (bool, f32) {
    // Eight side by side, for the processor's sake.
    let (mut most, mut none) = ([f32::NEG_INFINITY; 8], [0.0; 8]);
    let mut see = |n: usize, v: f32| {
        most[n] = if v > most[n] { v } else { most[n] };
        none[n] += v * 0.0;
    };
    let eights = values.chunks_exact(8);
    eights.remainder().iter().enumerate().for_each(|(n, v)| see(n, *v));
    for eight in eights {
        for (n, v) in eight.iter().enumerate() {
            see(n, *v);
        }
    }
    (none.iter().all(|n| *n == 0.0), most.into_iter().fold(f32::NEG_INFINITY, f32::max))
}

#[derive(Clone, Copy, Default)]
struct Row {
    points: usize,
    passed: usize,
    out_of_reach: usize,
    sum: f64,
    max: f64,
}

impl GammaCriteria {
    fn check(&self) -> Result<(), GammaError> {
        let refuse = |what, value, expected| Err(GammaError::Criterion { what, value, expected });
        if !(self.dose_percent > 0.0 && self.dose_percent <= 100.0) {
            return refuse("dose (percent)", self.dose_percent, "above 0, up to 100");
        }
        if !(self.distance_mm > 0.0 && self.distance_mm <= 50.0) {
            return refuse("distance (mm)", self.distance_mm, "above 0, up to 50");
        }
        if !(self.cutoff_percent >= 0.0 && self.cutoff_percent < 100.0) {
            return refuse("lower cutoff (percent)", self.cutoff_percent, "0 to below 100");
        }
        if self.local && self.cutoff_percent <= 0.0 {
            return refuse("lower cutoff (percent)", self.cutoff_percent, "above 0 with a local gamma");
        }
        if !(self.max_gamma > 1.0 && self.max_gamma <= 10.0) {
            return refuse("highest gamma", self.max_gamma, "above 1, up to 10");
        }
        if !(1..=50).contains(&self.steps) {
            return refuse("steps per distance", f64::from(self.steps), "1 to 50");
        }
        match self.normalisation {
            Some(n) if !(n > 0.0 && n.is_finite()) => refuse("normalisation", n, "above 0"),
            _ => Ok(()),
        }
    }
}

fn parallel(a: &Grid, b: &Grid) -> bool {
    a.axes.column(2).dot(&b.axes.column(2)).abs() > 1.0 - 1e-6
}

#[cfg(test)]
mod tests;
