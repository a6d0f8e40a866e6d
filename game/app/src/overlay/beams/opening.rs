//! Jaws, leaves and what they leave open: in the beam's eye view, and as the edges of the beam in the room.

use super::{BeamsShow, ID, Outlines};
use crate::anatomy::PatientFrame;
use crate::clinician_mode::review::{Transport, Wish};
use crate::now::{Case, Words};
use crate::overlay::Family;
use crate::overlay::widgets::{choice, mark, millimetres, plot_height, x_axis};
use crate::tokens;
use bevy::asset::RenderAssetUsages;
use bevy::light::NotShadowCaster;
use bevy::mesh::PrimitiveTopology;
use bevy::prelude::*;
use bevy_egui::egui::{RichText, Slider, Ui};
use egui_plot::{Line, Plot, PlotPoints, Polygon};
use nalgebra::Point3;
use vestibule_patient::{Beam, Delivered, Opening};

/// How far leaves are drawn from their tips, mm, and how far the view reaches beyond what is open.
const LEAF_MM: f64 = 400.0;
const ROUND_MM: f64 = 40.0;
/// Source to axis where nothing says otherwise, mm.
const SAD_MM: f64 = 1000.0;
/// The beam's edges begin so far from the source, as a share of its distance.
const FROM: f64 = 0.45;
/// Corners of an outline that get an edge towards the source.
const EDGES: usize = 12;

/// Plan, beam, and thousandths of it that are delivered and of the way between control points: less is no other picture.
type Key = (usize, usize, u32, u32);

/// The beam as it is shown, worked out when something of it changes.
#[derive(Resource, Default)]
pub(super) struct Drawn {
    key: Option<Key>,
    /// What holds then.
    pub(super) now: Delivered,
    /// None: nothing limits this beam.
    open: Option<Opening>,
    /// Jaws and leaves as closed lines.
    parts: Vec<Vec<[f64; 2]>>,
    /// Half the side of a square that holds every opening of the beam, mm, so that the picture does not breathe.
    reach: f64,
}

#[derive(Component)]
pub(super) struct Edges;

/// Whether a beam is shaped by something that this can show.
pub(super) fn shaped(beam: &Beam) -> bool {
    !beam.limiting_devices.is_empty() || !beam.blocks.is_empty()
}

/// The case whose plan is looked at, where its beams are shaped; and which beam.
pub(super) fn case(world: &World) -> Option<(Case, usize)> {
    let case = world.get_resource::<Case>()?;
    let plan = case.patient.plans.get(case.plan)?;
    let at = world.resource::<BeamsShow>().beam.min(plan.beams.len().checked_sub(1)?);
    plan.beams.iter().any(shaped).then(|| (case.clone(), at))
}

/// The page of beams that are not scanned.
pub(super) fn page(ui: &mut Ui, world: &mut World, words: &Words, case: &Case, at: usize) {
    let Some(plan) = case.patient.plans.get(case.plan) else { return };
    let mut show = world.resource::<BeamsShow>().clone();
    show.beam = at;
    ui.heading(words.get("beams-opening"));
    if world.resource::<Transport>().length_s > 0.0 {
        let follow = ui.checkbox(&mut show.follow, words.get("beams-follow"));
        mark(ui, "beams-follow", &follow);
        ui.label(RichText::new(words.get("beams-generic")).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT));
    }
    choice(ui, "beam", &plan.beams[at].name, |ui| {
        for (i, b) in plan.beams.iter().enumerate() {
            if ui.selectable_label(show.beam == i, &b.name).clicked() {
                (show.beam, show.share, show.point, show.follow) = (i, 0.0, None, false);
            }
        }
    });
    let beam = &plan.beams[show.beam.min(plan.beams.len() - 1)];
    let share = Slider::new(&mut show.share, 0.0..=1.0).show_value(false).text(words.get("beams-delivered"));
    let share = ui.add(share);
    mark(ui, "beams-delivered", &share);
    if share.changed() {
        (show.point, show.follow) = (None, false);
        let mut transport = world.resource_mut::<Transport>();
        let start_s = transport.beams.get(show.beam).map(|b| b.1);
        let when = transport.delivery.beams.get(show.beam).map(|b| b.when(show.share));
        if let (Some(start_s), Some(when)) = (start_s, when) {
            transport.wishes.push(Wish::GoTo(start_s + when));
        }
    }
    let drawn = world.resource::<Drawn>();
    let (now, open, reach) = (&drawn.now, drawn.open.as_ref(), drawn.reach);
    let a = &now.setting.angles;
    let area = open.map_or_else(String::new, |o| format!("   {} {:.2} cm²", words.get("beams-open"), o.area_cm2()));
    for line in [
        format!("{} {:.1} / {}", words.get("beams-point"), now.control_point + 1.0, beam.control_points),
        format!(
            "{} {:.1}°   {} {:.1}°   {} {:.1}°",
            words.get("beams-gantry"),
            a.gantry_deg,
            words.get("beams-collimator"),
            a.beam_limiting_deg,
            words.get("beams-couch"),
            a.patient_support_deg
        ),
        format!("{:.1} / {:.1} MU{area}", show.share * beam.meterset_mu, beam.meterset_mu),
    ] {
        ui.label(RichText::new(line).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT));
    }
    if open.is_some_and(|o| o.outlines_mm.is_empty()) {
        ui.label(RichText::new(words.get("beams-shut")).color(tokens::AMBER));
    }
    let answer = Plot::new("beams-opening")
        .height(plot_height(ui, 0.9))
        .data_aspect(1.0)
        .custom_x_axes(x_axis("x IEC, mm"))
        .x_grid_spacer(millimetres())
        .y_grid_spacer(millimetres())
        .y_axis_label("y IEC, mm")
        .show_x(false)
        .show_y(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .auto_bounds(false)
        .show(ui, |plot| {
            plot.set_plot_bounds(egui_plot::PlotBounds::from_min_max([-reach; 2], [reach; 2]));
            for corners in &drawn.parts {
                let leaf = Polygon::new("", PlotPoints::from(corners.clone())).fill_color(tokens::SCREEN_DIM);
                plot.polygon(leaf.stroke((0.6, tokens::FOG.gamma_multiply(0.6))).allow_hover(false));
            }
            for (colour, points) in &world.resource::<Outlines>().list {
                let line = Line::new("", PlotPoints::from(points.clone()));
                plot.line(line.color(colour.gamma_multiply(0.8)).width(1.2).allow_hover(false));
            }
            for outline in open.iter().flat_map(|o| &o.outlines_mm) {
                let line = Line::new("", PlotPoints::from(outline.clone()));
                plot.line(line.color(tokens::AMBER).width(2.0).allow_hover(false));
            }
        });
    mark(ui, "beams-opening", &answer.response);
    if *world.resource::<BeamsShow>() != show {
        *world.resource_mut::<BeamsShow>() = show;
    }
}

/// Half the side of a square that holds every opening of a beam, mm.
fn reach(beam: &Beam) -> f64 {
    let positions = beam.sequence.iter().flat_map(|c| c.positions_mm.iter().flatten());
    let blocks = beam.blocks.iter().flat_map(|b| b.outline_mm.iter().flatten());
    let most = positions.chain(blocks).fold(0.0f64, |m, v| m.max(v.abs()));
    most.clamp(20.0, 250.0) + ROUND_MM
}

/// What is shown, and the opening on the isocentre's plane and its edges towards the source, as lines in the room.
pub(super) fn stand(
    mut commands: Commands,
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<BeamsShow>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    old: Query<Entity, With<Edges>>,
    mut drawn: ResMut<Drawn>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let (Some(case), Some(frame)) = (case, frame) else { return };
    let beam = case.patient.plans.get(case.plan).and_then(|p| Some((p, p.beams.get(show.beam)?)));
    let beam = beam.filter(|_| family.on(ID));
    let thousandths = |v: f64| (v * 1000.0).round() as u32;
    let key =
        beam.map(|_| (case.plan, show.beam, thousandths(show.share), thousandths(show.point.unwrap_or(-1.0) + 1.0)));
    if drawn.key == key {
        return;
    }
    drawn.key = key;
    old.iter().for_each(|e| commands.entity(e).despawn());
    let Some((plan, beam)) = beam else {
        *drawn = Drawn::default();
        return;
    };
    drawn.now = show.point.map_or_else(|| beam.delivered(show.share), |p| beam.at_control_point(p));
    let setting = drawn.now.setting.clone();
    drawn.open = beam.opening(&setting);
    let parts = beam.limiting_parts(&setting, LEAF_MM);
    drawn.parts = parts.iter().map(|p| [&p.corners_mm[..], &p.corners_mm[..1]].concat()).collect();
    drawn.reach = reach(beam);
    let Some(open) = &drawn.open else { return };
    let into = plan.frames(beam).patient_to_gantry(&setting.angles).inverse();
    let sad = beam.virtual_sad_mm.map_or(SAD_MM, |[x, y]| (x + y) * 0.5);
    let place = |[x, y]: [f64; 2], share: f64| {
        // a share of the way from the source to the isocentre's plane
        let p = into * Point3::new(x * share, y * share, sad * (1.0 - share));
        [p.x as f32, p.y as f32, p.z as f32]
    };
    let mut lines = Vec::new();
    for outline in &open.outlines_mm {
        for pair in outline.windows(2) {
            lines.extend([place(pair[0], 1.0), place(pair[1], 1.0)]);
        }
        let step = (outline.len() / EDGES).max(1);
        for corner in outline.iter().step_by(step) {
            lines.extend([place(*corner, FROM), place(*corner, 1.0)]);
        }
    }
    if lines.is_empty() {
        return;
    }
    let mesh = Mesh::new(PrimitiveTopology::LineList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, lines);
    let material = materials.add(StandardMaterial { base_color: tokens::OPENING, unlit: true, ..default() });
    let edges = commands.spawn((Edges, Mesh3d(meshes.add(mesh)), MeshMaterial3d(material), NotShadowCaster)).id();
    commands.entity(*frame).add_child(edges);
}
