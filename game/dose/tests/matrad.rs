//! Depth dose and width in water against matRad's generic proton base data: Monte Carlo by others, read where they lie
//! (`VESTIBULE_TEST_DATA/beams-matrad`).
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "common/mat.rs"]
mod mat;

use vestibule_dose::MachineModel;
use vestibule_dose::bragg::BraggCurve;
use vestibule_dose::scatter::{tail_variance, water_variance};

fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let i = x.partition_point(|v| *v <= at).clamp(1, x.len() - 1);
    y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1])
}

fn r80(x: &[f64], y: &[f64]) -> f64 {
    let peak = (0..y.len()).max_by(|a, b| y[*a].total_cmp(&y[*b])).unwrap();
    let i = (peak..y.len()).find(|i| y[*i] < 0.8 * y[peak]).unwrap();
    x[i - 1] + (y[i - 1] - 0.8 * y[peak]) / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
}

fn base_data() -> Option<mat::Mat> {
    let Ok(folder) = std::env::var("VESTIBULE_TEST_DATA") else {
        println!("SKIPPED matrad: VESTIBULE_TEST_DATA is not set");
        return None;
    };
    let bytes = std::fs::read(std::path::Path::new(&folder).join("beams-matrad/protons_Generic.mat")).unwrap();
    Some(mat::read(&bytes))
}

/// Energy left per proton and millimetre, absolute (MeV/mm against MeV/cm), after aligning R80: within 3 % of the local
/// value before the peak and of the maximum around and behind it, 80 to 230 MeV.
#[test]
fn depth_dose_is_matrads_within_3_percent() {
    let Some(file) = base_data() else { return };
    let data = file.items()[0]["data"].items();
    let mut checked = 0;
    for entry in data.iter().step_by(6) {
        let energy = entry["energy"].numbers()[0];
        if !(80.0..=230.0).contains(&energy) {
            continue;
        }
        let spectrum = &entry["energySpectrum"].items()[0];
        let spread = spectrum["sigma"].numbers()[0] / 100.0 * spectrum["mean"].numbers()[0];
        let (depth, z) = (entry["depths"].numbers(), entry["Z"].numbers());
        let ours = BraggCurve::new(energy, spread).sampled(0.1);
        let x: Vec<f64> = (0..ours.mev_per_mm.len()).map(|i| i as f64 * 0.1).collect();
        let y: Vec<f64> = ours.mev_per_mm.iter().map(|v| v * 10.0).collect();
        let end = r80(depth, z);
        let shift = end - r80(&x, &y);
        let peak = z.iter().copied().fold(0.0, f64::max);
        let (mut worst, mut at) = (0.0f64, 0.0);
        let mut d = 1.0;
        while d < end + 8.0 {
            let theirs = interpolate(depth, z, d);
            let scale = if d < end - 3.0 { theirs } else { peak };
            let off = 100.0 * (interpolate(&x, &y, d - shift) - theirs) / scale;
            if off.abs() > worst.abs() {
                (worst, at) = (off, d);
            }
            d += 0.5;
        }
        println!("matrad depth dose: {energy:6.1} MeV: worst {worst:+.2} % at {at} of {end:.1} mm");
        assert!(worst.abs() < 3.0, "{energy} MeV: {worst:+.2} % at {at} mm");
        checked += 1;
    }
    assert!(checked >= 8, "{checked} energies");
}

/// A spot's sigma at depth: the default machine's spot in air with scattering in water on top, ours against matRad's
/// (narrow Gaussian of a beam without size, added in quadrature), in the second half of the range.
#[test]
fn spot_sigma_at_depth_is_matrads_within_10_percent() {
    let Some(file) = base_data() else { return };
    let data = file.items()[0]["data"].items();
    let machine = MachineModel::generic();
    let mut checked = 0;
    for entry in data.iter().step_by(6) {
        let energy = entry["energy"].numbers()[0];
        if !(80.0..=230.0).contains(&energy) {
            continue;
        }
        let (depth, sigma) = (entry["depths"].numbers(), entry["sigma1"].numbers());
        let end = r80(depth, entry["Z"].numbers());
        let range = BraggCurve::new(energy, 0.0).range_mm;
        let ours = water_variance(range, 0.25, (1.1 * end / 0.25) as usize);
        let in_air = machine.at(energy).unwrap().variance_mm2(1, machine.nozzle_plane_mm);
        for part in [0.5, 0.7, 0.8, 0.9, 0.95] {
            let scattered = ours[(part * range / 0.25) as usize] + tail_variance(part * range);
            let theirs = interpolate(depth, sigma, part * end);
            let (a, b) = ((in_air + scattered).sqrt(), in_air.sqrt().hypot(theirs));
            println!(
                "matrad sigma: {energy:6.1} MeV at {part:.2} R: spot {a:.2} mm against {b:.2} ({:+.1} %); scattering alone {:.2} against {theirs:.2}",
                100.0 * (a / b - 1.0),
                scattered.sqrt()
            );
            assert!((a / b - 1.0).abs() < 0.10, "{energy} MeV at {part} R: {a} mm, matRad {b} mm");
            checked += 1;
        }
    }
    assert!(checked >= 40, "{checked} points");
}
