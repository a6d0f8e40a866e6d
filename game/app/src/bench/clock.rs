//! Where the processor's time of a frame goes: the program's own world, and the render world up to the passes. Recording them and handing
//! them over is not in it: a software adapter draws in there.

use bevy::prelude::*;
use bevy::render::{Render, RenderApp, RenderSystems};
use std::sync::Mutex;
use std::time::Instant;

/// When the last frame reached each mark.
#[derive(Default)]
struct Marks {
    extract: Option<Instant>,
    sorted: Option<Instant>,
    prepared: Option<Instant>,
}

static MARKS: Mutex<Marks> = Mutex::new(Marks { extract: None, sorted: None, prepared: None });

fn set(mark: fn(&mut Marks) -> &mut Option<Instant>) {
    if let Ok(mut marks) = MARKS.lock() {
        *mark(&mut marks) = Some(Instant::now());
    }
}

/// Milliseconds of one frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Split {
    /// The program's own world.
    pub main: f64,
    /// From its end until what is drawn has been taken over and sorted: nothing has been asked of the card but for new assets.
    pub sorted: f64,
    /// From there until passes can be recorded: buffers, textures and bind groups, asked of wgpu and the driver.
    pub laid_out: f64,
}

/// Sets the marks.
pub(super) fn plugin(app: &mut App) {
    app.add_systems(Last, || set(|m| &mut m.extract));
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        let (mark, sorted) = (|| set(|m| &mut m.prepared), || set(|m| &mut m.sorted));
        render.add_systems(Render, sorted.after(RenderSystems::PhaseSort).before(RenderSystems::Prepare));
        render.add_systems(Render, mark.after(RenderSystems::PrepareBindGroups).before(RenderSystems::Render));
    }
}

/// Of the frame that began then.
pub(super) fn split(began: Instant) -> Option<Split> {
    let marks = MARKS.lock().ok()?;
    let ms = |a: Instant, b: Instant| b.saturating_duration_since(a).as_secs_f64() * 1e3;
    let (extract, sorted, prepared) = (marks.extract?, marks.sorted?, marks.prepared?);
    Some(Split { main: ms(began, extract), sorted: ms(extract, sorted), laid_out: ms(sorted, prepared) })
}
