//! Design tokens: every colour, size and type measure of the picture. No literal of the kind stands anywhere else.

use bevy::color::{Color, LinearRgba};
use bevy_egui::egui::{Color32, Vec2, vec2};

/// Room units (baked radiance) to cd/m²: at this EV100 one unit comes out as 1.0 before tone mapping.
pub const EV0: f32 = 9.7;
/// Stops added to the exposure of a lit room: where white walls look white without burning out.
pub const ROOM_EV: f32 = -0.25;
/// How much of its baked strength the lit ceiling picture is shown at; seen at the strength that lights the room it burns out.
pub const SKY_SHOWN: f32 = 0.36;

/// Brightness of a lit screen's white, room units.
pub const SCREEN_SHOWN: f32 = 0.85;
/// Case of a screen, and its glass when dark, linear.
pub const SCREEN_CASE: Color = Color::linear_rgb(0.018, 0.020, 0.023);
/// See [`SCREEN_CASE`].
pub const SCREEN_GLASS: Color = Color::linear_rgb(0.004, 0.005, 0.006);
/// Ground of a screen with radiographs.
pub const SCREEN_NIGHT: Color32 = Color32::from_rgb(13, 20, 24);
/// Tint of the planning scan's own views, so that they are not taken for today's.
pub const PLANNED: Color32 = Color32::from_rgb(150, 196, 214);
/// What is still to come on a dark screen.
pub const SCREEN_DIM: Color32 = Color32::from_rgb(46, 62, 68);
/// Crosshair at the isocentre.
pub const CROSSHAIR: Color32 = Color32::from_rgb(122, 214, 178);
/// Cap height of a screen's title and of its small type, share of the picture's height.
pub const SCREEN_TITLE: f32 = 0.078;
/// See [`SCREEN_TITLE`].
pub const SCREEN_SMALL: f32 = 0.046;
/// Light of a camera that keeps watch, linear, room units: while nothing is said of it, and while it is shown.
pub const WATCH_LIGHT: LinearRgba = LinearRgba::new(0.05, 0.42, 0.20, 1.0);
/// How much brighter it is while it is shown.
pub const WATCH_SHOWN: f32 = 2.6;

/// The same for the view through a window.
pub const VIEW_SHOWN: f32 = 0.34;

/// cd/m² of one room unit.
pub fn unit() -> f32 {
    EV0.exp2() * 1.2
}

/// Paper of the patient's panels.
pub const PAPER: Color32 = Color32::from_rgb(252, 250, 245);
/// Text on paper.
pub const INK: Color32 = Color32::from_rgb(32, 44, 50);
/// Quieter text on paper.
pub const INK_SOFT: Color32 = Color32::from_rgb(78, 92, 98);
/// The one main action.
pub const SAGE: Color32 = Color32::from_rgb(52, 102, 90);
/// Secondary actions.
pub const MIST: Color32 = Color32::from_rgb(222, 231, 230);
/// Ground of the mark on a picture of somebody whose face can be recognised, and of a synthetic patient's.
pub const STAMP_WARN: Color32 = Color32::from_rgba_premultiplied(118, 43, 34, 224);
/// See [`STAMP_WARN`].
pub const STAMP_CALM: Color32 = Color32::from_rgba_premultiplied(8, 12, 14, 150);
/// Type of the marks, share of the picture's height, and the least, points.
pub const STAMP_TYPE: [f32; 2] = [0.022, 9.0];
/// Edge of what is pointed at.
pub const AMBER: Color32 = Color32::from_rgb(238, 174, 36);
/// Stop.
pub const BRICK: Color32 = Color32::from_rgb(158, 58, 46);
/// Text on dark or coloured ground.
pub const WHITE: Color32 = Color32::from_rgb(255, 255, 255);
/// Plate under captions: dark, 80 %.
pub const PLATE: Color32 = Color32::from_rgba_premultiplied(12, 16, 18, 208);
/// Clinician's strip.
pub const NIGHT: Color32 = Color32::from_rgba_premultiplied(18, 24, 28, 238);
/// Quieter text on dark ground.
pub const FOG: Color32 = Color32::from_rgb(170, 186, 192);
/// Shadow of a panel's edge.
pub const EDGE: Color32 = Color32::from_rgba_premultiplied(0, 0, 0, 26);

/// Cap height of Atkinson Hyperlegible Next over its em.
pub const CAP_OVER_EM: f32 = 0.668;
/// Points of a panel per metre of the world.
pub const POINTS_PER_M: f32 = 1066.6667;
/// Distance of panels from the eye, metres: nearer than anybody who stands at a polite distance, so that nobody hides them.
pub const PANEL_DISTANCE_M: f32 = 1.2;
/// Cap height of body text for patients, degrees (never under 1.3).
pub const BODY_DEG: f32 = 1.4;
/// Cap height of titles, degrees.
pub const TITLE_DEG: f32 = 1.75;
/// Cap height on buttons, degrees.
pub const BUTTON_DEG: f32 = 1.6;
/// Cap height of captions, degrees.
pub const CAPTION_DEG: f32 = 1.4;
/// Cap height of the smallest type a patient sees, degrees.
pub const SMALL_DEG: f32 = 1.3;
/// The *large* setting multiplies every size.
pub const LARGE: f32 = 1.4;
/// How far the middle of the main panel lies over the straight view, and that of the foot below it, radians.
pub const PANEL_RISE: f32 = 0.075;
/// See [`PANEL_RISE`].
pub const FOOT_DROP: f32 = 0.30;
/// How far the view in a window looks down, so that the foot is in it, radians.
pub const WINDOW_DOWN: f32 = 0.05;
/// Main panel, metres.
pub const PANEL_M: [f32; 2] = [0.975, 0.66];
/// Caption and the bar of pause, quieter, stop, metres.
pub const FOOT_M: [f32; 2] = [0.975, 0.375];
/// Corner radius of a panel and of what lies on it, points.
pub const PANEL_ROUND: u8 = 36;
/// Corner radius of buttons, points.
pub const BUTTON_ROUND: u8 = 22;
/// Type of what staff read and write on the mirror, points.
pub const STAFF_TYPE: f32 = 18.0;
/// Height of the field in which staff write, points.
pub const STAFF_FIELD: f32 = 60.0;
/// Corner radius of a level meter's bars, points.
pub const METER_ROUND: u8 = 8;
/// Space between things on a panel, points.
pub const GAP: f32 = 22.0;
/// Space between things that stand close together, points.
pub const GAP_SMALL: f32 = 12.0;
/// How far to the side panels stand for a lost visual field, radians.
pub const PANEL_SIDE: f32 = 0.42;
/// What is left between a panel and the edge of a window, radians.
pub const WINDOW_EDGE: f32 = 0.03;

/// Font size in points for a cap height in degrees at the panels' distance.
pub fn points(cap_deg: f32) -> f32 {
    2.0 * PANEL_DISTANCE_M * (cap_deg.to_radians() * 0.5).tan() * POINTS_PER_M / CAP_OVER_EM
}

/// Order of drawing of what is translucent, metres nearer than it is: panels after everything, the laser after panels, the dark
/// of a fade last; the volume before everything, since it leaves its depth.
pub const ORDER_PANEL: f32 = 10.0;
/// See [`ORDER_PANEL`].
pub const ORDER_VOLUME: f32 = -20.0;
/// See [`ORDER_PANEL`].
pub const ORDER_LASER: f32 = 20.0;
/// See [`ORDER_PANEL`].
pub const ORDER_FADE: f32 = 50.0;

/// Seconds of gaze that press a button.
pub const DWELL_S: f32 = 1.5;
/// Eye height of a seated person over the floor, metres.
pub const SEATED_EYE_M: f32 = 1.20;

/// Paper of a card that staff hold, linear.
pub const CARD: Color = Color::linear_rgb(0.90, 0.88, 0.83);
/// The laser and its dot.
pub const LASER: Color = Color::linear_rgb(0.25, 0.75, 0.68);
/// Where the machine comes too near.
pub const TOO_NEAR: Color = Color::linear_rgb(0.85, 0.20, 0.05);
/// What jaws and leaves leave open.
pub const OPENING: Color = Color::linear_rgb(0.95, 0.62, 0.10);
/// Lines from the chart to the buttons.
pub const LEAD: Color = Color::linear_rgb(0.80, 0.45, 0.08);
/// A controller's buttons.
pub const CONTROLLER_BUTTON: Color = Color::linear_rgb(0.16, 0.18, 0.20);
/// A controller's body.
pub const CONTROLLER: Color = Color::linear_rgb(0.05, 0.06, 0.07);
/// A hand that the runtime sees: nobody's skin, calm and light.
pub const BARE_HAND: Color = Color::linear_rgb(0.42, 0.52, 0.50);
/// Clear glass.
pub const GLASS: Color = Color::linear_rgba(0.75, 0.9, 0.88, 0.05);
/// How much skin, hair and cotton mirror: about half of what paint does.
pub const MATT: f32 = 0.3;
/// Soft dark spot under feet: sRGB bytes and the alpha in its middle.
pub const SPOT: [u8; 4] = [12, 12, 14, 140];

/// Frosted-glass skin: what shines at its rim, linear.
pub const SKIN_RIM: LinearRgba = LinearRgba::new(0.62, 0.80, 0.86, 1.0);
/// Frosted-glass skin seen face on, linear; alpha is how much it veils.
pub const SKIN_BODY: LinearRgba = LinearRgba::new(0.42, 0.52, 0.55, 0.06);
/// Bone, linear.
pub const BONE: LinearRgba = LinearRgba::new(0.66, 0.56, 0.42, 0.20);
/// Bone's rim.
pub const BONE_RIM: LinearRgba = LinearRgba::new(0.95, 0.88, 0.74, 1.0);
/// Brain, linear.
pub const BRAIN: LinearRgba = LinearRgba::new(0.55, 0.36, 0.36, 0.12);
/// Brain's rim.
pub const BRAIN_RIM: LinearRgba = LinearRgba::new(0.86, 0.66, 0.64, 1.0);
/// The place we treat.
pub const TARGET: LinearRgba = LinearRgba::new(0.10, 0.62, 0.66, 0.30);
/// Its rim.
pub const TARGET_RIM: LinearRgba = LinearRgba::new(0.30, 0.95, 0.98, 1.0);
/// The beam: thin, warm.
pub const BEAM: LinearRgba = LinearRgba::new(1.0, 0.72, 0.36, 1.0);

/// Dose colours for patients: ordered in lightness and safe for the colour-blind (deep blue to pale yellow), linear, low to high.
pub const DOSE_RAMP: [[f32; 3]; 5] =
    [[0.010, 0.060, 0.420], [0.020, 0.190, 0.640], [0.220, 0.400, 0.520], [0.780, 0.600, 0.150], [1.000, 0.900, 0.480]];
/// Opacity of dose at the top of its scale, per metre.
pub const DOSE_OPACITY: f32 = 170.0;
/// Below this share of its scale dose is not drawn.
pub const DOSE_FLOOR: f32 = 0.04;

/// Standard colours of lines and bands of equal dose for clinicians: percent of the prescription where each begins.
pub const ISODOSES: [(f64, Color32); 9] = [
    (10.0, Color32::from_rgb(108, 92, 168)),
    (30.0, Color32::from_rgb(92, 70, 230)),
    (50.0, Color32::from_rgb(38, 112, 255)),
    (70.0, Color32::from_rgb(0, 196, 230)),
    (80.0, Color32::from_rgb(0, 200, 120)),
    (90.0, Color32::from_rgb(110, 220, 30)),
    (95.0, Color32::from_rgb(250, 230, 0)),
    (100.0, Color32::from_rgb(255, 150, 10)),
    (107.0, Color32::from_rgb(255, 40, 40)),
];

/// The standard colour at a percent of the prescription: that of the level next below, or of the lowest.
pub fn isodose(percent: f64) -> Color32 {
    ISODOSES.iter().rev().find(|i| i.0 <= percent + 1e-9).unwrap_or(&ISODOSES[0]).1
}

/// The same from a map that is ordered in lightness and safe for the colour-blind; `t`: 0 (lowest) to 1.
pub fn dose_safe(t: f32) -> Color32 {
    let x = t.clamp(0.0, 1.0) * (DOSE_RAMP.len() - 1) as f32;
    let i = (x as usize).min(DOSE_RAMP.len() - 2);
    let mix = |c: usize| DOSE_RAMP[i][c] + (DOSE_RAMP[i + 1][c] - DOSE_RAMP[i][c]) * (x - i as f32);
    Color32::from(bevy_egui::egui::Rgba::from_rgb(mix(0), mix(1), mix(2)))
}

/// Colours of what one dose has more or less than another: percent of the reference where each begins; None: no colour.
const DIFFERENCES: [(f64, Option<Color32>); 9] = [
    (f64::NEG_INFINITY, Some(Color32::from_rgb(20, 60, 190))),
    (-20.0, Some(Color32::from_rgb(50, 110, 235))),
    (-10.0, Some(Color32::from_rgb(90, 165, 250))),
    (-5.0, Some(Color32::from_rgb(165, 210, 250))),
    (-2.0, None),
    (2.0, Some(Color32::from_rgb(255, 214, 170))),
    (5.0, Some(Color32::from_rgb(250, 165, 95))),
    (10.0, Some(Color32::from_rgb(235, 100, 50))),
    (20.0, Some(Color32::from_rgb(190, 30, 30))),
];
/// Opacity of the difference of two doses.
pub const DIFFERENCE_OPACITY: f32 = 0.62;

/// Where each band of a difference begins, Gy, rising, and its colour. `reference_gy`: 100 %.
pub fn difference(reference_gy: f64) -> Vec<(f64, Option<Color32>)> {
    DIFFERENCES.iter().map(|(p, c)| ((p * 0.01 * reference_gy).max(-1e4), *c)).collect()
}

/// Colours of structures that came without one, in turn.
pub const STRUCTURES: [Color32; 8] = [
    Color32::from_rgb(230, 80, 80),
    Color32::from_rgb(80, 170, 240),
    Color32::from_rgb(110, 210, 110),
    Color32::from_rgb(240, 190, 60),
    Color32::from_rgb(190, 120, 230),
    Color32::from_rgb(70, 210, 200),
    Color32::from_rgb(240, 140, 60),
    Color32::from_rgb(200, 200, 120),
];
/// Share of a structure's surface that veils face on, strength of its rim, and the rim's exponent.
pub const STRUCTURE_GLASS: [f32; 3] = [0.20, 0.55, 2.2];
/// The same of surfaces of equal dose.
pub const ISODOSE_GLASS: [f32; 3] = [0.16, 0.75, 2.0];
/// The same of margins.
pub const MARGIN_GLASS: [f32; 3] = [0.06, 0.85, 2.6];
/// A small field of colour beside a name, points.
pub const SWATCH: Vec2 = vec2(18.0, 14.0);
/// Corner radius of a swatch, points.
pub const SWATCH_ROUND: f32 = 3.0;
/// Width of a structure's line in a cut, pixels of the window.
pub const OUTLINE_PIXELS: f32 = 1.8;

/// Ground of the clinician's desk, of what lies on it, and of the pictures.
pub const DESK: Color32 = Color32::from_rgb(17, 21, 24);
/// See [`DESK`].
pub const DESK_PANEL: Color32 = Color32::from_rgb(26, 32, 36);
/// See [`DESK`].
pub const DESK_PICTURE: Color32 = Color32::from_rgb(0, 0, 0);
/// Text of the desk, and its quieter text.
pub const DESK_TEXT: Color32 = Color32::from_rgb(226, 232, 234);
/// See [`DESK_TEXT`].
pub const DESK_SOFT: Color32 = Color32::from_rgb(146, 162, 168);
/// What is chosen on the desk, and the cross at the point.
pub const DESK_MARK: Color32 = Color32::from_rgb(96, 200, 168);
/// Type of the desk, points: text, small text, titles, letters of the orientation.
pub const DESK_TYPE: [f32; 4] = [15.0, 12.5, 17.0, 20.0];
/// Width of the desk's side, and heights of its head and of the bar of time, points.
pub const DESK_SIDE: f32 = 312.0;
/// See [`DESK_SIDE`].
pub const DESK_HEAD: f32 = 44.0;
/// See [`DESK_SIDE`].
pub const DESK_TIME: f32 = 62.0;
/// Width of the charts beside the pictures, points.
pub const DESK_PAGE: f32 = 400.0;
/// Space between pictures, points.
pub const DESK_GAP: f32 = 3.0;
/// Least width of the words in the head that say what this is not for, points.
pub const DESK_NOTE: f32 = 172.0;
/// Least width of the plan's name in the head, points.
pub const DESK_PLAN: f32 = 60.0;
/// Points that a pressed mouse may move on the desk and still click.
pub const DESK_CLICK: f32 = 6.0;

/// Distance of a clinician's boards in the headset from the eyes, metres.
pub const BOARD_DISTANCE_M: f32 = 1.1;
/// Cap height of the smallest type on them, degrees.
pub const BOARD_SMALL_DEG: f32 = 0.8;
/// One step larger multiplies every size by this.
pub const BOARD_LARGE: f32 = 1.3;
/// Pixels of a board's picture a point: about 30 a degree.
pub const BOARD_PIXELS: f32 = 2.0;
/// Points that a laser may move on a board and still click: somewhat over two degrees, since a hand that points shakes.
pub const BOARD_CLICK: f32 = 24.0;
/// Corner radius of a board, points.
pub const BOARD_ROUND: u8 = 12;

/// A goal that is not met.
pub const NOT_MET: Color32 = Color32::from_rgb(255, 112, 92);
/// A curve of what the laser's ray meets.
pub const LASER_LINE: Color32 = Color32::from_rgb(110, 226, 214);

/// Points a metre of a board, so that its smallest type has its cap height.
pub fn board_points_per_m() -> f32 {
    let cap_m = 2.0 * BOARD_DISTANCE_M * (BOARD_SMALL_DEG.to_radians() * 0.5).tan();
    DESK_TYPE[1] * CAP_OVER_EM / cap_m
}

/// Height of the letters of the patient's directions, degrees.
pub const COMPASS_DEG: f32 = 1.5;

/// Height of a pinned note's number, degrees.
pub const PIN_DEG: f32 = 1.2;

/// Tissues of a marched volume, linear.
pub mod tissue {
    /// See the module.
    pub const SKIN: [f32; 3] = [0.62, 0.36, 0.26];
    /// See the module.
    pub const FAT: [f32; 3] = [0.66, 0.50, 0.28];
    /// See the module.
    pub const MUSCLE: [f32; 3] = [0.42, 0.13, 0.10];
    /// See the module.
    pub const BONE: [f32; 3] = [0.80, 0.72, 0.56];
    /// See the module.
    pub const WHITE: [f32; 3] = [0.95, 0.93, 0.88];
    /// See the module.
    pub const AIR: [f32; 3] = [0.16, 0.30, 0.46];
    /// See the module.
    pub const LUNG: [f32; 3] = [0.62, 0.34, 0.34];
    /// See the module.
    pub const VESSEL: [f32; 3] = [0.70, 0.06, 0.05];
    /// See the module.
    pub const GREY: [f32; 3] = [0.42, 0.42, 0.45];
}
