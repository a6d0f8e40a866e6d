//! What else is made of a person and would otherwise be a file: thumbnails, sounds, meshes; notes and checklists too.

use crate::patients::patient_key;
use crate::sessions::{SessionId, own_session_key};
use crate::store::now;
use crate::{Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, params};

/// The number of a kept blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct BlobId(pub i64);

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// A small picture.
    Thumbnail,
    /// A voice or another sound.
    Sound,
    /// A surface made of an image.
    Mesh,
    /// Anything computed that can be computed again.
    Cache,
    /// Anything else.
    Other,
}

impl BlobKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Sound => "sound",
            Self::Mesh => "mesh",
            Self::Cache => "cache",
            Self::Other => "other",
        }
    }
}

/// A blob to keep.
#[derive(Clone, Debug)]
pub struct NewBlob<'a> {
    /// Whose (PatientID); None: nobody's, or the session's patient's.
    pub patient: Option<&'a str>,
    /// Made in this session.
    pub session: Option<&'a SessionId>,
    /// What it is.
    pub kind: BlobKind,
    /// Under which name to find it again.
    pub name: &'a str,
    /// E.g. `image/png`, `audio/wav`.
    pub media_type: &'a str,
    /// Its bytes.
    pub data: &'a [u8],
}

pub(crate) fn insert_blob(c: &Connection, owner: Option<i64>, blob: &NewBlob<'_>) -> Result<BlobId, StoreError> {
    let session = blob.session.map(|s| own_session_key(c, s, owner)).transpose()?;
    let named = blob.patient.map(|id| patient_key(c, id)).transpose()?;
    if let (Some(owner), Some(named)) = (owner, named)
        && owner != named
    {
        return Err(StoreError::OtherPatient);
    }
    let of_session: Option<i64> = match session {
        Some(key) => c.query_row("SELECT patient FROM sessions WHERE key = ?1", [key], |r| r.get(0))?,
        None => None,
    };
    c.execute(
        "INSERT INTO blobs (patient, session, kind, name, media_type, data, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            owner.or(named).or(of_session),
            session,
            blob.kind.as_str(),
            blob.name,
            blob.media_type,
            blob.data,
            now()
        ],
    )?;
    Ok(BlobId(c.last_insert_rowid()))
}

pub(crate) fn blob(c: &Connection, owner: Option<i64>, id: BlobId) -> Result<Vec<u8>, StoreError> {
    c.query_row("SELECT data FROM blobs WHERE key = ?1 AND (?2 IS NULL OR patient = ?2)", params![id.0, owner], |r| {
        r.get(0)
    })
    .optional()?
    .ok_or(StoreError::NoSuchObject)
}

pub(crate) fn remove_blob(c: &Connection, who: &str, owner: i64, id: BlobId) -> Result<(), StoreError> {
    if c.execute("DELETE FROM blobs WHERE key = ?1 AND patient = ?2", params![id.0, owner])? == 0 {
        return Err(StoreError::NoSuchObject);
    }
    audit::append(c, who, "blob-removed", &subject(Some(owner)), &format!("blob {}", id.0))
}

/// Keeps a blob in the place of those of the same person, kind and name.
pub(crate) fn replace_blob(c: &Connection, owner: i64, blob: &NewBlob<'_>) -> Result<BlobId, StoreError> {
    c.execute(
        "DELETE FROM blobs WHERE patient = ?1 AND kind = ?2 AND name = ?3",
        params![owner, blob.kind.as_str(), blob.name],
    )?;
    insert_blob(c, Some(owner), blob)
}

pub(crate) fn newest_blob(
    c: &Connection,
    patient: i64,
    kind: BlobKind,
    name: &str,
) -> Result<Option<(BlobId, Vec<u8>)>, StoreError> {
    Ok(c.query_row(
        "SELECT key, data FROM blobs WHERE patient = ?1 AND kind = ?2 AND name = ?3 ORDER BY key DESC LIMIT 1",
        params![patient, kind.as_str(), name],
        |r| Ok((BlobId(r.get(0)?), r.get(1)?)),
    )
    .optional()?)
}

/// One ticked item of the staff checklist before a session (consent is one of them).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChecklistItem {
    /// The item's key in the checklist file.
    pub item: String,
    /// `yes`, `no`, or words.
    pub answer: String,
    /// Who asked.
    pub by_staff: String,
}

pub(crate) fn insert_checklist(
    c: &Connection,
    who: &str,
    patient: Option<i64>,
    session: Option<&SessionId>,
    items: &[ChecklistItem],
) -> Result<(), StoreError> {
    let session = session.map(|s| own_session_key(c, s, patient)).transpose()?;
    for item in items {
        c.execute(
            "INSERT INTO checklist (patient, session, item, answer, by_staff, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![patient, session, item.item, item.answer, item.by_staff, now()],
        )?;
    }
    audit::append(c, who, "checklist-kept", &subject(patient), &format!("{} items", items.len()))
}

pub(crate) fn checklist(c: &Connection, patient: i64) -> Result<Vec<ChecklistItem>, StoreError> {
    let mut statement = c.prepare("SELECT item, answer, by_staff FROM checklist WHERE patient = ?1 ORDER BY key")?;
    let rows = statement
        .query_map([patient], |r| Ok(ChecklistItem { item: r.get(0)?, answer: r.get(1)?, by_staff: r.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn insert_note(
    c: &Connection,
    who: &str,
    patient: Option<i64>,
    session: Option<&SessionId>,
    author: &str,
    text: &str,
) -> Result<i64, StoreError> {
    let session = session.map(|s| own_session_key(c, s, patient)).transpose()?;
    c.execute(
        "INSERT INTO notes (patient, session, author, text, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![patient, session, author, text, now()],
    )?;
    let id = c.last_insert_rowid();
    audit::append(c, who, "note-kept", &subject(patient), &format!("note {id}"))?;
    Ok(id)
}

pub(crate) fn notes(c: &Connection, patient: i64) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = c.prepare("SELECT author, text FROM notes WHERE patient = ?1 ORDER BY key")?;
    let rows = statement.query_map([patient], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn subject(patient: Option<i64>) -> String {
    patient.map_or_else(|| "nobody".into(), |key| format!("patient {key}"))
}

impl Store {
    /// Keeps a thumbnail, a sound, a mesh …; on disk when this returns.
    ///
    /// # Errors
    /// When patient or session are not there, or the store cannot be written.
    pub fn save_blob(&self, blob: &NewBlob<'_>) -> Result<BlobId, StoreError> {
        self.inner.write(|t, _| insert_blob(t, None, blob))
    }

    /// A blob's bytes.
    ///
    /// # Errors
    /// When there is none of this number.
    pub fn blob(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        self.inner.read(|c| blob(c, None, id))
    }

    /// Keeps a staff checklist that belongs to no imported patient.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_checklist(&self, session: Option<&SessionId>, items: &[ChecklistItem]) -> Result<(), StoreError> {
        self.inner.write(|t, who| insert_checklist(t, who, None, session, items))
    }
}
