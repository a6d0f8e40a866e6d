//! Which images are the phases of one 4D image, in which order, and which phases are missing.

use crate::phase::{Phase, PhaseAt, percentages, says_cycle, says_summary, without_numbers};
use crate::{Image, Patient};
use std::collections::BTreeMap;
use vestibule_geometry::Grid;

/// One image of a 4D image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseImage {
    /// Its index among the images.
    pub image: usize,
    /// When in the cycle.
    pub at: PhaseAt,
    /// Slices that it has less than most of the others; 0 where it is whole.
    pub slices_short: usize,
}

/// The phases of one 4D image. Nothing is made up for what is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseGroup {
    /// The series' description without the phase, e.g. `Thorax, Gated`; may be empty.
    pub name: String,
    /// At least one, in the order of the cycle.
    pub phases: Vec<PhaseImage>,
    /// Phases that the others show must have been there: steps of the cycle left out where at least half of them are
    /// there, or positions up to the number that the files state.
    pub missing: Vec<PhaseAt>,
}

impl PhaseGroup {
    /// True when no phase is missing or short.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.phases.iter().all(|p| p.slices_short == 0)
    }

    /// The phases as a list: `0, 10, 20 %`, `positions 1, 2`; of more than 24 the first and the last.
    pub fn list(phases: impl IntoIterator<Item = PhaseAt>) -> String {
        let phases: Vec<PhaseAt> = phases.into_iter().collect();
        let mut numbers: Vec<String> =
            phases.iter().map(|p| ((p.number() * 10.0).round() / 10.0).to_string()).collect();
        if numbers.len() > 24 {
            numbers.splice(3..numbers.len() - 1, ["…".to_owned()]);
        }
        match (phases.first(), phases.len()) {
            (Some(PhaseAt::Percent(_)), _) => format!("{} %", numbers.join(", ")),
            (Some(PhaseAt::Position(_)), 1) => format!("position {}", numbers[0]),
            (Some(PhaseAt::Position(_)), _) => format!("positions {}", numbers.join(", ")),
            (None, _) => String::new(),
        }
    }
}

impl Patient {
    /// The 4D images among the patient's images.
    pub fn phase_groups(&self) -> Vec<PhaseGroup> {
        phase_groups(&self.images)
    }
}

/// Finds the 4D images: images of one study, frame of reference and modality, on the same grid or nearly, that differ in
/// their phase. Phases are told by, in this order of trust: the nominal percentage of the tags; a percentage in the
/// description, the rest of which is the same (three images, or two that speak of a cycle); the temporal position.
/// Averages and projections are no phases. Images of one phase twice are no group: which belong together is not known.
/// The answer does not depend on the order of the images.
pub fn phase_groups(images: &[Image]) -> Vec<PhaseGroup> {
    let tags = |i: usize| images[i].phase.unwrap_or_default();
    let mut free: Vec<usize> =
        (0..images.len()).filter(|&i| !tags(i).summary && !says_summary(&images[i].description)).collect();
    // The longest stack leads, so that what is compared with does not depend on the order.
    free.sort_by(|&a, &b| {
        let key = |i: usize| (std::cmp::Reverse(images[i].volume.grid.size[2]), &images[i].uid);
        key(a).cmp(&key(b))
    });
    let mut groups = Vec::new();
    let by_tag = |i: usize| {
        let percent = tags(i).percent.filter(|p| (0.0..=100.0).contains(p));
        let stem = percentages(&images[i].description).pop().map_or_else(|| images[i].description.clone(), |p| p.1);
        percent.map(|p| (PhaseAt::Percent(p), stem)).into_iter().collect()
    };
    take(images, &mut free, &mut groups, &by_tag, &|g| g.len() > 1);
    let by_description = |i: usize| {
        percentages(&images[i].description).into_iter().map(|(p, stem)| (PhaseAt::Percent(p), stem)).collect()
    };
    let enough = |g: &[Member]| g.len() > 2 || g.len() == 2 && says_cycle(&images[g[0].0].description);
    take(images, &mut free, &mut groups, &by_description, &enough);
    let by_position = |i: usize| {
        let position = tags(i).position.map(PhaseAt::Position);
        position.map(|p| (p, without_numbers(&images[i].description))).into_iter().collect()
    };
    let enough = |g: &[Member]| g.len() > 1 || g.iter().any(|m| tags(m.0).positions.is_some_and(|n| n > 1));
    take(images, &mut free, &mut groups, &by_position, &enough);
    let mut out: Vec<PhaseGroup> = groups.into_iter().map(|(name, members)| group(images, name, members)).collect();
    out.sort_by(|a, b| {
        let uids = |g: &PhaseGroup| g.phases.iter().map(|p| images[p.image].uid.clone()).min();
        (&a.name, uids(a)).cmp(&(&b.name, uids(b)))
    });
    out
}

type Member = (usize, PhaseAt);

/// Groups the free images by what `says` of them; those of a group are free no longer. An image that can be in several
/// groups (two percentages in its description) goes to the largest.
fn take(
    images: &[Image],
    free: &mut Vec<usize>,
    out: &mut Vec<(String, Vec<Member>)>,
    says: &dyn Fn(usize) -> Vec<(PhaseAt, String)>,
    enough: &dyn Fn(&[Member]) -> bool,
) {
    loop {
        let mut buckets: BTreeMap<String, Vec<Vec<Member>>> = BTreeMap::new();
        for &i in free.iter() {
            for (at, stem) in says(i) {
                let parts = buckets.entry(stem).or_default();
                match parts.iter_mut().find(|p| together(&images[p[0].0], &images[i])) {
                    Some(part) => part.push((i, at)),
                    None => parts.push(vec![(i, at)]),
                }
            }
        }
        let all = buckets.into_iter().flat_map(|(stem, parts)| parts.into_iter().map(move |p| (stem.clone(), p)));
        let fit = all.filter(|(_, members)| enough(members) && distinct(members));
        // The first of the largest: the buckets stand in the order of their stems.
        let Some((stem, members)) = fit.min_by_key(|(_, m)| std::cmp::Reverse(m.len())) else { return };
        free.retain(|i| members.iter().all(|m| m.0 != *i));
        out.push((stem, members));
    }
}

/// No phase stands twice.
fn distinct(members: &[Member]) -> bool {
    let mut numbers: Vec<f64> = members.iter().map(|m| m.1.number()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.windows(2).all(|w| w[1] - w[0] > 0.05)
}

/// May be two phases of one scan.
fn together(a: &Image, b: &Image) -> bool {
    a.study_uid == b.study_uid
        && a.modality == b.modality
        && !a.frame_of_reference_uid.is_empty()
        && a.frame_of_reference_uid == b.frame_of_reference_uid
        && near(&a.volume.grid, &b.volume.grid)
}

/// The same pixels; along the slices the same step, and half of the shorter stack in common.
fn near(a: &Grid, b: &Grid) -> bool {
    let same = |x: f64, y: f64| (x - y).abs() < 1e-3;
    if a.size[..2] != b.size[..2]
        || !(0..2).all(|n| same(a.spacing_mm[n], b.spacing_mm[n]))
        || (a.spacing_mm[2] - b.spacing_mm[2]).abs() > 0.01 * a.spacing_mm[2]
        || (a.axes - b.axes).norm() > 2e-3
    {
        return false;
    }
    let from = a.to_index(b.origin_mm);
    let (start, end) = (from.z.max(0.0), (from.z + b.size[2] as f64).min(a.size[2] as f64));
    from.x.abs() < 1.0 && from.y.abs() < 1.0 && end - start >= 0.5 * a.size[2].min(b.size[2]) as f64 - 1e-6
}

fn group(images: &[Image], name: String, mut members: Vec<Member>) -> PhaseGroup {
    members.sort_by(|a, b| a.1.number().total_cmp(&b.1.number()));
    let slices = |m: &Member| images[m.0].volume.grid.size[2];
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for m in &members {
        *counts.entry(slices(m)).or_default() += 1;
    }
    // The larger of two that are as common.
    let usual = counts.iter().max_by_key(|(size, n)| (**n, **size)).map_or(0, |(size, _)| *size);
    let stated = members.iter().filter_map(|m| images[m.0].phase.unwrap_or_default().positions).max();
    let missing = missing(&members.iter().map(|m| m.1).collect::<Vec<_>>(), stated);
    let phases = members
        .iter()
        .map(|m| PhaseImage { image: m.0, at: m.1, slices_short: usual.saturating_sub(slices(m)) })
        .collect();
    PhaseGroup { name: name.trim_matches([' ', ',', '=', '-', '_', ':', ';']).to_owned(), phases, missing }
}

/// What must have been there too, of phases in rising order.
fn missing(there: &[PhaseAt], stated: Option<u32>) -> Vec<PhaseAt> {
    if let [PhaseAt::Position(_), ..] = there {
        let has: Vec<u32> = there.iter().map(|p| p.number() as u32).collect();
        let last = has[has.len() - 1];
        let count = stated.unwrap_or(last).max(last);
        // Identifiers that do not count from 1 say nothing of what is missing.
        let counted = has[0] >= 1 && (stated.is_some() || has.len() * 2 >= last as usize) && count <= 1000;
        let all = 1..=if counted { count } else { 0 };
        return all.filter(|n| !has.contains(n)).map(PhaseAt::Position).collect();
    }
    let percents: Vec<f64> = there.iter().map(|p| p.number()).collect();
    // The fewest steps of a whole cycle on which every phase lies, rounded to whole percent or not.
    for steps in 2..=20usize {
        let step = 100.0 / steps as f64;
        for offset in [0.0, percents[0] % step] {
            let place = |p: &f64| ((p - offset) / step).round();
            if percents.iter().any(|p| (p - offset - place(p) * step).abs() > 0.75) {
                continue;
            }
            let has: Vec<usize> = percents.iter().map(|p| place(p) as usize % steps).collect();
            if has.len() * 2 < steps {
                return Vec::new();
            }
            let gone = (0..steps).filter(|k| !has.contains(k));
            return gone.map(|k| PhaseAt::Percent(((offset + k as f64 * step) * 10.0).round() / 10.0)).collect();
        }
    }
    Vec::new()
}

impl Phase {
    /// What slices of one image have in common: a value on which they differ is none.
    pub fn common(slices: impl IntoIterator<Item = Phase>) -> Option<Phase> {
        let mut slices = slices.into_iter();
        let mut all = slices.next()?;
        for s in slices {
            all.percent = all.percent.filter(|p| Some(*p) == s.percent);
            all.position = all.position.filter(|p| Some(*p) == s.position);
            all.positions = all.positions.max(s.positions);
            all.summary |= s.summary;
        }
        (all != Phase::default()).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(percents: &[f64]) -> Vec<f64> {
        let there: Vec<PhaseAt> = percents.iter().map(|p| PhaseAt::Percent(*p)).collect();
        missing(&there, None).into_iter().map(PhaseAt::number).collect()
    }

    #[test]
    fn what_is_missing_follows_from_the_steps_of_the_cycle() {
        let tens: Vec<f64> = (0..10).map(|n| f64::from(n) * 10.0).collect();
        assert_eq!(gone(&tens), [0.0; 0]);
        for lost in 0..10 {
            let rest: Vec<f64> = tens.iter().copied().filter(|p| *p != f64::from(lost) * 10.0).collect();
            assert_eq!(gone(&rest), [f64::from(lost) * 10.0]);
        }
        // Six phases, rounded; eight; ones in the middle of their bins; a cycle that begins at 100.
        assert_eq!(gone(&[0.0, 17.0, 33.0, 50.0, 83.0]), [66.7]);
        assert_eq!(gone(&[33.0, 50.0, 67.0, 83.0]), [0.0, 16.7]);
        assert_eq!(gone(&[0.0, 12.5, 25.0, 50.0, 62.5, 75.0, 87.5]), [37.5]);
        assert_eq!(gone(&[5.0, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 75.0, 95.0]), [85.0]);
        assert_eq!(gone(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0]), [0.0; 0]);
        // The two ends of a breath are no cycle with holes; nor is a window of one, or what fits no steps.
        assert_eq!(gone(&[0.0, 50.0]), [0.0; 0]);
        assert_eq!(gone(&[40.0, 50.0, 60.0]), [0.0; 0]);
        assert_eq!(gone(&[0.0, 11.3, 47.9]), [0.0; 0]);
    }

    #[test]
    fn positions_count_to_the_stated_number() {
        let at = |list: &[u32], stated| {
            let there: Vec<PhaseAt> = list.iter().map(|n| PhaseAt::Position(*n)).collect();
            missing(&there, stated).into_iter().map(|p| p.number() as u32).collect::<Vec<_>>()
        };
        assert_eq!(at(&[1, 2, 4], Some(6)), [3, 5, 6]);
        assert_eq!(at(&[1, 2, 4], None), [3]);
        assert_eq!(at(&[100, 200], None), [0; 0]);
        assert_eq!(at(&[7], Some(u32::MAX)), [0; 0]);
    }
}
