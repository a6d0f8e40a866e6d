//! `vestibule capture`: steps of a journey as pictures, and instants of a clinician's review.

use crate::Global;
use crate::output::{Done, Failure};
use std::path::PathBuf;

/// What `capture` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one; a clinician's review needs none
    pub journey: Option<String>,
    /// Step to show, or several with commas between them; STEP@SECONDS: that long into it. Of a review: seconds of beam
    /// [default there: the plan's own dose]
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub at: Vec<String>,
    /// Whose view
    #[arg(long, value_enum, default_value = "patient")]
    pub mode: crate::play::Mode,
    /// Of a review: which plan, by UID or by a label that no other plan has [default: the one that is meant]
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<String>,
    /// Of a review: where the planes cross, DICOM patient coordinates, mm [default: the isocentre]
    #[arg(long, value_name = "X,Y,Z", allow_hyphen_values = true)]
    pub point: Option<String>,
    /// Of a review: window centre and width, in the image's unit
    #[arg(long, value_name = "CENTRE,WIDTH", allow_hyphen_values = true)]
    pub window: Option<String>,
    /// Of a review: modality of the image in grey: CT, MR, PT [default: the planning image]
    #[arg(long, value_name = "MODALITY")]
    pub image: Option<String>,
    /// Of a review: modality of an image fused onto it
    #[arg(long, value_name = "MODALITY")]
    pub fuse: Option<String>,
    /// Of a review: overlays to leave out, with commas between them: slices, structures, dose
    #[arg(long, value_name = "OVERLAY", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Of a review: overlays to show that begin hidden: volume, charts, beams, compare, constraints, margins, along, rates
    #[arg(long, value_name = "OVERLAY", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Of a review: transfer function of the volume: skin, bone, soft, lung, vessels
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Of a review: how densely the dose shines in the volume, 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub shine: Option<f32>,
    /// Of a review: levels of dose, percent with commas between them, whose surfaces stand in the room
    #[arg(long, value_name = "PERCENT", value_delimiter = ',')]
    pub surfaces: Vec<f64>,
    /// Of a review: a plane across the beam, as the beam sees it (--view slant)
    #[arg(long)]
    pub across_beam: bool,
    /// Of a review: from where the room is seen: round the patient and over the horizon, degrees, and how far, metres
    #[arg(long, value_name = "ROUND,OVER,METRES", allow_hyphen_values = true)]
    pub orbit: Option<String>,
    /// Of a review: mm of a pixel in a plane [default: as much as fits]
    #[arg(long, value_name = "MM")]
    pub pixel_mm: Option<f64>,
    /// Patient of the store [default: the first synthetic one, if there is any]
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// left, right, window, panel:main or panel:foot, or several with commas between them; of a review: window (the desk), left,
    /// right, axial, coronal, sagittal, room, slant
    #[arg(long, value_delimiter = ',', default_value = "window")]
    pub view: Vec<String>,
    /// Through the headset whose OpenXR runtime runs: the picture that its eye (left, right) is given, from where it is. Without this,
    /// pictures are drawn off-screen whether or not there is a headset
    #[arg(long, conflicts_with_all = ["from", "turn"])]
    pub headset: bool,
    /// Pixels, WIDTHxHEIGHT [default: 1600x1000, 1024x1024 for an eye, in a headset what its runtime recommends]
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
    /// PNG or JPEG file to write; {step} and {view} in it are the step's and the view's name, needed where there are several
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
    use crate::review::Case;
    use crate::show::{Cast, failure, to_moment};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use vestibule_app::clinician_mode::review::views::NAMES;
    use vestibule_app::panel::PanelKind;
    use vestibule_app::{CaptureOptions, Play, ReviewOptions, Shot, ShowError, Shown, View};
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
        let views = args.view.iter().map(|v| view(v)).collect::<Result<Vec<View>, Failure>>()?;
        let eyes = views.iter().all(|v| matches!(v, View::Left | View::Right));
        if args.headset && !eyes {
            return Err(Failure::call("a headset has eyes: --headset takes --view left, right or left,right"));
        }
        let size = match &args.size {
            Some(text) => Some(numbers::<2>(text, "size")?.map(|v| v as u32)),
            None if eyes && !args.headset => Some([1024, 1024]),
            None => None,
        };
        if size.iter().flatten().any(|s| !(16..=8192).contains(s)) {
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
        if args.journey.is_none() {
            if args.mode != crate::play::Mode::Clinician {
                return Err(Failure::call("say which journey, or --mode clinician to review a plan"));
            }
            let options =
                CaptureOptions { views, size, headset: args.headset, panels: false, from, turn_deg, review: None };
            return review(args, global, library, lang, options);
        }
        if args.at.is_empty() {
            return Err(Failure::call("say which step with --at"));
        }
        let journey = library.journey(args.journey.as_deref().unwrap_or_default()).map_err(Failure::call)?;
        let room = library.room(&journey.room).map_err(Failure::work)?;
        let (mut case, mut prepared) = (None, None);
        if let Some(patient) = patient(args.patient.as_deref(), global)? {
            if !patient.synthetic && !args.identifiable {
                return Err(identifiable());
            }
            let mut index = 0;
            match Prepared::new(&patient, None, GRID_MM) {
                Ok(ready) => {
                    if ready.by_approval {
                        crate::chosen::say_plan();
                    }
                    index = patient.plans.iter().position(|p| p.uid == ready.plan.uid).unwrap_or(0);
                    prepared = Some(ready);
                }
                Err(e) => tell!("vestibule: no beam is shown: {e}"),
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
            Ok(Player::new(session, prepared.as_ref().map(Prepared::painting), MemoryKeeper::default()))
        };
        let mut shots = Vec::new();
        for at in &args.at {
            let play = Box::new(player(at)?) as Box<dyn Play>;
            let file = |view: &String| out(&args.out, [at, view], [args.at.len(), args.view.len()]);
            shots.push(Shot { play, out: args.view.iter().map(file).collect::<Result<_, Failure>>()? });
        }
        let first = args.at.first().map_or("", String::as_str);
        let shown = Cast { player: player(first)?, case, lang }.shown(&library)?;
        let panels = !args.bare;
        let options = CaptureOptions { views, size, headset: args.headset, panels, from, turn_deg, review: None };
        take(shown, shots, &options)
    }

    /// Instants of a review.
    fn review(args: &Args, global: &Global, library: Library, lang: Lang, mut options: CaptureOptions) -> Done {
        let Some(patient) = patient(args.patient.as_deref(), global)? else {
            return Err(Failure::call(
                "there is no synthetic patient in the store; name another with --patient ID (`vestibule patient list` has them), or \
                 take one in with `vestibule patient import PATH`",
            ));
        };
        if !patient.synthetic && !args.identifiable {
            return Err(identifiable());
        }
        let three = |text: &String| numbers::<3>(text, "point").map(|p| p.map(f64::from));
        let two = |text: &String| numbers::<2>(text, "window").map(|p| p.map(f64::from));
        let case = Case::new(library, lang, patient, args.plan.as_deref(), GRID_MM)?;
        options.review = Some(ReviewOptions {
            point: args.point.as_ref().map(three).transpose()?,
            window: args.window.as_ref().map(two).transpose()?,
            without: args.without.clone(),
            with: args.with.clone(),
            images: [args.image.clone(), args.fuse.clone()],
            preset: args.preset.clone(),
            orbit: args.orbit.as_deref().map(|t| numbers::<3>(t, "orbit")).transpose()?,
            pixel_mm: args.pixel_mm,
            shine: args.shine.unwrap_or(0.0),
            surfaces: args.surfaces.clone(),
            across_beam: args.across_beam,
            live: !args.at.is_empty() && case.computes(),
        });
        let mut instants = Vec::new();
        for at in &args.at {
            let seconds: f64 = at
                .parse()
                .map_err(|_| Failure::call(format!("'{at}' is no instant: --at of a review takes seconds of beam")))?;
            instants.push((at.clone(), Some(seconds)));
        }
        if instants.is_empty() {
            instants.push((String::new(), None));
        }
        let mut shots = Vec::new();
        for (name, at) in &instants {
            let file = |view: &String| out(&args.out, [name, view], [instants.len(), args.view.len()]);
            let files = args.view.iter().map(file).collect::<Result<_, Failure>>()?;
            shots.push(Shot { play: Box::new(case.play(*at)) as Box<dyn Play>, out: files });
        }
        let shown = case.shown(case.play(instants[0].1))?;
        take(shown, shots, &options)
    }

    fn identifiable() -> Failure {
        Failure::call(
            "this patient is not synthetic, and a rendered head is a recognisable face: say --identifiable if you may",
        )
    }

    fn take(shown: Shown, shots: Vec<Shot>, options: &CaptureOptions) -> Done {
        let told = |file: &Path| tell!("vestibule: {}", file.display());
        match vestibule_app::capture(shown, shots, options, told) {
            Err(ShowError::NoRuntime) => Err(Failure::Work(
                "no headset answers: start its OpenXR runtime, or leave out --headset to draw the same eye off-screen"
                    .to_owned(),
            )),
            other => other.map_err(failure),
        }
    }

    fn view(name: &str) -> Result<View, Failure> {
        Ok(match name {
            "left" => View::Left,
            "right" => View::Right,
            "window" => View::Window,
            "panel:main" => View::Panel(PanelKind::Main),
            "panel:foot" => View::Panel(PanelKind::Foot),
            other => match NAMES.iter().position(|n| n.0 == other) {
                Some(i) => View::Desk(i),
                None => {
                    return Err(Failure::call(format!(
                        "'{other}' is no view: it is left, right, window, panel:main or panel:foot, of a review also axial, coronal, \
                         sagittal or room"
                    )));
                }
            },
        })
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

    /// The file of one of several moments and views.
    fn out(pattern: &Path, names: [&str; 2], counts: [usize; 2]) -> Result<PathBuf, Failure> {
        let mut file = pattern.to_owned();
        for ((mark, what), (name, count)) in
            [("{step}", "steps"), ("{view}", "views")].into_iter().zip(names.into_iter().zip(counts))
        {
            let text = file.to_string_lossy().into_owned();
            if text.contains(mark) {
                file = PathBuf::from(text.replace(mark, name));
            } else if count > 1 {
                return Err(Failure::call(format!(
                    "several {what} need {mark} in --out, so that each has its own file"
                )));
            }
        }
        Ok(file)
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
