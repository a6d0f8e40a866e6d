//! To the store and back, beside the frame: a mark appears when it is on disk.

use super::{Notes, ReviewKeeper};
use bevy::prelude::*;
use bevy::tasks::{IoTaskPool, block_on, poll_once};
use nalgebra::Point3;

/// What a mark is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkKind {
    /// Words at a place.
    #[default]
    Note,
    /// A view.
    Bookmark,
}

/// Something that was left in a review.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptMark {
    /// Its key in the store; 0 before it has one.
    pub key: i64,
    /// What it is.
    pub kind: MarkKind,
    /// Its words.
    pub text: String,
    /// Where, DICOM patient coordinates, mm.
    pub at: Option<Point3<f64>>,
    /// What was set up then, as JSON.
    pub view: String,
}

/// A picture of what is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Red, green, blue, from the upper left.
    pub rgb: Vec<u8>,
    /// What it shows.
    pub title: String,
}

/// Where a review is kept. Errors are sentences for who reads them.
pub trait KeepsReview: Send + Sync + 'static {
    /// All that stand.
    fn marks(&self) -> Result<Vec<KeptMark>, String>;
    /// Keeps a new one; gives its key.
    fn add(&self, mark: &KeptMark) -> Result<i64, String>;
    /// Takes one back; the store keeps that it was there.
    fn withdraw(&self, key: i64) -> Result<(), String>;
    /// Keeps a picture as a DICOM Secondary Capture.
    fn add_picture(&self, picture: &Picture) -> Result<(), String>;
    /// What whoever reviews likes, by a name; None before they said.
    fn preference(&self, name: &str) -> Option<String>;
    /// Remembers it.
    fn set_preference(&self, name: &str, value: &str) -> Result<(), String>;
}

/// What the store has done.
pub(super) enum Done {
    Read(Vec<KeptMark>),
    Added(KeptMark),
    Withdrawn(i64),
    Pictured,
    Liked,
    Quietly,
}

pub(super) fn read(keeper: Res<ReviewKeeper>, mut notes: ResMut<Notes>) {
    if let Some(keeper) = keeper.0.clone() {
        notes.coming.push(IoTaskPool::get().spawn(async move { keeper.marks().map(Done::Read) }));
    }
}

fn ask(world: &mut World, work: impl FnOnce(&dyn super::KeepsReview) -> Result<Done, String> + Send + 'static) {
    let Some(keeper) = world.resource::<ReviewKeeper>().0.clone() else { return };
    let task = IoTaskPool::get().spawn(async move { work(&*keeper) });
    world.resource_mut::<Notes>().coming.push(task);
}

/// Keeps a new mark.
pub(super) fn add(world: &mut World, mut mark: KeptMark) {
    ask(world, move |keeper| {
        mark.key = keeper.add(&mark)?;
        Ok(Done::Added(mark))
    });
}

/// Takes one back.
pub(super) fn withdraw(world: &mut World, key: i64) {
    ask(world, move |keeper| keeper.withdraw(key).map(|()| Done::Withdrawn(key)));
}

/// Keeps a picture.
pub(crate) fn add_picture(world: &mut World, picture: Picture) {
    ask(world, move |keeper| keeper.add_picture(&picture).map(|()| Done::Pictured));
}

/// Remembers what somebody likes.
pub(crate) fn set_preference(world: &mut World, name: &'static str, value: String) {
    ask(world, move |keeper| keeper.set_preference(name, &value).map(|()| Done::Liked));
}

/// Remembers something that nobody asked to be remembered, and says so only where it goes wrong.
pub(crate) fn keep_quietly(world: &mut World, name: &'static str, value: String) {
    ask(world, move |keeper| keeper.set_preference(name, &value).map(|()| Done::Quietly));
}

/// What has been written.
pub(super) fn come(mut notes: ResMut<Notes>, out: Res<crate::events::Events>) {
    if notes.coming.is_empty() {
        return;
    }
    let mut done = Vec::new();
    notes.coming.retain_mut(|task| match block_on(poll_once(task)) {
        Some(result) => {
            done.push(result);
            false
        }
        None => true,
    });
    if !done.is_empty() {
        notes.trouble = None; // before all of them: what went well hides nothing that did not
    }
    for result in done {
        match result {
            Ok(Done::Read(list)) => notes.list = list,
            Ok(Done::Added(mark)) => {
                out.say(format_args!("kept {:?}", mark.kind));
                notes.done = Some("notes-kept");
                notes.list.push(mark);
            }
            Ok(Done::Withdrawn(key)) => {
                notes.done = Some("notes-withdrawn");
                notes.list.retain(|m| m.key != key);
            }
            Ok(Done::Pictured) => {
                out.say(format_args!("kept Picture"));
                notes.done = Some("notes-pictured");
            }
            Ok(Done::Quietly) => {}
            Ok(Done::Liked) => notes.done = Some("notes-liked"),
            Err(why) => {
                out.say(format_args!("not kept"));
                notes.trouble = Some(why);
            }
        }
    }
}
