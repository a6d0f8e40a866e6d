//! Systems run one after the other, in the program's own world and in the render world: they are many and each takes microseconds, so that
//! handing them to other threads costs more than they do. What takes long has threads of its own: the async compute pool, the painter, rayon.

use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::render::RenderApp;

/// For all schedules that there are so far: call it when everything has been added.
pub fn in_turn(app: &mut App) {
    set(app.world_mut());
    // on a Mac, surfaces are made on the main thread, which the render world's own threads find only in Bevy's other executor
    if cfg!(not(target_os = "macos"))
        && let Some(render) = app.get_sub_app_mut(RenderApp)
    {
        set(render.world_mut());
    }
}

fn set(world: &mut World) {
    for (_, schedule) in world.resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}
