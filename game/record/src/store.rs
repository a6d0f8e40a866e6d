use crate::files::{self, DATABASE, DATABASE_NEW, Header, Lock};
use crate::key::{Kdf, Secret, Wrapped, random_secret, recovery_secret, recovery_text};
use crate::{Key, OpenError, StoreError, audit, schema, staff};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use zeroize::Zeroizing;

/// The purposes a wrapped key is bound to.
const BY_PASSPHRASE: &str = "vestibule store 1 passphrase";
const BY_RECOVERY: &str = "vestibule store 1 recovery";

/// A test's hook: runs inside a write, after its rows are in and before the commit.
pub type BeforeCommit = Box<dyn Fn() + Send>;

/// How a store is opened beyond the ordinary: the fault tests' door.
#[doc(hidden)]
#[derive(Default)]
pub struct OpenOptions {
    /// SQLite VFS by name; None: the system's.
    pub vfs: Option<String>,
    /// See [`BeforeCommit`].
    pub before_commit: Option<BeforeCommit>,
}

/// An open store: one encrypted file, held by this process alone. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub folder: PathBuf,
    pub demo: bool,
    state: Mutex<State>,
    // After the connection, so that the lock goes last.
    _lock: Lock,
}

struct State {
    connection: Connection,
    actor: String,
    recovery: Option<Zeroizing<String>>,
    before_commit: Option<BeforeCommit>,
}

impl Store {
    /// True when a store, finished or not, lies in the folder.
    pub fn exists(folder: &Path) -> bool {
        files::present(folder)
    }

    /// Whether the store in the folder is a demonstration store; None when there is none.
    ///
    /// # Errors
    /// When its header cannot be read or is newer than this program.
    pub fn is_demo_folder(folder: &Path) -> Result<Option<bool>, OpenError> {
        Ok(Header::read(folder)?.map(|h| h.demo))
    }

    /// Makes a store in a folder (made too where it is missing) and opens it. Passphrase stores have a recovery key:
    /// [`Store::take_recovery_key`] gives it once, to be printed. Demonstration stores get the staff PIN 0000.
    ///
    /// # Errors
    /// When a store is there already, or the folder cannot be written. What was begun is then removed.
    pub fn create(folder: &Path, key: &Key) -> Result<Self, OpenError> {
        files::make_folder(folder)?;
        let lock = Lock::take(folder)?;
        if Self::exists(folder) {
            return Err(OpenError::Exists(folder.into()));
        }
        let mut recovery = None;
        let mut header = Header {
            about: "How the key of store.db is locked. Holds no personal data; without it the store cannot be opened."
                .into(),
            format: Header::FORMAT,
            demo: key.is_demo(),
            kdf: None,
            by_passphrase: None,
            by_recovery: None,
        };
        let data_key = match key {
            Key::Passphrase(p) | Key::DemoPassphrase(p) => {
                let data_key = random_secret()?;
                let kdf = Kdf::fresh()?;
                header.by_passphrase = Some(Wrapped::seal(&data_key, &kdf.derive(p.as_bytes())?, BY_PASSPHRASE)?);
                header.kdf = Some(kdf);
                let by_hand = random_secret()?;
                header.by_recovery = Some(Wrapped::seal(&data_key, &by_hand, BY_RECOVERY)?);
                recovery = Some(recovery_text(&by_hand));
                data_key
            }
            Key::Demo => Key::demo_secret(),
            Key::Raw(secret) => secret.clone(),
            Key::Recovery(_) => return Err(OpenError::Missing(folder.into())),
        };
        remove_family(folder, DATABASE_NEW); // left by a creation that was cut short before its header was written
        let made = make_database(folder, &data_key).and_then(|()| header.write(folder));
        if let Err(error) = made {
            remove_family(folder, DATABASE_NEW);
            return Err(error);
        }
        let store = Self::finish(folder, lock, &data_key, header.demo, OpenOptions::default(), recovery)?;
        let begun = store.write(|t| {
            audit::append(t, "vestibule", "store-created", "", "")?;
            if header.demo { staff::store_pin(t, staff::DEFAULT_NAME, staff::DEMO_PIN) } else { Ok(()) }
        });
        begun.map_err(|e| OpenError::KeyDerivation(e.to_string()))?;
        Ok(store)
    }

    /// Opens a store.
    ///
    /// # Errors
    /// No store there, wrong key, in use by another process, newer than this program, not writable: see [`OpenError`].
    pub fn open(folder: &Path, key: &Key) -> Result<Self, OpenError> {
        Self::open_with(folder, key, OpenOptions::default())
    }

    /// As [`Store::open`], for the fault tests.
    #[doc(hidden)]
    pub fn open_with(folder: &Path, key: &Key, options: OpenOptions) -> Result<Self, OpenError> {
        let Some(header) = Header::read(folder)? else {
            let gone = folder.join(DATABASE).exists();
            return Err(if gone { OpenError::HeaderGone(folder.into()) } else { OpenError::Missing(folder.into()) });
        };
        match (header.demo, key) {
            (true, Key::Passphrase(_)) => return Err(OpenError::IsDemo(folder.into())),
            (false, Key::Demo | Key::DemoPassphrase(_)) => return Err(OpenError::NotDemo(folder.into())),
            _ => {}
        }
        let lock = Lock::take(folder)?;
        let data_key = unlock(folder, &header, key)?;
        Self::finish(folder, lock, &data_key, header.demo, options, None)
    }

    /// The database takes its final name if its making was cut short, is opened, checked and brought up to date.
    fn finish(
        folder: &Path,
        lock: Lock,
        data_key: &Secret,
        demo: bool,
        options: OpenOptions,
        recovery: Option<Zeroizing<String>>,
    ) -> Result<Self, OpenError> {
        let path = folder.join(DATABASE);
        if !path.exists() {
            let new = folder.join(DATABASE_NEW);
            if !new.exists() {
                return Err(OpenError::DatabaseGone(folder.into()));
            }
            std::fs::rename(&new, &path).map_err(|e| OpenError::io(&path, e))?;
        }
        files::sync_folder(folder)?;
        let fail = |e| OpenError::database(folder, e);
        let mut connection = connect(&path, data_key, OpenFlags::empty(), options.vfs.as_deref()).map_err(fail)?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(fail)?;
        if found > schema::SCHEMA {
            return Err(OpenError::Newer { folder: folder.into(), found, known: schema::SCHEMA });
        }
        schema::migrate(&mut connection).map_err(fail)?;
        files::sync_folder(folder)?; // the WAL's name
        let state = State { connection, actor: "local".into(), recovery, before_commit: options.before_commit };
        Ok(Self { inner: Arc::new(Inner { folder: folder.into(), demo, state: Mutex::new(state), _lock: lock }) })
    }

    /// The recovery key of a store just made, once; then None. Print it; it is kept nowhere.
    pub fn take_recovery_key(&self) -> Option<Zeroizing<String>> {
        self.inner.state().recovery.take()
    }

    /// True for a store under the published key (or a passphrase in its place).
    pub fn is_demo(&self) -> bool {
        self.inner.demo
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Who the audit names from now on: a member of staff, `patient`; `local` until then.
    pub fn set_actor(&self, who: impl Into<String>) {
        self.inner.state().actor = who.into();
    }

    /// Locks the store's key with another passphrase. The recovery key stays as it was.
    ///
    /// # Errors
    /// When the present key is wrong or the store has no passphrase.
    pub fn change_passphrase(folder: &Path, present: &Key, new: &str) -> Result<(), OpenError> {
        let Some(mut header) = Header::read(folder)? else { return Err(OpenError::Missing(folder.into())) };
        let _lock = Lock::take(folder)?;
        let data_key = unlock(folder, &header, present)?;
        let kdf = Kdf::fresh()?;
        header.by_passphrase = Some(Wrapped::seal(&data_key, &kdf.derive(new.as_bytes())?, BY_PASSPHRASE)?);
        header.kdf = Some(kdf);
        header.write(folder)
    }

    /// One durable write, whole or not at all.
    pub(crate) fn write<R>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.inner.write(|t, _| work(t))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere while the lock was held has rolled its transaction back: the connection is sound.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// One durable write, whole or not at all; `work` is also told who acts.
    pub fn write<R>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &str) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let state = &mut *self.state();
        let transaction = state.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction, &state.actor)?;
        if let Some(hook) = &state.before_commit {
            hook();
        }
        transaction.commit()?; // synchronous = FULL: on disk when this returns
        Ok(result)
    }

    /// A consistent reading.
    pub fn read<R>(&self, work: impl FnOnce(&Connection) -> Result<R, StoreError>) -> Result<R, StoreError> {
        work(&self.state().connection)
    }
}

fn unlock(folder: &Path, header: &Header, key: &Key) -> Result<Secret, OpenError> {
    match key {
        Key::Demo if header.by_passphrase.is_some() => Err(OpenError::WrongPassphrase(folder.into())),
        Key::Demo => Ok(Key::demo_secret()),
        Key::Raw(secret) => Ok(secret.clone()),
        Key::Passphrase(p) | Key::DemoPassphrase(p) => {
            let (Some(kdf), Some(wrapped)) = (&header.kdf, &header.by_passphrase) else {
                return Err(OpenError::WrongPassphrase(folder.into()));
            };
            let derived = kdf.derive(p.as_bytes())?;
            wrapped.unseal(&derived, BY_PASSPHRASE).ok_or_else(|| OpenError::WrongPassphrase(folder.into()))
        }
        Key::Recovery(text) => {
            let by_hand = recovery_secret(text).ok_or(OpenError::NotARecoveryKey)?;
            let wrapped = header.by_recovery.as_ref();
            let opened = wrapped.and_then(|w| w.unseal(&by_hand, BY_RECOVERY));
            opened.ok_or_else(|| OpenError::WrongRecoveryKey(folder.into()))
        }
    }
}

/// Makes the database under its provisional name, complete and closed.
fn make_database(folder: &Path, data_key: &Secret) -> Result<(), OpenError> {
    let path = folder.join(DATABASE_NEW);
    files::private_file(&path).map_err(|e| OpenError::io(&path, e))?; // SQLite gives its journals the same mode
    let fail = |e| OpenError::database(folder, e);
    let mut connection = connect(&path, data_key, OpenFlags::SQLITE_OPEN_CREATE, None).map_err(fail)?;
    schema::migrate(&mut connection).map_err(fail)?;
    connection.close().map_err(|(_, e)| fail(e))
}

/// SQLCipher prepares itself with the first key it is given and puts that away again with the last connection; two threads
/// that do so at the same moment break it (one of them then cannot set its key). So the first key is set alone, on a
/// database in memory that stays open for the life of the process and holds nothing.
fn prepare_cipher() -> rusqlite::Result<()> {
    static READY: Mutex<Option<Connection>> = Mutex::new(None);
    let ready = &mut *READY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if ready.is_none() {
        let connection = Connection::open_in_memory()?;
        // SQLCipher would write its own lines to standard error; our errors say it once.
        connection.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA key = 'no data here'")?;
        *ready = Some(connection);
    }
    Ok(())
}

/// Opens the file with the settings that keep it secret and whole.
fn connect(path: &Path, key: &Secret, extra: OpenFlags, vfs: Option<&str>) -> rusqlite::Result<Connection> {
    prepare_cipher()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let connection = match vfs {
        Some(name) => Connection::open_with_flags_and_vfs(path, flags, name)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    let hex = Zeroizing::new(crate::key::to_hex(&key[..]));
    // A raw key skips SQLCipher's own derivation.
    connection.execute_batch(&Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", *hex)))?;
    connection.execute_batch(
        // Temporary tables and sorts stay in memory; the WAL and the journal are encrypted page by page as the file is.
        // Exclusive before anything is read: then the WAL's index stays in memory too.
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA temp_store = MEMORY;
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA secure_delete = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
    )?;
    // The first reading: a wrong key shows here.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!("journal mode is {mode}, not wal")));
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
         PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;", // macOS: its fsync alone does not reach the disk
    )?;
    Ok(connection)
}

fn remove_family(folder: &Path, name: &str) {
    for path in files::family(folder, name) {
        let _ = std::fs::remove_file(path); // not there: nothing to remove
    }
}

/// Now, UTC, RFC 3339 with milliseconds.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
