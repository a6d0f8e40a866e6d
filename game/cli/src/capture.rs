//! `vestibule capture`: one step of a journey as a PNG.

use crate::Global;
use crate::output::{Done, Failure};

/// What `capture` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one
    pub journey: String,
}

/// Renders one step.
pub fn run(_args: Args, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
