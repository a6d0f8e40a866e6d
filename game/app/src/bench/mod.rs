//! What a frame costs: both eyes along a fixed path of looks at every step, measured and counted.

mod clock;
mod count;
mod no_card;

use crate::capture::{BETWEEN_EYES_M, EYE_FIELD_DEG};
use crate::now::{Now, RoomData};
use crate::offscreen::{self, poll};
use crate::overlay::Family;
use crate::overlay::volume::MARCHING;
use crate::patient_mode::{Play, pitch_at, seat_at};
use crate::room::RoomFiles;
use crate::window::eye_bundle;
use crate::{ShowError, Shown};
use bevy::camera::{RenderTarget, ShadowLodOrigin};
use bevy::diagnostic::DiagnosticsStore;
use bevy::prelude::*;
use bevy::render::diagnostic::RenderDiagnosticsPlugin;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::render::view::NoIndirectDrawing;
use std::collections::BTreeMap;
use std::time::Instant;

/// What to measure.
pub struct BenchOptions {
    /// Frames at each step; None = 120 on a graphics card, 6 on a software one.
    pub frames: Option<u32>,
    /// Pixels of an eye; None = 2064 × 2208 on a graphics card, 256 × 256 on a software one.
    pub size: Option<[u32; 2]>,
    /// On a device that draws nothing, so that no driver's time is in it; else on the graphics card, or software in its place.
    pub no_card: bool,
    /// What is measured one after the other.
    pub steps: Vec<BenchStep>,
}

/// One thing to measure.
pub struct BenchStep {
    /// Its name.
    pub name: String,
    /// The session, set to its moment.
    pub play: Box<dyn Play>,
    /// Of a review: names of the overlays that are shown.
    pub overlays: Vec<&'static str>,
}

/// Median and 95th percentile, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Spread {
    /// Half of the frames took less.
    pub median: f64,
    /// 95 of 100 took less.
    pub p95: f64,
}

impl Spread {
    fn of(mut ms: Vec<f64>) -> Option<Self> {
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms.get(((ms.len() as f64 * share).ceil() as usize).clamp(1, ms.len().max(1)) - 1);
        Some(Self { median: *at(0.5)?, p95: *at(0.95)? })
    }
}

/// Triangles and draw calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Load {
    /// Triangles of what is not culled.
    pub triangles: usize,
    /// Draw calls, after batching.
    pub draws: usize,
}

/// One step.
#[derive(Clone, Debug, serde::Serialize)]
pub struct StepCost {
    /// Its name.
    pub step: String,
    /// From the beginning of a frame until its work is handed to the graphics card.
    pub cpu_ms: Spread,
    /// The part of it in which nothing is drawn: the program's own world, and the render world until passes are recorded.
    pub own_ms: Spread,
    /// The program's own world alone.
    pub main_ms: Spread,
    /// The program's own world, and the render world until what is drawn is sorted: without the driver's buffers and bind groups.
    pub sorted_ms: Spread,
    /// Both eyes' passes by the card's own clock; None where the adapter has none.
    pub gpu_ms: Option<Spread>,
    /// The part of it in which the volume is marched; None as above, or where nothing is marched.
    pub march_ms: Option<Spread>,
    /// The rest of it: what is rastered.
    pub raster_ms: Option<Spread>,
    /// Until the card has done it all.
    pub frame_ms: Spread,
    /// In view of one eye, the most of the path.
    pub eye: Load,
    /// Textures on the card without the eyes' own targets, MB (10⁶ bytes).
    pub textures_mb: f64,
    /// The most of the path by what it belongs to: `room`, each person's model, `anatomy`, `panels`.
    pub parts: BTreeMap<String, Load>,
}

/// Everything that was measured.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Measured {
    /// Name and interface of the adapter.
    pub adapter: String,
    /// It draws on the processor: times are a proportion between steps, not a speed.
    pub software: bool,
    /// Nothing was drawn at all: no driver's time is in it.
    pub no_card: bool,
    /// Pixels of an eye.
    pub eye_pixels: [u32; 2],
    /// Frames at each step.
    pub frames: u32,
    /// In the journey's order.
    pub steps: Vec<StepCost>,
}

/// Frames before the first that counts.
const WARM: u32 = 5;
/// How far the look goes to both sides, and up and down, degrees.
const LOOK_DEG: [f32; 2] = [35.0, 10.0];

#[derive(Component)]
struct BenchEye(f32);

/// Plays the path. `told` hears of each step that is done.
///
/// # Errors
/// No GPU, or files that do not load.
pub fn bench(shown: Shown, options: BenchOptions, told: impl FnMut(&StepCost)) -> Result<Measured, ShowError> {
    crate::trouble::told(|| measure(shown, options, told))?
}

fn measure(shown: Shown, options: BenchOptions, mut told: impl FnMut(&StepCost)) -> Result<Measured, ShowError> {
    let device = if options.no_card { no_card::creation()? } else { default() };
    let review = shown.review;
    let mut app = offscreen::build(shown, device, |app| {
        app.add_plugins(clock::plugin);
        if !options.no_card {
            app.add_plugins(RenderDiagnosticsPlugin); // the card's own clock
        }
        if review {
            app.add_plugins(crate::clinician_mode::review::boards_alone_plugin);
        }
    });
    let info = app.world().get_resource::<RenderAdapterInfo>().ok_or(ShowError::NoPicture)?;
    let software = format!("{:?}", info.device_type) == "Cpu";
    let adapter = format!("{}, {}", info.name, info.backend);
    let size = options.size.unwrap_or(if software { [256; 2] } else { [2064, 2208] });
    let frames = options.frames.unwrap_or(if software { 6 } else { 120 }).max(1);
    app.update();
    for side in [-0.5, 0.5] {
        spawn_eye(&mut app, side, size);
    }
    let mut measured =
        Measured { adapter, software, no_card: options.no_card, eye_pixels: size, frames, steps: Vec::new() };
    for BenchStep { name: step, play, overlays } in options.steps {
        if let Some(mut family) = app.world_mut().get_resource_mut::<Family>() {
            family.0.iter_mut().for_each(|o| o.on = overlays.contains(&o.id));
        }
        offscreen::change(&mut app, play);
        offscreen::until_it_stands(&mut app)?;
        let cost = one(&mut app, step, frames);
        told(&cost);
        measured.steps.push(cost);
    }
    Ok(measured)
}

fn spawn_eye(app: &mut App, side: f32, size: [u32; 2]) {
    let target = offscreen::target(app, size);
    let world = app.world_mut();
    let assets = world.resource::<AssetServer>().clone();
    let files = world.resource::<RoomFiles>().clone();
    let aspect_ratio = size[0] as f32 / size[1] as f32;
    let fov = 2.0 * ((EYE_FIELD_DEG.to_radians() * 0.5).tan() / aspect_ratio).atan();
    let mut eye = world.spawn((
        BenchEye(side),
        Camera3d::default(),
        Projection::Perspective(PerspectiveProjection { fov, near: 0.1, aspect_ratio, ..default() }),
        RenderTarget::Image(target.into()),
        Transform::default(),
        eye_bundle(&assets, &files),
        NoIndirectDrawing, // as a headset's eyes are drawn
    ));
    if side < 0.0 {
        eye.insert(ShadowLodOrigin);
    }
}

/// Where the person looks at this share of the path: once to the left and back and to the right, a little up and down.
fn look(world: &mut World, share: f32) {
    let now = world.resource::<Now>().state.viewpoint.clone();
    let view = world.resource::<RoomData>().0.viewpoints.get(&now).cloned();
    let Some(view) = view else { return };
    let turn = (share * std::f32::consts::TAU).sin() * LOOK_DEG[0].to_radians();
    let tilt = (share * 2.0 * std::f32::consts::TAU).sin() * LOOK_DEG[1].to_radians();
    let head = seat_at(&view)
        * Transform::from_rotation(Quat::from_rotation_y(turn))
        * Transform::from_rotation(Quat::from_rotation_x(pitch_at(&view) * 0.5 + tilt));
    let mut eyes = world.query::<(&BenchEye, &mut Transform)>();
    for (eye, mut t) in eyes.iter_mut(world) {
        *t = head * Transform::from_xyz(eye.0 * BETWEEN_EYES_M, 0.0, 0.0);
    }
}

fn one(app: &mut App, step: String, frames: u32) -> StepCost {
    let (mut cpu, mut gpu, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let (mut march, mut raster) = (Vec::new(), Vec::new());
    let (mut own, mut sorted, mut main) = (Vec::new(), Vec::new(), Vec::new());
    let (mut eye, mut parts) = (Load::default(), BTreeMap::<String, Load>::new());
    let mut textures_mb = 0.0f64;
    for frame in 0..frames + WARM {
        let counts = frame >= WARM;
        look(app.world_mut(), frame.saturating_sub(WARM) as f32 / frames as f32);
        let start = Instant::now();
        app.update();
        let handed = start.elapsed();
        poll(app);
        let done = start.elapsed();
        let by_card = card_ms(app.world_mut());
        if !counts {
            continue;
        }
        cpu.push(handed.as_secs_f64() * 1e3);
        if let Some(split) = clock::split(start) {
            own.push(split.main + split.sorted + split.laid_out);
            sorted.push(split.main + split.sorted);
            main.push(split.main);
        }
        whole.push(done.as_secs_f64() * 1e3);
        if let Some(card) = by_card {
            gpu.push(card.all);
            raster.push(card.all - card.march.unwrap_or(0.0));
            march.extend(card.march);
        }
        for (all, by_part) in count::views(app) {
            eye = most(eye, all);
            for (name, load) in by_part {
                let known = parts.entry(name).or_default();
                *known = most(*known, load);
            }
        }
        textures_mb = textures_mb.max(count::textures_mb(app));
    }
    let none = Spread { median: 0.0, p95: 0.0 };
    StepCost {
        step,
        cpu_ms: Spread::of(cpu).unwrap_or(none),
        own_ms: Spread::of(own).unwrap_or(none),
        sorted_ms: Spread::of(sorted).unwrap_or(none),
        main_ms: Spread::of(main).unwrap_or(none),
        gpu_ms: Spread::of(gpu),
        march_ms: Spread::of(march),
        raster_ms: Spread::of(raster),
        frame_ms: Spread::of(whole).unwrap_or(none),
        eye,
        textures_mb,
        parts,
    }
}

fn most(a: Load, b: Load) -> Load {
    Load { triangles: a.triangles.max(b.triangles), draws: a.draws.max(b.draws) }
}

/// What the card's own clock gave since the last frame, passes of both eyes together, ms.
#[derive(Clone, Copy)]
struct CardTime {
    all: f64,
    /// None: nothing was marched.
    march: Option<f64>,
}

/// None where the card's clock gives nothing.
fn card_ms(world: &mut World) -> Option<CardTime> {
    let mut store = world.get_resource_mut::<DiagnosticsStore>()?;
    let mut sum: Option<CardTime> = None;
    for d in store.iter_mut() {
        // `render/PASS/elapsed_gpu`: passes within passes are counted with the outer one
        let is = d.path().as_str().ends_with("/elapsed_gpu") && d.path().components().count() == 3;
        if is {
            let marches = d.path().components().nth(1) == Some(MARCHING);
            for ms in d.values().copied() {
                let sum = sum.get_or_insert(CardTime { all: 0.0, march: None });
                sum.all += ms;
                if marches {
                    *sum.march.get_or_insert(0.0) += ms;
                }
            }
            d.clear_history();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_median_and_the_95th_of_a_hundred() {
        let s = Spread::of((1..=100).rev().map(f64::from).collect()).unwrap();
        assert_eq!((s.median, s.p95), (50.0, 95.0));
        assert_eq!(Spread::of(vec![7.0]), Some(Spread { median: 7.0, p95: 7.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
