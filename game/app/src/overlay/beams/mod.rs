//! The beams as they are delivered: spots in the beam's eye view over the outline of the targets, layer by layer, and what one of them
//! is. A spot that is pressed is gone to in time.

mod opening;
mod page;

use super::structures::Structures;
use super::{Legend, Overlay, join};
use crate::clinician_mode::review::Transport;
use crate::now::{Case, Words};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::Color32;
use serde::{Deserialize, Serialize};
use vestibule_geometry::{BeamAngles, silhouette};

/// Name in the family.
pub const ID: &str = "beams";

/// How finely outlines are looked for, mm.
const STEP_MM: f64 = 0.5;

/// Which beam and layer are looked at.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BeamsShow {
    /// Beam, in the plan's order.
    pub beam: usize,
    /// Layer; None: all of them.
    pub layer: Option<usize>,
    /// Goes with time: the beam and layer that are delivered.
    pub follow: bool,
    /// A spot that was pressed, by its place in the beam.
    pub picked: Option<usize>,
    /// Of a beam that is not scanned: how much of its meterset is delivered, 0 to 1.
    pub share: f64,
    /// Where it is between its control points, from 0, while time says so.
    pub point: Option<f64>,
}

/// Lines as a plot takes them, each in its colour.
type Lines = Vec<(Color32, Vec<[f64; 2]>)>;

/// Outlines of the targets as the beam sees them, on the isocentre plane, mm.
#[derive(Resource, Default)]
struct Outlines {
    of: Option<View>,
    list: Lines,
    coming: Option<(View, Task<Lines>)>,
}

/// What they depend on: beam, structures, and the angles, which an arc changes.
type View = (usize, u64, BeamAngles);

/// Beams; off until somebody wants them.
pub fn plugin(app: &mut App) {
    let for_patients = Some("beams-for-patients");
    join(app, Overlay { for_patients, settled, ..Overlay::page(ID, legend, page::show) });
    app.insert_resource(BeamsShow { follow: true, ..default() })
        .init_resource::<Outlines>()
        .init_resource::<opening::Drawn>()
        .add_systems(Update, (follow, opening::stand, project).chain());
}

/// With time; where it ends, what was delivered last.
fn follow(now: Res<crate::now::Now>, transport: Res<Transport>, mut show: ResMut<BeamsShow>) {
    if !show.follow {
        return;
    }
    let mut to = BeamsShow { picked: None, ..show.clone() };
    match &now.state.beam {
        Some(beam) => match beam.unscanned {
            Some([share, point]) => (to.beam, to.share, to.point) = (beam.beam, share, Some(point)),
            None => (to.beam, to.layer) = (beam.beam, Some(beam.layer)),
        },
        None => {
            let ended = transport.length_s > 0.0 && transport.time_s >= transport.length_s;
            let Some((at, last)) = transport.delivery.beams.iter().enumerate().next_back().filter(|_| ended) else {
                return;
            };
            (to.beam, to.share, to.point) = (at, 1.0, None);
            to.layer = if last.unscanned.is_some() { to.layer } else { last.energies_mev.len().checked_sub(1) };
        }
    }
    if (show.beam, show.layer, show.share, show.point) != (to.beam, to.layer, to.share, to.point) {
        *show = to;
    }
}

/// Surfaces of what is a target, seen from the source of the beam that is looked at; beside the frame.
fn project(
    case: Option<Res<Case>>,
    family: Res<super::Family>,
    show: Res<BeamsShow>,
    structures: Res<Structures>,
    drawn: Res<opening::Drawn>,
    mut outlines: ResMut<Outlines>,
) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    let o = outlines.bypass_change_detection();
    if let Some((key, task)) = &mut o.coming
        && let Some(list) = block_on(poll_once(task))
    {
        (o.of, o.list) = (Some(*key), list);
        o.coming = None;
    }
    let plan = case.patient.plans.get(case.plan);
    let Some((plan, beam)) = plan.and_then(|p| Some((p, p.beams.get(show.beam)?))) else { return };
    let angles = if beam.sequence.is_empty() { beam.angles } else { drawn.now.setting.angles };
    let key = (show.beam, structures.version, angles);
    if o.of == Some(key) || o.coming.is_some() {
        return;
    }
    let (frames, sad) = (plan.frames(beam), beam.virtual_sad_mm);
    let surfaces = structures.target_surfaces();
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let mut list = Vec::new();
        for (colour, mesh) in surfaces {
            let seen = |p: &[f32; 3]| frames.beams_eye(&angles, sad, nalgebra::Point3::from(p.map(f64::from)));
            let points: Vec<_> = mesh.positions.iter().map(seen).collect();
            list.extend(silhouette(&points, &mesh.indices, STEP_MM).into_iter().map(|line| (colour, line)));
        }
        list
    });
    o.coming = Some((key, task));
}

/// Whether the outlines stand.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(o)) = (world.get_resource::<super::Family>(), world.get_resource::<Outlines>()) else {
        return true;
    };
    let planned = world.get_resource::<Case>().is_some_and(|c| c.patient.plans.get(c.plan).is_some());
    !family.on(ID) || !planned || o.of.is_some() && o.coming.is_none()
}

fn legend(world: &World) -> Legend {
    let (Some(words), Some(case)) = (world.get_resource::<Words>(), world.get_resource::<Case>()) else {
        return Legend::default();
    };
    let nothing = world.resource::<Transport>().length_s <= 0.0 && opening::case(world).is_none();
    let plan = case.patient.plans.get(case.plan);
    Legend {
        source: plan.map_or_else(String::new, |p| p.label.clone()),
        unit: "mm".to_owned(),
        notice: nothing.then(|| words.get("review-no-beam")),
        ..Legend::default()
    }
}
