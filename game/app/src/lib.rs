//! Bevy and OpenXR: shows, plays, asks. Computes nothing clinical.

mod anatomy;
pub mod bench;
pub mod capture;
pub mod clinician_mode;
mod events;
mod fade;
mod in_turn;
mod machine;
mod now;
mod offscreen;
pub mod opening;
pub mod overlay;
pub mod panel;
mod patient_mode;
mod people;
mod placing;
mod pointing;
mod room;
mod screens;
mod seat;
mod sound;
mod stamp;
mod third_party;
pub mod tokens;
pub mod trouble;
mod window;
pub mod xr;

pub use anatomy::KeepsMeshes;
pub use bench::{BenchOptions, BenchStep, Load, Measured, Spread, bench};
pub use capture::{CaptureOptions, ReviewOptions, Shot, View, capture};
pub use patient_mode::{Play, Seen};

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::window::PresentMode;
use now::{Now, RoomData, Words};
use patient_mode::Driver;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vestibule_patient::Patient;
use vestibule_scenario::Room;

/// What is shown, whatever it is shown on.
pub struct Shown {
    /// The asset root: holds `rooms/`, `models/`, `fonts/`, `sounds/`.
    pub assets: PathBuf,
    /// The session.
    pub play: Box<dyn Play>,
    /// Its room.
    pub room: Arc<Room>,
    /// Whose session it is and which of their plans; None for the room alone.
    pub case: Option<(Arc<Patient>, usize)>,
    /// Whoever comes in the place of `case`, `play`, `computes` and `keeper` while it is shown already; for a review.
    pub opening: Option<opening::Opening>,
    /// Words of a text key.
    pub words: Box<dyn Fn(&str) -> String + Send + Sync>,
    /// `fr` or `en`.
    pub language: String,
    /// Event lines on standard output, for tests.
    pub events: bool,
    /// The clinician's strip is drawn in the window.
    pub strip: bool,
    /// A clinician reviews a plan: overlays at life size, a desk in the window, no panels of a patient's.
    pub review: bool,
    /// What the buttons of controllers do.
    pub controls: vestibule_scenario::Controls,
    /// What computes the dose of the plan that is reviewed.
    pub computes: vestibule_scenario::Computes,
    /// Protocols whose limits a review can lay on a dose, and whether anyone but a synthetic patient is judged.
    pub protocols: (Vec<vestibule_dose::constraints::Protocol>, bool),
    /// Where notes and pictures of a review are kept; None: nothing can be kept.
    pub keeper: Option<Arc<dyn overlay::notes::KeepsReview>>,
    /// Where surfaces of the person are kept; None: they are made each time.
    pub meshes: Option<Arc<dyn KeepsMeshes>>,
}

/// How a session is played.
pub struct AppOptions {
    /// In a headset, or in a window.
    pub headset: bool,
    /// Pixels of an eye; None = as the runtime recommends.
    pub eye_pixels: Option<u32>,
    /// A folder through which a test asks for pictures and the end.
    pub control: Option<PathBuf>,
    /// Pixels of an eye that are drawn while no test asks for a picture; None = all of them.
    pub sketch_pixels: Option<u32>,
}

/// Why nothing was shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// Files did not load in time.
    #[error("the room did not load: its files under assets/ are missing or damaged; run `vestibule doctor`")]
    NotLoaded,
    /// The GPU gave no picture.
    #[error("the graphics card gave no picture; run `vestibule doctor`")]
    NoPicture,
    /// No card, and no software in its place.
    #[error(
        "no graphics card answers: install its driver (or mesa-vulkan-drivers), or play with --headless; `vestibule doctor` says more"
    )]
    NoGpu,
    /// The card went away in the middle.
    #[error("the graphics card was lost; start again, and if it happens again run `vestibule doctor`")]
    CardLost,
    /// No window can be opened.
    #[error("no screen was found to open a window on: start from a desktop session, or play with --headless")]
    NoScreen,
    /// A file could not be written.
    #[error("cannot write {file}: {why}")]
    Write {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// No OpenXR runtime answers.
    #[error("no headset answers; play in a window with --window")]
    NoRuntime,
    /// It does not show us to anybody.
    #[error("the headset does not show the picture: put it on, or wake it, and try again")]
    NotWorn,
    /// The runtime ended in the middle.
    #[error("the headset went away before the picture was taken; start its runtime and try again")]
    HeadsetGone,
    /// It ended otherwise.
    #[error("the picture ended with code {0}")]
    Ended(u8),
}

/// Plays a session until somebody ends it.
///
/// # Errors
/// No runtime for a headset, no screen, no graphics card.
pub fn run(shown: Shown, options: &AppOptions) -> Result<(), ShowError> {
    trouble::told(|| play(shown, options))?
}

fn play(shown: Shown, options: &AppOptions) -> Result<(), ShowError> {
    let mut app = App::new();
    let assets = asset_plugin(&shown.assets);
    let (strip, review) = (shown.strip, shown.review);
    let synthetic = shown.case.as_ref().is_some_and(|c| c.0.synthetic);
    if options.headset {
        let mirrored = xr::mirror::display_answers();
        if !mirrored {
            eprintln!("vestibule: there is no display here: the session goes on without a window beside the headset");
        }
        let window = mirrored.then(xr::mirror::window);
        app.add_plugins(third_party::openxr::plugins(assets, window).set(log_plugin()));
        third_party::openxr::configure(&mut app, options.eye_pixels.map(UVec2::splat));
        assemble(&mut app, shown);
        app.insert_resource(xr::Control::new(options.control.clone(), options.sketch_pixels));
        xr::plugin(&mut app, mirrored && !review);
        if review {
            clinician_mode::review::headset_plugin(&mut app, mirrored);
        }
        app.insert_resource(clinician_mode::StripShown { on: true, synthetic, headset: true });
    } else {
        let window = Window {
            title: "Vestibule".to_owned(),
            present_mode: PresentMode::AutoVsync,
            resolution: (1600, 1000).into(),
            ..default()
        };
        let plugins = DefaultPlugins
            .build()
            .set(assets)
            .set(log_plugin())
            .set(WindowPlugin { primary_window: Some(window), ..default() });
        app.add_plugins(plugins);
        assemble(&mut app, shown);
        if review {
            app.add_systems(PreStartup, window::spawn_seat).add_plugins(clinician_mode::review::window_plugin);
        } else {
            app.add_plugins((window::plugin, clinician_mode::plugin)).insert_resource(clinician_mode::StripShown {
                on: strip,
                synthetic,
                headset: false,
            });
        }
    }
    app.add_plugins(sound::plugin);
    in_turn::in_turn(&mut app);
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(code) if code.get() == xr::NO_RUNTIME => Err(ShowError::NoRuntime),
        AppExit::Error(code) => Err(ShowError::Ended(code.get())),
    }
}

pub(crate) fn asset_plugin(assets: &Path) -> AssetPlugin {
    AssetPlugin { file_path: assets.display().to_string(), ..default() }
}

/// Quiet unless something is wrong; no names of patients are ever logged.
pub(crate) fn log_plugin() -> LogPlugin {
    LogPlugin {
        filter: "error,wgpu_hal::vulkan::instance=off,vestibule=info,vestibule_app=info".to_owned(),
        ..default()
    }
}

/// Everything that is the same in a headset, a window and a picture.
pub(crate) fn assemble(app: &mut App, shown: Shown) {
    let folder = Path::new(&shown.room.models.room).parent().map(|p| p.display().to_string()).unwrap_or_default();
    let volume = shown.room.models.volume_box_m.map(|p| p.map(|v| v as f32));
    let boxes = room::LightBoxes::read(&shown.assets.join(&folder).join("machine.json"), volume);
    let present = |file: &str| shown.assets.join(file).exists();
    let mut people = people::PeopleFiles::default();
    for person in shown.room.staff.iter().filter(|p| present(&p.model)) {
        people.staff.insert(person.id.clone(), person.model.clone());
    }
    for (slot, files) in [
        (&mut people.figure, ["models/people/patient_supine.glb", "people/patient_supine.glb"]),
        (&mut people.mask, ["models/people/mask.glb", "people/mask.glb"]),
        (&mut people.head_rest, ["models/people/head_rest.glb", "people/head_rest.glb"]),
        (&mut people.own, ["models/people/patient_seated.glb", "people/patient_seated.glb"]),
    ] {
        if let Some(file) = files.into_iter().find(|f| present(f)) {
            file.clone_into(slot);
        }
    }
    let words = shown.words;
    app.add_plugins(trouble::plugin);
    app.insert_resource(ClearColor(Color::BLACK))
        .insert_resource(room::RoomFiles { folder, boxes })
        .insert_resource(people)
        .insert_resource(third_party::egui::Typefaces::read(&shown.assets))
        .insert_resource(sound::SoundFiles { assets: shown.assets.clone(), language: shown.language.clone() })
        .insert_resource(Words::new(words))
        .insert_resource(events::Events::new(shown.events))
        .insert_resource(Now { state: shown.play.state().clone() })
        .insert_resource(xr::Bindings(shown.controls))
        .insert_resource(RoomData(shown.room.clone()))
        .insert_resource(panel::PanelsShown(!shown.review))
        .insert_resource(anatomy::MeshKeeper(shown.meshes))
        .init_resource::<sound::voice::Voice>();
    opening::plugin(app, shown.case, shown.opening);
    if shown.review {
        let (list, research) = shown.protocols;
        app.insert_resource(overlay::constraints::Protocols { list, chosen: 0, research })
            .insert_resource(now::Engine(shown.computes))
            .insert_resource(overlay::notes::ReviewKeeper(shown.keeper))
            .insert_resource(now::Reviewing)
            .add_plugins((overlay::plugin, clinician_mode::review::plugin));
    }
    app.insert_non_send(Driver::new(shown.play)).add_message::<patient_mode::RecentreNow>().add_plugins((
        room::plugin,
        machine::plugin,
        people::plugin,
        anatomy::plugin,
        screens::plugin,
        panel::plugin,
        patient_mode::plugin,
        fade::plugin,
    ));
}
