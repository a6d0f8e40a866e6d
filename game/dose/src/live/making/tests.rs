use super::*;
use crate::live::together::{MOST, Together};
use crate::{DoseOptions, HuTable, MachineModel, processor::plain};
use nalgebra::Point3;
use std::collections::BTreeMap;
use vestibule_geometry::{BeamAngles, Grid, Volume};
use vestibule_patient::{Beam, Image, Layer, Modality, Plan, Spot};

/// Tissue of every kind, 120 mm, 3 mm voxels.
fn ct() -> Image {
    let size = [40, 40, 40];
    let mut volume = Volume::filled(Grid::axial(size, [3.0; 3], Point3::new(-58.5, -58.5, -58.5)), 0.0f32);
    for (o, v) in volume.data.iter_mut().enumerate() {
        *v = ((o * 7919 % 1601) as f32 * 0.9 - 700.0).min(900.0);
    }
    Image::of("", Modality::Ct, volume)
}

/// Two rows with the way back between them, and one spot off them; then a layer of one spot.
fn plan(gantry_deg: f64, table_deg: f64) -> PreparedPlan {
    let row = |y: f64| (0..11).map(move |i| (f64::from(i) * 4.3 - 20.0, y));
    let spot = |(x_mm, y_mm): (f64, f64)| Spot { x_mm, y_mm, weight: 1.0 };
    let spots: Vec<Spot> = row(-3.0).chain(row(1.5)).chain([(31.0, 33.0)]).map(spot).collect();
    let layer = |energy_mev: f64, spots: Vec<Spot>| Layer { energy_mev, paintings: 1, spots, ..Layer::default() };
    let beam = Beam {
        name: "A".into(),
        isocentre_mm: Point3::new(1.0, 5.0, -3.0),
        angles: BeamAngles { gantry_deg, patient_support_deg: table_deg, ..BeamAngles::default() },
        meterset_mu: 24.0,
        final_cumulative_weight: 24.0,
        layers: vec![layer(100.0, spots), layer(95.0, vec![spot((0.0, 2.0))])],
        ..Beam::default()
    };
    let plan = Plan { beams: vec![beam], fractions: 1, ..Plan::default() };
    let ct = ct();
    PreparedPlan::new(
        &ct,
        None,
        &plan,
        &MachineModel::generic(),
        &HuTable::for_image(&ct),
        &DoseOptions { grid_mm: 2.5 },
    )
    .unwrap()
}

fn groups(plan: &PreparedPlan) -> Vec<Range<usize>> {
    let together = Together::new(plan);
    let mut out: Vec<Range<usize>> = Vec::new();
    while out.last().map_or(0, |g| g.end) < plan.spots().len() {
        let next = together.of(out.last().map_or(0, |g| g.end));
        assert_eq!(next.start, out.last().map_or(0, |g| g.end));
        assert!(next.clone().all(|s| together.of(s) == next));
        out.push(next);
    }
    out
}

#[test]
fn near_ones_of_a_layer_are_made_together() {
    let plan = plan(0.0, 0.0);
    let groups = groups(&plan);
    assert!(groups.iter().all(|g| g.len() <= MOST && plan.spots()[g.start].layer == plan.spots()[g.end - 1].layer));
    assert!(groups.len() < 10, "{groups:?}");
    // Not across the way back to the next row, nor across layers.
    for start in [11, 23] {
        assert!(groups.iter().any(|g| g.start == start), "{groups:?}");
    }
}

/// Whatever was made before on the same bench, and on any processor, the bits are the same; and the numbers are those of
/// each spot alone in f64.
#[test]
fn a_spot_beside_others_is_the_spot() {
    let mut most = 0.0f64;
    for (gantry, table) in [(0.0, 0.0), (110.0, 0.0), (33.0, 25.0)] {
        let plan = plan(gantry, table);
        let mut used = Bench::default();
        let mut lanes_seen = Vec::new();
        for group in groups(&plan).into_iter().rev() {
            lanes_seen.push(lanes(group.len()));
            let s = plan.spots()[group.start];
            let tables = LayerTables::new(&plan, s.beam, s.layer);
            let made = make(&plan, group.clone(), &tables, &mut used);
            let anew = make(&plan, group.clone(), &tables, &mut Bench::default());
            let plain = plain::on(|| make(&plan, group.clone(), &tables, &mut Bench::default()));
            for (((number, made), anew), plain) in group.zip(&made).zip(&anew).zip(&plain) {
                assert!(made.same_bits(anew), "spot {number}: a used bench");
                assert!(made.same_bits(plain), "spot {number}: another processor");
                let mut want = BTreeMap::new();
                plan.for_each_voxel(number, |o, gy| _ = want.insert(o, gy));
                let highest = want.values().copied().fold(0.0, f64::max);
                made.each_voxel(|o, gy| *want.entry(o).or_default() -= f64::from(gy));
                let worst = want.values().map(|v| v.abs()).fold(0.0, f64::max);
                assert!(highest > 0.0 && worst < 1e-6 * highest, "spot {number}: {worst} of {highest}");
                most = most.max(worst / highest);
            }
        }
        assert!(lanes_seen.contains(&1) && lanes_seen.contains(&MOST), "{lanes_seen:?}");
    }
    println!("figure: within {most:.0e} of the spot's maximum");
}
