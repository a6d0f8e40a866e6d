//! What keeps a picture from coming up at all: no screen, no graphics card, a headset that goes away. Bevy, winit and the headset's
//! plugin panic there; a person is told in one line what to do instead.

use crate::ShowError;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};

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
/// [`ShowError::NoScreen`], [`ShowError::NoGpu`], [`ShowError::HeadsetGone`].
pub(crate) fn told<T>(work: impl FnOnce() -> T) -> Result<T, ShowError> {
    let usual = take_hook();
    set_hook(Box::new(move |info| {
        if meaning(words(info.payload())).is_none() {
            usual(info);
        }
    }));
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match meaning(words(&*payload)) {
        Some(error) => error,
        None => resume_unwind(payload),
    })
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
