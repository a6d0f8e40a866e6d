//! Eight samples at once on processors with AVX2: [`Any`](super::block::Any)'s operations in their order, so the same bits. Nothing is
//! fused, for a processor without AVX2 could not do the same.

mod build;

use super::block::{Data, Place, Processor};
use super::samples::{Boxes, Cluster, Lanes};
use super::side_by_side::{Circle, Eight, corners};
use build::{plane, seconds, solid};
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
    /// Of a solid block, as `off`: the rings of a plane are searched without a look before.
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

    #[inline]
    fn side_by_side(self, circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight) {
        unsafe { side_by_side(circle, lines, eight) }
    }
}

/// As [`search`](super::side_by_side::search) there.
#[target_feature(enable = "avx2")]
fn side_by_side(circle: &Circle, lines: [&[f32]; 2], eight: &mut Eight) {
    let less = |a, b| _mm256_sub_ps(a, b);
    let plus = |a, b| _mm256_add_ps(a, b);
    let times = |a, b| _mm256_mul_ps(a, b);
    let (dose, factor, squared) = (load(&eight.dose), load(&eight.factor), _mm256_set1_ps(circle.squared));
    let mut lowest = load(&eight.lowest);
    for s in &circle.samples {
        let Some([near, far]) = corners(lines, s.cell) else { break };
        let [x, y] = [_mm256_set1_ps(s.x), _mm256_set1_ps(s.y)];
        let [a, b] = two(near).map(|v| less(v, dose));
        let [c, d] = two(far).map(|v| less(v, dose));
        let (along, next) = (less(b, a), less(d, c));
        let off = plus(plus(a, times(x, along)), times(y, plus(less(c, a), times(x, less(next, along)))));
        lowest = _mm256_min_ps(plus(squared, times(times(off, off), factor)), lowest);
    }
    store(lowest, &mut eight.lowest);
}

/// The first eight and the last eight.
#[target_feature(enable = "avx2")]
#[inline]
fn two([v0, v1, v2, v3, v4, v5, v6, v7, v8]: &[f32; 9]) -> [__m256; 2] {
    [_mm256_setr_ps(*v0, *v1, *v2, *v3, *v4, *v5, *v6, *v7), _mm256_setr_ps(*v1, *v2, *v3, *v4, *v5, *v6, *v7, *v8)]
}

#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "eight places take eight numbers")]
#[inline]
fn store(v: __m256, to: &mut [f32; 8]) {
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), v) }
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
    if !cluster.rings.is_empty() {
        let mut all = _mm256_set1_ps(lowest);
        for ring in &cluster.rings {
            // None can be lower than what there is.
            if _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(all, _mm256_set1_ps(ring.squared[0]))) != 0 {
                break;
            }
            all = _mm256_min_ps(sight.squared::<FLAT>(ring), all);
        }
        lowest = least_of(all);
    }
    if FLAT {
        return lowest;
    }
    for school in &cluster.schools {
        if school.boxes.nearest[0] >= lowest {
            break;
        }
        let least = sight.at_least(&school.boxes);
        let mut rest = u32::MAX;
        loop {
            let which = below(least, lowest) & rest;
            if which == 0 {
                break;
            }
            let n = which.trailing_zeros();
            rest = u32::MAX << n << 1;
            lowest = sight.lower(&school.shoals[n as usize], lowest);
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
        let two = if block.flat { 2.0 } else { 0.0 };
        let [fx, fy, fz] = [block.from[0] + two, block.from[1] + two, block.from[2]];
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
            let last = _mm256_set1_epi32(3);
            let cut = |v| _mm256_min_epi32(_mm256_cvttps_epi32(v), last);
            let [low, near] = [cut(x), cut(y)];
            let [x, y] = [_mm256_sub_ps(x, _mm256_cvtepi32_ps(low)), _mm256_sub_ps(y, _mm256_cvtepi32_ps(near))];
            let cell = _mm256_add_epi32(low, _mm256_slli_epi32::<2>(near));
            let upper = _mm256_castsi256_ps(_mm256_slli_epi32::<30>(near));
            let part = |p: usize| {
                let of = |p: usize| _mm256_permutevar8x32_ps(parts[p], cell);
                _mm256_blendv_ps(of(p), of(p + 1), upper)
            };
            return plus(plus(part(0), times(x, part(2))), times(y, plus(part(4), times(x, part(6)))));
        }
        let z = plus(z, self.from[2]);
        let sign = |v| _mm256_srli_epi32::<31>(_mm256_castps_si256(v));
        let y_bit = _mm256_slli_epi32::<1>(sign(y));
        let z_bit = _mm256_slli_epi32::<2>(sign(z));
        let cell = _mm256_or_si256(_mm256_or_si256(sign(x), y_bit), z_bit);
        let part = |p: usize| _mm256_permutevar8x32_ps(parts[p], cell);
        let flat = plus(plus(self.middle, times(x, part(0))), times(y, plus(part(1), times(x, part(2)))));
        let rise = plus(plus(part(3), times(x, part(4))), times(y, plus(part(5), times(x, part(6)))));
        plus(flat, times(z, rise))
    }

    /// What Γ² − 1 in each of these boxes is at least.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn at_least(&self, boxes: &Boxes) -> __m256 {
        let [mx, my, mz] = &boxes.middle;
        let [hx, hy, hz] = &boxes.half;
        let off = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.at::<false>(load(mx), load(my), load(mz)));
        let mut unknown = _mm256_mul_ps(self.steep[0], load(hx));
        unknown = _mm256_add_ps(unknown, _mm256_mul_ps(self.steep[1], load(hy)));
        unknown = _mm256_add_ps(unknown, _mm256_mul_ps(self.steep[2], load(hz)));
        let least = _mm256_max_ps(_mm256_sub_ps(off, unknown), _mm256_setzero_ps());
        _mm256_add_ps(load(&boxes.nearest), _mm256_mul_ps(_mm256_mul_ps(least, least), self.factor))
    }

    /// Γ² − 1 of samples.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn squared<const FLAT: bool>(&self, heap: &Lanes) -> __m256 {
        let off = self.at::<FLAT>(load(&heap.x), load(&heap.y), load(&heap.z));
        _mm256_add_ps(load(&heap.squared), _mm256_mul_ps(_mm256_mul_ps(off, off), self.factor))
    }

    /// Lowest Γ² − 1 of a shoal's samples, or `lowest`. All of them, so that the processor need not wait for one to begin the next.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn lower(&self, shoal: &[Lanes], lowest: f32) -> f32 {
        let mut all = _mm256_set1_ps(lowest);
        for heap in shoal {
            all = _mm256_min_ps(self.squared::<false>(heap), all);
        }
        least_of(all)
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn least_of(all: __m256) -> f32 {
    let four = _mm_min_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
    let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_min_ss(two, seconds(two)))
}
