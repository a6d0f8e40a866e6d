//! The whole check of a scene file: its own data, its texts in every language, and the files it names.

use crate::check::{Fault, journey_faults, room_faults};
use crate::checklist::Checklist;
use crate::controls::Controls;
use crate::journey::{Beat, Journey, Step};
use crate::library::Library;
use crate::question::QuestionKind;
use crate::room::Room;
use crate::scene_file::{SceneError, line_of};
use crate::texts::{Lang, Texts};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longest text of a panel, words.
pub const PANEL_WORDS: usize = 30;

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In which file.
    pub file: PathBuf,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// A warning leaves the scene playable.
    pub warning: bool,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}{}; {}", if self.warning { "warning: " } else { "" }, self.what, self.advice)
    }
}

/// Checks one scene file: a journey with its room, a room, or a checklist, told apart by what it holds.
///
/// Every finding names the file, the line where it can be told, and what to do. An empty list means that it can be played.
pub fn inspect(library: &Library, file: &Path) -> Vec<Finding> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) => return vec![whole(file, format!("cannot be read: {e}"), "give the path of a .ron file")],
    };
    let mut inspection = Inspection { library, file, text: &text, findings: Vec::new(), texts: Vec::new() };
    inspection.load_texts();
    // What it means to be is told by where it lies; a file elsewhere is taken for what it holds.
    let folder = file.parent().and_then(Path::file_name).and_then(|f| f.to_str()).unwrap_or_default();
    let holds = |word: &str| text.contains(word);
    if folder == "rooms" || (folder != "journeys" && holds("kinematics:")) {
        if let Some(room) = inspection.parsed(Room::from_ron(&text)) {
            inspection.room(&room);
        }
    } else if folder == "questionnaires" || (folder != "journeys" && holds("if_no:")) {
        if let Some(list) = inspection.parsed(Checklist::from_ron(&text)) {
            inspection.checklist(&list);
        }
    } else if folder != "journeys" && holds("profiles:") {
        inspection.parsed(Controls::from_ron(&text));
    } else if let Some(journey) = inspection.parsed(Journey::from_ron(&text)) {
        inspection.journey(&journey);
    }
    inspection.findings
}

fn whole(file: &Path, what: String, advice: &str) -> Finding {
    Finding { file: file.to_owned(), line: None, what, advice: advice.to_owned(), warning: false }
}

struct Inspection<'a> {
    library: &'a Library,
    file: &'a Path,
    text: &'a str,
    findings: Vec<Finding>,
    texts: Vec<Texts>,
}

impl Inspection<'_> {
    fn add(&mut self, word: &str, what: String, advice: String) {
        let line = line_of(self.text, word).or_else(|| line_of_bare(self.text, word));
        self.findings.push(Finding { file: self.file.to_owned(), line, what, advice, warning: false });
    }

    fn faults(&mut self, faults: Vec<Fault>) {
        for f in faults {
            self.add(&f.word, f.what, f.advice);
        }
    }

    fn parsed<T>(&mut self, read: Result<T, SceneError>) -> Option<T> {
        read.map_err(|e| {
            self.findings.push(Finding {
                file: self.file.to_owned(),
                line: Some(e.line),
                what: format!("column {}: {}", e.column, e.what),
                advice: "mend this line".to_owned(),
                warning: false,
            });
        })
        .ok()
    }

    fn load_texts(&mut self) {
        for lang in Lang::ALL {
            match self.library.texts(lang) {
                Ok(texts) => self.texts.push(texts),
                Err(e) => self.findings.push(whole(self.file, e.to_string(), "without texts nothing can be shown")),
            }
        }
    }

    fn same_name(&mut self, id: &str) {
        let name = self.file.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
        if name != id {
            self.add(id, format!("is called '{id}' inside"), format!("call it '{name}' as the file"));
        }
    }

    /// A text that must exist in every language, with at most so many words (0: any number).
    fn needs_text(&mut self, key: &str, most_words: usize) {
        let mut found = Vec::new();
        for texts in &self.texts {
            let code = texts.lang().code();
            if !texts.has(key) {
                found.push((
                    format!("no text '{key}' in {code}"),
                    format!("add '{key} = …' to a file in assets/languages/{code}"),
                ));
                continue;
            }
            match texts.try_with(key, &[]) {
                Err(why) => found.push((why, "a scene's text takes no variables".to_owned())),
                Ok(text) => {
                    let words = words(&text);
                    if most_words > 0 && words > most_words {
                        found.push((
                            format!("text '{key}' has {words} words in {code}"),
                            format!("keep a panel to {most_words} words"),
                        ));
                    }
                }
            }
        }
        for (what, advice) in found {
            self.add(key, what, advice);
        }
    }

    /// A line that is said: its text, and whether its seconds cover the recorded voices.
    fn needs_line(&mut self, key: &str, seconds: f64) {
        self.needs_text(key, PANEL_WORDS);
        if !key.starts_with("say-") {
            self.add(key, format!("'{key}' is said but not called so"), "begin its name with 'say-'".to_owned());
        }
        for lang in Lang::ALL {
            let file = self.library.assets().join("sounds").join(lang.code()).join(format!("{key}.ogg"));
            let Ok(bytes) = std::fs::read(&file) else { continue };
            match vorbis_seconds(&bytes) {
                None => self.add(key, format!("{} is not Ogg Vorbis", file.display()), "record it again".to_owned()),
                Some(length) if length > seconds + 0.05 => self.add(
                    key,
                    format!("'{key}' lasts {length:.1} s in {} and is given {seconds} s", lang.code()),
                    format!("give it {} s", (length * 2.0).ceil() / 2.0),
                ),
                Some(_) => {}
            }
        }
    }

    fn needs_asset(&mut self, path: &str) {
        if !self.library.assets().join(path).is_file() {
            self.add(path, format!("missing asset assets/{path}"), "put the file there or name another".to_owned());
        }
    }

    fn room(&mut self, room: &Room) {
        self.same_name(&room.id);
        self.faults(room_faults(room));
        self.needs_text(&room.title, PANEL_WORDS);
        self.needs_text(&room.site.companion, PANEL_WORDS);
        let m = &room.models;
        for path in [&m.room, &m.lightmap, &m.occlusion, &m.volume, &m.specular, &m.diffuse] {
            self.needs_asset(path);
        }
        for person in &room.staff {
            self.needs_text(&person.role, PANEL_WORDS);
            self.needs_asset(&person.model);
        }
        for sound in room.sounds.values() {
            self.needs_asset(&sound.file);
        }
        for open in room.site.unfilled() {
            let line = line_of_bare(self.text, open);
            self.findings.push(Finding {
                file: self.file.to_owned(),
                line,
                what: format!("the department has not filled '{open}'"),
                advice: "fill it on a visit; until then nothing is said about it".to_owned(),
                warning: true,
            });
        }
    }

    fn checklist(&mut self, list: &Checklist) {
        self.same_name(&list.id);
        self.needs_text(&list.title, PANEL_WORDS);
        let mut seen = BTreeSet::new();
        for item in &list.items {
            self.needs_text(&item.text, PANEL_WORDS);
            if !seen.insert(&item.id) {
                self.add(&item.id, format!("item '{}' stands twice", item.id), "rename one of them".to_owned());
            }
        }
    }

    fn journey(&mut self, journey: &Journey) {
        self.same_name(&journey.id);
        match self.library.room(&journey.room) {
            Ok(room) => self.faults(journey_faults(journey, &room)),
            Err(e) => self.add(&journey.room, e.to_string(), "name a room that can be opened".to_owned()),
        }
        if let Some(list) = &journey.checklist
            && let Err(e) = self.library.checklist(list)
        {
            self.add(list, e.to_string(), "name a checklist that can be opened".to_owned());
        }
        self.needs_text(&journey.title, PANEL_WORDS);
        for text in journey.closings.values() {
            self.needs_text(text, PANEL_WORDS);
        }
        for question in &journey.questions {
            self.needs_text(&question.text, PANEL_WORDS);
            if let QuestionKind::Scale { low, high, .. } = &question.kind {
                self.needs_text(low, PANEL_WORDS);
                self.needs_text(high, PANEL_WORDS);
            }
            for option in question.options() {
                self.needs_text(&option.text, PANEL_WORDS);
                if let Some(alert) = &option.alert {
                    self.needs_text(alert, 0);
                }
            }
        }
        for step in journey.all_steps() {
            self.needs_text(&step.title, PANEL_WORDS);
            self.beats(&step.beats);
        }
    }

    fn beats(&mut self, beats: &[Beat]) {
        for beat in beats {
            match beat {
                Beat::Say(key, seconds) | Beat::Over(key, seconds) => self.needs_line(key, *seconds),
                Beat::Deliver { says, .. } => {
                    for (_, key, seconds) in says {
                        self.needs_line(key, *seconds);
                    }
                }
                Beat::Alert(reason) => self.needs_text(reason, 0),
                Beat::When(_, inner) | Beat::Beams(_, inner) => self.beats(inner),
                _ => {}
            }
        }
    }
}

/// Words of a text: what has a letter or a digit in it.
pub fn words(text: &str) -> usize {
    text.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).count()
}

/// Every key that a journey says, with the seconds it is given.
pub fn said(journey: &Journey) -> Vec<(String, f64)> {
    fn collect(beats: &[Beat], out: &mut Vec<(String, f64)>) {
        for beat in beats {
            match beat {
                Beat::Say(key, s) | Beat::Over(key, s) => out.push((key.clone(), *s)),
                Beat::Deliver { says, .. } => out.extend(says.iter().map(|(_, k, s)| (k.clone(), *s))),
                Beat::When(_, inner) | Beat::Beams(_, inner) => collect(inner, out),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    journey.all_steps().map(|s: &Step| &s.beats).for_each(|b| collect(b, &mut out));
    out
}

/// Line of a field's name, which stands without quotes.
fn line_of_bare(text: &str, word: &str) -> Option<usize> {
    let at = text.find(&format!("{word}:")).or_else(|| text.find(&format!("{word}(")))?;
    Some(text[..at].matches('\n').count() + 1)
}

/// Length of an Ogg Vorbis file from its last page's granule position and the sample rate of its first packet.
fn vorbis_seconds(bytes: &[u8]) -> Option<f64> {
    let find = |needle: &[u8]| bytes.windows(needle.len()).position(|w| w == needle);
    let head = find(b"\x01vorbis")?;
    let rate = u32::from_le_bytes(bytes.get(head + 12..head + 16)?.try_into().ok()?);
    let last = bytes.windows(4).rposition(|w| w == b"OggS")?;
    let samples = u64::from_le_bytes(bytes.get(last + 6..last + 14)?.try_into().ok()?);
    (rate > 0 && samples < u64::from(u32::MAX)).then(|| samples as f64 / f64::from(rate))
}
