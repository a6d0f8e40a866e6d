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
/// Beside every board: who lets go there has pressed nothing.
const BESIDE: Pos2 = Pos2::new(-1e5, -1e5);

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
            *dwell = Dwell { target, ..Dwell::default() };
        }
        let before = dwell.seconds;
        // a press would not reach a board while another is held
        let reaches = best.is_some_and(|b| held_by.is_none_or(|h| h == b.0));
        if target.is_some() && reaches {
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
        // a quick click may begin and end within one frame, and what is looked at always does: in the next one the board may stand elsewhere
        let press = on_it && if by_gaze { dwelt } else { pointer.pressed };
        let release = (by_gaze || pointer.released) && (board.held || press);
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
        if release {
            // turned so far away that it meets the board's plane nowhere
            if at.is_none() {
                send(egui::Event::PointerMoved(BESIDE));
            }
            send(button(at.unwrap_or(BESIDE), false));
            if at.is_none() {
                send(egui::Event::PointerGone);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::PanelKind;
    use bevy::ecs::message::Messages;
    use bevy::ecs::system::SystemId;
    use std::time::Duration;

    /// Two boards, one ahead and one to the right of it, and whoever points at them.
    struct Bench {
        world: World,
        bridge: SystemId,
        boards: [Entity; 2],
    }

    impl Bench {
        fn new() -> Self {
            let mut world = World::new();
            world.insert_resource(Events::new(false));
            world.init_resource::<Time<Real>>();
            world.init_resource::<Pointer>();
            world.init_resource::<PanelModel>();
            world.init_resource::<Messages<EguiInputEvent>>();
            let boards = [-0.6, 0.6].map(|x| {
                let context = world.spawn_empty().id();
                let place = GlobalTransform::from(Transform::from_xyz(x, 1.0, -1.0));
                let board = Board::new(Vec2::new(1.0, 0.5), 1000.0, context);
                world.spawn((board, Panel { kind: PanelKind::Main, told: None }, place, Visibility::Visible)).id()
            });
            let bridge = world.register_system(bridge);
            Self { world, bridge, boards }
        }

        /// A frame of 0.4 s: which of the boards is pressed in it, and which lets go, and where.
        fn frame(&mut self, kind: PointerKind, to: Vec3, pressed: bool, released: bool) -> Vec<(usize, bool, Pos2)> {
            self.world.resource_mut::<Time<Real>>().advance_by(Duration::from_millis(400));
            let from = Vec3::new(0.0, 1.0, 0.0);
            let ray = Dir3::new(to - from).ok().map(|way| Ray3d::new(from, way));
            *self.world.resource_mut::<Pointer>() = Pointer { ray, kind, pressed, released, ..Pointer::default() };
            self.world.run_system(self.bridge).unwrap();
            let contexts = self.boards.map(|b| self.world.get::<Board>(b).unwrap().context);
            let all: Vec<_> = self.world.resource_mut::<Messages<EguiInputEvent>>().drain().collect();
            let button = |e: EguiInputEvent| match e.event {
                egui::Event::PointerButton { pos, pressed, .. } => {
                    Some((contexts.iter().position(|c| *c == e.context)?, pressed, pos))
                }
                _ => None,
            };
            all.into_iter().filter_map(button).collect()
        }
    }

    const LEFT: Vec3 = Vec3::new(-0.6, 1.0, -1.0);
    const RIGHT: Vec3 = Vec3::new(0.6, 1.0, -1.0);
    const BEHIND: Vec3 = Vec3::new(0.0, 1.0, 3.0);

    #[test]
    fn who_turns_away_and_lets_go_has_pressed_nothing_and_can_press_elsewhere() {
        let mut bench = Bench::new();
        let laser = PointerKind::Laser;
        assert!(matches!(bench.frame(laser, LEFT, true, false)[..], [(0, true, _)]));
        assert!(bench.frame(laser, BEHIND, false, false).is_empty());
        let away = bench.frame(laser, BEHIND, false, true);
        assert_eq!(away, [(0, false, BESIDE)]);
        assert!(matches!(bench.frame(laser, RIGHT, true, false)[..], [(1, true, _)]), "the other board answers");
        assert!(
            matches!(bench.frame(laser, RIGHT, false, true)[..], [(1, false, p)] if p.distance(Pos2::new(500.0, 250.0)) < 0.1)
        );
    }

    #[test]
    fn what_is_looked_at_is_pressed_once_until_it_was_left() {
        let mut bench = Bench::new();
        let look = |bench: &mut Bench, at: Option<(Vec3, &str)>, frames: usize| {
            bench.world.resource_mut::<PanelModel>().hot = at.map(|a| egui::Id::new(a.1));
            let to = at.map_or(BEHIND, |a| a.0);
            (0..frames).flat_map(|_| bench.frame(PointerKind::Gaze, to, false, false)).collect::<Vec<_>>()
        };
        let stop = Some((LEFT, "stop"));
        assert!(look(&mut bench, stop, 3).is_empty(), "not at once");
        assert!(matches!(look(&mut bench, stop, 5)[..], [(0, true, _), (0, false, _)]), "once");
        assert!(look(&mut bench, None, 1).is_empty());
        assert!(matches!(look(&mut bench, stop, 5)[..], [(0, true, _), (0, false, _)]), "looked at again");
        // a hand that presses and is lost lets go; what is looked at then is pressed
        assert!(matches!(bench.frame(PointerKind::Laser, RIGHT, true, false)[..], [(1, true, _)]));
        assert!(matches!(look(&mut bench, stop, 5)[..], [(1, false, _), (0, true, _), (0, false, _)]));
    }
}
