//! The clinician's review of a plan: the patient's images, structures and dose in the room at life size, and a desk in the window with
//! the same from three sides.

mod boards;
mod chart;
mod cockpit;
mod desk;
mod held;
mod keys;
mod look;
mod next_life;
mod picture;
mod play;
mod shown;
mod snapshot;
mod state;
mod time_bar;
pub mod views;

pub use chart::{ChartPart, Shortcuts};
pub use keys::Asked;
pub(crate) use next_life::{keep_for_next_life, keep_last_for_next_life};
pub use play::{ReviewPlay, Transport, Wish};
pub use state::{History, Liked, ViewState};
pub use views::Views;

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy_egui::{EguiContext, EguiPrimaryContextPass, EguiSchedule, PrimaryEguiContext};

/// The review, whatever it is shown on.
pub fn plugin(app: &mut App) {
    app.init_resource::<Transport>()
        .init_resource::<History>()
        .init_resource::<keys::Keys>()
        .init_resource::<keys::Asked>()
        .add_systems(PreUpdate, (play::carry, play::fill))
        .add_systems(Update, (state::watch, snapshot::liked_once))
        .add_systems(Update, keys::obey.run_if(|asked: Res<keys::Asked>| !asked.0.is_empty()));
}

/// The desk: four pictures and what stands round them.
pub fn desk_plugin(app: &mut App) {
    app.init_resource::<desk::Desk>()
        .add_systems(Startup, views::spawn)
        .add_systems(Update, views::side_by_side)
        .add_systems(PostUpdate, views::place.before(TransformSystems::Propagate))
        .add_systems(EguiPrimaryContextPass, desk::draw)
        .add_systems(desk::DrawDesk, desk::draw);
}

/// In the headset: boards round the clinician, and the laser reaches the patient. `beside`: somebody sits at the desk in a window
/// meanwhile; else the planes have pictures for the boards, and the room has none.
pub fn headset_plugin(app: &mut App, beside: bool) {
    app.add_plugins((boards_plugin, crate::stamp::plugin)).add_systems(Last, snapshot::through_headset);
    if beside {
        // what is drawn for the desk must not cost the headset its frames
        app.insert_resource(views::Seldom::default())
            .insert_resource(crate::xr::mirror::never_waits())
            .add_plugins((window_plugin, shown::plugin));
        return;
    }
    app.add_plugins(planes_plugin);
}

/// Boards round the clinician, the laser that reaches the patient, and hands that hold them.
fn boards_plugin(app: &mut App) {
    app.add_plugins((cockpit::plugin, crate::pointing::plugin, crate::placing::plugin));
}

/// Pictures of the planes for the boards, where there is no desk that has them.
fn planes_plugin(app: &mut App) {
    app.insert_resource(views::WithoutRoom)
        .add_systems(Startup, views::spawn)
        .add_systems(Update, views::side_by_side)
        .add_systems(PostUpdate, views::place.after(crate::panel::turns::Taken).before(TransformSystems::Propagate));
}

/// What a clinician in a headset has round them, without the headset: for what it costs.
pub(crate) fn boards_alone_plugin(app: &mut App) {
    app.add_plugins((boards_plugin, planes_plugin));
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
        Camera2d,
        Camera { order, clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        RenderLayers::none(),
        Msaa::Off,
        Tonemapping::None,
    )
}
