//! Pictures of moments: off-screen, no window, no winit, pipelines compiled before the picture is taken; or through the headset.

pub(crate) mod desk;

use crate::clinician_mode::review;
use crate::now::{Now, RoomData};
use crate::offscreen::{self, poll};
use crate::panel::{PanelKind, PanelsShown};
use crate::patient_mode::{Play, pitch_at};
use crate::room::RoomFiles;
use crate::seat::Seat;
use crate::tokens;
use crate::window::eye_bundle;
use crate::{ShowError, Shown, stamp};
use bevy::camera::{RenderTarget, ShadowLodOrigin};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use std::path::{Path, PathBuf};

/// Which picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The left eye of a headset.
    Left,
    /// The right eye.
    Right,
    /// The window.
    Window,
    /// One panel from straight ahead.
    Panel(PanelKind),
    /// One picture of a review's desk, as its camera draws it, by its place in [`views::NAMES`].
    Desk(usize),
}

/// How a review stands in its pictures.
#[derive(Clone, Debug, Default)]
pub struct ReviewOptions {
    /// Where the planes cross, DICOM patient coordinates, mm; None: at the isocentre.
    pub point: Option<[f64; 3]>,
    /// Window centre and width; None: as the image begins.
    pub window: Option<[f64; 2]>,
    /// Names of overlays that are left out.
    pub without: Vec<String>,
    /// Names of overlays that are shown though they begin hidden.
    pub with: Vec<String>,
    /// Modality of the image in grey, and of the one fused onto it; None: as it begins.
    pub images: [Option<String>; 2],
    /// Transfer function of the volume, by the name of its preset; None: as the image begins.
    pub preset: Option<String>,
    /// From where the room is seen: round the patient and over the horizon, degrees, and how far, metres.
    pub orbit: Option<[f32; 3]>,
    /// Mm of a pixel in a plane; None: as much as fits.
    pub pixel_mm: Option<f64>,
    /// How densely the dose shines in the volume, 0 to 1.
    pub shine: f32,
    /// Levels of dose, percent, whose surfaces stand in the room.
    pub surfaces: Vec<f64>,
    /// A plane askew across the beam.
    pub across_beam: bool,
    /// The dose delivered so far, in place of the plan's own.
    pub live: bool,
}

/// What to take a picture of, and where to.
pub struct CaptureOptions {
    /// Which pictures of each moment.
    pub views: Vec<View>,
    /// Pixels; None = what the headset's runtime recommends, [`SIZE`] off-screen.
    pub size: Option<[u32; 2]>,
    /// What the eyes of a headset are given, in place of pictures drawn off-screen.
    pub headset: bool,
    /// Panels and captions are drawn.
    pub panels: bool,
    /// Another place than the viewpoint's: eye and what it looks at, room frame, metres.
    pub from: Option<([f32; 3], [f32; 3])>,
    /// Turns the window's view from straight ahead: yaw and pitch, degrees.
    pub turn_deg: [f32; 2],
    /// It is a review, and stands like this.
    pub review: Option<ReviewOptions>,
}

/// One picture of several that are taken alike.
pub struct Shot {
    /// The session, set to its moment.
    pub play: Box<dyn Play>,
    /// PNG or JPEG files, one for each view.
    pub out: Vec<PathBuf>,
}

/// Pixels of a picture that nobody asked otherwise for.
pub const SIZE: [u32; 2] = [1600, 1000];

/// Frames drawn before the picture: light clusters are sized on the GPU and read back late.
const WARM: usize = 10;
/// Distance between the eyes, metres.
pub(crate) const BETWEEN_EYES_M: f32 = 0.063;
/// Field of view of a headset's eye and of the window (horizontal at 16:10), degrees.
pub(crate) const EYE_FIELD_DEG: f32 = 90.0;
const WINDOW_FIELD_DEG: f32 = 78.0;

#[derive(Resource, Default)]
struct Taken(Option<Image>);

/// Takes the pictures. A picture with somebody in it says in its pixels whose it is: a synthetic patient's, or one of whom
/// a rendered head is a recognisable face. `told` hears of each file that is written.
///
/// # Errors
/// No GPU, no headset, files that do not load, or a file that cannot be written.
pub fn capture(
    shown: Shown,
    shots: Vec<Shot>,
    options: &CaptureOptions,
    told: impl FnMut(&Path),
) -> Result<(), ShowError> {
    crate::trouble::told(|| {
        if options.headset {
            crate::xr::photograph::draw(shown, shots, options, told)
        } else {
            draw(shown, shots, options, told)
        }
    })?
}

fn draw(
    shown: Shown,
    shots: Vec<Shot>,
    options: &CaptureOptions,
    mut told: impl FnMut(&Path),
) -> Result<(), ShowError> {
    let mark = shown.case.as_ref().map(|c| stamp::Mark::of(c.0.synthetic));
    let review = options.review.as_ref().filter(|_| shown.review);
    let mut app = offscreen::build(shown, default(), |app| {
        app.insert_resource(PanelsShown(options.panels));
        if review.is_some() {
            app.add_plugins(review::desk_plugin);
        }
        if let Some(mark) = mark {
            app.insert_resource(mark).add_plugins(stamp::plugin);
        }
    });
    let size = options.size.unwrap_or(SIZE);
    let target = offscreen::target(&mut app, size);
    app.update();
    let camera = spawn_camera(app.world_mut(), size, &target);
    // the desk draws with egui itself: the mark has a camera of its own there
    let marker = if review.is_some() { desk::spawn_marker(app.world_mut(), &target) } else { camera };
    if mark.is_some() {
        app.world_mut().entity_mut(marker).insert(stamp::context(0));
    }
    for shot in shots {
        offscreen::change(&mut app, shot.play);
        if let Some(review) = review {
            desk::stand(app.world_mut(), review);
        }
        offscreen::until_it_stands(&mut app)?;
        for (view, out) in options.views.iter().zip(&shot.out) {
            if review.is_some() {
                let drawn = desk::look(app.world_mut(), camera, marker, view, size, &target, options);
                warm(&mut app, mark.is_some())?;
                offscreen::until_it_stands(&mut app)?;
                warm(&mut app, mark.is_some())?;
                take(&mut app, Screenshot::image(drawn), out)?;
                told(out);
                continue;
            }
            aim(app.world_mut(), camera, view, size, options);
            warm(&mut app, mark.is_some())?;
            take(&mut app, Screenshot::image(target.clone()), out)?;
            told(out);
        }
    }
    Ok(())
}

/// Draws until everything is as it will be.
fn warm(app: &mut App, marked: bool) -> Result<(), ShowError> {
    for _ in 0..WARM {
        app.update();
        poll(app);
    }
    // never a picture without its mark
    if marked && !stamp::everywhere(app.world_mut()) { Err(ShowError::NoPicture) } else { Ok(()) }
}

/// Takes one picture of what is drawn now.
///
/// # Errors
/// The card gives none, or the file cannot be written.
pub(crate) fn take(app: &mut App, what: Screenshot, out: &Path) -> Result<(), ShowError> {
    app.init_resource::<Taken>();
    app.world_mut()
        .spawn(what)
        .observe(|e: On<ScreenshotCaptured>, mut taken: ResMut<Taken>| taken.0 = Some(e.image.clone()));
    let mut image = None;
    for _ in 0..20 {
        app.update();
        poll(app);
        image = app.world_mut().resource_mut::<Taken>().0.take();
        if image.is_some() {
            break;
        }
    }
    let picture = image.ok_or(ShowError::NoPicture)?.try_into_dynamic().map_err(|_| ShowError::NoPicture)?;
    picture.to_rgb8().save(out).map_err(|e| ShowError::Write { file: out.to_owned(), why: e.to_string() })
}

fn spawn_camera(world: &mut World, size: [u32; 2], target: &Handle<Image>) -> Entity {
    let assets = world.resource::<AssetServer>().clone();
    let files = world.resource::<RoomFiles>().clone();
    world
        .spawn((
            Camera3d::default(),
            lens(&View::Window, size),
            RenderTarget::Image(target.clone().into()),
            ShadowLodOrigin,
            Transform::default(),
            eye_bundle(&assets, &files),
        ))
        .id()
}

/// How wide a view is.
fn lens(view: &View, [width, height]: [u32; 2]) -> Projection {
    let aspect_ratio = width as f32 / height as f32;
    let field = match view {
        View::Left | View::Right => EYE_FIELD_DEG,
        View::Window | View::Desk(_) => WINDOW_FIELD_DEG,
        View::Panel(_) => 46.0,
    };
    let fov = 2.0 * ((field.to_radians() * 0.5).tan() / aspect_ratio).atan();
    Projection::Perspective(PerspectiveProjection { fov, near: 0.03, aspect_ratio, ..default() })
}

fn aim(world: &mut World, camera: Entity, view: &View, size: [u32; 2], options: &CaptureOptions) {
    let now = world.resource::<Now>().state.viewpoint.clone();
    let place = world.resource::<RoomData>().0.viewpoints.get(&now).cloned();
    let mut seats = world.query_filtered::<&Transform, With<Seat>>();
    let seat = seats.iter(world).next().copied().unwrap_or_default();
    let pitch = place.as_ref().map_or(0.0, pitch_at);
    let [yaw, up] = options.turn_deg.map(f32::to_radians);
    let turned = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch * 0.5 - tokens::WINDOW_DOWN + up);
    let local = match view {
        View::Left | View::Right => {
            let side = if *view == View::Left { -0.5 } else { 0.5 };
            let turn = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch * 0.5 + up);
            Transform::from_rotation(turn) * Transform::from_xyz(side * BETWEEN_EYES_M, 0.0, 0.0)
        }
        View::Window | View::Desk(_) => Transform::from_rotation(turned),
        View::Panel(kind) => {
            let mut panels = world.query::<(&PanelKind, &Transform)>();
            let at = panels.iter(world).find(|p| p.0 == kind).map(|p| p.1.translation).unwrap_or(Vec3::NEG_Z);
            Transform::default().looking_to(at, Vec3::Y)
        }
    };
    let mut placed = seat * local;
    if let Some((eye, at)) = options.from {
        let side = match view {
            View::Left => -0.5,
            View::Right => 0.5,
            _ => 0.0,
        };
        placed = Transform::from_translation(eye.into()).looking_at(at.into(), Vec3::Y);
        placed.translation += placed.right() * side * BETWEEN_EYES_M;
    }
    world.entity_mut(camera).insert((placed, lens(view, size)));
}
