//! One picture of one moment: off-screen, no window, no winit, pipelines compiled before the picture is taken.

use crate::now::{Now, RoomData};
use crate::panel::{PanelKind, PanelsShown};
use crate::patient_mode::{Driver, pitch_at};
use crate::room::{Room, RoomFiles};
use crate::seat::Seat;
use crate::tokens;
use crate::window::{eye_bundle, spawn_seat};
use crate::{ShowError, Shown, assemble};
use bevy::asset::RenderAssetUsages;
use bevy::camera::{RenderTarget, ShadowLodOrigin};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Which picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The left eye of a headset.
    Left,
    /// The right eye.
    Right,
    /// The window.
    Window,
    /// One panel from straight ahead.
    Panel(PanelKind),
}

/// What to take a picture of, and where to.
pub struct CaptureOptions {
    /// Which picture.
    pub view: View,
    /// Pixels.
    pub size: [u32; 2],
    /// Panels and captions are drawn.
    pub panels: bool,
    /// PNG file.
    pub out: PathBuf,
    /// Another place than the viewpoint's: eye and what it looks at, room frame, metres.
    pub from: Option<([f32; 3], [f32; 3])>,
    /// Turns the window's view from straight ahead: yaw and pitch, degrees.
    pub turn_deg: [f32; 2],
}

/// Frames drawn before the picture: light clusters are sized on the GPU and read back late.
const WARM: usize = 10;
/// Longest wait for files and surfaces.
const PATIENCE: Duration = Duration::from_secs(120);
/// Distance between the eyes, metres.
const BETWEEN_EYES_M: f32 = 0.063;
/// Field of view of a headset's eye and of the window (horizontal at 16:10), degrees.
const EYE_FIELD_DEG: f32 = 90.0;
const WINDOW_FIELD_DEG: f32 = 78.0;

#[derive(Resource, Default)]
struct Taken(Option<Image>);

/// Takes the picture.
///
/// # Errors
/// No GPU, files that do not load, or a file that cannot be written.
pub fn capture(shown: Shown, options: &CaptureOptions) -> Result<(), ShowError> {
    crate::trouble::told(|| draw(shown, options))?
}

fn draw(shown: Shown, options: &CaptureOptions) -> Result<(), ShowError> {
    let mut app = App::new();
    let plugins = DefaultPlugins
        .build()
        .set(crate::asset_plugin(&shown.assets))
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
        .set(crate::log_plugin())
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    app.add_plugins(plugins);
    assemble(&mut app, shown);
    app.insert_resource(PanelsShown(options.panels)).init_resource::<Taken>().add_systems(PreStartup, spawn_seat);
    if app.world().get_resource::<RenderDevice>().is_none() {
        // the device is made while plugins finish
        while app.plugins_state() == bevy::app::PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
    }
    if let Some(mut driver) = app.world_mut().get_non_send_mut::<Driver>() {
        driver.held = true; // a picture is of one moment
    }
    app.finish();
    app.cleanup();
    let [width, height] = options.size;
    let mut target = Image::new_uninit(
        Extent3d { width, height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    target.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    let target = app.world_mut().resource_mut::<Assets<Image>>().add(target);
    app.update();
    let camera = spawn_camera(app.world_mut(), options, &target);
    // until everything stands
    let start = Instant::now();
    loop {
        app.update();
        poll(&app);
        let world = app.world();
        let loaded = world.get_resource::<Room>().is_some_and(|r| r.loaded);
        if loaded && world.get_resource::<crate::anatomy::Growing>().is_none() {
            break;
        }
        if start.elapsed() > PATIENCE {
            return Err(ShowError::NotLoaded);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    aim(app.world_mut(), camera, options);
    for _ in 0..WARM {
        app.update();
        poll(&app);
    }
    app.world_mut()
        .spawn(Screenshot::image(target))
        .observe(|e: On<ScreenshotCaptured>, mut taken: ResMut<Taken>| taken.0 = Some(e.image.clone()));
    let mut image = None;
    for _ in 0..20 {
        app.update();
        poll(&app);
        image = app.world_mut().resource_mut::<Taken>().0.take();
        if image.is_some() {
            break;
        }
    }
    let picture = image.ok_or(ShowError::NoPicture)?.try_into_dynamic().map_err(|_| ShowError::NoPicture)?;
    picture.to_rgb8().save(&options.out).map_err(|e| ShowError::Write { file: options.out.clone(), why: e.to_string() })
}

fn poll(app: &App) {
    if let Some(device) = app.world().get_resource::<RenderDevice>() {
        let _ = device.wgpu_device().poll(PollType::Wait { submission_index: None, timeout: None });
    }
}

fn spawn_camera(world: &mut World, options: &CaptureOptions, target: &Handle<Image>) -> Entity {
    let assets = world.resource::<AssetServer>().clone();
    let files = world.resource::<RoomFiles>().clone();
    let [width, height] = options.size;
    let aspect = width as f32 / height as f32;
    let field = match &options.view {
        View::Left | View::Right => EYE_FIELD_DEG,
        View::Window => WINDOW_FIELD_DEG,
        View::Panel(_) => 46.0,
    };
    let fov = 2.0 * ((field.to_radians() * 0.5).tan() / aspect).atan();
    world
        .spawn((
            Camera3d::default(),
            Projection::Perspective(PerspectiveProjection { fov, near: 0.03, aspect_ratio: aspect, ..default() }),
            RenderTarget::Image(target.clone().into()),
            ShadowLodOrigin,
            Transform::default(),
            eye_bundle(&assets, &files),
        ))
        .id()
}

fn aim(world: &mut World, camera: Entity, options: &CaptureOptions) {
    let now = world.resource::<Now>().state.viewpoint.clone();
    let view = world.resource::<RoomData>().0.viewpoints.get(&now).cloned();
    let mut seats = world.query_filtered::<&Transform, With<Seat>>();
    let seat = seats.iter(world).next().copied().unwrap_or_default();
    let pitch = view.as_ref().map_or(0.0, pitch_at);
    let [yaw, up] = options.turn_deg.map(f32::to_radians);
    let turned = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch * 0.5 - tokens::WINDOW_DOWN + up);
    let local = match &options.view {
        View::Left | View::Right => {
            let side = if options.view == View::Left { -0.5 } else { 0.5 };
            let turn = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch * 0.5 + up);
            Transform::from_rotation(turn) * Transform::from_xyz(side * BETWEEN_EYES_M, 0.0, 0.0)
        }
        View::Window => Transform::from_rotation(turned),
        View::Panel(kind) => {
            let mut panels = world.query::<(&PanelKind, &Transform)>();
            let at = panels.iter(world).find(|p| p.0 == kind).map(|p| p.1.translation).unwrap_or(Vec3::NEG_Z);
            Transform::default().looking_to(at, Vec3::Y)
        }
    };
    let mut placed = seat * local;
    if let Some((eye, at)) = options.from {
        let side = match options.view {
            View::Left => -0.5,
            View::Right => 0.5,
            _ => 0.0,
        };
        placed = Transform::from_translation(eye.into()).looking_at(at.into(), Vec3::Y);
        placed.translation += placed.right() * side * BETWEEN_EYES_M;
    }
    world.entity_mut(camera).insert(placed);
}
