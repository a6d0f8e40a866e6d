//! TG-263 standard names: recognising what a department called a structure.
//!
//! Names after the report of AAPM Task Group 263 (2018), with the English and French spellings that departments use.
//! A name that could mean two things is not recognised: better no standard name than a wrong one.

/// Unpaired structures: the standard name, then other spellings without case, accents and separators.
const SINGLE: &[(&str, &[&str])] = &[
    ("External", &["external", "body", "contourexterne", "externe", "outline"]),
    ("Skin", &["skin", "peau"]),
    ("Brain", &["brain", "encephale", "cerveau", "encephalon"]),
    ("Brainstem", &["brainstem", "tronccerebral", "tronc"]),
    ("Cerebellum", &["cerebellum", "cervelet"]),
    ("SpinalCord", &["spinalcord", "cord", "moelle", "moelleepiniere", "myelon"]),
    ("SpinalCanal", &["spinalcanal", "canalmedullaire"]),
    ("OpticChiasm", &["opticchiasm", "chiasm", "chiasma", "chiasmaoptique"]),
    ("Pituitary", &["pituitary", "hypophyse", "pituitarygland"]),
    ("Ventricles", &["ventricles", "ventricules"]),
    ("Bone_Mandible", &["bonemandible", "mandible", "mandibule", "jaw"]),
    ("Bone_Skull", &["boneskull", "skull", "crane"]),
    ("Cavity_Oral", &["cavityoral", "oralcavity", "cavitebuccale", "cavb"]),
    ("Lips", &["lips", "levres"]),
    ("Larynx", &["larynx"]),
    ("Pharynx", &["pharynx"]),
    ("Trachea", &["trachea", "trachee"]),
    ("Esophagus", &["esophagus", "oesophagus", "oesophage"]),
    ("Glnd_Thyroid", &["glndthyroid", "thyroid", "thyroide"]),
    ("Heart", &["heart", "coeur"]),
    ("Lungs", &["lungs", "poumons", "lungsboth", "bothlungs"]),
    ("Liver", &["liver", "foie"]),
    ("Stomach", &["stomach", "estomac"]),
    ("Spleen", &["spleen", "rate"]),
    ("Pancreas", &["pancreas"]),
    ("Kidneys", &["kidneys", "reins"]),
    ("Bladder", &["bladder", "vessie"]),
    ("Rectum", &["rectum"]),
    ("Prostate", &["prostate"]),
    ("Bowel", &["bowel", "intestin", "intestins"]),
    ("PenileBulb", &["penilebulb", "bulbe", "bulbepenien"]),
];

/// Paired structures: the standard name without its side, then other spellings without a side.
const PAIRED: &[(&str, &[&str])] = &[
    ("Eye", &["eye", "oeil", "globe", "eyeball"]),
    ("Lens", &["lens", "cristallin", "crist"]),
    ("Retina", &["retina", "retine"]),
    ("Cornea", &["cornea", "cornee"]),
    ("OpticNrv", &["opticnrv", "opticnerve", "nerfoptique", "on", "no", "nopt"]),
    ("Cochlea", &["cochlea", "cochlee"]),
    ("Glnd_Lacrimal", &["glndlacrimal", "lacrimal", "lacrimalgland", "glandelacrymale", "lacrymale"]),
    ("Hippocampus", &["hippocampus", "hippocampe", "hippo"]),
    ("Lobe_Temporal", &["lobetemporal", "temporallobe", "temporal"]),
    ("Parotid", &["parotid", "parotide", "parotidgland"]),
    ("Glnd_Submand", &["glndsubmand", "submandibular", "submandibulargland", "sousmaxillaire", "submand"]),
    ("Ear_Internal", &["earinternal", "innerear", "oreilleinterne"]),
    ("BrachialPlex", &["brachialplex", "brachialplexus", "plexusbrachial"]),
    ("Lung", &["lung", "poumon"]),
    ("Breast", &["breast", "sein"]),
    ("Kidney", &["kidney", "rein"]),
    ("Femur_Head", &["femurhead", "femoralhead", "tetefemorale"]),
];

/// Words that say a side, and the side.
const LEFT: &[&str] = &["l", "lt", "left", "g", "gauche", "gche"];
const RIGHT: &[&str] = &["r", "rt", "right", "d", "dt", "drt", "droit", "droite"];

/// The TG-263 name of a structure, or None when it is not recognised.
pub fn standard_name(name: &str) -> Option<String> {
    let words = words(name);
    target(&words).or_else(|| organ(&words))
}

/// Lower-case words without accents: parted at separators and where small letters turn to capitals.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            out.push(String::new());
            small = false;
            continue;
        }
        if c.is_uppercase() && small {
            out.push(String::new());
        }
        small = c.is_lowercase();
        for plain in c.to_lowercase() {
            let plain = match plain {
                'à' | 'â' | 'ä' | 'á' => 'a',
                'é' | 'è' | 'ê' | 'ë' => 'e',
                'î' | 'ï' | 'í' => 'i',
                'ô' | 'ö' | 'ó' => 'o',
                'ù' | 'û' | 'ü' | 'ú' => 'u',
                'ç' => 'c',
                other => other,
            };
            if let Some(word) = out.last_mut() {
                match plain {
                    'œ' => word.push_str("oe"),
                    c => word.push(c),
                }
            }
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

fn organ(words: &[String]) -> Option<String> {
    let find = |table: &[(&'static str, &[&str])], spelling: &str| {
        table.iter().find(|(_, others)| others.contains(&spelling)).map(|(standard, _)| *standard)
    };
    let joined = words.concat();
    if let Some(standard) = find(SINGLE, &joined) {
        return Some(standard.to_owned());
    }
    // One word says the side, the others say what.
    for (i, word) in words.iter().enumerate() {
        let side = match word.as_str() {
            w if LEFT.contains(&w) => "L",
            w if RIGHT.contains(&w) => "R",
            _ => continue,
        };
        let rest: String = words.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, w)| w.as_str()).collect();
        if let Some(standard) = find(PAIRED, &rest) {
            return Some(format!("{standard}_{side}"));
        }
    }
    None
}

/// GTV, CTV, ITV and PTV with what the report allows behind them: p, n, a number, a dose or a level.
fn target(words: &[String]) -> Option<String> {
    let first = words.first()?;
    let kind = ["GTV", "CTV", "ITV", "PTV"].into_iter().find(|k| first.starts_with(&k.to_lowercase()))?;
    let tail = &first[3..];
    let (class, number) = match tail.find(|c: char| c.is_ascii_digit()) {
        Some(at) => tail.split_at(at),
        None => (tail, ""),
    };
    if !matches!(class, "" | "p" | "n" | "sb" | "par" | "v") || !number.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    // Four or five digits right behind the letters are a dose in cGy.
    let (number, mut dose) = if number.len() >= 4 { ("", format!("_{number}")) } else { (number, String::new()) };
    match words.get(1).map(String::as_str) {
        None => {}
        Some("high" | "mid" | "low") if words.len() == 2 && dose.is_empty() => {
            dose = format!("_{}{}", words[1][..1].to_uppercase(), &words[1][1..]);
        }
        Some(w) if words.len() == 2 && dose.is_empty() && w.len() >= 4 && w.chars().all(|c| c.is_ascii_digit()) => {
            dose = format!("_{w}");
        }
        _ => return None,
    }
    Some(format!("{kind}{class}{number}{dose}"))
}

#[cfg(test)]
mod tests {
    use super::standard_name;

    #[test]
    fn what_departments_write() {
        for (written, want) in [
            ("BODY", "External"),
            ("External", "External"),
            ("BrainStem", "Brainstem"),
            ("brain stem", "Brainstem"),
            ("Tronc cérébral", "Brainstem"),
            ("SpinalCord", "SpinalCord"),
            ("Moelle épinière", "SpinalCord"),
            ("Chiasma", "OpticChiasm"),
            ("OpticNrv_L", "OpticNrv_L"),
            ("Nerf optique droit", "OpticNrv_R"),
            ("optic nerve LT", "OpticNrv_L"),
            ("Œil G", "Eye_L"),
            ("Eye_R", "Eye_R"),
            ("Lt Lung", "Lung_L"),
            ("Rt Lung", "Lung_R"),
            ("LungLeft", "Lung_L"),
            ("Heart", "Heart"),
            ("Cœur", "Heart"),
            ("Cochlée droite", "Cochlea_R"),
            ("CTV", "CTV"),
            ("ctv_5400", "CTV_5400"),
            ("PTV5400", "PTV_5400"),
            ("GTVp", "GTVp"),
            ("PTV High", "PTV_High"),
        ] {
            assert_eq!(standard_name(written).as_deref(), Some(want), "{written}");
        }
    }

    #[test]
    fn every_standard_name_is_its_own() {
        for (n, _) in super::SINGLE {
            assert_eq!(standard_name(n).as_deref(), Some(*n));
        }
        for (n, _) in super::PAIRED {
            for side in ["L", "R"] {
                let full = format!("{n}_{side}");
                assert_eq!(standard_name(&full), Some(full.clone()));
            }
        }
    }

    #[test]
    fn what_could_be_anything_stays_unknown() {
        for n in [
            "",
            "z_help1",
            "Lung",
            "PTV-CTV",
            "CTV minus brainstem",
            "Ring 2cm",
            "left",
            "BrainStem PRV",
            "CTVopti",
            "Eye L R",
        ] {
            assert_eq!(standard_name(n), None, "{n}");
        }
    }
}
