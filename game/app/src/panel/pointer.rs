//! One pointer, whatever moves it (laser, mouse, gaze): ray → panel → egui events, before egui reads its input.

use super::{Panel, PanelModel};
use crate::events::Events;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Pos2, pos2};
use bevy_egui::input::EguiInputEvent;

/// What moves the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointerKind {
    /// A tracked controller or hand.
    Laser,
    /// A mouse in a window.
    Mouse,
    /// The head's direction; pressing is dwelling.
    #[default]
    Gaze,
}

/// The pointer of this frame, in the world.
#[derive(Resource, Default)]
pub struct Pointer {
    /// Where it points; None = nothing points.
    pub ray: Option<Ray3d>,
    /// What moves it.
    pub kind: PointerKind,
    /// The button went down in this frame.
    pub pressed: bool,
    /// The button went up in this frame.
    pub released: bool,
    /// Distance to the panel it is on, metres.
    pub reach: Option<f32>,
    /// True in the frame in which it came onto something that can be pressed.
    pub touched: bool,
}

/// Reading of the input devices; the bridge runs after it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointerRead;

#[derive(Default)]
pub(super) struct Dwell {
    target: Option<egui::Id>,
    seconds: f32,
}

/// Point in egui's units and distance along the ray.
fn hit(place: &GlobalTransform, size_m: Vec2, ray: Ray3d) -> Option<(Pos2, f32)> {
    let at = ray.plane_intersection_point(place.translation(), InfinitePlane3d::new(place.back()))?;
    let local = place.affine().inverse().transform_point3(at);
    let point =
        pos2((local.x + size_m.x * 0.5) * tokens::POINTS_PER_M, (size_m.y * 0.5 - local.y) * tokens::POINTS_PER_M);
    Some((point, at.distance(ray.origin)))
}

/// Sends the pointer to the nearest panel it meets.
pub(super) fn bridge(
    mut panels: Query<(Entity, &mut Panel, &GlobalTransform, &Visibility)>,
    mut pointer: ResMut<Pointer>,
    mut model: ResMut<PanelModel>,
    mut out: MessageWriter<EguiInputEvent>,
    time: Res<Time<Real>>,
    events: Res<Events>,
    mut dwell: Local<Dwell>,
) {
    let ray = pointer.ray;
    let mut best: Option<(Entity, f32)> = None;
    for (entity, panel, place, visible) in &panels {
        if *visible == Visibility::Hidden {
            continue;
        }
        let Some((p, far)) = ray.and_then(|r| hit(place, panel.size_m, r)) else { continue };
        let inside = p.x >= 0.0 && p.y >= 0.0 && p.x <= panel.points().x && p.y <= panel.points().y;
        if inside && best.is_none_or(|b| far < b.1) {
            best = Some((entity, far));
        }
    }
    pointer.reach = best.map(|b| b.1);
    let held_by = panels.iter().find(|p| p.1.held).map(|p| p.0);
    let by_gaze = pointer.kind == PointerKind::Gaze;
    // the same thing looked at for the dwell time; pressed once, it must be left before it can be pressed again
    let mut dwelt = false;
    if by_gaze {
        if dwell.target != model.hot {
            *dwell = Dwell { target: model.hot, seconds: 0.0 };
        }
        let before = dwell.seconds;
        if model.hot.is_some() && best.is_some() {
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
    for (entity, mut panel, place, _) in &mut panels {
        let on_it = best.is_some_and(|b| b.0 == entity) && held_by.is_none_or(|h| h == entity);
        // while held, the pointer stays with the panel even outside it: a slider can be dragged past its end
        let now = if on_it || panel.held { ray.and_then(|r| hit(place, panel.size_m, r)).map(|h| h.0) } else { None };
        let context = panel.context;
        let mut send = |event| {
            out.write(EguiInputEvent { context, event });
        };
        if now != panel.pointer {
            match now {
                Some(p) => send(egui::Event::PointerMoved(p)),
                None => send(egui::Event::PointerGone),
            }
        }
        let at = now.or(panel.pointer);
        let (press, release) = if by_gaze {
            (dwelt && on_it, panel.held && !dwelt)
        } else {
            // a quick click may begin and end within one frame
            let press = pointer.pressed && on_it;
            (press, pointer.released && (panel.held || press))
        };
        let button = |pos, pressed| egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::default(),
        };
        if let (true, Some(p)) = (press, at) {
            send(button(p, true));
            panel.held = true;
        }
        if let (true, Some(p)) = (release, at) {
            send(button(p, false));
            panel.held = false;
        }
        if by_gaze && on_it {
            // pressed: the ring is gone until the gaze has been elsewhere
            let done = if dwell.seconds < tokens::DWELL_S { dwell.seconds / tokens::DWELL_S } else { 0.0 };
            model.gaze = now.map(|p| (panel.kind, p, done));
        }
        panel.pointer = now;
    }
}
