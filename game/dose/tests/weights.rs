//! Other weights without computing all again, and the influence matrix.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{head_like, prepare, water_box};
use nalgebra::Point3;
use proptest::prelude::*;
use std::sync::LazyLock;
use vestibule_dose::{InfluenceError, InfluenceOptions, UpdateError, compute_fraction, update};
use vestibule_geometry::Volume;
use vestibule_patient::{Image, Plan};

fn quiet(_: usize, _: usize) {}

static CT: LazyLock<Image> = LazyLock::new(|| water_box([80.0, 120.0, 80.0], 4.0, Point3::origin()));
static PLAN: LazyLock<Plan> = LazyLock::new(|| head_like(Point3::new(0.0, 60.0, 0.0), 10.0));
static WHOLE: LazyLock<Volume<f64>> = LazyLock::new(|| compute_fraction(&prepare(&CT, &PLAN, 4.0), &quiet));

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn worst(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Some spots changed, switched off, or all of them: as if computed anew from a plan with these weights, and back again.
    #[test]
    fn an_update_is_a_new_computation(
        part in prop_oneof![Just(0.003), Just(0.02), Just(0.3), Just(1.0)], seed in any::<u32>(), off in any::<bool>(),
    ) {
        let mut prepared = prepare(&CT, &PLAN, 4.0);
        let n = prepared.spots().len();
        let chance = |i: usize, salt: u32| {
            let mut h = (i as u32).wrapping_mul(0x9e37_79b9) ^ seed.wrapping_add(salt);
            h ^= h >> 15;
            h = h.wrapping_mul(0x85eb_ca6b);
            h ^= h >> 13;
            f64::from(h) / f64::from(u32::MAX)
        };
        let changes: Vec<(usize, f64)> = (0..n)
            .rev()
            .filter(|i| chance(*i, 1) <= part || *i == 7)
            .map(|i| (i, if off { 0.0 } else { 4.0 * chance(i, 2) }))
            .collect();
        // A beam of nothing is refused when it is prepared, so some spots of each stay.
        let changes: Vec<(usize, f64)> = changes.into_iter().filter(|c| c.0 % 20 != 10).collect();
        let old: Vec<(usize, f64)> = changes.iter().map(|(i, _)| (*i, prepared.spots()[*i].mu)).collect();
        let mut anew = PLAN.clone();
        let spots: Vec<_> = anew.beams.iter_mut().flat_map(|b| &mut b.layers).flat_map(|l| &mut l.spots).collect();
        for (i, s) in spots.into_iter().enumerate() {
            if let Some((_, mu)) = changes.iter().find(|c| c.0 == i) {
                s.weight = *mu;
            }
        }
        let mut dose = WHOLE.clone();
        update(&mut dose, &mut prepared, &changes).unwrap();
        let want = compute_fraction(&prepare(&CT, &anew, 4.0), &quiet);
        prop_assert!(worst(&dose.data, &want.data) < 1e-6 * largest(&WHOLE.data), "{} spots", changes.len());
        prop_assert!(dose.data.iter().all(|v| *v >= 0.0));
        update(&mut dose, &mut prepared, &old).unwrap();
        prop_assert!(worst(&dose.data, &WHOLE.data) < 1e-6 * largest(&WHOLE.data));
    }
}

#[test]
fn an_update_that_cannot_be_is_refused_and_changes_nothing() {
    let mut prepared = prepare(&CT, &PLAN, 4.0);
    let n = prepared.spots().len();
    let before: Vec<f64> = prepared.spots().iter().map(|s| s.mu).collect();
    let mut dose = WHOLE.clone();
    let mut error = |changes: &[(usize, f64)]| update(&mut dose, &mut prepared, changes).unwrap_err();
    assert_eq!(error(&[(0, 1.0), (n, 1.0)]), UpdateError::NoSpot { spot: n, spots: n });
    assert_eq!(error(&[(3, 1.0), (4, -1.0)]), UpdateError::Weight { spot: 4, mu: -1.0 });
    assert!(matches!(error(&[(3, f64::NAN)]), UpdateError::Weight { spot: 3, .. }));
    assert_eq!(error(&[(3, 1.0), (5, 1.0), (3, 2.0)]), UpdateError::Twice { spot: 3 });
    assert_eq!(dose, *WHOLE);
    assert_eq!(before, prepared.spots().iter().map(|s| s.mu).collect::<Vec<f64>>());
    let mut other = compute_fraction(&prepare(&CT, &PLAN, 5.0), &quiet);
    assert_eq!(update(&mut other, &mut prepared, &[(0, 1.0)]), Err(UpdateError::Grid));
    update(&mut dose, &mut prepared, &[]).unwrap();
    assert_eq!(dose, *WHOLE);
}

/// Dᵀ w against the engine: without a threshold to f32, with one within what it says it leaves out.
#[test]
fn the_influence_matrix_gives_the_dose() {
    let prepared = prepare(&CT, &PLAN, 4.0);
    let mu: Vec<f64> = prepared.spots().iter().map(|s| s.mu).collect();
    let max = largest(&WHOLE.data);
    let mut entries = usize::MAX;
    for threshold in [0.0, 1e-4, 1e-2] {
        let m = prepared.influence(&InfluenceOptions { threshold, ..Default::default() }).unwrap();
        let dose = m.dose(&mu).unwrap();
        let (off, may) = (worst(&dose, &WHOLE.data), m.left_out_at_most(&mu));
        println!(
            "threshold {threshold}: {} entries, {} bytes, off by {:.1e} of the maximum",
            m.entries(),
            m.bytes(),
            off / max
        );
        assert!(off < may + 1e-6 * max, "{threshold}: {off} with {may} allowed");
        // It leaves something out, and no more than it has to.
        assert!(m.entries() < entries && (threshold == 0.0 || off > 1e-6 * max));
        entries = m.entries();
        assert_eq!((m.starts().len(), m.spots(), *m.starts().last().unwrap()), (mu.len() + 1, mu.len(), m.entries()));
        let (voxels, values) = m.row(11);
        assert!(voxels.is_sorted_by(|a, b| a < b));
        let highest = values.iter().copied().fold(0.0f32, f32::max);
        assert!(values.iter().all(|v| f64::from(*v) >= 0.999_999 * threshold * f64::from(highest) && *v > 0.0));
    }
    // Columns of one's choice.
    let some = |o: usize| o.is_multiple_of(5);
    let m = prepared.influence_where(&InfluenceOptions::default(), &some).unwrap();
    assert!(m.entries() > 0 && m.voxels().iter().all(|o| some(*o as usize)));
    assert_eq!(m.dose(&mu[1..]), Err(InfluenceError::Weights { given: mu.len() - 1, spots: mu.len() }));
    // The limit holds, and what is said to be needed is about right.
    let bytes = m.bytes();
    let limit_bytes = bytes / 2;
    match prepared.influence_where(&InfluenceOptions { limit_bytes, ..Default::default() }, &some) {
        Err(InfluenceError::TooLarge { needed, limit, done, .. }) => {
            assert!(limit == limit_bytes && done < mu.len());
            assert!((needed as f64 / bytes as f64 - 1.0).abs() < 0.5, "{needed} said, {bytes} taken");
        }
        other => panic!("{other:?}"),
    }
    let wrong = prepared.influence(&InfluenceOptions { threshold: f64::NAN, ..Default::default() });
    assert!(matches!(wrong, Err(InfluenceError::Threshold { .. })));
}

/// Spots anywhere changed by their rows: within what is said of the engine's own dose, to rounding as the matrix would have it
/// anew, and the same bits on any number of threads.
#[test]
fn an_update_by_rows_is_a_new_computation() {
    let mut prepared = prepare(&CT, &PLAN, 4.0);
    let n = prepared.spots().len();
    let max = largest(&WHOLE.data);
    for threshold in [0.0, 1e-2] {
        let m = prepared.influence(&InfluenceOptions { threshold, ..Default::default() }).unwrap();
        let old: Vec<f64> = prepared.spots().iter().map(|s| s.mu).collect();
        for step in [n, 17, 3, 1] {
            let changes: Vec<(usize, f64)> =
                (0..n).rev().step_by(step).map(|i| (i, if i % 4 == 0 { 0.0 } else { 1.7 })).collect();
            let (mut dose, mut mu) = (WHOLE.data.clone(), old.clone());
            let left_out = m.update(&mut dose, &mut mu, &changes).unwrap();
            let mut engine = WHOLE.clone();
            update(&mut engine, &mut prepared, &changes).unwrap();
            assert_eq!(mu, prepared.spots().iter().map(|s| s.mu).collect::<Vec<f64>>());
            let off = worst(&dose, &compute_fraction(&prepared, &quiet).data);
            assert!(off < left_out + 1e-6 * max, "{} spots: {off} with {left_out} allowed", changes.len());
            // With a threshold it leaves something out, without one it says that it does not.
            assert!(if threshold > 0.0 { off > 1e-7 * max } else { left_out == 0.0 });

            let (mut by_rows, mut mu) = (m.dose(&old).unwrap(), old.clone());
            m.update(&mut by_rows, &mut mu, &changes).unwrap();
            assert!(worst(&by_rows, &m.dose(&mu).unwrap()) < 1e-12 * max && by_rows.iter().all(|v| *v >= 0.0));
            for threads in [1, 2, 3, 7] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let (mut again, mut mu) = (WHOLE.data.clone(), old.clone());
                pool.install(|| m.update(&mut again, &mut mu, &changes)).unwrap();
                assert!(again == dose, "{threads} threads");
            }
            let back: Vec<(usize, f64)> = changes.iter().map(|(i, _)| (*i, old[*i])).collect();
            update(&mut engine, &mut prepared, &back).unwrap();
        }
    }
    let m = prepared.influence(&InfluenceOptions::default()).unwrap();
    let (mut dose, mut mu) = (WHOLE.data.clone(), vec![1.0; n]);
    let error = m.update(&mut dose[1..], &mut mu, &[]).unwrap_err();
    assert!(matches!(error, InfluenceError::Voxels { .. }));
    assert!(matches!(m.update(&mut dose, &mut mu[1..], &[]), Err(InfluenceError::Weights { .. })));
    let error = m.update(&mut dose, &mut mu, &[(0, 2.0), (n, 1.0)]).unwrap_err();
    assert_eq!(error, InfluenceError::Change(UpdateError::NoSpot { spot: n, spots: n }));
    assert!(dose == WHOLE.data && mu == vec![1.0; n]);
}
