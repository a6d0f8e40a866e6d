//! Onto another grid without losing energy: every voxel gives each voxel it shares room with the share of that room.
//!
//! Dose in a voxel is its mean over the voxel, so ∫ D dV is the sum of dose × voxel volume. What is kept is that integral
//! over the room that both grids cover (volume-weighted), or with a density the energy ∫ D ρ dV (mass-weighted). Where the
//! grids' axes are parallel, turned by quarter turns or mirrored the shared room is a product of three lengths; else the
//! voxels are cut by each other's planes as solids. Both are exact; the rest is the rounding of the f32 that is kept, 6e−8
//! a voxel. A turned grid costs about a thousand times more than a parallel one.
//!
//! For reading the dose at a point stay with trilinear interpolation ([`Volume::sample`]): between voxels larger than the
//! new ones this gives steps.

use crate::overlap::Solid;
use nalgebra::Vector3;
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume};

/// Axes count as parallel up to this sine: 0.5 µm in half a metre.
const PARALLEL: f64 = 1e-6;

/// Why a dose was not brought onto another grid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConserveError {
    /// NaN or infinite voxels.
    #[error("the {what} holds {count} voxels without a number (NaN or infinite)")]
    NotFinite {
        /// Dose or density.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// The density is of another grid.
    #[error(
        "the density does not lie on the grid of the dose; bring it there first (its mean per voxel keeps the mass)"
    )]
    DensityGrid,
    /// Below 0.
    #[error("the density holds {count} voxels below 0; densities are g/cm³ of 0 or more")]
    Density {
        /// How many.
        count: usize,
    },
    /// No common room.
    #[error("the two grids do not overlap: no voxel of the one shares room with the other")]
    NoOverlap,
}

/// A volume on another grid, its integral kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Conserved {
    /// Integral over the shared room / volume of the voxel: what lies outside the old grid counts as 0.
    pub volume: Volume<f32>,
    /// Part of each voxel that the old grid covers, 0 to 1, in the order of the voxels.
    pub covered: Vec<f32>,
    /// Part of the old integral that lies outside the new grid; 0 where the old integral is 0.
    pub lost: f64,
}

/// A dose on another grid, its energy kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ConservedEnergy {
    /// Energy / mass of what the voxel shares with the old grid; 0 where there is no mass.
    pub dose: Volume<f32>,
    /// That mass / volume of the voxel, in the old density's unit.
    pub density: Volume<f32>,
    /// Part of the old energy that lies outside the new grid.
    pub lost: f64,
}

/// Brings a volume onto a grid: Σ value × voxel volume over the shared room is kept (to 1e−6 and better). A constant stays
/// what it is in every voxel that is covered wholly.
pub fn conserve(from: &Volume<f32>, to: &Grid) -> Result<Conserved, ConserveError> {
    finite("dose", from)?;
    let sums = shared(&from.grid, &|o| [f64::from(from.data[o]), 1.0], to);
    let voxel = to.spacing_mm.iter().product::<f64>();
    if sums.iter().all(|s| s[1] <= 0.0) {
        return Err(ConserveError::NoOverlap);
    }
    let before = from.data.iter().map(|v| f64::from(*v)).sum::<f64>() * from.grid.spacing_mm.iter().product::<f64>();
    Ok(Conserved {
        lost: lost(before, &sums),
        covered: sums.iter().map(|s| (s[1] / voxel).min(1.0) as f32).collect(),
        volume: Volume { grid: to.clone(), data: sums.iter().map(|s| (s[0] / voxel) as f32).collect() },
    })
}

/// Brings a dose onto a grid: Σ dose × density × voxel volume over the shared room is kept, and so is the mass. `density`
/// (g/cm³ or relative, 0 or more) lies on the grid of the dose.
pub fn conserve_energy(dose: &Volume<f32>, density: &Volume<f32>, to: &Grid) -> Result<ConservedEnergy, ConserveError> {
    if dose.grid != density.grid || dose.data.len() != density.data.len() {
        return Err(ConserveError::DensityGrid);
    }
    finite("dose", dose)?;
    finite("density", density)?;
    let count = density.data.iter().filter(|d| **d < 0.0).count();
    if count > 0 {
        return Err(ConserveError::Density { count });
    }
    let masses = |o: usize| {
        let mass = f64::from(density.data[o]);
        [f64::from(dose.data[o]) * mass, mass]
    };
    let sums = shared(&dose.grid, &masses, to);
    let voxel = to.spacing_mm.iter().product::<f64>();
    if sums.iter().all(|s| s[1] <= 0.0) {
        return Err(ConserveError::NoOverlap);
    }
    let before = (0..dose.data.len()).map(|o| masses(o)[0]).sum::<f64>() * dose.grid.spacing_mm.iter().product::<f64>();
    let mean = |s: &[f64; 2]| if s[1] > 0.0 { s[0] / s[1] } else { 0.0 };
    Ok(ConservedEnergy {
        lost: lost(before, &sums),
        dose: Volume { grid: to.clone(), data: sums.iter().map(|s| mean(s) as f32).collect() },
        density: Volume { grid: to.clone(), data: sums.iter().map(|s| (s[1] / voxel) as f32).collect() },
    })
}

fn finite(what: &'static str, volume: &Volume<f32>) -> Result<(), ConserveError> {
    let count = volume.data.par_iter().filter(|v| !v.is_finite()).count();
    if count > 0 { Err(ConserveError::NotFinite { what, count }) } else { Ok(()) }
}

fn lost(before: f64, sums: &[[f64; 2]]) -> f64 {
    let after: f64 = sums.iter().map(|s| s[0]).sum();
    if before == 0.0 { 0.0 } else { 1.0 - after / before }
}

/// Integral (mm³) of two things over the room that each voxel of `to` shares with `from`.
fn shared(from: &Grid, value: &(dyn Fn(usize) -> [f64; 2] + Sync), to: &Grid) -> Vec<[f64; 2]> {
    let turn = from.axes.transpose() * to.axes;
    // The old axis that each new one runs along.
    let along = [0, 1, 2].map(|t| (0..3).find(|a| turn[(*a, t)].abs() > 0.5).unwrap_or(t));
    let parallel = (0..3).all(|t| (0..3).all(|a| a == along[t] || turn[(a, t)].abs() < PARALLEL));
    if parallel { parallel_sums(from, value, to, along) } else { turned_sums(from, value, to) }
}

fn add(sum: &mut [f64; 2], part: f64, value: [f64; 2]) {
    sum[0] += part * value[0];
    sum[1] += part * value[1];
}

fn parallel_sums(
    from: &Grid,
    value: &(dyn Fn(usize) -> [f64; 2] + Sync),
    to: &Grid,
    along: [usize; 3],
) -> Vec<[f64; 2]> {
    // For each voxel of a new axis the old ones it meets, and on what length.
    let lengths = [0, 1, 2].map(|t| {
        let a = along[t];
        let (step, first) = (from.spacing_mm[a], from.to_index(to.origin_mm)[a]);
        let mut second = [0, 0, 0];
        second[t] = 1;
        let next = from.to_index(to.centre(second[0], second[1], second[2]))[a];
        (0..to.size[t])
            .map(|i| {
                let middle = first + (next - first) * i as f64;
                let half = 0.5 * to.spacing_mm[t] / step;
                let (low, high) = (middle - half, middle + half);
                let begin = (low + 0.5).floor().max(0.0) as usize;
                let end = ((high + 0.5).ceil().max(0.0) as usize).min(from.size[a]);
                (begin..end)
                    .map(|c| (c, step * (high.min(c as f64 + 0.5) - low.max(c as f64 - 0.5)).max(0.0)))
                    .filter(|(_, l)| *l > 0.0)
                    .collect::<Vec<(usize, f64)>>()
            })
            .collect::<Vec<_>>()
    });
    let stride = [1, from.size[0], from.size[0] * from.size[1]];
    let [si, sj, sk] = along.map(|a| stride[a]);
    let (ni, nj) = (from.size[along[0]], from.size[along[1]]);
    let [mi, mj, _] = to.size;
    let mut out = vec![[0.0; 2]; to.len()];
    out.par_chunks_mut((mi * mj).max(1)).enumerate().for_each_init(
        || (vec![[0.0; 2]; ni * nj], vec![[0.0; 2]; ni]),
        |(plane, line), (k, out)| {
            if lengths[2][k].is_empty() {
                return;
            }
            plane.fill([0.0; 2]);
            for (c, length) in &lengths[2][k] {
                for j in 0..nj {
                    let at = c * sk + j * sj;
                    for (i, sum) in plane[j * ni..(j + 1) * ni].iter_mut().enumerate() {
                        add(sum, *length, value(at + i * si));
                    }
                }
            }
            for (j, out) in out.chunks_exact_mut(mi).enumerate() {
                line.fill([0.0; 2]);
                for (b, length) in &lengths[1][j] {
                    for (sum, v) in line.iter_mut().zip(&plane[b * ni..(b + 1) * ni]) {
                        add(sum, *length, *v);
                    }
                }
                for (out, lengths) in out.iter_mut().zip(&lengths[0]) {
                    for (a, length) in lengths {
                        add(out, *length, line[*a]);
                    }
                }
            }
        },
    );
    out
}

fn turned_sums(from: &Grid, value: &(dyn Fn(usize) -> [f64; 2] + Sync), to: &Grid) -> Vec<[f64; 2]> {
    let unit = from.spacing_mm.iter().product::<f64>();
    let whole = to.spacing_mm.iter().product::<f64>();
    // A new voxel in old indices.
    let edges = [0, 1, 2].map(|t| {
        let edge: Vector3<f64> = from.axes.transpose() * to.axes.column(t) * to.spacing_mm[t];
        edge.component_div(&Vector3::from(from.spacing_mm))
    });
    let reach = [0, 1, 2].map(|a| 0.5 * edges.iter().map(|e| e[a].abs()).sum::<f64>());
    let corner = -0.5 * (edges[0] + edges[1] + edges[2]);
    let [mi, mj, _] = to.size;
    let mut out = vec![[0.0; 2]; to.len()];
    out.par_chunks_mut(mi.max(1)).enumerate().for_each(|(row, out)| {
        for (i, sum) in out.iter_mut().enumerate() {
            let middle = from.to_index(to.centre(i, row % mj, row / mj));
            let low = [0, 1, 2].map(|a| (middle[a] - reach[a] + 0.5).floor());
            let high = [0, 1, 2].map(|a| (middle[a] + reach[a] + 0.5).floor());
            if (0..3).any(|a| !(high[a] >= 0.0 && low[a] < from.size[a] as f64)) {
                continue;
            }
            // The old voxels that can meet it; where all say the same nothing has to be cut.
            let begin = low.map(|v| v.max(0.0) as usize);
            let end = [0, 1, 2].map(|a| (high[a] as usize + 1).min(from.size[a]));
            let inside = (0..3).all(|a| low[a] >= 0.0 && high[a] < from.size[a] as f64);
            if inside {
                let first = value(from.offset(begin[0], begin[1], begin[2]));
                let mut all = (begin[2]..end[2]).flat_map(|k| (begin[1]..end[1]).map(move |j| (j, k)));
                if all.all(|(j, k)| (begin[0]..end[0]).all(|i| value(from.offset(i, j, k)) == first)) {
                    *sum = first.map(|v| v * whole);
                    continue;
                }
            }
            // Around its own place, so that numbers stay small.
            let size = [0, 1, 2].map(|a| end[a] - begin[a]);
            let shift = Vector3::from(begin.map(|v| v as f64));
            Solid::parallelepiped(middle.coords + corner - shift, &edges).cells(size, &mut |c, part| {
                add(sum, part * unit, value(from.offset(begin[0] + c[0], begin[1] + c[1], begin[2] + c[2])));
            });
        }
    });
    out
}

#[cfg(test)]
mod tests;
