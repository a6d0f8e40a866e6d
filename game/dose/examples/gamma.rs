//! The gamma index of two doses in raw files, and how long it takes: what `tools/bench gamma` times against pymedphys.
//!
//! `cargo run -p vestibule-dose --example gamma -- REFERENCE EVALUATED PERCENT MM CUTOFF [local] [plane] [cap=N]`. A file: three sizes (u32),
//! three spacings and three origins (f64, mm), then the doses (f32, first axis fastest), little-endian. Prints JSON.

use nalgebra::Point3;
use std::time::Instant;
use vestibule_dose::{Gamma, GammaCriteria};
use vestibule_geometry::{Grid, Volume};

fn read(path: &str) -> Result<Volume<f32>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    let short = || format!("{path}: too short");
    let (head, body) = bytes.split_at_checked(60).ok_or_else(short)?;
    let size = [0, 1, 2].map(|a| u32::from_le_bytes([0, 1, 2, 3].map(|b| head[4 * a + b])) as usize);
    let f = |a: usize| f64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|b| head[12 + 8 * a + b]));
    let data: Vec<f32> = body.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let grid = Grid::axial(size, [f(0), f(1), f(2)], Point3::new(f(3), f(4), f(5)));
    if data.len() == grid.len() { Ok(Volume { grid, data }) } else { Err(short()) }
}

fn run() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| args.get(i).and_then(|a| a.parse::<f64>().ok()).ok_or("five arguments are needed");
    let (reference, evaluated) = (read(args.first().ok_or("no file")?)?, read(args.get(1).ok_or("no second file")?)?);
    let criteria = GammaCriteria {
        cutoff_percent: number(4)?,
        local: args.iter().any(|a| a == "local"),
        in_plane: args.iter().any(|a| a == "plane"),
        max_gamma: args.iter().find_map(|a| a.strip_prefix("cap=")?.parse().ok()).unwrap_or(2.0),
        ..GammaCriteria::new(number(2)?, number(3)?)
    };
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..7 {
        let started = Instant::now();
        last = Some(Gamma::new(&reference, &evaluated, &criteria).map_err(|e| e.to_string())?);
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    if let Some(g) = last {
        println!(
            "{{\"pass_rate\": {}, \"mean\": {}, \"points\": {}, \"out_of_reach\": {}, \"seconds\": {}, \"threads\": {}}}",
            g.pass_rate(),
            g.mean,
            g.points,
            g.out_of_reach,
            seconds[0],
            rayon::current_num_threads()
        );
    }
    Ok(())
}

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}
