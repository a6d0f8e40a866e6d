//! A copy of the whole store, encrypted as it is, in another folder; and the way back.

use crate::files::{self, DATABASE, DATABASE_NEW, Header, Lock};
use crate::{OpenError, Store, StoreError, audit};
use std::path::Path;

/// Copies the database under its provisional name, then the header, then gives it its name: a copy that is cut short is
/// either nothing or completes itself when it is first opened.
fn copy(from: &Path, header: &Header, to: &Path) -> Result<(), OpenError> {
    let new = to.join(DATABASE_NEW);
    let whole = || -> std::io::Result<()> {
        let mut source = std::fs::File::open(from)?;
        let mut target = files::private_file(&new)?;
        std::io::copy(&mut source, &mut target)?;
        target.sync_all()
    };
    if let Err(error) = whole() {
        let _ = std::fs::remove_file(&new); // half a copy is worth nothing
        return Err(OpenError::io(to, error));
    }
    header.write(to)?;
    std::fs::rename(&new, to.join(DATABASE)).map_err(|e| OpenError::io(to, e))?;
    files::sync_folder(to)
}

impl Store {
    /// Copies the store into another folder, which may be missing but may hold no store. The same passphrase opens it.
    ///
    /// # Errors
    /// When there is a store in that folder, or it cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), OpenError> {
        let header = Header::read(self.folder())?.ok_or_else(|| OpenError::HeaderGone(self.folder().into()))?;
        files::make_folder(to)?;
        let _lock = Lock::take(to)?;
        if Self::exists(to) {
            return Err(OpenError::Exists(to.into()));
        }
        let noted = self.inner.write(|t, who| audit::append(t, who, "backed-up", "store", ""));
        noted.map_err(|e| OpenError::Backup(e.to_string()))?;
        // Everything from the WAL into the file, and nobody writes while it is copied.
        let mut copied = Ok(());
        let done = self.inner.read(|c| {
            let busy: i64 = c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
            if busy != 0 {
                return Err(StoreError::Database(rusqlite::Error::QueryReturnedNoRows));
            }
            copied = copy(&self.folder().join(DATABASE), &header, to);
            Ok(())
        });
        done.map_err(|e| OpenError::Backup(e.to_string()))?;
        copied
    }

    /// Puts a backup into a folder that holds no store. Open it, and verify it, afterwards.
    ///
    /// # Errors
    /// When `from` holds no whole backup, or `to` holds a store or cannot be written.
    pub fn restore(from: &Path, to: &Path) -> Result<(), OpenError> {
        let header = Header::read(from)?.ok_or_else(|| OpenError::Missing(from.into()))?;
        if !from.join(DATABASE).is_file() {
            return Err(OpenError::DatabaseGone(from.into()));
        }
        if files::family(from, DATABASE)[1..].iter().any(|f| f.metadata().is_ok_and(|m| m.len() > 0)) {
            return Err(OpenError::Backup(format!(
                "{} is a store in use or interrupted, not a backup",
                from.display()
            )));
        }
        files::make_folder(to)?;
        let _lock = Lock::take(to)?;
        if Self::exists(to) {
            return Err(OpenError::Exists(to.into()));
        }
        copy(&from.join(DATABASE), &header, to)
    }
}
