//! What goes on beside the operation: the machine, people who walk, lines that are said, the fade.

use super::{FADE_S, Session};
use crate::motion::{Motion, Part};
use crate::room::MachinePose;
use crate::state::{Doing, Event, SoundPhase, StaffPose};

/// Somebody on the way.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub who: String,
    /// Points still to reach, metres.
    pub via: Vec<[f64; 3]>,
    pub heading_deg: f64,
    pub doing: Doing,
}

fn sound_of(part: Part) -> &'static str {
    match part {
        Part::Gantry => "gantry",
        Part::Couch => "couch",
        Part::Imagers => "imagers",
        Part::Snout => "snout",
        Part::Door => "door",
    }
}

impl Session {
    /// `real_s` of real and `own_s` of the session's time pass.
    pub(super) fn tick(&mut self, real_s: f64, own_s: f64, fade_held: bool, events: &mut Vec<Event>) {
        self.state.time_s += own_s;
        self.state.step_time_s += own_s;
        self.state.wear_s += own_s;
        if !fade_held {
            self.state.fade = (self.state.fade - real_s / FADE_S).max(0.0);
        }
        if let Some(motion) = &mut self.motion {
            self.state.machine = motion.advance(own_s);
            if motion.remaining_s() <= 1e-9 {
                self.state.machine = motion.target();
                self.motion = None;
            }
            self.sound_motion(events);
        }
        self.walk(own_s);
        self.speak(own_s, events);
    }

    /// Starts to move towards a pose.
    pub(super) fn move_to(&mut self, pose: MachinePose, events: &mut Vec<Event>) {
        let was_moving = self.motion.is_some();
        self.motion = Motion::new(&self.state.machine, &pose, &self.room.kinematics);
        if self.motion.is_some() && !was_moving {
            self.state.moving = true;
            events.push(Event::MotionStarted);
        }
        self.sound_motion(events);
    }

    /// Where the machine is going, or stands.
    pub(super) fn heading_for(&self) -> MachinePose {
        self.motion.as_ref().map_or(self.state.machine, Motion::target)
    }

    fn sound_motion(&mut self, events: &mut Vec<Event>) {
        for part in Part::ALL {
            let moves = self.motion.as_ref().is_some_and(|m| m.moves(part));
            let sounds = self.sounding.contains(&part);
            if moves && !sounds {
                self.sounding.push(part);
                self.sound(sound_of(part), SoundPhase::Start, events);
            } else if !moves && sounds {
                self.sounding.retain(|p| *p != part);
                self.sound(sound_of(part), SoundPhase::Stop, events);
            }
        }
        if self.motion.is_none() && self.state.moving {
            self.state.moving = false;
            events.push(Event::MotionEnded);
        }
    }

    /// The machine stands still at once.
    pub(super) fn quiet_motion(&mut self, events: &mut Vec<Event>) {
        self.motion = None;
        self.sound_motion(events);
    }

    /// Puts the machine where it was going, at once.
    pub(super) fn settle_now(&mut self, events: &mut Vec<Event>) {
        self.state.machine = self.heading_for();
        self.quiet_motion(events);
    }

    pub(super) fn person(&mut self, who: &str) -> &mut StaffPose {
        let at = self.state.staff.iter().position(|s| s.who == who).unwrap_or_else(|| {
            self.state.staff.push(StaffPose {
                who: who.to_owned(),
                at_m: [0.0; 3],
                heading_deg: 0.0,
                doing: Doing::Looks,
            });
            self.state.staff.len() - 1
        });
        &mut self.state.staff[at]
    }

    fn walk(&mut self, own_s: f64) {
        let speed = self.room.kinematics.walking_m_per_s;
        let mut walks = std::mem::take(&mut self.walks);
        walks.retain_mut(|walk| {
            let Some(person) = self.state.staff.iter_mut().find(|s| s.who == walk.who) else { return false };
            let mut way = speed * own_s;
            while let Some(&to) = walk.via.first() {
                let [dx, dz] = [to[0] - person.at_m[0], to[2] - person.at_m[2]];
                let distance = dx.hypot(dz);
                if distance > 1e-6 {
                    // Clockwise from −Z seen from above.
                    person.heading_deg = dx.atan2(-dz).to_degrees();
                }
                if distance > way {
                    person.at_m[0] += dx / distance * way;
                    person.at_m[2] += dz / distance * way;
                    person.doing = Doing::Walks;
                    return true;
                }
                way -= distance;
                person.at_m = to;
                walk.via.remove(0);
            }
            person.heading_deg = walk.heading_deg;
            person.doing = walk.doing;
            false
        });
        self.walks = walks;
    }

    /// Everybody is where they were going, at once.
    pub(super) fn arrive_now(&mut self) {
        for walk in std::mem::take(&mut self.walks) {
            let person = self.person(&walk.who);
            if let Some(at) = walk.via.last() {
                person.at_m = *at;
            }
            person.heading_deg = walk.heading_deg;
            person.doing = walk.doing;
        }
    }

    /// Queues a line; it begins at once if nothing is being said.
    pub(super) fn say(&mut self, key: &str, seconds: f64, events: &mut Vec<Event>) {
        self.lines.push_back((key.to_owned(), seconds));
        if self.state.caption.is_none() {
            self.next_line(events);
        }
    }

    /// Seconds until all that is queued is said.
    pub(super) fn talk_left_s(&self) -> f64 {
        self.line_left_s + self.lines.iter().map(|l| l.1).sum::<f64>()
    }

    fn next_line(&mut self, events: &mut Vec<Event>) {
        match self.lines.pop_front() {
            Some((key, seconds)) => {
                self.state.caption = Some(key.clone());
                self.line_left_s = seconds;
                events.push(Event::Narrate { key, seconds });
            }
            None => {
                self.state.caption = None;
                self.line_left_s = 0.0;
            }
        }
    }

    fn speak(&mut self, own_s: f64, events: &mut Vec<Event>) {
        let mut left = own_s;
        while self.state.caption.is_some() {
            if self.line_left_s > left + 1e-9 {
                self.line_left_s -= left;
                return;
            }
            left = (left - self.line_left_s).max(0.0);
            self.next_line(events);
        }
    }
}
