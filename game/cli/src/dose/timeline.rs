//! `vestibule dose timeline`: when each beam, layer and spot of a plan comes.

use super::{choose_plan, machine};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use crate::store::{Create, open};
use serde_json::json;
use std::path::PathBuf;
use vestibule_dose::{DeliveryOrder, MachineModel, SpotTime, Timeline};
use vestibule_patient::{Beam, Layer, Plan};

/// What `timeline` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Whose plan
    #[arg(long, value_name = "ID")]
    patient: String,
    /// SOPInstanceUID of the plan [default: the only one, or of several the only approved one]
    #[arg(long, value_name = "UID")]
    plan: Option<String>,
    /// Machine file (docs/machine.md), whose `delivery` gives the times [default: generic-pbs]
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Print each spot too (`--json` always has them)
    #[arg(long)]
    spots: bool,
}

/// Lays the plan out in time and prints it.
pub fn run(args: &Args, global: &Global) -> Done {
    let machine = machine(args.machine.as_deref())?;
    let patient = open(global, Create::No)?.patient(&args.patient).map_err(Failure::work)?;
    let made = choose_plan(&patient, args.plan.as_deref())?;
    let order = DeliveryOrder::new(made).map_err(Failure::work)?;
    let plan = &order.plan;
    let timeline = Timeline::checked(plan, &machine).map_err(Failure::work)?;
    let notes = notes(made, &machine);
    if global.json {
        return print_json(&as_json(made, &order, &machine, &timeline, &notes));
    }
    let total = |of: fn(&Beam) -> f64| plan.beams.iter().map(of).sum::<f64>();
    say!(
        "{} beams, {} spots, {:.2} MU in one fraction: {:.2} s, of which the beam is on for {:.2} s; {}",
        plan.beams.len(),
        timeline.spots().len(),
        total(|b| b.layers.iter().map(|l| layer_mu(b, l)).sum()),
        timeline.total_s(),
        beam_on_s(timeline.spots()),
        machine.name
    );
    for (b, beam) in plan.beams.iter().enumerate() {
        say!("beam '{}': {:.2} s", beam.name, timeline.beam_duration_s(b));
        say!(
            "{:>7} {:>8} {:>7} {:>10} {:>10} {:>10} {:>10}",
            "layer",
            "MeV",
            "spots",
            "MU",
            "start s",
            "length s",
            "on s"
        );
        for (l, (layer, times)) in layers(beam, &timeline, b).enumerate() {
            let [start, end] = bounds(times);
            say!(
                "{:>7} {:>8.2} {:>7} {:>10.3} {start:>10.4} {:>10.4} {:>10.4}",
                l + 1,
                layer.energy_mev,
                times.len(),
                layer_mu(beam, layer),
                end - start,
                beam_on_s(times)
            );
            for (spot, t) in layer.spots.iter().zip(times).filter(|_| args.spots) {
                say!(
                    "{:>7} x {:>8.2} mm, y {:>8.2} mm, {:>9.4} MU, from {:>9.4} s for {:>8.5} s",
                    "",
                    spot.x_mm,
                    spot.y_mm,
                    spot.weight * beam.mu_per_weight(),
                    t.start_s,
                    t.length_s
                );
            }
        }
    }
    for note in notes {
        say!("note: {note}");
    }
    Ok(())
}

/// What the times leave out.
pub(super) fn notes(plan: &Plan, machine: &MachineModel) -> Vec<String> {
    let mut notes = vec![format!("times are machine '{}'s; {}", machine.name, machine.source)];
    if plan.beams.len() > 1 {
        notes.push("times are within each beam: turning gantry and couch between beams is in none of them".to_owned());
    }
    let painted = plan.beams.iter().flat_map(|b| &b.layers).filter(|l| l.paintings > 1).count();
    if painted > 0 {
        notes.push(format!(
            "{painted} layers are painted more than once: each as often as the plan says, with equal parts of its weights, before the next energy; each painting's spots are listed"
        ));
    }
    notes
}

fn layers<'a>(beam: &'a Beam, timeline: &'a Timeline, b: usize) -> impl Iterator<Item = (&'a Layer, &'a [SpotTime])> {
    let mut from = timeline.beam_spots(b).start;
    beam.layers.iter().map(move |layer| {
        let times = &timeline.spots()[from..from + layer.spots.len()];
        from += layer.spots.len();
        (layer, times)
    })
}

/// Start of the first spot and end of the last, s.
fn bounds(times: &[SpotTime]) -> [f64; 2] {
    [times.first().map_or(0.0, |t| t.start_s), times.last().map_or(0.0, |t| t.start_s + t.length_s)]
}

fn beam_on_s(times: &[SpotTime]) -> f64 {
    times.iter().map(|t| t.length_s).sum()
}

fn layer_mu(beam: &Beam, layer: &Layer) -> f64 {
    layer.spots.iter().map(|s| s.weight).sum::<f64>() * beam.mu_per_weight()
}

fn as_json(
    made: &Plan,
    order: &DeliveryOrder,
    machine: &MachineModel,
    timeline: &Timeline,
    notes: &[String],
) -> serde_json::Value {
    let mut visits = order.visits.iter();
    let beams: Vec<_> = order
        .plan
        .beams
        .iter()
        .enumerate()
        .map(|(b, beam)| {
            let layers: Vec<_> = layers(beam, timeline, b)
                .zip(&made.beams[b].layers)
                .map(|((layer, times), made)| {
                    let [start, end] = bounds(times);
                    let spots: Vec<_> = layer
                        .spots
                        .iter()
                        .zip(times)
                        .map(|(s, t)| {
                            let painting = visits.next().map_or(1, |v| v.painting + 1);
                            json!({ "x_mm": s.x_mm, "y_mm": s.y_mm, "mu": s.weight * beam.mu_per_weight(),
                                "start_s": t.start_s, "length_s": t.length_s, "painting": painting })
                        })
                        .collect();
                    json!({ "energy_mev": layer.energy_mev, "paintings": made.paintings.max(1), "mu": layer_mu(beam, layer), "start_s": start,
                        "length_s": end - start, "beam_on_s": beam_on_s(times), "spots": spots })
                })
                .collect();
            json!({ "name": beam.name, "mu": beam.layers.iter().map(|l| layer_mu(beam, l)).sum::<f64>(),
                "spots": timeline.beam_spots(b).len(), "length_s": timeline.beam_duration_s(b),
                "beam_on_s": beam_on_s(&timeline.spots()[timeline.beam_spots(b)]), "layers": layers })
        })
        .collect();
    json!({
        "machine": machine.name, "delivery": machine.delivery, "spots": timeline.spots().len(),
        "total_s": timeline.total_s(), "beam_on_s": beam_on_s(timeline.spots()), "beams": beams, "notes": notes,
    })
}
