//! `vestibule record`: what the store keeps.

use crate::Global;
use crate::output::{Done, Failure};

/// `vestibule record`: what the store keeps.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Staff
    Staff,
}

/// Dispatches.
pub fn run(_command: Command, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
