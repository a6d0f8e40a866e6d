//! A journey without a screen: the real step machine, machine motion, dose and store.

use super::{Args, Opened};
use crate::Global;
use crate::output::{self, Done, Failure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;
use vestibule_scenario::{
    Action, AnswerRecord, Clearance, DemoAnswer, Ending, Event, KeepError, Keeper, LogLine, Painter, Player,
    QuestionKind, Reply, SessionOptions, StoreKeeper,
};

/// Time step of the session's clock, seconds.
const STEP_S: f64 = 0.1;

/// Answers from a file. Whatever it leaves out is taken from the scene's demonstration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Answers {
    /// Items of the staff's checklist: true = yes.
    checklist: BTreeMap<String, bool>,
    /// Replies to questions.
    replies: Vec<DemoAnswer>,
}

/// What a played journey comes to.
#[derive(Debug, Serialize)]
struct Summary {
    journey: String,
    session: String,
    ending: Ending,
    steps: Vec<String>,
    minutes: f64,
    spots: usize,
    mu: f64,
    dose_max_gy: f64,
    dose_type: &'static str,
    summation: &'static str,
    engine: String,
    simplified: bool,
    clearance: Clearance,
    answers: BTreeMap<String, String>,
    answers_kept: usize,
    staff_alerts: Vec<String>,
}

/// The store, and for a synthetic patient the log beside it.
struct Keepers {
    store: StoreKeeper,
    log: Option<BufWriter<File>>,
    kept: usize,
}

impl Keeper for Keepers {
    fn keep_answer(&mut self, answer: &AnswerRecord) -> Result<(), KeepError> {
        self.store.keep_answer(answer)?;
        self.kept += 1;
        Ok(())
    }

    fn keep_events(&mut self, lines: &[LogLine]) -> Result<(), KeepError> {
        self.store.keep_events(lines)?;
        if let Some(log) = &mut self.log {
            let why = |e: &dyn std::fmt::Display| KeepError { what: "event", why: format!("the log file: {e}") };
            for line in lines {
                serde_json::to_writer(&mut *log, line).map_err(|e| why(&e))?;
                log.write_all(b"\n").map_err(|e| why(&e))?;
            }
        }
        Ok(())
    }
}

/// Plays to the end and prints what came of it.
pub fn run(args: &Args, global: &Global) -> Done {
    if args.speed.is_some_and(|s| !(0.01..=1000.0).contains(&s)) {
        return Err(Failure::call("--speed takes 0.01 to 1000"));
    }
    let given: Answers = args.answers.as_deref().map(read_answers).transpose()?.unwrap_or_default();
    let opened = Opened::new(args, global)?;
    let mut replies: BTreeMap<String, Reply> =
        opened.journey.demonstration.iter().map(|d| (d.question.clone(), d.reply.clone())).collect();
    for answer in given.replies {
        match opened.journey.question(&answer.question) {
            None => return Err(Failure::call(format!("--answers: there is no question '{}'", answer.question))),
            Some(q) => q.accepts(&answer.reply).map_err(|why| Failure::call(format!("--answers: {why}")))?,
        }
        replies.insert(answer.question, answer.reply);
    }
    let log = match &args.log {
        Some(_) if !opened.patient.synthetic => {
            return Err(Failure::call("--log is for synthetic patients; anyone else's log stays in the store"));
        }
        Some(path) => {
            let file = File::create(path).map_err(|e| {
                Failure::Work(format!("cannot write the log {}: {e}; name another file", path.display()))
            })?;
            Some(BufWriter::new(file))
        }
        None => None,
    };
    let mut checked = opened.checklist.as_ref().map(|c| c.demonstration()).unwrap_or_default();
    checked.extend(given.checklist);
    let clearance = opened.clear(&checked, "demonstration")?;

    let session = opened.session(SessionOptions::default())?;
    let live = opened.prepared.live();
    let engine = opened.prepared.dose.engine().to_owned();
    let planned_s = opened.journey.limits.planned_s;
    let journey = opened.journey.id.clone();
    let keepers = Keepers { store: opened.keeper, log, kept: 0 };
    let mut player = Player::new(session, live, keepers);

    let bar = output::progress(planned_s as u64, "playing");
    let (mut steps, mut alerts) = (Vec::new(), Vec::new());
    while player.state().finished.is_none() {
        let events = player.advance(STEP_S).map_err(Failure::work)?;
        note(&events, &mut steps, &mut alerts);
        if let Some(action) = reply(&player, &replies) {
            let events = player.act(action).map_err(Failure::work)?;
            note(&events, &mut steps, &mut alerts);
        }
        bar.set_position((player.state().time_s.min(planned_s)) as u64);
        if let Some(speed) = args.speed {
            std::thread::sleep(Duration::from_secs_f64(STEP_S / speed));
        }
    }
    bar.finish_and_clear();

    let state = player.state().clone();
    let ending = state.finished.unwrap_or(Ending::Stopped);
    let (live, mut keepers) = player.into_parts();
    if let Some(log) = &mut keepers.log {
        log.flush().map_err(|e| Failure::Work(format!("cannot finish the log: {e}")))?;
    }
    keepers.store.end(ending).map_err(Failure::work)?;
    let summary = Summary {
        journey,
        session: keepers.store.session().to_string(),
        ending,
        steps,
        minutes: state.time_s / 60.0,
        spots: state.delivered.spots,
        mu: state.mu,
        dose_max_gy: live.max_gy(),
        dose_type: "PHYSICAL",
        summation: "FRACTION",
        simplified: engine.contains("simplified"),
        engine,
        clearance,
        answers: state.answers.iter().map(|(q, r)| (q.clone(), r.as_text())).collect(),
        answers_kept: keepers.kept,
        staff_alerts: alerts,
    };
    if global.json { output::print_json(&summary) } else { print(&summary) }
}

fn note(events: &[Event], steps: &mut Vec<String>, alerts: &mut Vec<String>) {
    for event in events {
        match event {
            Event::StepEntered { step } => steps.push(step.clone()),
            Event::StaffAlert { reason } => alerts.push(reason.clone()),
            _ => {}
        }
    }
}

/// What to do about the open panel.
fn reply<P: Painter, K: Keeper>(player: &Player<P, K>, replies: &BTreeMap<String, Reply>) -> Option<Action> {
    let panel = player.state().panel.as_ref()?;
    let question = panel.question.as_ref()?;
    Some(match panel.kind {
        QuestionKind::Note => Action::Continue,
        _ => Action::Answer(replies.get(question).cloned().unwrap_or(Reply::Declined)),
    })
}

fn read_answers(path: &Path) -> Result<Answers, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::call(format!("cannot read the answers {}: {e}", path.display())))?;
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(&text).map_err(|e| {
        Failure::call(format!("{}:{}: {}; see demonstration: in a journey", path.display(), e.span.start.line, e.code))
    })
}

fn print(s: &Summary) -> Done {
    say!("{}: {:?} after {:.1} minutes", s.journey, s.ending, s.minutes);
    say!("steps: {}", s.steps.join(" "));
    say!(
        "dose: at most {:.3} Gy physical, one fraction, {} spots, {:.1} MU; {}",
        s.dose_max_gy,
        s.spots,
        s.mu,
        s.engine
    );
    say!("answers kept: {}", s.answers_kept);
    for (question, value) in &s.answers {
        say!("  {question}: {value}");
    }
    for alert in &s.staff_alerts {
        say!("staff told: {alert}");
    }
    match &s.clearance {
        Clearance::Window(items) => say!("checklist: the window instead of the headset ({})", items.join(", ")),
        _ => say!("checklist: nothing against the headset"),
    }
    say!("session {} is in the store", s.session);
    Ok(())
}
