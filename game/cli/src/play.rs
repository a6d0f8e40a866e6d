//! `vestibule play`: a journey in the headset, in a window, or without either.

mod headless;
mod opened;

use crate::Global;
use crate::output::{Done, Failure};
pub use opened::Opened;
#[cfg(feature = "show")]
pub use opened::{choose, language};
use std::path::PathBuf;

/// What `play` takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one; a clinician's review of a plan needs none
    pub journey: Option<String>,
    /// Whose session [default: the only patient of the store, else its only synthetic one]
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// Which plan, by UID; of a review also by a label that no other plan has [default: the patient's only proton plan]
    #[arg(long, value_name = "UID")]
    pub plan: Option<String>,
    /// For whom: every mode but the patient's asks for a staff PIN
    #[arg(long, value_enum, default_value = "patient")]
    pub mode: Mode,
    /// In the headset
    #[arg(long, group = "where")]
    pub headset: bool,
    /// In a window
    #[arg(long, group = "where")]
    pub window: bool,
    /// Without a screen: the real step machine, machine motion, dose and store
    #[arg(long, group = "where")]
    pub headless: bool,
    /// fr or en [default: the system's language, else en]
    #[arg(long, value_name = "LANG")]
    pub lang: Option<String>,
    /// Headless: answers to give [default: the demonstration answers in the scene]
    #[arg(long, value_name = "FILE.ron", requires = "headless")]
    pub answers: Option<PathBuf>,
    /// Headless: how many times faster than true, 1 = true time [default: as fast as it computes]
    #[arg(long, value_name = "N", requires = "headless")]
    pub speed: Option<f64>,
    /// Headless: write one event a line (synthetic patients only; anyone else's log stays in the store)
    #[arg(long, value_name = "FILE.jsonl", requires = "headless")]
    pub log: Option<PathBuf>,
    /// A clinician's review: whose PIN is asked and whose settings are taken [default: staff]
    #[arg(long, value_name = "NAME")]
    pub staff: Option<String>,
    /// A clinician's review: a protocol file whose limits can be laid on the dose (docs/protocols.md); may be given again
    #[arg(long, value_name = "FILE.json")]
    pub protocol: Vec<PathBuf>,
    /// A clinician's review of somebody who is not synthetic: limits are judged too, marked as research
    #[arg(long)]
    pub research: bool,
    /// Spacing of the dose grid, mm, 0.5 to 10
    #[arg(long, value_name = "MM", default_value_t = 2.5)]
    pub grid_mm: f64,
}

/// For whom a journey is played.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The patient.
    #[default]
    Patient,
    /// A clinician.
    Clinician,
    /// An educator.
    Educator,
}

impl Mode {
    /// As the store keeps it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinician => "clinician",
            Self::Educator => "educator",
        }
    }
}

/// Plays a journey, or opens a plan for a clinician.
pub fn run(args: Args, global: &Global) -> Done {
    if args.journey.is_none() && (args.mode != Mode::Clinician || args.headless) {
        return Err(Failure::call(
            "say which journey (`vestibule scene list`), or --mode clinician in the window or the headset to review a plan",
        ));
    }
    if args.headless {
        return headless::run(&args, global);
    }
    show(args, global)
}

/// The headset or the window.
#[cfg(not(feature = "show"))]
fn show(_args: Args, _global: &Global) -> Done {
    Err(Failure::call("this build cannot show anything; add --headless, or build with the feature 'show'"))
}

/// The headset or the window.
#[cfg(feature = "show")]
fn show(args: Args, global: &Global) -> Done {
    crate::show::run(&args, global)
}

/// No command at all: the welcome.
pub fn welcome(_global: &Global) -> Done {
    Err(Failure::call("say what to do: `vestibule play proton-first-day`, or `vestibule --help`"))
}
