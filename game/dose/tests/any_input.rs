//! Machine (beam data and solids), calibration and protocol files of any content: no panic, and what is taken can be used.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use vestibule_dose::constraints::{Metric, Protocol};
use vestibule_dose::{HuTable, MachineModel};
use vestibule_geometry::clearance::{MachineSolids, Scene};
use vestibule_geometry::{BeamAngles, Frames, PatientPosition};

const SHIPPED: [&str; 10] = [
    include_str!("../../../assets/machines/proton-gantry.json"),
    include_str!("../../../assets/machines/linac.json"),
    include_str!("../../../assets/beams/generic-pbs.json"),
    include_str!("../../../assets/beams/generic-pbs-2022.json"),
    include_str!("../../../assets/beams/hu-default.json"),
    include_str!("../../../assets/beams/hu-spr-map.json"),
    include_str!("../../../assets/beams/hu-schneider-2000.json"),
    include_str!("../../../assets/protocols/quantec-2010.json"),
    include_str!("../../../assets/protocols/synthetic-brain.json"),
    r#"{ "name": "elements", "source": "", "density": [[-1000, 0.001], [0, 1.0], [2000, 2.2]], "materials": [
        { "from_hu": -1000, "elements": { "H": 11.2, "O": 88.8 }, "mean_excitation_ev": 75 },
        { "from_hu": 300, "elements": { "H": 3.4, "C": 15.5, "O": 43.5, "P": 10.3, "Ca": 22.5 } } ] }"#,
];

fn read_all(text: &str) {
    if let Ok(machine) = MachineModel::from_json(text) {
        let [low, high] = machine.energy_limits_mev();
        for part in [0.0, 0.37, 1.0] {
            let e = machine.at(low + part * (high - low)).unwrap();
            assert!(e.mean_mev > 0.0 && e.protons_per_mu > 0.0, "{e:?}");
            for axis in 0..2 {
                for travelled in [0.0, 300.0, machine.nozzle_plane_mm] {
                    assert!(e.variance_mm2(axis, travelled) >= 0.0, "{e:?} after {travelled} mm");
                }
            }
        }
        assert!(machine.delivery_times().delivery.energy_switch_s >= 0.0);
    }
    if let Ok(protocol) = Protocol::from_json(text) {
        assert!(!protocol.rows.is_empty() && protocol.prescription_gy.is_none_or(|gy| gy > 0.0));
        for row in &protocol.rows {
            assert!(row.goal >= 0.0 && row.goal.is_finite(), "{row:?}");
            assert_eq!(row.metric.to_string().parse(), Ok(row.metric));
        }
    }
    if let Ok(machine) = serde_json::from_str::<MachineSolids>(text) {
        let frames = Frames { isocentre_mm: nalgebra::Point3::origin(), position: PatientPosition::Hfs };
        let body = [nalgebra::Point3::new(90.0, 60.0, -120.0), nalgebra::Point3::new(-90.0, -60.0, 100.0)];
        let scene = Scene::new(&machine, &frames, &body, machine.table_under(&frames, &body));
        for gantry_deg in [0.0, 133.0] {
            let angles = BeamAngles { gantry_deg, ..Default::default() };
            let found = scene.clearance(&scene.pose(&frames, &angles, Some(300.0)));
            for n in found.body.into_iter().chain(found.table) {
                assert!(n.distance_mm.is_finite() && n.part < machine.parts.len(), "{n:?}");
                let apart = (n.on_patient_mm - n.on_machine_mm).norm();
                assert!((apart - n.distance_mm.abs()).abs() < 1e-6 * (1.0 + apart), "{n:?}");
            }
        }
    }
    let _ = text.parse::<Metric>();
    if let Ok(table) = HuTable::from_json(text) {
        for hu in [-2000.0, -1000.0, -1.5, 0.0, 42.0, 3071.0, 30000.0] {
            let stopping = table.relative_stopping_power(hu);
            assert!((0.0..=10.0).contains(&stopping), "HU {hu}: {stopping}");
            let scattering = table.relative_scattering_power(stopping);
            assert!(scattering >= 0.0 && scattering.is_finite(), "HU {hu}: {scattering}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }

    /// Nor does what looks like a metric, whatever stands in it.
    #[test]
    fn no_metric_panics(text in "(D|DC|V|CV|Mean|Max)[0-9.e+µ%]{0,6}(cc|Gy|%|cGy)?\\[?(Gy|cc|%|)\\]?") {
        if let Ok(m) = text.parse::<Metric>() {
            prop_assert_eq!(m.to_string().parse::<Metric>(), Ok(m));
        }
    }

    /// A shipped file with some numbers changed: much of that is still JSON of the right form.
    #[test]
    fn changed_numbers_are_refused_or_usable(
        which in 0usize..10,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<f64>(), -3.0..3.0f64, any::<bool>()), 1..4),
    ) {
        let text = SHIPPED[which];
        let mut numbers: Vec<(usize, usize)> = Vec::new();
        let part_of = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
        // Numbers follow a space or a bracket; what stands in a text is left alone.
        for (i, b) in text.bytes().enumerate() {
            match numbers.last_mut() {
                Some((_, end)) if *end == i && part_of(b) => *end = i + 1,
                _ if part_of(b) && i > 0 && matches!(text.as_bytes()[i - 1], b' ' | b'[') => numbers.push((i, i + 1)),
                _ => {}
            }
        }
        let mut damaged = text.to_owned();
        let mut at: Vec<_> = changes.iter().map(|(n, wild, factor, use_wild)| (n.index(numbers.len()), wild, factor, use_wild)).collect();
        at.sort_by_key(|c| std::cmp::Reverse(c.0));
        at.dedup_by_key(|c| c.0);
        for (n, wild, factor, use_wild) in at {
            let (from, to) = numbers[n];
            let old = text[from..to].parse::<f64>().unwrap_or(1.0);
            damaged.replace_range(from..to, &if *use_wild { format!("{wild:e}") } else { format!("{}", old * factor) });
        }
        read_all(&damaged);
    }

    #[test]
    fn a_piece_cut_out_is_refused_or_usable(which in 0usize..10, at in 0.0..1.0f64, length in 1usize..80) {
        let text = SHIPPED[which];
        let start = (at * text.len() as f64) as usize;
        let end = (start + length).min(text.len());
        read_all(&String::from_utf8_lossy(&[&text.as_bytes()[..start], &text.as_bytes()[end..]].concat()));
    }
}
