//! The whole program with a real passphrase: import, play, kill. Nothing of the person lies readable anywhere.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use vestibule_dicom::write::{self, Identity};
use vestibule_geometry::{BeamAngles, PatientPosition};
use vestibule_patient::{Beam, Layer, Plan, Spot};
use vestibule_tests::planted;

/// A study of the planted person: a CT of which every row is the planted one, and a small proton plan.
fn write_study(folder: &Path) {
    let mut patient = planted::patient();
    let mut ct = patient.images.remove(0);
    ct.position = Some(PatientPosition::Hfs);
    let identity = Identity {
        patient_id: planted::ID.into(),
        patient_name: planted::NAME.into(),
        birth_date: patient.birth_date.clone(),
        sex: patient.sex.clone(),
        study_uid: ct.study_uid.clone(),
        study_date: "20260105".into(),
        ..Identity::default()
    };
    write::image_series(folder, &ct, &identity).unwrap();
    let spots = |n: u32| (0..n).map(|i| Spot { x_mm: f64::from(i % 8), y_mm: f64::from(i / 8), weight: 1.0 }).collect();
    let layers =
        [90.0, 80.0].map(|energy_mev| Layer { energy_mev, paintings: 1, spots: spots(48), ..Layer::default() });
    let beam = Beam {
        number: 1,
        name: "one".into(),
        isocentre_mm: ct.volume.grid.centre(128, 32, 6),
        angles: BeamAngles { gantry_deg: 90.0, ..BeamAngles::default() },
        meterset_mu: 60.0,
        final_cumulative_weight: 96.0,
        layers: layers.into(),
        ..Beam::default()
    };
    let plan = Plan {
        uid: format!("{}.8", planted::UID),
        label: "PLANTED".into(),
        frame_of_reference_uid: ct.frame_of_reference_uid.clone(),
        position: Some(PatientPosition::Hfs),
        fractions: 1,
        beams: vec![beam],
        ..Plan::default()
    };
    write::ion_plan(&folder.join("plan.dcm"), &plan, &identity).unwrap();
}

const PASSPHRASE: &str = "a passphrase nobody published";

/// The machine's folders that the program may write to.
struct Machine {
    home: tempfile::TempDir,
    program: PathBuf,
}

impl Machine {
    fn command(&self, args: &[&str]) -> Command {
        let at = |name: &str| self.home.path().join(name);
        let mut command = Command::new(&self.program);
        command
            .arg("--store")
            .arg(at("store"))
            .arg("--passphrase-file")
            .arg(at("pass"))
            .args(args)
            .current_dir(at("work"))
            .env("VESTIBULE_HOME", concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env("HOME", self.home.path())
            .env("RUST_LOG", "trace") // whatever it would ever log
            .stdin(Stdio::null());
        for (name, folder) in [
            ("TMPDIR", "temp"),
            ("SQLITE_TMPDIR", "temp"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(name, at(folder));
        }
        for name in ["VESTIBULE_STORE", "VESTIBULE_PASSPHRASE", "VESTIBULE_STAFF_PIN"] {
            command.env_remove(name);
        }
        command
    }

    fn look(&self, when: &str, process: Option<u32>) {
        let hits = planted::search(&planted::files(&[self.home.path()], process));
        assert!(hits.is_empty(), "{when}: {hits:?}");
    }
}

#[test]
fn import_and_play_leave_nothing_readable() {
    let named = ["VESTIBULE_HEADLESS_BIN", "VESTIBULE_BIN"].into_iter().find_map(std::env::var_os).map(PathBuf::from);
    let beside = || std::env::current_exe().ok()?.parent()?.parent().map(|d| d.join("vestibule"));
    let Some(program) = named.or_else(beside).filter(|p| p.is_file()) else {
        println!("SKIPPED import_and_play_leave_nothing_readable: the program is not built");
        return;
    };
    let study = tempfile::tempdir().unwrap();
    write_study(study.path());
    // The control: the study itself is full of what is looked for.
    let hits = planted::search(&planted::files(&[study.path()], None));
    for what in ["name", "ID", "UID", "voxels as i16"] {
        assert!(hits.iter().any(|h| h.starts_with(&format!("{what} in"))), "{what} is not planted: {hits:?}");
    }

    let machine = Machine { home: tempfile::tempdir().unwrap(), program };
    let at = |name: &str| machine.home.path().join(name);
    for name in ["work", "temp", "cache", "data", "state"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    std::fs::write(at("pass"), PASSPHRASE).unwrap();
    std::fs::set_permissions(at("pass"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    // Import; its standard error is a file here, and so searched like a log.
    let log = |name: &str| std::fs::File::create(at(name)).unwrap();
    let mut import = machine
        .command(&["patient", "import", study.path().to_str().unwrap(), "--json"])
        .stdout(Stdio::piped())
        .stderr(log("import.log"))
        .spawn()
        .unwrap();
    while import.try_wait().unwrap().is_none() {
        machine.look("while importing", Some(import.id()));
        std::thread::sleep(Duration::from_millis(30));
    }
    let out = import.wait_with_output().unwrap();
    let said = std::fs::read_to_string(at("import.log")).unwrap_or_default();
    assert!(out.status.success(), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["patients"][0]["id"], planted::ID, "{report}");
    assert_eq!(report["patients"][0]["plans"], 1, "{report}");
    machine.look("after the import", None);

    // Play, search all the while, and kill it in the middle.
    let mut play = machine
        .command(&["play", "proton-first-day", "--headless", "--patient", planted::ID, "--speed", "60"])
        .stdout(log("play.out"))
        .stderr(log("play.log"))
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    let mut core_files = String::new();
    while Instant::now() < end {
        assert!(play.try_wait().unwrap().is_none(), "{}", std::fs::read_to_string(at("play.log")).unwrap_or_default());
        machine.look("while playing", Some(play.id()));
        core_files = std::fs::read_to_string(format!("/proc/{}/coredump_filter", play.id())).unwrap_or_default();
        std::thread::sleep(Duration::from_millis(100));
    }
    if cfg!(target_os = "linux") {
        assert_eq!(core_files.trim(), "00000000", "a crash would write its memory to a core file");
    }
    play.kill().unwrap();
    play.wait().unwrap();
    machine.look("after the kill", None);

    // And it did work: what was answered before the kill is there.
    let out = machine.command(&["record", "questionnaire", "list", "--json"]).output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let responses = found["responses"].as_array().unwrap();
    assert!(!responses.is_empty() && responses[0]["patient"] == planted::ID, "{found}");
    let verified = machine.command(&["record", "verify"]).stdout(Stdio::null()).status().unwrap();
    assert!(verified.success());
    machine.look("at the end", None);
    the_thumbnail_lies_encrypted(&machine);
}

/// The small picture made at import can be had, and lies nowhere as it is; of a person it is stamped and must be asked for.
fn the_thumbnail_lies_encrypted(machine: &Machine) {
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("t.png");
    let show = |more: &[&str]| {
        let args = [&["patient", "show", planted::ID, "--thumbnail", out.to_str().unwrap()], more].concat();
        machine.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(show(&[]), Some(2), "not without a word");
    assert!(!out.exists());
    assert_eq!(show(&["--identifiable"]), Some(0));
    let stamped = image::open(&out).unwrap().to_rgb8();
    assert_eq!(stamped.dimensions(), (256, 128));
    assert!(stamped.pixels().any(|p| p.0[0] != p.0[2]), "a person's picture is stamped");
    assert_eq!(show(&["--identifiable"]), Some(2), "never over a file that is there");

    let store = machine.home.path().join("store");
    let open = vestibule_record::Store::open(&store, &vestibule_record::Key::from_passphrase(PASSPHRASE)).unwrap();
    let scope = open.patient_scope(planted::ID).unwrap();
    let (_, png) = scope.find_blob(vestibule_record::BlobKind::Thumbnail, "ct").unwrap().expect("made at import");
    drop((open, scope));
    let needle = &png[png.len() / 2..][..24];
    let holds = |file: &PathBuf| std::fs::read(file).unwrap_or_default().windows(24).any(|w| w == needle);
    std::fs::write(elsewhere.path().join("plain.png"), &png).unwrap();
    assert_eq!(planted::files(&[elsewhere.path()], None).iter().filter(|f| holds(f)).count(), 1, "the control");
    let hits: Vec<_> = planted::files(&[machine.home.path()], None).into_iter().filter(holds).collect();
    assert!(hits.is_empty(), "the thumbnail lies readable in {hits:?}");
}
