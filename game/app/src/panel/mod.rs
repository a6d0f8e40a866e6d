//! Panels in the world: a camera that draws egui into an image, a quad that shows it, one pointer for all of them.

pub mod board;
pub(crate) mod keyboard;
pub mod model;
mod open;
pub(crate) mod pictures;
pub(crate) mod plate;
pub mod pointer;
pub mod poke;
pub mod turns;
pub mod views;
mod widgets;

pub use board::Board;
pub use model::{Act, Labels, Main, Option_, PanelModel, Say, VoiceShown};
pub use pointer::{Pointer, PointerKind, PointerRead};

use crate::events::Events;
use crate::now::{Now, Reviewing, RoomData, Words};
use crate::patient_mode::pitch_at;
use crate::people::Named;
use crate::seat::Seat;
use crate::third_party::egui::{Typefaces, style};
use crate::tokens;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_egui::egui::{self, Pos2};
use bevy_egui::{EguiContext, EguiInputSet, EguiPostUpdateSet, EguiSchedule};
use vestibule_scenario::{Action, Choice, PanelSide, QuestionKind, Reply};

/// Which panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Component)]
pub enum PanelKind {
    /// What is asked or told, and the menu.
    #[default]
    Main,
    /// Caption, what the dose is worth, and the bar.
    Foot,
}

impl PanelKind {
    /// Its name in event lines.
    fn name(self) -> &'static str {
        match self {
            Self::Main => "panel",
            Self::Foot => "foot",
        }
    }
}

#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct DrawMain;
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct DrawFoot;

/// One of the panels of a session.
#[derive(Component)]
pub struct Panel {
    /// Which.
    pub kind: PanelKind,
    told: Option<Transform>,
}

/// Name of an egui context's panel.
#[derive(Component)]
struct ContextOf(PanelKind);

/// Panels are drawn at all; pictures may go without.
#[derive(Resource, Clone, Copy)]
pub struct PanelsShown(pub bool);

/// Panels and their pointer.
pub fn plugin(app: &mut App) {
    app.add_plugins((crate::third_party::egui::plugin, plate::plugin))
        .insert_resource(PanelModel { size: 1.0, ..default() })
        .init_resource::<Pointer>()
        .add_systems(Startup, spawn.run_if(not(resource_exists::<Reviewing>)))
        .add_systems(
            PreUpdate,
            (poke::poke, pointer::bridge.in_set(pointer::Bridged))
                .chain()
                .after(PointerRead)
                .before(EguiInputSet::WriteEguiEvents),
        )
        .add_systems(Update, (fill, place).chain())
        .add_systems(PostUpdate, turns::take.in_set(turns::Taken).before(EguiPostUpdateSet::EndPass))
        .add_systems(DrawMain, draw::<{ MAIN }>)
        .add_systems(DrawFoot, draw::<{ FOOT }>);
}

/// From the middle of the foot panel to the middle of its bar, metres.
const FOOT_BAR_M: f32 = -0.139;
const MAIN: u8 = 0;
const FOOT: u8 = 1;

fn spawn(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<plate::PlateMaterial>>,
    seat: Single<Entity, With<Seat>>,
) {
    for (kind, size) in [(PanelKind::Main, tokens::PANEL_M), (PanelKind::Foot, tokens::FOOT_M)] {
        let size = Vec2::from(size);
        let pixels = (size * tokens::POINTS_PER_M).as_uvec2();
        let image = images.add(Image::new_target_texture(pixels.x, pixels.y, TextureFormat::Rgba8UnormSrgb, None));
        let camera = (
            Camera2d,
            ContextOf(kind),
            RenderLayers::none(),
            Msaa::Off,
            Tonemapping::None,
            RenderTarget::Image(image.clone().into()),
            Camera { order: -1, clear_color: ClearColorConfig::Custom(Color::NONE), ..default() },
        );
        let context = match kind {
            PanelKind::Main => commands.spawn((camera, EguiSchedule::new(DrawMain))).id(),
            PanelKind::Foot => commands.spawn((camera, EguiSchedule::new(DrawFoot))).id(),
        };
        let quad = commands
            .spawn((
                Panel { kind, told: None },
                Board::new(size, tokens::POINTS_PER_M, context),
                Named {
                    name: kind.name().to_owned(),
                    offset_m: [if kind == PanelKind::Main { 0.0 } else { FOOT_BAR_M }, 0.0],
                },
                kind,
                NotShadowCaster,
                Mesh3d(meshes.add(Rectangle::from_size(size))),
                MeshMaterial3d(materials.add(plate::PlateMaterial { picture: image, over: true })),
                Transform::default(),
                Visibility::Hidden,
            ))
            .id();
        commands.entity(*seat).add_child(quad);
    }
}

/// Says in the model what the session wants to be read.
fn fill(
    now: Res<Now>,
    words: Res<Words>,
    mut model: ResMut<PanelModel>,
    dose: Res<crate::anatomy::DoseNow>,
    mut last: Local<Option<String>>,
) {
    let s = &now.state;
    let m = model.bypass_change_detection();
    let option = |c: &Choice| Option_ {
        id: c.id.clone(),
        text: words.get(&c.text),
        picture: c.picture.clone().unwrap_or_default(),
    };
    m.main = match (&s.finished, s.paused, &s.panel) {
        (Some(_), _, panel) => Main::Over { text: panel.as_ref().map(|p| words.get(&p.text)).unwrap_or_default() },
        (_, true, _) => Main::Menu,
        (_, _, None) => Main::None,
        (_, _, Some(p)) => {
            let text = words.get(&p.text);
            match &p.kind {
                QuestionKind::Note => Main::Note { text },
                QuestionKind::Scale { from, to, low, high } => {
                    Main::Scale { text, from: *from, to: *to, low: words.get(low), high: words.get(high) }
                }
                QuestionKind::Choice(options) => Main::Choice { text, options: options.iter().map(option).collect() },
                QuestionKind::Open { chips, voice, typed } => {
                    Main::Open { text, chips: chips.iter().map(option).collect(), voice: *voice, typed: *typed }
                }
            }
        }
    };
    let question = s.panel.as_ref().map(|p| p.question.clone().unwrap_or_default());
    if question != *last {
        *last = question;
        m.number = None;
        m.chosen.clear();
        m.page = 0;
        m.voice_page = false;
        m.typed.clear();
        m.focus = None;
    }
    m.caption = s.caption.as_ref().map(|k| words.get(k)).unwrap_or_default();
    m.dose = if s.anatomy_shown && dose.version > 0 { words.get("app-dose") } else { String::new() };
    if m.labels.cont.is_empty() {
        let w = |k: &str| words.get(&format!("app-{k}"));
        m.labels = Labels {
            cont: w("continue"),
            choose: w("choose"),
            decline: w("decline"),
            pause: w("pause"),
            quieter: w("quieter"),
            stop: w("stop"),
            resume: w("resume"),
            repeat: w("repeat"),
            recentre: w("recentre"),
            larger: w("larger"),
            call: w("call"),
            menu_title: w("menu-title"),
            menu_text: w("menu-text"),
            over: w("over"),
            leave: w("leave"),
            open_hint: w("open-hint"),
            dose: w("dose"),
            more: w("more"),
            say: w("say"),
            say_stop: w("say-stop"),
            say_listening: w("say-listening"),
            say_kept: w("say-kept"),
            say_again: w("say-again"),
            say_drop: w("say-drop"),
            say_missing: w("say-missing"),
            say_failed: w("say-failed"),
            typed: w("typed-shown"),
        };
    }
}

/// How far aside a panel may stand so that a window still shows all of it, radians.
fn within(window: &Projection) -> f32 {
    let Projection::Perspective(p) = window else { return tokens::PANEL_SIDE };
    let half = ((p.fov * 0.5).tan() * p.aspect_ratio).atan();
    let panel = (tokens::PANEL_M[0] * 0.5 / tokens::PANEL_DISTANCE_M).atan();
    (half - panel - tokens::WINDOW_EDGE).clamp(0.0, tokens::PANEL_SIDE)
}

/// Panels stand a little more than a metre ahead of the seat (or where the room wants them), tilted to the eye, never locked to the head.
fn place(
    now: Res<Now>,
    data: Res<RoomData>,
    model: Res<PanelModel>,
    shown: Res<PanelsShown>,
    out: Res<Events>,
    seat: Single<&Transform, With<Seat>>,
    window: Option<Single<&Projection, With<crate::window::Look>>>,
    mut panels: Query<(&mut Panel, &Board, &mut Transform, &mut Visibility), Without<Seat>>,
) {
    let s = &now.state;
    let wanted = data.0.viewpoints.get(&s.viewpoint).and_then(|v| v.panel_m);
    let local = |p: [f64; 3]| {
        let world = Vec3::from(p.map(|v| v as f32));
        seat.rotation.inverse() * (world - seat.translation)
    };
    let aside = window.map_or(tokens::PANEL_SIDE, |w| within(*w));
    let side = match s.choices.panel_side {
        PanelSide::Left => aside,
        PanelSide::Centre => 0.0,
        PanelSide::Right => -aside,
    };
    let centre = wanted.map_or(Vec3::NEG_Z, |p| local(p).normalize_or(Vec3::NEG_Z));
    let ahead = Quat::from_rotation_y(side) * centre;
    // the foot lies low in the view itself, wherever the panel was put: never over what is being looked at
    let pitch = data.0.viewpoints.get(&s.viewpoint).map_or(0.0, |v| pitch_at(v) * 0.5 - tokens::WINDOW_DOWN);
    let low = Quat::from_rotation_y(side) * Quat::from_rotation_x(pitch - tokens::FOOT_DROP) * Vec3::NEG_Z;
    for (mut panel, board, mut t, mut visible) in &mut panels {
        let axis = Vec3::Y.cross(ahead).normalize_or(Vec3::X);
        let (on, direction) = match panel.kind {
            PanelKind::Main => (model.main != Main::None, Quat::from_axis_angle(axis, -tokens::PANEL_RISE) * ahead),
            PanelKind::Foot => (true, low),
        };
        let at = direction * tokens::PANEL_DISTANCE_M;
        let up = if direction.y.abs() > 0.9 { Vec3::NEG_Z } else { Vec3::Y };
        let posed = Transform::from_translation(at).looking_to(at, up);
        t.set_if_neq(posed);
        let dark = s.fade > 0.98;
        let on = on && shown.0 && !dark;
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
        if on && panel.told != Some(posed) {
            panel.told = Some(posed);
            let (r, u) = (posed.right() * board.size_m.x * 0.5, posed.up() * board.size_m.y * 0.5);
            let name = panel.kind.name();
            // centre, half width, half height in the person's frame: where a puppet aims
            out.say(format_args!("{name} {} {} {} {} {} {} {} {} {}", at.x, at.y, at.z, r.x, r.y, r.z, u.x, u.y, u.z));
        } else if !on {
            panel.told = None;
        }
    }
}

fn draw<const KIND: u8>(
    mut contexts: Query<(&mut EguiContext, &ContextOf)>,
    mut model: ResMut<PanelModel>,
    mut pointer: ResMut<Pointer>,
    faces: Res<Typefaces>,
    out: Res<Events>,
    mut ready: Local<bool>,
    mut told: Local<Vec<(String, Pos2)>>,
) {
    let kind = if KIND == MAIN { PanelKind::Main } else { PanelKind::Foot };
    let Some((mut context, _)) = contexts.iter_mut().find(|c| c.1.0 == kind) else { return };
    let ctx = context.get_mut();
    if !*ready {
        *ready = true;
        style(ctx, &faces);
        return; // fonts count from the next pass
    }
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new(("panel", KIND)), builder);
    let before = model.acts.len();
    model.hot = None;
    model.places.clear();
    views::draw(&mut ui, &mut model, kind);
    if model.press.as_ref().is_some_and(|p| p.0 == kind) {
        model.press = None; // pressed, or no longer there
    }
    if model.places != *told {
        told.clone_from(&model.places);
        let (name, size) = (kind.name(), if KIND == MAIN { tokens::PANEL_M } else { tokens::FOOT_M });
        for (id, at) in told.iter() {
            let [u, v] = [at.x / (size[0] * tokens::POINTS_PER_M), at.y / (size[1] * tokens::POINTS_PER_M)];
            out.say(format_args!("button {name} {id} {u:.4} {v:.4}"));
        }
    }
    model.reach[usize::from(KIND)].clone_from(&*told);
    let mine = model.hot;
    if mine != model.hots[usize::from(KIND)] {
        pointer.touched |= mine.is_some();
        out.say(format_args!("hover {} {}", kind.name(), if mine.is_some() { &model.hot_name } else { "none" }));
    }
    model.hots[usize::from(KIND)] = mine;
    model.hot = model.hots[0].or(model.hots[1]);
    for act in &model.acts[before..] {
        out.say(format_args!("act {}", name_of(act)));
    }
}

/// A word for the event lines; never the answer itself.
fn name_of(act: &Act) -> &'static str {
    match act {
        Act::Session(Action::Continue) => "continue",
        Act::Session(Action::Answer(Reply::Declined)) => "declined",
        Act::Session(Action::Answer(_)) => "answer",
        Act::Session(Action::Pause) => "pause",
        Act::Session(Action::Resume) => "resume",
        Act::Session(Action::Stop) => "stop",
        Act::Session(_) => "other",
        Act::Say(Say::Start) => "say",
        Act::Say(Say::Stop) => "said",
        Act::Say(Say::Drop) => "say-drop",
        Act::Quieter => "quieter",
        Act::Recentre => "recentre",
        Act::Larger => "larger",
        Act::Leave => "leave",
    }
}
