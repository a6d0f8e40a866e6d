//! The structure set: every organ and target, outlined on the CT's slices, with TG-263 names.

use crate::anatomy::{Anatomy, COCHLEA, EYE, TUMOUR};
use crate::outline::{self, Window, trace};
use crate::scan;
use crate::sdf::P;
use vestibule_geometry::{Contour, Volume};
use vestibule_patient::{RoiType, Structure, StructureSet};

/// Margin from gross tumour to clinical target, mm.
pub const CTV_MARGIN: f64 = 5.0;
/// Margin from clinical to planning target, mm.
pub const PTV_MARGIN: f64 = 3.0;

/// Positive inside the gross tumour, mm.
pub fn gtv(a: &Anatomy, p: P) -> f64 {
    (-a.tumour(p)).min(a.dura_at(p) - 0.5)
}

/// Positive inside the clinical target: the tumour and a margin, within the brain and not across the midline.
pub fn ctv(a: &Anatomy, p: P) -> f64 {
    (CTV_MARGIN - a.tumour(p)).min(a.dura_at(p) - 0.5).min(-p[0] - 0.5)
}

/// Positive inside the planning target: the clinical one and a margin, within the brain.
pub fn ptv(a: &Anatomy, p: P) -> f64 {
    (CTV_MARGIN + PTV_MARGIN - a.tumour(p)).min(a.dura_at(p) + 0.5)
}

/// Outlines everything. `inside`: share of each CT voxel inside the skin.
pub fn outline(a: &Anatomy, inside: &Volume<f32>, uids: [&str; 3]) -> StructureSet {
    let grid = &inside.grid;
    let coarse = grid.spacing_mm[0] > 1.5;
    let around = |c: P, r: f64, step: f64| Window {
        low: [c[0] - r, c[1] - r, c[2] - r],
        high: [c[0] + r, c[1] + r, c[2] + r],
        step: if coarse { step.max(1.0) } else { step },
    };
    let brain = Window { low: [-70.0, -98.0, -28.0], high: [70.0, 98.0, 104.0], step: 0.8 };
    let whole =
        Window { low: [-161.0, -120.0, -200.0], high: [161.0, 98.0, 130.0], step: if coarse { 1.5 } else { 0.75 } };
    let mut structures = Vec::new();
    let mut add = |name: &str, roi_type: RoiType, colour: [u8; 3], contours: Vec<Contour>| {
        structures.push(Structure {
            number: structures.len() as i32 + 1,
            name: name.to_owned(),
            standard_name: None,
            roi_type,
            colour: Some(colour),
            contours,
        });
    };
    let shell = trace(grid, &whole, 100.0, |p| inside.sample(p.into()).unwrap_or(0.0) - 0.5);
    let outer = shell.into_iter().filter(|c| {
        let flat: Vec<[f64; 2]> = c.points.iter().map(|p| [p.x, p.y]).collect();
        outline::area(&flat) > 0.0
    });
    add("BODY", RoiType::External, [230, 190, 160], outer.collect());
    add("GTV", RoiType::Gtv, [255, 60, 60], trace(grid, &around(TUMOUR, 40.0, 0.75), 2.0, |p| gtv(a, p)));
    add("CTV", RoiType::Ctv, [255, 150, 40], trace(grid, &around(TUMOUR, 45.0, 0.75), 2.0, |p| ctv(a, p)));
    add("PTV", RoiType::Ptv, [255, 220, 60], trace(grid, &around(TUMOUR, 50.0, 0.75), 2.0, |p| ptv(a, p)));
    add("Brain", RoiType::Organ, [250, 200, 200], trace(grid, &brain, 20.0, |p| a.dura_at(p) - 0.8));
    for (name, n, colour) in [
        ("Brainstem", 4, [60, 180, 75]),
        ("Cerebellum", 3, [170, 110, 200]),
        ("Ventricles", 5, [80, 160, 255]),
        ("Hippocampus_L", 7, [240, 120, 200]),
        ("Hippocampus_R", 8, [200, 120, 240]),
    ] {
        add(name, RoiType::Organ, colour, trace(grid, &brain, 3.0, |p| a.region_at(n, p) - 0.5));
    }
    let organ = |name: &str, c: P, r: f64, step: f64| {
        trace(grid, &around(c, r, step), 0.4, |p| -Anatomy::organ(name, p).unwrap_or(1.0))
    };
    for (side, sign) in [("L", 1.0), ("R", -1.0)] {
        let at = |c: P| [c[0] * sign, c[1], c[2]];
        let colour = if sign > 0.0 { [90, 220, 220] } else { [60, 160, 220] };
        for (name, c, r, step) in [
            ("Eye", EYE, 15.0, 0.5),
            ("Lens", EYE, 14.0, 0.25),
            ("OpticNrv", [18.0, -44.0, 5.0], 32.0, 0.4),
            ("Cochlea", COCHLEA, 7.0, 0.3),
            ("Parotid", [55.0, 3.0, -44.0], 24.0, 0.6),
        ] {
            let name = format!("{name}_{side}");
            add(&name, RoiType::Organ, colour, organ(&name, at(c), r, step));
        }
    }
    add("OpticChiasm", RoiType::Organ, [255, 120, 120], organ("OpticChiasm", [0.0, -21.0, 14.5], 14.0, 0.3));
    add("Pituitary", RoiType::Organ, [255, 160, 220], organ("Pituitary", [0.0, -17.5, 7.0], 9.0, 0.3));
    let spine = Window { low: [-14.0, 0.0, -200.0], high: [14.0, 60.0, -26.0], step: if coarse { 1.0 } else { 0.5 } };
    let cord = trace(grid, &spine, 2.0, |p| -Anatomy::organ("SpinalCord", p).unwrap_or(1.0));
    add("SpinalCord", RoiType::Organ, [255, 255, 120], cord);
    let jaw = Window { low: [-66.0, -96.0, -106.0], high: [66.0, 16.0, -12.0], step: if coarse { 1.2 } else { 0.6 } };
    let jaw =
        trace(grid, &jaw, 3.0, |p| (-Anatomy::organ("Bone_Mandible", p).unwrap_or(1.0)).min(a.skin.depth_at(p) - 3.0));
    add("Bone_Mandible", RoiType::Organ, [220, 220, 180], jaw);
    let couch = (0..grid.size[2]).map(|k| {
        let z = grid.centre(0, 0, k).z;
        let (x, y) = (scan::COUCH_HALF, [scan::COUCH_Y, scan::COUCH_Y + scan::COUCH_THICK]);
        Contour { points: [[-x, y[0]], [x, y[0]], [x, y[1]], [-x, y[1]]].map(|q| [q[0], q[1], z].into()).to_vec() }
    });
    add("CouchSurface", RoiType::Support, [150, 150, 160], couch.collect());
    StructureSet {
        uid: uids[0].to_owned(),
        label: "SYNTHETIC".to_owned(),
        frame_of_reference_uid: uids[1].to_owned(),
        referenced_series_uid: Some(uids[2].to_owned()),
        structures,
    }
}
