//! `vestibule scene`: check and list rooms and journeys.

use crate::Global;
use crate::output::{Done, Failure};

/// `vestibule scene`: check and list rooms and journeys.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List
    List,
}

/// Dispatches.
pub fn run(_command: Command, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
