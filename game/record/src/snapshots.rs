//! Pictures of a review, kept as DICOM files; and the staff's own settings.

use crate::patients::patient_key;
use crate::store::now;
use crate::{Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// The number of a kept snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct SnapshotId(pub i64);

/// A snapshot without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its number.
    pub id: SnapshotId,
    /// What it shows, in the clinician's words.
    pub title: String,
    /// Who took it, as the audit names them: `staff NAME`.
    pub author: String,
    /// When: UTC, RFC 3339 with milliseconds.
    pub created_at: String,
    /// Size of its DICOM file.
    pub bytes: u64,
}

/// DICOM's mark after the preamble.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM".as_slice())
}

pub(crate) fn add(
    c: &Connection,
    who: &str,
    patient: i64,
    title: &str,
    dicom: &[u8],
) -> Result<SnapshotId, StoreError> {
    if !is_dicom(dicom) {
        return Err(StoreError::NotDicom);
    }
    c.execute(
        "INSERT INTO snapshots (patient, title, author, created_at, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![patient, title, who, now(), dicom],
    )?;
    let id = c.last_insert_rowid();
    audit::append(c, who, "snapshot-kept", &format!("patient {patient}"), &format!("snapshot {id}"))?;
    Ok(SnapshotId(id))
}

pub(crate) fn all(c: &Connection, patient: i64) -> Result<Vec<Snapshot>, StoreError> {
    let mut statement = c.prepare(
        "SELECT key, title, author, created_at, length(data) FROM snapshots WHERE patient = ?1 ORDER BY key",
    )?;
    let rows = statement.query_map([patient], |r| {
        Ok(Snapshot {
            id: SnapshotId(r.get(0)?),
            title: r.get(1)?,
            author: r.get(2)?,
            created_at: r.get(3)?,
            bytes: r.get::<_, i64>(4)?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn bytes(c: &Connection, owner: Option<i64>, id: SnapshotId) -> Result<Vec<u8>, StoreError> {
    c.query_row(
        "SELECT data FROM snapshots WHERE key = ?1 AND (?2 IS NULL OR patient = ?2)",
        params![id.0, owner],
        |r| r.get(0),
    )
    .optional()?
    .ok_or(StoreError::NoSuchObject)
}

impl Store {
    /// Keeps a picture of a review, a whole DICOM file; on disk when this returns. Its author is who the audit names.
    ///
    /// # Errors
    /// When the patient is not there, the bytes are no DICOM file, or the store cannot be written.
    pub fn add_snapshot(&self, patient: &str, title: &str, dicom: &[u8]) -> Result<SnapshotId, StoreError> {
        self.inner.write(|t, who| add(t, who, patient_key(t, patient)?, title, dicom))
    }

    /// The snapshots of a patient, in the order they were taken.
    ///
    /// # Errors
    /// When the patient is not there or the store cannot be read.
    pub fn snapshots(&self, patient: &str) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.read(|c| all(c, patient_key(c, patient)?))
    }

    /// The DICOM file of a snapshot.
    ///
    /// # Errors
    /// When there is none of this number.
    pub fn snapshot_bytes(&self, id: SnapshotId) -> Result<Vec<u8>, StoreError> {
        self.inner.read(|c| bytes(c, None, id))
    }

    /// A setting of a member of staff, as it was last set; None where it never was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn preference(&self, staff: &str, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.read(|c| {
            let sql = "SELECT value FROM preferences WHERE staff = ?1 AND name = ?2";
            Ok(c.query_row(sql, [staff, name], |r| r.get(0)).optional()?)
        })
    }

    /// Keeps a setting of a member of staff, in the place of an earlier one; on disk when this returns.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_preference(&self, staff: &str, name: &str, value: &str) -> Result<(), StoreError> {
        self.inner.write(|t, who| {
            t.execute(
                "INSERT INTO preferences (staff, name, value, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (staff, name) DO UPDATE SET value = ?3, changed_at = ?4",
                params![staff, name, value, now()],
            )?;
            audit::append(t, who, "preference-set", &format!("staff {staff}"), name)
        })
    }
}
