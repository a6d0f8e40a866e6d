//! A plan on the couch at an instant of its delivery: what a clinician looks at. No journey, no limits of time; any instant,
//! forwards and backwards.

use crate::delivery::{Delivery, DeliveryBeam};
use crate::motion::at_beam;
use crate::room::{MachinePose, Posture, Room};
use crate::state::{BeamNow, Delivered, SessionState};
use std::sync::Arc;

/// A review of one plan in one room. Time runs over the beams in the plan's order, one after the other, without the minutes
/// between them.
#[derive(Clone, Debug)]
pub struct Review {
    room: Arc<Room>,
    delivery: Arc<Delivery>,
    state: SessionState,
    time_s: f64,
    speed: f64,
    playing: bool,
}

/// Slowest and fastest play, times true speed.
pub const REVIEW_SPEEDS: [f64; 2] = [0.1, 10.0];

impl Review {
    /// Before the first beam, the machine at its angles; seen from `viewpoint` of the room.
    pub fn new(room: Arc<Room>, delivery: Arc<Delivery>, viewpoint: &str) -> Self {
        let state = SessionState {
            step: "review".into(),
            step_title: "step-review".into(),
            step_count: 1,
            place: room.viewpoints.get(viewpoint).map(|v| v.place.clone()).unwrap_or_default(),
            viewpoint: viewpoint.to_owned(),
            fade: 0.0,
            patient: Posture::Lying,
            ..SessionState::before(&room)
        };
        let mut review = Self { room, delivery, state, time_s: 0.0, speed: 1.0, playing: false };
        review.go_to(0.0);
        review
    }

    /// Where everything is at this instant.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The room.
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// The plan in time.
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// The instant, seconds of beam since the first spot.
    pub fn time_s(&self) -> f64 {
        self.time_s
    }

    /// Seconds of beam in the whole plan.
    pub fn length_s(&self) -> f64 {
        self.delivery.beams.iter().map(|b| b.length_s).sum()
    }

    /// Whether time runs, and how many times as fast as true.
    pub fn playing(&self) -> (bool, f64) {
        (self.playing, self.speed)
    }

    /// Lets time run or stand; from the end it begins again. Speeds outside [`REVIEW_SPEEDS`] are brought into it.
    pub fn play(&mut self, on: bool, speed: f64) {
        let [low, high] = REVIEW_SPEEDS;
        self.speed = if speed.is_finite() { speed.clamp(low, high) } else { 1.0 };
        self.playing = on;
        if on && self.time_s >= self.length_s() {
            self.go_to(0.0);
        }
    }

    /// To any instant; outside the plan its nearest end.
    pub fn go_to(&mut self, time_s: f64) {
        self.time_s = if time_s.is_finite() { time_s.clamp(0.0, self.length_s()) } else { 0.0 };
        self.pose();
    }

    /// Real seconds pass.
    pub fn advance(&mut self, dt_s: f64) {
        self.state.elapsed_s += dt_s;
        if self.playing {
            self.go_to(self.time_s + dt_s * self.speed);
            self.playing = self.time_s < self.length_s();
        }
    }

    /// First instant of a beam, seconds.
    pub fn beam_start_s(&self, beam: usize) -> f64 {
        self.delivery.beams.iter().take(beam).map(|b| b.length_s).sum()
    }

    fn pose(&mut self) {
        let (mut left, mut at) = (self.time_s, 0);
        while at + 1 < self.delivery.beams.len() && left >= self.delivery.beams[at].length_s {
            left -= self.delivery.beams[at].length_s;
            at += 1;
        }
        let at_rest = MachinePose { imagers: 0.0, ..self.room.rest };
        let Some(b) = self.delivery.beams.get(at) else {
            // nothing to deliver: the patient lies at the isocentre all the same, the gantry above
            self.state.machine = at_beam(&DeliveryBeam::default(), &self.room.kinematics, &at_rest);
            return;
        };
        let (whole, part_of_next) = b.at(left);
        let place = whole as f64 + part_of_next;
        let given = b.unscanned.as_ref().map(|beam| (beam, beam.at_control_point(place)));
        let angles = given.as_ref().map_or(b.angles, |g| g.1.setting.angles);
        let now = DeliveryBeam { angles, snout_m: b.snout_m, ..DeliveryBeam::default() };
        self.state.machine = at_beam(&now, &self.room.kinematics, &at_rest);
        self.state.time_s = self.time_s;
        self.state.delivered = Delivered { spots: b.first_spot + whole, part_of_next };
        self.state.mu = self.delivery.mu(&self.state.delivered);
        let on = self.time_s > 0.0 && self.time_s < self.length_s();
        let spot = b.spots.get(whole.min(b.spots.len().saturating_sub(1)));
        self.state.beam = spot.filter(|_| on).map(|spot| BeamNow {
            beam: at,
            beams: self.delivery.beams.len(),
            name: b.name.clone(),
            layer: spot.layer,
            layers: b.energies_mev.len(),
            energy_mev: b.energies_mev.get(spot.layer).copied().unwrap_or(0.0),
            spot_mm: spot.at_mm,
            progress: if b.length_s > 0.0 { left / b.length_s } else { 1.0 },
            unscanned: given.map(|(beam, given)| {
                let last = beam.sequence.last().map_or(0.0, |c| c.cumulative_weight);
                let share = if last > 0.0 { given.setting.cumulative_weight / last } else { 0.0 };
                [share, given.control_point]
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::DeliverySpot;
    use vestibule_geometry::BeamAngles;

    fn review() -> Review {
        let room = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let beam = |gantry_deg: f64, first_spot: usize| DeliveryBeam {
            name: format!("G{gantry_deg}"),
            angles: BeamAngles { gantry_deg, patient_support_deg: 350.0, ..BeamAngles::default() },
            snout_m: Some(0.3),
            energies_mev: vec![120.0, 110.0],
            spots: (0..4)
                .map(|i| DeliverySpot {
                    layer: i / 2,
                    start_s: 0.5 * i as f64,
                    length_s: 0.5,
                    mu: 10.0,
                    at_mm: [i as f64, 0.0],
                })
                .collect(),
            length_s: 2.0,
            first_spot,
            unscanned: None,
        };
        Review::new(room.into(), Arc::new(Delivery { beams: vec![beam(90.0, 0), beam(270.0, 4)] }), "review")
    }

    #[test]
    fn any_instant_has_its_spots_and_its_angles() {
        let mut r = review();
        assert_eq!((r.length_s(), r.beam_start_s(1)), (4.0, 2.0));
        assert_eq!((r.state().machine.gantry_deg, r.state().delivered.spots), (90.0, 0));
        r.go_to(2.75);
        let s = r.state();
        assert_eq!((s.delivered, s.mu), (Delivered { spots: 5, part_of_next: 0.5 }, 55.0));
        assert_eq!((s.machine.gantry_deg, s.machine.couch_deg), (-90.0, -10.0));
        let beam = s.beam.clone().unwrap();
        assert_eq!((beam.beam, beam.layer, beam.energy_mev, beam.name.as_str()), (1, 0, 120.0, "G270"));
        r.go_to(0.25); // and back
        assert_eq!(r.state().delivered, Delivered { spots: 0, part_of_next: 0.5 });
        r.go_to(f64::NAN);
        assert_eq!(r.time_s(), 0.0);
    }

    #[test]
    fn without_a_beam_the_patient_lies_at_the_isocentre() {
        let room: Arc<Room> = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap().into();
        let m = Review::new(room, Arc::default(), "review").state().machine;
        assert_eq!((m.gantry_deg, m.couch_deg, m.couch_top_m), (0.0, 0.0, [0.0; 3]));
    }

    #[test]
    fn it_plays_to_the_end_at_its_speed_and_stands() {
        let mut r = review();
        r.play(true, 100.0);
        assert_eq!(r.playing(), (true, 10.0));
        r.advance(0.1);
        assert!((r.time_s() - 1.0).abs() < 1e-12);
        r.advance(5.0);
        assert_eq!((r.time_s(), r.playing().0, r.state().delivered.spots), (4.0, false, 8));
        r.play(true, 1.0);
        assert_eq!(r.time_s(), 0.0);
    }
}
