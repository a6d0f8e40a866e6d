//! Axial, coronal and sagittal cuts through the images, at life size in the patient and flat beside each other in the window.

mod controls;
mod material;
mod slant;
pub mod windows;

pub use controls::plane_key;
pub use material::{MOST_LEVELS, SliceMaterial, SliceUniform};

use super::cuts::Reach;
use super::field::{Field, Loading, MOST_TEXELS};
use super::widgets::coarse;
use super::{Begins, Cuts, Family, Fields, Legend, Overlay, cuts, dose, join};
use crate::anatomy::PatientFrame;
use crate::now::{Case, Words};
use crate::opening::{CaseCame, CaseWhole};
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::renderer::RenderDevice;
use material::FieldUniform;
use nalgebra::Point3;
use serde::{Deserialize, Serialize};
use vestibule_geometry::AnatomicalPlane;
use vestibule_patient::{Image as Scan, Patient, PhaseGroup};

/// Name in the family.
pub const ID: &str = "slices";

/// How another image lies over the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fusion {
    /// Blended in colour.
    #[default]
    Blend,
    /// In turns, like a chessboard.
    Chequered,
    /// In a round lens about the point.
    Lens,
}

/// How the plane that stands askew lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Slant {
    /// There is none.
    #[default]
    Nothing,
    /// Across the beam that is looked at, through the cross, as the beam sees it.
    Beam,
    /// Through the cross, turned about the head-feet axis and tilted, degrees.
    Angles(f64, f64),
    /// In the left hand.
    Hand,
}

/// What is cut and how it is shown.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Viewing {
    /// Which of the patient's images; None: they have none.
    pub image: Option<usize>,
    /// Which is fused onto it.
    pub other: Option<usize>,
    /// Centre and width of the image's window, in its unit.
    pub window: [f64; 2],
    /// The same of the other.
    pub other_window: [f64; 2],
    /// How they are fused.
    pub fusion: Fusion,
    /// How much of the other is seen where it is blended, 0 to 1.
    pub opacity: f32,
    /// Width of a field of the chessboard, radius of the lens, mm.
    pub patch_mm: f32,
    /// Which planes stand in the room.
    pub in_room: [bool; 3],
    /// A plane that stands askew.
    pub slant: Slant,
}

impl Default for Viewing {
    fn default() -> Self {
        Self {
            image: None,
            other: None,
            window: windows::PRESETS[1].1,
            other_window: [0.5, 1.0],
            fusion: Fusion::Blend,
            opacity: 0.55,
            patch_mm: 20.0,
            in_room: [true; 3],
            slant: Slant::Nothing,
        }
    }
}

impl Viewing {
    /// Another image in grey, with the window it begins with.
    pub fn choose(&mut self, patient: &Patient, index: usize) {
        if let Some(image) = patient.images.get(index) {
            (self.image, self.window) = (Some(index), windows::first(image));
            self.other = self.other.filter(|o| *o != index);
        }
    }

    /// An image to be fused, or none.
    pub fn fuse(&mut self, patient: &Patient, index: Option<usize>) {
        self.other = index.filter(|i| Some(*i) != self.image && self.why_not(patient, *i).is_none());
        if let Some(image) = self.other.and_then(|i| patient.images.get(i)) {
            self.other_window = windows::first(image);
        }
    }

    /// Key of the text that says why an image cannot be laid over the one in grey.
    pub fn why_not(&self, patient: &Patient, index: usize) -> Option<&'static str> {
        let frame = |i: usize| patient.images.get(i).map(|i| i.frame_of_reference_uid.as_str());
        let (Some(base), Some(over)) = (self.image.and_then(frame), frame(index)) else {
            return Some("slices-no-image");
        };
        (base.is_empty() || base != over).then_some("slices-not-registered")
    }
}

/// Layer on which a plane and what is drawn in it are seen by that plane's own camera.
pub fn layer(plane: AnatomicalPlane) -> usize {
    super::layers::PLANES + plane.across()
}

/// The layers of what is drawn in a plane.
pub fn layers(plane: AnatomicalPlane, in_room: bool) -> RenderLayers {
    let own = RenderLayers::layer(layer(plane));
    if in_room { own.with(0) } else { own }
}

/// Layer on which the outlines of a plane are seen without the plane itself.
pub fn lines(plane: AnatomicalPlane) -> usize {
    super::layers::LINES + plane.across()
}

/// The layers of a plane's outlines.
pub fn line_layers(plane: AnatomicalPlane, in_room: bool) -> RenderLayers {
    layers(plane, in_room).with(lines(plane))
}

/// The rectangle of one plane.
#[derive(Component)]
pub struct Cut(pub AnatomicalPlane);

#[derive(Resource, Default)]
struct Coming {
    image: Option<Loading<usize>>,
    other: Option<Loading<usize>>,
    /// What the card has.
    has: [Option<usize>; 2],
}

/// Cuts.
pub fn plugin(app: &mut App) {
    let for_patients = Some("slices-for-patients");
    join(app, Overlay { id: ID, legend, controls: controls::controls, page: None, for_patients, settled, on: true });
    app.add_plugins((material::plugin, slant::plugin))
        .init_resource::<Viewing>()
        .init_resource::<Phases>()
        .init_resource::<Coming>()
        .add_systems(CaseCame, (begin.in_set(Begins), first_cut.after(Begins)))
        .add_systems(CaseWhole, anew)
        .add_systems(PostStartup, spawn)
        .add_systems(Update, (load, show).chain().after(dose::Shown));
}

/// The patient's 4D images.
#[derive(Resource, Default)]
struct Phases(Vec<PhaseGroup>);

impl Phases {
    /// Which phase an image is, and what is missing of its scan.
    fn notice(&self, image: usize, words: &Words) -> Option<String> {
        let (group, at) = self.0.iter().find_map(|g| Some((g, g.phases.iter().find(|p| p.image == image)?.at)))?;
        let mut text = format!("{} {at}", words.get("slices-phase"));
        if !group.missing.is_empty() {
            let missing = PhaseGroup::list(group.missing.iter().copied());
            text = format!("{text}; {} {missing}", words.get("slices-phase-missing"));
        }
        Some(text)
    }
}

/// The planning image of the plan, else the first.
fn begin(case: Option<Res<Case>>, mut viewing: ResMut<Viewing>, mut cuts: ResMut<Cuts>, mut phases: ResMut<Phases>) {
    let Some(case) = case else { return };
    phases.0 = case.patient.phase_groups();
    let plan = case.patient.plans.get(case.plan);
    let planning = plan.and_then(|p| case.patient.planning_image(p));
    let index = planning.and_then(|i| case.patient.images.iter().position(|o| o.uid == i.uid)).unwrap_or(0);
    viewing.choose(&case.patient, index);
    let Some(image) = case.patient.images.get(index) else { return };
    cuts.reach(Reach::Image, Some(image.volume.grid.bounds()));
}

/// The card gets the images again; what it has stays until they are there.
fn anew(mut coming: ResMut<Coming>) {
    *coming = Coming::default();
}

/// Through the plan's isocentre, else through the middle of everything.
fn first_cut(case: Option<Res<Case>>, mut cuts: ResMut<Cuts>) {
    let plan = case.as_ref().and_then(|c| c.patient.plans.get(c.plan));
    let isocentre = plan.and_then(|p| p.beams.first()).map(|b| b.isocentre_mm);
    cuts.go(isocentre.unwrap_or(Point3::from([f64::NAN; 3])));
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
    for plane in AnatomicalPlane::ALL {
        let cut = commands
            .spawn((
                Cut(plane),
                Mesh3d(quad.clone()),
                MeshMaterial3d(materials.add(empty(&mut images))),
                Transform::default(),
                layers(plane, true),
                NotShadowCaster,
                Visibility::Hidden,
            ))
            .id();
        commands.entity(*frame).add_child(cut);
    }
}

/// A cut through nothing yet.
pub(super) fn empty(images: &mut Assets<Image>) -> SliceMaterial {
    let one = Extent3d { width: 1, height: 1, depth_or_array_layers: 1 };
    let nothing = images.add(Image::new(
        one,
        TextureDimension::D3,
        vec![0, 0],
        TextureFormat::R16Float,
        bevy::asset::RenderAssetUsages::default(),
    ));
    SliceMaterial { slice: SliceUniform::default(), image: nothing.clone(), other: nothing.clone(), dose: nothing }
}

/// Most texels along an axis that the card takes.
pub fn most_texels(device: Option<&RenderDevice>) -> usize {
    device.map_or(MOST_TEXELS, |d| (d.limits().max_texture_dimension_3d as usize).min(MOST_TEXELS))
}

fn load(
    case: Option<Res<Case>>,
    viewing: Res<Viewing>,
    device: Option<Res<RenderDevice>>,
    mut coming: ResMut<Coming>,
    mut fields: ResMut<Fields>,
    mut images: ResMut<Assets<Image>>,
    mut cuts: ResMut<Cuts>,
) {
    let Some(case) = case else { return };
    let most = most_texels(device.as_deref());
    let Coming { image, other, has } = &mut *coming;
    let [has_image, has_other] = has;
    let slots = [(viewing.image, image, has_image), (viewing.other, other, has_other)];
    for (slot, (want, task, has)) in slots.into_iter().enumerate() {
        let field = if slot == 0 {
            &mut fields.bypass_change_detection().image
        } else {
            &mut fields.bypass_change_detection().other
        };
        if want.is_none() && field.is_some() {
            (*field, *has, *task) = (None, None, None);
        }
        let Some(index) = want else { continue };
        if *has != want && task.as_ref().is_none_or(|t| t.key != index) {
            *task = Some(Loading::start(index, case.patient.clone(), most, move |p: &Patient| {
                p.images.get(index).map(|i| &i.volume)
            }));
        }
        if let Some(texels) = task.as_mut().and_then(Loading::poll) {
            *task = None;
            *field = Some(Field::new(texels, &mut images));
            *has = want;
            if slot == 0
                && let Some(scan) = case.patient.images.get(index)
            {
                cuts.reach(Reach::Image, Some(scan.volume.grid.bounds()));
            }
        }
    }
}

/// Whether the card has what is asked for.
pub fn settled(world: &World) -> bool {
    let (Some(viewing), Some(coming)) = (world.get_resource::<Viewing>(), world.get_resource::<Coming>()) else {
        return true;
    };
    coming.has == [viewing.image, viewing.other]
}

fn uniform(field: Option<&Field>, factor: f32) -> FieldUniform {
    field.map_or_else(FieldUniform::default, |f| FieldUniform { index: f.index(), size: f.size(factor) })
}

fn point(p: Point3<f64>, w: f32) -> Vec4 {
    Vec4::new(p.x as f32, p.y as f32, p.z as f32, w)
}

/// Everything of one plane that the shader reads.
pub(super) fn describe(
    frame: &cuts::Frame,
    cuts: &Cuts,
    viewing: &Viewing,
    fields: &Fields,
    dose: &dose::DoseShow,
    dose_on: bool,
) -> SliceUniform {
    let [right, down] = frame.edges.map(|e| point(Point3::from(e), 0.0));
    let dose_field = fields.dose.as_ref().filter(|_| dose_on);
    let mut levels = [Vec4::ZERO; MOST_LEVELS];
    let bands = dose.bands();
    for (slot, (gray, colour)) in levels.iter_mut().zip(&bands) {
        let [r, g, b, _] = colour.to_array().map(|c| f32::from(c) / 255.0);
        *slot = Vec4::new(r, g, b, *gray as f32);
    }
    let count = if dose_field.is_some() { bands.len().min(MOST_LEVELS) } else { 0 };
    let fusion = match (viewing.other, viewing.fusion) {
        (None, _) => 0.0,
        (_, Fusion::Blend) => 1.0,
        (_, Fusion::Chequered) => 2.0,
        (_, Fusion::Lens) => 3.0,
    };
    SliceUniform {
        corner: point(frame.corner, 0.0),
        right,
        down,
        image: uniform(fields.image.as_ref(), 1.0),
        other: uniform(fields.other.as_ref(), 1.0),
        dose: uniform(dose_field, dose.factor() as f32),
        window: Vec4::from(
            [viewing.window[0], viewing.window[1], viewing.other_window[0], viewing.other_window[1]].map(|v| v as f32),
        ),
        fusion: Vec4::new(fusion, viewing.opacity, viewing.patch_mm, 0.0),
        middle: point(cuts.at, count as f32),
        wash: Vec4::new(
            if dose.wash { dose.opacity } else { 0.0 },
            if dose.lines && dose_field.is_some() { dose::LINE_PIXELS } else { 0.0 },
            1.0,
            0.0,
        ),
        levels,
    }
}

fn show(
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    fields: Res<Fields>,
    dose: Res<dose::DoseShow>,
    family: Res<Family>,
    mut materials: ResMut<Assets<SliceMaterial>>,
    mut planes: Query<(&Cut, &mut Transform, &mut Visibility, &mut RenderLayers, &MeshMaterial3d<SliceMaterial>)>,
) {
    let on = family.on(ID) && fields.image.is_some();
    let dose_on = family.on(dose::ID);
    for (cut, mut place, mut visible, mut seen, material) in &mut planes {
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        seen.set_if_neq(layers(cut.0, viewing.in_room[cut.0.across()]));
        let frame = cuts.frame(cut.0);
        place.set_if_neq(stand(&frame));
        let slice = describe(&frame, &cuts, &viewing, &fields, &dose, dose_on);
        fill(&mut materials, material, slice, &fields, dose.refilled);
    }
}

/// Gives a cut what its shader reads, if anything has changed. `refilled`: the dose's texture has new values.
pub(super) fn fill(
    materials: &mut Assets<SliceMaterial>,
    handle: &MeshMaterial3d<SliceMaterial>,
    slice: SliceUniform,
    fields: &Fields,
    refilled: bool,
) {
    let texture = |f: &Option<Field>| f.as_ref().map(|f| f.texture.clone());
    let want = [texture(&fields.image), texture(&fields.other), texture(&fields.dose)];
    let Some(now) = materials.get(&handle.0) else { return };
    let same = |a: &Option<Handle<Image>>, b: &Handle<Image>| a.as_ref().is_none_or(|a| a == b);
    let textures_stand = same(&want[0], &now.image) && same(&want[1], &now.other) && same(&want[2], &now.dose);
    // a material keeps the view of the texture it was made with: filled anew, it has to look again
    if now.slice == slice && textures_stand && !refilled {
        return;
    }
    let Some(mut material) = materials.get_mut(&handle.0) else { return };
    material.slice = slice;
    let SliceMaterial { image, other, dose, .. } = &mut *material;
    for (slot, want) in [image, other, dose].into_iter().zip(want) {
        if let Some(want) = want {
            *slot = want;
        }
    }
}

/// Where the unit square lies in the patient, mm.
pub(super) fn stand(frame: &cuts::Frame) -> Transform {
    let to = |v: nalgebra::Vector3<f64>| Vec3::new(v.x as f32, v.y as f32, v.z as f32);
    let [right, down] = frame.edges;
    let turn = Mat3::from_cols(to(right.normalize()), -to(down.normalize()), to(frame.out));
    let [width, height] = frame.size();
    Transform {
        translation: to(frame.middle().coords),
        rotation: Quat::from_mat3(&turn),
        scale: Vec3::new(width as f32, height as f32, 1.0),
    }
}

/// What an image is, in a line.
pub fn name(scan: &Scan) -> String {
    let [x, y, z] = scan.volume.grid.size;
    let what = if scan.description.is_empty() { String::new() } else { format!(" {}", scan.description) };
    format!("{}{what}, {x} × {y} × {z}", scan.modality.as_str())
}

fn legend(world: &World) -> Legend {
    let (viewing, fields) = (world.resource::<Viewing>(), world.resource::<Fields>());
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let scan = |i: Option<usize>| world.get_resource::<Case>().and_then(|c| c.patient.images.get(i?));
    let Some(image) = scan(viewing.image) else {
        return Legend { notice: Some(words.get("slices-no-image")), ..Legend::default() };
    };
    let mut notices = Vec::new();
    if image.volume.grid.size[2] < 2 {
        notices.push(words.get("slices-one"));
    }
    notices.extend(image.coarse.map(|size| coarse(words, "slices-coarse-yet", size)));
    if let Some(case) = world.get_resource::<Case>() {
        let patient = &case.patient;
        let brought = [viewing.image, viewing.other].into_iter().flatten().filter_map(|i| patient.images.get(i));
        notices.extend(brought.filter_map(|i| {
            let by = patient.brought(i)?.by.join(" + ");
            Some(format!("{} {} {by}", i.modality.as_str(), words.get("slices-brought")))
        }));
        let frame = patient.plans.get(case.plan).map_or("", |p| p.frame_of_reference_uid.as_str());
        if !frame.is_empty() && image.frame_of_reference_uid != frame {
            notices.push(words.get("slices-elsewhere"));
        }
    }
    for field in [&fields.image, &fields.other].into_iter().flatten() {
        notices.extend(field.coarser.map(|size| coarse(words, "overlay-coarser", size)));
    }
    notices.extend(viewing.image.and_then(|i| world.resource::<Phases>().notice(i, words)));
    let source = match scan(viewing.other) {
        Some(other) => format!("{} + {}", name(image), name(other)),
        None => name(image),
    };
    let notice = (!notices.is_empty()).then(|| notices.join(" "));
    Legend { source, unit: image.unit.clone(), notice, ..Legend::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_stands_where_its_corners_are() {
        let mut cuts =
            Cuts { bounds: [Point3::new(-10.0, -20.0, -30.0), Point3::new(11.0, 22.0, 33.0)], ..Cuts::default() };
        cuts.go(Point3::new(1.0, 2.0, 3.0));
        for plane in AnatomicalPlane::ALL {
            let frame = cuts.frame(plane);
            let t = stand(&frame);
            for (u, v) in [(0.0, 0.0), (1.0, 0.0), (0.3, 0.9)] {
                let p = frame.point(u, v);
                let got = t.transform_point(Vec3::new(u as f32 - 0.5, 0.5 - v as f32, 0.0));
                assert!((got - Vec3::new(p.x as f32, p.y as f32, p.z as f32)).length() < 1e-4, "{plane:?}: {got} {p}");
            }
        }
    }
}
