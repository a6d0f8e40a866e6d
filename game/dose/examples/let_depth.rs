//! LETd over depth of one energy, as CSV: `cargo run -p vestibule-dose --example let_depth -- 150 [SPREAD_MEV]`.

use vestibule_dose::bragg::BraggCurve;
use vestibule_dose::let_d::{LetProtons, depth_let};

fn main() {
    let number = |n: usize| std::env::args().nth(n).and_then(|t| t.parse::<f64>().ok());
    let (energy, spread) = (number(1).unwrap_or(150.0), number(2).unwrap_or(0.0));
    let curve = BraggCurve::new(energy.clamp(10.0, 250.0), spread.clamp(0.0, 20.0));
    let sampled = curve.sampled(0.5);
    let [primary, all] = [LetProtons::Primary, LetProtons::All].map(|p| depth_let(&curve, &sampled, p));
    println!("depth_mm,mev_per_mm,primary_kev_per_um,all_kev_per_um");
    for (i, dose) in sampled.mev_per_mm.iter().enumerate() {
        println!("{},{dose:.5},{:.4},{:.4}", i as f64 * sampled.step_mm, primary[i], all[i]);
    }
}
