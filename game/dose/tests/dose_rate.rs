//! Dose rates on the grid: against the definition on a list of spots, in any number of threads, and in structures.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{beam, machine, plan, prepare, water_box};
use nalgebra::Point3;
use vestibule_dose::rate::{Contribution, rate_of, structure_voxels};
use vestibule_dose::{
    BeamDoseRate, DeliveryOrder, DoseFloor, DoseRateMetric, LiveDose, PreparedPlan, RateError, RateHistogram, Timeline,
    compute_fraction,
};
use vestibule_geometry::Contour;
use vestibule_patient::Plan;

fn quiet(_: usize, _: usize) {}

/// Two beams, so that the second one's spots and times are not the first's; one spot has no weight.
fn case() -> (PreparedPlan, Timeline, Plan) {
    let ct = water_box([60.0, 80.0, 60.0], 4.0, Point3::origin());
    let iso = Point3::new(0.0, 30.0, 0.0);
    let spots = [(90.0, -6.0, 0.0, 60.0), (90.0, 6.0, 0.0, 0.0), (90.0, 6.0, 3.0, 30.0), (80.0, 0.0, -4.0, 90.0)];
    let p = plan(vec![beam(0.0, iso, &spots[..2]), beam(90.0, iso, &spots)]);
    (prepare(&ct, &p, 4.0), Timeline::new(&p, &machine().delivery_times()), p)
}

#[test]
fn the_map_is_the_definition_in_every_voxel() {
    let (prepared, timeline, _) = case();
    let metrics = DoseRateMetric::USUAL;
    let got = BeamDoseRate::new(&prepared, &timeline, 1, &metrics, DoseFloor::Gy(0.0), &quiet).unwrap();
    assert_eq!((got.spots, got.beam), (3, 1));
    let mut lists: Vec<Vec<Contribution>> = vec![Vec::new(); prepared.grid().len()];
    for n in timeline.beam_spots(1) {
        let (mu, t) = (prepared.spots()[n].mu, timeline.spots()[n]);
        prepared.for_each_voxel(n, |o, gy| {
            if mu > 0.0 {
                let dose_gy = f64::from((gy * mu) as f32);
                lists[o].push(Contribution { dose_gy, start_s: t.start_s, length_s: t.length_s });
            }
        });
    }
    let mut with_rate = 0;
    for (m, metric) in metrics.into_iter().enumerate() {
        assert_eq!(got.maps[m].metric, metric);
        for (o, list) in lists.iter().enumerate() {
            let want = rate_of(list, metric).unwrap_or(0.0) as f32;
            let rate = got.maps[m].rate.data[o];
            assert_eq!(rate, want, "{}, voxel {o}", metric.label());
            with_rate += usize::from(rate > 0.0);
        }
    }
    assert!(with_rate > 1000, "{with_rate}");
    // Both beams together are the plan's dose.
    let other = BeamDoseRate::new(&prepared, &timeline, 0, &metrics, DoseFloor::Gy(0.0), &quiet).unwrap();
    let whole = compute_fraction(&prepared, &quiet);
    let max = whole.data.iter().copied().fold(0.0, f64::max);
    for (o, gy) in whole.data.iter().enumerate() {
        assert!((f64::from(got.dose.data[o] + other.dose.data[o]) - gy).abs() < 1e-5 * max, "voxel {o}");
    }
}

/// Two spots, painted twice. A voxel gets a of the first and b of the second: half of each in each painting. Its rates by hand, and in
/// the end the dose of the plan as it was made.
#[test]
fn two_spots_painted_twice_by_hand() {
    let ct = water_box([60.0, 80.0, 60.0], 4.0, Point3::origin());
    let mut made =
        plan(vec![beam(0.0, Point3::new(0.0, 30.0, 0.0), &[(90.0, -3.0, 0.0, 60.0), (90.0, 5.0, 0.0, 30.0)])]);
    let once = prepare(&ct, &made, 4.0);
    made.beams[0].layers[0].paintings = 2;
    let order = DeliveryOrder::new(&made).unwrap();
    let painted = prepare(&ct, &order.plan, 4.0);
    let timeline = Timeline::new(&order.plan, &machine().delivery_times());
    let [a1, b1, a2, b2] = <[_; 4]>::try_from(timeline.spots()).unwrap();
    assert!(
        a1.start_s + a1.length_s < b1.start_s && b1.start_s + b1.length_s < a2.start_s && a2.length_s == a1.length_s
    );

    let metrics = [DoseRateMetric::DoseAveraged, DoseRateMetric::Pbs { threshold_gy: 0.0 }];
    let rates = BeamDoseRate::new(&painted, &timeline, 0, &metrics, DoseFloor::Gy(0.0), &quiet).unwrap();
    let (mut doses, whole) = (vec![[0.0; 2]; once.grid().len()], compute_fraction(&once, &quiet));
    for n in [0, 1] {
        once.for_each_voxel(n, |o, gy| doses[o][n] = gy * once.spots()[n].mu);
    }
    let max = whole.data.iter().copied().fold(0.0, f64::max);
    let mut seen = 0;
    for (o, [a, b]) in doses.into_iter().enumerate().filter(|d| d.1[0] > 0.1 * max && d.1[1] > 0.1 * max) {
        let near = |got: f32, want: f64| assert!((f64::from(got) / want - 1.0).abs() < 1e-5, "voxel {o}: {got} {want}");
        // Σ d²/Δt / Σ d: each of the four brings half a dose in half of the time that it takes at once.
        let (half_a, half_b) = (0.5 * a, 0.5 * b);
        let averaged = 2.0 * (half_a * half_a / a1.length_s + half_b * half_b / b1.length_s) / (a + b);
        near(rates.maps[0].rate.data[o], averaged);
        // The whole dose from the first spot's start to the end of the last: the second painting counts.
        near(rates.maps[1].rate.data[o], (a + b) / (b2.start_s + b2.length_s - a1.start_s));
        seen += 1;
    }
    assert!(seen > 20, "{seen}");

    let mut live = LiveDose::new(painted);
    live.go_to(3, 1.0);
    live.go_to(4, 0.0);
    let mut apart = 0.0f64;
    for (o, gy) in whole.data.iter().enumerate() {
        apart = apart.max((live.grid().data[o] - gy).abs());
    }
    assert!(apart < 1e-6 * max, "{apart}");
}

#[test]
fn threads_and_floor_do_not_change_a_rate() {
    let (prepared, timeline, _) = case();
    let rates = |threads: usize, floor| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| BeamDoseRate::new(&prepared, &timeline, 1, &DoseRateMetric::USUAL, floor, &quiet).unwrap())
    };
    let one = rates(1, DoseFloor::PercentOfMaximum(10.0));
    for threads in [2, 3, 7] {
        let more = rates(threads, DoseFloor::PercentOfMaximum(10.0));
        for (a, b) in one.maps.iter().zip(&more.maps) {
            assert!(a.rate.data.iter().zip(&b.rate.data).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
    let all = rates(2, DoseFloor::Gy(0.0));
    for (a, b) in one.maps.iter().zip(&all.maps) {
        for o in 0..a.rate.data.len() {
            let above = f64::from(one.dose.data[o]) >= one.floor_gy * (1.0 + 1e-6);
            assert!(
                a.rate.data[o].is_finite() && (a.rate.data[o] == b.rate.data[o] || (a.rate.data[o] == 0.0 && !above))
            );
        }
    }
}

/// A square structure in a field of one spot: every voxel has the spot's own rate, dose over dwell, so the histogram is
/// the dose's, and its figures can be had from the dose alone.
#[test]
fn the_histogram_of_one_spot_is_its_dose_over_its_time() {
    let ct = water_box([60.0, 80.0, 60.0], 2.0, Point3::origin());
    let p = plan(vec![beam(0.0, Point3::new(0.0, 30.0, 0.0), &[(100.0, 0.0, 0.0, 100.0)])]);
    let (prepared, timeline) = (prepare(&ct, &p, 2.0), Timeline::new(&p, &machine().delivery_times()));
    let square = |z: f64| Contour {
        points: [(-8.0, 20.0), (8.0, 20.0), (8.0, 36.0), (-8.0, 36.0)].map(|(x, y)| Point3::new(x, y, z)).to_vec(),
    };
    let contours: Vec<Contour> = (-4..=4).map(|k| square(2.0 * f64::from(k))).collect();
    let voxels = structure_voxels(prepared.grid(), &contours);
    let metric = [DoseRateMetric::Pbs { threshold_gy: 0.0 }];
    let floor = DoseFloor::PercentOfMaximum(20.0);
    let got = BeamDoseRate::new(&prepared, &timeline, 0, &metric, floor, &quiet).unwrap();
    let h = RateHistogram::new(&got, &got.maps[0], &voxels);
    // 16 mm square, nine planes that stand for 2 mm each.
    assert!((h.volume_cm3 - 1.6 * 1.6 * 1.8).abs() < 0.02 * h.volume_cm3, "{}", h.volume_cm3);
    let dwell = timeline.spots()[0].length_s;
    let above = |v: &&(u32, f32)| f64::from(got.dose.data[v.0 as usize]) >= got.floor_gy;
    let cm3: f64 = voxels.iter().filter(above).map(|v| f64::from(v.1) * 8e-3).sum();
    let gy: f64 =
        voxels.iter().filter(above).map(|v| f64::from(v.1) * 8e-3 * f64::from(got.dose.data[v.0 as usize])).sum();
    assert!((h.above_floor_cm3 / cm3 - 1.0).abs() < 1e-9 && h.above_floor_cm3 < 0.9 * h.volume_cm3);
    assert!((h.mean / (gy / cm3 / dwell) - 1.0).abs() < 1e-5, "{} {}", h.mean, gy / cm3 / dwell);
    assert!(h.rate_at_fraction(1.0).unwrap() >= got.floor_gy / dwell * (1.0 - 1e-5));
    let (r2, r50, r98) = (h.rate_at_fraction(0.02), h.rate_at_fraction(0.5), h.rate_at_fraction(0.98));
    assert!(r2 > r50 && r50 > r98, "{r2:?} {r50:?} {r98:?}");
    let half = h.volume_at_rate_cm3(r50.unwrap()) / h.rated_cm3();
    assert!((half - 0.5).abs() < 0.02, "{half}");
    let curve = h.curve(11);
    assert_eq!((curve.len(), curve[0]), (11, (0.0, 1.0)));
    assert!(curve.windows(2).all(|w| w[1].1 <= w[0].1) && curve[10].1 > 0.0);
    // Elsewhere: nothing.
    let far: Vec<Contour> = contours
        .iter()
        .map(|c| Contour { points: c.points.iter().map(|p| p + nalgebra::Vector3::x() * 500.0).collect() })
        .collect();
    assert!(structure_voxels(prepared.grid(), &far).is_empty());
    let none = RateHistogram::new(&got, &got.maps[0], &[]);
    assert_eq!((none.rate_at_fraction(0.5), none.mean, none.curve(5).len()), (None, 0.0, 0));
}

#[test]
fn what_cannot_be_is_said() {
    let (prepared, timeline, p) = case();
    let metric = DoseRateMetric::DoseAveraged;
    let asked = |t: &Timeline, beam, metrics: &[DoseRateMetric], floor| {
        BeamDoseRate::new(&prepared, t, beam, metrics, floor, &quiet).unwrap_err()
    };
    let ten = DoseFloor::PercentOfMaximum(10.0);
    assert_eq!(asked(&timeline, 2, &[metric], ten), RateError::NoSuchBeam { beam: 3, beams: 2 });
    assert_eq!(asked(&timeline, 0, &[], ten), RateError::NoMetric);
    assert_eq!(asked(&timeline, 0, &[metric], DoseFloor::Gy(-1.0)), RateError::Floor(-1.0));
    let shorter = Plan { beams: p.beams[..1].to_vec(), ..p.clone() };
    let other = Timeline::new(&shorter, &machine().delivery_times());
    assert_eq!(asked(&other, 0, &[metric], ten), RateError::OtherTimeline { timeline: 2, plan: 6 });
    // Times without a dwell: no current could do that, but a hand-made table can.
    let mut times = machine().delivery_times();
    times.protons_per_mu.clear();
    times.delivery.minimum_dwell_s = 0.0;
    let said = asked(&Timeline::new(&p, &times), 1, &[metric], ten).to_string();
    assert!(said.contains("beam 2, layer 1, spot 1: 60 MU in 0 s"), "{said}");
}

/// The curves of a plan are those of its beams' maps; a flag that is set stops the work.
#[test]
fn curves_for_a_chart_and_how_they_stop() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use vestibule_dose::rate::RateCurves;
    let (prepared, timeline, _) = case();
    let square = |half: f64, z: f64| Contour {
        points: [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(x, y)| Point3::new(x * half, 40.0 + y * half, z))
            .to_vec(),
    };
    let near: Vec<Contour> = (-4..5).map(|k| square(12.0, 2.0 * f64::from(k))).collect();
    let far = vec![square(1.0, 500.0), square(1.0, 502.0)];
    let metric = DoseRateMetric::Pbs { threshold_gy: 1e-6 };
    let (floor, go) = (DoseFloor::PercentOfMaximum(10.0), AtomicBool::new(false));
    let last = AtomicUsize::new(0);
    let told = |done: usize, total: usize| {
        assert!(done >= last.swap(done, Ordering::Relaxed) && done <= total);
    };
    let got = RateCurves::new(&prepared, &timeline, &[&near, &far], metric, floor, &go, &told).unwrap();
    assert_eq!(last.into_inner(), 2 * prepared.spots().len());
    assert_eq!(got.curves.iter().map(|c| (c.beam, c.structure)).collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    for c in &got.curves {
        let beam = BeamDoseRate::new(&prepared, &timeline, c.beam, &[metric], floor, &quiet).unwrap();
        let voxels = structure_voxels(prepared.grid(), if c.structure == 0 { &near } else { &far });
        assert_eq!(c.histogram, RateHistogram::new(&beam, &beam.maps[0], &voxels));
        assert_eq!(c.floor_gy, beam.floor_gy);
        if c.structure == 1 {
            assert!(c.points.is_empty());
            continue;
        }
        // Falls from all of it to what has the highest rate; half of it has the median.
        assert_eq!((c.points[0], c.points.len()), ([0.0, 100.0], 201));
        assert!(c.points.windows(2).all(|w| w[1][0] > w[0][0] && w[1][1] <= w[0][1]) && c.points[200][1] > 0.0);
        let median = c.histogram.rate_at_fraction(0.5).unwrap();
        let i = c.points.partition_point(|p| p[0] <= median);
        assert!(c.points[i - 1][1] >= 50.0 - 1e-9 && c.points.get(i).is_none_or(|p| p[1] <= 50.0 + 1e-9));
    }
    let two = [DoseRateMetric::DoseAveraged, metric];
    let both = RateCurves::of_metrics(&prepared, &timeline, &[&near, &far], &two, floor, &go, &quiet).unwrap();
    assert!(both.len() == 2 && both[1] == got && both[0].metric == two[0]);
    let stop = AtomicBool::new(true);
    let stopped = RateCurves::new(&prepared, &timeline, &[&near], metric, floor, &stop, &quiet);
    assert_eq!(stopped, Err(RateError::Cancelled));
}
