//! One patient and nothing else.

use crate::blobs::{self, BlobId, BlobKind, ChecklistItem, NewBlob};
use crate::patients::{self, patient_key};
use crate::sessions::{self, Answer, AnswerFilter, Event, NewSession, SessionId, StoredAnswer};
use crate::store::Inner;
use crate::{Progress, Store, StoreError, audit, opening};
use std::sync::Arc;
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, Patient};

/// A handle that reaches one patient's rows and no other's: what a patient's run is given. It has no way back to the
/// whole store. Cheap to clone.
#[derive(Clone)]
pub struct PatientScope {
    pub(crate) inner: Arc<Inner>,
    pub(crate) key: i64,
}

impl std::fmt::Debug for PatientScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PatientScope(patient {})", self.key)
    }
}

impl Store {
    /// Opens one patient and nothing else.
    ///
    /// # Errors
    /// When they are not there.
    pub fn patient_scope(&self, id: &str) -> Result<PatientScope, StoreError> {
        let key = self.inner.write(|t, who| {
            let key = patient_key(t, id)?;
            audit::append(t, who, "patient-opened", &format!("patient {key}"), "alone")?;
            Ok(key)
        })?;
        Ok(PatientScope { inner: Arc::clone(&self.inner), key })
    }
}

impl PatientScope {
    /// The person with everything imported of them.
    ///
    /// # Errors
    /// When an object cannot be read back.
    pub fn patient(&self) -> Result<Patient, StoreError> {
        opening::open(&self.inner, self.key, &Progress::default(), None)
    }

    /// Adds a computed dose.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn put_dose(&self, dose: &Dose) -> Result<(), StoreError> {
        self.inner.write(|t, _| patients::put_dose(t, self.key, dose))
    }

    /// Keeps a volume made of the person's images under a name; one of the same name is replaced.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn put_derived(&self, name: &str, volume: &Volume<f32>) -> Result<(), StoreError> {
        self.inner.write(|t, _| patients::put_derived(t, self.key, name, volume))
    }

    /// A derived volume by its name.
    ///
    /// # Errors
    /// When it cannot be read back.
    pub fn derived(&self, name: &str) -> Result<Option<Volume<f32>>, StoreError> {
        patients::derived(&self.inner, self.key, name)
    }

    /// Begins a session of this patient; [`NewSession::patient`] is not looked at.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn start_session(&self, new: &NewSession) -> Result<SessionId, StoreError> {
        self.inner.write(|t, who| sessions::start(t, who, Some(self.key), new))
    }

    /// As [`Store::end_session`].
    ///
    /// # Errors
    /// When the session is not this patient's or the store cannot be written.
    pub fn end_session(&self, session: &SessionId, how: &str) -> Result<(), StoreError> {
        self.inner.write(|t, who| sessions::end(t, who, Some(self.key), session, how))
    }

    /// Keeps an answer: it is on disk when this returns. Gives its number.
    ///
    /// # Errors
    /// When the session is not this patient's or the store cannot be written; the answer is then not kept.
    pub fn save_answer(&self, answer: &Answer) -> Result<i64, StoreError> {
        self.inner.write(|t, _| sessions::insert_answer(t, Some(self.key), answer))
    }

    /// Keeps the parts of one answer in one write, whole or not at all; on disk when this returns.
    ///
    /// # Errors
    /// As [`PatientScope::save_answer`]; then none of them is kept.
    pub fn save_answers(&self, answers: &[Answer]) -> Result<(), StoreError> {
        self.inner
            .write(|t, _| answers.iter().try_for_each(|a| sessions::insert_answer(t, Some(self.key), a).map(|_| ())))
    }

    /// Keeps events in one write; on disk when this returns.
    ///
    /// # Errors
    /// As [`PatientScope::save_answer`].
    pub fn save_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.inner.write(|t, _| sessions::insert_events(t, Some(self.key), events))
    }

    /// This patient's answers, in the order they were given.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answers(&self, filter: &AnswerFilter) -> Result<Vec<StoredAnswer>, StoreError> {
        self.inner.read(|c| sessions::select_answers(c, Some(self.key), filter))
    }

    /// The events of one of this patient's sessions.
    ///
    /// # Errors
    /// When the session is not this patient's.
    pub fn events(&self, session: &SessionId) -> Result<Vec<Event>, StoreError> {
        self.inner.read(|c| sessions::select_events(c, Some(self.key), session))
    }

    /// Keeps a blob of this patient; [`NewBlob::patient`] may be None.
    ///
    /// # Errors
    /// When it names another patient, or the store cannot be written.
    pub fn save_blob(&self, blob: &NewBlob<'_>) -> Result<BlobId, StoreError> {
        self.inner.write(|t, _| blobs::insert_blob(t, Some(self.key), blob))
    }

    /// Keeps a blob in the place of those of the same kind and name: a thumbnail, a cache.
    ///
    /// # Errors
    /// As [`PatientScope::save_blob`].
    pub fn replace_blob(&self, blob: &NewBlob<'_>) -> Result<BlobId, StoreError> {
        self.inner.write(|t, _| blobs::replace_blob(t, self.key, blob))
    }

    /// A blob's bytes.
    ///
    /// # Errors
    /// When this patient has none of this number.
    pub fn blob(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        self.inner.read(|c| blobs::blob(c, Some(self.key), id))
    }

    /// Removes a blob that the person does not want kept: its pages are overwritten.
    ///
    /// # Errors
    /// When this patient has none of this number, or the store cannot be written.
    pub fn remove_blob(&self, id: BlobId) -> Result<(), StoreError> {
        self.inner.write(|t, who| blobs::remove_blob(t, who, self.key, id))
    }

    /// The newest blob of a kind and name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find_blob(&self, kind: BlobKind, name: &str) -> Result<Option<(BlobId, Vec<u8>)>, StoreError> {
        self.inner.read(|c| blobs::newest_blob(c, self.key, kind, name))
    }

    /// Keeps the staff checklist of a session.
    ///
    /// # Errors
    /// When the session is not this patient's or the store cannot be written.
    pub fn save_checklist(&self, session: Option<&SessionId>, items: &[ChecklistItem]) -> Result<(), StoreError> {
        self.inner.write(|t, who| blobs::insert_checklist(t, who, Some(self.key), session, items))
    }

    /// Every checklist item kept for this patient.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn checklist(&self) -> Result<Vec<ChecklistItem>, StoreError> {
        self.inner.read(|c| blobs::checklist(c, self.key))
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// When the session is not this patient's or the store cannot be written.
    pub fn save_note(&self, session: Option<&SessionId>, author: &str, text: &str) -> Result<i64, StoreError> {
        self.inner.write(|t, who| blobs::insert_note(t, who, Some(self.key), session, author, text))
    }

    /// This patient's notes: author and text.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.read(|c| blobs::notes(c, self.key))
    }
}
