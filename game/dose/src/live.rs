//! Dose as it grows: the sum of the spots delivered so far.

use crate::deposit::{LayerField, Scratch, SpotOnRays, deposit, deposit_wide};
use crate::layer::LayerPhysics;
use crate::prepared::PreparedPlan;
use crate::rays::{RayGrid, Window};
use crate::resample::NodeBox;
use std::sync::Arc;
use vestibule_geometry::Volume;

/// A box of voxel indices: first, and one past the last.
pub type IndexBox = [[usize; 3]; 2];

/// The dose of one fraction delivered so far, in f64. Spots are summed on the fan of their beam; the voxels are brought up
/// to date once a call of [`LiveDose::deliver_to`].
#[derive(Debug)]
pub struct LiveDose {
    plan: Arc<PreparedPlan>,
    dose: Volume<f64>,
    spots: usize,
    part: f64,
    max_gy: f64,
    changed: Option<IndexBox>,
    /// The beam and the layer that are being delivered.
    beam: Option<usize>,
    layer: Option<usize>,
    /// Dose of the beams before it, and with the core of this one.
    before: Vec<f64>,
    with_core: Vec<f64>,
    core: Fan,
    wide: Fan,
    scratch: Scratch,
    part_plane: Vec<f64>,
}

/// This beam's dose on one of its fans.
#[derive(Debug)]
struct Fan {
    values: Vec<f64>,
    /// What the voxels do not show yet.
    stale: Option<NodeBox>,
    field: LayerField,
}

impl Fan {
    fn new() -> Self {
        Self { values: Vec::new(), stale: None, field: LayerField::empty(Window { first: [0; 2], n: [0; 2] }) }
    }

    fn start(&mut self, rays: &RayGrid) {
        self.values.clear();
        self.values.resize(rays.n[0] * rays.n[1] * rays.planes, 0.0);
    }

    fn add(
        &mut self,
        rays: &RayGrid,
        layer: &LayerPhysics,
        spot: &SpotOnRays,
        wide: bool,
        scratch: &mut Scratch,
        part: &mut Vec<f64>,
    ) {
        let reach = if wide { layer.wide_reach_mm } else { layer.reach_mm };
        let window = rays.window(spot.x_mm, spot.y_mm, reach);
        if window.len() == 0 {
            return;
        }
        self.field.fill(rays, layer, &window);
        let last = rays.last_plane(&window, layer.end_mm);
        let add = if wide { deposit_wide } else { deposit };
        for k in 0..last {
            part.clear();
            part.resize(window.len(), 0.0);
            add(rays, layer, &self.field, std::slice::from_ref(spot), k, &window, part, scratch);
            for (y, line) in part.chunks_exact(window.n[0]).enumerate() {
                let from = (k * rays.n[1] + window.first[1] + y) * rays.n[0] + window.first[0];
                self.values[from..from + line.len()].iter_mut().zip(line).for_each(|(v, a)| *v += a);
            }
        }
        let [x, y] = window.first;
        let nodes = [[x, y, 0], [x + window.n[0], y + window.n[1], last]];
        join(self.stale.get_or_insert(nodes), &nodes);
    }
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
            beam: None,
            layer: None,
            before: Vec::new(),
            with_core: Vec::new(),
            core: Fan::new(),
            wide: Fan::new(),
            scratch: Scratch::default(),
            part_plane: Vec::new(),
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
        self.show();
    }

    /// Back to nothing delivered. The whole grid counts as changed.
    pub fn reset(&mut self) {
        self.dose.data.fill(0.0);
        (self.spots, self.part, self.max_gy) = (0, 0.0, 0.0);
        (self.beam, self.layer, self.core.stale, self.wide.stale) = (None, None, None, None);
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
        let beam = &plan.beams[s.beam];
        let layer = &beam.layers[s.layer];
        if self.beam != Some(s.beam) {
            self.show();
            self.before.clone_from(&self.dose.data);
            self.with_core.clone_from(&self.dose.data);
            self.core.start(&beam.rays);
            self.wide.start(&beam.wide);
            (self.beam, self.layer) = (Some(s.beam), None);
        }
        if self.layer != Some(s.layer) {
            self.layer = Some(s.layer);
            let places = || {
                plan.spots()[beam.layer_starts[s.layer]..beam.layer_starts[s.layer + 1]]
                    .iter()
                    .map(|s| [s.x_mm, s.y_mm])
            };
            self.core.field = LayerField::empty(beam.rays.window_of(places(), layer.reach_mm));
            self.wide.field = LayerField::empty(beam.wide.window_of(places(), layer.wide_reach_mm));
        }
        let spot = SpotOnRays { x_mm: s.x_mm, y_mm: s.y_mm, mu: s.mu * part };
        self.core.add(&beam.rays, layer, &spot, false, &mut self.scratch, &mut self.part_plane);
        self.wide.add(&beam.wide, layer, &spot, true, &mut self.scratch, &mut self.part_plane);
    }

    /// Brings the voxels up to date with the fans.
    fn show(&mut self) {
        let Some(beam) = self.beam else { return };
        let plan = self.plan.clone();
        let beam = &plan.beams[beam];
        let g = &plan.grid();
        let mut max = self.max_gy;
        if let Some(nodes) = self.core.stale.take() {
            // What the core changes is shown with the halo.
            let same = beam.wide.nodes_around(&beam.rays, &nodes);
            join(self.wide.stale.get_or_insert(same), &same);
            let [lo, hi] = beam.resampler.voxels(&beam.rays, &nodes);
            for k in lo[2]..hi[2] {
                for j in lo[1]..hi[1] {
                    let from = g.offset(0, j, k);
                    let (line, before) = (&mut self.with_core[from..], &self.before[from..]);
                    beam.resampler.row(&beam.rays, &self.core.values, &nodes, [j, k], lo[0]..hi[0], |i, gy| {
                        line[i] = before[i] + gy;
                    });
                }
            }
        }
        let Some(nodes) = self.wide.stale.take() else { return };
        let [lo, hi] = beam.resampler.voxels(&beam.wide, &nodes);
        if (0..3).any(|a| lo[a] >= hi[a]) {
            return;
        }
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let from = g.offset(0, j, k);
                let (line, core) = (&mut self.dose.data[from..], &self.with_core[from..]);
                let inside = &plan.in_body[from..];
                beam.resampler.row(&beam.wide, &self.wide.values, &nodes, [j, k], lo[0]..hi[0], |i, gy| {
                    if inside[i] {
                        line[i] = core[i] + gy;
                        max = max.max(line[i]);
                    }
                });
            }
        }
        self.max_gy = max;
        join(self.changed.get_or_insert([lo, hi]), &[lo, hi]);
    }
}

fn join(both: &mut [[usize; 3]; 2], other: &[[usize; 3]; 2]) {
    for a in 0..3 {
        both[0][a] = both[0][a].min(other[0][a]);
        both[1][a] = both[1][a].max(other[1][a]);
    }
}
