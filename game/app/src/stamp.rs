//! The mark within the pixels of a picture that leaves the program: a synthetic patient, or a face that can be recognised.

use crate::now::Words;
use crate::third_party::egui::{BOLD, Typefaces, style};
use crate::tokens;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_egui::egui::{self, Align2, FontFamily, FontId, pos2, vec2};
use bevy_egui::{EguiContext, EguiSchedule};

/// Which mark.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nobody: a made-up patient.
    Synthetic,
    /// Somebody.
    Identifiable,
}

impl Mark {
    /// The mark of a patient.
    pub fn of(synthetic: bool) -> Self {
        if synthetic { Self::Synthetic } else { Self::Identifiable }
    }
}

/// Each context wants a schedule of its own.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct DrawStamp(u32);

/// Pictures that are taken at once: two eyes.
const AT_ONCE: u32 = 2;

#[derive(Component)]
struct Stamp {
    index: u32,
    styled: bool,
    drawn: bool,
}

/// Draws the mark of the [`Mark`] resource on the cameras that have a [`context`].
pub fn plugin(app: &mut App) {
    for index in 0..AT_ONCE {
        app.add_systems(DrawStamp(index), (move || index).pipe(draw));
    }
}

/// What a picture's camera needs; `index`: 0, or 1 for a second one.
pub fn context(index: u32) -> impl Bundle {
    (Stamp { index, styled: false, drawn: false }, EguiContext::default(), EguiSchedule::new(DrawStamp(index)))
}

/// Takes the mark from a camera that goes on without.
pub fn remove(camera: &mut EntityWorldMut) {
    camera.remove::<(Stamp, EguiContext, EguiSchedule)>();
}

/// True once every mark has been drawn with its type.
pub fn everywhere(world: &mut World) -> bool {
    let mut marks = world.query::<&Stamp>();
    marks.iter(world).len() > 0 && marks.iter(world).all(|m| m.drawn)
}

fn draw(
    index: In<u32>,
    mut contexts: Query<(&mut EguiContext, &mut Stamp)>,
    mark: Res<Mark>,
    words: Res<Words>,
    faces: Res<Typefaces>,
) {
    let Some((mut context, mut stamp)) = contexts.iter_mut().find(|c| c.1.index == *index) else { return };
    let ctx = context.get_mut();
    if !stamp.styled {
        stamp.styled = true;
        style(ctx, &faces);
        return; // fonts count from the next pass
    }
    paint(ctx, *mark, &words);
    stamp.drawn = true;
}

/// A band over the whole lower edge for somebody, a small plate in the lower right corner for a synthetic patient.
fn paint(ctx: &egui::Context, mark: Mark, words: &Words) {
    let all = ctx.content_rect();
    let painter = ctx.layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::new("stamp")));
    let [share, least] = tokens::STAMP_TYPE;
    let size = (all.height() * share).max(least);
    let pad = size * 0.45;
    let (key, ground, size) = match mark {
        Mark::Synthetic => ("stamp-synthetic", tokens::STAMP_CALM, size),
        Mark::Identifiable => ("stamp-identifiable", tokens::STAMP_WARN, size * 1.4),
    };
    let font = FontId::new(size, FontFamily::Name(BOLD.into()));
    let text = painter.layout_no_wrap(words.get(key), font, tokens::WHITE);
    let plate = text.size() + vec2(pad, pad) * 2.0;
    let rect = match mark {
        Mark::Synthetic => egui::Rect::from_min_max(all.right_bottom() - plate, all.right_bottom()),
        Mark::Identifiable => egui::Rect::from_min_max(pos2(all.left(), all.bottom() - plate.y), all.right_bottom()),
    };
    painter.rect_filled(rect, 0.0, ground);
    let at = Align2::CENTER_CENTER.align_size_within_rect(text.size(), rect);
    painter.galley(at.min, text, tokens::WHITE);
}
