//! The registrations of a patient, one line each.

use serde_json::{Value, json};
use vestibule_patient::{Patient, Registration};

/// Every registration: from which frame of reference into which, by how much, and whether it is the one that counts there.
pub fn describe(p: &Patient) -> Vec<Value> {
    let one = |r: &Registration| {
        let (axis, angle) = r.motion.rotation.axis_angle().map_or((None, 0.0), |(axis, angle)| (Some(axis), angle));
        let way = p.way(&r.from_frame_uid, &r.to_frame_uid);
        json!({
            "uid": r.uid,
            "label": r.label,
            "description": r.description,
            "method": r.method,
            "date": r.date,
            "time": r.time,
            "from": frame(p, &r.from_frame_uid),
            "to": frame(p, &r.to_frame_uid),
            "from_frame_uid": r.from_frame_uid,
            "to_frame_uid": r.to_frame_uid,
            "matrix": r.matrix(),
            "translation_mm": r.motion.translation.vector.as_slice(),
            "rotation_deg": angle.to_degrees(),
            "rotation_axis": axis.map(|a| [a.x, a.y, a.z]),
            "used": way.is_some_and(|w| w.first().is_some_and(|s| std::ptr::eq(s.registration, r))),
        })
    };
    p.registrations.iter().map(one).collect()
}

/// A frame of reference in words: the images that lie in it, of each modality and description one.
fn frame(p: &Patient, uid: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for i in p.images.iter().filter(|i| i.frame_of_reference_uid == uid) {
        let name = format!("{} {}", i.modality.as_str(), i.description).trim_end().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => format!("frame {uid} without images"),
        [one, two, rest @ ..] if !rest.is_empty() => format!("{one}, {two} and {} more", rest.len()),
        names => names.join(" and "),
    }
}

/// The line for a person's eyes.
pub fn line(v: &Value) -> String {
    let part = |key: &str| v[key].as_str().unwrap_or_default();
    let f = |v: &Value| v.as_f64().unwrap_or(0.0);
    let three =
        |v: &Value, digits: usize| format!("{:.digits$}, {:.digits$}, {:.digits$}", f(&v[0]), f(&v[1]), f(&v[2]));
    let about = match &v["rotation_axis"] {
        Value::Null => String::new(),
        axis => format!(" about ({})", three(axis, 3)),
    };
    let name = [part("label"), part("description"), part("method"), part("date")];
    let name = name.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ");
    format!(
        "{} onto {}  translation {} mm, rotation {:.2}°{about}{}{}",
        part("from"),
        part("to"),
        three(&v["translation_mm"], 2),
        f(&v["rotation_deg"]),
        if name.is_empty() { String::new() } else { format!("; {name}") },
        if v["used"] == true { "" } else { "; not used: another joins the same frames" },
    )
}
