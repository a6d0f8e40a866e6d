//! A patient who is opened beside the frame: coarse images first, then everything; and what is shown until then.

use crate::anatomy::DoseNow;
use crate::clinician_mode::review::ReviewPlay;
use crate::events::Events;
use crate::now::{Case, Engine, Words};
use crate::overlay::notes::{KeepsReview, ReviewKeeper};
use crate::overlay::widgets::mark;
use crate::patient_mode::Driver;
use crate::tokens;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use vestibule_patient::Patient;
use vestibule_scenario::Computes;

/// What is known of a patient who is opened.
pub struct Opened {
    /// Whose review it is, and which of their plans.
    pub case: (Arc<Patient>, usize),
    /// What computes the plan's dose; nothing where it cannot be computed, or not yet.
    pub computes: Computes,
    /// Time in it.
    pub play: ReviewPlay,
    /// Where notes and pictures are kept.
    pub keeper: Option<Arc<dyn KeepsReview>>,
}

/// What comes, in this order: coarse images or none, then one of the others.
pub enum Arrival {
    /// Large images are coarse ([`vestibule_patient::Image::coarse`]), all else is there but the engine's side.
    Coarse(Box<Opened>),
    /// Everything.
    Whole(Box<Opened>),
    /// Somebody stopped it.
    Stopped,
    /// It could not be opened; why, as a sentence.
    Failed(String),
}

/// A patient who is on the way.
pub struct Opening {
    /// What comes.
    pub arrivals: Receiver<Arrival>,
    /// The part of the images that has been read, 0 to 1.
    pub part: Box<dyn Fn() -> f32 + Send + Sync>,
    /// Asks it to stop.
    pub stop: Box<dyn Fn() + Send + Sync>,
}

/// There while somebody is on the way.
#[derive(Resource)]
pub struct OnTheWay {
    arrivals: Mutex<Receiver<Arrival>>,
    part: Box<dyn Fn() -> f32 + Send + Sync>,
    stop: Box<dyn Fn() + Send + Sync>,
    /// Why the rest will not come.
    ended: Option<String>,
}

/// Runs once, as soon as there is a [`Case`]: what a review begins with is set up from it. Images may be coarse.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaseCame;

/// Runs when a [`Case`] with whole images has taken the place of one with coarse ones.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaseWhole;

/// A case that is there from the beginning, or one on the way.
pub fn plugin(app: &mut App, case: Option<(Arc<Patient>, usize)>, opening: Option<Opening>) {
    app.init_schedule(CaseCame).init_schedule(CaseWhole);
    if let Some((patient, plan)) = case {
        set_up(app.world_mut(), patient, plan);
        app.add_systems(Startup, |world: &mut World| world.run_schedule(CaseCame));
    }
    if let Some(Opening { arrivals, part, stop }) = opening {
        app.insert_resource(OnTheWay { arrivals: Mutex::new(arrivals), part, stop, ended: None })
            .add_systems(PreUpdate, arrive.run_if(resource_exists::<OnTheWay>));
    }
}

fn set_up(world: &mut World, patient: Arc<Patient>, plan: usize) {
    let of = patient.plans.get(plan);
    let fraction = of.and_then(|p| Some(p.prescription_gy? / f64::from(p.fractions.max(1))));
    let scale_gy = fraction.map_or(2.0, |v| v as f32);
    world.insert_resource(DoseNow { scale_gy, ..default() });
    world.insert_resource(Case { patient, plan });
}

fn arrive(world: &mut World) {
    let way = world.resource::<OnTheWay>();
    if way.ended.is_some() {
        return;
    }
    let come = way.arrivals.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
    let words = |key: &str| world.get_resource::<Words>().map_or_else(|| key.to_owned(), |w| w.get(key));
    let ended = match come {
        Err(TryRecvError::Empty) => return,
        Ok(Arrival::Coarse(opened)) => return take(world, *opened),
        Ok(Arrival::Whole(opened)) => {
            take(world, *opened);
            world.remove_resource::<OnTheWay>();
            return;
        }
        Ok(Arrival::Stopped) => words("opening-stopped"),
        Ok(Arrival::Failed(why)) => why,
        Err(TryRecvError::Disconnected) => words("opening-failed"),
    };
    if world.contains_resource::<Case>() {
        world.resource_mut::<OnTheWay>().ended = Some(ended);
    } else {
        // whoever started it says why
        world.write_message(AppExit::Success);
    }
}

fn take(world: &mut World, opened: Opened) {
    let Opened { case: (patient, plan), computes, play, keeper } = opened;
    let coarse = patient.images.iter().any(|i| i.coarse.is_some());
    world.insert_resource(Engine(computes));
    world.insert_resource(ReviewKeeper(keeper));
    world.non_send_mut::<Driver>().play = Box::new(play);
    if world.contains_resource::<Case>() {
        world.insert_resource(Case { patient, plan });
        world.run_schedule(CaseWhole);
    } else {
        set_up(world, patient, plan);
        world.run_schedule(CaseCame);
    }
    if let Some(out) = world.get_resource::<Events>() {
        out.say(format_args!("opened {}", if coarse { "coarse" } else { "whole" }));
    }
}

/// Whether there is no patient yet, and one is on the way.
pub fn nobody_yet(world: &World) -> bool {
    world.contains_resource::<OnTheWay>() && !world.contains_resource::<Case>()
}

/// Whether more than there is will come.
pub fn more_comes(world: &World) -> bool {
    world.get_resource::<OnTheWay>().is_some_and(|way| way.ended.is_none())
}

/// What is shown in the place of everything else until there is a patient. Who cancels leaves at once, whatever is being worked out.
pub fn page(ui: &mut Ui, world: &mut World) {
    let (Some(way), Some(words)) = (world.get_resource::<OnTheWay>(), world.get_resource::<Words>()) else { return };
    let part = (way.part)();
    let mut leaves = false;
    let width = tokens::DESK_SIDE.min(ui.available_width() - 48.0);
    let card = egui::Frame::new().fill(tokens::DESK_PANEL).inner_margin(24).corner_radius(tokens::BOARD_ROUND);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.35).max(0.0));
        card.show(ui, |ui| {
            ui.set_width(width);
            ui.heading(words.get("opening-title"));
            ui.add_space(12.0);
            bar(ui, part, width);
            ui.label(RichText::new(doing(words, part)).color(tokens::DESK_SOFT));
            ui.add_space(12.0);
            let stop = ui.button(words.get("opening-leave"));
            mark(ui, "stop", &stop);
            if stop.clicked() {
                (way.stop)();
                leaves = true;
            }
        });
    });
    if leaves {
        world.write_message(AppExit::Success);
    }
}

/// How far it is, in a line: images that are still coarse, or why they stay so.
pub fn line(ui: &mut Ui, world: &World) {
    let (Some(way), Some(words)) = (world.get_resource::<OnTheWay>(), world.get_resource::<Words>()) else { return };
    let small = |t: String| RichText::new(t).size(tokens::DESK_TYPE[1]).color(tokens::AMBER);
    if let Some(why) = &way.ended {
        ui.label(small(format!("{} {why}", words.get("opening-stays"))));
        return;
    }
    let part = (way.part)();
    ui.label(small(words.get("opening-coarse")));
    bar(ui, part, 110.0);
    // what is made of whole images does not stop half way, and does not take long
    if part < 1.0 {
        let stop = ui.button(RichText::new(words.get("opening-stop")).size(tokens::DESK_TYPE[1]));
        mark(ui, "stop", &stop);
        if stop.clicked() {
            (way.stop)();
        }
    } else {
        ui.label(RichText::new(doing(words, part)).size(tokens::DESK_TYPE[1]).color(tokens::DESK_SOFT));
    }
}

fn doing(words: &Words, part: f32) -> String {
    if part >= 1.0 { words.get("opening-plan") } else { words.get("opening-images") }
}

fn bar(ui: &mut Ui, part: f32, width: f32) {
    ui.add(egui::ProgressBar::new(part).desired_width(width).fill(tokens::SAGE).show_percentage());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};
    use vestibule_geometry::{Grid, Volume};
    use vestibule_scenario::{Delivery, Review, Room};

    fn opened(coarse: Option<[usize; 3]>) -> Box<Opened> {
        let grid = Grid::axial([2; 3], [1.0; 3], nalgebra::Point3::origin());
        let ct = vestibule_patient::Image::of("", vestibule_patient::Modality::Ct, Volume::filled(grid, 0.0));
        let image = vestibule_patient::Image { coarse, ..ct };
        let room = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap();
        let play = ReviewPlay::new(Review::new(room.into(), Arc::new(Delivery::default()), "review"), None);
        let patient = Patient { images: vec![image], ..Patient::default() };
        Box::new(Opened { case: (Arc::new(patient), 0), computes: Computes::Nothing, play, keeper: None })
    }

    /// Which schedules ran.
    #[derive(Resource, Default)]
    struct Ran(Vec<&'static str>);

    fn app() -> (App, Sender<Arrival>) {
        let (to, arrivals) = channel();
        let mut app = App::new();
        plugin(&mut app, None, Some(Opening { arrivals, part: Box::new(|| 0.5), stop: Box::new(|| ()) }));
        app.init_resource::<Ran>()
            .add_message::<AppExit>()
            .insert_non_send(Driver::new(Box::new(opened(None).play)))
            .add_systems(CaseCame, |mut ran: ResMut<Ran>, case: Res<Case>| {
                ran.0.push(if case.is_whole() { "came whole" } else { "came coarse" });
            })
            .add_systems(CaseWhole, |mut ran: ResMut<Ran>| ran.0.push("whole"));
        (app, to)
    }

    #[test]
    fn coarse_then_whole_begins_once() {
        let (mut app, to) = app();
        app.update();
        assert!(nobody_yet(app.world()));
        to.send(Arrival::Coarse(opened(Some([2; 3])))).unwrap();
        app.update();
        assert!(!app.world().resource::<Case>().is_whole() && app.world().contains_resource::<OnTheWay>());
        to.send(Arrival::Whole(opened(None))).unwrap();
        app.update();
        assert!(app.world().resource::<Case>().is_whole() && !app.world().contains_resource::<OnTheWay>());
        assert_eq!(app.world().resource::<Ran>().0, ["came coarse", "whole"]);
        assert!(app.should_exit().is_none());
    }

    #[test]
    fn a_failure_ends_the_program_only_while_nothing_is_shown() {
        let (mut app, to) = self::app();
        to.send(Arrival::Coarse(opened(Some([2; 3])))).unwrap();
        app.update();
        to.send(Arrival::Failed("the disk is gone".to_owned())).unwrap();
        app.update();
        assert_eq!(app.world().resource::<OnTheWay>().ended.as_deref(), Some("the disk is gone"));
        assert!(app.should_exit().is_none());

        let (mut app, to) = self::app();
        drop(to); // whoever opens has ended without a word
        app.update();
        assert!(app.should_exit().is_some());
    }
}
