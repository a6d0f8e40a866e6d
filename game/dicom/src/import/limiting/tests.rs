//! Jaws, leaves and blocks in order, in disorder, and of any content.

use super::*;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use proptest::prelude::*;

fn put(d: &mut Data, tag: Tag, vr: VR, value: &str) {
    d.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn sequence_of(d: &mut Data, tag: Tag, list: Vec<Data>) {
    d.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(list)));
}

fn positions(list: &[(&str, &str)]) -> Vec<Data> {
    let one = |(name, values): &(&str, &str)| {
        let mut d = Data::new_empty();
        put(&mut d, tags::RT_BEAM_LIMITING_DEVICE_TYPE, VR::CS, name);
        put(&mut d, tags::LEAF_JAW_POSITIONS, VR::DS, values);
        d
    };
    list.iter().map(one).collect()
}

/// A beam of jaws and two pairs of leaves, whose second control point moves only what changes.
fn beam() -> (Data, Vec<Data>) {
    let mut b = Data::new_empty();
    let device = |name: &str, pairs: &str, boundaries: &str| {
        let mut d = Data::new_empty();
        put(&mut d, tags::RT_BEAM_LIMITING_DEVICE_TYPE, VR::CS, name);
        put(&mut d, tags::NUMBER_OF_LEAF_JAW_PAIRS, VR::IS, pairs);
        if !boundaries.is_empty() {
            put(&mut d, tags::LEAF_POSITION_BOUNDARIES, VR::DS, boundaries);
        }
        d
    };
    let list = vec![device("ASYMX", "1", ""), device("Y", "1", ""), device("MLCX", "2", "-10\\0\\10")];
    sequence_of(&mut b, tags::BEAM_LIMITING_DEVICE_SEQUENCE, list);
    let mut first = Data::new_empty();
    for (tag, value) in
        [(tags::GANTRY_ANGLE, "179"), (tags::CUMULATIVE_METERSET_WEIGHT, "0"), (tags::NOMINAL_BEAM_ENERGY, "6")]
    {
        put(&mut first, tag, VR::DS, value);
    }
    put(&mut first, tags::GANTRY_ROTATION_DIRECTION, VR::CS, "CW");
    let list = positions(&[("ASYMX", "-40\\50"), ("MLCX", "-5\\-6\\7\\8")]);
    sequence_of(&mut first, tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE, list);
    let mut second = Data::new_empty();
    put(&mut second, tags::GANTRY_ANGLE, VR::DS, "181");
    put(&mut second, tags::CUMULATIVE_METERSET_WEIGHT, VR::DS, "0.5");
    sequence_of(&mut second, tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE, positions(&[("MLCX", "-1\\-2\\3\\4")]));
    let mut third = Data::new_empty();
    put(&mut third, tags::CUMULATIVE_METERSET_WEIGHT, VR::DS, "1");
    (b, vec![first, second, third])
}

fn read((b, points): &(Data, Vec<Data>)) -> (Limiting, Vec<Note>) {
    let mut notes = Vec::new();
    let got = limiting(b, points, false, 1.0, "beam", &mut notes);
    (got, notes)
}

#[test]
fn what_a_control_point_does_not_say_is_carried_on() {
    let (got, notes) = read(&beam());
    assert_eq!(notes, []);
    // Y is listed and never placed: not in use
    assert_eq!(got.devices.iter().map(|d| d.kind.as_str()).collect::<Vec<_>>(), ["ASYMX", "MLCX"]);
    let leaves = |n: usize| &got.sequence[n].positions_mm[1];
    assert_eq!(
        (leaves(0), leaves(1), leaves(2)),
        (&vec![-5., -6., 7., 8.], &vec![-1., -2., 3., 4.], &vec![-1., -2., 3., 4.])
    );
    for (point, (gantry, weight)) in got.sequence.iter().zip([(179.0, 0.0), (181.0, 0.5), (181.0, 1.0)]) {
        assert_eq!((point.angles.gantry_deg, point.cumulative_weight, point.energy), (gantry, weight, Some(6.0)));
        assert_eq!((point.positions_mm[0][1], point.turns.gantry), (50.0, Turn::Clockwise));
    }
}

#[test]
fn what_is_wrong_with_leaves_costs_leaves_only_and_is_said() {
    let device = |b: &mut Data, n: usize, tag: Tag, vr: VR, value: &str| {
        let mut list = items(b, tags::BEAM_LIMITING_DEVICE_SEQUENCE).to_vec();
        put(&mut list[n], tag, vr, value);
        sequence_of(b, tags::BEAM_LIMITING_DEVICE_SEQUENCE, list);
    };
    let boundaries = |value: &'static str| {
        move |b: &mut Data, _: &mut Vec<Data>| device(b, 2, tags::LEAF_POSITION_BOUNDARIES, VR::DS, value)
    };
    let moved = |name: &'static str, value: &'static str| {
        move |_: &mut Data, p: &mut Vec<Data>| {
            sequence_of(&mut p[1], tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE, positions(&[(name, value)]));
        }
    };
    type Change = Box<dyn Fn(&mut Data, &mut Vec<Data>)>;
    let cases: Vec<(&str, Change)> = vec![
        ("boundaries do not rise at leaf 2", Box::new(boundaries("-10\\0\\-1"))),
        ("with 2 leaf pairs and 4 boundaries", Box::new(boundaries("-10\\0\\10\\20"))),
        ("without readable leaf position boundaries", Box::new(boundaries("-10\\NaN\\10"))),
        ("reach farther than 1000 mm", Box::new(boundaries("-10\\0\\1e9"))),
        ("has 3 positions for 2 pairs at control point 1", Box::new(moved("MLCX", "1\\2\\3"))),
        ("unreadable positions at control point 1", Box::new(moved("MLCX", "NaN\\2\\3\\4"))),
        ("runs into its opposite in pair 2 (9 mm and 4 mm) at control point 1", Box::new(moved("MLCX", "1\\9\\3\\4"))),
        ("stands 123456 mm from the axis", Box::new(moved("MLCX", "1\\2\\3\\123456"))),
        ("places MLCY at control point 1, which it does not list", Box::new(moved("MLCY", "1\\2\\3\\4"))),
        ("where Y stands at its first control point", Box::new(moved("Y", "-1\\2"))),
        (
            "of the type 'IRIS', not known here",
            Box::new(move |b: &mut Data, _: &mut Vec<Data>| {
                device(b, 0, tags::RT_BEAM_LIMITING_DEVICE_TYPE, VR::CS, "IRIS");
            }),
        ),
    ];
    for (says, change) in cases {
        let (mut b, mut points) = beam();
        change(&mut b, &mut points);
        let (got, notes) = read(&(b, points));
        assert_eq!(notes.len(), 1, "{says}: {notes:?}");
        assert!(notes[0].text.contains(says) && notes[0].text.ends_with("jaws and leaves are left out"), "{notes:?}");
        assert_eq!((got.devices.len(), got.sequence.len()), (0, 3), "{says}");
        assert!(got.sequence.iter().all(|p| p.positions_mm.is_empty()));
        assert_eq!(got.sequence[1].angles.gantry_deg, 181.0);
    }
    // rounding is not running into each other
    let (b, mut points) = beam();
    moved("MLCX", "1\\4.05\\3\\4")(&mut Data::new_empty(), &mut points);
    assert_eq!(read(&(b, points)).1, []);
}

#[test]
fn metersets_that_do_not_rise_and_too_many_control_points_are_said() {
    let (b, mut points) = beam();
    put(&mut points[1], tags::CUMULATIVE_METERSET_WEIGHT, VR::DS, "1.5");
    let (got, notes) = read(&(b.clone(), points.clone()));
    assert!(notes[0].text.contains("weight of 1.5 at control point 1, which does not rise to 1"), "{notes:?}");
    assert!(got.sequence.is_empty() && got.devices.is_empty());
    points[1].remove_element(tags::CUMULATIVE_METERSET_WEIGHT);
    assert!(read(&(b.clone(), points.clone())).1[0].text.contains("no cumulative meterset weight at control point 1"));
    let many = vec![points[2].clone(); MOST_CONTROL_POINTS + 1];
    let (got, notes) = read(&(b, many));
    assert!(notes[0].text.contains("has 5001 control points, at most 5000"), "{notes:?}");
    assert!(got.sequence.is_empty());
}

#[test]
fn blocks_of_photons_and_ions() {
    let block = |kind: &str, points: &str, data: &str| {
        let mut d = Data::new_empty();
        put(&mut d, tags::BLOCK_TYPE, VR::CS, kind);
        put(&mut d, tags::BLOCK_NUMBER, VR::IS, "7");
        put(&mut d, tags::BLOCK_NUMBER_OF_POINTS, VR::IS, points);
        put(&mut d, tags::BLOCK_DATA, VR::DS, data);
        d
    };
    let good = block("APERTURE", "3", "0\\0\\10\\0\\0\\10");
    for ion in [false, true] {
        let mut b = Data::new_empty();
        let list = vec![
            good.clone(),
            block("SHIELDING", "4", "0\\0\\10\\0\\0\\10"),
            block("WOOD", "3", "0\\0\\10\\0\\0\\10"),
            block("SHIELDING", "3", "0\\0\\10\\0\\0\\1e7"),
        ];
        sequence_of(&mut b, if ion { tags::ION_BLOCK_SEQUENCE } else { tags::BLOCK_SEQUENCE }, list);
        let mut notes = Vec::new();
        let got = limiting(&b, &[], ion, 1.0, "beam", &mut notes);
        assert_eq!(got.blocks.len(), 1);
        assert_eq!((got.blocks[0].kind, got.blocks[0].outline_mm[1]), (BlockType::Aperture, [10.0, 0.0]));
        let said: Vec<&str> = notes.iter().map(|n| n.text.as_str()).collect();
        assert_eq!(
            said,
            [
                "has a block 7 that says it has 4 points and holds 6 coordinates: it is left out",
                "has a block 7 that is of the type 'WOOD', not known here: it is left out",
                "has a block 7 that reaches farther than 1000 mm: it is left out",
            ]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever stands in the values: no panic, and what is taken can be drawn at any instant.
    #[test]
    fn any_values_are_refused_or_usable(
        boundaries in "[-0-9.e\\\\NaN]{0,24}", leaves in "[-0-9.e\\\\]{0,24}", pairs in "[0-9]{0,3}", weight in "[-0-9.e]{0,5}",
        kind in prop::sample::select(vec!["MLCX", "MLCY", "X", "ASYMY", "MLCX2", "?", ""]), fraction in -0.5..1.5f64,
    ) {
        let (mut b, mut points) = beam();
        let mut list = items(&b, tags::BEAM_LIMITING_DEVICE_SEQUENCE).to_vec();
        put(&mut list[2], tags::RT_BEAM_LIMITING_DEVICE_TYPE, VR::CS, kind);
        put(&mut list[2], tags::LEAF_POSITION_BOUNDARIES, VR::DS, &boundaries);
        put(&mut list[2], tags::NUMBER_OF_LEAF_JAW_PAIRS, VR::IS, &pairs);
        sequence_of(&mut b, tags::BEAM_LIMITING_DEVICE_SEQUENCE, list);
        for p in &mut points[..2] {
            let list = positions(&[("ASYMX", "-40\\50"), (kind, &leaves)]);
            sequence_of(p, tags::BEAM_LIMITING_DEVICE_POSITION_SEQUENCE, list);
        }
        put(&mut points[1], tags::CUMULATIVE_METERSET_WEIGHT, VR::DS, &weight);
        let (got, notes) = read(&(b, points));
        prop_assert!(!got.devices.is_empty() || !notes.is_empty());
        prop_assert!(got.sequence.iter().all(|p| p.positions_mm.len() == got.devices.len()));
        let beam = vestibule_patient::Beam {
            limiting_devices: got.devices, sequence: got.sequence, final_cumulative_weight: 1.0, ..Default::default()
        };
        let now = beam.delivered(fraction).setting;
        if let Some(open) = beam.opening(&now) {
            prop_assert!(open.area_mm2.is_finite() && open.area_mm2 >= 0.0);
            prop_assert!(open.outlines_mm.iter().flatten().flatten().all(|v| v.is_finite()));
        }
        beam.limiting_parts(&now, 100.0);
    }
}
