//! The four pictures of the desk: three planes, each by a camera of its own that sees only that plane, and the room.

use crate::anatomy::PatientFrame;
use crate::now::{Case, RoomData};
use crate::opening::OnTheWay;
use crate::overlay::cuts::Frame;
use crate::overlay::slices::{layer, lines};
use crate::overlay::structures::{ASKEW, LineWidth};
use crate::overlay::{Cuts, compare, layers};
use crate::panel::turns::Awake;
use crate::room::RoomFiles;
use crate::tokens;
use crate::window::eye_bundle;
use bevy::camera::visibility::RenderLayers;
use bevy::camera::{RenderTarget, ScalingMode, ShadowLodOrigin};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::image::ImageSampler;
use bevy::light::cluster::ClusterConfig;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use nalgebra::Point3;
use vestibule_geometry::AnatomicalPlane;

/// Pixels before anybody has asked for a size.
const FIRST: u32 = 64;
/// Distance of a plane's camera from it, and how far it sees, metres.
const AWAY_M: f32 = 0.5;
/// Metres of a mm at life size.
const MM: f32 = 0.001;
/// Vertical field of view of the room's picture, degrees.
pub(super) const FIELD_DEG: f32 = 46.0;
/// Nearest and farthest look at the room, metres.
const DISTANCE_M: [f32; 2] = [0.15, 4.0];

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A plane, flat.
    Plane(AnatomicalPlane),
    /// The room, from a point that goes round the patient.
    Room,
    /// The plane that stands askew, flat.
    Slant,
}

/// Names for files and calls.
pub const NAMES: [(&str, Shows); 5] = [
    ("axial", Shows::Plane(AnatomicalPlane::Axial)),
    ("room", Shows::Room),
    ("coronal", Shows::Plane(AnatomicalPlane::Coronal)),
    ("sagittal", Shows::Plane(AnatomicalPlane::Sagittal)),
    ("slant", Shows::Slant),
];
/// The place of the plane that stands askew.
pub const SLANT: usize = 4;
/// Of those, the ones that are seen together.
pub const TOGETHER: usize = 4;

/// One picture.
#[derive(Clone, Debug)]
pub struct View {
    /// What it shows.
    pub shows: Shows,
    /// Of a plane: the layers that its camera sees.
    pub layers: RenderLayers,
    /// A and B where two doses are side by side.
    pub label: &'static str,
    /// The picture.
    pub image: Handle<Image>,
    /// Pixels that are wanted.
    pub size: UVec2,
    /// Of a plane: mm a pixel; None: as much as fits.
    pub mm_per_pixel: Option<f64>,
    /// Of a plane: what is in the middle of the picture, mm from the middle of the plane, to the right and up.
    pub pan_mm: [f64; 2],
}

impl View {
    /// The plane that it shows; None of the room, or where no plane stands askew.
    pub fn frame(&self, cuts: &Cuts) -> Option<Frame> {
        match self.shows {
            Shows::Plane(plane) => Some(cuts.body_frame(plane)),
            Shows::Slant => cuts.slant,
            Shows::Room => None,
        }
    }

    /// Mm of a pixel that are drawn.
    pub fn scale(&self, cuts: &Cuts) -> f64 {
        let Some(frame) = self.frame(cuts) else { return 1.0 };
        let [width, height] = frame.size();
        let fit = (width / f64::from(self.size.x.max(1))).max(height / f64::from(self.size.y.max(1)));
        self.mm_per_pixel.unwrap_or(fit).clamp(0.02, 10.0)
    }

    /// The point of the patient under a pixel (from the upper left corner), in a plane.
    pub fn point(&self, cuts: &Cuts, pixel: [f64; 2]) -> Option<Point3<f64>> {
        let frame = self.frame(cuts)?;
        let [right, up, _] = frame.directions();
        let mm = self.scale(cuts);
        let x = (pixel[0] - f64::from(self.size.x) * 0.5) * mm + self.pan_mm[0];
        let y = (f64::from(self.size.y) * 0.5 - pixel[1]) * mm + self.pan_mm[1];
        Some(frame.middle() + right * x + up * y)
    }

    /// The pixel over which a point of the patient is seen, in a plane.
    pub fn pixel(&self, cuts: &Cuts, p: &Point3<f64>) -> Option<[f64; 2]> {
        let frame = self.frame(cuts)?;
        let [right, up, _] = frame.directions();
        let from = p - frame.middle();
        let mm = self.scale(cuts);
        let x = (from.dot(&right) - self.pan_mm[0]) / mm + f64::from(self.size.x) * 0.5;
        let y = f64::from(self.size.y) * 0.5 - (from.dot(&up) - self.pan_mm[1]) / mm;
        Some([x, y])
    }
}

/// Where the room is looked at from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Round the patient and over the horizon, radians.
    pub turn: [f32; 2],
    /// From what is looked at, metres.
    pub distance_m: f32,
    /// What is looked at, from the isocentre, room frame, metres.
    pub offset_m: Vec3,
}

impl Default for Orbit {
    fn default() -> Self {
        Self { turn: [0.75, 0.42], distance_m: 0.72, offset_m: Vec3::ZERO }
    }
}

impl Orbit {
    /// Turns by pixels of dragging.
    pub fn drag(&mut self, by: Vec2) {
        self.turn[0] -= by.x * 0.006;
        self.turn[1] = (self.turn[1] + by.y * 0.006).clamp(-1.3, 1.5);
    }

    /// Shifts by pixels of dragging.
    pub fn shift(&mut self, by: Vec2) {
        let pose = self.pose(0.0);
        let metres = self.distance_m * 0.0012;
        self.offset_m += (pose.right() * -by.x + pose.up() * by.y) * metres;
        self.offset_m = self.offset_m.clamp_length_max(2.0);
    }

    /// Nearer (> 1) or farther (< 1).
    pub fn zoom(&mut self, by: f32) {
        self.distance_m = (self.distance_m / by.max(0.01)).clamp(DISTANCE_M[0], DISTANCE_M[1]);
    }

    /// The camera's pose.
    pub fn pose(&self, isocentre_height_m: f32) -> Transform {
        let at = Vec3::new(0.0, isocentre_height_m, 0.0) + self.offset_m;
        let turn = Quat::from_rotation_y(self.turn[0]) * Quat::from_rotation_x(-self.turn[1]);
        Transform::from_translation(at + turn * Vec3::Z * self.distance_m).with_rotation(turn)
    }
}

/// All four pictures, and from where the room is seen.
#[derive(Resource)]
pub struct Views {
    /// In the order of [`NAMES`].
    pub list: Vec<View>,
    /// From where the room is seen.
    pub orbit: Orbit,
    /// One that fills the desk.
    pub large: Option<usize>,
}

/// The board that shows a plane.
#[derive(Component)]
pub(super) struct ShowsPlane;

/// There where the room is seen otherwise: its picture is not drawn.
#[derive(Resource)]
pub(super) struct WithoutRoom;

/// There beside a headset: pictures of the desk are drawn a few times a second.
#[derive(Resource, Default)]
pub(super) struct Seldom {
    since_s: f32,
}

/// Pictures a second beside a headset.
const SELDOM_HZ: f32 = 10.0;

/// The camera of one.
#[derive(Component)]
pub(super) struct Sees(usize);

pub(super) fn spawn(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    assets: Res<AssetServer>,
    files: Res<RoomFiles>,
    without: Option<Res<WithoutRoom>>,
) {
    let mut list = Vec::new();
    for (i, (_, shows)) in NAMES.into_iter().enumerate() {
        let mut image = Image::new_target_texture(FIRST, FIRST, TextureFormat::Rgba8UnormSrgb, None);
        image.sampler = ImageSampler::nearest();
        let image = images.add(image);
        let target = RenderTarget::Image(image.clone().into());
        let camera =
            Camera { order: -20 + i as isize, clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() };
        let layers = match shows {
            Shows::Plane(plane) => RenderLayers::layer(layer(plane)),
            Shows::Slant => RenderLayers::layer(layers::ASKEW),
            Shows::Room => RenderLayers::layer(0),
        };
        match shows {
            Shows::Plane(_) | Shows::Slant => {
                let lens = OrthographicProjection {
                    scaling_mode: ScalingMode::FixedVertical { viewport_height: 0.3 },
                    near: 0.0,
                    far: 2.0 * AWAY_M,
                    ..OrthographicProjection::default_3d()
                };
                commands.spawn((
                    Sees(i),
                    Camera3d::default(),
                    ClusterConfig::Single, // nothing here is lit
                    camera,
                    Projection::Orthographic(lens),
                    target,
                    Tonemapping::None,
                    Msaa::Sample4,
                    Transform::default(),
                    layers.clone(),
                ));
            }
            Shows::Room if without.is_some() => {}
            Shows::Room => {
                let lens = PerspectiveProjection { fov: FIELD_DEG.to_radians(), near: 0.03, ..default() };
                commands.spawn((
                    Sees(i),
                    Camera3d::default(),
                    camera,
                    Projection::Perspective(lens),
                    target,
                    ShadowLodOrigin,
                    RenderLayers::layer(0),
                    Transform::default(),
                    eye_bundle(&assets, &files),
                ));
            }
        }
        list.push(View {
            shows,
            layers,
            label: "",
            image,
            size: UVec2::splat(FIRST),
            mm_per_pixel: None,
            pan_mm: [0.0; 2],
        });
    }
    commands.insert_resource(Views { list, orbit: Orbit::default(), large: None });
}

/// Two doses side by side take the places of two planes: A, B and what B has more, all in one plane.
pub(super) fn side_by_side(world: &mut World) {
    let plane = compare::stands(world).then(|| world.resource::<compare::Compare>().plane);
    let Some(mut views) = world.get_resource_mut::<Views>() else { return };
    let lead = (views.list[0].mm_per_pixel, views.list[0].pan_mm);
    for (i, (_, usual)) in NAMES.into_iter().enumerate() {
        let place = [Some(0), None, Some(1), Some(2), None][i];
        let (Shows::Plane(own), Some(place)) = (usual, place) else { continue };
        let (shows, layers, label) = match plane {
            None => (own, RenderLayers::layer(layer(own)), ""),
            Some(plane) if place == 0 => (plane, RenderLayers::layer(layer(plane)), "A"),
            Some(plane) => {
                let layers = RenderLayers::layer(layers::COMPARED[place - 1]).with(lines(plane));
                (plane, layers, ["B", "B − A"][place - 1])
            }
        };
        let view = &views.list[i];
        if view.shows != Shows::Plane(shows) || view.layers != layers || view.label != label {
            let view = &mut views.list[i];
            (view.shows, view.layers, view.label) = (Shows::Plane(shows), layers, label);
            (view.mm_per_pixel, view.pan_mm) = (None, [0.0; 2]);
        }
        // what is compared is seen at one scale
        if plane.is_some() && (views.list[i].mm_per_pixel, views.list[i].pan_mm) != lead {
            (views.list[i].mm_per_pixel, views.list[i].pan_mm) = lead;
        }
    }
}

/// Pictures of the size that is wanted, cameras where they belong.
pub(super) fn place(
    views: Option<Res<Views>>,
    cuts: Res<Cuts>,
    room: Res<RoomData>,
    mut width: ResMut<LineWidth>,
    mut images: ResMut<Assets<Image>>,
    (time, seldom): (Res<Time<Real>>, Option<ResMut<Seldom>>),
    (without, boards): (Option<Res<WithoutRoom>>, Query<&Awake, With<ShowsPlane>>),
    (case, way): (Option<Res<Case>>, Option<Res<OnTheWay>>),
    frame: Option<Single<&Transform, (With<PatientFrame>, Without<Sees>)>>,
    mut cameras: Query<(&Sees, &mut Transform, &mut Projection, &mut Camera, &mut RenderLayers)>,
) {
    let (Some(views), Some(frame)) = (views, frame) else { return };
    let due = seldom.is_none_or(|mut s| {
        s.since_s += time.delta_secs();
        let due = s.since_s >= 1.0 / SELDOM_HZ;
        s.since_s = if due { 0.0 } else { s.since_s };
        due
    });
    // without a desk a plane is seen on its board alone: drawn when that is painted
    let due = due && (without.is_none() || boards.iter().any(|b| b.now));
    // the first word that somebody is on the way does not wait for pictures of nobody
    let due = due && (case.is_some() || way.is_none());
    for (sees, mut pose, mut lens, mut camera, mut layers) in &mut cameras {
        let view = &views.list[sees.0];
        // what the room's camera sees is not only ours to say: the volume gives each eye a layer of its own
        if view.shows != Shows::Room {
            layers.set_if_neq(view.layers.clone());
        }
        let seen = views.large.map_or(sees.0 < TOGETHER, |l| l == sees.0);
        if camera.is_active != (seen && due) {
            camera.is_active = seen && due;
        }
        let size = view.size.max(UVec2::ONE);
        if images.get(&view.image).is_some_and(|i| i.size() != size)
            && let Some(mut image) = images.get_mut(&view.image)
        {
            image.resize(bevy::render::render_resource::Extent3d {
                width: size.x,
                height: size.y,
                depth_or_array_layers: 1,
            });
        }
        if view.shows == Shows::Room {
            pose.set_if_neq(views.orbit.pose(room.0.isocentre_height_m as f32));
            continue;
        }
        let Some(shown) = view.frame(&cuts) else { continue };
        let mm = view.scale(&cuts);
        let [right, up, out] = shown.directions();
        let middle = shown.middle() + right * view.pan_mm[0] + up * view.pan_mm[1];
        let to = |v: nalgebra::Vector3<f64>| Vec3::new(v.x as f32, v.y as f32, v.z as f32);
        let turn = frame.rotation * Quat::from_mat3(&Mat3::from_cols(to(right), to(up), to(out)));
        let at = frame.transform_point(to(middle.coords)) + turn * Vec3::Z * AWAY_M;
        pose.set_if_neq(Transform { translation: at, rotation: turn, ..default() });
        let height = (mm * f64::from(size.y) * 1e-3) as f32;
        if let Projection::Orthographic(o) = lens.bypass_change_detection()
            && !matches!(o.scaling_mode, ScalingMode::FixedVertical { viewport_height } if viewport_height == height)
            && let Projection::Orthographic(o) = &mut *lens
        {
            o.scaling_mode = ScalingMode::FixedVertical { viewport_height: height };
        }
        let across = match view.shows {
            Shows::Plane(plane) => plane.across(),
            Shows::Slant => ASKEW,
            Shows::Room => continue,
        };
        // a picture that nobody has laid out has no pixels to measure by: the room's own width then
        let laid_out = seen && view.size != UVec2::splat(FIRST);
        let line = if laid_out { mm * f64::from(tokens::OUTLINE_PIXELS) } else { LineWidth::default().0[across] };
        // a patient who stands larger than life has lines no thicker
        let line = line / f64::from(frame.scale.x / MM).max(1.0);
        if width.0[across] != line {
            width.0[across] = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_points_are_each_others_inverse() {
        let mut cuts =
            Cuts { bounds: [Point3::new(-100.0, -50.0, -80.0), Point3::new(100.0, 150.0, 80.0)], ..Cuts::default() };
        cuts.go(Point3::new(5.0, 60.0, -20.0));
        for plane in AnatomicalPlane::ALL {
            let view = View {
                shows: Shows::Plane(plane),
                layers: RenderLayers::layer(layer(plane)),
                label: "",
                image: Handle::default(),
                size: UVec2::new(400, 300),
                mm_per_pixel: None,
                pan_mm: [3.0, -7.0],
            };
            let p = view.point(&cuts, [100.5, 20.0]).unwrap();
            assert!((p[plane.across()] - cuts.at[plane.across()]).abs() < 1e-9);
            let back = view.pixel(&cuts, &p).unwrap();
            assert!((back[0] - 100.5).abs() < 1e-9 && (back[1] - 20.0).abs() < 1e-9);
        }
        // an axial picture: the patient's left on the right, the back below
        let view = View {
            shows: Shows::Plane(AnatomicalPlane::Axial),
            layers: RenderLayers::layer(layer(AnatomicalPlane::Axial)),
            label: "",
            image: Handle::default(),
            size: UVec2::new(200, 200),
            mm_per_pixel: Some(1.0),
            pan_mm: [0.0; 2],
        };
        assert_eq!(view.point(&cuts, [100.0, 100.0]).unwrap(), Point3::new(0.0, 50.0, -20.0));
        assert_eq!(view.point(&cuts, [110.0, 130.0]).unwrap(), Point3::new(10.0, 80.0, -20.0));
    }

    #[test]
    fn the_room_is_looked_at_from_outside() {
        let pose = Orbit::default().pose(1.25);
        let to = Vec3::new(0.0, 1.25, 0.0) - pose.translation;
        assert!((to.length() - 0.72).abs() < 1e-4 && to.normalize().dot(pose.forward().into()) > 0.9999);
        assert!(pose.translation.y > 1.25);
    }
}
