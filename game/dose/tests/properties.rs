//! What must hold for any plan: random beams, angles, patient positions, shifters and weights in water with a piece of bone.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{beam, machine, plan, prepare, shifter, water_box};
use nalgebra::{Isometry3, Point3};
use proptest::prelude::*;
use vestibule_dose::{
    InfluenceOptions, PreparedPlan, compute_beam, compute_fraction, conserve, conserve::Conserved, update,
};
use vestibule_geometry::{BeamAngles, Grid, PatientPosition, Volume};
use vestibule_patient::{Beam, Image, Plan};

const GRID_MM: f64 = 4.0;

fn quiet(_: usize, _: usize) {}

fn dose(ct: &Image, plan: &Plan) -> Volume<f64> {
    compute_fraction(&prepare(ct, plan, GRID_MM), &quiet)
}

/// 120 mm of water around the origin, with a slab of bone on one side if asked for.
fn box_with(bone: bool) -> Image {
    let mut ct = water_box([120.0, 120.0, 120.0], GRID_MM, Point3::new(0.0, -60.0, 0.0));
    if bone {
        let g = ct.volume.grid.clone();
        for (o, hu) in ct.volume.data.iter_mut().enumerate() {
            let p = g.centre(o % g.size[0], o / g.size[0] % g.size[1], o / (g.size[0] * g.size[1]));
            if p.x > 4.0 && p.y.abs() < 30.0 {
                *hu = 700.0;
            }
        }
    }
    ct
}

prop_compose! {
    fn angles()(gantry_deg in 0.0..360.0f64, patient_support_deg in -90.0..90.0f64, table_eccentric_deg in -20.0..20.0f64,
        table_pitch_deg in -5.0..5.0f64, table_roll_deg in -5.0..5.0f64) -> BeamAngles {
        BeamAngles { gantry_deg, patient_support_deg, table_eccentric_deg, table_pitch_deg, table_roll_deg, ..Default::default() }
    }
}

prop_compose! {
    /// Two layers of up to three spots, with or without a range shifter.
    fn any_beam()(
        angles in angles(), energy in 80.0..110.0f64, step in 2.0..9.0f64, shifted in any::<bool>(),
        iso in prop::array::uniform3(-5.0..5.0f64),
        spots in prop::collection::vec((-15.0..15.0f64, -15.0..15.0f64, 0.2..3.0f64), 2..6),
    ) -> Beam {
        let half = spots.len() / 2;
        let all: Vec<_> = spots.iter().enumerate()
            .map(|(n, (x, y, w))| (if n < half { energy } else { energy - step }, *x, *y, *w)).collect();
        let mut b = beam(0.0, Point3::from(iso), &all);
        b.angles = angles;
        if shifted {
            b.range_shifters.push(shifter(15.0, 150.0));
        }
        b
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Largest difference and root of its mean square, as parts of the highest value.
fn apart(a: &[f64], b: &[f64]) -> [f64; 2] {
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let rms = (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt();
    [worst / largest(a), rms / largest(a)]
}

fn with_weights(plan: &Plan, weight: impl Fn(usize) -> f64) -> Plan {
    let mut p = plan.clone();
    let spots = p.beams.iter_mut().flat_map(|b| &mut b.layers).flat_map(|l| &mut l.spots);
    spots.enumerate().for_each(|(n, s)| s.weight = weight(n));
    p
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// D(a·u + b·v) = a·D(u) + b·D(v). A value is a sum of products of five f32 (6e−8 each), so 1e−6 of the maximum holds.
    #[test]
    fn linear_in_the_weights(
        beams in prop::collection::vec(any_beam(), 1..3), bone in any::<bool>(), a in 0.1..3.0f64, b in 0.1..3.0f64,
        u in prop::collection::vec(0.0..2.0f64, 12), v in prop::collection::vec(0.1..2.0f64, 12),
    ) {
        let (ct, p) = (box_with(bone), plan(beams));
        let (u, v) = (|n: usize| u[n] + 0.01, |n: usize| v[n]);
        let (one, two) = (dose(&ct, &with_weights(&p, u)), dose(&ct, &with_weights(&p, v)));
        let both = dose(&ct, &with_weights(&p, |n| a * u(n) + b * v(n)));
        let sum: Vec<f64> = one.data.iter().zip(&two.data).map(|(x, y)| a * x + b * y).collect();
        println!("linear: worst {:.1e}", apart(&both.data, &sum)[0]);
        prop_assert!(apart(&both.data, &sum)[0] < 1e-6, "{:?}", apart(&both.data, &sum));
    }

    /// The same beam on the same patient, said otherwise: another patient position, other gantry and table angles, another
    /// place of the CT's origin, the CT's axes turned so that all of it cancels. The same dose in the same voxels.
    ///
    /// Geometry is f64, so what differs is a depth that rounds to the next f32 (8e−6 mm of 100 mm, 3e−6 of the dose of one
    /// ray where it falls in 3 mm) in one of the more than 50 rays of a voxel: 1e−6 of the maximum holds.
    #[test]
    fn the_frame_does_not_matter(
        b in any_beam(), bone in any::<bool>(), other in angles(), from in 0usize..8, to in 0usize..8,
        moved in prop::array::uniform3(-300.0..300.0f64),
    ) {
        let ct = box_with(bone);
        let mut first = plan(vec![b]);
        first.position = Some(PatientPosition::ALL[from]);
        let mut second = first.clone();
        second.position = Some(PatientPosition::ALL[to]);
        second.beams[0].angles = other;
        second.beams[0].isocentre_mm += nalgebra::Vector3::from(moved);
        let to_gantry = |p: &Plan| p.frames(&p.beams[0]).patient_to_gantry(&p.beams[0].angles);
        let carry: Isometry3<f64> = to_gantry(&second).inverse() * to_gantry(&first);
        let mut carried = ct.clone();
        let g = &mut carried.volume.grid;
        g.origin_mm = carry * g.origin_mm;
        g.axes = carry.rotation.to_rotation_matrix().matrix() * g.axes;
        let [worst, rms] = apart(&dose(&ct, &first).data, &dose(&carried, &second).data);
        println!("frame: worst {worst:.1e}, rms {rms:.1e}");
        prop_assert!(worst < 1e-6, "{worst:e}");
    }

    /// Mirrored left to right: box, gantry, couch and spots; then the dose is. Sums of f32 run in another order: as above.
    #[test]
    fn left_is_right_in_the_mirror(
        gantry in 0.0..360.0f64, couch in -90.0..90.0f64, energy in 80.0..110.0f64, y in -10.0..10.0f64,
        spots in prop::collection::vec((-15.0..15.0f64, -15.0..15.0f64, 0.2..3.0f64), 1..5),
    ) {
        let ct = box_with(false);
        let at = |sign: f64| {
            let all: Vec<_> = spots.iter().map(|(x, y, w)| (energy, sign * x, *y, *w)).collect();
            let mut b = beam(0.0, Point3::new(0.0, y, -0.5 * y), &all);
            b.angles.gantry_deg = sign * gantry;
            b.angles.patient_support_deg = sign * couch;
            dose(&ct, &plan(vec![b]))
        };
        let (one, other) = (at(1.0), at(-1.0));
        let ni = one.grid.size[0];
        let mirrored: Vec<f64> = other.data.chunks_exact(ni).flat_map(|row| row.iter().rev().copied()).collect();
        let [worst, rms] = apart(&one.data, &mirrored);
        println!("mirror: worst {worst:.1e}, rms {rms:.1e}");
        prop_assert!(worst < 1e-6, "{worst:e}");
    }

    /// However a beam comes in, it leaves the same energy in water. What may differ: where the body begins inside a voxel,
    /// the voxel counts whole or not at all, and the dose is interpolated between planes half a voxel apart. That is less
    /// than the plateau's dose over a quarter of a voxel: S(E) × 1 mm of E, 0.9 % at 80 MeV, and twice that as two ways are
    /// compared.
    #[test]
    fn energy_does_not_hang_on_the_way_in(b in any_beam()) {
        let ct = box_with(false);
        let energy = |b: &Beam| dose(&ct, &plan(vec![b.clone()])).data.iter().sum::<f64>();
        let mut straight = b.clone();
        straight.angles = BeamAngles::default();
        straight.isocentre_mm = Point3::origin();
        let lowest = b.layers.iter().map(|l| l.energy_mev).fold(f64::MAX, f64::min);
        // Stopping power of water at the lowest energy, MeV/mm, from the range's power law R = 0.022 E^1.77 (Bragg-Kleeman).
        let behind: f64 = if b.range_shifters.is_empty() { 0.0 } else { 15.0 };
        let range = 0.022 * lowest.powf(1.77) - behind;
        let left = (range / 0.022).powf(1.0 / 1.77);
        let stopping = left / (1.77 * range);
        let may = 2.0 * stopping * 0.25 * GRID_MM / left;
        let (one, other) = (energy(&b), energy(&straight));
        println!("energy: {:+.1e} of {may:.1e} allowed", one / other - 1.0);
        prop_assert!((one / other - 1.0).abs() < may, "{} with {may} allowed", one / other - 1.0);
    }

    /// Threads change no bit of a dose, of one that is brought up to date, of an influence matrix, of another grid.
    #[test]
    fn threads_change_no_bit(beams in prop::collection::vec(any_beam(), 1..3), bone in any::<bool>()) {
        let (ct, p) = (box_with(bone), plan(beams));
        let other = Grid::axial([20; 3], [5.3; 3], Point3::new(-50.0, -48.0, -51.0));
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut prepared: PreparedPlan = prepare(&ct, &p, GRID_MM);
                let whole = compute_fraction(&prepared, &quiet);
                let mut updated = whole.clone();
                update(&mut updated, &mut prepared, &[(0, 5.0), (1, 0.0)]).unwrap();
                let matrix = prepared.influence(&InfluenceOptions::default()).unwrap();
                let mu: Vec<f64> = prepared.spots().iter().map(|s| s.mu).collect();
                let by_matrix = matrix.dose(&mu).unwrap();
                let data = whole.data.iter().map(|v| *v as f32).collect();
                let Conserved { volume, .. } = conserve(&Volume { grid: whole.grid.clone(), data }, &other).unwrap();
                let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
                (bits(&whole.data), bits(&updated.data), bits(&by_matrix), matrix, volume)
            })
        };
        let one = with(1);
        for threads in [2, 5] {
            prop_assert!(one == with(threads), "{threads} threads");
        }
    }
}

/// The beams of a plan are the plan, to the bit.
#[test]
fn beams_add_up_to_the_plan() {
    let ct = box_with(true);
    let p = common::head_like(Point3::origin(), 10.0);
    let prepared = prepare(&ct, &p, GRID_MM);
    let mut sum = Volume::filled(prepared.grid().clone(), 0.0);
    for b in 0..p.beams.len() {
        let one = compute_beam(&prepared, b);
        assert!(largest(&one.data) > 0.0);
        sum.data.iter_mut().zip(&one.data).for_each(|(s, v)| *s += v);
    }
    assert_eq!(sum, compute_fraction(&prepared, &quiet));
    assert_eq!(largest(&compute_beam(&prepared, 3).data), 0.0);
    // The default machine's field is wide enough for the plan used here.
    assert!(machine().limits.field_mm[0] > 20.0);
}
