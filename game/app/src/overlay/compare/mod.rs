//! Two doses: the one that is shown and another, side by side in one plane, with what the other has more or less.

mod page;
mod work;

use super::dose::{self, DoseShow, Source};
use super::field::{Field, Texels};
use super::slices::{self, SliceMaterial, Viewing};
use super::{Cuts, Family, Fields, Legend, Overlay, join, layers};
use crate::anatomy::PatientFrame;
use crate::events::Events;
use crate::now::{Case, Words};
use crate::overlay::structures::Structures;
use crate::overlay::widgets::{choice, mark};
use crate::tokens;
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::Ui;
use nalgebra::Point3;
use serde::{Deserialize, Serialize};
use vestibule_geometry::AnatomicalPlane;
use work::Found;

/// Name in the family.
pub const ID: &str = "compare";

/// Which doses, and how they are laid side by side.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Compare {
    /// The other dose, by its place among the patient's.
    pub with: Option<usize>,
    /// In which plane.
    pub plane: AnatomicalPlane,
}

impl Default for Compare {
    fn default() -> Self {
        Self { with: None, plane: AnatomicalPlane::Axial }
    }
}

/// What was compared: the dose that is shown, the other, the structures that are drawn.
type Key = (usize, usize, u64);

/// What has been found, and what is on its way.
#[derive(Resource, Default)]
struct Compared {
    has: Option<Key>,
    found: Option<Found>,
    other: Option<Field>,
    difference: Option<Field>,
    coming: Option<(Key, Task<Result<(Found, [Texels; 2]), String>>)>,
    /// Why the engine could not.
    failed: Option<String>,
    /// Key of the text that says why these cannot be compared.
    refused: Option<&'static str>,
}

/// The plane of the other dose (0), of the difference (1).
#[derive(Component)]
struct Side(usize);

/// Comparing; off until somebody wants it.
pub fn plugin(app: &mut App) {
    join(app, Overlay { id: ID, legend, controls, page: Some(page::show), for_patients: None, settled, on: false });
    app.init_resource::<Compare>()
        .init_resource::<Compared>()
        .add_systems(PostStartup, spawn)
        .add_systems(Update, (count, show).chain().after(dose::Shown));
}

/// Whether two doses are side by side now.
pub fn stands(world: &World) -> bool {
    world.resource::<Family>().on(ID) && world.resource::<Compared>().found.is_some()
}

/// The other dose and what it has more, at a point, Gy as shown; None outside it.
pub fn at(world: &World, p: Point3<f64>) -> Option<[f64; 2]> {
    let (case, compare) = (world.get_resource::<Case>()?, world.resource::<Compare>());
    let other = case.patient.doses.get(compare.with?).filter(|_| stands(world))?;
    let there = other.volume.sample(p)? * world.resource::<DoseShow>().factor();
    Some([there, there - dose::at(world, p).unwrap_or(0.0)])
}

/// Names of the dose that is shown and of the other.
pub fn names(world: &World) -> Option<[String; 2]> {
    let (case, words) = (world.get_resource::<Case>()?, world.get_resource::<Words>()?);
    let other = Source::Stored(world.resource::<Compare>().with?);
    Some([world.resource::<DoseShow>().source, other].map(|s| dose::title(words, case, s)))
}

fn spawn(
    mut commands: Commands,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<SliceMaterial>>,
) {
    let Some(frame) = frame else { return };
    let quad = meshes.add(Rectangle::new(1.0, 1.0));
    for (side, layer) in layers::COMPARED.into_iter().enumerate() {
        let cut = commands
            .spawn((
                Side(side),
                Mesh3d(quad.clone()),
                MeshMaterial3d(materials.add(slices::empty(&mut images))),
                Transform::default(),
                RenderLayers::layer(layer),
                NotShadowCaster,
                Visibility::Hidden,
            ))
            .id();
        commands.entity(*frame).add_child(cut);
    }
}

/// Finds out beside the frame what differs.
fn count(
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<DoseShow>,
    structures: Res<Structures>,
    device: Option<Res<RenderDevice>>,
    out: Res<Events>,
    mut compare: ResMut<Compare>,
    mut compared: ResMut<Compared>,
    mut images: ResMut<Assets<Image>>,
) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    let c = compared.bypass_change_detection();
    if let Some((key, task)) = &mut c.coming
        && let Some(done) = block_on(poll_once(task))
    {
        c.has = Some(*key);
        c.coming = None;
        (c.found, c.failed) = (None, None);
        match done {
            Ok((found, [other, difference])) => {
                let [low, high] = found.range_gy;
                out.say(format_args!("compared {low:.3} {high:.3}"));
                let fields = [other, difference].map(|t| Some(Field::new(t, &mut images)));
                ([c.other, c.difference], c.found) = (fields, Some(found));
            }
            Err(why) => c.failed = Some(why),
        }
    }
    let Source::Stored(shown) = show.source else {
        (c.refused, c.found, c.has) = (Some("compare-live"), None, None);
        return;
    };
    // the first other one, until somebody chooses
    if compare.with.is_none_or(|w| w == shown || w >= case.patient.doses.len()) {
        compare.with = (0..case.patient.doses.len()).find(|i| *i != shown);
    }
    let Some(with) = compare.with else {
        (c.refused, c.found, c.has) = (Some("compare-one"), None, None);
        return;
    };
    c.refused = work::why_not(&case.patient.doses[shown], &case.patient.doses[with]);
    if c.refused.is_some() {
        (c.found, c.has) = (None, None);
        return;
    }
    let key = (shown, with, structures.version);
    if c.has.is_some_and(|h| (h.0, h.1) != (shown, with)) {
        (c.found, c.has) = (None, None); // what was found of other doses does not stand under these names
    }
    if c.has == Some(key) || c.coming.is_some() {
        return;
    }
    let (patient, set, wanted) = (case.patient.clone(), structures.set(), structures.shown());
    let most = slices::most_texels(device.as_deref());
    let task =
        AsyncComputeTaskPool::get().spawn(async move { work::compare(&patient, [shown, with], set, &wanted, most) });
    c.coming = Some((key, task));
}

fn show(
    family: Res<Family>,
    compare: Res<Compare>,
    compared: Res<Compared>,
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    fields: Res<Fields>,
    dose: Res<DoseShow>,
    mut materials: ResMut<Assets<SliceMaterial>>,
    mut planes: Query<(&Side, &mut Transform, &mut Visibility, &MeshMaterial3d<SliceMaterial>)>,
) {
    let on = family.on(ID) && compared.found.is_some() && fields.image.is_some();
    for (side, mut place, mut visible, material) in &mut planes {
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        if !on {
            continue;
        }
        let field = if side.0 == 0 { &compared.other } else { &compared.difference };
        let with = Fields { image: fields.image.clone(), other: fields.other.clone(), dose: field.clone() };
        let frame = cuts.frame(compare.plane);
        place.set_if_neq(slices::stand(&frame));
        let mut slice = slices::describe(&frame, &cuts, &viewing, &with, &dose, true);
        if side.0 == 1 {
            let bands = tokens::difference(dose.reference_gy);
            slice.middle.w = bands.len() as f32;
            for (slot, (gray, colour)) in slice.levels.iter_mut().zip(&bands) {
                let rgb = colour.map_or([-1.0; 3], |c| [c.r(), c.g(), c.b()].map(|v| f32::from(v) / 255.0));
                *slot = Vec4::new(rgb[0], rgb[1], rgb[2], *gray as f32);
            }
            slice.wash = Vec4::new(tokens::DIFFERENCE_OPACITY, 0.0, slice.wash.z, 0.0);
        }
        slices::fill(&mut materials, material, slice, &with, false);
    }
}

/// Whether what is asked for has been found.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(c)) = (world.get_resource::<Family>(), world.get_resource::<Compared>()) else {
        return true;
    };
    !family.on(ID)
        || world.get_resource::<Case>().is_none()
        || c.refused.is_some()
        || c.coming.is_none() && c.has.is_some()
}

fn controls(ui: &mut Ui, world: &mut World) {
    let (Some(case), Some(words)) = (world.get_resource::<Case>().cloned(), world.get_resource::<Words>().cloned())
    else {
        return;
    };
    let mut compare = *world.resource::<Compare>();
    let name = |i: Option<usize>| i.map_or_else(String::new, |i| dose::title(&words, &case, Source::Stored(i)));
    choice(ui, "with", &name(compare.with), |ui| {
        for i in 0..case.patient.doses.len() {
            ui.selectable_value(&mut compare.with, Some(i), name(Some(i)));
        }
    });
    ui.horizontal(|ui| {
        for plane in AnatomicalPlane::ALL {
            let tab = ui.selectable_value(&mut compare.plane, plane, words.get(slices::plane_key(plane)));
            mark(ui, &format!("compare-{}", plane.across()), &tab);
        }
    });
    if *world.resource::<Compare>() != compare {
        *world.resource_mut::<Compare>() = compare;
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let c = world.resource::<Compared>();
    if let Some(why) = c.refused.filter(|_| world.resource::<Family>().on(ID)) {
        return Legend { notice: Some(words.get(why)), ..Legend::default() };
    }
    if let Some(why) = &c.failed {
        return Legend { notice: Some(why.clone()), ..Legend::default() };
    }
    let Some([shown, other]) = names(world) else { return Legend::default() };
    let swatches = tokens::difference(world.resource::<DoseShow>().reference_gy);
    let mut swatches: Vec<_> = swatches
        .windows(2)
        .filter_map(|w| {
            let (from, to) = (w[0].0, w[1].0);
            let text = if from < -1e3 { format!("< {to:.1} Gy") } else { format!("{from:+.1} … {to:+.1} Gy") };
            w[0].1.map(|c| (c, text))
        })
        .chain(swatches.last().and_then(|(gray, c)| Some(((*c)?, format!("> {gray:+.1} Gy")))))
        .collect();
    swatches.reverse(); // from the top
    Legend { source: format!("A: {shown}\nB: {other}"), unit: "Gy".to_owned(), swatches, notice: None }
}
