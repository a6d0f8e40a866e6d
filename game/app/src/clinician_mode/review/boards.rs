//! Where the boards round a clinician stand: taken by the strip along their upper edge they go with the laser, and where somebody left
//! them they stand the next time.

use crate::now::Words;
use crate::overlay::notes::{ReviewKeeper, keep_quietly};
use crate::overlay::widgets::mark;
use crate::panel::Pointer;
use crate::seat::Seat;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Sense, Ui, vec2};
use serde::{Deserialize, Serialize};

/// Boards that can be moved.
pub const COUNT: usize = 3;
/// Name under which the places are kept.
const NAME: &str = "boards";
/// Name under which it is kept whether text is larger.
const LARGER: &str = "boards-larger";
/// How near and how far a board may stand, metres.
const FAR_M: [f32; 2] = [0.5, 2.0];
/// How far up and down, radians.
const TILT: f32 = 1.2;
/// Height of the strip, points.
const STRIP: f32 = 14.0;
/// Room for what puts a board back, points.
const BACK: f32 = 78.0;
/// Metres of a point that a thumbstick scrolls.
const SCROLLS_M: f32 = 0.001;

/// From straight ahead of the seat: turned to the left, and tilted up, radians; how far, metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stand {
    /// Radians to the left.
    pub turn: f32,
    /// Radians up.
    pub tilt: f32,
    /// Metres.
    pub far: f32,
}

impl Stand {
    /// Where the middle is from the eyes.
    pub fn way(self) -> Vec3 {
        Quat::from_rotation_y(self.turn) * Quat::from_rotation_x(self.tilt) * Vec3::NEG_Z * self.far
    }

    /// Within reach, and every number a number.
    fn sound(self) -> bool {
        [self.turn, self.tilt, self.far].iter().all(|v| v.is_finite())
            && self.tilt.abs() <= TILT
            && (FAR_M[0]..=FAR_M[1]).contains(&self.far)
    }
}

/// The boards as they come: side, time, pages. The couch stands between the clinician and whatever is farther and lower.
pub const USUAL: [Stand; COUNT] = [
    Stand { turn: 0.88, tilt: 0.15, far: 1.0 },
    Stand { turn: -0.66, tilt: -0.65, far: 0.70 },
    Stand { turn: -0.88, tilt: 0.06, far: 1.0 },
];

/// A board that goes with the laser.
#[derive(Clone, Copy)]
struct Moving {
    which: usize,
    /// Turn and tilt of the laser when it was taken; where the board stood.
    from: [f32; 2],
    stood: Stand,
}

/// Where the boards stand.
#[derive(Resource)]
pub struct Boards {
    /// Of each.
    pub at: [Stand; COUNT],
    /// Text one step larger.
    pub large: bool,
    moving: Option<Moving>,
    read: bool,
}

impl Default for Boards {
    fn default() -> Self {
        Self { at: USUAL, large: false, moving: None, read: false }
    }
}

/// Moving and remembering.
pub fn plugin(app: &mut App) {
    app.init_resource::<Boards>().add_systems(Update, (remembered, follow).chain());
}

/// Where they stood the last time, once.
fn remembered(keeper: Option<Res<ReviewKeeper>>, mut boards: ResMut<Boards>) {
    let Some(keeper) = keeper.filter(|_| !boards.read).and_then(|k| k.0.clone()) else { return };
    boards.bypass_change_detection().read = true;
    boards.large = keeper.preference(LARGER).is_some_and(|t| t == "true");
    if let Some(at) = keeper.preference(NAME).and_then(|t| serde_json::from_str::<[Stand; COUNT]>(&t).ok())
        && at.iter().all(|s| s.sound())
    {
        boards.at = at;
    }
}

/// Turn and tilt of the place where a ray leaves a ball round the eyes; None: it never does.
fn met(origin: Vec3, direction: Vec3, far: f32) -> Option<[f32; 2]> {
    let (b, c) = (origin.dot(direction), origin.length_squared() - far * far);
    let root = (b * b - c).max(0.0).sqrt();
    let h = origin + direction * (root - b);
    (h.length() > 1e-3 && h.is_finite()).then(|| [f32::atan2(-h.x, -h.z), (h.y / h.length()).asin()])
}

/// A turn by the shorter way, radians.
fn shorter(turn: f32) -> f32 {
    (turn + std::f32::consts::PI).rem_euclid(std::f32::consts::TAU) - std::f32::consts::PI
}

fn follow(
    mut boards: ResMut<Boards>,
    pointer: Res<Pointer>,
    seat: Option<Single<&GlobalTransform, With<Seat>>>,
    mut commands: Commands,
) {
    let (Some(moving), Some(seat)) = (boards.moving, seat) else { return };
    let far = boards.at[moving.which].far;
    let into = seat.affine().inverse();
    let ray = pointer.ray.map(|r| (into.transform_point3(r.origin), into.transform_vector3(*r.direction)));
    if let Some([turn, tilt]) = ray.and_then(|(o, d)| met(o, d, moving.stood.far)) {
        let [t, u] = moving.from;
        boards.at[moving.which] = Stand {
            turn: shorter(moving.stood.turn + shorter(turn - t)),
            tilt: (moving.stood.tilt + tilt - u).clamp(-TILT, TILT),
            far,
        };
    }
    if pointer.released || pointer.ray.is_none() {
        boards.moving = None;
        keep(&mut commands, boards.at);
    }
}

/// Text one step larger, or not any more; the next time too.
pub fn enlarge(world: &mut World, large: bool) {
    world.resource_mut::<Boards>().large = large;
    keep_quietly(world, LARGER, large.to_string());
}

fn keep(commands: &mut Commands, at: [Stand; COUNT]) {
    commands.queue(move |world: &mut World| {
        if let Ok(text) = serde_json::to_string(&at) {
            keep_quietly(world, NAME, text);
        }
    });
}

/// The strip by which a board is taken, and what puts it back where it comes.
pub fn strip(ui: &mut Ui, world: &mut World, which: usize) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let moved = world.resource::<Boards>().at[which] != USUAL[which];
    ui.horizontal(|ui| {
        let room = if moved { BACK } else { 0.0 };
        let (rect, strip) = ui.allocate_exact_size(vec2(ui.available_width() - room, STRIP), Sense::click_and_drag());
        mark(ui, "move", &strip);
        let lit = strip.hovered() || strip.dragged();
        let colour = if lit { tokens::AMBER } else { tokens::DESK_SOFT };
        for k in -2..=2 {
            ui.painter().circle_filled(rect.center() + vec2(k as f32 * 12.0, -2.0), 2.5, colour);
        }
        if moved {
            let text = RichText::new(words.get("review-board-back")).size(tokens::DESK_TYPE[1]);
            let back = ui.add(egui::Button::new(text).small());
            mark(ui, "back", &back);
            if back.clicked() {
                let mut boards = world.resource_mut::<Boards>();
                boards.at[which] = USUAL[which];
                let at = boards.at;
                keep(&mut world.commands(), at);
            }
        }
        if ui.input(|i| i.pointer.primary_pressed()) && strip.hovered() {
            take(world, which);
        }
        // a board that the laser is on is what a thumbstick scrolls
        let push = ui.input(|i| i.smooth_scroll_delta.y);
        let mut boards = world.resource_mut::<Boards>();
        if push != 0.0 && boards.moving.is_some_and(|m| m.which == which) {
            let far = &mut boards.at[which].far;
            *far = (*far + push * SCROLLS_M).clamp(FAR_M[0], FAR_M[1]);
        }
    });
}

/// From now on the board goes with the laser.
fn take(world: &mut World, which: usize) {
    let seat = world.query_filtered::<&GlobalTransform, With<Seat>>().iter(world).next().copied();
    let (Some(ray), Some(seat)) = (world.resource::<Pointer>().ray, seat) else { return };
    let into = seat.affine().inverse();
    let stood = world.resource::<Boards>().at[which];
    let direction = into.transform_vector3(*ray.direction);
    if let Some(from) = met(into.transform_point3(ray.origin), direction, stood.far) {
        world.resource_mut::<Boards>().moving = Some(Moving { which, from, stood });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::notes::{KeepsReview, KeptMark, Notes, Picture};
    use bevy::tasks::{IoTaskPool, TaskPool};
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    /// Keeps nothing but what somebody likes.
    #[derive(Default)]
    struct Likes(Mutex<BTreeMap<String, String>>);

    impl KeepsReview for Likes {
        fn marks(&self) -> Result<Vec<KeptMark>, String> {
            Ok(Vec::new())
        }
        fn add(&self, _: &KeptMark) -> Result<i64, String> {
            Err("no marks here".to_owned())
        }
        fn withdraw(&self, _: i64) -> Result<(), String> {
            Err("no marks here".to_owned())
        }
        fn add_picture(&self, _: &Picture) -> Result<(), String> {
            Err("no pictures here".to_owned())
        }
        fn preference(&self, name: &str) -> Option<String> {
            self.0.lock().unwrap().get(name).cloned()
        }
        fn set_preference(&self, name: &str, value: &str) -> Result<(), String> {
            self.0.lock().unwrap().insert(name.to_owned(), value.to_owned());
            Ok(())
        }
    }

    #[test]
    fn larger_text_and_places_are_there_the_next_time() {
        IoTaskPool::get_or_init(TaskPool::new);
        let keeper: Arc<dyn KeepsReview> = Arc::new(Likes::default());
        let app = || {
            let mut app = App::new();
            app.insert_resource(ReviewKeeper(Some(keeper.clone()))).init_resource::<Notes>().init_resource::<Boards>();
            app.add_systems(Update, remembered);
            app
        };
        let mut first = app();
        first.update();
        assert!(!first.world().resource::<Boards>().large);
        enlarge(first.world_mut(), true);
        let at = [Stand { turn: 0.3, ..USUAL[0] }, USUAL[1], USUAL[2]];
        keep(&mut first.world_mut().commands(), at);
        first.world_mut().flush();
        let begin = std::time::Instant::now();
        while keeper.preference(LARGER).is_none() || keeper.preference(NAME).is_none() {
            assert!(begin.elapsed().as_secs() < 10, "nothing was kept");
            std::thread::yield_now();
        }
        let mut next = app();
        next.update();
        let boards = next.world().resource::<Boards>();
        assert!(boards.large && boards.at == at);
    }

    #[test]
    fn a_board_that_is_taken_stays_under_the_laser() {
        // a laser from the right hip at the middle of a board meets the ball round the eyes where the board stands
        for s in USUAL {
            let hand = Vec3::new(0.2, -0.4, -0.2);
            let [turn, tilt] = met(hand, (s.way() - hand).normalize(), s.far).unwrap();
            assert!((turn - s.turn).abs() < 1e-5 && (tilt - s.tilt).abs() < 1e-5, "{turn} {tilt} is not {s:?}");
        }
        // from outside the ball, past it: the nearest place, and never nothing
        assert!(met(Vec3::new(0.0, 0.0, 3.0), Vec3::X, 1.0).is_some());
    }

    #[test]
    fn what_no_board_can_stand_at_is_not_taken_over() {
        assert!(USUAL.iter().all(|s| s.sound()));
        for bad in
            [Stand { far: 0.1, ..USUAL[0] }, Stand { tilt: 2.0, ..USUAL[0] }, Stand { turn: f32::NAN, ..USUAL[0] }]
        {
            assert!(!bad.sound());
        }
        assert!((shorter(3.5) - (3.5 - std::f32::consts::TAU)).abs() < 1e-6);
    }
}
