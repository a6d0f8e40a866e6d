//! `vestibule bench frame`: what a frame of each step costs, and whether the room keeps its budget.

use crate::Global;
use crate::output::{Done, Failure};

/// What is measured.
#[derive(clap::Subcommand)]
pub enum Command {
    /// A frame: both eyes along a fixed path of looks at every step of a journey
    Frame(Args),
}

/// What `bench frame` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Name of a journey under scenes/journeys, or a path to one
    #[arg(long, default_value = "proton-first-day")]
    pub journey: String,
    /// Whose view: a journey's steps, or a clinician's review without and with its overlays (no budget is set for that)
    #[arg(long, value_enum, default_value = "patient")]
    pub mode: crate::play::Mode,
    /// Patient of the store [default: the first synthetic one, if there is any]
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// Frames at each step [default: 120 on a graphics card, 6 on a software one]
    #[arg(long, value_name = "N")]
    pub frames: Option<u32>,
    /// Pixels of an eye, WIDTHxHEIGHT [default: 2064x2208 on a graphics card, 256x256 on a software one]
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
    /// Of a review: a made-up patient whose CT has so many voxels, with a dose, in place of one of the store
    #[arg(long, value_name = "WxHxD", conflicts_with = "patient")]
    pub ct: Option<String>,
    /// How many structures the made-up patient has
    #[arg(long, value_name = "N", default_value_t = 20, requires = "ct", value_parser = clap::value_parser!(u8).range(0..=64))]
    pub structures: u8,
    /// On a device that draws nothing: what a frame costs the processor without any driver
    #[arg(long)]
    pub no_card: bool,
    /// Only these steps
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub steps: Vec<String>,
}

/// Measures.
#[cfg(feature = "show")]
pub fn run(command: Command, global: &Global) -> Done {
    let Command::Frame(args) = command;
    shown::frame(&args, global)
}

/// Says what is missing.
#[cfg(not(feature = "show"))]
pub fn run(_command: Command, _global: &Global) -> Done {
    Err(Failure::call("this build cannot draw: build it with the feature `show`"))
}

#[cfg(feature = "show")]
mod shown {
    use super::{Args, Done, Failure, Global};
    use crate::capture::shown::{GRID_MM, choices, numbers, patient};
    use crate::output::{print_json, progress};
    use crate::review::Case;
    use crate::show::{Cast, failure, to_moment};
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use vestibule_app::{BenchOptions, BenchStep, Load, Measured, Play, Spread};
    use vestibule_scenario::{Delivery, Lang, Library, MemoryKeeper, Player, Prepared, Session, SessionOptions};

    /// What the room with everybody in it may cost in view of one eye, and its textures, MB.
    const TRIANGLES: usize = 150_000;
    const DRAWS: usize = 100;
    const TEXTURES_MB: f64 = 192.0;
    /// What each part may: triangles and draw calls. Everything that is no room, patient's inside or panel is a person.
    const ROOM: Load = Load { triangles: 90_000, draws: 65 };
    const PERSON: Load = Load { triangles: 12_000, draws: 4 };
    const ANATOMY: usize = 15_000;

    pub fn frame(args: &Args, global: &Global) -> Done {
        let size = args.size.as_deref().map(|t| numbers::<2>(t, "size").map(|s| s.map(|v| v as u32))).transpose()?;
        if size.is_some_and(|s| s.iter().any(|v| !(16..=8192).contains(v))) {
            return Err(Failure::call("--size takes 16 to 8192 pixels each way"));
        }
        let library = Library::find().map_err(Failure::work)?;
        if args.mode == crate::play::Mode::Clinician {
            return review(args, global, library, size);
        }
        let journey = library.journey(&args.journey).map_err(Failure::call)?;
        let room = library.room(&journey.room).map_err(Failure::work)?;
        let patient = patient(args.patient.as_deref(), global)?.map(Arc::new);
        let prepared = patient.as_ref().and_then(|p| Prepared::new(p, None, GRID_MM).ok());
        let delivery = prepared.as_ref().map_or_else(|| Arc::new(Delivery::default()), |p| p.delivery.clone());
        let wanted: Vec<String> = match args.steps.as_slice() {
            [] => journey.steps.iter().map(|s| s.id.clone()).collect(),
            some => some.to_vec(),
        };
        let player = |step: &str| -> Result<_, Failure> {
            let options =
                SessionOptions { choices: choices(), start: Some(step.to_owned()), ..SessionOptions::default() };
            let mut session =
                Session::new(journey.clone(), room.clone(), delivery.clone(), options).map_err(Failure::call)?;
            to_moment(&mut session, None);
            Ok(Player::new(session, prepared.as_ref().map(Prepared::painting), MemoryKeeper::default()))
        };
        let mut steps = Vec::new();
        for step in &wanted {
            let play = Box::new(player(step)?) as Box<dyn Play>;
            steps.push(BenchStep { name: step.clone(), play, overlays: Vec::new() });
        }
        let first = wanted.first().ok_or_else(|| Failure::call("this journey has no steps"))?;
        let case = patient.map(|p| {
            let uid = prepared.as_ref().map(|p| p.plan.uid.clone());
            let index = p.plans.iter().position(|q| Some(&q.uid) == uid.as_ref()).unwrap_or(0);
            (p, index)
        });
        let shown = Cast { player: player(first)?, case, lang: Lang::Fr }.shown(&library)?;
        let bar = progress(wanted.len() as u64, "steps");
        let options = BenchOptions { frames: args.frames, size, no_card: args.no_card, steps };
        let measured = vestibule_app::bench(shown, options, |_| bar.inc(1)).map_err(failure)?;
        bar.finish_and_clear();
        let over = over(&measured);
        if global.json {
            let mut all = serde_json::to_value(&measured).map_err(Failure::work)?;
            all["budget"] = json!({
                "triangles": TRIANGLES, "draws": DRAWS, "textures_mb": TEXTURES_MB, "met": over.is_empty(), "over": over,
            });
            return print_json(&all);
        }
        print(&measured, &over);
        Ok(())
    }

    /// A review, with more and more over the patient.
    const REVIEW: [(&str, &[&str]); 4] = [
        ("nothing", &[]),
        ("images", &["slices"]),
        ("review", &["slices", "dose", "structures"]),
        ("volume", &["slices", "dose", "structures", "volume"]),
    ];

    fn review(args: &Args, global: &Global, library: Library, size: Option<[u32; 2]>) -> Done {
        let patient = match &args.ct {
            Some(text) => {
                let ct = text.split('x').map(|n| n.parse().ok().filter(|n| (2..=1024).contains(n)));
                let ct: Option<Vec<usize>> = ct.collect();
                let Some(&[x, y, z]) = ct.as_deref() else {
                    return Err(Failure::call(format!(
                        "'{text}' is no size: --ct takes 512x512x300, 2 to 1024 each way"
                    )));
                };
                Some(crate::bench_case::patient([x, y, z], args.structures.into()))
            }
            None => patient(args.patient.as_deref(), global)?,
        };
        let Some(patient) = patient else {
            return Err(Failure::call(
                "there is no patient in the store; `vestibule patient import PATH` takes one in, or --ct makes one up",
            ));
        };
        let case = Case::new(library, Lang::En, patient, None, GRID_MM)?;
        let step = |(name, overlays): (&str, &[&'static str])| {
            let play = Box::new(case.play(None)) as Box<dyn Play>;
            BenchStep { name: name.to_owned(), play, overlays: overlays.to_vec() }
        };
        let wanted = |name: &str| args.steps.is_empty() || args.steps.iter().any(|s| s == name);
        let steps: Vec<_> = REVIEW.into_iter().filter(|r| wanted(r.0)).map(step).collect();
        if steps.is_empty() {
            return Err(Failure::call("a review has the steps nothing, images, review, volume"));
        }
        let bar = progress(steps.len() as u64, "steps");
        let options = BenchOptions { frames: args.frames, size, no_card: args.no_card, steps };
        let measured = vestibule_app::bench(case.shown(case.play(None))?, options, |_| bar.inc(1)).map_err(failure)?;
        bar.finish_and_clear();
        if global.json {
            return print_json(&measured);
        }
        table(&measured);
        Ok(())
    }

    /// What is over its budget, in words.
    fn over(m: &Measured) -> Vec<String> {
        let mut over = Vec::new();
        for s in &m.steps {
            if s.eye.triangles > TRIANGLES {
                over.push(format!("{}: {} triangles", s.step, s.eye.triangles));
            }
            if s.eye.draws > DRAWS {
                over.push(format!("{}: {} draws", s.step, s.eye.draws));
            }
            if s.textures_mb > TEXTURES_MB {
                over.push(format!("{}: {:.0} MB", s.step, s.textures_mb));
            }
        }
        for (name, load) in parts(m) {
            let most = match name.as_str() {
                "room" => ROOM,
                "anatomy" => Load { triangles: ANATOMY, draws: usize::MAX },
                "panels" => continue,
                _ => PERSON,
            };
            if load.triangles > most.triangles || load.draws > most.draws {
                over.push(format!("{name}: {} triangles, {} draws", load.triangles, load.draws));
            }
        }
        over
    }

    /// The most of each part over all steps.
    fn parts(m: &Measured) -> BTreeMap<String, Load> {
        let mut all = BTreeMap::<String, Load>::new();
        for (name, load) in m.steps.iter().flat_map(|s| &s.parts) {
            let known = all.entry(name.clone()).or_default();
            known.triangles = known.triangles.max(load.triangles);
            known.draws = known.draws.max(load.draws);
        }
        all
    }

    fn print(m: &Measured, over: &[String]) {
        table(m);
        let budget = format!("{TRIANGLES} triangles and {DRAWS} draws an eye, {TEXTURES_MB} MB of textures");
        match over {
            [] => say!("budget met: {budget}"),
            some => say!("budget not met ({budget}): {}", some.join("; ")),
        }
    }

    fn table(m: &Measured) {
        let [w, h] = m.eye_pixels;
        say!("{}; two eyes of {w} x {h}, {} frames a step", m.adapter, m.frames);
        if m.no_card {
            say!("nothing is drawn: CPU is what both worlds and wgpu take, without any driver");
        } else if m.software {
            say!("a software adapter: times are a proportion between steps, not a speed");
        }
        let ms = |s: &Spread| format!("{:.1} / {:.1}", s.median, s.p95);
        say!("median / 95th percentile in ms of both eyes; triangles and draw calls in view of one eye");
        say!("own: the part of CPU before passes are recorded, in which no adapter draws");
        say!(
            "{:<15} {:>11} {:>15} {:>17} {:>17} {:>17} {:>10} {:>6} {:>12}",
            "step",
            "own",
            "CPU",
            "GPU raster",
            "GPU march",
            "frame",
            "triangles",
            "draws",
            "textures MB"
        );
        for s in &m.steps {
            let given = |s: &Option<Spread>, none: &str| s.as_ref().map_or_else(|| none.to_owned(), ms);
            say!(
                "{:<15} {:>11} {:>15} {:>17} {:>17} {:>17} {:>10} {:>6} {:>12.1}",
                s.step,
                ms(&s.own_ms),
                ms(&s.cpu_ms),
                given(&s.raster_ms, "not given"),
                given(&s.march_ms, "-"),
                ms(&s.frame_ms),
                s.eye.triangles,
                s.eye.draws,
                s.textures_mb
            );
        }
        if !m.no_card && m.steps.iter().any(|s| s.gpu_ms.is_none()) {
            say!("GPU times are not given by this adapter");
        }
        for (name, load) in parts(m) {
            say!("at most in view of one eye: {name}, {} triangles in {} draws", load.triangles, load.draws);
        }
    }
}
