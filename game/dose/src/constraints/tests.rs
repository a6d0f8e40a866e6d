use super::*;
use crate::dvh::Dvh;
use nalgebra::Point3;
use proptest::prelude::*;
use vestibule_geometry::{Contour, Grid, Volume};
use vestibule_patient::*;

/// A cube of 20 mm edge in a dose that falls by 1 Gy a mm along x, from 30 Gy at its left face to 10 Gy at its right.
fn cube() -> (Structure, Volume<f32>) {
    let grid = Grid::axial([61, 41, 41], [1.0; 3], Point3::new(-30.0, -20.0, -20.0));
    let mut dose = Volume::filled(grid.clone(), 0f32);
    for o in 0..grid.len() {
        dose.data[o] = (20.0 - (o % 61) as f64 + 30.0) as f32;
    }
    let corner = |x: f64, y: f64, k: usize| Point3::new(x, y, k as f64 - 9.5);
    let contours = (0..20)
        .map(|k| Contour {
            points: [(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0)].map(|(x, y)| corner(x, y, k)).to_vec(),
        })
        .collect();
    (Structure { number: 1, name: "Cube".into(), contours, ..Default::default() }, dose)
}

#[test]
fn a_cube_of_even_gradient_by_hand() {
    let (cube, dose) = cube();
    let dvh = Dvh::new(&dose, &cube.contours).unwrap();
    let value = |m: &str| m.parse::<Metric>().unwrap().value(&dvh, Some(25.0)).unwrap();
    // 8 cc; x mm of its 20 get at least 30 − x Gy; 25 Gy are the prescription.
    for (metric, want, within) in [
        ("D95%[Gy]", 11.0, 0.03),
        ("D95%[%]", 44.0, 0.12),
        ("D2%[Gy]", 29.6, 0.03),
        ("D0.8cc[Gy]", 28.0, 0.03),
        ("D0.8cc[%]", 112.0, 0.12),
        ("DC0.8cc[Gy]", 12.0, 0.03),
        ("DC10%[%]", 48.0, 0.12),
        ("V15Gy[%]", 75.0, 0.15),
        ("V15Gy[cc]", 6.0, 0.012),
        ("V80%[%]", 50.0, 0.15),
        ("V80%[cc]", 4.0, 0.012),
        ("CV15Gy[cc]", 2.0, 0.012),
        ("CV80%[%]", 50.0, 0.15),
        ("Mean[Gy]", 20.0, 0.01),
        ("Mean[%]", 80.0, 0.04),
        ("Max[Gy]", 30.0, 0.1),
        ("Min[Gy]", 10.0, 0.1),
        ("V31Gy[cc]", 0.0, 0.0),
        ("CV5Gy[%]", 0.0, 0.0),
    ] {
        let got = value(metric);
        assert!((got - want).abs() <= within, "{metric}: {got}, by hand {want}");
    }
    let too_much: Metric = "D9cc[Gy]".parse().unwrap();
    assert!(too_much.value(&dvh, None).unwrap_err().contains("only 8.0"));
    assert!("V95%[%]".parse::<Metric>().unwrap().value(&dvh, None).unwrap_err().contains("prescription"));
    // Twice the dose, as a factor would make it.
    let twice: Metric = "V30Gy[%]".parse().unwrap();
    assert!((twice.value(&dvh.map(|gy| 2.0 * gy), None).unwrap() - 75.0).abs() < 0.15);
}

#[test]
fn what_is_no_metric_is_told_what_to_write() {
    let error = |m: &str| m.parse::<Metric>().unwrap_err().to_string();
    assert!(error("D95").contains("D95%[Gy]") && error("D95[Gy]").contains("D95%[Gy]"));
    assert!(error("V2000cGy[%]").contains("V20Gy[%]"));
    assert!(error("V20Gy[Gy]").contains("a volume") && error("D95%[cc]").contains("a dose"));
    assert!(error("D101%[Gy]").contains("100 %") && error("D0cc[Gy]").contains("above 0"));
    for bad in ["", "[", "]", "D[Gy]", "V1e1Gy[%]", "D.%[Gy]", "D+5%[Gy]", "DinfGy[%]", "mean[Gy]", "V20Gy[%] "] {
        assert!(bad.parse::<Metric>().is_err(), "{bad}");
    }
}

const FORM: &str = r#"{"title":"T","source":"S 2026","dose":{"type":"EFFECTIVE"},"rows":[ROWS]}"#;

fn protocol(rows: &str) -> Result<Protocol, ProtocolError> {
    Protocol::from_json(&FORM.replace("ROWS", rows))
}

#[test]
fn an_error_names_the_row_and_what_to_write() {
    let good = r#"{"structure":"Brain","metric":"Mean[Gy]","compare":"<=","goal":5,"variation":6}"#;
    assert_eq!(protocol(good).unwrap().rows[0].variation, Some(6.0));
    let second = |row: &str| protocol(&format!("{good},{row}")).unwrap_err().to_string();
    let e = second(&good.replace("Mean[Gy]", "Dmean"));
    assert!(e.contains("'T', row 2 (Brain, Dmean)") && e.contains("Mean[Gy]"), "{e}");
    assert!(second(&good.replace("goal", "gaol")).contains("row 2 (Brain, Mean[Gy]): unknown field `gaol`"));
    let e = second(&good.replace(r#""<=""#, r#""≤""#));
    assert!(e.contains("row 2") && e.contains("`<=`"), "{e}");
    let e = second(&good.replace("<=", ">="));
    assert!(e.contains("no wider than the goal >= 5") && e.contains("below the goal"), "{e}");
    assert!(second(&good.replace("Mean[Gy]", "V5Gy[%]").replace(":6", ":106")).contains("0 to 100 %"));
    assert!(second("7").contains("row 2:"));
    let e = FORM.replace("EFFECTIVE", "RBE").replace("ROWS", good);
    assert!(Protocol::from_json(&e).unwrap_err().to_string().contains("EFFECTIVE (RBE-weighted) or PHYSICAL"));
    assert!(protocol("").unwrap_err().to_string().contains("`rows`"));
}

#[test]
fn the_protocols_that_come_with_the_program_are_whole() {
    let all = Protocol::built_in();
    assert_eq!(all.len(), 2);
    for p in &all {
        assert!(p.source.contains("20"), "a year: {}", p.source);
        for r in &p.rows {
            // What recognises names knows the standard name, or the row could never match by it.
            let known = vestibule_patient::names::standard_name(&r.structure);
            assert_eq!(known.as_deref(), Some(r.structure.as_str()), "{}", p.title);
        }
    }
}

fn set(names: &[(&str, Option<&str>)]) -> StructureSet {
    let structures = names
        .iter()
        .map(|(name, standard)| Structure {
            name: (*name).into(),
            standard_name: standard.map(Into::into),
            ..Default::default()
        })
        .collect();
    StructureSet { structures, ..Default::default() }
}

#[test]
fn rows_find_their_structure_and_their_verdict() {
    let (cube, dose) = cube();
    let dvh = Dvh::new(&dose, &cube.contours).unwrap();
    let row = |s: &str, c: &str, goal: f64, variation: &str| {
        format!(
            r#"{{"structure":"{s}","aliases":["Tronc X"],"metric":"Mean[Gy]","compare":"{c}","goal":{goal}{variation}}}"#
        )
    };
    let p = protocol(
        &[
            row("Brainstem", "<=", 21.0, ""),
            row("brainstem", "<=", 19.0, r#","variation":21"#),
            row("Brainstem", ">=", 21.0, ""),
            row("Stem", "<=", 21.0, ""),
            row("cube", "<", 21.0, "").replace("Tronc X", "nobody"),
            row("Liver", "<", 21.0, "").replace("Tronc X", "nobody"),
            row("CTV", "<", 21.0, "").replace("Tronc X", "nobody"),
            row("Heart", "<", 21.0, "").replace("Tronc X", "nobody"),
        ]
        .join(","),
    )
    .unwrap();
    // By standard name; by alias (own name); by own name; none; two alike; no histogram.
    let set = set(&[
        ("Tronc", Some("Brainstem")),
        ("tronc x", None),
        ("Cube", None),
        ("CTV_a", Some("CTV")),
        ("CTV_b", Some("CTV")),
        ("Heart", Some("Heart")),
    ]);
    assert_eq!(needs(&p, &set), [0, 1, 2, 5]);
    let of = |i: usize| (i < 5).then_some(if i == 1 { Err("no contours".to_owned()) } else { Ok(&dvh) });
    let basis = Basis { factor: 1.0, prescription_gy: None, notes: Vec::new() };
    let rows = evaluate(&p, &set, &of, &basis);
    let names: Vec<&str> = rows.iter().map(|r| r.verdict.name()).collect();
    assert_eq!(
        names,
        ["met", "within_variation", "not_met", "unavailable", "met", "no_structure", "unavailable", "unavailable"]
    );
    assert_eq!(rows[3].verdict, Verdict::Unavailable("no contours".into()));
    assert!(matches!(&rows[6].verdict, Verdict::Unavailable(w) if w.contains("CTV_a, CTV_b")));
    assert!((rows[0].value.unwrap() - 20.0).abs() < 0.01);
    let twice = evaluate(&p, &set, &of, &Basis { factor: 2.0, ..basis });
    assert!((twice[0].value.unwrap() - 40.0).abs() < 0.02 && twice[0].verdict == Verdict::NotMet);
}

#[test]
fn equal_in_f32_is_equal() {
    let f32_of_54 = f64::from(0.1f32) * 540.0;
    assert!(f32_of_54 > 54.0 && Comparison::AtMost.holds(f32_of_54, 54.0) && !Comparison::Above.holds(f32_of_54, 54.0));
    assert!(!Comparison::AtMost.holds(54.001, 54.0) && Comparison::Below.holds(53.9, 54.0));
    assert!(Comparison::AtMost.holds(0.0, 0.0) && !Comparison::Below.holds(0.0, 0.0));
}

#[test]
fn a_dose_of_another_kind_is_refused_or_weighted() {
    let p = protocol(r#"{"structure":"Brain","metric":"Mean[Gy]","compare":"<=","goal":5}"#).unwrap();
    let (_, volume) = cube();
    let dose = |dose_type, summation| Dose {
        uid: String::new(),
        frame_of_reference_uid: String::new(),
        plan_uid: None,
        dose_type,
        unit: DoseUnit::Gy,
        summation,
        engine: String::new(),
        volume: volume.clone(),
    };
    let plan = |radiation| Plan {
        fractions: 30,
        prescription_gy: Some(54.0),
        beams: vec![Beam { radiation, ..Default::default() }],
        ..Default::default()
    };
    use {DoseSummation as S, DoseType as T};
    let (protons, photons) = (plan(RadiationType::Proton), plan(RadiationType::Photon));
    let of = |t, s, plan, rbe| basis(&p, &dose(t, s), plan, rbe).map(|b| b.factor);
    assert_eq!(of(T::Effective, S::Plan, None, None), Ok(1.0));
    assert_eq!(of(T::Physical, S::Plan, Some(&protons), None), Err(BasisError::NeedsRbe));
    assert_eq!(of(T::Physical, S::Plan, None, None), Err(BasisError::NeedsRbe));
    assert_eq!(of(T::Physical, S::Plan, Some(&photons), None), Ok(1.0));
    assert_eq!(of(T::Physical, S::Fraction, Some(&protons), Some(1.1)), Ok(33.0));
    assert_eq!(of(T::Physical, S::Fraction, None, Some(1.1)), Err(BasisError::Fractions));
    assert_eq!(of(T::Effective, S::Plan, None, Some(1.1)), Err(BasisError::WeightedAlready));
    assert!(matches!(of(T::Effective, S::Beam, None, None), Err(BasisError::NotCourse(_))));
    assert_eq!(of(T::Error, S::Plan, None, None), Err(BasisError::Difference));
    let relative = Dose { unit: DoseUnit::Relative, ..dose(T::Effective, S::Plan) };
    assert_eq!(basis(&p, &relative, None, None), Err(BasisError::Relative));
    let physical = Protocol { dose: DoseOf { dose_type: T::Physical, ..p.dose.clone() }, ..p.clone() };
    assert_eq!(basis(&physical, &dose(T::Effective, S::Plan), None, None), Err(BasisError::NeedsPhysical));
    let other = Protocol {
        prescription_gy: Some(60.0),
        dose: DoseOf { fraction_gy: Some([1.9, 2.0]), fractions: Some(20), ..p.dose.clone() },
        ..p.clone()
    };
    let b = basis(&other, &dose(T::Effective, S::Plan), Some(&protons), None).unwrap();
    assert_eq!((b.prescription_gy, b.notes.len()), (Some(60.0), 3), "{:?}", b.notes);
}

proptest! {
    /// A metric's text is read back as the same metric.
    #[test]
    fn a_metric_is_read_back(which in 0usize..7, at in 1u32..1_000_000, percent in any::<bool>(), of in any::<bool>()) {
        let dose = if percent { Scale::Percent } else { Scale::Gy };
        let volume = if of { Scale::Percent } else { Scale::Cc };
        let of_dose = Cut { at: f64::from(at) * 1e-3, scale: dose };
        let of_volume = Cut { at: f64::from(at) * 1e-4, scale: volume };
        let m = match which {
            0 => Metric::Dose(of_volume, dose),
            1 => Metric::ColdDose(of_volume, dose),
            2 => Metric::Volume(of_dose, volume),
            3 => Metric::ColdVolume(of_dose, volume),
            4 => Metric::Mean(dose),
            5 => Metric::Max(dose),
            _ => Metric::Min(dose),
        };
        prop_assert_eq!(m.to_string().parse::<Metric>().unwrap(), m);
    }
}
