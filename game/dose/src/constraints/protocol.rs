//! A protocol file: docs/protocols.md describes the JSON.

use super::Metric;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vestibule_patient::DoseType;

/// Most rows of a protocol.
const MOST_ROWS: usize = 10_000;

/// Why a protocol file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// Not the JSON that is documented.
    #[error("protocol file: {0}; docs/protocols.md shows the form")]
    Form(#[from] serde_json::Error),
    /// Something about the whole.
    #[error("protocol '{title}': {why}")]
    Whole {
        /// Title of the protocol.
        title: String,
        /// What is wrong and what to write instead.
        why: String,
    },
    /// One row.
    #[error("protocol '{title}', row {row}{about}: {why}")]
    Row {
        /// Title of the protocol.
        title: String,
        /// Which row, from 1.
        row: usize,
        /// Its structure and metric, where they can be read.
        about: String,
        /// What is wrong and what to write instead.
        why: String,
    },
}

/// How a value stands to its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the signs")]
pub enum Comparison {
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = "<")]
    Below,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = ">")]
    Above,
}

/// Doses are stored in f32: what differs by less, relative to the limit, is equal.
const EQUAL: f64 = 1e-6;

impl Comparison {
    /// `<=`, `<`, `>=` or `>`.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether `value` keeps `limit`. Values within a millionth of the limit are equal to it.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        let equal = (value - limit).abs() <= EQUAL * limit.abs();
        match self {
            Self::AtMost => value <= limit || equal,
            Self::AtLeast => value >= limit || equal,
            Self::Below => value < limit && !equal,
            Self::Above => value > limit && !equal,
        }
    }

    fn is_upper(self) -> bool {
        matches!(self, Self::AtMost | Self::Below)
    }
}

/// What dose a protocol speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseOf {
    /// `EFFECTIVE`: RBE-weighted (for photons the same as physical); `PHYSICAL`. DICOM's Dose Type.
    #[serde(rename = "type", with = "dose_type")]
    pub dose_type: DoseType,
    /// Number of fractions the figures are meant for; None: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fractions: Option<u32>,
    /// Least and most dose of a fraction that the figures are meant for, Gy; None: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction_gy: Option<[f64; 2]>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// TG-263 standard name.
    pub structure: String,
    /// Other names that mean it.
    pub aliases: Vec<String>,
    /// Which figure.
    pub metric: Metric,
    /// How the value must stand to the goal.
    pub compare: Comparison,
    /// In the metric's unit.
    pub goal: f64,
    /// A wider limit that is still acceptable, in the metric's unit.
    pub variation: Option<f64>,
    /// 1 is the most important; None: not said.
    pub priority: Option<u32>,
    /// What the row is about, for people; empty if not said.
    pub label: String,
}

/// A protocol. Every dose is of the whole course.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// For people.
    pub title: String,
    /// Where the figures come from, with year.
    pub source: String,
    /// DOI or address of the source; empty if there is none.
    pub reference: String,
    /// What dose it speaks of.
    pub dose: DoseOf,
    /// Prescription, Gy, of what is given in percent; None: the plan's.
    pub prescription_gy: Option<f64>,
    /// At least one.
    pub rows: Vec<Constraint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    source: String,
    #[serde(default)]
    reference: String,
    dose: DoseOf,
    #[serde(default)]
    prescription_gy: Option<f64>,
    // Each by itself, so that an error knows its row.
    rows: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    structure: String,
    #[serde(default)]
    aliases: Vec<String>,
    metric: String,
    compare: Comparison,
    goal: f64,
    #[serde(default)]
    variation: Option<f64>,
    #[serde(default)]
    priority: Option<u32>,
    #[serde(default)]
    label: String,
}

impl Protocol {
    /// From JSON (see docs/protocols.md), checked.
    pub fn from_json(text: &str) -> Result<Self, ProtocolError> {
        let File { title, source, reference, dose, prescription_gy, rows } = serde_json::from_str(text)?;
        let whole = |why: &str| Err(ProtocolError::Whole { title: title.clone(), why: why.to_owned() });
        if title.trim().is_empty() || source.trim().is_empty() {
            return whole("`title` and `source` must say what it is and where its figures come from");
        }
        if rows.is_empty() || rows.len() > MOST_ROWS {
            return whole("`rows` must hold 1 to 10000 rows");
        }
        if prescription_gy.is_some_and(|gy| !(gy > 0.0 && gy <= 1000.0)) {
            return whole("`prescription_gy` must be above 0, up to 1000 Gy; leave it out to take the plan's");
        }
        if dose.fractions == Some(0) {
            return whole("`dose.fractions` must be 1 or more; leave it out where any number is meant");
        }
        if dose.fraction_gy.is_some_and(|[low, high]| !(low >= 0.0 && high > 0.0 && low <= high && high <= 1000.0)) {
            return whole("`dose.fraction_gy` must be [least, most] in Gray; leave it out where any is meant");
        }
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(n, value)| {
                let about = about(&value);
                row(value).map_err(|why| ProtocolError::Row { title: title.clone(), row: n + 1, about, why })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { title, source, reference, dose, prescription_gy, rows })
    }

    /// The protocols that come with the program.
    pub fn built_in() -> Vec<Self> {
        [
            include_str!("../../../../assets/protocols/synthetic-brain.json"),
            include_str!("../../../../assets/protocols/quantec-2010.json"),
        ]
        .into_iter()
        .filter_map(|text| Self::from_json(text).ok())
        .collect()
    }
}

/// ` (Brainstem, Max[Gy])`, as far as it can be read.
fn about(row: &Value) -> String {
    let said: Vec<&str> = ["structure", "metric"].iter().filter_map(|k| row.get(k).and_then(Value::as_str)).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

fn row(value: Value) -> Result<Constraint, String> {
    let r: Row = serde_json::from_value(value).map_err(|e| e.to_string())?;
    if r.structure.trim().is_empty() || r.aliases.iter().any(|a| a.trim().is_empty()) {
        return Err("`structure` and every alias must be a name".to_owned());
    }
    let metric: Metric = r.metric.parse().map_err(|e: super::MetricError| e.to_string())?;
    let most = if metric.is_part() { 100.0 } else { 1e6 };
    for (key, limit) in [("goal", Some(r.goal)), ("variation", r.variation)] {
        if limit.is_some_and(|v| !(v >= 0.0 && v <= most)) {
            let unit = metric.unit();
            return Err(format!("`{key}` must be 0 to {most} {unit}, the unit of {metric}"));
        }
    }
    if let Some(v) = r.variation {
        let wider = if r.compare.is_upper() { v > r.goal } else { v < r.goal };
        if !wider {
            let side = if r.compare.is_upper() { "above" } else { "below" };
            let sign = r.compare.sign();
            return Err(format!(
                "`variation` {v} is no wider than the goal {sign} {}: write a value {side} the goal, or leave it out",
                r.goal
            ));
        }
    }
    Ok(Constraint {
        structure: r.structure,
        aliases: r.aliases,
        metric,
        compare: r.compare,
        goal: r.goal,
        variation: r.variation,
        priority: r.priority,
        label: r.label,
    })
}

mod dose_type {
    use super::DoseType;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &DoseType, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(if *value == DoseType::Effective { "EFFECTIVE" } else { "PHYSICAL" })
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<DoseType, D::Error> {
        match String::deserialize(d)?.as_str() {
            "EFFECTIVE" => Ok(DoseType::Effective),
            "PHYSICAL" => Ok(DoseType::Physical),
            other => Err(D::Error::custom(format!("dose type '{other}': write EFFECTIVE (RBE-weighted) or PHYSICAL"))),
        }
    }
}
