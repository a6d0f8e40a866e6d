//! The beams as they are delivered: spots in the beam's eye view over the outline of the targets, layer by layer, and what one of them
//! is. A spot that is pressed is gone to in time.

mod page;

use super::structures::Structures;
use super::{Legend, Overlay, join};
use crate::clinician_mode::review::Transport;
use crate::now::{Case, Words};
use bevy::prelude::*;

/// Name in the family.
pub const ID: &str = "beams";

/// Which beam and layer are looked at.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct BeamsShow {
    /// Beam, in the plan's order.
    pub beam: usize,
    /// Layer; None: all of them.
    pub layer: Option<usize>,
    /// Goes with time: the beam and layer that are delivered.
    pub follow: bool,
    /// A spot that was pressed, by its place in the beam.
    pub picked: Option<usize>,
}

/// Contours of the targets as the beam sees them, on the isocentre plane, mm.
#[derive(Resource, Default)]
struct Outlines {
    of: Option<(usize, u64)>,
    list: Vec<(bevy_egui::egui::Color32, Vec<[f64; 2]>)>,
}

/// Beams; off until somebody wants them.
pub fn plugin(app: &mut App) {
    join(app, Overlay { id: ID, legend, controls: |_, _| {}, page: Some(page::show), for_patients: None, on: false });
    app.insert_resource(BeamsShow { follow: true, ..default() })
        .init_resource::<Outlines>()
        .add_systems(Update, (follow, project));
}

/// With time, while it runs.
fn follow(now: Res<crate::now::Now>, mut show: ResMut<BeamsShow>) {
    if let (true, Some(beam)) = (show.follow, &now.state.beam)
        && (show.beam, show.layer) != (beam.beam, Some(beam.layer))
    {
        (show.beam, show.layer, show.picked) = (beam.beam, Some(beam.layer), None);
    }
}

/// Contours of what is a target, seen from the source of the beam that is looked at.
fn project(
    case: Option<Res<Case>>,
    family: Res<super::Family>,
    show: Res<BeamsShow>,
    structures: Res<Structures>,
    mut outlines: ResMut<Outlines>,
) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    let key = (show.beam, structures.version);
    if outlines.of == Some(key) {
        return;
    }
    let (plan, set) = (case.patient.plans.get(case.plan), structures.set());
    let Some((plan, beam)) = plan.and_then(|p| Some((p, p.beams.get(show.beam)?))) else { return };
    let frames = plan.frames(beam);
    let mut list = Vec::new();
    let contours = set.map(|s| &case.patient.structure_sets[s].structures);
    for (entry, structure) in structures.targets().filter_map(|(e, i)| Some((e, contours?.get(i)?))) {
        for contour in &structure.contours {
            let seen = contour.points.iter().chain(contour.points.first());
            let points: Option<Vec<_>> =
                seen.map(|p| frames.beams_eye(&beam.angles, beam.virtual_sad_mm, *p)).collect();
            list.extend(points.map(|p| (entry.colour, p)));
        }
    }
    *outlines = Outlines { of: Some(key), list };
}

fn legend(world: &World) -> Legend {
    let (Some(words), Some(case)) = (world.get_resource::<Words>(), world.get_resource::<Case>()) else {
        return Legend::default();
    };
    let nothing = world.resource::<Transport>().length_s <= 0.0;
    let plan = case.patient.plans.get(case.plan);
    Legend {
        source: plan.map_or_else(String::new, |p| p.label.clone()),
        unit: "mm".to_owned(),
        notice: nothing.then(|| words.get("review-no-beam")),
        ..Legend::default()
    }
}
