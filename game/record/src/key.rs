use crate::OpenError;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// What opens a store.
pub enum Key {
    /// What a person remembers; the key is derived from it by Argon2id.
    Passphrase(Zeroizing<String>),
    /// The key printed once when the store was made; opens only.
    Recovery(Zeroizing<String>),
    /// The fixed, published key of a demonstration store: it keeps nothing secret.
    Demo,
    /// A demonstration store under a passphrase of its own.
    DemoPassphrase(Zeroizing<String>),
    /// The database key itself, without derivation.
    Raw(Secret),
}

/// The published demonstration key. Whoever has this program can open a demonstration store.
const DEMO_KEY: [u8; 32] = *b"Vestibule demonstration key open";

impl Key {
    /// A person's passphrase.
    pub fn from_passphrase(passphrase: impl Into<String>) -> Self {
        Self::Passphrase(Zeroizing::new(passphrase.into()))
    }

    /// The recovery key as it was printed; spaces, dashes and case do not matter.
    pub fn from_recovery(text: impl Into<String>) -> Self {
        Self::Recovery(Zeroizing::new(text.into()))
    }

    /// The published demonstration key.
    pub fn demo() -> Self {
        Self::Demo
    }

    /// A demonstration store under a passphrase in place of the published key.
    pub fn demo_passphrase(passphrase: impl Into<String>) -> Self {
        Self::DemoPassphrase(Zeroizing::new(passphrase.into()))
    }

    /// The database key itself: for tests, and for a site that keeps its keys elsewhere.
    pub fn raw(bytes: [u8; 32]) -> Self {
        Self::Raw(Zeroizing::new(bytes))
    }

    /// True for both demonstration keys.
    pub fn is_demo(&self) -> bool {
        matches!(self, Self::Demo | Self::DemoPassphrase(_))
    }

    pub(crate) fn demo_secret() -> Secret {
        Zeroizing::new(DEMO_KEY)
    }
}

/// Argon2id parameters, kept beside the store so that they can grow stronger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kdf {
    /// Always `argon2id` (version 0x13).
    pub algorithm: String,
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes (t).
    pub passes: u32,
    /// Lanes (p).
    pub lanes: u32,
    /// 16 random bytes, hexadecimal.
    pub salt: String,
}

impl Kdf {
    /// 64 MiB, 3 passes, 4 lanes (RFC 9106, second recommended option) with a fresh salt.
    pub(crate) fn fresh() -> Result<Self, OpenError> {
        let mut salt = [0u8; 16];
        random(&mut salt)?;
        Ok(Self { algorithm: "argon2id".into(), memory_kib: 64 * 1024, passes: 3, lanes: 4, salt: to_hex(&salt) })
    }

    /// Derives 32 bytes.
    pub(crate) fn derive(&self, secret: &[u8]) -> Result<Secret, OpenError> {
        let fail = |e: &dyn std::fmt::Display| OpenError::KeyDerivation(e.to_string());
        if self.algorithm != "argon2id" {
            return Err(fail(&format!("unknown algorithm {}", self.algorithm)));
        }
        // A header that was tampered with must not make us allocate without bound, nor weaken the key.
        if !(19 * 1024..=1024 * 1024).contains(&self.memory_kib) || !(1..=64).contains(&self.passes) {
            return Err(fail(&"parameters out of range"));
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|e| fail(&e))?;
        let salt = from_hex(&self.salt).ok_or_else(|| fail(&"salt is not hexadecimal"))?;
        let mut out = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret, &salt, &mut out[..])
            .map_err(|e| fail(&e))?;
        Ok(out)
    }
}

/// The store's key, locked with another key (XChaCha20-Poly1305).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapped {
    /// 24 random bytes, hexadecimal.
    pub nonce: String,
    /// The locked key and its tag, hexadecimal.
    pub sealed: String,
}

impl Wrapped {
    /// Locks `data` with `with`; `purpose` must be the same when it is unlocked.
    pub(crate) fn seal(data: &Secret, with: &Secret, purpose: &str) -> Result<Self, OpenError> {
        let mut nonce = [0u8; 24];
        random(&mut nonce)?;
        let sealed = cipher(with)
            .encrypt(&XNonce::from(nonce), Payload { msg: &data[..], aad: purpose.as_bytes() })
            .map_err(|e| OpenError::KeyDerivation(e.to_string()))?;
        Ok(Self { nonce: to_hex(&nonce), sealed: to_hex(&sealed) })
    }

    /// None when the key is not the one it was locked with.
    pub(crate) fn unseal(&self, with: &Secret, purpose: &str) -> Option<Secret> {
        let nonce: [u8; 24] = from_hex(&self.nonce)?.try_into().ok()?;
        let sealed = from_hex(&self.sealed)?;
        let plain = cipher(with)
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: purpose.as_bytes() })
            .ok()
            .map(Zeroizing::new)?;
        Some(Zeroizing::new(plain.as_slice().try_into().ok()?))
    }
}

fn cipher(key: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

/// Random bytes from the operating system.
pub(crate) fn random(out: &mut [u8]) -> Result<(), OpenError> {
    getrandom::fill(out).map_err(|e| OpenError::KeyDerivation(format!("no random numbers: {e}")))
}

/// 32 random bytes.
pub(crate) fn random_secret() -> Result<Secret, OpenError> {
    let mut key = Zeroizing::new([0u8; 32]);
    random(&mut key[..])?;
    Ok(key)
}

/// Letters and digits that are not taken for one another (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Key bytes and 3 bytes of checksum: 35 bytes = 56 letters = 14 groups of 4.
const RECOVERY_BYTES: usize = 35;

/// The recovery key as it is printed: 14 groups of 4.
pub(crate) fn recovery_text(key: &Secret) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0u8; RECOVERY_BYTES]);
    bytes[..32].copy_from_slice(&key[..]);
    bytes[32..].copy_from_slice(&digest(&[b"recovery", &key[..]])[..3]);
    let mut text = Zeroizing::new(String::with_capacity(80));
    for (n, five) in bytes.chunks(5).enumerate() {
        let word = five.iter().fold(0u64, |w, &b| (w << 8) | u64::from(b));
        for i in 0..8 {
            if i % 4 == 0 && (n, i) != (0, 0) {
                text.push('-');
            }
            text.push(char::from(LETTERS[(word >> (35 - 5 * i)) as usize & 31]));
        }
    }
    text
}

/// Reads a printed recovery key; None when it is not one.
pub(crate) fn recovery_secret(text: &str) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(RECOVERY_BYTES));
    let mut word = 0u64;
    let mut letters = 0;
    for c in text.bytes().filter(|c| c.is_ascii_alphanumeric()) {
        let c = match c.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            c => c,
        };
        word = (word << 5) | LETTERS.iter().position(|&l| l == c)? as u64;
        letters += 1;
        if usize::is_multiple_of(letters, 8) {
            bytes.extend_from_slice(&word.to_be_bytes()[3..]);
            word = 0;
        }
    }
    if letters != RECOVERY_BYTES * 8 / 5 {
        return None;
    }
    let key: Secret = Zeroizing::new(bytes[..32].try_into().ok()?);
    (digest(&[b"recovery", &key[..]])[..3] == bytes[32..]).then_some(key)
}

/// BLAKE2b-256 over length-prefixed parts.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    use blake2::Digest;
    let mut hash = blake2::Blake2b::<blake2::digest::consts::U32>::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// None when it is not hexadecimal.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_key_survives_being_copied_by_hand() {
        for n in 0..50u8 {
            let key: Secret = Zeroizing::new(std::array::from_fn(|i| (i as u8).wrapping_mul(37).wrapping_add(n * 5)));
            let text = recovery_text(&key);
            assert_eq!(text.split('-').count(), 14, "{}", *text);
            let by_hand = text.to_lowercase().replace('-', " ").replace('1', "l").replace('0', "o");
            assert_eq!(recovery_secret(&by_hand).as_deref(), Some(&*key));
            let mut wrong = text.as_bytes().to_vec();
            wrong[7] = if wrong[7] == b'A' { b'B' } else { b'A' };
            assert!(recovery_secret(std::str::from_utf8(&wrong).unwrap()).is_none(), "a slip must show");
        }
        assert!(recovery_secret("").is_none());
    }

    #[test]
    fn argon2id_gives_the_published_bytes() {
        // From the test suite of the reference implementation (phc-winner-argon2, test.c): Argon2id v0x13, t = 2, m = 2^16.
        let kdf =
            Kdf { algorithm: "argon2id".into(), memory_kib: 64 * 1024, passes: 2, lanes: 1, salt: to_hex(b"somesalt") };
        let out = kdf.derive(b"password").unwrap();
        assert_eq!(to_hex(&out[..]), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }

    #[test]
    fn a_wrapped_key_opens_with_its_own_key_and_purpose_only() {
        let (data, with) = (random_secret().unwrap(), random_secret().unwrap());
        let wrapped = Wrapped::seal(&data, &with, "a").unwrap();
        assert_eq!(wrapped.unseal(&with, "a").as_deref(), Some(&*data));
        assert!(wrapped.unseal(&with, "b").is_none());
        assert!(wrapped.unseal(&random_secret().unwrap(), "a").is_none());
    }
}
