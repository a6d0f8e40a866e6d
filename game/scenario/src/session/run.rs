//! Operations in time: one after the other, each exact to the second it ends.

use super::{FADE_S, Session};
use crate::journey::{Beat, Go, Target};
use crate::motion::nearest_turn;
use crate::room::MachinePose;
use crate::session::world::Walk;
use crate::state::{Ending, Event, Panel, SoundPhase, StaffPose};

/// What the current operation needs.
pub(super) enum Need {
    /// Over: on to the next.
    Done,
    /// Seconds of the session's own time.
    Own(f64),
    /// Seconds of real time; `true` holds the fade in its own hands.
    Real(f64),
    /// An answer.
    Answer,
}

/// Shorter than this is no time.
pub(super) const EPS: f64 = 1e-9;

impl Session {
    /// Runs for `dt_s` of real time.
    pub(super) fn run(&mut self, dt_s: f64, events: &mut Vec<Event>) {
        let mut left = dt_s;
        let step = self.state.step_index;
        // Every turn uses time, ends an operation or returns, so that this ends.
        loop {
            if self.state.finished.is_some() || self.over_time(events) {
                return;
            }
            if self.state.panel.is_some() {
                let rest = (self.journey.limits.over_s - self.state.wear_s).max(0.0);
                self.state.wear_s += left.min(rest);
                self.state.fade = (self.state.fade - left / FADE_S).max(0.0);
                self.over_time(events);
                return;
            }
            if !self.op_started && self.interrupt(events) {
                continue;
            }
            match self.need(events) {
                Need::Answer => continue,
                Need::Done => {
                    if self.op >= self.programs[step].len() {
                        self.leave(step, events);
                        return;
                    }
                    self.next_op();
                }
                Need::Own(own) => {
                    if left <= EPS {
                        return;
                    }
                    let own = own.min(left * self.speed).min(self.until_limit());
                    left -= own / self.speed;
                    self.tick(own / self.speed, own, false, events);
                    self.progress(own, events);
                }
                Need::Real(real) => {
                    if left <= EPS {
                        return;
                    }
                    let real = real.min(left).min(self.until_limit());
                    left -= real;
                    self.tick(real, real, true, events);
                    self.progress(real, events);
                }
            }
            if self.state.step_index != step {
                return;
            }
        }
    }

    /// Own seconds until the next limit of wear; never 0.
    fn until_limit(&self) -> f64 {
        let limits = &self.journey.limits;
        let mut next = f64::INFINITY;
        for limit in [limits.gentle_s, limits.over_s] {
            if limit > self.state.wear_s {
                next = next.min(limit - self.state.wear_s);
            }
        }
        next.max(EPS)
    }

    /// Ends or turns towards the end when the time of wear says so. True when the step changed or it is over.
    fn over_time(&mut self, events: &mut Vec<Event>) -> bool {
        let journey = self.journey.clone();
        let limits = &journey.limits;
        if self.state.wear_s + EPS >= limits.over_s {
            self.finish(Ending::TimeOver, events);
            return true;
        }
        let ending = |s: &Self| s.state.step == limits.gentle_step || limits.endings.contains(&s.state.step);
        if self.state.wear_s + EPS >= limits.gentle_s && self.state.panel.is_none() && !ending(self) {
            let go = Go { when: Default::default(), to: limits.gentle_step.clone(), because: Some(Ending::Gentle) };
            self.jump(&go, events);
            return true;
        }
        false
    }

    /// Opens a question that is due by the time of wear. True when it did.
    fn interrupt(&mut self, events: &mut Vec<Event>) -> bool {
        let journey = self.journey.clone();
        if self.because.is_some() || journey.limits.endings.contains(&self.state.step) {
            return false;
        }
        for (i, interruption) in journey.interruptions.iter().enumerate() {
            if !self.interruptions_done[i] && self.state.wear_s >= interruption.at * journey.limits.planned_s {
                self.interruptions_done[i] = true;
                self.asked_interruption = Some(i);
                self.ask(&interruption.ask, events);
                if self.state.panel.is_some() {
                    return true;
                }
                self.asked_interruption = None;
            }
        }
        false
    }

    fn ask(&mut self, id: &str, events: &mut Vec<Event>) {
        if let Some(question) = self.journey.question(id) {
            self.state.panel = Some(Panel {
                question: Some(question.id.clone()),
                text: question.text.clone(),
                kind: question.kind.clone(),
            });
            events.push(Event::Asked { question: id.to_owned() });
        }
    }

    pub(super) fn next_op(&mut self) {
        self.op += 1;
        self.op_started = false;
        self.op_time_s = 0.0;
        self.told_s = None;
        self.said = 0;
    }

    /// What the operation needs now; starts it if it has not begun.
    fn need(&mut self, events: &mut Vec<Event>) -> Need {
        let Some(op) = self.programs[self.state.step_index].get(self.op).cloned() else {
            // The end of the step waits for its last words.
            let talk = self.talk_left_s();
            return if talk > EPS { Need::Own(talk) } else { Need::Done };
        };
        let starts = !self.op_started;
        if starts {
            if !self.holds(&op.when) {
                return Need::Done;
            }
            self.op_started = true;
        }
        let rest = |s: &Self, length: f64| {
            let rest = length - s.op_time_s;
            if rest > EPS { Some(rest) } else { None }
        };
        match &op.beat {
            Beat::Say(key, seconds) => {
                if starts {
                    self.say(key, *seconds, events);
                }
                let talk = self.talk_left_s();
                if talk > EPS { Need::Own(talk) } else { Need::Done }
            }
            Beat::Hush => {
                let talk = self.talk_left_s();
                if talk > EPS { Need::Own(talk) } else { Need::Done }
            }
            Beat::Wait(seconds) => rest(self, *seconds).map_or(Need::Done, Need::Own),
            Beat::Settle => match &self.motion {
                Some(m) => Need::Own(m.remaining_s().max(EPS)),
                None => Need::Done,
            },
            Beat::Ask(id) => {
                if starts {
                    self.ask(id, events);
                }
                if self.state.panel.is_some() { Need::Answer } else { Need::Done }
            }
            Beat::Place(name) => self.place(name, events),
            Beat::Deliver { tempo, says } => self.deliver(op.beam, *tempo, says, events),
            beat => {
                self.at_once(beat, op.beam, events);
                Need::Done
            }
        }
    }

    /// Out, change in the dark, in.
    fn place(&mut self, name: &str, events: &mut Vec<Event>) -> Need {
        if self.state.viewpoint == name && self.op_time_s == 0.0 {
            return Need::Done;
        }
        // From the dark it need not go out first.
        if self.op_time_s == 0.0 && self.state.fade >= 1.0 {
            self.op_time_s = FADE_S;
        }
        if self.op_time_s + EPS < FADE_S {
            return Need::Real(FADE_S - self.op_time_s);
        }
        if self.state.viewpoint != name {
            self.state.fade = 1.0;
            self.stand_at(name, events);
        }
        let rest = 2.0 * FADE_S - self.op_time_s;
        if rest > EPS {
            Need::Real(rest)
        } else {
            self.state.fade = 0.0;
            Need::Done
        }
    }

    fn stand_at(&mut self, name: &str, events: &mut Vec<Event>) {
        if let Some(viewpoint) = self.room.viewpoints.get(name) {
            self.state.place = viewpoint.place.clone();
            self.state.viewpoint = name.to_owned();
            events.push(Event::Placed { viewpoint: name.to_owned() });
        }
    }

    fn aim(&self, targets: &[Target], beam: usize) -> MachinePose {
        let mut pose = self.heading_for();
        let k = &self.room.kinematics;
        for target in targets {
            match target {
                Target::Gantry(deg) => pose.gantry_deg = nearest_turn(*deg, pose.gantry_deg, &k.gantry),
                Target::Beam => pose = self.beam_pose(beam, &pose),
                Target::Couch(name) => {
                    if let Some(at) = self.room.couch_positions.get(name) {
                        pose.couch_deg = nearest_turn(at.turn_deg, pose.couch_deg, &k.couch);
                        pose.couch_top_m = at.top_m;
                        pose.couch_pitch_deg = 0.0;
                        pose.couch_roll_deg = 0.0;
                    }
                }
                Target::Nudge(mm) => {
                    for (axis, by) in pose.couch_top_m.iter_mut().zip(mm) {
                        *axis += by / 1000.0;
                    }
                }
                Target::Imagers(out) => pose.imagers = *out,
                Target::Snout(m) => pose.snout_m = *m,
                Target::Door(open) => pose.door = *open,
            }
        }
        pose
    }

    /// After `own` seconds: what of the operation has come on.
    fn progress(&mut self, own: f64, events: &mut Vec<Event>) {
        self.op_time_s += own;
        let op = self.programs[self.state.step_index].get(self.op);
        match op.map(|o| (&o.beat, o.beam)) {
            Some((Beat::Deliver { .. }, beam)) => {
                if let Some(told) = self.told_s {
                    self.told_s = Some(told + own);
                    self.show_beam(beam, told + own, events);
                }
            }
            Some((Beat::Place(_), _)) if self.op_started => {
                self.state.fade = if self.op_time_s < FADE_S {
                    self.op_time_s / FADE_S
                } else {
                    (2.0 - self.op_time_s / FADE_S).clamp(0.0, 1.0)
                };
            }
            _ => {}
        }
    }

    /// Beats that take no time.
    fn at_once(&mut self, beat: &Beat, beam: usize, events: &mut Vec<Event>) {
        match beat {
            Beat::Over(key, seconds) => self.say(key, *seconds, events),
            Beat::Move(targets) => {
                let pose = self.aim(targets, beam);
                self.move_to(pose, events);
            }
            Beat::Staff(who, station, doing) => {
                if let Some(at) = self.room.stations.get(station).cloned() {
                    self.walks.retain(|w| &w.who != who);
                    *self.person(who) =
                        StaffPose { who: who.clone(), at_m: at.at_m, heading_deg: at.heading_deg, doing: *doing };
                }
            }
            Beat::Walk(who, via, doing) => {
                let stations: Vec<_> = via.iter().filter_map(|s| self.room.stations.get(s).cloned()).collect();
                if let Some(last) = stations.last() {
                    self.walks.retain(|w| &w.who != who);
                    if !self.state.staff.iter().any(|s| &s.who == who) {
                        self.person(who).at_m = stations[0].at_m;
                    }
                    self.walks.push(Walk {
                        who: who.clone(),
                        via: stations.iter().map(|s| s.at_m).collect(),
                        heading_deg: last.heading_deg,
                        doing: *doing,
                    });
                }
            }
            Beat::Gone(who) => {
                self.walks.retain(|w| &w.who != who);
                self.state.staff.retain(|s| &s.who != who);
            }
            Beat::Patient(posture) => self.state.patient = *posture,
            Beat::Mask(mask) => self.state.mask = *mask,
            Beat::Anatomy(shown) => self.state.anatomy_shown = *shown && self.state.choices.anatomy,
            Beat::Show(what) => self.state.shown = what.clone(),
            Beat::Light(light) => self.state.light = light.clamp(0.0, 1.0),
            Beat::Sound(name) => self.sound(name, SoundPhase::Once, events),
            Beat::Alert(reason) => events.push(Event::StaffAlert { reason: reason.clone() }),
            _ => {}
        }
    }

    /// The rest of the step as if it had been played: everything ends where it would, nothing is said or asked.
    pub(super) fn pass_over_rest(&mut self, events: &mut Vec<Event>) {
        self.beam_off(events);
        let program = self.programs[self.state.step_index].clone();
        for op in program.iter().skip(self.op) {
            if !self.holds(&op.when) {
                continue;
            }
            match &op.beat {
                Beat::Place(name) => self.stand_at(name, events),
                Beat::Deliver { .. } => {
                    self.settle_now(events);
                    self.state.machine = self.beam_pose(op.beam, &self.state.machine);
                    self.delivered_all(op.beam);
                }
                Beat::Move(targets) => {
                    self.state.machine = self.aim(targets, op.beam);
                    self.quiet_motion(events);
                }
                Beat::Say(..)
                | Beat::Over(..)
                | Beat::Wait(_)
                | Beat::Hush
                | Beat::Settle
                | Beat::Ask(_)
                | Beat::Sound(_) => {}
                beat => self.at_once(beat, op.beam, events),
            }
        }
        self.settle_now(events);
        self.arrive_now();
    }

    /// Leaves a step: a jump, the end, or the next on the road.
    pub(super) fn leave(&mut self, index: usize, events: &mut Vec<Event>) {
        let Some(step) = self.step(index).cloned() else { return };
        if let Some(go) = self.first_go(&step.then) {
            self.jump(&go, events);
        } else if step.last || index + 1 == self.journey.steps.len() || index >= self.journey.steps.len() {
            self.finish(self.because.unwrap_or(Ending::Completed), events);
        } else {
            self.enter(index + 1, events);
        }
    }
}
