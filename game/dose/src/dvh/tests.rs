use super::*;
use vestibule_geometry::Grid;

fn circle(r: f64, z: f64) -> Contour {
    let n = 180;
    let at = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
    Contour { points: (0..n).map(|i| Point3::new(r * at(i).cos(), r * at(i).sin(), z)).collect() }
}

/// Dose rising along x: 2 Gy at x = 0, 0.1 Gy/mm.
fn ramp() -> Volume<f32> {
    let grid = Grid::axial([33, 33, 33], [2.5; 3], Point3::new(-40.0, -40.0, -40.0));
    let mut v = Volume::filled(grid.clone(), 0.0);
    for k in 0..33 {
        for j in 0..33 {
            for i in 0..33 {
                v.data[grid.offset(i, j, k)] = (2.0 + 0.1 * grid.centre(i, j, k).x) as f32;
            }
        }
    }
    v
}

/// Fraction of a disc of radius 1 with x ≥ c.
fn cap(c: f64) -> f64 {
    (c.acos() - c * (1.0 - c * c).sqrt()) / std::f64::consts::PI
}

#[test]
fn a_cylinder_on_a_ramp_as_by_calculus() {
    let mut worst = [0.0f64; 2];
    for r in [15.0, 4.0] {
        let contours: Vec<Contour> = (0..11).map(|k| circle(r, k as f64 - 5.0)).collect();
        let d = Dvh::new(&ramp(), &contours).unwrap();
        let volume = std::f64::consts::PI * r * r * 11.0 * 1e-3;
        assert!((d.volume_cm3 / volume - 1.0).abs() < 0.003, "{} against {volume}", d.volume_cm3);
        assert!((d.mean - 2.0).abs() < 0.005 && d.outside == 0.0);
        worst[1] = worst[1].max((d.volume_cm3 / volume - 1.0).abs());
        for (fraction, got) in [(0.98, d.d98), (0.95, d.d95), (0.5, d.d50), (0.02, d.d2)] {
            let (mut lo, mut hi) = (-1.0, 1.0);
            for _ in 0..60 {
                let mid = 0.5 * (lo + hi);
                if cap(mid) > fraction { lo = mid } else { hi = mid }
            }
            let want = 2.0 + 0.1 * r * lo;
            assert!((got - want).abs() < 0.005 * want, "D{fraction}: {got}, not {want}");
            worst[0] = worst[0].max((got / want - 1.0).abs());
        }
        assert!((d.volume_at_dose_cm3(2.0) / d.volume_cm3 - 0.5).abs() < 0.01);
    }
    println!("figure: doses within {:.2} %, volume within {:.2} %", 100.0 * worst[0], 100.0 * worst[1]);
}

/// A wheel with teeth finer than the sampling step, in thick slices: its area is that of its triangles.
#[test]
fn a_jagged_outline_keeps_its_volume() {
    let (outer, inner, n) = (36.0, 33.5, 200usize);
    let turn = std::f64::consts::TAU / n as f64;
    let tooth = |i: usize| if i.is_multiple_of(2) { outer } else { inner };
    let at = |i: usize, z| Point3::new(tooth(i) * (turn * i as f64).cos(), tooth(i) * (turn * i as f64).sin(), z);
    let contours: Vec<Contour> =
        (0..12).map(|k| Contour { points: (0..n).map(|i| at(i, 5.0 * f64::from(k) - 27.5)).collect() }).collect();
    let d = Dvh::new(&ramp(), &contours).unwrap();
    let want = 0.5 * n as f64 * outer * inner * turn.sin() * 60.0 * 1e-3;
    assert!((d.volume_cm3 / want - 1.0).abs() < 5e-4, "{} not {want}", d.volume_cm3);
    assert!((d.mean - 2.0).abs() < 0.002 && (d.d50 - 2.0).abs() < 0.005, "{} {}", d.mean, d.d50);
}

#[test]
fn holes_by_xor_and_gaps_between_planes() {
    let mut contours: Vec<Contour> = (0..4).map(|k| circle(10.0, 2.0 * k as f64)).collect();
    contours.extend((0..4).map(|k| circle(5.0, 2.0 * k as f64)));
    // A second part, far away, must not be joined to the first.
    contours.extend((0..4).map(|k| circle(10.0, 30.0 + 2.0 * k as f64)));
    let d = Dvh::new(&ramp(), &contours).unwrap();
    let want = std::f64::consts::PI * (100.0 - 25.0 + 100.0) * 8.0 * 1e-3;
    assert!((d.volume_cm3 / want - 1.0).abs() < 0.003, "{} against {want}", d.volume_cm3);
}

#[test]
fn nothing_to_sample_is_said() {
    assert_eq!(Dvh::new(&ramp(), &[]), Err(DvhError::NoContours));
    let line = Contour { points: vec![Point3::origin(), Point3::new(1.0, 0.0, 0.0), Point3::new(2.0, 0.0, 0.0)] };
    assert_eq!(Dvh::new(&ramp(), &[line]), Err(DvhError::NoVolume));
}

/// Slices `step` apart of a body whose circle at height z is `radius(z)`; planes half a step off its ends.
fn stack(low: f64, high: f64, step: f64, radius: impl Fn(f64) -> Option<f64>) -> Vec<Contour> {
    let n = ((high - low) / step).round() as usize;
    (0..n).map(|k| low + (k as f64 + 0.5) * step).filter_map(|z| radius(z).map(|r| circle(r, z))).collect()
}

/// 2 Gy at the middle, 0.1 Gy/mm along `axis`.
fn along(axis: usize) -> Volume<f32> {
    let grid = Grid::axial([33, 33, 33], [2.5; 3], Point3::new(-40.0, -40.0, -40.0));
    let mut v = Volume::filled(grid.clone(), 0.0);
    for o in 0..grid.len() {
        v.data[o] = (2.0 + 0.1 * grid.centre(o % 33, o / 33 % 33, o / 1089)[axis]) as f32;
    }
    v
}

/// Where `part(x)`, falling from 1 to 0 between the limits, is `fraction`.
fn solve(fraction: f64, limits: [f64; 2], part: impl Fn(f64) -> f64) -> f64 {
    let [mut lo, mut hi] = limits;
    for _ in 0..60 {
        let mid = 0.5 * (lo + hi);
        if part(mid) > fraction { lo = mid } else { hi = mid }
    }
    lo
}

/// Doses within 0.5 % of 2 Gy, volumes within 0.5 %.
fn is(d: &Dvh, volume_mm3: f64, limits: [f64; 2], part: impl Fn(f64) -> f64, what: &str) {
    assert!((d.volume_cm3 / volume_mm3 * 1e3 - 1.0).abs() < 0.005, "{what}: {} of {}", d.volume_cm3, volume_mm3 * 1e-3);
    for (fraction, got) in [(0.98, d.d98), (0.95, d.d95), (0.5, d.d50), (0.02, d.d2)] {
        let want = 2.0 + 0.1 * solve(fraction, limits, &part);
        assert!((got - want).abs() < 0.01, "{what}: D{fraction} is {got}, not {want}");
    }
    for gy in [1.8, 2.0, 2.1] {
        let (got, want) = (d.volume_at_dose_cm3(gy) / d.volume_cm3, part(10.0 * (gy - 2.0)));
        assert!((got - want).abs() < 0.005, "{what}: V{gy}Gy is {got}, not {want}");
    }
}

#[test]
fn sphere_cone_and_torus_as_by_calculus() {
    use std::f64::consts::PI;
    // Part of a ball beyond c; of a cone (point up, base at −h/2) above c; of a torus above c along its axis.
    let ball = |r: f64| {
        move |c: f64| {
            let c = (c / r).clamp(-1.0, 1.0);
            (2.0 - 3.0 * c + c.powi(3)) / 4.0
        }
    };
    for (r, step) in [(15.0, 1.0), (15.0, 2.0), (4.153, 0.5)] {
        let round = |z: f64| (z.abs() < r).then(|| (r * r - z * z).sqrt());
        let high = (r / step).ceil() * step;
        let contours = stack(-high, high, step, round);
        for axis in 0..3 {
            let d = Dvh::new(&along(axis), &contours).unwrap();
            let limits = [-r, r];
            // Thick slabs stand out over the ball's poles.
            if axis < 2 || step <= 1.0 {
                is(&d, 4.0 / 3.0 * PI * r.powi(3), limits, ball(r), &format!("ball {r} by {step} along {axis}"));
            }
        }
    }
    let (base, height) = (15.0, 30.0);
    let cone = stack(-15.0, 15.0, 1.0, |z| Some(base * (15.0 - z) / height));
    let part = move |c: f64| ((15.0 - c.clamp(-15.0, 15.0)) / height).powi(3);
    is(&Dvh::new(&along(2), &cone).unwrap(), PI * base * base * height / 3.0, [-15.0, 15.0], part, "cone");
    let (big, small) = (12.0, 4.0);
    let w = move |z: f64| (small * small - z * z).max(0.0).sqrt();
    let mut torus = stack(-4.0, 4.0, 0.4, |z| Some(big + w(z)));
    torus.extend(stack(-4.0, 4.0, 0.4, |z| Some(big - w(z))));
    let part = move |c: f64| cap((c / small).clamp(-1.0, 1.0));
    is(&Dvh::new(&along(2), &torus).unwrap(), 2.0 * PI * PI * big * small * small, [-4.0, 4.0], part, "torus");
    // 0.3 cm³ in four slices of 3 mm.
    let r = (300.0 / (12.0 * PI)).sqrt();
    let rod = stack(-6.0, 6.0, 3.0, |_| Some(r));
    is(&Dvh::new(&along(0), &rod).unwrap(), 300.0, [-r, r], move |c| cap((c / r).clamp(-1.0, 1.0)), "rod");
}

#[test]
fn a_structure_off_the_grid_or_in_bad_voxels_is_said() {
    let far: Vec<Contour> = (0..4).map(|k| circle(5.0, 200.0 + k as f64)).collect();
    assert_eq!(Dvh::new(&ramp(), &far), Err(DvhError::NoOverlap));
    let mut bad = ramp();
    let middle = bad.grid.offset(16, 16, 16);
    bad.data[middle] = f32::NAN;
    let here: Vec<Contour> = (0..4).map(|k| circle(5.0, k as f64)).collect();
    assert_eq!(Dvh::new(&bad, &here), Err(DvhError::NotFinite));
}
