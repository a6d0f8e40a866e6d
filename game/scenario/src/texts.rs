//! What a person reads and hears: Fluent files, one per language.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use unic_langid::langid;

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, Hash)]
pub enum Lang {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// Two letters, as files are named.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
}

impl FromStr for Lang {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|l| l.code() == s.trim().to_lowercase())
            .ok_or_else(|| format!("'{}' is not a language of this program; there are fr and en", s.trim()))
    }
}

/// Why texts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// A file could not be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not Fluent.
    #[error("{file}:{line}: {what}; mend this message")]
    Syntax {
        /// Which.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// There is no file for a language.
    #[error("no texts in {folder}: put a .ftl file there")]
    None {
        /// Where.
        folder: PathBuf,
    },
}

/// All texts of one language.
pub struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
    doubles: BTreeSet<String>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("lang", &self.lang).field("keys", &self.keys.len()).finish()
    }
}

impl Texts {
    /// Reads every `.ftl` file of `assets/languages/CODE`, in alphabetical order.
    ///
    /// # Errors
    /// A file that cannot be read or is not Fluent, or none at all.
    pub fn load(languages: &Path, lang: Lang) -> Result<Self, TextsError> {
        let folder = languages.join(lang.code());
        let read = |file: &Path, source| TextsError::Read { file: file.to_owned(), source };
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .map_err(|e| read(&folder, e))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "ftl"))
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(TextsError::None { folder });
        }
        let mut sources = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(|e| read(&file, e))?;
            sources.push((file, text));
        }
        Self::from_sources(lang, sources)
    }

    /// From file names and their contents.
    ///
    /// # Errors
    /// A file that is not Fluent.
    pub fn from_sources(lang: Lang, sources: impl IntoIterator<Item = (PathBuf, String)>) -> Result<Self, TextsError> {
        let id = match lang {
            Lang::Fr => langid!("fr"),
            Lang::En => langid!("en"),
        };
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks are for mixed writing directions, and show as boxes in some fonts.
        bundle.set_use_isolating(false);
        let (mut keys, mut doubles) = (BTreeSet::new(), BTreeSet::new());
        for (file, text) in sources {
            let resource = FluentResource::try_new(text).map_err(|(resource, errors)| {
                let (at, what) = errors.first().map_or((0, String::new()), |e| (e.pos.start, e.to_string()));
                let line = resource.source().get(..at).map_or(1, |t| t.matches('\n').count() + 1);
                TextsError::Syntax { file: file.clone(), line, what }
            })?;
            for entry in resource.entries() {
                if let fluent_syntax::ast::Entry::Message(m) = entry
                    && !keys.insert(m.id.name.to_owned())
                {
                    doubles.insert(m.id.name.to_owned());
                }
            }
            bundle.add_resource_overriding(resource);
        }
        Ok(Self { lang, bundle, keys, doubles })
    }

    /// Which language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Every key.
    pub fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    /// Keys that stand twice.
    pub fn doubles(&self) -> &BTreeSet<String> {
        &self.doubles
    }

    /// Whether there is such a text.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// A text without variables. A key that is missing is shown as itself, so that nothing is silently empty.
    pub fn get(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with variables filled in.
    pub fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.try_with(key, values).unwrap_or_else(|_| key.to_owned())
    }

    /// A text with variables filled in; the reason when the key or a variable is missing.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn try_with(&self, key: &str, values: &[(&str, &str)]) -> Result<String, String> {
        let message = self.bundle.get_message(key).ok_or_else(|| format!("no text '{key}' in {}", self.lang.code()))?;
        let pattern = message.value().ok_or_else(|| format!("text '{key}' is empty in {}", self.lang.code()))?;
        let mut args = FluentArgs::new();
        for (name, value) in values {
            // Numbers go in as numbers, so that plural forms work.
            match value.parse::<f64>() {
                Ok(number) => args.set(*name, FluentValue::from(number)),
                Err(_) => args.set(*name, FluentValue::from(*value)),
            }
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        match errors.first() {
            Some(e) => Err(format!("text '{key}' in {}: {e}", self.lang.code())),
            None => Ok(text),
        }
    }
}
