//! Delineated structures: surfaces in the room, outlines in the cuts, in the colours they came with.

mod controls;
mod outline;

pub use outline::{ASKEW, LineWidth};

use super::cuts::Reach;
use super::{Begins, Cuts, Family, Legend, Overlay, join};
use crate::anatomy::{GlassMaterial, GlassUniform, PatientFrame, card_mesh};
use crate::now::{Case, Words};
use crate::opening::CaseCame;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{Color32, Rgba};
use nalgebra::Point3;
use std::sync::Arc;
use vestibule_geometry::contour::{plane_count, surface, volume_cm3};
use vestibule_geometry::{Contour, Grid, TriMesh};
use vestibule_patient::{Image as Scan, RoiType, Structure, StructureSet};

/// Name in the family.
pub const ID: &str = "structures";
/// Triangles of one surface in the room.
const TRIANGLES: usize = 3000;
/// A surface has about this many voxels along its longest side, of at least and at most this many mm.
const ALONG: f64 = 110.0;
const VOXEL_MM: [f64; 2] = [0.8, 4.0];

/// One structure as it is shown.
pub struct Entry {
    /// ROI Name as the file has it.
    pub name: String,
    /// TG-263 name, where one is recognised.
    pub standard_name: Option<String>,
    /// As drawn.
    pub colour: Color32,
    /// Drawn.
    pub shown: bool,
    /// Volume of its contours, cm³.
    pub volume_cm3: f64,
    /// Middle of its box, mm; None: it has no contours.
    pub middle: Option<Point3<f64>>,
    index: usize,
    order: u8,
    mesh: Option<Arc<TriMesh>>,
}

/// All of the plan's set.
#[derive(Resource, Default)]
pub struct Structures {
    /// In the order of the list.
    pub list: Vec<Entry>,
    /// Outlines are drawn in the cuts.
    pub outlines: bool,
    /// Surfaces are drawn in the room.
    pub surfaces: bool,
    /// Counts what changes outlines: surfaces that have come, structures shown and hidden.
    pub version: u64,
    set: Option<usize>,
    label: String,
}

impl Structures {
    /// Place of the set among the patient's.
    pub fn set(&self) -> Option<usize> {
        self.set
    }

    /// Surfaces of the targets that are drawn, as they have come.
    pub fn target_surfaces(&self) -> Vec<(Color32, Arc<TriMesh>)> {
        let targets = self.list.iter().filter(|e| e.shown && e.order == 0);
        targets.filter_map(|e| Some((e.colour, e.mesh.clone()?))).collect()
    }

    /// Place in the set of one of the list.
    pub fn place_in_set(&self, at: usize) -> Option<usize> {
        self.list.get(at).map(|e| e.index)
    }

    /// Those that are drawn: places in the list and in the set.
    pub fn shown(&self) -> Vec<(usize, usize)> {
        self.list.iter().enumerate().filter(|(_, e)| e.shown).map(|(at, e)| (at, e.index)).collect()
    }
}

/// Surfaces that are being worked out: which entry, its surface whole and as it is drawn.
#[derive(Resource, Default)]
struct Making(Vec<(usize, Task<(TriMesh, TriMesh)>)>);

/// A surface in the room.
#[derive(Component)]
struct Surface(usize);

/// Structures.
pub fn plugin(app: &mut App) {
    let for_patients = Some("structures-for-patients");
    join(app, Overlay { id: ID, legend, controls: controls::controls, page: None, for_patients, settled, on: true });
    app.init_resource::<Structures>()
        .init_resource::<Making>()
        .add_plugins(outline::plugin)
        .add_systems(CaseCame, begin.in_set(Begins))
        .add_systems(Update, (stand, show).chain());
}

/// Targets first, then organs, then the rest; the outline of the body and what carries it last.
fn order(roi: &RoiType) -> u8 {
    match roi {
        RoiType::Gtv | RoiType::Ctv | RoiType::Ptv => 0,
        RoiType::Organ | RoiType::Avoidance => 1,
        RoiType::External => 3,
        RoiType::Support | RoiType::Marker => 4,
        RoiType::Unknown | RoiType::Other(_) => 2,
    }
}

fn entry(index: usize, s: &Structure, slice_mm: f64) -> Entry {
    let reach = reach(&s.contours);
    let order = order(&s.roi_type);
    Entry {
        name: s.name.clone(),
        standard_name: s.standard_name.clone(),
        colour: s
            .colour
            .map_or(tokens::STRUCTURES[index % tokens::STRUCTURES.len()], |[r, g, b]| Color32::from_rgb(r, g, b)),
        shown: order < 4 && reach.is_some(),
        volume_cm3: volume_cm3(&s.contours, Some(slice_mm)),
        middle: reach.map(|[low, high]| low + (high - low) * 0.5),
        index,
        order,
        mesh: None,
    }
}

fn set_of(case: &Case) -> Option<(usize, &StructureSet)> {
    let sets = &case.patient.structure_sets;
    let own = case.patient.plans.get(case.plan).and_then(|p| case.patient.structures_of(p));
    let index = own.and_then(|s| sets.iter().position(|o| o.uid == s.uid)).or((!sets.is_empty()).then_some(0))?;
    Some((index, &sets[index]))
}

/// Between the slices that contours were drawn on, mm: of the images they name, else of the first image.
fn slice_mm(case: &Case, set: &StructureSet) -> Option<f64> {
    let images = &case.patient.images;
    let drawn_on = images.iter().find(|i| Some(&i.uid) == set.referenced_series_uid.as_ref());
    let same_frame = || images.iter().find(|i| i.frame_of_reference_uid == set.frame_of_reference_uid);
    drawn_on.or_else(same_frame).or_else(|| images.first()).map(Scan::slice_mm)
}

/// Air round the body in a picture, mm.
const ROUND_BODY_MM: f64 = 6.0;

fn begin(
    case: Option<Res<Case>>,
    mut structures: ResMut<Structures>,
    mut making: ResMut<Making>,
    mut cuts: ResMut<Cuts>,
) {
    (structures.outlines, structures.surfaces) = (true, true);
    let Some(case) = case else { return };
    let Some((index, set)) = set_of(&case) else { return };
    let Some(slice_mm) = slice_mm(&case, set) else { return };
    structures.set = Some(index);
    structures.label.clone_from(&set.label);
    let all = set.structures.iter().filter_map(|s| reach(&s.contours));
    cuts.reach(Reach::Structures, all.reduce(|[a, b], [c, d]| [a.inf(&c), b.sup(&d)]));
    if let Some([low, high]) = set.external().and_then(|s| reach(&s.contours)) {
        let air = nalgebra::Vector3::repeat(ROUND_BODY_MM);
        cuts.body = Some([low - air, high + air]);
    }
    let mut list: Vec<Entry> = set.structures.iter().enumerate().map(|(i, s)| entry(i, s, slice_mm)).collect();
    list.sort_by_key(|e| e.order);
    for (at, e) in list.iter().enumerate().filter(|(_, e)| e.middle.is_some()) {
        let (patient, of) = (case.patient.clone(), e.index);
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let contours = &patient.structure_sets[index].structures[of].contours;
            let Some(grid) = own_grid(contours, slice_mm) else { return (TriMesh::default(), TriMesh::default()) };
            let whole = surface(contours, &grid, 0.0);
            let drawn = whole.smooth(2).simplify(TRIANGLES);
            (whole, drawn)
        });
        making.0.push((at, task));
    }
    structures.list = list;
}

/// Lowest and highest corner of what contours enclose, mm; None without a point.
fn reach(contours: &[Contour]) -> Option<[Point3<f64>; 2]> {
    let mut points = contours.iter().flat_map(|c| &c.points);
    let first = *points.next()?;
    Some(points.fold([first, first], |[l, h], p| [l.inf(p), h.sup(p)]))
}

/// Voxels round a structure, wherever images are: many enough to be round, few enough to be quick, with a layer on every
/// plane of its contours.
fn own_grid(contours: &[Contour], slice_mm: f64) -> Option<Grid> {
    let [low, high] = reach(contours)?;
    let fine = ((high - low).max() / ALONG).clamp(VOXEL_MM[0], VOXEL_MM[1]);
    let planes = plane_count(contours);
    let between = if planes > 1 { (high.z - low.z) / (planes - 1) as f64 } else { slice_mm };
    // contours that lie in other planes than axial ones are as fine along z as across it
    let step = if between > 0.2 { between.clamp(0.2, 10.0) } else { fine };
    let spacing = [fine, fine, step];
    let margin = spacing.map(|s| 3.0 * s);
    let size = std::array::from_fn(|a| ((high[a] - low[a] + 2.0 * margin[a]) / spacing[a]).round() as usize + 1);
    Some(Grid::axial(size, spacing, low - nalgebra::Vector3::from(margin)))
}

fn stand(
    mut commands: Commands,
    mut making: ResMut<Making>,
    mut structures: ResMut<Structures>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GlassMaterial>>,
) {
    let Some(frame) = frame else { return };
    if making.0.is_empty() {
        return;
    }
    let mut come = Vec::new();
    making.bypass_change_detection().0.retain_mut(|(at, task)| match block_on(poll_once(task)) {
        Some(done) => {
            come.push((*at, done));
            false
        }
        None => true,
    });
    for (at, (whole, drawn)) in come {
        let Some(e) = structures.list.get_mut(at).filter(|_| whole.triangle_count() > 0) else { continue };
        e.mesh = Some(Arc::new(whole));
        let glass = glass(e.colour);
        // the body's outline is drawn last, over what is in it
        let order = 0.1 + 0.1 * f32::from(e.order);
        structures.version += 1;
        let surface = commands
            .spawn((
                Surface(at),
                Mesh3d(meshes.add(card_mesh(drawn))),
                MeshMaterial3d(materials.add(GlassMaterial { glass, order })),
                NotShadowCaster,
                Visibility::Hidden,
            ))
            .id();
        commands.entity(*frame).add_child(surface);
    }
}

/// A colour as translucent glass.
fn glass(colour: Color32) -> GlassUniform {
    let [r, g, b, _] = Rgba::from(colour).to_array();
    let [veil, rim, exponent] = tokens::STRUCTURE_GLASS;
    GlassUniform {
        body: LinearRgba::new(r, g, b, veil),
        rim: LinearRgba::new(r, g, b, rim),
        shape: Vec4::new(exponent, 0.5, 1.0, 0.25),
    }
}

fn show(structures: Res<Structures>, family: Res<Family>, mut surfaces: Query<(&Surface, &mut Visibility)>) {
    let on = family.on(ID) && structures.surfaces;
    for (surface, mut visible) in &mut surfaces {
        // an outline of the body in front of everything would veil it
        let shown = structures.list.get(surface.0).is_some_and(|e| e.shown && e.order != 3);
        visible.set_if_neq(if on && shown { Visibility::Inherited } else { Visibility::Hidden });
    }
}

/// Whether all surfaces have come, and all outlines are drawn.
pub fn settled(world: &World) -> bool {
    world.get_resource::<Making>().is_none_or(|m| m.0.is_empty()) && outline::settled(world)
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    let s = world.resource::<Structures>();
    if s.set.is_none() {
        return Legend { notice: Some(words.get("structures-none")), ..Legend::default() };
    }
    let empty = s.list.iter().filter(|e| e.middle.is_none()).count();
    let notice = (empty > 0).then(|| format!("{empty} {}", words.get("structures-empty")));
    let label = if s.label.is_empty() { "RTSTRUCT" } else { &s.label };
    Legend { source: format!("{label}, {}", s.list.len()), unit: "cm³".to_owned(), notice, ..Legend::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of 20 × 10 × 12 mm whose planes lie where no image does.
    #[test]
    fn a_surface_needs_no_image() {
        let square = |z: f64| Contour {
            points: [[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]].map(|[x, y]| Point3::new(x, y, z)).to_vec(),
        };
        let contours: Vec<Contour> = (0..4).map(|k| square(900.0 + 3.0 * f64::from(k))).collect();
        let grid = own_grid(&contours, 1.0).unwrap();
        assert_eq!((grid.spacing_mm, grid.origin_mm.z), ([0.8, 0.8, 3.0], 891.0));
        let mesh = surface(&contours, &grid, 0.0);
        // four slabs of 3 mm; the blur leaves the surface a tenth of a voxel inside on average, more at edges and corners
        let inside_mm = (2400.0 - mesh.volume()) / 1120.0;
        assert!((0.0..0.45).contains(&inside_mm), "{inside_mm} mm inside");
        assert!(own_grid(&[], 1.0).is_none());
    }
}
