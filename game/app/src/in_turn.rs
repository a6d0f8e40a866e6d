//! The program's own systems run one after the other: they are many and each takes microseconds, so that handing them to other threads
//! costs more than they do (two cores, `bench frame --mode clinician`: 4.7 ms a frame handed round, 2.4 ms in turn). What takes long has threads of its own: the
//! async compute pool, the painter, rayon. The render world, which has larger pieces, keeps its threads.

use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::prelude::*;

/// For all schedules that there are so far: call it when everything has been added.
pub fn in_turn(app: &mut App) {
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}
