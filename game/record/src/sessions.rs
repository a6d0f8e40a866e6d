//! Sessions, answers and events.

use crate::patients::patient_key;
use crate::store::now;
use crate::{Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// One walk through one journey.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId(pub String);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a session begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSession {
    /// Whose; None for a journey without a patient.
    pub patient: Option<String>,
    /// The journey's name.
    pub journey: String,
    /// `patient`, `clinician` or `educator`.
    pub mode: String,
    /// `fr` or `en`.
    pub language: String,
}

/// What was answered. Written as plain JSON: 7, "text", ["a","b"], true, {"sound":12}, null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnswerValue {
    /// Yes or no.
    YesNo(bool),
    /// A whole number, e.g. anxiety from 0 to 10.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Words: chosen, or typed by staff.
    Text(String),
    /// Several choices (chips).
    Choices(Vec<String>),
    /// A voice, kept as a blob: [`crate::BlobId`].
    Sound {
        /// The blob's number.
        sound: i64,
    },
    /// Asked and passed over.
    Skipped,
}

/// One answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// In which session.
    pub session: SessionId,
    /// The questionnaire, e.g. `anxiety-before`.
    pub questionnaire: String,
    /// The question in it.
    pub item: String,
    /// What was answered.
    pub value: AnswerValue,
    /// The journey's step.
    pub step: String,
    /// The journey's clock, s.
    pub time_s: f64,
    /// The language it was asked in.
    pub language: String,
    /// 1 for the first time in this session; a question asked again after a repeat counts on, and the last one counts.
    pub attempt: u32,
    /// Written by staff in the person's name.
    pub by_staff: bool,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// Its number: grows with every answer kept.
    pub id: i64,
    /// Whose (PatientID); None for a session without a patient.
    pub patient: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// When it was kept: UTC, RFC 3339 with milliseconds.
    pub at: String,
}

/// Which answers; every field that is None lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFilter {
    /// Of one person.
    pub patient: Option<String>,
    /// Of one session.
    pub session: Option<SessionId>,
    /// Of one questionnaire.
    pub questionnaire: Option<String>,
}

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// In which session.
    pub session: SessionId,
    /// The journey's clock, s.
    pub time_s: f64,
    /// The journey's step.
    pub step: String,
    /// What kind, e.g. `step`, `staff-alert`, `pause`.
    pub kind: String,
    /// The rest, as JSON or words.
    pub detail: String,
}

/// The session's key and its patient's.
pub(crate) fn session_key(c: &Connection, id: &SessionId) -> Result<(i64, Option<i64>), StoreError> {
    c.query_row("SELECT key, patient FROM sessions WHERE id = ?1", [&id.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?
        .ok_or(StoreError::NoSuchSession)
}

/// As [`session_key`], for the sessions of one patient only.
pub(crate) fn own_session_key(c: &Connection, id: &SessionId, owner: Option<i64>) -> Result<i64, StoreError> {
    match (session_key(c, id)?, owner) {
        ((_, patient), Some(owner)) if patient != Some(owner) => Err(StoreError::OtherPatient),
        ((key, _), _) => Ok(key),
    }
}

pub(crate) fn start(
    c: &Connection,
    who: &str,
    patient: Option<i64>,
    new: &NewSession,
) -> Result<SessionId, StoreError> {
    let id = SessionId(uuid::Uuid::new_v4().to_string());
    c.execute(
        "INSERT INTO sessions (id, patient, journey, mode, language, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.0, patient, new.journey, new.mode, new.language, now()],
    )?;
    audit::append(c, who, "session-started", &format!("session {id}"), &format!("{} {}", new.journey, new.mode))?;
    Ok(id)
}

pub(crate) fn end(
    c: &Connection,
    who: &str,
    owner: Option<i64>,
    session: &SessionId,
    how: &str,
) -> Result<(), StoreError> {
    let key = own_session_key(c, session, owner)?;
    c.execute("UPDATE sessions SET ended_at = ?2, how = ?3 WHERE key = ?1", params![key, now(), how])?;
    audit::append(c, who, "session-ended", &format!("session {session}"), how)
}

pub(crate) fn insert_answer(c: &Connection, owner: Option<i64>, answer: &Answer) -> Result<i64, StoreError> {
    let session = own_session_key(c, &answer.session, owner)?;
    let value = serde_json::to_string(&answer.value).map_err(|e| StoreError::Pack(e.to_string()))?;
    c.execute(
        "INSERT INTO answers (session, questionnaire, item, value, step, time_s, language, at, attempt, by_staff)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            session,
            answer.questionnaire,
            answer.item,
            value,
            answer.step,
            answer.time_s,
            answer.language,
            now(),
            answer.attempt,
            answer.by_staff
        ],
    )?;
    Ok(c.last_insert_rowid())
}

pub(crate) fn insert_events(c: &Connection, owner: Option<i64>, events: &[Event]) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached(
        "INSERT INTO events (session, time_s, step, kind, detail, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for event in events {
        let session = own_session_key(c, &event.session, owner)?;
        statement.execute(params![session, event.time_s, event.step, event.kind, event.detail, now()])?;
    }
    Ok(())
}

pub(crate) fn select_answers(
    c: &Connection,
    owner: Option<i64>,
    filter: &AnswerFilter,
) -> Result<Vec<StoredAnswer>, StoreError> {
    let mut statement = c.prepare(
        "SELECT a.key, p.id, s.id, a.questionnaire, a.item, a.value, a.step, a.time_s, a.language, a.at,
                a.attempt, a.by_staff
         FROM answers a JOIN sessions s ON s.key = a.session LEFT JOIN patients p ON p.key = s.patient
         WHERE (?1 IS NULL OR s.patient = ?1) AND (?2 IS NULL OR p.id = ?2) AND (?3 IS NULL OR s.id = ?3)
           AND (?4 IS NULL OR a.questionnaire = ?4)
         ORDER BY a.key",
    )?;
    let session = filter.session.as_ref().map(|s| &s.0);
    let mut rows = statement.query(params![owner, filter.patient, session, filter.questionnaire])?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        let value: String = r.get(5)?;
        found.push(StoredAnswer {
            id: r.get(0)?,
            patient: r.get(1)?,
            answer: Answer {
                session: SessionId(r.get(2)?),
                questionnaire: r.get(3)?,
                item: r.get(4)?,
                value: serde_json::from_str(&value).map_err(|_| StoreError::Unreadable)?,
                step: r.get(6)?,
                time_s: r.get(7)?,
                language: r.get(8)?,
                attempt: r.get(10)?,
                by_staff: r.get(11)?,
            },
            at: r.get(9)?,
        });
    }
    Ok(found)
}

pub(crate) fn select_events(c: &Connection, owner: Option<i64>, session: &SessionId) -> Result<Vec<Event>, StoreError> {
    let key = own_session_key(c, session, owner)?;
    let mut statement = c.prepare("SELECT time_s, step, kind, detail FROM events WHERE session = ?1 ORDER BY key")?;
    let rows = statement.query_map([key], |r| {
        Ok(Event { session: session.clone(), time_s: r.get(0)?, step: r.get(1)?, kind: r.get(2)?, detail: r.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// When the patient is not there or the store cannot be written.
    pub fn start_session(&self, new: &NewSession) -> Result<SessionId, StoreError> {
        self.inner.write(|t, who| {
            let patient = new.patient.as_deref().map(|id| patient_key(t, id)).transpose()?;
            start(t, who, patient, new)
        })
    }

    /// Ends a session; `how`: `finished`, `stopped`, `interrupted` …
    ///
    /// # Errors
    /// When there is no such session or the store cannot be written.
    pub fn end_session(&self, session: &SessionId, how: &str) -> Result<(), StoreError> {
        self.inner.write(|t, who| end(t, who, None, session, how))
    }

    /// Keeps an answer: it is on disk when this returns. Gives its number.
    ///
    /// # Errors
    /// When there is no such session or the store cannot be written; the answer is then not kept.
    pub fn save_answer(&self, answer: &Answer) -> Result<i64, StoreError> {
        self.inner.write(|t, _| insert_answer(t, None, answer))
    }

    /// Keeps one event; on disk when this returns.
    ///
    /// # Errors
    /// As [`Store::save_answer`].
    pub fn save_event(&self, event: &Event) -> Result<(), StoreError> {
        self.save_events(std::slice::from_ref(event))
    }

    /// Keeps several events in one write, which costs as much as one.
    ///
    /// # Errors
    /// As [`Store::save_answer`]; then none of them is kept.
    pub fn save_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.inner.write(|t, _| insert_events(t, None, events))
    }

    /// Answers, in the order they were given.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answers(&self, filter: &AnswerFilter) -> Result<Vec<StoredAnswer>, StoreError> {
        self.inner.read(|c| select_answers(c, None, filter))
    }

    /// The events of a session, in order.
    ///
    /// # Errors
    /// When there is no such session.
    pub fn events(&self, session: &SessionId) -> Result<Vec<Event>, StoreError> {
        self.inner.read(|c| select_events(c, None, session))
    }
}
