//! What the dose that grows costs: frames at 90 Hz and true speed, jumps, memory, for a plan of some thousand spots in
//! a head-sized box of water.
//!
//! `cargo run -p vestibule-dose --example live_cost -- [GRID_MM] [SECONDS] [BEAMS]` (2.5 mm, 10 s a pass, 3)

#[path = "common/head_box.rs"]
mod head_box;

use std::sync::Arc;
use std::time::{Duration, Instant};
use vestibule_dose::{
    DoseOptions, HuTable, LiveDose, MachineModel, Painting, PreparedPlan, Timeline, compute_fraction,
};

/// Time this thread has run on a core, ms, so that a busy machine does not count (Linux; else the clock).
fn on_core_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match stat.split(' ').next().and_then(|v| v.parse::<f64>().ok()) {
        Some(ns) => ns * 1e-6,
        None => std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |d| d.as_secs_f64() * 1e3),
    }
}

/// Time that all threads of this program have run on cores, s (Linux; else 0).
fn on_cores_s() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ns = threads.filter_map(|t| {
        let stat = std::fs::read_to_string(t.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    });
    ns.sum::<f64>() * 1e-9
}

/// Spots that are waited for, and passes over their frames.
const SPOTS: usize = 60;
const PASSES: usize = 15;
/// Frames of 1/90 s.
const RATE_HZ: f64 = 90.0;

fn sorted(mut ms: Vec<f64>) -> Vec<f64> {
    ms.sort_by(f64::total_cmp);
    ms
}

/// One part of sorted values; 0 where there are none.
fn part(sorted: &[f64], q: f64) -> f64 {
    sorted.get(((sorted.len() as f64 * q) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Plays the first beam from `from_s` on for `seconds` of the clock, `speed` times as fast as delivery, and says what
/// the frames with something new cost the thread that shows them.
fn play(live: &mut LiveDose, times: &Timeline, from_s: f64, seconds: f64, speed: f64) {
    let (spots, rest) = times.delivered_at(0, from_s);
    live.go_to(spots, rest);
    // What a player has while it stands still.
    std::thread::sleep(Duration::from_secs(2));
    let (mut ms, mut spots) = (Vec::new(), 0.0);
    let started = Instant::now();
    let mut core = 0.0;
    for frame in 1..=(seconds * RATE_HZ) as u32 {
        let due = f64::from(frame) / RATE_HZ;
        std::thread::sleep(Duration::from_secs_f64((due - started.elapsed().as_secs_f64()).max(0.0)));
        let was = live.delivered();
        let to = times.delivered_at(0, from_s + speed * due);
        if to == was {
            continue;
        }
        let before = on_core_ms();
        let clock = Instant::now();
        live.go_to(to.0, to.1);
        ms.push(clock.elapsed().as_secs_f64() * 1e3);
        core += on_core_ms() - before;
        spots += (to.0 as f64 + to.1 - was.0 as f64 - was.1).abs();
    }
    let (n, over) = (ms.len().max(1) as f64, ms.iter().filter(|v| **v > 1.0).count());
    let ms = sorted(ms);
    println!(
        "  {speed} times true speed, {seconds} s: {} frames with dose, {:.1} spots each: median {:.3}, 99th percentile {:.3}, worst {:.3} ms by the clock, {over} over 1 ms; mean {:.3} ms on the core",
        ms.len(),
        spots / n,
        part(&ms, 0.5),
        part(&ms, 0.99),
        part(&ms, 1.0),
        core / n
    );
}

/// The frames of true speed over the first spots of the plan (its deepest, so its largest), all ready: the best of some
/// passes for each frame, so that what else runs on the machine counts little.
fn frames_alone(live: &mut LiveDose, times: &Timeline) {
    live.go_to(0, 0.0);
    let waiting = Instant::now();
    while live.ready_ahead() < SPOTS && waiting.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ready = live.ready_ahead();
    let mut to = Vec::new();
    for frame in 1.. {
        let at = times.delivered_at(0, f64::from(frame) / RATE_HZ);
        if at.0 >= ready {
            break;
        }
        to.push(at);
    }
    let mut best = vec![f64::INFINITY; to.len()];
    for _ in 0..PASSES {
        live.go_to(0, 0.0);
        for (best, to) in best.iter_mut().zip(&to) {
            let started = Instant::now();
            live.go_to(to.0, to.1);
            *best = best.min(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    let (_, memory) = live.memory();
    let best = sorted(best);
    println!(
        "  true speed, the {ready} deepest spots, ready ({:.2} MB each): {} frames, best of {PASSES}: median {:.3}, 99th percentile {:.3}, worst {:.3} ms",
        memory.ahead_bytes as f64 * 1e-6 / live.memory().0.max(1) as f64,
        best.len(),
        part(&best, 0.5),
        part(&best, 0.99),
        part(&best, 1.0)
    );
}

/// The same with the painter on a thread of its own, as the app has it: what a frame costs, and how far what is shown lies
/// behind.
fn beside(painting: &Painting, times: &Timeline, from_s: f64, seconds: f64, speed: f64) {
    let at = times.delivered_at(0, from_s);
    painting.go_to(at.0, at.1);
    painting.settle();
    std::thread::sleep(Duration::from_secs(2));
    let (mut copy, mut ms, mut behind) = (None, Vec::new(), Vec::new());
    let (started, before) = (Instant::now(), on_cores_s());
    for frame in 1..=(seconds * RATE_HZ) as u32 {
        let due = f64::from(frame) / RATE_HZ;
        std::thread::sleep(Duration::from_secs_f64((due - started.elapsed().as_secs_f64()).max(0.0)));
        let to = times.delivered_at(0, from_s + speed * due);
        let clock = Instant::now();
        painting.go_to(to.0, to.1);
        if painting.copy_changed(&mut copy).is_some() {
            ms.push(clock.elapsed().as_secs_f64() * 1e3);
            let shown = painting.painted();
            behind.push((to.0 as f64 + to.1 - shown.0 as f64 - shown.1).abs());
        }
    }
    let cores = (on_cores_s() - before) / started.elapsed().as_secs_f64();
    let over = ms.iter().filter(|v| **v > 1.0).count();
    let (ms, behind) = (sorted(ms), sorted(behind));
    println!(
        "  beside the frame, {speed} times true speed, {seconds} s: {} frames with dose: median {:.3}, 99th percentile {:.3}, worst {:.3} ms, {over} over 1 ms; {:.1} spots behind, at most {:.1}; {cores:.2} cores",
        ms.len(),
        part(&ms, 0.5),
        part(&ms, 0.99),
        part(&ms, 1.0),
        part(&behind, 0.5),
        part(&behind, 1.0)
    );
}

/// Jumps all over the session by a painter beside the frame: what the frame pays, and how long until it is there.
fn jumps_beside(painting: &Painting, n: usize) {
    let (mut copy, mut frame_ms, mut there_ms) = (None, Vec::new(), Vec::new());
    for i in 1..=40 {
        let at = (f64::from(i) * 0.618_033_988_75).fract() * n as f64;
        let started = Instant::now();
        painting.go_to(at as usize, at.fract());
        let mut paid = started.elapsed().as_secs_f64() * 1e3;
        painting.settle();
        there_ms.push(started.elapsed().as_secs_f64() * 1e3);
        let clock = Instant::now();
        painting.copy_changed(&mut copy);
        paid += clock.elapsed().as_secs_f64() * 1e3;
        frame_ms.push(paid);
    }
    let (frame_ms, there_ms) = (sorted(frame_ms), sorted(there_ms));
    println!(
        "  beside the frame, a jump: median {:.3}, worst {:.3} ms of the frame; there after {:.0}, worst {:.0} ms",
        part(&frame_ms, 0.5),
        part(&frame_ms, 1.0),
        part(&there_ms, 0.5),
        part(&there_ms, 1.0)
    );
}

fn main() {
    let arg = |n: usize, or: f64| std::env::args().nth(n).and_then(|v| v.parse().ok()).unwrap_or(or);
    let (grid_mm, seconds, beams) = (arg(1, 2.5), arg(2, 10.0), arg(3, 3.0) as usize);
    let ct = head_box::ct();
    let (mut plan, machine) = (head_box::plan(4.5), MachineModel::generic());
    plan.beams.truncate(beams.max(1));
    let started = Instant::now();
    let prepared =
        match PreparedPlan::new(&ct, None, &plan, &machine, &HuTable::for_image(&ct), &DoseOptions { grid_mm }) {
            Ok(p) => Arc::new(p),
            Err(e) => return println!("{e}"),
        };
    let prepare_s = started.elapsed().as_secs_f64();
    let n = prepared.spots().len();
    println!(
        "{grid_mm} mm, {} voxels, {n} spots, {} threads: prepare {prepare_s:.2} s",
        prepared.grid().len(),
        rayon::current_num_threads()
    );

    let times = Timeline::new(&plan, &machine.delivery_times());
    let mut live = LiveDose::new(prepared.clone());
    live.make_ready();
    frames_alone(&mut live, &times);
    play(&mut live, &times, 0.0, seconds, 1.0);
    play(&mut live, &times, 0.5 * times.beam_duration_s(0), seconds, -1.0);
    play(&mut live, &times, 0.3 * times.beam_duration_s(0), 0.5 * seconds, 10.0);
    play(&mut live, &times, 0.3 * times.beam_duration_s(0), 0.5 * seconds, 0.1);

    let started = Instant::now();
    live.fill_checkpoints()();
    let fill_s = started.elapsed().as_secs_f64();
    println!(
        "  every spot made and added once, with a checkpoint each {} spots: {fill_s:.1} s, {:.2} ms a spot",
        live.checkpoint_every(),
        fill_s * 1e3 / n as f64
    );
    let jumps = (1..=40)
        .map(|i| {
            // Steps of the golden ratio: all over the session, never the same.
            let at = (f64::from(i) * 0.618_033_988_75).fract() * n as f64;
            let started = Instant::now();
            live.go_to(at as usize, at.fract());
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let jumps = sorted(jumps);
    println!("  a jump: median {:.1} ms, worst {:.1} ms", part(&jumps, 0.5), part(&jumps, 1.0));
    let (ready, memory) = live.memory();
    println!(
        "  memory: {:.0} MB for {ready} spots, {:.0} MB of checkpoints, {:.0} MB for the grid",
        memory.ahead_bytes as f64 * 1e-6,
        memory.checkpoint_bytes as f64 * 1e-6,
        prepared.grid().len() as f64 * 8e-6
    );
    let painting = Painting::new(LiveDose::new(prepared.clone()));
    painting.make_ready();
    for (from, speed) in [(0.0, 1.0), (0.3, 10.0), (0.6, 10.0), (0.5, -1.0), (0.9, -10.0), (0.3, 0.1)] {
        beside(&painting, &times, from * times.beam_duration_s(0), seconds, speed);
    }
    if let Some(fill) = painting.fill_checkpoints() {
        fill();
    }
    jumps_beside(&painting, n);
    drop(painting);
    live.go_to(n, 0.0);
    let started = Instant::now();
    let whole = compute_fraction(&prepared, &|_, _| {});
    let compute_s = started.elapsed().as_secs_f64();
    let max = whole.data.iter().copied().fold(0.0, f64::max);
    let off = whole.data.iter().zip(&live.grid().data).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("  compute {compute_s:.2} s; live minus computed {:.1e} of the maximum", off / max);
}
