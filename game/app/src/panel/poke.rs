//! A fingertip, or the tip of a controller, that touches a board presses it, as on a tablet; over a board the laser is put away.

use super::{Board, Pointer, PointerKind};
use crate::events::Events;
use bevy::prelude::*;

/// A tip this near before a board stands over it, metres.
const OVER_M: f32 = 0.08;
/// A tip this far through a board has left it, metres.
const THROUGH_M: f32 = 0.12;
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
    down: bool,
    /// Where the tip was a frame ago.
    before: Option<Vec3>,
}

/// A tip in the frame of a board: across it, and in front of it, metres; and whether that is over the board.
fn over(board: &Board, place: &GlobalTransform, tip: Vec3) -> (Vec3, bool) {
    let local = place.affine().inverse().transform_point3(tip);
    let half = board.size_m * 0.5;
    let inside = local.x.abs() <= half.x && local.y.abs() <= half.y;
    (local * place.scale(), inside) // a board that stands nearer is made smaller
}

impl Poke {
    /// On which board the tip is now. It comes only from the front, however fast: who reaches through from behind presses nothing.
    fn find<'a>(
        &self,
        boards: impl Iterator<Item = (Entity, &'a Board, &'a GlobalTransform)>,
        tip: Vec3,
    ) -> Option<(Entity, GlobalTransform, f32)> {
        let near = boards.filter_map(|(entity, board, place)| {
            let (local, inside) = over(board, place, tip);
            let reachable = (-THROUGH_M..OVER_M).contains(&local.z);
            let stays = self.on == Some(entity) && (inside || self.down);
            let came = || self.before.is_some_and(|b| over(board, place, b).0.z > 0.0);
            (reachable && (stays || inside && (local.z > 0.0 || came()))).then_some((entity, *place, local.z))
        });
        let left = |e: Entity| self.on != Some(e);
        near.min_by(|a, b| left(a.0).cmp(&left(b.0)).then(a.2.abs().total_cmp(&b.2.abs())))
    }
}

/// Turns a tip on a board into the pointer.
pub(super) fn poke(
    boards: Query<(Entity, &Board, &GlobalTransform, &Visibility)>,
    mut pointer: ResMut<Pointer>,
    events: Res<Events>,
    mut poke: Local<Poke>,
) {
    let was = poke.down;
    let tip = pointer.tip;
    let shown = boards.iter().filter(|b| *b.3 != Visibility::Hidden).map(|(e, b, p, _)| (e, b, p));
    let found = tip.and_then(|tip| poke.find(shown, tip.at));
    poke.before = tip.map(|t| t.at);
    poke.on = found.map(|f| f.0);
    poke.down = found.is_some_and(|(_, _, before)| before <= if was { LETS_GO_M } else { 0.0 });
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

    /// A board a metre wide at (0, 1, −1), facing +Z, and what a tip does on its way.
    fn path(tips: &[Option<[f32; 3]>], finger: bool) -> Vec<(PointerKind, bool, bool)> {
        let mut world = World::new();
        world.insert_resource(Events::new(false));
        world.init_resource::<Pointer>();
        let place = GlobalTransform::from(Transform::from_xyz(0.0, 1.0, -1.0));
        world.spawn((Board::new(Vec2::new(1.0, 0.5), 1000.0, Entity::PLACEHOLDER), place, Visibility::Visible));
        let mut system = IntoSystem::into_system(poke);
        system.initialize(&mut world);
        let step = |tip: &Option<[f32; 3]>| {
            let mut pointer = world.resource_mut::<Pointer>();
            *pointer = Pointer {
                kind: PointerKind::Laser,
                tip: tip.map(|at| Tip { at: at.into(), finger }),
                ..Pointer::default()
            };
            system.run((), &mut world).unwrap();
            let pointer = world.resource::<Pointer>();
            (pointer.kind, pointer.pressed, pointer.released)
        };
        tips.iter().map(step).collect()
    }

    #[test]
    fn a_tip_that_goes_through_presses_once_and_lets_go_when_it_leaves() {
        use PointerKind::{Laser, Poke};
        let z = |z: f32| Some([0.3, 1.1, -1.0 + z]);
        let seen = path(&[z(0.2), z(0.05), z(-0.01), z(0.01), z(-0.01), z(0.02), z(0.2)], true);
        let want = [(Laser, 0, 0), (Poke, 0, 0), (Poke, 1, 0), (Poke, 0, 0), (Poke, 0, 0), (Poke, 0, 1), (Laser, 0, 0)];
        assert_eq!(seen, want.map(|(k, p, r)| (k, p == 1, r == 1)));
    }

    #[test]
    fn a_fast_one_presses_too_and_one_from_behind_or_beside_does_not() {
        use PointerKind::{Laser, Poke};
        let fast = path(&[Some([0.0, 1.0, -0.7]), Some([0.0, 1.0, -1.05]), None], true);
        assert_eq!(fast, [(Laser, false, false), (Poke, true, false), (Laser, false, true)]);
        let behind = path(&[Some([0.0, 1.0, -1.3]), Some([0.0, 1.0, -1.05]), Some([0.0, 1.0, -0.95])], true);
        assert!(behind.iter().all(|s| !s.1), "{behind:?}");
        let beside = path(&[Some([0.6, 1.0, -0.95]), Some([0.6, 1.0, -1.02])], true);
        assert_eq!(beside, [(Laser, false, false); 2]);
    }

    #[test]
    fn the_pointer_is_where_the_tip_is() {
        let mut world = World::new();
        world.insert_resource(Events::new(false));
        let tip = Tip { at: Vec3::new(0.2, 0.9, -0.97), finger: false };
        world.insert_resource(Pointer { tip: Some(tip), ..Pointer::default() });
        let board = Board::new(Vec2::new(1.0, 0.5), 1000.0, Entity::PLACEHOLDER);
        let place = GlobalTransform::from(Transform::from_xyz(0.0, 1.0, -1.0));
        world.spawn((board, place, Visibility::Visible));
        world.run_system_once(poke).unwrap();
        let ray = world.resource::<Pointer>().ray.unwrap();
        let board = Board::new(Vec2::new(1.0, 0.5), 1000.0, Entity::PLACEHOLDER);
        let (at, _) = board.hit(&place, ray).unwrap();
        assert!((at.x - 700.0).abs() < 0.01 && (at.y - 350.0).abs() < 0.01, "{at:?}");
    }
}
