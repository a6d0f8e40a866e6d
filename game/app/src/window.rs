//! The same session in a window: look round by dragging, Space or Enter is the one button, Esc the menu, clicks reach panels.

use crate::events::Events;
use crate::now::{Now, RoomData};
use crate::panel::keyboard::{keep_tab, keys};
use crate::panel::{Board, Panel, PanelModel, Pointer, PointerKind, PointerRead};
use crate::patient_mode::pitch_at;
use crate::room::{RoomFiles, reflections};
use crate::seat::{Eye, Seat};
use crate::tokens;
use bevy::camera::{Exposure, ShadowLodOrigin};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::input::mouse::AccumulatedMouseMotion;
use bevy::light::cluster::ClusterConfig;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiInputSet, EguiPreUpdateSet};

/// Radians of view per pixel of dragging.
const TURN: f32 = 0.0028;
/// Vertical field of view, degrees.
const FIELD_DEG: f32 = 62.0;

/// The window's camera and where it looks from the seat.
#[derive(Component, Default)]
pub struct Look {
    yaw: f32,
    pitch: f32,
    viewpoint: String,
}

/// The window.
pub fn plugin(app: &mut App) {
    app.add_systems(PreStartup, spawn_seat)
        .add_systems(Startup, spawn_camera)
        .add_systems(PreUpdate, point.in_set(PointerRead).after(bevy::input::InputSystems))
        .add_systems(PreUpdate, keep_tab.after(EguiInputSet::WriteEguiEvents).before(EguiPreUpdateSet::BeginPass))
        .add_systems(Update, (look, keys, tell));
}

/// The person's frame, where no headset brings one.
pub fn spawn_seat(mut commands: Commands) {
    commands.spawn((Seat, Transform::default(), Visibility::Inherited));
}

/// What every camera that shows the room needs.
pub fn eye_bundle(assets: &AssetServer, files: &RoomFiles) -> impl Bundle {
    (
        Eye,
        Tonemapping::KhronosPbrNeutral,
        Msaa::Sample4,
        Exposure { ev100: tokens::EV0 - tokens::ROOM_EV },
        ClusterConfig::Single, // one room, lit by its probe and its volume
        reflections(assets, files),
    )
}

fn spawn_camera(
    mut commands: Commands,
    mut model: ResMut<PanelModel>,
    assets: Res<AssetServer>,
    files: Res<RoomFiles>,
    seat: Single<Entity, With<Seat>>,
) {
    model.window = true;
    let camera = commands
        .spawn((
            Camera3d::default(),
            Projection::Perspective(PerspectiveProjection { fov: FIELD_DEG.to_radians(), near: 0.03, ..default() }),
            ShadowLodOrigin,
            Look::default(),
            Transform::default(),
            bevy_egui::PrimaryEguiContext,
            eye_bundle(&assets, &files),
        ))
        .id();
    commands.entity(*seat).add_child(camera);
}

fn look(
    now: Res<Now>,
    data: Res<RoomData>,
    buttons: Res<ButtonInput<MouseButton>>,
    motion: Res<AccumulatedMouseMotion>,
    pointer: Res<Pointer>,
    mut cameras: Query<(&mut Look, &mut Transform)>,
) {
    for (mut look, mut t) in &mut cameras {
        if look.viewpoint != now.state.viewpoint {
            look.viewpoint.clone_from(&now.state.viewpoint);
            look.yaw = 0.0;
            look.pitch =
                data.0.viewpoints.get(&look.viewpoint).map_or(0.0, |v| pitch_at(v) * 0.5 - tokens::WINDOW_DOWN);
        }
        let dragging =
            buttons.pressed(MouseButton::Right) || buttons.pressed(MouseButton::Left) && pointer.reach.is_none();
        if dragging {
            look.yaw -= motion.delta.x * TURN;
            look.pitch = (look.pitch - motion.delta.y * TURN).clamp(-1.4, 1.4);
        }
        t.set_if_neq(Transform::from_rotation(Quat::from_rotation_y(look.yaw) * Quat::from_rotation_x(look.pitch)));
    }
}

fn point(
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    camera: Option<Single<(&Camera, &GlobalTransform), With<Look>>>,
    buttons: Res<ButtonInput<MouseButton>>,
    mut pointer: ResMut<Pointer>,
) {
    let (Some(window), Some(camera)) = (window, camera) else { return };
    let ray = window.cursor_position().and_then(|p| camera.0.viewport_to_world(camera.1, p).ok());
    pointer.kind = PointerKind::Mouse;
    pointer.ray = ray;
    pointer.pressed = buttons.just_pressed(MouseButton::Left);
    pointer.released = buttons.just_released(MouseButton::Left);
}

/// Says where the buttons of the panels lie in the window: what a test's mouse aims at.
fn tell(
    out: Res<Events>,
    model: Res<PanelModel>,
    camera: Option<Single<(&Camera, &GlobalTransform), With<Look>>>,
    panels: Query<(&Panel, &Board, &GlobalTransform, &InheritedVisibility)>,
    mut told: Local<Vec<(String, Vec2)>>,
) {
    let (true, Some(camera)) = (out.on(), camera) else { return };
    let mut all = Vec::new();
    for (panel, board, place, _) in panels.iter().filter(|p| p.3.get()) {
        for (name, at) in &model.reach[panel.kind as usize] {
            let world = place.transform_point(board.at(*at).extend(0.0));
            all.extend(camera.0.world_to_viewport(camera.1, world).ok().map(|p| (name.clone(), p)));
        }
    }
    out.places("panel", all, &mut told);
}
