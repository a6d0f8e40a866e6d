//! `bevy_mod_openxr`: how it wants its plugins, and what the session says of itself.

use crate::events::Events;
use bevy::app::{PluginGroupBuilder, ScheduleRunnerPlugin};
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_mod_openxr::poll_events::{OxrEventHandlerExt, OxrEventIn};
use bevy_mod_openxr::reference_space::OxrReferenceSpacePlugin;
use bevy_mod_openxr::resources::OxrSessionConfig;
use bevy_mod_openxr::{add_xr_plugins, init::OxrInitPlugin};
use std::time::Duration;

/// State of the XR session as far as the rest of the program cares.
#[derive(Resource, Default)]
pub struct XrFocus {
    /// FOCUSED: the person sees us and their input is ours. VISIBLE and SYNCHRONIZED are `XrState::Running` too, so only
    /// the raw event tells them apart.
    pub focused: bool,
    /// True once the session was focused at all.
    pub ever: bool,
    /// The runtime wants the session to end.
    pub end: Option<XrEnd>,
}

/// Why a session ends by the runtime's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XrEnd {
    /// Somebody left it by the system's own menu.
    Left,
    /// The runtime or the headset goes away.
    Lost,
}

/// Default plugins for a headset; `window`: with this window beside it.
pub fn plugins(assets: AssetPlugin, window: Option<Window>) -> PluginGroupBuilder {
    let without = window.is_none();
    let plugins = add_xr_plugins(DefaultPlugins.build().set(assets))
        .set(OxrInitPlugin { synchronous_pipeline_compilation: true, ..default() }) // a RenderPlugin that we set would be ignored
        // LOCAL with our own eye height: a seated or lying person is where the scene wants them, whatever the floor's calibration
        .set(OxrReferenceSpacePlugin { default_primary_ref_space: openxr::ReferenceSpaceType::LOCAL })
        // closing the window ends nothing: the person in the headset goes on
        .set(WindowPlugin { primary_window: window, exit_condition: ExitCondition::DontExit, ..default() })
        .disable::<PipelinedRenderingPlugin>();
    if without { plugins.disable::<WinitPlugin>().add(ScheduleRunnerPlugin::run_loop(Duration::ZERO)) } else { plugins }
}

/// Follows the session's state. `size`: pixels per eye; None = what the runtime recommends.
pub fn configure(app: &mut App, size: Option<UVec2>) {
    app.insert_resource(OxrSessionConfig { resolutions: size.map(|s| vec![s]), ..default() })
        .init_resource::<XrFocus>()
        .add_oxr_event_handler(session_state);
}

fn session_state(event: OxrEventIn, mut focus: ResMut<XrFocus>, out: Res<Events>) {
    if let openxr::Event::SessionStateChanged(s) = *event {
        focus.focused = s.state() == openxr::SessionState::FOCUSED;
        focus.ever |= focus.focused;
        match s.state() {
            openxr::SessionState::EXITING => focus.end = Some(XrEnd::Left),
            openxr::SessionState::LOSS_PENDING => focus.end = Some(XrEnd::Lost),
            _ => {}
        }
        out.say(format_args!("session {:?}", s.state()));
    }
}
