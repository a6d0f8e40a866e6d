//! Dose as it grows: the sum of the spots delivered so far.

use crate::kernel::BinFactors;
use crate::prepared::{PreparedPlan, add_spot};
use std::sync::Arc;
use vestibule_geometry::Volume;

/// A box of voxel indices: first, and one past the last.
pub type IndexBox = [[usize; 3]; 2];

/// The dose of one fraction delivered so far, accumulated in f64 in plan order.
#[derive(Debug)]
pub struct LiveDose {
    plan: Arc<PreparedPlan>,
    dose: Volume<f64>,
    spots: usize,
    part: f64,
    max_gy: f64,
    changed: Option<IndexBox>,
    /// What does not depend on the spot, of the layer that is being delivered.
    layer: Option<(usize, usize)>,
    factors: Vec<Option<BinFactors>>,
    scratch: Vec<f32>,
}

impl LiveDose {
    /// Nothing delivered yet.
    pub fn new(plan: impl Into<Arc<PreparedPlan>>) -> Self {
        let plan = plan.into();
        let dose = Volume::filled(plan.grid().clone(), 0.0);
        Self {
            plan,
            dose,
            spots: 0,
            part: 0.0,
            max_gy: 0.0,
            changed: None,
            layer: None,
            factors: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The plan that is being delivered.
    pub fn plan(&self) -> &Arc<PreparedPlan> {
        &self.plan
    }

    /// Delivers up to and with spot number `spots − 1`, and `part_of_next` (0 to 1) of the one after. Only forwards: an
    /// instant before the present one changes nothing (use [`Self::reset`] first).
    pub fn deliver_to(&mut self, spots: usize, part_of_next: f64) {
        let total = self.plan.spots().len();
        let part_of_next = if part_of_next.is_finite() { part_of_next.clamp(0.0, 1.0) } else { 0.0 };
        let (spots, part) = if spots >= total { (total, 0.0) } else { (spots, part_of_next) };
        while self.spots < spots {
            self.add(self.spots, 1.0 - self.part);
            self.spots += 1;
            self.part = 0.0;
        }
        if self.spots == spots && part > self.part {
            self.add(self.spots, part - self.part);
            self.part = part;
        }
    }

    /// Back to nothing delivered. The whole grid counts as changed.
    pub fn reset(&mut self) {
        self.dose.data.fill(0.0);
        (self.spots, self.part, self.max_gy) = (0, 0.0, 0.0);
        self.changed = Some([[0; 3], self.dose.grid.size]);
    }

    /// How far delivery has come: whole spots, and part of the next.
    pub fn delivered(&self) -> (usize, f64) {
        (self.spots, self.part)
    }

    /// Gray of one fraction, delivered so far.
    pub fn grid(&self) -> &Volume<f64> {
        &self.dose
    }

    /// Highest value of the grid, Gy.
    pub fn max_gy(&self) -> f64 {
        self.max_gy
    }

    /// The box of voxels that changed since this was last asked, or None; for the app's texture.
    pub fn changed_since_last(&mut self) -> Option<IndexBox> {
        self.changed.take()
    }

    fn add(&mut self, spot: usize, part: f64) {
        let plan = self.plan.clone();
        let s = plan.spots()[spot];
        if s.mu == 0.0 || part == 0.0 {
            return;
        }
        if self.layer != Some((s.beam, s.layer)) {
            self.layer = Some((s.beam, s.layer));
            self.factors.clear();
            self.factors.resize(plan.beams[s.beam].grid.bins.len(), None);
        }
        let mu = s.mu * part;
        let (mut max, mut changed) = (self.max_gy, self.changed);
        let (data, factors, scratch) = (&mut self.dose.data, &mut self.factors, &mut self.scratch);
        plan.for_each_bin(spot, |beam, layer, b, bin| {
            let f = factors[b].get_or_insert_with(|| layer.in_bin(&beam.grid, bin));
            if f.len() == 0 {
                return;
            }
            let offsets = &beam.grid.offset[bin.start..];
            add_spot(beam, layer, bin, f, &s, mu, scratch, |i, gy| {
                let v = &mut data[offsets[i] as usize];
                *v += gy;
                max = max.max(*v);
            });
            let [lo, hi] = bin.index_box.map(|c| c.map(|v| v as usize));
            let both = changed.get_or_insert([lo, hi]);
            for a in 0..3 {
                both[0][a] = both[0][a].min(lo[a]);
                both[1][a] = both[1][a].max(hi[a]);
            }
        });
        self.max_gy = max;
        self.changed = changed;
    }
}
