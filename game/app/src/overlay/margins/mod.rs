//! A margin round a structure, in millimetres, as a surface in the room; and how near other structures come to it.

use super::structures::Structures;
use super::widgets::{choice, mark};
use super::{Family, Legend, Overlay, join};
use crate::anatomy::{GlassMaterial, GlassUniform, PatientFrame, card_mesh};
use crate::now::{Case, Words};
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{self, Rgba, RichText, Ui};
use serde::{Deserialize, Serialize};
use vestibule_geometry::TriMesh;
use vestibule_geometry::contour::closest;
use vestibule_geometry::contour::distance::{DistanceField, DistanceOptions};

/// Name in the family.
pub const ID: &str = "margins";
/// Largest margin, mm.
const MOST_MM: f64 = 30.0;
/// Triangles of the surface.
const TRIANGLES: usize = 8000;

/// Round which structure, and how far.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MarginShow {
    /// Its place in the list.
    pub of: usize,
    /// mm; below 0 inside it.
    pub margin_mm: f64,
}

/// What was worked out.
struct Found {
    mesh: Result<TriMesh, String>,
    volume_cm3: f64,
    /// Distances of the other structures: place in the list, mm; nearest first.
    near: Vec<(usize, f64)>,
}

#[derive(Resource, Default)]
struct Margin {
    has: Option<(MarginShow, u64)>,
    coming: Option<((MarginShow, u64), Task<Found>)>,
    failed: Option<String>,
    volume_cm3: f64,
    near: Vec<(usize, f64)>,
}

#[derive(Component)]
struct Surface;

/// Margins; off until somebody wants them.
pub fn plugin(app: &mut App) {
    join(app, Overlay { id: ID, legend, controls, page: None, for_patients: None, settled, on: false });
    app.insert_resource(MarginShow { of: 0, margin_mm: 5.0 }).init_resource::<Margin>().add_systems(Update, stand);
}

fn stand(
    mut commands: Commands,
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<MarginShow>,
    structures: Res<Structures>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    old: Query<Entity, With<Surface>>,
    mut margin: ResMut<Margin>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GlassMaterial>>,
) {
    let (Some(case), Some(frame)) = (case, frame) else { return };
    let m = margin.bypass_change_detection();
    if let Some((key, task)) = &mut m.coming
        && let Some(found) = block_on(poll_once(task))
    {
        old.iter().for_each(|e| commands.entity(e).despawn());
        let key = *key;
        (m.has, m.coming, m.volume_cm3, m.near) = (Some(key), None, found.volume_cm3, found.near);
        m.failed = found.mesh.as_ref().err().cloned();
        if let (Ok(mesh), Some(entry)) = (found.mesh, structures.list.get(key.0.of))
            && mesh.triangle_count() > 0
        {
            let [r, g, b, _] = Rgba::from(entry.colour).to_array();
            let [veil, rim, exponent] = tokens::MARGIN_GLASS;
            let glass = GlassUniform {
                body: LinearRgba::new(r, g, b, veil),
                rim: LinearRgba::new(r, g, b, rim),
                shape: Vec4::new(exponent, 0.5, 1.0, 0.15),
            };
            let surface = commands
                .spawn((
                    Surface,
                    Mesh3d(meshes.add(card_mesh(mesh))),
                    MeshMaterial3d(materials.add(GlassMaterial { glass, order: 0.42 })),
                    NotShadowCaster,
                ))
                .id();
            commands.entity(*frame).add_child(surface);
        }
    }
    if !family.on(ID) {
        if m.has.take().is_some() {
            old.iter().for_each(|e| commands.entity(e).despawn());
        }
        return;
    }
    let key = (*show, structures.version);
    let Some(set) = structures.set() else { return };
    if m.has == Some(key) || m.coming.is_some() {
        return;
    }
    let Some(of) = structures.place_in_set(show.of) else { return };
    let others: Vec<(usize, usize)> = structures.shown().into_iter().filter(|(at, _)| *at != show.of).collect();
    let (patient, margin_mm) = (case.patient.clone(), show.margin_mm);
    let drawn_on = case.patient.structure_sets.get(set).and_then(|s| s.referenced_series_uid.as_ref());
    let image = case.patient.images.iter().find(|i| Some(&i.uid) == drawn_on).or(case.patient.images.first());
    let slice_mm = image.map_or(3.0, vestibule_patient::Image::slice_mm).max(0.1);
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let list = &patient.structure_sets[set].structures;
        let options = DistanceOptions { reach_mm: MOST_MM, slice_mm, ..DistanceOptions::default() };
        let whole = DistanceField::new(&list[of].contours, &options).and_then(|field| field.margin(margin_mm));
        let volume_cm3 = whole.as_ref().map_or(0.0, |m| m.volume() / 1000.0);
        let mesh = whole.map(|m| m.simplify(TRIANGLES)).map_err(|e| e.to_string());
        let far = |(at, i): (usize, usize)| {
            closest(&list[of].contours, &list[i].contours, slice_mm).ok().map(|c| (at, c.distance_mm))
        };
        let mut near: Vec<_> = others.into_iter().filter_map(far).collect();
        near.sort_by(|a, b| a.1.total_cmp(&b.1));
        Found { mesh, volume_cm3, near }
    });
    m.coming = Some((key, task));
}

/// Whether the margin stands.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(m)) = (world.get_resource::<Family>(), world.get_resource::<Margin>()) else { return true };
    !family.on(ID) || world.resource::<Structures>().set().is_none() || m.has.is_some() && m.coming.is_none()
}

/// Nearest structures that are told of.
const NEAREST: usize = 4;

fn controls(ui: &mut Ui, world: &mut World) {
    let mut show = *world.resource::<MarginShow>();
    let structures = world.resource::<Structures>();
    let name = |i: usize| structures.list.get(i).map_or_else(String::new, |e| e.name.clone());
    choice(ui, "of", &name(show.of), |ui| {
        for (i, e) in structures.list.iter().enumerate().filter(|e| e.1.middle.is_some()) {
            ui.selectable_value(&mut show.of, i, &e.name);
        }
    });
    let slider = egui::Slider::new(&mut show.margin_mm, -15.0..=MOST_MM).step_by(0.5).suffix(" mm");
    let slider = ui.add(slider);
    mark(ui, "margin", &slider);
    let m = world.resource::<Margin>();
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]);
    if m.has.is_some_and(|h| h.0 == show) && world.resource::<Family>().on(ID) {
        ui.label(small(format!("{} {:+.1} mm: {:.2} cm³", name(show.of), show.margin_mm, m.volume_cm3)));
        for (at, mm) in m.near.iter().take(NEAREST) {
            let colour = structures.list.get(*at).map_or(tokens::DESK_SOFT, |e| e.colour);
            ui.label(small(format!("{}   {mm:.1} mm", name(*at))).color(colour));
        }
    }
    if *world.resource::<MarginShow>() != show {
        *world.resource_mut::<MarginShow>() = show;
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let notice = world.resource::<Margin>().failed.clone();
    Legend { source: words.get("margins-source"), unit: "mm".to_owned(), notice, ..Legend::default() }
}
