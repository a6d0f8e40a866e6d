//! An MR that was taken in another frame of reference is drawn where its DICOM registration says: the pixels of its picture are held to a
//! formula in the CT's frame, which the MR's voxels were filled with by way of the registration written out by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use std::path::Path;
use std::process::Command;
use vestibule_dicom::Identity;
use vestibule_dicom::write::{self, derived_uid};
use vestibule_geometry::{Grid, PatientPosition, Volume};
use vestibule_patient::{Image, Modality, Registration};
use vestibule_tests::place::{drawing_wanted as wanted, program, root};

/// Middle of the pictures in the CT's frame, mm.
const MIDDLE: Point3<f64> = Point3::new(7.0, -12.0, 55.0);
const SIZE: [u32; 2] = [240, 240];
const PIXEL_MM: f64 = 0.5;
const WINDOW: [f64; 2] = [1000.0, 1200.0];
/// The MR's patient was turned by so many degrees about the axis S, head to the left, and lay so far away, mm.
const TURN_DEG: f64 = 25.0;
const AWAY_MM: [f64; 3] = [-31.0, 44.0, 120.0];

/// What both scanners measure at a point of the CT's frame.
fn value(p: &Point3<f64>) -> f64 {
    let d = p - MIDDLE;
    1000.0 + 6.0 * d.x + 4.5 * d.y - 3.6 * d.z
}

/// A point of the MR's frame in the CT's, by sine and cosine.
fn moved(q: &Point3<f64>) -> Point3<f64> {
    let (s, c) = TURN_DEG.to_radians().sin_cos();
    Point3::new(c * q.x - s * q.y + AWAY_MM[0], s * q.x + c * q.y + AWAY_MM[1], q.z + AWAY_MM[2])
}

fn back(p: &Point3<f64>) -> Point3<f64> {
    let (s, c) = TURN_DEG.to_radians().sin_cos();
    let d = p - Vector3::from(AWAY_MM);
    Point3::new(c * d.x + s * d.y, -s * d.x + c * d.y, d.z)
}

fn image(name: &str, modality: Modality, middle: Point3<f64>, value: impl Fn(&Point3<f64>) -> f64) -> Image {
    let (size, spacing_mm) = ([90, 90, 60], [2.0, 2.0, 2.5]);
    let half = Vector3::from_fn(|a, _| (size[a] as f64 - 1.0) * 0.5 * spacing_mm[a]);
    let grid = Grid::axial(size, spacing_mm, middle - half);
    let [nx, ny, _] = size;
    let data = (0..grid.len()).map(|o| value(&grid.centre(o % nx, o / nx % ny, o / nx / ny)).round() as f32).collect();
    Image {
        study_uid: derived_uid(&["registered", "study"]),
        frame_of_reference_uid: derived_uid(&["registered", "frame", name]),
        description: "SYNTHETIC ramp".into(),
        position: Some(PatientPosition::Hfs),
        slice_uids: (0..size[2]).map(|k| derived_uid(&["registered", name, &k.to_string()])).collect(),
        ..Image::of(derived_uid(&["registered", "series", name]), modality, Volume { grid, data })
    }
}

fn study(folder: &Path) {
    let id = Identity {
        patient_id: "REGISTERED".into(),
        patient_name: "SYNTHETIC^REGISTERED".into(),
        birth_date: String::new(),
        sex: "O".into(),
        study_uid: derived_uid(&["registered", "study"]),
        study_date: "20260101".into(),
        study_time: "120000".into(),
        study_description: "SYNTHETIC".into(),
    };
    let ct = image("ct", Modality::Ct, MIDDLE, value);
    let mr = image("mr", Modality::Mr, back(&MIDDLE), |q| value(&moved(q)));
    let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), TURN_DEG.to_radians());
    let motion = Isometry3::from_parts(Translation3::from(AWAY_MM), turn);
    let uid = derived_uid(&["registered", "registration"]);
    let registration = Registration {
        description: "SYNTHETIC turn".into(),
        ..Registration::of(uid, &mr.frame_of_reference_uid, &ct.frame_of_reference_uid, motion)
    };
    write::image_series(&folder.join("ct"), &ct, &id).unwrap();
    write::image_series(&folder.join("mr"), &mr, &id).unwrap();
    write::spatial_registration(&folder.join("reg.dcm"), &[registration], &[&ct, &mr], &id).unwrap();
}

fn done(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn an_mr_stands_where_its_registration_says() {
    if !wanted("an_mr_stands_where_its_registration_says") {
        return;
    }
    let dir = tempfile::tempdir().unwrap().keep();
    study(&dir.join("study"));
    let (bin, store) = (program("VESTIBULE_BIN", "vestibule"), dir.join("store"));
    done(Command::new(&bin).args(["--demo", "--store"]).arg(&store).args(["patient", "import"]).arg(dir.join("study")));
    let at = format!("{},{},{}", MIDDLE.x, MIDDLE.y, MIDDLE.z);
    let (window, size) = (format!("{},{}", WINDOW[0], WINDOW[1]), format!("{}x{}", SIZE[0], SIZE[1]));
    done(
        Command::new(root().join("tools/drawn"))
            .arg(&bin)
            .args(["--demo", "--store"])
            .arg(&store)
            .args(["capture", "--mode", "clinician", "--patient", "REGISTERED", "--image", "MR", "--pixel-mm", "0.5"])
            .args(["--point", &at, "--window", &window, "--size", &size, "--view", "axial,coronal,sagittal"])
            .arg("--out")
            .arg(dir.join("{view}.png"))
            .env("DRAWN_BIND", bin.parent().unwrap())
            .current_dir(root()),
    );
    let planes: [(&str, [f64; 3], [f64; 3]); 3] = [
        ("axial", [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
        ("coronal", [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
        ("sagittal", [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
    ];
    for (name, right, up) in planes {
        let picture = image::open(dir.join(format!("{name}.png"))).unwrap().to_rgb8();
        let (mut worst, mut count) = (0.0f64, 0);
        for j in (0..SIZE[1]).step_by(7) {
            for i in (0..SIZE[0]).step_by(7) {
                let x = (f64::from(i) + 0.5 - f64::from(SIZE[0]) * 0.5) * PIXEL_MM;
                let y = (f64::from(SIZE[1]) * 0.5 - f64::from(j) - 0.5) * PIXEL_MM;
                let p = MIDDLE + Vector3::from(right) * x + Vector3::from(up) * y;
                let want = ((value(&p) - WINDOW[0]) / WINDOW[1] + 0.5).clamp(0.0, 1.0) * 255.0;
                // the middle of the picture, without the words in its corners
                if x.hypot(y) < 45.0 {
                    worst = worst.max((f64::from(picture.get_pixel(i, j).0[1]) - want).abs());
                    count += 1;
                }
            }
        }
        println!("figure: {name}: {count} greys of the brought MR within {worst:.2} levels");
        assert!(worst <= 0.8 && count > 400, "{name}: {count} greys, the worst {worst} levels off");
    }
}
