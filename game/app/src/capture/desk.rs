//! Pictures of a review: the whole desk, one of its pictures alone, or the eyes of who stands beside the couch.

use super::{CaptureOptions, ReviewOptions, View, aim};
use crate::clinician_mode::review::views::{Orbit, Views};
use crate::clinician_mode::review::{flat, spawn_desk};
use crate::now::Case;
use crate::overlay::dose::{DoseShow, Source};
use crate::overlay::slices::{Slant, Viewing};
use crate::overlay::volume::VolumeShow;
use crate::overlay::volume::transfer::PRESETS;
use crate::overlay::{Cuts, Family};
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use nalgebra::Point3;

/// The desk of a picture; there is one while the whole desk is wanted.
#[derive(Component)]
struct Desk;

/// A camera for the mark, after every other.
pub(super) fn spawn_marker(world: &mut World, target: &Handle<Image>) -> Entity {
    let marker = world.spawn((flat(40), RenderTarget::Image(target.clone().into()))).id();
    if let Some(mut camera) = world.get_mut::<Camera>(marker) {
        // laid over what is there: what it draws itself begins empty
        camera.clear_color = ClearColorConfig::Custom(Color::NONE);
    }
    marker
}

/// The review as its picture wants it.
pub(crate) fn stand(world: &mut World, options: &ReviewOptions) {
    if let Some([x, y, z]) = options.point {
        world.resource_mut::<Cuts>().go(Point3::new(x, y, z));
    }
    if let Some(case) = world.get_resource::<Case>().cloned() {
        let of = |modality: &Option<String>| {
            modality.as_ref().and_then(|m| case.patient.images.iter().position(|i| i.modality.as_str() == m))
        };
        let mut viewing = world.resource_mut::<Viewing>();
        if let Some(base) = of(&options.images[0]) {
            viewing.choose(&case.patient, base);
        }
        if let Some(over) = of(&options.images[1]) {
            viewing.fuse(&case.patient, Some(over));
        }
    }
    if let Some(window) = options.window {
        world.resource_mut::<Viewing>().window = window;
    }
    for overlay in &mut world.resource_mut::<Family>().0 {
        overlay.on |= options.with.iter().any(|w| w == overlay.id);
        overlay.on &= !options.without.iter().any(|w| w == overlay.id);
    }
    world.resource_mut::<VolumeShow>().dose = options.shine.clamp(0.0, 1.0);
    world.resource_mut::<DoseShow>().surfaces.clone_from(&options.surfaces);
    if options.across_beam {
        world.resource_mut::<Viewing>().slant = Slant::Beam;
    }
    if let Some(case) = world.get_resource::<Case>().cloned()
        && options.live
    {
        world.resource_mut::<DoseShow>().choose(&case, Source::Live);
    }
    let preset = options.preset.as_ref().and_then(|name| PRESETS.iter().position(|p| p.0 == name));
    if let Some(preset) = preset {
        world.resource_mut::<VolumeShow>().choose(preset);
    }
    if let Some(mut views) = world.get_resource_mut::<Views>() {
        if let Some([round, over, distance_m]) = options.orbit {
            views.orbit = Orbit { turn: [round.to_radians(), over.to_radians()], distance_m, ..Orbit::default() };
        }
        views.list.iter_mut().for_each(|v| v.mm_per_pixel = options.pixel_mm);
    }
}

/// Sets everything for one picture and gives what will hold it.
pub(super) fn look(
    world: &mut World,
    eye: Entity,
    marker: Entity,
    view: &View,
    size: [u32; 2],
    target: &Handle<Image>,
    options: &CaptureOptions,
) -> Handle<Image> {
    let desks: Vec<Entity> = world.query_filtered::<Entity, With<Desk>>().iter(world).collect();
    let whole = *view == View::Window;
    for desk in desks.iter().filter(|_| !whole) {
        world.despawn(*desk);
    }
    if whole && desks.is_empty() {
        let desk = spawn_desk(world, target);
        world.entity_mut(desk).insert(Desk);
    }
    let drawn = match view {
        View::Desk(i) => {
            let mut views = world.resource_mut::<Views>();
            views.large = Some(*i);
            views.list[*i].size = size.into();
            views.list[*i].image.clone()
        }
        _ => {
            if let Some(mut views) = world.get_resource_mut::<Views>() {
                views.large = None;
            }
            target.clone()
        }
    };
    let eyes = matches!(view, View::Left | View::Right);
    if eyes {
        aim(world, eye, view, size, options);
    }
    if let Some(mut camera) = world.get_mut::<Camera>(eye) {
        camera.is_active = eyes;
    }
    world.entity_mut(marker).insert(RenderTarget::Image(drawn.clone().into()));
    drawn
}
