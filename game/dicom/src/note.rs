use serde::Serialize;
use std::fmt;

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something was assumed, or does not fit together: look at it.
    Warning,
    /// Something was left out.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing an import took, assumed or left out. It may name a patient's files: for the person at the screen, never
/// for a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// Which file, series or object.
    pub object: String,
    /// What, in one sentence.
    pub text: String,
}

impl Note {
    /// Good to know.
    pub fn info(object: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level: Level::Info, object: object.into(), text: text.into() }
    }
    /// Assumed, or does not fit together.
    pub fn warning(object: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level: Level::Warning, object: object.into(), text: text.into() }
    }
    /// Left out.
    pub fn error(object: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level: Level::Error, object: object.into(), text: text.into() }
    }
}
