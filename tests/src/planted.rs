//! A person whose traces are easy to search for, and the search.

use std::path::{Path, PathBuf};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Image, Modality, Patient};

/// PatientName.
pub const NAME: &str = "ZZYVERN^QUILLAUME";
/// PatientID.
pub const ID: &str = "PLANTED-7731-ID";
/// The root of every planted UID.
pub const UID: &str = "1.2.826.0.1.3680043.10.954.7731.424242";
/// Typed by staff.
pub const WORDS: &str = "la gouttière verte chante";

/// A row of voxels that no compression shortens and that stands nowhere else: whole numbers from −1000 to 3095.
pub fn row() -> Vec<i16> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..256)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % 4096) as i16 - 1000
        })
        .collect()
}

/// The row's voxels as f32.
pub fn row_f32() -> Vec<f32> {
    row().into_iter().map(f32::from).collect()
}

/// What must not be found: what it is, and its bytes.
pub fn needles() -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |s: &str| s.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes();
    // 16 voxels from the middle of the row: any page that holds a good part of it holds these.
    let i16s: Vec<u8> = row()[120..136].iter().flat_map(|v| v.to_le_bytes()).collect();
    let f32s: Vec<u8> = row_f32()[120..136].iter().flat_map(|v| v.to_le_bytes()).collect();
    vec![
        ("name", b"ZZYVERN".to_vec()),
        ("name in UTF-16", utf16("ZZYVERN")),
        ("name in hexadecimal", hex(b"ZZYVERN")),
        ("ID", ID.into()),
        ("UID", UID.into()),
        ("words", WORDS.into()),
        ("voxels as i16", i16s),
        ("voxels as f32", f32s),
    ]
}

/// The planted person: one CT in which every row is [`row`], and one image with fractions, so that both packings occur.
pub fn patient() -> Patient {
    let grid = Grid::axial([256, 64, 12], [1.0, 1.0, 2.0], [-128.0, -32.0, 0.0].into());
    let data: Vec<f32> = (0..64 * 12).flat_map(|_| row_f32()).collect();
    let ct = Image {
        uid: format!("{UID}.1"),
        study_uid: format!("{UID}.2"),
        frame_of_reference_uid: format!("{UID}.3"),
        modality: Modality::Ct,
        description: format!("head of {NAME}"),
        position: None,
        unit: "HU".into(),
        phase: None,
        coarse: None,
        slice_uids: (0..12).map(|k| format!("{UID}.1.{k}")).collect(),
        volume: Volume { grid, data },
    };
    let mut mr = ct.clone();
    mr.uid = format!("{UID}.4");
    mr.volume.data[0] += 0.5;
    Patient {
        id: ID.into(),
        name: NAME.into(),
        birth_date: "19380217".into(),
        sex: "M".into(),
        images: vec![ct, mr],
        ..Patient::default()
    }
}

/// Every regular file below these folders, and every deleted file that the process still holds open.
pub fn files(folders: &[&Path], process: Option<u32>) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let kind = entry.file_type();
            if kind.as_ref().is_ok_and(|k| k.is_dir()) {
                walk(&entry.path(), found);
            } else if kind.is_ok_and(|k| k.is_file()) {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    folders.iter().for_each(|f| walk(f, &mut found));
    if let Some(pid) = process {
        for entry in std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let deleted = std::fs::read_link(entry.path()).is_ok_and(|l| l.to_string_lossy().ends_with("(deleted)"));
            if deleted && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()) {
                found.push(entry.path());
            }
        }
    }
    found
}

/// Every needle in every file: which, and where. Names of files count too.
pub fn search(files: &[PathBuf]) -> Vec<String> {
    let needles = needles();
    let mut hits = Vec::new();
    for path in files {
        let bytes = std::fs::read(path).unwrap_or_default();
        let name = path.to_string_lossy().into_owned().into_bytes();
        for (what, needle) in &needles {
            if contains(&bytes, needle) || contains(&name, needle) {
                hits.push(format!("{what} in {}", path.display()));
            }
        }
    }
    hits
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some(&first) = needle.first() else { return false };
    let mut at = 0;
    while let Some(n) = bytes[at..].iter().position(|&b| b == first) {
        at += n;
        if bytes[at..].starts_with(needle) {
            return true;
        }
        at += 1;
    }
    false
}
