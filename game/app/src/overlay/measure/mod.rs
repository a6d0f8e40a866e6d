//! Measuring: points set at the cross, the distances between them and the angle at the second; a ball about the cross and what the
//! images and the dose are in it, or in a structure.

mod region;

use super::structures::Structures;
use super::widgets::{choice, mark, number};
use super::{Cuts, Family, Legend, Overlay, join};
use crate::anatomy::PatientFrame;
use crate::now::Words;
use crate::opening::CaseWhole;
use crate::tokens;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Ui};
use nalgebra::Point3;
use region::Counted;
use serde::{Deserialize, Serialize};

/// Name in the family.
pub const ID: &str = "measure";
/// Points that are kept: two make a distance, three an angle.
const MOST: usize = 3;
/// Thickness of a line and of a point in the room, mm.
const LINE_MM: f32 = 1.2;
const POINT_MM: f32 = 2.4;

/// Points, DICOM patient coordinates, mm.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measure {
    /// In the order in which they were set.
    pub points: Vec<Point3<f64>>,
    /// Radius of the ball, mm.
    pub radius_mm: f64,
    /// The structure that is counted in place of the ball, by its place in the list.
    pub structure: Option<usize>,
}

impl Default for Measure {
    fn default() -> Self {
        Self { points: Vec::new(), radius_mm: 5.0, structure: None }
    }
}

impl Measure {
    /// From each point to the next, mm.
    pub fn distances(&self) -> Vec<f64> {
        self.points.windows(2).map(|p| (p[1] - p[0]).norm()).collect()
    }

    /// At the second of three points, degrees; None where two of them lie on one another.
    pub fn angle_deg(&self) -> Option<f64> {
        let [a, b, c] = self.points.as_slice() else { return None };
        let (u, v) = (a - b, c - b);
        (u.norm() > 1e-9 && v.norm() > 1e-9).then(|| u.angle(&v).to_degrees())
    }
}

/// Sets a point at the cross; the fourth begins anew.
pub fn set_point(world: &mut World) {
    let at = world.resource::<Cuts>().at;
    let mut measure = world.resource_mut::<Measure>();
    if measure.points.len() == MOST {
        measure.points.clear();
    }
    measure.points.push(at);
}

#[derive(Component)]
struct Shape;

/// Measuring.
pub fn plugin(app: &mut App) {
    join(app, Overlay { id: ID, legend, controls, page: None, for_patients: None, settled: region::settled, on: true });
    app.init_resource::<Measure>()
        .init_resource::<Counted>()
        .add_systems(Update, (draw, region::count))
        .add_systems(CaseWhole, region::anew);
}

/// Lines and points in the room.
fn draw(
    mut commands: Commands,
    measure: Res<Measure>,
    family: Res<Family>,
    frame: Option<Single<Entity, With<PatientFrame>>>,
    shapes: Query<Entity, With<Shape>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut drawn: Local<Option<(Vec<Point3<f64>>, bool)>>,
) {
    let Some(frame) = frame else { return };
    let want = (measure.points.clone(), family.on(ID));
    if drawn.as_ref() == Some(&want) {
        return;
    }
    for shape in &shapes {
        commands.entity(shape).despawn();
    }
    let colour = Color::srgba_u8(tokens::AMBER.r(), tokens::AMBER.g(), tokens::AMBER.b(), 255);
    let material = materials.add(StandardMaterial { base_color: colour, unlit: true, ..default() });
    let to = |p: &Point3<f64>| Vec3::new(p.x as f32, p.y as f32, p.z as f32);
    let mut stand = |mesh: Mesh, place: Transform| {
        let shape = (Shape, Mesh3d(meshes.add(mesh)), MeshMaterial3d(material.clone()), place, NotShadowCaster);
        let shape = commands.spawn(shape).id();
        commands.entity(*frame).add_child(shape);
    };
    for p in want.0.iter().filter(|_| want.1) {
        stand(Sphere::new(POINT_MM).mesh().uv(16, 10), Transform::from_translation(to(p)));
    }
    for p in want.0.windows(2).filter(|_| want.1) {
        let (a, b) = (to(&p[0]), to(&p[1]));
        let Some(along) = (b - a).try_normalize() else { continue };
        let turn = Quat::from_rotation_arc(Vec3::Y, along);
        let place = Transform::from_translation((a + b) * 0.5).with_rotation(turn);
        stand(Cylinder::new(LINE_MM * 0.5, a.distance(b)).mesh().build(), place);
    }
    *drawn = Some(want);
}

fn controls(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let mut measure = world.resource::<Measure>().clone();
    ui.horizontal_wrapped(|ui| {
        let set = ui.button(words.get("measure-set"));
        mark(ui, "measure", &set);
        if set.clicked() {
            set_point(world);
            measure = world.resource::<Measure>().clone();
        }
        if ui.add_enabled(!measure.points.is_empty(), egui::Button::new(words.get("measure-clear"))).clicked() {
            measure.points.clear();
        }
    });
    let mut line: Vec<String> = measure.distances().iter().map(|mm| format!("{mm:.1} mm")).collect();
    line.extend(measure.angle_deg().map(|deg| format!("{deg:.1}°")));
    if !line.is_empty() {
        ui.label(RichText::new(line.join("     ")).color(tokens::AMBER));
    }
    regions(ui, world, &words, &mut measure);
    world.resource_mut::<Counted>().bypass_change_detection().looked_at = true;
    let counted = world.resource::<Counted>();
    for text in &counted.lines {
        let colour = if counted.goes_on() { tokens::DESK_SOFT } else { tokens::DESK_TEXT };
        ui.label(RichText::new(text).size(tokens::DESK_TYPE[1]).color(colour));
    }
    if *world.resource::<Measure>() != measure {
        *world.resource_mut::<Measure>() = measure;
    }
}

/// The ball about the cross, or a structure.
fn regions(ui: &mut Ui, world: &World, words: &Words, measure: &mut Measure) {
    let list = &world.resource::<Structures>().list;
    let ball = words.get("measure-ball");
    let shown = measure.structure.and_then(|at| list.get(at)).map_or(&ball, |e| &e.name).clone();
    choice(ui, "region", &shown, |ui| {
        ui.selectable_value(&mut measure.structure, None, &ball);
        for (at, entry) in list.iter().enumerate().filter(|e| e.1.middle.is_some()) {
            ui.selectable_value(&mut measure.structure, Some(at), &entry.name);
        }
    });
    if measure.structure.is_none() {
        ui.horizontal(|ui| {
            ui.label(words.get("measure-radius"));
            ui.add(number(&mut measure.radius_mm, 0.1).range(0.5..=50.0).suffix(" mm"));
        });
    }
}

fn legend(world: &World) -> Legend {
    let Some(words) = world.get_resource::<Words>() else { return Legend::default() };
    Legend { source: words.get("measure-source"), unit: "mm".to_owned(), ..Legend::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_the_angle_at_the_second_point() {
        let p = |x: f64, y: f64| Point3::new(x, y, 0.0);
        let mut m = Measure { points: vec![p(3.0, 0.0), p(0.0, 0.0)], ..Measure::default() };
        assert_eq!((m.distances(), m.angle_deg()), (vec![3.0], None));
        m.points.push(p(0.0, -4.0));
        assert_eq!(m.distances(), [3.0, 4.0]);
        assert!((m.angle_deg().unwrap() - 90.0).abs() < 1e-9);
        m.points[2] = m.points[1];
        assert_eq!(m.angle_deg(), None);
    }
}
