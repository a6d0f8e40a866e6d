//! The desk round a clinician in the headset: what lies over the patient at the left, time below, planes and charts at the right, and
//! beside the laser what is under it. Boards stand where they are, never locked to the head.

use super::boards::{self, Boards};
use super::chart::{self, Shortcuts};
use super::desk::{self, dress};
use super::play::Transport;
use super::views::{NAMES, SLANT, Views};
use super::{picture, time_bar, views};
use crate::events::Events;
use crate::now::{Case, Words};
use crate::opening::{self, OnTheWay};
use crate::overlay::measure::Measure;
use crate::overlay::slices::Viewing;
use crate::overlay::widgets::{mark, take_marks};
use crate::overlay::{Cuts, Family, dose};
use crate::panel::board::{Board, Plan, stand};
use crate::panel::plate::PlateMaterial;
use crate::panel::{Act, PanelModel, Pointer};
use crate::people::Named;
use crate::placing::{Hands, Place, Placing, choose};
use crate::pointing::Pointed;
use crate::seat::{Eye, Seat, looker};
use crate::third_party::egui::Typefaces;
use crate::tokens;
use bevy::camera::RenderTarget;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_egui::EguiContext;
use bevy_egui::egui::{self, Color32, Margin, RichText, Stroke, Ui};
use bevy_mod_xr::camera::XrCamera;

/// One board of the cockpit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Component)]
enum Part {
    /// Whose plan it is and what lies over the patient.
    Side,
    /// Time.
    Time,
    /// Planes and charts.
    Pages,
    /// What is under the laser.
    Probe,
    /// What the buttons do.
    Chart,
}

/// Those that can be moved come first.
const PARTS: [Part; 5] = [Part::Side, Part::Time, Part::Pages, Part::Probe, Part::Chart];

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::Time => "time",
            Self::Pages => "pages",
            Self::Probe => "probe",
            Self::Chart => "chart",
        }
    }

    /// Width and height, points.
    fn points(self) -> Vec2 {
        match self {
            Self::Side => Vec2::new(420.0, 654.0),
            Self::Time => Vec2::new(700.0, 204.0),
            Self::Pages => Vec2::new(450.0, 614.0),
            Self::Probe => Vec2::new(250.0, 84.0),
            Self::Chart => Vec2::new(400.0, 290.0),
        }
    }

    /// Whether larger text takes room from the rest of the board, which scrolls or shrinks. Else the whole board is larger.
    fn gives_room(self) -> bool {
        matches!(self, Self::Side | Self::Pages)
    }

    /// Which of those that can be moved; None: it goes with a hand.
    fn moves(self) -> Option<usize> {
        Some(self as usize).filter(|i| *i < boards::COUNT)
    }
}

/// Where the probe stands: along the laser, and over it, metres.
const PROBE_M: [f32; 2] = [0.05, 0.03];

/// Which page the board at the right shows: a plane by its place among the views, or the charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Plane(usize),
    Charts,
}

/// The cockpit.
#[derive(Resource)]
struct Cockpit {
    page: Page,
    /// Whose controls the board at the left shows, by its place in the family.
    chosen: usize,
    styled: [bool; PARTS.len()],
    /// What a test was told: buttons of each board, where boards stand, the cross, what was measured.
    places: [Vec<(String, [f32; 2])>; PARTS.len()],
    stood: [Option<Transform>; PARTS.len()],
    told: [String; 3],
    /// How long somebody has looked at the controller with the chart, seconds.
    looked_s: f32,
    /// What it was told stands on the pages.
    texts: Vec<String>,
}

impl Default for Cockpit {
    fn default() -> Self {
        Self {
            page: Page::Plane(0),
            chosen: 0,
            styled: Default::default(),
            places: Default::default(),
            stood: Default::default(),
            told: Default::default(),
            looked_s: 0.0,
            texts: Vec::new(),
        }
    }
}

#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct Draw(usize);

/// Boards round the seat.
pub fn plugin(app: &mut App) {
    app.add_plugins((boards::plugin, chart::plugin))
        .init_resource::<Cockpit>()
        .init_resource::<Shortcuts>()
        .add_systems(Startup, spawn)
        .add_systems(Update, (place.in_set(chart::Placed), enlarge, turn, pages).chain())
        .add_systems(Last, tell_state)
        .add_systems(Draw(0), draw::<0>)
        .add_systems(Draw(1), draw::<1>)
        .add_systems(Draw(2), draw::<2>)
        .add_systems(Draw(3), draw::<3>)
        .add_systems(Draw(4), draw::<4>);
}

fn spawn(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<PlateMaterial>>,
    seat: Single<Entity, With<Seat>>,
) {
    for (i, part) in PARTS.into_iter().enumerate() {
        let plan = Plan {
            points: part.points(),
            points_per_m: tokens::board_points_per_m(),
            pixels: tokens::BOARD_PIXELS,
            schedule: Draw(i),
        };
        let board = stand(plan, &mut commands, &mut images, &mut meshes, &mut materials);
        if part == Part::Chart {
            commands.entity(board).insert(chart::ShowsChart);
        }
        if part == Part::Pages {
            commands.entity(board).insert(views::ShowsPlane);
        }
        commands.entity(board).insert((part, Named { name: part.name().to_owned(), offset_m: [0.0, 0.0] }));
        if part.moves().is_some() {
            commands.entity(*seat).add_child(board);
        }
    }
}

/// Where boards stand. The probe stands over the hand that points, turned to the eyes: nothing of the patient is hidden by it.
fn place(
    out: Res<Events>,
    pointed: Res<Pointed>,
    pointer: Res<Pointer>,
    hands: Res<Hands>,
    (viewing, time): (Res<Viewing>, Res<Time<Real>>),
    stands: Res<Boards>,
    eyes: Query<(&GlobalTransform, Has<XrCamera>), With<Eye>>,
    case: Option<Res<Case>>,
    way: Option<Res<OnTheWay>>,
    mut cockpit: ResMut<Cockpit>,
    mut boards: Query<(&Part, &Board, &mut Transform, &mut Visibility)>,
) {
    let cockpit = cockpit.bypass_change_detection();
    let nobody = case.is_none() && way.is_some();
    for (part, board, mut at, mut visible) in &mut boards {
        if nobody && *part != Part::Side {
            visible.set_if_neq(Visibility::Hidden);
            continue;
        }
        let larger = if stands.large && !part.gives_room() { tokens::BOARD_LARGE } else { 1.0 };
        if *part == Part::Chart {
            let shown = *visible != Visibility::Hidden;
            let to = chart::place(&hands, &eyes, board, shown, larger).filter(|_| !chart::busy(&hands, &viewing));
            cockpit.looked_s = if to.is_some() { cockpit.looked_s + time.delta_secs() } else { 0.0 };
            let to = to.filter(|_| shown || cockpit.looked_s > chart::LOOKED_S);
            visible.set_if_neq(if to.is_some() { Visibility::Inherited } else { Visibility::Hidden });
            at.set_if_neq(to.unwrap_or(*at));
            continue;
        }
        let Some(stand) = part.moves().map(|i| stands.at[i]) else {
            let eye = looker(eyes.iter().map(|e| (e.0.translation(), e.1)));
            let (Some(ray), Some(eye), Some(_)) = (pointer.ray, eye, pointed.at) else {
                visible.set_if_neq(Visibility::Hidden);
                continue;
            };
            // as large to the eye as the other boards
            let near = ray.get_point(PROBE_M[0]);
            let scale = eye.distance(near) / tokens::BOARD_DISTANCE_M * larger;
            let near = near + Vec3::Y * (board.size_m.y * 0.5 * scale + PROBE_M[1]);
            let posed = Transform::from_translation(near).looking_to(near - eye, Vec3::Y);
            at.set_if_neq(posed.with_scale(Vec3::splat(scale)));
            visible.set_if_neq(Visibility::Inherited);
            continue;
        };
        // as large to the eye from anywhere
        // grown to the right and down: the couch stands at the left of what lies low
        let half = board.size_m * 0.5 * (larger - 1.0) / tokens::BOARD_DISTANCE_M;
        let stand = boards::Stand { turn: stand.turn - half.x, tilt: stand.tilt - half.y, ..stand };
        let (way, scale) = (stand.way(), stand.far / tokens::BOARD_DISTANCE_M * larger);
        let posed = Transform::from_translation(way).looking_to(way, Vec3::Y).with_scale(Vec3::splat(scale));
        at.set_if_neq(posed);
        visible.set_if_neq(Visibility::Inherited);
        let told = &mut cockpit.stood[*part as usize];
        if *told != Some(posed) {
            *told = Some(posed);
            let (p, name) = (posed.translation, part.name());
            let half = board.size_m * 0.5 * scale;
            let (r, u) = (posed.right() * half.x, posed.up() * half.y);
            out.say(format_args!("{name} {} {} {} {} {} {} {} {} {}", p.x, p.y, p.z, r.x, r.y, r.z, u.x, u.y, u.z));
        }
    }
}

/// One step larger: fewer points on the same board.
fn enlarge(
    stands: Res<Boards>,
    mut boards: Query<(&Part, &mut Board)>,
    mut targets: Query<(&mut RenderTarget, &mut Projection)>,
) {
    let factor = if stands.large { tokens::BOARD_LARGE } else { 1.0 };
    let per_m = tokens::board_points_per_m() / factor;
    for (part, mut board) in &mut boards {
        if board.points_per_m == per_m || !part.gives_room() {
            continue;
        }
        board.points_per_m = per_m;
        if let Ok((mut target, mut lens)) = targets.get_mut(board.context)
            && let RenderTarget::Image(image) = &mut *target
        {
            image.scale_factor = tokens::BOARD_PIXELS * factor;
            // Bevy asks anew how large a camera's target is only when its lens has changed
            lens.set_changed();
        }
    }
}

/// Whoever switches a page on, here or at the desk, wants to see it: the board turns to it.
fn turn(family: Res<Family>, mut cockpit: ResMut<Cockpit>, mut was: Local<Option<usize>>) {
    let on = family.0.iter().filter(|o| o.on && o.page.is_some()).count();
    if was.replace(on).is_some_and(|was| on > was) {
        cockpit.page = Page::Charts;
    }
}

/// The plane of the page is drawn, and no other, unless somebody sits at the desk in the window.
fn pages(cockpit: Res<Cockpit>, desk: Query<(), With<desk::OnDesk>>, views: Option<ResMut<Views>>) {
    let Some(mut views) = views.filter(|_| desk.is_empty()) else { return };
    let want = match cockpit.page {
        Page::Plane(i) => Some(i),
        Page::Charts => Some(usize::MAX),
    };
    if views.large != want {
        views.large = want;
    }
}

fn draw<const PART: usize>(world: &mut World) {
    let part = PARTS[PART];
    let mut boards = world.query::<(&Part, &Board)>();
    let Some((context, gaze)) = boards.iter(world).find(|b| *b.0 == part).map(|b| (b.1.context, b.1.gaze)) else {
        return;
    };
    let Some(ctx) = world.get_mut::<EguiContext>(context).map(|mut c| c.get_mut().clone()) else { return };
    if !std::mem::replace(&mut world.resource_mut::<Cockpit>().styled[PART], true) {
        if let Some(faces) = world.get_resource::<Typefaces>() {
            dress(&ctx, faces, tokens::BOARD_CLICK);
        }
        return; // fonts count from the next pass
    }
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut ui = egui::Ui::new(ctx.clone(), egui::Id::new(("cockpit", PART)), builder);
    let ground = egui::Frame::new()
        .fill(tokens::DESK_PANEL)
        .stroke(Stroke::new(1.0, tokens::SCREEN_DIM))
        .corner_radius(tokens::BOARD_ROUND)
        .inner_margin(Margin::same(12));
    ground.show(&mut ui, |ui| {
        ui.set_min_size(ui.available_size());
        if let Some(which) = part.moves() {
            boards::strip(ui, world, which);
        }
        match part {
            Part::Side if opening::nobody_yet(world) => opening::page(ui, world),
            Part::Side => side(ui, world),
            Part::Time => below(ui, world),
            Part::Pages => page(ui, world),
            Part::Probe => probe(ui, world),
            Part::Chart => chart::draw(ui, world),
        }
    });
    if let Some((at, done)) = gaze.filter(|g| g.1 > 0.0) {
        ring(&ctx, at, done);
    }
    tell(world, &ctx, part);
}

/// How much of the time has passed in which looking presses.
fn ring(ctx: &egui::Context, at: egui::Pos2, done: f32) {
    let painter = ctx.layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::new("gaze")));
    let points = (0..=32).map(|i| {
        let angle = std::f32::consts::TAU * done * i as f32 / 32.0 - std::f32::consts::FRAC_PI_2;
        at + egui::vec2(angle.cos(), angle.sin()) * 11.0
    });
    painter.circle_stroke(at, 11.0, Stroke::new(3.0, tokens::DESK));
    painter.add(egui::Shape::line(points.collect(), Stroke::new(3.0, tokens::AMBER)));
}

fn side(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    desk::whose(ui, world, &words);
    ui.horizontal_wrapped(|ui| opening::line(ui, world));
    ui.separator();
    desk::values(ui, world, &words);
    ui.separator();
    // one overlay at a time: who wears a headset scrolls badly
    let mut chosen = world.resource::<Cockpit>().chosen;
    let all: Vec<_> = world.resource::<Family>().0.iter().map(|o| (o.id, o.on)).collect();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
        for (i, (id, on)) in all.iter().enumerate() {
            let colour = if *on { tokens::DESK_TEXT } else { tokens::DESK_SOFT };
            let text = RichText::new(words.get(&format!("overlay-{id}"))).color(colour);
            let tab = ui.selectable_value(&mut chosen, i, text);
            mark(ui, id, &tab);
        }
    });
    world.resource_mut::<Cockpit>().chosen = chosen;
    ui.separator();
    let source = egui::scroll_area::ScrollSource { drag: egui::scroll_area::DragScroll::Always, ..default() };
    egui::ScrollArea::vertical()
        .scroll_source(source)
        .auto_shrink(false)
        .show(ui, |ui| desk::overlay(ui, world, &words, chosen));
}

/// Time, and what is done to the whole: where the patient stands, take back, take a picture, leave.
fn below(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    time_bar::stacked(ui, world);
    ui.add_space(10.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let now = world.resource::<Placing>().place;
        for (place, name) in [(Place::Couch, "couch"), (Place::Table, "table"), (Place::Room, "room")] {
            let button = ui.selectable_label(now == place, words.get(&format!("place-{name}")));
            mark(ui, name, &button);
            if button.clicked() {
                choose(world, place);
            }
        }
        ui.separator();
        desk::tools(ui, world, &words);
    });
    ui.horizontal(|ui| {
        let large = world.resource::<Boards>().large;
        let button = ui.selectable_label(large, words.get("review-larger"));
        mark(ui, "larger", &button);
        if button.clicked() {
            boards::enlarge(world, !large);
        }
        for (name, act) in [("recentre", Act::Recentre), ("leave", Act::Leave)] {
            let button = ui.button(words.get(&format!("review-{name}")));
            mark(ui, name, &button);
            if button.clicked() {
                world.resource_mut::<PanelModel>().acts.push(act);
            }
        }
    });
}

fn page(ui: &mut Ui, world: &mut World) {
    let Some(words) = world.get_resource::<Words>().cloned() else { return };
    let mut to = world.resource::<Cockpit>().page;
    ui.horizontal_wrapped(|ui| {
        let askew = world.resource::<Cuts>().slant.is_some();
        let planes = NAMES.iter().enumerate().filter(|n| n.1.0 != "room" && (askew || n.0 != SLANT));
        let labels: Vec<_> = world.resource::<Views>().list.iter().map(|v| v.label).collect();
        let all = planes.map(|(i, n)| {
            let name = if labels[i].is_empty() { words.get(&format!("plane-{}", n.0)) } else { labels[i].to_owned() };
            (Page::Plane(i), n.0, name)
        });
        for (page, name, text) in all.chain([(Page::Charts, "charts", words.get("overlay-charts"))]) {
            let tab = ui.selectable_value(&mut to, page, RichText::new(text).size(tokens::DESK_TYPE[2]));
            mark(ui, name, &tab);
        }
    });
    if to != world.resource::<Cockpit>().page {
        world.resource_mut::<Cockpit>().page = to;
        // who turns to the charts wants them
        if to == Page::Charts {
            let family = &mut world.resource_mut::<Family>().0;
            let nothing = !family.iter().any(|o| o.on && o.page.is_some());
            family.iter_mut().filter(|o| nothing && o.id == crate::overlay::charts::ID).for_each(|o| o.on = true);
        }
    }
    match to {
        Page::Plane(i) => {
            let rect = ui.available_rect_before_wrap();
            ui.painter().rect_filled(rect, 0.0, Color32::BLACK);
            let alone = world.query_filtered::<(), With<desk::OnDesk>>().iter(world).next().is_none();
            picture::show(ui, world, i, rect, alone);
        }
        Page::Charts => {
            let source = egui::scroll_area::ScrollSource { drag: egui::scroll_area::DragScroll::Always, ..default() };
            egui::ScrollArea::vertical().scroll_source(source).auto_shrink(false).show(ui, |ui| desk::pages(ui, world));
        }
    }
}

/// What is under the laser: values of the images and the dose, and the structures there.
fn probe(ui: &mut Ui, world: &mut World) {
    let (Some(at), Some(words)) = (world.resource::<Pointed>().at, world.get_resource::<Words>().cloned()) else {
        return;
    };
    for line in desk::values_at(world, &words, at) {
        ui.label(RichText::new(line).size(tokens::DESK_TYPE[2]));
    }
}

/// Says where things lie, if anybody listens; of nobody but synthetic patients.
fn tell(world: &mut World, ctx: &egui::Context, part: Part) {
    let marks = take_marks(ctx);
    let Some(out) = world.get_resource::<Events>().copied().filter(Events::on) else { return };
    if !world.get_resource::<Case>().is_some_and(|c| c.patient.synthetic) {
        return;
    }
    if part == Part::Pages {
        out.texts(part.name(), desk::written(ctx), &mut world.resource_mut::<Cockpit>().texts);
    }
    let size = ctx.content_rect().size();
    let places: Vec<_> = marks.into_iter().map(|(name, p)| (name, [p.x / size.x, p.y / size.y])).collect();
    let mut cockpit = world.resource_mut::<Cockpit>();
    for (name, [u, v]) in places.iter().filter(|p| !cockpit.places[part as usize].contains(p)) {
        out.say(format_args!("button {} {name} {u:.4} {v:.4}", part.name()));
    }
    cockpit.places[part as usize] = places;
}

/// Says where the cross is and what goes on, if anybody listens; of nobody but synthetic patients.
fn tell_state(world: &mut World) {
    let Some(out) = world.get_resource::<Events>().copied().filter(Events::on) else { return };
    if !world.get_resource::<Case>().is_some_and(|c| c.patient.synthetic) {
        return;
    }
    let at = world.resource::<Cuts>().at;
    let gray = dose::at(world, at).map_or_else(|| "none".to_owned(), |gy| format!("{gy:.3}"));
    let playing = world.resource::<Transport>().playing;
    let lines = [
        format!("cross {:.1} {:.1} {:.1} dose {gray}", at.x, at.y, at.z),
        format!("measured {:.1?}", world.resource::<Measure>().distances()),
        format!("review {}", if playing { "plays" } else { "stands" }),
    ];
    let mut cockpit = world.resource_mut::<Cockpit>();
    for (line, told) in lines.into_iter().zip(&mut cockpit.told) {
        if *told != line {
            out.say(format_args!("{line}"));
            *told = line;
        }
    }
}
