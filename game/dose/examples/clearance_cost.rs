//! What clearance costs: a body of some 30,000 points, one pose and one swing.
//! `cargo run -p vestibule-dose --example clearance_cost`
#![allow(clippy::unwrap_used, reason = "an example may stop")]

use nalgebra::{Point3, Vector3};
use std::time::Instant;
use vestibule_geometry::clearance::{MachineSolids, Pose, Scene, way};
use vestibule_geometry::{BeamAngles, Frames, PatientPosition};

fn main() {
    let text = include_str!("../../../assets/machines/proton-gantry.json");
    let machine: MachineSolids = serde_json::from_str(text).unwrap();
    let frames = Frames { isocentre_mm: Point3::origin(), position: PatientPosition::Hfs };
    let count = 30_000;
    let body: Vec<Point3<f64>> = (0..count)
        .map(|i| {
            let z = 1.0 - 2.0 * (f64::from(i) + 0.5) / f64::from(count);
            let (sin, cos) = (f64::from(i) * 2.399963229728653).sin_cos();
            let r = (1.0 - z * z).sqrt();
            // a trunk: 36 x 24 x 80 cm, head 20 cm above the isocentre
            Point3::from(Vector3::new(180.0 * r * cos, 120.0 * r * sin, 400.0 * z - 200.0))
        })
        .collect();
    let start = Instant::now();
    let scene = Scene::new(&machine, &frames, &body, machine.table_under(&frames, &body));
    println!("scene of {} points: {:.1} ms", body.len(), start.elapsed().as_secs_f64() * 1e3);
    let pose = |gantry_deg, patient_support_deg| Pose {
        angles: BeamAngles { gantry_deg, patient_support_deg, ..Default::default() },
        snout_mm: Some(300.0),
        ..Default::default()
    };
    for (g, c) in [(0.0, 0.0), (90.0, 0.0), (70.0, 60.0), (180.0, 0.0)] {
        let start = Instant::now();
        let found = scene.clearance(&pose(g, c));
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!("gantry {g}, couch {c}: {:.2} mm, {ms:.2} ms", found.least().unwrap().distance_mm);
    }
    for (a, b) in [((0.0, 0.0), (180.0, 0.0)), ((20.0, 0.0), (250.0, 40.0)), ((90.0, 90.0), (270.0, 270.0))] {
        let start = Instant::now();
        let s = scene.swing(&way(&pose(a.0, a.1), &pose(b.0, b.1), machine.snout_retracted_mm));
        let (mm, ms) = (s.least().unwrap().1.distance_mm, start.elapsed().as_secs_f64() * 1e3);
        println!("{a:?} to {b:?}: {mm:.2} mm, proven to {:.2} mm, {} poses, {ms:.0} ms", s.proven_mm, s.looked_at);
    }
}
