use super::super::sheet::{nearest_on, square as square_of};
use super::super::{Closest, closest};
use super::*;
use proptest::prelude::*;
use std::f64::consts::{PI, TAU};

fn square(x: f64, y: f64, side: f64, z: f64) -> Contour {
    let p = |a: f64, b: f64| Point3::new(x + a * side, y + b * side, z);
    Contour { points: vec![p(0., 0.), p(1., 0.), p(1., 1.), p(0., 1.)] }
}

fn ball(middle: Point3<f64>, r: f64, step: f64) -> Vec<Contour> {
    let n = (r / step) as i32 + 1;
    (-n..=n)
        .map(|i| (f64::from(i) + 0.5) * step)
        .filter(|z| z.abs() < r)
        .map(|z| {
            let rho = (r * r - z * z).sqrt();
            let at = |i: i32| TAU * f64::from(i) / 180.0;
            let point = |i| middle + Vector3::new(rho * at(i).cos(), rho * at(i).sin(), z);
            Contour { points: (0..180).map(point).collect() }
        })
        .collect()
}

fn cube(side: f64) -> Vec<Contour> {
    (0..side as i32).map(|k| square(-side / 2.0, -side / 2.0, side, f64::from(k) - side / 2.0 + 0.5)).collect()
}

fn options(spacing: f64) -> DistanceOptions {
    DistanceOptions { spacing_mm: Some(spacing), reach_mm: 8.0, ..Default::default() }
}

/// Grown and shrunk by 5 mm, a ball of 20 mm and a cube of 40 mm have the volumes of the formulas and lie where they
/// must.
#[test]
fn margins_of_a_ball_and_a_cube_by_formula() {
    let middle = Point3::new(7.0, -3.0, 40.3);
    let field = DistanceField::new(&ball(middle, 20.0, 1.0), &options(1.0)).unwrap();
    for m in [5.0, 2.0, 0.0, -5.0] {
        let mesh = field.margin(m).unwrap();
        let radii = mesh.positions.iter().map(|p| (Point3::from(p.map(f64::from)) - middle).norm() - 20.0 - m);
        let worst = radii.map(f64::abs).fold(0.0, f64::max);
        let part = mesh.volume().abs() / (4.0 / 3.0 * PI * (20.0 + m).powi(3)) - 1.0;
        println!("figure: ball {m:+} mm: surface within {worst:.2} mm, volume {:+.2} %", 100.0 * part);
        // A plane stands for 1 mm, so the ball has steps of half a plane.
        assert!(worst < 0.5 && part.abs() < 0.01, "{m}: {worst}, {part}");
    }
    let field = DistanceField::new(&cube(40.0), &options(1.0)).unwrap();
    let (a, m) = (40.0f64, 5.0f64);
    let grown = a.powi(3) + 6.0 * a * a * m + 3.0 * PI * a * m * m + 4.0 / 3.0 * PI * m.powi(3);
    for (m, want) in [(5.0, grown), (0.0, a.powi(3)), (-5.0, 30.0f64.powi(3))] {
        let mesh = field.margin(m).unwrap();
        let part = mesh.volume().abs() / want - 1.0;
        let off = mesh.positions.iter().map(|p| {
            let q = p.map(|v| f64::from(v).abs() - 20.0);
            let outside = q.map(|v| v.max(0.0)).iter().map(|v| v * v).sum::<f64>().sqrt();
            (outside + q[0].max(q[1]).max(q[2]).min(0.0) - m).abs()
        });
        let worst = off.fold(0.0, f64::max);
        println!("figure: cube {m:+} mm: surface within {worst:.3} mm, volume {:+.2} %", 100.0 * part);
        assert!(worst < 0.5 && part.abs() < 0.01, "{m}: {worst}, {part}");
    }
    assert!(field.margin(-25.0).unwrap().positions.is_empty());
    assert!(matches!(field.margin(9.0), Err(DistanceError::Margin { .. })));
    assert!((field.at(Point3::new(0.0, 0.0, 23.0)).unwrap() - 3.0).abs() < 1e-4);
    assert!((field.at(Point3::new(24.0, 23.0, 0.0)).unwrap() - 5.0).abs() < 1e-4);
    assert!(field.at(Point3::new(0.0, 0.0, 90.0)).is_none());
}

/// A keyhole and a nested hole are the same solid; the slit is no surface. A turned structure has the same distances.
#[test]
fn keyholes_and_turned_contours() {
    let p = |x: f64, y: f64, z: f64| Point3::new(x, y, z);
    let keyhole = |z: f64| {
        let at = [
            (0., 0.),
            (30., 0.),
            (30., 30.),
            (0., 30.),
            (0., 10.),
            (10., 10.),
            (10., 20.),
            (20., 20.),
            (20., 10.),
            (10., 10.),
            (0., 10.),
        ];
        Contour { points: at.iter().map(|(x, y)| p(*x, *y, z)).collect() }
    };
    let slices = || (0..20).map(f64::from);
    let key: Vec<Contour> = slices().map(keyhole).collect();
    let nested: Vec<Contour> = slices().flat_map(|z| [square(0., 0., 30., z), square(10., 10., 10., z)]).collect();
    let a = DistanceField::new(&key, &options(1.0)).unwrap();
    let b = DistanceField::new(&nested, &options(1.0)).unwrap();
    assert_eq!(a.depth.grid, b.depth.grid);
    assert!(a.depth.data.iter().zip(&b.depth.data).all(|(x, y)| (x - y).abs() < 1e-5));
    // On the slit, 5 mm from the outer face and 5 mm from the hole.
    assert!((a.at(p(5.0, 10.0, 9.5)).unwrap() + 5.0).abs() < 0.3);
    let turn = nalgebra::Rotation3::from_euler_angles(0.5, -0.4, 1.1);
    let turned: Vec<Contour> =
        nested.iter().map(|c| Contour { points: c.points.iter().map(|p| turn * p).collect() }).collect();
    let t = DistanceField::new(&turned, &options(1.0)).unwrap();
    for q in [p(5.0, 5.0, 3.0), p(15.0, 15.0, 9.0), p(-4.0, 12.0, 24.0), p(28.0, 3.0, 10.0)] {
        assert!((t.at(turn * q).unwrap() - b.at(q).unwrap()).abs() < 0.2, "{q}");
    }
    let both: Vec<Contour> = nested.iter().chain(&turned).cloned().collect();
    assert_eq!(DistanceField::new(&both, &options(1.0)).err(), Some(DistanceError::NotParallel));
    assert_eq!(DistanceField::new(&[], &options(1.0)).err(), Some(DistanceError::NoContours));
    // Drawn twice, a plane cancels itself: nothing there, and no place without a number.
    let twice: Vec<Contour> = nested.iter().chain(&nested[..2]).cloned().collect();
    let field = DistanceField::new(&twice, &options(1.0)).unwrap();
    assert!(field.depth.data.iter().all(|d| d.is_finite()) && field.at(p(5.0, 5.0, 0.2)).unwrap() > 0.0);
    let nothing = [nested[0].clone(), nested[0].clone()];
    assert_eq!(DistanceField::new(&nothing, &options(1.0)).err(), Some(DistanceError::NoContours));
    assert_eq!(DistanceField::new(&key, &options(0.0)).err(), Some(DistanceError::Spacing(0.0)));
    let huge = DistanceField::new(&[square(0., 0., 9e4, 0.)], &options(0.2));
    assert!(matches!(huge, Err(DistanceError::TooLarge { .. })));
}

/// Two balls, a cube over a cube, one in the other; the places named are that far apart.
#[test]
fn the_closest_approach_of_two_structures() {
    let a = ball(Point3::new(0.0, 0.0, 0.5), 10.0, 1.0);
    let b = ball(Point3::new(30.0, 0.0, 0.5), 15.0, 1.0);
    let c = closest(&a, &b, 1.0).unwrap();
    // Half a plane's step off the ball's own equator: sqrt(r² − 0.25).
    let want = 30.0 - (100.0f64 - 0.25).sqrt() - (225.0f64 - 0.25).sqrt();
    assert!((c.distance_mm - want).abs() < 1e-9, "{}", c.distance_mm);
    let [p, q] = c.between.unwrap();
    assert!(((p - q).norm() - c.distance_mm).abs() < 1e-9 && p.x < 10.1 && q.x > 14.9);
    let above: Vec<Contour> = (0..4).map(|k| square(3.0, 4.0, 5.0, 20.0 + f64::from(k))).collect();
    let c = closest(&cube(20.0), &above, 1.0).unwrap();
    assert!((c.distance_mm - 9.5).abs() < 1e-9 && c.between.unwrap()[0].z == 10.0, "{c:?}");
    let beside: Vec<Contour> = (0..4).map(|k| square(13.0, 14.0, 5.0, 17.5 + f64::from(k))).collect();
    let c = closest(&cube(20.0), &beside, 1.0).unwrap();
    assert!((c.distance_mm - (9.0f64 + 16.0 + 49.0).sqrt()).abs() < 1e-9, "{c:?}");
    for other in [cube(4.0), cube(40.0), vec![square(0., 0., 50., 0.)]] {
        assert_eq!(closest(&cube(20.0), &other, 1.0), Ok(Closest { distance_mm: 0.0, between: None }));
    }
    assert_eq!(closest(&a, &[], 1.0), Err(DistanceError::NoContours));
}

/// Without any shortcut: the least over all heights, each with all edges.
fn plainly(solid: &Slabs<'_>, p: Point3<f64>) -> f64 {
    let q = solid.axes.map(|a| p.coords.dot(&a));
    let at = [q[0], q[1]];
    let flat = |of: Option<(usize, usize, f32)>| {
        let Some((a, b, t)) = of else { return f64::INFINITY };
        let [a, b] = [a, b].map(|i| {
            let edges = &solid.slabs[i].2;
            let d = edges.edges.iter().map(|e| square_of(at, nearest_on(at, e))).fold(f64::INFINITY, f64::min).sqrt();
            if edges.inside(at) { -d } else { d }
        });
        a + (b - a) * f64::from(t)
    };
    let levels = Levels::new(solid);
    let here = flat(levels.at(q[2]).of);
    let sign = if here < 0.0 { -1.0 } else { 1.0 };
    let far = levels.levels.iter().map(|l| (sign * flat(l.of)).max(0.0).hypot(l.z - q[2]));
    sign * far.fold(here.abs(), f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random stars with holes and gaps between planes: every place has the distance that no shortcut gives.
    #[test]
    fn distances_are_those_of_every_edge(
        radii in proptest::collection::vec(3.0..15.0f64, 60..240), hole in 0.0..2.5f64, gap in 1usize..5,
    ) {
        let mut contours = Vec::new();
        for (k, r) in radii.chunks(30).enumerate() {
            let z = (k + if k >= 3 { gap } else { 0 }) as f64 * 1.7;
            let star = |f: f64| r.iter().enumerate().map(move |(i, r)| {
                let a = TAU * i as f64 / 30.0;
                Point3::new(f * r * a.cos(), f * r * a.sin(), z)
            }).collect::<Vec<_>>();
            contours.push(Contour { points: star(1.0) });
            if hole > 1.0 { contours.push(Contour { points: star(1.0 / hole) }); }
        }
        let field = DistanceField::new(&contours, &options(1.3)).unwrap();
        let solid = Slabs::new(&contours, 1.0).unwrap();
        let g = &field.depth.grid;
        for o in (0..g.len()).step_by(g.len() / 400 + 1) {
            let p = g.centre(o % g.size[0], o / g.size[0] % g.size[1], o / (g.size[0] * g.size[1]));
            let (got, want) = (-f64::from(field.depth.data[o]), plainly(&solid, p));
            prop_assert!((got - want).abs() < 1e-4, "{p}: {got}, not {want}");
        }
    }
}
