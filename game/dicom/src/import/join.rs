//! Objects into patients, and whether what belongs to one patient fits together.

use super::{Object, Owner, extent, phases, registration, series};
use crate::Note;
use std::collections::{BTreeMap, BTreeSet};
use vestibule_patient::{Dose, DoseSummation, Modality, Patient};

/// Groups objects by person. Two patients in one folder are two patients; objects without a PatientID are one
/// `anon-N` a study.
pub(super) fn patients(objects: Vec<(Owner, Object, String)>, notes: &mut Vec<Note>) -> Vec<Patient> {
    let mut people: BTreeMap<(bool, String), Vec<(Owner, Object, String)>> = BTreeMap::new();
    for (owner, object, label) in objects {
        let key = if owner.id.is_empty() { (true, owner.study_uid.clone()) } else { (false, owner.id.clone()) };
        people.entry(key).or_default().push((owner, object, label));
    }
    // No file may take the name that the nameless get.
    let taken: BTreeSet<String> = people.keys().filter(|k| !k.0).map(|k| k.1.clone()).collect();
    let mut anonymous = 0;
    let mut out = Vec::new();
    for ((nameless, key), objects) in people {
        let id = if nameless {
            anonymous += 1;
            while taken.contains(&format!("anon-{anonymous}")) {
                anonymous += 1;
            }
            let id = format!("anon-{anonymous}");
            notes.push(Note::warning(
                &id,
                format!("{} files name no patient (PatientID): kept under this name", objects.len()),
            ));
            id
        } else {
            key
        };
        let patient = one(id, objects, notes);
        if patient.images.is_empty()
            && patient.structure_sets.is_empty()
            && patient.plans.is_empty()
            && patient.doses.is_empty()
            && patient.registrations.is_empty()
        {
            continue;
        }
        check(&patient, notes);
        out.push(patient);
    }
    out
}

fn one(id: String, objects: Vec<(Owner, Object, String)>, notes: &mut Vec<Note>) -> Patient {
    let mut p = Patient { id, ..Default::default() };
    let mut slices = Vec::new();
    let mut by_images = Vec::new();
    let mut frame_of_object = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (owner, object, label) in objects {
        // Two birth dates and two names under one ID are two people: mixing them up is worse than leaving one out.
        let same_name =
            |a: &str, b: &str| a.to_lowercase().trim_end_matches('^') == b.to_lowercase().trim_end_matches('^');
        let other = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && !same_name(a, b);
        if other(&p.name, &owner.name) && other(&p.birth_date, &owner.birth_date) {
            let text = "has the PatientID of another file but another name and birth date: left out, lest two people be mixed up";
            notes.push(Note::error(label, text));
            continue;
        }
        if other(&p.name, &owner.name) || other(&p.birth_date, &owner.birth_date) {
            let text = "its files differ in name or birth date: the first were taken";
            notes.push(Note::warning(format!("patient {}", p.id), text));
        }
        for (mine, theirs) in
            [(&mut p.name, owner.name), (&mut p.birth_date, owner.birth_date), (&mut p.sex, owner.sex)]
        {
            if mine.is_empty() {
                *mine = theirs;
            }
        }
        let uid = match &object {
            Object::Structures(s, _) => s.uid.clone(),
            Object::Plan(s) => s.uid.clone(),
            Object::Dose(s) => s.uid.clone(),
            Object::Spatial(s) => s.uid.clone(),
            _ => String::new(),
        };
        if !uid.is_empty() && !seen.insert(uid) {
            notes.push(Note::info(label, "stands twice; it was taken once"));
            continue;
        }
        match object {
            Object::Slices(s) => {
                if let Some(first) = s.first() {
                    frame_of_object.insert(owner.object_uid, first.frame_of_reference_uid.clone());
                }
                slices.extend(s);
            }
            Object::Structures(s, related) => {
                p.structure_sets.push(s);
                p.registrations.extend(related);
            }
            Object::Plan(s) => p.plans.push(s),
            Object::Dose(s) => p.doses.push(s),
            Object::Spatial(s) => {
                p.registrations.extend(s.registrations);
                by_images.extend(s.by_images);
            }
            Object::Foreign => {}
        }
    }
    p.synthetic = p.name.contains("SYNTHETIC");
    p.images = series::volumes(slices, notes);
    let rank = |m: &Modality| match m {
        Modality::Ct => 0,
        Modality::Mr => 1,
        Modality::Pt => 2,
        Modality::Other(_) => 3,
    };
    p.images.sort_by(|a, b| (rank(&a.modality), &a.uid).cmp(&(rank(&b.modality), &b.uid)));
    phases::in_order(&mut p.images);
    p.structure_sets.sort_by(|a, b| a.uid.cmp(&b.uid));
    p.plans.sort_by(|a, b| a.uid.cmp(&b.uid));
    p.doses.sort_by(|a, b| a.uid.cmp(&b.uid));
    p.registrations.extend(registration::of_images(by_images, &frame_of_object, notes));
    p.registrations.sort_by(|a, b| a.uid.cmp(&b.uid));
    frames_from_references(&mut p, notes);
    p
}

/// RT Plans need not name a frame of reference: one that does not takes that of the structure set it refers to.
fn frames_from_references(p: &mut Patient, notes: &mut Vec<Note>) {
    for plan in p.plans.iter_mut().filter(|plan| plan.frame_of_reference_uid.is_empty()) {
        let set = p.structure_sets.iter().find(|s| Some(&s.uid) == plan.structure_set_uid.as_ref());
        if let Some(set) = set.filter(|s| !s.frame_of_reference_uid.is_empty()) {
            plan.frame_of_reference_uid = set.frame_of_reference_uid.clone();
            let object = format!("plan {}", if plan.label.is_empty() { &plan.uid } else { &plan.label });
            notes.push(Note::info(object, "names no frame of reference: its structure set's was taken"));
        }
    }
}

/// Notes on what does not fit together.
fn check(p: &Patient, notes: &mut Vec<Note>) {
    let frames: BTreeSet<&str> =
        p.images.iter().map(|i| i.frame_of_reference_uid.as_str()).filter(|f| !f.is_empty()).collect();
    let who = format!("patient {}", p.id);
    let groups = registration::groups(&frames, p);
    if groups > 1 {
        let joined = if p.registrations.is_empty() { "" } else { " that no registration joins" };
        let text = format!("its images lie in {groups} frames of reference{joined}: they are not laid over each other");
        notes.push(Note::warning(&who, text));
    }
    registration::check(p, notes);
    phases::check(p, notes);
    let series: BTreeSet<&str> = p.images.iter().map(|i| i.uid.as_str()).collect();
    let fits = |frame: &str, object: String, notes: &mut Vec<Note>| {
        if frame.is_empty() {
            notes.push(Note::warning(object, "names no frame of reference: it is not laid over images"));
        } else if !frames.is_empty() && !frames.contains(frame) {
            notes.push(Note::warning(
                object,
                "lies in a frame of reference that none of the images has: it is not laid over them",
            ));
        }
    };
    for s in &p.structure_sets {
        let object = format!("structure set {}", if s.label.is_empty() { &s.uid } else { &s.label });
        fits(&s.frame_of_reference_uid, object.clone(), notes);
        if s.referenced_series_uid.as_deref().is_some_and(|r| !series.contains(r)) {
            notes.push(Note::warning(object, "was drawn on an image series that is not among what was imported"));
        }
    }
    for plan in &p.plans {
        let object = format!("plan {}", if plan.label.is_empty() { &plan.uid } else { &plan.label });
        fits(&plan.frame_of_reference_uid, object.clone(), notes);
        if let Some(uid) = &plan.structure_set_uid
            && !p.structure_sets.iter().any(|s| s.uid == *uid)
        {
            notes.push(Note::warning(object, "refers to a structure set that is not among what was imported"));
        }
    }
    let mut beams = 0;
    for d in &p.doses {
        let object = format!("dose {}", d.uid);
        fits(&d.frame_of_reference_uid, object.clone(), notes);
        plan_of(d, p, object, notes);
        beams += usize::from(d.summation == DoseSummation::Beam);
    }
    extent::check(p, notes);
    if beams > 0 {
        notes.push(Note::info(&who, format!("{beams} of its doses are of one beam each; none is the whole plan's")));
    }
}

fn plan_of(d: &Dose, p: &Patient, object: String, notes: &mut Vec<Note>) {
    match &d.plan_uid {
        None => notes.push(Note::warning(object, "names no plan")),
        Some(uid) if !p.plans.iter().any(|plan| plan.uid == *uid) => {
            notes.push(Note::warning(object, "belongs to a plan that is not among what was imported"));
        }
        Some(_) => {}
    }
}
