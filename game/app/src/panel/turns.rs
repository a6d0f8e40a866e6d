//! Boards are painted in turn, one a frame, and always the one that is pointed at: what is written on them changes slowly, and laying out
//! and drawing all of them in every frame costs more than the room. A board that rests keeps its picture.

use super::{Board, Pointer};
use bevy::ecs::entity::EntityHashMap;
use bevy::prelude::*;
use bevy_egui::{EguiContext, EguiContextSettings, EguiFullOutput, egui};

/// Boards that wait for their turn.
#[derive(Component)]
pub struct InTurn;

/// Whether a board is painted in this frame.
#[derive(Component, Default, Clone, Copy, PartialEq)]
pub struct Awake {
    /// In this frame.
    pub now: bool,
    /// It has been painted, so that egui has its fonts: without them it cannot rest either.
    begun: bool,
}

/// It is known which boards are painted in this frame.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Taken;

/// How many frames each board that is seen has rested.
#[derive(Default)]
pub(super) struct Rested(EntityHashMap<usize>);

impl Rested {
    /// Of the boards that are seen, and whether each cannot wait: which one's turn it is. Those that cannot wait take none away.
    fn next(&mut self, seen: &[(Entity, bool)]) -> Option<Entity> {
        self.0.retain(|e, _| seen.iter().any(|s| s.0 == *e));
        for (board, now) in seen {
            // whoever comes is painted before those that have a picture already
            let rested = self.0.entry(*board).or_insert(usize::MAX / 2);
            *rested = if *now { 0 } else { *rested + 1 };
        }
        let next = seen.iter().filter(|s| !s.1).map(|s| s.0).max_by_key(|e| self.0.get(e).copied())?;
        self.0.insert(next, 0);
        Some(next)
    }
}

pub(super) fn take(
    pointer: Res<Pointer>,
    mut boards: Query<(Entity, &Board, &Visibility, &mut Awake), With<InTurn>>,
    mut contexts: Query<(&mut EguiContext, &mut EguiContextSettings, &mut EguiFullOutput, &mut Camera)>,
    mut rested: Local<Rested>,
) {
    let seen: Vec<_> = boards
        .iter()
        .filter(|b| *b.2 != Visibility::Hidden)
        .map(|(e, board, _, _)| (e, pointer.on == Some(e) || board.held || board.gaze.is_some()))
        .collect();
    let next = rested.next(&seen);
    for (entity, board, _, mut awake) in &mut boards {
        let Ok((mut context, mut settings, mut output, mut camera)) = contexts.get_mut(board.context) else { continue };
        let now = !awake.begun || next == Some(entity) || seen.contains(&(entity, true));
        awake.set_if_neq(Awake { now, begun: true });
        if camera.is_active != now {
            (camera.is_active, settings.run_manually) = (now, !now);
        }
        if !now {
            // nothing new, said in the way that is asked of whoever runs a context by hand
            let pixels_per_point = context.get_mut().pixels_per_point();
            output.0 = Some(egui::FullOutput { pixels_per_point, ..egui::FullOutput::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_a_turn_and_who_is_pointed_at_has_every_frame() {
        let [a, b, c] = [1, 2, 3].map(|i| Entity::from_raw_u32(i).unwrap());
        let mut rested = Rested::default();
        let all = [(a, false), (b, false), (c, false)];
        let first: Vec<_> = (0..3).map(|_| rested.next(&all).unwrap()).collect();
        let again: Vec<_> = (0..3).map(|_| rested.next(&all).unwrap()).collect();
        assert_eq!(first, again, "in turn");
        assert!([a, b, c].iter().all(|e| first.contains(e)));
        // b is pointed at: the others share what is left
        let pointed = [(a, false), (b, true), (c, false)];
        let turns: Vec<_> = (0..4).map(|_| rested.next(&pointed).unwrap()).collect();
        assert!(turns.iter().all(|t| *t != b) && turns[0] != turns[1] && turns[0] == turns[2]);
        // whoever comes anew is next
        assert_eq!(rested.next(&[(a, false), (c, false)]), Some(turns[0]));
        assert_eq!(rested.next(&all), Some(b));
        assert_eq!(rested.next(&[(b, true)]), None);
    }
}
