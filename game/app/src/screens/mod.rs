//! Screens in the room: the X-ray pictures of the person's own head, and what the cameras that keep watch see.

mod beams;
mod slab;
mod view;
mod watch;
mod xray;

use crate::now::{Case, Now, RoomData, Words};
use crate::third_party::egui::{Typefaces, style};
use crate::tokens;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::gltf::GltfMaterialName;
use bevy::light::NotShadowCaster;
use bevy::mesh::VertexAttributeValues;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_egui::egui::{self, TextureHandle};
use bevy_egui::{EguiContext, EguiSchedule};
use vestibule_scenario::{Screen, ScreenPicture};

/// The state's words for what is shown.
const REFERENCE: &str = "reference";
const XRAY: &str = "xray";
const BEAMS: &str = "beams";
const CAMERA: &str = "camera";
/// Pixels per metre of the X-ray screen: 1.1 pixels per pixel of a headset at arm's length and more.
const PIXELS_PER_M: f32 = 1100.0;
/// A lit picture stands this far before the dark one, metres.
const BEFORE_M: f32 = 0.0015;
/// Frames in which a picture that has changed is drawn: fonts and textures count from the next one.
const DRAWN: u32 = 4;
/// Where the greeting lies in the picture of the room's screens: right and lower edge as shares of it.
const GREETING: [f32; 2] = [0.5, 600.0 / 1024.0];
/// The material of all screens in the room's file.
const SCREENS: &str = "screen";

#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct DrawScreen;

/// A picture that is seen only while the session shows it.
#[derive(Component)]
struct Lit(ScreenPicture);

/// A picture that waits for the room's own material of screens.
#[derive(Component)]
struct Greeting;

/// Draws the X-ray screen, and for how many frames more.
#[derive(Component)]
struct Painter {
    frames: u32,
    told: Option<Page>,
}

/// What the person's own screen shows.
#[derive(Clone, Debug, PartialEq)]
enum Page {
    /// The views of the planning scan that the X-ray pictures are laid over.
    Reference,
    /// The X-ray pictures.
    Xray,
    /// Each beam's gantry angle (degrees) and hundredths of it that are done; which one is on.
    Beams(Vec<(f64, u8)>, Option<usize>),
}

impl Page {
    fn of(now: &Now, xray: &xray::Xray, case: Option<&Case>) -> Option<Self> {
        match now.state.shown.as_str() {
            REFERENCE => xray.pictures().map(|_| Self::Reference),
            XRAY => xray.pictures().map(|_| Self::Xray),
            BEAMS => {
                let plan = case.and_then(|c| c.patient.plans.get(c.plan))?;
                let mut left = now.state.delivered.spots;
                let beams = plan.beams.iter().map(|b| {
                    let (all, done) = (b.spot_count(), left.min(b.spot_count()));
                    left -= done;
                    (b.angles.gantry_deg, (done * 100 / all.max(1)) as u8)
                });
                let on = now.state.beam.as_ref().map(|b| b.beam);
                Some(Self::Beams(beams.collect(), on))
            }
            _ => None,
        }
    }
}

/// Screens and cameras.
pub fn plugin(app: &mut App) {
    app.init_resource::<xray::Xray>()
        .add_systems(Startup, spawn)
        .add_systems(
            Update,
            (
                greet,
                // nobody's picture is taken in a review
                xray::start.run_if(not(resource_exists::<crate::now::Reviewing>)),
                xray::stand,
                turn_on,
                watch::look,
                watch::lamp,
            )
                .chain(),
        )
        .add_systems(DrawScreen, draw);
}

/// Whether everything that the screens show now has been worked out.
pub fn ready(world: &World) -> bool {
    let shown = world.get_resource::<Now>().is_some_and(|n| [XRAY, REFERENCE].contains(&n.state.shown.as_str()));
    !shown || world.get_resource::<xray::Xray>().is_none_or(|x| x.settled())
}

fn spawn(
    mut commands: Commands,
    data: Res<RoomData>,
    assets: Res<AssetServer>,
    files: Res<crate::room::RoomFiles>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let seen = watch::spawn(&mut commands, &data.0, &assets, &files, &mut images, &mut meshes, &mut materials);
    for screen in &data.0.screens {
        let size = Vec2::from(screen.size_m.map(|v| v as f32));
        let image = match &screen.shows {
            ScreenPicture::Xray => {
                let pixels = (size * PIXELS_PER_M).as_uvec2();
                let image = Image::new_target_texture(pixels.x, pixels.y, TextureFormat::Rgba8UnormSrgb, None);
                let image = images.add(image);
                paint(&mut commands, &image);
                image
            }
            ScreenPicture::Camera(name) => match seen.get(name) {
                Some(image) => image.clone(),
                None => continue,
            },
        };
        let lit = materials.add(StandardMaterial {
            base_color: tokens::SCREEN_GLASS,
            emissive: LinearRgba::WHITE * tokens::unit() * tokens::SCREEN_SHOWN,
            emissive_texture: Some(image),
            emissive_exposure_weight: 1.0,
            perceptual_roughness: 0.7,
            ..default()
        });
        let face = meshes.add(Rectangle::from_size(size));
        let stand = commands.spawn((placed(screen), Visibility::Inherited)).id();
        let lit = commands
            .spawn((
                Lit(screen.shows.clone()),
                Mesh3d(face),
                MeshMaterial3d(lit),
                NotShadowCaster,
                Transform::from_xyz(0.0, 0.0, BEFORE_M),
                Visibility::Hidden,
            ))
            .id();
        commands.entity(stand).add_child(lit);
        if screen.case {
            let case = materials.add(StandardMaterial {
                base_color: tokens::SCREEN_CASE,
                perceptual_roughness: 0.45,
                lightmap_exposure: tokens::unit(),
                ..default()
            });
            let body = (Mesh3d(meshes.add(slab::case(size))), MeshMaterial3d(case), NotShadowCaster);
            let glass = (Greeting, Mesh3d(meshes.add(greeting(size))), NotShadowCaster, Transform::default());
            commands.entity(stand).with_child(body).with_child(glass);
        }
    }
}

/// A node whose +Z is where the screen faces.
fn placed(screen: &Screen) -> Transform {
    let turn = Quat::from_rotation_y(std::f32::consts::PI - (screen.heading_deg as f32).to_radians());
    Transform::from_translation(Vec3::from(screen.at_m.map(|v| v as f32))).with_rotation(turn)
}

/// A quad that shows the greeting's part of the room's screens.
fn greeting(size: Vec2) -> Mesh {
    let mut quad = Mesh::from(Rectangle::from_size(size));
    if let Some(VertexAttributeValues::Float32x2(uv)) = quad.attribute_mut(Mesh::ATTRIBUTE_UV_0) {
        for [u, v] in uv {
            (*u, *v) = (*u * GREETING[0], *v * GREETING[1]);
        }
    }
    quad
}

fn paint(commands: &mut Commands, image: &Handle<Image>) {
    commands.spawn((
        Painter { frames: 0, told: None },
        Camera2d,
        RenderLayers::none(),
        Msaa::Off,
        Tonemapping::None,
        RenderTarget::Image(image.clone().into()),
        Camera { order: -1, is_active: false, clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        EguiSchedule::new(DrawScreen),
        EguiContext::default(),
    ));
}

/// The greeting is drawn with the room's own material, without the occlusion that belongs to another shape.
fn greet(
    mut commands: Commands,
    waiting: Query<Entity, (With<Greeting>, Without<MeshMaterial3d<StandardMaterial>>)>,
    screens: Query<(&GltfMaterialName, &MeshMaterial3d<StandardMaterial>)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    for entity in &waiting {
        let Some(found) = screens.iter().find(|s| s.0.0 == SCREENS) else { return };
        let Some(material) = materials.get(&found.1.0) else { return };
        if material.emissive_exposure_weight == 0.0 {
            return; // not dressed yet
        }
        let own = StandardMaterial { occlusion_texture: None, ..material.clone() };
        commands.entity(entity).insert(MeshMaterial3d(materials.add(own)));
    }
}

/// Pictures are seen while the session shows them; the X-ray screen is drawn only when it has changed.
fn turn_on(
    now: Res<Now>,
    xray: Res<xray::Xray>,
    case: Option<Res<Case>>,
    mut lit: Query<(&Lit, &mut Visibility)>,
    mut painters: Query<(&mut Painter, &mut Camera)>,
) {
    let page = Page::of(&now, &xray, case.as_deref());
    for (lit, mut visible) in &mut lit {
        let on = match lit.0 {
            ScreenPicture::Xray => page.is_some(),
            ScreenPicture::Camera(_) => now.state.shown == CAMERA,
        };
        visible.set_if_neq(if on { Visibility::Inherited } else { Visibility::Hidden });
    }
    for (mut painter, mut camera) in &mut painters {
        if painter.told != page {
            painter.frames = if page.is_some() { DRAWN } else { 0 };
            painter.told.clone_from(&page);
        }
        let on = painter.frames > 0;
        if camera.is_active != on {
            camera.is_active = on;
        }
        painter.frames = painter.frames.saturating_sub(1);
    }
}

fn draw(
    mut contexts: Query<(&mut EguiContext, &Camera, &Painter)>,
    xray: Res<xray::Xray>,
    words: Res<Words>,
    case: Option<Res<Case>>,
    faces: Res<Typefaces>,
    mut styled: Local<bool>,
    mut textures: Local<Vec<TextureHandle>>,
) {
    let Ok((mut context, camera, painter)) = contexts.single_mut() else { return };
    let ctx = context.get_mut();
    if !*styled {
        *styled = true;
        style(ctx, &faces);
        return; // fonts count from the next pass
    }
    let (Some(page), true) = (&painter.told, camera.is_active) else { return };
    if textures.is_empty() {
        for (k, p) in xray.pictures().unwrap_or_default().iter().enumerate() {
            let grey = egui::ColorImage::from_gray(p.size, &p.grey);
            textures.push(ctx.load_texture(format!("xray {k}"), grey, egui::TextureOptions::LINEAR));
        }
    }
    let synthetic = case.is_some_and(|c| c.patient.synthetic);
    let mark = synthetic.then(|| words.get("screen-synthetic"));
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new("screen"), builder);
    let mark = mark.as_deref();
    match page {
        Page::Reference => view::radiographs(&mut ui, &words.get("screen-reference"), mark, &textures, tokens::PLANNED),
        Page::Xray => view::radiographs(&mut ui, &words.get("screen-xray"), mark, &textures, tokens::WHITE),
        Page::Beams(beams, on) => beams::progress(&mut ui, &words.get("screen-beams"), mark, beams, *on),
    }
}
