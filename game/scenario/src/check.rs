//! Faults of a scene, found before anybody wears a headset.

mod reach;

use crate::condition::{Condition, Named};
use crate::journey::{Beat, Go, Journey, Target, Tempo};
use crate::question::{QuestionKind, Sets};
use crate::room::{Axis, Room, ScreenPicture, Site};
use std::collections::BTreeSet;

/// One fault of the data itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The word of the file that is at fault, to find its line.
    pub word: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

fn fault(word: impl Into<String>, what: impl Into<String>, advice: impl Into<String>) -> Fault {
    Fault { word: word.into(), what: what.into(), advice: advice.into() }
}

/// The first fault that makes a journey unplayable, in words.
pub(crate) fn unplayable(journey: &Journey, room: &Room) -> Option<String> {
    room_faults(room).into_iter().chain(journey_faults(journey, room)).next().map(|f| f.what)
}

/// Faults of a room's numbers and names.
pub fn room_faults(room: &Room) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(0.5..=2.0).contains(&room.isocentre_height_m) {
        faults.push(fault(
            "isocentre_height_m",
            format!("an isocentre {} m over the floor", room.isocentre_height_m),
            "give metres, 0.5 to 2",
        ));
    }
    let k = &room.kinematics;
    let axes: [(&str, &Axis); 7] = [
        ("gantry", &k.gantry),
        ("couch", &k.couch),
        ("couch_travel", &k.couch_travel),
        ("couch_tilt", &k.couch_tilt),
        ("imagers", &k.imagers),
        ("snout", &k.snout),
        ("door", &k.door),
    ];
    for (name, a) in axes {
        let finite = [a.min, a.max, a.speed, a.acceleration].iter().all(|x| x.is_finite());
        if !(finite && a.min <= a.max && a.speed > 0.0 && a.acceleration > 0.0) {
            faults.push(fault(
                name,
                format!("axis '{name}' cannot move"),
                "give min below max, and a speed and acceleration above 0",
            ));
        }
    }
    if k.gantry.speed > 6.0 {
        faults.push(fault("gantry", "a gantry faster than one turn a minute", "give at most 6 degrees a second"));
    }
    if !(0.1..=2.0).contains(&k.walking_m_per_s) {
        faults.push(fault(
            "walking_m_per_s",
            format!("people who walk {} m/s", k.walking_m_per_s),
            "give 0.1 to 2 metres a second",
        ));
    }
    if room.viewpoints.is_empty() {
        faults.push(fault("viewpoints", "a room without a viewpoint", "add one"));
    }
    for (name, v) in &room.viewpoints {
        let apart: f64 = v.eye_m.iter().zip(&v.look_at_m).map(|(a, b)| (a - b).powi(2)).sum();
        if !(apart.is_finite() && apart > 1e-4 && v.exposure_ev.is_finite()) {
            faults.push(fault(
                name,
                format!("viewpoint '{name}' looks at itself"),
                "move its look_at_m away from its eye_m",
            ));
        }
    }
    for (name, c) in &room.cameras {
        let apart: f64 = c.at_m.iter().zip(&c.look_at_m).map(|(a, b)| (a - b).powi(2)).sum();
        if !(apart.is_finite() && apart > 1e-4 && (10.0..=120.0).contains(&c.field_deg)) {
            faults.push(fault(name, format!("camera '{name}' sees nothing"), "give it 10 to 120 degrees of something"));
        }
    }
    for s in &room.screens {
        if let ScreenPicture::Camera(name) = &s.shows
            && !room.cameras.contains_key(name)
        {
            faults.push(fault(name, format!("a screen of an unknown camera '{name}'"), "name one of the cameras"));
        }
        if !(s.size_m.iter().all(|x| *x > 0.0) && s.at_m.iter().all(|x| x.is_finite()) && s.heading_deg.is_finite()) {
            faults.push(fault("screens", "a screen that is nowhere", "give finite numbers and a size"));
        }
    }
    for (name, s) in &room.stations {
        if !s.at_m.iter().all(|x| x.is_finite()) || !s.heading_deg.is_finite() {
            faults.push(fault(name, format!("station '{name}' is nowhere"), "give finite numbers"));
        }
    }
    for (name, c) in &room.couch_positions {
        if !c.top_m.iter().all(|x| x.is_finite()) || !c.turn_deg.is_finite() {
            faults.push(fault(name, format!("couch position '{name}' is nowhere"), "give finite numbers"));
        }
    }
    faults
}

/// Faults of a journey in its room, texts and files aside.
pub fn journey_faults(journey: &Journey, room: &Room) -> Vec<Fault> {
    let mut faults = Vec::new();
    let l = &journey.limits;
    for (name, value, most) in [
        ("planned_s", l.planned_s, 600.0),
        ("gentle_s", l.gentle_s, 600.0),
        ("over_s", l.over_s, 720.0),
        ("hard_s", l.hard_s, 1200.0),
    ] {
        if !(value > 0.0 && value <= most) {
            faults.push(fault(
                name,
                format!("limit '{name}' of {value} s"),
                format!("give more than 0 and at most {most} seconds"),
            ));
        }
    }
    if journey.steps.is_empty() {
        faults.push(fault("steps", "a journey without steps", "add one"));
    }
    let mut seen = BTreeSet::new();
    for step in journey.all_steps() {
        if !seen.insert(&step.id) {
            faults.push(fault(&step.id, format!("step '{}' stands twice", step.id), "rename one of them"));
        }
    }
    let mut asked = BTreeSet::new();
    for q in &journey.questions {
        if !asked.insert(&q.id) {
            faults.push(fault(&q.id, format!("question '{}' stands twice", q.id), "rename one of them"));
        }
        question_faults(q, &mut faults);
    }
    let mut check = Check { journey, room, faults: &mut faults };
    check.step_name(&l.gentle_step);
    for name in &l.endings {
        check.step_name(name);
    }
    for i in &journey.interruptions {
        if !(0.0..=1.0).contains(&i.at) {
            check.faults.push(fault(
                "interruptions",
                format!("an interruption at {}", i.at),
                "give a fraction from 0 to 1",
            ));
        }
        check.question(&i.ask);
        check.gos(&i.then);
    }
    for step in journey.all_steps() {
        check.beats(&step.beats);
        check.gos(&step.then);
    }
    for d in &journey.demonstration {
        match journey.question(&d.question) {
            None => check.question(&d.question),
            Some(q) => {
                if let Err(why) = q.accepts(&d.reply) {
                    check.faults.push(fault(
                        &d.question,
                        format!("a demonstration answer that does not fit: {why}"),
                        "mend it",
                    ));
                }
            }
        }
    }
    reach::cycles(journey, &mut faults);
    reach::unreachable(journey, &mut faults);
    faults
}

fn question_faults(q: &crate::question::Question, faults: &mut Vec<Fault>) {
    if let QuestionKind::Scale { from, to, .. } = &q.kind
        && (from >= to || to.saturating_sub(*from) > 100)
    {
        faults.push(fault(
            &q.id,
            format!("question '{}' has a scale from {from} to {to}", q.id),
            "let it rise by 1 to 100",
        ));
    }
    let mut names = BTreeSet::new();
    for o in q.options() {
        if !names.insert(&o.id) {
            faults.push(fault(&o.id, format!("option '{}' stands twice in '{}'", o.id, q.id), "rename one of them"));
        }
    }
    if matches!(&q.kind, QuestionKind::Choice(o) if o.is_empty()) {
        faults.push(fault(&q.id, format!("question '{}' has nothing to choose", q.id), "add options"));
    }
    let wanted: &[&str] = match q.sets {
        None => return,
        Some(Sets::Information) => &["reassure", "tell", "everything"],
        Some(Sets::PanelSide) => &["left", "centre", "right"],
        Some(Sets::Anatomy | Sets::Pictures) => &["yes", "no"],
    };
    for o in q.options() {
        if !wanted.contains(&o.id.as_str()) {
            faults.push(fault(
                &o.id,
                format!("option '{}' of '{}' sets nothing", o.id, q.id),
                format!("use one of: {}", wanted.join(", ")),
            ));
        }
    }
}

struct Check<'a> {
    journey: &'a Journey,
    room: &'a Room,
    faults: &'a mut Vec<Fault>,
}

impl Check<'_> {
    fn known<'k>(&mut self, what: &str, name: &str, known: impl Iterator<Item = &'k str>) {
        let known: Vec<_> = known.collect();
        if !known.contains(&name) {
            self.faults.push(fault(
                name,
                format!("unknown {what} '{name}'"),
                format!("use one of: {}", known.join(", ")),
            ));
        }
    }

    fn step_name(&mut self, name: &str) {
        let journey = self.journey;
        self.known("step", name, journey.all_steps().map(|s| s.id.as_str()));
    }

    fn question(&mut self, name: &str) {
        let journey = self.journey;
        self.known("question", name, journey.questions.iter().map(|q| q.id.as_str()));
    }

    fn gos(&mut self, gos: &[Go]) {
        for go in gos {
            self.step_name(&go.to);
            self.condition(&go.when);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let journey = self.journey;
        let mut found = Vec::new();
        condition.names(&mut |named| match named {
            Named::Option(q, option) => match journey.question(q) {
                None => found.push(fault(
                    q,
                    format!("unknown question '{q}' in a condition"),
                    "name a question of this journey",
                )),
                Some(question) => {
                    if !question.options().iter().any(|o| o.id == option) {
                        found.push(fault(
                            option,
                            format!("question '{q}' has no option '{option}'"),
                            "name one of its options",
                        ));
                    }
                }
            },
            Named::Number(q) => {
                if !journey.question(q).is_some_and(|q| matches!(q.kind, QuestionKind::Scale { .. })) {
                    found.push(fault(
                        q,
                        format!("'{q}' in a condition is no question with numbers"),
                        "name a question with a scale",
                    ));
                }
            }
            Named::Site(name, value) => site_fault(name, value, &mut found),
        });
        self.faults.append(&mut found);
    }

    fn seconds(&mut self, word: &str, seconds: f64, least: f64) {
        if !(seconds >= least && seconds <= 600.0) {
            self.faults.push(fault(word, format!("{seconds} seconds"), format!("give {least} to 600 seconds")));
        }
    }

    fn beats(&mut self, beats: &[Beat]) {
        let room = self.room;
        for beat in beats {
            match beat {
                Beat::Say(key, s) | Beat::Over(key, s) => self.seconds(key, *s, 0.1),
                Beat::Wait(s) => self.seconds("Wait", *s, 0.0),
                Beat::Ask(q) => self.question(q),
                Beat::Place(v) => self.known("viewpoint", v, room.viewpoints.keys().map(String::as_str)),
                Beat::Move(targets) => {
                    for t in targets {
                        match t {
                            Target::Couch(c) => {
                                self.known("couch position", c, room.couch_positions.keys().map(String::as_str))
                            }
                            Target::Gantry(x) | Target::Imagers(x) | Target::Snout(x) | Target::Door(x)
                                if !x.is_finite() =>
                            {
                                self.faults.push(fault("Move", "a target that is no number", "give a finite number"));
                            }
                            Target::Nudge(mm) if mm.iter().any(|x| x.is_nan() || x.abs() > 50.0) => {
                                self.faults.push(fault("Nudge", "a nudge of more than 50 mm", "give millimetres"));
                            }
                            _ => {}
                        }
                    }
                }
                Beat::Deliver { tempo, says } => {
                    match tempo {
                        Tempo::Within(s) => self.seconds("Within", *s, 1.0),
                        Tempo::Times(x) if !(1.0..=1000.0).contains(x) => {
                            self.faults.push(fault("Times", format!("a beam told {x} times faster"), "give 1 to 1000"));
                        }
                        _ => {}
                    }
                    for (at, key, s) in says {
                        if !(0.0..=1.0).contains(at) {
                            self.faults.push(fault(
                                key,
                                format!("a line at {at} of a beam"),
                                "give a fraction from 0 to 1",
                            ));
                        }
                        self.seconds(key, *s, 0.1);
                    }
                }
                Beat::Staff(who, station, _) => {
                    self.known("member of staff", who, room.staff.iter().map(|p| p.id.as_str()));
                    self.known("station", station, room.stations.keys().map(String::as_str));
                }
                Beat::Walk(who, via, _) => {
                    self.known("member of staff", who, room.staff.iter().map(|p| p.id.as_str()));
                    for station in via {
                        self.known("station", station, room.stations.keys().map(String::as_str));
                    }
                }
                Beat::Gone(who) => self.known("member of staff", who, room.staff.iter().map(|p| p.id.as_str())),
                Beat::Sound(name) => self.known("sound", name, room.sounds.keys().map(String::as_str)),
                Beat::When(condition, inner) => {
                    self.condition(condition);
                    self.beats(inner);
                }
                Beat::Beams(_, inner) => self.beats(inner),
                Beat::Light(x) if !x.is_finite() => {
                    self.faults.push(fault("Light", "a light that is no number", "give 0 to 1"));
                }
                _ => {}
            }
        }
    }
}

fn site_fault(name: &str, value: &str, found: &mut Vec<Fault>) {
    const SETTINGS: [&str; 7] = ["signal", "bell", "music", "heard", "beam_queue", "maze", "open_mask"];
    let values: &[&str] = if name == "signal" { &["hand", "bulb", "button"] } else { &["yes", "no"] };
    if !SETTINGS.contains(&name) {
        found.push(fault(name, format!("unknown setting '{name}'"), format!("use one of: {}", SETTINGS.join(", "))));
    } else if !values.contains(&value) {
        found.push(fault(
            value,
            format!("setting '{name}' is never '{value}'"),
            format!("use one of: {}", values.join(", ")),
        ));
    }
}

impl Site {
    /// Whether the department has filled what a patient will ask about.
    pub fn unfilled(&self) -> Vec<&'static str> {
        let mut open = Vec::new();
        if self.seconds_to_free.is_none() {
            open.push("seconds_to_free");
        }
        if self.phone.is_empty() {
            open.push("phone");
        }
        open
    }
}
