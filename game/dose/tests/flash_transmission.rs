//! A transmission field as in FAST-01 (Mascia et al., JAMA Oncol. 9 (2023) 62): 8 Gy in one fraction, 250 MeV protons that
//! pass through the limb and stop behind it, 75 mm square, in a box of water, with `generic-flash`.
//!
//! `cargo test -p vestibule-dose --test flash_transmission -- --nocapture` prints the rates of docs/dose.md.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{beam, plan, water_box};
use nalgebra::Point3;
use vestibule_dose::{
    BeamDoseRate, DoseFloor, DoseOptions, DoseRateMetric, HuTable, MachineModel, PreparedPlan, RateHistogram, Timeline,
    compute_fraction,
};
use vestibule_geometry::Grid;

const DEPTH_MM: f64 = 50.0;
const PITCH_MM: f64 = 5.0;
/// Spots along one side: 75 mm.
const SIDE: i32 = 16;
const PRESCRIBED_GY: f64 = 8.0;

/// A meander: rows along x, one after the other.
fn spots(mu: f64) -> Vec<(f64, f64, f64, f64)> {
    let at = |n: i32| (f64::from(n) - 0.5 * f64::from(SIDE - 1)) * PITCH_MM;
    (0..SIDE * SIDE)
        .map(|n| {
            let (row, column) = (n / SIDE, n % SIDE);
            let column = if row % 2 == 0 { column } else { SIDE - 1 - column };
            (250.0, at(column), at(row), mu)
        })
        .collect()
}

/// Voxels of the middle 55 mm of the field, 5 mm around the depth of the isocentre.
fn middle(grid: &Grid) -> Vec<(u32, f32)> {
    let [nx, ny, _] = grid.size;
    (0..grid.len())
        .filter(|o| {
            let p = grid.centre(o % nx, o / nx % ny, o / (nx * ny));
            p.x.abs() < 27.5 && p.z.abs() < 27.5 && (p.y - DEPTH_MM).abs() < 5.0
        })
        .map(|o| (o as u32, 1.0))
        .collect()
}

#[test]
fn a_transmission_field_of_8_gray() {
    let machine = MachineModel::from_json(include_str!("../../../assets/beams/generic-flash.json")).unwrap();
    let ct = water_box([150.0, 90.0, 150.0], 3.0, Point3::origin());
    let hu = HuTable::for_image(&ct);
    let at = |mu: f64| {
        let p = plan(vec![beam(0.0, Point3::new(0.0, DEPTH_MM, 0.0), &spots(mu))]);
        let prepared = PreparedPlan::new(&ct, None, &p, &machine, &hu, &DoseOptions { grid_mm: 3.0 }).unwrap();
        (prepared, Timeline::checked(&p, &machine).unwrap())
    };
    let metrics = [
        DoseRateMetric::DoseAveraged,
        DoseRateMetric::DoseThreshold { threshold_gy: 0.1 },
        DoseRateMetric::Percentile { percent: 98.0 },
        DoseRateMetric::Percentile { percent: 90.0 },
        DoseRateMetric::Pbs { threshold_gy: 0.01 },
        DoseRateMetric::Pbs { threshold_gy: 0.1 },
        DoseRateMetric::Pbs { threshold_gy: 0.5 },
    ];
    // MU for the prescription; the dose is linear in them.
    let (once, _) = at(1.0);
    let voxels = middle(once.grid());
    let mean =
        |dose: &dyn Fn(usize) -> f64| voxels.iter().map(|v| dose(v.0 as usize)).sum::<f64>() / voxels.len() as f64;
    let per_mu = compute_fraction(&once, &|_, _| {});
    let mu = PRESCRIBED_GY / mean(&|o| per_mu.data[o]);
    let (prepared, timeline) = at(mu);
    let floor = DoseFloor::PercentOfMaximum(10.0);
    let got = BeamDoseRate::new(&prepared, &timeline, 0, &metrics, floor, &|_, _| {}).unwrap();
    let mean = mean(&|o| f64::from(got.dose.data[o]));
    assert!((mean / PRESCRIBED_GY - 1.0).abs() < 1e-4, "{mean}");

    // The whole field's time by hand: charge over current, and 5 mm at 10 m/s between spots.
    let n = f64::from(SIDE * SIDE);
    let charge_nc = n * mu * machine.at(250.0).unwrap().protons_per_mu * 1.602_176_634e-10;
    let by_hand = charge_nc / 200.0 + (n - 1.0) * PITCH_MM / 10_000.0;
    assert!((got.duration_s / by_hand - 1.0).abs() < 1e-9, "{} {by_hand}", got.duration_s);
    println!(
        "{n} spots of {mu:.1} MU, {charge_nc:.0} nC in {:.3} s: 8 Gy over it are {:.1} Gy/s",
        got.duration_s,
        8.0 / got.duration_s
    );

    let median: Vec<f64> = got
        .maps
        .iter()
        .map(|map| {
            let h = RateHistogram::new(&got, map, &voxels);
            let at = |f| h.rate_at_fraction(f).unwrap();
            println!(
                "{:<26} median {:>6.1}, R98 {:>6.1}, R2 {:>6.1} Gy/s, above 40 Gy/s {:>5.1} %",
                map.metric.label(),
                at(0.5),
                at(0.98),
                at(0.02),
                100.0 * h.volume_at_rate_cm3(40.0) / h.rated_cm3()
            );
            at(0.5)
        })
        .collect();
    // No voxel's dose takes longer than the field, so none is slower than dose over the field's time; scanning only slows.
    assert!(median.iter().all(|r| *r > 0.95 * PRESCRIBED_GY / got.duration_s), "{median:?}");
    let [averaged, beam_on, p98, p90, pbs, pbs_high, pbs_higher] = median[..] else { panic!() };
    assert!(averaged > beam_on && beam_on > pbs_higher && pbs_higher > pbs_high && pbs_high > pbs, "{median:?}");
    // 98 % leaves 0.08 Gy at each end: between 0.01 and 0.1 Gy.
    assert!(pbs < p98 && p98 < pbs_high && p90 > p98, "{median:?}");
}
