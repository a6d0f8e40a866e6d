//! LETd and variable RBE through the whole engine, and LETd over depth against matRad's base data (TOPAS by others, read
//! where it lies, `VESTIBULE_TEST_DATA/beams-matrad`).
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
#[path = "common/mat.rs"]
mod mat;

use common::{beam, plan, prepare, water_box};
use nalgebra::Point3;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use vestibule_dose::bragg::BraggCurve;
use vestibule_dose::let_d::depth_let;
use vestibule_dose::{Cancelled, LetGrid, LetProtons, compute_fraction, dose_averaged_let, rbe, water};
use vestibule_geometry::Volume;

fn quiet(_: usize, _: usize) {}

fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let i = x.partition_point(|v| *v <= at).clamp(1, x.len() - 1);
    y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1])
}

fn r80(x: &[f64], y: &[f64]) -> f64 {
    let peak = (0..y.len()).max_by(|a, b| y[*a].total_cmp(&y[*b])).unwrap();
    let i = (peak..y.len()).find(|i| y[*i] < 0.8 * y[peak]).unwrap();
    x[i - 1] + (y[i - 1] - 0.8 * y[peak]) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
}

/// matRad's LET is that of all protons. Of ours, all protons within 18 % from 10 to 90 % of the range (MCsquare lies on the
/// other side, see below); primaries alone within 12 % from 4 mm in front of R80 to 4 mm behind it, where secondaries no
/// longer count.
#[test]
fn let_over_depth_is_near_matrads() {
    let Ok(folder) = std::env::var("VESTIBULE_TEST_DATA") else {
        println!("SKIPPED matrad LET: VESTIBULE_TEST_DATA is not set");
        return;
    };
    let bytes = std::fs::read(std::path::Path::new(&folder).join("beams-matrad/protons_Generic.mat")).unwrap();
    let file = mat::read(&bytes);
    let data = file.items()[0]["data"].items();
    let mut checked = 0;
    for entry in data.iter().step_by(10) {
        let nominal = entry["energy"].numbers()[0];
        if !(80.0..=230.0).contains(&nominal) {
            continue;
        }
        let spectrum = &entry["energySpectrum"].items()[0];
        let spread = spectrum["sigma"].numbers()[0] / 100.0 * spectrum["mean"].numbers()[0];
        let (depth, z, kev) = (entry["depths"].numbers(), entry["Z"].numbers(), entry["LET"].numbers());
        let end = r80(depth, z);
        let curve = BraggCurve::new(water::energy_mev(end), spread);
        let sampled = curve.sampled(0.1);
        let [primary, all] = [LetProtons::Primary, LetProtons::All].map(|p| depth_let(&curve, &sampled, p));
        let worst = |ours: &[f64], depths: &[f64]| {
            let off = |d: &f64| 100.0 * (ours[(d / 0.1).round() as usize] / interpolate(depth, kev, *d) - 1.0);
            depths.iter().map(off).fold(0.0f64, |w, o| if o.abs() > w.abs() { o } else { w })
        };
        let plateau: Vec<f64> = (10..=90).step_by(5).map(|p| f64::from(p) / 100.0 * end).collect();
        let fall: Vec<f64> = (-4..=4).map(|d| end + f64::from(d)).collect();
        let (a, b, c) = (worst(&all, &plateau), worst(&primary, &plateau), worst(&primary, &fall));
        println!(
            "matrad LET {nominal:.1} MeV: plateau all {a:+.1} %, primary {b:+.1} %; ±4 mm of R80 primary {c:+.1} %"
        );
        assert!(a.abs() < 18.0 && c.abs() < 12.0, "{nominal} MeV: {a:+.1} and {c:+.1} %");
        checked += 1;
    }
    assert!(checked >= 5, "{checked} energies");
}

/// MCsquare, protons alone (no deuterons, no alphas), 1 mm of water, laterally whole, no energy spread: keV/µm at parts of the
/// depth of the peak.
const MCSQUARE: [(f64, f64, [f64; 5]); 3] = [
    (100.0, 76.5, [0.909, 1.005, 1.190, 1.487, 2.095]),
    (150.0, 156.5, [0.830, 0.899, 0.977, 1.190, 1.601]),
    (200.0, 257.5, [0.824, 0.901, 1.059, 1.100, 1.377]),
];

#[test]
fn let_of_all_protons_is_near_mcsquares() {
    for (energy, peak, values) in MCSQUARE {
        let curve = BraggCurve::new(energy, 0.0);
        let all = depth_let(&curve, &curve.sampled(0.5), LetProtons::All);
        for (part, want) in [0.1, 0.25, 0.5, 0.75, 0.9].into_iter().zip(values) {
            let off = all[(2.0 * part * peak).round() as usize] / want - 1.0;
            println!("MCsquare LET of all protons, {energy} MeV at {part}: {:+.1} %", 100.0 * off);
            assert!((-0.08..0.16).contains(&off), "{energy} MeV at {part}: {off}");
        }
    }
}

/// In a field of one energy LETd is the table's at every depth; where two beams cross it is their dose-weighted mean.
#[test]
fn let_is_the_dose_weighted_mean_of_the_beams() {
    let ct = water_box([60.0, 120.0, 60.0], 2.0, Point3::origin());
    let iso = Point3::new(0.0, 60.0, 0.0);
    let beams = [beam(0.0, iso, &[(110.0, 0.0, 0.0, 2.0)]), beam(180.0, iso, &[(100.0, 3.0, 1.0, 1.0)])];
    let of = |beams: Vec<vestibule_patient::Beam>| {
        let prepared = prepare(&ct, &plan(beams), 2.0);
        let dose = compute_fraction(&prepared, &quiet);
        let kev = dose_averaged_let(&prepared, &dose, LetProtons::Primary, &quiet);
        (dose, kev)
    };
    let (one, other) = (of(vec![beams[0].clone()]), of(vec![beams[1].clone()]));
    let (both, kev) = of(beams.to_vec());
    let mut crossed = 0;
    for (o, got) in kev.data.iter().enumerate() {
        let (a, b) = (one.1.data[o], other.1.data[o]);
        if a == 0.0 || b == 0.0 || *got == 0.0 {
            continue;
        }
        let (d, e) = (one.0.data[o], other.0.data[o]);
        let want = (d * f64::from(a) + e * f64::from(b)) / (d + e);
        assert!((f64::from(*got) / want - 1.0).abs() < 1e-4 && (both.data[o] / (d + e) - 1.0).abs() < 1e-6);
        crossed += 1;
    }
    assert!(crossed > 1000, "{crossed} voxels");

    // On the axis of the first beam: voxel j lies 2 j + 1 mm deep.
    let entry = common::machine().at(110.0).unwrap();
    let curve = BraggCurve::new(entry.mean_mev, entry.spread_mev);
    let table = depth_let(&curve, &curve.sampled(0.5), LetProtons::Primary);
    let [nx, _, nz] = one.1.grid.size;
    for j in [5, 15, 30, 40] {
        let got = f64::from(one.1.at(nx / 2, j, nz / 2));
        let want = table[4 * j + 2];
        assert!((got / want - 1.0).abs() < 0.02, "{} mm: {got}, table {want}", 2 * j + 1);
    }
}

/// LETd and the RBE that hangs on it: the same bits for any number of threads, higher behind than in front.
#[test]
fn threads_change_no_bit_and_rbe_rises_with_depth() {
    let ct = water_box([60.0, 100.0, 60.0], 4.0, Point3::origin());
    let p = plan(vec![beam(0.0, Point3::new(0.0, 50.0, 0.0), &[(100.0, 0.0, 0.0, 1.0), (95.0, 4.0, 0.0, 0.5)])]);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let prepared = prepare(&ct, &p, 3.0);
            let dose = compute_fraction(&prepared, &quiet);
            (dose_averaged_let(&prepared, &dose, LetProtons::All, &quiet), dose)
        })
    };
    let (kev, dose) = with(1);
    for threads in [2, 5] {
        let (other, _) = with(threads);
        assert!(kev.data.iter().zip(&other.data).all(|(a, b)| a.to_bits() == b.to_bits()), "{threads} threads");
    }
    let scale = 60.0 / dose.data.iter().copied().fold(0.0, f64::max);
    let course = Volume { grid: dose.grid.clone(), data: dose.data.iter().map(|v| (v * scale) as f32).collect() };
    let weighted = rbe::mcnamara_dose(&course, &kev, 30, &[], 2.0).unwrap();
    let [nx, _, nz] = kev.grid.size;
    let at = |j: usize| {
        let o = kev.grid.offset(nx / 2, j, nz / 2);
        f64::from(weighted.data[o]) / f64::from(course.data[o])
    };
    assert!(at(3) > 1.0 && at(3) < 1.3 && at(25) > at(3) + 0.2, "{} and {}", at(3), at(25));
}

/// What an app asks for: the same bits as step by step, progress to the end, and an end within a layer when it is no longer wanted.
#[test]
fn a_grid_of_let_tells_how_far_it_is_and_stops() {
    let ct = water_box([40.0, 80.0, 40.0], 4.0, Point3::origin());
    let spots = [(90.0, 0.0, 0.0, 20.0), (80.0, 0.0, 0.0, 10.0), (75.0, 0.0, 0.0, 10.0)];
    let p = prepare(&ct, &plan(vec![beam(0.0, Point3::new(0.0, 30.0, 0.0), &spots)]), 4.0);
    let (steps, last) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let told = |done: usize, total: usize| {
        assert_eq!((done, total), (steps.fetch_add(1, Ordering::Relaxed) + 1, 6));
        last.store(done, Ordering::Relaxed);
    };
    let got = LetGrid::new(&p, LetProtons::All, &AtomicBool::new(false), &told).unwrap();
    assert_eq!(last.load(Ordering::Relaxed), 6);
    let dose = compute_fraction(&p, &quiet);
    let want = dose_averaged_let(&p, &dose, LetProtons::All, &quiet);
    assert_eq!((got.protons, got.dose_gy), (LetProtons::All, dose));
    assert!(got.kev_per_um.data.iter().zip(&want.data).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert!(got.kev_per_um.data.iter().any(|v| *v > 5.0));

    for stop_at in [1, 4] {
        let cancel = AtomicBool::new(false);
        let seen = AtomicUsize::new(0);
        let told = |done: usize, _: usize| {
            seen.store(done, Ordering::Relaxed);
            cancel.store(done == stop_at, Ordering::Relaxed);
        };
        assert_eq!(LetGrid::new(&p, LetProtons::Primary, &cancel, &told), Err(Cancelled));
        assert_eq!(seen.load(Ordering::Relaxed), stop_at);
    }
    assert_eq!(LetGrid::new(&p, LetProtons::Primary, &AtomicBool::new(true), &quiet), Err(Cancelled));
}
