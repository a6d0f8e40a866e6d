//! `vestibule record`: what the store keeps.

mod mark;
mod snapshot;

use crate::Global;
use crate::output::{Done, Failure, print_json, write_new};
use crate::store::{self, Create};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vestibule_record::{AnswerFilter, AnswerValue, BlobId, DEFAULT_STAFF, Key, SessionId, Store, StoredAnswer};

/// `vestibule record`: what the store keeps.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Answers to the questions asked in journeys
    #[command(subcommand)]
    Questionnaire(Questionnaire),
    /// Staff and their PINs, which open all modes but the patient's
    #[command(subcommand)]
    Staff(Staff),
    /// Notes, bookmarks and measurements that clinicians left in a review
    #[command(subcommand)]
    Mark(mark::Command),
    /// Pictures that clinicians took in a review
    #[command(subcommand)]
    Snapshot(snapshot::Command),
    /// Read everything and say whether it is whole
    Verify,
    /// Who did what, oldest first
    Audit,
    /// Copy the whole store, encrypted as it is, into another folder
    Backup {
        /// Folder for the copy; it must hold no store yet
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Put a backup back, into a place where there is no store
    Restore {
        /// Folder of the backup
        #[arg(value_name = "DIR")]
        from: PathBuf,
    },
    /// Change the store's passphrase
    Passphrase {
        /// Open with the recovery key instead of the present passphrase: asked for, or read from this file (mode 0600)
        #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
        recovery: Option<Option<PathBuf>>,
        /// Read the new passphrase from this file (mode 0600) instead of asking
        #[arg(long, value_name = "FILE")]
        new_file: Option<PathBuf>,
    },
}

/// `vestibule record questionnaire`.
#[derive(clap::Subcommand)]
pub enum Questionnaire {
    /// List answers, in the order they were given
    List {
        /// Of this patient only
        #[arg(long, value_name = "ID")]
        patient: Option<String>,
        /// Of this session only
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// Write a kept voice to a WAV file; `list` names it as {"sound": NUMBER}
    Sound {
        /// The number
        number: i64,
        /// The file; one that is there already is not overwritten
        #[arg(long, value_name = "FILE.wav")]
        out: PathBuf,
        /// Of anybody who is not synthetic: a voice is a person
        #[arg(long)]
        identifiable: bool,
    },
}

/// `vestibule record staff`.
#[derive(clap::Subcommand)]
pub enum Staff {
    /// Set or replace a PIN (4 to 12 digits)
    SetPin {
        /// Whose
        #[arg(default_value = DEFAULT_STAFF)]
        name: String,
        /// Read the PIN from this file (mode 0600) instead of asking
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
    /// Check a PIN
    Check {
        /// Whose
        #[arg(default_value = DEFAULT_STAFF)]
        name: String,
        /// Read the PIN from this file (mode 0600) instead of asking
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
    /// Who has a PIN
    List,
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    match command {
        Command::Questionnaire(Questionnaire::List { patient, session }) => list(patient, session, global),
        Command::Questionnaire(Questionnaire::Sound { number, out, identifiable }) => {
            sound(number, &out, identifiable, global)
        }
        Command::Staff(command) => staff(command, global),
        Command::Mark(command) => mark::run(command, global),
        Command::Snapshot(command) => snapshot::run(command, global),
        Command::Verify => verify(&store::open(global, Create::No)?, global),
        Command::Audit => audit(global),
        Command::Backup { to } => {
            store::open(global, Create::No)?.backup(&to).map_err(Failure::work)?;
            say!("The store was copied to {}; the same passphrase opens it.", to.display());
            Ok(())
        }
        Command::Restore { from } => restore(&from, global),
        Command::Passphrase { recovery, new_file } => change_passphrase(recovery, new_file, global),
    }
}

#[derive(Serialize)]
struct Responses {
    responses: Vec<Response>,
}

#[derive(Serialize)]
struct Response {
    questionnaire: String,
    item: String,
    value: AnswerValue,
    patient: Option<String>,
    at: String,
    session: SessionId,
    step: String,
    time_s: f64,
    language: String,
    attempt: u32,
    /// False where the same question was answered again later in the session: the last one counts, none is lost.
    counts: bool,
    by: &'static str,
}

/// Parts of one answer (chips, `-typed`, `-voice`) belong to one question.
fn question_of(item: &str) -> &str {
    item.strip_suffix("-typed").or_else(|| item.strip_suffix("-voice")).unwrap_or(item)
}

/// The last attempt at each question of each session.
fn last_attempts(answers: &[StoredAnswer]) -> BTreeMap<(String, String, String), u32> {
    let mut last = BTreeMap::new();
    for a in answers.iter().map(|s| &s.answer) {
        let key = (a.session.0.clone(), a.questionnaire.clone(), question_of(&a.item).to_owned());
        let attempt = last.entry(key).or_insert(a.attempt);
        *attempt = a.attempt.max(*attempt);
    }
    last
}

impl Response {
    fn new(stored: StoredAnswer, last: &BTreeMap<(String, String, String), u32>) -> Self {
        let a = stored.answer;
        let key = (a.session.0.clone(), a.questionnaire.clone(), question_of(&a.item).to_owned());
        Self {
            attempt: a.attempt,
            counts: last.get(&key).is_none_or(|n| *n == a.attempt),
            by: if a.by_staff { "staff" } else { "patient" },
            questionnaire: a.questionnaire,
            item: a.item,
            value: a.value,
            patient: stored.patient,
            at: stored.at,
            session: a.session,
            step: a.step,
            time_s: a.time_s,
            language: a.language,
        }
    }
}

fn list(patient: Option<String>, session: Option<String>, global: &Global) -> Done {
    let store = store::open(global, Create::No)?;
    if let Some(id) = &patient
        && !store.patients().map_err(Failure::work)?.iter().any(|p| p.id == *id)
    {
        return Err(Failure::work(vestibule_record::StoreError::NoSuchPatient));
    }
    let filter = AnswerFilter { patient, session: session.map(SessionId), questionnaire: None };
    let answers = store.answers(&filter).map_err(Failure::work)?;
    store.append_audit("answers-listed", "store", &format!("{} answers", answers.len())).map_err(Failure::work)?;
    let last = last_attempts(&answers);
    let responses: Vec<Response> = answers.into_iter().map(|a| Response::new(a, &last)).collect();
    if global.json {
        return print_json(&Responses { responses });
    }
    for r in &responses {
        let value = serde_json::to_string(&r.value).map_err(Failure::work)?;
        let mut remark = if r.by == "staff" { "  (written by staff)" } else { "" }.to_owned();
        if !r.counts {
            remark.push_str("  (answered again later)");
        }
        say!(
            "{}  {:<16} {:<20} {:<16} {value}{remark}",
            r.at,
            r.patient.as_deref().unwrap_or("-"),
            r.questionnaire,
            r.item
        );
    }
    if responses.is_empty() {
        say!("No answers are kept in this store yet.");
    }
    Ok(())
}

/// Writes a kept voice where somebody can listen to it; the audit notes it.
fn sound(number: i64, out: &Path, identifiable: bool, global: &Global) -> Done {
    let store = store::open(global, Create::No)?;
    let answers = store.answers(&AnswerFilter::default()).map_err(Failure::work)?;
    let wanted = AnswerValue::Sound { sound: number };
    let Some(answer) = answers.into_iter().find(|a| a.answer.value == wanted) else {
        return Err(Failure::call(format!(
            "no answer has a sound of number {number}; `vestibule record questionnaire list` names them"
        )));
    };
    let patients = store.patients().map_err(Failure::work)?;
    let synthetic = patients.iter().any(|p| Some(&p.id) == answer.patient.as_ref() && p.synthetic);
    if !synthetic && !identifiable {
        return Err(Failure::call("a voice is a person: say --identifiable to write it to an open file"));
    }
    let sound = store.blob(BlobId(number)).map_err(Failure::work)?;
    write_new(out, &sound)?;
    store.append_audit("sound-written", "store", &format!("blob {number}")).map_err(Failure::work)?;
    if global.json {
        return print_json(&serde_json::json!({ "sound": number, "bytes": sound.len() }));
    }
    say!("The voice was written to {}. The file is not encrypted.", out.display());
    Ok(())
}

fn staff(command: Staff, global: &Global) -> Done {
    let no_terminal = "there is no terminal to ask for the PIN: give it with --pin-file FILE (mode 0600)";
    match command {
        Staff::SetPin { name, pin_file } => {
            let store = store::open(global, Create::Yes)?;
            let pin = match pin_file {
                Some(path) => store::from_file(&path)?,
                None => {
                    let pin = store::ask(&format!("New PIN of {name} (4 to 12 digits): "), no_terminal)?;
                    if *store::ask("Once more: ", no_terminal)? != *pin {
                        return Err(Failure::call("the two PINs differ: nothing was changed"));
                    }
                    pin
                }
            };
            store.set_pin(&name, &pin).map_err(Failure::work)?;
            say!("The PIN of {name} is set.");
        }
        Staff::Check { name, pin_file } => {
            let store = store::open(global, Create::No)?;
            match pin_file {
                Some(path) => store.check_pin(&name, &store::from_file(&path)?).map_err(Failure::work)?,
                None => store::staff_gate(&store, Some(&name))?,
            }
            say!("The PIN is right.");
        }
        Staff::List => {
            let names = store::open(global, Create::No)?.staff().map_err(Failure::work)?;
            if global.json {
                #[derive(Serialize)]
                struct Names {
                    staff: Vec<String>,
                }
                return print_json(&Names { staff: names });
            }
            names.iter().for_each(|name| say!("{name}"));
        }
    }
    Ok(())
}

fn verify(store: &Store, global: &Global) -> Done {
    let found = store.verify().map_err(Failure::work)?;
    if global.json {
        print_json(&found)?;
    } else if found.ok {
        say!(
            "The store is whole: {} patients, {} answers, {} audit entries.",
            found.patients,
            found.answers,
            found.audit_entries
        );
    }
    if found.ok {
        return Ok(());
    }
    Err(Failure::Work(format!(
        "the store is not whole; stop using it and restore the last backup: {}",
        found.problems.join("; ")
    )))
}

fn audit(global: &Global) -> Done {
    let entries = store::open(global, Create::No)?.audit().map_err(Failure::work)?;
    if global.json {
        #[derive(Serialize)]
        struct Audit {
            entries: Vec<vestibule_record::AuditEntry>,
        }
        return print_json(&Audit { entries });
    }
    for e in entries {
        say!("{:>6}  {}  {:<16} {:<18} {:<44} {}", e.seq, e.at, e.who, e.action, e.subject, e.detail);
    }
    Ok(())
}

fn restore(from: &Path, global: &Global) -> Done {
    let folder = store::folder(global)?;
    Store::restore(from, &folder).map_err(Failure::work)?;
    verify(&store::open(global, Create::No)?, global)
}

fn change_passphrase(recovery: Option<Option<PathBuf>>, new_file: Option<PathBuf>, global: &Global) -> Done {
    if global.demo {
        return Err(Failure::call("a demonstration store has no passphrase of its own to change"));
    }
    let folder = store::folder(global)?;
    if !Store::exists(&folder) {
        return Err(Failure::work(vestibule_record::OpenError::Missing(folder)));
    }
    let no_terminal = "there is no terminal to ask on: give --new-file FILE, and --passphrase-file or --recovery=FILE";
    let present = match recovery {
        Some(Some(path)) => Key::Recovery(store::from_file(&path)?),
        Some(None) => Key::Recovery(store::ask("Recovery key: ", no_terminal)?),
        None => store::key(global, false)?,
    };
    let new = match new_file {
        Some(path) => store::from_file(&path)?,
        None => store::ask_twice(no_terminal)?,
    };
    store::long_enough(&new)?;
    Store::change_passphrase(&folder, &present, &new).map_err(Failure::work)?;
    say!("The passphrase is changed; the recovery key stays as it was.");
    Ok(())
}
