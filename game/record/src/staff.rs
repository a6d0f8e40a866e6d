//! Staff PINs: they open the modes that are not the patient's. Wrong ones are counted in the store, and cost time.

use crate::key::{Kdf, Secret};
use crate::store::now;
use crate::{PinError, Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, params};

/// The name that is meant where none is given.
pub const DEFAULT_NAME: &str = "staff";
/// The PIN of [`DEFAULT_NAME`] in a demonstration store.
pub const DEMO_PIN: &str = "0000";

/// Wrong PINs in a row before waiting begins.
const FREE_TRIES: u32 = 5;
/// The first wait, s; it doubles with every further wrong PIN up to [`LONGEST_WAIT_S`].
const FIRST_WAIT_S: u64 = 30;
const LONGEST_WAIT_S: u64 = 3600;

/// Seconds to wait after this many wrong PINs in a row.
fn wait_s(failed: u32) -> u64 {
    match failed.checked_sub(FREE_TRIES) {
        None => 0,
        Some(n) => (FIRST_WAIT_S << n.min(16)).min(LONGEST_WAIT_S),
    }
}

/// Sets a PIN within the caller's transaction.
pub(crate) fn store_pin(connection: &Connection, name: &str, pin: &str) -> Result<(), StoreError> {
    let (kdf, hash) = hash(pin, None)?;
    let kdf = serde_json::to_string(&kdf).map_err(|e| StoreError::Pack(e.to_string()))?;
    connection.execute(
        "INSERT INTO staff (name, kdf, pin, failed, locked_until_ms, set_at) VALUES (?1, ?2, ?3, 0, 0, ?4)
         ON CONFLICT (name) DO UPDATE SET kdf = ?2, pin = ?3, failed = 0, locked_until_ms = 0, set_at = ?4",
        params![name, kdf, &hash[..], now()],
    )?;
    Ok(())
}

fn hash(pin: &str, kdf: Option<Kdf>) -> Result<(Kdf, Secret), StoreError> {
    let fail = |e: crate::OpenError| StoreError::KeyDerivation(e.to_string());
    let kdf = match kdf {
        Some(kdf) => kdf,
        None => Kdf::fresh().map_err(fail)?,
    };
    let hash = kdf.derive(pin.as_bytes()).map_err(fail)?;
    Ok((kdf, hash))
}

/// 4 to 12 digits.
fn well_formed(pin: &str) -> bool {
    (4..=12).contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit())
}

impl Store {
    /// Sets (or replaces) the PIN of a member of staff and forgets earlier wrong tries.
    ///
    /// # Errors
    /// When it is not 4 to 12 digits, or cannot be kept.
    pub fn set_pin(&self, name: &str, pin: &str) -> Result<(), PinError> {
        if !well_formed(pin) {
            return Err(PinError::Form);
        }
        self.inner.write(|t, who| {
            store_pin(t, name, pin)?;
            audit::append(t, who, "pin-set", &format!("staff {name}"), "")
        })?;
        Ok(())
    }

    /// Checks a PIN; from here on the audit names this member of staff.
    ///
    /// # Errors
    /// [`PinError::Wrong`], or [`PinError::TooMany`] with the seconds to wait after five wrong ones in a row.
    pub fn check_pin(&self, name: &str, pin: &str) -> Result<(), PinError> {
        self.check_pin_at(name, pin, jiff::Timestamp::now().as_millisecond())
    }

    /// As [`Store::check_pin`], at a time given in ms since 1970: for tests.
    #[doc(hidden)]
    pub fn check_pin_at(&self, name: &str, pin: &str, now_ms: i64) -> Result<(), PinError> {
        // The try is counted, durably, before the PIN is looked at: who kills the program in between gains nothing.
        let (kdf, kept) = self.inner.write(|t, _| {
            let row: Option<(String, Vec<u8>, u32, i64)> = t
                .query_row("SELECT kdf, pin, failed, locked_until_ms FROM staff WHERE name = ?1", [name], |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
                })
                .optional()?;
            let Some((kdf, kept, failed, until)) = row else { return Ok(Err(PinError::NotSet)) };
            if now_ms < until {
                return Ok(Err(PinError::TooMany { seconds: ((until - now_ms) as u64).div_ceil(1000) }));
            }
            let failed = failed.saturating_add(1);
            t.execute(
                "UPDATE staff SET failed = ?2, locked_until_ms = ?3 WHERE name = ?1",
                params![name, failed, now_ms + 1000 * wait_s(failed) as i64],
            )?;
            Ok(Ok((kdf, kept)))
        })??;
        let kdf: Kdf = serde_json::from_str(&kdf).map_err(|_| StoreError::Unreadable)?;
        let (_, given) = hash(pin, Some(kdf))?;
        let differ = given.iter().zip(&kept).fold(given.len() ^ kept.len(), |d, (a, b)| d | usize::from(a ^ b));
        let right = differ == 0;
        self.inner.write(|t, who| {
            if right {
                t.execute("UPDATE staff SET failed = 0, locked_until_ms = 0 WHERE name = ?1", [name])?;
            }
            audit::append(t, who, if right { "pin-right" } else { "pin-wrong" }, &format!("staff {name}"), "")
        })?;
        if !right {
            return Err(PinError::Wrong);
        }
        self.set_actor(format!("staff {name}"));
        Ok(())
    }

    /// Names of the staff who have a PIN.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn staff(&self) -> Result<Vec<String>, StoreError> {
        self.inner.read(|c| {
            let mut statement = c.prepare("SELECT name FROM staff ORDER BY name")?;
            let names = statement.query_map([], |r| r.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }
}
