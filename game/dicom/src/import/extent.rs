//! Whether doses lie within the images under them.

use crate::Note;
use nalgebra::Point3;
use vestibule_geometry::{Grid, letter};
use vestibule_patient::{Dose, Patient};

/// Says of each dose how far it reaches beyond its image, by more than one of its own voxels. It is kept whole.
pub(super) fn check(p: &Patient, notes: &mut Vec<Note>) {
    for dose in &p.doses {
        let planned = p.plans.iter().find(|plan| Some(&plan.uid) == dose.plan_uid.as_ref());
        let image = planned.and_then(|plan| p.planning_image(plan)).filter(|i| same_frame(dose, i)).or_else(|| {
            // Without a plan: the image that covers most of it.
            let beyond = |i: &&vestibule_patient::Image| beyond(&dose.volume.grid, &i.volume.grid);
            let most = |i: &&vestibule_patient::Image| beyond(i).iter().fold(0.0, |m: f64, s| m.max(s.1));
            p.images.iter().filter(|i| same_frame(dose, i)).min_by(|a, b| most(a).total_cmp(&most(b)))
        });
        let Some(image) = image else { continue };
        let object = format!("dose {}", dose.uid);
        let mut sides = beyond(&dose.volume.grid, &image.volume.grid);
        if apart(&dose.volume.grid, &image.volume.grid) {
            let text = "lies wholly beside the images of its frame of reference: check that they belong together";
            notes.push(Note::warning(object, text));
            continue;
        }
        let own = dose.volume.grid.spacing_mm.iter().copied().fold(0.0, f64::max);
        sides.retain(|s| s.1 > own);
        if sides.is_empty() {
            continue;
        }
        let list: Vec<String> = sides.iter().map(|(side, mm)| format!("{mm:.1} mm {side}")).collect();
        let text = format!(
            "reaches beyond the {} that it lies on ({}): it is kept whole, and what lies there has no anatomy under it",
            image.modality.as_str(),
            list.join(", ")
        );
        notes.push(Note::info(object, text));
    }
}

fn same_frame(dose: &Dose, image: &vestibule_patient::Image) -> bool {
    !dose.frame_of_reference_uid.is_empty() && dose.frame_of_reference_uid == image.frame_of_reference_uid
}

/// The lowest and highest corner of `inner`, its outer halves of voxels included, as continuous indices of `outer`.
fn box_in(inner: &Grid, outer: &Grid) -> [[f64; 3]; 2] {
    let mut both = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    for corner in 0..8usize {
        let end = |a: usize| if corner >> a & 1 == 0 { -0.5 } else { inner.size[a] as f64 - 0.5 };
        let q = outer.to_index(inner.to_world(Point3::new(end(0), end(1), end(2))));
        for a in 0..3 {
            both[0][a] = both[0][a].min(q[a]);
            both[1][a] = both[1][a].max(q[a]);
        }
    }
    both
}

/// How far `inner` reaches beyond each side of `outer`, mm, with the side's letter; only sides that it does.
fn beyond(inner: &Grid, outer: &Grid) -> Vec<(char, f64)> {
    let [low, high] = box_in(inner, outer);
    let mut out = Vec::new();
    for a in 0..3 {
        let axis = outer.axes.column(a).into_owned();
        let below = (-0.5 - low[a]) * outer.spacing_mm[a];
        let above = (high[a] - outer.size[a] as f64 + 0.5) * outer.spacing_mm[a];
        out.extend([(letter(&-axis), below), (letter(&axis), above)].into_iter().filter(|s| s.1 > 0.0));
    }
    out
}

/// They have nothing in common.
fn apart(inner: &Grid, outer: &Grid) -> bool {
    let [low, high] = box_in(inner, outer);
    (0..3).any(|a| high[a] <= -0.5 || low[a] >= outer.size[a] as f64 - 0.5)
}
