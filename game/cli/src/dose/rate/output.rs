//! Dose rates on the screen, as JSON, as a table and on a grid.

use super::BeamResult;
use crate::dose::meta_image;
use crate::output::{Done, Failure, write_new};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use vestibule_dose::RateHistogram;

/// Points of a histogram's curve.
const CURVE: usize = 101;

/// The tables.
pub fn print(results: &[BeamResult], volume_at: &[f64]) {
    for r in results {
        say!(
            "beam '{}': {} spots in {:.4} s, at most {:.3} Gy in one fraction; voxels with {:.3} Gy or more",
            r.name,
            r.rates.spots,
            r.rates.duration_s,
            r.rates.max_gy,
            r.rates.floor_gy
        );
        for table in &r.tables {
            say!("{}: {}", table.metric.label(), table.metric.definition());
            let mut head = format!(
                "{:<24} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9}",
                "structure (Gy/s)", "cm3", "with dose", "mean", "median", "R98", "R2"
            );
            for rate in volume_at {
                let _ = write!(head, " {:>12}", format!("V{rate}Gy/s"));
            }
            say!("{head}");
            for row in &table.rows {
                let h = &row.histogram;
                let at = |f| h.rate_at_fraction(f).map_or_else(|| "none".to_owned(), |v| format!("{v:.3}"));
                let mean = if h.rated_cm3() > 0.0 { format!("{:.3}", h.mean) } else { "none".to_owned() };
                let mut line = format!(
                    "{:<24} {:>10.2} {:>10.2} {mean:>9} {:>9} {:>9} {:>9}",
                    row.name,
                    h.volume_cm3,
                    h.above_floor_cm3,
                    at(0.5),
                    at(0.98),
                    at(0.02)
                );
                for rate in volume_at {
                    let said = percent(h, *rate).map_or_else(|| "none".to_owned(), |p| format!("{p:.2} %"));
                    let _ = write!(line, " {said:>12}");
                }
                say!("{line}");
                if h.without_rate_cm3 > 0.0 {
                    say!(
                        "  of it {:.3} cm3 have no rate by this metric and are in no figure but cm3",
                        h.without_rate_cm3
                    );
                }
            }
        }
    }
    say!("cm3: on the dose grid; R98: what 98 % of the volume with a rate has at least; V: percent of that volume");
}

/// Percent of the rated volume with at least `rate`.
fn percent(h: &RateHistogram, rate: f64) -> Option<f64> {
    (h.rated_cm3() > 0.0).then(|| 100.0 * h.volume_at_rate_cm3(rate) / h.rated_cm3())
}

/// One beam for `--json`.
pub fn beam_json(r: &BeamResult, volume_at: &[f64]) -> Value {
    let metrics: Vec<Value> = r
        .tables
        .iter()
        .map(|table| {
            let structures: Vec<Value> =
                table.rows.iter().map(|row| structure(&row.name, &row.histogram, volume_at)).collect();
            json!({ "metric": table.metric.name(), "threshold_gy": table.metric.threshold_gy(),
                "definition": table.metric.definition(), "structures": structures })
        })
        .collect();
    json!({ "name": r.name, "spots": r.rates.spots, "length_s": r.rates.duration_s, "max_gy": r.rates.max_gy,
        "dose_floor_gy": r.rates.floor_gy, "metrics": metrics })
}

fn structure(name: &str, h: &RateHistogram, volume_at: &[f64]) -> Value {
    let rated = h.rated_cm3() > 0.0;
    let at: Vec<Value> = volume_at
        .iter()
        .map(|rate| json!({ "gy_per_s": rate, "cm3": h.volume_at_rate_cm3(*rate), "percent": percent(h, *rate) }))
        .collect();
    let curve: Vec<[f64; 2]> = h.curve(CURVE).into_iter().map(|(rate, part)| [rate, 100.0 * part]).collect();
    json!({
        "name": name, "volume_cm3": h.volume_cm3, "above_floor_cm3": h.above_floor_cm3,
        "without_rate_cm3": h.without_rate_cm3, "mean_gy_per_s": rated.then_some(h.mean),
        "median_gy_per_s": h.rate_at_fraction(0.5), "r98_gy_per_s": h.rate_at_fraction(0.98),
        "r95_gy_per_s": h.rate_at_fraction(0.95), "r2_gy_per_s": h.rate_at_fraction(0.02), "volume_at": at,
        "histogram": curve,
    })
}

/// The curves as a table.
pub fn csv(path: &Path, results: &[BeamResult]) -> Done {
    let mut out =
        String::from("beam,metric,threshold_gy,dose_floor_gy,structure,rate_gy_per_s,volume_percent,volume_cm3\n");
    let quoted = |t: &str| format!("\"{}\"", t.replace('"', "\"\""));
    for r in results {
        for table in &r.tables {
            let threshold = table.metric.threshold_gy().map_or_else(String::new, |gy| gy.to_string());
            for row in &table.rows {
                let rated = row.histogram.rated_cm3();
                for (rate, part) in row.histogram.curve(CURVE) {
                    let _ = writeln!(
                        out,
                        "{},{},{threshold},{:.6},{},{rate:.6},{:.4},{:.5}",
                        quoted(&r.name),
                        table.metric.name(),
                        r.rates.floor_gy,
                        quoted(&row.name),
                        100.0 * part,
                        part * rated
                    );
                }
            }
        }
    }
    write_new(path, out.as_bytes())
}

/// One map as MetaImage. Not an RT Dose, whose unit could only be Gray.
pub fn mha(path: &Path, r: &BeamResult) -> Done {
    let map = r.rates.maps.first().ok_or_else(|| Failure::Work("there is no dose-rate map to write".into()))?;
    let what = format!(
        "dose rate in Gy/s, {}, one beam of one fraction; 0 = no rate (below {} Gy)",
        map.metric.label(),
        r.rates.floor_gy
    );
    meta_image::write(path, &map.rate, &what)
}
