//! The append-only audit: each entry's hash covers the one before it, so that a change anywhere shows.

use crate::key::digest;
use crate::store::now;
use crate::{Store, StoreError};
use rusqlite::{Connection, params};

/// One entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditEntry {
    /// 1, 2, 3 …
    pub seq: i64,
    /// UTC, RFC 3339 with milliseconds.
    pub at: String,
    /// Who acted.
    pub who: String,
    /// What was done, e.g. `patient-imported`.
    pub action: String,
    /// To what: `patient 3`, `session …`. Never a name or a PatientID, for the audit outlives a removed patient.
    pub subject: String,
    /// More, in words; no personal data.
    pub detail: String,
}

impl AuditEntry {
    fn hash(&self, before: &[u8]) -> [u8; 32] {
        let seq = self.seq.to_le_bytes();
        digest(&[
            before,
            &seq,
            self.at.as_bytes(),
            self.who.as_bytes(),
            self.action.as_bytes(),
            self.subject.as_bytes(),
            self.detail.as_bytes(),
        ])
    }
}

/// Appends within the caller's transaction.
pub(crate) fn append(
    connection: &Connection,
    who: &str,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let (last, before): (i64, Vec<u8>) =
        connection.query_row("SELECT seq, hash FROM audit_head", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let entry = AuditEntry {
        seq: last + 1,
        at: now(),
        who: who.into(),
        action: action.into(),
        subject: subject.into(),
        detail: detail.into(),
    };
    let hash = entry.hash(&before);
    connection.execute(
        "INSERT INTO audit (seq, at, who, action, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![entry.seq, entry.at, entry.who, entry.action, entry.subject, entry.detail, hash],
    )?;
    connection.execute("UPDATE audit_head SET seq = ?1, hash = ?2", params![entry.seq, hash])?;
    Ok(())
}

/// Entries with their stored hashes, in order.
fn entries(connection: &Connection) -> Result<Vec<(AuditEntry, Vec<u8>)>, StoreError> {
    let mut statement =
        connection.prepare("SELECT seq, at, who, action, subject, detail, hash FROM audit ORDER BY seq")?;
    let rows = statement.query_map([], |r| {
        let entry = AuditEntry {
            seq: r.get(0)?,
            at: r.get(1)?,
            who: r.get(2)?,
            action: r.get(3)?,
            subject: r.get(4)?,
            detail: r.get(5)?,
        };
        Ok((entry, r.get(6)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many entries there are, and what is wrong with the chain.
pub(crate) fn check(connection: &Connection) -> Result<(usize, Vec<String>), StoreError> {
    let mut problems = Vec::new();
    let guards: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_head')",
        [],
        |r| r.get(0),
    )?;
    if guards != 5 {
        problems.push("the audit's guards were removed".into());
    }
    let entries = entries(connection)?;
    let mut before = vec![0u8; 32];
    for (n, (entry, hash)) in entries.iter().enumerate() {
        if entry.seq != n as i64 + 1 {
            problems.push(format!("audit: entry {} is missing", n + 1));
            break;
        }
        if entry.hash(&before)[..] != hash[..] {
            problems.push(format!("audit: entry {} was changed", entry.seq));
            break;
        }
        before.clone_from(hash);
    }
    let head: (i64, Vec<u8>) =
        connection.query_row("SELECT seq, hash FROM audit_head", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if problems.is_empty() && (head.0 != entries.len() as i64 || head.1 != before) {
        problems.push(format!("audit: {} entries are there, {} were written", entries.len(), head.0));
    }
    Ok((entries.len(), problems))
}

impl Store {
    /// Writes one entry; who acts is [`Store::set_actor`]'s. No names, no PatientIDs: see [`AuditEntry::subject`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_audit(&self, action: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
        self.inner.write(|t, who| append(t, who, action, subject, detail))
    }

    /// The whole audit, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn audit(&self) -> Result<Vec<AuditEntry>, StoreError> {
        self.inner.read(|c| Ok(entries(c)?.into_iter().map(|(e, _)| e).collect()))
    }
}
