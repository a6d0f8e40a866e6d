use super::*;
use crate::Beam;

/// Jaws of 100 x 40 mm, three pairs of leaves of 10, 20 and 10 mm; the middle pair is shut.
fn beam() -> Beam {
    let device = |kind, boundaries_mm| BeamLimitingDevice { kind, source_distance_mm: None, boundaries_mm };
    let point = |weight: f64, gantry: f64, left: f64| ControlPoint {
        cumulative_weight: weight,
        angles: BeamAngles { gantry_deg: gantry, ..Default::default() },
        turns: Turns { gantry: Turn::Clockwise, ..Default::default() },
        energy: Some(6.0),
        positions_mm: vec![vec![-50.0, 50.0], vec![-15.0, 40.0], vec![left, 0.0, -60.0, 20.0, 0.0, 60.0]],
    };
    Beam {
        limiting_devices: vec![
            device(LimitingDeviceType::AsymX, vec![]),
            device(LimitingDeviceType::AsymY, vec![]),
            device(LimitingDeviceType::MlcX, vec![-20.0, -10.0, 10.0, 20.0]),
        ],
        final_cumulative_weight: 2.0,
        sequence: vec![
            point(0.0, 350.0, -30.0),
            point(1.0, 10.0, -10.0),
            point(1.0, 10.0, 10.0),
            point(2.0, 10.0, 10.0),
        ],
        ..Default::default()
    }
}

fn area(b: &Beam, fraction: f64) -> f64 {
    b.opening(&b.delivered(fraction).setting).unwrap().area_mm2
}

/// By hand: the lowest leaves are half under the jaw (5 mm high), the highest wider than the jaws (100 mm).
#[test]
fn the_opening_is_what_leaves_and_jaws_leave() {
    let b = beam();
    for (fraction, left) in [(0.0, -30.0), (0.25, -20.0), (0.4, -14.0), (0.5, 10.0), (1.0, 10.0)] {
        let want = (20.0 - left) * 5.0 + 100.0 * 10.0;
        assert!((area(&b, fraction) - want).abs() < 1e-9, "{fraction}: {}", area(&b, fraction));
    }
    let open = b.opening(&b.sequence[0]).unwrap();
    assert_eq!(open.outlines_mm[0], [[-30., -15.], [20., -15.], [20., -10.], [-30., -10.], [-30., -15.]]);
    assert_eq!(open.outlines_mm[1], [[-50., 10.], [50., 10.], [50., 20.], [-50., 20.], [-50., 10.]]);
    // A quarter turn anticlockwise seen from the source brings +x of the device to +y of the gantry.
    let mut turned = b.sequence[0].clone();
    turned.angles.beam_limiting_deg = 90.0;
    let corner = b.opening(&turned).unwrap().outlines_mm[0][1];
    assert!((corner[0] - 15.0).abs() < 1e-9 && (corner[1] - 20.0).abs() < 1e-9, "{corner:?}");
    assert_eq!(Beam::default().opening(&ControlPoint::default()), None);
}

#[test]
fn blocks_open_and_shut() {
    let square = |h: f64, kind| Block {
        number: 1,
        name: String::new(),
        kind,
        material: String::new(),
        thickness_mm: None,
        outline_mm: vec![[-h, -h], [h, -h], [h, h], [-h, h]],
    };
    let with = |blocks| {
        let b = Beam { blocks, ..Default::default() };
        b.opening(&b.delivered(0.0).setting).unwrap().area_cm2()
    };
    assert!((with(vec![square(20.0, BlockType::Aperture)]) - 16.0).abs() < 1e-12);
    assert!((with(vec![square(20.0, BlockType::Aperture), square(5.0, BlockType::Shielding)]) - 15.0).abs() < 1e-12);
    // two apertures are open together
    assert!((with(vec![square(20.0, BlockType::Aperture), square(5.0, BlockType::Aperture)]) - 16.0).abs() < 1e-12);
    assert!((with(vec![square(5.0, BlockType::Shielding)]) - (10000.0 - 1.0)).abs() < 1e-9);
    // over the leaves of the beam above only what both leave counts
    let b = Beam { blocks: vec![square(15.0, BlockType::Aperture)], ..beam() };
    assert!((area(&b, 0.0) - (30.0 * 5.0 + 30.0 * 5.0)).abs() < 1e-9, "{}", area(&b, 0.0));
}

#[test]
fn between_control_points_things_move_with_the_meterset() {
    let b = beam();
    let at = |f| b.delivered(f);
    // through north, the way that was said
    assert_eq!(at(0.25).setting.angles.gantry_deg, 0.0);
    assert_eq!((at(0.25).control_point, at(0.25).setting.cumulative_weight), (0.5, 0.5));
    // leaves that moved with the beam off have arrived
    assert_eq!((at(0.5).control_point, at(0.5).setting.positions_mm[2][0]), (2.0, 10.0));
    assert_eq!((at(1.0).control_point, at(7.0).control_point, at(f64::NAN).control_point), (3.0, 3.0, 0.0));
    // the other way round: from 350° anticlockwise to 10° is 340°
    let mut other = b.clone();
    other.sequence[0].turns.gantry = Turn::CounterClockwise;
    assert_eq!(other.delivered(0.25).setting.angles.gantry_deg, 180.0);
    // the collimator is counted anticlockwise, so clockwise goes down
    other.sequence[1].angles.beam_limiting_deg = 90.0;
    other.sequence[0].turns.beam_limiting = Turn::Clockwise;
    assert_eq!(other.delivered(0.25).setting.angles.beam_limiting_deg, 225.0);
    other.sequence[0].turns.beam_limiting = Turn::None;
    assert_eq!(other.delivered(0.25).setting.angles.beam_limiting_deg, 45.0);
}

#[test]
fn leaves_are_drawn_from_their_tips_outwards() {
    let b = beam();
    let parts = b.limiting_parts(&b.sequence[0], 150.0);
    assert_eq!(parts.len(), 2 + 2 + 6);
    let leaf = |bank| *parts.iter().find(|p| (p.device, p.pair, p.bank) == (2, 0, bank)).unwrap();
    assert_eq!(leaf(Bank::One).corners_mm, [[-30., -20.], [-30., -10.], [-180., -10.], [-180., -20.]]);
    assert_eq!(leaf(Bank::Two).corners_mm, [[20., -20.], [20., -10.], [170., -10.], [170., -20.]]);
    let jaw = parts.iter().find(|p| (p.device, p.bank) == (1, Bank::Two)).unwrap();
    assert_eq!(jaw.corners_mm[0], [-UNLIMITED_MM, 40.0]);
}
