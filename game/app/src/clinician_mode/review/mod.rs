//! The clinician's review of a plan: the patient's images, structures and dose in the room at life size, and a desk in the window with
//! the same from three sides.

mod desk;
mod keys;
mod picture;
mod play;
mod time_bar;
pub mod views;

pub use play::{ReviewPlay, Transport, Wish};
pub use views::Views;

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy_egui::{EguiContext, EguiPrimaryContextPass, EguiSchedule, PrimaryEguiContext};

/// The review, whatever it is shown on.
pub fn plugin(app: &mut App) {
    app.init_resource::<Transport>().add_systems(PreUpdate, (play::carry, play::fill));
}

/// The desk: four pictures and what stands round them.
pub fn desk_plugin(app: &mut App) {
    app.init_resource::<desk::Desk>()
        .add_systems(Startup, views::spawn)
        .add_systems(PostUpdate, views::place.before(TransformSystems::Propagate))
        .add_systems(EguiPrimaryContextPass, desk::draw)
        .add_systems(desk::DrawDesk, desk::draw);
}

/// In the window.
pub fn window_plugin(app: &mut App) {
    app.add_plugins(desk_plugin).add_systems(Startup, |mut commands: Commands| {
        commands.spawn((flat(1), PrimaryEguiContext, desk::OnDesk));
    });
}

/// In a picture.
pub fn spawn_desk(world: &mut World, target: &Handle<Image>) -> Entity {
    let context = (EguiContext::default(), EguiSchedule::new(desk::DrawDesk));
    world.spawn((flat(1), context, RenderTarget::Image(target.clone().into()), desk::OnDesk)).id()
}

/// A camera that sees nothing but what egui draws.
pub(crate) fn flat(order: isize) -> impl Bundle {
    (
        Camera3d::default(),
        Camera { order, clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        RenderLayers::none(),
        Msaa::Off,
        Tonemapping::None,
    )
}
