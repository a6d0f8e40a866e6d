//! `vestibule capture`: steps of a journey as pictures.

use crate::Global;
use crate::output::{Done, Failure};
use std::path::PathBuf;

/// What `capture` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one
    pub journey: String,
    /// Step to show, or several with commas between them; STEP@SECONDS: that long into it
    #[arg(long, value_name = "STEP", value_delimiter = ',', required = true)]
    pub at: Vec<String>,
    /// Patient of the store [default: the first synthetic one, if there is any]
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// left, right, window, panel:main or panel:foot
    #[arg(long, default_value = "window")]
    pub view: String,
    /// Pixels, WIDTHxHEIGHT [default: 1600x1000, 1024x1024 for an eye]
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
    /// fr or en
    #[arg(long, default_value = "fr")]
    pub lang: String,
    /// Seconds into the step [default: where the step is most itself]
    #[arg(long, value_name = "SECONDS")]
    pub time: Option<f64>,
    /// Without panels and captions
    #[arg(long)]
    pub bare: bool,
    /// From another place: eye and what it looks at, room frame, metres: X,Y,Z,X,Y,Z
    #[arg(long, value_name = "X,Y,Z,X,Y,Z", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Turns the view from straight ahead: yaw to the left and pitch up, degrees
    #[arg(long, value_name = "YAW,PITCH", allow_hyphen_values = true)]
    pub turn: Option<String>,
    /// Allow a picture of a person who is not synthetic: a rendered head is a recognisable face
    #[arg(long)]
    pub identifiable: bool,
    /// PNG or JPEG file to write; {step} in it is the step's name, needed where there are several
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Renders one step.
#[cfg(feature = "show")]
pub fn run(args: Args, global: &Global) -> Done {
    shown::run(&args, global)
}

/// Says what is missing.
#[cfg(not(feature = "show"))]
pub fn run(_args: Args, _global: &Global) -> Done {
    Err(Failure::call("this build cannot draw: build it with the feature `show`"))
}

#[cfg(feature = "show")]
pub(crate) mod shown {
    use super::{Args, Done, Failure, Global};
    use crate::show::{Cast, failure, to_moment};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use vestibule_app::panel::PanelKind;
    use vestibule_app::{CaptureOptions, Play, Shot, View};
    use vestibule_patient::Patient;
    use vestibule_scenario::{
        Choices, Delivery, Information, Lang, Library, MemoryKeeper, Player, Prepared, Session, SessionOptions,
    };

    /// Grid of the dose that is shown, mm.
    pub(crate) const GRID_MM: f64 = 2.5;

    pub(crate) fn numbers<const N: usize>(text: &str, what: &str) -> Result<[f32; N], Failure> {
        let list: Vec<f32> = text.split([',', 'x']).filter_map(|w| w.trim().parse().ok()).collect();
        list.try_into().map_err(|_| Failure::call(format!("--{what} takes {N} numbers, not '{text}'")))
    }

    pub fn run(args: &Args, global: &Global) -> Done {
        let view = match args.view.as_str() {
            "left" => View::Left,
            "right" => View::Right,
            "window" => View::Window,
            "panel:main" => View::Panel(PanelKind::Main),
            "panel:foot" => View::Panel(PanelKind::Foot),
            other => {
                return Err(Failure::call(format!(
                    "'{other}' is no view: it is left, right, window, panel:main or panel:foot"
                )));
            }
        };
        let eye = matches!(view, View::Left | View::Right);
        let size = match &args.size {
            Some(text) => numbers::<2>(text, "size")?.map(|v| v as u32),
            None if eye => [1024, 1024],
            None => [1600, 1000],
        };
        if size.iter().any(|s| !(16..=8192).contains(s)) {
            return Err(Failure::call("--size takes 16 to 8192 pixels each way"));
        }
        let from = match &args.from {
            Some(text) => {
                let [a, b, c, d, e, f] = numbers::<6>(text, "from")?;
                Some(([a, b, c], [d, e, f]))
            }
            None => None,
        };
        let turn_deg = args.turn.as_deref().map_or(Ok([0.0; 2]), |t| numbers::<2>(t, "turn"))?;
        let lang: Lang = args.lang.parse().map_err(Failure::call)?;
        let library = Library::find().map_err(Failure::work)?;
        let journey = library.journey(&args.journey).map_err(Failure::call)?;
        let room = library.room(&journey.room).map_err(Failure::work)?;
        let (mut case, mut prepared) = (None, None);
        if let Some(patient) = patient(args.patient.as_deref(), global)? {
            if !patient.synthetic && !args.identifiable {
                return Err(Failure::call(
                    "this patient is not synthetic, and a rendered head is a recognisable face: say --identifiable if you may",
                ));
            }
            let mut index = 0;
            match Prepared::new(&patient, None, GRID_MM) {
                Ok(ready) => {
                    index = patient.plans.iter().position(|p| p.uid == ready.plan.uid).unwrap_or(0);
                    prepared = Some(ready);
                }
                Err(e) => eprintln!("vestibule: no beam is shown: {e}"),
            }
            case = Some((Arc::new(patient), index));
        }
        let delivery = prepared.as_ref().map_or_else(|| Arc::new(Delivery::default()), |p| p.delivery.clone());
        let player = |at: &str| -> Result<_, Failure> {
            let (step, seconds) = moment(at)?;
            let start = Some(step.to_owned());
            let options = SessionOptions { choices: choices(), start, ..SessionOptions::default() };
            let mut session =
                Session::new(journey.clone(), room.clone(), delivery.clone(), options).map_err(Failure::call)?;
            to_moment(&mut session, seconds.or(args.time));
            Ok(Player::new(session, prepared.as_ref().map(Prepared::live), MemoryKeeper::default()))
        };
        let mut shots = Vec::new();
        for at in &args.at {
            let play = Box::new(player(at)?) as Box<dyn Play>;
            shots.push(Shot { play, out: out(&args.out, at, args.at.len())? });
        }
        let first = args.at.first().map_or("", String::as_str);
        let shown = Cast { player: player(first)?, case, lang }.shown(&library)?;
        let options = CaptureOptions { view, size, panels: !args.bare, from, turn_deg };
        vestibule_app::capture(shown, shots, &options, |file| eprintln!("vestibule: {}", file.display()))
            .map_err(failure)
    }

    /// A step, and how many seconds into it.
    fn moment(at: &str) -> Result<(&str, Option<f64>), Failure> {
        match at.split_once('@') {
            None => Ok((at, None)),
            Some((step, seconds)) => match seconds.parse() {
                Ok(s) => Ok((step, Some(s))),
                Err(_) => Err(Failure::call(format!("'{at}' is no moment: it is STEP or STEP@SECONDS"))),
            },
        }
    }

    /// The file of one of `count` moments.
    fn out(pattern: &Path, at: &str, count: usize) -> Result<PathBuf, Failure> {
        let text = pattern.to_string_lossy();
        if count > 1 && !text.contains("{step}") {
            return Err(Failure::call("several steps need {step} in --out, so that each has its own file"));
        }
        Ok(if text.contains("{step}") { PathBuf::from(text.replace("{step}", at)) } else { pattern.to_owned() })
    }

    /// What a person chose who is shown everything that a picture can hold.
    pub(crate) fn choices() -> Choices {
        Choices { information: Information::Tell, anatomy: true, ..Choices::default() }
    }

    /// The patient of this name. Without one the first synthetic one of the store, or nobody.
    pub(crate) fn patient(id: Option<&str>, global: &Global) -> Result<Option<Patient>, Failure> {
        let known = vestibule_record::Store::exists(&crate::store::folder(global)?);
        if id.is_none() && !known {
            return Ok(None);
        }
        let store = crate::store::open(global, crate::store::Create::No)?;
        match id {
            Some(id) => Ok(Some(store.patient(id).map_err(Failure::work)?)),
            None => {
                let list = store.patients().map_err(Failure::work)?;
                let Some(first) = list.iter().find(|p| p.synthetic) else { return Ok(None) };
                Ok(Some(store.patient(&first.id).map_err(Failure::work)?))
            }
        }
    }
}
