//! The tables, and how an older store becomes a current one.

use rusqlite::Connection;

/// One entry per schema version: what turns version n into n + 1. Never edit an entry that has shipped; add one.
pub(crate) const MIGRATIONS: &[&str] = &[V1, V2, V3];

/// The schema this program writes and the newest it reads (`PRAGMA user_version`).
pub(crate) const SCHEMA: i64 = MIGRATIONS.len() as i64;

/// Brings the store to [`SCHEMA`] in one transaction. The caller has made sure that it is not newer.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if version >= SCHEMA {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

/// Times are UTC, RFC 3339 with milliseconds. `patient` columns hold `patients.key`, never a PatientID: what outlives a
/// removed patient (the audit) then names nobody.
/// The application_id spells VSTB.
const V1: &str = "
PRAGMA application_id = 0x56535442;

CREATE TABLE patients (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL,
    synthetic INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- Images, structure sets, plans, doses, derived volumes: a head (postcard, zstd) and, for volumes, voxels in chunks.
CREATE TABLE objects (
    key INTEGER PRIMARY KEY,
    patient INTEGER NOT NULL REFERENCES patients(key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    uid TEXT NOT NULL,
    position INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    head BLOB NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (patient, kind, uid)
) STRICT;

CREATE TABLE voxels (
    object INTEGER NOT NULL REFERENCES objects(key) ON DELETE CASCADE,
    chunk INTEGER NOT NULL,
    packing INTEGER NOT NULL,
    count INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (object, chunk)
) STRICT;

CREATE TABLE sessions (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient INTEGER REFERENCES patients(key) ON DELETE CASCADE,
    journey TEXT NOT NULL,
    mode TEXT NOT NULL,
    language TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    how TEXT
) STRICT;
CREATE INDEX sessions_by_patient ON sessions(patient);

CREATE TABLE answers (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES sessions(key) ON DELETE CASCADE,
    questionnaire TEXT NOT NULL,
    item TEXT NOT NULL,
    value TEXT NOT NULL,
    step TEXT NOT NULL,
    time_s REAL NOT NULL,
    language TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX answers_by_session ON answers(session);

CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES sessions(key) ON DELETE CASCADE,
    time_s REAL NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_session ON events(session);

-- Thumbnails, sounds, meshes and whatever else was made of a person and would otherwise be a file.
CREATE TABLE blobs (
    key INTEGER PRIMARY KEY,
    patient INTEGER REFERENCES patients(key) ON DELETE CASCADE,
    session INTEGER REFERENCES sessions(key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    data BLOB NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX blobs_by_patient ON blobs(patient, kind, name);
CREATE INDEX blobs_by_session ON blobs(session);

CREATE TABLE notes (
    key INTEGER PRIMARY KEY,
    patient INTEGER REFERENCES patients(key) ON DELETE CASCADE,
    session INTEGER REFERENCES sessions(key) ON DELETE CASCADE,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX notes_by_patient ON notes(patient);

-- The staff checklist before a session, consent included: one row an item.
CREATE TABLE checklist (
    key INTEGER PRIMARY KEY,
    patient INTEGER REFERENCES patients(key) ON DELETE CASCADE,
    session INTEGER REFERENCES sessions(key) ON DELETE CASCADE,
    item TEXT NOT NULL,
    answer TEXT NOT NULL,
    by_staff TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX checklist_by_patient ON checklist(patient);
CREATE INDEX checklist_by_session ON checklist(session);

CREATE TABLE staff (
    name TEXT PRIMARY KEY,
    kdf TEXT NOT NULL,
    pin BLOB NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0,
    locked_until_ms INTEGER NOT NULL DEFAULT 0,
    set_at TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
-- How many entries there are and the last one's hash: cutting the end off shows.
CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
INSERT INTO audit_head VALUES (1, 0, zeroblob(32));
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit WHEN NEW.seq <> (SELECT seq + 1 FROM audit_head)
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head WHEN NEW.seq <> OLD.seq + 1
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
";

/// A question asked again keeps every answer: `attempt` counts them, and the highest is the one that counts. `by_staff` = 1
/// where staff wrote for the person.
const V2: &str = "
ALTER TABLE answers ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE answers ADD COLUMN by_staff INTEGER NOT NULL DEFAULT 0;
";

/// What clinicians leave in a review. No row of it goes but with its patient: a mark that is changed keeps what it was in
/// `mark_history`, one that is taken back stays as `withdrawn`. `preferences` are the staff's own settings.
const V3: &str = "
CREATE TABLE marks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    patient INTEGER NOT NULL REFERENCES patients(key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    x REAL, y REAL, z REAL,
    format INTEGER NOT NULL,
    body BLOB NOT NULL,
    author TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    CHECK ((x IS NULL) = (y IS NULL) AND (y IS NULL) = (z IS NULL))
) STRICT;
CREATE INDEX marks_by_patient ON marks(patient);

-- What a mark was before a change, and since when it was so.
CREATE TABLE mark_history (
    key INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL REFERENCES marks(key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    x REAL, y REAL, z REAL,
    format INTEGER NOT NULL,
    body BLOB NOT NULL,
    author TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT;
CREATE INDEX mark_history_by_mark ON mark_history(mark);

-- Pictures of a review, as DICOM. Not among the blobs: a patient's run reads those.
CREATE TABLE snapshots (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    patient INTEGER NOT NULL REFERENCES patients(key) ON DELETE CASCADE,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at TEXT NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_by_patient ON snapshots(patient);

CREATE TABLE preferences (
    staff TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (staff, name)
) STRICT;
";
