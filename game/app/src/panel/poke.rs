//! A fingertip, or the tip of a controller, that touches a board presses it, as on a tablet; over a board the laser is put away. A hand that
//! goes through a board on its way elsewhere, or that holds the patient, presses nothing.

use super::{Board, Pointer, PointerKind};
use crate::events::Events;
use crate::placing::Hands;
use bevy::prelude::*;

/// A tip this near before a board stands over it, metres.
const OVER_M: f32 = 0.05;
/// A tip this far through a board has left it, metres.
const THROUGH_M: f32 = 0.12;
/// So long a tip must have stood over a board before its touch counts, seconds.
const STOOD_S: f32 = 0.12;
/// A finger that has pressed lets go this far before the board, metres: a trembling one does not press twice.
const LETS_GO_M: f32 = 0.015;

/// What pokes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tip {
    /// Where it is in the room.
    pub at: Vec3,
    /// Of a bare hand, whose pinch means nothing while the finger is over a board.
    pub finger: bool,
}

/// The tip on its board.
#[derive(Default)]
pub(super) struct Poke {
    on: Option<Entity>,
    /// It presses.
    down: bool,
    /// How long it has stood over the board, seconds.
    stood_s: f32,
    /// It went through without having stood over it: it must leave first.
    past: bool,
}

/// A tip in the frame of a board: across it, and in front of it, metres; and whether that is over the board.
fn over(board: &Board, place: &GlobalTransform, tip: Vec3) -> (Vec3, bool) {
    let local = place.affine().inverse().transform_point3(tip);
    let half = board.size_m * 0.5;
    let inside = local.x.abs() <= half.x && local.y.abs() <= half.y;
    (local * place.scale(), inside) // a board that stands nearer is made smaller
}

impl Poke {
    /// On which board the tip is now. It comes only from the front: who reaches through from behind presses nothing.
    fn find<'a>(
        &self,
        boards: impl Iterator<Item = (Entity, &'a Board, &'a GlobalTransform)>,
        tip: Vec3,
    ) -> Option<(Entity, GlobalTransform, f32)> {
        let near = boards.filter_map(|(entity, board, place)| {
            let (local, inside) = over(board, place, tip);
            let reachable = (-THROUGH_M..OVER_M).contains(&local.z);
            let stays = self.on == Some(entity) && (inside || self.down);
            (reachable && (stays || inside && local.z > 0.0)).then_some((entity, *place, local.z))
        });
        let left = |e: Entity| self.on != Some(e);
        near.min_by(|a, b| left(a.0).cmp(&left(b.0)).then(a.2.abs().total_cmp(&b.2.abs())))
    }

    /// The tip is `before_m` before a board, or on none, `dt_s` after the last time.
    fn step(&mut self, found: Option<(Entity, f32)>, dt_s: f32) {
        let Some((on, before_m)) = found else {
            *self = Self::default();
            return;
        };
        let came = self.on != Some(on);
        let touches = before_m <= if self.down { LETS_GO_M } else { 0.0 };
        self.stood_s = if came { 0.0 } else { self.stood_s + dt_s };
        self.past = touches && !self.down && (came || self.past || self.stood_s < STOOD_S);
        self.down = touches && !self.past;
        self.on = Some(on);
    }
}

/// Turns a tip on a board into the pointer.
pub(super) fn poke(
    boards: Query<(Entity, &Board, &GlobalTransform, &Visibility)>,
    hands: Option<Res<Hands>>,
    time: Res<Time<Real>>,
    mut pointer: ResMut<Pointer>,
    events: Res<Events>,
    mut poke: Local<Poke>,
) {
    let was = poke.down;
    let tip = pointer.tip.filter(|_| !hands.is_some_and(|h| h.holding()));
    let shown = boards.iter().filter(|b| *b.3 != Visibility::Hidden).map(|(e, b, p, _)| (e, b, p));
    let found = tip.and_then(|tip| poke.find(shown, tip.at));
    poke.step(found.map(|f| (f.0, f.2)), time.delta_secs());
    if let (Some((_, place, _)), Some(tip)) = (found, tip) {
        let out = place.back();
        pointer.kind = PointerKind::Poke;
        pointer.ray = Some(Ray3d::new(tip.at + out * (2.0 * THROUGH_M), -out));
        if tip.finger || poke.down {
            pointer.pressed = false;
        }
    }
    if poke.down != was {
        events.say(format_args!("poke {}", if poke.down { "down" } else { "up" }));
        pointer.pressed |= poke.down;
        pointer.released |= !poke.down;
        pointer.touched |= poke.down;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::ecs::system::RunSystemOnce;

    const BOARD: Entity = Entity::PLACEHOLDER;

    /// Whether it presses at each of these distances before a board, 0.1 s apart; None: away from it.
    fn presses(path: &[Option<f32>]) -> Vec<bool> {
        let mut poke = Poke::default();
        let step = |before_m: &Option<f32>| {
            poke.step(before_m.map(|m| (BOARD, m)), 0.1);
            poke.down
        };
        path.iter().map(step).collect()
    }

    #[test]
    fn a_tip_that_stood_over_it_presses_once_and_lets_go_when_it_leaves() {
        let path = [None, Some(0.04), Some(0.03), Some(0.01), Some(-0.01), Some(0.01), Some(-0.01), Some(0.02), None];
        assert_eq!(presses(&path), [false, false, false, false, true, true, true, false, false]);
    }

    #[test]
    fn a_hand_that_only_goes_through_presses_nothing() {
        assert!(!presses(&[None, Some(0.04), Some(-0.03), Some(-0.1), None]).contains(&true));
        // it stays in it, trembles, and comes back: nothing until it has stood over the board
        let path = [Some(0.04), Some(-0.03), Some(-0.01), Some(-0.01), Some(0.01), Some(0.01), Some(-0.01)];
        assert_eq!(presses(&path), [false, false, false, false, false, false, true]);
    }

    #[test]
    fn it_comes_from_the_front_and_over_the_board() {
        let place = GlobalTransform::from(Transform::from_xyz(0.0, 1.0, -1.0));
        let board = Board::new(Vec2::new(1.0, 0.5), 1000.0, BOARD);
        let find = |poke: &Poke, tip: [f32; 3]| poke.find([(BOARD, &board, &place)].into_iter(), tip.into());
        let (none, on) = (Poke::default(), Poke { on: Some(BOARD), ..Poke::default() });
        assert!(find(&none, [0.3, 1.1, -0.96]).is_some_and(|f| (f.2 - 0.04).abs() < 1e-6));
        assert!(find(&none, [0.3, 1.1, -0.9]).is_none(), "too far");
        assert!(find(&none, [0.3, 1.1, -1.02]).is_none(), "from behind");
        assert!(find(&on, [0.3, 1.1, -1.02]).is_some(), "through it");
        assert!(find(&none, [0.6, 1.1, -0.98]).is_none() && find(&on, [0.6, 1.1, -0.98]).is_none(), "beside it");
    }

    #[test]
    fn the_pointer_is_where_the_tip_is() {
        let mut world = World::new();
        world.insert_resource(Events::new(false));
        world.init_resource::<Time<Real>>();
        let tip = Tip { at: Vec3::new(0.2, 0.9, -0.97), finger: false };
        world.insert_resource(Pointer { tip: Some(tip), ..Pointer::default() });
        let board = || Board::new(Vec2::new(1.0, 0.5), 1000.0, BOARD);
        let place = GlobalTransform::from(Transform::from_xyz(0.0, 1.0, -1.0));
        world.spawn((board(), place, Visibility::Visible));
        world.run_system_once(poke).unwrap();
        let pointer = world.resource::<Pointer>();
        let (at, _) = board().hit(&place, pointer.ray.unwrap()).unwrap();
        assert!(pointer.kind == PointerKind::Poke && (at.x - 700.0).abs() < 0.01 && (at.y - 350.0).abs() < 0.01);
    }
}
