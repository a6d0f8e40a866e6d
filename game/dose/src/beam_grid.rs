//! The voxels of one beam as the beam sees them: sorted into bins on the isocentre plane, each with its depth in water.

use crate::stopping::StoppingMap;
use nalgebra::{Isometry3, Point3};
use rayon::prelude::*;
use vestibule_geometry::{Grid, ray};

/// A square of the isocentre plane with the voxels that project into it, shallow ones first.
#[derive(Clone, Debug)]
pub(crate) struct Bin {
    /// First voxel and one past the last.
    pub start: usize,
    pub end: usize,
    /// Corner with the smallest x and y, mm.
    pub low: [f64; 2],
    /// Box of grid indices that holds its voxels: first, and one past the last.
    pub index_box: [[u32; 3]; 2],
}

/// All voxels that any spot of the beam may reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct BeamGrid {
    pub bins: Vec<Bin>,
    /// Side of a bin, mm.
    pub bin_mm: f64,
    /// Per voxel: offset in the dose grid; place projected onto the isocentre plane; how much smaller the plane through
    /// the voxel is; z; water-equivalent depth from the body's surface; (geometric depth / water-equivalent depth)².
    pub offset: Vec<u32>,
    pub x: Vec<f32>,
    pub y: Vec<f32>,
    pub magnify_x: Vec<f32>,
    pub magnify_y: Vec<f32>,
    pub z: Vec<f32>,
    pub water: Vec<f32>,
    pub stretch: Vec<f32>,
}

/// What is needed to see a beam's voxels.
pub(crate) struct BeamView<'a> {
    pub grid: &'a Grid,
    pub stopping: &'a StoppingMap,
    pub to_gantry: Isometry3<f64>,
    pub virtual_sad_mm: [f64; 2],
    /// Deepest water-equivalent depth any layer reaches, mm.
    pub deepest_mm: f64,
    /// Spots with their reach on the isocentre plane: x, y, reach, mm.
    pub spots: &'a [[f64; 3]],
}

struct Seen {
    bin: u32,
    offset: u32,
    x: f32,
    y: f32,
    magnify: [f32; 2],
    z: f32,
    water: f32,
    stretch: f32,
}

impl BeamGrid {
    pub fn new(view: &BeamView) -> Self {
        let bin_mm = (2.0 * view.grid.spacing_mm[0]).max(5.0);
        // Which bins any spot touches.
        let bound =
            |f: fn(f64, f64) -> f64, at: fn(&[f64; 3]) -> f64, from: f64| view.spots.iter().map(at).fold(from, f);
        let low = [bound(f64::min, |s| s[0] - s[2], f64::INFINITY), bound(f64::min, |s| s[1] - s[2], f64::INFINITY)];
        let high =
            [bound(f64::max, |s| s[0] + s[2], f64::NEG_INFINITY), bound(f64::max, |s| s[1] + s[2], f64::NEG_INFINITY)];
        let low = low.map(|v| (v / bin_mm).floor());
        let n = [0, 1].map(|a| ((high[a] / bin_mm).floor() - low[a]) as usize + 1);
        let mut touched = vec![false; n[0] * n[1]];
        for s in view.spots {
            let range = |a: usize| {
                let first = ((s[a] - s[2]) / bin_mm).floor() - low[a];
                let last = ((s[a] + s[2]) / bin_mm).floor() - low[a];
                first as usize..=(last as usize).min(n[a] - 1)
            };
            for by in range(1) {
                for bx in range(0) {
                    if !touched[by * n[0] + bx] {
                        let corner = [(low[0] + bx as f64) * bin_mm, (low[1] + by as f64) * bin_mm];
                        touched[by * n[0] + bx] = distance_to_square(corner, bin_mm, s[0], s[1]) <= s[2];
                    }
                }
            }
        }

        let grid = view.grid;
        let from_gantry = view.to_gantry.inverse();
        let top = view.stopping.highest_z(&view.to_gantry) + 1.0;
        let [sx, sy] = view.virtual_sad_mm;
        let mut seen: Vec<Seen> = (0..grid.size[2])
            .into_par_iter()
            .flat_map_iter(|k| {
                let mut found = Vec::new();
                for j in 0..grid.size[1] {
                    for i in 0..grid.size[0] {
                        let p = grid.centre(i, j, k);
                        if !view.stopping.inside(p) {
                            continue;
                        }
                        let g = view.to_gantry * p;
                        let (mx, my) = (1.0 - g.z / sx, 1.0 - g.z / sy);
                        if mx < 0.1 || my < 0.1 {
                            continue;
                        }
                        let (x, y) = (g.x / mx, g.y / my);
                        let (bx, by) = ((x / bin_mm).floor() - low[0], (y / bin_mm).floor() - low[1]);
                        if bx < 0.0 || by < 0.0 || bx >= n[0] as f64 || by >= n[1] as f64 {
                            continue;
                        }
                        let bin = by as usize * n[0] + bx as usize;
                        if !touched[bin] {
                            continue;
                        }
                        let entry = from_gantry * Point3::new(x * (1.0 - top / sx), y * (1.0 - top / sy), top);
                        let (mut water, mut length) = (0.0f64, 0.0f64);
                        let rsp = &view.stopping.relative;
                        ray::traverse(&rsp.grid, entry, p, |o, l| {
                            let r = rsp.data[o];
                            if r >= 0.0 {
                                water += l * r as f64;
                                length += l;
                            }
                        });
                        if water > view.deepest_mm {
                            continue;
                        }
                        let stretch = if water > 0.5 { (length / water).clamp(0.5, 3.0) } else { 1.0 };
                        found.push(Seen {
                            bin: bin as u32,
                            offset: grid.offset(i, j, k) as u32,
                            x: x as f32,
                            y: y as f32,
                            magnify: [mx as f32, my as f32],
                            z: g.z as f32,
                            water: water as f32,
                            stretch: (stretch * stretch) as f32,
                        });
                    }
                }
                found
            })
            .collect();
        seen.par_sort_unstable_by(|a, b| {
            a.bin.cmp(&b.bin).then(a.water.total_cmp(&b.water)).then(a.offset.cmp(&b.offset))
        });

        let mut out = Self { bin_mm, ..Self::default() };
        for (at, s) in seen.iter().enumerate() {
            let o = s.offset as usize;
            let ijk = [o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1])];
            let ijk = ijk.map(|v| v as u32);
            if at == 0 || seen[at - 1].bin != s.bin {
                let (bx, by) = (s.bin as usize % n[0], s.bin as usize / n[0]);
                out.bins.push(Bin {
                    start: at,
                    end: at,
                    low: [(low[0] + bx as f64) * bin_mm, (low[1] + by as f64) * bin_mm],
                    index_box: [ijk, ijk],
                });
            }
            if let Some(bin) = out.bins.last_mut() {
                bin.end = at + 1;
                for (a, v) in ijk.iter().enumerate() {
                    bin.index_box[0][a] = bin.index_box[0][a].min(*v);
                    bin.index_box[1][a] = bin.index_box[1][a].max(v + 1);
                }
            }
            out.offset.push(s.offset);
            out.x.push(s.x);
            out.y.push(s.y);
            out.magnify_x.push(s.magnify[0]);
            out.magnify_y.push(s.magnify[1]);
            out.z.push(s.z);
            out.water.push(s.water);
            out.stretch.push(s.stretch);
        }
        out
    }

    /// Whether a spot at (x, y) with its reach touches a bin.
    pub fn touches(&self, bin: &Bin, x: f64, y: f64, reach_mm: f64) -> bool {
        distance_to_square(bin.low, self.bin_mm, x, y) <= reach_mm
    }
}

fn distance_to_square(low: [f64; 2], side: f64, x: f64, y: f64) -> f64 {
    let d = |v: f64, lo: f64| (lo - v).max(v - lo - side).max(0.0);
    d(x, low[0]).hypot(d(y, low[1]))
}
