//! People and what was imported of them.

use crate::older::Stored;
use crate::pack::{self, ENCODING};
use crate::store::{Inner, now};
use crate::{Progress, Store, StoreError, audit, coarse, opening};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Dose, Image, Patient, Registration};

const IMAGE: &str = "image";
const STRUCTURES: &str = "structures";
const PLAN: &str = "plan";
const DOSE: &str = "dose";
const DERIVED: &str = "derived";
/// All registrations of one object: it is replaced as a whole.
const REGISTRATIONS: &str = "registrations";

/// A line of the list of patients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PatientSummary {
    /// As in [`Patient::id`].
    pub id: String,
    /// As in [`Patient::name`].
    pub name: String,
    /// True for the phantom.
    pub synthetic: bool,
    /// Number of image volumes.
    pub images: usize,
    /// Number of structure sets.
    pub structures: usize,
    /// Number of plans.
    pub plans: usize,
    /// Number of doses.
    pub doses: usize,
}

/// What may differ between two exports of the same person: capitals, and how the parts of the name are held apart.
fn plain(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The ID to keep a person under. `anon-N` is only a number given on import: unless this import shares an object or a
/// frame of reference with who has that number here, it is somebody else and gets the next free one.
fn free_id(c: &Connection, p: &Patient) -> Result<String, StoreError> {
    let Some(first) = p.id.strip_prefix("anon-").and_then(|n| n.parse::<u32>().ok()) else { return Ok(p.id.clone()) };
    for n in first.max(1).. {
        let id = format!("anon-{n}");
        match patient_key(c, &id) {
            Err(StoreError::NoSuchPatient) => return Ok(id),
            Err(error) => return Err(error),
            Ok(key) if shares_something(c, key, p)? => return Ok(id),
            Ok(_) => {}
        }
    }
    Err(StoreError::AnotherPerson)
}

fn shares_something(c: &Connection, key: i64, p: &Patient) -> Result<bool, StoreError> {
    let uids = p.images.iter().map(|i| &i.uid).chain(p.structure_sets.iter().map(|s| &s.uid));
    let uids = uids.chain(p.plans.iter().map(|p| &p.uid)).chain(p.doses.iter().map(|d| &d.uid));
    let uids = uids.chain(p.registrations.iter().map(|r| &r.uid));
    let mut statement = c.prepare_cached("SELECT 1 FROM objects WHERE patient = ?1 AND uid = ?2")?;
    for uid in uids.filter(|u| !u.is_empty()) {
        if statement.exists(params![key, uid])? {
            return Ok(true);
        }
    }
    let frames: Vec<String> = heads::<Image>(c, key, IMAGE)?.into_iter().map(|i| i.is.frame_of_reference_uid).collect();
    let joined = p.registrations.iter().flat_map(|r| [&r.from_frame_uid, &r.to_frame_uid]);
    let mut own = p.images.iter().map(|i| &i.frame_of_reference_uid).chain(joined);
    Ok(own.any(|f| !f.is_empty() && frames.contains(f)))
}

/// Two people under one ID: their birth dates differ, or, where these are not both known, their names.
fn another_person(name: (&str, &str), birth: (&str, &str)) -> bool {
    if !birth.0.is_empty() && !birth.1.is_empty() {
        return birth.0 != birth.1;
    }
    let (a, b) = (plain(name.0), plain(name.1));
    !a.is_empty() && !b.is_empty() && a != b
}

pub(crate) fn patient_key(c: &Connection, id: &str) -> Result<i64, StoreError> {
    c.query_row("SELECT key FROM patients WHERE id = ?1", [id], |r| r.get(0))
        .optional()?
        .ok_or(StoreError::NoSuchPatient)
}

fn put_identity(c: &Connection, id: &str, p: &Patient) -> Result<i64, StoreError> {
    let known: Option<(i64, String, String)> = c
        .query_row("SELECT key, name, birth_date FROM patients WHERE id = ?1", [id], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })
        .optional()?;
    if let Some((key, name, birth)) = known {
        if another_person((&name, &p.name), (&birth, &p.birth_date)) {
            return Err(StoreError::AnotherPerson);
        }
        // What the newer import does not say stays as it was.
        c.execute(
            "UPDATE patients SET name = iif(?2 = '', name, ?2), birth_date = iif(?3 = '', birth_date, ?3),
             sex = iif(?4 = '', sex, ?4), synthetic = synthetic AND ?5 WHERE key = ?1",
            params![key, p.name, p.birth_date, p.sex, p.synthetic],
        )?;
        return Ok(key);
    }
    c.execute(
        "INSERT INTO patients (id, name, birth_date, sex, synthetic, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, p.name, p.birth_date, p.sex, p.synthetic, now()],
    )?;
    Ok(c.last_insert_rowid())
}

pub(crate) fn put_object(
    c: &Connection,
    patient: i64,
    kind: &str,
    uid: &str,
    head: &impl Serialize,
) -> Result<i64, StoreError> {
    let before: Option<i64> = c
        .query_row(
            "DELETE FROM objects WHERE patient = ?1 AND kind = ?2 AND uid = ?3 RETURNING position",
            params![patient, kind, uid],
            |r| r.get(0),
        )
        .optional()?;
    let position: i64 = match before {
        Some(position) => position,
        None => c.query_row(
            "SELECT coalesce(max(position), 0) + 1 FROM objects WHERE patient = ?1 AND kind = ?2",
            params![patient, kind],
            |r| r.get(0),
        )?,
    };
    c.execute(
        "INSERT INTO objects (patient, kind, uid, position, encoding, head, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![patient, kind, uid, position, ENCODING, pack::pack_head(head)?, now()],
    )?;
    Ok(c.last_insert_rowid())
}

pub(crate) fn put_voxels(c: &Connection, object: i64, voxels: &[f32]) -> Result<(), StoreError> {
    let mut statement =
        c.prepare("INSERT INTO voxels (object, chunk, packing, count, data) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    pack::pack_voxels(voxels, |n, chunk| {
        statement.execute(params![object, n as i64, chunk.packing, chunk.count as i64, chunk.data])?;
        Ok(())
    })
}

/// A stored object's head.
pub(crate) struct Head<T> {
    /// Its row.
    pub key: i64,
    /// When it was kept: tells it from one that later takes its row.
    pub created_at: String,
    /// What it says.
    pub is: T,
}

/// Every object of a kind, in import order.
pub(crate) fn heads<T: Stored>(c: &Connection, patient: i64, kind: &str) -> Result<Vec<Head<T>>, StoreError> {
    let mut statement = c.prepare(
        "SELECT key, created_at, encoding, head FROM objects WHERE patient = ?1 AND kind = ?2 ORDER BY position",
    )?;
    let mut rows = statement.query(params![patient, kind])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(head(row)?);
    }
    Ok(found)
}

/// One object by its UID.
pub(crate) fn head_of<T: Stored>(
    c: &Connection,
    patient: i64,
    kind: &str,
    uid: &str,
) -> Result<Option<Head<T>>, StoreError> {
    let mut statement =
        c.prepare("SELECT key, created_at, encoding, head FROM objects WHERE patient = ?1 AND kind = ?2 AND uid = ?3")?;
    let mut rows = statement.query(params![patient, kind, uid])?;
    rows.next()?.map(head).transpose()
}

fn head<T: Stored>(row: &Row<'_>) -> Result<Head<T>, StoreError> {
    let packed: Vec<u8> = row.get(3)?;
    Ok(Head { key: row.get(0)?, created_at: row.get(1)?, is: pack::unpack_head(row.get(2)?, &packed)? })
}

fn put_image(c: &Connection, patient: i64, image: &Image) -> Result<(), StoreError> {
    let object = put_object(c, patient, IMAGE, &image.uid, &image.without_voxels())?;
    put_voxels(c, object, &image.volume.data)?;
    coarse::put_of(c, patient, image)
}

pub(crate) fn put_dose(c: &Connection, patient: i64, dose: &Dose) -> Result<(), StoreError> {
    let object = put_object(c, patient, DOSE, &dose.uid, &dose.without_voxels())?;
    put_voxels(c, object, &dose.volume.data)
}

/// Those of one object stand together. A structure set that says none any more has none any more.
fn put_registrations(c: &Connection, key: i64, patient: &Patient) -> Result<(), StoreError> {
    for set in &patient.structure_sets {
        if !patient.registrations.iter().any(|r| r.uid == set.uid) {
            let gone = "DELETE FROM objects WHERE patient = ?1 AND kind = ?2 AND uid = ?3";
            c.execute(gone, params![key, REGISTRATIONS, set.uid])?;
        }
    }
    let mut of_object: Vec<(&str, Vec<&Registration>)> = Vec::new();
    for registration in &patient.registrations {
        match of_object.iter_mut().find(|(uid, _)| *uid == registration.uid) {
            Some((_, list)) => list.push(registration),
            None => of_object.push((&registration.uid, vec![registration])),
        }
    }
    for (uid, list) in of_object {
        put_object(c, key, REGISTRATIONS, uid, &list)?;
    }
    Ok(())
}

/// Every registration, object after object in import order.
pub(crate) fn registrations(c: &Connection, key: i64) -> Result<Vec<Registration>, StoreError> {
    Ok(heads::<Vec<Registration>>(c, key, REGISTRATIONS)?.into_iter().flat_map(|h| h.is).collect())
}

pub(crate) fn put_derived(c: &Connection, patient: i64, name: &str, volume: &Volume<f32>) -> Result<(), StoreError> {
    let object = put_object(c, patient, DERIVED, name, &volume.grid)?;
    put_voxels(c, object, &volume.data)
}

pub(crate) fn derived(inner: &Inner, patient: i64, name: &str) -> Result<Option<Volume<f32>>, StoreError> {
    let Some(head) = inner.read(|c| head_of::<Grid>(c, patient, DERIVED, name))? else { return Ok(None) };
    let data = opening::voxels(inner, head.key, &head.created_at, &head.is)?;
    Ok(Some(Volume { grid: head.is, data }))
}

impl Store {
    /// Keeps a person and everything imported of them, whole or not at all. Objects known by their UID are replaced,
    /// others stay: a second import adds to the first. Gives the ID they are kept under, which is another than
    /// [`Patient::id`] only for an `anon-N` that is somebody else's here.
    ///
    /// # Errors
    /// [`StoreError::AnotherPerson`] when the same ID belongs to somebody with another birth date or name.
    pub fn put_patient(&self, patient: &Patient) -> Result<String, StoreError> {
        self.inner.write(|t, who| {
            let id = free_id(t, patient)?;
            let key = put_identity(t, &id, patient)?;
            // what was made of the images before is made anew of what they are now
            t.execute("DELETE FROM blobs WHERE patient = ?1 AND kind IN ('mesh', 'cache', 'thumbnail')", [key])?;
            for image in &patient.images {
                put_image(t, key, image)?;
            }
            for set in &patient.structure_sets {
                put_object(t, key, STRUCTURES, &set.uid, set)?;
            }
            for plan in &patient.plans {
                put_object(t, key, PLAN, &plan.uid, plan)?;
            }
            for dose in &patient.doses {
                put_dose(t, key, dose)?;
            }
            put_registrations(t, key, patient)?;
            let counts = format!(
                "{} images, {} structure sets, {} plans, {} doses, {} registrations",
                patient.images.len(),
                patient.structure_sets.len(),
                patient.plans.len(),
                patient.doses.len(),
                patient.registrations.len()
            );
            audit::append(t, who, "patient-imported", &format!("patient {key}"), &counts)?;
            Ok(id)
        })
    }

    /// Adds one dose (a computed one) to a person.
    ///
    /// # Errors
    /// When the person is not there or it cannot be kept.
    pub fn put_dose(&self, id: &str, dose: &Dose) -> Result<(), StoreError> {
        self.inner.write(|t, who| {
            let key = patient_key(t, id)?;
            put_dose(t, key, dose)?;
            audit::append(t, who, "dose-kept", &format!("patient {key}"), "")
        })
    }

    /// Who is in the store, in the order of their first import.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn patients(&self) -> Result<Vec<PatientSummary>, StoreError> {
        self.inner.read(|c| {
            let mut statement = c.prepare(
                "SELECT id, name, synthetic,
                 (SELECT count(*) FROM objects o WHERE o.patient = p.key AND kind = 'image'),
                 (SELECT count(*) FROM objects o WHERE o.patient = p.key AND kind = 'structures'),
                 (SELECT count(*) FROM objects o WHERE o.patient = p.key AND kind = 'plan'),
                 (SELECT count(*) FROM objects o WHERE o.patient = p.key AND kind = 'dose')
                 FROM patients p ORDER BY key",
            )?;
            let count = |r: &rusqlite::Row<'_>, i| r.get::<_, i64>(i).map(|n| n as usize);
            let rows = statement.query_map([], |r| {
                Ok(PatientSummary {
                    id: r.get(0)?,
                    name: r.get(1)?,
                    synthetic: r.get(2)?,
                    images: count(r, 3)?,
                    structures: count(r, 4)?,
                    plans: count(r, 5)?,
                    doses: count(r, 6)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// One person with everything imported of them. The audit notes that they were opened.
    ///
    /// # Errors
    /// When they are not there, or an object cannot be read back.
    pub fn patient(&self, id: &str) -> Result<Patient, StoreError> {
        self.opened(id, &Progress::default(), None)
    }

    /// Removes a person: images, answers, sounds, events, notes, marks, snapshots. The audit keeps that somebody was
    /// removed, not who.
    ///
    /// # Errors
    /// When they are not there or the store cannot be written.
    pub fn remove_patient(&self, id: &str) -> Result<(), StoreError> {
        self.inner.write(|t, who| {
            let key = patient_key(t, id)?;
            t.execute("DELETE FROM patients WHERE key = ?1", [key])?;
            audit::append(t, who, "patient-removed", &format!("patient {key}"), "")
        })?;
        // Freed pages were overwritten (secure_delete); now the WAL, which may still hold them, and the room they took.
        self.inner.read(|c| Ok(c.execute_batch("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")?))
    }
}
