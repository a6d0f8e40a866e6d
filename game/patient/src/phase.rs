//! What the files of an image say of its place in a breathing or heart cycle, and in a series in time.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an image's own tags say of when in a cycle it was taken. Many 4D scans say it in the description alone:
/// [`crate::phase_groups`] looks at both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Nominal Percentage of Respiratory (0020,9245) or of Cardiac Phase (0020,9241), 0 to 100.
    pub percent: Option<f64>,
    /// Temporal Position Identifier (0020,0100) or Index (0020,9128).
    pub position: Option<u32>,
    /// Number of Temporal Positions (0020,0105).
    pub positions: Option<u32>,
    /// Made of several phases (an average, a projection, by its Image Type): no phase itself.
    pub summary: bool,
}

/// Which phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum PhaseAt {
    /// Percent of the cycle, 0 to 100.
    Percent(f64),
    /// Position in time, usually from 1.
    Position(u32),
}

impl PhaseAt {
    /// The number alone, without its unit.
    pub fn number(self) -> f64 {
        match self {
            Self::Percent(p) => p,
            Self::Position(n) => f64::from(n),
        }
    }
}

/// `40 %`, `33.3 %`, `position 4`.
impl fmt::Display for PhaseAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(p) => write!(f, "{} %", (p * 10.0).round() / 10.0),
            Self::Position(n) => write!(f, "position {n}"),
        }
    }
}

/// Words in a description that say: made of several phases.
const SUMMARY: [&str; 17] = [
    "MIP", "TMIP", "MAXIP", "MINIP", "TMINIP", "AIP", "AVEIP", "AVGIP", "AVG", "TAVG", "AVE", "AV", "AVERAGE", "MEAN",
    "SUM", "MOYENNE", "MOY",
];
/// Words beside a percentage that say: a strength of the reconstruction or a dose, no phase.
const NO_PHASE: [&str; 11] =
    ["ASIR", "AIDR", "SAFIRE", "ADMIRE", "DLIR", "IDOSE", "IMR", "VEO", "DOSE", "CONTRAST", "ISODOSE"];
/// Words that say: a phase.
const CYCLE: [&str; 19] = [
    "GATED",
    "GATING",
    "T",
    "PHASE",
    "PH",
    "4D",
    "4DCT",
    "RESP",
    "RESPIRATORY",
    "BREATHING",
    "INHALE",
    "EXHALE",
    "INSP",
    "EXP",
    "CYCLE",
    "AMPLITUDE",
    "RR",
    "CARDIAC",
    "BIN",
];

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_uppercase)
}

/// A description that names an average or a projection.
pub(crate) fn says_summary(description: &str) -> bool {
    words(description).any(|w| SUMMARY.contains(&w.as_str()))
}

/// A description that names a cycle.
pub(crate) fn says_cycle(description: &str) -> bool {
    words(description).any(|w| CYCLE.contains(&w.as_str()))
}

/// The percentages of a description that may be a phase, each with the description without it.
pub(crate) fn percentages(description: &str) -> Vec<(f64, String)> {
    let mut found = Vec::new();
    for (at, _) in description.match_indices('%') {
        let before = description[..at].trim_end();
        let digits = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
        let number = before[digits.len()..].trim_start_matches(['.', ',']);
        let start = before.len() - number.len();
        let Ok(value) = number.replace(',', ".").parse::<f64>() else { continue };
        let head = before[..start].trim_end();
        // "0-90 %" is a range of phases, not one.
        let range = head.strip_suffix(['-', '–']).is_some_and(|h| h.trim_end().ends_with(|c: char| c.is_ascii_digit()));
        let after = &description[at + 1..];
        let beside = [head.split_whitespace().next_back(), after.split_whitespace().next()];
        let no_phase = beside.into_iter().flatten().flat_map(words).any(|w| NO_PHASE.contains(&w.as_str()));
        if (0.0..=100.0).contains(&value) && !range && !no_phase {
            let stem = format!("{} {}", &before[..start], after);
            found.push((value, stem.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    found
}

/// A description without any number: what images of one series in time have in common.
pub(crate) fn without_numbers(description: &str) -> String {
    let plain: String = description.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '%' | '.')).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_a_phase_unless_it_says_otherwise() {
        for (text, phase) in [
            ("Thorax 4D 0.0%", Some(0.0)),
            ("CT 4D T=30%", Some(30.0)),
            ("Gated, 50%", Some(50.0)),
            ("Gated 33,3 % B30", Some(33.3)),
            ("Phase-90%", Some(90.0)),
            ("MIP 0-90%", None),
            ("Thorax ASIR-V 50%", None),
            ("30% SAFIRE", None),
            ("scaled to 130%", None),
            ("%", None),
            ("é%", None),
            ("Thorax", None),
        ] {
            assert_eq!(percentages(text).first().map(|p| p.0), phase, "{text}");
        }
        assert_eq!(percentages("4D ASIR 30% T=70% B30"), [(70.0, "4D ASIR 30% T= B30".to_owned())]);
        assert!(says_summary("4D AVG") && says_summary("tMIP 0-90%") && !says_summary("Thorax gated 0%"));
    }
}
