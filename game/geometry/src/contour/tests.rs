use super::*;

fn square(x: f64, y: f64, side: f64, z: f64) -> Contour {
    let p = |a: f64, b: f64| Point3::new(x + a * side, y + b * side, z);
    Contour { points: vec![p(0., 0.), p(1., 0.), p(1., 1.), p(0., 1.)] }
}

fn circle(r: f64, z: f64) -> Contour {
    let at = |i: usize| std::f64::consts::TAU * i as f64 / 180.0;
    Contour { points: (0..180).map(|i| Point3::new(r * at(i).cos(), r * at(i).sin(), z)).collect() }
}

fn sphere(r: f64, step: f64) -> Vec<Contour> {
    let n = (r / step) as i32 + 1;
    (-n..=n)
        .map(|i| (f64::from(i) + 0.5) * step)
        .filter(|z| z.abs() < r)
        .map(|z| circle((r * r - z * z).sqrt(), z))
        .collect()
}

fn count_cm3(v: &Volume<u8>) -> f64 {
    v.data.iter().map(|&x| f64::from(x)).sum::<f64>() * v.grid.voxel_cm3()
}

fn rotated(contours: &[Contour], r: &nalgebra::Rotation3<f64>) -> Vec<Contour> {
    contours.iter().map(|c| Contour { points: c.points.iter().map(|p| r * p).collect() }).collect()
}

#[test]
fn a_box_is_exact() {
    let contours: Vec<_> = (0..10).map(|k| square(-10.0, -5.0, 20.0, f64::from(k) * 2.0)).collect();
    assert!((volume_cm3(&contours, None) - 8.0).abs() < 1e-9);
    let grid = Grid::axial([60, 60, 40], [1.0, 1.0, 1.0], Point3::new(-29.5, -29.5, -9.5));
    assert!((count_cm3(&mask(&contours, &grid)) - 8.0).abs() < 1e-9);
    // Slices exactly half-way between the planes.
    let between = Grid::axial([60, 60, 14], [1.0, 1.0, 2.0], Point3::new(-29.5, -29.5, -3.0));
    assert!((count_cm3(&mask(&contours, &between)) - 8.0).abs() < 1e-9);
    // A grid coarser than the planes does not let two planes cancel each other.
    let coarse = Grid::axial([60, 60, 8], [1.0, 1.0, 5.0], Point3::new(-29.5, -29.5, -10.0));
    let m = mask(&contours, &coarse);
    assert_eq!(m.at(30, 30, 3), 1);
    assert_eq!(m.at(30, 30, 4), 1);
    assert_eq!(m.at(30, 30, 7), 0);
    assert_eq!(m.at(30, 30, 0), 0);
}

#[test]
fn a_sphere_has_its_volume_in_contours_and_in_masks_of_any_orientation() {
    let want = 4.0 / 3.0 * std::f64::consts::PI * 30f64.powi(3) * 1e-3;
    let contours = sphere(30.0, 1.5);
    let v = volume_cm3(&contours, None);
    assert!((v / want - 1.0).abs() < 0.003, "{v} is not {want}");
    let grid = Grid::axial([70, 70, 70], [1.0; 3], Point3::new(-34.5, -34.6, -34.7));
    let m = count_cm3(&mask(&contours, &grid));
    assert!((m / want - 1.0).abs() < 0.01, "{m} is not {want}");
    let r = nalgebra::Rotation3::from_euler_angles(0.5, 0.3, -0.2);
    // Contours of an oblique series on that series' own grid, and on an axial one.
    let turned = rotated(&contours, &r);
    let own = Grid { axes: *r.matrix(), origin_mm: r * grid.origin_mm, ..grid.clone() };
    assert!((volume_cm3(&turned, None) - v).abs() < 1e-6);
    assert!((count_cm3(&mask(&turned, &own)) - m).abs() < 1e-9);
    let axial = count_cm3(&mask(&turned, &grid));
    assert!((axial / want - 1.0).abs() < 0.01, "{axial} is not {want}");
}

#[test]
fn every_form_of_a_hole_gives_one_volume() {
    let grid = Grid::axial([50, 50, 7], [1.0, 1.0, 2.0], Point3::new(-9.5, -9.5, -2.0));
    let keyhole = |z: f64| {
        let outer = square(0.0, 0.0, 30.0, z).points;
        let inner = square(10.0, 10.0, 10.0, z).points;
        let mut p = outer.clone();
        p.push(outer[0]);
        p.extend([inner[0], inner[3], inner[2], inner[1], inner[0]]);
        Contour { points: p }
    };
    let nested: Vec<_> = (0..5)
        .flat_map(|k| [square(0., 0., 30., 2. * f64::from(k)), square(10., 10., 10., 2. * f64::from(k))])
        .collect();
    let key: Vec<_> = (0..5).map(|k| keyhole(2. * f64::from(k))).collect();
    // XOR: two overlapping squares whose overlap is the hole.
    let xor: Vec<_> = (0..5)
        .flat_map(|k| {
            let z = 2. * f64::from(k);
            let p = |x: f64, y: f64| Point3::new(x, y, z);
            let c = |v: Vec<Point3<f64>>| Contour { points: v };
            [
                c(vec![
                    p(0., 0.),
                    p(20., 0.),
                    p(20., 20.),
                    p(10., 20.),
                    p(10., 10.),
                    p(20., 10.),
                    p(20., 20.),
                    p(0., 20.),
                ]),
                c(vec![p(20., 0.), p(30., 0.), p(30., 30.), p(0., 30.), p(0., 20.), p(20., 20.)]),
            ]
        })
        .collect();
    let want = (900.0 - 100.0) * 10.0 * 1e-3;
    for (name, c) in [("nested", nested), ("keyhole", key), ("xor", xor)] {
        let v = volume_cm3(&c, None);
        assert!((v - want).abs() < 1e-9, "{name}: {v}");
        let m = mask(&c, &grid);
        assert!((count_cm3(&m) - want).abs() < 1e-9, "{name}: {}", count_cm3(&m));
        assert_eq!((m.at(24, 24, 2), m.at(14, 14, 2)), (0, 1), "{name}");
    }
}

#[test]
fn gaps_stay_gaps_and_one_plane_takes_the_slice_thickness() {
    let c: Vec<_> = [0.0, 2.0, 4.0, 14.0, 16.0].iter().map(|z| square(0., 0., 10., *z)).collect();
    assert!((volume_cm3(&c, None) - 1.0).abs() < 1e-9);
    let grid = Grid::axial([20, 20, 20], [1.0; 3], Point3::new(-4.5, -4.5, 0.0));
    let m = mask(&c, &grid);
    assert_eq!((m.at(9, 9, 4), m.at(9, 9, 9), m.at(9, 9, 14)), (1, 0, 1));
    assert!((volume_cm3(&c[..1], Some(3.0)) - 0.3).abs() < 1e-9);
    assert_eq!(volume_cm3(&c[..1], None), 0.0);
    assert_eq!(plane_count(&c), 5);
    assert_eq!(volume_cm3(&[Contour::default(), Contour { points: vec![Point3::origin(); 5] }], Some(1.0)), 0.0);
}

#[test]
fn a_plane_finds_the_contours_that_a_mask_is_made_of_there() {
    let c: Vec<_> = [0.0, 2.0, 4.0, 14.0].iter().map(|z| square(*z, 0., 10., *z)).collect();
    let at = |z: f64| {
        let found = on_plane(&c, &Point3::new(3.0, -7.0, z), &Vector3::z(), 1.0);
        found.iter().map(|c| c.points[0].z).collect::<Vec<_>>()
    };
    let grid = Grid::axial([30, 15, 61], [1.0, 1.0, 0.25], Point3::origin());
    let m = mask(&c, &grid);
    for k in 0..61 {
        let z = f64::from(k) * 0.25;
        let here = at(z);
        let inside = here.first().is_some_and(|z| m.at(*z as usize + 5, 5, k as usize) == 1);
        let any = (0..30).any(|i| m.at(i, 5, k as usize) == 1);
        assert_eq!((here.len(), inside), (usize::from(any), any), "z {z}");
    }
    assert_eq!((at(0.9), at(1.0), at(8.0)), (vec![0.0], vec![2.0], vec![]));
    assert!(on_plane(&c, &Point3::origin(), &Vector3::x(), 1.0).is_empty());
}
