//! What clinicians leave in a review: notes pinned in space, bookmarks of views, measurements. Nothing of it is lost: a
//! change keeps what stood before, and what is taken back stays as withdrawn, until the patient is removed.

use crate::patients::patient_key;
use crate::store::now;
use crate::{Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

/// The number of a kept mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct MarkId(pub i64);

/// What a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// Words.
    Note,
    /// A view to come back to.
    Bookmark,
    /// A distance, an angle, a region.
    Measure,
}

impl MarkKind {
    /// As the store and the listing write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Bookmark => "bookmark",
            Self::Measure => "measure",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        [Self::Note, Self::Bookmark, Self::Measure].into_iter().find(|k| k.as_str() == text)
    }
}

/// A mark to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMark<'a> {
    /// What it is.
    pub kind: MarkKind,
    /// Words of the clinician; may be empty.
    pub text: &'a str,
    /// Where it is pinned, DICOM patient coordinates, mm; None for a mark of no place.
    pub position_mm: Option<[f64; 3]>,
    /// Which form `body` has: the caller's own number.
    pub format: u32,
    /// What the view needs to show it again; the store does not look into it.
    pub body: &'a [u8],
}

/// A mark as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Its number.
    pub id: MarkId,
    /// What it is.
    pub kind: MarkKind,
    /// Words of the clinician.
    pub text: String,
    /// Where it is pinned, DICOM patient coordinates, mm.
    pub position_mm: Option<[f64; 3]>,
    /// Which form `body` has.
    pub format: u32,
    /// As it was given.
    pub body: Vec<u8>,
    /// Who wrote it as it stands, as the audit names them: `staff NAME`.
    pub author: String,
    /// When it was first kept: UTC, RFC 3339 with milliseconds.
    pub created_at: String,
    /// When it became what it is.
    pub changed_at: String,
    /// Taken back; who and when stands in the audit.
    pub withdrawn: bool,
}

const COLUMNS: &str = "key, kind, text, x, y, z, format, body, author, created_at, changed_at, withdrawn";

fn read(r: &Row<'_>) -> Result<Mark, StoreError> {
    let kind: String = r.get(1)?;
    let position: [Option<f64>; 3] = [r.get(3)?, r.get(4)?, r.get(5)?];
    Ok(Mark {
        id: MarkId(r.get(0)?),
        kind: MarkKind::from_text(&kind).ok_or(StoreError::Unreadable)?,
        text: r.get(2)?,
        position_mm: match position {
            [Some(x), Some(y), Some(z)] => Some([x, y, z]),
            _ => None,
        },
        format: r.get(6)?,
        body: r.get(7)?,
        author: r.get(8)?,
        created_at: r.get(9)?,
        changed_at: r.get(10)?,
        withdrawn: r.get(11)?,
    })
}

/// The coordinates as columns; SQLite has no NaN.
fn columns(mark: &NewMark<'_>) -> Result<[Option<f64>; 3], StoreError> {
    match mark.position_mm {
        Some(p) if p.iter().all(|v| v.is_finite()) => Ok(p.map(Some)),
        Some(_) => Err(StoreError::NotAPosition),
        None => Ok([None; 3]),
    }
}

pub(crate) fn add(c: &Connection, who: &str, patient: i64, mark: &NewMark<'_>) -> Result<MarkId, StoreError> {
    let ([x, y, z], at) = (columns(mark)?, now());
    c.execute(
        "INSERT INTO marks (patient, kind, text, x, y, z, format, body, author, created_at, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        params![patient, mark.kind.as_str(), mark.text, x, y, z, mark.format, mark.body, who, at],
    )?;
    let id = c.last_insert_rowid();
    audit::append(c, who, "mark-kept", &format!("patient {patient}"), &format!("{} {id}", mark.kind.as_str()))?;
    Ok(MarkId(id))
}

/// Whose a mark is; an error where it is not of `owner`, or was withdrawn.
fn standing(c: &Connection, owner: Option<i64>, id: MarkId) -> Result<i64, StoreError> {
    let found: Option<(i64, bool)> = c
        .query_row("SELECT patient, withdrawn FROM marks WHERE key = ?1", [id.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    match (found, owner) {
        (None, _) => Err(StoreError::NoSuchObject),
        (Some((patient, _)), Some(owner)) if patient != owner => Err(StoreError::OtherPatient),
        (Some((_, true)), _) => Err(StoreError::Withdrawn),
        (Some((patient, false)), _) => Ok(patient),
    }
}

pub(crate) fn change(
    c: &Connection,
    who: &str,
    owner: Option<i64>,
    id: MarkId,
    mark: &NewMark<'_>,
) -> Result<(), StoreError> {
    let patient = standing(c, owner, id)?;
    let [x, y, z] = columns(mark)?;
    c.execute(
        "INSERT INTO mark_history (mark, kind, text, x, y, z, format, body, author, since)
         SELECT key, kind, text, x, y, z, format, body, author, changed_at FROM marks WHERE key = ?1",
        [id.0],
    )?;
    c.execute(
        "UPDATE marks SET kind = ?2, text = ?3, x = ?4, y = ?5, z = ?6, format = ?7, body = ?8, author = ?9,
         changed_at = ?10 WHERE key = ?1",
        params![id.0, mark.kind.as_str(), mark.text, x, y, z, mark.format, mark.body, who, now()],
    )?;
    audit::append(c, who, "mark-changed", &format!("patient {patient}"), &format!("{} {}", mark.kind.as_str(), id.0))
}

pub(crate) fn withdraw(c: &Connection, who: &str, owner: Option<i64>, id: MarkId) -> Result<(), StoreError> {
    let patient = standing(c, owner, id)?;
    c.execute("UPDATE marks SET withdrawn = 1 WHERE key = ?1", [id.0])?;
    audit::append(c, who, "mark-withdrawn", &format!("patient {patient}"), &format!("mark {}", id.0))
}

pub(crate) fn all(c: &Connection, patient: i64, withdrawn: bool) -> Result<Vec<Mark>, StoreError> {
    let mut statement =
        c.prepare(&format!("SELECT {COLUMNS} FROM marks WHERE patient = ?1 AND (?2 OR NOT withdrawn) ORDER BY key"))?;
    let mut rows = statement.query(params![patient, withdrawn])?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        found.push(read(r)?);
    }
    Ok(found)
}

/// What a mark was before each change, oldest first; `changed_at` says since when it was so.
pub(crate) fn history(c: &Connection, owner: Option<i64>, id: MarkId) -> Result<Vec<Mark>, StoreError> {
    let mut statement = c.prepare(
        "SELECT m.key, h.kind, h.text, h.x, h.y, h.z, h.format, h.body, h.author, m.created_at, h.since, 0
         FROM mark_history h JOIN marks m ON m.key = h.mark
         WHERE m.key = ?1 AND (?2 IS NULL OR m.patient = ?2) ORDER BY h.key",
    )?;
    let mut rows = statement.query(params![id.0, owner])?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        found.push(read(r)?);
    }
    Ok(found)
}

impl Store {
    /// Keeps a mark of a patient; on disk when this returns. Its author is who the audit names ([`Store::check_pin`]).
    ///
    /// # Errors
    /// When the patient is not there, the position is none, or the store cannot be written.
    pub fn add_mark(&self, patient: &str, mark: &NewMark<'_>) -> Result<MarkId, StoreError> {
        self.inner.write(|t, who| add(t, who, patient_key(t, patient)?, mark))
    }

    /// Puts something else in a mark's place; what stood before is kept ([`Store::mark_history`]).
    ///
    /// # Errors
    /// When there is no such mark, it was withdrawn, or the store cannot be written.
    pub fn change_mark(&self, id: MarkId, mark: &NewMark<'_>) -> Result<(), StoreError> {
        self.inner.write(|t, who| change(t, who, None, id, mark))
    }

    /// Takes a mark back: it stays in the store, and out of [`Store::marks`].
    ///
    /// # Errors
    /// As [`Store::change_mark`].
    pub fn withdraw_mark(&self, id: MarkId) -> Result<(), StoreError> {
        self.inner.write(|t, who| withdraw(t, who, None, id))
    }

    /// The marks of a patient that stand, in the order they were made.
    ///
    /// # Errors
    /// When the patient is not there or the store cannot be read.
    pub fn marks(&self, patient: &str) -> Result<Vec<Mark>, StoreError> {
        self.inner.read(|c| all(c, patient_key(c, patient)?, false))
    }

    /// The same with those that were withdrawn.
    ///
    /// # Errors
    /// As [`Store::marks`].
    pub fn all_marks(&self, patient: &str) -> Result<Vec<Mark>, StoreError> {
        self.inner.read(|c| all(c, patient_key(c, patient)?, true))
    }

    /// What a mark was before each change, oldest first; [`Mark::changed_at`] says since when it was so.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn mark_history(&self, id: MarkId) -> Result<Vec<Mark>, StoreError> {
        self.inner.read(|c| history(c, None, id))
    }
}
