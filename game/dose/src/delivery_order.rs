//! Layers that are painted more than once, in the order in which the machine paints them.
//!
//! Number of Paintings (300A,039A) stands in each control point: the scan pattern of that energy is delivered so many times, each time
//! with its part of the weights, before the next energy comes. So it is layers that are painted again, not the whole stack of them, as
//! some machines also can: a plan that wants that says so by layers whose energies come back.

use crate::error::ComputeError;
use vestibule_patient::{Layer, Plan, Spot};

/// Most paintings of a layer.
const MOST: u32 = 1000;
/// Most spots of a plan, every painting counted.
const SPOTS: usize = 20_000_000;

/// Where a spot of [`DeliveryOrder::plan`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpotVisit {
    /// Index of the spot in the plan as it was made, over all beams and layers.
    pub spot: usize,
    /// Which painting of its layer, from 0.
    pub painting: u32,
}

/// A plan as it is delivered: what times, live dose and dose rates are of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryOrder {
    /// The plan with the spots of each layer as often as it is painted, each time with an equal part of their weight; every layer is
    /// painted once. Beams, layers and MU are the same, and the whole dose but for rounding.
    pub plan: Plan,
    /// One for each spot of that plan.
    pub visits: Vec<SpotVisit>,
}

impl DeliveryOrder {
    /// Of a plan as it was made; one whose layers are painted once stays as it is.
    ///
    /// # Errors
    /// A layer of more than 1,000 paintings, or more than 20 million spots with all paintings; the beam and layer are named.
    pub fn new(plan: &Plan) -> Result<Self, ComputeError> {
        let mut out = Self { plan: plan.clone(), visits: Vec::new() };
        let mut first = 0;
        for beam in &mut out.plan.beams {
            for (l, layer) in beam.layers.iter_mut().enumerate() {
                let (paintings, count) = (layer.paintings.max(1), layer.spots.len());
                let spots = count.saturating_mul(paintings as usize).saturating_add(out.visits.len());
                if paintings > MOST || spots > SPOTS {
                    return Err(ComputeError::Paintings {
                        beam: beam.name.clone(),
                        layer: l + 1,
                        paintings,
                        spots: count,
                    });
                }
                out.visits.extend(
                    (0..paintings)
                        .flat_map(|painting| (first..first + count).map(move |spot| SpotVisit { spot, painting })),
                );
                first += count;
                *layer = painted(layer, paintings);
            }
        }
        Ok(out)
    }
}

fn painted(layer: &Layer, paintings: u32) -> Layer {
    let part = |s: &Spot| Spot { weight: s.weight / f64::from(paintings), ..*s };
    let spots = (0..paintings).flat_map(|_| layer.spots.iter().map(part)).collect();
    Layer { paintings: 1, spots, ..layer.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MachineModel, Timeline};
    use vestibule_patient::Beam;

    fn plan(paintings: [u32; 2]) -> Plan {
        let spot = |x_mm, weight| Spot { x_mm, y_mm: 0.0, weight };
        let layer = |energy_mev, paintings, spots| Layer { energy_mev, paintings, spots, ..Layer::default() };
        let layers = vec![
            layer(100.0, paintings[0], vec![spot(0.0, 3.0), spot(50.0, 6.0)]),
            layer(90.0, paintings[1], vec![spot(-10.0, 3.0)]),
        ];
        let beam =
            Beam { name: "left".into(), meterset_mu: 24.0, final_cumulative_weight: 12.0, layers, ..Beam::default() };
        Plan { beams: vec![beam.clone(), beam], ..Plan::default() }
    }

    /// Two spots, three paintings, then another energy: when each comes, by hand.
    #[test]
    fn a_layer_is_painted_again_before_the_next_energy() {
        let order = DeliveryOrder::new(&plan([3, 1])).unwrap();
        let want = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 0), (3, 0), (4, 0)];
        for (visit, (spot, painting)) in order.visits.iter().zip(want) {
            assert_eq!(*visit, SpotVisit { spot, painting });
        }
        assert_eq!(order.visits.len(), 14);
        let layers = &order.plan.beams[0].layers;
        assert!(layers[0].spots.iter().zip([1.0, 2.0, 1.0, 2.0, 1.0, 2.0]).all(|(s, w)| s.weight == w));

        let mut times = MachineModel::generic().delivery_times();
        times.delivery.minimum_dwell_s = 0.0;
        let t = Timeline::new(&order.plan, &times);
        // 2 and 4 MU at 100 MeV: 2.664844e6 protons a MU at 1 nA. Between them 50 mm at 5 m/s and 3 ms, there and back.
        let (dwell, way) = (2.0 * 2_664_844.0 * 1.602_176_634e-19 / 1e-9, 50.0 / 5000.0 + 0.003);
        for n in 0..3 {
            let round = f64::from(n) * (3.0 * dwell + 2.0 * way);
            let [a, b] = [t.spots()[2 * n as usize], t.spots()[2 * n as usize + 1]];
            assert!((a.start_s - round).abs() < 1e-12 && (a.length_s - dwell).abs() < 1e-12);
            assert!((b.start_s - (round + dwell + way)).abs() < 1e-12 && (b.length_s - 2.0 * dwell).abs() < 1e-12);
        }
        let before = t.spots()[5];
        assert!(
            (t.spots()[6].start_s - (before.start_s + before.length_s + times.delivery.energy_switch_s)).abs() < 1e-12
        );
        assert_eq!(t.beam_spots(1), 7..14);
    }

    #[test]
    fn painted_once_stays_as_it_is() {
        for once in [plan([1, 1]), plan([0, 1])] {
            let order = DeliveryOrder::new(&once).unwrap();
            assert_eq!(order.plan, plan([1, 1]));
            assert!(order.visits.iter().enumerate().all(|(n, v)| *v == SpotVisit { spot: n, painting: 0 }));
        }
    }

    #[test]
    fn too_many_paintings_are_named() {
        let said = DeliveryOrder::new(&plan([1, 4_000_000_000])).unwrap_err().to_string();
        assert!(said.contains("'left', layer 2: 4000000000 paintings"), "{said}");
    }
}
