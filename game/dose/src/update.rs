//! After some weights change, only what changed is computed again.
//!
//! Cost: the windows of the changed spots. Spots whose windows lie together are computed together, as in a whole dose;
//! spots far apart each alone. Where that happens often, [`Influence::update`](crate::Influence::update) costs in proportion. When the patient moves (a couch shift, another CT) everything changes: prepare the plan anew
//! and compute it whole.

use crate::compute::add_spots;
use crate::deposit::SpotOnRays;
use crate::prepared::{PlannedSpot, PreparedBeam, PreparedPlan};
use crate::rays::{RayGrid, Window};
use rayon::prelude::*;
use vestibule_geometry::Volume;

/// Why a dose was not brought up to date; then neither plan nor dose has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum UpdateError {
    #[error("there is no spot number {spot}: the plan has {spots}, counted from 0")]
    NoSpot { spot: usize, spots: usize },
    #[error("spot number {spot} (from 0): {mu} MU is not a number of 0 or more")]
    Weight { spot: usize, mu: f64 },
    #[error("spot number {spot} stands twice in the changes; name it once, with its new MU")]
    Twice { spot: usize },
    #[error("the dose does not lie on the grid of the plan; compute it with this plan first")]
    Grid,
}

/// Gives spots (numbers in [`PreparedPlan::spots`]) new MU of one fraction, and `dose`, which is [`compute_fraction`] of
/// the plan so far, what follows from it.
///
/// Equal to computing anew within 1e−6 of the highest dose: products are f32, so each call may leave 1e−7 of what it
/// changed. Where rounding would leave less than nothing there is 0. The number of threads changes no bit.
///
/// [`compute_fraction`]: crate::compute_fraction
pub fn update(dose: &mut Volume<f64>, plan: &mut PreparedPlan, changes: &[(usize, f64)]) -> Result<(), UpdateError> {
    if dose.grid != *plan.grid() || dose.data.len() != plan.grid().len() {
        return Err(UpdateError::Grid);
    }
    let spots = plan.spots().len();
    check(changes, spots)?;
    // What each spot gives more or less, in plan order.
    let mut changes = changes.to_vec();
    changes.sort_unstable_by_key(|c| c.0);
    let mut more = Vec::with_capacity(changes.len());
    for (number, mu) in changes {
        let spot = plan.spots()[number];
        if mu != spot.mu {
            more.push(PlannedSpot { mu: mu - spot.mu, ..spot });
            plan.set_mu(number, mu);
        }
    }
    for of_beam in more.chunk_by(|a, b| a.beam == b.beam) {
        let beam = &plan.beams[of_beam[0].beam];
        for group in groups(of_beam, &|s| [window_of(&beam.wide, beam, s, true), window_of(&beam.rays, beam, s, false)])
        {
            add_group(dose, plan, beam, &group);
        }
    }
    Ok(())
}

/// Every spot exists and stands once, with MU of 0 or more.
pub(crate) fn check(changes: &[(usize, f64)], spots: usize) -> Result<(), UpdateError> {
    let mut numbers: Vec<usize> = changes.iter().map(|c| c.0).collect();
    numbers.sort_unstable();
    if let Some(w) = numbers.windows(2).find(|w| w[0] == w[1]) {
        return Err(UpdateError::Twice { spot: w[0] });
    }
    if let Some(spot) = numbers.last().copied().filter(|s| *s >= spots) {
        return Err(UpdateError::NoSpot { spot, spots });
    }
    match changes.iter().copied().find(|(_, mu)| !(*mu >= 0.0 && mu.is_finite())) {
        Some((spot, mu)) => Err(UpdateError::Weight { spot, mu }),
        None => Ok(()),
    }
}

fn window_of(rays: &RayGrid, beam: &PreparedBeam, spot: &PlannedSpot, wide: bool) -> Window {
    let layer = &beam.layers[spot.layer];
    rays.window(spot.x_mm, spot.y_mm, if wide { layer.wide_reach_mm } else { layer.reach_mm })
}

/// Spots that are cheaper together than apart: a group's cost is the rectangle around its windows.
fn groups(spots: &[PlannedSpot], windows: &dyn Fn(&PlannedSpot) -> [Window; 2]) -> Vec<Vec<PlannedSpot>> {
    let area = |w: &[Window; 2]| w[0].len() + w[1].len();
    let mut found: Vec<([Window; 2], Vec<PlannedSpot>)> = Vec::new();
    for spot in spots {
        let (mut window, mut members) = (windows(spot), vec![*spot]);
        // It may draw groups together that lay apart before.
        while let Some(i) = found.iter().position(|(w, _)| area(&around(w, &window)) <= area(w) + area(&window)) {
            let (w, mut others) = found.swap_remove(i);
            window = around(&w, &window);
            others.append(&mut members);
            members = others;
        }
        found.push((window, members));
    }
    found
        .into_iter()
        .map(|(_, mut members)| {
            members.sort_by_key(|s| (s.layer, s.index_in_layer));
            members
        })
        .collect()
}

fn around(a: &[Window; 2], b: &[Window; 2]) -> [Window; 2] {
    [0, 1].map(|fan| both(&a[fan], &b[fan]))
}

/// The smallest that holds two.
pub(crate) fn both(a: &Window, b: &Window) -> Window {
    if a.len() == 0 {
        return *b;
    }
    if b.len() == 0 {
        return *a;
    }
    let first = [0, 1].map(|x| a.first[x].min(b.first[x]));
    Window { first, n: [0, 1].map(|x| (a.first[x] + a.n[x]).max(b.first[x] + b.n[x]) - first[x]) }
}

/// Adds spots of one beam to the voxels that they reach.
fn add_group(dose: &mut Volume<f64>, plan: &PreparedPlan, beam: &PreparedBeam, spots: &[PlannedSpot]) {
    let mut parts = Vec::new();
    let (mut low, mut high) = (dose.grid.size, [0; 3]);
    for (rays, wide) in [(&beam.wide, true), (&beam.rays, false)] {
        // One ray more on each side: the voxels between the last that has dose and the next have some too.
        let part = spots.iter().fold(Window { first: [0; 2], n: [0; 2] }, |all, s| {
            let layer = &beam.layers[s.layer];
            let reach = if wide { layer.wide_reach_mm } else { layer.reach_mm };
            both(&all, &rays.window(s.x_mm, s.y_mm, reach + rays.cell_mm))
        });
        if part.len() == 0 {
            continue;
        }
        let mut values = vec![0.0; part.len() * rays.planes];
        let mut last = 0;
        for of_layer in spots.chunk_by(|a, b| a.layer == b.layer) {
            let layer = &beam.layers[of_layer[0].layer];
            for group in groups(of_layer, &|s| [window_of(rays, beam, s, wide), Window { first: [0; 2], n: [0; 2] }]) {
                let spots: Vec<SpotOnRays> =
                    group.iter().map(|s| SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: s.mu }).collect();
                last = last.max(add_spots(rays, layer, &spots, wide, &part, &mut values));
            }
        }
        let cut = rays.cut(&part);
        let nodes = [[0; 3], [part.n[0], part.n[1], last]];
        let [from, to] = beam.resampler.voxels(&cut, &nodes);
        for a in 0..3 {
            low[a] = low[a].min(from[a]);
            high[a] = high[a].max(to[a]);
        }
        parts.push((cut, values, nodes));
    }
    let [nx, ny, _] = dose.grid.size;
    if (0..3).any(|a| low[a] >= high[a]) {
        return;
    }
    let slices = low[2]..high[2];
    dose.data[slices.start * nx * ny..slices.end * nx * ny].par_chunks_mut(nx * ny).enumerate().for_each_init(
        || vec![0.0; nx],
        |line, (k, slice)| {
            let k = slices.start + k;
            for j in low[1]..high[1] {
                line[low[0]..high[0]].fill(0.0);
                for (cut, values, nodes) in &parts {
                    beam.resampler.row(cut, values, nodes, [j, k], low[0]..high[0], |i, gy| line[i] += gy);
                }
                let inside = &plan.in_body[(k * ny + j) * nx..][..nx];
                for i in low[0]..high[0] {
                    if inside[i] && line[i] != 0.0 {
                        let v = &mut slice[j * nx + i];
                        *v = (*v + line[i]).max(0.0);
                    }
                }
            }
        },
    );
}
