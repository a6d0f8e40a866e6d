//! Sums that come out the same to the bit in any order, and from which a term can be taken away again.

use crate::prepared::PreparedPlan;

/// Depths at which a layer's table is looked up for its maximum, mm.
const LOOK_MM: f64 = 0.5;
/// What the bound leaves for rays that get more from their neighbours than they give.
const SPARE: f64 = 4.0;

/// A power of two. Every term is rounded to a multiple of it; sums of multiples are exact in f64 below 2⁵³ of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// 1.5 · 2⁵² steps: added and taken away again, it leaves a multiple.
    magic: f64,
}

impl Step {
    /// The step for which all spots of a plan on one place would still be 2⁵¹ steps: about 10⁻¹² of the plan's maximum.
    pub fn of(plan: &PreparedPlan) -> Self {
        let mut bound = 0.0;
        for beam in &plan.beams {
            let cell = beam.rays.magnification(0).map(|m| m.min(1.0) * beam.rays.cell_mm);
            for (l, layer) in beam.layers.iter().enumerate() {
                let looks = (layer.end_mm / LOOK_MM) as usize + 1;
                let peak = (0..=looks)
                    .map(|i| (i as f64 * LOOK_MM) as f32)
                    .map(|w| f64::from(layer.core_at(w) + layer.halo_at(w) + layer.stray_at(w)))
                    .fold(0.0, f64::max);
                let mu: f64 = plan.spots()[beam.layer_starts[l]..beam.layer_starts[l + 1]].iter().map(|s| s.mu).sum();
                bound += SPARE * mu * peak / (cell[0] * cell[1]);
            }
        }
        Self::below(bound)
    }

    /// Terms and sums up to `bound`.
    fn below(bound: f64) -> Self {
        let power = if bound > 0.0 { bound.log2().ceil().clamp(-900.0, 900.0) as i32 } else { 0 };
        Self { magic: 1.5 * 2f64.powi(power + 1) }
    }

    /// The nearest multiple.
    #[inline(always)]
    pub fn round(self, v: f64) -> f64 {
        (v + self.magic) - self.magic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_hang_on_the_order_and_can_be_taken_back() {
        let step = Step::below(3.0);
        let mut seed = 7u64;
        let terms: Vec<f64> = (0..2000)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 11) as f64 / (1u64 << 53) as f64 * 1.5e-3
            })
            .collect();
        let rounded: Vec<f64> = terms.iter().map(|v| step.round(*v)).collect();
        let there: f64 = rounded.iter().sum();
        let back: f64 = rounded.iter().rev().sum();
        assert_eq!(there.to_bits(), back.to_bits());
        assert_eq!(rounded.iter().fold(there, |s, v| s - v).to_bits(), 0, "all taken away is a plain zero");
        // Unrounded they do hang on it, so the test can fail; and rounding takes little away.
        assert_ne!(terms.iter().sum::<f64>().to_bits(), terms.iter().rev().sum::<f64>().to_bits());
        assert!(terms.iter().zip(&rounded).all(|(t, r)| (t - r).abs() <= 3.0 * 2f64.powi(-51)));
    }
}
