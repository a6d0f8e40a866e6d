//! Neck muscles, larynx, spine and cord.

use super::{CARTILAGE, CSF, FAT, MUSCLE, NERVE, Paint, Spot, stuff};
use crate::sdf::{P, chain, cone, flat_capsule, noise};

/// The spinal canal's middle line, from the foramen magnum down: (y, z).
pub const CANAL: [(f64, f64); 7] =
    [(23.5, -24.0), (21.5, -38.0), (19.0, -56.0), (19.5, -74.0), (22.5, -92.0), (27.0, -112.0), (34.0, -150.0)];

/// y of the canal's middle at a height.
pub fn canal_y(z: f64) -> f64 {
    for w in CANAL.windows(2) {
        if z >= w[1].1 {
            let f = ((z - w[1].1) / (w[0].1 - w[1].1)).min(1.0);
            return w[1].0 + f * (w[0].0 - w[1].0);
        }
    }
    CANAL[6].0
}

/// Signed distance to the spinal cord below the foramen magnum.
pub fn cord(p: P) -> f64 {
    let y = p[1] - canal_y(p[2]);
    let d = ((p[0] / 6.3).hypot(y / 4.4) - 1.0) * 4.8;
    d.max(p[2] + 27.0)
}

/// Signed distance to the canal (dura sac).
pub fn canal(p: P) -> f64 {
    let y = p[1] - canal_y(p[2]);
    let wide = 1.0 + 0.45 * crate::sdf::smooth(-52.0, -26.0, p[2]);
    let d = ((p[0] / (10.5 * wide)).hypot(y / (7.8 * wide)) - 1.0) * 8.5;
    d.max(p[2] + 20.0)
}

/// Paints muscles, larynx and cord sac (bones come later and cover).
pub fn paint(s: &Spot, paint: &mut Paint) {
    let (p, m) = (s.p, s.m);
    if p[2] > 0.0 {
        return;
    }
    let skin = 2.5 - s.depth;
    // Muscles press each other out of round.
    let dent = 1.8 * noise(51, [p[0], p[1], 0.5 * p[2]], 9.0);
    let mut muscle = |d: f64| {
        let d = d + dent;
        paint.over(FAT, (d - 0.8).max(skin));
        paint.over(MUSCLE, d.max(skin));
    };
    let back = canal_y(p[2]);
    let at = |x: f64, dy: f64, z: f64| [x, canal_y(z) + dy, z];
    // Sternocleidomastoid.
    muscle(flat_capsule(m, [54.0, 20.0, -34.0], [24.0, -17.0, -150.0], 8.5, [0.75, 1.45, 1.0]));
    // Prevertebral.
    muscle(cone(m, at(9.0, -26.0, -30.0), at(10.0, -29.0, -150.0), 5.0, 6.0));
    // Scalenes and levator.
    muscle(cone(m, at(24.0, -6.0, -55.0), at(36.0, -8.0, -150.0), 5.5, 10.0));
    muscle(cone(m, at(29.0, 8.0, -45.0), at(48.0, 20.0, -150.0), 6.0, 10.0));
    // Deep extensors, semispinalis, splenius, trapezius.
    muscle(cone(m, at(10.0, 16.0, -48.0), at(10.0, 17.0, -150.0), 6.5, 8.0));
    muscle(flat_capsule(m, [13.0, 46.0, -26.0], at(11.0, 30.0, -150.0), 8.0, [1.2, 0.9, 1.0]));
    muscle(flat_capsule(m, [34.0, 36.0, -28.0], at(22.0, 26.0, -150.0), 8.0, [1.5, 0.8, 1.0]));
    muscle(cone(m, [20.0, 34.0, -30.0], [11.0, 34.0, -52.0], 6.0, 5.0));
    muscle(flat_capsule(m, [10.0, 66.0, -34.0], [66.0, 52.0, -165.0], 6.0, [2.6, 0.9, 1.0]));
    muscle(flat_capsule(m, [6.0, 56.0, -60.0], [20.0, 64.0, -165.0], 6.0, [2.2, 0.8, 1.0]));
    // Strap muscles.
    muscle(flat_capsule(m, [6.0, -38.0, -102.0], [10.0, -21.0, -150.0], 3.0, [2.0, 0.8, 1.0]));
    // Digastric and mylohyoid.
    muscle(cone(m, [48.0, 14.0, -40.0], [18.0, -36.0, -96.0], 3.2, 3.2));
    muscle(cone(m, [8.0, -72.0, -92.0], [14.0, -40.0, -97.0], 3.6, 3.4));
    // Nuchal ligament.
    paint.over(stuff(70.0, 250.0), (m[0] - 0.9).max(back + 12.0 - p[1]).max(skin - 2.0));
    // Larynx: thyroid cartilage as a V, cricoid as a ring.
    let wing = cone(m, [1.5, -29.0, -118.0], [17.0, -9.0, -114.0], 2.0, 2.0).min(cone(
        m,
        [1.5, -30.0, -113.0],
        [17.0, -10.0, -106.0],
        2.0,
        2.0,
    ));
    paint.over(CARTILAGE, wing.max(1.5 - s.depth));
    let c = [0.0, -12.0, -128.0];
    paint.over(CARTILAGE, crate::sdf::ring_z(p, c, 10.5, 9.5, 2.6).max(1.0 - s.depth));
    for k in 0..3 {
        let z = -138.0 - 5.5 * f64::from(k);
        paint.over(
            stuff(90.0, 300.0),
            crate::sdf::ring_z(p, [0.0, -12.0 - 0.12 * (z + 128.0), z], 8.2, 8.0, 1.4).max(1.5 - s.depth),
        );
    }
    // Oesophagus.
    paint.over(
        MUSCLE,
        chain(p, &[([2.0, -3.0 + canal_y(-122.0) - 27.0, -122.0], 6.0), ([4.0, canal_y(-150.0) - 27.0, -150.0], 6.0)]),
    );
}

/// Paints canal and cord, after the bones.
pub fn paint_canal(s: &Spot, paint: &mut Paint) {
    if s.p[2] > -15.0 {
        return;
    }
    let c = canal(s.p);
    if c < 3.0 {
        paint.over(stuff(-60.0, 700.0), c - 1.2);
        paint.over(CSF, c);
        paint.over(NERVE, cord(s.p));
    }
}
