//! Skin, fat, muscles, glands and vessels outside the skull.

use super::{Anatomy, BLOOD, EYE, FAT, GLAND, MUCOSA, MUSCLE, Paint, SKIN, Spot, stuff};
use crate::sdf::{P, chain, cone, ellipsoid, flat_capsule, noise, smooth};

/// Left parotid gland.
pub fn parotid(m: P) -> f64 {
    ellipsoid(m, [55.0, 3.0, -44.0], [7.5, 11.0, 17.0])
}

/// Paints the layers under the skin.
pub fn paint(a: &Anatomy, s: &Spot, paint: &mut Paint) {
    let (m, d, p) = (s.m, s.depth, s.p);
    // Skin 1.6 mm, then fat whose thickness changes over the head.
    let face = smooth(20.0, -5.0, m[2]) * smooth(30.0, -20.0, m[1]);
    let cheek =
        smooth(26.0, 6.0, (m[0] - 36.0).abs()) * smooth(26.0, 6.0, (m[2] + 36.0).abs()) * smooth(-20.0, -50.0, m[1]);
    let neck = smooth(-70.0, -110.0, m[2]);
    let fat = 1.0 + 1.4 * face + 7.0 * cheek + 3.0 * neck + 1.0 * smooth(0.0, 60.0, m[1]);
    let skin = 1.7;
    paint.now = SKIN;
    paint.over(FAT, skin - d);
    // Below the fat: muscle and fascia, marbled with fat between the bundles.
    let streak = noise(a.seed ^ 11, [p[0], p[1], p[2] * 0.35], 6.0) + 0.5 * noise(a.seed ^ 12, p, 3.2);
    // Over the skull it is muscle, in the face loose tissue; the one passes into the other.
    let high = smooth(-6.0, 22.0, m[2] + 5.0 * streak);
    paint.over(stuff(-12.0, 560.0), skin + fat - d);
    if d > skin + fat {
        paint.blend(MUSCLE, high.max(smooth(2.5, 1.5, d - skin - fat)));
        paint.blend(FAT, smooth(0.35, 0.9, streak) * (0.75 - 0.4 * high) * smooth(0.0, 2.0, d - skin - fat));
    }
    // Ears and nose: a plate of cartilage in the middle, no fat.
    let ear = m[0] > 66.0 && (-12.0..26.0).contains(&m[1]) && m[2] < 10.0 && m[2] > -44.0;
    let nose = m[1] < -95.0 && m[2] < -6.0 && m[2] > -46.0;
    if (ear || nose) && d > 0.0 {
        paint.now = SKIN;
        paint.over(stuff(95.0, 300.0), 1.7 - d);
    }
    if m[2] > 30.0 {
        return;
    }
    // Lips and the ring of muscle round the mouth.
    paint.over(MUSCLE, ellipsoid(m, [0.0, -88.0, -58.0], [24.0, 6.5, 13.0]).max(2.0 - d));
    // Chewing muscles.
    paint.over(MUSCLE, flat_capsule(m, [52.0, -28.0, -24.0], [48.0, -20.0, -70.0], 8.0, [0.8, 1.5, 1.0]).max(4.0 - d));
    paint.over(MUSCLE, flat_capsule(m, [58.0, -22.0, 18.0], [51.0, -26.0, -28.0], 8.0, [0.8, 1.9, 1.0]).max(3.5 - d));
    paint.over(MUSCLE, cone(m, [26.0, -28.0, -14.0], [46.0, -14.0, -24.0], 7.5, 6.0));
    paint.over(MUSCLE, cone(m, [18.0, -31.0, -18.0], [42.0, -18.0, -70.0], 7.0, 5.5));
    paint.over(MUSCLE, cone(m, [38.0, -82.0, -22.0], [24.0, -86.0, -54.0], 2.4, 2.4).max(2.5 - d)); // zygomaticus
    paint.over(MUSCLE, cone(m, [30.0, -84.0, 13.0], [12.0, -90.0, 18.0], 2.2, 2.4).max(1.5 - d)); // brow
    // Glands.
    paint.over(GLAND, parotid(m).max(3.0 - d));
    paint.over(GLAND, ellipsoid(m, [27.0, -38.0, -88.0], [9.0, 13.0, 8.0]).max(3.0 - d));
    paint.over(GLAND, ellipsoid(m, [17.0, -18.0, -122.0], [7.0, 7.0, 14.0]).max(3.0 - d)); // thyroid gland
    // Tongue and floor of the mouth: interleaved muscle with a little fat.
    let tongue = ellipsoid(p, [0.0, -44.0, -60.0], [23.0, 33.0, 17.0]).min(ellipsoid(
        p,
        [0.0, -42.0, -80.0],
        [15.0, 33.0, 14.0],
    ));
    let fibres = 0.25 * smooth(0.1, 0.9, noise(a.seed ^ 13, [p[0] * 2.5, p[1], p[2]], 5.0));
    paint.over(MUSCLE, tongue);
    if tongue < 0.0 {
        paint.blend(FAT, fibres);
        paint.over(FAT, m[0] - 0.6 + (p[2] + 66.0).max(0.0));
    }
    // Soft palate and the walls of the throat.
    paint.over(MUCOSA, chain(p, &[([0.0, -38.0, -43.0], 4.2), ([0.0, -22.0, -48.0], 3.8), ([0.0, -17.0, -59.0], 2.6)]));
    paint.over(MUSCLE, flat_capsule(p, [0.0, -16.0, -20.0], [0.0, -5.0, -104.0], 9.5, [1.9, 0.8, 1.0]));
    // Carotid artery and jugular vein.
    let carotid = [
        ([17.0, -6.0, -150.0], 3.6),
        ([22.0, -9.0, -92.0], 3.9),
        ([24.0, -2.0, -60.0], 2.9),
        ([25.0, 2.0, -24.0], 2.7),
    ];
    paint.over(BLOOD, chain(m, &carotid));
    let jugular = [
        ([25.0, -6.0, -150.0], 5.5),
        ([29.0, -3.0, -92.0], 5.0),
        ([30.0, 6.0, -55.0], 4.0),
        ([29.0, 12.0, -28.0], 4.0),
    ];
    paint.over(BLOOD, chain(m, &jugular));
    // Lids: skin before the eyeball, no fat.
    if d > 0.0 && cone(m, EYE, [EYE[0], EYE[1] - 20.0, EYE[2]], 14.0, 14.0) < 0.0 && m[1] < EYE[1] - 4.0 {
        paint.now = SKIN;
    }
}
