//! The folder of a store: `store.db` (encrypted), `store.json` (how its key is locked; no personal data), `store.lock`.

use crate::OpenError;
use crate::key::{Kdf, Wrapped};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) const DATABASE: &str = "store.db";
/// The database while it is being made: it takes its name once the header that opens it is safe on disk.
pub(crate) const DATABASE_NEW: &str = "store.new";
pub(crate) const HEADER: &str = "store.json";
const LOCK: &str = "store.lock";

/// How long a command waits for another that holds the store before it gives up.
const LOCK_PATIENCE: Duration = Duration::from_millis(1500);

/// `store.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Says to whoever finds the file what it is.
    pub about: String,
    /// Format of this file; 1.
    pub format: i64,
    /// True: opened by the published key (or a passphrase in its place); never for real patients.
    pub demo: bool,
    /// None: the key is not derived (published or raw).
    pub kdf: Option<Kdf>,
    /// The store's key locked with the derived key.
    pub by_passphrase: Option<Wrapped>,
    /// The store's key locked with the recovery key.
    pub by_recovery: Option<Wrapped>,
}

impl Header {
    /// The highest header format this program reads.
    pub const FORMAT: i64 = 1;

    pub fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = folder.join(HEADER);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(OpenError::DamagedHeader(path)),
            Err(e) => return Err(OpenError::io(path, e)),
        };
        // The format first: a newer header may hold what this program cannot parse.
        #[derive(Deserialize)]
        struct Format {
            format: i64,
        }
        let damaged = || OpenError::DamagedHeader(path.clone());
        let found = serde_json::from_str::<Format>(&text).map_err(|_| damaged())?.format;
        if found > Self::FORMAT {
            return Err(OpenError::Newer { folder: folder.into(), found, known: Self::FORMAT });
        }
        serde_json::from_str(&text).map(Some).map_err(|_| damaged())
    }

    /// Whole or not at all: written aside, synced, renamed, folder synced.
    pub fn write(&self, folder: &Path) -> Result<(), OpenError> {
        let path = folder.join(HEADER);
        let aside = folder.join("store.json.new");
        let text = serde_json::to_string_pretty(self).map_err(|_| OpenError::DamagedHeader(path.clone()))?;
        let write = || -> std::io::Result<()> {
            let mut file = private_file(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().map_err(|e| OpenError::io(&path, e))?;
        sync_folder(folder)
    }
}

/// Makes the folder, readable by its owner only, and syncs the one it lies in.
pub(crate) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| OpenError::io(folder, e))?;
    match folder.canonicalize().ok().and_then(|f| f.parent().map(Path::to_path_buf)) {
        Some(parent) => sync_folder(&parent),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable. A folder that we may write in but not open for reading is left to the system.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    match File::open(folder) {
        Ok(handle) => handle.sync_all().map_err(|e| OpenError::io(folder, e))?,
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {}
        Err(e) => return Err(OpenError::io(folder, e)),
    }
    Ok(())
}

/// Creates or empties a file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Holds the store for this process until dropped; the system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(LOCK);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|e| OpenError::io(folder, e))?;
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut pid = String::new();
                    let _ = file.read_to_string(&mut pid); // only makes the message more helpful
                    let pid = pid.trim();
                    let holder = if pid.is_empty() { String::new() } else { format!(" (process {pid})") };
                    return Err(OpenError::InUse { folder: folder.into(), holder });
                }
                Err(TryLockError::Error(e)) => return Err(OpenError::io(path, e)),
            }
        }
        // Who holds it, for the other's message. A full disk must not stop us here.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

/// True when a store, finished or not, lies in the folder.
pub(crate) fn present(folder: &Path) -> bool {
    [DATABASE, HEADER].iter().any(|f| folder.join(f).exists())
}

/// The paths that belong to a database file of this name: itself, its WAL and its journals.
pub(crate) fn family(folder: &Path, name: &str) -> Vec<PathBuf> {
    ["", "-wal", "-shm", "-journal"].iter().map(|suffix| folder.join(format!("{name}{suffix}"))).collect()
}
