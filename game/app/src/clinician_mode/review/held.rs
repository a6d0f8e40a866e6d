//! Which buttons of the mouse are held in a picture, and how far it went with them. egui waits until a press can be no click any more, and
//! tells nothing of a way that lies in one pass with its press or release; a picture follows at once, and a slow one loses nothing.

use bevy_egui::egui::{Event, PointerButton, Pos2, Response, Ui, Vec2};

/// A button that was held in this pass, for some of it at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// Where the mouse was last while it was held.
    pub at: Pos2,
    /// The way it went meanwhile.
    pub by: Vec2,
}

/// What the left, the right and the middle button do, in this order; None: it is not held, or neither pressed nor moved.
pub(super) type Buttons = [Option<Held>; 3];

/// The mouse as the pass before left it.
#[derive(Clone, Copy, Default)]
struct Mouse {
    at: Option<Pos2>,
    down: [bool; 3],
}

impl Mouse {
    /// `inside`: a press there is one in the picture.
    fn follow(&mut self, events: &[Event], inside: impl Fn(Pos2) -> bool) -> Buttons {
        let mut held: Buttons = [None; 3];
        for event in events {
            let (at, turned) = match event {
                Event::PointerMoved(at) => (*at, None),
                Event::PointerButton { pos, button, pressed, .. } => (*pos, Some((*button, *pressed))),
                Event::WindowFocused(false) => {
                    self.down = [false; 3];
                    continue;
                }
                _ => continue,
            };
            let by = self.at.replace(at).map_or(Vec2::ZERO, |from| at - from);
            for (_, held) in self.down.iter().zip(&mut held).filter(|b| *b.0 && by != Vec2::ZERO) {
                *held = Some(Held { at, by: held.map_or(Vec2::ZERO, |h| h.by) + by });
            }
            let Some((button, pressed)) = turned else { continue };
            let Some(which) = ORDER.iter().position(|b| *b == button) else { continue };
            self.down[which] = pressed && inside(at);
            if self.down[which] {
                held[which] = Some(Held { at, by: held[which].map_or(Vec2::ZERO, |h| h.by) });
            }
        }
        held
    }
}

const ORDER: [PointerButton; 3] = [PointerButton::Primary, PointerButton::Secondary, PointerButton::Middle];

/// What the buttons do that were pressed in this picture.
pub(super) fn held(ui: &Ui, response: &Response) -> Buttons {
    let id = response.id.with("held");
    let mut mouse: Mouse = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let events: Vec<Event> = ui.input(|i| {
        let of_mouse =
            |e: &&Event| matches!(e, Event::PointerMoved(_) | Event::PointerButton { .. } | Event::WindowFocused(_));
        i.events.iter().filter(of_mouse).cloned().collect()
    });
    if events.is_empty() {
        return [None; 3];
    }
    let on_top = |at: Pos2| ui.ctx().layer_id_at(at).is_none_or(|layer| layer == response.layer_id);
    let held = mouse.follow(&events, |at| response.rect.contains(at) && on_top(at));
    ui.data_mut(|d| d.insert_temp(id, mouse));
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy_egui::egui::{Modifiers, pos2, vec2};

    fn turn(x: f32, button: PointerButton, pressed: bool) -> Event {
        Event::PointerButton { pos: pos2(x, 5.0), button, pressed, modifiers: Modifiers::NONE }
    }

    #[test]
    fn a_slow_pass_loses_no_press_and_no_way() {
        let mut mouse = Mouse::default();
        let inside = |at: Pos2| at.x < 100.0;
        let moved = |x: f32| Event::PointerMoved(pos2(x, 5.0));
        let (left, right) = (PointerButton::Primary, PointerButton::Secondary);
        // the way to the place of the press is none with the button held; the way to the release is
        let all =
            [moved(0.0), moved(40.0), turn(40.0, right, true), moved(60.0), turn(61.0, right, false), moved(90.0)];
        let got = mouse.follow(&all, inside);
        assert_eq!(got, [None, Some(Held { at: pos2(61.0, 5.0), by: vec2(21.0, 0.0) }), None]);
        // let go and pressed again elsewhere in one pass
        let got = mouse.follow(&[turn(10.0, left, true)], inside);
        assert_eq!(got[0], Some(Held { at: pos2(10.0, 5.0), by: Vec2::ZERO }));
        let got = mouse.follow(&[turn(10.0, left, false), moved(50.0), turn(50.0, left, true)], inside);
        assert_eq!(got[0], Some(Held { at: pos2(50.0, 5.0), by: Vec2::ZERO }));
        // held still it asks for nothing, moved out of the picture it is held on
        assert_eq!(mouse.follow(&[], inside), [None; 3]);
        assert_eq!(mouse.follow(&[moved(150.0)], inside)[0].map(|h| h.by.x), Some(100.0));
        // a press beside the picture is none in it, also if it moves there, and a window that is left holds nothing
        let mut mouse = Mouse::default();
        assert_eq!(mouse.follow(&[turn(150.0, left, true), moved(50.0)], inside), [None; 3]);
        assert!(mouse.follow(&[turn(50.0, left, false), turn(50.0, left, true)], inside)[0].is_some());
        assert_eq!(mouse.follow(&[Event::WindowFocused(false), moved(70.0)], inside), [None; 3]);
    }
}
