//! The live dose at any instant: against the sum of the spots, by any way there, within its memory.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{head_like, prepare, water_box};
use nalgebra::Point3;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vestibule_dose::{LiveDose, LiveMemory, Painting, PreparedPlan};
use vestibule_geometry::Volume;

fn prepared() -> Arc<PreparedPlan> {
    let ct = water_box([80.0, 120.0, 80.0], 4.0, Point3::origin());
    Arc::new(prepare(&ct, &head_like(Point3::new(0.0, 60.0, 0.0), 15.0), 4.0))
}

/// Room for seven checkpoints and some spots.
fn some_memory(plan: &PreparedPlan) -> LiveMemory {
    LiveMemory { ahead_bytes: 3 << 20, checkpoint_bytes: 7 * 8 * plan.grid().len() }
}

/// Whole spots and a part of the next, from all over the session.
fn random_instants(n: usize, count: usize) -> Vec<(usize, f64)> {
    let mut seed = 2024u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| ((next() * n as f64) as usize, next())).collect()
}

fn bits(dose: &Volume<f64>) -> Vec<u64> {
    dose.data.iter().map(|v| v.to_bits()).collect()
}

fn max(data: &[f64]) -> f64 {
    data.iter().copied().fold(0.0, f64::max)
}

#[test]
fn any_instant_is_the_sum_of_its_spots_and_the_same_each_time() {
    let plan = prepared();
    let n = plan.spots().len();
    let instants = random_instants(n, 12);
    // The f64 sums, in plan order, without the live dose.
    let mut want = vec![Vec::new(); instants.len()];
    let mut sum = vec![0.0; plan.grid().len()];
    for (s, spot) in plan.spots().iter().enumerate() {
        for (want, _) in want.iter_mut().zip(&instants).filter(|(_, i)| i.0 == s) {
            want.clone_from(&sum);
        }
        plan.for_each_voxel(s, |o, gy| {
            sum[o] += gy * spot.mu;
            for (want, (_, part)) in want.iter_mut().zip(&instants).filter(|(_, i)| i.0 == s) {
                want[o] += gy * spot.mu * part;
            }
        });
    }
    let mut live = LiveDose::with_memory(plan.clone(), some_memory(&plan));
    live.fill_checkpoints()();
    assert!(live.memory().1.checkpoint_bytes > 6 * 8 * plan.grid().len());
    let (mut first, mut most) = (Vec::new(), 0.0f64);
    for (want, (spots, part)) in want.iter().zip(&instants) {
        live.go_to(*spots, *part);
        assert_eq!(live.delivered(), (*spots, *part));
        let worst = want.iter().zip(&live.grid().data).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst <= 1e-6 * max(want), "{spots} spots and {part}: {worst} of {}", max(want));
        most = most.max(worst / max(want));
        assert_eq!(live.max_gy(), max(&live.grid().data));
        first.push(bits(live.grid()));
    }
    println!("figure: within {most:.0e} of that instant's maximum");
    for (first, (spots, part)) in first.iter().zip(&instants).rev() {
        live.go_to(*spots, *part);
        assert!(*first == bits(live.grid()), "{spots} spots and {part} once more");
    }
}

/// From nothing, in frames, from behind, from a checkpoint, on any number of threads: the same bits.
#[test]
fn the_way_there_changes_no_bit() {
    let plan = prepared();
    let n = plan.spots().len();
    let there = (n / 2 + 1, 0.37);
    let bare = LiveMemory { ahead_bytes: 0, checkpoint_bytes: 0 };
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut live = LiveDose::with_memory(plan.clone(), bare);
            live.deliver_to(there.0, there.1);
            bits(live.grid())
        })
    };
    let want = with(1);
    assert!(want == with(2) && want == with(7), "threads");

    let mut frames = LiveDose::new(plan.clone());
    let mut at = 0.0f64;
    while at < there.0 as f64 {
        frames.deliver_to(at as usize, at.fract());
        at += 0.43;
    }
    frames.deliver_to(there.0, 0.2);
    frames.deliver_to(there.0, there.1);
    assert!(want == bits(frames.grid()), "in frames");

    let mut live = LiveDose::with_memory(plan.clone(), some_memory(&plan));
    live.deliver_to(there.0 + 40, 0.9);
    let mut at = there.0 as f64 + 40.0;
    while at > there.0 as f64 + 0.5 {
        live.go_to(at as usize, at.fract());
        at -= 0.77;
    }
    live.go_to(there.0, there.1);
    assert!(want == bits(live.grid()), "from behind");
    live.go_to(n, 0.0);
    live.go_to(there.0, there.1);
    assert!(want == bits(live.grid()), "from a checkpoint");
    live.go_to(3, 0.5);
    live.reset();
    assert!(live.grid().data.iter().all(|v| v.to_bits() == 0) && live.delivered() == (0, 0.0) && live.max_gy() == 0.0);
}

/// The box that is said to have changed holds every change and has one on each of its six faces; a copy kept by it is
/// right.
#[test]
fn the_changed_box_is_complete_and_tight() {
    let plan = prepared();
    let n = plan.spots().len();
    let mut live = LiveDose::with_memory(plan.clone(), some_memory(&plan));
    live.fill_checkpoints()();
    let g = plan.grid();
    let mut copy = Vec::new();
    assert_eq!(live.copy_changed(&mut copy), Some([[0; 3], g.size]));
    for (spots, part) in [(5, 0.0), (9, 0.4), (9, 0.8), (7, 0.1), (n - 20, 0.5), (n / 3, 0.0), (0, 0.0)] {
        let before = live.grid().data.clone();
        live.go_to(spots, part);
        let [lo, hi] = live.copy_changed(&mut copy).unwrap();
        let (mut first, mut end) = (g.size, [0; 3]);
        for (o, (a, b)) in before.iter().zip(&live.grid().data).enumerate() {
            if a != b {
                let c = [o % g.size[0], o / g.size[0] % g.size[1], o / (g.size[0] * g.size[1])];
                first = [0, 1, 2].map(|k| first[k].min(c[k]));
                end = [0, 1, 2].map(|k| end[k].max(c[k] + 1));
            }
        }
        assert_eq!([first, end], [lo, hi], "to {spots} spots and {part}");
        assert!(copy.iter().zip(&live.grid().data).all(|(c, v)| *c == *v as f32));
        assert_eq!(live.changed_since_last(), None);
    }
}

/// What is made ready in the background comes, and stays within its memory.
#[test]
fn spots_ahead_stay_within_their_memory() {
    let plan = prepared();
    let memory = LiveMemory { ahead_bytes: 1 << 20, ..some_memory(&plan) };
    let mut live = LiveDose::with_memory(plan.clone(), memory);
    let wait = |live: &LiveDose| {
        let end = Instant::now() + Duration::from_secs(180);
        while live.ready_ahead() < 2 {
            assert!(Instant::now() < end, "nothing was made ready");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    assert_eq!(live.ready_ahead(), 0, "nothing is made before somebody asks");
    live.make_ready();
    wait(&live);
    // A jump back leaves spots ahead that are not needed soon: they give way when play goes on from there.
    let n = plan.spots().len();
    live.fill_checkpoints()();
    live.go_to(n - 30, 0.5);
    wait(&live);
    live.go_to(3 * live.checkpoint_every(), 0.0);
    live.go_to(3 * live.checkpoint_every(), 0.1);
    wait(&live);
    live.reset();
    for spots in 0..n {
        live.deliver_to(spots, 0.5);
        let (_, used) = live.memory();
        assert!(used.ahead_bytes <= memory.ahead_bytes && used.checkpoint_bytes <= memory.checkpoint_bytes);
    }
}

/// A painter beside the frame: wherever it was sent meanwhile, what it settles on is that instant's dose to the bit, in a
/// copy that was kept by its boxes alone; and nobody who asks waits.
#[test]
fn a_painter_beside_the_frame_settles_on_the_instant_that_was_wanted_last() {
    let plan = prepared();
    let n = plan.spots().len();
    let painting = Painting::new(LiveDose::with_memory(plan.clone(), some_memory(&plan)));
    painting.fill_checkpoints().unwrap()();
    assert!(painting.fill_checkpoints().is_none());
    let mut live = LiveDose::new(plan.clone());
    let mut copy = None;
    let mut between = 0;
    for (goal, (spots, part)) in random_instants(n + 3, 8).into_iter().enumerate() {
        for (s, p) in random_instants(n, 5 * goal) {
            painting.go_to(s, p);
            std::thread::sleep(Duration::from_millis(3));
            between += usize::from(painting.copy_changed(&mut copy).is_some());
        }
        painting.go_to(spots, part);
        let max = painting.settle();
        assert!(painting.settled());
        live.go_to(spots, part);
        assert_eq!(painting.painted(), live.delivered());
        assert_eq!(max, live.max_gy());
        painting.copy_changed(&mut copy);
        assert!(painting.copy_changed(&mut copy).is_none(), "nothing new");
        let want: Vec<f32> = live.grid().data.iter().map(|v| *v as f32).collect();
        assert!(want == copy.as_ref().unwrap().data, "{spots} spots and {part}");
    }
    println!("figure: {between} copies on the way");
    assert!(between > 8, "{between} copies on the way");
}
