//! Air, and what the bony hollows hold: eyes, optic nerves, pituitary, inner ear.

use super::{
    AIR, Anatomy, COCHLEA, CSF, EYE, EYE_RADIUS, FAT, LENS, MUCOSA, MUSCLE, NERVE, ORBIT_APEX, Paint, Spot, VITREOUS,
    bone, chiasm, lens, optic_nerve, stuff,
};
use crate::sdf::{P, ball, block, bubbles, chain, cone, ellipsoid, flat_capsule, len, smooth, sub};

/// Middle of the pituitary gland.
pub const PITUITARY: P = [0.0, -17.5, 7.0];

/// The nasal passages, with septum and turbinates left standing.
fn nose(p: P, m: P) -> f64 {
    let f = smooth(-44.0, 2.0, m[2]);
    let half = 14.0 - 10.5 * f;
    let mut air = block([m[0], m[1], m[2]], [0.0, -62.0, -21.0], [half, 30.0, 19.0], 3.0);
    // Vestibule and nostril.
    air = air.min(chain(m, &[([6.5, -88.0, -34.0], 4.5), ([6.8, -99.0, -38.0], 4.0), ([7.0, -102.0, -43.0], 3.0)]));
    let bent = p[0] - 0.8 * smooth(-90.0, -70.0, p[1]) * smooth(-40.0, -60.0, p[1]);
    let septum = bent.abs() - 1.5;
    let turbinate = flat_capsule(m, [9.0, -82.0, -33.0], [9.0, -46.0, -33.0], 3.6, [1.0, 1.0, 1.5])
        .min(flat_capsule(m, [7.6, -76.0, -19.0], [7.6, -46.0, -20.0], 2.6, [1.0, 1.0, 1.7]))
        .min(flat_capsule(m, [5.6, -62.0, -8.0], [5.6, -46.0, -9.0], 1.5, [1.0, 1.0, 1.7]));
    air.max(-septum).max(-turbinate)
}

/// Throat and windpipe.
fn throat(p: P) -> f64 {
    let upper = flat_capsule(p, [0.0, -31.0, -24.0], [0.0, -19.0, -46.0], 5.6, [1.9, 1.0, 1.0]);
    let middle = flat_capsule(p, [0.0, -12.0, -50.0], [0.0, -12.5, -96.0], 4.6, [2.0, 0.9, 1.0]);
    let larynx = flat_capsule(p, [0.0, -13.0, -96.0], [0.0, -17.5, -119.0], 4.8, [0.75, 1.4, 1.0]);
    let trachea = cone(p, [0.0, -13.5, -122.0], [0.0, -7.0, -175.0], 6.6, 7.2);
    upper.min(middle).min(larynx).min(trachea)
}

/// Paints hollows and their contents.
pub fn paint(a: &Anatomy, s: &Spot, paint: &mut Paint) {
    let (p, m) = (s.p, s.m);
    let outside_dura = |d: f64| d.max(s.dura + 1.2);
    if m[2] < 45.0 {
        // Frontal sinus, scalloped; ethmoid cells; sphenoid sinus; maxillary sinus.
        let frontal =
            ellipsoid(p, [8.5, -86.0, 20.0], [9.0, 3.6, 8.0]).min(ellipsoid(p, [-9.0, -86.0, 18.0], [8.0, 3.6, 7.0]));
        paint.over(AIR, outside_dura(frontal));
        let cells = block(m, [5.5, -60.0, 2.0], [6.0, 22.0, 6.5], 3.0);
        if cells < 1.0 {
            paint.over(stuff(260.0, 120.0), outside_dura(cells.max(-bone::orbit(m) + 0.3)));
            paint.over(AIR, outside_dura(cells.max(bubbles(a.seed ^ 41, p, 6.4, 3.6)).max(-bone::orbit(m) + 1.2)));
        }
        let sphenoid =
            ellipsoid(p, [6.5, -26.0, -3.0], [5.6, 10.5, 7.6]).min(ellipsoid(p, [-6.8, -25.0, -2.5], [5.4, 9.5, 7.0]));
        paint.over(AIR, outside_dura(sphenoid));
        let sinus = bone::maxillary(m);
        paint.over(MUCOSA, sinus + 0.9);
        paint.over(AIR, sinus + 1.6);
        let n = nose(p, m);
        if n < 3.0 {
            paint.over(MUCOSA, outside_dura(n - 1.2).max(-(bone::orbit(m) - 1.0)));
            paint.over(AIR, outside_dura(n));
        }
        // Ear canal, middle ear, mastoid cells.
        let canal = chain(m, &[([73.0, 0.0, -23.0], 3.4), ([58.0, 3.0, -20.0], 3.2), ([46.0, 5.0, -15.0], 2.9)]);
        paint.over(stuff(25.0, 400.0), canal - 1.0);
        paint.over(AIR, canal);
        paint.over(AIR, outside_dura(ellipsoid(m, [41.0, 5.0, -11.0], [3.0, 4.0, 5.5])));
        paint.over(stuff(700.0, 60.0), ball(m, [40.0, 5.0, -9.0], 1.3));
        let mastoid = ellipsoid(m, [51.0, 19.0, -22.0], [7.0, 9.5, 13.5]);
        if mastoid < 1.0 {
            paint.over(AIR, outside_dura(mastoid.max(bubbles(a.seed ^ 42, p, 4.6, 2.1))));
        }
        // Inner ear: dense capsule, fluid inside; the canal of the nerve.
        let c = len(sub(m, COCHLEA));
        if c < 9.0 {
            paint.over(stuff(1900.0, 30.0), c - 5.4);
            paint.over(stuff(350.0, 150.0), (len([(c - 2.4).max(0.0), 0.0, 0.0]) - 0.9).max(c - 3.4));
        }
        paint.over(stuff(12.0, 130.0), cone(m, [12.0, 12.0, -5.0], [20.0, 10.5, -6.0], 3.0, 2.2));
    }
    if m[2] < -10.0 {
        let t = throat(p);
        paint.over(MUCOSA, (t - 1.3).max(2.0 - s.depth));
        paint.over(AIR, t.max(3.5 - s.depth));
        // A little air under the palate, over the tongue.
        paint.over(AIR, ellipsoid(p, [0.0, -56.0, -45.0], [11.0, 12.0, 0.9]));
        // Epiglottis.
        paint.over(MUCOSA, flat_capsule(p, [0.0, -13.0, -84.0], [0.0, -19.0, -98.0], 1.4, [4.0, 1.0, 1.0]));
    }
    // The orbit: fat, muscles, eye and nerve.
    let o = bone::orbit(m);
    if o < 2.0 && m[1] < -28.0 {
        let ring = ORBIT_APEX;
        paint.over(FAT, (o + 0.6).max(1.8 - s.depth));
        let limbus = EYE[1] + 1.0;
        for (dx, dz) in [(11.6, 0.0), (-11.6, 0.0), (0.0, 11.6), (0.0, -11.6)] {
            let at = [EYE[0] + dx, limbus, EYE[2] + dz];
            let belly =
                [(ring[0] + at[0]) * 0.5 + dx * 0.35, (ring[1] + at[1]) * 0.5, (ring[2] + at[2]) * 0.5 + dz * 0.35];
            paint.over(MUSCLE, chain(m, &[(ring, 1.2), (belly, 2.1), (at, 1.0)]));
        }
        paint.over(stuff(40.0, 420.0), ellipsoid(m, [40.5, -74.0, 10.5], [4.0, 5.0, 3.5]).max(2.0 - s.depth)); // lacrimal gland
        eye(m, paint);
    }
    // The cistern over the saddle.
    paint.over(CSF, ellipsoid(p, [0.0, -19.0, 13.0], [13.0, 10.0, 7.5]).max(4.0 - p[2]));
    paint.over(NERVE, optic_nerve(m));
    paint.over(NERVE, chiasm(p));
    paint.over(stuff(52.0, 640.0), ellipsoid(p, PITUITARY, [6.0, 4.5, 3.5]));
}

fn eye(m: P, paint: &mut Paint) {
    let e = ball(m, EYE, EYE_RADIUS);
    if e < 1.0 {
        paint.over(stuff(50.0, 300.0), e);
        paint.over(VITREOUS, e + 1.0);
        paint.over(LENS, lens(m));
    }
}
