//! Whether everything kept is still there and whole.

use crate::{Store, StoreError, audit, pack, snapshots};
use rusqlite::Connection;

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// No problems.
    pub ok: bool,
    /// Number of patients.
    pub patients: usize,
    /// Number of answers.
    pub answers: usize,
    /// Number of clinicians' marks, withdrawn ones included.
    pub marks: usize,
    /// Number of snapshots.
    pub snapshots: usize,
    /// Number of audit entries.
    pub audit_entries: usize,
    /// What is wrong, in words; empty when all is well. No personal data.
    pub problems: Vec<String>,
}

fn rows(c: &Connection, pragma: &str) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    c.pragma_query(None, pragma, |r| {
        found.push(r.get::<_, rusqlite::types::Value>(0).map(|v| match v {
            rusqlite::types::Value::Text(text) => text,
            other => format!("{pragma}: {other:?}"),
        })?);
        Ok(())
    })?;
    Ok(found)
}

fn count(c: &Connection, table: &str) -> Result<usize, StoreError> {
    Ok(c.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get::<_, i64>(0))? as usize)
}

/// Every chunk of voxels unpacks to its own number of voxels.
fn unreadable_chunks(c: &Connection) -> Result<usize, StoreError> {
    let mut statement = c.prepare("SELECT packing, count, data FROM voxels")?;
    let mut rows = statement.query([])?;
    let mut bad = 0;
    let (mut room, mut unpacker) = (vec![0f32; pack::CHUNK], pack::Unpacker::default());
    while let Some(row) = rows.next()? {
        let count = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX);
        let chunk = pack::Chunk { packing: row.get(0)?, count, data: row.get(2)? };
        bad += usize::from(room.get_mut(..count).is_none_or(|out| unpacker.unpack(&chunk, out).is_err()));
    }
    Ok(bad)
}

fn not_dicom(c: &Connection) -> Result<usize, StoreError> {
    let mut statement = c.prepare("SELECT substr(data, 1, 132) FROM snapshots")?;
    let mut rows = statement.query([])?;
    let mut bad = 0;
    while let Some(row) = rows.next()? {
        bad += usize::from(!snapshots::is_dicom(&row.get::<_, Vec<u8>>(0)?));
    }
    Ok(bad)
}

impl Store {
    /// Reads everything: page authentication, SQLite's own integrity check, references, voxels, snapshots, the audit's chain.
    ///
    /// # Errors
    /// When the store is too damaged to be read at all.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        self.inner.read(|c| {
            // The page check reads the file and not the WAL: a page that a power failure left half carried over is whole
            // in the WAL, and is so carried over first.
            c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            let mut problems = rows(c, "cipher_integrity_check")?; // one row per page whose HMAC fails
            problems.extend(rows(c, "integrity_check")?.into_iter().filter(|line| line != "ok"));
            problems
                .extend(rows(c, "foreign_key_check")?.into_iter().map(|t| format!("a row of {t} refers to nothing")));
            match unreadable_chunks(c)? {
                0 => {}
                n => problems.push(format!("{n} pieces of images or doses cannot be read back")),
            }
            match not_dicom(c)? {
                0 => {}
                n => problems.push(format!("{n} snapshots are no longer DICOM files")),
            }
            let (audit_entries, audit_problems) = audit::check(c)?;
            problems.extend(audit_problems);
            Ok(Verification {
                ok: problems.is_empty(),
                patients: count(c, "patients")?,
                answers: count(c, "answers")?,
                marks: count(c, "marks")?,
                snapshots: count(c, "snapshots")?,
                audit_entries,
                problems,
            })
        })
    }
}
