use super::*;
use crate::PatientPosition;
use proptest::prelude::*;

fn part(name: &str, mount: Mount, at_mm: [f64; 3], solid: Solid) -> Part {
    Part { name: name.into(), mount, at_mm, turn_deg: [0.0; 3], solid }
}

/// A round nozzle of radius 50 mm whose front is 300 mm from the isocentre, on a snout that stands at 300 mm.
fn machine() -> MachineSolids {
    MachineSolids {
        name: "test".into(),
        source: String::new(),
        snout_retracted_mm: Some(400.0),
        snout_nearest_mm: None,
        table_surface_mm: Some(-100.0),
        parts: vec![
            part("nozzle", Mount::Snout, [0., 0., 100.], Solid::Cylinder { radius_mm: 50.0, length_mm: 200.0 }),
            part("top", Mount::TableTop, [0., -300., -120.], Solid::Box { size_mm: [500., 1000., 40.] }),
        ],
    }
}

fn frames(position: PatientPosition) -> Frames {
    Frames { isocentre_mm: Point3::new(7.0, -20.0, 300.0), position }
}

fn pose(gantry_deg: f64, patient_support_deg: f64, snout: f64) -> Pose {
    let angles = BeamAngles { gantry_deg, patient_support_deg, ..Default::default() };
    Pose { angles, snout_mm: Some(snout), ..Default::default() }
}

fn near(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() < 0.02, "{what}: {a} is not {b}");
}

#[test]
fn distances_to_solids_by_hand() {
    let cone = Solid::Cone { radii_mm: [30.0, 10.0], length_mm: 20.0 };
    // an L of 20 x 20 without its upper right quarter
    let l = Solid::Prism {
        outline_mm: vec![[0., 0.], [20., 0.], [20., 10.], [10., 10.], [10., 20.], [0., 20.]],
        length_mm: 10.0,
    };
    let root = 2f64.sqrt();
    let cases: [(&Solid, [f64; 3], f64, [f64; 3]); 13] = [
        (&Solid::Box { size_mm: [20., 30., 40.] }, [13., 19., 0.], 5.0, [10., 15., 0.]),
        (&Solid::Box { size_mm: [20., 30., 40.] }, [8., 0., 0.], -2.0, [10., 0., 0.]),
        (&Solid::Box { size_mm: [20., 30., 40.] }, [0., -1., -19.], -1.0, [0., -1., -20.]),
        (&Solid::Cylinder { radius_mm: 10., length_mm: 20. }, [0., 13., 14.], 5.0, [0., 10., 10.]),
        (&Solid::Cylinder { radius_mm: 10., length_mm: 20. }, [-7., 0., 3.], -3.0, [-10., 0., 3.]),
        (&Solid::Cylinder { radius_mm: 10., length_mm: 20. }, [1., 0., 50.], 40.0, [1., 0., 10.]),
        // the cone's side leans by 45°: from (20, 0) on it outwards along (1, 1)
        (&cone, [25., 0., 5.], 5.0 * root, [20., 0., 0.]),
        (&cone, [0., 15., 0.], -5.0 / root, [0., 17.5, 2.5]),
        (&cone, [40., 0., -10.], 10.0, [30., 0., -10.]),
        // in the notch of the L: the inner corner is nearest to nothing, its sides are
        (&l, [12., 15., 0.], 2.0, [10., 15., 0.]),
        (&l, [5., 5., 4.], -1.0, [5., 5., 5.]),
        (&l, [23., 5., 9.], 5.0, [20., 5., 5.]),
        (&l, [8., 3., 0.], -3.0, [8., 0., 0.]),
    ];
    for (solid, p, distance, at) in cases {
        let (d, q) = solid.closest(&Point3::from(p));
        assert!((d - distance).abs() < 1e-12 && (q - Point3::from(at)).norm() < 1e-12, "{solid:?} {p:?}: {d} {q}");
    }
    assert!(cone.is_convex() && !l.is_convex());
}

/// A ball of 100 mm about the isocentre is 200 mm from a nozzle at 300 mm, from everywhere.
#[test]
fn a_ball_under_a_round_nozzle() {
    let f = frames(PatientPosition::Hfs);
    let ball: Vec<Point3<f64>> = (0..20_000)
        .map(|i| {
            let z = 1.0 - 2.0 * (f64::from(i) + 0.5) / 20_000.0;
            let (sin, cos) = (f64::from(i) * 2.399963229728653).sin_cos();
            let r = (1.0 - z * z).sqrt();
            f.isocentre_mm + 100.0 * Vector3::new(r * cos, r * sin, z)
        })
        .collect();
    let scene = Scene::new(&machine(), &f, &ball, [0.0; 3]);
    for (gantry, couch, snout) in [(0.0, 0.0, 300.0), (77.0, 0.0, 300.0), (200.0, 45.0, 350.0)] {
        let n = scene.clearance(&pose(gantry, couch, snout)).body.unwrap();
        // No point of the ball stands nearer than the ball, none more than half their spacing farther.
        assert!((snout - 100.0..snout - 99.97).contains(&n.distance_mm), "{gantry}: {n:?}");
        assert!((n.on_patient_mm - n.on_machine_mm).norm() - n.distance_mm < 1e-9);
        assert!(((n.on_machine_mm - f.isocentre_mm).norm() - snout).abs() < 4.0, "{n:?}");
    }
}

/// One point 100 mm to the left, 40 mm behind and 10 mm above the isocentre, by hand in every position.
#[test]
fn the_patients_position_counts() {
    use PatientPosition::*;
    for (position, [x, y, z]) in [
        (Hfs, [100., 10., -40.]),
        (Hfp, [-100., 10., 40.]),
        (Hfdr, [40., 10., 100.]),
        (Hfdl, [-40., 10., -100.]),
        (Ffs, [-100., -10., -40.]),
        (Ffp, [100., -10., 40.]),
        (Ffdr, [-40., -10., 100.]),
        (Ffdl, [40., -10., -100.]),
    ] {
        let f = frames(position);
        let p = f.isocentre_mm + Vector3::new(100.0, 40.0, 10.0);
        let scene = Scene::new(&machine(), &f, &[p], [0.0; 3]);
        // gantry 90°: the nozzle's front is at x = 300, its axis along x
        let over = (f64::hypot(y, z) - 50.0).max(0.0);
        let n = scene.clearance(&pose(90.0, 0.0, 300.0)).body.unwrap();
        near(n.distance_mm, (300.0f64 - x).hypot(over), &position.to_string());
        assert_eq!(n.on_patient_mm, p);
        // couch 90°: what was at (x, y) stands at (-y, x)
        let over = (f64::hypot(x, z) - 50.0).max(0.0);
        near(scene.clearance(&pose(90.0, 90.0, 300.0)).body.unwrap().distance_mm, (300.0f64 + y).hypot(over), "couch");
    }
}

#[test]
fn the_table_top_counts_and_lies_under_the_patient() {
    let f = frames(PatientPosition::Hfs);
    let back = f.isocentre_mm + Vector3::new(0.0, 150.0, 0.0);
    let m = machine();
    assert_eq!(m.table_under(&f, &[back, f.isocentre_mm]), [0.0, 0.0, -50.0]);
    assert_eq!(m.table_under(&f, &[]), [0.0; 3]);
    let scene = Scene::new(&m, &f, &[], m.table_under(&f, &[back]));
    assert!(scene.clearance(&pose(0.0, 0.0, 300.0)).body.is_none());
    let table = |gantry, couch| scene.clearance(&pose(gantry, couch, 300.0)).least().unwrap();
    // the top reaches from z = -190 to -150, x = -250 to 250, y = -800 to 200; from below, from above, from the side
    near(table(180.0, 0.0).distance_mm, 110.0, "below");
    near(table(0.0, 0.0).distance_mm, 450.0, "above");
    near(table(90.0, 0.0).distance_mm, 50f64.hypot(100.0), "beside");
    // turned by 90° its foot (y = -800) points to +x, far into the nozzle's x, under it by 100 mm
    near(table(90.0, 90.0).distance_mm, 100.0, "turned");
    assert_eq!(table(90.0, 0.0).against, Against::Table);
    assert_eq!(scene.machine().parts[table(90.0, 0.0).part].name, "nozzle");
    // inside: 10 mm deep
    near(
        Scene::new(&m, &f, &[], [0.0, 0.0, -170.0]).clearance(&pose(180.0, 0.0, 300.0)).least().unwrap().distance_mm,
        -10.0,
        "in",
    );
}

/// From 0° to 180° the nozzle passes what stands out to +x: 250 mm out leaves 50 mm at 90° alone.
#[test]
fn a_swing_finds_what_it_passes() {
    let f = frames(PatientPosition::Hfs);
    let elbow = f.isocentre_mm + Vector3::new(250.0, 0.0, 0.0);
    let scene =
        Scene::new(&MachineSolids { parts: machine().parts[..1].to_vec(), ..machine() }, &f, &[elbow], [0.0; 3]);
    let at = |gantry| pose(gantry, 0.0, 300.0);
    let swing = scene.swing(&way(&at(0.0), &at(180.0), None));
    let (where_, n) = swing.least().unwrap();
    assert!((50.0..51.0).contains(&n.distance_mm) && swing.proven_mm <= 1.0, "{n:?} {}", swing.proven_mm);
    // on either side of 90° the face of 50 mm radius stays opposite
    assert!((where_.angles.gantry_deg - 90.0).abs() < 12.0, "{}", where_.angles.gantry_deg);
    assert!(swing.table.is_none() && swing.curve.len() == 91 && swing.curve[45].pose.angles.gantry_deg == 90.0);
    // the other way round it is never near: at least the chord from 0° or 180°
    let other = scene.swing(&way(&at(0.0), &at(181.0), None)).least().unwrap().1.distance_mm;
    assert!(other > 250.0, "{other}");
    // with the snout drawn back it passes 100 mm farther out
    let drawn = scene.swing(&way(&at(0.0), &at(180.0), Some(400.0)));
    assert!((150.0..151.0).contains(&drawn.least().unwrap().1.distance_mm));
    assert_eq!(drawn.curve.last().unwrap().at, 3.0);
    // a way of one pose, and of none
    let one = scene.swing(&[at(90.0)]);
    near(one.least().unwrap().1.distance_mm, 50.0, "one");
    assert!(one.proven_mm <= 1.0 && scene.swing(&[]).least().is_none());
}

/// Another beam's isocentre moves patient and table: the point that was 250 mm out is 150 mm out then.
#[test]
fn another_isocentre_is_a_shift() {
    let f = frames(PatientPosition::Ffs);
    let p = f.isocentre_mm + Vector3::new(-250.0, 0.0, 0.0);
    let scene = Scene::new(&machine(), &f, &[p], [0.0; 3]);
    let angles = BeamAngles { gantry_deg: 90.0, ..Default::default() };
    let b = Frames { isocentre_mm: f.isocentre_mm + Vector3::new(-100.0, 0.0, 0.0), ..f };
    near(scene.clearance(&scene.pose(&f, &angles, Some(300.0))).body.unwrap().distance_mm, 50.0, "own");
    let n = scene.clearance(&scene.pose(&b, &angles, Some(300.0))).body.unwrap();
    near(n.distance_mm, 150.0, "other");
    assert!((n.on_patient_mm - p).norm() < 1e-9, "{n:?}");
    // the part's own axes in the patient: the middle of the nozzle is 400 mm on the patient's right of the other isocentre
    let middle = scene.part_to_patient(0, &scene.pose(&b, &angles, Some(300.0))).unwrap() * Point3::origin();
    assert!((middle - (b.isocentre_mm + Vector3::new(-400.0, 0.0, 0.0))).norm() < 1e-9, "{middle}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What a fine brute search finds on the way is never nearer than was proven; and no thread changes a bit.
    #[test]
    fn the_proof_holds(
        points in proptest::collection::vec([-300.0..300.0f64, -200.0..200.0f64, -500.0..500.0f64], 1..30),
        from in [0.0..360.0f64, -90.0..90.0f64], to in [0.0..360.0f64, -90.0..90.0f64], moved in any::<bool>(),
    ) {
        let f = frames(PatientPosition::Hfs);
        let body: Vec<Point3<f64>> = points.into_iter().map(Point3::from).collect();
        let scene = Scene::new(&machine(), &f, &body, [0.0; 3]);
        let (a, mut b) = (pose(from[0], from[1], 320.0), pose(to[0], to[1], 450.0));
        if moved {
            b.shift_mm = [30.0, -80.0, 10.0];
        }
        let poses = way(&a, &b, Some(500.0));
        let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        let swing = pool(1).install(|| scene.swing(&poses));
        prop_assert_eq!(&swing, &pool(3).install(|| scene.swing(&poses)));
        let (body, table) = (swing.body.unwrap().1.distance_mm, swing.table.unwrap().1.distance_mm);
        prop_assert_eq!(swing.proven_mm <= 1.0, body >= 0.0 && table >= 0.0);
        for (n, w) in poses.windows(2).enumerate() {
            // the middle of each of 200 pieces, none of which was looked at
            let short = |x: f64, y: f64| (y - x + 540.0).rem_euclid(360.0) - 180.0;
            for k in 0..200 {
                let t = (f64::from(k) + 0.37) / 200.0;
                let mut p = w[0];
                p.angles.gantry_deg += t * short(w[0].angles.gantry_deg, w[1].angles.gantry_deg);
                p.angles.patient_support_deg += t * short(w[0].angles.patient_support_deg, w[1].angles.patient_support_deg);
                p.snout_mm = Some(w[0].snout_mm.unwrap() * (1.0 - t) + w[1].snout_mm.unwrap() * t);
                p.shift_mm = std::array::from_fn(|c| w[0].shift_mm[c] * (1.0 - t) + w[1].shift_mm[c] * t);
                let c = scene.clearance(&p);
                prop_assert!(body < 0.0 || c.body.unwrap().distance_mm >= body - 1.0, "leg {} {}", n, t);
                prop_assert!(table < 0.0 || c.table.unwrap().distance_mm >= table - 1.0, "leg {} {}", n, t);
            }
        }
    }

    /// A distance is that to its place, which lies on the surface, and changes by no more than the way gone.
    #[test]
    fn signed_distances_are_distances(p in [-80.0..80.0f64, -80.0..80.0f64, -80.0..80.0f64], q in [-80.0..80.0f64, -80.0..80.0f64, -80.0..80.0f64]) {
        let (p, q) = (Point3::from(p), Point3::from(q));
        for solid in [
            Solid::Box { size_mm: [20., 30., 90.] },
            Solid::Cylinder { radius_mm: 30., length_mm: 50. },
            Solid::Cone { radii_mm: [0., 40.], length_mm: 60. },
            Solid::Prism { outline_mm: vec![[-30., -30.], [40., -20.], [0., 0.], [35., 50.], [-30., 20.]], length_mm: 44. },
        ] {
            let (d, at) = solid.closest(&p);
            prop_assert!(((p - at).norm() - d.abs()).abs() < 1e-9);
            prop_assert!(solid.closest(&at).0.abs() < 1e-9);
            prop_assert!((d - solid.closest(&q).0).abs() <= (p - q).norm() + 1e-9);
        }
    }
}

/// A box on a snout goes down through the table in steps of 10 mm: in some of them a face of it lies in a face of the table, and in
/// their common plane no place is nearer than another.
#[test]
fn faces_in_one_plane_end() {
    let machine = MachineSolids {
        snout_retracted_mm: Some(400.0),
        table_surface_mm: Some(-100.0),
        parts: vec![
            part("box", Mount::Snout, [0., 0., -220.], Solid::Box { size_mm: [100.; 3] }),
            part("top", Mount::TableTop, [0., 0., -125.], Solid::Box { size_mm: [530., 2000., 50.] }),
        ],
        ..machine()
    };
    let scene = Scene::new(&machine, &frames(PatientPosition::Hfs), &[], [0.0; 3]);
    // the box's lower face is at snout - 270, the table lies between -150 and -100
    for (snout, mm) in [(180.0, 10.0), (170.0, 0.0), (160.0, -10.0), (120.0, -50.0)] {
        let found = scene.clearance(&pose(0.0, 0.0, snout)).table.unwrap().distance_mm;
        assert!((found - mm).abs() <= if mm < 0.0 { 2.5 } else { 0.01 }, "snout at {snout}: {found} mm, not {mm}");
    }
    let [from, to] = [0.0, 180.0].map(|g| pose(g, 0.0, 100.0));
    assert!(scene.swing(&way(&from, &to, Some(400.0))).least().unwrap().1.distance_mm < -45.0);
}
