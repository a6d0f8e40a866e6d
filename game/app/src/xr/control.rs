//! A test's own wishes: pictures, holding the clock at a moment, the end; and few pixels while no picture is wanted.

use super::photograph::eye_picture;
use super::{Control, DRAWN};
use crate::events::Events;
use crate::now::Now;
use crate::patient_mode::Driver;
use crate::people::Named;
use crate::room::Room;
use bevy::camera::Viewport;
use bevy::prelude::*;
use bevy::render::view::screenshot::{ScreenshotCaptured, save_to_disk};
use bevy_mod_xr::camera::XrCamera;

pub(super) fn control(
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
    mut begun: Local<bool>,
    mut frames: Local<u32>,
    mut exit: MessageWriter<AppExit>,
) {
    let Some(dir) = &control.folder else { return };
    *frames += 1;
    let ready = room.is_some_and(|r| r.loaded) && growing.is_none() && eyes.iter().any(|c| c.1.is_active);
    *drawn = if ready { *drawn + 1 } else { 0 };
    if *drawn == DRAWN {
        out.say(format_args!("drawing"));
        *begun = true;
    }
    // The session's clock rests until everything is drawn: a test speaks from then on, and on a busy machine a faster clock would
    // have passed the first question. Then `until` holds a step and seconds: it rests there until the file is gone.
    let s = &now.state;
    let holds = !*begun
        || std::fs::read_to_string(dir.join("until")).is_ok_and(|text| {
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
    if control.whole >= DRAWN
        && *drawn >= DRAWN
        && let Ok(name) = std::fs::read_to_string(&take)
        && name.ends_with('\n')
    {
        let _ = std::fs::remove_file(&take);
        tell_objects(name.trim(), &eyes, &named, &out);
        for (eye, side) in (0..).zip(["left", "right"]) {
            let path = dir.join(format!("{}_{side}.png", name.trim()));
            let shown = path.display().to_string();
            commands.spawn(eye_picture(eye)).observe(save_to_disk(path)).observe(
                move |_: On<ScreenshotCaptured>, out: Res<Events>| {
                    out.say(format_args!("picture {shown}"));
                },
            );
        }
    }
    if dir.join("quit").exists() {
        out.say(format_args!("frames {}", *frames));
        exit.write(AppExit::Success);
    }
}

/// While no picture is asked for, the eyes draw into a corner of theirs: software draws a whole eye several times more slowly, and
/// what a test presses, waits for and reads does not depend on pixels. A picture waits for some frames of the whole.
pub(super) fn sketch(mut control: ResMut<Control>, mut eyes: Query<&mut Camera, With<XrCamera>>) {
    let (Some(pixels), Some(dir)) = (control.sketch, &control.folder) else {
        control.whole = DRAWN;
        return;
    };
    let whole = dir.join("take").exists();
    control.whole = if whole { control.whole + 1 } else { 0 };
    for mut eye in &mut eyes {
        if eye.viewport.is_none() != whole {
            let corner = Viewport { physical_size: UVec2::splat(pixels), ..default() };
            eye.viewport = (!whole).then_some(corner);
        }
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
