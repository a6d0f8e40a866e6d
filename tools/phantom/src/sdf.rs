//! Signed distances (mm, negative inside), smooth noise and a repeatable random number per index.

/// A point or vector, mm.
pub type P = [f64; 3];

/// a − b.
#[inline]
pub fn sub(a: P, b: P) -> P {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Scalar product.
#[inline]
pub fn dot(a: P, b: P) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Length.
#[inline]
pub fn len(a: P) -> f64 {
    dot(a, a).sqrt()
}

/// Sphere.
#[inline]
pub fn ball(p: P, c: P, r: f64) -> f64 {
    len(sub(p, c)) - r
}

/// Ellipsoid with radii along the axes (approximate distance, exact sign).
#[inline]
pub fn ellipsoid(p: P, c: P, r: P) -> f64 {
    let q = sub(p, c);
    let a = len([q[0] / r[0], q[1] / r[1], q[2] / r[2]]);
    let b = len([q[0] / (r[0] * r[0]), q[1] / (r[1] * r[1]), q[2] / (r[2] * r[2])]);
    if b < 1e-9 { -r[0].min(r[1]).min(r[2]) } else { a * (a - 1.0) / b }
}

/// Cone with round ends from `a` (radius `ra`) to `b` (radius `rb`).
#[inline]
pub fn cone(p: P, a: P, b: P, ra: f64, rb: f64) -> f64 {
    let (ap, ab) = (sub(p, a), sub(b, a));
    let t = (dot(ap, ab) / dot(ab, ab)).clamp(0.0, 1.0);
    len(sub(ap, [ab[0] * t, ab[1] * t, ab[2] * t])) - (ra + (rb - ra) * t)
}

/// Capsule whose cross-section is stretched by `s` along each axis (s > 1 is wider); approximate distance.
#[inline]
pub fn flat_capsule(p: P, a: P, b: P, r: f64, s: P) -> f64 {
    let q = |x: P| [x[0] / s[0], x[1] / s[1], x[2] / s[2]];
    let m = s[0].min(s[1]).min(s[2]);
    cone(q(p), q(a), q(b), r, r) * m
}

/// A chain of round cones through `(point, radius)`.
#[inline]
pub fn chain(p: P, c: &[(P, f64)]) -> f64 {
    c.windows(2).map(|w| cone(p, w[0].0, w[1].0, w[0].1, w[1].1)).fold(f64::MAX, f64::min)
}

/// Box with half sizes `h` and rounded edges `r`.
#[inline]
pub fn block(p: P, c: P, h: P, r: f64) -> f64 {
    let q = sub(p, c);
    let d = [q[0].abs() - h[0] + r, q[1].abs() - h[1] + r, q[2].abs() - h[2] + r];
    len([d[0].max(0.0), d[1].max(0.0), d[2].max(0.0)]) + d[0].max(d[1]).max(d[2]).min(0.0) - r
}

/// Ring about an axis along z through `c`, radii `rx`, `ry`, tube `t`; approximate.
#[inline]
pub fn ring_z(p: P, c: P, rx: f64, ry: f64, t: f64) -> f64 {
    let q = sub(p, c);
    let e = (q[0] / rx).hypot(q[1] / ry);
    ((e - 1.0) * rx.min(ry)).hypot(q[2]) - t
}

/// 0 below `a`, 1 above `b`, smooth between.
#[inline]
pub fn smooth(a: f64, b: f64, x: f64) -> f64 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Well mixed 64 bits from 64 bits (SplitMix64's finaliser).
#[inline]
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Uniform in [0, 1) from a seed and an index.
#[inline]
pub fn uniform(seed: u64, index: u64) -> f64 {
    (mix(seed ^ mix(index)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal from a seed and an index (Box and Muller). The same on every thread count.
#[inline]
pub fn gaussian(seed: u64, index: u64) -> f64 {
    let u = uniform(seed, 2 * index).max(1e-300);
    let v = uniform(seed, 2 * index + 1);
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Smooth value noise in −1..1 with features of about `size` mm.
pub fn noise(seed: u64, p: P, size: f64) -> f64 {
    let q = [p[0] / size, p[1] / size, p[2] / size];
    let f = [q[0].floor(), q[1].floor(), q[2].floor()];
    let w = [smooth(0.0, 1.0, q[0] - f[0]), smooth(0.0, 1.0, q[1] - f[1]), smooth(0.0, 1.0, q[2] - f[2])];
    let v = |i: i64, j: i64, k: i64| {
        let h = |x: f64, o: i64| (x as i64 + o + 4096) as u64 & 0xffff;
        uniform(seed, h(f[0], i) | h(f[1], j) << 16 | h(f[2], k) << 32) * 2.0 - 1.0
    };
    let l = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let x = |j, k| l(v(0, j, k), v(1, j, k), w[0]);
    l(l(x(0, 0), x(1, 0), w[1]), l(x(0, 1), x(1, 1), w[1]), w[2])
}

/// Distance to the nearest of scattered balls (radius `r` ± 30 %), one in each cell of `cell` mm: air cells of bone.
pub fn bubbles(seed: u64, p: P, cell: f64, r: f64) -> f64 {
    let mut best = f64::MAX;
    let f = [(p[0] / cell).floor(), (p[1] / cell).floor(), (p[2] / cell).floor()];
    for i in -1..=1 {
        for j in -1..=1 {
            for k in -1..=1 {
                let c = [f[0] + f64::from(i), f[1] + f64::from(j), f[2] + f64::from(k)];
                let h = |x: f64| (x as i64 + 4096) as u64 & 0xffff;
                let key = (h(c[0]) | h(c[1]) << 16 | h(c[2]) << 32) * 4;
                let u = |n| uniform(seed, key + n);
                let at = [
                    (c[0] + 0.25 + 0.5 * u(0)) * cell,
                    (c[1] + 0.25 + 0.5 * u(1)) * cell,
                    (c[2] + 0.25 + 0.5 * u(2)) * cell,
                ];
                best = best.min(len(sub(p, at)) - r * (0.7 + 0.6 * u(3)));
            }
        }
    }
    best
}
