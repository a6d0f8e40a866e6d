//! The 4D images of a patient, one line each.

use serde_json::{Value, json};
use vestibule_patient::{Patient, PhaseAt, PhaseGroup};

/// Every 4D image: its phases in order, those that are missing, those with fewer slices than the others.
pub fn describe(p: &Patient) -> Vec<Value> {
    let numbers = |list: &[PhaseAt]| list.iter().map(|at| at.number()).collect::<Vec<_>>();
    let one = |g: PhaseGroup| {
        let there: Vec<PhaseAt> = g.phases.iter().map(|p| p.at).collect();
        let short = g.phases.iter().filter(|s| s.slices_short > 0);
        json!({
            "name": g.name,
            "modality": g.phases.first().map(|s| p.images[s.image].modality.as_str()),
            "unit": if matches!(there.first(), Some(PhaseAt::Percent(_))) { "%" } else { "position" },
            "phases": numbers(&there),
            "images": g.phases.iter().map(|s| &p.images[s.image].uid).collect::<Vec<_>>(),
            "missing": numbers(&g.missing),
            "short": short.map(|s| json!({ "phase": s.at.number(), "slices": s.slices_short })).collect::<Vec<_>>(),
            "text": text(&g),
        })
    };
    p.phase_groups().into_iter().map(one).collect()
}

fn text(g: &PhaseGroup) -> String {
    let mut out = format!("{} phases: {}", g.phases.len(), PhaseGroup::list(g.phases.iter().map(|p| p.at)));
    if !g.missing.is_empty() {
        out += &format!("; missing: {}", PhaseGroup::list(g.missing.iter().copied()));
    }
    for short in g.phases.iter().filter(|p| p.slices_short > 0) {
        out += &format!("; {} lacks {} slices", short.at, short.slices_short);
    }
    out
}

/// The line for a person's eyes.
pub fn line(v: &Value) -> String {
    let part = |key: &str| v[key].as_str().unwrap_or_default();
    let name = [part("modality"), part("name")].join(" ");
    format!("{}  {}", name.trim(), part("text"))
}
