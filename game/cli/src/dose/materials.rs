//! What the call says of materials: overrides by structure and by HU, supports outside the body.

use crate::output::Failure;
use vestibule_dose::overrides::supports_of;
use vestibule_dose::{HuWindow, MaterialOverride, Materials, Support};
use vestibule_geometry::{Grid, Volume, contour};
use vestibule_patient::{Structure, StructureSet};

/// Flags of `compute`.
#[derive(clap::Args)]
pub struct MaterialArgs {
    /// A structure has this stopping power relative to water, as in "Clip=3.2" (may stand several times)
    #[arg(long = "override", value_name = "NAME=RSP", value_parser = given)]
    overrides: Vec<NamedPower>,
    /// CT numbers of the body have this stopping power, as in "3000..=3.2" or "-2000..-900=0.001"
    #[arg(long, value_name = "LOW..HIGH=RSP", value_parser = window, allow_hyphen_values = true)]
    override_hu: Vec<HuWindow>,
    /// A structure outside the body that stops the beam, by the CT or by a stopping power of its own
    #[arg(long, value_name = "NAME[=RSP]", value_parser = support)]
    support: Vec<NamedPower>,
    /// Leave out what the structure set itself calls a support or a fixation device
    #[arg(long)]
    no_supports: bool,
}

/// A structure's name, and a stopping power where one stands behind it.
#[derive(Clone, Debug)]
pub struct NamedPower {
    name: String,
    power: Option<f64>,
}

impl NamedPower {
    /// The structure of that name, drawn.
    pub fn structure<'a>(name: &str, set: Option<&'a StructureSet>, option: &str) -> Result<&'a Structure, Failure> {
        let set = set.ok_or_else(|| {
            Failure::call(format!("{option} {name}: the plan's structures are not in the store; import them"))
        })?;
        let known = || set.structures.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        match set.find(name) {
            None => Err(Failure::call(format!("{option}: there is no structure '{name}'; there are {}", known()))),
            Some(s) if s.contours.is_empty() => {
                Err(Failure::call(format!("{option}: structure '{name}' has no contours; choose another")))
            }
            Some(s) => Ok(s),
        }
    }
}

fn power(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|p| (0.0..=10.0).contains(p))
}

fn given(text: &str) -> Result<NamedPower, String> {
    let wrong = || "write a structure and its stopping power relative to water, 0 to 10, as in Clip=3.2".to_owned();
    let (name, value) = text.rsplit_once('=').ok_or_else(wrong)?;
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(wrong());
    }
    Ok(NamedPower { name, power: Some(power(value).ok_or_else(wrong)?) })
}

fn support(text: &str) -> Result<NamedPower, String> {
    if text.contains('=') { given(text) } else { Ok(NamedPower { name: text.trim().to_owned(), power: None }) }
}

fn window(text: &str) -> Result<HuWindow, String> {
    let wrong = || {
        "write CT numbers and a stopping power from 0 to 10, as in 3000..=3.2, ..-900=0.001 or 2000..3000=2.5"
            .to_owned()
    };
    let (range, value) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (low, high) = range.split_once("..").ok_or_else(wrong)?;
    let end = |text: &str, open: f64| match text.trim() {
        "" => Some(open),
        text => text.parse().ok().filter(|v: &f64| v.is_finite()),
    };
    let hu = [end(low, f64::NEG_INFINITY).ok_or_else(wrong)?, end(high, f64::INFINITY).ok_or_else(wrong)?];
    if hu[0] >= hu[1] {
        return Err(wrong());
    }
    Ok(HuWindow { hu, relative_stopping_power: power(value).ok_or_else(wrong)? })
}

/// The masks that the engine borrows.
pub struct Prepared {
    windows: Vec<HuWindow>,
    overrides: Vec<(NamedPower, Volume<u8>)>,
    supports: Vec<(NamedPower, Volume<u8>)>,
}

impl Prepared {
    /// Masks on the CT's grid of what is named, and of supports by their RT ROI Interpreted Type.
    pub fn new(args: &MaterialArgs, set: Option<&StructureSet>, ct: &Grid) -> Result<Self, Failure> {
        let masks = |named: &[NamedPower], option| -> Result<Vec<(NamedPower, Volume<u8>)>, Failure> {
            let mask = |n: &NamedPower| {
                Ok((n.clone(), contour::mask(&NamedPower::structure(&n.name, set, option)?.contours, ct)))
            };
            named.iter().map(mask).collect()
        };
        let mut supports = masks(&args.support, "--support")?;
        if !args.no_supports {
            let named = |name: &str| args.support.iter().any(|n| n.name.eq_ignore_ascii_case(name));
            let own = supports_of(set, ct).into_iter().filter(|s| !named(&s.0));
            supports.extend(own.map(|(name, mask)| (NamedPower { name, power: None }, mask)));
        }
        Ok(Self { windows: args.override_hu.clone(), overrides: masks(&args.overrides, "--override")?, supports })
    }

    /// As the engine takes them.
    pub fn materials(&self) -> Materials<'_> {
        Materials {
            windows: self.windows.clone(),
            overrides: self
                .overrides
                .iter()
                .map(|(n, mask)| MaterialOverride {
                    name: n.name.clone(),
                    mask,
                    relative_stopping_power: n.power.unwrap_or(1.0),
                })
                .collect(),
            supports: self
                .supports
                .iter()
                .map(|(n, mask)| Support { name: n.name.clone(), mask, relative_stopping_power: n.power })
                .collect(),
        }
    }

    /// Whether anything is given.
    pub fn any(&self) -> bool {
        !(self.windows.is_empty() && self.overrides.is_empty() && self.supports.is_empty())
    }

    /// What is given, for the dose's UID.
    pub fn summary(&self) -> String {
        let names = |list: &[(NamedPower, Volume<u8>)]| {
            list.iter().map(|(n, _)| format!("{} {:?}", n.name, n.power)).collect::<Vec<_>>().join("; ")
        };
        format!("{:?}; overrides {}; supports {}", self.windows, names(&self.overrides), names(&self.supports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_understood_or_refused() {
        assert_eq!(window("3000..=3.2").unwrap().hu, [3000.0, f64::INFINITY]);
        assert_eq!(window("..-900=0.001").unwrap().hu, [f64::NEG_INFINITY, -900.0]);
        assert_eq!(window("-2000..-900=0").unwrap().relative_stopping_power, 0.0);
        for wrong in ["", "3", "3=4", "..", "5..1=1", "a..b=1", "1..2=11", "1..2=NaN", "NaN..2=1"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
        assert!(given("Clip=3.2").unwrap().power == Some(3.2) && given("a=b=1").unwrap().name == "a=b");
        assert!(given("Clip").is_err() && given("=3").is_err() && given("Clip=-1").is_err());
        assert!(support("Couch").unwrap().power.is_none() && support("Couch=0.1").unwrap().power == Some(0.1));
    }
}
