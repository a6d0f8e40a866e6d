//! One pointer, whatever moves it (laser, mouse, gaze, a fingertip): ray → panel → egui events, before egui reads its input.

use super::poke::Tip;
use super::{Board, Panel, PanelModel};
use crate::events::Events;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Pos2};
use bevy_egui::input::EguiInputEvent;

/// What moves the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointerKind {
    /// A tracked controller or hand.
    Laser,
    /// A mouse in a window.
    Mouse,
    /// A fingertip or the tip of a controller that is over a board, or on it.
    Poke,
    /// The head's direction; pressing is dwelling.
    #[default]
    Gaze,
}

/// The pointer of this frame, in the world.
#[derive(Resource, Default)]
pub struct Pointer {
    /// Where it points; None = nothing points.
    pub ray: Option<Ray3d>,
    /// What may touch a board; None = nothing does.
    pub tip: Option<Tip>,
    /// What moves it.
    pub kind: PointerKind,
    /// The button went down in this frame.
    pub pressed: bool,
    /// The button went up in this frame.
    pub released: bool,
    /// Distance to the panel it is on, metres.
    pub reach: Option<f32>,
    /// The board that it is on.
    pub on: Option<Entity>,
    /// How far a thumbstick scrolls in this frame, points; down is positive.
    pub scroll: f32,
    /// True in the frame in which it came onto something that can be pressed.
    pub touched: bool,
}

/// Reading of the input devices; the bridge runs after it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointerRead;

/// The pointer is on its board, or on none.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bridged;

/// What the gaze rests on: a button that told of itself, or a place on a board of staff's.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Button(egui::Id),
    Place(Entity, Pos2),
}

/// A gaze that moves no farther than this, points, rests.
const RESTS: f32 = 14.0;

#[derive(Default)]
pub(super) struct Dwell {
    target: Option<Target>,
    seconds: f32,
}

impl Dwell {
    /// Whether the gaze still rests where it did.
    fn stays(&self, target: Option<Target>) -> bool {
        match (self.target, target) {
            (Some(Target::Place(a, p)), Some(Target::Place(b, q))) => a == b && p.distance(q) < RESTS,
            (now, then) => now == then,
        }
    }
}

/// Sends the pointer to the nearest panel it meets.
pub(super) fn bridge(
    mut boards: Query<(Entity, &mut Board, Option<&Panel>, &GlobalTransform, &Visibility)>,
    mut pointer: ResMut<Pointer>,
    mut model: ResMut<PanelModel>,
    mut out: MessageWriter<EguiInputEvent>,
    time: Res<Time<Real>>,
    events: Res<Events>,
    mut dwell: Local<Dwell>,
) {
    let ray = pointer.ray;
    let mut best: Option<(Entity, f32, Pos2, bool)> = None;
    for (entity, board, panel, place, visible) in &boards {
        if *visible == Visibility::Hidden {
            continue;
        }
        let Some((p, far)) = ray.and_then(|r| board.hit(place, r)) else { continue };
        let inside = p.x >= 0.0 && p.y >= 0.0 && p.x <= board.points().x && p.y <= board.points().y;
        if inside && best.is_none_or(|b| far < b.1) {
            best = Some((entity, far, p, panel.is_some()));
        }
    }
    pointer.reach = best.map(|b| b.1);
    pointer.on = best.map(|b| b.0);
    let held_by = boards.iter().find(|p| p.1.held).map(|p| p.0);
    let by_gaze = pointer.kind == PointerKind::Gaze;
    // the same thing looked at for the dwell time; pressed once, it must be left before it can be pressed again
    let mut dwelt = false;
    if by_gaze {
        let target = match best {
            Some((board, _, at, false)) => Some(Target::Place(board, at)),
            _ => model.hot.map(Target::Button),
        };
        if !dwell.stays(target) {
            *dwell = Dwell { target, seconds: 0.0 };
        }
        let before = dwell.seconds;
        if target.is_some() && best.is_some() {
            dwell.seconds += time.delta_secs().min(0.5); // one hitch must not press
        }
        dwelt = before < tokens::DWELL_S && dwell.seconds >= tokens::DWELL_S;
        if dwelt {
            events.say(format_args!("dwell"));
        }
    } else {
        *dwell = Dwell::default();
    }
    model.gaze = None;
    let scroll = if best.is_some() { std::mem::take(&mut pointer.scroll) } else { 0.0 };
    for (entity, mut board, panel, place, _) in &mut boards {
        let on_it = best.is_some_and(|b| b.0 == entity) && held_by.is_none_or(|h| h == entity);
        // while held, the pointer stays with the panel even outside it: a slider can be dragged past its end
        let now = if on_it || board.held { ray.and_then(|r| board.hit(place, r)).map(|h| h.0) } else { None };
        let context = board.context;
        let mut send = |event| {
            out.write(EguiInputEvent { context, event });
        };
        if now != board.pointer {
            match now {
                Some(p) => send(egui::Event::PointerMoved(p)),
                None => send(egui::Event::PointerGone),
            }
        }
        let at = now.or(board.pointer);
        let (press, release) = if by_gaze {
            (dwelt && on_it, board.held && !dwelt)
        } else {
            // a quick click may begin and end within one frame
            let press = pointer.pressed && on_it;
            (press, pointer.released && (board.held || press))
        };
        let button = |pos, pressed| egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::default(),
        };
        if let (true, Some(p)) = (press, at) {
            send(button(p, true));
            board.held = true;
        }
        if let (true, Some(p)) = (release, at) {
            send(button(p, false));
            board.held = false;
        }
        // pressed: the ring is gone until the gaze has been elsewhere
        let done = if dwell.seconds < tokens::DWELL_S { dwell.seconds / tokens::DWELL_S } else { 0.0 };
        let gaze = now.filter(|_| by_gaze && on_it).map(|p| (p, done));
        board.gaze = gaze;
        if let (Some(panel), Some((p, done))) = (panel, gaze) {
            model.gaze = Some((panel.kind, p, done));
        }
        if on_it && scroll != 0.0 {
            let delta = egui::vec2(0.0, -scroll);
            let (unit, phase) = (egui::MouseWheelUnit::Point, egui::TouchPhase::Move);
            send(egui::Event::MouseWheel { unit, delta, phase, modifiers: egui::Modifiers::default() });
        }
        board.pointer = now;
    }
}
