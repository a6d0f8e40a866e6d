//! One spot's dose in one bin of voxels: what depends on the layer, what depends on the voxel, and the inner loop.

use crate::beam_grid::{BeamGrid, Bin};
use crate::bragg::BraggCurve;
use crate::machine::EnergyEntry;
use crate::scatter::{self, Slab};
use crate::water;

/// Step of the depth tables, mm of water.
const STEP_MM: f64 = 0.25;
/// Step of the Bragg curve they are made from, mm.
const FINE_STEP_MM: f64 = 0.1;
/// The core is followed to this many standard deviations.
const CORE_REACH: f64 = 5.0;
/// The halo to this many; what lies beyond is given back inside, so that no energy is lost.
const HALO_REACH: f64 = 2.2;

/// What all spots of one layer share.
#[derive(Clone, Debug)]
pub(crate) struct LayerPhysics {
    /// Gray mm² per MU in the core and in the halo, by depth behind the body's surface.
    core: Vec<f32>,
    halo: Vec<f32>,
    /// Variance by scattering in the patient, and the halo's on top, mm².
    scattered: Vec<f32>,
    halo_variance: Vec<f32>,
    /// Variance in air in x and y as a polynomial in z (IEC gantry, mm), with what the range shifter adds.
    in_air: [[f64; 3]; 2],
    /// Depth (mm of water in the body) beyond which the layer gives nothing.
    pub end_mm: f64,
    /// Half width of the region a spot touches, on the isocentre plane, mm; and of the part where the core counts.
    pub reach_mm: f64,
    core_reach_mm: f64,
    /// Voxel size, mm: what is computed is the mean over a voxel.
    voxel_mm: f64,
}

/// The range shifter in the beam: water-equivalent thickness, where it ends (z in IEC gantry), what it is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShifterInBeam {
    pub water_equivalent_mm: f64,
    pub exit_z_mm: f64,
    pub relative_stopping_power: f64,
    pub radiation_length_mm: f64,
}

impl LayerPhysics {
    /// `z_mm`: lowest and highest z of the body in the IEC gantry frame. `widest`: how much wider than the plane through
    /// the highest point the isocentre plane is.
    pub fn new(
        entry: &EnergyEntry,
        nozzle_plane_mm: f64,
        shifter: Option<ShifterInBeam>,
        voxel_mm: f64,
        z_mm: [f64; 2],
        widest: f64,
    ) -> Self {
        let curve = BraggCurve::new(entry.mean_mev, entry.spread_mev);
        let before = shifter.map_or(0.0, |s| s.water_equivalent_mm);
        let end_mm = (curve.end_mm() - before).max(0.0) + 0.5 * voxel_mm;
        let n = (end_mm / STEP_MM).ceil() as usize + 2;
        let gray = entry.protons_per_mu * water::GRAY_MM3_PER_MEV;

        // Mean over the voxel's length: the difference of the running integral half a voxel before and behind.
        let half = 0.5 * voxel_mm;
        let fine = curve.sampled(FINE_STEP_MM);
        let mut sums = [vec![0.0], vec![0.0]];
        for i in 1..fine.mev_per_mm.len() {
            let part = |i: usize, halo: bool| fine.mev_per_mm[i] * if halo { fine.halo[i] } else { 1.0 - fine.halo[i] };
            for (sum, halo) in sums.iter_mut().zip([false, true]) {
                sum.push(sum[i - 1] + 0.5 * (part(i - 1, halo) + part(i, halo)) * FINE_STEP_MM);
            }
        }
        let average = |sum: &[f64]| -> Vec<f32> {
            let integral = |w: f64| {
                let q = (w / FINE_STEP_MM).clamp(0.0, (sum.len() - 1) as f64);
                let i = (q as usize).min(sum.len() - 2);
                sum[i] + (sum[i + 1] - sum[i]) * (q - i as f64)
            };
            (0..n)
                .map(|i| {
                    let w = before + i as f64 * STEP_MM;
                    // The voxel's part behind the surface.
                    let (lo, hi) = ((w - half).max(before), w + half);
                    (gray * (integral(hi) - integral(lo)) / (hi - lo)) as f32
                })
                .collect()
        };
        let [core, halo] = [average(&sums[0]), average(&sums[1])];
        let scattered: Vec<f32> =
            scatter::water_variance(curve.range_mm, before, STEP_MM, n).into_iter().map(|v| v as f32).collect();
        let halo_variance: Vec<f32> =
            (0..n).map(|i| curve.halo_spread_mm(before + i as f64 * STEP_MM).powi(2) as f32).collect();

        // t = plane − z turns the terms in t into terms in z; the shifter's in d = exit − z likewise.
        let in_z = |[a, b, c]: [f64; 3], from: f64| [a + b * from + c * from * from, -b - 2.0 * c * from, c];
        let mut in_air = [0, 1].map(|axis| in_z(entry.variance_terms(axis), nozzle_plane_mm));
        if let Some(s) = shifter {
            let slab =
                Slab::new(curve.range_mm, s.water_equivalent_mm, s.relative_stopping_power, s.radiation_length_mm);
            let added = in_z([slab.place, 2.0 * slab.mixed, slab.angle], s.exit_z_mm);
            for axis in &mut in_air {
                for k in 0..3 {
                    axis[k] += added[k];
                }
            }
        }

        let mut physics =
            Self { core, halo, scattered, halo_variance, in_air, end_mm, reach_mm: 0.0, core_reach_mm: 0.0, voxel_mm };
        let air = [z_mm[0], z_mm[1]]
            .iter()
            .flat_map(|z| [physics.air_variance(0, *z), physics.air_variance(1, *z)])
            .fold(0.0, f64::max);
        let largest = |v: &[f32]| v.iter().copied().fold(0.0f32, f32::max) as f64;
        // Past the end of the range the scattering table has no meaning for the width.
        let last = ((curve.range_mm - before).max(0.0) / STEP_MM) as usize;
        let scattered_max = largest(&physics.scattered[..=last.min(n - 1)]);
        let halo_max = largest(&physics.halo_variance);
        physics.core_reach_mm = CORE_REACH * (air + scattered_max).sqrt() * widest;
        physics.reach_mm = physics.core_reach_mm.max(HALO_REACH * (air + scattered_max + halo_max).sqrt() * widest);
        physics
    }

    fn air_variance(&self, axis: usize, z: f64) -> f64 {
        let [a, b, c] = self.in_air[axis];
        (a + z * (b + z * c)).max(1e-3)
    }

    fn interpolate(table: &[f32], wet: f64) -> f64 {
        let q = (wet / STEP_MM).max(0.0);
        let i = (q as usize).min(table.len() - 2);
        let t = (q - i as f64).min(1.0);
        table[i] as f64 + (table[i + 1] as f64 - table[i] as f64) * t
    }

    /// Standard deviations (mm) of the core in x and y at `z_mm`, under `water_mm` of water, without the voxel's width.
    pub fn core_sigma_mm(&self, z_mm: f64, water_mm: f64) -> [f64; 2] {
        let s = Self::interpolate(&self.scattered, water_mm);
        [0, 1].map(|axis| (self.air_variance(axis, z_mm) + s).sqrt())
    }

    /// The voxels of a bin that this layer reaches, with all that does not depend on the spot.
    pub fn in_bin(&self, grid: &BeamGrid, bin: &Bin) -> BinFactors {
        let all = bin.start..bin.end;
        let n = grid.water[all.clone()].partition_point(|w| (*w as f64) <= self.end_mm);
        let mut f = BinFactors::with_capacity(n);
        let voxel = self.voxel_mm * self.voxel_mm / 12.0;
        for i in bin.start..bin.start + n {
            let (z, wet) = (grid.z[i] as f64, grid.water[i] as f64);
            let scattered = Self::interpolate(&self.scattered, wet) * grid.stretch[i] as f64;
            let halo = Self::interpolate(&self.halo_variance, wet) * grid.stretch[i] as f64;
            let vx = self.air_variance(0, z) + scattered + voxel;
            let vy = self.air_variance(1, z) + scattered + voxel;
            let (hx, hy) = (vx + halo, vy + halo);
            let (fx, fy) = (grid.magnify_x[i] as f64, grid.magnify_y[i] as f64);
            let tau = std::f64::consts::TAU;
            f.ax.push((0.5 * fx * fx / vx) as f32);
            f.ay.push((0.5 * fy * fy / vy) as f32);
            f.ac.push((Self::interpolate(&self.core, wet) / (tau * (vx * vy).sqrt())) as f32);
            f.bx.push((0.5 * fx * fx / hx) as f32);
            f.by.push((0.5 * fy * fy / hy) as f32);
            // The circle that a spot touches, on the plane through the voxel.
            let reach2 = self.reach_mm * self.reach_mm * fx * fy;
            let kept = 1.0 - (-0.5 * reach2 / (hx * hy).sqrt()).exp();
            f.bc.push((Self::interpolate(&self.halo, wet) / (tau * (hx * hy).sqrt() * kept)) as f32);
        }
        f
    }
}

/// Per voxel of a bin: two Gaussians' widths and heights, Gray per MU.
#[derive(Clone, Debug, Default)]
pub(crate) struct BinFactors {
    ax: Vec<f32>,
    ay: Vec<f32>,
    ac: Vec<f32>,
    bx: Vec<f32>,
    by: Vec<f32>,
    bc: Vec<f32>,
}

impl BinFactors {
    fn with_capacity(n: usize) -> Self {
        let v = || Vec::with_capacity(n);
        Self { ax: v(), ay: v(), ac: v(), bx: v(), by: v(), bc: v() }
    }

    /// Number of voxels, the first ones of the bin.
    pub fn len(&self) -> usize {
        self.ax.len()
    }

    /// Gray per MU of a spot at (`x`, `y`) on the isocentre plane, voxel by voxel into `out` (`len` values).
    pub fn spot(&self, grid: &BeamGrid, bin: &Bin, layer: &LayerPhysics, x: f64, y: f64, out: &mut Vec<f32>) {
        let n = self.len();
        out.clear();
        out.resize(n, 0.0);
        let with_core = grid.touches(bin, x, y, layer.core_reach_mm);
        let (x, y, reach2) = (x as f32, y as f32, (layer.reach_mm * layer.reach_mm) as f32);
        let (px, py) = (&grid.x[bin.start..bin.start + n], &grid.y[bin.start..bin.start + n]);
        let (ax, ay, ac) = (&self.ax[..n], &self.ay[..n], &self.ac[..n]);
        let (bx, by, bc) = (&self.bx[..n], &self.by[..n], &self.bc[..n]);
        let out = &mut out[..n];
        for i in 0..n {
            let (dx, dy) = (px[i] - x, py[i] - y);
            let (dx2, dy2) = (dx * dx, dy * dy);
            let v = bc[i] * exp_minus(bx[i] * dx2 + by[i] * dy2);
            out[i] = if dx2 + dy2 <= reach2 { v } else { 0.0 };
        }
        if with_core {
            for i in 0..n {
                let (dx, dy) = (px[i] - x, py[i] - y);
                out[i] += ac[i] * exp_minus(ax[i] * dx * dx + ay[i] * dy * dy);
            }
        }
    }
}

/// exp(−q) for q ≥ 0 without a branch, so that the loop runs in vector registers. Relative error below 3e-7; below
/// e^−80 the value is that of e^−80.
#[inline(always)]
fn exp_minus(q: f32) -> f32 {
    let y = (q * -std::f32::consts::LOG2_E).max(-115.0);
    // Adding 1.5 · 2^23 rounds to a whole number that then stands in the low bits.
    let shifted = y + 12_582_912.0;
    let f = y - (shifted - 12_582_912.0);
    let p = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5
                + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_355_8 + f * 0.000_154_035_3)))));
    let whole = (shifted.to_bits() as i32).wrapping_sub(0x4B40_0000);
    f32::from_bits(((whole + 127) << 23) as u32) * p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_exponential_is_exact_to_3e_7() {
        for i in 0..79_000 {
            let q = i as f32 * 1e-3;
            let want = (-(q as f64)).exp();
            // The argument itself is rounded to 6e-8 of its size.
            let allowed = 3e-7 + 1.3e-7 * q as f64;
            assert!((exp_minus(q) as f64 / want - 1.0).abs() < allowed, "{q}: {} {want}", exp_minus(q));
        }
        assert!(exp_minus(1e6) < 1e-34);
    }
}
