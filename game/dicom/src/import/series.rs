//! Slices into volumes: which belong together, in which order, at which spacing.

use super::slice::Slice;
use crate::Note;
use crate::write::derived_uid;
use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Image, Modality, Phase};

/// Makes volumes of one patient's slices.
pub(super) fn volumes(slices: Vec<Slice>, notes: &mut Vec<Note>) -> Vec<Image> {
    let mut series: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    for s in slices {
        let key = s.series_uid.clone().unwrap_or_else(|| {
            notes.push(Note::warning(
                &s.label,
                "names no series: it was put with others of its study, modality and size",
            ));
            derived_uid(&[&s.study_uid, &s.modality, "no series"])
        });
        series.entry(key).or_default().push(s);
    }
    let mut out = Vec::new();
    for (uid, slices) in series {
        let modality = slices[0].modality.clone();
        let name = format!("{modality} series {uid}");
        let mut groups: Vec<Vec<Slice>> = Vec::new();
        for s in slices {
            match groups.iter_mut().find(|g| same_shape(&g[0], &s)) {
                Some(g) => g.push(s),
                None => groups.push(vec![s]),
            }
        }
        if groups.len() > 1 {
            let sizes: Vec<String> = groups.iter().map(|g| g.len().to_string()).collect();
            notes.push(Note::warning(
                &name,
                format!(
                    "its slices differ in size, orientation, spacing or frame of reference: parted into {} volumes of {} slices",
                    groups.len(),
                    sizes.join(", ")
                ),
            ));
        }
        // The largest keeps the series' own UID.
        groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
        let mut made = 0;
        for group in groups {
            for part in places(group, &name, notes) {
                if let Some(mut image) = volume(part, &name, notes) {
                    image.uid = if made == 0 { uid.clone() } else { derived_uid(&[&uid, "part", &made.to_string()]) };
                    made += 1;
                    out.push(image);
                }
            }
        }
    }
    out
}

/// Slices of one volume have all of these in common.
fn same_shape(a: &Slice, b: &Slice) -> bool {
    a.modality == b.modality
        && a.frame_of_reference_uid == b.frame_of_reference_uid
        && (a.rows, a.columns) == (b.rows, b.columns)
        && a.spacing.iter().zip(&b.spacing).all(|(x, y)| (x - y).abs() < 1e-3)
        // A twentieth of a degree.
        && (a.row - b.row).norm() < 1e-3
        && (a.column - b.column).norm() < 1e-3
}

/// Drops files that stand twice, and parts phases that lie at the same places.
fn places(slices: Vec<Slice>, name: &str, notes: &mut Vec<Note>) -> Vec<Vec<Slice>> {
    let mut seen = BTreeSet::new();
    let all = slices.len();
    let slices: Vec<Slice> =
        slices.into_iter().filter(|s| s.sop_uid.is_empty() || seen.insert(s.sop_uid.clone())).collect();
    if slices.len() < all {
        notes.push(Note::info(name, format!("{} files stand twice; each was taken once", all - slices.len())));
    }
    if unique_places(&slices.iter().collect::<Vec<_>>()) {
        return vec![slices];
    }
    let names: BTreeSet<&'static str> = slices.iter().flat_map(|s| s.parts.iter().map(|p| p.0)).collect();
    let order = slices[0].parts.iter().map(|p| p.0).filter(|n| names.contains(n)).collect::<Vec<_>>();
    for tag in order {
        let mut groups: BTreeMap<String, Vec<&Slice>> = BTreeMap::new();
        for s in &slices {
            let value = s.parts.iter().find(|p| p.0 == tag).map(|p| p.1.clone()).unwrap_or_default();
            groups.entry(value).or_default().push(s);
        }
        let size = groups.values().next().map_or(0, Vec::len);
        // A phase may lack slices; what an acquisition or a time tells apart is believed only where all are alike.
        let phases = tag.starts_with("TemporalPosition") || tag.starts_with("NominalPercentage");
        if groups.len() > 1 && groups.values().all(|g| (phases || g.len() == size) && unique_places(g)) {
            notes.push(Note::info(name, format!("holds {} volumes at the same places, parted by {tag}", groups.len())));
            let mut groups: Vec<(String, Vec<&Slice>)> = groups.into_iter().collect();
            // 2 before 10.
            let number = |s: &str| s.parse::<f64>().unwrap_or(f64::INFINITY);
            groups.sort_by(|a, b| number(&a.0).total_cmp(&number(&b.0)));
            return groups.into_iter().map(|(_, g)| g.into_iter().cloned().collect()).collect();
        }
    }
    notes.push(Note::error(name, "several slices lie at the same place and nothing tells them apart: left out"));
    Vec::new()
}

fn normal(s: &Slice) -> Vector3<f64> {
    s.row.cross(&s.column)
}

fn unique_places(slices: &[&Slice]) -> bool {
    let Some(n) = slices.first().map(|s| normal(s)) else { return true };
    let mut heights: Vec<f64> = slices.iter().map(|s| s.at.coords.dot(&n)).collect();
    heights.sort_by(f64::total_cmp);
    heights.windows(2).all(|w| w[1] - w[0] > 1e-3)
}

/// How the heights of sorted slices step.
pub(super) enum Steps {
    /// Evenly; the step.
    Even(f64),
    /// Whole slices are missing: the step, and the heights of what is missing.
    Missing(f64, Vec<f64>),
    /// Unevenly; the smallest step.
    Uneven(f64),
}

/// Judges the steps between sorted heights (at least two). Steps that vary by 0.05 mm either way are even.
pub(super) fn steps(heights: &[f64]) -> Steps {
    let steps: Vec<f64> = heights.windows(2).map(|w| w[1] - w[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[(sorted.len() - 1) / 2];
    let mean = (heights[heights.len() - 1] - heights[0]) / steps.len() as f64;
    // Positions that are off by 0.05 mm either way make steps that are off by 0.1, and a mean that is off too.
    let tolerance = |step: f64| (0.02 * step).max(0.15).min(0.25 * step);
    let off = |i: usize, h: f64| (h - heights[0] - mean * i as f64).abs();
    if steps.iter().all(|s| (s - mean).abs() <= tolerance(mean))
        && heights.iter().enumerate().all(|(i, h)| off(i, *h) <= 0.25 * mean)
    {
        return Steps::Even(mean);
    }
    let tolerance = tolerance(usual);
    let even = steps.iter().filter(|s| (*s - usual).abs() <= tolerance).count();
    let multiple = |s: f64| (s / usual).round();
    let all_multiples = steps.iter().all(|s| (s - multiple(*s) * usual).abs() <= tolerance * multiple(*s).max(1.0));
    // A few holes in an even stack are missing slices; many of them are a protocol with two spacings.
    let holes = steps.len() - even;
    if all_multiples && (holes * 4 <= steps.len() || holes == 1) {
        let mut gone = Vec::new();
        for (h, s) in heights.iter().zip(&steps) {
            for i in 1..multiple(*s) as usize {
                gone.push(h + usual * i as f64);
            }
        }
        return Steps::Missing(usual, gone);
    }
    Steps::Uneven(sorted[0])
}

fn volume(mut slices: Vec<Slice>, name: &str, notes: &mut Vec<Note>) -> Option<Image> {
    let n = normal(&slices[0]);
    slices.sort_by(|a, b| a.at.coords.dot(&n).total_cmp(&b.at.coords.dot(&n)));
    let heights: Vec<f64> = slices.iter().map(|s| (s.at - slices[0].at).dot(&n)).collect();
    let first = &slices[0];
    let base = first.at.coords.dot(&n);
    // Slices of one stack lie on one line along the normal; a tilted gantry shifts each against the last.
    for (s, h) in slices.iter().zip(&heights) {
        let aside = (s.at - first.at - n * *h).norm();
        if aside > 0.1 + 0.001 * h.abs() {
            let last = &slices[slices.len() - 1];
            let along = heights[heights.len() - 1];
            let angle = ((last.at - first.at - n * along).norm() / along.max(1e-9)).atan().to_degrees();
            let text = format!(
                "its slices are shifted against each other (gantry tilt of about {angle:.1} degrees): left out; export it straightened"
            );
            notes.push(Note::error(name, text));
            return None;
        }
    }
    let (step, resample) = if slices.len() == 1 {
        let step = first.thickness.unwrap_or(1.0);
        let text = match first.thickness {
            Some(_) => format!("is a single slice: its stated thickness of {step} mm was taken"),
            None => format!("is a single slice: it does not state its thickness, and {step} mm was taken"),
        };
        notes.push(Note::warning(name, text));
        (step, false)
    } else {
        match steps(&heights) {
            Steps::Even(step) => (step, false),
            Steps::Missing(step, gone) => {
                let at: Vec<String> = gone.iter().take(12).map(|h| format!("{:.2}", base + h)).collect();
                let more = if gone.len() > 12 { " and more" } else { "" };
                let text = format!(
                    "{} of its slices (every {step:.2} mm) missing, at {} mm along the normal{more}: left out, because what lies there is unknown",
                    gone.len(),
                    at.join(", ")
                );
                notes.push(Note::error(name, text));
                return None;
            }
            Steps::Uneven(finest) => {
                let span = heights[heights.len() - 1];
                if finest < 0.05 || span / finest > 4.0 * slices.len() as f64 + 8.0 {
                    notes.push(Note::error(name, "its slices lie at uneven places that fit no grid: left out"));
                    return None;
                }
                let widest = heights.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
                let text = format!(
                    "its slices are {finest:.2} to {widest:.2} mm apart: interpolated along the normal onto an even {finest:.2} mm"
                );
                notes.push(Note::warning(name, text));
                (finest, true)
            }
        }
    };
    Some(assemble(&slices, &heights, step, resample, name, notes))
}

fn assemble(slices: &[Slice], heights: &[f64], step: f64, resample: bool, name: &str, notes: &mut Vec<Note>) -> Image {
    let first = &slices[0];
    let n = normal(first);
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for text in slices.iter().flat_map(|s| &s.assumed) {
        *counted.entry(text).or_default() += 1;
    }
    for (text, count) in counted {
        notes.push(Note::warning(name, format!("{text} ({count} of {} slices)", slices.len())));
    }
    let per_slice = first.rows * first.columns;
    let nk = if resample { (heights[heights.len() - 1] / step + 1e-6).floor() as usize + 1 } else { slices.len() };
    let grid = Grid {
        size: [first.columns, first.rows, nk],
        spacing_mm: [first.spacing[0], first.spacing[1], step],
        origin_mm: first.at,
        axes: Matrix3::from_columns(&[first.row, first.column, n]),
    };
    let mut data = vec![0f32; per_slice * nk];
    data.par_chunks_mut(per_slice.max(1)).enumerate().for_each(|(k, out)| {
        // The two slices around this height, and how far towards the second.
        let (a, b, t) = if resample {
            let h = (k as f64 * step).min(heights[heights.len() - 1]);
            let above = heights.partition_point(|x| *x <= h).min(heights.len() - 1).max(1);
            let (lo, hi) = (heights[above - 1], heights[above]);
            (above - 1, above, ((h - lo) / (hi - lo)).clamp(0.0, 1.0))
        } else {
            (k, k, 0.0)
        };
        let (a, b) = (&slices[a], &slices[b]);
        for (i, v) in out.iter_mut().enumerate() {
            let x = a.pixels.at(i) * a.slope + a.intercept;
            *v = if t == 0.0 { x } else { x + (b.pixels.at(i) * b.slope + b.intercept - x) * t } as f32;
        }
    });
    let positions: BTreeSet<&str> = slices.iter().filter_map(|s| s.position.as_deref()).collect();
    let position = match positions.len() {
        0 => {
            notes.push(Note::warning(name, "does not say how the patient lay (Patient Position)"));
            None
        }
        1 => {
            let text = positions.into_iter().next().unwrap_or_default();
            let parsed = text.parse().ok();
            if parsed.is_none() {
                notes.push(Note::warning(name, format!("has the patient position '{text}', which is not known here")));
            }
            parsed
        }
        _ => {
            notes.push(Note::warning(name, "contradicts itself in how the patient lay: no position was taken"));
            None
        }
    };
    if first.frame_of_reference_uid.is_empty() {
        notes.push(Note::warning(name, "names no frame of reference: nothing else can be laid over it"));
    }
    let own_uids = !resample && slices.iter().all(|s| !s.sop_uid.is_empty());
    Image {
        uid: String::new(),
        study_uid: first.study_uid.clone(),
        frame_of_reference_uid: first.frame_of_reference_uid.clone(),
        modality: Modality::from(first.modality.as_str()),
        description: first.description.clone(),
        position,
        unit: first.unit.clone(),
        slice_uids: if own_uids { slices.iter().map(|s| s.sop_uid.clone()).collect() } else { Vec::new() },
        phase: Phase::common(slices.iter().map(|s| s.phase)),
        coarse: None,
        volume: Volume { grid, data },
    }
}
