//! Blocks from voxels, line by line.

use super::super::block::{Data, Place};
use super::Wide;
use std::arch::x86_64::*;

#[target_feature(enable = "avx2")]
pub(super) fn solid(data: Data, place: &Place, dose: f32) -> Wide {
    let [_, row, slice] = data.stride;
    let start = place.offset.wrapping_sub(1).wrapping_sub(row).wrapping_sub(slice);
    let line = |k: usize, j: usize| start.wrapping_add(k.wrapping_mul(slice)).wrapping_add(j.wrapping_mul(row));
    // Of four voxels the last means nothing; the last line of all has but three.
    let whole = line(2, 2).wrapping_add(4) <= data.values.len();
    let dose = _mm_set1_ps(dose);
    let lines = [0, 1, 2].map(|k| {
        [0, 1, 2].map(|j| {
            let at = line(k, j);
            let v = if whole { four(data.values, at) } else { three(data.values, at) };
            _mm_sub_ps(v, dose)
        })
    });
    let [low, middle, high] = [split(lines[0]), split(lines[1]), split(lines[2])];
    let up = [0, 1, 2].map(|n| _mm_sub_ps(high.steps[n], middle.steps[n]));
    let down = [0, 1, 2].map(|n| _mm_sub_ps(middle.steps[n], low.steps[n]));
    let mut rise = _mm_setzero_ps();
    for [low, middle, high] in [0, 1, 2].map(|j| [lines[0][j], lines[1][j], lines[2][j]]) {
        rise = _mm_max_ps(rise, _mm_max_ps(size(_mm_sub_ps(middle, low)), size(_mm_sub_ps(high, middle))));
    }
    let ([x, y, xy], [ux, uy, uxy], [dx, dy, dxy]) = (parts(middle.steps), parts(up), parts(down));
    let both = |v: __m128| _mm256_set_m128(v, v);
    let halves = |up: __m128, down: __m128| _mm256_set_m128(down, up);
    let z = halves(seconds(up[0]), seconds(down[0]));
    let parts = [both(x), both(y), both(xy), z, halves(ux, dx), halves(uy, dy), halves(uxy, dxy), z];
    let least = _mm_min_ps(_mm_min_ps(low.least, middle.least), high.least);
    let most = _mm_max_ps(_mm_max_ps(low.most, middle.most), high.most);
    let along = _mm_max_ps(_mm_max_ps(low.along, middle.along), high.along);
    let across = _mm_max_ps(_mm_max_ps(low.across, middle.across), high.across);
    Wide {
        middle: _mm_cvtss_f32(seconds(lines[1][1])),
        parts,
        steep: [highest(_mm_unpacklo_ps(along, along)), highest(firsts(across)), highest(firsts(rise))],
        off: off(firsts(least), firsts(most)),
        from: place.from,
        flat: false,
    }
}

/// Between two planes.
#[target_feature(enable = "avx2")]
pub(super) fn plane(data: Data, place: &Place, dose: f32) -> Wide {
    let (dose, part, up) = (_mm_set1_ps(dose), _mm_set1_ps(place.from[2]), data.up(place));
    let inside = |a: usize| place.voxel[a] > 1 && place.voxel[a] < data.last[a] - 1;
    let start = place.offset.wrapping_sub(2).wrapping_sub(data.stride[1].wrapping_mul(2));
    let inside = inside(0) && inside(1);
    // The first four and the last four of five voxels.
    let lines = [0, 1, 2, 3, 4].map(|n: usize| {
        if !inside {
            return edge(data, place, n as i32 - 2, _mm_cvtss_f32(dose));
        }
        let at = start.wrapping_add(n.wrapping_mul(data.stride[1]));
        let low = [four(data.values, at), four(data.values, at.wrapping_add(1))];
        if up == 0 {
            return low.map(|low| _mm_sub_ps(low, dose));
        }
        let at = at.wrapping_add(up);
        let high = [four(data.values, at), four(data.values, at.wrapping_add(1))];
        [0, 1].map(|n| _mm_add_ps(_mm_sub_ps(low[n], dose), _mm_mul_ps(_mm_sub_ps(high[n], low[n]), part)))
    });
    let steps = lines.map(|[low, high]| _mm_sub_ps(high, low));
    let ups = [0, 1, 2, 3].map(|n| _mm_sub_ps(lines[n + 1][0], lines[n][0]));
    let bends = [0, 1, 2, 3].map(|n| _mm_sub_ps(steps[n + 1], steps[n]));
    let two = |low: __m128, high: __m128| _mm256_set_m128(high, low);
    Wide {
        parts: [
            two(lines[0][0], lines[1][0]),
            two(lines[2][0], lines[3][0]),
            two(steps[0], steps[1]),
            two(steps[2], steps[3]),
            two(ups[0], ups[1]),
            two(ups[2], ups[3]),
            two(bends[0], bends[1]),
            two(bends[2], bends[3]),
        ],
        middle: 0.0,
        steep: [0.0; 3],
        off: 0.0,
        from: place.from,
        flat: true,
    }
}

/// Four voxels, or none.
#[target_feature(enable = "avx2")]
#[inline]
fn four(values: &[f32], at: usize) -> __m128 {
    // Where a line begins was seen to before: this only spares the processor a way for what does not happen.
    let [a, b, c, d] = values.get(at..).and_then(|v| v.first_chunk()).unwrap_or(&[0.0; 4]);
    _mm_setr_ps(*a, *b, *c, *d)
}

/// Three voxels and one that means nothing.
#[target_feature(enable = "avx2")]
fn three(values: &[f32], at: usize) -> __m128 {
    _mm_setr_ps(values[at], values[at + 1], values[at + 2], 0.0)
}

/// The first four and the last four voxels of a plane's line near the border.
#[target_feature(enable = "avx2")]
fn edge(data: Data, place: &Place, line: i32, dose: f32) -> [__m128; 2] {
    let [a, b, c, d, e] = data.line(place, line, dose);
    [_mm_setr_ps(a, b, c, d), _mm_setr_ps(b, c, d, e)]
}

/// Three lines, and what there is of them.
struct Split {
    /// The middle line, the step to the next and the step from the one before.
    steps: [__m128; 3],
    least: __m128,
    most: __m128,
    /// Steepest along the line; the first two of four mean something.
    along: __m128,
    /// Steepest from line to line.
    across: __m128,
}

#[target_feature(enable = "avx2")]
#[inline]
fn split([low, middle, high]: [__m128; 3]) -> Split {
    let (up, down) = (_mm_sub_ps(high, middle), _mm_sub_ps(middle, low));
    let along = _mm_max_ps(_mm_max_ps(size(next(low)), size(next(middle))), size(next(high)));
    Split {
        steps: [middle, up, down],
        least: _mm_min_ps(_mm_min_ps(low, middle), high),
        most: _mm_max_ps(_mm_max_ps(low, middle), high),
        along,
        across: _mm_max_ps(size(up), size(down)),
    }
}

/// From each voxel to the next.
#[target_feature(enable = "avx2")]
#[inline]
fn next(line: __m128) -> __m128 {
    _mm_sub_ps(_mm_shuffle_ps::<0b11_11_10_01>(line, line), line)
}

/// What multiplies x, y, xy in the four cells of a plane; of [`Split::steps`].
#[target_feature(enable = "avx2")]
#[inline]
fn parts([middle, up, down]: [__m128; 3]) -> [__m128; 3] {
    let x = next(middle);
    [
        _mm_shuffle_ps::<0b00_01_00_01>(x, x),
        _mm_shuffle_ps::<0b01_01_01_01>(up, down),
        _mm_shuffle_ps::<0b00_01_00_01>(next(up), next(down)),
    ]
}

/// The first three of four, the third twice.
#[target_feature(enable = "avx2")]
#[inline]
fn firsts(v: __m128) -> __m128 {
    _mm_shuffle_ps::<0b10_10_01_00>(v, v)
}

/// The second of four, everywhere.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn seconds(v: __m128) -> __m128 {
    _mm_shuffle_ps::<0x55>(v, v)
}

#[target_feature(enable = "avx2")]
#[inline]
fn size(v: __m128) -> __m128 {
    _mm_andnot_ps(_mm_set1_ps(-0.0), v)
}

/// The highest of four.
#[target_feature(enable = "avx2")]
#[inline]
fn highest(v: __m128) -> f32 {
    let two = _mm_max_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_max_ss(two, seconds(two)))
}

/// How far 0 lies outside of all of them.
#[target_feature(enable = "avx2")]
#[inline]
fn off(least: __m128, most: __m128) -> f32 {
    let outside = _mm_max_ps(_mm_set1_ps(-highest(_mm_sub_ps(_mm_setzero_ps(), least))), _mm_set1_ps(-highest(most)));
    _mm_cvtss_f32(_mm_max_ps(outside, _mm_setzero_ps()))
}
