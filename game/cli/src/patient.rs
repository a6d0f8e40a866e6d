//! `vestibule patient`: import, list, show, beams, clearance, remove.

mod beams;
mod clearance;

mod phases;
mod registrations;

use crate::Global;
use crate::output::{Done, Failure, print_json, progress};
use crate::store::{Create, open};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vestibule_dicom::{Import, ImportError, Level, Note};
use vestibule_geometry::contour;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Image, Patient, Plan, RadiationType, StructureSet};

/// `vestibule patient`: import, list, show, beams, clearance, remove.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Import DICOM: folders, files and zips, from any vendor
    Import {
        /// Folders, DICOM files or zips of them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List who is in the store
    List,
    /// Show what was imported of one patient
    Show {
        /// PatientID
        id: String,
        /// Write the small picture made at import instead
        #[arg(long, value_name = "OUT.png")]
        thumbnail: Option<PathBuf>,
        /// A picture of anybody who is not synthetic: it is stamped
        #[arg(long, requires = "thumbnail")]
        identifiable: bool,
    },
    /// Show a plan's beams control point by control point: jaws, leaves, blocks and what they leave open
    Beams(beams::Args),
    /// How far an illustrative machine stands from body and table, at every beam and on the way to the next
    Clearance(clearance::Args),
    /// Remove a patient with everything kept of them
    Remove {
        /// PatientID
        id: String,
    },
}

/// Dispatches.
pub fn run(command: Command, global: &Global) -> Done {
    match command {
        Command::Import { paths } => import(&paths, global),
        Command::List => list(global),
        Command::Show { id, thumbnail: None, .. } => show(&id, global),
        Command::Show { id, thumbnail: Some(out), identifiable } => thumbnail(&id, &out, identifiable, global),
        Command::Beams(args) => beams::run(&args, global),
        Command::Clearance(args) => clearance::run(&args, global),
        Command::Remove { id } => {
            open(global, Create::No)?.remove_patient(&id).map_err(Failure::work)?;
            if global.json {
                return print_json(&json!({ "removed": id }));
            }
            say!("removed {id}");
            Ok(())
        }
    }
}

fn import(paths: &[PathBuf], global: &Global) -> Done {
    let bar = progress(0, "reading DICOM");
    let got = vestibule_dicom::import(paths, &|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let Import { patients, mut notes } = got.map_err(|e| match e {
        ImportError::NotFound { .. } => Failure::call(e),
    })?;
    let mut taken = Vec::new();
    // No store is made, and no passphrase asked, for nothing.
    if !patients.is_empty() {
        let store = open(global, Create::Yes)?;
        let bar = progress(patients.len() as u64, "storing");
        for patient in &patients {
            match store.put_patient(patient) {
                Ok(id) => {
                    if let Err(e) = crate::thumbnail::keep(&store, &id, patient) {
                        notes.push(Note::warning(&id, format!("no thumbnail was kept: {e}")));
                    }
                    if id != patient.id {
                        notes.push(Note::info(
                            &id,
                            format!("{} is somebody else's name in the store already", patient.id),
                        ));
                    }
                    taken.push(Taken {
                        id,
                        name: patient.name.clone(),
                        images: patient.images.len(),
                        structures: patient.structure_sets.iter().map(|s| s.structures.len()).sum(),
                        plans: patient.plans.len(),
                        doses: patient.doses.len(),
                        registrations: patient.registrations.len(),
                    });
                }
                Err(e) => notes.push(Note::error(format!("patient {}", patient.id), e.to_string())),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    if global.json {
        print_json(&json!({ "patients": taken, "notes": notes }))?;
    } else {
        for t in &taken {
            let registrations =
                if t.registrations == 0 { String::new() } else { format!(", {} registrations", t.registrations) };
            say!(
                "{}  {}  {} images, {} structures, {} plans, {} doses{registrations}",
                t.id,
                t.name,
                t.images,
                t.structures,
                t.plans,
                t.doses
            );
        }
        for n in &notes {
            say!("{}: {}: {}", n.level, n.object, n.text);
        }
    }
    if taken.is_empty() {
        let reason = notes.iter().rfind(|n| n.level == Level::Error);
        let reason = reason.map_or(String::new(), |n| match n.object.as_str() {
            "import" => format!(": {}", n.text),
            object => format!(": {object}: {}", n.text),
        });
        return Err(Failure::Work(format!("nothing usable was found to import{reason}")));
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Taken {
    id: String,
    name: String,
    images: usize,
    structures: usize,
    plans: usize,
    doses: usize,
    registrations: usize,
}

fn list(global: &Global) -> Done {
    let patients = open(global, Create::No)?.patients().map_err(Failure::work)?;
    if global.json {
        let rows: Vec<Value> = patients
            .iter()
            .map(|p| {
                json!({ "id": p.id, "name": p.name, "synthetic": p.synthetic, "images": p.images,
                        "structure_sets": p.structures, "plans": p.plans, "doses": p.doses })
            })
            .collect();
        return print_json(&json!({ "patients": rows }));
    }
    if patients.is_empty() {
        say!("nobody yet: `vestibule patient import PATH` takes a folder or a zip of DICOM");
    }
    for p in patients {
        say!(
            "{}  {}  {} images, {} structure sets, {} plans, {} doses",
            p.id,
            p.name,
            p.images,
            p.structures,
            p.plans,
            p.doses
        );
    }
    Ok(())
}

fn thumbnail(id: &str, out: &Path, identifiable: bool, global: &Global) -> Done {
    let store = open(global, Create::No)?;
    let patients = store.patients().map_err(Failure::work)?;
    let Some(patient) = patients.iter().find(|p| p.id == id) else {
        return Err(Failure::work(vestibule_record::StoreError::NoSuchPatient));
    };
    crate::thumbnail::write(&store, id, patient.synthetic, identifiable, out)?;
    if global.json {
        return print_json(&json!({ "thumbnail": out }));
    }
    say!("The picture was written to {}. The file is not encrypted.", out.display());
    Ok(())
}

fn show(id: &str, global: &Global) -> Done {
    let patient = open(global, Create::No)?.patient(id).map_err(Failure::work)?;
    let value = describe(&patient);
    if global.json {
        return print_json(&value);
    }
    print_text(&value);
    Ok(())
}

/// Everything `patient show` says, in the form that scripts rely on.
fn describe(p: &Patient) -> Value {
    let structures: Vec<Value> = p.structure_sets.iter().flat_map(|s| structures(s, p)).collect();
    json!({
        "id": p.id,
        "name": p.name,
        "synthetic": p.synthetic,
        "images": p.images.iter().map(image).collect::<Vec<_>>(),
        "four_d": phases::describe(p),
        "structures": structures,
        "plans": p.plans.iter().map(plan).collect::<Vec<_>>(),
        "doses": p.doses.iter().map(dose).collect::<Vec<_>>(),
        "registrations": registrations::describe(p),
    })
}

fn image(i: &Image) -> Value {
    let g = &i.volume.grid;
    json!({
        "uid": i.uid,
        "modality": i.modality.as_str(),
        "description": i.description,
        "size": g.size,
        "spacing_mm": g.spacing_mm,
        "origin_mm": g.origin_mm.coords.as_slice(),
        "orientation": &g.axes.as_slice()[..6],
        "position": i.position.map(|p| p.to_string()),
        "unit": i.unit,
        "frame_of_reference_uid": i.frame_of_reference_uid,
    })
}

fn structures<'a>(set: &'a StructureSet, p: &'a Patient) -> impl Iterator<Item = Value> + 'a {
    // A structure on one slice only has the thickness of the images it was drawn on.
    let slice_mm = p
        .images
        .iter()
        .find(|i| Some(&i.uid) == set.referenced_series_uid.as_ref())
        .or_else(|| p.images.iter().find(|i| i.frame_of_reference_uid == set.frame_of_reference_uid))
        .map(|i| i.volume.grid.spacing_mm[2]);
    set.structures.iter().map(move |s| {
        json!({
            "name": s.name,
            "standard_name": s.standard_name,
            "volume_cm3": contour::volume_cm3(&s.contours, slice_mm),
            "contours": s.contours.len(),
            "slices": contour::plane_count(&s.contours),
            "structure_set": set.uid,
        })
    })
}

fn plan(p: &Plan) -> Value {
    let beams: Vec<Value> = p
        .beams
        .iter()
        .map(|b| {
            json!({
                "name": b.name,
                "gantry_deg": b.angles.gantry_deg,
                "couch_deg": b.angles.patient_support_deg,
                "layers": b.layers.len(),
                "spots": b.spot_positions,
                "spots_delivered": b.spot_count(),
                "control_points": b.control_points,
                "meterset_mu": b.meterset_mu,
                "isocentre_mm": b.isocentre_mm.coords.as_slice(),
                "gantry_end_deg": b.sequence.last().map_or(b.angles.gantry_deg, |c| c.angles.gantry_deg),
                "limiting_devices": b.limiting_devices.iter().map(|d| d.kind.as_str()).collect::<Vec<_>>(),
                "blocks": b.blocks.len(),
                "opening_cm2": beams::opening_range_cm2(b),
                "range_shifters": b.range_shifters.iter().map(|r| &r.id).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "uid": p.uid,
        "label": p.label,
        "modality": match p.radiation() {
            RadiationType::Proton => "PROTON",
            RadiationType::Photon => "PHOTON",
            RadiationType::Electron => "ELECTRON",
            RadiationType::Ion => "ION",
        },
        "fractions": p.fractions,
        "prescription_gy": p.prescription_gy,
        "approval": p.approval.map(|a| a.as_str()),
        "beams": beams,
    })
}

fn dose(d: &Dose) -> Value {
    let v = &d.volume;
    let mut best = 0;
    let mut sum = 0.0;
    for (i, x) in v.data.iter().enumerate() {
        sum += f64::from(*x);
        if *x > v.data[best] {
            best = i;
        }
    }
    let [ni, nj, _] = v.grid.size;
    let at = v.grid.centre(best % ni.max(1), best / ni.max(1) % nj.max(1), best / (ni * nj).max(1));
    json!({
        "uid": d.uid,
        "type": match d.dose_type {
            DoseType::Physical => "PHYSICAL",
            DoseType::Effective => "EFFECTIVE",
            DoseType::Error => "ERROR",
        },
        "unit": match d.unit { DoseUnit::Gy => "GY", DoseUnit::Relative => "RELATIVE" },
        "summation": match d.summation {
            DoseSummation::Plan => "PLAN",
            DoseSummation::Fraction => "FRACTION",
            DoseSummation::Beam => "BEAM",
            DoseSummation::MultiPlan => "MULTI_PLAN",
            DoseSummation::Other => "OTHER",
        },
        "engine": d.engine,
        "plan": d.plan_uid,
        "max": v.data.get(best),
        "max_at_mm": at.coords.as_slice(),
        "mean": if v.data.is_empty() { 0.0 } else { sum / v.data.len() as f64 },
    })
}

/// The same for a person's eyes.
fn print_text(v: &Value) {
    let list = |key: &str| v[key].as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let f = |v: &Value| v.as_f64().unwrap_or(0.0);
    say!("{}  {}", text(&v["id"]), text(&v["name"]));
    for i in list("images") {
        let n = |key: &str, k: usize| f(&i[key][k]);
        say!(
            "image      {} {}  {} x {} x {} of {:.3} x {:.3} x {:.3} mm, {}",
            text(&i["modality"]),
            text(&i["description"]),
            n("size", 0),
            n("size", 1),
            n("size", 2),
            n("spacing_mm", 0),
            n("spacing_mm", 1),
            n("spacing_mm", 2),
            i["position"].as_str().unwrap_or("position not stated"),
        );
    }
    for line in list("four_d").iter().map(phases::line) {
        say!("4D image   {line}");
    }
    for line in list("registrations").iter().map(registrations::line) {
        say!("registers  {line}");
    }
    for s in list("structures") {
        let standard = s["standard_name"].as_str().map_or(String::new(), |n| format!(" = {n}"));
        if s["contours"] == 0 {
            say!("structure  {}{standard}  no contours", text(&s["name"]));
        } else {
            say!("structure  {}{standard}  {:.2} cm³", text(&s["name"]), f(&s["volume_cm3"]));
        }
    }
    for p in list("plans") {
        let approval = p["approval"].as_str().map_or(String::new(), |a| format!(", {a}"));
        say!("plan       {}  {}, {} fractions{approval}", text(&p["label"]), text(&p["modality"]), p["fractions"]);
        for b in p["beams"].as_array().cloned().unwrap_or_default() {
            let scanned = matches!(text(&p["modality"]).as_str(), "PROTON" | "ION");
            let what = if scanned {
                format!("{} layers, {} spots", b["layers"], b["spots_delivered"])
            } else {
                format!("{} control points", b["control_points"])
            };
            let opening = match &b["opening_cm2"] {
                Value::Array(o) => format!(", opening {:.1} to {:.1} cm²", f(&o[0]), f(&o[1])),
                _ => String::new(),
            };
            let end = if b["gantry_end_deg"] == b["gantry_deg"] {
                String::new()
            } else {
                format!(" to {}°", b["gantry_end_deg"])
            };
            say!(
                "  beam     {}  gantry {}°{end}, couch {}°, {what}{opening}, {:.2} MU",
                text(&b["name"]),
                b["gantry_deg"],
                b["couch_deg"],
                f(&b["meterset_mu"])
            );
        }
    }
    for d in list("doses") {
        let unit = if d["unit"] == "GY" { "Gy" } else { "(relative)" };
        say!(
            "dose       {} {}  maximum {:.3} {unit}, mean {:.3} {unit}; {}",
            text(&d["type"]),
            text(&d["summation"]),
            f(&d["max"]),
            f(&d["mean"]),
            text(&d["engine"])
        );
    }
}
