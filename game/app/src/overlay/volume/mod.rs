//! The image in grey as a body: marched from the eye, by a transfer function, cut open where the planes cross.

mod controls;
mod eyes;
mod job;
mod material;
mod pass;
pub mod transfer;

pub use pass::MARCHING;

use super::{Cuts, Family, Fields, Legend, Overlay, dose, join, slices};
use crate::anatomy::{PatientFrame, box_of};
use crate::now::{Case, Now, Words};
use crate::overlay::slices::Viewing;
use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use job::{Job, MarchUniform, Marching};
use nalgebra::{Point3, Vector3};
use serde::{Deserialize, Serialize};
use transfer::{Blocks, PRESETS, Stop, TABLE};
use vestibule_geometry::AnatomicalPlane;
use vestibule_patient::Modality;

/// Name in the family.
pub const ID: &str = "volume";
/// Mm of a step, as a share of the smallest distance between texels.
const STEP: f64 = 0.7;

/// What is cut away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clip {
    /// Nothing.
    Nothing,
    /// The octant between the three cuts on the side of who looks.
    #[default]
    Octant,
    /// Everything on one side of a cut; `true`: on its other side.
    Plane(AnatomicalPlane, bool),
    /// Everything on one side of the plane that stands askew, which a hand may hold; `true`: on its other side.
    Askew(bool),
    /// A cylinder along the beam, from the point towards the source.
    Beam,
}

/// How the volume is shown.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeShow {
    /// What it began with, by its place in [`PRESETS`].
    pub preset: usize,
    /// The transfer function.
    pub stops: Vec<Stop>,
    /// What is cut away.
    pub clip: Clip,
    /// Radius of the cylinder along the beam, mm.
    pub radius_mm: f64,
    /// Only the box of the body, without what carries it.
    pub body_only: bool,
    /// Share of that box, or of the image's, that is seen along each patient axis: from, to.
    pub inside: [[f64; 2]; 3],
    /// Density: 1 as the function says.
    pub density: f32,
    /// Shine where the surface faces the eye.
    pub gloss: f32,
    /// How much hollows darken, 0 to 1.
    pub hollow: f32,
    /// How densely the dose shines in it, 0 (not at all) to 1.
    pub dose: f32,
}

impl Default for VolumeShow {
    fn default() -> Self {
        Self {
            preset: 0,
            stops: PRESETS[0].1.to_vec(),
            clip: Clip::default(),
            radius_mm: 40.0,
            body_only: true,
            inside: [[0.0, 1.0]; 3],
            density: 1.0,
            gloss: 0.05,
            hollow: 0.75,
            dose: 0.0,
        }
    }
}

impl VolumeShow {
    /// Another preset.
    pub fn choose(&mut self, preset: usize) {
        if let Some((_, stops)) = PRESETS.get(preset) {
            (self.preset, self.stops) = (preset, stops.to_vec());
        }
    }
}

/// The preset for what is not CT.
const OTHER: usize = PRESETS.len() - 1;

/// The box of the image. What it carries each eye sees for itself.
#[derive(Component)]
struct Body {
    made: Option<Made>,
    cube: Handle<Mesh>,
}

/// What was made for the card, and from what.
#[derive(Clone)]
struct Made {
    from: (AssetId<Image>, Vec<Stop>, [f64; 2]),
    transfer: Handle<Image>,
    full: Handle<Image>,
}

/// An image by its place and its voxels: it may come coarse first.
type Counted = (usize, [usize; 3]);

/// What is known of the image, and of how many texels.
#[derive(Resource, Default)]
struct Coming {
    task: Option<(Counted, Task<([usize; 3], Blocks)>)>,
    has: Option<(Counted, [usize; 3], Blocks)>,
}

/// The volume; off until somebody wants it, since it costs more than all the rest.
pub fn plugin(app: &mut App) {
    join(
        app,
        Overlay {
            id: ID,
            legend,
            controls: controls::controls,
            page: None,
            for_patients: Some("volume-for-patients"),
            settled,
            on: false,
        },
    );
    app.add_plugins((material::plugin, pass::plugin, eyes::plugin))
        .init_resource::<VolumeShow>()
        .init_resource::<Coming>()
        .init_resource::<Marching>()
        .add_systems(PostStartup, spawn)
        .add_systems(Update, (count, show).chain())
        .add_systems(PostUpdate, stand.after(TransformSystems::Propagate).before(eyes::Placed));
}

fn texture(size: [usize; 3], dimension: TextureDimension, data: Vec<u8>, format: TextureFormat) -> Image {
    let [width, height, depth_or_array_layers] = size.map(|n| n as u32);
    let size = Extent3d { width, height, depth_or_array_layers };
    Image::new(size, dimension, data, format, RenderAssetUsages::default())
}

fn spawn(mut commands: Commands, frame: Option<Single<Entity, With<PatientFrame>>>, mut meshes: ResMut<Assets<Mesh>>) {
    let Some(frame) = frame else { return };
    let cube = meshes.add(Cuboid::from_length(1.0));
    let body = commands.spawn((Body { made: None, cube }, Transform::default(), Visibility::Hidden)).id();
    commands.entity(*frame).add_child(body);
}

/// The box in the room, once it is known for this frame.
fn stand(mut marching: ResMut<Marching>, body: Option<Single<&GlobalTransform, With<Body>>>) {
    let Some(place) = body.map(|b| b.to_matrix()) else { return };
    if marching.0.as_ref().is_some_and(|j| j.world_from_local != place)
        && let Some(job) = &mut marching.0
    {
        job.world_from_local = place;
    }
}

/// What each block of the image holds, beside the frame.
fn count(
    family: Res<Family>,
    case: Option<Res<Case>>,
    viewing: Res<Viewing>,
    fields: Res<Fields>,
    mut coming: ResMut<Coming>,
    mut show: ResMut<VolumeShow>,
) {
    let (Some(case), Some(index), true) = (case, viewing.image, family.on(ID)) else { return };
    let coming = coming.bypass_change_detection();
    if let Some((key, task)) = &mut coming.task
        && let Some((texels, blocks)) = block_on(poll_once(task))
    {
        coming.has = Some((*key, texels, blocks));
        coming.task = None;
    }
    let Some(image) = case.patient.images.get(index) else { return };
    let key = (index, image.volume.grid.size);
    if coming.has.as_ref().is_some_and(|h| h.0 == key) || coming.task.as_ref().is_some_and(|t| t.0 == key) {
        return;
    }
    let ct = image.modality == Modality::Ct;
    if ct == (show.preset == OTHER) {
        show.choose(if ct { 0 } else { OTHER });
    }
    let coarser = fields.image.as_ref().and_then(|f| f.coarser);
    let patient = case.patient.clone();
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let volume = &patient.images[index].volume;
        match coarser {
            None => (volume.grid.size, transfer::blocks(&volume.data, volume.grid.size)),
            Some(block) => {
                let coarse = volume.averaged(block);
                (coarse.grid.size, transfer::blocks(&coarse.data, coarse.grid.size))
            }
        }
    });
    coming.task = Some((key, task));
}

/// How a value of the image becomes one of the transfer function: factor and offset.
fn scale_of(case: &Case, viewing: &Viewing) -> [f64; 2] {
    let ct = viewing.image.and_then(|i| case.patient.images.get(i)).is_none_or(|i| i.modality == Modality::Ct);
    let [centre, width] = viewing.window;
    if ct { [1.0, 0.0] } else { [1.0 / width, 0.5 - centre / width] }
}

fn show(
    family: Res<Family>,
    case: Option<Res<Case>>,
    now: Res<Now>,
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    fields: Res<Fields>,
    show: Res<VolumeShow>,
    dose: Res<dose::DoseShow>,
    coming: Res<Coming>,
    mut images: ResMut<Assets<Image>>,
    mut marching: ResMut<Marching>,
    body: Option<Single<(&mut Body, &mut Transform, &mut Visibility)>>,
) {
    let (Some(case), Some(body)) = (case, body) else { return };
    let (mut body, mut place, mut visible) = body.into_inner();
    let ready = coming.has.as_ref().filter(|h| Some(h.0.0) == viewing.image).zip(fields.image.as_ref());
    // texels of another image than was counted are not marched
    let Some(((.., blocks), field)) = ready.filter(|(h, f)| family.on(ID) && h.1 == f.grid.size) else {
        visible.set_if_neq(Visibility::Hidden);
        if marching.0.is_some() {
            marching.0 = None;
        }
        return;
    };
    visible.set_if_neq(Visibility::Inherited);
    place.set_if_neq(box_of(&field.grid));
    let scale = scale_of(&case, &viewing);
    let from = (field.texture.id(), show.stops.clone(), scale);
    if body.made.as_ref().is_none_or(|m| m.from != from) {
        let colours: Vec<f32> = transfer::table(&show.stops).concat();
        let table = super::field::halves(&colours);
        let transfer = images.add(texture([TABLE, 1, 1], TextureDimension::D2, table, TextureFormat::Rgba16Float));
        let full = transfer::full(blocks, &show.stops, scale);
        let full = images.add(texture(blocks.size, TextureDimension::D3, full, TextureFormat::R8Unorm));
        body.made = Some(Made { from, transfer, full });
    }
    let Some(made) = &body.made else { return };
    let mut march = describe(field, &case, &now, &cuts, &show, scale);
    // until there is a dose its place is taken by the image, and nothing shines
    let shining = fields.dose.as_ref().filter(|_| show.dose > 0.0 && family.on(dose::ID));
    if let Some(field) = shining {
        shine(&mut march, field, &dose, show.dose);
    }
    let job = Job {
        march,
        world_from_local: marching.0.as_ref().map_or(Mat4::IDENTITY, |j| j.world_from_local),
        volume: field.texture.clone(),
        transfer: made.transfer.clone(),
        full: made.full.clone(),
        dose: shining.unwrap_or(field).texture.clone(),
    };
    if marching.0.as_ref() != Some(&job) {
        marching.0 = Some(job);
    }
}

/// Opacity of a mm of dose where it is densest.
const SHINES: f32 = 0.12;

/// The dose in the volume, in the bands of the cuts.
fn shine(march: &mut MarchUniform, field: &super::field::Field, dose: &dose::DoseShow, share: f32) {
    let [low, high] = field.grid.bounds();
    let f = |p: nalgebra::Point3<f64>, w: f32| Vec4::new(p.x as f32, p.y as f32, p.z as f32, w);
    let bands = dose.bands();
    let count = bands.len().min(slices::MOST_LEVELS);
    march.dose_index = field.index();
    march.dose_size = field.size(dose.factor() as f32);
    (march.dose_low, march.dose_high) = (f(low, share * SHINES), f(high, count as f32));
    for (slot, (gray, colour)) in march.levels.iter_mut().zip(&bands) {
        let [r, g, b, _] = bevy_egui::egui::Rgba::from(*colour).to_array();
        *slot = Vec4::new(r, g, b, *gray as f32);
    }
}

fn describe(
    field: &super::field::Field,
    case: &Case,
    now: &Now,
    cuts: &Cuts,
    show: &VolumeShow,
    scale: [f64; 2],
) -> MarchUniform {
    let vector = |v: Vector3<f64>, w: f32| Vec4::new(v.x as f32, v.y as f32, v.z as f32, w);
    let index = field.index();
    let step_mm = field.grid.spacing_mm.iter().copied().fold(f64::INFINITY, f64::min) * STEP;
    let [low, high] = transfer::range(&show.stops).map(|v| (v - scale[1]) / scale[0]);
    let [first, last] = cuts.body.filter(|_| show.body_only).unwrap_or(cuts.bounds);
    let size = last - first;
    let share = |end: usize| first.coords + Vector3::from_fn(|a, _| size[a] * show.inside[a][end]);
    let away = cut_away(show.clip, cuts, || towards_source(case, now));
    MarchUniform {
        index,
        mm: index.inverse(),
        size: field.size(step_mm as f32),
        range: Vec4::new(low as f32, high as f32, show.gloss, show.hollow),
        point: vector(away.at.coords, away.which),
        normal: vector(away.normal, show.radius_mm as f32),
        low: vector(share(0), show.density),
        high: vector(share(1), 1.0),
        ..MarchUniform::default()
    }
}

/// What is cut away, as the shader has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Away {
    /// 0 nothing, 1 the octant, 2 a half space, 3 a cylinder.
    which: f32,
    /// Through which point.
    at: Point3<f64>,
    /// Out of the half space that stays, or along the cylinder.
    normal: Vector3<f64>,
}

fn cut_away(clip: Clip, cuts: &Cuts, towards_source: impl FnOnce() -> Option<Vector3<f64>>) -> Away {
    let side = |other: bool| if other { -1.0 } else { 1.0 };
    let away = |which, at, normal| Away { which, at, normal };
    let nothing = away(0.0, cuts.at, Vector3::zeros());
    match clip {
        Clip::Nothing => nothing,
        Clip::Octant => Away { which: 1.0, ..nothing },
        Clip::Plane(plane, other) => away(2.0, cuts.at, plane.picture()[2] * side(other)),
        // where no plane stands askew nothing is cut
        Clip::Askew(other) => cuts.slant.map_or(nothing, |s| away(2.0, s.middle(), s.out * side(other))),
        Clip::Beam => towards_source().map_or(nothing, |d| away(3.0, cuts.at, d)),
    }
}

/// From the isocentre towards the source of the beam that is on, else of the first: a direction in the patient.
fn towards_source(case: &Case, now: &Now) -> Option<Vector3<f64>> {
    let plan = case.patient.plans.get(case.plan)?;
    let beam = plan.beams.get(now.state.beam.as_ref().map_or(0, |b| b.beam)).or(plan.beams.first())?;
    // in IEC gantry coordinates the source is at +z
    let gantry = plan.frames(beam).patient_to_gantry(&beam.angles);
    Some(gantry.inverse_transform_vector(&Vector3::z()))
}

/// Whether the volume that is asked for is drawn.
pub fn settled(world: &World) -> bool {
    let (Some(family), Some(coming)) = (world.get_resource::<Family>(), world.get_resource::<Coming>()) else {
        return true;
    };
    let wanted = world.get_resource::<Viewing>().and_then(|v| v.image);
    !family.on(ID) || wanted.is_none() || coming.has.as_ref().map(|h| h.0.0) == wanted
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let viewing = world.resource::<Viewing>();
    let image = world.get_resource::<Case>().and_then(|c| c.patient.images.get(viewing.image?));
    let Some(image) = image else {
        return Legend { notice: Some(words.get("slices-no-image")), ..Legend::default() };
    };
    let flat = image.volume.grid.size.iter().any(|n| *n < 2);
    Legend {
        source: slices::name(image),
        unit: image.unit.clone(),
        notice: flat.then(|| words.get("slices-one")),
        ..Legend::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::cuts::Frame;
    use std::sync::Arc;
    use vestibule_geometry::BeamAngles;
    use vestibule_patient::{Beam, Patient, Plan};

    #[test]
    fn the_plane_in_the_hand_cuts_on_its_own_side() {
        let mut cuts = Cuts { at: Point3::new(1.0, 2.0, 3.0), ..Cuts::default() };
        let none = || None;
        assert_eq!(cut_away(Clip::Askew(false), &cuts, none).which, 0.0, "no plane stands askew");
        let middle = Point3::new(10.0, 20.0, 30.0);
        cuts.slant = Some(Frame::square(middle, Vector3::x(), Vector3::y(), 50.0));
        let away = cut_away(Clip::Askew(false), &cuts, none);
        assert!(away.which == 2.0 && (away.at - middle).norm() < 1e-9 && (away.normal - Vector3::z()).norm() < 1e-9);
        assert!((cut_away(Clip::Askew(true), &cuts, none).normal + Vector3::z()).norm() < 1e-9);
        // the other planes go through the cross
        let away = cut_away(Clip::Plane(AnatomicalPlane::Axial, false), &cuts, none);
        assert!(away.at == cuts.at && (away.normal - AnatomicalPlane::Axial.picture()[2]).norm() < 1e-12);
    }

    #[test]
    fn the_cylinder_runs_to_the_source() {
        // head first supine, gantry 90°: the beam enters the patient's left
        let beam = Beam {
            angles: BeamAngles { gantry_deg: 90.0, ..BeamAngles::default() },
            isocentre_mm: Point3::new(5.0, 6.0, 7.0),
            ..Beam::default()
        };
        let plan = Plan { beams: vec![beam], ..Plan::default() };
        let case = Case { patient: Arc::new(Patient { plans: vec![plan], ..Patient::default() }), plan: 0 };
        let now = Now { state: crate::now::tests::state() };
        let to = towards_source(&case, &now).unwrap();
        assert!((to - Vector3::x()).norm() < 1e-9, "{to}");
    }
}
