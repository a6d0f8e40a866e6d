//! What other weights cost: a plan of some thousand spots in a head-sized box of water, parts of it changed.
//!
//! `cargo run -p vestibule-dose --example update_cost [influence [THRESHOLD]]`; `influence` also makes the influence matrix and changes
//! weights by its rows.

#[path = "common/head_box.rs"]
mod head_box;

use std::time::Instant;
use vestibule_dose::{
    DoseOptions, HuTable, Influence, InfluenceOptions, MachineModel, PreparedPlan, compute_fraction, update,
};

/// Time all threads have run on a core, seconds, so that a busy machine does not count (Linux, to 10 ms; else 0).
fn on_cores_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in brackets: user and system time are the 12th and 13th.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    rest.split_whitespace().skip(11).take(2).filter_map(|v| v.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Seconds by the clock and on the cores.
fn timed<T>(f: impl FnOnce() -> T) -> ([f64; 2], T) {
    let (started, cores) = (Instant::now(), on_cores_s());
    let out = f();
    ([started.elapsed().as_secs_f64(), on_cores_s() - cores], out)
}

fn main() {
    let ct = head_box::ct();
    let options = DoseOptions { grid_mm: 2.5 };
    let hu = HuTable::for_image(&ct);
    let (prepare, prepared) =
        timed(|| PreparedPlan::new(&ct, None, &head_box::plan(4.5), &MachineModel::generic(), &hu, &options));
    let mut prepared = match prepared {
        Ok(p) => p,
        Err(e) => return println!("{e}"),
    };
    let (all, whole) = timed(|| compute_fraction(&prepared, &|_, _| {}));
    let n = prepared.spots().len();
    let max = whole.data.iter().copied().fold(0.0, f64::max);
    println!(
        "{n} spots, {} threads: prepare {:.2} s ({:.2} on the cores), compute {:.2} s ({:.2}); a couch shift costs both",
        rayon::current_num_threads(),
        prepare[0],
        prepare[1],
        all[0],
        all[1]
    );
    // Spots anywhere in the plan, and spots beside each other (one layer after the other).
    for (name, part, together) in [
        ("one spot", 1.0 / n as f64, false),
        ("0.1 %", 0.001, false),
        ("1 %", 0.01, false),
        ("1 %, neighbours", 0.01, true),
        ("10 %", 0.1, false),
        ("10 %, neighbours", 0.1, true),
        ("100 %", 1.0, false),
    ] {
        let count = (part * n as f64).round().max(1.0) as usize;
        let changed = if together { (n / 3..n / 3 + count).collect() } else { scattered(n, count) };
        let mut dose = whole.clone();
        let changes: Vec<(usize, f64)> = changed.iter().map(|i| (*i, 1.25)).collect();
        let (part, result) = timed(|| update(&mut dose, &mut prepared, &changes));
        if let Err(e) = result {
            return println!("{e}");
        }
        let anew = compute_fraction(&prepared, &|_, _| {});
        let off = anew.data.iter().zip(&dose.data).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!(
            "{name}: {count} spots in {:.3} s ({:.2} on the cores, {:.1} % of the whole); off by {:.1e} of the maximum",
            part[0],
            part[1],
            100.0 * part[1] / all[1],
            off / max
        );
        let back: Vec<(usize, f64)> = changed.iter().map(|i| (*i, 1.0)).collect();
        if let Err(e) = update(&mut dose, &mut prepared, &back) {
            return println!("{e}");
        }
    }
    if std::env::args().nth(1).as_deref() != Some("influence") {
        return;
    }
    let threshold = std::env::args().nth(2).and_then(|t| t.parse().ok()).unwrap_or(1e-2);
    let options = InfluenceOptions { threshold, limit_bytes: 6 << 30 };
    match timed(|| prepared.influence(&options)) {
        (time, Ok(m)) => {
            println!(
                "influence matrix above {threshold} of each spot's maximum: {} entries, {:.0} MB, {:.1} s ({:.1} on the cores)",
                m.entries(),
                m.bytes() as f64 / 1e6,
                time[0],
                time[1]
            );
            by_rows(&m, &mut prepared, &whole.data, all[1]);
        }
        (_, Err(e)) => println!("{e}"),
    }
}

/// The same changes by the rows of the matrix.
fn by_rows(m: &Influence, prepared: &mut PreparedPlan, whole: &[f64], all_s: f64) {
    let n = m.spots();
    let max = whole.iter().copied().fold(0.0, f64::max);
    for part in [0.0, 0.001, 0.01, 0.1, 1.0] {
        let count = (part * n as f64).round().max(1.0) as usize;
        // One spot costs too little for one measurement: several of each, there and back.
        let times = (2000 / count).max(2);
        let changed = scattered(n, count);
        let entries: usize = changed.iter().map(|i| m.row(*i).0.len()).sum();
        let there: Vec<(usize, f64)> = changed.iter().map(|i| (*i, 1.25)).collect();
        let back: Vec<(usize, f64)> = changed.iter().map(|i| (*i, 1.0)).collect();
        let (mut dose, mut mu) = (whole.to_vec(), vec![1.0; n]);
        let (time, done) = timed(|| {
            let mut left_out = 0.0;
            for _ in 0..times {
                left_out = m.update(&mut dose, &mut mu, &there)?;
                m.update(&mut dose, &mut mu, &back)?;
            }
            m.update(&mut dose, &mut mu, &there).map(|_| left_out)
        });
        let mut engine = vestibule_geometry::Volume::filled(prepared.grid().clone(), 0.0);
        engine.data.copy_from_slice(whole);
        let (left_out, updated) = match (done, update(&mut engine, prepared, &there)) {
            (Ok(left_out), Ok(())) => (left_out, compute_fraction(prepared, &|_, _| {})),
            (done, other) => return println!("{done:?} {other:?}"),
        };
        let off = updated.data.iter().zip(&dose).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let calls = (2 * times + 1) as f64;
        println!(
            "by rows, {count} spots anywhere: {:.4} ms ({:.2} % of the whole on the cores), {:.2} us a spot, {:.2} ns an entry; \
             off by {:.1e} of the maximum, {:.1e} allowed",
            1e3 * time[0] / calls,
            100.0 * time[1] / calls / all_s,
            1e6 * time[0] / calls / count as f64,
            1e9 * time[0] / calls / entries as f64,
            off / max,
            left_out / max
        );
        if let Err(e) = update(&mut engine, prepared, &back) {
            return println!("{e}");
        }
    }
}

/// Golden steps meet each spot once, evenly over the plan.
fn scattered(n: usize, count: usize) -> Vec<usize> {
    let step = (0.618 * n as f64) as usize | 1;
    let step = (step..).find(|s| num_gcd(*s, n) == 1).unwrap_or(1);
    (0..count).map(|i| (i * step) % n).collect()
}

fn num_gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { num_gcd(b, a % b) }
}
