use std::path::PathBuf;

/// Why a store could not be created or opened. Each says what, where and what to do; nothing is lost by any of them.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is described by its message")]
pub enum OpenError {
    #[error("there is no store in {0}: import a patient or play a journey first, which makes one")]
    Missing(PathBuf),
    #[error("{0} holds a store already: open it, or choose another folder")]
    Exists(PathBuf),
    #[error(
        "the passphrase does not open the store in {0}: try again, or use the recovery key printed when it was made"
    )]
    WrongPassphrase(PathBuf),
    #[error("the recovery key does not open the store in {0}: check it letter by letter")]
    WrongRecoveryKey(PathBuf),
    #[error("that is not a recovery key: it has 14 groups of 4 letters and digits")]
    NotARecoveryKey,
    #[error("this key does not open the store in {0}, or its file is damaged: nothing was changed")]
    WrongKey(PathBuf),
    #[error("the store in {0} is a demonstration store: add --demo, or choose another folder with --store")]
    IsDemo(PathBuf),
    #[error("the store in {0} is not a demonstration store: leave --demo out, or choose another folder with --store")]
    NotDemo(PathBuf),
    #[error(
        "the store in {folder} is in use by another Vestibule{holder}: close that one and try again; nothing was changed"
    )]
    InUse { folder: PathBuf, holder: String },
    #[error(
        "the store in {folder} was written by a newer Vestibule (format {found}, this one reads up to {known}): \
         update Vestibule; nothing was changed"
    )]
    Newer { folder: PathBuf, found: i64, known: i64 },
    #[error(
        "{0} holds store.json but no store.db: put store.db back from a backup, or move store.json away to start anew"
    )]
    DatabaseGone(PathBuf),
    #[error(
        "{0} holds store.db but no store.json, without which it cannot be opened: put store.json back from a backup"
    )]
    HeaderGone(PathBuf),
    #[error("{0} cannot be read as a store header: put it back from a backup")]
    DamagedHeader(PathBuf),
    #[error(
        "the folder {0} cannot be written to: give yourself the right to write there, or choose another with --store"
    )]
    ReadOnly(PathBuf),
    #[error("the disk that holds {0} is full: free some space and try again; nothing was lost")]
    DiskFull(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the key could not be derived: {0}")]
    KeyDerivation(String),
    #[error("the copy could not be made: {0}")]
    Backup(String),
    #[error("the store in {folder} cannot be opened: {source}")]
    Database { folder: PathBuf, source: rusqlite::Error },
}

impl OpenError {
    /// Turns an I/O error on a path into the message it deserves.
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let path = path.into();
        match source.kind() {
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => Self::DiskFull(path),
            K::ReadOnlyFilesystem | K::PermissionDenied => Self::ReadOnly(path),
            _ => Self::Io { path, source },
        }
    }

    /// Turns a database error met while opening into the message it deserves.
    pub(crate) fn database(folder: impl Into<PathBuf>, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        let folder = folder.into();
        match source.sqlite_error_code() {
            Some(C::NotADatabase | C::DatabaseCorrupt) => Self::WrongKey(folder),
            Some(C::DiskFull) => Self::DiskFull(folder),
            Some(C::ReadOnly | C::CannotOpen | C::PermissionDenied) => Self::ReadOnly(folder),
            Some(C::DatabaseBusy | C::DatabaseLocked) => Self::InUse { folder, holder: String::new() },
            _ => Self::Database { folder, source },
        }
    }
}

/// Why something could not be kept in, or read from, an open store. What was confirmed before stays as it was.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is described by its message")]
pub enum StoreError {
    #[error(
        "the disk is full: nothing of this was kept, all that was kept before is safe; free some space and try again"
    )]
    DiskFull,
    #[error("the store cannot be written to: it or its folder is read-only; what it holds is safe")]
    ReadOnly,
    #[error("the store's file is damaged: stop, and restore the last backup")]
    Damaged,
    #[error("no such patient in this store: `vestibule patient list` shows who is")]
    NoSuchPatient,
    #[error(
        "somebody else with this patient ID (another birth date or name) is in the store already: remove them first, \
         or give the new study another ID"
    )]
    AnotherPerson,
    #[error("no such session in this store")]
    NoSuchSession,
    #[error("this belongs to another patient than the one that is open")]
    OtherPatient,
    #[error("this is for staff: a staff PIN opens it")]
    StaffOnly,
    #[error("a position has three finite numbers, mm")]
    NotAPosition,
    #[error("this mark was withdrawn: it stays as it is")]
    Withdrawn,
    #[error("a snapshot is a DICOM file, and these bytes are none")]
    NotDicom,
    #[error("no such object in this store")]
    NoSuchObject,
    #[error("a stored object cannot be read back (kept by another version of Vestibule?): import the patient again")]
    Unreadable,
    #[error("the opening was cancelled: nothing was changed")]
    Cancelled,
    #[error("the patient was imported anew or removed while being opened: open them again")]
    Changed,
    #[error("a stored object cannot be packed: {0}")]
    Pack(String),
    #[error("the key could not be derived: {0}")]
    KeyDerivation(String),
    #[error("the store could not do this: {0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        match error.sqlite_error_code() {
            Some(C::DiskFull) => Self::DiskFull,
            Some(C::ReadOnly) => Self::ReadOnly,
            Some(C::NotADatabase | C::DatabaseCorrupt) => Self::Damaged,
            // A write that the file system cut short (file size limit, quota) arrives as an I/O error.
            Some(C::SystemIoFailure) if is_short_write(&error) => Self::DiskFull,
            _ => Self::Database(error),
        }
    }
}

fn is_short_write(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(e, _) if e.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}

/// Why a staff PIN was not accepted.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is described by its message")]
pub enum PinError {
    #[error("no PIN is set for this member of staff: `vestibule record staff set-pin NAME` sets one")]
    NotSet,
    #[error("wrong PIN")]
    Wrong,
    #[error("too many wrong PINs: try again in {seconds} s")]
    TooMany { seconds: u64 },
    #[error("a PIN has 4 to 12 digits")]
    Form,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for PinError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
