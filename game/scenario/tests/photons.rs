//! A photon plan in time and its dose, at the same instants.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use vestibule_geometry::{BeamAngles, Grid, Volume};
use vestibule_patient::{
    Beam, BeamLimitingDevice, ControlPoint, Image, LimitingDeviceType, Modality, Patient, Plan, RadiationType,
};
use vestibule_scenario::{PrepareError, PreparedPhotons, Review, Room};

fn beam(gantries: [f64; 3], energy: f64) -> Beam {
    let point = |i: usize| ControlPoint {
        cumulative_weight: 0.5 * i as f64,
        angles: BeamAngles { gantry_deg: gantries[i], ..BeamAngles::default() },
        energy: Some(energy),
        positions_mm: vec![vec![-20.0, 20.0], vec![-20.0, 20.0]],
        ..ControlPoint::default()
    };
    let jaw = |kind| BeamLimitingDevice { kind, source_distance_mm: None, boundaries_mm: Vec::new() };
    Beam {
        name: format!("G{}", gantries[0]),
        radiation: RadiationType::Photon,
        meterset_mu: 100.0,
        final_cumulative_weight: 1.0,
        control_points: 3,
        limiting_devices: vec![jaw(LimitingDeviceType::X), jaw(LimitingDeviceType::Y)],
        sequence: (0..3).map(point).collect(),
        ..Beam::default()
    }
}

fn patient(energy: f64) -> Patient {
    let grid = Grid::axial([20; 3], [8.0; 3], [-76.0; 3].into());
    let ct = Image { frame_of_reference_uid: "3".into(), ..Image::of("1", Modality::Ct, Volume::filled(grid, 0.0)) };
    let beams = vec![beam([0.0; 3], energy), beam([90.0, 94.0, 98.0], energy)];
    let plan = Plan { uid: "p".into(), frame_of_reference_uid: "3".into(), beams, ..Plan::default() };
    Patient { images: vec![ct], plans: vec![plan], ..Patient::default() }
}

#[test]
fn the_dose_grows_with_the_review() {
    let patient = patient(6.0);
    assert!(PreparedPhotons::fits(&patient.plans[0]));
    let ready = PreparedPhotons::new(&patient, &patient.plans[0], 8.0).unwrap();
    let room = Room::from_ron(include_str!("../../../scenes/rooms/proton-gantry.ron")).unwrap();
    let mut review = Review::new(room.into(), ready.delivery.clone(), "review");
    assert_eq!(ready.delivery.spot_count(), ready.dose.ways().len());
    let painting = ready.painting();
    let mut live = ready.live();
    let mut before = 0.0;
    for part in [0.1, 0.4, 0.5, 0.8, 1.0] {
        review.go_to(part * review.length_s());
        let at = review.state().delivered;
        painting.go_to(at.spots, at.part_of_next);
        let max = painting.settle();
        live.go_to(at.spots, at.part_of_next);
        assert!(max > before && (max - live.max_gy()).abs() < 1e-12, "{part}");
        before = max;
    }
    // the whole plan, and back to its beginning
    let whole = vestibule_dose::compute_photons(&ready.dose, 1, &|_, _| ());
    assert!(live.grid().data == whole.volume.data);
    review.go_to(0.0);
    painting.go_to(review.state().delivered.spots, 0.0);
    assert_eq!(painting.settle(), 0.0);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let other = patient(15.0);
    let e = PreparedPhotons::new(&other, &other.plans[0], 8.0).unwrap_err().to_string();
    assert!(e.contains("'G0'") && e.contains("15 MV"), "{e}");
    let mut without = patient(6.0);
    without.images.clear();
    assert!(matches!(PreparedPhotons::new(&without, &without.plans[0], 8.0), Err(PrepareError::NoImage)));
}
