//! What needs a picture: a session in a headset or a window, and pictures of one moment of it.

use crate::Global;
use crate::output::{Done, Failure};
use crate::play::{Args, Mode, Opened};
use crate::review;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use vestibule_app::trouble::{CARD_LOST, LIFE};
use vestibule_app::xr::supervise::{self, Watched};
use vestibule_app::{AppOptions, KeepsMeshes, Play, ShowError, Shown};
use vestibule_dose::Painting;
use vestibule_patient::Patient;
use vestibule_record::{BlobKind, NewBlob, PatientScope};
use vestibule_scenario::{
    AnswerRecord, Choices, Chosen, Clearance, Computes, Ending, KeepError, Keeper, Lang, Library, LogLine, Player,
    Session, SessionOptions, StoreKeeper,
};

/// Environment variable that asks for `EVENT` lines on standard output, for tests.
const EVENTS: &str = "VESTIBULE_EVENTS";
/// Environment variable with a folder through which a test asks for pictures of the eyes, and for the end.
const CONTROL: &str = "VESTIBULE_CONTROL";
/// Environment variable with the pixels of an eye.
const EYE_PIXELS: &str = "VESTIBULE_EYE_PIXELS";
/// Environment variable with the pixels of an eye that are drawn while no test asks for a picture.
const SKETCH_PIXELS: &str = "VESTIBULE_SKETCH_PIXELS";

/// Environment variable with how many times faster than true a test's session clock runs; questions, fades and dwell stay real.
const SPEED: &str = "VESTIBULE_SPEED";
/// Exit code of a child that found no headset.
const NO_HEADSET: u8 = vestibule_app::xr::NO_RUNTIME;

/// `vestibule play` in the headset or in a window.
pub fn run(args: &Args, global: &Global) -> Done {
    if let Some(code) = supervise::probed() {
        std::process::exit(code);
    }
    let anywhere = !args.headset && !args.window;
    // a headset's runtime may take the process down with it: a parent watches, and starts it again
    let in_headset = args.headset || anywhere && vestibule_app::xr::runtime_answers();
    if in_headset && !supervise::is_child() {
        return match supervise::run(std::env::var_os(EVENTS).is_some()).map_err(Failure::work)? {
            Watched::Ended(0) => Ok(()),
            Watched::Ended(NO_HEADSET) => Err(failure(ShowError::NoRuntime)),
            Watched::Ended(2) => Err(Failure::call("the session could not begin")),
            Watched::Ended(code) => {
                Err(Failure::Work(format!("the session ended with code {code}; no confirmed answer is lost")))
            }
            Watched::Gone(seconds) => Err(Failure::Work(format!(
                "the headset's runtime did not come back within {seconds} s; no confirmed answer is lost. Start the runtime, then the \
                 journey again; or go on in a window with --window"
            ))),
            Watched::Fell => Err(Failure::Work(
                "the picture failed again and again; no confirmed answer is lost. Run `vestibule doctor`, or play in a window \
                 with --window"
                    .to_owned(),
            )),
        };
    }
    let pixels = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    let mut options = AppOptions {
        headset: in_headset,
        eye_pixels: pixels(EYE_PIXELS),
        sketch_pixels: pixels(SKETCH_PIXELS),
        control: std::env::var_os(CONTROL).map(PathBuf::from),
    };
    if args.journey.is_none() {
        let (shown, beside) = review::open(args, global)?;
        vestibule_app::trouble::next_life(fallen);
        let ended = vestibule_app::run(shown, &options);
        let opened = beside.close();
        return finish(ended).and(opened);
    }
    let opened = Opened::new(args, global)?;
    let resume = Resume::read();
    // after a fall the staff has answered already, and it goes on where it was
    let clearance = match &resume {
        Some(_) => Clearance::Headset,
        None => {
            let (answers, by) = checked(&opened, global)?;
            opened.clear(&answers, by)?
        }
    };
    let headset = in_headset && !matches!(clearance, Clearance::Window(_));
    if in_headset && !headset {
        tell!("vestibule: the checklist says: the window instead of the headset");
    }
    let speed = std::env::var(SPEED).ok().and_then(|v| v.parse().ok()).unwrap_or(1.0);
    let mut start = SessionOptions { speed, ..SessionOptions::default() };
    if let Some(r) = &resume {
        start.start = Some(r.step.clone());
        start.choices = r.choices.clone();
    }
    let session = opened.session(start)?;
    let live = opened.prepared.painting();
    let plan = opened.patient.plans.iter().position(|p| p.uid == opened.prepared.plan.uid).unwrap_or(0);
    let meshes = Arc::new(Meshes(opened.keeper.scope().clone()));
    let player = Player::new(session, Some(live), Kept { store: opened.keeper, now: resume.unwrap_or_default() });
    let cast = Cast { player, case: Some((Arc::new(opened.patient), plan)), lang: opened.lang };
    let mut shown = cast.shown(&opened.library)?;
    shown.meshes = Some(meshes);
    shown.strip = args.mode != Mode::Patient || !headset;
    options.headset = headset;
    vestibule_app::trouble::next_life(fallen);
    finish(vestibule_app::run(shown, &options))
}

/// A child that found no headset says so to its parent by its exit code.
fn finish(ended: Result<(), ShowError>) -> Done {
    match ended {
        Err(ShowError::NoRuntime) => std::process::exit(i32::from(NO_HEADSET)),
        // a headset's parent starts it again; a window's program does so itself
        Err(ShowError::CardLost) if supervise::is_child() => std::process::exit(i32::from(CARD_LOST)),
        Err(ShowError::CardLost) => again(),
        other => {
            Resume::forget();
            other.map_err(failure)
        }
    }
}

/// The program fell over a lost card, in the middle of something: the next life begins without an end of this one.
fn fallen() {
    let code = if supervise::is_child() {
        i32::from(CARD_LOST)
    } else {
        let failed = again();
        tell!("vestibule: {}", failed.map_or_else(|e| e.to_string(), |()| "it does not start again".to_owned()));
        1
    };
    std::process::exit(code);
}

/// Often enough: a card that is lost again and again is no accident.
const LIVES: u32 = 5;

/// The same program with the same arguments in place of this one, on a card that is set up anew.
fn again() -> Done {
    let life = std::env::var(LIFE).ok().and_then(|v| v.parse().ok()).unwrap_or(1u32);
    if life >= LIVES {
        return Err(failure(ShowError::CardLost));
    }
    tell!("vestibule: the graphics card was lost; everything confirmed is kept. It starts again");
    if events() {
        println!("EVENT 0 card lost");
    }
    let mut next = std::process::Command::new(std::env::current_exe().map_err(Failure::work)?);
    next.args(std::env::args_os().skip(1)).env(LIFE, (life + 1).to_string());
    next.envs(Resume::file().map(|file| (supervise::RESUME, file)));
    #[cfg(unix)]
    let failed = std::os::unix::process::CommandExt::exec(&mut next);
    #[cfg(not(unix))]
    let failed = match next.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(e) => e,
    };
    Err(Failure::work(failed))
}

/// The checklist's answers and who gave them: the demonstration's with `--demo`, else asked on the terminal.
fn checked(opened: &Opened, global: &Global) -> Result<(BTreeMap<String, bool>, &'static str), Failure> {
    let Some(list) = &opened.checklist else { return Ok((BTreeMap::new(), "")) };
    if global.demo {
        return Ok((list.demonstration(), "demonstration"));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::call("the staff's checklist is answered on a terminal; start from one"));
    }
    let texts = opened.library.texts(opened.lang).map_err(Failure::work)?;
    tell!("{}", texts.get(&list.title));
    let mut answers = BTreeMap::new();
    for item in &list.items {
        eprint!("  {} ? [o/y, n] ", texts.get(&item.text));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(Failure::work)?;
        let first = line.trim().to_lowercase();
        answers.insert(item.id.clone(), first.starts_with('o') || first.starts_with('y'));
    }
    Ok((answers, "terminal"))
}

/// Where a session was when the headset's runtime took it down: its step and choices, nothing of the person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Resume {
    step: String,
    choices: Choices,
}

impl Resume {
    /// A parent names it, or the life before; else it lies in a folder of this program's own. None: there is nowhere to write, and nothing
    /// else suffers.
    fn file() -> Option<PathBuf> {
        static OWN: OnceLock<Option<PathBuf>> = OnceLock::new();
        let own = || {
            let folder = tempfile::Builder::new().prefix("vestibule-").tempdir().ok()?;
            Some(folder.keep().join("resume"))
        };
        std::env::var_os(supervise::RESUME).map(PathBuf::from).or_else(|| OWN.get_or_init(own).clone())
    }

    fn read() -> Option<Self> {
        let again = supervise::is_child() || std::env::var_os(LIFE).is_some();
        let file = again.then(Self::file).flatten()?;
        serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
    }

    /// There will be no next life.
    fn forget() {
        if let Some(file) = Self::file().filter(|_| !supervise::is_child()) {
            let _ = std::fs::remove_file(&file);
            let _ = file.parent().map(std::fs::remove_dir);
        }
    }

    fn note(&mut self, line: &LogLine) {
        let field = |name: &str| line.detail.get(name).cloned();
        match line.event.as_str() {
            "StepEntered" => {
                if let Some(serde_json::Value::String(step)) = field("step") {
                    self.step = step;
                }
            }
            "Chose" => match field("chosen").and_then(|v| serde_json::from_value::<Chosen>(v).ok()) {
                Some(Chosen::Information(v)) => self.choices.information = v,
                Some(Chosen::Anatomy(v)) => self.choices.anatomy = v,
                Some(Chosen::PanelSide(v)) => self.choices.panel_side = v,
                Some(Chosen::Pictures(v)) => self.choices.pictures = v,
                None => {}
            },
            "Finished" => return Self::write(supervise::FINISHED),
            _ => return,
        }
        if let Ok(text) = serde_json::to_string(self) {
            Self::write(&text);
        }
    }

    /// Whole or not at all.
    fn write(text: &str) {
        let Some(file) = Self::file() else { return };
        let new = file.with_extension("new");
        let _ = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &file));
    }
}

/// The store, which also learns how the session ended.
struct Kept {
    store: StoreKeeper,
    now: Resume,
}

impl Keeper for Kept {
    fn keep_answer(&mut self, answer: &AnswerRecord) -> Result<(), KeepError> {
        self.store.keep_answer(answer)
    }
    fn keep_events(&mut self, lines: &[LogLine]) -> Result<(), KeepError> {
        self.store.keep_events(lines)?;
        for line in lines {
            self.now.note(line);
            if line.event == "Finished"
                && let Some(how) =
                    line.detail.get("how").cloned().and_then(|v| serde_json::from_value::<Ending>(v).ok())
            {
                self.store.end(how).map_err(|e| KeepError { what: "event", why: e.to_string() })?;
            }
        }
        Ok(())
    }
    fn keep_voice(&mut self, question: &str, sound: &[u8]) -> Result<String, KeepError> {
        self.store.keep_voice(question, sound)
    }
}

/// Surfaces of the person, kept in the store with everything else of them.
struct Meshes(PatientScope);

impl KeepsMeshes for Meshes {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.0.find_blob(BlobKind::Mesh, name).ok().flatten().map(|found| found.1)
    }
    fn save(&self, name: &str, bytes: &[u8]) -> bool {
        let media_type = "application/octet-stream";
        let blob = NewBlob { patient: None, session: None, kind: BlobKind::Mesh, name, media_type, data: bytes };
        self.0.replace_blob(&blob).is_ok()
    }
}

/// Everything of a session that does not depend on the screen.
pub struct Cast<K: Keeper> {
    /// The session, its dose and its keeper.
    pub player: Player<Option<Painting>, K>,
    /// Whose it is, and which of their plans.
    pub case: Option<(Arc<Patient>, usize)>,
    /// Language.
    pub lang: Lang,
}

impl<K: Keeper + 'static> Cast<K> {
    /// As the app takes it.
    ///
    /// # Errors
    /// Texts that cannot be read.
    pub fn shown(self, library: &Library) -> Result<Shown, Failure> {
        let texts = library.texts(self.lang).map_err(Failure::work)?;
        let room = self.player.session().room().clone();
        Ok(Shown {
            assets: assets(library),
            play: Box::new(self.player) as Box<dyn Play>,
            room,
            case: self.case,
            opening: None,
            words: Box::new(move |key| texts.get(key)),
            language: self.lang.code().to_owned(),
            events: events(),
            strip: false,
            review: false,
            controls: library.controls().map_err(Failure::work)?,
            keeper: None,
            computes: Computes::Nothing,
            protocols: (Vec::new(), false),
            meshes: None,
        })
    }
}

/// Whether a test listens.
pub fn events() -> bool {
    std::env::var_os(EVENTS).is_some()
}

/// The asset root: `VESTIBULE_ASSETS`, else that of the scenes.
pub fn assets(library: &Library) -> PathBuf {
    std::env::var_os("VESTIBULE_ASSETS").map_or_else(|| library.assets(), PathBuf::from)
}

/// Sets a session to a moment: `seconds` into its present step, or where the step is most itself.
pub fn to_moment(session: &mut Session, seconds: Option<f64>) {
    let step = {
        let mut probe = session.clone();
        probe.advance(1e-6);
        probe.state().step.clone()
    };
    let wanted = seconds.unwrap_or_else(|| moment(session, &step));
    let mut left = wanted.max(0.0) + 1e-6;
    while left > 0.0 {
        let dt = left.min(TICK_S);
        session.advance(dt);
        left -= dt;
        // the fade in front of a question is real time, and must be over
        if session.state().step != step || (session.state().panel.is_some() && seconds.is_none()) {
            break;
        }
    }
    for _ in 0..20 {
        if session.state().fade < 0.01 {
            break;
        }
        session.advance(TICK_S);
    }
}

/// Step of the search, seconds.
const TICK_S: f64 = 0.1;
/// Longest step that is searched, seconds.
const LONGEST_S: f64 = 240.0;
/// How far a beam is told, and a step has come, when its picture is taken.
const BEAM_AT: f64 = 0.72;
const STEP_AT: f64 = 0.72;

/// Seconds into the step when it is most itself: its first question, its first beam well under way, else most of its length.
fn moment(session: &Session, step: &str) -> f64 {
    let mut probe = session.clone();
    let mut t = 0.0;
    while t < LONGEST_S {
        probe.advance(TICK_S);
        t += TICK_S;
        let s = probe.state();
        if s.step != step || s.finished.is_some() {
            return t * STEP_AT;
        }
        if s.panel.is_some() || s.beam.as_ref().is_some_and(|b| b.progress >= BEAM_AT) {
            return t;
        }
    }
    LONGEST_S * STEP_AT
}

/// What could not be shown, as a failure of the command.
pub fn failure(e: ShowError) -> Failure {
    Failure::work(e)
}
