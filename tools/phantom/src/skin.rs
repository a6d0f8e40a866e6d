//! The skin: from triangles to how much of each voxel lies inside, and to the depth under the skin.

use crate::anatomy::{EYE, EYE_RADIUS};
use crate::assets::Surface;
use crate::sdf::ball;
use nalgebra::Point3;
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume};

/// Share of each voxel inside the surface, 0 to 1, exact along i and averaged over `sub` × `sub` rays along j and k.
/// The grid is axial; the surface is closed in every plane it covers.
pub fn coverage(surface: &Surface, grid: &Grid, sub: usize) -> Volume<f32> {
    let mut out = Volume::filled(grid.clone(), 0.0f32);
    let (nx, ny) = (grid.size[0], grid.size[1]);
    let o = grid.origin_mm;
    let s = grid.spacing_mm;
    // Triangles by height, so that each plane looks only at those it can cut.
    let mut by_low: Vec<(f64, f64, usize)> = surface
        .triangles
        .iter()
        .enumerate()
        .map(|(n, t)| {
            let z = t.map(|i| surface.points[i as usize][2]);
            (z[0].min(z[1]).min(z[2]), z[0].max(z[1]).max(z[2]), n)
        })
        .collect();
    by_low.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tallest = by_low.iter().map(|t| t.1 - t.0).fold(0.0, f64::max);
    out.data.par_chunks_mut(nx * ny).enumerate().for_each(|(k, slice)| {
        for sz in 0..sub {
            // A tiny shift keeps rays off corners that lie exactly on a plane.
            let z = o.z + s[2] * (k as f64 + (sz as f64 + 0.5) / sub as f64 - 0.5) + 1.234e-5;
            let from = by_low.partition_point(|t| t.0 < z - tallest - 1e-9);
            let mut segments = Vec::new();
            for t in by_low[from..].iter().take_while(|t| t.0 <= z).filter(|t| t.1 > z) {
                let p = surface.triangles[t.2].map(|i| surface.points[i as usize]);
                let mut cut = [[0.0; 2]; 2];
                let mut n = 0;
                for e in 0..3 {
                    let (a, b) = (p[e], p[(e + 1) % 3]);
                    if (a[2] > z) != (b[2] > z) && n < 2 {
                        let f = (z - a[2]) / (b[2] - a[2]);
                        cut[n] = [a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1])];
                        n += 1;
                    }
                }
                if n == 2 {
                    segments.push(cut);
                }
            }
            let rows = ny * sub;
            let mut hits: Vec<Vec<f64>> = vec![Vec::new(); rows];
            let dy = s[1] / sub as f64;
            let y0 = o.y - s[1] * 0.5 + dy * 0.5 + 2.345e-5;
            for [a, b] in segments {
                let (lo, hi) = if a[1] < b[1] { (a, b) } else { (b, a) };
                let first = ((lo[1] - y0) / dy).ceil().max(0.0) as usize;
                let mut row = first;
                while row < rows && y0 + row as f64 * dy < hi[1] {
                    let f = (y0 + row as f64 * dy - lo[1]) / (hi[1] - lo[1]);
                    hits[row].push(lo[0] + f * (hi[0] - lo[0]));
                    row += 1;
                }
            }
            let w = 1.0 / (sub * sub) as f32;
            for (row, xs) in hits.iter_mut().enumerate() {
                xs.sort_by(f64::total_cmp);
                let line = &mut slice[row / sub * nx..(row / sub + 1) * nx];
                for pair in xs.chunks_exact(2) {
                    let a = ((pair[0] - o.x) / s[0] + 0.5).clamp(0.0, nx as f64);
                    let b = ((pair[1] - o.x) / s[0] + 0.5).clamp(0.0, nx as f64);
                    let (ia, ib) = (a as usize, (b as usize).min(nx - 1));
                    for (i, v) in line.iter_mut().enumerate().take(ib + 1).skip(ia) {
                        *v += w * ((b.min(i as f64 + 1.0) - a.max(i as f64)).max(0.0)) as f32;
                    }
                }
            }
        }
    });
    out
}

/// Squared distance transform along one line (Felzenszwalb and Huttenlocher 2012), spacing 1.
fn transform_line(f: &mut [f32], scratch: &mut (Vec<usize>, Vec<f32>, Vec<f32>)) {
    let n = f.len();
    let (v, z, g) = (&mut scratch.0, &mut scratch.1, &mut scratch.2);
    v.clear();
    z.clear();
    g.clear();
    g.extend_from_slice(f);
    for q in 0..n {
        if g[q] >= 1e9 {
            continue;
        }
        loop {
            let Some(&p) = v.last() else {
                v.push(q);
                z.push(f32::NEG_INFINITY);
                break;
            };
            let x = ((g[q] + (q * q) as f32) - (g[p] + (p * p) as f32)) / (2 * (q - p)) as f32;
            if x <= z[v.len() - 1] {
                v.pop();
                z.pop();
            } else {
                v.push(q);
                z.push(x);
                break;
            }
        }
    }
    if v.is_empty() {
        return;
    }
    let mut k = 0;
    for (q, out) in f.iter_mut().enumerate() {
        while k + 1 < v.len() && z[k + 1] < q as f32 {
            k += 1;
        }
        let d = q as f32 - v[k] as f32;
        *out = d * d + g[v[k]];
    }
}

/// Distance (mm) of each voxel to the nearest voxel where `zero` is true, on an isotropic grid.
pub fn distance(zero: &[bool], grid: &Grid) -> Vec<f32> {
    let [nx, ny, nz] = grid.size;
    let mut d: Vec<f32> = zero.iter().map(|z| if *z { 0.0 } else { 1e9 }).collect();
    let scratch = || (Vec::new(), Vec::new(), Vec::new());
    d.par_chunks_mut(nx).for_each_init(scratch, |s, line| transform_line(line, s));
    d.par_chunks_mut(nx * ny).for_each_init(
        || (scratch(), vec![0.0f32; ny]),
        |(s, line), slice| {
            for i in 0..nx {
                for j in 0..ny {
                    line[j] = slice[j * nx + i];
                }
                transform_line(line, s);
                for j in 0..ny {
                    slice[j * nx + i] = line[j];
                }
            }
        },
    );
    // Along k: gather columns of one j at a time.
    let mut cols: Vec<Vec<f32>> = (0..ny)
        .into_par_iter()
        .map_init(scratch, |s, j| {
            let mut out = vec![0.0f32; nx * nz];
            for i in 0..nx {
                let line = &mut out[i * nz..(i + 1) * nz];
                for k in 0..nz {
                    line[k] = d[(k * ny + j) * nx + i];
                }
                transform_line(line, s);
            }
            out
        })
        .collect();
    for (j, col) in cols.iter_mut().enumerate() {
        for i in 0..nx {
            for k in 0..nz {
                d[(k * ny + j) * nx + i] = col[i * nz + k];
            }
        }
    }
    let s = grid.spacing_mm[0] as f32;
    d.par_iter_mut().for_each(|v| *v = v.sqrt() * s);
    d
}

/// Three-tap smoothing along all axes, `times` times.
pub fn soften(v: &mut Volume<f32>, times: usize) {
    let [nx, ny, nz] = v.grid.size;
    for _ in 0..times {
        for stride in [1, nx, nx * ny] {
            let old = v.data.clone();
            let limit = match stride {
                1 => nx,
                s if s == nx => ny,
                _ => nz,
            };
            v.data.par_iter_mut().enumerate().for_each(|(o, x)| {
                let c = o / stride % limit;
                if c > 0 && c + 1 < limit {
                    *x = 0.25 * (old[o - stride] + old[o + stride]) + 0.5 * old[o];
                }
            });
        }
    }
}

/// What the rest asks about the skin.
pub struct Skin {
    /// Depth under the skin in mm, negative outside; on a 1 mm grid. Pockets of the mesh (behind the lids, the closed
    /// mouth) count as inside.
    pub depth: Volume<f32>,
}

impl Skin {
    /// Finds pockets (air that no ball of 1.5 mm can reach from outside) and measures the depth.
    /// `step`: spacing of the grid it works on, mm; 1 serves a fine study, 2 a coarse one.
    pub fn new(surface: &Surface, step: f64) -> Self {
        let size = [260.0, 240.0, 270.0].map(|mm| (mm / step) as usize + 1);
        let grid = Grid::axial(size, [step; 3], Point3::new(-130.0, -130.0, -155.0));
        let cover = coverage(surface, &grid, 1);
        let inside: Vec<bool> = cover
            .data
            .iter()
            .enumerate()
            .map(|(o, c)| {
                // The lids are thinner than a coarse grid sees: the eyeballs keep the pockets behind them shut.
                let [i, j, k] = [o % grid.size[0], o / grid.size[0] % grid.size[1], o / (grid.size[0] * grid.size[1])];
                let p = grid.centre(i, j, k);
                *c > 0.5 || ball([p.x.abs(), p.y, p.z], EYE, EYE_RADIUS + 0.5) < 0.0
            })
            .collect();
        let to_tissue = distance(&inside, &grid);
        // Free for the ball's centre, reached from the corner.
        let [nx, ny, nz] = grid.size;
        let mut reached = vec![false; inside.len()];
        let mut stack = vec![0usize];
        reached[0] = true;
        while let Some(o) = stack.pop() {
            let (i, j, k) = (o % nx, o / nx % ny, o / (nx * ny));
            let mut go = |n: usize| {
                if !reached[n] && to_tissue[n] > 1.5 {
                    reached[n] = true;
                    stack.push(n);
                }
            };
            if i > 0 {
                go(o - 1);
            }
            if i + 1 < nx {
                go(o + 1);
            }
            if j > 0 {
                go(o - nx);
            }
            if j + 1 < ny {
                go(o + nx);
            }
            if k > 0 {
                go(o - nx * ny);
            }
            if k + 1 < nz {
                go(o + nx * ny);
            }
        }
        let near = distance(&reached, &grid);
        let solid: Vec<bool> = inside.iter().zip(&near).map(|(i, n)| *i || f64::from(*n) > 1.5 + 0.8 * step).collect();
        let outside: Vec<bool> = solid.iter().map(|s| !s).collect();
        let (din, dout) = (distance(&outside, &grid), distance(&solid, &grid));
        let half = 0.5 * step as f32;
        let depth = din.iter().zip(&dout).map(|(a, b)| if *a > 0.0 { a - half } else { half - b }).collect();
        let mut depth = Volume { grid, data: depth };
        soften(&mut depth, 2);
        Self { depth }
    }

    /// Depth at a point, mm; far outside the grid −30.
    pub fn depth_at(&self, p: [f64; 3]) -> f64 {
        self.depth.sample(p.into()).unwrap_or(-30.0)
    }
}
