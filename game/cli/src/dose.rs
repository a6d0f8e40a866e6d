//! `vestibule dose`: compute and dvh.

use crate::Global;
use crate::output::{Done, Failure};

/// `vestibule dose`: compute and dvh.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Dose-volume histograms
    Dvh,
}

/// Dispatches.
pub fn run(_command: Command, _global: &Global) -> Done {
    Err(Failure::call("not in this build yet"))
}
