//! Skull, face, jaw, teeth and spine.

use super::{Anatomy, EYE, ORBIT_APEX, Paint, Spot, neck, stuff};
use crate::sdf::{P, block, chain, cone, ellipsoid, flat_capsule, len, noise, ring_z, smooth, sub};

/// Signed distance to the orbit: a cone with its base at the rim.
pub fn orbit(m: P) -> f64 {
    cone(m, [EYE[0] + 1.0, -73.0, 0.0], ORBIT_APEX, 18.0, 5.5)
}

/// Signed distance to the left half of the jaw (mirrored point).
pub fn mandible(m: P) -> f64 {
    let body =
        [[0.0, -75.5, -84.0], [14.0, -72.5, -83.5], [27.0, -60.0, -82.0], [39.0, -38.0, -78.0], [44.5, -17.0, -70.0]];
    let b = body.windows(2).map(|w| flat_capsule(m, w[0], w[1], 5.4, [1.0, 1.0, 1.9])).fold(f64::MAX, f64::min);
    let ramus = flat_capsule(m, [45.5, -15.0, -66.0], [49.0, -9.0, -30.0], 3.6, [1.0, 2.6, 1.0]);
    let condyle = cone(m, [49.5, -5.0, -32.0], [50.0, -4.0, -21.0], 3.4, 5.0);
    let coronoid = cone(m, [48.5, -19.0, -40.0], [49.5, -23.0, -25.0], 3.6, 2.4);
    b.min(ramus).min(condyle).min(coronoid)
}

/// Where tooth arches run: y of the arch at x, and how far along it a point is.
fn arch(x: f64, front: f64) -> f64 {
    front + 0.047 * x * x
}

/// The tooth-bearing ridge of a jaw: half width, half thickness and half height about the arch, at height `z`.
fn ridge(m: P, front: f64, half: P, z: f64) -> f64 {
    // Across the arch, not straight back: the sides run almost along y.
    let across = (m[1] - arch(m[0], front)) / (1.0f64).hypot(2.0 * 0.047 * m[0]);
    block([m[0], across, m[2]], [0.0, 1.0, z], half, 2.8)
}

/// Distance to the vault and base: a shell round the dura, as thick as skin and place allow.
fn shell(a: &Anatomy, s: &Spot) -> f64 {
    let u = -s.dura;
    let m = s.m;
    let vault = smooth(8.0, 36.0, m[2]);
    let back = smooth(20.0, 55.0, m[1]);
    let temple = smooth(40.0, 54.0, m[0]) * smooth(48.0, 22.0, m[2]) * smooth(30.0, 5.0, m[1]);
    let mut t = 4.2 + 3.6 * vault.max(back) - 1.8 * temple;
    t += 0.7 * noise(a.seed ^ 21, s.p, 18.0);
    // External protuberance of the occiput.
    t += 4.0 * smooth(14.0, 0.0, len(sub(m, [0.0, 78.0, -2.0])));
    let scalp = 3.4 + 0.6 * noise(a.seed ^ 22, s.p, 24.0);
    (0.4 - u).max(u - t).max(scalp - s.depth)
}

/// Facial bones but for the jaw, as a union.
fn face(s: &Spot) -> f64 {
    let (m, d) = (s.m, s.depth);
    let cover = |x: f64, depth: f64| x.max(depth - d);
    let o = orbit(m);
    // Thin orbital walls, open in front; the rim leans back to the side.
    let front = -(m[1] + 79.0) + 0.55 * (m[0] - 26.0).max(-8.0);
    let mut b = (o.abs() - 0.9).max(front);
    let rim =
        ring_z([m[0], m[2], m[1] + 77.5 - 0.5 * (m[0] - 28.0).max(-6.0)], [EYE[0] + 1.5, 0.0, 0.0], 20.5, 19.0, 3.0);
    b = b.min(cover(rim, 3.0));
    // Brow and the bone of the frontal sinus.
    b = b.min(cover(ellipsoid(m, [9.0, -85.0, 19.0], [17.0, 8.0, 13.0]), 4.0));
    // Bridge of the nose.
    b = b.min(cover(cone(m, [0.0, -90.0, 9.0], [2.2, -98.5, -11.0], 4.2, 2.0), 2.2));
    b = b.min(cover(cone(m, [8.5, -85.0, 4.0], [12.5, -86.0, -24.0], 3.0, 3.0), 2.5)); // frontal process of the maxilla
    // Upper jaw: walls of the sinus, alveolar process, palate.
    b = b.min(maxillary(m).abs() - 0.9);
    b = b.min(cover(ridge(m, -82.5, [28.5, 4.8, 6.5], -44.5), 3.0));
    // The solid part over the roots, and the buttress up to the cheek.
    b = b.min(cover(ellipsoid(m, [20.0, -70.0, -38.0], [13.0, 10.0, 6.5]).max(11.5 - m[0]), 4.0));
    b = b.min(cover(cone(m, [40.0, -67.0, -22.0], [30.0, -56.0, -41.0], 4.5, 3.5), 4.0));
    b = b.min(block(m, [0.0, -60.0, -42.0], [23.0, 20.0, 1.6], 1.4).max(arch(m[0], -80.0) - m[1]));
    b = b.min(cover(cone(m, [0.0, -86.5, -42.0], [0.0, -82.0, -44.0], 3.0, 4.0), 3.0)); // nasal spine
    // Septum's back half (vomer) and the perpendicular plate.
    b = b.min(block(m, [0.0, -60.0, -20.0], [0.7, 20.0, 22.0], 0.5));
    // Cheek bone and arch.
    b = b.min(cover(ellipsoid(m, [42.0, -69.0, -19.0], [9.0, 8.0, 9.0]), 4.5));
    b = b.min(cover(
        chain(
            m,
            &[
                ([47.0, -62.0, -18.0], 3.6),
                ([57.0, -40.0, -17.0], 2.4),
                ([59.5, -20.0, -15.0], 2.4),
                ([57.0, -4.0, -12.0], 3.6),
            ],
        ),
        3.2,
    ));
    b = b.min(cover(
        chain(m, &[([45.5, -66.0, -12.0], 3.6), ([48.0, -65.0, 4.0], 3.0), ([45.0, -71.0, 18.0], 4.0)]),
        3.0,
    ));
    // Back of the saddle.
    b = b.min(flat_capsule(m, [0.0, -9.5, 2.0], [6.0, -9.0, 9.0], 1.3, [2.0, 1.0, 1.0]));
    // Sphenoid: body, greater wing, pterygoid plates, clivus.
    b = b.min(ellipsoid(m, [0.0, -22.0, -6.5], [17.0, 17.0, 11.5]));
    b = b.min(flat_capsule(m, [15.0, -30.0, -4.0], [44.0, -38.0, 6.0], 2.0, [1.0, 1.0, 3.2]));
    b = b.min(cone(m, [13.0, -33.0, -8.0], [13.5, -35.0, -42.0], 1.7, 1.5));
    b = b.min(cone(m, [14.0, -33.0, -8.0], [20.0, -30.0, -38.0], 1.5, 1.3));
    b = b.min(flat_capsule(m, [0.0, -10.0, -2.0], [0.0, 10.0, -25.0], 4.0, [3.0, 1.0, 1.0]));
    b
}

/// Signed distance to the maxillary sinus.
pub fn maxillary(m: P) -> f64 {
    let lobes = ellipsoid(m, [26.0, -64.0, -24.0], [13.0, 15.5, 13.0]);
    lobes.max(-(m[0] - 13.5)).max(2.2 - orbit(m))
}

/// Temporal bone: petrous pyramid, mastoid.
fn temporal(m: P) -> f64 {
    let petrous = cone(m, [50.0, 9.0, -10.0], [14.0, 0.0, -6.0], 9.5, 5.0);
    let mastoid = ellipsoid(m, [52.0, 20.0, -24.0], [9.5, 12.0, 17.0]);
    let tympanic = cone(m, [44.0, 6.0, -16.0], [60.0, 3.0, -20.0], 6.5, 5.5);
    let styloid = cone(m, [44.0, 8.0, -24.0], [38.0, -2.0, -48.0], 1.8, 1.0);
    petrous.min(mastoid).min(tympanic).min(styloid)
}

/// The spine down to C7, as (bone, disc).
fn spine(s: &Spot) -> (f64, f64) {
    let (m, p) = (s.m, s.p);
    if p[2] > -24.0 || len([m[0], p[1] - 20.0, 0.0]) > 62.0 {
        return (50.0, 50.0);
    }
    let cy = neck::canal_y(p[2]);
    // Atlas: ring and lateral masses.
    let y1 = neck::canal_y(-37.0);
    let mut b = ring_z(m, [0.0, y1, -37.0], 18.5, 17.5, 3.2);
    b = b.min(ellipsoid(m, [19.0, y1 - 4.0, -36.0], [7.0, 8.5, 7.5]));
    b = b.min(cone(m, [24.0, y1 - 2.0, -37.0], [34.0, y1, -38.0], 4.0, 3.5));
    // Occipital condyles.
    b = b.min(ellipsoid(m, [15.0, 15.0, -26.0], [5.0, 10.0, 4.5]));
    // Axis: dens and body.
    b = b.min(cone(m, [0.0, y1 - 12.0, -30.0], [0.0, y1 - 13.0, -50.0], 4.6, 5.4));
    let mut disc = f64::MAX;
    let levels = [-55.0, -73.0, -90.5, -107.5, -124.5, -141.0];
    for (k, z) in levels.into_iter().enumerate() {
        let y = neck::canal_y(z);
        let h = if k == 0 { 8.5 } else { 6.6 };
        // Bodies are waisted boxes.
        let q = [m[0], p[1] - (y - 16.5), p[2] - z];
        let waist = 1.0 - 0.10 * (1.0 - (q[2] / h).powi(2)).max(0.0);
        b = b.min(block(q, [0.0; 3], [12.5 * waist, 8.0 * waist, h], 3.0));
        disc = disc.min(block(q, [0.0, 0.0, -h - 2.2], [11.5, 7.5, 2.6], 1.5));
        // Pedicles, articular pillars, laminae, spinous and transverse processes.
        b = b.min(cone(m, [10.0, y - 10.0, z], [17.0, y - 3.0, z], 3.0, 3.4));
        b = b.min(flat_capsule(m, [19.5, y + 1.0, z + 7.0], [19.5, y + 3.0, z - 7.0], 4.8, [1.15, 1.15, 1.0]));
        b = b.min(cone(m, [18.0, y + 5.0, z - 1.0], [1.0, y + 13.0, z - 4.0], 2.7, 3.0));
        let long = [30.0, 21.0, 22.0, 26.0, 32.0, 38.0][k];
        b = b.min(cone(
            m,
            [if k < 4 { 1.8 } else { 0.0 }, y + 13.0, z - 4.0],
            [if k < 4 { 4.0 } else { 0.0 }, y + 9.0 + 0.7 * long, z - 8.0],
            2.6,
            if k == 0 { 5.0 } else { 3.2 },
        ));
        let tube = cone(m, [17.0, y - 11.0, z], [24.0, y - 7.0, z - 2.0], 4.4, 3.2);
        b = b.min(tube.max(-cone(m, [19.0, y - 9.0, z - 9.0], [19.0, y - 9.0, z + 9.0], 2.8, 2.8)));
    }
    (b.max(-(neck::canal(p) - 1.0)).max(cy - 60.0 - p[1]), disc)
}

/// Teeth: (distance, is enamel) for the nearest, drawn one by one along the arches.
fn teeth(m: P) -> (f64, f64) {
    let mut best = (f64::MAX, 0.0);
    if m[2] > -34.0 || m[2] < -84.0 || m[1] > -36.0 {
        return best;
    }
    // Half widths of the seven teeth from the middle.
    let half = [4.1, 3.4, 3.8, 3.5, 3.4, 4.9, 4.8];
    let (mut x, mut along) = (0.0f64, 0.0);
    for (k, h) in half.into_iter().enumerate() {
        for side in [0, 1] {
            // Middle of the tooth on the parabola, by small steps of arc.
            let target = along + h;
            let (mut xx, mut l) = (x, along);
            while l < target {
                let slope = 2.0 * 0.047 * xx;
                xx += 0.25 / slope.hypot(1.0);
                l += 0.25;
            }
            let (upper, f) = if side == 0 { (1.0, -81.0) } else { (-1.0, -79.0) };
            let scale = if side == 0 { 1.0 } else { 0.93 };
            let c = [xx * scale, arch(xx, f), -58.6];
            let slope = 2.0 * 0.047 * xx;
            let n = slope.hypot(1.0);
            let q = sub(m, c);
            let (t, o) = ((q[0] + q[1] * slope) / n, (q[1] - q[0] * slope) / n);
            let depth = if k < 3 {
                2.9
            } else if k < 5 {
                4.0
            } else {
                4.9
            };
            let up = q[2] * upper;
            let crown = block([t, o, up], [0.0, 0.0, 4.6], [h - 0.25, depth, 4.2], 1.6);
            let roots = if k < 5 { 1 } else { 2 };
            let mut root = f64::MAX;
            for r in 0..roots {
                let off = if roots == 1 { 0.0 } else { (f64::from(r) - 0.5) * h };
                root = root.min(cone(
                    [t, o, up],
                    [off, 0.0, 8.0],
                    [off * 1.1, 0.4, if k == 2 { 22.0 } else { 18.5 }],
                    (depth * 0.62).min(h * 0.62),
                    1.1,
                ));
            }
            let d = crown.min(root);
            if d < best.0 {
                best = (d, if crown < root { (-crown).max(0.0) } else { 9.0 });
            }
            if side == 1 {
                x = xx;
            }
        }
        // To the far edge of this tooth.
        let mut l = 0.0;
        while l < h {
            x += 0.25 / (2.0 * 0.047 * x).hypot(1.0);
            l += 0.25;
        }
        along += 2.0 * h;
    }
    best
}

/// Paints bones and teeth.
pub fn paint(a: &Anatomy, s: &Spot, paint: &mut Paint) {
    let m = s.m;
    let outside_dura = |d: f64| d.max(s.dura + 0.3);
    let texture = noise(a.seed ^ 31, s.p, 2.1) + 0.6 * noise(a.seed ^ 32, s.p, 1.1);
    let layer = |d: f64, cortex: f64, cortical: f64, spongy: f64, paint: &mut Paint| {
        if d < 1.0 {
            let inner = smooth(cortex - 0.4, cortex + 0.7, -d);
            let hu = cortical + (spongy + 130.0 * texture - cortical) * inner;
            paint.over(stuff(hu, 45.0 + 400.0 * inner), d);
        }
    };
    if m[2] > -45.0 {
        // Both tables of the vault with diploë between.
        layer(shell(a, s), 1.5, 1280.0 + 90.0 * texture, 520.0, paint);
    }
    if m[2] < 40.0 {
        layer(outside_dura(face(s)), 1.3, 1050.0, 330.0, paint);
        if m[2] > -52.0 {
            layer(outside_dura(temporal(m)), 2.2, 1350.0, 900.0, paint);
        }
    }
    if m[2] < -10.0 {
        let j = mandible(m).max(3.0 - s.depth);
        layer(j, 2.1, 1480.0, 260.0, paint);
        // Alveolar part of the lower jaw round the roots.
        layer(ridge(m, -80.0, [28.5, 4.6, 8.5], -76.0).max(2.5 - s.depth), 1.4, 1150.0, 420.0, paint);
        layer(
            chain(m, &[([0.0, -46.0, -99.0], 2.6), ([11.0, -42.0, -98.0], 2.0), ([17.0, -26.0, -95.0], 1.6)])
                .max(2.0 - s.depth),
            0.9,
            700.0,
            300.0,
            paint,
        );
        let (b, disc) = spine(s);
        paint.over(stuff(85.0, 260.0), disc);
        layer(b, 1.1, 860.0, 230.0, paint);
        let (t, enamel) = teeth(m);
        if t < 1.0 && s.depth > 1.0 {
            paint.over(stuff(if enamel < 1.3 { 2650.0 } else { 1750.0 }, 25.0), t);
        }
    }
    neck::paint_canal(s, paint);
}
