//! Which store, and its key: `--store`, `--demo`, passphrase by prompt, file descriptor or file.

use crate::Global;
use crate::output::Failure;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use vestibule_record::{DEFAULT_STAFF, DEMO_PIN, Key, Store};
use zeroize::Zeroizing;

/// Takes the published key's place; looked at only with `--demo`.
const PASSPHRASE_VARIABLE: &str = "VESTIBULE_PASSPHRASE";
/// Answers the question for a staff PIN; looked at only with `--demo`.
const PIN_VARIABLE: &str = "VESTIBULE_STAFF_PIN";
/// The shortest passphrase a store is made with, characters.
const SHORTEST_PASSPHRASE: usize = 8;

/// Whether [`open`] makes the store where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// Yes: commands that keep something.
    Yes,
    /// No: commands that only read.
    No,
}

/// The store's folder: `--store`, else in the user's data folder, the demonstration's apart from the real one.
///
/// # Errors
/// When neither is known.
pub fn folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.store {
        return Ok(folder.clone());
    }
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|h| h.join("Library/Application Support"))
    } else {
        from("XDG_DATA_HOME").or_else(|| from("HOME").map(|h| h.join(".local/share")))
    };
    let base =
        base.ok_or_else(|| Failure::call("no home folder is known here: say where the store is with --store DIR"))?;
    Ok(base.join(if global.demo { "vestibule-demo" } else { "vestibule" }))
}

/// Opens the store that the call names, asking for the passphrase where there is a terminal to ask on.
///
/// # Errors
/// Exit code 2 where the key was not given as it must be, 1 where the store cannot be opened.
pub fn open(global: &Global, create: Create) -> Result<Store, Failure> {
    let folder = folder(global)?;
    let exists = Store::exists(&folder);
    if !exists && create == Create::No {
        return Err(Failure::work(vestibule_record::OpenError::Missing(folder)));
    }
    if global.demo {
        tell!(
            "vestibule: demonstration store, opened with {} and staff PIN {DEMO_PIN}: keep no real patient in it",
            if std::env::var_os(PASSPHRASE_VARIABLE).is_some() { PASSPHRASE_VARIABLE } else { "a published key" }
        );
    } else if exists && Store::is_demo_folder(&folder).map_err(Failure::work)? == Some(true) {
        // Said before anybody is asked for a passphrase that could not help.
        return Err(Failure::work(vestibule_record::OpenError::IsDemo(folder)));
    }
    if !global.demo {
        keep_memory_out_of_core_files();
    }
    let key = key(global, !exists)?;
    let store =
        if exists { Store::open(&folder, &key) } else { Store::create(&folder, &key) }.map_err(Failure::work)?;
    if !global.demo {
        if let Some(recovery) = store.take_recovery_key() {
            tell!(
                "A new encrypted store was made in {}.\nIts recovery key, shown only now (write it on paper and lock it \
                 away: it opens the store if the passphrase is forgotten):\n\n    {}\n",
                folder.display(),
                recovery.as_str()
            );
        }
        if let Some(user) = std::env::var_os("USER").or_else(|| std::env::var_os("USERNAME")) {
            store.set_actor(format!("user {}", user.to_string_lossy()));
        }
    }
    Ok(store)
}

/// A crash must not write what is decrypted here to a core file, where it would lie readable. Elsewhere than on Linux
/// core files are off unless somebody turned them on.
fn keep_memory_out_of_core_files() {
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/coredump_filter", "0"); // without /proc there is nothing better to do
}

/// Asks for a staff PIN and holds it against the store: every mode but the patient's comes through here. `name`: which
/// member of staff (default: `staff`). In a demonstration store [`PIN_VARIABLE`] may answer.
///
/// # Errors
/// Exit code 1 for a wrong PIN or too many of them, 2 where there is no terminal to ask on.
pub fn staff_gate(store: &Store, name: Option<&str>) -> Result<(), Failure> {
    let name = name.unwrap_or(DEFAULT_STAFF);
    let pin = match std::env::var(PIN_VARIABLE) {
        Ok(pin) if store.is_demo() => Zeroizing::new(pin),
        _ => {
            let hint = if store.is_demo() { format!(" (demonstration: {DEMO_PIN})") } else { String::new() };
            ask(
                &format!("PIN of {name}{hint}: "),
                "this needs a staff PIN and there is no terminal to ask for it: run it in a terminal \
                 (for a demonstration store, VESTIBULE_STAFF_PIN can give it)",
            )?
        }
    };
    store.check_pin(name, &pin).map_err(Failure::work)
}

/// The key as the call gives it; `new`: the store is about to be made, so a typed passphrase is typed twice.
pub fn key(global: &Global, new: bool) -> Result<Key, Failure> {
    if global.demo {
        return Ok(match std::env::var(PASSPHRASE_VARIABLE) {
            Ok(passphrase) => Key::demo_passphrase(passphrase),
            Err(_) => Key::demo(),
        });
    }
    let passphrase = match (&global.passphrase_file, global.passphrase_fd) {
        (Some(path), _) => from_file(path)?,
        (None, Some(fd)) => from_descriptor(fd)?,
        (None, None) => {
            let no_terminal = "the store needs its passphrase and there is no terminal to ask for it: give it with \
                               --passphrase-file FILE (mode 0600) or --passphrase-fd N, or use --demo";
            if new { ask_twice(no_terminal)? } else { ask("Passphrase of the store: ", no_terminal)? }
        }
    };
    if new {
        long_enough(&passphrase)?;
    }
    Ok(Key::Passphrase(passphrase))
}

/// Refuses what is too short to protect anything.
pub fn long_enough(passphrase: &str) -> Result<(), Failure> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        return Err(Failure::call(format!(
            "this passphrase is too short: take at least {SHORTEST_PASSPHRASE} characters, better four words or more"
        )));
    }
    Ok(())
}

/// A new passphrase, typed twice.
pub fn ask_twice(no_terminal: &str) -> Result<Zeroizing<String>, Failure> {
    let first = ask("Choose a passphrase for the store (four words or more): ", no_terminal)?;
    long_enough(&first)?;
    if *ask("Once more: ", no_terminal)? != *first {
        return Err(Failure::call("the two passphrases differ: nothing was made, try again"));
    }
    Ok(first)
}

/// Asks on the terminal without showing what is typed; never on a pipe.
pub fn ask(question: &str, no_terminal: &str) -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::call(no_terminal));
    }
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(Failure::work)
}

/// A secret from a file that nobody else may read.
///
/// # Errors
/// Exit code 2 when the file is missing, empty or open to others.
pub fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let cannot = |e: std::io::Error| Failure::call(format!("{}: {e}", path.display()));
    let file = std::fs::File::open(path).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Of the opened file, so that it cannot be exchanged in between.
        let mode = file.metadata().map_err(cannot)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Failure::call(format!(
                "{} can be read by others (mode {mode:04o}): `chmod 600` it, and change the passphrase if it was seen",
                path.display()
            )));
        }
    }
    first_line(file, &path.display().to_string())
}

fn from_descriptor(fd: i32) -> Result<Zeroizing<String>, Failure> {
    if fd < 0 {
        return Err(Failure::call("--passphrase-fd takes the number of an open file descriptor"));
    }
    // By its name in /dev/fd: adopting a raw descriptor would need unsafe code.
    let file = std::fs::File::open(format!("/dev/fd/{fd}"))
        .map_err(|e| Failure::call(format!("file descriptor {fd} cannot be read: {e}")))?;
    first_line(file, &format!("file descriptor {fd}"))
}

fn first_line(from: impl Read, what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096)); // no larger: growing would leave copies behind
    from.take(4096).read_to_end(&mut bytes).map_err(|e| Failure::call(format!("{what}: {e}")))?;
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(Failure::call(format!("{what} is empty: its first line must be the passphrase"))),
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(Failure::call(format!("{what} is not text in UTF-8"))),
    }
}
