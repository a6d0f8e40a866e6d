//! What a person does to a session.

use super::Session;
use crate::question::{QuestionKind, Reply, Sets};
use crate::state::{Action, Chosen, Ending, Event, Information, PanelSide};

impl Session {
    /// Does something to the session and tells what came of it. `Stop` ends it within this call from any state.
    pub fn act(&mut self, action: Action) -> Vec<Event> {
        let mut events = Vec::new();
        if self.state.finished.is_some() {
            return events;
        }
        match action {
            Action::Stop => self.finish(Ending::Stopped, &mut events),
            Action::End => self.finish(Ending::EndedByStaff, &mut events),
            Action::SetVolume(volume) => {
                if volume.is_finite() {
                    self.state.volume = volume.clamp(0.0, 1.0);
                }
            }
            Action::Pause => {
                if !self.state.paused {
                    self.state.paused = true;
                    events.push(Event::Paused);
                }
            }
            Action::Resume => {
                if self.state.paused {
                    self.state.paused = false;
                    events.push(Event::Resumed);
                }
            }
            Action::Choose(chosen) => self.choose(chosen, &mut events),
            Action::Call => events.push(Event::StaffAlert { reason: "staff-alert-call".to_owned() }),
            Action::Answer(reply) => self.answer(reply, &mut events),
            Action::Continue => {
                let note = self.state.panel.as_ref().is_some_and(|p| p.kind == QuestionKind::Note);
                if note {
                    self.answer(Reply::Declined, &mut events);
                }
            }
            Action::Skip if self.started => {
                self.state.paused = false;
                self.skip(&mut events);
            }
            Action::Repeat if self.started => {
                self.state.paused = false;
                self.repeat(&mut events);
            }
            Action::Skip | Action::Repeat => {}
        }
        events
    }

    /// The open question, if this reply would be taken by it now: its name, and whether the store keeps the answer.
    /// A player saves the answer first, and only then hands it to [`Session::act`].
    pub fn would_take(&self, reply: &Reply) -> Option<(String, bool)> {
        if self.state.finished.is_some() || self.state.paused {
            return None;
        }
        let id = self.state.panel.as_ref()?.question.as_ref()?;
        let question = self.journey.question(id)?;
        question.accepts(reply).ok()?;
        Some((id.clone(), question.keep && question.kind != QuestionKind::Note))
    }

    fn answer(&mut self, reply: Reply, events: &mut Vec<Event>) {
        if self.state.paused {
            return;
        }
        let Some(id) = self.state.panel.as_ref().and_then(|p| p.question.clone()) else { return };
        let Some(question) = self.journey.question(&id).cloned() else { return };
        if let Err(why) = question.accepts(&reply) {
            events.push(Event::Refused { question: id, why });
            return;
        }
        self.state.panel = None;
        self.state.answers.insert(id.clone(), reply.clone());
        let keep = question.keep && question.kind != QuestionKind::Note;
        events.push(Event::Answered { question: id, reply: reply.clone(), keep });
        for option in question.options() {
            if let (true, Some(reason)) = (reply.chose(&option.id), &option.alert) {
                events.push(Event::StaffAlert { reason: reason.clone() });
            }
        }
        if let (Some(sets), Reply::Choice(option)) = (question.sets, &reply)
            && let Some(chosen) = chosen(sets, option)
        {
            self.choose(chosen, events);
        }
        match self.asked_interruption.take() {
            Some(i) => {
                let go = self.journey.interruptions.get(i).and_then(|int| self.first_go(&int.then));
                if let Some(go) = go {
                    self.jump(&go, events);
                }
            }
            None => self.next_op(),
        }
    }

    fn choose(&mut self, chosen: Chosen, events: &mut Vec<Event>) {
        let choices = &mut self.state.choices;
        match chosen {
            Chosen::Information(i) => choices.information = i,
            Chosen::Anatomy(yes) => {
                choices.anatomy = yes;
                if !yes {
                    self.state.anatomy_shown = false;
                }
            }
            Chosen::PanelSide(side) => choices.panel_side = side,
            Chosen::Pictures(yes) => choices.pictures = yes,
        }
        events.push(Event::Chose { chosen });
    }

    fn skip(&mut self, events: &mut Vec<Event>) {
        events.push(Event::StepSkipped { step: self.state.step.clone() });
        let index = self.state.step_index;
        self.lines.clear();
        self.pass_over_rest(events);
        self.state.fade = 1.0;
        self.leave(index, events);
    }

    fn repeat(&mut self, events: &mut Vec<Event>) {
        let Some(entry) = self.entry.clone() else { return };
        self.clear_operation(events);
        self.quiet_motion(events);
        let s = &mut self.state;
        let e = entry.state;
        s.step_time_s = 0.0;
        s.place = e.place;
        s.viewpoint = e.viewpoint;
        s.machine = e.machine;
        s.delivered = e.delivered;
        s.mu = e.mu;
        s.staff = e.staff;
        s.mask = e.mask;
        s.patient = e.patient;
        s.anatomy_shown = e.anatomy_shown && s.choices.anatomy;
        s.shown = e.shown;
        s.light = e.light;
        s.fade = 1.0;
        self.walks = entry.walks;
        self.motion = entry.motion;
        self.state.moving = self.motion.is_some();
        if self.state.moving {
            events.push(Event::MotionStarted);
        }
        events.push(Event::StepRepeated { step: self.state.step.clone() });
    }
}

fn chosen(sets: Sets, option: &str) -> Option<Chosen> {
    Some(match (sets, option) {
        (Sets::Information, "reassure") => Chosen::Information(Information::Reassure),
        (Sets::Information, "tell") => Chosen::Information(Information::Tell),
        (Sets::Information, "everything") => Chosen::Information(Information::Everything),
        (Sets::PanelSide, "left") => Chosen::PanelSide(PanelSide::Left),
        (Sets::PanelSide, "centre") => Chosen::PanelSide(PanelSide::Centre),
        (Sets::PanelSide, "right") => Chosen::PanelSide(PanelSide::Right),
        (Sets::Anatomy, "yes") => Chosen::Anatomy(true),
        (Sets::Anatomy, "no") => Chosen::Anatomy(false),
        (Sets::Pictures, "yes") => Chosen::Pictures(true),
        (Sets::Pictures, "no") => Chosen::Pictures(false),
        _ => return None,
    })
}
