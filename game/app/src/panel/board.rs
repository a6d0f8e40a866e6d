//! A quad in the world with an egui context of its own: what a pointer can be on.

use super::plate::PlateMaterial;
use super::turns::{Awake, InTurn};
use bevy::camera::visibility::RenderLayers;
use bevy::camera::{ImageRenderTarget, RenderTarget};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_egui::EguiSchedule;
use bevy_egui::egui::{Pos2, pos2};

/// A quad and its egui context.
#[derive(Component)]
pub struct Board {
    /// Width and height, metres.
    pub size_m: Vec2,
    /// Points of egui in a metre of the board.
    pub points_per_m: f32,
    /// The camera that draws it.
    pub context: Entity,
    pub(super) pointer: Option<Pos2>,
    pub(super) held: bool,
    /// Where the gaze rests, and how much of the time that presses has passed, 0 to 1.
    pub gaze: Option<(Pos2, f32)>,
}

impl Board {
    /// Nobody points at it.
    pub fn new(size_m: Vec2, points_per_m: f32, context: Entity) -> Self {
        Self { size_m, points_per_m, context, pointer: None, held: false, gaze: None }
    }

    /// Width and height in egui's points.
    pub fn points(&self) -> Vec2 {
        self.size_m * self.points_per_m
    }

    /// From egui's points to metres from the board's middle, right and up.
    pub fn at(&self, p: Pos2) -> Vec2 {
        Vec2::new(p.x, -p.y) / self.points_per_m + self.size_m * Vec2::new(-0.5, 0.5)
    }

    /// Point in egui's units under a ray, and its distance along it.
    pub(super) fn hit(&self, place: &GlobalTransform, ray: Ray3d) -> Option<(Pos2, f32)> {
        let at = ray.plane_intersection_point(place.translation(), InfinitePlane3d::new(place.back()))?;
        let local = place.affine().inverse().transform_point3(at);
        let (x, y) = (local.x + self.size_m.x * 0.5, self.size_m.y * 0.5 - local.y);
        Some((pos2(x * self.points_per_m, y * self.points_per_m), at.distance(ray.origin)))
    }
}

/// A board that is yet to stand.
pub struct Plan<S> {
    /// Its size in egui's points.
    pub points: Vec2,
    /// Points in a metre.
    pub points_per_m: f32,
    /// Pixels of its picture a point.
    pub pixels: f32,
    /// In which it is drawn.
    pub schedule: S,
}

/// Sets up a board that things in the room may hide, and that is painted in its turn; gives the quad, hidden, without a place.
pub fn stand<S: ScheduleLabel>(
    plan: Plan<S>,
    commands: &mut Commands,
    images: &mut Assets<Image>,
    meshes: &mut Assets<Mesh>,
    materials: &mut Assets<PlateMaterial>,
) -> Entity {
    let pixels = (plan.points * plan.pixels).as_uvec2();
    let image = images.add(Image::new_target_texture(pixels.x, pixels.y, TextureFormat::Rgba8UnormSrgb, None));
    let context = commands
        .spawn((
            Camera2d,
            RenderLayers::none(),
            Msaa::Off,
            Tonemapping::None,
            RenderTarget::Image(ImageRenderTarget { handle: image.clone(), scale_factor: plan.pixels }),
            Camera { order: -1, clear_color: ClearColorConfig::Custom(Color::NONE), ..default() },
            EguiSchedule::new(plan.schedule),
        ))
        .id();
    let size = plan.points / plan.points_per_m;
    commands
        .spawn((
            Board::new(size, plan.points_per_m, context),
            (InTurn, Awake::default()),
            NotShadowCaster,
            Mesh3d(meshes.add(Rectangle::from_size(size))),
            MeshMaterial3d(materials.add(PlateMaterial { picture: image, over: false })),
            Transform::default(),
            Visibility::Hidden,
        ))
        .id()
}
