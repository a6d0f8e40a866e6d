//! The phases of a 4D image: in order, and what is missing of them.

use crate::Note;
use vestibule_patient::{Image, Patient, PhaseGroup, phase_groups};

/// Puts the phases of each 4D image in the order of the cycle, on the places that they hold among the images.
pub(super) fn in_order(images: &mut [Image]) {
    for group in phase_groups(images) {
        // Which image shall stand on which of the places.
        let mut wanted: Vec<usize> = group.phases.iter().map(|p| p.image).collect();
        let mut places = wanted.clone();
        places.sort_unstable();
        for n in 0..places.len() {
            let (to, from) = (places[n], wanted[n]);
            images.swap(to, from);
            // What stood there lies where this one came from.
            for w in wanted.iter_mut().skip(n + 1).filter(|w| **w == to) {
                *w = from;
            }
        }
    }
}

/// Says which phases there are, and which are missing or shorter than the others. None is made up.
pub(super) fn check(p: &Patient, notes: &mut Vec<Note>) {
    for group in phase_groups(&p.images) {
        let object = if group.name.is_empty() { "4D image".to_owned() } else { format!("4D image {}", group.name) };
        let there = PhaseGroup::list(group.phases.iter().map(|p| p.at));
        let (count, s) = (group.phases.len(), if group.phases.len() == 1 { "" } else { "s" });
        notes.push(Note::info(&object, format!("has {count} phase{s}: {there}")));
        if !group.missing.is_empty() {
            let (is, them) = if group.missing.len() == 1 { ("is", "it") } else { ("are", "them") };
            let text = format!(
                "phase {} {is} missing, and nothing was put in its place: import the series that holds {them}, or \
                 read what moves between the neighbouring phases with care",
                PhaseGroup::list(group.missing.iter().copied())
            );
            notes.push(Note::warning(&object, text));
        }
        for short in group.phases.iter().filter(|p| p.slices_short > 0) {
            let size = p.images[short.image].volume.grid.size[2];
            let text = format!(
                "phase {} has {size} slices where the others have {}: it ends earlier; export and import its series anew",
                short.at,
                size + short.slices_short
            );
            notes.push(Note::warning(&object, text));
        }
    }
}
