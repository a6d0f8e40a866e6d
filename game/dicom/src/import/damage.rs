//! Arbitrary and damaged bytes never break the reader, and never ask for more memory than the file has.

use super::{Note, import, read_bytes};
use crate::write::{Identity, derived_uid, dose, image_series, ion_plan, spatial_registration, structure_set};
use nalgebra::Point3;
use proptest::prelude::*;
use std::io::Write;
use std::sync::OnceLock;
use vestibule_geometry::{Contour, Grid, Volume};
use vestibule_patient::*;

fn identity() -> Identity {
    Identity {
        patient_id: "1".into(),
        study_uid: derived_uid(&["s"]),
        study_date: "20260101".into(),
        study_time: "120000".into(),
        ..Default::default()
    }
}

/// A small plan, structure set, image, dose and registration as bytes.
fn files() -> &'static [Vec<u8>; 5] {
    static FILES: OnceLock<[Vec<u8>; 5]> = OnceLock::new();
    FILES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let spots = vec![Spot { x_mm: 1.0, y_mm: 2.0, weight: 3.0 }; 4];
        let layer = Layer { energy_mev: 120.0, spot_fwhm_mm: Some([9.0, 9.0]), paintings: 1, spots };
        let beam = Beam { number: 1, name: "A".into(), layers: vec![layer; 2], meterset_mu: 9.0, ..Default::default() };
        let plan = Plan { uid: derived_uid(&["p"]), fractions: 3, beams: vec![beam], ..Default::default() };
        let (p, s) = (dir.path().join("p"), dir.path().join("s"));
        ion_plan(&p, &plan, &identity()).unwrap();
        let image = Image {
            uid: derived_uid(&["i"]),
            study_uid: derived_uid(&["s"]),
            frame_of_reference_uid: derived_uid(&["f"]),
            modality: Modality::Ct,
            description: String::new(),
            position: None,
            unit: String::new(),
            phase: None,
            coarse: None,
            slice_uids: Vec::new(),
            volume: Volume::filled(Grid::axial([2, 2, 2], [1.0; 3], Point3::origin()), 0.0),
        };
        let contour = Contour { points: vec![Point3::origin(), Point3::new(1., 0., 0.), Point3::new(0., 1., 0.)] };
        let one = Structure { number: 1, name: "B".into(), contours: vec![contour; 3], ..Default::default() };
        let set = StructureSet { uid: derived_uid(&["r"]), structures: vec![one], ..Default::default() };
        structure_set(&s, &set, &image, &identity()).unwrap();
        let grid = Grid::axial([3, 3, 2], [1.0; 3], Point3::origin());
        let gray = Dose {
            uid: derived_uid(&["d"]),
            frame_of_reference_uid: derived_uid(&["f"]),
            plan_uid: None,
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation: DoseSummation::Plan,
            engine: String::new(),
            volume: Volume::filled(grid, 2.0),
        };
        let (d, i) = (dir.path().join("d"), dir.path().join("i"));
        dose(&d, &gray, None, &identity()).unwrap();
        image_series(&i, &image, &identity()).unwrap();
        let g = dir.path().join("g");
        let motion = nalgebra::Isometry3::translation(1.0, 2.0, 3.0);
        let moved = Registration::of(derived_uid(&["g"]), derived_uid(&["f2"]), derived_uid(&["f"]), motion);
        spatial_registration(&g, &[moved], &[&image], &identity()).unwrap();
        [p, s, i.join("CT_0001.dcm"), d, g].map(|f| std::fs::read(f).unwrap())
    })
}

#[test]
fn a_file_cut_anywhere_is_taken_whole_or_refused_with_a_sentence() {
    for bytes in files() {
        assert!(read_bytes(bytes).0, "{:?}", read_bytes(bytes).1);
        for length in 0..bytes.len() {
            let (taken, notes) = read_bytes(&bytes[..length]);
            if !taken {
                assert!(notes.iter().any(|n| n.text.len() > 10), "cut at {length}: {notes:?}");
            }
        }
    }
}

/// The five files in one archive.
fn archive() -> &'static Vec<u8> {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (n, bytes) in files().iter().enumerate() {
            zip.start_file(format!("folder/{n}"), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    })
}

/// How many of its files the import takes, and what it says.
fn read_archive(bytes: &[u8]) -> (usize, Vec<Note>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    std::fs::write(&path, bytes).unwrap();
    let got = import(&[path], &|_, _| {}).unwrap();
    let count =
        |p: &Patient| p.images.len() + p.structure_sets.len() + p.plans.len() + p.doses.len() + p.registrations.len();
    (got.patients.iter().map(count).sum(), got.notes)
}

#[test]
fn an_archive_cut_anywhere_is_never_taken_in_silence() {
    let whole = archive();
    assert_eq!(read_archive(whole).0, 5, "{:?}", read_archive(whole).1);
    for length in (0..whole.len()).step_by(101).chain(whole.len() - 30..whole.len()) {
        let (taken, notes) = read_archive(&whole[..length]);
        assert!(taken == 5 || notes.iter().any(|n| n.text.len() > 10), "cut at {length}: {taken} taken, {notes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_archive(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), tail in any::<bool>()) {
        let mut bytes = archive().clone();
        // Half of the time only in the directory at the end, where sizes and places stand.
        let from = if tail { bytes.len() - 250 } else { 0 };
        for (at, value) in flips {
            let at = from + at.index(bytes.len() - from);
            bytes[at] = value;
        }
        read_archive(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600), marked in any::<bool>()) {
        let mut file = bytes;
        if marked && file.len() > 132 {
            file[128..132].copy_from_slice(b"DICM");
        }
        read_bytes(&file);
    }

    #[test]
    fn flipped_bytes(which in 0usize..5, flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = files()[which].clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read_bytes(&bytes);
    }
}
