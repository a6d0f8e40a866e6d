//! Dose in the cuts: bands and lines of equal dose, of what is delivered so far or of any dose that was imported.

mod controls;
mod surfaces;

use super::cuts::Reach;
use super::field::{Field, Loading, texels};
use super::widgets::coarse;
use super::{Begins, Cuts, Fields, Legend, Overlay, join, slices};
use crate::anatomy::DoseNow;
use crate::now::{Case, Engine, Words};
use crate::opening::CaseCame;
use crate::tokens;
use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use bevy_egui::egui::Color32;
use nalgebra::Point3;
use serde::{Deserialize, Serialize};
use vestibule_dose::PHOTON_PENCIL_BEAM_NAME;
use vestibule_geometry::Volume;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Patient, RadiationType};

/// Name in the family.
pub const ID: &str = "dose";
/// Width of a line of equal dose, pixels.
pub const LINE_PIXELS: f32 = 1.6;
/// Shortest time between two fillings of the texture, seconds.
const REFILL_S: f32 = 0.05;
/// What a proton's dose counts against a photon's.
pub const RBE: f64 = 1.1;

/// Which dose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// What has been delivered so far of one fraction, by the engine.
    #[default]
    Live,
    /// One that was imported or kept, by its index.
    Stored(usize),
}

/// How dose is shown.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DoseShow {
    /// Which.
    pub source: Source,
    /// Bands of colour are drawn.
    pub wash: bool,
    /// Lines of equal dose are drawn.
    pub lines: bool,
    /// Opacity of the bands, 0 to 1.
    pub opacity: f32,
    /// What counts as 100 %, Gy as shown.
    pub reference_gy: f64,
    /// The reference is the highest dose: the plan prescribes nothing.
    pub of_highest: bool,
    /// Where bands begin, percent of the reference, rising.
    pub percents: Vec<f64>,
    /// Levels are set in Gy; they are kept as percents all the same.
    pub in_gray: bool,
    /// Levels whose surfaces stand in the room, percent.
    pub surfaces: Vec<f64>,
    /// Physical proton dose is shown times [`RBE`].
    pub weighted: bool,
    /// Colours in an order of lightness that the colour-blind see too.
    pub colour_safe: bool,
    /// The texture was filled in this frame.
    #[serde(skip)]
    pub refilled: bool,
    /// The source holds physical proton dose.
    physical_proton: bool,
}

impl Default for DoseShow {
    fn default() -> Self {
        Self {
            source: Source::Live,
            wash: true,
            lines: true,
            opacity: 0.42,
            reference_gy: 2.0,
            of_highest: false,
            percents: tokens::ISODOSES.iter().map(|i| i.0).collect(),
            in_gray: false,
            surfaces: Vec::new(),
            weighted: true,
            colour_safe: false,
            refilled: false,
            physical_proton: true,
        }
    }
}

impl DoseShow {
    /// Where each band begins, Gy as shown, rising, and its colour.
    pub fn bands(&self) -> Vec<(f64, Color32)> {
        let n = self.percents.len();
        let colour = |i: usize| {
            if self.colour_safe {
                tokens::dose_safe(i as f32 / (n.max(2) - 1) as f32)
            } else {
                tokens::isodose(self.percents[i])
            }
        };
        self.percents.iter().enumerate().map(|(i, p)| (p * 0.01 * self.reference_gy, colour(i))).collect()
    }

    /// As somebody set it up, whatever the frame.
    pub fn as_set_up(&self) -> Self {
        Self { refilled: false, ..self.clone() }
    }

    /// What the source's numbers are multiplied with.
    pub fn factor(&self) -> f64 {
        if self.physical_proton && self.weighted { RBE } else { 1.0 }
    }

    /// Whether [`Self::weighted`] makes a difference.
    pub fn can_be_weighted(&self) -> bool {
        self.physical_proton
    }

    /// Key of the text that says what a Gray is here.
    pub fn kind(&self, dose: Option<&Dose>) -> &'static str {
        match dose.map(|d| d.dose_type) {
            Some(DoseType::Effective) => "dose-effective",
            Some(DoseType::Error) => "dose-difference",
            _ if self.physical_proton && self.weighted => "dose-weighted",
            _ => "dose-physical",
        }
    }
}

/// The dose's place in a frame: what is drawn of it comes after.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shown;

#[derive(Resource, Default)]
struct Coming {
    stored: Option<Loading<usize>>,
    has: Option<Source>,
    version: u64,
    since_s: f32,
}

/// Dose in the cuts.
pub fn plugin(app: &mut App) {
    let dose = Overlay {
        id: ID,
        legend,
        controls: controls::controls,
        page: None,
        for_patients: Some("dose-for-patients"),
        settled,
        on: true,
    };
    join(app, dose);
    app.init_resource::<DoseShow>()
        .init_resource::<Coming>()
        .add_systems(CaseCame, begin.in_set(Begins))
        .add_plugins(surfaces::plugin)
        .add_systems(Update, (load, reach).chain().in_set(Shown));
}

/// The plan's own dose, if there is one.
fn begin(case: Option<Res<Case>>, mut show: ResMut<DoseShow>) {
    let Some(case) = case else { return };
    let plan = case.patient.plans.get(case.plan);
    let own = plan.and_then(|p| case.patient.dose_of(p));
    let own = own.and_then(|own| case.patient.doses.iter().position(|d| d.uid == own.uid));
    let any = own.or(if plan.is_none() && !case.patient.doses.is_empty() { Some(0) } else { None });
    show.choose(&case, any.map_or(Source::Live, Source::Stored));
}

impl DoseShow {
    /// Another dose, with what counts as 100 % of it.
    pub fn choose(&mut self, case: &Case, source: Source) {
        self.source = source;
        let plan = case.patient.plans.get(case.plan);
        let stored = stored(&case.patient, source);
        let plan =
            stored.and_then(|d| case.patient.plans.iter().find(|p| Some(&p.uid) == d.plan_uid.as_ref())).or(plan);
        self.physical_proton = plan.is_some_and(|p| p.radiation() == RadiationType::Proton)
            && stored.is_none_or(|d| d.dose_type == DoseType::Physical && d.unit == DoseUnit::Gy);
        let of_fraction = stored.is_none_or(|d| d.summation == DoseSummation::Fraction);
        let prescribed = plan
            .and_then(|p| p.prescription_gy.map(|gy| if of_fraction { gy / f64::from(p.fractions.max(1)) } else { gy }))
            .filter(|gy| *gy > 0.0 && stored.is_none_or(|d| d.unit == DoseUnit::Gy));
        self.of_highest = prescribed.is_none();
        let highest = || stored.and_then(|d| d.volume.highest()).map_or(2.0, |h| f64::from(h.0));
        self.reference_gy = prescribed.unwrap_or_else(highest).max(1e-6);
    }
}

fn stored(patient: &Patient, source: Source) -> Option<&Dose> {
    match source {
        Source::Live => None,
        Source::Stored(i) => patient.doses.get(i),
    }
}

fn load(
    case: Option<Res<Case>>,
    live: Res<DoseNow>,
    time: Res<Time<Real>>,
    device: Option<Res<RenderDevice>>,
    mut show: ResMut<DoseShow>,
    mut coming: ResMut<Coming>,
    mut fields: ResMut<Fields>,
    mut images: ResMut<Assets<Image>>,
) {
    show.bypass_change_detection().refilled = false;
    let Some(case) = case else { return };
    coming.since_s += time.delta_secs();
    match show.source {
        Source::Live => {
            coming.stored = None;
            let Some(volume) = live.grid.as_ref().filter(|_| live.version > 0) else {
                if coming.has != Some(Source::Live) {
                    (fields.dose, coming.has, coming.version) = (None, Some(Source::Live), 0);
                }
                return;
            };
            if coming.has == Some(Source::Live) && (coming.version == live.version || coming.since_s < REFILL_S) {
                return;
            }
            match &fields.dose {
                Some(field) if coming.has == Some(Source::Live) && field.grid == volume.grid => {
                    field.refill(&volume.data, &mut images);
                }
                _ => {
                    fields.dose = Some(Field::new(texels(volume, slices::most_texels(device.as_deref())), &mut images))
                }
            }
            (coming.has, coming.version, coming.since_s) = (Some(Source::Live), live.version, 0.0);
            show.refilled = true;
        }
        Source::Stored(index) => {
            if coming.has == Some(show.source) {
                return;
            }
            if coming.stored.as_ref().is_none_or(|t| t.key != index) {
                let most = slices::most_texels(device.as_deref());
                coming.stored = Some(Loading::start(index, case.patient.clone(), most, move |p: &Patient| {
                    p.doses.get(index).map(|d| &d.volume)
                }));
            }
            if let Some(texels) = coming.stored.as_mut().and_then(Loading::poll) {
                fields.dose = Some(Field::new(texels, &mut images));
                (coming.stored, coming.has) = (None, Some(show.source));
                show.refilled = true;
            }
        }
    }
}

/// The planes reach as far as the dose does.
fn reach(show: Res<DoseShow>, case: Option<Res<Case>>, live: Res<DoseNow>, mut cuts: ResMut<Cuts>) {
    let Some(case) = case else { return };
    let grid = match show.source {
        Source::Live => live.grid.as_ref().map(|v| &v.grid),
        source => stored(&case.patient, source).map(|d| &d.volume.grid),
    };
    let bounds = grid.map(vestibule_geometry::Grid::bounds);
    if cuts.reaches(Reach::Dose) != bounds {
        cuts.reach(Reach::Dose, bounds);
    }
}

/// Whether the card has the dose that is asked for.
pub fn settled(world: &World) -> bool {
    let (Some(show), Some(coming)) = (world.get_resource::<DoseShow>(), world.get_resource::<Coming>()) else {
        return true;
    };
    let newest =
        show.source != Source::Live || world.get_resource::<DoseNow>().is_none_or(|l| l.version == coming.version);
    world.get_resource::<Case>().is_none() || coming.has == Some(show.source) && newest && surfaces::settled(world)
}

/// The volume that is shown, in its source's own numbers.
pub fn volume(world: &World) -> Option<&Volume<f32>> {
    match world.resource::<DoseShow>().source {
        Source::Live => world.resource::<DoseNow>().grid.as_ref(),
        source => world.get_resource::<Case>().and_then(|c| stored(&c.patient, source)).map(|d| &d.volume),
    }
}

/// Dose at a point, Gy as shown; None outside its grid or without a dose.
pub fn at(world: &World, p: Point3<f64>) -> Option<f64> {
    volume(world).filter(|v| !v.data.is_empty())?.sample(p).map(|v| v * world.resource::<DoseShow>().factor())
}

/// Where the dose that is shown is highest, and how high, Gy as shown.
pub fn hottest(world: &World) -> Option<(Point3<f64>, f64)> {
    let (value, [i, j, k]) = volume(world)?.highest()?;
    let grid = &volume(world)?.grid;
    (value > 0.0).then(|| (grid.centre(i, j, k), f64::from(value) * world.resource::<DoseShow>().factor()))
}

/// What a dose is, in a line.
pub fn title(words: &Words, case: &Case, source: Source) -> String {
    let Some(dose) = stored(&case.patient, source) else { return words.get("dose-live") };
    let plan = case.patient.plans.iter().find(|p| Some(&p.uid) == dose.plan_uid.as_ref());
    let what = match dose.summation {
        DoseSummation::Fraction => "dose-fraction",
        DoseSummation::Beam => "dose-beam",
        _ => "dose-course",
    };
    format!("{} {}", plan.map_or("RTDOSE", |p| p.label.as_str()), words.get(what))
}

/// A percent with a decimal only where it has one.
fn plain(percent: f64) -> String {
    let digits = usize::from((percent - percent.round()).abs() > 0.05);
    format!("{percent:.digits$}")
}

fn legend(world: &World) -> Legend {
    let (Some(words), Some(case)) = (world.get_resource::<Words>(), world.get_resource::<Case>()) else {
        return Legend::default();
    };
    let show = world.resource::<DoseShow>();
    let dose = stored(&case.patient, show.source);
    let live = show.source == Source::Live;
    let Some(volume) = volume(world) else {
        let nothing = case.patient.doses.is_empty() && case.patient.plans.is_empty();
        let computes = world.resource::<Engine>().0.dose();
        let key = match (nothing, computes) {
            (true, _) => "dose-nothing",
            (_, true) => "dose-none",
            _ => "dose-not-here",
        };
        return Legend { notice: Some(words.get(key)), ..Legend::default() };
    };
    let [a, b, c] = volume.grid.spacing_mm;
    let engine = if live { world.resource::<Engine>().0.name() } else { dose.map_or("", |d| d.engine.as_str()) };
    let engine = if engine.is_empty() { words.get("dose-imported") } else { engine.to_owned() };
    let span = if live { words.get("dose-fraction") } else { String::new() };
    let worth = match engine.as_str() {
        PHOTON_PENCIL_BEAM_NAME => format!("\n{}", words.get("dose-uncertainty-photons")),
        e if e.starts_with("Vestibule") => format!("\n{}", words.get("dose-uncertainty")),
        _ => String::new(),
    };
    let source = format!(
        "{} {span} · {}\n{engine}, {a:.1} × {b:.1} × {c:.1} mm{worth}",
        title(words, case, show.source),
        words.get(show.kind(dose)),
    );
    let unit = if dose.is_some_and(|d| d.unit == DoseUnit::Relative) { "%" } else { "Gy" };
    let swatches = show
        .bands()
        .iter()
        .zip(&show.percents)
        .rev()
        .map(|((gray, colour), percent)| (*colour, format!("{} %   {gray:.2} {unit}", plain(*percent))))
        .collect();
    let mut notices = Vec::new();
    if show.of_highest {
        notices.push(words.get("dose-of-highest"));
    }
    let field = world.resource::<Fields>();
    let coarser = field.dose.as_ref().and_then(|f| f.coarser);
    notices.extend(coarser.map(|size| coarse(words, "overlay-coarser", size)));
    let notice = (!notices.is_empty()).then(|| notices.join(" "));
    Legend { source, unit: unit.to_owned(), swatches, notice }
}
