//! The power fails: every write after the last sync is gone, at 200 points drawn by lot, and no confirmed answer is lost.
//!
//! A SQLite VFS notes every write, truncation and sync that the store makes; a disk that lost power is then built from
//! the notes, once with all unsynced writes gone, once with any of them gone and one of them torn.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![allow(unsafe_code, reason = "a SQLite VFS is a table of C functions; there is no safe interface to it")]

use rusqlite::ffi;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::Patient;
use vestibule_record::*;
use vestibule_tests::RAW_KEY;

/// What happened to a file, by its name without the folder.
#[derive(Clone, Debug)]
enum Note {
    Write {
        file: String,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        file: String,
        size: usize,
    },
    Sync {
        file: String,
    },
    Delete {
        file: String,
    },
    /// `save_answer` returned for this number.
    Confirmed(i64),
}

static NOTES: Mutex<Vec<Note>> = Mutex::new(Vec::new());

fn notes() -> MutexGuard<'static, Vec<Note>> {
    NOTES.lock().unwrap()
}

mod vfs {
    use super::*;

    /// Our file: SQLite's part first, then the real file's memory behind us.
    #[repr(C)]
    struct File {
        base: ffi::sqlite3_file,
        name: *mut String,
        real: *mut ffi::sqlite3_file,
    }

    static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
        iVersion: 1, // no shared memory: the store locks exclusively, and then SQLite needs none
        xClose: Some(close),
        xRead: Some(read),
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        xFileSize: Some(file_size),
        xLock: Some(lock),
        xUnlock: Some(unlock),
        xCheckReservedLock: Some(check_reserved_lock),
        xFileControl: Some(file_control),
        xSectorSize: Some(sector_size),
        xDeviceCharacteristics: Some(device_characteristics),
        xShmMap: None,
        xShmLock: None,
        xShmBarrier: None,
        xShmUnmap: None,
        xFetch: None,
        xUnfetch: None,
    };

    /// Calls the real file's method of the same name.
    macro_rules! real {
        ($file:expr, $method:ident $(, $arg:expr)*) => {{
            // SAFETY: SQLite passes the file that `open` filled in; its real file lives as long as it does, and an
            // opened file's method table is complete.
            unsafe {
                let real = (*$file.cast::<File>()).real;
                ((*(*real).pMethods).$method.unwrap())(real $(, $arg)*)
            }
        }};
    }

    fn name(file: *mut ffi::sqlite3_file) -> String {
        // SAFETY: `open` put a leaked box there, which `close` takes back last.
        unsafe { (*(*file.cast::<File>()).name).clone() }
    }

    extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
        let code = real!(file, xClose);
        // SAFETY: the box that `open` leaked; SQLite closes a file once.
        unsafe { drop(Box::from_raw((*file.cast::<File>()).name)) };
        code
    }
    extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, offset: i64) -> c_int {
        real!(file, xRead, to, n, offset)
    }
    extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, offset: i64) -> c_int {
        // SAFETY: SQLite gives n readable bytes.
        let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n as usize) }.to_vec();
        notes().push(Note::Write { file: name(file), offset: offset as usize, data });
        real!(file, xWrite, from, n, offset)
    }
    extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
        notes().push(Note::Truncate { file: name(file), size: size as usize });
        real!(file, xTruncate, size)
    }
    extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
        notes().push(Note::Sync { file: name(file) });
        real!(file, xSync, flags)
    }
    extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
        real!(file, xFileSize, size)
    }
    extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
        real!(file, xLock, level)
    }
    extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
        real!(file, xUnlock, level)
    }
    extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
        real!(file, xCheckReservedLock, out)
    }
    extern "C" fn file_control(file: *mut ffi::sqlite3_file, op: c_int, arg: *mut c_void) -> c_int {
        real!(file, xFileControl, op, arg)
    }
    extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
        real!(file, xSectorSize)
    }
    extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
        real!(file, xDeviceCharacteristics)
    }

    fn real_vfs() -> *mut ffi::sqlite3_vfs {
        // SAFETY: null asks for the default, which is there from the start.
        unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) }
    }

    extern "C" fn open(
        _vfs: *mut ffi::sqlite3_vfs,
        path: *const c_char,
        file: *mut ffi::sqlite3_file,
        flags: c_int,
        out: *mut c_int,
    ) -> c_int {
        // SAFETY: SQLite gives szOsFile bytes, which hold our file and the real one behind it.
        unsafe {
            let ours = file.cast::<File>();
            let real = file.cast::<u8>().add(size_of::<File>()).cast::<ffi::sqlite3_file>();
            (*ours).base.pMethods = std::ptr::null();
            let code = ((*real_vfs()).xOpen.unwrap())(real_vfs(), path, real, flags, out);
            if code == ffi::SQLITE_OK {
                let whole = if path.is_null() { String::new() } else { CStr::from_ptr(path).to_string_lossy().into() };
                let name = whole.rsplit('/').next().unwrap_or_default().to_owned();
                (*ours).name = Box::into_raw(Box::new(name));
                (*ours).real = real;
                (*ours).base.pMethods = &METHODS;
            }
            code
        }
    }

    extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_dir: c_int) -> c_int {
        // SAFETY: SQLite gives a C string; the real VFS takes it on.
        unsafe {
            let file = CStr::from_ptr(path).to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned();
            notes().push(Note::Delete { file });
            ((*real_vfs()).xDelete.unwrap())(real_vfs(), path, sync_dir)
        }
    }

    /// Registers the noting VFS, once for the process.
    pub fn register() -> &'static str {
        const NAME: &CStr = c"noting";
        // SAFETY: a copy of the real VFS with two functions of ours, leaked and so valid for ever.
        unsafe {
            let mut ours = *real_vfs();
            ours.szOsFile += size_of::<File>() as c_int;
            ours.zName = NAME.as_ptr();
            ours.pNext = std::ptr::null_mut();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(ours)), 0), ffi::SQLITE_OK);
        }
        "noting"
    }
}

/// xorshift: drawn by lot, the same every time.
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// In memory where the system has such a place: the failing disk is ours, and the real one need not be waited for.
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

type Disk = BTreeMap<String, Vec<u8>>;

fn apply(disk: &mut Disk, note: &Note, torn: Option<usize>) {
    match note {
        Note::Write { file, offset, data } => {
            let bytes = disk.entry(file.clone()).or_default();
            let data = &data[..torn.map_or(data.len(), |t| t.min(data.len()))];
            let end = offset + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(data);
        }
        Note::Truncate { file, size } => disk.entry(file.clone()).or_default().resize(*size, 0),
        // A deletion that no sync made durable may come back: the worse case is that it does, so it is not applied.
        Note::Delete { .. } | Note::Sync { .. } | Note::Confirmed(_) => {}
    }
}

fn file_of(note: &Note) -> Option<&str> {
    match note {
        Note::Write { file, .. } | Note::Truncate { file, .. } | Note::Sync { file } | Note::Delete { file } => {
            Some(file)
        }
        Note::Confirmed(_) => None,
    }
}

/// The disk after the power failed when `notes` had happened: of each file what was there at its last sync, and, where
/// `lot` is given, any of the later writes, one of them torn at a multiple of 512 bytes.
fn after_power_failure(start: &Disk, notes: &[Note], mut lot: Option<&mut Lot>, syncs_lie: bool) -> Disk {
    let mut last_sync: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, note) in notes.iter().enumerate() {
        if let (Note::Sync { file }, false) = (note, syncs_lie) {
            last_sync.insert(file, n);
        }
    }
    let mut disk = start.clone();
    for (n, note) in notes.iter().enumerate() {
        let Some(file) = file_of(note) else { continue };
        if last_sync.get(file).is_some_and(|&s| n < s) {
            apply(&mut disk, note, None);
        } else if let Some(lot) = lot.as_deref_mut() {
            match lot.below(4) {
                0 => apply(&mut disk, note, Some(512 * lot.below(8))),
                1 | 2 => apply(&mut disk, note, None),
                _ => {}
            }
        }
    }
    disk
}

/// What the store that lies on this disk still holds; an error when it does not open or is not whole.
fn kept(disk: &Disk, header: &[u8]) -> Result<Vec<i64>, String> {
    let folder = quick_folder();
    std::fs::write(folder.path().join("store.json"), header).unwrap();
    for (name, bytes) in disk {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let store = Store::open(folder.path(), &Key::raw(RAW_KEY)).map_err(|e| e.to_string())?;
    let found = store.verify().map_err(|e| e.to_string())?;
    if !found.ok {
        return Err(found.problems.join("; "));
    }
    let answers = store.answers(&AnswerFilter::default()).map_err(|e| e.to_string())?;
    Ok(answers.iter().map(|a| if let AnswerValue::Whole(n) = a.answer.value { n } else { -1 }).collect())
}

fn session(scope: &PatientScope) -> SessionId {
    let new = NewSession { journey: "proton-first-day".into(), mode: "patient".into(), ..Default::default() };
    scope.start_session(&new).unwrap()
}

/// A store at work over the noting VFS: answers, and volumes large enough that the WAL is carried over several times.
fn record(folder: &Path) -> (Disk, Vec<Note>) {
    drop(Store::create(folder, &Key::raw(RAW_KEY)).unwrap());
    let start: Disk = [("store.db".to_owned(), std::fs::read(folder.join("store.db")).unwrap())].into();
    let options = OpenOptions { vfs: Some(vfs::register().into()), ..Default::default() };
    let store = Store::open_with(folder, &Key::raw(RAW_KEY), options).unwrap();
    store.put_patient(&Patient { id: "P".into(), ..Patient::default() }).unwrap();
    let scope = store.patient_scope("P").unwrap();
    let session = session(&scope);
    for n in 0..120 {
        let answer = Answer {
            session: session.clone(),
            questionnaire: "anxiety-before".into(),
            item: "anxiety".into(),
            value: AnswerValue::Whole(n),
            step: "anxiety-before".into(),
            time_s: n as f64,
            language: "fr".into(),
            attempt: 1,
            by_staff: false,
        };
        scope.save_answer(&answer).unwrap();
        notes().push(Note::Confirmed(n));
        if n % 3 == 1 {
            // The same name again and again: much goes through the WAL, little stays.
            let grid = Grid::axial([64, 64, 16], [1.0; 3], [0.0; 3].into());
            let mut lot = Lot(0x9015e + n as u64);
            let noise = (0..grid.len()).map(|_| f32::from_bits(lot.below(1 << 32) as u32)).collect();
            scope.put_derived("noise", &Volume { grid, data: noise }).unwrap();
        }
    }
    drop(scope);
    drop(store);
    (start, std::mem::take(&mut *notes()))
}

fn confirmed(notes: &[Note]) -> impl Iterator<Item = i64> {
    notes.iter().filter_map(|n| if let Note::Confirmed(n) = n { Some(*n) } else { None })
}

#[test]
fn two_hundred_power_failures_lose_no_confirmed_answer() {
    let folder = quick_folder();
    let (start, notes) = record(folder.path());
    let header = std::fs::read(folder.path().join("store.json")).unwrap();
    let syncs = |name: &str| notes.iter().filter(|n| matches!(n, Note::Sync { file } if file == name)).count();
    let (wal, main) = (syncs("store.db-wal"), syncs("store.db"));
    println!("{} notes; syncs: {wal} of the WAL, {main} of the database", notes.len());
    assert!(wal >= 120 && main >= 2, "one sync an answer, and the WAL carried over more than once: {wal}, {main}");

    let mut lot = Lot(0x5eed_0002);
    for n in 0..200 {
        let at = lot.below(notes.len() + 1);
        for some_survive in [false, true] {
            let survivors = if some_survive { Some(&mut lot) } else { None };
            let disk = after_power_failure(&start, &notes[..at], survivors, false);
            let kept = kept(&disk, &header).unwrap_or_else(|e| panic!("point {n} (note {at}, {some_survive}): {e}"));
            let lost: Vec<i64> = confirmed(&notes[..at]).filter(|c| !kept.contains(c)).collect();
            assert!(lost.is_empty(), "point {n} (note {at}, {some_survive}): confirmed and lost: {lost:?}");
        }
    }

    // The control: on a disk that does not keep its word when it is told to sync, the same search finds the loss.
    let disk = after_power_failure(&start, &notes[..notes.len() / 2], None, true);
    let kept = kept(&disk, &header).unwrap_or_default();
    assert!(confirmed(&notes[..notes.len() / 2]).any(|c| !kept.contains(&c)), "the loss must show");
}
