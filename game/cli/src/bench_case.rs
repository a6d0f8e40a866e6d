//! A made-up patient of a given size for measuring a review: an ellipsoid of water in a shell of bone, balls for structures, a dose.

use nalgebra::{Point3, Vector3};
use rayon::prelude::*;
use vestibule_geometry::{Contour, Grid, PatientPosition, Volume};
use vestibule_patient::{
    Dose, DoseSummation, DoseType, DoseUnit, Image, Modality, Patient, RoiType, Structure, StructureSet,
};

/// Mm from side to side of the ellipsoid.
const ACROSS_MM: [f64; 3] = [180.0, 220.0, 260.0];
/// Edges of the image, mm.
const IMAGE_MM: [f64; 3] = [300.0, 300.0, 300.0];
/// Corners of a contour.
const CORNERS: usize = 72;

fn grid(size: [usize; 3]) -> Grid {
    let spacing: [f64; 3] = std::array::from_fn(|a| IMAGE_MM[a] / size[a] as f64);
    let corner: [f64; 3] = std::array::from_fn(|a| -0.5 * (size[a] as f64 - 1.0) * spacing[a]);
    Grid::axial(size, spacing, corner.into())
}

fn filled(grid: Grid, value: impl Fn(Point3<f64>) -> f32 + Sync) -> Volume<f32> {
    let [nx, ny, _] = grid.size;
    let data =
        (0..grid.len()).into_par_iter().map(|o| value(grid.centre(o % nx, o / nx % ny, o / (nx * ny)))).collect();
    Volume { grid, data }
}

/// 1 on the ellipsoid's surface, less within.
fn depth(p: Point3<f64>) -> f64 {
    (0..3).map(|a| (2.0 * p[a] / ACROSS_MM[a]).powi(2)).sum::<f64>().sqrt()
}

/// A ball as contours on the image's slices.
fn ball(number: i32, middle: Point3<f64>, radius: f64, grid: &Grid) -> Structure {
    let planes = (0..grid.size[2]).map(|k| grid.centre(0, 0, k).z);
    let contours = planes.filter_map(|z| {
        let r2 = radius * radius - (z - middle.z).powi(2);
        (r2 > 0.25).then(|| {
            let points = (0..CORNERS).map(|i| {
                let angle = std::f64::consts::TAU * i as f64 / CORNERS as f64;
                Point3::new(middle.x + r2.sqrt() * angle.cos(), middle.y + r2.sqrt() * angle.sin(), z)
            });
            Contour { points: points.collect() }
        })
    });
    Structure {
        number,
        name: format!("Ball_{number:02}"),
        roi_type: RoiType::Organ,
        colour: Some([(number * 67 % 200 + 40) as u8, (number * 131 % 200 + 40) as u8, (number * 29 % 200 + 40) as u8]),
        contours: contours.collect(),
        ..Structure::default()
    }
}

/// A patient whose CT has so many voxels each way, with so many structures.
pub fn patient(ct: [usize; 3], structures: usize) -> Patient {
    let frame = "1.2.826.0.1.3680043.10.1.1".to_owned();
    let grid = grid(ct);
    let volume = filled(grid.clone(), |p| {
        let d = depth(p);
        let texture = 12.0 * (p.x * 0.31).sin() * (p.y * 0.27).cos() * (p.z * 0.23).sin();
        match d {
            d if d > 1.0 => -1000.0,
            d if d > 0.95 => 30.0,
            d if d > 0.86 => 900.0,
            _ => (35.0 + texture) as f32,
        }
    });
    let list = (0..structures).map(|i| {
        // along a spiral, each farther in than the last
        let turn = i as f64 * 2.4;
        let out = 60.0 * (1.0 - i as f64 / structures.max(1) as f64);
        let middle =
            Point3::new(out * turn.cos(), out * turn.sin(), -80.0 + 160.0 * i as f64 / structures.max(1) as f64);
        ball(i as i32 + 1, middle, 18.0, &grid)
    });
    let dose_size = [100, 100, 100];
    let sigma = Vector3::new(30.0, 25.0, 35.0);
    let dose = filled(self::grid(dose_size), |p| {
        let d = p.coords.component_div(&sigma);
        (60.0 * (-0.5 * d.norm_squared()).exp()) as f32
    });
    Patient {
        id: "SYNTHETIC-BENCH".into(),
        name: "SYNTHETIC^BENCH".into(),
        synthetic: true,
        images: vec![Image {
            uid: "1.2.826.0.1.3680043.10.1.2".into(),
            study_uid: "1.2.826.0.1.3680043.10.1.3".into(),
            frame_of_reference_uid: frame.clone(),
            modality: Modality::Ct,
            description: "SYNTHETIC".into(),
            position: Some(PatientPosition::Hfs),
            unit: "HU".into(),
            slice_uids: Vec::new(),
            phase: None,
            coarse: None,
            volume,
        }],
        structure_sets: vec![StructureSet {
            label: "SYNTHETIC".into(),
            frame_of_reference_uid: frame.clone(),
            structures: list.collect(),
            ..StructureSet::default()
        }],
        doses: vec![Dose {
            uid: "1.2.826.0.1.3680043.10.1.4".into(),
            frame_of_reference_uid: frame,
            plan_uid: None,
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation: DoseSummation::Plan,
            engine: String::new(),
            volume: dose,
        }],
        ..Patient::default()
    }
}
