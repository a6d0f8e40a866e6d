//! Along a ray: from the source of the beam through the cross, or where the laser points. Depth in millimetres and in water, dose, and
//! where a proton of the layer's energy stops.

mod page;

use super::beams::BeamsShow;
use super::{Cuts, Family, Legend, Overlay, dose, join};
use crate::anatomy::{DoseNow, PatientFrame};
use crate::now::{Case, Words};
use crate::pointing::Pointed;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use nalgebra::{Point3, Vector3};
use std::sync::Arc;
use vestibule_dose::along::BraggAlong;
use vestibule_dose::{AlongRay, MachineModel, RayProbe};
use vestibule_scenario::{PrepareError, ray_probe};

/// Name in the family.
pub const ID: &str = "along";
/// Thickness of the ray in the room, and of the place where the proton stops, mm.
const LINE_MM: f32 = 0.8;
const STOP_MM: f32 = 2.6;
/// Distance of a source where the plan says none, mm.
const FAR_MM: f64 = 2000.0;

/// What lies along the ray now.
#[derive(Resource, Default)]
pub struct Along {
    probe: Option<Result<(Arc<RayProbe>, usize), String>>,
    coming: Option<Task<Result<(RayProbe, usize), PrepareError>>>,
    key: Option<Key>,
    /// The ray, or why there is none.
    pub ray: Option<Result<AlongRay, String>>,
    /// Where a proton stops on it.
    pub bragg: Option<Result<BraggAlong, String>>,
    /// Nominal energy, MeV.
    pub energy_mev: f64,
    /// Water in the beam before the patient, mm: the range shifters.
    pub before_mm: f64,
}

/// Of which the ray is.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    start: Point3<f64>,
    way: Vector3<f64>,
    dose: (dose::Source, u64),
    energy_mev: f64,
}

#[derive(Component)]
struct Shape;

/// Along a ray; off until somebody wants it.
pub fn plugin(app: &mut App) {
    let along = Overlay { settled, ..Overlay::page(ID, legend, page::show) };
    join(app, along);
    app.init_resource::<Along>().add_systems(Update, (make, follow, draw).chain().after(dose::Shown));
}

/// Stopping powers, once, beside the frame.
fn make(family: Res<Family>, case: Option<Res<Case>>, words: Res<Words>, mut along: ResMut<Along>) {
    let (Some(case), true) = (case, family.on(ID)) else { return };
    if !case.is_whole() {
        return;
    }
    let a = along.bypass_change_detection();
    if a.probe.is_some() {
        return;
    }
    let (patient, plan) = (case.patient.clone(), case.plan);
    let task = a.coming.get_or_insert_with(|| {
        AsyncComputeTaskPool::get().spawn(async move {
            let plan = patient.plans.get(plan).ok_or(PrepareError::NoPlan)?;
            ray_probe(&patient, plan)
        })
    });
    if let Some(made) = block_on(poll_once(task)) {
        let sentence = |e| match e {
            PrepareError::NoPlan => words.get("review-no-beam"),
            PrepareError::NoImage => words.get("slices-no-image"),
            other => other.to_string(),
        };
        a.probe = Some(made.map(|(p, i)| (Arc::new(p), i)).map_err(sentence));
        a.coming = None;
    }
}

/// Where the source of the beam that is looked at stands, DICOM patient mm.
fn source(case: &Case, beam: usize) -> Option<Point3<f64>> {
    let plan = case.patient.plans.get(case.plan)?;
    let beam = plan.beams.get(beam).or(plan.beams.first())?;
    let far = beam.virtual_sad_mm.map_or(FAR_MM, |[x, y]| 0.5 * (x + y));
    Some(plan.frames(beam).patient_to_gantry(&beam.angles).inverse() * Point3::new(0.0, 0.0, far))
}

/// What lies along it now: tens of microseconds, only when something has changed.
fn follow(world: &mut World) {
    if !world.resource::<Family>().on(ID) {
        return;
    }
    let Some(case) = world.get_resource::<Case>().cloned() else { return };
    let Some(Ok((probe, image))) = world.resource::<Along>().probe.clone() else {
        return;
    };
    let show = world.resource::<BeamsShow>().clone();
    let pointed = world.get_resource::<Pointed>().and_then(|p| p.ray);
    let through = world.resource::<Cuts>().at;
    let Some(ray) = pointed.or_else(|| source(&case, show.beam).map(|s| (s, through - s))) else { return };
    let plan = case.patient.plans.get(case.plan);
    let beam = plan.and_then(|p| p.beams.get(show.beam).or(p.beams.first()));
    let layers = beam.map_or(&[][..], |b| &b.layers[..]);
    let highest = layers.iter().map(|l| l.energy_mev).fold(0.0, f64::max);
    let energy_mev = show.layer.and_then(|l| layers.get(l)).map_or(highest, |l| l.energy_mev);
    let before_mm = beam.map_or(0.0, |b| b.range_shifters.iter().filter_map(|r| r.water_equivalent_mm).sum());
    let version = world.resource::<DoseNow>().version;
    let source = world.resource::<dose::DoseShow>().source;
    let key = Key { start: ray.0, way: ray.1, dose: (source, version), energy_mev };
    if world.resource::<Along>().key == Some(key) {
        return;
    }
    let Some(ct) = case.patient.images.get(image) else { return };
    let found = probe.along(&ct.volume, dose::volume(world), ray.0, ray.1).map_err(|e| e.to_string());
    let bragg = found
        .as_ref()
        .ok()
        .filter(|_| energy_mev > 0.0)
        .map(|ray| ray.bragg(&MachineModel::generic(), energy_mev, before_mm).map_err(|e| e.to_string()));
    let mut along = world.resource_mut::<Along>();
    (along.key, along.ray, along.bragg) = (Some(key), Some(found), bragg);
    (along.energy_mev, along.before_mm) = (energy_mev, before_mm);
}

/// The ray in the room, from where it enters to where it ends, and the place where a proton stops.
fn draw(
    mut commands: Commands,
    along: Res<Along>,
    family: Res<Family>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    shapes: Query<Entity, With<Shape>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut drawn: Local<Option<[Point3<f64>; 3]>>,
    mut parts: Local<Option<[Handle<Mesh>; 2]>>,
) {
    let Some(frame) = frame else { return };
    let ends = along.ray.as_ref().filter(|_| family.on(ID)).and_then(|r| r.as_ref().ok()).and_then(|ray| {
        let last = ray.samples.last()?.far_mm;
        let stop = along.bragg.as_ref().and_then(|b| b.as_ref().ok()).and_then(|b| b.r80_at);
        Some([ray.at(ray.entry?.depth_mm), ray.at(last), stop.unwrap_or_else(|| ray.at(last))])
    });
    if *drawn == ends {
        return;
    }
    shapes.iter().for_each(|s| commands.entity(s).despawn());
    *drawn = ends;
    let Some([from, to, stop]) = ends else { return };
    let [tube, ball] = parts.get_or_insert_with(|| {
        [
            meshes.add(Cylinder::new(LINE_MM * 0.5, 1.0).mesh().resolution(8).build()),
            meshes.add(Sphere::new(STOP_MM).mesh().uv(16, 10)),
        ]
    });
    let f = |p: Point3<f64>| Vec3::new(p.x as f32, p.y as f32, p.z as f32);
    let (a, b) = (f(from), f(to));
    let Some(way) = (b - a).try_normalize() else { return };
    let light = materials.add(StandardMaterial { base_color: tokens::LASER, unlit: true, ..default() });
    let line = Transform {
        translation: (a + b) * 0.5,
        rotation: Quat::from_rotation_arc(Vec3::Y, way),
        scale: Vec3::new(1.0, a.distance(b), 1.0),
    };
    for (mesh, place) in [(tube.clone(), line), (ball.clone(), Transform::from_translation(f(stop)))] {
        let shape = (Shape, Mesh3d(mesh), MeshMaterial3d(light.clone()), place, NotShadowCaster);
        let shape = commands.spawn(shape).id();
        commands.entity(*frame).add_child(shape);
    }
}

/// Whether it is known what stops where.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(a)) = (world.get_resource::<Family>(), world.get_resource::<Along>()) else { return true };
    !family.on(ID)
        || world.get_resource::<Case>().is_none()
        || a.probe.as_ref().is_some_and(|p| p.is_err() || a.ray.is_some())
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let failed = world.resource::<Along>().probe.as_ref().and_then(|p| p.as_ref().err()).cloned();
    Legend { source: words.get("along-source"), unit: "mm H₂O".to_owned(), notice: failed, ..Legend::default() }
}
