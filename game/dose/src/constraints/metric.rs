//! One figure of a dose-volume histogram by name: `D95%[Gy]`, `V20Gy[cc]`, `Mean[%]`.

use crate::dvh::Dvh;
use std::fmt;
use std::str::FromStr;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Gray (a dose).
    Gy,
    /// cm³ (a volume).
    Cc,
    /// Percent: of the prescription (a dose), or of the structure (a volume).
    Percent,
}

impl Scale {
    /// `Gy`, `cc` or `%`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Gy => "Gy",
            Self::Cc => "cc",
            Self::Percent => "%",
        }
    }
}

/// Where the histogram is cut: a number above 0 with its scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Above 0; at most 100 where it is percent of a volume.
    pub at: f64,
    /// Of a volume cc or percent, of a dose Gray or percent.
    pub scale: Scale,
}

/// A figure of a dose-volume histogram, and what it is given in.
///
/// Names after AAPM Task Group 263 (report 263, 2018, chapter on DVH nomenclature). Percent of a dose is of the
/// prescription, of a volume of the structure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// `D95%[Gy]`, `D0.03cc[%]`: lowest dose of the hottest part of this size.
    Dose(Cut, Scale),
    /// `DC0.5cc[Gy]`: highest dose of the coldest part of this size.
    ColdDose(Cut, Scale),
    /// `V20Gy[%]`, `V95%[cc]`: volume with at least this dose.
    Volume(Cut, Scale),
    /// `CV20Gy[cc]`: volume with less than this dose.
    ColdVolume(Cut, Scale),
    /// `Mean[Gy]`.
    Mean(Scale),
    /// `Max[Gy]`: highest of the sampled doses; `D0.03cc[Gy]` depends less on the sampling.
    Max(Scale),
    /// `Min[Gy]`.
    Min(Scale),
}

/// Why a text is no metric.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// Not of the form.
    #[error(
        "'{0}' is no metric; write for example D95%[Gy], D0.03cc[Gy], V20Gy[%], V95%[cc], CV20Gy[cc], DC0.5cc[Gy], Mean[Gy], Max[Gy] or Min[Gy]"
    )]
    Form(String),
    /// A dose in cGy.
    #[error("'{0}' is in cGy; write it in Gray, for example V20Gy[%] or D95%[Gy]")]
    CentiGray(String),
    /// A unit that does not fit.
    #[error("'{text}': the figure is {what}, so what stands in brackets must be {expected}")]
    Unit {
        /// What was written.
        text: String,
        /// A dose or a volume.
        what: &'static str,
        /// The units that fit.
        expected: &'static str,
    },
    /// A number out of range.
    #[error("'{text}': {value} is not usable; expected {expected}")]
    Value {
        /// What was written.
        text: String,
        /// The number.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
}

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Self, MetricError> {
        let form = || MetricError::Form(text.to_owned());
        let (figure, unit) = text.strip_suffix(']').and_then(|t| t.split_once('[')).ok_or_else(form)?;
        if unit.eq_ignore_ascii_case("cGy") || figure.to_ascii_lowercase().ends_with("cgy") {
            return Err(MetricError::CentiGray(text.to_owned()));
        }
        let dose = |unit: &str| match unit {
            "Gy" => Ok(Scale::Gy),
            "%" => Ok(Scale::Percent),
            _ => Err(MetricError::Unit { text: text.to_owned(), what: "a dose", expected: "[Gy] or [%]" }),
        };
        let volume = |unit: &str| match unit {
            "cc" => Ok(Scale::Cc),
            "%" => Ok(Scale::Percent),
            _ => Err(MetricError::Unit { text: text.to_owned(), what: "a volume", expected: "[cc] or [%]" }),
        };
        match figure {
            "Mean" => return Ok(Self::Mean(dose(unit)?)),
            "Max" => return Ok(Self::Max(dose(unit)?)),
            "Min" => return Ok(Self::Min(dose(unit)?)),
            _ => {}
        }
        let cut = |rest: &str, units: [(&str, Scale); 2], most_percent: f64, expected: &'static str| {
            let (number, scale) =
                units.into_iter().find_map(|(u, s)| rest.strip_suffix(u).map(|n| (n, s))).ok_or_else(form)?;
            // Digits and a point: what else `f64` reads (inf, 1e5, +3) is no nomenclature.
            if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                return Err(form());
            }
            let at: f64 = number.parse().map_err(|_| form())?;
            let most = if scale == Scale::Percent { most_percent } else { 1e6 };
            if !(at > 0.0 && at <= most) {
                return Err(MetricError::Value { text: text.to_owned(), value: at, expected });
            }
            Ok(Cut { at, scale })
        };
        let of_volume = |rest: &str| {
            cut(rest, [("cc", Scale::Cc), ("%", Scale::Percent)], 100.0, "a volume above 0 cc, or up to 100 %")
        };
        let of_dose = |rest: &str| {
            cut(rest, [("Gy", Scale::Gy), ("%", Scale::Percent)], 1000.0, "a dose above 0 Gy, or up to 1000 %")
        };
        // The longer names first: `DC` is no `D`.
        if let Some(rest) = figure.strip_prefix("DC") {
            Ok(Self::ColdDose(of_volume(rest)?, dose(unit)?))
        } else if let Some(rest) = figure.strip_prefix("CV") {
            Ok(Self::ColdVolume(of_dose(rest)?, volume(unit)?))
        } else if let Some(rest) = figure.strip_prefix('D') {
            Ok(Self::Dose(of_volume(rest)?, dose(unit)?))
        } else if let Some(rest) = figure.strip_prefix('V') {
            Ok(Self::Volume(of_dose(rest)?, volume(unit)?))
        } else {
            Err(form())
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |c: &Cut| format!("{}{}", c.at, c.scale.unit());
        let unit = self.unit();
        match self {
            Self::Dose(c, _) => write!(f, "D{}[{unit}]", cut(c)),
            Self::ColdDose(c, _) => write!(f, "DC{}[{unit}]", cut(c)),
            Self::Volume(c, _) => write!(f, "V{}[{unit}]", cut(c)),
            Self::ColdVolume(c, _) => write!(f, "CV{}[{unit}]", cut(c)),
            Self::Mean(_) => write!(f, "Mean[{unit}]"),
            Self::Max(_) => write!(f, "Max[{unit}]"),
            Self::Min(_) => write!(f, "Min[{unit}]"),
        }
    }
}

impl Metric {
    /// Unit of the value: `Gy`, `cc` or `%`.
    pub fn unit(&self) -> &'static str {
        self.scale().unit()
    }

    fn scale(&self) -> Scale {
        match self {
            Self::Dose(_, s) | Self::ColdDose(_, s) | Self::Volume(_, s) | Self::ColdVolume(_, s) => *s,
            Self::Mean(s) | Self::Max(s) | Self::Min(s) => *s,
        }
    }

    /// Whether its value is percent of a volume, which cannot be above 100.
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Self::Volume(_, Scale::Percent) | Self::ColdVolume(_, Scale::Percent))
    }

    /// Whether it takes a prescription to work out.
    pub fn needs_prescription(&self) -> bool {
        let of_dose = |s: &Scale| *s == Scale::Percent;
        match self {
            Self::Dose(_, s) | Self::ColdDose(_, s) | Self::Mean(s) | Self::Max(s) | Self::Min(s) => of_dose(s),
            Self::Volume(c, _) | Self::ColdVolume(c, _) => of_dose(&c.scale),
        }
    }

    /// The figure of a histogram, in [`Self::unit`]; or the sentence that says why it has none.
    pub fn value(&self, dvh: &Dvh, prescription_gy: Option<f64>) -> Result<f64, String> {
        let prescription = match prescription_gy {
            Some(gy) if gy > 0.0 && gy.is_finite() => gy,
            _ if self.needs_prescription() => {
                return Err("percent of the prescription, and there is none: name one in Gray".to_owned());
            }
            _ => 1.0,
        };
        let dose = |gy: f64, scale: Scale| if scale == Scale::Percent { 100.0 * gy / prescription } else { gy };
        let cm3 = |c: &Cut| match c.scale {
            Scale::Percent => Ok(0.01 * c.at * dvh.volume_cm3),
            _ if c.at <= dvh.volume_cm3 => Ok(c.at),
            _ => {
                Err(format!("the structure has only {:.3} cc of the {} cc that are asked about", dvh.volume_cm3, c.at))
            }
        };
        let gy = |c: &Cut| if c.scale == Scale::Percent { 0.01 * c.at * prescription } else { c.at };
        let volume = |cm3: f64, scale: Scale| {
            if scale == Scale::Percent { (100.0 * cm3 / dvh.volume_cm3).clamp(0.0, 100.0) } else { cm3.max(0.0) }
        };
        Ok(match self {
            Self::Dose(c, s) => dose(dvh.d_at_volume_cm3(cm3(c)?), *s),
            Self::ColdDose(c, s) => dose(dvh.d_at_volume_cm3(dvh.volume_cm3 - cm3(c)?), *s),
            Self::Volume(c, s) => volume(dvh.volume_at_dose_cm3(gy(c)), *s),
            Self::ColdVolume(c, s) => volume(dvh.volume_cm3 - dvh.volume_at_dose_cm3(gy(c)), *s),
            Self::Mean(s) => dose(dvh.mean, *s),
            Self::Max(s) => dose(dvh.max, *s),
            Self::Min(s) => dose(dvh.min, *s),
        })
    }
}
