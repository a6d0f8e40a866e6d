//! Surfaces of equal dose in the room, in the colours of their levels. Worked out beside the frame; while dose grows the last ones
//! stay until the next have come.

use super::{DoseShow, ID, Source, stored};
use crate::anatomy::{DoseNow, GlassMaterial, GlassUniform, PatientFrame, card_mesh};
use crate::now::Case;
use crate::overlay::Family;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{Color32, Rgba};
use vestibule_geometry::{TriMesh, Volume};

/// Triangles of one surface.
const TRIANGLES: usize = 8000;

/// From what surfaces are made: dose, its version, its factor, levels in Gray and their colours.
#[derive(Clone, PartialEq)]
struct Key {
    source: Source,
    version: u64,
    levels: Vec<(f64, Color32)>,
}

#[derive(Resource, Default)]
pub(super) struct Surfaces {
    has: Option<Key>,
    coming: Option<(Key, Task<Vec<(TriMesh, Color32)>>)>,
}

/// One of them.
#[derive(Component)]
struct Surface;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Surfaces>().add_systems(Update, stand.after(super::Shown));
}

/// What is wanted: the chosen levels, in the source's own Gray.
fn key(show: &DoseShow, live: Option<&DoseNow>) -> Key {
    let version = if show.source == Source::Live { live.map_or(0, |l| l.version) } else { 0 };
    let bands = show.bands();
    let chosen = bands.iter().zip(&show.percents).filter(|(_, p)| show.surfaces.contains(p));
    let levels = chosen.map(|((gray, colour), _)| (gray / show.factor(), *colour)).collect();
    Key { source: show.source, version, levels }
}

fn stand(
    mut commands: Commands,
    family: Res<Family>,
    case: Option<Res<Case>>,
    show: Res<DoseShow>,
    live: Res<DoseNow>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    old: Query<Entity, With<Surface>>,
    mut surfaces: ResMut<Surfaces>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<GlassMaterial>>,
) {
    let (Some(case), Some(frame)) = (case, frame) else { return };
    let s = surfaces.bypass_change_detection();
    let mut want = key(&show, Some(&live));
    if !family.on(ID) {
        want.levels.clear();
    }
    if let Some((key, task)) = &mut s.coming
        && let Some(list) = block_on(poll_once(task))
    {
        old.iter().for_each(|e| commands.entity(e).despawn());
        for (i, (mesh, colour)) in list.into_iter().enumerate() {
            // the outermost is drawn last, over what is in it
            let order = 0.45 - 0.02 * i as f32;
            let surface = commands
                .spawn((
                    Surface,
                    Mesh3d(meshes.add(card_mesh(mesh))),
                    MeshMaterial3d(materials.add(GlassMaterial { glass: glass(colour), order })),
                    NotShadowCaster,
                ))
                .id();
            commands.entity(*frame).add_child(surface);
        }
        (s.has, s.coming) = (Some(key.clone()), None);
    }
    if want.levels.is_empty() && s.coming.is_none() {
        if s.has.as_ref().is_some_and(|h| !h.levels.is_empty()) {
            old.iter().for_each(|e| commands.entity(e).despawn());
        }
        s.has = Some(want);
        return;
    }
    if s.coming.is_some() || s.has.as_ref() == Some(&want) {
        return;
    }
    let (patient, source, levels) = (case.patient.clone(), show.source, want.levels.clone());
    let grid = live.grid.as_ref().filter(|_| source == Source::Live && live.version > 0).cloned();
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let volume: Option<&Volume<f32>> = grid.as_ref().or_else(|| stored(&patient, source).map(|d| &d.volume));
        let Some(volume) = volume else { return Vec::new() };
        let one = |(gray, colour): &(f64, Color32)| {
            let mesh = TriMesh::marching_cubes(volume, *gray);
            (mesh.triangle_count() > 0).then(|| (mesh.simplify(TRIANGLES), *colour))
        };
        levels.iter().filter_map(one).collect()
    });
    s.coming = Some((want, task));
}

/// A colour as translucent glass, a little denser than structures.
fn glass(colour: Color32) -> GlassUniform {
    let [r, g, b, _] = Rgba::from(colour).to_array();
    let [veil, rim, exponent] = tokens::ISODOSE_GLASS;
    GlassUniform {
        body: LinearRgba::new(r, g, b, veil),
        rim: LinearRgba::new(r, g, b, rim),
        shape: Vec4::new(exponent, 0.5, 1.0, 0.2),
    }
}

/// Whether those that are wanted stand.
pub(super) fn settled(world: &World) -> bool {
    let (Some(s), Some(show)) = (world.get_resource::<Surfaces>(), world.get_resource::<DoseShow>()) else {
        return true;
    };
    let on = world.get_resource::<Family>().is_some_and(|f| f.on(ID));
    let want = key(show, world.get_resource::<DoseNow>());
    !on || want.levels.is_empty() || world.get_resource::<Case>().is_none() || s.has.as_ref() == Some(&want)
}
