//! Lines in the cuts. In a plane of the contours it is the contours themselves that are drawn, those of the slab in which the plane
//! lies, as a mask would be filled there; in other planes the cut of the surface.

use super::{ID, Structures};
use crate::anatomy::PatientFrame;
use crate::now::Case;
use crate::overlay::slices::{Viewing, line_layers};
use crate::overlay::{Cuts, Family, layers};
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::Rgba;
use nalgebra::{Point3, Vector3};
use std::sync::Arc;
use vestibule_geometry::contour::on_plane;
use vestibule_geometry::{AnatomicalPlane, Contour, TriMesh, section};
use vestibule_patient::{Image as Scan, Patient};

/// How wide lines are, mm, in each plane's picture: index = the patient axis across it, and [`ASKEW`]. The window sets it from its zoom.
#[derive(Resource, Clone, Copy, PartialEq)]
pub struct LineWidth(pub [f64; 4]);

/// Index of the plane that stands askew.
pub const ASKEW: usize = 3;

impl Default for LineWidth {
    fn default() -> Self {
        Self([0.8; 4])
    }
}

/// Nearer to the eye than the cut it lies in, in the units of a depth bias.
const BEFORE_CUT: f32 = 64.0;

#[derive(Component)]
struct Lines {
    /// None: the plane that stands askew.
    plane: Option<AnatomicalPlane>,
    drawn: Option<Key>,
    coming: Option<(Key, Task<Mesh>)>,
}

/// What lines depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    /// Out of the plane, and how far along that it lies, mm.
    out: Vector3<f64>,
    far: f64,
    version: u64,
    width: f64,
    on: bool,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<LineWidth>().add_systems(PostStartup, spawn).add_systems(Update, draw);
}

fn spawn(
    mut commands: Commands,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let Some(frame) = frame else { return };
    let material =
        materials.add(StandardMaterial { unlit: true, cull_mode: None, depth_bias: BEFORE_CUT, ..default() });
    for plane in AnatomicalPlane::ALL.map(Some).into_iter().chain([None]) {
        let lines = commands
            .spawn((
                Lines { plane, drawn: None, coming: None },
                Mesh3d(meshes.add(mesh(&[], Vector3::z(), 1.0))),
                MeshMaterial3d(material.clone()),
                Transform::default(),
                plane.map_or_else(askew, |p| line_layers(p, true)),
                NotShadowCaster,
                bevy::camera::visibility::NoFrustumCulling,
                Visibility::Inherited,
            ))
            .id();
        commands.entity(*frame).add_child(lines);
    }
}

/// The layers of what is drawn in the plane askew.
fn askew() -> RenderLayers {
    RenderLayers::layer(layers::ASKEW).with(0)
}

/// A point of a plane and the way out of it; None: it does not stand.
fn stands(plane: Option<AnatomicalPlane>, cuts: &Cuts) -> Option<(Point3<f64>, Vector3<f64>)> {
    match plane {
        Some(plane) => Some((cuts.at, plane.picture()[2])),
        None => cuts.slant.map(|f| (f.middle(), f.out)),
    }
}

/// A line and its colour.
type Coloured = ([Point3<f64>; 2], [f32; 4]);

/// What is needed of one structure.
struct Part {
    index: usize,
    mesh: Option<Arc<TriMesh>>,
    colour: [f32; 4],
}

fn lines(
    patient: &Patient,
    set: usize,
    parts: &[Part],
    at: Point3<f64>,
    out: Vector3<f64>,
    slice_mm: f64,
) -> Vec<Coloured> {
    let mut all = Vec::new();
    for part in parts {
        let contours = &patient.structure_sets[set].structures[part.index].contours;
        let own: Vec<&Contour> = on_plane(contours, &at, &out, slice_mm);
        if !own.is_empty() {
            for c in own {
                let onto = |p: &Point3<f64>| p - out * (p - at).dot(&out);
                let ends = c.points.iter().zip(c.points.iter().cycle().skip(1));
                all.extend(ends.map(|(a, b)| ([onto(a), onto(b)], part.colour)));
            }
        } else if !parallel(contours, &out)
            && let Some(mesh) = &part.mesh
        {
            let cut = section(mesh, at, out);
            all.extend(cut.iter().map(|[a, b]| ([a.cast(), b.cast()], part.colour)));
        }
    }
    all
}

/// Whether contours are drawn in planes like this one: then it is they that say where the structure is.
fn parallel(contours: &[Contour], out: &Vector3<f64>) -> bool {
    contours.iter().find(|c| c.points.len() >= 3).is_some_and(|c| {
        let heights = c.points.iter().map(|p| p.coords.dot(out));
        let (low, high) = heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        high - low < 0.1
    })
}

/// Lines as flat strips in their plane.
fn mesh(lines: &[Coloured], out: Vector3<f64>, width: f64) -> Mesh {
    let half = width * 0.5;
    let (mut positions, mut colours, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for ([a, b], colour) in lines {
        let Some(along) = (b - a).try_normalize(1e-9) else { continue };
        let (side, end) = (out.cross(&along) * half, along * (half * 0.6));
        let first = positions.len() as u32;
        for p in [a - end + side, a - end - side, b + end - side, b + end + side] {
            positions.push([p.x as f32, p.y as f32, p.z as f32]);
            colours.push(*colour);
        }
        indices.extend([0, 1, 2, 0, 2, 3].map(|i| first + i));
    }
    if indices.is_empty() {
        // the renderer wants something to keep: a triangle without area
        positions = vec![[0.0; 3]; 3];
        colours = vec![[0.0; 4]; 3];
        indices = vec![0, 1, 2];
    }
    let normals = vec![[out.x as f32, out.y as f32, out.z as f32]; positions.len()];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD | RenderAssetUsages::MAIN_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, vec![[0.0f32; 2]; positions.len()])
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
        .with_inserted_indices(Indices::U32(indices))
}

fn draw(
    case: Option<Res<Case>>,
    structures: Res<Structures>,
    family: Res<Family>,
    cuts: Res<Cuts>,
    viewing: Res<Viewing>,
    width: Res<LineWidth>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut all: Query<(&mut Lines, &mut RenderLayers, &Mesh3d)>,
) {
    let (Some(case), Some(set)) = (case, structures.set) else { return };
    let on = family.on(ID) && structures.outlines;
    let slice_mm = case.patient.images.first().map_or(1.0, Scan::slice_mm);
    for (mut lines_, mut seen, mesh3d) in &mut all {
        let plane = lines_.plane;
        let axis = plane.map_or(ASKEW, AnatomicalPlane::across);
        if let Some(plane) = plane {
            seen.set_if_neq(line_layers(plane, viewing.in_room[axis]));
        }
        let stands = stands(plane, &cuts);
        let on = on && stands.is_some();
        let (at, out) = stands.unwrap_or((Point3::origin(), Vector3::z()));
        let state = lines_.bypass_change_detection();
        if let Some((key, task)) = &mut state.coming
            && let Some(done) = block_on(poll_once(task))
        {
            if let Some(mut mesh) = meshes.get_mut(&mesh3d.0) {
                *mesh = done;
            }
            state.drawn = Some(*key);
            state.coming = None;
        }
        let key = Key { out, far: out.dot(&at.coords), version: structures.version, width: width.0[axis], on };
        if state.drawn == Some(key) || state.coming.is_some() {
            continue;
        }
        let shown = structures.list.iter().filter(|e| on && e.shown);
        let parts: Vec<Part> = shown
            .map(|e| Part { index: e.index, mesh: e.mesh.clone(), colour: Rgba::from(e.colour).to_array() })
            .collect();
        let (patient, width) = (case.patient.clone(), key.width);
        let task = AsyncComputeTaskPool::get()
            .spawn(async move { mesh(&lines(&patient, set, &parts, at, out, slice_mm), out, width) });
        state.coming = Some((key, task));
    }
}

/// Whether every line is drawn.
pub(super) fn settled(world: &World) -> bool {
    let Some(structures) = world.get_resource::<Structures>() else { return true };
    if structures.set.is_none() {
        return true;
    }
    let (Some(cuts), Some(mut lines)) = (world.get_resource::<Cuts>(), world.try_query::<&Lines>()) else {
        return true;
    };
    lines.iter(world).all(|l| {
        let stands = stands(l.plane, cuts);
        let here = |k: Key| stands.is_none_or(|(at, out)| k.out == out && k.far == out.dot(&at.coords));
        l.coming.is_none() && l.drawn.is_some_and(|k| k.version == structures.version && here(k))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_patient::{Structure, StructureSet};

    /// A square of 10 mm in planes 2 mm apart: across it is drawn as it is, along it as the cut of its surface.
    #[test]
    fn across_the_contours_themselves_along_the_cut_of_the_surface() {
        let square = |z: f64| Contour {
            points: [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]].map(|[x, y]| Point3::new(x, y, z)).to_vec(),
        };
        let contours: Vec<Contour> = (0..6).map(|k| square(2.0 * f64::from(k))).collect();
        let grid = vestibule_geometry::Grid::axial([40, 40, 40], [0.5; 3], Point3::new(-5.0, -5.0, -5.0));
        let mesh = Some(Arc::new(vestibule_geometry::contour::surface(&contours, &grid, 0.5)));
        let structure = Structure { contours, ..Structure::default() };
        let set = StructureSet { structures: vec![structure], ..StructureSet::default() };
        let patient = Patient { structure_sets: vec![set], ..Patient::default() };
        let parts = [Part { index: 0, mesh, colour: [1.0; 4] }];
        let at = |p: Point3<f64>, plane: AnatomicalPlane| lines(&patient, 0, &parts, p, plane.picture()[2], 2.0);
        let length = |l: &[Coloured]| l.iter().map(|([a, b], _)| (b - a).norm()).sum::<f64>();

        let across = at(Point3::new(0.0, 0.0, 4.9), AnatomicalPlane::Axial);
        assert_eq!((across.len(), length(&across)), (4, 40.0));
        assert!(across.iter().all(|([a, _], _)| (a.z - 4.9).abs() < 1e-9));
        // between the ends of its slabs, −1 to 11 mm, and nowhere else
        assert!(at(Point3::new(0.0, 0.0, 11.5), AnatomicalPlane::Axial).is_empty());
        let along = at(Point3::new(5.0, 0.0, 0.0), AnatomicalPlane::Sagittal);
        assert!((length(&along) - 44.0).abs() < 2.5, "{}", length(&along));
    }
}
