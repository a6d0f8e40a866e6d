//! A session drawn into a picture: no window, no winit, pipelines compiled before anything is drawn.

use crate::anatomy::DoseNow;
use crate::patient_mode::{Driver, Play};
use crate::room::Room;
use crate::window::spawn_seat;
use crate::{ShowError, Shown, assemble};
use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::RenderDevice;
use bevy::render::settings::RenderCreation;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use std::time::{Duration, Instant};

/// Longest wait for files and surfaces.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The session's app without a screen, drawn by such a device; `more` adds what belongs to its caller.
pub fn build(shown: Shown, device: RenderCreation, more: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    let plugins = DefaultPlugins
        .build()
        .set(crate::asset_plugin(&shown.assets))
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(RenderPlugin { synchronous_pipeline_compilation: true, render_creation: device, ..default() })
        .set(crate::log_plugin())
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    app.add_plugins(plugins);
    assemble(&mut app, shown);
    app.add_systems(PreStartup, spawn_seat);
    more(&mut app);
    crate::in_turn::in_turn(&mut app);
    finish(&mut app);
    app
}

/// Waits for the graphics card, and for whatever plugins do last.
pub fn finish(app: &mut App) {
    if app.world().get_resource::<RenderDevice>().is_none() {
        // the device is made while plugins finish
        while app.plugins_state() == bevy::app::PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
    }
    app.finish();
    app.cleanup();
}

/// Another moment, which then stands still.
pub fn change(app: &mut App, play: Box<dyn Play>) {
    if let Some(mut driver) = app.world_mut().get_non_send_mut::<Driver>() {
        *driver = Driver::new(play);
        driver.held = true;
    }
    if let Some(mut dose) = app.world_mut().get_resource_mut::<DoseNow>()
        && dose.version > 0
    {
        dose.version += 1; // what was painted before is not what is painted now
    }
    app.update();
}

/// Something to draw into.
pub fn target(app: &mut App, [width, height]: [u32; 2]) -> Handle<Image> {
    let mut target = Image::new_uninit(
        Extent3d { width, height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    target.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    app.world_mut().resource_mut::<Assets<Image>>().add(target)
}

/// Goes on until the room stands and everything has been worked out.
///
/// # Errors
/// Files that do not load in time.
pub fn until_it_stands(app: &mut App) -> Result<(), ShowError> {
    let start = Instant::now();
    loop {
        app.update();
        poll(app);
        if standing(app.world()) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(ShowError::NotLoaded);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// True once the room stands and everything has been worked out.
pub fn standing(world: &World) -> bool {
    let loaded = world.get_resource::<Room>().is_some_and(|r| r.loaded);
    let painted = world.get_non_send::<Driver>().is_none_or(|d| d.play.settled());
    loaded
        && painted
        && world.get_resource::<crate::anatomy::Growing>().is_none()
        && crate::screens::ready(world)
        && crate::overlay::settled(world)
}

/// Waits until the graphics card has done everything it was given.
pub fn poll(app: &App) {
    if let Some(device) = app.world().get_resource::<RenderDevice>() {
        let _ = device.wgpu_device().poll(PollType::Wait { submission_index: None, timeout: None });
    }
}
