//! Eight samples at once on processors with AVX2: [`Any`](super::block::Any)'s operations in their order, so the same bits. Nothing is
//! fused, for a processor without AVX2 could not do the same.

use super::block::{Data, Place, Processor};
use super::samples::{Boxes, Cluster, Shoal};
use std::arch::x86_64::*;

/// A processor that has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// None where this one has not.
    pub fn here() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// As [`Block`](super::block::Block).
pub(super) struct Wide {
    /// Solid: what multiplies x, y, xy, z, xz, yz, xyz in each cell. Plane: the lower row and column of each cell, the step along the
    /// first axis, along the second, and of the one along the other; the lower eight cells and the upper eight.
    parts: [__m256; 8],
    /// Of a solid block.
    middle: f32,
    steep: [f32; 3],
    off: f32,
    from: [f32; 3],
    flat: bool,
}

#[expect(unsafe_code, reason = "what these functions need the processor has: there is no Avx2 where it has not")]
impl Processor for Avx2 {
    type Block = Wide;

    #[inline]
    fn block(self, data: Data, place: &Place, dose: f32) -> Wide {
        match data.flat {
            false => unsafe { solid(data, place, dose) },
            true => unsafe { plane(data, place, dose) },
        }
    }

    #[inline]
    fn own(self, block: &Wide, factor: f32) -> f32 {
        unsafe { own(block, factor) }
    }

    #[inline]
    fn off(block: &Wide) -> f32 {
        block.off
    }

    #[inline]
    fn search(self, block: &Wide, cluster: &Cluster, factor: f32, lowest: f32) -> f32 {
        match block.flat {
            true => unsafe { search::<true>(block, cluster, factor, lowest) },
            false => unsafe { search::<false>(block, cluster, factor, lowest) },
        }
    }
}

#[target_feature(enable = "avx2")]
fn solid(data: Data, place: &Place, dose: f32) -> Wide {
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
fn plane(data: Data, place: &Place, dose: f32) -> Wide {
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
    let (mut least, mut most, mut along) = (lines[0][0], lines[0][0], _mm_setzero_ps());
    let mut steps = [_mm_setzero_ps(); 5];
    for (step, [low, high]) in steps.iter_mut().zip(lines) {
        (least, most) = (_mm_min_ps(least, _mm_min_ps(low, high)), _mm_max_ps(most, _mm_max_ps(low, high)));
        *step = _mm_sub_ps(high, low);
        along = _mm_max_ps(along, size(*step));
    }
    let (mut across, mut last) = (_mm_setzero_ps(), _mm_setzero_ps());
    let (mut ups, mut bends) = ([_mm_setzero_ps(); 4], [_mm_setzero_ps(); 4]);
    for n in 0..4 {
        ups[n] = _mm_sub_ps(lines[n + 1][0], lines[n][0]);
        bends[n] = _mm_sub_ps(steps[n + 1], steps[n]);
        across = _mm_max_ps(across, size(ups[n]));
        last = _mm_max_ps(last, size(_mm_sub_ps(lines[n + 1][1], lines[n][1])));
    }
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
        steep: [highest(along), highest(_mm_max_ps(across, last)), 0.0],
        off: off(least, most),
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
fn seconds(v: __m128) -> __m128 {
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

#[target_feature(enable = "avx2")]
fn own(block: &Wide, factor: f32) -> f32 {
    let none = _mm256_setzero_ps();
    let sight = Sight::new(block, factor);
    let off = if block.flat { sight.at::<true>(none, none, none) } else { sight.at::<false>(none, none, none) };
    let off = _mm256_cvtss_f32(off);
    off * off * factor - 1.0
}

/// What samples are seen with.
struct Sight<'a> {
    block: &'a Wide,
    middle: __m256,
    steep: [__m256; 3],
    from: [__m256; 3],
    factor: __m256,
}

/// Lowest Γ² − 1 of a cluster's samples, or `lowest`. `FLAT`: all in a plane.
#[target_feature(enable = "avx2")]
fn search<const FLAT: bool>(block: &Wide, cluster: &Cluster, factor: f32, mut lowest: f32) -> f32 {
    let sight = Sight::new(block, factor);
    for school in &cluster.schools {
        if school.boxes.nearest[0] >= lowest {
            break;
        }
        let least = sight.at_least::<FLAT>(&school.boxes);
        let mut rest = u32::MAX;
        loop {
            let which = below(least, lowest) & rest;
            if which == 0 {
                break;
            }
            let n = which.trailing_zeros();
            rest = u32::MAX << n << 1;
            lowest = sight.lower::<FLAT>(&school.shoals[n as usize], lowest);
        }
    }
    lowest
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(v: &[f32; 8]) -> __m256 {
    _mm256_setr_ps(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
}

/// Which are below `lowest`.
#[target_feature(enable = "avx2")]
#[inline]
fn below(least: __m256, lowest: f32) -> u32 {
    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(least, _mm256_set1_ps(lowest))).cast_unsigned()
}

impl<'a> Sight<'a> {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new(block: &'a Wide, factor: f32) -> Self {
        let [sx, sy, sz] = block.steep;
        let [fx, fy, fz] = block.from;
        Self {
            block,
            middle: _mm256_set1_ps(block.middle),
            steep: [_mm256_set1_ps(sx), _mm256_set1_ps(sy), _mm256_set1_ps(sz)],
            from: [_mm256_set1_ps(fx), _mm256_set1_ps(fy), _mm256_set1_ps(fz)],
            factor: _mm256_set1_ps(factor),
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn at<const FLAT: bool>(&self, x: __m256, y: __m256, z: __m256) -> __m256 {
        let times = |a, b| _mm256_mul_ps(a, b);
        let plus = |a, b| _mm256_add_ps(a, b);
        let parts = &self.block.parts;
        let [x, y] = [plus(x, self.from[0]), plus(y, self.from[1])];
        if FLAT {
            let one = _mm256_set1_ps(1.0);
            let [low, near] = [_mm256_min_ps(_mm256_floor_ps(x), one), _mm256_min_ps(_mm256_floor_ps(y), one)];
            let [x, y] = [_mm256_sub_ps(x, low), _mm256_sub_ps(y, near)];
            let cell = plus(plus(times(near, _mm256_set1_ps(4.0)), low), _mm256_set1_ps(10.0));
            let cell = _mm256_cvtps_epi32(cell);
            let upper = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(cell));
            let part = |p: usize| {
                let of = |p: usize| _mm256_permutevar8x32_ps(parts[p], cell);
                _mm256_blendv_ps(of(p), of(p + 1), upper)
            };
            return plus(plus(part(0), times(x, part(2))), times(y, plus(part(4), times(x, part(6)))));
        }
        let bits = |v| _mm256_castps_si256(v);
        let z = plus(z, self.from[2]);
        let y_bit = _mm256_and_si256(_mm256_srli_epi32::<30>(bits(y)), _mm256_set1_epi32(2));
        let z_bit = _mm256_and_si256(_mm256_srli_epi32::<29>(bits(z)), _mm256_set1_epi32(4));
        let cell = _mm256_or_si256(_mm256_or_si256(_mm256_srli_epi32::<31>(bits(x)), y_bit), z_bit);
        let part = |p: usize| _mm256_permutevar8x32_ps(parts[p], cell);
        let flat = plus(plus(self.middle, times(x, part(0))), times(y, plus(part(1), times(x, part(2)))));
        let rise = plus(plus(part(3), times(x, part(4))), times(y, plus(part(5), times(x, part(6)))));
        plus(flat, times(z, rise))
    }

    /// What Γ² − 1 in each of these boxes is at least.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn at_least<const FLAT: bool>(&self, boxes: &Boxes) -> __m256 {
        let [mx, my, mz] = &boxes.middle;
        let [hx, hy, hz] = &boxes.half;
        let off = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.at::<FLAT>(load(mx), load(my), load(mz)));
        let mut unknown = _mm256_mul_ps(self.steep[0], load(hx));
        unknown = _mm256_add_ps(unknown, _mm256_mul_ps(self.steep[1], load(hy)));
        if !FLAT {
            unknown = _mm256_add_ps(unknown, _mm256_mul_ps(self.steep[2], load(hz)));
        }
        let least = _mm256_max_ps(_mm256_sub_ps(off, unknown), _mm256_setzero_ps());
        _mm256_add_ps(load(&boxes.nearest), _mm256_mul_ps(_mm256_mul_ps(least, least), self.factor))
    }

    /// Lowest Γ² − 1 of these samples, or `lowest`. All of them, so that the processor need not wait for one to begin the next.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn lower<const FLAT: bool>(&self, shoal: &Shoal, lowest: f32) -> f32 {
        let mut all = _mm256_set1_ps(lowest);
        for heap in shoal {
            let off = self.at::<FLAT>(load(&heap.x), load(&heap.y), load(&heap.z));
            let squared = _mm256_add_ps(load(&heap.squared), _mm256_mul_ps(_mm256_mul_ps(off, off), self.factor));
            all = _mm256_min_ps(squared, all);
        }
        let four = _mm_min_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
        let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
}
