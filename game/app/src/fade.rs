//! Fades between places and the dark when nobody is looking: a black shell around the eyes.

use crate::events::Events;
use crate::now::Now;
use crate::seat::Seat;
use crate::third_party::openxr::XrFocus;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;

/// Radius, metres: beyond the near plane, nearer than any panel.
const RADIUS_M: f32 = 0.35;

/// The shell, a child of the seat.
#[derive(Component)]
pub struct Shell;

/// Adds the shell.
pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn).add_systems(Update, darken);
}

fn spawn(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    seat: Single<Entity, With<Seat>>,
) {
    let black = StandardMaterial {
        base_color: Color::NONE,
        unlit: true,
        alpha_mode: AlphaMode::Blend,
        cull_mode: None,
        depth_bias: crate::tokens::ORDER_FADE,
        ..default()
    };
    let shell = commands
        .spawn((
            Shell,
            Mesh3d(meshes.add(Sphere::new(RADIUS_M).mesh().uv(24, 16))),
            MeshMaterial3d(materials.add(black)),
            NotShadowCaster,
            Visibility::Hidden,
        ))
        .id();
    commands.entity(*seat).add_child(shell);
}

fn darken(
    now: Res<Now>,
    focus: Option<Res<XrFocus>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut shells: Query<(&MeshMaterial3d<StandardMaterial>, &mut Visibility), With<Shell>>,
    out: Res<Events>,
    mut was: Local<bool>,
) {
    // focus lost: the session pauses, and nothing is to be seen meanwhile
    let blank = focus.is_some_and(|f| f.ever && !f.focused);
    if blank != std::mem::replace(&mut *was, blank) {
        out.say(format_args!("{}", if blank { "dark" } else { "light" }));
    }
    let fade = if blank { 1.0 } else { now.state.fade as f32 };
    for (material, mut visible) in &mut shells {
        visible.set_if_neq(if fade > 0.001 { Visibility::Inherited } else { Visibility::Hidden });
        let want = Color::BLACK.with_alpha(fade);
        if materials.get(&material.0).is_some_and(|m| m.base_color != want)
            && let Some(mut m) = materials.get_mut(&material.0)
        {
            m.base_color = want;
        }
    }
}
