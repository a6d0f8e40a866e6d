//! The headset: eyes, hand, focus, recentring, and pictures of both eyes for tests.

mod control;
mod controller;
mod hands;
mod input;
pub(crate) mod mirror;
pub(crate) mod photograph;
pub mod supervise;

pub use input::Bindings;

use crate::events::Events;
use crate::fade::Shell;
use crate::now::{Now, RoomData};
use crate::panel::{Act, PanelModel};
use crate::patient_mode::RecentreNow;
use crate::room::RoomFiles;
use crate::seat::{Recentre, Seat};
use crate::third_party::openxr::{XrEnd, XrFocus};
use crate::window::{eye_bundle, spawn_seat};
use bevy::prelude::*;
use bevy::render::view::NoIndirectDrawing;
use bevy_mod_openxr::render::update_views;
use bevy_mod_xr::camera::XrCamera;
use bevy_mod_xr::session::{XrState, XrTrackingRoot};
use std::path::PathBuf;
use vestibule_scenario::{Action, Posture};

/// Frames to draw before a picture of the eyes: a picture asked for before the eyes draw is lost, and the first ones after
/// loading still miss meshes.
const DRAWN: u32 = 4;
/// Exit code when no runtime answers: the caller opens a window instead.
pub const NO_RUNTIME: u8 = 3;

/// Whether an OpenXR runtime answers, with a headset behind it.
pub fn runtime_answers() -> bool {
    probe().is_some()
}

fn probe() -> Option<()> {
    #[expect(unsafe_code, reason = "loading a shared library is unsafe by nature; it is the system's OpenXR loader")]
    let entry = unsafe { openxr::Entry::load().ok()? };
    let app = openxr::ApplicationInfo {
        application_name: "vestibule",
        application_version: 0,
        engine_name: "",
        engine_version: 0,
        api_version: openxr::Version::new(1, 0, 0),
    };
    let instance = entry.create_instance(&app, &openxr::ExtensionSet::default(), &[]).ok()?;
    instance.system(openxr::FormFactor::HEAD_MOUNTED_DISPLAY).ok()?;
    Some(())
}

/// A folder through which a test asks for pictures (`take` holds a name), for a moment (`until`) and for the end (`quit`).
#[derive(Resource, Clone, Default)]
pub struct Control {
    /// The folder.
    pub folder: Option<PathBuf>,
    /// Pixels of an eye that are drawn while no picture is asked for; None = all of them.
    pub sketch: Option<u32>,
    /// Frames drawn whole since a picture was asked for.
    whole: u32,
}

impl Control {
    /// Through this folder, with so many pixels meanwhile.
    pub fn new(folder: Option<PathBuf>, sketch: Option<u32>) -> Self {
        Self { folder, sketch, whole: 0 }
    }
}

/// The headset; `mirrored`: with a window beside it.
pub fn plugin(app: &mut App, mirrored: bool) {
    if mirrored {
        mirror::plugin(app);
    }
    supervise::end_when_lost();
    app.add_plugins(eyes)
        .add_systems(Startup, check_runtime)
        .add_systems(Last, (control::sketch, control::control).chain());
}

/// Eyes, hand, focus and recentring.
pub(crate) fn eyes(app: &mut App) {
    app.add_plugins((hands::plugin, input::plugin))
        .add_message::<RecentreNow>()
        .add_observer(dress_eye)
        .add_systems(PreStartup, spawn_seat)
        .add_systems(PreUpdate, follow_focus)
        .add_systems(
            PostUpdate,
            (recentre, place_root, carry_shell).chain().after(update_views).before(TransformSystems::Propagate),
        );
}

fn check_runtime(state: Res<XrState>, out: Res<Events>, mut exit: MessageWriter<AppExit>) {
    if *state == XrState::Unavailable {
        out.say(format_args!("no OpenXR runtime"));
        exit.write(AppExit::from_code(NO_RUNTIME));
    }
}

/// bevy_mod_openxr spawns bare cameras: everything about the picture is added as they appear.
fn dress_eye(e: On<Add, XrCamera>, mut commands: Commands, assets: Res<AssetServer>, files: Res<RoomFiles>) {
    commands.entity(e.entity).insert((eye_bundle(&assets, &files), NoIndirectDrawing));
}

/// Headset off or focus lost: the session pauses (and the fade shell blanks the view). It stays paused when the focus comes back:
/// whoever put the headset on again says when it goes on. The runtime's own end is ours too.
fn follow_focus(
    focus: Res<XrFocus>,
    mut model: ResMut<PanelModel>,
    mut had: Local<bool>,
    mut exit: MessageWriter<AppExit>,
) {
    if *had && !focus.focused {
        model.acts.push(Act::Session(Action::Pause));
    }
    *had = focus.focused;
    match focus.end {
        Some(XrEnd::Left) => {
            exit.write(AppExit::Success);
        }
        Some(XrEnd::Lost) => {
            exit.write(AppExit::from_code(supervise::LOST));
        }
        None => {}
    }
}

/// The head between its eyes, in the frame of the eyes' places. Displays may be canted: neither eye looks where the head does.
fn head_of(eyes: impl Iterator<Item = Transform>) -> Option<Transform> {
    let eyes: Vec<Transform> = eyes.collect();
    let (first, last) = (eyes.first()?, eyes.last()?);
    let translation = eyes.iter().map(|e| e.translation).sum::<Vec3>() / eyes.len() as f32;
    Some(Transform { translation, rotation: first.rotation.slerp(last.rotation, 0.5), ..default() })
}

fn recentre(
    mut asked: MessageReader<RecentreNow>,
    eyes: Query<&Transform, With<XrCamera>>,
    mut recentre: ResMut<Recentre>,
    focus: Res<XrFocus>,
    out: Res<Events>,
    mut drawn: Local<u32>,
) {
    // once by itself, when the person has had the headset on for a few frames
    *drawn = if focus.focused { drawn.saturating_add(1) } else { 0 };
    if asked.read().count() == 0 && *drawn != DRAWN {
        return;
    }
    let Some(head) = head_of(eyes.iter().copied()) else { return };
    *recentre = Recentre::from_head(&head);
    let at = head.translation;
    out.say(format_args!(
        "recentred {:.3} {:.3} {:.3} {}",
        at.x,
        at.y,
        at.z,
        if recentre.lying.is_some() { "lying" } else { "upright" }
    ));
}

fn place_root(
    seat: Query<&Transform, (With<Seat>, Without<XrTrackingRoot>)>,
    now: Res<Now>,
    data: Res<RoomData>,
    recentre: Res<Recentre>,
    mut root: Query<&mut Transform, With<XrTrackingRoot>>,
) {
    let Ok(seat) = seat.single() else { return };
    let lying = data.0.viewpoints.get(&now.state.viewpoint).is_some_and(|v| v.posture == Posture::Lying);
    for mut t in &mut root {
        t.set_if_neq(recentre.place(seat, lying));
    }
}

/// The dark of a fade goes where the eyes are: a head leant forward would look out of it.
fn carry_shell(
    eyes: Query<&Transform, (With<XrCamera>, Without<Shell>)>,
    seat: Query<&Transform, (With<Seat>, Without<Shell>)>,
    root: Query<&Transform, (With<XrTrackingRoot>, Without<Shell>)>,
    mut shells: Query<&mut Transform, With<Shell>>,
) {
    let (Ok(seat), Ok(root)) = (seat.single(), root.single()) else { return };
    let Some(head) = head_of(eyes.iter().copied()) else { return };
    let at = seat.compute_affine().inverse().transform_point3(root.transform_point(head.translation));
    for mut t in &mut shells {
        t.translation = at;
    }
}
