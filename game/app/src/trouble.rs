//! A graphics card that is lost; and what keeps a picture from coming up at all: no screen, no graphics card, a headset that goes away.
//! Bevy, winit and the headset's plugin panic there; a person is told in one line what to do instead.

use crate::ShowError;
use crate::clinician_mode::review;
use bevy::app::AppExit;
use bevy::prelude::*;
use bevy::render::error_handler::{RenderErrorHandler, RenderErrorPolicy};
use bevy::render::renderer::RenderDevice;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program whose graphics card was lost.
pub const CARD_LOST: u8 = 6;
/// For a test: once there is a file of this name the card is taken away, as a driver that restarts does, in the program's first life.
const LOSES: &str = "VESTIBULE_LOSE_CARD";
/// What begins the next life, out of whatever this one is in the middle of. It does not come back.
static NEXT: OnceLock<fn()> = OnceLock::new();
/// Somebody begins it already.
static BEGINS: AtomicBool = AtomicBool::new(false);
/// The driver has said that the card is gone. It says so at an ordinary end, too.
static GONE: AtomicBool = AtomicBool::new(false);
/// Something fell over a card that was gone: on whichever thread, before or after anybody was asked what to do.
static FELL: AtomicBool = AtomicBool::new(false);
/// Set in a life that follows on a lost card.
pub const LIFE: &str = "VESTIBULE_LIFE";

/// A card that is lost ends this process, and the next one sets everything up anew: what egui and wgpu have on the old card cannot be
/// brought onto another. A review keeps first how it stood. Any other fault of drawing ends the program, as an endless repetition of
/// it would flash.
pub(crate) fn plugin(app: &mut App) {
    app.add_systems(PreStartup, listen).insert_resource(RenderErrorHandler(|error, main, _| {
        let lost = falls();
        if lost {
            review::keep_for_next_life(main);
        } else {
            error!("drawing failed and cannot go on: {:?}; run `vestibule doctor`", error.ty);
        }
        main.write_message(if lost { AppExit::from_code(CARD_LOST) } else { AppExit::error() });
        RenderErrorPolicy::StopRendering
    }));
    let takes = std::env::var_os(LOSES).map(PathBuf::from).filter(|_| std::env::var_os(LIFE).is_none());
    if let Some(file) = takes {
        app.add_systems(First, move |device: Res<RenderDevice>, mut done: Local<bool>| {
            if !*done && file.exists() {
                *done = true;
                // a driver says so before anything fails of it; one that is told to go says so afterwards, and the thread that draws
                // may have fallen by then
                GONE.store(true, Ordering::SeqCst);
                device.wgpu_device().destroy();
            }
        });
    }
}

fn listen(device: Option<Res<RenderDevice>>) {
    if let Some(device) = device {
        // in place of Bevy's own: many faults come of a lost card, and each must be known for what it is, whatever is seen first
        device.wgpu_device().set_device_lost_callback(|_, _| GONE.store(true, Ordering::SeqCst));
    }
}

/// Says what begins the next life where this one falls over a lost card. Things of the old card fall while others of them are being put
/// away, which would end the process without a word: so nothing is put away.
pub fn next_life(begin: fn()) {
    let _ = NEXT.set(begin);
}

/// Something fell over a lost card on this thread, and nothing has been put away yet.
fn begin_next_life() {
    let Some(begin) = NEXT.get() else { return };
    if !BEGINS.swap(true, Ordering::SeqCst) {
        review::keep_last_for_next_life();
        begin();
        return;
    }
    // another thread does so; this one must not get to where it would end the process
    loop {
        std::thread::park();
    }
}

/// Something fails now: whether it is because the card is gone.
fn falls() -> bool {
    let gone = GONE.load(Ordering::SeqCst);
    FELL.fetch_or(gone, Ordering::SeqCst);
    gone
}

/// Whether anything fell because the card was gone.
fn fell() -> bool {
    FELL.load(Ordering::SeqCst)
}

/// What a panic's words mean, where they mean that nothing can be shown here.
fn meaning(words: &str) -> Option<ShowError> {
    let has = |part: &str| words.contains(part);
    if has("Unable to find a GPU") {
        Some(ShowError::NoGpu)
    } else if has("Failed to build event loop") {
        Some(ShowError::NoScreen)
    } else if crate::xr::supervise::is_loss(words) {
        Some(ShowError::HeadsetGone)
    } else {
        None
    }
}

fn words(payload: &dyn std::any::Any) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default()
}

/// Does the work; where it fails for want of a screen, a card or a headset, says so and nothing else. Any other panic goes on.
///
/// # Errors
/// [`ShowError::NoScreen`], [`ShowError::NoGpu`], [`ShowError::CardLost`], [`ShowError::HeadsetGone`].
pub(crate) fn told<T>(work: impl FnOnce() -> T) -> Result<T, ShowError> {
    let usual = take_hook();
    set_hook(Box::new(move |info| {
        if falls() {
            begin_next_life();
        } else if meaning(words(info.payload())).is_none() {
            usual(info);
        }
    }));
    let ended = catch_unwind(AssertUnwindSafe(work));
    if fell() {
        review::keep_last_for_next_life(); // it may have fallen before anybody was asked
        return Err(ShowError::CardLost);
    }
    ended.map_err(|payload| meaning(words(&*payload)).unwrap_or_else(|| resume_unwind(payload)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_taken_for_it() {
        let error = |text: &'static str| told(|| panic!("{text}")).err();
        assert!(matches!(error("Unable to find a GPU! Make sure"), Some(ShowError::NoGpu)));
        assert!(matches!(error("Failed to build event loop: Os(…)"), Some(ShowError::NoScreen)));
        assert!(matches!(error("OpenXrError(ERROR_INSTANCE_LOST)"), Some(ShowError::HeadsetGone)));
        assert!(catch_unwind(|| error("something else")).is_err(), "a fault stays a fault");
        assert_eq!(told(|| 7).ok(), Some(7));
    }
}
