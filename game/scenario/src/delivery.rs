//! A plan as it is delivered: beams and spots in plan order, each with its place in time. Layers that are painted more than once come
//! as [`vestibule_dose::DeliveryOrder`] lays them out.

use crate::state::Delivered;
use std::sync::Arc;
use vestibule_dose::Timeline;
use vestibule_geometry::BeamAngles;
use vestibule_patient::{Beam, Plan};

/// One spot of a delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeliverySpot {
    /// Layer, from 0, in the plan's order.
    pub layer: usize,
    /// Start within the beam, seconds.
    pub start_s: f64,
    /// Length, seconds; 0 for a spot of weight 0.
    pub length_s: f64,
    /// Monitor units per fraction.
    pub mu: f64,
    /// On the isocentre plane, IEC gantry x and y, mm.
    pub at_mm: [f64; 2],
}

/// One beam of a delivery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryBeam {
    /// Beam Name.
    pub name: String,
    /// Angles of gantry, couch and collimator, degrees, as the plan has them.
    pub angles: BeamAngles,
    /// Snout position, metres; None if the plan does not say.
    pub snout_m: Option<f64>,
    /// Energy of each layer, MeV, in the plan's order.
    pub energies_mev: Vec<f64>,
    /// Spots in plan order.
    pub spots: Vec<DeliverySpot>,
    /// Seconds from the first to the last.
    pub length_s: f64,
    /// Spots of the plan before this beam.
    pub first_spot: usize,
    /// The plan's own beam where it is not scanned: each of `spots` is then the way from one of its control points to the next.
    pub unscanned: Option<Arc<Beam>>,
}

/// A whole fraction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Beams in plan order.
    pub beams: Vec<DeliveryBeam>,
}

impl Delivery {
    /// Puts a plan's spots in time. `timeline` is this plan's own.
    pub fn new(plan: &Plan, timeline: &Timeline) -> Self {
        let mut first_spot = 0;
        let mut beams = Vec::with_capacity(plan.beams.len());
        for (b, beam) in plan.beams.iter().enumerate() {
            let mut when = timeline.spots().get(timeline.beam_spots(b)).unwrap_or_default().iter();
            let mut spots = Vec::with_capacity(beam.spot_count());
            let mut end: f64 = 0.0;
            for (l, layer) in beam.layers.iter().enumerate() {
                for spot in &layer.spots {
                    // A time table that is too short or not a number must not make time run backwards.
                    let (start, length) = when.next().map_or((end, 1e-3), |t| (t.start_s, t.length_s));
                    let start = if start.is_finite() { start.max(end) } else { end };
                    let length = if length.is_finite() { length.max(0.0) } else { 1e-3 };
                    end = start + length;
                    spots.push(DeliverySpot {
                        layer: l,
                        start_s: start,
                        length_s: length,
                        mu: spot.weight * beam.mu_per_weight(),
                        at_mm: [spot.x_mm, spot.y_mm],
                    });
                }
            }
            let count = spots.len();
            beams.push(DeliveryBeam {
                name: beam.name.clone(),
                angles: beam.angles,
                snout_m: beam.snout_position_mm.map(|mm| mm / 1000.0),
                energies_mev: beam.layers.iter().map(|l| l.energy_mev).collect(),
                spots,
                length_s: end,
                first_spot,
                unscanned: None,
            });
            first_spot += count;
        }
        Self { beams }
    }

    /// Spots over all beams.
    pub fn spot_count(&self) -> usize {
        self.beams.last().map_or(0, |b| b.first_spot + b.spots.len())
    }

    /// Monitor units of a prefix of the plan.
    pub fn mu(&self, delivered: &Delivered) -> f64 {
        let mut mu = 0.0;
        let mut left = delivered.spots;
        for beam in &self.beams {
            let whole = left.min(beam.spots.len());
            mu += beam.spots[..whole].iter().map(|s| s.mu).sum::<f64>();
            if whole < beam.spots.len() {
                return mu + beam.spots[whole].mu * delivered.part_of_next;
            }
            left -= whole;
        }
        mu
    }
}

impl DeliveryBeam {
    /// The first instant at which a share (0 to 1) of the beam's monitor units is given, seconds into the beam.
    pub fn when(&self, share: f64) -> f64 {
        let mut left = share.clamp(0.0, 1.0) * self.spots.iter().map(|s| s.mu).sum::<f64>();
        for spot in self.spots.iter().filter(|s| s.mu > 0.0) {
            if left <= spot.mu {
                return spot.start_s + spot.length_s * left / spot.mu;
            }
            left -= spot.mu;
        }
        self.length_s
    }

    /// What is delivered `t_s` into the beam: whole spots of this beam, and the part of the next.
    pub fn at(&self, t_s: f64) -> (usize, f64) {
        let whole = self.spots.partition_point(|s| s.start_s + s.length_s <= t_s);
        let part = self
            .spots
            .get(whole)
            .map_or(0.0, |s| if s.length_s > 0.0 { ((t_s - s.start_s) / s.length_s).clamp(0.0, 1.0) } else { 0.0 });
        (whole, part)
    }
}
