//! What opening a stored patient costs: a synthetic CT of 512 x 512 x 300 with the noise of a scanner.
//!
//! `opening make FOLDER` writes the store, `opening time FOLDER` opens it three times and prints a table in Markdown;
//! `tools/bench opening` does both.
#![allow(clippy::print_stdout, reason = "its output is its answer")]

use std::path::Path;
use std::time::Instant;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Image, Modality, Patient};
use vestibule_record::{Key, Progress, Store, StoreError};

type Failed = Box<dyn std::error::Error>;

/// A body of ellipses in air, whole Hounsfield units with a noise of some 15 (the sum of four dice).
fn ct() -> Image {
    let grid = Grid::axial([512, 512, 300], [0.977, 0.977, 1.0], [-250.0, -250.0, -150.0].into());
    let mut volume = Volume::filled(grid, 0f32);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for (n, v) in volume.data.iter_mut().enumerate() {
        let (x, y) = ((n % 512) as f32 - 255.5, (n / 512 % 512) as f32 - 255.5);
        let inside = |a: f32, b: f32| (x / a).powi(2) + (y / b).powi(2) < 1.0;
        let hu = if inside(60.0, 50.0) {
            700.0
        } else if inside(200.0, 140.0) {
            40.0
        } else {
            -1000.0
        };
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let dice = (0..4).map(|d| (state >> (32 + 5 * d) & 31) as f32).sum::<f32>() - 62.0;
        *v = (hu + dice * 0.8).round().max(-1024.0);
    }
    Image { description: "SYNTHETIC".into(), ..Image::of("2.25.1", Modality::Ct, volume) }
}

fn make(folder: &Path) -> Result<(), Failed> {
    let store = Store::create(folder, &Key::Demo)?;
    let patient = Patient {
        id: "SYN".into(),
        name: "SYNTHETIC".into(),
        synthetic: true,
        images: vec![ct()],
        ..Patient::default()
    };
    let start = Instant::now();
    store.put_patient(&patient)?;
    println!("stored in {:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The most memory that this process ever held, MB (Linux).
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024e-6)
}

fn time(folder: &Path) -> Result<(), Failed> {
    let store = Store::open(folder, &Key::Demo)?;
    println!(
        "| opening | coarse image | first answer, s | all, s | first/all | whole alone, s | stop, ms | peak, MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for n in 1..=3 {
        let start = Instant::now();
        let since = || start.elapsed().as_secs_f64();
        let mut first = (0.0, [0; 3]);
        let patient = store.patient_with("SYN", &Progress::default(), |p| {
            first = (since(), p.images.first().map_or([0; 3], |i| i.volume.grid.size));
        })?;
        let all = since();
        let peak = peak_mb().unwrap_or(f64::NAN);
        drop(patient);
        let start = Instant::now();
        drop(store.patient("SYN")?);
        let alone = start.elapsed().as_secs_f64();
        let stop = stop_ms(&store)?;
        let [i, j, k] = first.1;
        let (at, share) = (first.0, first.0 / all);
        println!("| {n} | {i} x {j} x {k} | {at:.3} | {all:.3} | {share:.3} | {alone:.3} | {stop:.0} | {peak:.0} |");
    }
    Ok(())
}

/// From the wish to stop, half-way, to the end of the opening.
fn stop_ms(store: &Store) -> Result<f64, Failed> {
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| store.patient_with("SYN", &progress, |_| ()).map(|_| ()));
        while progress.part() < 0.5 && !opening.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let start = Instant::now();
        progress.cancel();
        match opening.join() {
            Ok(Err(StoreError::Cancelled)) => Ok(start.elapsed().as_secs_f64() * 1e3),
            _ => Err("the opening was not stopped".into()),
        }
    })
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", folder] => make(Path::new(folder)),
        ["time", folder] => time(Path::new(folder)),
        _ => Err("say `make FOLDER` or `time FOLDER`".into()),
    }
}
