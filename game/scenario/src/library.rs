//! Where scenes and assets lie, and how they are opened.

use crate::checklist::Checklist;
use crate::controls::Controls;
use crate::journey::Journey;
use crate::room::Room;
use crate::scene_file::SceneError;
use crate::texts::{Lang, Texts, TextsError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder that holds `scenes/` and `assets/`.
#[derive(Clone, Debug)]
pub struct Library {
    root: PathBuf,
}

/// Why a scene could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No folder with `scenes/` and `assets/`.
    #[error("cannot find the folder that holds scenes/ and assets/; run from inside it, or name it in VESTIBULE_HOME")]
    NoLibrary,
    /// There is no such scene.
    #[error("there is no {kind} '{name}'; there are: {known}")]
    Unknown {
        /// `journey`, `room` or `checklist`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A file could not be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{file}: {source}; mend the file and try `vestibule scene check {file}`")]
    Scene {
        /// Which.
        file: PathBuf,
        /// Where and why.
        source: SceneError,
    },
    /// Texts could not be read.
    #[error(transparent)]
    Texts(#[from] TextsError),
}

impl Library {
    /// The folder named in `VESTIBULE_HOME`, else the nearest one above the working folder or above the program's own
    /// file that holds both `scenes` and `assets`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self, OpenError> {
        let fits = |p: &Path| p.join("scenes").is_dir() && p.join("assets").is_dir();
        if let Some(home) = std::env::var_os("VESTIBULE_HOME") {
            let home = PathBuf::from(home);
            return if fits(&home) { Ok(Self { root: home }) } else { Err(OpenError::NoLibrary) };
        }
        let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
        starts
            .iter()
            .flatten()
            .flat_map(|p| p.ancestors())
            .find(|p| fits(p))
            .map(|p| Self { root: p.to_owned() })
            .ok_or(OpenError::NoLibrary)
    }

    /// A folder that is known.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `assets/`.
    pub fn assets(&self) -> PathBuf {
        self.root.join("assets")
    }

    fn folder(&self, kind: &str) -> PathBuf {
        match kind {
            "journey" => self.root.join("scenes/journeys"),
            "room" => self.root.join("scenes/rooms"),
            _ => self.root.join("assets/questionnaires"),
        }
    }

    /// Names of all `journey`s, `room`s or `checklist`s, sorted.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder(kind))
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "ron"))
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names
    }

    /// The file of a scene: a path that exists, or a name in its folder.
    ///
    /// # Errors
    /// When there is neither.
    pub fn file(&self, kind: &'static str, name: &str) -> Result<PathBuf, OpenError> {
        let given = PathBuf::from(name);
        if given.extension().is_some_and(|e| e == "ron") && given.is_file() {
            return Ok(given);
        }
        let known = self.names(kind);
        if known.iter().any(|k| k == name) {
            return Ok(self.folder(kind).join(format!("{name}.ron")));
        }
        Err(OpenError::Unknown { kind, name: name.to_owned(), known: known.join(", ") })
    }

    fn open<T>(&self, kind: &'static str, name: &str, read: fn(&str) -> Result<T, SceneError>) -> Result<T, OpenError> {
        let file = self.file(kind, name)?;
        let text = std::fs::read_to_string(&file).map_err(|source| OpenError::Read { file: file.clone(), source })?;
        read(&text).map_err(|source| OpenError::Scene { file, source })
    }

    /// A journey by name or path.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn journey(&self, name: &str) -> Result<Arc<Journey>, OpenError> {
        self.open("journey", name, Journey::from_ron).map(Arc::new)
    }

    /// A room by name or path.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn room(&self, name: &str) -> Result<Arc<Room>, OpenError> {
        self.open("room", name, Room::from_ron).map(Arc::new)
    }

    /// A checklist by name or path.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn checklist(&self, name: &str) -> Result<Checklist, OpenError> {
        self.open("checklist", name, Checklist::from_ron)
    }

    /// What the buttons of controllers do: `scenes/controls.ron`; where there is none, as it is shipped.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn controls(&self) -> Result<Controls, OpenError> {
        let file = self.root.join("scenes/controls.ron");
        match std::fs::read_to_string(&file) {
            Ok(text) => Controls::from_ron(&text).map_err(|source| OpenError::Scene { file, source }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Controls::default()),
            Err(source) => Err(OpenError::Read { file, source }),
        }
    }

    /// All texts of a language.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn texts(&self, lang: Lang) -> Result<Texts, OpenError> {
        Ok(Texts::load(&self.assets().join("languages"), lang)?)
    }
}
