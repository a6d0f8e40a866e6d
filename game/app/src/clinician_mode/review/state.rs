//! What a clinician has set up, as one value: for undo and redo, for bookmarks, and for what somebody likes to begin with.

use super::look::Look;
use crate::now::Case;
use crate::overlay::compare::Compare;
use crate::overlay::dose::{DoseShow, Source};
use crate::overlay::measure::Measure;
use crate::overlay::slices::Viewing;
use crate::overlay::structures::Structures;
use crate::overlay::volume::VolumeShow;
use crate::overlay::{Cuts, Family};
use bevy::prelude::*;
use nalgebra::Point3;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    /// The cross, mm; None: it stays where it is.
    pub at: Option<Point3<f64>>,
    /// Which overlays are shown.
    pub on: BTreeMap<String, bool>,
    /// Names of structures that are hidden.
    pub hidden: BTreeSet<String>,
    /// Outlines in cuts, surfaces in the room.
    pub lines: [bool; 2],
    viewing: Viewing,
    dose: DoseShow,
    volume: VolumeShow,
    measure: Measure,
    compare: Compare,
    /// From where it is looked at; None: that is left as it is.
    look: Option<Look>,
}

impl ViewState {
    /// As it is now, and from where it is looked at.
    pub fn with_look(world: &World) -> Self {
        Self { look: Some(Look::of(world)), ..Self::of(world) }
    }

    /// As it is now.
    pub fn of(world: &World) -> Self {
        let structures = world.resource::<Structures>();
        Self {
            at: Some(world.resource::<Cuts>().at),
            on: world.resource::<Family>().0.iter().map(|o| (o.id.to_owned(), o.on)).collect(),
            hidden: structures.list.iter().filter(|e| !e.shown).map(|e| e.name.clone()).collect(),
            lines: [structures.outlines, structures.surfaces],
            viewing: world.resource::<Viewing>().clone(),
            dose: world.resource::<DoseShow>().as_set_up(),
            volume: world.resource::<VolumeShow>().clone(),
            measure: world.resource::<Measure>().clone(),
            compare: *world.resource::<Compare>(),
            look: None,
        }
    }

    /// As it was. What the patient does not have (any more) is left as it is.
    pub fn restore(&self, world: &mut World) {
        let Some(case) = world.get_resource::<Case>().cloned() else { return };
        let image = |i: Option<usize>| i.is_none_or(|i| i < case.patient.images.len());
        let dose = |s: Source| !matches!(s, Source::Stored(i) if i >= case.patient.doses.len());
        for overlay in &mut world.resource_mut::<Family>().0 {
            overlay.on = self.on.get(overlay.id).copied().unwrap_or(overlay.on);
        }
        let mut structures = world.resource_mut::<Structures>();
        [structures.outlines, structures.surfaces] = self.lines;
        let mut changed = false;
        for entry in &mut structures.list {
            let shown = !self.hidden.contains(&entry.name);
            changed |= entry.shown != shown;
            entry.shown = shown;
        }
        structures.version += u64::from(changed);
        if image(self.viewing.image) && image(self.viewing.other) {
            *world.resource_mut::<Viewing>() = self.viewing.clone();
        }
        if dose(self.dose.source) {
            *world.resource_mut::<DoseShow>() = self.dose.clone();
        }
        *world.resource_mut::<VolumeShow>() = self.volume.clone();
        *world.resource_mut::<Measure>() = self.measure.clone();
        *world.resource_mut::<Compare>() = self.compare;
        if let Some(at) = self.at {
            world.resource_mut::<Cuts>().go(at);
        }
        if let Some(look) = &self.look {
            look.restore(world);
        }
    }

    /// What does not belong to one patient: how somebody likes to see. Windows, levels and colours stay with the patient's own data.
    pub fn liked(&self) -> Liked {
        Liked {
            on: self.on.clone(),
            lines: self.lines,
            wash: self.dose.wash,
            dose_lines: self.dose.lines,
            opacity: self.dose.opacity,
            percents: self.dose.percents.clone(),
            colour_safe: self.dose.colour_safe,
            radius_mm: self.measure.radius_mm,
        }
    }
}

/// How somebody likes to see, whoever the patient is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Liked {
    on: BTreeMap<String, bool>,
    lines: [bool; 2],
    wash: bool,
    dose_lines: bool,
    opacity: f32,
    percents: Vec<f64>,
    colour_safe: bool,
    radius_mm: f64,
}

impl Liked {
    /// Sets up what is liked.
    pub fn restore(&self, world: &mut World) {
        let mut now = ViewState::of(world);
        now.on.extend(self.on.clone());
        now.lines = self.lines;
        (now.dose.wash, now.dose.lines, now.dose.colour_safe) = (self.wash, self.dose_lines, self.colour_safe);
        now.dose.opacity = self.opacity.clamp(0.0, 1.0);
        let rises = self.percents.windows(2).all(|p| p[0] < p[1]) && self.percents.iter().all(|p| p.is_finite());
        if !self.percents.is_empty() && self.percents.len() <= crate::overlay::slices::MOST_LEVELS && rises {
            now.dose.percents.clone_from(&self.percents);
        }
        if self.radius_mm.is_finite() && self.radius_mm > 0.0 {
            now.measure.radius_mm = self.radius_mm;
        }
        now.restore(world);
    }
}

/// Seconds without a change after which a change counts as done.
const RESTS_S: f32 = 0.6;
/// Steps that can be taken back.
const MOST: usize = 100;

/// What was set up before, and what was taken back.
#[derive(Resource, Default)]
pub struct History {
    past: Vec<ViewState>,
    future: Vec<ViewState>,
    now: Option<ViewState>,
    /// Everything has stood once.
    begun: bool,
    /// What changes at this moment, and for how long it has rested.
    moving: Option<(ViewState, f32)>,
}

impl History {
    /// Whether there is something to take back, and to do again.
    pub fn can(&self) -> [bool; 2] {
        [!self.past.is_empty(), !self.future.is_empty()]
    }
}

/// Watches what is set up.
pub(super) fn watch(world: &mut World) {
    if !world.contains_resource::<Case>() {
        return;
    }
    let seen = ViewState::of(world);
    let dt = world.resource::<Time<Real>>().delta_secs();
    let settled = crate::overlay::settled(world);
    let mut history = world.resource_mut::<History>();
    // what the patient's own data set up at the beginning is nobody's change
    if history.now.is_none() || !history.begun {
        history.begun |= settled;
        history.now = Some(seen);
        return;
    }
    if history.now.as_ref() == Some(&seen) {
        history.moving = None;
        return;
    }
    match &mut history.moving {
        Some((state, rested)) if *state == seen => *rested += dt,
        _ => history.moving = Some((seen, 0.0)),
    }
    if history.moving.as_ref().is_some_and(|m| m.1 >= RESTS_S) {
        let now = history.moving.take().map(|m| m.0);
        let noted = now.clone();
        let before = std::mem::replace(&mut history.now, now);
        history.past.extend(before);
        history.future.clear();
        let too_many = history.past.len().saturating_sub(MOST);
        history.past.drain(..too_many);
        if let Some(view) = noted {
            super::next_life::note(world, &view);
        }
    }
}

/// Takes back the last change (`true`) or does again what was taken back.
pub(super) fn step(world: &mut World, back: bool) {
    let seen = ViewState::of(world);
    let mut history = world.resource_mut::<History>();
    let h = &mut *history;
    let (from, to) = if back { (&mut h.past, &mut h.future) } else { (&mut h.future, &mut h.past) };
    // a change that has not rested yet is what is taken back
    let wanted = if back && h.moving.is_some() { h.now.clone() } else { from.pop() };
    let Some(wanted) = wanted else { return };
    to.push(seen);
    (h.now, h.moving) = (Some(wanted.clone()), None);
    wanted.restore(world);
    // what could not be restored is no change of its own
    let now = ViewState::of(world);
    super::next_life::note(world, &now);
    world.resource_mut::<History>().now = Some(now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vestibule_patient::Patient;

    fn world() -> World {
        let mut world = World::new();
        world.insert_resource(Case { patient: Arc::new(Patient::default()), plan: usize::MAX });
        world.init_resource::<Structures>();
        world.init_resource::<Family>();
        world.init_resource::<Viewing>();
        world.init_resource::<DoseShow>();
        world.init_resource::<VolumeShow>();
        world.init_resource::<Measure>();
        world.init_resource::<Compare>();
        world.init_resource::<History>();
        world.init_resource::<Time<Real>>();
        let mut cuts = Cuts { bounds: [Point3::from([-90.0; 3]), Point3::from([90.0; 3])], ..Cuts::default() };
        cuts.go(Point3::origin());
        world.insert_resource(cuts);
        world
    }

    fn rest(world: &mut World) {
        watch(world);
        for _ in 0..3 {
            world.resource_mut::<Time<Real>>().update_with_duration(std::time::Duration::from_millis(300));
            watch(world);
        }
    }

    #[test]
    fn changes_are_taken_back_one_by_one_and_done_again() {
        let mut w = world();
        rest(&mut w);
        for x in [10.0, 20.0] {
            w.resource_mut::<Cuts>().go(Point3::new(x, 0.0, 0.0));
            rest(&mut w);
        }
        w.resource_mut::<Viewing>().window = [1.0, 2.0]; // has not rested
        watch(&mut w);
        let x = |w: &World| w.resource::<Cuts>().at.x;
        step(&mut w, true);
        assert_eq!((w.resource::<Viewing>().window == [1.0, 2.0], x(&w)), (false, 20.0));
        step(&mut w, true);
        assert_eq!(x(&w), 10.0);
        step(&mut w, true);
        assert_eq!((x(&w), w.resource::<History>().can()), (0.0, [false, true]));
        step(&mut w, true); // nothing more
        step(&mut w, false);
        step(&mut w, false);
        assert_eq!(x(&w), 20.0);
        step(&mut w, false);
        assert_eq!(w.resource::<Viewing>().window, [1.0, 2.0]);
        // a new change ends what could be done again
        step(&mut w, true);
        w.resource_mut::<Cuts>().go(Point3::new(5.0, 0.0, 0.0));
        rest(&mut w);
        assert_eq!(w.resource::<History>().can(), [true, false]);
    }

    #[test]
    fn a_view_is_the_same_after_the_store() {
        let mut w = world();
        w.resource_mut::<Measure>().points.push(Point3::new(1.0, 2.5, -3.0));
        w.resource_mut::<DoseShow>().colour_safe = true;
        let state = ViewState::of(&w);
        let text = serde_json::to_string(&state).unwrap();
        let back: ViewState = serde_json::from_str(&text).unwrap();
        assert_eq!(back, state);
        let mut other = world();
        back.restore(&mut other);
        assert_eq!(ViewState::of(&other), state);
        // what a patient does not have is left as it is
        let foreign = ViewState { viewing: Viewing { image: Some(7), ..Viewing::default() }, ..state };
        foreign.restore(&mut other);
        assert_eq!(other.resource::<Viewing>().image, None);
    }
}
