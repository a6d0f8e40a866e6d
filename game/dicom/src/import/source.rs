//! Which files there are: folders, single files, and zip archives found on the way.

use super::ImportError;
use crate::Note;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// More than this is no DICOM file of a patient, and would only fill the memory.
const LARGEST_FILE: u64 = 4 << 30;

/// One file to read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What the person sees: the path below what was given, or `archive.zip:entry`.
    pub label: String,
    path: PathBuf,
    entry: Option<usize>,
}

/// Finds every file below the paths, in a fixed order.
pub(super) fn collect(paths: &[PathBuf], notes: &mut Vec<Note>) -> Result<Vec<Source>, ImportError> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        if !path.exists() {
            return Err(ImportError::NotFound { path: path.clone() });
        }
        if path.is_dir() {
            folder(path, path, &mut out, &mut seen, notes);
        } else {
            let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            file(path, label, &mut out, &mut seen, notes);
        }
    }
    Ok(out)
}

fn folder(root: &Path, dir: &Path, out: &mut Vec<Source>, seen: &mut BTreeSet<PathBuf>, notes: &mut Vec<Note>) {
    // The real path: a link that leads back into the tree is walked once.
    if let Ok(real) = dir.canonicalize()
        && !seen.insert(real)
    {
        return;
    }
    let label = |p: &Path| p.strip_prefix(root).unwrap_or(p).to_string_lossy().into_owned();
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(dir) {
        Ok(list) => list.filter_map(|e| e.ok().map(|e| e.path())).collect(),
        Err(e) => {
            notes.push(Note::error(label(dir), format!("the folder cannot be read: {}", e.kind())));
            return;
        }
    };
    entries.sort();
    for path in entries {
        if path.is_dir() {
            folder(root, &path, out, seen, notes);
        } else if path.is_file() {
            file(&path, label(&path), out, seen, notes);
        }
    }
}

fn file(path: &Path, label: String, out: &mut Vec<Source>, seen: &mut BTreeSet<PathBuf>, notes: &mut Vec<Note>) {
    if let Ok(real) = path.canonicalize()
        && !seen.insert(real)
    {
        return;
    }
    let mut start = [0u8; 4];
    let is_zip = File::open(path).and_then(|mut f| f.read_exact(&mut start)).is_ok() && start == *b"PK\x03\x04";
    if !is_zip {
        out.push(Source { label, path: path.to_owned(), entry: None });
        return;
    }
    let mut archive = match open_archive(path) {
        Ok(a) => a,
        Err(e) => {
            notes.push(Note::error(label, format!("the zip archive cannot be read: {e}")));
            return;
        }
    };
    for i in 0..archive.len() {
        match archive.by_index(i) {
            Ok(e) if e.is_dir() => {}
            Ok(e) => {
                let name = e.name().map(|n| n.into_owned()).unwrap_or_else(|_| format!("entry {}", i + 1));
                out.push(Source { label: format!("{label}:{name}"), path: path.to_owned(), entry: Some(i) });
            }
            Err(e) => notes.push(Note::error(format!("{label}: entry {}", i + 1), format!("cannot be read: {e}"))),
        }
    }
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, String> {
    let file = File::open(path).map_err(|e| e.kind().to_string())?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| e.to_string())
}

/// The archive a thread has open, so that its directory is read once a thread.
pub(super) type OpenArchive = Option<(PathBuf, ZipArchive<BufReader<File>>)>;

impl Source {
    /// The file's bytes.
    pub fn read(&self, open: &mut OpenArchive) -> Result<Vec<u8>, String> {
        let too_large = || "is larger than 4 GiB and was not read".to_owned();
        let Some(index) = self.entry else {
            let size = std::fs::metadata(&self.path).map_err(|e| e.kind().to_string())?.len();
            if size > LARGEST_FILE {
                return Err(too_large());
            }
            return std::fs::read(&self.path).map_err(|e| format!("cannot be read: {}", e.kind()));
        };
        if open.as_ref().is_none_or(|(p, _)| *p != self.path) {
            *open = Some((self.path.clone(), open_archive(&self.path)?));
        }
        let Some((_, archive)) = open else { return Err("cannot be read".to_owned()) };
        let mut entry = archive.by_index(index).map_err(|e| format!("cannot be read: {e}"))?;
        let mut bytes = Vec::new();
        // The size an archive states is not believed.
        let read = entry.by_ref().take(LARGEST_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|e| format!("cannot be unpacked: {e}"))?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(too_large());
        }
        Ok(bytes)
    }
}
