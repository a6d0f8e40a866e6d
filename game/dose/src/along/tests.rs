use super::*;
use crate::machine::MachineModel;
use crate::overrides::Support;
use crate::{DoseOptions, PreparedPlan, water};
use vestibule_geometry::{BeamAngles, Grid};
use vestibule_patient::{Beam, Layer, Modality, Plan, Spot};

fn table() -> HuTable {
    HuTable::from_json(r#"{"name":"t","source":"s","points":[[-1000,0],[0,1],[1000,1.7]]}"#).unwrap()
}

/// 80 × 300 × 80 mm in voxels of 2 mm, y from 0 to 300, with HU by y and x.
fn box_of(hu: impl Fn(Point3<f64>) -> f32) -> Image {
    let grid = Grid::axial([40, 150, 40], [2.0; 3], Point3::new(-39.0, 1.0, -39.0));
    let mut volume = Volume::filled(grid.clone(), 0.0);
    for (o, v) in volume.data.iter_mut().enumerate() {
        *v = hu(grid.centre(o % 40, o / 40 % 150, o / 6000));
    }
    Image { frame_of_reference_uid: "1.9".into(), ..Image::of("1", Modality::Ct, volume) }
}

fn probe(ct: &Image, body: Option<&Volume<u8>>) -> RayProbe {
    RayProbe::new(ct, body, &table(), &Materials::default()).unwrap()
}

const AXIS: [f64; 3] = [0.3, -50.0, 0.3];

/// In water the ray's R80 is the range of the machine's mean energy, read through nothing but the CT; a range shifter
/// takes its thickness off. Tilted, the depth is the same: voxels do not matter.
#[test]
fn in_water_the_beam_stops_at_its_range() {
    let ct = box_of(|_| 0.0);
    let probe = probe(&ct, None);
    let machine = MachineModel::generic();
    let mut worst = 0.0f64;
    for direction in [Vector3::new(0.0, 1.0, 0.0), Vector3::new(0.05, 2.0, -0.13)] {
        let ray = probe.along(&ct.volume, None, Point3::from(AXIS), direction).unwrap();
        let entry = ray.entry.unwrap();
        assert!((ray.at(entry.depth_mm).y).abs() < 1e-9 && entry.by == EnteredBy::FirstTissue);
        for energy in [70.0, 100.0, 150.0, 200.0] {
            let curve = BraggInWater::new(&machine, energy).unwrap();
            let b = ray.lay(&curve, 0.0).unwrap();
            let range = water::range_mm(b.mean_mev);
            let got = b.r80_depth_mm.unwrap() - entry.depth_mm;
            assert!((got - b.r80_water_mm).abs() < 1e-9);
            worst = worst.max((got - range).abs());
            // The points are the curve: highest 100 % at the peak, 80 % at R80.
            let top = b.points.iter().max_by(|a, b| a.percent.total_cmp(&b.percent)).unwrap();
            assert!((top.percent - 100.0).abs() < 0.1 && (top.water_mm - b.peak_water_mm).abs() < 0.2);
            let i = b.points.partition_point(|p| p.water_mm < b.r80_water_mm);
            assert!(b.points[i - 1].percent > 79.0 && b.points[i].percent < 81.0, "{energy}");
            let shifted = ray.bragg(&machine, energy, 30.0).unwrap();
            assert!((got - 30.0 - (shifted.r80_depth_mm.unwrap() - entry.depth_mm)).abs() < 1e-9);
        }
        let through = BraggInWater::new(&machine, 230.0).unwrap();
        assert_eq!(ray.lay(&through, 0.0).unwrap().r80_depth_mm, None, "goes through 300 mm");
    }
    println!("figure: within {worst:.3} mm of PSTAR's range of the mean energy");
    assert!(worst < 0.1, "{worst}");
}

/// 20 mm of bone (HU 1000, 1.7) at 30 mm and 40 mm of air behind it: the sums by hand.
#[test]
fn a_slab_of_bone_and_a_hole_by_hand() {
    let ct = box_of(|p| match p.y {
        y if (30.0..50.0).contains(&y) => 1000.0,
        y if (50.0..90.0).contains(&y) => -1000.0,
        _ => 0.0,
    });
    let ray = probe(&ct, None).along(&ct.volume, None, Point3::from(AXIS), Vector3::y()).unwrap();
    // Depth from y = −50: 80 is the bone's face, 100 its back, 140 behind the air.
    for (depth, water) in
        [(40.0, 0.0), (50.0, 0.0), (80.0, 30.0), (90.0, 47.0), (100.0, 64.0), (120.0, 64.0), (150.0, 74.0)]
    {
        assert!((ray.water_at(depth) - water).abs() < 1e-4, "{depth}: {}", ray.water_at(depth));
    }
    for (water, depth) in [(30.0, 80.0), (47.0, 90.0), (63.99, 100.0 - 0.01 / 1.7), (64.5, 140.5), (74.0, 150.0)] {
        assert!((ray.depth_at_water(water).unwrap() - depth).abs() < 1e-3, "{water}: {:?}", ray.depth_at_water(water));
    }
    assert_eq!(ray.depth_at_water(1e4), None);
    let b = ray.lay(&BraggInWater::new(&MachineModel::generic(), 100.0).unwrap(), 0.0).unwrap();
    // Behind the bone and the hole: 14 mm less of tissue, 40 mm farther.
    assert!((b.r80_depth_mm.unwrap() - (50.0 + b.r80_water_mm - 14.0 + 40.0)).abs() < 1e-3);
    assert!((b.r80_at.unwrap().y - (b.r80_depth_mm.unwrap() - 50.0)).abs() < 1e-9);
    assert_eq!(ray.samples[0].near_mm, 50.0);
    assert_eq!((ray.samples[15].hu, ray.samples[30].hu), (1000.0, -1000.0));
}

/// An outline goes before the tissue; a support stops and is not the body; dose is read by trilinear interpolation.
#[test]
fn outline_support_and_dose_along_the_ray() {
    let ct = box_of(|_| 0.0);
    let mask = |range: std::ops::Range<f64>| {
        let grid = ct.volume.grid.clone();
        let data = (0..grid.len()).map(|o| u8::from(range.contains(&grid.centre(0, o / 40 % 150, 0).y))).collect();
        Volume { grid, data }
    };
    let (body, couch) = (mask(40.0..200.0), mask(10.0..20.0));
    let materials = Materials {
        supports: vec![Support { name: "Couch".into(), mask: &couch, relative_stopping_power: Some(0.5) }],
        ..Default::default()
    };
    let probe = RayProbe::new(&ct, Some(&body), &table(), &materials).unwrap();
    let grid = Grid::axial([5, 20, 5], [20.0; 3], Point3::new(-40.0, 0.0, -40.0));
    let mut dose = Volume::filled(grid.clone(), 0f32);
    for o in 0..grid.len() {
        dose.data[o] = grid.centre(0, o / 5 % 20, 0).y as f32;
    }
    let ray = probe.along(&ct.volume, Some(&dose), Point3::from(AXIS), Vector3::y()).unwrap();
    let entry = ray.entry.unwrap();
    assert!((entry.depth_mm - 90.0).abs() < 1e-9 && (entry.water_mm - 5.0).abs() < 1e-5);
    assert_eq!(entry.by, EnteredBy::Outline);
    let at = |y: f64| ray.samples.iter().find(|s| s.far_mm > y + 50.0).unwrap();
    assert_eq!([at(5.0).place, at(15.0).place, at(45.0).place], [Place::Outside, Place::Support, Place::Body]);
    assert_eq!([at(5.0).relative_stopping_power, at(15.0).relative_stopping_power], [0.0, 0.5]);
    assert!((at(90.5).dose.unwrap() - 91.0).abs() < 1e-4);
    // From inside: 0 mm deep. Backwards: out of the front. Aside: nothing.
    let inside = probe.along(&ct.volume, None, Point3::new(0.0, 100.5, 0.0), -Vector3::y()).unwrap();
    assert_eq!(inside.entry.unwrap().depth_mm, 0.0);
    assert!((inside.samples.last().unwrap().water_mm - 65.5).abs() < 1e-4);
    let aside = probe.along(&ct.volume, None, Point3::new(500.0, 0.0, 0.0), Vector3::y()).unwrap();
    assert!(aside.samples.is_empty() && aside.entry.is_none());
    let machine = MachineModel::generic();
    let curve = BraggInWater::new(&machine, 100.0).unwrap();
    assert_eq!(aside.lay(&curve, 0.0), Err(AlongError::Misses));
    assert!(matches!(BraggInWater::new(&machine, 500.0), Err(AlongError::Energy { .. })));
    assert_eq!(ray.lay(&curve, f64::NAN).map_err(|e| matches!(e, AlongError::Before(_))), Err(true));
    for (p, d) in
        [(AXIS, [0.0; 3]), (AXIS, [f64::NAN; 3]), ([f64::NAN; 3], [0.0, 1.0, 0.0]), (AXIS, [f64::INFINITY; 3])]
    {
        assert_eq!(probe.along(&ct.volume, None, Point3::from(p), Vector3::from(d)), Err(AlongError::Ray));
    }
}

/// Plane by plane, what the plan's own rays say of a spot's axis, gantry and table turned, tissue of every kind.
#[test]
fn a_spots_axis_is_as_deep_as_the_plan_says() {
    let ct = box_of(|p| ((p.x * 37.0 + p.y * 17.0 + p.z * 11.0).sin() * 700.0) as f32);
    let spots = [(0.0, 0.0), (-10.0, 7.5)].map(|(x_mm, y_mm)| Spot { x_mm, y_mm, weight: 1.0 }).to_vec();
    let layer = Layer { energy_mev: 100.0, paintings: 1, spots, ..Default::default() };
    let beam = Beam {
        name: "A".into(),
        isocentre_mm: Point3::new(1.0, 60.0, -3.0),
        angles: BeamAngles { gantry_deg: 33.0, patient_support_deg: 12.0, ..Default::default() },
        meterset_mu: 2.0,
        final_cumulative_weight: 2.0,
        layers: vec![layer],
        ..Default::default()
    };
    let plan = Plan { frame_of_reference_uid: "1.9".into(), fractions: 1, beams: vec![beam], ..Default::default() };
    let options = DoseOptions { grid_mm: 2.5 };
    let prepared = PreparedPlan::new(&ct, None, &plan, &MachineModel::generic(), &table(), &options).unwrap();
    let probe = probe(&ct, None);
    let rays = &prepared.beams[0].rays;
    for (spot, s) in prepared.spots().iter().enumerate() {
        let [from, to] = prepared.spot_axis(spot).unwrap();
        let ray = probe.along(&ct.volume, None, from, to - from).unwrap();
        // Both spots lie on the lattice of rays (2.5 mm).
        let [x, y] = [s.x_mm, s.y_mm].map(|v| (v / rays.cell_mm).round() as i64);
        let (x, y) = ((x - rays.first[0]) as usize, (y - rays.first[1]) as usize);
        let slant = (to - from).norm() / ((rays.planes - 1) as f64 * rays.step_mm);
        let mut deepest = 0.0f64;
        for k in 0..rays.planes {
            let want = f64::from(rays.water[(y * rays.planes + k) * rays.n[0] + x]);
            let got = ray.water_at(k as f64 * rays.step_mm * slant);
            assert!((got - want).abs() < 1e-4, "spot {spot}, plane {k}: {got}, the plan {want}");
            deepest = deepest.max(want);
        }
        assert!(deepest > 50.0);
    }
    assert!(prepared.spot_axis(2).is_none());
}
