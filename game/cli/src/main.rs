//! `vestibule`, the one binary: parses, dispatches, prints. Exit codes: 0 done, 1 the work failed, 2 the call was wrong.

#[macro_use]
mod output;

mod bench;
#[cfg(feature = "show")]
mod bench_case;
mod capture;
mod chosen;
mod doctor;
mod dose;
mod dose_machine;
mod patient;
mod play;
mod record;
#[cfg(feature = "show")]
mod review;
mod scene;
#[cfg(feature = "show")]
mod show;
mod store;
mod thumbnail;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// See your radiotherapy session before it happens. Education and visualisation; not a medical device.
#[derive(Parser)]
#[command(name = "vestibule", version, about)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options that every command takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Global {
    /// Folder of the local encrypted store [default: the user's data folder]
    #[arg(long, global = true, env = "VESTIBULE_STORE", value_name = "DIR")]
    pub store: Option<std::path::PathBuf>,
    /// Demonstration: a fixed, published key and staff PIN 0000. Never for real patients
    #[arg(long, global = true)]
    pub demo: bool,
    /// Read the store's passphrase from this open file descriptor
    #[arg(long, global = true, value_name = "FD", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<i32>,
    /// Read the store's passphrase from this file (mode 0600)
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<std::path::PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Play a journey in the headset, in a window, or without either
    Play(play::Args),
    /// Render one step of a journey to a PNG
    Capture(Box<capture::Args>),
    /// Measure what things cost on this machine
    #[command(subcommand)]
    Bench(bench::Command),
    /// Import, list, show and remove patients
    #[command(subcommand)]
    Patient(patient::Command),
    /// Compute a dose, and its dose-volume histograms
    #[command(subcommand)]
    Dose(dose::Command),
    /// What the local store keeps: answers, notes, staff
    #[command(subcommand)]
    Record(record::Command),
    /// Check and list rooms and journeys
    #[command(subcommand)]
    Scene(scene::Command),
    /// What this machine has, and what to do about what is missing
    Doctor,
}

fn main() -> ExitCode {
    let cli = Cli::parse(); // clap ends with code 2 on a wrong call
    let global = cli.global;
    let result = match cli.command {
        Some(Command::Play(args)) => play::run(args, &global),
        Some(Command::Capture(args)) => capture::run(*args, &global),
        Some(Command::Bench(command)) => bench::run(command, &global),
        Some(Command::Patient(command)) => patient::run(command, &global),
        Some(Command::Dose(command)) => dose::run(command, &global),
        Some(Command::Record(command)) => record::run(command, &global),
        Some(Command::Scene(command)) => scene::run(command, &global),
        Some(Command::Doctor) => doctor::run(&global),
        None => play::welcome(&global),
    };
    output::finish(result)
}
