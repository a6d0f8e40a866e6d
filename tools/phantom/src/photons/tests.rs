//! The photon plan, held to projections written out here.

use super::*;
use crate::study::write;
use crate::tests::tiny;
use vestibule_dicom::Level;

fn made() -> Plan {
    plan(&tiny().structures, &tiny().planned[0].plan).unwrap()
}

fn target() -> Vec<Point3<f64>> {
    tiny().structures.find("PTV").unwrap().contours.iter().flat_map(|c| c.points.iter().copied()).collect()
}

/// IEC 61217 by hand, for a patient on the back with the head to the gantry and the table straight: fixed, gantry (turned about y),
/// collimator (turned about z), then out from the source onto the plane of the isocentre.
fn by_hand(p: &Point3<f64>, angles: &BeamAngles) -> [f64; 2] {
    let [x, y, z] = [p.x - TUMOUR[0], p.z - TUMOUR[2], TUMOUR[1] - p.y];
    let (sin, cos) = angles.gantry_deg.to_radians().sin_cos();
    let [x, y, z] = [x * cos - z * sin, y, x * sin + z * cos];
    let (sin, cos) = angles.beam_limiting_deg.to_radians().sin_cos();
    let far = 1000.0 / (1000.0 - z);
    [(x * cos + y * sin) * far, (y * cos - x * sin) * far]
}

/// Whether a place is open at a control point: within both jaws and between the leaves of its pair.
fn open([x, y]: [f64; 2], b: &Beam, c: &ControlPoint) -> bool {
    let within = |jaws: &[f64], v: f64| jaws[0] < v && v < jaws[1];
    let edges = &b.limiting_devices[2].boundaries_mm;
    let pair = edges.windows(2).position(|e| e[0] <= y && y < e[1]).unwrap();
    let leaves = [c.positions_mm[2][pair], c.positions_mm[2][pair + 60]];
    within(&c.positions_mm[0], x) && within(&c.positions_mm[1], y) && within(&leaves, x)
}

#[test]
fn the_leaf_bank_is_the_usual_one() {
    for b in &made().beams {
        let kinds: Vec<_> = b.limiting_devices.iter().map(|d| (d.kind.as_str(), d.pairs())).collect();
        assert_eq!(kinds, [("ASYMX", 1), ("ASYMY", 1), ("MLCX", 60)]);
        let edges = &b.limiting_devices[2].boundaries_mm;
        assert_eq!((edges[0], edges[10], edges[30], edges[50], edges[60]), (-200.0, -100.0, 0.0, 100.0, 200.0));
        assert!(edges[10..=50].windows(2).all(|w| w[1] - w[0] == 5.0));
        assert!(edges[..=10].windows(2).chain(edges[50..].windows(2)).all(|w| w[1] - w[0] == 10.0));
    }
}

#[test]
fn weights_rise_leaves_never_collide_and_frames_agree() {
    for b in &made().beams {
        assert_eq!((b.sequence[0].cumulative_weight, b.final_cumulative_weight), (0.0, 1.0));
        assert_eq!(b.sequence.last().unwrap().cumulative_weight, 1.0);
        assert!(b.sequence.windows(2).all(|w| w[0].cumulative_weight < w[1].cumulative_weight));
        for c in &b.sequence {
            for p in &c.positions_mm {
                let (one, two) = p.split_at(p.len() / 2);
                assert!(one.iter().zip(two).all(|(a, b)| a <= b));
            }
            for (p, [x, y]) in target().iter().zip(project(&target(), &frames(), &c.angles)) {
                let [u, v] = by_hand(p, &c.angles);
                assert!((x - u).abs() < 1e-9 && (y - v).abs() < 1e-9, "{p}: {x} {y}, by hand {u} {v}");
            }
        }
    }
}

#[test]
fn the_arc_goes_clockwise_over_the_patient() {
    let plan = made();
    let arc = &plan.beams[0];
    assert_eq!((arc.name.as_str(), arc.sequence.len()), ("ARC", 71));
    for (n, c) in arc.sequence.iter().enumerate() {
        assert_eq!(c.angles.gantry_deg, (220.0 + 4.0 * n as f64) % 360.0);
        assert_eq!(c.turns.gantry, if n < 70 { Turn::Clockwise } else { Turn::None });
    }
    assert_eq!(arc.sequence[70].angles.gantry_deg, 140.0);
    for n in 0..=1000 {
        let at = arc.delivered(f64::from(n) / 1000.0).setting.angles.gantry_deg;
        let done = (at - 220.0).rem_euclid(360.0);
        assert!((done - 0.28 * f64::from(n)).abs() < 1e-3, "{at} after {n} per mille");
    }
}

/// The target and nearly the whole margin are open at every control point, and each leaf is as near as the margin lets it.
#[test]
fn the_leaves_of_the_arc_fit_the_target() {
    let plan = made();
    let arc = &plan.beams[0];
    let edges = &arc.limiting_devices[2].boundaries_mm;
    for (n, c) in arc.sequence.iter().enumerate() {
        let seen: Vec<[f64; 2]> = target().iter().map(|p| by_hand(p, &c.angles)).collect();
        for [x, y] in &seen {
            for k in 0..12 {
                let (sin, cos) = (f64::from(k) * std::f64::consts::PI / 6.0).sin_cos();
                assert!(open([x + 4.99 * cos, y + 4.99 * sin], arc, c), "{x} {y} is covered at {n}");
            }
        }
        let mut wide = 0;
        for (pair, e) in edges.windows(2).enumerate() {
            let [one, two] = [c.positions_mm[2][pair], c.positions_mm[2][pair + 60]];
            // From a leaf's front, a line from edge to edge, to the nearest place of the target.
            let near = |tip: f64| {
                let far = |p: &[f64; 2]| (p[0] - tip).hypot((e[0] - p[1]).max(p[1] - e[1]).max(0.0));
                seen.iter().map(far).fold(f64::INFINITY, f64::min)
            };
            if one < two {
                wide += 1;
                assert!((4.999..5.1).contains(&near(one)) && (4.999..5.1).contains(&near(two)), "pair {pair} at {n}");
            } else {
                assert!(near(one) > 4.999, "pair {pair} is shut over the target at {n}");
            }
        }
        // The target is some 50 mm high, with its margin 60: twelve leaves, or up to two more where it lies askew.
        assert!((11..=15).contains(&wide), "{wide} pairs are open at {n}");
        let area = arc.opening(c).unwrap().area_cm2();
        assert!((20.0..45.0).contains(&area), "{area} cm² at {n}");
    }
}

/// The same share of the MU for every place of the target, and with it the dose that the beam says.
#[test]
fn the_window_passes_every_place_alike() {
    const SAMPLES: usize = 4000;
    let plan = made();
    let b = &plan.beams[1];
    assert_eq!((b.name.as_str(), b.sequence.len()), ("WINDOW", 21));
    assert!(b.sequence.iter().all(|c| c.angles == b.angles && c.angles.gantry_deg == 300.0));
    let seen: Vec<[f64; 2]> = target().iter().map(|p| by_hand(p, &b.angles)).collect();
    let mut counts = vec![0usize; seen.len()];
    let mut widest = 0.0f64;
    for n in 0..SAMPLES {
        let now = b.delivered((n as f64 + 0.5) / SAMPLES as f64).setting;
        let leaves = &now.positions_mm[2];
        widest = (0..60).map(|k| leaves[k + 60] - leaves[k]).fold(widest, f64::max);
        counts.iter_mut().zip(&seen).filter(|(_, p)| open(**p, b, &now)).for_each(|(count, _)| *count += 1);
    }
    assert!((14.9..15.02).contains(&widest), "the slit is {widest} mm wide");
    let share = |n: &usize| *n as f64 / SAMPLES as f64;
    let (least, most) = (counts.iter().min().map(share).unwrap(), counts.iter().max().map(share).unwrap());
    println!("a place of the target is open for {:.2} to {:.2} % of the MU", 100.0 * least, 100.0 * most);
    assert!(least > 0.0 && most / least < 1.02, "{least} to {most}");
    let gy = b.meterset_mu * 0.5 * (least + most) * 0.0083;
    assert!((gy / b.beam_dose_gy.unwrap() - 1.0).abs() < 0.01, "{gy} Gy");
    // Nothing is open before and after.
    for c in [&b.sequence[0], &b.sequence[20]] {
        assert_eq!(b.opening(c).unwrap().area_mm2, 0.0);
    }
}

#[test]
fn both_beams_give_the_prescription_of_a_fraction() {
    let plan = made();
    let all: f64 = plan.beams.iter().filter_map(|b| b.beam_dose_gy).sum();
    assert!((all - plan.prescription_gy.unwrap() / f64::from(plan.fractions)).abs() < 1e-9);
    // 1.2 Gy through an open field.
    assert!((plan.beams[0].meterset_mu - 144.6).abs() < 0.05, "{}", plan.beams[0].meterset_mu);
}

#[test]
fn with_the_option_the_study_has_a_plan_more_and_without_it_none_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut study = tiny().clone();
    study.add_photons().unwrap();
    write(&study, dir.path()).unwrap();
    let back = vestibule_dicom::import(&[dir.path().to_owned()], &|_, _| ()).unwrap();
    let p = &back.patients[0];
    assert_eq!((p.plans.len(), p.doses.len(), p.structure_sets.len()), (3, 2, 1), "{:?}", back.notes);
    assert!(back.notes.iter().all(|n| n.level == Level::Info), "{:?}", back.notes);
    let sent = study.photons.as_ref().unwrap();
    assert_eq!(p.plans.iter().find(|q| q.uid == sent.uid), Some(sent));
    assert_eq!(p.chosen_plan().unwrap().item.uid, study.planned[0].plan.uid);
    assert_eq!(p.chosen_dose().unwrap().item.uid, study.planned[0].dose.uid);
    write(tiny(), dir.path()).unwrap();
    assert!(!dir.path().join("RTPLAN_PHOTONS.dcm").exists());
}
