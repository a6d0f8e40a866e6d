//! `vestibule patient`: import, list, show, remove.

use crate::Global;
use crate::output::{Done, Failure};

/// `vestibule patient`: import, list, show, remove.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List patients
    List,
}

/// Dispatches.
pub fn run(_command: Command, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
