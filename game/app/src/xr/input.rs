//! A thin layer on OpenXR actions: the right hand points and presses, either holds and opens the menu, haptics; and the laser. Which
//! button does what stands in `scenes/controls.ron`.

use super::controller::{self, Model};
use super::hands::{BareHands, BareHandsRead};
use crate::clinician_mode::review::{Asked, Shortcuts};
use crate::events::Events;
use crate::now::Reviewing;
use crate::panel::poke::Tip;
use crate::panel::{Act, PanelModel, Pointer, PointerKind, PointerRead};
use crate::placing::Hands;
use crate::third_party::openxr::XrFocus;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_mod_openxr::action_binding::{OxrSendActionBindings, OxrSuggestActionBinding};
use bevy_mod_openxr::action_set_attaching::OxrAttachActionSet;
use bevy_mod_openxr::action_set_syncing::{OxrActionSetSyncSet, OxrSyncActionSet};
use bevy_mod_openxr::openxr_session_running;
use bevy_mod_openxr::resources::OxrInstance;
use bevy_mod_openxr::session::OxrSession;
use bevy_mod_xr::camera::XrCamera;
use bevy_mod_xr::session::{XrSessionCreated, XrTrackingRoot, session_available};
use bevy_mod_xr::spaces::{XrSpaceLocationFlags, XrSpaceSyncSet};
use std::ops::Deref;
use vestibule_scenario::{Action, Control, Controls};

#[derive(Resource)]
struct Actions {
    set: openxr::ActionSet,
    aim: openxr::Action<openxr::Posef>,
    select: openxr::Action<f32>,
    menu: openxr::Action<bool>,
    grab: openxr::Action<f32>,
    scroll: openxr::Action<f32>,
    mark: openxr::Action<bool>,
    /// What else can be asked of a review.
    asks: Vec<(Control, openxr::Action<bool>)>,
    buzz: openxr::Action<openxr::Haptic>,
    left: openxr::Path,
    right: openxr::Path,
}

/// What the buttons of controllers do.
#[derive(Resource)]
pub struct Bindings(pub Controls);

#[derive(Resource, Default)]
struct Hand {
    tracked: bool,
    down: bool,
    menu: bool,
    mark: bool,
    /// Which of the buttons that ask for something are down.
    asks: Vec<bool>,
}

/// Which hands are bare: the runtime sees them, and no controller is held.
#[derive(Resource, Default)]
pub(super) struct Pointing {
    /// Left and right.
    pub bare: [bool; 2],
}

/// The right hand, which points.
#[derive(Component)]
struct Aim;
/// The left hand, which only holds.
#[derive(Component)]
struct Other;
/// A controller's body; the side that it is on.
#[derive(Component, Clone)]
struct Body(usize);
#[derive(Component)]
struct Laser;
#[derive(Component)]
struct Dot;

/// Laser length where it meets nothing, metres.
const LONG_M: f32 = 4.0;
/// The front end of a controller's body, which may touch a board, ahead of where it points from, metres.
const TIP_M: f32 = 0.016;
/// Trigger: pressed above, released below; a trembling finger does not press twice.
const PRESS: f32 = 0.6;
const RELEASE: f32 = 0.4;
/// A thumbstick that is pushed less rests.
const RESTS: f32 = 0.25;
/// Points that a thumbstick scrolls in a second.
const SCROLL: f32 = 700.0;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Hand>()
        .init_resource::<Pointing>()
        .add_systems(Startup, create_actions.run_if(session_available))
        .add_systems(OxrSendActionBindings, suggest)
        .add_systems(XrSessionCreated, attach)
        .add_systems(PreUpdate, sync.before(OxrActionSetSyncSet).run_if(openxr_session_running))
        .add_systems(
            PreUpdate,
            read_hand
                .in_set(PointerRead)
                .after(OxrActionSetSyncSet)
                .after(XrSpaceSyncSet)
                .after(BareHandsRead)
                .run_if(openxr_session_running),
        )
        .add_systems(
            PreUpdate,
            read_holds
                .in_set(PointerRead)
                .after(read_hand)
                .run_if(openxr_session_running)
                .run_if(resource_exists::<Hands>),
        )
        .add_systems(
            Update,
            (
                draw_laser,
                buzz.run_if(openxr_session_running),
                shortcuts.run_if(openxr_session_running),
                controller::fit,
            ),
        );
}

fn sync(actions: Option<Res<Actions>>, mut out: MessageWriter<OxrSyncActionSet>) {
    if let Some(a) = actions {
        out.write(OxrSyncActionSet(a.set.clone()));
    }
}

fn create_actions(mut commands: Commands, instance: Res<OxrInstance>) -> Result {
    let set = instance.create_action_set("vestibule", "Vestibule", 0)?;
    let (left, right) = (instance.string_to_path("/user/hand/left")?, instance.string_to_path("/user/hand/right")?);
    commands.insert_resource(Actions {
        aim: set.create_action("aim", "Point", &[left, right])?,
        select: set.create_action("select", "Choose", &[right])?,
        menu: set.create_action("menu", "Menu", &[left, right])?,
        grab: set.create_action("grab", "Hold", &[left, right])?,
        scroll: set.create_action("scroll", "Scroll", &[right])?,
        mark: set.create_action("mark", "Set a point", &[left, right])?,
        asks: Control::OF_REVIEW
            .into_iter()
            .map(|c| {
                let name = format!("{c:?}");
                Ok((c, set.create_action(&name.to_lowercase(), &name, &[left, right])?))
            })
            .collect::<Result<_>>()?,
        buzz: set.create_action("buzz", "Vibration", &[right])?,
        set,
        left,
        right,
    });
    Ok(())
}

/// As the file says. One float action serves a trigger and a plain click (the runtime converts).
fn suggest(
    actions: Option<Res<Actions>>,
    bindings: Res<Bindings>,
    mut out: MessageWriter<OxrSuggestActionBinding>,
    mut done: Local<bool>,
) {
    let Some(a) = actions else { return };
    if std::mem::replace(&mut *done, true) {
        return; // bindings outlive a session; suggesting them for the next one is an error
    }
    for (profile, does) in &bindings.0.profiles {
        let mut bind = |action, paths: &[String]| {
            out.write(OxrSuggestActionBinding {
                action,
                interaction_profile: format!("/interaction_profiles/{profile}").into(),
                bindings: paths.iter().map(|p| format!("/user/hand/{p}").into()).collect(),
            });
        };
        bind(a.aim.as_raw(), &["left/input/aim/pose".into(), "right/input/aim/pose".into()]);
        bind(a.buzz.as_raw(), &["right/output/haptic".into()]);
        for (control, paths) in does {
            let action = match control {
                Control::Select => a.select.as_raw(),
                Control::Menu => a.menu.as_raw(),
                Control::Grab => a.grab.as_raw(),
                Control::Scroll => a.scroll.as_raw(),
                Control::Mark => a.mark.as_raw(),
                other => match a.asks.iter().find(|ask| ask.0 == *other) {
                    Some(ask) => ask.1.as_raw(),
                    None => continue,
                },
            };
            bind(action, paths);
        }
    }
}

/// Runs again for every new session: spaces die with the old one.
fn attach(
    actions: Option<Res<Actions>>,
    session: Res<OxrSession>,
    old: Query<Entity, Or<(With<Aim>, With<Other>)>>,
    hands: Option<Res<Hands>>,
    mut out: MessageWriter<OxrAttachActionSet>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut hand: ResMut<Hand>,
) -> Result {
    let Some(a) = actions else { return Ok(()) };
    *hand = Hand::default();
    out.write(OxrAttachActionSet(a.set.clone()));
    for e in &old {
        commands.entity(e).despawn();
    }
    let space = session.create_action_space(&a.aim, a.right, Isometry3d::IDENTITY)?;
    // drawn after the panels, which are drawn over everything
    let glow = materials.add(StandardMaterial {
        base_color: tokens::LASER,
        unlit: true,
        alpha_mode: AlphaMode::Blend,
        depth_bias: tokens::ORDER_LASER,
        ..default()
    });
    let model = Model::new(&mut meshes, &mut materials);
    // the other hand is there for who holds the patient
    if hands.is_some() {
        let space = session.create_action_space(&a.aim, a.left, Isometry3d::IDENTITY)?;
        commands.spawn((space, Other, Visibility::Hidden)).with_children(|hand| model.spawn(hand, 0, Body(0)));
    }
    // spawn the space first, children after: its hook skips an entity that already has children
    commands.spawn((space, Aim, Visibility::Hidden)).with_children(|hand| {
        model.spawn(hand, 1, Body(1));
        hand.spawn((Laser, Visibility::default(), Transform::default())).with_children(|l| {
            l.spawn((
                Mesh3d(meshes.add(Cylinder::new(0.0022, 1.0).mesh().resolution(12))),
                MeshMaterial3d(glow.clone()),
                NotShadowCaster,
                Transform::from_xyz(0.0, 0.0, -0.5).with_rotation(Quat::from_rotation_x(std::f32::consts::FRAC_PI_2)),
            ));
        });
        hand.spawn((
            Dot,
            Mesh3d(meshes.add(Sphere::new(0.011).mesh().uv(24, 16))),
            MeshMaterial3d(glow),
            NotShadowCaster,
            Transform::default(),
        ));
    });
    Ok(())
}

fn read_hand(
    actions: Option<Res<Actions>>,
    session: Res<OxrSession>,
    focus: Res<XrFocus>,
    out: Res<Events>,
    root: Single<&Transform, (With<XrTrackingRoot>, Without<Aim>)>,
    aim: Option<Single<(&mut Transform, &XrSpaceLocationFlags, &mut Visibility), With<Aim>>>,
    eyes: Query<&GlobalTransform, With<XrCamera>>,
    reviewing: Option<Res<Reviewing>>,
    bare: Res<BareHands>,
    mut pointing: ResMut<Pointing>,
    mut hand: ResMut<Hand>,
    mut pointer: ResMut<Pointer>,
    mut model: ResMut<PanelModel>,
) {
    let (Some(a), Some(aim)) = (actions, aim) else { return };
    let (mut t, flags, mut visibility) = aim.into_inner();
    let s = session.deref().deref();
    let held = flags.position_tracked && flags.rotation_tracked;
    let bare = bare.0[1].filter(|_| !held);
    if pointing.bare[1] != bare.is_some() {
        pointing.bare[1] = bare.is_some();
        out.say(format_args!("right hand {}", if bare.is_some() { "bare" } else { "not bare" }));
    }
    if let Some(bare) = bare {
        *t = bare.aim; // the laser hangs on it
    }
    // Transform was written in this PreUpdate, GlobalTransform is of the last frame: multiply by hand
    let at = **root * *t;
    let tracked = held || bare.is_some();
    if tracked != hand.tracked {
        out.say(format_args!("right hand {}", if tracked { "tracked" } else { "lost" }));
    }
    hand.tracked = tracked;
    visibility.set_if_neq(if tracked { Visibility::Visible } else { Visibility::Hidden });
    let pull = a.select.state(s, a.right).map_or(0.0, |v| if v.is_active { v.current_state } else { 0.0 });
    let pull = bare.map_or(pull, |b| b.pinch);
    let down = tracked && pull > if hand.down { RELEASE } else { PRESS };
    (pointer.pressed, pointer.released) = (down && !hand.down, !down && hand.down);
    hand.down = down;
    if pointer.pressed || pointer.released {
        out.say(format_args!("trigger {}", if down { "down" } else { "up" }));
    }
    (pointer.kind, pointer.ray) = if tracked {
        (PointerKind::Laser, Some(Ray3d::new(at.translation, at.forward())))
    } else if focus.focused {
        // when the system's own menu is open the controller counts as lost: no gaze clicks under it
        let head = super::head_of(eyes.iter().map(GlobalTransform::compute_transform));
        (PointerKind::Gaze, head.map(|h| Ray3d::new(h.translation, h.forward())))
    } else {
        (PointerKind::Gaze, None)
    };
    pointer.tip = tracked.then(|| match bare {
        Some(bare) => Tip { at: root.transform_point(bare.tip), finger: true },
        None => Tip { at: at.translation + at.forward() * TIP_M, finger: false },
    });
    let menu = a.menu.state(s, openxr::Path::NULL).is_ok_and(|v| v.is_active && v.current_state);
    if menu != hand.menu {
        out.say(format_args!("menu {}", if menu { "down" } else { "up" }));
    }
    if menu && !hand.menu {
        // a review has no menu: the view comes before who lost it
        let act = match (reviewing.is_some(), model.main == crate::panel::Main::Menu) {
            (true, _) => Act::Recentre,
            (_, true) => Act::Session(Action::Resume),
            _ => Act::Session(Action::Pause),
        };
        model.acts.push(act);
    }
    hand.menu = menu;
}

/// What both hands hold, how far the thumbstick is pushed, and the button that sets a point.
fn read_holds(
    actions: Option<Res<Actions>>,
    session: Res<OxrSession>,
    time: Res<Time<Real>>,
    out: Res<Events>,
    root: Single<&Transform, (With<XrTrackingRoot>, Without<Aim>, Without<Other>)>,
    right: Option<Single<(&Transform, &XrSpaceLocationFlags), With<Aim>>>,
    left: Option<Single<(&Transform, &XrSpaceLocationFlags, &mut Visibility), (With<Other>, Without<Aim>)>>,
    bare: Res<BareHands>,
    mut pointing: ResMut<Pointing>,
    mut hands: ResMut<Hands>,
    mut hand: ResMut<Hand>,
    mut asked: ResMut<Asked>,
    mut pointer: ResMut<Pointer>,
) {
    let Some(a) = actions else { return };
    let s = session.deref().deref();
    let seen = |flags: &XrSpaceLocationFlags| flags.position_tracked && flags.rotation_tracked;
    let mut at = [None; 2];
    if let Some(left) = left {
        let (t, flags, mut visibility) = left.into_inner();
        at[0] = seen(flags).then(|| **root * *t);
        visibility.set_if_neq(if at[0].is_some() { Visibility::Visible } else { Visibility::Hidden });
    }
    at[1] = right.filter(|r| seen(r.1)).map(|r| **root * *r.0);
    pointing.bare[0] = at[0].is_none() && bare.0[0].is_some();
    let bare: [_; 2] = std::array::from_fn(|i| bare.0[i].filter(|_| at[i].is_none()));
    for (at, bare) in at.iter_mut().zip(bare) {
        *at = at.or(bare.map(|b| **root * b.aim));
    }
    let value = |action: &openxr::Action<f32>, side| {
        action.state(s, side).map_or(0.0, |v| if v.is_active { v.current_state } else { 0.0 })
    };
    let was = hands.closed;
    let closed = std::array::from_fn(|i| {
        let pull = bare[i].map_or_else(|| value(&a.grab, [a.left, a.right][i]), |b| b.fist);
        at[i].is_some() && pull > if was[i] { RELEASE } else { PRESS }
    });
    if closed != was {
        out.say(format_args!("holds {} {}", u8::from(closed[0]), u8::from(closed[1])));
    }
    let push = value(&a.scroll, a.right);
    if push.abs() > RESTS {
        pointer.scroll -= push * SCROLL * time.delta_secs().min(0.1);
    }
    let mark = a.mark.state(s, openxr::Path::NULL).is_ok_and(|v| v.is_active && v.current_state);
    let marked = mark && !hand.mark;
    if mark != hand.mark {
        out.say(format_args!("mark {}", if mark { "down" } else { "up" }));
    }
    hand.mark = mark;
    hand.asks.resize(a.asks.len(), false);
    for ((control, action), was) in a.asks.iter().zip(&mut hand.asks) {
        let down = action.state(s, openxr::Path::NULL).is_ok_and(|v| v.is_active && v.current_state);
        if down == std::mem::replace(was, down) {
            continue;
        }
        if down {
            asked.0.push(*control);
        }
        out.say(format_args!("{} {control:?}", if down { "asks" } else { "lets go of" }));
    }
    *hands = Hands { at, closed, marked };
}

fn draw_laser(
    pointer: Res<Pointer>,
    pointing: Res<Pointing>,
    mut bodies: Query<(&Body, &mut Visibility), (Without<Dot>, Without<Laser>)>,
    mut beam: Query<(&mut Transform, &mut Visibility), With<Laser>>,
    mut dot: Query<(&mut Transform, &mut Visibility), (With<Dot>, Without<Laser>)>,
    hand: Option<Single<&GlobalTransform, With<Aim>>>,
) {
    for (body, mut v) in &mut bodies {
        v.set_if_neq(if pointing.bare[body.0] { Visibility::Hidden } else { Visibility::Inherited });
    }
    let reach = pointer.reach;
    let touch = pointer.kind == PointerKind::Poke;
    for (mut t, mut v) in &mut beam {
        v.set_if_neq(if touch { Visibility::Hidden } else { Visibility::Inherited });
        t.scale = Vec3::new(1.0, 1.0, reach.unwrap_or(LONG_M));
    }
    // the dot is where the ray meets the board: ahead of the hand, or before the tip
    let at = match (hand, pointer.ray, reach) {
        (Some(hand), Some(ray), Some(reach)) if touch => hand.affine().inverse().transform_point3(ray.get_point(reach)),
        _ => Vec3::NEG_Z * reach.unwrap_or(LONG_M),
    };
    for (mut t, mut v) in &mut dot {
        v.set_if_neq(if reach.is_some() { Visibility::Inherited } else { Visibility::Hidden });
        t.translation = at;
    }
}

fn buzz(actions: Option<Res<Actions>>, session: Res<OxrSession>, mut pointer: ResMut<Pointer>) {
    if !std::mem::take(&mut pointer.touched) {
        return;
    }
    let Some(a) = actions else { return };
    let pulse = openxr::HapticVibration::new()
        .amplitude(0.3)
        .duration(openxr::Duration::from_nanos(20_000_000))
        .frequency(openxr::FREQUENCY_UNSPECIFIED);
    let _ = a.buzz.apply_feedback(session.deref().deref(), a.right, &pulse);
}

/// What the controller in use does, for the chart on it. The runtime may change its mind when another one is taken up.
fn shortcuts(
    time: Res<Time<Real>>,
    session: Res<OxrSession>,
    instance: Res<OxrInstance>,
    actions: Option<Res<Actions>>,
    bindings: Res<Bindings>,
    pointing: Res<Pointing>,
    out: Res<Events>,
    shown: Option<ResMut<Shortcuts>>,
    mut asked_s: Local<f32>,
) {
    let (Some(a), Some(mut shown)) = (actions, shown) else { return };
    *asked_s -= time.delta_secs();
    if *asked_s > 0.0 {
        return;
    }
    *asked_s = 1.0;
    let bare = pointing.bare[1];
    let s = session.deref().deref();
    let profile = s.current_interaction_profile(a.right).ok().filter(|p| *p != openxr::Path::NULL);
    let name = profile.and_then(|p| instance.path_to_string(p).ok()).unwrap_or_default();
    let name = name.trim_start_matches("/interaction_profiles/");
    let does = bindings.0.profiles.get(name);
    let all = if bare {
        // hands have no file: what they do is fixed
        let path = |hand: &str, part: &str| format!("{hand}/input/{part}/value");
        vec![
            (Control::Select, vec![path("right", "pinch")]),
            (Control::Grab, vec![path("left", "fist"), path("right", "fist")]),
        ]
    } else {
        does.map(|d| d.iter().map(|(c, p)| (*c, p.clone())).collect()).unwrap_or_default()
    };
    let profile = if bare { String::new() } else { name.to_owned() };
    if shown.profile != profile {
        out.say(format_args!("controllers {}", if profile.is_empty() { "none" } else { &profile }));
    }
    shown.set_if_neq(Shortcuts { profile, does: all });
}
