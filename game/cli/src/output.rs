//! How results and errors reach the person: exit codes, one or two lines, JSON, progress bars.

use std::fmt;
use std::process::ExitCode;

/// A line on standard output. A reader that has gone (`| head`) ends nothing: the work goes on to its own exit code.
macro_rules! say {
    () => { $crate::output::line(&mut std::io::stdout(), format_args!("")) };
    ($($words:tt)*) => { $crate::output::line(&mut std::io::stdout(), format_args!($($words)*)) };
}

/// The same on standard error.
macro_rules! tell {
    ($($words:tt)*) => { $crate::output::line(&mut std::io::stderr(), format_args!($($words)*)) };
}

/// Why a command did not do its work. Says what, where and what to do.
#[derive(Debug)]
pub enum Failure {
    /// The call was wrong: exit code 2.
    Call(String),
    /// The work failed: exit code 1.
    Work(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(s) | Self::Work(s) => f.write_str(s),
        }
    }
}

/// What every command returns.
pub type Done = Result<(), Failure>;

impl Failure {
    /// The call was wrong.
    pub fn call(text: impl fmt::Display) -> Self {
        Self::Call(text.to_string())
    }
    /// The work failed; an error with its causes on one line.
    pub fn work(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        Self::Work(text)
    }
}

/// Prints the failure once and gives the exit code.
pub fn finish(result: Done) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell!("vestibule: {failure}");
            ExitCode::from(if matches!(failure, Failure::Call(_)) { 2 } else { 1 })
        }
    }
}

/// A progress bar on a terminal, nothing in a pipe.
pub fn progress(length: u64, what: &str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::with_draw_target(Some(length), indicatif::ProgressDrawTarget::stderr());
    bar.set_message(what.to_owned());
    bar
}

/// What [`say`] and [`tell`] do.
pub fn line(to: &mut impl std::io::Write, words: fmt::Arguments<'_>) {
    use std::io::{ErrorKind, Write};
    use std::sync::atomic::{AtomicBool, Ordering};
    static FAILED: AtomicBool = AtomicBool::new(false);
    if let Err(e) = writeln!(to, "{words}")
        && e.kind() != ErrorKind::BrokenPipe
        && !FAILED.swap(true, Ordering::Relaxed)
    {
        // Once: a full disk would say it for every line. Where nothing can be said, nothing is.
        let _ = writeln!(std::io::stderr(), "vestibule: cannot write what was to be printed: {e}");
    }
}

/// One JSON value on standard output.
pub fn print_json(value: &impl serde::Serialize) -> Done {
    let text = serde_json::to_string_pretty(value).map_err(Failure::work)?;
    say!("{text}");
    Ok(())
}

/// Writes a file of a person that no other user may read; what is there already is never overwritten.
pub fn write_new(path: &std::path::Path, bytes: &[u8]) -> Done {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let done = options.open(path).and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
    done.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::call(format!("{} is there already: name another file, or remove it first", path.display()))
        }
        _ => Failure::Work(format!("cannot write {}: {e}", path.display())),
    })
}
