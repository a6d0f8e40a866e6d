use super::*;

fn dose(plan: &str, summation: DoseSummation, grid: Grid, f: impl Fn(Point3<f64>) -> f64) -> Dose {
    let mut volume = Volume::filled(grid.clone(), 0.0);
    for o in 0..grid.len() {
        let (i, j, k) = (o % grid.size[0], o / grid.size[0] % grid.size[1], o / grid.size[0] / grid.size[1]);
        volume.data[o] = f(grid.centre(i, j, k)) as f32;
    }
    Dose {
        uid: String::new(),
        frame_of_reference_uid: "1.9".into(),
        plan_uid: (!plan.is_empty()).then(|| plan.to_owned()),
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation,
        engine: "e".into(),
        volume,
    }
}

fn one(dose: &Dose) -> SumPart<'_> {
    SumPart { dose, times: 1.0 }
}

fn ball(at: f64) -> impl Fn(Point3<f64>) -> f64 {
    move |p| 2.0 * (-(p - Point3::new(at, 0.0, 0.0)).norm_squared() / 128.0).exp()
}

fn integral(v: &Volume<f32>) -> f64 {
    v.data.iter().map(|d| f64::from(*d)).sum::<f64>() * v.grid.voxel_cm3()
}

/// Two plans on different grids that cover each other in part: the finer grid, as large as both; by interpolation a
/// linear field is exact where both reach, with integrals kept the sum has the integral of both to 1e−6.
#[test]
fn two_plans_on_two_grids() {
    let coarse = Grid::axial([30, 24, 20], [3.0, 3.0, 4.0], Point3::new(-50.0, -34.0, -40.0));
    let fine = Grid::axial([40, 30, 34], [2.0, 2.5, 2.0], Point3::new(-25.3, -37.1, -33.0));
    let line = |p: Point3<f64>| 40.0 + 0.1 * p.x - 0.05 * p.y + 0.02 * p.z;
    let a = dose("1", DoseSummation::Plan, coarse.clone(), line);
    let b = dose("2", DoseSummation::Plan, fine.clone(), line);
    let s = sum(&[one(&a), SumPart { dose: &b, times: 0.5 }], &SumOptions::default()).unwrap();
    assert_eq!((s.dose.summation, s.dose.plan_uid.as_ref()), (DoseSummation::MultiPlan, None));
    assert_eq!(s.plans, ["1", "2"]);
    let g = &s.dose.volume.grid;
    assert_eq!(g.spacing_mm, fine.spacing_mm);
    for (o, v) in s.dose.volume.data.iter().enumerate() {
        let p = g.centre(o % g.size[0], o / g.size[0] % g.size[1], o / g.size[0] / g.size[1]);
        let reach = |h: &Grid| (0..3).all(|x| (0.0..=h.size[x] as f64 - 1.0).contains(&h.to_index(p)[x]));
        let want = f64::from(u8::from(reach(&coarse))) + 0.5 * f64::from(u8::from(reach(&fine)));
        // Within half a voxel of a border the border's value holds, which is not checked here.
        let beyond = |h: &Grid| (0..3).any(|x| !(-0.6..=h.size[x] as f64 - 0.4).contains(&h.to_index(p)[x]));
        if (reach(&coarse) || beyond(&coarse)) && (reach(&fine) || beyond(&fine)) {
            assert!((f64::from(*v) - want * line(p)).abs() < 1e-4, "{v} at {p}");
        }
    }
    let (a, b) = (dose("1", DoseSummation::Plan, coarse, ball(0.0)), dose("2", DoseSummation::Plan, fine, ball(6.0)));
    let parts = [one(&a), SumPart { dose: &b, times: 3.0 }];
    let s = sum(&parts, &SumOptions { conserve: true, grid: None }).unwrap();
    let want = integral(&a.volume) + 3.0 * integral(&b.volume);
    assert!((integral(&s.dose.volume) / want - 1.0).abs() < 1e-6, "{} {want}", integral(&s.dose.volume));
    // On a grid of one's choice, too.
    let wide = Grid::axial([20; 3], [7.0; 3], Point3::new(-66.0, -66.0, -66.0));
    let s = sum(&parts, &SumOptions { conserve: true, grid: Some(wide) }).unwrap();
    assert!((integral(&s.dose.volume) / want - 1.0).abs() < 1e-6);
}

#[test]
fn fractions_and_beams_of_one_plan_keep_their_name() {
    let grid = Grid::axial([9; 3], [2.0; 3], Point3::new(-8.0, -8.0, -8.0));
    let kind = |parts: &[(DoseSummation, f64)]| {
        let doses: Vec<Dose> = parts.iter().map(|(s, _)| dose("7", *s, grid.clone(), ball(0.0))).collect();
        let parts: Vec<SumPart> =
            doses.iter().zip(parts).map(|(dose, (_, times))| SumPart { dose, times: *times }).collect();
        let s = sum(&parts, &SumOptions::default()).unwrap();
        let times: f64 = parts.iter().map(|p| p.times).sum();
        for (v, one) in s.dose.volume.data.iter().zip(&doses[0].volume.data) {
            assert!((f64::from(*v) - times * f64::from(*one)).abs() < 1e-6 * times * 2.0);
        }
        assert_eq!(s.dose.plan_uid.as_deref(), Some("7"));
        (s.dose.summation, s.notes.len())
    };
    use DoseSummation::{Beam, Fraction, Other, Plan};
    assert_eq!(kind(&[(Fraction, 1.0)]), (Fraction, 0));
    assert_eq!(kind(&[(Fraction, 12.0), (Fraction, 18.0)]), (Plan, 1));
    assert_eq!(kind(&[(Beam, 1.0), (Beam, 1.0)]), (Beam, 0));
    assert_eq!(kind(&[(Plan, 1.0)]), (Plan, 0));
    assert_eq!(kind(&[(Plan, 1.0), (Fraction, 2.0)]), (Plan, 1));
    assert_eq!(kind(&[(Other, 1.0)]), (Plan, 1));
    let nameless = dose("", Plan, grid, ball(0.0));
    let s = sum(&[one(&nameless)], &SumOptions::default()).unwrap();
    assert_eq!((s.dose.summation, s.plans.len()), (DoseSummation::MultiPlan, 0));
}

#[test]
fn what_does_not_add_up_is_refused() {
    let grid = Grid::axial([4; 3], [2.0; 3], Point3::origin());
    let a = dose("1", DoseSummation::Plan, grid, |_| 1.0);
    let error = |change: &dyn Fn(&mut Dose)| {
        let mut b = a.clone();
        change(&mut b);
        sum(&[one(&a), one(&b)], &SumOptions::default()).unwrap_err().to_string()
    };
    assert!(error(&|b| b.dose_type = DoseType::Effective).contains("dose 2 is Effective, dose 1 Physical"));
    assert!(error(&|b| b.unit = DoseUnit::Relative).contains("dose 2 is relative"));
    assert!(error(&|b| b.frame_of_reference_uid = "2".into()).contains("frame of reference"));
    assert!(error(&|b| b.volume.data[0] = f32::NAN).contains("dose 2: the dose holds 1 voxels"));
    assert!(error(&|b| b.volume.grid.origin_mm.x = 1e7).contains("more than 64000000"));
    for times in [0.0, -1.0, f64::NAN] {
        let wrong = SumPart { dose: &a, times };
        assert!(matches!(sum(&[wrong], &SumOptions::default()), Err(SumError::Times { part: 1, .. })));
    }
    assert_eq!(sum(&[], &SumOptions::default()).unwrap_err(), SumError::Nothing);
}
