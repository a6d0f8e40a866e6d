//! What a photon dose costs that grows: a box of 300 x 300 x 200 mm of water on a 3 mm grid; a field of moving leaves, 100 mm wide, from
//! one side, and the same as a full turn of 180 control points.
//!
//! `cargo run -p vestibule-dose --example photon_cost -- [VOXEL OF THE CT, mm, default 2]`

#[path = "../tests/common/linac.rs"]
mod linac;

use linac::{At, beam, plan};
use nalgebra::Point3;
use std::sync::Arc;
use std::time::Instant;
use vestibule_dose::{LivePhotons, compute_photons};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Image, Modality, Plan};

/// 60 pairs of leaves that sway between the jaws.
fn points(count: usize, turn_deg: f64) -> Vec<At> {
    let at = |i: usize| {
        let t = i as f64 / (count - 1) as f64;
        let sway = |pair: usize| 20.0 * (6.0 * t + 0.3 * pair as f64).sin();
        let leaves = (0..60).map(|p| sway(p) - 25.0).chain((0..60).map(|p| sway(p) + 25.0)).collect();
        At { weight: t, gantry_deg: turn_deg * t, x: [-50.0, 50.0], y: [-50.0, 50.0], leaves }
    };
    (0..count).map(at).collect()
}

fn main() {
    let voxel: f64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(2.0);
    let size = [300.0, 300.0, 200.0].map(|s| (s / voxel).round() as usize);
    let origin = Point3::new(0.5 * (voxel - 300.0), 0.5 * voxel, 0.5 * (voxel - 200.0));
    let ct = Image {
        frame_of_reference_uid: "1.9".into(),
        ..Image::of("1.1", Modality::Ct, Volume::filled(Grid::axial(size, [voxel; 3], origin), 0.0))
    };
    let middle = Point3::new(0.0, 150.0, 0.0);
    println!("{} threads, CT of {size:?} voxels", rayon::current_num_threads());
    for (name, turn) in [("standing", 0.0), ("a full turn", 360.0)] {
        cost(name, &ct, &plan(vec![beam(name, middle, 400.0, &points(181, turn))]));
    }
}

fn cost(name: &str, ct: &Image, plan: &Plan) {
    let ms = |from: Instant| from.elapsed().as_secs_f64() * 1000.0;
    let started = Instant::now();
    let ready = Arc::new(linac::prepare(ct, plan, 3.0));
    println!("{name}: {} ways, {} voxels; prepared in {:.0} ms", ready.ways().len(), ready.grid().len(), ms(started));
    let started = Instant::now();
    compute_photons(&ready, 1, &|_, _| ());
    println!("  the whole dose: {:.0} ms, {:.1} ms a way", ms(started), ms(started) / ready.ways().len() as f64);
    let mut live = LivePhotons::new(ready.clone());
    let mut times: Vec<f64> = (0..80)
        .map(|i| {
            let started = Instant::now();
            live.go_to(i / 4, 0.25 * (i % 4) as f64);
            ms(started)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("  in quarters of a way: {:.1} ms each in the middle, {:.1} at most", times[40], times[79]);
    let total = ready.ways().len();
    let jumps = |live: &mut LivePhotons| {
        let started = Instant::now();
        (0..20).for_each(|i| live.go_to((i * 7919 + 31) % total, 0.5));
        ms(started) / 20.0
    };
    println!("  a jump to any instant, where nothing has been before: {:.0} ms", jumps(&mut live));
    live.go_to(total, 0.0);
    println!("  and once all has been: {:.0} ms", jumps(&mut live));
}
