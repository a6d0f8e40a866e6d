//! What all spots of one layer share: tables over depth in water, and the widths of the beam in air.

use crate::bragg::{BraggCurve, SampledCurve, carried_mm};
use crate::let_d::{LetProtons, depth_let};
use crate::machine::EnergyEntry;
use crate::scatter::{ScatteringPower, Slab, tail_variance};
use crate::water;

/// Step of the depth tables, mm of water.
const STEP_MM: f64 = 0.25;
/// Step of the Bragg curve they are made from, mm.
const FINE_STEP_MM: f64 = 0.1;
/// A spot is followed to this many standard deviations of its width in air.
pub(crate) const CORE_REACH: f64 = 4.0;
/// The halo to this many; what lies beyond is given back inside, so that no energy is lost.
pub(crate) const HALO_REACH: f64 = 2.3;

/// Spread of the angles at which protons leave the range shifter aside, rad. Between what elastic scattering alone would
/// give and the 0.4 to 0.6 of secondary protons (the halo's own width in water over their way there); with
/// [`STRAY_KEEPS`] fitted to two fields of a box of water behind near and far shifters (docs/dose.md).
const STRAY_ANGLE: f64 = 0.3;
/// Part of them that was scattered elastically and goes on to the end of the range; the others stop within the way of
/// secondary protons.
const STRAY_KEEPS: f64 = 0.5;

/// The range shifter in the beam: water-equivalent thickness, where it ends (z in IEC gantry), what it is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShifterInBeam {
    pub water_equivalent_mm: f64,
    pub exit_z_mm: f64,
    pub relative_stopping_power: f64,
    pub radiation_length_mm: f64,
}

/// One of the Gaussians that a spot in air is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AirGaussian {
    /// Part of the protons.
    pub weight: f64,
    /// Variance in x and y as a polynomial in z (IEC gantry, mm), mm².
    variance: [[f64; 3]; 2],
    /// Variance of the angle that does not depend on the place in the spot, where the body begins, rad².
    loose_angle: [f64; 2],
}

/// Where a beam is computed: sizes of cells, and the height at which the body begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// Dose voxel, cell on the isocentre plane, step between planes, mm: what is computed is the mean over a voxel.
    pub voxel_mm: f64,
    pub cell_mm: f64,
    pub step_mm: f64,
    /// Highest and lowest z of the body, mm.
    pub top_z_mm: f64,
    pub low_z_mm: f64,
    /// Largest ratio of the isocentre plane to a plane in the body.
    pub widest: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct LayerPhysics {
    /// Gray mm² per MU in the core and in the halo, by depth behind the body's surface; and in what the range shifter
    /// has sent aside (nothing without one).
    core: Vec<f32>,
    halo: Vec<f32>,
    stray: Vec<f32>,
    /// Where the range shifter ends (z in IEC gantry, mm), if there is one.
    shifter_exit_z_mm: Option<f64>,
    /// Scattering power of water there, rad²/mm, and the halo's variance, mm².
    power: Vec<f32>,
    tail: Vec<f32>,
    halo_variance: Vec<f32>,
    /// Scattering in water alone, mm², for what asks for a spot's size.
    scattered: Vec<f32>,
    pub air: Vec<AirGaussian>,
    /// Range in water at the mean energy, the range shifter not taken off, mm.
    pub range_mm: f64,
    /// Depth (mm of water in the body) beyond which the layer gives nothing.
    pub end_mm: f64,
    /// Half widths of what a spot touches, on the isocentre plane, mm: the beam in air; with scattering; with the halo.
    pub air_reach_mm: f64,
    pub reach_mm: f64,
    pub wide_reach_mm: f64,
    /// Variance of a voxel's own width, mm².
    voxel_variance: f64,
    top_z_mm: f64,
    depth_dose: DepthDose,
}

/// What the tables of the dose are made from.
#[derive(Clone, Debug)]
struct DepthDose {
    curve: BraggCurve,
    /// Water-equivalent thickness of the range shifter, mm.
    before_mm: f64,
    /// Half of the length over which means are taken, mm.
    half_mm: f64,
    /// Gray mm² per MU for each MeV/mm and proton.
    gray: f64,
}

impl DepthDose {
    /// Means of a curve in core, halo and stray at `n` depths behind the body's surface, times [`Self::gray`].
    fn tables(&self, n: usize, fine: &SampledCurve) -> [Vec<f32>; 3] {
        // Of the halo, what left the shifter's end aside, crossed the air and has not stopped since.
        let at_exit = fine.halo[((self.before_mm / FINE_STEP_MM) as usize).min(fine.halo.len() - 1)];
        let way = carried_mm(self.curve.range_mm - self.before_mm);
        let stray = |i: usize| {
            let behind = (i as f64 * FINE_STEP_MM - self.before_mm).max(0.0);
            let left = STRAY_KEEPS + (1.0 - STRAY_KEEPS) * (-behind / way).exp();
            if self.before_mm > 0.0 { (at_exit * left).min(fine.halo[i]) } else { 0.0 }
        };
        [0, 1, 2].map(|kind| {
            let part = |i: usize| {
                fine.mev_per_mm[i]
                    * match kind {
                        0 => 1.0 - fine.halo[i],
                        1 => fine.halo[i] - stray(i),
                        _ => stray(i),
                    }
            };
            let mut sum = vec![0.0];
            for i in 1..fine.mev_per_mm.len() {
                sum.push(sum[i - 1] + 0.5 * (part(i - 1) + part(i)) * FINE_STEP_MM);
            }
            let integral = |w: f64| {
                let q = (w / FINE_STEP_MM).clamp(0.0, (sum.len() - 1) as f64);
                let i = (q as usize).min(sum.len() - 2);
                sum[i] + (sum[i + 1] - sum[i]) * (q - i as f64)
            };
            let before = self.before_mm;
            let mut table: Vec<f32> = (0..n)
                .map(|i| {
                    let w = before + i as f64 * STEP_MM;
                    // The part behind the surface.
                    let (lo, hi) = ((w - self.half_mm).max(before), w + self.half_mm);
                    (self.gray * (integral(hi) - integral(lo)) / (hi - lo)) as f32
                })
                .collect();
            // Past the end there is nothing, however deep.
            table[n - 1] = 0.0;
            table
        })
    }
}

fn interpolate(table: &[f32], depth_mm: f32) -> f32 {
    let q = (depth_mm * (1.0 / STEP_MM) as f32).max(0.0);
    let i = (q as usize).min(table.len() - 2);
    let t = (q - i as f32).min(1.0);
    table[i] + (table[i + 1] - table[i]) * t
}

impl LayerPhysics {
    pub fn new(entry: &EnergyEntry, nozzle_plane_mm: f64, shifter: Option<ShifterInBeam>, sampling: &Sampling) -> Self {
        let curve = BraggCurve::new(entry.mean_mev, entry.spread_mev);
        let before = shifter.map_or(0.0, |s| s.water_equivalent_mm);
        // Means over a length; the interpolation between planes smooths as much as a length of √2 steps does.
        let half = 0.5 * (sampling.voxel_mm.powi(2) - 2.0 * sampling.step_mm.powi(2)).max(0.0625).sqrt();
        let end_mm = (curve.end_mm() - before).max(0.0) + half;
        let n = (end_mm / STEP_MM).ceil() as usize + 2;
        let gray = entry.protons_per_mu * water::GRAY_MM3_PER_MEV;
        let depth_dose = DepthDose { before_mm: before, half_mm: half, gray, curve };
        let [core, halo, stray] = depth_dose.tables(n, &depth_dose.curve.sampled(FINE_STEP_MM));
        let curve = &depth_dose.curve;
        let law = ScatteringPower::new(curve.range_mm);
        let power: Vec<f32> = (0..n).map(|i| law.at(curve.range_mm - before - i as f64 * STEP_MM) as f32).collect();
        let tail: Vec<f32> = (0..n).map(|i| tail_variance(i as f64 * STEP_MM) as f32).collect();
        let scattered: Vec<f32> = law.water_variance(before, STEP_MM, n).into_iter().map(|v| v as f32).collect();
        let halo_variance: Vec<f32> =
            (0..n).map(|i| curve.halo_spread_mm(before + i as f64 * STEP_MM).powi(2) as f32).collect();

        // t = plane − z turns the terms in t into terms in z; the shifter's in d = exit − z likewise.
        let in_z = |[a, b, c]: [f64; 3], from: f64| [a + b * from + c * from * from, -b - 2.0 * c * from, c];
        let slab = shifter.map(|s| {
            let slab = Slab::new(&law, s.water_equivalent_mm, s.relative_stopping_power, s.radiation_length_mm);
            in_z([slab.place, 2.0 * slab.mixed, slab.angle], s.exit_z_mm)
        });
        let top = sampling.top_z_mm;
        let air = entry
            .gaussians()
            .into_iter()
            .map(|(weight, terms)| {
                let variance = terms.map(|t| {
                    let mut v = in_z(t, nozzle_plane_mm);
                    for (v, s) in v.iter_mut().zip(slab.unwrap_or_default()) {
                        *v += s;
                    }
                    v
                });
                // Of the angle's variance, what is left when the place in the spot is known.
                let loose_angle = variance.map(|[a, b, c]| {
                    let (place, mixed) = ((a + top * (b + top * c)).max(1e-3), -0.5 * (b + 2.0 * c * top));
                    (c - mixed * mixed / place).max(0.0)
                });
                AirGaussian { weight, variance, loose_angle }
            })
            .collect();

        let mut physics = Self {
            core,
            halo,
            stray,
            shifter_exit_z_mm: shifter.map(|s| s.exit_z_mm),
            power,
            tail,
            halo_variance,
            scattered,
            air,
            range_mm: depth_dose.curve.range_mm,
            depth_dose,
            end_mm,
            air_reach_mm: 0.0,
            reach_mm: 0.0,
            wide_reach_mm: 0.0,
            voxel_variance: sampling.voxel_mm.powi(2) / 12.0,
            top_z_mm: top,
        };
        let heights = [sampling.low_z_mm, 0.5 * (sampling.low_z_mm + top), top];
        let widest =
            |g: &AirGaussian| heights.iter().flat_map(|z| [0, 1].map(|a| g.variance_at(a, *z))).fold(0.0, f64::max);
        let largest = |v: &[f32]| f64::from(v.iter().copied().fold(0.0f32, f32::max));
        let core_air = physics.air.first().map_or(0.0, widest);
        let any_air = physics.air.iter().map(widest).fold(0.0, f64::max);
        // Past the end of the range the scattering table has no meaning for the width. Lung and long drifts scatter wider.
        let last = ((physics.range_mm - before).max(0.0) / STEP_MM) as usize;
        let scattered =
            1.3 * (1.0 + largest(&physics.scattered[..=last.min(n - 1)])) + physics.loose_variance(sampling.low_z_mm);
        let cells = 2.0 * sampling.cell_mm;
        physics.air_reach_mm = CORE_REACH * core_air.sqrt() * sampling.widest + cells;
        physics.reach_mm = physics.air_reach_mm + 3.0 * scattered.sqrt() * sampling.widest;
        let wide = any_air + scattered + largest(&physics.halo_variance);
        physics.wide_reach_mm = (HALO_REACH * wide.sqrt() * sampling.widest + cells).max(physics.reach_mm);
        physics
    }

    /// The same layer whose dose is multiplied, depth by depth, with the dose-averaged LET (keV/µm): through the same
    /// rays it gives dose × LET.
    pub fn times_let(&self, protons: LetProtons) -> Self {
        let d = &self.depth_dose;
        let mut fine = d.curve.sampled(FINE_STEP_MM);
        let factor = depth_let(&d.curve, &fine, protons);
        fine.mev_per_mm.iter_mut().zip(factor).for_each(|(v, l)| *v *= l);
        let [core, halo, stray] = d.tables(self.core.len(), &fine);
        Self { core, halo, stray, ..self.clone() }
    }

    /// Gray mm² per MU in the core under `water_mm` of water.
    #[inline]
    pub fn core_at(&self, water_mm: f32) -> f32 {
        interpolate(&self.core, water_mm)
    }

    /// The same in the halo.
    #[inline]
    pub fn halo_at(&self, water_mm: f32) -> f32 {
        interpolate(&self.halo, water_mm)
    }

    /// The same in what the range shifter has sent aside.
    #[inline]
    pub fn stray_at(&self, water_mm: f32) -> f32 {
        interpolate(&self.stray, water_mm)
    }

    /// How far that has spread at z since it left the shifter (standard deviation, mm), beside the halo's own width; None
    /// without a shifter.
    pub fn stray_spread_mm(&self, z_mm: f64) -> Option<f64> {
        self.shifter_exit_z_mm.map(|exit| STRAY_ANGLE * (exit - z_mm).max(0.0))
    }

    /// Scattering power of water under `water_mm` of it, rad²/mm.
    #[inline]
    pub fn power_at(&self, water_mm: f32) -> f32 {
        interpolate(&self.power, water_mm)
    }

    /// Variance that single scattering adds to the core under `water_mm` of water, mm².
    #[inline]
    pub fn tail_variance_at(&self, water_mm: f32) -> f32 {
        interpolate(&self.tail, water_mm)
    }

    /// What the halo adds to the core's variance under `water_mm` of water, mm².
    pub fn halo_variance_at(&self, water_mm: f32) -> f64 {
        f64::from(interpolate(&self.halo_variance, water_mm))
    }

    /// Variance of a voxel's own width, mm²; interpolation between rays brings a sixth of a cell's square of it.
    pub fn lattice_variance(&self) -> f64 {
        self.voxel_variance
    }

    /// Standard deviations (mm) of the core in x and y at `z_mm`, under `water_mm` of water, without the voxel's width.
    pub fn core_sigma_mm(&self, z_mm: f64, water_mm: f64) -> [f64; 2] {
        let s = f64::from(interpolate(&self.scattered, water_mm as f32) + self.tail_variance_at(water_mm as f32));
        [0, 1].map(|axis| (self.air.first().map_or(0.0, |g| g.variance_at(axis, z_mm)) + s).sqrt())
    }

    /// Of the core's width in air at z, what the beam's own spread of angles has brought since the body's surface, mm²; the
    /// mean of x and y.
    pub fn loose_variance(&self, z_mm: f64) -> f64 {
        let way = (self.top_z_mm - z_mm).max(0.0);
        self.air.first().map_or(0.0, |g| 0.5 * (g.loose_angle[0] + g.loose_angle[1]) * way * way)
    }
}

impl AirGaussian {
    /// Variance in air at z, mm².
    pub fn variance_at(&self, axis: usize, z_mm: f64) -> f64 {
        let [a, b, c] = self.variance[axis];
        (a + z_mm * (b + z_mm * c)).max(1e-3)
    }
}
