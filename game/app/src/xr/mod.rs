//! The headset: eyes, hand, focus, recentring, and pictures of both eyes for tests.

mod input;
pub mod supervise;

use crate::events::Events;
use crate::now::Now;
use crate::panel::{Act, PanelModel};
use crate::patient_mode::{Driver, RecentreNow};
use crate::people::Named;
use crate::room::{Room, RoomFiles};
use crate::seat::{Recentre, Seat};
use crate::third_party::openxr::XrFocus;
use crate::window::{eye_bundle, spawn_seat};
use bevy::camera::ManualTextureViewHandle;
use bevy::prelude::*;
use bevy::render::view::NoIndirectDrawing;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured, save_to_disk};
use bevy_mod_openxr::render::XR_TEXTURE_INDEX;
use bevy_mod_xr::camera::XrCamera;
use bevy_mod_xr::session::{XrState, XrTrackingRoot};
use std::path::PathBuf;
use vestibule_scenario::Action;

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

/// A folder through which a test asks for pictures (`take` holds a name) and for the end (`quit`).
#[derive(Resource, Clone)]
pub struct Control(pub Option<PathBuf>);

/// The headset.
pub fn plugin(app: &mut App) {
    app.add_plugins(input::plugin)
        .add_message::<RecentreNow>()
        .add_observer(dress_eye)
        .add_systems(PreStartup, spawn_seat)
        .add_systems(Startup, check_runtime)
        .add_systems(PreUpdate, follow_focus)
        .add_systems(PostUpdate, (recentre, place_root).chain().before(TransformSystems::Propagate))
        .add_systems(Last, control);
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

/// Headset off or focus lost: the session pauses (and the fade shell blanks the view).
fn follow_focus(focus: Res<XrFocus>, mut model: ResMut<PanelModel>, mut had: Local<bool>) {
    if *had && !focus.focused {
        model.acts.push(Act::Session(Action::Pause));
    }
    *had = focus.focused;
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
    let n = eyes.iter().count() as f32;
    let Some(first) = eyes.iter().next() else { return };
    let middle = eyes.iter().map(|e| e.translation).sum::<Vec3>() / n.max(1.0);
    *recentre = Recentre::from_head(&Transform { translation: middle, ..*first });
    out.say(format_args!("recentred {:.3} {:.3} {:.3}", middle.x, middle.y, middle.z));
}

fn place_root(
    seat: Query<&Transform, (With<Seat>, Without<XrTrackingRoot>)>,
    recentre: Res<Recentre>,
    mut root: Query<&mut Transform, With<XrTrackingRoot>>,
) {
    let Ok(seat) = seat.single() else { return };
    for mut t in &mut root {
        t.set_if_neq(*seat * recentre.transform());
    }
}

/// A test's own wishes: pictures, holding the clock at a moment, the end.
fn control(
    mut commands: Commands,
    control: Res<Control>,
    out: Res<Events>,
    eyes: Query<(&XrCamera, &Camera, &GlobalTransform)>,
    room: Option<Res<Room>>,
    growing: Option<Res<crate::anatomy::Growing>>,
    now: Res<Now>,
    mut driver: NonSendMut<Driver>,
    named: Query<(&Named, &GlobalTransform, &InheritedVisibility)>,
    mut drawn: Local<u32>,
    mut exit: MessageWriter<AppExit>,
) {
    let Some(dir) = &control.0 else { return };
    let ready = room.is_some_and(|r| r.loaded) && growing.is_none() && eyes.iter().any(|c| c.1.is_active);
    *drawn = if ready { *drawn + 1 } else { 0 };
    if *drawn == DRAWN {
        out.say(format_args!("drawing"));
    }
    // `until` holds a step and seconds: the session's clock rests there until the file is gone
    let s = &now.state;
    let holds = std::fs::read_to_string(dir.join("until")).is_ok_and(|text| {
        let mut words = text.split_whitespace();
        words.next() == Some(s.step.as_str())
            && words.next().and_then(|w| w.parse::<f64>().ok()).is_some_and(|t| s.step_time_s >= t)
            && s.fade < 0.01
    });
    if holds != driver.held {
        driver.held = holds;
        out.say(format_args!("{}", if holds { "held" } else { "going" }));
    }
    let take = dir.join("take");
    if *drawn >= DRAWN
        && let Ok(name) = std::fs::read_to_string(&take)
        && name.ends_with('\n')
    {
        let _ = std::fs::remove_file(&take);
        tell_objects(name.trim(), &eyes, &named, &out);
        for (eye, side) in ["left", "right"].into_iter().enumerate() {
            let path = dir.join(format!("{}_{side}.png", name.trim()));
            let shown = path.display().to_string();
            commands
                .spawn(Screenshot::texture_view(ManualTextureViewHandle(XR_TEXTURE_INDEX + eye as u32)))
                .observe(save_to_disk(path))
                .observe(move |_: On<ScreenshotCaptured>, out: Res<Events>| {
                    out.say(format_args!("picture {shown}"));
                });
        }
    }
    if dir.join("quit").exists() {
        exit.write(AppExit::Success);
    }
}

/// Says where named things are in both eyes: distance along the view, then x and y in pixels, left and right.
fn tell_objects(
    picture: &str,
    eyes: &Query<(&XrCamera, &Camera, &GlobalTransform)>,
    named: &Query<(&Named, &GlobalTransform, &InheritedVisibility)>,
    out: &Events,
) {
    let mut both: Vec<_> = eyes.iter().collect();
    both.sort_by_key(|e| e.0.0);
    let [left, right] = both[..] else { return };
    let middle = (left.2.translation() + right.2.translation()) * 0.5;
    for (thing, place, _) in named.iter().filter(|n| n.2.get()) {
        let at = place.translation() + place.up() * thing.offset_m[0];
        let at = at + (middle - at).normalize_or_zero() * thing.offset_m[1];
        let depth = (at - middle).dot(*left.2.forward());
        if let (Ok(l), Ok(r)) = (left.1.world_to_viewport(left.2, at), right.1.world_to_viewport(right.2, at)) {
            out.say(format_args!(
                "object {picture} {} {depth:.4} {:.3} {:.3} {:.3} {:.3}",
                thing.name, l.x, l.y, r.x, r.y
            ));
        }
    }
}
