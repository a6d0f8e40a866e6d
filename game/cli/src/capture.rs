//! `vestibule capture`: one step of a journey as a PNG.

use crate::Global;
use crate::output::{Done, Failure};
use std::path::PathBuf;

/// What `capture` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one
    pub journey: String,
    /// Step to show
    #[arg(long, value_name = "STEP")]
    pub at: String,
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
    /// PNG file to write
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
mod shown {
    use super::{Args, Done, Failure, Global};
    use crate::show::{Cast, failure, to_moment};
    use std::sync::Arc;
    use vestibule_app::panel::PanelKind;
    use vestibule_app::{CaptureOptions, View};
    use vestibule_patient::Patient;
    use vestibule_scenario::{
        Choices, Delivery, Information, Lang, Library, MemoryKeeper, Player, Prepared, Session, SessionOptions,
    };

    /// Grid of the dose that is shown, mm.
    const GRID_MM: f64 = 2.5;

    fn numbers<const N: usize>(text: &str, what: &str) -> Result<[f32; N], Failure> {
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
        let (mut case, mut dose, mut delivery) = (None, None, Arc::new(Delivery::default()));
        if let Some(patient) = patient(args, global)? {
            let mut index = 0;
            match Prepared::new(&patient, None, GRID_MM) {
                Ok(prepared) => {
                    index = patient.plans.iter().position(|p| p.uid == prepared.plan.uid).unwrap_or(0);
                    dose = Some(prepared.live());
                    delivery = prepared.delivery;
                }
                Err(e) => eprintln!("vestibule: no beam is shown: {e}"),
            }
            case = Some((Arc::new(patient), index));
        }
        let choices = Choices { information: Information::Tell, anatomy: true, ..Choices::default() };
        let options = SessionOptions { choices, start: Some(args.at.clone()), ..SessionOptions::default() };
        let mut session = Session::new(journey, room, delivery, options).map_err(Failure::call)?;
        to_moment(&mut session, args.time);
        let player = Player::new(session, dose, MemoryKeeper::default());
        let shown = Cast { player, case, lang }.shown(&library)?;
        let options = CaptureOptions { view, size, panels: !args.bare, out: args.out.clone(), from, turn_deg };
        vestibule_app::capture(shown, &options).map_err(failure)?;
        eprintln!("vestibule: {}", args.out.display());
        Ok(())
    }

    /// The patient. Without `--patient` the first synthetic one of the store, or nobody.
    fn patient(args: &Args, global: &Global) -> Result<Option<Patient>, Failure> {
        let known = vestibule_record::Store::exists(&crate::store::folder(global)?);
        if args.patient.is_none() && !known {
            return Ok(None);
        }
        let store = crate::store::open(global, crate::store::Create::No)?;
        let patient = match &args.patient {
            Some(id) => store.patient(id).map_err(Failure::work)?,
            None => {
                let list = store.patients().map_err(Failure::work)?;
                let Some(first) = list.iter().find(|p| p.synthetic) else { return Ok(None) };
                store.patient(&first.id).map_err(Failure::work)?
            }
        };
        if !patient.synthetic && !args.identifiable {
            return Err(Failure::call(
                "this patient is not synthetic, and a rendered head is a recognisable face: say --identifiable if you may",
            ));
        }
        Ok(Some(patient))
    }
}
