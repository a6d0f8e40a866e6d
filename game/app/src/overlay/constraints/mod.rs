//! A protocol's limits against the dose that is shown, row by row. Pass or fail looks like a decision: it is shown of synthetic
//! patients, of anyone else only in research, and marked.

use super::dose::{self, DoseShow, Source};
use super::structures::Structures;
use super::widgets::{choice, mark};
use super::{Family, Legend, Overlay, join};
use crate::now::{Case, Words};
use crate::tokens;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{self, Color32, RichText, Ui};
use vestibule_dose::Dvh;
use vestibule_dose::constraints::{ConstraintRow, Protocol, Verdict, basis, evaluate, needs};
use vestibule_patient::{DoseType, RadiationType};

/// Name in the family.
pub const ID: &str = "constraints";

/// Protocols that can be chosen, and whether anyone but a synthetic patient is judged.
#[derive(Resource, Default)]
pub struct Protocols {
    /// As they were read.
    pub list: Vec<Protocol>,
    /// The one that is shown.
    pub chosen: usize,
    /// `--research`.
    pub research: bool,
}

/// Of which dose and protocol the table is, times which RBE.
type Key = (usize, usize, bool);

/// What the engine said.
type Judged = Result<(Vec<ConstraintRow>, Vec<String>), String>;

#[derive(Resource, Default)]
struct Table {
    has: Option<Key>,
    judged: Option<Judged>,
    coming: Option<(Key, Task<Judged>)>,
    /// Key of the text that says why there is none.
    refused: Option<&'static str>,
}

/// Constraints; off until somebody wants them.
pub fn plugin(app: &mut App) {
    let table = Overlay { id: ID, legend, controls, page: Some(page), for_patients: None, settled, on: false };
    join(app, table);
    app.init_resource::<Protocols>().init_resource::<Table>().add_systems(Update, count.after(dose::Shown));
}

fn count(
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<DoseShow>,
    structures: Res<Structures>,
    protocols: Res<Protocols>,
    mut table: ResMut<Table>,
) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    let t = table.bypass_change_detection();
    if let Some((key, task)) = &mut t.coming
        && let Some(judged) = block_on(poll_once(task))
    {
        (t.has, t.judged) = (Some(*key), Some(judged));
        t.coming = None;
    }
    t.refused = match (show.source, structures.set()) {
        _ if !case.patient.synthetic && !protocols.research => Some("constraints-research"),
        _ if protocols.list.is_empty() => Some("constraints-none"),
        (Source::Live, _) => Some("constraints-live"),
        (_, None) => Some("structures-none"),
        _ => None,
    };
    let (Source::Stored(at), Some(set), None) = (show.source, structures.set(), t.refused) else { return };
    let chosen = protocols.chosen.min(protocols.list.len() - 1);
    let key = (at, chosen, show.weighted);
    if t.has != Some(key) {
        t.judged = None; // no verdict of another dose or protocol stands beside this one's rows
    }
    if t.has == Some(key) || t.coming.is_some() {
        return;
    }
    let (patient, protocol) = (case.patient.clone(), protocols.list[chosen].clone());
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let (dose, set) = (&patient.doses[at], &patient.structure_sets[set]);
        let plan = dose.plan_uid.as_ref().and_then(|uid| patient.plans.iter().find(|p| p.uid == *uid));
        // what is shown is what is judged: a proton's physical dose counts 1.1 times where the protocol is of weighted dose
        let proton = plan.is_some_and(|p| p.radiation() == RadiationType::Proton);
        let weigh = proton && dose.dose_type == DoseType::Physical && protocol.dose.dose_type == DoseType::Effective;
        let basis = basis(&protocol, dose, plan, weigh.then_some(dose::RBE)).map_err(|e| e.to_string())?;
        let mut dvhs: Vec<Option<Result<Dvh, String>>> = vec![None; set.structures.len()];
        for i in needs(&protocol, set) {
            dvhs[i] = Some(Dvh::new(&dose.volume, &set.structures[i].contours).map_err(|e| e.to_string()));
        }
        let of = |i: usize| dvhs[i].as_ref().map(|d| d.as_ref().map_err(Clone::clone));
        Ok((evaluate(&protocol, set, &of, &basis), basis.notes))
    });
    t.coming = Some((key, task));
}

/// Whether the table stands.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(t)) = (world.get_resource::<Family>(), world.get_resource::<Table>()) else { return true };
    !family.on(ID)
        || world.get_resource::<Case>().is_none()
        || t.refused.is_some()
        || t.has.is_some() && t.coming.is_none()
}

fn controls(ui: &mut Ui, world: &mut World) {
    let protocols = world.resource::<Protocols>();
    let titles: Vec<String> = protocols.list.iter().map(|p| p.title.clone()).collect();
    let mut chosen = protocols.chosen.min(titles.len().saturating_sub(1));
    choice(ui, "protocol", titles.get(chosen).map_or("", String::as_str), |ui| {
        for (i, title) in titles.iter().enumerate() {
            ui.selectable_value(&mut chosen, i, title);
        }
    });
    if chosen != world.resource::<Protocols>().chosen {
        world.resource_mut::<Protocols>().chosen = chosen;
    }
}

/// Colour and key of the text of what became of a row.
fn verdict(v: &Verdict) -> (Color32, &'static str) {
    match v {
        Verdict::Met => (tokens::DESK_MARK, "constraints-met"),
        Verdict::WithinVariation => (tokens::AMBER, "constraints-within"),
        Verdict::NotMet => (tokens::NOT_MET, "constraints-missed"),
        Verdict::NoStructure => (tokens::DESK_SOFT, "constraints-absent"),
        Verdict::Unavailable(_) => (tokens::DESK_SOFT, "constraints-unknown"),
    }
}

fn page(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let heading = ui.heading(words.get("overlay-constraints"));
    mark(ui, "constraints-page", &heading);
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let t = world.resource::<Table>();
    if let Some(why) = t.refused {
        ui.label(RichText::new(words.get(why)).color(tokens::AMBER));
        return;
    }
    let protocols = world.resource::<Protocols>();
    // chosen in this very frame: the verdicts are still the former protocol's
    let judged = t.judged.as_ref().filter(|_| t.has.is_some_and(|h| h.1 == protocols.chosen));
    let (Some(protocol), Some(judged)) = (protocols.list.get(protocols.chosen), judged) else {
        ui.label(small(words.get("compare-coming")).color(tokens::DESK_SOFT));
        return;
    };
    let synthetic = world.get_resource::<Case>().is_some_and(|c| c.patient.synthetic);
    let warn = if synthetic { "constraints-synthetic" } else { "constraints-mark" };
    ui.label(RichText::new(words.get(warn)).color(tokens::AMBER));
    ui.label(small(format!("{}; {}", protocol.title, protocol.source)).color(tokens::DESK_SOFT));
    let (rows, notes) = match judged {
        Ok(found) => found,
        Err(why) => {
            ui.label(RichText::new(why).color(tokens::AMBER));
            return;
        }
    };
    egui::Grid::new("constraints").num_columns(4).striped(true).spacing([9.0, 4.0]).show(ui, |ui| {
        for row in rows {
            let c = &protocol.rows[row.constraint];
            let (colour, key) = verdict(&row.verdict);
            ui.label(small(format!("{}\n{}", c.structure, c.metric))).on_hover_text(&c.label);
            let wider = c.variation.map_or_else(String::new, |v| format!(" ({v})"));
            let value = row.value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2} {}", c.metric.unit()));
            ui.label(small(value));
            ui.label(small(format!("{} {}{wider}", c.compare.sign(), c.goal)).color(tokens::DESK_SOFT));
            let said = ui.label(small(words.get(key)).color(colour));
            let why = match &row.verdict {
                Verdict::Unavailable(why) => Some(why),
                _ => row.note.as_ref(),
            };
            if let Some(why) = why {
                said.on_hover_text(why);
            }
            ui.end_row();
        }
    });
    for note in notes {
        ui.label(small(note.clone()).color(tokens::DESK_SOFT));
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let refused = world.resource::<Table>().refused.filter(|_| world.resource::<Family>().on(ID));
    Legend { source: words.get("constraints-source"), notice: refused.map(|k| words.get(k)), ..Legend::default() }
}
