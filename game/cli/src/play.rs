//! `vestibule play`: a journey in the headset, in a window, or without either.

use crate::Global;
use crate::output::{Done, Failure};

/// What `play` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one
    pub journey: String,
}

/// Plays a journey.
pub fn run(_args: Args, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}

/// No command at all: the welcome.
pub fn welcome(_global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
