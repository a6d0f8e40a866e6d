//! Opening a patient: what is small at once, large images coarse at first where somebody waits for them, then whole.

use crate::coarse::{self, Coarse};
use crate::pack::{self, Chunk};
use crate::patients::{self, Head};
use crate::store::Inner;
use crate::{PatientScope, Store, StoreError, audit};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use vestibule_geometry::Grid;
use vestibule_patient::{Dose, Image, Patient, Plan, StructureSet};

/// How far an opening has come, and the way to stop it. Share it between threads by reference or in an `Arc`.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// The part of the voxels that is there, 0 to 1; 0 until it is known how many there are.
    pub fn part(&self) -> f32 {
        let total = self.total.load(Relaxed);
        if total == 0 { 0.0 } else { (self.done.load(Relaxed) as f64 / total as f64).min(1.0) as f32 }
    }

    /// Asks the opening to stop: it ends with [`StoreError::Cancelled`] after the few chunks in hand, some 10 ms.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// True once [`Progress::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_cancelled() { Err(StoreError::Cancelled) } else { Ok(()) }
    }
}

/// Takes the first, coarse answer.
type First<'a> = &'a mut dyn FnMut(Patient);

impl Store {
    /// As [`Store::patient`], with progress, a way to stop, and a first answer: see [`PatientScope::patient_with`].
    ///
    /// # Errors
    /// As [`PatientScope::patient_with`], and when they are not there.
    pub fn patient_with(
        &self,
        id: &str,
        progress: &Progress,
        mut coarse: impl FnMut(Patient),
    ) -> Result<Patient, StoreError> {
        self.opened(id, progress, Some(&mut coarse))
    }

    pub(crate) fn opened(
        &self,
        id: &str,
        progress: &Progress,
        first: Option<First<'_>>,
    ) -> Result<Patient, StoreError> {
        let key = self.inner.write(|t, who| {
            let key = patients::patient_key(t, id)?;
            audit::append(t, who, "patient-opened", &format!("patient {key}"), "")?;
            Ok(key)
        })?;
        open(&self.inner, key, progress, first)
    }
}

impl PatientScope {
    /// The person with everything imported of them, coarse to fine.
    ///
    /// `coarse` is called once, on this thread, where an image is large (from 2²⁴ voxels): with the whole patient, in
    /// which each large image is the mean of blocks of its voxels ([`Image::coarse`] says how many along i, j, k) on the
    /// grid of the blocks' centres, and everything else is complete. It is not called where nothing is large, nor where
    /// what was kept for it cannot be read. The whole patient is what this returns. Other work on the store, such as the
    /// keeping of answers, goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`]; [`StoreError::Changed`] when the person was imported anew meanwhile; when an object
    /// cannot be read back.
    pub fn patient_with(&self, progress: &Progress, mut coarse: impl FnMut(Patient)) -> Result<Patient, StoreError> {
        open(&self.inner, self.key, progress, Some(&mut coarse))
    }
}

/// What is known before the first voxel is read.
struct Heads {
    patient: Patient,
    images: Vec<Head<Image>>,
    doses: Vec<Head<Dose>>,
    coarse: Vec<(String, Head<Coarse>)>,
}

fn heads(c: &Connection, key: i64, coarse: bool) -> Result<Heads, StoreError> {
    let mut patient = c
        .query_row("SELECT id, name, birth_date, sex, synthetic FROM patients WHERE key = ?1", [key], |r| {
            Ok(Patient {
                id: r.get(0)?,
                name: r.get(1)?,
                birth_date: r.get(2)?,
                sex: r.get(3)?,
                synthetic: r.get(4)?,
                ..Patient::default()
            })
        })
        .optional()?
        .ok_or(StoreError::NoSuchPatient)?;
    patient.structure_sets = patients::heads::<StructureSet>(c, key, "structures")?.into_iter().map(|h| h.is).collect();
    patient.plans = patients::heads::<Plan>(c, key, "plan")?.into_iter().map(|h| h.is).collect();
    patient.registrations = patients::registrations(c, key)?;
    let images = patients::heads(c, key, "image")?;
    let doses = patients::heads(c, key, "dose")?;
    let coarse = if coarse { coarse::of(c, key, &images)? } else { Vec::new() };
    Ok(Heads { patient, images, doses, coarse })
}

/// Reads a patient; with `first` what is small comes first.
pub(crate) fn open(
    inner: &Inner,
    key: i64,
    progress: &Progress,
    first: Option<First<'_>>,
) -> Result<Patient, StoreError> {
    let Heads { mut patient, images, doses, coarse } = inner.read(|c| heads(c, key, first.is_some()))?;
    let grids = images.iter().map(|i| &i.is.volume.grid).chain(doses.iter().map(|d| &d.is.volume.grid));
    let all: usize = grids.chain(coarse.iter().map(|c| &c.1.is.grid)).map(|g| count(g).unwrap_or(0)).sum();
    progress.total.store(all as u64, Relaxed);
    let reader = Reader { inner, progress };
    let large = |i: &Image| first.is_some() && coarse::is_large(&i.volume.grid);
    for mut dose in doses {
        dose.is.volume.data = reader.voxels(dose.key, &dose.created_at, &dose.is.volume.grid)?;
        patient.doses.push(dose.is);
    }
    let mut waiting = Vec::new();
    for mut image in images {
        if large(&image.is) {
            waiting.push((patient.images.len(), image.key, image.created_at));
        } else {
            image.is.volume.data = reader.voxels(image.key, &image.created_at, &image.is.volume.grid)?;
        }
        patient.images.push(image.is);
    }
    let Some(hand_over) = first else { return Ok(patient) };
    if !waiting.is_empty()
        && let Some(answer) = coarse_answer(&reader, &patient, &waiting, &coarse)?
    {
        hand_over(answer);
    }
    for (n, object, created_at) in waiting {
        let image = &mut patient.images[n];
        image.volume.data = reader.voxels(object, &created_at, &image.volume.grid)?;
        if !coarse.iter().any(|c| c.0 == image.uid) {
            // Kept by an earlier program: from the next time on there is a first answer. Without it all goes on too.
            let _ =
                inner.write(|t, _| if still(t, object, &created_at)? { coarse::put_of(t, key, image) } else { Ok(()) });
        }
    }
    Ok(patient)
}

/// The patient with the coarse image in the place of each that is still to come; None where one is not there.
fn coarse_answer(
    reader: &Reader<'_>,
    patient: &Patient,
    waiting: &[(usize, i64, String)],
    coarse: &[(String, Head<Coarse>)],
) -> Result<Option<Patient>, StoreError> {
    let mut found = Vec::new();
    for (n, ..) in waiting {
        let Some((_, head)) = coarse.iter().find(|c| c.0 == patient.images[*n].uid) else { return Ok(None) };
        match reader.voxels(head.key, &head.created_at, &head.is.grid) {
            Ok(voxels) => found.push((*n, head, voxels)),
            // It is made of the image, which is still to be read: that says what is wrong, if anything is.
            Err(StoreError::Unreadable) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let mut answer = patient.clone();
    for (n, head, voxels) in found {
        let image = &mut answer.images[n];
        image.coarse = Some(head.is.block);
        image.slice_uids = Vec::new(); // its slices are none of the files'
        image.volume.grid = head.is.grid.clone();
        image.volume.data = voxels;
    }
    Ok(Some(answer))
}

/// A derived volume's voxels.
pub(crate) fn voxels(inner: &Inner, object: i64, created_at: &str, grid: &Grid) -> Result<Vec<f32>, StoreError> {
    Reader { inner, progress: &Progress::default() }.voxels(object, created_at, grid)
}

fn count(grid: &Grid) -> Option<usize> {
    grid.size.iter().try_fold(1usize, |n, s| n.checked_mul(*s))
}

struct Reader<'a> {
    inner: &'a Inner,
    progress: &'a Progress,
}

impl Reader<'_> {
    /// Reads chunk after chunk while others unpack them where they belong: one allocation, no second copy. The store is
    /// held for one chunk at a time.
    fn voxels(&self, object: i64, created_at: &str, grid: &Grid) -> Result<Vec<f32>, StoreError> {
        let chunks = self.inner.read(|c| chunks(c, object, created_at))?;
        let stated = chunks.iter().try_fold(0usize, |sum, c| (c.1 <= pack::CHUNK).then(|| sum.checked_add(c.1))?);
        // A damaged head must not ask the memory for what is not there.
        if stated.is_none() || stated != count(grid) {
            return Err(StoreError::Unreadable);
        }
        let mut voxels = vec![0f32; stated.unwrap_or(0)];
        let workers = pack::workers().min(chunks.len()).max(1);
        let bad = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel::<(&mut [f32], Chunk)>(workers);
            let receive = Arc::new(Mutex::new(receive));
            for _ in 0..workers {
                let (receive, bad) = (Arc::clone(&receive), &bad);
                scope.spawn(move || {
                    let mut unpacker = pack::Unpacker::default();
                    loop {
                        let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((out, chunk)) = next else { return };
                        if unpacker.unpack(&chunk, out).is_err() {
                            bad.store(true, Relaxed);
                        }
                        self.progress.done.fetch_add(out.len() as u64, Relaxed);
                    }
                });
            }
            drop(receive); // with the last worker the channel closes
            let mut rest = voxels.as_mut_slice();
            for (number, count) in chunks {
                self.progress.check()?;
                if bad.load(Relaxed) {
                    break;
                }
                let (out, after) = rest.split_at_mut(count);
                rest = after;
                let chunk = self.inner.read(|c| chunk(c, object, number, created_at))?;
                if send.send((out, chunk)).is_err() {
                    break; // no worker is left, which a panic alone brings about: the scope passes it on
                }
            }
            Ok::<(), StoreError>(())
        })?;
        if bad.into_inner() { Err(StoreError::Unreadable) } else { Ok(voxels) }
    }
}

/// True while the object is the one that was begun with.
fn still(c: &Connection, object: i64, created_at: &str) -> Result<bool, StoreError> {
    let mut statement = c.prepare_cached("SELECT 1 FROM objects WHERE key = ?1 AND created_at = ?2")?;
    Ok(statement.exists(params![object, created_at])?)
}

/// Number and count of voxels of each chunk of an object, if it is still the one that was begun with.
fn chunks(c: &Connection, object: i64, created_at: &str) -> Result<Vec<(i64, usize)>, StoreError> {
    if !still(c, object, created_at)? {
        return Err(StoreError::Changed);
    }
    let mut statement = c.prepare_cached("SELECT chunk, count FROM voxels WHERE object = ?1 ORDER BY chunk")?;
    let rows = statement.query_map([object], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?)))?;
    rows.map(|r| r.map(|(n, count)| (n, usize::try_from(count).unwrap_or(usize::MAX))))
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)
}

/// One chunk, if its object is still the one that was begun with.
fn chunk(c: &Connection, object: i64, number: i64, created_at: &str) -> Result<Chunk, StoreError> {
    if !still(c, object, created_at)? {
        return Err(StoreError::Changed);
    }
    let mut statement = c.prepare_cached("SELECT packing, count, data FROM voxels WHERE object = ?1 AND chunk = ?2")?;
    let found = statement
        .query_row(params![object, number], |r| {
            let count = usize::try_from(r.get::<_, i64>(1)?).unwrap_or(usize::MAX);
            Ok(Chunk { packing: r.get(0)?, count, data: r.get(2)? })
        })
        .optional()?;
    found.ok_or(StoreError::Changed)
}

#[cfg(test)]
mod tests;
