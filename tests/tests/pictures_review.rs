//! The clinician's pictures are measurements: a made-up phantom whose every value is a formula is imported and drawn, and the pixels
//! are held to that formula, worked out here from DICOM's axes alone. Greys to half a level of the window, colours of dose to one
//! step, lines where the contours are, and the patient the right way round in the room.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use image::RgbImage;
use nalgebra::{Point3, Vector3};
use std::path::Path;
use std::process::Command;
use vestibule_dicom::Identity;
use vestibule_dicom::write::{self, derived_uid};
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume};
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Image, Modality, RoiType, Structure, StructureSet};
use vestibule_tests::place::{drawing_wanted as wanted, program, root};

/// Middle of the phantom and of its bright ball, DICOM patient mm; radius of the ball.
const MIDDLE: Point3<f64> = Point3::new(7.0, -12.0, 55.0);
const BALL: Vector3<f64> = Vector3::new(40.0, -15.0, 30.0);
const BALL_MM: f64 = 13.0;
/// A square structure about the middle: half its side, mm.
const SQUARE_MM: f64 = 20.0;
/// Pixels of a plane's picture, and their size.
const SIZE: [u32; 2] = [320, 240];
const PIXEL_MM: f64 = 0.5;
/// Window: centre and width.
const WINDOW: [f64; 2] = [10.0, 200.0];
/// Opacity of the bands, and the levels whose colours are met here (percent, colour), as docs and legend have them.
const OPACITY: f64 = 0.42;
const BANDS: [(f64, [u8; 3]); 9] = [
    (10.0, [108, 92, 168]),
    (30.0, [92, 70, 230]),
    (50.0, [38, 112, 255]),
    (70.0, [0, 196, 230]),
    (80.0, [0, 200, 120]),
    (90.0, [110, 220, 30]),
    (95.0, [250, 230, 0]),
    (100.0, [255, 150, 10]),
    (107.0, [255, 40, 40]),
];

/// A ramp whose voxels are whole numbers, as CT has them.
fn hu(p: &Point3<f64>) -> f64 {
    let d = p - MIDDLE;
    if (d - BALL).norm() < BALL_MM { 1500.0 } else { 10.5 + 0.5 * d.x + 0.5 * d.y - 0.4 * d.z }
}

fn gray(p: &Point3<f64>) -> f64 {
    let d = p - MIDDLE;
    36.0 + 0.30 * d.x + 0.12 * d.y + 0.05 * d.z
}

fn about_middle(size: [usize; 3], spacing_mm: [f64; 3]) -> Grid {
    let half = Vector3::from_fn(|a, _| (size[a] as f64 - 1.0) * 0.5 * spacing_mm[a]);
    Grid::axial(size, spacing_mm, MIDDLE - half)
}

fn filled(grid: Grid, value: impl Fn(&Point3<f64>) -> f64) -> Volume<f32> {
    let [nx, ny, _] = grid.size;
    let data = (0..grid.len()).map(|o| value(&grid.centre(o % nx, o / nx % ny, o / (nx * ny))) as f32).collect();
    Volume { grid, data }
}

/// What is odd about a study.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Odd {
    Nothing,
    NoDose,
    /// The dose reaches 55 mm beyond the image on every side.
    LargerDose,
    OneSlice,
    NoContours,
}

impl Odd {
    /// How far above the middle its slices lie, mm: half a slice where there is one alone, so that the ramp's voxels are whole there too.
    fn lift_mm(self) -> f64 {
        if self == Self::OneSlice { 1.25 } else { 0.0 }
    }
}

/// Writes the phantom lying as `position` says, and imports it.
fn import(store: &Path, folder: &Path, position: PatientPosition) {
    import_odd(store, folder, position, Odd::Nothing);
}

fn import_odd(store: &Path, folder: &Path, position: PatientPosition, odd: Odd) {
    let slices = if odd == Odd::OneSlice { 1 } else { 60 };
    let id = Identity {
        patient_id: position.to_string(),
        patient_name: "SYNTHETIC^RAMP".into(),
        birth_date: String::new(),
        sex: "O".into(),
        study_uid: derived_uid(&["ramp", &position.to_string()]),
        study_date: "20260101".into(),
        study_time: "120000".into(),
        study_description: "SYNTHETIC".into(),
    };
    let uid = |what: &str| derived_uid(&["ramp", what, &position.to_string()]);
    let mut grid = about_middle([90, 80, slices], [2.0, 2.0, 2.5]);
    grid.origin_mm.z += odd.lift_mm();
    let volume = filled(grid, hu);
    let ct = Image {
        uid: uid("series"),
        study_uid: id.study_uid.clone(),
        frame_of_reference_uid: uid("frame"),
        modality: Modality::Ct,
        description: "SYNTHETIC ramp".into(),
        position: Some(position),
        unit: "HU".into(),
        phase: None,
        coarse: None,
        slice_uids: (0..slices).map(|k| uid(&format!("slice {k}"))).collect(),
        volume,
    };
    let square = |z: f64| Contour {
        points: [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
            .map(|[x, y]| Point3::new(MIDDLE.x + x * SQUARE_MM, MIDDLE.y + y * SQUARE_MM, z))
            .to_vec(),
    };
    let structure = Structure {
        number: 1,
        name: "SQUARE".into(),
        roi_type: RoiType::Ctv,
        colour: Some([255, 0, 255]),
        contours: if odd == Odd::NoContours {
            Vec::new()
        } else {
            let edge = slices / 3;
            (edge..slices - edge).map(|k| square(ct.volume.grid.centre(0, 0, k).z)).collect()
        },
        ..Structure::default()
    };
    let set = StructureSet {
        uid: uid("structures"),
        label: "SYNTHETIC".into(),
        frame_of_reference_uid: uid("frame"),
        referenced_series_uid: Some(ct.uid.clone()),
        structures: vec![structure],
    };
    let (size, mm) = if odd == Odd::LargerDose { ([59, 54, 53], 5.0) } else { ([50, 42, 40], 3.0) };
    let dose = Dose {
        uid: uid("dose"),
        frame_of_reference_uid: uid("frame"),
        plan_uid: None,
        dose_type: DoseType::Physical,
        unit: DoseUnit::Gy,
        summation: DoseSummation::Plan,
        engine: String::new(),
        volume: filled(about_middle(size, [mm; 3]), |p| gray(p).max(0.0)),
    };
    write::image_series(&folder.join("ct"), &ct, &id).unwrap();
    write::structure_set(&folder.join("rs.dcm"), &set, &ct, &id).unwrap();
    if odd != Odd::NoDose {
        write::dose(&folder.join("rd.dcm"), &dose, None, &id).unwrap();
    }
    let bin = program("VESTIBULE_BIN", "vestibule");
    let out = Command::new(bin)
        .args(["--demo", "--store"])
        .arg(store)
        .args(["patient", "import"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn capture(store: &Path, patient: &str, arguments: &[&str]) {
    let bin = program("VESTIBULE_BIN", "vestibule");
    let out = Command::new(root().join("tools/drawn"))
        .arg(&bin)
        .args(["--demo", "--store"])
        .arg(store)
        .args(["capture", "--mode", "clinician", "--patient", patient])
        .args(arguments)
        .env("DRAWN_BIND", bin.parent().unwrap())
        .current_dir(root())
        .output()
        .expect("tools/drawn starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// The three planes of the desk by hand: to the right, up.
const PLANES: [(&str, [f64; 3], [f64; 3]); 3] = [
    ("axial", [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
    ("coronal", [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ("sagittal", [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
];

/// The patient's point under the middle of a pixel: the phantom's middle is in the middle of the picture.
fn point(plane: usize, cut: &Point3<f64>, [i, j]: [u32; 2]) -> Point3<f64> {
    let (_, right, up) = PLANES[plane];
    let x = (f64::from(i) + 0.5 - f64::from(SIZE[0]) * 0.5) * PIXEL_MM;
    let y = (f64::from(SIZE[1]) * 0.5 - f64::from(j) - 0.5) * PIXEL_MM;
    let mut p = MIDDLE + Vector3::from(right) * x + Vector3::from(up) * y;
    let across = (0..3).find(|a| right[*a] == 0.0 && up[*a] == 0.0).unwrap();
    p[across] = cut[across];
    p
}

fn level(p: &Point3<f64>) -> f64 {
    ((hu(p) - WINDOW[0]) / WINDOW[1] + 0.5).clamp(0.0, 1.0) * 255.0
}

/// Pixels on a raster, away from the ball, the mark in the corner and the structure's lines.
fn raster(plane: usize, cut: &Point3<f64>) -> Vec<([u32; 2], Point3<f64>)> {
    let all = (0..SIZE[1]).step_by(7).flat_map(|j| (0..SIZE[0]).step_by(7).map(move |i| [i, j]));
    all.map(|at| (at, point(plane, cut, at)))
        .filter(|([i, j], p)| {
            let d = p - MIDDLE;
            let inside = d.x.abs() < 86.0 && d.y.abs() < 76.0 && d.z.abs() < 70.0;
            let line = [d.x, d.y].iter().any(|v| (v.abs() - SQUARE_MM).abs() < 3.0);
            let end = plane > 0 && (19.0..30.0).contains(&d.z.abs());
            let mark = *i > SIZE[0] * 6 / 10 && *j > SIZE[1] * 8 / 10;
            inside && !line && !end && !mark && (d - BALL).norm() > BALL_MM + 5.0
        })
        .collect()
}

fn open(file: &Path) -> RgbImage {
    image::open(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).to_rgb8()
}

#[test]
fn pixels_are_what_the_data_is() {
    if !wanted("pictures_review") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    import(&store, &dir.path().join("study"), PatientPosition::Hfs);
    let cut = MIDDLE + Vector3::new(3.3, -4.1, 6.7);
    let at = format!("{},{},{}", cut.x, cut.y, cut.z);
    let size = format!("{}x{}", SIZE[0], SIZE[1]);
    let window = format!("{},{}", WINDOW[0], WINDOW[1]);
    let planes = "axial,coronal,sagittal";
    let common = ["--point", &at, "--window", &window, "--size", &size, "--pixel-mm", "0.5", "--view", planes];
    let plain = store.join("plain-{view}.png").display().to_string();
    capture(&store, "HFS", &[&common[..], &["--without", "dose,structures", "--out", &plain]].concat());
    let full = store.join("full-{view}.png").display().to_string();
    capture(&store, "HFS", &[&common[..], &["--out", &full]].concat());

    // a picture rounds to whole levels, which alone is half a level: a window a tenth as wide rounds to tenths of this one's
    let narrow = store.join("narrow-{view}.png").display().to_string();
    let tenth = format!("{},{}", WINDOW[0], WINDOW[1] * 0.1);
    let common = ["--point", &at, "--window", &tenth, "--size", &size, "--pixel-mm", "0.5", "--view", planes];
    capture(&store, "HFS", &[&common[..], &["--without", "dose,structures", "--out", &narrow]].concat());
    let (mut worst, mut finer) = ([0.0f64; 2], 0);
    let mut count = 0;
    for (plane, (name, ..)) in PLANES.iter().enumerate() {
        let [picture, narrow] = ["plain", "narrow"].map(|p| open(&store.join(format!("{p}-{name}.png"))));
        for ([i, j], p) in raster(plane, &cut) {
            let [r, g, b] = picture.get_pixel(i, j).0;
            assert!(r == g && g == b, "{name} {i} {j}: {r} {g} {b} is no grey");
            worst[0] = worst[0].max((f64::from(g) - level(&p)).abs());
            count += 1;
            let seen = f64::from(narrow.get_pixel(i, j).0[1]);
            let want = ((hu(&p) - WINDOW[0]) / (WINDOW[1] * 0.1) + 0.5) * 255.0;
            if (5.0..=250.0).contains(&want) {
                worst[1] = worst[1].max((seen - want).abs() * 0.1);
                finer += 1;
            }
        }
    }
    println!("figure: {count} greys within {:.2} levels, {finer} without rounding within {:.2}", worst[0], worst[1]);
    assert!(worst[0] <= 0.75 && count > 1500, "{count} greys, the worst {worst:?} levels off");
    assert!(worst[1] <= 0.5 && finer > 150, "{finer} greys, the worst {worst:?} levels off");

    // 100 % is the highest dose, that of the grid's corner: the plan prescribes nothing
    let highest = gray(&(MIDDLE + Vector3::new(73.5, 61.5, 58.5)));
    let (mut worst, mut count) = (0.0f64, 0);
    let mut met = [false; BANDS.len()];
    for (plane, (name, ..)) in PLANES.iter().enumerate() {
        let picture = open(&store.join(format!("full-{name}.png")));
        for ([i, j], p) in raster(plane, &cut) {
            let d = p - MIDDLE;
            if d.x.abs() > 73.0 || d.y.abs() > 61.0 || d.z.abs() > 58.0 {
                continue;
            }
            let percent = gray(&p) / highest * 100.0;
            let near = BANDS.iter().any(|(from, _)| (percent - from).abs() < 0.6);
            let Some(band) = BANDS.iter().rposition(|(from, _)| percent >= *from).filter(|_| !near) else { continue };
            let grey = level(&p);
            for (got, colour) in picture.get_pixel(i, j).0.iter().zip(BANDS[band].1) {
                let want = grey + (f64::from(colour) - grey) * OPACITY;
                worst = worst.max((f64::from(*got) - want).abs());
            }
            met[band] = true;
            count += 1;
        }
    }
    let bands = met.iter().filter(|m| **m).count();
    println!("figure: {count} colours of {bands} bands within {worst:.2} levels");
    assert!(
        worst <= 1.0 && count > 1000 && bands >= 5,
        "{count} colours of {bands} bands, the worst {worst} levels off"
    );

    // the square's sides in the axial picture: its colour on them, nothing of it three pixels away
    let picture = open(&store.join("full-axial.png"));
    let purple = |i: i64, j: i64| {
        let [r, g, b] = picture.get_pixel(i as u32, j as u32).0;
        r > 180 && b > 180 && g < 110
    };
    let (middle, half) = ([160i64, 120], (SQUARE_MM / PIXEL_MM) as i64);
    for off in [-30i64, -11, 4, 25] {
        for side in [-1i64, 1] {
            let x = middle[0] + side * half;
            let y = middle[1] + side * half;
            assert!(purple(x, middle[1] + off) || purple(x - 1, middle[1] + off), "no line at {x}");
            assert!(purple(middle[0] + off, y) || purple(middle[0] + off, y - 1), "no line at {y}");
            for away in [-5, 4] {
                assert!(
                    !purple(x + away, middle[1] + off) && !purple(middle[0] + off, y + away),
                    "a line beside {x}, {y}"
                );
            }
        }
    }
}

/// Where the patient's left, back and head point in the room for each position, by hand: the room has the right of who faces the
/// gantry at +X, up at +Y and the gantry at −Z; in a decubitus position the named side is down.
const LIES: [(PatientPosition, [[f64; 3]; 3]); 8] = [
    (PatientPosition::Hfs, [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]),
    (PatientPosition::Hfp, [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]),
    (PatientPosition::Hfdr, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]),
    (PatientPosition::Hfdl, [[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]),
    (PatientPosition::Ffs, [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]),
    (PatientPosition::Ffp, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (PatientPosition::Ffdr, [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    (PatientPosition::Ffdl, [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
];

/// However the patient lies, the ball that is at their left, front and head is seen there by who stands beside the couch.
#[test]
fn a_patient_stands_in_the_room_as_they_lie() {
    if !wanted("pictures_review") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (position, lies) in LIES {
        let store = dir.path().join(position.to_string());
        import(&store, &dir.path().join(format!("study {position}")), position);
        let ball = MIDDLE + BALL;
        let at = format!("{},{},{}", ball.x, ball.y, ball.z);
        // from above and from the side, so that every way is across the picture
        let from = "0.3315,1.75,0.5,0.0315,1.25,0.0";
        // the ramp is black in this window and lets the room through; only the ball is seen
        let common = ["--point", &at, "--window", "900,800", "--size", "300x300", "--view", "left", "--from", from];
        let name = position.to_string();
        let with = store.join("with.png").display().to_string();
        capture(&store, &name, &[&common[..], &["--without", "dose,structures", "--out", &with]].concat());
        let without = store.join("without.png").display().to_string();
        capture(&store, &name, &[&common[..], &["--without", "dose,structures,slices", "--out", &without]].concat());
        let (with, without) = (open(Path::new(&with)), open(Path::new(&without)));
        let (mut sum, mut n) = ([0.0f64; 2], 0.0);
        for (x, y, a) in with.enumerate_pixels() {
            let b = without.get_pixel(x, y);
            let white = a.0.iter().all(|c| *c > 240);
            if white && a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 12) {
                sum = [sum[0] + f64::from(x) + 0.5, sum[1] + f64::from(y) + 0.5];
                n += 1.0;
            }
        }
        // the eye is half the distance between eyes to the left of where --from says
        let [left, back, head] = lies.map(Vector3::from);
        let room = (left * BALL.x + back * BALL.y + head * BALL.z) * 1e-3 + Vector3::new(0.0, 1.25, 0.0);
        let (stands, looks) = (Vector3::new(0.3315, 1.75, 0.5), Vector3::new(0.0315, 1.25, 0.0));
        let to = (looks - stands).normalize();
        let right = to.cross(&Vector3::y()).normalize();
        let up = right.cross(&to);
        let d = room - (stands - right * 0.0315);
        let depth = d.dot(&to);
        let want = [150.0 + d.dot(&right) / depth * 150.0, 150.0 - d.dot(&up) / depth * 150.0];
        let got = [sum[0] / n, sum[1] / n];
        println!("figure: {position}: the ball of {n} pixels at {got:.1?}, by hand {want:.1?}");
        assert!(
            n > 8.0 && (got[0] - want[0]).abs() < 1.5 && (got[1] - want[1]).abs() < 1.5,
            "{position}: {n}: {got:?} is not {want:?}"
        );
    }
}

/// A study that lacks something, or has more than it should, is shown as far as it goes: every picture is made, with the right greys, and
/// colour where there is dose and nowhere else.
#[test]
fn what_a_study_lacks_does_not_spoil_the_rest() {
    if !wanted("pictures_review") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (size, window) = (format!("{}x{}", SIZE[0], SIZE[1]), format!("{},{}", WINDOW[0], WINDOW[1]));
    for odd in [Odd::NoDose, Odd::LargerDose, Odd::OneSlice, Odd::NoContours] {
        let cut = MIDDLE + Vector3::new(0.0, 0.0, odd.lift_mm());
        let at = format!("{},{},{}", cut.x, cut.y, cut.z);
        let store = dir.path().join(format!("{odd:?}"));
        import_odd(&store, &dir.path().join(format!("study {odd:?}")), PatientPosition::Hfs, odd);
        let out = store.join("{view}.png").display().to_string();
        let common = ["--point", &at, "--window", &window, "--size", &size, "--pixel-mm", "0.5"];
        capture(&store, "HFS", &[&common[..], &["--view", "axial", "--without", "dose", "--out", &out]].concat());
        let plain = open(&store.join("axial.png"));
        capture(&store, "HFS", &[&common[..], &["--view", "axial,left", "--with", "charts", "--out", &out]].concat());
        let full = open(&store.join("axial.png"));
        let (mut worst, mut tinted, mut count) = (0.0f64, 0, 0);
        for ([i, j], p) in raster(0, &cut) {
            worst = worst.max((f64::from(plain.get_pixel(i, j).0[1]) - level(&p)).abs());
            let [r, g, b] = full.get_pixel(i, j).0;
            tinted += usize::from(r != g || g != b);
            count += 1;
        }
        // the lowest band begins at a tenth of the highest dose, which all but a corner of the picture has
        println!("figure: {odd:?}: {count} greys within {worst:.2} levels, {tinted} in colour");
        assert!(worst <= 0.75 && count > 400, "{odd:?}: {worst}");
        assert_eq!(tinted > 0, odd != Odd::NoDose, "{odd:?}: {tinted}");
        assert!(tinted >= count * 3 / 4 || odd == Odd::NoDose, "{odd:?}: {tinted} of {count}");
        assert!(store.join("left.png").exists());
    }
}

/// The marched ball fills in both eyes what a ball of its size fills, worked out ray by ray: its rim to about a voxel.
#[test]
fn a_marched_ball_has_the_outline_of_a_ball() {
    if !wanted("pictures_review") {
        return;
    }
    const PIXELS: u32 = 700;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    import(&store, &dir.path().join("study"), PatientPosition::Hfs);
    // the corner that is cut away towards the eyes lies outside everything
    let at = "200,-200,300";
    let size = format!("{PIXELS}x{PIXELS}");
    let from = "0.0,1.55,0.25,0.0,1.25,0.0";
    let common = ["--point", at, "--size", &size, "--view", "left,right", "--from", from];
    let with = store.join("with-{view}.png").display().to_string();
    let bone = ["--without", "dose,structures,slices", "--with", "volume", "--preset", "bone", "--out", &with];
    capture(&store, "HFS", &[&common[..], &bone].concat());
    let without = store.join("without-{view}.png").display().to_string();
    capture(&store, "HFS", &[&common[..], &["--without", "dose,structures,slices", "--out", &without]].concat());
    for (name, side) in [("left", -0.5), ("right", 0.5)] {
        let [a, b] = ["with", "without"].map(|p| open(&store.join(format!("{p}-{name}.png"))));
        // by hand: HFS has the left at +X, the head at -Z (towards the gantry), the front up
        let ball = Vector3::new(BALL.x, -BALL.y, -BALL.z) * 1e-3 + Vector3::new(0.0, 1.25, 0.0);
        let ahead = Vector3::new(0.0, -0.3, -0.25).normalize();
        let right = Vector3::x();
        let up = right.cross(&ahead);
        let eye = Vector3::new(0.0, 1.55, 0.25) + right * (side * 0.063);
        let half = f64::from(PIXELS) * 0.5;
        let (mut within, mut missing, mut beyond) = (0, 0, 0);
        for (x, y, pixel) in a.enumerate_pixels() {
            if x > PIXELS * 6 / 10 && y > PIXELS * 8 / 10 {
                continue; // the mark
            }
            let ray = (ahead + right * ((f64::from(x) + 0.5) / half - 1.0) + up * (1.0 - (f64::from(y) + 0.5) / half))
                .normalize();
            let d = ball - eye;
            let away_mm = (d - ray * d.dot(&ray)).norm() * 1e3;
            let seen = pixel.0.iter().zip(b.get_pixel(x, y).0).any(|(a, b)| a.abs_diff(b) > 24);
            within += u32::from(away_mm < BALL_MM - 1.5);
            missing += u32::from(away_mm < BALL_MM - 1.5 && !seen);
            beyond += u32::from(away_mm > BALL_MM + 2.5 && seen);
        }
        println!(
            "figure: {name} eye: {within} pixels within the rim, {missing} of them empty, {beyond} beyond it filled"
        );
        assert!(within > 250 && missing == 0 && beyond == 0, "{name}: {missing} of {within} empty, {beyond} beyond");
    }
}

/// What is translucent is seen before a marched ball and not behind it: a structure's glass, from both sides.
#[test]
fn glass_behind_the_volume_is_hidden_by_it() {
    if !wanted("pictures_review") {
        return;
    }
    const PIXELS: u32 = 400;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    import(&store, &dir.path().join("study"), PatientPosition::Hfs);
    let size = format!("{PIXELS}x{PIXELS}");
    // by hand, as above; the square's glass lies about the isocentre, the ball beside it
    let isocentre = Vector3::new(0.0, 1.25, 0.0);
    let to_ball = Vector3::new(BALL.x, -BALL.y, -BALL.z) * 1e-3;
    for (name, side) in [("behind", 1.0), ("before", -1.0)] {
        let stands = isocentre + to_ball.normalize() * (0.4 * side);
        let from = format!("{},{},{},0.0,1.25,0.0", stands.x, stands.y, stands.z);
        // the corner that is cut away towards the eyes lies outside everything
        let at = if side > 0.0 { "200,-200,300" } else { "-200,200,-300" };
        let common =
            ["--point", at, "--size", &size, "--view", "left", "--from", &from, "--with", "volume", "--preset", "bone"];
        let [with, without] = [("with", "dose,slices"), ("without", "dose,slices,structures")].map(|(file, less)| {
            let out = store.join(format!("{name}-{file}.png"));
            capture(&store, "HFS", &[&common[..], &["--without", less, "--out", out.to_str().unwrap()]].concat());
            open(&out)
        });
        let ahead = (isocentre - stands).normalize();
        let right = ahead.cross(&Vector3::y()).normalize();
        let up = right.cross(&ahead);
        let d = isocentre + to_ball - (stands - right * 0.0315);
        let half = f64::from(PIXELS) * 0.5;
        let (mut within, mut glass) = (0, 0);
        for (x, y, pixel) in with.enumerate_pixels() {
            let ray = (ahead + right * ((f64::from(x) + 0.5) / half - 1.0) + up * (1.0 - (f64::from(y) + 0.5) / half))
                .normalize();
            if (d - ray * d.dot(&ray)).norm() * 1e3 < BALL_MM - 3.0 {
                within += 1;
                glass += u32::from(pixel.0.iter().zip(without.get_pixel(x, y).0).any(|(a, b)| a.abs_diff(b) > 6));
            }
        }
        println!("figure: glass {name} the ball: {glass} of {within} pixels of the ball are changed by it");
        let want = if side > 0.0 { 0 } else { within };
        assert!(within > 50 && glass == want, "{name}: {glass} of {within}");
    }
}
