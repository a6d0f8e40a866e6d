//! Pictures of moments as an eye of the headset is given them: a session of its own, without sound, window or anybody's answers.

use super::{DRAWN, runtime_answers};
use crate::capture::{CaptureOptions, Shot, View, desk, take};
use crate::clinician_mode::review;
use crate::offscreen::{self, PATIENCE, standing};
use crate::panel::PanelsShown;
use crate::patient_mode::Driver;
use crate::stamp::{self, Mark};
use crate::third_party::openxr::{self, XrFocus};
use crate::{ShowError, Shown};
use bevy::camera::ManualTextureViewHandle;
use bevy::prelude::*;
use bevy::render::view::screenshot::Screenshot;
use bevy_mod_openxr::render::XR_TEXTURE_INDEX;
use bevy_mod_xr::camera::XrCamera;
use std::path::Path;
use std::time::Instant;
use vestibule_scenario::Action;

/// What this eye is given in the present frame; 0 = left.
pub(crate) fn eye_picture(eye: u32) -> Screenshot {
    Screenshot::texture_view(ManualTextureViewHandle(XR_TEXTURE_INDEX + eye))
}

/// Takes the pictures through the headset.
///
/// # Errors
/// No runtime, a headset that nobody wears or that goes away, and what keeps any picture from being taken.
pub(crate) fn draw(
    shown: Shown,
    shots: Vec<Shot>,
    options: &CaptureOptions,
    mut told: impl FnMut(&Path),
) -> Result<(), ShowError> {
    if !runtime_answers() {
        return Err(ShowError::NoRuntime);
    }
    let mark = shown.case.as_ref().map(|c| Mark::of(c.0.synthetic));
    let review = options.review.as_ref().filter(|_| shown.review);
    let mut app = App::new();
    app.add_plugins(openxr::plugins(crate::asset_plugin(&shown.assets), None).set(crate::log_plugin()));
    openxr::configure(&mut app, options.size.map(UVec2::from));
    crate::assemble(&mut app, shown);
    app.add_plugins(super::eyes).insert_resource(PanelsShown(options.panels));
    if let Some(mark) = mark {
        app.insert_resource(mark).add_observer(mark_eye);
    }
    if review.is_some() {
        review::headset_plugin(&mut app, false);
    } else if mark.is_some() {
        app.add_plugins(stamp::plugin);
    }
    offscreen::finish(&mut app);
    for shot in shots {
        offscreen::change(&mut app, shot.play);
        if let Some(review) = review {
            desk::stand(app.world_mut(), review);
        }
        until_seen(&mut app)?;
        if mark.is_some() && !stamp::everywhere(app.world_mut()) {
            return Err(ShowError::NoPicture); // never a picture without its mark
        }
        for (view, out) in options.views.iter().zip(&shot.out) {
            take(&mut app, eye_picture(u32::from(*view == View::Right)), out)?;
            told(out);
        }
    }
    Ok(())
}

fn mark_eye(e: On<Add, XrCamera>, eyes: Query<&XrCamera>, mut commands: Commands) {
    if let Ok(eye) = eyes.get(e.entity) {
        commands.entity(e.entity).insert(stamp::context(eye.0));
    }
}

/// Goes on until the room stands, the headset is on a head, and some frames have been drawn since.
fn until_seen(app: &mut App) -> Result<(), ShowError> {
    let start = Instant::now();
    let mut drawn = 0;
    while drawn < 2 * DRAWN {
        app.update();
        offscreen::poll(app);
        let world = app.world_mut();
        let (focused, ended) = world.get_resource::<XrFocus>().map_or((false, false), |f| (f.focused, f.end.is_some()));
        if ended {
            return Err(ShowError::HeadsetGone);
        }
        // a focus that came and went has paused it
        if focused
            && let Some(mut driver) = world.get_non_send_mut::<Driver>()
            && driver.play.state().paused
        {
            let _ = driver.play.act(Action::Resume);
            drawn = 0;
        }
        let active = world.query_filtered::<&Camera, With<XrCamera>>().iter(world).any(|c| c.is_active);
        let stands = standing(world);
        drawn = if stands && focused && active { drawn + 1 } else { 0 };
        if start.elapsed() > PATIENCE {
            return Err(if stands { ShowError::NotWorn } else { ShowError::NotLoaded });
        }
    }
    Ok(())
}
