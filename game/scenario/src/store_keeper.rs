//! Keeps a session in the local store.

use crate::player::{AnswerRecord, KeepError, Keeper, LogLine};
use crate::question::Reply;
use crate::state::Ending;
use crate::texts::Lang;
use std::collections::BTreeMap;
use vestibule_record::{
    Answer, AnswerValue, BlobId, BlobKind, ChecklistItem, Event, NewBlob, NewSession, PatientScope, SessionId,
    StoreError,
};

/// A keeper that reaches one patient in the store and nothing else.
#[derive(Debug)]
pub struct StoreKeeper {
    scope: PatientScope,
    session: SessionId,
    lang: Lang,
}

fn failed(what: &'static str) -> impl FnOnce(StoreError) -> KeepError {
    move |e| KeepError { what, why: e.to_string() }
}

impl StoreKeeper {
    /// Begins a session in the store. `mode`: `patient`, `clinician` or `educator`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn start(scope: PatientScope, journey: &str, mode: &str, lang: Lang) -> Result<Self, StoreError> {
        let session = scope.start_session(&NewSession {
            patient: None,
            journey: journey.to_owned(),
            mode: mode.to_owned(),
            language: lang.code().to_owned(),
        })?;
        Ok(Self { scope, session, lang })
    }

    /// The session's name in the store.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// The patient whose session it is, and nothing else.
    pub fn scope(&self) -> &PatientScope {
        &self.scope
    }

    /// Keeps the staff's checklist of this session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_checklist(&self, answers: &BTreeMap<String, bool>, by_staff: &str) -> Result<(), StoreError> {
        let items: Vec<_> = answers
            .iter()
            .map(|(item, yes)| ChecklistItem {
                item: item.clone(),
                answer: if *yes { "yes" } else { "no" }.to_owned(),
                by_staff: by_staff.to_owned(),
            })
            .collect();
        self.scope.save_checklist(Some(&self.session), &items)
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end(&self, how: Ending) -> Result<(), StoreError> {
        self.scope.end_session(&self.session, &format!("{how:?}"))
    }

    fn row(&self, answer: &AnswerRecord, item: String, value: AnswerValue, by_staff: bool) -> Answer {
        Answer {
            session: self.session.clone(),
            questionnaire: answer.questionnaire.clone(),
            item,
            value,
            step: answer.step.clone(),
            time_s: answer.time_s,
            language: self.lang.code().to_owned(),
            attempt: answer.attempt,
            by_staff,
        }
    }
}

impl Keeper for StoreKeeper {
    fn keep_answer(&mut self, answer: &AnswerRecord) -> Result<(), KeepError> {
        let own = |value| self.row(answer, answer.item.clone(), value, false);
        let rows = match &answer.reply {
            Reply::Number(n) => vec![own(AnswerValue::Whole(i64::from(*n)))],
            Reply::Choice(c) => vec![own(AnswerValue::Text(c.clone()))],
            Reply::Declined => vec![own(AnswerValue::Skipped)],
            Reply::Open { chips, typed, voice } => {
                // Each way of answering is an answer of its own, so that no part hides another.
                let mut rows = vec![own(AnswerValue::Choices(chips.clone()))];
                if !typed.is_empty() {
                    let item = format!("{}-typed", answer.item);
                    rows.push(self.row(answer, item, AnswerValue::Text(typed.clone()), true));
                }
                if let Some(sound) = voice.as_ref().and_then(|v| v.parse().ok()) {
                    let item = format!("{}-voice", answer.item);
                    rows.push(self.row(answer, item, AnswerValue::Sound { sound }, false));
                }
                rows
            }
        };
        self.scope.save_answers(&rows).map_err(failed("answer"))
    }

    fn keep_events(&mut self, lines: &[LogLine]) -> Result<(), KeepError> {
        let events: Vec<_> = lines
            .iter()
            .filter(|l| l.event != "Sound")
            .map(|l| Event {
                session: self.session.clone(),
                time_s: l.time_s,
                step: l.step.clone(),
                kind: l.event.clone(),
                detail: serde_json::json!({
                    "gantry_deg": l.gantry_deg, "couch_deg": l.couch_deg, "mu": l.mu, "dose_gy_max": l.dose_gy_max,
                    "spots": l.spots, "detail": l.detail,
                })
                .to_string(),
            })
            .collect();
        if events.is_empty() {
            return Ok(());
        }
        self.scope.save_events(&events).map_err(failed("event"))
    }

    fn keep_voice(&mut self, question: &str, sound: &[u8]) -> Result<String, KeepError> {
        let name = format!("{question}-voice");
        let blob = NewBlob {
            patient: None,
            session: Some(&self.session),
            kind: BlobKind::Sound,
            name: &name,
            media_type: "audio/wav",
            data: sound,
        };
        self.scope.save_blob(&blob).map(|id| id.0.to_string()).map_err(failed("voice"))
    }
    fn drop_voice(&mut self, name: &str) -> Result<(), KeepError> {
        let id = name.parse().map_err(|_| KeepError { what: "voice", why: "it has no such name".to_owned() })?;
        self.scope.remove_blob(BlobId(id)).map_err(failed("voice"))
    }
}
