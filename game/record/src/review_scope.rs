//! One patient's review and nothing else: what a clinician's run is given, and a patient's never.

use crate::marks::{self, Mark, MarkId, NewMark};
use crate::patients::patient_key;
use crate::snapshots::{self, Snapshot, SnapshotId};
use crate::store::Inner;
use crate::{Store, StoreError, audit};
use std::sync::Arc;

/// A handle that reaches one patient's marks and snapshots, and no other's. A [`PatientScope`](crate::PatientScope) has no
/// way to it. Cheap to clone.
#[derive(Clone)]
pub struct ReviewScope {
    inner: Arc<Inner>,
    key: i64,
}

impl std::fmt::Debug for ReviewScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReviewScope(patient {})", self.key)
    }
}

impl Store {
    /// Opens what clinicians left of one patient, for the member of staff whose PIN was right.
    ///
    /// # Errors
    /// [`StoreError::StaffOnly`] before [`Store::check_pin`] let somebody in; when the patient is not there.
    pub fn review_scope(&self, id: &str) -> Result<ReviewScope, StoreError> {
        let key = self.inner.write(|t, who| {
            if !who.starts_with("staff ") {
                return Err(StoreError::StaffOnly);
            }
            let key = patient_key(t, id)?;
            audit::append(t, who, "review-opened", &format!("patient {key}"), "alone")?;
            Ok(key)
        })?;
        Ok(ReviewScope { inner: Arc::clone(&self.inner), key })
    }
}

impl ReviewScope {
    /// As [`Store::add_mark`].
    ///
    /// # Errors
    /// When the position is none, or the store cannot be written.
    pub fn add_mark(&self, mark: &NewMark<'_>) -> Result<MarkId, StoreError> {
        self.inner.write(|t, who| marks::add(t, who, self.key, mark))
    }

    /// As [`Store::change_mark`].
    ///
    /// # Errors
    /// When the mark is not this patient's, it was withdrawn, or the store cannot be written.
    pub fn change_mark(&self, id: MarkId, mark: &NewMark<'_>) -> Result<(), StoreError> {
        self.inner.write(|t, who| marks::change(t, who, Some(self.key), id, mark))
    }

    /// As [`Store::withdraw_mark`].
    ///
    /// # Errors
    /// As [`ReviewScope::change_mark`].
    pub fn withdraw_mark(&self, id: MarkId) -> Result<(), StoreError> {
        self.inner.write(|t, who| marks::withdraw(t, who, Some(self.key), id))
    }

    /// The marks that stand, in the order they were made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn marks(&self) -> Result<Vec<Mark>, StoreError> {
        self.inner.read(|c| marks::all(c, self.key, false))
    }

    /// As [`Store::add_snapshot`].
    ///
    /// # Errors
    /// When the bytes are no DICOM file, or the store cannot be written.
    pub fn add_snapshot(&self, title: &str, dicom: &[u8]) -> Result<SnapshotId, StoreError> {
        self.inner.write(|t, who| snapshots::add(t, who, self.key, title, dicom))
    }

    /// The snapshots, in the order they were taken.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.read(|c| snapshots::all(c, self.key))
    }

    /// The DICOM file of a snapshot.
    ///
    /// # Errors
    /// When this patient has none of this number.
    pub fn snapshot_bytes(&self, id: SnapshotId) -> Result<Vec<u8>, StoreError> {
        self.inner.read(|c| snapshots::bytes(c, Some(self.key), id))
    }
}
