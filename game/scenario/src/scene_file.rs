//! Reading RON: the one place that knows the options and turns errors into lines.

use ron::extensions::Extensions;
use serde::de::DeserializeOwned;

/// Why a scene could not be read. `line` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct SceneError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads one value. `Some(…)` need not be written.
pub(crate) fn from_ron<T: DeserializeOwned>(text: &str) -> Result<T, SceneError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|e| SceneError {
        line: e.span.start.line,
        column: e.span.start.col,
        what: e.code.to_string(),
    })
}

/// Line (from 1) of the first place where `"word"` stands in a file; None if nowhere.
pub(crate) fn line_of(text: &str, word: &str) -> Option<usize> {
    let at = text.find(&format!("\"{word}\""))?;
    Some(text[..at].matches('\n').count() + 1)
}
