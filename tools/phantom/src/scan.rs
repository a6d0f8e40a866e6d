//! The scanner: samples the anatomy on a CT or MR grid, with partial volume, point spread and noise.

use crate::anatomy::{AIR, Anatomy, Stuff};
use crate::assets::{self, AssetError};
use crate::sdf::{self, P, ellipsoid, gaussian, noise};
use crate::skin;
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume};

/// Height of the couch top's upper face (posterior), mm.
pub const COUCH_Y: f64 = 108.0;
/// Thickness of the couch top, mm.
pub const COUCH_THICK: f64 = 42.0;
/// Half width of the couch top, mm.
pub const COUCH_HALF: f64 = 152.0;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Hounsfield units.
    Ct,
    /// T1-weighted signal.
    Mr,
}

/// The couch top (a carbon shell round foam) and the cushion under head and neck; None where there is air.
fn support(p: P) -> Option<Stuff> {
    let shell = sdf::block(p, [0.0, COUCH_Y + COUCH_THICK / 2.0, 0.0], [COUCH_HALF, COUCH_THICK / 2.0, 1e4], 12.0);
    if shell < 0.0 {
        let foam = Stuff { hu: -945.0, t1: 4.0 };
        let carbon = Stuff { hu: -180.0, t1: 4.0 };
        return Some(if shell > -1.8 { carbon } else { foam });
    }
    // The head rest: a block hollowed by the head itself, which is painted over it.
    let rest = sdf::block(p, [0.0, 84.0, -48.0], [88.0, 24.0, 74.0], 14.0);
    (rest < 0.0 && p[1] > 60.0 + 0.004 * (p[2] + 40.0).powi(2) * if p[2] > -40.0 { 0.5 } else { 0.0 })
        .then_some(Stuff { hu: -925.0, t1: 6.0 })
}

/// What a scan gives: the image and the share of each voxel inside the skin.
pub struct Scan {
    /// HU or T1 signal.
    pub image: Volume<f32>,
    /// Share inside the skin, 0 to 1.
    pub inside: Volume<f32>,
}

/// Scans the head. `noise_sd`: standard deviation of the noise in soft tissue, HU or signal units.
pub fn scan(a: &Anatomy, grid: &Grid, kind: Kind, noise_sd: f64) -> Result<Scan, AssetError> {
    let surface = assets::head("skin")?;
    let fine = if grid.spacing_mm[0] > 1.5 { 4 } else { 3 };
    let mut inside = skin::coverage(&surface, grid, fine);
    let (nx, ny) = (grid.size[0], grid.size[1]);
    let edge = (grid.spacing_mm[0] * 0.6 + grid.spacing_mm[2] * 0.4).max(0.8);
    inside.data.par_chunks_mut(nx * ny).enumerate().for_each(|(k, slice)| {
        for (n, v) in slice.iter_mut().enumerate() {
            if *v < 1.0 {
                let p = grid.centre(n % nx, n / nx, k);
                // Pockets of the mesh (behind the lids, in the closed mouth) are tissue, and so are their walls.
                if a.skin.depth_at(p.into()) > 1.2 {
                    *v = 1.0;
                }
            }
        }
    });
    let mut image = Volume::filled(grid.clone(), 0.0f32);
    image.data.par_chunks_mut(nx * ny).enumerate().for_each(|(k, slice)| {
        for (n, v) in slice.iter_mut().enumerate() {
            let o = k * nx * ny + n;
            let p: P = grid.centre(n % nx, n / nx, k).into();
            let share = f64::from(inside.data[o]);
            let read = |s: Stuff| if kind == Kind::Ct { s.hu } else { s.t1 };
            let mut value = 0.0;
            if share < 1.0 {
                value = read(if kind == Kind::Ct { support(p).unwrap_or(AIR) } else { AIR });
            }
            if share > 0.0 {
                value += (read(a.at(p, edge)) - value) * share;
            }
            *v = value as f32;
        }
        blur(slice, nx, ny, if grid.spacing_mm[0] < 1.5 { 0.17 } else { 0.0 });
        // Noise: white, softened in the plane as a reconstruction kernel does, and put back to its strength.
        let mut grain: Vec<f32> = (0..nx * ny)
            .map(|n| gaussian(a.seed ^ if kind == Kind::Ct { 901 } else { 902 }, (k * nx * ny + n) as u64) as f32)
            .collect();
        blur(&mut grain, nx, ny, 0.2);
        // The sum of squares of (0.2, 0.6, 0.2) in two directions.
        let gain = (noise_sd / 0.44) as f32;
        for (n, v) in slice.iter_mut().enumerate() {
            if kind == Kind::Ct {
                *v = (*v + grain[n] * gain * (0.35 + 0.65 * ((*v + 1000.0) / 1000.0).clamp(0.0, 1.4)))
                    .round()
                    .clamp(-1024.0, 3071.0);
            } else {
                // A coil's slow shading, and noise that cannot be negative (Rician).
                let p: P = grid.centre(n % nx, n / nx, k).into();
                let shade = 1.0 - 0.12 * (ellipsoid(p, [0.0; 3], [90.0, 100.0, 120.0]) / 60.0).clamp(-1.0, 1.0)
                    + 0.04 * noise(5, p, 90.0);
                let g = f64::from(grain[n] * gain);
                *v = ((f64::from(*v) * shade + g).hypot(0.7 * g)).round().clamp(0.0, 4095.0) as f32;
            }
        }
    });
    Ok(Scan { image, inside })
}

/// In-plane smoothing with weights (w, 1 − 2w, w).
fn blur(s: &mut [f32], nx: usize, ny: usize, w: f32) {
    if w <= 0.0 {
        return;
    }
    let old = s.to_vec();
    for j in 0..ny {
        for i in 1..nx - 1 {
            let o = j * nx + i;
            s[o] = w * (old[o - 1] + old[o + 1]) + (1.0 - 2.0 * w) * old[o];
        }
    }
    let old = s.to_vec();
    for j in 1..ny - 1 {
        for i in 0..nx {
            let o = j * nx + i;
            s[o] = w * (old[o - nx] + old[o + nx]) + (1.0 - 2.0 * w) * old[o];
        }
    }
}
