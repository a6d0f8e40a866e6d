//! How a review stood when the graphics card was lost: kept before the program ends, set up again by the one that comes after it.

use super::state::ViewState;
use crate::now::Case;
use crate::overlay::notes::{KeepsReview, ReviewKeeper};
use bevy::prelude::*;
use std::sync::{Arc, Mutex};

/// Name under which it is kept.
const STOOD: &str = "stood";

/// How it stood for the program before; None: there was none, or it had kept nothing.
pub(super) fn stood(keeper: &dyn KeepsReview) -> Option<ViewState> {
    std::env::var_os(crate::trouble::LIFE)?;
    serde_json::from_str(&keeper.preference(STOOD)?).ok()
}

/// How a review stood when something was set up last, and where that is kept: for a fall in which nothing can be asked any more.
static LAST: Mutex<Option<(Arc<dyn KeepsReview>, ViewState)>> = Mutex::new(None);

/// Notes how it stands.
pub(super) fn note(world: &World, view: &ViewState) {
    let keeper = world.get_resource::<ReviewKeeper>().and_then(|k| k.0.clone());
    if let (Some(keeper), Ok(mut last)) = (keeper, LAST.lock()) {
        *last = Some((keeper, view.clone()));
    }
}

/// How it stands when the card is lost, kept before this process ends.
pub(crate) fn keep_for_next_life(world: &mut World) {
    if world.contains_resource::<Case>() {
        note(world, &ViewState::with_look(world));
        keep_last_for_next_life();
    }
}

/// The same, as it was noted last.
pub(crate) fn keep_last_for_next_life() {
    let Some((keeper, view)) = LAST.lock().ok().and_then(|mut l| l.take()) else { return };
    if let Ok(text) = serde_json::to_string(&view)
        && let Err(why) = keeper.set_preference(STOOD, &text)
    {
        error!("how the review stood could not be kept: {why}");
    }
}
