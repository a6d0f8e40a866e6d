//! A picture of what is seen, into the store as a DICOM Secondary Capture; and what somebody likes to begin with.

use super::next_life;
use super::state::{Liked, ViewState};
use crate::now::{Case, Words};
use crate::overlay::notes::{Notes, Picture, ReviewKeeper, add_picture, set_preference};
use crate::stamp;
use crate::third_party::openxr::XrFocus;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy_mod_xr::camera::XrCamera;

/// Name under which somebody's way is remembered.
const WAY: &str = "review";
/// Frames that the marks of a picture are drawn before it is taken.
const MARKED: u32 = 5;
/// Frames after which nobody waits for marks any longer.
const PATIENCE: u32 = 90;

/// A picture that is to be taken through the headset, once its marks are drawn.
#[derive(Resource, Clone, Copy, Default)]
pub(super) struct Coming {
    frames: u32,
    /// In which frame it was taken.
    taken: Option<u32>,
}

/// Takes a picture: of the window, which says whose it is and that it decides nothing; in the headset of the left eye, with marks.
pub(super) fn take(world: &mut World) {
    if world.resource::<ReviewKeeper>().0.is_none() {
        return;
    }
    if !world.contains_resource::<XrFocus>() {
        world.spawn(Screenshot::primary_window()).observe(keep);
        return;
    }
    world.insert_resource(Coming::default());
}

/// The marks, on both eyes. Between two frames: egui's own passes are over.
fn mark(world: &mut World) {
    let synthetic = world.get_resource::<Case>().is_some_and(|c| c.patient.synthetic);
    world.insert_resource(stamp::Mark::of(synthetic));
    let eyes: Vec<_> = world.query::<(Entity, &XrCamera)>().iter(world).map(|(e, c)| (e, c.0)).collect();
    for (eye, index) in eyes {
        world.entity_mut(eye).insert(stamp::context(index));
    }
}

/// Once both eyes have been drawn with their marks.
pub(super) fn through_headset(world: &mut World) {
    let Some(mut coming) = world.get_resource_mut::<Coming>() else { return };
    coming.frames += 1;
    let Coming { frames, taken } = *coming;
    if frames == 1 {
        mark(world);
        return;
    }
    let marked = stamp::everywhere(world);
    if marked && taken.is_none() && frames >= MARKED {
        world.resource_mut::<Coming>().taken = Some(frames);
        world.spawn(crate::xr::photograph::eye_picture(0)).observe(keep);
        return;
    }
    let done = taken.is_some_and(|t| frames > t + 2);
    if !done && (taken.is_some() || frames < PATIENCE) {
        return;
    }
    if taken.is_none() {
        let why = world.get_resource::<Words>().map(|w| w.get("review-no-picture"));
        world.resource_mut::<Notes>().trouble = why;
    }
    world.remove_resource::<Coming>();
    let eyes: Vec<_> = world.query_filtered::<Entity, With<XrCamera>>().iter(world).collect();
    for eye in eyes {
        stamp::remove(&mut world.entity_mut(eye));
    }
}

fn keep(captured: On<ScreenshotCaptured>, mut commands: Commands) {
    let image = captured.image.clone();
    commands.queue(move |world: &mut World| {
        let Ok(picture) = image.try_into_dynamic() else {
            let why = world.get_resource::<Words>().map(|w| w.get("review-no-picture"));
            world.resource_mut::<Notes>().trouble = why;
            return;
        };
        let rgb = picture.to_rgb8();
        let title = world.get_resource::<Words>().map(|w| w.get("review-picture")).unwrap_or_default();
        add_picture(world, Picture { size: [rgb.width(), rgb.height()], rgb: rgb.into_raw(), title });
    });
}

/// Remembers how it is now as the way of who reviews.
pub(super) fn remember(world: &mut World) {
    if let Ok(text) = serde_json::to_string(&ViewState::of(world).liked()) {
        set_preference(world, WAY, text);
    }
}

/// Sets up what is liked, once, as soon as there is something to set up.
pub(super) fn liked_once(world: &mut World, mut done: Local<bool>) {
    if *done || !world.contains_resource::<Case>() {
        return;
    }
    *done = true;
    let keeper = world.get_resource::<ReviewKeeper>().and_then(|k| k.0.clone());
    if let Some(stood) = keeper.as_deref().and_then(next_life::stood) {
        stood.restore(world);
        return;
    }
    let liked = keeper.and_then(|k| k.preference(WAY)).and_then(|t| serde_json::from_str::<Liked>(&t).ok());
    if let Some(liked) = liked {
        liked.restore(world);
    }
}
