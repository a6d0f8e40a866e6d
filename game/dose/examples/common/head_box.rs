//! A head-sized box of water and a plan of some thousand spots, for the examples that time.

use nalgebra::Point3;
use vestibule_geometry::{BeamAngles, Grid, Volume};
use vestibule_patient::{Beam, Image, Layer, Modality, Plan, Spot};

/// Three beams of 20 layers, 72 mm wide; spots `pitch_mm` apart (4.5 mm: 11,580 of them).
pub fn plan(pitch_mm: f64) -> Plan {
    let half = (36.0 / pitch_mm) as i32;
    let beam = |gantry_deg: f64| {
        let layers: Vec<Layer> = (0..20)
            .map(|l| {
                let mut spots = Vec::new();
                for j in -half..=half {
                    for i in -half..=half {
                        let (x_mm, y_mm) = (f64::from(i) * pitch_mm, f64::from(j) * pitch_mm);
                        if x_mm.hypot(y_mm) < 36.0 {
                            spots.push(Spot { x_mm, y_mm, weight: 1.0 });
                        }
                    }
                }
                Layer { energy_mev: 145.0 - 2.5 * f64::from(l), paintings: 1, spots, ..Layer::default() }
            })
            .collect();
        let sum = layers.iter().map(|l| l.spots.len()).sum::<usize>() as f64;
        Beam {
            name: format!("G{gantry_deg}"),
            isocentre_mm: Point3::origin(),
            angles: BeamAngles { gantry_deg, ..BeamAngles::default() },
            meterset_mu: sum,
            final_cumulative_weight: sum,
            layers,
            ..Beam::default()
        }
    };
    Plan { beams: vec![beam(0.0), beam(110.0), beam(250.0)], fractions: 30, ..Plan::default() }
}

pub fn ct() -> Image {
    let size = [160, 200, 230];
    let origin = Point3::new(-79.5, -99.5, -114.5);
    Image::of("", Modality::Ct, Volume::filled(Grid::axial(size, [1.0; 3], origin), 0.0f32))
}
