//! How near the machine comes to the patient and the table: at each beam, and on the way from one to the next.

mod work;

use super::beams::BeamsShow;
use super::widgets::{mark, word};
use super::{Family, Legend, Overlay, join};
use crate::anatomy::PatientFrame;
use crate::now::{Case, Words};
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{RichText, Ui};
use work::{Closest, Found};

/// Name in the family.
pub const ID: &str = "clearance";
/// Radius of the line and of its ends, mm.
const LINE_MM: f32 = 1.2;
const END_MM: f32 = 4.0;

/// From where on it is too near, mm.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct ClearanceShow {
    /// mm.
    pub least_mm: f64,
}

#[derive(Resource, Default)]
struct Clearances {
    has: Option<(usize, Found)>,
    coming: Option<(usize, Task<Found>)>,
    drawn: Option<(usize, usize, bool)>,
}

#[derive(Component)]
struct Line;

/// Off until somebody wants it.
pub fn plugin(app: &mut App) {
    join(app, Overlay { id: ID, legend, controls, page: Some(page), for_patients: None, settled, on: false });
    app.insert_resource(ClearanceShow { least_mm: 30.0 })
        .init_resource::<Clearances>()
        .add_systems(Update, (find, stand).chain());
}

fn find(case: Option<Res<Case>>, family: Res<Family>, mut clearances: ResMut<Clearances>) {
    let Some(case) = case.filter(|_| family.on(ID)) else { return };
    let c = clearances.bypass_change_detection();
    if let Some((plan, task)) = &mut c.coming
        && let Some(found) = block_on(poll_once(task))
    {
        (c.has, c.drawn) = (Some((*plan, found)), None);
        c.coming = None;
    }
    let index = case.plan;
    let done = c.has.as_ref().is_some_and(|h| h.0 == index) || c.coming.is_some();
    if done || case.patient.plans.get(index).is_none() {
        return;
    }
    let patient = case.patient.clone();
    let task = AsyncComputeTaskPool::get()
        .spawn(async move { patient.plans.get(index).map(|plan| work::find(&patient, plan)).unwrap_or_default() });
    c.coming = Some((index, task));
}

/// A line between the two nearest places at the beam that is looked at.
fn stand(
    mut commands: Commands,
    family: Res<Family>,
    show: Res<ClearanceShow>,
    beams: Res<BeamsShow>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    old: Query<Entity, With<Line>>,
    mut clearances: ResMut<Clearances>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let Some(frame) = frame else { return };
    let c = clearances.bypass_change_detection();
    let nearest = c.has.as_ref().filter(|_| family.on(ID)).and_then(|(plan, f)| {
        let at = f.beams.get(beams.beam)?.at.as_ref()?;
        Some(((*plan, beams.beam, at.mm < show.least_mm), at.ends))
    });
    let key = nearest.map(|n| n.0);
    if c.drawn == key {
        return;
    }
    c.drawn = key;
    old.iter().for_each(|e| commands.entity(e).despawn());
    let Some(((_, _, near), ends)) = nearest else { return };
    let colour = if near { tokens::TOO_NEAR } else { tokens::LASER };
    let material = materials.add(StandardMaterial { base_color: colour, unlit: true, ..default() });
    let [a, b] = ends.map(|p| Vec3::new(p.x as f32, p.y as f32, p.z as f32));
    let ball = meshes.add(Sphere::new(END_MM).mesh().uv(20, 12));
    let line = meshes.add(Cylinder::new(LINE_MM, (b - a).length().max(0.1)).mesh().resolution(12));
    let turn = Quat::from_rotation_arc(Vec3::Y, (b - a).normalize_or(Vec3::Y));
    for (mesh, at) in [
        (ball.clone(), Transform::from_translation(a)),
        (ball, Transform::from_translation(b)),
        (line, Transform::from_translation((a + b) * 0.5).with_rotation(turn)),
    ] {
        let part = commands.spawn((Line, Mesh3d(mesh), MeshMaterial3d(material.clone()), at, NotShadowCaster)).id();
        commands.entity(*frame).add_child(part);
    }
}

/// Whether it has been worked out.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(c)) = (world.get_resource::<Family>(), world.get_resource::<Clearances>()) else {
        return true;
    };
    let planned = world.get_resource::<Case>().is_some_and(|c| c.patient.plans.get(c.plan).is_some());
    !family.on(ID) || !planned || c.has.is_some() && c.coming.is_none()
}

fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let mut show = *world.resource::<ClearanceShow>();
    let slider = bevy_egui::egui::Slider::new(&mut show.least_mm, 0.0..=200.0).step_by(5.0).suffix(" mm");
    let slider = ui.add(slider.text(words.get("clearance-least")));
    mark(ui, "clearance-least", &slider);
    if *world.resource::<ClearanceShow>() != show {
        *world.resource_mut::<ClearanceShow>() = show;
    }
}

fn page(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    ui.heading(words.get("overlay-clearance"));
    let planned = world.get_resource::<Case>().is_some_and(|c| c.patient.plans.get(c.plan).is_some());
    if !planned {
        ui.label(RichText::new(words.get("clearance-no-plan")).color(tokens::AMBER));
        return;
    }
    let least = world.resource::<ClearanceShow>().least_mm;
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    let Some((_, found)) = &world.resource::<Clearances>().has else {
        ui.label(small(words.get("compare-coming")).color(tokens::DESK_SOFT));
        return;
    };
    let sentence = |c: &Closest| {
        let what = words.get(if c.table { "clearance-table" } else { "clearance-body" });
        let part = word(&words, "machine", &c.part.to_lowercase().replace(' ', "-"));
        let part = if part.starts_with("machine-") { c.part.clone() } else { part };
        let at = format!("{:.0}° / {:.0}°", c.gantry_deg, c.couch_deg);
        let text = if c.mm < 0.0 {
            format!("{} {:.0} mm   {part} – {what}   {at}", words.get("clearance-hits"), -c.mm)
        } else {
            format!("{:.0} mm   {part} – {what}   {at}", c.mm)
        };
        (text, if c.mm < least { tokens::AMBER } else { tokens::DESK_TEXT })
    };
    let mut chosen = None;
    for (i, beam) in found.beams.iter().enumerate() {
        let now = world.resource::<BeamsShow>().beam == i;
        if ui.selectable_label(now, &beam.name).clicked() {
            chosen = Some(i);
        }
        match &beam.at {
            Some(c) => {
                let (text, colour) = sentence(c);
                ui.label(small(text).color(colour));
            }
            None => drop(ui.label(small(words.get("clearance-nothing")).color(tokens::DESK_SOFT))),
        }
        if let Some(c) = &beam.next {
            let (text, colour) = sentence(c);
            ui.label(small(format!("{} {text}", words.get("clearance-next"))).color(colour));
        }
    }
    if let Some(i) = chosen {
        let mut show = world.resource_mut::<BeamsShow>();
        (show.beam, show.layer, show.picked, show.follow) = (i, None, None, false);
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let found = world.resource::<Clearances>().has.as_ref().map(|h| &h.1);
    let notice = found.and_then(|f| f.failed.clone().or_else(|| f.no_body.then(|| words.get("clearance-no-body"))));
    let machine = found.map_or_else(String::new, |f| format!("{}: ", f.machine));
    Legend {
        source: format!("{machine}{}", words.get("clearance-source")),
        unit: "mm".to_owned(),
        notice: Some(notice.unwrap_or_else(|| words.get("clearance-only-scanned"))),
        ..Legend::default()
    }
}
