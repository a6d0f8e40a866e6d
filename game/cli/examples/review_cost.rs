//! What a review asks for beside the dose, and what it costs on a study: margins, a ray, constraints, a difference,
//! dose rates. `cargo run -p vestibule --no-default-features --example review_cost -- FOLDER` (CT, RTSTRUCT, RTPLAN and
//! RTDOSE).
#![allow(clippy::unwrap_used, reason = "an example may stop")]

use nalgebra::Vector3;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use vestibule_dose::constraints::{Protocol, basis, evaluate, needs};
use vestibule_dose::overrides::supports_of;
use vestibule_dose::rate::RateCurves;
use vestibule_dose::{
    BraggInWater, DoseFloor, DoseOptions, DoseRateMetric, Dvh, HuTable, MachineModel, Materials, PlanDifference,
    PreparedPlan, RayProbe, Timeline,
};
use vestibule_geometry::{Contour, DistanceField, DistanceOptions, contour};
use vestibule_patient::Dose;

/// Seconds that this process has had on the cores (Linux; 0 elsewhere), to 10 ms.
fn on_cores() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() * 0.01
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, cores) = (Instant::now(), on_cores());
    let out = work();
    let (took, cores) = (start.elapsed().as_secs_f64(), on_cores() - cores);
    println!("{what}: {:.1} ms, {:.0} ms on the cores", 1e3 * took, 1e3 * cores);
    out
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    let patient = vestibule_dicom::import(&[folder], &|_, _| {}).unwrap().patients.remove(0);
    let plan = &patient.plans[0];
    let (set, ct) = (patient.structures_of(plan).unwrap(), patient.planning_image(plan).unwrap());
    let grid = &ct.volume.grid;
    println!("CT {:?} voxels, {} spots", grid.size, plan.beams.iter().map(|b| b.spot_count()).sum::<usize>());

    println!("\nmargins of +5 and -5 mm, each with its field (reach 10 mm, about half a million places):");
    let options = DistanceOptions { reach_mm: 10.0, slice_mm: grid.spacing_mm[2], ..Default::default() };
    let (start, before) = (Instant::now(), on_cores());
    for s in set.structures.iter().filter(|s| s.contours.len() > 1) {
        let (begun, cores) = (Instant::now(), on_cores());
        let field = DistanceField::new(&s.contours, &options).unwrap();
        let made = begun.elapsed().as_secs_f64();
        let [grown, shrunk] = [5.0, -5.0].map(|m| field.margin(m).unwrap());
        println!(
            "  {:<16} {:>7.1} ms, with both surfaces {:>7.1}, on the cores {:>5.0}; {:?} of {:.2} mm; {:.2} cm3, grown {:.2}, shrunk {:.2}",
            s.name,
            1e3 * made,
            1e3 * begun.elapsed().as_secs_f64(),
            1e3 * (on_cores() - cores),
            field.depth.grid.size,
            field.depth.grid.spacing_mm[0],
            contour::volume_cm3(&s.contours, None),
            grown.volume().abs() * 1e-3,
            shrunk.volume().abs() * 1e-3
        );
    }
    println!("all: {:.2} s, {:.2} s on the cores", start.elapsed().as_secs_f64(), on_cores() - before);
    let of = |name: &str| set.find(name).unwrap().contours.as_slice();
    for (a, b) in [("PTV", "Brainstem"), ("PTV", "OpticChiasm"), ("GTV", "Cochlea_L"), ("BODY", "PTV")] {
        let c = timed(&format!("closest {a}, {b}"), || contour::closest(of(a), of(b), grid.spacing_mm[2])).unwrap();
        println!("  {:.2} mm", c.distance_mm);
    }

    println!();
    let body = set.external().map(|s| contour::mask(&s.contours, grid));
    let machine = MachineModel::generic();
    let hu = HuTable::for_image(ct);
    let supports = supports_of(Some(set), grid);
    let materials = Materials::of_supports(&supports);
    let probe = timed("a probe for rays", || RayProbe::new(ct, body.as_ref(), &hu, &materials)).unwrap();
    let dose = &patient.doses[0];
    let iso = plan.beams[0].isocentre_mm;
    let away = Vector3::new(0.62, -0.71, 0.33).normalize() * 400.0;
    let along = || probe.along(&ct.volume, Some(&dose.volume), iso + away, -away).unwrap();
    let ray = along();
    let start = Instant::now();
    (0..100).for_each(|_| drop(along()));
    println!("along a ray with dose, {} voxels: {:.1} us", ray.samples.len(), 1e4 * start.elapsed().as_secs_f64());
    let curve = timed("the Bragg curve of 120 MeV in water", || BraggInWater::new(&machine, 120.0)).unwrap();
    let start = Instant::now();
    (0..100).for_each(|_| drop(ray.lay(&curve, 0.0)));
    println!("laid on the ray: {:.1} us", 1e4 * start.elapsed().as_secs_f64());

    let dvhs: Vec<_> = timed("histograms of all structures, one after the other", || {
        set.structures.iter().map(|s| Dvh::new(&dose.volume, &s.contours).map_err(|e| e.to_string())).collect()
    });
    for protocol in Protocol::built_in() {
        let basis = basis(&protocol, dose, Some(plan), None).unwrap();
        let needed = needs(&protocol, set).len();
        let start = Instant::now();
        let rows = evaluate(
            &protocol,
            set,
            &|i| dvhs.get(i).map(|d: &Result<Dvh, _>| d.as_ref().map_err(String::clone)),
            &basis,
        );
        let took = 1e6 * start.elapsed().as_secs_f64();
        println!("{}: {} rows of {needed} structures: {took:.1} us", protocol.title, rows.len());
    }
    let other = Dose {
        volume: vestibule_geometry::Volume {
            data: dose.volume.data.iter().map(|v| 0.97 * v).collect(),
            grid: dose.volume.grid.clone(),
        },
        ..dose.clone()
    };
    println!("dose grid {:?}", dose.volume.grid.size);
    let d = timed("difference of two doses", || PlanDifference::new(dose, &other)).unwrap();
    let contours: Vec<&[Contour]> = set.structures.iter().map(|s| s.contours.as_slice()).collect();
    timed("difference of all structures, histograms of both included", || {
        d.structures([dose, &other], &contours, &AtomicBool::new(false))
    });

    println!();
    for grid_mm in [2.5, 5.0] {
        let prepared = timed(&format!("prepare the plan, {grid_mm} mm"), || {
            PreparedPlan::with_materials(ct, body.as_ref(), plan, &machine, &hu, &DoseOptions { grid_mm }, &materials)
        })
        .unwrap();
        let timeline = Timeline::checked(plan, &machine).unwrap();
        let (go, floor) = (AtomicBool::new(false), DoseFloor::PercentOfMaximum(10.0));
        let curves = timed("dose rates of all structures, all beams, four metrics", || {
            RateCurves::of_metrics(&prepared, &timeline, &contours, &DoseRateMetric::USUAL, floor, &go, &|_, _| {})
        })
        .unwrap();
        let ptv = set.structures.iter().position(|s| s.name == "PTV");
        for one in &curves {
            for c in one.curves.iter().filter(|c| Some(c.structure) == ptv) {
                let median = c.histogram.rate_at_fraction(0.5);
                println!("  PTV, beam {}, {}: median {median:.3?} Gy/s", c.beam + 1, one.metric.label());
            }
        }
    }
}
