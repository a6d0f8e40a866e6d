//! The window beside the headset: the left eye's picture and the clinician's strip.
//!
//! The picture is a copy of what the left eye was drawn into, taken a few times a second: no third view of the room is ever
//! drawn. Between two copies the window's camera rests, so that the desktop costs the headset's frame nothing.

use crate::clinician_mode::{self, STRIP, StripShown};
use crate::third_party::openxr::XrFocus;
use crate::tokens;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::schedule::Core3d;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::core_pipeline::upscaling::upscaling;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::extract_component::{ExtractComponent, ExtractComponentPlugin};
use bevy::render::extract_resource::{ExtractResource, ExtractResourcePlugin};
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderContext, ViewQuery};
use bevy::render::texture::GpuImage;
use bevy::render::view::ViewTarget;
use bevy::window::PrimaryWindow;
use bevy::winit::{UpdateMode, WinitSettings};
use bevy_egui::{EguiContext, EguiPrimaryContextPass, EguiTextureHandle, EguiUserTextures, PrimaryEguiContext, egui};
use bevy_mod_openxr::resources::OxrCurrentSessionConfig;
use bevy_mod_xr::camera::XrCamera;
use std::time::Duration;

/// Pictures a second.
const RATE_HZ: f32 = 12.0;
/// The window, points: a nearly square eye under the strip.
const WINDOW: (u32, u32) = (1120, 1000);
/// Drawn after eyes and panels.
const ORDER: isize = 10;

/// The picture, and whether this frame takes a new one.
#[derive(Resource, Clone, Default, ExtractResource)]
struct Mirror {
    picture: Option<Handle<Image>>,
    size: UVec2,
    due: bool,
    since_s: f32,
}

/// The eye that is mirrored.
#[derive(Component, Clone, Copy, ExtractComponent)]
struct Mirrored;

/// The window's camera.
#[derive(Component)]
struct MirrorCamera;

/// The window that bevy opens. It never waits for the desktop's own refresh.
pub(crate) fn window() -> Window {
    Window {
        title: "Vestibule".to_owned(),
        present_mode: bevy::window::PresentMode::AutoNoVsync,
        resolution: WINDOW.into(),
        ..default()
    }
}

/// True where a window can be opened beside the headset. winit cannot be asked: without a display it panics.
pub(crate) fn display_answers() -> bool {
    #[cfg(not(target_os = "linux"))]
    return true;
    #[cfg(target_os = "linux")]
    {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        if let Some(name) = set("WAYLAND_DISPLAY") {
            let folder = set("XDG_RUNTIME_DIR").unwrap_or_default();
            return std::os::unix::net::UnixStream::connect(std::path::Path::new(&folder).join(name)).is_ok();
        }
        use x11rb::connection::Connection;
        // An X server may start anew when its last client goes, and answers nobody meanwhile: this client stays.
        static STAYS: std::sync::OnceLock<x11rb::rust_connection::RustConnection> = std::sync::OnceLock::new();
        let answers = || x11rb::rust_connection::RustConnection::connect(None).map(|(connection, _)| connection);
        set("DISPLAY").is_some() && answers().is_ok_and(|c| !STAYS.get_or_init(|| c).setup().roots.is_empty())
    }
}

/// The loop follows the headset, whatever the window does or whether it was closed.
pub(crate) fn never_waits() -> WinitSettings {
    let always = UpdateMode::reactive(Duration::ZERO);
    WinitSettings { focused_mode: always, unfocused_mode: always }
}

/// The mirror. `synthetic`: the strip says that the patient is.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins((
        clinician_mode::plugin,
        ExtractComponentPlugin::<Mirrored>::default(),
        ExtractResourcePlugin::<Mirror>::default(),
    ))
    .insert_resource(never_waits())
    .init_resource::<Mirror>()
    .add_observer(mark_left)
    .add_systems(Startup, spawn)
    .add_systems(Update, (fit, tick).chain())
    .add_systems(EguiPrimaryContextPass, show.before(clinician_mode::strip));
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.add_systems(Core3d, copy.after(upscaling));
    }
}

fn mark_left(e: On<Add, XrCamera>, eyes: Query<&XrCamera>, mut commands: Commands) {
    if eyes.get(e.entity).is_ok_and(|c| c.0 == 0) {
        commands.entity(e.entity).insert(Mirrored);
    }
}

fn spawn(mut commands: Commands) {
    commands.spawn((
        MirrorCamera,
        Camera3d::default(),
        Camera { order: ORDER, ..default() },
        RenderLayers::none(),
        Msaa::Off,
        Tonemapping::None,
        bevy_egui::PrimaryEguiContext,
    ));
}

/// The picture is as large as an eye.
fn fit(
    session: Option<Res<OxrCurrentSessionConfig>>,
    mut mirror: ResMut<Mirror>,
    mut images: ResMut<Assets<Image>>,
    mut textures: ResMut<EguiUserTextures>,
) {
    let Some(session) = session else { return };
    if mirror.size == session.resolution {
        return;
    }
    mirror.size = session.resolution;
    if let Some(old) = mirror.picture.take() {
        textures.remove_image(old.id());
    }
    let picture =
        images.add(Image::new_target_texture(session.resolution.x, session.resolution.y, session.format, None));
    textures.add_image(EguiTextureHandle::Weak(picture.id()));
    mirror.picture = Some(picture);
}

fn tick(
    time: Res<Time<Real>>,
    windows: Query<(), With<PrimaryWindow>>,
    mut mirror: ResMut<Mirror>,
    mut cameras: Query<&mut Camera, With<MirrorCamera>>,
) {
    mirror.since_s += time.delta_secs();
    mirror.due = mirror.since_s >= 1.0 / RATE_HZ && !windows.is_empty();
    if mirror.due {
        mirror.since_s = 0.0;
    }
    for mut camera in &mut cameras {
        if camera.is_active != mirror.due {
            camera.is_active = mirror.due;
        }
    }
}

/// Render world: left eye → picture, as bytes; both have the session's format and size.
fn copy(
    view: ViewQuery<&ViewTarget, With<Mirrored>>,
    mirror: Option<Res<Mirror>>,
    images: Res<RenderAssets<GpuImage>>,
    mut context: RenderContext,
) {
    let Some(mirror) = mirror.filter(|m| m.due) else { return };
    let Some(picture) = mirror.picture.as_ref().and_then(|p| images.get(p)) else { return };
    let eye = view.into_inner().main_texture();
    if eye.size() == picture.texture.size() && eye.format() == picture.texture.format() {
        context.command_encoder().copy_texture_to_texture(
            eye.as_image_copy(),
            picture.texture.as_image_copy(),
            eye.size(),
        );
    }
}

/// The picture under the strip, whole, in the middle; dim while nobody sees it. Drawn first: strip and field lie over it.
fn show(
    mut contexts: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    mirror: Res<Mirror>,
    textures: Res<EguiUserTextures>,
    focus: Res<XrFocus>,
    strip: Res<StripShown>,
) {
    let (Ok(mut context), Some(picture)) = (contexts.single_mut(), &mirror.picture) else { return };
    let Some(id) = textures.image_id(picture.id()) else { return };
    let ctx = context.get_mut();
    let mut room = ctx.content_rect();
    if strip.on {
        room.min.y += STRIP;
    }
    let size = egui::vec2(mirror.size.x as f32, mirror.size.y as f32);
    let scale = (room.width() / size.x).min(room.height() / size.y).max(0.0);
    let place = egui::Rect::from_center_size(room.center(), size * scale);
    let whole = egui::Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
    let tint = if focus.focused { tokens::WHITE } else { tokens::INK_SOFT };
    ctx.layer_painter(egui::LayerId::background()).image(id, place, whole, tint);
}
