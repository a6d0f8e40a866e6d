//! A protocol's rows against a patient's histograms.

use super::{Constraint, Protocol};
use crate::dvh::Dvh;
use vestibule_patient::{Dose, DoseSummation, DoseType, DoseUnit, Plan, RadiationType, StructureSet};

/// Part of a structure outside the dose grid from which on it is said.
const SAID_OUTSIDE: f64 = 1e-3;

/// Why a dose cannot be held against a protocol.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BasisError {
    /// No Gray.
    #[error("this dose is relative, not in Gray: a protocol's limits cannot be held against it")]
    Relative,
    /// A difference of doses.
    #[error("this is a difference of doses, not a dose: choose a dose")]
    Difference,
    /// A beam's dose, or of what is not said.
    #[error("this dose is of {0}: a protocol speaks of the whole course; choose the dose of the plan")]
    NotCourse(&'static str),
    /// A fraction's, and how many is not known.
    #[error(
        "this is the dose of one fraction and its plan is not at hand, so the course's dose is not known: import the plan"
    )]
    Fractions,
    /// Physical dose of protons or of what is not known.
    #[error(
        "the protocol speaks of RBE-weighted dose and this dose is physical: give the RBE (1.1 for protons, 1 for photons), or choose an EFFECTIVE dose"
    )]
    NeedsRbe,
    /// Weighted dose for a protocol of physical dose.
    #[error("the protocol speaks of physical dose and this dose is RBE-weighted (EFFECTIVE): choose a PHYSICAL dose")]
    NeedsPhysical,
    /// Twice weighted.
    #[error("this dose is RBE-weighted already (EFFECTIVE): leave the RBE out")]
    WeightedAlready,
    /// An RBE where physical dose is asked for.
    #[error("the protocol speaks of physical dose: leave the RBE out")]
    NoRbe,
    /// Out of range.
    #[error("an RBE of {0}: expected above 0, up to 10")]
    Rbe(f64),
}

/// How a dose becomes the one a protocol speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Every dose counts this many times (RBE, number of fractions); usually 1.
    pub factor: f64,
    /// What percent of a dose is of, Gy.
    pub prescription_gy: Option<f64>,
    /// What was assumed or does not fit, in sentences.
    pub notes: Vec<String>,
}

/// Whether `dose` is what the protocol speaks of, and what makes it so. `rbe`: factor for a physical dose; None where
/// the dose is weighted already or comes from photons or electrons.
pub fn basis(protocol: &Protocol, dose: &Dose, plan: Option<&Plan>, rbe: Option<f64>) -> Result<Basis, BasisError> {
    if dose.unit == DoseUnit::Relative {
        return Err(BasisError::Relative);
    }
    if let Some(bad) = rbe.filter(|r| !(*r > 0.0 && *r <= 10.0)) {
        return Err(BasisError::Rbe(bad));
    }
    let mut notes = Vec::new();
    let mut factor = match dose.summation {
        DoseSummation::Plan | DoseSummation::MultiPlan => 1.0,
        DoseSummation::Fraction => {
            let n = plan.map(|p| p.fractions).filter(|n| *n > 0).ok_or(BasisError::Fractions)?;
            notes.push(format!("the dose of one fraction counts {n} times, as the plan has fractions"));
            f64::from(n)
        }
        DoseSummation::Beam => return Err(BasisError::NotCourse("one beam")),
        DoseSummation::Other => return Err(BasisError::NotCourse("something that it does not say")),
    };
    let light = plan.is_some_and(|p| {
        !p.beams.is_empty()
            && p.beams.iter().all(|b| matches!(b.radiation, RadiationType::Photon | RadiationType::Electron))
    });
    match (protocol.dose.dose_type, dose.dose_type, rbe) {
        (_, DoseType::Error, _) => return Err(BasisError::Difference),
        (DoseType::Effective, DoseType::Effective, Some(_)) => return Err(BasisError::WeightedAlready),
        (DoseType::Effective, DoseType::Effective, None) => {}
        (DoseType::Effective, DoseType::Physical, Some(rbe)) => {
            factor *= rbe;
            notes.push(format!("the physical dose counts {rbe} times (RBE)"));
        }
        (DoseType::Effective, DoseType::Physical, None) if light => {}
        (DoseType::Effective, DoseType::Physical, None) => return Err(BasisError::NeedsRbe),
        (_, DoseType::Effective, _) => return Err(BasisError::NeedsPhysical),
        (_, DoseType::Physical, Some(_)) => return Err(BasisError::NoRbe),
        (_, DoseType::Physical, None) => {}
    }
    let planned = plan.and_then(|p| p.prescription_gy);
    let prescription_gy = protocol.prescription_gy.or(planned);
    if let (Some(protocol), Some(plan)) = (protocol.prescription_gy, planned)
        && (protocol / plan - 1.0).abs() > 0.01
    {
        notes.push(format!(
            "the protocol's prescription is {protocol} Gy, the plan's {plan} Gy: percent are of the protocol's"
        ));
    }
    if let Some(plan) = plan {
        if let Some(n) = protocol.dose.fractions.filter(|n| *n != plan.fractions) {
            notes.push(format!("the protocol is meant for {n} fractions, the plan has {}", plan.fractions));
        }
        if let (Some([low, high]), Some(gy)) = (protocol.dose.fraction_gy, planned) {
            let each = gy / f64::from(plan.fractions.max(1));
            if !(each >= low - 1e-9 && each <= high + 1e-9) {
                notes.push(format!(
                    "the protocol is meant for {low} to {high} Gy a fraction, the plan prescribes {each:.2} Gy a fraction"
                ));
            }
        }
    }
    Ok(Basis { factor, prescription_gy, notes })
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The goal is kept.
    Met,
    /// The goal is not, the wider limit is.
    WithinVariation,
    /// Neither is.
    NotMet,
    /// No structure of that name.
    NoStructure,
    /// There is a structure and no value; the sentence says why.
    Unavailable(String),
}

impl Verdict {
    /// `met`, `within_variation`, `not_met`, `no_structure` or `unavailable`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::WithinVariation => "within_variation",
            Self::NotMet => "not_met",
            Self::NoStructure => "no_structure",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstraintRow {
    /// Index of the row in [`Protocol::rows`].
    pub constraint: usize,
    /// Index of the structure in the set, where there is one.
    pub structure: Option<usize>,
    /// In the metric's unit; None where there is none.
    pub value: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
    /// What to know about the value: part of the structure lies outside the dose grid.
    pub note: Option<String>,
}

/// Histograms by the structure's index in the set: None where it is not there (yet), else the histogram or why there is
/// none.
pub type StructureDvh<'a> = dyn Fn(usize) -> Option<Result<&'a Dvh, String>> + 'a;

/// Indices of the structures whose histograms the protocol asks for, rising.
pub fn needs(protocol: &Protocol, set: &StructureSet) -> Vec<usize> {
    let mut out: Vec<usize> = protocol.rows.iter().filter_map(|r| find(r, set).ok().flatten()).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The structure a row means: by its TG-263 standard name, then by an alias (standard or own name), then by its own
/// name; names without regard to case. Err: why it cannot be told, where several would answer.
fn find(row: &Constraint, set: &StructureSet) -> Result<Option<usize>, String> {
    let standard =
        |i: usize, name: &str| set.structures[i].standard_name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name));
    let own = |i: usize, name: &str| set.structures[i].name.trim().eq_ignore_ascii_case(name.trim());
    let steps: [&dyn Fn(usize) -> bool; 3] =
        [&|i| standard(i, &row.structure), &|i| row.aliases.iter().any(|a| standard(i, a) || own(i, a)), &|i| {
            own(i, &row.structure)
        }];
    for step in steps {
        let found: Vec<usize> = (0..set.structures.len()).filter(|i| step(*i)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(Some(*one)),
            // Several share a standard name: the one that bears it as its own, if it is one.
            several => {
                let exact: Vec<usize> = several.iter().copied().filter(|i| own(*i, &row.structure)).collect();
                if let [one] = exact.as_slice() {
                    return Ok(Some(*one));
                }
                let names: Vec<&str> = several.iter().map(|i| set.structures[*i].name.as_str()).collect();
                return Err(format!("several structures answer to '{}': {}", row.structure, names.join(", ")));
            }
        }
    }
    Ok(None)
}

/// The table, one row for each of the protocol's. Microseconds where `basis.factor` is 1, else a pass over each
/// histogram.
pub fn evaluate(
    protocol: &Protocol,
    set: &StructureSet,
    dvh_of: &StructureDvh<'_>,
    basis: &Basis,
) -> Vec<ConstraintRow> {
    protocol
        .rows
        .iter()
        .enumerate()
        .map(|(constraint, row)| {
            let plain = |structure, verdict| ConstraintRow { constraint, structure, value: None, verdict, note: None };
            let structure = match find(row, set) {
                Ok(Some(i)) => i,
                Ok(None) => return plain(None, Verdict::NoStructure),
                Err(why) => return plain(None, Verdict::Unavailable(why)),
            };
            let no = |why: String| plain(Some(structure), Verdict::Unavailable(why));
            let dvh = match dvh_of(structure) {
                None => return no("its histogram is not there yet".to_owned()),
                Some(Err(why)) => return no(why),
                Some(Ok(dvh)) => dvh,
            };
            let value = if basis.factor == 1.0 {
                row.metric.value(dvh, basis.prescription_gy)
            } else {
                row.metric.value(&dvh.map(|gy| gy * basis.factor), basis.prescription_gy)
            };
            let value = match value {
                Ok(v) if v.is_finite() => v,
                Ok(_) => return no("its value is no number".to_owned()),
                Err(why) => return no(why),
            };
            let verdict = if row.compare.holds(value, row.goal) {
                Verdict::Met
            } else if row.variation.is_some_and(|limit| row.compare.holds(value, limit)) {
                Verdict::WithinVariation
            } else {
                Verdict::NotMet
            };
            let note = (dvh.outside > SAID_OUTSIDE).then(|| {
                format!("{:.1} % of its volume lies outside the dose grid and counts as no dose", 100.0 * dvh.outside)
            });
            ConstraintRow { constraint, structure: Some(structure), value: Some(value), verdict, note }
        })
        .collect()
}
