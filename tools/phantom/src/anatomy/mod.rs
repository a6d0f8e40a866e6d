//! What lies where in the head: Hounsfield units and T1 signal at any point.
//!
//! Everything is in DICOM patient millimetres (L, P, S); the origin lies between and 66 mm behind the eyes. Paired parts
//! are drawn once, on |x|. Layers are painted from soft to hard to air, each with a soft edge of about a voxel.

mod bone;
mod cavity;
mod neck;
mod soft;

use crate::assets::{self, AssetError, Brain};
use crate::sdf::{P, ball, cone, ellipsoid, noise, smooth};
use crate::skin::Skin;
use vestibule_geometry::Volume;

/// A material: Hounsfield units and the signal of a T1-weighted image with contrast agent (arbitrary units).
#[derive(Clone, Copy, Debug)]
pub struct Stuff {
    /// Hounsfield units.
    pub hu: f64,
    /// T1 signal.
    pub t1: f64,
}

/// Shorthand.
pub const fn stuff(hu: f64, t1: f64) -> Stuff {
    Stuff { hu, t1 }
}

/// Air.
pub const AIR: Stuff = stuff(-1000.0, 2.0);
const FAT: Stuff = stuff(-98.0, 820.0);
const SKIN: Stuff = stuff(32.0, 420.0);
const MUSCLE: Stuff = stuff(56.0, 330.0);
const GLAND: Stuff = stuff(28.0, 480.0);
const MUCOSA: Stuff = stuff(42.0, 450.0);
const CSF: Stuff = stuff(6.0, 95.0);
const GREY: Stuff = stuff(38.5, 390.0);
const WHITE: Stuff = stuff(29.0, 580.0);
const BLOOD: Stuff = stuff(46.0, 620.0);
const DURA: Stuff = stuff(58.0, 380.0);
const VITREOUS: Stuff = stuff(9.0, 110.0);
const LENS: Stuff = stuff(82.0, 300.0);
const NERVE: Stuff = stuff(34.0, 400.0);
const CARTILAGE: Stuff = stuff(120.0, 280.0);

/// A mix that later layers cover.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// What is seen so far.
    pub now: Stuff,
    /// Width of a soft edge, mm.
    pub edge: f64,
}

impl Paint {
    /// Share of the voxel on the negative side of a signed distance.
    #[inline]
    pub fn share(&self, distance: f64) -> f64 {
        (0.5 - distance / self.edge).clamp(0.0, 1.0)
    }
    /// Covers where `distance` is negative.
    #[inline]
    pub fn over(&mut self, s: Stuff, distance: f64) {
        let a = self.share(distance);
        self.blend(s, a);
    }
    /// Covers a share of what is there.
    #[inline]
    pub fn blend(&mut self, s: Stuff, a: f64) {
        if a > 0.0 {
            self.now.hu += (s.hu - self.now.hu) * a;
            self.now.t1 += (s.t1 - self.now.t1) * a;
        }
    }
}

/// Centre of the left eye; the right one lies at −x.
pub const EYE: P = [28.3, -69.2, 0.0];
/// Radius of the eyeball, mm.
pub const EYE_RADIUS: f64 = 12.0;
/// Where the optic nerve leaves the orbit (left).
pub const ORBIT_APEX: P = [13.5, -33.0, 8.0];
/// Half of the chiasm.
pub const CHIASM: P = [0.0, -21.5, 14.5];
/// The left cochlea.
pub const COCHLEA: P = [21.5, 8.0, -7.5];
/// Middle of the tumour: right parietal lobe.
pub const TUMOUR: P = [-29.0, 13.0, 49.0];

/// The head.
pub struct Anatomy {
    /// Skin depth and pockets.
    pub skin: Skin,
    /// The brain's volumes.
    pub brain: Brain,
    /// Soft indicators (0 to 1) of the regions that become structures, by region number.
    pub region: Vec<Volume<f32>>,
    /// Seed of every texture.
    pub seed: u64,
}

/// A point with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The point itself.
    pub p: P,
    /// Mirrored to the left side: x = |x|.
    pub m: P,
    /// Depth under the skin, mm.
    pub depth: f64,
    /// Depth inside the dura, mm; negative outside.
    pub dura: f64,
}

impl Anatomy {
    /// Reads the data files and measures the skin on a grid of `step` mm.
    pub fn new(seed: u64, step: f64) -> Result<Self, AssetError> {
        let skin = Skin::new(&assets::head("skin")?, step);
        let brain = assets::brain()?;
        let region = (0..9)
            .map(|n| {
                let data = brain.region.data.iter().map(|r| if *r == n { 1.0 } else { 0.0 }).collect();
                let mut v = Volume { grid: brain.region.grid.clone(), data };
                crate::skin::soften(&mut v, 2);
                v
            })
            .collect();
        Ok(Self { skin, brain, region, seed })
    }

    /// Depth inside the dura, mm, negative outside; −25 far away. Below the volume the canal goes on.
    pub fn dura_at(&self, p: P) -> f64 {
        self.brain.dura.sample(p.into()).unwrap_or(-25.0)
    }

    /// Share of a region (0 to 1) at a point.
    pub fn region_at(&self, n: usize, p: P) -> f64 {
        self.region[n].sample(p.into()).unwrap_or(0.0)
    }

    /// Signed distance to the gross tumour, mm: a lobed ball of 36 mm.
    pub fn tumour(&self, p: P) -> f64 {
        ellipsoid(p, TUMOUR, [16.5, 18.5, 17.0])
            + 4.6 * noise(self.seed ^ 77, p, 15.0)
            + 1.8 * noise(self.seed ^ 78, p, 7.0)
    }

    /// Hounsfield units and T1 signal at a point at least partly inside the skin, with edges `edge` mm wide.
    pub fn at(&self, p: P, edge: f64) -> Stuff {
        // A gentle wobble keeps drawn parts from looking turned on a lathe.
        let w = |s: u64| 0.9 * noise(self.seed ^ s, p, 23.0);
        let q = [p[0] + w(1), p[1] + w(2), p[2] + w(3)];
        let s = Spot { p: q, m: [q[0].abs(), q[1], q[2]], depth: self.skin.depth_at(p), dura: self.dura_at(p) };
        let mut paint = Paint { now: SKIN, edge };
        if s.dura < 1.0 {
            soft::paint(self, &s, &mut paint);
            neck::paint(&s, &mut paint);
            bone::paint(self, &s, &mut paint);
            cavity::paint(self, &s, &mut paint);
        }
        if s.dura > -1.0 {
            let b = self.brain_at(p, s.dura);
            let a = paint.share(-s.dura);
            paint.blend(b, a);
        }
        paint.now
    }

    /// Inside the dura.
    fn brain_at(&self, p: P, dura: f64) -> Stuff {
        let t = self.brain.tissue.sample(p.into()).unwrap_or(0.0);
        let mut paint = Paint { now: CSF, edge: 1.6 };
        // 0 to 9 is the fluid's edge, 9 to 13 grey, up to 26 white.
        paint.blend(GREY, smooth(0.0, 9.0, t));
        paint.blend(WHITE, smooth(13.0, 25.0, t));
        if self.region_at(6, p) > 0.3 {
            paint.blend(stuff(40.0, 450.0), 0.7 * self.region_at(6, p));
        }
        // Falx and tentorium are left to the fluid; the sagittal sinus runs under the vault.
        if p[0].abs() < 6.0 && dura < 6.0 && p[2] > 10.0 {
            paint.over(BLOOD, p[0].abs() * 0.8 + (dura - 1.0) - 3.2);
            paint.over(DURA, p[0].abs() - 0.5 + (dura - 9.0).max(0.0));
        }
        // Tumour: oedema along white matter, an enhancing rim, a necrotic core.
        let d = self.tumour(p);
        if d < 18.0 {
            let white = smooth(14.0, 22.0, t);
            paint.blend(stuff(19.0, 330.0), 0.85 * white * smooth(16.0, 5.0, d + 3.0 * noise(self.seed ^ 79, p, 9.0)));
            let rim = 3.6 + 2.6 * noise(self.seed ^ 80, p, 9.0);
            paint.over(stuff(47.0 + 4.0 * noise(self.seed ^ 81, p, 4.0), 760.0), d);
            paint.over(stuff(20.0 + 3.0 * noise(self.seed ^ 82, p, 5.0), 230.0), d + rim + 1.5);
        }
        // Calcified choroid plexus and pineal: small, but a reader expects them.
        for c in [[15.0, 28.0, 44.0], [-15.5, 27.0, 44.5]] {
            paint.over(stuff(140.0, 120.0), ellipsoid(p, c, [1.6, 2.4, 1.8]));
        }
        paint.over(stuff(160.0, 120.0), ball(p, [0.0, 12.0, 31.0], 1.7));
        paint.now
    }

    /// Signed distance to a named drawn organ, mm (structures that are not regions of the brain).
    pub fn organ(name: &str, p: P) -> Option<f64> {
        let side = if name.ends_with("_R") { -1.0 } else { 1.0 };
        let q = [p[0] * side, p[1], p[2]];
        Some(match name.trim_end_matches("_L").trim_end_matches("_R") {
            "Eye" => ball(q, EYE, EYE_RADIUS),
            "Lens" => lens(q),
            "OpticNrv" => optic_nerve(q),
            "OpticChiasm" => chiasm(p),
            "Cochlea" => ball(q, COCHLEA, 3.6),
            "SpinalCord" => neck::cord(p),
            "Pituitary" => ellipsoid(p, cavity::PITUITARY, [6.0, 4.5, 3.5]),
            "Parotid" => soft::parotid(q),
            "Bone_Mandible" => bone::mandible([p[0].abs(), p[1], p[2]]),
            _ => return None,
        })
    }
}

/// Left lens.
fn lens(p: P) -> f64 {
    ellipsoid(p, [EYE[0], EYE[1] - 8.3, EYE[2]], [4.6, 2.3, 4.6])
}

/// Left optic nerve, from the eye to the chiasm.
fn optic_nerve(p: P) -> f64 {
    let bulb = [EYE[0] - 2.0, EYE[1] + EYE_RADIUS - 0.5, EYE[2] + 0.5];
    let bend = [20.5, -46.0, 3.0];
    crate::sdf::chain(p, &[(bulb, 2.3), (bend, 2.1), (ORBIT_APEX, 2.1), ([4.5, CHIASM[1] - 3.0, CHIASM[2]], 2.2)])
}

/// The chiasm: an X of four short limbs.
fn chiasm(p: P) -> f64 {
    let m = [p[0].abs(), p[1], p[2]];
    let c = CHIASM;
    cone(m, [5.5, c[1] - 4.0, c[2] - 0.3], [1.0, c[1], c[2]], 2.2, 2.3).min(cone(
        m,
        [1.0, c[1], c[2]],
        [7.0, c[1] + 6.0, c[2] + 1.0],
        2.3,
        2.0,
    ))
}
