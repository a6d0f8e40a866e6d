//! Transfer functions: which values are seen, in which colour, how densely.

use crate::tokens::tissue::{AIR, BONE, FAT, GREY, LUNG, MUSCLE, SKIN, VESSEL, WHITE};
use serde::{Deserialize, Serialize};

/// One point of a transfer function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Value: Hounsfield units of CT, share of the window (0 to 1) of anything else.
    pub value: f64,
    /// Linear colour.
    pub colour: [f32; 3],
    /// Opacity of a millimetre, 0 to 1.
    pub alpha: f32,
}

const fn stop(value: f64, colour: [f32; 3], alpha: f32) -> Stop {
    Stop { value, colour, alpha }
}

/// What one begins with, by name (key `volume-NAME`); the last is for anything that is not CT.
pub const PRESETS: [(&str, &[Stop]); 6] = [
    ("skin", &[stop(-500.0, SKIN, 0.0), stop(-300.0, SKIN, 0.35), stop(200.0, SKIN, 0.4), stop(3000.0, WHITE, 0.6)]),
    ("bone", &[stop(180.0, BONE, 0.0), stop(350.0, BONE, 0.22), stop(1200.0, WHITE, 0.6), stop(3000.0, WHITE, 0.8)]),
    (
        "soft",
        &[
            stop(-200.0, FAT, 0.0),
            stop(-90.0, FAT, 0.012),
            stop(-20.0, MUSCLE, 0.02),
            stop(60.0, MUSCLE, 0.10),
            stop(140.0, MUSCLE, 0.06),
            stop(300.0, BONE, 0.3),
            stop(1500.0, WHITE, 0.6),
        ],
    ),
    (
        "lung",
        &[
            stop(-980.0, AIR, 0.0),
            stop(-900.0, AIR, 0.01),
            stop(-700.0, LUNG, 0.025),
            stop(-500.0, LUNG, 0.06),
            stop(-300.0, LUNG, 0.0),
            stop(250.0, BONE, 0.0),
            stop(600.0, BONE, 0.15),
        ],
    ),
    (
        "vessels",
        &[stop(120.0, VESSEL, 0.0), stop(220.0, VESSEL, 0.25), stop(450.0, WHITE, 0.08), stop(1200.0, WHITE, 0.3)],
    ),
    ("mr", &[stop(0.12, GREY, 0.0), stop(0.3, GREY, 0.03), stop(0.6, SKIN, 0.09), stop(1.0, WHITE, 0.25)]),
];

/// Texels of the table.
pub const TABLE: usize = 256;

/// Lowest and highest value that a function tells apart, with a little room.
pub fn range(stops: &[Stop]) -> [f64; 2] {
    let low = stops.iter().map(|s| s.value).fold(f64::INFINITY, f64::min);
    let high = stops.iter().map(|s| s.value).fold(f64::NEG_INFINITY, f64::max);
    if high > low { [low, high] } else { [0.0, 1.0] }
}

/// Colour and opacity at a value: straight between stops, level beyond them.
pub fn at(stops: &[Stop], value: f64) -> [f32; 4] {
    let Some(last) = stops.last() else { return [0.0; 4] };
    let above = stops.iter().position(|s| s.value > value);
    let [a, b] = match above {
        None => [last, last],
        Some(0) => [&stops[0], &stops[0]],
        Some(i) => [&stops[i - 1], &stops[i]],
    };
    let t = if b.value > a.value { ((value - a.value) / (b.value - a.value)).clamp(0.0, 1.0) as f32 } else { 0.0 };
    let mix = |x: f32, y: f32| x + (y - x) * t;
    let c = [0, 1, 2].map(|i| mix(a.colour[i], b.colour[i]));
    [c[0], c[1], c[2], mix(a.alpha, b.alpha)]
}

/// The function as a table over its range.
pub fn table(stops: &[Stop]) -> Vec<[f32; 4]> {
    let [low, high] = range(stops);
    (0..TABLE).map(|i| at(stops, low + (high - low) * i as f64 / (TABLE - 1) as f64)).collect()
}

/// Lowest and highest value of each block of voxels, i fastest; [`full`] asks them which can be seen.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    /// Blocks along each axis.
    pub size: [usize; 3],
    /// Of each.
    pub ends: Vec<[f32; 2]>,
}

/// Voxels along a block's side.
pub const BLOCK: usize = 8;

/// Blocks of a volume. Each takes one voxel more on every side, since values between voxels belong to both.
pub fn blocks(data: &[f32], size: [usize; 3]) -> Blocks {
    use rayon::prelude::*;
    let n = size.map(|s| s.div_ceil(BLOCK).max(1));
    let mut ends = vec![[f32::INFINITY, f32::NEG_INFINITY]; n.iter().product()];
    ends.par_chunks_mut(n[0] * n[1]).enumerate().for_each(|(k, slab)| {
        for (o, ends) in slab.iter_mut().enumerate() {
            let at = [o % n[0], o / n[0], k];
            let from = at.map(|b| (b * BLOCK).saturating_sub(1));
            let to: [usize; 3] = std::array::from_fn(|a| (at[a] * BLOCK + BLOCK + 1).min(size[a]));
            for z in from[2]..to[2] {
                for y in from[1]..to[1] {
                    let row = (z * size[1] + y) * size[0];
                    for v in &data[row + from[0]..row + to[0]] {
                        *ends = [ends[0].min(*v), ends[1].max(*v)];
                    }
                }
            }
        }
    });
    Blocks { size: n, ends }
}

/// 1 for each block in which a function shows something, else 0. `scale`: how a voxel's value becomes one of the function
/// (factor, offset).
pub fn full(blocks: &Blocks, stops: &[Stop], scale: [f64; 2]) -> Vec<u8> {
    let table = table(stops);
    let [low, high] = range(stops);
    // how many entries up to here show something
    let mut sums = vec![0u32; TABLE + 1];
    for (i, c) in table.iter().enumerate() {
        sums[i + 1] = sums[i] + u32::from(c[3] > 0.0);
    }
    let entry = |v: f32| {
        ((f64::from(v) * scale[0] + scale[1] - low) / (high - low) * (TABLE - 1) as f64).clamp(0.0, (TABLE - 1) as f64)
    };
    let seen = |e: &[f32; 2]| {
        if e[0] > e[1] {
            return false;
        }
        // one entry more on each side: the table is read between entries
        let (a, b) = (entry(e[0]).floor() as usize, entry(e[1]).ceil() as usize);
        sums[(b + 1).min(TABLE)] > sums[a]
    };
    blocks.ends.iter().map(|e| u8::from(seen(e)) * 255).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_straight_between_its_stops() {
        let f = [stop(0.0, [0.0; 3], 0.0), stop(10.0, [1.0, 0.5, 0.0], 0.4), stop(20.0, [1.0; 3], 0.4)];
        assert_eq!(at(&f, 5.0), [0.5, 0.25, 0.0, 0.2]);
        assert_eq!((at(&f, -9.0)[3], at(&f, 99.0)), (0.0, [1.0, 1.0, 1.0, 0.4]));
        let t = table(&f);
        assert_eq!((t.len(), t[0], t[TABLE - 1]), (TABLE, [0.0; 4], [1.0, 1.0, 1.0, 0.4]));
        for (_, stops) in PRESETS {
            assert!(stops.windows(2).all(|w| w[0].value < w[1].value));
        }
    }

    #[test]
    fn a_block_is_full_where_a_value_between_its_voxels_is_seen() {
        let size = [20, 9, 8];
        let mut data = vec![-1000.0f32; 20 * 9 * 8];
        data[15 + 20 * 3] = 500.0; // in the second of three blocks along i, at its far end
        let b = blocks(&data, size);
        assert_eq!(b.size, [3, 2, 1]);
        let f = [stop(100.0, [1.0; 3], 0.0), stop(200.0, [1.0; 3], 0.5)];
        // the third block reads between voxels 15 and 16
        assert_eq!(full(&b, &f, [1.0, 0.0]), [0, 255, 255, 0, 0, 0]);
        // everything below the lowest stop is as the stop: unseen; above the highest: seen
        assert_eq!(full(&b, &f, [0.0, 1e9]), [255; 6]);
        assert_eq!(full(&b, &[stop(0.0, [1.0; 3], 0.0), stop(1.0, [1.0; 3], 0.0)], [1.0, 0.0]), [0; 6]);
    }
}
