//! The local store: one encrypted file with people, consent, answers, images and the audit.
//!
//! SQLCipher under a random key, which is itself locked by the person's passphrase (Argon2id) and by a recovery key.
//! One process at a time. What a `save_…` or `put_…` confirmed is on disk. See `docs/store.md`.

mod audit;
mod backup;
mod blobs;
mod coarse;
mod error;
mod files;
mod key;
mod marks;
mod older;
mod opening;
mod pack;
mod patients;
mod review_scope;
mod schema;
mod scope;
mod sessions;
mod snapshots;
mod staff;
mod store;
mod verify;

pub use audit::AuditEntry;
pub use blobs::{BlobId, BlobKind, ChecklistItem, NewBlob};
pub use error::{OpenError, PinError, StoreError};
pub use key::{Kdf, Key};
pub use marks::{Mark, MarkId, MarkKind, NewMark};
pub use opening::Progress;
pub use patients::PatientSummary;
pub use review_scope::ReviewScope;
pub use scope::PatientScope;
pub use sessions::{Answer, AnswerFilter, AnswerValue, Event, NewSession, SessionId, StoredAnswer};
pub use snapshots::{Snapshot, SnapshotId};
pub use staff::{DEFAULT_NAME as DEFAULT_STAFF, DEMO_PIN};
pub use store::Store;
#[doc(hidden)]
pub use store::{BeforeCommit, OpenOptions};
pub use verify::Verification;
