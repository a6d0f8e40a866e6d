//! The local store: one encrypted file with people, consent, answers, images and the audit.
//!
//! SQLCipher under a random key, which is itself locked by the person's passphrase (Argon2id) and by a recovery key.
//! One process at a time. What a `save_…` or `put_…` confirmed is on disk. See `docs/store.md`.

mod audit;
mod backup;
mod blobs;
mod error;
mod files;
mod key;
mod older;
mod pack;
mod patients;
mod schema;
mod scope;
mod sessions;
mod staff;
mod store;
mod verify;

pub use audit::AuditEntry;
pub use blobs::{BlobId, BlobKind, ChecklistItem, NewBlob};
pub use error::{OpenError, PinError, StoreError};
pub use key::{Kdf, Key};
pub use patients::PatientSummary;
pub use scope::PatientScope;
pub use sessions::{Answer, AnswerFilter, AnswerValue, Event, NewSession, SessionId, StoredAnswer};
pub use staff::{DEFAULT_NAME as DEFAULT_STAFF, DEMO_PIN};
pub use store::Store;
#[doc(hidden)]
pub use store::{BeforeCommit, OpenOptions};
pub use verify::Verification;
