//! The keyboard of the window: Space or Enter is the one button, Esc the menu; arrows and Tab go from thing to thing,
//! digits and ← → choose a number. Everything that a mouse reaches on a panel is reached by keys too.

use super::PanelKind;
use super::model::{Act, Main, PanelModel};
use crate::events::Events;
use crate::now::Now;
use crate::tokens;
use bevy::prelude::*;
use bevy_egui::egui::{self, Pos2, Vec2 as Points, vec2};
use bevy_egui::input::EguiWantsInput;
use bevy_egui::{EguiContext, EguiInput, PrimaryEguiContext};
use vestibule_scenario::{Action, Reply};

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Press,
    Menu,
    Next(bool),
    Go(f32, f32),
    Digit(i32),
}

const KEYS: [(KeyCode, Meaning); 9] = [
    (KeyCode::Space, Meaning::Press),
    (KeyCode::Enter, Meaning::Press),
    (KeyCode::NumpadEnter, Meaning::Press),
    (KeyCode::Escape, Meaning::Menu),
    (KeyCode::Tab, Meaning::Next(true)),
    (KeyCode::ArrowLeft, Meaning::Go(-1.0, 0.0)),
    (KeyCode::ArrowRight, Meaning::Go(1.0, 0.0)),
    (KeyCode::ArrowUp, Meaning::Go(0.0, -1.0)),
    (KeyCode::ArrowDown, Meaning::Go(0.0, 1.0)),
];
const DIGITS: [[KeyCode; 2]; 10] = [
    [KeyCode::Digit0, KeyCode::Numpad0],
    [KeyCode::Digit1, KeyCode::Numpad1],
    [KeyCode::Digit2, KeyCode::Numpad2],
    [KeyCode::Digit3, KeyCode::Numpad3],
    [KeyCode::Digit4, KeyCode::Numpad4],
    [KeyCode::Digit5, KeyCode::Numpad5],
    [KeyCode::Digit6, KeyCode::Numpad6],
    [KeyCode::Digit7, KeyCode::Numpad7],
    [KeyCode::Digit8, KeyCode::Numpad8],
    [KeyCode::Digit9, KeyCode::Numpad9],
];

/// Keys for the panels. Shift+Tab and clicks give the keyboard to the staff's strip; Esc takes it back.
pub(crate) fn keys(
    keys: Res<ButtonInput<KeyCode>>,
    buttons: Res<ButtonInput<MouseButton>>,
    wants: Option<Res<EguiWantsInput>>,
    now: Res<Now>,
    mut model: ResMut<PanelModel>,
    out: Res<Events>,
) {
    let before = model.focus.clone();
    if buttons.just_pressed(MouseButton::Left) {
        model.focus = None;
    }
    if wants.is_some_and(|w| w.wants_keyboard_input()) {
        return; // staff are typing
    }
    let shift = keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]);
    for (code, meaning) in KEYS {
        if keys.just_pressed(code) && !(shift && code == KeyCode::Tab) {
            take(&mut model, meaning, now.state.paused);
        }
    }
    for (n, codes) in DIGITS.iter().enumerate() {
        if keys.any_just_pressed(*codes) {
            take(&mut model, Meaning::Digit(n as i32), now.state.paused);
            out.say(format_args!("digit"));
        }
    }
    if let Some(focus) = model.focus.as_ref().filter(|_| model.focus != before) {
        out.say(format_args!("focus {}", focus.1));
    }
}

/// Tab belongs to the panels: egui's own walk through the staff's strip begins with Shift+Tab.
pub(crate) fn keep_tab(mut primary: Query<(&mut EguiContext, &mut EguiInput), With<PrimaryEguiContext>>) {
    for (mut context, mut input) in &mut primary {
        if context.get_mut().memory(|m| m.focused()).is_none() {
            input
                .events
                .retain(|e| !matches!(e, egui::Event::Key { key: egui::Key::Tab, modifiers, .. } if !modifiers.shift));
        }
    }
}

fn take(m: &mut PanelModel, meaning: Meaning, paused: bool) {
    let known = |f: &(PanelKind, String)| m.reach[f.0 as usize].iter().any(|p| p.0 == f.1);
    if !m.focus.as_ref().is_some_and(known) {
        m.focus = None;
    }
    match meaning {
        Meaning::Menu => m.acts.push(Act::Session(if paused { Action::Resume } else { Action::Pause })),
        Meaning::Press => match m.focus.clone() {
            Some(focus) => m.press = Some(focus),
            None => m.acts.extend(the_one(m)),
        },
        Meaning::Digit(n) => {
            if let Main::Scale { from, to, .. } = &m.main {
                // a second digit makes it 10: no scale goes further than two digits
                let two = m.number.map(|before| before * 10 + n).filter(|n| (from..=to).contains(&n) && *n >= 10);
                m.number = two.or(Some(n).filter(|n| (from..=to).contains(&n))).or(m.number);
            }
        }
        Meaning::Go(x, _) if x != 0.0 && m.focus.is_none() && matches!(m.main, Main::Scale { .. }) => {
            if let Main::Scale { from, to, .. } = &m.main {
                let next = m.number.map_or(if x > 0.0 { *from } else { *to }, |n| n + x as i32);
                m.number = Some(next.clamp(*from, *to));
            }
        }
        Meaning::Go(x, y) => m.focus = beside(m, vec2(x, y)),
        Meaning::Next(_) => m.focus = next(m),
    }
}

/// What the one button does where nothing was chosen by the keys.
fn the_one(m: &PanelModel) -> Option<Act> {
    match &m.main {
        Main::Note { .. } => Some(Act::Session(Action::Continue)),
        Main::Menu => Some(Act::Session(Action::Resume)),
        Main::Over { .. } => Some(Act::Leave),
        Main::Scale { .. } => m.number.map(|n| Act::Session(Action::Answer(Reply::Number(n)))),
        Main::Open { .. } => Some(m.open_reply()),
        Main::Choice { .. } | Main::None => None,
    }
}

/// Everything that can be pressed, the foot below the main panel, in the order one reads.
fn all(m: &PanelModel) -> Vec<((PanelKind, String), Pos2)> {
    let below = tokens::PANEL_M[1] * tokens::POINTS_PER_M;
    let one = |kind: PanelKind, down: f32| {
        m.reach[kind as usize].iter().map(move |(id, at)| ((kind, id.clone()), *at + vec2(0.0, down)))
    };
    let mut list: Vec<_> = one(PanelKind::Main, 0.0).chain(one(PanelKind::Foot, below)).collect();
    // things of one row stand within a few points of each other
    list.sort_by_key(|(_, at)| ((at.y / 24.0).round() as i32, at.x as i32));
    list
}

fn next(m: &PanelModel) -> Option<(PanelKind, String)> {
    let list = all(m);
    let at = m.focus.as_ref().and_then(|f| list.iter().position(|l| l.0 == *f));
    let to = at.map_or(0, |i| (i + 1) % list.len().max(1));
    list.get(to).map(|l| l.0.clone())
}

/// The nearest thing in a direction; the first one where nothing was reached before; stays where there is none.
fn beside(m: &PanelModel, way: Points) -> Option<(PanelKind, String)> {
    let list = all(m);
    let Some(here) = m.focus.as_ref().and_then(|f| list.iter().find(|l| l.0 == *f)) else {
        return list.first().map(|l| l.0.clone());
    };
    let ahead = |at: Pos2| Some((at - here.1).dot(way)).filter(|along| *along > 8.0);
    // up and down go from row to row, none is passed over; sideways what stands in the same row comes first
    let row = list.iter().filter_map(|l| ahead(l.1)).min_by(f32::total_cmp).map_or(0.0, |first| first + 24.0);
    let cost = |at: Pos2| {
        let along = ahead(at).filter(|along| way.y == 0.0 || *along <= row)?;
        let aside = (at - here.1 - way * along).length();
        let elsewhere = if way.y == 0.0 && aside > 24.0 { 1e4 } else { 0.0 };
        Some(along + 2.0 * aside + elsewhere)
    };
    let costs = list.iter().filter_map(|l| cost(l.1).map(|c| (c, &l.0)));
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(|| m.focus.clone(), |(_, id)| Some(id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy_egui::egui::pos2;

    fn model(main: Main, mine: &[(&str, f32, f32)]) -> PanelModel {
        let place = |p: &(&str, f32, f32)| (p.0.to_owned(), pos2(p.1, p.2));
        let foot = [("pause", 170.0, 360.0), ("quieter", 520.0, 360.0), ("stop", 870.0, 360.0)];
        PanelModel { main, reach: [mine.iter().map(place).collect(), foot.iter().map(place).collect()], ..default() }
    }

    fn focus(m: &PanelModel) -> &str {
        m.focus.as_ref().map_or("", |f| f.1.as_str())
    }

    #[test]
    fn arrows_and_tab_reach_every_choice_and_the_bar() {
        let main = Main::Choice { text: String::new(), options: vec![] };
        // an option may bear the name of a button of the bar
        let mut m = model(main, &[("well", 520.0, 300.0), ("little", 520.0, 420.0), ("stop", 520.0, 540.0)]);
        for want in ["well", "little", "stop", "quieter"] {
            take(&mut m, Meaning::Go(0.0, 1.0), false);
            assert_eq!(focus(&m), want);
        }
        take(&mut m, Meaning::Go(1.0, 0.0), false);
        assert_eq!(m.focus, Some((PanelKind::Foot, "stop".to_owned())));
        take(&mut m, Meaning::Press, false);
        assert_eq!(m.press, m.focus);
        m.focus = None;
        let mut seen = Vec::new();
        for _ in 0..7 {
            take(&mut m, Meaning::Next(true), false);
            seen.push(focus(&m).to_owned());
        }
        assert_eq!(seen, ["well", "little", "stop", "pause", "quieter", "stop", "well"]);
    }

    #[test]
    fn digits_and_arrows_choose_a_number_and_enter_confirms() {
        let (low, high) = (String::new(), String::new());
        let mut m = model(Main::Scale { text: String::new(), from: 0, to: 10, low, high }, &[]);
        take(&mut m, Meaning::Press, false);
        assert!(m.acts.is_empty(), "nothing is chosen yet");
        for (key, want) in [(Meaning::Digit(7), 7), (Meaning::Digit(1), 1), (Meaning::Digit(0), 10)] {
            take(&mut m, key, false);
            assert_eq!(m.number, Some(want));
        }
        take(&mut m, Meaning::Go(1.0, 0.0), false);
        assert_eq!(m.number, Some(10), "no further than the scale");
        take(&mut m, Meaning::Go(-1.0, 0.0), false);
        take(&mut m, Meaning::Press, false);
        assert_eq!(m.acts, vec![Act::Session(Action::Answer(Reply::Number(9)))]);
    }
}
