use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::f64::consts::PI;

/// Every edge is walked once each way: closed, of one orientation, and no edge of three or more triangles.
fn closed(m: &TriMesh) -> bool {
    let mut edges: HashMap<(u32, u32), usize> = HashMap::new();
    for t in m.indices.chunks_exact(3) {
        for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
            *edges.entry((a, b)).or_default() += 1;
        }
    }
    edges.iter().all(|((a, b), n)| *n == 1 && edges.get(&(*b, *a)) == Some(&1))
}

#[test]
fn every_case_has_its_triangles() {
    for case in 0..256usize {
        let crossed = EDGES.iter().filter(|[a, b]| (case >> a & 1) != (case >> b & 1)).count();
        let used: std::collections::HashSet<usize> = CASES[case].iter().flatten().copied().collect();
        assert_eq!(used.len(), crossed, "case {case:#010b}");
        assert_eq!(CASES[case].is_empty(), case == 0 || case == 255, "case {case}");
    }
}

/// A Gaussian's surface of equal dose is a sphere: 8 mm wide, at half of its maximum its radius is 8 √(2 ln 2).
#[test]
fn a_gaussian_is_a_sphere_on_any_axes() {
    let mirrored = Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, -1.0));
    let turned = *nalgebra::Rotation3::from_euler_angles(0.3, -0.6, 1.0).matrix();
    let sheared = Matrix3::new(1.0, 0.3, 0.1, 0.0, 1.0, -0.2, 0.0, 0.0, 1.0);
    let centre = Point3::new(7.0, -3.0, 11.0);
    let radius = 8.0 * (2.0 * 2f64.ln()).sqrt();
    for axes in [Matrix3::identity(), mirrored, turned, sheared] {
        let (size, spacing) = ([41, 33, 29], [1.0, 1.25, 1.5]);
        let middle = axes * Vector3::new(20.2 * 1.0, 16.1 * 1.25, 13.7 * 1.5);
        let grid = Grid { size, spacing_mm: spacing, origin_mm: centre - middle, axes };
        let mut v = Volume::filled(grid.clone(), 0f32);
        for (o, v) in v.data.iter_mut().enumerate() {
            let p = grid.centre(o % size[0], o / size[0] % size[1], o / (size[0] * size[1]));
            *v = (2.0 * (-(p - centre).norm_squared() / 128.0).exp()) as f32;
        }
        let m = TriMesh::marching_cubes(&v, 1.0);
        assert!(closed(&m) && m.triangle_count() > 1000);
        let (volume, area) = (4.0 / 3.0 * PI * radius.powi(3), 4.0 * PI * radius * radius);
        assert!((m.volume() / volume - 1.0).abs() < 0.01, "{} not {volume}", m.volume());
        assert!((m.area() / area - 1.0).abs() < 0.01, "{} not {area}", m.area());
        for (p, n) in m.positions.iter().zip(&m.normals) {
            let out = Vector3::from(p.map(f64::from)) - centre.coords;
            assert!((out.norm() / radius - 1.0).abs() < 0.01, "{p:?}");
            assert!(out.normalize().dot(&Vector3::from(n.map(f64::from))) > 0.99, "{p:?} {n:?}");
        }
    }
}

#[test]
fn what_reaches_the_end_is_closed_there() {
    let v = Volume::filled(Grid::axial([4, 5, 1], [1.0, 2.0, 3.0], Point3::origin()), 1f32);
    let m = TriMesh::marching_cubes(&v, 0.5);
    assert!(closed(&m));
    // The box of the centres, 3 × 4 × 0 voxels, with an octahedron of radius ½ rolled around it (Steiner):
    // 2r(ab + bc + ca) + 2r²(a + b + c) + 4/3 r³ voxels of 6 mm³.
    assert!((m.volume() - 6.0 * (12.0 + 3.5 + 1.0 / 6.0)).abs() < 1e-4, "{}", m.volume());
    for empty in [TriMesh::marching_cubes(&v, 1.5), TriMesh::marching_cubes(&v, f64::NAN)] {
        assert_eq!(empty, TriMesh::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Noise meets every case beside every other: still closed, with values equal to the level and no numbers among them,
    /// and the enclosed volume is positive.
    #[test]
    fn noise_is_closed(values in prop::collection::vec(prop_oneof![
        8 => -1.0f32..1.0, 1 => Just(0.0f32), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)], 210)) {
        let v = Volume { grid: Grid::axial([7, 6, 5], [1.0, 2.0, 0.5], Point3::origin()), data: values };
        let m = TriMesh::marching_cubes(&v, 0.0);
        prop_assert!(closed(&m));
        prop_assert!(m.positions.iter().chain(&m.normals).flatten().all(|x| x.is_finite()));
        prop_assert!(m.volume() > 0.0);
    }
}
