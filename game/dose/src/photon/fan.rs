//! Rays from the source through the body, in the axes of jaws and leaves: radiological depth, plane by plane.

use super::opening::Rectangle;
use crate::stopping::StoppingMap;
use nalgebra::{Isometry3, Point3};
use rayon::prelude::*;
use vestibule_geometry::ray;

/// Rays on a square lattice of the isocentre plane, all from one point.
#[derive(Debug)]
pub(crate) struct Fan {
    /// Place of the first ray on the isocentre plane, mm, and how many there are along x and y.
    pub first_mm: [f64; 2],
    pub n: [usize; 2],
    pub cell_mm: f64,
    /// Height of the highest plane, mm, and how many planes there are, downwards.
    pub top_mm: f64,
    pub planes: usize,
    pub step_mm: f64,
    /// By [y][x][plane]: water-equivalent depth, mm.
    pub water: Vec<f32>,
}

impl Fan {
    /// Casts the rays that meet the body within a rectangle of the isocentre plane. `to_head`: patient to the axes of jaws
    /// and leaves, the isocentre at 0, the source at +z. Where nothing of the body is in it, the fan is empty.
    pub fn new(
        stopping: &StoppingMap,
        to_head: &Isometry3<f64>,
        source_axis_mm: f64,
        window: &Rectangle,
        cell_mm: f64,
        step_mm: f64,
    ) -> Self {
        // The body cannot come closer to the source than half way.
        let top = stopping.highest_z(to_head).min(0.5 * source_axis_mm);
        let low = stopping.lowest_z(to_head);
        let top_mm = ((top / step_mm).ceil() + 1.0) * step_mm;
        let planes = if top > low { ((top_mm - low) / step_mm).ceil() as usize + 2 } else { 0 };
        let seen = stopping.seen(to_head, source_axis_mm, 0.5 * source_axis_mm);
        let range = |a: usize| {
            let low = (window[a][0].max(seen[a][0]) / cell_mm).floor() - 1.0;
            let high = (window[a][1].min(seen[a][1]) / cell_mm).ceil() + 1.0;
            (low * cell_mm, (high - low + 1.0).max(0.0) as usize)
        };
        let [(x_mm, nx), (y_mm, ny)] = [range(0), range(1)];
        let (nx, ny) = if planes == 0 || nx < 4 || ny < 4 { (0, 0) } else { (nx, ny) };
        let mut water = vec![0.0; nx * ny * planes];
        let from_head = to_head.inverse();
        let low_mm = top_mm - (planes.max(1) - 1) as f64 * step_mm;
        water.par_chunks_mut(planes.max(1)).enumerate().for_each(|(ray, out)| {
            let x = x_mm + (ray % nx) as f64 * cell_mm;
            let y = y_mm + (ray / nx) as f64 * cell_mm;
            let at = |z: f64| {
                let narrower = 1.0 - z / source_axis_mm;
                from_head * Point3::new(x * narrower, y * narrower, z)
            };
            cast(stopping, at(top_mm), at(low_mm), out);
        });
        Self { first_mm: [x_mm, y_mm], n: [nx, ny], cell_mm, top_mm, planes, step_mm, water }
    }
}

/// Water-equivalent way from one point on, at places equally far from each other to the other.
fn cast(stopping: &StoppingMap, from: Point3<f64>, to: Point3<f64>, out: &mut [f32]) {
    let apart = (to - from).norm() / (out.len() - 1) as f64;
    let map = &stopping.relative;
    let (mut passed, mut next) = (0.0f64, 1usize);
    ray::traverse_between(&map.grid, from, to, |offset, near, far| {
        let stops = StoppingMap::stops(map.data[offset]).map_or(0.0, f64::from);
        while next < out.len() && next as f64 * apart <= far {
            out[next] = (passed + stops * (next as f64 * apart - near).max(0.0)) as f32;
            next += 1;
        }
        passed += stops * (far - near);
    });
    out[next..].fill(passed as f32);
}

/// Distance from the source to where the axis enters the body, mm; None where it misses it.
pub(crate) fn source_surface_mm(stopping: &StoppingMap, to_head: &Isometry3<f64>, source_axis_mm: f64) -> Option<f64> {
    // What stops less is air around the body, where no outline is known.
    const TISSUE: f32 = 0.1;
    let from_head = to_head.inverse();
    let far = stopping.lowest_z(to_head).min(0.0) - 1.0;
    let mut found = None;
    let [source, end] = [source_axis_mm, far].map(|z| from_head * Point3::new(0.0, 0.0, z));
    ray::traverse_between(&stopping.relative.grid, source, end, |offset, near, _| {
        if found.is_none() && stopping.relative.data[offset] >= TISSUE {
            found = Some(near);
        }
    });
    found
}
