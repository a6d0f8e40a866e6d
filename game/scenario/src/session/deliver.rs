//! A beam, spot by spot, at the plan's own angles.

use super::Session;
use super::run::{EPS, Need};
use crate::journey::{Beat, Tempo};
use crate::motion::at_beam;
use crate::room::MachinePose;
use crate::state::{BeamNow, Delivered, Event, SoundPhase};

/// How many steps ahead a beam is near.
const NEAR_STEPS: usize = 2;

impl Session {
    /// Whether a beam comes on in this step or one of the next.
    pub(crate) fn beam_is_near(&self) -> bool {
        let near = self.programs.iter().skip(self.state.step_index).take(NEAR_STEPS + 1);
        near.flatten().any(|op| matches!(op.beat, Beat::Deliver { .. }))
    }

    /// The pose a beam wants, by the plan's own angles, near where the machine is.
    pub(super) fn beam_pose(&self, beam: usize, from: &MachinePose) -> MachinePose {
        self.delivery.beams.get(beam).map_or(*from, |b| at_beam(b, &self.room.kinematics, from))
    }

    fn told_length_s(&self, beam: usize, tempo: Tempo) -> f64 {
        let length = self.delivery.beams.get(beam).map_or(0.0, |b| b.length_s);
        match tempo {
            Tempo::True => length,
            Tempo::Times(faster) if faster > 0.0 => length / faster,
            Tempo::Within(seconds) => length.min(seconds),
            Tempo::Times(_) => length,
        }
    }

    pub(super) fn deliver(
        &mut self,
        beam: usize,
        tempo: Tempo,
        says: &[(f64, String, f64)],
        events: &mut Vec<Event>,
    ) -> Need {
        if self.delivery.beams.get(beam).is_none_or(|b| b.spots.is_empty()) {
            return Need::Done;
        }
        let told = match self.told_s {
            Some(told) => told,
            None => {
                // The beam goes on at the plan's angles and nowhere else.
                let pose = self.beam_pose(beam, &self.state.machine);
                if self.motion.is_some() || self.state.machine != pose {
                    if self.heading_for() != pose {
                        self.move_to(pose, events);
                    }
                    if let Some(m) = &self.motion {
                        return Need::Own(m.remaining_s().max(EPS));
                    }
                    self.state.machine = pose;
                }
                self.told_s = Some(0.0);
                self.sound("beam", SoundPhase::Start, events);
                events.push(Event::BeamOn { beam });
                self.show_beam(beam, 0.0, events);
                0.0
            }
        };
        let length = self.told_length_s(beam, tempo);
        let mut stop_at = length;
        while let Some((fraction, key, seconds)) = says.get(self.said) {
            let at = fraction * length;
            if told + EPS >= at {
                self.said += 1;
                self.say(key, *seconds, events);
            } else {
                stop_at = stop_at.min(at);
                break;
            }
        }
        if stop_at - told > EPS {
            return Need::Own(stop_at - told);
        }
        self.delivered_all(beam);
        self.beam_off(events);
        Need::Done
    }

    /// Brings what has been delivered up to the told time.
    pub(super) fn show_beam(&mut self, beam: usize, told_s: f64, events: &mut Vec<Event>) {
        let tempo = match self.programs[self.state.step_index].get(self.op).map(|o| &o.beat) {
            Some(Beat::Deliver { tempo, .. }) => *tempo,
            _ => Tempo::True,
        };
        let length = self.told_length_s(beam, tempo);
        let delivery = self.delivery.clone();
        let Some(b) = delivery.beams.get(beam) else { return };
        let progress = if length > 0.0 { (told_s / length).clamp(0.0, 1.0) } else { 1.0 };
        let (whole, part) = b.at(progress * b.length_s);
        let new = Delivered { spots: b.first_spot + whole, part_of_next: part };
        let old = self.state.delivered;
        // What is delivered stays delivered, whatever rounding says.
        if new.spots > old.spots || (new.spots == old.spots && new.part_of_next > old.part_of_next) {
            self.state.delivered = new;
            self.state.mu = delivery.mu(&new);
        }
        let spot = b.spots.get(whole.min(b.spots.len().saturating_sub(1)));
        let layer = spot.map_or(0, |s| s.layer);
        let last_layer = self.state.beam.as_ref().map(|n| n.layer);
        let energy_mev = b.energies_mev.get(layer).copied().unwrap_or(0.0);
        let first = last_layer.map_or(0, |l| l + 1);
        for l in first..=layer {
            let energy_mev = b.energies_mev.get(l).copied().unwrap_or(0.0);
            self.sound("layer", SoundPhase::Once, events);
            events.push(Event::Layer { beam, layer: l, energy_mev });
        }
        self.state.beam = Some(BeamNow {
            beam,
            beams: delivery.beams.len(),
            name: b.name.clone(),
            layer,
            layers: b.energies_mev.len(),
            energy_mev,
            spot_mm: spot.map_or([0.0; 2], |s| s.at_mm),
            progress,
            unscanned: None,
        });
    }

    pub(super) fn delivered_all(&mut self, beam: usize) {
        if let Some(b) = self.delivery.beams.get(beam) {
            let all = Delivered { spots: b.first_spot + b.spots.len(), part_of_next: 0.0 };
            if all.spots >= self.state.delivered.spots {
                self.state.delivered = all;
                self.state.mu = self.delivery.mu(&all);
            }
        }
    }
}
