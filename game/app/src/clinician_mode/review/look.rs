//! From where a review is looked at, and at which instant: what a bookmark brings back besides what is set up. It is no step of undo:
//! nobody wants a turn of the head taken back.

use super::play::{Transport, Wish};
use super::views::{NAMES, Orbit, Views};
use crate::overlay::beams::BeamsShow;
use crate::overlay::clearance::ClearanceShow;
use crate::overlay::margins::MarginShow;
use crate::placing::{Place, Placing, choose};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

/// How it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Round the patient and over the horizon, radians; from how far; at what, from the isocentre: metres.
    orbit: Option<([f32; 2], f32, [f32; 3])>,
    /// Of each picture of the desk: mm a pixel, and what is in its middle, mm.
    pictures: Vec<(Option<f64>, [f64; 2])>,
    /// The picture that is seen alone.
    alone: Option<usize>,
    /// The instant, seconds of beam; None: nothing can be delivered.
    time_s: Option<f64>,
    /// Where the patient stands; None: where hands have put them, which only they find again.
    place: Option<Place>,
    beams: BeamsShow,
    margin: MarginShow,
    clearance_mm: Option<f64>,
}

impl Look {
    /// As it is now.
    pub fn of(world: &World) -> Self {
        let views = world.get_resource::<Views>();
        let transport = world.get_resource::<Transport>().filter(|t| t.length_s > 0.0);
        let place = world.get_resource::<Placing>().map(|p| p.place);
        Self {
            orbit: views.map(|v| (v.orbit.turn, v.orbit.distance_m, v.orbit.offset_m.to_array())),
            pictures: views.map_or_else(Vec::new, |v| v.list.iter().map(|v| (v.mm_per_pixel, v.pan_mm)).collect()),
            alone: views.and_then(|v| v.large),
            time_s: transport.map(|t| t.time_s),
            place: place.filter(|p| *p != Place::Held),
            beams: world.get_resource::<BeamsShow>().cloned().unwrap_or_default(),
            margin: world.get_resource::<MarginShow>().copied().unwrap_or_default(),
            clearance_mm: world.get_resource::<ClearanceShow>().map(|c| c.least_mm),
        }
    }

    /// As it was; numbers that are none are left alone.
    pub fn restore(&self, world: &mut World) {
        if let Some(mut views) = world.get_resource_mut::<Views>() {
            if let Some((turn, distance_m, offset)) = self.orbit
                && turn.iter().chain(&offset).chain([&distance_m]).all(|v| v.is_finite())
            {
                views.orbit = Orbit { turn, distance_m, offset_m: Vec3::from_array(offset) };
                views.orbit.zoom(1.0); // within its ends
            }
            for (view, (scale, pan)) in views.list.iter_mut().zip(&self.pictures) {
                if pan.iter().all(|v| v.is_finite()) && scale.is_none_or(|s| s > 0.0 && s.is_finite()) {
                    (view.mm_per_pixel, view.pan_mm) = (*scale, *pan);
                }
            }
            views.large = self.alone.filter(|i| *i < NAMES.len());
        }
        if let (Some(mut transport), Some(time_s)) = (world.get_resource_mut::<Transport>(), self.time_s)
            && time_s.is_finite()
            && (transport.time_s - time_s).abs() > 1e-6
        {
            transport.wishes.extend([Wish::Play(false), Wish::GoTo(time_s)]);
        }
        if let (Some(placing), Some(place)) = (world.get_resource::<Placing>(), self.place)
            && placing.place != place
        {
            choose(world, place);
        }
        if let Some(mut beams) = world.get_resource_mut::<BeamsShow>() {
            *beams = self.beams.clone();
        }
        if let Some(mut margin) = world.get_resource_mut::<MarginShow>() {
            *margin = self.margin;
        }
        if let (Some(mut clearance), Some(mm)) = (world.get_resource_mut::<ClearanceShow>(), self.clearance_mm)
            && mm.is_finite()
        {
            clearance.least_mm = mm;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_brings_back_from_where_it_was_looked_at() {
        let mut world = World::new();
        world.insert_resource(Transport { length_s: 40.0, time_s: 12.5, ..Transport::default() });
        world.insert_resource(MarginShow { of: 3, margin_mm: 7.0 });
        world.insert_resource(BeamsShow { beam: 1, layer: Some(4), ..BeamsShow::default() });
        let orbit = Orbit { turn: [0.1, 0.2], distance_m: 0.9, offset_m: Vec3::X };
        world.insert_resource(Views { list: Vec::new(), orbit, large: Some(2) });
        let look = Look::of(&world);
        let text = serde_json::to_string(&look).unwrap();
        *world.resource_mut::<Transport>() = Transport { length_s: 40.0, ..Transport::default() };
        *world.resource_mut::<MarginShow>() = MarginShow::default();
        *world.resource_mut::<BeamsShow>() = BeamsShow::default();
        *world.resource_mut::<Views>() = Views { list: Vec::new(), orbit: Orbit::default(), large: None };
        serde_json::from_str::<Look>(&text).unwrap().restore(&mut world);
        assert_eq!(world.resource::<Transport>().wishes, [Wish::Play(false), Wish::GoTo(12.5)]);
        world.resource_mut::<Transport>().time_s = 12.5;
        assert_eq!(Look::of(&world), look);
    }
}
