//! What is given rather than read from the CT moves the range by exactly its water-equivalent thickness.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{beam, machine, plan, water_box};
use nalgebra::Point3;
use vestibule_dose::{
    DoseOptions, HuTable, HuWindow, MaterialOverride, Materials, PreparedPlan, Support, compute_fraction,
};
use vestibule_geometry::Volume;
use vestibule_patient::Image;

/// Air for 40 mm, then water; the body is the water.
fn scene() -> (Image, Volume<u8>) {
    let mut ct = water_box([60.0, 160.0, 60.0], 1.0, Point3::new(0.0, -40.0, 0.0));
    let mut body = Volume::filled(ct.volume.grid.clone(), 1u8);
    let [nx, ny, _] = ct.volume.grid.size;
    for o in 0..body.data.len() {
        if o / nx % ny < 40 {
            ct.volume.data[o] = -1000.0;
            body.data[o] = 0;
        }
    }
    (ct, body)
}

/// A mask of the planes y (mm, voxel centres half way) from `first` to below `end`.
fn slab(ct: &Image, first: f64, end: f64) -> Volume<u8> {
    let g = &ct.volume.grid;
    let mut mask = Volume::filled(g.clone(), 0u8);
    for (o, v) in mask.data.iter_mut().enumerate() {
        let y = g.centre(0, o / g.size[0] % g.size[1], 0).y;
        *v = u8::from(y > first && y < end);
    }
    mask
}

/// R80 over depth in the body, mm, on a 1 mm grid.
fn r80(ct: &Image, body: &Volume<u8>, materials: &Materials) -> (f64, Vec<String>) {
    let p = plan(vec![beam(0.0, Point3::new(0.0, 50.0, 0.0), &[(110.0, 0.0, 0.0, 1.0)])]);
    let options = DoseOptions { grid_mm: 1.0 };
    let hu = HuTable::for_image(ct);
    let prepared = PreparedPlan::with_materials(ct, Some(body), &p, &machine(), &hu, &options, materials).unwrap();
    let dose = compute_fraction(&prepared, &|_, _| {});
    let g = &dose.grid;
    assert!((g.centre(0, 0, 0).y - 0.5).abs() < 1e-9, "the dose grid is the body's alone");
    let curve: Vec<f64> = (0..g.size[1])
        .map(|j| (0..g.size[2]).flat_map(|k| (0..g.size[0]).map(move |i| (i, k))).map(|(i, k)| dose.at(i, j, k)).sum())
        .collect();
    let peak = (0..curve.len()).max_by(|a, b| curve[*a].total_cmp(&curve[*b])).unwrap();
    let level = 0.8 * curve[peak];
    let i = (peak..curve.len()).find(|i| curve[*i] < level).unwrap();
    let back = (level - curve[i]) / (curve[i - 1] - curve[i]);
    (g.centre(0, i, 0).y - back, prepared.notes().to_vec())
}

#[test]
fn a_couch_shifts_the_range_by_its_water_equivalent_thickness() {
    let (mut ct, body) = scene();
    let (open, notes) = r80(&ct, &body, &Materials::default());
    assert!(
        (open - 91.5).abs() < 1.0 && notes.iter().any(|n| n.contains("nothing stops the beam")),
        "{open} {notes:?}"
    );
    let mask = slab(&ct, -35.0, -10.0);
    // 25 mm of 0.55: 13.75 mm.
    let couch = |power| Materials {
        supports: vec![Support { name: "Couch".into(), mask: &mask, relative_stopping_power: power }],
        ..Materials::default()
    };
    let (behind, notes) = r80(&ct, &body, &couch(Some(0.55)));
    assert!((open - behind - 13.75).abs() < 0.1, "{} mm", open - behind);
    assert!(notes.iter().any(|n| n.contains("'Couch' stops the beam")), "{notes:?}");
    // By the CT's own numbers: HU −90 is 0.95.
    for (v, m) in ct.volume.data.iter_mut().zip(&mask.data) {
        *v = if *m != 0 { -90.0 } else { *v };
    }
    let (behind, _) = r80(&ct, &body, &couch(None));
    assert!((open - behind - 25.0 * 0.95).abs() < 0.1, "{} mm", open - behind);
    let (unnamed, _) = r80(&ct, &body, &Materials::default());
    assert!((unnamed - open).abs() < 1e-9, "what nobody names stops nothing");
}

#[test]
fn metal_and_air_shift_the_range_by_what_they_are_told_to() {
    let (mut ct, body) = scene();
    let (open, _) = r80(&ct, &body, &Materials::default());
    let (metal, air) = (slab(&ct, 20.0, 25.0), slab(&ct, 30.0, 38.0));
    let overrides = vec![
        MaterialOverride { name: "Clip".into(), mask: &metal, relative_stopping_power: 3.2 },
        MaterialOverride { name: "Sinus".into(), mask: &air, relative_stopping_power: 0.0012 },
    ];
    // 5 mm at 3.2 for 1, 8 mm at 0.0012 for 1: +11 and −7.99 mm of water.
    let (got, notes) = r80(&ct, &body, &Materials { overrides, ..Materials::default() });
    assert!((open - got - (11.0 - 7.9904)).abs() < 0.1, "{} mm", open - got);
    assert!(notes.iter().any(|n| n.contains("'Clip' has stopping power 3.2 in 18000 voxels")), "{notes:?}");

    // The same metal by its HU; other voxels keep the calibration's value (HU 3000: 2.505).
    for (v, m) in ct.volume.data.iter_mut().zip(&metal.data) {
        *v = if *m != 0 { 3071.0 } else { *v };
    }
    let (saturated, notes) = r80(&ct, &body, &Materials::default());
    assert!((open - saturated - 5.0 * 1.505).abs() < 0.1, "{} mm", open - saturated);
    assert!(notes.iter().any(|n| n.contains("above the calibration's last point")), "{notes:?}");
    let windows = vec![HuWindow { hu: [3000.0, f64::INFINITY], relative_stopping_power: 3.2 }];
    let (got, notes) = r80(&ct, &body, &Materials { windows, ..Materials::default() });
    assert!((open - got - 11.0).abs() < 0.1, "{} mm", open - got);
    assert!(notes.iter().any(|n| n.contains("HU from 3000 on: 18000 voxels")), "{notes:?}");
    assert!(!notes.iter().any(|n| n.contains("above the calibration's last point")), "{notes:?}");
}

#[test]
fn what_cannot_be_is_named() {
    let (ct, body) = scene();
    let p = plan(vec![beam(0.0, Point3::new(0.0, 50.0, 0.0), &[(110.0, 0.0, 0.0, 1.0)])]);
    let error = |materials: &Materials| {
        let hu = HuTable::for_image(&ct);
        let options = DoseOptions::default();
        PreparedPlan::with_materials(&ct, Some(&body), &p, &machine(), &hu, &options, materials)
            .unwrap_err()
            .to_string()
    };
    let (empty, whole) = (slab(&ct, 500.0, 501.0), slab(&ct, 0.0, 9.0));
    let small = water_box([10.0, 10.0, 10.0], 1.0, Point3::origin());
    let other = slab(&small, 0.0, 9.0);
    let one = |mask, value| Materials {
        overrides: vec![MaterialOverride { name: "Clip".into(), mask, relative_stopping_power: value }],
        ..Materials::default()
    };
    assert!(error(&one(&whole, 99.0)).contains("'Clip': a stopping power of 99"));
    assert!(error(&one(&whole, f64::NAN)).contains("NaN"));
    assert!(error(&one(&empty, 1.0)).contains("'Clip' encloses no voxel"));
    assert!(error(&one(&other, 1.0)).contains("'Clip' does not lie on the grid"));
    let windows = vec![HuWindow { hu: [5.0, -5.0], relative_stopping_power: 1.0 }];
    assert!(error(&Materials { windows, ..Materials::default() }).contains("HU 5 to -5"));
}
